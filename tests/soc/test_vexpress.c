// SPDX-License-Identifier: MIT
//
// The vexpress-a9 board's devices, driven through the bus as Linux drives them, by any of four
// cores; and whole machines in which four cores count under a lock (load and store exclusive, WFE
// and SEV), on both engines, alike each time.
#include "tests/soc/bench.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/png.h"
#include "soc/disk.h"
#include "soc/machine.h"
#include "soc/serial.h"

enum {
    SYSREG = 0x10000000,
    MMCI = 0x10005000,
    UART0 = 0x10009000,
    TIMER = 0x10011000,
    RTC = 0x10017000,
    CLCD = 0x1001f000,
    SCU = 0x1e000000,
    GICC = 0x1e000100,
    GTIMER = 0x1e000200,
    PTIMER = 0x1e000600,
    GICD = 0x1e001000,
    VRAM = 0x4c000000,
    ETH = 0x4e000000,
};
enum { CORES = 4, SPURIOUS = 1023 };

struct rig {
    struct bench b; // first: rd and wr take it
    unsigned core;
    bool irq[CORES];
    struct disk *disk;
};

static void rig_line(struct soc_host *host, unsigned line, bool level)
{
    struct rig *r = container_of(host, struct rig, b.host);
    if (line % CPU_LINE_COUNT == CPU_LINE_IRQ && line / CPU_LINE_COUNT < CORES) {
        r->irq[line / CPU_LINE_COUNT] = level;
    }
}

static unsigned rig_core(struct soc_host *host)
{
    return container_of(host, struct rig, b.host)->core;
}

static int open_rig(void **state)
{
    static const struct soc_host_ops ops = {
        .cpu_line = rig_line, .power = bench_power, .core = rig_core};
    struct rig *r = calloc(1, sizeof *r);
    struct soc_config cfg = {.ram_bytes = 64 << 20, .cpus = CORES, .host = &r->b.host};
    struct err err = {0};
    r->b.host.ops = &ops;
    r->b.soc = soc_create(board_find("vexpress-a9"), &cfg, &err);
    if (!r->b.soc || soc_realize(r->b.soc, &err)) {
        fail_msg("%s", err.msg);
    }
    *state = r;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *r = *state;
    bench_close(&r->b);
    disk_close(r->disk);
    free(r);
    return 0;
}

static uint32_t as(struct rig *r, unsigned core, uint32_t pa)
{
    r->core = core;
    return rd(&r->b, pa);
}

static void put(struct rig *r, unsigned core, uint32_t pa, uint32_t v)
{
    r->core = core;
    wr(&r->b, pa, v);
}

static void gic_on(struct rig *r)
{
    put(r, 0, GICD, 1);
    for (unsigned k = 0; k < CORES; k++) {
        put(r, k, GICC + 4, 0xf0);
        put(r, k, GICC, 1);
    }
}

// ---- interrupts
// ----------------------------------------------------------------------------------

static void test_identification_names_four_cores(void **state)
{
    struct rig *r = *state;
    assert_int_equal(as(r, 0, SCU + 4), 0xf3);
    assert_int_equal(as(r, 0, GICD + 4), 2 | 3 << 5);
    for (unsigned k = 0; k < CORES; k++) {
        assert_int_equal(as(r, k, GICD + 0x800), 0x01010101u << k);
    }
    assert_int_equal(as(r, 0, UART0 + 0xfe0), 0x11);
    assert_int_equal(as(r, 0, UART0 + 0xffc), 0xb1);
}

