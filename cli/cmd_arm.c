// SPDX-License-Identifier: MIT
//
// yamato arm: prints ARM and Thumb code from a file or from hexadecimal words.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cpu/disasm.h"

struct arm_opts {
    const char *model, *file;
    uint64_t address, offset, length;
    bool thumb;
};

static const struct opt_row rows[] = {
    {"model", NULL, OPT_STRING, offsetof(struct arm_opts, model), "CPU",
     "decode as this model (default: every architecture)", NULL},
    {"thumb", "t", OPT_FLAG, offsetof(struct arm_opts, thumb), NULL, "T16/T32 instead of A32", NULL},
    {"address", NULL, OPT_UINT, offsetof(struct arm_opts, address), "VA",
     "address of the first instruction", NULL},
    {"file", NULL, OPT_STRING, offsetof(struct arm_opts, file), "FILE", "code from a binary file", NULL},
    {"offset", NULL, OPT_UINT, offsetof(struct arm_opts, offset), "N", "start in the file", NULL},
    {"length", NULL, OPT_UINT, offsetof(struct arm_opts, length), "N", "bytes to print", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato arm", "disasm [OPTION]... [HEX]...", "Disassembles ARM code to UAL text.",
    "HEX is an A32 word (e3a00001), a T16 halfword (2001) or a T32 pair (f04f0001).\n"
    "Examples:\n  yamato arm disasm e3a00001 e12fff1e\n  yamato arm disasm --thumb 2001 f7fffffe\n"
    "  yamato arm disasm --file vmlinux.bin --address 0xc0008000 --length 0x40",
    rows};

#define BYTES_MAX (64u << 20)

static int print_code(const struct arm_opts *o, uint64_t features, const uint8_t *code, size_t n)
{
    uint32_t va = (uint32_t)o->address;
    uint8_t it = 0;
    for (size_t at = 0; at < n;) {
        char text[128];
        unsigned used = arm_disassemble_bytes(o->thumb, features, &it, va, code + at, n - at, 0, text,
                                              sizeof text);
        if (!used) {
            break;
        }
        if (used == 2) {
            printf("%08x:  %04x      %s\n", va, get_le16(code + at), text);
        } else if (o->thumb) {
            printf("%08x:  %04x%04x  %s\n", va, get_le16(code + at), get_le16(code + at + 2), text);
        } else {
            printf("%08x:  %08x  %s\n", va, get_le32(code + at), text);
        }
        at += used;
        va += used;
    }
    return EXIT_OK;
}

static int from_file(const struct arm_opts *o, uint64_t features)
{
    struct err err = {0};
    FILE *f = fopen(o->file, "rb");
    uint8_t *code;
    size_t want = o->length && o->length < BYTES_MAX ? (size_t)o->length : BYTES_MAX, n;
    int status;

    if (!f || fseek(f, (long)o->offset, SEEK_SET) != 0) {
        err_set(&err, -errno, "%s: %s", o->file, strerror(errno));
        if (f) {
            fclose(f);
        }
        return cli_fail("arm", &err);
    }
    code = malloc(want);
    n = code ? fread(code, 1, want, f) : 0;
    fclose(f);
    status = print_code(o, features, code, n);
    free(code);
    return status;
}

static int from_words(const struct arm_opts *o, uint64_t features, const char **args, unsigned n)
{
    uint8_t code[4 * 64];
    size_t used = 0;
    struct err err = {0};
    for (unsigned i = 0; i < n; i++) {
        char *end;
        uint32_t v = (uint32_t)strtoul(args[i], &end, 16);
        size_t digits = strlen(args[i]);
        if (*end || (digits != 8 && !(o->thumb && digits == 4))) {
            err_set(&err, -EINVAL, "'%s' is not %s hexadecimal digits", args[i],
                    o->thumb ? "4 or 8" : "8");
            return cli_fail("arm", &err);
        }
        if (o->thumb && digits == 8) {
            put_le16(code + used, (uint16_t)(v >> 16));
            put_le16(code + used + 2, (uint16_t)v);
        } else {
            put_le32(code + used, v);
        }
        used += digits / 2;
    }
    return print_code(o, features, code, used);
}

static int run(int argc, char **argv)
{
    struct arm_opts o = {0};
    struct err err = {0};
    const char *args[64];
    unsigned nargs;
    uint64_t features;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 64, &nargs, &status)) {
        return status;
    }
    if (!nargs || (strcmp(args[0], "disasm") && strcmp(args[0], "decode"))) {
        err_set(&err, -EINVAL, "say 'disasm' and what (see yamato arm --help)");
        return cli_fail("arm", &err);
    }
    features = arm_model_features(o.model);
    if (!features) {
        err_set(&err, -EINVAL, "no CPU model '%s'", o.model);
        return cli_fail("arm", &err);
    }
    return o.file ? from_file(&o, features) : from_words(&o, features, args + 1, nargs - 1);
}

const struct cli_command cmd_arm = {"arm", "disassemble ARM code", &spec, run};
