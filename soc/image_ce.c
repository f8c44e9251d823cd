// SPDX-License-Identifier: MIT
//
// See image_ce.h. Traps of real files that are handled: a data record may stand at address 0 (only a
// record with address and checksum 0, or with nothing behind it, ends the file); records may wrap at the
// top of the address space; "ECEC" occurs by chance in code; the third word behind it may be garbage in
// old images. Left out: unpacking of compressed modules (the guest does that).
#include "soc/image_ce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"

enum { MAGIC = 7, HEAD = 15, RECORD = 12, ECEC_AT = 0x40, ROMHDR = 84, TOC = 32, FILES = 28 };
enum { LIST_MAX = 8192, TRIES = 256 };
#define ECEC 0x43454345u

bool ce_is_records(const struct blob *b)
{
    return b->bytes >= MAGIC && memcmp(b->data, "B000FF\n", MAGIC) == 0;
}

bool ce_is_sibling(const struct blob *b, const char **name)
{
    static const struct {
        const char *magic, *name;
    } all[] = {{"X000FF\n", "X000FF (list of images)"},
               {"N000FF\n", "N000FF (flat image with header)"},
               {"S000FF\n", "S000FF (signed record file)"},
               {"R000FF\n", "R000FF (signed flat image, NBH)"}};
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        if (b->bytes >= MAGIC && memcmp(b->data, all[i].magic, MAGIC) == 0) {
            *name = all[i].name;
            return true;
        }
    }
    return false;
}

// ---- by virtual address
// ----------------------------------------------------------------------------

bool ce_read(const struct ce_image *img, uint32_t va, void *buf, uint32_t n)
{
    uint8_t *out = buf;
    while (n) {
        uint32_t got = 0;
        for (uint32_t i = 0; i < img->count && !got; i++) {
            const struct ce_record *r = &img->records[i];
            if (va - r->va < r->bytes) {
                got = r->bytes - (va - r->va) < n ? r->bytes - (va - r->va) : n;
                memcpy(out, r->data + (va - r->va), got);
            }
        }
        if (!got) {
            return false;
        }
        out += got;
        va += got;
        n -= got;
    }
    return true;
}

void ce_text(const struct ce_image *img, uint32_t va, char *buf, uint32_t n)
{
    uint32_t i = 0;
    while (i + 1 < n && ce_read(img, va + i, buf + i, 1) && buf[i]) {
        buf[i] = buf[i] >= ' ' && buf[i] <= '~' ? buf[i] : '?';
        i++;
    }
    buf[i] = 0;
    if (!i) {
        snprintf(buf, n, "?");
    }
}

static void read_romhdr(const uint8_t *h, uint32_t at, struct ce_rom *rom)
{
    *rom = (struct ce_rom){.at = at,
                           .first = get_le32(h + 8),
                           .last = get_le32(h + 12),
                           .modules = get_le32(h + 16),
                           .ram_start = get_le32(h + 20),
                           .ram_free = get_le32(h + 24),
                           .ram_end = get_le32(h + 28),
                           .copies = get_le32(h + 32),
                           .copy_at = get_le32(h + 36),
                           .files = get_le32(h + 48),
                           .cpu = get_le16(h + 68)};
}

static bool plausible(const struct ce_rom *rom)
{
    return rom->first <= rom->at && rom->at < rom->last && rom->modules <= LIST_MAX &&
           rom->files <= LIST_MAX && rom->last - rom->first <= CE_SPAN_MAX;
}

// "ECEC" on a word boundary and a pointer that leads to a ROM header.
static void find_rom(struct ce_image *img)
{
    unsigned tries = 0;
    for (uint32_t i = 0; i < img->count; i++) {
        const struct ce_record *r = &img->records[i];
        for (uint32_t off = (0 - r->va) & 3; r->bytes >= 8 && off <= r->bytes - 8; off += 4) {
            uint8_t h[ROMHDR];
            uint32_t toc;
            if (get_le32(r->data + off) != ECEC) {
                continue;
            }
            if (++tries > TRIES) {
                return;
            }
            toc = get_le32(r->data + off + 4);
            if (ce_read(img, toc, h, sizeof h)) {
                read_romhdr(h, toc, &img->rom);
                if (plausible(&img->rom)) {
                    img->has_rom = true;
                    return;
                }
            }
        }
    }
}

// ---- flat images
// ---------------------------------------------------------------------------------------

