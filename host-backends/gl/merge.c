// SPDX-License-Identifier: MIT
//
// Recorded tiles as one pass: images as large as all tiles together ("frames") stand for the ranges
// of on-chip memory that the tiles used one after the other; every draw is issued once, and every
// resolve makes the frame a surface in memory. Allowed when each range starts with a fill or a
// restore that covers it (no tile sees what the one before it left), when draws keep to the tile's
// place (record.c saw to that), and when the tiles do not overlap. On-chip memory afterwards holds
// the last tile, as it would have. Frame pixel (0, 0) is surface pixel (left, top).
#include "host-backends/gl/gl.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"

enum { MAX_ATTACH = 4, MAX_FRAMES = 24, MAX_SIDE = 8192, MAX_AREA = 16 << 20 };
#define MAX_FRAME_BYTES (192ull << 20)

// A range of on-chip memory that the pass uses as a surface.
struct attach {
    uint32_t base, pitch, bytes; // bytes: what one tile uses
    uint8_t px, bpp;
    bool drawn;
    struct gl_image *frame;
    bool restored;                // from memory, not filled
    bool stencil_known;           // low bits have been given a value
    const struct gpu_resolve *to; // becomes the surface there
};

struct frame {
    struct gl_image img;
    uint64_t used;
};

struct gl_merge {
    struct attach attach[MAX_ATTACH];
    unsigned count;
    int32_t left, top;
    uint32_t width, height; // of the frames
    bool filled;            // the tiles cover the rectangle without gaps
    struct frame frame[MAX_FRAMES];
};

// ---- may it be done -----------------------------------------------------------------------------

static struct attach *attach_find(struct gl_merge *m, uint32_t base)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->attach[i].base == base) {
            return &m->attach[i];
        }
    }
    return NULL;
}

// Notes a use of a range; false when it is used in two ways.
static bool attach_add(struct gl_merge *m, uint32_t base, uint32_t pitch, unsigned px, bool drawn)
{
    struct attach *a = attach_find(m, base);
    const struct gl_pixel *p = gl_pixel(px);
    if (!p) {
        return false;
    }
    if (!a) {
        if (m->count == MAX_ATTACH) {
            return false;
        }
        a = &m->attach[m->count++];
        *a = (struct attach){
            .base = base, .pitch = pitch, .px = (uint8_t)px, .bpp = p->bytes, .drawn = drawn};
        return true;
    }
    if (a->pitch != pitch || a->bpp != p->bytes) {
        return false;
    }
    if (drawn && a->px != px) { // two kinds drawn, or a kind over what was only resolved so far
        if (a->drawn) {
            return false;
        }
        a->px = (uint8_t)px;
    }
    a->drawn |= drawn;
    return true;
}

static bool collect(struct gl_merge *m, const struct gl_record *rec)
{
    m->count = 0;
    for (unsigned i = 0; i < rec->count; i++) { // draws say best what a range is
        const struct gl_cmd *c = &rec->cmd[i];
        if (c->kind != CMD_DRAW) {
            continue;
        }
        const struct gpu_state *st = &c->draw->state;
        unsigned depth_px = st->depth.format == DEPTHX_16 ? PX_D16 : PX_D24S8;
        if ((c->draw->wants_color &&
             !attach_add(m, st->color.base, st->color.pitch, st->color.format, true)) ||
            (c->draw->wants_depth &&
             !attach_add(m, st->depth.base, st->color.pitch, depth_px, true))) {
            return false;
        }
    }
    for (unsigned i = 0; i < rec->count; i++) {
        const struct gl_cmd *c = &rec->cmd[i];
        if (c->kind == CMD_RESOLVE &&
            (!c->res.src.in_gmem || c->res.src.samples != 1 ||
             !attach_add(m, c->res.src.base, c->res.src.pitch, c->res.src.format, false))) {
            return false;
        }
        if (c->kind == CMD_RESTORE &&
            !attach_add(m, c->restore.base, c->restore.pitch, c->restore.px, false)) {
            return false;
        }
        const struct gl_clear *cl = &c->clear;
        if (c->kind == CMD_CLEAR &&
            ((cl->color && !attach_add(m, cl->base, cl->pitch, cl->px, true)) ||
             ((cl->depth || cl->stencil) &&
              !attach_add(m, cl->depth_base, cl->pitch, cl->depth_px, true)))) {
            return false;
        }
    }
    return m->count > 0;
}

