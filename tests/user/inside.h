// SPDX-License-Identifier: MIT
//
// A process of the room without a program, for tests that look inside.
#ifndef TESTS_USER_INSIDE_H
#define TESTS_USER_INSIDE_H

#include <stdlib.h>

#include "base/err.h"
#include "cpu/disasm.h"
#include "user/process.h"

struct inside {
    struct user_config cfg;
    struct process p;
    struct thread *t; // NULL without a CPU
};

static inline struct inside *inside_make(const char *model, enum cpu_engine engine, bool cpu)
{
    struct inside *r = calloc(1, sizeof *r);
    struct err err = {0};
    if (!r) {
        abort();
    }
    r->cfg = (struct user_config){.model = model, .engine = engine};
    r->p.cfg = &r->cfg;
    r->p.features = arm_model_features(model);
    r->p.v6 = ISA_HAS(r->p.features, V6);
    pthread_mutex_init(&r->p.lock, NULL);
    if (space_init(&r->p) || (cpu && !(r->t = thread_new(&r->p, &err)))) {
        abort();
    }
    return r;
}

static inline void inside_drop(struct inside *r)
{
    threads_fini(&r->p);
    space_fini(&r->p);
    free(r->p.cmdline);
    free(r);
}

#endif
