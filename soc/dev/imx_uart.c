// SPDX-License-Identifier: MIT
//
// UART of the i.MX family, second form (i.MX21 to i.MX6; i.MX53 Reference Manual, "UART"). Sending
// takes no time: the transmitter is always empty. Receiving has the 32-character FIFO, its trigger
// level and the ageing timer. Left out: DMA requests, IrDA, autobaud, RS-485 addresses, modem lines
// other than RTS.
#include "base/err.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/serial.h"

enum {
    URXD = 0x00,
    UTXD = 0x40,
    UCR1 = 0x80,
    UCR2 = 0x84,
    UCR3 = 0x88,
    UCR4 = 0x8c,
    UFCR = 0x90,
    USR1 = 0x94,
    USR2 = 0x98,
    UTS = 0xb4
};
enum { FIFO = 32 };
enum { UCR1_UARTEN = BIT(0), UCR1_RRDYEN = BIT(9), UCR1_TRDYEN = BIT(13), UCR1_TXMPTYEN = BIT(6) };
enum { UCR2_SRST = BIT(0), UCR2_RXEN = BIT(1), UCR2_TXEN = BIT(2), UCR2_ATEN = BIT(3) };
enum { UCR4_DREN = BIT(0), UCR4_OREN = BIT(1), UCR4_TCEN = BIT(3) };
enum {
    USR1_AGTIM = BIT(8),
    USR1_RRDY = BIT(9),
    USR1_TRDY = BIT(13),
    USR1_RTSS = BIT(14),
    USR1_RXDS = BIT(6)
};
enum { USR2_RDR = BIT(0), USR2_TXDC = BIT(3), USR2_DCDIN = BIT(5), USR2_TXFE = BIT(14) };
enum { URXD_CHARRDY = BIT(15) };
enum {
    UTS_SOFTRST = BIT(0),
    UTS_RXFULL = BIT(3),
    UTS_RXEMPTY = BIT(5),
    UTS_TXEMPTY = BIT(6),
    UTS_LOOP = BIT(12)
};

struct imx_uart {
    struct device dev;
    struct serial_client client;
    struct serial *serial;
    struct event ageing;
    uint8_t fifo[FIFO];
    uint8_t head, count;
    bool aged;
};

static struct imx_uart *uart_of(struct device *dev)
{
    return container_of(dev, struct imx_uart, dev);
}

static uint32_t status1(struct imx_uart *u)
{
    struct regfile *rf = device_regs(&u->dev, 0);
    uint32_t level = regfile_peek(rf, UFCR) & 0x3f,
             v = regfile_peek(rf, USR1) | USR1_TRDY | USR1_RTSS;
    if (u->count && u->count >= level) {
        v |= USR1_RRDY;
    }
    if (u->aged && u->count) {
        v |= USR1_AGTIM;
    }
    return u->count ? v : v | USR1_RXDS;
}

static uint32_t status2(struct imx_uart *u)
{
    return USR2_TXFE | USR2_TXDC | USR2_DCDIN | regfile_peek(device_regs(&u->dev, 0), USR2) |
           (u->count ? USR2_RDR : 0);
}

static void update_irq(struct imx_uart *u)
{
    struct regfile *rf = device_regs(&u->dev, 0);
    uint32_t s1 = status1(u), s2 = status2(u);
    uint32_t c1 = regfile_peek(rf, UCR1), c2 = regfile_peek(rf, UCR2), c4 = regfile_peek(rf, UCR4);
    bool irq = (s1 & USR1_RRDY && c1 & UCR1_RRDYEN) || (s1 & USR1_AGTIM && c2 & UCR2_ATEN) ||
               (s2 & USR2_RDR && c4 & UCR4_DREN);
    if (c2 & UCR2_TXEN) {
        irq = irq || (c1 & (UCR1_TRDYEN | UCR1_TXMPTYEN)) || (c4 & UCR4_TCEN);
    }
    device_output(&u->dev, 0, irq && c1 & UCR1_UARTEN);
}

// Characters wait longer than eight character times without being read: 115200 8N1 is assumed.
static void start_ageing(struct imx_uart *u)
{
    if (u->count) {
        device_arm(&u->dev, &u->ageing, device_now(&u->dev) + 8 * 86806);
    } else {
        device_cancel(&u->dev, &u->ageing);
    }
}

static void fill(struct imx_uart *u)
{
    struct regfile *rf = device_regs(&u->dev, 0);
    bool any = false;
    uint8_t c;
    if (!u->serial || !(regfile_peek(rf, UCR1) & UCR1_UARTEN) ||
        !(regfile_peek(rf, UCR2) & UCR2_RXEN)) {
        return;
    }
    while (u->count < FIFO && serial_take(u->serial, &c, 1)) {
        u->fifo[(u->head + u->count++) % FIFO] = c;
        any = true;
    }
    if (any) {
        start_ageing(u);
        update_irq(u);
    }
}

static void received(struct serial_client *client)
{
    fill(container_of(client, struct imx_uart, client));
}

static void age(struct event *ev, uint64_t now)
{
    struct imx_uart *u = container_of(ev, struct imx_uart, ageing);
    (void)now;
    u->aged = true;
    update_irq(u);
}

static uint32_t read_urxd(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_uart *u = uart_of(device_of(rf));
    uint32_t v = 0;
    (void)row, (void)i;
    if (u->count) {
        v = URXD_CHARRDY | u->fifo[u->head];
        u->head = (u->head + 1) % FIFO;
        u->count--;
        u->aged = u->aged && u->count;
        fill(u);
        start_ageing(u);
        update_irq(u);
    }
    return v;
}

