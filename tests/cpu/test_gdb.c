// SPDX-License-Identifier: MIT
//
// The GDB stub with a scripted debugger at the other end of a socket pair and a real CPU behind it:
// registers, memory, breakpoints, watchpoints, steps, interrupts, the target description, and a great
// deal of nonsense.
#include "tests/cpu/rig.h"

#include <sys/socket.h>

#include "cpu/gdb.h"

enum { CODE = 0x8000, DATA = 0x20000 };

struct session {
    struct rig rig;
    struct gdb_monitor monitor;
    struct gdb *gdb;
    int fd;
    char last_command[64];
    char reply[0x9000];
};

static bool monitor_command(struct gdb_monitor *m, const char *text, char *out, size_t n)
{
    struct session *s = container_of(m, struct session, monitor);
    snprintf(s->last_command, sizeof s->last_command, "%s", text);
    if (strcmp(text, "info") == 0) {
        snprintf(out, n, "one CPU\n");
        return true;
    }
    return strcmp(text, "quiet") == 0;
}

// A loop at CODE: r0 counts, [r1] gets it, [r2] is read.
static void session_open(struct session *s)
{
    int fds[2];
    memset(s, 0, sizeof *s);
    rig_init(&s->rig, "cortex-a8");
    rig_fp_on(&s->rig);
    rig_code(&s->rig, CODE, 0xe2800001, 0xe5810000, 0xe5923000, 0xeafffffb);
    cpu_set(s->rig.cpu, CPU_CPSR, 0x1df);
    cpu_set(s->rig.cpu, CPU_PC, CODE);
    cpu_set(s->rig.cpu, CPU_R1, DATA);
    cpu_set(s->rig.cpu, CPU_R2, DATA + 16);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    s->fd = fds[0];
    s->monitor.command = monitor_command;
    struct gdb_config cfg = {.listen_fd = -1, .connected_fd = fds[1], .cpus = &s->rig.cpu,
                             .cpu_count = 1, .vfp = true, .d32 = true, .neon = true,
                             .monitor = &s->monitor};
    struct err err = {0};
    s->gdb = gdb_create(&cfg, &err);
    assert_non_null(s->gdb);
}

static void session_close(struct session *s)
{
    close(s->fd);
    gdb_destroy(s->gdb);
    rig_fini(&s->rig);
}

// The machine's loop for a while; the last action.
static enum gdb_action machine(struct session *s, unsigned rounds)
{
    enum gdb_action action = GDB_HALT;
    while (rounds--) {
        action = gdb_poll(s->gdb, 0);
        if (action == GDB_RUN) {
            enum cpu_stop why = cpu_run(s->rig.cpu, 50);
            if (why == CPU_STOP_BREAKPOINT || why == CPU_STOP_WATCHPOINT) {
                gdb_report(s->gdb, 0, why);
            }
        } else if (action == GDB_STEP) {
            gdb_report(s->gdb, gdb_step_cpu(s->gdb), cpu_run(s->rig.cpu, 1));
        } else if (action == GDB_KILL) {
            break;
        }
    }
    return action;
}

static void send_raw(struct session *s, const void *bytes, size_t n)
{
    assert_int_equal(send(s->fd, bytes, n, MSG_NOSIGNAL), n);
}

static void send_packet(struct session *s, const char *payload, size_t n)
{
    uint8_t sum = 0;
    char tail[4];
    for (size_t k = 0; k < n; k++) {
        sum = (uint8_t)(sum + (uint8_t)payload[k]);
    }
    snprintf(tail, sizeof tail, "#%02x", sum);
    send_raw(s, "$", 1);
    send_raw(s, payload, n);
    send_raw(s, tail, 3);
}

