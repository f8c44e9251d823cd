// SPDX-License-Identifier: MIT
//
// The public header: budgets, breakpoints, watchpoints, inspection, saved state, determinism, two
// CPUs in one process.
#include "tests/cpu/rig.h"

#include <errno.h>

#include "base/log.h"
#include "base/snapshot.h"

enum { USR = 0x10, SVC = 0x13, SYS = 0x1f, CODE = 0x8000, NOP = 0xe1a00000, SELF = 0xeafffffe };

// A loop with loads, stores, flags, calls: r0 is a checksum that depends on everything before.
static void load_program(struct rig *r)
{
    rig_code(r, CODE,
             0xe3a01c90, // mov r1, #0x9000
             0xe3a04000, // mov r4, #0
             0xe0800004, // loop: add r0, r0, r4
             0xe0200360, // eor r0, r0, r0, ror #6
             0xe7810104, // str r0, [r1, r4, lsl #2]
             0xe7912104, // ldr r2, [r1, r4, lsl #2]
             0xe0900002, // adds r0, r0, r2
             0xe2a00000, // adc r0, r0, #0
             0xeb000002, // bl f
             0xe2844001, // add r4, r4, #1
             0xe20440ff, // and r4, r4, #255
             0xeafffff5, // b loop
             0xe2600001, // f: rsb r0, r0, #1
             0xe12fff1e); // bx lr
    cpu_set(r->cpu, CPU_CPSR, SYS);
    cpu_set(r->cpu, CPU_PC, CODE);
    cpu_set(r->cpu, CPU_R0, 1);
}

static void test_budgets_are_exact_however_they_are_cut(void **state)
{
    (void)state;
    struct rig a, b;
    rig_init(&a, "cortex-a8");
    rig_init(&b, "cortex-a8");
    load_program(&a);
    load_program(&b);
    assert_int_equal(cpu_run(a.cpu, 100000), CPU_STOP_BUDGET);
    uint64_t total = 0;
    for (unsigned k = 1; total < 100000; k = k * 7 % 1009) {
        uint64_t n = k < 100000 - total ? k : 100000 - total;
        assert_int_equal(cpu_run(b.cpu, n), CPU_STOP_BUDGET);
        total += n;
        assert_int_equal(cpu_insns(b.cpu), total);
    }
    assert_int_equal(cpu_insns(a.cpu), 100000);
    assert_true(cpu_state_hash(a.cpu) == cpu_state_hash(b.cpu));
    cpu_run(b.cpu, 1);
    assert_false(cpu_state_hash(a.cpu) == cpu_state_hash(b.cpu));
    rig_fini(&a);
    rig_fini(&b);
}

static void test_breakpoints(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    load_program(&r);
    assert_int_equal(cpu_break_add(r.cpu, CODE + 8), 0);
    assert_int_equal(cpu_break_add(r.cpu, CODE + 8), -EEXIST);
    assert_int_equal(cpu_break_remove(r.cpu, CODE), -ENOENT);
    for (unsigned k = 0; k < 3; k++) {
        assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_BREAKPOINT);
        assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 8);
        assert_int_equal(cpu_get(r.cpu, CPU_R4), k);
        assert_int_equal(cpu_insns(r.cpu), 2 + 12 * k);
    }
    assert_int_equal(cpu_break_remove(r.cpu, CODE + 8), 0);
    assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_BUDGET);
    // Moving the PC onto a breakpoint stops there again.
    assert_int_equal(cpu_break_add(r.cpu, CODE), 0);
    cpu_set(r.cpu, CPU_PC, CODE);
    assert_int_equal(cpu_run(r.cpu, 10), CPU_STOP_BREAKPOINT);
    assert_int_equal(cpu_run(r.cpu, 10), CPU_STOP_BUDGET);
    cpu_set(r.cpu, CPU_PC, CODE);
    assert_int_equal(cpu_run(r.cpu, 10), CPU_STOP_BREAKPOINT);
    rig_fini(&r);
}

