// SPDX-License-Identifier: MIT
//
// Command processor semantics, packet by packet, on flat memory and a recording backend.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "tests/gpu-model/mock.h"

#define RUN(m, ...)                                                                                \
    mock_run(m, (const uint32_t[]){__VA_ARGS__},                                                   \
             sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define T3(op, n) (0xc0000000u | ((n)-1u) << 16 | (op) << 8)

static int setup(void **state)
{
    *state = mock_create("a200", true);
    return 0;
}

static int teardown(void **state)
{
    mock_destroy(*state);
    return 0;
}

struct counted {
    unsigned rows;
    uint64_t writes;
    char name[64];
};

static void count(void *ctx, uint32_t reg, const char *name, uint64_t writes)
{
    struct counted *c = ctx;
    (void)reg;
    c->rows++;
    c->writes += writes;
    strncpy(c->name, name, sizeof(c->name) - 1);
}

// The run fails in the given way and the message has both words.
static void assert_refused(struct mock *m, enum gpu_run got, enum gpu_run how, const char *a,
                           const char *b)
{
    assert_int_equal(got, how);
    if (!strstr(gpu_error(m->gpu), a) || !strstr(gpu_error(m->gpu), b)) {
        fail_msg("message \"%s\" lacks \"%s\" or \"%s\"", gpu_error(m->gpu), a, b);
    }
}

static void test_type0_writes_consecutive_registers(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, 0x00020000 | 0x2000, 1, 2, 3), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2000), 1);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2002), 3);
    // bit 15: all to one register
    assert_int_equal(RUN(m, 0x00018000 | 0x2104, 4, 5), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2104), 5);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2105), 0);
}

static void test_type1_writes_two_registers_and_type2_nothing(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, 0x80000000, 0x40000000 | 0x57e | 0x57f << 11, 7, 8, 0x80001234),
                     GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57e), 7);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57f), 8);
    struct gpu_counters c;
    gpu_counters(m->gpu, &c);
    assert_int_equal(c.packets, 3);
    assert_int_equal(c.dwords, 5);
    assert_int_equal(m->packets, 3);
}

static void test_set_constant_reaches_every_space(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, T3(0x2d, 2), 0x000007ff, 11, T3(0x2d, 2), 0x000100bf, 12, T3(0x2d, 2),
                         0x00020007, 13, T3(0x2d, 2), 0x0003001f, 14, T3(0x2d, 3), 0x00040100, 15,
                         16),
                     GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x47ff), 11);
    assert_int_equal(gpu_reg_read(m->gpu, 0x48bf), 12);
    assert_int_equal(gpu_reg_read(m->gpu, 0x4907), 13);
    assert_int_equal(gpu_reg_read(m->gpu, 0x4927), 14);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2100), 15);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2101), 16);
    // bit 31: register + value
    assert_int_equal(RUN(m, T3(0x2d, 3), 0x80040102, 0x2101, 4), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2102), 20);
}

static void test_set_constant_outside_a_space_is_refused(void **state)
{
    struct mock *m = *state;
    static const uint32_t bad[] = {0x000007ff, 0x00000800, 0x0000ffff, 0x000100bf,
                                   0x00020007, 0x0003001f, 0x000403ff, 0x00050000};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_refused(m, RUN(m, T3(0x2d, 3), bad[i], 1, 2), GPU_RUN_ERROR, "CP_SET_CONSTANT",
                       "constant");
    }
}

static void test_load_constant_context_indexes_by_the_constant(void **state)
{
    struct mock *m = *state;
    put_le32(m->data + 60, 0x00c00100);
    assert_int_equal(RUN(m, T3(0x2e, 3), MOCK_BASE, 0x0004000f, 1), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x200f), 0x00c00100);
    assert_refused(m, RUN(m, T3(0x2e, 3), MOCK_BASE, 0x000403ff, 2), GPU_RUN_ERROR,
                   "CP_LOAD_CONSTANT_CONTEXT", "0x3ff");
}