// What the stub has sent, without its acknowledgements: the payload of the last packet.
static const char *receive(struct session *s)
{
    static char raw[0x20000];
    ssize_t n = recv(s->fd, raw, sizeof raw - 1, MSG_DONTWAIT);
    s->reply[0] = 0;
    if (n <= 0) {
        return s->reply;
    }
    raw[n] = 0;
    char *start = NULL;
    for (char *p = raw; p < raw + n; p++) {
        start = *p == '$' ? p : start;
    }
    if (!start) {
        assert_true((size_t)n < sizeof s->reply);
        memcpy(s->reply, raw, (size_t)n + 1);
        return s->reply;
    }
    char *end = memchr(start, '#', (size_t)(raw + n - start));
    assert_non_null(end);
    uint8_t sum = 0;
    for (char *p = start + 1; p < end; p++) {
        sum = (uint8_t)(sum + (uint8_t)*p);
    }
    assert_int_equal(sum, strtoul((char[]){end[1], end[2], 0}, NULL, 16));
    size_t len = (size_t)(end - start - 1);
    assert_true(len < sizeof s->reply);
    memcpy(s->reply, start + 1, len);
    s->reply[len] = 0;
    send_raw(s, "+", 1);
    return s->reply;
}

static const char *ask(struct session *s, const char *payload)
{
    send_packet(s, payload, strlen(payload));
    machine(s, 1);
    return receive(s);
}

static void a_debugger_finds_the_target_stopped(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    assert_int_equal(machine(&s, 1), GDB_HALT);
    assert_true(strstr(ask(&s, "qSupported:swbreak+;hwbreak+"), "qXfer:features:read+") != NULL);
    assert_string_equal(ask(&s, "?"), "T05thread:1;");
    assert_string_equal(ask(&s, "qC"), "QC1");
    assert_string_equal(ask(&s, "qfThreadInfo"), "m1");
    assert_string_equal(ask(&s, "qsThreadInfo"), "l");
    assert_string_equal(ask(&s, "qThreadExtraInfo,1"), "63707530"); // cpu0
    assert_string_equal(ask(&s, "Hg0"), "OK");
    assert_string_equal(ask(&s, "Hc-1"), "OK");
    assert_string_equal(ask(&s, "Hg5"), "E01");
    assert_string_equal(ask(&s, "T1"), "OK");
    assert_string_equal(ask(&s, "T2"), "E01");
    assert_string_equal(ask(&s, "qAttached"), "1");
    assert_string_equal(ask(&s, "qUnheardOf"), "");
    assert_string_equal(ask(&s, "vMustReplyEmpty"), "");
    assert_string_equal(ask(&s, "vCont?"), "vCont;c;C;s;S");
    session_close(&s);
}

static void registers_travel_both_ways(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    cpu_set(s.rig.cpu, CPU_R5, 0x11223344);
    cpu_set_d(s.rig.cpu, 3, 0x8877665544332211ull);
    assert_string_equal(ask(&s, "p5"), "44332211");
    assert_string_equal(ask(&s, "pf"), "00800000");
    assert_string_equal(ask(&s, "p1d"), "1122334455667788"); // d3 is number 29
    assert_string_equal(ask(&s, "P6=78563412"), "OK");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R6), 0x12345678);
    assert_string_equal(ask(&s, "P39=0807060504030201"), "OK"); // d31
    assert_true(cpu_get_d(s.rig.cpu, 31) == 0x0102030405060708ull);
    assert_string_equal(ask(&s, "P3a=00000003"), "OK"); // fpscr
    assert_int_equal(cpu_get(s.rig.cpu, CPU_FPSCR), 0x03000000);
    assert_string_equal(ask(&s, "p10"), "E01"); // the old FPA numbers
    assert_string_equal(ask(&s, "P5=1234"), "E01");
    assert_string_equal(ask(&s, "p"), "E01");
    assert_string_equal(ask(&s, "P3c=000102030405060708090a0b0c0d0e0f"), "OK"); // q1 is d2 and d3
    assert_true(cpu_get_d(s.rig.cpu, 2) == 0x0706050403020100ull);
    assert_string_equal(ask(&s, "p1d"), "08090a0b0c0d0e0f");
    assert_string_equal(ask(&s, "p4b"), "E01"); // past q15
    // All of them: 16 + cpsr, 32 doubles, fpscr, 16 quads.
    char all[4 + 2 * (17 * 4 + 32 * 8 + 4 + 16 * 16)];
    const char *g = ask(&s, "g");
    assert_int_equal(strlen(g), 2 * (17 * 4 + 32 * 8 + 4 + 16 * 16));
    snprintf(all, sizeof all, "G%s", g);
    memcpy(all + 1, "efbeadde", 8); // r0
    assert_string_equal(ask(&s, all), "OK");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R0), 0xdeadbeef);
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R6), 0x12345678);
    assert_int_equal(cpu_get(s.rig.cpu, CPU_PC), CODE);
    assert_string_equal(ask(&s, "G00"), "E01");
    session_close(&s);
}

