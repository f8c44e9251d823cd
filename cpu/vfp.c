// SPDX-License-Identifier: MIT
//
// VFP arithmetic on scalars (ARM DDI 0406C A8.8, the VFP forms): three and two operands, comparison.
// One function an operation computes one lane from destination, first and second operand; the
// executor applies it to a scalar, or hands it to the short vector loop (vfp_vector.c) while
// FPSCR.LEN is not 0. Conversions are in vfp_convert.c.
#include "cpu/vfp.h"
#include "cpu/fp/fast.h"
#include "cpu/isa_protos.h"

// ---- decoding ------------------------------------------------------------------------------------

enum prep prep_vfp_s3(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    d->i->rn = vfp_single(d, 'n', 'N');
    d->i->rm = vfp_single(d, 'm', 'M');
    return PREP_OK;
}

enum prep prep_vfp_d3(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->rm = vfp_double(d, 'm', 'M');
    bool ok = vfp_has_double(d, d->i->rd) && vfp_has_double(d, d->i->rn) &&
              vfp_has_double(d, d->i->rm);
    return ok ? PREP_OK : PREP_UNDEF;
}

// Two operands: the second is repeated as the first, so that short vectors step evenly.
enum prep prep_vfp_s2(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    d->i->rn = d->i->rm = vfp_single(d, 'm', 'M');
    return PREP_OK;
}

enum prep prep_vfp_d2(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = d->i->rm = vfp_double(d, 'm', 'M');
    return vfp_has_double(d, d->i->rd) && vfp_has_double(d, d->i->rm) ? PREP_OK : PREP_UNDEF;
}

uint32_t vfp_expand_imm32(unsigned imm8)
{
    uint32_t b = imm8 >> 6 & 1;
    return (imm8 & 0x80u) << 24 | (b ? 0x3e000000u : 0x40000000u) | (imm8 & 0x3f) << 19;
}

uint64_t vfp_expand_imm64(unsigned imm8)
{
    uint64_t b = imm8 >> 6 & 1;
    return (imm8 & 0x80ull) << 56 | (b ? 0x3fc0000000000000ull : 0x4000000000000000ull) |
           (imm8 & 0x3full) << 48;
}

enum prep prep_vfp_imm_s(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    d->i->rn = d->i->rm = 0; // bank 0: does not step
    d->i->imm = fld(d, 'i');
    return PREP_OK;
}

enum prep prep_vfp_imm_d(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = d->i->rm = 0;
    d->i->imm = fld(d, 'i');
    return vfp_has_double(d, d->i->rd) ? PREP_OK : PREP_UNDEF;
}

// ---- one lane ------------------------------------------------------------------------------------

// name, the expression over d, n, m and env, and the quick form: true with *r when it is certain
// (fp/fast.h). SIGN is the format's sign bit.
#define NEG(x) ((x) ^ SIGN)
#define VFP_OPS(X)                                                                                 \
    X(vadd, FP(add_fast)(env, n, m), FP(add_quick)(n, m, r))                                       \
    X(vsub, FP(sub_fast)(env, n, m), FP(add_quick)(n, NEG(m), r))                                  \
    X(vmul, FP(mul_fast)(env, n, m), FP(mul_quick)(n, m, r))                                       \
    X(vdiv, FP(div_fast)(env, n, m), FP(div_quick)(n, m, r))                                       \
    X(vnmul, NEG(FP(mul_fast)(env, n, m)), FP(mul_quick)(n, m, r) && (*r = NEG(*r), true))         \
    X(vmla, FP(add_fast)(env, d, FP(mul_fast)(env, n, m)),                                         \
      FP(mul_quick)(n, m, r) && FP(add_quick)(d, *r, r))                                           \
    X(vmls, FP(add_fast)(env, d, NEG(FP(mul_fast)(env, n, m))),                                    \
      FP(mul_quick)(n, m, r) && FP(add_quick)(d, NEG(*r), r))                                      \
    X(vnmla, FP(add_fast)(env, NEG(d), NEG(FP(mul_fast)(env, n, m))),                              \
      FP(mul_quick)(n, m, r) && FP(add_quick)(NEG(d), NEG(*r), r))                                 \
    X(vnmls, FP(add_fast)(env, NEG(d), FP(mul_fast)(env, n, m)),                                   \
      FP(mul_quick)(n, m, r) && FP(add_quick)(NEG(d), *r, r))                                      \
    X(vsqrt, FP(sqrt_fast)(env, m), false)

