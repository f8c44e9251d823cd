// SPDX-License-Identifier: MIT
//
// Memory exports: the address export is a stream constant plus (0, index, 0, 0). Its words are:
// byte address / 4 in bits 29:0; 0x4b000000 + index, a float whose low 23 bits count elements; a
// format word with the colour format in bits 15:12 (drivers store bin numbers as 2_3_3 with
// 0x4b00d000); and 0x4b000000 + the number of elements. Data export n goes to element index + n.
// Elements past the end are dropped. Fields are taken as normalised, as in render targets.

#include "base/bits.h"
#include "host-backends/soft/soft.h"

void soft_memexport(struct soft_context *ctx, const float ea[4], unsigned n, const float data[4])
{
    uint32_t base = f32_to_bits(ea[0]) << 2, index = f32_to_bits(ea[1]) & 0x7fffff;
    uint32_t format = f32_to_bits(ea[2]) >> 12 & 15, count = f32_to_bits(ea[3]) & 0x7fffff;
    unsigned bytes = color_format_bytes(format);
    uint8_t px[16];
    if (!bytes || index + n >= count) {
        return;
    }
    color_pack(format, 0, data, px);
    if (!ctx->mem->ops->write(ctx->mem, base + (index + n) * bytes, px, bytes)) {
        ctx->faulted = true;
    }
}
