// SPDX-License-Identifier: MIT
//
// Cores that share memory coherently, private to this room. All cores of a cluster run on one
// thread, one after the other, so what one does to another happens between the other's
// instructions. They share the cache of decoded and translated code; translation banks are each
// core's own. The global exclusive monitor is memory itself: a store exclusive compares and swaps
// (mem_store_exclusive).
#ifndef CPU_CLUSTER_H
#define CPU_CLUSTER_H

#include "cpu/state.h"

struct cluster {
    struct cpu *cpu[CPU_CLUSTER_MAX];
    unsigned count;
};

// For every core of c's cluster, c included.
#define EACH_CORE(c, p)                                                                            \
    for (struct cpu **at_##p = (c)->cluster->cpu, **end_##p = at_##p + (c)->cluster->count,        \
                    *p = NULL;                                                                     \
         at_##p < end_##p && (p = *at_##p, true); at_##p++)

static inline bool cluster_shared(const struct cpu *c)
{
    return c->cluster->count > 1;
}

static inline void cluster_leave(struct cluster *k, const struct cpu *c)
{
    unsigned n = 0;
    while (n < k->count && k->cpu[n] != c) {
        n++;
    }
    if (n < k->count) {
        k->cpu[n] = k->cpu[--k->count];
    }
}

// Do these interrupt lines end the core's sleep? WFI wakes for masked ones too.
static inline bool cluster_wakes(const struct cpu *c, unsigned lines)
{
    if (!c->wfe_waiting) {
        return lines != 0;
    }
    return (lines >> CPU_LINE_IRQ & 1 && !c->psr_i) || (lines >> CPU_LINE_FIQ & 1 && !c->psr_f);
}

// SEV: every core's event register is set, sleepers in WFE go on, and the sender gives its turn away.
static inline void cluster_send_event(struct cpu *c)
{
    EACH_CORE(c, p)
    {
        if (p->wfe_waiting) {
            p->waiting = p->wfe_waiting = false;
            atomic_fetch_or(&c->attention, ATTN_STOP);
        } else {
            p->event = true;
        }
    }
}

#endif
