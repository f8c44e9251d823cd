// SPDX-License-Identifier: MIT
//
// Assembled programs (tools/shasm.c makes them from shaders/*.asm) and the textures and vertex
// buffers that they read.
#ifndef BM_SHADER_H
#define BM_SHADER_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu.h"
#include "pm4.h"

struct a2_shader {
    const uint32_t *words;
    uint16_t dwords;
    uint8_t temps;   // temporaries in use
    uint8_t exports; // VS: interpolators; PS: colours
    uint8_t misc;    // VS: point size is exported
};

// Loads a pair of programs and tells the sequencer what they need.
void a2_emit_programs(struct pm4 *p, const struct a2_shader *vs, const struct a2_shader *ps);

// Vertex buffer `slot` is fetch constant (20 + slot / 3, slot % 3) of the shaders.
void a2_emit_vertices(struct pm4 *p, unsigned slot, uint32_t va, uint32_t bytes);

// A linear texture: rows of `pitch` texels (a multiple of 32).
struct a2_texture {
    uint32_t va;
    uint16_t width, height, pitch;
    uint8_t format;     // A2_FMT_*
    uint8_t swizzle[4]; // where r, g, b, a come from: A2_SQ_TEX_X .. A2_SQ_TEX_ONE
    uint8_t filter;     // A2_SQ_TEX_FILTER_POINT or _BILINEAR
    uint8_t clamp;      // A2_SQ_TEX_WRAP, A2_SQ_TEX_CLAMP_LAST_TEXEL, ...
};
// Texture fetch constant `n`.
void a2_emit_texture(struct pm4 *p, unsigned n, const struct a2_texture *t);

#endif
