// SPDX-License-Identifier: MIT
//
// A Samsung NAND chip behind any controller: command, address and data cycles in, data out. The
// chip follows from the image's size. The controller owns it.
#ifndef SOC_DEV_NAND_CHIP_H
#define SOC_DEV_NAND_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/snapshot.h"

struct disk;
struct err;

enum { NAND_PAGE_MAX = 2048 + 64, NAND_ID_BYTES = 5, NAND_ADDRESSES = 5 };

struct nand_part {
    const char *name;             // data sheet
    uint32_t page, spare, pages;  // bytes, bytes, number
    uint32_t block;               // pages an erase block
    uint8_t cycles;               // of an address
    uint8_t id[NAND_ID_BYTES];
};
// All parts that exist, ends with a NULL name.
const struct nand_part *nand_parts(void);
// The part whose medium has that many bytes, with (*has_spare) or without spare bytes; or NULL.
const struct nand_part *nand_part_of(uint64_t bytes, bool *has_spare);

struct nand_chip {
    const struct nand_part *part;
    struct disk *disk, *own; // own: the blank chip's memory, bytes inverted
    bool has_spare;          // in the image
    uint8_t mode, cmd, pointer, addresses, at_id, failed;
    uint8_t address[NAND_ADDRESSES];
    uint32_t row, column;
    uint32_t loaded; // the page in `data`, ~0 none
    uint8_t data[NAND_PAGE_MAX];
};

// Puts an image behind it; -EINVAL names the sizes that exist. The image is borrowed.
int nand_chip_attach(struct nand_chip *n, struct disk *disk, struct err *err);
// Without an image: a blank chip of 64 MiB.
int nand_chip_blank(struct nand_chip *n, struct err *err);
void nand_chip_fini(struct nand_chip *n);
void nand_chip_reset(struct nand_chip *n);

void nand_chip_command(struct nand_chip *n, uint8_t cmd);
void nand_chip_address(struct nand_chip *n, uint8_t v);
uint8_t nand_chip_read(struct nand_chip *n);
void nand_chip_write(struct nand_chip *n, uint8_t v);
// Data bytes (no spare) of a page into buf, as boot hardware reads them.
void nand_chip_page(struct nand_chip *n, uint32_t row, uint8_t *buf);

void nand_chip_save(const struct nand_chip *n, struct snap_writer *w);
int nand_chip_restore(struct nand_chip *n, struct snap_reader *r, const char *who, struct err *err);

#endif
