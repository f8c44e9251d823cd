// SPDX-License-Identifier: MIT
//
// The insides of a machine, shared by machine*.c and monitor.c only.
#ifndef SOC_MACHINE_PRIV_H
#define SOC_MACHINE_PRIV_H

#include <regex.h>
#include <stdatomic.h>

#include "soc/disk.h"
#include "soc/hostio.h"
#include "soc/load.h"
#include "soc/machine.h"
#include "soc/net.h"
#include "soc/serial.h"

struct machine {
    struct soc_host host;
    struct machine_config cfg;
    const struct board *board;
    struct soc *soc;
    struct cpu *cpus[CPU_CLUSTER_MAX];
    unsigned cpu_count;
    struct cpu *cpu; // the core whose turn it is
    unsigned core;   // its number
    struct vgpu *vgpu;
    struct serial *serials[MACHINE_SERIALS];
    struct disk *disks[MACHINE_DISKS];
    struct netdev *nets[MACHINE_NETS];
    struct io_source *io;
    int wake_fd;
    struct machine_gdb *gdb;

    // virtual time = base_ns + (instructions of all cores - base_insns) / mips
    uint64_t base_ns, base_insns, slice_end_ns;
    uint64_t rest_insns; // of the cores whose turn it is not
    uint64_t turn_left;  // instructions of this turn that are left while others wait
    unsigned awake;      // cores at the last look
    unsigned mips;
    uint64_t busy_since_ns;                   // virtual time at which the GPU became busy, 0 idle
    uint64_t anchor_guest_ns, anchor_host_ns; // real time pacing
    uint64_t polled_ns;                       // host time of the last look at descriptors

    atomic_bool stop;
    bool running, paused, reset_wanted, off_wanted;
    const char *power_who;
    machine_debug_fn *debug;
    void *debug_ctx;

    const char *stop_text;
    bool regex_on, matched;
    regex_t regex;
    char line[512]; // of serial line 0, for the regular expression
    unsigned line_len;
    struct machine_marker markers[MACHINE_MARKERS];
    unsigned marker_count;
    struct machine_stats stats;
    uint64_t run_host_ns, run_cpu_ns; // at the start of this machine_run
    uint64_t serial_hash;
    struct soc_override *overrides;
    char monitor_line[256];
    unsigned monitor_len;
};

// Instructions of all cores.
static inline uint64_t machine_insns(const struct machine *m)
{
    return m->rest_insns + cpu_insns(m->cpu);
}
// Gives core `n` the turn.
void machine_turn(struct machine *m, unsigned n);
// Ends the slice in progress.
void machine_interrupt(struct machine *m);

uint64_t host_now_ns(void);
uint64_t host_cpu_now_ns(void);

// Puts the CPU at the beginning of what the machine starts.
int machine_boot(struct machine *m, struct err *err);
// Looks at host descriptors, waiting at most timeout_ms; returns whether something real-time is
// open.
bool machine_poll(struct machine *m, int timeout_ms);
// Serial line 0's listener.
void machine_heard(void *ctx, uint8_t c);
// The GDB stub's part of the loop. machine_gdb_turn: what to do before the next slice; true means
// skip it (halted, or a step was made). machine_gdb_stopped: the CPU stopped for a break or
// watchpoint.
struct machine_gdb;
int machine_gdb_open(struct machine *m, struct err *err);
void machine_gdb_close(struct machine *m);
bool machine_gdb_turn(struct machine *m);
bool machine_gdb_stopped(struct machine *m, enum cpu_stop why);
// The monitor's keyboard.
void machine_monitor_key(void *owner, char c);
void machine_monitor_enter(void *owner);

#endif
