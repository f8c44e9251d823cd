// SPDX-License-Identifier: MIT
//
// The GL backend through the ops, against the software rasteriser: the same hand-made draws on
// both, on-chip memory compared. Interiors must agree within 2/255; edges may differ by the host's
// finer subpixels, so every test says how many pixels it allows. A host without EGL is a failure in
// CI and a named skip elsewhere.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/host-backends/draws.h"

struct pair {
    struct bench *b[2]; // soft, gl
};

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    p->b[0] = bench_new("soft");
    p->b[1] = bench_new("gl");
    *state = p;
    return p->b[0] && p->b[1] ? 0 : -1;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 2; i++) {
        if (p->b[i]) {
            bench_free(p->b[i]);
        }
    }
    free(p);
    return 0;
}

// Runs `body` on both.
typedef void draw_fn(struct bench *b, unsigned arg);

static void on_both(struct pair *p, draw_fn *body, unsigned arg)
{
    for (unsigned i = 0; i < 2; i++) {
        body(p->b[i], arg);
    }
}

static unsigned channel_delta(uint32_t a, uint32_t b)
{
    unsigned worst = 0;
    for (unsigned i = 0; i < 32; i += 8) {
        int d = (int)(a >> i & 255) - (int)(b >> i & 255);
        worst = (unsigned)abs(d) > worst ? (unsigned)abs(d) : worst;
    }
    return worst;
}

// Pixels of the usual colour target that differ.
static unsigned color_differs(struct pair *p, unsigned tolerance)
{
    static uint32_t px[2][SIZE * SIZE];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++) {
        p->b[i]->be->ops->gmem_read(p->b[i]->ctx, 0, px[i], sizeof px[i]);
    }
    for (unsigned i = 0; i < SIZE * SIZE; i++) {
        bool bad = channel_delta(px[0][i], px[1][i]) > tolerance;
        if (bad && n < 20 && getenv("SHOW")) {
            printf("  (%u,%u): soft %08x gl %08x\n", i % SIZE, i / SIZE, px[0][i], px[1][i]);
        }
        n += bad;
    }
    return n;
}

static unsigned color_covered(struct bench *b)
{
    static uint32_t px[SIZE * SIZE];
    unsigned n = 0;
    b->be->ops->gmem_read(b->ctx, 0, px, sizeof px);
    for (unsigned i = 0; i < SIZE * SIZE; i++) {
        n += px[i] != 0;
    }
    return n;
}

static unsigned depth_differs(struct pair *p, unsigned tolerance)
{
    static uint32_t px[2][SIZE * SIZE];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++) {
        p->b[i]->be->ops->gmem_read(p->b[i]->ctx, DEPTH_BASE, px[i], sizeof px[i]);
    }
    for (unsigned i = 0; i < SIZE * SIZE; i++) {
        int64_t d = (int64_t)(px[0][i] >> 8) - (px[1][i] >> 8);
        n += (d < 0 ? -d : d) > tolerance || (px[0][i] & 255) != (px[1][i] & 255);
    }
    return n;
}

// ---- on-chip memory -----------------------------------------------------------------------------

static void test_gmem_bytes_come_back_as_written(void **state)
{
    struct bench *b = ((struct pair *)*state)->b[1];
    uint8_t in[4096], out[4096];
    for (unsigned i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)(i * 7 + i / 256);
    }
    assert_int_equal(b->be->ops->gmem_write(b->ctx, 100, in, sizeof in), GPU_OK);
    assert_int_equal(b->be->ops->gmem_read(b->ctx, 100, out, sizeof out), GPU_OK);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(b->be->ops->gmem_read(b->ctx, GMEM_SIZE - 1, out, 2), GPU_BAD_STATE);
}

static void draw_nothing_visible(struct bench *b, unsigned arg)
{
    (void)arg;
    b->state.z_enable = b->state.z_write = b->state.stencil_enable = true;
    b->state.z_func = 0; // never
    for (unsigned i = 0; i < 2; i++) {
        b->state.stencil[i].func = 7;
        b->state.stencil[i].write_mask = 0xff;
    }
    bench_box(b, 0, 0, SIZE, SIZE, 0.5f, 1, 1, 1, 1);
}

