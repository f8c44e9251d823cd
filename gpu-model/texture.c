// SPDX-License-Identifier: MIT
//
// Textures in memory: the fetch constant's fields, where each mip level, face and block lies, and
// reading texels. Field positions: public register database, domain A2XX_SQ_TEX; the size word of
// 1D and 3D constants is Xenos' (the database has only the 2D form). Layout: pitch and height
// aligned to 32 blocks, levels past the first rounded to powers of two, every slice to 4 KiB; that
// is what the open driver lays out and the hardware reads. Packed mip tails are decoded as a flag
// only: no known a2xx driver sets it.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

#define PAGE 4096u

static uint32_t next_pow2(uint32_t v)
{
    uint32_t p = 1;
    while (p < v && p < 1u << 31) {
        p <<= 1;
    }
    return p;
}

static uint32_t minify(uint32_t v, unsigned level)
{
    v >>= level;
    return v ? v : 1;
}

static uint32_t blocks(uint32_t texels, unsigned block)
{
    return (texels + block - 1) / block;
}

static uint32_t tiled_combine(uint32_t inner, uint32_t bank, uint32_t pipe, uint32_t y_lsb)
{
    return (inner & 15) | y_lsb << 4 | (inner >> 4 & 1) << 5 | pipe << 6 | (inner >> 5 & 7) << 8 |
           bank << 11 | inner >> 8 << 12;
}

uint32_t tiled_offset_2d(uint32_t x, uint32_t y, uint32_t pitch, unsigned block_bytes)
{
    uint32_t outer = ((y >> 5) * (pitch >> 5) + (x >> 5)) << 6;
    uint32_t inner = (x & 7) | (y >> 1 & 7) << 3;
    return tiled_combine((outer | inner) * block_bytes, y >> 4 & 1,
                         (x >> 3 & 1) | ((x >> 4 ^ y >> 3) & 1) << 1, y & 1);
}

uint32_t tiled_offset_3d(uint32_t x, uint32_t y, uint32_t z, uint32_t pitch, uint32_t height,
                         unsigned block_bytes)
{
    uint32_t outer = ((z >> 2) * (height >> 4) + (y >> 4)) * (pitch >> 5) + (x >> 5);
    uint32_t inner = (x & 7) | (y >> 1 & 3) << 3 | (z & 3) << 5;
    uint32_t flip = y >> 3 ^ z >> 2;
    return tiled_combine((outer << 7 | inner) * block_bytes, flip & 1,
                         (x >> 3 & 1) | ((x >> 4 ^ flip) & 1) << 1, y & 1);
}

static void decode_size(uint32_t dw2, struct texture *t)
{
    t->height = t->depth = t->slices = 1;
    switch (t->dimension) {
    case TEX_1D:
        t->width = bits(dw2, 23, 0) + 1;
        break;
    case TEX_3D:
        t->width = bits(dw2, 10, 0) + 1;
        t->height = bits(dw2, 21, 11) + 1;
        t->depth = t->slices = bits(dw2, 31, 22) + 1;
        break;
    default:
        t->width = bits(dw2, 12, 0) + 1;
        t->height = bits(dw2, 25, 13) + 1;
        t->slices = t->dimension == TEX_CUBE ? 6 : t->stacked ? bits(dw2, 31, 26) + 1 : 1;
        break;
    }
}

static void layout_levels(struct texture *t, uint32_t pitch_texels, uint32_t base, uint32_t mips)
{
    unsigned bw = t->info ? t->info->block_w : 1, bh = t->info ? t->info->block_h : 1;
    unsigned bytes = t->info ? t->info->block_bytes : 0;
    uint32_t pitch0 = blocks(pitch_texels, bw), rows0 = blocks(t->height, bh), va = mips;

    for (unsigned l = 0; l < TEX_LEVELS; l++) {
        struct texture_level *lv = &t->level[l];
        lv->width = minify(t->width, l);
        lv->height = minify(t->height, l);
        lv->depth = minify(t->depth, l);
        lv->pitch = (uint32_t)align_up(minify(pitch0, l), 32);
        lv->rows = (uint32_t)align_up(minify(rows0, l), 32);
        if (l) {
            lv->pitch = next_pow2(lv->pitch);
            lv->rows = next_pow2(lv->rows);
        }
        uint64_t slice = align_up((uint64_t)lv->pitch * lv->rows * bytes, PAGE);
        uint32_t slices = t->dimension == TEX_3D ? lv->depth : t->slices;
        lv->slice_bytes = (uint32_t)slice;
        lv->bytes = slice * slices > UINT32_MAX ? UINT32_MAX : (uint32_t)(slice * slices);
        lv->va = l ? va : base;
        if (l) {
            va += lv->bytes;
        }
    }
}

