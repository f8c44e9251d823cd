// SPDX-License-Identifier: MIT
//
// What distinguishes ARMv4T, v5TE and v6 from v7: missing instructions, interworking, the PC that STR
// stores, BL in two halves, NV, coprocessor 15 of the old cores.
#include "tests/cpu/rig.h"

enum { USR = 0x10, SVC = 0x13, UND = 0x1b, SYS = 0x1f, CODE = 0x8000, NOP = 0xe1a00000 };

static void at(struct rig *r, uint32_t psr, uint32_t pc)
{
    cpu_set(r->cpu, CPU_CPSR, psr);
    cpu_set(r->cpu, CPU_PC, pc);
}

static bool is_undefined(struct rig *r, uint32_t insn)
{
    rig_code(r, CODE, insn, NOP);
    at(r, SYS, CODE);
    cpu_set(r->cpu, CPU_R1, 0x9000);
    cpu_run(r->cpu, 1);
    return (cpu_get(r->cpu, CPU_CPSR) & 0x1f) == UND;
}

static void test_instructions_arrive_with_their_architecture(void **state)
{
    (void)state;
    static const struct {
        uint32_t insn;
        const char *name, *since;
    } rows[] = {
        {0xe16f0f11, "CLZ", "arm926"},          {0xe1410052, "QADD-like", "arm926"},
        {0xe1600281, "SMULBB", "arm926"},       {0xe1c100d0, "LDRD", "arm926"},
        {0xe12fff31, "BLX register", "arm926"}, {0xe1200070, "BKPT", "arm926"},
        {0xe6af0071, "SXTB", "arm1136"},        {0xe6bf0f31, "REV", "arm1136"},
        {0xe1910f9f, "LDREX", "arm1136"},       {0xe6510f12, "UADD16", "arm1136"},
        {0xf1020013, "CPS", "arm1136"},         {0xe1d10f9f, "LDREXB", "arm1176"},
        {0xe1600070, "SMC", "arm1176"},         {0xe3000001, "MOVW", "cortex-a8"},
        {0xe7e00050, "UBFX", "cortex-a8"},      {0xe6ff0f31, "RBIT", "cortex-a8"},
        {0xe0600291, "MLS", "cortex-a8"},       {0xf57ff04f, "DSB", "cortex-a8"},
        {0xe710f211, "SDIV", "cortex-a15"},
    };
    static const char *const order[] = {"arm920t",   "arm926",    "arm1136",   "arm1176",
                                        "cortex-a8", "cortex-a9", "cortex-a15"};
    for (size_t m = 0; m < ARRAY_LEN(order); m++) {
        struct rig r;
        rig_init(&r, order[m]);
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
            size_t since = 0;
            while (strcmp(order[since], rows[k].since)) {
                since++;
            }
            bool undef = is_undefined(&r, rows[k].insn);
            // The cond = 1111 space of ARMv4 is "never".
            bool want = m < since && !(m == 0 && rows[k].insn >> 28 == 15);
            if (!strcmp(rows[k].name, "BKPT") || !strcmp(rows[k].name, "SMC")) {
                want = want && undef; // taken elsewhere where they exist
            }
            if (undef != want) {
                fail_msg("%s on %s: undefined %d", rows[k].name, order[m], undef);
            }
        }
        rig_fini(&r);
    }
}

static void test_never_condition_of_v4(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm920t");
    rig_code(&r, CODE, 0xf3a00001, 0xfa000000, 0xf5d1f000); // moves never, BLX, PLD: all nothing
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R0, 9);
    cpu_run(r.cpu, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 12);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 9);
    rig_fini(&r);
}

