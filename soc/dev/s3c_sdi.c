// SPDX-License-Identifier: MIT
//
// SD host controller of the S3C2440 (User's Manual, "SD Host Interface"): commands at once, data
// through the FIFO as fast as software or DMA moves it; what is written before the card has taken the
// command waits in the FIFO. The S3C2410 has two registers the other way round. Left out: SDIO,
// time-outs of data.
#include <errno.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/disk.h"
#include "soc/sd_card.h"

enum {
    SDICON = 0x00,
    CMDARG = 0x08,
    CMDCON = 0x0c,
    CMDSTA = 0x10,
    RSP0 = 0x14,
    BSIZE = 0x28,
    DATCON = 0x2c,
    DATCNT = 0x30,
    DATSTA = 0x34,
    FSTA = 0x38,
    IMSK_2440 = 0x3c,
    DAT_2440 = 0x40
};
enum { CMD_START = BIT(8), CMD_WAIT = BIT(9) };
enum { C_RSPFIN = BIT(9), C_TIMEOUT = BIT(10), C_SENT = BIT(11) };
enum { D_RX_ON = BIT(0), D_TX_ON = BIT(1), D_BUSY = BIT(3), D_FINISH = BIT(4) };
enum { OUT_IRQ, OUT_CD, OUT_DREQ };
enum { FIFO = 64 };

struct s3c_sdi {
    struct device dev;
    struct sd_card *card;
    struct disk *disk;
    uint32_t left;            // bytes that software has yet to move
    uint8_t armed, card_data; // enum sd_data: what the host waits for, what the card does
    uint8_t moving;
    uint8_t fifo[FIFO], waiting; // written by software, not yet taken by the card
};

extern const struct device_class s3c2410_sdi_class;

static struct s3c_sdi *sdi_of(struct device *dev)
{
    return container_of(dev, struct s3c_sdi, dev);
}

static bool is_2410(const struct s3c_sdi *s)
{
    return s->dev.cls == &s3c2410_sdi_class;
}

static bool sends(const struct s3c_sdi *s)
{
    return s->moving == SD_DATA_WRITE || (!s->moving && s->armed == SD_DATA_WRITE);
}

static uint32_t fifo_state(const struct s3c_sdi *s)
{
    uint32_t n = s->left < FIFO ? s->left : FIFO;
    if (s->moving == SD_DATA_READ) {
        return n | (n ? BIT(12) : 0) | (n >= FIFO / 2 ? BIT(7) : 0) | (n == FIFO ? BIT(8) : 0) |
               (n == s->left && n ? BIT(9) : 0);
    }
    n = s->waiting;
    return n | (n ? 0 : BIT(10)) | (n <= FIFO / 2 ? BIT(11) : 0) |
           (sends(s) && n < FIFO ? BIT(13) : 0);
}

// The causes in the order of the mask register.
static void update_irq(struct s3c_sdi *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    uint32_t f = fifo_state(s), c = regfile_peek(rf, CMDSTA), d = regfile_peek(rf, DATSTA), v;
    v = bit(f, 7) | bit(f, 8) << 1 | bit(f, 9) << 2 | bit(d, 3) << 6 | bit(d, 4) << 7 |
        bit(c, 9) << 14 | bit(c, 10) << 15 | bit(c, 11) << 16;
    if (sends(s)) {
        v |= bit(f, 10) << 3 | bit(f, 11) << 4;
    }
    device_output(&s->dev, OUT_IRQ, v & regfile_peek(rf, is_2410(s) ? DAT_2440 : IMSK_2440));
    device_output(&s->dev, OUT_DREQ,
                  (regfile_peek(rf, DATCON) & BIT(15)) && ((s->moving == SD_DATA_READ && s->left) || bit(f, 13)));
}

static void flag(struct s3c_sdi *s, uint32_t reg, uint32_t on)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    regfile_poke(rf, reg, regfile_peek(rf, reg) | on);
}

static void finish(struct s3c_sdi *s)
{
    regfile_poke(device_regs(&s->dev, 0), DATSTA, D_FINISH);
    s->moving = s->armed = s->card_data = SD_DATA_NONE;
    s->left = 0;
    s->waiting = 0;
}

// What waits in the FIFO goes to the card.
static void drain(struct s3c_sdi *s)
{
    uint32_t n = s->waiting < s->left ? s->waiting : s->left;
    if (s->moving != SD_DATA_WRITE) {
        return;
    }
    sd_card_write(s->card, s->fifo, n);
    s->waiting = 0;
    s->left -= n;
    if (!s->left) {
        finish(s);
    }
}

