// SPDX-License-Identifier: MIT
//
// Branches: every condition under every flag combination, near and far, in all three instruction sets,
// and the other writers of the PC: table branches, literal loads, POP, computed jumps.
#include "tests/cpu/rig.h"

enum { SYS = 0x1f, T = 0x20, BASE = 0x10000 };

static uint32_t run_at(struct rig *r, uint32_t psr, uint32_t pc, unsigned n)
{
    cpu_set(r->cpu, CPU_CPSR, psr);
    cpu_set(r->cpu, CPU_PC, pc);
    cpu_run(r->cpu, n);
    return cpu_get(r->cpu, CPU_PC);
}

static bool holds(unsigned cond, unsigned nzcv)
{
    bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1;
    const bool base[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return base[cond >> 1] != (cond & 1);
}

static void test_conditions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    for (unsigned cond = 0; cond < 15; cond++) {
        rig_code(&r, BASE, cond << 28 | 0x0a000010);        // b<c> +0x48
        rig_code(&r, BASE + 0x100, cond << 28 | 0x03a00001); // mov<c> r0, #1
        rig_code(&r, BASE + 0x104, cond << 28 | 0x01a0c060); // rrx<c>: another body
        rig_thumb(&r, BASE + 0x200, (uint16_t)(0xd000 | cond << 8 | 0x10));
        rig_thumb(&r, BASE + 0x300, (uint16_t)(0xf000 | cond << 6), 0x8010);
        rig_thumb(&r, BASE + 0x400, (uint16_t)(0xbf08 | cond << 4), 0x2001);
        for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
            uint32_t psr = nzcv << 28 | SYS;
            bool yes = cond == 14 || holds(cond, nzcv);
            assert_int_equal(run_at(&r, psr, BASE, 1), BASE + (yes ? 0x48 : 4));
            cpu_set(r.cpu, CPU_R0, 0);
            run_at(&r, psr, BASE + 0x100, 1);
            assert_int_equal(cpu_get(r.cpu, CPU_R0), yes);
            if (cond < 14) {
                assert_int_equal(run_at(&r, psr | T, BASE + 0x200, 1), BASE + 0x200 + (yes ? 0x24 : 2));
                assert_int_equal(run_at(&r, psr | T, BASE + 0x300, 1), BASE + 0x300 + (yes ? 0x24 : 4));
            }
            cpu_set(r.cpu, CPU_R0, 0);
            run_at(&r, psr | T, BASE + 0x400, 2);
            assert_int_equal(cpu_get(r.cpu, CPU_R0), yes);
        }
    }
    rig_fini(&r);
}

static void test_far_branches_in_both_directions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    static const int32_t far[] = {0x2000, -0x2000, 0x100000 - 8, -0x10000, 4096, -4096};
    for (size_t k = 0; k < ARRAY_LEN(far); k++) {
        uint32_t at = 0x200000 + 0xff8, to = at + 8 + (uint32_t)far[k];
        for (unsigned link = 0; link < 2; link++) {
            rig_code(&r, at, 0xea000000 | link << 24 | ((uint32_t)far[k] >> 2 & 0xffffff));
            for (unsigned again = 0; again < 2; again++) {
                assert_int_equal(run_at(&r, SYS, at, 1), to);
            }
            if (link) {
                assert_int_equal(cpu_get(r.cpu, CPU_LR), at + 4);
            }
        }
        // blx to Thumb
        rig_code(&r, at, 0xfa000000 | ((uint32_t)far[k] >> 2 & 0xffffff) | 1 << 24);
        assert_int_equal(run_at(&r, SYS, at, 1), to + 2);
        assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & T, T);
        // T32 b.w and bl
        uint32_t off = (uint32_t)far[k], s = off >> 31, i1 = off >> 23 & 1, i2 = off >> 22 & 1;
        uint16_t h1 = (uint16_t)(0xf000 | s << 10 | (off >> 12 & 0x3ff));
        uint16_t h2 = (uint16_t)(0x9000 | (!(i1 ^ s)) << 13 | (!(i2 ^ s)) << 11 | (off >> 1 & 0x7ff));
        rig_thumb(&r, at, h1, h2);
        assert_int_equal(run_at(&r, SYS | T, at, 1), at + 4 + off);
        rig_thumb(&r, at, h1, h2 | 0x4000);
        assert_int_equal(run_at(&r, SYS | T, at, 1), at + 4 + off);
        assert_int_equal(cpu_get(r.cpu, CPU_LR), (at + 4) | 1);
    }
    rig_fini(&r);
}

static void test_compare_and_branch_on_zero(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    static const uint32_t places[] = {BASE, BASE + 0xfe0, BASE + 0xffe};
    for (size_t k = 0; k < ARRAY_LEN(places); k++) {
        for (unsigned off = 0; off < 128; off += 2) {
            for (unsigned nz = 0; nz < 2; nz++) {
                uint16_t h = (uint16_t)(0xb103 | nz << 11 | (off >> 6) << 9 | (off >> 1 & 31) << 3);
                rig_thumb(&r, places[k], h);
                for (unsigned v = 0; v < 2; v++) {
                    cpu_set(r.cpu, CPU_R3, v << 31);
                    uint32_t pc = run_at(&r, SYS | T, places[k], 1);
                    assert_int_equal(pc, places[k] + (v == nz ? 4 + off : 2));
                }
            }
        }
    }
    rig_fini(&r);
}

