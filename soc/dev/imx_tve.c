// SPDX-License-Identifier: MIT
//
// TV encoder of the i.MX53 (Reference Manual, "TVE"), second version, as a VGA output: registers,
// the clock that it hands to the display interface, and a cable that is always plugged in.
#include "soc/dev/rows.h"

enum { COM_CONF = 0x00 };

static uint64_t clock_hz(struct device *dev, unsigned output)
{
    uint32_t conf = regfile_peek(device_regs(dev, 0), COM_CONF);
    (void)output;
    switch (bits(conf, 2, 1)) { // DAC sample rate against pixel rate
    case 1:
        return device_clock_hz(dev, 0) / 2;
    case 2:
        return device_clock_hz(dev, 0) / 4;
    default:
        return device_clock_hz(dev, 0);
    }
}

static void changed(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                    uint32_t old)
{
    (void)row, (void)i, (void)raw, (void)old;
    device_clocks_changed(device_of(rf));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "COM_CONF", .offset = COM_CONF, .reset = 0x00100000, .writable = ~0u, .write = changed,
     .doc = "0 EN, [2:1] sample rate, 3 IPU_CLK_EN, [14:12] mode"},
    RW_ARRAY(0x04, "LUMA_FILT", 0, 4), RW_ARRAY(0x14, "CLOSED_CAPTION", 0, 5),
    RW_ARRAY(0x28, "DAC_CONT", 0, 3), RW(0x34, "CD_CONT", 0), RW_ARRAY(0x38, "VBI", 0, 11),
    RW(0x64, "INT_CONT", 0), W1C(0x68, "STAT", 0, 0x3), RW(0x6c, "TST_MODE", 0),
    RW(0x70, "USER_MODE", 0), RW_ARRAY(0x74, "TV_TIMING", 0, 23), RW(0xdc, "MV_CONT", 0),
};
// clang-format on
static const struct reg_table table = REG_TABLE("tve", rows, 0xe0);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

const struct device_class imx_tve_class = {
    .name = "imx-tve",
    .doc = "TV encoder, VGA output",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = 1,
    .clock_inputs = (const char *const[]){"tve", NULL},
    .clock_outputs = (const char *const[]){"di", NULL},
    .clock_hz = clock_hz,
};
