// SPDX-License-Identifier: MIT
//
// Hostile machines against the mediator: every class of attack, many seeds each, beside two
// machines that render. The oracle: everything outside of the attacker's grant is hashed before and
// after (its neighbours' memory and pictures, the host memory around its own, its own pages that
// its GPU may not write), canaries that it may not read never show up in memory that it can, and
// afterwards it starts again and renders the right picture: what is refused is a submission, never
// the machine.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "a2xx_regs.gen.h"
#include "base/bits.h"
#include "base/err.h"
#include "tests/mdev/live/hostile.h"

enum { SEEDS = 22, VICTIMS = 2 };

static const struct live_scene scene = {.width = 64, .height = 48, .triangles = 4, .depth = 2};

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (; n >= 8; n -= 8, p += 8) {
        h = (h ^ get_le64(p)) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    return h;
}

struct scenery {
    struct mdev *mdev;
    struct attacker *a;
    struct live_vm *victim;
    uint32_t good, picture[VICTIMS];
};

static struct scenery *open_scenery(bool synchronous)
{
    const struct mdev_config mc = {.backend = "soft", .synchronous = synchronous};
    struct scenery *s = calloc(1, sizeof *s);
    struct err err = {0};
    assert_non_null(s);
    s->mdev = mdev_create(&mc, &err);
    s->a = calloc(1, sizeof *s->a);
    s->victim = calloc(VICTIMS, sizeof *s->victim);
    assert_non_null(s->mdev);
    assert_true(hostile_open(s->a, s->mdev, &scene));
    assert_true(live_frame(&s->a->vm, 7));
    s->good = live_crc(&s->a->vm);
    for (unsigned i = 0; i < VICTIMS; i++) {
        assert_true(live_open(&s->victim[i], s->mdev, "victim", &scene));
        assert_true(live_frame(&s->victim[i], i));
        s->picture[i] = live_crc(&s->victim[i]);
    }
    return s;
}

static void close_scenery(struct scenery *s)
{
    for (unsigned i = 0; i < VICTIMS; i++) {
        live_close(&s->victim[i]);
    }
    live_close(&s->a->vm);
    mdev_destroy(s->mdev);
    free(s->victim);
    free(s->a);
    free(s);
}

static uint64_t guards(uint64_t h, const struct live_vm *vm)
{
    h = hash(h, vm->ram - LIVE_GUARD_BYTES, LIVE_GUARD_BYTES);
    return hash(h, vm->ram + LIVE_RAM_BYTES, LIVE_GUARD_BYTES);
}

// All that the attacker must not change.
static uint64_t outside(const struct scenery *s)
{
    uint64_t h = guards(1, &s->a->vm);
    h = hash(h, s->a->readonly.cpu, s->a->readonly.bytes);
    h = hash(h, s->a->dark.cpu, s->a->dark.bytes);
    for (unsigned i = 0; i < VICTIMS; i++) {
        h = guards(h, &s->victim[i]);
        h = hash(h, s->victim[i].ram, s->victim[i].gpu.mem_used);
    }
    return h;
}

// Whether a canary stands in memory that the attacker's machine reads.
static bool leaked(const struct scenery *s)
{
    const uint8_t *dark = s->a->dark.cpu, *p = s->a->vm.ram;
    for (const uint8_t *end = p + s->a->vm.gpu.mem_used; p < end; p += 4) {
        if (get_le32(p) == LIVE_CANARY && (p < dark || p >= dark + s->a->dark.bytes)) {
            return true;
        }
    }
    return false;
}

static bool recovers(struct scenery *s)
{
    struct live_vm *vm = &s->a->vm;
    vm->waits[0] = 0;
    return a2_recover(&vm->gpu) && live_frame(vm, 7) && live_crc(vm) == s->good;
}

