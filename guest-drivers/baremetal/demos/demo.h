// SPDX-License-Identifier: MIT
//
// A demo: what it draws on and how it says whether that went well. The board's main program and the
// host's tests run demos through demo_run.
#ifndef BM_DEMO_H
#define BM_DEMO_H

#include "frame.h"
#include "gpu.h"
#include "libc.h"
#include "shaders.gen.h"

struct demo_run {
    struct platform *plat;
    struct a2_gpu *gpu;
    struct a2_surface screen; // where the final picture must be
    bool failed;
};

// Each file of this folder that is an image defines one, named demo_NAME.
struct demo {
    const char *name;
    uint32_t width, height; // of the screen
    void (*run)(struct demo_run *run);
};

// Creates the screen, runs the demo, shows the picture, prints one line:
//     YAMATO-BM: NAME ok crc=xxxxxxxx      or      YAMATO-BM: NAME FAIL crc=xxxxxxxx
// Returns true when it is ok.
bool demo_execute(const struct demo *demo, struct demo_run *run);

// Says what is wrong, and fails the demo, unless `ok`.
void demo_check(struct demo_run *run, bool ok, const char *what);
// The pixel must be this colour (0xrrggbb) within 2 of 255.
void demo_check_pixel(struct demo_run *run, const struct a2_surface *s, uint32_t x, uint32_t y,
                      uint32_t rgb);
// Waits for a frame and shows it. The frame must come through.
void demo_finish(struct demo_run *run, uint32_t seqno);
// A buffer with these bytes that the GPU reads.
struct a2_bo demo_data(struct demo_run *run, const void *data, uint32_t bytes);

#endif
