// SPDX-License-Identifier: MIT
//
// Registers to decoded work: state fields, scissors, resolves, fast clears, a22x clears, draws that
// are left out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shader-isa/shader.h"
#include "tests/gpu-model/mock.h"

static int setup(void **state)
{
    *state = mock_create("a200", true);
    return 0;
}

static int setup_a22x(void **state)
{
    *state = mock_create("a220", true);
    return 0;
}

static int teardown(void **state)
{
    mock_destroy(*state);
    return 0;
}

static void run(struct mock *m, const struct stream *s)
{
    if (mock_run(m, s->dw, s->n) != GPU_RUN_DONE) {
        fail_msg("%s", gpu_error(m->gpu));
    }
}

static void put_triangle(struct stream *s)
{
    put_t3(s, 0x22, 2);
    put(s, 0);
    put(s, 0x00030084); // TRILIST, auto index, 3
}

static void test_state_fields(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_reg(&s, 0x2000, 256 | 1 << 14);
    put_reg(&s, 0x2001, 0x8000 | 5 | 1 << 9 | 1 << 6);
    put_reg(&s, 0x2002, 0x18001);
    put_reg(&s, 0x2280, 24 << 16 | 16); // half 1.5 wide, 1.0 high
    put_reg(&s, 0x2281, 800 << 16 | 8);
    put_reg(&s, 0x2282, 8);
    put_reg(&s, 0x2205, 0x00090000 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 2 << 8 | 7 << 11);
    put_float(&s, 0x2380, 2.0f);
    put_float(&s, 0x2381, 3.0f);
    put_float(&s, 0x2382, 4.0f);
    put_float(&s, 0x2383, 5.0f);
    put_reg(&s, 0x2200,
            1 | 2 | 4 | 8 | 3 << 4 | 1 << 7 | 7 << 8 | 1 << 11 | 2 << 14 | 3 << 17 | 2 << 20 |
                4 << 23 | 5 << 26 | 6u << 29);
    put_reg(&s, 0x210c, 0x00112233);
    put_reg(&s, 0x210d, 0x00445566);
    put_float(&s, 0x210e, 0.25f);
    put_reg(&s, 0x2201, 6 | 1 << 5 | 7 << 8 | 1 << 16 | 2 << 21 | 0 << 24);
    put_reg(&s, 0x2202, 4 | 1 << 3 | 12 << 8 | 1 << 12);
    put_reg(&s, 0x2105, 255);
    put_reg(&s, 0x2108, 51);
    put_reg(&s, 0x2104, 0xd);
    put_reg(&s, 0x2180, 0x02 | 0x80 << 8 | 1 << 18 | 3 << 20 | 2 << 24);
    put_reg(&s, 0x2181, 5 << 8);
    put_reg(&s, 0x2302, 1 | 5 << 7);
    put_reg(&s, 0x2102, 9);
    put_triangle(&s);
    run(m, &s);

    const struct gpu_state *st = &m->state;
    assert_int_equal(m->draws, 1);
    assert_int_equal(m->draw.prim, GPU_PRIM_TRIANGLES);
    assert_int_equal(m->draw.count, 3);
    assert_int_equal(m->draw.index_offset, 9);
    assert_int_equal(m->draw.vs_alu_count, 256);
    assert_int_equal(m->draw.ps_alu_count, 224);
    assert_true(st->color.in_gmem && st->color.linear);
    assert_int_equal(st->color.base, 0x8000);
    assert_int_equal(st->color.pitch, 256);
    assert_int_equal(st->color.samples, 2);
    assert_int_equal(st->color.format, COLORX_8_8_8_8);
    assert_int_equal(st->color.swap, 1);
    assert_int_equal(st->depth.base, 0x18000);
    assert_int_equal(st->depth.format, DEPTHX_24_8);
    assert_true(st->point_width == 3.0f && st->point_height == 2.0f);
    assert_true(st->point_min == 1.0f && st->point_max == 100.0f && st->line_width == 1.0f);
    assert_true(!st->cull_front && st->cull_back && st->front_cw && st->provoking_last);
    assert_int_equal(st->poly_mode, 1);
    assert_int_equal(st->poly_front, 1);
    assert_int_equal(st->poly_back, 2);
    assert_true(st->offset_front && st->offset_back && st->offset_para);
    assert_true(st->offset_scale[0] == 2 && st->offset_units[0] == 3 && st->offset_scale[1] == 4 &&
                st->offset_units[1] == 5);
    assert_true(st->stencil_enable && st->z_enable && st->z_write && st->early_z);
    assert_int_equal(st->z_func, 3);
    assert_true(st->stencil_two_sided);
    assert_int_equal(st->stencil[0].func, 7);
    assert_int_equal(st->stencil[0].fail, 1);
    assert_int_equal(st->stencil[0].zpass, 2);
    assert_int_equal(st->stencil[0].zfail, 3);
    assert_int_equal(st->stencil[0].ref, 0x66);
    assert_int_equal(st->stencil[0].mask, 0x55);
    assert_int_equal(st->stencil[0].write_mask, 0x44);
    assert_int_equal(st->stencil[1].func, 2);
    assert_int_equal(st->stencil[1].fail, 4);
    assert_int_equal(st->stencil[1].zpass, 5);
    assert_int_equal(st->stencil[1].zfail, 6);
    assert_int_equal(st->stencil[1].ref, 0x33);
    assert_true(st->alpha_test && st->alpha_ref == 0.25f && st->blend);
    assert_int_equal(st->alpha_func, 4);
    assert_int_equal(st->blend_src, 6);
    assert_int_equal(st->blend_op, 1);
    assert_int_equal(st->blend_dst, 7);
    assert_int_equal(st->blend_src_a, 1);
    assert_int_equal(st->blend_op_a, 2);
    assert_int_equal(st->rop, 12);
    assert_int_equal(st->dither_mode, 1);
    assert_int_equal(st->color_mask, 0xd);
    assert_true(st->blend_color[0] == 1.0f && st->blend_color[3] == 0.2f);
    assert_int_equal(st->vs_temps, 3);
    assert_int_equal(st->ps_temps, 0);
    assert_true(st->param_gen);
    assert_int_equal(st->param_gen_reg, 5);
    assert_int_equal(st->vs_export_count, 4);
    assert_int_equal(st->vs_export_mode, 2);
    assert_true(st->pixel_center_half);
    assert_int_equal(st->quant_bits, 8);
    assert_ptr_equal(st->regs, m->draw.fetch - 0x2800);
}

