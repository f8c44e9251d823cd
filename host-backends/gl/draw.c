// SPDX-License-Identifier: MIT
//
// One draw: program, vertices, constants, textures, state, and the GL call.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "host-backends/gl/state.h"

#define REG(st, r) ((st)->regs ? (st)->regs[(r)-0x2000] : 0)
enum { SQ_INTERPOLATOR_CNTL = 0x2182, PA_SC_SCREEN_SCISSOR_BR = 0x200f };

bool gl_draw_is_nothing(const struct gpu_draw *draw)
{
    return draw->state->face_kill || draw->state->vs_export_mode == 7 || !draw->count;
}

static bool has_point_size(const struct gpu_state *st)
{
    return st->vs_export_mode == 2 || st->vs_export_mode == 5;
}

static enum gl_kind kind_of(enum gpu_prim prim)
{
    return prim == GPU_PRIM_POINTS       ? KIND_POINT
           : prim <= GPU_PRIM_LINE_LOOP ? KIND_LINE
                                        : KIND_TRIANGLE;
}

// Infinities and NaN among the constants that a program names. The host's arithmetic treats them in
// its own way, and the stock driver's miscompiled immediates are full of them; such draws get the
// exact program. (Denormals are flushed when constants are uploaded.)
static bool odd_constants(const struct shader_info *info, const float (*alu)[4], unsigned count)
{
    unsigned n = info->uses_rel_const ? count : info->alu_const_max < count ? info->alu_const_max : count;
    for (unsigned i = 0; i < n; i++) {
        if (info->uses_rel_const || info->alu_const_used[i / 32] >> (i % 32) & 1) {
            uint32_t w[4];
            memcpy(w, alu[i], sizeof w);
            for (unsigned c = 0; c < 4; c++) {
                if ((w[c] & 0x7f800000) == 0x7f800000) {
                    return true;
                }
            }
        }
    }
    return false;
}

// What each fetched texture constant is; the instruction's own field is not set by drivers.
static void key_dims(const struct gpu_draw *d, const struct shader_info *info,
                     struct gl_program_key *key)
{
    for (unsigned i = 0; info && i < info->tfetch_count; i++) {
        unsigned n = info->tfetch[i].constant & 31;
        const uint32_t *dw = d->fetch + 6 * n;
        unsigned dim = bits(dw[5], 10, 9);
        key->dims[n] = (uint8_t)(dim == DIM_2D && bit(dw[1], 10) ? DIM_STACK : dim);
    }
}

static void make_key(const struct gl_backend *be, const struct gpu_draw *d, struct gl_program_key *key)
{
    const struct gpu_state *st = d->state;
    const struct shader_info *vi = shader_info(d->vs), *pi = d->ps ? shader_info(d->ps) : NULL;

    memset(key, 0, sizeof *key);
    key->vs_hash = shader_hash(d->vs);
    key->ps_hash = d->ps ? shader_hash(d->ps) : 0;
    key->kind = (uint8_t)kind_of(d->prim);
    if (d->prim == GPU_PRIM_RECTS) {
        key->shape = SHAPE_RECT;
    } else if (key->kind == KIND_LINE && st->line_width > be->caps.line_max) {
        key->shape = SHAPE_WIDE_LINE;
    } else if (key->kind == KIND_POINT && (has_point_size(st) ? st->point_max : st->point_width) >
                                              be->caps.point_max) {
        key->shape = SHAPE_BIG_POINT;
    }
    key->alpha_func = d->ps && st->alpha_test && gl_pixel(st->color.format) ? st->alpha_func & 7 : 7;
    key->swap = st->color.swap & 3;
    key->px = st->color.format;
    key->param_gen = d->ps && st->param_gen ? (uint8_t)(st->param_gen_reg + 1) : 0;
    key->point_size = vi->exports_misc && has_point_size(st);
    key->w_format = (uint8_t)(st->vte_cntl >> 8 & 7);
    key->exact = be->exact || odd_constants(vi, d->vs_alu, d->vs_alu_count) ||
                 (pi && odd_constants(pi, d->ps_alu, d->ps_alu_count));
    unsigned n = pi ? st->vs_export_count : 0;
    n = pi && n > pi->temps ? pi->temps : n;
    key->interpolators = (uint8_t)(n > MAX_INTERPOLATORS ? MAX_INTERPOLATORS : n);
    key->flat = st->regs ? (uint16_t)(~REG(st, SQ_INTERPOLATOR_CNTL) & ((1u << n) - 1)) : 0;
    key_dims(d, vi, key);
    key_dims(d, pi, key);
    const struct gl_pixel *px = gl_pixel(st->color.format);
    if (px && px->normalised && px->bytes <= 2 && px->fields > 2) {
        key->blend = st->blend;
    }
    key->dither = d->ps && (st->dither_mode == 1 || (st->dither_mode == 2 && !st->blend));
}

