// SPDX-License-Identifier: MIT
//
// General purpose timer of the i.MX family, second form (i.MX31 and later; i.MX53 Reference Manual,
// "GPT"): a 32-bit up counter with prescaler, three compare channels, one interrupt. The count is
// computed from virtual time when somebody reads it; only compares that can raise an interrupt arm
// a timer. Left out: input capture pins (the registers read 0) and output pins.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { CR = 0x00, PR = 0x04, SR = 0x08, IR = 0x0c, OCR1 = 0x10, CNT = 0x24 };
enum { CR_EN = BIT(0), CR_ENMOD = BIT(1), CR_FRR = BIT(9), CR_SWR = BIT(15) };
enum { CLK_IPG, CLK_PER, CLK_32K, CLK_OSC };

struct imx_gpt {
    struct device dev;
    struct event compare;
    uint64_t base_ns; // when the count was base_count
    uint64_t hz;      // tick rate, 0 stopped
    uint32_t base_count;
};

static struct imx_gpt *gpt_of(struct device *dev)
{
    return container_of(dev, struct imx_gpt, dev);
}

static uint32_t count_at(const struct imx_gpt *g, uint64_t now)
{
    return g->hz ? g->base_count + (uint32_t)ticks_of_ns(now - g->base_ns, g->hz) : g->base_count;
}

static uint64_t tick_rate(struct imx_gpt *g)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t cr = regfile_peek(rf, CR);
    uint64_t hz = 0;
    if (!(cr & CR_EN)) {
        return 0;
    }
    switch (bits(cr, 8, 6)) {
    case 1:
        hz = device_clock_hz(&g->dev, CLK_IPG);
        break;
    case 2:
        hz = device_clock_hz(&g->dev, CLK_PER);
        break;
    case 4:
        hz = device_clock_hz(&g->dev, CLK_32K);
        break;
    case 5:
        hz = device_clock_hz(&g->dev, CLK_OSC);
        break;
    default: // off, or the external pin, which has no signal
        break;
    }
    return hz / ((regfile_peek(rf, PR) & 0xfff) + 1);
}

// Time of the next compare that matters, from now on.
static void arm(struct imx_gpt *g, uint64_t now)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t ir = regfile_peek(rf, IR) & 7, cnt = count_at(g, now);
    bool restart = !(regfile_peek(rf, CR) & CR_FRR);
    uint64_t best = UINT64_MAX;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t left;
        if (!(ir & BIT(i)) && !(restart && i == 0)) {
            continue;
        }
        left = (uint32_t)(regfile_peek(rf, OCR1 + i * 4) - cnt);
        left = left ? left : 1ull << 32;
        best = left < best ? left : best;
    }
    if (!g->hz || best == UINT64_MAX) {
        device_cancel(&g->dev, &g->compare);
    } else {
        uint64_t gone = ticks_of_ns(now - g->base_ns, g->hz);
        device_arm(&g->dev, &g->compare, g->base_ns + ns_of_ticks(gone + best, g->hz));
    }
}

static void rebase(struct imx_gpt *g, uint64_t now)
{
    g->base_count = count_at(g, now);
    g->base_ns = now;
    g->hz = tick_rate(g);
}

static void update_irq(struct imx_gpt *g)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    device_output(&g->dev, 0, regfile_peek(rf, SR) & regfile_peek(rf, IR));
}

static void fire(struct event *ev, uint64_t now)
{
    struct imx_gpt *g = container_of(ev, struct imx_gpt, compare);
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t cnt = count_at(g, now), sr = regfile_peek(rf, SR);
    for (unsigned i = 0; i < 3; i++) {
        if (cnt == regfile_peek(rf, OCR1 + i * 4)) {
            sr |= BIT(i);
            if (i == 0 && !(regfile_peek(rf, CR) & CR_FRR)) {
                g->base_count = 0;
                g->base_ns = now;
            }
        }
    }
    regfile_poke(rf, SR, sr);
    update_irq(g);
    arm(g, now);
}

static void write_cr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                     uint32_t old)
{
    struct imx_gpt *g = gpt_of(device_of(rf));
    uint64_t now = device_now(&g->dev);
    (void)row, (void)i;
    if (raw & CR_SWR) { // EN, ENMOD and the wait-mode bits survive a software reset
        uint32_t keep = raw & 0x3f;
        regfile_reset(rf);
        regfile_poke(rf, CR, keep);
        g->base_count = 0;
        g->base_ns = now;
        g->hz = tick_rate(g);
    } else {
        rebase(g, now);
        if ((raw & CR_EN) && !(old & CR_EN) && (raw & CR_ENMOD)) {
            g->base_count = 0;
        }
    }
    update_irq(g);
    arm(g, now);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_gpt *g = gpt_of(device_of(rf));
    uint64_t now = device_now(&g->dev);
    (void)i, (void)raw, (void)old;
    if (row->offset == PR) {
        rebase(g, now);
    } else if (row->offset == OCR1 && i == 0 && !(regfile_peek(rf, CR) & CR_FRR)) {
        g->base_count = 0; // writing OCR1 restarts the count in restart mode
        g->base_ns = now;
    }
    update_irq(g);
    if (row->offset != SR) {
        arm(g, now);
    }
}

static uint32_t read_cnt(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_gpt *g = gpt_of(device_of(rf));
    (void)row, (void)i;
    return count_at(g, device_now(&g->dev));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "CR", .offset = CR, .writable = 0x1fff7fff, .write = write_cr,
     .doc = "0 EN, 1 ENMOD, [8:6] CLKSRC, 9 FRR, 15 SWR"},
    {.name = "PR", .offset = PR, .writable = 0xfff, .write = write_any},
    {.name = "SR", .offset = SR, .w1c = 0x3f, .write = write_any},
    {.name = "IR", .offset = IR, .writable = 0x3f, .write = write_any},
    {.name = "OCR", .offset = OCR1, .reset = ~0u, .writable = ~0u, .count = 3, .write = write_any},
    RO_ARRAY(0x1c, "ICR", 0, 2),
    {.name = "CNT", .offset = CNT, .read = read_cnt},
};
// clang-format on
static const struct reg_table table = REG_TABLE("gpt", rows, 0x28);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    struct imx_gpt *g = gpt_of(dev);
    g->base_count = 0;
    g->base_ns = device_now(dev);
    g->hz = 0;
    device_cancel(dev, &g->compare);
    update_irq(g);
}

static void clocks_changed(struct device *dev)
{
    struct imx_gpt *g = gpt_of(dev);
    if (g->hz != tick_rate(g)) {
        rebase(g, device_now(dev));
        arm(g, device_now(dev));
    }
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&gpt_of(dev)->compare, fire);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct imx_gpt, dev)->compare);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &gpt_of(dev)->compare);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct imx_gpt, base_ns),
                                          SNAP_FIELD(struct imx_gpt, hz),
                                          SNAP_FIELD(struct imx_gpt, base_count), SNAP_END};

const struct device_class imx_gpt_class = {
    .name = "imx-gpt",
    .doc = "general purpose timer",
    .bytes = sizeof(struct imx_gpt),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .clock_inputs = (const char *const[]){"ipg", "per", "32k", "osc", NULL},
    .realize = realize,
    .reset = reset,
    .clocks_changed = clocks_changed,
    .state = state,
    .save = save,
    .restore = restore,
};
