// SPDX-License-Identifier: MIT
//
// Advanced SIMD single precision in line. Always under the standard FPSCR value: default NaN, flush to
// zero, round to nearest. Host arithmetic is kept when no lane can differ: IXC is set already, no
// operand is a denormal, the result is finite and no denormal, and a product is clear of the smallest
// exponent or an exact zero. Otherwise the interpreter's body takes the whole instruction.
#include "cpu/isa.h"
#include "cpu/jit/vec.h"
#include "cpu/jit/x86_vec.h"

#define D(n_) (OFF(d) + 8 * (int32_t)(n_))
enum { R, N, M, OLD, T4, T5, P, ONES, K1, BAD, T10, T11 };

static void ld(struct x86 *x, unsigned xmm, unsigned reg, bool q)
{
    v_rm(x, q ? V_MOVUPS : V_MOVQ, xmm, 0, RBP, D(reg));
}

static void st(struct x86 *x, unsigned reg, bool q, unsigned xmm)
{
    v_rm(x, q ? V_MOVUPS_ST : V_MOVQ_ST, xmm, 0, RBP, D(reg));
}

// BAD starts empty; K1 is the largest doubled denormal less one, plus one.
static void begin_checks(struct x86 *x)
{
    v_ones(x, ONES);
    v_shift(x, V_SHD, V_SRL, K1, ONES, 8);
    v_rr(x, V_PXOR, BAD, BAD, BAD);
}

// dst = 2 * v - 1: denormals come out smallest, zero largest.
static void doubled(struct x86 *x, unsigned dst, unsigned v)
{
    v_rr(x, V_PADDD, dst, v, v);
    v_rr(x, V_PADDD, dst, dst, ONES);
}

// Marks lanes where min, a minimum of doubled numbers, is below `limit`.
static void mark_below(struct x86 *x, unsigned min, unsigned limit, unsigned scratch)
{
    v_rr(x, V_PMAXUD, scratch, min, limit);
    v_rr(x, V_PXOR, scratch, scratch, min);
    v_rr(x, V_POR, BAD, BAD, scratch);
}

static void mark_infinite(struct x86 *x, unsigned v)
{
    v_rr(x, V_SUBPS, T10, v, v); // 0, or a NaN
    v_rr(x, V_POR, BAD, BAD, T10);
}

static void mark_denormals(struct x86 *x, unsigned a, unsigned b)
{
    doubled(x, T4, a);
    doubled(x, T5, b);
    v_rr(x, V_PMINUD, T4, T4, T5);
    mark_below(x, T4, K1, T5);
}

// r = a + b or a - b
static void mark_sum(struct x86 *x, unsigned a, unsigned b, unsigned r)
{
    mark_denormals(x, a, b);
    doubled(x, T4, r);
    mark_below(x, T4, K1, T5);
    mark_infinite(x, r);
}

// r = a * b
static void mark_product(struct x86 *x, unsigned a, unsigned b, unsigned r)
{
    mark_denormals(x, a, b);
    // zero exactly when one of the factors is
    v_rr(x, V_PADDD, T4, a, a);
    v_rr(x, V_PADDD, T5, b, b);
    v_rr(x, V_PMINUD, T4, T4, T5);
    v_rr(x, V_PXOR, T10, T10, T10);
    v_rr(x, V_PCMPEQD, T4, T4, T10);
    v_rr(x, V_PADDD, T5, r, r);
    v_rr(x, V_PCMPEQD, T11, T5, T10);
    v_rr(x, V_PXOR, T4, T4, T11);
    v_rr(x, V_POR, BAD, BAD, T4);
    // otherwise an exponent of 2 or more
    v_rr(x, V_PADDD, T5, T5, ONES);
    v_shift(x, V_SHD, V_SRL, T4, ONES, 7);
    mark_below(x, T5, T4, T10);
    mark_infinite(x, r);
}

static void end_checks(struct x86 *x, struct cold *k)
{
    v_rr(x, V_PTEST, BAD, 0, BAD);
    k->from[1] = x_jcc(x, CC_NE);
}

