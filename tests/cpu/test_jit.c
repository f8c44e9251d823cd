// SPDX-License-Identifier: MIT
//
// The translator against the interpreter: two rigs with the same memory run the same code in the same
// slices, and state (instruction count included) and memory must be equal after every slice. Random
// code comes from the generator of test_unicorn.c. YAMATO_LONG=N multiplies the amount.
#define main unicorn_main
int unicorn_main(void);
#include "tests/cpu/test_unicorn.c"
#undef main

#include "tests/cpu/two.h"

static void random_set(bool thumb, unsigned long wanted)
{
    struct two t;
    struct gen *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->ran = calloc(isa_row_count, sizeof *g->ran);
    assert_non_null(g->ran);
    two_init(&t, "cortex-a15");
    rig_mmu_on(&t.a);
    rig_mmu_on(&t.b);
    g->rig = &t.a;
    g->thumb2 = true;
    g->rng.s = 0x123456789abcdef1ull + thumb;
    const char *times = getenv("YAMATO_LONG"), *seed = getenv("YAMATO_SEED");
    wanted *= times ? strtoul(times, NULL, 0) : 1;
    g->rng.s ^= seed ? strtoull(seed, NULL, 0) << 20 : 0;
    for (unsigned k = 0; k < isa_row_count; k++) {
        const struct isa_row *row = &isa_rows[k];
        if (row->set <= ISA_T32 && (row->set != ISA_A32) == thumb &&
            t.a.cpu->features >> row->feature & 1 && !why_excluded(row, t.a.cpu->features)) {
            g->rows[row->set][g->count[row->set]++] = row;
        }
    }
    for (uint32_t a = 0; a < DATA_BYTES; a += 4) {
        uint32_t v = rnd(&g->rng);
        two_put(&t, DATA + a, &v, 4);
    }
    while (g->insns < wanted) {
        make_block(g, thumb);
        // Behind the block: stay there, or go around with whatever flags are pending, in A32 over some
        // of the last instructions only, often on a condition.
        unsigned few = rnd(&g->rng) % 4 ? 1 + rnd(&g->rng) % 14 : g->bytes / 4;
        uint32_t cond = (rnd(&g->rng) % 2 ? 14 : rnd(&g->rng) % 14) << 28;
        uint32_t back = thumb ? 0xe000e000u | ((0u - (g->bytes + 4) / 2) & 0x7ff) * 0x10001u
                              : 0x0a000000u | cond | ((0u - few - 2) & 0xffffff);
        uint32_t stay = thumb ? 0xe7fee7feu : 0xeafffffeu;
        bool again_and_again = rnd(&g->rng) % 2;
        memcpy(g->code + g->bytes, again_and_again ? &back : &stay, 4);
        memcpy(g->code + g->bytes + 4, &stay, 4);
        // Often twice in a row with other data; in slices of every size.
        two_put(&t, CODE, g->code, g->bytes + 8);
        for (unsigned again = 0; again < 2; again++) {
            two_set(&t, CPU_CPSR, (rnd(&g->rng) & 0xf80f0000) | 0x10 | (thumb ? 0x20u : 0));
            for (unsigned r = 0; r < 15; r++) {
                two_set(&t, (enum cpu_reg)r, rnd_value(&g->rng));
            }
            two_set(&t, CPU_PC, CODE);
            unsigned slice = 1 + rnd(&g->rng) % 60;
            for (unsigned done = 0; done < (again_and_again ? 180u : 60u); done += slice) {
                two_run(&t, slice);
            }
            assert_memory_equal(t.a.ram + DATA, t.b.ram + DATA, DATA_BYTES);
        }
    }
    two_translated(&t);
    printf("%s: %lu random instructions\n", thumb ? "T16+T32" : "A32", g->insns);
    free(g->ran);
    free(g);
    two_fini(&t);
}

static void test_random_a32_is_equal(void **state)
{
    (void)state;
    random_set(false, 500000);
}

static void test_random_thumb_is_equal(void **state)
{
    (void)state;
    random_set(true, 500000);
}

