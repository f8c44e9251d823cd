// SPDX-License-Identifier: MIT
//
// The colour end of the pipeline: clamping, blending, logic operations, dithering, write masks, and
// the store into on-chip or guest memory. Arithmetic is single precision; the result is rounded to
// the nearest value of the format once.
//
// The dither matrix of the hardware is not public; a 4x4 ordered matrix stands in. Minimum and
// maximum ignore the factors, as in OpenGL.

#include <string.h>

#include "base/bits.h"
#include "host-backends/soft/soft.h"

static float factor(unsigned f, unsigned c, const float src[4], const float dst[4],
                    const float constant[4])
{
    switch (f) {
    case 1:
        return 1.0f;
    case 4:
        return src[c];
    case 5:
        return 1.0f - src[c];
    case 6:
        return src[3];
    case 7:
        return 1.0f - src[3];
    case 8:
        return dst[c];
    case 9:
        return 1.0f - dst[c];
    case 10:
        return dst[3];
    case 11:
        return 1.0f - dst[3];
    case 12:
        return constant[c];
    case 13:
        return 1.0f - constant[c];
    case 14:
        return constant[3];
    case 15:
        return 1.0f - constant[3];
    case 16: // saturated source alpha; 1 for the alpha component
        return c == 3 ? 1.0f : src[3] < 1.0f - dst[3] ? src[3] : 1.0f - dst[3];
    default: // zero, and the second source that this generation lacks
        return 0.0f;
    }
}

static float combine(unsigned op, float src, float dst, float fs, float fd)
{
    switch (op) {
    case 1:
        return src * fs - dst * fd;
    case 2:
        return src < dst ? src : dst;
    case 3:
        return src > dst ? src : dst;
    case 4:
        return dst * fd - src * fs;
    case 5:
        return src * fs + dst * fd - 0.5f;
    default:
        return src * fs + dst * fd;
    }
}

static void blend(const struct gpu_state *st, const float src[4], const float dst[4], float out[4])
{
    for (unsigned c = 0; c < 4; c++) {
        bool a = c == 3;
        float fs = factor(a ? st->blend_src_a : st->blend_src, c, src, dst, st->blend_color);
        float fd = factor(a ? st->blend_dst_a : st->blend_dst, c, src, dst, st->blend_color);
        out[c] = combine(a ? st->blend_op_a : st->blend_op, src[c], dst[c], fs, fd);
    }
}

static float clamp_to(const struct format_info *f, float v)
{
    if (f->kind == FORMAT_FLOAT) {
        return v;
    }
    float lo = f->kind == FORMAT_SNORM ? -1.0f : 0.0f;
    return v > 1.0f ? 1.0f : v > lo ? v : v <= lo ? lo : 0.0f; // NaN is 0
}

// Logic operations, numbered as a3xx_rop_code names them (OpenGL's order by truth table).
static uint8_t rop_byte(unsigned rop, uint8_t s, uint8_t d)
{
    int r = 0;
    r |= rop & 1 ? ~s & ~d : 0;
    r |= rop & 2 ? ~s & d : 0;
    r |= rop & 4 ? s & ~d : 0;
    r |= rop & 8 ? s & d : 0;
    return (uint8_t)r;
}

static void dither(const struct format_info *f, uint32_t x, uint32_t y, float rgba[4])
{
    static const uint8_t matrix[16] = {0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5};
    float t = ((float)matrix[(y & 3) * 4 + (x & 3)] + 0.5f) / 16.0f - 0.5f;
    for (unsigned c = 0; c < f->components; c++) {
        if (f->kind == FORMAT_BITS && f->bits[c] < 8) {
            rgba[c] += t / (float)((1u << f->bits[c]) - 1);
        }
    }
}

