// SPDX-License-Identifier: MIT
//
// Resolves: a rectangle of on-chip memory goes to guest memory, with a change of format, component
// order, endianness and tiling where asked. Equal formats with SWAP equal on both sides are copied
// bit for bit. Samples are picked or averaged as RB_COPY_CONTROL says.

#include <string.h>

#include "base/log.h"
#include "host-backends/soft/soft.h"

#define RUN 256 // pixels converted at once

struct copy {
    struct soft_context *ctx;
    const struct gpu_resolve *res;
    unsigned src_bytes, dst_bytes, samples;
    unsigned first, count; // samples taken
    bool raw;              // no conversion
    uint8_t mask[16];      // bits of a destination pixel that are written
    bool partial;          // some are not
};

// First sample and how many, by a2xx_rb_copy_sample_select.
static void select_samples(struct copy *c, unsigned select)
{
    static const uint8_t first[8] = {0, 1, 2, 3, 0, 2, 0, 0};
    static const uint8_t count[8] = {1, 1, 1, 1, 2, 2, 4, 1};
    c->first = first[select & 7];
    c->count = count[select & 7];
    if (c->first >= c->samples) {
        c->first = 0;
    }
    if (c->first + c->count > c->samples) {
        c->count = c->samples - c->first;
    }
}

static const uint8_t *source(const struct copy *c, uint32_t x, uint32_t y, unsigned sample)
{
    const struct gpu_color_target *t = &c->res->src;
    uint64_t at = t->base + (((uint64_t)y * t->pitch + x) * c->samples + sample) * c->src_bytes;
    return at + c->src_bytes <= c->ctx->gmem_bytes ? c->ctx->gmem + at : NULL;
}

static void convert(const struct copy *c, uint32_t x, uint32_t y, uint8_t *dst)
{
    const struct gpu_resolve *res = c->res;
    const uint8_t *p = source(c, x, y, c->first);
    memset(dst, 0, c->dst_bytes);
    if (!p) {
        return;
    }
    if (c->raw && c->count == 1) {
        memcpy(dst, p, c->dst_bytes);
        return;
    }
    float sum[4] = {0};
    for (unsigned s = 0; s < c->count; s++) {
        float v[4] = {0};
        p = source(c, x, y, c->first + s);
        if (p) {
            color_unpack(res->src.format, res->src.swap, p, v);
        }
        for (unsigned i = 0; i < 4; i++) {
            sum[i] += v[i];
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        sum[i] /= (float)c->count;
    }
    color_pack(res->dst_format, res->dst_swap, sum, dst);
}

static bool put(const struct copy *c, uint32_t va, uint8_t *px, size_t n)
{
    struct gpu_mem *mem = c->ctx->mem;
    uint8_t old[RUN * 16];
    endian_swap(px, n, c->res->dst_endian);
    if (c->partial) {
        mem->ops->read(mem, va, old, n);
        for (size_t i = 0; i < n; i++) {
            uint8_t m = c->mask[i % c->dst_bytes];
            px[i] = (uint8_t)((old[i] & ~m) | (px[i] & m));
        }
    }
    return mem->ops->write(mem, va, px, n);
}

static bool copy_row(const struct copy *c, int32_t y)
{
    const struct gpu_resolve *res = c->res;
    bool ok = true;
    int64_t dy = (int64_t)y + res->dst_y;
    if (dy < 0 || dy > 16383) {
        return true;
    }
    for (int32_t x = res->rect.x0; x < res->rect.x1; x += RUN) {
        uint8_t px[RUN * 16];
        int32_t n = res->rect.x1 - x < RUN ? res->rect.x1 - x : RUN;
        int64_t dx = (int64_t)x + res->dst_x;
        const uint8_t *p = source(c, (uint32_t)x, (uint32_t)y, 0);
        const uint8_t *last = source(c, (uint32_t)(x + n - 1), (uint32_t)y, 0);
        if (dx < 0 || dx + n > 16384) {
            continue;
        }
        if (c->raw && c->samples == 1 && p && last) {
            memcpy(px, p, (size_t)n * c->dst_bytes);
        } else {
            for (int32_t i = 0; i < n; i++) {
                convert(c, (uint32_t)(x + i), (uint32_t)y, px + (size_t)i * c->dst_bytes);
            }
        }
        if (res->dst_linear) {
            uint32_t va = color_pixel_va(res->dst_va, res->dst_pitch, c->dst_bytes, true,
                                         (uint32_t)dx, (uint32_t)dy);
            ok &= put(c, va, px, (size_t)n * c->dst_bytes);
            continue;
        }
        for (int32_t i = 0; i < n; i++) {
            uint32_t va = color_pixel_va(res->dst_va, res->dst_pitch, c->dst_bytes, false,
                                         (uint32_t)(dx + i), (uint32_t)dy);
            ok &= put(c, va, px + (size_t)i * c->dst_bytes, c->dst_bytes);
        }
    }
    return ok;
}

enum gpu_result soft_resolve(struct gpu_context *gctx, const struct gpu_resolve *res)
{
    struct copy c = {.ctx = soft_context(gctx), .res = res};
    c.samples = res->src.samples >= 4 ? 4 : res->src.samples == 2 ? 2 : 1;
    c.src_bytes = color_format_bytes(res->src.format);
    c.dst_bytes = color_format_bytes(res->dst_format);
    if (!c.src_bytes || !c.dst_bytes) {
        log_warn(c.ctx->log, "soft: resolve from format %u to %u: no such format", res->src.format,
                 res->dst_format);
        return GPU_BAD_STATE;
    }
    if (!res->src.in_gmem) {
        log_warn(c.ctx->log, "soft: resolve from outside on-chip memory (base 0x%08x)",
                 res->src.base);
        return GPU_BAD_STATE;
    }
    c.raw = res->depth || (res->src.format == res->dst_format && res->src.swap == res->dst_swap);
    if (c.raw && c.src_bytes != c.dst_bytes) {
        c.raw = false;
    }
    select_samples(&c, res->sample_select);
    color_mask_bytes(res->dst_format, res->dst_swap, res->write_mask, c.mask);
    for (unsigned i = 0; i < c.dst_bytes; i++) {
        c.partial |= c.mask[i] != 0xff;
    }
    if (c.partial && (res->write_mask & 15) == 15) {
        c.partial = false; // bits that belong to no component travel with the others
    }
    bool ok = true;
    int32_t y1 = res->rect.y1 < 16384 ? res->rect.y1 : 16384;
    for (int32_t y = res->rect.y0 > 0 ? res->rect.y0 : 0; y < y1; y++) {
        if (res->rect.x0 < 0 || res->rect.x1 > 16384) {
            return GPU_BAD_STATE;
        }
        ok &= copy_row(&c, y);
    }
    return ok ? GPU_OK : GPU_MEM_FAULT;
}
