// SPDX-License-Identifier: MIT
//
// Guest registers, flags and conditions for the files that translate. Flags go to the CPU's split form,
// but only those that something can see before they are written again: a following instruction, or any
// place where the block may be left. A condition right behind the instruction that sets its flags is
// tested on the host's flags.
#include "cpu/jit/tr.h"


uint8_t tr_cond_reads(unsigned cond)
{
    static const uint8_t reads[16] = {
        F_NZ, F_NZ, F_C, F_C, F_NZ, F_NZ, F_V, F_V, F_C | F_NZ, F_C | F_NZ, F_NZ | F_V, F_NZ | F_V,
        F_NZ | F_V, F_NZ | F_V, 0, 0};
    return reads[cond & 15];
}

// ---- registers ------------------------------------------------------------------------------------------

// The host register that holds guest register r, loaded into `scratch` when it lives in memory.
unsigned tr_src(struct tr *t, unsigned r, unsigned scratch)
{
    if (jit_host[r] != NO_REG) {
        return jit_host[r];
    }
    x_load(&t->x, scratch, RBP, REG(r));
    return scratch;
}

void tr_into(struct tr *t, unsigned host, unsigned r)
{
    if (jit_host[r] != NO_REG) {
        x_mov(&t->x, host, jit_host[r]);
    } else {
        x_load(&t->x, host, RBP, REG(r));
    }
}

void tr_put(struct tr *t, unsigned r, unsigned host)
{
    if (jit_host[r] != NO_REG) {
        x_mov(&t->x, jit_host[r], host);
    } else {
        x_store(&t->x, RBP, REG(r), host);
    }
}

void tr_put_imm(struct tr *t, unsigned r, uint32_t v)
{
    if (jit_host[r] != NO_REG) {
        x_mov_i(&t->x, jit_host[r], v);
    } else {
        x_store_i(&t->x, RBP, REG(r), v);
    }
}

// host = page_va + v
void tr_page_plus(struct tr *t, unsigned host, uint32_t v)
{
    x_load(&t->x, host, RBP, OFF(page_va));
    if (v) {
        x_alu_i(&t->x, X_ADD, host, v);
    }
}

uint32_t tr_pc_off(const struct tr *t, const struct insn *i)
{
    return (uint32_t)i->off2 * 2 + (t->thumb ? 4 : 8);
}

// Stores the flags of a result in RAX; the host's flags are those of the operation and stay.
void tr_store_flags(struct tr *t, enum host_flags hf, uint8_t live)
{
    struct x86 *x = &t->x;
    if (live & F_NZ) {
        x_store(x, RBP, OFF(nf), RAX);
        x_store(x, RBP, OFF(zf), RAX);
    }
    if (hf != HF_LOGIC) {
        if (live & F_C) {
            x_setcc_m(x, hf == HF_SUB ? CC_AE : CC_B, RBP, OFF(cf));
        }
        if (live & F_V) {
            x_setcc(x, CC_O, RCX);
            x_rorx(x, RCX, RCX, 1);
            x_store(x, RBP, OFF(vf), RCX);
        }
    }
    t->hf = hf;
}

static const uint8_t tr_pend_flags[] = {[PEND_SUB] = HF_SUB,   [PEND_ADD] = HF_ADD,
                                     [PEND_AND] = HF_LOGIC, [PEND_EOR] = HF_LOGIC,
                                     [PEND_RES] = HF_LOGIC, [PEND_SUBR] = HF_SUB,
                                     [PEND_ADDR] = HF_ADD};

// An operand of a pending operation: a guest register, or the copy of one that has changed since.
static unsigned operand(struct tr *t, unsigned r, unsigned scratch)
{
    if (r < PEND_SLOT) {
        return tr_src(t, r, scratch);
    }
    x_load(&t->x, scratch, RBP, OFF(jit_spare) + 4 * (int32_t)(r - PEND_SLOT));
    return scratch;
}

static void operand_into(struct tr *t, unsigned host, unsigned r)
{
    x_mov(&t->x, host, operand(t, r, host));
}

static void alu_b(struct tr *t, enum x86_alu op, unsigned dst, const struct pend *p)
{
    if (p->b == 16) {
        x_alu_i(&t->x, op, dst, p->imm);
    } else {
        x_alu(&t->x, op, dst, operand(t, p->b, RCX));
    }
}

void tr_stash(struct tr *t, uint16_t sets)
{
    struct pend *p = &t->pend;
    uint8_t *r[2] = {&p->a, &p->b};
    for (unsigned k = 0; k < 2; k++) {
        if (*r[k] < 16 && sets >> *r[k] & 1) {
            x_store(&t->x, RBP, OFF(jit_spare) + 4 * (int32_t)k, tr_src(t, *r[k], RAX));
            *r[k] = (uint8_t)(PEND_SLOT + k);
        }
    }
}

