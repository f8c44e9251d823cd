// SPDX-License-Identifier: MIT
//
// Ways out of a block: cold code behind it (calls of the interpreter's bodies, exits with a reason), jumps
// inside a page, branches through the fetch bank, and the branch instructions.
#include "cpu/interp.h"
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"


// ---- cold code -----------------------------------------------------------------------------------------

static struct cold *cold(struct tr *t, enum cold_kind kind, uint8_t *from)
{
    struct cold *k = &t->cold[t->colds++];
    *k = (struct cold){.kind = (uint8_t)kind, .from = {from, NULL}, .pend = t->pend};
    return k;
}

void tr_cold_exit(struct tr *t, uint8_t *from, enum jit_exit why, uint32_t off, bool is_site)
{
    struct cold *k = cold(t, COLD_EXIT, from);
    k->exit = (uint8_t)why;
    k->arg = off & 0xffff;
    k->is_site = is_site;
}

struct cold *tr_cold_fn(struct tr *t, uint8_t *from, enum jit_fn fn, unsigned n, uint32_t arg)
{
    struct cold *k = cold(t, COLD_FN, from);
    k->fn = (uint8_t)fn;
    k->before = (uint8_t)n;
    k->i = t->s[n].i;
    k->arg = arg;
    return k;
}

void tr_call_insn(struct tr *t, enum jit_fn fn, const struct insn *i, unsigned before,
                      uint32_t arg)
{
    x_mov_i64(&t->x, RAX, (uint64_t)(uintptr_t)i);
    x_mov_i(&t->x, RCX, before);
    x_mov_i(&t->x, RDX, arg);
    x_fix(x_call(&t->x), t->j->rw + t->j->call[fn]);
}

// A result of 0 may be right after all.
static void zero_result(struct tr *t, const struct cold *k)
{
    struct x86 *x = &t->x;
    uint8_t *no;
    k->dbl ? x_test64(x, RCX, RCX) : x_test(x, RCX, RCX);
    if (k->zero == ZERO_EXACT) {
        x_fix(x_jcc(x, CC_E), k->resume);
        return;
    }
    no = x_jcc8(x, CC_NE);
    for (unsigned f = 0; f < 2; f++) {
        k->dbl ? x_load64(x, RCX, RBP, f ? k->zb : k->za) : x_load(x, RCX, RBP, f ? k->zb : k->za);
        k->dbl ? x_alu64(x, X_ADD, RCX, RCX) : x_alu(x, X_ADD, RCX, RCX);
        x_fix(x_jcc(x, CC_E), k->resume);
    }
    x_fix8(x, no);
}

// The result is right as it stands if FZ flushes no operand and, while IXC is clear, MXCSR has no
// precision exception. What is there from before only sends more to the body than need be.
static void closer_look(struct tr *t, const struct cold *k)
{
    struct x86 *x = &t->x;
    uint8_t *slow[3];
    if (k->closer & JFP_FZ) {
        x_test8_mi(x, RBP, OFF(jit_fp), JFP_FZ);
        uint8_t *none = x_jcc8(x, CC_E);
        for (unsigned f = 0; f < k->operands; f++) { // twice a denormal, less one, is small
            if (k->dbl) {
                x_load64(x, RCX, RBP, k->operand[f]);
                x_lea64_idx(x, RCX, RCX, RCX);
                x_alu64_i8(x, X_SUB, RCX, 1);
                x_shift64_i(x, X_SHR, RCX, 32);
                x_alu_i(x, X_CMP, RCX, 0x001fffff); // the last one as well: a number just above
            } else {
                x_load(x, RCX, RBP, k->operand[f]);
                x_lea_idx(x, RCX, RCX, RCX, 0);
                x_alu_i(x, X_SUB, RCX, 1);
                x_alu_i(x, X_CMP, RCX, 0x00ffffff);
            }
            slow[f] = x_jcc(x, k->dbl ? CC_BE : CC_B);
        }
        x_fix8(x, none);
    }
    if (k->closer & JFP_EXACT) {
        x_test8_mi(x, RBP, OFF(jit_fp), JFP_EXACT);
        x_fix(x_jcc(x, CC_E), k->resume);
        v_rm(x, V_MXCSR, 3, 0, RBP, OFF(jit_moved));
        x_test8_mi(x, RBP, OFF(jit_moved), 0x20);
        x_fix(x_jcc(x, CC_E), k->resume);
    } else {
        x_fix(x_jmp(x), k->resume);
    }
    for (unsigned f = 0; k->closer & JFP_FZ && f < k->operands; f++) {
        x_fix(slow[f], x->at);
    }
    x_store_i(x, RBP, OFF(jit_moved), 0x1f80);
    v_rm(x, V_MXCSR, 2, 0, RBP, OFF(jit_moved));
}