static void test_watchpoints(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    load_program(&r);
    assert_int_equal(cpu_run(r.cpu, 100), CPU_STOP_BUDGET); // the fast path knows the page
    assert_int_equal(cpu_watch_add(r.cpu, 0x9082, 1, CPU_WATCH_WRITE), 0);
    assert_int_equal(cpu_watch_add(r.cpu, 0x9082, 1, CPU_WATCH_WRITE), -EEXIST);
    assert_int_equal(cpu_run(r.cpu, 100000), CPU_STOP_WATCHPOINT);
    assert_int_equal(cpu_stop_address(r.cpu), 0x9080);
    assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 20); // the store is done
    assert_int_equal(rig_r32(&r, 0x9080), cpu_get(r.cpu, CPU_R0));
    assert_int_equal(cpu_watch_remove(r.cpu, 0x9082, 1, CPU_WATCH_WRITE), 0);
    assert_int_equal(cpu_watch_add(r.cpu, 0x9084, 4, CPU_WATCH_READ), 0);
    assert_int_equal(cpu_run(r.cpu, 100000), CPU_STOP_WATCHPOINT);
    assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 24);
    assert_int_equal(cpu_watch_remove(r.cpu, 0x9084, 4, CPU_WATCH_READ), 0);
    assert_int_equal(cpu_watch_remove(r.cpu, 0x9084, 4, CPU_WATCH_READ), -ENOENT);
    assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_BUDGET);
    rig_fini(&r);
}

static void test_stepping_with_breakpoints_changes_nothing(void **state)
{
    (void)state;
    struct rig a, b;
    rig_init(&a, "cortex-a8");
    rig_init(&b, "cortex-a8");
    load_program(&a);
    load_program(&b);
    cpu_break_add(b.cpu, 0x123456);
    cpu_run(a.cpu, 5000);
    cpu_run(b.cpu, 5000);
    assert_true(cpu_state_hash(a.cpu) == cpu_state_hash(b.cpu));
    assert_int_equal(cpu_insns(b.cpu), 5000);
    rig_fini(&a);
    rig_fini(&b);
}

static void test_state_survives_save_and_restore(void **state)
{
    (void)state;
    struct rig a, b;
    struct err err;
    rig_init(&a, "cortex-a8");
    rig_init(&b, "cortex-a8");
    load_program(&a);
    rig_mmu_on(&a);
    rig_fp_on(&a);
    cpu_set_d(a.cpu, 31, 0x123456789abcdef0);
    cpu_set(a.cpu, CPU_FPSCR, 0xa3000011);
    cpu_run(a.cpu, 12345);
    cpu_set(a.cpu, CPU_CPSR, 0x600f03d1); // FIQ, big endian, banked registers in use
    struct snap_writer *w = snap_writer_create();
    cpu_save(a.cpu, w);
    size_t n;
    const void *bytes = snap_bytes(w, &n);
    struct snap_reader *rd = snap_reader_create(bytes, n, &err);
    assert_non_null(rd);
    memcpy(b.ram, a.ram, RIG_RAM);
    assert_int_equal(cpu_restore(b.cpu, rd, &err), 0);
    assert_true(cpu_state_hash(a.cpu) == cpu_state_hash(b.cpu));
    assert_int_equal(cpu_insns(a.cpu), cpu_insns(b.cpu));
    cpu_set(a.cpu, CPU_CPSR, SYS);
    cpu_set(b.cpu, CPU_CPSR, SYS);
    cpu_run(a.cpu, 3333);
    cpu_run(b.cpu, 3333);
    assert_true(cpu_state_hash(a.cpu) == cpu_state_hash(b.cpu));
    snap_reader_destroy(rd);
    // Another model refuses it.
    struct rig other;
    rig_init(&other, "cortex-a9");
    rd = snap_reader_create(bytes, n, &err);
    assert_true(cpu_restore(other.cpu, rd, &err) < 0);
    snap_reader_destroy(rd);
    rig_fini(&other);
    snap_writer_destroy(w);
    rig_fini(&a);
    rig_fini(&b);
}

static void test_virtual_copies_stop_at_the_first_fault(void **state)
{
    (void)state;
    struct rig r;
    uint8_t buf[64];
    rig_init(&r, "cortex-a8");
    assert_int_equal(cpu_read_virtual(r.cpu, RIG_RAM - 16, buf, 64), 16);
    assert_int_equal(cpu_write_virtual(r.cpu, RIG_RAM - 4, "abcdefgh", 8), 4);
    assert_memory_equal(r.ram + RIG_RAM - 4, "abcd", 4);
    assert_int_equal(cpu_read_virtual(r.cpu, 0x80000000, buf, 4), 0);
    rig_fini(&r);
}

