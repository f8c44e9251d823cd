// SPDX-License-Identifier: MIT
//
// What the texcube demo draws, as data: a cube from -1 to 1 seen by a camera that looks along -z.
#ifndef BM_TEXCUBE_H
#define BM_TEXCUBE_H

#include <stdint.h>

enum { TEXCUBE_WIDTH = 800, TEXCUBE_HEIGHT = 480, TEXCUBE_FRAMES = 6, TEXCUBE_TEXELS = 64 };

#define TEXCUBE_DISTANCE 4.2f    // camera to centre
#define TEXCUBE_HALF_HEIGHT 0.5f // of the picture at distance 1
#define TEXCUBE_NEAR 1.0f
#define TEXCUBE_FAR 10.0f

// Rotation in radians about y, then x, in frame `i`.
static inline float texcube_yaw(unsigned i)
{
    return 0.4f + 0.15f * (float)i;
}
static inline float texcube_pitch(unsigned i)
{
    return 0.3f + 0.1f * (float)i;
}

static const uint32_t texcube_background = 0xff182838;

// Light of the faces -x +x -y +y -z +z.
static const uint8_t texcube_light[6][3] = {{255, 160, 140}, {255, 230, 140}, {140, 255, 150},
                                            {150, 220, 255}, {200, 160, 255}, {255, 255, 255}};

// The texture: 8x8 fields, alternately a ramp and its complement.
static inline void texcube_texel(unsigned x, unsigned y, uint8_t rgb[3])
{
    uint8_t r = (uint8_t)(x * 4), g = (uint8_t)(y * 4), b = (uint8_t)(255 - x * 2 - y * 2);
    int odd = (x >> 3 ^ y >> 3) & 1;
    rgb[0] = odd ? (uint8_t)(255 - r) : r;
    rgb[1] = odd ? (uint8_t)(255 - g) : g;
    rgb[2] = odd ? (uint8_t)(255 - b) : b;
}

#endif
