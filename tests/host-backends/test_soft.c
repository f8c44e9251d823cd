// SPDX-License-Identifier: MIT
//
// The software rasteriser by itself: which pixels a primitive covers and what is stored there,
// against rules written out here independently.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host-backends/soft/soft.h"
#include "tests/host-backends/draws.h"

static int setup(void **state)
{
    *state = bench_new("soft");
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

// ---- coverage -------------------------------------------------------------------------------

static void test_box_covers_pixels_whose_centre_is_inside(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_box(b, 10, 12, 20.5f, 30.5625f, 0, 1, 0, 0, 1), GPU_OK);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            bool in = x + 0.5 >= 10 && x + 0.5 < 20.5 && y + 0.5 >= 12 && y + 0.5 < 30.5625;
            assert_int_equal(pixel(b, x, y), in ? 0xff0000ff : 0);
        }
    }
}

static void test_meshes_cover_every_pixel_exactly_once(void **state)
{
    struct bench *b = *state;
    b->state.blend = true; // one + one
    b->state.blend_src = b->state.blend_dst = b->state.blend_src_a = b->state.blend_dst_a = 1;
    for (unsigned round = 0; round < 20; round++) {
        gmem_clear(b, 0, 0);
        // a fan around random points inside a square: every edge is shared by two triangles
        srand(round);
        float cx = (float)(rand() % 480) / 16 + 17, cy = (float)(rand() % 480) / 16 + 17;
        const float ring[9][2] = {{8, 8},   {(float)(rand() % 700) / 16 + 9, 8},
                                  {56, 8},  {56, (float)(rand() % 700) / 16 + 9},
                                  {56, 56}, {(float)(rand() % 700) / 16 + 9, 56},
                                  {8, 56},  {8, (float)(rand() % 700) / 16 + 9},
                                  {8, 8}};
        for (unsigned i = 0; i < 8; i++) {
            vertex(b, cx, cy, 0, 0.2f, 0.2f, 0.2f, 0.2f);
            vertex(b, ring[i][0], ring[i][1], 0, 0.2f, 0.2f, 0.2f, 0.2f);
            vertex(b, ring[i + 1][0], ring[i + 1][1], 0, 0.2f, 0.2f, 0.2f, 0.2f);
        }
        assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
        for (unsigned y = 0; y < SIZE; y++) {
            for (unsigned x = 0; x < SIZE; x++) {
                bool in = x >= 8 && x < 56 && y >= 8 && y < 56;
                assert_int_equal(pixel(b, x, y), in ? 0x33333333 : 0);
            }
        }
    }
}

static void test_strip_fan_and_indices_draw_the_same_square(void **state)
{
    struct bench *b = *state;
    static const uint8_t orders[3][6] = {{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 1, 2, 2, 1, 3}};
    static const enum gpu_prim prims[3] = {GPU_PRIM_TRIANGLE_STRIP, GPU_PRIM_TRIANGLE_FAN,
                                           GPU_PRIM_TRIANGLES};
    static const unsigned counts[3] = {4, 4, 6};
    for (unsigned size = 1; size <= 4; size *= 2) {
        for (unsigned p = 0; p < 3; p++) {
            gmem_clear(b, 0, 0);
            b->state.cull_back = true;
            b->state.front_cw = true;
            for (unsigned i = 0; i < 4; i++) {
                vertex(b, i & 1 ? 40 : 4, i & 2 ? 44 : 6, 0, 0, 1, 0, 1);
            }
            for (unsigned i = 0; i < counts[p]; i++) {
                put_le32(mem_at(b, INDEX_VA) + i * size, orders[p][i]);
            }
            b->draw.indexed = true;
            b->draw.index_bytes = (uint8_t)size;
            b->draw.index_va = INDEX_VA;
            b->draw.index_size = counts[p] * size;
            b->verts = counts[p];
            assert_int_equal(bench_draw(b, prims[p]), GPU_OK);
            for (unsigned y = 0; y < SIZE; y++) {
                for (unsigned x = 0; x < SIZE; x++) {
                    bool in = x >= 4 && x < 40 && y >= 6 && y < 44;
                    assert_int_equal(pixel(b, x, y), in ? 0xff00ff00 : 0);
                }
            }
        }
    }
}

