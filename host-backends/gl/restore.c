// SPDX-License-Identifier: MIT
//
// Restores: before a batch that does not clear, the driver copies a surface from memory into
// on-chip memory, tile by tile, with a textured rectangle (depth too, through the colour path). As
// a draw that would tie every tile to its own vertices and its own texels; recognised, it is a copy
// of raw pixels. Nothing is assumed about the programs: both are run on the interpreter, the vertex
// program for its three vertices, the pixel program on made-up texels, and only a rectangle that
// puts texel (x + a, y + b) unchanged into pixel (x, y) counts.
#include "host-backends/gl/gl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

enum { STEPS = 1024, LANES = 4, OP_TFETCH = 1 };

struct gl_probe {
    struct shader_env env;
    struct gl_context *ctx;
    const struct gpu_draw *draw;
    float coord[2][LANES];
    unsigned fetches;
    struct shader_lanes lanes;
};

static struct gl_probe *probe_of(struct shader_env *env)
{
    return (struct gl_probe *)(void *)env; // env is first
}

static void probe_vfetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                         uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    struct gl_probe *p = probe_of(env);
    struct vertex_buffer vb;
    vertex_buffer_decode(p->draw->fetch + 2 * (f->constant < 96 ? f->constant : 95), &vb);
    for (unsigned l = 0; l < lanes; l++) {
        float v[4] = {0, 0, 0, 0};
        uint8_t raw[16];
        uint32_t off;
        unsigned n = vfetch_bytes(f);
        if ((active >> l & 1) && n && index[l] >= 0 && index[l] < 65536.0f &&
            vfetch_offset(f, (uint32_t)index[l], &off) && off < vb.bytes) {
            n = n < vb.bytes - off ? n : vb.bytes - off;
            gl_mem_read(p->ctx, vb.base + off, raw, n);
            endian_swap(raw, n, vb.endian);
            vfetch_decode(f, raw, n, v);
        }
        for (unsigned c = 0; c < 4; c++) {
            out[c][l] = v[c];
        }
    }
}

static float made_up(unsigned lane, unsigned c)
{
    return (float)(1 + 4 * lane + c) / 32;
}

static void probe_tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                         uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                         const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                         float out[4][SHADER_LANES])
{
    struct gl_probe *p = probe_of(env);
    (void)f, (void)active, (void)reg_lod, (void)grad_h, (void)grad_v;
    p->fetches++;
    for (unsigned l = 0; l < lanes && l < LANES; l++) {
        p->coord[0][l] = coord[0][l];
        p->coord[1][l] = coord[1][l];
        for (unsigned c = 0; c < 4; c++) {
            out[c][l] = made_up(l, c);
        }
    }
}

static const struct shader_env_ops probe_ops = {.vfetch = probe_vfetch, .tfetch = probe_tfetch};

static bool run(struct gl_probe *p, const struct shader *sh, const float (*alu)[4], unsigned count,
                unsigned lanes)
{
    const struct gpu_draw *d = p->draw;
    p->env = (struct shader_env){&probe_ops, alu, count, d->bools, d->loops, STEPS};
    p->lanes.count = lanes;
    p->lanes.active = (1u << lanes) - 1;
    p->lanes.killed = p->lanes.exported = 0;
    return shader_run(sh, &p->env, &p->lanes) == SHADER_OK;
}

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

// Window position of a vertex that was run. False when it makes no sense.
static bool window(const struct gpu_state *st, const struct shader_lanes *ln, unsigned l,
                   double xy[2])
{
    double w = ln->position[3][l];
    w = bit(st->vte_cntl, 8) ? 1 : bit(st->vte_cntl, 10) ? 1 / w : w; // VTX_XY_FMT, VTX_W0_FMT
    for (unsigned i = 0; i < 2; i++) {
        double v = ln->position[i][l] * w;
        v = bit(st->vte_cntl, 2 * i) ? v * st->vp_scale[i] : v;
        v += bit(st->vte_cntl, 2 * i + 1) ? st->vp_offset[i] : 0;
        v += i ? st->window_y : st->window_x;
        if (!(fabs(v) < 32768)) {
            return false;
        }
        xy[i] = v + (st->pixel_center_half ? 0 : 0.5);
    }
    return w > 0;
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

static void span(const double v[3], int32_t *first, int32_t *end)
{
    *first = (int32_t)ceil(fmin(v[0], fmin(v[1], v[2])) - 0.5);
    *end = (int32_t)ceil(fmax(v[0], fmax(v[1], v[2])) - 0.5);
}

// Three corners of an upright rectangle?
static bool upright(const double x[3], const double y[3])
{
    for (unsigned i = 0; i < 3; i++) { // corner i shares one coordinate with each neighbour
        unsigned a = (i + 1) % 3, b = (i + 2) % 3;
        if ((x[i] == x[a] && y[i] == y[b]) || (x[i] == x[b] && y[i] == y[a])) {
            return true;
        }
    }
    return false;
}

static bool probe(struct gl_probe *p, const struct gpu_draw *d, double x[3], double y[3])
{
    struct shader_lanes *ln = &p->lanes;
    unsigned params = d->state->vs_export_count < 16 ? d->state->vs_export_count : 16;

    memset(ln, 0, sizeof *ln);
    for (unsigned l = 0; l < 3; l++) {
        ln->r[0][0][l] = (float)(d->index_offset + l);
    }
    if (!run(p, d->vs, d->vs_alu, d->vs_alu_count, 3)) {
        return false;
    }
    for (unsigned l = 0; l < 3; l++) {
        double xy[2];
        if (!window(d->state, ln, l, xy)) {
            return false;
        }
        x[l] = xy[0];
        y[l] = xy[1];
    }
    memset(ln->r, 0, sizeof ln->r);
    memcpy(ln->r, ln->out, params * sizeof ln->r[0]);
    memset(ln->out, 0, sizeof ln->out);
    p->fetches = 0;
    if (!run(p, d->ps, d->ps_alu, d->ps_alu_count, LANES) || p->fetches != 1) {
        return false;
    }
    for (unsigned l = 0; l < 3; l++) {
        for (unsigned c = 0; c < 4; c++) {
            if (ln->out[0][c][l] != made_up(l, c)) {
                return false;
            }
        }
    }
    return true;
}

bool gl_restore_recognise(struct gl_context *ctx, const struct gpu_draw *d, struct gl_restore *r)
{
    const struct gpu_state *st = d->state;
    double x[3], y[3];
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
    if (!ctx->probe) {
        ctx->probe = calloc(1, sizeof *ctx->probe);
    }
    if (!ctx->probe) {
        return false;
    }
    ctx->probe->ctx = ctx;
    ctx->probe->draw = d;
    if (!probe(ctx->probe, d, x, y) || !upright(x, y) ||
        !offset_of(x, ctx->probe->coord[0], t.width, &r->x) ||
        !offset_of(y, ctx->probe->coord[1], t.height, &r->y)) {
        return false;
    }
    span(x, &r->rect.x0, &r->rect.x1);
    span(y, &r->rect.y0, &r->rect.y1);
    r->rect = gl_rect_cut(r->rect, st->scissor);
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
