// SPDX-License-Identifier: MIT
//
// Rows of the instruction tables that no other test runs: exceptions and returns in Thumb, banked
// registers, coprocessors that are not there.
#include "tests/cpu/rig.h"

enum { CODE = 0x8000, STACK = 0x9100 };

// The rig after the code has run for `insns` instructions from SVC mode, interrupts open.
static void run(struct rig *r, const char *model, bool thumb, const uint16_t *code, unsigned halves,
                unsigned insns)
{
    rig_init(r, model);
    for (unsigned k = 0; k < halves; k++) {
        // A32 words are given most significant half first.
        unsigned at = thumb ? k : k ^ 1;
        put_le16(r->ram + CODE + 2 * at, code[k]);
    }
    cpu_set(r->cpu, CPU_CPSR, 0x13 | (thumb ? 0x20 : 0));
    cpu_set(r->cpu, CPU_PC, CODE);
    cpu_set(r->cpu, CPU_R0, STACK);
    cpu_set(r->cpu, CPU_R1, 0xa001);
    cpu_set(r->cpu, CPU_SP, STACK);
    cpu_set(r->cpu, CPU_LR, 0xb004);
    cpu_set(r->cpu, CPU_SPSR, 0x10);
    rig_w32(r, STACK, 0xc000);
    rig_w32(r, STACK + 4, 0x1f);
    rig_w32(r, STACK - 8, 0xd000);
    rig_w32(r, STACK - 4, 0x1b);
    cpu_run(r->cpu, insns);
}

#define RUN(r, model, thumb, insns, ...)                                                           \
    do {                                                                                           \
        const uint16_t code_[] = {__VA_ARGS__};                                                    \
        run(r, model, thumb, code_, sizeof code_ / 2, insns);                                      \
    } while (0)

static uint32_t mode(struct rig *r)
{
    return cpu_get(r->cpu, CPU_CPSR) & 0x1f;
}

static void undefined_rows_are_undefined(void **state)
{
    static const struct {
        bool thumb;
        uint16_t first, second;
    } rows[] = {
        {false, 0xe140, 0x0070}, {false, 0xe7f0, 0x00f0},                          // HVC, UDF
        {false, 0xee00, 0x0100}, {false, 0xec41, 0x0100}, {false, 0xec51, 0x0100}, // CDP MCRR MRRC
        {false, 0xed80, 0x0100}, {false, 0xed90, 0x0100}, {false, 0xfe00, 0x0100}, // STC LDC CDP2
        {false, 0xfe00, 0x0110}, {false, 0xfe10, 0x0110}, {false, 0xfc41, 0x0100}, // MCR2 MRC2 MCRR2
        {false, 0xfc51, 0x0100}, {false, 0xfd80, 0x0100}, {false, 0xfd90, 0x0100}, // MRRC2 STC2 LDC2
        {true, 0xee00, 0x0100},  {true, 0xec41, 0x0100},  {true, 0xec51, 0x0100},
        {true, 0xed80, 0x0100},  {true, 0xed90, 0x0100},  {true, 0xfe00, 0x0100},
        {true, 0xfe00, 0x0110},  {true, 0xfe10, 0x0110},  {true, 0xfc41, 0x0100},
        {true, 0xfc51, 0x0100},  {true, 0xfd80, 0x0100},  {true, 0xfd90, 0x0100},
        {true, 0xf3bf, 0x8f1f},  {true, 0xf7e0, 0x8000},  {true, 0xf7f0, 0xa000}, // ENTERX HVC UDF
        {true, 0xde00, 0xbf00},                                                   // T16 UDF
    };
    struct rig r;
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        RUN(&r, "cortex-a15", rows[k].thumb, 1, rows[k].first, rows[k].second);
        if (mode(&r) != 0x1b || cpu_get(r.cpu, CPU_PC) != 4) {
            fail_msg("%04x %04x: mode %02x", rows[k].first, rows[k].second, mode(&r));
        }
        assert_int_equal(cpu_get(r.cpu, CPU_LR), CODE + (rows[k].thumb ? 2 : 4));
        rig_fini(&r);
    }
}

static void status_registers_move(void **state)
{
    struct rig r;
    (void)state;
    RUN(&r, "cortex-a8", false, 1, 0xe10f, 0x0000); // mrs r0, cpsr
    assert_int_equal(cpu_get(r.cpu, CPU_R0) & 0xff, 0x13);
    rig_fini(&r);
    RUN(&r, "cortex-a8", true, 1, 0xf3ef, 0x8000);
    assert_int_equal(cpu_get(r.cpu, CPU_R0) & 0x9f, 0x13); // T reads as 0
    rig_fini(&r);
    RUN(&r, "cortex-a15", false, 2, 0xe121, 0xf301, 0xe101, 0x0300); // msr sp_irq, r1; mrs r0, sp_irq
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 0xa001);
    cpu_set(r.cpu, CPU_CPSR, 0x12);
    assert_int_equal(cpu_get(r.cpu, CPU_SP), 0xa001);
    rig_fini(&r);
    RUN(&r, "cortex-a15", true, 2, 0xf381, 0x8130, 0xf3e1, 0x8030);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), 0xa001);
    rig_fini(&r);
    RUN(&r, "cortex-a8", true, 1, 0xb658); // setend be
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) >> 9 & 1, 1);
    rig_fini(&r);
    RUN(&r, "cortex-a8", true, 1, 0xb672); // cpsid i
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x80, 0x80);
    rig_fini(&r);
    RUN(&r, "cortex-a8", true, 1, 0xf3af, 0x8640); // cpsid.w i
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x80, 0x80);
    rig_fini(&r);
}

static void calls_and_returns(void **state)
{
    static const struct {
        const char *model;
        bool thumb;
        uint16_t first, second;
        uint32_t mode, pc;
    } rows[] = {
        {"cortex-a15", false, 0xe160, 0x006e, 0x10, 0xb004}, // eret
        {"cortex-a8", false, 0xe12f, 0xff21, 0x13, 0xa000},  // bxj r1
        {"cortex-a8", true, 0x4788, 0xbf00, 0x13, 0xa000},   // blx r1
        {"cortex-a8", true, 0xbe00, 0xbf00, 0x17, 0x0c},     // bkpt
        {"cortex-a8", true, 0xf3de, 0x8f04, 0x10, 0xb000},   // subs pc, lr, #4
        {"cortex-a8", true, 0xf7f1, 0x8000, 0x16, 0x08},     // smc #1
        {"cortex-a8", true, 0xe990, 0xc000, 0x1f, 0xc000},   // rfeia r0
        {"cortex-a8", true, 0xe810, 0xc000, 0x1b, 0xd000},   // rfedb r0
    };
    struct rig r;
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
        RUN(&r, rows[k].model, rows[k].thumb, 1, rows[k].first, rows[k].second);
        if (mode(&r) != rows[k].mode || cpu_get(r.cpu, CPU_PC) != rows[k].pc) {
            fail_msg("%04x %04x: mode %02x at %08x", rows[k].first, rows[k].second, mode(&r),
                     cpu_get(r.cpu, CPU_PC));
        }
        rig_fini(&r);
    }
    RUN(&r, "cortex-a8", true, 1, 0xe82d, 0xc013); // srsdb sp!, #0x13
    assert_int_equal(cpu_get(r.cpu, CPU_SP), STACK - 8);
    assert_int_equal(rig_r32(&r, STACK - 8), 0xb004);
    assert_int_equal(rig_r32(&r, STACK - 4), 0x10);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undefined_rows_are_undefined),
        cmocka_unit_test(status_registers_move),
        cmocka_unit_test(calls_and_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
