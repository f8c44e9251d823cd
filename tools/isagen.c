// SPDX-License-Identifier: MIT
//
// Turns the instruction tables (cpu/isa/*.def) into C: isagen OUTDIR writes isa_protos.h (prototypes
// of every prep and exec function named) and isa_tables.h (rows, most specific first, and the lookup
// lists of the decoder). isagen --doc prints the tables as Markdown. Refuses malformed pictures and
// rows that overlap without one being more specific.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/isa.h"

struct def {
    uint8_t set;
    const char *name, *picture, *feature, *prep, *exec, *syntax, *note;
    // derived
    char bits[33];
    unsigned width, fixed;
    uint32_t mask, value, sb_mask, sb_value;
    bool conditional;
    struct isa_seg seg[10];
    unsigned segs;
};

#define ROW(name, picture, feature, prep, exec, syntax, note)                                      \
    {SET, #name, picture, #feature, #prep, #exec, syntax, note, {0}, 0, 0, 0, 0, 0, 0, 0, {{0}}, 0},
static struct def rows[] = {
#define SET ISA_A32
#include "cpu/isa/a32.def"
#undef SET
#define SET ISA_T16
#include "cpu/isa/t16.def"
#undef SET
#define SET ISA_T32
#include "cpu/isa/t32.def"
#undef SET
#define SET ISA_VFP
#include "cpu/isa/vfp.def"
#undef SET
#define SET ISA_NEON
#include "cpu/isa/neon.def"
#undef SET
};
enum { ROWS = sizeof rows / sizeof rows[0] };
static const char *const set_names[] = {"a32", "t16", "t32", "vfp", "neon"};

static void die(const struct def *d, const char *why)
{
    fprintf(stderr, "isagen: %s.%s: %s\n", set_names[d->set], d->name, why);
    exit(1);
}

static void compile(struct def *d)
{
    for (const char *p = d->picture; *p; p++) {
        if (*p != ' ') {
            if (d->width == 32) {
                die(d, "picture too long");
            }
            d->bits[d->width++] = *p;
        }
    }
    if (d->width != (d->set == ISA_T16 ? 16u : 32u)) {
        fprintf(stderr, "width %u\n", d->width);
        die(d, "picture has the wrong length");
    }
    d->conditional = d->set != ISA_T16 && d->set != ISA_T32 && !strncmp(d->bits, "cccc", 4);
    for (unsigned k = 0; k < d->width; k++) {
        uint32_t b = 1u << (d->width - 1 - k);
        char ch = d->bits[k];
        if (ch == '0' || ch == '1') {
            d->mask |= b;
            d->value |= ch == '1' ? b : 0;
            d->fixed++;
        } else if (ch == '_' || ch == '^') {
            d->sb_mask |= b;
            d->sb_value |= ch == '^' ? b : 0;
        } else if (ch != 'x') {
            if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'))) {
                die(d, "bad character in picture");
            }
            if (d->segs && d->bits[k - 1] == ch) {
                d->seg[d->segs - 1].lo--;
                d->seg[d->segs - 1].width++;
            } else if (d->segs == 10) {
                die(d, "too many fields");
            } else {
                d->seg[d->segs++] = (struct isa_seg){(uint8_t)ch, (uint8_t)(d->width - 1 - k), 1, 0};
            }
        }
    }
}

static int by_specificity(const void *a, const void *b)
{
    const struct def *x = a, *y = b;
    if (x->set != y->set) {
        return x->set - y->set;
    }
    if (x->fixed != y->fixed) {
        return (int)y->fixed - (int)x->fixed;
    }
    return x->name < y->name ? -1 : 1; // pointers: never equal; order does not matter
}

static bool may_match(const struct def *d, uint32_t keymask, uint32_t key)
{
    return !((d->value ^ key) & d->mask & keymask);
}

