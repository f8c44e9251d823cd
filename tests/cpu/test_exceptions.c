// SPDX-License-Identifier: MIT
//
// Exceptions: entry state of every kind, returns, masks, vectors, banked registers, interrupts and
// their exact place, WFI, ITSTATE across faults, the security extensions' part.
#include "tests/cpu/rig.h"

enum { USR = 0x10, FIQ = 0x11, IRQ = 0x12, SVC = 0x13, MON = 0x16, ABT = 0x17, UND = 0x1b, SYS = 0x1f };
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

static void expect_entry(struct rig *r, uint32_t mode, uint32_t pc, uint32_t lr, uint32_t spsr)
{
    assert_int_equal(get(r, CPU_CPSR) & 0x1f, mode);
    assert_int_equal(get(r, CPU_PC), pc);
    assert_int_equal(get(r, CPU_LR), lr);
    assert_int_equal(get(r, CPU_SPSR), spsr);
    assert_true(get(r, CPU_CPSR) & 0x80);
}

static void test_reset_state(void **state)
{
    (void)state;
    for (const char *const *m = cpu_models(); *m; m++) {
        struct rig r;
        rig_init(&r, *m);
        assert_int_equal(get(&r, CPU_CPSR) & 0xff, 0xd3);
        assert_int_equal(get(&r, CPU_PC), 0);
        assert_int_equal(cpu_insns(r.cpu), 0);
        rig_fini(&r);
    }
}

static void test_svc_and_return(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xef000001, NOP);
    rig_code(&r, 8, 0xe1b0f00e); // movs pc, lr
    at(&r, 0x60000000 | USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, SVC, 8, CODE + 4, 0x60000010);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1ff, 0x93); // only I
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), CODE + 4);
    assert_int_equal(get(&r, CPU_CPSR), 0x60000010);
    // Thumb: the link is the next halfword.
    rig_thumb(&r, CODE, 0xdf05, 0xbf00);
    at(&r, 0x20 | USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, SVC, 8, CODE + 2, 0x30);
    assert_false(get(&r, CPU_CPSR) & 0x20);
    rig_fini(&r);
}

static void test_undefined_link_addresses(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe7f000f0);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, UND, 4, CODE + 4, USR);
    rig_thumb(&r, CODE, 0xde00);
    at(&r, 0x20 | USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, UND, 4, CODE + 2, 0x20 | USR);
    rig_thumb(&r, CODE, 0xf7f0, 0xa000); // UDF.W
    at(&r, 0x20 | USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, UND, 4, CODE + 2, 0x20 | USR);
    rig_fini(&r);
}

static void test_a_failed_condition_hides_an_undefined_instruction(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0x07f000f0);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), CODE + 4);
    rig_fini(&r);
}

static void test_aborts_restore_the_base(void **state)
{
    (void)state;
    static const uint32_t insns[] = {
        0xe5b10004, // ldr r0, [r1, #4]!
        0xe4910004, // ldr r0, [r1], #4
        0xe5a10004, // str r0, [r1, #4]!
        0xe8b1000c, // ldmia r1!, {r2, r3}
        0xe8b1000e, // ldmia r1!, {r1, r2, r3}
        0xe921000c, // stmdb r1!, {r2, r3}
        0xe1f100d4, // ldrd r0, [r1, #4]!
        0xe1e120f4, // strd r2, [r1, #4]!
        0xe1910f9f, // ldrex r0, [r1]
    };
    struct rig r;
    rig_init(&r, "cortex-a8");
    for (size_t k = 0; k < ARRAY_LEN(insns); k++) {
        rig_code(&r, CODE, insns[k]);
        at(&r, 0xa0000000 | USR, CODE);
        for (unsigned n = 0; n < 13; n++) {
            cpu_set(r.cpu, (enum cpu_reg)n, 0xb0000000 + 16 * n);
        }
        cpu_run(r.cpu, 1);
        expect_entry(&r, ABT, 0x10, CODE + 8, 0xa0000010);
        for (unsigned n = 0; n < 13; n++) {
            assert_int_equal(get(&r, (enum cpu_reg)n), 0xb0000000 + 16 * n);
        }
    }
    rig_fini(&r);
}