static void write_utxd(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_uart *u = uart_of(device_of(rf));
    (void)row, (void)i, (void)old;
    if (!(regfile_peek(rf, UCR2) & UCR2_TXEN)) {
        return;
    }
    if (regfile_peek(rf, UTS) & UTS_LOOP) {
        if (u->count < FIFO) {
            u->fifo[(u->head + u->count++) % FIFO] = (uint8_t)raw;
            start_ageing(u);
        }
    } else if (u->serial) {
        serial_send(u->serial, (uint8_t)raw);
    }
    update_irq(u);
}

static void empty_fifo(struct imx_uart *u)
{
    u->head = u->count = 0;
    u->aged = false;
    device_cancel(&u->dev, &u->ageing);
}

static void write_ucr2(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_uart *u = uart_of(device_of(rf));
    (void)old, (void)i;
    if (!(raw & UCR2_SRST)) { // resets the FIFOs and reads as done at once
        empty_fifo(u);
        regfile_put(rf, row, 0, regfile_get(rf, row, 0) | UCR2_SRST);
    }
    fill(u);
    update_irq(u);
}

static void write_uts(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_uart *u = uart_of(device_of(rf));
    (void)old, (void)i;
    if (raw & UTS_SOFTRST) {
        empty_fifo(u);
        regfile_put(rf, row, 0, raw & ~(uint32_t)UTS_SOFTRST & 0x3400);
        update_irq(u);
    }
}

static void write_ctl(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_uart *u = uart_of(device_of(rf));
    (void)row, (void)i, (void)old;
    if (row->offset == USR1 && raw & USR1_AGTIM) {
        u->aged = false;
        start_ageing(u);
    }
    fill(u);
    update_irq(u);
}

static uint32_t read_usr1(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return status1(uart_of(device_of(rf)));
}

static uint32_t read_usr2(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return status2(uart_of(device_of(rf)));
}

static uint32_t read_uts(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_uart *u = uart_of(device_of(rf));
    uint32_t v = regfile_get(rf, row, i) | UTS_TXEMPTY;
    return v | (u->count ? 0 : UTS_RXEMPTY) | (u->count == FIFO ? UTS_RXFULL : 0);
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "URXD", .offset = URXD, .read = read_urxd},
    {.name = "UTXD", .offset = UTXD, .write = write_utxd},
    {.name = "UCR1", .offset = UCR1, .writable = 0xffff, .write = write_ctl,
     .doc = "0 UARTEN, 6 TXMPTYEN, 9 RRDYEN, 13 TRDYEN"},
    {.name = "UCR2", .offset = UCR2, .reset = 1, .writable = 0xffff, .write = write_ucr2,
     .doc = "0 SRST (reads 1), 1 RXEN, 2 TXEN, 3 ATEN"},
    {.name = "UCR3", .offset = UCR3, .reset = 0x700, .writable = 0xffff, .write = write_ctl},
    {.name = "UCR4", .offset = UCR4, .reset = 0x8000, .writable = 0xffff, .write = write_ctl,
     .doc = "0 DREN, 1 OREN, 3 TCEN"},
    {.name = "UFCR", .offset = UFCR, .reset = 0x801, .writable = 0xffff, .write = write_ctl,
     .doc = "[5:0] RXTL, [9:7] RFDIV, [15:10] TXTL"},
    {.name = "USR1", .offset = USR1, .w1c = 0xdd30, .read = read_usr1, .write = write_ctl},
    {.name = "USR2", .offset = USR2, .w1c = 0xbfb6, .read = read_usr2, .write = write_ctl},
    RW_MASK(0x9c, "UESC", 0x2b, 0xff),
    RW_MASK(0xa0, "UTIM", 0, 0xfff),
    RW_MASK(0xa4, "UBIR", 0, 0xffff),
    RW_MASK(0xa8, "UBMR", 0, 0xffff),
    RO(0xac, "UBRC", 4),
    RW_MASK(0xb0, "ONEMS", 0, 0xffffff),
    {.name = "UTS", .offset = UTS, .writable = 0x3400, .read = read_uts, .write = write_uts},
    RW_MASK(0xb8, "UMCR", 0, 0xffff),
};
// clang-format on
static const struct reg_table table = REG_TABLE("uart", rows, 0xbc);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    empty_fifo(uart_of(dev));
    update_irq(uart_of(dev));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&uart_of(dev)->ageing, age);
    return 0;
}

static int attach_serial(struct device *dev, struct serial *serial, struct err *err)
{
    struct imx_uart *u = uart_of(dev);
    (void)err;
    u->serial = serial;
    u->client.received = received;
    serial_connect(serial, &u->client);
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct imx_uart, dev)->ageing);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    device_restore_event(dev, r, &uart_of(dev)->ageing);
    return snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_ARRAY(struct imx_uart, fifo), SNAP_FIELD(struct imx_uart, head),
    SNAP_FIELD(struct imx_uart, count), SNAP_FIELD(struct imx_uart, aged), SNAP_END};

const struct device_class imx_uart_class = {
    .name = "imx-uart",
    .doc = "serial port",
    .bytes = sizeof(struct imx_uart),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .realize = realize,
    .reset = reset,
    .attach_serial = attach_serial,
    .state = state,
    .save = save,
    .restore = restore,
};
