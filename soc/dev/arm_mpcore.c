// SPDX-License-Identifier: MIT
//
// Private peripherals of the Cortex-A9 MPCore beside its interrupt controller (ARM DDI 0407): snoop
// control unit (registers only: there are no caches), each core's private timer and watchdog (which
// counts as a timer; a reset by it is left out), and the global timer.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { CORES = 8 };

// ---- snoop control unit
// --------------------------------------------------------------------------

static uint32_t scu_config(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    unsigned n = device_cores(device_of(rf));
    (void)row, (void)i;
    return (n - 1) | ((1u << n) - 1) << 4; // all of them in coherence
}

// clang-format off
static const struct reg_row scu_rows[] = {
    RW(0x00, "CTRL", 0),
    {.name = "CONFIG", .offset = 0x04, .read = scu_config},
    RW(0x08, "POWER", 0), {.name = "INVALIDATE", .offset = 0x0c},
    RW(0x40, "FILTER_START", 0), RW(0x44, "FILTER_END", 0), RW(0x50, "ACCESS", 0xf), RW(0x54, "NSACCESS", 0),
};
// clang-format on
static const struct reg_table scu_table = REG_TABLE("scu", scu_rows, 0x58);
static const struct device_window scu_windows[] = {{.name = "", .regs = &scu_table, .bytes = 0x100}};

const struct device_class a9_scu_class = {
    .name = "a9-scu",
    .doc = "snoop control unit",
    .bytes = sizeof(struct device),
    .windows = scu_windows,
    .window_count = ARRAY_LEN(scu_windows),
};

// ---- private timers
// ------------------------------------------------------------------------------

enum { LOAD = 0x00, COUNTER = 0x04, CONTROL = 0x08, STATUS = 0x0c, RESET_STATUS = 0x10, DISABLE = 0x14 };
enum { ON = BIT(0), AUTO = BIT(1), IRQ = BIT(2) };

struct a9_timers;

struct counter { // down, one each (prescaler + 1) periods
    struct event expired;
    struct a9_timers *owner;
    unsigned core;
    uint64_t base_ns;
    uint32_t load, base_count, control, status;
};

enum { TIMER, WATCHDOG, KINDS };

struct a9_timers {
    struct device dev;
    struct counter counters[CORES][KINDS];
    uint32_t disable[CORES]; // the watchdog's key so far
};

static struct a9_timers *timers_of(struct device *dev)
{
    return container_of(dev, struct a9_timers, dev);
}

static uint64_t rate(const struct a9_timers *t, const struct counter *c)
{
    return c->control & ON ? device_clock_hz(&t->dev, 0) / (bits(c->control, 15, 8) + 1) : 0;
}

static uint32_t count_at(const struct a9_timers *t, const struct counter *c, uint64_t now)
{
    uint64_t hz = rate(t, c), gone;
    if (!hz) {
        return c->base_count;
    }
    gone = ticks_of_ns(now - c->base_ns, hz);
    if (gone <= c->base_count) {
        return c->base_count - (uint32_t)gone;
    }
    if (!(c->control & AUTO)) {
        return 0;
    }
    return c->load - (uint32_t)((gone - c->base_count - 1) % ((uint64_t)c->load + 1));
}

static void timers_update(struct a9_timers *t, unsigned core)
{
    for (unsigned k = 0; k < KINDS; k++) {
        const struct counter *c = &t->counters[core][k];
        device_output(&t->dev, core * KINDS + k, c->status && c->control & IRQ);
    }
}

// The next time at which the count reaches 0.
static void timers_arm(struct a9_timers *t, struct counter *c, uint64_t now)
{
    uint64_t hz = rate(t, c), left = count_at(t, c, now), gone;
    if (!hz || (!left && !(c->control & AUTO)) || (c->control & AUTO && !c->load && !left)) {
        device_cancel(&t->dev, &c->expired);
        return;
    }
    left = left ? left : (uint64_t)c->load + 1;
    gone = ticks_of_ns(now - c->base_ns, hz);
    device_arm(&t->dev, &c->expired, c->base_ns + ns_of_ticks(gone + left, hz));
}

