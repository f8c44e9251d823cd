// SPDX-License-Identifier: MIT
//
// Textures of one draw: fetch constants decoded once, guest memory found once, texels decoded by
// 4x4 tiles into a small cache that lives as long as the draw.
#ifndef HOST_BACKENDS_SOFT_TEXTURE_H
#define HOST_BACKENDS_SOFT_TEXTURE_H

#include "host-backends/soft/soft.h"

#define SOFT_TEXTURES 32
#define SOFT_TILES 1024 // cached tiles a worker

struct soft_texture {
    struct texture t;
    bool bound;                      // decoded for this draw
    bool fast_8888;                  // plain unsigned normalised bytes
    const uint8_t *host[TEX_LEVELS]; // start of the level in host memory, or NULL
    size_t have[TEX_LEVELS];         // bytes of it that are contiguous there
};

struct soft_tile {
    uint64_t key; // texture, level, slice and place; 0 is empty
    float texel[16][4];
};
struct soft_texcache {
    struct soft_tile tile[SOFT_TILES];
    uint32_t stamp; // part of the key: changing it empties the cache
};

// Decodes the constants that the draw's shaders use.
void soft_textures_bind(struct soft_context *ctx);

// One texture fetch instruction for all lanes; `pixel` says that lanes come in quads.
void soft_texture_fetch(struct soft_worker *w, const struct shader_tfetch *f, unsigned lanes,
                        uint32_t active, bool pixel, const float coord[3][SHADER_LANES],
                        const float *reg_lod, const float grad_h[3][SHADER_LANES],
                        const float grad_v[3][SHADER_LANES], float out[4][SHADER_LANES]);

// Texel of a level by clamped coordinates, swizzled. Valid until the next call.
const float *soft_texel(struct soft_worker *w, unsigned constant, unsigned level, unsigned slice,
                        uint32_t x, uint32_t y);

#endif
