// SPDX-License-Identifier: MIT
//
// VFP and Advanced SIMD rows that are translated in line, private to cpu/jit: which emitter a row of the
// instruction tables has (vec.def), and what the emitters share.
#ifndef CPU_JIT_VEC_H
#define CPU_JIT_VEC_H

#include "cpu/fp/fp.h"
#include "cpu/jit/tr.h"

// Bits of c->jit_fp: why something must not run in line.
enum {
    JFP_OFF = 1,      // VFP is disabled
    JFP_NEON_OFF = 2, // Advanced SIMD is disabled
    JFP_CTL = 4,      // FPSCR asks for rounding, default NaNs or vectors
    JFP_EXACT = 8,    // IXC is clear: whether a result is exact must be known
    JFP_FZ = 16,      // FPSCR.FZ: denormal operands count as zero; concerns VFP only
};

// What FPSCR must not ask for: JFP_CTL.
#define JFP_CTL_BITS (FPSCR_RMODE | FPSCR_DN | 7u << 16 | 3u << 20)

// In vfp.c's order of groups.
enum vec_kind {
    VK_NONE,
    VK_VADD, VK_VSUB, VK_VMUL, VK_VNMUL, VK_VDIV, VK_VSQRT, VK_VMLA, VK_VMLS, VK_VNMLA, VK_VNMLS,
    VK_VFMA, VK_VFMS, VK_VFNMA, VK_VFNMS, VK_LAST_ARITH = VK_VFNMS,
    VK_VMOV, VK_VMOV_IMM, VK_VNEG, VK_VABS,
    VK_VCMP, VK_VCMPZ,
    VK_F64_F32, VK_F32_F64, VK_F64_S32, VK_F64_U32, VK_F32_S32, VK_F32_U32, VK_S32_F32, VK_U32_F32,
    VK_S32_F64, VK_U32_F64,
    VK_TO_S, VK_FROM_S, VK_TO_8, VK_TO_16, VK_TO_32, VK_FROM_8, VK_FROM_16, VK_FROM_32, VK_DUP_8,
    VK_DUP_16, VK_DUP_32, VK_TO_SS, VK_FROM_SS, VK_FROM_D, VK_TO_D,
    VK_VMRS_FLAGS,
    VK_VLDR_S, VK_VLDR_D, VK_VSTR_S, VK_VSTR_D,
    VK_VLDM, VK_VSTM, VK_LAST_VFP = VK_VSTM,
    // Advanced SIMD
    VK_LD_MULTI, VK_ST_MULTI, VK_LD_LANE, VK_ST_LANE, VK_LD_ALL,
    VK_CALL, // the interpreter's body: touches vector registers only
    VK_3,    // d = op(n, m)
    VK_3SWAP, // d = op(m, n)
    VK_ORN, VK_BSL, VK_BIT, VK_BIF, VK_GT_U, VK_GE, VK_TST, VK_MUL, VK_MLA, VK_MLS, VK_SAT, VK_ABD,
    VK_ABA, VK_PAIR, VK_RHADD,
    VK_ADDL, VK_ADDW, VK_MULL, VK_MLAL, VK_MLSL, VK_MOVL, VK_MOVN, VK_SHRN, VK_SHLL, VK_QMOVN,
    VK_SHR, VK_SRA, VK_SHL, VK_SLI, VK_SRI, VK_RSHR, VK_RSRA,
    VK_MVN, VK_NEG, VK_ABS, VK_NEG_F, VK_ABS_F, VK_CMPZ, VK_EXT, VK_DUP, VK_REV64, VK_REV32, VK_REV16,
    VK_ZIP, VK_UZP, VK_TRN, VK_SWP, VK_IMM,
    VK_FADD, VK_FSUB, VK_FMUL, VK_FMLA, VK_FMLS, VK_FCMP, VK_FMUL_LANE, VK_FMLA_LANE, VK_FMLS_LANE,
    VK_MUL_LANE, VK_MLA_LANE, VK_MLS_LANE, VK_FCVT_S32, VK_FCVT_U32, VK_CVT_S32, VK_FMAX, VK_FMIN,
    VK_FABD, VK_FPADD,
};

// op: for VFP op[0] is 1 for double; for Advanced SIMD the host's operation by U * 4 + size.
struct vec_row {
    const char *row;
    uint8_t kind;
    uint16_t op[8];
};
extern const struct vec_row vec_rows[];
extern const unsigned vec_row_count;

// Makes sure, once a block, that the bit of c->jit_fp is clear; instruction n raises its exception
// otherwise.
void tr_vec_enabled(struct tr *t, unsigned n, uint8_t mask);
// Looks closer while a bit of `mask` is set: JFP_EXACT goes on only when nothing inexact has happened,
// JFP_FZ when no operand added to the cold code is a denormal; `fn` runs the instruction otherwise. The
// cold code's `back` is the caller's to set.
struct cold *tr_vec_closer(struct tr *t, unsigned n, enum jit_fn fn, uint8_t mask);
// Emits instruction n; false when `s` is not of that file.
bool tr_vfp(struct tr *t, const struct step *s, unsigned n);
void tr_neon(struct tr *t, const struct step *s, unsigned n);
bool tr_neon_fp(struct tr *t, const struct step *s, unsigned n);
void tr_neon_mem(struct tr *t, const struct step *s, unsigned n);
// Core registers that the row changes.
uint16_t tr_vec_sets(const struct insn *i, const struct vec_row *v);

#endif
