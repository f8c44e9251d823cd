// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/opts.h"

struct o {
    bool flag;
    const char *kernel, *mode;
    uint64_t mem;
    struct opt_list drives;
};
static const struct opt_row rows[] = {
    {"flag", "f", OPT_FLAG, offsetof(struct o, flag), NULL, "a flag", NULL},
    {"kernel", NULL, OPT_STRING, offsetof(struct o, kernel), "FILE", "a file", NULL},
    {"mode", NULL, OPT_STRING, offsetof(struct o, mode), "M", "a choice", "fast|exact"},
    {"mem", "m", OPT_UINT, offsetof(struct o, mem), "SIZE", "a size", NULL},
    {"drive", NULL, OPT_LIST, offsetof(struct o, drives), "FILE", "many", NULL},
    OPTS_END};
static const struct opts_spec spec = {"t", "[OPTION]...", "A test.", NULL, rows};

static int parse(struct o *o, const char **args, unsigned *n, struct err *err, char **argv)
{
    int argc = 0;
    memset(o, 0, sizeof *o);
    while (argv[argc]) {
        argc++;
    }
    return opts_parse(&spec, o, argc, argv, args, 2, n, err);
}

static void test_both_dashes_and_equals_work(void **state)
{
    char *argv[] = {"t", "-kernel", "k", "--mem=512M", "-f", "x", "--drive", "a", "-drive", "b", NULL};
    struct o o;
    const char *args[2];
    unsigned n;
    (void)state;
    assert_int_equal(parse(&o, args, &n, NULL, argv), 0);
    assert_string_equal(o.kernel, "k");
    assert_true(o.mem == 512u << 20);
    assert_true(o.flag);
    assert_int_equal(o.drives.count, 2);
    assert_int_equal(n, 1);
    assert_string_equal(args[0], "x");
}

static void test_mistakes_are_named(void **state)
{
    struct {
        char *argv[4];
        const char *want;
    } cases[] = {
        {{"t", "--nope", NULL}, "--nope"},       {{"t", "--kernel", NULL}, "needs FILE"},
        {{"t", "--mem", "1X", NULL}, "1X"},      {{"t", "--mode", "slow", NULL}, "fast|exact"},
        {{"t", "--flag=1", NULL}, "no value"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct o o;
        const char *args[2];
        unsigned n;
        struct err err;
        assert_int_equal(parse(&o, args, &n, &err, cases[i].argv), -EINVAL);
        assert_non_null(strstr(err.msg, cases[i].want));
    }
}

static void test_numbers_do_not_overflow(void **state)
{
    uint64_t v;
    (void)state;
    assert_true(opts_number("0x10", &v) && v == 16);
    assert_false(opts_number("99999999999999999999", &v));
    assert_false(opts_number("18446744073709551615G", &v));
    assert_false(opts_number("", &v));
    assert_false(opts_number("12kk", &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_dashes_and_equals_work),
        cmocka_unit_test(test_mistakes_are_named),
        cmocka_unit_test(test_numbers_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
