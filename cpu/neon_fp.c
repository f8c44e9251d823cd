// SPDX-License-Identifier: MIT
//
// Advanced SIMD single precision (ARM DDI 0406C A7.4, the F32 forms), always under the standard
// FPSCR value: default NaN, flush to zero, round to nearest. Add, subtract, multiply and multiply-add
// run on host vectors and are kept when every lane is one that host arithmetic gets right (fp/fast.h
// says which) and IXC is known already; otherwise lane by lane.
#include "cpu/neon.h"
#include "cpu/fp/fast.h"
#include "cpu/isa_protos.h"

#define SIGN FP32_SIGN

static inline void neon_env_done(struct cpu *c, const struct fp_env *env)
{
    c->fpscr_exc = env->fpscr & FPSCR_FLAGS;
}

static inline struct fp_env neon_env(const struct cpu *c)
{
    return fp_env_standard(c->fpscr_ctl | c->fpscr_exc);
}

// ---- four lanes at once -------------------------------------------------------------------------------

typedef float f32x4 __attribute__((vector_size(16)));
typedef u32 u32x4 __attribute__((vector_size(16)));
typedef u64 u64x2 __attribute__((vector_size(16)));

// A D register is worked on as two equal halves, so that no lane holds anything else.
static inline u32x4 fetch4(const struct cpu *c, unsigned reg, bool q)
{
    u64x2 v = {c->d[reg], c->d[q ? reg + 1 : reg]};
    return (u32x4)v;
}

static inline void put4(struct cpu *c, unsigned reg, bool q, u32x4 r)
{
    u64x2 v = (u64x2)r;
    c->d[reg] = v[0];
    if (q) {
        c->d[reg + 1] = v[1];
    }
}

static inline bool all4(u32x4 mask)
{
    u64x2 v = (u64x2)mask;
    return (v[0] & v[1]) == ~0ull;
}

// The lane conditions of fp/fast.h: unsigned comparisons written as signed ones with the top bit
// flipped, which SSE2 has.
static inline u32x4 below4(u32x4 a, u32 limit)
{
    typedef s32 s32x4 __attribute__((vector_size(16)));
    s32x4 v = (s32x4)(a ^ 0x80000000u);
    s32 edge = (s32)(limit ^ 0x80000000u);
    return (u32x4)(v < edge);
}

static inline u32x4 plain4(u32x4 v)
{
    return below4((v << 1) - 0x02000000u, 0xff000000u - 0x02000000u);
}

static inline u32x4 zero4(u32x4 v)
{
    return (u32x4)((v << 1) == 0);
}

static inline u32x4 denormal4(u32x4 v)
{
    return below4((v << 1) - 1, 0x00ffffffu);
}

// Each gives the result and whether all lanes are certain. A product may be 0 only from a 0.
static inline bool add4(u32x4 a, u32x4 b, u32x4 *r)
{
    *r = (u32x4)((f32x4)a + (f32x4)b);
    return all4((plain4(*r) | zero4(*r)) & ~denormal4(a) & ~denormal4(b));
}

static inline bool mul4(u32x4 a, u32x4 b, u32x4 *r)
{
    *r = (u32x4)((f32x4)a * (f32x4)b);
    return all4((plain4(*r) | (zero4(*r) & (zero4(a) | zero4(b)))) & ~denormal4(a) & ~denormal4(b));
}

// ---- three registers ------------------------------------------------------------------------------------

// `quick` sets r from n, m and x and is true when r is right; `lane` is the expression on one lane.
// What is not quick is apart, reached by a jump, so that the common path needs no stack frame.
#define FP3_BODY(op, q, fetch_m, quick)                                                            \
    {                                                                                              \
        const u32x4 n = fetch4(c, i->rn, q), m = fetch_m, x = fetch4(c, i->rd, q);                 \
        u32x4 r = n;                                                                               \
        (void)x;                                                                                   \
        if (likely(c->neon_on && c->fpscr_exc & FPSCR_IXC) && likely(quick)) {                     \
            put4(c, i->rd, q, r);                                                                  \
            return;                                                                                \
        }                                                                                          \
        op##_slow(c, i, q, m);                                                                     \
    }
