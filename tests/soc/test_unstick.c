// SPDX-License-Identifier: MIT
//
// Three artificial devices that nobody described: a ready bit, a two-bit state and a magic value. A
// small guest waits for each; unstick must find what lets it go on, and the rules must carry a second
// boot through by themselves.
#include "tests/soc/bench.h"

#include <unistd.h>

#include "soc/machine.h"
#include "soc/serial.h"
#include "soc/unstick.h"

enum { READY = 0x28000000, STATE = 0x28000104, MAGIC = 0x28000208 };

// Says 'a' after bit 4 of READY, 'b' after bits 3:2 of STATE are 2 ('x' and stop when they are 3),
// 'c' and '!' after MAGIC reads 0xc0de1dea.
static const uint32_t guest[] = {
    0xe3a0030a, 0xe59f1070, 0xe5902000, 0xe3120010, 0x0afffffc, 0xe3a03061, 0xe5c13000, 0xe5902104,
    0xe202200c, 0xe352000c, 0x0a000010, 0xe3520008, 0x1afffff9, 0xe3a03062, 0xe5c13000, 0xe5904010,
    0xe5904014, 0xe5904018, 0xe59f5030, 0xe1d022b0, 0xe5902208, 0xe1520005, 0x1afffffb, 0xe3a03063,
    0xe5c13000, 0xe3a03021, 0xe5c13000, 0xeafffffe, 0xe3a03078, 0xe5c13000, 0xeafffffe, 0x50000020,
    0xc0de1dea};

static struct machine *boot(char *path)
{
    struct machine_config mc = {.board = "mini2440", .kernel = path, .ram_bytes = 4 << 20};
    struct err err = {0};
    struct machine *m;
    int fd;
    strcpy(path, "/tmp/yamato-test-XXXXXX");
    fd = mkstemp(path);
    assert_int_equal(write(fd, guest, sizeof guest), sizeof guest);
    close(fd);
    m = machine_create(&mc, &err);
    if (!m) {
        fail_msg("%s", err.msg);
    }
    return m;
}

static void test_a_spinning_guest_is_seen(void **state)
{
    char path[64];
    struct machine *m = boot(path);
    struct stuck_report r;
    (void)state;
    assert_true(stuck_look(m, 4000, &r));
    assert_int_equal(r.reads[0].pa, READY);
    assert_int_equal(r.reads[0].value, 0);
    assert_in_range(r.reads[0].pc, 0x30008008, 0x30008010);
    machine_destroy(m);
    unlink(path);
}

static void test_three_walls_are_passed_without_being_told(void **state)
{
    char path[64], snap[64] = "/tmp/yamato-snap-XXXXXX";
    struct machine *m = boot(path);
    struct quirks *q = quirks_create(m);
    struct unstick_config cfg = {.guest_ns = 2000000000u, .snapshot = snap, .stop_text = "!"};
    struct unstick_result r;
    struct err err = {0};
    char rule[3][160];
    size_t n;
    (void)state;
    close(mkstemp(snap));
    if (unstick(m, q, &cfg, &r, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_true(r.finished);
    assert_int_equal(r.count, 3);
    assert_int_equal(r.walls[0].rule.pa, READY);
    assert_int_equal(r.walls[0].rule.or, 0x10);
    assert_int_equal(r.walls[0].rule.and, ~0u);
    assert_int_equal(r.walls[1].rule.pa, STATE);
    assert_int_equal(r.walls[1].rule.or & 0xc, 0x8);
    assert_int_equal(r.walls[2].rule.pa, MAGIC);
    assert_int_equal(r.walls[2].rule.or, 0xc0de1dea);
    assert_null(strchr(serial_text(machine_serial(m, 0), &n), 'x'));
    for (unsigned i = 0; i < 3; i++) {
        quirks_print(&r.walls[i].rule, rule[i], sizeof rule[i]);
    }
    quirks_destroy(q);
    machine_destroy(m);
    unlink(path);
    unlink(snap);

    // the text of the rules is enough for the next boot
    m = boot(path);
    q = quirks_create(m);
    for (unsigned i = 0; i < 3; i++) {
        struct quirk k;
        assert_int_equal(quirks_parse(rule[i], &k), 1);
        quirks_set(q, &k);
    }
    assert_int_equal(machine_run(m, &(struct machine_limits){.guest_ns = 10000000, .stop_text = "!"}, &err),
                     MACHINE_EXIT_MATCH);
    assert_string_equal(serial_text(machine_serial(m, 0), &n), "abc!");
    quirks_destroy(q);
    machine_destroy(m);
    unlink(path);
}

static void test_rules_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"x", "0x10 or", "0x10 or=1 nor=2", "0x10 pc=1", "0x100000000 or=1"};
    struct quirk k;
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(quirks_parse(bad[i], &k), -22);
    }
    assert_int_equal(quirks_parse("# nothing", &k), 0);
    assert_int_equal(quirks_parse("0x48000000 and=0xff or=0x100 pc=0x10-0x20 after=3 # why", &k), 1);
    assert_int_equal(k.pc_last, 0x20);
    assert_int_equal(k.after, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_spinning_guest_is_seen),
        cmocka_unit_test(test_three_walls_are_passed_without_being_told),
        cmocka_unit_test(test_rules_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
