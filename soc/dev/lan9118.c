// SPDX-License-Identifier: MIT
//
// SMSC LAN9118 Ethernet controller on a 32-bit bus (SMSC LAN9118 data sheet): data and status
// FIFOs, MAC and internal PHY through their command registers, address filter with the multicast
// hash, link always up at 100 Mbit/s full duplex; the MAC address is there as if an EEPROM had
// loaded it. Left out: general purpose timer and pins, wake-up, VLAN tags, checksum engines,
// fragments that differ from each other in tags.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/net.h"

enum { RX_DATA = 0x00, TX_DATA = 0x20, RX_STATUS = 0x40, RX_PEEK = 0x44, TX_STATUS = 0x48, TX_PEEK = 0x4c,
       IRQ_CFG = 0x54, INT_STS = 0x58, INT_EN = 0x5c, FIFO_INT = 0x68, RX_CFG = 0x6c, TX_CFG = 0x70,
       HW_CFG = 0x74, RX_DP_CTRL = 0x78, RX_FIFO_INF = 0x7c, TX_FIFO_INF = 0x80, PMT_CTRL = 0x84,
       FREE_RUN = 0x9c, MAC_CMD = 0xa4, MAC_DATA = 0xa8, E2P_CMD = 0xb0 };
enum { INT_SW = BIT(31), INT_TXSTOP = BIT(25), INT_RXSTOP = BIT(24), INT_PHY = BIT(18), INT_TX = BIT(21),
       INT_RX = BIT(20), INT_TDFA = BIT(9), INT_TSFL = BIT(7), INT_RSFL = BIT(3),
       INT_LEVELS = INT_TDFA | INT_TSFL | INT_RSFL };
enum { M_CR = 1, M_ADDRH, M_ADDRL, M_HASHH, M_HASHL, M_MII_ACC, M_MII_DATA, MAC_REGS = 13 };
enum { CR_TXEN = BIT(3), CR_RXEN = BIT(2), CR_BCAST = BIT(11), CR_LOOP = BIT(21), CR_HASH_ALL = BIT(15), CR_HASH = BIT(13),
       CR_PRMS = BIT(18), CR_MCPAS = BIT(19) };
enum { RX_WORDS = 2720, RX_STATUSES = 128, TX_STATUSES = 128, TX_BYTES = 4608, FCS = 4, PHY_REGS = 32 };

struct lan9118 {
    struct device dev;
    struct netdev_client client;
    struct netdev *net;
    uint32_t mac[MAC_REGS];
    uint16_t phy[PHY_REGS];
    uint32_t rx[RX_WORDS], rx_at, rx_count;
    uint32_t rx_status[RX_STATUSES], rx_status_at, rx_status_count;
    uint32_t rx_packet; // words of the packet being read that are left
    uint32_t tx_status[TX_STATUSES], tx_status_at, tx_status_count;
    uint32_t tx_words; // of the command being sent: 0 none, 1 A seen, else 2 + data words left
    uint32_t tx_a, tx_b, tx_skip, tx_left; // bytes of the buffer to skip and to take
    uint32_t frame_bytes;
    uint8_t frame[2048];
};

static struct lan9118 *eth_of(struct device *dev)
{
    return container_of(dev, struct lan9118, dev);
}

static uint32_t reg(const struct lan9118 *e, uint32_t off)
{
    return regfile_peek(&e->dev.blocks[0].rf, off);
}

static uint32_t causes(const struct lan9118 *e)
{
    uint32_t v = reg(e, INT_STS), levels = reg(e, FIFO_INT);
    v |= e->rx_status_count > bits(levels, 7, 0) ? INT_RSFL : 0;
    v |= e->tx_status_count > bits(levels, 23, 16) ? INT_TSFL : 0;
    v |= TX_BYTES > bits(levels, 31, 24) * 64 ? INT_TDFA : 0;
    return v;
}

static void update_irq(struct lan9118 *e)
{
    bool on = causes(e) & reg(e, INT_EN);
    regfile_poke(device_regs(&e->dev, 0), IRQ_CFG, (reg(e, IRQ_CFG) & ~0x1000u) | (uint32_t)on << 12);
    device_output(&e->dev, 0, on && reg(e, IRQ_CFG) & BIT(8));
}

static void raise(struct lan9118 *e, uint32_t what)
{
    regfile_poke(device_regs(&e->dev, 0), INT_STS, reg(e, INT_STS) | what);
    update_irq(e);
}

