// SPDX-License-Identifier: MIT
//
// Dual timer SP804 (ARM DDI 0271): two 16- or 32-bit down counters with prescaler; free running,
// periodic or one shot. The count is computed from virtual time when somebody reads it; only
// counters that can interrupt arm a timer.
#include "base/snapshot.h"
#include "soc/dev/primecell.h"

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, BGLOAD = 0x18 };
enum { C_ONESHOT = BIT(0), C_32 = BIT(1), C_IRQ = BIT(5), C_PERIODIC = BIT(6), C_ON = BIT(7) };
enum { TIMERS = 2, STRIDE = 0x20 };

struct sp804;

struct sp804_timer {
    struct event expired;
    struct sp804 *owner;
    uint64_t base_ns; // when the count was base_count
    uint32_t base_count, raised;
};

struct sp804 {
    struct device dev;
    struct sp804_timer timers[TIMERS];
};

static struct sp804 *sp804_of(struct device *dev)
{
    return container_of(dev, struct sp804, dev);
}

static uint32_t reg(const struct sp804_timer *t, uint32_t off)
{
    unsigned n = (unsigned)(t - t->owner->timers);
    return regfile_peek(device_regs(&t->owner->dev, 0), off + n * STRIDE);
}

static uint64_t rate(const struct sp804_timer *t)
{
    static const uint16_t divisors[4] = {1, 16, 256, 256};
    uint32_t control = reg(t, CONTROL);
    unsigned n = (unsigned)(t - t->owner->timers);
    return control & C_ON ? device_clock_hz(&t->owner->dev, n) / divisors[bits(control, 3, 2)] : 0;
}

// The value behind 0; a one-shot counter stays at 0.
static uint32_t top(const struct sp804_timer *t)
{
    uint32_t control = reg(t, CONTROL), all = control & C_32 ? ~0u : 0xffff;
    return control & C_PERIODIC ? reg(t, LOAD) & all : all;
}

static uint32_t count_at(const struct sp804_timer *t, uint64_t now)
{
    uint64_t hz = rate(t), gone;
    if (!hz) {
        return t->base_count;
    }
    gone = ticks_of_ns(now - t->base_ns, hz);
    if (gone <= t->base_count) {
        return t->base_count - (uint32_t)gone;
    }
    if (reg(t, CONTROL) & C_ONESHOT) {
        return 0;
    }
    return top(t) - (uint32_t)((gone - t->base_count - 1) % ((uint64_t)top(t) + 1));
}

static void update_irq(struct sp804 *s)
{
    bool any = false;
    for (unsigned n = 0; n < TIMERS; n++) {
        bool on = s->timers[n].raised && reg(&s->timers[n], CONTROL) & C_IRQ;
        device_output(&s->dev, 1 + n, on);
        any |= on;
    }
    device_output(&s->dev, 0, any);
}

// When the count is 0 next.
static void arm(struct sp804_timer *t, uint64_t now)
{
    uint64_t hz = rate(t), left = count_at(t, now);
    uint32_t control = reg(t, CONTROL);
    bool stuck = !left && (control & C_ONESHOT || !top(t));
    if (!hz || !(control & C_IRQ) || stuck) {
        device_cancel(&t->owner->dev, &t->expired);
        return;
    }
    left = left ? left : (uint64_t)top(t) + 1;
    left += ticks_of_ns(now - t->base_ns, hz);
    device_arm(&t->owner->dev, &t->expired, t->base_ns + ns_of_ticks(left, hz));
}

static void expired(struct event *ev, uint64_t now)
{
    struct sp804_timer *t = container_of(ev, struct sp804_timer, expired);
    t->raised = 1;
    update_irq(t->owner);
    arm(t, now);
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct sp804 *s = sp804_of(device_of(rf));
    const struct sp804_timer *t = &s->timers[i];
    switch (row->offset) {
    case VALUE:
        return count_at(t, device_now(&s->dev));
    case RIS:
        return t->raised;
    case MIS:
        return t->raised && reg(t, CONTROL) & C_IRQ;
    default:
        return reg(t, LOAD); // BGLOAD
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct sp804 *s = sp804_of(device_of(rf));
    struct sp804_timer *t = &s->timers[i];
    uint64_t now = device_now(&s->dev);
    if (row->offset == INTCLR) {
        t->raised = 0;
        update_irq(s);
        return;
    }
    // the count so far is that of the old setting
    regfile_put(rf, row, i, old);
    t->base_count = count_at(t, now);
    t->base_ns = now;
    regfile_put(rf, row, i, raw & row->writable);
    if (row->offset == LOAD) {
        t->base_count = raw;
    } else if (row->offset == BGLOAD) {
        regfile_poke(rf, LOAD + i * STRIDE, raw);
    }
    update_irq(s);
    arm(t, now);
}

#define EACH(off_, name_, ...) {.name = (name_), .offset = (off_), .count = TIMERS, .stride = STRIDE, __VA_ARGS__}
static const struct reg_row rows[] = {
    EACH(LOAD, "LOAD", .writable = ~0u, .write = write_any),
    EACH(VALUE, "VALUE", .read = read_any),
    EACH(CONTROL, "CONTROL", .reset = 0x20, .writable = 0xef, .write = write_any),
    EACH(INTCLR, "INTCLR", .write = write_any),
    EACH(RIS, "RIS", .read = read_any),
    EACH(MIS, "MIS", .read = read_any),
    EACH(BGLOAD, "BGLOAD", .writable = ~0u, .read = read_any, .write = write_any),
    PRIMECELL_ROWS(0x804, 0x14),
};
static const struct reg_table table = REG_TABLE("sp804", rows, PRIMECELL_SPAN);
static const struct device_window windows[] = {WINDOW(table)};

static int realize(struct device *dev, struct err *err)
{
    struct sp804 *s = sp804_of(dev);
    (void)err;
    for (unsigned n = 0; n < TIMERS; n++) {
        event_init(&s->timers[n].expired, expired);
        s->timers[n].owner = s;
    }
    return 0;
}

static void reset(struct device *dev)
{
    struct sp804 *s = sp804_of(dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        s->timers[n].base_ns = device_now(dev);
        s->timers[n].base_count = ~0u;
        s->timers[n].raised = 0;
        device_cancel(dev, &s->timers[n].expired);
    }
    update_irq(s);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct sp804 *s = container_of(dev, const struct sp804, dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        snap_put_u64(w, s->timers[n].base_ns);
        snap_put_u32(w, s->timers[n].base_count);
        snap_put_u32(w, s->timers[n].raised);
        device_save_event(w, &s->timers[n].expired);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct sp804 *s = sp804_of(dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        s->timers[n].base_ns = snap_get_u64(r);
        s->timers[n].base_count = snap_get_u32(r);
        s->timers[n].raised = snap_get_u32(r) & 1;
        device_restore_event(dev, r, &s->timers[n].expired);
    }
    return snap_failed(r, err);
}

const struct device_class sp804_class = {
    .name = "sp804",
    .doc = "dual timer",
    .bytes = sizeof(struct sp804),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"any", "timer1", "timer2", NULL},
    .clock_inputs = (const char *const[]){"timclk1", "timclk2", NULL},
    .realize = realize,
    .reset = reset,
    .save = save,
    .restore = restore,
};
