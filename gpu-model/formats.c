// SPDX-License-Identifier: MIT
//
// Plain (non compressed) formats: bit fields and floats to numbers and back, vertex attributes and
// render target pixels. Rules of normalisation: the public shader ISA notes and register database.
// Compressed formats are in format_block.c, memory layout in texture.c.
#include "gpu-model/formats.h"

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "gpu-model/format_block.h"
#include "shader-isa/shader.h"

static const struct format_info surface_table[64] = {
#define SURFACE(n, name, kind, bw, bh, bytes, comps, x, y, z, w)                                   \
    [n] = {n, "FMT_" #name, FORMAT_##kind, bw, bh, bytes, comps, {x, y, z, w}},
#include "gpu-model/formats.def"
#undef SURFACE
};

static const struct format_info color_table[16] = {
#define COLOR(n, name, kind, bytes, comps, x, y, z, w)                                             \
    [n] = {n, "COLORX_" #name, FORMAT_##kind, 1, 1, bytes, comps, {x, y, z, w}},
#include "gpu-model/formats.def"
#undef COLOR
};

const struct format_info *format_info(unsigned number)
{
    return number < ARRAY_LEN(surface_table) && surface_table[number].name ? &surface_table[number]
                                                                           : NULL;
}

const struct format_info *color_format_info(unsigned format)
{
    return format < ARRAY_LEN(color_table) && color_table[format].name ? &color_table[format]
                                                                       : NULL;
}

unsigned color_format_bytes(unsigned format)
{
    const struct format_info *f = color_format_info(format);
    return f ? f->block_bytes : 0;
}

float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = bits(h, 14, 10), man = bits(h, 9, 0);
    if (exp == 31) {
        return f32_from_bits(sign | 0x7f800000 | man << 13);
    }
    if (exp == 0) { // zero or denormal: exact in single precision
        float f = (float)man * 0x1p-24f;
        return sign ? -f : f;
    }
    return f32_from_bits(sign | (exp + 112) << 23 | man << 13);
}

uint16_t float_to_half(float f)
{
    uint32_t v = f32_to_bits(f);
    uint16_t sign = (uint16_t)(v >> 16 & 0x8000);
    v &= 0x7fffffff;
    if (v >= 0x7f800000) { // Inf, NaN (kept quiet)
        return (uint16_t)(sign | 0x7c00 | (v > 0x7f800000 ? 0x200 : 0));
    }
    if (v >= 0x477ff000) { // rounds past the largest half
        return sign | 0x7c00;
    }
    if (v < 0x38800000) { // half denormal: round at 2^-24
        float m = f32_from_bits(v) * 0x1p24f;
        uint32_t n = (uint32_t)m;
        float rest = m - (float)n;
        n += rest > 0.5f || (rest == 0.5f && (n & 1));
        return (uint16_t)(sign | n);
    }
    v += 0xfff + (v >> 13 & 1);
    return (uint16_t)(sign | ((v - 0x38000000) >> 13));
}

// n (at most 32) bits at bit position `at` of little endian bytes.
static uint32_t field_get(const uint8_t *p, unsigned at, unsigned n)
{
    uint64_t v = 0;
    unsigned first = at / 8, last = (at + n - 1) / 8;
    for (unsigned i = first; i <= last; i++) {
        v |= (uint64_t)p[i] << (8 * (i - first));
    }
    v >>= at % 8;
    return (uint32_t)(n == 32 ? v : v & ((1ull << n) - 1));
}

static void field_put(uint8_t *p, unsigned at, unsigned n, uint32_t val)
{
    for (unsigned i = 0; i < n; i++, at++) {
        p[at / 8] = (uint8_t)((p[at / 8] & ~(1u << (at % 8))) | (val >> i & 1) << (at % 8));
    }
}

// The piecewise linear gamma of the Xenos family: four segments with slopes 1/4, 1/2, 1 and 2.
static float gamma_to_linear(float g)
{
    static const struct {
        float from, scale, offset;
    } segment[] = {
        {192.0f / 255, 8.0f / 1024, -1024},
        {96.0f / 255, 4.0f / 1024, -256},
        {64.0f / 255, 2.0f / 1024, -64},
        {0, 1.0f / 1024, 0},
    };
    unsigned i = 0;
    while (i < 3 && !(g >= segment[i].from)) {
        i++;
    }
    float l = g * 255 * 1024 * segment[i].scale + segment[i].offset;
    return (l + truncf(l * segment[i].scale)) / 1023;
}

// One field to a number, without exponent adjustment.
static float field_number(uint32_t v, unsigned n, unsigned sign, bool integer, bool rf)
{
    double max = n == 32 ? 4294967295.0 : (double)((1u << n) - 1);
    if (sign == TEX_SIGNED) {
        int32_t s = sign_extend(v, n);
        if (integer) {
            return (float)s;
        }
        if (rf || n == 1) {
            return (float)((2.0 * s + 1.0) / max);
        }
        double r = s / ((max - 1) / 2);
        return (float)(r < -1 ? -1 : r);
    }
    if (integer) {
        return (float)v;
    }
    float u = n <= 24 ? (float)v / (float)max : (float)(v / max);
    if (sign == TEX_BIASED) {
        return 2 * u - 1;
    }
    return sign == TEX_GAMMA ? gamma_to_linear(u) : u;
}

static void decode_plain(const struct format_info *f, const uint8_t *p,
                         const struct format_numeric *num, float out[4])
{
    unsigned at = 0;
    for (unsigned i = 0; i < f->components; i++) {
        unsigned n = f->bits[i];
        uint32_t v = field_get(p, at, n);
        at += n;
        if (f->kind == FORMAT_FLOAT) {
            out[i] = n == 16 ? half_to_float((uint16_t)v) : f32_from_bits(v);
        } else {
            out[i] = field_number(v, n, num->sign[i], num->integer, num->signed_rf);
        }
    }
}

void format_decode(const struct format_info *f, const uint8_t *block, unsigned x, unsigned y,
                   const struct format_numeric *num, float out[4])
{
    out[0] = out[1] = out[2] = out[3] = 0;
    if (f->kind == FORMAT_BITS || f->kind == FORMAT_FLOAT) {
        decode_plain(f, block, num, out);
    } else {
        uint8_t raw[4] = {0, 0, 0, 0};
        format_block_texel(f, block, x, y, raw);
        for (unsigned i = 0; i < f->components; i++) {
            unsigned n = f->bits[i];
            out[i] = field_number(raw[i], n, num->sign[i], num->integer, num->signed_rf);
        }
    }
    for (unsigned i = f->components; i < 4; i++) {
        out[i] = out[f->components - 1];
    }
    if (num->exp_adjust) {
        for (unsigned i = 0; i < 4; i++) {
            out[i] = ldexpf(out[i], num->exp_adjust);
        }
    }
}

void endian_swap(uint8_t *data, size_t n, unsigned endian)
{
    // byte i of a dword comes from byte i ^ x
    static const uint8_t from_xor[4] = {0, 1, 3, 2};
    unsigned x = from_xor[endian & 3], step = x == 1 ? 2 : 4;
    if (!x) {
        return;
    }
    for (size_t i = 0; i + step <= n; i += step) {
        uint8_t t[4];
        memcpy(t, data + i, step);
        for (unsigned k = 0; k < step; k++) {
            data[i + k] = t[k ^ x];
        }
    }
}

// ---- vertices
// -------------------------------------------------------------------------------------------

void vertex_buffer_decode(const uint32_t dw[2], struct vertex_buffer *vb)
{
    vb->type = (uint8_t)(dw[0] & 3);
    vb->base = dw[0] & ~3u;
    vb->endian = (uint8_t)(dw[1] & 3);
    vb->bytes = dw[1] & 0x03fffffc; // SIZE[25:2] dwords
}

unsigned vfetch_bytes(const struct shader_vfetch *f)
{
    const struct format_info *info = format_info(f->format);
    return info && (info->kind == FORMAT_BITS || info->kind == FORMAT_FLOAT) ? info->block_bytes
                                                                             : 0;
}

bool vfetch_offset(const struct shader_vfetch *f, uint32_t index, uint32_t *offset)
{
    int64_t at = (int64_t)index * f->stride + f->offset;
    *offset = (uint32_t)at;
    return at >= 0 && at <= UINT32_MAX;
}

void vfetch_numeric(const struct shader_vfetch *f, struct format_numeric *num)
{
    memset(num->sign, f->is_signed ? TEX_SIGNED : TEX_UNSIGNED, sizeof(num->sign));
    num->integer = f->is_integer;
    num->signed_rf = f->signed_rf;
    num->exp_adjust = f->exp_adjust;
}

void vfetch_decode(const struct shader_vfetch *f, const uint8_t *bytes, size_t avail, float out[4])
{
    unsigned n = vfetch_bytes(f);
    uint8_t tmp[16];
    struct format_numeric num;

    out[0] = out[1] = out[2] = out[3] = 0;
    if (!n) {
        return;
    }
    if (avail < n) {
        memset(tmp, 0, sizeof(tmp));
        if (avail) {
            memcpy(tmp, bytes, avail);
        }
        bytes = tmp;
    }
    const struct format_info *info = format_info(f->format);
    vfetch_numeric(f, &num);
    decode_plain(info, bytes, &num, out);
    if (num.exp_adjust) {
        for (unsigned i = 0; i < 4; i++) {
            out[i] = ldexpf(out[i], num.exp_adjust);
        }
    }
}

// ---- render target pixels
// ---------------------------------------------------------------------------

// Which of r, g, b, a the field at position i holds.
static unsigned swap_source(unsigned components, unsigned swap, unsigned i)
{
    if (components == 1) {
        return 0;
    }
    if (components == 2) {
        return swap & 2 ? 1 - i : i;
    }
    if (swap & 2) {
        i = components - 1 - i; // fields reversed
    }
    return (swap & 1) && i != 1 && i != 3 ? 2 - i : i;
}

static uint32_t pack_unorm(float v, unsigned n)
{
    uint32_t max = (1u << n) - 1;
    if (!(v > 0)) { // also NaN
        return 0;
    }
    return v >= 1 ? max : (uint32_t)(v * (float)max + 0.5f);
}

static uint32_t pack_snorm(float v, unsigned n)
{
    float max = (float)((1u << (n - 1)) - 1);
    if (v != v) {
        return 0;
    }
    v = v < -1 ? -1 : v > 1 ? 1 : v;
    return (uint32_t)(int32_t)floorf(v * max + 0.5f) & ((1u << n) - 1);
}

void color_pack(unsigned format, unsigned swap, const float rgba[4], uint8_t *px)
{
    const struct format_info *f = color_format_info(format);
    if (!f) {
        return;
    }
    if (format == COLORX_8_8_8_8 && swap < 2) { // by far the most common
        unsigned r = swap ? 2 : 0;
        px[r] = (uint8_t)pack_unorm(rgba[0], 8);
        px[1] = (uint8_t)pack_unorm(rgba[1], 8);
        px[2 - r] = (uint8_t)pack_unorm(rgba[2], 8);
        px[3] = (uint8_t)pack_unorm(rgba[3], 8);
        return;
    }
    unsigned at = 0;
    for (unsigned i = 0; i < f->components; i++) {
        float v = rgba[swap_source(f->components, swap, i)];
        unsigned n = f->bits[i];
        uint32_t raw;
        switch (f->kind) {
        case FORMAT_FLOAT:
            raw = n == 16 ? float_to_half(v) : f32_to_bits(v);
            break;
        case FORMAT_SNORM:
            raw = pack_snorm(v, n);
            break;
        default:
            raw = pack_unorm(v, n);
            break;
        }
        field_put(px, at, n, raw);
        at += n;
    }
}

void color_unpack(unsigned format, unsigned swap, const uint8_t *px, float rgba[4])
{
    const struct format_info *f = color_format_info(format);
    rgba[0] = rgba[1] = rgba[2] = 0;
    rgba[3] = 1;
    if (!f) {
        return;
    }
    unsigned at = 0;
    for (unsigned i = 0; i < f->components; i++) {
        unsigned n = f->bits[i];
        uint32_t v = field_get(px, at, n);
        float out;
        if (f->kind == FORMAT_FLOAT) {
            out = n == 16 ? half_to_float((uint16_t)v) : f32_from_bits(v);
        } else {
            out = field_number(v, n, f->kind == FORMAT_SNORM ? TEX_SIGNED : TEX_UNSIGNED, false,
                               false);
        }
        rgba[swap_source(f->components, swap, i)] = out;
        at += n;
    }
}

void color_mask_bytes(unsigned format, unsigned swap, unsigned mask, uint8_t out[16])
{
    const struct format_info *f = color_format_info(format);
    memset(out, 0, 16);
    unsigned at = 0;
    for (unsigned i = 0; f && i < f->components; i++) {
        if (mask >> swap_source(f->components, swap, i) & 1) {
            field_put(out, at, f->bits[i], ~0u);
        }
        at += f->bits[i];
    }
}

uint32_t color_pixel_va(uint32_t base, uint32_t pitch, unsigned bytes, bool linear, uint32_t x,
                        uint32_t y)
{
    if (linear) {
        return base + (y * pitch + x) * bytes;
    }
    return base + tiled_offset_2d(x, y, (uint32_t)align_up(pitch, 32), bytes);
}

uint32_t depth_quantise(unsigned depth_format, double z)
{
    uint32_t max = depth_format == DEPTHX_16 ? 0xffff : 0xffffff;
    if (!(z > 0)) {
        return 0;
    }
    return z >= 1 ? max : (uint32_t)(z * max + 0.5);
}