static void test_a_multiple_store_that_faults_later_writes_nothing(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_mmu_on(&r);
    // The second page is read-only.
    for (unsigned k = 0; k < 256; k++) {
        rig_w32(&r, RIG_L2 + 4 * k, 0x300000 | k << 12 | (k == 1 ? 0x22e : 0x3e));
    }
    rig_w32(&r, RIG_TABLE + 0x90000000 / 0x100000 * 4, RIG_L2 | 1);
    rig_code(&r, CODE, 0xe8a100fc); // stmia r1!, {r2-r7}
    at(&r, USR, CODE);
    cpu_set(r.cpu, CPU_R1, 0x90000ff8);
    cpu_set(r.cpu, CPU_R2, 0x1234);
    cpu_run(r.cpu, 1);
    expect_entry(&r, ABT, 0x10, CODE + 8, USR);
    assert_int_equal(get(&r, CPU_R1), 0x90000ff8);
    assert_int_equal(rig_r32(&r, 0x300ff8), 0);
    uint32_t far;
    assert_true(cpu_get_cp15(r.cpu, 6, 0, 0, 0, &far));
    assert_int_equal(far, 0x90001000);
    rig_fini(&r);
}

static void test_prefetch_abort(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    at(&r, USR, 0xb0000000);
    cpu_run(r.cpu, 1);
    expect_entry(&r, ABT, 0xc, 0xb0000004, USR);
    assert_true(get(&r, CPU_CPSR) & 0x100);
    rig_fini(&r);
}

static void test_an_abort_loop_spends_the_budget(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_cp15(&r, 12, 0, 0, 0, 0xb0000000); // vectors where nothing answers
    at(&r, USR, 0xb0000000);
    uint64_t n = cpu_insns(r.cpu);
    assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_BUDGET);
    assert_int_equal(cpu_insns(r.cpu), n + 1000);
    rig_fini(&r);
}

static void test_high_vectors_and_vbar(void **state)
{
    (void)state;
    struct rig r;
    uint32_t sctlr;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xef000000);
    rig_cp15(&r, 12, 0, 0, 0, 0x00200020);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), 0x00200028);
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 << 13);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), 0xffff0008);
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 << 30); // TE
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0x20, 0x20);
    rig_fini(&r);
}

static void test_banked_registers(void **state)
{
    (void)state;
    static const uint32_t modes[] = {USR, FIQ, IRQ, SVC, ABT, UND, MON};
    struct rig r;
    rig_init(&r, "cortex-a8");
    for (size_t k = 0; k < ARRAY_LEN(modes); k++) {
        cpu_set(r.cpu, CPU_CPSR, modes[k]);
        cpu_set(r.cpu, CPU_SP, 0x1000 + modes[k]);
        cpu_set(r.cpu, CPU_LR, 0x2000 + modes[k]);
        cpu_set(r.cpu, CPU_R8, 0x3000 + (modes[k] == FIQ));
        cpu_set(r.cpu, CPU_SPSR, modes[k] << 28 | USR);
    }
    for (size_t k = 0; k < ARRAY_LEN(modes); k++) {
        cpu_set(r.cpu, CPU_CPSR, modes[k]);
        assert_int_equal(get(&r, CPU_SP), 0x1000 + modes[k]);
        assert_int_equal(get(&r, CPU_LR), 0x2000 + modes[k]);
        assert_int_equal(get(&r, CPU_R8), 0x3000 + (modes[k] == FIQ));
        assert_int_equal(get(&r, CPU_SPSR), modes[k] == USR ? 0 : modes[k] << 28 | USR);
    }
    cpu_set(r.cpu, CPU_CPSR, SYS);
    assert_int_equal(get(&r, CPU_SP), 0x1000 + USR);
    // LDM and STM with ^ reach the user's registers from elsewhere.
    rig_code(&r, CODE, 0xe8c06100, 0xe8d16100); // stmia r0, {r8,sp,lr}^; ldmia r1, {r8,sp,lr}^
    rig_w32(&r, 0x9100, 0xaaa);
    rig_w32(&r, 0x9104, 0xbbb);
    rig_w32(&r, 0x9108, 0xccc);
    at(&r, FIQ | 0xc0, CODE);
    cpu_set(r.cpu, CPU_R0, 0x9000);
    cpu_set(r.cpu, CPU_R1, 0x9100);
    cpu_run(r.cpu, 2);
    assert_int_equal(rig_r32(&r, 0x9000), 0x3000);
    assert_int_equal(rig_r32(&r, 0x9004), 0x1000 + USR);
    assert_int_equal(rig_r32(&r, 0x9008), 0x2000 + USR);
    assert_int_equal(get(&r, CPU_R8), 0x3001);
    cpu_set(r.cpu, CPU_CPSR, SYS);
    assert_int_equal(get(&r, CPU_R8), 0xaaa);
    assert_int_equal(get(&r, CPU_SP), 0xbbb);
    assert_int_equal(get(&r, CPU_LR), 0xccc);
    rig_fini(&r);
}

