// SPDX-License-Identifier: MIT
//
// The decoder's parts. Private to this room.
#ifndef SHADER_ISA_DECODE_H
#define SHADER_ISA_DECODE_H

#include "shader-isa/program.h"

// Decodes the ALU view of a slot and notes in sh->info what it uses.
void decode_alu(struct shader *sh, unsigned slot);
// After all slots: what depends on the whole program.
void decode_finish_alu(struct shader *sh);
// Notes a temporary in shader_info.
void decode_note_temp(struct shader_info *info, unsigned index, bool rel);

#endif
