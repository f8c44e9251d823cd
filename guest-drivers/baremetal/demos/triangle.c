// SPDX-License-Identifier: MIT
//
// One triangle with a colour at each corner.
#include "triangle.h"
#include "demo.h"

static void run(struct demo_run *run)
{
    struct a2_bo vertices = demo_data(run, triangle_vertices, sizeof triangle_vertices);
    struct a2_frame frame;
    struct a2_state state;

    if (!a2_frame_create(run->gpu, &frame, 1024)) {
        demo_check(run, false, "no memory");
        return;
    }
    a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen});
    a2_frame_clear(&frame, triangle_background, 1);
    a2_state_init(&state, run->screen.width, run->screen.height);
    a2_emit_state(&frame.draw, &state);
    a2_emit_programs(&frame.draw, &color_vs, &color_ps);
    a2_emit_vertices(&frame.draw, 0, vertices.va, sizeof triangle_vertices);
    a2_frame_draw(&frame, A2_DI_PT_TRILIST, 3);
    demo_finish(run, a2_frame_end(&frame));

    demo_check_pixel(run, &run->screen, 2, 2, triangle_background & 0xffffff);
    demo_check_pixel(run, &run->screen, 797, 477, triangle_background & 0xffffff);
    // half way down the middle: half red, the rest green and blue alike
    uint32_t p = a2_surface_pixel(&run->screen, 400, 234);
    demo_check(run, (p >> 16) - 128 + 6 <= 12 && (p >> 8 & 255) - (p & 255) + 4 <= 8,
               "the colours in the middle");
}

const struct demo demo_triangle = {"triangle", TRIANGLE_WIDTH, TRIANGLE_HEIGHT, run};
