// SPDX-License-Identifier: MIT
//
// The driver library's platform on the host.
#include "tests/guest-drivers/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"

enum { RAM_PA = 0x71000000, RAM_BYTES = 32 << 20 };

static struct host *of(struct platform *plat)
{
    return container_of(plat, struct host, plat);
}

static uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint32_t gpu_read(struct platform *plat, uint32_t reg)
{
    uint32_t v = 0;
    vgpu_region_read(of(plat)->vgpu, VGPU_REGION_MMIO, reg * 4ull, &v, 4);
    return v;
}

static void gpu_write(struct platform *plat, uint32_t reg, uint32_t value)
{
    vgpu_region_write(of(plat)->vgpu, VGPU_REGION_MMIO, reg * 4ull, &value, 4);
}

// The guest's clock stands still while the engine works: a slow host is not a hang.
static uint64_t now_us(struct platform *plat)
{
    struct host *h = of(plat);
    uint64_t now = clock_ns();
    if (!vgpu_busy(h->vgpu)) {
        h->guest_ns += now - h->last_ns;
    }
    h->last_ns = now;
    return h->guest_ns / 1000;
}

static uint32_t irq_mask(struct platform *plat)
{
    bool old = of(plat)->masked;
    of(plat)->masked = true;
    return old;
}

static void irq_restore(struct platform *plat, uint32_t old)
{
    struct host *h = of(plat);
    h->masked = old;
    if (!h->masked && atomic_load(&h->level)) {
        h->masked = true;
        a2_irq(&h->gpu);
        h->masked = false;
    }
}

static void sleep_until(struct platform *plat, uint64_t until_us)
{
    struct host *h = of(plat);
    while (!atomic_load(&h->level) && now_us(plat) < until_us) {
        const struct timespec ts = {0, 20000};
        nanosleep(&ts, NULL);
    }
}

static void barrier(struct platform *plat)
{
    (void)plat;
    atomic_thread_fence(memory_order_seq_cst);
}

static void put(struct platform *plat, char c)
{
    struct host *h = of(plat);
    if (h->text_used < sizeof h->text - 1) {
        h->text[h->text_used++] = c;
    }
}

static void show(struct platform *plat, uint32_t pa, uint32_t width, uint32_t height,
                 uint32_t pitch_bytes)
{
    struct host *h = of(plat);
    h->shown++;
    h->shown_pa = pa;
    h->shown_width = width;
    h->shown_height = height;
    h->shown_pitch = pitch_bytes;
}

static const struct platform_ops ops = {
    .gpu_read = gpu_read,
    .gpu_write = gpu_write,
    .now_us = now_us,
    .irq_mask = irq_mask,
    .irq_restore = irq_restore,
    .sleep = sleep_until,
    .barrier = barrier,
    .put = put,
    .show = show,
};

static void line_changed(struct vgpu_client *client, unsigned index, bool level)
{
    (void)index;
    atomic_store(&container_of(client, struct host, client)->level, level);
}

static const struct vgpu_client_ops client_ops = {.irq = line_changed};

int host_open(struct host *h, const char *backend, struct err *err)
{
    const struct mdev_config mc = {.backend = backend};
    struct vgpu_config vc = {.type = "yamato-a200", .name = "demo", .client = &h->client};
    struct a2_memory mem = {.pa = RAM_PA, .bytes = RAM_BYTES};

    memset(h, 0, sizeof *h);
    h->plat.ops = &ops;
    h->client.ops = &client_ops;
    h->last_ns = clock_ns();
    h->mdev = mdev_create(&mc, err);
    if (!h->mdev) {
        return -ENODEV;
    }
    h->ram = aligned_alloc(4096, RAM_BYTES);
    h->vgpu = h->ram ? vgpu_create(h->mdev, &vc, err) : NULL;
    if (!h->vgpu) {
        host_close(h);
        return -ENODEV;
    }
    memset(h->ram, 0xcd, RAM_BYTES); // as memory after power-up
    mem.cpu = h->ram;
    if (vgpu_dma_map(h->vgpu, RAM_PA, RAM_BYTES, h->ram, VGPU_DMA_READ | VGPU_DMA_WRITE, err)) {
        host_close(h);
        return -EINVAL;
    }
    if (!a2_init(&h->gpu, &h->plat, &mem, NULL)) {
        host_close(h);
        return err_set(err, -EIO, "the GPU does not start");
    }
    return 0;
}

void host_close(struct host *h)
{
    vgpu_destroy(h->vgpu);
    if (h->mdev) {
        mdev_destroy(h->mdev);
    }
    free(h->ram);
    memset(h, 0, sizeof *h);
}

bool host_picture(const struct host *h, struct picture *pic)
{
    if (!h->shown || picture_init(pic, h->shown_width, h->shown_height, NULL)) {
        return false;
    }
    for (uint32_t y = 0; y < pic->height; y++) {
        const uint8_t *from = h->ram + (h->shown_pa - RAM_PA) + (size_t)y * h->shown_pitch;
        uint8_t *to = pic->rgba + (size_t)y * pic->width * 4;
        for (uint32_t x = 0; x < pic->width; x++, from += 4, to += 4) {
            to[0] = from[2];
            to[1] = from[1];
            to[2] = from[0];
            to[3] = 255;
        }
    }
    return true;
}
