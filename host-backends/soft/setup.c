// SPDX-License-Identifier: MIT
//
// Primitive setup: window coordinates are snapped to the grid that PA_SU_VTX_CNTL names, faces are
// culled, edge functions are made from snapped coordinates, and attribute planes from the unsnapped
// ones, so that a coarse grid moves edges but not the picture between them. Polygon modes and
// polygon offset are resolved here. The result goes into the arena, in order.

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "host-backends/soft/soft.h"

struct snapped {
    int32_t x, y;  // fixed point
    double wx, wy; // window coordinates with pixel centres at .5
};

// ROUND_MODE of PA_SU_VTX_CNTL: 0 truncate, 1 round, 2 round to even, 3 round to odd. Mode 0 is
// what drivers leave there; taken by its name it would move all geometry by half a step up and to
// the left, and pictures then agree worse with every reference (points with half pixel centres lose
// a row). So 0 rounds to nearest here, too.
static int32_t snap_axis(const struct soft_pipe *p, double v)
{
    double grid = (double)(1 << p->grid), s = v * grid;
    double r = floor(s + 0.5);
    switch (p->round_mode) {
    case 2:
        r = nearbyint(s);
        break;
    case 3: {
        double lo = floor(s);
        r = s == lo || fmod(lo, 2.0) != 0.0 ? lo : lo + 1.0;
        break;
    }
    default:
        break;
    }
    return (int32_t)(r * (p->one / grid));
}

static struct snapped snap(const struct soft_pipe *p, const struct soft_vertex *v)
{
    double half = p->st->pixel_center_half ? 0.0 : 0.5;
    struct snapped s = {.wx = v->win[0] + half, .wy = v->win[1] + half};
    s.x = snap_axis(p, s.wx);
    s.y = snap_axis(p, s.wy);
    return s;
}

static struct soft_prim *prim_new(struct soft_context *ctx, enum soft_shape shape)
{
    uint32_t bytes = (uint32_t)(sizeof(struct soft_prim) +
                                ctx->pipe.params * sizeof(((struct soft_prim *)0)->param[0]));
    bytes = (uint32_t)align_up(bytes, 16);
    if (ctx->arena_used + bytes > SOFT_ARENA_BYTES) {
        soft_raster(ctx);
    }
    struct soft_prim *p = (struct soft_prim *)(void *)(ctx->arena + ctx->arena_used);
    memset(p, 0, sizeof(*p));
    p->bytes = bytes;
    p->shape = (uint8_t)shape;
    return p;
}

// Keeps the primitive if some pixel is left of it.
static void prim_done(struct soft_context *ctx, struct soft_prim *p, const struct gpu_rect *limit)
{
    p->x0 = p->x0 > limit->x0 ? p->x0 : limit->x0;
    p->y0 = p->y0 > limit->y0 ? p->y0 : limit->y0;
    p->x1 = p->x1 < limit->x1 ? p->x1 : limit->x1;
    p->y1 = p->y1 < limit->y1 ? p->y1 : limit->y1;
    if (p->x0 < p->x1 && p->y0 < p->y1) {
        ctx->arena_used += p->bytes;
    }
}

static int32_t floor_div(int64_t a, int64_t b) // b > 0
{
    int64_t q = a / b;
    return (int32_t)(a % b < 0 ? q - 1 : q);
}

// First pixel whose centre is at or past fixed point coordinate v.
static int32_t first_pixel(const struct soft_pipe *p, int64_t v)
{
    return -floor_div(-(v - p->one / 2), p->one);
}

