// SPDX-License-Identifier: MIT
//
// A hostile driver: any access to any register of the i.MX53 board, with memory that holds whatever
// descriptors the input puts there, while virtual time goes on. Each step is eight bytes: what to
// do, which register of which device, a value.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/png.h"
#include "soc/disk.h"
#include "soc/net.h"
#include "soc/serial.h"
#include "soc/soc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { STEP = 8, STEPS_MAX = 512 };

struct bench {
    struct soc *soc;
    struct disk *disk;
    struct netdev *net;
    struct serial *serial;
    unsigned devices;
};

static void make(struct bench *b)
{
    struct soc_config cfg = {.ram_bytes = 1 << 20};
    struct disk_config dc = {.bytes = 1 << 20};
    struct netdev_config nc = {.spec = "null"};
    struct device *dev;
    b->soc = soc_create(board_find("imx53-qsb"), &cfg, NULL);
    b->disk = disk_open(&dc, NULL);
    b->net = netdev_create(&nc, NULL);
    b->serial = serial_create("mem", "uart1", NULL);
    if (!b->soc || !b->disk || !b->net || !b->serial) {
        abort();
    }
    dev = soc_device(b->soc, "esdhc1");
    dev->cls->attach_disk(dev, b->disk, NULL);
    dev = soc_device(b->soc, "fec");
    dev->cls->attach_net(dev, b->net, NULL);
    dev = soc_device(b->soc, "uart1");
    dev->cls->attach_serial(dev, b->serial, NULL);
    if (soc_realize(b->soc, NULL)) {
        abort();
    }
    while (soc_device_at(b->soc, b->devices)) {
        b->devices++;
    }
}

static uint32_t address(struct bench *b, uint8_t which, uint16_t off)
{
    struct device *dev = soc_device_at(b->soc, which % b->devices);
    uint32_t pa = dev->base;
    if (dev->cls->window_count) {
        const struct device_window *w =
            &dev->cls->windows[which / b->devices % dev->cls->window_count];
        uint32_t span = w->regs ? w->regs->span_bytes : w->bytes;
        pa += w->offset + off % span;
    }
    return pa;
}

static void step(struct bench *b, const uint8_t *s)
{
    static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    unsigned size = 1u << (s[0] >> 4 & 3);
    uint32_t pa = address(b, s[1], get_le16(s + 2)) & ~(size - 1), v = get_le32(s + 4);
    struct picture pic;
    uint64_t got;
    switch (s[0] & 7) {
    case 0:
        bus_read(soc_bus(b->soc), pa, size, &got);
        break;
    case 1: // memory: descriptors
        soc_dma_write(b->soc, 0x70000000 + (get_le16(s + 2) & ~3u), &v, 4);
        break;
    case 2:
        soc_advance(b->soc, soc_now(b->soc) + v % 50000000);
        break;
    case 3: // a value that points into memory
        bus_write(soc_bus(b->soc), pa & ~3u, 4, 0x70000000 | (v & 0xffff));
        break;
    case 4:
        netdev_deliver(b->net, frame, sizeof frame);
        serial_type(b->serial, "x", 1);
        break;
    case 5:
        if (!soc_scanout(b->soc, "ipu", &pic, NULL)) {
            picture_fini(&pic);
        }
        break;
    default:
        bus_write(soc_bus(b->soc), pa, size, v | (uint64_t)v << 32);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct bench b; // one board, reset for every input: making it takes longer than a run
    static const uint8_t zeros[0x10000];
    if (!b.soc) {
        make(&b);
    }
    soc_dma_write(b.soc, 0x70000000, zeros, sizeof zeros);
    for (unsigned i = 0; i < STEPS_MAX && n >= STEP; i++, data += STEP, n -= STEP) {
        step(&b, data);
    }
    soc_reset(b.soc);
    return 0;
}
