// SPDX-License-Identifier: MIT
//
// Interrupt controller, timers, clocks, GPIO, watchdog, UART and the I2C bus with its slaves,
// driven as U-Boot and Linux drive them.
#include "tests/soc/bench.h"

#include "soc/serial.h"

enum {
    TZIC = 0x0fffc000,
    GPT = 0x53fa0000,
    UART1 = 0x53fbc000,
    I2C1 = 0x63fc8000,
    I2C2 = 0x63fc4000,
    GPIO1 = 0x53f84000,
    WDOG = 0x53f98000,
    PLL1 = 0x63f80000,
    CCM = 0x53fd4000,
    IIM = 0x63f98000,
    EPIT1 = 0x53fac000,
    SDMA = 0x63fb0000,
    SRTC = 0x53fa4000
};
#define NS 1000000000ull

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

// As Linux's tzic driver sets it up.
static void tzic_on(struct bench *b)
{
    wr(b, TZIC + 0x00, 0x80010001);
    wr(b, TZIC + 0x0c, 0x1f);
    wr(b, TZIC + 0x10, 2);
    for (unsigned i = 0; i < 4; i++) {
        wr(b, TZIC + 0x80 + i * 4, ~0u);
        wr(b, TZIC + 0x180 + i * 4, ~0u);
    }
}

static void enable_line(struct bench *b, unsigned line)
{
    wr(b, TZIC + 0x100 + line / 32 * 4, BIT(line % 32));
}

static bool pending(struct bench *b, unsigned line)
{
    return rd(b, TZIC + 0xd80 + line / 32 * 4) >> line % 32 & 1;
}

static void test_tzic_steers_and_masks(void **state)
{
    struct bench *b = *state;
    tzic_on(b);
    wr(b, TZIC + 0x200, BIT(5)); // software source
    assert_false(b->line[CPU_LINE_IRQ]);
    enable_line(b, 5);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_true(pending(b, 5));
    assert_int_equal(rd(b, TZIC + 0x100), BIT(5));
    wr(b, TZIC + 0x80, ~BIT(5)); // secure: FIQ
    assert_false(b->line[CPU_LINE_IRQ]);
    assert_true(b->line[CPU_LINE_FIQ]);
    wr(b, TZIC + 0x0c, 0x02);
    wr(b, TZIC + 0x404, 0xf8 << 8); // lowest priority: under the mask
    assert_false(b->line[CPU_LINE_FIQ]);
    wr(b, TZIC + 0x0c, 0x1f);
    assert_true(b->line[CPU_LINE_FIQ]);
    wr(b, TZIC + 0x280, BIT(5));
    assert_false(b->line[CPU_LINE_FIQ]);
}

static void test_tzic_dsmint_reads_back(void **state)
{
    struct bench *b = *state;
    wr(b, TZIC + 0x14, 1);
    assert_int_equal(rd(b, TZIC + 0x14), 1);
}

static void test_gpt_counts_32k_for_u_boot(void **state)
{
    struct bench *b = *state;
    wr(b, GPT, 0x8000);
    assert_int_equal(rd(b, GPT) & 0x8000, 0);
    for (int i = 0; i < 100; i++) {
        wr(b, GPT, 0);
    }
    wr(b, GPT + 4, 0);
    wr(b, GPT, 0x101);
    wait_ns(b, NS);
    assert_in_range(rd(b, GPT + 0x24), 32767, 32768);
}

static void test_gpt_compare_interrupts_linux(void **state)
{
    struct bench *b = *state;
    uint32_t now;
    tzic_on(b);
    enable_line(b, 39);
    bench_firmware(b);
    wr(b, GPT, 0);
    wr(b, GPT + 4, 0);
    wr(b, GPT, 0x289); // free running from the 33.3 MHz peripheral clock
    wait_ns(b, 3 * MS);
    now = rd(b, GPT + 0x24);
    assert_in_range(now, 99999, 100000);
    wr(b, GPT + 0x10, now + 33333); // one millisecond from here
    wr(b, GPT + 0x0c, 1);
    wait_ns(b, 990000);
    assert_false(b->line[CPU_LINE_IRQ]);
    wait_ns(b, 11000);
    assert_true(b->line[CPU_LINE_IRQ]);
    assert_int_equal(rd(b, GPT + 8), 1);
    wr(b, GPT + 8, 1);
    assert_false(b->line[CPU_LINE_IRQ]);
}

