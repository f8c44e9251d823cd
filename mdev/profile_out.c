// SPDX-License-Identifier: MIT
//
// A profile as files: JSON summary, CSV of every submission, Chrome trace. Written through a temporary
// name, so a full disk leaves no half file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "mdev/profile.h"

static const char *const stage_names[VGPU_STAGE_COUNT] = {
#define X(name, help) #name,
    VGPU_STAGES(X)
#undef X
};

typedef void body_fn(struct profile *p, FILE *f);

static int write_file(struct profile *p, const char *path, body_fn *body, struct err *err)
{
    char tmp[4096];
    FILE *f;
    bool bad;

    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    }
    f = fopen(tmp, "w");
    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    body(p, f);
    bad = ferror(f) != 0;
    bad = fclose(f) != 0 || bad;
    if (bad || rename(tmp, path) != 0) {
        int e = errno ? errno : EIO;
        unlink(tmp);
        return err_set(err, -e, "%s: %s", path, strerror(e));
    }
    return 0;
}

static void put_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            fprintf(f, "\\%c", *s);
        } else if ((unsigned char)*s < 0x20) {
            fprintf(f, "\\u%04x", *s);
        } else {
            fputc(*s, f);
        }
    }
    fputc('"', f);
}

static void json_body(struct profile *p, FILE *f)
{
    struct profile_vgpu *s = malloc(sizeof *s);
    fprintf(f, "{\"dropped\": %llu, \"vgpus\": [", (unsigned long long)profile_dropped(p));
    for (unsigned i = 0; s && i < profile_vgpu_count(p); i++) {
        if (profile_summary(p, i, s)) {
            continue;
        }
        fprintf(f, "%s\n {\"name\": ", i ? "," : "");
        put_string(f, s->name);
        fprintf(f,
                ", \"submissions\": %llu, \"refused\": %llu, \"draws\": %llu, \"resolves\": %llu, "
                "\"packets\": %llu, \"dwords\": %llu, \"engine_ns\": %llu, \"engine_share\": %.6f, "
                "\"spans\": {",
                (unsigned long long)s->submissions, (unsigned long long)s->refused,
                (unsigned long long)s->draws, (unsigned long long)s->resolves,
                (unsigned long long)s->packets, (unsigned long long)s->dwords,
                (unsigned long long)s->engine_ns, s->engine_share);
        for (unsigned k = 0; k < PROFILE_SPAN_COUNT; k++) {
            const struct profile_dist *d = &s->span[k];
            fprintf(f,
                    "%s\n  \"%s\": {\"count\": %llu, \"min_ns\": %llu, \"p50_ns\": %llu, "
                    "\"p90_ns\": %llu, \"p99_ns\": %llu, \"max_ns\": %llu}",
                    k ? "," : "", profile_span_name(k), (unsigned long long)d->count,
                    (unsigned long long)d->min_ns, (unsigned long long)d->p50_ns,
                    (unsigned long long)d->p90_ns, (unsigned long long)d->p99_ns,
                    (unsigned long long)d->max_ns);
        }
        fprintf(f, "}}");
    }
    fprintf(f, "\n]}\n");
    free(s);
}

static void csv_body(struct profile *p, FILE *f)
{
    const struct vgpu_submission *s;
    unsigned who;
    fprintf(f, "id,vgpu,verdict,seqno,ibs,dwords,packets,draws,resolves,engine_ns");
    for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
        fprintf(f, ",%s_ns", stage_names[k]);
    }
    fputc('\n', f);
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        fprintf(f, "%llu,%u,%d,%u,%u,%u,%u,%u,%u,%llu", (unsigned long long)s->id, who, s->verdict,
                s->seqno, s->ibs, s->dwords, s->packets, s->draws, s->resolves,
                (unsigned long long)s->engine_ns);
        for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
            fprintf(f, ",%llu", (unsigned long long)s->stamp_ns[k]);
        }
        fputc('\n', f);
    }
}

static void trace_span(FILE *f, const struct vgpu_submission *s, unsigned pid, const char *name,
                       enum vgpu_stage from, enum vgpu_stage to, uint64_t origin)
{
    if (s->stamp_ns[from] && s->stamp_ns[to] >= s->stamp_ns[from]) {
        fprintf(f,
                ",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f,"
                "\"args\":{\"id\":%llu,\"draws\":%u,\"dwords\":%u,\"verdict\":%d}}",
                name, pid, from >= VGPU_STAGE_started ? 2u : 1u,
                (double)(s->stamp_ns[from] - origin) / 1e3,
                (double)(s->stamp_ns[to] - s->stamp_ns[from]) / 1e3, (unsigned long long)s->id,
                s->draws, s->dwords, s->verdict);
    }
}

static void trace_body(struct profile *p, FILE *f)
{
    const struct vgpu_submission *s;
    uint64_t origin = UINT64_MAX;
    unsigned who;

    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        uint64_t t = s->stamp_ns[VGPU_STAGE_doorbell];
        origin = t && t < origin ? t : origin;
    }
    fprintf(f, "[{\"name\":\"yamato\",\"ph\":\"M\",\"pid\":0}");
    for (unsigned i = 0; i < profile_vgpu_count(p); i++) {
        struct profile_vgpu v;
        if (profile_summary(p, i, &v) == 0) {
            fprintf(f, ",\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%u,\"args\":{\"name\":",
                    i + 1);
            put_string(f, v.name);
            fprintf(f, "}}");
        }
    }
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        trace_span(f, s, who + 1, "audit", VGPU_STAGE_doorbell, VGPU_STAGE_audited, origin);
        trace_span(f, s, who + 1, "wait", VGPU_STAGE_queued, VGPU_STAGE_started, origin);
        trace_span(f, s, who + 1, "engine", VGPU_STAGE_started, VGPU_STAGE_executed, origin);
    }
    fprintf(f, "]\n");
}

int profile_write_json(struct profile *p, const char *path, struct err *err)
{
    return write_file(p, path, json_body, err);
}

int profile_write_csv(struct profile *p, const char *path, struct err *err)
{
    return write_file(p, path, csv_body, err);
}

int profile_write_trace(struct profile *p, const char *path, struct err *err)
{
    return write_file(p, path, trace_body, err);
}
