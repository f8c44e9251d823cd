// SPDX-License-Identifier: MIT
//
// What the clear demo draws, as data: the demo and the picture test read it.
#ifndef BM_CLEAR_H
#define BM_CLEAR_H

#include <stdint.h>

enum { CLEAR_WIDTH = 800, CLEAR_HEIGHT = 480, CLEAR_RECTS = 5, CLEAR_SECOND_FRAME = 3 };

struct clear_scene {
    uint32_t background;
    struct {
        int32_t x, y, w, h;
        uint32_t argb;
    } rects[CLEAR_RECTS]; // later ones cover earlier ones, but never their top left pixel
};

static const struct clear_scene clear_scene = {
    .background = 0xff20406a,
    .rects = {{40, 30, 700, 400, 0xff7fb069},
              {100, 60, 255, 257, 0xffe6aa68},
              {250, 127, 301, 200, 0xffca3c25},
              {420, 200, 333, 111, 0xfffffbbd},
              {700, 431, 99, 49, 0xff1d1a05}},
};

#endif
