// SPDX-License-Identifier: MIT
//
// Draw packets to decoded draws. A rectangle in copy mode is a resolve; the driver's fast clears
// become fills; draws that rasterise nothing (binning passes, the workaround triangle before every
// a20x draw) are counted and left out. Everything else goes to the backend as it is. Bin visibility
// is ignored: every tile is scissored, so culling by bins changes no pixel.
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/log.h"
#include "gpu-model/formats.h"
#include "gpu-model/internal.h"

enum { SOURCE_DMA, SOURCE_IMMEDIATE, SOURCE_AUTO };

static bool prim_of(uint32_t type, enum gpu_prim *prim)
{
    static const struct {
        uint8_t type, prim;
    } map[] = {
        // pc_di_primtype
        {1, GPU_PRIM_POINTS},    {2, GPU_PRIM_LINES},        {3, GPU_PRIM_LINE_STRIP},
        {4, GPU_PRIM_TRIANGLES}, {5, GPU_PRIM_TRIANGLE_FAN}, {6, GPU_PRIM_TRIANGLE_STRIP},
        {7, GPU_PRIM_LINE_LOOP}, {8, GPU_PRIM_RECTS},        {9, GPU_PRIM_POINTS},
    };
    for (unsigned i = 0; i < ARRAY_LEN(map); i++) {
        if (map[i].type == type) {
            *prim = (enum gpu_prim)map[i].prim;
            return true;
        }
    }
    return false;
}

// Window of ALU constants that a stage sees, cut at the end of the file.
static const float (*alu_window(const struct gpu *gpu, uint32_t cntl, unsigned *count))[4]
{
    uint32_t base = bits(cntl, 8, 0), size = bits(cntl, 20, 12);
    *count = size < GPU_ALU_CONSTANTS - base ? size : GPU_ALU_CONSTANTS - base;
    return (const float(*)[4])(const void *)&gpu->regs[REG_SQ_CONSTANT_0 + 4 * base];
}

static void fill_draw(struct gpu *gpu, struct gpu_draw *d)
{
    const uint32_t *r = gpu->regs;
    if (gpu->state_dirty) {
        state_build(gpu, &gpu->state);
        gpu->state_dirty = false;
    }
    d->serial = gpu->serial;
    d->index_offset = r[REG_VGT_INDX_OFFSET];
    d->index_min = r[REG_VGT_MIN_VTX_INDX];
    d->index_max = r[REG_VGT_MAX_VTX_INDX];
    d->vs = gpu_shader(gpu, SHADER_VERTEX);
    d->ps = gpu_shader(gpu, SHADER_PIXEL);
    d->vs_alu = alu_window(gpu, r[REG_SQ_VS_CONST], &d->vs_alu_count);
    d->ps_alu = alu_window(gpu, r[REG_SQ_PS_CONST], &d->ps_alu_count);
    d->bools = &r[REG_SQ_CF_BOOLEANS];
    d->loops = &r[REG_SQ_CF_LOOP];
    d->fetch = &r[REG_SQ_FETCH_0];
    d->state = &gpu->state;
}

static bool overlaps(const struct gpu *gpu, uint32_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < gpu->written_count; i++) {
        if (gpu->written[i].end > va && gpu->written[i].start < va + bytes) {
            return true;
        }
    }
    return false;
}