static void put_params(struct soft_context *ctx, struct soft_prim *p, const struct soft_vertex *v0,
                       const struct soft_vertex *v1, const struct soft_vertex *v2,
                       const struct soft_vertex *flat)
{
    for (unsigned i = 0; i < ctx->pipe.params; i++) {
        bool is_flat = ctx->pipe.flat_mask >> i & 1;
        for (unsigned c = 0; c < 4; c++) {
            float a = is_flat ? flat->param[i][c] : v0->param[i][c];
            p->param[i][0][c] = a;
            p->param[i][1][c] = is_flat ? 0.0f : v1->param[i][c] - a;
            p->param[i][2][c] = is_flat ? 0.0f : v2->param[i][c] - a;
        }
    }
    p->oow[0] = v0->oow;
    p->oow[1] = v1->oow;
    p->oow[2] = v2->oow;
    p->affine = v0->oow == v1->oow && v0->oow == v2->oow;
    p->z[0] = v0->win[2];
    p->z[1] = (double)v1->win[2] - v0->win[2];
    p->z[2] = (double)v2->win[2] - v0->win[2];
}

// Barycentric planes from positions a, b, c; false when they span no area of the expected sign.
static bool planes(struct soft_prim *p, const double x[3], const double y[3])
{
    double area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
    double size = fabs(x[1] - x[0]) + fabs(y[1] - y[0]) + fabs(x[2] - x[0]) + fabs(y[2] - y[0]);
    if (!(area > 1e-6 * size)) {
        return false;
    }
    p->ox = x[0];
    p->oy = y[0];
    p->b1[0] = (y[2] - y[0]) / area;
    p->b1[1] = -(x[2] - x[0]) / area;
    p->b2[0] = -(y[1] - y[0]) / area;
    p->b2[1] = (x[1] - x[0]) / area;
    return true;
}

// Depth slope of the primitive: the larger of |dz/dx| and |dz/dy|.
static double slope(const struct soft_prim *p)
{
    double dx = fabs(p->z[1] * p->b1[0] + p->z[2] * p->b2[0]);
    double dy = fabs(p->z[1] * p->b1[1] + p->z[2] * p->b2[1]);
    return dx > dy ? dx : dy;
}

static void fill_triangle(struct soft_context *ctx, const struct soft_vertex *const v[3],
                          const struct snapped s[3], const struct soft_vertex *flat, bool back)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    struct soft_prim *p = prim_new(ctx, SOFT_TRIANGLE);
    int32_t minx = s[0].x, maxx = s[0].x, miny = s[0].y, maxy = s[0].y;
    for (unsigned i = 0; i < 3; i++) {
        const struct snapped *a = &s[i], *b = &s[(i + 1) % 3];
        struct soft_edge *e = &p->edge[i];
        e->a = -((int64_t)b->y - a->y);
        e->b = (int64_t)b->x - a->x;
        e->c = -(e->a * a->x + e->b * a->y);
        if (!(e->a > 0 || (e->a == 0 && e->b > 0))) {
            e->c -= 1; // neither a left nor a top edge: centres on it belong to the neighbour
        }
        minx = a->x < minx ? a->x : minx;
        maxx = a->x > maxx ? a->x : maxx;
        miny = a->y < miny ? a->y : miny;
        maxy = a->y > maxy ? a->y : maxy;
    }
    int32_t spread = pipe->samples > 1 ? 1 : 0; // samples may lie off the centre
    p->x0 = first_pixel(pipe, minx) - spread;
    p->y0 = first_pixel(pipe, miny) - spread;
    p->x1 = first_pixel(pipe, (int64_t)maxx + 1) + spread;
    p->y1 = first_pixel(pipe, (int64_t)maxy + 1) + spread;
    put_params(ctx, p, v[0], v[1], v[2], flat);
    double x[3], y[3];
    for (unsigned i = 0; i < 3; i++) {
        x[i] = s[i].wx;
        y[i] = s[i].wy;
    }
    if (!planes(p, x, y)) {
        for (unsigned i = 0; i < 3; i++) {
            x[i] = (double)s[i].x / pipe->one;
            y[i] = (double)s[i].y / pipe->one;
        }
        if (!planes(p, x, y)) {
            p->ox = x[0];
            p->oy = y[0];
        }
    }
    p->back = back;
    if (pipe->offset_on[back]) {
        p->z[0] += pipe->offset[back][0] * slope(p) + pipe->offset[back][1];
    }
    prim_done(ctx, p, &pipe->clip);
}