// Colour and depth words survive being looked at as textures.
static void test_every_byte_survives_a_visit_to_gl(void **state)
{
    struct bench *b = ((struct pair *)*state)->b[1];
    static const uint8_t formats[] = {
        COLORX_4_4_4_4, COLORX_1_5_5_5, COLORX_5_6_5,    COLORX_8,
        COLORX_8_8,     COLORX_8_8_8_8, COLORX_16_FLOAT, COLORX_16_16_16_16_FLOAT,
        COLORX_32_FLOAT};
    for (unsigned f = 0; f < ARRAY_LEN(formats); f++) {
        static uint8_t in[GMEM_SIZE], out[GMEM_SIZE];
        unsigned bpp = color_format_bytes(formats[f]);
        for (unsigned i = 0; i < GMEM_SIZE; i += 2) {
            uint32_t v = i * 2654435761u >> 7;
            if (formats[f] >= COLORX_16_FLOAT && i < DEPTH_BASE) {
                v &= formats[f] >= COLORX_32_FLOAT ? 0xbfff : 0x3bff; // numbers, no NaN
                v = bpp == 4 && !(i & 2) ? v : v & ~0x7f80u ? (v & 0x807f) | 0x3f00 : 0x3f80;
            }
            put_le16(in + i, (uint16_t)v);
        }
        b->state.color.format = formats[f];
        b->be->ops->gmem_write(b->ctx, 0, in, sizeof in);
        draw_nothing_visible(b, 0);
        b->be->ops->gmem_read(b->ctx, 0, out, sizeof out);
        for (unsigned i = 0; i < sizeof in; i++) {
            if (in[i] != out[i]) {
                fail_msg("format %u: byte 0x%x is 0x%02x, was 0x%02x", formats[f], i, out[i],
                         in[i]);
            }
        }
    }
}

static void fills(struct bench *b, unsigned arg)
{
    const struct gpu_fill f[] = {{0, SIZE * SIZE * 4, 0x11223344},
                                 {64, 20, 0xff00ff00},
                                 {SIZE * 4 * 3 + 8, SIZE * 4 * 5 + 100, 0x80ff8001},
                                 {DEPTH_BASE - 256, 1024, 0x12345678},
                                 {GMEM_SIZE - 64, 4096, 0x55aa55aa}};
    (void)arg;
    bench_box(b, 3, 3, 60, 61, 0, 1, 0, 0.5f, 1);
    for (unsigned i = 0; i < ARRAY_LEN(f); i++) {
        b->be->ops->fill(b->ctx, &f[i]);
    }
    bench_box(b, 30, 30, 40, 41, 0, 0, 1, 0.5f, 1);
}

static void test_fills_hit_exactly_their_bytes(void **state)
{
    struct pair *p = *state;
    static uint8_t m[2][GMEM_SIZE];
    on_both(p, fills, 0);
    for (unsigned i = 0; i < 2; i++) {
        p->b[i]->be->ops->gmem_read(p->b[i]->ctx, 0, m[i], GMEM_SIZE);
    }
    assert_memory_equal(m[0], m[1], GMEM_SIZE);
}

// Depth is restored by the driver through the colour path, as 8_8_8_8.
static void restore_depth_as_color(struct bench *b, unsigned arg)
{
    (void)arg;
    gmem_clear(b, 0, 0xffffff00);
    b->state.color.base = DEPTH_BASE;
    bench_box(b, 0, 0, SIZE, 32, 0, 0, 0, 0, 0.5f); // depth word 0x80000000
    b->state.color.base = 0;
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = 1; // less
    bench_box(b, 0, 0, SIZE, SIZE, 0.75f, 0, 1, 0, 1);
}

static void test_depth_written_as_colour_is_depth(void **state)
{
    struct pair *p = *state;
    on_both(p, restore_depth_as_color, 0);
    assert_int_equal(pixel(p->b[1], 5, 10), 0);
    assert_int_equal(pixel(p->b[1], 5, 40), 0xff00ff00);
    assert_int_equal(color_differs(p, 0), 0);
    assert_int_equal(depth_differs(p, 1), 0);
}

// ---- geometry -----------------------------------------------------------------------------------

static void smooth_triangle(struct bench *b, unsigned arg)
{
    gmem_clear(b, 0xff202020, 0);
    b->state.front_cw = arg & 1;
    b->state.cull_back = arg & 2;
    b->state.cull_front = arg & 4;
    vertex(b, 5, 4, 0, 1, 0, 0, 1);
    vertex(b, 60, 20, 0, 0, 1, 0, 1);
    vertex(b, 20, 61, 0, 0, 0, 1, 0);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_a_smooth_triangle_agrees(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 8; i++) {
        on_both(p, smooth_triangle, i);
        assert_in_range(color_differs(p, 2), 0, 20);
    }
}

static void strips_and_rects(struct bench *b, unsigned prim)
{
    gmem_clear(b, 0, 0);
    if (prim == GPU_PRIM_RECTS) {
        vertex(b, 5, 7, 0, 1, 0, 0, 1);
        vertex(b, 50, 7, 0, 0, 1, 0, 1);
        vertex(b, 50, 33, 0, 0, 0, 1, 1);
    } else {
        for (unsigned i = 0; i < 7; i++) {
            vertex(b, 4 + 8 * (float)i, i & 1 ? 50 : 6 + 3 * (float)i, 0, i & 1, i & 2, i & 4, 1);
        }
    }
    bench_draw(b, (enum gpu_prim)prim);
}