// Sums, stores and calls in two nested loops.
static const uint32_t loops[] = {
    0xe3a0da20, // mov sp, #0x20000
    0xe3a00000, // mov r0, #0
    0xe3a01005, // 1: mov r1, #5
    0xe0800001, // 2: add r0, r0, r1
    0xe92d4003, // push {r0, r1, lr}
    0xeb000004, // bl 3f
    0xe8bd4003, // pop {r0, r1, lr}
    0xe2511001, // subs r1, r1, #1
    0x1afffff9, // bne 2b
    0xe3500c02, // cmp r0, #512
    0xbafffff6, // blt 1b
    0xeafffffe, // b .
    0xe3100001, // 3: tst r0, #1
    0x02822001, // addeq r2, r2, #1
    0x10433000, // subne r3, r3, r0
    0xe12fff1e, // bx lr
};

static void test_every_budget_stops_where_the_interpreter_stops(void **state)
{
    (void)state;
    struct two t;
    two_init(&t, "cortex-a8");
    two_put(&t, CODE, loops, sizeof loops);
    for (unsigned n = 1; n < 200; n++) {
        two_set(&t, CPU_PC, CODE);
        two_run(&t, n);
        for (unsigned k = 0; k < 40; k++) {
            two_run(&t, n);
        }
    }
    two_translated(&t);
    two_fini(&t);
}

static void ack(struct rig *r, uint32_t pa, uint64_t val)
{
    (void)val;
    if (pa == 0x80000000) {
        cpu_set_line(r->cpu, CPU_LINE_IRQ, false);
    } else if (pa == 0x80000004) {
        cpu_set_line(r->cpu, CPU_LINE_IRQ, true);
    }
}

static void test_interrupts_come_at_the_same_instruction(void **state)
{
    (void)state;
    static const uint32_t handler[] = {
        0xe24ee004, // sub lr, lr, #4
        0xe92d500f, // push {r0-r3, ip, lr}
        0xe3a00102, // mov r0, #0x80000000
        0xe5801000, // str r1, [r0]
        0xe59f3010, // ldr r3, [pc, #16]
        0xe2833001, // add r3, r3, #1
        0xe58f3008, // str r3, [pc, #8]
        0xe8fd900f, // ldm sp!, {r0-r3, ip, pc}^
        0xe1a00000, 0xe1a00000, 0,
    };
    static const uint32_t vector = 0xea0007f8; // at 0x18: b 0x2000
    struct two t;
    struct rng g = {77};
    two_init(&t, "cortex-a8");
    t.a.on_write = t.b.on_write = ack;
    two_put(&t, CODE, loops, sizeof loops);
    two_put(&t, 0x2000, handler, sizeof handler);
    two_put(&t, 0x18, &vector, 4);
    two_set(&t, CPU_CPSR, 0x12 | 0xc0);
    two_set(&t, CPU_SP, 0x30000);
    two_set(&t, CPU_CPSR, 0x1f);
    for (unsigned n = 0; n < 3000; n++) {
        if (!(n % 20)) {
            two_set(&t, CPU_CPSR, 0x1f);
            two_set(&t, CPU_PC, CODE);
        }
        bool level = rnd(&g) % 2;
        cpu_set_line(t.a.cpu, CPU_LINE_IRQ, level);
        cpu_set_line(t.b.cpu, CPU_LINE_IRQ, level);
        two_run(&t, 1 + rnd(&g) % 90);
    }
    struct cpu_counters counters;
    cpu_counters(t.b.cpu, &counters);
    assert_true(counters.irqs > 500);
    assert_memory_equal(t.a.ram, t.b.ram, RIG_RAM);
    two_translated(&t);
    two_fini(&t);
}