#define FP3(op, quick, lane)                                                                       \
    static NOINLINE void op##_slow(struct cpu *c, const struct insn *i, bool q, u32x4 m)           \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct fp_env env = neon_env(c);                                                           \
        u32 vn[4], vm[4], vx[4], vr[4] = {0};                                                      \
        unsigned bytes = q ? 16 : 8;                                                               \
        memcpy(vn, &c->d[i->rn], bytes);                                                           \
        memcpy(vm, &m, 16);                                                                        \
        memcpy(vx, &c->d[i->rd], bytes);                                                           \
        for (unsigned k = 0; k < bytes / 4; k++) {                                                 \
            const u32 ln = vn[k], lm = vm[k], lx = vx[k];                                          \
            (void)lx;                                                                              \
            vr[k] = lane;                                                                          \
        }                                                                                          \
        memcpy(&c->d[i->rd], vr, bytes);                                                           \
        neon_env_done(c, &env);                                                                    \
    }                                                                                              \
    static void op##_f32_d(struct cpu *c, const struct insn *i)                                    \
        FP3_BODY(op, false, fetch4(c, i->rm, false), quick)                                        \
    static void op##_f32_q(struct cpu *c, const struct insn *i)                                    \
        FP3_BODY(op, true, fetch4(c, i->rm, true), quick)                                          \
    enum prep prep_neon_##op##_f(struct decode *d)                                                 \
    {                                                                                              \
        d->i->body.exec = fld(d, 'Q') ? op##_f32_q : op##_f32_d;                                   \
        return neon_registers(d);                                                                  \
    }