bool texture_layout(const uint32_t dw[6], struct texture *t)
{
    memset(t, 0, sizeof(*t));
    t->type = (uint8_t)bits(dw[0], 1, 0);
    for (unsigned i = 0; i < 4; i++) {
        t->num.sign[i] = (uint8_t)(dw[0] >> (2 + 2 * i) & 3);
        t->swizzle[i] = (uint8_t)(dw[3] >> (1 + 3 * i) & 7);
    }
    for (unsigned i = 0; i < 3; i++) {
        t->clamp[i] = (uint8_t)(dw[0] >> (10 + 3 * i) & 7);
    }
    t->tiled = bit(dw[0], 31);
    t->info = format_info(bits(dw[1], 5, 0));
    t->endian = (uint8_t)bits(dw[1], 7, 6);
    t->request_size = (uint8_t)bits(dw[1], 9, 8);
    t->stacked = bit(dw[1], 10);
    t->clamp_policy_ogl = bit(dw[1], 11);
    t->dimension = (uint8_t)bits(dw[5], 10, 9);
    decode_size(dw[2], t);
    // The driver writes "integer" for depth with stencil (it looks at the stencil field) and GL
    // reads normalised depth: that format's numbers are always fractions.
    t->num.integer = bit(dw[3], 0) && bits(dw[1], 5, 0) != FMT_24_8;
    t->num.exp_adjust = (int8_t)sign_extend(bits(dw[3], 18, 13), 6);
    t->mag = (uint8_t)bits(dw[3], 20, 19);
    t->min = (uint8_t)bits(dw[3], 22, 21);
    t->mip = (uint8_t)bits(dw[3], 24, 23);
    t->aniso = (uint8_t)bits(dw[3], 27, 25);
    t->border_size = bit(dw[3], 31);
    t->vol_mag = (uint8_t)bit(dw[4], 0);
    t->vol_min = (uint8_t)bit(dw[4], 1);
    t->lod_bias = (float)sign_extend(bits(dw[4], 21, 12), 10) / 32;
    t->grad_exp_h = (int8_t)sign_extend(bits(dw[4], 26, 22), 5);
    t->grad_exp_v = (int8_t)sign_extend(bits(dw[4], 31, 27), 5);
    t->border_color = (uint8_t)bits(dw[5], 1, 0);
    t->packed_mips = bit(dw[5], 11);

    uint32_t largest = t->width > t->height ? t->width : t->height, last = 0;
    largest = t->depth > largest ? t->depth : largest;
    while (largest >> (last + 1) && last + 1 < TEX_LEVELS) {
        last++;
    }
    uint32_t mips = dw[5] & 0xfffff000;
    t->min_level = (uint8_t)bits(dw[4], 5, 2);
    t->max_level = (uint8_t)bits(dw[4], 9, 6);
    if (t->max_level > last) {
        t->max_level = (uint8_t)last;
    }
    if (!mips) { // no memory for further levels
        t->max_level = 0;
    }
    if (t->min_level > t->max_level) {
        t->min_level = t->max_level;
    }
    layout_levels(t, bits(dw[0], 30, 22) << 5, dw[1] & 0xfffff000, mips);
    return t->info != NULL;
}

uint32_t texture_block_va(const struct texture *t, unsigned level, unsigned slice, uint32_t bx,
                          uint32_t by)
{
    const struct texture_level *lv = &t->level[level < TEX_LEVELS ? level : 0];
    unsigned bytes = t->info ? t->info->block_bytes : 0;
    if (!t->tiled) {
        return lv->va + slice * lv->slice_bytes + (by * lv->pitch + bx) * bytes;
    }
    if (t->dimension == TEX_3D) {
        return lv->va + tiled_offset_3d(bx, by, slice, lv->pitch, lv->rows, bytes);
    }
    return lv->va + slice * lv->slice_bytes + tiled_offset_2d(bx, by, lv->pitch, bytes);
}

static unsigned clamp_slice(const struct texture *t, unsigned level, unsigned slice)
{
    uint32_t n = t->dimension == TEX_3D ? t->level[level].depth : t->slices;
    return slice < n ? slice : n - 1;
}

static bool block_read(struct gpu_mem *mem, const struct texture *t, uint32_t va, uint8_t block[16])
{
    bool ok = mem->ops->read(mem, va, block, t->info->block_bytes);
    if (t->endian) {
        endian_swap(block, t->info->block_bytes, t->endian);
    }
    return ok;
}

bool texture_texel(struct gpu_mem *mem, const struct texture *t, unsigned level, unsigned slice,
                   uint32_t x, uint32_t y, float out[4])
{
    uint8_t block[16];
    out[0] = out[1] = out[2] = out[3] = 0;
    if (!t->info || level >= TEX_LEVELS) {
        return false;
    }
    const struct texture_level *lv = &t->level[level];
    unsigned bw = t->info->block_w, bh = t->info->block_h;
    x = x < lv->width ? x : lv->width - 1;
    y = y < lv->height ? y : lv->height - 1;
    uint32_t va = texture_block_va(t, level, clamp_slice(t, level, slice), x / bw, y / bh);
    if (!block_read(mem, t, va, block)) {
        return false;
    }
    format_decode(t->info, block, x % bw, y % bh, &t->num, out);
    return true;
}

void texture_swizzle(const struct texture *t, const float in[4], float out[4])
{
    float v[8] = {in[0], in[1], in[2], in[3], 0, 1, 0, 0};
    for (unsigned i = 0; i < 4; i++) {
        out[i] = v[t->swizzle[i] & 7];
    }
}