static void test_one_sided_stencil_is_copied_to_the_back(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_reg(&s, 0x2200, 1 | 7 << 8 | 2 << 20);
    put_reg(&s, 0x210d, 0x00ffff07);
    put_triangle(&s);
    run(m, &s);
    assert_memory_equal(&m->state.stencil[0], &m->state.stencil[1], sizeof(m->state.stencil[0]));
    assert_int_equal(m->state.stencil[1].ref, 7);
}

struct scissor_case {
    uint32_t screen_tl, screen_br, offset, window_tl, window_br;
    struct gpu_rect want;
};

static void test_scissors_intersect(void **state)
{
    struct mock *m = *state;
    static const struct scissor_case c[] = {
        {0, 96 << 16 | 256, 0, 0, 192 << 16 | 256, {0, 0, 256, 96}},
        // second tile: the window scissor moves up with the window offset
        {0, 96 << 16 | 256, (0x8000u - 96) << 16, 0, 192 << 16 | 256, {0, 0, 256, 96}},
        {0, 96 << 16 | 256, (0x8000u - 96) << 16, 10 << 16 | 20, 150 << 16 | 30, {20, 0, 30, 54}},
        // TL bit 31: the offset does not apply
        {0, 96 << 16 | 256, (0x8000u - 96) << 16, 1u << 31, 50 << 16 | 40, {0, 0, 40, 50}},
        // offset disabled
        {0, 96 << 16 | 256, 1u << 31 | 5, 1, 50 << 16 | 40, {1, 0, 40, 50}},
        // empty
        {0, 96 << 16 | 256, 0, 300, 50 << 16 | 310, {256, 0, 256, 50}},
        {0, 0, 0, 0, 50 << 16 | 40, {0, 0, 0, 0}},
    };
    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        struct stream s = {.n = 0};
        put_rect_setup(m, &s, 64, 32);
        put_reg(&s, 0x2208, 4);
        put_reg(&s, 0x200e, c[i].screen_tl);
        put_reg(&s, 0x200f, c[i].screen_br);
        put_reg(&s, 0x2080, c[i].offset);
        put_reg(&s, 0x2081, c[i].window_tl);
        put_reg(&s, 0x2082, c[i].window_br);
        put_reg(&s, 0x2205, 1 << 16);
        put_triangle(&s);
        run(m, &s);
        const struct gpu_rect *r = &m->state.scissor;
        if (memcmp(r, &c[i].want, sizeof(*r))) {
            fail_msg("case %u: %d,%d-%d,%d", i, r->x0, r->y0, r->x1, r->y1);
        }
    }
}