static void test_software_interrupts_reach_the_named_cores(void **state)
{
    struct rig *r = *state;
    gic_on(r);
    put(r, 1, GICD + 0xf00, 5u << 16 | 3); // 3 to cores 0 and 2
    assert_true(r->irq[0] && r->irq[2]);
    assert_false(r->irq[1] || r->irq[3]);
    put(r, 3, GICD + 0xf00, 4u << 16 | 3);
    assert_int_equal(as(r, 2, GICC + 0xc), 3 | 1 << 10); // senders one after the other
    assert_int_equal(as(r, 2, GICC + 0xc), SPURIOUS);    // busy with it
    put(r, 2, GICC + 0x10, 3 | 1 << 10);
    assert_true(r->irq[2]);
    assert_int_equal(as(r, 2, GICC + 0xc), 3 | 3 << 10);
    put(r, 2, GICC + 0x10, 3 | 3 << 10);
    assert_false(r->irq[2]);
    put(r, 0, GICD + 0x180, ~0u); // software interrupts cannot be switched off
    assert_true(r->irq[0]);
    put(r, 3, GICD + 0xf00, 1u << 24 | 1); // all others
    assert_false(r->irq[3]);
    assert_true(r->irq[1] && r->irq[2]);
}

static void test_shared_interrupts_go_to_their_target(void **state)
{
    struct rig *r = *state;
    gic_on(r);
    put(r, 0, TIMER + 0x08, 0xa2); // SP804: on, interrupt, 32 bits
    put(r, 0, TIMER + 0x00, 100);
    put(r, 0, GICD + 0x104, BIT(2)); // 34
    bus_write(soc_bus(r->b.soc), GICD + 0x800 + 34, 1, 1 << 2);
    wait_ns(&r->b, 100 * 1000 + 1);
    assert_true(r->irq[2]);
    assert_false(r->irq[0]);
    assert_int_equal(as(r, 2, GICC + 0xc), 34);
    assert_false(r->irq[2]);
    put(r, 2, GICC + 0x10, 34); // still high: again
    assert_true(r->irq[2]);
    put(r, 2, TIMER + 0x0c, 1);
    assert_false(r->irq[2]);
}

static void test_higher_priorities_come_first_and_preempt(void **state)
{
    struct rig *r = *state;
    gic_on(r);
    r->core = 0;
    bus_write(soc_bus(r->b.soc), GICD + 0x400 + 5, 1, 0xa0);
    bus_write(soc_bus(r->b.soc), GICD + 0x400 + 9, 1, 0x40);
    put(r, 0, GICD + 0xf00, 2u << 24 | 5);
    assert_int_equal(as(r, 0, GICC + 0xc), 5);
    assert_false(r->irq[0]);
    put(r, 0, GICD + 0xf00, 2u << 24 | 9);
    assert_true(r->irq[0]);
    assert_int_equal(as(r, 0, GICC + 0x14), 0xa0);
    assert_int_equal(as(r, 0, GICC + 0xc), 9);
    assert_int_equal(as(r, 0, GICC + 0x14), 0x40);
    put(r, 0, GICC + 0x10, 9);
    put(r, 0, GICC + 0x10, 5);
    put(r, 0, GICC + 4, 0x80); // the mask lets only higher ones through
    put(r, 0, GICD + 0xf00, 2u << 24 | 5);
    assert_false(r->irq[0]);
    put(r, 0, GICC + 4, 0xf0);
    assert_true(r->irq[0]);
}

// ---- timers
// --------------------------------------------------------------------------------------

static void test_each_core_has_its_private_timer(void **state)
{
    struct rig *r = *state;
    gic_on(r);
    for (unsigned k = 0; k < CORES; k++) {
        put(r, k, GICD + 0x100, BIT(29));
    }
    put(r, 1, PTIMER + 0, 99999); // 1 ms at 100 MHz
    put(r, 1, PTIMER + 8, 7);
    assert_int_equal(as(r, 0, PTIMER + 8), 0);
    wait_ns(&r->b, MS / 2);
    assert_in_range(as(r, 1, PTIMER + 4), 49990, 50010);
    assert_false(r->irq[1]);
    wait_ns(&r->b, MS / 2);
    assert_true(r->irq[1]);
    assert_false(r->irq[0] || r->irq[2] || r->irq[3]);
    assert_int_equal(as(r, 1, GICC + 0xc), 29);
    put(r, 1, PTIMER + 0xc, 1);
    put(r, 1, GICC + 0x10, 29);
    assert_false(r->irq[1]);
    wait_ns(&r->b, MS); // it reloads
    assert_true(r->irq[1]);
}

