// SPDX-License-Identifier: MIT
//
// The session: a backend that passes everything on to the real one and shows it to a visitor, and
// the index of the capture that the first replay makes.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/debug/priv.h"

#define MAX_PACKETS (1u << 24)

// ---- growing lists ------------------------------------------------------------------------------

static void *grow(void **items, unsigned *count, unsigned *room, size_t size)
{
    if (*count == *room) {
        unsigned more = *room ? 2 * *room : 256;
        void *p = *room < MAX_PACKETS ? realloc(*items, more * size) : NULL;
        if (!p) {
            return NULL;
        }
        *items = p;
        *room = more;
    }
    void *slot = (char *)*items + *count * size;
    memset(slot, 0, size);
    *count += 1;
    return slot;
}

static void note_program(struct gpu_debug *d, const struct shader *sh)
{
    char *text = NULL;
    size_t bytes;
    struct debug_program *p;
    if (!sh) {
        return;
    }
    for (unsigned i = 0; i < d->program_count; i++) {
        if (d->programs[i].hash == shader_hash(sh) && d->programs[i].stage == shader_stage(sh)) {
            return;
        }
    }
    p = grow((void **)&d->programs, &d->program_count, &d->program_room, sizeof *p);
    FILE *out = p ? open_memstream(&text, &bytes) : NULL;
    if (!out) {
        d->failed = true;
        return;
    }
    shader_print(sh, SHADER_DIALECT_FREEDRENO, out);
    fclose(out);
    p->hash = shader_hash(sh);
    p->stage = shader_stage(sh);
    p->text = text;
    const struct shader_glsl_options opt = {.exact = false, .kill_discard = true};
    if (shader_to_glsl(sh, &opt, &p->glsl, NULL)) {
        p->glsl = NULL;
    } else { // the arithmetic that every program shares says nothing about this one
        char *body = strstr(p->glsl, p->stage == SHADER_VERTEX ? "void yamato_vs" : "void yamato_ps");
        if (body) {
            memmove(p->glsl, body, strlen(body) + 1);
        }
    }
}

static void note_work(struct gpu_debug *d, const struct debug_place *p, enum gpu_result result)
{
    struct debug_work *w = grow((void **)&d->work, &d->work_count, &d->work_room, sizeof *w);
    if (!w) {
        d->failed = true;
        return;
    }
    w->submit = d->submit;
    w->packet = d->seen_packets;
    w->result = result;
    if (p->draw) {
        const struct gpu_draw *g = p->draw;
        w->kind = DEBUG_DRAW;
        w->prim = g->prim;
        w->count = g->count;
        w->indexed = g->indexed;
        w->vs = g->vs ? shader_hash(g->vs) : 0;
        w->ps = g->ps ? shader_hash(g->ps) : 0;
        w->color = g->state->color;
        w->scissor = g->state->scissor;
        w->window_x = g->state->window_x;
        w->window_y = g->state->window_y;
        note_program(d, g->vs);
        note_program(d, g->ps);
    } else if (p->resolve) {
        w->kind = DEBUG_RESOLVE;
        w->color = p->resolve->src;
        w->scissor = p->resolve->rect;
        w->window_x = -p->resolve->dst_x;
        w->window_y = -p->resolve->dst_y;
        w->dst_va = p->resolve->dst_va;
    } else {
        w->kind = DEBUG_FILL;
        w->base = p->fill->base;
        w->bytes = p->fill->bytes;
        w->value = p->fill->value;
    }
}

// ---- the backend between ------------------------------------------------------------------------

static struct gpu_debug *session(struct gpu_context *ctx)
{
    return container_of(ctx->backend, struct gpu_debug, wrap);
}

static struct debug_context *context(struct gpu_context *ctx)
{
    return container_of(ctx, struct debug_context, ctx);
}

static enum gpu_result run_work(struct gpu_context *ctx, struct debug_place *p)
{
    struct gpu_debug *d = session(ctx);
    struct debug_context *c = context(ctx);
    const struct gpu_backend_ops *ops = d->cfg.backend->ops;
    struct debug_visit *v = d->visit;
    enum gpu_result r;

    if (v && v->done) {
        return GPU_OK;
    }
    p->ctx = c->inner;
    p->mem = c->mem;
    p->gmem_bytes = c->gmem_bytes;
    p->work = ++d->seen_work;
    if (v && v->before) {
        v->before(v, p);
    }
    r = p->draw      ? ops->draw(c->inner, p->draw)
        : p->resolve ? ops->resolve(c->inner, p->resolve)
                     : ops->fill(c->inner, p->fill);
    if (d->recording) {
        note_work(d, p, r);
    }
    if (v && v->after) {
        v->after(v, p);
    }
    return r;
}

static enum gpu_result wrap_draw(struct gpu_context *ctx, const struct gpu_draw *draw)
{
    return run_work(ctx, &(struct debug_place){.draw = draw});
}

static enum gpu_result wrap_resolve(struct gpu_context *ctx, const struct gpu_resolve *resolve)
{
    return run_work(ctx, &(struct debug_place){.resolve = resolve});
}