static void test_registers_read_back(void **state)
{
    (void)state;
    struct rig r;
    uint32_t v;
    rig_init(&r, "cortex-a8");
    for (unsigned k = 0; k <= CPU_PC; k++) {
        cpu_set(r.cpu, (enum cpu_reg)k, 0x1000 + 4 * k);
    }
    for (unsigned k = 0; k <= CPU_PC; k++) {
        assert_int_equal(cpu_get(r.cpu, (enum cpu_reg)k), 0x1000 + 4 * k);
    }
    for (unsigned k = 0; k < 32; k++) {
        cpu_set_d(r.cpu, k, 0x0101010101010101ull * k);
        assert_true(cpu_get_d(r.cpu, k) == 0x0101010101010101ull * k);
    }
    assert_false(cpu_get_cp15(r.cpu, 11, 7, 3, 5, &v));
    assert_true(cpu_get_cp15(r.cpu, 0, 1, 0, 1, &v)); // CLIDR
    assert_int_equal(v, 0x0a000023);
    rig_fini(&r);
}

static void test_disassembly_follows_the_state(void **state)
{
    (void)state;
    struct rig r;
    char text[80];
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe0810002);
    assert_int_equal(cpu_disassemble(r.cpu, CODE, text, sizeof text), 4);
    assert_string_equal(text, "add r0, r1, r2");
    rig_thumb(&r, CODE, 0x1888, 0xf240);
    cpu_set(r.cpu, CPU_CPSR, SYS | 0x20);
    assert_int_equal(cpu_disassemble(r.cpu, CODE, text, sizeof text), 2);
    assert_string_equal(text, "adds r0, r1, r2");
    assert_int_equal(cpu_disassemble(r.cpu, CODE + 2, text, sizeof text), 4);
    rig_fini(&r);
}

static void test_trace_names_every_instruction(void **state)
{
    (void)state;
    struct rig r;
    struct log log;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    struct err err;
    log_init(&log, f, "test");
    assert_int_equal(log_enable(&log, "exec", &err), 0);
    memset(&r, 0, sizeof r);
    r.bus = (struct cpu_bus){rig_read, rig_write};
    r.ram = calloc(1, RIG_RAM);
    struct cpu_config cfg = {.model = "cortex-a8", .bus = &r.bus, .log = &log};
    r.cpu = cpu_create(&cfg, &err);
    assert_int_equal(cpu_map_ram(r.cpu, 0, RIG_RAM, r.ram, 0, &err), 0);
    load_program(&r);
    cpu_run(r.cpu, 5);
    fclose(f);
    unsigned lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++) {
        lines++;
    }
    assert_int_equal(lines, 5);
    assert_non_null(strstr(text, "0000800c"));
    free(text);
    rig_fini(&r);
}

static void test_two_cpus_do_not_know_each_other(void **state)
{
    (void)state;
    struct rig a, b;
    rig_init(&a, "cortex-a8");
    rig_init(&b, "arm920t");
    load_program(&a);
    rig_code(&b, CODE, SELF);
    cpu_set(b.cpu, CPU_PC, CODE);
    for (unsigned k = 0; k < 100; k++) {
        cpu_run(a.cpu, 10);
        cpu_run(b.cpu, 7);
    }
    assert_int_equal(cpu_insns(a.cpu), 1000);
    assert_int_equal(cpu_insns(b.cpu), 700);
    assert_int_equal(cpu_get(b.cpu, CPU_PC), CODE);
    rig_fini(&b);
    cpu_run(a.cpu, 10);
    rig_fini(&a);
}

static void test_performance_counters_count_instructions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // PMCR.E, cycle counter on; read, 4 nops, read.
    rig_cp15(&r, 9, 0, 12, 0, 1);
    rig_cp15(&r, 9, 0, 12, 1, 0x80000000);
    rig_code(&r, CODE, 0xee192f1d, NOP, NOP, NOP, NOP, 0xee193f1d, 0xee194f1c);
    cpu_set(r.cpu, CPU_CPSR, SYS);
    cpu_set(r.cpu, CPU_PC, CODE);
    cpu_run(r.cpu, 7);
    assert_int_equal(cpu_get(r.cpu, CPU_R3) - cpu_get(r.cpu, CPU_R2), 5);
    assert_int_equal(cpu_get(r.cpu, CPU_R4) >> 11 & 31, 4); // counters, as the core has them
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budgets_are_exact_however_they_are_cut),
        cmocka_unit_test(test_breakpoints),
        cmocka_unit_test(test_watchpoints),
        cmocka_unit_test(test_stepping_with_breakpoints_changes_nothing),
        cmocka_unit_test(test_state_survives_save_and_restore),
        cmocka_unit_test(test_virtual_copies_stop_at_the_first_fault),
        cmocka_unit_test(test_registers_read_back),
        cmocka_unit_test(test_disassembly_follows_the_state),
        cmocka_unit_test(test_trace_names_every_instruction),
        cmocka_unit_test(test_two_cpus_do_not_know_each_other),
        cmocka_unit_test(test_performance_counters_count_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
