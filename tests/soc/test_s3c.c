// SPDX-License-Identifier: MIT
//
// The mini2440 board's devices, driven through the bus as Linux and boot loaders drive them.
#include "tests/soc/bench.h"

#include "base/png.h"
#include "soc/disk.h"
#include "soc/net.h"
#include "soc/serial.h"
#include "soc/soc_input.h"
#include "soc/sound.h"

enum {
    INTC = 0x4a000000,
    DMA = 0x4b000000,
    CLK = 0x4c000000,
    LCD = 0x4d000000,
    UART0 = 0x50000000,
    NAND = 0x4e000000,
    PWM = 0x51000000,
    WDT = 0x53000000,
    IIC = 0x54000000,
    IIS = 0x55000000,
    ADC = 0x58000000,
    GPIO = 0x56000000,
    RTC = 0x57000040,
    SDI = 0x5a000000,
    ETH = 0x20000300,
    SDRAM = 0x30000000
};

static int open_board(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    bench_make(b, "mini2440", 0);
    bench_start(b);
    wr(b, WDT, 0);
    wr(b, CLK + 0x14, 5); // 1:4:8
    wr(b, CLK + 0x04, 0x7f021);
    *state = b;
    return 0;
}

static int close_board(void **state)
{
    bench_close(*state);
    free(*state);
    return 0;
}

static void test_one_source_is_granted_at_a_time(void **state)
{
    struct bench *b = *state;
    wr(b, INTC + 8, ~(BIT(10) | BIT(14))); // timers 0 and 4
    wr(b, PWM + 0x0c, 10);
    wr(b, PWM + 0x3c, 10);
    wr(b, PWM + 8, 0x200002); // load
    wr(b, PWM + 8, 0x100001); // start, once
    assert_false(b->line[CPU_LINE_IRQ]);
    wait_ns(b, MS);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, INTC), BIT(10) | BIT(14));
    assert_int_equal(rd(b, INTC + 0x10), BIT(10));
    assert_int_equal(rd(b, INTC + 0x14), 10);
    wr(b, INTC, BIT(10));
    wr(b, INTC + 0x10, BIT(10));
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, INTC + 0x14), 14);
    wr(b, INTC, BIT(14));
    wr(b, INTC + 0x10, BIT(14));
    assert_false(b->line[CPU_LINE_IRQ]);
}

static void test_fiq_sources_bypass_intpnd(void **state)
{
    struct bench *b = *state;
    wr(b, INTC + 4, BIT(14));
    wr(b, INTC + 8, ~BIT(14));
    wr(b, PWM + 0x3c, 10);
    wr(b, PWM + 8, 0x200000);
    wr(b, PWM + 8, 0x100000);
    wait_ns(b, MS);
    assert_true(b->line[CPU_LINE_FIQ]);
    assert_false(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, INTC + 0x10), 0);
}

static void test_timer4_counts_as_linux_clocksource(void **state)
{
    struct bench *b = *state;
    wr(b, PWM + 0, 0x1800); // PCLK / 25 / 2 = 1.0125 MHz
    wr(b, PWM + 0x3c, 0xffff);
    wr(b, PWM + 8, 0x200000);
    wr(b, PWM + 8, 0x500000);
    assert_int_equal(rd(b, PWM + 0x40), 0xffff);
    wait_ns(b, 10 * MS);
    assert_in_range(0xffff - rd(b, PWM + 0x40), 10124, 10125);
    wait_ns(b, 60 * MS); // it has wrapped
    assert_in_range(0xffff - rd(b, PWM + 0x40), 70875 - 65536 - 1, 70875 - 65536 + 1);
}

static void test_watchdog_runs_after_reset(void **state)
{
    struct bench *b = *state;
    wr(b, WDT + 8, 0x80);
    wr(b, WDT, 0x21); // PCLK / 16
    wait_ns(b, MS);
    assert_int_equal(b->powered, 1 + SOC_POWER_RESET);
}

