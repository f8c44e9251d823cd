// SPDX-License-Identifier: MIT
//
// What the bins demo draws, as data: triangles that pierce each other, over a picture whose size is
// a multiple of nothing. Corners lie on sixteenths of a pixel, where the chip's vertex snapping
// leaves them.
#ifndef BM_BINS_H
#define BM_BINS_H

#include <stdint.h>

enum { BINS_WIDTH = 333, BINS_HEIGHT = 217, BINS_TRIANGLES = 120, BINS_GMEM_BYTES = 64 * 1024 };
enum { BINS_SEED = 53 };

static const uint32_t bins_background = 0xff30303c;

struct bins_corner {
    int32_t x, y; // sixteenths of a pixel, y downwards; some lie outside the picture
    int32_t z;    // 0..1000, nearer is less
    uint8_t rgb[3];
};

// Triangles come from a sequence that everybody can repeat.
static inline uint32_t bins_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline void bins_triangle(uint32_t *state, struct bins_corner corner[3])
{
    int32_t cx = (int32_t)(bins_random(state) % (BINS_WIDTH * 16));
    int32_t cy = (int32_t)(bins_random(state) % (BINS_HEIGHT * 16));
    for (int i = 0; i < 3; i++) {
        corner[i].x = cx + (int32_t)(bins_random(state) % 1280) - 640;
        corner[i].y = cy + (int32_t)(bins_random(state) % 1280) - 640;
        corner[i].z = (int32_t)(bins_random(state) % 1001);
        for (int k = 0; k < 3; k++) {
            corner[i].rgb[k] = (uint8_t)bins_random(state);
        }
    }
}

#endif