// Reads, changes and writes one sample in host memory `m`.
static void store(const struct soft_pipe *pipe, uint8_t *m, uint32_t x, uint32_t y,
                  const float in[4])
{
    const struct gpu_state *st = pipe->st;
    float src[4], out[4];
    for (unsigned c = 0; c < 4; c++) {
        out[c] = src[c] = clamp_to(pipe->color, in[c]);
    }
    if (pipe->blend) {
        float dst[4];
        color_unpack(st->color.format, st->color.swap, m, dst);
        blend(st, src, dst, out);
    }
    if (pipe->dither) {
        dither(pipe->color, x, y, out);
    }
    uint8_t px[16];
    color_pack(st->color.format, st->color.swap, out, px);
    for (unsigned i = 0; i < pipe->color_bytes; i++) {
        uint8_t v = pipe->rop ? rop_byte(st->rop, px[i], m[i]) : px[i];
        m[i] = (uint8_t)((m[i] & ~pipe->mask_bytes[i]) | (v & pipe->mask_bytes[i]));
    }
}

static inline uint32_t unorm8(float v)
{
    v = v > 0.0f ? v : 0.0f;
    return (uint32_t)((v < 1.0f ? v : 1.0f) * 255.0f + 0.5f);
}

// The usual case by itself: four 8-bit components, everything written, nothing odd.
static void store_8888(const struct soft_pipe *pipe, uint8_t *m, const float in[4])
{
    const struct gpu_state *st = pipe->st;
    unsigned r = st->color.swap ? 16 : 0, b = 16 - r;
    float out[4] = {in[0], in[1], in[2], in[3]};
    if (pipe->blend) {
        uint32_t old = get_le32(m);
        float src[4], dst[4];
        dst[0] = (float)(old >> r & 255) * (1.0f / 255.0f);
        dst[1] = (float)(old >> 8 & 255) * (1.0f / 255.0f);
        dst[2] = (float)(old >> b & 255) * (1.0f / 255.0f);
        dst[3] = (float)(old >> 24) * (1.0f / 255.0f);
        for (unsigned c = 0; c < 4; c++) {
            float v = in[c] > 0.0f ? in[c] : 0.0f;
            src[c] = v < 1.0f ? v : 1.0f;
        }
        blend(st, src, dst, out);
    }
    put_le32(m, unorm8(out[0]) << r | unorm8(out[1]) << 8 | unorm8(out[2]) << b |
                    unorm8(out[3]) << 24);
}

static void store_guest(struct soft_context *ctx, uint32_t va, uint32_t x, uint32_t y,
                        const float in[4])
{
    const struct soft_pipe *pipe = &ctx->pipe;
    uint8_t px[16] = {0};
    soft_mem_lock(ctx);
    if (pipe->reads_target) {
        ctx->mem->ops->read(ctx->mem, va, px, pipe->color_bytes);
    }
    store(pipe, px, x, y, in);
    if (!ctx->mem->ops->write(ctx->mem, va, px, pipe->color_bytes)) {
        ctx->faulted = true;
    }
    soft_mem_unlock(ctx);
}

void soft_color_write(struct soft_context *ctx, const struct soft_quad *q,
                      const float color[4][SHADER_LANES], unsigned lane)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    const struct gpu_color_target *t = &pipe->st->color;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = (uint32_t)q->x + (i & 1), y = (uint32_t)q->y + (i >> 1);
        const float rgba[4] = {color[0][lane + i], color[1][lane + i], color[2][lane + i],
                               color[3][lane + i]};
        for (unsigned s = 0; s < pipe->samples; s++) {
            if (!(q->mask >> (4 * i + s) & 1)) {
                continue;
            }
            uint64_t off = (((uint64_t)y * t->pitch + x) * pipe->samples + s) * pipe->color_bytes;
            if (!t->in_gmem) {
                uint32_t va =
                    pipe->samples == 1 && !t->linear
                        ? color_pixel_va(t->base, t->pitch, pipe->color_bytes, false, x, y)
                        : (uint32_t)(t->base + off);
                store_guest(ctx, va, x, y, rgba);
            } else if (t->base + off + pipe->color_bytes <= ctx->gmem_bytes) {
                if (pipe->simple_8888) {
                    store_8888(pipe, ctx->gmem + t->base + off, rgba);
                } else {
                    store(pipe, ctx->gmem + t->base + off, x, y, rgba);
                }
            }
        }
    }
}
