// SPDX-License-Identifier: MIT
//
// vGPU types: what a client may ask for, one row each, and the pool they share. A type is a chip
// profile plus a default share of the engine.
#include <stddef.h>

#include "base/bits.h"
#include "mdev/private.h"

static const struct vgpu_type types[] = {
    {"yamato-a200", "Adreno 200, 256 KiB GMEM (i.MX53)", "a200", 100, 64},
    {"yamato-a201", "Adreno 200 at 128 KiB GMEM (i.MX51)", "a201", 100, 64},
    {"yamato-a205", "Adreno 205", "a205", 100, 64},
    {"yamato-a220", "Adreno 220, 512 KiB GMEM", "a220", 100, 64},
    {"yamato-a225", "Adreno 225, 512 KiB GMEM", "a225", 100, 64},
};

const struct vgpu_type *vgpu_type_at(unsigned i)
{
    return i < ARRAY_LEN(types) ? &types[i] : NULL;
}

unsigned mdev_available_instances(struct mdev *mdev, const struct vgpu_type *type)
{
    unsigned n;
    pthread_mutex_lock(&mdev->lock);
    n = mdev->instances < type->max_instances ? type->max_instances - mdev->instances : 0;
    pthread_mutex_unlock(&mdev->lock);
    return n;
}
