// SPDX-License-Identifier: MIT
//
// The S3C24xx boards under a hostile guest and hostile files. The first byte picks: image loaders (CE
// records, flat images, NBH, ELF and the rest, into a board), or a stream of register accesses with
// weight on NAND, NOR and SD commands, LCD and DMA registers, while time goes on and somebody looks.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/png.h"
#include "soc/disk.h"
#include "soc/image_ce.h"
#include "soc/image_nbh.h"
#include "soc/load.h"
#include "soc/net.h"
#include "soc/serial.h"
#include "soc/soc_input.h"
#include "soc/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { STEP = 8, STEPS_MAX = 512 };

struct bench {
    struct soc *soc;
    struct netdev *net;
    unsigned devices;
};

static struct bench *board(const char *name)
{
    struct bench *b = calloc(1, sizeof *b);
    struct soc_config cfg = {.ram_bytes = 4 << 20};
    struct disk_config dc = {.bytes = 1 << 20};
    struct netdev_config nc = {.spec = "null"};
    struct device *dev;
    b->soc = soc_create(board_find(name), &cfg, NULL);
    b->net = netdev_create(&nc, NULL);
    if (!b->soc || !b->net) {
        abort();
    }
    dev = soc_device(b->soc, "sdi");
    dev->cls->attach_disk(dev, disk_open(&dc, NULL), NULL);
    dev = soc_device(b->soc, "eth");
    dev->cls->attach_net(dev, b->net, NULL);
    dev = soc_device(b->soc, "iis");
    dev->cls->attach_sound(dev, sound_create(NULL, NULL), NULL);
    if (soc_realize(b->soc, NULL)) {
        abort();
    }
    while (soc_device_at(b->soc, b->devices)) {
        b->devices++;
    }
    return b;
}

static void files(const uint8_t *data, size_t n)
{
    static struct bench *b;
    struct blob blob = {.data = malloc(n ? n : 1), .bytes = n, .name = "image"};
    struct image_info info;
    struct nbh_image nbh;
    struct ce_image ce;
    struct ce_module m;
    struct ce_file f;
    uint32_t entry;
    b = b ? b : board("ce-emulator");
    memcpy(blob.data, data, n);
    if (!image_inspect(&blob, &info, NULL)) {
        image_place(b->soc, &blob, &info, 0x30008000, &entry, NULL);
    }
    nbh_parse(&blob, &nbh, NULL);
    nbh_free(&nbh);
    if (!ce_parse(&blob, &ce, NULL)) {
        for (uint32_t i = 0; i < 64 && ce_module_at(&ce, i, &m); i++) {
        }
        for (uint32_t i = 0; i < 64 && ce_file_at(&ce, i, &f); i++) {
        }
    }
    ce_free(&ce);
    free(blob.data);
}

// Half of the steps go where commands are decoded.
static uint32_t address(struct bench *b, uint8_t which, uint16_t off)
{
    static const char *const hot[] = {"nand", "sdi", "lcd", "dma", "iis", "adc", "eth", "gpio"};
    struct device *dev = which & 0x80 ? soc_device(b->soc, hot[which % ARRAY_LEN(hot)])
                                      : soc_device_at(b->soc, which % b->devices);
    uint32_t pa = dev ? dev->base : 0;
    if (which == 0x7f) {
        return off * 2; // NOR flash
    }
    if (dev && dev->cls->window_count) {
        const struct device_window *w = &dev->cls->windows[which / 8 % dev->cls->window_count];
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
    case 1:
        soc_dma_write(b->soc, 0x30000000 + (get_le16(s + 2) & ~3u), &v, 4);
        break;
    case 2:
        soc_advance(b->soc, soc_now(b->soc) + v % 5000000);
        break;
    case 3: // a value that points into memory or at a device
        bus_write(soc_bus(b->soc), pa & ~3u, 4, (v & 1 ? 0x30000000 : 0x4e000000) | (v & 0xfffe));
        break;
    case 4:
        netdev_deliver(b->net, frame, sizeof frame);
        soc_pointer(b->soc, (uint16_t)v, (uint16_t)(v >> 16), v & 1, NULL);
        break;
    case 5:
        if ((s[1] & 31) == 0 && !soc_scanout(b->soc, "lcd", &pic, NULL)) {
            picture_fini(&pic);
        }
        break;
    default:
        bus_write(soc_bus(b->soc), pa, size, v | (uint64_t)v << 32);
        break;
    }
}

static void registers(const char *name, struct bench **b, const uint8_t *data, size_t n)
{
    *b = *b ? *b : board(name);
    for (unsigned i = 0; i < STEPS_MAX && n >= STEP; i++, data += STEP, n -= STEP) {
        step(*b, data);
    }
    soc_reset((*b)->soc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct bench *mini, *smdk;
    if (n < 2) {
        return 0;
    }
    switch (data[0] & 3) {
    case 0:
        files(data + 1, n - 1);
        break;
    case 1:
        registers("smdk2410", &smdk, data + 1, n - 1);
        break;
    default:
        registers("mini2440-nor", &mini, data + 1, n - 1);
        break;
    }
    return 0;
}
