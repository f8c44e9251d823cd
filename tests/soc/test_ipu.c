// SPDX-License-Identifier: MIT
//
// The i.MX53's display: frame rate from the registers that Linux writes for its two outputs, buffer
// flips at the end of a frame, interrupts, and the picture in several pixel formats.
#include "tests/soc/bench.h"

#include "base/png.h"

enum {
    IPU = 0x18000000,
    CM = IPU + 0x06000000,
    IDMAC = IPU + 0x06008000,
    DI0 = IPU + 0x06040000,
    DI1 = IPU + 0x06048000,
    DC = IPU + 0x06058000,
    CPMEM = IPU + 0x07000000,
    DP = IPU + 0x07040000,
    CCM = 0x53fd4000,
    TVE = 0x63ff0000,
    TZIC = 0x0fffc000,
    FB = RAM + 0x100000
};

static int open_board(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    bench_open(b);
    bench_firmware(b);
    *state = b;
    return 0;
}

static int close_board(void **state)
{
    bench_close(*state);
    free(*state);
    return 0;
}

// Sets bits of a channel's 160-bit word, as the driver's field helper does.
static void field(struct bench *b, unsigned ch, unsigned word, unsigned lo, unsigned n, uint32_t v)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t pa = CPMEM + ch * 0x40 + word * 0x20 + (lo + i) / 32 * 4;
        wr(b, pa, bits_put(rd(b, pa), (lo + i) % 32, (lo + i) % 32, v >> i & 1));
    }
}

struct format {
    unsigned bpp, code;
    unsigned width[3], from[3];
};
static const struct format rgb565 = {16, 3, {5, 6, 5}, {0, 5, 11}};
static const struct format xrgb8888 = {32, 0, {8, 8, 8}, {8, 16, 24}};
static const struct format bgr888 = {24, 1, {8, 8, 8}, {16, 8, 0}};

static void plane(struct bench *b, unsigned ch, const struct format *f, uint32_t w, uint32_t h,
                  uint32_t eba0, uint32_t eba1)
{
    field(b, ch, 0, 107, 3, f->code);
    field(b, ch, 0, 125, 13, w - 1);
    field(b, ch, 0, 138, 12, h - 1);
    field(b, ch, 1, 0, 29, eba0 >> 3);
    field(b, ch, 1, 29, 29, eba1 >> 3);
    field(b, ch, 1, 85, 4, 7);
    field(b, ch, 1, 102, 14, w * f->bpp / 8 - 1);
    for (unsigned i = 0; i < 3; i++) {
        field(b, ch, 1, 116 + i * 3, 3, f->width[i] - 1);
        field(b, ch, 1, 128 + i * 5, 5, f->from[i]);
    }
}

// 800x480 on DI0 through the display processor, register values as Linux writes them.
static void panel_on(struct bench *b)
{
    wr(b, DC + 0x5c, 0x82);
    wr(b, DI0 + 0x00, 0x200000);
    wr(b, DI0 + 0x04, 0x60);
    wr(b, DI0 + 0x0c, 0x21310000);
    wr(b, DI0 + 0x170, 0x20a);
    wr(b, CM + 0x150, 0x800000);
    wr(b, IDMAC + 0x04, 0x800000);
    wr(b, CM + 0x00, 0x660);
    wr(b, CM + 0xc4, 0x1600000);
}

static void clear_eof(struct bench *b)
{
    wr(b, CM + 0x200, ~0u);
}

static unsigned frames_in(struct bench *b, unsigned ch, uint64_t ns)
{
    unsigned n = 0;
    for (uint64_t t = 0; t < ns; t += MS) {
        wait_ns(b, MS);
        n += rd(b, CM + 0x200) >> ch & 1;
        clear_eof(b);
    }
    return n;
}

static void test_panel_runs_at_its_frame_rate(void **state)
{
    struct bench *b = *state;
    wr(b, CCM + 0x18, rd(b, CCM + 0x18)); // IPU clock: 400 MHz bus / 2
    panel_on(b);
    // 200 MHz / 6 / (1063 * 523) = 59.96 Hz
    assert_in_range(frames_in(b, 23, 1000ull * MS), 58, 61);
    wr(b, CM + 0xc4, 0x600000); // counters stopped
    assert_int_equal(frames_in(b, 23, 100ull * MS), 0);
}

