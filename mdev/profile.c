// SPDX-License-Identifier: MIT
//
// Records of submissions and their distributions; see profile.h. A record is one append under a
// lock (tens of nanoseconds a submission); everything else happens when somebody asks.
#include "mdev/profile.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/profile_priv.h"

static const struct {
    const char *name, *help;
    enum vgpu_stage from, to;
} spans[PROFILE_SPAN_COUNT] = {
#define X(name, from, to, help) {#name, help, VGPU_STAGE_##from, VGPU_STAGE_##to},
    PROFILE_SPANS(X)
#undef X
};

const char *profile_span_name(enum profile_span span)
{
    return spans[span].name;
}

const char *profile_span_help(enum profile_span span)
{
    return spans[span].help;
}

struct profile *profile_create(uint64_t max_records)
{
    struct profile *p = calloc(1, sizeof *p);
    if (p) {
        pthread_mutex_init(&p->lock, NULL);
        p->max = max_records ? max_records : 2000000;
    }
    return p;
}

void profile_destroy(struct profile *p)
{
    if (p) {
        pthread_mutex_destroy(&p->lock);
        free(p->records);
        for (unsigned i = 0; i < p->nvgpus; i++) {
            free(p->vgpus[i].heat);
        }
        profile_tables_free(p);
        free(p);
    }
}

unsigned profile_index(const struct profile *p, const struct vgpu *vgpu)
{
    unsigned who = 0;
    while (who < p->nvgpus && p->vgpus[who].vgpu != vgpu) {
        who++;
    }
    return who;
}

void profile_add(struct profile *p, unsigned who, const struct vgpu_submission *sub)
{
    if (p->used == p->room && p->room < p->max) {
        uint64_t room = p->room ? p->room * 2 : 4096;
        struct record *r;
        room = room < p->max ? room : p->max;
        r = realloc(p->records, room * sizeof *r);
        if (r) {
            p->records = r;
            p->room = room;
        }
    }
    if (p->used == p->room) {
        p->dropped++;
    } else {
        p->records[p->used].vgpu = who;
        p->records[p->used++].sub = *sub;
    }
}

static void record(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub)
{
    struct profile *p = ctx;
    pthread_mutex_lock(&p->lock);
    profile_add(p, profile_index(p, vgpu), sub);
    pthread_mutex_unlock(&p->lock);
}

int profile_vgpu(struct profile *p, const char *name)
{
    if (p->nvgpus == PROFILE_VGPUS_MAX) {
        return -ENOSPC;
    }
    snprintf(p->vgpus[p->nvgpus].name, sizeof p->vgpus[0].name, "%s", name);
    return (int)p->nvgpus++;
}

int profile_attach(struct profile *p, struct vgpu *vgpu)
{
    struct vgpu_heat *heat = calloc(1, sizeof *heat);
    int i;
    if (!heat) {
        return -ENOMEM;
    }
    pthread_mutex_lock(&p->lock);
    i = profile_vgpu(p, vgpu_name(vgpu));
    if (i >= 0) {
        p->vgpus[i].vgpu = vgpu;
        p->vgpus[i].heat = heat;
    }
    pthread_mutex_unlock(&p->lock);
    if (i < 0) {
        free(heat);
        return i;
    }
    vgpu_heat(vgpu, heat);
    vgpu_listen_details(vgpu, profile_details, p);
    vgpu_listen(vgpu, record, p);
    return 0;
}

const char *profile_vgpu_name(const struct profile *p, unsigned i)
{
    return i < p->nvgpus ? p->vgpus[i].name : "?";
}

unsigned profile_vgpu_count(const struct profile *p)
{
    return p->nvgpus;
}

uint64_t profile_dropped(const struct profile *p)
{
    return p->dropped;
}

const struct vgpu_submission *profile_record(const struct profile *p, uint64_t i, unsigned *vgpu)
{
    if (i >= p->used) {
        return NULL;
    }
    *vgpu = p->records[i].vgpu;
    return &p->records[i].sub;
}

