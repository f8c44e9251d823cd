// SPDX-License-Identifier: MIT
//
// Both disassemblies against what others print: freedreno's and Xenia's text of Adreno shaders,
// Xenia's text of random slots, and Mesa's cffdump of every shader in the command stream corpus.
#include <glob.h>

#include "tests/shader-isa/util.h"
#include "tests/shader-isa/corpus.h"
#include "shader-isa/print.h"

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        return NULL;
    }
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static char *print_text(const struct shader *sh, enum shader_dialect dialect)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    shader_print(sh, dialect, out);
    fclose(out);
    return text;
}

static bool same_text(const char *what, const char *got, const char *want)
{
    if (!strcmp(got, want)) {
        return true;
    }
    size_t i = 0, line = 0;
    for (size_t k = 0; got[k] && got[k] == want[k]; k++) {
        if (got[k] == '\n') {
            line = k + 1;
        }
        i = k;
    }
    (void)i;
    printf("%s:\n got  %.*s\n want %.*s\n", what, (int)strcspn(got + line, "\n"), got + line,
           (int)strcspn(want + line, "\n"), want + line);
    return false;
}

// ---- Adreno shaders
// ------------------------------------------------------------------------------

static size_t read_hex(const char *path, uint32_t *dw, size_t max)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;
    assert_non_null(f);
    while (n < max && fscanf(f, "%x", &dw[n]) == 1) {
        n++;
    }
    fclose(f);
    return n;
}

static void test_adreno_shaders_print_in_both_dialects(void **state)
{
    (void)state;
    char pattern[512];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/oracles/shader/adreno/*.hex", shared());
    if (glob(pattern, 0, NULL, &g)) {
        skip_or_fail("test_adreno_shaders_print_in_both_dialects");
        return;
    }
    unsigned wrong = 0;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        uint32_t dw[1024];
        size_t n = read_hex(g.gl_pathv[i], dw, 1024);
        bool vs = strstr(g.gl_pathv[i], ".vs.") != NULL;
        struct shader *sh =
            shader_decode(dw, n, vs ? SHADER_VERTEX : SHADER_PIXEL, SHADER_A20X, NULL);
        assert_non_null(sh);
        for (int d = 0; d < 2; d++) {
            char path[600];
            snprintf(path, sizeof path, "%.*s%s", (int)strlen(g.gl_pathv[i]) - 3, g.gl_pathv[i],
                     d ? "xenia" : "dis");
            char *want = read_file(path);
            char *got = print_text(sh, d ? SHADER_DIALECT_XNA : SHADER_DIALECT_FREEDRENO);
            assert_non_null(want);
            wrong += !same_text(path, got, want);
            free(want);
            free(got);
        }
        shader_destroy(sh);
    }
    printf("adreno: %zu shaders in two dialects, %u differ\n", g.gl_pathc, wrong);
    assert_true(g.gl_pathc > 0);
    globfree(&g);
    assert_int_equal(wrong, 0);
}

// ---- random slots in the XNA dialect
// -------------------------------------------------------------

// Lines joined by " ; ", runs of spaces made one.
static void normalise(const char *in, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = in; *p && n + 4 < size; p++) {
        if (*p == '\n') {
            while (n && out[n - 1] == ' ') {
                n--;
            }
            if (p[1]) {
                memcpy(out + n, " ; ", 3);
                n += 3;
            }
        } else if (*p != ' ' || (n && out[n - 1] != ' ')) {
            out[n++] = *p;
        }
    }
    while (n && out[n - 1] == ' ') {
        n--;
    }
    out[n] = 0;
}

static void test_random_slots_print_in_xna(void **state)
{
    (void)state;
    int pipe;
    FILE *f = oracle_open("oracles/shader/xenia/decode-xna.tsv", &pipe);
    if (!f) {
        skip_or_fail("test_random_slots_print_in_xna");
        return;
    }
    char line[2048], got[2048];
    unsigned rows = 0, wrong = 0;
    while (fgets(line, sizeof line, f)) {
        char stage[8], kind[16];
        uint32_t dw[3];
        int at = 0;
        if (sscanf(line, "%7s %15s %x %x %x %n", stage, kind, &dw[0], &dw[1], &dw[2], &at) < 5) {
            continue;
        }
        line[strcspn(line, "\n")] = 0;
        char *text;
        size_t n;
        FILE *out = open_memstream(&text, &n);
        print_xna_slot(dw, strcmp(kind, "alu") != 0, stage[0] == 'v' ? SHADER_VERTEX : SHADER_PIXEL,
                       out);
        fclose(out);
        normalise(text, got, sizeof got);
        free(text);
        rows++;
        wrong += !same_text(kind, got, line + at);
    }
    oracle_close(f, pipe);
    printf("decode-xna: %u rows, %u differ\n", rows, wrong);
    assert_true(rows > 0);
    assert_int_equal(wrong, 0);
}

// ---- the corpus
// ----------------------------------------------------------------------------------

static void check_listing(const struct listing *l, enum shader_stage stage, const char *path,
                          void *ctx)
{
    unsigned *wrong = ctx;
    size_t n = listing_dwords(l);
    struct shader *sh = shader_decode(l->dw, n, stage, SHADER_A20X, NULL);
    assert_non_null(sh);
    char *got = print_text(sh, SHADER_DIALECT_FREEDRENO);
    bool same = same_text(path, got, l->text);
    free(got);
    uint32_t *dw;
    size_t n_back;
    struct err err;
    if (shader_assemble(l->text, stage, &dw, &n_back, &err)) {
        printf("%s: %s\n", path, err.msg);
        same = false;
    } else {
        same &= n == n_back && !memcmp(dw, l->dw, n * 4);
        free(dw);
    }
    *wrong += !same;
    shader_destroy(sh);
}

static void test_corpus_prints_as_mesa_does(void **state)
{
    (void)state;
    unsigned wrong = 0;
    int shaders = corpus_shaders(check_listing, &wrong);
    if (shaders < 0) {
        skip_or_fail("test_corpus_prints_as_mesa_does");
        return;
    }
    printf("corpus: %d shaders, %u differ\n", shaders, wrong);
    assert_true(shaders > 0);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adreno_shaders_print_in_both_dialects),
        cmocka_unit_test(test_random_slots_print_in_xna),
        cmocka_unit_test(test_corpus_prints_as_mesa_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
