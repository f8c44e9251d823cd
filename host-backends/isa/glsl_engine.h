// SPDX-License-Identifier: MIT
//
// Runs translated programs on the host's GL (EGL without a surface): pixel programs on a row of
// pixels whose inputs come from a float texture, vertex programs on points. It is the engine "gl" of
// `yamato isa test`, and what the tests compare the GLSL translation with the interpreter by.
// Fetches are stand-ins that both sides compute alike.
#ifndef HOST_BACKENDS_ISA_GLSL_ENGINE_H
#define HOST_BACKENDS_ISA_GLSL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "shader-isa/shader.h"

struct err;
struct shader_engine;

#define ENGINE_LANES 256 // invocations of one run
#define ENGINE_REGS 16
#define ENGINE_CONSTS 256

struct engine_data {
    float in[ENGINE_REGS][ENGINE_LANES][4]; // pixel programs: r0..r15; vertex: r0.x = index
    float consts[ENGINE_CONSTS][4];
    uint32_t bools[8];
    uint32_t loops[32];
    float out[3][ENGINE_LANES][4]; // pixel: colour, (depth, alive); vertex: o[0], position, misc
};

struct gl_engine;

// Makes a GL context and makes it current on this thread. NULL where the host has none.
struct gl_engine *engine_open(void);
void engine_close(struct gl_engine *e); // NULL is fine

// Runs a program for all lanes. False: it cannot be translated, or GL refused it (printed).
bool engine_run(struct gl_engine *e, const struct shader *sh, bool exact, struct engine_data *d);
// The same on the interpreter.
enum shader_result engine_interpret(const struct shader *sh, struct engine_data *d);

// The engine of the conformance suite ("gl"): exact arithmetic, equal within 4 units in the last
// place, relative 2^-11 for exp, log, rsq, sqrt, sin and cos (up to 256). NULL without a GL context.
struct shader_engine *isa_gl_create(struct err *err);
void isa_gl_destroy(struct shader_engine *engine); // NULL is fine

#endif
