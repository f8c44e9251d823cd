// SPDX-License-Identifier: MIT
//
// Tiles drawn as one: a surface is rendered tile by tile through the ops, as a driver does it, on
// the software backend (which knows nothing of tiles beyond what each op says) and on gl (which
// records, compares and merges them). Memory and on-chip memory must come out the same, and the
// counters say whether the tiles were merged. What must not be merged is tried, too.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host-backends/gl/gl.h"
#include "tests/host-backends/draws.h"

#define W 150u // surface, in pixels; not a multiple of the tiles
#define H 100u
#define TW 64u
#define TH 48u
#define PITCH 160u
#define TILES 9u
#define SURFACE_A (MEM_BASE + 0x80000)
#define SURFACE_B (MEM_BASE + 0xa0000)
#define DEPTH_VA (MEM_BASE + 0xc0000)

struct scene {
    struct bench *b[2]; // soft, gl
    struct gpu_mem_ops ops;
    float ps_alu[72][4];
};

// Memory with generations: every write through the ops, and every poke of a test, counts.
static uint64_t generations;

static bool counted_write(struct gpu_mem *m, uint32_t va, const void *src, size_t n)
{
    generations++;
    return flat_write(m, va, src, n);
}

static uint64_t counted_generation(struct gpu_mem *m, uint32_t va, size_t n)
{
    (void)m, (void)va, (void)n;
    return generations;
}

static const struct gpu_mem_ops counted_ops = {flat_read, counted_write, flat_span,
                                               counted_generation};

static struct gl_counters *counters(struct scene *s)
{
    return &((struct gl_backend *)(void *)s->b[1]->be)->count;
}

static int setup_with(void **state, bool counted)
{
    struct scene *s = calloc(1, sizeof *s);
    *state = s;
    generations = 1;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i] = bench_new(i ? "gl" : "soft");
        if (!b) {
            return -1;
        }
        if (counted) {
            b->mem.mem.ops = &counted_ops;
        }
        b->state.color.pitch = TW;
        b->state.vp_scale[0] = b->state.vp_offset[0] = W / 2.0f;
        b->state.vp_scale[1] = b->state.vp_offset[1] = H / 2.0f;
        b->regs[0x205] = 1 << 16; // window offset moves vertices
        b->draw.ps_alu = (const float(*)[4])s->ps_alu;
        b->draw.ps_alu_count = 72;
    }
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, true);
}

static int setup_plain_memory(void **state)
{
    return setup_with(state, false);
}

static int teardown(void **state)
{
    struct scene *s = *state;
    bench_free(s->b[0]);
    bench_free(s->b[1]);
    free(s);
    return 0;
}

// ---- a tiler's driver ---------------------------------------------------------------------------

// The i-th tile in the order that the driver takes: every second row backwards.
static void tile_place(struct bench *b, unsigned i, bool use_offset)
{
    unsigned row = i / 3, col = row & 1 ? i % 3 : 2 - i % 3;
    int32_t x = (int32_t)(col * TW), y = (int32_t)(row * TH);
    int32_t ox = use_offset ? -x : 0, oy = use_offset ? -y : 0;

    b->regs[0x080] = ((uint32_t)ox & 0x7fff) | ((uint32_t)oy & 0x7fff) << 16;
    b->regs[0x00e] = 0;
    b->regs[0x00f] = TW | TH << 16;
    b->regs[0x081] = 0;
    b->regs[0x082] = use_offset ? W | H << 16 : 0x3fff3fff;
    b->state.window_x = ox;
    b->state.window_y = oy;
    b->state.scissor = (struct gpu_rect){0, 0, TW, TH};
    if (use_offset) {
        b->state.scissor.x1 = x + (int32_t)TW > (int32_t)W ? (int32_t)W - x : (int32_t)TW;
        b->state.scissor.y1 = y + (int32_t)TH > (int32_t)H ? (int32_t)H - y : (int32_t)TH;
    }
}

static struct gpu_resolve resolve_of(unsigned i, uint32_t base, uint32_t va)
{
    unsigned row = i / 3, col = row & 1 ? i % 3 : 2 - i % 3;
    unsigned x = col * TW, y = row * TH;
    return (struct gpu_resolve){
        .src = {.in_gmem = true, .base = base, .pitch = TW, .format = COLORX_8_8_8_8, .samples = 1},
        .rect = {0, 0, (int32_t)(x + TW > W ? W - x : TW), (int32_t)(y + TH > H ? H - y : TH)},
        .dst_va = va,
        .dst_pitch = PITCH,
        .dst_x = (int32_t)x,
        .dst_y = (int32_t)y,
        .dst_format = COLORX_8_8_8_8,
        .dst_linear = true,
        .write_mask = 15,
    };
}