static void test_reg_rmw(void **state)
{
    struct mock *m = *state;
    gpu_reg_write(m->gpu, 0x57f, 0xff00ff00);
    assert_int_equal(RUN(m, T3(0x21, 3), 0x57f, 0x0000ffff, 0x10000001), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57f), 0x1000ff01);
}

static void test_mem_write_and_reg_to_mem(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, T3(0x3d, 3), MOCK_BASE + 16, 0xaabbccdd, 0x11223344), GPU_RUN_DONE);
    assert_int_equal(get_le32(m->data + 16), 0xaabbccdd);
    assert_int_equal(get_le32(m->data + 20), 0x11223344);
    gpu_reg_write(m->gpu, 0x397, 40);
    assert_int_equal(RUN(m, T3(0x3e, 2), 0x397, MOCK_BASE + 32), GPU_RUN_DONE);
    assert_int_equal(get_le32(m->data + 32), 40);
    assert_int_equal(RUN(m, T3(0x3e, 2), 0x80000397, MOCK_BASE + 32), GPU_RUN_DONE);
    assert_int_equal(get_le32(m->data + 32), 80);
    assert_refused(m, RUN(m, T3(0x3e, 2), 0x3ffff, MOCK_BASE), GPU_RUN_ERROR, "CP_REG_TO_MEM",
                   "do not exist");
    // unmapped memory is the owner's fault report, the stream goes on
    assert_int_equal(RUN(m, T3(0x3d, 2), 0, 1), GPU_RUN_DONE);
}

static void test_events_write_fences_after_flushing(void **state)
{
    struct mock *m = *state;
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(RUN(m, T3(0x46, 1), 6), GPU_RUN_DONE);
    }
    assert_int_equal(m->flushes, 0);
    assert_int_equal(RUN(m, T3(0x46, 3), 4, MOCK_BASE + 64, 99), GPU_RUN_DONE);
    assert_int_equal(get_le32(m->data + 64), 99);
    assert_int_equal(m->flushes_at_fence, 1);
    assert_int_equal(m->fence_va, MOCK_BASE + 64);
    assert_int_equal(m->fence_value, 99);
    assert_refused(m, RUN(m, T3(0x46, 2), 4, MOCK_BASE), GPU_RUN_ERROR, "CP_EVENT_WRITE", "value");
}

static void test_interrupt_carries_its_bits(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, T3(0x40, 1), 0x80000000), GPU_RUN_DONE);
    assert_int_equal(m->interrupt, 0x80000000);
}

static void test_the_kernels_ring_packets_pass(void **state)
{
    struct mock *m = *state;
    uint32_t init[19] = {T3(0x48, 18), 0x3ff};
    assert_int_equal(mock_run(m, init, 19), GPU_RUN_DONE);
    assert_int_equal(RUN(m, T3(0x5f, 1), 1, 0x57a, 5, T3(0x26, 1), 0), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57a), 5);
}

static void test_waits_that_hold_pass_and_others_hang(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, T3(0x52, 4), 0x5d0, 0, 0x5f601000, 1), GPU_RUN_DONE);
    gpu_reg_write(m->gpu, 0x57f, 3);
    assert_int_equal(RUN(m, T3(0x53, 4), 0x57f, 2, 0xff, 1), GPU_RUN_DONE);
    assert_refused(m, RUN(m, T3(0x52, 4), 0x57f, 1, 0xff, 1), GPU_RUN_HANG, "CP_WAIT_REG_EQ",
                   "for ever");
    assert_refused(m, RUN(m, T3(0x53, 4), 0x57f, 4, 0xff, 1), GPU_RUN_HANG, "CP_WAIT_REG_GTE",
                   "for ever");
    put_le32(m->data, 7);
    assert_int_equal(RUN(m, T3(0x3c, 5), 0x13, MOCK_BASE, 7, ~0u, 1), GPU_RUN_DONE);
    assert_refused(m, RUN(m, T3(0x3c, 5), 0x13, MOCK_BASE, 8, ~0u, 1), GPU_RUN_HANG,
                   "CP_WAIT_REG_MEM", "memory");
    // and a hang drops the submission
    assert_int_equal(gpu_begin(m->gpu, 0, (const uint32_t[]){0x80000000}, 1), 0);
    assert_int_equal(gpu_run(m->gpu, 0), GPU_RUN_DONE);
}

