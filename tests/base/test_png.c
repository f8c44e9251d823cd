// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/png.h"

static void test_png_round_trip_and_compare(void **state)
{
    char path[] = "/tmp/yamato-png-XXXXXX";
    int fd = mkstemp(path);
    struct picture a, b;
    struct picture_diff d;
    (void)state;
    close(fd);
    assert_int_equal(picture_init(&a, 5, 3, NULL), 0);
    for (int i = 0; i < 60; i++) {
        a.rgba[i] = (uint8_t)(i * 4);
    }
    assert_int_equal(picture_save_png(&a, path, NULL), 0);
    assert_int_equal(picture_load_png(&b, path, NULL), 0);
    assert_int_equal(picture_compare(&a, &b, 0, 0, 0, 0, &d, NULL), 0);
    assert_int_equal(d.differing, 0);
    assert_int_equal(d.compared, 15);
    b.rgba[0] = (uint8_t)(b.rgba[0] + 10);
    assert_int_equal(picture_compare(&a, &b, 9, 0, 0, 0, &d, NULL), 0);
    assert_int_equal(d.differing, 1);
    assert_int_equal(d.max_delta, 10);
    assert_int_equal(picture_compare(&a, &b, 9, 0, 1, 0, &d, NULL), 0);
    assert_int_equal(d.differing, 0);
    picture_fini(&a);
    picture_fini(&b);
    unlink(path);
}

static void test_bad_files_and_sizes_are_refused(void **state)
{
    struct picture p;
    struct err err;
    (void)state;
    assert_int_equal(picture_load_png(&p, "/nonexistent.png", &err), -ENOENT);
    assert_int_equal(picture_init(&p, 0, 5, &err), -EINVAL);
    assert_int_equal(picture_init(&p, 100000, 5, &err), -EINVAL);
    assert_int_not_equal(picture_load_png(&p, "/proc/self/exe", &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_round_trip_and_compare),
        cmocka_unit_test(test_bad_files_and_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