static void test_strips_fans_and_rects_agree(void **state)
{
    struct pair *p = *state;
    static const enum gpu_prim prims[] = {GPU_PRIM_TRIANGLES, GPU_PRIM_TRIANGLE_STRIP,
                                          GPU_PRIM_TRIANGLE_FAN, GPU_PRIM_RECTS};
    for (unsigned i = 0; i < ARRAY_LEN(prims); i++) {
        on_both(p, strips_and_rects, prims[i]);
        assert_in_range(color_differs(p, 2), 0, 40);
        assert_true(color_covered(p->b[1]) > 300);
    }
}

static void indexed(struct bench *b, unsigned size)
{
    static const uint8_t order[] = {0, 1, 2, 2, 1, 3, 7, 5, 6};
    gmem_clear(b, 0, 0);
    for (unsigned i = 0; i < 8; i++) {
        vertex(b, 4 + 25 * (float)(i & 1) + 30 * (float)(i >> 2), 6 + 30 * (float)(i >> 1 & 1), 0,
               1, (float)i / 8, 0, 1);
    }
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        put_le32(mem_at(b, INDEX_VA) + i * size, order[i] + (size == 4 ? 100u : 0));
    }
    b->draw.indexed = true;
    b->draw.index_bytes = (uint8_t)size;
    b->draw.index_va = INDEX_VA;
    b->draw.index_size = size * (unsigned)ARRAY_LEN(order);
    b->draw.index_offset = size == 4 ? (uint32_t)-100 : 0;
    b->draw.index_max = 5; // the last triangle is clamped
    b->verts = ARRAY_LEN(order);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_indices_of_every_size_with_offset_and_clamp(void **state)
{
    struct pair *p = *state;
    for (unsigned size = 1; size <= 4; size *= 2) {
        on_both(p, indexed, size);
        assert_in_range(color_differs(p, 2), 0, 20);
        assert_true(pixel(p->b[1], 10, 10) != 0);
    }
}

static void points(struct bench *b, unsigned arg)
{
    static const float sizes[] = {1, 2, 3, 4, 7, 16};
    PROGRAMS(b, vs_point, ps_color);
    gmem_clear(b, 0x01010101, 0);
    b->state.vs_export_mode = 2;
    b->vs_alu[0][0] = 1;
    b->vs_alu[0][2] = 1;
    b->vs_alu[0][3] = sizes[arg];
    vertex(b, 30.5f, 20.5f, 0, 0, 0, 0, 0);
    vertex(b, 4.5f, 60.5f, 0, 0, 0, 0, 0);
    bench_draw(b, GPU_PRIM_POINTS);
}

static void test_points_have_their_size(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 6; i++) {
        on_both(p, points, i);
        assert_in_range(color_differs(p, 0), 0, i == 1 || i == 3 || i == 5 ? 70 : 0);
    }
}

static void window(struct bench *b, unsigned arg)
{
    static const struct gpu_rect scissors[] = {
        {0, 0, SIZE, SIZE}, {7, 9, 30, 31}, {0, 0, 1, 64}, {63, 0, 64, 64}};
    gmem_clear(b, 0, 0);
    b->state.scissor = scissors[arg & 3];
    b->state.window_x = arg & 4 ? -20 : 0;
    b->state.window_y = arg & 8 ? -13 : 0;
    b->state.vp_scale[1] = arg & 16 ? -32 : 32;
    b->state.vte_cntl = arg & 32 ? 0x400 : 0x43f; // positions are pixels
    if (arg & 32) {
        b->vs_alu[1][0] = b->vs_alu[1][1] = 30;
        b->vs_alu[0][0] = b->vs_alu[0][1] = 33;
    }
    bench_box(b, 2, 5, 61, 62, 0, 1, 0.5f, 0.25f, 1);
    b->vs_alu[1][0] = b->vs_alu[1][1] = 1;
    b->vs_alu[0][0] = b->vs_alu[0][1] = 0;
}

static void test_scissor_viewport_and_window_offset(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 64; i++) {
        on_both(p, window, i);
        assert_in_range(color_differs(p, 2), 0, i & 32 ? 4 : 0);
    }
}

// ---- per pixel ----------------------------------------------------------------------------------

