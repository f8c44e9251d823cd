// SPDX-License-Identifier: MIT
//
// Rectangles that the engine itself must understand: resolves and clears. The vertex program of the
// draw is really run for its three vertices, so that any driver's idea of a full screen quad works.
// A RECTLIST's fourth corner is v1 + v2 - v0 of the corners that the three vertices span.
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"
#include "gpu-model/internal.h"

#define RECT_STEPS 4096

struct rect_env {
    struct shader_env env;
    struct gpu *gpu;
    const struct gpu_draw *draw;
    bool fault; // vertices are not in readable memory
};

static void rect_vfetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                        uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    struct rect_env *re = container_of(env, struct rect_env, env);
    struct vertex_buffer vb;
    unsigned c = f->constant < 96 ? f->constant : 95;
    vertex_buffer_decode(re->draw->fetch + 2 * c, &vb);
    for (unsigned l = 0; l < lanes; l++) {
        float v[4] = {0, 0, 0, 0};
        uint32_t off;
        if (active >> l & 1 && index[l] >= 0 && index[l] < 16777216.0f &&
            vfetch_offset(f, (uint32_t)index[l], &off) && off < vb.bytes) {
            uint8_t bytes[16];
            unsigned n = vfetch_bytes(f), avail = vb.bytes - off < n ? vb.bytes - off : n;
            re->fault |= !re->gpu->mem->ops->read(re->gpu->mem, vb.base + off, bytes, avail);
            endian_swap(bytes, avail, vb.endian);
            vfetch_decode(f, bytes, avail, v);
        }
        for (unsigned i = 0; i < 4; i++) {
            out[i][l] = v[i];
        }
    }
}

static void rect_tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                        uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                        const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                        float out[4][SHADER_LANES])
{
    (void)env, (void)f, (void)lanes, (void)active, (void)coord, (void)reg_lod, (void)grad_h;
    (void)grad_v;
    memset(out, 0, 4 * sizeof(out[0]));
}

static const struct shader_env_ops rect_ops = {.vfetch = rect_vfetch, .tfetch = rect_tfetch};

// Window coordinates of the vertex in a lane. False when they make no sense.
static bool window_position(const struct gpu_state *st, const struct shader_lanes *lanes,
                            unsigned l, double xy[2])
{
    double w = lanes->position[3][l];
    if (!bit(st->vte_cntl, 10) || w == 0) { // VTX_W0_FMT: else already divided
        w = 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        double v = lanes->position[i][l];
        if (!bit(st->vte_cntl, 8)) { // VTX_XY_FMT: already divided
            v /= w;
        }
        v = bit(st->vte_cntl, 2 * i) ? v * st->vp_scale[i] : v;
        v += bit(st->vte_cntl, 2 * i + 1) ? st->vp_offset[i] : 0;
        v += i ? st->window_y : st->window_x;
        if (!(fabs(v) < 1e6)) {
            return false;
        }
        xy[i] = v;
    }
    return true;
}

// Prepares n lanes for a program, all registers that it may read 0.
static struct shader_lanes *clean_lanes(struct gpu *gpu, const struct shader *sh, unsigned n)
{
    const struct shader_info *info = shader_info(sh);
    struct shader_lanes *lanes = &gpu->lanes;
    unsigned temps = info->temps && !info->uses_rel_temp ? info->temps : SHADER_TEMPS;
    memset(lanes->r, 0, (temps < SHADER_TEMPS ? temps : SHADER_TEMPS) * sizeof(lanes->r[0]));
    lanes->count = n;
    lanes->active = BIT(n) - 1;
    lanes->exported = 0;
    lanes->killed = 0;
    return lanes;
}

// Pixels whose centres lie in [a, b).
static void span(double a, double b, double center, int32_t *first, int32_t *end)
{
    double lo = a < b ? a : b, hi = a < b ? b : a;
    *first = (int32_t)ceil(lo - center);
    *end = (int32_t)ceil(hi - center);
}

bool rect_from_draw(struct gpu *gpu, const struct gpu_draw *d, struct gpu_rect *out)
{
    const struct gpu_state *st = d->state;
    struct rect_env re = {
        .env = {&rect_ops, d->vs_alu, d->vs_alu_count, d->bools, d->loops, RECT_STEPS},
        .gpu = gpu,
        .draw = d,
    };
    double v[3][2], center = st->pixel_center_half ? 0.5 : 0;

    if (!d->vs || d->indexed || d->count < 3) {
        return false;
    }
    struct shader_lanes *lanes = clean_lanes(gpu, d->vs, 3);
    for (unsigned l = 0; l < 3; l++) {
        lanes->r[0][0][l] = (float)(d->index_offset + l);
    }
    if (shader_run(d->vs, &re.env, lanes) != SHADER_OK || !(lanes->exported >> 30 & 1) ||
        re.fault) {
        return false;
    }
    for (unsigned l = 0; l < 3; l++) {
        if (!window_position(st, lanes, l, v[l])) {
            return false;
        }
    }
    double x0 = fmin(v[0][0], fmin(v[1][0], v[2][0])), x1 = fmax(v[0][0], fmax(v[1][0], v[2][0]));
    double y0 = fmin(v[0][1], fmin(v[1][1], v[2][1])), y1 = fmax(v[0][1], fmax(v[1][1], v[2][1]));
    for (unsigned l = 0; l < 3; l++) { // each vertex must be a corner
        if ((v[l][0] != x0 && v[l][0] != x1) || (v[l][1] != y0 && v[l][1] != y1)) {
            return false;
        }
    }
    struct gpu_rect r;
    span(x0, x1, center, &r.x0, &r.x1);
    span(y0, y1, center, &r.y0, &r.y1);
    out->x0 = r.x0 > st->scissor.x0 ? r.x0 : st->scissor.x0;
    out->y0 = r.y0 > st->scissor.y0 ? r.y0 : st->scissor.y0;
    out->x1 = r.x1 < st->scissor.x1 ? r.x1 : st->scissor.x1;
    out->y1 = r.y1 < st->scissor.y1 ? r.y1 : st->scissor.y1;
    if (out->x1 <= out->x0 || out->y1 <= out->y0) {
        *out = (struct gpu_rect){0, 0, 0, 0};
    }
    return true;
}

bool rect_constant_color(struct gpu *gpu, const struct gpu_draw *d, float rgba[4])
{
    struct rect_env re = {
        .env = {&rect_ops, d->ps_alu, d->ps_alu_count, d->bools, d->loops, RECT_STEPS},
        .gpu = gpu,
        .draw = d,
    };
    if (!d->ps) {
        return false;
    }
    const struct shader_info *info = shader_info(d->ps);
    if (info->temps || info->fetch_count || info->kills || info->exports_depth || info->memexport ||
        info->illegal || info->export_mask != 1) {
        return false; // reads inputs or does more than give a colour
    }
    struct shader_lanes *lanes = clean_lanes(gpu, d->ps, 4); // a quad
    if (shader_run(d->ps, &re.env, lanes) != SHADER_OK || !(lanes->exported & 1)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        rgba[i] = lanes->out[0][i][0];
    }
    return true;
}