static void fill(struct bench *b, uint32_t base, uint32_t bytes, uint32_t value)
{
    const struct gpu_fill f = {base, bytes, value};
    assert_int_equal(b->be->ops->fill(b->ctx, &f), GPU_OK);
}

// A vertex at surface position (x, y).
static void at(struct bench *b, unsigned slot, float x, float y, float z, float r, float g,
               float bl, float a)
{
    const float pos[3] = {x / (W / 2.0f) - 1, y / (H / 2.0f) - 1, z}, col[4] = {r, g, bl, a};
    memcpy(mem_at(b, VB_POS) + 12 * slot, pos, sizeof pos);
    memcpy(mem_at(b, VB_COLOR) + 16 * slot, col, sizeof col);
}

static void draw_from(struct bench *b, unsigned first, unsigned count, enum gpu_prim prim)
{
    b->draw.prim = prim;
    b->draw.count = count;
    b->draw.index_offset = first;
    assert_int_equal(b->be->ops->draw(b->ctx, &b->draw), GPU_OK);
}

// Two triangles over many tiles, the second behind and in front of the first.
static void scene_vertices(struct bench *b)
{
    at(b, 0, 5, 4, 0.2f, 1, 0, 0, 1);
    at(b, 1, 145, 30, 0.8f, 0, 1, 0, 0.5f);
    at(b, 2, 40, 96, 0.5f, 0, 0, 1, 1);
    at(b, 3, 140, 2, 0.9f, 1, 1, 0, 1);
    at(b, 4, 130, 99, 0.1f, 0, 1, 1, 1);
    at(b, 5, 2, 60, 0.4f, 1, 0, 1, 0.25f);
}

static void depth_on(struct bench *b)
{
    b->state.z_enable = b->state.z_write = true;
    b->state.z_func = 1;
}

static void pass_clear_and_draw(struct bench *b, uint32_t va)
{
    scene_vertices(b);
    for (unsigned i = 0; i < TILES; i++) {
        tile_place(b, i, true);
        fill(b, 0, TW * TH * 4, 0xff203040);
        fill(b, DEPTH_BASE, TW * TH * 4, 0xffffff00);
        depth_on(b);
        draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
        draw_from(b, 3, 3, GPU_PRIM_TRIANGLES);
        struct gpu_resolve z = resolve_of(i, DEPTH_BASE, DEPTH_VA);
        struct gpu_resolve c = resolve_of(i, 0, va);
        z.depth = true;
        assert_int_equal(b->be->ops->resolve(b->ctx, &z), GPU_OK);
        assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
    }
    b->state.z_enable = b->state.z_write = false;
}

static void flush(struct bench *b)
{
    assert_int_equal(b->be->ops->flush(b->ctx), GPU_OK);
}

static unsigned delta(uint32_t a, uint32_t b)
{
    unsigned worst = 0;
    for (unsigned i = 0; i < 32; i += 8) {
        unsigned d = (unsigned)abs((int)(a >> i & 255) - (int)(b >> i & 255));
        worst = d > worst ? d : worst;
    }
    return worst;
}

// Words of memory that differ between the two.
static unsigned memory_differs(struct scene *s, uint32_t va, uint32_t bytes, bool depth)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < bytes; i += 4) {
        uint32_t a = get_le32(mem_at(s->b[0], va) + i), b = get_le32(mem_at(s->b[1], va) + i);
        if (depth) {
            int64_t d = (int64_t)(a >> 8) - (b >> 8);
            n += d > 256 || d < -256 || (a & 255) != (b & 255); // float planes
        } else {
            n += delta(a, b) > 2;
        }
    }
    return n;
}

static void assert_same_memory(struct scene *s, unsigned edges)
{
    assert_in_range(memory_differs(s, SURFACE_A, DEPTH_VA - SURFACE_A, false), 0, edges);
    assert_in_range(memory_differs(s, DEPTH_VA, MEM_BASE + MEM_SIZE - DEPTH_VA, true), 0, edges);
}

static unsigned gmem_differs(struct scene *s)
{
    static uint8_t m[2][GMEM_SIZE];
    unsigned n = 0;
    for (unsigned i = 0; i < 2; i++) {
        s->b[i]->be->ops->gmem_read(s->b[i]->ctx, 0, m[i], GMEM_SIZE);
    }
    for (unsigned i = 0; i < GMEM_SIZE; i += 4) {
        bool depth = i >= DEPTH_BASE;
        uint32_t a = get_le32(m[0] + i), b = get_le32(m[1] + i);
        n += depth ? labs((long)(a >> 8) - (long)(b >> 8)) > 8 : delta(a, b) > 2;
    }
    return n;
}

