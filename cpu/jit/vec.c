// SPDX-License-Identifier: MIT
//
// Which rows of cpu/isa/vfp.def and neon.def have an emitter, and what it needs to know. Rows that are
// not named here call the interpreter's body.
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"

// clang-format off
#define VFP(name, kind) {#name "_f32", kind, {0}}, {#name "_f64", kind, {1}},
#define SU(b, w, d, q, ub, uw, ud, uq) {b, w, d, q, ub, uw, ud, uq}
const struct vec_row vec_rows[] = {
    VFP(VADD, VK_VADD) VFP(VSUB, VK_VSUB) VFP(VMUL, VK_VMUL) VFP(VNMUL, VK_VNMUL) VFP(VDIV, VK_VDIV)
    VFP(VSQRT, VK_VSQRT) VFP(VMLA, VK_VMLA) VFP(VMLS, VK_VMLS) VFP(VNMLA, VK_VNMLA)
    VFP(VNMLS, VK_VNMLS) VFP(VFMA, VK_VFMA) VFP(VFMS, VK_VFMS) VFP(VFNMA, VK_VFNMA)
    VFP(VFNMS, VK_VFNMS) VFP(VMOV, VK_VMOV) VFP(VMOV_imm, VK_VMOV_IMM) VFP(VNEG, VK_VNEG)
    VFP(VABS, VK_VABS) VFP(VCMP, VK_VCMP) VFP(VCMPE, VK_VCMP) VFP(VCMPZ, VK_VCMPZ)
    VFP(VCMPEZ, VK_VCMPZ)
    {"VCVT_f64_f32", VK_F64_F32, {0}}, {"VCVT_f32_f64", VK_F32_F64, {0}},
    {"VCVT_f64_s32", VK_F64_S32, {0}}, {"VCVT_f64_u32", VK_F64_U32, {0}},
    {"VCVT_f32_s32", VK_F32_S32, {0}}, {"VCVT_f32_u32", VK_F32_U32, {0}},
    {"VCVT_s32_f32", VK_S32_F32, {0}}, {"VCVT_u32_f32", VK_U32_F32, {0}},
    {"VCVT_s32_f64", VK_S32_F64, {0}}, {"VCVT_u32_f64", VK_U32_F64, {0}},
    {"VMOV_to_s", VK_TO_S, {0}}, {"VMOV_from_s", VK_FROM_S, {0}}, {"VMOV_to_8", VK_TO_8, {0}},
    {"VMOV_to_16", VK_TO_16, {0}}, {"VMOV_to_32", VK_TO_32, {0}}, {"VMOV_from_8", VK_FROM_8, {0}},
    {"VMOV_from_16", VK_FROM_16, {0}}, {"VMOV_from_32", VK_FROM_32, {0}},
    {"VDUP_core_8", VK_DUP_8, {0}}, {"VDUP_core_16", VK_DUP_16, {0}},
    {"VDUP_core_32", VK_DUP_32, {0}}, {"VMOV_to_ss", VK_TO_SS, {0}},
    {"VMOV_from_ss", VK_FROM_SS, {0}}, {"VMOV_from_d", VK_FROM_D, {0}}, {"VMOV_to_d", VK_TO_D, {0}},
    {"VMRS_flags", VK_VMRS_FLAGS, {0}},
    {"VLDR_f32", VK_VLDR_S, {0}}, {"VLDR_f64", VK_VLDR_D, {0}}, {"VSTR_f32", VK_VSTR_S, {0}},
    {"VSTR_f64", VK_VSTR_D, {0}},
    {"VLDMIA_s", VK_VLDM, {0}}, {"VLDMDB_s", VK_VLDM, {0}}, {"VPOP_s", VK_VLDM, {0}},
    {"VLDMIA_d", VK_VLDM, {0}}, {"VLDMDB_d", VK_VLDM, {0}}, {"VPOP_d", VK_VLDM, {0}},
    {"VSTMIA_s", VK_VSTM, {0}}, {"VSTMDB_s", VK_VSTM, {0}}, {"VPUSH_s", VK_VSTM, {0}},
    {"VSTMIA_d", VK_VSTM, {0}}, {"VSTMDB_d", VK_VSTM, {0}}, {"VPUSH_d", VK_VSTM, {0}},

    // loads and stores
#define LDST(list) {"VLD" #list, VK_LD_MULTI, {0}}, {"VST" #list, VK_ST_MULTI, {0}},
    LDST(1_1reg) LDST(1_2reg) LDST(1_3reg) LDST(1_4reg) LDST(2_2reg) LDST(2_2reg_step) LDST(2_4reg)
    LDST(3_3reg) LDST(3_3reg_step) LDST(4_4reg) LDST(4_4reg_step)
    {"VLDx_lane", VK_LD_LANE, {0}}, {"VSTx_lane", VK_ST_LANE, {0}}, {"VLDx_all", VK_LD_ALL, {0}},

    // three registers; logic has the size field as part of the opcode and reads it as 0
    {"VAND", VK_3, SU(V_PAND, 0, 0, 0, 0, 0, 0, 0)},
    {"VBIC", VK_3SWAP, SU(V_PANDN, 0, 0, 0, 0, 0, 0, 0)},
    {"VORR", VK_3, SU(V_POR, 0, 0, 0, 0, 0, 0, 0)},
    {"VEOR", VK_3, SU(V_PXOR, 0, 0, 0, 0, 0, 0, 0)},
    {"VORN", VK_ORN, {0}}, {"VBSL", VK_BSL, {0}}, {"VBIT", VK_BIT, {0}}, {"VBIF", VK_BIF, {0}},
    {"VADD_i", VK_3, SU(V_PADDB, V_PADDW, V_PADDD, V_PADDQ, 0, 0, 0, 0)},
    {"VSUB_i", VK_3, SU(V_PSUBB, V_PSUBW, V_PSUBD, V_PSUBQ, 0, 0, 0, 0)},
    {"VCEQ_i", VK_3, SU(V_PCMPEQB, V_PCMPEQW, V_PCMPEQD, 0, 0, 0, 0, 0)},
    {"VCGT_i", VK_GT_U, SU(V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, 0, 0, 0, 0, 0)},
    {"VCGE_i", VK_GE, {0}}, {"VTST", VK_TST, {0}},
    {"VMAX_i", VK_3, SU(V_PMAXSB, V_PMAXSW, V_PMAXSD, 0, V_PMAXUB, V_PMAXUW, V_PMAXUD, 0)},
    {"VMIN_i", VK_3, SU(V_PMINSB, V_PMINSW, V_PMINSD, 0, V_PMINUB, V_PMINUW, V_PMINUD, 0)},
    {"VRHADD", VK_RHADD, SU(0, 0, 0, 0, 1, 1, 0, 0)},
    {"VQADD", VK_SAT, SU(V_PADDSB, V_PADDSW, 0, 0, V_PADDUSB, V_PADDUSW, 0, 0)},
    {"VQSUB", VK_SAT, SU(V_PSUBSB, V_PSUBSW, 0, 0, V_PSUBUSB, V_PSUBUSW, 0, 0)},
    {"VMUL_i", VK_MUL, {0}}, {"VMLA_i", VK_MLA, {0}}, {"VMLS_i", VK_MLS, {0}},
    {"VABD_i", VK_ABD, {0}}, {"VABA", VK_ABA, {0}},
    {"VPADD_i", VK_PAIR, SU(V_PADDB, V_PADDW, V_PADDD, 0, 0, 0, 0, 0)},
    {"VPMAX_i", VK_PAIR, SU(V_PMAXSB, V_PMAXSW, V_PMAXSD, 0, V_PMAXUB, V_PMAXUW, V_PMAXUD, 0)},
    {"VPMIN_i", VK_PAIR, SU(V_PMINSB, V_PMINSW, V_PMINSD, 0, V_PMINUB, V_PMINUW, V_PMINUD, 0)},

    // widening and narrowing; op[0] 1: subtract
    {"VADDL", VK_ADDL, {0}}, {"VSUBL", VK_ADDL, {1}}, {"VADDW", VK_ADDW, {0}},
    {"VSUBW", VK_ADDW, {1}}, {"VMULL_i", VK_MULL, {0}}, {"VMLAL", VK_MLAL, {0}},
    {"VMLSL", VK_MLSL, {0}}, {"VMOVL_8", VK_MOVL, {0}}, {"VMOVL_16", VK_MOVL, {1}},
    {"VMOVL_32", VK_MOVL, {2}}, {"VMOVN", VK_MOVN, {0}}, {"VSHRN", VK_SHRN, {0}},
    {"VSHLL", VK_SHLL, {0}}, {"VQMOVUN", VK_QMOVN, {1, 0}}, {"VQMOVN", VK_QMOVN, {0, 1}},

    {"VSHR", VK_SHR, {0}}, {"VSRA", VK_SRA, {0}}, {"VSHL_i", VK_SHL, {0}}, {"VSLI", VK_SLI, {0}},
    {"VSRI", VK_SRI, {0}}, {"VRSHR", VK_RSHR, {0}}, {"VRSRA", VK_RSRA, {0}},

    {"VMVN", VK_MVN, {0}}, {"VNEG_i", VK_NEG, {0}}, {"VABS_i", VK_ABS, {V_PABSB, V_PABSW, V_PABSD}},
    {"VNEG_f", VK_NEG_F, {0}}, {"VABS_f", VK_ABS_F, {0}},
    // op[4] 1: zero first; op[5] 1: inverted
    {"VCGT_z", VK_CMPZ, {V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, 0, 0, 0}},
    {"VCLE_z", VK_CMPZ, {V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, 0, 0, 1}},
    {"VCLT_z", VK_CMPZ, {V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, 0, 1, 0}},
    {"VCGE_z", VK_CMPZ, {V_PCMPGTB, V_PCMPGTW, V_PCMPGTD, 0, 1, 1}},
    {"VCEQ_z", VK_CMPZ, {V_PCMPEQB, V_PCMPEQW, V_PCMPEQD, 0, 0, 0}},
    {"VEXT", VK_EXT, {0}}, {"VDUP_lane", VK_DUP, {0}}, {"VREV64", VK_REV64, {0}},
    {"VREV32", VK_REV32, {0}}, {"VREV16", VK_REV16, {0}}, {"VZIP", VK_ZIP, {0}},
    {"VUZP", VK_UZP, {0}}, {"VTRN", VK_TRN, {0}}, {"VSWP", VK_SWP, {0}},
#define IMM(name) {#name, VK_IMM, {0}},
    IMM(VMOV_i32) IMM(VORR_i32) IMM(VMVN_i32) IMM(VBIC_i32) IMM(VMOV_i16) IMM(VORR_i16)
    IMM(VMVN_i16) IMM(VBIC_i16) IMM(VMOV_ones) IMM(VMVN_ones) IMM(VMOV_i8) IMM(VMOV_i64)
    IMM(VMOV_imm_f)
    {"VMUL_lane", VK_MUL_LANE, {0}}, {"VMLA_lane", VK_MLA_LANE, {0}},
    {"VMLS_lane", VK_MLS_LANE, {0}},

    // single precision
    {"VADD_f", VK_FADD, {0}}, {"VSUB_f", VK_FSUB, {0}}, {"VMUL_f", VK_FMUL, {0}},
    {"VMLA_f", VK_FMLA, {0}}, {"VMLS_f", VK_FMLS, {0}}, {"VABD_f", VK_FABD, {0}},
    {"VPADD_f", VK_FPADD, {0}}, {"VMUL_lane_f", VK_FMUL_LANE, {0}},
    {"VMLA_lane_f", VK_FMLA_LANE, {0}}, {"VMLS_lane_f", VK_FMLS_LANE, {0}},
    {"VMAX_f", VK_FMAX, {0}}, {"VMIN_f", VK_FMIN, {0}},
    {"VCVT_s32_f32", VK_FCVT_S32, {0}}, {"VCVT_f32_s32", VK_CVT_S32, {0}},
    // host predicate (0 equal, 1 less, 2 less or equal), zero as the second operand, whether the first
    // operand stays first
    {"VCEQ_f", VK_FCMP, {0, 0, 0}}, {"VCGE_f", VK_FCMP, {2, 0, 0}}, {"VCGT_f", VK_FCMP, {1, 0, 0}},
    {"VCEQ_zf", VK_FCMP, {0, 1, 0}}, {"VCGE_zf", VK_FCMP, {2, 1, 0}}, {"VCGT_zf", VK_FCMP, {1, 1, 0}},
    {"VCLE_zf", VK_FCMP, {2, 1, 1}}, {"VCLT_zf", VK_FCMP, {1, 1, 1}},
};
const unsigned vec_row_count = sizeof vec_rows / sizeof *vec_rows;
// clang-format on
