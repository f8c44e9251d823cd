// SPDX-License-Identifier: MIT
//
// Private to the room: values of registers and packet dwords as text, from the field layouts in the
// tables (syntax: a2xx_regs.def).
#ifndef GPU_MODEL_FIELDS_H
#define GPU_MODEL_FIELDS_H

#include <stdint.h>
#include <stdio.h>

// Prints one dword by its layout, as the reference decoder does: "{ A = 1 | B | 0x80 }" for fields,
// a plain number for "" and NULL and "<type>". `end` ends the layout (';' parts of packets), or
// NULL.
void fields_print(const char *layout, const char *end, uint32_t value, FILE *out);

// Name of an enumeration's value (a2xx_enums.def, formats.def); NULL when it has none.
const char *enum_name(const char *enumeration, size_t len, uint32_t value);

#endif
