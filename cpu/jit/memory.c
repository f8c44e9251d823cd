// SPDX-License-Identifier: MIT
//
// Loads and stores of core registers: a probe of the current translation bank in line, the interpreter's
// body when it misses.
#include "cpu/jit/tr.h"


// ---- memory ------------------------------------------------------------------------------------------------

// With the address in RAX: RCX = addend of its page, or off to cold code. `bytes` > size: they must
// not cross the page's end.
static void probe_at(struct tr *t, unsigned at, bool write, unsigned size, unsigned bytes,
                        struct cold *k)
{
    struct x86 *x = &t->x;
    _Static_assert(sizeof(struct tlb_entry) == 16 && TLB_PAGE == 12, "index by shift");
    x_rorx(x, RCX, at, 8);
    x_alu_m(x, X_AND, RCX, RBP, OFF(tlb_mask));
    x_alu64_m(x, X_ADD, RCX, RBP, OFF(tlb));
    // The last element must be on the entry's page: then the first one, which chose it, is as well.
    if (bytes > size) {
        x_lea(x, RDX, at, (int32_t)(bytes - size));
    } else {
        x_mov(x, RDX, at);
    }
    x_alu_i(x, X_AND, RDX, TLB_MASK(size));
    x_alu_m(x, X_CMP, RDX, RCX, write ? 4 : 0);
    k->from[0] = x_jcc(x, CC_NE);
    if (t->c->flat) { // known without waiting for the entry
        x_load64(x, RCX, RBP, OFF(flat));
    } else {
        x_load64(x, RCX, RCX, 8);
    }
}

void tr_probe(struct tr *t, bool write, unsigned size, unsigned bytes, struct cold *k)
{
    probe_at(t, RAX, write, size, bytes, k);
}

static const enum x86_width load_width[] = {W32, W8U, W16U, W8S, W16S, W32, W8U, W16U};
static const uint8_t op_size[] = {4, 1, 2, 1, 2, 4, 1, 2};

// RAX = rn + imm
void tr_base_plus(struct tr *t, unsigned rn, uint32_t imm)
{
    if (jit_host[rn] != NO_REG && imm) {
        x_lea(&t->x, RAX, jit_host[rn], (int32_t)imm);
        return;
    }
    tr_into(t, RAX, rn);
    if (imm) {
        x_alu_i(&t->x, X_ADD, RAX, imm);
    }
}

// rn += imm
void tr_move_base(struct tr *t, unsigned rn, uint32_t imm)
{
    if (jit_host[rn] != NO_REG) {
        x_alu_i(&t->x, X_ADD, jit_host[rn], imm);
    } else {
        x_load(&t->x, RDX, RBP, REG(rn));
        x_alu_i(&t->x, X_ADD, RDX, imm);
        x_store(&t->x, RBP, REG(rn), RDX);
    }
}

// The same, RDX kept.
static void move_base_keep(struct tr *t, unsigned rn, uint32_t imm)
{
    if (jit_host[rn] != NO_REG) {
        x_alu_i(&t->x, X_ADD, jit_host[rn], imm);
    } else {
        x_load(&t->x, RCX, RBP, REG(rn));
        x_alu_i(&t->x, X_ADD, RCX, imm);
        x_store(&t->x, RBP, REG(rn), RCX);
    }
}

void tr_ldst(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum mem_op op = (enum mem_op)s->d.op;
    enum mem_form form = (enum mem_form)s->d.form;
    bool store = op >= MO_STR;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_LDST, n, (uint32_t)op | (uint32_t)form << 8);
    unsigned at = RAX;
    switch (form) {
    case MF_OFF:
        if (!i->imm) {
            at = tr_src(t, i->rn, RAX);
            break;
        }
        tr_base_plus(t, i->rn, i->imm);
        break;
    case MF_PRE:
        tr_base_plus(t, i->rn, i->imm);
        break;
    case MF_POST:
        at = tr_src(t, i->rn, RAX);
        break;
    case MF_REG:
        tr_into(t, RAX, i->rm);
        if (i->rs) {
            x_shift_i(x, X_SHL, RAX, i->rs);
        }
        x_alu(x, X_ADD, RAX, tr_src(t, i->rn, RCX));
        break;
    case MF_LIT:
        tr_page_plus(t, RAX, (tr_pc_off(t, i) & ~3u) + i->imm);
        break;
    }
    probe_at(t, at, store, t->c->jit_unaligned ? 1 : op_size[op], op_size[op], k);
    if (store) {
        x_store_idx(x, load_width[op], RCX, at, tr_src(t, i->rd, RDX));
        if (form == MF_PRE) {
            tr_put(t, i->rn, RAX);
        } else if (form == MF_POST) {
            tr_move_base(t, i->rn, i->imm);
        }
    } else {
        bool wb = form == MF_PRE || form == MF_POST;
        unsigned to = jit_host[i->rd] != NO_REG && !(wb && i->rn == i->rd) ? jit_host[i->rd] : RDX;
        x_load_idx(x, load_width[op], to, RCX, at);
        if (form == MF_PRE) {
            tr_put(t, i->rn, RAX);
        } else if (form == MF_POST) {
            move_base_keep(t, i->rn, i->imm);
        }
        if (to == RDX) {
            tr_put(t, i->rd, RDX);
        }
    }
    k->back = x->at;
}

