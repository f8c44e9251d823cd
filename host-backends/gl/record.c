// SPDX-License-Identifier: MIT
//
// Recording of passes. A tiler's driver sends, for every tile, the same fills and draws with
// another window offset and another resolve position. The first tile is recorded with all its data;
// what follows is compared with it, command by command, down to the contents of the memory it
// reads. When something else comes (or somebody must see results), the record is run: complete
// tiles as one picture if merge.c says that this is the same, else one by one in their order; an
// incomplete last tile is always run by itself.
#include "host-backends/gl/gl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"

enum { BLOCK_BYTES = 1 << 20 };

struct gl_block {
    struct gl_block *next;
    _Alignas(16) uint8_t bytes[BLOCK_BYTES];
};

// Memory that lives until the record is done. NULL when there is none.
static void *keep(struct gl_record *rec, size_t n)
{
    n = (size_t)align_up(n, 16);
    if (!rec->block || rec->block_used + n > BLOCK_BYTES) {
        struct gl_block **link = rec->block ? &rec->block->next : &rec->blocks;
        if (!*link) {
            *link = calloc(1, sizeof **link);
        }
        if (!*link || n > BLOCK_BYTES) {
            return NULL;
        }
        rec->block = *link;
        rec->block_used = 0;
    }
    void *p = rec->block->bytes + rec->block_used;
    rec->block_used += n;
    return p;
}

int gl_record_init(struct gl_context *ctx)
{
    struct gl_record *rec = &ctx->rec;
    rec->cmd = calloc(MAX_CMDS, sizeof *rec->cmd);
    rec->tile = calloc(MAX_TILES, sizeof *rec->tile);
    rec->identity = malloc(MAX_IDENTITY);
    ctx->rec_start = UINT64_MAX;
    return rec->cmd && rec->tile && rec->identity ? 0 : -ENOMEM;
}

void gl_record_fini(struct gl_context *ctx)
{
    struct gl_record *rec = &ctx->rec;
    while (rec->blocks) {
        struct gl_block *next = rec->blocks->next;
        free(rec->blocks);
        rec->blocks = next;
    }
    free(rec->cmd);
    free(rec->tile);
    free(rec->identity);
    memset(rec, 0, sizeof *rec);
}

// ---- running ------------------------------------------------------------------------------------

static bool last_is_complete(const struct gl_record *rec)
{
    return rec->tiles == 1 ? rec->resolved : rec->pos == rec->count;
}

static void note_result(struct gl_context *ctx, enum gpu_result r)
{
    if (ctx->late == GPU_OK) {
        ctx->late = r;
    }
}

static void run_draw(struct gl_context *ctx, const struct gl_prepared *p, unsigned t)
{
    const struct gl_tile *tile = &ctx->rec.tile[t], *first = &ctx->rec.tile[0];
    const struct gpu_state *st = &p->state;
    if (t == 0) {
        note_result(ctx, gl_draw_direct(ctx, p, st->window_x, st->window_y, &st->scissor, 0, 0));
        return;
    }
    struct gpu_rect sc = {p->window.x0 - tile->x, p->window.y0 - tile->y, p->window.x1 - tile->x,
                          p->window.y1 - tile->y};
    sc = gl_rect_cut(sc, tile->screen);
    note_result(ctx, gl_draw_direct(ctx, p, -tile->x, -tile->y, &sc, tile->x - first->x,
                                    tile->y - first->y));
}

static void run_tile(struct gl_context *ctx, unsigned t, unsigned count)
{
    struct gl_record *rec = &ctx->rec;
    unsigned areas = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct gl_cmd *c = &rec->cmd[i];
        struct gpu_resolve res;
        switch (c->kind) {
        case CMD_FILL:
            gl_gmem_fill(ctx, c->fill.base, c->fill.bytes, c->fill.value);
            break;
        case CMD_DRAW:
            run_draw(ctx, c->draw, t);
            break;
        case CMD_RESOLVE:
            res = c->res;
            if (t) {
                res.rect = rec->tile[t].rect;
                res.dst_x = rec->tile[t].x;
                res.dst_y = rec->tile[t].y;
            }
            note_result(ctx, gl_resolve_direct(ctx, &res));
            break;
        case CMD_RESTORE: {
            struct gl_restore r = c->restore;
            r.rect = rec->tile[t].area[areas++];
            r.x = rec->tile[t].x;
            r.y = rec->tile[t].y;
            note_result(ctx, gl_restore_direct(ctx, &r));
            break;
        }
        case CMD_CLEAR: {
            struct gl_clear cl = c->clear;
            cl.rect = rec->tile[t].area[areas++];
            note_result(ctx, gl_clear_direct(ctx, &cl));
            break;
        }
        }
    }
}