static void memory_is_read_and_written(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    put_le32(s.rig.ram + DATA, 0x04030201);
    assert_string_equal(ask(&s, "m20000,4"), "01020304");
    assert_string_equal(ask(&s, "M20002,2:aabb"), "OK");
    assert_int_equal(rig_r32(&s.rig, DATA), 0xbbaa0201);
    char binary[] = "X20000,4:\x01}\x03}\x5d\x7f"; // 01, '#' escaped, '}' escaped, 7f
    send_packet(&s, binary, sizeof binary - 1);
    machine(&s, 1);
    assert_string_equal(receive(&s), "OK");
    assert_int_equal(rig_r32(&s.rig, DATA) & 0xff, 1);
    assert_int_equal(s.rig.ram[DATA + 3], 0x7f);
    assert_string_equal(ask(&s, "X20000,0:"), "OK");
    assert_string_equal(ask(&s, "m90000000,4"), "E0e"); // no RAM there
    assert_string_equal(ask(&s, "M90000000,1:00"), "E0e");
    assert_string_equal(ask(&s, "mffffff,8"), "00"); // stops at the end of RAM
    assert_string_equal(ask(&s, "M20000,4:00"), "E01");
    assert_string_equal(ask(&s, "m20000"), "E01");
    assert_string_equal(ask(&s, "m,4"), "E01");
    assert_string_equal(ask(&s, "m1234567890,4"), "E01");
    assert_int_equal(strlen(ask(&s, "m0,ffffffff")), 0x4000); // as much as a packet holds
    session_close(&s);
}

// Code that the debugger changes is the code that runs.
static void written_code_is_executed(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    assert_string_equal(ask(&s, "c"), "+"); // no answer before it stops
    machine(&s, 3);
    send_raw(&s, "\3", 1);
    machine(&s, 1);
    assert_string_equal(receive(&s), "T02thread:1;");
    cpu_set(s.rig.cpu, CPU_PC, CODE);
    assert_string_equal(ask(&s, "M8000,4:0500a0e3"), "OK"); // mov r0, #5
    ask(&s, "s");
    machine(&s, 2);
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R0), 5);
    session_close(&s);
}

static void breakpoints_stop_before_the_instruction(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    ask(&s, "qSupported:swbreak+");
    assert_string_equal(ask(&s, "Z0,8004,4"), "OK");
    assert_string_equal(ask(&s, "Z0,8004,4"), "OK"); // twice is once
    ask(&s, "c");
    machine(&s, 3);
    assert_string_equal(receive(&s), "T05swbreak:;thread:1;");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_PC), CODE + 4);
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R0), 1);
    ask(&s, "vCont;c:1"); // from the breakpoint itself: once round
    machine(&s, 5);
    assert_string_equal(receive(&s), "T05swbreak:;thread:1;");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_R0), 2);
    ask(&s, "s");
    machine(&s, 2);
    assert_string_equal(receive(&s), "T05thread:1;");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_PC), CODE + 8);
    assert_string_equal(ask(&s, "z0,8004,4"), "OK");
    assert_string_equal(ask(&s, "z0,8004,4"), "E02"); // no such breakpoint
    assert_string_equal(ask(&s, "Z1,800c,4"), "OK");
    ask(&s, "c8000"); // from another address
    machine(&s, 3);
    assert_string_equal(receive(&s), "T05swbreak:;thread:1;");
    assert_int_equal(cpu_get(s.rig.cpu, CPU_PC), CODE + 12);
    assert_string_equal(ask(&s, "Z9,0,4"), "");
    assert_string_equal(ask(&s, "Z0,x,4"), "E01");
    session_close(&s);
}