// Data flow as soon as host and card agree.
static void begin(struct s3c_sdi *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    uint32_t con = regfile_peek(rf, DATCON);
    if (s->moving || s->armed == SD_DATA_NONE || s->armed != s->card_data) {
        return;
    }
    s->left = (regfile_peek(rf, BSIZE) & 0xfff) * (con & 0xfff);
    s->moving = s->armed;
    regfile_poke(rf, DATSTA, s->moving == SD_DATA_READ ? D_RX_ON : D_TX_ON);
    if (!s->left) {
        finish(s);
    } else {
        drain(s);
    }
}

static void write_cmdcon(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                         uint32_t old)
{
    struct s3c_sdi *s = sdi_of(device_of(rf));
    struct sd_reply r = {0};
    uint32_t done = C_SENT;
    (void)i, (void)old;
    if (raw & CMD_START) {
        regfile_put(rf, row, 0, raw & ~(uint32_t)CMD_START);
        if (s->card) {
            sd_card_command(s->card, raw & 0x3f, regfile_peek(rf, CMDARG), &r);
        }
        if (raw & CMD_WAIT) {
            done |= r.answered ? C_RSPFIN : C_TIMEOUT;
        }
        for (unsigned n = 0; n < 4 && r.answered; n++) {
            regfile_poke(rf, RSP0 + n * 4, n == 0 || r.kind == SD_RESP_136 ? r.resp[n] : 0);
        }
        regfile_poke(rf, CMDSTA, (regfile_peek(rf, CMDSTA) & 0x1e00) | done | (raw & 0xff));
        s->card_data = r.answered ? (uint8_t)r.data : SD_DATA_NONE;
        if (r.busy && r.answered) {
            flag(s, DATSTA, D_BUSY);
        }
        begin(s);
    }
    update_irq(s);
}

static void write_datcon(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                         uint32_t old)
{
    struct s3c_sdi *s = sdi_of(device_of(rf));
    unsigned mode = bits(raw, 13, 12);
    (void)row, (void)i, (void)old;
    s->moving = SD_DATA_NONE;
    s->left = 0;
    s->waiting = 0;
    regfile_poke(rf, DATSTA, regfile_peek(rf, DATSTA) & ~(uint32_t)(D_RX_ON | D_TX_ON));
    s->armed = mode == 2 ? SD_DATA_READ : mode == 3 ? SD_DATA_WRITE : SD_DATA_NONE;
    if (!(raw & (BIT(19) | BIT(20)))) { // not bound to a command to come
        begin(s);
    }
    update_irq(s);
}

static uint32_t read_any(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_sdi *s = sdi_of(device_of(rf));
    uint32_t size = regfile_peek(rf, BSIZE) & 0xfff, n = s->left < 4 ? s->left : 4;
    uint8_t word[4] = {0};
    (void)i;
    switch (row->offset) {
    case DATCNT:
        return size ? (s->left / size & 0xfff) << 12 | s->left % size : 0;
    case FSTA:
        return fifo_state(s);
    default:
        break;
    }
    if (s->moving != SD_DATA_READ || !s->card) {
        return 0;
    }
    sd_card_read(s->card, word, n);
    s->left -= n;
    if (!s->left) {
        finish(s);
    }
    update_irq(s);
    return get_le32(word);
}

static void write_dat(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_sdi *s = sdi_of(device_of(rf));
    (void)row, (void)i, (void)old;
    if (!sends(s) || !s->card || s->waiting + 4u > FIFO) {
        return;
    }
    put_le32(s->fifo + s->waiting, raw);
    s->waiting += 4;
    drain(s);
    update_irq(s);
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_sdi *s = sdi_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == SDICON && (raw & BIT(8))) {
        regfile_reset(rf);
        s->moving = s->armed = s->card_data = SD_DATA_NONE;
        s->left = 0;
        s->waiting = 0;
    }
    if (row->offset == SDICON && (raw & BIT(1))) { // FIFO reset
        s->waiting = 0;
    }
    update_irq(s);
}

