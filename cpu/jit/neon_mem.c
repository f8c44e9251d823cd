// SPDX-License-Identifier: MIT
//
// Advanced SIMD loads and stores in line: whole registers, interleaved by two and four, one lane, one
// element to all lanes. One probe covers the whole access; what it does not cover (a page's end,
// alignment, devices) goes to the interpreter's body. i->imm is packed as neon_mem.c says.
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"

#define D(n_) (OFF(d) + 8 * (int32_t)(n_))

struct access {
    unsigned align, size, structure, step, regs, lane;
};

static void write_back(struct tr *t, const struct insn *i, unsigned bytes)
{
    struct x86 *x = &t->x;
    if (i->rm == 13) {
        tr_move_base(t, i->rn, bytes);
    } else if (i->rm != 15) {
        tr_into(t, RAX, i->rn);
        x_alu(x, X_ADD, RAX, tr_src(t, i->rm, RDX));
        tr_put(t, i->rn, RAX);
    }
}

// vd[0] and vd[1] become even and odd elements of 32 bytes in xmm0:xmm1.
static void unzip(struct x86 *x, unsigned size)
{
    unsigned sh = size ? V_SHD : V_SHW, n = size ? 16 : 8, pack = size ? V_PACKUSDW : V_PACKUSWB;
    if (size == 2) {
        v_rri(x, V_SHUFPS, 2, 0, 1, 0x88);
        v_rri(x, V_SHUFPS, 1, 0, 1, 0xdd);
        v_rr(x, V_MOVUPS, 0, 0, 2);
        return;
    }
    v_shift(x, sh, V_SRL, 2, 0, n);
    v_shift(x, sh, V_SRL, 3, 1, n);
    v_shift(x, sh, V_SLL, 0, 0, n);
    v_shift(x, sh, V_SRL, 0, 0, n);
    v_shift(x, sh, V_SLL, 1, 1, n);
    v_shift(x, sh, V_SRL, 1, 1, n);
    v_rr(x, pack, 0, 0, 1);
    v_rr(x, pack, 1, 2, 3);
}

static void zip(struct x86 *x, unsigned size)
{
    static const uint16_t low[3] = {V_PUNPCKLBW, V_PUNPCKLWD, V_PUNPCKLDQ};
    static const uint16_t high[3] = {V_PUNPCKHBW, V_PUNPCKHWD, V_PUNPCKHDQ};
    v_rr(x, low[size], 2, 0, 1);
    v_rr(x, high[size], 1, 0, 1);
    v_rr(x, V_MOVUPS, 0, 0, 2);
}

// RCX: host address
static void consecutive(struct x86 *x, const struct insn *i, unsigned regs, bool store)
{
    int32_t d = D(i->rd), at = 0;
    for (; regs; d += 16, at += 16) {
        bool two = regs >= 2;
        if (store) {
            v_rm(x, two ? V_MOVUPS : V_MOVQ, 0, 0, RBP, d);
            v_rm(x, two ? V_MOVUPS_ST : V_MOVQ_ST, 0, 0, RCX, at);
        } else {
            v_rm(x, two ? V_MOVUPS : V_MOVQ, 0, 0, RCX, at);
            v_rm(x, two ? V_MOVUPS_ST : V_MOVQ_ST, 0, 0, RBP, d);
        }
        regs -= two ? 2 : 1;
    }
}

static void pair_registers(struct x86 *x, unsigned xmm, unsigned a, unsigned b, bool store)
{
    if (store) {
        v_rm(x, V_MOVQ, xmm, 0, RBP, D(a));
        v_rm(x, V_MOVHPS, xmm, xmm, RBP, D(b));
    } else {
        v_rm(x, V_MOVQ_ST, xmm, 0, RBP, D(a));
        v_rm(x, V_MOVHPS_ST, xmm, 0, RBP, D(b));
    }
}

