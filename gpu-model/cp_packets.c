// SPDX-License-Identifier: MIT
//
// Packets that load state, move memory, wait and signal. Payloads as the open driver and the kernel
// emit them (public PM4 database for the names). Draws are in draw_build.c.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/internal.h"

void cp_none(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)p, (void)n;
    cp_refuse(gpu, GPU_RUN_ERROR, "not implemented");
}

// Packets whose effect an in-order engine has anyway (idle and cache packets), or that steer units
// which are not modelled (bin data, state prefetch, shader memory partition).
void cp_nop(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)gpu, (void)p, (void)n;
}

void cp_protected_mode(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    gpu->protected_mode = p[0] & 1;
}

// ---- constants and registers
// ------------------------------------------------------------------------------

// Where the index word of SET_CONSTANT points: first register, and how many follow.
static bool constant_range(struct gpu *gpu, uint32_t word, uint32_t n, uint32_t *reg)
{
    static const struct {
        uint32_t first, count;
    } space[] = {
        {REG_SQ_CONSTANT_0, GPU_ALU_CONSTANTS * 4},
        {REG_SQ_FETCH_0, GPU_FETCH_DWORDS},
        {REG_SQ_CF_BOOLEANS, 8},
        {REG_SQ_CF_LOOP, 32},
        {GPU_CONTEXT_REGS, 0x400},
    };
    uint32_t type = bits(word, 19, 16), index = bits(word, 15, 0);
    if (type >= ARRAY_LEN(space)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no constant type %u", type);
        return false;
    }
    if (index > space[type].count || n > space[type].count - index) {
        cp_refuse(gpu, GPU_RUN_ERROR, "constants 0x%x..0x%x of type %u, which has 0x%x", index,
                  index + n - 1, type, space[type].count);
        return false;
    }
    *reg = space[type].first + index;
    return true;
}

static void constants_write(struct gpu *gpu, uint32_t reg, const uint32_t *v, uint32_t n)
{
    if (reg >= REG_SQ_CONSTANT_0) {
        memcpy(&gpu->regs[reg], v, n * sizeof(*v));
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!(gpu->reg_flags[reg + i] & REG_F_MODELLED)) {
            gpu->unmodelled[reg + i]++;
        }
        gpu->regs[reg + i] = v[i];
    }
    gpu->state_dirty = true;
}

void cp_set_constant(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    uint32_t reg;
    if (!constant_range(gpu, p[0], n - 1, &reg)) {
        return;
    }
    if (p[0] >> 31) { // register = other register + value
        if (n != 3 || p[1] >= GPU_REGS || reg >= REG_SQ_CONSTANT_0) {
            cp_refuse(gpu, GPU_RUN_ERROR, "malformed register sum");
            return;
        }
        uint32_t sum = gpu->regs[p[1]] + p[2];
        constants_write(gpu, reg, &sum, 1);
        return;
    }
    constants_write(gpu, reg, p + 1, n - 1);
}

void cp_load_constant_context(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t count = p[2] & 0xfff, reg, v[64], index = bits(p[1], 15, 0);
    if (!constant_range(gpu, p[1], count, &reg)) {
        return;
    }
    for (uint32_t i = 0; i < count; i += ARRAY_LEN(v)) {
        uint32_t k = count - i < ARRAY_LEN(v) ? count - i : (uint32_t)ARRAY_LEN(v);
        // a constant's word lies at its own index in the context's memory image
        gpu->mem->ops->read(gpu->mem, (p[0] & ~3u) + 4 * (index + i), v, 4 * k);
        constants_write(gpu, reg + i, v, k);
    }
}

void cp_reg_rmw(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t reg = p[0] & 0x1fff;
    cp_reg_write(gpu, reg, (gpu_reg_read(gpu, reg) & p[1]) | p[2]);
}

// ---- programs
// ----------------------------------------------------------------------------------------------

void cp_im_load_immediate(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    uint32_t ndw = bits(p[1], 15, 0);
    if (p[0] > 1) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no shader stage %u", p[0]);
    } else if (ndw != n - 2) {
        cp_refuse(gpu, GPU_RUN_ERROR, "program of %u dwords in a payload of %u", ndw, n - 2);
    } else if (!shader_store_bind(gpu, p[0] ? SHADER_PIXEL : SHADER_VERTEX, p + 2, ndw)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "host memory ran out");
    }
}