// ---- merged -------------------------------------------------------------------------------------

static void test_cleared_tiles_are_drawn_as_one(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        pass_clear_and_draw(s->b[i], SURFACE_A);
        flush(s->b[i]);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES);
    assert_int_equal(counters(s)->draws, 2);
    assert_int_equal(counters(s)->downloads, 2);
    assert_in_range(gmem_differs(s), 0, 20);
}

static void test_the_same_frame_twice_is_two_passes(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        pass_clear_and_draw(s->b[i], SURFACE_A);
        pass_clear_and_draw(s->b[i], SURFACE_A);
        flush(s->b[i]);
    }
    assert_same_memory(s, 40);
    assert_in_range(counters(s)->merged_tiles, TILES, 2 * TILES);
}

static void make_texture(struct bench *b, uint32_t va, unsigned w, unsigned h)
{
    b->fetch[0] = (PITCH / 32) << 22 | 2 << 10 | 2 << 13 | 2 << 16;
    b->fetch[1] = va | FMT_8_8_8_8;
    b->fetch[2] = (w - 1) | (h - 1) << 13;
    b->fetch[3] = 0 << 1 | 1 << 4 | 2 << 7 | 3 << 10 | 2 << 23; // point
    b->fetch[4] = 0;
    b->fetch[5] = 1 << 9;
}

// The driver's restore: texel (x + tile, y + tile) to pixel (x, y), window offset off.
static void restore(struct bench *b, unsigned i, uint32_t va)
{
    struct gpu_resolve r = resolve_of(i, 0, va);
    const float corner[3][2] = {{0, 0}, {TW, 0}, {0, TH}};
    const struct gpu_state old = b->state;
    float tex[3][4] = {{0}};

    tile_place(b, i, false);
    b->state.vp_scale[0] = b->state.vp_offset[0] = TW / 2.0f;
    b->state.vp_scale[1] = b->state.vp_offset[1] = TH / 2.0f;
    for (unsigned k = 0; k < 3; k++) {
        float pos[3] = {corner[k][0] / (TW / 2.0f) - 1, corner[k][1] / (TH / 2.0f) - 1, 0};
        tex[k][0] = (corner[k][0] + (float)r.dst_x) / W;
        tex[k][1] = (corner[k][1] + (float)r.dst_y) / H;
        memcpy(mem_at(b, VB_POS) + 12 * (20 + k), pos, sizeof pos);
        memcpy(mem_at(b, VB_COLOR) + 16 * (20 + k), tex[k], 16);
    }
    generations++;
    b->be->ops->invalidate(b->ctx);
    PROGRAMS(b, vs_color, ps_texture);
    make_texture(b, va, W, H);
    draw_from(b, 20, 3, GPU_PRIM_RECTS);
    PROGRAMS(b, vs_color, ps_color);
    b->state = old;
    tile_place(b, i, true);
}

static void pass_restore_and_blend(struct bench *b, uint32_t va)
{
    at(b, 6, 20, 10, 0, 1, 1, 1, 0.5f);
    at(b, 7, 120, 50, 0, 0, 0, 0, 0.5f);
    at(b, 8, 20, 90, 0, 1, 0, 0, 0.5f);
    generations++;
    for (unsigned i = 0; i < TILES; i++) {
        restore(b, i, va);
        b->state.blend = true;
        b->state.blend_src = b->state.blend_src_a = 6;
        b->state.blend_dst = b->state.blend_dst_a = 7;
        draw_from(b, 6, 3, GPU_PRIM_TRIANGLES);
        b->state.blend = false;
        struct gpu_resolve c = resolve_of(i, 0, va);
        assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
    }
}

static void test_restored_tiles_are_drawn_as_one(void **state)
{
    struct scene *s = *state;
    for (unsigned flushed = 0; flushed < 2; flushed++) {
        uint64_t before = counters(s)->merged_tiles;
        for (unsigned i = 0; i < 2; i++) {
            pass_clear_and_draw(s->b[i], SURFACE_A);
            if (flushed) {
                flush(s->b[i]);
            }
            pass_restore_and_blend(s->b[i], SURFACE_A);
            flush(s->b[i]);
        }
        assert_same_memory(s, 60);
        assert_int_equal(counters(s)->merged_tiles - before, 2 * TILES);
        assert_in_range(gmem_differs(s), 0, 20);
    }
}