static void rebase(struct a9_timers *t, struct counter *c, uint64_t now)
{
    c->base_count = count_at(t, c, now);
    c->base_ns = now;
}

static void expired(struct event *ev, uint64_t now)
{
    struct counter *c = container_of(ev, struct counter, expired);
    c->status = 1;
    timers_update(c->owner, c->core);
    timers_arm(c->owner, c, now);
}

static bool timers_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct a9_timers *t = timers_of(dev);
    unsigned kind = off / 0x20;
    struct counter *c;
    (void)size;
    if (kind >= KINDS) {
        return false;
    }
    c = &t->counters[device_core(dev) % CORES][kind];
    switch (off % 0x20) {
    case LOAD:
        *val = c->load;
        return true;
    case COUNTER:
        *val = count_at(t, c, device_now(dev));
        return true;
    case CONTROL:
        *val = c->control;
        return true;
    case STATUS:
        *val = c->status;
        return true;
    case RESET_STATUS:
    case DISABLE:
        *val = 0;
        return kind == WATCHDOG;
    default:
        return false;
    }
}

static bool timers_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct a9_timers *t = timers_of(dev);
    unsigned core = device_core(dev) % CORES, kind = off / 0x20;
    uint64_t now = device_now(dev);
    struct counter *c;
    (void)size;
    if (kind >= KINDS) {
        return false;
    }
    c = &t->counters[core][kind];
    rebase(t, c, now);
    switch (off % 0x20) {
    case LOAD:
        c->load = c->base_count = (uint32_t)val;
        break;
    case COUNTER:
        c->base_count = (uint32_t)val;
        break;
    case CONTROL:
        c->control = (uint32_t)val & 0xff0f;
        break;
    case STATUS:
        c->status &= ~(uint32_t)val;
        timers_update(t, core);
        return true;
    case RESET_STATUS:
        return kind == WATCHDOG;
    case DISABLE: // 0x12345678, then 0x87654321: back to timer mode
        if (t->disable[core] == 0x12345678 && (uint32_t)val == 0x87654321) {
            c->control &= ~(uint32_t)BIT(3);
        }
        t->disable[core] = (uint32_t)val;
        return kind == WATCHDOG;
    default:
        return false;
    }
    timers_update(t, core);
    timers_arm(t, c, now);
    return true;
}

static const struct device_window timer_windows[] = {
    {.name = "", .bytes = 0x100, .read = timers_read, .write = timers_write}};

static int timers_realize(struct device *dev, struct err *err)
{
    struct a9_timers *t = timers_of(dev);
    (void)err;
    for (unsigned core = 0; core < CORES; core++) {
        for (unsigned k = 0; k < KINDS; k++) {
            event_init(&t->counters[core][k].expired, expired);
            t->counters[core][k].owner = t;
            t->counters[core][k].core = core;
        }
    }
    return 0;
}

static void timers_reset(struct device *dev)
{
    struct a9_timers *t = timers_of(dev);
    for (unsigned core = 0; core < CORES; core++) {
        for (unsigned k = 0; k < KINDS; k++) {
            struct counter *c = &t->counters[core][k];
            device_cancel(dev, &c->expired);
            c->base_ns = device_now(dev);
            c->load = c->base_count = c->control = c->status = 0;
        }
        t->disable[core] = 0;
        timers_update(t, core);
    }
}

static void timers_save(const struct device *dev, struct snap_writer *w)
{
    const struct a9_timers *t = container_of(dev, const struct a9_timers, dev);
    for (unsigned i = 0; i < CORES * KINDS; i++) {
        const struct counter *c = &t->counters[i / KINDS][i % KINDS];
        snap_put_u64(w, c->base_ns);
        snap_put_u32(w, c->load);
        snap_put_u32(w, c->base_count);
        snap_put_u32(w, c->control);
        snap_put_u32(w, c->status);
        device_save_event(w, &c->expired);
    }
}

