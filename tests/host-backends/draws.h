// SPDX-License-Identifier: MIT
//
// What the tests of the rasterisers share: a flat guest memory, hand-written programs, and a draw
// with sane state that a test changes in one respect. Programs are microcode as drivers send it.
#ifndef TESTS_HOST_BACKENDS_DRAWS_H
#define TESTS_HOST_BACKENDS_DRAWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "gpu-model/draw.h"
#include "gpu-model/formats.h"
#include "host-backends/backend.h"
#include "shader-isa/shader.h"

#define MEM_BASE 0x01000000u
#define MEM_SIZE (1u << 20)
#define GMEM_SIZE (256u << 10)
#define VB_POS MEM_BASE
#define VB_COLOR (MEM_BASE + 0x10000)
#define INDEX_VA (MEM_BASE + 0x20000)
#define TEX_VA (MEM_BASE + 0x40000)
#define DST_VA (MEM_BASE + 0x80000)

#define SIZE 64u // the usual target: SIZE x SIZE pixels
#define DEPTH_BASE 0x20000u

// position = (fetch(20,0).xyz * C1.x, C2.x) + C0; interpolator 0 = fetch(20,1)
static const uint32_t vs_color[] = {
    0x00072003, 0x10051000, 0x10000002, 0x00000000, 0x1006c200, 0x10000000, 0x00000000, 0x1007c400,
    0x20000000, 0x19481000, 0x00392e88, 0x0000000c, 0x13480000, 0x40262688, 0x00000010, 0x14870101,
    0x00002c6c, 0x81010102, 0x000f803e, 0x00000000, 0x80010000, 0x000f8000, 0x00000000, 0xc2000000,
};
// position = (fetch(20,0).xy * C0.x, C0.y, C0.z); point size = C0.w
static const uint32_t vs_point[] = {
    0x00000000, 0x1002c400, 0x10000003, 0x00000001, 0x3003c200, 0x20000002,
    0x19480000, 0x00392fc8, 0x0000000c, 0x0003803e, 0x00006c00, 0x81000000,
    0x0001803f, 0x001b1b00, 0x02000000, 0x000c803e, 0x00f5f500, 0x02000000,
};
// color 0 = r0
static const uint32_t ps_color[] = {0x00000000, 0x1001c400, 0x20000002,
                                    0x000f8000, 0x00000000, 0xc2000000};
// color 0 = texture 0 at r0.xy
static const uint32_t ps_texture[] = {0x00031002, 0x00001000, 0xc4000000, 0x00021003,
                                      0x00002000, 0x00000000, 0x90000001, 0x1ffff688,
                                      0x00000002, 0x000f8000, 0x00000000, 0xc2000000};
// jumps to itself for ever
static const uint32_t ps_endless[] = {0x00002000, 0x1001b000, 0x20000002,
                                      0x000f8000, 0x00000000, 0xc2000000};

struct flat_mem {
    struct gpu_mem mem;
    uint8_t bytes[MEM_SIZE];
    unsigned faults;
};

static inline bool flat_read(struct gpu_mem *m, uint32_t va, void *dst, size_t n)
{
    struct flat_mem *f = (struct flat_mem *)(void *)m;
    if (va < MEM_BASE || !range_ok(va - MEM_BASE, n, MEM_SIZE)) {
        memset(dst, 0, n);
        f->faults++;
        return false;
    }
    memcpy(dst, f->bytes + (va - MEM_BASE), n);
    return true;
}

static inline bool flat_write(struct gpu_mem *m, uint32_t va, const void *src, size_t n)
{
    struct flat_mem *f = (struct flat_mem *)(void *)m;
    if (va < MEM_BASE || !range_ok(va - MEM_BASE, n, MEM_SIZE)) {
        f->faults++;
        return false;
    }
    memcpy(f->bytes + (va - MEM_BASE), src, n);
    return true;
}