// A pass that shows surface `from` on surface `to`.
static void pass_textured(struct bench *b, uint32_t from, uint32_t to)
{
    at(b, 9, 10, 10, 0, 0, 0, 0, 0);
    at(b, 10, 140, 10, 0, 1, 0, 0, 0);
    at(b, 11, 10, 90, 0, 0, 1, 0, 0);
    generations++;
    for (unsigned i = 0; i < TILES; i++) {
        tile_place(b, i, true);
        fill(b, 0, TW * TH * 4, 0xff000000);
        PROGRAMS(b, vs_color, ps_texture);
        make_texture(b, from, W, H);
        b->fetch[3] |= 1 << 19 | 1 << 21; // bilinear
        draw_from(b, 9, 3, GPU_PRIM_TRIANGLES);
        PROGRAMS(b, vs_color, ps_color);
        struct gpu_resolve c = resolve_of(i, 0, to);
        assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
    }
}

static void test_a_rendered_surface_is_sampled_without_a_visit_to_memory(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        pass_clear_and_draw(s->b[i], SURFACE_A);
        pass_textured(s->b[i], SURFACE_A, SURFACE_B);
        flush(s->b[i]);
    }
    assert_int_equal(counters(s)->merged_tiles, 2 * TILES);
    assert_in_range(counters(s)->upload_bytes, 0, W * H * 4 - 1);
    assert_same_memory(s, 120);
}

// Frames of a pass into A and one that samples it, a submission each. From the second frame on the
// surface is known; in the last one the guest has drawn over it in between.
static void test_a_surface_is_sampled_again_in_the_next_submission(void **state)
{
    struct scene *s = *state;
    uint64_t before = 0, after = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        for (unsigned frame = 0; frame < 5; frame++) {
            before = counters(s)->upload_bytes;
            pass_clear_and_draw(b, SURFACE_A);
            flush(b);
            for (unsigned k = 0; k < 40 && frame == 4; k++) {
                put_le32(mem_at(b, SURFACE_A) + 4 * (50 * PITCH + 50 + k), 0xffffffff);
            }
            generations += frame == 4;
            b->be->ops->invalidate(b->ctx);
            pass_textured(b, SURFACE_A, SURFACE_B);
            flush(b);
            b->be->ops->invalidate(b->ctx);
            after = frame == 3 ? counters(s)->upload_bytes - before : after;
        }
    }
    assert_in_range(after, 0, W * H * 4 - 1);
    assert_same_memory(s, 120);
}

static void test_a_surface_the_guest_wrote_to_is_read_again(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        pass_clear_and_draw(b, SURFACE_A);
        flush(b);
        for (unsigned k = 0; k < 40; k++) {
            put_le32(mem_at(b, SURFACE_A) + 4 * (50 * PITCH + 50 + k), 0xffffffff);
        }
        generations++;
        b->be->ops->invalidate(b->ctx);
        pass_textured(b, SURFACE_A, SURFACE_B);
        pass_restore_and_blend(b, SURFACE_A);
        flush(b);
    }
    assert_same_memory(s, 160);
    assert_int_equal(get_le32(mem_at(s->b[1], SURFACE_A) + 4 * (50 * PITCH + 60)) & 0xff000000,
                     get_le32(mem_at(s->b[0], SURFACE_A) + 4 * (50 * PITCH + 60)) & 0xff000000);
}

static void test_a_clear_in_the_middle_of_a_pass(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        scene_vertices(b);
        for (unsigned t = 0; t < TILES; t++) {
            tile_place(b, t, true);
            fill(b, 0, TW * TH * 2, 0xff000000); // in two halves
            fill(b, TW * TH * 2, TW * TH * 2, 0xff000000);
            fill(b, DEPTH_BASE, TW * TH * 4, 0xffffff00);
            depth_on(b);
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            fill(b, DEPTH_BASE, TW * TH * 4, 0xffffff00);
            draw_from(b, 3, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
        }
        b->state.z_enable = b->state.z_write = false;
        flush(b);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES);
}

// A clear by draw: the whole tile, window offset off, tests off.
static void clear_by_draw(struct bench *b, unsigned i, bool depth, float r, float z)
{
    const float corner[3][2] = {{-1, -1}, {1, -1}, {-1, 1}}, col[4] = {r, 0.5f, 0.25f, 1};
    const struct gpu_state old = b->state;

    tile_place(b, i, false);
    b->state.vp_scale[0] = b->state.vp_offset[0] = TW / 2.0f;
    b->state.vp_scale[1] = b->state.vp_offset[1] = TH / 2.0f;
    b->state.z_enable = b->state.z_write = depth;
    b->state.z_func = 7;
    for (unsigned k = 0; k < 3; k++) {
        const float pos[3] = {corner[k][0], corner[k][1], z};
        memcpy(mem_at(b, VB_POS) + 12 * (24 + k), pos, sizeof pos);
        memcpy(mem_at(b, VB_COLOR) + 16 * (24 + k), col, sizeof col);
    }
    draw_from(b, 24, 3, GPU_PRIM_RECTS);
    b->state = old;
    tile_place(b, i, true);
}