void tr_emit_cold(struct tr *t)
{
    for (unsigned n = 0; n < t->colds; n++) {
        struct cold *k = &t->cold[n];
        for (unsigned f = 0; f < 2; f++) {
            if (k->from[f]) {
                x_fix(k->from[f], t->x.at);
            }
        }
        if (k->zero) {
            zero_result(t, k);
        }
        if (k->closer) {
            closer_look(t, k);
        }
        tr_store_pend(t, &k->pend, k->pend.dirty);
        if (k->kind == COLD_FN) {
            tr_call_insn(t, (enum jit_fn)k->fn, k->i, k->before, k->arg);
            x_fix(x_jmp(&t->x), k->back);
            continue;
        }
        uint32_t site = k->is_site ? (uint32_t)(k->from[0] - t->j->rw) : 0;
        x_mov_i(&t->x, RCX, k->arg);
        x_mov_i(&t->x, RAX, site << 3 | k->exit);
        x_fix(x_jmp(&t->x), t->j->rw + t->j->exit_off);
    }
}

// ---- leaving --------------------------------------------------------------------------------------------

void tr_spend(struct tr *t, unsigned n)
{
    x_alu64_i8(&t->x, X_SUB, R15, (int)n);
}

// To the code for page offset `off`, now or when it exists. n instructions have run.
void tr_go_near(struct tr *t, unsigned off)
{
    uint8_t *from = x_jmp(&t->x);
    uint32_t at = t->page->entry[t->thumb][off >> 1];
    if (off == t->first) {
        x_fix(from, t->j->rw + t->begin);
    } else if (at) {
        x_fix(from, t->j->rw + at);
    } else {
        tr_cold_exit(t, from, JIT_CHAIN, off, true);
    }
}

static bool same_pend(const struct pend *a, const struct pend *b)
{
    return a->kind == b->kind && a->dirty == b->dirty && a->a == b->a && a->b == b->b &&
           a->imm == b->imm;
}

// A branch to the block's own beginning, with the pending flags as they are; false when there is no
// copy that starts with these.
static bool loop(struct tr *t, unsigned ran)
{
    bool first = !t->loop_head && !t->loops && t->count <= JIT_LOOP_INSNS;
    if (!first && ((!t->loops && !t->loop_head) || !same_pend(&t->pend, &t->loop_pend) ||
                   (!t->loop_head && t->loops == ARRAY_LEN(t->loop_from)))) {
        return false;
    }
    tr_spend(t, ran);
    x_cmp_mi(&t->x, RBP, OFF(attention), 0);
    tr_cold_exit(t, x_jcc(&t->x, CC_NE), JIT_LEAVE, t->first, false);
    uint8_t *from = x_jmp(&t->x);
    if (t->loop_head) {
        x_fix(from, t->loop_head);
    } else {
        t->loop_pend = t->pend;
        t->loop_from[t->loops++] = from;
    }
    return true;
}

static void taken_near(struct tr *t, unsigned off, unsigned ran)
{
    struct pend pend = t->pend;
    enum host_flags hf = t->hf;
    if (off == t->first && pend.kind && pend.dirty && loop(t, ran)) {
        t->hf = hf;
        return;
    }
    tr_settle(t, F_ALL);
    tr_spend(t, ran);
    x_cmp_mi(&t->x, RBP, OFF(attention), 0);
    tr_cold_exit(t, x_jcc(&t->x, CC_NE), JIT_LEAVE, off, false);
    tr_go_near(t, off);
    t->pend = pend; // as it is when the branch is not taken
    t->hf = hf;
}

