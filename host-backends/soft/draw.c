// SPDX-License-Identifier: MIT
//
// One draw: derives what the stages need from the decoded state, reads the index stream in windows,
// has each window's new vertices shaded in full groups of lanes, and feeds the primitive assembler.
//
// A draw that takes more than ten seconds of host time is given up as hung: no honest draw comes
// near, while a hostile one (every pixel of a large target through an endless shader, 65535 times)
// would go on for years. This is the only place where host time can be seen by a guest.

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/log.h"
#include "host-backends/soft/soft.h"
#include "host-backends/soft/texture.h"

#define DRAW_LIMIT_NS 10000000000ull
#define REG(st, r) ((st)->regs ? (st)->regs[(r)-0x2000] : 0)
#define A2XX_SQ_INTERPOLATOR_CNTL 0x2182
#define A2XX_RB_SAMPLE_POS 0x220a
#define A2XX_PA_SU_SC_MODE_CNTL 0x2205
#define A2XX_PA_SU_VTX_CNTL 0x2302

static uint64_t host_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

bool soft_overdue(const struct soft_context *ctx)
{
    return host_ns() > ctx->pipe.deadline_ns;
}

// Rows of a target that start inside on-chip memory: nothing beyond can be stored.
static int32_t rows_inside(uint32_t gmem, uint32_t base, uint64_t row_bytes)
{
    if (base >= gmem || row_bytes == 0) {
        return 0;
    }
    uint64_t rows = (gmem - base + row_bytes - 1) / row_bytes;
    return rows > 16384 ? 16384 : (int32_t)rows;
}

// Sample positions: RB_SAMPLE_POS holds a byte a sample, x in the low and y in the high nibble, in
// sixteenths of a pixel. Drivers write 0x88888888: all samples at the centre, which is also taken
// when the register was never written.
static void sample_positions(struct soft_pipe *p, const struct gpu_state *st)
{
    uint32_t pos = REG(st, A2XX_RB_SAMPLE_POS);
    if (pos == 0) {
        pos = 0x88888888;
    }
    for (unsigned s = 0; s < SOFT_SAMPLES; s++) {
        int32_t x = (int32_t)(pos >> 8 * s & 15) - 8, y = (int32_t)(pos >> (8 * s + 4) & 15) - 8;
        p->sample_x[s] = x * p->one / 16;
        p->sample_y[s] = y * p->one / 16;
    }
}

static void derive_depth(struct soft_pipe *p, const struct gpu_state *st)
{
    p->depth_bytes = st->depth.format == DEPTHX_16 ? 2 : 4;
    p->depth_on = (st->z_enable || st->stencil_enable) && st->mode != 6;
    for (unsigned f = 0; f < 2; f++) {
        p->offset_on[f] = f ? st->offset_back : st->offset_front;
        // one unit is the smallest step of the depth format; see facts about PA_SU_POLY_OFFSET
        double unit = st->depth.format == DEPTHX_16 ? 1.0 / 65536 : 1.0 / 16777216;
        p->offset[f][0] = st->offset_scale[f] / 2.0;
        p->offset[f][1] = st->offset_units[f] / 2.0 * unit;
    }
}

static void derive_color(struct soft_pipe *p, const struct gpu_state *st)
{
    p->color = color_format_info(st->color.format);
    p->color_bytes = color_format_bytes(st->color.format);
    p->write_mask = st->color_mask & 15;
    p->color_on = p->color && p->write_mask && st->mode == 4;
    p->blend = st->blend && p->color_on;
    p->rop = st->rop != 12;
    p->dither = st->dither_mode == 1 || (st->dither_mode == 2 && !st->blend);
    color_mask_bytes(st->color.format, st->color.swap, p->write_mask, p->mask_bytes);
    if (p->write_mask == 15) { // bits that belong to no component travel with the others
        memset(p->mask_bytes, 0xff, sizeof(p->mask_bytes));
    }
    p->simple_8888 =
        st->color.format == COLORX_8_8_8_8 && st->color.swap < 2 && p->write_mask == 15 && !p->rop;
    p->reads_target = p->blend || p->rop;
    for (unsigned i = 0; i < p->color_bytes; i++) {
        p->reads_target = p->reads_target || p->mask_bytes[i] != 0xff;
    }
}