// No outlines or corners, which reach further than the triangle.
static bool type_fills(const struct gpu_state *st, bool cull)
{
    return !cull || st->poly_mode == 0;
}

// Quick look: all of it at least a pixel beyond one side of what can be drawn.
static bool outside(const struct soft_pipe *pipe, const struct soft_vertex *v0,
                    const struct soft_vertex *v1, const struct soft_vertex *v2)
{
    const float lo[2] = {(float)pipe->clip.x0 - 2, (float)pipe->clip.y0 - 2};
    const float hi[2] = {(float)pipe->clip.x1 + 2, (float)pipe->clip.y1 + 2};
    for (unsigned i = 0; i < 2; i++) {
        float a = v0->win[i], b = v1->win[i], c = v2->win[i];
        if ((a < lo[i] && b < lo[i] && c < lo[i]) || (a > hi[i] && b > hi[i] && c > hi[i])) {
            return true;
        }
    }
    return false;
}

void soft_setup_triangle(struct soft_context *ctx, const struct soft_vertex *v0,
                         const struct soft_vertex *v1, const struct soft_vertex *v2,
                         const struct soft_vertex *flat, unsigned edges, bool cull)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    const struct gpu_state *st = pipe->st;
    const struct soft_vertex *v[3] = {v0, v1, v2};
    if (type_fills(st, cull) && outside(pipe, v0, v1, v2)) {
        return;
    }
    struct snapped s[3] = {snap(pipe, v0), snap(pipe, v1), snap(pipe, v2)};
    int64_t area = ((int64_t)s[1].x - s[0].x) * ((int64_t)s[2].y - s[0].y) -
                   ((int64_t)s[2].x - s[0].x) * ((int64_t)s[1].y - s[0].y);
    if (area == 0) {
        return;
    }
    bool clockwise = area > 0; // y grows downwards
    bool back = cull && clockwise != st->front_cw;
    if (cull && (back ? st->cull_back : st->cull_front)) {
        return;
    }
    unsigned type = !cull || st->poly_mode == 0 ? 2 : back ? st->poly_back : st->poly_front;
    if (area < 0) {
        const struct soft_vertex *tv = v[1];
        struct snapped ts = s[1];
        v[1] = v[2];
        s[1] = s[2];
        v[2] = tv;
        s[2] = ts;
        edges = (edges & 2) | (edges & 1) << 2 | (edges & 4) >> 2;
    }
    if (type >= 2) {
        fill_triangle(ctx, v, s, flat, back);
        return;
    }
    double offset = 0.0;
    if (pipe->offset_on[back]) {
        struct soft_prim p = {
            .z = {0, (double)v[1]->win[2] - v[0]->win[2], (double)v[2]->win[2] - v[0]->win[2]}};
        const double x[3] = {s[0].wx, s[1].wx, s[2].wx}, y[3] = {s[0].wy, s[1].wy, s[2].wy};
        offset =
            pipe->offset[back][1] + (planes(&p, x, y) ? pipe->offset[back][0] * slope(&p) : 0.0);
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t stipple = 0;
        if (!(edges >> i & 1)) {
            continue;
        }
        if (type == 1) {
            soft_setup_line(ctx, v[i], v[(i + 1) % 3], flat, offset, back, &stipple);
        } else {
            soft_setup_point(ctx, v[i], offset, back);
        }
    }
}

// ---- lines ----------------------------------------------------------------------------------