static bool disjoint(const struct gl_tile *a, const struct gl_tile *b)
{
    return a->x + a->rect.x0 >= b->x + b->rect.x1 || b->x + b->rect.x0 >= a->x + a->rect.x1 ||
           a->y + a->rect.y0 >= b->y + b->rect.y1 || b->y + b->rect.y0 >= a->y + a->rect.y1;
}

// Place and size of the frames, no overlaps.
static bool arrange(struct gl_merge *m, const struct gl_context *ctx, const struct gl_record *rec)
{
    uint64_t area = 0;
    uint32_t rows = 0;
    struct gpu_rect box = {MAX_SIDE, MAX_SIDE, 0, 0};
    for (unsigned i = 0; i < rec->tiles; i++) {
        const struct gl_tile *t = &rec->tile[i];
        const struct gpu_rect *r = &t->rect;
        if (!t->placed || r->x0 < 0 || r->y0 < 0 || gl_rect_empty(r) || t->x < 0 || t->y < 0 ||
            t->x + r->x1 > MAX_SIDE || t->y + r->y1 > MAX_SIDE) {
            return false;
        }
        for (unsigned k = 0; k < i; k++) {
            if (!disjoint(t, &rec->tile[k])) {
                return false;
            }
        }
        box.x0 = t->x + r->x0 < box.x0 ? t->x + r->x0 : box.x0;
        box.y0 = t->y + r->y0 < box.y0 ? t->y + r->y0 : box.y0;
        box.x1 = t->x + r->x1 > box.x1 ? t->x + r->x1 : box.x1;
        box.y1 = t->y + r->y1 > box.y1 ? t->y + r->y1 : box.y1;
        rows = (uint32_t)r->y1 > rows ? (uint32_t)r->y1 : rows;
        area += (uint64_t)(r->x1 - r->x0) * (uint64_t)(r->y1 - r->y0);
    }
    m->left = box.x0;
    m->top = box.y0;
    m->width = (uint32_t)(box.x1 - box.x0);
    m->height = (uint32_t)(box.y1 - box.y0);
    uint64_t all = (uint64_t)m->width * m->height;
    m->filled = area == all;
    if (all > MAX_AREA || (all > 1 << 20 && area < all / 4)) { // far apart: not worth the memory
        return false;
    }
    for (unsigned i = 0; i < m->count; i++) {
        struct attach *a = &m->attach[i];
        uint64_t bytes = (uint64_t)a->pitch * rows * a->bpp;
        if (!bytes || a->base >= ctx->gmem_bytes || bytes > ctx->gmem_bytes - a->base) {
            return false;
        }
        a->bytes = (uint32_t)bytes;
        for (unsigned k = 0; k < i; k++) {
            const struct attach *o = &m->attach[k];
            if (a->base < o->base + o->bytes && o->base < a->base + a->bytes) {
                return false;
            }
        }
    }
    return m->width <= (uint32_t)ctx->be->caps.max_texture &&
           m->height <= (uint32_t)ctx->be->caps.max_texture;
}

// What a run of consecutive fills from command i does to a range: nothing, sets all of it to one
// value, or something that a frame can not say.
enum fill_effect { FILL_NONE, FILL_ALL, FILL_OTHER };

static enum fill_effect fill_effect(const struct gl_record *rec, unsigned i, const struct attach *a,
                                    uint32_t *value)
{
    const struct gl_pixel *p = gl_pixel(a->px);
    uint64_t done = a->base, end = (uint64_t)a->base + a->bytes;
    bool any = false;
    for (unsigned k = i; k < rec->count && rec->cmd[k].kind == CMD_FILL; k++) {
        const struct gpu_fill *f = &rec->cmd[k].fill;
        if (f->base >= end || (uint64_t)f->base + f->bytes <= a->base) {
            continue;
        }
        if (any && f->value != *value) {
            return FILL_OTHER;
        }
        any = true;
        *value = f->value;
        if (f->base <= done && (uint64_t)f->base + f->bytes > done) {
            done = (uint64_t)f->base + f->bytes;
        }
    }
    if (!any) {
        return FILL_NONE;
    }
    bool sayable =
        p->normalised && (p->bytes == 4 || (p->bytes == 2 && *value >> 16 == (*value & 0xffff)));
    return done >= end && sayable ? FILL_ALL : FILL_OTHER;
}

// Does the n-th area of every tile cover what is resolved of it?
static bool covers_all(const struct gl_record *rec, unsigned n)
{
    for (unsigned i = 0; i < rec->tiles; i++) {
        const struct gpu_rect *a = &rec->tile[i].area[n], *b = &rec->tile[i].rect;
        if (a->x0 > b->x0 || a->y0 > b->y0 || a->x1 < b->x1 || a->y1 < b->y1) {
            return false;
        }
    }
    return true;
}

