// SPDX-License-Identifier: MIT
//
// TrustZone interrupt controller of the i.MX51/53 (i.MX53 Reference Manual, "TZIC"): 128 level
// sources, each secure (FIQ) or not (IRQ), enabled and with a priority. Left out: bus security (all
// accesses are secure, as every public boot image for this chip runs).
#include <string.h>

#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { LINES = 128, WORDS = LINES / 32 };
enum { OUT_IRQ, OUT_FIQ };
enum {
    INTCNTL = 0x00,
    PRIOMASK = 0x0c,
    DSMINT = 0x14,
    INTSEC = 0x80,
    ENSET = 0x100,
    ENCLEAR = 0x180,
    SRCSET = 0x200,
    SRCCLR = 0x280,
    PRIORITY = 0x400,
    PND = 0xd00,
    HIPND = 0xd80,
    WAKEUP = 0xe00,
    SWINT = 0xf00
};

struct imx_tzic {
    struct device dev;
    uint32_t level[WORDS]; // input lines
    uint32_t soft[WORDS];  // set by software
    uint32_t enable[WORDS];
    uint32_t hipnd[WORDS];
};

static struct imx_tzic *tzic_of(struct regfile *rf)
{
    return container_of(device_of(rf), struct imx_tzic, dev);
}

// Sources whose priority does not reach the mask stay silent. Only words with something pending are
// looked at, and only where some priority was ever raised.
static uint32_t above_mask(struct regfile *rf, unsigned w, uint32_t cand)
{
    uint32_t mask = regfile_peek(rf, PRIOMASK) & 0x1f, out = cand;
    for (uint32_t c = cand; c; c &= c - 1) {
        unsigned line = w * 32 + (unsigned)__builtin_ctz(c);
        uint32_t prio = regfile_peek(rf, PRIORITY + (line & ~3u)) >> (line % 4 * 8 + 3) & 0x1f;
        if (prio > mask) {
            out &= ~(c & -c);
        }
    }
    return out;
}

static void update(struct imx_tzic *t)
{
    struct regfile *rf = device_regs(&t->dev, 0);
    bool on = regfile_peek(rf, INTCNTL) & 1;
    uint32_t irq = 0, fiq = 0;
    for (unsigned w = 0; w < WORDS; w++) {
        uint32_t cand = (t->level[w] | t->soft[w]) & t->enable[w];
        uint32_t sec = regfile_peek(rf, INTSEC + w * 4);
        t->hipnd[w] = cand ? above_mask(rf, w, cand) : 0;
        irq |= t->hipnd[w] & sec;
        fiq |= t->hipnd[w] & ~sec;
    }
    device_output(&t->dev, OUT_IRQ, on && irq);
    device_output(&t->dev, OUT_FIQ, on && fiq);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_tzic *t = tzic_of(rf);
    (void)old;
    switch (row->offset) {
    case ENSET:
        t->enable[i] |= raw;
        break;
    case ENCLEAR:
        t->enable[i] &= ~raw;
        break;
    case SRCSET:
        t->soft[i] |= raw;
        break;
    case SRCCLR:
        t->soft[i] &= ~raw;
        break;
    case SWINT: // [9:0] source, bit 31 negates
        if ((raw & 0x3ff) < LINES) {
            unsigned n = raw & 0x3ff;
            t->soft[n / 32] = bits_put(t->soft[n / 32], n % 32, n % 32, !(raw >> 31));
        }
        break;
    default:
        break;
    }
    update(t);
}

static uint32_t read_enable(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row;
    return tzic_of(rf)->enable[i];
}

static uint32_t read_soft(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row;
    return tzic_of(rf)->soft[i];
}

static uint32_t read_pnd(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_tzic *t = tzic_of(rf);
    (void)row;
    return (t->level[i] | t->soft[i]) & t->enable[i];
}

static uint32_t read_hipnd(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row;
    return tzic_of(rf)->hipnd[i];
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "INTCNTL", .offset = INTCNTL, .writable = 0x80010001, .write = write_any,
     .doc = "0 enable, 16 non-secure enable"},
    RO(0x04, "INTTYPE", 0x00000403),
    {.name = "PRIOMASK", .offset = PRIOMASK, .writable = 0xff, .write = write_any},
    RW_MASK(0x10, "SYNCCTRL", 0, 3),
    RW_MASK(DSMINT, "DSMINT", 0, 1),
    {.name = "INTSEC", .offset = INTSEC, .writable = ~0u, .count = WORDS, .write = write_any},
    {.name = "ENSET", .offset = ENSET, .count = WORDS, .read = read_enable, .write = write_any},
    {.name = "ENCLEAR", .offset = ENCLEAR, .count = WORDS, .read = read_enable, .write = write_any},
    {.name = "SRCSET", .offset = SRCSET, .count = WORDS, .read = read_soft, .write = write_any},
    {.name = "SRCCLR", .offset = SRCCLR, .count = WORDS, .read = read_soft, .write = write_any},
    {.name = "PRIORITY", .offset = PRIORITY, .writable = ~0u, .count = LINES / 4, .write = write_any},
    {.name = "PND", .offset = PND, .count = WORDS, .read = read_pnd},
    {.name = "HIPND", .offset = HIPND, .count = WORDS, .read = read_hipnd},
    RW_ARRAY(WAKEUP, "WAKEUP", 0, WORDS),
    {.name = "SWINT", .offset = SWINT, .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("tzic", rows, 0x1000);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void input(struct device *dev, unsigned line, bool level)
{
    struct imx_tzic *t = container_of(dev, struct imx_tzic, dev);
    TRACE(device_log(dev), irq, "tzic line %u %s", line, level ? "high" : "low");
    t->level[line / 32] = bits_put(t->level[line / 32], line % 32, line % 32, level);
    update(t);
}

static void reset(struct device *dev)
{
    struct imx_tzic *t = container_of(dev, struct imx_tzic, dev);
    memset(t->soft, 0, sizeof t->soft);
    memset(t->enable, 0, sizeof t->enable);
    update(t);
}

static const struct snap_field state[] = {
    SNAP_ARRAY(struct imx_tzic, level), SNAP_ARRAY(struct imx_tzic, soft),
    SNAP_ARRAY(struct imx_tzic, enable), SNAP_ARRAY(struct imx_tzic, hipnd), SNAP_END};

const struct device_class imx_tzic_class = {
    .name = "imx-tzic",
    .doc = "interrupt controller",
    .bytes = sizeof(struct imx_tzic),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", "fiq", NULL},
    .input_count = LINES,
    .input = input,
    .reset = reset,
    .state = state,
};
