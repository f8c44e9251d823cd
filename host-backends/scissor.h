// SPDX-License-Identifier: MIT
//
// The scissor of a draw, shared by the backends. Normally what gpu-model computed; as a comparison
// aid the window scissor's bottom right corner can be read as inclusive: stock Mesa writes an
// inclusive corner into the exclusive register, so that the last row and column of every scissor
// stay unwritten on a faithful device.
#ifndef HOST_BACKENDS_SCISSOR_H
#define HOST_BACKENDS_SCISSOR_H

#include "base/bits.h"
#include "gpu-model/draw.h"

static inline struct gpu_rect backend_scissor(const struct gpu_state *st, bool br_inclusive)
{
    enum { SCREEN_TL = 0x00e, SCREEN_BR = 0x00f, WINDOW_TL = 0x081, WINDOW_BR = 0x082 };
    if (!br_inclusive || !st->regs) {
        return st->scissor;
    }
    const uint32_t *r = st->regs;
    struct gpu_rect s = {(int32_t)bits(r[SCREEN_TL], 14, 0), (int32_t)bits(r[SCREEN_TL], 30, 16),
                         (int32_t)bits(r[SCREEN_BR], 14, 0), (int32_t)bits(r[SCREEN_BR], 30, 16)};
    struct gpu_rect w = {(int32_t)bits(r[WINDOW_TL], 14, 0), (int32_t)bits(r[WINDOW_TL], 30, 16),
                         (int32_t)bits(r[WINDOW_BR], 14, 0) + 1,
                         (int32_t)bits(r[WINDOW_BR], 30, 16) + 1};
    if (!bit(r[WINDOW_TL], 31)) {
        int32_t ox = sign_extend(bits(r[0x080], 14, 0), 15);
        int32_t oy = sign_extend(bits(r[0x080], 30, 16), 15);
        w.x0 += ox;
        w.x1 += ox;
        w.y0 += oy;
        w.y1 += oy;
    }
    if (w.x0 > s.x0)
        s.x0 = w.x0;
    if (w.y0 > s.y0)
        s.y0 = w.y0;
    if (w.x1 < s.x1)
        s.x1 = w.x1;
    if (w.y1 < s.y1)
        s.y1 = w.y1;
    return s;
}

#endif
