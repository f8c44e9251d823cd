// SPDX-License-Identifier: MIT
//
// Texture fetches of the software rasteriser, pixel by pixel against rules written out here in
// double precision: wrapping, filtering, levels of detail, cubes, volumes, layers, formats.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/host-backends/draws.h"

// A fetch constant in the making; fields as the register database names them.
struct tex {
    uint32_t clamp_x, clamp_y, clamp_z, pitch, tiled, format, stacked, base, width, height, depth;
    uint32_t integer, mag, min, mip, vol, min_level, max_level, dimension, mips, border;
    int32_t bias; // in 1/32
    uint32_t swizzle[4];
};

static void tex_put(struct bench *b, const struct tex *t)
{
    uint32_t *dw = b->fetch;
    dw[0] = t->clamp_x << 10 | t->clamp_y << 13 | t->clamp_z << 16 | t->pitch / 32 << 22 |
            t->tiled << 31;
    dw[1] = t->format | t->stacked << 10 | t->base;
    if (t->dimension == TEX_1D) {
        dw[2] = t->width - 1;
    } else if (t->dimension == TEX_3D) {
        dw[2] = (t->width - 1) | (t->height - 1) << 11 | (t->depth - 1) << 22;
    } else {
        dw[2] = (t->width - 1) | (t->height - 1) << 13 | (t->stacked ? t->depth - 1 : 0) << 26;
    }
    dw[3] = t->integer | t->swizzle[0] << 1 | t->swizzle[1] << 4 | t->swizzle[2] << 7 |
            t->swizzle[3] << 10 | t->mag << 19 | t->min << 21 | t->mip << 23;
    dw[4] = t->vol | t->vol << 1 | t->min_level << 2 | t->max_level << 6 |
            ((uint32_t)t->bias & 0x3ff) << 12;
    dw[5] = t->border | t->dimension << 9 | t->mips;
}

static struct tex tex_default(void)
{
    return (struct tex){.clamp_x = TEX_CLAMP_LAST_TEXEL,
                        .clamp_y = TEX_CLAMP_LAST_TEXEL,
                        .pitch = 32,
                        .format = FMT_8_8_8_8,
                        .base = TEX_VA,
                        .width = 8,
                        .height = 8,
                        .depth = 1,
                        .mip = TEX_BASEMAP,
                        .dimension = TEX_2D,
                        .swizzle = {0, 1, 2, 3}};
}

