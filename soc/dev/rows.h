// SPDX-License-Identifier: MIT
//
// Short forms for the rows of register tables.
#ifndef SOC_DEV_ROWS_H
#define SOC_DEV_ROWS_H

#include "base/bits.h"
#include "soc/device.h"

// clang-format off
#define RW(off_, name_, reset_)          {.name = (name_), .offset = (off_), .reset = (reset_), .writable = ~0u}
#define RW_MASK(off_, name_, reset_, m_) {.name = (name_), .offset = (off_), .reset = (reset_), .writable = (m_)}
#define RW_ARRAY(off_, name_, reset_, n_) \
    {.name = (name_), .offset = (off_), .reset = (reset_), .writable = ~0u, .count = (n_)}
#define RW_STRIDE(off_, name_, reset_, n_, s_) \
    {.name = (name_), .offset = (off_), .reset = (reset_), .writable = ~0u, .count = (n_), .stride = (s_)}
#define RW16(off_, name_, reset_)        {.name = (name_), .offset = (off_), .reset = (reset_), .writable = 0xffff, .bytes = 2}
#define RO(off_, name_, value_)          {.name = (name_), .offset = (off_), .reset = (value_)}
#define RO_ARRAY(off_, name_, value_, n_) {.name = (name_), .offset = (off_), .reset = (value_), .count = (n_)}
#define W1C(off_, name_, reset_, m_)     {.name = (name_), .offset = (off_), .reset = (reset_), .w1c = (m_)}

#define REG_TABLE(name_, rows_, span_) {(name_), (rows_), ARRAY_LEN(rows_), (span_)}
#define WINDOW(table_)                 {.name = "", .regs = &(table_)}
// clang-format on

#endif