// Leaves the flags of `p` in the host's flags; with `result`, the result in RAX.
static enum host_flags compute_pend(struct tr *t, const struct pend *p, bool result)
{
    struct x86 *x = &t->x;
    switch ((enum pend_kind)p->kind) {
    case PEND_NONE:
        return HF_NONE;
    case PEND_SUB:
        if (!result) {
            alu_b(t, X_CMP, operand(t, p->a, RAX), p);
            break;
        }
        operand_into(t, RAX, p->a);
        alu_b(t, X_SUB, RAX, p);
        break;
    case PEND_ADD:
    case PEND_AND:
    case PEND_EOR:
        operand_into(t, RAX, p->a);
        alu_b(t, p->kind == PEND_ADD ? X_ADD : p->kind == PEND_AND ? X_AND : X_XOR, RAX, p);
        break;
    case PEND_RES:
        if (!result) {
            unsigned r = operand(t, p->a, RAX);
            x_test(x, r, r);
            break;
        }
        operand_into(t, RAX, p->a);
        x_test(x, RAX, RAX);
        break;
    case PEND_SUBR:
        operand_into(t, RAX, p->a);
        alu_b(t, X_ADD, RAX, p);
        alu_b(t, X_SUB, RAX, p);
        break;
    case PEND_ADDR:
        operand_into(t, RAX, p->a);
        alu_b(t, X_SUB, RAX, p);
        alu_b(t, X_ADD, RAX, p);
        break;
    }
    return (enum host_flags)tr_pend_flags[p->kind];
}

// Stores `which` of the flags; leaves t->pend to the caller.
void tr_store_pend(struct tr *t, const struct pend *p, uint8_t which)
{
    if (which) {
        enum host_flags hf = compute_pend(t, p, true);
        tr_store_flags(t, hf, which);
    }
}

void tr_settle(struct tr *t, uint8_t which)
{
    which &= t->pend.dirty;
    tr_store_pend(t, &t->pend, which);
    t->pend.dirty &= (uint8_t)~which;
}

// ---- flags and conditions ------------------------------------------------------------------------------

// Leaves the condition in the host's flags; returns how to test for "passes". hf: what they hold, then
// t->hf.
enum x86_cc tr_test_cond(struct tr *t, unsigned cond, enum host_flags hf)
{
    static const uint8_t direct[14] = {CC_E, CC_NE, CC_AE, CC_B, CC_S, CC_NS, CC_O,
                                       CC_NO, CC_A, CC_BE, CC_GE, CC_L, CC_G, CC_LE};
    struct x86 *x = &t->x;
    if (hf == HF_NONE && t->pend.kind) {
        enum host_flags kind = (enum host_flags)tr_pend_flags[t->pend.kind];
        if (kind == HF_SUB || (kind == HF_ADD && cond != 8 && cond != 9) || cond < 2 || cond == 4 ||
            cond == 5) {
            hf = compute_pend(t, &t->pend, false);
        }
    }
    t->hf = hf;
    if (hf == HF_SUB) {
        return (enum x86_cc)direct[cond];
    }
    if (hf == HF_ADD && cond != 8 && cond != 9) {
        return cond == 2 ? CC_B : cond == 3 ? CC_AE : (enum x86_cc)direct[cond];
    }
    if (hf == HF_LOGIC && (cond < 2 || cond == 4 || cond == 5)) {
        return (enum x86_cc)direct[cond];
    }
    tr_settle(t, tr_cond_reads(cond));
    t->hf = HF_NONE;
    switch (cond) {
    case 0:
    case 1:
        x_cmp_mi(x, RBP, OFF(zf), 0);
        return cond ? CC_NE : CC_E;
    case 2:
    case 3:
        x_cmp8_mi(x, RBP, OFF(cf), 0);
        return cond == 2 ? CC_NE : CC_E;
    case 4:
    case 5:
        x_cmp_mi(x, RBP, OFF(nf), 0);
        return cond == 4 ? CC_S : CC_NS;
    case 6:
    case 7:
        x_cmp_mi(x, RBP, OFF(vf), 0);
        return cond == 6 ? CC_S : CC_NS;
    case 8:
    case 9:
        x_load8(x, RAX, RBP, OFF(cf));
        x_neg(x, RAX);
        x_load(x, RCX, RBP, OFF(zf));
        x_test(x, RAX, RCX);
        return cond == 8 ? CC_NE : CC_E;
    case 10:
    case 11:
        x_load(x, RAX, RBP, OFF(nf));
        x_alu_m(x, X_XOR, RAX, RBP, OFF(vf));
        return cond == 10 ? CC_NS : CC_S;
    default:
        x_load(x, RAX, RBP, OFF(nf));
        x_alu_m(x, X_XOR, RAX, RBP, OFF(vf));
        x_shift_i(x, X_SAR, RAX, 31);
        x_not(x, RAX);
        x_alu_m(x, X_AND, RAX, RBP, OFF(zf));
        return cond == 12 ? CC_NE : CC_E;
    }
}
