// SPDX-License-Identifier: MIT
//
// Test doubles for the engine: flat memory, an environment that records, a backend that records.
#ifndef TESTS_GPU_MODEL_MOCK_H
#define TESTS_GPU_MODEL_MOCK_H

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/gpu.h"

#define MOCK_BASE 0x01000000u
#define MOCK_BYTES (1u << 20)

struct mock {
    struct gpu_mem mem;
    struct gpu_env env;
    struct gpu_backend backend;
    struct gpu_context ctx;
    struct gpu *gpu;
    uint8_t *data;

    unsigned draws, resolves, fills, flushes, invalidates, packets, works;
    unsigned flushes_at_fence;
    struct gpu_draw draw; // the last of each
    struct gpu_state state;
    struct gpu_resolve resolve;
    struct gpu_fill fill[4];
    enum gpu_result result; // what the backend answers
    uint32_t interrupt, fence_va, fence_value;
    uint8_t gmem[512 << 10];
    float ps_alu0[4];
};

static inline bool mock_inside(uint32_t va, size_t n)
{
    return va >= MOCK_BASE && n <= MOCK_BYTES && va - MOCK_BASE <= MOCK_BYTES - n;
}

static inline bool mock_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    struct mock *m = container_of(mem, struct mock, mem);
    memset(dst, 0, n);
    if (mock_inside(va, n)) {
        memcpy(dst, m->data + (va - MOCK_BASE), n);
        return true;
    }
    return false;
}

static inline bool mock_write(struct gpu_mem *mem, uint32_t va, const void *src, size_t n)
{
    struct mock *m = container_of(mem, struct mock, mem);
    if (mock_inside(va, n)) {
        memcpy(m->data + (va - MOCK_BASE), src, n);
        return true;
    }
    return false;
}

static inline const uint8_t *mock_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct mock *m = container_of(mem, struct mock, mem);
    if (!mock_inside(va, 1)) {
        return NULL;
    }
    *got = MOCK_BYTES - (va - MOCK_BASE);
    *got = *got < want ? *got : want;
    return m->data + (va - MOCK_BASE);
}

static const struct gpu_mem_ops mock_mem_ops = {
    .read = mock_read, .write = mock_write, .span = mock_span};

static inline const uint32_t *mock_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct mock *m = container_of(env, struct mock, env);
    return mock_inside(va, 4 * (size_t)ndw)
               ? (const uint32_t *)(const void *)(m->data + (va - MOCK_BASE))
               : NULL;
}

static inline void mock_interrupt(struct gpu_env *env, uint32_t word)
{
    container_of(env, struct mock, env)->interrupt = word;
}

static inline void mock_fence(struct gpu_env *env, uint32_t va, uint32_t value)
{
    struct mock *m = container_of(env, struct mock, env);
    m->fence_va = va;
    m->fence_value = value;
    m->flushes_at_fence = m->flushes;
}

static inline void mock_packet(struct gpu_env *env, unsigned depth, uint32_t va, const uint32_t *dw,
                               uint32_t n)
{
    (void)depth, (void)va, (void)dw, (void)n;
    container_of(env, struct mock, env)->packets++;
}

static inline void mock_work(struct gpu_env *env, const struct gpu_draw *draw,
                             const struct gpu_resolve *res, const struct gpu_fill *fill,
                             enum gpu_result result)
{
    (void)draw, (void)res, (void)fill, (void)result;
    container_of(env, struct mock, env)->works++;
}

static const struct gpu_env_ops mock_env_ops = {.ib = mock_ib,
                                                .interrupt = mock_interrupt,
                                                .fence = mock_fence,
                                                .packet = mock_packet,
                                                .work = mock_work};

static inline enum gpu_result mock_draw(struct gpu_context *ctx, const struct gpu_draw *draw)
{
    struct mock *m = container_of(ctx, struct mock, ctx);
    m->draws++;
    m->draw = *draw;
    m->state = *draw->state;
    m->draw.state = &m->state;
    if (draw->ps_alu_count) {
        memcpy(m->ps_alu0, draw->ps_alu[0], sizeof(m->ps_alu0));
    }
    return m->result;
}

static inline enum gpu_result mock_resolve(struct gpu_context *ctx, const struct gpu_resolve *res)
{
    struct mock *m = container_of(ctx, struct mock, ctx);
    m->resolves++;
    m->resolve = *res;
    return m->result;
}

static inline enum gpu_result mock_fill(struct gpu_context *ctx, const struct gpu_fill *fill)
{
    struct mock *m = container_of(ctx, struct mock, ctx);
    m->fill[m->fills++ & 3] = *fill;
    return m->result;
}

static inline enum gpu_result mock_flush(struct gpu_context *ctx)
{
    container_of(ctx, struct mock, ctx)->flushes++;
    return GPU_OK;
}

static inline void mock_invalidate(struct gpu_context *ctx)
{
    container_of(ctx, struct mock, ctx)->invalidates++;
}

static inline enum gpu_result mock_gmem_read(struct gpu_context *ctx, uint32_t base, void *dst,
                                             size_t n)
{
    memcpy(dst, container_of(ctx, struct mock, ctx)->gmem + base, n);
    return GPU_OK;
}

