// SPDX-License-Identifier: MIT
//
// Earliest eligible virtual deadline first, with classes and caps; see sched.h. All arithmetic is
// in integers, so that a simulation gives the same order on every host.
#include "mdev/sched.h"

#include <stddef.h>

// Virtual nanoseconds of a weight-1 entity.
#define SCALE 1024u

const char *const sched_class_names[SCHED_CLASS_COUNT] = {
#define X(name, slice_ns, help) #name,
    SCHED_CLASSES(X)
#undef X
};

static const uint32_t slices[SCHED_CLASS_COUNT] = {
#define X(name, slice_ns, help) slice_ns,
    SCHED_CLASSES(X)
#undef X
};

static uint64_t virtual_ns(const struct sched_entity *e, uint64_t ns)
{
    return ns * SCALE / e->weight;
}

void sched_init(struct sched *s)
{
    s->nrun = s->ncapped = 0;
    s->v = s->ids = 0;
}

void sched_entity_init(struct sched *s, struct sched_entity *e, uint32_t weight)
{
    *e = (struct sched_entity){.weight = weight ? weight : SCHED_WEIGHT_DEFAULT,
                               .cls = SCHED_normal,
                               .id = ++s->ids,
                               .v = s->v};
}

// ---- the average
// ---------------------------------------------------------------------------------

struct mean {
    uint64_t base; // the smallest virtual time
    __int128 sum;  // of weight * (v - base)
    int64_t weights;
};

static struct mean mean_of(const struct sched *s)
{
    struct mean m = {UINT64_MAX, 0, 0};
    for (unsigned i = 0; i < s->nrun; i++) {
        m.base = s->run[i]->v < m.base ? s->run[i]->v : m.base;
    }
    for (unsigned i = 0; i < s->nrun; i++) {
        m.sum += (__int128)s->run[i]->weight * (s->run[i]->v - m.base);
        m.weights += s->run[i]->weight;
    }
    return m;
}

static void advance(struct sched *s)
{
    if (s->nrun) {
        struct mean m = mean_of(s);
        s->v = m.base + (uint64_t)(m.sum / m.weights);
    }
}

static bool eligible(const struct mean *m, const struct sched_entity *e)
{
    return (__int128)(e->v - m->base) * m->weights <= m->sum;
}

// ---- caps
// ------------------------------------------------------------------------------------------

// A bucket one slice deep: no window of any length sees more than the cap's part of it and a slice.
static void refill(struct sched_entity *e, uint64_t now_ns)
{
    uint64_t gone = now_ns > e->tokens_ns ? now_ns - e->tokens_ns : 0;
    int64_t room = (int64_t)slices[e->cls] - e->tokens;
    uint64_t need = room > 0 ? (uint64_t)room * SCHED_CAP_FULL / e->cap : 0;
    e->tokens = gone >= need ? (int64_t)slices[e->cls]
                             : e->tokens + (int64_t)(gone * e->cap / SCHED_CAP_FULL);
    e->tokens_ns = now_ns;
}

// When it has half a slice again.
static uint64_t ready_ns(const struct sched_entity *e)
{
    int64_t lack = (int64_t)slices[e->cls] / 2 - e->tokens;
    return lack <= 0 ? e->tokens_ns
                     : e->tokens_ns + ((uint64_t)lack * SCHED_CAP_FULL + e->cap - 1) / e->cap;
}

// ---- who competes
// ------------------------------------------------------------------------------------

static void drop(struct sched_entity **list, unsigned *n, struct sched_entity *e)
{
    struct sched_entity *last = list[--*n];
    list[e->at] = last;
    last->at = e->at;
}

static void compete(struct sched *s, struct sched_entity *e)
{
    uint64_t request = virtual_ns(e, slices[e->cls]);
    uint64_t owed = e->lag < 8 * request ? e->lag : 8 * request;
    advance(s);
    // Sleeping earns nothing: what others owed it when it left is still owed (within reason), and
    // so is what it had used too much, as far as the others have not caught up.
    if (s->v > owed && e->v < s->v - owed) {
        e->v = s->v - owed;
    }
    e->deadline = e->v + request;
    e->at = s->nrun;
    s->run[s->nrun++] = e;
}

static void leave(struct sched *s, struct sched_entity *e)
{
    advance(s);
    drop(s->run, &s->nrun, e);
    advance(s); // the average of the others: what it owes or is owed is relative to them
    e->lag = s->v > e->v ? s->v - e->v : 0;
}

