// SPDX-License-Identifier: MIT
//
// Fixed-function state of a draw, as a struct that a demo fills from defaults and emits.
#ifndef BM_STATE_H
#define BM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "pm4.h"

struct a2_rect {
    int32_t x, y, w, h; // pixels of the surface, y downwards
};

struct a2_state {
    struct a2_rect viewport; // clip space -1..1 maps here, +y upwards
    float z_near, z_far;     // depth at clip z = -w and +w
    struct a2_rect scissor;
    bool depth_test, depth_write;
    uint8_t depth_func; // A2_FUNC_*
    bool cull_front, cull_back, front_clockwise;
    bool blend;
    uint8_t src, dst, op; // A2_FACTOR_*, A2_BLEND2_*
    uint8_t src_alpha, dst_alpha, op_alpha;
    uint8_t blend_color[4];
    uint8_t color_mask; // bit 0 red .. bit 3 alpha
    bool bin_offset;    // pixels are the surface's; false: the bin's own (clears, resolves)
};

// Everything off, all of a surface of that size.
void a2_state_init(struct a2_state *s, uint32_t width, uint32_t height);
void a2_emit_state(struct pm4 *p, const struct a2_state *s);
// Just the viewport: a rectangle -1..1 covers exactly `r`, at one depth when near and far are
// equal.
void a2_emit_viewport(struct pm4 *p, const struct a2_rect *r, float z_near, float z_far);

#endif