static void watchpoints_name_the_address(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    assert_string_equal(ask(&s, "Z2,20000,4"), "OK");
    ask(&s, "c");
    machine(&s, 3);
    assert_string_equal(receive(&s), "T05watch:20000;thread:1;");
    assert_int_equal(rig_r32(&s.rig, DATA), 1);
    assert_string_equal(ask(&s, "z2,20000,4"), "OK");
    assert_string_equal(ask(&s, "Z3,20010,4"), "OK");
    ask(&s, "c");
    machine(&s, 3);
    assert_string_equal(receive(&s), "T05rwatch:20010;thread:1;");
    assert_string_equal(ask(&s, "z3,20010,4"), "OK");
    assert_string_equal(ask(&s, "Z4,20012,1"), "OK"); // inside the word
    ask(&s, "c");
    machine(&s, 3);
    assert_string_equal(receive(&s), "T05awatch:20012;thread:1;");
    assert_string_equal(ask(&s, "Z2,fffffffe,10"), "E16"); // wraps
    assert_string_equal(ask(&s, "Z2,0,0"), "E16");
    session_close(&s);
}

static void a_debugger_that_leaves_takes_its_breakpoints_along(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    assert_string_equal(ask(&s, "Z0,8004,4"), "OK");
    assert_string_equal(ask(&s, "Z2,20000,4"), "OK");
    assert_string_equal(ask(&s, "D"), "OK");
    uint64_t before = cpu_insns(s.rig.cpu);
    assert_int_equal(machine(&s, 4), GDB_RUN);
    assert_int_equal(cpu_insns(s.rig.cpu) - before, 200);
    close(s.fd);
    assert_int_equal(machine(&s, 2), GDB_RUN);
    assert_false(gdb_connected(s.gdb));
    session_close(&s);
    session_open(&s);
    assert_string_equal(ask(&s, "Z0,8004,4"), "OK");
    close(s.fd); // without a word
    assert_int_equal(machine(&s, 4), GDB_RUN);
    gdb_destroy(s.gdb);
    rig_fini(&s.rig);
}

static void kill_reaches_the_machine(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    send_packet(&s, "k", 1);
    assert_int_equal(machine(&s, 1), GDB_KILL);
    session_close(&s);
}

static void the_description_comes_in_pieces(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    char xml[8192] = "";
    size_t at = 0;
    for (unsigned k = 0; k < 1000; k++) {
        char query[64];
        snprintf(query, sizeof query, "qXfer:features:read:target.xml:%zx,40", at);
        const char *r = ask(&s, query);
        assert_true(*r == 'm' || *r == 'l');
        snprintf(xml + at, sizeof xml - at, "%s", r + 1);
        at += strlen(r + 1);
        if (*r == 'l') {
            break;
        }
    }
    assert_non_null(strstr(xml, "org.gnu.gdb.arm.core"));
    assert_non_null(strstr(xml, "<reg name=\"cpsr\" bitsize=\"32\" regnum=\"25\"/>"));
    assert_non_null(strstr(xml, "<reg name=\"d31\""));
    assert_non_null(strstr(xml, "<reg name=\"q15\""));
    assert_non_null(strstr(xml, "</target>"));
    assert_string_equal(ask(&s, "qXfer:features:read:target.xml:ffff,40"), "E01");
    assert_string_equal(ask(&s, "qXfer:features:read:other.xml:0,40"), "E00");
    session_close(&s);
}

static void monitor_commands_reach_the_machine(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    assert_string_equal(ask(&s, "qRcmd,696e666f"), "6f6e65204350550a"); // info
    assert_string_equal(s.last_command, "info");
    assert_string_equal(ask(&s, "qRcmd,7175696574"), "OK"); // quiet
    assert_true(strlen(ask(&s, "qRcmd,78")) > 0);           // unknown: says so
    assert_string_equal(ask(&s, "qRcmd,6"), "E01");
    session_close(&s);
}

