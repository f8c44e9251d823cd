// SPDX-License-Identifier: MIT
//
// LCD controller of the S3C2410/2440 (User's Manual, "LCD Controller") with a TFT panel: the
// picture comes from memory when somebody looks, at 1, 2, 4, 8 (palette), 16 and 24 bits a pixel;
// the frame interrupt follows the pixel clock. Left out: STN dithering, the virtual cursor of the
// LPC3600.
#include <errno.h>

#include "base/err.h"
#include "base/png.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum {
    LCDCON1 = 0x00,
    LCDCON2 = 0x04,
    LCDCON3 = 0x08,
    LCDCON4 = 0x0c,
    LCDCON5 = 0x10,
    LCDSADDR1 = 0x14,
    LCDSADDR3 = 0x1c,
    TPAL = 0x50,
    LCDINTPND = 0x54,
    LCDSRCPND = 0x58,
    LCDINTMSK = 0x5c,
    PALETTE = 0x400
};
enum { CON1_ENVID = BIT(0), CON5_FRM565 = BIT(11), CON5_BPP24BL = BIT(12) };
enum { CON5_BSWP = BIT(1), CON5_HWSWP = BIT(0), INT_FRAME = BIT(1), INT_FIFO = BIT(0) };
enum { ROW_BYTES = 2048 * 4 };

struct s3c_lcd {
    struct device dev;
    struct event frame;
};

static struct s3c_lcd *lcd_of(struct device *dev)
{
    return container_of(dev, struct s3c_lcd, dev);
}

static void update_irq(struct s3c_lcd *l)
{
    device_output(&l->dev, 0, regfile_peek(device_regs(&l->dev, 0), LCDINTPND));
}

// Length of a frame in ns; 0 when the display is off. Never shorter than a millisecond.
static uint64_t frame_ns(struct s3c_lcd *l)
{
    struct regfile *rf = device_regs(&l->dev, 0);
    uint32_t c1 = regfile_peek(rf, LCDCON1), c2 = regfile_peek(rf, LCDCON2);
    uint32_t c3 = regfile_peek(rf, LCDCON3);
    uint64_t hz = device_clock_hz(&l->dev, 0) / ((bits(c1, 17, 8) + 1) * 2), lines, dots, ns;
    if (!(c1 & CON1_ENVID) || !hz) {
        return 0;
    }
    lines = bits(c2, 31, 24) + bits(c2, 23, 14) + bits(c2, 13, 6) + bits(c2, 5, 0) + 4;
    dots = bits(c3, 25, 19) + bits(c3, 18, 8) + bits(c3, 7, 0) +
           bits(regfile_peek(rf, LCDCON4), 7, 0) + 4;
    ns = ns_of_ticks(lines * dots, hz);
    return ns < 1000000 ? 1000000 : ns;
}

// Frames are only counted while somebody wants to hear of them.
static void arm(struct s3c_lcd *l)
{
    uint64_t ns = frame_ns(l);
    if (ns && !(regfile_peek(device_regs(&l->dev, 0), LCDINTMSK) & INT_FRAME)) {
        device_arm(&l->dev, &l->frame, device_now(&l->dev) + ns);
    } else {
        device_cancel(&l->dev, &l->frame);
    }
}

static void fire(struct event *ev, uint64_t now)
{
    struct s3c_lcd *l = container_of(ev, struct s3c_lcd, frame);
    struct regfile *rf = device_regs(&l->dev, 0);
    (void)now;
    regfile_poke(rf, LCDSRCPND, regfile_peek(rf, LCDSRCPND) | INT_FRAME);
    regfile_poke(rf, LCDINTPND, regfile_peek(rf, LCDINTPND) | INT_FRAME);
    update_irq(l);
    arm(l);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_lcd *l = lcd_of(device_of(rf));
    (void)i, (void)raw, (void)old;
    if (row->offset == LCDCON1 || row->offset == LCDINTMSK) {
        arm(l);
    }
    update_irq(l);
}

// LINECNT runs; software only looks whether it moves.
static uint32_t read_con1(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_lcd *l = lcd_of(device_of(rf));
    uint32_t v = regfile_get(rf, row, i), lines = bits(regfile_peek(rf, LCDCON2), 23, 14) + 1;
    uint64_t ns = frame_ns(l);
    if (!ns) {
        return v;
    }
    return v | (uint32_t)(lines - 1 - device_now(&l->dev) % ns * lines / ns) << 18;
}

// ---- the picture
// -----------------------------------------------------------------------------------

struct format {
    unsigned bpp;
    uint32_t con5;
    struct regfile *rf;
};

static void put_16(uint8_t *px, uint32_t v, bool f565)
{
    uint32_t r = bits(v, 15, 11), g = bits(v, 10, 5), b = bits(v, 4, 0);
    if (!f565) { // 5:5:5 and a common intensity bit
        g = bits(v, 10, 6) << 1 | (v & 1);
        b = bits(v, 5, 1);
        r = r << 1 | (v & 1);
        b = b << 1 | (v & 1);
        px[0] = (uint8_t)(r << 2 | r >> 4);
        px[2] = (uint8_t)(b << 2 | b >> 4);
    } else {
        px[0] = (uint8_t)(r << 3 | r >> 2);
        px[2] = (uint8_t)(b << 3 | b >> 2);
    }
    px[1] = (uint8_t)(g << 2 | g >> 4);
}

