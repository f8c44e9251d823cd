// SPDX-License-Identifier: MIT
//
// Windows CE images: B000FF record files, flat .nb0 images, and the ROM header (ECEC, ROMHDR) that both
// carry. Everything is checked against the file's bytes; errors name file and offset. Formats: the
// public BIB and ROMHDR documentation.
#ifndef SOC_IMAGE_CE_H
#define SOC_IMAGE_CE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soc/load.h"

struct err;

// Bytes at a virtual address; `data` points into the blob.
struct ce_record {
    uint32_t va, bytes, sum; // sum: as the file says
    const uint8_t *data;
    bool sum_ok;
};

// The table of contents of one XIP region.
struct ce_rom {
    uint32_t at; // virtual address of the ROMHDR
    uint32_t first, last, modules, files, ram_start, ram_free, ram_end, copies, copy_at;
    uint16_t cpu;
};

struct ce_image {
    struct ce_record *records;
    uint32_t count, start, bytes, entry;
    uint32_t bad_sums;
    bool flat;      // an .nb0
    bool has_rom;
    struct ce_rom rom;
};

enum { CE_SPAN_MAX = 256 << 20 };

// True when the file begins as a record file; as any of its signed or compound siblings (*name says
// which, "X000FF" ...).
bool ce_is_records(const struct blob *b);
bool ce_is_sibling(const struct blob *b, const char **name);
// True for a flat image: an ARM branch and ECEC at 0x40 that leads to a ROM header.
bool ce_is_flat(const struct blob *b);

// -EINVAL names what is wrong and at which offset. ce_free afterwards, also after errors.
int ce_parse(const struct blob *b, struct ce_image *img, struct err *err);
void ce_free(struct ce_image *img);

// Copies from the image by virtual address; false when any byte is not in it.
bool ce_read(const struct ce_image *img, uint32_t va, void *buf, uint32_t n);
// Zero-terminated text of at most n - 1 bytes; "?" when it is not in the image.
void ce_text(const struct ce_image *img, uint32_t va, char *buf, uint32_t n);

struct ce_module {
    char name[64];
    uint32_t bytes, base, entry, load; // entry: virtual, 0 unknown
};
struct ce_file {
    char name[64];
    uint32_t bytes, stored, load; // stored < bytes: compressed
};
// Entry i of the ROM's lists; false past the end or outside the image.
bool ce_module_at(const struct ce_image *img, uint32_t i, struct ce_module *out);
bool ce_file_at(const struct ce_image *img, uint32_t i, struct ce_file *out);
const char *ce_cpu_name(uint16_t cpu); // NULL: unknown

// Physical address on the emulator's board of a virtual one of this image.
uint32_t ce_physical(const struct ce_image *img, uint32_t va);
// Puts every record into the board's memory; *entry is physical.
struct soc;
int ce_place(struct soc *soc, const struct blob *b, uint32_t *entry, struct err *err);

// What a CE boot loader leaves beside the image: boot arguments with the screen's size, the power-off
// routine in flash. *sp is the stack that images expect.
void ce_arguments(struct soc *soc, uint32_t *sp);

#endif