static void depth_test(struct bench *b, unsigned func)
{
    gmem_clear(b, 0, 0x80000055);
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = (uint8_t)func;
    vertex(b, 0, 0, 0, 1, 0, 0, 1);
    vertex(b, 64, 0, 1, 0, 1, 0, 1);
    vertex(b, 0, 64, 0.25f, 0, 0, 1, 1);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_depth_functions_and_stored_depth(void **state)
{
    struct pair *p = *state;
    for (unsigned f = 0; f < 8; f++) {
        on_both(p, depth_test, f);
        assert_in_range(color_differs(p, 2), 0, 80);
        assert_in_range(depth_differs(p, 4), 0, 80);
    }
}

static void stencil_test(struct bench *b, unsigned arg)
{
    gmem_clear(b, 0, 0xffffff03);
    b->state.stencil_enable = true;
    b->state.stencil_two_sided = arg & 64;
    b->state.z_enable = true;
    b->state.z_func = 1;
    for (unsigned i = 0; i < 2; i++) {
        b->state.stencil[i] = (struct gpu_stencil_face){
            .func = (uint8_t)(arg & 7),
            .fail = (uint8_t)(arg >> 3 & 7),
            .zpass = (uint8_t)(((arg >> 3) + i) & 7),
            .zfail = 5,
            .ref = 3,
            .mask = 0x7f,
            .write_mask = 0x3f,
        };
    }
    bench_box(b, 4, 4, 40, 40, 0.5f, 1, 0, 0, 1);
    vertex(b, 60, 30, 0.5f, 0, 1, 0, 1); // the other winding
    vertex(b, 30, 30, 0.5f, 0, 1, 0, 1);
    vertex(b, 30, 60, 0.5f, 0, 1, 0, 1);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_stencil_functions_operations_and_faces(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 128; i++) {
        on_both(p, stencil_test, i);
        assert_in_range(color_differs(p, 2), 0, 30);
        assert_in_range(depth_differs(p, 1), 0, 30);
    }
}

static void blending(struct bench *b, unsigned arg)
{
    static const uint8_t factors[] = {0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    gmem_clear(b, 0xc0804020, 0);
    b->state.color.swap = arg & 1;
    b->state.blend = true;
    b->state.blend_src = factors[(arg >> 1) % 15];
    b->state.blend_dst = factors[(arg >> 1) / 15 % 15];
    b->state.blend_src_a = factors[(arg * 7) % 15];
    b->state.blend_dst_a = factors[(arg * 11) % 15];
    b->state.blend_op = arg % 5;
    b->state.blend_op_a = arg % 3;
    b->state.blend_color[0] = 0.3f;
    b->state.blend_color[1] = 0.6f;
    b->state.blend_color[2] = 0.8f;
    b->state.blend_color[3] = 0.4f;
    b->state.color_mask = arg % 17 == 3 ? 5 : 15;
    bench_box(b, 0, 0, 32, 64, 0, 0.9f, 0.2f, 0.5f, 0.7f);
}

static void test_blend_factors_operations_swap_and_mask(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 450; i += 3) {
        on_both(p, blending, i);
        assert_int_equal(color_differs(p, 2), 0);
    }
}

static void alpha_and_rop(struct bench *b, unsigned arg)
{
    gmem_clear(b, 0xc0a05030, 0);
    b->state.alpha_test = arg < 8;
    b->state.alpha_func = (uint8_t)(arg & 7);
    b->state.alpha_ref = 0.5f;
    b->state.rop = arg < 8 ? 12 : (uint8_t)(arg - 8);
    bench_box(b, 0, 0, 20, 64, 0, 0.9f, 0.2f, 0.5f, 0.25f);
    bench_box(b, 20, 0, 40, 64, 0, 0.9f, 0.2f, 0.5f, 0.5f);
    bench_box(b, 40, 0, 60, 64, 0, 0.9f, 0.2f, 0.5f, 0.75f);
}

static void test_alpha_test_and_logic_operations(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 24; i++) {
        on_both(p, alpha_and_rop, i);
        assert_int_equal(color_differs(p, i < 8 ? 2 : 0), 0);
    }
}

