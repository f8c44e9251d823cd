// SPDX-License-Identifier: MIT
//
// What a user asked to know of the program as it runs: trace, profile, coverage, names for perf.
#ifndef USER_TOOLS_H
#define USER_TOOLS_H

#include "user/process.h"

struct err;

// Opens what cfg names. 0, or a negative errno with a message.
int tools_start(struct process *p, struct err *err);
// The program did not start after all.
void tools_free(struct process *p);
// The calling thread is about to run; and has ended.
void tools_thread(struct thread *t);
void tools_thread_end(struct thread *t);
// Instead of cpu_run.
void tools_run(struct thread *t);
// In the child of fork.
void tools_forked(struct thread *t);
// A fault that ends the program.
void tools_fault(struct thread *t, int sig, uint32_t addr);
// Writes the results.
void tools_finish(struct process *p);

#endif
