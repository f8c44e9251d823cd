// SPDX-License-Identifier: MIT
//
// The texel cache of the software rasteriser: 4x4 tiles of decoded, swizzled texels, direct mapped.
// It holds nothing across draws, so that guest writes need no tracking.

#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "host-backends/soft/texture.h"

static void bind(struct soft_context *ctx, unsigned constant)
{
    struct gpu_mem *mem = ctx->mem;
    struct soft_texture *s = &ctx->tex[constant];
    if (s->bound) {
        return;
    }
    s->bound = true;
    texture_layout(ctx->pipe.draw->fetch + 6 * constant, &s->t);
    const struct texture *t = &s->t;
    s->fast_8888 = t->info && t->info->number == FMT_8_8_8_8 && !t->num.integer &&
                   !t->num.exp_adjust && !t->endian;
    for (unsigned c = 0; c < 4; c++) {
        s->fast_8888 = s->fast_8888 && t->num.sign[c] == TEX_UNSIGNED;
    }
    memset(s->host, 0, sizeof(s->host));
    for (unsigned l = 0; t->info && l <= t->max_level && l < TEX_LEVELS; l++) {
        s->have[l] = 0;
        s->host[l] = mem->ops->span(mem, t->level[l].va, t->level[l].bytes, &s->have[l]);
    }
}

void soft_textures_bind(struct soft_context *ctx)
{
    const struct shader_info *info[2] = {ctx->pipe.vi, ctx->pipe.pi};
    for (unsigned i = 0; i < SOFT_TEXTURES; i++) {
        ctx->tex[i].bound = false;
    }
    for (unsigned s = 0; s < 2; s++) {
        for (unsigned i = 0; info[s] && i < info[s]->tfetch_count; i++) {
            bind(ctx, info[s]->tfetch[i].constant % SOFT_TEXTURES);
        }
    }
    for (unsigned i = 0; i < ctx->worker_count; i++) {
        struct soft_texcache *cache = ctx->workers[i]->cache;
        cache->stamp = (cache->stamp + 1) & 0xff;
        if (cache->stamp == 0) {
            memset(cache, 0, sizeof(*cache));
            cache->stamp = 1;
        }
    }
}

static void swizzle_8888(const struct texture *t, const uint8_t *p, float out[4])
{
    float v[6] = {(float)p[0] / 255.0f,
                  (float)p[1] / 255.0f,
                  (float)p[2] / 255.0f,
                  (float)p[3] / 255.0f,
                  0.0f,
                  1.0f};
    for (unsigned c = 0; c < 4; c++) {
        out[c] = v[t->swizzle[c] < 6 ? t->swizzle[c] : 4];
    }
}

static void read_texel(struct soft_context *ctx, const struct soft_texture *s, unsigned level,
                       unsigned slice, uint32_t x, uint32_t y, float out[4])
{
    const struct texture *t = &s->t;
    const struct format_info *f = t->info;
    const struct texture_level *lv = &t->level[level];
    uint32_t bx = x / f->block_w, by = y / f->block_h;
    uint32_t va = texture_block_va(t, level, slice, bx, by);
    uint32_t off = va - lv->va;
    uint8_t block[16] = {0};
    const uint8_t *p = block;
    if (s->host[level] && range_ok(off, f->block_bytes, s->have[level])) {
        p = s->host[level] + off;
    } else {
        soft_mem_lock(ctx);
        ctx->mem->ops->read(ctx->mem, va, block, f->block_bytes);
        soft_mem_unlock(ctx);
    }
    if (s->fast_8888) {
        swizzle_8888(t, p, out);
        return;
    }
    if (t->endian) {
        if (p != block) {
            memcpy(block, p, f->block_bytes);
            p = block;
        }
        endian_swap(block, f->block_bytes, t->endian);
    }
    format_decode(f, p, x % f->block_w, y % f->block_h, &t->num, out);
    texture_swizzle(t, out, out);
}

void soft_tile_load(struct soft_worker *w, struct soft_tile *tile, unsigned constant,
                    unsigned level, unsigned slice, uint32_t tx, uint32_t ty)
{
    const struct soft_texture *s = &w->ctx->tex[constant];
    const struct texture_level *lv = &s->t.level[level];
    for (uint32_t j = 0; j < 4; j++) {
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t x = tx * 4 + i, y = ty * 4 + j;
            if (x < lv->width && y < lv->height) {
                read_texel(w->ctx, s, level, slice, x, y, tile->texel[4 * j + i]);
            }
        }
    }
}
