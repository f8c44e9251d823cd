// SPDX-License-Identifier: MIT
//
// The profile tells the truth: every submission has a whole chain of stamps in order, a delay put
// into one stage shows up there and nowhere else, counts agree with what was drawn, a file read
// back says the same, and a comparison finds a difference that is there and none that is not.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/profile.h"
#include "tests/mdev/live/live.h"

static const struct live_scene scene = {.width = 160, .height = 120, .triangles = 6, .depth = 1};
enum { FRAMES = 40 };
#define DELAY_NS 20000000u

static struct mdev *new_mdev(void)
{
    const struct mdev_config mc = {.backend = "soft"};
    struct err err = {0};
    struct mdev *m = mdev_create(&mc, &err);
    assert_non_null(m);
    return m;
}

struct bench {
    struct mdev *m;
    struct live_vm *vm;
    struct profile *p;
};

// Until nothing of the last frame is under way any more, its interrupt included.
static void settle(struct bench *b)
{
    assert_true(vgpu_wait_idle(b->vm->vgpu, 60000000000ull));
    b->vm->plat.ops->irq_restore(&b->vm->plat, 0);
}

static void open_bench(struct bench *b)
{
    b->m = new_mdev();
    b->vm = calloc(1, sizeof *b->vm);
    b->p = profile_create(0);
    assert_true(live_open(b->vm, b->m, "vm", &scene));
    assert_true(live_frame(b->vm, 0));
    settle(b);
    assert_int_equal(profile_attach(b->p, b->vm->vgpu), 0);
}

static void close_bench(struct bench *b)
{
    live_close(b->vm);
    mdev_destroy(b->m);
    profile_destroy(b->p);
    free(b->vm);
}

static void draw(struct bench *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_true(live_frame(b->vm, i));
        settle(b);
    }
}

static void test_every_submission_has_a_whole_chain(void **state)
{
    struct bench b;
    const struct vgpu_submission *s;
    uint64_t n = 0, last = 0;
    unsigned who;
    (void)state;
    open_bench(&b);
    draw(&b, FRAMES);
    while ((s = profile_record(b.p, n, &who))) {
        for (unsigned k = 0; k < VGPU_STAGE_COUNT; k++) {
            assert_true(s->stamp_ns[k]);
            assert_true(k == 0 || s->stamp_ns[k] >= s->stamp_ns[k - 1]);
        }
        assert_true(s->id > last);
        assert_true(s->engine_ns <=
                    s->stamp_ns[VGPU_STAGE_executed] - s->stamp_ns[VGPU_STAGE_started]);
        assert_true(s->slices >= 1);
        last = s->id;
        n++;
    }
    assert_int_equal(n, FRAMES);
    assert_int_equal(profile_dropped(b.p), 0);
    close_bench(&b);
}

static void test_a_delay_shows_at_its_stage_and_no_other(void **state)
{
    (void)state;
    // a delay before stage k makes the span that ends there longer
    static const struct {
        enum vgpu_stage stage;
        enum profile_span span;
    } cases[] = {{VGPU_STAGE_copied, PROFILE_copy},     {VGPU_STAGE_audited, PROFILE_audit},
                 {VGPU_STAGE_queued, PROFILE_enqueue},  {VGPU_STAGE_started, PROFILE_wait},
                 {VGPU_STAGE_executed, PROFILE_run},    {VGPU_STAGE_fenced, PROFILE_fence},
                 {VGPU_STAGE_interrupted, PROFILE_irq}, {VGPU_STAGE_acknowledged, PROFILE_ack}};
    struct profile_vgpu base, sum;
    struct bench b;
    open_bench(&b);
    draw(&b, 15);
    assert_int_equal(profile_summary(b.p, 0, &base), 0);
    close_bench(&b);
    for (unsigned c = 0; c < ARRAY_LEN(cases); c++) {
        open_bench(&b);
        vgpu_delay(b.vm->vgpu, cases[c].stage, DELAY_NS);
        draw(&b, 9);
        vgpu_delay(b.vm->vgpu, cases[c].stage, 0);
        assert_int_equal(profile_summary(b.p, 0, &sum), 0);
        for (unsigned k = 0; k < PROFILE_total; k++) {
            // the quickest of nine: what a busy host adds now and then is not in it
            double more = (double)sum.span[k].min_ns - (double)base.span[k].min_ns;
            if (k == (unsigned)cases[c].span ? more < 0.9 * DELAY_NS : more > 0.5 * DELAY_NS) {
                print_error("delay at %s: %s is %.3f ms longer\n", profile_span_name(cases[c].span),
                            profile_span_name((enum profile_span)k), more / 1e6);
            }
            if (k == (unsigned)cases[c].span) {
                assert_true(more > 0.9 * DELAY_NS && more < 10.0 * DELAY_NS);
            } else {
                assert_true(more < 0.5 * DELAY_NS);
            }
        }
        close_bench(&b);
    }
}

