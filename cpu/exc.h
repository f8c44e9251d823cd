// SPDX-License-Identifier: MIT
//
// Exceptions, private to this room. The raise functions do not return: they abandon the instruction
// in progress (c->cur) and continue at the vector.
#ifndef CPU_EXC_H
#define CPU_EXC_H

#include "cpu/state.h"

enum exc_kind {
    EXC_RESET, EXC_UNDEF, EXC_SVC, EXC_PREFETCH_ABORT, EXC_DATA_ABORT, EXC_HVC, EXC_IRQ, EXC_FIQ,
    EXC_SMC,
};

// Undefined Instruction exception for c->cur.
_Noreturn void exc_undefined(struct cpu *c);

// Enters the exception: `ret` is the preferred return address, before the LR offset of the kind.
void exc_enter(struct cpu *c, enum exc_kind kind, uint32_t ret);

// First line of every VFP or NEON body.
static inline void fp_require(struct cpu *c)
{
    if (unlikely(!c->fp_on)) {
        exc_undefined(c);
    }
}

// True when CPACR lets this mode reach FPEXC, FPSID and MVFR although FPEXC.EN may be 0 (system.c).
bool fp_sysreg_ok(const struct cpu *c);

static inline void neon_require(struct cpu *c)
{
    if (unlikely(!c->neon_on)) {
        exc_undefined(c);
    }
}

#endif