static void arith(struct tr *t, const struct step *s, unsigned n, bool q, struct cold *k,
                  struct cold **exact)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    enum vec_kind kind = (enum vec_kind)s->v->kind;
    bool lane = kind >= VK_FMUL_LANE && kind <= VK_FMLS_LANE;
    if (kind == VK_FPADD) {
        v_rm(x, V_MOVQ, R, 0, RBP, D(i->rn));
        v_rm(x, V_MOVHPS, R, R, RBP, D(i->rm));
        v_rri(x, V_PSHUFD, N, 0, R, 0x08);
        v_rri(x, V_PSHUFD, M, 0, R, 0x0d);
    } else {
        ld(x, N, i->rn, q);
        if (lane) {
            v_rm(x, V_PBROADCASTD, M, 0, RBP, D(i->rm) + 4 * (int32_t)i->rs);
        } else {
            ld(x, M, i->rm, q);
        }
    }
    begin_checks(x);
    switch (kind) {
    case VK_FADD:
    case VK_FPADD:
        v_rr(x, V_ADDPS, R, N, M);
        mark_sum(x, N, M, R);
        break;
    case VK_FSUB:
    case VK_FABD:
        v_rr(x, V_SUBPS, R, N, M);
        mark_sum(x, N, M, R);
        if (kind == VK_FABD) {
            v_shift(x, V_SHD, V_SRL, ONES, ONES, 1);
            v_rr(x, V_PAND, R, R, ONES);
        }
        break;
    case VK_FMUL:
    case VK_FMUL_LANE:
        v_rr(x, V_MULPS, R, N, M);
        mark_product(x, N, M, R);
        break;
    default:
        ld(x, OLD, i->rd, q);
        v_rr(x, V_MULPS, P, N, M);
        mark_product(x, N, M, P);
        v_rr(x, kind == VK_FMLA || kind == VK_FMLA_LANE ? V_ADDPS : V_SUBPS, R, OLD, P);
        mark_sum(x, OLD, OLD, R);
        break;
    }
    end_checks(x, k);
    exact[0] = tr_vec_closer(t, n, JIT_FN_VECTOR, JFP_EXACT);
    st(x, i->rd, q, R);
}

// op[0]: predicate with the operands exchanged; op[1]: the second operand is zero; op[2]: n and m swap
static void compare(struct x86 *x, const struct step *s, bool q, struct cold *k)
{
    const struct insn *i = s->i;
    unsigned a = s->v->op[2] ? M : N, b = s->v->op[2] ? N : M;
    if (s->v->op[1]) {
        ld(x, N, i->rm, q);
        v_rr(x, V_PXOR, M, M, M);
    } else {
        ld(x, N, i->rn, q);
        ld(x, M, i->rm, q);
    }
    begin_checks(x);
    mark_denormals(x, N, M);
    v_rri(x, V_CMPPS, T4, N, M, 3); // unordered
    v_rr(x, V_POR, BAD, BAD, T4);
    end_checks(x, k);
    v_rri(x, V_CMPPS, R, b, a, s->v->op[0]);
    st(x, i->rd, q, R);
}

static void extreme(struct x86 *x, const struct step *s, bool q, struct cold *k)
{
    const struct insn *i = s->i;
    bool max = s->v->kind == VK_FMAX;
    ld(x, N, i->rn, q);
    ld(x, M, i->rm, q);
    begin_checks(x);
    mark_denormals(x, N, M);
    v_rri(x, V_CMPPS, T4, N, M, 3);
    v_rr(x, V_POR, BAD, BAD, T4);
    end_checks(x, k);
    // Equal numbers have equal bits but for the zeros: there the signs combine.
    v_rr(x, max ? V_MAXPS : V_MINPS, R, N, M);
    v_rr(x, max ? V_MAXPS : V_MINPS, T4, M, N);
    v_rr(x, max ? V_PAND : V_POR, R, R, T4);
    st(x, i->rd, q, R);
}

static void convert(struct tr *t, const struct step *s, unsigned n, bool q, struct cold *k,
                    struct cold **exact)
{
    struct x86 *x = &t->x;
    const struct insn *i = s->i;
    ld(x, M, i->rm, q);
    if (s->v->kind == VK_CVT_S32) {
        v_rr(x, V_CVTDQ2PS, R, 0, M);
    } else {
        begin_checks(x);
        mark_denormals(x, M, M);
        v_rr(x, V_CVTTPS2DQ, R, 0, M);
        v_shift(x, V_SHD, V_SLL, T4, ONES, 31); // what the host says where it does not fit
        v_rr(x, V_PCMPEQD, T4, T4, R);
        v_rr(x, V_POR, BAD, BAD, T4);
        end_checks(x, k);
    }
    exact[0] = tr_vec_closer(t, n, JIT_FN_VECTOR, JFP_EXACT);
    st(x, i->rd, q, R);
}

bool tr_neon_fp(struct tr *t, const struct step *s, unsigned n)
{
    struct x86 *x = &t->x;
    const struct isa_row *row = &isa_rows[s->i->row];
    bool q = isa_field(row, s->i->raw, 'Q') & 1;
    enum vec_kind kind = (enum vec_kind)s->v->kind;
    if (kind == VK_FCVT_U32) {
        return false;
    }
    struct cold *k = tr_cold_fn(t, NULL, JIT_FN_VECTOR, n, 0);
    struct cold *exact = NULL;
    if (kind == VK_FCMP) {
        compare(x, s, q, k);
    } else if (kind == VK_FMAX || kind == VK_FMIN) {
        extreme(x, s, q, k);
    } else if (kind == VK_FCVT_S32 || kind == VK_CVT_S32) {
        convert(t, s, n, q, k, &exact);
    } else {
        arith(t, s, n, q, k, &exact);
    }
    k->back = x->at;
    if (exact) {
        exact->back = x->at;
    }
    return true;
}
