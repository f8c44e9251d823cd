// SPDX-License-Identifier: MIT
//
// VFP conversions (ARM DDI 0406C A8.8.304-309): between formats, to and from integers and fixed
// point. They ignore FPSCR.LEN. VCVT to an integer rounds towards zero, VCVTR as FPSCR says; integer
// to floating point rounds as FPSCR says, fixed to floating point always to nearest.
#include "cpu/vfp.h"
#include "cpu/fp/fast.h"
#include "cpu/isa_protos.h"

// Double from single, and the other way.
enum prep prep_vfp_ds(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rm = vfp_single(d, 'm', 'M');
    return vfp_has_double(d, d->i->rd) ? PREP_OK : PREP_UNDEF;
}

enum prep prep_vfp_sd(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    d->i->rm = vfp_double(d, 'm', 'M');
    return vfp_has_double(d, d->i->rm) ? PREP_OK : PREP_UNDEF;
}

// imm = fraction bits, rm = size, rs = unsigned.
static enum prep fixed_operand(struct decode *d)
{
    unsigned size = fld(d, 's') ? 32 : 16, low = fld(d, 'i');
    // i gathers bit 5 and bits 3:0; bit 5 is the lowest of the number.
    unsigned given = (low & 15) << 1 | low >> 4;
    d->i->rm = (uint8_t)size;
    d->i->rs = (uint8_t)fld(d, 'U');
    d->i->imm = size - given;
    return given <= size ? PREP_OK : PREP_UNDEF;
}

enum prep prep_vfp_fixed_s(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    return fixed_operand(d);
}

enum prep prep_vfp_fixed_d(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    return vfp_has_double(d, d->i->rd) ? fixed_operand(d) : PREP_UNDEF;
}

#define CONVERT(name, to, expr)                                                                    \
    void exec_##name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        fp_require(c);                                                                             \
        struct fp_env env = vfp_env(c);                                                            \
        const uint32_t sm = vfp_s(c)[i->rm & 31];                                                  \
        const uint64_t dm = c->d[i->rm & 31];                                                      \
        (void)sm, (void)dm;                                                                        \
        to[i->rd] = expr;                                                                          \
        vfp_env_done(c, &env);                                                                     \
    }
CONVERT(vcvt_f64_f32, c->d, fp32_to_fp64_fast(&env, sm))
CONVERT(vcvt_f32_f64, vfp_s(c), fp64_to_fp32_fast(&env, dm))
CONVERT(vcvt_f32_u32, vfp_s(c), fp32_from_u32_fast(&env, sm))
CONVERT(vcvt_f32_s32, vfp_s(c), fp32_from_s32_fast(&env, sm))
CONVERT(vcvt_f64_u32, c->d, fp64_from_u32_fast(sm))
CONVERT(vcvt_f64_s32, c->d, fp64_from_s32_fast(sm))
CONVERT(vcvt_u32_f32, vfp_s(c), fp32_to_u32_fast(&env, sm))
CONVERT(vcvt_s32_f32, vfp_s(c), fp32_to_s32_fast(&env, sm))
CONVERT(vcvt_u32_f64, vfp_s(c), fp64_to_u32_fast(&env, dm))
CONVERT(vcvt_s32_f64, vfp_s(c), fp64_to_s32_fast(&env, dm))
CONVERT(vcvtr_u32_f32, vfp_s(c), (uint32_t)fp32_to_fixed(&env, sm, 32, 0, true, fp_env_round(&env)))
CONVERT(vcvtr_s32_f32, vfp_s(c),
        (uint32_t)fp32_to_fixed(&env, sm, 32, 0, false, fp_env_round(&env)))
CONVERT(vcvtr_u32_f64, vfp_s(c), (uint32_t)fp64_to_fixed(&env, dm, 32, 0, true, fp_env_round(&env)))
CONVERT(vcvtr_s32_f64, vfp_s(c),
        (uint32_t)fp64_to_fixed(&env, dm, 32, 0, false, fp_env_round(&env)))
CONVERT(vcvtb_f32_f16, vfp_s(c), fp16_to_fp32(&env, (uint16_t)sm))
CONVERT(vcvtt_f32_f16, vfp_s(c), fp16_to_fp32(&env, (uint16_t)(sm >> 16)))
CONVERT(vcvtb_f16_f32, vfp_s(c), (vfp_s(c)[i->rd] & 0xffff0000u) | fp32_to_fp16(&env, sm))
CONVERT(vcvtt_f16_f32, vfp_s(c),
        (vfp_s(c)[i->rd] & 0xffffu) | (uint32_t)fp32_to_fp16(&env, sm) << 16)

// The fixed-point operand, extended to 64 bits.
static uint64_t fixed_source(uint64_t v, const struct insn *i)
{
    if (i->rm == 16) {
        return i->rs ? (uint16_t)v : (uint64_t)(int64_t)(int16_t)v;
    }
    return i->rs ? (uint32_t)v : (uint64_t)(int64_t)(int32_t)v;
}

void exec_vcvt_f32_fixed(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    struct fp_env env = vfp_env(c);
    uint32_t *s = &vfp_s(c)[i->rd];
    *s = fp32_from_fixed(&env, fixed_source(*s, i), i->imm, i->rs, FP_ROUND_NEAREST);
    vfp_env_done(c, &env);
}

void exec_vcvt_f64_fixed(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    struct fp_env env = vfp_env(c);
    uint64_t *d = &c->d[i->rd];
    *d = fp64_from_fixed(&env, fixed_source(*d, i), i->imm, i->rs, FP_ROUND_NEAREST);
    vfp_env_done(c, &env);
}

void exec_vcvt_fixed_f32(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    struct fp_env env = vfp_env(c);
    uint32_t *s = &vfp_s(c)[i->rd];
    *s = (uint32_t)fp32_to_fixed(&env, *s, i->rm, i->imm, i->rs, FP_ROUND_ZERO);
    vfp_env_done(c, &env);
}

void exec_vcvt_fixed_f64(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    struct fp_env env = vfp_env(c);
    uint64_t *d = &c->d[i->rd];
    *d = fp64_to_fixed(&env, *d, i->rm, i->imm, i->rs, FP_ROUND_ZERO);
    vfp_env_done(c, &env);
}