// Runs what was recorded; `keep` leading commands of an incomplete last tile stay as the beginning
// of the next record.
static enum gpu_result finish(struct gl_context *ctx, unsigned keep_cmds)
{
    struct gl_record *rec = &ctx->rec;
    if (!rec->count || rec->running) {
        return GPU_OK;
    }
    rec->running = true;
    bool whole = last_is_complete(rec);
    unsigned partial = whole ? 0 : rec->pos, last = rec->tiles - 1;
    unsigned complete = rec->tiles - (whole ? 0 : 1);
    rec->tiles = complete;
    bool merge = complete && !rec->plain && ctx->merging && gl_merge_possible(ctx);
    TRACE(ctx->log, gl, "%u tiles of %u commands %s%s, %u commands of another", complete,
          rec->count, merge ? "as one" : "one by one", rec->plain ? " (plain)" : "", partial);
    if (merge) {
        note_result(ctx, gl_merge_run(ctx));
        ctx->be->count.merged_tiles += complete;
    } else {
        for (unsigned t = 0; t < complete; t++) {
            run_tile(ctx, t, rec->count);
        }
    }
    ctx->be->count.passes++;
    if (!keep_cmds) {
        run_tile(ctx, last, partial);
    }
    memset(&rec->tile[0], 0, sizeof rec->tile[0]);
    rec->count = rec->pos = keep_cmds;
    rec->tiles = keep_cmds ? 1 : 0;
    rec->resolved = rec->running = false;
    rec->plain = !ctx->merging;
    rec->block = NULL;
    ctx->be->stream.held = false;
    ctx->rec_start = UINT64_MAX;
    if (!gl_check(ctx->be, "recorded work")) {
        note_result(ctx, GPU_HOST_ERROR);
    }
    return ctx->late;
}

enum gpu_result gl_record_finish(struct gl_context *ctx)
{
    return finish(ctx, 0);
}

// Something came that does not fit the record. Another pass often starts like the one before (with
// the same clears), so fills that were taken for the next tile are given to the new pass.
static void start_anew(struct gl_context *ctx)
{
    struct gl_record *rec = &ctx->rec;
    unsigned n = 0;
    if (rec->tiles > 1 && rec->pos < rec->count) {
        while (n < rec->pos && rec->cmd[n].kind == CMD_FILL) {
            n++;
        }
        n = n == rec->pos ? n : 0;
    }
    finish(ctx, n);
}

// ---- tiles --------------------------------------------------------------------------------------

static struct gl_tile *last_tile(struct gl_record *rec)
{
    return &rec->tile[rec->tiles - 1];
}

// The last tile turns out to be at (x, y). False when it was elsewhere, or another is there.
static bool place(struct gl_record *rec, int32_t x, int32_t y)
{
    struct gl_tile *t = last_tile(rec);
    if (t->placed) {
        return t->x == x && t->y == y;
    }
    for (unsigned i = 0; i + 1 < rec->tiles; i++) {
        if (rec->tile[i].x == x && rec->tile[i].y == y) {
            return false;
        }
    }
    t->x = x;
    t->y = y;
    t->placed = true;
    return true;
}

// What the next command is compared with; starts another tile where the last is complete. NULL when
// the first tile is still being recorded.
static const struct gl_cmd *expected(struct gl_record *rec, bool is_resolve)
{
    if (!rec->count || (rec->tiles == 1 && (!rec->resolved || is_resolve))) {
        return NULL;
    }
    if (rec->pos == rec->count) {
        if (rec->tiles == MAX_TILES) {
            return NULL;
        }
        memset(&rec->tile[rec->tiles++], 0, sizeof rec->tile[0]);
        rec->pos = 0;
        rec->resolved = false;
    }
    return &rec->cmd[rec->pos];
}