// Where a flat image begins: the third word behind ECEC tells the header's offset, or the header is the
// place whose own `physfirst` agrees with the pointer.
static bool flat_base(const struct blob *b, uint32_t *base)
{
    uint32_t toc, off;
    if (b->bytes < ECEC_AT + 12 || b->bytes > CE_SPAN_MAX || b->data[3] != 0xea ||
        get_le32(b->data + ECEC_AT) != ECEC) {
        return false;
    }
    toc = get_le32(b->data + ECEC_AT + 4);
    off = get_le32(b->data + ECEC_AT + 8);
    for (uint32_t at = 0; b->bytes >= ROMHDR && at <= b->bytes - ROMHDR; at += 4) {
        uint32_t where = at == 0 ? off : at; // the told place first
        struct ce_rom rom;
        if (!range_ok(where, ROMHDR, b->bytes)) {
            continue;
        }
        read_romhdr(b->data + where, toc, &rom);
        if (rom.first == toc - where && plausible(&rom)) {
            *base = rom.first;
            return true;
        }
    }
    return false;
}

bool ce_is_flat(const struct blob *b)
{
    uint32_t base;
    return flat_base(b, &base);
}

static int parse_flat(const struct blob *b, struct ce_image *img, struct err *err)
{
    uint32_t base;
    if (!flat_base(b, &base)) {
        return err_set(err, -EINVAL, "%s: no ROM header behind ECEC at 0x40", b->name);
    }
    img->records = calloc(1, sizeof *img->records);
    if (!img->records) {
        return err_set(err, -ENOMEM, "%s: no memory", b->name);
    }
    img->records[0] = (struct ce_record){base, (uint32_t)b->bytes, 0, b->data, true};
    img->count = 1;
    img->start = img->entry = base;
    img->bytes = (uint32_t)b->bytes;
    img->flat = true;
    find_rom(img);
    return 0;
}

// ---- record files
// --------------------------------------------------------------------------------------

static int grow(struct ce_image *img, uint32_t *room, const struct blob *b, struct err *err)
{
    struct ce_record *more;
    if (img->count < *room) {
        return 0;
    }
    *room = *room ? *room * 2 : 64;
    more = realloc(img->records, *room * sizeof *more);
    if (!more) {
        return err_set(err, -ENOMEM, "%s: no memory", b->name);
    }
    img->records = more;
    return 0;
}

static int parse_records(const struct blob *b, struct ce_image *img, struct err *err)
{
    size_t at = HEAD;
    uint32_t room = 0;
    if (b->bytes < HEAD) {
        return err_set(err, -EINVAL, "%s: header is cut off at byte %zu", b->name, b->bytes);
    }
    img->start = get_le32(b->data + 7);
    img->bytes = get_le32(b->data + 11);
    if (img->bytes > CE_SPAN_MAX) {
        return err_set(err, -EINVAL, "%s: image of 0x%x bytes (offset 11) is more than %d MiB",
                       b->name, img->bytes, CE_SPAN_MAX >> 20);
    }
    for (;;) {
        struct ce_record r = {0};
        uint32_t sum = 0;
        int rc;
        if (!range_ok(at, RECORD, b->bytes)) {
            return err_set(err, -EINVAL, "%s: record %u at offset %zu is cut off (file has %zu bytes)",
                           b->name, img->count, at, b->bytes);
        }
        r.va = get_le32(b->data + at);
        r.bytes = get_le32(b->data + at + 4);
        r.sum = get_le32(b->data + at + 8);
        if (r.va == 0 && (r.sum == 0 || at + RECORD == b->bytes)) {
            img->entry = r.bytes;
            if (at + RECORD != b->bytes) {
                return err_set(err, -EINVAL, "%s: %zu bytes behind the last record at offset %zu",
                               b->name, b->bytes - at - RECORD, at);
            }
            break;
        }
        if (!range_ok(at + RECORD, r.bytes, b->bytes)) {
            return err_set(err, -EINVAL,
                           "%s: record %u at offset %zu has 0x%x bytes, the file ends before", b->name,
                           img->count, at, r.bytes);
        }
        r.data = b->data + at + RECORD;
        for (uint32_t i = 0; i < r.bytes; i++) {
            sum += r.data[i];
        }
        r.sum_ok = sum == r.sum;
        img->bad_sums += !r.sum_ok;
        if (r.bytes) {
            rc = grow(img, &room, b, err);
            if (rc) {
                return rc;
            }
            img->records[img->count++] = r;
        }
        at += RECORD + r.bytes;
    }
    if (!img->count) {
        return err_set(err, -EINVAL, "%s: no records before the last one at offset %zu", b->name, at);
    }
    find_rom(img);
    return 0;
}

int ce_parse(const struct blob *b, struct ce_image *img, struct err *err)
{
    memset(img, 0, sizeof *img);
    return ce_is_records(b) ? parse_records(b, img, err) : parse_flat(b, img, err);
}

void ce_free(struct ce_image *img)
{
    free(img->records);
    memset(img, 0, sizeof *img);
}

// ---- contents
// ------------------------------------------------------------------------------------------