static inline const uint8_t *flat_span(struct gpu_mem *m, uint32_t va, size_t want, size_t *got)
{
    struct flat_mem *f = (struct flat_mem *)(void *)m;
    *got = 0;
    if (va < MEM_BASE || va - MEM_BASE >= MEM_SIZE) {
        return NULL;
    }
    *got = want < MEM_SIZE - (va - MEM_BASE) ? want : MEM_SIZE - (va - MEM_BASE);
    return f->bytes + (va - MEM_BASE);
}

static const struct gpu_mem_ops flat_ops = {flat_read, flat_write, flat_span, NULL};

struct bench {
    struct flat_mem mem;
    struct gpu_backend *be;
    struct gpu_context *ctx;
    struct shader *vs, *ps;
    struct gpu_draw draw;
    struct gpu_state state;
    uint32_t regs[0x400];
    uint32_t fetch[192], bools[8], loops[32];
    float vs_alu[8][4], ps_alu[8][4];
    unsigned verts; // put so far
};

static inline uint8_t *mem_at(struct bench *b, uint32_t va)
{
    return b->mem.bytes + (va - MEM_BASE);
}

static inline void bench_programs(struct bench *b, const uint32_t *vs, size_t vn,
                                  const uint32_t *ps, size_t pn)
{
    struct err err = {0};
    shader_destroy(b->vs);
    shader_destroy(b->ps);
    b->vs = shader_decode(vs, vn, SHADER_VERTEX, SHADER_A20X, &err);
    b->ps = ps ? shader_decode(ps, pn, SHADER_PIXEL, SHADER_A20X, &err) : NULL;
    b->draw.vs = b->vs;
    b->draw.ps = b->ps;
}
#define PROGRAMS(b, v, p) bench_programs(b, v, ARRAY_LEN(v), p, ARRAY_LEN(p))

// A backend, a context and a draw: 64x64 colour 8_8_8_8 at GMEM 0, D24S8 at DEPTH_BASE, everything
// off, viewport = target, positions in normalised device coordinates. NULL when the host lacks it.
static inline struct bench *bench_new(const char *backend)
{
    struct err err = {0};
    struct backend_config bc = {0};
    struct bench *b = calloc(1, sizeof(*b));
    b->mem.mem.ops = &flat_ops;
    b->be = backend_create(backend, &bc, &err);
    if (!b->be) {
        printf("no backend %s: %s\n", backend, err.msg);
        free(b);
        return NULL;
    }
    const struct gpu_context_config cc = {.mem = &b->mem.mem, .gmem_bytes = GMEM_SIZE};
    b->be->ops->bind_thread(b->be, &err);
    b->ctx = b->be->ops->context_create(b->be, &cc, &err);
    if (!b->ctx) {
        printf("no context on %s: %s\n", backend, err.msg);
        exit(1);
    }
    for (unsigned i = 0; i < 4; i++) {
        b->vs_alu[1][i] = b->vs_alu[2][i] = 1.0f;
    }
    b->fetch[120] = VB_POS | 3;
    b->fetch[121] = 0x10000;
    b->fetch[122] = VB_COLOR | 3;
    b->fetch[123] = 0x10000;
    b->regs[0x182] = 0xffffffff; // SQ_INTERPOLATOR_CNTL: all smooth
    b->regs[0x20a] = 0x88888888; // RB_SAMPLE_POS
    b->regs[0x302] = 1 | 1 << 1; // PA_SU_VTX_CNTL: centre .5, round
    b->state = (struct gpu_state){
        .color = {.in_gmem = true,
                  .pitch = SIZE,
                  .format = COLORX_8_8_8_8,
                  .linear = true,
                  .samples = 1},
        .depth = {.base = DEPTH_BASE, .format = DEPTHX_24_8},
        .mode = 4,
        .vp_scale = {SIZE / 2, SIZE / 2, 1.0f},
        .vp_offset = {SIZE / 2, SIZE / 2, 0.0f},
        .vte_cntl = 0x43f,
        .clip_cntl = 1u << 19,
        .gb = {1, 1, 1, 1},
        .pixel_center_half = true,
        .quant_bits = 4,
        .provoking_last = true,
        .point_width = 1,
        .point_height = 1,
        .point_max = 4096,
        .line_width = 1,
        .scissor = {0, 0, SIZE, SIZE},
        .aa_mask = 0xffff,
        .rop = 12,
        .color_mask = 15,
        .vs_export_count = 1,
        .regs = b->regs,
    };
    b->draw = (struct gpu_draw){
        .prim = GPU_PRIM_TRIANGLES,
        .index_max = ~0u,
        .vs_alu = (const float(*)[4])b->vs_alu,
        .ps_alu = (const float(*)[4])b->ps_alu,
        .vs_alu_count = 8,
        .ps_alu_count = 8,
        .bools = b->bools,
        .loops = b->loops,
        .fetch = b->fetch,
        .state = &b->state,
    };
    PROGRAMS(b, vs_color, ps_color);
    return b;
}

