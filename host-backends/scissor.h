// SPDX-License-Identifier: MIT
//
// The scissor of a draw. gpu-model finished it, the comparison aid of an inclusive bottom right
// corner included.
#ifndef HOST_BACKENDS_SCISSOR_H
#define HOST_BACKENDS_SCISSOR_H

#include "gpu-model/draw.h"

static inline struct gpu_rect backend_scissor(const struct gpu_state *st, bool br_inclusive)
{
    (void)br_inclusive;
    return st->scissor;
}

#endif