// ---- interrupts ------------------------------------------------------------------------------------

static void test_interrupts_obey_masks_and_priority(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, NOP, NOP, NOP, NOP);
    at(&r, USR | 0xc0, CODE);
    cpu_set_line(r.cpu, CPU_LINE_IRQ, true);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_PC), CODE + 8);
    at(&r, USR, CODE);
    rig_code(&r, 0x18, SELF);
    rig_code(&r, 0x1c, SELF);
    cpu_run(r.cpu, 1);
    expect_entry(&r, IRQ, 0x18, CODE + 4, USR);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1ff, 0x192);
    cpu_set_line(r.cpu, CPU_LINE_FIQ, true);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, FIQ, 0x1c, CODE + 4, USR);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1ff, 0x1d1);
    cpu_set_line(r.cpu, CPU_LINE_FIQ, false);
    cpu_set_line(r.cpu, CPU_LINE_IRQ, false);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), CODE + 4);
    struct cpu_counters n;
    cpu_counters(r.cpu, &n);
    assert_int_equal(n.irqs, 1);
    assert_int_equal(n.fiqs, 1);
    rig_fini(&r);
}

static void test_unmasking_takes_a_pending_interrupt_at_once(void **state)
{
    (void)state;
    static const uint32_t openers[] = {
        0xf1080080, // cpsie i
        0xe121f000, // msr cpsr_c, r0
    };
    for (size_t k = 0; k < ARRAY_LEN(openers); k++) {
        struct rig r;
        rig_init(&r, "cortex-a8");
        rig_code(&r, CODE, NOP, openers[k], NOP, NOP);
        rig_code(&r, 0x18, SELF);
        at(&r, SVC | 0x80, CODE);
        cpu_set(r.cpu, CPU_R0, SVC);
        cpu_set_line(r.cpu, CPU_LINE_IRQ, true);
        cpu_run(r.cpu, 3);
        expect_entry(&r, IRQ, 0x18, CODE + 12, SVC);
        rig_fini(&r);
    }
}

static void raise_irq(struct rig *r, uint32_t pa, uint64_t val)
{
    (void)pa;
    cpu_set_line(r->cpu, CPU_LINE_IRQ, val);
}

static void test_a_device_raises_its_line_before_the_next_instruction(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    r.on_write = raise_irq;
    rig_code(&r, CODE, 0xe5810000, NOP, NOP); // str r0, [r1]
    rig_code(&r, 0x18, SELF);
    at(&r, SVC, CODE);
    cpu_set(r.cpu, CPU_R0, 1);
    cpu_set(r.cpu, CPU_R1, 0x50000000);
    cpu_run(r.cpu, 2);
    expect_entry(&r, IRQ, 0x18, CODE + 8, SVC);
    rig_fini(&r);
}

static void test_interrupts_reach_a_tight_loop(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, NOP, 0xeafffffd); // nop; b .-4
    rig_code(&r, 0x18, SELF);
    at(&r, SVC, CODE);
    cpu_run(r.cpu, 1001);
    cpu_set_line(r.cpu, CPU_LINE_IRQ, true);
    cpu_run(r.cpu, 10);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, IRQ);
    rig_fini(&r);
}

