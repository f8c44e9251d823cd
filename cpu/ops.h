// SPDX-License-Identifier: MIT
//
// What the threaded bodies do, told to engines other than the interpreter, private to this room. The
// decoder chooses a body; a translator must know which operation, operand form and condition that
// body stands for. Each file that has such bodies visits them all with their descriptions, taken from
// the same tables that its prep functions choose from, so that nothing is decoded twice.
#ifndef CPU_OPS_H
#define CPU_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/insn.h"

enum op_group {
    OPG_PLAIN,  // none of these: i->body.exec
    OPG_NOP,
    OPG_DP,     // op: enum dp_op, form: enum dp_form, s
    OPG_ADR,    // rd = align(pc, 4) + imm
    OPG_MOVT,
    OPG_LOAD,   // op: enum mem_op, form: enum mem_form
    OPG_STORE,
    OPG_LDM, // as exec_ldm_generic and exec_stm_generic
    OPG_STM,
    OPG_BRANCH, // op: enum branch_op, form: condition of B within the page (14: always)
    OPG_MUL,    // op: enum mul_op, s
    OPG_EXT,    // op: enum ext_op
    OPG_BFX,    // op: 0 unsigned, 1 signed: rd = rn << rs >> rm
};

enum dp_op {
    DP_AND, DP_EOR, DP_SUB, DP_RSB, DP_ADD, DP_ADC, DP_SBC, DP_RSC, DP_ORR, DP_MOV, DP_BIC, DP_MVN,
    DP_ORN, DP_TST, DP_TEQ, DP_CMP, DP_CMN
};
enum dp_form {
    DP_IMM, DP_IMMC, DP_REG, DP_LSL, DP_LSR, DP_ASR, DP_ROR, DP_RRX, DP_RLSL, DP_RLSR, DP_RASR,
    DP_RROR
};
enum mem_op { MO_LDR, MO_LDRB, MO_LDRH, MO_LDRSB, MO_LDRSH, MO_STR, MO_STRB, MO_STRH };
enum mem_form { MF_OFF, MF_REG, MF_LIT, MF_PRE, MF_POST };
// i->rs of exec_ldst_generic, exec_ldrd and exec_strd (LSG_KIND: enum mem_op, for the first only). With
// LSG_REG the offset is register rm shifted by imm (type in bits 15:8; dual: register imm).
enum { LSG_KIND = 7, LSG_USER = 8, LSG_PRE = 16, LSG_WB = 32, LSG_SUB = 64, LSG_REG = 128 };
enum branch_op {
    BR_NEAR, BR_FAR, BR_BL_NEAR, BR_BL_FAR, BR_BX, BR_BX_PC, BR_BLX_REG, BR_BLX_FAR, BR_CBZ_NEAR,
    BR_CBNZ_NEAR, BR_CBZ_FAR, BR_CBNZ_FAR
};
enum mul_op { MU_MUL, MU_MLA, MU_MLS, MU_UMULL, MU_SMULL, MU_UMLAL };
enum ext_op { EX_SXTB, EX_SXTH, EX_UXTB, EX_UXTH };

struct op_desc {
    uint8_t group, op, form;
    bool s; // sets flags
};

typedef void op_visit(void *ctx, op_fn *body, struct op_desc desc);
void ops_dp_describe(op_visit *visit, void *ctx);
void ops_mem_describe(op_visit *visit, void *ctx);
void ops_branch_describe(op_visit *visit, void *ctx);
void ops_mul_describe(op_visit *visit, void *ctx);
void ops_media_describe(op_visit *visit, void *ctx);

// True when `i` was bound to a plain body; *cond is its condition either way (14: always).
bool insn_is_plain(const struct insn *i, unsigned *cond);

#endif
