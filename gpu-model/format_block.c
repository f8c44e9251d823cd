// SPDX-License-Identifier: MIT
//
// Compressed texture blocks: DXT1..5, their single component variants, DXN, CTX1, ATC, ETC1 and the
// packed YUV pairs. Bit layouts: the S3TC, ATC and ETC1 extension specifications and the Xenos
// texture notes. Interpolation is done on 8-bit components with truncation, as the reference
// rasterisers do it; what the hardware's last bit is has not been measured.
#include "gpu-model/format_block.h"

#include <string.h>

#include "base/bits.h"

static uint8_t expand(uint32_t v, unsigned n)
{
    return (uint8_t)(n == 5 ? v << 3 | v >> 2 : n == 6 ? v << 2 | v >> 4 : v << 4 | v);
}

static void rgb565(uint32_t c, uint8_t out[3])
{
    out[0] = expand(bits(c, 15, 11), 5);
    out[1] = expand(bits(c, 10, 5), 6);
    out[2] = expand(bits(c, 4, 0), 5);
}

// Weighted mean (a * wa + b * wb) / (wa + wb) of n components.
static void mix(const uint8_t *a, unsigned wa, const uint8_t *b, unsigned wb, unsigned n,
                uint8_t *out)
{
    for (unsigned i = 0; i < n; i++) {
        out[i] = (uint8_t)((a[i] * wa + b[i] * wb) / (wa + wb));
    }
}

static unsigned index2(const uint8_t *p, unsigned x, unsigned y)
{
    return p[y] >> (2 * x) & 3;
}

static void dxt_color(const uint8_t *p, unsigned x, unsigned y, bool punch_through, uint8_t out[4])
{
    uint32_t c0 = get_le16(p), c1 = get_le16(p + 2);
    unsigned code = index2(p + 4, x, y);
    uint8_t a[3], b[3];
    rgb565(c0, a);
    rgb565(c1, b);
    out[3] = 255;
    if (code < 2) {
        memcpy(out, code ? b : a, 3);
    } else if (c0 > c1 || !punch_through) {
        mix(a, code == 2 ? 2 : 1, b, code == 2 ? 1 : 2, 3, out);
    } else if (code == 2) {
        mix(a, 1, b, 1, 3, out);
    } else {
        memset(out, 0, 4);
    }
}

static uint8_t alpha4(const uint8_t *p, unsigned x, unsigned y)
{
    return expand(p[y * 2 + x / 2] >> (x % 2 * 4) & 15, 4);
}

static uint8_t alpha_interp(const uint8_t *p, unsigned x, unsigned y)
{
    unsigned code = (unsigned)(get_le64(p) >> (16 + 3 * (y * 4 + x))) & 7, a0 = p[0], a1 = p[1];
    if (code < 2) {
        return (uint8_t)(code ? a1 : a0);
    }
    if (a0 > a1) {
        return (uint8_t)((a0 * (8 - code) + a1 * (code - 1)) / 7);
    }
    return (uint8_t)(code == 6 ? 0 : code == 7 ? 255 : (a0 * (6 - code) + a1 * (code - 1)) / 5);
}

static void atc_color(const uint8_t *p, unsigned x, unsigned y, uint8_t out[4])
{
    uint32_t c0 = get_le16(p), c1 = get_le16(p + 2);
    unsigned code = index2(p + 4, x, y);
    uint8_t a[3] = {expand(bits(c0, 14, 10), 5), expand(bits(c0, 9, 5), 5),
                    expand(bits(c0, 4, 0), 5)};
    uint8_t b[3];
    rgb565(c1, b);
    out[3] = 255;
    if (code == 3) {
        memcpy(out, b, 3);
    } else if (!(c0 & 0x8000)) {
        mix(a, 3 - code, b, code, 3, out);
    } else if (code == 2) {
        memcpy(out, a, 3);
    } else {
        for (unsigned i = 0; i < 3; i++) {
            unsigned quarter = b[i] / 4u;
            out[i] = code == 0 || a[i] < quarter ? 0 : (uint8_t)(a[i] - quarter);
        }
    }
}

