// SPDX-License-Identifier: MIT
//
// The conformance suite: a case for every opcode and modifier that go together, and one for each
// control flow situation. Private to this room.
#ifndef SHADER_ISA_SUITE_H
#define SHADER_ISA_SUITE_H

#include "shader-isa/program.h"
#include "shader-isa/tool.h"

// column, what the case does to the opcode
#define SUITE_COLUMNS(X)                                                                           \
    X(plain, "registers as they are")                                                              \
    X(neg, "operands negated")                                                                     \
    X(abs, "absolute values of register operands")                                                 \
    X(neg_abs, "absolute values, then negated")                                                    \
    X(sat, "result saturated")                                                                     \
    X(swizzle, "operands swizzled wzyx and yzwx")                                                  \
    X(mask, "some components written")                                                             \
    X(constant, "constant operand")                                                                \
    X(const_abs, "absolute value of constants")                                                    \
    X(const_a0, "constant at a0")                                                                  \
    X(const_al, "constant at aL")                                                                  \
    X(temp_al, "register operand at aL")                                                           \
    X(dst_al, "destination at aL")                                                                 \
    X(p0, "predicated on p0")                                                                      \
    X(not_p0, "predicated on !p0")                                                                 \
    X(export, "result exported")                                                                   \
    X(export_01, "exported with constants 0.0 and 1.0")

enum suite_column {
#define X(name, doc) SUITE_##name,
    SUITE_COLUMNS(X)
#undef X
        SUITE_COLUMN_COUNT,
    SUITE_FLOW // control flow cases
};

enum { FILL_PAIRS, FILL_CONSTANTS, FILL_SMALL }; // suite_case.kind

struct suite_case {
    char name[64];   // "vector.add.neg", "flow.loop"
    char row[40];    // "vector add"
    unsigned column; // enum suite_column
    uint32_t dw[3 * 64];
    size_t ndw;
    bool transcendental, angle;
    unsigned batches;
    unsigned kind; // how batches are filled
};

const char *suite_column_name(unsigned column);
const char *suite_column_doc(unsigned column);

// Cases are numbered from 0; false past the last.
bool suite_case(unsigned number, struct suite_case *c);
bool suite_flow_case(unsigned number, struct suite_case *c); // the control flow cases among them
void suite_batch(const struct suite_case *c, unsigned batch, struct shader_batch *b);

// Counts of a comparison of one case on one engine.
struct suite_result {
    unsigned lanes, wrong;
    bool skipped;
    char message[256]; // the first difference, or the engine's error
};
// Runs all batches of the case on the engine and on the interpreter, and compares.
void suite_run(const struct suite_case *c, struct shader_engine *engine, struct suite_result *r);

#endif
