// SPDX-License-Identifier: MIT
//
// Coverage: which pixels (and samples) a primitive covers, handed on as 2x2 quads in a fixed order.
// Triangles go by blocks of 8x8 pixels, first against the block's corners, then pixel by pixel with
// the edge functions that setup.c made exact. Lines follow the diamond exit rule along their major
// axis; wide lines repeat it across. Points are rectangles.

#include "host-backends/soft/soft.h"

#define BLOCK 8
#define CLOCK_PIXELS (4 << 20)
#define SHARE_PIXELS 4096 // less is not worth waking threads

// The 2x2 corner at bit (0, 0) of a 64 pixel mask, spread to sample groups: bits 0, 4, 8, 12.
static unsigned quad_bits(uint64_t mask)
{
    return (unsigned)((mask & 1) | (mask & 2) << 3 | (mask & 0x100) | (mask & 0x200) << 3);
}

// Whether the row of blocks that pixel row y lies in is this worker's.
static bool mine(const struct soft_worker *w, int32_t y)
{
    return w->bands == 1 || (uint32_t)y / BLOCK % w->bands == w->band;
}

// Bits of columns [x0, x1) and rows [y0, y1) of a block at (bx, by).
static uint64_t bounds_mask(const struct soft_prim *p, int32_t bx, int32_t by)
{
    int32_t x0 = p->x0 > bx ? p->x0 - bx : 0, x1 = p->x1 < bx + BLOCK ? p->x1 - bx : BLOCK;
    int32_t y0 = p->y0 > by ? p->y0 - by : 0, y1 = p->y1 < by + BLOCK ? p->y1 - by : BLOCK;
    uint64_t row = ((1u << x1) - 1) & ~((1u << x0) - 1), m = 0;
    for (int32_t y = y0; y < y1; y++) {
        m |= row << BLOCK * y;
    }
    return m;
}

struct steps {
    int64_t dx, dy; // edge function per pixel
    int64_t lo, hi; // least and most over a block, relative to its first pixel centre
};

static struct steps edge_steps(const struct soft_pipe *pipe, const struct soft_edge *e)
{
    struct steps s = {.dx = e->a * pipe->one, .dy = e->b * pipe->one};
    s.lo = (s.dx < 0 ? 7 * s.dx : 0) + (s.dy < 0 ? 7 * s.dy : 0);
    s.hi = (s.dx > 0 ? 7 * s.dx : 0) + (s.dy > 0 ? 7 * s.dy : 0);
    return s;
}

static uint64_t edge_mask(int64_t e, const struct steps *s)
{
    uint64_t m = 0;
    if (e + s->lo > INT32_MIN && e + s->hi < INT32_MAX) {
        int32_t row = (int32_t)e, dx = (int32_t)s->dx, dy = (int32_t)s->dy;
        for (unsigned y = 0; y < BLOCK; y++) {
            unsigned bits = 0;
            for (int x = 0; x < BLOCK; x++) {
                bits |= (~(uint32_t)(row + x * dx) >> 31) << x;
            }
            m |= (uint64_t)bits << BLOCK * y;
            row = (int32_t)((uint32_t)row + (uint32_t)dy);
        }
        return m;
    }
    for (unsigned y = 0; y < BLOCK; y++, e += s->dy) {
        for (int x = 0; x < BLOCK; x++) {
            m |= (uint64_t)(e + x * s->dx >= 0) << (BLOCK * y + (unsigned)x);
        }
    }
    return m;
}

static void emit_block(struct soft_worker *w, const struct soft_prim *p, int32_t bx, int32_t by,
                       uint64_t mask, unsigned samples)
{
    for (int32_t y = 0; y < BLOCK; y += 2) {
        if (!(mask >> BLOCK * y & 0xffff)) {
            continue;
        }
        for (int32_t x = 0; x < BLOCK; x += 2) {
            unsigned q = quad_bits(mask >> (BLOCK * y + x));
            if (q) {
                soft_quad_add(w, p, bx + x, by + y, q * samples);
            }
        }
    }
}

