// SPDX-License-Identifier: MIT
//
// The picture that demos about trouble draw before and after it: two halves.
#ifndef BM_HANG_H
#define BM_HANG_H

#include <stdint.h>

enum { HANG_WIDTH = 800, HANG_HEIGHT = 480 };

static const uint32_t hang_before[2] = {0xff305080, 0xff80b0d0}; // left, right
static const uint32_t hang_after[2] = {0xff206030, 0xffb0d080};
static const uint32_t fault_after[2] = {0xff603070, 0xffe0b060};

#endif
