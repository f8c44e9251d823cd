// SPDX-License-Identifier: MIT
//
// Loads and stores beyond the plain case: self-modifying code, alignment rules of each architecture,
// byte order, exclusives, devices, DMA, aliases, windows.
#include "tests/cpu/rig.h"

enum { USR = 0x10, SVC = 0x13, ABT = 0x17, UND = 0x1b, SYS = 0x1f };
enum { CODE = 0x8000, NOP = 0xe1a00000, SELF = 0xeafffffe };

static void at(struct rig *r, uint32_t psr, uint32_t pc)
{
    cpu_set(r->cpu, CPU_CPSR, psr);
    cpu_set(r->cpu, CPU_PC, pc);
}

static uint32_t get(struct rig *r, enum cpu_reg reg)
{
    return cpu_get(r->cpu, reg);
}

// One A32 instruction with r1 = va; returns the mode afterwards.
static uint32_t one(struct rig *r, uint32_t insn, uint32_t va, uint32_t r0)
{
    rig_code(r, CODE, insn);
    at(r, SYS, CODE);
    cpu_set(r->cpu, CPU_R0, r0);
    cpu_set(r->cpu, CPU_R1, va);
    cpu_run(r->cpu, 1);
    return get(r, CPU_CPSR) & 0x1f;
}

// ---- code that changes -------------------------------------------------------------------------------

static void test_a_store_to_the_next_instruction_takes_effect(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // str r0, [r1]; (overwritten: mov r2, #1)
    for (unsigned k = 0; k < 3; k++) {
        rig_code(&r, CODE, 0xe5810000, 0xe3a02001, SELF);
        at(&r, SYS, CODE);
        cpu_set(r.cpu, CPU_R0, 0xe3a02002 + k);
        cpu_set(r.cpu, CPU_R1, CODE + 4);
        cpu_run(r.cpu, 2);
        assert_int_equal(get(&r, CPU_R2), 2 + k);
    }
    rig_fini(&r);
}

static void test_a_loop_that_patches_itself(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // loop: add r3, r3, #k (the low byte is stored each round); strb r0, [r1]; add r0, #1; subs r4; bne
    rig_code(&r, CODE, 0xe2833000, 0xe5c10000, 0xe2800001, 0xe2544001, 0x1afffffa, SELF);
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R0, 1);
    cpu_set(r.cpu, CPU_R1, CODE);
    cpu_set(r.cpu, CPU_R3, 0);
    cpu_set(r.cpu, CPU_R4, 100);
    cpu_run(r.cpu, 500);
    assert_int_equal(get(&r, CPU_R3), 99 * 100 / 2);
    rig_fini(&r);
}

static void test_thumb_patches_the_second_half_of_an_instruction(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // movw r2, #0x111 is f240 1211; strh r0, [r1] changes its second half
    for (unsigned k = 0; k < 2; k++) {
        for (uint32_t base = CODE; base <= CODE + 0x3e; base += 2) {
            rig_thumb(&r, base, 0x8008, 0xf240, 0x1211, 0xe7fe);
            at(&r, SYS | 0x20, base);
            cpu_set(r.cpu, CPU_R0, 0x1222);
            cpu_set(r.cpu, CPU_R1, base + 4);
            cpu_run(r.cpu, 2);
            assert_int_equal(get(&r, CPU_R2), 0x122);
        }
    }
    rig_fini(&r);
}

static void test_an_it_block_is_patched_from_inside(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // itttt eq; strh r0, [r1]; moveq r2, #1 (patched to r3 = 7); moveq r4, #4; moveq r5, #5
    rig_thumb(&r, CODE, 0xbf01, 0x8008, 0x2201, 0x2404, 0x2505, 0xe7fe);
    at(&r, SYS | 0x20 | 0x40000000, CODE);
    cpu_set(r.cpu, CPU_R0, 0x2307);
    cpu_set(r.cpu, CPU_R1, CODE + 4);
    cpu_run(r.cpu, 6);
    assert_int_equal(get(&r, CPU_R2), 0);
    assert_int_equal(get(&r, CPU_R3), 7);
    assert_int_equal(get(&r, CPU_R4), 4);
    assert_int_equal(get(&r, CPU_R5), 5);
    assert_int_equal(get(&r, CPU_CPSR) & 0xf0000000, 0x40000000); // still no flags set
    // The IT goes away: the same MOVs set flags now.
    rig_thumb(&r, CODE, 0xbf00);
    at(&r, SYS | 0x20 | 0x40000000, CODE + 6);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0xf0000000, 0);
    rig_fini(&r);
}

