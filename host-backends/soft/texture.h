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

// Decodes a tile into its place in the cache.
void soft_tile_load(struct soft_worker *w, struct soft_tile *tile, unsigned constant,
                    unsigned level, unsigned slice, uint32_t tx, uint32_t ty);

// The 16 texels of tile (tx, ty), swizzled, in rows of four. Those past the level's border are not
// defined. Valid until the next call.
static inline const float (*soft_tile(struct soft_worker *w, unsigned constant, unsigned level,
                                      unsigned slice, uint32_t tx, uint32_t ty))[4]
{
    struct soft_texcache *cache = w->cache;
    uint64_t key = (uint64_t)cache->stamp << 56 | (uint64_t)constant << 51 | (uint64_t)level << 47 |
                   (uint64_t)(slice & 0x7fff) << 32 | (uint32_t)((ty << 16) + tx);
    uint32_t h = (tx & 31) ^ (ty & 31) << 5 ^ (level * 0x155 + constant * 0x2ab + slice * 0x99);
    struct soft_tile *tile = &cache->tile[h % SOFT_TILES];
    if (__builtin_expect(tile->key != key, 0)) {
        tile->key = key;
        soft_tile_load(w, tile, constant, level, slice, tx, ty);
    }
    return (const float(*)[4])tile->texel;
}

#endif
