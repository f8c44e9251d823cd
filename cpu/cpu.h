// SPDX-License-Identifier: MIT
//
// ARM processors as a library: the contract of this room. A CPU is created by model name, sees
// memory as RAM windows (host pointers) plus a bus for everything else, and runs for a budget of
// instructions. It knows no board. The interpreter is the reference; a translator is another engine
// behind this same header and must agree with it bit for bit.
//
// Threads: one CPU belongs to one thread. Only cpu_set_line and cpu_request_stop may be called from
// others.
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cpu;
struct err;
struct log;
struct snap_writer;
struct snap_reader;

// ---- what the CPU calls ------------------------------------------------------------------------

enum cpu_bus_result {
    CPU_BUS_OK,
    CPU_BUS_ABORT, // nothing answers: external abort
};

// The bus behind the RAM windows. Embed it first in the owner and use container_of. `size` is 1, 2,
// 4 or 8 bytes, `pa` is aligned to it. Values are little endian numbers.
struct cpu_bus {
    enum cpu_bus_result (*read)(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t *val);
    enum cpu_bus_result (*write)(struct cpu_bus *bus, uint32_t pa, unsigned size, uint64_t val);
};

// ---- life --------------------------------------------------------------------------------------

enum cpu_engine {
    CPU_ENGINE_INTERPRETER, // exact reference
    CPU_ENGINE_TRANSLATOR,  // -ENOTSUP where not built
};

struct cpu_config {
    const char *model;      // "cortex-a8", "arm920t", ... see cpu_models
    enum cpu_engine engine;
    struct cpu_bus *bus;    // borrowed
    struct log *log;        // borrowed, may be NULL
    unsigned index;         // core number in a cluster (MPIDR)
    uint32_t midr;          // nonzero replaces the model's MIDR (another stepping)
    uint32_t cbar;          // nonzero: base of the core's private peripherals (A9, A15)
    struct cpu *peer;       // an earlier core of the same cluster, or NULL; see "clusters"
};

// -EINVAL names the models when `model` is unknown.
struct cpu *cpu_create(const struct cpu_config *cfg, struct err *err);
void cpu_destroy(struct cpu *cpu);

// Architectural reset: PC at the reset vector, SVC mode, IRQ and FIQ masked, MMU off.
void cpu_reset(struct cpu *cpu);

// Null-terminated array of model names.
const char *const *cpu_models(void);

// ---- clusters ----------------------------------------------------------------------------------

// Cores created with `peer` form a cluster with it: they run on one thread, in turns, and share
// decoded and translated code. Broadcast TLB maintenance, SEV and store exclusives reach across. All
// have the same model and engine and must get the same RAM windows. Destroy them in any order.
enum { CPU_CLUSTER_MAX = 8 };

// True while the core sleeps in WFI or WFE and nothing has woken it: cpu_run would return
// CPU_STOP_WFI at once.
bool cpu_sleeping(const struct cpu *cpu);

// ---- memory ------------------------------------------------------------------------------------

enum { CPU_RAM_READONLY = 1 }; // writes go to the bus

// Makes [pa, pa + bytes) direct memory. `host` is borrowed and must stay valid; the same host memory
// may appear at several addresses (aliases). 4 KiB granularity. -EINVAL on overlap or misalignment.
int cpu_map_ram(struct cpu *cpu, uint32_t pa, uint64_t bytes, void *host, unsigned flags,
                struct err *err);
void cpu_unmap_ram(struct cpu *cpu, uint32_t pa, uint64_t bytes);

// Somebody else (DMA, a debugger, a loader) wrote memory: forget code decoded from these host bytes.
void cpu_ram_written(struct cpu *cpu, uint32_t pa, uint64_t bytes);

// ---- running -----------------------------------------------------------------------------------

enum cpu_stop {
    CPU_STOP_BUDGET,     // ran the instructions asked for
    CPU_STOP_WFI,        // waits for an interrupt (any line at high level wakes it, masked or not),
                         // or, in a cluster, for an event
    CPU_STOP_BREAKPOINT, // at cpu_pc, instruction not executed
    CPU_STOP_WATCHPOINT, // access done; cpu_stop_address tells where
    CPU_STOP_REQUEST,    // cpu_request_stop
};