static void test_window_offset_moves_vertices_only_when_enabled(void **state)
{
    struct mock *m = *state;
    for (unsigned on = 0; on < 2; on++) {
        struct stream s = {.n = 0};
        put_rect_setup(m, &s, 64, 32);
        put_reg(&s, 0x2208, 4);
        put_reg(&s, 0x2080, (0x8000u - 96) << 16 | (0x8000u - 64));
        put_reg(&s, 0x2205, on << 16);
        put_triangle(&s);
        run(m, &s);
        assert_int_equal(m->state.window_x, on ? -64 : 0);
        assert_int_equal(m->state.window_y, on ? -96 : 0);
    }
}

static void test_inclusive_corner_is_a_switch(void **state)
{
    struct mock *m = *state;
    struct gpu_config cfg = {.profile = gpu_profile_find("a200"),
                             .mem = &m->mem,
                             .env = &m->env,
                             .ctx = &m->ctx,
                             .scissor_br_inclusive = true};
    gpu_destroy(m->gpu);
    m->gpu = gpu_create(&cfg, NULL);
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_reg(&s, 0x200f, 96 << 16 | 256);
    put_reg(&s, 0x2082, 49 << 16 | 255);
    put_triangle(&s);
    run(m, &s);
    assert_int_equal(m->state.scissor.x1, 256);
    assert_int_equal(m->state.scissor.y1, 50);
}

static void test_memory_targets_are_told_from_gmem(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_reg(&s, 0x2001, 0x01234000 | 5);
    put_triangle(&s);
    run(m, &s);
    assert_false(m->state.color.in_gmem);
    assert_int_equal(m->state.color.base, 0x01234000);
    assert_false(m->state.color.linear);
}

static void test_indexed_draws(void **state)
{
    struct mock *m = *state;
    static const struct {
        uint32_t initiator;
        uint8_t bytes;
    } c[] = {{0x00060004, 2}, {0x00060804, 4}, {0x00062004, 1}};
    memcpy(m->data + 0x400, "\x01\x00\x02\x00\x03\x00", 6);
    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        struct stream s = {.n = 0};
        put_rect_setup(m, &s, 64, 32);
        put_reg(&s, 0x2208, 4);
        put_t3(&s, 0x22, 4);
        put(&s, 0);
        put(&s, c[i].initiator);
        put(&s, MOCK_BASE + 0x400);
        put(&s, 12);
        run(m, &s);
        assert_true(m->draw.indexed);
        assert_int_equal(m->draw.count, 6);
        assert_int_equal(m->draw.index_bytes, c[i].bytes);
        assert_int_equal(m->draw.index_va, MOCK_BASE + 0x400);
        assert_int_equal(m->draw.index_size, 12);
    }
    // binned form: count in its own dword
    struct stream s = {.n = 0};
    put_t3(&s, 0x34, 6);
    put(&s, 0);
    put(&s, 0x0000c004);
    put(&s, 100);
    put(&s, 3);
    put(&s, MOCK_BASE + 0x400);
    put(&s, 6);
    run(m, &s);
    assert_int_equal(m->draw.count, 3);
    assert_int_equal(m->draws, 4);
}