static void test_nothing_outside_the_grant_changes(void **state)
{
    struct scenery *s = open_scenery(true);
    uint64_t before = outside(s);
    unsigned streams = 0, escapes = 0, classes = 0;
    const struct hostile_class *class;
    struct vgpu_stats st;
    (void)state;
    for (; (class = hostile_class_at(classes)); classes++) {
        for (unsigned seed = 1; seed <= SEEDS; seed++, streams++) {
            s->a->seed = (uint64_t)seed << 32 | classes * 2654435761u;
            class->attack(s->a);
            assert_true(vgpu_wait_idle(s->a->vm.vgpu, 60000000000ull));
            if (outside(s) != before || leaked(s)) {
                print_error("%s, seed %u: %s\n", class->name, seed,
                            leaked(s) ? "a canary was read"
                                      : "memory outside of the grant changed");
                escapes++;
                before = outside(s);
                memset(s->a->heap.cpu, 0, s->a->heap.bytes);
            }
            if (!recovers(s)) {
                print_error("%s, seed %u: the machine does not recover\n", class->name, seed);
                escapes++;
            }
        }
        for (unsigned i = 0; i < VICTIMS; i++) {
            assert_true(live_frame(&s->victim[i], i));
            assert_int_equal(live_crc(&s->victim[i]), s->picture[i]);
        }
        before = outside(s); // fences of the victims' own frames
    }
    vgpu_stats(s->a->vm.vgpu, &st);
    print_message(
        "[ NUMBERS  ] %u streams in %u classes: %u escapes; %llu submissions, %llu refused, "
        "%llu faults, %llu hangs\n",
        streams, classes, escapes, (unsigned long long)st.submissions,
        (unsigned long long)st.refused, (unsigned long long)st.faults,
        (unsigned long long)st.hangs);
    assert_true(classes >= 30);
    assert_true(streams >= 1000);
    assert_int_equal(escapes, 0);
    assert_true(st.refused > streams / 4);
    close_scenery(s);
}

static void test_the_oracle_sees_one_word(void **state)
{
    struct scenery *s = open_scenery(true);
    uint64_t before = outside(s);
    uint8_t *spots[] = {s->victim[1].ram + s->victim[1].gpu.mem_used - 8, s->victim[0].ram - 8,
                        s->a->vm.ram + LIVE_RAM_BYTES, s->a->readonly.cpu + 4096, s->a->dark.cpu};
    (void)state;
    assert_false(leaked(s));
    for (unsigned i = 0; i < ARRAY_LEN(spots); i++) {
        spots[i][0] ^= 1;
        assert_false(outside(s) == before);
        spots[i][0] ^= 1;
        assert_true(outside(s) == before);
    }
    put_le32(s->a->heap.cpu + 4096, LIVE_CANARY);
    assert_true(leaked(s));
    close_scenery(s);
}

// ---- while it is looked at
// ----------------------------------------------------------------------------

struct flipper {
    struct attacker *a;
    uint32_t target;
    _Atomic bool stop;
    uint64_t flips;
};

// Another processor of the same machine changes the buffer all the time.
static void *flip(void *arg)
{
    struct flipper *f = arg;
    volatile uint32_t *dw = (volatile uint32_t *)(void *)f->a->heap.cpu;
    while (!atomic_load(&f->stop)) {
        for (unsigned i = 0; i < 64; i += 4) {
            dw[i] = PM4_TYPE3(0x3d, 2);
            dw[i + 1] = f->a->heap.va + 4096; // harmless
        }
        for (unsigned i = 0; i < 64; i += 4) {
            dw[i] = hostile_roll(f->a, 24) == 0 ? 0x00000042u
                                                : PM4_TYPE3(0x3d, 2); // the page table's base
            dw[i + 1] =
                hostile_roll(f->a, 24) == 0 ? f->target : f->a->heap.va + 4096; // not its own
        }
        f->flips++;
    }
    return NULL;
}