static void test_one_shot_timer_stops_at_zero(void **state)
{
    struct rig *r = *state;
    put(r, 2, PTIMER + 8, 4);
    put(r, 2, PTIMER + 4, 1000);
    put(r, 2, PTIMER + 8, 5);
    wait_ns(&r->b, 20000);
    assert_int_equal(as(r, 2, PTIMER + 4), 0);
    assert_int_equal(as(r, 2, PTIMER + 0xc), 1);
    put(r, 2, PTIMER + 0xc, 1);
    wait_ns(&r->b, MS);
    assert_int_equal(as(r, 2, PTIMER + 0xc), 0);
}

static void test_global_timer_compares(void **state)
{
    struct rig *r = *state;
    gic_on(r);
    put(r, 3, GICD + 0x100, BIT(27));
    put(r, 3, GTIMER + 0x10, 100000);
    put(r, 3, GTIMER + 0x08, 7);
    wait_ns(&r->b, MS - 1000);
    assert_false(r->irq[3]);
    wait_ns(&r->b, 2000);
    assert_true(r->irq[3]);
    assert_in_range(as(r, 0, GTIMER), 100090, 100110); // one count for all
}

static void test_dual_timer_counts_and_reloads(void **state)
{
    struct rig *r = *state;
    put(r, 0, TIMER + 0x20, ~0u); // second: free running clock source
    put(r, 0, TIMER + 0x28, 0x82);
    wait_ns(&r->b, 5 * MS);
    assert_in_range(~as(r, 0, TIMER + 0x24), 4999, 5001);
    put(r, 0, TIMER + 0x00, 1000);
    put(r, 0, TIMER + 0x08, 0xe2); // periodic
    wait_ns(&r->b, 1100 * 1000);
    assert_int_equal(as(r, 0, TIMER + 0x14), 1);
    assert_in_range(as(r, 0, TIMER + 0x04), 890, 910);
    put(r, 0, TIMER + 0x0c, 0);
    assert_int_equal(as(r, 0, TIMER + 0x10), 0);
    wait_ns(&r->b, MS);
    assert_int_equal(as(r, 0, TIMER + 0x10), 1);
}

// ---- the motherboard
// -----------------------------------------------------------------------------

static void test_flags_are_set_and_cleared_by_bits(void **state)
{
    struct rig *r = *state;
    put(r, 0, SYSREG + 0x34, ~0u);
    put(r, 0, SYSREG + 0x30, 0x60300000);
    put(r, 0, SYSREG + 0x30, 0x4c);
    assert_int_equal(as(r, 0, SYSREG + 0x30), 0x6030004c);
    put(r, 0, SYSREG + 0x34, 0x4c);
    assert_int_equal(as(r, 0, SYSREG + 0x30), 0x60300000);
    wait_ns(&r->b, MS);
    assert_int_equal(as(r, 0, SYSREG + 0x5c), 24000);
}

static void test_configuration_bus_answers_and_switches_off(void **state)
{
    struct rig *r = *state;
    put(r, 0, SYSREG + 0xa8, 0);
    put(r, 0, SYSREG + 0xa4, 0x80100002); // oscillator 2 of the motherboard
    assert_int_equal(as(r, 0, SYSREG + 0xa8), 1);
    assert_int_equal(as(r, 0, SYSREG + 0xa0), 24000000);
    put(r, 0, SYSREG + 0xa4, 0x80100077);
    assert_int_equal(as(r, 0, SYSREG + 0xa8), 3); // no such oscillator
    put(r, 0, SYSREG + 0xa4, 0xc0900000);
    assert_int_equal(r->b.powered, 1 + SOC_POWER_RESET);
    put(r, 0, SYSREG + 0xa4, 0xc0800000);
    assert_int_equal(r->b.powered, 1 + SOC_POWER_OFF);
}

static void test_clock_can_be_set(void **state)
{
    struct rig *r = *state;
    assert_int_equal(as(r, 0, RTC), 1704067200);
    put(r, 0, RTC + 8, 1000000000);
    wait_ns(&r->b, 2000 * (uint64_t)MS);
    assert_int_equal(as(r, 0, RTC), 1000000002);
}