static void test_long_strips_survive_window_borders(void **state)
{
    struct bench *b = *state;
    b->state.blend = true;
    b->state.blend_src = b->state.blend_dst = b->state.blend_src_a = b->state.blend_dst_a = 1;
    for (unsigned i = 0; i <= 1000; i++) { // 64 pixels wide, a step a sixteenth
        vertex(b, (float)(i / 2) / 8, i & 1 ? 64 : 0, 0, 0.2f, 0, 0, 0);
    }
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLE_STRIP), GPU_OK);
    for (unsigned x = 0; x < 62; x++) {
        assert_int_equal(pixel(b, x, 31), 0x33);
    }
}

static void test_rectangle_list_completes_the_fourth_corner(void **state)
{
    struct bench *b = *state;
    static const uint8_t order[3][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}};
    const float corner[3][2] = {{5, 7}, {50, 7}, {50, 33}};
    for (unsigned o = 0; o < 3; o++) {
        gmem_clear(b, 0, 0);
        for (unsigned i = 0; i < 3; i++) {
            vertex(b, corner[order[o][i]][0], corner[order[o][i]][1], 0, 0, 0, 1, 1);
        }
        assert_int_equal(bench_draw(b, GPU_PRIM_RECTS), GPU_OK);
        for (unsigned y = 0; y < SIZE; y++) {
            for (unsigned x = 0; x < SIZE; x++) {
                bool in = x >= 5 && x < 50 && y >= 7 && y < 33;
                assert_int_equal(pixel(b, x, y), in ? 0xffff0000 : 0);
            }
        }
    }
}

static void test_culling_follows_the_winding_on_the_screen(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < 16; i++) {
        bool cw = i & 1;
        b->state.front_cw = i & 2;
        b->state.cull_front = i & 4;
        b->state.cull_back = i & 8;
        gmem_clear(b, 0, 0);
        vertex(b, 4, 4, 0, 1, 1, 1, 1);
        vertex(b, cw ? 60 : 4, cw ? 4 : 60, 0, 1, 1, 1, 1);
        vertex(b, cw ? 4 : 60, cw ? 60 : 4, 0, 1, 1, 1, 1);
        assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
        bool front = cw == b->state.front_cw;
        bool drawn = front ? !b->state.cull_front : !b->state.cull_back;
        assert_int_equal(pixel(b, 10, 10), drawn ? 0xffffffff : 0);
    }
}

static void test_points_are_squares_around_their_position(void **state)
{
    struct bench *b = *state;
    static const float sizes[] = {1, 2, 3, 4.5f, 7, 16};
    PROGRAMS(b, vs_point, ps_color);
    b->state.vs_export_mode = 2;
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        float s = sizes[i];
        gmem_clear(b, 0x01010101, 0);
        b->vs_alu[0][0] = 1;
        b->vs_alu[0][1] = 0;
        b->vs_alu[0][2] = 1;
        b->vs_alu[0][3] = s;
        vertex(b, 30.25f, 20.75f, 0, 0, 0, 0, 0);
        assert_int_equal(bench_draw(b, GPU_PRIM_POINTS), GPU_OK);
        for (unsigned y = 0; y < SIZE; y++) {
            for (unsigned x = 0; x < SIZE; x++) {
                bool in = x + 0.5f > 30.25f - s / 2 && x + 0.5f <= 30.25f + s / 2 &&
                          y + 0.5f > 20.75f - s / 2 && y + 0.5f <= 20.75f + s / 2;
                assert_int_equal(pixel(b, x, y), in ? 0 : 0x01010101);
            }
        }
    }
}

static void test_line_strips_have_no_gaps_and_no_doubles(void **state)
{
    struct bench *b = *state;
    b->state.blend = true;
    b->state.blend_src = b->state.blend_dst = b->state.blend_src_a = b->state.blend_dst_a = 1;
    // both lines run along x: each joint pixel belongs to one of them only
    for (unsigned n = 0; n < 50; n++) {
        gmem_clear(b, 0, 0);
        float x = 8 + (float)n / 16, y = 9 + (float)(n * 7 % 16) / 16;
        vertex(b, x, y, 0, 0.2f, 0, 0, 0);
        vertex(b, x + 20, y + 11, 0, 0.2f, 0, 0, 0);
        vertex(b, x + 45, y + 3, 0, 0.2f, 0, 0, 0);
        assert_int_equal(bench_draw(b, GPU_PRIM_LINE_STRIP), GPU_OK);
        unsigned count = 0;
        for (unsigned i = 0; i < SIZE * SIZE; i++) {
            uint32_t v = gmem_word(b, i * 4);
            assert_true(v == 0 || v == 0x33);
            count += v != 0;
        }
        assert_in_range(count, 44, 46);
    }
}