static void test_draws_with_indices_in_the_stream(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    put_t3(&s, 0x36, 4); // 16-bit indices 1 2 3, immediate
    put(&s, 0);
    put(&s, 0x00030044);
    put(&s, 0x00020001);
    put(&s, 0x00000003);
    uint32_t ib = mock_place(m, 0x2000, s.dw, s.n);
    const uint32_t call[] = {0xc0013700, ib, s.n};
    assert_int_equal(mock_run(m, call, 3), GPU_RUN_DONE);
    assert_int_equal(m->draws, 1);
    assert_true(m->draw.indexed);
    assert_int_equal(m->draw.count, 3);
    assert_int_equal(m->draw.index_va, ib + 4 * (s.n - 2));
    assert_int_equal(m->draw.index_size, 6);
    // more indices than the packet has, and a ring, whose words draws cannot read
    s.dw[s.n - 3] = 0x00050044;
    ib = mock_place(m, 0x2000, s.dw, s.n);
    assert_int_equal(mock_run(m, call, 3), GPU_RUN_ERROR);
    assert_non_null(strstr(gpu_error(m->gpu), "5 indices, but only 2 dwords"));
    s.dw[s.n - 3] = 0x00030044;
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_ERROR);
    assert_non_null(strstr(gpu_error(m->gpu), "ring"));
    assert_int_equal(m->draws, 1);
}

static void test_draws_that_leave_no_trace_are_left_out(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 32);
    put_reg(&s, 0x2208, 4);
    // the workaround triangle: three equal indices
    put_t3(&s, 0x34, 6);
    put(&s, 0);
    put(&s, 0x0003c004);
    put(&s, 0);
    put(&s, 3);
    put(&s, MOCK_BASE + 0x800);
    put(&s, 6);
    // binning passes
    put_reg(&s, 0x2205, 1 << 30); // FACE_KILL_ENABLE
    put_triangle(&s);
    put_reg(&s, 0x2205, 0);
    put_reg(&s, 0x2180, 1u << 31); // GEN_INDEX_VTX
    put_triangle(&s);
    put_reg(&s, 0x2180, 0);
    put_t3(&s, 0x22, 2); // DI_PT_NONE
    put(&s, 0);
    put(&s, 0x00030080);
    put_t3(&s, 0x22, 2); // no vertices
    put(&s, 0);
    put(&s, 0x00000084);
    put_reg(&s, 0x2208, 0); // EDRAM_NOP
    put_triangle(&s);
    run(m, &s);
    struct gpu_counters c;
    gpu_counters(m->gpu, &c);
    assert_int_equal(m->draws, 0);
    assert_int_equal(c.draws, 0);
    assert_int_equal(c.skipped_draws, 6);
}

static void test_primitives_and_sources_that_do_not_exist_are_refused(void **state)
{
    struct mock *m = *state;
    static const struct {
        uint32_t initiator;
        const char *word;
    } c[] = {{0x0003008a, "primitive"}, {0x00030044, "index source"}, {0x00030004, "index buffer"}};
    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        struct stream s = {.n = 0};
        put_t3(&s, 0x22, 2);
        put(&s, 0);
        put(&s, c[i].initiator);
        assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_ERROR);
        assert_non_null(strstr(gpu_error(m->gpu), c[i].word));
    }
}

static void put_copy(struct stream *s)
{
    put_reg(s, 0x2208, 6); // EDRAM_COPY
    put_reg(s, 0x2000, 64);
    put_reg(s, 0x2001, 0x10000 | 5);
    put_t3(s, 0x2d, 6);
    put(s, 0x00040318);
    put(s, 0);
    put(s, MOCK_BASE + 0x10000);
    put(s, 256 / 32);
    put(s, 0x0003c000 | 5 << 4 | 1 << 3);
    put(s, 96 << 13 | 64);
}