static void test_dma_and_the_debugger_change_code(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe3a02001, SELF);
    at(&r, SYS, CODE);
    cpu_run(r.cpu, 2);
    rig_code(&r, CODE, 0xe3a02005);
    at(&r, SYS, CODE);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R2), 5);
    uint32_t w = 0xe3a02009;
    assert_int_equal(cpu_write_virtual(r.cpu, CODE, &w, 4), 4);
    at(&r, SYS, CODE);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R2), 9);
    rig_fini(&r);
}

static void test_aliases_of_one_memory_share_code(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    assert_int_equal(cpu_map_ram(r.cpu, 0x40000000, RIG_RAM, r.ram, 0, NULL), 0);
    rig_code(&r, CODE, 0xe5810000, 0xe3a02001, SELF);
    at(&r, SYS, CODE);
    cpu_run(r.cpu, 0);
    cpu_set(r.cpu, CPU_R0, 0xe3a02003);
    cpu_set(r.cpu, CPU_R1, 0x40000000 + CODE + 4); // through the other address
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R2), 3);
    at(&r, SYS, 0x40000000 + CODE + 4);
    cpu_set(r.cpu, CPU_R2, 0);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_R2), 3);
    rig_fini(&r);
}

static void test_data_beside_code_keeps_the_code(void **state)
{
    (void)state;
    struct rig r;
    struct cpu_counters a, b;
    rig_init(&r, "cortex-a8");
    // A loop that stores 256 bytes behind itself, in the same page.
    rig_code(&r, CODE, 0xe5810100, 0xe2800001, 0xe2544001, 0x1afffffb, SELF);
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, CODE);
    cpu_set(r.cpu, CPU_R4, 1000);
    cpu_run(r.cpu, 10);
    cpu_counters(r.cpu, &a);
    cpu_run(r.cpu, 3990);
    cpu_counters(r.cpu, &b);
    assert_int_equal(a.code_invalidations, b.code_invalidations);
    assert_int_equal(rig_r32(&r, CODE + 0x100), 999);
    rig_fini(&r);
}

static void test_instructions_across_a_page_boundary(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_mmu_on(&r);
    // Two pages that are not neighbours in memory: 0x300000 and 0x340000 at 0x90000000, 0x90001000.
    for (unsigned k = 0; k < 256; k++) {
        rig_w32(&r, RIG_L2 + 4 * k, 0);
    }
    rig_w32(&r, RIG_L2, 0x30003e);
    rig_w32(&r, RIG_L2 + 4, 0x34003e);
    rig_w32(&r, RIG_TABLE + 0x900 * 4, RIG_L2 | 1);
    rig_cp15(&r, 8, 0, 7, 0, 0);
    rig_thumb(&r, 0x300ffe, 0xf240);         // movw r2, #0x345
    rig_thumb(&r, 0x340000, 0x3245, 0xe7fe);
    for (unsigned k = 0; k < 3; k++) {
        at(&r, USR | 0x20, 0x90000ffe);
        cpu_set(r.cpu, CPU_R2, 0);
        cpu_run(r.cpu, 2);
        assert_int_equal(get(&r, CPU_R2), 0x345 + k);
        assert_int_equal(get(&r, CPU_PC), 0x90001002);
        rig_thumb(&r, 0x340000, (uint16_t)(0x3246 + k));
    }
    // The second page goes away: a prefetch abort of this instruction, at the second half.
    rig_w32(&r, RIG_L2 + 4, 0);
    rig_cp15(&r, 8, 0, 7, 0, 0);
    at(&r, USR | 0x20, 0x90000ffe);
    cpu_run(r.cpu, 1);
    uint32_t ifar;
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, ABT);
    assert_int_equal(get(&r, CPU_LR), 0x90000ffe + 4);
    assert_true(cpu_get_cp15(r.cpu, 6, 0, 0, 2, &ifar));
    assert_int_equal(ifar, 0x90001000);
    rig_fini(&r);
}