static void test_horizontal_line_of_width_five(void **state)
{
    struct bench *b = *state;
    b->state.line_width = 5;
    vertex(b, 10.5f, 30.5f, 0, 1, 1, 1, 1);
    vertex(b, 50.5f, 30.5f, 0, 1, 1, 1, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_LINES), GPU_OK);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            bool in = x >= 10 && x < 50 && y >= 28 && y < 33;
            assert_int_equal(pixel(b, x, y), in ? 0xffffffff : 0);
        }
    }
}

static void test_viewport_clips_what_the_guard_band_says(void **state)
{
    struct bench *b = *state;
    b->state.vp_scale[0] = 8; // viewport: x in 24..40
    vertex(b, -500, 0, 0, 1, 1, 1, 1);
    vertex(b, 500, 0, 0, 1, 1, 1, 1);
    vertex(b, 0, 600, 0, 1, 1, 1, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
    for (unsigned x = 0; x < SIZE; x++) {
        assert_int_equal(pixel(b, x, 5), x >= 24 && x < 40 ? 0xffffffff : 0);
    }
    gmem_clear(b, 0, 0);
    b->state.gb[2] = 1.5f; // horizontal clip adjust: 20..44
    vertex(b, -500, 0, 0, 1, 1, 1, 1);
    vertex(b, 500, 0, 0, 1, 1, 1, 1);
    vertex(b, 0, 600, 0, 1, 1, 1, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
    for (unsigned x = 0; x < SIZE; x++) {
        assert_int_equal(pixel(b, x, 5), x >= 20 && x < 44 ? 0xffffffff : 0);
    }
}

static void test_near_plane_cuts_where_depth_is_zero(void **state)
{
    struct bench *b = *state;
    // z runs from -1 at the left to 1 at the right: only the right half is inside
    vertex(b, 0, 0, -1, 1, 1, 1, 1);
    vertex(b, 64, 0, 1, 1, 1, 1, 1);
    vertex(b, 64, 64, 1, 1, 1, 1, 1);
    vertex(b, 0, 0, -1, 1, 1, 1, 1);
    vertex(b, 64, 64, 1, 1, 1, 1, 1);
    vertex(b, 0, 64, -1, 1, 1, 1, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            assert_int_equal(pixel(b, x, y), x >= 32 ? 0xffffffff : 0);
        }
    }
}

static void test_interpolation_is_exact_at_pixel_centres(void **state)
{
    struct bench *b = *state;
    vertex(b, 0, 0, 0, 0, 0, 0.5f, 1);
    vertex(b, 64, 0, 0, 1, 0, 0.5f, 1);
    vertex(b, 64, 64, 0, 1, 1, 0.5f, 1);
    vertex(b, 0, 0, 0, 0, 0, 0.5f, 1);
    vertex(b, 64, 64, 0, 1, 1, 0.5f, 1);
    vertex(b, 0, 64, 0, 0, 1, 0.5f, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            uint32_t r = (uint32_t)((x + 0.5f) / 64 * 255 + 0.5f);
            uint32_t g = (uint32_t)((y + 0.5f) / 64 * 255 + 0.5f);
            assert_int_equal(pixel(b, x, y), 0xff800000 | g << 8 | r);
        }
    }
}

static void test_samples_of_a_pixel_lie_side_by_side(void **state)
{
    struct bench *b = *state;
    b->state.color.samples = 4;
    b->state.color.pitch = 32;
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = 7;
    b->state.vp_scale[0] = b->state.vp_offset[0] = b->state.vp_scale[1] = b->state.vp_offset[1] =
        4096;
    b->state.vp_offset[2] = 0.75f;
    b->state.vp_scale[2] = 0;
    b->state.scissor = (struct gpu_rect){0, 0, 32, 16};
    vertex(b, 0, 64, 1, 1, 0, 0, 1);
    vertex(b, 64, 64, 1, 1, 0, 0, 1);
    vertex(b, 64, 0, 1, 1, 0, 0, 1);
    assert_int_equal(bench_draw(b, GPU_PRIM_RECTS), GPU_OK);
    uint32_t z = depth_quantise(DEPTHX_24_8, 0.75) << 8;
    for (uint32_t i = 0; i < 32 * 16 * 4; i++) {
        assert_int_equal(gmem_word(b, 4 * i), 0xff0000ff);
        assert_int_equal(gmem_word(b, DEPTH_BASE + 4 * i), z);
    }
    assert_int_equal(gmem_word(b, 32 * 16 * 16), 0);
}

