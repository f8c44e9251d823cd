// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/snapshot.h"

struct thing {
    uint32_t a;
    uint16_t b[3];
    uint64_t c;
};
static const struct snap_field fields[] = {
    SNAP_FIELD(struct thing, a), SNAP_ARRAY(struct thing, b), SNAP_FIELD(struct thing, c), SNAP_END};

static const void *make(struct snap_writer *w, const struct thing *t, size_t *n)
{
    snap_begin(w, "thing", 3);
    snap_put_fields(w, fields, t);
    snap_end(w);
    snap_begin(w, "other", 1);
    snap_put_u32(w, 42);
    snap_end(w);
    return snap_bytes(w, n);
}

static void test_fields_round_trip(void **state)
{
    const struct thing t = {1, {2, 3, 4}, 0x123456789abcdefull};
    struct thing u = {0, {0}, 0};
    struct snap_writer *w = snap_writer_create();
    size_t n;
    const void *p = make(w, &t, &n);
    struct snap_reader *r = snap_reader_create(p, n, NULL);
    uint32_t version = 0;
    (void)state;
    assert_non_null(r);
    assert_int_equal(snap_open(r, "thing", &version, NULL), 0);
    assert_int_equal(version, 3);
    assert_int_equal(snap_get_fields(r, fields, &u, NULL), 0);
    assert_int_equal(u.a, 1);
    assert_int_equal(u.b[2], 4);
    assert_true(u.c == t.c);
    assert_int_equal(snap_get_u32(r), 0); // past the section's end
    assert_int_equal(snap_failed(r, NULL), -EINVAL);
    snap_reader_destroy(r);
    snap_writer_destroy(w);
}

static void test_every_truncation_and_flip_is_refused(void **state)
{
    const struct thing t = {1, {2, 3, 4}, 5};
    struct snap_writer *w = snap_writer_create();
    size_t n;
    const uint8_t *p = make(w, &t, &n);
    size_t end_of_first = 8 + 2 + 5 + 12 + 18 + 4; // header, one section: a boundary is a whole file
    (void)state;
    for (size_t k = 0; k < n; k++) {
        struct snap_reader *r;
        struct err err = {0};
        if (k == 8 || k == end_of_first) {
            continue;
        }
        r = snap_reader_create(p, k, &err);
        assert_null(r);
        assert_true(err.msg[0] != 0);
    }
    uint8_t *copy = malloc(n);
    memcpy(copy, p, n);
    copy[8 + 2 + 5 + 12 + 1] ^= 1; // payload byte
    struct err err;
    assert_null(snap_reader_create(copy, n, &err));
    assert_non_null(strstr(err.msg, "thing"));
    free(copy);
    snap_writer_destroy(w);
}

static void test_missing_section_is_named(void **state)
{
    struct snap_writer *w = snap_writer_create();
    size_t n;
    const void *p = snap_bytes(w, &n);
    struct snap_reader *r = snap_reader_create(p, n, NULL);
    struct err err;
    (void)state;
    assert_int_equal(snap_open(r, "uart7", NULL, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "uart7"));
    snap_reader_destroy(r);
    snap_writer_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_round_trip),
        cmocka_unit_test(test_every_truncation_and_flip_is_refused),
        cmocka_unit_test(test_missing_section_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