static void test_wfi_waits_and_any_line_wakes(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe320f003, NOP, NOP);
    at(&r, SVC | 0xc0, CODE);
    uint64_t n = cpu_insns(r.cpu);
    assert_int_equal(cpu_run(r.cpu, 100), CPU_STOP_WFI);
    assert_int_equal(cpu_insns(r.cpu), n + 1);
    assert_int_equal(cpu_run(r.cpu, 100), CPU_STOP_WFI);
    assert_int_equal(cpu_insns(r.cpu), n + 1);
    cpu_set_line(r.cpu, CPU_LINE_IRQ, true); // masked, but wakes
    assert_int_equal(cpu_run(r.cpu, 1), CPU_STOP_BUDGET);
    assert_int_equal(get(&r, CPU_PC), CODE + 8);
    // With a line high it does not wait at all.
    at(&r, SVC | 0xc0, CODE);
    assert_int_equal(cpu_run(r.cpu, 2), CPU_STOP_BUDGET);
    assert_int_equal(get(&r, CPU_PC), CODE + 8);
    rig_fini(&r);
    rig_init(&r, "arm926");
    rig_code(&r, CODE, 0xee070f90, NOP); // mcr p15, 0, r0, c7, c0, 4
    at(&r, SVC | 0xc0, CODE);
    assert_int_equal(cpu_run(r.cpu, 100), CPU_STOP_WFI);
    assert_int_equal(get(&r, CPU_PC), CODE + 4);
    rig_fini(&r);
}

static void test_request_stop_ends_the_run(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, SELF);
    at(&r, SVC, CODE);
    cpu_request_stop(r.cpu);
    assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_REQUEST);
    assert_int_equal(cpu_run(r.cpu, 1000), CPU_STOP_BUDGET);
    rig_fini(&r);
}

static void stop_now(struct rig *r, uint32_t pa, uint64_t val)
{
    (void)pa;
    (void)val;
    cpu_request_stop(r->cpu);
}

static void test_request_stop_from_a_device_stops_after_the_instruction(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    r.on_write = stop_now;
    rig_code(&r, CODE, NOP, NOP, 0xe5a10004, NOP); // str r0, [r1, #4]!
    at(&r, SVC, CODE);
    cpu_set(r.cpu, CPU_R1, 0x50000000);
    uint64_t n = cpu_insns(r.cpu);
    assert_int_equal(cpu_run(r.cpu, 100), CPU_STOP_REQUEST);
    assert_int_equal(get(&r, CPU_PC), CODE + 12);
    assert_int_equal(get(&r, CPU_R1), 0x50000004);
    assert_int_equal(cpu_insns(r.cpu), n + 3);
    assert_int_equal(r.bus_insns, n + 2); // in the callback: those before it
    rig_fini(&r);
}

// ---- stacks and returns -----------------------------------------------------------------------------

static void test_srs_and_rfe(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xf96d0513); // srsdb sp!, #19
    cpu_set(r.cpu, CPU_CPSR, SVC);
    cpu_set(r.cpu, CPU_SP, 0xa000);
    at(&r, IRQ | 0x80, CODE);
    cpu_set(r.cpu, CPU_LR, 0x4444);
    cpu_set(r.cpu, CPU_SPSR, 0x80000010);
    cpu_run(r.cpu, 1);
    assert_int_equal(rig_r32(&r, 0x9ff8), 0x4444);
    assert_int_equal(rig_r32(&r, 0x9ffc), 0x80000010);
    rig_code(&r, CODE, 0xf8bd0a00); // rfeia sp!
    at(&r, SVC | 0x80, CODE);
    assert_int_equal(get(&r, CPU_SP), 0x9ff8);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), 0x4444);
    assert_int_equal(get(&r, CPU_CPSR), 0x80000010);
    cpu_set(r.cpu, CPU_CPSR, SVC);
    assert_int_equal(get(&r, CPU_SP), 0xa000);
    rig_fini(&r);
}

static void test_ldm_exception_return_into_thumb(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe8fd8003); // ldmia sp!, {r0, r1, pc}^
    rig_w32(&r, 0xa000, 11);
    rig_w32(&r, 0xa004, 22);
    rig_w32(&r, 0xa008, 0x5002);
    at(&r, SVC | 0x80, CODE);
    cpu_set(r.cpu, CPU_SP, 0xa000);
    cpu_set(r.cpu, CPU_SPSR, USR | 0x20);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_PC), 0x5002);
    assert_int_equal(get(&r, CPU_CPSR), USR | 0x20);
    assert_int_equal(get(&r, CPU_R1), 22);
    rig_fini(&r);
}

