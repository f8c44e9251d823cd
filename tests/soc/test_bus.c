// SPDX-License-Identifier: MIT
//
// The bus, holes, memory and its repetitions, and the checks that a board's tables go through.
#include "tests/soc/bench.h"

static int open_board(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    bench_open(b);
    *state = b;
    return 0;
}

static int close_board(void **state)
{
    bench_close(*state);
    free(*state);
    return 0;
}

static void test_memory_repeats_behind_its_chip_select(void **state)
{
    struct bench *b = *state;
    uint32_t v = 0x12345678, got = 0;
    assert_int_equal(soc_dma_write(b->soc, 0x90000000, &v, 4), 0);
    assert_int_equal(soc_dma_read(b->soc, 0x70000000, &got, 4), 0);
    assert_int_equal(got, v);
    assert_int_equal(rd(b, 0x70000000), v);
    wr(b, 0xd0000010, 7);
    assert_int_equal(rd(b, 0xb0000010), 7);
}

static void test_dma_outside_memory_is_refused(void **state)
{
    struct bench *b = *state;
    uint8_t buf[64] = {0};
    assert_int_equal(soc_dma_read(b->soc, 0x53fbc000, buf, 4), -14);
    assert_int_equal(soc_dma_write(b->soc, 0xf8000000 + 0x20000 - 4, buf, 8), -14);
    assert_int_equal(soc_dma_read(b->soc, 0xfffffffc, buf, 64), -14);
}

static void test_unclaimed_accesses_are_counted_by_name(void **state)
{
    struct bench *b = *state;
    struct bus *bus = soc_bus(b->soc);
    unsigned before = bus_unclaimed_count(bus);
    uint64_t v;
    rd(b, 0x53fa0100); // inside the timer's window, no register
    rd(b, 0x53fa0100);
    wr(b, 0x53f00800, 5); // hole in the peripheral window
    assert_int_equal(bus_read(bus, 0x60000000, 4, &v), CPU_BUS_ABORT);
    assert_int_equal(bus_unclaimed_count(bus), before + 3);
    assert_string_equal(bus_unclaimed_at(bus, before)->name, "gpt.+0x100");
    assert_int_equal(bus_unclaimed_at(bus, before)->count, 2);
    assert_string_equal(bus_unclaimed_at(bus, before + 1)->name, "aips1 0x53f00800");
    assert_true(bus_unclaimed_at(bus, before + 1)->write);
    assert_int_equal(bus_unclaimed_at(bus, before + 1)->value, 5);
}

static void test_unclaimed_table_is_bounded(void **state)
{
    struct bench *b = *state;
    for (uint32_t i = 0; i < 20000; i++) {
        rd(b, 0x18000000 + i * 4);
    }
    assert_true(bus_unclaimed_count(soc_bus(b->soc)) <= 4096);
}

static void test_bytes_reach_the_word(void **state)
{
    struct bench *b = *state;
    uint64_t v;
    wr(b, 0x53fa8020, 0x11223344);
    assert_int_equal(bus_write(soc_bus(b->soc), 0x53fa8021, 1, 0xaa), CPU_BUS_OK);
    assert_int_equal(rd(b, 0x53fa8020), 0x1122aa44);
    assert_int_equal(bus_read(soc_bus(b->soc), 0x53fa8022, 2, &v), CPU_BUS_OK);
    assert_int_equal(v, 0x1122);
}

// Every register of every device takes any value and survives a reset: nothing may crash.
static void test_any_value_to_any_register(void **state)
{
    static const uint32_t values[] = {0, ~0u, 0x55555555, 0xaaaaaaaa, 0x80000001, 0x70000000};
    struct bench *b = *state;
    struct device *dev;
    unsigned registers = 0;
    for (unsigned i = 0; (dev = soc_device_at(b->soc, i)); i++) {
        for (unsigned w = 0; w < dev->cls->window_count; w++) {
            const struct reg_table *t = dev->cls->windows[w].regs;
            for (uint32_t off = 0; t && off < t->span_bytes; off += 4) {
                uint32_t pa = dev->base + dev->cls->windows[w].offset + off;
                for (unsigned k = 0; k < ARRAY_LEN(values); k++) {
                    wr(b, pa, values[k]);
                    rd(b, pa);
                }
                registers++;
            }
        }
        wait_ns(b, 1000);
    }
    wait_ns(b, 100 * MS);
    soc_reset(b->soc);
    assert_true(registers > 2000);
    assert_false(b->line[CPU_LINE_IRQ]);
}

static void test_registers_return_to_reset_values(void **state)
{
    struct bench *b = *state;
    wr(b, 0x53fbc084, 0x4027);
    wr(b, 0x50004034, 0);
    soc_reset(b->soc);
    assert_int_equal(rd(b, 0x53fbc084), 1);
    assert_int_equal(rd(b, 0x50004034), 0x117f013f);
}