static void test_counts_agree_with_what_was_drawn(void **state)
{
    struct bench b;
    struct profile_vgpu sum;
    const struct profile_leaf *l;
    const struct profile_ib *ib;
    const struct profile_tile *t;
    struct profile_reg reg[8];
    uint64_t draws = 0, resolves = 0, fences = 0, ns = 0, tile_draws = 0, pixels = 0, calls = 0;
    unsigned n;
    bool doorbell = false;
    (void)state;
    open_bench(&b);
    draw(&b, FRAMES);
    assert_int_equal(profile_summary(b.p, 0, &sum), 0);
    for (unsigned i = 0; (l = profile_leaf_at(b.p, i)); i++) {
        draws += l->key.kind == VGPU_WORK_draw ? l->calls : 0;
        resolves += l->key.kind == VGPU_WORK_resolve ? l->calls : 0;
        fences += l->key.kind == VGPU_WORK_fence ? l->calls : 0;
        ns += l->ns;
        assert_true(l->key.context != 0);
    }
    assert_int_equal(draws, sum.draws);
    assert_int_equal(resolves, sum.resolves);
    assert_int_equal(fences, FRAMES);
    assert_true(ns <= sum.engine_ns);
    assert_true(ns > sum.engine_ns / 2);
    for (unsigned i = 0; (t = profile_tile_at(b.p, i)); i++) {
        assert_true(t->key.x >= 0 && t->key.x < 160 && t->key.y >= 0 && t->key.y < 120);
        tile_draws += t->draws;
        pixels += t->pixels;
    }
    assert_int_equal(tile_draws, sum.draws);
    assert_true(pixels >= (uint64_t)FRAMES * 160 * 120);
    for (unsigned i = 0; (ib = profile_ib_at(b.p, i)); i++) {
        calls += ib->calls;
        assert_true(ib->dwords > 0 && ib->packets > 0);
    }
    assert_true(calls >= FRAMES);
    assert_int_equal(profile_lost(b.p), 0);
    n = profile_registers(b.p, 0, reg, ARRAY_LEN(reg));
    assert_true(n >= 3);
    for (unsigned i = 0; i < n; i++) {
        doorbell = doorbell || (!strcmp(reg[i].name, "CP_RB_WPTR") && reg[i].heat.writes == FRAMES);
    }
    assert_true(doorbell);
    close_bench(&b);
}

static void test_a_spinning_guest_is_found(void **state)
{
    struct bench b;
    struct profile_reg reg[1];
    uint32_t v;
    (void)state;
    open_bench(&b);
    for (unsigned i = 0; i < 5000; i++) {
        vgpu_region_read(b.vm->vgpu, 0, 0x5d0 * 4, &v, 4);
    }
    assert_int_equal(profile_registers(b.p, 0, reg, 1), 1);
    assert_string_equal(reg[0].name, "RBBM_STATUS");
    assert_true(reg[0].heat.longest >= 4990);
    assert_true(reg[0].heat.longest > PROFILE_SPIN);
    close_bench(&b);
}