// ---- MAC and PHY
// ---------------------------------------------------------------------------------

static void phy_reset(struct lan9118 *e)
{
    static const uint16_t values[PHY_REGS] = {
        0x3000, 0x782d, 0x0007, 0xc0d1, 0x01e1, 0x45e1, 0x0001, [18] = 0x00e1, [31] = 0x1058};
    memcpy(e->phy, values, sizeof e->phy);
}

static void phy_write(struct lan9118 *e, unsigned n, uint16_t v)
{
    switch (n) {
    case 0:
        if (v & 0x8000) {
            phy_reset(e);
        } else {
            e->phy[0] = v & 0x7d80; // negotiation is over at once
        }
        break;
    case 1: // read only
    case 2:
    case 3:
    case 5:
    case 6:
    case 31:
        break;
    default:
        e->phy[n] = v;
        break;
    }
}

static void mac_write(struct lan9118 *e, unsigned n, uint32_t v)
{
    uint32_t old;
    if (n == 0 || n >= MAC_REGS) {
        return;
    }
    old = e->mac[n];
    e->mac[n] = v;
    if (n == M_CR) {
        if (old & ~v & CR_RXEN) {
            raise(e, INT_RXSTOP);
        }
        if (old & ~v & CR_TXEN) {
            raise(e, INT_TXSTOP);
        }
        if (v & CR_RXEN && e->net) {
            netdev_ready(e->net);
        }
    } else if (n == M_MII_ACC) { // [15:11] PHY, [10:6] register, 1 write, 0 busy
        bool ours = bits(v, 15, 11) == 1;
        if (v & 2 && ours) {
            phy_write(e, bits(v, 10, 6), (uint16_t)e->mac[M_MII_DATA]);
        } else if (!(v & 2)) {
            e->mac[M_MII_DATA] = ours ? e->phy[bits(v, 10, 6)] : 0xffff;
        }
        e->mac[n] = v & ~1u;
    }
}

static void mac_command(struct lan9118 *e, uint32_t v)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    unsigned n = v & 0xff;
    if (!(v >> 31)) {
        return;
    }
    if (v >> 30 & 1) {
        regfile_poke(rf, MAC_DATA, n < MAC_REGS ? e->mac[n] : 0);
    } else {
        mac_write(e, n, reg(e, MAC_DATA));
    }
    regfile_poke(rf, MAC_CMD, v & 0x7fffffff);
}

// ---- receiving
// -----------------------------------------------------------------------------------

static bool wanted(const struct lan9118 *e, const uint8_t *dst)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint32_t cr = e->mac[M_CR], crc = ~0u;
    uint8_t own[6];
    if (cr & CR_PRMS) {
        return true;
    }
    if (memcmp(dst, all, 6) == 0) {
        return !(cr & CR_BCAST);
    }
    for (unsigned i = 0; i < 48; i++) {
        bool one = (dst[i / 8] >> i % 8 & 1) != (crc >> 31);
        crc = crc << 1 ^ (one ? 0x04c11db7u : 0);
    }
    bool hit = e->mac[crc >> 31 ? M_HASHH : M_HASHL] >> (crc >> 26 & 31) & 1;
    if (dst[0] & 1) {
        return (cr & CR_MCPAS) || (cr & (CR_HASH | CR_HASH_ALL) && hit);
    }
    put_le32(own, e->mac[M_ADDRL]);
    own[4] = (uint8_t)e->mac[M_ADDRH];
    own[5] = (uint8_t)(e->mac[M_ADDRH] >> 8);
    return cr & CR_HASH_ALL ? hit : memcmp(dst, own, 6) == 0;
}

static bool receive(struct netdev_client *client, const uint8_t *frame, size_t n)
{
    struct lan9118 *e = container_of(client, struct lan9118, client);
    uint32_t len = (uint32_t)(n < 60 ? 60 : n) + FCS, pad = bits(reg(e, RX_CFG), 12, 8);
    uint32_t words = (pad + len + 3) / 4, status;
    uint8_t buf[2048] = {0};
    if (!(e->mac[M_CR] & CR_RXEN) || n < 14 || n > NET_FRAME_MAX || !wanted(e, frame)) {
        return true;
    }
    if (RX_WORDS - e->rx_count < words || e->rx_status_count == RX_STATUSES) {
        return false;
    }
    memcpy(buf + pad, frame, n);
    for (uint32_t i = 0; i < words; i++) {
        e->rx[(e->rx_at + e->rx_count++) % RX_WORDS] = get_le32(buf + i * 4);
    }
    status = len << 16 | (n + FCS > 1518 ? BIT(7) : 0) | BIT(5); // bit 5: an Ethernet frame
    if (frame[0] & 1) {
        status |= frame[0] == 0xff ? BIT(13) : BIT(10);
    }
    e->rx_status[(e->rx_status_at + e->rx_status_count++) % RX_STATUSES] = status;
    raise(e, INT_RX);
    return true;
}

