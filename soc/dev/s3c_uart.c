// SPDX-License-Identifier: MIT
//
// UART of the S3C2410 and S3C2440 (User's Manuals, "UART") with their FIFOs of 16 and 64 bytes. Sending takes no time: the
// transmitter is always empty. Received characters count as ready at once, so the trigger level and
// the receive time-out come to the same. Left out: DMA, infrared, modem lines, errors.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/serial.h"

enum { UCON = 0x04, UFCON = 0x08, UTRSTAT = 0x10, UFSTAT = 0x18, UTXH = 0x20, URXH = 0x24 };
enum { FIFO = 64, FIFO_2410 = 16 };
enum { OUT_RX, OUT_TX, OUT_ERR };
enum { UCON_LOOP = BIT(5), UCON_TX_LEVEL = BIT(9) };

struct s3c_uart {
    struct device dev;
    struct serial_client client;
    struct serial *serial;
    uint8_t fifo[FIFO];
    uint8_t head, count;
};

extern const struct device_class s3c2410_uart_class;

static struct s3c_uart *uart_of(struct device *dev)
{
    return container_of(dev, struct s3c_uart, dev);
}

static unsigned room(struct s3c_uart *u)
{
    unsigned whole = u->dev.cls == &s3c2410_uart_class ? FIFO_2410 : FIFO;
    return regfile_peek(device_regs(&u->dev, 0), UFCON) & 1 ? whole : 1;
}

static void update_irq(struct s3c_uart *u)
{
    uint32_t con = regfile_peek(device_regs(&u->dev, 0), UCON);
    device_output(&u->dev, OUT_RX, u->count && bits(con, 1, 0) == 1);
    device_output(&u->dev, OUT_TX, bits(con, 3, 2) == 1 && (con & UCON_TX_LEVEL));
}

static void push(struct s3c_uart *u, uint8_t c)
{
    if (u->count < FIFO) {
        u->fifo[(u->head + u->count++) % FIFO] = c;
    }
}

static void fill(struct s3c_uart *u)
{
    uint8_t c;
    while (u->serial && bits(regfile_peek(device_regs(&u->dev, 0), UCON), 1, 0) &&
           u->count < room(u) && serial_take(u->serial, &c, 1)) {
        push(u, c);
    }
    update_irq(u);
}

static void received(struct serial_client *client)
{
    fill(container_of(client, struct s3c_uart, client));
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_uart *u = uart_of(device_of(rf));
    uint32_t v = 0;
    (void)i;
    switch (row->offset) {
    case UTRSTAT:
        return 6u | (u->count != 0);
    case UFSTAT:
        if (u->dev.cls == &s3c2410_uart_class) {
            return u->count >= FIFO_2410 ? BIT(8) : u->count;
        }
        return u->count == FIFO ? BIT(6) : u->count;
    case URXH:
        if (u->count) {
            v = u->fifo[u->head];
            u->head = (u->head + 1) % FIFO;
            u->count--;
            fill(u);
        }
        return v;
    default:
        return 0;
    }
}

static void write_utxh(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_uart *u = uart_of(device_of(rf));
    uint32_t con = regfile_peek(rf, UCON);
    (void)row, (void)i, (void)old;
    if (con & UCON_LOOP) {
        push(u, (uint8_t)raw);
    } else if (u->serial) {
        serial_send(u->serial, (uint8_t)raw);
    }
    update_irq(u);
    if (bits(con, 3, 2) == 1 && !(con & UCON_TX_LEVEL)) { // a pulse: it is empty again
        device_output(&u->dev, OUT_TX, true);
        device_output(&u->dev, OUT_TX, false);
    }
}

static void write_con(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_uart *u = uart_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == UFCON) {
        if (raw & BIT(1)) {
            u->head = u->count = 0;
        }
        regfile_put(rf, row, 0, raw & 0xf1);
    }
    fill(u);
}

// clang-format off
static const struct reg_row rows[] = {
    RW_MASK(0x00, "ULCON", 0, 0x7f),
    {.name = "UCON", .offset = UCON, .writable = 0xffff, .write = write_con,
     .doc = "[1:0] receive mode, [3:2] transmit mode, 5 loop back, 8/9 level interrupts"},
    {.name = "UFCON", .offset = UFCON, .writable = 0xf7, .write = write_con,
     .doc = "0 enable, 1/2 reset, [5:4] receive trigger, [7:6] transmit trigger"},
    RW_MASK(0x0c, "UMCON", 0, 0x11),
    {.name = "UTRSTAT", .offset = UTRSTAT, .reset = 6, .read = read_any},
    RO(0x14, "UERSTAT", 0),
    {.name = "UFSTAT", .offset = UFSTAT, .read = read_any},
    RO(0x1c, "UMSTAT", 1),
    {.name = "UTXH", .offset = UTXH, .write = write_utxh},
    {.name = "URXH", .offset = URXH, .read = read_any},
    RW_MASK(0x28, "UBRDIV", 0, 0xffff),
    RW_MASK(0x2c, "UDIVSLOT", 0, 0xffff),
};
// clang-format on
static const struct reg_table table = REG_TABLE("uart", rows, 0x30);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    uart_of(dev)->head = uart_of(dev)->count = 0;
    update_irq(uart_of(dev));
}

static int attach_serial(struct device *dev, struct serial *serial, struct err *err)
{
    struct s3c_uart *u = uart_of(dev);
    (void)err;
    u->serial = serial;
    u->client.received = received;
    serial_connect(serial, &u->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct s3c_uart *u = uart_of(dev);
    u->head %= FIFO;
    u->count = u->count <= FIFO ? u->count : FIFO;
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_ARRAY(struct s3c_uart, fifo),
                                          SNAP_FIELD(struct s3c_uart, head),
                                          SNAP_FIELD(struct s3c_uart, count), SNAP_END};

#define CLASS(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .doc = "serial port", .bytes = sizeof(struct s3c_uart),                   \
        .windows = windows, .window_count = ARRAY_LEN(windows),                                    \
        .outputs = (const char *const[]){"rx", "tx", "err", NULL}, .reset = reset,                 \
        .attach_serial = attach_serial, .state = state, .restore = restore,                        \
    }
const struct device_class s3c_uart_class = CLASS("s3c2440-uart");
const struct device_class s3c2410_uart_class = CLASS("s3c2410-uart");
