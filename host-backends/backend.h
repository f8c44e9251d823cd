// SPDX-License-Identifier: MIT
//
// Where decoded draws really run. A backend is made by name; the ops are gpu-model's (draw.h), so
// that the engine calls down without knowing who is there.
#ifndef HOST_BACKENDS_BACKEND_H
#define HOST_BACKENDS_BACKEND_H

#include <stdbool.h>

#include "gpu-model/draw.h"

struct backend_info {
    const char *name; // "soft", "gl", "null"
    const char *help;
    bool built;       // compiled in
};
const struct backend_info *backend_at(unsigned i); // NULL past the end

struct backend_config {
    struct log *log;
    unsigned threads;    // soft: raster threads, 0 = 1
    bool fine_snap;      // soft, compare aid: vertices snap to 1/256 pixel, as host renderers do,
                         // whatever PA_SU_VTX_CNTL says
    const char *device;  // gl: EGL device selection ("", "llvmpipe", "gpu", "/dev/dri/renderD128")
    bool exact;          // gl: slow exact arithmetic in shaders
};
// -EINVAL names the known backends; -ENODEV tells what the host lacks.
struct gpu_backend *backend_create(const char *name, const struct backend_config *cfg,
                                   struct err *err);
void backend_destroy(struct gpu_backend *be); // NULL is fine

// Each backend's own constructor (soft/, gl/, null.c).
struct gpu_backend *backend_soft_create(const struct backend_config *cfg, struct err *err);
struct gpu_backend *backend_gl_create(const struct backend_config *cfg, struct err *err);
struct gpu_backend *backend_null_create(const struct backend_config *cfg, struct err *err);

#endif
