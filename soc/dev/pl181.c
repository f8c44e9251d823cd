// SPDX-License-Identifier: MIT
//
// Multimedia card interface PL180/PL181 (ARM DDI 0172, DDI 0205): commands at once, data through
// the FIFO as fast as software moves it. Left out: DMA, streams, time-outs of data, CRC errors.
#include <errno.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "soc/dev/primecell.h"
#include "soc/disk.h"
#include "soc/sd_card.h"

enum { POWER = 0x00, CLOCK = 0x04, ARGUMENT = 0x08, COMMAND = 0x0c, RESPCMD = 0x10, RESPONSE = 0x14,
       DATALENGTH = 0x28, DATACTRL = 0x2c, DATACNT = 0x30, STATUS = 0x34, CLEAR = 0x38, MASK0 = 0x3c,
       MASK1 = 0x40, FIFOCNT = 0x48, FIFO = 0x80 };
enum { CMD_RESPONSE = BIT(6), CMD_LONG = BIT(7), CMD_ENABLE = BIT(10) };
enum { DAT_ENABLE = BIT(0), DAT_FROM_CARD = BIT(1) };
enum { S_CMD_TIMEOUT = BIT(2), S_CMD_END = BIT(6), S_CMD_SENT = BIT(7), S_DATA_END = BIT(8),
       S_BLOCK_END = BIT(10), S_TX_ACTIVE = BIT(12), S_RX_ACTIVE = BIT(13), S_TX_HALF = BIT(14),
       S_RX_HALF = BIT(15), S_TX_FULL = BIT(16), S_RX_FULL = BIT(17), S_TX_EMPTY = BIT(18),
       S_RX_EMPTY = BIT(19), S_TX_AVAIL = BIT(20), S_RX_AVAIL = BIT(21) };
enum { OUT_IRQ0, OUT_IRQ1, OUT_CARD, OUT_PROTECTED };
enum { FIFO_BYTES = 64 };

struct pl181 {
    struct device dev;
    struct sd_card *card;
    struct disk *disk;
    uint32_t status; // latched bits 10:0
    uint32_t left;   // bytes that software has yet to move
    uint8_t armed, card_data, moving; // enum sd_data: host, card, both
};

static struct pl181 *mmc_of(struct device *dev)
{
    return container_of(dev, struct pl181, dev);
}

static uint32_t status(const struct pl181 *s)
{
    uint32_t n = s->left < FIFO_BYTES ? s->left : FIFO_BYTES;
    if (s->moving == SD_DATA_READ) {
        return s->status | S_RX_ACTIVE | (n >= FIFO_BYTES / 2 ? S_RX_HALF : 0) |
               (n == FIFO_BYTES ? S_RX_FULL : 0) | (n ? S_RX_AVAIL : S_RX_EMPTY) | S_TX_EMPTY;
    }
    if (s->moving == SD_DATA_WRITE) {
        return s->status | S_TX_ACTIVE | S_TX_HALF | S_TX_EMPTY | S_RX_EMPTY;
    }
    return s->status | S_TX_EMPTY | S_RX_EMPTY;
}

// What the card and the FIFO have yet to exchange; the FIFO fills and drains at once.
static uint32_t beyond(const struct pl181 *s)
{
    return s->moving == SD_DATA_READ ? s->left - (s->left < FIFO_BYTES ? s->left : FIFO_BYTES) : s->left;
}

static void update_irq(struct pl181 *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    uint32_t now = status(s);
    device_output(&s->dev, OUT_IRQ0, now & regfile_peek(rf, MASK0));
    device_output(&s->dev, OUT_IRQ1, now & regfile_peek(rf, MASK1));
}

static void stop_data(struct pl181 *s)
{
    s->moving = s->armed = s->card_data = SD_DATA_NONE;
    s->left = 0;
}

static void moved(struct pl181 *s, uint32_t n)
{
    s->left -= n;
    if (!s->left) {
        stop_data(s);
        s->status |= S_DATA_END | S_BLOCK_END;
    }
    update_irq(s);
}

// Data flow as soon as host and card agree.
static void begin(struct pl181 *s)
{
    if (s->moving || s->armed == SD_DATA_NONE || s->armed != s->card_data) {
        return;
    }
    s->left = regfile_peek(device_regs(&s->dev, 0), DATALENGTH);
    s->moving = s->armed;
    if (!s->left) {
        moved(s, 0);
    }
}

