// SPDX-License-Identifier: MIT
//
// Pictures: an RGBA8 buffer, top row first, to and from PNG (libpng), and the comparison rule that
// every picture test uses.
#ifndef BASE_PNG_H
#define BASE_PNG_H

#include <stdint.h>

struct err;

struct picture {
    uint32_t width, height;
    uint8_t *rgba; // width * height * 4, owned
};

// Allocates a black, transparent picture; -ENOMEM/-EINVAL (0 or over 16384 a side).
int picture_init(struct picture *pic, uint32_t width, uint32_t height, struct err *err);
void picture_fini(struct picture *pic);
// Writes through a temporary name, so a full disk never leaves half a file.
int picture_save_png(const struct picture *pic, const char *path, struct err *err);
int picture_load_png(struct picture *pic, const char *path, struct err *err);

struct picture_diff {
    uint32_t differing; // pixels with a channel off by more than the tolerance (r, g, b only)
    uint32_t compared;
    uint32_t max_delta; // largest channel difference seen
};

// Compares red, green and blue of the area both pictures share, leaving out `mask_right` columns at
// the right and `mask_top`/`mask_bottom` rows; pictures of different size are -EINVAL.
int picture_compare(const struct picture *a, const struct picture *b, unsigned tolerance,
                    unsigned mask_right, unsigned mask_top, unsigned mask_bottom,
                    struct picture_diff *diff, struct err *err);

#endif
