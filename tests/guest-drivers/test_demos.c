// SPDX-License-Identifier: MIT
//
// Every bare-metal demo, driver library and all, on a mediated device in this process: it must say
// ok and its last picture must match the reference, on the software and on the GL backend. Pictures
// are left beside the test program.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "demo.h"
#include "tests/guest-drivers/host.h"
#include "tests/guest-drivers/reference.h"

IGNORE_LEAKS_OF_THE_GL_DRIVER

// BM_DEMO_LIST comes from the build: X(clear) X(triangle) ...
#define X(name) extern const struct demo demo_##name;
BM_DEMO_LIST
#undef X

static const struct demo *const demos[] = {
#define X(name) &demo_##name,
    BM_DEMO_LIST
#undef X
};

static const char *out_dir = ".";

struct test_case {
    const struct demo *demo;
    const char *backend;
};

static void save(const char *name, const char *backend, const struct picture *pic)
{
    char path[4096];
    struct err err = {0};
    snprintf(path, sizeof path, "%s/%s.%s.png", out_dir, name, backend);
    if (picture_save_png(pic, path, &err)) {
        print_error("%s\n", err.msg);
    }
}

static void test_demo(void **state)
{
    const struct test_case *c = *state;
    struct host *h = malloc(sizeof *h);
    struct demo_run run = {0};
    struct picture pic;
    struct err err = {0};
    int rc;
    bool ok;

    assert_non_null(h);
    rc = host_open(h, c->backend, &err);
    if (rc && strcmp(c->backend, "gl") == 0 && !getenv("CI")) {
        printf("SKIP %s on gl: %s\n", c->demo->name, err.msg);
        free(h);
        return;
    }
    if (rc) {
        fail_msg("%s: %s", c->backend, err.msg);
    }
    run.plat = &h->plat;
    run.gpu = &h->gpu;
    ok = demo_execute(c->demo, &run);
    printf("%s", h->text);
    if (!ok) {
        vgpu_report(h->vgpu, stdout);
    }
    if (host_picture(h, &pic)) {
        save(c->demo->name, c->backend, &pic);
        ok = reference_matches(c->demo->name, &pic) && ok;
        picture_fini(&pic);
    } else {
        ok = false;
    }
    host_close(h);
    free(h);
    assert_true(ok);
}

// The rule itself must be able to say no.
static void test_a_wrong_picture_is_noticed(void **state)
{
    struct picture pic;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(demos); i++) {
        assert_true(reference_draw(demos[i]->name, &pic));
        assert_true(reference_matches(demos[i]->name, &pic));
        uint32_t n = pic.width * pic.height;
        for (uint32_t p = 0; p < n / 150; p++) { // two thirds of a percent of the pixels
            pic.rgba[p * 4] ^= 0x80;
        }
        assert_false(reference_matches(demos[i]->name, &pic));
        picture_fini(&pic);
    }
}

int main(int argc, char **argv)
{
    static const char *const backends[] = {"soft", "gl"};
    static struct test_case cases[ARRAY_LEN(demos) * ARRAY_LEN(backends)];
    static char names[ARRAY_LEN(cases)][64];
    struct CMUnitTest tests[ARRAY_LEN(cases) + 1];
    size_t n = 0;

    if (argc > 1) {
        out_dir = argv[1];
    }
    for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
        for (size_t d = 0; d < ARRAY_LEN(demos); d++, n++) {
            cases[n] = (struct test_case){demos[d], backends[b]};
            snprintf(names[n], sizeof names[n], "test_%s_on_%s", demos[d]->name, backends[b]);
            tests[n] = (struct CMUnitTest){
                .name = names[n], .test_func = test_demo, .initial_state = &cases[n]};
        }
    }
    tests[n] = (struct CMUnitTest)cmocka_unit_test(test_a_wrong_picture_is_noticed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
