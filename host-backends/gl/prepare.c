// SPDX-License-Identifier: MIT
//
// From a decoded draw to a prepared one: the program, vertices, indices and constants in the stream
// buffer, textures. After this nothing of the guest's memory is needed any more, so that the draw
// can be issued later, elsewhere, or not at all. And the comparison of a later draw with a prepared
// one.
#include "host-backends/gl/gl.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"

#define REG(st, r) ((st)->regs ? (st)->regs[(r)-0x2000] : 0)
enum {
    PA_SC_SCREEN_SCISSOR_TL = 0x200e,
    PA_SC_SCREEN_SCISSOR_BR = 0x200f,
    PA_SC_WINDOW_OFFSET = 0x2080,
    PA_SC_WINDOW_SCISSOR_TL = 0x2081,
    PA_SC_WINDOW_SCISSOR_BR = 0x2082,
    SQ_INTERPOLATOR_CNTL = 0x2182,
    PA_SU_SC_MODE_CNTL = 0x2205,
};

static bool wants_color(const struct gpu_state *st)
{
    return st->mode == 4 && (st->color_mask & 15) && gl_pixel(st->color.format);
}

static bool wants_depth(const struct gpu_state *st)
{
    return (st->z_enable || st->stencil_enable) && st->mode != 6;
}

bool gl_draw_is_nothing(const struct gpu_draw *draw)
{
    const struct gpu_state *st = draw->state;
    return st->face_kill || st->vs_export_mode == 7 || !draw->count ||
           (draw->vs && !wants_color(st) && !wants_depth(st));
}

// ---- program key --------------------------------------------------------------------------------

static bool has_point_size(const struct gpu_state *st)
{
    return st->vs_export_mode == 2 || st->vs_export_mode == 5;
}

static enum gl_kind kind_of(enum gpu_prim prim)
{
    return prim == GPU_PRIM_POINTS      ? KIND_POINT
           : prim <= GPU_PRIM_LINE_LOOP ? KIND_LINE
                                        : KIND_TRIANGLE;
}

// Infinities and NaN among the constants that a program names. The host's arithmetic treats them in
// its own way, and the stock driver's miscompiled immediates are full of them; such draws get the
// exact program. (Denormals are flushed when constants are uploaded.)
static bool odd_constants(const struct shader_info *info, const float (*alu)[4], unsigned count)
{
    unsigned n = info->uses_rel_const          ? count
                 : info->alu_const_max < count ? info->alu_const_max
                                               : count;
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

static void make_key(const struct gl_backend *be, const struct gpu_draw *d,
                     struct gl_program_key *key)
{
    const struct gpu_state *st = d->state;
    const struct shader_info *vi = shader_info(d->vs), *pi = d->ps ? shader_info(d->ps) : NULL;
    const struct gl_pixel *px = gl_pixel(st->color.format);

    memset(key, 0, sizeof *key);
    key->vs_hash = shader_hash(d->vs);
    key->ps_hash = d->ps ? shader_hash(d->ps) : 0;
    key->kind = (uint8_t)kind_of(d->prim);
    if (d->prim == GPU_PRIM_RECTS) {
        key->shape = SHAPE_RECT;
    } else if (key->kind == KIND_LINE && st->line_width > be->caps.line_max) {
        key->shape = SHAPE_WIDE_LINE;
    } else if (key->kind == KIND_POINT &&
               (has_point_size(st) ? st->point_max : st->point_width) > be->caps.point_max) {
        key->shape = SHAPE_BIG_POINT;
    }
    key->alpha_func = d->ps && st->alpha_test && px ? st->alpha_func & 7 : 7;
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
    if (px && px->normalised && px->bytes <= 2 && px->fields > 2) {
        key->blend = st->blend;
    }
    key->dither = d->ps && (st->dither_mode == 1 || (st->dither_mode == 2 && !st->blend));
}

// ---- constants ----------------------------------------------------------------------------------

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
    memset(out + 4 * n, 0, 16 * (size_t)(b->const_count - n));
}

// ---- what was read ------------------------------------------------------------------------------

static uint64_t generation(struct gl_context *ctx, uint32_t va, uint32_t bytes)
{
    struct gpu_mem *mem = ctx->mem;
    return mem->ops->generation && bytes ? mem->ops->generation(mem, va, bytes) : 0;
}

static void note_source(struct gl_context *ctx, struct gl_prepared *p, uint32_t va, uint32_t bytes,
                        size_t at, bool raw)
{
    if (!bytes || p->source_count > MAX_SOURCES) {
        return;
    }
    if (p->source_count < MAX_SOURCES) {
        p->source[p->source_count] =
            (struct gl_source){va, bytes, generation(ctx, va, bytes), at, raw};
    }
    p->source_count++;
}

