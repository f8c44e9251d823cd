// SPDX-License-Identifier: MIT
//
// Digital phase-locked loop of the i.MX51/53 (i.MX53 Reference Manual, "DPLL"): locks at once, its
// frequency follows from the registers: ref * (MFI + MFN / (MFD + 1)) / (PDF + 1). Left out:
// automatic mode switching, time-out counters.
#include "soc/dev/rows.h"

enum {
    CTL = 0x00,
    CONFIG = 0x04,
    OP = 0x08,
    MFD = 0x0c,
    MFN = 0x10,
    HFS_OP = 0x1c,
    HFS_MFD = 0x20,
    HFS_MFN = 0x24
};
enum { CTL_LRF = BIT(0), CTL_UPEN = BIT(5), CTL_HFSM = BIT(7), CTL_DPDCK0_2_EN = BIT(12) };

struct imx_pll {
    struct device dev;
};

static uint64_t clock_hz(struct device *dev, unsigned output)
{
    struct regfile *rf = device_regs(dev, 0);
    uint32_t ctl = regfile_peek(rf, CTL), op, mfi;
    int64_t mfn, mfd, hz;
    bool hfs = ctl & CTL_HFSM;
    (void)output;
    if (!(ctl & CTL_UPEN)) {
        return 0;
    }
    op = regfile_peek(rf, hfs ? HFS_OP : OP);
    mfd = (regfile_peek(rf, hfs ? HFS_MFD : MFD) & 0x7ffffff) + 1;
    mfn = sign_extend(regfile_peek(rf, hfs ? HFS_MFN : MFN), 27);
    mfi = bits(op, 7, 4) < 5 ? 5 : bits(op, 7, 4);
    hz = (int64_t)device_clock_hz(dev, 0) * (ctl & CTL_DPDCK0_2_EN ? 4 : 2) / (bits(op, 3, 0) + 1);
    hz = hz * mfi + hz * mfn / mfd;
    return hz > 0 ? (uint64_t)hz : 0;
}

static uint32_t read_ctl(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    uint32_t v = regfile_get(rf, row, i);
    return v & CTL_UPEN ? v | CTL_LRF : v & ~(uint32_t)CTL_LRF;
}

static void changed(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                    uint32_t old)
{
    (void)i, (void)old;
    if (row->offset == CONFIG) {
        regfile_put(rf, row, 0, raw & ~1u); // LDREQ: taken over at once
    }
    device_clocks_changed(device_of(rf));
}

#define PLL_REG(off_, name_, reset_)                                                               \
    {                                                                                              \
        .name = (name_), .offset = (off_), .reset = (reset_), .writable = ~0u, .write = changed    \
    }

// clang-format off
static const struct reg_row rows[] = {
    {.name = "DP_CTL", .offset = CTL, .reset = 0x00001232, .writable = ~1u, .read = read_ctl,
     .write = changed, .doc = "0 LRF, 5 UPEN, 7 HFSM, 12 DPDCK0_2_EN"},
    PLL_REG(CONFIG, "DP_CONFIG", 2),
    PLL_REG(OP, "DP_OP", 0x80),
    PLL_REG(MFD, "DP_MFD", 2),
    PLL_REG(MFN, "DP_MFN", 1),
    RW(0x14, "DP_MFNMINUS", 0),
    RW(0x18, "DP_MFNPLUS", 0),
    PLL_REG(HFS_OP, "DP_HFS_OP", 0x80),
    PLL_REG(HFS_MFD, "DP_HFS_MFD", 2),
    PLL_REG(HFS_MFN, "DP_HFS_MFN", 1),
    RW(0x28, "DP_MFN_TOGC", 0),
    RW(0x2c, "DP_DESTAT", 0),
};
// clang-format on
static const struct reg_table table = REG_TABLE("pll", rows, 0x30);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

const struct device_class imx_pll_class = {
    .name = "imx-pll",
    .doc = "phase-locked loop",
    .bytes = sizeof(struct imx_pll),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .clock_inputs = (const char *const[]){"ref", NULL},
    .clock_outputs = (const char *const[]){"out", NULL},
    .clock_hz = clock_hz,
};
