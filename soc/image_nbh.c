// SPDX-License-Identifier: MIT
//
// See image_nbh.h. Layout: "R000FF\n", 16 bytes of signer, blocks {data length, signature length, flag}
// with flag 1 data and 2 end; the payload begins with eight words spelling HTCIMAGE.
#include "soc/image_nbh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"

enum { MAGIC = 7, SIGNER = 16, BLOCK = 9, HEADER = 0x200 };
enum { DEVICE_AT = 0x20, TYPES_AT = 0x40, OFFSETS_AT = 0xc0, SIZES_AT = 0x140, VERSION_AT = 0x1e0 };
enum { LANGUAGE_AT = 0x1f0 };

static void text(char *out, const uint8_t *from, unsigned n)
{
    for (unsigned i = 0; i < n && from[i]; i++) {
        out[i] = from[i] >= ' ' && from[i] <= '~' ? (char)from[i] : '?';
        out[i + 1] = 0;
    }
}

static int unwrap(const struct blob *b, struct nbh_image *img, struct err *err)
{
    size_t at = MAGIC + SIGNER;
    for (;;) {
        uint32_t data, sig;
        if (!range_ok(at, BLOCK, b->bytes)) {
            return err_set(err, -EINVAL, "%s: block %u at offset %zu is cut off", b->name,
                           img->blocks, at);
        }
        data = get_le32(b->data + at);
        sig = get_le32(b->data + at + 4);
        if (b->data[at + 8] == 2 && data == 0) {
            return 0;
        }
        if (b->data[at + 8] != 1) {
            return err_set(err, -EINVAL, "%s: block %u at offset %zu has flag %u, not data or end",
                           b->name, img->blocks, at, b->data[at + 8]);
        }
        at += BLOCK;
        if (!range_ok(at, (uint64_t)data + sig, b->bytes)) {
            return err_set(err, -EINVAL, "%s: block %u at offset %zu has 0x%x+0x%x bytes, the file "
                                         "ends before",
                           b->name, img->blocks, at - BLOCK, data, sig);
        }
        memcpy(img->payload + img->bytes, b->data + at, data);
        img->bytes += data;
        img->blocks++;
        at += (size_t)data + sig;
    }
}

int nbh_parse(const struct blob *b, struct nbh_image *img, struct err *err)
{
    int rc;
    memset(img, 0, sizeof *img);
    if (b->bytes < MAGIC + SIGNER || memcmp(b->data, "R000FF\n", MAGIC) != 0) {
        return err_set(err, -EINVAL, "%s: is no NBH file", b->name);
    }
    if (b->bytes > 1u << 30) {
        return err_set(err, -EINVAL, "%s: is larger than 1 GiB", b->name);
    }
    img->payload = malloc(b->bytes);
    if (!img->payload) {
        return err_set(err, -ENOMEM, "%s: no memory", b->name);
    }
    rc = unwrap(b, img, err);
    if (rc) {
        return rc;
    }
    if (img->bytes < HEADER) {
        return err_set(err, -EINVAL, "%s: payload of 0x%x bytes has no table", b->name, img->bytes);
    }
    for (unsigned i = 0; i < 8; i++) {
        if (get_le32(img->payload + i * 4) != (uint32_t)"HTCIMAGE"[i]) {
            return err_set(err, -EINVAL, "%s: payload does not begin with HTCIMAGE (letter %u)",
                           b->name, i);
        }
    }
    text(img->device, img->payload + DEVICE_AT, 32);
    text(img->version, img->payload + VERSION_AT, 16);
    text(img->language, img->payload + LANGUAGE_AT, 16);
    for (unsigned i = 0; i < NBH_SECTIONS; i++) {
        struct nbh_section s = {get_le32(img->payload + TYPES_AT + i * 4),
                                get_le32(img->payload + OFFSETS_AT + i * 4),
                                get_le32(img->payload + SIZES_AT + i * 4)};
        if (!s.type) {
            continue;
        }
        if (!range_ok(s.offset, s.bytes, img->bytes)) {
            return err_set(err, -EINVAL,
                           "%s: section %u (type 0x%x) has 0x%x bytes at payload offset 0x%x of 0x%x",
                           b->name, i, s.type, s.bytes, s.offset, img->bytes);
        }
        img->sections[img->count++] = s;
    }
    return 0;
}

void nbh_free(struct nbh_image *img)
{
    free(img->payload);
    memset(img, 0, sizeof *img);
}

const char *nbh_type_name(uint32_t type)
{
    switch (type) {
    case 0x200:
        return "boot loader";
    case 0x300:
    case 0x301:
        return "radio";
    case 0x400:
        return "operating system";
    case 0x600:
        return "splash picture";
    default:
        return "unknown";
    }
}
