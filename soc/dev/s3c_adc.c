// SPDX-License-Identifier: MIT
//
// ADC and touch screen interface of the S3C2410/2440 (User's Manual, "ADC and Touch Screen"):
// conversions take the time of the prescaler; the pen's position comes from the pointer, its coming and
// going raise INT_TC in waiting mode. Channels that nothing drives read mid-scale. Properties: the
// values at the panel's edges. Left out: noise, pressure.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { ADCCON = 0x00, ADCTSC = 0x04, ADCDLY = 0x08, ADCDAT0 = 0x0c, ADCUPDN = 0x14 };
enum { OUT_TC, OUT_ADC };
enum { CON_DONE = BIT(15), CON_PRESCALE = BIT(14), CON_READ_START = BIT(1), CON_START = BIT(0) };
enum { TSC_UP = BIT(8), TSC_AUTO = BIT(2), TSC_WAIT = 3, DAT_UP = BIT(15), MIDDLE = 0x200 };
enum { CLOCKS = 5, CHANNEL_YM = 5, CHANNEL_XP = 7 };

struct s3c_adc {
    struct device dev;
    struct event done;
    uint16_t x, y; // of the pen, as read
    uint8_t down, waiting; // waiting: the awaited state has not come yet
};

static struct s3c_adc *adc_of(struct device *dev)
{
    return container_of(dev, struct s3c_adc, dev);
}

static void pulse(struct s3c_adc *a, unsigned out)
{
    device_output(&a->dev, out, true);
    device_output(&a->dev, out, false);
}

static void convert(struct s3c_adc *a)
{
    struct regfile *rf = device_regs(&a->dev, 0);
    uint32_t con = regfile_peek(rf, ADCCON);
    uint64_t hz = device_clock_hz(&a->dev, 0), ticks = CLOCKS;
    ticks *= con & CON_PRESCALE ? bits(con, 13, 6) + 1 : 1;
    if (regfile_peek(rf, ADCTSC) & TSC_AUTO) { // two of them, each after the delay
        ticks = 2 * (ticks + regfile_peek(rf, ADCDLY));
    }
    regfile_poke(rf, ADCCON, con & ~(uint32_t)(CON_DONE | CON_START));
    device_arm(&a->dev, &a->done, device_now(&a->dev) + (hz ? ns_of_ticks(ticks, hz) : 0));
}

static void converted(struct event *ev, uint64_t now)
{
    struct s3c_adc *a = container_of(ev, struct s3c_adc, done);
    struct regfile *rf = device_regs(&a->dev, 0);
    (void)now;
    regfile_poke(rf, ADCCON, regfile_peek(rf, ADCCON) | CON_DONE);
    pulse(a, OUT_ADC);
}

// In waiting mode: tells once that the pen is where software waits for it.
static void look(struct s3c_adc *a)
{
    struct regfile *rf = device_regs(&a->dev, 0);
    uint32_t tsc = regfile_peek(rf, ADCTSC);
    bool wanted = (tsc & TSC_UP) ? !a->down : a->down;
    if ((tsc & 3) == TSC_WAIT && a->waiting && wanted) {
        a->waiting = 0;
        regfile_poke(rf, ADCUPDN, regfile_peek(rf, ADCUPDN) | (a->down ? 1 : 2));
        pulse(a, OUT_TC);
    }
}

static void write_con(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)i;
    regfile_put(rf, row, 0, (raw & 0x7ffe) | (old & CON_DONE));
    if ((raw & CON_START) && !(raw & CON_READ_START)) {
        convert(adc_of(device_of(rf)));
    }
}

static void write_tsc(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_adc *a = adc_of(device_of(rf));
    (void)row, (void)i, (void)raw, (void)old;
    // entering the mode, or writing it again, waits anew; a pen that is already there counts
    a->waiting = 1;
    look(a);
}

static uint32_t read_dat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_adc *a = adc_of(device_of(rf));
    uint32_t tsc = regfile_peek(rf, ADCTSC), con = regfile_peek(rf, ADCCON), v = MIDDLE;
    unsigned channel = bits(con, 5, 3);
    (void)row;
    if (i == 0 && (con & CON_READ_START)) {
        convert(a);
    }
    if (tsc & TSC_AUTO) {
        v = i ? a->y : a->x;
    } else if ((tsc & 3) == 1 || ((tsc & 3) == 0 && channel == CHANNEL_XP)) {
        v = a->x;
    } else if ((tsc & 3) == 2 || ((tsc & 3) == 0 && channel == CHANNEL_YM)) {
        v = a->y;
    }
    return (a->down ? 0 : DAT_UP) | bits(tsc, 2, 0) << 12 | v;
}

static bool pointer(struct device *dev, uint16_t x, uint16_t y, bool down)
{
    struct s3c_adc *a = adc_of(dev);
    uint32_t x0 = device_prop(dev, "x_left"), x1 = device_prop(dev, "x_right");
    uint32_t y0 = device_prop(dev, "y_top"), y1 = device_prop(dev, "y_bottom");
    bool was = a->down;
    if (down) { // lifted where it was
        a->x = (uint16_t)((x0 * (65535u - x) + x1 * x) / 65535u & 0x3ff);
        a->y = (uint16_t)((y0 * (65535u - y) + y1 * y) / 65535u & 0x3ff);
    }
    a->down = down;
    if (was != down) {
        a->waiting = 1;
    }
    look(a);
    return true;
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "ADCCON", .offset = ADCCON, .reset = 0x3fc4, .writable = 0x7fff, .write = write_con,
     .doc = "15 done, 14 PRSCEN, [13:6] PRSCVL, [5:3] channel, 2 standby, 1 READ_START, 0 ENABLE_START"},
    {.name = "ADCTSC", .offset = ADCTSC, .reset = 0x58, .writable = 0x1ff, .write = write_tsc,
     .doc = "8 UD_SEN, [7:4] switches, 3 pull-up off, 2 AUTO_PST, [1:0] XY_PST (3 waits for the pen)"},
    RW_MASK(ADCDLY, "ADCDLY", 0xff, 0xffff),
    {.name = "ADCDAT", .offset = ADCDAT0, .count = 2, .read = read_dat},
    RW_MASK(ADCUPDN, "ADCUPDN", 0, 3),
};
static const struct device_prop props[] = {
    {"x_left", 80}, {"x_right", 940}, {"y_top", 100}, {"y_bottom", 920}, {NULL, 0}};
// clang-format on
static const struct reg_table table = REG_TABLE("adc", rows, 0x18);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&adc_of(dev)->done, converted);
    return 0;
}

static void reset(struct device *dev)
{
    struct s3c_adc *a = adc_of(dev);
    device_cancel(dev, &a->done);
    a->waiting = 1;
    regfile_poke(device_regs(dev, 0), ADCCON, 0x3fc4);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct s3c_adc, dev)->done);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &adc_of(dev)->done);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct s3c_adc, x), SNAP_FIELD(struct s3c_adc, y), SNAP_FIELD(struct s3c_adc, down),
    SNAP_FIELD(struct s3c_adc, waiting), SNAP_END};

const struct device_class s3c_adc_class = {
    .name = "s3c-adc",
    .doc = "ADC and touch screen interface",
    .bytes = sizeof(struct s3c_adc),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"tc", "adc", NULL},
    .clock_inputs = (const char *const[]){"pclk", NULL},
    .realize = realize,
    .reset = reset,
    .pointer = pointer,
    .state = state,
    .state_version = 1,
    .save = save,
    .restore = restore,
};