// Pixel x of a line, in the order in which the controller takes bits out of its words.
static void pixel(const struct format *f, const uint8_t *line, uint32_t x, uint8_t *px)
{
    uint32_t per = 32 / f->bpp, word = get_le32(line + x / per * 4), n = x % per, v;
    if (f->con5 & CON5_BSWP) {
        word = __builtin_bswap32(word);
    }
    if (f->con5 & CON5_HWSWP) {
        word = word >> 16 | word << 16;
    }
    v = f->bpp == 32 ? word : word >> (32 - f->bpp * (n + 1)) & (BIT(f->bpp) - 1);
    if (f->bpp == 32) {
        v = f->con5 & CON5_BPP24BL ? v >> 8 : v;
        px[0] = (uint8_t)(v >> 16);
        px[1] = (uint8_t)(v >> 8);
        px[2] = (uint8_t)v;
    } else {
        v = f->bpp == 16 ? v : regfile_peek(f->rf, PALETTE + v * 4);
        put_16(px, v, f->con5 & CON5_FRM565);
    }
    px[3] = 255;
}

static int scanout(struct device *dev, struct picture *pic, struct err *err)
{
    static const uint8_t depths[16] = {[8] = 1, [9] = 2, [10] = 4, [11] = 8, [12] = 16, [13] = 32};
    struct regfile *rf = device_regs(dev, 0);
    uint32_t c1 = regfile_peek(rf, LCDCON1), a1 = regfile_peek(rf, LCDSADDR1);
    uint32_t a3 = regfile_peek(rf, LCDSADDR3), tpal = regfile_peek(rf, TPAL);
    uint32_t pitch = (bits(a3, 21, 11) + bits(a3, 10, 0)) * 2;
    uint32_t width = bits(regfile_peek(rf, LCDCON3), 18, 8) + 1;
    uint32_t height = bits(regfile_peek(rf, LCDCON2), 23, 14) + 1;
    struct format f = {depths[bits(c1, 4, 1)], regfile_peek(rf, LCDCON5), rf};
    uint8_t line[ROW_BYTES] = {0};
    if (!(c1 & CON1_ENVID) || !f.bpp) {
        return err_set(err, -ENODATA, "%s: the display is off", dev->name);
    }
    if (picture_init(pic, width, height, err)) {
        return -ENOMEM;
    }
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *out = pic->rgba + (size_t)y * width * 4;
        if (device_dma_read(dev, (a1 << 1) + y * pitch, line, (width * f.bpp + 31) / 32 * 4)) {
            memset(line, 0, sizeof line);
        }
        for (uint32_t x = 0; x < width; x++, out += 4) {
            pixel(&f, line, x, out);
            if (tpal & BIT(24)) {
                out[0] = (uint8_t)(tpal >> 16);
                out[1] = (uint8_t)(tpal >> 8);
                out[2] = (uint8_t)tpal;
            }
        }
    }
    return 0;
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "LCDCON1", .offset = LCDCON1, .writable = 0x3ffff, .read = read_con1, .write = write_any,
     .doc = "[27:18] LINECNT, [17:8] CLKVAL, [6:5] PNRMODE, [4:1] BPPMODE, 0 ENVID"},
    RW(LCDCON2, "LCDCON2", 0), RW_MASK(LCDCON3, "LCDCON3", 0, 0x3ffffff), RW_MASK(LCDCON4, "LCDCON4", 0, 0xffff),
    RW_MASK(LCDCON5, "LCDCON5", 0, 0x1fff),
    RW_MASK(LCDSADDR1, "LCDSADDR1", 0, 0x3fffffff), RW_MASK(0x18, "LCDSADDR2", 0, 0x1fffff),
    RW_MASK(LCDSADDR3, "LCDSADDR3", 0, 0x3fffff),
    RW(0x20, "REDLUT", 0), RW(0x24, "GREENLUT", 0), RW(0x28, "BLUELUT", 0), RW(0x4c, "DITHMODE", 0),
    RW(TPAL, "TPAL", 0),
    {.name = "LCDINTPND", .offset = LCDINTPND, .w1c = 3, .write = write_any},
    {.name = "LCDSRCPND", .offset = LCDSRCPND, .w1c = 3, .write = write_any},
    {.name = "LCDINTMSK", .offset = LCDINTMSK, .reset = 3, .writable = 7, .write = write_any},
    RW(0x60, "TCONSEL", 0xf84),
    RW_ARRAY(PALETTE, "PALETTE", 0, 256),
};
// clang-format on
static const struct reg_table table = REG_TABLE("lcd", rows, 0x800);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

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
    device_save_event(w, &container_of(dev, const struct s3c_lcd, dev)->frame);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &lcd_of(dev)->frame);
    return snap_failed(r, err);
}

const struct device_class s3c_lcd_class = {
    .name = "s3c-lcd",
    .doc = "LCD controller",
    .bytes = sizeof(struct s3c_lcd),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .clock_inputs = (const char *const[]){"hclk", NULL},
    .realize = realize,
    .reset = reset,
    .scanout = scanout,
    .save = save,
    .restore = restore,
};
