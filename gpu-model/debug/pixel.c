// SPDX-License-Identifier: MIT
//
// Which work touched a pixel. Before each draw whose scissor holds the pixel the draw runs once more
// with every test off and the pixel alone in the scissor, over two different colours: what becomes
// the same was covered, and is what the program gave. Then the real draw runs and what changed is
// told apart from what a test rejected.
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/debug/priv.h"
#include "gpu-model/formats.h"

struct stored {
    uint8_t color[16], depth[4];
};

struct pixel_visit {
    struct debug_visit visit;
    const struct gpu_debug *session;
    FILE *out;
    int x, y, lines;
    bool inside, covered;
    float gave[4];
    struct stored before;
};

// Where the pixel lies for this draw; false when it does not.
static bool locate(const struct pixel_visit *v, const struct gpu_state *s, int *x, int *y)
{
    *x = v->x + s->window_x;
    *y = v->y + s->window_y;
    return *x >= s->scissor.x0 && *x < s->scissor.x1 && *y >= s->scissor.y0 && *y < s->scissor.y1 &&
           s->color.samples <= 1 && s->color.in_gmem;
}

static uint32_t offset(const struct gpu_state *s, int x, int y, unsigned bytes, bool depth)
{
    return (depth ? s->depth.base : s->color.base) +
           ((uint32_t)y * s->color.pitch + (uint32_t)x) * bytes;
}

static unsigned depth_bytes(const struct gpu_state *s)
{
    return s->depth.format == DEPTHX_16 ? 2 : 4;
}

static void load(const struct debug_place *p, const struct gpu_state *s, int x, int y,
                 struct stored *st)
{
    const struct gpu_backend_ops *ops = p->ctx->backend->ops;
    unsigned n = color_format_bytes(s->color.format);
    memset(st, 0, sizeof *st);
    ops->gmem_read(p->ctx, offset(s, x, y, n, false), st->color, n);
    ops->gmem_read(p->ctx, offset(s, x, y, depth_bytes(s), true), st->depth, depth_bytes(s));
}

static void store_color(const struct debug_place *p, const struct gpu_state *s, int x, int y,
                        const uint8_t *px)
{
    unsigned n = color_format_bytes(s->color.format);
    p->ctx->backend->ops->gmem_write(p->ctx, offset(s, x, y, n, false), px, n);
}

static void probe(struct pixel_visit *v, const struct debug_place *p, int x, int y)
{
    struct gpu_state s = *p->draw->state;
    struct gpu_draw draw = *p->draw;
    struct stored got[2];
    unsigned n = color_format_bytes(s.color.format);

    s.scissor = (struct gpu_rect){x, y, x + 1, y + 1};
    s.z_enable = s.z_write = s.stencil_enable = s.alpha_test = s.blend = false;
    s.rop = 12;
    s.color_mask = 15;
    draw.state = &s;
    for (int i = 0; i < 2; i++) {
        uint8_t poison[16];
        memset(poison, i ? 0xff : 0, sizeof poison);
        store_color(p, &s, x, y, poison);
        p->ctx->backend->ops->draw(p->ctx, &draw);
        load(p, &s, x, y, &got[i]);
    }
    v->covered = !memcmp(got[0].color, got[1].color, n);
    color_unpack(s.color.format, s.color.swap, got[0].color, v->gave);
    store_color(p, &s, x, y, v->before.color);
}

static void before(struct debug_visit *visit, const struct debug_place *p)
{
    struct pixel_visit *v = container_of(visit, struct pixel_visit, visit);
    int x, y;
    v->inside = p->draw && locate(v, p->draw->state, &x, &y) &&
                color_format_bytes(p->draw->state->color.format);
    if (v->inside) {
        load(p, p->draw->state, x, y, &v->before);
        probe(v, p, x, y);
    }
}

static void put_bytes(FILE *out, const uint8_t *b, unsigned n)
{
    for (unsigned i = n; i--;) {
        fprintf(out, "%02x", b[i]);
    }
}

static void tell_draw(struct pixel_visit *v, const struct debug_place *p)
{
    const struct gpu_state *s = p->draw->state;
    struct stored now;
    unsigned n = color_format_bytes(s->color.format), dn = depth_bytes(s);
    int x, y;
    locate(v, s, &x, &y);
    load(p, s, x, y, &now);
    bool color = memcmp(now.color, v->before.color, n);
    bool depth = (s->z_enable || s->stencil_enable) && memcmp(now.depth, v->before.depth, dn);
    if (!v->covered && !color && !depth) {
        return;
    }
    fprintf(v->out, "draw %u (packet %" PRIu32 "): program gives %.3f %.3f %.3f %.3f", p->work,
            v->session->work[p->work - 1].packet, (double)v->gave[0], (double)v->gave[1],
            (double)v->gave[2], (double)v->gave[3]);
    if (color) {
        fputs(", colour ", v->out);
        put_bytes(v->out, v->before.color, n);
        fputs(" -> ", v->out);
        put_bytes(v->out, now.color, n);
    }
    if (depth) {
        fputs(", depth ", v->out);
        put_bytes(v->out, v->before.depth, dn);
        fputs(" -> ", v->out);
        put_bytes(v->out, now.depth, dn);
    }
    fputs(color || depth ? "\n" : ", nothing changed (same value, or rejected by a test)\n", v->out);
    v->lines++;
}

static void after(struct debug_visit *visit, const struct debug_place *p)
{
    struct pixel_visit *v = container_of(visit, struct pixel_visit, visit);
    if (p->draw && v->inside) {
        tell_draw(v, p);
    } else if (p->resolve) {
        const struct gpu_resolve *r = p->resolve;
        int x = v->x - r->dst_x, y = v->y - r->dst_y;
        if (x >= r->rect.x0 && x < r->rect.x1 && y >= r->rect.y0 && y < r->rect.y1) {
            fprintf(v->out, "resolve %u: to memory 0x%" PRIx32 "\n", p->work,
                    color_pixel_va(r->dst_va, r->dst_pitch, color_format_bytes(r->dst_format),
                                   r->dst_linear, (uint32_t)v->x, (uint32_t)v->y));
            v->lines++;
        }
    } else if (p->fill) {
        fprintf(v->out, "fill %u: GMEM 0x%" PRIx32 " +0x%" PRIx32 " with %08" PRIx32 "\n", p->work,
                p->fill->base, p->fill->bytes, p->fill->value);
        v->lines++;
    }
}

int debug_pixel(struct gpu_debug *d, int x, int y, FILE *out, struct err *err)
{
    struct pixel_visit v = {.visit = {.before = before, .after = after}, .session = d, .out = out,
                            .x = x, .y = y};
    int rc = debug_replay(d, &v.visit, err);
    return rc ? rc : v.lines;
}
