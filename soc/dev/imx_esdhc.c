// SPDX-License-Identifier: MIT
//
// SD host controller of the i.MX25 to i.MX53 (i.MX53 Reference Manual, "eSDHCv2" and "eSDHCv3"):
// commands, programmed I/O, simple DMA and ADMA2. A transfer is over as soon as its command is
// written; with programmed I/O as soon as software has moved the last word. Left out: ADMA1, MMC
// boot mode, SDIO interrupts, transfer rates.
#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/disk.h"
#include "soc/sd_card.h"

enum {
    DSADDR = 0x00,
    BLKATTR = 0x04,
    CMDARG = 0x08,
    XFERTYP = 0x0c,
    CMDRSP = 0x10,
    DATPORT = 0x20,
    PRSSTAT = 0x24,
    PROCTL = 0x28,
    SYSCTL = 0x2c,
    IRQSTAT = 0x30,
    IRQSTATEN = 0x34,
    IRQSIGEN = 0x38,
    AUTOC12ERR = 0x3c,
    HOSTCAPBLT = 0x40,
    WML = 0x44,
    FEVT = 0x50,
    ADMAES = 0x54,
    ADSADDR = 0x58,
    DLLCTRL = 0x60
};
enum {
    X_DMAEN = BIT(0),
    X_BCEN = BIT(1),
    X_AC12EN = BIT(2),
    X_DTDSEL = BIT(4),
    X_MSBSEL = BIT(5),
    X_DPSEL = BIT(21)
};
enum {
    I_CC = BIT(0),
    I_TC = BIT(1),
    I_DINT = BIT(3),
    I_BWR = BIT(4),
    I_BRR = BIT(5),
    I_CTOE = BIT(16),
    I_DTOE = BIT(20),
    I_DMAE = BIT(28)
};
enum { S_BWEN = BIT(10), S_BREN = BIT(11) };
enum { RSTA = BIT(24), RSTC = BIT(25), RSTD = BIT(26), INITA = BIT(27) };
enum { OUT_IRQ, OUT_CD };
enum { ADMA_DESCRIPTORS_MAX = 65536, CHUNK = 4096 };

struct imx_esdhc {
    struct device dev;
    struct sd_card *card;
    struct disk *disk;
    uint32_t pio_left; // bytes that software has yet to move
    uint8_t pio_write;
};

static struct imx_esdhc *esdhc_of(struct device *dev)
{
    return container_of(dev, struct imx_esdhc, dev);
}

static void update_irq(struct imx_esdhc *e)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    device_output(&e->dev, OUT_IRQ, regfile_peek(rf, IRQSTAT) & regfile_peek(rf, IRQSIGEN));
}

static void raise(struct imx_esdhc *e, uint32_t flags)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    regfile_poke(rf, IRQSTAT, regfile_peek(rf, IRQSTAT) | (flags & regfile_peek(rf, IRQSTATEN)));
    update_irq(e);
}

// ---- data
// ----------------------------------------------------------------------------------------

// Moves bytes between the card and memory; false when the address is not memory.
static bool move(struct imx_esdhc *e, uint32_t pa, uint32_t n, bool write)
{
    uint8_t buf[CHUNK];
    while (n) {
        uint32_t run = n < CHUNK ? n : CHUNK;
        if (write) {
            if (device_dma_read(&e->dev, pa, buf, run)) {
                return false;
            }
            sd_card_write(e->card, buf, run);
        } else {
            sd_card_read(e->card, buf, run);
            if (device_dma_write(&e->dev, pa, buf, run)) {
                return false;
            }
        }
        pa += run;
        n -= run;
    }
    return true;
}