static void check_overlaps(void)
{
    for (unsigned a = 0; a < ROWS; a++) {
        for (unsigned b = a + 1; b < ROWS; b++) {
            const struct def *x = &rows[a], *y = &rows[b];
            if (x->set != y->set) {
                continue;
            }
            if (!strcmp(x->name, y->name)) {
                die(y, "name used twice");
            }
            if (x->fixed == y->fixed && !((x->value ^ y->value) & x->mask & y->mask) &&
                x->conditional == y->conditional && !strcmp(x->feature, y->feature)) {
                fprintf(stderr, "isagen: overlaps %s:\n", x->name);
                die(y, "overlaps a row with as many fixed bits");
            }
        }
    }
}

// ---- lookup lists ------------------------------------------------------------------------------

static uint16_t pool[1 << 20];
static unsigned pool_used = 1; // list 0 is empty

static unsigned add_list(const uint16_t *list, unsigned n)
{
    if (!n) {
        return 0;
    }
    for (unsigned k = 1; k + n < pool_used; k++) {
        if (!memcmp(&pool[k], list, n * sizeof *list) && pool[k + n] == 0xffff) {
            return k;
        }
    }
    unsigned at = pool_used;
    memcpy(&pool[at], list, n * sizeof *list);
    pool[at + n] = 0xffff;
    pool_used += n + 1;
    return at;
}

static void emit_lookup(FILE *f, const char *name, unsigned key_bits, uint32_t (*word)(unsigned key),
                        uint32_t keymask, bool (*belongs)(const struct def *d))
{
    fprintf(f, "static const uint16_t %s[%u] = {", name, 1u << key_bits);
    for (unsigned key = 0; key < 1u << key_bits; key++) {
        uint16_t list[ROWS];
        unsigned n = 0;
        for (unsigned r = 0; r < ROWS; r++) {
            if (belongs(&rows[r]) && may_match(&rows[r], keymask, word(key))) {
                list[n++] = (uint16_t)r;
            }
        }
        for (unsigned a = 1; a < n; a++) { // rows of three tables: most specific first again
            for (unsigned b = a; b && rows[list[b]].fixed > rows[list[b - 1]].fixed; b--) {
                uint16_t t = list[b];
                list[b] = list[b - 1];
                list[b - 1] = t;
            }
        }
        fprintf(f, "%s%u,", key % 16 ? "" : "\n    ", add_list(list, n));
    }
    fprintf(f, "\n};\n\n");
}

static uint32_t word_a32(unsigned key)
{
    return (key & 0xff0) << 16 | (key & 0xf) << 4;
}
static bool is_a32(const struct def *d)
{
    return d->set == ISA_A32 || d->set == ISA_VFP || d->set == ISA_NEON;
}
static bool in_a32_cond(const struct def *d)
{
    return is_a32(d) && (d->conditional || (d->value >> 28) != 15 || (d->mask >> 28) != 15);
}
static bool in_a32_uncond(const struct def *d)
{
    return is_a32(d) && !d->conditional && (d->value >> 28 & d->mask >> 28) == d->mask >> 28;
}
static uint32_t word_t16(unsigned key)
{
    return key << 6;
}
static bool in_t16(const struct def *d)
{
    return d->set == ISA_T16;
}
static uint32_t word_t32(unsigned key)
{
    return (key & 0x3fe0) << 15 | (key & 0x10) << 11 | (key & 0xf) << 4;
}
static bool in_t32(const struct def *d)
{
    return d->set == ISA_T32;
}

// ---- output ------------------------------------------------------------------------------------

static void emit_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            fputc('\\', f);
        }
        fputc(*s, f);
    }
    fputc('"', f);
}