static bool stencil_is_used(const struct gl_record *rec, uint32_t base)
{
    for (unsigned i = 0; i < rec->count; i++) {
        const struct gl_cmd *c = &rec->cmd[i];
        if (c->kind == CMD_DRAW && c->draw->state.stencil_enable &&
            c->draw->state.depth.base == base) {
            return true;
        }
    }
    return false;
}

// Does the clear give the range a value everywhere? Stencil that no draw of the pass looks at may
// stay without: a driver that wants to keep it restores it first.
static bool clear_defines(const struct gl_record *rec, const struct gl_clear *c,
                          const struct attach *a)
{
    if (c->color && c->base == a->base) {
        return true;
    }
    return c->depth && c->depth_base == a->base &&
           (c->stencil || c->depth_px == PX_D16 || !stencil_is_used(rec, a->base));
}

static bool cmd_uses(const struct gl_cmd *c, uint32_t base)
{
    switch (c->kind) {
    case CMD_RESOLVE:
        return c->res.src.base == base;
    case CMD_DRAW:
        return (c->draw->wants_color && c->draw->state.color.base == base) ||
               (c->draw->wants_depth && c->draw->state.depth.base == base);
    case CMD_CLEAR: // where it does not define
        return (c->clear.color && c->clear.base == base) ||
               ((c->clear.depth || c->clear.stencil) && c->clear.depth_base == base);
    case CMD_FILL:
    case CMD_RESTORE:
        break;
    }
    return false;
}

// Every range is filled or restored before it is used, and every run of fills can be said in
// pixels.
static bool defined(const struct gl_merge *m, const struct gl_record *rec)
{
    bool set[MAX_ATTACH] = {false};
    unsigned areas = 0;
    for (unsigned i = 0; i < rec->count; i++) {
        const struct gl_cmd *c = &rec->cmd[i];
        if ((c->kind == CMD_RESTORE || c->kind == CMD_CLEAR) && !covers_all(rec, areas++)) {
            return false;
        }
        if (c->kind == CMD_FILL && (i == 0 || rec->cmd[i - 1].kind != CMD_FILL)) {
            for (unsigned a = 0; a < m->count; a++) {
                uint32_t value = 0;
                enum fill_effect e = fill_effect(rec, i, &m->attach[a], &value);
                if (e == FILL_OTHER) {
                    return false;
                }
                set[a] |= e == FILL_ALL;
            }
        }
        for (unsigned a = 0; a < m->count; a++) {
            set[a] |= c->kind == CMD_RESTORE && c->restore.base == m->attach[a].base;
            set[a] |= c->kind == CMD_CLEAR && clear_defines(rec, &c->clear, &m->attach[a]);
            if (cmd_uses(c, m->attach[a].base) && !set[a]) {
                return false;
            }
        }
    }
    return true;
}

bool gl_merge_possible(struct gl_context *ctx)
{
    const struct gl_record *rec = &ctx->rec;
    if (!ctx->merge) {
        ctx->merge = calloc(1, sizeof *ctx->merge);
        if (!ctx->merge) {
            return false;
        }
    }
    return collect(ctx->merge, rec) && arrange(ctx->merge, ctx, rec) && defined(ctx->merge, rec);
}

// ---- doing it -----------------------------------------------------------------------------------

void gl_merge_destroy(struct gl_context *ctx)
{
    for (unsigned i = 0; ctx->merge && i < MAX_FRAMES; i++) {
        gl_image_destroy(ctx->be, &ctx->merge->frame[i].img);
    }
    free(ctx->merge);
    ctx->merge = NULL;
}

static uint64_t frame_bytes(const struct gl_merge *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < MAX_FRAMES; i++) {
        const struct gl_image *img = &m->frame[i].img;
        n += img->tex ? (uint64_t)img->width * img->height * gl_pixel(img->px)->bytes : 0;
    }
    return n;
}