// The forms with a scalar: lane rs of rm for every lane.
#define FP3_LANE(op, quick)                                                                        \
    static inline u32x4 op##_scalar(const struct cpu *c, const struct insn *i)                     \
    {                                                                                              \
        u32 lane = ((const u32 *)&c->d[i->rm])[i->rs];                                             \
        return (u32x4){lane, lane, lane, lane};                                                    \
    }                                                                                              \
    static void op##_lane_f32_d(struct cpu *c, const struct insn *i)                               \
        FP3_BODY(op, false, op##_scalar(c, i), quick)                                              \
    static void op##_lane_f32_q(struct cpu *c, const struct insn *i)                               \
        FP3_BODY(op, true, op##_scalar(c, i), quick)                                               \
    enum prep prep_neon_##op##_lane_f(struct decode *d)                                            \
    {                                                                                              \
        u32 q = fld(d, 'Q');                                                                       \
        if (fld(d, 's') != 2) {                                                                    \
            return fld(d, 's') == 3 ? PREP_NEXT : PREP_UNDEF;                                      \
        }                                                                                          \
        d->i->rd = vfp_double(d, 'd', 'D');                                                        \
        d->i->rn = vfp_double(d, 'n', 'N');                                                        \
        d->i->rm = (uint8_t)fld(d, 'm');                                                           \
        d->i->rs = (uint8_t)fld(d, 'M');                                                           \
        d->i->body.exec = q ? op##_lane_f32_q : op##_lane_f32_d;                                   \
        return q && (d->i->rd | d->i->rn) & 1 ? PREP_UNDEF : PREP_OK;                              \
    }

static inline bool mla4(u32x4 x, u32x4 n, u32x4 m, u32x4 *r)
{
    u32x4 p;
    return mul4(n, m, &p) && add4(x, p, r);
}

static inline bool mls4(u32x4 x, u32x4 n, u32x4 m, u32x4 *r)
{
    u32x4 p;
    return mul4(n, m, &p) && add4(x, p ^ SIGN, r);
}

// Differences of denormals do not matter: add4 refuses them.
static inline bool abd4(u32x4 n, u32x4 m, u32x4 *r)
{
    bool ok = add4(n, m ^ SIGN, r);
    *r &= ~SIGN;
    return ok;
}

FP3(vadd, add4(n, m, &r), fp32_add_fast(&env, ln, lm))
FP3(vsub, add4(n, m ^ SIGN, &r), fp32_sub_fast(&env, ln, lm))
FP3(vmul, mul4(n, m, &r), fp32_mul_fast(&env, ln, lm))
FP3(vmla, mla4(x, n, m, &r), fp32_add_fast(&env, lx, fp32_mul_fast(&env, ln, lm)))
FP3(vmls, mls4(x, n, m, &r), fp32_add_fast(&env, lx, fp32_mul_fast(&env, ln, lm) ^ SIGN))
FP3(vabd, abd4(n, m, &r), fp32_sub_fast(&env, ln, lm) & ~SIGN)
FP3(vfma, false, fp32_fma_fast(&env, lx, ln, lm))
FP3(vfms, false, fp32_fma_fast(&env, lx, ln ^ SIGN, lm))
FP3_LANE(vmul, mul4(n, m, &r))
FP3_LANE(vmla, mla4(x, n, m, &r))
FP3_LANE(vmls, mls4(x, n, m, &r))

// Comparisons: host order is right without NaNs and denormals.
static inline bool ordered4(u32x4 n, u32x4 m)
{
    u32x4 nan = (u32x4)((n << 1) > 0xff000000u) | (u32x4)((m << 1) > 0xff000000u);
    return all4(~(nan | denormal4(n) | denormal4(m)));
}

#define QUICK_COMPARE(expr) (ordered4(n, m) && (r = (u32x4)(expr), true))
#define MASK(cond) ((cond) ? UINT32_MAX : 0)
FP3(vceq, QUICK_COMPARE((f32x4)n == (f32x4)m), MASK(fp32_eq(&env, ln, lm)))
FP3(vcge, QUICK_COMPARE((f32x4)n >= (f32x4)m), MASK(fp32_ge(&env, ln, lm)))
FP3(vcgt, QUICK_COMPARE((f32x4)n > (f32x4)m), MASK(fp32_gt(&env, ln, lm)))
FP3(vacge, QUICK_COMPARE((f32x4)(n & ~SIGN) >= (f32x4)(m & ~SIGN)),
    MASK(fp32_ge(&env, ln & ~SIGN, lm & ~SIGN)))
FP3(vacgt, QUICK_COMPARE((f32x4)(n & ~SIGN) > (f32x4)(m & ~SIGN)),
    MASK(fp32_gt(&env, ln & ~SIGN, lm & ~SIGN)))

// Equal numbers have equal bits, but for the zeros: there the signs combine.
#define QUICK_MAX                                                                                  \
    QUICK_COMPARE((n & (u32x4)((f32x4)n > (f32x4)m)) | (m & (u32x4)((f32x4)n < (f32x4)m)) |        \
                  (n & m & (u32x4)((f32x4)n == (f32x4)m)))
#define QUICK_MIN                                                                                  \
    QUICK_COMPARE((n & (u32x4)((f32x4)n < (f32x4)m)) | (m & (u32x4)((f32x4)n > (f32x4)m)) |        \
                  ((n | m) & (u32x4)((f32x4)n == (f32x4)m)))
FP3(vmax, QUICK_MAX, fp32_max(&env, ln, lm))
FP3(vmin, QUICK_MIN, fp32_min(&env, ln, lm))

// Newton steps: host arithmetic where both operands and the product are ordinary.
static inline u32 recip_step(struct fp_env *env, u32 a, u32 b)
{
    if (!fp32_is_plain(a) || !fp32_is_plain(b)) {
        return fp32_recip_step(env, a, b);
    }
    return fp32_sub_fast(env, 0x40000000u, fp32_mul_fast(env, a, b));
}

static inline u32 rsqrt_step(struct fp_env *env, u32 a, u32 b)
{
    if (fp_knows_inexact(env) && fp32_is_plain(a) && fp32_is_plain(b)) {
        u32 p = fp32_mul_fast(env, a, b);
        u32 exp = p >> 23 & 0xff;
        if (exp >= 127 - 20 && exp <= 127 + 20) { // 3 - p fits binary64: one rounding
            u32 r = fp_bits32((float)((3.0 - (double)fp_host32(p)) / 2.0));
            if (fp32_is_plain(r)) {
                return r;
            }
        }
    }
    return fp32_rsqrt_step(env, a, b);
}
FP3(vrecps, false, recip_step(&env, ln, lm))
FP3(vrsqrts, false, rsqrt_step(&env, ln, lm))

// ---- pairwise: D registers only ---------------------------------------------------------------------------

#define PAIRWISE(op, expr)                                                                         \
    static void op##_f32_d(struct cpu *c, const struct insn *i)                                    \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct fp_env env = neon_env(c);                                                           \
        u32 v[4], r[2];                                                                            \
        memcpy(v, &c->d[i->rn], 8);                                                                \
        memcpy(v + 2, &c->d[i->rm], 8);                                                            \
        for (unsigned k = 0; k < 2; k++) {                                                         \
            const u32 n = v[2 * k], m = v[2 * k + 1];                                              \
            r[k] = expr;                                                                           \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 8);                                                                \
        neon_env_done(c, &env);                                                                    \
    }                                                                                              \
    enum prep prep_neon_##op##_f(struct decode *d)                                                 \
    {                                                                                              \
        d->i->body.exec = op##_f32_d;                                                              \
        return fld(d, 'Q') ? PREP_UNDEF : neon_registers(d);                                       \
    }
PAIRWISE(vpadd, fp32_add_fast(&env, n, m))
PAIRWISE(vpmax, fp32_max(&env, n, m))
PAIRWISE(vpmin, fp32_min(&env, n, m))

// ---- two registers ------------------------------------------------------------------------------------------

#define FP2_BODY(name, bytes, expr)                                                                \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct fp_env env = neon_env(c);                                                           \
        u32 v[(bytes) / 4], r[(bytes) / 4];                                                        \
        memcpy(v, &c->d[i->rm], bytes);                                                            \
        for (unsigned k = 0; k < (bytes) / 4; k++) {                                               \
            const u32 m = v[k];                                                                    \
            r[k] = expr;                                                                           \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, bytes);                                                            \
        neon_env_done(c, &env);                                                                    \
    }