static void formats(struct bench *b, unsigned arg)
{
    gmem_clear(b, 0, 0);
    b->state.color.format = (uint8_t)(arg & 15);
    b->state.color.swap = (uint8_t)(arg >> 4);
    vertex(b, 0, 0, 0, 1, 0, 0.25f, 1);
    vertex(b, 64, 0, 0, 0, 1, 0.5f, 0.25f);
    vertex(b, 0, 64, 0, 0.125f, 0.0625f, 1, 0.5f);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_colour_formats_store_the_same_values(void **state)
{
    struct pair *p = *state;
    static uint8_t m[2][SIZE * SIZE * 16];
    for (unsigned arg = 0; arg < 32; arg++) {
        unsigned format = arg & 15, swap = arg >> 4, bpp = color_format_bytes(format), bad = 0;
        if (!bpp || format == COLORX_S8_8_8_8) {
            continue;
        }
        on_both(p, formats, arg);
        for (unsigned i = 0; i < 2; i++) {
            p->b[i]->be->ops->gmem_read(p->b[i]->ctx, 0, m[i], SIZE * SIZE * bpp);
        }
        for (unsigned i = 0; i < SIZE * SIZE; i++) {
            float v[2][4];
            bool off = false;
            color_unpack(format, swap, m[0] + i * bpp, v[0]);
            color_unpack(format, swap, m[1] + i * bpp, v[1]);
            for (unsigned c = 0; c < 4; c++) {
                const struct format_info *info = color_format_info(format);
                unsigned bits = info->kind == FORMAT_BITS ? info->bits[c] : 8;
                float step = bits ? 1.0f / (float)((1u << (bits > 8 ? 8 : bits)) - 1) : 1;
                off |= fabsf(v[0][c] - v[1][c]) > (bits < 8 ? step : 2 * step) + 1e-6f;
            }
            bad += off;
        }
        if (bad > 70) {
            fail_msg("format %u swap %u: %u pixels differ", format, swap, bad);
        }
    }
}

// ---- textures -----------------------------------------------------------------------------------

// Texture 0: 2D, n x n, 8_8_8_8, linear layout with a pitch of 32.
static void make_texture(struct bench *b, unsigned n, unsigned filter, unsigned clamp)
{
    for (unsigned y = 0; y < n; y++) {
        for (unsigned x = 0; x < n; x++) {
            put_le32(mem_at(b, TEX_VA) + (y * 32 + x) * 4,
                     0xff000000u | (x * 255 / n) | (y * 255 / n) << 8 | (x ^ y) % 2 * 255u << 16);
        }
    }
    b->fetch[0] = 1u << 22 | clamp << 10 | clamp << 13 | clamp << 16;
    b->fetch[1] = TEX_VA | FMT_8_8_8_8;
    b->fetch[2] = (n - 1) | (n - 1) << 13;
    b->fetch[3] = 0 << 1 | 1 << 4 | 2 << 7 | 3 << 10 | filter << 19 | filter << 21 | 2 << 23;
    b->fetch[4] = 0;
    b->fetch[5] = 1 << 9;
}

static void textured(struct bench *b, unsigned arg)
{
    PROGRAMS(b, vs_color, ps_texture);
    gmem_clear(b, 0, 0);
    make_texture(b, 16, arg & 1, arg >> 1 & 3);
    vertex(b, 0, 0, 0, -0.5f, -0.5f, 0, 0);
    vertex(b, 64, 0, 0, 2.01f, -0.5f, 0, 0);
    vertex(b, 0, 64, 0, -0.5f, 2.01f, 0, 0);
    bench_draw(b, GPU_PRIM_TRIANGLES);
    vertex(b, 64, 64, 0, 1, 1, 0, 0);
    vertex(b, 64, 0, 0, 1, 0, 0, 0);
    vertex(b, 0, 64, 0, 0, 1, 0, 0);
    bench_draw(b, GPU_PRIM_TRIANGLES);
}

static void test_textures_filter_and_wrap(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 8; i++) {
        on_both(p, textured, i);
        assert_in_range(color_differs(p, 4), 0, 140);
    }
}

static void changed_texture(struct bench *b, unsigned arg)
{
    textured(b, 2);
    put_le32(mem_at(b, TEX_VA) + (8 * 32 + 8) * 4, 0xff00ff00);
    b->be->ops->invalidate(b->ctx);
    vertex(b, 0, 0, 0, 0, 0, 0, 0);
    vertex(b, 64, 0, 0, 1, 0, 0, 0);
    vertex(b, 0, 64, 0, 0, 1, 0, 0);
    bench_draw(b, GPU_PRIM_TRIANGLES);
    (void)arg;
}

static void test_a_texture_the_guest_changed_is_read_again(void **state)
{
    struct pair *p = *state;
    on_both(p, changed_texture, 0);
    assert_in_range(color_differs(p, 4), 0, 140);
}

// Magnified and minified by filters that differ, with anisotropy and a level-of-detail bias, without
// mips: llvmpipe (Mesa 22.3) can not compile such a sampler, and ended the process trying.
static void differing_filters(struct bench *b, unsigned arg)
{
    static const uint32_t size[4] = {15, 15 | 15 << 13, 15 | 15 << 11 | 5 << 22, 15 | 15 << 13};
    const unsigned dimension = arg & 3, mag = arg >> 2 & 1;
    uint32_t biased[ARRAY_LEN(ps_texture)];

    memcpy(biased, ps_texture, sizeof biased);
    biased[8] |= 8 << 2; // by half a level
    PROGRAMS(b, vs_color, biased);
    gmem_clear(b, 0, 0);
    make_texture(b, 16, 0, TEX_CLAMP_LAST_TEXEL);
    b->fetch[2] = size[dimension];
    b->fetch[3] |= mag << 19 | !mag << 21 | 5u << 25; // 16:1
    b->fetch[5] = dimension << 9;
    vertex(b, 0, 0, 0, 1, 1, 0, 0);
    vertex(b, 64, 0, 0, 2, 1, 0, 0);
    vertex(b, 0, 64, 0, 1, 2, 0, 0);
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
    assert_true(pixel(b, 8, 8) >> 24 == 0xff); // it was drawn, with the texture
}

static void test_filters_that_differ_may_be_anisotropic(void **state)
{
    struct pair *p = *state;
    for (unsigned i = 0; i < 8; i++) {
        on_both(p, differing_filters, i);
        assert_in_range(color_differs(p, 4), 0, (i & 3) == 1 ? 140 : SIZE * SIZE);
    }
}

// ---- resolves -----------------------------------------------------------------------------------