// A frame image of this kind and size that is not in use by this pass.
static struct gl_image *frame_get(struct gl_context *ctx, unsigned px, uint64_t since)
{
    struct gl_merge *m = ctx->merge;
    struct frame *oldest = NULL;
    for (unsigned i = 0; i < MAX_FRAMES; i++) {
        struct frame *f = &m->frame[i];
        if (f->used >= since) {
            continue;
        }
        if (f->img.tex && f->img.px == px && f->img.width == m->width &&
            f->img.height == m->height) {
            f->used = ++ctx->clock;
            return &f->img;
        }
        if (!oldest || f->used < oldest->used) {
            oldest = f;
        }
    }
    if (!oldest) {
        return NULL;
    }
    gl_image_destroy(ctx->be, &oldest->img);
    for (unsigned i = 0; i < MAX_FRAMES && frame_bytes(m) > MAX_FRAME_BYTES; i++) {
        if (m->frame[i].used < since) {
            gl_image_destroy(ctx->be, &m->frame[i].img);
        }
    }
    if (!gl_image_create(ctx->be, &oldest->img, px, m->width, m->height)) {
        return NULL;
    }
    oldest->used = ++ctx->clock;
    return &oldest->img;
}

static struct gpu_rect whole(const struct gl_merge *m)
{
    return (struct gpu_rect){0, 0, (int32_t)m->width, (int32_t)m->height};
}

static void run_fills(struct gl_context *ctx, unsigned i)
{
    struct gl_merge *m = ctx->merge;
    struct gpu_rect all = whole(m);
    for (unsigned a = 0; a < m->count; a++) {
        uint32_t value;
        if (fill_effect(&ctx->rec, i, &m->attach[a], &value) == FILL_ALL) {
            gl_image_clear(ctx->be, m->attach[a].frame, &all, value);
            m->attach[a].stencil_known = true;
        }
    }
}

static enum gpu_result run_draw(struct gl_context *ctx, const struct gl_prepared *p)
{
    struct gl_merge *m = ctx->merge;
    const struct gpu_state *st = &p->state;
    const struct gl_tile *first = &ctx->rec.tile[0];
    // as if there were one tile at (left, top)
    struct gpu_rect sc = {p->window.x0 - m->left, p->window.y0 - m->top, p->window.x1 - m->left,
                          p->window.y1 - m->top};
    struct gl_bind bind = {.window_x = -m->left,
                           .window_y = -m->top,
                           .scissor = gl_rect_cut(sc, whole(m)),
                           .tile_x = (float)(m->left - first->x),
                           .tile_y = (float)(m->top - first->y)};
    if (gl_rect_empty(&bind.scissor)) {
        return GPU_OK;
    }
    if (p->wants_color) {
        bind.color = attach_find(m, st->color.base)->frame;
    }
    if (p->wants_depth) {
        bind.depth = attach_find(m, st->depth.base)->frame;
    }
    return gl_draw_issue(ctx, p, &bind);
}

static void run_restore(struct gl_context *ctx, const struct gl_restore *r)
{
    struct gl_merge *m = ctx->merge;
    const struct gl_record *rec = &ctx->rec;
    const struct attach *a = attach_find(m, r->base);
    struct gpu_rect box = {m->left, m->top, m->left + (int32_t)m->width,
                           m->top + (int32_t)m->height};
    if (m->filled) {
        gl_restore_load(ctx, r, &box, a->frame, 0, 0);
        return;
    }
    for (unsigned i = 0; i < rec->tiles; i++) {
        const struct gl_tile *t = &rec->tile[i];
        struct gpu_rect src = {t->x + t->rect.x0, t->y + t->rect.y0, t->x + t->rect.x1,
                               t->y + t->rect.y1};
        gl_restore_load(ctx, r, &src, a->frame, src.x0 - m->left, src.y0 - m->top);
    }
}

static void run_clear(struct gl_context *ctx, const struct gl_clear *c)
{
    struct gl_merge *m = ctx->merge;
    struct gpu_rect all = whole(m);
    const struct attach *color = attach_find(m, c->base);
    struct attach *depth = attach_find(m, c->depth_base);
    struct gl_clear full = *c;
    if (depth && (c->depth || c->stencil)) {
        // stencil without a value gets one, so that frames do not show what they held before
        full.stencil |= !depth->stencil_known;
        depth->stencil_known = true;
    }
    gl_clear_images(ctx, &full, &all, color ? color->frame : NULL, depth ? depth->frame : NULL);
}

// Can the frame simply become the surface?
static bool can_keep(const struct gl_merge *m, const struct gpu_resolve *res)
{
    return m->filled && !m->left && !m->top && gl_resolve_is_copy(res) && res->dst_linear &&
           !res->dst_endian && (res->write_mask & 15) == 15 && m->width <= res->dst_pitch;
}

