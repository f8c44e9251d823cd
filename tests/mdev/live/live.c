// SPDX-License-Identifier: MIT
//
// The machines of live.h.
#include "tests/mdev/live/live.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "a2xx_regs.gen.h"
#include "base/bits.h"
#include "base/err.h"
#include "libc.h"
#include "shaders.gen.h"

struct corner {
    float position[3];
    uint8_t color[4];
};

uint64_t live_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static struct live_vm *of(struct platform *plat)
{
    return container_of(plat, struct live_vm, plat);
}

// ---- the platform
// ----------------------------------------------------------------------------------

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
    struct live_vm *vm = of(plat);
    uint64_t now = live_ns();
    if (!vgpu_busy(vm->vgpu)) {
        vm->guest_ns += now - vm->last_ns;
    }
    vm->last_ns = now;
    return vm->guest_ns / 1000;
}

static uint32_t irq_mask(struct platform *plat)
{
    bool old = of(plat)->masked;
    of(plat)->masked = true;
    return old;
}

static void irq_restore(struct platform *plat, uint32_t old)
{
    struct live_vm *vm = of(plat);
    vm->masked = old;
    if (!vm->masked && atomic_load(&vm->level)) {
        vm->masked = true;
        a2_irq(&vm->gpu);
        vm->masked = false;
    }
}

static void sleep_until(struct platform *plat, uint64_t until_us)
{
    struct live_vm *vm = of(plat);
    pthread_mutex_lock(&vm->lock);
    while (!atomic_load(&vm->level) && now_us(plat) < until_us) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        ts.tv_nsec += 5000000;
        ts.tv_sec += ts.tv_nsec / 1000000000;
        ts.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&vm->rose, &vm->lock, &ts);
    }
    pthread_mutex_unlock(&vm->lock);
}

static void barrier(struct platform *plat)
{
    (void)plat;
    atomic_thread_fence(memory_order_seq_cst);
}

static void put(struct platform *plat, char c)
{
    (void)plat, (void)c;
}

static void show(struct platform *plat, uint32_t pa, uint32_t width, uint32_t height,
                 uint32_t pitch_bytes)
{
    (void)plat, (void)pa, (void)width, (void)height, (void)pitch_bytes;
}

static const struct platform_ops ops = {.gpu_read = gpu_read,
                                        .gpu_write = gpu_write,
                                        .now_us = now_us,
                                        .irq_mask = irq_mask,
                                        .irq_restore = irq_restore,
                                        .sleep = sleep_until,
                                        .barrier = barrier,
                                        .put = put,
                                        .show = show};

static void line_changed(struct vgpu_client *client, unsigned index, bool level)
{
    struct live_vm *vm = container_of(client, struct live_vm, client);
    (void)index;
    pthread_mutex_lock(&vm->lock);
    atomic_store(&vm->level, level);
    pthread_cond_signal(&vm->rose);
    pthread_mutex_unlock(&vm->lock);
}

static const struct vgpu_client_ops client_ops = {.irq = line_changed};

// ---- life
// --------------------------------------------------------------------------------------------

static bool make_scene(struct live_vm *vm)
{
    const struct live_scene *sc = &vm->scene;
    for (unsigned i = 0; i < LIVE_AHEAD; i++) {
        if (!a2_surface_create(&vm->gpu, sc->width, sc->height, &vm->target[i]) ||
            !a2_frame_create(&vm->gpu, &vm->frame[i], 512 + 64 * sc->triangles)) {
            return false;
        }
    }
    return a2_alloc(&vm->gpu, LIVE_AHEAD * sc->triangles * 3 * (uint32_t)sizeof(struct corner),
                    A2_PTE_READ, &vm->vertices);
}

static void fill_guard(uint8_t *at)
{
    for (unsigned i = 0; i < LIVE_GUARD_BYTES; i += 4) {
        put_le32(at + i, LIVE_CANARY);
    }
}

bool live_open(struct live_vm *vm, struct mdev *mdev, const char *name,
               const struct live_scene *scene)
{
    struct vgpu_config vc = {.type = "yamato-a200", .name = name, .client = &vm->client};
    struct a2_memory mem = {.pa = LIVE_RAM_PA, .bytes = LIVE_RAM_BYTES};
    struct err err = {0};

    memset(vm, 0, sizeof *vm);
    vm->plat.ops = &ops;
    vm->client.ops = &client_ops;
    vm->scene = *scene;
    vm->last_ns = live_ns();
    pthread_mutex_init(&vm->lock, NULL);
    pthread_cond_init(&vm->rose, NULL);
    vm->times = calloc(LIVE_TIMES, sizeof *vm->times);
    vm->ram = mmap(NULL, LIVE_RAM_BYTES + 2 * LIVE_GUARD_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vm->ram == MAP_FAILED || !vm->times) {
        return false;
    }
    vm->ram += LIVE_GUARD_BYTES;
    fill_guard(vm->ram - LIVE_GUARD_BYTES);
    fill_guard(vm->ram + LIVE_RAM_BYTES);
    vm->vgpu = vgpu_create(mdev, &vc, &err);
    if (!vm->vgpu || vgpu_dma_map(vm->vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES, vm->ram,
                                  VGPU_DMA_READ | VGPU_DMA_WRITE, &err)) {
        fprintf(stderr, "%s: %s\n", name, err.msg);
        return false;
    }
    mem.cpu = vm->ram;
    if (!a2_init(&vm->gpu, &vm->plat, &mem, NULL) || !make_scene(vm)) {
        fprintf(stderr, "%s: the GPU does not start\n", name);
        return false;
    }
    return true;
}

