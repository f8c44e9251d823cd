// SPDX-License-Identifier: MIT
//
// What a rectangle draw does, found by running its programs on the interpreter: the vertex program
// for the three vertices, the pixel program on made-up texels and interpolators. Used to recognise
// the driver's clears and restores; nothing is assumed about how the programs look.
#include "host-backends/gl/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

enum { STEPS = 1024, LANES = 4 };

struct gl_probe {
    struct shader_env env;
    struct gl_context *ctx;
    const struct gpu_draw *draw;
    struct gl_rect_probe *out;
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
    p->out->fetches++;
    for (unsigned l = 0; l < lanes && l < LANES; l++) {
        p->out->coord[0][l] = coord[0][l];
        p->out->coord[1][l] = coord[1][l];
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

// Window position of a vertex that was run. False when it makes no sense.
static bool window(const struct gpu_state *st, const struct shader_lanes *ln, unsigned l,
                   struct gl_rect_probe *out)
{
    double w = ln->position[3][l], pos[3];
    double oow = bit(st->vte_cntl, 10) ? 1 / w : w; // VTX_W0_FMT
    const double center = st->pixel_center_half ? 0 : 0.5;

    for (unsigned i = 0; i < 3; i++) {
        bool divided = bit(st->vte_cntl, i < 2 ? 8 : 9); // VTX_XY_FMT, VTX_Z_FMT
        double v = ln->position[i][l] * (divided ? 1 : oow);
        v = bit(st->vte_cntl, 2 * i) ? v * st->vp_scale[i] : v;
        v += bit(st->vte_cntl, 2 * i + 1) ? st->vp_offset[i] : 0;
        pos[i] = v;
    }
    out->x[l] = pos[0] + st->window_x + center;
    out->y[l] = pos[1] + st->window_y + center;
    out->z[l] = pos[2];
    return w > 0 && fabs(out->x[l]) < 32768 && fabs(out->y[l]) < 32768;
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

static bool run_pixels(struct gl_probe *p, const struct gpu_draw *d, struct gl_rect_probe *out)
{
    struct shader_lanes *ln = &p->lanes;
    memset(ln->out, 0, sizeof ln->out);
    out->fetches = 0;
    return run(p, d->ps, d->ps_alu, d->ps_alu_count, LANES);
}

static void judge_texels(const struct shader_lanes *ln, struct gl_rect_probe *out)
{
    out->passes_texels = out->fetches == 1;
    for (unsigned l = 0; l < 3; l++) {
        for (unsigned c = 0; c < 4; c++) {
            out->passes_texels &= ln->out[0][c][l] == made_up(l, c);
        }
    }
}

// Equal interpolators at the vertices are equal everywhere; else the program must not care about
// them, for which the fourth lane speaks.
static void judge_constant(const struct shader_lanes *ln, bool same_inputs,
                           struct gl_rect_probe *out)
{
    out->constant = out->fetches == 0;
    for (unsigned c = 0; c < 4; c++) {
        out->color[c] = ln->out[0][c][0];
        for (unsigned l = 1; l < (same_inputs ? 3u : 4u); l++) {
            out->constant &= ln->out[0][c][l] == ln->out[0][c][0];
        }
    }
}

bool gl_probe_rect(struct gl_context *ctx, const struct gpu_draw *d, struct gl_rect_probe *out)
{
    unsigned params = d->state->vs_export_count < 16 ? d->state->vs_export_count : 16;

    if (!ctx->probe) {
        ctx->probe = calloc(1, sizeof *ctx->probe);
    }
    struct gl_probe *p = ctx->probe;
    if (!p || d->prim != GPU_PRIM_RECTS || d->count != 3 || d->indexed) {
        return false;
    }
    memset(out, 0, sizeof *out);
    p->ctx = ctx;
    p->draw = d;
    p->out = out;
    struct shader_lanes *ln = &p->lanes;
    memset(ln, 0, sizeof *ln);
    for (unsigned l = 0; l < 3; l++) {
        ln->r[0][0][l] = (float)(d->index_offset + l);
    }
    if (!run(p, d->vs, d->vs_alu, d->vs_alu_count, 3)) {
        return false;
    }
    for (unsigned l = 0; l < 3; l++) {
        if (!window(d->state, ln, l, out)) {
            return false;
        }
    }
    if (!upright(out->x, out->y)) {
        return false;
    }
    span(out->x, &out->rect.x0, &out->rect.x1);
    span(out->y, &out->rect.y0, &out->rect.y1);
    out->rect = gl_rect_cut(out->rect, d->state->scissor);
    if (!d->ps) {
        out->constant = true;
        return true;
    }
    // the interpolators of the vertices; a fourth lane with others again
    memset(ln->r, 0, sizeof ln->r);
    bool same_inputs = true;
    for (unsigned n = 0; n < params; n++) {
        for (unsigned c = 0; c < 4; c++) {
            const float *in = ln->out[n][c];
            same_inputs &= in[0] == in[1] && in[0] == in[2];
            memcpy(ln->r[n][c], in, 3 * sizeof(float));
            ln->r[n][c][3] = made_up(n, c);
        }
    }
    if (!run_pixels(p, d, out)) {
        return false;
    }
    judge_texels(ln, out);
    judge_constant(ln, same_inputs, out);
    return true;
}
