// SPDX-License-Identifier: MIT
//
// The board as the GPU library's platform.
#ifndef BM_BOARD_H
#define BM_BOARD_H

#include "gpu.h"
#include "platform.h"

// Serial line, timer, interrupts. Call once, first.
void board_init(void);
// There is one board: exceptions and interrupts come without an argument.
struct platform *board_platform(void);
// Memory for GPU buffers.
struct a2_memory board_memory(void);
// From now on the GPU's interrupts go to a2_irq(gpu).
void board_attach_gpu(struct a2_gpu *gpu);

// Called from the vectors (start.S).
void board_irq(void);

#endif
