// SPDX-License-Identifier: MIT
//
// Resolves: pixels of on-chip memory to guest memory, with conversion of format, component order,
// byte order and layout. The usual case, equal formats into a linear surface, is a copy of rows.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"

enum { MAX_COORD = 16384, MAX_BAND = 4 << 20 };

struct store {
    struct gl_context *ctx;
    const struct gpu_resolve *res;
    unsigned src_bytes, dst_bytes;
    bool raw, partial;
    uint8_t mask[16];
};

static bool put(const struct store *s, uint32_t va, const uint8_t *px, size_t n, uint8_t *tmp)
{
    struct gpu_mem *mem = s->ctx->mem;
    if (s->res->dst_endian || s->partial) {
        memmove(tmp, px, n);
        px = tmp;
    }
    if (s->res->dst_endian) {
        endian_swap(tmp, n, s->res->dst_endian);
    }
    if (s->partial) {
        uint8_t old[256];
        for (size_t at = 0; at < n;) {
            size_t part = sizeof old / s->dst_bytes * s->dst_bytes;
            part = n - at < part ? n - at : part;
            mem->ops->read(mem, va + (uint32_t)at, old, part);
            for (size_t i = 0; i < part; i++) {
                uint8_t m = s->mask[i % s->dst_bytes];
                tmp[at + i] = (uint8_t)((old[i] & ~m) | (tmp[at + i] & m));
            }
            at += part;
        }
    }
    return mem->ops->write(mem, va, px, n);
}

static void convert(const struct store *s, const uint8_t *src, uint8_t *dst, uint32_t n)
{
    const struct gpu_resolve *res = s->res;
    for (uint32_t i = 0; i < n; i++) {
        float rgba[4];
        color_unpack(res->src.format, res->src.swap, src + (size_t)i * s->src_bytes, rgba);
        memset(dst + (size_t)i * s->dst_bytes, 0, s->dst_bytes);
        color_pack(res->dst_format, res->dst_swap, rgba, dst + (size_t)i * s->dst_bytes);
    }
}

static bool store_row(const struct store *s, uint32_t x, uint32_t y, const uint8_t *src, uint32_t n,
                      uint8_t *tmp)
{
    const struct gpu_resolve *res = s->res;
    bool ok = true;
    if (!s->raw) {
        convert(s, src, tmp, n);
        src = tmp;
    }
    if (res->dst_linear) {
        uint32_t va = color_pixel_va(res->dst_va, res->dst_pitch, s->dst_bytes, true, x, y);
        return put(s, va, src, (size_t)n * s->dst_bytes, tmp);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t va = color_pixel_va(res->dst_va, res->dst_pitch, s->dst_bytes, false, x + i, y);
        uint8_t one[16];
        ok &= put(s, va, src + (size_t)i * s->dst_bytes, s->dst_bytes, one);
    }
    return ok;
}

bool gl_resolve_is_copy(const struct gpu_resolve *res)
{
    unsigned src = color_format_bytes(res->src.format), dst = color_format_bytes(res->dst_format);
    return src == dst &&
           (res->depth || (res->src.format == res->dst_format && res->src.swap == res->dst_swap));
}

enum gpu_result gl_resolve_store(struct gl_context *ctx, const struct gpu_resolve *res,
                                 const struct gpu_rect *rect, const uint8_t *pixels,
                                 uint32_t stride_px)
{
    struct store s = {.ctx = ctx, .res = res, .raw = gl_resolve_is_copy(res)};
    struct gpu_rect r = *rect;
    bool ok = true;

    s.src_bytes = color_format_bytes(res->src.format);
    s.dst_bytes = color_format_bytes(res->dst_format);
    color_mask_bytes(res->dst_format, res->dst_swap, res->write_mask, s.mask);
    for (unsigned i = 0; i < s.dst_bytes && (res->write_mask & 15) != 15; i++) {
        s.partial |= s.mask[i] != 0xff;
    }
    // the destination counts pixels from 0 to 16383
    if ((int64_t)r.x0 + res->dst_x < 0 || (int64_t)r.x1 + res->dst_x > MAX_COORD) {
        return GPU_BAD_STATE;
    }
    uint32_t n = (uint32_t)(r.x1 - r.x0);
    size_t wide = s.src_bytes > s.dst_bytes ? s.src_bytes : s.dst_bytes;
    uint8_t *tmp = gl_scratch(ctx, SCRATCH_ROW, n * wide);
    if (!tmp) {
        return GPU_HOST_ERROR;
    }
    uint64_t end = (uint64_t)res->dst_pitch * align_up((uint64_t)r.y1 + (uint32_t)res->dst_y, 32);
    gl_surfaces_sync(ctx, res->dst_va, end * s.dst_bytes);
    gl_surfaces_wrote(ctx, res->dst_va, end * s.dst_bytes);
    for (int32_t y = r.y0; y < r.y1; y++) {
        int64_t dy = (int64_t)y + res->dst_y;
        const uint8_t *row = pixels + (size_t)(y - r.y0) * stride_px * s.src_bytes;
        if (dy >= 0 && dy < MAX_COORD) {
            ok &= store_row(&s, (uint32_t)(r.x0 + res->dst_x), (uint32_t)dy, row, n, tmp);
        }
    }
    gl_textures_distrust_range(ctx, res->dst_va, end * s.dst_bytes);
    return ok ? GPU_OK : GPU_MEM_FAULT;
}

enum gpu_result gl_resolve_direct(struct gl_context *ctx, const struct gpu_resolve *res)
{
    const struct gpu_color_target *t = &res->src;
    struct gpu_rect r = gl_rect_cut(res->rect, (struct gpu_rect){0, 0, MAX_COORD, MAX_COORD});
    unsigned bytes = color_format_bytes(t->format);
    unsigned samples = t->samples >= 4 ? 4 : t->samples == 2 ? 2 : 1;

    if (!bytes || !color_format_bytes(res->dst_format) || !t->in_gmem) {
        log_warn(ctx->log, "gl: resolve from format %u at 0x%x to format %u refused", t->format,
                 t->base, res->dst_format);
        return GPU_BAD_STATE;
    }
    gl_sysmem_flush(ctx);
    if (gl_rect_empty(&r)) {
        return GPU_OK;
    }
    // rows past the end of on-chip memory are worth nothing, and cost nothing
    uint64_t row = (uint64_t)t->pitch * samples * bytes;
    uint64_t rows = row && t->base < ctx->gmem_bytes ? (ctx->gmem_bytes - t->base) / row + 1 : 0;
    if ((uint64_t)r.y1 > rows) {
        r.y1 = (int32_t)rows;
    }
    if (gl_rect_empty(&r)) {
        return GPU_OK;
    }
    uint32_t w = (uint32_t)(r.x1 - r.x0), band = MAX_BAND / w;
    enum gpu_result result = GPU_OK;
    for (int32_t y = r.y0; y < r.y1; y += (int32_t)band) { // bounds what a wide rectangle can cost
        struct gpu_rect part = {r.x0, y, r.x1, r.y1 - y < (int32_t)band ? r.y1 : y + (int32_t)band};
        uint8_t *buf = gl_scratch(ctx, SCRATCH_RESOLVE, (size_t)w * (size_t)(part.y1 - y) * bytes);
        if (!buf) {
            return GPU_HOST_ERROR;
        }
        gl_gmem_read_rect(ctx, t->base, t->pitch, bytes, samples, &part, buf, w);
        enum gpu_result one = gl_resolve_store(ctx, res, &part, buf, w);
        result = result == GPU_OK ? one : result;
    }
    return gl_check(ctx->be, "resolve") ? result : GPU_HOST_ERROR;
}
