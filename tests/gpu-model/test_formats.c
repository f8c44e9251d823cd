// SPDX-License-Identifier: MIT
//
// Known vectors for every surface and colour format, both directions where there are two; texture
// layout and tiling. Expected values come from the format definitions (worked out by hand or from
// the extension specifications), not from the code.
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bits.h"
#include "gpu-model/formats.h"
#include "shader-isa/shader.h"

static const struct format_numeric UNORM = {{0, 0, 0, 0}, false, false, 0};
static const struct format_numeric SNORM = {{1, 1, 1, 1}, false, false, 0};
static const struct format_numeric UINT = {{0, 0, 0, 0}, true, false, 0};
static const struct format_numeric SINT = {{1, 1, 1, 1}, true, false, 0};

struct vector {
    unsigned fmt;
    uint8_t block[16];
    unsigned x, y;
    const struct format_numeric *num;
    float out[4];
};

#define F5(v) ((v) / 31.0f)
#define F6(v) ((v) / 63.0f)
#define F8(v) ((v) / 255.0f)
#define F10(v) ((v) / 1023.0f)
#define F16(v) ((v) / 65535.0f)

// clang-format off
static const struct vector vectors[] = {
    {FMT_1_REVERSE, {0x80}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_1, {0x80}, 7, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_8, {0x80}, 0, 0, &UNORM, {F8(128), F8(128), F8(128), F8(128)}},
    {FMT_8, {0x80}, 0, 0, &SNORM, {-1, -1, -1, -1}},
    {FMT_8, {0x81}, 0, 0, &SNORM, {-1, -1, -1, -1}},
    {FMT_8, {0xff}, 0, 0, &SINT, {-1, -1, -1, -1}},
    {FMT_8, {0xff}, 0, 0, &UINT, {255, 255, 255, 255}},
    {FMT_1_5_5_5, {0x1f, 0x80}, 0, 0, &UNORM, {1, 0, 0, 1}},
    {FMT_1_5_5_5, {0x41, 0x04}, 0, 0, &UNORM, {F5(1), F5(2), F5(1), 0}},
    {FMT_5_6_5, {0x1f, 0x00}, 0, 0, &UNORM, {1, 0, 0, 0}},
    {FMT_5_6_5, {0x20, 0xf8}, 0, 0, &UNORM, {0, F6(1), 1, 1}},
    {FMT_6_5_5, {0x00, 0xfc}, 0, 0, &UNORM, {0, 0, 1, 1}},
    {FMT_8_8_8_8, {0, 51, 102, 255}, 0, 0, &UNORM, {0, 0.2f, 0.4f, 1}},
    {FMT_8_8_8_8, {0x7f, 0x80, 0, 1}, 0, 0, &SNORM, {1, -1, 0, 1 / 127.0f}},
    {FMT_2_10_10_10, {0xff, 0x03, 0x00, 0x40}, 0, 0, &UNORM, {1, 0, 0, 1 / 3.0f}},
    {FMT_2_10_10_10, {0x00, 0x04, 0x00, 0x80}, 0, 0, &UNORM, {0, F10(1), 0, 2 / 3.0f}},
    {FMT_2_10_10_10, {0x00, 0x02, 0x00, 0x40}, 0, 0, &SNORM, {-1, 0, 0, 1}},
    {FMT_8_A, {1}, 0, 0, &UNORM, {F8(1), F8(1), F8(1), F8(1)}},
    {FMT_8_B, {2}, 0, 0, &UNORM, {F8(2), F8(2), F8(2), F8(2)}},
    {FMT_8_8, {1, 2}, 0, 0, &UNORM, {F8(1), F8(2), F8(2), F8(2)}},
    {FMT_Cr_Y1_Cb_Y0, {10, 20, 30, 40}, 0, 0, &UNORM, {F8(10), F8(20), F8(40), F8(40)}},
    {FMT_Cr_Y1_Cb_Y0, {10, 20, 30, 40}, 1, 0, &UNORM, {F8(30), F8(20), F8(40), F8(40)}},
    {FMT_Y1_Cr_Y0_Cb, {10, 20, 30, 40}, 0, 0, &UNORM, {F8(20), F8(10), F8(30), F8(30)}},
    {FMT_Y1_Cr_Y0_Cb, {10, 20, 30, 40}, 1, 0, &UNORM, {F8(40), F8(10), F8(30), F8(30)}},
    {FMT_5_5_5_1, {0x01, 0xf8}, 0, 0, &UNORM, {1, 0, 0, 1}},
    {FMT_8_8_8_8_A, {1, 2, 3, 4}, 0, 0, &UNORM, {F8(1), F8(2), F8(3), F8(4)}},
    {FMT_4_4_4_4, {0xf0, 0x31}, 0, 0, &UNORM, {0, 1, 1 / 15.0f, 0.2f}},
    {FMT_8_8_8, {1, 2, 3}, 0, 0, &UNORM, {F8(1), F8(2), F8(3), F8(3)}},
    // DXT1, c0 = red > c1 = blue: codes 0, 1, 2 (2/3 red), 3
    {FMT_DXT1, {0x00, 0xf8, 0x1f, 0x00, 0xe4}, 0, 0, &UNORM, {1, 0, 0, 1}},
    {FMT_DXT1, {0x00, 0xf8, 0x1f, 0x00, 0xe4}, 1, 0, &UNORM, {0, 0, 1, 1}},
    {FMT_DXT1, {0x00, 0xf8, 0x1f, 0x00, 0xe4}, 2, 0, &UNORM, {F8(170), 0, F8(85), 1}},
    {FMT_DXT1, {0x00, 0xf8, 0x1f, 0x00, 0xe4}, 3, 0, &UNORM, {F8(85), 0, F8(170), 1}},
    // c0 <= c1: code 2 is the mean, code 3 transparent
    {FMT_DXT1, {0x1f, 0x00, 0x00, 0xf8, 0xe4}, 2, 0, &UNORM, {F8(127), 0, F8(127), 1}},
    {FMT_DXT1, {0x1f, 0x00, 0x00, 0xf8, 0xe4}, 3, 0, &UNORM, {0, 0, 0, 0}},
    {FMT_DXT2_3, {0x21, 0x43, 0, 0, 0, 0, 0, 0, 0x1f, 0x00, 0x00, 0xf8, 0xe4}, 3, 0, &UNORM,
     {F8(170), 0, F8(85), F8(4 * 17)}},
    {FMT_DXT4_5, {0xff, 0x00, 0x88, 0xc6, 0xfa, 0, 0, 0, 0xff, 0xff, 0, 0}, 0, 0, &UNORM,
     {1, 1, 1, 1}},
    {FMT_DXT4_5, {0xff, 0x00, 0x88, 0xc6, 0xfa, 0, 0, 0, 0xff, 0xff, 0, 0}, 1, 0, &UNORM,
     {1, 1, 1, 0}},
    {FMT_DXT4_5, {0xff, 0x00, 0x88, 0xc6, 0xfa, 0, 0, 0, 0xff, 0xff, 0, 0}, 2, 0, &UNORM,
     {1, 1, 1, F8(218)}},
    {FMT_DXT4_5, {0x00, 0xff, 0xb8, 0x01, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 1, 0, &UNORM,
     {1, 1, 1, 1}}, // a0 <= a1, code 7
    {FMT_DXT4_5, {0x00, 0xff, 0xb8, 0x01, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 2, 0, &UNORM,
     {1, 1, 1, 0}}, // code 6
    {FMT_10_10_10_2, {0x03, 0x00, 0x00, 0x00}, 0, 0, &UNORM, {1, 0, 0, 0}},
    {FMT_24_8, {0x80, 0xff, 0xff, 0xff}, 0, 0, &UNORM, {F8(128), 1, 1, 1}},
    {FMT_16, {0x00, 0x80}, 0, 0, &UNORM, {F16(32768), F16(32768), F16(32768), F16(32768)}},
    {FMT_16_16, {0x00, 0x80, 0xff, 0x7f}, 0, 0, &SNORM, {-1, 1, 1, 1}},
    {FMT_16_16_16_16, {1, 0, 2, 0, 3, 0, 4, 0}, 0, 0, &UINT, {1, 2, 3, 4}},
    {FMT_16_EXPAND, {0xff, 0xff}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_16_16_EXPAND, {0xff, 0xff, 0, 0}, 0, 0, &UNORM, {1, 0, 0, 0}},
    {FMT_16_16_16_16_EXPAND, {0xff, 0xff, 0, 0, 1, 0, 0, 0}, 0, 0, &UNORM, {1, 0, F16(1), 0}},
    {FMT_16_FLOAT, {0x00, 0x3c}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_16_16_FLOAT, {0x00, 0xc0, 0x01, 0x00}, 0, 0, &UNORM,
     {-2, 0x1p-24f, 0x1p-24f, 0x1p-24f}},
    {FMT_16_16_16_16_FLOAT, {0xff, 0x7b, 0x00, 0x04, 0x00, 0x38, 0, 0}, 0, 0, &UNORM,
     {65504, 0x1p-14f, 0.5f, 0}},
    {FMT_32, {0xff, 0xff, 0xff, 0xff}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_32_32, {0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0x7f}, 0, 0, &SNORM, {-1, 1, 1, 1}},
    {FMT_32_32_32_32, {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 0, 0, &SINT,
     {1, 2, 3, -1}},
    {FMT_32_FLOAT, {0, 0, 0x80, 0x3f}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_32_32_FLOAT, {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, 0, 0, &UNORM, {1, 2, 2, 2}},
    {FMT_32_32_32_32_FLOAT, {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0xc0},
     0, 0, &UNORM, {1, 2, 3, -4}},
    // ATC, opaque mode: white (555) to black (565); codes 0..3 by thirds
    {FMT_ATI_TC_RGB, {0xff, 0x7f, 0, 0, 0xe4}, 1, 0, &UNORM, {F8(170), F8(170), F8(170), F8(170)}},
    {FMT_ATI_TC_555_565_RGB, {0xff, 0x7f, 0, 0, 0xe4}, 0, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_ATI_TC_555_565_RGB, {0xff, 0x7f, 0, 0, 0xe4}, 3, 0, &UNORM, {0, 0, 0, 0}},
    // ATC, second mode: black, c0 - c1/4, c0, c1
    {FMT_ATI_TC_555_565_RGB, {0xff, 0xff, 0xff, 0xff, 0xe4}, 0, 0, &UNORM, {0, 0, 0, 0}},
    {FMT_ATI_TC_555_565_RGB, {0xff, 0xff, 0xff, 0xff, 0xe4}, 1, 0, &UNORM,
     {F8(192), F8(192), F8(192), F8(192)}},
    {FMT_ATI_TC_RGBA, {0xf0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f, 0, 0, 0}, 1, 0, &UNORM, {1, 1, 1, 1}},
    {FMT_ATI_TC_555_565_RGBA, {0xf0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f, 0, 0, 0}, 0, 0, &UNORM,
     {1, 1, 1, 0}},
    {FMT_ATI_TC_RGBA_INTERP, {0x80, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f, 0, 0, 0}, 0, 0, &UNORM,
     {1, 1, 1, F8(128)}},
    {FMT_ATI_TC_555_565_RGBA_INTERP, {0x80, 9, 1, 0, 0, 0, 0, 0, 0xff, 0x7f, 0, 0, 0}, 0, 0, &UNORM,
     {1, 1, 1, F8(9)}},
    // ETC1 individual mode, base 0x8 in all, table 0, all +2
    {FMT_ETC1_RGB, {0x88, 0x88, 0x88, 0x00, 0, 0, 0, 0}, 0, 0, &UNORM,
     {F8(138), F8(138), F8(138), F8(138)}},
    // differential: base 16 with +1; flip 0: right half is the second block; table 7 large negative
    {FMT_ETC1_RGB, {0x81, 0x81, 0x81, 0x1e, 0xff, 0xff, 0xff, 0xff}, 3, 0, &UNORM,
     {0, 0, 0, 0}},
    {FMT_ETC1_RGB, {0x81, 0x81, 0x81, 0x1e, 0, 0, 0, 0}, 3, 0, &UNORM,
     {F8(187), F8(187), F8(187), F8(187)}},
    {FMT_ETC1_RGBA, {0x0f, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x88, 0x88, 0x00, 0, 0, 0, 0}, 0, 0, &UNORM,
     {F8(138), F8(138), F8(138), 1}},
    {FMT_ETC1_RGBA_INTERP, {7, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x88, 0x88, 0x00, 0, 0, 0, 0}, 0, 0,
     &UNORM, {F8(138), F8(138), F8(138), F8(7)}},
    {FMT_DXN, {10, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0}, 0, 0, &UNORM,
     {F8(10), F8(20), F8(20), F8(20)}},
    {FMT_2_3_3, {0xe3}, 0, 0, &UNORM, {1, 0, 1, 1}},
    {FMT_2_10_10_10_AS_16_16_16_16, {0xff, 0x03, 0, 0}, 0, 0, &UNORM, {1, 0, 0, 0}},
    {FMT_10_10_10_2_AS_16_16_16_16, {0xfc, 0x0f, 0, 0}, 0, 0, &UNORM, {0, 1, 0, 0}},
    {FMT_32_32_32_FLOAT, {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40}, 0, 0, &UNORM,
     {1, 2, 3, 3}},
    {FMT_DXT3A, {0, 0, 0, 0, 0, 0, 0, 0x30}, 3, 3, &UNORM, {0.2f, 0.2f, 0.2f, 0.2f}},
    {FMT_DXT5A, {10, 20, 0x01, 0, 0, 0, 0, 0}, 0, 0, &UNORM, {F8(20), F8(20), F8(20), F8(20)}},
    {FMT_CTX1, {10, 20, 40, 50, 0x02, 0, 0, 0}, 0, 0, &UNORM, {F8(20), F8(30), F8(30), F8(30)}},
};
// clang-format on

static void assert_near(const float *got, const float *want, unsigned row)
{
    for (unsigned i = 0; i < 4; i++) {
        if (fabsf(got[i] - want[i]) > 1e-6f * (1 + fabsf(want[i]))) {
            fail_msg("row %u component %u: got %.9g, want %.9g", row, i, got[i], want[i]);
        }
    }
}

static void test_every_surface_format_decodes_its_vectors(void **state)
{
    (void)state;
    uint64_t seen = 0;
    for (unsigned i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        float out[4];
        assert_non_null(format_info(v->fmt));
        format_decode(format_info(v->fmt), v->block, v->x, v->y, v->num, out);
        assert_near(out, v->out, i);
        seen |= 1ull << v->fmt;
    }
    for (unsigned n = 0; n < 64; n++) {
        if (format_info(n) && !(seen >> n & 1)) {
            fail_msg("%s has no vector", format_info(n)->name);
        }
    }
}

static void test_table_rows_are_consistent(void **state)
{
    (void)state;
    unsigned rows = 0;
    for (unsigned n = 0; n < 70; n++) {
        const struct format_info *f = format_info(n);
        if (!f) {
            continue;
        }
        rows++;
        assert_int_equal(f->number, n);
        assert_in_range(f->components, 1, 4);
        assert_in_range(f->block_bytes, 1, 16);
        if (f->kind == FORMAT_BITS || f->kind == FORMAT_FLOAT) {
            unsigned bits_total = f->bits[0] + f->bits[1] + f->bits[2] + f->bits[3];
            assert_int_equal(bits_total, 8 * f->block_bytes);
        }
    }
    assert_int_equal(rows, 54);
    for (unsigned n = 0; n < 15; n++) {
        assert_non_null(color_format_info(n));
        assert_int_equal(color_format_info(n)->number, n);
    }
    assert_null(color_format_info(15));
}

static void test_halves_round_trip_and_round_to_even(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        float f = half_to_float((uint16_t)h);
        if (f != f) {
            assert_true((float_to_half(f) & 0x7fff) > 0x7c00);
        } else {
            assert_int_equal(float_to_half(f), h);
        }
    }
    assert_int_equal(float_to_half(1.0f + 0x1p-11f), 0x3c00); // tie to even
    assert_int_equal(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);
    assert_int_equal(float_to_half(65519.996f), 0x7bff);
    assert_int_equal(float_to_half(65520.0f), 0x7c00);
    assert_int_equal(float_to_half(0x1p-25f), 0);
    assert_int_equal(float_to_half(0x1.8p-25f), 1);
    assert_int_equal(float_to_half(-0.0f), 0x8000);
}

static void test_signed_rules_and_exponent(void **state)
{
    (void)state;
    struct shader_vfetch f = {
        .format = FMT_32, .is_signed = true, .is_integer = true, .exp_adjust = -16};
    const uint8_t fixed[4] = {0x00, 0x80, 0xff, 0xff}; // -0.5 as 16.16
    float out[4];
    vfetch_decode(&f, fixed, 4, out);
    assert_true(out[0] == -0.5f && out[1] == 0 && out[3] == 0);

    f = (struct shader_vfetch){.format = FMT_8, .is_signed = true, .signed_rf = true};
    vfetch_decode(&f, (const uint8_t[]){0x80}, 1, out);
    assert_true(out[0] == -1);
    vfetch_decode(&f, (const uint8_t[]){0x00}, 1, out);
    assert_true(fabsf(out[0] - 1 / 255.0f) < 1e-7f);
}

static void test_vertex_reads_outside_give_zero(void **state)
{
    (void)state;
    struct shader_vfetch f = {.format = FMT_32_32_FLOAT, .stride = 8, .offset = -8};
    uint8_t one[8] = {0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f};
    float out[4];
    uint32_t off;
    vfetch_decode(&f, one, 4, out);
    assert_true(out[0] == 1 && out[1] == 0);
    vfetch_decode(&f, NULL, 0, out);
    assert_true(out[0] == 0 && out[1] == 0);
    assert_false(vfetch_offset(&f, 0, &off));
    assert_true(vfetch_offset(&f, 3, &off));
    assert_int_equal(off, 16);
    f.format = FMT_DXT1;
    assert_int_equal(vfetch_bytes(&f), 0);
}

static void test_endian_swaps(void **state)
{
    (void)state;
    uint8_t a[4] = {1, 2, 3, 4};
    endian_swap(a, 4, 1);
    assert_memory_equal(a, ((uint8_t[]){2, 1, 4, 3}), 4);
    endian_swap(a, 4, 1);
    endian_swap(a, 4, 2);
    assert_memory_equal(a, ((uint8_t[]){4, 3, 2, 1}), 4);
    endian_swap(a, 4, 2);
    endian_swap(a, 4, 3);
    assert_memory_equal(a, ((uint8_t[]){3, 4, 1, 2}), 4);
}

// clang-format off
static const struct {
    unsigned fmt, swap;
    float rgba[4];
    unsigned n;
    uint8_t px[16];
} colours[] = {
    {COLORX_4_4_4_4, 0, {1, 0, 0, 0}, 2, {0x0f, 0x00}},
    {COLORX_4_4_4_4, 1, {1, 0, 0, 0}, 2, {0x00, 0x0f}},
    {COLORX_1_5_5_5, 1, {0, 0, 1, 1}, 2, {0x1f, 0x80}},
    {COLORX_1_5_5_5, 0, {1, 0, 0, 0}, 2, {0x1f, 0x00}},
    {COLORX_5_6_5, 0, {1, 0, 0, 1}, 2, {0x1f, 0x00}},
    {COLORX_5_6_5, 1, {1, 0, 0, 1}, 2, {0x00, 0xf8}},
    {COLORX_5_6_5, 1, {0, 1, 0, 1}, 2, {0xe0, 0x07}},
    {COLORX_8, 0, {0.5f, 1, 1, 1}, 1, {128}},
    {COLORX_8_8, 0, {1, 0, 1, 1}, 2, {255, 0}},
    {COLORX_8_8_8_8, 0, {1, 0.2f, 0.4f, 0}, 4, {255, 51, 102, 0}},
    {COLORX_8_8_8_8, 1, {1, 0.2f, 0.4f, 0}, 4, {102, 51, 255, 0}},
    {COLORX_8_8_8_8, 2, {1, 0.2f, 0.4f, 0}, 4, {0, 102, 51, 255}},
    {COLORX_8_8_8_8, 3, {1, 0.2f, 0.4f, 0}, 4, {0, 255, 51, 102}},
    {COLORX_8_8_8_8, 0, {2, -1, NAN, 1}, 4, {255, 0, 0, 255}},
    {COLORX_S8_8_8_8, 0, {1, -1, 0, -0.5f}, 4, {127, 0x81, 0, 0xc1}},
    {COLORX_16_FLOAT, 0, {1, 0, 0, 0}, 2, {0x00, 0x3c}},
    {COLORX_16_16_FLOAT, 0, {1, -2, 0, 0}, 4, {0x00, 0x3c, 0x00, 0xc0}},
    {COLORX_16_16_16_16_FLOAT, 0, {1, 0, 0, 0.5f}, 8, {0x00, 0x3c, 0, 0, 0, 0, 0x00, 0x38}},
    {COLORX_32_FLOAT, 0, {1, 0, 0, 0}, 4, {0, 0, 0x80, 0x3f}},
    {COLORX_32_32_FLOAT, 0, {0, 1, 0, 0}, 8, {0, 0, 0, 0, 0, 0, 0x80, 0x3f}},
    {COLORX_32_32_32_32_FLOAT, 0, {0, 0, 0, 1}, 16, {[14] = 0x80, 0x3f}},
    {COLORX_2_3_3, 1, {1, 0, 1, 0}, 1, {0xe3}},
    {COLORX_8_8_8, 0, {1, 0, 0.2f, 1}, 3, {255, 0, 51}},
};
// clang-format on

static void test_every_colour_format_packs_and_unpacks(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (unsigned i = 0; i < ARRAY_LEN(colours); i++) {
        uint8_t px[16] = {0};
        float back[4], again[4];
        uint8_t px2[16] = {0};
        color_pack(colours[i].fmt, colours[i].swap, colours[i].rgba, px);
        assert_int_equal(color_format_bytes(colours[i].fmt), colours[i].n);
        if (memcmp(px, colours[i].px, colours[i].n)) {
            fail_msg("colour row %u: %02x %02x %02x %02x", i, px[0], px[1], px[2], px[3]);
        }
        color_unpack(colours[i].fmt, colours[i].swap, px, back);
        color_pack(colours[i].fmt, colours[i].swap, back, px2);
        assert_memory_equal(px, px2, 16);
        color_unpack(colours[i].fmt, colours[i].swap, px2, again);
        assert_memory_equal(back, again, sizeof(back));
        seen |= 1u << colours[i].fmt;
    }
    assert_int_equal(seen, 0x7fff);
}

static void test_eight_bit_channels_survive_floats(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        uint8_t px[4] = {(uint8_t)v, 0, 0, 0}, back[4];
        float rgba[4];
        color_unpack(COLORX_8_8_8_8, 0, px, rgba);
        color_pack(COLORX_8_8_8_8, 0, rgba, back);
        assert_int_equal(back[0], v);
    }
}

static void test_colour_masks(void **state)
{
    (void)state;
    uint8_t m[16];
    color_mask_bytes(COLORX_8_8_8_8, 1, 1, m); // red of BGRA
    assert_memory_equal(m, ((uint8_t[]){0, 0, 255, 0}), 4);
    color_mask_bytes(COLORX_5_6_5, 1, 2, m);
    assert_memory_equal(m, ((uint8_t[]){0xe0, 0x07}), 2);
    color_mask_bytes(COLORX_1_5_5_5, 1, 8, m);
    assert_memory_equal(m, ((uint8_t[]){0x00, 0x80}), 2);
}

static void test_depth_rounds_to_nearest(void **state)
{
    (void)state;
    assert_int_equal(depth_quantise(DEPTHX_24_8, 1.0), 0xffffff);
    assert_int_equal(depth_quantise(DEPTHX_24_8, 0.5), 0x800000);
    assert_int_equal(depth_quantise(DEPTHX_16, 2.0), 0xffff);
    assert_int_equal(depth_quantise(DEPTHX_24_8, -1), 0);
    assert_int_equal(depth_quantise(DEPTHX_24_8, NAN), 0);
    // a 24-bit integer through a float of the driver's clear comes back
    for (uint32_t z = 0; z <= 0xffffff; z += 4099) {
        float f = (float)((double)z * (1.0 / 0xffffff));
        assert_int_equal(depth_quantise(DEPTHX_24_8, f), z);
    }
}

static void test_tiling_is_a_bijection(void **state)
{
    (void)state;
    for (unsigned bytes = 1; bytes <= 16; bytes *= 2) {
        uint32_t n = (uint32_t)align_up(96 * 64 * bytes, 4096); // small texels share pages
        uint8_t *seen = calloc(1, n);
        assert_non_null(seen);
        for (uint32_t y = 0; y < 64; y++) {
            for (uint32_t x = 0; x < 96; x++) {
                uint32_t o = tiled_offset_2d(x, y, 96, bytes);
                assert_in_range(o, 0, n - bytes);
                assert_int_equal(seen[o], 0);
                seen[o] = 1;
            }
        }
        free(seen);
    }
    uint8_t *seen = calloc(1, 64 * 32 * 8 * 4);
    for (uint32_t z = 0; z < 8; z++) {
        for (uint32_t y = 0; y < 32; y++) {
            for (uint32_t x = 0; x < 64; x++) {
                uint32_t o = tiled_offset_3d(x, y, z, 64, 32, 4);
                assert_in_range(o, 0, 64 * 32 * 8 * 4 - 4);
                assert_int_equal(seen[o], 0);
                seen[o] = 1;
            }
        }
    }
    free(seen);
    // fixed points of the public description
    assert_int_equal(tiled_offset_2d(1, 0, 32, 4), 4);
    assert_int_equal(tiled_offset_2d(0, 1, 32, 4), 16);
    assert_int_equal(tiled_offset_2d(8, 0, 32, 4), 64);
    assert_int_equal(tiled_offset_2d(0, 16, 32, 4), 2048);
    assert_int_equal(tiled_offset_2d(32, 0, 64, 4), 4096);
}

// A fetch constant as the open driver writes it: 64x64 RGBA8, BGRA swizzle, bilinear, 7 levels.
static void make_constant(uint32_t dw[6])
{
    dw[0] = 2u << 22 | 2 << 10 | 1 << 13;
    dw[1] = 0x01071000 | 1 << 11 | FMT_8_8_8_8;
    dw[2] = 63 | 63 << 13;
    dw[3] = 2u << 1 | 1 << 4 | 0 << 7 | 3 << 10 | 1 << 19 | 1 << 21 | 1 << 23;
    dw[4] = 6u << 6 | (uint32_t)(-48 & 0x3ff) << 12;
    dw[5] = 0x01075000 | 1 << 9;
}

static void test_texture_constant_decodes(void **state)
{
    (void)state;
    uint32_t dw[6];
    struct texture t;
    make_constant(dw);
    assert_true(texture_layout(dw, &t));
    assert_int_equal(t.info->number, FMT_8_8_8_8);
    assert_int_equal(t.width, 64);
    assert_int_equal(t.height, 64);
    assert_int_equal(t.clamp[0], TEX_CLAMP_LAST_TEXEL);
    assert_int_equal(t.clamp[1], TEX_MIRROR);
    assert_int_equal(t.mag, TEX_BILINEAR);
    assert_int_equal(t.mip, TEX_BILINEAR);
    assert_int_equal(t.max_level, 6);
    assert_true(t.lod_bias == -1.5f);
    assert_int_equal(t.level[0].va, 0x01071000);
    assert_int_equal(t.level[0].pitch, 64);
    assert_int_equal(t.level[1].va, 0x01075000);
    assert_int_equal(t.level[1].pitch, 32);
    assert_int_equal(t.level[2].va, 0x01076000);
    assert_int_equal(t.level[3].va, 0x01077000); // 16x16 still takes 32x32
    float v[4] = {1, 2, 3, 4};
    texture_swizzle(&t, v, v);
    assert_true(v[0] == 3 && v[1] == 2 && v[2] == 1 && v[3] == 4);
    assert_true(texture_fits_rgba8(&t));

    dw[5] |= 3u << 9; // cube: six faces a level
    assert_true(texture_layout(dw, &t));
    assert_int_equal(t.slices, 6);
    assert_int_equal(texture_block_va(&t, 0, 2, 0, 0), 0x01071000 + 2 * 64 * 64 * 4);
    assert_int_equal(t.level[2].va, 0x01075000 + 6 * 4096);

    dw[1] = (dw[1] & ~63u) | 61; // no such format
    assert_false(texture_layout(dw, &t));
    float out[4];
    assert_false(texture_texel(NULL, &t, 0, 0, 0, 0, out));
}

static void test_any_constant_is_safe(void **state)
{
    (void)state;
    uint32_t seed = 1, dw[6];
    for (unsigned i = 0; i < 20000; i++) {
        struct texture t;
        for (unsigned k = 0; k < 6; k++) {
            seed = seed * 1664525 + 1013904223;
            dw[k] = seed ^ seed >> 15;
        }
        texture_layout(dw, &t);
        assert_true(t.max_level < TEX_LEVELS && t.min_level <= t.max_level);
        for (unsigned l = 0; l < TEX_LEVELS; l++) {
            assert_true(t.level[l].width && t.level[l].height && t.level[l].depth);
            (void)texture_block_va(&t, l, 5, 1000, 1000);
        }
    }
}

// ---- reading through memory
// ------------------------------------------------------------------------

struct flat {
    struct gpu_mem mem;
    uint32_t base, size;
    uint8_t *data;
};

static bool flat_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    struct flat *f = container_of(mem, struct flat, mem);
    memset(dst, 0, n);
    if (va < f->base || va - f->base > f->size || n > f->size - (va - f->base)) {
        return false;
    }
    memcpy(dst, f->data + (va - f->base), n);
    return true;
}

static const uint8_t *flat_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct flat *f = container_of(mem, struct flat, mem);
    if (va < f->base || va - f->base >= f->size) {
        return NULL;
    }
    *got = f->size - (va - f->base);
    *got = *got < want ? *got : want;
    return f->data + (va - f->base);
}

