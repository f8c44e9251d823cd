// SPDX-License-Identifier: MIT
//
// The two disassemblies, and single slots of the XNA one (for tests and listings). Private.
#ifndef SHADER_ISA_PRINT_H
#define SHADER_ISA_PRINT_H

#include <stdio.h>

#include "shader-isa/program.h"

void print_freedreno(const struct shader *sh, FILE *out);
void print_xna(const struct shader *sh, FILE *out);

// One slot as print_xna writes it, without the address column of its first line.
void print_xna_slot(const uint32_t dw[3], bool fetch, enum shader_stage stage, FILE *out);

#endif