static void test_vga_runs_from_the_encoders_clock(void **state)
{
    struct bench *b = *state;
    wr(b, 0x63f8c008, 0x81); // PLL4 at 390 MHz
    wr(b, 0x63f8c00c, 0xf423f);
    wr(b, 0x63f8c010, 0x1e848);
    wr(b, CCM + 0x30, 0x20000000);
    wr(b, CCM + 0x20, 0x600000c0);
    wr(b, TVE, 0x107c5b);
    wr(b, DC + 0x1c, 0x8e);
    wr(b, DI1 + 0x00, 0x300000);
    wr(b, DI1 + 0x04, 0x10);
    wr(b, DI1 + 0x0c, 0x29f90000);
    wr(b, DI1 + 0x170, 0x325);
    wr(b, IDMAC + 0x04, 0x10000000);
    wr(b, CM + 0x00, 0x280);
    wr(b, CM + 0xc4, 0x2600000);
    // 65 MHz / (1344 * 806) = 60.0 Hz
    assert_in_range(frames_in(b, 28, 1000ull * MS), 59, 61);
}

static void test_nonsense_timings_still_tick(void **state)
{
    struct bench *b = *state;
    panel_on(b);
    wr(b, DI0 + 0x0c, 0);
    wr(b, DI0 + 0x170, 0);
    wr(b, DI0 + 0x04, 0);
    assert_in_range(frames_in(b, 23, 500ull * MS), 25, 35);
}

static void test_flip_happens_at_the_end_of_a_frame(void **state)
{
    struct bench *b = *state;
    panel_on(b);
    wr(b, CM + 0x23c, 0x800000); // software resets the current buffer
    assert_int_equal(rd(b, CM + 0x23c) & 0x800000, 0);
    wr(b, CM + 0x270, 0x800000); // buffer 1 is ready
    assert_int_equal(rd(b, CM + 0x270) & 0x800000, 0x800000);
    wait_ns(b, 20 * MS);
    assert_int_equal(rd(b, CM + 0x23c) & 0x800000, 0x800000);
    assert_int_equal(rd(b, CM + 0x270) & 0x800000, 0);
    wait_ns(b, 20 * MS); // nothing ready: stays
    assert_int_equal(rd(b, CM + 0x23c) & 0x800000, 0x800000);
    wr(b, CM + 0x268, 0x800000);
    wr(b, CM + 0xe4, 0xf0000000); // now ones clear
    wr(b, CM + 0x268, 0x800000);
    assert_int_equal(rd(b, CM + 0x268), 0);
}

static void test_end_of_frame_interrupts(void **state)
{
    struct bench *b = *state;
    wr(b, TZIC, 0x80010001);
    wr(b, TZIC + 0x0c, 0x1f);
    wr(b, TZIC + 0x80, ~0u);
    wr(b, TZIC + 0x100, BIT(11));
    panel_on(b);
    wait_ns(b, 20 * MS);
    assert_false(b->line[CPU_LINE_IRQ]);
    wr(b, CM + 0x3c, 0x800000);
    assert_true(b->line[CPU_LINE_IRQ]);
    clear_eof(b);
    assert_false(b->line[CPU_LINE_IRQ]);
}

static void test_reset_and_status_bits_that_drivers_poll(void **state)
{
    struct bench *b = *state;
    wr(b, CM + 0xdc, 0x807fffff);
    assert_int_equal(rd(b, CM + 0xdc) >> 31, 0);
    panel_on(b);
    assert_int_equal(rd(b, IDMAC + 0x100), 0);
    assert_int_equal(rd(b, IPU + 0x06060034) & 0x02fff000, 0x02fff000);
}

// ---- pictures
// ------------------------------------------------------------------------------------

static void expect_pixel(const struct picture *p, unsigned x, unsigned y, unsigned r, unsigned g,
                         unsigned bl)
{
    const uint8_t *px = p->rgba + (y * p->width + x) * 4;
    if (px[0] != r || px[1] != g || px[2] != bl) {
        fail_msg("pixel %u,%u is %u %u %u, not %u %u %u", x, y, px[0], px[1], px[2], r, g, bl);
    }
}