static const struct gpu_mem_ops flat_ops = {.read = flat_read, .span = flat_span};

static void test_levels_decode_from_memory(void **state)
{
    (void)state;
    uint8_t *data = calloc(1, 64 * 64 * 4);
    struct flat f = {{&flat_ops}, 0x01071000, 64 * 64 * 4, data};
    uint32_t dw[6];
    struct texture t;
    make_constant(dw);
    data[(3 * 64 + 5) * 4] = 255; // blue of texel (5, 3) in BGRA
    assert_true(texture_layout(dw, &t));

    float v[4];
    assert_true(texture_texel(&f.mem, &t, 0, 0, 5, 3, v));
    assert_true(v[0] == 1 && v[1] == 0);
    uint8_t *img = calloc(1, 64 * 64 * 4);
    assert_true(texture_decode_rgba8(&f.mem, &t, 0, 0, true, img, 256));
    assert_memory_equal(img + (3 * 64 + 5) * 4, ((uint8_t[]){0, 0, 255, 0}), 4);
    assert_false(texture_decode_rgba8(&f.mem, &t, 1, 0, true, img, 256)); // unmapped level
    float *fimg = calloc(64 * 64 * 4, sizeof(float));
    assert_true(texture_decode_float(&f.mem, &t, 0, 0, true, fimg, 64 * 16));
    assert_true(fimg[(3 * 64 + 5) * 4 + 2] == 1);

    dw[0] |= 1u << 31; // tiled
    assert_true(texture_layout(dw, &t));
    memset(data, 0, f.size);
    data[tiled_offset_2d(5, 3, 64, 4)] = 255;
    assert_true(texture_decode_rgba8(&f.mem, &t, 0, 0, true, img, 256));
    assert_memory_equal(img + (3 * 64 + 5) * 4, ((uint8_t[]){0, 0, 255, 0}), 4);
    free(fimg);
    free(img);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_surface_format_decodes_its_vectors),
        cmocka_unit_test(test_table_rows_are_consistent),
        cmocka_unit_test(test_halves_round_trip_and_round_to_even),
        cmocka_unit_test(test_signed_rules_and_exponent),
        cmocka_unit_test(test_vertex_reads_outside_give_zero),
        cmocka_unit_test(test_endian_swaps),
        cmocka_unit_test(test_every_colour_format_packs_and_unpacks),
        cmocka_unit_test(test_eight_bit_channels_survive_floats),
        cmocka_unit_test(test_colour_masks),
        cmocka_unit_test(test_depth_rounds_to_nearest),
        cmocka_unit_test(test_tiling_is_a_bijection),
        cmocka_unit_test(test_texture_constant_decodes),
        cmocka_unit_test(test_any_constant_is_safe),
        cmocka_unit_test(test_levels_decode_from_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