// ---- alignment -----------------------------------------------------------------------------------------

static void test_v7_allows_unaligned_words_in_normal_memory(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_mmu_on(&r);
    rig_w32(&r, 0x9ffc, 0x33221100);
    rig_w32(&r, 0xa000, 0x77665544);
    assert_int_equal(one(&r, 0xe5910000, 0x9ffd, 0), SYS);
    assert_int_equal(get(&r, CPU_R0), 0x44332211);
    assert_int_equal(one(&r, 0xe5910000, 0x9fff, 0), SYS); // across the page
    assert_int_equal(get(&r, CPU_R0), 0x66554433);
    assert_int_equal(one(&r, 0xe1d100b0, 0x9fff, 0), SYS); // ldrh
    assert_int_equal(get(&r, CPU_R0), 0x4433);
    assert_int_equal(one(&r, 0xe5810000, 0x9ffe, 0xaabbccdd), SYS);
    assert_int_equal(rig_r32(&r, 0x9ffc), 0xccdd1100);
    assert_int_equal(rig_r32(&r, 0xa000), 0x7766aabb);
    // LDM, LDRD, LDREX never.
    assert_int_equal(one(&r, 0xe891000c, 0x9ffd, 0), ABT);
    assert_int_equal(one(&r, 0xe1c100d0, 0x9ffe, 0), ABT);
    assert_int_equal(one(&r, 0xe1c100d0, 0x9ffc, 0), SYS);
    assert_int_equal(one(&r, 0xe1910f9f, 0x9ffd, 0), ABT);
    // Strongly ordered memory: never (the MMU is off).
    uint32_t sctlr;
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&r, 1, 0, 0, 0, sctlr & ~1u);
    assert_int_equal(one(&r, 0xe5910000, 0x9ffd, 0), ABT);
    rig_fini(&r);
}

static void test_old_cores_rotate_words_and_force_stores_down(void **state)
{
    (void)state;
    static const char *const models[] = {"arm920t", "arm926", "arm1176"};
    for (size_t m = 0; m < ARRAY_LEN(models); m++) {
        struct rig r;
        rig_init(&r, models[m]);
        rig_w32(&r, 0x9000, 0x33221100);
        rig_w32(&r, 0x9004, 0x77665544);
        static const uint32_t want[4] = {0x33221100, 0x00332211, 0x11003322, 0x22110033};
        for (unsigned k = 0; k < 4; k++) {
            assert_int_equal(one(&r, 0xe5910000, 0x9000 + k, 0), SYS);
            assert_int_equal(get(&r, CPU_R0), want[k]);
        }
        assert_int_equal(one(&r, 0xe5810000, 0x9007, 0xaabbccdd), SYS);
        assert_int_equal(rig_r32(&r, 0x9004), 0xaabbccdd);
        assert_int_equal(one(&r, 0xe891000c, 0x9002, 0), SYS); // ldmia r1, {r2, r3}
        assert_int_equal(get(&r, CPU_R2), 0x33221100);
        assert_int_equal(one(&r, 0xe1010092 | 0x10000 * 0, 0x9001, 0), SYS); // swp r0, r2, [r1]
        uint32_t sctlr;
        assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
        rig_cp15(&r, 1, 0, 0, 0, sctlr | 2); // alignment checking
        assert_int_equal(one(&r, 0xe5910000, 0x9001, 0), ABT);
        rig_fini(&r);
    }
}

// ---- byte order -----------------------------------------------------------------------------------------