static void test_dark_display_is_told(void **state)
{
    struct bench *b = *state;
    struct picture pic;
    struct err err = {0};
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, &err), -61);
    assert_int_equal(soc_scanout(b->soc, "uart1", &pic, &err), -2);
}

static void test_picture_in_three_formats(void **state)
{
    struct bench *b = *state;
    struct picture pic;
    const uint16_t p565[] = {0xf800, 0x07e0, 0x001f, 0x8410};
    const uint32_t p8888[] = {0x00ff8001, 0x12345678};
    const uint8_t p888[] = {1, 2, 3, 4, 5, 6}; // red first
    panel_on(b);
    soc_dma_write(b->soc, FB, p565, sizeof p565);
    plane(b, 23, &rgb565, 800, 480, FB, 0);
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, NULL), 0);
    assert_int_equal(pic.width, 800);
    assert_int_equal(pic.height, 480);
    expect_pixel(&pic, 0, 0, 255, 0, 0);
    expect_pixel(&pic, 1, 0, 0, 255, 0);
    expect_pixel(&pic, 2, 0, 0, 0, 255);
    expect_pixel(&pic, 3, 0, 132, 130, 132);
    picture_fini(&pic);
    soc_dma_write(b->soc, FB + 800 * 4, p8888, sizeof p8888);
    plane(b, 23, &xrgb8888, 800, 480, FB, 0);
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, NULL), 0);
    expect_pixel(&pic, 0, 1, 0xff, 0x80, 0x01);
    expect_pixel(&pic, 1, 1, 0x34, 0x56, 0x78);
    picture_fini(&pic);
    soc_dma_write(b->soc, FB, p888, sizeof p888);
    plane(b, 23, &bgr888, 800, 480, FB, 0);
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, NULL), 0);
    expect_pixel(&pic, 0, 0, 1, 2, 3);
    expect_pixel(&pic, 1, 0, 4, 5, 6);
    picture_fini(&pic);
}

static void test_overlay_lies_on_the_background(void **state)
{
    struct bench *b = *state;
    struct picture pic;
    uint32_t white[16];
    memset(white, 0xff, sizeof white);
    panel_on(b);
    wr(b, IDMAC + 0x04, 0x8800000);
    soc_dma_write(b->soc, FB + 0x400000, white, sizeof white);
    plane(b, 23, &xrgb8888, 800, 480, FB, 0);
    plane(b, 27, &xrgb8888, 4, 4, FB + 0x400000, 0);
    wr(b, DP + 0x08, 10u << 16 | 20);
    wr(b, DP + 0x00, 1 | 4);
    wr(b, DP + 0x04, 0x80000000); // half transparent
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, NULL), 0);
    expect_pixel(&pic, 9, 20, 0, 0, 0);
    expect_pixel(&pic, 10, 20, 128, 128, 128);
    expect_pixel(&pic, 13, 23, 128, 128, 128);
    expect_pixel(&pic, 14, 23, 0, 0, 0);
    picture_fini(&pic);
}

static void test_wild_parameters_give_some_picture(void **state)
{
    struct bench *b = *state;
    struct picture pic;
    panel_on(b);
    for (unsigned i = 0; i < 16; i++) {
        wr(b, CPMEM + 23 * 0x40 + i * 4, ~0u);
    }
    if (soc_scanout(b->soc, "ipu", &pic, NULL) == 0) {
        picture_fini(&pic);
    }
    plane(b, 23, &xrgb8888, 8192, 4096, 0xfffffff8, 0);
    assert_int_equal(soc_scanout(b->soc, "ipu", &pic, NULL), 0);
    picture_fini(&pic);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_board, close_board)
    const struct CMUnitTest tests[] = {
        T(test_panel_runs_at_its_frame_rate),   T(test_vga_runs_from_the_encoders_clock),
        T(test_nonsense_timings_still_tick),    T(test_flip_happens_at_the_end_of_a_frame),
        T(test_end_of_frame_interrupts),        T(test_reset_and_status_bits_that_drivers_poll),
        T(test_dark_display_is_told),           T(test_picture_in_three_formats),
        T(test_overlay_lies_on_the_background), T(test_wild_parameters_give_some_picture),
    };
    return cmocka_run_group_tests_name("i.MX53 display", tests, NULL, NULL);
}