// All samples at the pixel centre: one test a pixel.
static void triangle(struct soft_worker *w, const struct soft_prim *p)
{
    const struct soft_pipe *pipe = &w->ctx->pipe;
    struct steps st[3];
    for (unsigned i = 0; i < 3; i++) {
        st[i] = edge_steps(pipe, &p->edge[i]);
    }
    for (int32_t by = p->y0 & ~(BLOCK - 1); by < p->y1; by += BLOCK) {
        if (!mine(w, by)) {
            continue;
        }
        for (int32_t bx = p->x0 & ~(BLOCK - 1); bx < p->x1; bx += BLOCK) {
            int64_t cx = (int64_t)bx * pipe->one + pipe->one / 2;
            int64_t cy = (int64_t)by * pipe->one + pipe->one / 2;
            uint64_t mask = ~0ull;
            for (unsigned i = 0; i < 3 && mask; i++) {
                int64_t e = p->edge[i].a * cx + p->edge[i].b * cy + p->edge[i].c;
                if (e + st[i].hi < 0) {
                    mask = 0;
                } else if (e + st[i].lo < 0) {
                    mask &= edge_mask(e, &st[i]);
                }
            }
            if (bx < p->x0 || by < p->y0 || bx + BLOCK > p->x1 || by + BLOCK > p->y1) {
                mask &= mask ? bounds_mask(p, bx, by) : 0;
            }
            if (mask) {
                emit_block(w, p, bx, by, mask, pipe->sample_mask);
            }
        }
    }
}

// Samples off the centre: every sample of every pixel is tested by itself.
static void triangle_samples(struct soft_worker *w, const struct soft_prim *p)
{
    const struct soft_pipe *pipe = &w->ctx->pipe;
    for (int32_t y = p->y0 & ~1; y < p->y1; y += 2) {
        if (!mine(w, y)) {
            continue;
        }
        for (int32_t x = p->x0 & ~1; x < p->x1; x += 2) {
            unsigned mask = 0;
            for (unsigned i = 0; i < 4 * pipe->samples; i++) {
                unsigned s = i % pipe->samples, px = i / pipe->samples;
                int32_t qx = x + (int32_t)(px & 1), qy = y + (int32_t)(px >> 1);
                int64_t sx = (int64_t)qx * pipe->one + pipe->one / 2 + pipe->sample_x[s];
                int64_t sy = (int64_t)qy * pipe->one + pipe->one / 2 + pipe->sample_y[s];
                bool in = pipe->sample_mask >> s & 1 && qx >= p->x0 && qx < p->x1 && qy >= p->y0 &&
                          qy < p->y1;
                for (unsigned e = 0; in && e < 3; e++) {
                    in = p->edge[e].a * sx + p->edge[e].b * sy + p->edge[e].c >= 0;
                }
                mask |= (unsigned)in << (4 * px + s);
            }
            if (mask) {
                soft_quad_add(w, p, x, y, mask);
            }
        }
    }
}

static void rectangle(struct soft_worker *w, const struct soft_prim *p)
{
    for (int32_t by = p->y0 & ~(BLOCK - 1); by < p->y1; by += BLOCK) {
        if (!mine(w, by)) {
            continue;
        }
        for (int32_t bx = p->x0 & ~(BLOCK - 1); bx < p->x1; bx += BLOCK) {
            emit_block(w, p, bx, by, bounds_mask(p, bx, by), w->ctx->pipe.sample_mask);
        }
    }
}

// ---- lines ----------------------------------------------------------------------------------

static int64_t floor_div64(int64_t a, int64_t b) // b > 0
{
    return a / b - (a % b < 0);
}

// Inside the diamond |x| + |y| < 1/2 around the centre of the pixel that (x, y) lies in.
static bool in_diamond(int32_t one, int64_t x, int64_t y)
{
    int64_t fx = x - floor_div64(x, one) * one - one / 2,
            fy = y - floor_div64(y, one) * one - one / 2;
    return (fx < 0 ? -fx : fx) + (fy < 0 ? -fy : fy) < one / 2;
}

// LINE_PATTERN, REPEAT_COUNT and bit order of PA_SC_LINE_STIPPLE.
static bool stipple_on(const struct soft_pipe *pipe, uint32_t at)
{
    uint32_t v = pipe->st->line_stipple, repeat = (v >> 16 & 255) + 1;
    unsigned n = at / repeat & 15;
    return v >> (v >> 28 & 1 ? 15 - n : n) & 1;
}

