// SPDX-License-Identifier: MIT
//
// Depth and stencil tests against on-chip memory. The layout is the one that raw copies of the
// surface see: Z24 << 8 | S8 a dword, or 16 bits of depth; samples of a pixel are neighbours.

#include "base/bits.h"
#include "host-backends/soft/soft.h"

static uint8_t stencil_op(unsigned op, uint8_t old, uint8_t ref)
{
    switch (op) {
    case 1:
        return 0;
    case 2:
        return ref;
    case 3:
        return old == 255 ? old : old + 1;
    case 4:
        return old == 0 ? old : old - 1;
    case 5:
        return (uint8_t)~old;
    case 6:
        return (uint8_t)(old + 1);
    case 7:
        return (uint8_t)(old - 1);
    default:
        return old;
    }
}

struct sample {
    uint32_t z;
    uint8_t stencil;
};

// The tests of one sample on its stored value; true when it survives. `now` is the stored value on
// entry and what is to be stored on return.
static bool test_sample(const struct gpu_state *st, bool back, uint32_t z, struct sample *now)
{
    const struct gpu_stencil_face *f = &st->stencil[back && st->stencil_two_sided];
    bool stencil = st->stencil_enable && st->depth.format == DEPTHX_24_8;
    bool spass = !stencil || soft_compare_u(f->func, f->ref & f->mask, now->stencil & f->mask);
    bool zpass = !st->z_enable || soft_compare_u(st->z_func, z, now->z);
    if (stencil) {
        unsigned op = !spass ? f->fail : zpass ? f->zpass : f->zfail;
        uint8_t s = stencil_op(op, now->stencil, f->ref);
        now->stencil = (uint8_t)((now->stencil & ~f->write_mask) | (s & f->write_mask));
    }
    if (spass && zpass && st->z_enable && st->z_write) {
        now->z = z;
    }
    return spass && zpass;
}

unsigned soft_depth_test(struct soft_context *ctx, const struct soft_quad *q)
{
    const struct soft_pipe *pipe = &ctx->pipe;
    const struct gpu_state *st = pipe->st;
    unsigned out = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = (uint32_t)q->x + (i & 1), y = (uint32_t)q->y + (i >> 1);
        for (unsigned s = 0; s < pipe->samples; s++) {
            if (!(q->mask >> (4 * i + s) & 1)) {
                continue;
            }
            uint64_t at =
                st->depth.base +
                (((uint64_t)y * st->color.pitch + x) * pipe->samples + s) * pipe->depth_bytes;
            if (at + pipe->depth_bytes > ctx->gmem_bytes) {
                continue; // nothing is stored there: no test can be passed
            }
            uint8_t *m = ctx->gmem + at;
            uint32_t z = depth_quantise(st->depth.format, q->z[i][s]);
            struct sample now;
            if (pipe->depth_bytes == 2) {
                now = (struct sample){get_le16(m), 0};
                if (test_sample(st, q->back, z, &now)) {
                    out |= 1u << (4 * i + s);
                }
                put_le16(m, (uint16_t)now.z);
            } else {
                uint32_t old = get_le32(m);
                now = (struct sample){old >> 8, (uint8_t)old};
                if (test_sample(st, q->back, z, &now)) {
                    out |= 1u << (4 * i + s);
                }
                put_le32(m, now.z << 8 | now.stencil);
            }
        }
    }
    return out;
}