static void emit_tables(FILE *f)
{
    fprintf(f, "// Generated by isagen. Do not edit.\n\nconst struct isa_row isa_rows[] = {\n");
    for (unsigned r = 0; r < ROWS; r++) {
        const struct def *d = &rows[r];
        fprintf(f, "    {\"%s\", \"%s\", ", d->name, d->bits);
        emit_string(f, d->syntax);
        fprintf(f, ", ");
        emit_string(f, d->note);
        fprintf(f, ", 0x%08x, 0x%08x, 0x%08x, 0x%08x, prep_%s, ", d->mask, d->value, d->sb_mask,
                d->sb_value, d->prep);
        if (!strcmp(d->exec, "0")) {
            fprintf(f, "NULL");
        } else {
            fprintf(f, "exec_%s", d->exec);
        }
        fprintf(f, ", %u, ISA_BIT_%s, %u, 0, {", d->set, d->feature, d->segs);
        for (unsigned s = 0; s < d->segs; s++) {
            fprintf(f, "{'%c', %u, %u, 0},", d->seg[s].letter, d->seg[s].lo, d->seg[s].width);
        }
        fprintf(f, "%s}},\n", d->segs ? "" : "{0, 0, 0, 0}");
    }
    fprintf(f, "};\nconst unsigned isa_row_count = %u;\n\n", ROWS);
    emit_lookup(f, "find_a32", 12, word_a32, 0x0ff000f0, in_a32_cond);
    emit_lookup(f, "find_a32_uncond", 12, word_a32, 0x0ff000f0, in_a32_uncond);
    emit_lookup(f, "find_t16", 10, word_t16, 0xffc0, in_t16);
    emit_lookup(f, "find_t32", 14, word_t32, 0x1ff080f0, in_t32);
    fprintf(f, "static const uint16_t find_lists[] = {");
    for (unsigned k = 0; k < pool_used; k++) {
        fprintf(f, "%s%u,", k % 16 ? "" : "\n    ", k ? pool[k] : 0xffff);
    }
    fprintf(f, "\n};\n");
}

static void emit_protos(FILE *f)
{
    fprintf(f, "// Generated by isagen. Do not edit.\n#ifndef CPU_ISA_PROTOS_H\n"
               "#define CPU_ISA_PROTOS_H\n\n#include \"cpu/insn.h\"\n\n");
    for (unsigned r = 0; r < ROWS; r++) {
        bool prep_seen = false, exec_seen = !strcmp(rows[r].exec, "0");
        for (unsigned k = 0; k < r; k++) {
            prep_seen |= !strcmp(rows[k].prep, rows[r].prep);
            exec_seen |= !strcmp(rows[k].exec, rows[r].exec);
        }
        if (!prep_seen) {
            fprintf(f, "prep_fn prep_%s;\n", rows[r].prep);
        }
        if (!exec_seen) {
            fprintf(f, "exec_fn exec_%s;\n", rows[r].exec);
        }
    }
    fprintf(f, "\n#endif\n");
}

static void print_doc(void)
{
    static const char *const titles[] = {"A32", "T16", "T32", "VFP (A32 form)", "NEON (A32 form)"};
    for (unsigned s = 0; s < ISA_SET_COUNT; s++) {
        printf("\n## %s\n\n| name | encoding | since | syntax | note |\n|---|---|---|---|---|\n", titles[s]);
        for (unsigned r = 0; r < ROWS; r++) {
            if (rows[r].set == s) {
                printf("| %s | `%s` | %s | `%s` | %s |\n", rows[r].name, rows[r].picture,
                       rows[r].feature, rows[r].syntax, rows[r].note);
            }
        }
    }
}

static FILE *create(const char *dir, const char *name, char *path, size_t n)
{
    snprintf(path, n, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: isagen OUTDIR | --doc\n");
        return 2;
    }
    for (unsigned r = 0; r < ROWS; r++) {
        compile(&rows[r]);
    }
    if (!strcmp(argv[1], "--doc")) {
        print_doc();
        return 0;
    }
    qsort(rows, ROWS, sizeof rows[0], by_specificity);
    check_overlaps();
    char path[4096];
    FILE *f = create(argv[1], "isa_protos.h", path, sizeof path);
    emit_protos(f);
    if (fclose(f)) {
        perror(path);
        return 1;
    }
    f = create(argv[1], "isa_tables.h", path, sizeof path);
    emit_tables(f);
    if (fclose(f)) {
        perror(path);
        return 1;
    }
    return 0;
}