static void line(struct soft_worker *w, const struct soft_prim *p)
{
    const struct soft_pipe *pipe = &w->ctx->pipe;
    int64_t one = pipe->one, half = one / 2;
    int64_t dx = (int64_t)p->fx[1] - p->fx[0], dy = (int64_t)p->fy[1] - p->fy[0];
    bool steep = (dy < 0 ? -dy : dy) > (dx < 0 ? -dx : dx);
    // u along the major axis, v across
    int64_t u0 = steep ? p->fy[0] : p->fx[0], u1 = steep ? p->fy[1] : p->fx[1];
    int64_t v0 = steep ? p->fx[0] : p->fy[0], du = u1 - u0, dv = steep ? dx : dy;
    int64_t dir = du < 0 ? -1 : 1;
    int64_t first = floor_div64(u0, one), last = floor_div64(u1, one);
    bool start_in = in_diamond((int32_t)one, p->fx[0], p->fy[0]);
    bool end_in = in_diamond((int32_t)one, p->fx[1], p->fy[1]);
    if (!start_in && (u0 - (first * one + half)) * dir > 0) {
        first += dir; // starts behind the diamond of its pixel
    }
    if (end_in || (u1 - (last * one + half)) * dir <= 0) {
        last -= dir; // never leaves the diamond of its last pixel
    }
    int32_t lo_u = steep ? p->y0 : p->x0, hi_u = steep ? p->y1 : p->x1;
    int32_t lo_v = steep ? p->x0 : p->y0, hi_v = steep ? p->x1 : p->y1;
    int64_t count = (last - first) * dir + 1, step = 0;
    int64_t from = dir > 0 ? lo_u - first : first - (hi_u - 1);
    if (from > 0) {
        step = from;
    }
    for (; step < count; step++) {
        int64_t u = first + step * dir;
        if (dir > 0 ? u >= hi_u : u < lo_u) {
            break;
        }
        if (pipe->stipple && !stipple_on(pipe, p->stipple_phase + (uint32_t)step)) {
            continue;
        }
        // v at this column, exactly: v0 + (centre - u0) * dv / du
        int64_t num = v0 * du + (u * one + half - u0) * dv, den = du;
        if (den < 0) {
            num = -num;
            den = -den;
        }
        // centres in (v - width/2, v + width/2]: a tie goes to the pixel that v is the corner of
        int64_t a = floor_div64(num - (p->half_width + half) * den, den * one) + 1;
        int64_t b = floor_div64(num + (p->half_width - half) * den, den * one) + 1;
        a = a < lo_v ? lo_v : a;
        b = b > hi_v ? hi_v : b;
        for (int64_t v = a; v < b; v++) {
            int32_t x = (int32_t)(steep ? v : u), y = (int32_t)(steep ? u : v);
            unsigned px = (unsigned)((y & 1) << 1 | (x & 1));
            if (mine(w, y)) {
                soft_quad_add(w, p, x & ~1, y & ~1, pipe->sample_mask << 4 * px);
            }
        }
    }
}

// Everything in the arena, as far as it lies in the worker's bands.
static void raster_bands(struct soft_worker *w)
{
    const struct soft_context *ctx = w->ctx;
    const struct soft_pipe *pipe = &ctx->pipe;
    bool centred = true;
    for (unsigned s = 0; s < pipe->samples; s++) {
        centred = centred && !pipe->sample_x[s] && !pipe->sample_y[s];
    }
    uint64_t walked = 0; // pixels of bounding boxes since the clock was looked at
    for (uint32_t at = 0; at < ctx->arena_used && w->result == GPU_OK;) {
        const struct soft_prim *p = (const struct soft_prim *)(const void *)(ctx->arena + at);
        walked += (uint64_t)(uint32_t)(p->x1 - p->x0) * (uint32_t)(p->y1 - p->y0);
        if (walked >= CLOCK_PIXELS) {
            walked = 0;
            w->result = soft_overdue(ctx) ? GPU_TIMEOUT : GPU_OK;
        }
        switch ((enum soft_shape)p->shape) {
        case SOFT_TRIANGLE:
            if (centred) {
                triangle(w, p);
            } else {
                triangle_samples(w, p);
            }
            break;
        case SOFT_RECT:
            rectangle(w, p);
            break;
        case SOFT_LINE:
            line(w, p);
            break;
        }
        at += p->bytes;
    }
    soft_quad_flush(w);
}

// Pixels of all bounding boxes: what sharing is decided by.
static uint64_t work_estimate(const struct soft_context *ctx)
{
    uint64_t sum = 0;
    for (uint32_t at = 0; at < ctx->arena_used;) {
        const struct soft_prim *p = (const struct soft_prim *)(const void *)(ctx->arena + at);
        sum += (uint64_t)(uint32_t)(p->x1 - p->x0) * (uint32_t)(p->y1 - p->y0);
        at += p->bytes;
    }
    return sum;
}

void soft_raster(struct soft_context *ctx)
{
    if (ctx->pool && work_estimate(ctx) >= SHARE_PIXELS) {
        soft_pool_run(ctx->pool, raster_bands);
    } else {
        raster_bands(ctx->worker);
    }
    ctx->arena_used = 0;
}