static void test_uart_interrupts_for_what_it_receives(void **state)
{
    struct rig *r = *state;
    struct err err = {0};
    struct serial *s = serial_create("mem", "uart0", &err);
    struct device *dev = soc_device(r->b.soc, "uart0");
    size_t n;
    assert_int_equal(dev->cls->attach_serial(dev, s, &err), 0);
    gic_on(r);
    put(r, 0, GICD + 0x104, BIT(5));
    bus_write(soc_bus(r->b.soc), GICD + 0x800 + 37, 1, 1);
    put(r, 0, UART0 + 0x2c, 0x70);
    put(r, 0, UART0 + 0x30, 0x301);
    put(r, 0, UART0 + 0x38, 0x50);
    put(r, 0, UART0, 'x');
    assert_string_equal(serial_text(s, &n), "x");
    assert_int_equal(as(r, 0, UART0 + 0x18) & 0x10, 0x10);
    serial_type(s, "ab", 2);
    assert_true(r->irq[0]);
    assert_int_equal(as(r, 0, UART0), 'a');
    assert_int_equal(as(r, 0, UART0), 'b');
    assert_false(r->irq[0]);
    serial_destroy(s);
}

static void test_display_shows_pixels(void **state)
{
    struct rig *r = *state;
    struct picture pic;
    struct err err = {0};
    assert_true(soc_scanout(r->b.soc, "clcd0", &pic, &err) < 0);
    put(r, 0, CLCD + 0x00, 0);     // 16 dots
    put(r, 0, CLCD + 0x04, 1);     // 2 lines
    put(r, 0, CLCD + 0x10, VRAM);
    put(r, 0, VRAM, 0xf800u | 0x07e0u << 16);
    put(r, 0, VRAM + 32, 0x001f);
    put(r, 0, CLCD + 0x18, 1 | 6 << 1 | BIT(8) | BIT(11)); // 5:6:5, blue lowest
    assert_int_equal(soc_scanout(r->b.soc, "clcd0", &pic, &err), 0);
    assert_int_equal(pic.width, 16);
    assert_int_equal(pic.height, 2);
    assert_memory_equal(pic.rgba, "\xff\x00\x00\xff\x00\xff\x00\xff", 8);
    assert_memory_equal(pic.rgba + 64, "\x00\x00\xff\xff", 4);
    picture_fini(&pic);
    put(r, 0, VRAM, 0x00102030);
    put(r, 0, CLCD + 0x18, 1 | 5 << 1 | BIT(11)); // 24 bits, red lowest
    assert_int_equal(soc_scanout(r->b.soc, "clcd0", &pic, &err), 0);
    assert_memory_equal(pic.rgba, "\x30\x20\x10\xff", 4);
    picture_fini(&pic);
}

static uint32_t mmc(struct rig *r, unsigned index, uint32_t arg, uint32_t flags)
{
    put(r, 0, MMCI + 0x38, 0x7ff);
    put(r, 0, MMCI + 0x08, arg);
    put(r, 0, MMCI + 0x0c, index | flags | BIT(10));
    return as(r, 0, MMCI + 0x14);
}

