// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/regfile.h"
#include "base/snapshot.h"

static unsigned hook_calls;
static uint32_t hook_raw;

static void on_write(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                     uint32_t old)
{
    (void)rf, (void)row, (void)i, (void)old;
    hook_calls++;
    hook_raw = raw;
}

static uint32_t on_read(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    return regfile_get(rf, row, i) + 1;
}

static const struct reg_row rows[] = {
    {.name = "CR", .offset = 0x00, .reset = 0x11, .writable = 0xff},
    {.name = "SR", .offset = 0x04, .reset = 0xf0, .w1c = 0xff},
    {.name = "FIFO", .offset = 0x10, .writable = ~0u, .count = 4, .stride = 8, .write = on_write},
    {.name = "ODD", .offset = 0x14, .writable = ~0u, .count = 4, .stride = 8, .read = on_read},
    {.name = "H0", .offset = 0x40, .writable = 0xffff, .bytes = 2},
    {.name = "H1", .offset = 0x42, .writable = 0xffff, .bytes = 2},
};
static const struct reg_table table = {"demo", rows, ARRAY_LEN(rows), 0x48};

static void test_reset_values_and_write_masks(void **state)
{
    struct regfile rf;
    uint64_t v;
    (void)state;
    assert_int_equal(regfile_init(&rf, &table, NULL), 0);
    assert_true(regfile_read(&rf, 0, 4, &v));
    assert_int_equal(v, 0x11);
    assert_true(regfile_write(&rf, 0, 4, 0xffffffff));
    assert_true(regfile_read(&rf, 0, 4, &v));
    assert_int_equal(v, 0xff);
    regfile_reset(&rf);
    assert_int_equal(regfile_peek(&rf, 0), 0x11);
    regfile_fini(&rf);
}

static void test_write_one_to_clear(void **state)
{
    struct regfile rf;
    (void)state;
    assert_int_equal(regfile_init(&rf, &table, NULL), 0);
    assert_true(regfile_write(&rf, 4, 4, 0x50));
    assert_int_equal(regfile_peek(&rf, 4), 0xa0);
    // a byte write elsewhere in the word clears nothing
    assert_true(regfile_write(&rf, 5, 1, 0xff));
    assert_int_equal(regfile_peek(&rf, 4), 0xa0);
    regfile_fini(&rf);
}

static void test_arrays_interleave_and_hooks_run(void **state)
{
    struct regfile rf;
    uint64_t v;
    char name[32];
    (void)state;
    assert_int_equal(regfile_init(&rf, &table, NULL), 0);
    hook_calls = 0;
    assert_true(regfile_write(&rf, 0x18, 4, 0x1234));
    assert_int_equal(hook_calls, 1);
    assert_int_equal(hook_raw, 0x1234);
    assert_true(regfile_write(&rf, 0x2c, 4, 7));
    assert_true(regfile_read(&rf, 0x2c, 4, &v));
    assert_int_equal(v, 8);
    assert_string_equal(regfile_name(&table, 0x2c, name, sizeof name), "ODD[3]");
    assert_string_equal(regfile_name(&table, 0x44, name, sizeof name), "+0x44");
    regfile_fini(&rf);
}

static void test_narrow_registers_share_a_word(void **state)
{
    struct regfile rf;
    uint64_t v;
    (void)state;
    assert_int_equal(regfile_init(&rf, &table, NULL), 0);
    assert_true(regfile_write(&rf, 0x40, 4, 0xbeef1234));
    assert_true(regfile_read(&rf, 0x42, 2, &v));
    assert_int_equal(v, 0xbeef);
    assert_true(regfile_read(&rf, 0x41, 1, &v));
    assert_int_equal(v, 0x12);
    regfile_fini(&rf);
}

static void test_hole_is_not_claimed(void **state)
{
    struct regfile rf;
    uint64_t v = 5;
    (void)state;
    assert_int_equal(regfile_init(&rf, &table, NULL), 0);
    assert_false(regfile_read(&rf, 0x44, 4, &v));
    assert_int_equal(v, 0);
    assert_false(regfile_write(&rf, 0x08, 4, 1));
    assert_false(regfile_read(&rf, 0xfffffff0u, 4, &v));
    regfile_fini(&rf);
}

static void test_overlapping_rows_are_refused_by_name(void **state)
{
    static const struct reg_row bad[] = {{.name = "A", .offset = 0}, {.name = "B", .offset = 2}};
    static const struct reg_table t = {"bad", bad, 2, 8};
    struct regfile rf;
    struct err err;
    (void)state;
    assert_int_equal(regfile_init(&rf, &t, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "register B"));
}

static void test_saved_registers_come_back(void **state)
{
    struct regfile a, b;
    struct snap_writer *w = snap_writer_create();
    struct snap_reader *r;
    const void *bytes;
    size_t n;
    (void)state;
    assert_int_equal(regfile_init(&a, &table, NULL), 0);
    assert_int_equal(regfile_init(&b, &table, NULL), 0);
    regfile_poke(&a, 0x40, 0xabc);
    snap_begin(w, "demo", 1);
    regfile_save(&a, w);
    snap_end(w);
    bytes = snap_bytes(w, &n);
    r = snap_reader_create(bytes, n, NULL);
    assert_non_null(r);
    assert_int_equal(snap_open(r, "demo", NULL, NULL), 0);
    assert_int_equal(regfile_load(&b, r, NULL), 0);
    assert_int_equal(regfile_peek(&b, 0x40), 0xabc);
    snap_reader_destroy(r);
    snap_writer_destroy(w);
    regfile_fini(&a);
    regfile_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset_values_and_write_masks),
        cmocka_unit_test(test_write_one_to_clear),
        cmocka_unit_test(test_arrays_interleave_and_hooks_run),
        cmocka_unit_test(test_narrow_registers_share_a_word),
        cmocka_unit_test(test_hole_is_not_claimed),
        cmocka_unit_test(test_overlapping_rows_are_refused_by_name),
        cmocka_unit_test(test_saved_registers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