// ---- uniforms ----------------------------------------------------------------------------------------------

static void put_flow_and_consts(uint8_t *block, const struct gl_stage_block *b,
                                const struct gpu_draw *d, const float (*alu)[4], unsigned count)
{
    if (b->uses_flow) {
        uint32_t *w = (uint32_t *)(void *)(block + b->flow);
        for (unsigned i = 0; i < 8; i++) {
            w[i] = d->bools ? d->bools[i] : 0;
        }
        for (unsigned i = 0; i < 32; i++) {
            uint32_t v = d->loops ? d->loops[i] : 0;
            w[8 + 4 * i] = v & 0xff;
            w[9 + 4 * i] = v >> 8 & 0xff;
            w[10 + 4 * i] = (uint32_t)sign_extend(v >> 16, 8);
            w[11 + 4 * i] = 0;
        }
    }
    unsigned n = b->const_count < count ? b->const_count : count;
    uint32_t *out = (uint32_t *)(void *)(block + b->consts);
    for (unsigned i = 0; i < 4 * n; i++) {
        uint32_t v;
        memcpy(&v, &alu[i / 4][i % 4], 4);
        out[i] = v & 0x7f800000 ? v : v & 0x80000000; // denormals to zero, as the ISA reads them
    }
    memset(block + b->consts + 16 * (size_t)n, 0, 16 * (size_t)(b->const_count - n));
}

static void put_vs_head(const struct gl_backend *be, const struct gpu_state *st,
                        const struct gl_viewport *vp, uint32_t first, bool big, struct gl_vs_head *h)
{
    float top = big ? 16384.0f : be->caps.point_max;
    memset(h, 0, sizeof *h);
    for (unsigned i = 0; i < 3; i++) {
        h->pos_scale[i] = vp->scale[i];
        h->pos_bias[i] = vp->bias[i];
    }
    h->view[0] = vp->w / 2;
    h->view[1] = vp->h / 2;
    h->view[2] = vp->x + vp->w / 2;
    h->view[3] = vp->y + vp->h / 2;
    h->point[0] = st->point_width < top ? st->point_width : top;
    h->point[1] = st->point_min;
    h->point[2] = st->point_max < top ? st->point_max : top;
    h->point[3] = st->line_width;
    h->first[0] = first;
    h->first[1] = vp->clip;
}

// ---- issue -------------------------------------------------------------------------------------------------

static GLenum gl_prim(enum gpu_prim prim)
{
    switch (prim) {
    case GPU_PRIM_POINTS:
        return GL_POINTS;
    case GPU_PRIM_LINES:
        return GL_LINES;
    case GPU_PRIM_LINE_STRIP:
        return GL_LINE_STRIP;
    case GPU_PRIM_LINE_LOOP:
        return GL_LINE_LOOP;
    case GPU_PRIM_TRIANGLES:
    case GPU_PRIM_RECTS:
        return GL_TRIANGLES;
    case GPU_PRIM_TRIANGLE_FAN:
        return GL_TRIANGLE_FAN;
    case GPU_PRIM_TRIANGLE_STRIP:
        return GL_TRIANGLE_STRIP;
    }
    return GL_TRIANGLES;
}

