// SPDX-License-Identifier: MIT
//
// See image_facts.h. Each recognizer is a row: it says whether the file is of its kind, and fills in
// what it knows; the first that says yes decides.
#include "cli/image_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "soc/image_ce.h"
#include "soc/image_nand.h"
#include "soc/image_nbh.h"

static void set_text(json_t *j, const char *key, const char *text)
{
    json_object_set_new(j, key, json_string(text ? text : "?"));
}

static void set_hex(json_t *j, const char *key, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "0x%08" PRIx64, v);
    set_text(j, key, text);
}

static void set_int(json_t *j, const char *key, uint64_t v)
{
    json_object_set_new(j, key, json_integer((json_int_t)v));
}

static void set_range(json_t *j, const char *key, uint64_t first, uint64_t bytes)
{
    char text[48];
    snprintf(text, sizeof text, "0x%08" PRIx64 "-0x%08" PRIx64, first, bytes ? first + bytes - 1 : first);
    set_text(j, key, text);
}

// Where in physical memory the boards have theirs.
static const char *board_at(uint32_t pa)
{
    static const struct {
        uint32_t first, last;
        const char *board;
    } all[] = {{0x30000000, 0x37ffffff, "mini2440 or smdk2410 (S3C24xx)"},
               {0x60000000, 0x6fffffff, "vexpress-a9"},
               {0x70000000, 0xbfffffff, "imx53-qsb (i.MX53)"}};
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        if (pa >= all[i].first && pa <= all[i].last) {
            return all[i].board;
        }
    }
    return NULL;
}

// ---- Windows CE

static void add_ce(json_t *j, const struct ce_image *img)
{
    json_t *modules = json_array(), *files = json_array();
    struct ce_module m;
    struct ce_file f;
    uint32_t low = ~0u, high = 0;
    for (uint32_t i = 0; i < img->count; i++) {
        uint32_t pa = ce_physical(img, img->records[i].va);
        low = pa < low ? pa : low;
        high = pa + img->records[i].bytes - 1 > high ? pa + img->records[i].bytes - 1 : high;
    }
    set_int(j, "records", img->count);
    set_int(j, "wrong checksums", img->bad_sums);
    set_range(j, "virtual range", img->start, img->bytes);
    set_hex(j, "entry", img->entry);
    set_range(j, "load range", low, (uint64_t)high - low + 1);
    set_hex(j, "physical entry", ce_physical(img, img->entry));
    set_text(j, "board", img->has_rom || img->start >= 0x80000000u ? "ce-emulator (S3C2410, Device Emulator)"
                                                                   : "by its load range");
    if (!img->has_rom) {
        set_text(j, "rom header", "none");
        json_decref(modules);
        json_decref(files);
        return;
    }
    set_hex(j, "rom header", img->rom.at);
    set_text(j, "cpu", ce_cpu_name(img->rom.cpu));
    set_range(j, "rom", img->rom.first, (uint64_t)img->rom.last - img->rom.first);
    set_range(j, "ram", img->rom.ram_start, (uint64_t)img->rom.ram_end - img->rom.ram_start);
    set_int(j, "copy entries", img->rom.copies);
    for (uint32_t i = 0; ce_module_at(img, i, &m); i++) {
        json_t *e = json_object();
        set_text(e, "name", m.name);
        set_int(e, "bytes", m.bytes);
        set_hex(e, "base", m.base);
        set_hex(e, "entry", m.entry);
        json_array_append_new(modules, e);
    }
    for (uint32_t i = 0; ce_file_at(img, i, &f); i++) {
        json_t *e = json_object();
        set_text(e, "name", f.name);
        set_int(e, "bytes", f.bytes);
        set_int(e, "stored", f.stored);
        json_array_append_new(files, e);
    }
    json_object_set_new(j, "modules", modules);
    json_object_set_new(j, "files", files);
}