#define VFP_MOVES(X)                                                                               \
    X(vmov, m)                                                                                     \
    X(vneg, NEG(m))                                                                                \
    X(vabs, m & ~SIGN)

// Fused forms have no short vectors: UNDEFINED while LEN or STRIDE is set.
#define VFP_FUSED(X)                                                                               \
    X(vfma, FP(fma_fast)(env, d, n, m))                                                            \
    X(vfms, FP(fma_fast)(env, d, NEG(n), m))                                                       \
    X(vfnma, FP(fma_fast)(env, NEG(d), NEG(n), m))                                                 \
    X(vfnms, FP(fma_fast)(env, NEG(d), n, m))

// Everything as the quick forms expect it.
static inline bool quick_state(const struct cpu *c)
{
    return c->fp_on && !(c->fpscr_ctl & (FPSCR_LEN | FPSCR_RMODE)) && c->fpscr_exc & FPSCR_IXC;
}

#define LANE(name, expr)                                                                           \
    static inline TYPE NAME(lane_##name)(struct fp_env * env, TYPE d, TYPE n, TYPE m)              \
    {                                                                                              \
        (void)env, (void)d, (void)n, (void)m;                                                      \
        return expr;                                                                               \
    }

// The slow function is apart and reached by a jump, so that the common path needs no stack frame.
#define EXEC(name, expr, quick)                                                                    \
    LANE(name, expr)                                                                               \
    static NOINLINE void NAME(slow_##name)(struct cpu * c, const struct insn *i)                   \
    {                                                                                              \
        fp_require(c);                                                                             \
        if (unlikely(c->fpscr_ctl & FPSCR_LEN)) {                                                  \
            VECTOR(c, i, NAME(lane_##name));                                                       \
            return;                                                                                \
        }                                                                                          \
        struct fp_env env = vfp_env(c);                                                            \
        TYPE *v = REGS(c);                                                                         \
        v[i->rd] = NAME(lane_##name)(&env, v[i->rd], v[i->rn], v[i->rm]);                          \
        vfp_env_done(c, &env);                                                                     \
    }                                                                                              \
    void NAME(exec_##name)(struct cpu * c, const struct insn *i)                                   \
    {                                                                                              \
        TYPE *v = REGS(c), result = 0, *r = &result;                                               \
        const TYPE d = v[i->rd], n = v[i->rn], m = v[i->rm];                                       \
        (void)d, (void)n, (void)m, (void)r;                                                        \
        if (likely(quick_state(c)) && likely(quick)) {                                             \
            v[i->rd] = result;                                                                     \
            return;                                                                                \
        }                                                                                          \
        NAME(slow_##name)(c, i);                                                                   \
    }

#define EXEC_MOVE(name, expr)                                                                      \
    LANE(name, expr)                                                                               \
    void NAME(exec_##name)(struct cpu * c, const struct insn *i)                                   \
    {                                                                                              \
        fp_require(c);                                                                             \
        if (unlikely(c->fpscr_ctl & FPSCR_LEN)) {                                                  \
            VECTOR(c, i, NAME(lane_##name));                                                       \
            return;                                                                                \
        }                                                                                          \
        TYPE *r = REGS(c);                                                                         \
        r[i->rd] = NAME(lane_##name)(NULL, 0, 0, r[i->rm]);                                        \
    }

#define EXEC_FUSED(name, expr)                                                                     \
    LANE(name, expr)                                                                               \
    void NAME(exec_##name)(struct cpu * c, const struct insn *i)                                   \
    {                                                                                              \
        fp_require(c);                                                                             \
        if (unlikely(c->fpscr_ctl & (FPSCR_LEN | FPSCR_STRIDE))) {                                 \
            exc_undefined(c);                                                                      \
        }                                                                                          \
        struct fp_env env = vfp_env(c);                                                            \
        TYPE *r = REGS(c);                                                                         \
        r[i->rd] = NAME(lane_##name)(&env, r[i->rd], r[i->rn], r[i->rm]);                          \
        vfp_env_done(c, &env);                                                                     \
    }

#define TYPE uint32_t
#define SIGN FP32_SIGN
#define FP(op) fp32_##op
#define NAME(n) n##_f32
#define REGS(c) vfp_s(c)
#define VECTOR vfp_vector32
VFP_OPS(EXEC)
VFP_MOVES(EXEC_MOVE)
VFP_FUSED(EXEC_FUSED)
#undef TYPE
#undef SIGN
#undef FP
#undef NAME
#undef REGS
#undef VECTOR

#define TYPE uint64_t
#define SIGN FP64_SIGN
#define FP(op) fp64_##op
#define NAME(n) n##_f64
#define REGS(c) ((c)->d)
#define VECTOR vfp_vector64
VFP_OPS(EXEC)
VFP_MOVES(EXEC_MOVE)
VFP_FUSED(EXEC_FUSED)

// ---- constants -----------------------------------------------------------------------------------

void exec_vmov_imm_f32(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    uint32_t imm = vfp_expand_imm32(i->imm);
    if (unlikely(c->fpscr_ctl & FPSCR_LEN)) {
        // Goes through the vector loop with the constant in place of S0.
        vfp_require_vectors(c);
        uint32_t kept = vfp_s(c)[0];
        vfp_s(c)[0] = imm;
        vfp_vector32(c, i, lane_vmov_f32);
        if (i->rd != 0) {
            vfp_s(c)[0] = kept;
        }
        return;
    }
    vfp_s(c)[i->rd] = imm;
}

void exec_vmov_imm_f64(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    uint64_t imm = vfp_expand_imm64(i->imm);
    if (unlikely(c->fpscr_ctl & FPSCR_LEN)) {
        vfp_require_vectors(c);
        uint64_t kept = c->d[0];
        c->d[0] = imm;
        vfp_vector64(c, i, lane_vmov_f64);
        if (i->rd != 0) {
            c->d[0] = kept;
        }
        return;
    }
    c->d[i->rd] = imm;
}

// ---- comparison: never a short vector --------------------------------------------------------------

#define COMPARE(name, width, regs, second, signal_quiet)                                           \
    void exec_##name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        fp_require(c);                                                                             \
        struct fp_env env = vfp_env(c);                                                            \
        c->fpscr_nzcv =                                                                            \
            fp##width##_compare_fast(&env, regs[i->rd], second, signal_quiet) << 28;               \
        vfp_env_done(c, &env);                                                                     \
    }
COMPARE(vcmp_f32, 32, vfp_s(c), vfp_s(c)[i->rm], false)
COMPARE(vcmp_f64, 64, c->d, c->d[i->rm], false)
COMPARE(vcmpe_f32, 32, vfp_s(c), vfp_s(c)[i->rm], true)
COMPARE(vcmpe_f64, 64, c->d, c->d[i->rm], true)
COMPARE(vcmpz_f32, 32, vfp_s(c), 0, false)
COMPARE(vcmpz_f64, 64, c->d, 0, false)
COMPARE(vcmpez_f32, 32, vfp_s(c), 0, true)
COMPARE(vcmpez_f64, 64, c->d, 0, true)
