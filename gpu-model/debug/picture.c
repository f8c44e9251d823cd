// SPDX-License-Identifier: MIT
//
// On-chip memory, memory targets and textures as pictures.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/debug/priv.h"
#include "gpu-model/formats.h"

#define MAX_SIDE 4096u

static uint8_t to_byte(float f)
{
    return f > 0 ? f < 1 ? (uint8_t)lrintf(f * 255) : 255 : 0;
}

// Rows of a target: from on-chip memory whole, from guest memory pixel by pixel.
static bool read_pixel(const struct debug_place *p, const struct gpu_color_target *c,
                       unsigned bytes, uint32_t x, uint32_t y, uint8_t px[16])
{
    if (!c->in_gmem) {
        return p->mem->ops->read(p->mem, color_pixel_va(c->base, c->pitch, bytes, c->linear, x, y),
                                 px, bytes);
    }
    uint64_t at = c->base + ((uint64_t)y * c->pitch + x) * (c->samples ? c->samples : 1) * bytes;
    return at + bytes <= p->gmem_bytes && p->ctx->backend->ops->gmem_read(p->ctx, (uint32_t)at, px,
                                                                          bytes) == GPU_OK;
}

int debug_picture_target(const struct debug_place *p, bool depth, struct picture *pic,
                         struct err *err)
{
    const struct gpu_state *s = p->draw ? p->draw->state : NULL;
    struct gpu_color_target c;
    if (!s && !p->resolve) {
        return err_set(err, -EINVAL, "a fill has no target");
    }
    c = s ? s->color : p->resolve->src;
    const struct gpu_rect *r = s ? &s->scissor : &p->resolve->rect;
    if (depth) {
        if (!s || !c.in_gmem) {
            return err_set(err, -EINVAL, "no depth buffer here");
        }
        c.base = s->depth.base;
    }
    unsigned bytes = depth ? (s->depth.format == DEPTHX_16 ? 2 : 4) : color_format_bytes(c.format);
    uint32_t w = r->x1 > 0 ? (uint32_t)r->x1 : 0, h = r->y1 > 0 ? (uint32_t)r->y1 : 0;
    w = c.pitch && w > c.pitch ? c.pitch : w;
    if (!bytes || !w || !h || w > MAX_SIDE || h > MAX_SIDE) {
        return err_set(err, -EINVAL, "the target has no extent or no known format");
    }
    if (p->ctx->backend->ops->flush(p->ctx) == GPU_HOST_ERROR || picture_init(pic, w, h, err)) {
        return -ENOMEM;
    }
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            uint8_t px[16] = {0}, *out = pic->rgba + 4 * ((size_t)y * w + x);
            float rgba[4];
            bool there = read_pixel(p, &c, bytes, x, y, px);
            if (depth) {
                out[0] = out[1] = out[2] = px[bytes - 1]; // the uppermost eight bits
                out[3] = there ? 255 : 0;
                continue;
            }
            color_unpack(c.format, c.swap, px, rgba);
            for (int k = 0; k < 3; k++) {
                out[k] = to_byte(rgba[k]);
            }
            out[3] = there ? 255 : 0; // opaque: what is looked at is the colour
        }
    }
    return 0;
}

uint32_t debug_textures_used(const struct gpu_draw *draw)
{
    const struct shader *sh[2] = {draw->vs, draw->ps};
    uint32_t used = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct shader_info *info = sh[s] ? shader_info(sh[s]) : NULL;
        for (unsigned i = 0; info && i < info->tfetch_count; i++) {
            used |= 1u << (info->tfetch[i].constant & 31);
        }
    }
    return used;
}

int debug_picture_texture(const struct debug_place *p, unsigned constant, struct picture *pic,
                          struct err *err)
{
    struct texture t;
    if (!p->draw || constant > 31 || !texture_layout(&p->draw->fetch[6 * constant], &t)) {
        return err_set(err, -EINVAL, "texture %u has no known format", constant);
    }
    unsigned slices = t.dimension == TEX_CUBE ? 6 : 1;
    uint32_t w = t.level[0].width, h = t.level[0].height;
    if (!w || !h || w > MAX_SIDE || h > MAX_SIDE / slices) {
        return err_set(err, -EINVAL, "texture %u is too large for a picture", constant);
    }
    float *texels = malloc((size_t)w * h * 16);
    if (!texels || picture_init(pic, w, h * slices, err)) {
        free(texels);
        return -ENOMEM;
    }
    for (unsigned s = 0; s < slices; s++) {
        texture_decode_float(p->mem, &t, 0, s, true, texels, (size_t)w * 16);
        for (size_t i = 0; i < (size_t)w * h; i++) {
            for (int k = 0; k < 4; k++) {
                pic->rgba[4 * ((size_t)s * w * h + i) + (size_t)k] = to_byte(texels[4 * i + (size_t)k]);
            }
        }
    }
    free(texels);
    return 0;
}