static void issue(const struct gpu_draw *d, const struct gl_vertices *v, size_t offset)
{
    GLenum prim = gl_prim(d->prim);
    if (v->indexed) {
        glDrawElementsBaseVertex(prim, (GLsizei)v->count, v->index_type,
                                 (const void *)(offset + v->index_at), v->base_vertex);
    } else {
        glDrawArrays(prim, 0, (GLsizei)v->count);
    }
}

static void set_viewport(const struct gl_backend *be, const struct gl_viewport *vp)
{
    if (be->caps.viewport_array) {
        glViewportIndexedf(0, vp->x, vp->y, vp->w, vp->h);
    } else {
        glViewport((GLint)vp->x, (GLint)vp->y, (GLsizei)vp->w, (GLsizei)vp->h);
    }
    glDepthRange((double)vp->n, (double)vp->f);
    if (vp->clamp_depth) {
        glEnable(GL_DEPTH_CLAMP);
    } else {
        glDisable(GL_DEPTH_CLAMP);
    }
}

enum gpu_result gl_draw_run(struct gl_context *ctx, const struct gpu_draw *draw,
                            const struct gl_bind *bind)
{
    struct gl_backend *be = ctx->be;
    const struct gpu_state *st = draw->state;
    struct gl_program_key key;
    struct gl_vertices v;
    struct gl_viewport vp;
    enum gpu_result result = GPU_OK;
    int32_t texels[MAX_BUFFERS][4];
    size_t at;

    make_key(be, draw, &key);
    struct gl_program *prog = gl_program_get(ctx, draw, &key, &result);
    if (!prog) {
        return result;
    }
    result = gl_vertices_plan(ctx, draw, prog, &v);
    if (result != GPU_OK) {
        return result;
    }
    // one allocation: vertex uniforms, pixel uniforms, vertices and indices
    size_t align = (size_t)be->caps.ubo_align, ps_at = align_up(prog->vs.bytes, align);
    size_t data_at = align_up(ps_at + prog->ps.bytes, 16);
    uint8_t *p = gl_stream_alloc(be, &be->stream, data_at + v.bytes, align, &at);
    if (!p) {
        return GPU_BAD_STATE;
    }
    gl_viewport_map(be, st, bind, &vp);
    put_vs_head(be, st, &vp, v.first, key.shape == SHAPE_BIG_POINT, (struct gl_vs_head *)(void *)p);
    struct gl_ps_head *ph = (struct gl_ps_head *)(void *)(p + ps_at);
    *ph = (struct gl_ps_head){{(float)bind->origin_x, (float)bind->origin_y, st->alpha_ref, 0}};
    put_flow_and_consts(p, &prog->vs, draw, draw->vs_alu, draw->vs_alu_count);
    put_flow_and_consts(p + ps_at, &prog->ps, draw, draw->ps_alu, draw->ps_alu_count);
    gl_vertices_load(ctx, prog, draw->vs, &v, p + data_at, at + data_at, texels);
    memcpy(p + prog->vs.buffers, texels, 16 * (size_t)prog->buffer_count);
    gl_textures_bind(ctx, draw, prog);

    gl_stream_flush(&be->stream);
    if (!gl_image_bind(be, bind->color, bind->depth)) {
        return GPU_HOST_ERROR;
    }
    glUseProgram(prog->program);
    glBindVertexArray(prog->vao);
    if (v.indexed) {
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, be->stream.buffer);
    }
    glBindBufferRange(GL_UNIFORM_BUFFER, 0, be->stream.buffer, (GLintptr)at,
                      (GLsizeiptr)prog->vs.bytes);
    glBindBufferRange(GL_UNIFORM_BUFFER, 1, be->stream.buffer, (GLintptr)(at + ps_at),
                      (GLsizeiptr)prog->ps.bytes);
    if (prog->reads_texels) {
        glActiveTexture(GL_TEXTURE0 + MAX_SAMPLERS);
        glBindTexture(GL_TEXTURE_BUFFER, be->stream.texture);
    }
    set_viewport(be, &vp);
    gl_state_apply(be, st, draw->prim, bind);
    if (key.kind == KIND_TRIANGLE && key.shape == SHAPE_PLAIN && gl_state_faces_differ(st)) {
        gl_state_face(st, false);
        issue(draw, &v, at + data_at);
        gl_state_face(st, true);
    }
    issue(draw, &v, at + data_at);
    be->count.draws++;
    return gl_check(be, "draw") ? GPU_OK : GPU_HOST_ERROR;
}