static void test_table_branches(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_thumb(&r, BASE, 0xe8df, 0xf001, 0x0402, 0x8006); // tbb [pc, r1]
    cpu_set(r.cpu, CPU_R1, 1);
    assert_int_equal(run_at(&r, SYS | T, BASE, 1), BASE + 4 + 8);
    cpu_set(r.cpu, CPU_R1, 3);
    assert_int_equal(run_at(&r, SYS | T, BASE, 1), BASE + 4 + 0x100);
    rig_thumb(&r, BASE, 0xe8d0, 0xf011); // tbh [r0, r1, lsl #1]
    rig_w16(&r, 0x9004, 0x8000);
    cpu_set(r.cpu, CPU_R0, 0x9000);
    cpu_set(r.cpu, CPU_R1, 2);
    assert_int_equal(run_at(&r, SYS | T, BASE, 1), BASE + 4 + 0x10000);
    rig_fini(&r);
}

static void test_literals(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_w32(&r, BASE + 0x108, 0x89abcdef);
    rig_w32(&r, BASE - 0xf8, 0x01234567);
    rig_code(&r, BASE, 0xe59f0100, 0xe51f1104, 0xe1a00000, 0xe28f4010, 0xe24f5010);
    run_at(&r, SYS, BASE, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 0x89abcdef);
    run_at(&r, SYS, BASE + 4, 1); // ldr r1, [pc, #-0x104]
    assert_int_equal(cpu_get(r.cpu, CPU_R1), 0x01234567);
    run_at(&r, SYS, BASE + 12, 2);
    assert_int_equal(cpu_get(r.cpu, CPU_R4), BASE + 12 + 8 + 16);
    assert_int_equal(cpu_get(r.cpu, CPU_R5), BASE + 16 + 8 - 16);
    // T16 and T32 from a halfword-aligned place: the PC is aligned down.
    rig_w32(&r, BASE + 0x20, 0x11112222);
    rig_thumb(&r, BASE + 2, 0x4807, 0xf8df, 0x1018, 0xf85f, 0x2008);
    run_at(&r, SYS | T, BASE + 2, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 0x11112222);
    run_at(&r, SYS | T, BASE + 4, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_R1), 0x11112222);
    run_at(&r, SYS | T, BASE + 8, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_R2), rig_r32(&r, BASE + 4));
    rig_thumb(&r, BASE + 2, 0xa007, 0xf20f, 0x1101, 0xf2af, 0x1201); // adr, adr.w, adr.w -
    run_at(&r, SYS | T, BASE + 2, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), BASE + 4 + 28);
    assert_int_equal(cpu_get(r.cpu, CPU_R1), BASE + 8 + 0x101);
    assert_int_equal(cpu_get(r.cpu, CPU_R2), BASE + 12 - 0x101);
    rig_fini(&r);
}

static void test_a32_arithmetic_on_the_pc(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, BASE, 0xe08ff102); // add pc, pc, r2, lsl #2
    cpu_set(r.cpu, CPU_R2, 5);
    assert_int_equal(run_at(&r, SYS, BASE, 1), BASE + 8 + 20);
    rig_code(&r, BASE, 0xe1a0000f, 0xe08f100f, 0xe15f000f); // mov r0, pc; add r1, pc, pc; cmp pc, pc
    run_at(&r, SYS, BASE, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), BASE + 8);
    assert_int_equal(cpu_get(r.cpu, CPU_R1), 2 * (BASE + 12));
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) >> 28, 6);
    rig_thumb(&r, BASE, 0x4478, 0x4487); // add r0, pc; add pc, r0
    cpu_set(r.cpu, CPU_R0, 3);
    run_at(&r, SYS | T, BASE, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), BASE + 4 + 3);
    cpu_set(r.cpu, CPU_R0, 0x101);
    assert_int_equal(run_at(&r, SYS | T, BASE + 2, 1), BASE + 2 + 4 + 0x100);
    rig_fini(&r);
}

static void test_pop_and_load_of_the_pc_in_thumb(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_w32(&r, 0x9000, 7);
    rig_w32(&r, 0x9004, 0x5001);
    rig_thumb(&r, BASE, 0xbd01, 0xe8bd, 0x8001, 0xf8d1, 0xf004); // pop {r0, pc}
    cpu_set(r.cpu, CPU_CPSR, SYS); // whose SP it is
    cpu_set(r.cpu, CPU_SP, 0x9000);
    assert_int_equal(run_at(&r, SYS | T, BASE, 1), 0x5000);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 7);
    assert_int_equal(cpu_get(r.cpu, CPU_SP), 0x9008);
    cpu_set(r.cpu, CPU_SP, 0x9000);
    assert_int_equal(run_at(&r, SYS | T, BASE + 2, 1), 0x5000); // pop.w
    cpu_set(r.cpu, CPU_R1, 0x9000);
    assert_int_equal(run_at(&r, SYS | T, BASE + 6, 1), 0x5000); // ldr.w pc, [r1, #4]
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_far_branches_in_both_directions),
        cmocka_unit_test(test_compare_and_branch_on_zero),
        cmocka_unit_test(test_table_branches),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_a32_arithmetic_on_the_pc),
        cmocka_unit_test(test_pop_and_load_of_the_pc_in_thumb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