static void test_gpt_survives_clock_change(void **state)
{
    struct bench *b = *state;
    uint32_t before;
    bench_firmware(b);
    wr(b, GPT, 0x289);
    wait_ns(b, 10 * MS);
    before = rd(b, GPT + 0x24);
    wr(b, CCM + 0x14, rd(b, CCM + 0x14) | 7); // divide by 8 instead of 6
    assert_int_equal(rd(b, GPT + 0x24), before);
    wait_ns(b, 10 * MS);
    assert_in_range(rd(b, GPT + 0x24) - before, 249990, 250000);
}

static void test_epit_reloads(void **state)
{
    struct bench *b = *state;
    tzic_on(b);
    enable_line(b, 40);
    wr(b, EPIT1 + 8, 327); // about 10 ms of the 32 kHz clock
    wr(b, EPIT1 + 0xc, 0);
    wr(b, EPIT1, 3u << 24 | 1 | 2 | 4 | 8);
    for (unsigned n = 0; n < 3; n++) {
        assert_false(b->line[CPU_LINE_IRQ]);
        wait_ns(b, 10100000);
        assert_true(b->line[CPU_LINE_IRQ]);
        wr(b, EPIT1 + 4, 1);
    }
}

static void test_pll_locks_and_gives_its_rate(void **state)
{
    struct bench *b = *state;
    struct device *pll = soc_device(b->soc, "pll1");
    wr(b, PLL1, 0x1232);
    assert_int_equal(rd(b, PLL1) & 1, 1);
    wr(b, PLL1 + 8, 0xa0);
    wr(b, PLL1 + 0xc, 0xb);
    wr(b, PLL1 + 0x10, 5);
    wr(b, PLL1 + 4, 3);
    assert_int_equal(rd(b, PLL1 + 4) & 1, 0);
    assert_int_equal(pll->cls->clock_hz(pll, 0), 1000000000);
    wr(b, PLL1, 0); // off
    assert_int_equal(rd(b, PLL1) & 1, 0);
    assert_int_equal(pll->cls->clock_hz(pll, 0), 0);
}

static void test_gpio_edges_and_levels(void **state)
{
    struct bench *b = *state;
    struct device *g = soc_device(b->soc, "gpio1");
    tzic_on(b);
    enable_line(b, 50);
    assert_int_equal(rd(b, GPIO1 + 8) & BIT(8), BIT(8)); // key, not pressed
    wr(b, GPIO1 + 0x0c, 3u << 16);                       // pin 8: falling edge
    wr(b, GPIO1 + 0x18, ~0u);
    wr(b, GPIO1 + 0x14, BIT(8));
    assert_false(b->line[CPU_LINE_IRQ]);
    g->in.set(&g->in, 8, false);
    assert_true(b->line[CPU_LINE_IRQ]);
    wr(b, GPIO1 + 0x18, BIT(8));
    assert_false(b->line[CPU_LINE_IRQ]);
    wr(b, GPIO1 + 0x0c, 0); // low level: stays as long as the pin is low
    assert_true(b->line[CPU_LINE_IRQ]);
    wr(b, GPIO1 + 0x18, BIT(8));
    assert_true(b->line[CPU_LINE_IRQ]);
    g->in.set(&g->in, 8, true);
    wr(b, GPIO1 + 0x18, BIT(8));
    assert_false(b->line[CPU_LINE_IRQ]);
    wr(b, GPIO1 + 4, BIT(3)); // outputs read back
    wr(b, GPIO1, BIT(3));
    assert_int_equal(rd(b, GPIO1) & BIT(3), BIT(3));
}

static void test_card_detect_pins(void **state)
{
    struct bench *b = *state; // no card
    assert_int_equal(rd(b, 0x53f8c008) & (BIT(11) | BIT(13)), BIT(11) | BIT(13));
    assert_int_equal(rd(b, 0x53fe4008) & BIT(11), BIT(11)); // PMIC has nothing to say
}

static void test_watchdog_resets(void **state)
{
    struct bench *b = *state;
    uint64_t v;
    assert_int_equal(bus_read(soc_bus(b->soc), WDOG, 2, &v), CPU_BUS_OK);
    assert_int_equal(v, 0x30);
    bus_write(soc_bus(b->soc), WDOG, 2, 0x0334); // two seconds
    wait_ns(b, NS);
    bus_write(soc_bus(b->soc), WDOG + 2, 2, 0x5555);
    bus_write(soc_bus(b->soc), WDOG + 2, 2, 0xaaaa);
    wait_ns(b, NS * 19 / 10);
    assert_int_equal(b->powered, 0);
    wait_ns(b, NS / 5);
    assert_int_equal(b->powered, 1 + SOC_POWER_RESET);
    b->powered = 0;
    soc_reset(b->soc);
    assert_int_equal(rd(b, 0x53fd0008), 0x10);     // SRC: it was a watchdog
    assert_int_equal(rd(b, WDOG + 4) & 0xffff, 2); // a timeout
    soc_reset(b->soc);
    assert_int_equal(rd(b, 0x53fd0008), 1);    // power on
    bus_write(soc_bus(b->soc), WDOG, 2, 0x24); // what a restart handler writes
    assert_int_equal(b->powered, 1 + SOC_POWER_RESET);
}

