// SPDX-License-Identifier: MIT
//
// What the VFP and Advanced SIMD bodies share, private to this room: register views, the FPSCR as a
// floating point environment, and register numbers from encodings.
#ifndef CPU_VFP_H
#define CPU_VFP_H

#include "cpu/exc.h"
#include "cpu/fp/fp.h"
#include "cpu/state.h"

#define NOINLINE __attribute__((noinline))

enum {
    FPSCR_LEN = 7u << 16,    // vector length - 1
    FPSCR_STRIDE = 3u << 20, // 0: 1, 3: 2
    FPSCR_TRAPS = 0x9f00,    // trap enables; stored where VFPv2 has them, never obeyed
    FPEXC_EN = 1u << 30,
};

// The single registers: S0 is the low half of D0. Register files are little endian lanes, so the
// host must be little endian.
static inline uint32_t *vfp_s(struct cpu *c)
{
    return (uint32_t *)c->d;
}

static inline struct fp_env vfp_env(const struct cpu *c)
{
    return (struct fp_env){c->fpscr_ctl | c->fpscr_exc};
}

static inline void vfp_env_done(struct cpu *c, const struct fp_env *env)
{
    c->fpscr_exc = env->fpscr & FPSCR_FLAGS;
}

// Register numbers from the fields Vx and X, letters `v` and `x`.
static inline uint8_t vfp_single(const struct decode *d, char v, char x)
{
    return (uint8_t)(fld(d, v) << 1 | fld(d, x));
}

static inline uint8_t vfp_double(const struct decode *d, char v, char x)
{
    return (uint8_t)(fld(d, x) << 4 | fld(d, v));
}

// True when a double register number exists on this model.
static inline bool vfp_has_double(const struct decode *d, unsigned n)
{
    return n < 16 || ISA_HAS(d->features, D32);
}

// FPSCR as software sees it. Writing keeps only the bits that the model has.
uint32_t vfp_get_fpscr(const struct cpu *c);
void vfp_set_fpscr(struct cpu *c, uint32_t v);

// The constant of VMOV (immediate): FPExpandImm.
uint32_t vfp_expand_imm32(unsigned imm8);
uint64_t vfp_expand_imm64(unsigned imm8);

// A short vector operation (FPSCR.LEN nonzero): `op` applied lane by lane, with the banks and strides
// of ARM DDI 0406C appendix D11. UNDEFINED on models without short vectors.
void vfp_require_vectors(struct cpu *c);
typedef uint32_t vfp_op32(struct fp_env *env, uint32_t d, uint32_t n, uint32_t m);
typedef uint64_t vfp_op64(struct fp_env *env, uint64_t d, uint64_t n, uint64_t m);
void vfp_vector32(struct cpu *c, const struct insn *i, vfp_op32 *op);
void vfp_vector64(struct cpu *c, const struct insn *i, vfp_op64 *op);

#endif