// One transfer for all tiles.
static enum gpu_result run_resolve(struct gl_context *ctx, const struct gpu_resolve *tile_res)
{
    struct gl_merge *m = ctx->merge;
    const struct gl_record *rec = &ctx->rec;
    struct attach *a = attach_find(m, tile_res->src.base);
    struct gpu_resolve res = *tile_res;
    struct gpu_rect all = whole(m);
    enum gpu_result result = GPU_OK;

    if (can_keep(m, tile_res) && !a->to) {
        a->to = tile_res;
        return GPU_OK;
    }
    uint8_t *buf = gl_scratch(ctx, SCRATCH_RESOLVE, (size_t)m->width * m->height * a->bpp);
    if (!buf) {
        return GPU_HOST_ERROR;
    }
    gl_image_download(ctx->be, a->frame, &all, buf, m->width);
    res.dst_x = m->left;
    res.dst_y = m->top;
    if (m->filled) {
        return gl_resolve_store(ctx, &res, &all, buf, m->width);
    }
    for (unsigned i = 0; i < rec->tiles; i++) {
        const struct gl_tile *t = &rec->tile[i];
        int32_t x = t->x - m->left, y = t->y - m->top;
        struct gpu_rect r = {x + t->rect.x0, y + t->rect.y0, x + t->rect.x1, y + t->rect.y1};
        enum gpu_result one = gl_resolve_store(
            ctx, &res, &r, buf + ((size_t)r.y0 * m->width + (size_t)r.x0) * a->bpp, m->width);
        result = result == GPU_OK ? one : result;
    }
    return result;
}

// On-chip memory as the last tile leaves it.
static void leave_last_tile(struct gl_context *ctx)
{
    struct gl_merge *m = ctx->merge;
    const struct gl_record *rec = &ctx->rec;
    const struct gl_tile *t = &rec->tile[rec->tiles - 1];

    for (unsigned i = 0; i < rec->count; i++) {
        if (rec->cmd[i].kind == CMD_FILL) {
            const struct gpu_fill *f = &rec->cmd[i].fill;
            gl_gmem_fill(ctx, f->base, f->bytes, f->value);
        }
    }
    for (unsigned i = 0; i < m->count; i++) {
        const struct attach *a = &m->attach[i];
        struct gl_view_want want = {a->base, a->pitch, (uint32_t)t->rect.y1, a->base + a->bytes,
                                    a->px,   1};
        struct gl_view *v = a->drawn || a->restored ? gl_gmem_view(ctx, &want, true) : NULL;
        if (v) {
            gl_image_copy(ctx->be, a->frame, t->x + t->rect.x0 - m->left,
                          t->y + t->rect.y0 - m->top, &v->img, t->rect.x0, t->rect.y0,
                          (uint32_t)(t->rect.x1 - t->rect.x0), (uint32_t)(t->rect.y1 - t->rect.y0));
        }
    }
}

enum gpu_result gl_merge_run(struct gl_context *ctx)
{
    struct gl_merge *m = ctx->merge;
    const struct gl_record *rec = &ctx->rec;
    enum gpu_result result = GPU_OK, one;
    uint64_t since = ctx->clock + 1;

    for (unsigned i = 0; i < m->count; i++) {
        m->attach[i].frame = frame_get(ctx, m->attach[i].px, since);
        if (!m->attach[i].frame) {
            return GPU_HOST_ERROR;
        }
    }
    for (unsigned i = 0; i < rec->count; i++) {
        const struct gl_cmd *c = &rec->cmd[i];
        one = GPU_OK;
        switch (c->kind) {
        case CMD_FILL:
            if (i == 0 || rec->cmd[i - 1].kind != CMD_FILL) {
                run_fills(ctx, i);
            }
            break;
        case CMD_DRAW:
            one = run_draw(ctx, c->draw);
            break;
        case CMD_RESOLVE:
            one = run_resolve(ctx, &c->res);
            break;
        case CMD_RESTORE:
            attach_find(m, c->restore.base)->restored = true;
            attach_find(m, c->restore.base)->stencil_known = true;
            run_restore(ctx, &c->restore);
            break;
        case CMD_CLEAR:
            run_clear(ctx, &c->clear);
            break;
        }
        result = result == GPU_OK ? one : result;
    }
    leave_last_tile(ctx);
    for (unsigned i = 0; i < m->count; i++) {
        const struct gpu_resolve *to = m->attach[i].to;
        if (to) {
            gl_surface_put(ctx, to->dst_va, to->dst_pitch, m->attach[i].frame);
        }
    }
    return result;
}
