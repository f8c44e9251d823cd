// SPDX-License-Identifier: MIT
//
// Tools of a running program; see tools.h.
#include "user/tools.h"

int tools_start(struct process *p, struct err *err)
{
    (void)p, (void)err;
    return 0;
}
void tools_thread(struct thread *t) { (void)t; }
void tools_thread_end(struct thread *t) { (void)t; }
void tools_run(struct thread *t) { cpu_run(t->cpu, 1ull << 40); }
void tools_forked(struct thread *t) { (void)t; }
void tools_fault(struct thread *t, int sig, uint32_t addr) { (void)t, (void)sig, (void)addr; }
void tools_finish(struct process *p) { (void)p; }
