// SPDX-License-Identifier: MIT
//
// The vertex shader stage: up to SHADER_LANES vertices at once. Vertex fetches go through the fetch
// constants to guest memory, attribute by attribute; out of range dwords read zero.

#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"
#include "host-backends/soft/soft.h"
#include "host-backends/soft/texture.h"

struct vertex_env {
    struct shader_env env;
    struct soft_context *ctx;
};

// Formats of whole single precision floats, by far the most common: components to copy, 0 for
// others.
static unsigned plain_floats(const struct shader_vfetch *f, const struct vertex_buffer *vb)
{
    if (f->exp_adjust || vb->endian) {
        return 0;
    }
    switch (f->format) {
    case FMT_32_FLOAT:
        return 1;
    case FMT_32_32_FLOAT:
        return 2;
    case FMT_32_32_32_FLOAT:
        return 3;
    case FMT_32_32_32_32_FLOAT:
        return 4;
    default:
        return 0;
    }
}

// The bytes of one attribute: straight from a span when it is contiguous, else through a copy.
static const uint8_t *attribute(struct gpu_mem *mem, uint32_t va, size_t n, uint8_t tmp[16])
{
    size_t got = 0;
    const uint8_t *p = mem->ops->span(mem, va, n, &got);
    if (p && got >= n) {
        return p;
    }
    mem->ops->read(mem, va, tmp, n); // fills zeros when it fails
    return tmp;
}

void soft_vertex_fetch(struct soft_context *ctx, const struct shader_vfetch *f, unsigned lanes,
                       uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    struct vertex_buffer vb = {0};
    unsigned need = vfetch_bytes(f);
    if (f->constant < 96) {
        vertex_buffer_decode(ctx->pipe.draw->fetch + 2 * f->constant, &vb);
    }
    unsigned floats = plain_floats(f, &vb);
    for (unsigned l = 0; l < lanes; l++) {
        float v[4] = {0};
        uint32_t off;
        uint32_t n = index[l] >= 0.0f && index[l] < 4294967040.0f ? (uint32_t)index[l] : 0;
        if (active >> l & 1 && need && vfetch_offset(f, n, &off) && off < vb.bytes) {
            size_t avail = vb.bytes - off < need ? vb.bytes - off : need;
            uint8_t tmp[16] = {0};
            const uint8_t *p = attribute(ctx->mem, vb.base + off, avail, tmp);
            if (floats && avail == need) {
                for (unsigned c = 0; c < floats; c++) {
                    v[c] = f32_from_bits(get_le32(p + 4 * c));
                }
                for (unsigned c = 0; c < 4; c++) {
                    out[c][l] = v[c];
                }
                continue;
            }
            if (vb.endian) {
                if (p != tmp) {
                    memcpy(tmp, p, avail);
                    p = tmp;
                }
                endian_swap(tmp, avail, vb.endian);
            }
            vfetch_decode(f, p, avail, v);
        }
        for (unsigned c = 0; c < 4; c++) {
            out[c][l] = v[c];
        }
    }
}

static void vertex_fetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                         uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    soft_vertex_fetch(((struct vertex_env *)(void *)env)->ctx, f, lanes, active, index, out);
}

static void vertex_tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                          uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                          const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                          float out[4][SHADER_LANES])
{
    struct soft_context *ctx = ((struct vertex_env *)(void *)env)->ctx;
    soft_texture_fetch(ctx->worker, f, lanes, active, false, coord, reg_lod, grad_h, grad_v, out);
}

static void vertex_memexport(struct shader_env *env, unsigned lane, const float ea[4], unsigned n,
                             const float data[4])
{
    (void)lane;
    soft_memexport(((struct vertex_env *)(void *)env)->ctx, ea, n, data);
}

static const struct shader_env_ops vertex_ops = {
    .vfetch = vertex_fetch,
    .tfetch = vertex_tfetch,
    .memexport = vertex_memexport,
};

enum gpu_result soft_shade_vertices(struct soft_context *ctx, unsigned first, unsigned n,
                                    const uint32_t *index)
{
    const struct gpu_draw *d = ctx->pipe.draw;
    struct shader_lanes *ln = &ctx->vlanes;
    struct vertex_env env = {
        .env = {.ops = &vertex_ops,
                .alu = d->vs_alu,
                .alu_count = d->vs_alu_count,
                .bools = d->bools,
                .loops = d->loops},
        .ctx = ctx,
    };
    unsigned temps = ctx->pipe.vi->temps;
    ln->count = n;
    ln->active = (1u << n) - 1;
    ln->killed = ln->exported = 0;
    memset(ln->r, 0, (temps > 3 ? temps : 3) * sizeof(ln->r[0]));
    memset(ln->out, 0, ctx->pipe.params * sizeof(ln->out[0]));
    memset(ln->misc, 0, sizeof(ln->misc));
    memset(ln->position, 0, sizeof(ln->position));
    for (unsigned l = 0; l < n; l++) {
        ln->r[0][0][l] = (float)index[l];
        if (ctx->pipe.st->gen_index_vtx) {
            ln->r[2][0][l] = (float)index[l];
        }
    }
    switch (shader_run(d->vs, &env.env, ln)) {
    case SHADER_OK:
        break;
    case SHADER_TIMEOUT:
        return GPU_TIMEOUT;
    case SHADER_ILLEGAL:
        return GPU_BAD_SHADER;
    }
    for (unsigned l = 0; l < n; l++) {
        struct soft_vertex *v = &ctx->vert[first + l];
        for (unsigned c = 0; c < 4; c++) {
            v->pos[c] = ln->position[c][l];
            v->misc[c] = ln->misc[c][l];
        }
        for (unsigned p = 0; p < ctx->pipe.params; p++) {
            for (unsigned c = 0; c < 4; c++) {
                v->param[p][c] = ln->out[p][c][l];
            }
        }
        soft_classify(&ctx->pipe, v);
    }
    return GPU_OK;
}
