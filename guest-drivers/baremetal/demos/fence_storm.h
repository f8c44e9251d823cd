// SPDX-License-Identifier: MIT
//
// What the fence_storm demo draws: a square of cells, each by a submission of its own.
#ifndef BM_FENCE_STORM_H
#define BM_FENCE_STORM_H

#include <stdint.h>

enum { STORM_CELL = 8, STORM_CELLS = 32, STORM_SUBMISSIONS = STORM_CELLS * STORM_CELLS };

// Colour of the cell that submission i draws.
static inline uint32_t storm_color(uint32_t i)
{
    uint32_t x = i % STORM_CELLS, y = i / STORM_CELLS;
    return 0xff000000 | x * 8 << 16 | y * 8 << 8 | ((x ^ y) & 1 ? 0xc0 : 0x20);
}

#endif