static void test_big_endian_data(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_mmu_on(&r);
    rig_w32(&r, 0x9000, 0x33221100);
    rig_w32(&r, 0x9004, 0x77665544);
    rig_code(&r, CODE, 0xf1010200, 0xe5910000, 0xe1d120b0, 0xe8910030, 0xe5817008, 0xe5916001); // setend be
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, 0x9000);
    cpu_set(r.cpu, CPU_R7, 0x11223344);
    cpu_run(r.cpu, 6);
    assert_int_equal(get(&r, CPU_R0), 0x00112233);
    assert_int_equal(get(&r, CPU_R2), 0x0011);
    assert_int_equal(get(&r, CPU_R4), 0x00112233);
    assert_int_equal(get(&r, CPU_R5), 0x44556677);
    assert_int_equal(rig_r32(&r, 0x9008), 0x44332211);
    assert_int_equal(get(&r, CPU_R6), 0x11223344); // unaligned: bytes 1..4
    assert_int_equal(get(&r, CPU_CPSR) & 0x200, 0x200);
    rig_fini(&r);
}

static void test_be32_moves_bytes_within_words(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm920t");
    rig_w32(&r, 0x9000, 0x33221100);
    rig_cp15(&r, 1, 0, 0, 0, 0xf8);
    assert_int_equal(one(&r, 0xe5910000, 0x9000, 0), SYS);
    assert_int_equal(get(&r, CPU_R0), 0x33221100);
    assert_int_equal(one(&r, 0xe5d10000, 0x9000, 0), SYS);
    assert_int_equal(get(&r, CPU_R0), 0x33);
    assert_int_equal(one(&r, 0xe1d100b2, 0x9000, 0), SYS);
    assert_int_equal(get(&r, CPU_R0), 0x1100);
    // Thumb halfwords too.
    rig_w32(&r, CODE + 0x20, 0x2007e7fe); // first halfword (upper): movs r0, #7
    at(&r, SYS | 0x20, CODE + 0x20);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R0), 7);
    rig_fini(&r);
}

// ---- exclusives --------------------------------------------------------------------------------------------

static void test_exclusives(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_mmu_on(&r);
    rig_w32(&r, 0x9000, 5);
    // ldrex r0, [r1]; add r0, #1; strex r2, r0, [r1]; strex r3, r0, [r1]
    rig_code(&r, CODE, 0xe1910f9f, 0xe2800001, 0xe1812f90, 0xe1813f90);
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, 0x9000);
    cpu_run(r.cpu, 4);
    assert_int_equal(get(&r, CPU_R2), 0);
    assert_int_equal(get(&r, CPU_R3), 1);
    assert_int_equal(rig_r32(&r, 0x9000), 6);
    // CLREX, another address, an exception return: each makes it fail.
    static const uint32_t between[] = {0xf57ff01f, 0xe2811004};
    for (size_t k = 0; k < ARRAY_LEN(between); k++) {
        rig_code(&r, CODE, 0xe1910f9f, between[k], 0xe1812f90);
        at(&r, SYS, CODE);
        cpu_set(r.cpu, CPU_R1, 0x9000);
        cpu_run(r.cpu, 3);
        assert_int_equal(get(&r, CPU_R2), 1);
    }
    rig_code(&r, CODE, 0xe1910f9f, 0xef000000, 0xe1812f90);
    rig_code(&r, 8, 0xe1b0f00e);
    at(&r, USR, CODE);
    cpu_set(r.cpu, CPU_R1, 0x9000);
    cpu_run(r.cpu, 4);
    assert_int_equal(get(&r, CPU_R2), 1);
    // Somebody else's store of another value too.
    rig_code(&r, CODE, 0xe1910f9f, 0xe1812f90);
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, 0x9000);
    cpu_run(r.cpu, 1);
    rig_w32(&r, 0x9000, 77);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_R2), 1);
    assert_int_equal(rig_r32(&r, 0x9000), 77);
    // Doublewords, and the same word through two virtual addresses.
    rig_w32(&r, 0x9010, 0x1111);
    rig_w32(&r, 0x9014, 0x2222);
    rig_code(&r, CODE, 0xe1b14f9f, 0xe1a16f94); // ldrexd r4, r5; strexd r6, r4, r5
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, 0x9010);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R4), 0x1111);
    assert_int_equal(get(&r, CPU_R5), 0x2222);
    assert_int_equal(get(&r, CPU_R6), 0);
    rig_fini(&r);
}