static int setup(void **state)
{
    struct bench *b = bench_new("soft");
    *state = b;
    if (!b) {
        return -1;
    }
    PROGRAMS(b, vs_color, ps_texture);
    b->state.color.format = COLORX_32_32_32_32_FLOAT;
    for (unsigned i = 0; i < 0x40000; i++) { // anything but a pattern
        b->mem.bytes[TEX_VA - MEM_BASE + i] = (uint8_t)((i * 0x9e3779b1u) >> 24);
    }
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

// Draws the target with coordinates that run from a at the top left to b at the bottom right
// corner.
static void fetch_all(struct bench *b, const float at[3], const float to[3])
{
    for (unsigned i = 0; i < 6; i++) {
        unsigned right = i == 1 || i == 2 || i == 4, low = i == 2 || i == 4 || i == 5;
        vertex(b, right ? 64 : 0, low ? 64 : 0, 0, right ? to[0] : at[0], low ? to[1] : at[1],
               at[2], 1);
    }
    assert_int_equal(bench_draw(b, GPU_PRIM_TRIANGLES), GPU_OK);
}

static void result(struct bench *b, unsigned x, unsigned y, float out[4])
{
    b->be->ops->gmem_read(b->ctx, (y * SIZE + x) * 16, out, 16);
}

static double texel8(struct bench *b, const struct tex *t, int x, int y, unsigned c)
{
    if (x < 0 || y < 0) {
        return t->border == 1;
    }
    return *(mem_at(b, t->base) + 4 * ((unsigned)y * t->pitch + (unsigned)x) + c) / 255.0;
}

// The eight wrap modes, written as plain as possible. -1 is the border.
static int wrap(unsigned mode, int i, int n)
{
    int m = ((i % (2 * n)) + 2 * n) % (2 * n);
    switch (mode) {
    case TEX_WRAP:
        return m % n;
    case TEX_MIRROR:
        return m < n ? m : 2 * n - 1 - m;
    case TEX_CLAMP_LAST_TEXEL:
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    case TEX_MIRROR_ONCE_LAST_TEXEL:
        i = i < 0 ? -1 - i : i;
        return i >= n ? n - 1 : i;
    case TEX_MIRROR_ONCE_HALF_BORDER:
    case TEX_MIRROR_ONCE_BORDER:
        i = i < 0 ? -1 - i : i;
        return i >= n ? -1 : i;
    default:
        return i < 0 || i >= n ? -1 : i;
    }
}

static void test_point_sampling_wraps_in_every_mode(void **state)
{
    struct bench *b = *state;
    for (unsigned mode = 0; mode < 8; mode++) {
        struct tex t = tex_default();
        t.clamp_x = mode;
        t.width = 7; // no power of two
        t.border = 1;
        tex_put(b, &t);
        // 64 pixels over 5.3 repeats, never on a texel's border
        const float at[3] = {-2.1f, 0.25f, 0}, to[3] = {3.2f, 0.25f, 0};
        fetch_all(b, at, to);
        for (unsigned x = 0; x < SIZE; x++) {
            double u = (-2.1 + 5.3 * (x + 0.5) / 64) * 7;
            bool half = mode == TEX_CLAMP_HALF_BORDER || mode == TEX_MIRROR_ONCE_HALF_BORDER;
            // point sampling never reaches the border of the half border modes
            int i = wrap(mode == TEX_CLAMP_HALF_BORDER         ? TEX_CLAMP_LAST_TEXEL
                         : mode == TEX_MIRROR_ONCE_HALF_BORDER ? TEX_MIRROR_ONCE_LAST_TEXEL
                                                               : mode,
                         (int)floor(u), 7);
            float got[4];
            result(b, x, 3, got);
            assert_true(!half || i >= 0);
            for (unsigned c = 0; c < 4; c++) {
                assert_true(fabs(got[c] - texel8(b, &t, i, 2, c)) < 1e-6);
            }
        }
    }
}

static void test_linear_filter_weighs_four_texels(void **state)
{
    struct bench *b = *state;
    for (unsigned mode = 0; mode < 8; mode++) {
        struct tex t = tex_default();
        t.clamp_x = t.clamp_y = mode;
        t.mag = t.min = TEX_BILINEAR;
        t.width = 12;
        t.border = 1;
        tex_put(b, &t);
        const float at[3] = {-1.3f, -1.4f, 0}, to[3] = {2.7f, 2.1f, 0};
        fetch_all(b, at, to);
        for (unsigned y = 0; y < SIZE; y++) {
            for (unsigned x = 0; x < SIZE; x++) {
                double u = (-1.3 + 4.0 * (x + 0.5) / 64) * 12,
                       v = (-1.4 + 3.5 * (y + 0.5) / 64) * 8;
                if (mode == TEX_CLAMP_HALF_BORDER) {
                    u = fmin(fmax(u, 0), 12);
                    v = fmin(fmax(v, 0), 8);
                } else if (mode == TEX_MIRROR_ONCE_HALF_BORDER) {
                    u = fmin(fmax(u, -12), 12);
                    v = fmin(fmax(v, -8), 8);
                }
                int i = (int)floor(u - 0.5), j = (int)floor(v - 0.5);
                double fu = u - 0.5 - i, fv = v - 0.5 - j;
                float got[4];
                result(b, x, y, got);
                for (unsigned c = 0; c < 4; c++) {
                    double want = 0;
                    for (unsigned k = 0; k < 4; k++) {
                        int tx = wrap(mode, i + (int)(k & 1), 12),
                            ty = wrap(mode, j + (int)(k >> 1), 8);
                        want += (k & 1 ? fu : 1 - fu) * (k >> 1 ? fv : 1 - fv) *
                                texel8(b, &t, tx, ty, c);
                    }
                    assert_true(fabs(got[c] - want) < 2e-5);
                }
            }
        }
    }
}

static void test_swizzle_gives_zeros_and_ones(void **state)
{
    struct bench *b = *state;
    struct tex t = tex_default();
    const float at[3] = {0.1f, 0.1f, 0};
    const uint32_t swizzles[3][4] = {{2, 1, 0, 5}, {4, 5, 3, 3}, {3, 2, 1, 0}};
    for (unsigned s = 0; s < 3; s++) {
        memcpy(t.swizzle, swizzles[s], sizeof(t.swizzle));
        tex_put(b, &t);
        fetch_all(b, at, at);
        float got[4];
        result(b, 9, 9, got);
        for (unsigned c = 0; c < 4; c++) {
            uint32_t k = swizzles[s][c];
            double want = k == 4 ? 0 : k == 5 ? 1 : texel8(b, &t, 0, 0, k);
            assert_true(fabs(got[c] - want) < 1e-6);
        }
    }
}

// Level l of a 64x64 mip tree is filled with the value l / 16.
static void mip_tree(struct bench *b, struct tex *t)
{
    struct texture lay;
    t->format = FMT_32_FLOAT;
    t->width = t->height = t->pitch = 64;
    t->mips = TEX_VA + 0x8000;
    t->max_level = 6;
    t->swizzle[1] = t->swizzle[2] = t->swizzle[3] = 0;
    tex_put(b, t);
    texture_layout(b->fetch, &lay);
    for (unsigned l = 0; l <= 6; l++) {
        assert_true(lay.level[l].va + lay.level[l].bytes <= DST_VA);
        for (uint32_t i = 0; i < lay.level[l].bytes / 4; i++) {
            float v = (float)l / 16;
            memcpy(mem_at(b, lay.level[l].va) + 4 * i, &v, 4);
        }
    }
}

static void test_level_of_detail_follows_scale_and_bias(void **state)
{
    struct bench *b = *state;
    for (int bias = -64; bias <= 64; bias += 16) {
        for (unsigned mip = 0; mip < 2; mip++) {
            for (float scale = 0.25f; scale < 40; scale *= 1.3f) {
                struct tex t = tex_default();
                t.clamp_x = t.clamp_y = TEX_WRAP;
                t.mip = mip;
                t.bias = bias;
                mip_tree(b, &t);
                const float at[3] = {0, 0, 0}, to[3] = {scale, scale / 2, 0};
                fetch_all(b, at, to); // scale texels a pixel along x, half along y
                double lod = fmin(fmax(log2(scale) + bias / 32.0, 0), 6);
                double want = (mip ? lod : ceil(lod + 0.5) - 1) / 16;
                float got[4];
                result(b, 20, 30, got);
                bool tie = !mip && fabs(lod - floor(lod) - 0.5) < 1e-3;
                assert_true(tie || fabs(got[0] - want) < 1e-4);
            }
        }
    }
}

static void test_level_limits_hold(void **state)
{
    struct bench *b = *state;
    struct tex t = tex_default();
    t.clamp_x = t.clamp_y = TEX_WRAP;
    t.mip = TEX_POINT;
    mip_tree(b, &t);
    t.min_level = 2;
    t.max_level = 4;
    tex_put(b, &t);
    const float at[3] = {0, 0, 0}, near_[3] = {0.5f, 0.5f, 0}, far_[3] = {64, 64, 0};
    float got[4];
    fetch_all(b, at, near_);
    result(b, 5, 5, got);
    assert_true(got[0] == 2.0f / 16);
    fetch_all(b, at, far_);
    result(b, 5, 5, got);
    assert_true(got[0] == 4.0f / 16);
}

// Without a mip filter the base map is the first level that may be sampled, near and far.
static void test_base_map_is_the_first_level(void **state)
{
    struct bench *b = *state;
    struct tex t = tex_default();
    t.clamp_x = t.clamp_y = TEX_WRAP;
    t.mip = TEX_BASEMAP;
    mip_tree(b, &t);
    t.min_level = 2;
    t.max_level = 4;
    tex_put(b, &t);
    const float at[3] = {0, 0, 0}, near_[3] = {0.5f, 0.5f, 0}, far_[3] = {64, 64, 0};
    float got[4];
    fetch_all(b, at, near_);
    result(b, 5, 5, got);
    assert_true(got[0] == 2.0f / 16);
    fetch_all(b, at, far_);
    result(b, 5, 5, got);
    assert_true(got[0] == 2.0f / 16);
}

static void test_cube_faces_by_number(void **state)
{
    struct bench *b = *state;
    struct tex t = tex_default();
    struct texture lay;
    t.dimension = TEX_CUBE;
    tex_put(b, &t);
    texture_layout(b->fetch, &lay);
    for (unsigned face = 0; face < 6; face++) {
        memset(mem_at(b, lay.level[0].va + face * lay.level[0].slice_bytes), (int)(10 * face + 5),
               lay.level[0].slice_bytes);
    }
    for (unsigned face = 0; face < 6; face++) {
        const float at[3] = {1, 1, (float)face}, to[3] = {2, 2, (float)face};
        fetch_all(b, at, to);
        for (unsigned x = 0; x < SIZE; x++) {
            float got[4];
            result(b, x, 63 - x, got);
            assert_true(fabs(got[2] - (10 * face + 5) / 255.0) < 1e-6);
        }
    }
}

static void test_volumes_and_layers(void **state)
{
    struct bench *b = *state;
    for (unsigned stacked = 0; stacked < 2; stacked++) {
        for (unsigned vol = 0; vol < 2; vol++) {
            struct tex t = tex_default();
            struct texture lay;
            t.dimension = stacked ? TEX_2D : TEX_3D;
            t.stacked = stacked;
            t.depth = 5;
            t.vol = vol;
            t.clamp_z = TEX_CLAMP_LAST_TEXEL;
            tex_put(b, &t);
            texture_layout(b->fetch, &lay);
            assert_int_equal(lay.slices, 5);
            for (unsigned z = 0; z < 5; z++) {
                memset(mem_at(b, lay.level[0].va + z * lay.level[0].slice_bytes), (int)(40 * z),
                       lay.level[0].slice_bytes);
            }
            for (float r = -0.1f; r < 1.1f; r += 0.07f) {
                const float at[3] = {0, 0, r}, to[3] = {1, 1, r};
                fetch_all(b, at, to);
                double w = r * 5, want = fmin(fmax(floor(w), 0), 4) * 40 / 255;
                if (vol) {
                    want = fmin(fmax(w - 0.5, 0), 4) * 40 / 255;
                }
                float got[4];
                result(b, 12, 12, got);
                assert_true(fabs(got[0] - want) < 1e-4);
            }
        }
    }
}

static void test_unnormalised_coordinates(void **state)
{
    struct bench *b = *state;
    uint32_t program[ARRAY_LEN(ps_texture)];
    memcpy(program, ps_texture, sizeof(program));
    program[6] |= 1u << 25; // denorm_coords
    PROGRAMS(b, vs_color, program);
    struct tex t = tex_default();
    t.width = t.height = 64;
    t.pitch = 64;
    tex_put(b, &t);
    const float at[3] = {0, 0, 0}, to[3] = {64, 64, 0};
    fetch_all(b, at, to);
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            float got[4];
            result(b, x, y, got);
            assert_true(fabs(got[1] - texel8(b, &t, (int)x, (int)y, 1)) < 1e-6);
        }
    }
}

