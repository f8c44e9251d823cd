// SPDX-License-Identifier: MIT
//
// Clock and power management of the S3C2410 and S3C2440 (User's Manuals, "Clock & Power Management"): the two
// PLLs and the dividers of the buses. Gates are stored but not enforced; lock time is nothing.
// Left out: slow mode's divider for the PLL itself, IDLE and SLEEP (the processor's own wait
// instruction is what public systems use).
#include "soc/dev/rows.h"

enum { MPLLCON = 0x04, UPLLCON = 0x08, CLKSLOW = 0x10, CLKDIVN = 0x14, CAMDIVN = 0x18 };
enum { OUT_FCLK, OUT_HCLK, OUT_PCLK, OUT_UCLK };

extern const struct device_class s3c2410_clk_class;

static uint64_t pll(uint64_t fin, uint32_t con, unsigned twice)
{
    return fin * twice * (bits(con, 19, 12) + 8) / ((bits(con, 9, 4) + 2) << bits(con, 1, 0));
}

static uint64_t clock_hz(struct device *dev, unsigned output)
{
    struct regfile *rf = device_regs(dev, 0);
    uint32_t slow = regfile_peek(rf, CLKSLOW), div = regfile_peek(rf, CLKDIVN);
    uint32_t cam = regfile_peek(rf, CAMDIVN);
    uint64_t fin = device_clock_hz(dev, 0), f;
    bool old = dev->cls == &s3c2410_clk_class;
    const unsigned hdiv[4] = {1, 2, cam & BIT(9) ? 8 : 4, cam & BIT(8) ? 6 : 3};
    if (output == OUT_UCLK) {
        return slow & BIT(7) ? 0 : pll(fin, regfile_peek(rf, UPLLCON), 1);
    }
    if (slow & BIT(4)) {
        f = slow & 7 ? fin / (2 * (slow & 7)) : fin;
    } else {
        f = pll(fin, regfile_peek(rf, MPLLCON), old ? 1 : 2);
    }
    if (output != OUT_FCLK) {
        f /= old ? 1 + bit(div, 1) : hdiv[bits(div, 2, 1)];
    }
    return output == OUT_PCLK && (div & 1) ? f / 2 : f;
}

static void changed(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                    uint32_t old)
{
    (void)i, (void)raw;
    if (regfile_get(rf, row, 0) != old) {
        device_clocks_changed(device_of(rf));
    }
}

// clang-format off
static const struct reg_row rows[] = {
    RW(0x00, "LOCKTIME", ~0u),
    {.name = "MPLLCON", .offset = MPLLCON, .reset = 0x00096030, .writable = 0xff3f3, .write = changed,
     .doc = "[19:12] MDIV, [9:4] PDIV, [1:0] SDIV"},
    {.name = "UPLLCON", .offset = UPLLCON, .reset = 0x0004d030, .writable = 0xff3f3, .write = changed},
    RW_MASK(0x0c, "CLKCON", 0xfffff0, 0xfffff4),
    {.name = "CLKSLOW", .offset = CLKSLOW, .reset = 4, .writable = 0xb7, .write = changed},
    {.name = "CLKDIVN", .offset = CLKDIVN, .writable = 0xf, .write = changed},
    {.name = "CAMDIVN", .offset = CAMDIVN, .writable = 0x131f, .write = changed},
};
static const struct reg_row rows_2410[] = {
    RW(0x00, "LOCKTIME", 0xffffff),
    {.name = "MPLLCON", .offset = MPLLCON, .reset = 0x0005c080, .writable = 0xff3f3, .write = changed},
    {.name = "UPLLCON", .offset = UPLLCON, .reset = 0x00028080, .writable = 0xff3f3, .write = changed},
    RW_MASK(0x0c, "CLKCON", 0x7fff0, 0x7fff4),
    {.name = "CLKSLOW", .offset = CLKSLOW, .reset = 4, .writable = 0xb7, .write = changed},
    {.name = "CLKDIVN", .offset = CLKDIVN, .writable = 0x7, .write = changed},
};
// clang-format on
static const struct reg_table table = REG_TABLE("clk", rows, 0x1c);
static const struct reg_table table_2410 = REG_TABLE("clk", rows_2410, 0x1c);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};
static const struct device_window windows_2410[] = {{.name = "", .regs = &table_2410, .bytes = 0x1000}};

#define CLASS(name_, windows_)                                                                      \
    {                                                                                              \
        .name = (name_), .doc = "clock controller", .bytes = sizeof(struct device),                \
        .windows = (windows_), .window_count = 1,                                                  \
        .clock_inputs = (const char *const[]){"fin", NULL},                                        \
        .clock_outputs = (const char *const[]){"fclk", "hclk", "pclk", "uclk", NULL},              \
        .clock_hz = clock_hz,                                                                      \
    }
const struct device_class s3c_clk_class = CLASS("s3c2440-clk", windows);
const struct device_class s3c2410_clk_class = CLASS("s3c2410-clk", windows_2410);