static void test_a_file_read_back_says_the_same(void **state)
{
    struct bench b;
    struct profile *q = profile_create(0);
    struct profile_vgpu x, y;
    struct err err = {0};
    char path[] = "/tmp/yamato-profile-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    open_bench(&b);
    draw(&b, 10);
    assert_int_equal(profile_write_csv(b.p, path, &err), 0);
    assert_int_equal(profile_load_csv(q, path, &err), 0);
    assert_int_equal(profile_summary(b.p, 0, &x), 0);
    assert_int_equal(profile_summary(q, 0, &y), 0);
    assert_memory_equal(&x, &y, sizeof x);
    FILE *f = fopen(path, "a");
    fputs("1,2,3\n", f);
    fclose(f);
    assert_int_equal(profile_load_csv(q, path, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "line 12"));
    unlink(path);
    profile_destroy(q);
    close_bench(&b);
}

static void test_a_comparison_finds_what_is_there(void **state)
{
    struct bench a, b, c;
    struct profile_delta d[PROFILE_DELTAS];
    (void)state;
    open_bench(&a);
    draw(&a, FRAMES);
    open_bench(&b);
    draw(&b, FRAMES);
    open_bench(&c);
    vgpu_delay(c.vm->vgpu, VGPU_STAGE_audited, DELAY_NS);
    draw(&c, 20);
    assert_int_equal(profile_compare(a.p, c.p, d), 0);
    assert_true(d[PROFILE_audit].differs && d[PROFILE_audit].low > 1);
    assert_int_equal(d[PROFILE_audit].na, FRAMES);
    assert_int_equal(d[PROFILE_audit].nb, 20);
    assert_int_equal(profile_compare(a.p, a.p, d), 0);
    for (unsigned i = 0; i < PROFILE_DELTAS; i++) {
        assert_false(d[i].differs);
        assert_true(d[i].low <= 0 && d[i].high >= 0);
    }
    assert_int_equal(profile_compare(a.p, b.p, d), 0); // two runs of the same: no claim about them
    close_bench(&a);
    close_bench(&b);
    close_bench(&c);
}

static void test_sharing_adds_up(void **state)
{
    struct mdev *m = new_mdev();
    struct live_vm *vm = calloc(2, sizeof *vm);
    struct profile *p = profile_create(0);
    struct profile_sharing *s = calloc(1, sizeof *s);
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(live_open(&vm[i], m, i ? "b" : "a", &scene));
        assert_int_equal(profile_attach(p, vm[i].vgpu), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        live_start(&vm[i]);
    }
    while (atomic_load(&vm[0].frames) < 60 || atomic_load(&vm[1].frames) < 60) {
        usleep(1000);
    }
    for (unsigned i = 0; i < 2; i++) {
        live_stop(&vm[i]);
    }
    assert_int_equal(profile_share(p, s), 0);
    assert_int_equal(s->vgpus, 2);
    assert_true(s->busy_ns > 0 && s->busy_ns <= s->span_ns);
    assert_true(s->waited_for[0][1] > 0 && s->waited_for[1][0] > 0);
    assert_true(s->bubble_ns < s->span_ns);
    for (unsigned i = 0; i < 2; i++) {
        live_close(&vm[i]);
    }
    mdev_destroy(m);
    profile_destroy(p);
    free(vm);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_submission_has_a_whole_chain),
        cmocka_unit_test(test_a_delay_shows_at_its_stage_and_no_other),
        cmocka_unit_test(test_counts_agree_with_what_was_drawn),
        cmocka_unit_test(test_a_spinning_guest_is_found),
        cmocka_unit_test(test_a_file_read_back_says_the_same),
        cmocka_unit_test(test_a_comparison_finds_what_is_there),
        cmocka_unit_test(test_sharing_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