static enum gpu_result wrap_fill(struct gpu_context *ctx, const struct gpu_fill *fill)
{
    return run_work(ctx, &(struct debug_place){.fill = fill});
}

static enum gpu_result wrap_flush(struct gpu_context *ctx)
{
    return session(ctx)->cfg.backend->ops->flush(context(ctx)->inner);
}

static void wrap_invalidate(struct gpu_context *ctx)
{
    session(ctx)->cfg.backend->ops->invalidate(context(ctx)->inner);
}

static enum gpu_result wrap_gmem_read(struct gpu_context *ctx, uint32_t base, void *dst, size_t n)
{
    return session(ctx)->cfg.backend->ops->gmem_read(context(ctx)->inner, base, dst, n);
}

static enum gpu_result wrap_gmem_write(struct gpu_context *ctx, uint32_t base, const void *src,
                                       size_t n)
{
    return session(ctx)->cfg.backend->ops->gmem_write(context(ctx)->inner, base, src, n);
}

static struct gpu_context *wrap_context_create(struct gpu_backend *be,
                                               const struct gpu_context_config *cfg,
                                               struct err *err)
{
    struct gpu_debug *d = container_of(be, struct gpu_debug, wrap);
    struct debug_context *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    c->ctx.backend = be;
    c->mem = cfg->mem;
    c->gmem_bytes = cfg->gmem_bytes;
    c->inner = d->cfg.backend->ops->context_create(d->cfg.backend, cfg, err);
    if (!c->inner) {
        free(c);
        return NULL;
    }
    return &c->ctx;
}

static void wrap_context_destroy(struct gpu_context *ctx)
{
    session(ctx)->cfg.backend->ops->context_destroy(context(ctx)->inner);
    free(context(ctx));
}

static const struct gpu_backend_ops wrap_ops = {.name = "debug",
                                                .context_create = wrap_context_create,
                                                .context_destroy = wrap_context_destroy,
                                                .draw = wrap_draw,
                                                .resolve = wrap_resolve,
                                                .fill = wrap_fill,
                                                .flush = wrap_flush,
                                                .invalidate = wrap_invalidate,
                                                .gmem_read = wrap_gmem_read,
                                                .gmem_write = wrap_gmem_write};

// ---- packets ------------------------------------------------------------------------------------

static void on_packet(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw,
                      uint32_t n)
{
    struct gpu_debug *d = container_of(env, struct gpu_debug, listener);
    struct debug_visit *v = d->visit;
    d->seen_packets++;
    if (d->recording) {
        struct debug_packet *p =
            grow((void **)&d->packets, &d->packet_count, &d->packet_room, sizeof *p);
        if (!p) {
            d->failed = true;
            return;
        }
        *p = (struct debug_packet){d->submit, va, dw[0], n, (uint8_t)depth, d->seen_work};
    }
    if (dw[0] >> 30 == 3 && bits(dw[0], 15, 8) == 0x46 && n == 4) {
        d->submit++; // a timestamp ends a submission
    }
    if (v && v->packet && !v->done) {
        v->packet(v, d->seen_packets, dw, n);
    }
}

static const struct gpu_env_ops listener_ops = {.packet = on_packet};

int debug_replay(struct gpu_debug *d, struct debug_visit *visit, struct err *err)
{
    struct rd_replay_result res;
    const struct rd_replay_config rc = {.profile = d->cfg.profile,
                                        .backend = &d->wrap,
                                        .scissor_br_inclusive = d->cfg.scissor_br_inclusive,
                                        .log = d->cfg.log,
                                        .listener = &d->listener};
    int rc_replay;

    d->visit = visit;
    d->seen_packets = d->seen_work = 0;
    d->submit = 1;
    rc_replay = rd_replay(d->cfg.path, &rc, &res, err);
    d->visit = NULL;
    if (d->recording) {
        d->result = res;
    } else {
        picture_fini(&res.pic);
    }
    return rc_replay;
}

struct gpu_debug *gpu_debug_open(const struct gpu_debug_config *cfg, struct err *err)
{
    struct gpu_debug *d = calloc(1, sizeof *d);
    int rc;
    if (!d) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    d->cfg = *cfg;
    d->wrap.ops = &wrap_ops;
    d->listener.ops = &listener_ops;
    d->recording = true;
    rc = debug_replay(d, NULL, err);
    d->recording = false;
    if (!rc && d->failed) {
        rc = err_set(err, -ENOMEM, "more packets than memory holds");
    }
    if (rc) {
        gpu_debug_close(d);
        return NULL;
    }
    for (unsigned i = 0, w = 0; i < d->packet_count; i++) { // a packet's own work follows its note
        while (w < d->work_count && d->work[w].packet <= i + 1) {
            w++;
        }
        d->packets[i].work = w;
    }
    return d;
}

void gpu_debug_close(struct gpu_debug *d)
{
    if (!d) {
        return;
    }
    for (unsigned i = 0; i < d->program_count; i++) {
        free(d->programs[i].text);
        free(d->programs[i].glsl);
    }
    picture_fini(&d->result.pic);
    free(d->programs);
    free(d->packets);
    free(d->work);
    free(d);
}
