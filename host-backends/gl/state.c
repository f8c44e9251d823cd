// SPDX-License-Identifier: MIT
//
// Fixed function state: the a2xx' registers in GL's words. Window coordinates are the a2xx' own (y
// down), so a triangle that looks counter-clockwise on the screen is clockwise to GL.
#include "host-backends/gl/gl.h"

#include <math.h>

#include "base/bits.h"
#include "host-backends/gl/state.h"

enum { VTE_XY_DIVIDED = 1 << 8 };
#define CLIP_DISABLE (1u << 16)
#define CLIP_DX (1u << 19)

// ---- viewport -----------------------------------------------------------------------------------

// One axis: window = ndc * scale + offset. GL can say it when the axis is enabled and of a size
// that its viewport takes; clipping to the viewport is then the same too.
static bool axis_fits(float scale, float offset, float limit)
{
    return fabsf(scale) * 2 <= limit && fabsf(scale) >= 0.25f && fabsf(offset) < 16384.0f &&
           isfinite(offset);
}

static void map_xy(const struct gl_backend *be, const float scale[3], const float offset[3],
                   bool no_clip, struct gl_viewport *vp)
{
    float limit = (float)be->caps.max_viewport;
    if (!no_clip && axis_fits(scale[0], offset[0], limit) &&
        axis_fits(scale[1], offset[1], limit)) {
        vp->clip = true;
        vp->w = fabsf(scale[0]) * 2;
        vp->h = fabsf(scale[1]) * 2;
        vp->x = offset[0] - vp->w / 2;
        vp->y = offset[1] - vp->h / 2;
        for (unsigned i = 0; i < 2; i++) {
            vp->scale[i] = scale[i] < 0 ? -1.0f : 1.0f;
            vp->bias[i] = 0;
        }
        return;
    }
    // a large viewport, and the transform in the shader
    float size = limit < 16384.0f ? limit : 16384.0f, origin = -size / 4;
    vp->x = vp->y = origin;
    vp->w = vp->h = size;
    for (unsigned i = 0; i < 2; i++) {
        vp->scale[i] = scale[i] * 2 / size;
        vp->bias[i] = (offset[i] - origin) * 2 / size - 1;
    }
}

static void map_z(float scale, float offset, bool dx, struct gl_viewport *vp)
{
    float n = dx ? offset : offset - scale, f = offset + scale;
    vp->scale[2] = dx ? 2.0f : 1.0f;
    vp->bias[2] = dx ? -1.0f : 0.0f;
    if (n >= 0 && n <= 1 && f >= 0 && f <= 1) {
        vp->n = n;
        vp->f = f;
        return;
    }
    // outside of what glDepthRange takes: z in the shader, no clipping by it
    vp->n = 0;
    vp->f = 1;
    vp->scale[2] = 2 * scale;
    vp->bias[2] = 2 * offset - 1;
    vp->clamp_depth = true;
}

void gl_viewport_map(const struct gl_backend *be, const struct gpu_state *st,
                     const struct gl_bind *bind, struct gl_viewport *vp)
{
    float scale[3], offset[3], half = st->pixel_center_half ? 0.0f : 0.5f;
    bool no_clip = st->clip_cntl & CLIP_DISABLE || st->vte_cntl & VTE_XY_DIVIDED ||
                   !(st->vte_cntl & 1 << 10) || (st->vte_cntl & 5) != 5;

    for (unsigned i = 0; i < 3; i++) {
        scale[i] = st->vte_cntl >> 2 * i & 1 ? st->vp_scale[i] : 1.0f;
        offset[i] = st->vte_cntl >> (2 * i + 1) & 1 ? st->vp_offset[i] : 0.0f;
    }
    offset[0] += (float)bind->window_x + half;
    offset[1] += (float)bind->window_y + half;
    vp->clip = false;
    vp->clamp_depth = st->clip_cntl & CLIP_DISABLE;
    map_xy(be, scale, offset, no_clip, vp);
    map_z(scale[2], offset[2], st->clip_cntl & CLIP_DX, vp);
}