// Room for another command of the first tile.
static struct gl_cmd *append(struct gl_context *ctx, enum gl_cmd_kind kind)
{
    struct gl_record *rec = &ctx->rec;
    if (rec->count == MAX_CMDS) {
        gl_record_finish(ctx);
    }
    if (!rec->count) {
        memset(&rec->tile[0], 0, sizeof rec->tile[0]);
        rec->tiles = 1;
        rec->plain = !ctx->merging;
        if (ctx->rec_start == UINT64_MAX) {
            ctx->rec_start = ctx->clock + 1;
        }
    }
    struct gl_cmd *c = &rec->cmd[rec->count++];
    rec->pos = rec->count;
    c->kind = kind;
    return c;
}

// ---- fills --------------------------------------------------------------------------------------

enum gpu_result gl_record_fill(struct gl_context *ctx, const struct gpu_fill *fill)
{
    struct gl_record *rec = &ctx->rec;
    const struct gl_cmd *c = expected(rec, false);
    if (c && c->kind == CMD_FILL && c->fill.base == fill->base && c->fill.bytes == fill->bytes &&
        c->fill.value == fill->value) {
        rec->pos++;
        return GPU_OK;
    }
    if (rec->tiles > 1 || rec->resolved) {
        start_anew(ctx);
    }
    append(ctx, CMD_FILL)->fill = *fill;
    return GPU_OK;
}

// ---- restores and clears
// -----------------------------------------------------------------------------------

static bool same_source(const struct gl_restore *a, const struct gl_restore *b)
{
    return a->base == b->base && a->pitch == b->pitch && a->px == b->px && a->va == b->va &&
           a->src_pitch == b->src_pitch && a->src_width == b->src_width &&
           a->src_height == b->src_height;
}

// The area that the command covers in the last tile; false when there is no room for another.
static bool add_area(struct gl_record *rec, const struct gpu_rect *rect)
{
    struct gl_tile *t = last_tile(rec);
    if (t->areas == MAX_AREAS) {
        return false;
    }
    t->area[t->areas++] = *rect;
    return true;
}

static enum gpu_result record_restore(struct gl_context *ctx, const struct gl_restore *r)
{
    struct gl_record *rec = &ctx->rec;
    const struct gl_cmd *c = expected(rec, false);
    if (c && c->kind == CMD_RESTORE && same_source(&c->restore, r) && place(rec, r->x, r->y) &&
        add_area(rec, &r->rect)) {
        rec->pos++;
        return GPU_OK;
    }
    if (rec->tiles > 1 || rec->resolved || (rec->count && last_tile(rec)->areas == MAX_AREAS)) {
        start_anew(ctx);
    }
    append(ctx, CMD_RESTORE)->restore = *r;
    add_area(rec, &r->rect);
    if (!place(rec, r->x, r->y)) { // belongs to another tile than what came before
        struct gl_restore mine = *r;
        rec->count = --rec->pos;
        last_tile(rec)->areas--;
        gl_record_finish(ctx);
        append(ctx, CMD_RESTORE)->restore = mine;
        add_area(rec, &mine.rect);
        place(rec, mine.x, mine.y);
    }
    return GPU_OK;
}

static enum gpu_result record_clear(struct gl_context *ctx, const struct gl_clear *cl)
{
    struct gl_record *rec = &ctx->rec;
    const struct gl_cmd *c = expected(rec, false);
    if (c && c->kind == CMD_CLEAR && !memcmp(&c->clear, cl, offsetof(struct gl_clear, rect)) &&
        add_area(rec, &cl->rect)) {
        rec->pos++;
        return GPU_OK;
    }
    if (rec->tiles > 1 || rec->resolved || (rec->count && last_tile(rec)->areas == MAX_AREAS)) {
        start_anew(ctx);
    }
    append(ctx, CMD_CLEAR)->clear = *cl;
    add_area(rec, &cl->rect);
    return GPU_OK;
}

// ---- resolves -----------------------------------------------------------------------------------

static bool same_resolve(const struct gpu_resolve *a, const struct gpu_resolve *b)
{
    return a->src.in_gmem == b->src.in_gmem && a->src.base == b->src.base &&
           a->src.pitch == b->src.pitch && a->src.format == b->src.format &&
           a->src.swap == b->src.swap && a->src.samples == b->src.samples &&
           a->dst_va == b->dst_va && a->dst_pitch == b->dst_pitch &&
           a->dst_format == b->dst_format && a->dst_swap == b->dst_swap &&
           a->dst_endian == b->dst_endian && a->dst_linear == b->dst_linear &&
           a->write_mask == b->write_mask && a->sample_select == b->sample_select &&
           a->depth == b->depth;
}

