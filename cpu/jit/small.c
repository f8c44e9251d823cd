// SPDX-License-Identifier: MIT
//
// Plain bodies of the integer set that are worth having in line: parallel byte arithmetic and SEL (what
// libraries' string functions are made of), DSP multiplies, bit fields, packing, the uses of the PC as
// an operand or destination, and table branches. Found by their body.
#include "cpu/interp.h"
#include "cpu/isa_protos.h"
#include "cpu/jit/tr.h"
#include "cpu/jit/x86_vec.h"
#include "cpu/models.h"

static const struct {
    exec_fn *exec;
    enum small_op op;
} table[] = {
    {exec_UADD8, SM_UADD8},   {exec_USUB8, SM_USUB8},   {exec_UQADD8, SM_UQADD8},
    {exec_UQSUB8, SM_UQSUB8}, {exec_UQADD16, SM_UQADD16}, {exec_UQSUB16, SM_UQSUB16},
    {exec_QADD8, SM_QADD8},   {exec_QSUB8, SM_QSUB8},   {exec_QADD16, SM_QADD16},
    {exec_QSUB16, SM_QSUB16}, {exec_SEL, SM_SEL},       {exec_SMLAxy, SM_SMLAXY},
    {exec_SMULxy, SM_SMULXY}, {exec_SMLAL, SM_SMLAL},   {exec_UMAAL, SM_UMAAL},
    {exec_SXTAB, SM_SXTAB},   {exec_SXTAH, SM_SXTAH},   {exec_UXTAB, SM_UXTAB},
    {exec_UXTAH, SM_UXTAH},   {exec_BFI, SM_BFI},       {exec_BFC, SM_BFC},
    {exec_PKH, SM_PKH},       {exec_REV16, SM_REV16},   {exec_REVSH, SM_REVSH},
    {exec_UXTB16, SM_UXTB16}, {exec_t_ADD_hi, SM_T_ADD}, {exec_t_MOV_hi, SM_T_MOV},
    {exec_dp_generic, SM_DP}, {exec_TBB, SM_TBB},       {exec_TBH, SM_TBH},
};

// Of exec_dp_generic: ADD, SUB and MOV without flags, with a constant or an unshifted or left-shifted
// register.
static bool simple_dp(const struct insn *i)
{
    uint32_t raw = i->raw;
    unsigned op = raw >> 21 & 15;
    bool imm = raw >> 25 & 1;
    return !(raw >> 20 & 1) && (op == 4 || op == 2 || op == 13) && (imm || !(raw & 0x70));
}

enum small_op tr_small_op(const struct tr *t, const struct insn *i)
{
    for (unsigned k = 0; k < ARRAY_LEN(table); k++) {
        if (table[k].exec == i->body.exec) {
            enum small_op op = table[k].op;
            if ((op == SM_SMLAL || op == SM_UMAAL) && i->imm & 16) {
                return SM_NONE;
            }
            if (op == SM_DP && !(simple_dp(i) && !t->thumb)) {
                return SM_NONE;
            }
            return op;
        }
    }
    return SM_NONE;
}

bool tr_small_branches(const struct insn *i, enum small_op op)
{
    return op == SM_TBB || op == SM_TBH || (op == SM_DP && (i->raw >> 12 & 15) == 15) ||
           ((op == SM_T_ADD || op == SM_T_MOV) && i->rd == 15);
}

uint16_t tr_small_sets(const struct insn *i, enum small_op op)
{
    unsigned rd = op == SM_DP ? i->raw >> 12 & 15 : i->rd;
    if (op == SM_TBB || op == SM_TBH || rd == 15) {
        return 0;
    }
    return (uint16_t)(1u << rd | (op == SM_SMLAL || op == SM_UMAAL ? 1u << i->rs : 0));
}

