// SPDX-License-Identifier: MIT
//
// A picture of two halves, to see whether the GPU still draws.
#ifndef BM_HALVES_H
#define BM_HALVES_H

#include "demo.h"

static inline uint32_t halves_submit(struct demo_run *run, struct a2_frame *frame,
                                     const struct a2_surface *target, const uint32_t color[2])
{
    int32_t half = (int32_t)target->width / 2, height = (int32_t)target->height;
    (void)run;
    a2_frame_begin(frame, &(struct a2_frame_config){.target = target});
    a2_frame_clear(frame, color[0], 1);
    a2_frame_fill(frame, &(struct a2_rect){half, 0, half, height}, color[1]);
    return a2_frame_end(frame);
}

static inline void halves_draw(struct demo_run *run, struct a2_frame *frame,
                               const uint32_t color[2])
{
    demo_finish(run, halves_submit(run, frame, &run->screen, color));
    demo_check_pixel(run, &run->screen, run->screen.width / 4, 100, color[0] & 0xffffff);
    demo_check_pixel(run, &run->screen, run->screen.width * 3 / 4, 300, color[1] & 0xffffff);
}

#endif
