// SPDX-License-Identifier: MIT
//
// IIS controller of the S3C2410/2440 (User's Manual, "IIS-Bus Interface"): samples written to the FIFO,
// by software or DMA, leave it at the codec's rate into whatever the host plays to. The codec behind it
// (a UDA1341 on these boards) changes nothing. Recording gives silence. Left out: 8-bit samples'
// packing, MSB-justified format's shift.
#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/sound.h"

enum { IISCON = 0x00, IISMOD = 0x04, IISPSR = 0x08, IISFCON = 0x0c, IISFIFO = 0x10 };
enum { CON_ON = BIT(0), CON_RX_DMA = BIT(4), CON_TX_DMA = BIT(5) };
enum { CON_RX_READY = BIT(6), CON_TX_READY = BIT(7), CON_LEFT = BIT(8) };
enum { FCON_RX = BIT(12), FCON_TX = BIT(13), FCON_RX_DMA = BIT(14), FCON_TX_DMA = BIT(15) };
enum { OUT_TX, OUT_RX };
enum { FIFO = 32, BATCH = 8 }; // halfwords; frames that leave at a time

struct s3c_iis {
    struct device dev;
    struct event beat;
    struct sound *sound;
    int16_t fifo[FIFO];
    uint8_t count, waiting; // waiting: halfwords recorded and not read
};

static struct s3c_iis *iis_of(struct device *dev)
{
    return container_of(dev, struct s3c_iis, dev);
}

// Frames a second; 0: the interface stands still.
static uint32_t rate(struct s3c_iis *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    uint32_t mod = regfile_peek(rf, IISMOD);
    uint64_t hz = device_clock_hz(&s->dev, 0);
    if (!(regfile_peek(rf, IISCON) & CON_ON)) {
        return 0;
    }
    hz /= bits(regfile_peek(rf, IISPSR), 9, 5) + 1;
    return (uint32_t)(hz / (mod & BIT(2) ? 384 : 256));
}

static bool sends(struct s3c_iis *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    return (regfile_peek(rf, IISMOD) & BIT(7)) && (regfile_peek(rf, IISFCON) & FCON_TX);
}

static bool records(struct s3c_iis *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    return (regfile_peek(rf, IISMOD) & BIT(6)) && (regfile_peek(rf, IISFCON) & FCON_RX);
}

static void update(struct s3c_iis *s)
{
    struct regfile *rf = device_regs(&s->dev, 0);
    uint32_t con = regfile_peek(rf, IISCON), fcon = regfile_peek(rf, IISFCON);
    bool on = rate(s) != 0;
    device_output(&s->dev, OUT_TX, on && sends(s) && (con & CON_TX_DMA) && (fcon & FCON_TX_DMA) &&
                                       s->count + 4u <= FIFO);
    device_output(&s->dev, OUT_RX,
                  on && records(s) && (con & CON_RX_DMA) && (fcon & FCON_RX_DMA) && s->waiting >= 4);
    if (on && !s->beat.armed) {
        device_arm(&s->dev, &s->beat, device_now(&s->dev) + ns_of_ticks(BATCH, rate(s)));
    } else if (!on) {
        device_cancel(&s->dev, &s->beat);
    }
}

static void beat(struct event *ev, uint64_t now)
{
    struct s3c_iis *s = container_of(ev, struct s3c_iis, beat);
    unsigned n = sends(s) ? (s->count / 2u < BATCH ? s->count / 2u : BATCH) : 0;
    (void)now;
    if (n) {
        if (s->sound) {
            sound_play(s->sound, s->fifo, n, rate(s));
        }
        memmove(s->fifo, s->fifo + n * 2, (s->count - n * 2) * sizeof s->fifo[0]);
        s->count = (uint8_t)(s->count - n * 2);
    }
    if (records(s)) {
        s->waiting = s->waiting + BATCH * 2 < FIFO ? s->waiting + BATCH * 2 : FIFO;
    }
    update(s);
}

static uint32_t read_con(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_iis *s = iis_of(device_of(rf));
    uint32_t r = rate(s);
    uint64_t half = r ? device_now(&s->dev) / (500000000u / r + 1) : 0;
    return regfile_get(rf, row, i) | (s->count < FIFO ? CON_TX_READY : 0) |
           (s->waiting ? CON_RX_READY : 0) | (half & 1 ? CON_LEFT : 0);
}

static uint32_t read_fcon(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_iis *s = iis_of(device_of(rf));
    return regfile_get(rf, row, i) | (uint32_t)s->count << 6 | s->waiting;
}

static uint32_t read_fifo(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct s3c_iis *s = iis_of(device_of(rf));
    (void)row, (void)i;
    s->waiting -= s->waiting != 0;
    update(s);
    return 0;
}

static void write_any(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct s3c_iis *s = iis_of(device_of(rf));
    (void)i, (void)old;
    if (row->offset == IISFIFO && s->count < FIFO) {
        s->fifo[s->count++] = (int16_t)raw;
    } else if (row->offset == IISFCON && !(raw & FCON_TX)) {
        s->count = 0;
    }
    update(s);
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "IISCON", .offset = IISCON, .writable = 0x3f, .read = read_con, .write = write_any,
     .doc = "8 left channel, 7/6 FIFO ready, 5/4 DMA request, 3/2 idle, 1 prescaler, 0 on"},
    {.name = "IISMOD", .offset = IISMOD, .writable = 0x3ff, .write = write_any,
     .doc = "8 slave, [7:6] transmit/receive, 3 16 bits, 2 384fs"},
    {.name = "IISPSR", .offset = IISPSR, .writable = 0x3ff, .write = write_any},
    {.name = "IISFCON", .offset = IISFCON, .writable = 0xf000, .read = read_fcon, .write = write_any},
    {.name = "IISFIFO", .offset = IISFIFO, .read = read_fifo, .write = write_any},
};
// clang-format on
static const struct reg_table table = REG_TABLE("iis", rows, 0x14);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

static void reset(struct device *dev)
{
    iis_of(dev)->count = iis_of(dev)->waiting = 0;
    update(iis_of(dev));
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    event_init(&iis_of(dev)->beat, beat);
    return 0;
}

static int attach_sound(struct device *dev, struct sound *sound, struct err *err)
{
    (void)err;
    iis_of(dev)->sound = sound;
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    device_save_event(w, &container_of(dev, const struct s3c_iis, dev)->beat);
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct s3c_iis *s = iis_of(dev);
    device_restore_event(dev, r, &s->beat);
    s->count = s->count <= FIFO ? s->count : FIFO;
    s->waiting = s->waiting <= FIFO ? s->waiting : FIFO;
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_ARRAY(struct s3c_iis, fifo),
                                          SNAP_FIELD(struct s3c_iis, count),
                                          SNAP_FIELD(struct s3c_iis, waiting), SNAP_END};

const struct device_class s3c_iis_class = {
    .name = "s3c-iis",
    .doc = "IIS controller with a codec",
    .bytes = sizeof(struct s3c_iis),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"tx", "rx", NULL},
    .clock_inputs = (const char *const[]){"pclk", NULL},
    .realize = realize,
    .reset = reset,
    .attach_sound = attach_sound,
    .state = state,
    .state_version = 1,
    .save = save,
    .restore = restore,
};