// ---- wrong boards
// --------------------------------------------------------------------------------

static struct board copy_of_qsb(void)
{
    return *board_find("imx53-qsb");
}

static void refuse(const struct board *board, const char *why)
{
    struct soc_config cfg = {0};
    struct err err = {0};
    struct soc *soc = soc_create(board, &cfg, &err);
    if (soc) {
        assert_int_not_equal(soc_realize(soc, &err), 0);
        soc_destroy(soc);
    }
    if (!strstr(err.msg, why)) {
        fail_msg("'%s' does not say '%s'", err.msg, why);
    }
}

static void test_wrong_boards_are_refused_by_name(void **state)
{
    static const struct board_device unknown[] = {{.name = "x", .class_name = "nonsense"}};
    static const struct board_device overlap[] = {
        {.name = "a", .class_name = "imx-uart", .base = 0x1000},
        {.name = "b", .class_name = "imx-uart", .base = 0x2000}};
    static const struct board_device twice[] = {
        {.name = "a", .class_name = "imx-uart", .base = 0x10000},
        {.name = "a", .class_name = "imx-uart", .base = 0x20000}};
    static const struct board_device in_ram[] = {
        {.name = "a", .class_name = "imx-uart", .base = 0x71000000}};
    static const struct device_prop colour[] = {{"colour", 1}, {NULL, 0}};
    static const struct board_device prop[] = {
        {.name = "a", .class_name = "imx-uart", .base = 0x10000, .props = colour}};
    static const struct board_wire wire[] = {{"uart1.irq", "tzic.128"}};
    struct board b = copy_of_qsb();
    (void)state;
    b.wire_count = b.clock_count = b.level_count = 0;
    b.device_count = 1;
    b.devices = unknown;
    refuse(&b, "unknown class 'nonsense'");
    b.devices = in_ram;
    refuse(&b, "overlaps ddr0");
    b.devices = prop;
    refuse(&b, "no property 'colour'");
    b.device_count = 2;
    b.devices = overlap;
    refuse(&b, "b at 0x00002000 overlaps a");
    b.devices = twice;
    refuse(&b, "two devices are called 'a'");
    b.device_count = 1;
    b.devices = &overlap[0];
    refuse(&b, "output 'a.irq' is not connected");
    b = copy_of_qsb();
    b.wires = wire;
    b.wire_count = 1;
    refuse(&b, "there is no input 'tzic.128'");
    b = copy_of_qsb();
    b.clock_count--;
    refuse(&b, "has no source");
}

static void test_memory_sizes(void **state)
{
    struct soc_config cfg = {.ram_bytes = 4ull << 30};
    struct err err = {0};
    struct bench b;
    uint64_t bytes;
    (void)state;
    assert_null(soc_create(board_find("imx53-qsb"), &cfg, &err));
    assert_non_null(strstr(err.msg, "1024 MiB"));
    bench_make(&b, "imx53-qsb", 256 << 20);
    assert_int_equal(soc_main_ram(b.soc, &bytes), RAM);
    assert_int_equal(bytes, 256 << 20);
    wr(&b, 0xb0000000, 1); // no second bank: ignored
    assert_int_equal(rd(&b, 0xb0000000), 0);
    bench_close(&b);
}

static void test_two_machines_share_nothing(void **state)
{
    struct bench a, b;
    (void)state;
    bench_open(&a);
    bench_open(&b);
    wr(&a, RAM, 1);
    wr(&a, 0x53fa8020, 2);
    assert_int_equal(rd(&b, RAM), 0);
    assert_int_equal(rd(&b, 0x53fa8020), 0);
    bench_close(&a);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory_repeats_behind_its_chip_select, open_board,
                                        close_board),
        cmocka_unit_test_setup_teardown(test_dma_outside_memory_is_refused, open_board,
                                        close_board),
        cmocka_unit_test_setup_teardown(test_unclaimed_accesses_are_counted_by_name, open_board,
                                        close_board),
        cmocka_unit_test_setup_teardown(test_unclaimed_table_is_bounded, open_board, close_board),
        cmocka_unit_test_setup_teardown(test_bytes_reach_the_word, open_board, close_board),
        cmocka_unit_test_setup_teardown(test_any_value_to_any_register, open_board, close_board),
        cmocka_unit_test_setup_teardown(test_registers_return_to_reset_values, open_board,
                                        close_board),
        cmocka_unit_test(test_wrong_boards_are_refused_by_name),
        cmocka_unit_test(test_memory_sizes),
        cmocka_unit_test(test_two_machines_share_nothing),
    };
    return cmocka_run_group_tests_name("bus and boards", tests, NULL, NULL);
}