static void bytes(struct tr *t, const struct insn *i, enum small_op op)
{
    static const uint16_t ops[] = {
        [SM_UADD8] = V_PADDB,     [SM_USUB8] = V_PSUBB,     [SM_UQADD8] = V_PADDUSB,
        [SM_UQSUB8] = V_PSUBUSB,  [SM_UQADD16] = V_PADDUSW, [SM_UQSUB16] = V_PSUBUSW,
        [SM_QADD8] = V_PADDSB,    [SM_QSUB8] = V_PSUBSB,    [SM_QADD16] = V_PADDSW,
        [SM_QSUB16] = V_PSUBSW};
    struct x86 *x = &t->x;
    v_rr(x, V_MOVD_TO, 0, 0, tr_src(t, i->rn, RAX));
    v_rr(x, V_MOVD_TO, 1, 0, tr_src(t, i->rm, RAX));
    v_rr(x, ops[op], 2, 0, 1);
    if (op == SM_UADD8) { // a carry where the sum is below an operand
        v_rr(x, V_PMAXUB, 3, 2, 1);
        v_rr(x, V_PCMPEQB, 3, 3, 2);
    } else if (op == SM_USUB8) {
        v_rr(x, V_PMAXUB, 3, 0, 1);
        v_rr(x, V_PCMPEQB, 3, 3, 0);
    }
    if (op == SM_UADD8 || op == SM_USUB8) {
        v_rr(x, V_PMOVMSKB, RAX, 0, 3);
        if (op == SM_UADD8) {
            x_not(x, RAX);
        }
        x_alu_i(x, X_AND, RAX, 15);
        x_store(x, RBP, OFF(ge), RAX);
    }
    if (jit_host[i->rd] != NO_REG) {
        v_rr(x, V_MOVD_FROM, 2, 0, jit_host[i->rd]);
    } else {
        v_rm(x, V_MOVD_FROM, 2, 0, RBP, REG(i->rd));
    }
}

static void half(struct tr *t, unsigned host, unsigned r, bool top)
{
    tr_into(t, host, r);
    if (top) {
        x_shift_i(&t->x, X_SAR, host, 16);
    } else {
        x_extend(&t->x, W16S, host, host);
    }
}

// The PC or a register.
static void operand(struct tr *t, const struct insn *i, unsigned host, unsigned r)
{
    if (r == 15) {
        tr_page_plus(t, host, tr_pc_off(t, i));
    } else {
        tr_into(t, host, r);
    }
}

static void with_pc(struct tr *t, const struct insn *i, unsigned n, enum small_op op)
{
    struct x86 *x = &t->x;
    unsigned rd = i->rd;
    if (op == SM_DP) {
        uint32_t raw = i->raw;
        unsigned alu = raw >> 21 & 15, rn = raw >> 16 & 15;
        rd = raw >> 12 & 15;
        if (raw >> 25 & 1) {
            unsigned rot = (raw >> 8 & 15) * 2;
            x_mov_i(x, RCX, ror32(raw & 0xff, rot));
        } else {
            operand(t, i, RCX, raw & 15);
            if (raw >> 7 & 31) {
                x_shift_i(x, X_SHL, RCX, raw >> 7 & 31);
            }
        }
        if (alu == 13) {
            x_mov(x, RAX, RCX);
        } else {
            operand(t, i, RAX, rn);
            x_alu(x, alu == 4 ? X_ADD : X_SUB, RAX, RCX);
        }
    } else {
        operand(t, i, RAX, i->rm);
        if (op == SM_T_ADD) {
            operand(t, i, RCX, i->rn);
            x_alu(x, X_ADD, RAX, RCX);
        }
    }
    if (rd != 15) {
        tr_put(t, rd, RAX);
        return;
    }
    tr_settle(t, F_ALL);
    if (t->thumb) {
        x_alu_i(x, X_OR, RAX, 1);
        tr_taken_far(t, 1, n + 1);
    } else if (ISA_HAS(t->c->features, V7)) {
        tr_taken_far(t, -1, n + 1);
    } else {
        x_alu_i(x, X_AND, RAX, ~3u);
        tr_taken_far(t, 0, n + 1);
    }
}

static void table_branch(struct tr *t, const struct insn *i, unsigned n, bool halves)
{
    struct x86 *x = &t->x;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    tr_into(t, RAX, i->rm);
    if (halves) {
        x_alu(x, X_ADD, RAX, RAX);
    }
    if (i->rn == 15) {
        tr_page_plus(t, RCX, tr_pc_off(t, i));
        x_alu(x, X_ADD, RAX, RCX);
    } else {
        x_alu(x, X_ADD, RAX, tr_src(t, i->rn, RCX));
    }
    tr_probe(t, false, halves ? 2 : 1, 0, k);
    x_load_idx(x, halves ? W16U : W8U, RCX, RCX, RAX);
    tr_page_plus(t, RAX, tr_pc_off(t, i) + 1);
    x_lea_idx(x, RAX, RAX, RCX, 1);
    tr_taken_far(t, 1, n + 1);
    k->back = x->at; // never: the body branches
}

