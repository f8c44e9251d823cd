// SPDX-License-Identifier: MIT
//
// A profile as files: JSON summary, CSV of every submission, Chrome trace. Written through a
// temporary name, so a full disk leaves no half file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/profile_priv.h"

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

static void json_registers(struct profile *p, unsigned vgpu, FILE *f)
{
    struct profile_reg r[32];
    unsigned n = profile_registers(p, vgpu, r, ARRAY_LEN(r));
    fprintf(f, ", \"registers\": [");
    for (unsigned i = 0; i < n; i++) {
        fprintf(f,
                "%s\n  {\"reg\": %u, \"name\": \"%s\", \"reads\": %llu, \"writes\": %llu, "
                "\"same\": %llu, "
                "\"polls\": %llu, \"longest_spin\": %llu, \"ns\": %llu}",
                i ? "," : "", r[i].reg, r[i].name, (unsigned long long)r[i].heat.reads,
                (unsigned long long)r[i].heat.writes, (unsigned long long)r[i].heat.same,
                (unsigned long long)r[i].heat.polls, (unsigned long long)r[i].heat.longest,
                (unsigned long long)r[i].heat.ns);
    }
    fprintf(f, "]");
}

static void json_sharing(struct profile *p, FILE *f)
{
    struct profile_sharing *s = malloc(sizeof *s);
    if (s && profile_share(p, s) == 0) {
        fprintf(f,
                "\"sharing\": {\"span_ns\": %llu, \"busy_ns\": %llu, \"bubble_ns\": %llu, "
                "\"preemptions\": "
                "%llu, \"jain_median\": %.6f, \"jain_worst\": %.6f, \"waited_for\": [",
                (unsigned long long)s->span_ns, (unsigned long long)s->busy_ns,
                (unsigned long long)s->bubble_ns, (unsigned long long)s->preemptions,
                s->jain_median, s->jain_worst);
        for (unsigned i = 0; i < s->vgpus; i++) {
            fprintf(f, "%s[", i ? ", " : "");
            for (unsigned k = 0; k < s->vgpus; k++) {
                fprintf(f, "%s%llu", k ? ", " : "", (unsigned long long)s->waited_for[i][k]);
            }
            fprintf(f, "]");
        }
        fprintf(f, "]},\n");
    }
    free(s);
}

static void json_details(struct profile *p, FILE *f)
{
    const struct profile_leaf *l;
    const struct profile_ib *b;
    const struct profile_tile *t;
    fprintf(f, "\"lost\": %llu, \"works\": [", (unsigned long long)profile_lost(p));
    for (unsigned i = 0; (l = profile_leaf_at(p, i)); i++) {
        fprintf(f,
                "%s\n {\"vgpu\": %u, \"context\": %u, \"ib\": %u, \"kind\": \"%s\", \"prim\": %u, "
                "\"count\": %u, \"calls\": %llu, \"ns\": %llu}",
                i ? "," : "", l->key.vgpu, l->key.context, l->key.ib_va,
                profile_work_name(l->key.kind), l->key.prim, l->key.count,
                (unsigned long long)l->calls, (unsigned long long)l->ns);
    }
    fprintf(f, "],\n\"ibs\": [");
    for (unsigned i = 0; (b = profile_ib_at(p, i)); i++) {
        fprintf(f,
                "%s\n {\"vgpu\": %u, \"context\": %u, \"va\": %u, \"submissions\": %llu, "
                "\"calls\": %llu, "
                "\"dwords\": %llu, \"packets\": %llu}",
                i ? "," : "", b->key.vgpu, b->key.context, b->key.va,
                (unsigned long long)b->submissions, (unsigned long long)b->calls,
                (unsigned long long)b->dwords, (unsigned long long)b->packets);
    }
    fprintf(f, "],\n\"tiles\": [");
    for (unsigned i = 0; (t = profile_tile_at(p, i)); i++) {
        fprintf(f,
                "%s\n {\"vgpu\": %u, \"x\": %d, \"y\": %d, \"draws\": %llu, \"resolves\": %llu, "
                "\"pixels\": "
                "%llu, \"ns\": %llu}",
                i ? "," : "", t->key.vgpu, t->key.x, t->key.y, (unsigned long long)t->draws,
                (unsigned long long)t->resolves, (unsigned long long)t->pixels,
                (unsigned long long)t->ns);
    }
    fprintf(f, "]");
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
        fprintf(f, "}");
        json_registers(p, i, f);
        fprintf(f, "}");
    }
    fprintf(f, "\n],\n");
    json_sharing(p, f);
    json_details(p, f);
    fprintf(f, "}\n");
    free(s);
}