static void test_uart_receives_with_sub_interrupt(void **state)
{
    struct bench *b = *state;
    struct err err = {0};
    struct serial *s = serial_create("mem", "uart0", &err);
    struct device *dev = soc_device(b->soc, "uart0");
    size_t n;
    assert_non_null(s);
    assert_int_equal(dev->cls->attach_serial(dev, s, &err), 0);
    wr(b, UART0 + 4, 0xb85);
    wr(b, UART0 + 8, 0x11);
    wr(b, INTC + 0x1c, 0x7ffe); // RXD0
    wr(b, INTC + 8, ~BIT(28));
    bus_write(soc_bus(b->soc), UART0 + 0x20, 1, 'x');
    assert_string_equal(serial_text(s, &n), "x");
    assert_int_equal(rd(b, UART0 + 0x10) & 7, 6);
    serial_type(s, "ab", 2);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, UART0 + 0x18) & 0x3f, 2);
    assert_int_equal(rd(b, INTC + 0x18) & 1, 1);
    assert_int_equal(rd(b, UART0 + 0x24), 'a');
    assert_int_equal(rd(b, UART0 + 0x24), 'b');
    wr(b, INTC + 0x18, 1);
    wr(b, INTC, BIT(28));
    wr(b, INTC + 0x10, BIT(28));
    assert_false(b->line[CPU_LINE_IRQ]);
    wr(b, INTC + 0x1c, 0x7ffd); // sending raises at once while the FIFO is empty
    assert_true(b->line[CPU_LINE_IRQ]);
    serial_destroy(s);
}

static void test_lcd_shows_16_bit_and_palette_pixels(void **state)
{
    struct bench *b = *state;
    struct picture pic;
    struct err err = {0};
    assert_true(soc_scanout(b->soc, "lcd", &pic, &err) < 0);
    wr(b, LCD + 4, 1 << 14);  // 2 lines
    wr(b, LCD + 8, 1 << 8);   // 2 pixels
    wr(b, LCD + 0x10, 0xb49); // 5:6:5, low half first
    wr(b, LCD + 0x14, 0x30100000 >> 1);
    wr(b, LCD + 0x1c, 2); // 2 halfwords a line
    wr(b, LCD, 0x579);
    wr(b, 0x30100000, 0x07e0f800);
    wr(b, 0x30100004, 0xffff001f);
    assert_int_equal(soc_scanout(b->soc, "lcd", &pic, &err), 0);
    assert_int_equal(pic.width, 2);
    assert_int_equal(pic.height, 2);
    assert_int_equal(get_le32(pic.rgba), 0xff0000ff);
    assert_int_equal(get_le32(pic.rgba + 4), 0xff00ff00);
    assert_int_equal(get_le32(pic.rgba + 8), 0xffff0000);
    assert_int_equal(get_le32(pic.rgba + 12), 0xffffffff);
    picture_fini(&pic);
    wr(b, LCD + 0x10, 0xb4a); // bytes swapped: first pixel in the low byte
    wr(b, LCD, 0x577);        // 8 bits
    wr(b, LCD + 0x1c, 2);
    wr(b, LCD + 0x400 + 5 * 4, 0xf800);
    wr(b, 0x30100000, 0x05);
    assert_int_equal(soc_scanout(b->soc, "lcd", &pic, &err), 0);
    assert_int_equal(get_le32(pic.rgba), 0xff0000ff);
    picture_fini(&pic);
}

static void test_rtc_tells_and_takes_the_date(void **state)
{
    struct bench *b = *state;
    assert_int_equal(rd(b, RTC + 0x48), 0x24); // 2024
    wr(b, RTC, 1);
    wr(b, RTC + 0x38, 0x23);
    wr(b, RTC + 0x34, 0x59);
    wr(b, RTC + 0x30, 0x58);
    wait_ns(b, 2000 * MS);
    assert_int_equal(rd(b, RTC + 0x38), 0);
    assert_int_equal(rd(b, RTC + 0x3c), 2);
}

static uint32_t iic_step(struct bench *b)
{
    wr(b, IIC, rd(b, IIC) & ~BIT(4));
    return rd(b, IIC + 4);
}

static void test_eeprom_keeps_a_byte(void **state)
{
    struct bench *b = *state;
    wr(b, IIC, 0xe0);
    wr(b, IIC + 0xc, 0xa0);
    wr(b, IIC + 4, 0xf0);
    assert_int_equal(rd(b, IIC) & BIT(4), BIT(4));
    assert_int_equal(rd(b, IIC + 4) & 1, 0); // acknowledged
    wr(b, IIC + 0xc, 7);
    iic_step(b);
    wr(b, IIC + 0xc, 0x5a);
    iic_step(b);
    wr(b, IIC + 4, 0xd0);
    iic_step(b);
    assert_int_equal(rd(b, IIC + 4) & 0x20, 0);
    wr(b, IIC + 0xc, 0xa0);
    wr(b, IIC + 4, 0xf0);
    wr(b, IIC + 0xc, 7);
    iic_step(b);
    wr(b, IIC + 0xc, 0xa1); // repeated START
    wr(b, IIC + 4, 0xb0);
    iic_step(b);
    iic_step(b);
    assert_int_equal(rd(b, IIC + 0xc), 0x5a);
    wr(b, IIC + 4, 0x90);
    iic_step(b);
    wr(b, IIC + 0xc, 0x20); // nobody there
    wr(b, IIC + 4, 0xf0);
    assert_int_equal(rd(b, IIC + 4) & 1, 1);
}

