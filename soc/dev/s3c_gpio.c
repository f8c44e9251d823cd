// SPDX-License-Identifier: MIT
//
// General purpose I/O of the S3C2440 (User's Manual, "I/O Ports"): ports A to J, external
// interrupts, status and chip identification. Input line 16 * port + pin is a pin's level from
// outside (port A is 0); interrupts 0..23 stand on ports F and G. Left out: filters, sleep levels.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"

enum { PORT_A, PORT_B, PORT_C, PORT_D, PORT_E, PORT_F, PORT_G, PORT_H, PORT_J, PORTS };
enum { PIN_LINES = PORTS * 16, EINTS = 24 };
enum {
    MISCCR = 0x80,
    EXTINT0 = 0x88,
    EINTMASK = 0xa4,
    EINTPEND = 0xa8,
    GSTATUS1 = 0xb0,
    GSTATUS2 = 0xb4
};
enum { OUT_4_7 = 4, OUT_8_23 = 5 }; // outputs 0..3 are interrupts 0..3

struct s3c_gpio {
    struct device dev;
    uint16_t pins[PORTS]; // outside levels
};

static struct s3c_gpio *gpio_of(struct device *dev)
{
    return container_of(dev, struct s3c_gpio, dev);
}

static uint32_t base_of(unsigned port)
{
    return port == PORT_J ? 0xd0 : port * 0x10;
}

static uint32_t seen(struct s3c_gpio *g, unsigned port)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t con = regfile_peek(rf, base_of(port)), dat = regfile_peek(rf, base_of(port) + 4);
    uint32_t out = 0;
    if (port == PORT_A) {
        return dat;
    }
    for (unsigned pin = 0; pin < 16; pin++) {
        out |= (uint32_t)((con >> pin * 2 & 3) == 1) << pin;
    }
    return (dat & out) | (g->pins[port] & ~out);
}

static uint32_t eint_levels(struct s3c_gpio *g)
{
    return (g->pins[PORT_F] & 0xffu) | (uint32_t)g->pins[PORT_G] << 8;
}

// 0 low level, 1 high level, 2/3 falling, 4/5 rising, 6/7 both
static bool triggered(struct regfile *rf, unsigned n, bool was, bool is)
{
    unsigned mode = regfile_peek(rf, EXTINT0 + n / 8 * 4) >> n % 8 * 4 & 7;
    switch (mode >> 1) {
    case 0:
        return is == (mode == 1);
    case 1:
        return was && !is;
    case 2:
        return !was && is;
    default:
        return was != is;
    }
}

static void update(struct s3c_gpio *g, uint32_t was)
{
    struct regfile *rf = device_regs(&g->dev, 0);
    uint32_t is = eint_levels(g), pend = regfile_peek(rf, EINTPEND), open;
    for (unsigned n = 0; n < EINTS; n++) {
        bool hit = triggered(rf, n, bit(was, n), bit(is, n));
        if (n >= 4) {
            pend |= (uint32_t)hit << n;
        } else if ((regfile_peek(rf, base_of(PORT_F)) >> n * 2 & 3) == 2) {
            bool level = (regfile_peek(rf, EXTINT0) >> n * 4 & 7) < 2;
            device_output(&g->dev, n, hit);
            if (!level) {
                device_output(&g->dev, n, false);
            }
        } else {
            device_output(&g->dev, n, false);
        }
    }
    regfile_poke(rf, EINTPEND, pend);
    open = pend & ~regfile_peek(rf, EINTMASK);
    device_output(&g->dev, OUT_4_7, open & 0xf0);
    device_output(&g->dev, OUT_8_23, open & 0xffff00);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_gpio *g = gpio_of(device_of(rf));
    (void)row, (void)i, (void)raw, (void)old;
    update(g, eint_levels(g));
}

static uint32_t read_dat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)i;
    return seen(gpio_of(device_of(rf)), row->offset >= 0xd0 ? PORT_J : row->offset / 0x10);
}

// clang-format off
#define PORT(off_, x_, con_, mask_) \
    {.name = "GP" x_ "CON", .offset = (off_), .reset = (con_), .writable = ~0u, .write = write_any}, \
    {.name = "GP" x_ "DAT", .offset = (off_) + 4, .writable = (mask_), .read = read_dat}, \
    RW_MASK((off_) + 8, "GP" x_ "UP", 0, 0xffff)
static const struct device_prop props[] = {{"id", 0x32440001}, {NULL, 0}};
static const struct reg_row rows[] = {
    PORT(0x00, "A", 0x01ffffff, 0x01ffffff), PORT(0x10, "B", 0, 0x7ff), PORT(0x20, "C", 0, 0xffff),
    PORT(0x30, "D", 0, 0xffff), PORT(0x40, "E", 0, 0xffff), PORT(0x50, "F", 0, 0xff),
    PORT(0x60, "G", 0, 0xffff), PORT(0x70, "H", 0, 0x7ff),
    RW(MISCCR, "MISCCR", 0x10020), RW(0x84, "DCLKCON", 0),
    {.name = "EXTINT", .offset = EXTINT0, .writable = ~0u, .count = 3, .write = write_any},
    RW_ARRAY(0x94, "EINTFLT", 0, 4),
    {.name = "EINTMASK", .offset = EINTMASK, .reset = 0xfffff0, .writable = 0xfffff0, .write = write_any},
    {.name = "EINTPEND", .offset = EINTPEND, .w1c = 0xfffff0, .write = write_any},
    RO(0xac, "GSTATUS0", 0), RO(GSTATUS1, "GSTATUS1", 0x32440001),
    W1C(GSTATUS2, "GSTATUS2", 1, 7), RW_ARRAY(0xb8, "GSTATUS3", 0, 2),
    RW_ARRAY(0xc4, "DSC", 0, 2), RW(0xcc, "MSLCON", 0), PORT(0xd0, "J", 0, 0x1fff),
};
// clang-format on
static const struct reg_table table = REG_TABLE("gpio", rows, 0xdc);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x1000}};

static void input(struct device *dev, unsigned line, bool level)
{
    struct s3c_gpio *g = gpio_of(dev);
    uint32_t was = eint_levels(g);
    g->pins[line / 16] = (uint16_t)bits_put(g->pins[line / 16], line % 16, line % 16, level);
    update(g, was);
}

static void reset(struct device *dev)
{
    struct s3c_gpio *g = gpio_of(dev);
    regfile_poke(device_regs(dev, 0), GSTATUS1, device_prop(dev, "id"));
    regfile_poke(device_regs(dev, 0), GSTATUS2, soc_reset_is_warm(dev->soc) ? 4 : 1);
    update(g, eint_levels(g));
}

static const struct snap_field state[] = {SNAP_ARRAY(struct s3c_gpio, pins), SNAP_END};

const struct device_class s3c_gpio_class = {
    .name = "s3c2440-gpio",
    .doc = "general purpose I/O",
    .bytes = sizeof(struct s3c_gpio),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs =
        (const char *const[]){"eint0", "eint1", "eint2", "eint3", "eint4_7", "eint8_23", NULL},
    .input_count = PIN_LINES,
    .input = input,
    .reset = reset,
    .state = state,
};
