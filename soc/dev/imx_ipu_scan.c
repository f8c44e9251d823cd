// SPDX-License-Identifier: MIT
//
// The picture that the i.MX53's IPU shows: the background plane and the overlay as their channel
// parameters in CPMEM describe them (i.MX53 Reference Manual, "IDMAC CPMEM"). RGB formats of 16, 24
// and 32 bits with any component layout; YUV planes come out black.
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/png.h"
#include "soc/dev/imx_ipu.h"
#include "soc/dev/rows.h"

enum { CH_WORDS = 16, ROW_MAX = 8192 };

struct plane {
    uint32_t width, height, stride, address, bytes; // bytes a pixel
    bool rgb;
    struct {
        uint8_t shift, bits;
    } part[4]; // red, green, blue, alpha
};

// Bits lo..lo+n-1 of a channel's 160-bit word (0 or 1).
static uint32_t field(struct device *dev, unsigned ch, unsigned word, unsigned lo, unsigned n)
{
    struct regfile *rf = device_regs(dev, IPU_CPMEM);
    uint32_t base = (ch * CH_WORDS + word * 8 + lo / 32) * 4;
    uint64_t v = regfile_peek(rf, base) | (uint64_t)regfile_peek(rf, base + 4) << 32;
    return (uint32_t)(v >> lo % 32) & (n == 32 ? ~0u : BIT(n) - 1);
}

static void read_plane(struct device *dev, unsigned ch, struct plane *p)
{
    static const uint8_t bits_of_code[8] = {32, 24, 18, 16, 12, 8, 4, 0};
    struct regfile *rf = device_regs(dev, IPU_CM);
    bool second = regfile_peek(rf, CM_CUR_BUF + ch / 32 * 4) >> ch % 32 & 1;
    unsigned bpp = bits_of_code[field(dev, ch, 0, 107, 3)];
    memset(p, 0, sizeof *p);
    p->width = field(dev, ch, 0, 125, 13) + 1;
    p->height = field(dev, ch, 0, 138, 12) + 1;
    p->stride = field(dev, ch, 1, 102, 14) + 1;
    p->address = field(dev, ch, 1, second ? 29 : 0, 29) << 3;
    p->bytes = bpp / 8;
    p->rgb = field(dev, ch, 1, 85, 4) == 7 && (bpp == 16 || bpp == 24 || bpp == 32);
    for (unsigned i = 0; i < 4; i++) { // offsets count from the most significant bit
        unsigned width = field(dev, ch, 1, 116 + i * 3, 3) + 1;
        unsigned from = field(dev, ch, 1, 128 + i * 5, 5);
        p->part[i].bits = (uint8_t)width;
        p->part[i].shift = from + width <= bpp ? (uint8_t)(bpp - from - width) : 0;
    }
}

static uint8_t part(const struct plane *p, uint32_t px, unsigned i)
{
    unsigned n = p->part[i].bits;
    uint32_t v = px >> p->part[i].shift & (BIT(n) - 1), out = 0;
    for (int at = 8 - (int)n; at > -(int)n; at -= (int)n) { // repeat the bits down to 8
        out |= at >= 0 ? v << at : v >> -at;
    }
    return (uint8_t)out;
}

static void draw_row(const struct plane *p, const uint8_t *src, uint8_t *dst, uint32_t n,
                     unsigned alpha)
{
    for (uint32_t x = 0; x < n; x++, src += p->bytes, dst += 4) {
        uint32_t px = get_le16(src) | (p->bytes > 2 ? (uint32_t)src[2] << 16 : 0) |
                      (p->bytes > 3 ? (uint32_t)src[3] << 24 : 0);
        for (unsigned i = 0; i < 3; i++) {
            unsigned v = part(p, px, i);
            dst[i] = (uint8_t)(alpha == 255 ? v : (v * alpha + dst[i] * (255 - alpha) + 127) / 255);
        }
    }
}

// Draws a plane with its corner at (x0, y0); what lies outside is cut off, memory that is not there
// stays as it was.
static void draw(struct device *dev, const struct plane *p, struct picture *pic, uint32_t x0,
                 uint32_t y0, unsigned alpha)
{
    uint8_t row[ROW_MAX * 4];
    uint32_t n;
    if (!p->rgb || x0 >= pic->width) {
        return;
    }
    n = p->width < pic->width - x0 ? p->width : pic->width - x0;
    for (uint32_t y = 0; y < p->height && y0 + y < pic->height; y++) {
        if (device_dma_read(dev, p->address + y * p->stride, row, (size_t)n * p->bytes)) {
            return;
        }
        draw_row(p, row, pic->rgba + ((size_t)(y0 + y) * pic->width + x0) * 4, n, alpha);
    }
}

int ipu_scanout(struct device *dev, struct picture *pic, struct err *err)
{
    static const uint8_t backgrounds[] = {CH_BG, CH_DC};
    struct regfile *dp = device_regs(dev, IPU_DP);
    for (unsigned i = 0; i < ARRAY_LEN(backgrounds); i++) {
        unsigned ch = backgrounds[i];
        struct plane bg, fg;
        if (!ipu_channel_on(dev, ch) || !ipu_di_on(dev, ipu_channel_di(dev, ch))) {
            continue;
        }
        read_plane(dev, ch, &bg);
        if (picture_init(pic, bg.width, bg.height, err)) {
            return -ENOMEM;
        }
        for (size_t px = 0; px < (size_t)bg.width * bg.height; px++) {
            pic->rgba[px * 4 + 3] = 255;
        }
        draw(dev, &bg, pic, 0, 0, 255);
        if (ch == CH_BG && ipu_channel_on(dev, CH_FG) && (regfile_peek(dp, DP_COM_CONF) & 1)) {
            uint32_t pos = regfile_peek(dp, DP_FG_POS), conf = regfile_peek(dp, DP_COM_CONF);
            read_plane(dev, CH_FG, &fg);
            draw(dev, &fg, pic, bits(pos, 26, 16), bits(pos, 10, 0),
                 conf & BIT(2) ? regfile_peek(dp, DP_GRAPH_WIND) >> 24 : 255);
        }
        return 0;
    }
    return err_set(err, -ENODATA, "display %s is dark", dev->name);
}
