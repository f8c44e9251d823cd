// SPDX-License-Identifier: MIT
//
// What the triangle demo draws, as data.
#ifndef BM_TRIANGLE_H
#define BM_TRIANGLE_H

#include <stdint.h>

enum { TRIANGLE_WIDTH = 800, TRIANGLE_HEIGHT = 480 };

struct color_vertex { // what color.vs reads
    float position[3];
    uint8_t color[4];
};

static const uint32_t triangle_background = 0xff101820;
static const struct color_vertex triangle_vertices[3] = {
    {{0.0f, 0.8f, 0}, {255, 0, 0, 255}},
    {{-0.7f, -0.75f, 0}, {0, 255, 0, 255}},
    {{0.7f, -0.75f, 0}, {0, 0, 255, 255}},
};

#endif
