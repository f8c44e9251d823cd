// SPDX-License-Identifier: MIT
//
// The backend that draws nothing: measures everything above it, and lets tools decode streams on
// hosts with nothing to draw on. On-chip memory exists, so that snapshots have something to save.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "host-backends/backend.h"

struct null_context {
    struct gpu_context base;
    uint32_t gmem_bytes;
    uint8_t gmem[];
};

static struct null_context *null_context(struct gpu_context *ctx)
{
    return (struct null_context *)(void *)ctx;
}

static struct gpu_context *context_create(struct gpu_backend *be,
                                          const struct gpu_context_config *cfg, struct err *err)
{
    struct null_context *ctx = NULL;
    if (cfg->gmem_bytes <= 64u << 20) {
        ctx = calloc(1, sizeof(*ctx) + cfg->gmem_bytes);
    }
    if (!ctx) {
        err_set(err, -ENOMEM, "null: out of memory for a context");
        return NULL;
    }
    ctx->base.backend = be;
    ctx->gmem_bytes = cfg->gmem_bytes;
    return &ctx->base;
}

static void context_destroy(struct gpu_context *ctx)
{
    free(ctx);
}

static enum gpu_result draw(struct gpu_context *ctx, const struct gpu_draw *d)
{
    (void)ctx;
    return d->vs ? GPU_OK : GPU_BAD_SHADER;
}

static enum gpu_result resolve(struct gpu_context *ctx, const struct gpu_resolve *res)
{
    (void)ctx;
    (void)res;
    return GPU_OK;
}

static enum gpu_result fill(struct gpu_context *ctx, const struct gpu_fill *f)
{
    (void)ctx;
    (void)f;
    return GPU_OK;
}

static enum gpu_result flush(struct gpu_context *ctx)
{
    (void)ctx;
    return GPU_OK;
}

static void invalidate(struct gpu_context *ctx)
{
    (void)ctx;
}

static enum gpu_result gmem_read(struct gpu_context *gctx, uint32_t base, void *dst, size_t n)
{
    struct null_context *ctx = null_context(gctx);
    if (!range_ok(base, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    memcpy(dst, ctx->gmem + base, n);
    return GPU_OK;
}

static enum gpu_result gmem_write(struct gpu_context *gctx, uint32_t base, const void *src,
                                  size_t n)
{
    struct null_context *ctx = null_context(gctx);
    if (!range_ok(base, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    memcpy(ctx->gmem + base, src, n);
    return GPU_OK;
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

static const struct gpu_backend_ops null_ops = {
    .name = "null",
    .destroy = destroy,
    .bind_thread = bind_thread,
    .context_create = context_create,
    .context_destroy = context_destroy,
    .draw = draw,
    .resolve = resolve,
    .fill = fill,
    .flush = flush,
    .invalidate = invalidate,
    .gmem_read = gmem_read,
    .gmem_write = gmem_write,
};

struct gpu_backend *backend_null_create(const struct backend_config *cfg, struct err *err)
{
    (void)cfg;
    struct gpu_backend *be = calloc(1, sizeof(*be));
    if (!be) {
        err_set(err, -ENOMEM, "null: out of memory");
        return NULL;
    }
    be->ops = &null_ops;
    return be;
}
