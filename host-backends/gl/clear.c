// SPDX-License-Identifier: MIT
//
// Clears by draw: where the driver's fast clear does not apply (a22x, depth without stencil) it
// clears with a rectangle over the whole tile, tests off, one colour, one depth, and the window
// offset off. Recognised, it is a clear of whatever the tile is drawn to, and begins a pass as well
// as a fill does.
#include "host-backends/gl/probe.h"

#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

enum { FUNC_ALWAYS = 7, STENCIL_REPLACE = 2, ROP_COPY = 12 };

// Depth and stencil: what is set, what is left. False when the draw tests something.
static bool depth_fits(const struct gpu_state *st, struct gl_clear *c)
{
    if (st->z_enable && st->z_func != FUNC_ALWAYS) {
        return false;
    }
    c->depth = st->z_enable && st->z_write;
    if (st->stencil_enable && st->depth.format == DEPTHX_24_8) {
        const struct gpu_stencil_face *s = &st->stencil[0];
        if (st->stencil_two_sided || s->func != FUNC_ALWAYS ||
            (s->write_mask && (s->zpass != STENCIL_REPLACE || s->write_mask != 0xff))) {
            return false;
        }
        c->stencil = s->write_mask != 0;
    }
    return true;
}

static bool color_fits(const struct gpu_state *st, const struct gpu_draw *d, struct gl_clear *c)
{
    const struct gl_pixel *p = gl_pixel(st->color.format);
    unsigned mask = st->mode == 4 ? st->color_mask & 15 : 0;
    c->color = mask != 0;
    if (!c->color) {
        return true;
    }
    return mask == 15 && d->ps && p && p->normalised && p->bytes <= 4 && st->color.in_gmem &&
           !st->blend && !st->alpha_test && st->rop == ROP_COPY &&
           (!st->dither_mode || st->color.format == COLORX_8_8_8_8);
}

static bool programs_fit(const struct gpu_draw *d)
{
    const struct shader_info *vi = shader_info(d->vs), *pi = d->ps ? shader_info(d->ps) : NULL;
    return !vi->tfetch_count && !vi->uses_loops && !vi->memexport && vi->vfetch_count <= 3 &&
           (!pi || (!pi->tfetch_count && !pi->kills && !pi->exports_depth && !pi->uses_loops &&
                    !pi->memexport && pi->alu_count <= 4));
}

bool gl_clear_recognise(struct gl_context *ctx, const struct gpu_draw *d, struct gl_clear *c)
{
    const struct gpu_state *st = d->state;
    struct gl_rect_probe p;

    memset(c, 0, sizeof *c);
    if (st->mode == 6 || st->color.samples != 1 || st->param_gen || !depth_fits(st, c) ||
        !color_fits(st, d, c) || (!c->color && !c->depth && !c->stencil) || !programs_fit(d) ||
        !gl_probe_rect(ctx, d, &p) || (c->color && !p.constant) || p.z[0] != p.z[1] ||
        p.z[0] != p.z[2] || gl_rect_empty(&p.rect) || p.rect.x0 != st->scissor.x0 ||
        p.rect.y0 != st->scissor.y0 || p.rect.x1 != st->scissor.x1 || p.rect.y1 != st->scissor.y1) {
        return false;
    }
    uint8_t px[16] = {0};
    color_pack(st->color.format, st->color.swap, p.color, px);
    c->rect = p.rect;
    c->base = st->color.base;
    c->pitch = st->color.pitch;
    c->px = st->color.format;
    c->value = get_le32(px);
    c->depth_base = st->depth.base;
    c->depth_px = st->depth.format == DEPTHX_16 ? PX_D16 : PX_D24S8;
    c->depth_value = depth_quantise(st->depth.format, p.z[0]);
    if (st->depth.format != DEPTHX_16) {
        c->depth_value = c->depth_value << 8 | (c->stencil ? st->stencil[0].ref : 0u);
    }
    return true;
}

void gl_clear_images(struct gl_context *ctx, const struct gl_clear *c, const struct gpu_rect *rect,
                     const struct gl_image *color, const struct gl_image *depth)
{
    if (c->color && color) {
        gl_image_clear(ctx->be, color, rect, c->value);
    }
    if ((c->depth || c->stencil) && depth) {
        gl_image_clear_depth(ctx->be, depth, rect, c->depth_value, c->depth, c->stencil);
    }
}

// The part of a tile that a view can hold.
static struct gpu_rect cut_to(const struct gl_view *v, struct gpu_rect r)
{
    return gl_rect_cut(r, (struct gpu_rect){0, 0, (int32_t)v->pitch, (int32_t)v->rows});
}

enum gpu_result gl_clear_direct(struct gl_context *ctx, const struct gl_clear *c)
{
    uint32_t rows = (uint32_t)c->rect.y1, end = ctx->gmem_bytes;
    bool zs = c->depth || c->stencil;
    struct gpu_rect r;

    if (c->color) {
        uint32_t limit = zs && c->depth_base > c->base ? c->depth_base : end;
        struct gl_view_want want = {c->base, c->pitch, rows, limit, c->px, 1};
        struct gl_view *v = gl_gmem_view(ctx, &want, true);
        if (!v) {
            return GPU_BAD_STATE;
        }
        r = cut_to(v, c->rect);
        gl_clear_images(ctx, c, &r, &v->img, NULL);
    }
    if (zs) {
        uint32_t limit = c->color && c->base > c->depth_base ? c->base : end;
        struct gl_view_want want = {c->depth_base, c->pitch, rows, limit, c->depth_px, 1};
        struct gl_view *v = gl_gmem_view(ctx, &want, true);
        if (!v) {
            return GPU_BAD_STATE;
        }
        r = cut_to(v, c->rect);
        gl_clear_images(ctx, c, &r, NULL, &v->img);
    }
    return GPU_OK;
}
