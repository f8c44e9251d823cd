// SPDX-License-Identifier: MIT
//
// General purpose I/O of the i.MX35 and later (i.MX53 Reference Manual, "GPIO"): 32 pins, level and
// edge interrupts, two interrupt lines (pins 0-15 and 16-31). Pins are input lines 0..31; what the
// guest drives is visible on outputs out0..out31.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum {
    DR = 0x00,
    GDIR = 0x04,
    PSR = 0x08,
    ICR1 = 0x0c,
    ICR2 = 0x10,
    IMR = 0x14,
    ISR = 0x18,
    EDGE_SEL = 0x1c
};
enum { OUT_LO, OUT_HI, OUT_PIN0 };
enum { ICR_LOW, ICR_HIGH, ICR_RISE, ICR_FALL };

struct imx_gpio {
    struct device dev;
    uint32_t pins; // outside levels
};

static struct imx_gpio *gpio_of(struct device *dev)
{
    return container_of(dev, struct imx_gpio, dev);
}

static uint32_t seen(struct imx_gpio *g)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t dir = regfile_peek(rf, GDIR);
    return (regfile_peek(rf, DR) & dir) | (g->pins & ~dir);
}

static unsigned mode_of(struct regfile *rf, unsigned pin)
{
    return regfile_peek(rf, pin < 16 ? ICR1 : ICR2) >> pin % 16 * 2 & 3;
}

// Level sources show their level in ISR as long as it lasts.
static void update(struct imx_gpio *g, uint32_t before)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t now = seen(g), isr = regfile_peek(rf, ISR), edges = regfile_peek(rf, EDGE_SEL), act;
    for (unsigned pin = 0; pin < 32; pin++) {
        bool was = bit(before, pin), is = bit(now, pin), hit;
        unsigned mode = mode_of(rf, pin);
        if (bit(edges, pin)) {
            hit = was != is;
        } else if (mode == ICR_LOW || mode == ICR_HIGH) {
            hit = is == (mode == ICR_HIGH);
        } else {
            hit = was != is && is == (mode == ICR_RISE);
        }
        isr |= (uint32_t)hit << pin;
    }
    regfile_poke(rf, ISR, isr);
    act = isr & regfile_peek(rf, IMR);
    device_output(&g->dev, OUT_LO, act & 0xffff);
    device_output(&g->dev, OUT_HI, act >> 16);
    for (unsigned pin = 0; pin < 32; pin++) {
        if (bit(regfile_peek(rf, GDIR), pin)) {
            device_output(&g->dev, OUT_PIN0 + pin, bit(now, pin));
        }
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_gpio *g = gpio_of(device_of(rf));
    uint32_t before = seen(g), dir = regfile_peek(rf, GDIR);
    (void)i, (void)raw;
    if (row->offset == DR) {
        before = (old & dir) | (g->pins & ~dir);
    } else if (row->offset == GDIR) {
        before = (regfile_peek(rf, DR) & old) | (g->pins & ~old);
    }
    update(g, before);
}

static uint32_t read_dr(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return seen(gpio_of(device_of(rf)));
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "DR", .offset = DR, .writable = ~0u, .read = read_dr, .write = write_any},
    {.name = "GDIR", .offset = GDIR, .writable = ~0u, .write = write_any},
    {.name = "PSR", .offset = PSR, .read = read_dr},
    {.name = "ICR", .offset = ICR1, .writable = ~0u, .count = 2, .write = write_any},
    {.name = "IMR", .offset = IMR, .writable = ~0u, .write = write_any},
    {.name = "ISR", .offset = ISR, .w1c = ~0u, .write = write_any},
    {.name = "EDGE_SEL", .offset = EDGE_SEL, .writable = ~0u, .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("gpio", rows, 0x20);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void input(struct device *dev, unsigned line, bool level)
{
    struct imx_gpio *g = gpio_of(dev);
    uint32_t before = seen(g);
    g->pins = bits_put(g->pins, line, line, level);
    update(g, before);
}

static void reset(struct device *dev)
{
    update(gpio_of(dev), seen(gpio_of(dev)));
}

static const struct snap_field state[] = {SNAP_FIELD(struct imx_gpio, pins), SNAP_END};

const struct device_class imx_gpio_class = {
    .name = "imx-gpio",
    .doc = "general purpose I/O",
    .bytes = sizeof(struct imx_gpio),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs =
        (const char *const[]){"irq_lo", "irq_hi", "out0",  "out1",  "out2",  "out3",  "out4",
                              "out5",   "out6",   "out7",  "out8",  "out9",  "out10", "out11",
                              "out12",  "out13",  "out14", "out15", "out16", "out17", "out18",
                              "out19",  "out20",  "out21", "out22", "out23", "out24", "out25",
                              "out26",  "out27",  "out28", "out29", "out30", "out31", NULL},
    .input_count = 32,
    .input = input,
    .reset = reset,
    .state = state,
};
