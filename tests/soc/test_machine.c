// SPDX-License-Identifier: MIT
//
// Whole machines running a small bare-metal program: serial line, timer interrupts that wake the
// CPU, time that skips while it sleeps, limits and stop conditions, reset, snapshots, and two runs
// that are the same run.
#include "tests/soc/bench.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "soc/machine.h"
#include "soc/serial.h"

// Says "hello ", then a dot each 100 ms slept through with WFI and a timer interrupt, three times;
// then echoes what is typed, until 'x' (watchdog reset) or 's' (sleeps with the timer off).
static const uint32_t program[] = {
    0xe30c4000, 0xe34543fb, // movw r4, #0xc000; movt r4, #0x53fb: UART1
    0xe3a00001, 0xe5840080, // enable
    0xe3040027, 0xe5840084, // receiver and transmitter on
    0xe28f50dc,             // adr r5, text
    0xe4d50001, 0xe3500000, 0x0a000001, 0xe5840040, 0xeafffffa, // print
    0xe30c6000, 0xe3406fff,                                     // r6: TZIC
    0xe3a00001, 0xe5860014, 0xe3e00000, 0xe5860080, 0xe5860084, 0xe3a0001f,
    0xe586000c, 0xe3a00080, 0xe5860104, 0xe3000001, 0xe3480001, 0xe5860000, // line 39 on
    0xe3007000, 0xe34573fa, 0xe3000301, 0xe5870000, // GPT: 32 kHz, free running
    0xe3a08003, 0xe3009ccd,                         // three times, 3277 ticks
    0xe5879010, 0xe3a00001, 0xe587000c, 0xe320f003, // compare, interrupt on, WFI
    0xe3a00001, 0xe5870008, 0xe3a0002e, 0xe5840040, // acknowledge, '.'
    0xe3000ccd, 0xe0899000, 0xe2588001, 0x1afffff3, // next
    0xe5940000, 0xe3100902, 0x0a000005, 0xe20000ff, // character?
    0xe3500078, 0x0a000003, 0xe3500073, 0x0a000006, 0xe5840040, 0xeafffff5, // 'x', 's', echo
    0xe3081000, 0xe34513f9, 0xe3a00024, 0xe1c100b0, 0xeafffffe,             // watchdog reset
    0xe3a00000, 0xe5870000, 0xe320f003, 0xeafffffd,                         // timer off, sleep
    0x6c6c6568, 0x0000206f,
};

static char kernel[] = "/tmp/yamato-machine-XXXXXX";

static int write_kernel(void **state)
{
    int fd = mkstemp(kernel);
    (void)state;
    assert_int_equal(write(fd, program, sizeof program), sizeof program);
    close(fd);
    return 0;
}

static int remove_kernel(void **state)
{
    (void)state;
    unlink(kernel);
    return 0;
}

static struct machine *make(bool no_reboot)
{
    struct machine_config cfg = {.board = "imx53-qsb",
                                 .ram_bytes = 64 << 20,
                                 .kernel = kernel,
                                 .serials = {"mem"},
                                 .no_reboot = no_reboot};
    struct err err = {0};
    struct machine *m = machine_create(&cfg, &err);
    if (!m) {
        fail_msg("%s", err.msg);
    }
    return m;
}

static const char *said(struct machine *m)
{
    return serial_text(machine_serial(m, 0), NULL);
}

static enum machine_exit run_until(struct machine *m, const char *text)
{
    struct machine_limits l = {.guest_ns = machine_now(m) + 2000000000u, .stop_text = text};
    return machine_run(m, &l, NULL);
}

static void test_timer_wakes_the_guest_and_time_skips(void **state)
{
    struct machine *m = make(true);
    struct machine_stats s;
    (void)state;
    assert_int_equal(run_until(m, "..."), MACHINE_EXIT_MATCH);
    assert_string_equal(said(m), "hello ...");
    machine_stats(m, &s);
    assert_in_range(s.guest_ns, 299900000, 300200000);
    assert_true(s.skipped_ns > 299000000);
    assert_true(s.insns < 1000);
    machine_destroy(m);
}

static void test_guest_limit_is_exact(void **state)
{
    struct machine *m = make(true);
    struct machine_limits l = {.guest_ns = 150000000};
    (void)state;
    assert_int_equal(machine_run(m, &l, NULL), MACHINE_EXIT_GUEST_LIMIT);
    assert_int_equal(machine_now(m), 150000000);
    assert_string_equal(said(m), "hello .");
    assert_int_equal(run_until(m, "..."), MACHINE_EXIT_MATCH); // and goes on from there
    machine_destroy(m);
}

static void test_echo_and_regular_expression(void **state)
{
    struct machine *m = make(true);
    struct machine_limits l = {.guest_ns = 2000000000, .stop_regex = "\\.+[a-c]+Z$"};
    struct err err = {0};
    (void)state;
    assert_int_equal(serial_script_add(machine_serial(m, 0), "...", "abcZ", NULL), 0);
    assert_int_equal(machine_run(m, &l, NULL), MACHINE_EXIT_MATCH);
    assert_string_equal(said(m), "hello ...abcZ");
    l.stop_regex = "(";
    assert_int_equal(machine_run(m, &l, &err), MACHINE_EXIT_ERROR);
    assert_non_null(strstr(err.msg, "not a regular expression"));
    machine_destroy(m);
}