static void test_memory_waits_compare_as_told(void **state)
{
    struct mock *m = *state;
    static const struct {
        uint32_t function, ref;
        bool holds;
    } c[] = {
        {0, 99, true}, {1, 8, true},  {1, 7, false}, {2, 7, true},  {2, 6, false},
        {3, 7, true},  {3, 6, false}, {4, 6, true},  {4, 7, false}, {5, 7, true},
        {5, 8, false}, {6, 6, true},  {6, 7, false}, {7, 7, false},
    };
    gpu_reg_write(m->gpu, 0x57f, 0x107);
    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        enum gpu_run got = RUN(m, T3(0x3c, 5), c[i].function, 0x57f, c[i].ref, 0xff, 1);
        assert_int_equal(got, c[i].holds ? GPU_RUN_DONE : GPU_RUN_HANG);
    }
}

static void test_malformed_constants_are_refused(void **state)
{
    struct mock *m = *state;
    assert_refused(m, RUN(m, T3(0x2d, 2), 0x80040102, 1), GPU_RUN_ERROR, "CP_SET_CONSTANT", "sum");
    assert_refused(m, RUN(m, T3(0x2d, 3), 0x80040102, 0x5000, 1), GPU_RUN_ERROR, "CP_SET_CONSTANT",
                   "sum");
    assert_refused(m, RUN(m, T3(0x2d, 3), 0x80000000, 0x2000, 1), GPU_RUN_ERROR, "CP_SET_CONSTANT",
                   "sum");
    assert_refused(m, RUN(m, T3(0x27, 2), MOCK_BASE | 2, 6), GPU_RUN_ERROR, "CP_IM_LOAD", "stage");
    // registers without behaviour are counted when they come as constants, too
    struct counted c = {0};
    assert_int_equal(RUN(m, T3(0x2d, 2), 0x00040182, 1), GPU_RUN_DONE);
    gpu_unmodelled(m->gpu, count, &c);
    assert_int_equal(c.rows, 1);
    assert_string_equal(c.name, "SQ_INTERPOLATOR_CNTL");
    assert_int_equal(gpu_reg_read(m->gpu, 0x5000), 0);
    gpu_reg_write(m->gpu, 0x5000, 1);
}

static void test_indirect_buffers_nest_two_deep(void **state)
{
    struct mock *m = *state;
    uint32_t ib2 = mock_place(m, 0x100, (const uint32_t[]){0x57f, 42, 0x57e, 1}, 4);
    uint32_t ib1 = mock_place(m, 0x200, (const uint32_t[]){T3(0x37, 2), ib2, 4, 0x57e, 2}, 5);
    assert_int_equal(RUN(m, T3(0x37, 2), ib1, 5, 0x80000000), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57f), 42);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57e), 2); // the caller went on after the call
    uint32_t deep = mock_place(m, 0x300, (const uint32_t[]){T3(0x3f, 2), ib1, 5}, 3);
    assert_refused(m, RUN(m, T3(0x37, 2), deep, 3), GPU_RUN_ERROR, "IB2", "deeper");
    // an empty call is nothing
    assert_int_equal(RUN(m, T3(0x37, 2), 0, 0), GPU_RUN_DONE);
    assert_refused(m, RUN(m, T3(0x37, 2), 0x100, 4), GPU_RUN_ERROR, "CP_INDIRECT_BUFFER_PFD",
                   "may not be executed");
}