static int timers_restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct a9_timers *t = timers_of(dev);
    for (unsigned i = 0; i < CORES * KINDS; i++) {
        struct counter *c = &t->counters[i / KINDS][i % KINDS];
        c->base_ns = snap_get_u64(r);
        c->load = snap_get_u32(r);
        c->base_count = snap_get_u32(r);
        c->control = snap_get_u32(r) & 0xff0f;
        c->status = snap_get_u32(r) & 1;
        device_restore_event(dev, r, &c->expired);
    }
    return snap_failed(r, err);
}

const struct device_class a9_timers_class = {
    .name = "a9-timers",
    .doc = "private timers and watchdogs",
    .bytes = sizeof(struct a9_timers),
    .windows = timer_windows,
    .window_count = ARRAY_LEN(timer_windows),
    .outputs = (const char *const[]){"timer0", "wdt0", "timer1", "wdt1", "timer2", "wdt2", "timer3",
                                     "wdt3", "timer4", "wdt4", "timer5", "wdt5", "timer6", "wdt6",
                                     "timer7", "wdt7", NULL},
    .clock_inputs = (const char *const[]){"periphclk", NULL},
    .realize = timers_realize,
    .reset = timers_reset,
    .save = timers_save,
    .restore = timers_restore,
};

// ---- global timer
// --------------------------------------------------------------------------------

enum { G_LOW = 0x00, G_HIGH = 0x04, G_CONTROL = 0x08, G_STATUS = 0x0c, G_COMPARE = 0x10,
       G_COMPARE_HIGH = 0x14, G_STEP = 0x18 };
enum { G_ON = BIT(0), G_COMPARES = BIT(1), G_IRQ = BIT(2), G_AUTO = BIT(3) };

struct a9_global;

struct global_compare {
    struct event reached;
    struct a9_global *owner;
    unsigned core;
    uint64_t value;
    uint32_t control, step, status; // control bits 3:1 are each core's own
};

struct a9_global {
    struct device dev;
    uint64_t base_ns, base_count;
    uint32_t control; // enable and prescaler
    struct global_compare core[CORES];
};

static struct a9_global *global_of(struct device *dev)
{
    return container_of(dev, struct a9_global, dev);
}

static uint64_t global_hz(const struct a9_global *g)
{
    return g->control & G_ON ? device_clock_hz(&g->dev, 0) / (bits(g->control, 15, 8) + 1) : 0;
}

static uint64_t global_count(const struct a9_global *g, uint64_t now)
{
    uint64_t hz = global_hz(g);
    return hz ? g->base_count + ticks_of_ns(now - g->base_ns, hz) : g->base_count;
}

static void global_check(struct a9_global *g, struct global_compare *c, uint64_t now)
{
    uint64_t hz = global_hz(g), count = global_count(g, now);
    bool on = hz && c->control & G_COMPARES;
    if (on && count >= c->value) {
        c->status = 1;
        if (c->control & G_AUTO && c->step) {
            c->value += (count - c->value) / c->step * c->step + c->step;
        }
    }
    device_output(&g->dev, c->core, c->status && c->control & G_IRQ);
    if (on && count < c->value && c->value - g->base_count < 1ull << 60) {
        device_arm(&g->dev, &c->reached, g->base_ns + ns_of_ticks(c->value - g->base_count, hz));
    } else {
        device_cancel(&g->dev, &c->reached);
    }
}

static void reached(struct event *ev, uint64_t now)
{
    struct global_compare *c = container_of(ev, struct global_compare, reached);
    global_check(c->owner, c, now);
}

static bool global_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct a9_global *g = global_of(dev);
    const struct global_compare *c = &g->core[device_core(dev) % CORES];
    uint64_t count = global_count(g, device_now(dev));
    (void)size;
    switch (off) {
    case G_LOW:
        *val = (uint32_t)count;
        return true;
    case G_HIGH:
        *val = count >> 32;
        return true;
    case G_CONTROL:
        *val = g->control | c->control;
        return true;
    case G_STATUS:
        *val = c->status;
        return true;
    case G_COMPARE:
        *val = (uint32_t)c->value;
        return true;
    case G_COMPARE_HIGH:
        *val = c->value >> 32;
        return true;
    case G_STEP:
        *val = c->step;
        return true;
    default:
        return false;
    }
}