// Runs at most max_insns instructions. A CPU in WFI with no line high returns CPU_STOP_WFI at once.
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t max_insns);

// Instructions executed since creation; exact also inside a bus callback.
uint64_t cpu_insns(const struct cpu *cpu);

// Makes the current or next cpu_run return after the instruction in progress (safe from any thread
// and from bus callbacks).
void cpu_request_stop(struct cpu *cpu);

enum cpu_line { CPU_LINE_IRQ, CPU_LINE_FIQ, CPU_LINE_COUNT };
void cpu_set_line(struct cpu *cpu, enum cpu_line line, bool level);

// ---- state -------------------------------------------------------------------------------------

// Core registers as the current mode sees them; PC is the address of the next instruction.
enum cpu_reg {
    CPU_R0, CPU_R1, CPU_R2, CPU_R3, CPU_R4, CPU_R5, CPU_R6, CPU_R7, CPU_R8, CPU_R9, CPU_R10,
    CPU_R11, CPU_R12, CPU_SP, CPU_LR, CPU_PC,
    CPU_CPSR, CPU_SPSR, CPU_FPSCR, CPU_FPEXC,
    CPU_REG_COUNT
};
uint32_t cpu_get(const struct cpu *cpu, enum cpu_reg reg);
// Writing CPSR changes mode and banks; writing PC takes the address as is (Thumb state is CPSR.T).
void cpu_set(struct cpu *cpu, enum cpu_reg reg, uint32_t val);
uint64_t cpu_get_d(const struct cpu *cpu, unsigned n); // VFP/NEON D0..D31
void cpu_set_d(struct cpu *cpu, unsigned n, uint64_t val);
// Coprocessor 15 register by (crn, opc1, crm, opc2); false when the model has none there.
bool cpu_get_cp15(struct cpu *cpu, unsigned crn, unsigned opc1, unsigned crm, unsigned opc2,
                  uint32_t *val);

// ---- debugging ---------------------------------------------------------------------------------

enum cpu_access { CPU_READ, CPU_WRITE, CPU_FETCH };

// Translates without side effects with the current privilege. False when it would fault.
bool cpu_translate(struct cpu *cpu, uint32_t va, enum cpu_access access, uint32_t *pa);
// Copies through the MMU (RAM only, no devices). Returns the bytes copied before the first fault.
size_t cpu_read_virtual(struct cpu *cpu, uint32_t va, void *data, size_t n);
size_t cpu_write_virtual(struct cpu *cpu, uint32_t va, const void *data, size_t n);

// Breakpoints and watchpoints on virtual addresses. -EEXIST, -ENOENT, -ENOSPC.
int cpu_break_add(struct cpu *cpu, uint32_t va);
int cpu_break_remove(struct cpu *cpu, uint32_t va);
enum { CPU_WATCH_READ = 1, CPU_WATCH_WRITE = 2 };
int cpu_watch_add(struct cpu *cpu, uint32_t va, uint32_t bytes, unsigned flags);
int cpu_watch_remove(struct cpu *cpu, uint32_t va, uint32_t bytes, unsigned flags);
uint32_t cpu_stop_address(const struct cpu *cpu);

// One line of the instruction at `va` in the current state's instruction set (UAL text).
int cpu_disassemble(struct cpu *cpu, uint32_t va, char *buf, size_t n);

struct cpu_counters {
    uint64_t insns, irqs, fiqs, data_aborts, prefetch_aborts, undefs, svcs, tlb_misses,
        tlb_flushes, code_invalidations, mmio_reads, mmio_writes;
};
void cpu_counters(const struct cpu *cpu, struct cpu_counters *out);

// ---- save and restore --------------------------------------------------------------------------

void cpu_save(const struct cpu *cpu, struct snap_writer *w);
int cpu_restore(struct cpu *cpu, struct snap_reader *r, struct err *err);
// A hash of the whole architectural state (not memory).
uint64_t cpu_state_hash(const struct cpu *cpu);

#endif
