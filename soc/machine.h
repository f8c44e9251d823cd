// SPDX-License-Identifier: MIT
//
// A whole machine: a board, its processor, its backends, and the loop that runs them on one thread.
// This is the header that commands and tests use.
//
// Cores of one machine run in turns of a fixed number of instructions, so that a run is the same run
// again with any number of them; a core that sleeps or waits for an event gives its turn away.
//
// Time: virtual time is counted in executed instructions of all cores (`mips` a microsecond). Waiting for an
// interrupt skips to the next timer at once, unless the GPU works (then the machine waits for it,
// and virtual time creeps), something outside answers in real time, or `realtime` is set.
//
// Threads: everything belongs to the thread that calls machine_run, except machine_stop.
#ifndef SOC_MACHINE_H
#define SOC_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cpu/cpu.h"
#include "soc/soc.h"

struct machine;
struct mdev;
struct picture;
struct serial;
struct vgpu;

enum { MACHINE_SERIALS = 8, MACHINE_DISKS = 4, MACHINE_NETS = 2, MACHINE_MARKERS = 32 };

struct machine_config {
    const char *board; // name of a board
    const char *name;  // of this machine, for people; NULL: the board's
    const char *cpu;   // another CPU model; NULL: the board's
    unsigned cpus;     // cores; 0: one. -EINVAL when the board has not so many
    enum cpu_engine engine;
    uint64_t ram_bytes; // 0: the board's default
    unsigned mips;      // virtual instructions a microsecond; 0: the board's default
    uint64_t epoch;     // calendar time at start, seconds since 1970; 0: a fixed date

    // What to start: a kernel, or (kernel NULL, or boot_rom set) whatever the boot disk holds.
    const char *kernel, *initrd, *dtb, *append;
    bool boot_rom;
    uint32_t machine_id; // in the hand-off by tag list; 0: the board's

    const char *disks[MACHINE_DISKS];     // image paths by the board's disk doors, NULL: none
    bool snapshot;                        // writes to disks are forgotten at the end
    const char *serials[MACHINE_SERIALS]; // backends by the board's serial doors; NULL: null
    const char *nets[MACHINE_NETS];       // backends by the board's nets; NULL: null

    struct mdev *mdev;    // borrowed; NULL: no GPU (its window is reported)
    const char *gpu_type; // vgpu type name

    const struct soc_override *overrides; // borrowed; properties of devices
    unsigned override_count;

    const char *gdb; // where GDB may connect: "tcp:[HOST]:PORT", "unix:PATH"; NULL: nowhere
    bool paused;     // start stopped: the debugger or the monitor says when to go

    bool realtime;   // virtual time keeps to the host's clock
    bool no_reboot;  // a reset ends the run
    struct log *log; // borrowed
};

// Makes the machine and loads what it starts with. Errors name the file, row or option.
struct machine *machine_create(const struct machine_config *cfg, struct err *err);
void machine_destroy(struct machine *m);

// Why a run ended.
#define MACHINE_EXITS(X)                                                                           \
    X(QUIT, "quit")                      /* machine_stop, Ctrl-a x */                              \
    X(POWER_OFF, "power off")            /* the guest switched the board off */                    \
    X(RESET, "reset")                    /* with no_reboot */                                      \
    X(GUEST_LIMIT, "guest time is over") /* */                                                     \
    X(HOST_LIMIT, "host time is over")   /* */                                                     \
    X(MATCH, "awaited text seen")        /* */                                                     \
    X(ASLEEP, "guest sleeps for ever")   /* no timer, no input can wake it */                      \
    X(DEBUG, "stopped by a breakpoint")  /* with no debugger to handle it */                       \
    X(ERROR, "cannot start")             /* boot failed after a reset */
enum machine_exit {
#define X(name, text) MACHINE_EXIT_##name,
    MACHINE_EXITS(X)
#undef X
        MACHINE_EXIT_COUNT
};
const char *machine_exit_text(enum machine_exit why);

struct machine_limits {
    uint64_t guest_ns;      // virtual time at which to end; 0: none
    uint64_t host_ns;       // host time this call may take; 0: none
    const char *stop_text;  // end when serial line 0 says this; NULL: none
    const char *stop_regex; // extended POSIX regular expression on a line; NULL: none
};
// Runs until something ends it; may be called again to go on. -EINVAL for a bad expression is told
// in *err and returns MACHINE_EXIT_ERROR. `limits` may be NULL.
enum machine_exit machine_run(struct machine *m, const struct machine_limits *limits,
                              struct err *err);

// From any thread or signal handler: ends machine_run soon.
void machine_stop(struct machine *m);

// Virtual power button: everything as after machine_create.
int machine_reset(struct machine *m, struct err *err);

// ---- parts
// -----------------------------------------------------------------------------------------

struct soc *machine_soc(struct machine *m);
struct cpu *machine_cpu(struct machine *m); // the first core
struct cpu *machine_core(struct machine *m, unsigned i); // NULL past the last
struct serial *machine_serial(struct machine *m, unsigned i); // NULL past the board's doors
struct vgpu *machine_vgpu(struct machine *m);                 // NULL without one
const char *machine_name(const struct machine *m);
uint64_t machine_now(const struct machine *m); // virtual ns

// A debugger or another front end that handles breakpoints: called on the machine's thread when the
// CPU stopped; returns true to go on. NULL removes it.
typedef bool machine_debug_fn(void *ctx, struct machine *m, enum cpu_stop why);
void machine_set_debugger(struct machine *m, machine_debug_fn *fn, void *ctx);
// Adds host descriptors that the loop waits for (borrowed until the machine is gone).
struct io_source;
void machine_add_io(struct machine *m, struct io_source *src);

// ---- looking
// ---------------------------------------------------------------------------------------

// What display `i` of the board shows. -ENODATA when it is dark, -ENOENT when there is none.
int machine_screenshot(struct machine *m, unsigned i, struct picture *pic, struct err *err);
int machine_screendump(struct machine *m, unsigned i, const char *path, struct err *err);

// Time stamps when serial line 0 says `text` for the first time. -ENOSPC.
struct machine_marker {
    const char *text; // borrowed
    bool seen;
    uint64_t guest_ns, insns, host_cpu_ns, host_ns;
};
int machine_mark(struct machine *m, const char *text);
const struct machine_marker *machine_markers(const struct machine *m, unsigned *count);

struct machine_stats {
    uint64_t guest_ns, insns, host_ns, host_cpu_ns; // since creation; host_* of machine_run only
    uint64_t skipped_ns;                            // virtual time skipped while waiting
    uint64_t gpu_wait_ns;                           // host time waited for the GPU
    uint64_t slices, idles, resets;
};
void machine_stats(const struct machine *m, struct machine_stats *out);

// Counters, markers and unclaimed registers, for people.
void machine_report(struct machine *m, FILE *out);
void machine_report_unclaimed(struct machine *m, FILE *out);

// ---- monitor
// ---------------------------------------------------------------------------------------

// Executes one monitor command and prints its answer. Unknown commands say how to get help.
void machine_monitor(struct machine *m, const char *line, FILE *out);
// The monitor's "stop" and "cont".
void machine_pause(struct machine *m, bool paused);

// ---- save and restore
// ------------------------------------------------------------------------------

// One file with everything but disk images and the host's sockets. The GPU must be idle.
int machine_save(struct machine *m, const char *path, struct err *err);
int machine_restore(struct machine *m, const char *path, struct err *err);
// A hash of the cores' state, the time and the serial output: two runs of one boot are equal.
uint64_t machine_hash(const struct machine *m);

#endif
