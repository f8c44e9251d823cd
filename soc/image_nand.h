// SPDX-License-Identifier: MIT
//
// NAND images as files: pages with their spare bytes, codes where Linux's S3C24xx driver keeps them
// (small pages: 3 bytes at 0 for 512; large pages: 3 bytes at 40 for each 256).
#ifndef SOC_IMAGE_NAND_H
#define SOC_IMAGE_NAND_H

#include <stdbool.h>
#include <stdint.h>

#include "soc/dev/nand_chip.h"
#include "soc/load.h"

// What the boot loader in guest-drivers/baremetal/s3c finds at flash offset 4096.
enum { BOOT_TABLE_AT = 4096, BOOT_TABLE_BYTES = 416, BOOT_TEXT_MAX = 383 };
struct boot_table {
    uint32_t machine, kernel, kernel_bytes, initrd, initrd_bytes;
    const char *text;
};
void boot_table_put(const struct boot_table *t, uint8_t out[BOOT_TABLE_BYTES]);

struct nand_image {
    const struct nand_part *part;
    uint8_t *data; // pages with spare bytes, owned
    uint64_t bytes;
};
// A blank chip; -EINVAL names the parts when there is no such one.
int nand_image_create(struct nand_image *img, const char *part, struct err *err);
void nand_image_free(struct nand_image *img);
// Writes data from an offset (bytes of data, a multiple of the page) with codes. The rest of the last
// page is 0xff. -EINVAL names what does not fit.
int nand_image_put(struct nand_image *img, uint64_t offset, const uint8_t *data, size_t n,
                   const char *name, struct err *err);

// What a dump holds.
struct nand_facts {
    const struct nand_part *part;
    bool has_spare;
    uint64_t blank, coded, plain, good, fixable, bad; // pages; coded ones are good, fixable or bad
    uint64_t first_bad;                               // page number
    uint32_t bad_blocks;                              // by their marker
};
// False when no chip has that size.
bool nand_image_look(const struct blob *b, struct nand_facts *out);
// Page's data bytes in a dump of `part`.
const uint8_t *nand_image_page(const struct blob *b, const struct nand_facts *f, uint64_t page);

#endif
