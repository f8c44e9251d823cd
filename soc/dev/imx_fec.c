// SPDX-License-Identifier: MIT
//
// Fast Ethernet controller of the i.MX25 to i.MX53 with its RMII gasket (i.MX53 Reference Manual,
// "FEC" and "MIIGSK") and a LAN8720 PHY on its management bus (Microchip LAN8720A data sheet):
// 8-byte buffer descriptors, address filter with the multicast hash, link always up at 100 Mbit/s
// full duplex. Left out: pause frames, statistics counters (they stay 0), FIFO limits.
#include <string.h>

#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/net.h"

enum {
    EIR = 0x004,
    EIMR = 0x008,
    RDAR = 0x010,
    TDAR = 0x014,
    ECR = 0x024,
    MMFR = 0x040,
    MSCR = 0x044,
    RCR = 0x084,
    TCR = 0x0c4,
    PALR = 0x0e4,
    PAUR = 0x0e8,
    GAUR = 0x120,
    GALR = 0x124,
    ERDSR = 0x180,
    ETDSR = 0x184,
    EMRBR = 0x188,
    MIIGSK_ENR = 0x308
};
enum {
    E_BABR = BIT(30),
    E_GRA = BIT(28),
    E_TXF = BIT(27),
    E_TXB = BIT(26),
    E_RXF = BIT(25),
    E_RXB = BIT(24),
    E_MII = BIT(23),
    E_EBERR = BIT(22)
};
enum {
    ECR_RESET = BIT(0),
    ECR_EN = BIT(1),
    TCR_GTS = BIT(0),
    RCR_LOOP = BIT(0),
    RCR_PROM = BIT(3),
    RCR_BC_REJ = BIT(4)
};
enum {
    BD_BYTES = 8,
    TX_READY = BIT(15),
    RX_EMPTY = BIT(15),
    BD_WRAP = BIT(13),
    BD_LAST = BIT(11),
    RX_BC = BIT(7),
    RX_MC = BIT(6),
    RX_LG = BIT(5),
    RX_TR = BIT(0)
};
enum { TX_BURST = 4096, FCS = 4 };
enum { PHY_REGS = 32 };

struct imx_fec {
    struct device dev;
    struct netdev_client client;
    struct netdev *net;
    uint32_t tx_at, rx_at; // descriptors to use next
    uint16_t phy[PHY_REGS];
    uint32_t frame_bytes; // of the frame being gathered
    uint8_t frame[2048];
};

struct bd {
    uint32_t pa;
    uint16_t len, ctl;
    uint32_t addr;
};

static struct imx_fec *fec_of(struct device *dev)
{
    return container_of(dev, struct imx_fec, dev);
}

static void update_irq(struct imx_fec *f)
{
    struct regfile *rf = device_regs(&f->dev, 0);
    device_output(&f->dev, 0, regfile_peek(rf, EIR) & regfile_peek(rf, EIMR));
}

static void raise(struct imx_fec *f, uint32_t events)
{
    struct regfile *rf = device_regs(&f->dev, 0);
    regfile_poke(rf, EIR, regfile_peek(rf, EIR) | events);
    update_irq(f);
}

static bool fetch(struct imx_fec *f, uint32_t pa, struct bd *d)
{
    uint8_t raw[BD_BYTES];
    if (device_dma_read(&f->dev, pa, raw, sizeof raw)) {
        raise(f, E_EBERR);
        return false;
    }
    *d = (struct bd){pa, get_le16(raw), get_le16(raw + 2), get_le32(raw + 4)};
    return true;
}

static void give_back(struct imx_fec *f, const struct bd *d)
{
    uint8_t raw[4];
    put_le16(raw, d->len);
    put_le16(raw + 2, d->ctl);
    device_dma_write(&f->dev, d->pa, raw, sizeof raw);
}

// ---- PHY
// -----------------------------------------------------------------------------------------

static void phy_reset(struct imx_fec *f)
{
    memset(f->phy, 0, sizeof f->phy);
    f->phy[0] = 0x3000; // autonegotiation, 100 Mbit/s
    f->phy[1] = 0x782d; // link up, negotiated
    f->phy[2] = 0x0007; // LAN8720A
    f->phy[3] = 0xc0f1;
    f->phy[4] = 0x01e1;
    f->phy[5] = 0x45e1; // the partner can do the same
    f->phy[6] = 0x0001;
    f->phy[17] = 0x0002; // energy on the line
    f->phy[18] = 0x00e0;
    f->phy[31] = 0x1058; // 100 Mbit/s full duplex
}

static void phy_write(struct imx_fec *f, unsigned reg, uint16_t v)
{
    switch (reg) {
    case 0:
        if (v & 0x8000) {
            phy_reset(f);
        } else {
            f->phy[0] = v & 0x7dff; // restart is over at once
        }
        break;
    case 4:
    case 17:
    case 18:
    case 30:
        f->phy[reg] = v;
        break;
    default:
        break;
    }
}

