// SPDX-License-Identifier: MIT
//
// The identification registers at the end of every ARM PrimeCell's 4 KiB: peripheral number,
// designer 0x41, revision, and the constant that says "PrimeCell" (ARM DDI 0183 and its sisters,
// chapter 3).
#ifndef SOC_DEV_PRIMECELL_H
#define SOC_DEV_PRIMECELL_H

#include "soc/dev/rows.h"

// part: e.g. 0x011 for a PL011; id2: revision and designer as register 2 shows them.
// clang-format off
#define PRIMECELL_ROWS(part_, id2_) \
    RO(0xfe0, "PERIPHID0", (part_) & 0xff), RO(0xfe4, "PERIPHID1", 0x10 | (part_) >> 8), \
    RO(0xfe8, "PERIPHID2", (id2_)), RO(0xfec, "PERIPHID3", 0), \
    RO(0xff0, "PCELLID0", 0x0d), RO(0xff4, "PCELLID1", 0xf0), \
    RO(0xff8, "PCELLID2", 0x05), RO(0xffc, "PCELLID3", 0xb1)
// clang-format on
enum { PRIMECELL_SPAN = 0x1000 };

#endif