static void test_tiles_cleared_by_draws_are_drawn_as_one(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        scene_vertices(b);
        for (unsigned t = 0; t < TILES; t++) {
            tile_place(b, t, true);
            clear_by_draw(b, t, true, 0.75f, 1);
            depth_on(b);
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            b->state.color_mask = 0; // depth alone, in the middle
            clear_by_draw(b, t, true, 0, 0.5f);
            b->state.color_mask = 15;
            draw_from(b, 3, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve z = resolve_of(t, DEPTH_BASE, DEPTH_VA);
            struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
            z.depth = true;
            assert_int_equal(b->be->ops->resolve(b->ctx, &z), GPU_OK);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
        }
        b->state.z_enable = b->state.z_write = false;
        flush(b);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES);
    assert_int_equal(counters(s)->draws, 2);
}

// gl_FragCoord as the driver makes it: |ParamGen| + C64, the tile's position.
static const uint32_t ps_fragcoord[] = {
    0x00025002, 0x00001000, 0xc4000000, 0x00002007, 0x00002000, 0x00000000, 0x4c830101,
    0x000000b1, 0xa0814000, 0x00040001, 0x00202000, 0xc2000000, 0x000f0000, 0x0000bc00,
    0x80010200, 0x00020002, 0x00010c01, 0x8b000101, 0x000d0002, 0x00040400, 0xc2000000,
    0x00038000, 0x00000000, 0x81020000, 0x000c8000, 0x000a0a00, 0xc2020200,
};

static void test_programs_that_know_their_tile(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        const float c[3][4] = {{1.0f / W, 1.0f / H, 0, 0}, {-1, H, 1, 0}, {0.5f, 0, 0, 0}};
        memcpy(s->ps_alu, c, sizeof c);
        scene_vertices(b);
        for (unsigned t = 0; t < TILES; t++) {
            struct gpu_resolve r = resolve_of(t, 0, SURFACE_A);
            tile_place(b, t, true);
            s->ps_alu[64][0] = (float)r.dst_x;
            s->ps_alu[64][1] = (float)r.dst_y;
            fill(b, 0, TW * TH * 4, 0);
            PROGRAMS(b, vs_color, ps_fragcoord);
            b->state.param_gen = true;
            b->state.param_gen_reg = 1;
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            draw_from(b, 3, 3, GPU_PRIM_TRIANGLES);
            assert_int_equal(b->be->ops->resolve(b->ctx, &r), GPU_OK);
        }
        b->state.param_gen = false;
        PROGRAMS(b, vs_color, ps_color);
        flush(b);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES);
}

// ---- not merged ---------------------------------------------------------------------------------

static void test_tiles_that_see_what_the_last_one_left_keep_their_order(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        scene_vertices(b);
        fill(b, 0, TW * TH * 4, 0xff102030); // once, before the first tile
        for (unsigned t = 0; t < TILES; t++) {
            tile_place(b, t, true);
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve r = resolve_of(t, 0, SURFACE_A);
            assert_int_equal(b->be->ops->resolve(b->ctx, &r), GPU_OK);
        }
        flush(b);
    }
    assert_same_memory(s, 60);
    assert_in_range(counters(s)->merged_tiles, 0, 1);
}

// The colours of the vertices lie at va, in memory that the surface nearly or really reaches. The
// window scissor is one row short, as the driver writes it.
static void pass_with_colors_at(struct bench *b, uint32_t va)
{
    scene_vertices(b);
    memcpy(mem_at(b, va), mem_at(b, VB_COLOR), 16 * 6);
    b->fetch[122] = va | 3;
    b->fetch[123] = 16 * 6;
    for (unsigned i = 0; i < TILES; i++) {
        tile_place(b, i, true);
        b->regs[0x082] = W | (H - 1) << 16;
        b->state.scissor.y1 -= i >= 6;
        fill(b, 0, TW * TH * 4, 0xff203040);
        draw_from(b, 0, 6, GPU_PRIM_TRIANGLES);
        struct gpu_resolve c = resolve_of(i, 0, SURFACE_A);
        assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
    }
    flush(b);
}

static void test_buffers_right_behind_the_surface_do_no_harm(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        pass_with_colors_at(s->b[i], SURFACE_A + PITCH * H * 4);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES);
}