static bool same_rect(const struct gpu_rect *a, const struct gpu_rect *b)
{
    return a->x0 == b->x0 && a->y0 == b->y0 && a->x1 == b->x1 && a->y1 == b->y1;
}

static uint64_t last_row(const struct gpu_resolve *res)
{
    return (uint64_t)res->rect.y1 + (uint32_t)res->dst_y;
}

// How far the surface probably goes: as the scissors say. Other buffers may begin right behind.
static uint64_t rows_expected(const struct gl_record *rec, const struct gpu_resolve *res)
{
    uint64_t rows = last_row(res);
    for (unsigned i = 0; i < rec->count; i++) {
        if (rec->cmd[i].kind == CMD_DRAW && (uint64_t)rec->cmd[i].draw->window.y1 > rows) {
            rows = (uint64_t)rec->cmd[i].draw->window.y1;
        }
    }
    return rows;
}

// True when a recorded draw reads memory that resolves of these rows write: then a later tile would
// see what an earlier one wrote, and the order matters.
static bool feeds_back(const struct gl_record *rec, const struct gpu_resolve *res, uint64_t rows)
{
    uint64_t bytes = align_up(rows, res->dst_linear ? 1 : 32) * res->dst_pitch *
                     color_format_bytes(res->dst_format);
    for (unsigned i = 0; i < rec->count; i++) {
        const struct gl_prepared *p = rec->cmd[i].draw;
        if (rec->cmd[i].kind != CMD_DRAW) {
            continue;
        }
        if (gl_textures_overlap(p->bound, p->prog->sampler_count, res->dst_va, bytes)) {
            return true;
        }
        for (unsigned k = 0; k < p->source_count && k < MAX_SOURCES; k++) {
            const struct gl_source *s = &p->source[k];
            if (s->va < res->dst_va + bytes && res->dst_va < (uint64_t)s->va + s->bytes) {
                return true;
            }
        }
    }
    return false;
}

enum gpu_result gl_record_resolve(struct gl_context *ctx, const struct gpu_resolve *res)
{
    struct gl_record *rec = &ctx->rec;
    const struct gl_cmd *c = expected(rec, true);
    if (c && c->kind == CMD_RESOLVE && same_resolve(&c->res, res) &&
        place(rec, res->dst_x, res->dst_y)) {
        struct gl_tile *t = last_tile(rec);
        if (!rec->resolved || same_rect(&t->rect, &res->rect)) {
            t->rect = res->rect;
            rec->resolved = true;
            rec->pos++;
            // further down than the first tile let expect: what follows may read what this writes
            return last_row(res) > c->rows && feeds_back(rec, res, last_row(res))
                       ? gl_record_finish(ctx)
                       : GPU_OK;
        }
    }
    if (rec->tiles > 1) {
        start_anew(ctx);
    }
    struct gl_cmd *mine = append(ctx, CMD_RESOLVE);
    mine->res = *res;
    mine->rows = rows_expected(rec, res);
    struct gl_tile *t = last_tile(rec);
    if (!place(rec, res->dst_x, res->dst_y) ||
        (rec->resolved && !same_rect(&t->rect, &res->rect)) || feeds_back(rec, res, mine->rows)) {
        rec->plain = true;
    }
    t->rect = res->rect;
    rec->resolved = true;
    return rec->plain ? gl_record_finish(ctx) : GPU_OK;
}

// ---- draws --------------------------------------------------------------------------------------

static bool matches(struct gl_context *ctx, const struct gl_prepared *p,
                    const struct gpu_draw *draw)
{
    struct gl_record *rec = &ctx->rec;
    const struct gl_tile *t = last_tile(rec), *first = &rec->tile[0];
    float tile[2] = {0, 0};
    bool reads_tile;

    if (!p->identity || shader_hash(draw->vs) != p->prog->key.vs_hash ||
        (draw->ps ? shader_hash(draw->ps) : 0) != p->prog->key.ps_hash) {
        return false;
    }
    size_t n = gl_identity(draw, p->prog, rec->identity, tile, &reads_tile);
    if (n != p->identity_bytes || memcmp(rec->identity, p->identity, n) ||
        reads_tile != p->reads_tile) {
        return false;
    }
    if (!place(rec, -draw->state->window_x, -draw->state->window_y) ||
        (reads_tile && (tile[0] - p->tile[0] != (float)(t->x - first->x) ||
                        tile[1] - p->tile[1] != (float)(t->y - first->y)))) {
        return false;
    }
    return gl_sources_current(ctx, p) && gl_textures_current(ctx, p->bound, p->prog->sampler_count);
}