// State after an instruction that writes 0x9001 to the PC.
static void branch_case(const char *model, uint32_t insn, bool thumb_code, bool want_thumb)
{
    struct rig r;
    rig_init(&r, model);
    if (thumb_code) {
        rig_thumb(&r, CODE, (uint16_t)insn);
    } else {
        rig_code(&r, CODE, insn);
    }
    rig_w32(&r, 0xa000, 0x9001);
    at(&r, SYS | (thumb_code ? 0x20 : 0), CODE);
    cpu_set(r.cpu, CPU_R0, 0x9001);
    cpu_set(r.cpu, CPU_R1, 0xa000);
    cpu_set(r.cpu, CPU_SP, 0xa000);
    cpu_run(r.cpu, 1);
    bool thumb = cpu_get(r.cpu, CPU_CPSR) >> 5 & 1;
    if (thumb != want_thumb || cpu_get(r.cpu, CPU_PC) != 0x9000) {
        fail_msg("%s %08x: thumb %d pc %08x", model, insn, thumb, cpu_get(r.cpu, CPU_PC));
    }
    rig_fini(&r);
}

static void test_interworking(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        bool load, alu;
    } rows[] = {{"arm920t", false, false}, {"arm926", true, false}, {"arm1176", true, false},
                {"cortex-a8", true, true}};
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        branch_case(rows[k].model, 0xe12fff10, false, true);          // bx r0
        branch_case(rows[k].model, 0xe591f000, false, rows[k].load);  // ldr pc, [r1]
        branch_case(rows[k].model, 0xe8918000, false, rows[k].load);  // ldm r1, {pc}
        branch_case(rows[k].model, 0xe1a0f000, false, rows[k].alu);   // mov pc, r0
        branch_case(rows[k].model, 0xe280f000, false, rows[k].alu);   // add pc, r0, #0
        branch_case(rows[k].model, 0xbd00, true, true);               // pop {pc}
        branch_case(rows[k].model, 0x4687, true, true);               // mov pc, r0 stays in Thumb
    }
    // POP {PC} in Thumb with bit 0 clear leaves Thumb from v5 on.
    struct rig r;
    rig_init(&r, "arm920t");
    rig_thumb(&r, CODE, 0xbd00);
    rig_w32(&r, 0xa000, 0x9000);
    at(&r, SYS | 0x20, CODE);
    cpu_set(r.cpu, CPU_SP, 0xa000);
    cpu_run(r.cpu, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x20, 0x20);
    rig_fini(&r);
    rig_init(&r, "arm926");
    rig_thumb(&r, CODE, 0xbd00);
    rig_w32(&r, 0xa000, 0x9000);
    at(&r, SYS | 0x20, CODE);
    cpu_set(r.cpu, CPU_SP, 0xa000);
    cpu_run(r.cpu, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x20, 0);
    rig_fini(&r);
}

static void test_the_pc_that_is_stored(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t plus;
    } rows[] = {{"arm920t", 12}, {"arm926", 12}, {"cortex-a8", 8}};
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        struct rig r;
        rig_init(&r, rows[k].model);
        rig_code(&r, CODE, 0xe581f000, 0xe8818000 | 1, NOP);
        at(&r, SYS, CODE);
        cpu_set(r.cpu, CPU_R1, 0x9000);
        cpu_run(r.cpu, 1);
        assert_int_equal(rig_r32(&r, 0x9000), CODE + rows[k].plus);
        cpu_run(r.cpu, 1);
        assert_int_equal(rig_r32(&r, 0x9004), CODE + 4 + rows[k].plus);
        rig_fini(&r);
    }
}

static void test_bl_in_two_halves(void **state)
{
    (void)state;
    static const char *const models[] = {"arm920t", "arm926", "cortex-a8"};
    for (size_t m = 0; m < ARRAY_LEN(models); m++) {
        struct rig r;
        rig_init(&r, models[m]);
        rig_thumb(&r, CODE, 0xf000, 0xf880); // bl +0x100
        at(&r, SYS | 0x20, CODE);
        cpu_run(r.cpu, m == 2 ? 1 : 2);
        assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 4 + 0x100);
        assert_int_equal(cpu_get(r.cpu, CPU_LR), (CODE + 4) | 1);
        rig_thumb(&r, CODE, 0xf7ff, 0xff00); // backwards: bl -0x200
        at(&r, SYS | 0x20, CODE);
        cpu_run(r.cpu, m == 2 ? 1 : 2);
        assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 4 - 0x200);
        if (m) { // blx
            rig_thumb(&r, CODE, 0xf000, 0xe880);
            at(&r, SYS | 0x20, CODE);
            cpu_run(r.cpu, m == 2 ? 1 : 2);
            assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 4 + 0x100);
            assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x20, 0);
        }
        rig_fini(&r);
    }
}

