// SPDX-License-Identifier: MIT
//
// The listings of a Windows-on-ARM primer (shared oracle): every opcode decodes, and its closed
// functions, all Thumb-2, do what their text says.
#include "tests/cpu/rig.h"

#include "cpu/isa.h"

enum { SVC = 0x13, SYS = 0x1f };

struct listing {
    struct rig r;
    unsigned rows;
};

static bool read_row(FILE *f, char *line, size_t n, char *field[8])
{
    while (fgets(line, (int)n, f)) {
        unsigned k = 0;
        for (char *p = line; k < 8; k++) {
            field[k] = p;
            p += strcspn(p, "\t\n");
            if (!*p) {
                break;
            }
            *p++ = 0;
        }
        if (k == 8 && line[0] != '#' && strcmp(field[0], "line")) {
            return true;
        }
    }
    return false;
}

// A machine with the rows of `context` at their addresses; false without shared data.
static bool load(struct listing *l, const char *context)
{
    char line[1024], *field[8];
    FILE *f = oracle_open("woa-primer.tsv");
    if (!f) {
        return false;
    }
    rig_init(&l->r, "cortex-a15");
    static const uint32_t windows[] = {0x77000000, 0x83000000};
    for (size_t k = 0; k < ARRAY_LEN(windows); k++) {
        assert_int_equal(cpu_map_ram(l->r.cpu, windows[k], RIG_RAM, l->r.ram, 0, NULL), 0);
    }
    l->rows = 0;
    while (read_row(f, line, sizeof line, field)) {
        if (strcmp(field[1], context)) {
            continue;
        }
        uint32_t at = (uint32_t)strtoul(field[2], NULL, 16) & (RIG_RAM - 1);
        uint32_t raw = (uint32_t)strtoul(field[4], NULL, 16);
        if (strlen(field[4]) == 8) {
            rig_w16(&l->r, at, (uint16_t)(raw >> 16));
            at += 2;
        }
        rig_w16(&l->r, at, (uint16_t)raw);
        l->rows++;
    }
    assert_int_equal(pclose(f), 0);
    assert_true(l->rows > 0);
    cpu_set(l->r.cpu, CPU_CPSR, SYS | 0x20);
    cpu_set(l->r.cpu, CPU_LR, 0x101);
    cpu_set(l->r.cpu, CPU_SP, 0x5000);
    return true;
}

// Runs from pc until it returns to LR (0x100).
static void call(struct listing *l, uint32_t pc)
{
    cpu_set(l->r.cpu, CPU_PC, pc);
    for (unsigned k = 0; k < 200 && cpu_get(l->r.cpu, CPU_PC) != 0x100; k++) {
        cpu_run(l->r.cpu, 1);
    }
    assert_int_equal(cpu_get(l->r.cpu, CPU_PC), 0x100);
    assert_int_equal(cpu_get(l->r.cpu, CPU_CPSR) & 0x3f, SYS | 0x20);
}

static void test_every_listing_decodes(void **state)
{
    (void)state;
    char line[1024], *field[8];
    unsigned rows = 0, bad = 0;
    FILE *f = oracle_open("woa-primer.tsv");
    if (!f) {
        return;
    }
    struct rig r;
    rig_init(&r, "cortex-a15");
    while (read_row(f, line, sizeof line, field)) {
        uint32_t raw = (uint32_t)strtoul(field[4], NULL, 16);
        bool wide = strlen(field[4]) == 8;
        const struct isa_row *row = isa_find(wide ? ISA_T32 : ISA_T16, raw, ~0ull, NULL, NULL);
        rows++;
        if (!row) {
            bad++;
            printf("line %s: %s is no instruction\n", field[0], field[4]);
        }
    }
    assert_int_equal(pclose(f), 0);
    printf("primer: %u rows\n", rows);
    assert_int_equal(bad, 0);
    assert_true(rows > 170);
    rig_fini(&r);
}

static void test_exception_vector_table_is_set_up(void **state)
{
    (void)state;
    struct listing l;
    uint32_t v;
    if (!load(&l, "KiInitializeExceptionVectorTable")) {
        return;
    }
    rig_w32(&l.r, 0x4a1b60, 0x834dc6a1);
    assert_true(cpu_get_cp15(l.r.cpu, 1, 0, 0, 0, &v));
    rig_cp15(&l.r, 1, 0, 0, 0, v | 0x2000);
    call(&l, 0x834a1b40);
    assert_true(cpu_get_cp15(l.r.cpu, 12, 0, 0, 0, &v));
    assert_int_equal(v, 0x834dc6a0);
    assert_true(cpu_get_cp15(l.r.cpu, 1, 0, 0, 0, &v));
    assert_false(v & 0x2000);
    rig_fini(&l.r);
}

static void test_interlocked_increment(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "InterlockedIncrement")) {
        return;
    }
    rig_w32(&l.r, 0x4010e8, 0x00419124);
    rig_w32(&l.r, 0x419124, 41);
    call(&l, 0x004010cc);
    assert_int_equal(rig_r32(&l.r, 0x419124), 42);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R2), 42);
    rig_fini(&l.r);
}

