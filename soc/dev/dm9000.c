// SPDX-License-Identifier: MIT
//
// Davicom DM9000 Ethernet controller on a 16-bit bus (DM9000A data sheet): index and data port,
// packet memory through the index registers, address filter, PHY always linked at 100 Mbit/s full
// duplex, no EEPROM. Left out: wake-up, flow control, checksums, direct memory addressing.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/net.h"

enum {
    NCR = 0x00,
    NSR = 0x01,
    TCR = 0x02,
    RCR = 0x05,
    EPCR = 0x0b,
    EPAR = 0x0c,
    EPDRL = 0x0d,
    EPDRH = 0x0e,
    PAR = 0x10,
    MAR = 0x16,
    VID = 0x28,
    CHIPR = 0x2c,
    MRCMDX = 0xf0,
    MRCMD = 0xf2,
    MWCMD = 0xf8,
    TXPLL = 0xfc,
    TXPLH = 0xfd,
    ISR = 0xfe,
    IMR = 0xff
};
enum { ISR_PR = BIT(0), ISR_PT = BIT(1), RCR_RXEN = BIT(0), RCR_PRMSC = BIT(1), RCR_ALL = BIT(3) };
enum { RX_BYTES = 13 * 1024, TX_BYTES = 4096, HEADER = 4, FCS = 4 };

struct dm9000 {
    struct device dev;
    struct netdev_client client;
    struct netdev *net;
    uint8_t reg[256], index, tx_turn;
    uint8_t rx[RX_BYTES], tx[TX_BYTES];
    uint32_t rx_at, rx_count, tx_count;
};

static struct dm9000 *eth_of(struct device *dev)
{
    return container_of(dev, struct dm9000, dev);
}

static void update_irq(struct dm9000 *e)
{
    device_output(&e->dev, 0, e->reg[ISR] & e->reg[IMR] & 0x3f);
}

static void soft_reset(struct dm9000 *e)
{
    e->reg[NCR] = e->reg[TCR] = e->reg[RCR] = e->reg[ISR] = 0;
    e->reg[NSR] = 0x40; // link
    e->reg[IMR] = 0x80;
    e->rx_at = e->rx_count = e->tx_count = 0;
    e->tx_turn = 0;
}

// ---- PHY
// -----------------------------------------------------------------------------------------

static void management(struct dm9000 *e, uint8_t v)
{
    static const uint16_t phy[8] = {0x3100, 0x782d, 0x0181, 0xb8a0, 0x01e1, 0x45e1, 1, 0};
    e->reg[EPCR] = v & 0x18; // a command is over at once
    if (v & BIT(2)) {
        unsigned n = e->reg[EPAR] & 0x3f;
        uint16_t word = v & BIT(3) ? (n < 8 ? phy[n] : 0) : 0xffff;
        e->reg[EPDRL] = (uint8_t)word;
        e->reg[EPDRH] = (uint8_t)(word >> 8);
    }
}

// ---- frames
// --------------------------------------------------------------------------------------

static void transmit(struct dm9000 *e)
{
    uint32_t n = e->reg[TXPLL] | (uint32_t)e->reg[TXPLH] << 8, whole;
    n = n < e->tx_count ? n : e->tx_count;
    whole = n + (n & 1) < e->tx_count ? n + (n & 1) : e->tx_count; // it came in words
    if (n && n <= NET_FRAME_MAX && e->net) {
        netdev_send(e->net, e->tx, n);
    }
    memmove(e->tx, e->tx + whole, e->tx_count - whole);
    e->tx_count -= whole;
    e->reg[NSR] |= e->tx_turn ? 8 : 4;
    e->tx_turn ^= 1;
    e->reg[ISR] |= ISR_PT;
    update_irq(e);
}

static uint32_t crc_le(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (unsigned b = 0; b < 8; b++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return crc;
}

static bool wanted(const struct dm9000 *e, const uint8_t *dst)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    unsigned h = crc_le(dst, 6) & 0x3f;
    if ((e->reg[RCR] & RCR_PRMSC) || memcmp(dst, all, 6) == 0) {
        return true;
    }
    if (dst[0] & 1) {
        return (e->reg[RCR] & RCR_ALL) || (e->reg[MAR + h / 8] >> h % 8 & 1);
    }
    return memcmp(dst, e->reg + PAR, 6) == 0;
}

static void put(struct dm9000 *e, uint8_t v)
{
    e->rx[(e->rx_at + e->rx_count++) % RX_BYTES] = v;
}

static bool receive(struct netdev_client *client, const uint8_t *frame, size_t n)
{
    struct dm9000 *e = container_of(client, struct dm9000, client);
    size_t len = (n < 60 ? 60 : n) + FCS, room = HEADER + len + (len & 1);
    if (!(e->reg[RCR] & RCR_RXEN) || n < 14 || n > NET_FRAME_MAX || !wanted(e, frame)) {
        return true;
    }
    if (RX_BYTES - e->rx_count < room) {
        return false;
    }
    put(e, 1);
    put(e, frame[0] & 1 ? 0x40 : 0);
    put(e, (uint8_t)len);
    put(e, (uint8_t)(len >> 8));
    for (size_t i = 0; i < room - HEADER; i++) {
        put(e, i < n ? frame[i] : 0);
    }
    e->reg[ISR] |= ISR_PR;
    update_irq(e);
    return true;
}