static uint32_t status_words(const struct lan9118 *e, uint32_t status)
{
    return (bits(reg(e, RX_CFG), 12, 8) + bits(status, 29, 16) + 3) / 4;
}

static uint32_t next_status(struct lan9118 *e)
{
    uint32_t v = 0;
    if (e->rx_status_count) {
        v = e->rx_status[e->rx_status_at];
        e->rx_status_at = (e->rx_status_at + 1) % RX_STATUSES;
        e->rx_status_count--;
        e->rx_packet += status_words(e, v);
        update_irq(e);
    }
    return v;
}

static uint32_t next_data(struct lan9118 *e)
{
    uint32_t v = 0;
    if (e->rx_count) {
        v = e->rx[e->rx_at];
        e->rx_at = (e->rx_at + 1) % RX_WORDS;
        e->rx_count--;
        e->rx_packet -= e->rx_packet ? 1 : 0;
        if (e->net && !e->rx_packet) {
            netdev_ready(e->net);
        }
    }
    return v;
}

static void receive_dump(struct lan9118 *e)
{
    e->rx_count = e->rx_status_count = e->rx_packet = 0;
}

// ---- sending
// -------------------------------------------------------------------------------------

static void sent(struct lan9118 *e)
{
    uint32_t n = bits(e->tx_b, 10, 0);
    n = n < e->frame_bytes ? n : e->frame_bytes;
    if (n && n <= NET_FRAME_MAX && e->mac[M_CR] & CR_TXEN) {
        if (e->phy[0] & 0x4000 || e->mac[M_CR] & CR_LOOP) { // drivers test themselves so
            receive(&e->client, e->frame, n);
        } else if (e->net) {
            netdev_send(e->net, e->frame, n);
        }
    }
    e->frame_bytes = 0;
    if (e->tx_status_count < TX_STATUSES) {
        e->tx_status[(e->tx_status_at + e->tx_status_count++) % TX_STATUSES] = e->tx_b & 0xffff0000;
    }
    raise(e, e->tx_a >> 31 ? INT_TX : 0);
}

static void buffer_done(struct lan9118 *e)
{
    e->tx_words = 0;
    if (e->tx_a & BIT(12)) { // last part
        sent(e);
    }
}

static void send_word(struct lan9118 *e, uint32_t v)
{
    static const uint8_t align[4] = {4, 16, 32, 4};
    uint32_t bytes, unit;
    if (e->tx_words == 0) {
        e->tx_a = v;
        e->tx_words = 1;
        return;
    }
    if (e->tx_words == 1) {
        e->tx_b = v;
        if (e->tx_a & BIT(13)) {
            e->frame_bytes = 0;
        }
        unit = align[bits(e->tx_a, 25, 24)];
        e->tx_skip = bits(e->tx_a, 20, 16);
        e->tx_left = bits(e->tx_a, 10, 0);
        bytes = (e->tx_skip + e->tx_left + unit - 1) / unit * unit;
        e->tx_words = 2 + bytes / 4;
    } else {
        for (unsigned k = 0; k < 4; k++, v >>= 8) {
            if (e->tx_skip) {
                e->tx_skip--;
            } else if (e->tx_left) {
                e->tx_left--;
                if (e->frame_bytes < sizeof e->frame) {
                    e->frame[e->frame_bytes++] = (uint8_t)v;
                }
            }
        }
        e->tx_words--;
    }
    if (e->tx_words == 2) {
        buffer_done(e);
    }
}

// ---- registers
// -----------------------------------------------------------------------------------