static void test_privileged_registers_are_refused_in_indirect_buffers(void **state)
{
    struct mock *m = *state;
    assert_int_equal(RUN(m, 0x01c0, 1), GPU_RUN_DONE); // the ring may
    uint32_t ib = mock_place(m, 0x100, (const uint32_t[]){0x01c0, 2}, 2);
    assert_refused(m, RUN(m, T3(0x37, 2), ib, 2), GPU_RUN_ERROR, "IB1", "CP_RB_BASE");
    assert_int_equal(gpu_reg_read(m->gpu, 0x01c0), 1);
    // read only registers ignore writes
    ib = mock_place(m, 0x100, (const uint32_t[]){0x01c4, 2}, 2);
    assert_int_equal(RUN(m, T3(0x37, 2), ib, 2), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x01c4), 0);
    assert_refused(m, RUN(m, 0x00007fff, 1), GPU_RUN_ERROR, "type 0", "0x7fff");
}

static void test_privileged_packets_are_refused_in_indirect_buffers(void **state)
{
    struct mock *m = *state;
    static const struct {
        uint8_t op;
        const char *name;
    } packet[] = {{0x40, "CP_INTERRUPT"}, {0x48, "CP_ME_INIT"}, {0x5f, "CP_SET_PROTECTED_MODE"}};
    for (unsigned i = 0; i < ARRAY_LEN(packet); i++) {
        uint32_t ib = mock_place(m, 0x100, (const uint32_t[]){T3((uint32_t)packet[i].op, 1), 1}, 2);
        assert_refused(m, RUN(m, T3(0x37, 2), ib, 2), GPU_RUN_ERROR, packet[i].name, "ring");
    }
}

static void test_every_packet_is_run_or_refused_by_name(void **state)
{
    struct mock *m = *state;
    for (unsigned op = 0; op < 256; op++) {
        const struct gpu_packet_info *info = gpu_packet_info((uint8_t)op);
        uint32_t dw[0x41] = {T3(op, 1)};
        if (!info) {
            assert_refused(m, mock_run(m, dw, 2), GPU_RUN_ERROR, "packet 0x", "no such packet");
        } else if (!info->implemented) {
            dw[0] = T3(op, (uint32_t)info->min_dwords);
            assert_refused(m, mock_run(m, dw, info->min_dwords + 1u), GPU_RUN_ERROR, info->name,
                           "not implemented");
        } else if (info->min_dwords > 1) {
            assert_refused(m, mock_run(m, dw, 2), GPU_RUN_ERROR, info->name, "payload");
        }
        if (info && info->implemented && info->max_dwords < 0x40) {
            dw[0] = T3(op, info->max_dwords + 1u);
            assert_refused(m, mock_run(m, dw, info->max_dwords + 2u), GPU_RUN_ERROR, info->name,
                           "payload");
        }
    }
}

// Whether {enable, reference} in memory and a value let the guarded register write run.
static bool guarded(struct mock *m, uint32_t enable, uint32_t reference, uint32_t value)
{
    const uint32_t words[2] = {enable, reference};
    memcpy(m->data + 0x800, words, sizeof words);
    gpu_reg_write(m->gpu, 0x2000, 0);
    assert_int_equal(RUN(m, T3(0x44, 4), (MOCK_BASE + 0x800) >> 2, (MOCK_BASE + 0x804) >> 2, value, 2,
                         0x00002000, 77, 0x00002001, 88),
                     GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2001), 88); // behind the guarded dwords: always
    return gpu_reg_read(m->gpu, 0x2000) == 77;
}

static void test_conditional_packets_run_or_are_passed_over(void **state)
{
    struct mock *m = *state;
    assert_true(guarded(m, 1, 5, 5));
    assert_true(guarded(m, 1, 5, 6));
    assert_false(guarded(m, 1, 5, 4));
    assert_false(guarded(m, 0, 5, 6));
    // the guarded dwords are whole packets and inside the buffer
    assert_refused(m, RUN(m, T3(0x44, 4), 0, 0, 0, 1, 0x00002000, 77), GPU_RUN_ERROR, "CP_COND_EXEC", "inside a packet");
    assert_refused(m, RUN(m, T3(0x44, 4), 0, 0, 0, 3, 0x00002000, 77), GPU_RUN_ERROR, "CP_COND_EXEC", "ends after 2");
    assert_refused(m, RUN(m, T3(0x44, 4), 0, 0, 0, 0xffffffff, 0x00002000, 77), GPU_RUN_ERROR, "CP_COND_EXEC", "ends after");
}