static void test_card_is_read_through_the_fifo(void **state)
{
    struct rig *r = *state;
    struct disk_config cfg = {.bytes = 1 << 20};
    struct err err = {0};
    struct disk *disk = r->disk = disk_open(&cfg, &err);
    struct device *dev = soc_device(r->b.soc, "mmci");
    uint8_t sector[512];
    uint32_t rca, ocr = 0;
    for (unsigned i = 0; i < sizeof sector; i++) {
        sector[i] = (uint8_t)(i * 7);
    }
    assert_non_null(disk);
    disk_write(disk, 512, sector, sizeof sector);
    mmc(r, 8, 0x1aa, BIT(6));
    assert_int_equal(as(r, 0, MMCI + 0x34) & 0x44, 4); // nobody there: time-out
    assert_int_equal(as(r, 0, SYSREG + 0x48), 0);
    assert_int_equal(dev->cls->attach_disk(dev, disk, &err), 0);
    soc_reset(r->b.soc);
    assert_int_equal(as(r, 0, SYSREG + 0x48), 1);
    mmc(r, 0, 0, 0);
    assert_int_equal(mmc(r, 8, 0x1aa, BIT(6)), 0x1aa);
    for (unsigned i = 0; i < 3; i++) {
        mmc(r, 55, 0, BIT(6));
        ocr = mmc(r, 41, 0x40300000, BIT(6));
    }
    mmc(r, 2, 0, BIT(6) | BIT(7));
    rca = mmc(r, 3, 0, BIT(6)) & 0xffff0000;
    mmc(r, 7, rca, BIT(6));
    put(r, 0, MMCI + 0x28, 512);
    put(r, 0, MMCI + 0x2c, 9 << 4 | 3);
    mmc(r, 17, ocr & BIT(30) ? 1 : 512, BIT(6)); // in blocks or bytes
    assert_int_equal(as(r, 0, MMCI + 0x48), (512 - 64) / 4);
    for (unsigned i = 0; i < 128; i++) {
        assert_int_equal(as(r, 0, MMCI + 0x80), get_le32(sector + i * 4));
    }
    assert_int_equal(as(r, 0, MMCI + 0x34) & 0x500, 0x500);
}

static void test_ethernet_loops_back(void **state)
{
    struct rig *r = *state;
    assert_int_equal(as(r, 0, ETH + 0x64), 0x87654321);
    put(r, 0, ETH + 0xa8, 0x00100010 & 0); // MAC_CR through its command register
    put(r, 0, ETH + 0xa8, BIT(21) | BIT(2) | BIT(3));
    put(r, 0, ETH + 0xa4, 0x80000001);
    put(r, 0, ETH + 0x70, 2);
    put(r, 0, ETH + 0x6c, 2 << 8); // two bytes of offset
    put(r, 0, ETH + 0x20, 0x3000 | 64);
    put(r, 0, ETH + 0x20, 7u << 16 | 64);
    for (unsigned i = 0; i < 16; i++) {
        put(r, 0, ETH + 0x20, i < 2 ? ~0u : i * 0x01010101u);
    }
    assert_int_equal(as(r, 0, ETH + 0x80) >> 16, 1);
    assert_int_equal(as(r, 0, ETH + 0x48), 7u << 16);
    assert_int_equal(as(r, 0, ETH + 0x7c), 1 << 16 | 72);
    assert_int_equal(as(r, 0, ETH + 0x40) >> 16, 68);
    assert_int_equal(as(r, 0, ETH + 0x00), 0xffff0000);
    assert_int_equal(as(r, 0, ETH + 0x00), 0xffffffff);
    assert_int_equal(as(r, 0, ETH + 0x00), 0x0202ffff);
    put(r, 0, ETH + 0x78, BIT(31)); // skip the rest
    assert_int_equal(as(r, 0, ETH + 0x7c), 0);
}

// Any core, any register, any value: the board stays whole.
static void test_random_accesses_do_no_harm(void **state)
{
    struct rig *r = *state;
    struct bus *bus = soc_bus(r->b.soc);
    uint32_t x = 0x2545f491;
    struct picture pic;
    for (unsigned i = 0; i < 200000; i++) {
        struct device *dev = soc_device_at(r->b.soc, x % 32);
        uint64_t v = 0;
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        r->core = x >> 28 & 3;
        uint32_t off = x & 0x1ffc;
        unsigned size = x & 0x10000 ? 4 : 1u << (x >> 20 & 3);
        if (!dev) {
            continue;
        }
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        if (x & 0x100) {
            bus_read(bus, dev->base + (off & ~(size - 1)), size, &v);
        } else {
            bus_write(bus, dev->base + (off & ~(size - 1)), size, x & 0x200 ? x : x & 0xff);
        }
        if (i % 64 == 0) {
            wait_ns(&r->b, 1000);
        }
        if (i % 20000 == 0 && soc_scanout(r->b.soc, "clcd0", &pic, NULL) == 0) {
            picture_fini(&pic);
        }
    }
    soc_reset(r->b.soc);
    assert_int_equal(as(r, 0, GICD + 4), 2 | 3 << 5);
    assert_int_equal(as(r, 0, ETH + 0x64), 0x87654321);
}

