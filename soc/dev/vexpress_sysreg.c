// SPDX-License-Identifier: MIT
//
// System registers of the Versatile Express motherboard (ARM DUI 0447, "Register summary") with
// the configuration bus to its microcontrollers: oscillators, voltages, temperature, reset and
// power off. Left out: switches (all off), LEDs as a picture, settings that change a rate (they
// read back).
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"

enum { SYS_LOCK = 0x20, SYS_100HZ = 0x24, SYS_FLAGS = 0x30, SYS_FLAGSCLR = 0x34, SYS_NVFLAGS = 0x38,
       SYS_NVFLAGSCLR = 0x3c, SYS_MCI = 0x48, SYS_24MHZ = 0x5c, SYS_CFGDATA = 0xa0,
       SYS_CFGCTRL = 0xa4, SYS_CFGSTAT = 0xa8 };
enum { CFG_START = BIT(31), CFG_WRITE = BIT(30), CFG_COMPLETE = BIT(0), CFG_ERROR = BIT(1) };
enum { IN_CARD, IN_PROTECTED };

struct sysreg {
    struct device dev;
    uint32_t mci; // input lines
};

// What the microcontrollers answer: function, site (0 motherboard, 1 daughterboard), device.
static const struct setting {
    uint8_t function, site, device;
    uint32_t value;
} settings[] = {
    // oscillators in Hz
    {1, 0, 0, 50000000}, {1, 0, 1, 23750000}, {1, 0, 2, 24000000},
    {1, 1, 0, 45000000}, {1, 1, 1, 23750000}, {1, 1, 2, 66670000},
    // voltages in microvolt
    {2, 0, 0, 3300000}, {2, 1, 0, 1000000}, {2, 1, 1, 1000000}, {2, 1, 2, 1000000},
    {2, 1, 3, 1800000}, {2, 1, 4, 900000},  {2, 1, 5, 3300000},
    // currents in microampere, temperature in millidegrees, power in microwatt
    {3, 1, 0, 500000}, {3, 1, 1, 500000}, {4, 0, 0, 35000}, {12, 1, 0, 500000}, {12, 1, 1, 500000},
};
enum { FN_RESET = 5, FN_MUX = 7, FN_SHUTDOWN = 8, FN_REBOOT = 9, FN_DVI = 11 };

static bool configure(struct sysreg *s, uint32_t ctrl, uint32_t *data)
{
    unsigned function = bits(ctrl, 25, 20), site = bits(ctrl, 17, 16), n = bits(ctrl, 11, 0);
    switch (function) {
    case FN_SHUTDOWN:
        soc_power(s->dev.soc, SOC_POWER_OFF, s->dev.name);
        return true;
    case FN_RESET:
    case FN_REBOOT:
        soc_power(s->dev.soc, SOC_POWER_RESET, s->dev.name);
        return true;
    case FN_MUX:
    case FN_DVI:
        return true;
    default:
        break;
    }
    for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *r = &settings[i];
        if (r->function == function && r->site == site && r->device == n) {
            *data = ctrl & CFG_WRITE ? *data : r->value;
            return true;
        }
    }
    return false;
}

static struct sysreg *sysreg_of(struct device *dev)
{
    return container_of(dev, struct sysreg, dev);
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct sysreg *s = sysreg_of(device_of(rf));
    (void)i;
    switch (row->offset) {
    case SYS_100HZ:
        return (uint32_t)ticks_of_ns(device_now(&s->dev), 100);
    case SYS_24MHZ:
        return (uint32_t)ticks_of_ns(device_now(&s->dev), 24000000);
    case SYS_MCI:
        return s->mci;
    case SYS_FLAGSCLR:
    case SYS_NVFLAGSCLR:
        return regfile_peek(rf, row->offset - 4);
    default:
        return 0;
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct sysreg *s = sysreg_of(device_of(rf));
    uint32_t data;
    (void)i;
    switch (row->offset) {
    case SYS_FLAGS:
    case SYS_NVFLAGS:
        regfile_put(rf, row, 0, old | raw);
        break;
    case SYS_FLAGSCLR:
    case SYS_NVFLAGSCLR:
        regfile_poke(rf, row->offset - 4, regfile_peek(rf, row->offset - 4) & ~raw);
        break;
    case SYS_LOCK:
        regfile_put(rf, row, 0, (raw & 0xffff) | (uint32_t)((raw & 0xffff) != 0xa05f) << 16);
        break;
    case SYS_CFGCTRL:
        regfile_put(rf, row, 0, raw & ~(uint32_t)CFG_START);
        if (raw & CFG_START) {
            data = regfile_peek(rf, SYS_CFGDATA);
            bool done = configure(s, raw, &data);
            regfile_poke(rf, SYS_CFGDATA, data);
            regfile_poke(rf, SYS_CFGSTAT, done ? CFG_COMPLETE : CFG_COMPLETE | CFG_ERROR);
        }
        break;
    default:
        break;
    }
}

// clang-format off
static const struct reg_row rows[] = {
    RO(0x00, "SYS_ID", 0x1190f500), RO(0x04, "SYS_SW", 0), RW_MASK(0x08, "SYS_LED", 0, 0xff),
    {.name = "SYS_LOCK", .offset = SYS_LOCK, .reset = 0x10000, .writable = 0xffff, .write = write_any},
    {.name = "SYS_100HZ", .offset = SYS_100HZ, .read = read_any},
    {.name = "SYS_FLAGS", .offset = SYS_FLAGS, .writable = ~0u, .write = write_any,
     .doc = "writing sets bits; where secondary cores look for their start address"},
    {.name = "SYS_FLAGSCLR", .offset = SYS_FLAGSCLR, .read = read_any, .write = write_any},
    {.name = "SYS_NVFLAGS", .offset = SYS_NVFLAGS, .writable = ~0u, .write = write_any},
    {.name = "SYS_NVFLAGSCLR", .offset = SYS_NVFLAGSCLR, .read = read_any, .write = write_any},
    {.name = "SYS_MCI", .offset = SYS_MCI, .read = read_any, .doc = "0 card present, 1 write protected"},
    RW_MASK(0x4c, "SYS_FLASH", 0, 1), RO(0x58, "SYS_CFGSW", 0),
    {.name = "SYS_24MHZ", .offset = SYS_24MHZ, .read = read_any},
    RO(0x60, "SYS_MISC", 0), RO(0x64, "SYS_DMA", 0),
    RO(0x84, "SYS_PROCID0", 0x0c000191), RO(0x88, "SYS_PROCID1", 0xff000000),
    RW(SYS_CFGDATA, "SYS_CFGDATA", 0),
    {.name = "SYS_CFGCTRL", .offset = SYS_CFGCTRL, .writable = ~0u, .write = write_any,
     .doc = "31 start, 30 write, [25:20] function, [17:16] site, [11:0] device"},
    RW_MASK(SYS_CFGSTAT, "SYS_CFGSTAT", 0, 3),
};
// clang-format on
static const struct reg_table table = REG_TABLE("sysreg", rows, 0x1000);
static const struct device_window windows[] = {WINDOW(table)};

static void input(struct device *dev, unsigned line, bool level)
{
    struct sysreg *s = sysreg_of(dev);
    s->mci = bits_put(s->mci, line, line, level);
}

static const struct snap_field state[] = {SNAP_FIELD(struct sysreg, mci), SNAP_END};

const struct device_class vexpress_sysreg_class = {
    .name = "vexpress-sysreg",
    .doc = "motherboard registers",
    .bytes = sizeof(struct sysreg),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .inputs = (const char *const[]){"card", "protected", NULL},
    .input = input,
    .state = state,
};
