// SPDX-License-Identifier: MIT
//
// Clipping and the viewport transform. Only the near and far planes, w > 0 and a wide safety
// frustum cut geometry; where the guard band (PA_CL_GB_*_CLIP_ADJ) clips to the viewport, the setup
// stage limits pixels to its rectangle instead, which is the same set of pixels without new
// vertices. User clip planes do not exist on a20x.

#include <math.h>
#include <string.h>

#include "host-backends/soft/soft.h"

enum {
    VTE_XS = 1,
    VTE_XO = 2,
    VTE_YS = 4,
    VTE_YO = 8,
    VTE_ZS = 16,
    VTE_ZO = 32,
    VTE_XY_DIVIDED = 1 << 8,
    VTE_Z_DIVIDED = 1 << 9,
    VTE_W_NOT_INVERSE = 1 << 10
};
#define CLIP_DISABLE (1u << 16)
#define CLIP_DX (1u << 19)

#define W_MIN 1e-30f // smaller w has no usable reciprocal

bool soft_project(const struct gpu_state *st, struct soft_vertex *v)
{
    uint32_t vte = st->vte_cntl;
    float oow = v->pos[3];
    if (vte & VTE_W_NOT_INVERSE) {
        oow = 1.0f / v->pos[3];
    }
    float p[3] = {v->pos[0], v->pos[1], v->pos[2]};
    if (!(vte & VTE_XY_DIVIDED)) {
        p[0] *= oow;
        p[1] *= oow;
    }
    if (!(vte & VTE_Z_DIVIDED)) {
        p[2] *= oow;
    }
    for (unsigned i = 0; i < 3; i++) {
        v->win[i] = (vte >> 2 * i & 1 ? p[i] * st->vp_scale[i] : p[i]) +
                    (vte >> (2 * i + 1) & 1 ? st->vp_offset[i] : 0.0f);
    }
    v->win[0] += (float)st->window_x;
    v->win[1] += (float)st->window_y;
    v->oow = oow;
    return fabsf(v->win[0]) < SOFT_COORD_LIMIT && fabsf(v->win[1]) < SOFT_COORD_LIMIT &&
           isfinite(v->win[2]) && isfinite(oow);
}

// Signed distances to the planes; inside is >= 0. The safety frustum keeps window coordinates
// inside the fixed point range whatever the viewport is.
enum { PLANE_W, PLANE_NEAR, PLANE_FAR, PLANE_LEFT, PLANE_RIGHT, PLANE_TOP, PLANE_BOTTOM, PLANES };

static float distance(const struct soft_planes *pl, unsigned plane, const float pos[4])
{
    switch (plane) {
    case PLANE_W:
        return pos[3] - W_MIN;
    case PLANE_NEAR:
        return pl->dx ? pos[2] : pos[2] + pos[3];
    case PLANE_FAR:
        return pos[3] - pos[2];
    case PLANE_LEFT:
        return pos[0] + pl->limit_x * pos[3];
    case PLANE_RIGHT:
        return pl->limit_x * pos[3] - pos[0];
    case PLANE_TOP:
        return pos[1] + pl->limit_y * pos[3];
    default:
        return pl->limit_y * pos[3] - pos[1];
    }
}

// Half of the fixed point range, in normalised device coordinates of this viewport.
static float safe_limit(float scale, float offset, bool scaled)
{
    float s = scaled ? fabsf(scale) : 1.0f;
    float room = SOFT_COORD_LIMIT / 4.0f - fabsf(offset);
    if (!(room > 1.0f)) {
        room = 1.0f;
    }
    float limit = room / (s > 1e-20f ? s : 1e-20f);
    return limit < 1e18f ? limit : 1e18f;
}

void soft_planes_init(struct soft_pipe *pipe)
{
    const struct gpu_state *st = pipe->st;
    struct soft_planes *pl = &pipe->planes;
    *pl = (struct soft_planes){.dx = st->clip_cntl & CLIP_DX};
    if (st->vte_cntl & VTE_XY_DIVIDED || !(st->vte_cntl & VTE_W_NOT_INVERSE)) {
        return; // window coordinates come ready made: nothing to divide, nothing to clip
    }
    pl->used =
        1u << PLANE_W | 1u << PLANE_LEFT | 1u << PLANE_RIGHT | 1u << PLANE_TOP | 1u << PLANE_BOTTOM;
    if (!(st->clip_cntl & CLIP_DISABLE)) {
        pl->used |= 1u << PLANE_NEAR | 1u << PLANE_FAR;
    }
    pl->limit_x =
        safe_limit(st->vp_scale[0], st->vp_offset[0] + (float)st->window_x, st->vte_cntl & VTE_XS);
    pl->limit_y =
        safe_limit(st->vp_scale[1], st->vp_offset[1] + (float)st->window_y, st->vte_cntl & VTE_YS);
}

