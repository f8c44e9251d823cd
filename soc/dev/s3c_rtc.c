// SPDX-License-Identifier: MIT
//
// Real time clock of the S3C2410/2440 (User's Manual, "Real Time Clock"): BCD calendar, alarm and
// tick interrupt. The calendar is computed from the machine's date and virtual time; years are
// 2000 to 2099. Left out: round reset.
#include <time.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"

enum { RTCCON = 0x00, TICNT = 0x04, RTCALM = 0x10, ALMSEC = 0x14, BCDSEC = 0x30, BCDS = 7 };
enum { OUT_TICK, OUT_ALARM };

struct s3c_rtc {
    struct device dev;
    struct event tick, second;
    int64_t offset; // seconds since 1970 at machine time 0
};

static struct s3c_rtc *rtc_of(struct device *dev)
{
    return container_of(dev, struct s3c_rtc, dev);
}

static uint32_t bcd(int v)
{
    return (uint32_t)(v / 10 << 4 | v % 10);
}

static int binary(uint32_t v)
{
    return (int)((v >> 4 & 0xf) * 10 + (v & 0xf));
}

static struct tm date(struct s3c_rtc *r)
{
    time_t t = (time_t)(r->offset + (int64_t)(device_now(&r->dev) / 1000000000u));
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    return tm;
}

// The seven registers in their order: seconds, minutes, hours, date, day, month, year.
static uint32_t field(const struct tm *tm, unsigned i)
{
    const int v[BCDS] = {tm->tm_sec,      tm->tm_min,     tm->tm_hour,      tm->tm_mday,
                         tm->tm_wday + 1, tm->tm_mon + 1, tm->tm_year % 100};
    return bcd(v[i]);
}

static uint32_t read_bcd(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct tm tm = date(rtc_of(device_of(rf)));
    (void)row;
    return field(&tm, i);
}

static void write_bcd(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_rtc *r = rtc_of(device_of(rf));
    struct tm tm = date(r);
    int v = binary(raw);
    (void)row, (void)old;
    if (!(regfile_peek(rf, RTCCON) & 1)) {
        return;
    }
    switch (i) {
    case 0:
        tm.tm_sec = v;
        break;
    case 1:
        tm.tm_min = v;
        break;
    case 2:
        tm.tm_hour = v;
        break;
    case 3:
        tm.tm_mday = v;
        break;
    case 5:
        tm.tm_mon = v - 1;
        break;
    case 6:
        tm.tm_year = 100 + v;
        break;
    default:
        break;
    }
    r->offset = (int64_t)timegm(&tm) - (int64_t)(device_now(&r->dev) / 1000000000u);
}

static void arm(struct s3c_rtc *r)
{
    struct regfile *rf = device_regs(&r->dev, 0);
    uint32_t ti = regfile_peek(rf, TICNT);
    uint64_t now = device_now(&r->dev);
    if (ti & 0x80) {
        device_arm(&r->dev, &r->tick, now + ((ti & 0x7f) + 1) * 7812500ull);
    } else {
        device_cancel(&r->dev, &r->tick);
    }
    if (regfile_peek(rf, RTCALM) & 0x40) {
        device_arm(&r->dev, &r->second, (now / 1000000000u + 1) * 1000000000u);
    } else {
        device_cancel(&r->dev, &r->second);
    }
}

static void pulse(struct s3c_rtc *r, unsigned out)
{
    device_output(&r->dev, out, true);
    device_output(&r->dev, out, false);
}

static void ticked(struct event *ev, uint64_t now)
{
    struct s3c_rtc *r = container_of(ev, struct s3c_rtc, tick);
    uint32_t ti = regfile_peek(device_regs(&r->dev, 0), TICNT);
    device_arm(&r->dev, &r->tick, now + ((ti & 0x7f) + 1) * 7812500ull);
    pulse(r, OUT_TICK);
}

// Once a second while the alarm is on: every enabled field must agree.
static void compare(struct event *ev, uint64_t now)
{
    static const uint8_t of[6] = {0, 1, 2, 3, 5, 6};
    struct s3c_rtc *r = container_of(ev, struct s3c_rtc, second);
    struct regfile *rf = device_regs(&r->dev, 0);
    struct tm tm = date(r);
    bool all = (regfile_peek(rf, RTCALM) & 0x3f) != 0;
    for (unsigned i = 0; i < 6; i++) {
        if (bit(regfile_peek(rf, RTCALM), i)) {
            all = all && field(&tm, of[i]) == regfile_peek(rf, ALMSEC + i * 4);
        }
    }
    device_arm(&r->dev, &r->second, now + 1000000000u);
    if (all) {
        pulse(r, OUT_ALARM);
    }
}

static void write_ctl(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)row, (void)i, (void)raw, (void)old;
    arm(rtc_of(device_of(rf)));
}

// clang-format off
static const struct reg_row rows[] = {
    RW_MASK(RTCCON, "RTCCON", 0, 0xf),
    {.name = "TICNT", .offset = TICNT, .writable = 0xff, .write = write_ctl},
    {.name = "RTCALM", .offset = RTCALM, .writable = 0x7f, .write = write_ctl},
    {.name = "ALM", .offset = ALMSEC, .writable = 0xff, .count = 6, .doc = "SEC MIN HOUR DATE MON YEAR"},
    RW_MASK(0x2c, "RTCRST", 0, 0xf),
    {.name = "BCD", .offset = BCDSEC, .count = BCDS, .read = read_bcd, .write = write_bcd,
     .doc = "SEC MIN HOUR DATE DAY MON YEAR"},
};
// clang-format on
static const struct reg_table table = REG_TABLE("rtc", rows, 0x4c);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

static void reset(struct device *dev)
{
    arm(rtc_of(dev));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&rtc_of(dev)->tick, ticked);
    event_init(&rtc_of(dev)->second, compare);
    rtc_of(dev)->offset = (int64_t)soc_epoch(dev->soc);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct s3c_rtc, dev)->tick);
    device_save_event(w, &container_of(dev, const struct s3c_rtc, dev)->second);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &rtc_of(dev)->tick);
    device_restore_event(dev, r, &rtc_of(dev)->second);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct s3c_rtc, offset), SNAP_END};

const struct device_class s3c_rtc_class = {
    .name = "s3c-rtc",
    .doc = "real time clock",
    .bytes = sizeof(struct s3c_rtc),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"tick", "alarm", NULL},
    .realize = realize,
    .reset = reset,
    .state = state,
    .save = save,
    .restore = restore,
};
