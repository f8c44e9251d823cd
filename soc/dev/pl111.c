// SPDX-License-Identifier: MIT
//
// Colour LCD controller PL111 (ARM DDI 0293) with a TFT panel: the picture is read from memory
// when somebody looks, at 1, 2, 4, 8 (palette), 16 and 24 bits a pixel, in little-endian byte
// order. Left out: STN panels, the hardware cursor's picture, big-endian pixels, the frame
// interrupt while nobody asks for it.
#include <errno.h>

#include "base/err.h"
#include "base/png.h"
#include "base/snapshot.h"
#include "soc/dev/primecell.h"

enum { TIMING0 = 0x000, TIMING1 = 0x004, TIMING2 = 0x008, UPBASE = 0x010, CONTROL = 0x018, IMSC = 0x01c,
       RIS = 0x020, MIS = 0x024, ICR = 0x028, UPCURR = 0x02c, PALETTE = 0x200 };
enum { C_ON = BIT(0), C_BGR = BIT(8), C_POWER = BIT(11), INT_BASE = BIT(2), INT_VCOMP = BIT(3) };
enum { ROW_BYTES = 1024 * 4 };

struct pl111 {
    struct device dev;
    struct event frame;
};

static struct pl111 *lcd_of(struct device *dev)
{
    return container_of(dev, struct pl111, dev);
}

static void update_irq(struct pl111 *l)
{
    struct regfile *rf = device_regs(&l->dev, 0);
    device_output(&l->dev, 0, regfile_peek(rf, RIS) & regfile_peek(rf, IMSC));
}

static uint32_t width_of(struct regfile *rf)
{
    return (bits(regfile_peek(rf, TIMING0), 7, 2) + 1) * 16;
}

static uint32_t height_of(struct regfile *rf)
{
    return bits(regfile_peek(rf, TIMING1), 9, 0) + 1;
}

// Frames at 60 Hz are only counted while somebody wants to hear of them.
static void arm(struct pl111 *l)
{
    struct regfile *rf = device_regs(&l->dev, 0);
    if (regfile_peek(rf, CONTROL) & C_ON && regfile_peek(rf, IMSC) & (INT_BASE | INT_VCOMP)) {
        device_arm(&l->dev, &l->frame, device_now(&l->dev) + 16666667);
    } else {
        device_cancel(&l->dev, &l->frame);
    }
}

static void fire(struct event *ev, uint64_t now)
{
    struct pl111 *l = container_of(ev, struct pl111, frame);
    struct regfile *rf = device_regs(&l->dev, 0);
    (void)now;
    regfile_poke(rf, RIS, regfile_peek(rf, RIS) | INT_BASE | INT_VCOMP);
    update_irq(l);
    arm(l);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct pl111 *l = lcd_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == ICR) {
        regfile_poke(rf, RIS, regfile_peek(rf, RIS) & ~raw);
    } else {
        arm(l);
    }
    update_irq(l);
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)i;
    return row->offset == MIS ? regfile_peek(rf, RIS) & regfile_peek(rf, IMSC)
                              : regfile_peek(rf, UPBASE);
}

// ---- the picture
// -----------------------------------------------------------------------------------

enum { BPP_16_1555 = 4, BPP_24 = 5, BPP_16_565 = 6, BPP_16_444 = 7 };
static const uint8_t bits_a_pixel[8] = {1, 2, 4, 8, 16, 32, 16, 16};

static uint8_t widen(uint32_t v, unsigned n)
{
    return (uint8_t)(v << (8 - n) | v >> (2 * n - 8));
}

// Lower, middle and upper component; which end is red is the BGR bit's business.
static void parts(uint32_t v, unsigned mode, uint8_t out[3])
{
    switch (mode) {
    case BPP_24:
        out[0] = (uint8_t)v;
        out[1] = (uint8_t)(v >> 8);
        out[2] = (uint8_t)(v >> 16);
        break;
    case BPP_16_565:
        out[0] = widen(bits(v, 4, 0), 5);
        out[1] = widen(bits(v, 10, 5), 6);
        out[2] = widen(bits(v, 15, 11), 5);
        break;
    case BPP_16_444:
        for (unsigned k = 0; k < 3; k++) {
            out[k] = (uint8_t)((v >> 4 * k & 0xf) * 0x11);
        }
        break;
    default: // 1:5:5:5, also in the palette
        for (unsigned k = 0; k < 3; k++) {
            out[k] = widen(v >> 5 * k & 0x1f, 5);
        }
        break;
    }
}

