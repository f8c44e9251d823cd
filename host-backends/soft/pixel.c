// SPDX-License-Identifier: MIT
//
// The pixel stage: quads wait until four of them fill the shader's lanes, then run together. Depth
// and stencil are tested before shading whenever the shader cannot change the outcome (no kill, no
// depth export, no alpha test), whatever EARLY_Z_ENABLE says: the result is the same.

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "host-backends/soft/soft.h"
#include "host-backends/soft/texture.h"

struct pixel_env {
    struct shader_env env;
    struct soft_worker *w;
};

static void pixel_vfetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                         uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    struct pixel_env *pe = (struct pixel_env *)(void *)env;
    soft_mem_lock(pe->w->ctx);
    soft_vertex_fetch(pe->w->ctx, f, lanes, active, index, out);
    soft_mem_unlock(pe->w->ctx);
}

static void pixel_tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                         uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                         const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                         float out[4][SHADER_LANES])
{
    struct pixel_env *pe = (struct pixel_env *)(void *)env;
    soft_texture_fetch(pe->w, f, lanes, active, true, coord, reg_lod, grad_h, grad_v, out);
}

// Helper lanes export nothing.
static void pixel_memexport(struct shader_env *env, unsigned lane, const float ea[4], unsigned n,
                            const float data[4])
{
    struct soft_worker *w = ((struct pixel_env *)(void *)env)->w;
    if (w->quad[lane / 4].mask >> 4 * (lane & 3) & 15) {
        soft_mem_lock(w->ctx);
        soft_memexport(w->ctx, ea, n, data);
        soft_mem_unlock(w->ctx);
    }
}

static const struct shader_env_ops pixel_ops = {
    .vfetch = pixel_vfetch,
    .tfetch = pixel_tfetch,
    .memexport = pixel_memexport,
};

// Barycentric coordinates of the four pixel centres.
static void barycentric(const struct soft_prim *p, int32_t x, int32_t y, double b1[4], double b2[4])
{
    double dx = x + 0.5 - p->ox, dy = y + 0.5 - p->oy;
    double c1 = p->b1[0] * dx + p->b1[1] * dy, c2 = p->b2[0] * dx + p->b2[1] * dy;
    b1[0] = c1;
    b1[1] = c1 + p->b1[0];
    b1[2] = c1 + p->b1[1];
    b1[3] = b1[1] + p->b1[1];
    b2[0] = c2;
    b2[1] = c2 + p->b2[0];
    b2[2] = c2 + p->b2[1];
    b2[3] = b2[1] + p->b2[1];
}

static void quad_depth(const struct soft_pipe *pipe, const struct soft_prim *p, struct soft_quad *q,
                       const double b1[4], const double b2[4])
{
    for (unsigned i = 0; i < 4; i++) {
        double z = p->z[0] + p->z[1] * b1[i] + p->z[2] * b2[i];
        for (unsigned s = 0; s < pipe->samples; s++) {
            double sx = (double)pipe->sample_x[s] / pipe->one;
            double sy = (double)pipe->sample_y[s] / pipe->one;
            q->z[i][s] = z + p->z[1] * (p->b1[0] * sx + p->b1[1] * sy) +
                         p->z[2] * (p->b2[0] * sx + p->b2[1] * sy);
        }
    }
}

// Interpolators of the quad into lanes base..base+3.
static void interpolate(struct soft_worker *w, const struct soft_prim *p, unsigned base,
                        const double b1[4], const double b2[4])
{
    float f1[4], f2[4];
    for (unsigned i = 0; i < 4; i++) {
        double u = b1[i], v = b2[i];
        if (!p->affine) {
            double w1 = u * p->oow[1], w2 = v * p->oow[2];
            double sum = (1.0 - u - v) * p->oow[0] + w1 + w2;
            // helpers far outside can meet the horizon; they only need to be finite
            double inv = fabs(sum) > 1e-30 ? 1.0 / sum : 0.0;
            u = w1 * inv;
            v = w2 * inv;
        }
        f1[i] = (float)u;
        f2[i] = (float)v;
    }
    for (unsigned n = 0; n < w->ctx->pipe.params; n++) {
        for (unsigned c = 0; c < 4; c++) {
            float a = p->param[n][0][c], d1 = p->param[n][1][c], d2 = p->param[n][2][c];
            float *r = &w->lanes.r[n][c][base];
            for (unsigned i = 0; i < 4; i++) {
                r[i] = a + (d1 * f1[i] + d2 * f2[i]);
            }
        }
    }
}