// ---- depth, stencil -------------------------------------------------------------------------

static bool compare(unsigned func, uint32_t a, uint32_t b)
{
    const bool r[8] = {false, a<b, a == b, a <= b, a> b, a != b, a >= b, true};
    return r[func];
}

static void test_depth_functions(void **state)
{
    struct bench *b = *state;
    const float z[3] = {0.25f, 0.5f, 0.75f};
    for (unsigned format = 0; format < 2; format++) {
        for (unsigned func = 0; func < 8; func++) {
            for (unsigned i = 0; i < 3; i++) {
                uint32_t old = depth_quantise(format, 0.5), now = depth_quantise(format, z[i]);
                b->state.depth.format = (uint8_t)format;
                gmem_clear(b, 0, format ? old << 8 | 0x5a : old << 16 | old);
                b->state.z_enable = b->state.z_write = true;
                b->state.z_func = (uint8_t)func;
                assert_int_equal(bench_box(b, 0, 0, 64, 64, z[i], 1, 1, 1, 1), GPU_OK);
                bool pass = compare(func, now, old);
                uint32_t want = pass ? now : old;
                assert_int_equal(pixel(b, 33, 7), pass ? 0xffffffff : 0);
                uint32_t at = 7 * SIZE + 32;
                assert_int_equal(gmem_word(b, DEPTH_BASE + at * (format ? 4 : 2)),
                                 format ? want << 8 | 0x5a : want << 16 | want);
            }
        }
    }
}

static uint32_t stencil_result(unsigned op, uint32_t old, uint32_t ref)
{
    const uint32_t r[8] = {old,
                           0,
                           ref,
                           old < 255 ? old + 1 : 255,
                           old ? old - 1 : 0,
                           ~old & 255,
                           (old + 1) & 255,
                           (old - 1) & 255};
    return r[op];
}

static void test_stencil_functions_and_operations(void **state)
{
    struct bench *b = *state;
    static const uint8_t olds[] = {0, 1, 0x7f, 0x80, 0xff};
    for (unsigned func = 0; func < 8; func++) {
        for (unsigned op = 0; op < 8; op++) {
            for (unsigned o = 0; o < ARRAY_LEN(olds); o++) {
                for (unsigned zpass = 0; zpass < 2; zpass++) {
                    struct gpu_stencil_face f = {.func = (uint8_t)func,
                                                 .fail = (uint8_t)op,
                                                 .zpass = (uint8_t)((op + 1) & 7),
                                                 .zfail = (uint8_t)((op + 2) & 7),
                                                 .ref = 0x7f,
                                                 .mask = 0xf0,
                                                 .write_mask = 0x3f};
                    b->state.stencil_enable = b->state.z_enable = true;
                    b->state.z_write = false;
                    b->state.z_func = zpass ? 7 : 0;
                    b->state.stencil[0] = b->state.stencil[1] = f;
                    gmem_clear(b, 0, 0x123400u | olds[o]);
                    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_OK);
                    bool pass = compare(func, f.ref & f.mask, olds[o] & f.mask);
                    unsigned used = !pass ? op : zpass ? (op + 1) & 7 : (op + 2) & 7;
                    uint32_t s = stencil_result(used, olds[o], f.ref);
                    s = (olds[o] & ~0x3fu) | (s & 0x3f);
                    assert_int_equal(depth_at(b, 5, 5), 0x123400u | s);
                    assert_int_equal(pixel(b, 5, 5), pass && zpass ? 0xffffffff : 0);
                }
            }
        }
    }
}

static void test_back_faces_use_their_own_stencil(void **state)
{
    struct bench *b = *state;
    b->state.stencil_enable = b->state.stencil_two_sided = true;
    b->state.front_cw = true; // the box is wound clockwise on the screen
    b->state.stencil[0] = (struct gpu_stencil_face){7, 2, 2, 2, 0x11, 0xff, 0xff};
    b->state.stencil[1] = (struct gpu_stencil_face){7, 2, 2, 2, 0x22, 0xff, 0xff};
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_OK);
    assert_int_equal(depth_at(b, 9, 9), 0x11);
    b->state.front_cw = false;
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_OK);
    assert_int_equal(depth_at(b, 9, 9), 0x22);
}

