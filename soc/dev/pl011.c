// SPDX-License-Identifier: MIT
//
// PrimeCell UART PL011 (ARM DDI 0183): 16-character FIFOs; sending takes no time. Received
// characters count at once, so the trigger level and the time-out come to the same. Left out: DMA,
// infrared, modem lines, errors.
#include "base/snapshot.h"
#include "soc/dev/primecell.h"
#include "soc/serial.h"

enum { DR = 0x00, FR = 0x18, LCRH = 0x2c, CR = 0x30, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };
enum { FR_RXFE = BIT(4), FR_RXFF = BIT(6), FR_TXFE = BIT(7) };
enum { CR_EN = BIT(0), CR_LOOP = BIT(7), CR_TXE = BIT(8), CR_RXE = BIT(9), LCRH_FEN = BIT(4) };
enum { INT_RX = BIT(4), INT_TX = BIT(5), INT_RT = BIT(6), FIFO = 16 };

struct pl011 {
    struct device dev;
    struct serial_client client;
    struct serial *serial;
    uint8_t fifo[FIFO];
    uint8_t head, count;
    uint32_t raised; // latched: transmitter
};

static struct pl011 *uart_of(struct device *dev)
{
    return container_of(dev, struct pl011, dev);
}

static uint32_t raw(const struct pl011 *u)
{
    return u->raised | (u->count ? INT_RX | INT_RT : 0);
}

static void update_irq(struct pl011 *u)
{
    device_output(&u->dev, 0, raw(u) & regfile_peek(device_regs(&u->dev, 0), IMSC));
}

static void push(struct pl011 *u, uint8_t c)
{
    if (u->count < FIFO) {
        u->fifo[(u->head + u->count++) % FIFO] = c;
    }
}

static void fill(struct pl011 *u)
{
    struct regfile *rf = device_regs(&u->dev, 0);
    uint32_t cr = regfile_peek(rf, CR), most = regfile_peek(rf, LCRH) & LCRH_FEN ? FIFO : 1;
    uint8_t c;
    while (u->serial && cr & CR_EN && cr & CR_RXE && u->count < most &&
           serial_take(u->serial, &c, 1)) {
        push(u, c);
    }
    update_irq(u);
}

static void received(struct serial_client *client)
{
    fill(container_of(client, struct pl011, client));
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct pl011 *u = uart_of(device_of(rf));
    uint32_t v = 0, most = regfile_peek(rf, LCRH) & LCRH_FEN ? FIFO : 1;
    (void)i;
    switch (row->offset) {
    case DR:
        if (u->count) {
            v = u->fifo[u->head];
            u->head = (u->head + 1) % FIFO;
            u->count--;
            fill(u);
        }
        return v;
    case FR:
        return FR_TXFE | (u->count ? 0 : FR_RXFE) | (u->count >= most ? FR_RXFF : 0);
    case RIS:
        return raw(u);
    case MIS:
        return raw(u) & regfile_peek(rf, IMSC);
    default:
        return 0;
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t val,
                      uint32_t old)
{
    struct pl011 *u = uart_of(device_of(rf));
    uint32_t cr = regfile_peek(rf, CR);
    (void)i, (void)old;
    switch (row->offset) {
    case DR:
        if (cr & CR_LOOP) {
            push(u, (uint8_t)val);
        } else if (u->serial) {
            serial_send(u->serial, (uint8_t)val);
        }
        u->raised |= INT_TX; // it is empty again
        break;
    case ICR:
        u->raised &= ~val;
        break;
    default:
        fill(u);
        return;
    }
    update_irq(u);
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "DR", .offset = DR, .read = read_any, .write = write_any},
    RW_MASK(0x04, "RSR", 0, 0),
    {.name = "FR", .offset = FR, .read = read_any},
    RW_MASK(0x20, "ILPR", 0, 0xff), RW_MASK(0x24, "IBRD", 0, 0xffff), RW_MASK(0x28, "FBRD", 0, 0x3f),
    {.name = "LCR_H", .offset = LCRH, .writable = 0xff, .write = write_any},
    {.name = "CR", .offset = CR, .reset = 0x300, .writable = 0xff87, .write = write_any},
    RW_MASK(0x34, "IFLS", 0x12, 0x3f),
    {.name = "IMSC", .offset = IMSC, .writable = 0x7ff, .write = write_any},
    {.name = "RIS", .offset = RIS, .read = read_any}, {.name = "MIS", .offset = MIS, .read = read_any},
    {.name = "ICR", .offset = ICR, .write = write_any},
    RW_MASK(0x48, "DMACR", 0, 7),
    PRIMECELL_ROWS(0x011, 0x14),
};
// clang-format on
static const struct reg_table table = REG_TABLE("pl011", rows, PRIMECELL_SPAN);
static const struct device_window windows[] = {WINDOW(table)};

static void reset(struct device *dev)
{
    struct pl011 *u = uart_of(dev);
    u->head = u->count = 0;
    u->raised = 0;
    update_irq(u);
}

static int attach_serial(struct device *dev, struct serial *serial, struct err *err)
{
    struct pl011 *u = uart_of(dev);
    (void)err;
    u->serial = serial;
    u->client.received = received;
    serial_connect(serial, &u->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct pl011 *u = uart_of(dev);
    u->head %= FIFO;
    u->count = u->count <= FIFO ? u->count : FIFO;
    return snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_ARRAY(struct pl011, fifo), SNAP_FIELD(struct pl011, head), SNAP_FIELD(struct pl011, count),
    SNAP_FIELD(struct pl011, raised), SNAP_END};

const struct device_class pl011_class = {
    .name = "pl011",
    .doc = "serial port",
    .bytes = sizeof(struct pl011),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .attach_serial = attach_serial,
    .state = state,
    .restore = restore,
};
