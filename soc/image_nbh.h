// SPDX-License-Identifier: MIT
//
// NBH containers (signed R000FF files of HTC devices): blocks of payload with signatures between, and in
// the payload a table of sections. Signatures are skipped, not checked.
#ifndef SOC_IMAGE_NBH_H
#define SOC_IMAGE_NBH_H

#include <stdint.h>

#include "soc/load.h"

enum { NBH_SECTIONS = 32 };
struct nbh_section {
    uint32_t type, offset, bytes; // offset in the payload
};
struct nbh_image {
    uint8_t *payload; // owned
    uint32_t bytes, blocks;
    char device[33], version[17], language[17];
    struct nbh_section sections[NBH_SECTIONS];
    unsigned count;
};

// -EINVAL names what is wrong and at which offset. nbh_free afterwards, also after errors.
int nbh_parse(const struct blob *b, struct nbh_image *img, struct err *err);
void nbh_free(struct nbh_image *img);
const char *nbh_type_name(uint32_t type);

#endif
