// SPDX-License-Identifier: MIT
//
// Interrupt controller of the S3C2410/2440 (S3C2440A User's Manual, "Interrupt Controller"): 32
// latched sources, 15 of them behind sub-source registers, at most one granted at a time. Input
// lines 0..31 are the main sources, 32..46 the sub-sources. Left out: rotating priority (sources
// are granted in the order of their numbers).
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { LINES = 32, SUBS = 15 };
enum {
    SRCPND = 0x00,
    INTMOD = 0x04,
    INTMSK = 0x08,
    INTPND = 0x10,
    INTOFFSET = 0x14,
    SUBSRCPND = 0x18,
    INTSUBMSK = 0x1c
};
enum { OUT_IRQ, OUT_FIQ };

// The main source behind which each sub-source stands.
static const uint8_t parent_of[SUBS] = {28, 28, 28, 23, 23, 23, 15, 15, 15, 31, 31, 6, 6, 9, 9};

struct s3c_intc {
    struct device dev;
    uint32_t level, sub_level;
};

static struct s3c_intc *intc_of(struct device *dev)
{
    return container_of(dev, struct s3c_intc, dev);
}

static uint32_t parents(uint32_t subs)
{
    uint32_t main = 0;
    for (subs &= BIT(SUBS) - 1; subs; subs &= subs - 1) {
        main |= BIT(parent_of[__builtin_ctz(subs)]);
    }
    return main;
}

static void update(struct s3c_intc *c)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    uint32_t open = regfile_peek(rf, SRCPND) & ~regfile_peek(rf, INTMSK);
    uint32_t mod = regfile_peek(rf, INTMOD), pnd = regfile_peek(rf, INTPND);
    if (!pnd && (open & ~mod)) {
        unsigned n = (unsigned)__builtin_ctz(open & ~mod);
        pnd = BIT(n);
        regfile_poke(rf, INTPND, pnd);
        regfile_poke(rf, INTOFFSET, n);
    }
    device_output(&c->dev, OUT_IRQ, pnd != 0);
    device_output(&c->dev, OUT_FIQ, open & mod);
}

static void latch(struct s3c_intc *c, uint32_t sources)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    regfile_poke(rf, SRCPND, regfile_peek(rf, SRCPND) | sources);
    update(c);
}

static uint32_t open_subs(struct regfile *rf)
{
    return regfile_peek(rf, SUBSRCPND) & ~regfile_peek(rf, INTSUBMSK);
}

// What still asks latches again as soon as software has cleared it.
static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_intc *c = intc_of(device_of(rf));
    (void)i, (void)raw, (void)old;
    switch (row->offset) {
    case SRCPND:
        latch(c, c->level | parents(open_subs(rf) & c->sub_level));
        break;
    case SUBSRCPND:
        regfile_poke(rf, SUBSRCPND, regfile_peek(rf, SUBSRCPND) | c->sub_level);
        latch(c, parents(open_subs(rf) & c->sub_level));
        break;
    case INTSUBMSK:
        latch(c, parents(open_subs(rf)));
        break;
    case INTPND:
        if (!regfile_peek(rf, INTPND)) {
            regfile_poke(rf, INTOFFSET, 0);
        }
        update(c);
        break;
    default:
        update(c);
        break;
    }
}

static void input(struct device *dev, unsigned line, bool level)
{
    struct s3c_intc *c = intc_of(dev);
    struct regfile *rf = device_regs(dev, 0);
    if (line < LINES) {
        c->level = bits_put(c->level, line, line, level);
        if (level) {
            latch(c, BIT(line));
        }
        return;
    }
    line -= LINES;
    c->sub_level = bits_put(c->sub_level, line, line, level);
    if (level) {
        regfile_poke(rf, SUBSRCPND, regfile_peek(rf, SUBSRCPND) | BIT(line));
        latch(c, parents(open_subs(rf) & BIT(line)));
    }
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "SRCPND", .offset = SRCPND, .w1c = ~0u, .write = write_any},
    {.name = "INTMOD", .offset = INTMOD, .writable = ~0u, .write = write_any, .doc = "1 FIQ"},
    {.name = "INTMSK", .offset = INTMSK, .reset = ~0u, .writable = ~0u, .write = write_any},
    RW_MASK(0x0c, "PRIORITY", 0x7f, 0x1fffff),
    {.name = "INTPND", .offset = INTPND, .w1c = ~0u, .write = write_any},
    RO(INTOFFSET, "INTOFFSET", 0),
    {.name = "SUBSRCPND", .offset = SUBSRCPND, .w1c = 0x7fff, .write = write_any},
    {.name = "INTSUBMSK", .offset = INTSUBMSK, .reset = 0x7fff, .writable = 0x7fff, .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("intc", rows, 0x20);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

static void reset(struct device *dev)
{
    struct s3c_intc *c = intc_of(dev);
    regfile_poke(device_regs(dev, 0), SUBSRCPND, c->sub_level);
    latch(c, c->level);
}

static const struct snap_field state[] = {SNAP_FIELD(struct s3c_intc, level),
                                          SNAP_FIELD(struct s3c_intc, sub_level), SNAP_END};

const struct device_class s3c_intc_class = {
    .name = "s3c-intc",
    .doc = "interrupt controller",
    .bytes = sizeof(struct s3c_intc),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", "fiq", NULL},
    .input_count = LINES + SUBS,
    .input = input,
    .reset = reset,
    .state = state,
};
