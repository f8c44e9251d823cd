// SPDX-License-Identifier: MIT
//
// Cirrus CS8900A Ethernet controller in I/O mode (data sheet, "Packet Page"): pointer and data ports,
// the receive and transmit ports, the interrupt status queue, address filter. Always linked. Left out:
// memory mode, EEPROM, DMA, early interrupts, counters.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/net.h"

enum { RTDATA = 0x0, TXCMD = 0x4, TXLEN = 0x6, ISQ = 0x8, PTR = 0xa, DATA = 0xc, DATA1 = 0xe };
enum { P_ID = 0x000, P_INT = 0x022, P_RXCFG = 0x102, P_RXCTL = 0x104, P_TXCFG = 0x106, P_BUFCFG = 0x10a };
enum { P_LINECTL = 0x112, P_SELFCTL = 0x114, P_BUSCTL = 0x116, P_ISQ = 0x120, P_RXEVENT = 0x124 };
enum { P_TXEVENT = 0x128, P_BUFEVENT = 0x12c, P_LINEST = 0x134, P_SELFST = 0x136, P_BUSST = 0x138 };
enum { P_TXCMD = 0x144, P_TXLEN = 0x146, P_LAF = 0x150, P_IA = 0x158, P_RXSTATUS = 0x400 };
enum { OK = 0x100, RDY = 0x100, RX_PROMISC = 0x80, RX_BCAST = 0x800 };
enum { RX_IA = 0x400, RX_MCAST = 0x200, PAGE = 0x1000, QUEUE = 8 };

struct cs8900 {
    struct device dev;
    struct netdev_client client;
    struct netdev *net;
    uint16_t page[PAGE / 2];
    uint16_t ptr, rx_at, rx_len, tx_at, tx_want;
    uint8_t rx[NET_FRAME_MAX], tx[NET_FRAME_MAX];
    uint16_t queue[QUEUE];
    uint8_t queued, have_rx;
};

static struct cs8900 *eth_of(struct device *dev)
{
    return container_of(dev, struct cs8900, dev);
}

static uint16_t *reg(struct cs8900 *e, uint32_t at)
{
    return &e->page[at % PAGE / 2];
}

static void update(struct cs8900 *e)
{
    device_output(&e->dev, 0, e->queued && (*reg(e, P_BUSCTL) & 0x8000));
}

static void event(struct cs8900 *e, uint16_t v)
{
    if (e->queued < QUEUE) {
        e->queue[e->queued++] = v;
    }
    update(e);
}

static void chip_reset(struct cs8900 *e)
{
    uint16_t ia[3];
    memcpy(ia, reg(e, P_IA), sizeof ia);
    memset(e->page, 0, sizeof e->page);
    *reg(e, P_ID) = 0x630e;
    *reg(e, P_ID + 2) = 0x0a00;
    *reg(e, 0x20) = 0x300;
    *reg(e, P_INT) = 4;
    *reg(e, P_RXCFG) = 3;
    *reg(e, P_RXCTL) = 5;
    *reg(e, P_TXCFG) = 7;
    *reg(e, P_TXCMD) = 9;
    *reg(e, P_BUFCFG) = 0xb;
    *reg(e, P_LINECTL) = 0x13;
    *reg(e, P_SELFCTL) = 0x15;
    *reg(e, P_BUSCTL) = 0x17;
    *reg(e, P_RXEVENT) = 4;
    *reg(e, P_TXEVENT) = 8;
    *reg(e, P_BUFEVENT) = 0xc;
    *reg(e, P_LINEST) = 0x94;  // linked
    *reg(e, P_SELFST) = 0x96;  // initialized
    *reg(e, P_BUSST) = 0x18;
    memcpy(reg(e, P_IA), ia, sizeof ia);
    e->queued = e->have_rx = 0;
    e->rx_at = e->rx_len = e->tx_at = e->tx_want = 0;
    update(e);
}