static void test_swp(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm926");
    rig_w32(&r, 0x9000, 0x12345678);
    assert_int_equal(one(&r, 0xe1010090, 0x9000, 0xabcdef01), SYS); // swp r0, r0, [r1]
    assert_int_equal(get(&r, CPU_R0), 0x12345678);
    assert_int_equal(rig_r32(&r, 0x9000), 0xabcdef01);
    assert_int_equal(one(&r, 0xe1410090, 0x9001, 0x55), SYS);
    assert_int_equal(get(&r, CPU_R0), 0xef);
    rig_fini(&r);
    rig_init(&r, "cortex-a8");
    uint32_t sctlr;
    assert_int_equal(one(&r, 0xe1010090, 0x9000, 1), UND);
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 << 10);
    assert_int_equal(one(&r, 0xe1010090, 0x9000, 1), SYS);
    rig_fini(&r);
}

// ---- devices ---------------------------------------------------------------------------------------------

static void test_devices_see_size_address_and_value(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    static const struct {
        uint32_t insn, off, size;
    } cases[] = {{0xe5810000, 0, 4}, {0xe5c10001, 1, 1}, {0xe1c100b2, 2, 2}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        assert_int_equal(one(&r, cases[k].insn, 0x50000000, 0x12345678), SYS);
        assert_int_equal(r.bus_pa, 0x50000000 + cases[k].off);
        assert_int_equal(r.bus_size, cases[k].size);
        assert_int_equal(r.bus_val, 0x12345678 & (cases[k].size == 4 ? ~0u : (1u << 8 * cases[k].size) - 1));
    }
    r.bus_val = 0x1122334455667788;
    assert_int_equal(one(&r, 0xe5910004, 0x50000000, 0), SYS);
    assert_int_equal(get(&r, CPU_R0), 0x55667788);
    r.bus_reads = 0;
    assert_int_equal(one(&r, 0xe89101fc, 0x50000000, 0), SYS); // ldm of 7
    assert_int_equal(r.bus_reads, 7);
    struct cpu_counters n;
    cpu_counters(r.cpu, &n);
    assert_int_equal(n.mmio_reads, 8);
    assert_int_equal(n.mmio_writes, 3);
    rig_fini(&r);
}

static void test_instruction_count_is_exact_in_callbacks(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // nop; loop of 4: str r0, [r1]; nop; subs; bne
    rig_code(&r, CODE, NOP, 0xe5810000, NOP, 0xe2544001, 0x1afffffb, SELF);
    at(&r, SYS, CODE);
    cpu_set(r.cpu, CPU_R1, 0x50000000);
    cpu_set(r.cpu, CPU_R4, 5);
    uint64_t n = cpu_insns(r.cpu);
    cpu_run(r.cpu, 2);
    assert_int_equal(r.bus_insns, n + 1);
    cpu_run(r.cpu, 100);
    assert_int_equal(r.bus_insns, n + 1 + 16);
    assert_int_equal(cpu_insns(r.cpu), n + 102);
    rig_fini(&r);
}

static void test_read_only_windows_send_writes_to_the_bus(void **state)
{
    (void)state;
    struct rig r;
    static uint32_t rom[1024] = {0xe3a02007, SELF};
    rig_init(&r, "cortex-a8");
    assert_int_equal(cpu_map_ram(r.cpu, 0x40000000, 4096, rom, CPU_RAM_READONLY, NULL), 0);
    at(&r, SYS, 0x40000000);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_R2), 7);
    assert_int_equal(one(&r, 0xe5810000, 0x40000000, 1), SYS);
    assert_int_equal(r.bus_writes, 1);
    assert_int_equal(rom[0], 0xe3a02007);
    rig_fini(&r);
}