// The first tile of the last row overwrites what the two after it read.
static void test_vertices_in_the_last_row_are_seen_to_change(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        pass_with_colors_at(s->b[i], SURFACE_A + (PITCH * (H - 1) + 2 * TW) * 4);
    }
    uint32_t left = SURFACE_A + PITCH * (TH * 2 + 1) * 4, right = left + 2 * TW * 4;
    assert_true(memcmp(mem_at(s->b[0], left), mem_at(s->b[0], right), 64) != 0);
    assert_same_memory(s, 40);
}

static void test_tiles_that_sample_their_own_surface_keep_their_order(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        pass_clear_and_draw(b, SURFACE_A);
        at(b, 9, 10, 10, 0, 0.3f, 0, 0, 0);
        at(b, 10, 140, 10, 0, 1, 0.2f, 0, 0);
        at(b, 11, 10, 90, 0, 0, 1, 0, 0);
        generations++;
        for (unsigned t = 0; t < TILES; t++) {
            tile_place(b, t, true);
            fill(b, 0, TW * TH * 4, 0xff000000);
            PROGRAMS(b, vs_color, ps_texture);
            make_texture(b, SURFACE_A, W, H);
            draw_from(b, 9, 3, GPU_PRIM_TRIANGLES);
            PROGRAMS(b, vs_color, ps_color);
            struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
            b->be->ops->invalidate(b->ctx);
        }
        flush(b);
    }
    assert_same_memory(s, 200);
    assert_int_equal(counters(s)->merged_tiles, TILES); // the first pass
}

static void test_vertices_that_change_between_tiles_are_seen(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        scene_vertices(b);
        for (unsigned t = 0; t < TILES; t++) {
            at(b, 1, 145, 30, 0.8f, 0, t < 5 ? 1 : 0, 0.5f, 0.5f);
            generations++;
            b->be->ops->invalidate(b->ctx);
            tile_place(b, t, true);
            fill(b, 0, TW * TH * 4, 0xff000000);
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
        }
        flush(b);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, TILES); // two groups
    assert_int_equal(counters(s)->passes, 2);
}

static void test_partial_fills_keep_tiles_apart(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct bench *b = s->b[i];
        scene_vertices(b);
        for (unsigned t = 0; t < TILES; t++) {
            tile_place(b, t, true);
            fill(b, 0, TW * TH * 4, 0xff000000);
            fill(b, TW * 4 * 10, TW * 4 * 5 + 64, 0xffff00ff);
            draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
        }
        flush(b);
    }
    assert_same_memory(s, 40);
    assert_int_equal(counters(s)->merged_tiles, 0);
}

// ---- interruptions ------------------------------------------------------------------------------

static void test_a_flush_anywhere_changes_nothing(void **state)
{
    struct scene *s = *state;
    for (unsigned when = 0; when < 25; when++) {
        for (unsigned i = 0; i < 2; i++) {
            struct bench *b = s->b[i];
            unsigned op = 0;
            scene_vertices(b);
            memset(mem_at(b, SURFACE_A), 0, 0x40000);
            generations++;
            for (unsigned t = 0; t < TILES; t++) {
#define STEP                                                                                       \
    if (op++ == when) {                                                                            \
        flush(b);                                                                                  \
    }
                tile_place(b, t, true);
                fill(b, 0, TW * TH * 4, 0xff000000);
                STEP;
                draw_from(b, 0, 3, GPU_PRIM_TRIANGLES);
                STEP;
                draw_from(b, 3, 3, GPU_PRIM_TRIANGLES);
                STEP;
                struct gpu_resolve c = resolve_of(t, 0, SURFACE_A);
                assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
                STEP;
            }
            flush(b);
        }
        assert_same_memory(s, 40);
    }
}

static void test_two_guests_take_turns_in_the_middle_of_tiles(void **state)
{
    struct scene *s = *state;
    struct bench *b = s->b[1];
    struct err err = {0};
    const struct gpu_context_config cc = {.mem = &b->mem.mem, .gmem_bytes = GMEM_SIZE};
    struct gpu_context *other = b->be->ops->context_create(b->be, &cc, &err), *mine = b->ctx;

    assert_non_null(other);
    scene_vertices(s->b[0]);
    scene_vertices(b);
    for (unsigned t = 0; t < TILES; t++) {
        for (unsigned g = 0; g < 3; g++) { // soft, gl, gl's other guest
            struct bench *now = s->b[g != 0];
            if (g) {
                b->ctx = g == 2 ? other : mine;
            }
            tile_place(now, t, true);
            fill(now, 0, TW * TH * 4, g == 2 ? 0xff00ff00 : 0xff000000);
            draw_from(now, g == 2 ? 3 : 0, 3, GPU_PRIM_TRIANGLES);
            struct gpu_resolve c = resolve_of(t, 0, g == 2 ? SURFACE_B : SURFACE_A);
            assert_int_equal(now->be->ops->resolve(now->ctx, &c), GPU_OK);
        }
    }
    b->ctx = other;
    flush(b);
    b->ctx = mine;
    flush(b);
    flush(s->b[0]);
    b->be->ops->context_destroy(other);
    assert_in_range(memory_differs(s, SURFACE_A, W * H, false), 0, 40);
    assert_int_equal(get_le32(mem_at(b, SURFACE_B)), 0xff00ff00);
}