static void resolve(struct bench *b, unsigned arg)
{
    gmem_clear(b, 0xff102030, 0);
    memset(mem_at(b, DST_VA), 0x5a, 0x40000);
    vertex(b, 3, 4, 0, 1, 0.5f, 0, 1);
    vertex(b, 62, 20, 0, 1, 0.5f, 0, 1);
    vertex(b, 20, 61, 0, 1, 0.5f, 0, 1);
    bench_draw(b, GPU_PRIM_TRIANGLES);
    struct gpu_resolve res = {
        .src = b->state.color,
        .rect = {2, 1, 63, 64},
        .dst_va = DST_VA,
        .dst_pitch = 96,
        .dst_x = arg & 1 ? 17 : 0,
        .dst_y = arg & 2 ? 5 : 0,
        .dst_format = arg & 4 ? COLORX_5_6_5 : COLORX_8_8_8_8,
        .dst_swap = arg >> 3 & 1,
        .dst_linear = !(arg & 16),
        .write_mask = arg & 32 ? 0xa : 0xf,
    };
    assert_int_equal(b->be->ops->resolve(b->ctx, &res), GPU_OK);
    b->be->ops->flush(b->ctx);
}

static void test_resolves_convert_place_and_mask(void **state)
{
    struct pair *p = *state;
    for (unsigned arg = 0; arg < 64; arg++) {
        on_both(p, resolve, arg);
        const uint8_t *m[2] = {mem_at(p->b[0], DST_VA), mem_at(p->b[1], DST_VA)};
        unsigned differing = 0;
        for (unsigned i = 0; i < 0x40000; i += 4) {
            differing += channel_delta(get_le32(m[0] + i), get_le32(m[1] + i)) > 2;
        }
        assert_in_range(differing, 0, 20);
    }
}

static void to_memory(struct bench *b, unsigned arg)
{
    memset(mem_at(b, DST_VA), 0x33, 0x40000);
    b->state.color = (struct gpu_color_target){.in_gmem = false,
                                               .base = DST_VA,
                                               .pitch = 64,
                                               .format = COLORX_8_8_8_8,
                                               .swap = 1,
                                               .linear = !arg,
                                               .samples = 1};
    bench_box(b, 3, 4, 40, 41, 0, 1, 0.5f, 0.25f, 1);
    b->state.scissor = (struct gpu_rect){30, 30, 50, 50};
    bench_box(b, 3, 4, 64, 64, 0, 0, 0.5f, 0.25f, 1);
}

static void test_targets_in_guest_memory(void **state)
{
    struct pair *p = *state;
    for (unsigned arg = 0; arg < 2; arg++) {
        on_both(p, to_memory, arg);
        const uint8_t *m[2] = {mem_at(p->b[0], DST_VA), mem_at(p->b[1], DST_VA)};
        for (unsigned i = 0; i < 0x40000; i += 4) {
            assert_in_range(channel_delta(get_le32(m[0] + i), get_le32(m[1] + i)), 0, 1);
        }
    }
}

// ---- bad input ----------------------------------------------------------------------------------

static void test_hostile_draws_end_without_harm(void **state)
{
    struct bench *b = ((struct pair *)*state)->b[1];
    const struct gpu_state good = b->state;
    const struct gpu_draw draw = b->draw;
    for (unsigned i = 0; i < 300; i++) {
        srand(i);
        uint8_t *s = (uint8_t *)&b->state;
        b->state = good;
        b->draw = draw;
        for (unsigned k = 0; k < 6; k++) { // any field but the pointer
            s[(unsigned)rand() % offsetof(struct gpu_state, regs)] = (uint8_t)rand();
        }
        b->state.color.in_gmem = good.color.in_gmem; // booleans stay booleans
        for (unsigned k = 0; k < 192; k++) {
            b->fetch[k] = i & 1 ? (uint32_t)rand() * 7u : b->fetch[k];
        }
        b->draw.index_offset = (uint32_t)rand() * 3u;
        b->draw.count = (uint32_t)rand() % 5000;
        b->draw.prim = (enum gpu_prim)((uint32_t)rand() % 8);
        b->draw.indexed = i & 2;
        b->draw.index_bytes = 1u << (uint32_t)rand() % 3;
        b->draw.index_va = (uint32_t)rand() * 5u;
        b->draw.index_size = (uint32_t)rand() % 100000;
#define BOOL(f) b->state.f = *(volatile uint8_t *)&b->state.f & 1
        BOOL(color.linear), BOOL(pixel_center_half), BOOL(cull_front), BOOL(cull_back);
        BOOL(front_cw), BOOL(offset_front), BOOL(offset_back), BOOL(offset_para);
        BOOL(provoking_last), BOOL(face_kill), BOOL(z_enable), BOOL(z_write), BOOL(stencil_enable);
        BOOL(stencil_two_sided), BOOL(early_z), BOOL(alpha_test), BOOL(blend), BOOL(param_gen);
        BOOL(gen_index_vtx);
        b->be->ops->draw(b->ctx, &b->draw);
        struct gpu_resolve res = {
            .src = b->state.color,
            .rect = {rand() % 400 - 100, rand() % 400 - 100, rand() % 400, rand() % 400},
            .dst_va = (uint32_t)rand() * 5u,
            .dst_pitch = (uint32_t)rand() % 600,
            .dst_x = rand() % 9000,
            .dst_y = rand() % 9000,
            .dst_format = rand() % 16,
            .dst_swap = rand() % 4,
            .dst_endian = rand() % 4,
            .dst_linear = rand() % 2,
            .write_mask = rand() % 16,
            .sample_select = rand() % 8,
            .depth = rand() % 2,
        };
        struct gpu_fill fill = {(uint32_t)rand(), (uint32_t)rand(), (uint32_t)rand()};
        if (i % 3 == 0) {
            b->be->ops->resolve(b->ctx, &res);
            b->be->ops->fill(b->ctx, &fill);
        }
        if (i % 7 == 0) {
            b->be->ops->flush(b->ctx);
        }
    }
    b->be->ops->flush(b->ctx);
    b->state = good;
    b->draw = draw;
    b->fetch[120] = VB_POS | 3;
    b->fetch[121] = b->fetch[123] = 0x10000;
    b->fetch[122] = VB_COLOR | 3;
    gmem_clear(b, 0, 0);
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 0, 0, 1), GPU_OK);
    assert_int_equal(pixel(b, 32, 32), 0xff0000ff);
}

