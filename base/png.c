// SPDX-License-Identifier: MIT
//
// Pictures and PNG through libpng's simplified interface; see png.h.
#include "base/png.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "base/err.h"

#define SIDE_MAX 16384u

int picture_init(struct picture *pic, uint32_t width, uint32_t height, struct err *err)
{
    memset(pic, 0, sizeof *pic);
    if (!width || !height || width > SIDE_MAX || height > SIDE_MAX) {
        return err_set(err, -EINVAL, "a picture of %ux%u is not possible (1..%u)", width, height,
                       SIDE_MAX);
    }
    pic->rgba = calloc((size_t)width * height, 4);
    if (!pic->rgba) {
        return err_set(err, -ENOMEM, "no memory for a picture of %ux%u", width, height);
    }
    pic->width = width;
    pic->height = height;
    return 0;
}

void picture_fini(struct picture *pic)
{
    free(pic->rgba);
    memset(pic, 0, sizeof *pic);
}

int picture_save_png(const struct picture *pic, const char *path, struct err *err)
{
    png_image img;
    char tmp[4096];

    if (!pic->rgba) {
        return err_set(err, -EINVAL, "%s: there is no picture to save", path);
    }
    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
        return err_set(err, -ENAMETOOLONG, "%s: name too long", path);
    }
    memset(&img, 0, sizeof img);
    img.version = PNG_IMAGE_VERSION;
    img.width = pic->width;
    img.height = pic->height;
    img.format = PNG_FORMAT_RGBA;
    errno = 0;
    if (!png_image_write_to_file(&img, tmp, 0, pic->rgba, 0, NULL) || rename(tmp, path) != 0) {
        int e = errno ? errno : EIO;
        unlink(tmp);
        return err_set(err, -e, "%s: %s", path, img.message[0] ? img.message : strerror(e));
    }
    return 0;
}

int picture_load_png(struct picture *pic, const char *path, struct err *err)
{
    png_image img;
    int rc;

    memset(pic, 0, sizeof *pic);
    memset(&img, 0, sizeof img);
    img.version = PNG_IMAGE_VERSION;
    errno = 0;
    if (!png_image_begin_read_from_file(&img, path)) {
        return err_set(err, errno ? -errno : -EINVAL, "%s: %s", path, img.message);
    }
    img.format = PNG_FORMAT_RGBA;
    rc = picture_init(pic, img.width, img.height, err);
    if (rc) {
        png_image_free(&img);
        return rc;
    }
    if (!png_image_finish_read(&img, NULL, pic->rgba, 0, NULL)) {
        picture_fini(pic);
        return err_set(err, -EINVAL, "%s: %s", path, img.message);
    }
    return 0;
}

int picture_compare(const struct picture *a, const struct picture *b, unsigned tolerance,
                    unsigned mask_right, unsigned mask_top, unsigned mask_bottom,
                    struct picture_diff *diff, struct err *err)
{
    memset(diff, 0, sizeof *diff);
    if (a->width != b->width || a->height != b->height || !a->rgba || !b->rgba) {
        return err_set(err, -EINVAL, "pictures differ in size: %ux%u and %ux%u", a->width,
                       a->height, b->width, b->height);
    }
    for (uint32_t y = mask_top; y + mask_bottom < a->height; y++) {
        for (uint32_t x = 0; x + mask_right < a->width; x++) {
            const uint8_t *p = a->rgba + ((size_t)y * a->width + x) * 4;
            const uint8_t *q = b->rgba + ((size_t)y * a->width + x) * 4;
            uint32_t worst = 0;
            for (int c = 0; c < 3; c++) {
                uint32_t d = (uint32_t)abs(p[c] - q[c]);
                worst = d > worst ? d : worst;
            }
            diff->compared++;
            diff->differing += worst > tolerance;
            diff->max_delta = worst > diff->max_delta ? worst : diff->max_delta;
        }
    }
    return 0;
}
