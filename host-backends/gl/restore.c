// SPDX-License-Identifier: MIT
//
// Restores: before a batch that does not clear, the driver copies a surface from memory into
// on-chip memory, tile by tile, with a textured rectangle (depth too, through the colour path). As
// a draw that would tie every tile to its own vertices and its own texels; recognised, it is a copy
// of raw pixels. Only a rectangle that puts texel (x + a, y + b) unchanged into pixel (x, y)
// counts, which probe.c finds out.
#include "host-backends/gl/probe.h"

#include <math.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

enum { OP_TFETCH = 1 };

// The colour format whose pixels are this surface format's texels; -1 when there is none.
static int color_of(unsigned surface_format)
{
    static const struct {
        uint8_t surface, color;
    } pairs[] = {
        {FMT_8_8_8_8, COLORX_8_8_8_8}, {FMT_5_6_5, COLORX_5_6_5}, {FMT_1_5_5_5, COLORX_1_5_5_5},
        {FMT_4_4_4_4, COLORX_4_4_4_4}, {FMT_8, COLORX_8},         {FMT_8_8, COLORX_8_8},
    };
    for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
        if (pairs[i].surface == surface_format) {
            return pairs[i].color;
        }
    }
    return -1;
}

// Cheap tests first: this is asked of every rectangle.
static bool state_fits(const struct gpu_draw *d, const struct shader_info *vi,
                       const struct shader_info *pi)
{
    const struct gpu_state *st = d->state;
    const struct shader_tfetch *f = pi->tfetch;
    return st->mode == 4 && st->color.in_gmem && st->color.samples == 1 && st->color.swap == 0 &&
           (st->color_mask & 15) == 15 && !st->z_enable && !st->stencil_enable && !st->blend &&
           !st->alpha_test && st->rop == 12 &&
           (!st->dither_mode || st->color.format == COLORX_8_8_8_8) && !st->param_gen &&
           pi->tfetch_count == 1 && f->opcode == OP_TFETCH && !f->denorm_coords && !f->offset[0] &&
           !f->offset[1] && !vi->tfetch_count && pi->alu_count <= 2 && !pi->kills &&
           !pi->exports_depth && !pi->uses_loops && !pi->memexport && !vi->uses_loops &&
           vi->vfetch_count <= 3;
}

static bool texture_fits(const struct texture *t, const struct shader_tfetch *f,
                         const struct gpu_state *st)
{
    unsigned mag = f->mag == TEX_KEEP ? t->mag : f->mag, min = f->min == TEX_KEEP ? t->min : f->min;
    if (!t->info || t->dimension != TEX_2D || t->stacked || t->tiled || t->endian || mag || min ||
        t->num.integer || t->num.exp_adjust || color_of(t->info->number) != st->color.format) {
        return false;
    }
    for (unsigned i = 0; i < t->info->components; i++) {
        if (t->num.sign[i] != TEX_UNSIGNED || t->swizzle[i] != i) {
            return false;
        }
    }
    return true;
}

// One axis: texel - pixel is the same whole number at all vertices.
static bool offset_of(const double pixel[3], const float texel[3], uint32_t size, int32_t *offset)
{
    double d = (double)texel[0] * size - pixel[0], whole = floor(d + 0.5);
    if (!(fabs(d - whole) < 1.0 / 64)) {
        return false;
    }
    for (unsigned i = 1; i < 3; i++) {
        if (!(fabs((double)texel[i] * size - pixel[i] - whole) < 1.0 / 64)) {
            return false;
        }
    }
    *offset = (int32_t)whole;
    return true;
}

bool gl_restore_recognise(struct gl_context *ctx, const struct gpu_draw *d, struct gl_restore *r)
{
    const struct gpu_state *st = d->state;
    struct gl_rect_probe p;
    struct texture t;

    if (d->prim != GPU_PRIM_RECTS || d->count != 3 || d->indexed || !d->ps ||
        !state_fits(d, shader_info(d->vs), shader_info(d->ps))) {
        return false;
    }
    const struct shader_tfetch *f = shader_info(d->ps)->tfetch;
    texture_layout(d->fetch + 6 * (f->constant & 31), &t);
    if (!texture_fits(&t, f, st)) {
        return false;
    }
    if (!gl_probe_rect(ctx, d, &p) || !p.passes_texels ||
        !offset_of(p.x, p.coord[0], t.width, &r->x) ||
        !offset_of(p.y, p.coord[1], t.height, &r->y)) {
        return false;
    }
    r->rect = p.rect;
    r->rect = gl_rect_cut(r->rect, (struct gpu_rect){-r->x, -r->y, (int32_t)t.width - r->x,
                                                     (int32_t)t.height - r->y});
    r->base = st->color.base;
    r->pitch = st->color.pitch;
    r->px = st->color.format;
    r->va = t.level[0].va;
    r->src_pitch = t.level[0].pitch;
    r->src_width = t.width;
    r->src_height = t.height;
    return !gl_rect_empty(&r->rect);
}

void gl_restore_load(struct gl_context *ctx, const struct gl_restore *r, const struct gpu_rect *src,
                     const struct gl_image *img, int32_t x, int32_t y)
{
    unsigned bpp = gl_pixel(img->px)->bytes;
    uint32_t w = (uint32_t)(src->x1 - src->x0), h = (uint32_t)(src->y1 - src->y0);
    struct gl_surface *s = gl_surface_find(ctx, r->va, r->src_pitch, bpp);

    if (s && s->img.px == img->px && src->x1 <= (int32_t)s->img.width &&
        src->y1 <= (int32_t)s->img.height) {
        gl_image_copy(ctx->be, &s->img, src->x0, src->y0, img, x, y, w, h);
        return;
    }
    uint8_t *buf = gl_scratch(ctx, SCRATCH_RESTORE, (size_t)w * h * bpp);
    if (!buf) {
        return;
    }
    for (uint32_t row = 0; row < h; row++) {
        uint32_t at = ((uint32_t)src->y0 + row) * r->src_pitch + (uint32_t)src->x0;
        gl_mem_read(ctx, r->va + at * bpp, buf + (size_t)row * w * bpp, (size_t)w * bpp);
    }
    struct gpu_rect dst = {x, y, x + (int32_t)w, y + (int32_t)h};
    gl_image_upload(ctx->be, img, &dst, buf, w);
}

enum gpu_result gl_restore_direct(struct gl_context *ctx, const struct gl_restore *r)
{
    unsigned px = gl_gmem_kind(ctx, r->base, r->pitch, r->px);
    struct gl_view_want want = {r->base,         r->pitch,    (uint32_t)r->rect.y1,
                                ctx->gmem_bytes, (uint8_t)px, 1};
    struct gl_view *v = gl_gmem_view(ctx, &want, true);
    struct gpu_rect rect = r->rect;
    if (!v) {
        return GPU_BAD_STATE;
    }
    rect = gl_rect_cut(rect, (struct gpu_rect){0, 0, (int32_t)v->pitch, (int32_t)v->rows});
    if (!gl_rect_empty(&rect)) {
        struct gpu_rect src = {rect.x0 + r->x, rect.y0 + r->y, rect.x1 + r->x, rect.y1 + r->y};
        gl_restore_load(ctx, r, &src, &v->img, rect.x0, rect.y0);
    }
    return GPU_OK;
}
