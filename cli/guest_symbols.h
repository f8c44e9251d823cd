// SPDX-License-Identifier: MIT
//
// Names of guest addresses, from a System.map ("ADDRESS TYPE NAME" a line).
#ifndef CLI_GUEST_SYMBOLS_H
#define CLI_GUEST_SYMBOLS_H

#include <stdint.h>

struct err;
struct guest_symbols;

// NULL path: an empty table. -EINVAL names the line that is no symbol.
struct guest_symbols *guest_symbols_load(const char *path, struct err *err);
void guest_symbols_free(struct guest_symbols *s);
// "name+0x12" into buf, or "0x..." when nothing is near.
const char *guest_symbol(const struct guest_symbols *s, uint32_t pc, char *buf, unsigned n);

#endif
