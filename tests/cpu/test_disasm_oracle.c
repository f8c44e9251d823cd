// SPDX-License-Identifier: MIT
//
// Disassembly against other people's texts: LLVM's MC suite as capstone prints it, and the listings
// of a Windows-on-ARM primer as llvm-mc prints them. Constants are compared as numbers, because the
// sources write them in several bases; everything else must be the same text. Rows for M-profile
// cores are left out.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/disasm.h"

static FILE *open_oracle(const char *name)
{
    const char *shared = getenv("YAMATO_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/oracles/arm/%s", shared ? shared : "../shared", name);
    FILE *in = fopen(path, "r");
    if (!in) {
        assert_null(getenv("CI"));
        print_message("SKIP %s: no shared data (0 rows)\n", name);
    }
    return in;
}

// Rewrites constants after '#' as 32-bit (or wider) decimal numbers, and closes up "} ^".
static void normalize(const char *in, char *out, size_t n)
{
    size_t k = 0;
    while (*in && k + 24 < n) {
        if (*in == '#' && (isdigit((unsigned char)in[1]) || in[1] == '-')) {
            bool minus_zero = strncmp(in, "#-0", 3) == 0 && !isxdigit((unsigned char)in[3]) &&
                              in[3] != 'x';
            char *end;
            unsigned long long v = (unsigned long long)strtoll(in + 1, &end, 0);
            if (in[1] != '-') {
                v = strtoull(in + 1, &end, 0);
            }
            if (*end == '.') { // a floating point constant: as it is
                out[k++] = *in++;
                continue;
            }
            if (v > 0xffffffffull && (long long)v >= -0x80000000ll && (long long)v < 0) {
                v &= 0xffffffffull;
            }
            k += (size_t)snprintf(out + k, n - k, "#%s%llu", minus_zero ? "-" : "", v);
            in = end;
        } else if (strncmp(in, "} ^", 3) == 0) {
            out[k++] = '}';
            out[k++] = '^';
            in += 3;
        } else {
            out[k++] = (char)(*in == '\t' ? ' ' : *in);
            in++;
        }
    }
    out[k] = 0;
    for (char *p = out; (p = strstr(p, "APSR")) != NULL; p++) {
        memcpy(p, "apsr", 4);
    }
}

static bool same_text(const char *a, const char *b)
{
    char na[256], nb[256];
    normalize(a, na, sizeof na);
    normalize(b, nb, sizeof nb);
    return strcmp(na, nb) == 0;
}

static unsigned columns(char *line, char **col, unsigned max)
{
    unsigned n = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *p = line; p && n < max; n++) {
        col[n] = p;
        p = strchr(p, '\t');
        if (p) {
            *p++ = 0;
        }
    }
    return n;
}

// The encoding of a Thumb instruction does not say its condition, so the state of the IT block is
// part of the question: outside one, or the only instruction of one with some condition.
static bool text_in_some_it_block(bool thumb, uint64_t features, const uint8_t *bytes,
                                  unsigned size, unsigned flags, const char *want, char *got,
                                  size_t n)
{
    for (int cond = thumb ? 13 : -1; cond >= -1; cond--) {
        uint8_t it = cond < 0 ? 0 : (uint8_t)(cond << 4 | 8);
        unsigned used = arm_disassemble_bytes(thumb, features, thumb ? &it : NULL, 0, bytes, 4, flags,
                                              got, n);
        if (used == size && same_text(got, want)) {
            return true;
        }
    }
    return false;
}

static void put_code(uint8_t *bytes, const char *isa, uint32_t raw)
{
    if (strcmp(isa, "T32") == 0) {
        raw = raw >> 16 | raw << 16;
    }
    for (unsigned k = 0; k < 4; k++) {
        bytes[k] = (uint8_t)(raw >> 8 * k);
    }
}

static void llvm_mc_rows_give_the_same_text(void **state)
{
    (void)state;
    FILE *in = open_oracle("llvm-mc/mc-arm.tsv");
    if (!in) {
        return;
    }
    char line[1024];
    unsigned rows = 0, bad = 0;
    const char *only = getenv("DISASM_ONLY");
    while (fgets(line, sizeof line, in)) {
        char *col[5];
        if (columns(line, col, 5) < 5 || strcmp(col[0], "file") == 0 || strstr(col[2], "MCLASS")) {
            continue;
        }
        const char *file = col[0];
        uint8_t bytes[4];
        put_code(bytes, col[1], (uint32_t)strtoul(col[3], NULL, 16));
        bool later = strstr(col[2], "V8") != NULL;
        // Files about extensions past ARMv7 that name no V8 option.
        later |= strncmp(file, "armv8", 5) == 0 || strncmp(file, "bfloat", 6) == 0;
        unsigned flags = DISASM_OFFSETS | (later ? DISASM_LATER : 0);
        char text[256];
        rows++;
        if (!text_in_some_it_block(strcmp(col[1], "A32") != 0, arm_model_features(NULL), bytes,
                                   strcmp(col[1], "T16") == 0 ? 2 : 4, flags, col[4], text,
                                   sizeof text)) {
            bad++;
            if (!only || strstr(file, only)) {
                print_error("%s %s %s: got '%s', want '%s'\n", file, col[1], col[3], text, col[4]);
            }
        }
    }
    fclose(in);
    print_message("llvm-mc: %u rows, %u differ\n", rows, bad);
    assert_true(rows > 0);
    assert_int_equal(bad, 0);
}

static void windows_on_arm_listings_give_the_same_text(void **state)
{
    (void)state;
    FILE *in = open_oracle("woa-primer.tsv");
    if (!in) {
        return;
    }
    char line[1024];
    unsigned rows = 0, bad = 0;
    uint8_t it = 0;
    while (fgets(line, sizeof line, in)) {
        char *col[10];
        if (line[0] == '#' || columns(line, col, 10) < 9 || strcmp(col[0], "line") == 0) {
            continue;
        }
        uint8_t bytes[4];
        put_code(bytes, col[3], (uint32_t)strtoul(col[4], NULL, 16));
        char text[256];
        bool thumb = strcmp(col[3], "A32") != 0;
        arm_disassemble_bytes(thumb, arm_model_features("cortex-a9"), thumb ? &it : NULL, 0, bytes, 4,
                              DISASM_OFFSETS | DISASM_DECIMAL, text, sizeof text);
        rows++;
        if (!same_text(text, col[7])) {
            bad++;
            print_error("line %s %s %s: got '%s', want '%s'\n", col[0], col[3], col[4], text, col[7]);
        }
    }
    fclose(in);
    print_message("windows-on-arm primer: %u rows, %u differ\n", rows, bad);
    assert_true(rows > 0);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llvm_mc_rows_give_the_same_text),
        cmocka_unit_test(windows_on_arm_listings_give_the_same_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