static void test_a_buffer_changed_after_the_doorbell_changes_nothing(void **state)
{
    struct scenery *s = open_scenery(false);
    uint64_t before = outside(s);
    struct flipper f = {.a = s->a, .target = s->a->readonly.va};
    struct vgpu_stats st;
    pthread_t t;
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        put_le32(s->a->heap.cpu + i * 4, PM4_TYPE2);
    }
    assert_int_equal(pthread_create(&t, NULL, flip, &f), 0);
    for (unsigned i = 0; i < 3000; i++) {
        struct pm4 p = {
            .dw = (uint32_t *)(void *)s->a->heap.cpu, .va = s->a->heap.va, .n = 64, .room = 64};
        a2_submit(&s->a->vm.gpu, &p, A2_SUBMIT_QUIET);
        assert_true(vgpu_wait_idle(s->a->vm.vgpu, 60000000000ull));
    }
    atomic_store(&f.stop, true);
    pthread_join(t, NULL);
    assert_true(outside(s) == before);
    vgpu_stats(s->a->vm.vgpu, &st);
    print_message(
        "[ NUMBERS  ] 3000 submissions, buffer rewritten %llu times meanwhile: %llu refused\n",
        (unsigned long long)f.flips, (unsigned long long)st.refused);
    assert_true(recovers(s));
    close_scenery(s);
}

// ---- packets by the million
// -----------------------------------------------------------------------------

static void test_random_packets(void **state)
{
    const char *env = getenv("YAMATO_HOSTILE_PACKETS");
    uint64_t want = env ? strtoull(env, NULL, 0) : 300000, packets = 0;
    struct scenery *s = open_scenery(true);
    uint64_t before = outside(s);
    static uint32_t dw[4096];
    uint64_t rounds = 0;
    (void)state;
    while (packets < want) {
        uint32_t n = 0;
        s->a->seed = 0x5eed0000 + rounds++;
        while (n < ARRAY_LEN(dw) - 20) { // mostly right packets: wrong ones end the buffer
            uint32_t len = 1 + hostile_roll(s->a, 6), kind = hostile_roll(s->a, 16);
            if (kind == 0) {
                dw[n++] = PM4_TYPE2;
            } else if (kind < 7) {
                dw[n++] = (len - 1) << 16 | (0x2000 + hostile_roll(s->a, 0x380));
            } else if (kind < 12) {
                dw[n++] = PM4_TYPE3(0x2d, len + 1);
                dw[n++] = hostile_roll(s->a, 5) << 16 | hostile_roll(s->a, 0x200);
            } else {
                static const uint8_t ops[] = {0x10, 0x12, 0x13, 0x26, 0x2f, 0x3b,
                                              0x4a, 0x4b, 0x4c, 0x50, 0x5d, 0x5e};
                static const uint8_t sizes[] = {1, 1, 1, 1, 2, 1, 1, 1, 3, 2, 1, 1};
                uint32_t k = hostile_roll(s->a, ARRAY_LEN(ops));
                len = sizes[k];
                dw[n++] = PM4_TYPE3(ops[k], len);
            }
            for (uint32_t i = 0; i < len && kind; i++) {
                dw[n++] =
                    hostile_roll(s->a, 4) ? hostile_roll(s->a, 0x10000) : hostile_target(s->a);
            }
            packets++;
        }
        if (hostile_roll(s->a, 4) == 0) { // and one that is wrong
            dw[n++] = 0xc0000000u | hostile_roll(s->a, 4) << 16 | hostile_roll(s->a, 128) << 8;
            dw[n++] = hostile_target(s->a);
            dw[n++] = hostile_target(s->a);
        }
        hostile_submit(s->a, dw, n);
        if (rounds % 256 == 0) {
            assert_true(outside(s) == before);
            assert_false(leaked(s));
            assert_true(recovers(s));
        }
    }
    assert_true(outside(s) == before);
    assert_true(recovers(s));
    print_message("[ NUMBERS  ] %llu random packets, no finding\n", (unsigned long long)packets);
    close_scenery(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oracle_sees_one_word),
        cmocka_unit_test(test_nothing_outside_the_grant_changes),
        cmocka_unit_test(test_a_buffer_changed_after_the_doorbell_changes_nothing),
        cmocka_unit_test(test_random_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