static void bad_frames_are_refused_and_repeated(void **state)
{
    (void)state;
    struct session s;
    session_open(&s);
    send_raw(&s, "$g#00", 5); // wrong checksum
    machine(&s, 1);
    assert_string_equal(receive(&s), "-");
    send_raw(&s, "$g#zz", 5);
    machine(&s, 1);
    assert_string_equal(receive(&s), "-");
    assert_string_equal(ask(&s, "qC"), "QC1");
    send_raw(&s, "-", 1); // the debugger did not understand: again
    machine(&s, 1);
    assert_string_equal(receive(&s), "QC1");
    send_raw(&s, "$qq$qC#b4", 9); // cut short and begun again
    machine(&s, 1);
    assert_string_equal(receive(&s), "QC1");
    char longer[0x9000];
    memset(longer, 'm', sizeof longer);
    send_packet(&s, longer, sizeof longer);
    machine(&s, 4);
    assert_string_equal(receive(&s), "-");
    assert_string_equal(ask(&s, "QStartNoAckMode"), "OK");
    send_packet(&s, "qC", 2);
    machine(&s, 1);
    char raw[16];
    assert_int_equal(recv(s.fd, raw, sizeof raw, MSG_DONTWAIT), 7); // no '+' in front
    session_close(&s);
}

static uint64_t rng_next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s * 0x9e3779b97f4a7c15ull >> 16;
}

// Whatever arrives, the stub answers or ignores it, and afterwards still works.
static void nonsense_does_no_harm(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789abcdef,;:=+-#$}*gGpPmMXcsCSvZzHTqQDk?\3\200Cont;";
    static const char *const stems[] = {"m", "M", "X", "Z0,", "z2,", "vCont;", "qXfer:features:read:",
                                        "qRcmd,", "P", "G", "H", "qThreadExtraInfo,", "c", "S05;", "p"};
    uint64_t seed = 12345;
    for (unsigned round = 0; round < 40; round++) {
        struct session s;
        session_open(&s);
        for (unsigned k = 0; k < 150; k++) {
            char text[200];
            size_t n = 0;
            if (rng_next(&seed) & 1) {
                n = (size_t)snprintf(text, sizeof text, "%s", stems[rng_next(&seed) % ARRAY_LEN(stems)]);
            }
            size_t len = n + rng_next(&seed) % 40;
            while (n < len) {
                text[n++] = alphabet[rng_next(&seed) % (sizeof alphabet - 1)];
            }
            if (rng_next(&seed) & 3) {
                if (text[0] == 'k' || text[0] == 'v') {
                    text[0] = 'q';
                }
                send_packet(&s, text, n);
            } else {
                send_raw(&s, text, n);
            }
            machine(&s, 2);
            char sink[0x8000];
            while (recv(s.fd, sink, sizeof sink, MSG_DONTWAIT) > 0) {
            }
        }
        send_raw(&s, "\3#00", 4); // ends whatever frame was open
        machine(&s, 2);
        char sink[0x8000];
        while (recv(s.fd, sink, sizeof sink, MSG_DONTWAIT) > 0) {
        }
        send_packet(&s, "qC", 2);
        machine(&s, 2);
        assert_string_equal(receive(&s), s.reply);
        session_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_debugger_finds_the_target_stopped),
        cmocka_unit_test(registers_travel_both_ways),
        cmocka_unit_test(memory_is_read_and_written),
        cmocka_unit_test(written_code_is_executed),
        cmocka_unit_test(breakpoints_stop_before_the_instruction),
        cmocka_unit_test(watchpoints_name_the_address),
        cmocka_unit_test(a_debugger_that_leaves_takes_its_breakpoints_along),
        cmocka_unit_test(kill_reaches_the_machine),
        cmocka_unit_test(the_description_comes_in_pieces),
        cmocka_unit_test(monitor_commands_reach_the_machine),
        cmocka_unit_test(bad_frames_are_refused_and_repeated),
        cmocka_unit_test(nonsense_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
