// SPDX-License-Identifier: MIT
//
// DA9053 power management chip on I2C (Dialog DA9053 data sheet): an 8-bit register file with an
// event/mask block behind an active-low interrupt line, regulators that keep what is written, a
// calendar clock, and power off. Left out: battery charger, ADC conversions (they end at once and
// read 0), touch screen, the regulators' ramps.
#include <string.h>
#include <time.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/i2c.h"
#include "soc/soc.h"

enum {
    STATUS_A = 0x01,
    STATUS_D = 0x04,
    EVENT_A = 0x05,
    EVENT_D = 0x08,
    FAULT_LOG = 0x09,
    IRQ_MASK_A = 0x0a,
    IRQ_MASK_D = 0x0d,
    CONTROL_A = 0x0e,
    CONTROL_B = 0x0f,
    SUPPLY = 0x3c,
    BUCK_FIRST = 0x2e,
    LDO_LAST = 0x3b,
    ADC_MAN = 0x50,
    COUNT_S = 0x6f,
    COUNT_Y = 0x74,
    ALARM_D = 0x77,
    ALARM_MO = 0x78
};
enum { CONTROL_B_SHUTDOWN = BIT(7), ADC_MAN_CONV = BIT(4), COUNT_Y_MONITOR = BIT(6) };

struct da9053 {
    struct device dev;
    uint8_t regs[128];
    uint8_t pointer;
    bool addressed;
    int64_t rtc_offset; // calendar minus machine time, seconds
};

static struct da9053 *pmic_of(struct device *dev)
{
    return container_of(dev, struct da9053, dev);
}

static void update_irq(struct da9053 *p)
{
    bool pending = false;
    for (unsigned i = 0; i < 4; i++) {
        pending = pending || (p->regs[EVENT_A + i] & ~p->regs[IRQ_MASK_A + i]);
    }
    device_output(&p->dev, 0, !pending); // nIRQ
}

static int64_t calendar(struct da9053 *p)
{
    return p->rtc_offset + (int64_t)(device_now(&p->dev) / 1000000000u);
}

// Days since 1970-01-01 of a date in the Gregorian calendar (years 2000 to 2063 only occur).
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned leaps = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    month = month < 1 ? 1 : month > 12 ? 12 : month;
    return (int64_t)(year - 1970) * 365 + leaps + before[month - 1] + (leap && month > 2) + day - 1;
}

static uint8_t read_count(struct da9053 *p, unsigned reg)
{
    time_t t = (time_t)calendar(p);
    struct tm tm;
    gmtime_r(&t, &tm);
    switch (reg - COUNT_S) {
    case 0:
        return (uint8_t)tm.tm_sec;
    case 1:
        return (uint8_t)tm.tm_min;
    case 2:
        return (uint8_t)tm.tm_hour;
    case 3:
        return (uint8_t)tm.tm_mday;
    case 4:
        return (uint8_t)(tm.tm_mon + 1);
    default:
        return (uint8_t)((tm.tm_year - 100) & 0x3f) | COUNT_Y_MONITOR;
    }
}

// Software writes seconds to years; the last one makes the date take effect.
static void write_count(struct da9053 *p, unsigned reg, uint8_t v)
{
    const uint8_t *c = &p->regs[COUNT_S];
    p->regs[reg] = v;
    if (reg == COUNT_Y) {
        int64_t days = days_of(2000 + (v & 0x3fu), c[4] & 0xf, c[3] & 0x1f);
        int64_t want = days * 86400 + (c[2] & 0x1f) * 3600 + (c[1] & 0x3f) * 60 + (c[0] & 0x3f);
        p->rtc_offset += want - calendar(p);
    }
}

static void write_reg(struct da9053 *p, unsigned reg, uint8_t v)
{
    if (reg >= STATUS_A && reg <= STATUS_D) {
        return;
    }
    if ((reg >= EVENT_A && reg <= EVENT_D) || reg == FAULT_LOG) {
        p->regs[reg] &= (uint8_t)~v;
    } else if (reg >= COUNT_S && reg <= COUNT_Y) {
        write_count(p, reg, v);
    } else if (reg == SUPPLY) { // "go" bits: the voltage is reached at once
        p->regs[reg] = v & 0x9f;
    } else if (reg == ADC_MAN) {
        p->regs[reg] = v & (uint8_t)~ADC_MAN_CONV;
        if (v & ADC_MAN_CONV) {
            p->regs[EVENT_A + 1] |= BIT(3); // end of manual conversion
        }
    } else {
        p->regs[reg] = v;
    }
    if (reg == CONTROL_B && v & CONTROL_B_SHUTDOWN) {
        soc_power(p->dev.soc, SOC_POWER_OFF, "PMIC shutdown");
    }
    update_irq(p);
}

static void start(struct device *dev, bool read)
{
    pmic_of(dev)->addressed = read;
}

static bool send(struct device *dev, uint8_t byte)
{
    struct da9053 *p = pmic_of(dev);
    if (!p->addressed) {
        p->pointer = byte & 0x7f;
        p->addressed = true;
    } else {
        write_reg(p, p->pointer, byte);
        p->pointer = (p->pointer + 1) & 0x7f;
    }
    return true;
}

static uint8_t recv(struct device *dev)
{
    struct da9053 *p = pmic_of(dev);
    unsigned reg = p->pointer;
    p->pointer = (p->pointer + 1) & 0x7f;
    return reg >= COUNT_S && reg <= COUNT_Y ? read_count(p, reg) : p->regs[reg];
}

static void reset(struct device *dev)
{
    struct da9053 *p = pmic_of(dev);
    memset(p->regs, 0, sizeof p->regs);
    memset(&p->regs[IRQ_MASK_A], 0xff, 4);
    for (unsigned r = BUCK_FIRST; r <= LDO_LAST; r++) {
        p->regs[r] = 0x40; // every regulator is on, as the board's boot sequence leaves them
    }
    p->regs[STATUS_A] = 0x12; // supply present, on key not pressed
    p->regs[STATUS_A + 1] = 0x20;
    p->regs[ALARM_D] = p->regs[ALARM_MO] = 1; // a date, though the alarm is off
    p->regs[CONTROL_B] = 0x20;
    p->pointer = 0;
    update_irq(p);
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    pmic_of(dev)->rtc_offset = (int64_t)soc_epoch(dev->soc);
    return 0;
}

static const struct i2c_slave_ops ops = {start, send, recv, NULL};
static const struct snap_field state[] = {
    SNAP_ARRAY(struct da9053, regs), SNAP_FIELD(struct da9053, pointer),
    SNAP_FIELD(struct da9053, addressed), SNAP_FIELD(struct da9053, rtc_offset), SNAP_END};

const struct device_class da9053_class = {
    .name = "da9053",
    .doc = "power management chip",
    .bytes = sizeof(struct da9053),
    .outputs = (const char *const[]){"nirq", NULL},
    .i2c = &ops,
    .realize = realize,
    .reset = reset,
    .state = state,
};
