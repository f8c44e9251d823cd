// SPDX-License-Identifier: MIT
//
// Primitive assembly: lists, strips, fans, loops and rectangle lists from the stream of shaded
// vertices. Works on slots of the current window; draw.c carries the held ones over.

#include "host-backends/soft/soft.h"

static const struct soft_vertex *vert(struct soft_context *ctx, unsigned slot)
{
    return &ctx->vert[slot];
}

// Vertex kill (export modes 4 and 5): bits 30:0 of the misc export's z, per PA_CL_CLIP_CNTL bit 21
// any killed vertex (1) or only all of them (0) drop the primitive.
static bool killed(struct soft_context *ctx, const uint16_t *v, unsigned n)
{
    const struct gpu_state *st = ctx->pipe.st;
    if (st->vs_export_mode != 4 && st->vs_export_mode != 5) {
        return false;
    }
    unsigned dead = 0;
    for (unsigned i = 0; i < n; i++) {
        float z = vert(ctx, v[i])->misc[2];
        dead += z != 0.0f;
    }
    return st->clip_cntl >> 21 & 1 ? dead > 0 : dead == n;
}

static void triangle(struct soft_context *ctx, uint16_t a, uint16_t b, uint16_t c, unsigned provoke)
{
    const uint16_t v[3] = {a, b, c};
    if (!killed(ctx, v, 3)) {
        soft_clip_triangle(ctx, vert(ctx, a), vert(ctx, b), vert(ctx, c), provoke);
    }
}

static void line(struct soft_context *ctx, struct soft_assembler *as, uint16_t a, uint16_t b)
{
    const uint16_t v[2] = {a, b};
    if (!killed(ctx, v, 2)) {
        soft_clip_line(ctx, vert(ctx, a), vert(ctx, b), ctx->pipe.st->provoking_last ? 1 : 0,
                       &as->stipple);
    }
}

void soft_assemble(struct soft_context *ctx, struct soft_assembler *as, unsigned slot)
{
    unsigned last = ctx->pipe.st->provoking_last ? 2 : 0;
    uint16_t s = (uint16_t)slot;
    uint64_t n = as->seen++;

    switch (as->prim) {
    case GPU_PRIM_POINTS:
        if (!killed(ctx, &s, 1)) {
            soft_clip_point(ctx, vert(ctx, slot));
        }
        return;
    case GPU_PRIM_LINES:
        as->v[as->held++] = s;
        if (as->held == 2) {
            as->stipple = 0;
            line(ctx, as, as->v[0], as->v[1]);
            as->held = 0;
        }
        return;
    case GPU_PRIM_LINE_STRIP:
    case GPU_PRIM_LINE_LOOP: // v[0] first, v[1] previous
        if (n == 0) {
            as->v[0] = as->v[1] = s;
            as->held = 2;
            return;
        }
        line(ctx, as, as->v[1], s);
        as->v[1] = s;
        return;
    case GPU_PRIM_TRIANGLES:
    case GPU_PRIM_RECTS:
        as->v[as->held++] = s;
        if (as->held == 3) {
            as->held = 0;
            if (as->prim == GPU_PRIM_TRIANGLES) {
                triangle(ctx, as->v[0], as->v[1], as->v[2], last);
            } else if (!killed(ctx, as->v, 3)) {
                soft_clip_rect(ctx, vert(ctx, as->v[0]), vert(ctx, as->v[1]), vert(ctx, as->v[2]));
            }
        }
        return;
    case GPU_PRIM_TRIANGLE_FAN: // v[0] the hub, v[1] previous; the hub never provokes
        if (as->held < 2) {
            as->v[as->held++] = s;
            return;
        }
        triangle(ctx, as->v[0], as->v[1], s, last ? 2 : 1);
        as->v[1] = s;
        return;
    case GPU_PRIM_TRIANGLE_STRIP: // every second triangle has its first two vertices exchanged
        if (as->held < 2) {
            as->v[as->held++] = s;
            return;
        }
        if (n & 1) {
            triangle(ctx, as->v[1], as->v[0], s, last ? 2 : 1);
        } else {
            triangle(ctx, as->v[0], as->v[1], s, last);
        }
        as->v[0] = as->v[1];
        as->v[1] = s;
        return;
    }
}

void soft_assemble_end(struct soft_context *ctx, struct soft_assembler *as)
{
    if (as->prim == GPU_PRIM_LINE_LOOP && as->seen > 1) {
        line(ctx, as, as->v[1], as->v[0]);
    }
}