static void test_copy_rectangles_become_resolves(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 96);
    put_copy(&s);
    put_reg(&s, 0x200f, 90 << 16 | 60); // an edge tile: smaller than the rectangle
    put_reg(&s, 0x2082, 600 << 16 | 800);
    put_rect_draw(&s);
    run(m, &s);
    const struct gpu_resolve *r = &m->resolve;
    assert_int_equal(m->resolves, 1);
    assert_int_equal(r->src.base, 0x10000);
    assert_int_equal(r->src.pitch, 64);
    assert_int_equal(r->src.swap, 0);
    assert_int_equal(r->rect.x0, 0);
    assert_int_equal(r->rect.y0, 0);
    assert_int_equal(r->rect.x1, 60);
    assert_int_equal(r->rect.y1, 90);
    assert_int_equal(r->dst_va, MOCK_BASE + 0x10000);
    assert_int_equal(r->dst_pitch, 256);
    assert_int_equal(r->dst_x, 64);
    assert_int_equal(r->dst_y, 96);
    assert_int_equal(r->dst_format, COLORX_8_8_8_8);
    assert_true(r->dst_linear);
    assert_int_equal(r->write_mask, 15);
    assert_int_equal(m->draws, 0);
}

static void test_resolve_rectangle_comes_from_the_vertices(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 96);
    static const float v[9] = {-0.5f, 0.5f, 1, 0.5f, 0.5f, 1, -0.5f, -0.5f, 1};
    memcpy(m->data, v, sizeof(v));
    put_copy(&s);
    put_reg(&s, 0x200f, 96 << 16 | 64);
    put_reg(&s, 0x2082, 600 << 16 | 800);
    put_rect_draw(&s);
    run(m, &s);
    assert_int_equal(m->resolve.rect.x0, 16);
    assert_int_equal(m->resolve.rect.x1, 48);
    assert_int_equal(m->resolve.rect.y0, 24);
    assert_int_equal(m->resolve.rect.y1, 72);
    // vertices that can not be read: the whole scissor
    s.n = 0;
    put_t3(&s, 0x2d, 3);
    put(&s, 0x0001009c);
    put(&s, 0x02000003);
    put(&s, 36);
    put_rect_draw(&s);
    run(m, &s);
    assert_int_equal(m->resolve.rect.x1, 64);
}

// ---- clears
// -------------------------------------------------------------------------------------------------

// The driver's fast clear of `lines` lines; color and depth as the driver encodes words.
static void put_fast_clear(struct mock *m, struct stream *s, uint32_t lines, uint32_t color_base,
                           uint32_t depth_base, uint32_t color, uint32_t depth)
{
    put_rect_setup(m, s, 8192, 8192);
    put_reg(s, 0x2208, 4);
    put_reg(s, 0x2081, 0);
    put_reg(s, 0x2082, 0x3fff3fff);
    put_reg(s, 0x2200, 0x877f);
    put_reg(s, 0x2202, 0xc27);
    put_reg(s, 0x2205, 0x88240);
    put_reg(s, 0x2301, 3);
    put_reg(s, 0x2312, 0xffff);
    put_reg(s, 0x2104, 15);
    put_reg(s, 0x2201, 0);
    put_reg(s, 0x200f, lines << 16 | 32);
    put_reg(s, 0x2000, 0x8020);
    put_reg(s, 0x2001, color_base | 5);
    put_reg(s, 0x2002, depth_base | 1);
    put_t3(s, 0x2d, 5); // PS constant 0
    put(s, 0x480);
    for (unsigned i = 0; i < 4; i++) {
        put(s, f32_to_bits((float)(color >> (8 * i) & 0xff) * (1.0f / 255.0f)));
    }
    put_float(s, 0x2113, 0);
    put_float(s, 0x2114, (float)((double)(depth >> 8) * (1.0 / 0xffffff)));
    put_reg(s, 0x210c, 0xffff0000 | (depth & 0xff));
    put_reg(s, 0x210d, 0xffff0000 | (depth & 0xff));
}

static void test_fast_clear_becomes_two_fills(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_fast_clear(m, &s, 192, 0, 0x18000, 0xff4080bf, 0xffffff07);
    put_rect_draw(&s);
    run(m, &s);
    assert_int_equal(m->fills, 2);
    assert_int_equal(m->draws, 0);
    assert_int_equal(m->fill[0].base, 0);
    assert_int_equal(m->fill[0].bytes, 192 * 512);
    assert_int_equal(m->fill[0].value, 0xff4080bf);
    assert_int_equal(m->fill[1].base, 0x18000);
    assert_int_equal(m->fill[1].bytes, 192 * 512);
    assert_int_equal(m->fill[1].value, 0xffffff07);
}

