// SPDX-License-Identifier: MIT
//
// Everything the library can do with a hostile program, in one call: for the fuzzer and for the
// seeded test of the same in `make check`.
#ifndef TESTS_SHADER_ISA_HAMMER_H
#define TESTS_SHADER_ISA_HAMMER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/shader.h"

static inline void hammer_vfetch(struct shader_env *env, const struct shader_vfetch *f,
                                 unsigned lanes, uint32_t active, const float *index,
                                 float out[4][SHADER_LANES])
{
    (void)env, (void)lanes;
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        if (active >> i & 1) {
            out[f->constant & 3][i] = index[i];
        }
    }
}

static inline void hammer_tfetch(struct shader_env *env, const struct shader_tfetch *f,
                                 unsigned lanes, uint32_t active,
                                 const float coord[3][SHADER_LANES], const float *reg_lod,
                                 const float grad_h[3][SHADER_LANES],
                                 const float grad_v[3][SHADER_LANES], float out[4][SHADER_LANES])
{
    (void)env, (void)lanes, (void)active;
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        out[0][i] = coord[f->dimension % 3][i] + reg_lod[i];
        out[1][i] = grad_h[0][i] + grad_v[2][i];
    }
}

static inline void hammer_memexport(struct shader_env *env, unsigned lane, const float ea[4],
                                    unsigned n, const float data[4])
{
    (void)env;
    if (lane >= SHADER_LANES || n > 4 || (ea[0] != ea[0] && data[0] == 12345.0f)) {
        abort();
    }
}

static const struct shader_env_ops hammer_ops = {hammer_vfetch, hammer_tfetch, hammer_memexport};

static inline enum shader_result hammer_run(const struct shader *sh, uint32_t seed)
{
    struct shader_lanes *l = malloc(sizeof *l); // exact size: sanitizers see what runs past it
    float(*alu)[4] = malloc(100 * sizeof *alu);
    uint32_t bools[8], loops[32];
    enum shader_result res = SHADER_OK;
    if (l && alu) {
        memset(l, 0, sizeof *l);
        for (unsigned i = 0; i < 16 * 4 * SHADER_LANES; i++) {
            uint32_t v = (seed = seed * 1664525 + 1013904223);
            (&l->r[0][0][0])[i] = i & 64 ? (float)(v >> 20) : f32_from_bits(v);
        }
        for (unsigned i = 0; i < 400; i++) {
            (&alu[0][0])[i] = f32_from_bits(seed = seed * 1664525 + 1013904223);
        }
        for (unsigned i = 0; i < 32; i++) {
            loops[i] = seed = seed * 1664525 + 1013904223;
            bools[i & 7] = seed;
        }
        l->count = 1 + seed % SHADER_LANES;
        l->active = seed & 0x8000 ? BIT(l->count) - 1 : seed & 0xffff;
        struct shader_env env = {&hammer_ops, (const float(*)[4])alu, 100, bools, loops, 4096};
        res = shader_run(sh, &env, l);
        struct shader_env bare = {.max_steps = 100}; // nothing behind it
        shader_run(sh, &bare, l);
    }
    free(l);
    free(alu);
    return res;
}

static inline void hammer_print(const struct shader *sh, enum shader_dialect dialect)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (out) {
        shader_print(sh, dialect, out);
        fclose(out);
        if (dialect == SHADER_DIALECT_FREEDRENO) {
            uint32_t *dw;
            shader_assemble(text, shader_stage(sh), &dw, &n, NULL);
            free(dw);
        }
    }
    free(text);
}

static inline void hammer_glsl(const struct shader *sh, bool exact)
{
    struct shader_glsl_options opt = {exact, !exact};
    char *text;
    if (!shader_to_glsl(sh, &opt, &text, NULL)) {
        free(text);
    }
}

// Decodes, checks, prints, assembles again, runs and translates.
static inline enum shader_result hammer_words(const uint32_t *dw, size_t n, enum shader_stage stage,
                                              enum shader_profile profile, uint32_t seed)
{
    struct shader *sh = shader_decode(dw, n, stage, profile, NULL);
    if (!sh) {
        return SHADER_ILLEGAL;
    }
    shader_check(sh, NULL, NULL);
    hammer_print(sh, SHADER_DIALECT_FREEDRENO);
    hammer_print(sh, SHADER_DIALECT_XNA);
    enum shader_result res = hammer_run(sh, seed);
    hammer_glsl(sh, seed & 1);
    shader_destroy(sh);
    return res;
}

// First byte: bit 0 stage, bits 2:1 profile (3: the rest is assembler text); then the program.
static inline void hammer_bytes(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return;
    }
    unsigned profile = data[0] >> 1 & 3;
    enum shader_stage stage = data[0] & 1 ? SHADER_PIXEL : SHADER_VERTEX;
    if (profile == 3) {
        char *text = calloc(size, 1);
        if (text) {
            uint32_t *dw;
            size_t n;
            memcpy(text, data + 1, size - 1);
            if (!shader_assemble(text, stage, &dw, &n, NULL)) {
                hammer_words(dw, n, stage, SHADER_A20X, 1);
            }
            free(dw);
        }
        free(text);
        return;
    }
    size_t n = (size - 1) / 4;
    uint32_t *dw = malloc(n * 4 + 1);
    if (dw) {
        memcpy(dw, data + 1, n * 4);
        hammer_words(dw, n - n % 3, stage, (enum shader_profile)profile, data[0] >> 3);
    }
    free(dw);
}

#endif