static bool stage_reads_written(const struct gpu *gpu, const struct gpu_draw *d,
                                const struct shader *sh)
{
    if (!sh) {
        return false;
    }
    const struct shader_info *info = shader_info(sh);
    for (unsigned i = 0; i < info->vfetch_count; i++) {
        struct vertex_buffer vb;
        unsigned c = info->vfetch[i].constant;
        vertex_buffer_decode(d->fetch + 2 * (c < 96 ? c : 95), &vb);
        if (overlaps(gpu, vb.base, vb.bytes)) {
            return true;
        }
    }
    for (unsigned i = 0; i < info->tfetch_count; i++) {
        struct texture t;
        const uint32_t *dw = d->fetch + 6 * (info->tfetch[i].constant & 31);
        if (!overlaps(gpu, dw[1] & ~0xfffu, UINT32_MAX) &&
            !overlaps(gpu, dw[5] & ~0xfffu, UINT32_MAX)) {
            continue; // wholly before it
        }
        texture_layout(dw, &t);
        for (unsigned l = 0; l <= t.max_level; l++) {
            if (overlaps(gpu, t.level[l].va, t.level[l].bytes)) {
                return true;
            }
        }
    }
    return false;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Tells the backend before a draw that memory changed: the guest's processor had its turn, or the
// engine itself stored something that this draw reads. The driver stores a word once a tile that no
// draw fetches (the scissor that it loads back), so the store alone must not cost the caches.
static void sync_memory(struct gpu *gpu, const struct gpu_draw *d)
{
    const struct gpu_backend_ops *ops = gpu->ctx ? gpu->ctx->backend->ops : NULL;
    bool stored = gpu->written_count &&
                  (stage_reads_written(gpu, d, d->vs) || stage_reads_written(gpu, d, d->ps) ||
                   (d->indexed && overlaps(gpu, d->index_va, d->index_size)));
    if (!gpu->memory_dirty && !stored) {
        return;
    }
    if (!gpu->memory_dirty && ops && ops->wrote) {
        for (unsigned i = 0; i < gpu->written_count; i++) {
            const struct gpu_written *w = &gpu->written[i];
            ops->wrote(gpu->ctx, (uint32_t)w->start, w->end - w->start);
        }
    } else {
        gpu->looked_ns = now_ns(); // before any look
        if (ops) {
            ops->invalidate(gpu->ctx);
        }
    }
    gpu->memory_dirty = false;
    gpu->written_count = 0;
}

static void report(struct gpu *gpu, const struct gpu_draw *d, const struct gpu_resolve *res,
                   const struct gpu_fill *fill, enum gpu_result result)
{
    if (gpu->env->ops->work) {
        gpu->env->ops->work(gpu->env, d, res, fill, result);
    }
    switch (result) {
    case GPU_OK:
        break;
    case GPU_MEM_FAULT: // reported by the memory's owner; the hardware goes on
    case GPU_BAD_STATE:
        gpu->counters.errors++;
        TRACE(gpu->log, draw, "draw %llu: result %d", (unsigned long long)gpu->serial, result);
        break;
    case GPU_BAD_SHADER:
        cp_refuse(gpu, GPU_RUN_ERROR, "no usable program is bound");
        break;
    case GPU_TIMEOUT:
        cp_refuse(gpu, GPU_RUN_HANG, "a shader does not end");
        break;
    case GPU_HOST_ERROR:
        cp_refuse(gpu, GPU_RUN_ERROR, "the host engine failed");
        break;
    }
}

static void do_fill(struct gpu *gpu, const struct gpu_fill *fill)
{
    enum gpu_result result = GPU_OK;
    gpu->counters.fills++;
    TRACE(gpu->log, draw, "fill gmem %05x..%05x with %08x", fill->base, fill->base + fill->bytes,
          fill->value);
    if (gpu->ctx) {
        result = gpu->ctx->backend->ops->fill(gpu->ctx, fill);
    }
    report(gpu, NULL, NULL, fill, result);
}

static void do_resolve(struct gpu *gpu, const struct gpu_draw *d)
{
    const uint32_t *r = gpu->regs;
    uint32_t info = r[REG_RB_COPY_DEST_INFO], off = r[REG_RB_COPY_DEST_OFFSET];
    struct gpu_resolve res = {
        .src = d->state->color,
        .dst_va = r[REG_RB_COPY_DEST_BASE],
        .dst_pitch = (r[REG_RB_COPY_DEST_PITCH] & 0x1ff) * 32,
        .dst_x = (int32_t)bits(off, 12, 0),
        .dst_y = (int32_t)bits(off, 25, 13),
        .dst_format = (uint8_t)bits(info, 7, 4),
        .dst_swap = (uint8_t)bits(info, 9, 8),
        .dst_endian = (uint8_t)bits(info, 2, 0),
        .dst_linear = bit(info, 3),
        .write_mask = (uint8_t)bits(info, 17, 14),
        .sample_select = (uint8_t)bits(r[REG_RB_COPY_CONTROL], 2, 0),
    };
    enum gpu_result result = GPU_OK;
    if (!rect_from_draw(gpu, d, &res.rect)) {
        res.rect = d->state->scissor;
    }
    gpu->counters.resolves++;
    TRACE(gpu->log, draw, "resolve %d,%d-%d,%d from gmem %05x to %08x +%d,%d pitch %u", res.rect.x0,
          res.rect.y0, res.rect.x1, res.rect.y1, res.src.base, res.dst_va, res.dst_x, res.dst_y,
          res.dst_pitch);
    if (gpu->ctx) {
        result = gpu->ctx->backend->ops->resolve(gpu->ctx, &res);
    }
    report(gpu, NULL, &res, NULL, result);
}

// Draws that leave no trace: binning passes (nothing is rasterised, exports go to memory that only
// bin culling reads) and triangles whose three indices are the same.
static bool draw_is_empty(struct gpu *gpu, const struct gpu_draw *d)
{
    if (d->state->face_kill || d->state->gen_index_vtx || !d->count) {
        return true;
    }
    if (d->indexed && d->count == 3 && d->prim == GPU_PRIM_TRIANGLES) {
        uint8_t idx[12];
        unsigned n = d->index_bytes;
        return gpu->mem->ops->read(gpu->mem, d->index_va, idx, 3 * n) && !memcmp(idx, idx + n, n) &&
               !memcmp(idx, idx + 2 * n, n);
    }
    return false;
}

static void do_draw(struct gpu *gpu, struct gpu_draw *d)
{
    enum gpu_result result = GPU_OK;
    struct gpu_state clear_state;
    float clear_color[4];

    if (d->prim == GPU_PRIM_RECTS) {
        struct gpu_fill fills[2];
        unsigned n = clear_recognise(gpu, d, fills);
        for (unsigned i = 0; i < n && gpu->stop == GPU_RUN_DONE; i++) {
            do_fill(gpu, &fills[i]);
        }
        if (n) {
            return;
        }
        clear_a22x(gpu, d, &clear_state, clear_color);
    }
    gpu->counters.draws++;
    gpu->counters.vertices += d->count;
    TRACE(gpu->log, draw, "draw %llu prim %u count %u%s", (unsigned long long)d->serial, d->prim,
          d->count, d->indexed ? " indexed" : "");
    if (gpu->ctx) {
        result = d->vs ? gpu->ctx->backend->ops->draw(gpu->ctx, d) : GPU_BAD_SHADER;
    }
    report(gpu, d, NULL, NULL, result);
}

// `initiator` as in the packet; index = {address, bytes} or NULL.
static void draw(struct gpu *gpu, uint32_t initiator, uint32_t count, const uint32_t *index)
{
    struct gpu_draw *d = &gpu->draw;
    uint32_t source = bits(initiator, 7, 6), type = bits(initiator, 5, 0);

    if (!type) { // DI_PT_NONE
        gpu->counters.skipped_draws++;
        return;
    }
    if (!prim_of(type, &d->prim)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no such primitive type %u on this chip", type);
        return;
    }
    if (source == SOURCE_DMA ? !index : source != SOURCE_AUTO) {
        cp_refuse(gpu, GPU_RUN_ERROR,
                  source == SOURCE_DMA ? "no index buffer given"
                                       : "index source %u is not implemented",
                  source);
        return;
    }
    d->count = count;
    d->indexed = source == SOURCE_DMA;
    d->index_bytes = bit(initiator, 13) ? 1 : bit(initiator, 11) ? 4 : 2;
    d->index_va = d->indexed ? index[0] : 0;
    d->index_size = d->indexed ? index[1] : 0;
    fill_draw(gpu, d);
    if (draw_is_empty(gpu, d)) {
        gpu->counters.skipped_draws++;
        return;
    }
    gpu->serial++;
    sync_memory(gpu, d);
    if (gpu->state.mode == 6) { // EDRAM_COPY
        do_resolve(gpu, d);
    } else if (gpu->state.mode == 4 || gpu->state.mode == 5) {
        do_draw(gpu, d);
    } else {
        gpu->counters.skipped_draws++; // EDRAM_NOP
    }
}

void cp_draw_indx(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    // {viz query, initiator [, count on a22x] [, index address, index bytes]}
    uint32_t head = gpu->profile->a20x ? 2 : 3, initiator = p[1];
    if (n < head || n == head + 1 || n > head + 2) {
        cp_refuse(gpu, GPU_RUN_ERROR, "%u payload dwords, expected %u or %u", n, head, head + 2);
        return;
    }
    uint32_t count = gpu->profile->a20x ? bits(initiator, 31, 16) : p[2];
    draw(gpu, initiator, count, n == head ? NULL : p + head);
}

void cp_draw_indx_bin(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    // {viz query, initiator, first vertex of the batch, count [, index address, index bytes]}
    if (!gpu->profile->a20x) {
        cp_refuse(gpu, GPU_RUN_ERROR, "this chip has no binned draws");
    } else if (n == 5) {
        cp_refuse(gpu, GPU_RUN_ERROR, "index address without a size");
    } else {
        draw(gpu, p[1], p[3], n == 6 ? p + 4 : NULL);
    }
}

void cp_draw_indx_2(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    // {viz query, initiator [, count on a22x], indices...}: the indices lie in the command buffer
    uint32_t head = gpu->profile->a20x ? 2 : 3, initiator = p[1];
    if (n < head) {
        cp_refuse(gpu, GPU_RUN_ERROR, "%u payload dwords, expected at least %u", n, head);
        return;
    }
    uint32_t count = gpu->profile->a20x ? bits(initiator, 31, 16) : p[2];
    const struct cp_frame *f = &gpu->stack[gpu->depth - 1];
    uint64_t bytes = (uint64_t)count * (bit(initiator, 13) ? 1 : bit(initiator, 11) ? 4 : 2);
    uint32_t index[2] = {f->va + 4 * (f->pos + 1 + head), (uint32_t)bytes};
    if (bits(initiator, 7, 6) == SOURCE_AUTO) {
        draw(gpu, initiator, count, NULL);
    } else if (bits(initiator, 7, 6) != SOURCE_IMMEDIATE) {
        cp_refuse(gpu, GPU_RUN_ERROR, "index source %u without an address", bits(initiator, 7, 6));
    } else if (bytes > 4ull * (n - head)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "%u indices, but only %u dwords of them", count, n - head);
    } else if (gpu->depth < 2) {
        cp_refuse(gpu, GPU_RUN_ERROR, "indices in the ring are not where draws can read");
    } else {
        draw(gpu, initiator & ~0xc0u, count, index); // as from a buffer: the words are in memory
    }
}