static void test_faults_inside_an_it_block_resume_there(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    // itte eq; ldreq r0, [r1]; moveq r2, #5; movne r3, #6; b .
    rig_thumb(&r, CODE, 0xbf06, 0x6808, 0x2205, 0x2306, 0xe7fe);
    rig_code(&r, 0x10, 0xe1a01004, 0xe25ef008); // mov r1, r4; subs pc, lr, #8
    cpu_set(r.cpu, CPU_CPSR, 0x40000000 | USR | 0x20);
    cpu_set(r.cpu, CPU_PC, CODE);
    cpu_set(r.cpu, CPU_R1, 0xb0000000);
    cpu_set(r.cpu, CPU_R4, 0x9000);
    rig_w32(&r, 0x9000, 77);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, ABT);
    // ITSTATE of the load: EQ with two more to go.
    uint32_t spsr = get(&r, CPU_SPSR);
    assert_int_equal((spsr >> 25 & 3) | (spsr >> 8 & 0xfc), 0x06);
    cpu_run(r.cpu, 6);
    assert_int_equal(get(&r, CPU_R0), 77);
    assert_int_equal(get(&r, CPU_R2), 5);
    assert_int_equal(get(&r, CPU_R3), 0);
    assert_int_equal(get(&r, CPU_PC), CODE + 8);
    // The flags must not have been set by the MOVs.
    assert_int_equal(get(&r, CPU_CPSR) & 0xf0000000, 0x40000000);
    rig_fini(&r);
}

static void test_budgets_end_inside_it_blocks(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_thumb(&r, CODE, 0xbf0c, 0x2201, 0x2202, 0x2303); // ite eq
    for (unsigned split = 1; split <= 4; split++) {
        cpu_set(r.cpu, CPU_R2, 0);
        cpu_set(r.cpu, CPU_R3, 0);
        at(&r, USR | 0x20, CODE); // NE
        cpu_run(r.cpu, split);
        cpu_run(r.cpu, 4 - split);
        assert_int_equal(get(&r, CPU_R2), 2);
        assert_int_equal(get(&r, CPU_R3), 3);
        assert_int_equal(get(&r, CPU_PC), CODE + 8);
    }
    rig_fini(&r);
}

static void test_bkpt_is_a_prefetch_abort_with_the_debug_status(void **state)
{
    (void)state;
    struct rig r;
    uint32_t ifsr;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe1200070);
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, ABT, 0xc, CODE + 4, USR);
    assert_true(cpu_get_cp15(r.cpu, 5, 0, 0, 1, &ifsr));
    assert_int_equal(ifsr, 2);
    rig_fini(&r);
}

// ---- privilege -----------------------------------------------------------------------------------------

static void test_user_mode_cannot_change_its_privilege(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_code(&r, CODE, 0xe12ff000, 0xf10c0080 | 0, 0xee110f10); // msr cpsr_fsxc, r0; cpsid i; mrc SCTLR
    at(&r, USR, CODE);
    cpu_set(r.cpu, CPU_R0, 0xf80f01df);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR), 0xf80f0010);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0xff, USR);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, UND);
    rig_fini(&r);
}

static void test_thread_registers_follow_their_access_rules(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_cp15(&r, 13, 0, 0, 3, 0x1234);
    rig_code(&r, CODE, 0xee1d0f70, 0xee0d0f50, 0xee0d0f70); // mrc URO; mcr URW; mcr URO
    at(&r, USR, CODE);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_R0), 0x1234);
    cpu_run(r.cpu, 1);
    uint32_t v;
    assert_true(cpu_get_cp15(r.cpu, 13, 0, 0, 2, &v));
    assert_int_equal(v, 0x1234);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, UND);
    rig_fini(&r);
}

