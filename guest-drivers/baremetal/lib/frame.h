// SPDX-License-Identifier: MIT
//
// Rendering to a picture in memory through on-chip memory, bin by bin: record draws once, the frame
// runs them for each bin and resolves.
//
//     a2_frame_begin(&frame, &(struct a2_frame_config){.target = &surface, .depth = true});
//     a2_frame_clear(&frame, color, 1.0f);
//     a2_emit_state(&frame.draw, &state);
//     a2_emit_programs(&frame.draw, &color_vs, &color_ps);
//     a2_emit_vertices(&frame.draw, 0, vertices.va, bytes);
//     a2_frame_draw(&frame, A2_DI_PT_TRILIST, 3);
//     a2_wait(gpu, a2_frame_end(&frame), A2_WAIT_IRQ);
#ifndef BM_FRAME_H
#define BM_FRAME_H

#include "gpu.h"
#include "pm4.h"
#include "shader.h"
#include "state.h"

// A picture: 32 bits a pixel, in memory blue, green, red, alpha; rows of `pitch` pixels.
struct a2_surface {
    struct a2_bo bo;
    uint32_t width, height, pitch;
};
bool a2_surface_create(struct a2_gpu *gpu, uint32_t width, uint32_t height, struct a2_surface *s);
uint32_t a2_surface_crc(const struct a2_surface *s); // of the visible pixels, row by row
// Pixel as red << 16 | green << 8 | blue.
uint32_t a2_surface_pixel(const struct a2_surface *s, uint32_t x, uint32_t y);

struct a2_bins {
    uint32_t w, h;       // pixels of a bin, multiples of 32
    uint32_t nx, ny;     // how many; the last ones may stick out of the picture
    uint32_t depth_base; // bytes in on-chip memory, 0 without depth
};
// Fewest bins of a picture that fit into so many bytes of on-chip memory.
struct a2_bins a2_bins_choose(uint32_t width, uint32_t height, bool depth, uint32_t gmem_bytes);

struct a2_frame_config {
    const struct a2_surface *target; // borrowed
    struct a2_rect area; // only this part of the picture is drawn and stored; w = 0: all of it
    bool depth;          // a 24-bit depth buffer for the frame's time
    bool load;           // start from what the picture holds; else its content is undefined
    uint32_t gmem_bytes; // use no more of the on-chip memory than this; 0: all
    unsigned submit;     // A2_SUBMIT_*
};

struct a2_frame {
    struct a2_gpu *gpu;
    struct a2_frame_config cfg;
    struct a2_bins bins;
    struct pm4 main; // state for all, then the walk over the bins
    struct pm4 draw; // what the caller records; runs once a bin
    struct pm4 load, store;
    uint32_t seqno;
};

// Command buffers with room for so many dwords of draws. Reusable for any number of frames.
bool a2_frame_create(struct a2_gpu *gpu, struct a2_frame *f, uint32_t draw_dwords);
void a2_frame_begin(struct a2_frame *f, const struct a2_frame_config *cfg);
// Whole picture, colour (0xaarrggbb) and, if there is one, depth: the chip's fast clear.
void a2_frame_clear(struct a2_frame *f, uint32_t argb, float depth);
// A rectangle of the picture gets a colour; depth is left alone.
void a2_frame_fill(struct a2_frame *f, const struct a2_rect *r, uint32_t argb);
// Draws with the state and programs emitted before.
void a2_frame_draw(struct a2_frame *f, uint32_t prim, uint32_t count);
void a2_frame_draw_indexed(struct a2_frame *f, uint32_t prim, uint32_t count, uint32_t va,
                           uint32_t bytes);
// Submits. Returns the number to wait for.
uint32_t a2_frame_end(struct a2_frame *f);

#endif