// ---- anything -----------------------------------------------------------------------------------

// A pass as numbers, so that both backends play the same.
struct pass {
    unsigned begin; // 0 clear, 1 restore, 2 neither
    unsigned draws; // 1..3
    bool depth, textured, depth_resolved;
    uint32_t from, to;
    unsigned deviation, tile, op; // what goes wrong, where
    float x[9], y[9], z[9];
};

static struct pass random_pass(void)
{
    static const uint32_t place[2] = {SURFACE_A, SURFACE_B};
    struct pass p = {
        .begin = (unsigned)rand() % 8,
        .draws = 1 + (unsigned)rand() % 3,
        .depth = rand() % 2,
        .textured = rand() % 3 == 0,
        .depth_resolved = rand() % 4 == 0,
        .from = place[rand() % 2],
        .to = place[rand() % 2],
        .deviation = (unsigned)rand() % 10,
        .tile = (unsigned)rand() % TILES,
        .op = (unsigned)rand() % 6,
    };
    p.begin = p.begin < 5 ? 0 : p.begin < 7 ? 1 : 2;
    if (p.begin == 1 && p.deviation == 0) {
        // what a restore leaves outside of the surface is nobody's business, see README.md
        p.deviation = 9;
    }
    for (unsigned i = 0; i < 9; i++) {
        p.x[i] = (float)(rand() % 1500) / 10;
        p.y[i] = (float)(rand() % 1000) / 10;
        p.z[i] = (float)(1 + rand() % 98) / 100;
    }
    return p;
}

// True when step `op` of tile `t` is to be left out.
static bool deviate(struct bench *b, const struct pass *p, unsigned t, unsigned op)
{
    uint8_t word[4];
    if (t != p->tile || op != p->op) {
        return false;
    }
    switch (p->deviation) {
    case 0:
        return true;
    case 1:
        flush(b);
        break;
    case 2:
        b->be->ops->gmem_read(b->ctx, 64, word, 4);
        break;
    case 3:
        at(b, 31, p->x[4], p->y[2], p->z[1], 1, 1, 0, 1);
        generations++;
        b->be->ops->invalidate(b->ctx);
        break;
    case 4:
        put_le32(word, 0xff00ffff);
        b->be->ops->gmem_write(b->ctx, 128, word, 4);
        break;
    case 5:
        b->state.color_mask = 7;
        break;
    default:
        break;
    }
    return false;
}

static void play(struct bench *b, const struct pass *p)
{
    for (unsigned i = 0; i < 9; i++) {
        at(b, 30 + i, p->x[i], p->y[i], p->z[i], i % 3 ? 0.25f * (float)i / 2 : 1, p->x[i] / W,
           p->y[i] / H, 1);
    }
    generations++;
    b->be->ops->invalidate(b->ctx);
    if (p->begin == 2) { // every tile sees what the one before it left
        fill(b, 0, TW * TH * 4, 0xff000000);
    }
    for (unsigned t = 0; t < TILES; t++) {
        unsigned op = 0;
        b->state.color_mask = 15;
        tile_place(b, t, true);
        if (p->begin == 0 && !deviate(b, p, t, op++)) {
            if (p->from == SURFACE_A) {
                fill(b, 0, TW * TH * 4, 0xff405060);
            } else {
                clear_by_draw(b, t, p->depth, 0.25f, 0.75f);
            }
        }
        if (p->begin == 1 && !deviate(b, p, t, op++)) {
            restore(b, t, p->to);
        }
        if (p->depth && !deviate(b, p, t, op++)) {
            fill(b, DEPTH_BASE, TW * TH * 4, 0xffffff00);
            depth_on(b);
        }
        for (unsigned d = 0; d < p->draws; d++) {
            if (deviate(b, p, t, op++)) {
                continue;
            }
            if (p->textured && d == 1) {
                PROGRAMS(b, vs_color, ps_texture);
                make_texture(b, p->from, W, H);
            }
            draw_from(b, 30 + 3 * d, 3, GPU_PRIM_TRIANGLES);
            PROGRAMS(b, vs_color, ps_color);
        }
        if (p->depth && p->depth_resolved) {
            struct gpu_resolve z = resolve_of(t, DEPTH_BASE, DEPTH_VA);
            z.depth = true;
            assert_int_equal(b->be->ops->resolve(b->ctx, &z), GPU_OK);
        }
        if (!deviate(b, p, t, op++)) {
            struct gpu_resolve c = resolve_of(t, 0, p->to);
            assert_int_equal(b->be->ops->resolve(b->ctx, &c), GPU_OK);
        }
        b->state.z_enable = b->state.z_write = false;
    }
    b->state.color_mask = 15;
}

