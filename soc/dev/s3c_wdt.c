// SPDX-License-Identifier: MIT
//
// Watchdog of the S3C2410/2440 (User's Manual, "Watchdog Timer"): it runs after reset, counts down
// on the peripheral clock, and interrupts or resets the machine at zero.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"

enum { WTCON = 0x00, WTDAT = 0x04, WTCNT = 0x08 };
enum { CON_RESET = BIT(0), CON_INT = BIT(2), CON_ENABLE = BIT(5) };

struct s3c_wdt {
    struct device dev;
    struct event end;
    uint64_t base_ns, hz;
    uint32_t top;
};

static struct s3c_wdt *wdt_of(struct device *dev)
{
    return container_of(dev, struct s3c_wdt, dev);
}

static uint32_t count(const struct s3c_wdt *w)
{
    uint64_t gone = w->hz ? ticks_of_ns(device_now(&w->dev) - w->base_ns, w->hz) : 0;
    return gone < w->top ? w->top - (uint32_t)gone : 0;
}

static void go(struct s3c_wdt *w, uint32_t from)
{
    uint32_t con = regfile_peek(device_regs(&w->dev, 0), WTCON);
    uint64_t hz = device_clock_hz(&w->dev, 0) / (bits(con, 15, 8) + 1) / (16u << bits(con, 4, 3));
    w->hz = con & CON_ENABLE ? hz : 0;
    w->top = from;
    w->base_ns = device_now(&w->dev);
    if (w->hz) {
        device_arm(&w->dev, &w->end, w->base_ns + ns_of_ticks((uint64_t)from + 1, w->hz));
    } else {
        device_cancel(&w->dev, &w->end);
    }
}

static void fire(struct event *ev, uint64_t now)
{
    struct s3c_wdt *w = container_of(ev, struct s3c_wdt, end);
    struct regfile *rf = device_regs(&w->dev, 0);
    uint32_t con = regfile_peek(rf, WTCON);
    (void)now;
    if (con & CON_RESET) {
        soc_power(w->dev.soc, SOC_POWER_RESET, w->dev.name);
    }
    if (con & CON_INT) {
        device_output(&w->dev, 0, true);
        device_output(&w->dev, 0, false);
    }
    go(w, regfile_peek(rf, WTDAT));
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_wdt *w = wdt_of(device_of(rf));
    uint32_t left = count(w); // still at the old rate
    (void)i, (void)old;
    go(w, row->offset == WTCNT ? raw & 0xffff : left);
}

static uint32_t read_count(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return count(wdt_of(device_of(rf)));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "WTCON", .offset = WTCON, .reset = 0x8021, .writable = 0xff3d, .write = write_any,
     .doc = "[15:8] prescaler, 5 enable, [4:3] divider, 2 interrupt, 0 reset"},
    RW_MASK(WTDAT, "WTDAT", 0x8000, 0xffff),
    {.name = "WTCNT", .offset = WTCNT, .reset = 0x8000, .writable = 0xffff, .read = read_count,
     .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("wdt", rows, 0xc);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

static void reset(struct device *dev)
{
    go(wdt_of(dev), 0x8000);
}

static void clocks_changed(struct device *dev)
{
    go(wdt_of(dev), count(wdt_of(dev)));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&wdt_of(dev)->end, fire);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct s3c_wdt, dev)->end);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &wdt_of(dev)->end);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct s3c_wdt, base_ns),
                                          SNAP_FIELD(struct s3c_wdt, hz),
                                          SNAP_FIELD(struct s3c_wdt, top), SNAP_END};

const struct device_class s3c_wdt_class = {
    .name = "s3c-wdt",
    .doc = "watchdog",
    .bytes = sizeof(struct s3c_wdt),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .clock_inputs = (const char *const[]){"pclk", NULL},
    .realize = realize,
    .reset = reset,
    .clocks_changed = clocks_changed,
    .state = state,
    .save = save,
    .restore = restore,
};
