// SPDX-License-Identifier: MIT
//
// How the a2xx' colour and depth formats look to GL: which internal format holds every value, and
// which transfer format gives back the very bytes that the a2xx keeps (gpu-model/formats.def has
// the field widths; fields go from the low bit up). Depth is Z24 << 8 | S8, GL's UNSIGNED_INT_24_8.
#include "host-backends/gl/gl.h"

#include "base/bits.h"

// clang-format off
static const struct gl_pixel table[PX_COUNT] = {
//  colour format                bytes fields reversed normalised internal  format  type
    [COLORX_4_4_4_4]           = { 2, 4, false, true,  GL_RGBA4,       GL_RGBA, GL_UNSIGNED_SHORT_4_4_4_4_REV},
    [COLORX_1_5_5_5]           = { 2, 4, false, true,  GL_RGB5_A1,     GL_RGBA, GL_UNSIGNED_SHORT_1_5_5_5_REV},
    [COLORX_5_6_5]             = { 2, 3, false, true,  GL_RGB565,      GL_RGB,  GL_UNSIGNED_SHORT_5_6_5_REV},
    [COLORX_8]                 = { 1, 1, false, true,  GL_R8,          GL_RED,  GL_UNSIGNED_BYTE},
    [COLORX_8_8]               = { 2, 2, false, true,  GL_RG8,         GL_RG,   GL_UNSIGNED_BYTE},
    [COLORX_8_8_8_8]           = { 4, 4, false, true,  GL_RGBA8,       GL_RGBA, GL_UNSIGNED_BYTE},
    [COLORX_S8_8_8_8]          = { 4, 4, false, false, GL_RGBA8_SNORM, GL_RGBA, GL_BYTE},
    [COLORX_16_FLOAT]          = { 2, 1, false, false, GL_R16F,        GL_RED,  GL_HALF_FLOAT},
    [COLORX_16_16_FLOAT]       = { 4, 2, false, false, GL_RG16F,       GL_RG,   GL_HALF_FLOAT},
    [COLORX_16_16_16_16_FLOAT] = { 8, 4, false, false, GL_RGBA16F,     GL_RGBA, GL_HALF_FLOAT},
    [COLORX_32_FLOAT]          = { 4, 1, false, false, GL_R32F,        GL_RED,  GL_FLOAT},
    [COLORX_32_32_FLOAT]       = { 8, 2, false, false, GL_RG32F,       GL_RG,   GL_FLOAT},
    [COLORX_32_32_32_32_FLOAT] = {16, 4, false, false, GL_RGBA32F,     GL_RGBA, GL_FLOAT},
    [COLORX_2_3_3]             = { 1, 3, true,  false, GL_RGB8,        GL_RGB,  GL_UNSIGNED_BYTE_3_3_2},
    [COLORX_8_8_8]             = { 3, 3, false, false, GL_RGB8,        GL_RGB,  GL_UNSIGNED_BYTE},
    [PX_D16]   = {2, 0, false, true, GL_DEPTH_COMPONENT16, GL_DEPTH_COMPONENT, GL_UNSIGNED_SHORT},
    [PX_D24S8] = {4, 0, false, true, GL_DEPTH24_STENCIL8, GL_DEPTH_STENCIL, GL_UNSIGNED_INT_24_8},
};
// clang-format on

const struct gl_pixel *gl_pixel(unsigned px)
{
    return px < ARRAY_LEN(table) && table[px].internal ? &table[px] : NULL;
}

void gl_pixel_route(unsigned px, unsigned swap, uint8_t route[4])
{
    const struct gl_pixel *p = gl_pixel(px);
    unsigned n = p ? p->fields : 4;
    for (unsigned i = 0; i < 4; i++) {
        unsigned field = i;
        if (i < n) {
            field = p && p->reversed ? n - 1 - i : i;
            if (n > 1 && (swap & 2)) {
                field = n - 1 - field;
            }
            if (n > 2 && (swap & 1) && field != 1 && field != 3) {
                field = 2 - field;
            }
        }
        route[i] = (uint8_t)field;
    }
}
