// SPDX-License-Identifier: MIT
//
// The engine's life: create, reset, destroy, registers, counters. Command processing is in cp.c.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/internal.h"

// The pixel program of a22x clears: export0 = C0 (one ALLOC and EXEC_END, one vector max).
static const uint32_t clear_program[6] = {0x00000000, 0x1001c400, 0x20000002,
                                          0x000f8000, 0x00000000, 0x02000000};

struct gpu *gpu_create(const struct gpu_config *cfg, struct err *err)
{
    if (!cfg->profile || !cfg->mem || !cfg->env) {
        err_set(err, -EINVAL, "gpu: profile, memory and environment are needed");
        return NULL;
    }
    struct gpu *gpu = calloc(1, sizeof(*gpu));
    if (!gpu) {
        err_set(err, -ENOMEM, "gpu: no memory");
        return NULL;
    }
    gpu->cfg = *cfg;
    gpu->profile = cfg->profile;
    gpu->mem = cfg->mem;
    gpu->env = cfg->env;
    gpu->ctx = cfg->ctx;
    gpu->log = cfg->log;
    gpu->clear_ps = shader_decode(clear_program, ARRAY_LEN(clear_program), SHADER_PIXEL,
                                  (enum shader_profile)cfg->profile->shader_profile, err);
    if (!gpu->clear_ps) {
        free(gpu);
        return NULL;
    }
    regs_flags(gpu->reg_flags);
    gpu_reset(gpu);
    return gpu;
}

void gpu_destroy(struct gpu *gpu)
{
    if (gpu) {
        shader_store_clear(gpu);
        shader_destroy(gpu->clear_ps);
        free(gpu);
    }
}

void gpu_reset(struct gpu *gpu)
{
    gpu->depth = 0;
    gpu->protected_mode = false;
    gpu->bound[SHADER_VERTEX] = gpu->bound[SHADER_PIXEL] = NULL;
    gpu->error[0] = 0;
    memset(gpu->regs, 0, sizeof(gpu->regs));
    gpu->regs[REG_VGT_MAX_VTX_INDX] = ~0u;
    gpu->regs[REG_PA_SC_AA_MASK] = 0xffff;
    gpu->state_dirty = true;
    gpu->memory_dirty = true;
    gpu->written_count = 0;
}

uint32_t gpu_reg_read(const struct gpu *gpu, uint32_t reg)
{
    return reg < GPU_REGS ? gpu->regs[reg] : 0;
}

void gpu_reg_write(struct gpu *gpu, uint32_t reg, uint32_t val)
{
    if (reg >= GPU_REGS) {
        return;
    }
    if (!(gpu->reg_flags[reg] & REG_F_MODELLED)) {
        gpu->unmodelled[reg]++;
    }
    gpu->regs[reg] = val;
    gpu->state_dirty = true;
}

void gpu_unmodelled(const struct gpu *gpu,
                    void (*fn)(void *ctx, uint32_t reg, const char *name, uint64_t writes),
                    void *ctx)
{
    for (uint32_t r = 0; r < GPU_REGS; r++) {
        if (gpu->unmodelled[r]) {
            const struct gpu_reg_info *info = gpu_reg_info(r);
            fn(ctx, r, info ? info->name : "unknown", gpu->unmodelled[r]);
        }
    }
}

void gpu_counters(const struct gpu *gpu, struct gpu_counters *out)
{
    *out = gpu->counters;
}

const char *gpu_error(const struct gpu *gpu)
{
    return gpu->error;
}