static uint32_t mrc(struct rig *r, uint32_t insn)
{
    rig_code(r, CODE, insn);
    at(r, SYS, CODE);
    cpu_set(r->cpu, CPU_R0, 0xdeadbeef);
    cpu_run(r->cpu, 1);
    assert_int_equal(cpu_get(r->cpu, CPU_PC), CODE + 4);
    return cpu_get(r->cpu, CPU_R0);
}

static void test_identification(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t midr, ctr;
    } rows[] = {
        {"arm920t", 0x41129200, 0x0d172172},   {"arm926", 0x41069265, 0x1d112152},
        {"arm1176", 0x410fb767, 0x1d152152},   {"cortex-a8", 0x412fc085, 0x82048004},
        {"cortex-a9", 0x410fc090, 0x83338003},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        struct rig r;
        rig_init(&r, rows[k].model);
        assert_int_equal(mrc(&r, 0xee100f10), rows[k].midr);
        assert_int_equal(mrc(&r, 0xee100f30), rows[k].ctr);
        if (k < 2) { // not decoded: the main ID again
            assert_int_equal(mrc(&r, 0xee100fd0), rows[k].midr);
        }
        rig_fini(&r);
    }
    struct err err;
    struct cpu_config cfg = {.model = "cortex-a8", .midr = 0x410fc080};
    struct cpu *c = cpu_create(&cfg, &err);
    uint32_t v;
    assert_non_null(c);
    assert_true(cpu_get_cp15(c, 0, 0, 0, 0, &v));
    assert_int_equal(v, 0x410fc080);
    cpu_destroy(c);
    cfg.model = "z80";
    assert_null(cpu_create(&cfg, &err));
    assert_non_null(strstr(err.msg, "cortex-a8"));
}

static void test_cache_loops_of_the_926_end(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm926");
    rig_code(&r, CODE, 0xee17ff7e, 0x1afffffd, 0xe3a02001); // 1: mrc c7,c14,3 to flags; bne 1b
    at(&r, SYS, CODE);
    cpu_run(r.cpu, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_R2), 1);
    rig_fini(&r);
}

static void test_control_register_keeps_only_what_the_core_has(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t reset, all_ones, all_zeros;
    } rows[] = {
        {"arm920t", 0x78, 0xc000f3ff, 0x78},
        {"arm926", 0x90078, 0x9f3ff, 0x90078},
        {"cortex-a8", 0xc50078, 0x73c57c7f, 0xc50078},
    };
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        struct rig r;
        uint32_t v;
        rig_init(&r, rows[k].model);
        assert_int_equal(mrc(&r, 0xee110f10), rows[k].reset);
        // B would turn the test's own code: leave it out, and M.
        rig_cp15(&r, 1, 0, 0, 0, ~0x40000081u);
        assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &v));
        assert_int_equal(v | 0x81u, (rows[k].all_ones & ~0x40000000u) | 0x81 |
                                        (rows[k].all_ones & 0x40000000u & v));
        rig_cp15(&r, 1, 0, 0, 0, 0);
        assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &v));
        assert_int_equal(v, rows[k].all_zeros);
        rig_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions_arrive_with_their_architecture),
        cmocka_unit_test(test_never_condition_of_v4),
        cmocka_unit_test(test_interworking),
        cmocka_unit_test(test_the_pc_that_is_stored),
        cmocka_unit_test(test_bl_in_two_halves),
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_cache_loops_of_the_926_end),
        cmocka_unit_test(test_control_register_keeps_only_what_the_core_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