static void write_mmfr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_fec *f = fec_of(device_of(rf));
    unsigned op = bits(raw, 29, 28), reg = bits(raw, 22, 18);
    bool here = bits(raw, 27, 23) == device_prop(&f->dev, "phy");
    (void)i, (void)old;
    if (op == 2) {
        regfile_put(rf, row, 0, (raw & 0xffff0000) | (here ? f->phy[reg] : 0xffffu));
    } else if (op == 1 && here) {
        phy_write(f, reg, (uint16_t)raw);
    }
    raise(f, E_MII);
}

// ---- sending
// -------------------------------------------------------------------------------------

static void frame_out(struct imx_fec *f)
{
    struct regfile *rf = device_regs(&f->dev, 0);
    TRACE(device_log(&f->dev), net, "%s: guest sends %u bytes", f->dev.name, f->frame_bytes);
    if (regfile_peek(rf, RCR) & RCR_LOOP) {
        f->client.received(&f->client, f->frame, f->frame_bytes);
    } else if (f->net) {
        netdev_send(f->net, f->frame, f->frame_bytes);
    }
}

static void transmit(struct imx_fec *f)
{
    struct regfile *rf = device_regs(&f->dev, 0);
    struct bd d;
    for (unsigned n = 0; n < TX_BURST && (regfile_peek(rf, ECR) & ECR_EN); n++) {
        uint32_t room = sizeof f->frame - f->frame_bytes, take;
        if (!fetch(f, f->tx_at, &d) || !(d.ctl & TX_READY)) {
            break;
        }
        take = d.len < room ? d.len : room; // what does not fit is cut off
        if (device_dma_read(&f->dev, d.addr, f->frame + f->frame_bytes, take)) {
            raise(f, E_EBERR);
            break;
        }
        f->frame_bytes += take;
        if (d.ctl & BD_LAST) {
            frame_out(f);
            f->frame_bytes = 0;
            raise(f, E_TXF);
        }
        d.ctl &= (uint16_t)~TX_READY;
        give_back(f, &d);
        raise(f, E_TXB);
        f->tx_at = d.ctl & BD_WRAP ? regfile_peek(rf, ETDSR) : f->tx_at + BD_BYTES;
    }
    regfile_poke(rf, TDAR, 0);
}

// ---- receiving
// -----------------------------------------------------------------------------------

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

// Descriptor flags for this destination; false when the filter drops it.
static bool wanted(struct imx_fec *f, const uint8_t *dst, uint16_t *flags)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct regfile *rf = device_regs(&f->dev, 0);
    uint32_t rcr = regfile_peek(rf, RCR);
    *flags = 0;
    if (memcmp(dst, all, 6) == 0) {
        *flags = RX_BC;
        return !(rcr & RCR_BC_REJ);
    }
    if (dst[0] & 1) {
        unsigned h = crc_le(dst, 6) >> 26;
        *flags = RX_MC;
        return (rcr & RCR_PROM) || bit(regfile_peek(rf, h < 32 ? GALR : GAUR), h % 32);
    }
    return (rcr & RCR_PROM) || (get_be32(dst) == regfile_peek(rf, PALR) &&
                                get_be16(dst + 4) == regfile_peek(rf, PAUR) >> 16);
}

static bool receive(struct netdev_client *client, const uint8_t *frame, size_t n)
{
    struct imx_fec *f = container_of(client, struct imx_fec, client);
    struct regfile *rf = device_regs(&f->dev, 0);
    uint32_t buffer = regfile_peek(rf, EMRBR) & 0x7f0, total, at = 0;
    uint8_t padded[NET_FRAME_MAX + 64 + FCS] = {0};
    uint16_t flags;
    struct bd d;

    if (!(regfile_peek(rf, ECR) & ECR_EN)) {
        return true; // nobody listens
    }
    if (n < 14 || n > NET_FRAME_MAX || !wanted(f, frame, &flags)) {
        return true;
    }
    memcpy(padded, frame, n);
    total = (uint32_t)(n < 60 ? 60 : n) + FCS;
    buffer = buffer ? buffer : 16;
    // all or nothing: the descriptors for the whole frame must be there
    for (uint32_t pa = f->rx_at, need = total;;) {
        if (!fetch(f, pa, &d)) {
            return true;
        }
        if (!(d.ctl & RX_EMPTY)) {
            return false;
        }
        if (need <= buffer) {
            break;
        }
        need -= buffer;
        pa = d.ctl & BD_WRAP ? regfile_peek(rf, ERDSR) : pa + BD_BYTES;
        if (pa == f->rx_at) {
            return true; // the ring is smaller than the frame
        }
    }
    while (at < total) {
        uint32_t run = total - at < buffer ? total - at : buffer;
        if (!fetch(f, f->rx_at, &d)) {
            return true;
        }
        if (device_dma_write(&f->dev, d.addr, padded + at, run)) {
            raise(f, E_EBERR);
            return true;
        }
        at += run;
        d.ctl &= (uint16_t) ~(RX_EMPTY | BD_LAST | 0x01ff);
        d.len = (uint16_t)(at == total ? total : run);
        if (at == total) {
            d.ctl |= BD_LAST | flags;
        }
        give_back(f, &d);
        f->rx_at = d.ctl & BD_WRAP ? regfile_peek(rf, ERDSR) : f->rx_at + BD_BYTES;
        raise(f, at == total ? E_RXF | E_RXB : E_RXB);
    }
    TRACE(device_log(&f->dev), net, "%s: guest gets %zu bytes", f->dev.name, n);
    return true;
}