static int facts_ce(const struct blob *b, json_t *j, struct err *err)
{
    struct ce_image img;
    int rc;
    if (!ce_is_records(b) && !ce_is_flat(b)) {
        return 0;
    }
    rc = ce_parse(b, &img, err);
    if (!rc) {
        set_text(j, "format", img.flat ? "Windows CE flat image (.nb0)" : "Windows CE records (B000FF .bin)");
        add_ce(j, &img);
        set_text(j, "start", "yamato run --board ce-emulator --gpu none --kernel FILE");
    }
    ce_free(&img);
    return rc ? rc : 1;
}

static int facts_nbh(const struct blob *b, json_t *j, struct err *err)
{
    struct nbh_image img;
    json_t *list;
    int rc;
    if (b->bytes < 7 || memcmp(b->data, "R000FF\n", 7) != 0) {
        return 0;
    }
    rc = nbh_parse(b, &img, err);
    if (rc) {
        nbh_free(&img);
        return rc;
    }
    list = json_array();
    set_text(j, "format", "NBH (signed update of an HTC device)");
    set_text(j, "device", img.device);
    set_text(j, "version", img.version);
    set_text(j, "language", img.language);
    set_int(j, "blocks", img.blocks);
    set_int(j, "payload bytes", img.bytes);
    for (unsigned i = 0; i < img.count; i++) {
        json_t *e = json_object();
        set_hex(e, "type", img.sections[i].type);
        set_text(e, "what", nbh_type_name(img.sections[i].type));
        set_hex(e, "offset", img.sections[i].offset);
        set_int(e, "bytes", img.sections[i].bytes);
        json_array_append_new(list, e);
    }
    json_object_set_new(j, "sections", list);
    set_text(j, "start", "not by itself: the operating system's section is for the device's own loader");
    nbh_free(&img);
    return 1;
}

static int facts_sibling(const struct blob *b, json_t *j, struct err *err)
{
    const char *name;
    (void)err;
    if (!ce_is_sibling(b, &name)) {
        return 0;
    }
    set_text(j, "format", name);
    set_text(j, "start", "not by itself");
    return 1;
}

// ---- kernels and programs

static int facts_program(const struct blob *b, json_t *j, struct err *err)
{
    struct image_info info;
    json_t *list;
    int rc = image_inspect(b, &info, err);
    if (rc) {
        return rc;
    }
    switch (info.kind) {
    case IMAGE_ELF:
        set_text(j, "format", "ELF, 32-bit ARM");
        set_hex(j, "entry", info.entry);
        list = json_array();
        for (uint32_t i = 0; i < get_le16(b->data + 44); i++) {
            const uint8_t *p = b->data + get_le32(b->data + 28) + i * 32;
            if (get_le32(p) == 1) {
                json_t *e = json_object();
                set_hex(e, "virtual", get_le32(p + 8));
                set_hex(e, "physical", get_le32(p + 12));
                set_int(e, "file bytes", get_le32(p + 16));
                set_int(e, "memory bytes", get_le32(p + 20));
                json_array_append_new(list, e);
            }
        }
        json_object_set_new(j, "segments", list);
        set_text(j, "board", board_at(info.entry) ? board_at(info.entry) : "by its load addresses");
        set_text(j, "start", "yamato run --board BOARD --kernel FILE");
        return 1;
    case IMAGE_ZIMAGE:
        set_text(j, "format", "zImage (Linux, unpacks itself)");
        set_int(j, "bytes", info.bytes);
        set_int(j, "appended bytes",
                b->bytes - (get_le32(b->data + 0x2c) - get_le32(b->data + 0x28)));
        set_text(j, "board", "any; machine id or device tree decides");
        set_text(j, "start", "yamato run --board BOARD --kernel FILE [--dtb FILE] [--initrd FILE]");
        return 1;
    case IMAGE_UIMAGE: {
        char name[33] = "";
        for (unsigned i = 0; i < 32 && b->data[32 + i]; i++) {
            name[i] = b->data[32 + i] >= ' ' && b->data[32 + i] <= '~' ? (char)b->data[32 + i] : '?';
        }
        set_text(j, "format", "uImage (U-Boot header)");
        set_text(j, "name", name);
        set_hex(j, "load", info.load);
        set_hex(j, "entry", info.entry);
        set_range(j, "load range", info.load, info.bytes);
        set_text(j, "board", board_at(info.load) ? board_at(info.load) : "by its load address");
        set_text(j, "start", "yamato run --board BOARD --kernel FILE");
        return 1;
    }
    default:
        return 0;
    }
}