static void test_an_endless_shader_ends(void **state)
{
    struct bench *b = ((struct pair *)*state)->b[1];
    PROGRAMS(b, vs_color, ps_endless);
    enum gpu_result r = bench_box(b, 0, 0, 64, 64, 0, 1, 0, 0, 1);
    assert_true(r == GPU_OK || r == GPU_TIMEOUT || r == GPU_BAD_SHADER);
    PROGRAMS(b, vs_color, ps_color); // and the engine is still there
    gmem_clear(b, 0, 0);
    assert_int_equal(bench_box(b, 0, 0, 64, 64, 0, 1, 0, 0, 1), GPU_OK);
    assert_int_equal(pixel(b, 32, 32), 0xff0000ff);
}

// A loop as the driver makes them: a skip past its end, a jump back to its start. R3.x counts C3.x
// down, R4 sums up R0 times C4.
#define COUNT_DOWN(top, out)                                                                       \
    "EXEC\n ALU: MAXv R3 = C3, C3\n ALU: ADDv R4 = R0, -R0\n"                                      \
    "EXEC\n ALU: MAXv R0.____ = R0, R0\n PRED_SETGTs R8.x___ = R3.xxxx\n"                          \
    "COND_JMP ADDR(" out ") DIR(1) COND(0)\n"                                                      \
    "EXEC\n ALU: MULADDv R4 = R4, R0, C4\n ALU: ADDv R3.x___ = R3, -C5\n"                          \
    "COND_JMP ADDR(" top ") DIR(0) FORCE_CALL\n"
static const char loop_vs[] =
    "EXEC\n(S)FETCH: VERTEX R1.xyz_ = R0.x FMT_32_32_32_FLOAT UNSIGNED STRIDE(12) CONST(20, 0)\n"
    "FETCH: VERTEX R0.xyzw = R0.x FMT_32_32_32_32_FLOAT UNSIGNED STRIDE(16) CONST(20, 1)\n"
    "EXEC\n(S)ALU: MULv R1.xyz_ = R1, C1.xxxw\nMAXs R1.___w = C2.xxxx\n"
    COUNT_DOWN("0x3", "0x7") "ALLOC POSITION SIZE(0x0)\nEXEC\nALU: ADDv export62 = R1, C0\n"
                             "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n"
                             "ALU: MAXv export0 = R4, R4\n";
static const char loop_ps[] = COUNT_DOWN("0x1", "0x5") "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n"
                                                       "ALU: MAXv export0 = R4, R4\n";

// arg: bit 0 the vertex program loops, bit 1 the pixel program, bit 2 indexed
static void loops(struct bench *b, unsigned arg)
{
    struct err err = {0};
    uint32_t *v = NULL, *f = NULL;
    size_t vn = 0, fn = 0;
    if (shader_assemble(loop_vs, SHADER_VERTEX, &v, &vn, &err) ||
        shader_assemble(loop_ps, SHADER_PIXEL, &f, &fn, &err)) {
        fail_msg("%s", err.msg);
    }
    bench_programs(b, arg & 1 ? v : vs_color, arg & 1 ? vn : ARRAY_LEN(vs_color),
                   arg & 2 ? f : ps_color, arg & 2 ? fn : ARRAY_LEN(ps_color));
    free(v);
    free(f);
    for (unsigned i = 0; i < 4; i++) {
        b->vs_alu[3][i] = b->ps_alu[3][i] = 3;
        b->vs_alu[4][i] = b->ps_alu[4][i] = 0.25f;
        b->vs_alu[5][i] = b->ps_alu[5][i] = 1;
    }
    gmem_clear(b, 0, 0);
    for (unsigned i = 0; i < 700; i++) { // more than one piece
        float x = (float)(i % 28) * 2, y = (float)(i / 28) * 2, c = (float)(i % 7) / 8;
        vertex(b, x, y, 0, c, 0.5f, 1, 1);
        vertex(b, x + 2, y, 0, c, 0.5f, 1, 1);
        vertex(b, x, y + 2, 0, c, 1, 0.5f, 1);
    }
    if (arg & 4) {
        for (unsigned i = 0; i < b->verts; i++) {
            put_le16(mem_at(b, INDEX_VA) + 2 * i, (uint16_t)(b->verts - 1 - i));
        }
        b->draw.indexed = true;
        b->draw.index_bytes = 2;
        b->draw.index_va = INDEX_VA;
        b->draw.index_size = 2 * b->verts;
    }
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
}