static void test_sleeping_for_ever_is_noticed(void **state)
{
    struct machine *m = make(true);
    (void)state;
    serial_script_add(machine_serial(m, 0), "...", "s", NULL);
    assert_int_equal(machine_run(m, NULL, NULL), MACHINE_EXIT_ASLEEP);
    machine_destroy(m);
}

static void test_reset_ends_or_starts_again(void **state)
{
    struct machine *m = make(true);
    (void)state;
    serial_script_add(machine_serial(m, 0), "...", "x", NULL);
    assert_int_equal(run_until(m, NULL), MACHINE_EXIT_RESET);
    machine_destroy(m);
    m = make(false);
    serial_script_add(machine_serial(m, 0), "...", "x", NULL);
    assert_int_equal(run_until(m, "...hello ..."), MACHINE_EXIT_MATCH);
    machine_destroy(m);
}

static void test_markers_take_the_time(void **state)
{
    struct machine *m = make(true);
    const struct machine_marker *k;
    unsigned n;
    (void)state;
    assert_int_equal(machine_mark(m, "hello"), 0);
    assert_int_equal(machine_mark(m, ".."), 0);
    assert_int_equal(machine_mark(m, "never"), 0);
    run_until(m, "...");
    k = machine_markers(m, &n);
    assert_int_equal(n, 3);
    assert_true(k[0].seen && k[1].seen && !k[2].seen);
    assert_true(k[0].guest_ns < 1000000);
    assert_in_range(k[1].guest_ns, 199900000, 200200000);
    machine_destroy(m);
}

static void test_two_runs_are_one_run(void **state)
{
    uint64_t hash[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct machine *m = make(true);
        serial_script_add(machine_serial(m, 0), "..", "ab", NULL);
        run_until(m, "...ab");
        hash[i] = machine_hash(m);
        machine_destroy(m);
    }
    assert_int_equal(hash[0], hash[1]);
}

// Saves at many places; each restored machine ends as the first one.
static void test_snapshots_continue_the_same_run(void **state)
{
    char path[] = "/tmp/yamato-snap-XXXXXX";
    struct machine *m = make(true);
    struct machine_limits end = {.guest_ns = 400000000};
    uint64_t want, saved_at;
    int fd = mkstemp(path);
    struct err err = {0};
    (void)state;
    close(fd);
    machine_run(m, &end, NULL);
    want = machine_hash(m);
    machine_destroy(m);
    for (unsigned i = 1; i <= 12; i++) {
        struct machine_limits part = {.guest_ns = i * 31000000ull};
        m = make(true);
        machine_run(m, &part, NULL);
        saved_at = machine_now(m);
        if (machine_save(m, path, &err)) {
            fail_msg("%s", err.msg);
        }
        machine_destroy(m);
        m = make(true);
        if (machine_restore(m, path, &err)) {
            fail_msg("%s", err.msg);
        }
        assert_int_equal(machine_now(m), saved_at);
        machine_run(m, &end, NULL);
        assert_int_equal(machine_hash(m), want);
        machine_destroy(m);
    }
    unlink(path);
}

static void test_damaged_snapshots_are_refused(void **state)
{
    char path[] = "/tmp/yamato-snap-XXXXXX";
    struct machine *m = make(true);
    struct err err = {0};
    int fd = mkstemp(path);
    off_t size;
    (void)state;
    run_until(m, "hello");
    assert_int_equal(machine_save(m, path, NULL), 0);
    close(fd);
    fd = open(path, O_RDWR);
    size = lseek(fd, 0, SEEK_END);
    assert_int_equal(ftruncate(fd, size / 2), 0);
    assert_int_not_equal(machine_restore(m, path, &err), 0);
    assert_true(err.msg[0]);
    close(fd);
    unlink(path);
    machine_destroy(m);
}

static void test_wrong_configurations_are_named(void **state)
{
    static const struct {
        struct machine_config cfg;
        const char *why;
    } rows[] = {
        {{.board = "toaster"}, "unknown board 'toaster'; there are: imx53-qsb"},
        {{.board = "imx53-qsb"}, "nothing to start"},
        {{.board = "imx53-qsb", .kernel = "/none"}, "/none: No such file"},
        {{.board = "imx53-qsb", .kernel = kernel, .serials = {"modem"}}, "unknown backend 'modem'"},
        {{.board = "imx53-qsb", .kernel = kernel, .nets = {"tap"}}, "unknown backend 'tap'"},
        {{.board = "imx53-qsb", .kernel = kernel, .disks = {"/none"}}, "/none: No such file"},
        {{.board = "imx53-qsb", .kernel = kernel, .ram_bytes = 8ull << 30}, "MiB of memory"},
        {{.board = "imx53-qsb", .kernel = kernel, .cpu = "z80"}, "z80"},
        {{.board = "imx53-qsb", .kernel = kernel, .gdb = "here"}, "'here' is not tcp:"},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        struct machine *m = machine_create(&rows[i].cfg, &err);
        assert_null(m);
        if (!strstr(err.msg, rows[i].why)) {
            fail_msg("'%s' does not say '%s'", err.msg, rows[i].why);
        }
    }
}