static bool find_text(const struct blob *b, const char *what, char *line, size_t n)
{
    const uint8_t *p = memmem(b->data, b->bytes, what, strlen(what));
    size_t i = 0;
    while (p && i + 1 < n && p + i < b->data + b->bytes && p[i] >= ' ' && p[i] <= '~') {
        line[i] = (char)p[i];
        i++;
    }
    line[i] = 0;
    return p != NULL;
}

static bool is_arm_branch(const struct blob *b)
{
    return b->bytes >= 8 && (b->data[3] == 0xea || (b->data[2] == 0x9f && b->data[3] == 0xe5));
}

static int facts_uboot(const struct blob *b, json_t *j, struct err *err)
{
    char line[80];
    (void)err;
    if (!is_arm_branch(b) || !find_text(b, "U-Boot 1.", line, sizeof line)) {
        if (!is_arm_branch(b) || !find_text(b, "U-Boot 2", line, sizeof line)) {
            return 0;
        }
    }
    set_text(j, "format", "U-Boot, raw binary");
    set_text(j, "version", line);
    // its own link address stands behind the eight vectors
    if (b->bytes > 0x44) {
        uint32_t base = get_le32(b->data + 0x40);
        set_hex(j, "linked at", base);
        set_text(j, "board", board_at(base) ? board_at(base) : "by its link address");
    }
    set_text(j, "start", "yamato run --board mini2440 --gpu none --disk nand=IMAGE (see 'yamato image nand "
                         "--put 0=FILE') or --board mini2440-nor --disk nor=FILE");
    return 1;
}

// ---- media

static int facts_nand(const struct blob *b, json_t *j, struct err *err)
{
    struct nand_facts f;
    struct blob first = {.name = b->name};
    char line[80];
    (void)err;
    if (!nand_image_look(b, &f)) {
        return 0;
    }
    set_text(j, "format", f.has_spare ? "NAND dump with spare bytes" : "NAND dump without spare bytes");
    set_text(j, "chip", f.part->name);
    set_int(j, "page bytes", f.part->page);
    set_int(j, "pages", f.part->pages);
    if (f.has_spare) {
        set_int(j, "blank pages", f.blank);
        set_int(j, "pages with codes", f.coded);
        set_int(j, "pages without codes", f.plain);
        set_int(j, "good pages", f.good);
        set_int(j, "correctable pages", f.fixable);
        set_int(j, "bad pages", f.bad);
        set_int(j, "bad blocks", f.bad_blocks);
        if (f.bad) {
            set_int(j, "first bad page", f.first_bad);
        }
    }
    first.data = (uint8_t *)(uintptr_t)nand_image_page(b, &f, 0);
    first.bytes = f.part->page;
    set_text(j, "first page", is_arm_branch(&first) ? "ARM code: the board can start from it" : "no ARM code");
    if (find_text(b, "U-Boot 1.", line, sizeof line) || find_text(b, "U-Boot 20", line, sizeof line)) {
        set_text(j, "holds", line);
    }
    set_text(j, "board", "mini2440");
    set_text(j, "start", "yamato run --board mini2440 --gpu none --disk nand=FILE --snapshot");
    return 1;
}