static void etc1_color(const uint8_t *p, unsigned x, unsigned y, uint8_t out[4])
{
    static const uint8_t modifier[8][2] = {{2, 8},   {5, 17},  {9, 29},   {13, 42},
                                           {18, 60}, {24, 80}, {33, 106}, {47, 183}};
    uint32_t hi = get_be32(p), lo = get_be32(p + 4);
    unsigned second = hi & 1 ? y >= 2 : x >= 2; // flip bit: blocks above each other
    unsigned table = second ? bits(hi, 4, 2) : bits(hi, 7, 5), k = x * 4 + y;
    unsigned large = lo >> k & 1, negative = lo >> (k + 16) & 1;
    int d = modifier[table][large];
    for (unsigned i = 0; i < 3; i++) {
        unsigned at = 24 - 8 * i;
        uint8_t base;
        if (hi & 2) { // differential
            unsigned v = hi >> (at + 3) & 31;
            if (second) {
                v = (v + (unsigned)sign_extend(hi >> at & 7, 3)) & 31;
            }
            base = expand(v, 5);
        } else {
            base = expand(hi >> (second ? at : at + 4) & 15, 4);
        }
        int v = base + (negative ? -d : d);
        out[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    out[3] = 255;
}

static void ctx1(const uint8_t *p, unsigned x, unsigned y, uint8_t out[4])
{
    unsigned code = index2(p + 4, x, y);
    if (code < 2) {
        memcpy(out, p + 2 * code, 2);
    } else {
        mix(p, code == 2 ? 2 : 1, p + 2, code == 2 ? 1 : 2, 2, out);
    }
}

void format_block_texel(const struct format_info *f, const uint8_t *p, unsigned x, unsigned y,
                        uint8_t out[4])
{
    switch (f->kind) {
    case FORMAT_BITS:
    case FORMAT_FLOAT:
    case FORMAT_SNORM:
        break; // not blocks
    case FORMAT_BIT1:
        out[0] = p[0] >> x & 1;
        break;
    case FORMAT_BIT1R:
        out[0] = p[0] >> (7 - x) & 1;
        break;
    case FORMAT_YUYV:
        out[0] = p[2 * x];
        out[1] = p[1];
        out[2] = p[3];
        break;
    case FORMAT_UYVY:
        out[0] = p[2 * x + 1];
        out[1] = p[0];
        out[2] = p[2];
        break;
    case FORMAT_DXT1:
        dxt_color(p, x, y, true, out);
        break;
    case FORMAT_DXT3:
        dxt_color(p + 8, x, y, false, out);
        out[3] = alpha4(p, x, y);
        break;
    case FORMAT_DXT5:
        dxt_color(p + 8, x, y, false, out);
        out[3] = alpha_interp(p, x, y);
        break;
    case FORMAT_DXT3A:
        out[0] = alpha4(p, x, y);
        break;
    case FORMAT_DXT5A:
        out[0] = alpha_interp(p, x, y);
        break;
    case FORMAT_DXN:
        out[0] = alpha_interp(p, x, y);
        out[1] = alpha_interp(p + 8, x, y);
        break;
    case FORMAT_CTX1:
        ctx1(p, x, y, out);
        break;
    case FORMAT_ATC:
        atc_color(p, x, y, out);
        break;
    case FORMAT_ATCA3:
        atc_color(p + 8, x, y, out);
        out[3] = alpha4(p, x, y);
        break;
    case FORMAT_ATCA5:
        atc_color(p + 8, x, y, out);
        out[3] = alpha_interp(p, x, y);
        break;
    case FORMAT_ETC1:
        etc1_color(p, x, y, out);
        break;
    case FORMAT_ETCA3:
        etc1_color(p + 8, x, y, out);
        out[3] = alpha4(p, x, y);
        break;
    case FORMAT_ETCA5:
        etc1_color(p + 8, x, y, out);
        out[3] = alpha_interp(p, x, y);
        break;
    }
}
