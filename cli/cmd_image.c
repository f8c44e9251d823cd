// SPDX-License-Identifier: MIT
//
// yamato image: tells what an image file is and how to start it; builds NAND and NOR images.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/image_facts.h"
#include "soc/image_nand.h"

// ---- inspect

struct inspect_opts {
    bool json, quiet;
};
static const struct opt_row inspect_rows[] = {
    {"json", NULL, OPT_FLAG, offsetof(struct inspect_opts, json), NULL, "machine-readable answer", NULL},
    OPTS_END};
static const struct opts_spec inspect_spec = {
    "yamato image inspect", "[--json] FILE", "Tells what an image file is, what it holds, which board and "
    "processor it wants, and how to start it.",
    "Known: ELF, zImage, uImage, U-Boot binaries, device trees, raw NAND dumps (with their codes checked),\n"
    "Windows CE B000FF (.bin), .nb0 and their ROM headers, NBH, SD card images.\n"
    "Exit status 2 when the file is damaged; the message names where.",
    inspect_rows};

static int inspect(int argc, char **argv)
{
    struct inspect_opts o = {0};
    const char *args[1];
    unsigned nargs;
    int status;
    struct blob b;
    struct err err = {0};
    json_t *facts;
    if (!cli_parse(&inspect_spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (nargs != 1) {
        err_set(&err, -EINVAL, "inspect needs one FILE (see --help)");
        return cli_fail("image", &err);
    }
    if (blob_load(&b, args[0], 4ull << 30, &err)) {
        return cli_fail("image", &err);
    }
    facts = image_facts(&b, &err);
    if (!facts) {
        blob_free(&b);
        return cli_fail("image", &err);
    }
    if (o.json) {
        json_dumpf(facts, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        puts("");
    } else {
        image_facts_print(facts, stdout);
    }
    json_decref(facts);
    blob_free(&b);
    return EXIT_OK;
}

// ---- nand, nor

struct build_opts {
    const char *chip, *out, *loader, *kernel, *initrd, *append;
    struct opt_list put;
    uint64_t kernel_at, initrd_at, machine, bytes;
    bool plain;
};
#define O(m) offsetof(struct build_opts, m)
static const struct opt_row nand_rows[] = {
    {"chip", NULL, OPT_STRING, O(chip), "NAME", "K9F1208 (64 MiB, default), K9F1G08, K9F2G08, K9K8G08", NULL},
    {"out", "o", OPT_STRING, O(out), "FILE", "the image", NULL},
    {"put", NULL, OPT_LIST, O(put), "OFFSET=FILE", "a file at an offset; several times", NULL},
    {"loader", NULL, OPT_STRING, O(loader), "FILE", "first 4 KiB: what the board starts", NULL},
    {"kernel", NULL, OPT_STRING, O(kernel), "FILE", "zImage for that loader", NULL},
    {"initrd", NULL, OPT_STRING, O(initrd), "FILE", "initial RAM disk for that loader", NULL},
    {"append", NULL, OPT_STRING, O(append), "TEXT", "kernel command line for that loader", NULL},
    {"machine", NULL, OPT_UINT, O(machine), "N", "machine id for that loader (default 1999)", NULL},
    {"kernel-at", NULL, OPT_UINT, O(kernel_at), "OFFSET", "default 0x60000", NULL},
    {"initrd-at", NULL, OPT_UINT, O(initrd_at), "OFFSET", "default 0x560000", NULL},
    {"plain", NULL, OPT_FLAG, O(plain), NULL, "without spare bytes", NULL},
    OPTS_END};
static const struct opts_spec nand_spec = {
    "yamato image nand", "--out FILE [OPTION]...", "Builds the image of a NAND chip, with codes in its spare bytes.",
    "Example: yamato image nand --out nand.img --loader loader.bin --kernel zImage --initrd initramfs.cpio.gz \\\n"
    "             --append 'console=ttySAC0,115200'\n"
    "         yamato run --board mini2440 --gpu none --disk nand=nand.img",
    nand_rows};
static const struct opt_row nor_rows[] = {
    {"size", NULL, OPT_UINT, O(bytes), "BYTES", "of the chip (default 2 MiB)", NULL},
    {"out", "o", OPT_STRING, O(out), "FILE", "the image", NULL},
    {"put", NULL, OPT_LIST, O(put), "OFFSET=FILE", "a file at an offset; several times", NULL},
    {"loader", NULL, OPT_STRING, O(loader), "FILE", "at 0: what the board starts", NULL},
    {"kernel", NULL, OPT_STRING, O(kernel), "FILE", "zImage for that loader", NULL},
    {"initrd", NULL, OPT_STRING, O(initrd), "FILE", "initial RAM disk for that loader", NULL},
    {"append", NULL, OPT_STRING, O(append), "TEXT", "kernel command line for that loader", NULL},
    {"machine", NULL, OPT_UINT, O(machine), "N", "machine id for that loader (default 1999)", NULL},
    {"kernel-at", NULL, OPT_UINT, O(kernel_at), "OFFSET", "default 0x2000", NULL},
    {"initrd-at", NULL, OPT_UINT, O(initrd_at), "OFFSET", "default behind the kernel", NULL},
    OPTS_END};
static const struct opts_spec nor_spec = {
    "yamato image nor", "--out FILE [OPTION]...", "Builds the image of a NOR flash.", NULL, nor_rows};

// Where pieces go: a NAND image with codes, or plain bytes.
struct target {
    struct nand_image nand;
    uint8_t *plain;
    uint64_t bytes;
};

static int put(struct target *t, uint64_t at, const uint8_t *data, size_t n, const char *name,
               struct err *err)
{
    if (!t->plain) {
        return nand_image_put(&t->nand, at, data, n, name, err);
    }
    if (at > t->bytes || n > t->bytes - at) {
        return err_set(err, -EINVAL, "%s: %zu bytes at 0x%" PRIx64 " do not fit into %" PRIu64, name, n,
                       at, t->bytes);
    }
    memcpy(t->plain + at, data, n);
    return 0;
}

static int put_file(struct target *t, uint64_t at, const char *path, uint64_t max, uint32_t *bytes,
                    struct err *err)
{
    struct blob b;
    int rc = blob_load(&b, path, max, err);
    rc = rc ? rc : put(t, at, b.data, b.bytes, path, err);
    if (bytes) {
        *bytes = (uint32_t)b.bytes;
    }
    blob_free(&b);
    return rc;
}

static int put_all(struct target *t, struct build_opts *o, struct err *err)
{
    struct boot_table table = {.machine = o->machine ? (uint32_t)o->machine : 1999,
                               .kernel = (uint32_t)o->kernel_at, .initrd = (uint32_t)o->initrd_at,
                               .text = o->append};
    uint8_t bytes[BOOT_TABLE_BYTES];
    int rc = o->loader ? put_file(t, 0, o->loader, BOOT_TABLE_AT, NULL, err) : 0;
    if (!rc && o->append && strlen(o->append) > BOOT_TEXT_MAX) {
        rc = err_set(err, -EINVAL, "--append: longer than %d bytes", BOOT_TEXT_MAX);
    }
    if (!rc && o->kernel) {
        rc = put_file(t, table.kernel, o->kernel, 0, &table.kernel_bytes, err);
    }
    if (!table.initrd) {
        table.initrd = (table.kernel + table.kernel_bytes + 4095) & ~4095u;
    }
    if (!rc && o->initrd) {
        rc = put_file(t, table.initrd, o->initrd, 0, &table.initrd_bytes, err);
    }
    if (!rc && o->kernel) {
        boot_table_put(&table, bytes);
        rc = put(t, BOOT_TABLE_AT, bytes, sizeof bytes, "boot table", err);
    }
    for (unsigned i = 0; i < o->put.count && !rc; i++) {
        char *end;
        uint64_t at = strtoull(o->put.items[i], &end, 0);
        rc = *end == '=' && end != o->put.items[i]
                 ? put_file(t, at, end + 1, 0, NULL, err)
                 : err_set(err, -EINVAL, "--put: '%s' is not OFFSET=FILE", o->put.items[i]);
    }
    return rc;
}

static int write_out(const struct target *t, const struct build_opts *o, struct err *err)
{
    FILE *f = fopen(o->out, "wb");
    bool ok = f != NULL;
    if (t->plain) {
        ok = ok && fwrite(t->plain, 1, t->bytes, f) == t->bytes;
    } else {
        const struct nand_part *p = t->nand.part;
        size_t whole = p->page + p->spare, n = o->plain ? p->page : whole;
        for (uint64_t i = 0; i < p->pages && ok; i++) {
            ok = fwrite(t->nand.data + i * whole, 1, n, f) == n;
        }
    }
    if (f && fclose(f)) {
        ok = false;
    }
    return ok ? 0 : err_set(err, -EIO, "%s: %s", o->out, strerror(errno));
}

static int build(int argc, char **argv, bool nor)
{
    struct build_opts o = {.chip = "K9F1208", .kernel_at = nor ? 0x2000 : 0x60000,
                           .initrd_at = nor ? 0 : 0x560000, .bytes = 2 << 20};
    struct target t = {0};
    const char *args[1];
    unsigned nargs;
    struct err err = {0};
    int status, rc = 0;
    if (!cli_parse(nor ? &nor_spec : &nand_spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (!o.out || nargs) {
        err_set(&err, -EINVAL, "--out FILE is needed, and nothing else without an option");
        return cli_fail("image", &err);
    }
    if (nor) {
        t.bytes = o.bytes;
        t.plain = o.bytes && o.bytes <= 64 << 20 ? malloc(o.bytes) : NULL;
        if (!t.plain) {
            rc = err_set(&err, -EINVAL, "--size: 1 to 64 MiB");
        } else {
            memset(t.plain, 0xff, o.bytes);
        }
    } else {
        rc = nand_image_create(&t.nand, o.chip, &err);
    }
    rc = rc ? rc : put_all(&t, &o, &err);
    rc = rc ? rc : write_out(&t, &o, &err);
    nand_image_free(&t.nand);
    free(t.plain);
    return rc ? cli_fail("image", &err) : EXIT_OK;
}

// ---- the command

static const struct opt_row rows[] = {OPTS_END};
static const struct opts_spec image_spec = {
    "yamato image", "inspect|nand|nor ...", "Looks at image files and builds flash images.",
    "yamato image inspect FILE     what it is and how to start it\n"
    "yamato image nand --out FILE  builds a NAND image with codes\n"
    "yamato image nor --out FILE   builds a NOR image", rows};

static int run_image(int argc, char **argv)
{
    struct err err = {0};
    if (argc > 1 && !strcmp(argv[1], "inspect")) {
        return inspect(argc - 1, argv + 1);
    }
    if (argc > 1 && (!strcmp(argv[1], "nand") || !strcmp(argv[1], "nor"))) {
        return build(argc - 1, argv + 1, !strcmp(argv[1], "nor"));
    }
    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        const char *args[1];
        unsigned n;
        int status;
        cli_parse(&image_spec, NULL, argc, argv, args, 1, &n, &status);
        return status;
    }
    err_set(&err, -EINVAL, "inspect, nand or nor (see --help)");
    return cli_fail("image", &err);
}

const struct cli_command cmd_image = {"image", "look at image files, build flash images", &image_spec,
                                      run_image};
