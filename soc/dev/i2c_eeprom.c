// SPDX-License-Identifier: MIT
//
// Small things on I2C buses that are no more than bytes at an address: a display's EDID ROM (VESA
// EDID 1.3, one 1024x768 mode), the MMA8450 accelerometer lying flat, and the SGTL5000 codec's
// 16-bit registers, which keep what is written.
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/i2c.h"

struct i2c_bytes {
    struct device dev;
    uint8_t data[256];
    uint8_t pointer;
    bool addressed; // the pointer byte of this transfer has come
};

static struct i2c_bytes *bytes_of(struct device *dev)
{
    return container_of(dev, struct i2c_bytes, dev);
}

static void start(struct device *dev, bool read)
{
    bytes_of(dev)->addressed = read;
}

static bool send_rom(struct device *dev, uint8_t byte)
{
    struct i2c_bytes *b = bytes_of(dev);
    if (!b->addressed) {
        b->pointer = byte;
        b->addressed = true;
    }
    return true;
}

static bool send_ram(struct device *dev, uint8_t byte)
{
    struct i2c_bytes *b = bytes_of(dev);
    if (b->addressed) {
        b->data[b->pointer++] = byte;
        return true;
    }
    return send_rom(dev, byte);
}

static uint8_t recv(struct device *dev)
{
    struct i2c_bytes *b = bytes_of(dev);
    return b->data[b->pointer++];
}

static const struct i2c_slave_ops rom_ops = {start, send_rom, recv, NULL};
static const struct i2c_slave_ops ram_ops = {start, send_ram, recv, NULL};
static const struct snap_field state[] = {SNAP_ARRAY(struct i2c_bytes, data),
                                          SNAP_FIELD(struct i2c_bytes, pointer),
                                          SNAP_FIELD(struct i2c_bytes, addressed), SNAP_END};

// ---- EDID
// ------------------------------------------------------------------------------------------

static void edid_reset(struct device *dev)
{
    static const uint8_t head[] = {
        0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, // header
        0x65, 0xb4, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, // "YMT", product 1, serial 1
        0x01, 0x22, 0x01, 0x03,                         // week 1 of 2024, EDID 1.3
        0x08, 0x20, 0x18, 0x78, 0x0a,                   // analog, 32 x 24 cm, gamma 2.2, RGB
        0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, // chromaticity (sRGB)
        0x00, 0x08, 0x00, // established: 1024x768 at 60 Hz
    };
    // 1024x768 at 60 Hz: 65 MHz, 1024+24+136+160, 768+3+6+29 (VESA DMT)
    static const uint8_t timing[18] = {0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18,
                                       0x88, 0x36, 0x00, 0x40, 0xf0, 0x10, 0x00, 0x00, 0x18};
    static const uint8_t name[18] = {0, 0, 0, 0xfc, 0, 'Y', 'a', 'm', 'a', 't', 'o', '\n'};
    static const uint8_t range[18] = {0, 0, 0, 0xfd, 0, 50, 75, 30, 60, 8, 0, '\n'};
    struct i2c_bytes *b = bytes_of(dev);
    uint8_t sum = 0;

    memset(b->data, 0, sizeof b->data);
    memcpy(b->data, head, sizeof head);
    memset(b->data + 38, 1, 16); // no standard timings
    memcpy(b->data + 54, timing, 18);
    memcpy(b->data + 72, name, 18);
    memcpy(b->data + 90, range, 18);
    b->data[108 + 3] = 0x10; // empty descriptor
    for (unsigned i = 0; i < 127; i++) {
        sum = (uint8_t)(sum + b->data[i]);
    }
    b->data[127] = (uint8_t)-sum;
    b->pointer = 0;
}

const struct device_class edid_class = {
    .name = "edid",
    .doc = "display identification ROM, 1024x768",
    .bytes = sizeof(struct i2c_bytes),
    .i2c = &rom_ops,
    .reset = edid_reset,
    .state = state,
};

// ---- MMA8450
// ---------------------------------------------------------------------------------------

static void mma_reset(struct device *dev)
{
    struct i2c_bytes *b = bytes_of(dev);
    memset(b->data, 0, sizeof b->data);
    b->data[0x00] = 0x77; // new data on all axes
    b->data[0x0a] = 0x40; // Z: 1 g at +-2 g
    b->data[0x0f] = 0xc6; // WHO_AM_I
}

const struct device_class mma8450_class = {
    .name = "mma8450",
    .doc = "accelerometer, lying flat",
    .bytes = sizeof(struct i2c_bytes),
    .i2c = &ram_ops,
    .reset = mma_reset,
    .state = state,
};

// ---- SGTL5000
// --------------------------------------------------------------------------------------

struct sgtl5000 {
    struct device dev;
    uint16_t regs[0x100]; // by register number / 2
    uint16_t pointer;
    uint8_t byte; // bytes of this transfer so far
};

static struct sgtl5000 *sgtl_of(struct device *dev)
{
    return container_of(dev, struct sgtl5000, dev);
}

static void sgtl_start(struct device *dev, bool read)
{
    (void)read;
    sgtl_of(dev)->byte = 0;
}

// Register number, high byte first, then values, high byte first; CHIP_ID is read only.
static bool sgtl_send(struct device *dev, uint8_t v)
{
    struct sgtl5000 *s = sgtl_of(dev);
    unsigned n = s->byte++;
    if (s->byte == 4) {
        s->byte = 2;
    }
    if (n == 0) {
        s->pointer = (uint16_t)(v << 8);
    } else if (n == 1) {
        s->pointer |= v;
    } else if (s->pointer / 2 < ARRAY_LEN(s->regs) && s->pointer / 2 != 0) {
        uint16_t *r = &s->regs[s->pointer / 2];
        *r = (uint16_t)(n == 2 ? (*r & 0xff) | v << 8 : (*r & 0xff00) | v);
        s->pointer = (uint16_t)(n == 3 ? s->pointer + 2 : s->pointer);
    }
    return true;
}

static uint8_t sgtl_recv(struct device *dev)
{
    struct sgtl5000 *s = sgtl_of(dev);
    uint16_t v = s->pointer / 2 < ARRAY_LEN(s->regs) ? s->regs[s->pointer / 2] : 0;
    if (s->byte++ % 2 == 0) {
        return (uint8_t)(v >> 8);
    }
    s->pointer = (uint16_t)(s->pointer + 2);
    return (uint8_t)v;
}

static void sgtl_reset(struct device *dev)
{
    struct sgtl5000 *s = sgtl_of(dev);
    memset(s->regs, 0, sizeof s->regs);
    s->regs[0] = 0xa011; // CHIP_ID: part 0xa0, revision 0x11
    s->pointer = 0;
    s->byte = 0;
}

static const struct i2c_slave_ops sgtl_ops = {sgtl_start, sgtl_send, sgtl_recv, NULL};
static const struct snap_field sgtl_state[] = {SNAP_ARRAY(struct sgtl5000, regs),
                                               SNAP_FIELD(struct sgtl5000, pointer),
                                               SNAP_FIELD(struct sgtl5000, byte), SNAP_END};

const struct device_class sgtl5000_class = {
    .name = "sgtl5000",
    .doc = "audio codec, registers only",
    .bytes = sizeof(struct sgtl5000),
    .i2c = &sgtl_ops,
    .reset = sgtl_reset,
    .state = sgtl_state,
};