static void fetch_opcode(struct bench *b, uint32_t opcode)
{
    uint32_t program[ARRAY_LEN(ps_texture)];
    memcpy(program, ps_texture, sizeof(program));
    program[6] = (program[6] & ~31u) | opcode;
    PROGRAMS(b, vs_color, program);
}

static void test_fetches_that_only_compute(void **state)
{
    struct bench *b = *state;
    struct tex t = tex_default();
    float got[4];
    t.width = t.height = 16;
    t.clamp_x = t.clamp_y = TEX_CLAMP_BORDER;
    t.mag = t.min = TEX_BILINEAR;
    tex_put(b, &t);
    const float at[3] = {-0.5f, 0.5f, 0}, to[3] = {1.5f, 1.5f, 0}; // half a texel, a quarter

    fetch_opcode(b, 17); // getCompTexLOD
    fetch_all(b, at, to);
    result(b, 30, 10, got);
    assert_true(fabs(got[0] - -1.0) < 1e-4);

    fetch_opcode(b, 18); // getGradients
    fetch_all(b, at, to);
    result(b, 30, 10, got);
    assert_true(fabs(got[0] - 1.0 / 32) < 1e-5 && fabs(got[1]) < 1e-6);
    assert_true(fabs(got[2]) < 1e-6 && fabs(got[3] - 1.0 / 64) < 1e-5);

    fetch_opcode(b, 19); // getWeights: of the two texels that each coordinate lies between
    fetch_all(b, at, to);
    result(b, 30, 10, got);
    double u = (-0.5 + 30.5 / 32) * 16 - 0.5, v = (0.5 + 10.5 / 64) * 16 - 0.5;
    assert_true(fabs(got[0] - (u - floor(u))) < 1e-4 && fabs(got[1] - (v - floor(v))) < 1e-4);

    fetch_opcode(b, 16); // getBCF: nothing inside, all outside, and half at the border
    fetch_all(b, at, to);
    result(b, 30, 10, got);
    assert_true(got[0] == 0);
    result(b, 2, 10, got);
    assert_true(got[0] == 1);
    const float edge[3] = {0, 0.5f, 0};
    fetch_all(b, edge, edge);
    result(b, 2, 10, got);
    assert_true(fabs(got[0] - 0.5) < 1e-6);
}

