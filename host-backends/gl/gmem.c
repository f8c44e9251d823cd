// SPDX-License-Identifier: MIT
//
// On-chip memory. Its bytes are ctx->gmem; images ("views") stand for the ranges that draws use as
// surfaces, keyed by base, pitch, kind and sample count. Reading the same range as something else
// (depth restored through the colour path, a fast clear over colour and depth, a tile layout of
// another frame buffer) goes through the bytes: correct for every overlap, and rare, since a frame
// uses its ranges in one way. Multisampled surfaces hold every sample equal: the driver uses them
// only for clears.
#include "host-backends/gl/gl.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/log.h"

static bool overlaps(const struct gl_view *v, uint32_t base, uint64_t bytes)
{
    return v->base < base + bytes && base < (uint64_t)v->base + v->bytes;
}

static struct gpu_rect whole(const struct gl_view *v)
{
    return (struct gpu_rect){0, 0, (int32_t)v->pitch, (int32_t)v->rows};
}

// View to bytes.
static void download(struct gl_context *ctx, struct gl_view *v)
{
    struct gpu_rect r = whole(v);
    unsigned bpp = gl_pixel(v->img.px)->bytes;
    uint8_t *gmem = ctx->gmem + v->base;

    v->dirty = false;
    ctx->be->count.view_evictions++;
    if (v->samples == 1) {
        gl_image_download(ctx->be, &v->img, &r, gmem, v->pitch);
        return;
    }
    size_t pixels = (size_t)v->pitch * v->rows;
    uint8_t *tmp = gl_scratch(ctx, SCRATCH_GMEM, pixels * bpp);
    if (!tmp) {
        return;
    }
    gl_image_download(ctx->be, &v->img, &r, tmp, v->pitch);
    for (size_t i = 0; i < pixels; i++) {
        for (unsigned s = 0; s < v->samples; s++) {
            memcpy(gmem + (i * v->samples + s) * bpp, tmp + i * bpp, bpp);
        }
    }
}

// Bytes to view.
static void upload(struct gl_context *ctx, struct gl_view *v)
{
    struct gpu_rect r = whole(v);
    unsigned bpp = gl_pixel(v->img.px)->bytes;
    const uint8_t *gmem = ctx->gmem + v->base;

    v->valid = true;
    v->dirty = false;
    if (v->samples == 1) {
        gl_image_upload(ctx->be, &v->img, &r, gmem, v->pitch);
        return;
    }
    size_t pixels = (size_t)v->pitch * v->rows;
    uint8_t *tmp = gl_scratch(ctx, SCRATCH_GMEM, pixels * bpp);
    if (!tmp) {
        return;
    }
    for (size_t i = 0; i < pixels; i++) {
        memcpy(tmp + i * bpp, gmem + i * v->samples * bpp, bpp);
    }
    gl_image_upload(ctx->be, &v->img, &r, tmp, v->pitch);
}

void gl_gmem_sync(struct gl_context *ctx, uint32_t base, uint32_t n)
{
    for (struct gl_view *v = ctx->views; v; v = v->next) {
        if (v->valid && v->dirty && overlaps(v, base, n)) {
            download(ctx, v);
        }
    }
}

void gl_gmem_wrote(struct gl_context *ctx, uint32_t base, uint32_t n)
{
    for (struct gl_view *v = ctx->views; v; v = v->next) {
        if (overlaps(v, base, n)) {
            v->valid = false;
        }
    }
}

static void view_free(struct gl_context *ctx, struct gl_view **link)
{
    struct gl_view *v = *link;
    *link = v->next;
    gl_image_destroy(ctx->be, &v->img);
    free(v);
}

void gl_gmem_destroy(struct gl_context *ctx)
{
    while (ctx->views) {
        view_free(ctx, &ctx->views);
    }
}

enum { MAX_VIEWS = 32 };

// Forgets the view unused for longest once there are too many.
static void trim(struct gl_context *ctx)
{
    unsigned n = 0;
    struct gl_view **oldest = NULL;
    for (struct gl_view **p = &ctx->views; *p; p = &(*p)->next, n++) {
        if (!oldest || (*p)->used < (*oldest)->used) {
            oldest = p;
        }
    }
    if (n > MAX_VIEWS && oldest) {
        if ((*oldest)->valid && (*oldest)->dirty) {
            download(ctx, *oldest);
        }
        view_free(ctx, oldest);
    }
}

static struct gl_view *view_new(struct gl_context *ctx, const struct gl_view_want *want,
                                uint32_t rows, uint32_t row_bytes)
{
    struct gl_view *v = calloc(1, sizeof *v);
    if (!v || !gl_image_create(ctx->be, &v->img, want->px, want->pitch, rows)) {
        free(v);
        return NULL;
    }
    v->base = want->base;
    v->pitch = want->pitch;
    v->samples = want->samples;
    v->rows = rows;
    v->bytes = rows * row_bytes;
    v->next = ctx->views;
    ctx->views = v;
    return v;
}

static struct gl_view *view_find(struct gl_context *ctx, const struct gl_view_want *want,
                                 uint32_t rows)
{
    for (struct gl_view **p = &ctx->views; *p;) {
        struct gl_view *v = *p;
        if (v->base == want->base && v->pitch == want->pitch && v->img.px == want->px &&
            v->samples == want->samples) {
            if (v->rows >= rows && (v->rows == rows || v->base + v->bytes <= want->limit)) {
                return v;
            }
            if (v->valid && v->dirty) { // too short or too long: start again from the bytes
                download(ctx, v);
            }
            view_free(ctx, p);
            continue;
        }
        p = &v->next;
    }
    return NULL;
}