static void test_device_attachment_base_walks_the_list(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "IopGetDeviceAttachmentBase")) {
        return;
    }
    // device -> extension at 0xb0; extension -> lower device at 0x18
    static const uint32_t device[3] = {0x10000, 0x11000, 0x12000};
    for (unsigned k = 0; k < 3; k++) {
        rig_w32(&l.r, device[k] + 0xb0, device[k] + 0x400);
        rig_w32(&l.r, device[k] + 0x418, k < 2 ? device[k + 1] : 0);
    }
    cpu_set(l.r.cpu, CPU_R0, device[0]);
    call(&l, 0x83456478);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R0), device[2]);
    rig_fini(&l.r);
}

static void test_thread_registers_lead_to_process_and_irql(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "PsGetCurrentProcess")) {
        return;
    }
    rig_cp15(&l.r, 13, 0, 0, 3, 0x20047);
    rig_w32(&l.r, 0x20040 + 0x74, 0xfeed);
    call(&l, 0x83442a18);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R0), 0xfeed);
    rig_fini(&l.r);
    assert_true(load(&l, "KeGetCurrentIrql"));
    rig_cp15(&l.r, 13, 0, 0, 3, 0x20047);
    call(&l, 0x8392c380);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R0), 7);
    rig_fini(&l.r);
    assert_true(load(&l, "GetCurrentThreadId"));
    rig_cp15(&l.r, 13, 0, 0, 2, 0x30000);
    rig_w32(&l.r, 0x30024, 4711);
    call(&l, 0x77361fd0);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R0), 4711);
    rig_fini(&l.r);
}

static void test_system_call_stub(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "NtClose")) {
        return;
    }
    cpu_set(l.r.cpu, CPU_PC, 0x77b8e230);
    cpu_run(l.r.cpu, 2);
    assert_int_equal(cpu_get(l.r.cpu, CPU_CPSR) & 0x1f, SVC);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R12), 0xd);
    assert_int_equal(cpu_get(l.r.cpu, CPU_LR), 0x77b8e236);
    rig_fini(&l.r);
}

static void test_tail_branch(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "SmpPageEvict tail branch")) {
        return;
    }
    cpu_set(l.r.cpu, CPU_PC, 0x835237f0);
    cpu_run(l.r.cpu, 3);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R12), 0x83551987);
    assert_int_equal(cpu_get(l.r.cpu, CPU_PC), 0x83551986);
    rig_fini(&l.r);
}

static void test_vector_table_dispatches(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "KiArmExceptionVectors")) {
        return;
    }
    uint32_t sctlr;
    assert_true(cpu_get_cp15(l.r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&l.r, 1, 0, 0, 0, sctlr | 1u << 30);
    rig_cp15(&l.r, 12, 0, 0, 0, 0x834dc6a0);
    // The literals stand 0x20 behind their loads.
    for (unsigned k = 0; k < 8; k++) {
        rig_w32(&l.r, 0x4dc6c0 + 4 * k, 0x834da001 + 0x100 * k);
    }
    rig_thumb(&l.r, 0x100, 0xdf01, 0xde00);
    cpu_set(l.r.cpu, CPU_PC, 0x100);
    cpu_run(l.r.cpu, 2);
    assert_int_equal(cpu_get(l.r.cpu, CPU_PC), 0x834da200);
    assert_int_equal(cpu_get(l.r.cpu, CPU_CPSR) & 0x3f, SVC | 0x20);
    cpu_set(l.r.cpu, CPU_PC, 0x102);
    cpu_run(l.r.cpu, 2);
    assert_int_equal(cpu_get(l.r.cpu, CPU_PC), 0x834da100);
    rig_fini(&l.r);
}

static void test_fiq_prologue_saves_its_state(void **state)
{
    (void)state;
    struct listing l;
    if (!load(&l, "KiFIQException")) {
        return;
    }
    cpu_set(l.r.cpu, CPU_CPSR, 0x11 | 0xe0);
    cpu_set(l.r.cpu, CPU_SP, 0x6000);
    cpu_set(l.r.cpu, CPU_LR, 0x1234);
    cpu_set(l.r.cpu, CPU_SPSR, 0x80000030);
    cpu_set(l.r.cpu, CPU_R4, 44);
    cpu_set(l.r.cpu, CPU_R5, 55);
    cpu_set(l.r.cpu, CPU_PC, 0x834db720);
    cpu_run(l.r.cpu, 3);
    assert_int_equal(rig_r32(&l.r, 0x6000), 0x1234);
    assert_int_equal(rig_r32(&l.r, 0x6004), 0x80000030);
    assert_int_equal(rig_r32(&l.r, 0x6008), 44);
    assert_int_equal(rig_r32(&l.r, 0x600c), 55);
    assert_int_equal(cpu_get(l.r.cpu, CPU_R4), 0x6000);
    rig_fini(&l.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_listing_decodes),
        cmocka_unit_test(test_exception_vector_table_is_set_up),
        cmocka_unit_test(test_interlocked_increment),
        cmocka_unit_test(test_device_attachment_base_walks_the_list),
        cmocka_unit_test(test_thread_registers_lead_to_process_and_irql),
        cmocka_unit_test(test_system_call_stub),
        cmocka_unit_test(test_tail_branch),
        cmocka_unit_test(test_vector_table_dispatches),
        cmocka_unit_test(test_fiq_prologue_saves_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