// The cache and its short cuts against gpu-model's plain texel reader, in every format and layout.
static void test_every_format_equals_the_plain_reader(void **state)
{
    struct bench *b = *state;
    unsigned rows = 0;
    for (unsigned format = 0; format < 64; format++) {
        if (!format_info(format)) {
            continue;
        }
        for (unsigned tiled = 0; tiled < 2; tiled++) {
            struct tex t = tex_default();
            struct texture lay;
            t.format = format;
            t.tiled = tiled;
            t.width = 61;
            t.height = 37;
            t.pitch = format_info(format)->block_w > 1 ? 128 : 64;
            tex_put(b, &t);
            texture_layout(b->fetch, &lay);
            if (format_info(format)->block_bytes == 3 || format_info(format)->block_bytes == 12) {
                t.tiled = 0;
            }
            const float at[3] = {0, 0, 0}, to[3] = {64.0f / 61, 64.0f / 37, 0};
            fetch_all(b, at, to); // one texel a pixel
            for (uint32_t y = 0; y < 37; y++) {
                for (uint32_t x = 0; x < 61; x++) {
                    float got[4], want[4];
                    result(b, x, y, got);
                    assert_true(texture_texel(&b->mem.mem, &lay, 0, 0, x, y, want));
                    texture_swizzle(&lay, want, want);
                    for (unsigned c = 0; c < 4; c++) {
                        bool nan = want[c] != want[c]; // passes through as some NaN
                        // the shader flushes denormals on the way
                        assert_true(nan || got[c] == want[c] || fabsf(want[c]) < 1.2e-38f);
                    }
                }
            }
            rows++;
        }
    }
    assert_true(rows > 100);
}