unsigned gl_gmem_kind(const struct gl_context *ctx, uint32_t base, uint32_t pitch, unsigned px)
{
    for (const struct gl_view *v = ctx->views; v; v = v->next) {
        if (v->base == base && v->pitch == pitch && v->samples == 1 &&
            gl_pixel(v->img.px)->bytes == gl_pixel(px)->bytes) {
            return v->img.px;
        }
    }
    return px;
}

struct gl_view *gl_gmem_view(struct gl_context *ctx, const struct gl_view_want *want, bool write)
{
    const struct gl_pixel *p = gl_pixel(want->px);
    uint64_t row_bytes = p ? (uint64_t)want->pitch * p->bytes * want->samples : 0;
    uint32_t rows = want->rows;

    if (!row_bytes || want->base >= ctx->gmem_bytes || row_bytes > ctx->gmem_bytes - want->base) {
        return NULL;
    }
    if (rows > (ctx->gmem_bytes - want->base) / row_bytes) {
        rows = (uint32_t)((ctx->gmem_bytes - want->base) / row_bytes);
    }
    if (!rows) {
        return NULL;
    }
    struct gl_view *v = view_find(ctx, want, rows);
    if (!v) {
        trim(ctx);
        v = view_new(ctx, want, rows, (uint32_t)row_bytes);
        if (!v) {
            return NULL;
        }
    }
    v->used = ++ctx->clock;
    for (struct gl_view *o = ctx->views; o; o = o->next) {
        if (o != v && o->valid && overlaps(o, v->base, v->bytes)) {
            if (o->dirty) {
                download(ctx, o);
            }
            o->valid = !write;
        }
    }
    if (!v->valid) {
        upload(ctx, v);
    }
    v->dirty |= write;
    return v;
}

// Applies a fill to a valid view without leaving the GPU. False when it can not be said in pixels.
static bool fill_view(struct gl_context *ctx, struct gl_view *v, uint32_t base, uint32_t bytes,
                      uint32_t value)
{
    const struct gl_pixel *p = gl_pixel(v->img.px);
    unsigned unit = p->bytes * v->samples;
    uint32_t from = base > v->base ? base - v->base : 0;
    uint64_t end = (uint64_t)base + bytes - v->base;

    if (!p->normalised || p->bytes > 4 || p->bytes == 3 || from % unit) {
        return false;
    }
    if ((p->bytes == 2 && value >> 16 != (value & 0xffff)) ||
        (p->bytes == 1 && value != (value & 0xff) * 0x01010101u)) {
        return false;
    }
    if (end > v->bytes) {
        end = v->bytes;
    }
    uint32_t first = from / unit, last = (uint32_t)(end / unit); // pixels
    while (first < last) { // rest of a row, whole rows, start of a row
        uint32_t x = first % v->pitch, y = first / v->pitch, n = last - first;
        struct gpu_rect r = {(int32_t)x, (int32_t)y, (int32_t)v->pitch, (int32_t)y + 1};
        if (x == 0 && n >= v->pitch) {
            r.y1 = (int32_t)(y + n / v->pitch);
            n = n / v->pitch * v->pitch;
        } else {
            n = n < v->pitch - x ? n : v->pitch - x;
            r.x1 = (int32_t)(x + n);
        }
        gl_image_clear(ctx->be, &v->img, &r, value);
        first += n;
    }
    return end % unit == 0;
}

void gl_gmem_fill(struct gl_context *ctx, uint32_t base, uint32_t bytes, uint32_t value)
{
    if (base >= ctx->gmem_bytes) {
        return;
    }
    if (bytes > ctx->gmem_bytes - base) {
        bytes = ctx->gmem_bytes - base;
    }
    for (struct gl_view *v = ctx->views; v; v = v->next) {
        if (!overlaps(v, base, bytes)) {
            continue;
        }
        bool inside = v->base >= base && (uint64_t)v->base + v->bytes <= (uint64_t)base + bytes;
        if (!inside && !v->valid) {
            continue; // has nothing worth keeping, will be read from the bytes
        }
        if (!fill_view(ctx, v, base, bytes, value)) {
            if (!inside && v->valid && v->dirty) {
                download(ctx, v);
            }
            v->valid = false;
        } else if (inside) {
            v->valid = true;
            v->dirty = false; // the bytes get the same below
        }
    }
    for (uint32_t i = 0; i + 4 <= bytes; i += 4) {
        put_le32(ctx->gmem + base + i, value);
    }
}

void gl_gmem_read_rect(struct gl_context *ctx, uint32_t base, uint32_t pitch, unsigned bytes_pp,
                       unsigned samples, const struct gpu_rect *r, uint8_t *dst, uint32_t stride_px)
{
    for (struct gl_view *v = ctx->views; v; v = v->next) {
        if (v->valid && v->base == base && v->pitch == pitch && v->samples == samples &&
            gl_pixel(v->img.px)->bytes == bytes_pp && r->x1 <= (int32_t)pitch &&
            (uint32_t)r->y1 <= v->rows && v->dirty) {
            gl_image_download(ctx->be, &v->img, r, dst, stride_px);
            return;
        }
    }
    gl_gmem_sync(ctx, base, ctx->gmem_bytes - (base < ctx->gmem_bytes ? base : ctx->gmem_bytes));
    for (int32_t y = r->y0; y < r->y1; y++) {
        for (int32_t x = r->x0; x < r->x1; x++) {
            uint64_t at = base + ((uint64_t)y * pitch + (uint64_t)x) * samples * bytes_pp;
            uint8_t *d = dst + ((size_t)(y - r->y0) * stride_px + (size_t)(x - r->x0)) * bytes_pp;
            if (range_ok(at, bytes_pp, ctx->gmem_bytes)) {
                memcpy(d, ctx->gmem + at, bytes_pp);
            } else {
                memset(d, 0, bytes_pp);
            }
        }
    }
}
