// SPDX-License-Identifier: MIT
//
// The bare-metal ELF images on the emulated i.MX53 board: each must say ok on the serial line,
// switch the board off, and leave the reference picture on the panel, on the software and on the GL
// backend. Argument: the folder with the images; panel pictures are left in the second.
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
#include "base/png.h"
#include "mdev/vgpu.h"
#include "soc/machine.h"
#include "soc/serial.h"
#include "tests/guest-drivers/reference.h"

IGNORE_LEAKS_OF_THE_GL_DRIVER

// BM_DEMO_LIST comes from the build: X(clear) X(triangle) ...
static const char *const names_of_demos[] = {
#define X(name) #name,
    BM_DEMO_LIST
#undef X
};

#define SECOND 1000000000ull

static const char *elf_dir = ".", *out_dir = ".";

struct test_case {
    const char *name, *backend;
};

struct vm {
    struct mdev *mdev;
    struct machine *machine;
};

// False: the host lacks the backend.
static bool start(struct vm *vm, const char *name, const char *backend, bool synchronous)
{
    struct mdev_config mc = {.backend = backend, .synchronous = synchronous};
    struct machine_config cfg = {
        .board = "imx53-qsb", .gpu_type = "yamato-a200", .no_reboot = true};
    char elf[4096];
    struct err err = {0};

    snprintf(elf, sizeof elf, "%s/%s.elf", elf_dir, name);
    vm->mdev = mdev_create(&mc, &err);
    if (!vm->mdev) {
        printf("%s: %s\n", backend, err.msg);
        return false;
    }
    cfg.kernel = elf;
    cfg.mdev = vm->mdev;
    cfg.serials[0] = "mem";
    vm->machine = machine_create(&cfg, &err);
    if (!vm->machine) {
        fail_msg("%s", err.msg);
    }
    return true;
}

static void stop(struct vm *vm)
{
    machine_destroy(vm->machine);
    mdev_destroy(vm->mdev);
}

// Runs to the end. Returns what the guest printed (borrowed).
static const char *run(struct vm *vm)
{
    const struct machine_limits limits = {.guest_ns = 30 * SECOND, .host_ns = 60 * SECOND};
    struct err err = {0};
    enum machine_exit why = machine_run(vm->machine, &limits, &err);
    const char *text = serial_text(machine_serial(vm->machine, 0), NULL);
    if (why != MACHINE_EXIT_POWER_OFF) {
        printf("%s\n", text);
        machine_report(vm->machine, stdout);
        fail_msg("the run ended with: %s", machine_exit_text(why));
    }
    return text;
}

// Pictures smaller than the panel are shown in its middle.
static void cut_middle(struct picture *panel, const char *name)
{
    struct picture ref, cut;
    assert_true(reference_draw(name, &ref));
    assert_true(panel->width >= ref.width && panel->height >= ref.height);
    assert_int_equal(picture_init(&cut, ref.width, ref.height, NULL), 0);
    size_t x = (panel->width - ref.width) / 2, y = (panel->height - ref.height) / 2;
    for (size_t row = 0; row < ref.height; row++) {
        memcpy(cut.rgba + row * ref.width * 4, panel->rgba + ((y + row) * panel->width + x) * 4,
               (size_t)ref.width * 4);
    }
    picture_fini(&ref);
    picture_fini(panel);
    *panel = cut;
}

static void test_demo(void **state)
{
    const struct test_case *c = *state;
    char line[128], path[4096];
    struct picture panel = {0};
    struct err err = {0};
    struct vm vm = {0};
    const char *text;

    if (!start(&vm, c->name, c->backend, false)) {
        if (!strcmp(c->backend, "gl") && !getenv("CI")) {
            printf("SKIP %s on gl\n", c->name);
            return;
        }
        fail_msg("no %s backend", c->backend);
    }
    text = run(&vm);
    printf("%s", text);
    snprintf(line, sizeof line, "YAMATO-BM: %s ok crc=", c->name);
    assert_non_null(strstr(text, line));
    assert_null(strstr(text, "FAIL"));
    if (machine_screenshot(vm.machine, 0, &panel, &err)) {
        fail_msg("%s", err.msg);
    }
    snprintf(path, sizeof path, "%s/%s.%s.panel.png", out_dir, c->name, c->backend);
    picture_save_png(&panel, path, NULL);
    cut_middle(&panel, c->name);
    assert_true(reference_matches(c->name, &panel));
    picture_fini(&panel);
    stop(&vm);
}

static void test_exception_is_reported_and_stops_the_board(void **state)
{
    struct vm vm = {0};
    const char *text;
    (void)state;
    assert_true(start(&vm, "trap", "null", true));
    text = run(&vm);
    assert_non_null(strstr(text, "EXCEPTION: data abort at 7"));
    assert_non_null(strstr(text, "DFAR=fffe0000"));
    assert_non_null(strstr(text, "YAMATO-BM: exception FAIL"));
    assert_null(strstr(text, "trap ok"));
    stop(&vm);
}

static uint64_t hash_of_a_run(void)
{
    struct vm vm = {0};
    uint64_t hash;
    assert_true(start(&vm, "triangle", "soft", true));
    run(&vm);
    hash = machine_hash(vm.machine);
    stop(&vm);
    return hash;
}

static void test_same_image_gives_the_same_run_twice(void **state)
{
    (void)state;
    assert_true(hash_of_a_run() == hash_of_a_run());
}

int main(int argc, char **argv)
{
    static const char *const backends[] = {"soft", "gl"};
    static struct test_case cases[ARRAY_LEN(names_of_demos) * ARRAY_LEN(backends)];
    static char names[ARRAY_LEN(cases)][64];
    struct CMUnitTest tests[ARRAY_LEN(cases) + 2];
    size_t n = 0;

    elf_dir = argc > 1 ? argv[1] : elf_dir;
    out_dir = argc > 2 ? argv[2] : out_dir;
    for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
        for (size_t d = 0; d < ARRAY_LEN(names_of_demos); d++, n++) {
            cases[n] = (struct test_case){names_of_demos[d], backends[b]};
            snprintf(names[n], sizeof names[n], "test_%s_on_%s_board", cases[n].name,
                     cases[n].backend);
            tests[n] = (struct CMUnitTest){
                .name = names[n], .test_func = test_demo, .initial_state = &cases[n]};
        }
    }
    tests[n++] =
        (struct CMUnitTest)cmocka_unit_test(test_exception_is_reported_and_stops_the_board);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_same_image_gives_the_same_run_twice);
    return _cmocka_run_group_tests("board", tests, n, NULL, NULL);
}