// Pixels whose centre lies in the viewport, widened by the guard band: what clipping to it leaves.
static void derive_clip(struct soft_pipe *p, const struct gpu_state *st)
{
    enum { CLIP_DISABLE = 1 << 16, SCALE_X = 1, SCALE_Y = 4, XY_DIVIDED = 1 << 8 };
    p->clip = p->scissor;
    if (st->clip_cntl & CLIP_DISABLE || st->vte_cntl & XY_DIVIDED) {
        return;
    }
    for (unsigned axis = 0; axis < 2; axis++) {
        double gb = st->gb[axis ? 0 : 2], scale = fabs((double)st->vp_scale[axis]);
        double offset = st->vp_offset[axis] + (axis ? st->window_y : st->window_x);
        if (!(st->vte_cntl & (axis ? SCALE_Y : SCALE_X)) || !(gb > 0) || !isfinite(gb)) {
            continue;
        }
        double lo = offset - scale * gb, hi = offset + scale * gb;
        double centre = st->pixel_center_half ? 0.5 : 0.0;
        double first = ceil(lo - centre), end = ceil(hi - centre);
        int32_t *c0 = axis ? &p->clip.y0 : &p->clip.x0, *c1 = axis ? &p->clip.y1 : &p->clip.x1;
        if (first > *c0) {
            *c0 = first < *c1 ? (int32_t)first : *c1;
        }
        if (end < *c1) {
            *c1 = end > *c0 ? (int32_t)end : *c0;
        }
    }
}

static enum gpu_result derive(struct soft_context *ctx, const struct gpu_draw *d)
{
    struct soft_pipe *p = &ctx->pipe;
    const struct gpu_state *st = d->state;
    memset(p, 0, sizeof(*p));
    p->draw = d;
    p->st = st;
    p->vi = shader_info(d->vs);
    p->pi = d->ps ? shader_info(d->ps) : NULL;
    p->params = st->vs_export_count > SOFT_PARAMS ? SOFT_PARAMS : st->vs_export_count;
    if (p->params > (p->pi ? p->pi->temps : 0)) {
        p->params = p->pi ? p->pi->temps : 0; // nobody would read the others
    }
    p->samples = st->color.samples >= 4 ? 4 : st->color.samples == 2 ? 2 : 1;
    p->sample_mask = (1u << p->samples) - 1;
    if (p->samples > 1) {
        p->sample_mask &= st->aa_mask ? st->aa_mask : p->sample_mask;
    }
    p->grid = ctx->be->fine_snap || st->quant_bits > 8 ? 8 : st->quant_bits;
    p->quant = p->grid < 1 ? 1 : p->grid; // half pixels must be whole numbers
    p->one = 1 << p->quant;
    p->round_mode = (uint8_t)bits(REG(st, A2XX_PA_SU_VTX_CNTL), 2, 1);
    p->stipple = bit(REG(st, A2XX_PA_SU_SC_MODE_CNTL), 18);
    p->deadline_ns = host_ns() + DRAW_LIMIT_NS;
    sample_positions(p, st);
    derive_color(p, st);
    derive_depth(p, st);
    p->shade = p->pi && (p->color_on || p->pi->kills || p->pi->exports_depth);
    p->late = p->pi && (p->pi->kills || p->pi->exports_depth || (st->alpha_test && p->color));
    p->flat_mask = st->regs ? ~REG(st, A2XX_SQ_INTERPOLATOR_CNTL) & 0xffff : 0;

    p->scissor = st->scissor;
    int32_t rows = 0;
    if (p->color_on) {
        rows = st->color.in_gmem
                   ? rows_inside(ctx->gmem_bytes, st->color.base,
                                 (uint64_t)st->color.pitch * p->samples * p->color_bytes)
                   : 16384;
    }
    if (p->depth_on) {
        int32_t zrows = rows_inside(ctx->gmem_bytes, st->depth.base,
                                    (uint64_t)st->color.pitch * p->samples * p->depth_bytes);
        rows = zrows > rows ? zrows : rows;
    }
    if (!p->color_on && !p->depth_on) {
        rows = 0;
    }
    if (p->scissor.y1 > rows) {
        p->scissor.y1 = rows;
    }
    if (p->scissor.x1 > (int32_t)st->color.pitch) {
        p->scissor.x1 = (int32_t)st->color.pitch;
    }
    derive_clip(p, st);
    soft_planes_init(p);
    return GPU_OK;
}

// ---- the index stream -----------------------------------------------------------------------

struct index_reader {
    struct gpu_mem *mem;
    const struct gpu_draw *d;
    const uint8_t *host; // current span
    size_t have;         // bytes in it
    uint32_t at;         // byte offset of host[0]
};

