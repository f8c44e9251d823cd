// SPDX-License-Identifier: MIT
//
// DMA controller of the S3C2410/2440 (User's Manual, "DMA"): four channels between memories and
// registers. A software request moves everything at once; a peripheral's request (an input line that is
// high while it wants service) moves units until the line falls or the count is over. Left out: the
// order of channels that ask at the same time, bursts on the bus.
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { CHANNELS = 4, STRIDE = 0x40 };
enum { DISRC = 0x00, DISRCC = 0x04, DIDST = 0x08, DIDSTC = 0x0c, DCON = 0x10, DSTAT = 0x14 };
enum { DCSRC = 0x18, DCDST = 0x1c, DMASKTRIG = 0x20 };
enum { TRIG_SW = BIT(0), TRIG_ON = BIT(1), TRIG_STOP = BIT(2), FIXED = BIT(0) };
#define CON_INT BIT(29)
#define CON_BURST BIT(28)
#define CON_WHOLE BIT(27)
#define CON_HW BIT(23)
#define CON_ONCE BIT(22)

// Who can ask, in the order of the input lines.
#define SOURCES(X) X(xdreq0) X(xdreq1) X(uart0) X(uart1) X(uart2) X(sdi) X(timer) X(i2sout) X(i2sin) \
    X(spi0) X(spi1) X(pcmin) X(pcmout) X(micin) X(usb1) X(usb2) X(usb3) X(usb4)
enum source {
#define X(name) REQ_##name,
    SOURCES(X)
#undef X
    REQ_COUNT,
    NONE = REQ_COUNT
};
static const char *const source_names[] = {
#define X(name) #name,
    SOURCES(X)
#undef X
    NULL};

// DCON[26:24] of each channel.
static const uint8_t sources[CHANNELS][8] = {
    {REQ_xdreq0, REQ_uart0, REQ_sdi, REQ_timer, REQ_usb1, REQ_i2sout, REQ_pcmin, NONE},
    {REQ_xdreq1, REQ_uart1, REQ_i2sin, REQ_spi0, REQ_usb2, REQ_pcmout, REQ_sdi, NONE},
    {REQ_i2sout, REQ_i2sin, REQ_sdi, REQ_timer, REQ_usb3, REQ_pcmin, REQ_micin, NONE},
    {REQ_uart2, REQ_sdi, REQ_spi1, REQ_timer, REQ_usb4, REQ_micin, REQ_pcmout, NONE},
};

struct s3c_dma {
    struct device dev;
    uint32_t asking; // sources whose line is high
    uint8_t busy;    // a transfer is under way: its accesses may change lines
};

static struct s3c_dma *dma_of(struct device *dev)
{
    return container_of(dev, struct s3c_dma, dev);
}

static void load(struct regfile *rf, uint32_t at)
{
    regfile_poke(rf, at + DCSRC, regfile_peek(rf, at + DISRC));
    regfile_poke(rf, at + DCDST, regfile_peek(rf, at + DIDST));
    regfile_poke(rf, at + DSTAT, bits(regfile_peek(rf, at + DCON), 19, 0));
}

static uint32_t step(uint32_t pa, uint32_t control, uint32_t bytes)
{
    return control & FIXED ? pa : pa + bytes;
}

// One atomic transfer: a unit, or four of them.
static void move(struct s3c_dma *d, uint32_t at)
{
    struct regfile *rf = device_regs(&d->dev, 0);
    uint32_t con = regfile_peek(rf, at + DCON), bytes = 1u << (bits(con, 21, 20) % 3);
    uint32_t src = regfile_peek(rf, at + DCSRC), dst = regfile_peek(rf, at + DCDST);
    uint64_t v[4] = {0};
    unsigned n = con & CON_BURST ? 4 : 1;
    for (unsigned i = 0; i < n; i++) {
        device_bus_read(&d->dev, src & ~(bytes - 1), bytes, &v[i]);
        src = step(src, regfile_peek(rf, at + DISRCC), bytes);
    }
    for (unsigned i = 0; i < n; i++) {
        device_bus_write(&d->dev, dst & ~(bytes - 1), bytes, v[i]);
        dst = step(dst, regfile_peek(rf, at + DIDSTC), bytes);
    }
    regfile_poke(rf, at + DCSRC, src);
    regfile_poke(rf, at + DCDST, dst);
}