static void command(struct pl181 *s, uint32_t cmd)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    struct sd_reply r = {0};
    if (s->card) {
        sd_card_command(s->card, cmd & 0x3f, regfile_peek(rf, ARGUMENT), &r);
    }
    if (!(cmd & CMD_RESPONSE)) {
        s->status |= S_CMD_SENT;
    } else if (!r.answered) {
        s->status |= S_CMD_TIMEOUT;
    } else {
        s->status |= S_CMD_END;
        regfile_poke(rf, RESPCMD, cmd & CMD_LONG ? 0x3f : cmd & 0x3f);
        for (unsigned n = 0; n < 4; n++) {
            uint32_t v = n == 0 || r.kind == SD_RESP_136 ? r.resp[n] : 0;
            regfile_poke(rf, RESPONSE + n * 4, n == 3 ? v & ~1u : v);
        }
    }
    if (r.answered && r.data != SD_DATA_NONE) {
        s->card_data = (uint8_t)r.data;
    }
    begin(s);
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct pl181 *s = mmc_of(device_of(rf));
    uint32_t n = s->left < 4 ? s->left : 4;
    uint8_t raw[4] = {0};
    (void)i;
    switch (row->offset) {
    case DATACNT:
        return beyond(s);
    case STATUS:
        return status(s);
    case FIFOCNT:
        return (beyond(s) + 3) / 4;
    default:
        break;
    }
    if (s->moving != SD_DATA_READ || !s->card) {
        return 0;
    }
    sd_card_read(s->card, raw, n);
    moved(s, n);
    return get_le32(raw);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct pl181 *s = mmc_of(device_of(rf));
    uint32_t n = s->left < 4 ? s->left : 4;
    uint8_t data[4];
    (void)i, (void)old;
    switch (row->offset) {
    case COMMAND:
        if (raw & CMD_ENABLE) {
            command(s, raw);
            regfile_put(rf, row, 0, raw & ~(uint32_t)CMD_ENABLE);
        }
        break;
    case DATACTRL:
        s->moving = SD_DATA_NONE;
        s->left = 0;
        s->armed = !(raw & DAT_ENABLE)    ? SD_DATA_NONE
                   : raw & DAT_FROM_CARD ? SD_DATA_READ
                                         : SD_DATA_WRITE;
        begin(s);
        break;
    case CLEAR:
        s->status &= ~raw;
        break;
    case FIFO:
        if (s->moving == SD_DATA_WRITE && s->card) {
            put_le32(data, raw);
            sd_card_write(s->card, data, n);
            moved(s, n);
        }
        return;
    default:
        break;
    }
    update_irq(s);
}

// clang-format off
static const struct reg_row rows[] = {
    RW_MASK(POWER, "MCIPower", 0, 0xff), RW_MASK(CLOCK, "MCIClock", 0, 0xfff), RW(ARGUMENT, "MCIArgument", 0),
    {.name = "MCICommand", .offset = COMMAND, .writable = 0x7ff, .write = write_any,
     .doc = "[5:0] index, 6 response, 7 long, 8 interrupt, 9 pending, 10 enable"},
    RO(RESPCMD, "MCIRespCmd", 0), RO_ARRAY(RESPONSE, "MCIResponse", 0, 4), RW(0x24, "MCIDataTimer", 0),
    RW_MASK(DATALENGTH, "MCIDataLength", 0, 0xffff),
    {.name = "MCIDataCtrl", .offset = DATACTRL, .writable = 0xff, .write = write_any,
     .doc = "0 enable, 1 from card, 2 stream, 3 DMA, [7:4] block size"},
    {.name = "MCIDataCnt", .offset = DATACNT, .read = read_any},
    {.name = "MCIStatus", .offset = STATUS, .read = read_any},
    {.name = "MCIClear", .offset = CLEAR, .write = write_any},
    {.name = "MCIMask0", .offset = MASK0, .writable = 0x3fffff, .write = write_any},
    {.name = "MCIMask1", .offset = MASK1, .writable = 0x3fffff, .write = write_any},
    RW_MASK(0x44, "MCISelect", 0, 0xf),
    {.name = "MCIFifoCnt", .offset = FIFOCNT, .read = read_any},
    {.name = "MCIFIFO", .offset = FIFO, .count = 16, .read = read_any, .write = write_any},
    PRIMECELL_ROWS(0x181, 0x04),
};
// clang-format on
static const struct reg_table table = REG_TABLE("mmci", rows, PRIMECELL_SPAN);
static const struct device_window windows[] = {WINDOW(table)};

static void reset(struct device *dev)
{
    struct pl181 *s = mmc_of(dev);
    stop_data(s);
    s->status = 0;
    if (s->card) {
        sd_card_power_on(s->card);
    }
    device_output(dev, OUT_CARD, s->card != NULL);
    device_output(dev, OUT_PROTECTED, s->disk && disk_readonly(s->disk));
    update_irq(s);
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    struct pl181 *s = mmc_of(dev);
    s->disk = disk;
    s->card = sd_card_create(disk, device_log(dev), err);
    return s->card ? 0 : -EINVAL;
}

static void unrealize(struct device *dev)
{
    sd_card_destroy(mmc_of(dev)->card);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct pl181 *s = container_of(dev, const struct pl181, dev);
    snap_put_u32(w, s->card != NULL);
    if (s->card) {
        sd_card_save(s->card, w);
        disk_save(s->disk, w);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct pl181 *s = mmc_of(dev);
    int rc = 0;
    if (snap_get_u32(r) != (s->card != NULL)) {
        return err_set(err, -EINVAL, "%s: the snapshot and this machine differ in the card",
                       dev->name);
    }
    if (s->card) {
        rc = sd_card_restore(s->card, r, err);
        rc = rc ? rc : disk_restore(s->disk, r, err);
    }
    return rc ? rc : snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct pl181, status), SNAP_FIELD(struct pl181, left), SNAP_FIELD(struct pl181, armed),
    SNAP_FIELD(struct pl181, card_data), SNAP_FIELD(struct pl181, moving), SNAP_END};

const struct device_class pl181_class = {
    .name = "pl181",
    .doc = "SD host controller",
    .bytes = sizeof(struct pl181),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq0", "irq1", "card", "protected", NULL},
    .reset = reset,
    .unrealize = unrealize,
    .attach_disk = attach_disk,
    .state = state,
    .save = save,
    .restore = restore,
};