// Nanoseconds of a span, false when the submission did not pass both stages.
bool profile_span_ns(const struct vgpu_submission *sub, unsigned span, uint64_t *ns)
{
    uint64_t a = sub->stamp_ns[spans[span].from], b = sub->stamp_ns[spans[span].to];
    *ns = b > a ? b - a : 0;
    return a && b;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void distribution(uint64_t *v, uint64_t n, struct profile_dist *d)
{
    memset(d, 0, sizeof *d);
    d->count = n;
    if (!n) {
        return;
    }
    qsort(v, n, sizeof *v, by_value);
    for (uint64_t i = 0; i < n; i++) {
        unsigned b = v[i] ? 63u - (unsigned)__builtin_clzll(v[i]) : 0;
        d->sum_ns += v[i];
        d->log2_hist[b < ARRAY_LEN(d->log2_hist) ? b : ARRAY_LEN(d->log2_hist) - 1]++;
    }
    d->min_ns = v[0];
    d->p50_ns = v[n / 2];
    d->p90_ns = v[n * 9 / 10];
    d->p99_ns = v[n * 99 / 100];
    d->max_ns = v[n - 1];
}

int profile_summary(struct profile *p, unsigned i, struct profile_vgpu *out)
{
    uint64_t all_ns = 0, *v;
    memset(out, 0, sizeof *out);
    if (i >= p->nvgpus) {
        return -EINVAL;
    }
    v = malloc((p->used + 1) * sizeof *v);
    if (!v) {
        return -ENOMEM;
    }
    snprintf(out->name, sizeof out->name, "%s", p->vgpus[i].name);
    for (uint64_t r = 0; r < p->used; r++) {
        const struct vgpu_submission *s = &p->records[r].sub;
        all_ns += s->engine_ns;
        if (p->records[r].vgpu == i) {
            out->submissions++;
            out->refused += s->verdict != 0;
            out->draws += s->draws;
            out->resolves += s->resolves;
            out->packets += s->packets;
            out->dwords += s->dwords;
            out->engine_ns += s->engine_ns;
        }
    }
    out->engine_share = all_ns ? (double)out->engine_ns / (double)all_ns : 0;
    for (unsigned s = 0; s < PROFILE_SPAN_COUNT; s++) {
        uint64_t n = 0;
        for (uint64_t r = 0; r < p->used; r++) {
            if (p->records[r].vgpu == i && profile_span_ns(&p->records[r].sub, s, &v[n])) {
                n++;
            }
        }
        distribution(v, n, &out->span[s]);
    }
    free(v);
    return 0;
}

void profile_print(struct profile *p, FILE *out)
{
    struct profile_vgpu s;
    for (unsigned i = 0; i < p->nvgpus; i++) {
        if (profile_summary(p, i, &s)) {
            continue;
        }
        fprintf(out, "%s: %llu submissions, %llu draws, engine %.3f s (share %.1f %%)\n", s.name,
                (unsigned long long)s.submissions, (unsigned long long)s.draws,
                (double)s.engine_ns / 1e9, s.engine_share * 100);
        fprintf(out, "  %-8s %10s %10s %10s %10s  us\n", "stage", "p50", "p90", "p99", "max");
        for (unsigned k = 0; k < PROFILE_SPAN_COUNT; k++) {
            const struct profile_dist *d = &s.span[k];
            fprintf(out, "  %-8s %10.1f %10.1f %10.1f %10.1f  %s\n", spans[k].name,
                    (double)d->p50_ns / 1e3, (double)d->p90_ns / 1e3, (double)d->p99_ns / 1e3,
                    (double)d->max_ns / 1e3, spans[k].help);
        }
    }
    if (p->dropped) {
        fprintf(out, "dropped %llu records (limit %llu)\n", (unsigned long long)p->dropped,
                (unsigned long long)p->max);
    }
}
