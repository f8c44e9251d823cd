// SPDX-License-Identifier: MIT
//
// A program inside a Linux guest that drives the Adreno in the PCI function with the library of
// guest-drivers/baremetal: starts the GPU, submits a triangle, sleeps until its interrupt, checks
// fence and pixels. usage: yamato-triangle [DEVICE [TIMES [FILE]]]; FILE gets the picture as PPM. Prints
//     YAMATO-PCI: triangle ok crc=xxxxxxxx irqs=N      (FAIL instead of ok; exit status 1)
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "guest-drivers/pci/yamato_pci.h"

struct guest {
    struct platform plat; // first
    struct a2_gpu gpu;
    struct yamato_pci_info info;
    int fd;
    volatile uint32_t *regs;
    struct a2_memory mem;
    uint32_t irqs;
};

static struct guest *of(struct platform *plat)
{
    return (struct guest *)(void *)plat;
}

static uint32_t gpu_read(struct platform *plat, uint32_t reg)
{
    return of(plat)->regs[reg];
}

static void gpu_write(struct platform *plat, uint32_t reg, uint32_t value)
{
    of(plat)->regs[reg] = value;
}

static uint64_t now_us(struct platform *plat)
{
    struct timespec ts;
    (void)plat;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    // an emulated processor is slow: the library's time limits count for a tenth
    return ((uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000) / 10;
}

static uint32_t irq_mask(struct platform *plat)
{
    (void)plat;
    return 0;
}

static void irq_restore(struct platform *plat, uint32_t old)
{
    (void)plat, (void)old;
}

static void sleep_until(struct platform *plat, uint64_t until_us)
{
    struct guest *g = of(plat);
    struct pollfd p = {g->fd, POLLIN, 0};
    uint64_t now = now_us(plat);
    uint32_t n;
    if (now < until_us && poll(&p, 1, (int)((until_us - now) * 10 / 1000) + 1) > 0 &&
        read(g->fd, &n, sizeof n) == sizeof n) {
        g->irqs++;
        a2_irq(&g->gpu);
    }
}

static void barrier(struct platform *plat)
{
    (void)plat;
    atomic_thread_fence(memory_order_seq_cst);
}

static void put(struct platform *plat, char c)
{
    (void)plat;
    putchar(c);
}

static void show(struct platform *plat, uint32_t pa, uint32_t width, uint32_t height,
                 uint32_t pitch_bytes)
{
    (void)plat, (void)pa, (void)width, (void)height, (void)pitch_bytes;
}

static const struct platform_ops ops = {
    .gpu_read = gpu_read, .gpu_write = gpu_write, .now_us = now_us, .irq_mask = irq_mask,
    .irq_restore = irq_restore, .sleep = sleep_until, .barrier = barrier, .put = put, .show = show,
};

static int open_device(struct guest *g, const char *path)
{
    void *p;
    g->plat.ops = &ops;
    g->fd = open(path, O_RDWR);
    if (g->fd < 0 || ioctl(g->fd, YAMATO_PCI_INFO, &g->info) < 0) {
        return -errno;
    }
    p = mmap(NULL, g->info.register_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd,
             YAMATO_PCI_REGISTERS);
    if (p == MAP_FAILED) {
        return -errno;
    }
    g->regs = p;
    p = mmap(NULL, g->info.memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd,
             YAMATO_PCI_MEMORY);
    if (p == MAP_FAILED) {
        return -errno;
    }
    g->mem = (struct a2_memory){p, (uint32_t)g->info.memory_pa, g->info.memory_bytes};
    return 0;
}

static bool save(const struct a2_surface *s, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (!f) {
        return false;
    }
    fprintf(f, "P6\n%u %u\n255\n", (unsigned)s->width, (unsigned)s->height);
    for (uint32_t i = 0; i < s->width * s->height; i++) {
        uint32_t p = a2_surface_pixel(s, i % s->width, i / s->width);
        putc((int)(p >> 16 & 255), f);
        putc((int)(p >> 8 & 255), f);
        putc((int)(p & 255), f);
    }
    return fclose(f) == 0;
}

extern const struct demo demo_triangle;

int main(int argc, char **argv)
{
    static struct guest g;
    int rc = open_device(&g, argc > 1 ? argv[1] : "/dev/yamato0");
    int times = argc > 2 ? atoi(argv[2]) : 1;
    bool ok = true;

    if (rc) {
        printf("YAMATO-PCI: triangle FAIL no device: %s\n", strerror(-rc));
        return 1;
    }
    for (int i = 0; ok && i < times; i++) {
        struct demo_run run = {.plat = &g.plat, .gpu = &g.gpu};
        g.irqs = 0;
        if (!a2_init(&g.gpu, &g.plat, &g.mem, NULL)) {
            printf("YAMATO-PCI: triangle FAIL the GPU does not start\n");
            return 1;
        }
        ok = demo_execute(&demo_triangle, &run) && g.irqs > 0;
        printf("YAMATO-PCI: triangle %s crc=%08x irqs=%u\n", ok ? "ok" : "FAIL",
               (unsigned)a2_surface_crc(&run.screen), (unsigned)g.irqs);
        if (argc > 3 && !save(&run.screen, argv[3])) {
            ok = false;
        }
        fflush(stdout);
    }
    return ok ? 0 : 1;
}
