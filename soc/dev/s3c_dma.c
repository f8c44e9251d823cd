// SPDX-License-Identifier: MIT
//
// DMA controller of the S3C2440 (User's Manual, "DMA"): four channels. A transfer that software
// triggers is a copy between memories and is over at once. Left out: requests by peripherals (they
// wait for ever) and device registers as source or destination.
#include "soc/dev/rows.h"

enum { CHANNELS = 4, STRIDE = 0x40 };
enum { DISRC = 0x00, DISRCC = 0x04, DIDST = 0x08, DIDSTC = 0x0c, DCON = 0x10, DSTAT = 0x14 };
enum { DCSRC = 0x18, DCDST = 0x1c, DMASKTRIG = 0x20 };
enum { TRIG_SW = BIT(0), TRIG_ON = BIT(1), TRIG_STOP = BIT(2), FIXED = BIT(0) };

static void copy(struct device *dev, unsigned ch)
{
    struct regfile *rf = device_regs(dev, 0);
    uint32_t at = ch * STRIDE, con = regfile_peek(rf, at + DCON);
    uint32_t src = regfile_peek(rf, at + DISRC), dst = regfile_peek(rf, at + DIDST);
    uint32_t unit = (con & BIT(28) ? 4u : 1u) << (bits(con, 21, 20) % 3);
    bool src_fixed = regfile_peek(rf, at + DISRCC) & FIXED;
    bool dst_fixed = regfile_peek(rf, at + DIDSTC) & FIXED;
    uint8_t buf[16];
    for (uint32_t n = bits(con, 19, 0); n; n--) {
        if (device_dma_read(dev, src, buf, unit) || device_dma_write(dev, dst, buf, unit)) {
            break;
        }
        src += src_fixed ? 0 : unit;
        dst += dst_fixed ? 0 : unit;
    }
    regfile_poke(rf, at + DCSRC, src);
    regfile_poke(rf, at + DCDST, dst);
    regfile_poke(rf, at + DSTAT, 0);
    if (con & BIT(22)) { // no reload: the channel goes off
        regfile_poke(rf, at + DMASKTRIG, 0);
    }
    if (con & BIT(29)) {
        device_output(dev, ch, true);
        device_output(dev, ch, false);
    }
}

static void write_trig(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    (void)old;
    regfile_put(rf, row, i, raw & TRIG_STOP ? 0 : raw & TRIG_ON);
    if ((raw & (TRIG_ON | TRIG_SW | TRIG_STOP)) == (TRIG_ON | TRIG_SW) &&
        !(regfile_peek(rf, i * STRIDE + DCON) & BIT(23))) {
        copy(device_of(rf), i);
    }
}

// clang-format off
#define PER_CHANNEL(off_, name_, mask_) \
    {.name = (name_), .offset = (off_), .writable = (mask_), .count = CHANNELS, .stride = STRIDE}
static const struct reg_row rows[] = {
    PER_CHANNEL(DISRC, "DISRC", 0x7fffffff), PER_CHANNEL(DISRCC, "DISRCC", 3),
    PER_CHANNEL(DIDST, "DIDST", 0x7fffffff), PER_CHANNEL(DIDSTC, "DIDSTC", 7),
    PER_CHANNEL(DCON, "DCON", ~0u), PER_CHANNEL(DSTAT, "DSTAT", 0),
    PER_CHANNEL(DCSRC, "DCSRC", 0), PER_CHANNEL(DCDST, "DCDST", 0),
    {.name = "DMASKTRIG", .offset = DMASKTRIG, .writable = 7, .count = CHANNELS, .stride = STRIDE,
     .write = write_trig, .doc = "2 STOP, 1 ON, 0 software trigger"},
};
// clang-format on
static const struct reg_table table = REG_TABLE("dma", rows, 0x100);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

const struct device_class s3c_dma_class = {
    .name = "s3c-dma",
    .doc = "DMA controller, memory to memory",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq0", "irq1", "irq2", "irq3", NULL},
};