// Descriptor: attributes (0 valid, 1 end, 2 interrupt, [5:4] 2 transfer 3 link), length, address.
static bool adma2(struct imx_esdhc *e, uint32_t total, bool write)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t at = regfile_peek(rf, ADSADDR);
    uint8_t d[8];
    for (unsigned i = 0; i < ADMA_DESCRIPTORS_MAX && total; i++) {
        uint32_t attr, len, addr, act;
        if (device_dma_read(&e->dev, at, d, sizeof d)) {
            break;
        }
        attr = get_le16(d);
        len = get_le16(d + 2);
        addr = get_le32(d + 4);
        act = bits(attr, 5, 4);
        if (!(attr & 1)) {
            break;
        }
        at += 8;
        if (act == 3) {
            at = addr;
        } else if (act == 2) {
            len = len ? len : 65536;
            len = len < total ? len : total;
            if (!move(e, addr, len, write)) {
                break;
            }
            total -= len;
        }
        regfile_poke(rf, ADSADDR, at);
        if (attr & 2) {
            break;
        }
    }
    if (total) {
        regfile_poke(rf, ADMAES, 1);
    }
    return !total;
}

static bool dma(struct imx_esdhc *e, uint32_t total, bool write)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t pa = regfile_peek(rf, DSADDR);
    if (bits(regfile_peek(rf, PROCTL), 9, 8) == 2) {
        return adma2(e, total, write);
    }
    if (!move(e, pa, total, write)) {
        return false;
    }
    regfile_poke(rf, DSADDR, pa + total);
    return true;
}

static void set_presence(struct imx_esdhc *e, uint32_t flags, bool on)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t v = regfile_peek(rf, PRSSTAT);
    regfile_poke(rf, PRSSTAT, on ? v | flags : v & ~flags);
}

static void finish(struct imx_esdhc *e)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t xfer = regfile_peek(rf, XFERTYP);
    regfile_poke(rf, BLKATTR, regfile_peek(rf, BLKATTR) & 0xffff);
    if (xfer & X_AC12EN) {
        struct sd_reply r;
        sd_card_command(e->card, 12, 0, &r);
        regfile_poke(rf, CMDRSP + 12, r.resp[0]);
    }
    set_presence(e, S_BREN | S_BWEN, false);
    e->pio_left = 0;
    raise(e, I_TC | (xfer & X_DMAEN ? I_DINT : 0));
}

static void start_data(struct imx_esdhc *e, enum sd_data dir)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t xfer = regfile_peek(rf, XFERTYP), blk = regfile_peek(rf, BLKATTR);
    uint32_t size = blk & 0x1fff, count = xfer & X_MSBSEL ? blk >> 16 : 1;
    uint32_t total = size * count;
    bool write = !(xfer & X_DTDSEL);

    if (write != (dir == SD_DATA_WRITE) || dir == SD_DATA_NONE) {
        raise(e, I_DTOE); // the card does not do what the host waits for
    } else if (!total) {
        finish(e);
    } else if (xfer & X_DMAEN) {
        if (dma(e, total, write)) {
            finish(e);
        } else {
            raise(e, I_DMAE);
        }
    } else {
        e->pio_left = total;
        e->pio_write = write;
        set_presence(e, write ? S_BWEN : S_BREN, true);
        raise(e, write ? I_BWR : I_BRR);
    }
}

// One word through the data port.
static uint32_t port(struct imx_esdhc *e, uint32_t v, bool write)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    uint32_t size = regfile_peek(rf, BLKATTR) & 0x1fff, n;
    uint8_t word[4];
    if (!e->card || !e->pio_left || e->pio_write != write) {
        return 0;
    }
    n = e->pio_left < 4 ? e->pio_left : 4;
    put_le32(word, v);
    if (write) {
        sd_card_write(e->card, word, n);
    } else {
        put_le32(word, 0);
        sd_card_read(e->card, word, n);
    }
    e->pio_left -= n;
    if (!e->pio_left) {
        finish(e);
    } else if (size && e->pio_left % size == 0) {
        raise(e, write ? I_BWR : I_BRR);
    }
    return get_le32(word);
}

// ---- commands
// ------------------------------------------------------------------------------------

static void put_response(struct imx_esdhc *e, const struct sd_reply *r)
{
    struct regfile *rf = device_regs(&e->dev, 0);
    if (r->kind == SD_RESP_136) { // bits 127:8, right aligned
        regfile_poke(rf, CMDRSP + 0, r->resp[2] << 24 | r->resp[3] >> 8);
        regfile_poke(rf, CMDRSP + 4, r->resp[1] << 24 | r->resp[2] >> 8);
        regfile_poke(rf, CMDRSP + 8, r->resp[0] << 24 | r->resp[1] >> 8);
        regfile_poke(rf, CMDRSP + 12, r->resp[0] >> 8);
    } else if (r->kind == SD_RESP_48) {
        regfile_poke(rf, CMDRSP, r->resp[0]);
    }
}

