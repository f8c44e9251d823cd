// SPDX-License-Identifier: MIT
//
// The frame debugger on a capture of our own (tests/data): the index, the commands and what they
// refuse, which draws touched a pixel, the page.
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
#include "base/log.h"
#include "base/png.h"
#include "gpu-model/debug/debug.h"
#include "host-backends/backend.h"

#define CAPTURE "tests/data/readpix-z.a200.rd.gz"

struct rig {
    struct log log;
    struct gpu_backend *backend;
    struct gpu_debug *debug;
    char text[1 << 16];
    enum gpu_debug_status status;
};

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    assert_non_null(r);
    FILE *quiet = fopen("/dev/null", "w");
    log_init(&r->log, quiet, "test");
    const struct backend_config bc = {.log = &r->log};
    r->backend = backend_create("soft", &bc, &err);
    assert_non_null(r->backend);
    const struct gpu_debug_config cfg = {
        .path = CAPTURE, .backend = r->backend, .scissor_br_inclusive = true, .log = &r->log};
    r->debug = gpu_debug_open(&cfg, &err);
    if (!r->debug) {
        fail_msg("%s", err.msg);
    }
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    gpu_debug_close(r->debug);
    backend_destroy(r->backend);
    fclose(r->log.out);
    free(r);
    return 0;
}

static const char *say(struct rig *r, const char *line)
{
    FILE *out = fmemopen(r->text, sizeof r->text - 1, "w");
    memset(r->text, 0, sizeof r->text);
    r->status = gpu_debug_command(r->debug, line, out);
    fclose(out);
    return r->text;
}

static void test_index_counts_packets_and_work(void **state)
{
    const char *text = say(*state, "info");
    assert_non_null(strstr(text, "a200: 10 submissions, 1358 packets, 22 draws, 22 resolves, 0 fills"));
    assert_non_null(strstr(text, "200x200"));
    assert_non_null(strstr(say(*state, "draws"), "38  submit 10 packet 1230  draw triangle fan, 4 vertices"));
}

static void test_steps_follow_packets_and_draws(void **state)
{
    assert_non_null(strstr(say(*state, "next 2"), "resolve"));
    assert_non_null(strstr(say(*state, "where"), "packet 78 of 1358, work 2 of 44"));
    assert_non_null(strstr(say(*state, "step 27"), "3  submit 1 packet 105"));
    assert_non_null(strstr(say(*state, "where"), "packet 105 of 1358, work 3 of 44"));
    assert_non_null(strstr(say(*state, "goto packet 1230"), "work 38 of 44"));
}

static void test_a_draw_shows_state_programs_and_packets(void **state)
{
    say(*state, "goto draw 38");
    assert_non_null(strstr(say(*state, "state"), "depth: less, written, GMEM 0x20000"));
    assert_non_null(strstr(say(*state, "shader vs"), "EXEC_END"));
    assert_non_null(strstr(say(*state, "shader ps glsl"), "void yamato_ps"));
    assert_non_null(strstr(say(*state, "registers DEPTH_INFO"), "DEPTHX_24_8"));
    assert_non_null(strstr(say(*state, "packets 1260"), "RB_COLOR_INFO = { FORMAT = 0xf"));
}

static void test_a_pixel_names_the_draws_that_touched_it(void **state)
{
    struct rig *r = *state;
    const char *text = say(r, "pixel 100,100");
    const char *draw = strstr(text, "draw 38 (packet 1230)");
    assert_non_null(draw);
    assert_non_null(strstr(draw, "depth ffffff00 -> "));
    assert_null(strstr(text, "draw 42")); // the lower tile's
    text = say(r, "pixel 100,190");
    assert_non_null(strstr(text, "draw 42"));
    assert_null(strstr(text, "draw 38"));
    assert_non_null(strstr(say(r, "pixel 5000,5000"), "nothing touched it"));
}

static void test_memory_and_frame_become_pictures(void **state)
{
    char line[64], path[] = "/tmp/yamato-debug-XXXXXX";
    struct picture pic;
    struct err err = {0};
    close(mkstemp(path));
    say(*state, "goto draw 38");
    snprintf(line, sizeof line, "depth %s", path);
    assert_non_null(strstr(say(*state, line), "200x128"));
    assert_int_equal(picture_load_png(&pic, path, &err), 0);
    const uint8_t *row = pic.rgba + 4 * 64 * pic.width;
    assert_true(row[0] < row[4 * 100] && row[4 * 100] < row[4 * 199]); // farther to the right
    picture_fini(&pic);
    snprintf(line, sizeof line, "html %s", path);
    say(*state, line);
    FILE *f = fopen(path, "r");
    char *page = calloc(1, 1 << 22);
    assert_true(fread(page, 1, (1 << 22) - 1, f) > 10000);
    fclose(f);
    assert_non_null(strstr(page, "data:image/png;base64,iVBOR"));
    assert_non_null(strstr(page, "id=\"w44\""));
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "src=\"http"));
    free(page);
    unlink(path);
}

static void test_mistakes_are_refused(void **state)
{
    static const char *const lines[] = {"bogus", "goto draw 45", "goto draw -1", "goto", "pixel 1",
                                        "pixel 1,2,3", "packets 0", "shader", "next 0",
                                        "html /nonexistent/x.html"};
    struct rig *r = *state;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_non_null(strstr(say(r, lines[i]), "error: "));
        assert_int_equal(r->status, GPU_DEBUG_BAD);
    }
    say(r, "goto draw 0");
    assert_non_null(strstr(say(r, "state"), "error: nothing was drawn yet"));
    say(r, "  # a comment");
    assert_int_equal(r->status, GPU_DEBUG_OK);
    say(r, "quit");
    assert_int_equal(r->status, GPU_DEBUG_QUIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_index_counts_packets_and_work, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps_follow_packets_and_draws, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_draw_shows_state_programs_and_packets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_pixel_names_the_draws_that_touched_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_and_frame_become_pictures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mistakes_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