static bool global_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct a9_global *g = global_of(dev);
    struct global_compare *c = &g->core[device_core(dev) % CORES];
    uint64_t now = device_now(dev), low = (uint32_t)val;
    (void)size;
    g->base_count = global_count(g, now);
    g->base_ns = now;
    switch (off) {
    case G_LOW:
        g->base_count = (g->base_count & ~0xffffffffull) | low;
        break;
    case G_HIGH:
        g->base_count = (uint32_t)g->base_count | low << 32;
        break;
    case G_CONTROL:
        g->control = (uint32_t)val & 0xff01;
        c->control = (uint32_t)val & 0xe;
        break;
    case G_STATUS:
        c->status &= ~(uint32_t)val;
        break;
    case G_COMPARE:
        c->value = (c->value & ~0xffffffffull) | low;
        break;
    case G_COMPARE_HIGH:
        c->value = (uint32_t)c->value | low << 32;
        break;
    case G_STEP:
        c->step = (uint32_t)val;
        break;
    default:
        return false;
    }
    for (unsigned k = 0; k < device_cores(dev) && k < CORES; k++) {
        global_check(g, &g->core[k], now);
    }
    return true;
}

static const struct device_window global_windows[] = {
    {.name = "", .bytes = 0x100, .read = global_read, .write = global_write}};

static int global_realize(struct device *dev, struct err *err)
{
    struct a9_global *g = global_of(dev);
    (void)err;
    for (unsigned k = 0; k < CORES; k++) {
        event_init(&g->core[k].reached, reached);
        g->core[k].owner = g;
        g->core[k].core = k;
    }
    return 0;
}

static void global_reset(struct device *dev)
{
    struct a9_global *g = global_of(dev);
    g->base_ns = device_now(dev);
    g->base_count = g->control = 0;
    for (unsigned k = 0; k < CORES; k++) {
        struct global_compare *c = &g->core[k];
        c->value = c->control = c->step = c->status = 0;
        global_check(g, c, g->base_ns);
    }
}

static void global_save(const struct device *dev, struct snap_writer *w)
{
    const struct a9_global *g = container_of(dev, const struct a9_global, dev);
    for (unsigned k = 0; k < CORES; k++) {
        snap_put_u64(w, g->core[k].value);
        snap_put_u32(w, g->core[k].control);
        snap_put_u32(w, g->core[k].step);
        snap_put_u32(w, g->core[k].status);
        device_save_event(w, &g->core[k].reached);
    }
}

static int global_restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct a9_global *g = global_of(dev);
    for (unsigned k = 0; k < CORES; k++) {
        g->core[k].value = snap_get_u64(r);
        g->core[k].control = snap_get_u32(r) & 0xe;
        g->core[k].step = snap_get_u32(r);
        g->core[k].status = snap_get_u32(r) & 1;
        device_restore_event(dev, r, &g->core[k].reached);
    }
    return snap_failed(r, err);
}

static const struct snap_field global_state[] = {
    SNAP_FIELD(struct a9_global, base_ns), SNAP_FIELD(struct a9_global, base_count),
    SNAP_FIELD(struct a9_global, control), SNAP_END};

const struct device_class a9_global_class = {
    .name = "a9-global-timer",
    .doc = "global timer",
    .bytes = sizeof(struct a9_global),
    .windows = global_windows,
    .window_count = ARRAY_LEN(global_windows),
    .outputs = (const char *const[]){"core0", "core1", "core2", "core3", "core4", "core5", "core6",
                                     "core7", NULL},
    .clock_inputs = (const char *const[]){"periphclk", NULL},
    .realize = global_realize,
    .reset = global_reset,
    .state = global_state,
    .save = global_save,
    .restore = global_restore,
};
