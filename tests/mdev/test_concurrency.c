// SPDX-License-Identifier: MIT
//
// Many guests on one engine at once, each on a thread of its own, doing what drivers do at random
// moments: submit, poll, wait, acknowledge, reset, unmap. Nobody may wait for ever: every fence
// comes, every interrupt comes, whoever else is busy.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "tests/mdev/guest.h"

enum { GUESTS = 6, TURNS = 400 };
#define PATIENCE_NS 60000000000ull // a machine that is busy otherwise

struct actor {
    struct guest g;
    uint64_t seed;
    const char *lost; // what it waited for in vain
};

static uint32_t roll(struct actor *a, uint32_t n)
{
    a->seed = a->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(a->seed >> 33) % n;
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool waits_for_irq(struct actor *a, unsigned before)
{
    uint64_t end = now_ns() + PATIENCE_NS;
    while (atomic_load(&a->g.irqs) == before) {
        const struct timespec nap = {0, 50000};
        if (now_ns() > end) {
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

static void submit(struct actor *a)
{
    uint32_t n = 1 + roll(a, 200);
    for (uint32_t i = 0; i < n; i++) {
        put_le32(guest_va(&a->g, HEAP_VA) + i * 4, 0x80000000u);
    }
    guest_put_ib(&a->g, HEAP_VA, n);
    guest_put_fence(&a->g);
    guest_kick(&a->g);
}

static void turn(struct actor *a)
{
    struct guest *g = &a->g;
    unsigned before;
    switch (roll(a, 12)) {
    case 0: // an orderly reset while work may be queued
        guest_init_hw(g);
        g->seqno += 100;
        break;
    case 1: { // memory goes and comes back
        struct err err = {0};
        if (vgpu_dma_unmap(g->vgpu, RAM_GPA, RAM_BYTES) ||
            vgpu_dma_map(g->vgpu, RAM_GPA, RAM_BYTES, g->ram, VGPU_DMA_READ | VGPU_DMA_WRITE,
                         &err)) {
            a->lost = "the memory window";
        }
        guest_init_hw(g);
        break;
    }
    case 2: // several at once
        for (unsigned i = 0; i < 8; i++) {
            submit(a);
        }
        break;
    case 3: // a buffer that is refused
        put_le32(guest_va(g, HEAP_VA), pm4_type3(0x7f, 1));
        guest_put_ib(g, HEAP_VA, 2);
        guest_put_fence(g);
        guest_kick(g);
        break;
    default:
        submit(a);
    }
    if (roll(a, 3) == 0) { // lets the guest's processor look away
        return;
    }
    if (!vgpu_wait_idle(g->vgpu, PATIENCE_NS)) {
        a->lost = "idle";
        return;
    }
    guest_write(g, 0x1f4, ~0u);
    before = atomic_load(&g->irqs);
    submit(a);
    if (!waits_for_irq(a, before)) {
        a->lost = "the interrupt";
    } else if (!vgpu_wait_idle(g->vgpu, PATIENCE_NS) || !guest_fenced(g)) {
        a->lost = "the fence";
    }
    guest_write(g, 0x1f4, ~0u);
}

static void *act(void *arg)
{
    struct actor *a = arg;
    for (unsigned i = 0; i < TURNS && !a->lost; i++) {
        turn(a);
    }
    return NULL;
}

static void together(bool synchronous)
{
    struct err err = {0};
    const struct mdev_config cfg = {.backend = "null", .synchronous = synchronous};
    struct mdev *m = mdev_create(&cfg, &err);
    struct actor *a = calloc(GUESTS, sizeof *a);
    pthread_t t[GUESTS];
    bool lost = false;
    assert_non_null(m);
    assert_non_null(a);
    for (unsigned i = 0; i < GUESTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "vm%u", i);
        a[i].seed = 0x9e3779b9u * (i + 1);
        guest_open(&a[i].g, m, name);
    }
    for (unsigned i = 0; i < GUESTS; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, act, &a[i]), 0);
    }
    for (unsigned i = 0; i < GUESTS; i++) {
        pthread_join(t[i], NULL);
        if (a[i].lost) {
            print_error("vm%u waited in vain for %s\n", i, a[i].lost);
            lost = true;
        }
    }
    assert_false(lost);
    for (unsigned i = 0; i < GUESTS; i++) {
        guest_close(&a[i].g);
    }
    mdev_destroy(m);
    free(a);
}

static void test_nobody_waits_for_ever(void **state)
{
    (void)state;
    together(false);
}

static void test_nobody_waits_for_ever_in_step_with_the_engine(void **state)
{
    (void)state;
    together(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_waits_for_ever),
        cmocka_unit_test(test_nobody_waits_for_ever_in_step_with_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