// ---- whole machines
// ------------------------------------------------------------------------------

// Four cores take a lock 2000 times each around a plain counter (WFE while it is taken, SEV when it is
// given back), add to a doubleword by LDREXD and STREXD, and meet; the first prints both as hex.
static const uint32_t program[] = {
    0xe3a04201, 0xe28f0024, 0xe5840030, 0xe59f5144, 0xe3a010ff, 0xe5851004, 0xe3a01001, 0xe5851000,
    0xe59f6134, 0xe5861000, 0xe59f0130, 0xe5860f00, 0xe59f5120, 0xe595000c, 0xe5850010, 0xe59f8120,
    0xe3a07e7d, 0xe1980f9f, 0xe3500000, 0x1320f002, 0x1afffffb, 0xe3a00001, 0xe1881f90, 0xe3510000,
    0x1afffff7, 0xf57ff05f, 0xe5982004, 0xe2822001, 0xe5882004, 0xf57ff05f, 0xe3a00000, 0xe5880000,
    0xf57ff04f, 0xe320f004, 0xe2889008, 0xe1b92f9f, 0xe2922001, 0xe2a33001, 0xe1a91f92, 0xe3510000,
    0x1afffff8, 0xe2577001, 0x1affffe5, 0xe2889010, 0xe1990f9f, 0xe2800001, 0xe1891f90, 0xe3510000,
    0x1afffffa, 0xf57ff04f, 0xe320f004, 0xee100fb0, 0xe2100003, 0x0a000001, 0xe320f003, 0xeafffffd,
    0xe5990000, 0xe3500004, 0x1320f002, 0x1afffffb, 0xe59fa070, 0xe5980004, 0xeb00000a, 0xe5980008,
    0xeb000008, 0xe598000c, 0xeb000006, 0xe3a0000a, 0xe58a0000, 0xe3a00103, 0xe3800502, 0xe58400a4,
    0xe320f003, 0xeafffffd, 0xe3a02008, 0xe1a00e60, 0xe200100f, 0xe351000a, 0xb2811030, 0xa2811057,
    0xe58a1000, 0xe2522001, 0x1afffff7, 0xe3a01020, 0xe58a1000, 0xe12fff1e, 0x1e000100, 0x1e001000,
    0x01000001, 0x60100000, 0x10009000,
};

static char kernel[] = "/tmp/yamato-vexpress-XXXXXX";

static int write_kernel(void **state)
{
    int fd = mkstemp(kernel);
    (void)state;
    assert_int_equal(write(fd, program, sizeof program), sizeof program);
    close(fd);
    return 0;
}

static int remove_kernel(void **state)
{
    (void)state;
    unlink(kernel);
    return 0;
}

static struct machine *make(unsigned cpus, enum cpu_engine engine, struct err *err)
{
    struct machine_config cfg = {.board = "vexpress-a9",
                                 .cpus = cpus,
                                 .engine = engine,
                                 .ram_bytes = 64 << 20,
                                 .kernel = kernel,
                                 .serials = {"mem"}};
    return machine_create(&cfg, err);
}

static void test_cores_count_exactly_and_runs_are_alike(void **state)
{
    struct machine_limits l = {.guest_ns = 4000000000u};
    uint64_t hash[4];
    unsigned runs = 0;
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct err err = {0};
        struct machine *m = make(4, i & 1 ? CPU_ENGINE_TRANSLATOR : CPU_ENGINE_INTERPRETER, &err);
        if (!m && err.code == -95) {
            continue; // a host without a translator
        }
        assert_non_null(m);
        assert_int_equal(machine_run(m, &l, NULL), MACHINE_EXIT_POWER_OFF);
        assert_string_equal(serial_text(machine_serial(m, 0), NULL), "00001f40 00001f40 00001f40 \n");
        hash[runs++] = machine_hash(m);
        for (unsigned k = 1; k < 4; k++) {
            assert_true(cpu_sleeping(machine_core(m, k)));
        }
        assert_null(machine_core(m, 4));
        machine_destroy(m);
    }
    for (unsigned i = 1; i < runs; i++) {
        assert_int_equal(hash[i], hash[0]);
    }
}

