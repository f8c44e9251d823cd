// SPDX-License-Identifier: MIT
//
// The frame debugger: a capture replayed again and again up to a place of interest, so that every
// look is at real state. Commands are text lines, which makes it scriptable; the same data becomes a
// page of HTML. Works on any backend that is given.
#ifndef GPU_MODEL_DEBUG_DEBUG_H
#define GPU_MODEL_DEBUG_DEBUG_H

#include <stdbool.h>
#include <stdio.h>

#include "gpu-model/gpu.h"

struct gpu_debug;

struct gpu_debug_config {
    const char *path;                  // the capture
    struct gpu_backend *backend;       // borrowed, bound to this thread
    const struct gpu_profile *profile; // NULL: the capture's
    bool scissor_br_inclusive;
    struct log *log; // borrowed
};

// Replays the capture once and notes its packets and draws. NULL with the reason.
struct gpu_debug *gpu_debug_open(const struct gpu_debug_config *cfg, struct err *err);
void gpu_debug_close(struct gpu_debug *d); // NULL is fine

enum gpu_debug_status {
    GPU_DEBUG_OK,
    GPU_DEBUG_BAD, // the line was refused; `out` says why
    GPU_DEBUG_QUIT,
};
// Runs one line of the command language ("help" lists it); text goes to `out`.
enum gpu_debug_status gpu_debug_command(struct gpu_debug *d, const char *line, FILE *out);

// Writes one page without references to other files: frame, draws with state, textures and on-chip
// memory as pictures, programs, packets. Pictures of at most `pictures` draws. 0 or -errno.
int gpu_debug_html(struct gpu_debug *d, const char *path, unsigned pictures, struct err *err);

#endif