static struct gpu_rect screen_scissor(const struct gpu_state *st)
{
    uint32_t tl = st->regs ? st->regs[0x00e] : 0, br = st->regs ? st->regs[0x00f] : 0;
    return (struct gpu_rect){(int32_t)bits(tl, 14, 0), (int32_t)bits(tl, 30, 16),
                             (int32_t)bits(br, 14, 0), (int32_t)bits(br, 30, 16)};
}

// All draws of a tile have one screen scissor.
static bool same_screen(struct gl_tile *t, const struct gpu_rect *screen)
{
    if (!t->has_screen) {
        t->screen = *screen;
        t->has_screen = true;
    }
    return same_rect(&t->screen, screen);
}

static enum gpu_result add_draw(struct gl_context *ctx, const struct gpu_draw *draw)
{
    struct gl_record *rec = &ctx->rec;
    struct gl_prepared now;
    enum gpu_result r;

    if (ctx->rec_start == UINT64_MAX) {
        ctx->rec_start = ctx->clock + 1; // its own textures count as wanted
    }
    r = gl_draw_prepare(ctx, draw, &now); // may finish what was recorded
    if (r != GPU_OK) {
        return r;
    }
    struct gl_prepared *p = keep(rec, sizeof *p);
    if (!p) {
        return GPU_HOST_ERROR;
    }
    *p = now;
    p->identity_bytes = gl_identity(draw, p->prog, rec->identity, p->tile, &p->reads_tile);
    uint8_t *identity = keep(rec, p->identity_bytes);
    if (identity) {
        memcpy(identity, rec->identity, p->identity_bytes);
        p->identity = identity;
    }
    append(ctx, CMD_DRAW)->draw = p;
    if (!ctx->be->stream.held) {
        ctx->be->stream.held = true;
        ctx->be->stream.hold = ctx->be->stream.quarter;
    }
    struct gl_tile *t = last_tile(rec);
    if (!place(rec, -draw->state->window_x, -draw->state->window_y) ||
        !same_screen(t, &p->screen) || !p->shiftable || p->source_count > MAX_SOURCES ||
        (p->prog->reads_window && !p->reads_tile)) {
        rec->plain = true;
    }
    return GPU_OK;
}

enum gpu_result gl_record_draw(struct gl_context *ctx, const struct gpu_draw *draw)
{
    struct gl_record *rec = &ctx->rec;
    const struct gpu_state *st = draw->state;

    if (gl_draw_is_nothing(draw)) {
        return GPU_OK;
    }
    if (!draw->vs) {
        return GPU_BAD_SHADER;
    }
    if (st->mode == 4 && !st->color.in_gmem) { // to memory: at once
        struct gl_prepared now;
        gl_record_finish(ctx);
        enum gpu_result r = gl_draw_prepare(ctx, draw, &now);
        return r != GPU_OK
                   ? r
                   : gl_draw_direct(ctx, &now, st->window_x, st->window_y, &st->scissor, 0, 0);
    }
    struct gl_restore restore;
    struct gl_clear clear;
    if (draw->prim == GPU_PRIM_RECTS && gl_restore_recognise(ctx, draw, &restore)) {
        return record_restore(ctx, &restore);
    }
    if (draw->prim == GPU_PRIM_RECTS && gl_clear_recognise(ctx, draw, &clear)) {
        return record_clear(ctx, &clear);
    }
    const struct gl_cmd *c = expected(rec, false);
    if (c && c->kind == CMD_DRAW) {
        struct gpu_rect screen = screen_scissor(st);
        if (matches(ctx, c->draw, draw) && same_screen(last_tile(rec), &screen)) {
            rec->pos++;
            return GPU_OK;
        }
    }
    if (rec->tiles > 1 || rec->resolved) {
        start_anew(ctx);
    }
    return add_draw(ctx, draw);
}
