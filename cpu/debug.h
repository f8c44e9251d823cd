// SPDX-License-Identifier: MIT
//
// Breakpoints, watchpoints and the execution trace, private to this room. While any is set the CPU
// runs one instruction at a time and every access takes the slow path.
#ifndef CPU_DEBUG_H
#define CPU_DEBUG_H

#include "cpu/state.h"
#include "cpu/tools.h"

enum { DEBUG_BREAKS = 64, DEBUG_WATCHES = 16 };

struct debug {
    uint32_t brk[DEBUG_BREAKS];
    unsigned breaks;
    struct {
        uint32_t va, bytes;
        unsigned flags;
    } watch[DEBUG_WATCHES];
    unsigned watches;
    struct cpu_trace *trace; // borrowed, or NULL
};

// While a trace is set, the CPU has a struct debug. -ENOMEM.
int debug_trace(struct cpu *c, struct cpu_trace *trace);

// Before the instruction at r[15]: traces it; true when a breakpoint stops the run (c->stop is set).
bool debug_before(struct cpu *c);

// Called by the slow paths for every access while c->debug is set.
void debug_access(struct cpu *c, uint32_t va, unsigned size, bool write);

#endif