static void test_code_that_rewrites_itself(void **state)
{
    (void)state;
    static const uint32_t code[] = {
        0xe3a00000, // mov r0, #0
        0xe3a04064, // mov r4, #100
        0xe59f2020, // ldr r2, [pc, #32]   @ add r0, r0, #1
        0xe28f100c, // 1: add r1, pc, #12  @ address of 2
        0xe2822001, // add r2, r2, #1
        0xe21430ff, // ands r3, r4, #255
        0xe5812000, // str r2, [r1]
        0xe1a05005, // mov r5, r5
        0xe2800000, // 2: add r0, r0, #0   @ replaced each time
        0xe2544001, // subs r4, r4, #1
        0x1afffff7, // bne 1b
        0xeafffffe, // b .
        0xe2800000,
    };
    for (unsigned slice = 1; slice < 60; slice += 7) {
        struct two t;
        two_init(&t, "cortex-a8");
        two_put(&t, CODE, code, sizeof code);
        two_set(&t, CPU_PC, CODE);
        for (unsigned k = 0; k < 900; k += slice) {
            two_run(&t, slice);
        }
        assert_int_equal(cpu_get(t.b.cpu, CPU_R4), 0);
        assert_int_not_equal(cpu_get(t.b.cpu, CPU_R0), 0);
        two_translated(&t);
        two_fini(&t);
    }
}

// Multiple loads and stores whose second page is missing change nothing and abort alike.
static void test_aborts_inside_multiples_are_precise(void **state)
{
    (void)state;
    static const uint32_t insns[] = {
        0xe8b000fe, // ldm r0!, {r1-r7}
        0xe8a000fe, // stm r0!, {r1-r7}
        0xe89080fe, // ldm r0, {r1-r7, pc}
        0xe1c020d0, // ldrd r2, [r0]
        0xe1c020f0, // strd r2, [r0]
        0xe5b01004, // ldr r1, [r0, #4]!
        0xe4801004, // str r1, [r0], #4
    };
    static const uint32_t stay = 0xeafffffe;
    struct two t;
    two_init(&t, "cortex-a8");
    rig_mmu_on(&t.a);
    rig_mmu_on(&t.b);
    uint32_t fault = 0;
    two_put(&t, RIG_TABLE + 4 * 4, &fault, 4); // megabyte 4 is not mapped
    two_put(&t, 0x10, &stay, 4);
    for (unsigned k = 0; k < ARRAY_LEN(insns); k++) {
        uint32_t code[] = {0xe2511001, insns[k], 0xe2922001, stay}; // subs, it, adds
        two_put(&t, CODE, code, sizeof code);
        for (uint32_t at = 0x400000 - 40; at < 0x400008; at += 4) {
            two_set(&t, CPU_CPSR, 0x1f);
            for (unsigned r = 1; r < 8; r++) {
                two_set(&t, (enum cpu_reg)r, r * 0x01010101);
            }
            two_set(&t, CPU_R0, at);
            two_set(&t, CPU_PC, CODE);
            two_run(&t, 20);
        }
    }
    struct cpu_counters counters;
    cpu_counters(t.b.cpu, &counters);
    assert_true(counters.data_aborts > 30);
    assert_memory_equal(t.a.ram, t.b.ram, RIG_RAM);
    two_translated(&t);
    two_fini(&t);
}

// A callback sees the exact count of instructions.
static void test_the_bus_sees_the_exact_count(void **state)
{
    (void)state;
    static const uint32_t code[] = {0xe3a00102, 0xe2800001, 0xe2400001, 0xe5801008, 0xe5901008,
                                    0xeafffffc}; // 1: str, ldr, b 1b
    struct two t;
    two_init(&t, "cortex-a8");
    two_put(&t, CODE, code, sizeof code);
    two_set(&t, CPU_PC, CODE);
    for (unsigned k = 1; k < 50; k++) {
        two_run(&t, k);
        assert_int_equal(t.a.bus_insns, t.b.bus_insns);
        assert_int_equal(t.a.bus_writes, t.b.bus_writes);
        assert_int_equal(t.a.bus_reads, t.b.bus_reads);
    }
    two_translated(&t);
    two_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_budget_stops_where_the_interpreter_stops),
        cmocka_unit_test(test_interrupts_come_at_the_same_instruction),
        cmocka_unit_test(test_code_that_rewrites_itself),
        cmocka_unit_test(test_aborts_inside_multiples_are_precise),
        cmocka_unit_test(test_the_bus_sees_the_exact_count),
        cmocka_unit_test(test_random_a32_is_equal),
        cmocka_unit_test(test_random_thumb_is_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