static void test_fast_clear_of_one_word_is_one_fill(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_fast_clear(m, &s, 96, 0x8000, 0x8000 + 96 * 512, 0x12345678, 0x12345678);
    put_rect_draw(&s);
    run(m, &s);
    assert_int_equal(m->fills, 1);
    assert_int_equal(m->fill[0].base, 0x8000);
    assert_int_equal(m->fill[0].bytes, 2 * 96 * 512);
    assert_int_equal(m->fill[0].value, 0x12345678);
}

static void test_every_depth_word_survives(void **state)
{
    struct mock *m = *state;
    for (uint32_t z = 0; z < 0x1000000; z += 65793) {
        struct stream s = {.n = 0};
        put_fast_clear(m, &s, 8, 0, 0x18000, 0, z << 8 | (z & 0xff));
        put_rect_draw(&s);
        m->fills = 0;
        run(m, &s);
        uint32_t value = m->fills == 2 ? m->fill[1].value : m->fill[0].value;
        assert_int_equal(value, z << 8 | (z & 0xff));
    }
}

// Anything that differs from the driver's clear must be drawn.
static void test_near_misses_are_drawn(void **state)
{
    struct mock *m = *state;
    static const struct {
        uint32_t reg, value;
    } spoil[] = {
        {0x2104, 7},           // colour mask
        {0x2000, 0x0020},      // not multisampled
        {0x2001, 5 | 0x50000}, // outside GMEM
        {0x2001, 2},           // other format
        {0x2202, 0xc07},       // blending
        {0x2202, 0x627},       // xor
        {0x2200, 0x877e},      // no stencil
        {0x2200, 0x873f},      // z func
        {0x210d, 0xff7f0000},  // stencil mask
        {0x200e, 1},           // scissor does not begin at 0
        {0x200f, 192 << 16 | 31},
        {0x2082, 0x3fff0010}, // window scissor cuts
        {0x2113, 0x3f000000}, // depth not constant
        {0x2208, 5},          // depth only
        {0x2312, 1},          // sample mask
        {0x2205, 0x88242},    // culling
    };
    for (unsigned i = 0; i < ARRAY_LEN(spoil); i++) {
        struct stream s = {.n = 0};
        put_fast_clear(m, &s, 192, 0, 0x18000, 1, 2);
        put_reg(&s, 0x200e, 0);
        put_reg(&s, spoil[i].reg, spoil[i].value);
        put_rect_draw(&s);
        m->fills = m->draws = 0;
        run(m, &s);
        if (m->fills || m->draws != 1) {
            fail_msg("register 0x%04x = %x: %u fills, %u draws", spoil[i].reg, spoil[i].value,
                     m->fills, m->draws);
        }
    }
    // a program that reads an interpolator
    struct stream s = {.n = 0};
    uint32_t ps[6];
    memcpy(ps, solid_ps, sizeof(ps));
    ps[5] = 0xc2000000; // max r0, r0
    put_fast_clear(m, &s, 192, 0, 0x18000, 1, 2);
    put_program(&s, 1, ps, 6);
    put_rect_draw(&s);
    m->fills = m->draws = 0;
    run(m, &s);
    assert_int_equal(m->fills, 0);
    assert_int_equal(m->draws, 1);
}

