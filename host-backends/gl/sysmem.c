// SPDX-License-Identifier: MIT
//
// Colour targets in guest memory ("sysmem", RB_COLOR_INFO.BASE outside on-chip memory). The size of
// such a surface is nowhere said, so only what draws may touch (their scissors) is read in, and the
// union of that is written back when somebody may look: at the next other target, texture fetch
// from the range, resolve or flush.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"

static bool same_target(const struct gpu_color_target *a, const struct gpu_color_target *b)
{
    return a->base == b->base && a->pitch == b->pitch && a->format == b->format &&
           a->linear == b->linear && a->samples == b->samples;
}

static bool contains(const struct gpu_rect *out, const struct gpu_rect *in)
{
    return out->x0 <= in->x0 && out->y0 <= in->y0 && out->x1 >= in->x1 && out->y1 >= in->y1;
}

static struct gpu_rect unite(const struct gpu_rect *a, const struct gpu_rect *b)
{
    return (struct gpu_rect){a->x0 < b->x0 ? a->x0 : b->x0, a->y0 < b->y0 ? a->y0 : b->y0,
                             a->x1 > b->x1 ? a->x1 : b->x1, a->y1 > b->y1 ? a->y1 : b->y1};
}

// Moves a rectangle between memory and a packed buffer.
static bool transfer(struct gl_context *ctx, const struct gpu_color_target *t,
                     const struct gpu_rect *r, uint8_t *buf, bool write)
{
    unsigned bpp = gl_pixel(t->format)->bytes;
    uint32_t width = (uint32_t)(r->x1 - r->x0);
    struct gpu_mem *mem = ctx->mem;
    bool ok = true;

    for (int32_t y = r->y0; y < r->y1; y++) {
        for (int32_t x = r->x0; x < r->x1;) {
            uint32_t va =
                color_pixel_va(t->base, t->pitch, bpp, t->linear, (uint32_t)x, (uint32_t)y);
            uint32_t n = t->linear ? width : 1; // tiles: pixel by pixel
            uint8_t *p = buf + ((size_t)(y - r->y0) * width + (size_t)(x - r->x0)) * bpp;
            if (write) {
                ok &= mem->ops->write(mem, va, p, (size_t)n * bpp);
            } else {
                gl_mem_read(ctx, va, p, (size_t)n * bpp);
            }
            x += (int32_t)n;
        }
    }
    return ok;
}

enum gpu_result gl_sysmem_flush(struct gl_context *ctx)
{
    struct gl_sysmem *s = &ctx->sysmem;
    const struct gpu_rect *r = &s->loaded;
    bool ok = true;

    if (!s->active) {
        return GPU_OK;
    }
    s->active = false;
    if (!gl_rect_empty(r)) {
        unsigned bpp = gl_pixel(s->target.format)->bytes;
        uint32_t w = (uint32_t)(r->x1 - r->x0), h = (uint32_t)(r->y1 - r->y0);
        uint8_t *buf = gl_scratch(ctx, SCRATCH_SYSMEM, (size_t)w * h * bpp);
        if (!buf) {
            return GPU_HOST_ERROR;
        }
        uint64_t span = (uint64_t)s->target.pitch * align_up((uint64_t)r->y1, 32) * bpp;
        gl_image_download(ctx->be, &s->img, r, buf, w);
        ok = transfer(ctx, &s->target, r, buf, true);
        gl_surfaces_wrote(ctx, s->target.base, span);
        gl_textures_distrust_range(ctx, s->target.base, span);
    }
    gl_image_destroy(ctx->be, &s->img);
    return ok ? GPU_OK : GPU_MEM_FAULT;
}

static bool load(struct gl_context *ctx, const struct gpu_rect *area)
{
    struct gl_sysmem *s = &ctx->sysmem;
    uint32_t w = (uint32_t)(area->x1 - area->x0), h = (uint32_t)(area->y1 - area->y0);
    uint8_t *buf =
        gl_scratch(ctx, SCRATCH_SYSMEM, (size_t)w * h * gl_pixel(s->target.format)->bytes);
    if (!buf) {
        return false;
    }
    transfer(ctx, &s->target, area, buf, false);
    gl_image_upload(ctx->be, &s->img, area, buf, w);
    s->loaded = *area;
    return true;
}

const struct gl_image *gl_sysmem_target(struct gl_context *ctx, const struct gpu_color_target *t,
                                        const struct gpu_rect *area)
{
    struct gl_sysmem *s = &ctx->sysmem;
    struct gpu_rect want = *area;

    if (!gl_pixel(t->format) || t->samples != 1 || area->y1 > 8192) {
        return NULL;
    }
    if (s->active && same_target(&s->target, t)) {
        if (contains(&s->loaded, area)) {
            return &s->img;
        }
        want = unite(&s->loaded, area);
    }
    gl_sysmem_flush(ctx);
    s->target = *t;
    if (!gl_image_create(ctx->be, &s->img, t->format, t->pitch, (uint32_t)want.y1)) {
        return NULL;
    }
    s->active = true;
    s->loaded = (struct gpu_rect){0, 0, 0, 0};
    return load(ctx, &want) ? &s->img : NULL;
}
