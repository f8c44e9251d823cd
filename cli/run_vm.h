// SPDX-License-Identifier: MIT
//
// One machine of yamato run: opened from its options, run on a thread, closed.
#ifndef CLI_RUN_VM_H
#define CLI_RUN_VM_H

#include "base/log.h"
#include "cli/report.h"
#include "cli/run_opts.h"

struct machine;
struct mdev;
struct profile;
struct err;

struct run_machine {
    const struct run_vm *opt;
    struct machine *machine;
    struct log log;
    char name[64];
    int status;        // exit status of the thread
    bool stats, hash;
    bool shown;        // a picture was written
    char picture[512]; // path of the last picture
    char facts[2048];  // for the report
};

// `lone`: the console defaults to this terminal. 0 or -errno.
int run_vm_open(struct run_machine *vm, const struct run_vm *opt, bool lone, struct mdev *mdev,
                struct profile *profile, struct err *err);
void *run_vm_thread(void *arg); // struct run_machine
void run_vm_report(const struct run_machine *vm, struct report_vm *out);
void run_vm_close(struct run_machine *vm);

#endif