static void test_conditional_writes_compare_as_told(void **state)
{
    struct mock *m = *state;
    memcpy(m->data + 0x800, "\x07\0\0\0\0\0\0\0", 8);
    // memory & 0xf == 7: write memory
    assert_int_equal(RUN(m, T3(0x45, 6), 0x113, MOCK_BASE + 0x800, 7, 0xf, MOCK_BASE + 0x804, 42), GPU_RUN_DONE);
    assert_int_equal(m->data[0x804], 42);
    // != : nothing
    assert_int_equal(RUN(m, T3(0x45, 6), 0x114, MOCK_BASE + 0x800, 7, 0xf, MOCK_BASE + 0x804, 43), GPU_RUN_DONE);
    assert_int_equal(m->data[0x804], 42);
    // a register polled, a register written
    gpu_reg_write(m->gpu, 0x2000, 9);
    assert_int_equal(RUN(m, T3(0x45, 6), 6, 0x2000, 8, ~0u, 0x2001, 44), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2001), 44);
    // not a privileged one from an indirect buffer
    uint32_t ib = mock_place(m, 0x100, (const uint32_t[]){T3(0x45, 6), 0, 0, 0, 0, 0x40, 1}, 7);
    assert_refused(m, RUN(m, T3(0x37, 2), ib, 7), GPU_RUN_ERROR, "CP_COND_WRITE", "MH_MMU_CONFIG");
}

static void test_memory_moves_to_registers_and_programs_to_memory(void **state)
{
    struct mock *m = *state;
    const uint32_t words[2] = {0x11111111, 0x22222222};
    memcpy(m->data + 0x800, words, sizeof words);
    assert_int_equal(RUN(m, T3(0x42, 2), 0x2000 | 2 << 18, MOCK_BASE + 0x800), GPU_RUN_DONE);
    assert_int_equal(gpu_reg_read(m->gpu, 0x2001), 0x22222222);
    assert_refused(m, RUN(m, T3(0x42, 2), 0x4fff | 2 << 18, MOCK_BASE), GPU_RUN_ERROR, "CP_MEM_TO_REG", "do not exist");
    struct stream s = {.n = 0};
    put_program(&s, 1, solid_ps, 6);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    memset(m->data + 0x900, 0xff, 64);
    assert_int_equal(RUN(m, T3(0x2c, 2), (MOCK_BASE + 0x900) | 1, 8), GPU_RUN_DONE);
    assert_memory_equal(m->data + 0x900, solid_ps, sizeof solid_ps);
    assert_int_equal(get_le32(m->data + 0x918), 0); // past the program
    assert_int_equal(get_le32(m->data + 0x920), 0xffffffff);
    assert_refused(m, RUN(m, T3(0x2c, 2), MOCK_BASE | 2, 8), GPU_RUN_ERROR, "CP_IM_STORE", "stage");
    assert_int_equal(RUN(m, T3(0x58, 3), 4, MOCK_BASE + 0xa00, 55), GPU_RUN_DONE);
    assert_int_equal(m->data[0xa00], 55);
    assert_int_equal(m->fence_value, 55);
    assert_refused(m, RUN(m, T3(0x58, 3), 0x80000004, MOCK_BASE + 0xa00, 55), GPU_RUN_ERROR, "CP_EVENT_WRITE_SHD", "counter");
    assert_int_equal(RUN(m, T3(0x23, 1), 0), GPU_RUN_DONE);
    struct counted c = {0};
    gpu_unmodelled(m->gpu, count, &c);
    assert_string_equal(c.name, "PA_SC_VIZ_QUERY");
}

