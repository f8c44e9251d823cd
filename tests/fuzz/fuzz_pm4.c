// SPDX-License-Identifier: MIT
//
// Any bytes as guest memory and command stream: the first byte picks the chip, the rest is mapped
// at the start of the GPU's address window and executed from there as an indirect buffer. Runs
// decode only (no backend), resumes in small budgets, then prints the same stream.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/gpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE 0x01000000u
#define MAPPED (64u << 10)
#define RUNS 2 // resumptions before a stream that calls itself again and again is given up

struct fuzz {
    struct gpu_mem mem;
    struct gpu_env env;
    uint32_t words[MAPPED / 4];
};

static bool inside(uint32_t va, size_t n)
{
    return va >= BASE && n <= MAPPED && va - BASE <= MAPPED - n;
}

static bool fuzz_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    struct fuzz *f = container_of(mem, struct fuzz, mem);
    memset(dst, 0, n);
    if (inside(va, n)) {
        memcpy(dst, (uint8_t *)f->words + (va - BASE), n);
    }
    return inside(va, n);
}

static bool fuzz_write(struct gpu_mem *mem, uint32_t va, const void *src, size_t n)
{
    struct fuzz *f = container_of(mem, struct fuzz, mem);
    if (inside(va, n)) {
        memmove((uint8_t *)f->words + (va - BASE), src, n);
    }
    return inside(va, n);
}

static const uint8_t *fuzz_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct fuzz *f = container_of(mem, struct fuzz, mem);
    *got = 0;
    if (!inside(va, 1)) {
        return NULL;
    }
    *got = MAPPED - (va - BASE) < want ? MAPPED - (va - BASE) : want;
    return (const uint8_t *)f->words + (va - BASE);
}

static const uint32_t *fuzz_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct fuzz *f = container_of(env, struct fuzz, env);
    return va % 4 == 0 && inside(va, 4 * (size_t)ndw) ? f->words + (va - BASE) / 4 : NULL;
}

static const struct gpu_mem_ops mem_ops = {
    .read = fuzz_read, .write = fuzz_write, .span = fuzz_span};
static const struct gpu_env_ops env_ops = {.ib = fuzz_ib};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5 || size > MAPPED) {
        return 0;
    }
    struct fuzz *f = calloc(1, sizeof(*f));
    const struct gpu_profile *profile = gpu_profile_at(data[0] % 5);
    if (!f) {
        return 0;
    }
    f->mem.ops = &mem_ops;
    f->env.ops = &env_ops;
    memcpy(f->words, data + 1, size - 1);
    uint32_t ring[3] = {0xc0013700, BASE, (uint32_t)(size - 1) / 4};
    struct gpu_config cfg = {.profile = profile, .mem = &f->mem, .env = &f->env};
    struct gpu *gpu = gpu_create(&cfg, NULL);
    if (gpu) {
        enum gpu_run how = GPU_RUN_MORE;
        gpu_begin(gpu, 0, ring, 3);
        for (unsigned i = 0; i < RUNS && how == GPU_RUN_MORE; i++) {
            how = gpu_run(gpu, 8);
        }
        gpu_destroy(gpu);
    }
    FILE *null = fopen("/dev/null", "w");
    if (null) {
        memcpy(f->words, data + 1, size - 1);
        if (size < 1024) { // nested calls multiply what is printed
            gpu_dump(profile, &f->env, f->words, ring[2], BASE, null);
        }
        fclose(null);
    }
    free(f);
    return 0;
}
