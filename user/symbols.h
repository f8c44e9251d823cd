// SPDX-License-Identifier: MIT
//
// Functions of the program by address: from the symbol tables of the ELF files in its maps.
#ifndef USER_SYMBOLS_H
#define USER_SYMBOLS_H

#include "user/process.h"

struct symbols;

// What is mapped now; NULL when the host is out of memory.
struct symbols *symbols_create(struct process *p);
void symbols_destroy(struct symbols *s);
// "function" or "file+0xoffset" or "?", written to buf[n] when it has to be made.
const char *symbols_name(const struct symbols *s, uint32_t pc, char *buf, size_t n);

#endif
