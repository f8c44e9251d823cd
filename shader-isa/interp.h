// SPDX-License-Identifier: MIT
//
// What the builds of the interpreter share. Private to this room.
#ifndef SHADER_ISA_INTERP_H
#define SHADER_ISA_INTERP_H

#include "shader-isa/program.h"

// State of one run. Big: lives on the stack of shader_run and is filled only where needed.
struct run {
    const struct shader *sh;
    struct shader_env *env;
    struct shader_lanes *l;
    uint32_t active, p0;
    bool illegal;
    unsigned steps, max_steps;

    int al; // aL of the innermost loop, clamped when used
    struct {
        int al, step;
        unsigned count, iteration;
    } loop[SHADER_DEPTH];
    unsigned loops, calls;
    uint16_t ret[SHADER_DEPTH];

    float ps[SHADER_LANES];
    int16_t a0[SHADER_LANES];
    float index[SHADER_LANES]; // of the last full vertex fetch
    float lod[SHADER_LANES], grad_h[3][SHADER_LANES], grad_v[3][SHADER_LANES];
    float depth[4][SHADER_LANES];  // PS export 61
    float em[6][4][SHADER_LANES];  // eA, eM0..4
    uint32_t em_lanes[6];          // lanes that wrote them in this burst
    float buf[3][4][SHADER_LANES]; // operands that had to be built
    float sink[4][SHADER_LANES];   // where impossible results go
};

// The builds of the interpreter, each for a host vector width; all give the same bits.
enum interp_build { INTERP_PLAIN, INTERP_AVX2, INTERP_AVX512 };
enum interp_build interp_best(void); // the widest that the host can run

// shader_run on a chosen build, at most interp_best().
enum shader_result interp_run_on(const struct shader *sh, struct shader_env *env,
                                 struct shader_lanes *lanes, enum interp_build build);

enum shader_result interp_run_plain(struct run *r);
enum shader_result interp_run_avx2(struct run *r);
enum shader_result interp_run_avx512(struct run *r);

#endif