static bool finite4(const float p[4])
{
    return isfinite(p[0]) && isfinite(p[1]) && isfinite(p[2]) && isfinite(p[3]);
}

void soft_classify(const struct soft_pipe *pipe, struct soft_vertex *v)
{
    const struct soft_planes *pl = &pipe->planes;
    const float *pos = v->pos;
    unsigned code = 0;
    for (unsigned i = 0; i < PLANES; i++) {
        if (pl->used >> i & 1 && !(distance(pl, i, pos) >= 0.0f)) {
            code |= 1u << i;
        }
    }
    v->outcode = (uint8_t)code;
    v->finite = finite4(pos);
    v->projected = v->finite && !code && soft_project(pipe->st, v);
}

static void lerp(const struct soft_context *ctx, struct soft_vertex *out,
                 const struct soft_vertex *a, const struct soft_vertex *b, float t)
{
    for (unsigned c = 0; c < 4; c++) {
        out->pos[c] = a->pos[c] + t * (b->pos[c] - a->pos[c]);
        out->misc[c] = a->misc[c];
    }
    for (unsigned p = 0; p < ctx->pipe.params; p++) {
        for (unsigned c = 0; c < 4; c++) {
            out->param[p][c] = a->param[p][c] + t * (b->param[p][c] - a->param[p][c]);
        }
    }
}

// Copies only what is used: a vertex is large.
static void copy_vertex(const struct soft_context *ctx, struct soft_vertex *to,
                        const struct soft_vertex *from)
{
    memcpy(to, from,
           offsetof(struct soft_vertex, param) + ctx->pipe.params * sizeof(from->param[0]));
}

// Which edges of a triangle are real ones: all, but for shaders that export edge flags.
static unsigned edge_flags(const struct gpu_state *st, const struct soft_vertex *const v[3])
{
    if (st->vs_export_mode != 3 && st->vs_export_mode != 6) {
        return 7;
    }
    return (v[0]->misc[1] != 0.0f) | (v[1]->misc[1] != 0.0f) << 1 | (v[2]->misc[1] != 0.0f) << 2;
}

// A polygon of vertices in ctx->clip_vert; edge i runs from vertex i to the next.
struct polygon {
    unsigned count, made; // corners; vertices used in the pool
    uint8_t corner[16], edge[16];
};

static void cut(struct soft_context *ctx, struct polygon *p, unsigned plane)
{
    const struct soft_planes *pl = &ctx->pipe.planes;
    struct soft_vertex *pool = ctx->clip_vert;
    struct polygon in = *p;
    p->count = 0;
    for (unsigned i = 0; i < in.count; i++) {
        unsigned a = in.corner[i], b = in.corner[(i + 1) % in.count];
        float da = distance(pl, plane, pool[a].pos), db = distance(pl, plane, pool[b].pos);
        if (da >= 0.0f) {
            p->corner[p->count] = (uint8_t)a;
            p->edge[p->count++] = in.edge[i];
        }
        if ((da >= 0.0f) != (db >= 0.0f) && p->made < 32) {
            // always from the inside out, so that neighbours cut the shared edge alike
            if (da >= 0.0f) {
                lerp(ctx, &pool[p->made], &pool[a], &pool[b], da / (da - db));
            } else {
                lerp(ctx, &pool[p->made], &pool[b], &pool[a], db / (db - da));
            }
            p->corner[p->count] = (uint8_t)p->made++;
            p->edge[p->count++] = da >= 0.0f ? 0 : in.edge[i]; // the cut itself is no real edge
        }
    }
}

void soft_clip_triangle(struct soft_context *ctx, const struct soft_vertex *v0,
                        const struct soft_vertex *v1, const struct soft_vertex *v2,
                        unsigned provoke)
{
    const struct gpu_state *st = ctx->pipe.st;
    const struct soft_vertex *in[3] = {v0, v1, v2};
    unsigned any = v0->outcode | v1->outcode | v2->outcode;
    if (v0->outcode & v1->outcode & v2->outcode || !v0->finite || !v1->finite || !v2->finite) {
        return;
    }
    unsigned flags = edge_flags(st, in);
    if (!any) {
        if (v0->projected && v1->projected && v2->projected) {
            soft_setup_triangle(ctx, v0, v1, v2, in[provoke], flags, true);
        }
        return;
    }
    struct soft_vertex *pool = ctx->clip_vert;
    struct polygon p = {.count = 3, .made = 3, .corner = {0, 1, 2}};
    for (unsigned i = 0; i < 3; i++) {
        copy_vertex(ctx, &pool[i], in[i]);
        p.edge[i] = flags >> i & 1;
    }
    for (unsigned plane = 0; plane < PLANES && p.count >= 3; plane++) {
        if (any >> plane & 1) {
            cut(ctx, &p, plane);
        }
    }
    if (p.count < 3) {
        return;
    }
    for (unsigned i = 0; i < p.count; i++) {
        if (!soft_project(st, &pool[p.corner[i]])) {
            return;
        }
    }
    for (unsigned i = 1; i + 1 < p.count; i++) {
        unsigned real = p.edge[i] ? 2 : 0;
        real |= i == 1 && p.edge[0] ? 1 : 0;
        real |= i + 2 == p.count && p.edge[p.count - 1] ? 4 : 0;
        soft_setup_triangle(ctx, &pool[p.corner[0]], &pool[p.corner[i]], &pool[p.corner[i + 1]],
                            in[provoke], real, true);
    }
}