static void soft_reset(struct lan9118 *e);

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct lan9118 *e = eth_of(device_of(rf));
    uint32_t v = 0;
    (void)i;
    switch (row->offset) {
    case RX_DATA:
        return next_data(e);
    case RX_STATUS:
        return next_status(e);
    case RX_PEEK:
        return e->rx_status_count ? e->rx_status[e->rx_status_at] : 0;
    case TX_PEEK:
        return e->tx_status_count ? e->tx_status[e->tx_status_at] : 0;
    case TX_STATUS:
        if (e->tx_status_count) {
            v = e->tx_status[e->tx_status_at];
            e->tx_status_at = (e->tx_status_at + 1) % TX_STATUSES;
            e->tx_status_count--;
            update_irq(e);
        }
        return v;
    case INT_STS:
        return causes(e);
    case RX_FIFO_INF:
        return e->rx_status_count << 16 | e->rx_count * 4;
    case TX_FIFO_INF:
        return e->tx_status_count << 16 | TX_BYTES;
    case FREE_RUN:
        return (uint32_t)ticks_of_ns(device_now(&e->dev), 25000000);
    default:
        return 0;
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct lan9118 *e = eth_of(device_of(rf));
    (void)i;
    switch (row->offset) {
    case TX_DATA:
        send_word(e, raw);
        return;
    case INT_EN:
        if (raw & ~old & INT_SW) {
            raise(e, INT_SW);
        }
        break;
    case RX_CFG:
        if (raw & BIT(15)) {
            receive_dump(e);
        }
        regfile_put(rf, row, 0, raw & 0xc0001f00);
        break;
    case TX_CFG: // 15, 14 dump status, data; 1 on; 0 stop
        if (raw & BIT(15)) {
            e->tx_status_count = 0;
        }
        if (raw & BIT(14)) {
            e->tx_words = e->frame_bytes = 0;
        }
        regfile_put(rf, row, 0, raw & (raw & 1 ? 4 : 6));
        if (raw & 1) {
            raise(e, INT_TXSTOP);
        }
        break;
    case HW_CFG:
        if (raw & 1) {
            soft_reset(e);
        }
        break;
    case RX_DP_CTRL: // skip the rest of the packet
        if (raw >> 31) {
            while (e->rx_packet && e->rx_count) {
                next_data(e);
            }
            e->rx_packet = 0;
        }
        break;
    case PMT_CTRL:
        if (raw & BIT(10)) {
            phy_reset(e);
        }
        break;
    case MAC_CMD:
        mac_command(e, raw);
        break;
    case E2P_CMD: // no EEPROM behind: commands are over at once
        regfile_put(rf, row, 0, (raw & 0x700000ff) | BIT(8));
        break;
    default:
        break;
    }
    update_irq(e);
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "RX_DATA_FIFO", .offset = RX_DATA, .count = 8, .read = read_any},
    {.name = "TX_DATA_FIFO", .offset = TX_DATA, .count = 8, .write = write_any},
    {.name = "RX_STATUS_FIFO", .offset = RX_STATUS, .read = read_any}, {.name = "RX_STATUS_PEEK", .offset = RX_PEEK, .read = read_any},
    {.name = "TX_STATUS_FIFO", .offset = TX_STATUS, .read = read_any}, {.name = "TX_STATUS_PEEK", .offset = TX_PEEK, .read = read_any},
    RO(0x50, "ID_REV", 0x01180001),
    {.name = "IRQ_CFG", .offset = IRQ_CFG, .writable = 0xff000111, .write = write_any},
    {.name = "INT_STS", .offset = INT_STS, .w1c = ~(uint32_t)INT_LEVELS, .read = read_any, .write = write_any},
    {.name = "INT_EN", .offset = INT_EN, .writable = ~0u, .write = write_any},
    RO(0x64, "BYTE_TEST", 0x87654321),
    {.name = "FIFO_INT", .offset = FIFO_INT, .reset = 0x48000000, .writable = ~0u, .write = write_any},
    {.name = "RX_CFG", .offset = RX_CFG, .writable = 0xc0001f00, .write = write_any},
    {.name = "TX_CFG", .offset = TX_CFG, .writable = 6, .write = write_any},
    {.name = "HW_CFG", .offset = HW_CFG, .reset = 0x00050000, .writable = 0x003f3000, .write = write_any},
    {.name = "RX_DP_CTRL", .offset = RX_DP_CTRL, .write = write_any},
    {.name = "RX_FIFO_INF", .offset = RX_FIFO_INF, .read = read_any}, {.name = "TX_FIFO_INF", .offset = TX_FIFO_INF, .read = read_any},
    {.name = "PMT_CTRL", .offset = PMT_CTRL, .reset = 1, .writable = 0x0306, .write = write_any},
    RW_MASK(0x88, "GPIO_CFG", 0, 0x7777071f), RW(0x8c, "GPT_CFG", 0xffff), RO(0x90, "GPT_CNT", 0xffff), RW(0x98, "WORD_SWAP", 0),
    {.name = "FREE_RUN", .offset = FREE_RUN, .read = read_any}, RO(0xa0, "RX_DROP", 0),
    {.name = "MAC_CSR_CMD", .offset = MAC_CMD, .writable = 0x7fffffff, .write = write_any},
    RW(MAC_DATA, "MAC_CSR_DATA", 0), RW(0xac, "AFC_CFG", 0),
    {.name = "E2P_CMD", .offset = E2P_CMD, .reset = BIT(8), .writable = 0x700000ff, .write = write_any},
    RW_MASK(0xb4, "E2P_DATA", 0, 0xff),
};
// clang-format on
static const struct reg_table table = REG_TABLE("lan9118", rows, 0x100);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x10000}};

