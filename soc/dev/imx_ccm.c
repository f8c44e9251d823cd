// SPDX-License-Identifier: MIT
//
// Clock controller of the i.MX53 (Reference Manual, "CCM"): the tree of multiplexers and dividers
// as one table, so that timers and the display run at the rates that the guest computes from the
// same registers. Gates are stored but not enforced; frequency changes take effect at once.
#include "soc/dev/rows.h"

enum {
    CCSR = 0x0c,
    CACRR = 0x10,
    CBCDR = 0x14,
    CBCMR = 0x18,
    CSCMR1 = 0x1c,
    CSCMR2 = 0x20,
    CSCDR1 = 0x24,
    CDCDR = 0x30,
    CDHIPR = 0x48
};

// Inputs first, in the order of clock_inputs, then the nodes of the tree; the nodes up to
// CLK_OUTPUTS are visible outside, in the order of clock_outputs.
enum clk {
    IN_PLL1,
    IN_PLL2,
    IN_PLL3,
    IN_PLL4,
    IN_OSC,
    IN_CKIL,
    IN_CKIH1,
    IN_TVE_DI,
    IN_COUNT,
    IPG = IN_COUNT,
    PER,
    UART,
    IPU,
    DI0,
    DI1,
    TVE,
    ARM,
    OUT_END,
    LP_APM = OUT_END,
    PLL1_SW,
    PERIPH_APM,
    MAIN_BUS,
    AHB,
    AXI_A,
    AXI_B,
    PER_LP_APM,
    PER_PODF,
    EMI_SEL,
    EMI_SLOW,
    DI_PRED,
    DI_PLL4,
    TVE_PRED,
    STEP,
    CLK_END,
    NONE = 0xff
};

// A node: select one of up to 8 parents by a field, then divide by up to three fields plus one.
struct clk_field {
    uint8_t reg, lo, width; // width 0: not there
};
struct clk_node {
    struct clk_field mux;
    uint8_t parents[8];
    struct clk_field div[3];
};

// clang-format off
static const struct clk_node nodes[CLK_END - IN_COUNT] = {
    [LP_APM - IN_COUNT]     = {{CCSR, 10, 1}, {IN_OSC, IN_PLL4}, {{0}}},
    [STEP - IN_COUNT]       = {{CCSR, 7, 2}, {LP_APM, NONE, IN_PLL2, IN_PLL3}, {{0}}},
    [PLL1_SW - IN_COUNT]    = {{CCSR, 2, 1}, {IN_PLL1, STEP}, {{0}}},
    [ARM - IN_COUNT]        = {{0}, {PLL1_SW}, {{CACRR, 0, 3}}},
    [PERIPH_APM - IN_COUNT] = {{CBCMR, 12, 2}, {PLL1_SW, IN_PLL3, LP_APM, NONE}, {{0}}},
    [MAIN_BUS - IN_COUNT]   = {{CBCDR, 25, 1}, {IN_PLL2, PERIPH_APM}, {{0}}},
    [AHB - IN_COUNT]        = {{0}, {MAIN_BUS}, {{CBCDR, 10, 3}}},
    [IPG - IN_COUNT]        = {{0}, {AHB}, {{CBCDR, 8, 2}}},
    [AXI_A - IN_COUNT]      = {{0}, {MAIN_BUS}, {{CBCDR, 16, 3}}},
    [AXI_B - IN_COUNT]      = {{0}, {MAIN_BUS}, {{CBCDR, 19, 3}}},
    [EMI_SEL - IN_COUNT]    = {{CBCDR, 26, 1}, {MAIN_BUS, AHB}, {{0}}},
    [EMI_SLOW - IN_COUNT]   = {{0}, {EMI_SEL}, {{CBCDR, 22, 3}}},
    [PER_LP_APM - IN_COUNT] = {{CBCMR, 1, 1}, {MAIN_BUS, LP_APM}, {{0}}},
    [PER_PODF - IN_COUNT]   = {{0}, {PER_LP_APM}, {{CBCDR, 6, 2}, {CBCDR, 3, 3}, {CBCDR, 0, 3}}},
    [PER - IN_COUNT]        = {{CBCMR, 0, 1}, {PER_PODF, IPG}, {{0}}},
    [UART - IN_COUNT]       = {{CSCMR1, 24, 2}, {PLL1_SW, IN_PLL2, IN_PLL3, LP_APM},
                               {{CSCDR1, 3, 3}, {CSCDR1, 0, 3}}},
    [IPU - IN_COUNT]        = {{CBCMR, 6, 2}, {AXI_A, AXI_B, EMI_SLOW, AHB}, {{0}}},
    [DI_PRED - IN_COUNT]    = {{0}, {IN_PLL3}, {{CDCDR, 6, 3}}},
    [DI_PLL4 - IN_COUNT]    = {{0}, {IN_PLL4}, {{CDCDR, 16, 3}}},
    [TVE_PRED - IN_COUNT]   = {{0}, {IN_PLL4}, {{CDCDR, 28, 3}}},
    [TVE - IN_COUNT]        = {{CSCMR1, 7, 1}, {TVE_PRED, IN_CKIH1}, {{0}}},
    [DI0 - IN_COUNT]        = {{CSCMR2, 26, 3}, {DI_PRED, IN_OSC, IN_CKIH1, DI_PLL4, NONE, NONE, NONE, NONE}, {{0}}},
    [DI1 - IN_COUNT]        = {{CSCMR2, 29, 3}, {DI_PRED, IN_OSC, IN_CKIH1, IN_TVE_DI, NONE, NONE, NONE, NONE}, {{0}}},
};
// clang-format on