static void write_xfertyp(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                          uint32_t old)
{
    struct imx_esdhc *e = esdhc_of(device_of(rf));
    struct sd_reply r = {0};
    (void)row, (void)i, (void)old;
    e->pio_left = 0;
    set_presence(e, S_BREN | S_BWEN, false);
    if (e->card) {
        sd_card_command(e->card, bits(raw, 29, 24), regfile_peek(rf, CMDARG), &r);
    }
    if (!r.answered) {
        // no response expected: nobody notices that nobody answered
        raise(e, bits(raw, 17, 16) ? I_CTOE : I_CC);
        return;
    }
    put_response(e, &r);
    raise(e, I_CC);
    if (raw & X_DPSEL) {
        start_data(e, r.data);
    } else if (bits(raw, 17, 16) == 3 && bits(raw, 29, 24) != 12) {
        raise(e, I_TC); // end of busy
    }
}

static uint32_t read_datport(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return port(esdhc_of(device_of(rf)), 0, false);
}

static void write_datport(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                          uint32_t old)
{
    (void)row, (void)i, (void)old;
    port(esdhc_of(device_of(rf)), raw, true);
}

static void update_presence(struct imx_esdhc *e)
{
    uint32_t v = 0xff800088; // lines high, clocks off and stable
    if (e->card) {
        v |= 0x000f0000; // inserted, detect pin, write enabled
        v &= disk_readonly(e->disk) ? ~(uint32_t)BIT(19) : ~0u;
    }
    regfile_poke(device_regs(&e->dev, 0), PRSSTAT, v);
    device_output(&e->dev, OUT_CD, !e->card);
}

static void write_sysctl(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                         uint32_t old)
{
    struct imx_esdhc *e = esdhc_of(device_of(rf));
    (void)i, (void)old;
    if (raw & RSTA) {
        regfile_reset(rf);
        regfile_put(rf, row, 0, raw & 0x000ffff8);
        e->pio_left = 0;
        update_presence(e);
    } else {
        regfile_put(rf, row, 0, raw & 0x000fffff);
    }
    if (raw & RSTD) {
        e->pio_left = 0;
        set_presence(e, S_BREN | S_BWEN, false);
        regfile_poke(rf, IRQSTAT,
                     regfile_peek(rf, IRQSTAT) & ~(uint32_t)(I_TC | I_DINT | I_BWR | I_BRR));
    }
    if (raw & RSTC) {
        regfile_poke(rf, IRQSTAT, regfile_peek(rf, IRQSTAT) & ~(uint32_t)I_CC);
    }
    update_irq(e);
}

static void write_irq(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct imx_esdhc *e = esdhc_of(device_of(rf));
    (void)i, (void)old, (void)raw;
    if (row->offset == IRQSTATEN) {
        regfile_poke(rf, IRQSTAT, regfile_peek(rf, IRQSTAT) & regfile_get(rf, row, 0));
    }
    if (e->pio_left) { // data still waits: the flag comes back
        raise(e, e->pio_write ? I_BWR : I_BRR);
    }
    update_irq(e);
}

static void write_fevt(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    (void)row, (void)i, (void)old;
    raise(esdhc_of(device_of(rf)), raw & 0x107f0000);
}

static void write_dll(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)i, (void)old;
    if (device_prop(device_of(rf), "version") < 3) {
        regfile_put(rf, row, 0, raw & ~(uint32_t)BIT(10));
    }
}