// ---- tests and blending -------------------------------------------------------------------------

static void set(GLenum cap, bool on)
{
    if (on) {
        glEnable(cap);
    } else {
        glDisable(cap);
    }
}

static GLenum stencil_op(unsigned op)
{
    static const GLenum ops[8] = {GL_KEEP, GL_ZERO,   GL_REPLACE,   GL_INCR,
                                  GL_DECR, GL_INVERT, GL_INCR_WRAP, GL_DECR_WRAP};
    return ops[op & 7];
}

static void apply_depth(const struct gpu_state *st, const struct gl_bind *bind)
{
    bool z = st->z_enable && bind->depth;
    bool stencil = st->stencil_enable && bind->depth && bind->depth->px == PX_D24S8;
    static const GLenum face[2] = {GL_FRONT, GL_BACK};

    set(GL_DEPTH_TEST, z);
    if (z) {
        glDepthFunc(GL_NEVER + (st->z_func & 7));
        glDepthMask(st->z_write);
    }
    set(GL_STENCIL_TEST, stencil);
    for (unsigned i = 0; stencil && i < 2; i++) {
        const struct gpu_stencil_face *s = &st->stencil[st->stencil_two_sided ? i : 0];
        glStencilFuncSeparate(face[i], GL_NEVER + (s->func & 7), s->ref, s->mask);
        glStencilOpSeparate(face[i], stencil_op(s->fail), stencil_op(s->zfail),
                            stencil_op(s->zpass));
        glStencilMaskSeparate(face[i], s->write_mask);
    }
}

static GLenum blend_factor(unsigned f)
{
    static const GLenum factors[17] = {
        GL_ZERO,
        GL_ONE,
        GL_ZERO,
        GL_ZERO,
        GL_SRC_COLOR,
        GL_ONE_MINUS_SRC_COLOR,
        GL_SRC_ALPHA,
        GL_ONE_MINUS_SRC_ALPHA,
        GL_DST_COLOR,
        GL_ONE_MINUS_DST_COLOR,
        GL_DST_ALPHA,
        GL_ONE_MINUS_DST_ALPHA,
        GL_CONSTANT_COLOR,
        GL_ONE_MINUS_CONSTANT_COLOR,
        GL_CONSTANT_ALPHA,
        GL_ONE_MINUS_CONSTANT_ALPHA,
        GL_SRC_ALPHA_SATURATE,
    };
    return f < ARRAY_LEN(factors) ? factors[f] : GL_ZERO;
}

static GLenum blend_op(unsigned op)
{
    static const GLenum ops[8] = {
        GL_FUNC_ADD, GL_FUNC_SUBTRACT, GL_MIN,     GL_MAX, GL_FUNC_REVERSE_SUBTRACT,
        GL_FUNC_ADD, GL_FUNC_ADD,      GL_FUNC_ADD};
    return ops[op & 7];
}

static void apply_color(const struct gpu_state *st, const struct gl_bind *bind)
{
    uint8_t route[4];
    unsigned mask = bind->color && st->mode == 4 ? st->color_mask : 0;

    gl_pixel_route(st->color.format, st->color.swap, route);
    glColorMask(mask >> route[0] & 1, mask >> route[1] & 1, mask >> route[2] & 1,
                mask >> route[3] & 1);
    if (!mask) {
        glDisable(GL_BLEND);
        glDisable(GL_COLOR_LOGIC_OP);
        return;
    }
    set(GL_BLEND, st->blend);
    if (st->blend) {
        const float *c = st->blend_color;
        glBlendFuncSeparate(blend_factor(st->blend_src), blend_factor(st->blend_dst),
                            blend_factor(st->blend_src_a), blend_factor(st->blend_dst_a));
        glBlendEquationSeparate(blend_op(st->blend_op), blend_op(st->blend_op_a));
        glBlendColor(c[route[0]], c[route[1]], c[route[2]], c[route[3]]);
    }
    set(GL_COLOR_LOGIC_OP, st->rop != 12);
    if (st->rop != 12) { // a3xx_rop_code by truth table, GL names them in another order
        static const GLenum ops[16] = {
            GL_CLEAR,       GL_NOR,        GL_AND_INVERTED, GL_COPY_INVERTED,
            GL_AND_REVERSE, GL_INVERT,     GL_XOR,          GL_NAND,
            GL_AND,         GL_EQUIV,      GL_NOOP,         GL_OR_INVERTED,
            GL_COPY,        GL_OR_REVERSE, GL_OR,           GL_SET,
        };
        glLogicOp(ops[st->rop & 15]);
    }
}

