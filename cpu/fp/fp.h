// SPDX-License-Identifier: MIT
//
// ARM floating point in integers: every function gives the result bits and the FPSCR cumulative
// flags that the architecture's pseudocode (ARM DDI 0406C, A2.7) defines, for binary16, binary32
// and binary64, whatever the host's own arithmetic does. fp/fast.h wraps the hot ones with host
// arithmetic where that is provably the same.
//
// Not here: trapped exceptions (no ARMv7-A core that we model delivers them) and half-precision
// arithmetic (ARMv8.2); binary16 is a storage format.
#ifndef CPU_FP_FP_H
#define CPU_FP_FP_H

#include <stdbool.h>
#include <stdint.h>

// FPSCR fields.
enum {
    FPSCR_IOC = 1u << 0, // invalid operation
    FPSCR_DZC = 1u << 1, // division by zero
    FPSCR_OFC = 1u << 2, // overflow
    FPSCR_UFC = 1u << 3, // underflow
    FPSCR_IXC = 1u << 4, // inexact
    FPSCR_IDC = 1u << 7, // input denormal
    FPSCR_FLAGS = 0x9f,
    FPSCR_RMODE_SHIFT = 22,
    FPSCR_RMODE = 3u << 22,
    FPSCR_FZ = 1u << 24,
    FPSCR_DN = 1u << 25,
    FPSCR_AHP = 1u << 26,
    FPSCR_QC = 1u << 27,
};

// Rounding; the first four are FPSCR.RMode's codes.
enum fp_round {
    FP_ROUND_NEAREST, // ties to even
    FP_ROUND_PLUS,    // towards +infinity
    FP_ROUND_MINUS,   // towards -infinity
    FP_ROUND_ZERO,
    FP_ROUND_AWAY, // nearest, ties away from zero
};

// The environment is an FPSCR image: RMode, FZ, DN and AHP are read, the cumulative flags are set.
struct fp_env {
    uint32_t fpscr;
};

static inline enum fp_round fp_env_round(const struct fp_env *env)
{
    return (enum fp_round)((env->fpscr & FPSCR_RMODE) >> FPSCR_RMODE_SHIFT);
}

// The "standard FPSCR value" of Advanced SIMD: default NaN, flush-to-zero, round to nearest, AHP as
// it is. The cumulative flags come along, so that known ones need not be worked out again.
static inline struct fp_env fp_env_standard(uint32_t fpscr)
{
    return (struct fp_env){(fpscr & (FPSCR_AHP | FPSCR_FLAGS)) | FPSCR_DN | FPSCR_FZ};
}

#define FP32_SIGN 0x80000000u
#define FP64_SIGN 0x8000000000000000ull

// ---- arithmetic (FPAdd, FPSub, FPMul, FPDiv, FPSqrt, FPMulAdd) -----------------------------------

uint32_t fp32_add(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp32_sub(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp32_mul(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp32_div(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp32_sqrt(struct fp_env *env, uint32_t a);
// addend + a * b with one rounding.
uint32_t fp32_fma(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b);
// addend + a * b with the product rounded first (VMLA).
uint32_t fp32_mla(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b);

uint64_t fp64_add(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp64_sub(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp64_mul(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp64_div(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp64_sqrt(struct fp_env *env, uint64_t a);
uint64_t fp64_fma(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b);
uint64_t fp64_mla(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b);

// ---- comparison ----------------------------------------------------------------------------------

// FPCompare: NZCV as a 4-bit number (less 8, equal 6, greater 2, unordered 3). `signal_quiet` makes
// quiet NaNs invalid too (VCMPE).
unsigned fp32_compare(struct fp_env *env, uint32_t a, uint32_t b, bool signal_quiet);
unsigned fp64_compare(struct fp_env *env, uint64_t a, uint64_t b, bool signal_quiet);

// Advanced SIMD comparisons; GE and GT signal on every NaN, EQ on signalling ones only.
bool fp32_eq(struct fp_env *env, uint32_t a, uint32_t b);
bool fp32_ge(struct fp_env *env, uint32_t a, uint32_t b);
bool fp32_gt(struct fp_env *env, uint32_t a, uint32_t b);

// FPMax, FPMin: any NaN gives a NaN, and +0 is above -0.
uint32_t fp32_max(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp32_min(struct fp_env *env, uint32_t a, uint32_t b);

// ---- conversion ----------------------------------------------------------------------------------

uint64_t fp32_to_fp64(struct fp_env *env, uint32_t a);
uint32_t fp64_to_fp32(struct fp_env *env, uint64_t a);
// binary16 as FPSCR.AHP says: IEEE, or ARM's alternative format without NaN and infinity.
uint32_t fp16_to_fp32(struct fp_env *env, uint16_t a);
uint64_t fp16_to_fp64(struct fp_env *env, uint16_t a);
uint16_t fp32_to_fp16(struct fp_env *env, uint32_t a);
uint16_t fp64_to_fp16(struct fp_env *env, uint64_t a);

// FPToFixed: a * 2^fraction_bits rounded by `round` and saturated to `bits` (16, 32 or 64) signed or
// unsigned bits. The result is sign- or zero-extended to 64 bits.
uint64_t fp32_to_fixed(struct fp_env *env, uint32_t a, unsigned bits, unsigned fraction_bits,
                       bool is_unsigned, enum fp_round round);
uint64_t fp64_to_fixed(struct fp_env *env, uint64_t a, unsigned bits, unsigned fraction_bits,
                       bool is_unsigned, enum fp_round round);
// FixedToFP: a / 2^fraction_bits; `a` is read as a signed or unsigned 64-bit number, so the caller
// extends narrower ones.
uint32_t fp32_from_fixed(struct fp_env *env, uint64_t a, unsigned fraction_bits, bool is_unsigned,
                         enum fp_round round);
uint64_t fp64_from_fixed(struct fp_env *env, uint64_t a, unsigned fraction_bits, bool is_unsigned,
                         enum fp_round round);

// Rounds to an integral value in the same format; `exact` raises IXC when the value changes.
uint32_t fp32_round_int(struct fp_env *env, uint32_t a, enum fp_round round, bool exact);
uint64_t fp64_round_int(struct fp_env *env, uint64_t a, enum fp_round round, bool exact);

// ---- estimates and Newton steps (Advanced SIMD) ---------------------------------------------------

uint32_t fp32_recip_estimate(struct fp_env *env, uint32_t a);
uint32_t fp32_rsqrt_estimate(struct fp_env *env, uint32_t a);
uint32_t fp32_recip_step(struct fp_env *env, uint32_t a, uint32_t b); // 2 - a * b, rounded twice
uint32_t fp32_rsqrt_step(struct fp_env *env, uint32_t a, uint32_t b); // (3 - a * b) / 2
uint32_t fp_u32_recip_estimate(uint32_t a);
uint32_t fp_u32_rsqrt_estimate(uint32_t a);

#endif