static void test_dma_copies_memory(void **state)
{
    struct bench *b = *state;
    wr(b, SDRAM + 0x1000, 0x12345678);
    wr(b, SDRAM + 0x1004, 0x9abcdef0);
    wr(b, INTC + 8, ~BIT(18));
    wr(b, DMA + 0x40, SDRAM + 0x1000);
    wr(b, DMA + 0x48, SDRAM + 0x2000);
    wr(b, DMA + 0x50, BIT(29) | BIT(22) | 2 << 20 | 2);
    wr(b, DMA + 0x60, 3);
    assert_int_equal(rd(b, SDRAM + 0x2004), 0x9abcdef0);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, DMA + 0x60), 0);
}

static void test_dm9000_tells_who_it_is(void **state)
{
    static const uint8_t id[4] = {0x46, 0x0a, 0x00, 0x90};
    struct bench *b = *state;
    for (unsigned i = 0; i < 4; i++) {
        wr(b, ETH, 0x28 + i);
        assert_int_equal(rd(b, ETH + 4), id[i]);
    }
    wr(b, ETH, 0);
    wr(b, ETH + 4, 1);
    assert_int_equal(rd(b, ETH + 4) & 1, 0); // reset is over
    wr(b, ETH, 0xfe);
    assert_int_equal(rd(b, ETH + 4) & 0xc0, 0); // 16 bits
}

static void test_sdi_without_card_times_out(void **state)
{
    struct bench *b = *state;
    wr(b, SDI + 0x0c, 0x348);
    assert_int_equal(rd(b, SDI + 0x10) & 0x600, 0x400);
    wr(b, SDI + 0x10, 0x1e00);
    assert_int_equal(rd(b, SDI + 0x10) & 0x1e00, 0);
}

static void test_memory_repeats_and_holes_are_silent(void **state)
{
    struct bench *b = *state;
    uint64_t v = 1;
    wr(b, 0x00000010, 0xcafe);
    assert_int_equal(rd(b, 0x40000010), 0xcafe);
    assert_int_equal(bus_read(soc_bus(b->soc), 0x00010000, 4, &v), CPU_BUS_OK);
    assert_int_equal(v, 0);
    assert_int_equal(rd(b, GPIO + 0xb0), 0x32440001);
}

// ---- NAND
// ------------------------------------------------------------------------------------------

static uint8_t nand_byte(struct bench *b)
{
    uint64_t v = 0;
    bus_read(soc_bus(b->soc), NAND + 0x10, 1, &v);
    return (uint8_t)v;
}

static void nand_start(struct bench *b, uint8_t cmd, uint32_t row, uint8_t then)
{
    wr(b, NAND + 8, cmd);
    for (unsigned i = 0; i < 4; i++) {
        if (i || cmd != 0x60) {
            wr(b, NAND + 0xc, i ? row >> (i - 1) * 8 & 0xff : 0);
        }
    }
    if (then) {
        wr(b, NAND + 8, then);
    }
}

static void test_nand_programs_reads_and_erases(void **state)
{
    struct bench *b = *state;
    wr(b, NAND + 4, 1);
    wr(b, NAND + 8, 0x90);
    wr(b, NAND + 0xc, 0);
    assert_int_equal(nand_byte(b), 0xec);
    assert_int_equal(nand_byte(b), 0x76);
    nand_start(b, 0x80, 33, 0);
    for (unsigned i = 0; i < 128; i++) {
        wr(b, NAND + 0x10, i * 0x01010101);
    }
    wr(b, NAND + 8, 0x10);
    wr(b, NAND + 8, 0x70);
    assert_int_equal(nand_byte(b) & 0x41, 0x40);
    nand_start(b, 0x00, 33, 0);
    assert_int_equal(rd(b, NAND + 0x10), 0);
    assert_int_equal(rd(b, NAND + 0x10), 0x01010101);
    nand_start(b, 0x60, 32, 0xd0);
    nand_start(b, 0x00, 33, 0);
    assert_int_equal(rd(b, NAND + 0x10), ~0u);
}