static void test_packets_that_run_past_their_buffer_are_refused(void **state)
{
    struct mock *m = *state;
    assert_refused(m, RUN(m, T3(0x2d, 3), 0x00040000, 1), GPU_RUN_ERROR, "CP_SET_CONSTANT", "ends");
    assert_refused(m, RUN(m, 0x00022000, 1), GPU_RUN_ERROR, "type 0", "ends");
    assert_int_equal(gpu_reg_read(m->gpu, 0x2000), 0);
}

static void test_one_submission_at_a_time(void **state)
{
    struct mock *m = *state;
    static const uint32_t nop[2] = {0x80000000, 0x80000000};
    assert_int_equal(gpu_begin(m->gpu, 0, nop, 2), 0);
    assert_int_equal(gpu_begin(m->gpu, 0, nop, 2), -EBUSY);
    assert_int_equal(gpu_run(m->gpu, 0), GPU_RUN_DONE);
    assert_int_equal(gpu_begin(m->gpu, 0, nop, 0), 0);
    assert_int_equal(gpu_run(m->gpu, 0), GPU_RUN_DONE);
}

static void test_draw_budget_stops_at_packet_boundaries(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4); // COLOR_DEPTH
    for (unsigned i = 0; i < 5; i++) {
        put_t3(&s, 0x22, 2);
        put(&s, 0);
        put(&s, 0x00030084); // TRILIST
        put(&s, 0x57f);      // CP_SCRATCH_REG7 = i
        put(&s, i);
    }
    assert_int_equal(gpu_begin(m->gpu, 0, s.dw, s.n), 0);
    assert_int_equal(gpu_run(m->gpu, 2), GPU_RUN_MORE);
    assert_int_equal(m->draws, 2);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57f), 0); // stopped right after the draw
    assert_int_equal(gpu_run(m->gpu, 2), GPU_RUN_MORE);
    assert_int_equal(m->draws, 4);
    assert_int_equal(gpu_run(m->gpu, 2), GPU_RUN_DONE);
    assert_int_equal(m->draws, 5);
    assert_int_equal(gpu_reg_read(m->gpu, 0x57f), 4);
}

static void test_endless_streams_without_draws_come_back(void **state)
{
    struct mock *m = *state;
    uint32_t ib2[1024], ib1[1024 * 3];
    for (unsigned i = 0; i < 1024; i++) {
        ib2[i] = 0x80000000;
        ib1[3 * i] = T3(0x37, 2);
        ib1[3 * i + 1] = MOCK_BASE;
        ib1[3 * i + 2] = 1024;
    }
    mock_place(m, 0, ib2, 1024);
    uint32_t va = mock_place(m, 0x2000, ib1, 3 * 1024);
    uint32_t ring[6] = {T3(0x37, 2), va, 3 * 1024, T3(0x37, 2), va, 3 * 1024};
    gpu_begin(m->gpu, 0, ring, 6);
    assert_int_equal(gpu_run(m->gpu, 1), GPU_RUN_MORE);
    assert_int_equal(gpu_run(m->gpu, 1), GPU_RUN_MORE);
    assert_int_equal(gpu_run(m->gpu, 0), GPU_RUN_DONE);
}

static void test_programs_are_checked_and_cached(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4);
    put_t3(&s, 0x22, 2);
    put(&s, 0);
    put(&s, 0x00030084);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    const struct shader *vs = m->draw.vs;
    assert_non_null(vs);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    assert_ptr_equal(m->draw.vs, vs);
    assert_refused(m, RUN(m, T3(0x2b, 3), 2, 1, 0), GPU_RUN_ERROR, "CP_IM_LOAD_IMMEDIATE", "stage");
    assert_refused(m, RUN(m, T3(0x2b, 3), 0, 2, 0), GPU_RUN_ERROR, "CP_IM_LOAD_IMMEDIATE", "2");
    // by address
    uint32_t va = mock_place(m, 0x1000, solid_ps, 6);
    assert_int_equal(RUN(m, T3(0x27, 2), va | 1, 6), GPU_RUN_DONE);
    assert_refused(m, RUN(m, T3(0x27, 2), 1, 6), GPU_RUN_ERROR, "CP_IM_LOAD", "readable");
    assert_refused(m, RUN(m, T3(0x27, 2), va, 0xffff), GPU_RUN_ERROR, "CP_IM_LOAD", "memory has");
}