static void monitor_says(struct machine *m, const char *line, const char *what)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    machine_monitor(m, line, f);
    fclose(f);
    if (!strstr(text, what)) {
        fail_msg("'%s' answers '%s' without '%s'", line, text, what);
    }
    free(text);
}

static void test_monitor_answers(void **state)
{
    struct machine *m = make(true);
    (void)state;
    run_until(m, "hello ");
    monitor_says(m, "info registers", "r4  53fbc000");
    monitor_says(m, "info devices", "0x53fbc000 uart1");
    monitor_says(m, "info device uart1", "UTXD");
    monitor_says(m, "info device nobody", "no device 'nobody'");
    monitor_says(m, "info irq", "uart1.irq");
    monitor_says(m, "info unclaimed", "every access was claimed");
    monitor_says(m, "info stats", "instructions");
    monitor_says(m, "xp 0x71000000 2", "71000000: e30c4000 e34543fb");
    monitor_says(m, "x 0x71000000 1", "e30c4000");
    monitor_says(m, "list 0x71000000 2", "movw");
    monitor_says(m, "screendump /tmp/x.png", "dark");
    monitor_says(m, "nonsense", "unknown command 'nonsense'");
    monitor_says(m, "help", "info unclaimed");
    machine_destroy(m);
}

static void say(int fd, const char *text)
{
    uint8_t sum = 0;
    char packet[64];
    for (const char *p = text; *p; p++) {
        sum = (uint8_t)(sum + *p);
    }
    snprintf(packet, sizeof packet, "$%s#%02x", text, sum);
    assert_int_equal(write(fd, packet, strlen(packet)), strlen(packet));
}

// GDB connects to a paused machine, looks, sets a breakpoint and lets it run into it.
static void test_gdb_stops_at_a_breakpoint(void **state)
{
    char path[] = "/tmp/yamato-gdb-XXXXXX", spec[64], got[4096] = "";
    struct machine_config cfg = {.board = "imx53-qsb",
                                 .ram_bytes = 64 << 20,
                                 .kernel = kernel,
                                 .serials = {"mem"},
                                 .gdb = spec,
                                 .paused = true};
    struct machine_limits l = {.host_ns = 300000000u};
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct machine *m;
    int fd = mkstemp(path);
    (void)state;
    close(fd);
    snprintf(spec, sizeof spec, "unix:%s", path);
    m = machine_create(&cfg, NULL);
    assert_non_null(m);
    strcpy(a.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    say(fd, "QStartNoAckMode");
    say(fd, "p f");           // wrong packets do no harm
    say(fd, "Z0,71000030,4"); // after the greeting
    say(fd, "c");
    assert_int_equal(machine_run(m, &l, NULL), MACHINE_EXIT_HOST_LIMIT);
    assert_string_equal(said(m), "hello ");
    assert_int_equal(cpu_get(machine_cpu(m), CPU_PC), 0x71000030);
    assert_true(recv(fd, got, sizeof got - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(got, "OK"));
    assert_non_null(strstr(got, "T05"));
    close(fd); // the debugger goes away: the machine runs on
    assert_int_equal(run_until(m, "..."), MACHINE_EXIT_MATCH);
    machine_destroy(m);
    assert_int_not_equal(access(path, F_OK), 0);
}

// A guest that jumps to nowhere aborts for ever, inside its limit.
static void test_guest_that_jumps_to_nowhere(void **state)
{
    struct machine *m = make(true);
    struct machine_limits l = {.guest_ns = 10000000, .host_ns = 5000000000u};
    (void)state;
    cpu_set(machine_cpu(m), CPU_PC, 0x60000000);
    assert_int_equal(machine_run(m, &l, NULL), MACHINE_EXIT_GUEST_LIMIT);
    assert_true(bus_unclaimed_count(soc_bus(machine_soc(m))) > 0);
    machine_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_wakes_the_guest_and_time_skips),
        cmocka_unit_test(test_guest_limit_is_exact),
        cmocka_unit_test(test_echo_and_regular_expression),
        cmocka_unit_test(test_sleeping_for_ever_is_noticed),
        cmocka_unit_test(test_reset_ends_or_starts_again),
        cmocka_unit_test(test_markers_take_the_time),
        cmocka_unit_test(test_two_runs_are_one_run),
        cmocka_unit_test(test_snapshots_continue_the_same_run),
        cmocka_unit_test(test_damaged_snapshots_are_refused),
        cmocka_unit_test(test_wrong_configurations_are_named),
        cmocka_unit_test(test_monitor_answers),
        cmocka_unit_test(test_gdb_stops_at_a_breakpoint),
        cmocka_unit_test(test_guest_that_jumps_to_nowhere),
    };
    return cmocka_run_group_tests_name("machines", tests, write_kernel, remove_kernel);
}