static void test_any_fetch_constant_is_survived(void **state)
{
    struct bench *b = *state;
    uint32_t seed = 99;
    for (unsigned n = 0; n < 300; n++) {
        for (unsigned i = 0; i < 6; i++) {
            seed = seed * 1664525 + 1013904223;
            b->fetch[i] = seed ^ seed >> 15;
        }
        if (n & 1) { // point at memory that exists
            b->fetch[1] = (b->fetch[1] & 0xfff) | TEX_VA;
            b->fetch[5] = (b->fetch[5] & 0xfff) | TEX_VA;
        }
        float c[2][3];
        for (unsigned i = 0; i < 6; i++) {
            seed = seed * 1664525 + 1013904223;
            c[i / 3][i % 3] = n & 2 ? f32_from_bits(seed ^ seed << 7) : (float)(seed >> 20) / 100;
        }
        fetch_all(b, c[0], c[1]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_point_sampling_wraps_in_every_mode),
        T(test_linear_filter_weighs_four_texels),
        T(test_swizzle_gives_zeros_and_ones),
        T(test_level_of_detail_follows_scale_and_bias),
        T(test_level_limits_hold),
        T(test_base_map_is_the_first_level),
        T(test_cube_faces_by_number),
        T(test_volumes_and_layers),
        T(test_unnormalised_coordinates),
        T(test_fetches_that_only_compute),
        T(test_every_format_equals_the_plain_reader),
        T(test_any_fetch_constant_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
