// SPDX-License-Identifier: MIT
//
// Clears: the fast clear of a whole picture, rectangles over it, and a second frame that starts
// from the first one's pixels.
#include "clear.h"
#include "demo.h"

static void run(struct demo_run *run)
{
    const struct clear_scene *sc = &clear_scene;
    struct a2_frame frame;
    if (!a2_frame_create(run->gpu, &frame, 4096)) {
        demo_check(run, false, "no memory");
        return;
    }
    a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen, .depth = true});
    a2_frame_clear(&frame, sc->background, 1);
    for (unsigned i = 0; i < CLEAR_RECTS; i++) {
        if (i == CLEAR_SECOND_FRAME) { // from memory back into the chip, and on
            demo_finish(run, a2_frame_end(&frame));
            a2_frame_begin(&frame, &(struct a2_frame_config){.target = &run->screen, .load = true});
        }
        a2_frame_fill(
            &frame,
            &(struct a2_rect){sc->rects[i].x, sc->rects[i].y, sc->rects[i].w, sc->rects[i].h},
            sc->rects[i].argb);
    }
    demo_finish(run, a2_frame_end(&frame));
    demo_check_pixel(run, &run->screen, 1, 1, sc->background & 0xffffff);
    demo_check_pixel(run, &run->screen, 799, 470, sc->background & 0xffffff);
    for (unsigned i = 0; i < CLEAR_RECTS; i++) { // no later one covers this corner
        demo_check_pixel(run, &run->screen, (uint32_t)sc->rects[i].x, (uint32_t)sc->rects[i].y,
                         sc->rects[i].argb & 0xffffff);
    }
}

const struct demo demo_clear = {"clear", CLEAR_WIDTH, CLEAR_HEIGHT, run};