// ParamGen: |x|, |y| the pixel's position in the target (its corner), z and w the place inside a
// point; the signs of x, y and z tell back faces, points and lines.
static void param_gen(struct soft_worker *w, const struct soft_prim *p, const struct soft_quad *q,
                      unsigned base)
{
    unsigned reg = w->ctx->pipe.st->param_gen_reg;
    if (reg >= SHADER_TEMPS) {
        return;
    }
    float(*r)[SHADER_LANES] = w->lanes.r[reg];
    for (unsigned i = 0; i < 4; i++) {
        float x = (float)(q->x + (int32_t)(i & 1)), y = (float)(q->y + (int32_t)(i >> 1));
        float s = 0.0f, t = 0.0f;
        if (p->point) {
            s = 0.5f + (x + 0.5f - p->origin[0]) / p->size[0];
            t = 0.5f + (y + 0.5f - p->origin[1]) / p->size[1];
        }
        r[0][base + i] = p->back ? -x : x;
        r[1][base + i] = p->point ? -y : y;
        r[2][base + i] = p->line ? -s : s;
        r[3][base + i] = t;
    }
}

void soft_quad_add(struct soft_worker *w, const struct soft_prim *p, int32_t x, int32_t y,
                   unsigned mask)
{
    struct soft_context *ctx = w->ctx;
    const struct soft_pipe *pipe = &ctx->pipe;
    struct soft_quad *q = &w->quad[w->quads];
    double b1[4], b2[4];
    if (w->result != GPU_OK) {
        return;
    }
    q->x = x;
    q->y = y;
    q->mask = (uint16_t)mask;
    q->back = p->back;
    barycentric(p, x, y, b1, b2);
    if (pipe->depth_on) {
        quad_depth(pipe, p, q, b1, b2);
        if (!pipe->late) {
            q->mask = (uint16_t)soft_depth_test(ctx, q);
        }
    }
    if (!q->mask || !pipe->shade) {
        return;
    }
    unsigned base = 4 * w->quads;
    interpolate(w, p, base, b1, b2);
    if (pipe->st->param_gen) {
        param_gen(w, p, q, base);
    }
    if (++w->quads == SOFT_QUADS) {
        soft_quad_flush(w);
    }
}

static unsigned alpha_test(const struct soft_pipe *pipe, const struct soft_worker *w, unsigned lane,
                           unsigned mask)
{
    const struct gpu_state *st = pipe->st;
    for (unsigned i = 0; i < 4; i++) {
        if (!soft_compare_f(st->alpha_func, w->lanes.out[0][3][lane + i], st->alpha_ref)) {
            mask &= ~(15u << 4 * i);
        }
    }
    return mask;
}

static void finish_quad(struct soft_worker *w, unsigned n)
{
    struct soft_context *ctx = w->ctx;
    const struct soft_pipe *pipe = &ctx->pipe;
    struct soft_quad *q = &w->quad[n];
    unsigned mask = q->mask, lane = 4 * n;
    if (pipe->late) {
        for (unsigned i = 0; i < 4; i++) {
            if (w->lanes.killed >> (lane + i) & 1) {
                mask &= ~(15u << 4 * i);
            }
        }
        if (pipe->st->alpha_test && pipe->color) {
            mask = alpha_test(pipe, w, lane, mask);
        }
        q->mask = (uint16_t)mask;
        if (mask && pipe->depth_on) {
            if (pipe->pi->exports_depth) {
                for (unsigned i = 0; i < 4 * SOFT_SAMPLES; i++) {
                    q->z[i / SOFT_SAMPLES][i % SOFT_SAMPLES] =
                        w->lanes.depth[lane + i / SOFT_SAMPLES];
                }
            }
            q->mask = (uint16_t)soft_depth_test(ctx, q);
        }
    }
    if (q->mask && pipe->color_on && w->lanes.exported & 1) {
        soft_color_write(ctx, q, w->lanes.out[0], lane);
    }
}

void soft_quad_flush(struct soft_worker *w)
{
    struct soft_context *ctx = w->ctx;
    const struct gpu_draw *d = ctx->pipe.draw;
    struct shader_lanes *ln = &w->lanes;
    unsigned quads = w->quads;
    w->quads = 0;
    if (!quads || w->result != GPU_OK) {
        return;
    }
    struct pixel_env env = {
        .env = {.ops = &pixel_ops,
                .alu = d->ps_alu,
                .alu_count = d->ps_alu_count,
                .bools = d->bools,
                .loops = d->loops},
        .w = w,
    };
    ln->count = 4 * quads;
    ln->active = (uint32_t)((1ull << 4 * quads) - 1);
    ln->killed = ln->exported = 0;
    // registers that nobody loads read zero, so that pictures do not depend on history
    for (unsigned r = ctx->pipe.params; r < ctx->pipe.pi->temps; r++) {
        if (!(ctx->pipe.st->param_gen && r == ctx->pipe.st->param_gen_reg)) {
            memset(ln->r[r], 0, sizeof(ln->r[r]));
        }
    }
    memset(ln->out[0], 0, sizeof(ln->out[0]));
    switch (shader_run(d->ps, &env.env, ln)) {
    case SHADER_OK:
        break;
    case SHADER_TIMEOUT:
        w->result = GPU_TIMEOUT;
        return;
    case SHADER_ILLEGAL:
        w->result = GPU_BAD_SHADER;
        return;
    }
    for (unsigned i = 0; i < quads; i++) {
        finish_quad(w, i);
    }
    if ((++w->runs & 1023) == 0 && soft_overdue(ctx)) {
        w->result = GPU_TIMEOUT;
    }
}
