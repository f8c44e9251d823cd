// SPDX-License-Identifier: MIT
//
// Program status registers: assembling and taking apart, modes and banks.
#ifndef CPU_PSR_H
#define CPU_PSR_H

#include "cpu/state.h"

// The CPSR with `it` as ITSTATE (c->cur->it inside an instruction).
uint32_t psr_get(const struct cpu *c, uint8_t it);

// Replaces the CPSR bits in `mask`, execution state and mode included. Illegal modes are ignored.
// c->itstate is set from IT bits in the mask.
void psr_set(struct cpu *c, uint32_t val, uint32_t mask);

// Switches register banks, translation bank and VFP access.
void psr_set_mode(struct cpu *c, unsigned mode);

enum cpu_bank psr_bank(unsigned mode);
bool psr_mode_valid(const struct cpu *c, unsigned mode);

static inline bool psr_has_spsr(const struct cpu *c)
{
    return c->mode != MODE_USR && c->mode != MODE_SYS;
}

// User-mode r8..r14 whatever the current mode (LDM and STM with ^).
uint32_t psr_user_reg(const struct cpu *c, unsigned r);
void psr_set_user_reg(struct cpu *c, unsigned r, uint32_t val);

static inline uint32_t psr_flags(const struct cpu *c)
{
    return (c->nf & 0x80000000) | (uint32_t)(c->zf == 0) << PSR_Z | c->cf << PSR_C |
           (c->vf >> 31) << PSR_V;
}

static inline void psr_set_flags(struct cpu *c, uint32_t v)
{
    c->nf = v;
    c->zf = !(v >> PSR_Z & 1);
    c->cf = v >> PSR_C & 1;
    c->vf = v << 3;
}

#endif
