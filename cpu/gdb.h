// SPDX-License-Identifier: MIT
//
// GDB's remote serial protocol for one or more CPUs of a machine, over a stream socket. The stub
// never runs a CPU: the machine's loop asks gdb_poll what to do, does it, and reports stops.
//
//     for (;;) {
//         switch (gdb_poll(gdb, timeout)) {
//         case GDB_RUN:  why = cpu_run(cpu, slice); if it matters: gdb_report(gdb, index, why); break;
//         case GDB_STEP: cpu_run(cpus[gdb_step_cpu(gdb)], 1); gdb_report(...); break;
//         case GDB_HALT: break;                 // poll again, with a timeout
//         case GDB_KILL: return;
//         }
//     }
//
// All-stop: whatever stops one CPU stops the machine. One debugger at a time; when it goes away its
// breakpoints go too and the machine runs on. One thread owns a stub and its CPUs.
#ifndef CPU_GDB_H
#define CPU_GDB_H

#include <stdbool.h>
#include <stddef.h>

#include "cpu/cpu.h"

struct gdb;
struct err;

enum gdb_action {
    GDB_RUN,  // let the CPUs run a slice
    GDB_STEP, // one instruction of gdb_step_cpu, then gdb_report
    GDB_HALT, // stopped by the debugger
    GDB_KILL, // the debugger asks to end the machine
};

// "monitor TEXT": runs a command of the machine and puts its answer, terminated, into out[n]. False
// when there is no such command. Embed it in the owner and use container_of.
struct gdb_monitor {
    bool (*command)(struct gdb_monitor *monitor, const char *text, char *out, size_t n);
};

struct gdb_config {
    int listen_fd;             // listening TCP or unix stream socket, or -1; owned by the caller
    int connected_fd;          // an already connected stream, or -1; owned by the stub from now on
    struct cpu *const *cpus;   // borrowed, all of one model; thread N+1 is cpus[N]
    unsigned cpu_count;        // 1 to 16
    bool vfp, d32, neon;       // which extension registers the model has
    bool wait;                 // start halted until a debugger says otherwise
    struct gdb_monitor *monitor; // borrowed, may be NULL
};

// NULL with -EINVAL or -ENOMEM.
struct gdb *gdb_create(const struct gdb_config *cfg, struct err *err);
void gdb_destroy(struct gdb *gdb);

// Accepts, reads and answers what has arrived, waiting at most timeout_ms (0: not at all, -1: until
// something happens) and only while halted. Says what the machine does next.
enum gdb_action gdb_poll(struct gdb *gdb, int timeout_ms);
unsigned gdb_step_cpu(const struct gdb *gdb);

// The machine stopped at cpus[index] for `why`: a breakpoint, a watchpoint, or, after GDB_STEP,
// anything. CPU_STOP_BUDGET and CPU_STOP_WFI while running are none of the debugger's business.
void gdb_report(struct gdb *gdb, unsigned index, enum cpu_stop why);

// True while a debugger is connected.
bool gdb_connected(const struct gdb *gdb);

#endif