static void test_secure_monitor_call_and_banked_system_registers(void **state)
{
    (void)state;
    struct rig r;
    uint32_t v;
    rig_init(&r, "cortex-a8");
    rig_cp15(&r, 12, 0, 0, 1, 0x4000); // MVBAR
    rig_cp15(&r, 12, 0, 0, 0, 0x6000);
    rig_cp15(&r, 13, 0, 0, 2, 0x5ec);
    rig_code(&r, CODE, 0xe1600070, NOP);
    // In the monitor: NS = 1, return.
    rig_code(&r, 0x4008, 0xe3a00001, 0xee010f11, 0xe1b0f00e);
    at(&r, SVC | 0xc0, CODE);
    cpu_run(r.cpu, 1);
    expect_entry(&r, MON, 0x4008, CODE + 4, SVC | 0xc0);
    cpu_run(r.cpu, 3);
    assert_int_equal(get(&r, CPU_PC), CODE + 4);
    assert_true(cpu_get_cp15(r.cpu, 12, 0, 0, 0, &v));
    assert_int_equal(v, 0); // the non-secure copy
    assert_true(cpu_get_cp15(r.cpu, 13, 0, 0, 2, &v));
    assert_int_equal(v, 0);
    // Non-secure code reaches neither SCR nor monitor mode.
    rig_code(&r, CODE + 4, 0xe321f016, 0xee110f11); // msr cpsr_c, #MON; mrc SCR
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, SVC);
    cpu_run(r.cpu, 1);
    assert_int_equal(get(&r, CPU_CPSR) & 0x1f, UND);
    rig_fini(&r);
}

static void test_the_vectors_of_the_windows_primer(void **state)
{
    (void)state;
    // FIQ prologue in Thumb: SRSIA, STRD; with SCTLR.TE the table of 32-bit branches works in Thumb.
    struct rig r;
    uint32_t sctlr;
    rig_init(&r, "cortex-a8");
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 << 30);
    rig_thumb(&r, 8, 0xf000, 0xb87a); // b.w
    rig_thumb(&r, 0x100, 0xbf00, 0xe7fe);
    rig_thumb(&r, CODE, 0xdf01);
    at(&r, USR | 0x20, CODE);
    cpu_run(r.cpu, 2);
    assert_int_equal(get(&r, CPU_PC), 0x100);
    assert_int_equal(get(&r, CPU_CPSR) & 0x3f, SVC | 0x20);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset_state),
        cmocka_unit_test(test_svc_and_return),
        cmocka_unit_test(test_undefined_link_addresses),
        cmocka_unit_test(test_a_failed_condition_hides_an_undefined_instruction),
        cmocka_unit_test(test_aborts_restore_the_base),
        cmocka_unit_test(test_a_multiple_store_that_faults_later_writes_nothing),
        cmocka_unit_test(test_prefetch_abort),
        cmocka_unit_test(test_an_abort_loop_spends_the_budget),
        cmocka_unit_test(test_high_vectors_and_vbar),
        cmocka_unit_test(test_banked_registers),
        cmocka_unit_test(test_interrupts_obey_masks_and_priority),
        cmocka_unit_test(test_unmasking_takes_a_pending_interrupt_at_once),
        cmocka_unit_test(test_a_device_raises_its_line_before_the_next_instruction),
        cmocka_unit_test(test_interrupts_reach_a_tight_loop),
        cmocka_unit_test(test_wfi_waits_and_any_line_wakes),
        cmocka_unit_test(test_request_stop_ends_the_run),
        cmocka_unit_test(test_request_stop_from_a_device_stops_after_the_instruction),
        cmocka_unit_test(test_srs_and_rfe),
        cmocka_unit_test(test_ldm_exception_return_into_thumb),
        cmocka_unit_test(test_faults_inside_an_it_block_resume_there),
        cmocka_unit_test(test_budgets_end_inside_it_blocks),
        cmocka_unit_test(test_bkpt_is_a_prefetch_abort_with_the_debug_status),
        cmocka_unit_test(test_user_mode_cannot_change_its_privilege),
        cmocka_unit_test(test_thread_registers_follow_their_access_rules),
        cmocka_unit_test(test_secure_monitor_call_and_banked_system_registers),
        cmocka_unit_test(test_the_vectors_of_the_windows_primer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