static void test_polygon_offset_moves_depth_by_units_and_slope(void **state)
{
    struct bench *b = *state;
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = 7;
    b->state.front_cw = true;
    b->state.offset_front = true;
    b->state.offset_units[0] = 8; // as registers hold it: doubled
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0.5f, 1, 1, 1, 1), GPU_OK);
    assert_in_range(depth_at(b, 3, 3) >> 8, 0x800003, 0x800005);
}

static void test_alpha_test_discards_colour_and_depth(void **state)
{
    struct bench *b = *state;
    b->state.alpha_test = true;
    b->state.alpha_ref = 0.5f;
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = 7;
    for (unsigned func = 0; func < 8; func++) {
        for (unsigned a = 0; a < 3; a++) {
            gmem_clear(b, 0, 0);
            b->state.alpha_func = (uint8_t)func;
            assert_int_equal(bench_box(b, 0, 0, 64, 64, 0.5f, 1, 1, 1, 0.25f * (float)(a + 1)),
                             GPU_OK);
            bool pass = compare(func, a, 1);
            assert_int_equal(pixel(b, 1, 1) != 0, pass);
            assert_int_equal(depth_at(b, 1, 1) != 0, pass);
        }
    }
}

// ---- colour ---------------------------------------------------------------------------------

static double factor_of(unsigned f, unsigned c, const double s[4], const double d[4],
                        const double k[4])
{
    switch (f) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 4:
        return s[c];
    case 5:
        return 1 - s[c];
    case 6:
        return s[3];
    case 7:
        return 1 - s[3];
    case 8:
        return d[c];
    case 9:
        return 1 - d[c];
    case 10:
        return d[3];
    case 11:
        return 1 - d[3];
    case 12:
        return k[c];
    case 13:
        return 1 - k[c];
    case 14:
        return k[3];
    case 15:
        return 1 - k[3];
    default:
        return c == 3 ? 1 : fmin(s[3], 1 - d[3]);
    }
}

