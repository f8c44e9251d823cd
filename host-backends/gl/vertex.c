// SPDX-License-Identifier: MIT
//
// Vertices and indices of a draw. Only the range of vertices that the indices name is copied from
// guest memory, once, into the streaming buffer; GL then counts from the first of them. What a
// fetch constant does not cover reads zero, so the copy is padded with zeros up to what the
// vertices need and no draw can see another's data.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"

// Sizes that no honest draw has; the driver splits at 32766 vertices on a20x.
enum { MAX_COUNT = 1 << 24, MAX_RANGE = 64 << 20 };

static uint32_t index_at(const uint8_t *p, unsigned bytes, uint32_t n)
{
    return bytes == 1   ? p[n]
           : bytes == 2 ? get_le16(p + 2 * (size_t)n)
                        : get_le32(p + 4 * (size_t)n);
}

struct index_scan {
    uint32_t lo, hi;
};

static struct index_scan scan8(const uint8_t *p, uint32_t n)
{
    struct index_scan s = {~0u, 0};
    for (uint32_t i = 0; i < n; i++) {
        s.lo = p[i] < s.lo ? p[i] : s.lo;
        s.hi = p[i] > s.hi ? p[i] : s.hi;
    }
    return s;
}

static struct index_scan scan16(const uint8_t *p, uint32_t n)
{
    uint16_t lo = 0xffff, hi = 0; // narrow, so that the compiler makes vectors of it
    for (uint32_t i = 0; i < n; i++) {
        uint16_t v;
        memcpy(&v, p + 2 * (size_t)i, 2);
        lo = v < lo ? v : lo;
        hi = v > hi ? v : hi;
    }
    return (struct index_scan){lo, hi};
}

static struct index_scan scan32(const uint8_t *p, uint32_t n)
{
    struct index_scan s = {~0u, 0};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, p + 4 * (size_t)i, 4);
        s.lo = v < s.lo ? v : s.lo;
        s.hi = v > s.hi ? v : s.hi;
    }
    return s;
}

// Writes the draw's effective indices as 32 bits: offset added, clamped.
static void expand(const struct gpu_draw *d, const uint8_t *src, uint32_t *out)
{
    for (uint32_t i = 0; i < d->count; i++) {
        uint32_t v = (src ? index_at(src, d->index_bytes, i) : i) + d->index_offset;
        out[i] = v < d->index_min ? d->index_min : v > d->index_max ? d->index_max : v;
    }
}

static bool plan_indices(struct gl_context *ctx, const struct gpu_draw *d, struct gl_vertices *v,
                         struct index_scan *s)
{
    size_t raw_bytes = d->indexed ? (size_t)d->count * d->index_bytes : 0;
    size_t aligned = (size_t)align_up(raw_bytes, 4);
    uint8_t *raw = gl_scratch(ctx, SCRATCH_INDEX, aligned + (size_t)d->count * 4);

    if (!raw) {
        return false;
    }
    *s = (struct index_scan){0, d->count - 1};
    if (d->indexed) {
        size_t have = raw_bytes < d->index_size ? raw_bytes : d->index_size;
        memset(raw + have, 0, raw_bytes - have); // indices past the buffer are 0
        gl_mem_read(ctx, d->index_va, raw, have);
        *s = d->index_bytes == 1   ? scan8(raw, d->count)
             : d->index_bytes == 2 ? scan16(raw, d->count)
                                   : scan32(raw, d->count);
        v->indices = raw;
        v->index_bytes = raw_bytes;
        v->index_type = d->index_bytes == 1   ? GL_UNSIGNED_BYTE
                        : d->index_bytes == 2 ? GL_UNSIGNED_SHORT
                                              : GL_UNSIGNED_INT;
        v->indexed = v->raw_indices = true;
    }
    uint64_t lo = (uint64_t)s->lo + d->index_offset, hi = (uint64_t)s->hi + d->index_offset;
    if (d->index_offset > INT32_MAX) { // negative
        lo -= 1ull << 32;
        hi -= 1ull << 32;
    }
    if (lo <= hi && hi <= UINT32_MAX && lo >= d->index_min && hi <= d->index_max &&
        s->lo <= INT32_MAX) {
        v->first = (uint32_t)lo;
        v->base_vertex = -(int32_t)s->lo;
        s->lo = (uint32_t)lo;
        s->hi = (uint32_t)hi;
        return true;
    }
    // clamped or wrapping: rewrite
    uint32_t *out = (uint32_t *)(void *)(raw + aligned);
    expand(d, d->indexed ? raw : NULL, out);
    *s = scan32((const uint8_t *)out, d->count);
    for (uint32_t i = 0; i < d->count; i++) {
        out[i] -= s->lo;
    }
    v->indexed = true;
    v->raw_indices = false;
    v->indices = (const uint8_t *)out;
    v->index_bytes = (size_t)d->count * 4;
    v->index_type = GL_UNSIGNED_INT;
    v->first = s->lo;
    v->base_vertex = 0;
    return true;
}