struct imx_ccm {
    struct device dev;
};

static uint64_t rate(struct device *dev, unsigned clk, unsigned depth)
{
    struct regfile *rf = device_regs(dev, 0);
    const struct clk_node *n;
    uint64_t hz;
    unsigned sel = 0;
    if (clk < IN_COUNT) {
        return device_clock_hz(dev, clk);
    }
    if (clk >= CLK_END || depth > 12) {
        return 0;
    }
    n = &nodes[clk - IN_COUNT];
    if (n->mux.width) {
        sel = bits(regfile_peek(rf, n->mux.reg), n->mux.lo + n->mux.width - 1u, n->mux.lo);
    }
    hz = rate(dev, n->parents[sel], depth + 1);
    for (unsigned i = 0; i < 3 && n->div[i].width; i++) {
        const struct clk_field *d = &n->div[i];
        hz /= bits(regfile_peek(rf, d->reg), d->lo + d->width - 1u, d->lo) + 1;
    }
    return hz;
}

static uint64_t clock_hz(struct device *dev, unsigned output)
{
    return rate(dev, IN_COUNT + output, 0);
}

static void changed(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                    uint32_t old)
{
    (void)row, (void)i;
    if (raw != old) {
        device_clocks_changed(device_of(rf));
    }
}

#define CCM_TREE(off_, name_, reset_)                                                              \
    {                                                                                              \
        .name = (name_), .offset = (off_), .reset = (reset_), .writable = ~0u, .write = changed    \
    }

// clang-format off
static const struct reg_row rows[] = {
    RW(0x00, "CCR", 0x16ff),
    RW(0x04, "CCDR", 0),
    RO(0x08, "CSR", 0x10),
    CCM_TREE(CCSR, "CCSR", 0),
    CCM_TREE(CACRR, "CACRR", 0),
    CCM_TREE(CBCDR, "CBCDR", 0),
    CCM_TREE(CBCMR, "CBCMR", 0),
    CCM_TREE(CSCMR1, "CSCMR1", 0),
    CCM_TREE(CSCMR2, "CSCMR2", 0),
    CCM_TREE(CSCDR1, "CSCDR1", 0),
    RW(0x28, "CS1CDR", 0),
    RW(0x2c, "CS2CDR", 0),
    CCM_TREE(CDCDR, "CDCDR", 0),
    RW(0x34, "CHSCDR", 0),
    RW(0x38, "CSCDR2", 0),
    RW(0x3c, "CSCDR3", 0),
    RW(0x40, "CSCDR4", 0),
    RW(0x44, "CWDR", 0),
    RO(CDHIPR, "CDHIPR", 0),
    RW(0x4c, "CDCR", 0),
    RW(0x50, "CTOR", 0),
    RW(0x54, "CLPCR", 0x79),
    W1C(0x58, "CISR", 0, ~0u),
    RW(0x5c, "CIMR", ~0u),
    RW(0x60, "CCOSR", 0x000a0001),
    RW(0x64, "CGPR", 0),
    RW_ARRAY(0x68, "CCGR", ~0u, 8),
    RW(0x88, "CMEOR", ~0u),
};
// clang-format on
static const struct reg_table table = REG_TABLE("ccm", rows, 0x8c);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

const struct device_class imx53_ccm_class = {
    .name = "imx53-ccm",
    .doc = "clock controller",
    .bytes = sizeof(struct imx_ccm),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .clock_inputs = (const char *const[]){"pll1", "pll2", "pll3", "pll4", "osc", "ckil", "ckih1",
                                          "tve_di", NULL},
    .clock_outputs =
        (const char *const[]){"ipg", "per", "uart", "ipu", "di0", "di1", "tve", "arm", NULL},
    .clock_hz = clock_hz,
};
