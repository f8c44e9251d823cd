// SPDX-License-Identifier: MIT
//
// A vGPU moves between two mediators while its machine renders: memory by pre-copy with the log of
// pages that the device wrote, the rest in the pause. At random moments, with frames queued and
// under way. Every page of the copy equals the original, every picture the one of a machine that
// stayed.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "tests/mdev/live/live.h"

enum { MOVES = 100, NUMBERS = 32, PAGE = 4096, PAGES = LIVE_RAM_BYTES / PAGE, ROUNDS = 3 };

static const struct live_scene scene = {.width = 160, .height = 120, .triangles = 10, .depth = 2};

struct journey {
    struct mdev *host[2];
    struct live_vm *vm;
    uint8_t *copy; // the destination's memory
    uint8_t log[PAGES / 8];
    uint64_t seed, pages_moved, pages_in_pause, false_pages;
    double downtime_ms[MOVES];
    unsigned moves, at, with_work; // moves with frames under way
};

static uint32_t roll(struct journey *j, uint32_t n)
{
    j->seed = j->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(j->seed >> 33) % n;
}

static struct mdev *new_mdev(void)
{
    const struct mdev_config mc = {.backend = "soft"};
    struct err err = {0};
    struct mdev *m = mdev_create(&mc, &err);
    assert_non_null(m);
    return m;
}

static void copy_page(struct journey *j, unsigned n)
{
    memcpy(j->copy + (size_t)n * PAGE, j->vm->ram + (size_t)n * PAGE, PAGE);
    j->pages_moved++;
}

static unsigned copy_logged(struct journey *j)
{
    unsigned copied = 0;
    assert_int_equal(vgpu_dirty_read(j->vm->vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES, j->log), 0);
    for (unsigned n = 0; n < PAGES; n++) {
        if (j->log[n / 8] & 1u << n % 8) {
            j->false_pages +=
                !memcmp(j->copy + (size_t)n * PAGE, j->vm->ram + (size_t)n * PAGE, PAGE);
            copy_page(j, n);
            copied++;
        }
    }
    return copied;
}

// What the machine's processor writes, its own log would say.
static void copy_bo(struct journey *j, const void *at, size_t bytes)
{
    size_t first = (size_t)((const uint8_t *)at - j->vm->ram);
    for (size_t n = first / PAGE; n * PAGE < first + bytes; n++) {
        copy_page(j, (unsigned)n);
    }
}

static void copy_processors_pages(struct journey *j)
{
    struct live_vm *vm = j->vm;
    copy_bo(j, vm->gpu.ring.cpu, vm->gpu.ring.bytes);
    copy_bo(j, vm->vertices.cpu, vm->vertices.bytes);
    for (unsigned i = 0; i < LIVE_AHEAD; i++) {
        const struct a2_frame *f = &vm->frame[i];
        copy_bo(j, f->main.dw, f->main.room * 4);
        copy_bo(j, f->draw.dw, f->draw.room * 4);
        copy_bo(j, f->load.dw, f->load.room * 4);
        copy_bo(j, f->store.dw, f->store.room * 4);
    }
}

static void move_begins(struct journey *j)
{
    assert_int_equal(vgpu_dirty_start(j->vm->vgpu), 0);
    for (unsigned i = 0; i < PAGES; i++) { // the machine could go on meanwhile; its frames do
        copy_page(j, i);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        copy_logged(j);
    }
}