// A branch to EAX, whose bit 0 is the T bit. `state`: 0, 1, or -1 when only bit 0 tells.
void tr_taken_far(struct tr *t, int state, unsigned ran)
{
    struct x86 *x = &t->x;
    const uint8_t *miss = t->j->rw;
    tr_spend(t, ran);
    x_cmp_mi(x, RBP, OFF(attention), 0);
    x_store(x, RBP, OFF(r) + 60, RAX);
    x_fix(x_jcc(x, CC_NE), miss);
    if (state < 0) {
        x_mov(x, RDX, RAX);
        x_alu_i(x, X_AND, RDX, 1);
        x_store8(x, RBP, OFF(thumb), RDX);
    } else if (state != t->thumb) {
        x_store8_i(x, RBP, OFF(thumb), (uint8_t)state);
    }
    _Static_assert(sizeof(struct fetch_entry) == 32 && FETCH_PAGES << 5 == 1 << 12, "index by shift");
    x_rorx(x, RCX, RAX, 7);
    x_alu_i(x, X_AND, RCX, (FETCH_PAGES - 1) << 5);
    x_alu64_m(x, X_ADD, RCX, RBP, OFF(ftlb));
    if (state > 0) {
        x_alu64_i8(x, X_ADD, RCX, FETCH_PAGES << 5);
    } else if (state < 0) {
        x_shift_i(x, X_SHL, RDX, 12);
        x_alu64(x, X_ADD, RCX, RDX);
    }
    x_mov(x, RDX, RAX);
    x_alu_i(x, X_AND, RDX, 0xfffff001);
    x_alu_m(x, X_CMP, RDX, RCX, 0);
    x_fix(x_jcc(x, CC_NE), miss);
    x_alu_i(x, X_AND, RDX, 0xfffffffe);
    x_store(x, RBP, OFF(page_va), RDX);
    x_load64(x, RDX, RCX, (int32_t)offsetof(struct fetch_entry, page));
    x_store64(x, RBP, OFF(page), RDX);
    x_load64(x, RCX, RCX, (int32_t)offsetof(struct fetch_entry, entry));
    x_alu_i(x, X_AND, RAX, 0xffe);
    // mov eax, [rcx + rax * 2]
    x_b(x, 0x8b);
    x_b(x, 0x04);
    x_b(x, 0x41);
    // lea rdx, [rip + start of the buffer]
    x_b(x, 0x48);
    x_b(x, 0x8d);
    x_b(x, 0x15);
    x_d(x, 0);
    x_fix(x->at - 4, t->j->rw);
    x_alu64(x, X_ADD, RAX, RDX);
    x_jmp_reg(x, RAX);
}

// ---- branches -----------------------------------------------------------------------------------------------

void tr_branch(struct tr *t, const struct step *s, unsigned n, enum host_flags hf)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    uint32_t off = i->off2 * 2u, pc = tr_pc_off(t, i);
    unsigned near = (off + (i->imm << (t->thumb ? 1 : 2))) & 0xffff;
    unsigned ran = n + 1, T = t->thumb;
    uint8_t *over;
    struct pend pend = t->pend; // as it is when the branch is not taken
    bool far = s->d.op != BR_NEAR && s->d.op != BR_BL_NEAR && s->d.op < BR_CBZ_NEAR;
    if (far) {
        tr_settle(t, F_ALL);
    }
    switch ((enum branch_op)s->d.op) {
    case BR_NEAR:
        if (s->d.form == 14) {
            taken_near(t, near, ran);
            break;
        }
        t->hf = hf;
        over = x_jcc8(x, (enum x86_cc)(tr_test_cond(t, s->d.form, hf) ^ 1));
        pend = t->pend;
        taken_near(t, near, ran);
        x_fix8(x, over);
        break;
    case BR_FAR:
        tr_page_plus(t, RAX, pc + i->imm + T);
        tr_taken_far(t, (int)T, ran);
        break;
    case BR_BL_NEAR:
        tr_page_plus(t, R14, off + 4 + T);
        taken_near(t, near, ran);
        break;
    case BR_BL_FAR:
        tr_page_plus(t, R14, off + 4 + T);
        tr_page_plus(t, RAX, pc + i->imm + T);
        tr_taken_far(t, (int)T, ran);
        break;
    case BR_BX:
        tr_into(t, RAX, i->rm);
        tr_taken_far(t, -1, ran);
        break;
    case BR_BX_PC:
        tr_page_plus(t, RAX, pc & ~3u);
        tr_taken_far(t, 0, ran);
        break;
    case BR_BLX_REG:
        tr_into(t, RAX, i->rm);
        tr_page_plus(t, R14, off + (T ? 3 : 4));
        tr_taken_far(t, -1, ran);
        break;
    case BR_BLX_FAR:
        tr_page_plus(t, R14, off + 4 + T);
        tr_page_plus(t, RAX, T ? (pc & ~3u) + i->imm : pc + i->imm + 1);
        tr_taken_far(t, !T, ran);
        break;
    case BR_CBZ_NEAR:
    case BR_CBNZ_NEAR: {
        unsigned r = tr_src(t, i->rn, RAX);
        x_test(x, r, r);
        over = x_jcc8(x, s->d.op == BR_CBZ_NEAR ? CC_NE : CC_E);
        taken_near(t, near, ran);
        x_fix8(x, over);
        break;
    }
    case BR_CBZ_FAR:
    case BR_CBNZ_FAR: {
        unsigned r = tr_src(t, i->rn, RAX);
        x_test(x, r, r);
        over = x_jcc(x, s->d.op == BR_CBZ_FAR ? CC_NE : CC_E);
        tr_settle(t, F_ALL);
        tr_page_plus(t, RAX, off + 4 + i->imm + T);
        tr_taken_far(t, (int)T, ran);
        x_fix(over, x->at);
        break;
    }
    }
    t->pend = pend;
}