// One wrong bit shows in the XOR of the codes as its place, once direct and once inverted.
static void test_nand_ecc_finds_the_flipped_bit(void **state)
{
    struct bench *b = *state;
    uint32_t blank, code, diff;
    wr(b, NAND + 4, 0x11);
    nand_start(b, 0x00, 0, 0);
    for (unsigned i = 0; i < 128; i++) {
        rd(b, NAND + 0x10);
    }
    blank = rd(b, NAND + 0x2c);
    assert_int_equal(blank, ~0u);
    wr(b, NAND + 4, 0x11);
    nand_start(b, 0x80, 0, 0);
    for (unsigned i = 0; i < 128; i++) {
        wr(b, NAND + 0x10, i == 0x15a / 4 ? ~(BIT(3) << 16) : ~0u); // byte 0x15a, bit 3
    }
    code = rd(b, NAND + 0x2c);
    diff = code ^ blank;
    assert_int_equal(__builtin_popcount(diff & 0xffffff), 12);
    // odd halves: P8.. of the byte number, P1.. of the bit number
    assert_int_equal((diff >> 3 & 1) << 1 | (diff >> 1 & 1), 1u << 1);
    assert_int_equal(diff >> 17 & 1, 1); // byte bit 8
    assert_int_equal((diff >> 19 & 1) | (diff >> 21 & 1) << 1 | (diff >> 23 & 1) << 2, 3); // bit 3
}

// ---- touch, sound, requests to the DMA controller
// ----------------------------------------------------------------------

static void test_the_pen_wakes_and_is_measured(void **state)
{
    struct bench *b = *state;
    struct err err = {0};
    wr(b, INTC + 0x1c, 0x7dff); // TC
    wr(b, INTC + 8, 0x7fffffff);
    wr(b, ADC + 4, 0xd3); // wait for the pen
    assert_false(b->line[CPU_LINE_IRQ]);
    assert_int_equal(soc_pointer(b->soc, 0, 65535, true, &err), 0);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, INTC + 0x18), BIT(9));
    assert_int_equal(rd(b, ADC + 0x14), 1);
    wr(b, ADC + 4, 0x0c); // both axes
    wr(b, ADC, 0x4c41);
    assert_int_equal(rd(b, ADC) & BIT(15), 0);
    wait_ns(b, 10 * MS);
    assert_int_equal(rd(b, ADC) & BIT(15), BIT(15));
    assert_int_equal(rd(b, ADC + 0x0c) & 0x83ff, 80);
    assert_int_equal(rd(b, ADC + 0x10) & 0x83ff, 920);
    wr(b, ADC + 0x14, 0);
    wr(b, ADC + 4, 0x1d3); // wait for it to go
    soc_pointer(b->soc, 0, 0, false, &err);
    assert_int_equal(rd(b, ADC + 0x14), 2);
    assert_int_equal(rd(b, ADC + 0x0c) & 0x8000, 0x8000);
}

static void test_keys_have_names(void **state)
{
    struct bench *b = *state;
    struct err err = {0};
    assert_int_equal(rd(b, GPIO + 0x64) & 1, 1);
    assert_int_equal(soc_key(b->soc, "K1", true, &err), 0);
    assert_int_equal(rd(b, GPIO + 0x64) & 1, 0);
    soc_key(b->soc, "K1", false, &err);
    assert_int_equal(rd(b, GPIO + 0x64) & 1, 1);
    assert_int_equal(soc_key(b->soc, "K9", true, &err), -2);
    assert_non_null(strstr(err.msg, "K6"));
}