static int facts_card(const struct blob *b, json_t *j, struct err *err)
{
    static const struct {
        uint8_t type;
        const char *name;
    } types[] = {{0x04, "FAT"},    {0x06, "FAT16"}, {0x0b, "FAT32"},         {0x0c, "FAT32"},
                 {0x20, "CE boot"}, {0x23, "CE XIP"}, {0x25, "CE IMGFS"},     {0x82, "swap"},
                 {0x83, "Linux"},  {0xee, "GPT"}};
    json_t *list;
    bool ce = false;
    if (b->bytes < 512 || b->bytes % 512 || get_le16(b->data + 510) != 0xaa55) {
        return 0;
    }
    list = json_array();
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *p = b->data + 446 + i * 16;
        const char *name = "other";
        json_t *e;
        if (!p[4]) {
            continue;
        }
        for (unsigned k = 0; k < ARRAY_LEN(types); k++) {
            name = types[k].type == p[4] ? types[k].name : name;
        }
        ce |= p[4] >= 0x20 && p[4] <= 0x25;
        if (((uint64_t)get_le32(p + 8) + get_le32(p + 12)) * 512 > b->bytes && p[4] != 0xee) {
            json_decref(list);
            return err_set(err, -EINVAL, "%s: partition %u ends at byte %" PRIu64 ", file has %zu", b->name,
                           i + 1, ((uint64_t)get_le32(p + 8) + get_le32(p + 12)) * 512, b->bytes);
        }
        e = json_object();
        set_int(e, "number", i + 1);
        set_hex(e, "type", p[4]);
        set_text(e, "what", name);
        set_int(e, "first sector", get_le32(p + 8));
        set_int(e, "sectors", get_le32(p + 12));
        json_array_append_new(list, e);
    }
    set_text(j, "format", ce ? "Windows CE flash image (NB, partition table)" : "disk or card image (MBR)");
    json_object_set_new(j, "partitions", list);
    if (b->bytes > 0x440 && b->data[0x403] == 0x40 && b->data[0x400] == 0xd1) {
        set_text(j, "boot", "i.MX image vector table at 0x400");
        set_text(j, "board", "imx53-qsb");
        set_text(j, "start", "yamato run --boot rom --sd FILE --snapshot");
    } else {
        set_text(j, "start", ce ? "not by itself" : "yamato run --sd FILE --kernel ...");
    }
    return 1;
}

static int facts_small(const struct blob *b, json_t *j, struct err *err)
{
    (void)err;
    if (b->bytes >= 40 && get_be32(b->data) == 0xd00dfeedu) {
        set_text(j, "format", "device tree blob");
        set_int(j, "total bytes", get_be32(b->data + 4));
        set_text(j, "start", "yamato run --kernel KERNEL --dtb FILE");
    } else if (b->bytes >= 2 && b->data[0] == 0x1f && b->data[1] == 0x8b) {
        set_text(j, "format", "gzip data (an initial RAM disk?)");
        set_text(j, "start", "yamato run --kernel KERNEL --initrd FILE");
    } else if (is_arm_branch(b)) {
        set_text(j, "format", "raw ARM code");
        set_text(j, "start", "yamato run --board BOARD --kernel FILE");
    } else {
        set_text(j, "format", "unknown");
    }
    return 1;
}

json_t *image_facts(const struct blob *b, struct err *err)
{
    static int (*const all[])(const struct blob *, json_t *, struct err *) = {
        facts_nbh, facts_sibling, facts_ce, facts_program, facts_nand, facts_uboot, facts_card, facts_small};
    json_t *j = json_object();
    set_text(j, "file", b->name);
    set_int(j, "size", b->bytes);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        int rc = all[i](b, j, err);
        if (rc < 0) {
            json_decref(j);
            return NULL;
        }
        if (rc) {
            break;
        }
    }
    return j;
}

static void print_value(const json_t *v, FILE *out)
{
    if (json_is_string(v)) {
        fputs(json_string_value(v), out);
    } else if (json_is_integer(v)) {
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
}

void image_facts_print(const json_t *facts, FILE *out)
{
    const char *key, *sub;
    json_t *value, *item, *field;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)facts, key, value) {
        if (!json_is_array(value)) {
            fprintf(out, "%s: ", key);
            print_value(value, out);
            fputc('\n', out);
            continue;
        }
        fprintf(out, "%s: %zu\n", key, json_array_size(value));
        json_array_foreach(value, i, item) {
            const char *comma = "  ";
            json_object_foreach(item, sub, field) {
                fprintf(out, "%s%s ", comma, sub);
                print_value(field, out);
                comma = ", ";
            }
            fputc('\n', out);
        }
    }
}