static int scanout(struct device *dev, struct picture *pic, struct err *err)
{
    struct regfile *rf = device_regs(dev, 0);
    uint32_t control = regfile_peek(rf, CONTROL), base = regfile_peek(rf, UPBASE) & ~7u;
    unsigned mode = bits(control, 3, 1), bpp = bits_a_pixel[mode];
    uint32_t width = width_of(rf), height = height_of(rf), pitch = width * bpp / 8;
    uint8_t line[ROW_BYTES] = {0};
    if (!(control & C_ON) || !(control & C_POWER)) {
        return err_set(err, -ENODATA, "%s: the display is off", dev->name);
    }
    if (picture_init(pic, width, height, err)) {
        return -ENOMEM;
    }
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *out = pic->rgba + (size_t)y * width * 4;
        if (device_dma_read(dev, base + y * pitch, line, pitch)) {
            memset(line, 0, sizeof line);
        }
        for (uint32_t x = 0; x < width; x++, out += 4) {
            uint32_t per = 32 / bpp, w = get_le32(line + x / per * 4);
            uint32_t v = bpp == 32 ? w : w >> (x % per * bpp) & (BIT(bpp) - 1);
            uint8_t c[3];
            if (bpp <= 8) { // two entries a word of the palette
                v = regfile_peek(rf, PALETTE + v / 2 * 4) >> (v & 1 ? 16 : 0);
            }
            parts(v, mode, c);
            bool low_is_red = !(control & C_BGR);
            out[0] = low_is_red ? c[0] : c[2];
            out[1] = c[1];
            out[2] = low_is_red ? c[2] : c[0];
            out[3] = 255;
        }
    }
    return 0;
}

// clang-format off
static const struct reg_row rows[] = {
    RW(TIMING0, "LCDTiming0", 0), RW(TIMING1, "LCDTiming1", 0), RW(TIMING2, "LCDTiming2", 0), RW(0x00c, "LCDTiming3", 0),
    RW(UPBASE, "LCDUPBASE", 0), RW(0x014, "LCDLPBASE", 0),
    {.name = "LCDControl", .offset = CONTROL, .writable = 0x1ffff, .write = write_any,
     .doc = "0 enable, [3:1] bits a pixel, 5 TFT, 8 BGR, 11 power"},
    {.name = "LCDIMSC", .offset = IMSC, .writable = 0x1e, .write = write_any},
    RO(RIS, "LCDRIS", 0), {.name = "LCDMIS", .offset = MIS, .read = read_any},
    {.name = "LCDICR", .offset = ICR, .write = write_any},
    {.name = "LCDUPCURR", .offset = UPCURR, .read = read_any}, {.name = "LCDLPCURR", .offset = 0x030, .read = read_any},
    RW_ARRAY(PALETTE, "LCDPalette", 0, 128),
    RW_ARRAY(0x800, "CursorImage", 0, 256), RW_ARRAY(0xc00, "ClcdCrsr", 0, 12),
    PRIMECELL_ROWS(0x111, 0x24),
};
// clang-format on
static const struct reg_table table = REG_TABLE("pl111", rows, PRIMECELL_SPAN);
static const struct device_window windows[] = {WINDOW(table)};

static void reset(struct device *dev)
{
    device_cancel(dev, &lcd_of(dev)->frame);
    update_irq(lcd_of(dev));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&lcd_of(dev)->frame, fire);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct pl111, dev)->frame);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &lcd_of(dev)->frame);
    return snap_failed(r, err);
}

const struct device_class pl111_class = {
    .name = "pl111",
    .doc = "display controller",
    .bytes = sizeof(struct pl111),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .realize = realize,
    .reset = reset,
    .scanout = scanout,
    .save = save,
    .restore = restore,
};
