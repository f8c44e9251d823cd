// SPDX-License-Identifier: MIT
//
// The page of a profile: from a file, with all its parts, without script or network, and with names
// from guests as text, whatever they hold.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/report.h"

static void put_header(FILE *f)
{
    fputs("id,vgpu,verdict,seqno,ibs,dwords,packets,draws,resolves,engine_ns,slices,context", f);
#define X(name, help) fputs("," #name "_ns", f);
    VGPU_STAGES(X)
#undef X
    fputs(",name\n", f);
}

// Two machines in turns on the engine, 1 ms each, one waiting while the other runs.
static void put_rows(FILE *f, unsigned n, const char *const names[2])
{
    for (unsigned i = 0; i < n; i++) {
        unsigned long long t = 1000000000ull + i * 1000000ull;
        fprintf(f, "%u,%u,0,%u,2,120,40,3,1,%u,%u,1879048192", i + 1, i % 2, i, 950000, 1 + i % 3);
        fprintf(f, ",%llu,%llu,%llu,%llu", t - 1000000, t - 999000, t - 990000,
                t - 989000); // doorbell .. queued
        fprintf(f, ",%llu,%llu,%llu,%llu,%llu", t, t + 960000, t + 961000, t + 962000, t + 970000);
        fprintf(f, ",%s\n", names[i % 2]);
    }
}

static char *temp_name(char *path)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return path;
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 4 << 20);
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (4 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

static struct profile *profile_of(unsigned rows, const char *a, const char *b)
{
    char path[] = "/tmp/yamato-csv-XXXXXX";
    FILE *f = fopen(temp_name(path), "w");
    struct profile *p = profile_create(0);
    struct err err = {0};
    put_header(f);
    put_rows(f, rows, (const char *const[]){a, b});
    fclose(f);
    assert_int_equal(profile_load_csv(p, path, &err), 0);
    unlink(path);
    return p;
}

static char *page_of(struct profile *p)
{
    char path[] = "/tmp/yamato-page-XXXXXX";
    const struct report_config rc = {.title = "Test", .profile = p};
    struct err err = {0};
    char *text;
    assert_int_equal(report_write(temp_name(path), &rc, &err), 0);
    text = slurp(path);
    unlink(path);
    return text;
}

static void test_page_has_its_parts_and_needs_nothing(void **state)
{
    static const char *const parts[] = {"<h2>Overview",
                                        "Engine over",
                                        "Timeline of the busiest",
                                        "Where each submission",
                                        "Who waited for",
                                        "left",
                                        "right",
                                        "</html>"};
    struct profile *p = profile_of(400, "left", "right");
    char *page = page_of(p);
    (void)state;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(page, parts[i])) {
            print_error("no '%s'\n", parts[i]);
        }
        assert_non_null(strstr(page, parts[i]));
    }
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "nan"));
    free(page);
    profile_destroy(p);
}

static void test_names_are_text(void **state)
{
    struct profile *p = profile_of(10, "<img src=x onerror=alert(1)>", "a&b");
    char *page = page_of(p);
    (void)state;
    assert_null(strstr(page, "<img"));
    assert_non_null(strstr(page, "&lt;img"));
    assert_non_null(strstr(page, "a&amp;b"));
    free(page);
    profile_destroy(p);
}

static void test_sharing_of_a_known_run(void **state)
{
    struct profile *p = profile_of(400, "left", "right");
    struct profile_sharing *s = calloc(1, sizeof *s);
    (void)state;
    assert_int_equal(profile_share(p, s), 0);
    assert_int_equal(s->vgpus, 2);
    assert_int_equal(s->busy_ns, 400 * 950000ull);
    assert_true(s->waited_for[0][1] > 190 * 900000ull); // each waited while the other ran
    assert_true(s->waited_for[0][0] == 0);
    assert_true(s->bubble_ns > 300 * 30000ull && s->bubble_ns < 400 * 45000ull); // 0.04 ms a turn
    assert_true(s->jain_worst > 0.99);
    free(s);
    profile_destroy(p);
}

static void test_an_empty_profile_is_a_page_too(void **state)
{
    struct profile *p = profile_create(0);
    char *page = page_of(p);
    (void)state;
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "nan"));
    free(page);
    profile_destroy(p);
}

static void test_a_wrong_file_is_named(void **state)
{
    char path[] = "/tmp/yamato-csv-XXXXXX";
    FILE *f = fopen(temp_name(path), "w");
    struct profile *p = profile_create(0);
    struct err err = {0};
    (void)state;
    fputs("id,nothing\n1,2\n", f);
    fclose(f);
    assert_int_equal(profile_load_csv(p, path, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "not a profile of this version"));
    unlink(path);
    assert_int_equal(profile_load_csv(p, path, &err), -ENOENT);
    profile_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_has_its_parts_and_needs_nothing),
        cmocka_unit_test(test_names_are_text),
        cmocka_unit_test(test_sharing_of_a_known_run),
        cmocka_unit_test(test_an_empty_profile_is_a_page_too),
        cmocka_unit_test(test_a_wrong_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