static void move_ends(struct journey *j)
{
    struct live_vm *vm = j->vm;
    struct vgpu_config vc = {.type = "yamato-a200", .name = "moved", .client = &vm->client};
    struct snap_writer *w;
    struct snap_reader *r;
    struct vgpu *old = vm->vgpu, *new;
    struct err err = {0};
    uint64_t start;
    size_t n;

    const struct timespec ts = {0, 1000 * (long)roll(j, 4000)};
    nanosleep(&ts, NULL);
    j->pages_moved = 0;
    j->with_work += vgpu_busy(old);

    start = live_ns();
    assert_true(vgpu_pause(old, 60000000000ull));
    copy_logged(j);
    copy_processors_pages(j);
    j->pages_in_pause += j->pages_moved;
    w = snap_writer_create();
    assert_int_equal(vgpu_save(old, w, &err), 0);
    assert_non_null(snap_bytes(w, &n));
    double there = (double)(live_ns() - start) / 1e6;
    assert_memory_equal(j->copy, vm->ram, LIVE_RAM_BYTES); // nothing was forgotten

    vgpu_dirty_stop(old);
    vgpu_destroy(old);
    memset(vm->ram, 0xee, LIVE_RAM_BYTES);
    memcpy(vm->ram, j->copy, LIVE_RAM_BYTES);
    j->at = !j->at;
    new = vgpu_create(j->host[j->at], &vc, &err);
    assert_non_null(new);
    assert_int_equal(vgpu_dma_map(new, LIVE_RAM_PA, LIVE_RAM_BYTES, vm->ram,
                                  VGPU_DMA_READ | VGPU_DMA_WRITE, &err),
                     0);
    start = live_ns();
    r = snap_reader_create(snap_bytes(w, &n), n, &err);
    assert_int_equal(vgpu_restore(new, r, &err), 0);
    vm->vgpu = new;
    atomic_store(&vm->level, vgpu_irq_level(new, 0));
    vgpu_resume(new);
    j->downtime_ms[j->moves++] = there + (double)(live_ns() - start) / 1e6;
    snap_reader_destroy(r);
    snap_writer_destroy(w);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_pictures_are_those_of_a_machine_that_stayed(void **state)
{
    struct journey *j = calloc(1, sizeof *j);
    uint32_t want[NUMBERS], under_way[LIVE_AHEAD] = {0}, number[LIVE_AHEAD] = {0};
    unsigned frames = 0, next = 0;
    bool moving = false;
    (void)state;
    assert_non_null(j);
    j->seed = 20261121;
    j->copy =
        mmap(NULL, LIVE_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    j->vm = calloc(1, sizeof *j->vm);
    j->host[0] = new_mdev();
    j->host[1] = new_mdev();
    assert_true(live_open(j->vm, j->host[0], "stays", &scene));
    for (unsigned i = 0; i < NUMBERS; i++) {
        assert_true(live_frame(j->vm, i));
        want[i] = live_crc(j->vm);
    }
    while (j->moves < MOVES) {
        unsigned slot = next++ % LIVE_AHEAD;
        if (under_way[slot]) {
            assert_int_equal(a2_wait(&j->vm->gpu, under_way[slot], A2_WAIT_IRQ), A2_OK);
            assert_int_equal(a2_surface_crc(&j->vm->target[slot]), want[number[slot]]);
            frames++;
        }
        number[slot] = frames % NUMBERS;
        under_way[slot] = live_submit(j->vm, slot, number[slot]);
        if (moving && (roll(j, 3) == 0)) {
            move_ends(j);
            moving = false;
        } else if (!moving && roll(j, 2)) {
            move_begins(j);
            moving = true;
        }
    }
    qsort(j->downtime_ms, j->moves, sizeof *j->downtime_ms, by_value);
    print_message("[ NUMBERS  ] %u moves (%u with frames under way), %u frames, all as without "
                  "moving; downtime "
                  "median %.2f ms, worst %.2f ms; %.1f of %u pages copied in the pause\n",
                  j->moves, j->with_work, frames, j->downtime_ms[MOVES / 2],
                  j->downtime_ms[MOVES - 1], (double)j->pages_in_pause / MOVES, (unsigned)PAGES);
    assert_true(frames > 50);
    assert_true(j->downtime_ms[MOVES / 2] <= 100);
    assert_true(j->with_work > MOVES / 10);
    live_close(j->vm);
    mdev_destroy(j->host[0]);
    mdev_destroy(j->host[1]);
    munmap(j->copy, LIVE_RAM_BYTES);
    free(j->vm);
    free(j);
}

static void test_the_log_is_exact(void **state)
{
    struct mdev *m = new_mdev();
    struct live_vm *vm = calloc(1, sizeof *vm);
    uint8_t *before = malloc(LIVE_RAM_BYTES);
    static uint8_t log[PAGES / 8];
    unsigned logged = 0, changed = 0;
    (void)state;
    assert_true(live_open(vm, m, "vm", &scene));
    assert_true(live_frame(vm, 0));
    assert_int_equal(vgpu_dirty_read(vm->vgpu, LIVE_RAM_PA, PAGE, log), -ENOENT);
    assert_int_equal(vgpu_dirty_start(vm->vgpu), 0);
    assert_int_equal(vgpu_dirty_start(vm->vgpu), -EBUSY);
    assert_int_equal(vgpu_dirty_read(vm->vgpu, LIVE_RAM_PA, PAGE + 1, log), -EINVAL);
    memcpy(before, vm->ram, LIVE_RAM_BYTES);
    assert_true(live_frame(vm, 1));
    assert_int_equal(vgpu_dirty_read(vm->vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES, log), 0);
    for (unsigned n = 0; n < PAGES; n++) {
        bool set = log[n / 8] & 1u << n % 8;
        bool in_target = vm->ram + (size_t)n * PAGE >= vm->target[0].bo.cpu &&
                         vm->ram + (size_t)n * PAGE < vm->target[0].bo.cpu + vm->target[0].bo.bytes;
        bool word = vm->ram + (size_t)n * PAGE == vm->gpu.fence.cpu ||
                    vm->ram + (size_t)n * PAGE == vm->gpu.solid.cpu; // the library's CP_MEM_WRITEs
        if (set) { // nothing but where the device writes
            assert_true(in_target || word);
        }
        if (in_target && memcmp(before + (size_t)n * PAGE, vm->ram + (size_t)n * PAGE, PAGE)) {
            assert_true(set); // and all of it
            changed++;
        }
        logged += set;
    }
    assert_true(changed > 4);
    assert_true(logged >= changed);
    assert_int_equal(vgpu_dirty_read(vm->vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES, log), 0);
    for (unsigned n = 0; n < PAGES / 8; n++) {
        assert_int_equal(log[n], 0); // reading clears
    }
    vgpu_dirty_stop(vm->vgpu);
    live_close(vm);
    mdev_destroy(m);
    free(before);
    free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_log_is_exact),
        cmocka_unit_test(test_pictures_are_those_of_a_machine_that_stayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