// Point sampled textures show single texels, so that a pixel that differs on an edge can show up
// wherever it is drawn again; hence the generous limit: a tile that went wrong differs by
// thousands.
static void test_random_passes_and_deviations_agree(void **state)
{
    struct scene *s = *state;
    uint64_t merged = counters(s)->merged_tiles;
    const char *only = getenv("SEED");
    for (unsigned seed = only ? (unsigned)atoi(only) : 1; seed <= 150; seed++) {
        struct pass passes[4];
        srand(seed);
        for (unsigned i = 0; i < 4; i++) {
            passes[i] = random_pass();
            if (only) {
                const struct pass *q = &passes[i];
                printf("begin %u draws %u depth %d textured %d zres %d from %x to %x dev %u tile "
                       "%u op %u\n",
                       q->begin, q->draws, q->depth, q->textured, q->depth_resolved, q->from, q->to,
                       q->deviation, q->tile, q->op);
            }
        }
        for (unsigned i = 0; i < 2; i++) {
            struct bench *b = s->b[i];
            static uint8_t zero[GMEM_SIZE];
            memset(mem_at(b, SURFACE_A), 0, 0x60000);
            generations++;
            b->be->ops->invalidate(b->ctx);
            b->be->ops->gmem_write(b->ctx, 0, zero, sizeof zero);
            for (unsigned k = 0; k < 4; k++) {
                play(b, &passes[k]);
            }
            flush(b);
        }
        unsigned color = memory_differs(s, SURFACE_A, DEPTH_VA - SURFACE_A, false);
        unsigned depth = memory_differs(s, DEPTH_VA, MEM_BASE + MEM_SIZE - DEPTH_VA, true);
        if (color > 300 || depth > 60) {
            fail_msg("seed %u: %u colour and %u depth words differ", seed, color, depth);
        }
    }
    assert_true(counters(s)->merged_tiles - merged > 1000);
}

int main(void)
{
    struct err err = {0};
    struct backend_config bc = {0};
    struct gpu_backend *be = backend_create("gl", &bc, &err);
    if (!be) {
        printf("SKIP test_gl_tiles: %s\n", err.msg);
        return getenv("CI") ? 1 : 0;
    }
    backend_destroy(be);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define P(f)                                                                                       \
    {                                                                                              \
        "plain memory: " #f, f, setup_plain_memory, teardown, NULL                                 \
    }
    const struct CMUnitTest tests[] = {
        T(test_cleared_tiles_are_drawn_as_one),
        P(test_cleared_tiles_are_drawn_as_one),
        T(test_the_same_frame_twice_is_two_passes),
        T(test_restored_tiles_are_drawn_as_one),
        P(test_restored_tiles_are_drawn_as_one),
        T(test_a_rendered_surface_is_sampled_without_a_visit_to_memory),
        P(test_a_surface_is_sampled_again_in_the_next_submission),
        T(test_a_surface_the_guest_wrote_to_is_read_again),
        P(test_a_surface_the_guest_wrote_to_is_read_again),
        T(test_a_clear_in_the_middle_of_a_pass),
        T(test_tiles_cleared_by_draws_are_drawn_as_one),
        P(test_tiles_cleared_by_draws_are_drawn_as_one),
        T(test_programs_that_know_their_tile),
        T(test_tiles_that_see_what_the_last_one_left_keep_their_order),
        T(test_buffers_right_behind_the_surface_do_no_harm),
        T(test_vertices_in_the_last_row_are_seen_to_change),
        P(test_vertices_in_the_last_row_are_seen_to_change),
        T(test_tiles_that_sample_their_own_surface_keep_their_order),
        P(test_tiles_that_sample_their_own_surface_keep_their_order),
        T(test_vertices_that_change_between_tiles_are_seen),
        P(test_vertices_that_change_between_tiles_are_seen),
        T(test_partial_fills_keep_tiles_apart),
        T(test_a_flush_anywhere_changes_nothing),
        P(test_a_flush_anywhere_changes_nothing),
        T(test_two_guests_take_turns_in_the_middle_of_tiles),
        T(test_random_passes_and_deviations_agree),
        P(test_random_passes_and_deviations_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
