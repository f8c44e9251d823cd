// SPDX-License-Identifier: MIT
//
// The table of rendering backends and the way to one by name. One row a backend.

#include "host-backends/backend.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

#ifndef BACKEND_HAS_GL
#define BACKEND_HAS_GL 0
#endif

struct row {
    struct backend_info info;
    struct gpu_backend *(*create)(const struct backend_config *cfg, struct err *err);
};

static const struct row rows[] = {
    {{"soft", "exact software rasteriser, the reference; no dependency", true},
     backend_soft_create},
    {{"gl", "EGL and OpenGL of the host (llvmpipe or a real GPU)", BACKEND_HAS_GL},
#if BACKEND_HAS_GL
     backend_gl_create},
#else
      NULL},
#endif
    {{"null", "accepts everything and draws nothing", true}, backend_null_create},
};

const struct backend_info *backend_at(unsigned i)
{
    return i < ARRAY_LEN(rows) ? &rows[i].info : NULL;
}

struct gpu_backend *backend_create(const char *name, const struct backend_config *cfg,
                                   struct err *err)
{
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (name && strcmp(name, rows[i].info.name) == 0) {
            if (!rows[i].create) {
                err_set(err, -ENODEV,
                        "backend '%s' was left out of this build: install the "
                        "development packages of libepoxy and EGL and build again",
                        name);
                return NULL;
            }
            return rows[i].create(cfg, err);
        }
    }
    err_set(err, -EINVAL, "no backend '%s': there are soft, gl and null", name ? name : "");
    return NULL;
}

void backend_destroy(struct gpu_backend *be)
{
    if (be) {
        be->ops->destroy(be);
    }
}