bool ce_module_at(const struct ce_image *img, uint32_t i, struct ce_module *out)
{
    uint8_t toc[TOC], e32[12];
    uint32_t at = img->rom.at + ROMHDR + i * TOC;
    if (!img->has_rom || i >= img->rom.modules || !ce_read(img, at, toc, sizeof toc)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->bytes = get_le32(toc + 12);
    out->load = get_le32(toc + 28);
    ce_text(img, get_le32(toc + 16), out->name, sizeof out->name);
    if (ce_read(img, get_le32(toc + 20), e32, sizeof e32)) {
        out->base = get_le32(e32 + 8);
        out->entry = out->base + get_le32(e32 + 4);
    }
    return true;
}

bool ce_file_at(const struct ce_image *img, uint32_t i, struct ce_file *out)
{
    uint8_t f[FILES];
    uint32_t at = img->rom.at + ROMHDR + img->rom.modules * TOC + i * FILES;
    if (!img->has_rom || i >= img->rom.files || !ce_read(img, at, f, sizeof f)) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->bytes = get_le32(f + 12);
    out->stored = get_le32(f + 16);
    out->load = get_le32(f + 24);
    ce_text(img, get_le32(f + 20), out->name, sizeof out->name);
    return true;
}

const char *ce_cpu_name(uint16_t cpu)
{
    switch (cpu) {
    case 0x1c0:
        return "ARM";
    case 0x1c2:
        return "ARM with Thumb";
    case 0x1c4:
        return "ARMv7 with Thumb-2";
    case 0x166:
        return "MIPS";
    case 0x14c:
        return "x86";
    case 0x1a2:
        return "SH-3";
    case 0x1a6:
        return "SH-4";
    default:
        return NULL;
    }
}

// ---- into memory
// -------------------------------------------------------------------------------------

uint32_t ce_physical(const struct ce_image *img, uint32_t va)
{
    uint32_t ram = img->has_rom ? img->rom.ram_start : img->start;
    if (ram >= 0x92000000u) {
        return va - 0x92000000u; // an image in NOR flash
    }
    if (ram >= 0x8c000000u) {
        return va - 0x4e000000u; // CE 4.2: ROM image at 0x32000000
    }
    return ram >= 0x80000000u ? va - 0x50000000u : va;
}

int ce_place(struct soc *soc, const struct blob *b, uint32_t *entry, struct err *err)
{
    struct ce_image img;
    int rc = ce_parse(b, &img, err);
    if (!rc && img.has_rom && img.rom.cpu && img.rom.cpu != 0x1c0 && img.rom.cpu != 0x1c2 &&
        img.rom.cpu != 0x1c4) {
        const char *cpu = ce_cpu_name(img.rom.cpu);
        rc = err_set(err, -EINVAL, "%s: is for %s (0x%x), not for ARM", b->name,
                     cpu ? cpu : "an unknown processor", img.rom.cpu);
    }
    if (!rc && img.bad_sums) {
        rc = err_set(err, -EINVAL, "%s: %u records have a wrong checksum", b->name, img.bad_sums);
    }
    for (uint32_t i = 0; i < img.count && !rc; i++) {
        const struct ce_record *r = &img.records[i];
        uint32_t pa = ce_physical(&img, r->va);
        if (soc_dma_write(soc, pa, r->data, r->bytes)) {
            rc = err_set(err, -EINVAL,
                         "%s: record %u (offset %zu): 0x%x bytes at 0x%08x do not fit into the board's "
                         "memory",
                         b->name, i, (size_t)(r->data - b->data), r->bytes, pa);
        }
    }
    *entry = ce_physical(&img, img.entry);
    if (!rc) {
        TRACE(soc_log(soc), image, "%s: %u records, entry 0x%08x", b->name, img.count, *entry);
    }
    ce_free(&img);
    return rc;
}

// ---- what a loader leaves
// -------------------------------------------------------------------------------

enum { ARGS_AT = 0x30020000, ARGS_SCREEN = 0x44, POWER_OFF_AT = 0x1004, STACK = 0x30010000 };

void ce_arguments(struct soc *soc, uint32_t *sp)
{
    static const uint32_t power_off[] = {0xe5801000, 0xe5823000, 0xe5845000, 0xeafffffe};
    uint8_t args[ARGS_SCREEN + 16] = {0}, code[16], old[4];
    put_le32(args, 0x53475241); // "ARGS", version 1.1
    put_le16(args + 4, 1);
    put_le16(args + 6, 1);
    memcpy(args + 8, "Yamato", 6);
    put_le32(args + ARGS_SCREEN, 0xde12de34);
    put_le16(args + ARGS_SCREEN + 4, 240);
    put_le16(args + ARGS_SCREEN + 6, 320);
    put_le16(args + ARGS_SCREEN + 8, 16);
    soc_dma_write(soc, ARGS_AT, args, sizeof args);
    for (unsigned i = 0; i < 4; i++) {
        put_le32(code + i * 4, power_off[i]);
    }
    if (soc_dma_read(soc, POWER_OFF_AT, old, 4) == 0 && get_le32(old) == 0xffffffffu) {
        soc_dma_write(soc, POWER_OFF_AT, code, sizeof code);
    }
    *sp = STACK;
}