static void test_dma_feeds_the_sound_at_its_rate(void **state)
{
    struct bench *b = *state;
    struct err err = {0};
    struct sound *s = sound_create(NULL, &err);
    struct device *dev = soc_device(b->soc, "iis");
    struct sound_counters n;
    dev->cls->attach_sound(dev, s, &err);
    for (unsigned i = 0; i < 4096; i++) { // a square wave of 32 frames
        uint64_t v = i & 32 ? 0x1000 : 0xf000;
        bus_write(soc_bus(b->soc), SDRAM + 0x10000 + i * 2, 2, v);
    }
    wr(b, INTC + 8, ~BIT(19));
    wr(b, IIS + 8, 8 << 5 | 8); // 50.6 MHz / 9 / 256 = 22 kHz
    wr(b, IIS + 4, 0x88);
    wr(b, IIS + 0xc, 0xa000);
    wr(b, DMA + 0x80, SDRAM + 0x10000);
    wr(b, DMA + 0x84, 0);
    wr(b, DMA + 0x88, IIS + 0x10);
    wr(b, DMA + 0x8c, 3);
    wr(b, DMA + 0x90, BIT(31) | BIT(29) | BIT(23) | BIT(22) | 1 << 20 | 4096);
    wr(b, DMA + 0xa0, 2);
    wr(b, IIS, 0x23);
    assert_false(b->line[CPU_LINE_IRQ]);
    wait_ns(b, 50 * MS);
    assert_int_not_equal(rd(b, DMA + 0x94) & 0xfffff, 0); // half of it is still to come
    wait_ns(b, 60 * MS);
    assert_int_equal(rd(b, DMA + 0x94) & 0xfffff, 0);
    assert_true(b->line[CPU_LINE_IRQ]);
    sound_counters(s, &n);
    assert_in_range(n.rate, 21900, 22000);
    assert_in_range(n.frames, 2030, 2048);
    assert_in_range(n.crossings, 62, 64);
    sound_destroy(s);
}

// ---- SD: data that comes before the command waits
// ----------------------------------------------------------------------

static uint32_t sd_command(struct bench *b, unsigned index, uint32_t arg, bool wait)
{
    wr(b, SDI + 0x10, 0x1e00);
    wr(b, SDI + 8, arg);
    wr(b, SDI + 0xc, 0x140 | index | (wait ? 0x200 : 0));
    return rd(b, SDI + 0x14);
}

static void test_sd_blocks_are_written_through_the_fifo(void **state)
{
    struct bench b;
    struct disk_config cfg = {.bytes = 1 << 20};
    struct err err = {0};
    struct disk *disk = disk_open(&cfg, &err);
    uint8_t sector[512];
    uint32_t rca;
    (void)state;
    bench_make(&b, "mini2440", 0);
    soc_device(b.soc, "sdi")->cls->attach_disk(soc_device(b.soc, "sdi"), disk, &err);
    bench_start(&b);
    sd_command(&b, 0, 0, false);
    sd_command(&b, 8, 0x1aa, true);
    do {
        sd_command(&b, 55, 0, true);
    } while (!(sd_command(&b, 41, 0x40ff8000, true) & BIT(31)));
    sd_command(&b, 2, 0, true);
    rca = sd_command(&b, 3, 0, true) & 0xffff0000;
    sd_command(&b, 7, rca, true);
    sd_command(&b, 16, 512, true);
    wr(&b, SDI + 0x28, 512);
    wr(&b, SDI + 0x2c, BIT(20) | 3 << 12 | BIT(14) | 1); // send, after the response
    for (unsigned i = 0; i < 16; i++) {
        wr(&b, SDI + 0x40, 0x01010101 * i);
    }
    assert_int_equal(rd(&b, SDI + 0x38) & 0x7f, 64); // full
    sd_command(&b, 24, 0, true);
    assert_int_equal(rd(&b, SDI + 0x38) & 0x7f, 0);
    for (unsigned i = 16; i < 128; i++) {
        wr(&b, SDI + 0x40, 0x01010101 * i);
    }
    assert_int_equal(rd(&b, SDI + 0x34) & BIT(4), BIT(4));
    disk_read(disk, 0, sector, 512);
    assert_int_equal(sector[4], 1);
    assert_int_equal(sector[511], 127);
    bench_close(&b);
    disk_close(disk);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_board, close_board)
    const struct CMUnitTest tests[] = {
        T(test_one_source_is_granted_at_a_time),
        T(test_fiq_sources_bypass_intpnd),
        T(test_timer4_counts_as_linux_clocksource),
        T(test_watchdog_runs_after_reset),
        T(test_uart_receives_with_sub_interrupt),
        T(test_lcd_shows_16_bit_and_palette_pixels),
        T(test_rtc_tells_and_takes_the_date),
        T(test_eeprom_keeps_a_byte),
        T(test_dma_copies_memory),
        T(test_dm9000_tells_who_it_is),
        T(test_sdi_without_card_times_out),
        T(test_memory_repeats_and_holes_are_silent),
        T(test_nand_programs_reads_and_erases),
        T(test_nand_ecc_finds_the_flipped_bit),
        T(test_the_pen_wakes_and_is_measured),
        T(test_keys_have_names),
        T(test_dma_feeds_the_sound_at_its_rate),
        cmocka_unit_test(test_sd_blocks_are_written_through_the_fifo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
