// SPDX-License-Identifier: MIT
//
// What the blend demo draws, as data: a column of each blend equation over a background of stripes.
// Factors and operations are the hardware's numbers, by name where this is included with them.
#ifndef BM_BLEND_H
#define BM_BLEND_H

#include <stdint.h>

enum { BLEND_WIDTH = 800, BLEND_HEIGHT = 480, BLEND_STRIPES = 6, BLEND_COLUMNS = 9 };
enum { BLEND_STRIPE_HEIGHT = BLEND_HEIGHT / BLEND_STRIPES, BLEND_COLUMN_WIDTH = 80 };
enum { BLEND_CONSTANT_ALPHA = 64 };

// What a column does with source s and destination d, both with alpha, in [0, 1].
enum blend_kind {
    BLEND_OVER,     // s * sa + d * (1 - sa)
    BLEND_ADD,      // s + d
    BLEND_MULTIPLY, // s * d
    BLEND_SCREEN,   // s + d * (1 - s)
    BLEND_SUBTRACT, // s - d
    BLEND_REVERSE,  // d - s
    BLEND_MIN,
    BLEND_MAX,
    BLEND_CONSTANT, // s * k + d * (1 - k), green not written
};

static const uint32_t blend_stripes[BLEND_STRIPES] = {0xff000000, 0xffffffff, 0xffc04020,
                                                      0x8020a040, 0x403050d0, 0xff808080};
static const uint8_t blend_source[4] = {200, 120, 40, 128}; // r, g, b, a

// Left edge of column i.
static inline int32_t blend_column_x(int32_t i)
{
    return 16 + i * 86;
}

#endif
