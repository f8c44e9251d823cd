// SPDX-License-Identifier: MIT
//
// The chips, one row each: identity, on-chip memory and packet dialect. Sources: the kernel's GPU
// list (ids 2.0.0.0, 2.0.0.1, 2.2.0.x with their GMEM sizes) and the open driver's a20x/a22x split.
// The GMEM of 205 and 225 is that of their sisters: no public source states it.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/gpu.h"
#include "shader-isa/shader.h"

static const struct gpu_profile profiles[] = {
    {"a200", 200, 256 << 10, SHADER_A20X, true, "amd,imageon-200.0"},
    {"a201", 201, 128 << 10, SHADER_A20X, true, "amd,imageon-200.1"},
    {"a205", 205, 256 << 10, SHADER_A20X, true, "amd,imageon-205.0"},
    {"a220", 220, 512 << 10, SHADER_A22X, false, "amd,imageon-220.0"},
    {"a225", 225, 512 << 10, SHADER_A22X, false, "amd,imageon-225.0"},
};

const struct gpu_profile *gpu_profile_at(unsigned i)
{
    return i < ARRAY_LEN(profiles) ? &profiles[i] : NULL;
}

const struct gpu_profile *gpu_profile_find(const char *name)
{
    for (unsigned i = 0; name && i < ARRAY_LEN(profiles); i++) {
        if (!strcmp(name, profiles[i].name) || !strcmp(name, profiles[i].name + 1)) {
            return &profiles[i];
        }
    }
    return NULL;
}
