// SPDX-License-Identifier: MIT
//
// Clears by rectangle. On a20x the driver clears a whole tile with one 4x multisampled rectangle
// that writes colour and depth as raw 32-bit words: recognised, it is a fill of two ranges of
// on-chip memory. On a22x colour, depth and stencil values stand in registers instead of constants
// and the viewport; such a draw is rewritten so that backends need not know. Anything that does not
// match in every respect is an ordinary draw.
#include "base/bits.h"
#include "base/checked.h"
#include "gpu-model/formats.h"
#include "gpu-model/internal.h"

enum { FUNC_ALWAYS = 7, STENCIL_REPLACE = 2, ROP_COPY = 12 };

#define A22X_CLEAR_MODE 0x84 // A220_RB_LRZ_VSC_CONTROL while the driver clears

static bool whole_words(const struct gpu_state *st)
{
    const struct gpu_stencil_face *s = &st->stencil[0];
    return st->mode == 4 && st->color.in_gmem && st->color.samples == 4 &&
           st->color.format == COLORX_8_8_8_8 && st->depth.format == DEPTHX_24_8 && !st->blend &&
           !st->alpha_test && st->rop == ROP_COPY && !st->dither_mode && st->color_mask == 15 &&
           (st->aa_mask & 15) == 15 && st->z_enable && st->z_write && st->z_func == FUNC_ALWAYS &&
           st->stencil_enable && !st->stencil_two_sided && s->func == FUNC_ALWAYS &&
           s->zpass == STENCIL_REPLACE && s->write_mask == 0xff && !st->poly_mode &&
           !st->cull_front && !st->cull_back;
}

unsigned clear_recognise(struct gpu *gpu, const struct gpu_draw *d, struct gpu_fill fills[2])
{
    const struct gpu_state *st = d->state;
    const struct gpu_rect *sc = &st->scissor;
    struct gpu_rect rect;
    float rgba[4];
    uint8_t px[4];

    if (!gpu->profile->a20x || d->indexed || d->count != 3 || !whole_words(st) ||
        st->vp_scale[2] != 0 || sc->x0 != 0 || sc->y0 != 0 || sc->x1 != (int32_t)st->color.pitch) {
        return 0;
    }
    uint64_t bytes = (uint64_t)st->color.pitch * (uint64_t)sc->y1 * 4 * 4;
    uint32_t gmem = gpu->profile->gmem_bytes;
    if (!bytes || !range_ok(st->color.base, bytes, gmem) ||
        !range_ok(st->depth.base, bytes, gmem)) {
        return 0;
    }
    if (!rect_from_draw(gpu, d, &rect) || rect.x0 != sc->x0 || rect.y0 != sc->y0 ||
        rect.x1 != sc->x1 || rect.y1 != sc->y1 || !rect_constant_color(gpu, d, rgba)) {
        return 0;
    }
    color_pack(COLORX_8_8_8_8, st->color.swap, rgba, px);
    uint32_t color = get_le32(px);
    uint32_t depth = depth_quantise(DEPTHX_24_8, st->vp_offset[2]) << 8 | st->stencil[0].ref;
    fills[0] = (struct gpu_fill){st->color.base, (uint32_t)bytes, color};
    fills[1] = (struct gpu_fill){st->depth.base, (uint32_t)bytes, depth};
    if (color == depth && fills[1].base == fills[0].base + fills[0].bytes) {
        fills[0].bytes *= 2;
        return 1;
    }
    return 2;
}

bool clear_a22x(struct gpu *gpu, struct gpu_draw *d, struct gpu_state *st, float color[4])
{
    uint32_t word = gpu->regs[REG_CLEAR_COLOR], control = gpu->regs[REG_RB_COPY_CONTROL];
    uint32_t depth = gpu->regs[REG_RB_DEPTH_CLEAR];

    if (gpu->profile->a20x || gpu->regs[REG_A220_RB_LRZ_VSC_CONTROL] != A22X_CLEAR_MODE) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        color[i] = (float)(word >> (8 * i) & 0xff) / 255;
    }
    d->ps = gpu->clear_ps;
    d->ps_alu = (const float(*)[4])(const void *)color;
    d->ps_alu_count = 1;
    *st = *d->state;
    if (bit(control, 3)) { // DEPTH_CLEAR_ENABLE
        bool d16 = st->depth.format == DEPTHX_16;
        st->vp_scale[2] = 0;
        st->vp_offset[2] = (float)(d16 ? (depth >> 16) / 65535.0 : (depth >> 8) / 16777215.0);
        st->stencil[0].ref = st->stencil[1].ref = (uint8_t)depth;
    }
    d->state = st;
    return true;
}
