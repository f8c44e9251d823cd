// SPDX-License-Identifier: MIT
//
// Bit fields, sign extension, alignment and byte order: the vocabulary of every register model.
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1u << (n))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

// Bits hi..lo of v, as the manuals write v[hi:lo].
static inline uint32_t bits(uint32_t v, unsigned hi, unsigned lo)
{
    return (v >> lo) & (hi - lo == 31 ? ~0u : (1u << (hi - lo + 1)) - 1);
}

static inline uint32_t bit(uint32_t v, unsigned n)
{
    return (v >> n) & 1;
}

// v with bits hi..lo replaced by f.
static inline uint32_t bits_put(uint32_t v, unsigned hi, unsigned lo, uint32_t f)
{
    uint32_t m = (hi - lo == 31 ? ~0u : (1u << (hi - lo + 1)) - 1) << lo;
    return (v & ~m) | ((f << lo) & m);
}

// The low n bits (1..32) of v as a signed number.
static inline int32_t sign_extend(uint32_t v, unsigned n)
{
    uint32_t m = 1u << (n - 1);
    v &= n == 32 ? ~0u : (1u << n) - 1;
    return (int32_t)((v ^ m) - m);
}

static inline uint32_t ror32(uint32_t v, unsigned n)
{
    n &= 31;
    return n ? v >> n | v << (32 - n) : v;
}

static inline uint64_t align_up(uint64_t v, uint64_t pow2)
{
    return (v + pow2 - 1) & ~(pow2 - 1);
}

static inline uint16_t get_le16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t get_le32(const void *p)
{
    const uint8_t *b = p;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t get_le64(const void *p)
{
    return get_le32(p) | (uint64_t)get_le32((const uint8_t *)p + 4) << 32;
}

static inline void put_le16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(void *p, uint32_t v)
{
    put_le16(p, (uint16_t)v);
    put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(void *p, uint64_t v)
{
    put_le32(p, (uint32_t)v);
    put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

static inline uint32_t get_be32(const void *p)
{
    return __builtin_bswap32(get_le32(p));
}

static inline uint16_t get_be16(const void *p)
{
    return __builtin_bswap16(get_le16(p));
}

static inline float f32_from_bits(uint32_t v)
{
    float f;
    memcpy(&f, &v, 4);
    return f;
}

static inline uint32_t f32_to_bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, 4);
    return v;
}

#endif