void live_close(struct live_vm *vm)
{
    vgpu_destroy(vm->vgpu);
    munmap(vm->ram - LIVE_GUARD_BYTES, LIVE_RAM_BYTES + 2 * LIVE_GUARD_BYTES);
    free(vm->times);
    pthread_mutex_destroy(&vm->lock);
    pthread_cond_destroy(&vm->rose);
}

// ---- frames
// ------------------------------------------------------------------------------------------

// Triangles round the middle; their size makes them cover scene.depth pictures altogether.
static void put_corners(struct live_vm *vm, unsigned slot, unsigned number)
{
    const struct live_scene *sc = &vm->scene;
    struct corner *c = (struct corner *)(void *)vm->vertices.cpu + (size_t)slot * sc->triangles * 3;
    float size = sqrtf((float)sc->depth / (float)sc->triangles) * 1.4f;
    for (unsigned t = 0; t < sc->triangles; t++) {
        float a = 0.7f * (float)t + 0.05f * (float)number;
        float x = 0.4f * cosf(a * 1.3f), y = 0.4f * sinf(a * 1.7f);
        for (unsigned k = 0; k < 3; k++, c++) {
            float b = a + 2.0943951f * (float)k;
            c->position[0] = x + size * cosf(b);
            c->position[1] = y + size * sinf(b);
            c->position[2] = 0.1f + 0.8f * (float)t / (float)sc->triangles;
            c->color[0] = (uint8_t)(t * 37 + k * 80);
            c->color[1] = (uint8_t)(number * 11 + t);
            c->color[2] = (uint8_t)(k * 120);
            c->color[3] = 255;
        }
    }
}

uint32_t live_submit(struct live_vm *vm, unsigned slot, unsigned number)
{
    const struct live_scene *sc = &vm->scene;
    struct a2_frame *f = &vm->frame[slot];
    struct a2_state state;
    uint32_t bytes = sc->triangles * 3 * (uint32_t)sizeof(struct corner);

    put_corners(vm, slot, number);
    a2_frame_begin(f, &(struct a2_frame_config){.target = &vm->target[slot], .depth = true});
    a2_frame_clear(f, 0xff203040u + number % 64, 1);
    a2_state_init(&state, sc->width, sc->height);
    state.depth_test = state.depth_write = true;
    a2_emit_state(&f->draw, &state);
    a2_emit_programs(&f->draw, &color_vs, &color_ps);
    for (unsigned t = 0; t < sc->triangles; t++) {
        a2_emit_vertices(&f->draw, 0,
                         vm->vertices.va + slot * bytes + t * 3 * (uint32_t)sizeof(struct corner),
                         3 * sizeof(struct corner));
        a2_frame_draw(f, A2_DI_PT_TRILIST, 3);
    }
    return a2_frame_end(f);
}

bool live_frame(struct live_vm *vm, unsigned number)
{
    return a2_wait(&vm->gpu, live_submit(vm, 0, number), A2_WAIT_IRQ) == A2_OK;
}

uint32_t live_crc(const struct live_vm *vm)
{
    return a2_surface_crc(&vm->target[0]);
}

// What never ends: waits for a register that nobody will write.
static void hang(struct live_vm *vm)
{
    struct pm4 endless;
    uint32_t n;
    if (!pm4_create(&vm->gpu, &endless, 64)) {
        return;
    }
    pm4_wait_reg_eq(&endless, A2_CP_SCRATCH_REG2, 0xdeadbeef, 0xffffffff);
    vm->hang_submitted_ns = live_ns();
    n = a2_submit(&vm->gpu, &endless, 0);
    if (a2_wait(&vm->gpu, n, A2_WAIT_IRQ) == A2_HUNG) {
        vm->hung_ns = live_ns();
        vm->hangs += a2_recover(&vm->gpu);
        vm->recovered_ns = live_ns();
    }
    memset(vm->waits, 0, sizeof vm->waits);
}

static void *run(void *arg)
{
    struct live_vm *vm = arg;
    for (unsigned i = 0; !atomic_load(&vm->stop); i++) {
        unsigned slot = i % LIVE_AHEAD;
        if (vm->waits[slot]) {
            uint64_t n;
            if (a2_wait(&vm->gpu, vm->waits[slot], A2_WAIT_IRQ) != A2_OK) {
                a2_recover(&vm->gpu);
                vm->hangs += 1000; // nobody asked for it
            }
            n = atomic_fetch_add(&vm->frames, 1);
            if (n < LIVE_TIMES) {
                vm->times[n] = live_ns();
            }
        }
        if (atomic_exchange(&vm->hang, false)) {
            hang(vm);
        }
        if (vm->scene.think_ns) {
            const struct timespec ts = {0, (long)vm->scene.think_ns};
            nanosleep(&ts, NULL);
        }
        vm->waits[slot] = live_submit(vm, slot, vm->turned++);
    }
    for (unsigned i = 0; i < LIVE_AHEAD; i++) {
        if (vm->waits[i]) {
            a2_wait(&vm->gpu, vm->waits[i], A2_WAIT_IRQ);
            vm->waits[i] = 0;
        }
    }
    return NULL;
}

void live_start(struct live_vm *vm)
{
    atomic_store(&vm->stop, false);
    if (pthread_create(&vm->thread, NULL, run, vm)) {
        abort();
    }
}

void live_stop(struct live_vm *vm)
{
    atomic_store(&vm->stop, true);
    pthread_join(vm->thread, NULL);
}