static uint32_t index_read(struct index_reader *r, uint32_t n)
{
    const struct gpu_draw *d = r->d;
    uint32_t v = n;
    if (d->indexed) {
        uint64_t off = (uint64_t)n * d->index_bytes;
        v = 0;
        if (off + d->index_bytes <= d->index_size) {
            if (off < r->at || off + d->index_bytes > r->at + r->have) {
                r->at = (uint32_t)off;
                r->have = 0;
                r->host =
                    r->mem->ops->span(r->mem, d->index_va + r->at, d->index_size - r->at, &r->have);
                if (!r->host) {
                    r->have = 0;
                }
            }
            uint8_t raw[4] = {0};
            if (off - r->at + d->index_bytes <= r->have) {
                memcpy(raw, r->host + (off - r->at), d->index_bytes);
            } else {
                r->mem->ops->read(r->mem, d->index_va + (uint32_t)off, raw, d->index_bytes);
            }
            v = get_le32(raw);
        }
    }
    v += d->index_offset;
    return v < d->index_min ? d->index_min : v > d->index_max ? d->index_max : v;
}

// Slots of the carried vertices become 0.. in the next window.
static void carry(struct soft_context *ctx, struct soft_assembler *as)
{
    struct soft_vertex held[3];
    for (unsigned i = 0; i < as->held; i++) {
        held[i] = ctx->vert[as->v[i]];
    }
    for (unsigned i = 0; i < as->held; i++) {
        ctx->vert[i] = held[i];
        as->v[i] = (uint16_t)i;
    }
    ctx->verts = as->held;
}

static enum gpu_result run_indices(struct soft_context *ctx, const struct gpu_draw *d)
{
    struct soft_assembler as = {.prim = d->prim};
    struct index_reader rd = {.mem = ctx->mem, .d = d};
    uint32_t pos = 0;
    while (pos < d->count) {
        uint16_t slot[SOFT_WINDOW];
        uint32_t index[SOFT_VERTS];
        unsigned n = 0, fresh = 0;
        carry(ctx, &as);
        unsigned first = ctx->verts;
        ctx->stamp++;
        for (; n < SOFT_WINDOW && pos < d->count; n++, pos++) {
            uint32_t v = index_read(&rd, pos);
            unsigned h = (v ^ v >> 9) % ARRAY_LEN(ctx->reuse);
            if (ctx->reuse[h].stamp != ctx->stamp || ctx->reuse[h].index != v) {
                ctx->reuse[h].stamp = ctx->stamp;
                ctx->reuse[h].index = v;
                ctx->reuse[h].slot = (uint16_t)(first + fresh);
                index[fresh++] = v;
            }
            slot[n] = ctx->reuse[h].slot;
        }
        for (unsigned i = 0; i < fresh; i += SHADER_LANES) {
            unsigned lanes = fresh - i < SHADER_LANES ? fresh - i : SHADER_LANES;
            enum gpu_result r = soft_shade_vertices(ctx, first + i, lanes, index + i);
            if (r != GPU_OK) {
                return r;
            }
        }
        for (unsigned i = 0; i < n && ctx->pipe.rasterise; i++) {
            soft_assemble(ctx, &as, slot[i]);
        }
        if (ctx->worker->result != GPU_OK) {
            return ctx->worker->result;
        }
        if (soft_overdue(ctx)) {
            return GPU_TIMEOUT;
        }
    }
    soft_assemble_end(ctx, &as);
    soft_raster(ctx);
    return ctx->worker->result;
}

enum gpu_result soft_draw(struct gpu_context *gctx, const struct gpu_draw *d)
{
    struct soft_context *ctx = soft_context(gctx);
    const struct gpu_state *st = d->state;
    if (!d->vs) {
        return GPU_BAD_SHADER;
    }
    enum gpu_result r = derive(ctx, d);
    if (r != GPU_OK) {
        return r;
    }
    // binning and multipass export draws put nothing on the screen, but may export to memory
    const struct gpu_rect *sc = &ctx->pipe.scissor;
    ctx->pipe.rasterise =
        sc->x0 < sc->x1 && sc->y0 < sc->y1 && !st->face_kill && st->vs_export_mode != 7;
    if (!ctx->pipe.rasterise && !ctx->pipe.vi->memexport) {
        return GPU_OK;
    }
    ctx->worker->result = GPU_OK;
    ctx->worker->quads = 0;
    ctx->arena_used = 0;
    ctx->faulted = false;
    soft_textures_bind(ctx);
    r = run_indices(ctx, d);
    ctx->arena_used = 0;
    ctx->worker->quads = 0;
    return r == GPU_OK && ctx->faulted ? GPU_MEM_FAULT : r;
}