// ---- registers
// -----------------------------------------------------------------------------------

static void write_ecr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_fec *f = fec_of(device_of(rf));
    (void)i;
    if (raw & ECR_RESET) {
        uint32_t low = regfile_peek(rf, PALR), high = regfile_peek(rf, PAUR);
        regfile_reset(rf);
        regfile_poke(rf, PALR, low);
        regfile_poke(rf, PAUR, high);
        f->frame_bytes = 0;
        update_irq(f);
        return;
    }
    regfile_put(rf, row, 0, 0xf0000000 | (raw & ECR_EN));
    if ((raw & ECR_EN) && !(old & ECR_EN)) {
        f->tx_at = regfile_peek(rf, ETDSR);
        f->rx_at = regfile_peek(rf, ERDSR);
        f->frame_bytes = 0;
    }
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_fec *f = fec_of(device_of(rf));
    (void)i, (void)old, (void)raw;
    switch (row->offset) {
    case TDAR:
        regfile_put(rf, row, 0, BIT(24));
        transmit(f);
        break;
    case RDAR:
        regfile_put(rf, row, 0, BIT(24));
        if (f->net && (regfile_peek(rf, ECR) & ECR_EN)) {
            netdev_ready(f->net);
        }
        break;
    case TCR:
        if (raw & TCR_GTS) {
            raise(f, E_GRA);
        }
        break;
    default:
        update_irq(f);
        break;
    }
}

static uint32_t read_gasket(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    uint32_t v = regfile_get(rf, row, i) & 2;
    return v | v << 1; // READY follows EN
}

// clang-format off
static const struct device_prop props[] = {{"phy", 0}, {NULL, 0}};
static const struct reg_row rows[] = {
    {.name = "EIR", .offset = EIR, .w1c = ~0u, .write = write_any},
    {.name = "EIMR", .offset = EIMR, .writable = ~0u, .write = write_any},
    {.name = "RDAR", .offset = RDAR, .write = write_any},
    {.name = "TDAR", .offset = TDAR, .write = write_any},
    {.name = "ECR", .offset = ECR, .reset = 0xf0000000, .writable = 2, .write = write_ecr,
     .doc = "0 RESET (self clearing), 1 ETHER_EN"},
    {.name = "MMFR", .offset = MMFR, .writable = ~0u, .write = write_mmfr},
    RW_MASK(MSCR, "MSCR", 0, 0xfe),
    RW(0x064, "MIBC", 0xc0000000),
    RW(RCR, "RCR", 0x05ee0001),
    {.name = "TCR", .offset = TCR, .writable = 0x1f, .write = write_any},
    RW(PALR, "PALR", 0),
    RW_MASK(PAUR, "PAUR", 0x00008808, 0xffff0000),
    RW(0x0ec, "OPD", 0x00010000),
    RW_ARRAY(0x118, "IADDR_HASH", 0, 2),
    RW_ARRAY(GAUR, "GROUP_HASH", 0, 2),
    RW(0x144, "TFWR", 0),
    RO(0x14c, "FRBR", 0x600),
    RW(0x150, "FRSR", 0x500),
    RW_MASK(ERDSR, "ERDSR", 0, ~7u),
    RW_MASK(ETDSR, "ETDSR", 0, ~7u),
    RW_MASK(EMRBR, "EMRBR", 0, 0x7f0),
    RW_ARRAY(0x200, "MIB", 0, 0x100 / 4),
    RW(0x300, "MIIGSK_CFGR", 0),
    {.name = "MIIGSK_ENR", .offset = MIIGSK_ENR, .reset = 2, .writable = 2, .read = read_gasket},
};
// clang-format on
static const struct reg_table table = REG_TABLE("fec", rows, 0x30c);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};

static void reset(struct device *dev)
{
    struct imx_fec *f = fec_of(dev);
    phy_reset(f);
    f->frame_bytes = 0;
    f->client.received = receive;
    update_irq(f);
}

static int attach_net(struct device *dev, struct netdev *net, struct err *err)
{
    struct imx_fec *f = fec_of(dev);
    (void)err;
    f->net = net;
    f->client.received = receive;
    netdev_connect(net, &f->client);
    return 0;
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct imx_fec *f = fec_of(dev);
    if (f->frame_bytes > sizeof f->frame) {
        f->frame_bytes = 0;
    }
    return snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct imx_fec, tx_at), SNAP_FIELD(struct imx_fec, rx_at),
    SNAP_ARRAY(struct imx_fec, phy),   SNAP_FIELD(struct imx_fec, frame_bytes),
    SNAP_ARRAY(struct imx_fec, frame), SNAP_END};

const struct device_class imx_fec_class = {
    .name = "imx-fec",
    .doc = "Ethernet controller with LAN8720 PHY",
    .bytes = sizeof(struct imx_fec),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"irq", NULL},
    .reset = reset,
    .attach_net = attach_net,
    .state = state,
    .restore = restore,
};