// ---- geometry -----------------------------------------------------------------------------------

static void apply_offset(const struct gpu_state *st, bool back)
{
    bool on = back ? st->offset_back : st->offset_front;
    set(GL_POLYGON_OFFSET_FILL, on);
    set(GL_POLYGON_OFFSET_LINE, on);
    set(GL_POLYGON_OFFSET_POINT, on);
    if (on) { // the driver writes both doubled
        glPolygonOffset(st->offset_scale[back] / 2, st->offset_units[back] / 2);
    }
}

void gl_state_face(const struct gpu_state *st, bool back)
{
    static const GLenum mode[3] = {GL_POINT, GL_LINE, GL_FILL};
    unsigned type = back ? st->poly_back : st->poly_front;

    glPolygonMode(GL_FRONT_AND_BACK, st->poly_mode == 1 ? mode[type < 2 ? type : 2] : GL_FILL);
    apply_offset(st, back);
    bool front = back || st->cull_front, rear = !back || st->cull_back;
    glEnable(GL_CULL_FACE);
    glCullFace(front && rear ? GL_FRONT_AND_BACK : front ? GL_FRONT : GL_BACK);
}

bool gl_state_faces_differ(const struct gpu_state *st)
{
    if (st->poly_mode == 1 && st->poly_front != st->poly_back) {
        return true;
    }
    return st->offset_front != st->offset_back ||
           (st->offset_front && (st->offset_scale[0] != st->offset_scale[1] ||
                                 st->offset_units[0] != st->offset_units[1]));
}

void gl_state_apply(struct gl_backend *be, const struct gpu_state *st, enum gpu_prim prim,
                    const struct gl_bind *bind)
{
    bool polygons = prim >= GPU_PRIM_TRIANGLES && prim != GPU_PRIM_RECTS;
    static const GLenum mode[3] = {GL_POINT, GL_LINE, GL_FILL};
    const struct gpu_rect *s = &bind->scissor;

    glEnable(GL_SCISSOR_TEST);
    glScissor(s->x0, s->y0, s->x1 - s->x0, s->y1 - s->y0);
    glFrontFace(st->front_cw ? GL_CCW : GL_CW);
    set(GL_CULL_FACE, polygons && (st->cull_front || st->cull_back));
    glCullFace(st->cull_front && st->cull_back ? GL_FRONT_AND_BACK
               : st->cull_front                ? GL_FRONT
                                               : GL_BACK);
    bool lines = polygons && st->poly_mode == 1;
    glPolygonMode(GL_FRONT_AND_BACK,
                  lines ? mode[st->poly_front < 2 ? st->poly_front : 2] : GL_FILL);
    if (polygons) {
        apply_offset(st, false);
    } else {
        set(GL_POLYGON_OFFSET_FILL, false);
        set(GL_POLYGON_OFFSET_LINE, false);
        set(GL_POLYGON_OFFSET_POINT, false);
    }
    if (prim <= GPU_PRIM_LINE_LOOP || lines) {
        float w = st->line_width > 0 ? st->line_width : 1;
        glLineWidth(w < be->caps.line_max ? w : be->caps.line_max);
    }
    glProvokingVertex(st->provoking_last ? GL_LAST_VERTEX_CONVENTION : GL_FIRST_VERTEX_CONVENTION);
    apply_depth(st, bind);
    apply_color(st, bind);
}