#define FP2(op, expr)                                                                              \
    FP2_BODY(op##_d, 8, expr)                                                                      \
    FP2_BODY(op##_q, 16, expr)                                                                     \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        d->i->body.exec = fld(d, 'Q') ? op##_q : op##_d;                                           \
        return neon_registers(d);                                                                  \
    }
FP2(vabs_f, m & ~SIGN)
FP2(vneg_f, m ^ SIGN)
FP2(vceq_zf, MASK(fp32_eq(&env, m, 0)))
FP2(vcge_zf, MASK(fp32_ge(&env, m, 0)))
FP2(vcgt_zf, MASK(fp32_gt(&env, m, 0)))
FP2(vcle_zf, MASK(fp32_ge(&env, 0, m)))
FP2(vclt_zf, MASK(fp32_gt(&env, 0, m)))
FP2(vrecpe_f, fp32_recip_estimate(&env, m))
FP2(vrsqrte_f, fp32_rsqrt_estimate(&env, m))
FP2(vrecpe_u, fp_u32_recip_estimate(m))
FP2(vrsqrte_u, fp_u32_rsqrt_estimate(m))
FP2(vcvt_f32_s32_v, fp32_from_s32_fast(&env, m))
FP2(vcvt_f32_u32_v, fp32_from_u32_fast(&env, m))
FP2(vcvt_s32_f32_v, fp32_to_s32_fast(&env, m))
FP2(vcvt_u32_f32_v, fp32_to_u32_fast(&env, m))

// Fixed point: imm = fraction bits, counted down from 64 in the encoding. Below 32 the immediate
// names another instruction or none.
#define FIXED(op, expr)                                                                            \
    FP2_BODY(op##_d, 8, expr)                                                                      \
    FP2_BODY(op##_q, 16, expr)                                                                     \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        u32 imm = fld(d, 'i');                                                                     \
        if (imm < 32) {                                                                            \
            return imm < 8 ? PREP_NEXT : PREP_UNDEF;                                               \
        }                                                                                          \
        d->i->imm = 64 - imm;                                                                      \
        d->i->body.exec = fld(d, 'Q') ? op##_q : op##_d;                                           \
        return neon_registers(d);                                                                  \
    }
FIXED(vcvt_f32_sfixed, fp32_from_fixed(&env, (u64)(s64)(s32)m, i->imm, false, FP_ROUND_NEAREST))
FIXED(vcvt_f32_ufixed, fp32_from_fixed(&env, m, i->imm, true, FP_ROUND_NEAREST))
FIXED(vcvt_sfixed_f32, (u32)fp32_to_fixed(&env, m, 32, i->imm, false, FP_ROUND_ZERO))
FIXED(vcvt_ufixed_f32, (u32)fp32_to_fixed(&env, m, 32, i->imm, true, FP_ROUND_ZERO))

// ---- half precision -------------------------------------------------------------------------------------------

void exec_vcvt_f16_f32_v(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    struct fp_env env = neon_env(c);
    u32 v[4];
    u16 r[4];
    memcpy(v, &c->d[i->rm], 16);
    for (unsigned k = 0; k < 4; k++) {
        r[k] = fp32_to_fp16(&env, v[k]);
    }
    memcpy(&c->d[i->rd], r, 8);
    neon_env_done(c, &env);
}

void exec_vcvt_f32_f16_v(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    struct fp_env env = neon_env(c);
    u16 v[4];
    u32 r[4];
    memcpy(v, &c->d[i->rm], 8);
    for (unsigned k = 0; k < 4; k++) {
        r[k] = fp16_to_fp32(&env, v[k]);
    }
    memcpy(&c->d[i->rd], r, 16);
    neon_env_done(c, &env);
}

enum prep prep_neon_to_half(struct decode *d)
{
    neon_registers(d);
    return d->i->rm & 1 ? PREP_UNDEF : PREP_OK;
}

enum prep prep_neon_from_half(struct decode *d)
{
    neon_registers(d);
    return d->i->rd & 1 ? PREP_UNDEF : PREP_OK;
}
