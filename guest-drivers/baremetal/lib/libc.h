// SPDX-License-Identifier: MIT
//
// The few functions of a C library that the compiler and the library use, and formatted output.
// With a hosted compiler (tests) the memory functions are the C library's own.
#ifndef BM_LIBC_H
#define BM_LIBC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "platform.h"

#if __STDC_HOSTED__
#include <string.h>
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
#endif

// Understands %s %c %d %u %x %08x (width, zero padding), %%. No floats, no 64-bit numbers.
void bm_print(struct platform *plat, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void bm_vprint(struct platform *plat, const char *fmt, va_list ap);

// CRC-32 as in zlib and PNG; start with 0.
uint32_t bm_crc32(uint32_t crc, const void *data, size_t n);

#endif