static void test_fuses_and_ids(void **state)
{
    struct bench *b = *state;
    assert_int_equal(rd(b, IIM + 0x24), 3);
    assert_int_equal(rd(b, 0x48), 0x21);
    assert_int_equal(rd(b, IIM + 0xc24), 0x00);
    assert_int_equal(rd(b, IIM + 0xc28), 0x04);
    assert_int_equal(rd(b, IIM + 0xc38), 0x01);
    assert_int_equal(rd(b, 0x63ff0000), 0x00100000); // TVE version 2
}

static void test_sdma_channel_0_finishes(void **state)
{
    struct bench *b = *state;
    uint32_t ccb[2] = {RAM + 0x100, RAM + 0x100};
    uint32_t bd[3] = {0x04 << 24 | 0x30000 | 4, RAM + 0x200, 0};
    tzic_on(b);
    soc_dma_write(b->soc, RAM, ccb, sizeof ccb);
    soc_dma_write(b->soc, RAM + 0x100, bd, sizeof bd);
    wr(b, SDMA, RAM);
    wr(b, SDMA + 0x0c, 1);
    assert_int_equal(rd(b, SDMA + 8) & 1, 0);
    assert_int_equal(rd(b, RAM + 0x100) & BIT(16), 0);
    wr(b, SDMA, 0x20000000); // control block where no memory is
    wr(b, SDMA + 0x0c, 1);
}

static void test_srtc_counts(void **state)
{
    struct bench *b = *state;
    uint32_t t0 = rd(b, SRTC);
    wait_ns(b, 5 * NS);
    assert_int_equal(rd(b, SRTC), t0 + 5);
    assert_int_equal(rd(b, SRTC + 0x14) >> 14, 3);
}

// ---- UART
// ----------------------------------------------------------------------------------------

struct line {
    struct bench b;
    struct serial *serial;
};

static int open_uart(void **state)
{
    struct line *l = calloc(1, sizeof *l);
    struct device *dev;
    bench_make(&l->b, "imx53-qsb", 0);
    dev = soc_device(l->b.soc, "uart1");
    l->serial = serial_create("mem", "uart1", NULL);
    assert_int_equal(dev->cls->attach_serial(dev, l->serial, NULL), 0);
    bench_start(&l->b);
    tzic_on(&l->b);
    enable_line(&l->b, 31);
    wr(&l->b, UART1 + 0x80, 1);
    wr(&l->b, UART1 + 0x84, 0x4027);
    *state = l;
    return 0;
}

static int close_uart(void **state)
{
    struct line *l = *state;
    bench_close(&l->b);
    serial_destroy(l->serial);
    free(l);
    return 0;
}

static void test_uart_says_what_the_guest_sends(void **state)
{
    struct line *l = *state;
    for (const char *p = "U-Boot"; *p; p++) {
        assert_int_equal(rd(&l->b, UART1 + 0xb4) & 0x50, 0x40); // empty, not full
        wr(&l->b, UART1 + 0x40, (uint8_t)*p);
    }
    assert_string_equal(serial_text(l->serial, NULL), "U-Boot");
    assert_int_equal(rd(&l->b, UART1 + 0x84) & 1, 1);
}

static void test_uart_transmit_interrupt_follows_its_enable(void **state)
{
    struct line *l = *state;
    assert_false(l->b.line[CPU_LINE_IRQ]);
    wr(&l->b, UART1 + 0x80, 0x2201);
    assert_true(l->b.line[CPU_LINE_IRQ]);
    wr(&l->b, UART1 + 0x80, 0x201);
    assert_false(l->b.line[CPU_LINE_IRQ]);
}

static void test_uart_receives_with_trigger_and_ageing(void **state)
{
    struct line *l = *state;
    wr(&l->b, UART1 + 0x90, 0x2304); // trigger at 4
    wr(&l->b, UART1 + 0x80, 0x201);
    wr(&l->b, UART1 + 0x84, 0x402f); // ageing interrupt on
    assert_int_equal(serial_type(l->serial, "ab", 2), 2);
    assert_false(l->b.line[CPU_LINE_IRQ]);
    wait_ns(&l->b, 2 * MS);
    assert_true(l->b.line[CPU_LINE_IRQ]);
    assert_int_equal(rd(&l->b, UART1 + 0x94) & BIT(8), BIT(8));
    assert_int_equal(rd(&l->b, UART1), 0x8000 | 'a');
    assert_int_equal(rd(&l->b, UART1), 0x8000 | 'b');
    assert_int_equal(rd(&l->b, UART1), 0);
    wr(&l->b, UART1 + 0x94, BIT(8));
    assert_false(l->b.line[CPU_LINE_IRQ]);
    serial_type(l->serial, "cdef", 4);
    assert_true(l->b.line[CPU_LINE_IRQ]);
}