static void clear(struct lan9118 *e)
{
    memset(e->mac, 0, sizeof e->mac);
    e->mac[M_CR] = 0x00040000;
    e->mac[M_ADDRL] = device_prop(&e->dev, "mac_lo");
    e->mac[M_ADDRH] = device_prop(&e->dev, "mac_hi");
    phy_reset(e);
    receive_dump(e);
    e->tx_status_count = e->tx_words = e->frame_bytes = 0;
}

static void soft_reset(struct lan9118 *e)
{
    regfile_reset(device_regs(&e->dev, 0));
    clear(e);
    update_irq(e);
}

static void reset(struct device *dev)
{
    clear(eth_of(dev));
    update_irq(eth_of(dev));
}

static int attach_net(struct device *dev, struct netdev *net, struct err *err)
{
    struct lan9118 *e = eth_of(dev);
    (void)err;
    e->net = net;
    e->client.received = receive;
    netdev_connect(net, &e->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct lan9118 *e = eth_of(dev);
    e->rx_at %= RX_WORDS;
    e->rx_count = e->rx_count <= RX_WORDS ? e->rx_count : 0;
    e->rx_status_at %= RX_STATUSES;
    e->rx_status_count = e->rx_status_count <= RX_STATUSES ? e->rx_status_count : 0;
    e->tx_status_at %= TX_STATUSES;
    e->tx_status_count = e->tx_status_count <= TX_STATUSES ? e->tx_status_count : 0;
    e->frame_bytes = e->frame_bytes <= sizeof e->frame ? e->frame_bytes : 0;
    e->tx_words = e->tx_words < 2048 ? e->tx_words : 0;
    return snap_failed(r, err);
}

// 02:59:41:39:00:01, lowest byte first
static const struct device_prop props[] = {{"mac_lo", 0x39415902}, {"mac_hi", 0x0100}, {NULL, 0}};
static const struct snap_field state[] = {
    SNAP_ARRAY(struct lan9118, mac), SNAP_ARRAY(struct lan9118, phy), SNAP_ARRAY(struct lan9118, rx),
    SNAP_FIELD(struct lan9118, rx_at), SNAP_FIELD(struct lan9118, rx_count),
    SNAP_ARRAY(struct lan9118, rx_status), SNAP_FIELD(struct lan9118, rx_status_at),
    SNAP_FIELD(struct lan9118, rx_status_count), SNAP_FIELD(struct lan9118, rx_packet),
    SNAP_ARRAY(struct lan9118, tx_status), SNAP_FIELD(struct lan9118, tx_status_at),
    SNAP_FIELD(struct lan9118, tx_status_count), SNAP_FIELD(struct lan9118, tx_words),
    SNAP_FIELD(struct lan9118, tx_a), SNAP_FIELD(struct lan9118, tx_b),
    SNAP_FIELD(struct lan9118, tx_skip), SNAP_FIELD(struct lan9118, tx_left),
    SNAP_FIELD(struct lan9118, frame_bytes), SNAP_ARRAY(struct lan9118, frame), SNAP_END};

const struct device_class lan9118_class = {
    .name = "lan9118",
    .doc = "Ethernet controller",
    .bytes = sizeof(struct lan9118),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .attach_net = attach_net,
    .state = state,
    .restore = restore,
};