// clang-format off
static const struct reg_row rows[] = {
    RW(DSADDR, "DSADDR", 0),
    RW_MASK(BLKATTR, "BLKATTR", 0x00010000, 0xffff1fff),
    RW(CMDARG, "CMDARG", 0),
    {.name = "XFERTYP", .offset = XFERTYP, .writable = 0x3ffb0037, .write = write_xfertyp,
     .doc = "[29:24] command, 21 DPSEL, [17:16] response, 5 MSBSEL, 4 DTDSEL, 2 AC12EN, 1 BCEN, 0 DMAEN"},
    RO_ARRAY(CMDRSP, "CMDRSP", 0, 4),
    {.name = "DATPORT", .offset = DATPORT, .read = read_datport, .write = write_datport},
    RO(PRSSTAT, "PRSSTAT", 0xff800088),
    RW_MASK(PROCTL, "PROCTL", 0x20, 0x070f03ff),
    {.name = "SYSCTL", .offset = SYSCTL, .reset = 0x8008, .writable = 0x0f0fffff, .write = write_sysctl},
    {.name = "IRQSTAT", .offset = IRQSTAT, .w1c = 0x117f01ff, .write = write_irq},
    {.name = "IRQSTATEN", .offset = IRQSTATEN, .reset = 0x117f013f, .writable = 0x117f01ff, .write = write_irq},
    {.name = "IRQSIGEN", .offset = IRQSIGEN, .writable = 0x117f01ff, .write = write_irq},
    RO(AUTOC12ERR, "AUTOC12ERR", 0),
    RO(HOSTCAPBLT, "HOSTCAPBLT", 0x07f30000),
    RW(WML, "WML", 0x08100810),
    RW(0x48, "MIXCTRL", 0),
    {.name = "FEVT", .offset = FEVT, .write = write_fevt},
    RO(ADMAES, "ADMAES", 0),
    RW_MASK(ADSADDR, "ADSADDR", 0, ~3u),
    {.name = "DLLCTRL", .offset = DLLCTRL, .writable = ~0u, .write = write_dll},
    RO(0x64, "DLLSTS", 0),
    RW(0x68, "CLKTUNE", 0),
    RW(0xc0, "VENDOR", 0),
    RW(0xc4, "MMCBOOT", 0),
    RO(0xfc, "HOSTVER", 0x1201),
};
// clang-format on
static const struct reg_table table = REG_TABLE("esdhc", rows, 0x100);
static const struct device_window windows[] = {{.name = "", .regs = &table, .bytes = 0x4000}};
static const struct device_prop props[] = {{"version", 2}, {NULL, 0}};

static void reset(struct device *dev)
{
    struct imx_esdhc *e = esdhc_of(dev);
    e->pio_left = 0;
    if (e->card) {
        sd_card_power_on(e->card);
    }
    update_presence(e);
    update_irq(e);
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    struct imx_esdhc *e = esdhc_of(dev);
    e->card = sd_card_create(disk, device_log(dev), err);
    e->disk = disk;
    return e->card ? 0 : -EINVAL;
}

static void unrealize(struct device *dev)
{
    sd_card_destroy(esdhc_of(dev)->card);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct imx_esdhc *e = container_of(dev, const struct imx_esdhc, dev);
    snap_put_u32(w, e->card != NULL);
    if (e->card) {
        sd_card_save(e->card, w);
        disk_save(e->disk, w);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct imx_esdhc *e = esdhc_of(dev);
    bool card = snap_get_u32(r);
    int rc;
    if (card != (e->card != NULL)) {
        return err_set(err, -EINVAL, "snapshot: %s %s a card, the machine %s", dev->name,
                       card ? "has" : "has not", card ? "has none" : "has one");
    }
    rc = card ? sd_card_restore(e->card, r, err) : 0;
    return card && !rc ? disk_restore(e->disk, r, err) : rc;
}

static const struct snap_field state[] = {SNAP_FIELD(struct imx_esdhc, pio_left),
                                          SNAP_FIELD(struct imx_esdhc, pio_write), SNAP_END};

const struct device_class imx_esdhc_class = {
    .name = "imx-esdhc",
    .doc = "SD card host",
    .bytes = sizeof(struct imx_esdhc),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .props = props,
    .outputs = (const char *const[]){"irq", "cd", NULL},
    .reset = reset,
    .unrealize = unrealize,
    .attach_disk = attach_disk,
    .state = state,
    .save = save,
    .restore = restore,
};
