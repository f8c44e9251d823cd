// SPDX-License-Identifier: MIT
//
// Smart DMA of the i.MX family (i.MX53 Reference Manual, "SDMA") as far as drivers set it up: the
// host registers, and channel 0, whose buffer descriptors load programs and contexts. The RISC core
// is not modelled: channel 0's commands are marked done, other channels never finish.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum {
    C0PTR = 0x00,
    INTR = 0x04,
    STATSTOP = 0x08,
    START = 0x0c,
    EVTOVR = 0x10,
    RESET = 0x24,
    INTRMSK = 0x2c
};
enum { BD_BYTES = 12, BD_DONE = BIT(16), BD_WRAP = BIT(17), BD_MAX = 256 };

struct imx_sdma {
    struct device dev;
};

static void update_irq(struct device *dev)
{
    struct regfile *rf = device_regs(dev, 0);
    device_output(dev, 0, regfile_peek(rf, INTR) & regfile_peek(rf, INTRMSK));
}

// Channel control block: current and base buffer descriptor. Descriptors up to the wrap mark are
// taken as done.
static void channel0(struct device *dev)
{
    struct regfile *rf = device_regs(dev, 0);
    uint8_t ccb[8], bd[4];
    uint32_t at;
    if (device_dma_read(dev, regfile_peek(rf, C0PTR), ccb, sizeof ccb)) {
        return;
    }
    at = get_le32(ccb);
    for (unsigned i = 0; i < BD_MAX; i++, at += BD_BYTES) {
        uint32_t mode;
        if (device_dma_read(dev, at, bd, 4)) {
            break;
        }
        mode = get_le32(bd);
        if (!(mode & BD_DONE)) {
            break;
        }
        put_le32(bd, mode & ~(uint32_t)BD_DONE);
        if (device_dma_write(dev, at, bd, 4) || (mode & BD_WRAP)) {
            break;
        }
    }
    regfile_poke(rf, INTR, regfile_peek(rf, INTR) | 1);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct device *dev = device_of(rf);
    (void)i, (void)old;
    switch (row->offset) {
    case START:
        regfile_poke(rf, STATSTOP, regfile_peek(rf, STATSTOP) | (raw & ~1u));
        if (raw & 1) {
            channel0(dev);
        }
        break;
    case STATSTOP:
        regfile_put(rf, row, 0, old & ~raw);
        break;
    case RESET:
        regfile_put(rf, row, 0, 0);
        break;
    default:
        break;
    }
    update_irq(dev);
}

// clang-format off
static const struct reg_row rows[] = {
    RW(C0PTR, "C0PTR", 0),
    {.name = "INTR", .offset = INTR, .w1c = ~0u, .write = write_any},
    {.name = "STATSTOP", .offset = STATSTOP, .write = write_any},
    {.name = "START", .offset = START, .write = write_any},
    RW(EVTOVR, "EVTOVR", 0),
    RW(0x14, "DSPOVR", ~0u),
    RW(0x18, "HOSTOVR", 0),
    W1C(0x1c, "EVTPEND", 0, ~0u),
    {.name = "RESET", .offset = RESET, .writable = 3, .write = write_any},
    RO(0x28, "EVTERR", 0),
    {.name = "INTRMSK", .offset = INTRMSK, .writable = ~0u, .write = write_any},
    RO(0x30, "PSW", 0),
    RO(0x34, "EVTERRDBG", 0),
    RW(0x38, "CONFIG", 3),
    RW(0x3c, "LOCK", 0),
    RW(0x40, "ONCE_ENB", 0),
    RW_ARRAY(0x44, "ONCE", 0, 5),
    RW(0x58, "ILLINSTADDR", 1),
    RW(0x5c, "CHN0ADDR", 0x50),
    RO_ARRAY(0x60, "EVT_MIRROR", 0, 2),
    RW_ARRAY(0x70, "XTRIG_CONF", 0, 2),
    RW_ARRAY(0x100, "CHNPRI", 0, 32),
    RW_ARRAY(0x200, "CHNENBL", 0, 48),
};
// clang-format on
static const struct reg_table table = REG_TABLE("sdma", rows, 0x2c0);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

const struct device_class imx_sdma_class = {
    .name = "imx-sdma",
    .doc = "smart DMA (set-up only)",
    .bytes = sizeof(struct imx_sdma),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .reset = update_irq,
};