bool texture_fits_rgba8(const struct texture *t)
{
    if (!t->info || t->num.integer || t->num.exp_adjust || t->info->kind == FORMAT_FLOAT) {
        return false;
    }
    for (unsigned i = 0; i < t->info->components; i++) {
        unsigned n = t->info->bits[i];
        if (t->num.sign[i] != TEX_UNSIGNED || (n != 8 && n != 4 && n != 2 && n != 1)) {
            return false; // 255 is a multiple of 1, 3, 15 and itself, not of 31 or 63
        }
    }
    return true;
}

// Calls for each texel of a slice, row by row, with its decoded value.
typedef void put_texel(void *row, uint32_t x, const float v[4]);

static void put_float(void *row, uint32_t x, const float v[4])
{
    memcpy((float *)row + 4 * (size_t)x, v, 4 * sizeof(float));
}

static void put_rgba8(void *row, uint32_t x, const float v[4])
{
    uint8_t *p = (uint8_t *)row + 4 * (size_t)x;
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v[i] * 255 + 0.5f);
    }
}

// One row of blocks of a linear texture without byte swapping can be decoded in place.
static const uint8_t *row_span(struct gpu_mem *mem, const struct texture *t, unsigned level,
                               unsigned slice, uint32_t by, size_t want)
{
    size_t got = 0;
    if (t->tiled || t->endian || !mem->ops->span) {
        return NULL;
    }
    const uint8_t *p = mem->ops->span(mem, texture_block_va(t, level, slice, 0, by), want, &got);
    return p && got >= want ? p : NULL;
}

static bool decode_slice(struct gpu_mem *mem, const struct texture *t, unsigned level,
                         unsigned slice, bool swizzled, uint8_t *out, size_t stride, put_texel *put)
{
    if (!t->info || level >= TEX_LEVELS) {
        return false;
    }
    const struct texture_level *lv = &t->level[level];
    const struct format_info *f = t->info;
    unsigned bw = f->block_w, bh = f->block_h;
    uint32_t nbx = blocks(lv->width, bw), nby = blocks(lv->height, bh);
    bool ok = true;

    slice = clamp_slice(t, level, slice);
    for (uint32_t by = 0; by < nby; by++) {
        const uint8_t *row = row_span(mem, t, level, slice, by, (size_t)nbx * f->block_bytes);
        for (uint32_t bx = 0; bx < nbx; bx++) {
            uint8_t tmp[16];
            const uint8_t *block = row ? row + (size_t)bx * f->block_bytes : tmp;
            if (!row) {
                memset(tmp, 0, sizeof(tmp));
                ok &= block_read(mem, t, texture_block_va(t, level, slice, bx, by), tmp);
            }
            for (unsigned k = 0; k < bw * bh; k++) {
                uint32_t x = bx * bw + k % bw, y = by * bh + k / bw;
                float v[4];
                if (x >= lv->width || y >= lv->height) {
                    continue;
                }
                format_decode(f, block, k % bw, k / bw, &t->num, v);
                if (swizzled) {
                    texture_swizzle(t, v, v);
                }
                put(out + y * stride, x, v);
            }
        }
    }
    return ok;
}

bool texture_decode_float(struct gpu_mem *mem, const struct texture *t, unsigned level,
                          unsigned slice, bool swizzled, float *out, size_t stride)
{
    return decode_slice(mem, t, level, slice, swizzled, (uint8_t *)out, stride, put_float);
}

// The commonest case without floats in between.
static bool decode_8888(struct gpu_mem *mem, const struct texture *t, unsigned level,
                        unsigned slice, bool swizzled, uint8_t *out, size_t stride)
{
    const struct texture_level *lv = &t->level[level];
    slice = clamp_slice(t, level, slice);
    for (uint32_t y = 0; y < lv->height; y++) {
        const uint8_t *row = row_span(mem, t, level, slice, y, (size_t)lv->width * 4);
        if (!row) {
            return false;
        }
        uint8_t *dst = out + y * stride;
        for (uint32_t x = 0; x < lv->width; x++) {
            const uint8_t v[8] = {
                row[4 * x], row[4 * x + 1], row[4 * x + 2], row[4 * x + 3], 0, 255, 0, 0};
            for (unsigned i = 0; i < 4; i++) {
                dst[4 * x + i] = v[swizzled ? t->swizzle[i] & 7 : i];
            }
        }
    }
    return true;
}

bool texture_decode_rgba8(struct gpu_mem *mem, const struct texture *t, unsigned level,
                          unsigned slice, bool swizzled, uint8_t *out, size_t stride)
{
    if (t->info && level < TEX_LEVELS && texture_fits_rgba8(t) &&
        (t->info->number == FMT_8_8_8_8 || t->info->number == FMT_8_8_8_8_A) &&
        decode_8888(mem, t, level, slice, swizzled, out, stride)) {
        return true;
    }
    return decode_slice(mem, t, level, slice, swizzled, out, stride, put_rgba8);
}
