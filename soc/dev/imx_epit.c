// SPDX-License-Identifier: MIT
//
// Enhanced periodic interrupt timer of the i.MX family (i.MX53 Reference Manual, "EPIT"): a 32-bit
// down counter with prescaler, reload value and one compare. Left out: the output pin.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { CR = 0x00, SR = 0x04, LR = 0x08, CMPR = 0x0c, CNR = 0x10 };
enum {
    CR_EN = BIT(0),
    CR_ENMOD = BIT(1),
    CR_OCIEN = BIT(2),
    CR_RLD = BIT(3),
    CR_SWR = BIT(16),
    CR_IOVW = BIT(17)
};

struct imx_epit {
    struct device dev;
    struct event compare;
    uint64_t base_ns, hz;
    uint32_t base_count;
};

static struct imx_epit *epit_of(struct device *dev)
{
    return container_of(dev, struct imx_epit, dev);
}

// Ticks until the counter is at `value`, counting down from `from` and reloading with `top`.
static uint64_t ticks_to(uint32_t from, uint32_t value, uint32_t top)
{
    if (value < from || (value == from && value != top)) {
        return value < from ? from - value : (uint64_t)from + 1 + (top - value);
    }
    return value <= top ? (uint64_t)from + 1 + (top - value) : UINT64_MAX;
}

static uint32_t top_of(struct imx_epit *e)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    return regfile_peek(rf, CR) & CR_RLD ? regfile_peek(rf, LR) : ~0u;
}

static uint32_t count_at(struct imx_epit *e, uint64_t now)
{
    uint64_t gone, top = top_of(e);
    if (!e->hz) {
        return e->base_count;
    }
    gone = ticks_of_ns(now - e->base_ns, e->hz);
    if (gone <= e->base_count) {
        return e->base_count - (uint32_t)gone;
    }
    gone = (gone - e->base_count - 1) % (top + 1);
    return (uint32_t)(top - gone);
}

static uint64_t tick_rate(struct imx_epit *e)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t cr = regfile_peek(rf, CR), src = bits(cr, 25, 24);
    return (cr & CR_EN) && src ? device_clock_hz(&e->dev, src - 1) / (bits(cr, 15, 4) + 1) : 0;
}

static void arm(struct imx_epit *e, uint64_t now)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint64_t left = ticks_to(count_at(e, now), regfile_peek(rf, CMPR), top_of(e));
    if (!e->hz || !(regfile_peek(rf, CR) & CR_OCIEN) || left == UINT64_MAX) {
        device_cancel(&e->dev, &e->compare);
    } else {
        uint64_t gone = ticks_of_ns(now - e->base_ns, e->hz);
        device_arm(&e->dev, &e->compare, e->base_ns + ns_of_ticks(gone + (left ? left : 1), e->hz));
    }
}

static void update_irq(struct imx_epit *e)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    device_output(&e->dev, 0, regfile_peek(rf, SR) && (regfile_peek(rf, CR) & CR_OCIEN));
}

static void fire(struct event *ev, uint64_t now)
{
    struct imx_epit *e = container_of(ev, struct imx_epit, compare);
    regfile_poke(device_regs(&e->dev, 0), SR, 1);
    update_irq(e);
    arm(e, now);
}

static void rebase(struct imx_epit *e, uint64_t now)
{
    e->base_count = count_at(e, now);
    e->base_ns = now;
    e->hz = tick_rate(e);
}

static void write_cr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                     uint32_t old)
{
    struct imx_epit *e = epit_of(device_of(rf));
    uint64_t now = device_now(&e->dev);
    (void)row, (void)i;
    if (raw & CR_SWR) {
        uint32_t keep = raw & ~(uint32_t)CR_SWR & 0x0038007b;
        regfile_reset(rf);
        regfile_poke(rf, CR, keep);
        e->base_count = ~0u;
        e->base_ns = now;
        e->hz = tick_rate(e);
    } else {
        rebase(e, now);
        if ((raw & CR_EN) && !(old & CR_EN) && (raw & CR_ENMOD)) {
            e->base_count = top_of(e);
        }
    }
    update_irq(e);
    arm(e, now);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_epit *e = epit_of(device_of(rf));
    uint64_t now = device_now(&e->dev);
    (void)i, (void)old;
    if (row->offset == LR) {
        rebase(e, now);
        if (regfile_peek(rf, CR) & CR_IOVW) {
            e->base_count = raw;
        }
    }
    update_irq(e);
    arm(e, now);
}

static uint32_t read_cnr(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_epit *e = epit_of(device_of(rf));
    (void)row, (void)i;
    return count_at(e, device_now(&e->dev));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "CR", .offset = CR, .writable = 0x03feffff, .write = write_cr,
     .doc = "0 EN, 1 ENMOD, 2 OCIEN, 3 RLD, [15:4] prescaler, 16 SWR, 17 IOVW, [25:24] CLKSRC"},
    {.name = "SR", .offset = SR, .w1c = 1, .write = write_any},
    {.name = "LR", .offset = LR, .reset = ~0u, .writable = ~0u, .write = write_any},
    {.name = "CMPR", .offset = CMPR, .writable = ~0u, .write = write_any},
    {.name = "CNR", .offset = CNR, .read = read_cnr},
};
// clang-format on
static const struct reg_table table = REG_TABLE("epit", rows, 0x14);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    struct imx_epit *e = epit_of(dev);
    e->base_count = ~0u;
    e->base_ns = device_now(dev);
    e->hz = 0;
    device_cancel(dev, &e->compare);
    update_irq(e);
}

static void clocks_changed(struct device *dev)
{
    struct imx_epit *e = epit_of(dev);
    if (e->hz != tick_rate(e)) {
        rebase(e, device_now(dev));
        arm(e, device_now(dev));
    }
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&epit_of(dev)->compare, fire);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct imx_epit, dev)->compare);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &epit_of(dev)->compare);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct imx_epit, base_ns),
                                          SNAP_FIELD(struct imx_epit, hz),
                                          SNAP_FIELD(struct imx_epit, base_count), SNAP_END};

const struct device_class imx_epit_class = {
    .name = "imx-epit",
    .doc = "periodic interrupt timer",
    .bytes = sizeof(struct imx_epit),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .clock_inputs = (const char *const[]){"ipg", "per", "32k", NULL},
    .realize = realize,
    .reset = reset,
    .clocks_changed = clocks_changed,
    .state = state,
    .save = save,
    .restore = restore,
};
