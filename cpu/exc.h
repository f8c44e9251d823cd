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

// Abandons the instruction in progress after the state was set up for what comes next (interp.c).
_Noreturn void cpu_unwind(struct cpu *c);

// Data abort for c->cur and prefetch abort for the instruction at `pc`: `fs` is the fault status in
// the five-bit short-descriptor code, `domain` what FSR[7:4] shows.
_Noreturn void exc_data_abort(struct cpu *c, uint32_t va, unsigned fs, unsigned domain, bool write);
_Noreturn void exc_prefetch_abort(struct cpu *c, uint32_t pc, uint32_t va, unsigned fs,
                                  unsigned domain);
// Takes the highest unmasked interrupt among `lines` (bit per enum cpu_line), if any. Only between
// instructions.
void exc_take_interrupt(struct cpu *c, unsigned lines);

// Exception return from c->cur: CPSR = SPSR, continue at `to`. UNDEFINED-like in modes without SPSR:
// then the CPSR stays.
void exc_return(struct cpu *c, uint32_t to);
// The same with a given CPSR value (RFE).
void exc_return_psr(struct cpu *c, uint32_t to, uint32_t psr);

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
