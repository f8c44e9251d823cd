// SPDX-License-Identifier: MIT
//
// The scheduling policy as a module without clocks, threads or memory of its own: whoever calls it
// says what time it is and what ran. The live engine and the simulation of the tests run the same
// code. What it promises, and why it keeps it, is in docs/scheduling.md.
//
// Fairness is virtual time: an entity's advances by the engine time it used divided by its weight.
// Those not ahead of the weighted average are eligible. Among the eligible the higher class goes
// first, then the one whose request (a slice) would end earliest in virtual time. Since only
// eligible entities use their class, a high class buys a short wait and never more than the share.
#ifndef MDEV_SCHED_H
#define MDEV_SCHED_H

#include <stdbool.h>
#include <stdint.h>

// How long an entity runs before another is considered. One row a class, lowest first.
#define SCHED_CLASSES(X)                                                                           \
    X(low, 4000000u, "long slices, goes after the others")                                         \
    X(normal, 2000000u, "the default")                                                             \
    X(high, 500000u, "goes first, within its share, and preempts at the next draw")
enum sched_class {
#define X(name, slice_ns, help) SCHED_##name,
    SCHED_CLASSES(X)
#undef X
        SCHED_CLASS_COUNT
};
extern const char *const sched_class_names[SCHED_CLASS_COUNT];

enum { SCHED_WEIGHT_DEFAULT = 100, SCHED_WEIGHT_MAX = 10000, SCHED_CAP_FULL = 1000 };

// Embedded in the owner, which fills nothing in but by the functions below.
struct sched_entity {
    uint32_t weight; // 1..SCHED_WEIGHT_MAX
    uint32_t cap;    // thousandths of the engine, 0: none
    enum sched_class cls;
    bool wants;                // has work
    bool throttled;            // has work, but its cap is used up
    unsigned at;               // its place in sched.run while it competes
    uint64_t id;               // ties are broken by it
    uint64_t v, deadline;      // virtual time received; where its request ends
    uint64_t lag;              // by how much it was behind when it left
    int64_t tokens;            // of the cap, ns
    uint64_t tokens_ns;        // when they were counted
    uint64_t throttles, picks; // statistics
};

enum { SCHED_ENTITIES_MAX = 8192 };
struct sched {
    struct sched_entity *run[SCHED_ENTITIES_MAX];    // those who compete
    struct sched_entity *capped[SCHED_ENTITIES_MAX]; // throttled ones
    unsigned nrun, ncapped;
    uint64_t v; // the weighted average, kept while nobody competes
    uint64_t ids;
};

void sched_init(struct sched *s);
// A new entity: weight 0 means the default.
void sched_entity_init(struct sched *s, struct sched_entity *e, uint32_t weight);
// New settings at any time; they count from now on.
void sched_set_weight(struct sched *s, struct sched_entity *e, uint32_t weight);
void sched_set_cap(struct sched *s, struct sched_entity *e, uint32_t thousandths, uint64_t now_ns);
void sched_set_class(struct sched *s, struct sched_entity *e, enum sched_class cls);

// It has work from now on; it has none any more. Both may be called at any time, also twice.
void sched_wake(struct sched *s, struct sched_entity *e, uint64_t now_ns);
void sched_sleep(struct sched *s, struct sched_entity *e);

// Who runs next and for how long at most; NULL when nobody may. It stays among those who compete.
struct sched_entity *sched_pick(struct sched *s, uint64_t now_ns, uint64_t *slice_ns);
// It ran for `ns` until now. (Also when it went to sleep meanwhile.)
void sched_charge(struct sched *s, struct sched_entity *e, uint64_t ns, uint64_t now_ns);
// Whether the running one should stop at its next draw, slice or not.
bool sched_preempts(const struct sched *s, const struct sched_entity *running);
// When the next throttled one may go on; UINT64_MAX when nobody is throttled.
uint64_t sched_next_ns(const struct sched *s);
// Whether anybody but `e` competes.
bool sched_contended(const struct sched *s, const struct sched_entity *e);

#endif