static inline enum gpu_result mock_gmem_write(struct gpu_context *ctx, uint32_t base,
                                              const void *src, size_t n)
{
    memcpy(container_of(ctx, struct mock, ctx)->gmem + base, src, n);
    return GPU_OK;
}

static const struct gpu_backend_ops mock_backend_ops = {.name = "mock",
                                                        .draw = mock_draw,
                                                        .resolve = mock_resolve,
                                                        .fill = mock_fill,
                                                        .flush = mock_flush,
                                                        .invalidate = mock_invalidate,
                                                        .gmem_read = mock_gmem_read,
                                                        .gmem_write = mock_gmem_write};

static inline struct mock *mock_create(const char *profile, bool with_backend)
{
    struct mock *m = calloc(1, sizeof(*m));
    m->mem.ops = &mock_mem_ops;
    m->env.ops = &mock_env_ops;
    m->backend.ops = &mock_backend_ops;
    m->ctx.backend = &m->backend;
    m->data = calloc(1, MOCK_BYTES);
    struct gpu_config cfg = {.profile = gpu_profile_find(profile),
                             .mem = &m->mem,
                             .env = &m->env,
                             .ctx = with_backend ? &m->ctx : NULL};
    m->gpu = gpu_create(&cfg, NULL);
    return m;
}

static inline void mock_destroy(struct mock *m)
{
    gpu_destroy(m->gpu);
    free(m->data);
    free(m);
}

// Runs words as a ring slice to the end.
static inline enum gpu_run mock_run(struct mock *m, const uint32_t *dw, uint32_t n)
{
    gpu_begin(m->gpu, 0x1000, dw, n);
    return gpu_run(m->gpu, 0);
}

// Places words in memory and returns their address.
static inline uint32_t mock_place(struct mock *m, uint32_t offset, const uint32_t *dw, uint32_t n)
{
    memcpy(m->data + offset, dw, 4 * n);
    return MOCK_BASE + offset;
}

// ---- streams
// -----------------------------------------------------------------------------------------------

struct stream {
    uint32_t dw[512], n;
};

static inline void put(struct stream *s, uint32_t word)
{
    if (s->n < 512) {
        s->dw[s->n++] = word;
    }
}

static inline void put_t3(struct stream *s, unsigned op, unsigned n)
{
    put(s, 0xc0000000u | (n - 1) << 16 | op << 8);
}

// Context register by CP_SET_CONSTANT.
static inline void put_reg(struct stream *s, uint32_t reg, uint32_t val)
{
    put_t3(s, 0x2d, 2);
    put(s, 0x00040000 | (reg - 0x2000));
    put(s, val);
}

static inline void put_float(struct stream *s, uint32_t reg, float val)
{
    put_reg(s, reg, f32_to_bits(val));
}

// The driver's programs for clears and resolves: position from vertex constant 26.0 (32_32_32
// float, stride 12), colour from constant 0.
static const uint32_t solid_vs[12] = {0x00000000, 0x1002c400, 0x10000003, 0x00000000,
                                      0x1003c200, 0x20000002, 0x19a80000, 0x00392a88,
                                      0x0000000c, 0x000f803e, 0x00000000, 0xc2000000};
static const uint32_t solid_ps[6] = {0x00000000, 0x1001c400, 0x20000002,
                                     0x000f8000, 0x00000000, 0x02000000};

static inline void put_program(struct stream *s, unsigned stage, const uint32_t *dw, unsigned n)
{
    put_t3(s, 0x2b, n + 2);
    put(s, stage);
    put(s, n);
    for (unsigned i = 0; i < n; i++) {
        put(s, dw[i]);
    }
}

// Rectangle of three vertices at memory offset 0, programs, windows of constants, and a viewport
// that maps it onto w x h pixels.
static inline void put_rect_setup(struct mock *m, struct stream *s, float w, float h)
{
    static const float v[9] = {-1, 1, 1, 1, 1, 1, -1, -1, 1};
    memcpy(m->data, v, sizeof(v));
    put_t3(s, 0x2d, 3); // fetch constant 26.0
    put(s, 0x0001009c);
    put(s, MOCK_BASE | 3);
    put(s, 36);
    put_program(s, 0, solid_vs, 12);
    put_program(s, 1, solid_ps, 6);
    put_reg(s, 0x2307, 0x00100020); // SQ_VS_CONST
    put_reg(s, 0x2308, 0x000e0120); // SQ_PS_CONST
    put_reg(s, 0x2206, 0x43f);      // PA_CL_VTE_CNTL
    put_reg(s, 0x2302, 1);          // PA_SU_VTX_CNTL: centres at .5
    put_float(s, 0x210f, w / 2);
    put_float(s, 0x2110, w / 2);
    put_float(s, 0x2111, h / 2);
    put_float(s, 0x2112, h / 2);
}

static inline void put_rect_draw(struct stream *s)
{
    put_t3(s, 0x22, 2);
    put(s, 0);
    put(s, 0x00030088); // RECTLIST, auto index, 3
}

#endif
