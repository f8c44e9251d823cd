// SPDX-License-Identifier: MIT
//
// Issuing prepared draws: framebuffer, viewport, state, bindings and the GL call; and finding the
// images for a draw that goes to on-chip or guest memory directly.
#include "host-backends/gl/gl.h"

#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/log.h"
#include "host-backends/gl/state.h"

#define DRAW_LIMIT_NS 10000000000ull // no honest draw comes near; soft has the same limit
#define BAND_NS 20000000ull

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

static void call(const struct gl_prepared *p, uint32_t from, uint32_t count)
{
    GLenum prim = gl_prim(p->prim);
    if (p->indexed) {
        size_t bytes = p->index_type == GL_UNSIGNED_BYTE    ? 1
                       : p->index_type == GL_UNSIGNED_SHORT ? 2
                                                            : 4;
        glDrawElementsBaseVertex(prim, (GLsizei)count, p->index_type,
                                 (const void *)(p->index_at + from * bytes), p->base_vertex);
    } else {
        glDrawArrays(prim, (GLint)from, (GLsizei)count);
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

// The uniforms that depend on the place.
static bool put_heads(struct gl_backend *be, const struct gl_prepared *p,
                      const struct gl_viewport *vp)
{
    const struct gpu_state *st = &p->state;
    size_t align = (size_t)be->caps.ubo_align, at;
    size_t ps_at = align_up(sizeof(struct gl_vs_head), align);
    float top = p->prog->key.shape == SHAPE_BIG_POINT ? 16384.0f : be->caps.point_max;
    uint8_t *dst = gl_stream_alloc(be, &be->heads, ps_at + sizeof(struct gl_ps_head), align, &at);

    if (!dst) {
        return false;
    }
    struct gl_vs_head h = {
        .view = {vp->w / 2, vp->h / 2, vp->x + vp->w / 2, vp->y + vp->h / 2},
        .point = {st->point_width < top ? st->point_width : top, st->point_min,
                  st->point_max < top ? st->point_max : top, st->line_width},
        .first = {p->first, vp->clip},
    };
    for (unsigned i = 0; i < 3; i++) {
        h.pos_scale[i] = vp->scale[i];
        h.pos_bias[i] = vp->bias[i];
    }
    struct gl_ps_head ph = {{st->alpha_ref, 0, 0, 0}};
    memcpy(dst, &h, sizeof h);
    memcpy(dst + ps_at, &ph, sizeof ph);
    glBindBufferRange(GL_UNIFORM_BUFFER, 0, be->heads.buffer, (GLintptr)at, sizeof h);
    glBindBufferRange(GL_UNIFORM_BUFFER, 1, be->heads.buffer, (GLintptr)(at + ps_at), sizeof ph);
    return true;
}

// The pixel shader's constants, with the tile's position set right in a copy where that is needed.
static bool bind_pixel_data(struct gl_backend *be, const struct gl_prepared *p,
                            const struct gl_bind *bind)
{
    const struct gl_stage_block *b = &p->prog->ps;
    GLuint buffer = be->stream.buffer;
    size_t at = p->ps_at;

    if (p->reads_tile && (bind->tile_x != 0 || bind->tile_y != 0) &&
        b->const_count > TILE_CONSTANT) {
        uint8_t *copy = gl_stream_alloc(be, &be->heads, b->bytes, (size_t)be->caps.ubo_align, &at);
        if (!copy) {
            return false;
        }
        float tile[2] = {p->tile[0] + bind->tile_x, p->tile[1] + bind->tile_y};
        memcpy(copy, be->stream.map + p->ps_at, b->bytes);
        memcpy(copy + b->consts + 16 * TILE_CONSTANT, tile, sizeof tile);
        buffer = be->heads.buffer;
        gl_stream_flush(&be->heads);
    }
    glBindBufferRange(GL_UNIFORM_BUFFER, 3, buffer, (GLintptr)at, (GLsizeiptr)b->bytes);
    return true;
}

static void bind_data(struct gl_backend *be, const struct gl_prepared *p)
{
    const struct gl_program *prog = p->prog;
    GLuint buffer = be->stream.buffer;

    if (be->program != prog) {
        glUseProgram(prog->program);
        glBindVertexArray(prog->vao);
        be->program = prog;
    }
    glBindBuffer(GL_ARRAY_BUFFER, buffer);
    for (unsigned i = 0; i < prog->vfetch_count; i++) {
        const struct gl_vfetch_plan *f = &prog->vfetch[i];
        if (f->attribute) {
            glVertexAttribPointer(f->location, f->size, f->type, f->normalised, f->stride,
                                  (const void *)p->pointer[f->location]);
        }
    }
    if (p->indexed) {
        glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, buffer);
    }
    glBindBufferRange(GL_UNIFORM_BUFFER, 2, buffer, (GLintptr)p->vs_at, (GLsizeiptr)prog->vs.bytes);
    if (prog->reads_texels) {
        glActiveTexture(GL_TEXTURE0 + MAX_SAMPLERS);
        glBindTexture(GL_TEXTURE_BUFFER, be->stream.texture);
    }
    for (unsigned i = 0; i < prog->sampler_count; i++) {
        glActiveTexture(GL_TEXTURE0 + i);
        glBindTexture(p->bound[i].target, p->bound[i].tex);
        glBindSampler(i, p->bound[i].sampler);
    }
}

static uint64_t host_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void call_faces(const struct gl_prepared *p, uint32_t from, uint32_t count)
{
    if (p->prim >= GPU_PRIM_TRIANGLES && p->prim != GPU_PRIM_RECTS &&
        gl_state_faces_differ(&p->state)) {
        gl_state_face(&p->state, false);
        call(p, from, count);
        gl_state_face(&p->state, true);
    }
    call(p, from, count);
}

// A draw whose programs loop cannot be interrupted once the host has it. It is therefore given to
// it in parts, each waited for, that grow while they are quick; one that goes on and on is given up
// between two parts. Where only the vertex program loops, parts are runs of primitives: every
// vertex is still shaded once.
static enum gpu_result call_in_pieces(const struct gl_backend *be, const struct gl_prepared *p)
{
    uint64_t deadline = host_ns() + DRAW_LIMIT_NS;
    uint32_t n = 384; // whole points, lines and triangles
    for (uint32_t at = 0; at < p->count;) {
        uint64_t start = host_ns();
        uint32_t part = p->count - at < n ? p->count - at : n;
        call_faces(p, at, part);
        if (!be->caps.software) { // which shades vertices within the call
            glFinish();
        }
        at += part;
        uint64_t now = host_ns();
        if (now > deadline) {
            return GPU_TIMEOUT;
        }
        if (now - start < BAND_NS / 4) {
            n *= 4;
        } else if (now - start > BAND_NS && n > 384) {
            n /= 4;
        }
    }
    return GPU_OK;
}

static bool is_list(enum gpu_prim prim)
{
    return prim == GPU_PRIM_POINTS || prim == GPU_PRIM_LINES || prim == GPU_PRIM_TRIANGLES;
}

// Pixel programs: bands of rows.
static enum gpu_result call_in_bands(const struct gl_prepared *p, const struct gpu_rect *sc)
{
    uint64_t deadline = host_ns() + DRAW_LIMIT_NS;
    int32_t rows = 2;
    for (int32_t y = sc->y0; y < sc->y1;) {
        uint64_t start = host_ns();
        int32_t n = sc->y1 - y < rows ? sc->y1 - y : rows;
        glScissor(sc->x0, y, sc->x1 - sc->x0, n);
        call_faces(p, 0, p->count);
        glFinish();
        y += n;
        uint64_t now = host_ns();
        if (now > deadline) {
            return GPU_TIMEOUT;
        }
        if (now - start < BAND_NS) {
            rows *= 4;
        } else if (now - start > 4 * BAND_NS && rows > 2) {
            rows /= 2;
        }
    }
    return GPU_OK;
}

enum gpu_result gl_draw_issue(struct gl_context *ctx, const struct gl_prepared *p,
                              const struct gl_bind *bind)
{
    struct gl_backend *be = ctx->be;
    struct gl_viewport vp;

    if (!gl_image_bind(be, bind->color, bind->depth)) {
        return GPU_HOST_ERROR;
    }
    gl_viewport_map(be, &p->state, bind, &vp);
    if (!put_heads(be, p, &vp) || !bind_pixel_data(be, p, bind)) {
        return GPU_HOST_ERROR;
    }
    gl_stream_flush(&be->stream);
    gl_stream_flush(&be->heads);
    bind_data(be, p);
    set_viewport(be, &vp);
    gl_state_apply(be, &p->state, p->prim, bind);
    be->count.draws++;
    if (p->prog->vs_loops && !p->prog->ps_loops && is_list(p->prim)) {
        return call_in_pieces(be, p);
    }
    if (p->prog->vs_loops || p->prog->ps_loops) {
        return call_in_bands(p, &bind->scissor);
    }
    call_faces(p, 0, p->count);
    return GPU_OK; // errors of GL are looked for when the record is done
}

// ---- on GMEM or memory --------------------------------------------------------------------------

static const struct gl_image *view(struct gl_context *ctx, const struct gl_view_want *want,
                                   bool write, struct gpu_rect *scissor)
{
    struct gl_view *v = gl_gmem_view(ctx, want, write);
    if (!v) {
        log_warn(ctx->log, "gl: a target does not fit on-chip memory (base 0x%x, pitch %u)",
                 want->base, want->pitch);
        return NULL;
    }
    scissor->y1 = scissor->y1 < (int32_t)v->rows ? scissor->y1 : (int32_t)v->rows;
    return &v->img;
}

enum gpu_result gl_draw_direct(struct gl_context *ctx, const struct gl_prepared *p,
                               int32_t window_x, int32_t window_y, const struct gpu_rect *scissor,
                               int32_t tile_x, int32_t tile_y)
{
    const struct gpu_state *st = &p->state;
    const struct gpu_color_target *t = &st->color;
    struct gl_bind bind = {.window_x = window_x,
                           .window_y = window_y,
                           .tile_x = (float)tile_x,
                           .tile_y = (float)tile_y};
    bool color_here = p->wants_color && t->in_gmem;

    bind.scissor = gl_rect_cut(*scissor, (struct gpu_rect){0, 0, (int32_t)t->pitch, 16384});
    if (gl_rect_empty(&bind.scissor)) {
        return GPU_OK;
    }
    uint32_t rows = (uint32_t)bind.scissor.y1;
    if ((uint32_t)p->screen.y1 > rows && p->screen.y1 <= 4096) {
        rows = (uint32_t)p->screen.y1; // the whole tile, so that the view needs not grow
    }
    if (p->wants_depth) {
        uint32_t limit = color_here && t->base > st->depth.base ? t->base : ctx->gmem_bytes;
        struct gl_view_want want = {st->depth.base,
                                    t->pitch,
                                    rows,
                                    limit,
                                    st->depth.format == DEPTHX_16 ? PX_D16 : PX_D24S8,
                                    t->samples};
        bind.depth = view(ctx, &want, st->z_write || st->stencil_enable, &bind.scissor);
        if (!bind.depth) {
            return GPU_BAD_STATE;
        }
    }
    if (color_here) {
        uint32_t limit =
            p->wants_depth && st->depth.base > t->base ? st->depth.base : ctx->gmem_bytes;
        struct gl_view_want want = {t->base, t->pitch, rows, limit, t->format, t->samples};
        bind.color = view(ctx, &want, true, &bind.scissor);
    } else if (p->wants_color) {
        bind.color = gl_sysmem_target(ctx, t, &bind.scissor);
    }
    if (p->wants_color && !bind.color) {
        return GPU_BAD_STATE;
    }
    return gl_rect_empty(&bind.scissor) ? GPU_OK : gl_draw_issue(ctx, p, &bind);
}
