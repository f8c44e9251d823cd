// SPDX-License-Identifier: MIT
//
// Kernels, device trees and initial RAM disks into a board's memory; boot images as a boot ROM
// reads them. Every loader checks what it reads and refuses damage by name and offset.
#ifndef SOC_LOAD_H
#define SOC_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soc/soc.h"

struct err;

// A file's bytes. `max` bounds what is accepted (0: 1 GiB).
struct blob {
    uint8_t *data;
    size_t bytes;
    const char *name; // borrowed
};
int blob_load(struct blob *b, const char *path, uint64_t max, struct err *err);
void blob_free(struct blob *b);

enum image_kind {
    IMAGE_RAW,    // bytes at the load address
    IMAGE_ELF,    // 32-bit ARM, little endian
    IMAGE_ZIMAGE, // Linux's self-extracting kernel
    IMAGE_UIMAGE, // U-Boot header
    IMAGE_CE,     // Windows CE: B000FF records or a flat .nb0 with a ROM header
};
const char *image_kind_name(enum image_kind kind);

struct image_info {
    enum image_kind kind;
    uint32_t load, entry; // where it wants to be; for zImages only as a size below
    uint32_t offset;      // where the payload begins in the file
    uint32_t bytes;       // of the payload
};
// Tells what a file is and checks its headers. -EINVAL names what is wrong and where.
int image_inspect(const struct blob *b, struct image_info *info, struct err *err);
// Copies it into memory: ELF segments at their addresses, others at `load`. *entry is where to
// start.
int image_place(struct soc *soc, const struct blob *b, const struct image_info *info, uint32_t load,
                uint32_t *entry, struct err *err);

// A straight boot: what to load and how the CPU starts.
struct boot_config {
    const char *kernel, *initrd, *dtb, *append; // paths and text; kernel is needed
    uint32_t machine_id;                        // for tag lists; 0: the board's
};
struct boot_entry {
    uint32_t pc, r[4];
    uint32_t cpsr;
    uint32_t sp; // 0: whatever reset gives
};
int boot_straight(struct soc *soc, const struct boot_config *cfg, struct boot_entry *entry,
                  struct err *err);

// The board's boot ROM reads the disk and hands over. -EINVAL names what the image lacks.
struct disk;
int boot_rom_imx(struct soc *soc, struct disk *disk, struct boot_entry *entry, struct err *err);

// Device tree: sets /memory, /chosen (bootargs, initrd). Returns a new blob in *out.
int fdt_prepare(const struct blob *dtb, const struct soc *soc, const char *append, uint32_t initrd,
                uint32_t initrd_bytes, struct blob *out, struct err *err);

#endif
