// SPDX-License-Identifier: MIT
//
// Data processing, multiplies, bit fields and extensions.
#include "cpu/jit/tr.h"


bool tr_dp_is_logic(unsigned op)
{
    return op == DP_AND || op == DP_EOR || op == DP_ORR || op == DP_ORN || op == DP_BIC ||
           op == DP_MOV || op == DP_MVN || op == DP_TST || op == DP_TEQ;
}

// ---- data processing --------------------------------------------------------------------------------------

static void shift_by_register(struct tr *t, const struct insn *i, unsigned type, bool want_c)
{
    struct x86 *x = &t->x;
    static const enum x86_shift ops[4] = {X_SHL, X_SHR, X_SAR, X_ROR};
    tr_into(t, RCX, i->rs);
    x_extend(x, W8U, RCX, RCX);
    tr_into(t, RDX, i->rm);
    if (!want_c) {
        if (type == 2) {
            x_mov_i(x, RAX, 31);
            x_alu(x, X_CMP, RCX, RAX);
            x_cmov(x, CC_A, RCX, RAX);
        }
        x_shift_cl(x, ops[type], RDX, false);
        if (type < 2) {
            x_alu_i(x, X_CMP, RCX, 32);
            x_alu(x, X_SBB, RAX, RAX);
            x_alu(x, X_AND, RDX, RAX);
        }
        return;
    }
    // The last bit shifted out stays reachable in 64 bits.
    if (type != 3) {
        x_mov_i(x, RAX, 33);
        x_alu(x, X_CMP, RCX, RAX);
        x_cmov(x, CC_A, RCX, RAX);
    }
    if (type == 2) {
        x_movsxd(x, RDX, RDX);
    }
    if (type == 1 || type == 2) {
        x_shift64_i(x, X_SHL, RDX, 1);
    }
    x_shift_cl(x, ops[type], RDX, type != 3);
    x_test(x, RCX, RCX);
    uint8_t *none = x_jcc8(x, CC_E);
    x_bt64_i(x, RDX, type == 0 ? 32 : type == 3 ? 31 : 0);
    x_setcc_m(x, CC_B, RBP, OFF(cf));
    x_fix8(x, none);
    if (type == 1 || type == 2) {
        x_shift64_i(x, type == 1 ? X_SHR : X_SAR, RDX, 1);
    }
}

// The second operand in a host register (RCX or RDX when computed); stores the shifter's carry.
static unsigned operand2(struct tr *t, const struct insn *i, enum dp_form form, bool want_c)
{
    struct x86 *x = &t->x;
    static const enum x86_shift ops[4] = {X_SHL, X_SHR, X_SAR, X_ROR};
    switch (form) {
    case DP_IMM:
    case DP_IMMC:
    case DP_REG:
        return tr_src(t, i->rm, RCX);
    case DP_LSL:
    case DP_LSR:
    case DP_ASR:
    case DP_ROR:
        tr_into(t, RCX, i->rm);
        if (i->rs == 32) {
            if (want_c) {
                x_bt64_i(x, RCX, 31);
                x_setcc_m(x, CC_B, RBP, OFF(cf));
            }
            if (form == DP_ASR) {
                x_shift_i(x, X_SAR, RCX, 31);
            } else {
                x_mov_i(x, RCX, 0);
            }
            return RCX;
        }
        x_shift_i(x, ops[form - DP_LSL], RCX, i->rs);
        break;
    case DP_RRX:
        tr_into(t, RCX, i->rm);
        x_cmp8_mi(x, RBP, OFF(cf), 1);
        x_cmc(x);
        x_shift_i(x, X_RCR, RCX, 1);
        break;
    default:
        shift_by_register(t, i, form - DP_RLSL, want_c);
        return RDX;
    }
    if (want_c) {
        x_setcc_m(x, CC_B, RBP, OFF(cf));
    }
    return RCX;
}

