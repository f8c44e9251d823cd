// SPDX-License-Identifier: MIT
//
// What `yamato isa` does, as a library: assemble, disassemble, check, run and translate programs
// from files, print the ISA's reference, and run the conformance suite on every engine there is.
// Engines beyond this room's interpreter (GL, a real GPU) are given by the caller.
#ifndef SHADER_ISA_TOOL_H
#define SHADER_ISA_TOOL_H

#include <stdint.h>
#include <stdio.h>

#include "shader-isa/shader.h"

struct err;
struct opts_spec;

#define SHADER_BATCH 256

// Lanes of a pixel program and what they were given. Lanes need not be in quads: the suite's
// programs take no differences.
struct shader_batch {
    unsigned count;                // lanes in use, 1..SHADER_BATCH
    float in[16][SHADER_BATCH][4]; // r0..r15 by lane
    float consts[256][4];          // the pixel constant window
    uint32_t bools[8], loops[32];
    float out[SHADER_BATCH][4];  // result: colour 0, what was not exported is 0
    uint8_t alive[SHADER_BATCH]; // result: 0 where the program discarded the lane
};

struct shader_engine {
    const char *name;
    unsigned ulps; // how far results may be from the interpreter's, in units in the last place
    float transcendental; // relative error allowed to exp, log, rsq, sqrt, sin and cos
    float max_angle;      // sin and cos are compared up to this argument; 0: all
    bool signed_zero;     // the sign of zero must agree
    // Runs the program for the batch. 0; -ENOTSUP when it cannot run this one (counted as skipped);
    // other errors fail the case with the message.
    int (*run)(struct shader_engine *engine, const struct shader *sh, struct shader_batch *batch,
               struct err *err);
};

struct shader_tool {
    FILE *out;                            // where results go; messages go to stderr
    struct shader_engine *const *engines; // more engines for `isa test`; may be NULL
    unsigned engine_count;
};

// Runs one subcommand: argv[0] is "isa", argv[1] its name. Returns the exit status: 0 done, 1 the
// answer is no (errors found, cases failed), 2 wrong arguments or input.
int shader_tool_main(int argc, char **argv, const struct shader_tool *tool);

// Option tables of the subcommands, for man pages and completion; NULL past the last.
const struct opts_spec *shader_tool_spec(unsigned i);

// The ISA's reference in markdown: opcodes, fields, control flow, fetches, formats, rules.
void shader_document(FILE *out);

// Fills in the interpreter as an engine ("interpreter").
void shader_engine_interpreter(struct shader_engine *engine);
// Its builds for each host vector width, "plain" first; false past the widest that the host can
// run.
bool shader_engine_build(struct shader_engine *engine, unsigned i);

#endif
