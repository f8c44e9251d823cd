// SPDX-License-Identifier: MIT
//
// What programs around the CPU need beside running it: fork, and watching what it does. Kept apart from
// cpu.h, which boards use.
#ifndef CPU_TOOLS_H
#define CPU_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cpu/cpu.h"

// In the child of fork(): makes the CPU independent of the parent's (the translator's code buffer is
// memory that both share). Translated code is forgotten. 0 or -ENOMEM, after which the CPU may only be
// destroyed.
int cpu_unshare(struct cpu *cpu);

// ---- every instruction -----------------------------------------------------------------------------

// Embed it and use container_of. Either function may be NULL. While a trace is set the CPU interprets one
// instruction at a time.
struct cpu_trace {
    // Before the instruction at `pc` runs; registers may be read.
    void (*insn)(struct cpu_trace *trace, struct cpu *cpu, uint32_t pc);
    // At each load or store of data, before it is done (it may still fault).
    void (*access)(struct cpu_trace *trace, struct cpu *cpu, uint32_t va, unsigned size, bool write);
};

// Sets the trace, borrowed; NULL ends it. 0 or -ENOMEM.
int cpu_set_trace(struct cpu *cpu, struct cpu_trace *trace);

// ---- exceptions caught -------------------------------------------------------------------------------

enum cpu_caught_kind { CPU_CAUGHT_SVC, CPU_CAUGHT_UNDEFINED, CPU_CAUGHT_FETCH, CPU_CAUGHT_DATA };

struct cpu_caught {
    enum cpu_caught_kind kind;
    uint32_t address; // of the instruction; for CPU_CAUGHT_DATA what it accessed
    bool write;
    bool breakpoint;  // CPU_CAUGHT_FETCH: a BKPT instruction
};

// While on, an exception that an instruction raises is not entered: cpu_run returns CPU_STOP_REQUEST with
// the state before that instruction, or behind an SVC. SMC and HVC count as undefined.
void cpu_catch(struct cpu *cpu, bool on);
// Whether the last run ended so; once.
bool cpu_caught(struct cpu *cpu, struct cpu_caught *what);

// ---- coverage of encodings ---------------------------------------------------------------------------

// Rows of the instruction tables, and the name of one, "a32.ADD_imm", in buf[n].
unsigned cpu_encodings(void);
const char *cpu_encoding_name(unsigned row, char *buf, size_t n);
// From now on rows[k] becomes 1 when row k is decoded to run; cpu_encodings() bytes, borrowed, NULL: no
// longer. What was decoded before is forgotten, so that it counts again. The translator decodes whole
// blocks: for rows that ran, use the interpreter.
void cpu_set_coverage(struct cpu *cpu, uint8_t *rows);

// ---- names for perf ----------------------------------------------------------------------------------

// Writes a line "address size name" for each block of translated code to `out` (borrowed; NULL: no
// longer), as perf reads from /tmp/perf-PID.map. Nothing happens without the translator.
void cpu_set_perf_map(struct cpu *cpu, FILE *out);

#endif