// With fewer cores the first waits for the others for ever, asleep: nobody can wake it.
static void test_waiting_for_cores_that_are_not_there(void **state)
{
    struct err err = {0};
    struct machine *m = make(2, CPU_ENGINE_INTERPRETER, &err);
    (void)state;
    assert_int_equal(machine_run(m, NULL, NULL), MACHINE_EXIT_ASLEEP);
    assert_true(cpu_sleeping(machine_core(m, 0)) && cpu_sleeping(machine_core(m, 1)));
    machine_destroy(m);
    assert_null(make(5, CPU_ENGINE_INTERPRETER, &err));
    assert_non_null(strstr(err.msg, "at most 4 cores"));
}

// Saved in the middle, the run goes on to the same end.
static void test_snapshot_of_four_cores(void **state)
{
    char path[] = "/tmp/yamato-snap-XXXXXX";
    struct machine_limits end = {.guest_ns = 4000000000u};
    struct err err = {0};
    struct machine *m = make(4, CPU_ENGINE_INTERPRETER, &err);
    int fd = mkstemp(path);
    uint64_t want;
    (void)state;
    close(fd);
    assert_int_equal(machine_run(m, &end, NULL), MACHINE_EXIT_POWER_OFF);
    want = machine_hash(m);
    machine_destroy(m);
    for (unsigned i = 1; i < 6; i++) {
        struct machine_limits part = {.guest_ns = i * 37000};
        m = make(4, CPU_ENGINE_INTERPRETER, &err);
        assert_int_equal(machine_run(m, &part, NULL), MACHINE_EXIT_GUEST_LIMIT);
        if (machine_save(m, path, &err)) {
            fail_msg("%s", err.msg);
        }
        machine_destroy(m);
        m = make(4, CPU_ENGINE_INTERPRETER, &err);
        if (machine_restore(m, path, &err)) {
            fail_msg("%s", err.msg);
        }
        assert_int_equal(machine_run(m, &end, NULL), MACHINE_EXIT_POWER_OFF);
        assert_int_equal(machine_hash(m), want);
        machine_destroy(m);
        m = make(2, CPU_ENGINE_INTERPRETER, &err);
        assert_int_not_equal(machine_restore(m, path, &err), 0);
        assert_non_null(strstr(err.msg, "4 cores, not 2"));
        machine_destroy(m);
    }
    unlink(path);
}

int main(void)
{
#define ON_RIG(f) cmocka_unit_test_setup_teardown(f, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        ON_RIG(test_identification_names_four_cores),
        ON_RIG(test_software_interrupts_reach_the_named_cores),
        ON_RIG(test_shared_interrupts_go_to_their_target),
        ON_RIG(test_higher_priorities_come_first_and_preempt),
        ON_RIG(test_each_core_has_its_private_timer),
        ON_RIG(test_one_shot_timer_stops_at_zero),
        ON_RIG(test_global_timer_compares),
        ON_RIG(test_dual_timer_counts_and_reloads),
        ON_RIG(test_flags_are_set_and_cleared_by_bits),
        ON_RIG(test_configuration_bus_answers_and_switches_off),
        ON_RIG(test_clock_can_be_set),
        ON_RIG(test_uart_interrupts_for_what_it_receives),
        ON_RIG(test_display_shows_pixels),
        ON_RIG(test_card_is_read_through_the_fifo),
        ON_RIG(test_ethernet_loops_back),
        ON_RIG(test_random_accesses_do_no_harm),
        cmocka_unit_test(test_cores_count_exactly_and_runs_are_alike),
        cmocka_unit_test(test_waiting_for_cores_that_are_not_there),
        cmocka_unit_test(test_snapshot_of_four_cores),
    };
    return cmocka_run_group_tests_name("vexpress", tests, write_kernel, remove_kernel);
}