static void test_blend_factors_and_operations(void **state)
{
    struct bench *b = *state;
    static const uint8_t factors[] = {0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const double s[4] = {0.2, 0.4, 0.6, 0.8}, d[4] = {51 / 255.0, 153 / 255.0, 1, 102 / 255.0};
    const double k[4] = {0.1, 0.3, 0.5, 0.7};
    const uint32_t old = 51 | 153 << 8 | 255 << 16 | 102u << 24;
    b->state.blend = true;
    for (unsigned i = 0; i < 4; i++) {
        b->state.blend_color[i] = (float)k[i];
    }
    for (unsigned fs = 0; fs < ARRAY_LEN(factors); fs++) {
        for (unsigned fd = 0; fd < ARRAY_LEN(factors); fd++) {
            for (unsigned op = 0; op < 5; op++) {
                gmem_clear(b, old, 0);
                b->state.blend_src = b->state.blend_src_a = factors[fs];
                b->state.blend_dst = b->state.blend_dst_a = factors[fd];
                b->state.blend_op = b->state.blend_op_a = (uint8_t)op;
                assert_int_equal(bench_box(b, 0, 0, 2, 2, 0, 0.2f, 0.4f, 0.6f, 0.8f), GPU_OK);
                uint32_t got = pixel(b, 1, 1);
                for (unsigned c = 0; c < 4; c++) {
                    double a = s[c] * factor_of(factors[fs], c, s, d, k);
                    double e = d[c] * factor_of(factors[fd], c, s, d, k);
                    const double r[5] = {a + e, a - e, fmin(s[c], d[c]), fmax(s[c], d[c]), e - a};
                    double want = fmax(0, fmin(1, r[op])) * 255;
                    assert_true(fabs(want - (got >> 8 * c & 255)) < 0.51);
                }
            }
        }
    }
}

static void test_logic_operations(void **state)
{
    struct bench *b = *state;
    const uint32_t s = 0xcccccccc, d = 0xaaaaaaaa;
    const uint32_t want[16] = {0,     ~(s | d), ~s & d, ~s,     s & ~d, ~d,     s ^ d, ~(s & d),
                               s & d, ~(s ^ d), d,      ~s | d, s,      s | ~d, s | d, 0xffffffff};
    for (unsigned rop = 0; rop < 16; rop++) {
        gmem_clear(b, d, 0);
        b->state.rop = (uint8_t)rop;
        assert_int_equal(bench_box(b, 0, 0, 2, 2, 0, 0.8f, 0.8f, 0.8f, 0.8f), GPU_OK);
        assert_int_equal(pixel(b, 0, 0), want[rop]);
    }
}

static void test_every_colour_format_masks_and_swaps(void **state)
{
    struct bench *b = *state;
    const float in[4] = {0.25f, 1.0f, 0.75f, 0.5f};
    for (unsigned format = 0; format < 15; format++) {
        for (unsigned swap = 0; swap < 4; swap++) {
            for (unsigned mask = 0; mask < 16; mask += 5) {
                unsigned n = color_format_bytes(format);
                uint8_t want[16], got[16], bits[16];
                gmem_clear(b, 0xa5a5a5a5, 0);
                b->state.color.format = (uint8_t)format;
                b->state.color.swap = (uint8_t)swap;
                b->state.color_mask = (uint8_t)mask;
                assert_int_equal(bench_box(b, 0, 0, 4, 4, 0, in[0], in[1], in[2], in[3]), GPU_OK);
                b->be->ops->gmem_read(b->ctx, (SIZE + 1) * n, got, n);
                color_pack(format, swap, in, want);
                color_mask_bytes(format, swap, mask, bits);
                for (unsigned i = 0; i < n; i++) {
                    uint8_t m = mask == 15 ? 0xff : bits[i];
                    assert_int_equal(got[i], (want[i] & m) | (0xa5 & ~m));
                }
            }
        }
    }
}

static void test_targets_in_guest_memory_linear_and_tiled(void **state)
{
    struct bench *b = *state;
    for (unsigned linear = 0; linear < 2; linear++) {
        memset(mem_at(b, DST_VA), 0, 0x10000);
        b->state.color.in_gmem = false;
        b->state.color.base = DST_VA;
        b->state.color.linear = linear;
        b->state.color.swap = 1;
        assert_int_equal(bench_box(b, 3, 5, 40, 50, 0, 1, 0.2f, 0, 1), GPU_OK);
        for (uint32_t y = 0; y < SIZE; y++) {
            for (uint32_t x = 0; x < SIZE; x++) {
                bool in = x >= 3 && x < 40 && y >= 5 && y < 50;
                uint32_t va = color_pixel_va(DST_VA, SIZE, 4, linear, x, y);
                assert_int_equal(get_le32(mem_at(b, va)), in ? 0xffff3300 : 0);
            }
        }
    }
    b->state.color.base = 0x0f000000; // nothing mapped
    assert_int_equal(bench_box(b, 3, 5, 40, 50, 0, 1, 0.2f, 0, 1), GPU_MEM_FAULT);
}

// ---- resolves -------------------------------------------------------------------------------

static void test_resolve_copies_converts_and_tiles(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < SIZE * SIZE; i++) {
        uint32_t v = i * 0x9e3779b1u;
        b->be->ops->gmem_write(b->ctx, 4 * i, &v, 4);
    }
    for (unsigned format = 0; format < 15; format++) {
        for (unsigned mode = 0; mode < 4; mode++) {
            bool linear = mode & 1, partial = mode & 2;
            unsigned n = color_format_bytes(format);
            if (n == 3 && !linear) {
                continue; // tiles are made of powers of two
            }
            struct gpu_resolve r = {
                .src = b->state.color,
                .rect = {2, 3, 61, 60},
                .dst_va = DST_VA,
                .dst_pitch = 96,
                .dst_x = 7,
                .dst_y = 1,
                .dst_format = (uint8_t)format,
                .dst_swap = 1,
                .dst_linear = linear,
                .write_mask = partial ? 5 : 15,
            };
            memset(mem_at(b, DST_VA), 0x5a, 0x60000);
            assert_int_equal(b->be->ops->resolve(b->ctx, &r), GPU_OK);
            for (int y = 0; y < 70; y++) {
                for (int x = 0; x < 90; x++) {
                    uint8_t want[16], bits[16];
                    int sx = x - 7, sy = y - 1;
                    memset(want, 0x5a, sizeof(want));
                    if (sx >= 2 && sx < 61 && sy >= 3 && sy < 60) {
                        float c[4];
                        uint8_t px[16], raw[4];
                        put_le32(raw, (uint32_t)(sy * (int)SIZE + sx) * 0x9e3779b1u);
                        color_unpack(COLORX_8_8_8_8, 0, raw, c);
                        color_pack(format, 1, c, px);
                        color_mask_bytes(format, 1, r.write_mask, bits);
                        for (unsigned i = 0; i < n; i++) {
                            uint8_t m = partial ? bits[i] : 0xff;
                            want[i] = (uint8_t)((px[i] & m) | (0x5a & ~m));
                        }
                    }
                    uint32_t va = color_pixel_va(DST_VA, 96, n, linear, (uint32_t)x, (uint32_t)y);
                    if (memcmp(mem_at(b, va), want, n)) {
                        fail_msg("format %u mode %u at %d,%d: %02x, not %02x", format, mode, x, y,
                                 *mem_at(b, va), want[0]);
                    }
                }
            }
        }
    }
}

