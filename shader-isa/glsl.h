// SPDX-License-Identifier: MIT
//
// The parts of the GLSL translator: helpers (glsl_lib.c), slots (glsl_slot.c), control flow
// (glsl.c). Private to this room.
#ifndef SHADER_ISA_GLSL_H
#define SHADER_ISA_GLSL_H

#include <stdio.h>

#include "shader-isa/program.h"

struct glsl {
    const struct shader *sh;
    struct shader_glsl_options opt;
    FILE *out;
    unsigned indent;
    bool temp_array; // registers are r[64], since some slot addresses them relatively
};

// Writes an indented line.
void glsl_line(struct glsl *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void glsl_helpers(struct glsl *g);
// The slots of one exec.
void glsl_exec_slots(struct glsl *g, const struct cf_op *c);

#endif
