// SPDX-License-Identifier: MIT
//
// What the records say about sharing, and what two runs say about each other. Both only read
// records, so they work on a file as on a live profile.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "mdev/profile_priv.h"

#define WINDOW_NS 100000000u
enum { RESAMPLES = 300, SAMPLE_MAX = 1000 };

bool profile_interval(const struct vgpu_submission *sub, enum vgpu_stage from, enum vgpu_stage to,
                      uint64_t *a, uint64_t *b)
{
    *a = sub->stamp_ns[from];
    *b = sub->stamp_ns[to];
    return *a && *b > *a;
}

// ---- sharing
// ---------------------------------------------------------------------------------------

struct run {
    uint64_t a, b, ns; // on the engine, of it at work
    unsigned vgpu;
};

static int by_start(const void *a, const void *b)
{
    uint64_t x = ((const struct run *)a)->a, y = ((const struct run *)b)->a;
    return x < y ? -1 : x > y;
}

static struct run *collect(const struct profile *p, enum vgpu_stage from, enum vgpu_stage to,
                           uint64_t *n)
{
    struct run *r = malloc((p->used + 1) * sizeof *r);
    *n = 0;
    for (uint64_t i = 0; r && i < p->used; i++) {
        const struct record *rec = &p->records[i];
        struct run *k = &r[*n];
        if (rec->vgpu < PROFILE_SHARES_MAX && profile_interval(&rec->sub, from, to, &k->a, &k->b)) {
            k->vgpu = rec->vgpu;
            k->ns = rec->sub.engine_ns;
            ++*n;
        }
    }
    if (r) {
        qsort(r, *n, sizeof *r, by_start);
    }
    return r;
}

// For whom each waited: the others' time on the engine while it was queued.
static void waits(struct profile_sharing *out, const struct run *run, uint64_t nrun,
                  const struct run *wait, uint64_t nwait)
{
    uint64_t first = 0, longest = 0;
    for (uint64_t i = 0; i < nrun; i++) {
        longest = run[i].b - run[i].a > longest ? run[i].b - run[i].a : longest;
    }
    for (uint64_t i = 0; i < nwait; i++) {
        while (first < nrun && run[first].a + longest < wait[i].a) {
            first++;
        }
        for (uint64_t k = first; k < nrun && run[k].a < wait[i].b; k++) {
            uint64_t a = run[k].a > wait[i].a ? run[k].a : wait[i].a;
            uint64_t b = run[k].b < wait[i].b ? run[k].b : wait[i].b;
            if (b > a) { // the part of it at work
                out->waited_for[wait[i].vgpu][run[k].vgpu] +=
                    (uint64_t)((double)(b - a) * (double)run[k].ns / (double)(run[k].b - run[k].a));
            }
        }
    }
}

