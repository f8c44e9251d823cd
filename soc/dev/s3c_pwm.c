// SPDX-License-Identifier: MIT
//
// PWM timers of the S3C2410/2440 (User's Manual, "PWM Timer"): five 16-bit down counters with two
// prescalers. The count comes from virtual time when somebody reads it; a running timer arms one
// event for its end. Left out: output pins, dead zone, external clock inputs, DMA requests.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { TIMERS = 5 };
enum { TCFG0 = 0x00, TCFG1 = 0x04, TCON = 0x08, TCNTB0 = 0x0c, TCNTB4 = 0x3c, TCNTO4 = 0x40 };
enum { CON_START = 1, CON_UPDATE = 2 };

struct timer {
    struct event end;
    struct device *dev;
    uint64_t base_ns; // when it began to count down from `top`
    uint64_t hz;      // 0: stopped
    uint32_t top;
};

struct s3c_pwm {
    struct device dev;
    struct timer t[TIMERS];
};

static struct s3c_pwm *pwm_of(struct device *dev)
{
    return container_of(dev, struct s3c_pwm, dev);
}

// This timer's bits of TCON: start, update; and auto reload.
static uint32_t control(uint32_t tcon, unsigned n, bool *reload)
{
    unsigned at = n ? n * 4 + 4 : 0;
    *reload = tcon >> (n == 4 ? 22 : at + 3) & 1;
    return tcon >> at & 3;
}

static uint64_t tick_rate(struct s3c_pwm *p, unsigned n)
{
    struct regfile *rf = device_regs(&p->dev, 0);
    uint32_t mux = regfile_peek(rf, TCFG1) >> n * 4 & 0xf;
    uint32_t pre = regfile_peek(rf, TCFG0) >> (n < 2 ? 0 : 8) & 0xff;
    return mux > 3 ? 0 : device_clock_hz(&p->dev, 0) / (pre + 1) / (2u << mux);
}

static uint32_t buffer(struct s3c_pwm *p, unsigned n)
{
    return regfile_peek(device_regs(&p->dev, 0), n < 4 ? TCNTB0 + n * 12 : TCNTB4) & 0xffff;
}

static uint32_t count(const struct timer *t, uint64_t now)
{
    uint64_t gone = t->hz ? ticks_of_ns(now - t->base_ns, t->hz) : 0;
    return gone < t->top ? t->top - (uint32_t)gone : 0;
}

static void arm(struct timer *t)
{
    if (t->hz) {
        device_arm(t->dev, &t->end, t->base_ns + ns_of_ticks((uint64_t)t->top + 1, t->hz));
    } else {
        device_cancel(t->dev, &t->end);
    }
}

static void go(struct timer *t, uint32_t from, uint64_t hz, uint64_t now)
{
    t->top = from;
    t->hz = hz;
    t->base_ns = now;
    arm(t);
}

static void fire(struct event *ev, uint64_t now)
{
    struct timer *t = container_of(ev, struct timer, end);
    struct s3c_pwm *p = pwm_of(t->dev);
    struct regfile *rf = device_regs(t->dev, 0);
    unsigned n = (unsigned)(t - p->t);
    bool reload;
    control(regfile_peek(rf, TCON), n, &reload);
    device_output(t->dev, n, true);
    device_output(t->dev, n, false);
    if (reload) {
        go(t, buffer(p, n), t->hz, now);
    } else {
        unsigned at = n ? n * 4 + 4 : 0;
        regfile_poke(rf, TCON, regfile_peek(rf, TCON) & ~BIT(at));
        go(t, 0, 0, now);
    }
}

static void write_tcon(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_pwm *p = pwm_of(device_of(rf));
    uint64_t now = device_now(&p->dev);
    (void)row, (void)i;
    for (unsigned n = 0; n < TIMERS; n++) {
        struct timer *t = &p->t[n];
        bool reload;
        uint32_t was = control(old, n, &reload), is = control(raw, n, &reload);
        uint32_t left = is & CON_UPDATE ? buffer(p, n) : count(t, now);
        bool starts = (is & CON_START) && !(was & CON_START);
        if (starts || !(is & CON_START) || (is & CON_UPDATE)) {
            go(t, left, is & CON_START ? tick_rate(p, n) : 0, now);
        }
    }
}

static void rescale(struct s3c_pwm *p)
{
    uint64_t now = device_now(&p->dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        bool reload;
        uint32_t con = control(regfile_peek(device_regs(&p->dev, 0), TCON), n, &reload);
        uint64_t hz = con & CON_START ? tick_rate(p, n) : 0;
        if (hz != p->t[n].hz) {
            go(&p->t[n], count(&p->t[n], now), hz, now);
        }
    }
}

static void write_cfg(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)row, (void)i, (void)raw, (void)old;
    rescale(pwm_of(device_of(rf)));
}

static uint32_t read_count(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_pwm *p = pwm_of(device_of(rf));
    return count(&p->t[row->offset == TCNTO4 ? 4 : i], device_now(&p->dev));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "TCFG0", .offset = TCFG0, .writable = 0xffffff, .write = write_cfg},
    {.name = "TCFG1", .offset = TCFG1, .writable = 0xffffff, .write = write_cfg},
    {.name = "TCON", .offset = TCON, .writable = 0x7fff1f, .write = write_tcon},
    {.name = "TCNTB", .offset = TCNTB0, .writable = 0xffff, .count = 4, .stride = 12},
    {.name = "TCMPB", .offset = 0x10, .writable = 0xffff, .count = 4, .stride = 12},
    {.name = "TCNTO", .offset = 0x14, .count = 4, .stride = 12, .read = read_count},
    RW_MASK(TCNTB4, "TCNTB4", 0, 0xffff),
    {.name = "TCNTO4", .offset = TCNTO4, .read = read_count},
};
// clang-format on
static const struct reg_table table = REG_TABLE("pwm", rows, 0x44);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

static void reset(struct device *dev)
{
    for (unsigned n = 0; n < TIMERS; n++) {
        go(&pwm_of(dev)->t[n], 0, 0, device_now(dev));
    }
}

static void clocks_changed(struct device *dev)
{
    rescale(pwm_of(dev));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    for (unsigned n = 0; n < TIMERS; n++) {
        event_init(&pwm_of(dev)->t[n].end, fire);
        pwm_of(dev)->t[n].dev = dev;
    }
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct s3c_pwm *p = container_of(dev, const struct s3c_pwm, dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        snap_put_u64(w, p->t[n].base_ns);
        snap_put_u64(w, p->t[n].hz);
        snap_put_u32(w, p->t[n].top);
        device_save_event(w, &p->t[n].end);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    for (unsigned n = 0; n < TIMERS; n++) {
        struct timer *t = &pwm_of(dev)->t[n];
        t->base_ns = snap_get_u64(r);
        t->hz = snap_get_u64(r);
        t->top = snap_get_u32(r) & 0xffff;
        device_restore_event(dev, r, &t->end);
        if (t->base_ns > device_now(dev)) {
            t->base_ns = device_now(dev);
        }
    }
    return snap_failed(r, err);
}

const struct device_class s3c_pwm_class = {
    .name = "s3c-pwm",
    .doc = "five timers",
    .bytes = sizeof(struct s3c_pwm),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq0", "irq1", "irq2", "irq3", "irq4", NULL},
    .clock_inputs = (const char *const[]){"pclk", NULL},
    .realize = realize,
    .reset = reset,
    .clocks_changed = clocks_changed,
    .save = save,
    .restore = restore,
};
