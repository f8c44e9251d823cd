// SPDX-License-Identifier: MIT
//
// Every blend equation, some with a colour mask or a constant. The background is a frame of its
// own: the second frame loads it into the chip.
#include "blend.h"
#include "demo.h"

struct equation {
    uint8_t src, op, dst, mask;
};

static const struct equation equations[BLEND_COLUMNS] = {
    [BLEND_OVER] = {A2_FACTOR_SRC_ALPHA, A2_BLEND2_DST_PLUS_SRC, A2_FACTOR_ONE_MINUS_SRC_ALPHA, 15},
    [BLEND_ADD] = {A2_FACTOR_ONE, A2_BLEND2_DST_PLUS_SRC, A2_FACTOR_ONE, 15},
    [BLEND_MULTIPLY] = {A2_FACTOR_DST_COLOR, A2_BLEND2_DST_PLUS_SRC, A2_FACTOR_ZERO, 15},
    [BLEND_SCREEN] = {A2_FACTOR_ONE, A2_BLEND2_DST_PLUS_SRC, A2_FACTOR_ONE_MINUS_SRC_COLOR, 15},
    [BLEND_SUBTRACT] = {A2_FACTOR_ONE, A2_BLEND2_SRC_MINUS_DST, A2_FACTOR_ONE, 15},
    [BLEND_REVERSE] = {A2_FACTOR_ONE, A2_BLEND2_DST_MINUS_SRC, A2_FACTOR_ONE, 15},
    [BLEND_MIN] = {A2_FACTOR_ONE, A2_BLEND2_MIN_DST_SRC, A2_FACTOR_ONE, 15},
    [BLEND_MAX] = {A2_FACTOR_ONE, A2_BLEND2_MAX_DST_SRC, A2_FACTOR_ONE, 15},
    [BLEND_CONSTANT] = {A2_FACTOR_CONSTANT_ALPHA, A2_BLEND2_DST_PLUS_SRC,
                        A2_FACTOR_ONE_MINUS_CONSTANT_ALPHA, 13},
};

static void draw_column(struct demo_run *run, struct a2_frame *frame, unsigned i)
{
    const struct equation *eq = &equations[i];
    const float color[4] = {(float)blend_source[0] / 255, (float)blend_source[1] / 255,
                            (float)blend_source[2] / 255, (float)blend_source[3] / 255};
    struct a2_state s;
    a2_state_init(&s, run->screen.width, run->screen.height);
    s.viewport = (struct a2_rect){blend_column_x((int32_t)i), 20, BLEND_COLUMN_WIDTH, 440};
    s.blend = true;
    s.src = s.src_alpha = eq->src;
    s.dst = s.dst_alpha = eq->dst;
    s.op = s.op_alpha = eq->op;
    s.color_mask = eq->mask;
    s.blend_color[3] = BLEND_CONSTANT_ALPHA;
    a2_emit_state(&frame->draw, &s);
    pm4_constants(&frame->draw, A2_STAGE_PS, 0, color, 1);
    a2_frame_draw(frame, A2_DI_PT_TRISTRIP, 4);
}

static void run(struct demo_run *run)
{
    static const float strip[12] = {-1, 1, 0, 1, 1, 0, -1, -1, 0, 1, -1, 0};
    struct a2_bo vertices = demo_data(run, strip, sizeof strip);
    struct a2_frame frame;

    if (!a2_frame_create(run->gpu, &frame, 4096)) {
        demo_check(run, false, "no memory");
        return;
    }
    a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen});
    for (int32_t i = 0; i < BLEND_STRIPES; i++) {
        const struct a2_rect r = {0, i * BLEND_STRIPE_HEIGHT, BLEND_WIDTH, BLEND_STRIPE_HEIGHT};
        a2_frame_fill(&frame, &r, blend_stripes[i]);
    }
    demo_finish(run, a2_frame_end(&frame));

    a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen, .load = true});
    a2_emit_programs(&frame.draw, &solid_vs, &solid_ps);
    a2_emit_vertices(&frame.draw, 0, vertices.va, sizeof strip);
    for (unsigned i = 0; i < BLEND_COLUMNS; i++) {
        draw_column(run, &frame, i);
    }
    demo_finish(run, a2_frame_end(&frame));
    demo_check_pixel(run, &run->screen, 5, 45, 0x000000); // between columns
    demo_check_pixel(run, &run->screen, 5, 120, 0xffffff);
    demo_check_pixel(run, &run->screen, 20, 45, 0x643c14);   // over black: half of the source
    demo_check_pixel(run, &run->screen, 110, 120, 0xffffff); // white and more is white
}

const struct demo demo_blend = {"blend", BLEND_WIDTH, BLEND_HEIGHT, run};
