// SPDX-License-Identifier: MIT
//
// Private to gl/: what a rectangle draw does.
#ifndef HOST_BACKENDS_GL_PROBE_H
#define HOST_BACKENDS_GL_PROBE_H

#include "host-backends/gl/gl.h"

struct gl_rect_probe {
    double x[3], y[3], z[3]; // window positions of the vertices, pixel centres at .5
    struct gpu_rect rect;    // pixels covered, inside the scissor
    unsigned fetches;        // texture fetches of the pixel program
    float coord[2][4];       // their coordinates at the vertices
    bool passes_texels;      // the colour is the texel as it was fetched
    bool constant;           // the colour is the same everywhere, this one:
    float color[4];
};
// Runs the programs of a RECTLIST of three vertices. False when it is none, is not upright, or a
// program does not end.
bool gl_probe_rect(struct gl_context *ctx, const struct gpu_draw *d, struct gl_rect_probe *out);

#endif