static void test_resolve_selects_and_averages_samples(void **state)
{
    struct bench *b = *state;
    static const uint32_t sample[4] = {0x00, 0x40, 0x80, 0xc0};
    static const uint32_t want[7] = {0, 0x40, 0x80, 0xc0, 0x20, 0xa0, 0x60};
    for (unsigned i = 0; i < 4; i++) {
        b->be->ops->gmem_write(b->ctx, 4 * i, &sample[i], 4);
    }
    for (unsigned sel = 0; sel < 7; sel++) {
        struct gpu_resolve r = {.src = b->state.color,
                                .rect = {0, 0, 1, 1},
                                .dst_va = DST_VA,
                                .dst_pitch = 32,
                                .dst_format = COLORX_8_8_8_8,
                                .dst_linear = true,
                                .write_mask = 15,
                                .sample_select = (uint8_t)sel};
        r.src.samples = 4;
        assert_int_equal(b->be->ops->resolve(b->ctx, &r), GPU_OK);
        assert_int_equal(get_le32(mem_at(b, DST_VA)), want[sel]);
    }
}

// A stream constant of three 2_3_3 bytes and of two float vectors; elements past the end are lost.
static void test_memory_exports_land_by_element(void **state)
{
    struct bench *b = *state;
    struct soft_context *ctx = (struct soft_context *)(void *)b->ctx;
    const uint32_t formats[2] = {COLORX_2_3_3, COLORX_32_32_32_32_FLOAT}, counts[2] = {3, 2};
    for (unsigned f = 0; f < 2; f++) {
        memset(mem_at(b, DST_VA), 0x5a, 128);
        for (unsigned i = 0; i < 6; i++) {
            unsigned index = i / 2, n = i % 2; // element index + n
            const float ea[4] = {f32_from_bits(DST_VA >> 2 | 0x40000000),
                                 f32_from_bits(0x4b000000 + index),
                                 f32_from_bits(0x4b000000 | formats[f] << 12),
                                 f32_from_bits(0x4b000000 | counts[f])};
            const float data[4] = {1, 0, (float)(index + n), 0.5f};
            soft_memexport(ctx, ea, n, data);
        }
        if (f) {
            assert_int_equal(get_le32(mem_at(b, DST_VA) + 16 + 8), f32_to_bits(1));
            assert_int_equal(get_le32(mem_at(b, DST_VA) + 32), 0x5a5a5a5a);
        } else { // x 0..7 in the low bits of three, then y, then z of two bits
            float px[4];
            for (unsigned i = 0; i < 3; i++) {
                color_unpack(COLORX_2_3_3, 0, mem_at(b, DST_VA) + i, px);
                assert_true(px[0] == 1 && px[1] == 0 && px[2] == (i ? 1.0f : 0.0f));
            }
            assert_int_equal(*(mem_at(b, DST_VA) + 3), 0x5a);
        }
    }
}

// ---- hostile input --------------------------------------------------------------------------

static void test_endless_shader_times_out(void **state)
{
    struct bench *b = *state;
    PROGRAMS(b, vs_color, ps_endless);
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_TIMEOUT);
    PROGRAMS(b, vs_color, ps_color);
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_OK);
    assert_int_equal(pixel(b, 5, 5), 0xffffffff);
}

static void test_missing_vertex_shader_is_a_named_result(void **state)
{
    struct bench *b = *state;
    b->draw.vs = NULL;
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 1, 1, 1), GPU_BAD_SHADER);
}