void soft_setup_line(struct soft_context *ctx, const struct soft_vertex *v0,
                     const struct soft_vertex *v1, const struct soft_vertex *flat, double offset,
                     bool back, uint32_t *stipple)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    const struct gpu_state *st = pipe->st;
    struct snapped a = snap(pipe, v0), b = snap(pipe, v1);
    double dx = b.wx - a.wx, dy = b.wy - a.wy, len2 = dx * dx + dy * dy;
    if (a.x == b.x && a.y == b.y) {
        return;
    }
    struct soft_prim *p = prim_new(ctx, SOFT_LINE);
    double width = st->line_width > 0.0f && st->line_width < 4096.0f ? st->line_width : 1.0;
    p->half_width = (int32_t)lrint(width * pipe->one / 2);
    p->fx[0] = a.x;
    p->fx[1] = b.x;
    p->fy[0] = a.y;
    p->fy[1] = b.y;
    p->line = true;
    p->back = back;
    p->stipple_phase = *stipple;
    int64_t run = b.x > a.x ? (int64_t)b.x - a.x : (int64_t)a.x - b.x;
    int64_t rise = b.y > a.y ? (int64_t)b.y - a.y : (int64_t)a.y - b.y;
    int64_t major = run > rise ? run : rise;
    *stipple += (uint32_t)((major + pipe->one / 2) / pipe->one);
    int32_t w = p->half_width + pipe->one;
    p->x0 = first_pixel(pipe, (int64_t)(a.x < b.x ? a.x : b.x) - w);
    p->x1 = first_pixel(pipe, (int64_t)(a.x > b.x ? a.x : b.x) + w);
    p->y0 = first_pixel(pipe, (int64_t)(a.y < b.y ? a.y : b.y) - w);
    p->y1 = first_pixel(pipe, (int64_t)(a.y > b.y ? a.y : b.y) + w);
    put_params(ctx, p, v0, v1, v0, flat);
    p->ox = a.wx;
    p->oy = a.wy;
    if (len2 > 1e-12) {
        p->b1[0] = dx / len2;
        p->b1[1] = dy / len2;
    }
    p->z[0] += offset;
    // the viewport cuts the line itself, not the width added to it
    int32_t wide = p->half_width / pipe->one;
    struct gpu_rect limit = pipe->scissor;
    limit.x0 = pipe->clip.x0 - wide > limit.x0 ? pipe->clip.x0 - wide : limit.x0;
    limit.y0 = pipe->clip.y0 - wide > limit.y0 ? pipe->clip.y0 - wide : limit.y0;
    limit.x1 = pipe->clip.x1 + wide < limit.x1 ? pipe->clip.x1 + wide : limit.x1;
    limit.y1 = pipe->clip.y1 + wide < limit.y1 ? pipe->clip.y1 + wide : limit.y1;
    prim_done(ctx, p, &limit);
}

// ---- points ---------------------------------------------------------------------------------

void soft_setup_point(struct soft_context *ctx, const struct soft_vertex *v, double offset,
                      bool back)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    const struct gpu_state *st = pipe->st;
    float size[2] = {st->point_width, st->point_height};
    if (st->vs_export_mode == 2 || st->vs_export_mode == 5) {
        float s = v->misc[0];
        s = s > st->point_min ? s : st->point_min; // NaN too
        s = s < st->point_max ? s : st->point_max;
        size[0] = size[1] = s;
    }
    if (!(size[0] > 0.0f) || !(size[1] > 0.0f) || size[0] > 16384.0f || size[1] > 16384.0f) {
        return;
    }
    struct snapped s = snap(pipe, v);
    struct soft_prim *p = prim_new(ctx, SOFT_RECT);
    int32_t hx = (int32_t)lrintf(size[0] * (float)pipe->one / 2);
    int32_t hy = (int32_t)lrintf(size[1] * (float)pipe->one / 2);
    p->point = true;
    p->back = back;
    // centres in (position - size/2, position + size/2]: a point of size 1 draws the pixel that its
    // position lies in, borders included
    p->x0 = first_pixel(pipe, (int64_t)s.x - hx + 1);
    p->x1 = first_pixel(pipe, (int64_t)s.x + hx + 1);
    p->y0 = first_pixel(pipe, (int64_t)s.y - hy + 1);
    p->y1 = first_pixel(pipe, (int64_t)s.y + hy + 1);
    put_params(ctx, p, v, v, v, v);
    p->z[0] += offset;
    p->size[0] = size[0];
    p->size[1] = size[1];
    p->origin[0] = (float)s.wx;
    p->origin[1] = (float)s.wy;
    prim_done(ctx, p, &pipe->scissor);
}