void tr_small(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum small_op op = (enum small_op)s->small;
    switch (op) {
    case SM_SEL: // a byte from n where GE has its bit
        x_load(x, RAX, RBP, OFF(ge));
        x_mov_i(x, RCX, 0x01010101);
        x_pdep(x, RAX, RAX, RCX);
        x_imul_i(x, RAX, RAX, 0xff);
        tr_into(t, RCX, i->rm);
        tr_into(t, RDX, i->rn);
        x_alu(x, X_XOR, RDX, RCX);
        x_alu(x, X_AND, RDX, RAX);
        x_alu(x, X_XOR, RDX, RCX);
        tr_put(t, i->rd, RDX);
        break;
    case SM_SMLAXY:
    case SM_SMULXY:
        half(t, RAX, i->rn, i->imm & 1);
        half(t, RCX, i->rm, i->imm & 2);
        x_imul(x, RAX, RCX);
        if (op == SM_SMLAXY) {
            x_alu(x, X_ADD, RAX, tr_src(t, i->rs, RCX));
            uint8_t *fits = x_jcc8(x, CC_NO);
            x_store_i(x, RBP, OFF(q), 1);
            x_fix8(x, fits);
        }
        tr_put(t, i->rd, RAX);
        break;
    case SM_SMLAL:
    case SM_UMAAL:
        tr_into(t, RAX, i->rn);
        tr_into(t, RCX, i->rm);
        if (op == SM_SMLAL) {
            x_movsxd(x, RAX, RAX);
            x_movsxd(x, RCX, RCX);
        }
        x_imul64(x, RAX, RCX);
        tr_into(t, RCX, i->rs);
        tr_into(t, RDX, i->rd);
        if (op == SM_SMLAL) {
            x_shift64_i(x, X_SHL, RCX, 32);
            x_alu64(x, X_OR, RCX, RDX);
        } else {
            x_alu64(x, X_ADD, RCX, RDX);
        }
        x_alu64(x, X_ADD, RAX, RCX);
        tr_put(t, i->rd, RAX);
        x_shift64_i(x, X_SHR, RAX, 32);
        tr_put(t, i->rs, RAX);
        break;
    case SM_SXTAB:
    case SM_SXTAH:
    case SM_UXTAB:
    case SM_UXTAH:
        tr_into(t, RAX, i->rm);
        if (i->imm) {
            x_shift_i(x, X_ROR, RAX, i->imm);
        }
        x_extend(x, op == SM_SXTAB ? W8S : op == SM_SXTAH ? W16S : op == SM_UXTAB ? W8U : W16U, RAX,
                 RAX);
        x_alu(x, X_ADD, RAX, tr_src(t, i->rn, RCX));
        tr_put(t, i->rd, RAX);
        break;
    case SM_UXTB16:
        tr_into(t, RAX, i->rm);
        if (i->imm) {
            x_shift_i(x, X_ROR, RAX, i->imm);
        }
        x_alu_i(x, X_AND, RAX, 0x00ff00ff);
        tr_put(t, i->rd, RAX);
        break;
    case SM_BFI:
    case SM_BFC:
        tr_into(t, RCX, i->rd);
        x_alu_i(x, X_AND, RCX, ~i->imm);
        if (op == SM_BFI) {
            tr_into(t, RAX, i->rn);
            if (i->rs) {
                x_shift_i(x, X_SHL, RAX, i->rs);
            }
            x_alu_i(x, X_AND, RAX, i->imm);
            x_alu(x, X_OR, RCX, RAX);
        }
        tr_put(t, i->rd, RCX);
        break;
    case SM_PKH:
        tr_into(t, RAX, i->rm);
        tr_into(t, RCX, i->rn);
        if (i->rs) {
            x_shift_i(x, X_SAR, RAX, i->imm ? i->imm : 31);
            x_extend(x, W16U, RAX, RAX);
            x_alu_i(x, X_AND, RCX, 0xffff0000);
        } else {
            if (i->imm) {
                x_shift_i(x, X_SHL, RAX, i->imm);
            }
            x_alu_i(x, X_AND, RAX, 0xffff0000);
            x_extend(x, W16U, RCX, RCX);
        }
        x_alu(x, X_OR, RAX, RCX);
        tr_put(t, i->rd, RAX);
        break;
    case SM_REV16:
    case SM_REVSH:
        tr_into(t, RAX, i->rm);
        x_bswap(x, RAX);
        x_shift_i(x, op == SM_REV16 ? X_ROR : X_SAR, RAX, 16);
        tr_put(t, i->rd, RAX);
        break;
    case SM_T_ADD:
    case SM_T_MOV:
    case SM_DP:
        with_pc(t, i, n, op);
        break;
    case SM_TBB:
    case SM_TBH:
        table_branch(t, i, n, op == SM_TBH);
        break;
    default:
        bytes(t, i, op);
        break;
    }
}
