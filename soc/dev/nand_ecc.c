// SPDX-License-Identifier: MIT
//
// See nand_ecc.h. The code is the SmartMedia one with line parities up to P8192 (S3C2440 User's
// Manual, "ECC module features"): P8', P8, ... in the low bytes, the column parities P1' ... P4 in
// the upper six bits of the third byte.
#include "soc/dev/nand_ecc.h"

#include <string.h>

#include "base/bits.h"

enum { LINES = 11, COLUMNS = 6 };

void nand_ecc_pass(struct nand_ecc *e, uint8_t v)
{
    e->column ^= v;
    if (__builtin_parity(v)) {
        e->odd ^= e->at;
        e->even ^= ~e->at;
    }
    e->at++;
}

uint32_t nand_ecc_code(const struct nand_ecc *e)
{
    static const uint8_t halves[COLUMNS] = {0x55, 0xaa, 0x33, 0xcc, 0x0f, 0xf0};
    uint32_t lines = 0, columns = 0; // P8' at bit 0, P8 at bit 1, ...; P1' at bit 0 ...
    for (unsigned i = 0; i < LINES; i++) {
        lines |= bit(e->even, i) << (i * 2) | bit(e->odd, i) << (i * 2 + 1);
    }
    for (unsigned i = 0; i < COLUMNS; i++) {
        columns |= (uint32_t)__builtin_parity(e->column & halves[i]) << i;
    }
    return ~((lines & 0xffff) | (bits(lines, 17, 16) | columns << 2) << 16 |
             bits(lines, 21, 18) << 24);
}

void nand_ecc_of(const uint8_t *data, size_t n, uint8_t code[3])
{
    struct nand_ecc e = {0};
    uint32_t v;
    for (size_t i = 0; i < n; i++) {
        nand_ecc_pass(&e, data[i]);
    }
    v = nand_ecc_code(&e);
    code[0] = (uint8_t)v;
    code[1] = (uint8_t)(v >> 8);
    code[2] = (uint8_t)(v >> 16);
}

enum nand_ecc_result nand_ecc_compare(uint32_t stored, uint32_t computed, uint32_t *byte,
                                      uint32_t *bit_number)
{
    uint32_t diff = (stored ^ computed) & 0x0fffffff;
    uint32_t lines = (diff & 0xffff) | bits(diff, 17, 16) << 16 | bits(diff, 27, 24) << 18;
    uint32_t columns = bits(diff, 23, 18), pairs;
    *byte = *bit_number = 0;
    if (!diff) {
        return NAND_ECC_GOOD;
    }
    if (!(diff & (diff - 1))) {
        return NAND_ECC_CODE;
    }
    // a single wrong bit changes exactly one parity of each pair; three-byte codes have nine line pairs
    pairs = bits(diff, 27, 24) ? 0x155555 : 0x15555;
    if (((lines ^ lines >> 1) & pairs) != pairs || ((columns ^ columns >> 1) & 0x15) != 0x15) {
        return NAND_ECC_BAD;
    }
    for (unsigned i = 0; i < LINES; i++) {
        *byte |= bit(lines, i * 2 + 1) << i;
    }
    for (unsigned i = 0; i < COLUMNS / 2; i++) {
        *bit_number |= bit(columns, i * 2 + 1) << i;
    }
    return NAND_ECC_FIXED;
}