static void note_sources(struct gl_context *ctx, struct gl_prepared *p, const struct gpu_draw *d,
                         const struct gl_vertices *v, size_t data_at)
{
    p->source_count = 0;
    if (d->indexed) {
        size_t n = (size_t)d->count * d->index_bytes;
        n = n < d->index_size ? n : d->index_size;
        note_source(ctx, p, d->index_va, (uint32_t)n, data_at + v->index_at,
                    v->index_bytes == (size_t)d->count * d->index_bytes && v->raw_indices);
    }
    for (unsigned b = 0; b < p->prog->buffer_count; b++) {
        const struct gl_vertex_range *r = &v->range[b];
        note_source(ctx, p, r->va + r->lo, r->copy, data_at + r->at, !r->endian);
    }
}

bool gl_sources_current(struct gl_context *ctx, const struct gl_prepared *p)
{
    struct gpu_mem *mem = ctx->mem;
    if (p->source_count > MAX_SOURCES) {
        return false;
    }
    if (p->epoch == ctx->epoch + ctx->stores) { // nobody said that memory changed
        return true;
    }
    for (unsigned i = 0; i < p->source_count; i++) {
        const struct gl_source *s = &p->source[i];
        if (s->generation && generation(ctx, s->va, s->bytes) == s->generation) {
            continue;
        }
        if (!s->raw) {
            return false;
        }
        if (ctx->surfaces_ahead) {
            gl_surfaces_sync(ctx, s->va, s->bytes);
        }
        for (uint32_t at = 0; at < s->bytes;) {
            size_t got = 0;
            const uint8_t *now = mem->ops->span(mem, s->va + at, s->bytes - at, &got);
            got = got < s->bytes - at ? got : s->bytes - at;
            if (!now || !got || memcmp(now, ctx->be->stream.map + s->at + at, got)) {
                return false;
            }
            at += (uint32_t)got;
        }
    }
    return true;
}

// ---- identity -----------------------------------------------------------------------------------

static uint8_t *put(uint8_t *out, const void *data, size_t n)
{
    memcpy(out, data, n);
    return out + n;
}

static uint8_t *put_constants(uint8_t *out, const uint64_t used[8], const float (*alu)[4],
                              unsigned count)
{
    for (unsigned w = 0; w < 8; w++) {
        for (uint64_t m = used[w]; m; m &= m - 1) {
            unsigned i = 64 * w + (unsigned)__builtin_ctzll(m);
            if (i < count) {
                out = put(out, alu[i], 16);
            }
        }
    }
    return out;
}

size_t gl_identity(const struct gpu_draw *d, const struct gl_program *prog, uint8_t *out,
                   float tile[2], bool *reads_tile)
{
    uint8_t *const begin = out;
    const struct gpu_state *st = d->state;
    struct {
        uint64_t vs, ps;
        uint32_t prim, count, indexed, index_bytes, index_va, index_size, index_offset, index_min,
            index_max, window_tl, window_br, interpolators;
    } scalar;
    struct gpu_state state;

    memset(&scalar, 0, sizeof scalar);
    scalar.vs = shader_hash(d->vs);
    scalar.ps = d->ps ? shader_hash(d->ps) : 0;
    scalar.prim = d->prim;
    scalar.count = d->count;
    scalar.indexed = d->indexed;
    if (d->indexed) {
        scalar.index_bytes = d->index_bytes;
        scalar.index_va = d->index_va;
        scalar.index_size = d->index_size;
    }
    scalar.index_offset = d->index_offset;
    scalar.index_min = d->index_min;
    scalar.index_max = d->index_max;
    scalar.window_tl = REG(st, PA_SC_WINDOW_SCISSOR_TL);
    scalar.window_br = REG(st, PA_SC_WINDOW_SCISSOR_BR);
    scalar.interpolators = REG(st, SQ_INTERPOLATOR_CNTL);
    out = put(out, &scalar, sizeof scalar);
    memcpy(&state, st, sizeof state); // padding too: it only has to be the same most of the time
    state.window_x = state.window_y = 0;
    memset(&state.scissor, 0, sizeof state.scissor);
    state.regs = NULL;
    out = put(out, &state, sizeof state);
    if ((prog->vs.uses_flow || prog->ps.uses_flow) && d->bools && d->loops) {
        out = put(out, d->bools, 32);
        out = put(out, d->loops, 128);
    }
    out = put_constants(out, prog->vs_used, d->vs_alu, d->vs_alu_count);
    *reads_tile = st->param_gen && d->ps && d->ps_alu_count > TILE_CONSTANT &&
                  (prog->ps_used[TILE_CONSTANT / 64] >> (TILE_CONSTANT % 64) & 1);
    if (*reads_tile) { // all constants below it come first
        uint64_t below[8] = {prog->ps_used[0]};
        uint8_t *c64 = put_constants(out, below, d->ps_alu, d->ps_alu_count);
        memcpy(tile, d->ps_alu[TILE_CONSTANT], 2 * sizeof(float));
        out = put_constants(out, prog->ps_used, d->ps_alu, d->ps_alu_count);
        memset(c64, 0, 2 * sizeof(float));
    } else if (d->ps) {
        out = put_constants(out, prog->ps_used, d->ps_alu, d->ps_alu_count);
    }
    for (unsigned i = 0; i < prog->buffer_count; i++) {
        out = put(out, d->fetch + 2 * prog->buffers[i].constant, 8);
    }
    for (unsigned i = 0; i < prog->sampler_count; i++) {
        out = put(out, d->fetch + 6 * prog->samplers[i].constant, 24);
    }
    return (size_t)(out - begin);
}

