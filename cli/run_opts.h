// SPDX-License-Identifier: MIT
//
// The options of yamato run: one struct per virtual machine, several machines on one command line
// ("--vm NAME" starts the next one; what stands before the first holds for all).
#ifndef CLI_RUN_OPTS_H
#define CLI_RUN_OPTS_H

#include "base/opts.h"

#define RUN_VMS_MAX 16u
#define RUN_GPU_DEFAULT "yamato-a200"

struct run_vm {
    const char *name;
    const char *board, *cpu, *engine, *kernel, *initrd, *dtb, *append, *sd, *boot;
    struct opt_list drives, disks, serials, nics, typed, shots;
    uint64_t ram, machine_id, cpus, mips, guest_seconds, host_seconds;
    bool snapshot, nographic, no_reboot, realtime, gdb, paused, unclaimed;
    const char *gdb_at, *until, *screenshot, *reference, *capture, *trace, *serial_log, *gpu, *display, *load;
    uint64_t gpu_id;
    uint64_t weight;
};

struct run_all {
    const char *backend, *gl_device, *report, *profile_json, *profile_csv, *profile_trace;
    bool deterministic, hash, stats, unmediated, scissor_inclusive;
    uint64_t raster_threads;
    struct run_vm common;
};

struct run_config {
    struct run_all all;
    struct run_vm vms[RUN_VMS_MAX];
    unsigned nvms;
};

extern const struct opts_spec run_spec;

// As cli_parse, for the whole command line with its --vm parts.
bool run_parse(struct run_config *cfg, int argc, char **argv, int *status);

#endif