static inline void bench_free(struct bench *b)
{
    b->be->ops->context_destroy(b->ctx);
    backend_destroy(b->be);
    shader_destroy(b->vs);
    shader_destroy(b->ps);
    free(b);
}

// Appends a vertex at window position (x, y) of the usual target.
static inline void vertex(struct bench *b, float x, float y, float z, float r, float g, float bl,
                          float a)
{
    const float pos[3] = {x / (SIZE / 2) - 1, y / (SIZE / 2) - 1, z}, col[4] = {r, g, bl, a};
    memcpy(mem_at(b, VB_POS) + 12 * b->verts, pos, sizeof(pos));
    memcpy(mem_at(b, VB_COLOR) + 16 * b->verts, col, sizeof(col));
    b->verts++;
}

// Draws what was appended and starts over.
static inline enum gpu_result bench_draw(struct bench *b, enum gpu_prim prim)
{
    b->draw.prim = prim;
    b->draw.count = b->verts;
    b->verts = 0;
    b->draw.serial++;
    enum gpu_result r = b->be->ops->draw(b->ctx, &b->draw);
    b->be->ops->flush(b->ctx);
    return r;
}

// A rectangle of one colour as two triangles.
static inline enum gpu_result bench_box(struct bench *b, float x0, float y0, float x1, float y1,
                                        float z, float r, float g, float bl, float a)
{
    vertex(b, x0, y0, z, r, g, bl, a);
    vertex(b, x1, y0, z, r, g, bl, a);
    vertex(b, x1, y1, z, r, g, bl, a);
    vertex(b, x0, y0, z, r, g, bl, a);
    vertex(b, x1, y1, z, r, g, bl, a);
    vertex(b, x0, y1, z, r, g, bl, a);
    return bench_draw(b, GPU_PRIM_TRIANGLES);
}

static inline uint32_t gmem_word(struct bench *b, uint32_t at)
{
    uint8_t w[4] = {0};
    b->be->ops->gmem_read(b->ctx, at, w, 4);
    return get_le32(w);
}
// Pixel of the usual target, red in the low byte.
static inline uint32_t pixel(struct bench *b, unsigned x, unsigned y)
{
    return gmem_word(b, (y * SIZE + x) * 4);
}
static inline uint32_t depth_at(struct bench *b, unsigned x, unsigned y)
{
    return gmem_word(b, DEPTH_BASE + (y * SIZE + x) * 4);
}
static inline void gmem_clear(struct bench *b, uint32_t color, uint32_t depth)
{
    struct gpu_fill f = {0, SIZE * SIZE * 4, color};
    b->be->ops->fill(b->ctx, &f);
    f = (struct gpu_fill){DEPTH_BASE, SIZE * SIZE * 4, depth};
    b->be->ops->fill(b->ctx, &f);
}

#endif