// More distinct programs than the store holds: bounded, and the bound ones stay usable.
static void test_shader_store_is_bounded(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t ps[6];
        memcpy(ps, solid_ps, sizeof(ps));
        ps[3] ^= i << 16 & 0xf0000;               // write mask
        ps[5] ^= (i >> 4 & 0xff) << 8 | (i >> 4); // constants
        s.n = 0;
        put_program(&s, 1, ps, 6);
        assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    }
    s.n = 0;
    put_t3(&s, 0x22, 2);
    put(&s, 0);
    put(&s, 0x00030084);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    assert_int_equal(m->draws, 1);
}

static void test_missing_programs_and_runaway_shaders_end_the_submission(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_reg(&s, 0x2208, 4);
    put_t3(&s, 0x22, 2);
    put(&s, 0);
    put(&s, 0x00030084);
    assert_refused(m, mock_run(m, s.dw, s.n), GPU_RUN_ERROR, "CP_DRAW_INDX", "program");
    s.n = 0;
    put_rect_setup(m, &s, 32, 32);
    put_t3(&s, 0x22, 2);
    put(&s, 0);
    put(&s, 0x00030084);
    m->result = GPU_TIMEOUT;
    assert_refused(m, mock_run(m, s.dw, s.n), GPU_RUN_HANG, "CP_DRAW_INDX", "shader");
    m->result = GPU_MEM_FAULT;
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    m->result = GPU_HOST_ERROR;
    assert_refused(m, mock_run(m, s.dw, s.n), GPU_RUN_ERROR, "CP_DRAW_INDX", "host");
}

static void test_registers_without_behaviour_are_counted_by_name(void **state)
{
    struct mock *m = *state;
    struct counted c = {0};
    RUN(m, 0x0e1e, 2, 0x0e1e, 2, 0x2104, 15);
    gpu_unmodelled(m->gpu, count, &c);
    assert_int_equal(c.rows, 1);
    assert_int_equal(c.writes, 2);
    assert_string_equal(c.name, "TP0_CHICKEN");
}

// A store and a draw.
static unsigned invalidates_after(struct mock *m, uint32_t va, uint32_t initiator)
{
    struct stream s = {.n = 0};
    put_t3(&s, 0x3d, 2);
    put(&s, va);
    put(&s, 0);
    put_t3(&s, 0x22, initiator == 0x84 ? 2 : 4);
    put(&s, 0);
    put(&s, 0x00030000 | initiator);
    if (initiator != 0x84) {
        put(&s, MOCK_BASE + 0x4000);
        put(&s, 6);
    }
    uint32_t ib = mock_place(m, 0x9000, s.dw, s.n);
    // both in one submission with a first draw that takes the submission's own invalidation
    struct stream ring = {.n = 0};
    put_t3(&ring, 0x22, 2);
    put(&ring, 0);
    put(&ring, 0x00030084);
    put_t3(&ring, 0x37, 2);
    put(&ring, ib);
    put(&ring, s.n);
    m->invalidates = 0;
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE);
    return m->invalidates - 1;
}

static void test_stores_invalidate_only_what_draws_read(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    memcpy(m->data + 0x4000, "\x01\x00\x02\x00\x03\x00", 6);
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    assert_int_equal(invalidates_after(m, MOCK_BASE + 60, 0x84), 0); // behind the vertices
    assert_int_equal(invalidates_after(m, MOCK_BASE + 32, 0x84), 1); // the last vertex
    assert_int_equal(invalidates_after(m, MOCK_BASE + 0x4000, 0x84), 0);
    assert_int_equal(invalidates_after(m, MOCK_BASE + 0x4000, 0x04), 1); // indices
}