static uint8_t next_rx(struct dm9000 *e)
{
    uint8_t v = 0;
    if (e->rx_count) {
        v = e->rx[e->rx_at];
        e->rx_at = (e->rx_at + 1) % RX_BYTES;
        e->rx_count--;
    }
    return v;
}

// ---- ports
// ---------------------------------------------------------------------------------------

static bool read_index(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    (void)size;
    *val = off ? 0 : eth_of(dev)->index;
    return true;
}

static bool write_index(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    (void)size;
    if (!off) {
        eth_of(dev)->index = (uint8_t)val;
    }
    return true;
}

static bool read_data(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct dm9000 *e = eth_of(dev);
    uint32_t v = 0;
    (void)off;
    switch (e->index) {
    case MRCMDX:
        v = e->rx_count ? e->rx[e->rx_at] : 0;
        break;
    case MRCMD:
        for (unsigned i = 0; i < size && i < 4; i++) {
            v |= (uint32_t)next_rx(e) << i * 8;
        }
        if (e->net && !e->rx_count) {
            netdev_ready(e->net);
        }
        break;
    case NSR:
        v = e->reg[NSR];
        e->reg[NSR] &= 0x43; // the sent flags clear when read
        break;
    default:
        v = e->reg[e->index];
        break;
    }
    *val = v;
    return true;
}

static void write_reg(struct dm9000 *e, uint8_t v)
{
    switch (e->index) {
    case NCR:
        if (v & 1) {
            soft_reset(e);
        } else {
            e->reg[NCR] = v & 0xde;
        }
        break;
    case NSR:
        e->reg[NSR] &= (uint8_t) ~(v & 0x2c);
        break;
    case TCR:
        e->reg[TCR] = v & 0xfe;
        if (v & 1) {
            transmit(e);
        }
        break;
    case EPCR:
        management(e, v);
        break;
    case ISR:
        e->reg[ISR] &= (uint8_t) ~(v & 0x3f);
        break;
    case VID:
    case VID + 1:
    case VID + 2:
    case VID + 3:
    case CHIPR:
        break;
    default:
        e->reg[e->index] = v;
        break;
    }
    if (e->index == RCR && (v & RCR_RXEN) && e->net) {
        netdev_ready(e->net);
    }
    update_irq(e);
}

static bool write_data(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct dm9000 *e = eth_of(dev);
    (void)off;
    if (e->index == MWCMD) {
        for (unsigned i = 0; i < size && i < 4 && e->tx_count < TX_BYTES; i++) {
            e->tx[e->tx_count++] = (uint8_t)(val >> i * 8);
        }
    } else {
        write_reg(e, (uint8_t)val);
    }
    return true;
}

static const struct device_window windows[] = {
    {.name = "index", .offset = 0, .bytes = 4, .read = read_index, .write = write_index},
    {.name = "data", .offset = 4, .bytes = 4, .read = read_data, .write = write_data},
};

static void reset(struct device *dev)
{
    static const uint8_t id[5] = {0x46, 0x0a, 0x00, 0x90, 0x18};
    struct dm9000 *e = eth_of(dev);
    uint32_t lo = device_prop(dev, "mac_lo"), hi = device_prop(dev, "mac_hi");
    memset(e->reg, 0, sizeof e->reg);
    memcpy(e->reg + VID, id, sizeof id);
    e->index = 0;
    e->reg[PAR] = (uint8_t)(hi >> 8);
    e->reg[PAR + 1] = (uint8_t)hi;
    for (unsigned i = 0; i < 4; i++) {
        e->reg[PAR + 2 + i] = (uint8_t)(lo >> (24 - i * 8));
    }
    e->client.received = receive;
    soft_reset(e);
    update_irq(e);
}

static int attach_net(struct device *dev, struct netdev *net, struct err *err)
{
    struct dm9000 *e = eth_of(dev);
    (void)err;
    e->net = net;
    e->client.received = receive;
    netdev_connect(net, &e->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct dm9000 *e = eth_of(dev);
    e->rx_at %= RX_BYTES;
    e->rx_count = e->rx_count <= RX_BYTES ? e->rx_count : 0;
    e->tx_count = e->tx_count <= TX_BYTES ? e->tx_count : 0;
    return snap_failed(r, err);
}

// What boot loaders leave in the address registers; a board without EEPROM has no other place.
static const struct device_prop props[] = {{"mac_hi", 0x0200}, {"mac_lo", 0x32440001}, {NULL, 0}};
static const struct snap_field state[] = {SNAP_ARRAY(struct dm9000, reg),
                                          SNAP_FIELD(struct dm9000, index),
                                          SNAP_FIELD(struct dm9000, tx_turn),
                                          SNAP_ARRAY(struct dm9000, rx),
                                          SNAP_ARRAY(struct dm9000, tx),
                                          SNAP_FIELD(struct dm9000, rx_at),
                                          SNAP_FIELD(struct dm9000, rx_count),
                                          SNAP_FIELD(struct dm9000, tx_count),
                                          SNAP_END};

const struct device_class dm9000_class = {
    .name = "dm9000",
    .doc = "Ethernet controller",
    .bytes = sizeof(struct dm9000),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .attach_net = attach_net,
    .state = state,
    .restore = restore,
};