static bool wanted(struct cs8900 *e, const uint8_t *dst, uint16_t *why)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint16_t ctl = *reg(e, P_RXCTL);
    uint8_t ia[6];
    for (unsigned i = 0; i < 3; i++) {
        put_le16(ia + i * 2, *reg(e, P_IA + i * 2));
    }
    *why = 0;
    if (memcmp(dst, all, 6) == 0 && (ctl & RX_BCAST)) {
        *why = 0x800;
        return true;
    }
    if (memcmp(dst, ia, 6) == 0 && (ctl & RX_IA)) {
        *why = 0x400;
        return true;
    }
    if ((dst[0] & 1) && (ctl & RX_MCAST)) {
        *why = 0x200;
        return true;
    }
    return ctl & RX_PROMISC;
}

static bool receive(struct netdev_client *client, const uint8_t *frame, size_t n)
{
    struct cs8900 *e = container_of(client, struct cs8900, client);
    uint16_t why;
    if (!(*reg(e, P_LINECTL) & 0x40) || n < 14 || n > NET_FRAME_MAX || !wanted(e, frame, &why)) {
        return true;
    }
    if (e->have_rx) {
        return false;
    }
    memcpy(e->rx, frame, n);
    memset(e->rx + n, 0, n < 60 ? 60 - n : 0);
    e->rx_len = (uint16_t)(n < 60 ? 60 : n);
    e->rx_at = 0;
    e->have_rx = 1;
    *reg(e, P_RXEVENT) = (uint16_t)(4 | OK | why);
    *reg(e, P_RXSTATUS) = *reg(e, P_RXEVENT);
    *reg(e, P_RXSTATUS + 2) = e->rx_len;
    if (*reg(e, P_RXCFG) & OK) {
        event(e, *reg(e, P_RXEVENT));
    }
    return true;
}

static void frame_done(struct cs8900 *e)
{
    e->have_rx = 0;
    *reg(e, P_RXEVENT) = 4;
    if (e->net) {
        netdev_ready(e->net);
    }
}

// The port gives status, length, then the frame.
static uint16_t read_frame(struct cs8900 *e)
{
    uint16_t v = 0;
    if (!e->have_rx) {
        return 0;
    }
    if (e->rx_at < 4) {
        v = e->rx_at ? e->rx_len : *reg(e, P_RXSTATUS);
    } else {
        uint32_t at = e->rx_at - 4u;
        v = e->rx[at];
        v |= at + 1 < e->rx_len ? (uint16_t)(e->rx[at + 1] << 8) : 0;
    }
    e->rx_at = (uint16_t)(e->rx_at + 2);
    if (e->rx_at >= 4 + e->rx_len) {
        frame_done(e);
    }
    return v;
}

static void write_frame(struct cs8900 *e, uint16_t v)
{
    if (!e->tx_want || e->tx_at + 2u > sizeof e->tx) {
        return;
    }
    put_le16(e->tx + e->tx_at, v);
    e->tx_at = (uint16_t)(e->tx_at + 2);
    if (e->tx_at >= e->tx_want) {
        if (e->net && (*reg(e, P_LINECTL) & 0x80)) {
            netdev_send(e->net, e->tx, e->tx_want);
        }
        *reg(e, P_TXEVENT) = 8 | OK;
        *reg(e, P_BUSST) = 0x18;
        e->tx_want = e->tx_at = 0;
        if (*reg(e, P_TXCFG) & OK) {
            event(e, *reg(e, P_TXEVENT));
        }
    }
}

static void start_tx(struct cs8900 *e, uint16_t bytes)
{
    *reg(e, P_TXLEN) = bytes;
    e->tx_at = 0;
    e->tx_want = bytes <= sizeof e->tx ? bytes : 0;
    *reg(e, P_BUSST) = e->tx_want ? 0x18 | RDY : 0x98; // or: bid error
}

static uint16_t page_read(struct cs8900 *e, uint32_t at)
{
    uint16_t v = *reg(e, at);
    if (at == P_TXEVENT) {
        *reg(e, at) = 8;
    } else if (at == P_ISQ) {
        v = e->queued ? e->queue[0] : 0;
        if (e->queued) {
            memmove(e->queue, e->queue + 1, --e->queued * sizeof e->queue[0]);
        }
        update(e);
    }
    return v;
}