// How to get the flags of `s` later, if that is possible.
static struct pend defer(const struct step *s, uint8_t flags)
{
    const struct insn *i = s->i;
    bool is_imm = s->d.form == DP_IMM || s->d.form == DP_IMMC;
    struct pend p = {.dirty = flags, .a = i->rn, .b = is_imm ? 16 : i->rm, .imm = i->imm};
    bool simple = is_imm || s->d.form == DP_REG;
    switch ((enum dp_op)s->d.op) {
    case DP_CMP:
    case DP_CMN:
    case DP_TST:
    case DP_TEQ:
        p.kind = !simple               ? PEND_NONE
                 : s->d.op == DP_CMP   ? PEND_SUB
                 : s->d.op == DP_CMN   ? PEND_ADD
                 : s->d.op == DP_TST   ? PEND_AND
                                       : PEND_EOR;
        break;
    case DP_SUB:
    case DP_ADD: {
        bool sub = s->d.op == DP_SUB;
        if (!simple || (!is_imm && i->rd == i->rm)) {
            break;
        }
        if (i->rd != i->rn) {
            p.kind = sub ? PEND_SUB : PEND_ADD;
        } else {
            p.kind = sub ? PEND_SUBR : PEND_ADDR;
        }
        break;
    }
    case DP_AND:
    case DP_EOR:
    case DP_ORR:
    case DP_ORN:
    case DP_BIC:
    case DP_MOV:
    case DP_MVN:
        p.kind = PEND_RES;
        p.a = i->rd;
        p.b = 16;
        break;
    default:
        break;
    }
    return p.kind ? p : (struct pend){0};
}

static void dp_body(struct tr *t, const struct step *s, enum host_flags hf, struct pend *later)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    unsigned op = s->d.op, form = s->d.form, dst = RAX;
    bool logic = tr_dp_is_logic(op), is_imm = form == DP_IMM || form == DP_IMMC;
    bool store = op < DP_TST;
    uint8_t want = s->d.s ? s->live & s->writes : 0;
    bool want_c = s->d.s && logic && s->live & F_C && form != DP_IMM && form != DP_REG;
    if (!store && !want) {
        return; // flags nobody sees
    }
    if (want_c && form == DP_IMMC) {
        x_store_i(x, RBP, OFF(cf), i->imm >> 31);
        want_c = false;
    }
    unsigned b = is_imm ? (unsigned)NO_REG : operand2(t, i, (enum dp_form)form, want_c);
    uint8_t flags = want & (logic ? F_NZ : F_ALL);
    if (flags && s->cond == 14) {
        *later = defer(s, flags);
        if (later->kind) {
            flags = 0;
            if (!store) {
                return;
            }
        }
    }
    bool host_rd = store && jit_host[i->rd] != NO_REG;
    if (op == DP_MOV || op == DP_MVN) {
        if (is_imm) {
            uint32_t v = op == DP_MOV ? i->imm : ~i->imm;
            if (flags) {
                x_mov_i(x, RAX, v);
                x_store(x, RBP, OFF(nf), RAX);
                x_store(x, RBP, OFF(zf), RAX);
            }
            tr_put_imm(t, i->rd, v);
            return;
        }
        if (op == DP_MVN) {
            unsigned to = host_rd ? jit_host[i->rd] : RAX;
            x_mov(x, to, b);
            x_not(x, to);
            b = to;
        }
        if (flags) {
            if (b != RAX) {
                x_mov(x, RAX, b);
            }
            x_test(x, RAX, RAX);
            tr_store_flags(t, HF_LOGIC, flags);
        }
        tr_put(t, i->rd, b);
        return;
    }
    static const uint8_t alu[17] = {
        [DP_AND] = X_AND, [DP_EOR] = X_XOR, [DP_SUB] = X_SUB, [DP_RSB] = X_SUB, [DP_ADD] = X_ADD,
        [DP_ADC] = X_ADC, [DP_SBC] = X_SBB, [DP_RSC] = X_SBB, [DP_ORR] = X_OR, [DP_BIC] = X_AND,
        [DP_ORN] = X_OR, [DP_TST] = X_AND, [DP_TEQ] = X_XOR, [DP_CMP] = X_SUB, [DP_CMN] = X_ADD};
    bool reverse = op == DP_RSB || op == DP_RSC;
    bool invert = op == DP_BIC || op == DP_ORN;
    bool carry = op == DP_ADC || op == DP_SBC || op == DP_RSC;
    uint32_t imm = invert ? ~i->imm : i->imm;
    // Without flags, additions have a shorter way.
    if (!flags && !later->kind && host_rd && (op == DP_ADD || op == DP_SUB) && is_imm) {
        x_lea(x, jit_host[i->rd], tr_src(t, i->rn, RAX), (int32_t)(op == DP_ADD ? imm : 0u - imm));
        return;
    }
    if (!flags && !later->kind && host_rd && op == DP_ADD) {
        x_lea_idx(x, jit_host[i->rd], tr_src(t, i->rn, RAX), b, 0);
        return;
    }
    if (!flags && !reverse && host_rd && (is_imm || b != jit_host[i->rd])) {
        dst = jit_host[i->rd];
    }
    if (invert && !is_imm) {
        if (b != RCX && b != RDX) {
            x_mov(x, RCX, b);
            b = RCX;
        }
        x_not(x, b);
    }
    if (reverse) {
        if (is_imm) {
            x_mov_i(x, RAX, imm);
        } else {
            x_mov(x, RAX, b);
        }
        b = tr_src(t, i->rn, b == RCX ? RDX : RCX);
    } else {
        tr_into(t, dst, i->rn);
    }
    if (carry && (hf == HF_ADD || hf == HF_SUB) && (is_imm || form == DP_REG)) {
        // The host's carry is still that of the instruction before.
        if ((hf == HF_ADD) != (op == DP_ADC)) {
            x_cmc(x);
        }
    } else if (carry) {
        // Bytes only: cf is written as a byte, and a wider load would wait for the store.
        x_cmp8_mi(x, RBP, OFF(cf), 1);
        if (op == DP_ADC) {
            x_cmc(x);
        }
    }
    if (is_imm && !reverse) {
        x_alu_i(x, (enum x86_alu)alu[op], dst, imm);
    } else {
        x_alu(x, (enum x86_alu)alu[op], dst, b);
    }
    bool sub = alu[op] == X_SUB || alu[op] == X_SBB;
    enum host_flags set = logic ? HF_LOGIC : sub ? HF_SUB : HF_ADD;
    if (flags) {
        tr_store_flags(t, set, flags);
    } else if (later->kind) {
        t->hf = set;
    }
    if (store && dst == RAX) {
        tr_put(t, i->rd, RAX);
    }
}