// ---- on GMEM or memory ----------------------------------------------------------------------------------

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

enum gpu_result gl_draw_direct(struct gl_context *ctx, const struct gpu_draw *draw)
{
    const struct gpu_state *st = draw->state;
    const struct gpu_color_target *t = &st->color;
    struct gl_bind bind = {.window_x = st->window_x, .window_y = st->window_y};
    bool wants_color = st->mode == 4 && (st->color_mask & 15) && gl_pixel(t->format);
    bool wants_depth = (st->z_enable || st->stencil_enable) && st->mode != 6;

    bind.scissor = gl_rect_cut(st->scissor, (struct gpu_rect){0, 0, (int32_t)t->pitch, 16384});
    if (!draw->vs) {
        return GPU_BAD_SHADER;
    }
    if (gl_rect_empty(&bind.scissor) || (!wants_color && !wants_depth)) {
        return GPU_OK;
    }
    uint32_t rows = (uint32_t)bind.scissor.y1;
    uint32_t bin = st->regs ? REG(st, PA_SC_SCREEN_SCISSOR_BR) >> 16 & 0x7fff : 0;
    if (bin > rows && bin <= 4096) {
        rows = bin; // the whole tile, so that the view needs not grow
    }
    if (wants_depth) {
        uint32_t limit = wants_color && t->in_gmem && t->base > st->depth.base ? t->base
                                                                               : ctx->gmem_bytes;
        struct gl_view_want want = {st->depth.base, t->pitch, rows, limit,
                                    st->depth.format == DEPTHX_16 ? PX_D16 : PX_D24S8, t->samples};
        struct gl_view *v = gl_gmem_view(ctx, &want, st->z_write || st->stencil_enable);
        bind.depth = v ? &v->img : NULL;
        bind.scissor.y1 = v ? (int32_t)min_u32((uint32_t)bind.scissor.y1, v->rows) : 0;
    }
    if (wants_color && t->in_gmem) {
        uint32_t limit = wants_depth && st->depth.base > t->base ? st->depth.base : ctx->gmem_bytes;
        struct gl_view_want want = {t->base, t->pitch, rows, limit, t->format, t->samples};
        struct gl_view *v = gl_gmem_view(ctx, &want, true);
        bind.color = v ? &v->img : NULL;
        bind.scissor.y1 = v ? (int32_t)min_u32((uint32_t)bind.scissor.y1, v->rows) : 0;
    } else if (wants_color) {
        bind.color = gl_sysmem_target(ctx, t, &bind.scissor);
        if (!bind.color) {
            return GPU_BAD_STATE;
        }
    }
    if ((wants_color && !bind.color) || (wants_depth && !bind.depth)) {
        log_warn(ctx->log, "gl: a target does not fit on-chip memory (colour base 0x%x, depth base 0x%x, "
                           "pitch %u)", t->base, st->depth.base, t->pitch);
        return GPU_BAD_STATE;
    }
    return gl_draw_run(ctx, draw, &bind);
}
