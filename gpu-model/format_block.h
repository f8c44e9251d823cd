// SPDX-License-Identifier: MIT
//
// Private to the room: texels of compressed and bit-packed blocks as 8-bit components.
#ifndef GPU_MODEL_FORMAT_BLOCK_H
#define GPU_MODEL_FORMAT_BLOCK_H

#include "gpu-model/formats.h"

// Component bytes of texel (x, y), which must be inside the block. BIT1 formats give 0 or 1.
void format_block_texel(const struct format_info *f, const uint8_t *block, unsigned x, unsigned y,
                        uint8_t out[4]);

#endif