// Byte range of one buffer that vertices lo..hi read.
static bool plan_range(const struct gl_program *prog, unsigned b, const struct shader_info *info,
                       struct index_scan s, const struct vertex_buffer *vb,
                       struct gl_vertex_range *r)
{
    uint64_t lo = UINT64_MAX, hi = 0;
    if (prog->buffers[b].whole) {
        lo = 0;
        hi = vb->bytes;
    }
    for (unsigned i = 0; i < prog->vfetch_count; i++) {
        const struct shader_vfetch *f = &info->vfetch[i];
        if (prog->vfetch[i].buffer != b || !prog->vfetch[i].bytes) {
            continue;
        }
        int64_t from = (int64_t)s.lo * f->stride + f->offset;
        int64_t to = (int64_t)s.hi * f->stride + f->offset + prog->vfetch[i].bytes;
        from = from < 0 ? 0 : from;
        to = to < 0 ? 0 : to;
        if (!prog->vfetch[i].attribute && to > vb->bytes) {
            to = vb->bytes; // the shader checks
        }
        if (to > from) {
            lo = (uint64_t)from < lo ? (uint64_t)from : lo;
            hi = (uint64_t)to > hi ? (uint64_t)to : hi;
        }
    }
    if (lo >= hi) {
        lo = hi = 0;
    }
    lo &= ~3ull;
    hi = align_up(hi, 4);
    if (hi - lo > MAX_RANGE) {
        return false;
    }
    r->va = vb->base;
    r->endian = vb->endian;
    r->lo = (uint32_t)lo;
    r->bytes = (uint32_t)(hi - lo);
    r->copy = lo >= vb->bytes ? 0 : hi > vb->bytes ? vb->bytes - (uint32_t)lo : r->bytes;
    return lo <= UINT32_MAX;
}

enum gpu_result gl_vertices_plan(struct gl_context *ctx, const struct gpu_draw *draw,
                                 const struct gl_program *prog, struct gl_vertices *v)
{
    const struct shader_info *info = shader_info(draw->vs);
    struct index_scan s;

    memset(v, 0, sizeof *v);
    v->count = draw->count;
    if (draw->count > MAX_COUNT) {
        log_warn(ctx->log, "gl: draw of %u vertices refused", draw->count);
        return GPU_BAD_STATE;
    }
    if (!plan_indices(ctx, draw, v, &s)) {
        return GPU_HOST_ERROR;
    }
    v->index_at = 0;
    v->bytes = align_up(v->index_bytes, 16);
    for (unsigned b = 0; b < prog->buffer_count; b++) {
        struct vertex_buffer vb;
        vertex_buffer_decode(draw->fetch + 2 * prog->buffers[b].constant, &vb);
        if (!plan_range(prog, b, info, s, &vb, &v->range[b])) {
            log_warn(ctx->log, "gl: vertices %u..%u of fetch constant %u are too many", s.lo, s.hi,
                     prog->buffers[b].constant);
            return GPU_BAD_STATE;
        }
        v->range[b].at = v->bytes;
        v->bytes += align_up(v->range[b].bytes, 16);
    }
    return GPU_OK;
}

static void copy_range(struct gl_context *ctx, const struct gl_vertex_range *r, uint8_t *dst)
{
    gl_mem_read(ctx, r->va + r->lo, dst, r->copy);
    if (r->endian) {
        endian_swap(dst, r->copy, r->endian);
    }
    memset(dst + r->copy, 0, r->bytes - r->copy);
    ctx->be->count.vertex_bytes += r->copy;
}

void gl_vertices_load(struct gl_context *ctx, const struct gl_program *prog,
                      const struct shader *vs, const struct gl_vertices *v, uint8_t *dst,
                      size_t offset, int32_t (*texels)[4], size_t *pointer)
{
    const struct shader_info *info = shader_info(vs);

    if (v->index_bytes) {
        memcpy(dst + v->index_at, v->indices, v->index_bytes);
    }
    for (unsigned b = 0; b < prog->buffer_count; b++) {
        const struct gl_vertex_range *r = &v->range[b];
        copy_range(ctx, r, dst + r->at);
        int32_t first = (int32_t)(r->lo / 4);
        texels[b][0] = (int32_t)((offset + r->at) / 4) - first;
        texels[b][1] = first;
        texels[b][2] = first + (int32_t)(r->copy / 4);
        texels[b][3] = 0;
    }
    for (unsigned i = 0; i < prog->vfetch_count; i++) {
        const struct gl_vfetch_plan *p = &prog->vfetch[i];
        const struct shader_vfetch *f = &info->vfetch[i];
        if (p->attribute) {
            const struct gl_vertex_range *r = &v->range[p->buffer];
            pointer[p->location] =
                offset + r->at + (size_t)v->first * f->stride + (size_t)f->offset - r->lo;
        }
    }
}
