// SPDX-License-Identifier: MIT
//
// Saved contexts: a restored one continues as the saved one would, and damaged state is refused.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/snapshot.h"
#include "shader-isa/shader.h"
#include "tests/gpu-model/mock.h"

static int setup(void **state)
{
    *state = mock_create("a200", true);
    return 0;
}

static int teardown(void **state)
{
    mock_destroy(*state);
    return 0;
}

static void test_a_restored_context_draws_the_same(void **state)
{
    struct mock *a = *state, *b = mock_create("a200", true);
    struct stream s = {.n = 0};
    put_rect_setup(a, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_t3(&s, 0x2d, 2);
    put(&s, 0x480);
    put(&s, 0x3f000000);
    assert_int_equal(mock_run(a, s.dw, s.n), GPU_RUN_DONE);
    a->gmem[1000] = 77;

    struct snap_writer *w = snap_writer_create();
    gpu_save(a->gpu, w);
    size_t n;
    const void *bytes = snap_bytes(w, &n);
    struct snap_reader *r = snap_reader_create(bytes, n, NULL);
    assert_non_null(r);
    struct err err = {0};
    if (gpu_restore(b->gpu, r, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(b->gmem[1000], 77);
    memcpy(b->data, a->data, MOCK_BYTES);
    static const uint32_t draw[] = {0xc0012200, 0, 0x00030084};
    assert_int_equal(mock_run(a, draw, 3), GPU_RUN_DONE);
    assert_int_equal(mock_run(b, draw, 3), GPU_RUN_DONE);
    assert_int_equal(b->draws, 1);
    assert_int_equal(shader_hash(a->draw.vs), shader_hash(b->draw.vs));
    assert_int_equal(shader_hash(a->draw.ps), shader_hash(b->draw.ps));
    assert_true(b->ps_alu0[0] == 0.5f);
    struct gpu_counters ca, cb;
    gpu_counters(a->gpu, &ca);
    gpu_counters(b->gpu, &cb);
    assert_memory_equal(&ca, &cb, sizeof(ca));
    snap_reader_destroy(r);
    snap_writer_destroy(w);
    mock_destroy(b);
}

static void test_state_of_another_chip_is_refused(void **state)
{
    struct mock *a = *state, *b = mock_create("a220", true);
    struct snap_writer *w = snap_writer_create();
    gpu_save(a->gpu, w);
    size_t n;
    const void *bytes = snap_bytes(w, &n);
    struct snap_reader *r = snap_reader_create(bytes, n, NULL);
    struct err err = {0};
    assert_int_equal(gpu_restore(b->gpu, r, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "200"));
    snap_reader_destroy(r);
    snap_writer_destroy(w);
    // and none at all
    w = snap_writer_create();
    bytes = snap_bytes(w, &n);
    r = snap_reader_create(bytes, n, NULL);
    assert_int_equal(gpu_restore(b->gpu, r, &err), -ENOENT);
    snap_reader_destroy(r);
    snap_writer_destroy(w);
    mock_destroy(b);
}

static void test_reset_forgets_everything_but_counters(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2104, 15);
    mock_run(m, s.dw, s.n);
    gpu_reset(m->gpu);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2104), 0);
    static const uint32_t draw[] = {0xc0012d00, 0x00040208, 4, 0xc0012200, 0, 0x00030084};
    assert_int_equal(mock_run(m, draw, 6), GPU_RUN_ERROR); // no program any more
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_restored_context_draws_the_same),
        T(test_state_of_another_chip_is_refused),
        T(test_reset_forgets_everything_but_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