void cp_im_load(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t dw[3 * 512], ndw = bits(p[1], 15, 0), stage = p[0] & 3;
    if (stage > 1) {
        cp_refuse(gpu, GPU_RUN_ERROR, "no shader stage %u", stage);
    } else if (ndw > ARRAY_LEN(dw)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "program of %u dwords, instruction memory has %u", ndw,
                  (unsigned)ARRAY_LEN(dw));
    } else if (!gpu->mem->ops->read(gpu->mem, p[0] & ~3u, dw, 4 * ndw)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "program at %08x is not readable", p[0] & ~3u);
    } else if (!shader_store_bind(gpu, stage ? SHADER_PIXEL : SHADER_VERTEX, dw, ndw)) {
        cp_refuse(gpu, GPU_RUN_ERROR, "host memory ran out");
    }
}

// ---- memory, waits, signals
// -----------------------------------------------------------------------------

// Stores dwords. A page that is not mapped is the memory owner's fault report, as on hardware; the
// stream goes on.
void cp_memory_store(struct gpu *gpu, uint32_t va, const uint32_t *v, uint32_t n)
{
    gpu->mem->ops->write(gpu->mem, va & ~3u, v, 4 * n);
    cp_memory_written(gpu, va & ~3u, 4 * n);
}

void cp_mem_write(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    cp_memory_store(gpu, p[0], p + 1, n - 1);
}

void cp_reg_to_mem(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    uint32_t reg = bits(p[0], 17, 0), count = bits(p[0], 29, 18);
    count = count ? count : 1;
    if (reg >= GPU_REGS || count > GPU_REGS - reg) {
        cp_refuse(gpu, GPU_RUN_ERROR, "registers 0x%x..0x%x do not exist", reg, reg + count - 1);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t v = gpu->regs[reg + i], old = 0;
        if (bit(p[0], 31)) { // accumulate
            gpu->mem->ops->read(gpu->mem, (p[1] & ~3u) + 4 * i, &old, 4);
        }
        v += old;
        cp_memory_store(gpu, p[1] + 4 * i, &v, 1);
    }
}

static void wait_false(struct gpu *gpu, const char *what, uint32_t at, uint32_t got, uint32_t ref,
                       uint32_t mask)
{
    cp_refuse(gpu, GPU_RUN_HANG, "waits for ever: %s %08x & %08x is %08x, reference %08x", what, at,
              mask, got, ref);
}

static void wait_reg(struct gpu *gpu, const uint32_t *p, bool gte)
{
    uint32_t got = gpu_reg_read(gpu, p[0]) & p[2];
    if (gte ? got < p[1] : got != p[1]) { // nothing else can change it while we wait
        wait_false(gpu, "register", p[0], got, p[1], p[2]);
    }
}

void cp_wait_reg_eq(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    wait_reg(gpu, p, false);
}

void cp_wait_reg_gte(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    wait_reg(gpu, p, true);
}

void cp_wait_reg_mem(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    bool memory = bit(p[0], 4);
    uint32_t got = 0, ref = p[2];
    if (memory) {
        gpu->mem->ops->read(gpu->mem, p[1] & ~3u, &got, 4);
    } else {
        got = gpu_reg_read(gpu, p[1]);
    }
    got &= p[3];
    if (!cp_compare(bits(p[0], 2, 0), got, ref)) {
        wait_false(gpu, memory ? "memory" : "register", p[1], got, ref, p[3]);
    }
}

void cp_event_write(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    if (n == 1) { // cache flushes, a dozen a draw: memory is always coherent here
        return;
    }
    if (n != 3) {
        cp_refuse(gpu, GPU_RUN_ERROR, "an address without a value");
        return;
    }
    uint32_t va = p[1] & ~3u, value = p[2];
    if (gpu->ctx && gpu->ctx->backend->ops->flush(gpu->ctx) == GPU_HOST_ERROR) {
        cp_refuse(gpu, GPU_RUN_ERROR, "the host engine failed");
        return;
    }
    cp_memory_store(gpu, va, &value, 1);
    gpu->counters.fences++;
    if (gpu->env->ops->fence) {
        gpu->env->ops->fence(gpu->env, va, value);
    }
}

void cp_interrupt(struct gpu *gpu, const uint32_t *p, uint32_t n)
{
    (void)n;
    gpu->counters.interrupts++;
    if (gpu->env->ops->interrupt) {
        gpu->env->ops->interrupt(gpu->env, p[0]);
    }
}