static void test_loops_of_both_programs_agree(void **state)
{
    struct pair *p = *state;
    for (unsigned arg = 1; arg < 8; arg++) {
        on_both(p, loops, arg);
        assert_true(color_covered(p->b[0]) > 600);
        assert_true(color_differs(p, 1) == 0);
    }
}

// Four loops of 255 around each other: 4 billion iterations if nobody counts them.
static void test_nested_loops_run_out_of_budget(void **state)
{
    struct bench *b = ((struct pair *)*state)->b[1];
    // CF: 4 x loop, exec, 4 x endloop, alloc, exec_end; hand-assembled, two 48-bit words a slot
    uint64_t cf[12] = {0};
    uint32_t dw[3 * 8] = {0};
    for (unsigned i = 0; i < 4; i++) {
        cf[i] =
            7ull << 44 | (uint64_t)i << 16 | (9 - i); // loop i, past its end when the count is 0
        cf[5 + i] = 8ull << 44 | (uint64_t)(3 - i) << 16 | (4 - i); // endloop, back behind loop
    }
    cf[4] = 1ull << 44 | 1ull << 12 | 6;  // exec slot 6
    cf[9] = 12ull << 44 | 2ull << 41;     // alloc colours
    cf[10] = 2ull << 44 | 1ull << 12 | 7; // exec_end slot 7
    for (unsigned i = 0; i < 12; i += 2) {
        dw[i / 2 * 3] = (uint32_t)cf[i];
        dw[i / 2 * 3 + 1] = (uint32_t)(cf[i] >> 32 & 0xffff) | (uint32_t)cf[i + 1] << 16;
        dw[i / 2 * 3 + 2] = (uint32_t)(cf[i + 1] >> 16);
    }
    const uint32_t add[3] = {0x000f0001, 0x00000000, 0xc0010000}; // r1 = r1 + r0
    const uint32_t out[3] = {0x000f8000, 0x00000000, 0xc2010100}; // color 0 = max(r1, r1)
    memcpy(dw + 18, add, sizeof add);
    memcpy(dw + 21, out, sizeof out);
    for (unsigned i = 0; i < 32; i++) {
        b->loops[i] = 255;
    }
    bench_programs(b, vs_color, ARRAY_LEN(vs_color), dw, ARRAY_LEN(dw));
    assert_non_null(b->ps);
    bench_box(b, 0, 0, 64, 64, 0, 0.1f, 0, 0, 1);
    assert_int_equal(b->be->ops->flush(b->ctx), GPU_OK);
}

int main(void)
{
    struct err err = {0};
    struct backend_config bc = {0};
    struct gpu_backend *be = backend_create("gl", &bc, &err);
    if (!be) {
        printf("SKIP test_gl: %s\n", err.msg);
        return getenv("CI") ? 1 : 0;
    }
    backend_destroy(be);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_gmem_bytes_come_back_as_written),
        T(test_every_byte_survives_a_visit_to_gl),
        T(test_fills_hit_exactly_their_bytes),
        T(test_depth_written_as_colour_is_depth),
        T(test_a_smooth_triangle_agrees),
        T(test_strips_fans_and_rects_agree),
        T(test_indices_of_every_size_with_offset_and_clamp),
        T(test_points_have_their_size),
        T(test_scissor_viewport_and_window_offset),
        T(test_depth_functions_and_stored_depth),
        T(test_stencil_functions_operations_and_faces),
        T(test_blend_factors_operations_swap_and_mask),
        T(test_alpha_test_and_logic_operations),
        T(test_colour_formats_store_the_same_values),
        T(test_textures_filter_and_wrap),
        T(test_a_texture_the_guest_changed_is_read_again),
        T(test_filters_that_differ_may_be_anisotropic),
        T(test_resolves_convert_place_and_mask),
        T(test_targets_in_guest_memory),
        T(test_hostile_draws_end_without_harm),
        T(test_an_endless_shader_ends),
        T(test_loops_of_both_programs_agree),
        T(test_nested_loops_run_out_of_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