static void throttle(struct sched *s, struct sched_entity *e)
{
    leave(s, e);
    e->throttled = true;
    e->throttles++;
    e->at = s->ncapped;
    s->capped[s->ncapped++] = e;
}

static void release(struct sched *s, struct sched_entity *e)
{
    drop(s->capped, &s->ncapped, e);
    e->throttled = false;
}

void sched_wake(struct sched *s, struct sched_entity *e, uint64_t now_ns)
{
    if (e->wants || s->nrun + s->ncapped == SCHED_ENTITIES_MAX) {
        return;
    }
    e->wants = true;
    compete(s, e);
    if (e->cap) {
        refill(e, now_ns);
        if (e->tokens <= 0) {
            throttle(s, e);
        }
    }
}

void sched_sleep(struct sched *s, struct sched_entity *e)
{
    if (!e->wants) {
        return;
    }
    e->wants = false;
    if (e->throttled) {
        release(s, e);
    } else {
        leave(s, e);
    }
}

// ---- settings
// ----------------------------------------------------------------------------------------

void sched_set_weight(struct sched *s, struct sched_entity *e, uint32_t weight)
{
    (void)s;
    e->weight = weight ? weight : SCHED_WEIGHT_DEFAULT;
    e->deadline = e->v + virtual_ns(e, slices[e->cls]);
}

void sched_set_class(struct sched *s, struct sched_entity *e, enum sched_class cls)
{
    (void)s;
    e->cls = cls;
    e->deadline = e->v + virtual_ns(e, slices[cls]);
}

void sched_set_cap(struct sched *s, struct sched_entity *e, uint32_t thousandths, uint64_t now_ns)
{
    e->cap = thousandths >= SCHED_CAP_FULL ? 0 : thousandths;
    e->tokens = slices[e->cls];
    e->tokens_ns = now_ns;
    if (e->throttled) {
        release(s, e);
        compete(s, e);
    }
}

// ---- running
// -----------------------------------------------------------------------------------------

static void unthrottle(struct sched *s, uint64_t now_ns)
{
    for (unsigned i = 0; i < s->ncapped;) {
        struct sched_entity *e = s->capped[i];
        if (ready_ns(e) <= now_ns) {
            refill(e, now_ns);
            release(s, e);
            compete(s, e);
        } else {
            i++;
        }
    }
}

static bool before(const struct sched_entity *a, const struct sched_entity *b)
{
    if (a->cls != b->cls) {
        return a->cls > b->cls;
    }
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->id < b->id;
}

struct sched_entity *sched_pick(struct sched *s, uint64_t now_ns, uint64_t *slice_ns)
{
    struct sched_entity *best = NULL;
    struct mean m;

    unthrottle(s, now_ns);
    m = mean_of(s);
    for (unsigned i = 0; i < s->nrun; i++) {
        if (eligible(&m, s->run[i]) && (!best || before(s->run[i], best))) {
            best = s->run[i];
        }
    }
    if (best) {
        best->picks++;
        *slice_ns = slices[best->cls];
        if (best->cap) {
            refill(best, now_ns);
            if (best->tokens > 0 && (uint64_t)best->tokens < *slice_ns) {
                *slice_ns = (uint64_t)best->tokens;
            }
        }
    }
    return best;
}

void sched_charge(struct sched *s, struct sched_entity *e, uint64_t ns, uint64_t now_ns)
{
    bool competes = e->wants && !e->throttled;
    e->v += virtual_ns(e, ns);
    if (e->v >= e->deadline) {
        e->deadline = e->v + virtual_ns(e, slices[e->cls]);
    }
    if (e->cap) {
        refill(e, now_ns);
        e->tokens -= (int64_t)ns;
        if (e->tokens <= 0 && competes) {
            throttle(s, e);
            return;
        }
    }
    if (competes) {
        advance(s);
    }
}

bool sched_preempts(const struct sched *s, const struct sched_entity *running)
{
    struct mean m = {0, 0, 0};
    bool have = false;
    for (unsigned i = 0; i < s->nrun; i++) {
        const struct sched_entity *e = s->run[i];
        if (e != running && e->cls > running->cls) {
            if (!have) {
                m = mean_of(s);
                have = true;
            }
            if (eligible(&m, e)) {
                return true;
            }
        }
    }
    return false;
}

uint64_t sched_next_ns(const struct sched *s)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < s->ncapped; i++) {
        uint64_t t = ready_ns(s->capped[i]);
        next = t < next ? t : next;
    }
    return next;
}

bool sched_contended(const struct sched *s, const struct sched_entity *e)
{
    return s->nrun > (e->wants && !e->throttled);
}