static void test_uart_loses_nothing_of_a_long_paste(void **state)
{
    struct line *l = *state;
    char text[1000];
    for (unsigned i = 0; i < sizeof text; i++) {
        text[i] = (char)('A' + i % 26);
    }
    assert_int_equal(serial_type(l->serial, text, sizeof text), sizeof text);
    for (unsigned i = 0; i < sizeof text; i++) {
        assert_int_equal(rd(&l->b, UART1), 0x8000 | (uint8_t)text[i]);
    }
    assert_int_equal(rd(&l->b, UART1 + 0xb4) & 0x20, 0x20);
}

static void test_serial_script_answers(void **state)
{
    struct line *l = *state;
    assert_int_equal(serial_script_add(l->serial, "login: ", "root\\r", NULL), 0);
    assert_int_equal(serial_script_add(l->serial, "# ", "\\x41", NULL), 0);
    for (const char *p = "x login: "; *p; p++) {
        assert_int_equal(serial_waiting(l->serial), 0);
        wr(&l->b, UART1 + 0x40, (uint8_t)*p);
    }
    for (const char *p = "root\r"; *p; p++) {
        assert_int_equal(rd(&l->b, UART1), 0x8000 | (uint8_t)*p);
    }
    assert_int_equal(serial_script_left(l->serial), 1);
    wr(&l->b, UART1 + 0x40, '#');
    wr(&l->b, UART1 + 0x40, ' ');
    assert_int_equal(rd(&l->b, UART1), 0x8041);
    assert_int_equal(serial_script_left(l->serial), 0);
}

// ---- I2C
// -----------------------------------------------------------------------------------------

// Polled transfers as U-Boot's mxc_i2c does them.
static bool i2c_byte(struct bench *b, uint32_t base, uint8_t v)
{
    wr(b, base + 0x0c, 0);
    wr(b, base + 0x10, v);
    assert_int_equal(rd(b, base + 0x0c) & 0x82, 0x82);
    return !(rd(b, base + 0x0c) & 1);
}

static bool i2c_write(struct bench *b, uint32_t base, uint8_t addr, const uint8_t *data, unsigned n)
{
    bool ack;
    wr(b, base + 0x04, 0x35);
    wr(b, base + 0x08, 0x80);
    wr(b, base + 0x08, 0xb0); // START
    assert_int_equal(rd(b, base + 0x0c) & 0x20, 0x20);
    ack = i2c_byte(b, base, (uint8_t)(addr << 1));
    for (unsigned i = 0; i < n && ack; i++) {
        ack = i2c_byte(b, base, data[i]);
    }
    wr(b, base + 0x08, 0x80); // STOP
    assert_int_equal(rd(b, base + 0x0c) & 0x20, 0);
    return ack;
}

static void i2c_read(struct bench *b, uint32_t base, uint8_t addr, const uint8_t *reg,
                     unsigned reg_n, uint8_t *data, unsigned n)
{
    wr(b, base + 0x08, 0x80);
    wr(b, base + 0x08, 0xb0);
    assert_true(i2c_byte(b, base, (uint8_t)(addr << 1)));
    for (unsigned i = 0; i < reg_n; i++) {
        assert_true(i2c_byte(b, base, reg[i]));
    }
    wr(b, base + 0x08, 0xb4); // repeated START
    assert_true(i2c_byte(b, base, (uint8_t)(addr << 1 | 1)));
    wr(b, base + 0x08, n == 1 ? 0xa8 : 0xa0);
    wr(b, base + 0x0c, 0);
    rd(b, base + 0x10); // dummy: starts the first byte
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(rd(b, base + 0x0c) & 2, 2);
        wr(b, base + 0x0c, 0);
        if (i + 1 == n) {
            wr(b, base + 0x08, 0x80); // STOP before the last read
        } else if (i + 2 == n) {
            wr(b, base + 0x08, 0xa8);
        }
        data[i] = (uint8_t)rd(b, base + 0x10);
    }
}