static void test_windows_are_checked(void **state)
{
    (void)state;
    struct rig r;
    struct err err = {0};
    rig_init(&r, "cortex-a8");
    assert_true(cpu_map_ram(r.cpu, 0x100000, 4096, r.ram, 0, &err) < 0);
    assert_true(strstr(err.msg, "overlaps") != NULL);
    assert_true(cpu_map_ram(r.cpu, 0x40000800, 4096, r.ram, 0, &err) < 0);
    assert_true(cpu_map_ram(r.cpu, 0xfffff000, 8192, r.ram, 0, &err) < 0);
    assert_int_equal(cpu_map_ram(r.cpu, 0xfffff000, 4096, r.ram, 0, &err), 0);
    cpu_unmap_ram(r.cpu, 0xfffff000, 4096);
    assert_int_equal(one(&r, 0xe5910000, 0xfffff000, 0), ABT);
    // A hole in the middle of a window.
    cpu_unmap_ram(r.cpu, 0x300000, 0x1000);
    assert_int_equal(one(&r, 0xe5910000, 0x2ffffc, 0), SYS);
    r.bus_reads = 0;
    assert_int_equal(one(&r, 0xe5910000, 0x300000, 0), SYS);
    assert_int_equal(r.bus_reads, 1);
    assert_int_equal(one(&r, 0xe5910000, 0x301000, 0), SYS);
    assert_int_equal(r.bus_reads, 1);
    rig_fini(&r);
}

static void test_code_runs_from_a_device(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    r.bus_val = 0xe2822001; // every word reads as add r2, r2, #1
    at(&r, SYS, 0x50000000);
    cpu_set(r.cpu, CPU_R2, 0);
    cpu_run(r.cpu, 5);
    assert_int_equal(get(&r, CPU_R2), 5);
    assert_int_equal(get(&r, CPU_PC), 0x50000014);
    rig_fini(&r);
}

static void unmap_everything(struct rig *r, uint32_t pa, uint64_t val)
{
    (void)pa;
    (void)val;
    cpu_unmap_ram(r->cpu, 0x400000, 0x400000);
    memset(r->ram + 0x400000, 0xff, 0x400000);
}

static void test_memory_may_vanish_under_running_code(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    r.on_write = unmap_everything;
    rig_code(&r, 0x400000, NOP, 0xe5810000, NOP, SELF);
    r.bus_val = 0;
    at(&r, SYS, 0x400000);
    cpu_set(r.cpu, CPU_R1, 0x50000000);
    cpu_set(r.cpu, CPU_R0, 0xe3a02003); // what the bus will read as: mov r2, #3
    cpu_run(r.cpu, 3);
    assert_int_equal(get(&r, CPU_R2), 3);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_store_to_the_next_instruction_takes_effect),
        cmocka_unit_test(test_a_loop_that_patches_itself),
        cmocka_unit_test(test_thumb_patches_the_second_half_of_an_instruction),
        cmocka_unit_test(test_an_it_block_is_patched_from_inside),
        cmocka_unit_test(test_dma_and_the_debugger_change_code),
        cmocka_unit_test(test_aliases_of_one_memory_share_code),
        cmocka_unit_test(test_data_beside_code_keeps_the_code),
        cmocka_unit_test(test_instructions_across_a_page_boundary),
        cmocka_unit_test(test_v7_allows_unaligned_words_in_normal_memory),
        cmocka_unit_test(test_old_cores_rotate_words_and_force_stores_down),
        cmocka_unit_test(test_big_endian_data),
        cmocka_unit_test(test_be32_moves_bytes_within_words),
        cmocka_unit_test(test_exclusives),
        cmocka_unit_test(test_swp),
        cmocka_unit_test(test_devices_see_size_address_and_value),
        cmocka_unit_test(test_instruction_count_is_exact_in_callbacks),
        cmocka_unit_test(test_read_only_windows_send_writes_to_the_bus),
        cmocka_unit_test(test_windows_are_checked),
        cmocka_unit_test(test_code_runs_from_a_device),
        cmocka_unit_test(test_memory_may_vanish_under_running_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