// exec_ldst_generic: shifted and subtracted offsets, and loads of the PC.
void tr_ldst_generic(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum mem_op op = (enum mem_op)(i->rs & LSG_KIND);
    bool store = op >= MO_STR, reg = i->rs & LSG_REG, sub = i->rs & LSG_SUB;
    bool pre = i->rs & LSG_PRE, wb = i->rs & LSG_WB;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    if (reg) {
        unsigned type = i->imm >> 8, amount = i->imm & 31;
        tr_into(t, RDX, i->rm);
        if (type == 0 && amount) {
            x_shift_i(x, X_SHL, RDX, amount);
        } else if (type == 1) {
            if (amount) {
                x_shift_i(x, X_SHR, RDX, amount);
            } else {
                x_mov_i(x, RDX, 0);
            }
        } else if (type == 2) {
            x_shift_i(x, X_SAR, RDX, amount ? amount : 31);
        } else if (type == 3 && amount) {
            x_shift_i(x, X_ROR, RDX, amount);
        } else if (type == 3) {
            x_cmp8_mi(x, RBP, OFF(cf), 1);
            x_cmc(x);
            x_shift_i(x, X_RCR, RDX, 1);
        }
    } else {
        x_mov_i(x, RDX, i->imm);
    }
    if (i->rn == 15) {
        tr_page_plus(t, RAX, tr_pc_off(t, i) & ~3u);
    } else {
        tr_into(t, RAX, i->rn);
    }
    // RDX becomes the moved base, RAX the address.
    if (sub) {
        x_neg(x, RDX);
    }
    x_alu(x, X_ADD, RDX, RAX);
    if (pre) {
        x_mov(x, RAX, RDX);
    }
    if (wb && !pre) {
        x_store(x, RBP, OFF(jit_moved), RDX);
    }
    tr_probe(t, store, t->c->jit_unaligned ? 1 : op_size[op], op_size[op], k);
    if (store) {
        x_store_idx(x, load_width[op], RCX, RAX, tr_src(t, i->rd, RDX));
    } else {
        x_load_idx(x, load_width[op], RDX, RCX, RAX);
    }
    if (wb) {
        if (!pre) {
            x_load(x, RAX, RBP, OFF(jit_moved));
        }
        tr_put(t, i->rn, RAX);
    }
    if (!store && i->rd == 15) {
        x_mov(x, RAX, RDX);
        tr_taken_far(t, -1, n + 1);
    } else if (!store) {
        tr_put(t, i->rd, RDX);
    }
    k->back = x->at;
}

void tr_dual(struct tr *t, const struct step *s, unsigned n, bool store)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    bool pre = i->rs & LSG_PRE, wb = i->rs & LSG_WB;
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    if (i->rs & LSG_REG) {
        tr_into(t, RDX, i->imm);
    } else {
        x_mov_i(x, RDX, i->imm);
    }
    if (i->rn == 15) {
        tr_page_plus(t, RAX, tr_pc_off(t, i) & ~3u);
    } else {
        tr_into(t, RAX, i->rn);
    }
    if (i->rs & LSG_SUB) {
        x_neg(x, RDX);
    }
    x_alu(x, X_ADD, RDX, RAX);
    if (pre) {
        x_mov(x, RAX, RDX);
    }
    if (wb) {
        x_store(x, RBP, OFF(jit_moved), RDX);
    }
    tr_probe(t, store, 4, 8, k);
    x_alu64(x, X_ADD, RCX, RAX);
    if (store) {
        x_store(x, RCX, 0, tr_src(t, i->rd, RDX));
        x_store(x, RCX, 4, tr_src(t, i->rm, RDX));
    } else {
        x_load(x, RDX, RCX, 0);
        x_load(x, RCX, RCX, 4);
    }
    if (wb) {
        x_load(x, RAX, RBP, OFF(jit_moved));
        tr_put(t, i->rn, RAX);
    }
    if (!store) {
        tr_put(t, i->rd, RDX);
        tr_put(t, i->rm, RCX);
    }
    k->back = x->at;
}

void tr_multiple(struct tr *t, const struct step *s, unsigned n, bool store, enum jit_fn slow)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    struct cold *k = tr_cold_fn(t, NULL, slow, n, 0);
    tr_base_plus(t, i->rn, (uint32_t)(int8_t)i->rm);
    tr_probe(t, store, 4, 4u * i->rd, k);
    x_alu64(x, X_ADD, RCX, RAX);
    uint32_t wb = (uint32_t)(int8_t)i->rs;
    if (!store && wb) {
        tr_move_base(t, i->rn, wb);
    }
    int32_t at = 0;
    for (uint32_t list = i->imm & 0x7fff; list; list &= list - 1, at += 4) {
        unsigned r = (unsigned)__builtin_ctz(list);
        if (store) {
            x_store(x, RCX, at, tr_src(t, r, RDX));
        } else if (jit_host[r] != NO_REG) {
            x_load(x, jit_host[r], RCX, at);
        } else {
            x_load(x, RDX, RCX, at);
            x_store(x, RBP, REG(r), RDX);
        }
    }
    if (store && wb) {
        tr_move_base(t, i->rn, wb);
    }
    if (!store && i->imm & 0x8000) {
        x_load(x, RAX, RCX, at);
        tr_taken_far(t, -1, n + 1);
    }
    k->back = x->at;
}
