// SPDX-License-Identifier: MIT
//
// I2C controller of the i.MX family, first form (i.MX21 to i.MX6; i.MX53 Reference Manual, "I2C"),
// as bus master: a byte goes over the wire at once when software writes or reads the data register.
// Left out: slave mode, arbitration loss, bus speed.
#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/i2c.h"

enum { IADR = 0x00, IFDR = 0x04, I2CR = 0x08, I2SR = 0x0c, I2DR = 0x10 };
enum {
    CR_RSTA = BIT(2),
    CR_TXAK = BIT(3),
    CR_MTX = BIT(4),
    CR_MSTA = BIT(5),
    CR_IIEN = BIT(6),
    CR_IEN = BIT(7)
};
enum { SR_RXAK = BIT(0), SR_IIF = BIT(1), SR_IAL = BIT(4), SR_IBB = BIT(5), SR_ICF = BIT(7) };

struct imx_i2c {
    struct device dev;
    uint8_t slave;   // address of the addressed slave
    bool addressing; // next byte written is an address
    bool open;       // a slave acknowledged its address
    bool reading;
};

static struct imx_i2c *i2c_of(struct device *dev)
{
    return container_of(dev, struct imx_i2c, dev);
}

static struct device *slave_of(struct imx_i2c *c)
{
    struct device *s = c->open ? device_child(&c->dev, c->slave) : NULL;
    return s && s->cls->i2c ? s : NULL;
}

static void update_irq(struct imx_i2c *c)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    uint32_t cr = regfile_peek(rf, I2CR);
    device_output(&c->dev, 0, (cr & CR_IEN) && (cr & CR_IIEN) && (regfile_peek(rf, I2SR) & SR_IIF));
}

static void byte_done(struct imx_i2c *c, bool ack)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    uint32_t sr = (regfile_peek(rf, I2SR) & ~(uint32_t)SR_RXAK) | SR_ICF | SR_IIF;
    regfile_poke(rf, I2SR, ack ? sr : sr | SR_RXAK);
    update_irq(c);
}

static void stop(struct imx_i2c *c)
{
    struct device *s = slave_of(c);
    if (s && s->cls->i2c->stop) {
        s->cls->i2c->stop(s);
    }
    c->open = c->addressing = false;
}

static void write_i2cr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_i2c *c = i2c_of(device_of(rf));
    uint32_t sr = regfile_peek(rf, I2SR);
    (void)i;
    if (!(raw & CR_IEN)) {
        stop(c);
        regfile_poke(rf, I2SR, SR_ICF | SR_RXAK);
        regfile_put(rf, row, 0, raw & ~(uint32_t)(CR_MSTA | CR_RSTA));
        update_irq(c);
        return;
    }
    if ((raw & CR_MSTA) && !(old & CR_MSTA)) {
        c->addressing = true;
        sr |= SR_IBB;
    } else if (!(raw & CR_MSTA) && (old & CR_MSTA)) {
        stop(c);
        sr &= ~(uint32_t)SR_IBB;
    } else if ((raw & CR_RSTA) && (raw & CR_MSTA)) {
        c->addressing = true;
    }
    regfile_put(rf, row, 0, raw & ~(uint32_t)CR_RSTA & 0xf8);
    regfile_poke(rf, I2SR, sr);
    update_irq(c);
}

static void write_i2sr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    (void)i;
    // interrupt and arbitration flags are cleared by writing 0
    regfile_put(rf, row, 0, old & (raw | ~(uint32_t)(SR_IIF | SR_IAL)));
    update_irq(i2c_of(device_of(rf)));
}

static void address_byte(struct imx_i2c *c, uint8_t v)
{
    struct device *s;
    c->addressing = false;
    c->slave = v >> 1;
    c->reading = v & 1;
    c->open = true;
    s = slave_of(c);
    c->open = s != NULL;
    TRACE(device_log(&c->dev), i2c, "%s: %s 0x%02x %s", c->dev.name, c->reading ? "read" : "write",
          c->slave, s ? s->name : "nobody");
    if (s && s->cls->i2c->start) {
        s->cls->i2c->start(s, c->reading);
    }
    byte_done(c, s != NULL);
}

static void write_i2dr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_i2c *c = i2c_of(device_of(rf));
    uint32_t cr = regfile_peek(rf, I2CR);
    struct device *s;
    (void)row, (void)i, (void)old;
    if (!(cr & CR_IEN) || !(cr & CR_MSTA) || !(cr & CR_MTX)) {
        return;
    }
    if (c->addressing) {
        address_byte(c, (uint8_t)raw);
        return;
    }
    s = slave_of(c);
    TRACE(device_log(&c->dev), i2c, "%s: -> 0x%02x", c->dev.name, raw & 0xff);
    byte_done(c, s && s->cls->i2c->send && s->cls->i2c->send(s, (uint8_t)raw));
}

static uint32_t read_i2dr(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_i2c *c = i2c_of(device_of(rf));
    uint32_t cr = regfile_peek(rf, I2CR), v = regfile_get(rf, row, i);
    if ((cr & CR_IEN) && (cr & CR_MSTA) && !(cr & CR_MTX) && c->reading) {
        struct device *s = slave_of(c);
        uint8_t next = s && s->cls->i2c->recv ? s->cls->i2c->recv(s) : 0xff;
        TRACE(device_log(&c->dev), i2c, "%s: <- 0x%02x", c->dev.name, next);
        regfile_put(rf, row, i, next);
        byte_done(c, !(cr & CR_TXAK));
    }
    return v;
}

// clang-format off
static const struct reg_row rows[] = {
    RW_MASK(IADR, "IADR", 0, 0xfe),
    RW_MASK(IFDR, "IFDR", 0, 0x3f),
    {.name = "I2CR", .offset = I2CR, .writable = 0xfc, .write = write_i2cr,
     .doc = "7 IEN, 6 IIEN, 5 MSTA, 4 MTX, 3 TXAK, 2 RSTA"},
    {.name = "I2SR", .offset = I2SR, .reset = SR_ICF | SR_RXAK, .write = write_i2sr,
     .doc = "7 ICF, 5 IBB, 4 IAL, 1 IIF, 0 RXAK"},
    {.name = "I2DR", .offset = I2DR, .writable = 0xff, .read = read_i2dr, .write = write_i2dr},
};
// clang-format on
static const struct reg_table table = REG_TABLE("i2c", rows, 0x14);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    struct imx_i2c *c = i2c_of(dev);
    stop(c);
    update_irq(c);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct imx_i2c, slave), SNAP_FIELD(struct imx_i2c, addressing),
    SNAP_FIELD(struct imx_i2c, open), SNAP_FIELD(struct imx_i2c, reading), SNAP_END};

const struct device_class imx_i2c_class = {
    .name = "imx-i2c",
    .doc = "I2C controller",
    .bytes = sizeof(struct imx_i2c),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .state = state,
};