static void test_i2c_reaches_the_pmic(void **state)
{
    struct bench *b = *state;
    const uint8_t set[] = {0x2e, 0x5e}, reg = 0x2e, mask = 0x0a;
    uint8_t got[4] = {0};
    assert_true(i2c_write(b, I2C1, 0x48, set, 2));
    i2c_read(b, I2C1, 0x48, &reg, 1, got, 2);
    assert_int_equal(got[0], 0x5e);
    assert_int_equal(got[1], 0x40); // next register
    i2c_read(b, I2C1, 0x48, &mask, 1, got, 4);
    assert_int_equal(got[3], 0xff);
    assert_false(i2c_write(b, I2C1, 0x08, set, 2)); // nobody there
}

static void test_pmic_clock_and_power_off(void **state)
{
    struct bench *b = *state;
    const uint8_t count = 0x6f;
    const uint8_t date[][2] = {{0x6f, 58}, {0x70, 59}, {0x71, 23},
                               {0x72, 28}, {0x73, 2},  {0x74, 24 | 0x40}};
    const uint8_t off[] = {0x0f, 0xa0};
    uint8_t got[6];
    i2c_read(b, I2C1, 0x48, &count, 1, got, 6);
    assert_int_equal(got[5], 24 | 0x40); // the machine's fixed date: 2024-01-01
    assert_int_equal(got[4], 1);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(i2c_write(b, I2C1, 0x48, date[i], 2));
    }
    wait_ns(b, 3 * NS);
    i2c_read(b, I2C1, 0x48, &count, 1, got, 6);
    assert_int_equal(got[3], 29); // leap year
    assert_int_equal(got[0], 1);
    i2c_write(b, I2C1, 0x48, off, 2);
    assert_int_equal(b->powered, 1 + SOC_POWER_OFF);
}

static void test_codec_and_edid_identify(void **state)
{
    struct bench *b = *state;
    const uint8_t id[] = {0, 0}, zero = 0, set[] = {0x00, 0x30, 0x12, 0x34}, power[] = {0x00, 0x30};
    uint8_t got[128], sum = 0;
    i2c_read(b, I2C2, 0x0a, id, 2, got, 2);
    assert_int_equal(got[0], 0xa0);
    assert_true(i2c_write(b, I2C2, 0x0a, set, 4));
    i2c_read(b, I2C2, 0x0a, power, 2, got, 2);
    assert_int_equal(got[0] << 8 | got[1], 0x1234);
    i2c_read(b, I2C2, 0x50, &zero, 1, got, 128);
    for (unsigned i = 0; i < 128; i++) {
        sum = (uint8_t)(sum + got[i]);
    }
    assert_int_equal(sum, 0);
    assert_int_equal(got[54] | got[55] << 8, 6500); // 65 MHz
}

static void test_i2c_interrupt_and_reset(void **state)
{
    struct bench *b = *state;
    tzic_on(b);
    enable_line(b, 62);
    wr(b, I2C1 + 0x08, 0x80);
    wr(b, I2C1 + 0x08, 0xf0);
    wr(b, I2C1 + 0x10, 0x90);
    assert_true(b->line[CPU_LINE_IRQ]);
    wr(b, I2C1 + 0x0c, 0);
    assert_false(b->line[CPU_LINE_IRQ]);
    wr(b, I2C1 + 0x08, 0);
    assert_int_equal(rd(b, I2C1 + 0x0c), 0x81);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_board, close_board)
#define U(f) cmocka_unit_test_setup_teardown(f, open_uart, close_uart)
    const struct CMUnitTest tests[] = {
        T(test_tzic_steers_and_masks),
        T(test_tzic_dsmint_reads_back),
        T(test_gpt_counts_32k_for_u_boot),
        T(test_gpt_compare_interrupts_linux),
        T(test_gpt_survives_clock_change),
        T(test_epit_reloads),
        T(test_pll_locks_and_gives_its_rate),
        T(test_gpio_edges_and_levels),
        T(test_card_detect_pins),
        T(test_watchdog_resets),
        T(test_fuses_and_ids),
        T(test_sdma_channel_0_finishes),
        T(test_srtc_counts),
        U(test_uart_says_what_the_guest_sends),
        U(test_uart_transmit_interrupt_follows_its_enable),
        U(test_uart_receives_with_trigger_and_ageing),
        U(test_uart_loses_nothing_of_a_long_paste),
        U(test_serial_script_answers),
        T(test_i2c_reaches_the_pmic),
        T(test_pmic_clock_and_power_off),
        T(test_codec_and_edid_identify),
        T(test_i2c_interrupt_and_reset),
    };
    return cmocka_run_group_tests_name("i.MX53 core devices", tests, NULL, NULL);
}