static void test_targets_outside_on_chip_memory_store_nothing(void **state)
{
    struct bench *b = *state;
    static const uint32_t bases[] = {GMEM_SIZE - 4, GMEM_SIZE, 0xfffff000, GMEM_SIZE - 1024};
    b->state.z_enable = b->state.z_write = b->state.stencil_enable = true;
    b->state.z_func = 7;
    for (unsigned i = 0; i < ARRAY_LEN(bases); i++) {
        b->state.color.base = b->state.depth.base = bases[i];
        b->state.color.pitch = i & 1 ? 16383 : SIZE;
        bench_box(b, 0, 0, 64, 64, 0.5f, 1, 1, 1, 1);
        struct gpu_resolve r = {.src = b->state.color,
                                .rect = {0, 0, 64, 64},
                                .dst_va = DST_VA,
                                .dst_pitch = 64,
                                .dst_format = 5,
                                .dst_linear = true,
                                .write_mask = 15};
        b->be->ops->resolve(b->ctx, &r);
        struct gpu_fill f = {bases[i], 0xffffffff, 0x12345678};
        b->be->ops->fill(b->ctx, &f);
    }
}

// Any state and any vertices: nothing but a result may come of it (sanitizers watch).
static void test_random_draws_never_misbehave(void **state)
{
    struct bench *b = *state;
    uint32_t seed = 12345;
    const struct gpu_state sane = b->state;
    for (unsigned n = 0; n < 400; n++) {
        b->state = sane;
        for (unsigned i = 0; i < 6; i++) { // corrupt a few bytes of the state
            seed = seed * 1664525 + 1013904223;
            size_t at = (seed >> 8) % offsetof(struct gpu_state, regs);
            bool is_bool = at >= offsetof(struct gpu_state, pixel_center_half) ||
                           at == offsetof(struct gpu_state, color.in_gmem) ||
                           at == offsetof(struct gpu_state, color.linear);
            ((uint8_t *)&b->state)[at] = (uint8_t)(is_bool ? seed >> 24 & 1 : seed >> 24);
        }
        for (unsigned i = 0; i < 30; i++) {
            float v[7];
            for (unsigned k = 0; k < 7; k++) {
                seed = seed * 1664525 + 1013904223;
                uint32_t bitsv = seed ^ seed >> 13;
                v[k] = n & 1 ? f32_from_bits(bitsv) : (float)(seed >> 16) / 512;
            }
            vertex(b, v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
        }
        for (unsigned i = 0; i < 8; i++) {
            b->vs_alu[2][3 - i % 4] = n & 2 ? 1.0f : f32_from_bits(seed * (i + 77));
        }
        b->state.regs = b->regs;
        bench_draw(b, (enum gpu_prim)(n % 8));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_box_covers_pixels_whose_centre_is_inside),
        T(test_meshes_cover_every_pixel_exactly_once),
        T(test_strip_fan_and_indices_draw_the_same_square),
        T(test_long_strips_survive_window_borders),
        T(test_rectangle_list_completes_the_fourth_corner),
        T(test_culling_follows_the_winding_on_the_screen),
        T(test_points_are_squares_around_their_position),
        T(test_line_strips_have_no_gaps_and_no_doubles),
        T(test_horizontal_line_of_width_five),
        T(test_viewport_clips_what_the_guard_band_says),
        T(test_near_plane_cuts_where_depth_is_zero),
        T(test_interpolation_is_exact_at_pixel_centres),
        T(test_samples_of_a_pixel_lie_side_by_side),
        T(test_depth_functions),
        T(test_stencil_functions_and_operations),
        T(test_back_faces_use_their_own_stencil),
        T(test_polygon_offset_moves_depth_by_units_and_slope),
        T(test_alpha_test_discards_colour_and_depth),
        T(test_blend_factors_and_operations),
        T(test_logic_operations),
        T(test_every_colour_format_masks_and_swaps),
        T(test_targets_in_guest_memory_linear_and_tiled),
        T(test_resolve_copies_converts_and_tiles),
        T(test_resolve_selects_and_averages_samples),
        T(test_memory_exports_land_by_element),
        T(test_endless_shader_times_out),
        T(test_missing_vertex_shader_is_a_named_result),
        T(test_targets_outside_on_chip_memory_store_nothing),
        T(test_random_draws_never_misbehave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
