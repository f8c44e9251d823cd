// SPDX-License-Identifier: MIT
//
// Whole replays on the software rasteriser that are no picture comparison: the recording driver's
// lost row and column, and that nothing depends on history.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/png.h"
#include "gpu-model/rd.h"
#include "host-backends/backend.h"

static const char *const names[] = {"texquad", "fbo_big", "mipmap", "stencil"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static const char *root(void)
{
    const char *shared = getenv("YAMATO_SHARED");
    return shared ? shared : "../shared";
}

static void replay(const char *name, bool inclusive, unsigned threads, struct picture *pic)
{
    struct err err = {0};
    struct backend_config bc = {.threads = threads};
    struct rd_replay_result res = {0};
    char path[600];
    struct gpu_backend *be = backend_create("soft", &bc, &err);
    assert_non_null(be);
    const struct rd_replay_config cfg = {.backend = be, .scissor_br_inclusive = inclusive};
    snprintf(path, sizeof(path), "%s/a2xx-corpus/a2test/%s.a200.256x192.default.rd.gz", root(),
             name);
    if (rd_replay(path, &cfg, &res, &err) || res.error[0]) {
        fail_msg("%s: %s%s", path, err.msg, res.error);
    }
    assert_non_null(res.pic.rgba);
    *pic = res.pic;
    backend_destroy(be);
}

// Drivers write an inclusive corner into the exclusive window scissor: a faithful device leaves the
// last row and column alone, and nothing else changes.
static void test_last_row_and_column_stay_unwritten(void **state)
{
    (void)state;
    struct picture faithful, meant;
    replay("texquad", false, 1, &faithful);
    replay("texquad", true, 1, &meant);
    assert_int_equal(faithful.width, meant.width);
    uint32_t w = meant.width, h = meant.height, differ = 0;
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            bool same = !memcmp(faithful.rgba + 4 * (y * w + x), meant.rgba + 4 * (y * w + x), 4);
            if (x + 1 < w && y + 1 < h) {
                assert_true(same);
            }
            differ += !same;
        }
    }
    assert_in_range(differ, 100, w + h - 1);
    picture_fini(&faithful);
    picture_fini(&meant);
}

static void test_replays_repeat_bit_for_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NAMES; i++) {
        struct picture a, b;
        replay(names[i], true, 1, &a);
        replay(names[i], true, 1, &b);
        assert_int_equal(a.width, b.width);
        assert_memory_equal(a.rgba, b.rgba, 4 * (size_t)a.width * a.height);
        picture_fini(&a);
        picture_fini(&b);
    }
}

static void test_pictures_do_not_depend_on_threads(void **state)
{
    (void)state;
    static const char *const more[] = {"texquad", "fbo_big", "mipmap", "stencil", "bigdraw",
                                       "lines",   "points",  "blend",  "copytex", "pingpong"};
    for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        struct picture a;
        replay(more[i], true, 1, &a);
        for (unsigned threads = 2; threads <= 5; threads += 3) {
            struct picture b;
            replay(more[i], true, threads, &b);
            assert_int_equal(a.width, b.width);
            assert_memory_equal(a.rgba, b.rgba, 4 * (size_t)a.width * a.height);
            picture_fini(&b);
        }
        picture_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_row_and_column_stay_unwritten),
        cmocka_unit_test(test_replays_repeat_bit_for_bit),
        cmocka_unit_test(test_pictures_do_not_depend_on_threads),
    };
    char path[600];
    snprintf(path, sizeof(path), "%s/a2xx-corpus", root());
    if (access(path, R_OK)) {
        printf("SKIP test_soft_replay: no shared data (0 rows)\n");
        return getenv("CI") ? 1 : 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
