// SPDX-License-Identifier: MIT
//
// The instruction tables as the rest of the room sees them: rows from isa/*.def, compiled by
// tools/isagen.c into gen/cpu/isa_tables.c. See isa/README.md for the row format.
#ifndef CPU_ISA_H
#define CPU_ISA_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/insn.h"

enum isa_set { ISA_A32, ISA_T16, ISA_T32, ISA_VFP, ISA_NEON, ISA_SET_COUNT };

// What an instruction needs and a model has. A row names exactly one.
#define ISA_FEATURES(X)                                                                            \
    X(V4, "ARMv4")                                                                                 \
    X(V4T, "Thumb and BX")                                                                         \
    X(V5T, "ARMv5T: BLX, CLZ, BKPT, interworking loads")                                           \
    X(V5TE, "DSP multiplies, saturating add, LDRD, PLD, MCRR")                                     \
    X(V5TEJ, "BXJ")                                                                                \
    X(V6, "ARMv6: media, REV, LDREX, SETEND, CPS, SRS/RFE")                                        \
    X(V6K, "ARMv6K: LDREXB/H/D, CLREX, hints")                                                     \
    X(V6T2, "Thumb-2 and its A32 companions")                                                      \
    X(V7, "ARMv7: DMB/DSB/ISB, PLI")                                                               \
    X(MP, "multiprocessing extensions: PLDW")                                                      \
    X(SEC, "security extensions: SMC")                                                             \
    X(VIRT, "virtualization extensions: banked MRS/MSR, ERET, HVC")                                \
    X(DIV_T32, "SDIV and UDIV in T32")                                                             \
    X(DIV_A32, "SDIV and UDIV in A32")                                                             \
    X(VFP2, "VFPv2")                                                                               \
    X(VFP3, "VFPv3")                                                                               \
    X(FP16, "half precision conversions")                                                          \
    X(VFP4, "fused multiply-add in VFP")                                                           \
    X(D32, "32 double registers")                                                                  \
    X(NEON, "Advanced SIMD")                                                                       \
    X(NEON_FMA, "fused multiply-add in Advanced SIMD")                                             \
    X(V4_ONLY, "an encoding that later architectures reuse")                                       \
    X(XSCALE, "coprocessor 0 accumulator")                                                         \
    X(CRC, "ARMv8 CRC32 instructions")

enum {
#define X(name, help) ISA_BIT_##name,
    ISA_FEATURES(X)
#undef X
};
#define ISA_HAS(features, name) ((features) >> ISA_BIT_##name & 1)
#define ISA_F(name) (1ull << ISA_BIT_##name)

struct isa_seg { // one run of equal letters in a picture
    uint8_t letter, lo, width, _pad;
};

struct isa_row {
    const char *name;    // unique in its set: coverage, tests
    const char *picture; // 32 or 16 characters, spaces removed
    const char *syntax;  // UAL template
    const char *note;
    uint32_t mask, value; // fixed bits
    uint32_t sb_mask, sb_value; // "should be" bits: UNPREDICTABLE otherwise, ignored by the decoder
    prep_fn *prep;
    exec_fn *exec; // NULL where prep always gives a threaded body
    uint8_t set, feature, segs, _pad;
    struct isa_seg seg[10]; // in picture order
};

extern const struct isa_row isa_rows[];
extern const unsigned isa_row_count;

// First row that matches `raw` in `set` among those that `features` allow, more fixed bits first;
// `after` (NULL at first) continues behind a row. NULL when none is left: UNDEFINED. For ISA_A32 the
// VFP and NEON rows are searched too. ISA_T32 takes the first halfword in bits 31:16; VFP and NEON
// rows are found through their A32 form, which *a32 then holds (otherwise *a32 = raw). a32 may be
// NULL.
const struct isa_row *isa_find(enum isa_set set, uint32_t raw, uint64_t features,
                               const struct isa_row *after, uint32_t *a32);

// True when the halfword is the first of a 32-bit Thumb instruction on a model with `features`.
static inline bool isa_t32_first(uint16_t hw, uint64_t features)
{
    // Before Thumb-2, BL and BLX are pairs of 16-bit instructions with the same prefix.
    return hw >= 0xe800 && ISA_HAS(features, V6T2);
}

// Value of the letter's field in an encoding.
uint32_t isa_field(const struct isa_row *row, uint32_t raw, char letter);

#endif