static void csv_body(struct profile *p, FILE *f)
{
    const struct vgpu_submission *s;
    unsigned who;
    fprintf(f, "id,vgpu,verdict,seqno,ibs,dwords,packets,draws,resolves,engine_ns,slices,context");
    for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
        fprintf(f, ",%s_ns", stage_names[k]);
    }
    fprintf(f, ",name\n");
    for (uint64_t i = 0; (s = profile_record(p, i, &who)); i++) {
        fprintf(f, "%llu,%u,%d,%u,%u,%u,%u,%u,%u,%llu,%u,%u", (unsigned long long)s->id, who,
                s->verdict, s->seqno, s->ibs, s->dwords, s->packets, s->draws, s->resolves,
                (unsigned long long)s->engine_ns, s->slices, s->context);
        for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
            fprintf(f, ",%llu", (unsigned long long)s->stamp_ns[k]);
        }
        fputc(',', f);
        for (const char *c = profile_vgpu_name(p, who); *c; c++) {
            fputc((unsigned char)*c < 0x20 || *c == ',' || *c == '"' ? '_' : *c, f);
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
    for (uint32_t i = 0; i < p->nworks; i++) {
        const struct kept_work *k = &p->works[i];
        if (k->work.start_ns >= origin) {
            fprintf(f,
                    ",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%u,\"tid\":3,\"ts\":%.3f,\"dur\":%."
                    "3f,\"args\":{"
                    "\"id\":%llu,\"ib\":\"0x%08x\",\"count\":%u,\"tile\":\"%d,%d\"}}",
                    profile_work_name(k->work.kind), k->vgpu + 1,
                    (double)(k->work.start_ns - origin) / 1e3, (double)k->work.ns / 1e3,
                    (unsigned long long)k->sub_id, k->work.ib_va, k->work.count, -k->work.tile_x,
                    -k->work.tile_y);
        }
    }
    fprintf(f, "]\n");
}

// ---- and back
// --------------------------------------------------------------------------------------

enum { COL_NAME = VGPU_STAGE_COUNT + 12 };

static bool columns_fit(const char *line)
{
    char want[1024];
    size_t n = (size_t)snprintf(
        want, sizeof want,
        "id,vgpu,verdict,seqno,ibs,dwords,packets,draws,resolves,engine_ns,slices,context");
    for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
        n += (size_t)snprintf(want + n, sizeof want - n, ",%s_ns", stage_names[k]);
    }
    snprintf(want + n, sizeof want - n, ",name\n");
    return !strcmp(line, want);
}

static int index_of(struct profile *p, const char *name)
{
    for (unsigned i = 0; i < p->nvgpus; i++) {
        if (!strcmp(p->vgpus[i].name, name)) {
            return (int)i;
        }
    }
    return profile_vgpu(p, name);
}

static bool read_line(struct profile *p, char *line)
{
    struct vgpu_submission s = {0};
    long long v[COL_NAME];
    char *at = line, *end;
    int who;
    for (unsigned i = 0; i < COL_NAME; i++) {
        v[i] = strtoll(at, &end, 10);
        if (end == at || *end != ',') {
            return false;
        }
        at = end + 1;
    }
    at[strcspn(at, "\r\n")] = 0;
    who = index_of(p, at);
    if (who < 0 || !at[0]) {
        return false;
    }
    s = (struct vgpu_submission){.id = (uint64_t)v[0],
                                 .verdict = (int)v[2],
                                 .seqno = (uint32_t)v[3],
                                 .ibs = (uint32_t)v[4],
                                 .dwords = (uint32_t)v[5],
                                 .packets = (uint32_t)v[6],
                                 .draws = (uint32_t)v[7],
                                 .resolves = (uint32_t)v[8],
                                 .engine_ns = (uint64_t)v[9],
                                 .slices = (uint32_t)v[10],
                                 .context = (uint32_t)v[11]};
    for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
        s.stamp_ns[k] = (uint64_t)v[12 + k];
    }
    profile_add(p, (unsigned)who, &s);
    return true;
}

int profile_load_csv(struct profile *p, const char *path, struct err *err)
{
    FILE *f = fopen(path, "r");
    char line[2048];
    unsigned n = 1;
    int rc = 0;
    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    if (!fgets(line, sizeof line, f) || !columns_fit(line)) {
        rc = err_set(err, -EINVAL, "%s: not a profile of this version (first line)", path);
    }
    while (!rc && fgets(line, sizeof line, f)) {
        n++;
        if (!read_line(p, line)) {
            rc = err_set(err, -EINVAL, "%s: line %u is not a submission", path, n);
        }
    }
    fclose(f);
    return rc;
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
