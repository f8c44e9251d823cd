// SPDX-License-Identifier: MIT
//
// The software backend's ops table: contexts with their on-chip memory, fills, and copies of that
// memory. Exact and self-contained; it is what other backends are compared with.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "host-backends/backend.h"
#include "host-backends/soft/soft.h"
#include "host-backends/soft/texture.h"

static void context_destroy(struct gpu_context *gctx)
{
    struct soft_context *ctx = soft_context(gctx);
    if (!ctx) {
        return;
    }
    soft_pool_destroy(ctx->pool);
    for (unsigned i = 0; i < SOFT_THREADS; i++) {
        if (ctx->workers[i]) {
            free(ctx->workers[i]->cache);
        }
        free(ctx->workers[i]);
    }
    free(ctx->tex);
    free(ctx->arena);
    free(ctx->gmem);
    free(ctx);
}

// The workers and, when there are several, their pool. False when memory ran out.
static bool make_workers(struct soft_context *ctx, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct soft_worker *w = calloc(1, sizeof(*w));
        ctx->workers[i] = w;
        if (!w || !(w->cache = calloc(1, sizeof(*w->cache)))) {
            return false;
        }
        w->ctx = ctx;
        w->bands = 1;
    }
    ctx->worker = ctx->workers[0];
    ctx->worker_count = count;
    if (count > 1) {
        ctx->pool = soft_pool_create(ctx);
    }
    return count == 1 || ctx->pool;
}

static struct gpu_context *context_create(struct gpu_backend *be,
                                          const struct gpu_context_config *cfg, struct err *err)
{
    if (!cfg->mem || cfg->gmem_bytes == 0 || cfg->gmem_bytes > (64u << 20)) {
        err_set(err, -EINVAL,
                "soft: a context needs memory ops and 1 byte to 64 MiB of on-chip memory");
        return NULL;
    }
    struct soft_context *ctx = calloc(1, sizeof(*ctx));
    bool ok = ctx;
    if (ctx) {
        ctx->base.backend = be;
        ctx->be = (struct soft_backend *)(void *)be;
        ctx->mem = cfg->mem;
        ctx->log = cfg->log ? cfg->log : ctx->be->log;
        ctx->gmem_bytes = cfg->gmem_bytes;
        ctx->gmem = calloc(1, cfg->gmem_bytes);
        ctx->arena = aligned_alloc(64, SOFT_ARENA_BYTES);
        ctx->tex = calloc(SOFT_TEXTURES, sizeof(*ctx->tex));
        ok = ctx->gmem && ctx->arena && ctx->tex && make_workers(ctx, ctx->be->threads);
    }
    if (!ok) {
        context_destroy(ctx ? &ctx->base : NULL);
        err_set(err, -ENOMEM, "soft: out of memory for a context");
        return NULL;
    }
    return &ctx->base;
}

static enum gpu_result fill(struct gpu_context *gctx, const struct gpu_fill *f)
{
    struct soft_context *ctx = soft_context(gctx);
    uint64_t end = (uint64_t)f->base + f->bytes;
    uint32_t first = f->base & ~3u;
    if (end > ctx->gmem_bytes) {
        if (!ctx->outside_reported) {
            ctx->outside_reported = true;
            log_warn(ctx->log, "soft: fill of 0x%x+0x%x leaves the %u bytes of on-chip memory",
                     f->base, f->bytes, ctx->gmem_bytes);
        }
        end = ctx->gmem_bytes;
    }
    for (uint64_t at = first; at + 4 <= end; at += 4) {
        put_le32(ctx->gmem + at, f->value);
    }
    return GPU_OK;
}

static enum gpu_result gmem_read(struct gpu_context *gctx, uint32_t base, void *dst, size_t n)
{
    struct soft_context *ctx = soft_context(gctx);
    if (!range_ok(base, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    memcpy(dst, ctx->gmem + base, n);
    return GPU_OK;
}

static enum gpu_result gmem_write(struct gpu_context *gctx, uint32_t base, const void *src,
                                  size_t n)
{
    struct soft_context *ctx = soft_context(gctx);
    if (!range_ok(base, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    memcpy(ctx->gmem + base, src, n);
    return GPU_OK;
}

static enum gpu_result flush(struct gpu_context *ctx)
{
    (void)ctx; // nothing is ever pending
    return GPU_OK;
}

static void invalidate(struct gpu_context *ctx)
{
    (void)ctx; // nothing is cached between draws
}

static int bind_thread(struct gpu_backend *be, struct err *err)
{
    (void)be;
    (void)err;
    return 0;
}

static void destroy(struct gpu_backend *be)
{
    free(be);
}

static const struct gpu_backend_ops soft_ops = {
    .name = "soft",
    .destroy = destroy,
    .bind_thread = bind_thread,
    .context_create = context_create,
    .context_destroy = context_destroy,
    .draw = soft_draw,
    .resolve = soft_resolve,
    .fill = fill,
    .flush = flush,
    .invalidate = invalidate,
    .gmem_read = gmem_read,
    .gmem_write = gmem_write,
};

struct gpu_backend *backend_soft_create(const struct backend_config *cfg, struct err *err)
{
    struct soft_backend *be = calloc(1, sizeof(*be));
    if (!be) {
        err_set(err, -ENOMEM, "soft: out of memory");
        return NULL;
    }
    be->base.ops = &soft_ops;
    be->log = cfg ? cfg->log : NULL;
    be->fine_snap = cfg && cfg->fine_snap;
    be->threads = cfg && cfg->threads ? cfg->threads : 1;
    be->threads = be->threads < SOFT_THREADS ? be->threads : SOFT_THREADS;
    return &be->base;
}