void tr_dp(struct tr *t, const struct step *s, enum host_flags hf)
{
    struct pend later = {0};
    dp_body(t, s, hf, &later);
    if (s->writes) {
        t->pend = later;
    }
}

// ---- multiplies and the small change -----------------------------------------------------------------------

void tr_mul(struct tr *t, const struct step *s)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    switch ((enum mul_op)s->d.op) {
    case MU_MUL:
    case MU_MLA:
        tr_into(t, RAX, i->rn);
        x_imul(x, RAX, tr_src(t, i->rm, RCX));
        if (s->d.op == MU_MLA) {
            x_alu(x, X_ADD, RAX, tr_src(t, i->rs, RCX));
        }
        tr_put(t, i->rd, RAX);
        if (s->d.s && s->live & F_NZ) {
            x_test(x, RAX, RAX);
            tr_store_flags(t, HF_LOGIC, F_NZ);
        }
        if (s->d.s) {
            t->pend = (struct pend){0};
        }
        break;
    case MU_MLS:
        tr_into(t, RCX, i->rn);
        x_imul(x, RCX, tr_src(t, i->rm, RAX));
        tr_into(t, RAX, i->rs);
        x_alu(x, X_SUB, RAX, RCX);
        tr_put(t, i->rd, RAX);
        break;
    case MU_UMULL:
    case MU_SMULL:
    case MU_UMLAL:
        tr_into(t, RAX, i->rn);
        tr_into(t, RCX, i->rm);
        if (s->d.op == MU_SMULL) {
            x_movsxd(x, RAX, RAX);
            x_movsxd(x, RCX, RCX);
        }
        x_imul64(x, RAX, RCX);
        if (s->d.op == MU_UMLAL) {
            tr_into(t, RCX, i->rs);
            x_shift64_i(x, X_SHL, RCX, 32);
            tr_into(t, RDX, i->rd);
            x_alu64(x, X_OR, RCX, RDX);
            x_alu64(x, X_ADD, RAX, RCX);
        }
        tr_put(t, i->rd, RAX);
        x_shift64_i(x, X_SHR, RAX, 32);
        tr_put(t, i->rs, RAX);
        break;
    }
}

void tr_bfx(struct tr *t, const struct step *s)
{
    const struct insn *i = s->i;
    tr_into(t, RAX, i->rn);
    if (i->rs) {
        x_shift_i(&t->x, X_SHL, RAX, i->rs);
    }
    if (i->rm) {
        x_shift_i(&t->x, s->d.op ? X_SAR : X_SHR, RAX, i->rm);
    }
    tr_put(t, i->rd, RAX);
}

void tr_extend(struct tr *t, const struct insn *i, enum ext_op op)
{
    static const enum x86_width w[4] = {W8S, W16S, W8U, W16U};
    unsigned from = tr_src(t, i->rm, RAX);
    if (i->imm) {
        x_mov(&t->x, RAX, from);
        x_shift_i(&t->x, X_ROR, RAX, i->imm);
        from = RAX;
    }
    unsigned to = jit_host[i->rd] != NO_REG ? jit_host[i->rd] : RAX;
    x_extend(&t->x, w[op], to, from);
    if (to == RAX) {
        tr_put(t, i->rd, RAX);
    }
}
