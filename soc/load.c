// SPDX-License-Identifier: MIT
//
// Image files: what they are, whether they are whole, and where they go. Formats: ELF (System V
// ABI), zImage (Linux Documentation/arm/booting), uImage (U-Boot include/image.h).
#include "soc/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "soc/image_ce.h"

int blob_load(struct blob *b, const char *path, uint64_t max, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t got = 0;
    memset(b, 0, sizeof *b);
    b->name = path;
    if (fd < 0 || fstat(fd, &st)) {
        int rc = err_set(err, -errno, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    max = max ? max : 1u << 30;
    if (!S_ISREG(st.st_mode) || !st.st_size || (uint64_t)st.st_size > max) {
        close(fd);
        return err_set(err, -EINVAL, "%s: not a file of 1 to %llu bytes", path,
                       (unsigned long long)max);
    }
    b->bytes = (size_t)st.st_size;
    b->data = malloc(b->bytes);
    while (b->data && got < b->bytes) {
        ssize_t n = read(fd, b->data + got, b->bytes - got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    close(fd);
    if (!b->data || got != b->bytes) {
        blob_free(b);
        return err_set(err, -EIO, "%s: could not be read", path);
    }
    return 0;
}

void blob_free(struct blob *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

const char *image_kind_name(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_RAW:
        return "raw";
    case IMAGE_ELF:
        return "ELF";
    case IMAGE_ZIMAGE:
        return "zImage";
    case IMAGE_UIMAGE:
        return "uImage";
    case IMAGE_CE:
        return "Windows CE image";
    }
    return "?";
}

// ---- ELF
// -----------------------------------------------------------------------------------------

enum { EHDR = 52, PHDR = 32, PT_LOAD = 1, EM_ARM = 40 };

static int inspect_elf(const struct blob *b, struct image_info *info, struct err *err)
{
    const uint8_t *d = b->data;
    uint32_t phoff, phnum, loads = 0;
    if (b->bytes < EHDR) {
        return err_set(err, -EINVAL, "%s: ELF header is cut off at byte %zu", b->name, b->bytes);
    }
    if (d[4] != 1 || d[5] != 1 || get_le16(d + 18) != EM_ARM) {
        return err_set(err, -EINVAL, "%s: ELF file is not for 32-bit little-endian ARM", b->name);
    }
    phoff = get_le32(d + 28);
    phnum = get_le16(d + 44);
    if (get_le16(d + 42) != PHDR || !range_ok(phoff, (uint64_t)phnum * PHDR, b->bytes)) {
        return err_set(err, -EINVAL, "%s: ELF program headers at 0x%x reach past the file's end",
                       b->name, phoff);
    }
    for (uint32_t i = 0; i < phnum; i++) {
        const uint8_t *p = d + phoff + i * PHDR;
        uint32_t off = get_le32(p + 4), filesz = get_le32(p + 16), memsz = get_le32(p + 20);
        if (get_le32(p) != PT_LOAD) {
            continue;
        }
        if (!range_ok(off, filesz, b->bytes) || memsz < filesz) {
            return err_set(err, -EINVAL, "%s: ELF segment %u (0x%x bytes at 0x%x) is cut off",
                           b->name, i, filesz, off);
        }
        loads++;
    }
    if (!loads) {
        return err_set(err, -EINVAL, "%s: ELF file has nothing to load", b->name);
    }
    info->kind = IMAGE_ELF;
    info->entry = get_le32(d + 24);
    info->offset = 0;
    info->bytes = (uint32_t)b->bytes;
    return 0;
}

static int zero_fill(struct soc *soc, uint32_t pa, uint32_t n)
{
    static const uint8_t zeros[4096];
    int rc = 0;
    while (n && !rc) {
        uint32_t run = n < sizeof zeros ? n : (uint32_t)sizeof zeros;
        rc = soc_dma_write(soc, pa, zeros, run);
        pa += run;
        n -= run;
    }
    return rc;
}

static int place_elf(struct soc *soc, const struct blob *b, uint32_t *entry, struct err *err)
{
    const uint8_t *d = b->data;
    uint32_t phoff = get_le32(d + 28), phnum = get_le16(d + 44);
    *entry = get_le32(d + 24);
    for (uint32_t i = 0; i < phnum; i++) {
        const uint8_t *p = d + phoff + i * PHDR;
        uint32_t off = get_le32(p + 4), vaddr = get_le32(p + 8), paddr = get_le32(p + 12);
        uint32_t filesz = get_le32(p + 16), memsz = get_le32(p + 20);
        if (get_le32(p) != PT_LOAD) {
            continue;
        }
        if (soc_dma_write(soc, paddr, d + off, filesz) ||
            zero_fill(soc, paddr + filesz, memsz - filesz)) {
            return err_set(err, -EINVAL,
                           "%s: ELF segment %u at 0x%08x is outside the board's memory", b->name, i,
                           paddr);
        }
        if (*entry - vaddr < memsz && vaddr != paddr && get_le32(d + 24) == *entry) {
            *entry = *entry - vaddr + paddr; // linked virtual, started physical
        }
    }
    return 0;
}

// ---- zImage, uImage
// ------------------------------------------------------------------------------

enum { ZIMAGE_MAGIC = 0x016f2818 };
#define UIMAGE_MAGIC 0x27051956u

static int inspect_zimage(const struct blob *b, struct image_info *info, struct err *err)
{
    uint32_t start = get_le32(b->data + 0x28), end = get_le32(b->data + 0x2c);
    if (end <= start || end - start > b->bytes) {
        return err_set(err, -EINVAL, "%s: zImage is truncated: header says %u bytes, file has %zu",
                       b->name, end - start, b->bytes);
    }
    info->kind = IMAGE_ZIMAGE;
    info->bytes = (uint32_t)b->bytes;
    return 0;
}

static int inspect_uimage(const struct blob *b, struct image_info *info, struct err *err)
{
    uint8_t head[64];
    uint32_t size = get_be32(b->data + 12);
    memcpy(head, b->data, 64);
    memset(head + 4, 0, 4);
    if (crc32(0, head, 64) != get_be32(b->data + 4)) {
        return err_set(err, -EINVAL, "%s: uImage header checksum is wrong", b->name);
    }
    if (!range_ok(64, size, b->bytes)) {
        return err_set(err, -EINVAL, "%s: uImage is truncated: header says %u bytes, file has %zu",
                       b->name, size, b->bytes - 64);
    }
    if (crc32(0, b->data + 64, size) != get_be32(b->data + 24)) {
        return err_set(err, -EINVAL, "%s: uImage data checksum is wrong", b->name);
    }
    if (b->data[31] != 0) {
        return err_set(err, -ENOTSUP, "%s: uImage is compressed (type %u); unpack it first",
                       b->name, b->data[31]);
    }
    info->kind = IMAGE_UIMAGE;
    info->load = get_be32(b->data + 16);
    info->entry = get_be32(b->data + 20);
    info->offset = 64;
    info->bytes = size;
    return 0;
}

int image_inspect(const struct blob *b, struct image_info *info, struct err *err)
{
    const char *sibling;
    memset(info, 0, sizeof *info);
    if (b->bytes >= 4 && memcmp(b->data, "\177ELF", 4) == 0) {
        return inspect_elf(b, info, err);
    }
    if (b->bytes >= 0x30 && get_le32(b->data + 0x24) == ZIMAGE_MAGIC) {
        return inspect_zimage(b, info, err);
    }
    if (b->bytes >= 64 && get_be32(b->data) == UIMAGE_MAGIC) {
        return inspect_uimage(b, info, err);
    }
    if (ce_is_records(b) || ce_is_flat(b)) {
        struct ce_image ce;
        int rc = ce_parse(b, &ce, err);
        info->kind = IMAGE_CE;
        info->load = ce.start;
        info->entry = ce.entry;
        info->bytes = ce.bytes;
        ce_free(&ce);
        return rc;
    }
    if (ce_is_sibling(b, &sibling)) {
        return err_set(err, -ENOTSUP, "%s: is a %s, which does not start by itself; see 'yamato image "
                                      "inspect'",
                       b->name, sibling);
    }
    info->kind = IMAGE_RAW;
    info->bytes = (uint32_t)b->bytes;
    return 0;
}

int image_place(struct soc *soc, const struct blob *b, const struct image_info *info, uint32_t load,
                uint32_t *entry, struct err *err)
{
    if (info->kind == IMAGE_ELF) {
        return place_elf(soc, b, entry, err);
    }
    if (info->kind == IMAGE_CE) {
        return ce_place(soc, b, entry, err);
    }
    if (soc_dma_write(soc, load, b->data + info->offset, info->bytes)) {
        return err_set(err, -EINVAL, "%s: %u bytes at 0x%08x do not fit into the board's memory",
                       b->name, info->bytes, load);
    }
    *entry = info->kind == IMAGE_UIMAGE ? load + (info->entry - info->load) : load;
    TRACE(soc_log(soc), image, "%s: %s, %u bytes at 0x%08x, entry 0x%08x", b->name,
          image_kind_name(info->kind), info->bytes, load, *entry);
    return 0;
}