// Engine idle while somebody waited: the gaps between runs that waits cover.
static uint64_t bubbles(const struct run *run, uint64_t nrun, const struct run *wait,
                        uint64_t nwait)
{
    uint64_t end = 0, sum = 0, w = 0, covered = 0;
    for (uint64_t i = 0; i < nrun; i++) {
        if (end && run[i].a > end) {
            uint64_t from = end;
            for (; w < nwait && wait[w].a < run[i].a; w++) {
                covered = wait[w].b > covered ? wait[w].b : covered;
                from = wait[w].b >= run[i].a && wait[w].a > from ? wait[w].a : from;
            }
            if (covered >= run[i].a || from > end) {
                sum += run[i].a - from;
            }
        }
        end = run[i].b > end ? run[i].b : end;
    }
    return sum;
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void spread(double *window, uint64_t t0, const struct run *r, double share, bool time)
{
    for (uint64_t at = r->a; at < r->b;) {
        uint64_t w = (at - t0) / WINDOW_NS, end = t0 + (w + 1) * WINDOW_NS;
        end = end < r->b ? end : r->b;
        window[w * PROFILE_SHARES_MAX + r->vgpu] += time ? (double)(end - at) * share : 1;
        at = end;
    }
}

static int fairness(struct profile_sharing *out, uint64_t t0, const struct run *run, uint64_t nrun,
                    const struct run *wait, uint64_t nwait)
{
    uint64_t windows = out->span_ns / WINDOW_NS + 2, n = 0;
    double *used = calloc(windows * PROFILE_SHARES_MAX, sizeof *used);
    double *wanted = calloc(windows * PROFILE_SHARES_MAX, sizeof *wanted),
           *jain = calloc(windows, sizeof *jain);
    out->jain_median = out->jain_worst = 1;
    for (uint64_t i = 0; used && wanted && jain && i < nrun; i++) {
        spread(used, t0, &run[i], (double)run[i].ns / (double)(run[i].b - run[i].a), true);
    }
    for (uint64_t i = 0; used && wanted && jain && i < nwait; i++) {
        spread(wanted, t0, &wait[i], 1, true);
    }
    for (uint64_t w = 0; used && wanted && jain && w < windows; w++) {
        double s = 0, q = 0;
        unsigned k = 0;
        for (unsigned v = 0; v < out->vgpus;
             v++) { // those who had something queued nearly all the time
            if (wanted[w * PROFILE_SHARES_MAX + v] > 0.9 * WINDOW_NS) {
                s += used[w * PROFILE_SHARES_MAX + v];
                q += used[w * PROFILE_SHARES_MAX + v] * used[w * PROFILE_SHARES_MAX + v];
                k++;
            }
        }
        if (k >= 2 && q > 0) {
            jain[n++] = s * s / (k * q);
        }
    }
    if (n) {
        qsort(jain, n, sizeof *jain, by_double);
        out->jain_median = jain[n / 2];
        out->jain_worst = jain[0];
    }
    free(used);
    free(wanted);
    free(jain);
    return 0;
}

int profile_share(const struct profile *p, struct profile_sharing *out)
{
    uint64_t nrun, nwait, t0 = UINT64_MAX, t1 = 0;
    struct run *run = collect(p, VGPU_STAGE_started, VGPU_STAGE_executed, &nrun);
    struct run *wait = collect(p, VGPU_STAGE_queued, VGPU_STAGE_started, &nwait);
    int rc = run && wait ? 0 : -ENOMEM;

    memset(out, 0, sizeof *out);
    out->vgpus = p->nvgpus < PROFILE_SHARES_MAX ? p->nvgpus : PROFILE_SHARES_MAX;
    for (uint64_t i = 0; i < p->used; i++) {
        const struct vgpu_submission *s = &p->records[i].sub;
        out->busy_ns += s->engine_ns;
        out->preemptions += s->slices > 1 ? s->slices - 1 : 0;
        for (unsigned k = 0; k <= VGPU_STAGE_fenced; k++) {
            uint64_t t = s->stamp_ns[k];
            t0 = t && t < t0 ? t : t0;
            t1 = t > t1 ? t : t1;
        }
    }
    out->span_ns = t1 > t0 ? t1 - t0 : 0;
    if (!rc && out->span_ns < 24ull * 3600 * 1000000000u) {
        waits(out, run, nrun, wait, nwait);
        out->bubble_ns = bubbles(run, nrun, wait, nwait);
        rc = fairness(out, t0, run, nrun, wait, nwait);
    }
    free(run);
    free(wait);
    return rc;
}

// ---- two runs
// --------------------------------------------------------------------------------------

static uint64_t by_fence(const struct profile *p, uint64_t i)
{
    return p->records[i].sub.stamp_ns[VGPU_STAGE_fenced];
}

// Values of one kind: a span, engine time, or time between fences of one vGPU.
static double *values(const struct profile *p, unsigned what, uint64_t *n)
{
    double *v = malloc((p->used + 1) * sizeof *v);
    uint64_t last[PROFILE_VGPUS_MAX] = {0}, ns;
    *n = 0;
    for (uint64_t i = 0; v && i < p->used; i++) {
        const struct vgpu_submission *s = &p->records[i].sub;
        unsigned who = p->records[i].vgpu;
        if (what < PROFILE_SPAN_COUNT) {
            if (profile_span_ns(s, what, &ns)) {
                v[(*n)++] = (double)ns;
            }
        } else if (what == PROFILE_SPAN_COUNT) {
            v[(*n)++] = (double)s->engine_ns;
        } else if (who < PROFILE_VGPUS_MAX && by_fence(p, i)) {
            if (last[who] && by_fence(p, i) > last[who]) {
                v[(*n)++] = (double)(by_fence(p, i) - last[who]);
            }
            last[who] = by_fence(p, i);
        }
    }
    return v;
}

static uint32_t roll(uint64_t *seed, uint64_t n)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((*seed >> 33) % n);
}

static double median(double *v, uint64_t n)
{
    qsort(v, n, sizeof *v, by_double);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double resampled(const double *v, uint64_t n, double *scratch, uint64_t *seed)
{
    uint64_t k = n < SAMPLE_MAX ? n : SAMPLE_MAX;
    for (uint64_t i = 0; i < k; i++) {
        scratch[i] = v[roll(seed, n)];
    }
    return median(scratch, k);
}

static int delta(const struct profile *a, const struct profile *b, unsigned what,
                 struct profile_delta *d)
{
    double *va = values(a, what, &d->na), *vb = values(b, what, &d->nb);
    double *scratch = malloc(SAMPLE_MAX * sizeof *scratch), change[RESAMPLES];
    uint64_t seed = 1;
    int rc = va && vb && scratch ? 0 : -ENOMEM;
    d->what = what < PROFILE_SPAN_COUNT    ? profile_span_name((enum profile_span)what)
              : what == PROFILE_SPAN_COUNT ? "engine"
                                           : "period";
    if (!rc && d->na > 1 && d->nb > 1) {
        for (unsigned i = 0; i < RESAMPLES; i++) {
            double x = resampled(va, d->na, scratch, &seed),
                   y = resampled(vb, d->nb, scratch, &seed);
            change[i] = (y + 1) / (x + 1) - 1; // one nanosecond more: spans may be empty
        }
        qsort(change, RESAMPLES, sizeof *change, by_double);
        d->a_ns = median(va, d->na);
        d->b_ns = median(vb, d->nb);
        d->change = (d->b_ns + 1) / (d->a_ns + 1) - 1;
        d->low = change[RESAMPLES / 40];
        d->high = change[RESAMPLES - 1 - RESAMPLES / 40];
        d->differs = d->low > 0 || d->high < 0;
    }
    free(va);
    free(vb);
    free(scratch);
    return rc;
}

int profile_compare(const struct profile *a, const struct profile *b,
                    struct profile_delta out[PROFILE_DELTAS])
{
    int rc = 0;
    memset(out, 0, PROFILE_DELTAS * sizeof *out);
    for (unsigned i = 0; i < PROFILE_DELTAS && !rc; i++) {
        rc = delta(a, b, i, &out[i]);
    }
    return rc;
}
