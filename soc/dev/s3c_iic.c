// SPDX-License-Identifier: MIT
//
// I2C controller of the S3C2410/2440 (User's Manual, "IIC-Bus Interface") as bus master: a byte
// goes over the wire at once when software clears the pending bit. Left out: slave mode,
// arbitration.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/i2c.h"

enum { IICCON = 0x00, IICSTAT = 0x04, IICADD = 0x08, IICDS = 0x0c, IICLC = 0x10 };
enum { CON_ACK = BIT(7), CON_IRQ = BIT(5), CON_PENDING = BIT(4) };
enum {
    STAT_TX = BIT(6),
    STAT_MASTER = BIT(7),
    STAT_BUSY = BIT(5),
    STAT_ON = BIT(4),
    STAT_NAK = BIT(0)
};

struct s3c_iic {
    struct device dev;
    uint8_t slave, open, active; // active: between START and STOP
    uint8_t restart;             // START waits until the pending byte is done with
};

static struct s3c_iic *iic_of(struct device *dev)
{
    return container_of(dev, struct s3c_iic, dev);
}

static struct device *slave_of(struct s3c_iic *c)
{
    struct device *s = c->open ? device_child(&c->dev, c->slave) : NULL;
    return s && s->cls->i2c ? s : NULL;
}

// The controller asks once a byte: software acknowledges at the interrupt controller first and takes
// the byte later.
static void ask(struct s3c_iic *c)
{
    if (regfile_peek(device_regs(&c->dev, 0), IICCON) & CON_IRQ) {
        device_output(&c->dev, 0, true);
        device_output(&c->dev, 0, false);
    }
}

static void byte_done(struct s3c_iic *c, bool ack)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    regfile_poke(rf, IICSTAT, bits_put(regfile_peek(rf, IICSTAT), 0, 0, !ack));
    regfile_poke(rf, IICCON, regfile_peek(rf, IICCON) | CON_PENDING);
    ask(c);
}

static void stop(struct s3c_iic *c)
{
    struct device *s = slave_of(c);
    if (s && s->cls->i2c->stop) {
        s->cls->i2c->stop(s);
    }
    c->open = c->active = c->restart = 0;
}

static void start(struct s3c_iic *c)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    uint32_t ds = regfile_peek(rf, IICDS);
    struct device *s;
    c->restart = 0;
    c->slave = (uint8_t)(ds >> 1 & 0x7f);
    c->open = c->active = 1;
    s = slave_of(c);
    c->open = s != NULL;
    if (s && s->cls->i2c->start) {
        s->cls->i2c->start(s, !(regfile_peek(rf, IICSTAT) & STAT_TX));
    }
    byte_done(c, s != NULL);
}

static void next_byte(struct s3c_iic *c)
{
    struct regfile *rf = device_regs(&c->dev, 0);
    struct device *s = slave_of(c);
    if (regfile_peek(rf, IICSTAT) & STAT_TX) {
        byte_done(c,
                  s && s->cls->i2c->send && s->cls->i2c->send(s, (uint8_t)regfile_peek(rf, IICDS)));
    } else {
        regfile_poke(rf, IICDS, s && s->cls->i2c->recv ? s->cls->i2c->recv(s) : 0xff);
        byte_done(c, regfile_peek(rf, IICCON) & CON_ACK);
    }
}

static void write_con(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_iic *c = iic_of(device_of(rf));
    (void)i;
    regfile_put(rf, row, 0, (raw & 0xef) | (raw & old & CON_PENDING));
    if ((raw & old & CON_PENDING) && !(old & CON_IRQ)) {
        ask(c); // enabled while it waits
    }
    if (!(old & CON_PENDING) || (raw & CON_PENDING)) {
        return;
    }
    if (c->restart) {
        start(c);
    } else if (c->active) {
        next_byte(c);
    }
}

static void write_stat(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_iic *c = iic_of(device_of(rf));
    (void)i;
    regfile_put(rf, row, 0, (raw & 0xf0) | (old & 0xf));
    if (!(raw & STAT_ON) || !(raw & STAT_MASTER) || !(raw & STAT_BUSY)) {
        stop(c);
        regfile_put(rf, row, 0, raw & 0xd0);
    } else if (regfile_peek(rf, IICCON) & CON_PENDING) {
        c->restart = 1;
    } else {
        start(c);
    }
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "IICCON", .offset = IICCON, .writable = 0xef, .write = write_con,
     .doc = "7 acknowledge, 6 clock, 5 interrupt enable, 4 pending, [3:0] prescaler"},
    {.name = "IICSTAT", .offset = IICSTAT, .writable = 0xf0, .write = write_stat,
     .doc = "[7:6] mode, 5 busy/START/STOP, 4 output enable, 0 no acknowledge"},
    RW_MASK(IICADD, "IICADD", 0, 0xff), RW_MASK(IICDS, "IICDS", 0, 0xff), RW_MASK(IICLC, "IICLC", 0, 7),
};
// clang-format on
static const struct reg_table table = REG_TABLE("iic", rows, 0x14);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

static void reset(struct device *dev)
{
    stop(iic_of(dev));
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct s3c_iic, slave), SNAP_FIELD(struct s3c_iic, open),
    SNAP_FIELD(struct s3c_iic, active), SNAP_FIELD(struct s3c_iic, restart), SNAP_END};

const struct device_class s3c_iic_class = {
    .name = "s3c-iic",
    .doc = "I2C controller",
    .bytes = sizeof(struct s3c_iic),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .state = state,
};

// ---- a quarter of a 24C08 EEPROM: 256 bytes at one address, blank when new
// -----------------------------------------------------------------------------

struct s3c_24c08 {
    struct device dev;
    uint8_t data[256]; // inverted, so that new memory is blank
    uint8_t pointer, addressed;
};

static void rom_start(struct device *dev, bool read)
{
    container_of(dev, struct s3c_24c08, dev)->addressed = read;
}

static bool rom_send(struct device *dev, uint8_t byte)
{
    struct s3c_24c08 *e = container_of(dev, struct s3c_24c08, dev);
    if (!e->addressed) {
        e->pointer = byte;
        e->addressed = 1;
    } else { // a page of 16 bytes wraps
        e->data[e->pointer] = (uint8_t)~byte;
        e->pointer = (uint8_t)((e->pointer & 0xf0) | ((e->pointer + 1) & 0xf));
    }
    return true;
}

static uint8_t rom_recv(struct device *dev)
{
    struct s3c_24c08 *e = container_of(dev, struct s3c_24c08, dev);
    return (uint8_t)~e->data[e->pointer++];
}

static const struct i2c_slave_ops rom_ops = {rom_start, rom_send, rom_recv, NULL};
static const struct snap_field rom_state[] = {SNAP_ARRAY(struct s3c_24c08, data),
                                              SNAP_FIELD(struct s3c_24c08, pointer),
                                              SNAP_FIELD(struct s3c_24c08, addressed), SNAP_END};

const struct device_class s3c_24c08_class = {
    .name = "24c08-block",
    .doc = "256 bytes of a 24C08 EEPROM",
    .bytes = sizeof(struct s3c_24c08),
    .i2c = &rom_ops,
    .state = rom_state,
};