static void interleaved(struct x86 *x, const struct insn *i, const struct access *a, bool store)
{
    unsigned d = i->rd, step = a->step;
    if (a->structure == 2 && a->regs == 1) { // 16 bytes
        if (store) {
            v_rm(x, V_MOVQ, 0, 0, RBP, D(d));
            v_rm(x, V_MOVQ, 1, 0, RBP, D(d + step));
            zip(x, a->size);
            v_rm(x, V_MOVUPS_ST, 0, 0, RCX, 0);
        } else {
            v_rm(x, V_MOVUPS, 0, 0, RCX, 0);
            v_rr(x, V_PXOR, 1, 1, 1);
            unzip(x, a->size);
            v_rm(x, V_MOVQ_ST, 0, 0, RBP, D(d));
            v_rm(x, V_MOVQ_ST, 1, 0, RBP, D(d + step));
        }
        return;
    }
    if (!store) {
        v_rm(x, V_MOVUPS, 0, 0, RCX, 0);
        v_rm(x, V_MOVUPS, 1, 0, RCX, 16);
        unzip(x, a->size);
        if (a->structure == 4) {
            unzip(x, a->size);
        }
    }
    if (a->structure == 2) {
        pair_registers(x, 0, d, d + 1, store);
        pair_registers(x, 1, d + step, d + step + 1, store);
    } else {
        pair_registers(x, 0, d, d + step, store);
        pair_registers(x, 1, d + 2 * step, d + 3 * step, store);
    }
    if (store) {
        zip(x, a->size);
        if (a->structure == 4) {
            zip(x, a->size);
        }
        v_rm(x, V_MOVUPS_ST, 0, 0, RCX, 0);
        v_rm(x, V_MOVUPS_ST, 1, 0, RCX, 16);
    }
}

static void lanes(struct x86 *x, const struct insn *i, const struct access *a, bool store)
{
    for (unsigned k = 0; k < a->structure; k++) {
        int32_t lane = D(i->rd + k * a->step) + (int32_t)(a->lane << a->size);
        int32_t at = (int32_t)(k << a->size);
        unsigned from = store ? (unsigned)RBP : RCX, to = store ? RCX : RBP;
        int32_t fd = store ? lane : at, td = store ? at : lane;
        if (a->size == 2) {
            x_load(x, RDX, from, fd);
            x_store(x, to, td, RDX);
        } else {
            x_load_ext(x, a->size ? W16U : W8U, RDX, from, fd);
            a->size ? x_store16(x, to, td, RDX) : x_store8(x, to, td, RDX);
        }
    }
}

static void all_lanes(struct x86 *x, const struct insn *i, const struct access *a)
{
    static const uint16_t op[3] = {V_PBROADCASTB, V_PBROADCASTW, V_PBROADCASTD};
    for (unsigned k = 0; k < a->structure; k++) {
        v_rm(x, op[a->size], 0, 0, RCX, (int32_t)(k << a->size));
        v_rm(x, a->regs == 2 ? V_MOVUPS_ST : V_MOVQ_ST, 0, 0, RBP, D(i->rd + k * a->step));
    }
}

void tr_neon_mem(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum vec_kind kind = (enum vec_kind)s->v->kind;
    struct access a = {i->imm & 255,      i->imm >> 8 & 3,  (i->imm >> 10 & 3) + 1,
                       i->imm >> 12 & 7, i->imm >> 15 & 7, i->imm >> 18 & 7};
    bool multi = kind == VK_LD_MULTI || kind == VK_ST_MULTI;
    bool store = kind == VK_ST_MULTI || kind == VK_ST_LANE;
    unsigned bytes = multi ? 8 * a.structure * a.regs : a.structure << a.size;
    unsigned element = t->c->jit_unaligned ? 1 : 1u << a.size;
    unsigned align = a.align > element ? a.align : element;
    tr_vec_enabled(t, n, JFP_NEON_OFF);
    if (multi && a.structure == 3) {
        tr_call_insn(t, JIT_FN_EXEC, i, n, 0);
        return;
    }
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_EXEC, n, 0);
    tr_into(t, RAX, i->rn);
    tr_probe(t, store, align, bytes, k);
    x_alu64(x, X_ADD, RCX, RAX);
    if (multi && a.structure == 1) {
        consecutive(x, i, a.regs, store);
    } else if (multi) {
        interleaved(x, i, &a, store);
    } else if (kind == VK_LD_ALL) {
        all_lanes(x, i, &a);
    } else {
        lanes(x, i, &a, store);
    }
    write_back(t, i, bytes);
    k->back = x->at;
}