// The rectangle's fourth corner lies opposite the vertex that faces the longest edge.
void soft_clip_rect(struct soft_context *ctx, const struct soft_vertex *v0,
                    const struct soft_vertex *v1, const struct soft_vertex *v2)
{
    const struct soft_vertex *in[3] = {v0, v1, v2};
    struct soft_vertex *q = ctx->clip_vert;
    float longest = -1.0f;
    unsigned corner = 1;
    for (unsigned i = 0; i < 3; i++) {
        copy_vertex(ctx, &q[i], in[i]);
        if (!finite4(in[i]->pos) || !soft_project(ctx->pipe.st, &q[i])) {
            return;
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        const float *a = q[(i + 1) % 3].win, *b = q[(i + 2) % 3].win;
        float len = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
        if (len > longest) {
            longest = len;
            corner = i;
        }
    }
    const struct soft_vertex *c = &q[corner], *a = &q[(corner + 2) % 3], *b = &q[(corner + 1) % 3];
    struct soft_vertex *d = &q[3];
    for (unsigned i = 0; i < 4; i++) {
        d->pos[i] = a->pos[i] + b->pos[i] - c->pos[i];
        d->misc[i] = c->misc[i];
    }
    for (unsigned p = 0; p < ctx->pipe.params; p++) {
        for (unsigned i = 0; i < 4; i++) {
            d->param[p][i] = a->param[p][i] + b->param[p][i] - c->param[p][i];
        }
    }
    if (!soft_project(ctx->pipe.st, d)) {
        return;
    }
    soft_setup_triangle(ctx, a, c, b, v0, 0, false);
    soft_setup_triangle(ctx, a, b, d, v0, 0, false);
}

void soft_clip_line(struct soft_context *ctx, const struct soft_vertex *v0,
                    const struct soft_vertex *v1, unsigned provoke, uint32_t *stipple)
{
    const struct soft_planes *pl = &ctx->pipe.planes;
    struct soft_vertex *q = ctx->clip_vert;
    unsigned c0 = v0->outcode, c1 = v1->outcode;
    if (c0 & c1 || !v0->finite || !v1->finite) {
        return;
    }
    float t0 = 0.0f, t1 = 1.0f;
    for (unsigned i = 0; i < PLANES; i++) {
        if ((c0 | c1) >> i & 1) {
            float d0 = distance(pl, i, v0->pos), d1 = distance(pl, i, v1->pos);
            if (d0 < 0.0f) {
                float t = d0 / (d0 - d1);
                t0 = t > t0 ? t : t0;
            } else {
                float t = d0 / (d0 - d1);
                t1 = t < t1 ? t : t1;
            }
        }
    }
    if (t0 > t1) {
        return;
    }
    copy_vertex(ctx, &q[0], v0);
    copy_vertex(ctx, &q[1], v1);
    if (t0 > 0.0f) {
        lerp(ctx, &q[0], v0, v1, t0);
    }
    if (t1 < 1.0f) {
        lerp(ctx, &q[1], v0, v1, t1);
    }
    if (soft_project(ctx->pipe.st, &q[0]) && soft_project(ctx->pipe.st, &q[1])) {
        soft_setup_line(ctx, &q[0], &q[1], provoke ? v1 : v0, 0.0, false, stipple);
    }
}

// A point is in or out by its centre; the discard factor may let it be outside the viewport.
void soft_clip_point(struct soft_context *ctx, const struct soft_vertex *v)
{
    const struct gpu_state *st = ctx->pipe.st;
    if (!v->projected) {
        return;
    }
    if (ctx->pipe.planes.used && !(st->clip_cntl & CLIP_DISABLE)) {
        float gy = st->gb[1] > 0.0f ? st->gb[1] : 1.0f, gx = st->gb[3] > 0.0f ? st->gb[3] : 1.0f;
        if (fabsf(v->pos[0]) > gx * v->pos[3] || fabsf(v->pos[1]) > gy * v->pos[3]) {
            return;
        }
    }
    soft_setup_point(ctx, v, 0.0, false);
}