static void page_write(struct cs8900 *e, uint32_t at, uint16_t v)
{
    if (at < 0x20 || (at >= P_ISQ && at < 0x140) || at >= 0x160) {
        return; // status and frames are for reading
    }
    if (at == P_SELFCTL && (v & 0x40)) {
        chip_reset(e);
        return;
    }
    if (at == P_TXLEN) {
        start_tx(e, v);
        return;
    }
    if (at == P_RXCFG && (v & 0x40)) { // skip the frame
        frame_done(e);
        v &= (uint16_t)~0x40u;
    }
    // the low six bits say which register it is
    *reg(e, at) = at >= P_RXCFG && at < 0x140 ? (uint16_t)((v & ~0x3fu) | (*reg(e, at) & 0x3f)) : v;
    update(e);
}

static uint16_t port_read(struct cs8900 *e, uint32_t off)
{
    switch (off) {
    case RTDATA:
    case 2:
        return read_frame(e);
    case ISQ:
        return page_read(e, P_ISQ);
    case PTR:
        return e->ptr | 0x3000;
    case DATA:
        return page_read(e, e->ptr & 0xffe);
    case DATA1:
        return page_read(e, (e->ptr & 0xffe) + 2u);
    default:
        return 0;
    }
}

static bool read_port(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct cs8900 *e = eth_of(dev);
    if (size == 1) {
        *val = port_read(e, off & ~1u) >> (off & 1) * 8 & 0xff;
        return true;
    }
    *val = 0;
    for (unsigned i = 0; i + 1 < size; i += 2) {
        *val |= (uint64_t)port_read(e, off + i) << i * 8;
    }
    return true;
}

static bool write_port(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct cs8900 *e = eth_of(dev);
    for (unsigned i = 0; i + 1 < size || (size == 1 && i == 0); i += 2) {
        uint16_t v = (uint16_t)(val >> i * 8);
        switch (off + i) {
        case RTDATA:
        case 2:
            write_frame(e, v);
            break;
        case TXCMD:
            *reg(e, P_TXCMD) = v;
            break;
        case TXLEN:
            start_tx(e, v);
            break;
        case PTR:
            e->ptr = v & 0xfff;
            break;
        case DATA:
            page_write(e, e->ptr & 0xffe, v);
            break;
        case DATA1:
            page_write(e, (e->ptr & 0xffe) + 2u, v);
            break;
        default:
            break;
        }
    }
    return true;
}

static const struct device_window windows[] = {
    {.name = "", .bytes = 0x10, .read = read_port, .write = write_port}};

static void reset(struct device *dev)
{
    struct cs8900 *e = eth_of(dev);
    e->client.received = receive;
    chip_reset(e);
}

static int attach_net(struct device *dev, struct netdev *net, struct err *err)
{
    struct cs8900 *e = eth_of(dev);
    (void)err;
    e->net = net;
    e->client.received = receive;
    netdev_connect(net, &e->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct cs8900 *e = eth_of(dev);
    e->queued = e->queued <= QUEUE ? e->queued : 0;
    e->rx_len = e->rx_len <= NET_FRAME_MAX ? e->rx_len : 0;
    e->have_rx = e->have_rx && e->rx_at < 4 + e->rx_len;
    e->tx_want = e->tx_want <= NET_FRAME_MAX ? e->tx_want : 0;
    e->tx_at = e->tx_at <= NET_FRAME_MAX ? e->tx_at : 0;
    return snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_ARRAY(struct cs8900, page),  SNAP_FIELD(struct cs8900, ptr),
    SNAP_FIELD(struct cs8900, rx_at), SNAP_FIELD(struct cs8900, rx_len),
    SNAP_FIELD(struct cs8900, tx_at), SNAP_FIELD(struct cs8900, tx_want),
    SNAP_ARRAY(struct cs8900, rx),    SNAP_ARRAY(struct cs8900, tx),
    SNAP_ARRAY(struct cs8900, queue), SNAP_FIELD(struct cs8900, queued),
    SNAP_FIELD(struct cs8900, have_rx), SNAP_END};

const struct device_class cs8900_class = {
    .name = "cs8900",
    .doc = "Ethernet controller",
    .bytes = sizeof(struct cs8900),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .attach_net = attach_net,
    .state = state,
    .restore = restore,
};