static void test_a22x_clears_take_their_values_from_registers(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 96);
    put_reg(&s, 0x2208, 4);
    put_reg(&s, 0x2001, 5 | 1 << 9);
    put_reg(&s, 0x2002, 1);
    put_reg(&s, 0x2200, 0x877f);
    put_reg(&s, 0x2104, 15);
    put_reg(&s, 0x210d, 0xffff0000);
    put_reg(&s, 0x220b, 0x330000ff); // CLEAR_COLOR: red, alpha 0.2
    put_reg(&s, 0x2318, 0xf8);       // DEPTH_CLEAR_ENABLE, mask
    put_reg(&s, 0x231d, 0x80000042);
    put_reg(&s, 0x2209, 0x84);
    put_t3(&s, 0x22, 3);
    put(&s, 0);
    put(&s, 0x00000088);
    put(&s, 3);
    run(m, &s);
    assert_int_equal(m->draws, 1);
    assert_int_equal(m->draw.count, 3);
    assert_true(m->ps_alu0[0] == 1 && m->ps_alu0[1] == 0 && m->ps_alu0[3] == 0.2f);
    assert_int_equal(m->draw.ps_alu_count, 1);
    assert_true(m->state.vp_scale[2] == 0);
    assert_int_equal((int)(m->state.vp_offset[2] * 16777215.0f + 0.5f), 0x800000);
    assert_int_equal(m->state.stencil[0].ref, 0x42);
    // the same rectangle without the clear mode is an ordinary draw
    s.n = 0;
    put_reg(&s, 0x2209, 0);
    put_t3(&s, 0x22, 3);
    put(&s, 0);
    put(&s, 0x00000088);
    put(&s, 3);
    run(m, &s);
    assert_int_equal(m->draw.ps_alu_count, 224);
    assert_int_equal(m->state.stencil[0].ref, 0);
}

static void test_a22x_draws_count_in_their_own_dword(void **state)
{
    struct mock *m = *state;
    struct stream s = {.n = 0};
    put_rect_setup(m, &s, 64, 96);
    put_reg(&s, 0x2208, 4);
    put_t3(&s, 0x22, 5);
    put(&s, 0);
    put(&s, 0x00005004); // NOT_EOP, 16-bit indices
    put(&s, 70000);
    put(&s, MOCK_BASE + 0x400);
    put(&s, 140000);
    run(m, &s);
    assert_int_equal(m->draw.count, 70000);
    assert_int_equal(m->draw.index_size, 140000);
    s.n = 0;
    put_t3(&s, 0x22, 2);
    put(&s, 0);
    put(&s, 0x00030084);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_ERROR);
    s.n = 0;
    put_t3(&s, 0x34, 4);
    put(&s, 0);
    put(&s, 0x84);
    put(&s, 0);
    put(&s, 3);
    assert_int_equal(mock_run(m, s.dw, s.n), GPU_RUN_ERROR);
    assert_non_null(strstr(gpu_error(m->gpu), "CP_DRAW_INDX_BIN"));
}

static void test_without_a_backend_work_is_only_decoded(void **state)
{
    (void)state;
    struct mock *m = mock_create("a200", false);
    struct stream s = {.n = 0};
    put_fast_clear(m, &s, 192, 0, 0x18000, 1, 2);
    put_rect_draw(&s);
    put_copy(&s);
    put_rect_draw(&s);
    run(m, &s);
    struct gpu_counters c;
    gpu_counters(m->gpu, &c);
    assert_int_equal(c.fills, 2);
    assert_int_equal(c.resolves, 1);
    assert_int_equal(m->works, 3);
    mock_destroy(m);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define T22(name) cmocka_unit_test_setup_teardown(name, setup_a22x, teardown)
    const struct CMUnitTest tests[] = {
        T(test_state_fields),
        T(test_one_sided_stencil_is_copied_to_the_back),
        T(test_scissors_intersect),
        T(test_window_offset_moves_vertices_only_when_enabled),
        T(test_inclusive_corner_is_a_switch),
        T(test_memory_targets_are_told_from_gmem),
        T(test_indexed_draws),
        T(test_draws_with_indices_in_the_stream),
        T(test_draws_that_leave_no_trace_are_left_out),
        T(test_primitives_and_sources_that_do_not_exist_are_refused),
        T(test_copy_rectangles_become_resolves),
        T(test_resolve_rectangle_comes_from_the_vertices),
        T(test_fast_clear_becomes_two_fills),
        T(test_fast_clear_of_one_word_is_one_fill),
        T(test_every_depth_word_survives),
        T(test_near_misses_are_drawn),
        T22(test_a22x_clears_take_their_values_from_registers),
        T22(test_a22x_draws_count_in_their_own_dword),
        cmocka_unit_test(test_without_a_backend_work_is_only_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