static void finish(struct s3c_dma *d, unsigned ch)
{
    struct regfile *rf = device_regs(&d->dev, 0);
    uint32_t at = ch * STRIDE, con = regfile_peek(rf, at + DCON);
    if (con & CON_ONCE) {
        regfile_poke(rf, at + DMASKTRIG, 0);
    } else {
        load(rf, at);
    }
    if (con & CON_INT) {
        device_output(&d->dev, ch, true);
        device_output(&d->dev, ch, false);
    }
}

static bool wanted(struct s3c_dma *d, unsigned ch)
{
    struct regfile *rf = device_regs(&d->dev, 0);
    uint32_t con = regfile_peek(rf, ch * STRIDE + DCON);
    unsigned source = sources[ch][bits(con, 26, 24)];
    return (regfile_peek(rf, ch * STRIDE + DMASKTRIG) & TRIG_ON) && (con & CON_HW) &&
           source != NONE && bit(d->asking, source);
}

// A reload starts over while its source still asks; that many rounds at a time, so that a pair of
// registers that always ask cannot hold the machine.
enum { ROUNDS = 64 };

static void run(struct s3c_dma *d, unsigned ch, bool forced)
{
    struct regfile *rf = device_regs(&d->dev, 0);
    uint32_t at = ch * STRIDE, left;
    unsigned rounds = 0;
    while ((forced || wanted(d, ch)) && rounds < ROUNDS) {
        left = bits(regfile_peek(rf, at + DSTAT), 19, 0);
        if (left) {
            move(d, at);
            regfile_poke(rf, at + DSTAT, --left);
        }
        if (!left) {
            finish(d, ch);
            rounds++;
            forced = false;
        }
    }
}

static void serve(struct s3c_dma *d)
{
    if (d->busy) {
        return;
    }
    d->busy = 1;
    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        run(d, ch, false);
    }
    d->busy = 0;
}

static void write_trig(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct s3c_dma *d = dma_of(device_of(rf));
    bool on = (raw & TRIG_ON) && !(raw & TRIG_STOP);
    regfile_put(rf, row, i, on ? TRIG_ON : 0);
    if (on && !(old & TRIG_ON)) {
        load(rf, i * STRIDE);
    }
    if (on && (raw & TRIG_SW) && !(regfile_peek(rf, i * STRIDE + DCON) & CON_HW) && !d->busy) {
        d->busy = 1;
        run(d, i, true);
        d->busy = 0;
    }
    serve(d);
}

static void input(struct device *dev, unsigned line, bool level)
{
    struct s3c_dma *d = dma_of(dev);
    d->asking = bits_put(d->asking, line, line, level);
    if (level) {
        serve(d);
    }
}

static uint32_t read_stat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    uint32_t left = regfile_get(rf, row, i);
    bool on = regfile_peek(rf, i * STRIDE + DMASKTRIG) & TRIG_ON;
    return left | (on && left ? BIT(20) : 0);
}

// clang-format off
#define PER_CHANNEL(off_, name_, mask_) \
    {.name = (name_), .offset = (off_), .writable = (mask_), .count = CHANNELS, .stride = STRIDE}
static const struct reg_row rows[] = {
    PER_CHANNEL(DISRC, "DISRC", 0x7fffffff), PER_CHANNEL(DISRCC, "DISRCC", 3),
    PER_CHANNEL(DIDST, "DIDST", 0x7fffffff), PER_CHANNEL(DIDSTC, "DIDSTC", 7),
    PER_CHANNEL(DCON, "DCON", ~0u),
    {.name = "DSTAT", .offset = DSTAT, .count = CHANNELS, .stride = STRIDE, .read = read_stat,
     .doc = "[21:20] busy, [19:0] what is left"},
    PER_CHANNEL(DCSRC, "DCSRC", 0), PER_CHANNEL(DCDST, "DCDST", 0),
    {.name = "DMASKTRIG", .offset = DMASKTRIG, .writable = 7, .count = CHANNELS, .stride = STRIDE,
     .write = write_trig, .doc = "2 STOP, 1 ON, 0 software trigger"},
};
// clang-format on
static const struct reg_table table = REG_TABLE("dma", rows, 0x100);
static const struct device_window windows[] = {{.name = "", .regs = &table}};
static const struct snap_field state[] = {SNAP_FIELD(struct s3c_dma, asking), SNAP_END};

const struct device_class s3c_dma_class = {
    .name = "s3c-dma",
    .doc = "DMA controller",
    .bytes = sizeof(struct s3c_dma),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq0", "irq1", "irq2", "irq3", NULL},
    .inputs = source_names,
    .input_count = REQ_COUNT,
    .input = input,
    .state = state,
    .state_version = 1,
};