// clang-format off
#define COMMON_ROWS \
    {.name = "SDICON", .offset = SDICON, .writable = 0x3d, .write = write_any}, \
    RW_MASK(0x04, "SDIPRE", 1, 0xff), RW(CMDARG, "SDICMDARG", 0), \
    {.name = "SDICMDCON", .offset = CMDCON, .writable = 0x1fff, .write = write_cmdcon, \
     .doc = "12 abort, 11 with data, 10 long response, 9 wait, 8 start, [7:0] index"}, \
    {.name = "SDICMDSTA", .offset = CMDSTA, .w1c = 0x1e00, .write = write_any}, \
    RO_ARRAY(RSP0, "SDIRSP", 0, 4), \
    RW_MASK(0x24, "SDIDTIMER", 0, 0x7fffff), RW_MASK(BSIZE, "SDIBSIZE", 0, 0xfff), \
    {.name = "SDIDATCON", .offset = DATCON, .writable = 0x1ffffff, .write = write_datcon, \
     .doc = "20 after response, 19 after command, [13:12] 2 receive 3 send, [11:0] blocks"}, \
    {.name = "SDIDATCNT", .offset = DATCNT, .read = read_any}, \
    {.name = "SDIDATSTA", .offset = DATSTA, .w1c = 0xffc, .write = write_any}, \
    {.name = "SDIFSTA", .offset = FSTA, .read = read_any}
static const struct reg_row rows[] = {
    COMMON_ROWS,
    {.name = "SDIIMSK", .offset = IMSK_2440, .writable = 0x3ffff, .write = write_any},
    {.name = "SDIDAT", .offset = DAT_2440, .read = read_any, .write = write_dat},
};
static const struct reg_row rows_2410[] = {
    COMMON_ROWS,
    {.name = "SDIDAT", .offset = IMSK_2440, .read = read_any, .write = write_dat},
    {.name = "SDIIMSK", .offset = DAT_2440, .writable = 0x3ffff, .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("sdi", rows, 0x44);
static const struct reg_table table_2410 = REG_TABLE("sdi", rows_2410, 0x44);
static const struct device_window windows[] = {{.name = "", .regs = &table}};
static const struct device_window windows_2410[] = {{.name = "", .regs = &table_2410}};

static void reset(struct device *dev)
{
    struct s3c_sdi *s = sdi_of(dev);
    s->moving = s->armed = s->card_data = SD_DATA_NONE;
    s->left = 0;
    s->waiting = 0;
    if (s->card) {
        sd_card_power_on(s->card);
    }
    device_output(dev, OUT_CD, !s->card);
    update_irq(s);
}

static int attach_disk(struct device *dev, struct disk *disk, struct err *err)
{
    struct s3c_sdi *s = sdi_of(dev);
    s->disk = disk;
    s->card = sd_card_create(disk, device_log(dev), err);
    return s->card ? 0 : -EINVAL;
}

static void unrealize(struct device *dev)
{
    sd_card_destroy(sdi_of(dev)->card);
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct s3c_sdi *s = container_of(dev, const struct s3c_sdi, dev);
    snap_put_u32(w, s->card != NULL);
    if (s->card) {
        sd_card_save(s->card, w);
        disk_save(s->disk, w);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct s3c_sdi *s = sdi_of(dev);
    int rc = 0;
    if (snap_get_u32(r) != (s->card != NULL)) {
        return err_set(err, -EINVAL, "%s: the snapshot and this machine differ in the card",
                       dev->name);
    }
    if (s->card) {
        rc = sd_card_restore(s->card, r, err);
        rc = rc ? rc : disk_restore(s->disk, r, err);
    }
    s->waiting = s->waiting <= FIFO ? s->waiting : FIFO;
    return rc ? rc : snap_failed(r, err);
}

static const struct snap_field state[] = {
    SNAP_FIELD(struct s3c_sdi, left), SNAP_FIELD(struct s3c_sdi, armed),
    SNAP_FIELD(struct s3c_sdi, card_data), SNAP_FIELD(struct s3c_sdi, moving),
    SNAP_ARRAY(struct s3c_sdi, fifo), SNAP_FIELD(struct s3c_sdi, waiting), SNAP_END};

#define CLASS(name_, windows_)                                                                      \
    {                                                                                              \
        .name = (name_), .doc = "SD host controller", .bytes = sizeof(struct s3c_sdi),             \
        .windows = (windows_), .window_count = 1,                                                  \
        .outputs = (const char *const[]){"irq", "cd", "dreq", NULL}, .reset = reset,               \
        .unrealize = unrealize, .attach_disk = attach_disk, .state = state, .state_version = 1,    \
        .save = save, .restore = restore,                                                          \
    }
const struct device_class s3c_sdi_class = CLASS("s3c2440-sdi", windows);
const struct device_class s3c2410_sdi_class = CLASS("s3c2410-sdi", windows_2410);
