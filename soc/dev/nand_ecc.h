// SPDX-License-Identifier: MIT
//
// The Hamming code that the S3C24xx's NAND controllers compute over bytes as they pass, and its use
// by whoever writes NAND images. No state outside the struct; any thread.
#ifndef SOC_DEV_NAND_ECC_H
#define SOC_DEV_NAND_ECC_H

#include <stddef.h>
#include <stdint.h>

struct nand_ecc {
    uint32_t at, odd, even; // bytes passed; parities of their numbers
    uint8_t column;
};

// One byte; `e` begins as zeros.
void nand_ecc_pass(struct nand_ecc *e, uint8_t v);
// The code as NFMECC0 shows it: line parities of 2048 bytes and column parities, inverted.
uint32_t nand_ecc_code(const struct nand_ecc *e);
// Three bytes for a piece of up to 512 bytes, in the order in which Linux stores them.
void nand_ecc_of(const uint8_t *data, size_t n, uint8_t code[3]);

enum nand_ecc_result { NAND_ECC_GOOD, NAND_ECC_FIXED, NAND_ECC_CODE, NAND_ECC_BAD };
// Compares a stored code with the computed one (both as NFMECC0). FIXED tells byte and bit that are
// wrong; CODE: one bit of the code itself is.
enum nand_ecc_result nand_ecc_compare(uint32_t stored, uint32_t computed, uint32_t *byte,
                                      uint32_t *bit_number);

#endif