// ---- place --------------------------------------------------------------------------------------

// Splits the scissor into what moves with the tile and what does not.
static void split_scissor(const struct gl_context *ctx, const struct gpu_state *st,
                          struct gl_prepared *p)
{
    uint32_t stl = REG(st, PA_SC_SCREEN_SCISSOR_TL), sbr = REG(st, PA_SC_SCREEN_SCISSOR_BR);
    uint32_t wtl = REG(st, PA_SC_WINDOW_SCISSOR_TL), wbr = REG(st, PA_SC_WINDOW_SCISSOR_BR);
    uint32_t off = REG(st, PA_SC_WINDOW_OFFSET);
    int32_t one = ctx->scissor_br_inclusive;

    p->window =
        (struct gpu_rect){(int32_t)bits(wtl, 14, 0), (int32_t)bits(wtl, 30, 16),
                          (int32_t)bits(wbr, 14, 0) + one, (int32_t)bits(wbr, 30, 16) + one};
    p->screen = (struct gpu_rect){(int32_t)bits(stl, 14, 0), (int32_t)bits(stl, 30, 16),
                                  (int32_t)bits(sbr, 14, 0), (int32_t)bits(sbr, 30, 16)};
    struct gpu_rect moved = {p->window.x0 + st->window_x, p->window.y0 + st->window_y,
                             p->window.x1 + st->window_x, p->window.y1 + st->window_y};
    moved = gl_rect_cut(moved, p->screen);
    p->shiftable = st->regs && !bit(wtl, 31) && !bit(off, 31) &&
                   bit(REG(st, PA_SU_SC_MODE_CNTL), 16) && st->color.samples == 1 &&
                   (gl_rect_empty(&moved) ? gl_rect_empty(&st->scissor)
                                          : !memcmp(&moved, &st->scissor, sizeof moved));
}

enum gpu_result gl_draw_prepare(struct gl_context *ctx, const struct gpu_draw *draw,
                                struct gl_prepared *p)
{
    struct gl_backend *be = ctx->be;
    struct gl_program_key key;
    struct gl_vertices v;
    enum gpu_result result = GPU_OK;
    int32_t texels[MAX_BUFFERS][4];
    size_t at;

    if (!draw->vs) {
        return GPU_BAD_SHADER;
    }
    make_key(be, draw, &key);
    p->prog = gl_program_get(ctx, draw, &key, &result);
    if (!p->prog) {
        return result;
    }
    p->prim = draw->prim;
    p->state = *draw->state;
    p->state.regs = NULL;
    p->wants_color = wants_color(draw->state);
    p->wants_depth = wants_depth(draw->state);
    p->identity = NULL;
    p->reads_tile = false;
    split_scissor(ctx, draw->state, p);
    gl_textures_prepare(ctx, draw, p->prog, p->bound);
    result = gl_vertices_plan(ctx, draw, p->prog, &v);
    if (result != GPU_OK) {
        return result;
    }
    size_t align = (size_t)be->caps.ubo_align, ps_at = align_up(p->prog->vs.bytes, align);
    size_t data_at = align_up(ps_at + p->prog->ps.bytes, 16);
    if (gl_stream_would_disturb(&be->stream, data_at + v.bytes, align)) {
        gl_record_finish(ctx);
    }
    uint8_t *dst = gl_stream_alloc(be, &be->stream, data_at + v.bytes, align, &at);
    if (!dst) {
        return GPU_BAD_STATE;
    }
    gl_vertices_load(ctx, p->prog, draw->vs, &v, dst + data_at, at + data_at, texels, p->pointer);
    memcpy(dst, texels, 16 * (size_t)p->prog->buffer_count);
    put_flow_and_consts(dst, &p->prog->vs, draw, draw->vs_alu, draw->vs_alu_count);
    put_flow_and_consts(dst + ps_at, &p->prog->ps, draw, draw->ps_alu, draw->ps_alu_count);
    p->vs_at = at;
    p->ps_at = at + ps_at;
    p->index_at = at + data_at + v.index_at;
    p->indexed = v.indexed;
    p->index_type = v.index_type;
    p->count = v.count;
    p->first = v.first;
    p->base_vertex = v.base_vertex;
    p->epoch = ctx->epoch + ctx->stores;
    note_sources(ctx, p, draw, &v, at + data_at);
    return GPU_OK;
}