static void test_stores_on_both_sides_are_not_what_lies_between(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    memcpy(m->data + 0x4000, "\x01\x00\x02\x00\x03\x00", 6);
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    struct stream ring = {.n = 0};
    put_t3(&ring, 0x22, 2); // takes the submission's own invalidation
    put(&ring, 0);
    put(&ring, 0x00030084);
    for (unsigned i = 0; i < 2; i++) {
        put_t3(&ring, 0x3d, 2);
        put(&ring, MOCK_BASE + 0x3000 + i * 0x2000);
        put(&ring, 0);
    }
    put_t3(&ring, 0x22, 4); // its indices are at 0x4000
    put(&ring, 0);
    put(&ring, 0x00030004);
    put(&ring, MOCK_BASE + 0x4000);
    put(&ring, 6);
    m->invalidates = 0;
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE);
    assert_int_equal(m->invalidates, 1);
}

static void test_memory_is_looked_at_once_for_what_rang_before(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0}, ring = {.n = 0};
    struct timespec now;
    put_rect_setup(m, &s, 32, 32);
    put_reg(&s, 0x2208, 4);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_DONE);
    put_t3(&ring, 0x22, 2);
    put(&ring, 0);
    put(&ring, 0x00030084);
    m->invalidates = 0;
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE); // nobody says when: a look
    assert_int_equal(m->invalidates, 1);
    gpu_rang(m->gpu, 1); // long before that look
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE);
    assert_int_equal(m->invalidates, 1);
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE); // said for one only
    assert_int_equal(m->invalidates, 2);
    clock_gettime(CLOCK_MONOTONIC, &now);
    gpu_rang(m->gpu, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    assert_int_equal(mock_run(m, ring.dw, ring.n), GPU_RUN_DONE);
    assert_int_equal(m->invalidates, 3);
}

static void test_bad_configurations_are_errors(void **state)
{
    (void)state;
    assert_null(gpu_create(&(struct gpu_config){0}, NULL));
    gpu_destroy(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_type0_writes_consecutive_registers),
        T(test_type1_writes_two_registers_and_type2_nothing),
        T(test_set_constant_reaches_every_space),
        T(test_set_constant_outside_a_space_is_refused),
        T(test_load_constant_context_indexes_by_the_constant),
        T(test_reg_rmw),
        T(test_mem_write_and_reg_to_mem),
        T(test_events_write_fences_after_flushing),
        T(test_interrupt_carries_its_bits),
        T(test_the_kernels_ring_packets_pass),
        T(test_waits_that_hold_pass_and_others_hang),
        T(test_memory_waits_compare_as_told),
        T(test_malformed_constants_are_refused),
        T(test_indirect_buffers_nest_two_deep),
        T(test_privileged_registers_are_refused_in_indirect_buffers),
        T(test_privileged_packets_are_refused_in_indirect_buffers),
        T(test_every_packet_is_run_or_refused_by_name),
        T(test_conditional_packets_run_or_are_passed_over),
        T(test_conditional_writes_compare_as_told),
        T(test_memory_moves_to_registers_and_programs_to_memory),
        T(test_packets_that_run_past_their_buffer_are_refused),
        T(test_one_submission_at_a_time),
        T(test_draw_budget_stops_at_packet_boundaries),
        T(test_endless_streams_without_draws_come_back),
        T(test_programs_are_checked_and_cached),
        T(test_shader_store_is_bounded),
        T(test_missing_programs_and_runaway_shaders_end_the_submission),
        T(test_registers_without_behaviour_are_counted_by_name),
        T(test_stores_invalidate_only_what_draws_read),
        T(test_stores_on_both_sides_are_not_what_lies_between),
        T(test_memory_is_looked_at_once_for_what_rang_before),
        T(test_bad_configurations_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
