// SPDX-License-Identifier: MIT
//
// `yamato isa`: the commands on small files, and the conformance suite on the interpreter's
// builds. (On the host's GL: tests/host-backends/test_isa_glsl.c.)
#include <errno.h>
#include <unistd.h>

#include "tests/shader-isa/util.h"
#include "shader-isa/suite.h"
#include "shader-isa/tool.h"

struct output {
    char *text;
    int status;
};

static struct output tool_with(struct shader_engine **engines, unsigned count,
                               const char *const *words)
{
    struct output o = {0};
    size_t n;
    char *argv[16] = {(char *)(uintptr_t) "isa"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    FILE *out = open_memstream(&o.text, &n);
    struct shader_tool t = {.out = out, .engines = engines, .engine_count = count};
    o.status = shader_tool_main(argc, argv, &t);
    fclose(out);
    return o;
}

#define TOOL(...) tool_with(NULL, 0, (const char *const[]){__VA_ARGS__, NULL})

static char *write_temp(const char *suffix, const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/isa-XXXXXX%s", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void expect(struct output o, int status, const char *text)
{
    if (o.status != status || !strstr(o.text, text)) {
        fail_msg("status %d, output:\n%s\nexpected status %d and:\n%s", o.status, o.text, status,
                 text);
    }
    free(o.text);
}

static const char source[] = "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n"
                             "      ALU: MULv export0 = R0, C3.xxxx\n";

static void test_assembler_text_becomes_words(void **state)
{
    (void)state;
    char *path = write_temp(".fs.asm", source);
    expect(TOOL("asm", path), 0, "00000000 1001c400 20000000\n140f8000 00006c00 a1000300\n");
    unlink(path);
}

static void test_words_disassemble(void **state)
{
    (void)state;
    char *path = write_temp(".hex", "00000000 1001c400 20000000\n140f8000 00006c00 a1000300\n");
    expect(TOOL("disasm", path), 0, "MULv\texport0 = R0, C3.xxxx\t; gl_FragColor");
    expect(TOOL("disasm", "--dialect", "xna", path), 0, "mul oC0, r0, c3.xxxx");
    expect(TOOL("disasm", "--dialect", "xna", "--stage", "vs", path), 0, "mul o0, r0, c3.xxxx");
    expect(TOOL("check", path), 0, "0 errors, 0 warnings");
    unlink(path);
}

static void test_program_runs(void **state)
{
    (void)state;
    char *path = write_temp(".fs.asm", source);
    expect(TOOL("run", "--input", "r0=1,-2,0x3f000000", "--const", "3=4", path), 0,
           "color0                4           -8            2            0");
    expect(TOOL("glsl", path), 0, "color0 = yamato_mul(r0, yamato_const(3).xxxx);");
    unlink(path);
}

static void test_mistakes_have_a_status(void **state)
{
    (void)state;
    char *path = write_temp(".asm", "EXEC\n ALU: MAXv export62 = R0, R0\n");
    expect(TOOL("check", path), 1, "a path runs off the control flow (no-end)");
    expect(TOOL("nonsense"), 2, "");
    expect(TOOL("disasm", "/nowhere/at/all"), 2, "");
    expect(TOOL("test", "--shard", "3/2"), 2, "");
    expect(TOOL("test", "--engine", "abacus"), 2, "");
    expect(TOOL("run", "--input", "r99=1", path), 2, "");
    expect(TOOL("--help"), 0, "Usage: yamato isa COMMAND");
    unlink(path);
}

static void test_reference_names_every_opcode(void **state)
{
    (void)state;
    struct output o = TOOL("doc");
    assert_int_equal(o.status, 0);
    for (unsigned i = 0; i < 64; i++) {
        const char *names[] = {i < 32 ? isa_vector[i].adreno : NULL, isa_scalar[i].adreno,
                               i < 32 ? isa_fetch[i].adreno : NULL,
                               i < 16 ? isa_cf[i].adreno : NULL};
        for (unsigned k = 0; k < ARRAY_LEN(names); k++) {
            char cell[64];
            snprintf(cell, sizeof cell, "`%s`", names[k] ? names[k] : "");
            if (names[k] && !strstr(o.text, cell)) {
                fail_msg("%s is not in the reference", cell);
            }
        }
    }
    free(o.text);
}

static void test_suite_covers_every_opcode_and_shards_add_up(void **state)
{
    (void)state;
    bool seen[96] = {false}, column[SUITE_COLUMN_COUNT] = {false};
    struct suite_case c;
    unsigned count = 0;
    for (; suite_case(count, &c); count++) {
        assert_true(c.ndw > 0);
        if (c.column < SUITE_COLUMN_COUNT) {
            column[c.column] = true;
        }
        for (unsigned i = 0; i < 96; i++) {
            const char *name = i < 32 ? isa_vector[i].xna : isa_scalar[i - 32].xna;
            char row[40];
            bool odd = i >= 32 && isa_scalar[i - 32].operands == OPERANDS_CR && (i & 1);
            snprintf(row, sizeof row, "%s %s%s", i < 32 ? "vector" : "scalar", name ? name : "?",
                     odd ? "_1" : "");
            seen[i] |= !strcmp(row, c.row);
        }
    }
    for (unsigned i = 0; i < 96; i++) {
        bool exists = i < 32 ? isa_vector[i].xna != NULL : isa_scalar[i - 32].xna != NULL;
        assert_int_equal(seen[i], exists);
    }
    for (unsigned i = 0; i < SUITE_COLUMN_COUNT; i++) {
        assert_true(column[i]);
    }
    unsigned sum = 0;
    for (unsigned i = 1; i <= 3; i++) {
        char shard[8];
        snprintf(shard, sizeof shard, "%u/3", i);
        struct output o = TOOL("test", "--engine", "plain", "--shard", shard);
        unsigned cases = 0;
        assert_int_equal(o.status, 0);
        assert_int_equal(sscanf(o.text, "plain: %u cases, 0 failed, 0 skipped", &cases), 1);
        sum += cases;
        free(o.text);
    }
    assert_int_equal(sum, count);
    struct output all = TOOL("test"); // the interpreter's builds for each host vector width
    printf("%s", all.text);
    assert_int_equal(all.status, 0);
    assert_non_null(strstr(all.text, "plain: "));
    free(all.text);
    printf("suite: %u cases\n", count);
}

// ---- an engine from outside
// ----------------------------------------------------------------------

static int broken_run(struct shader_engine *e, const struct shader *sh, struct shader_batch *b,
                      struct err *err)
{
    struct shader_engine good;
    (void)e;
    shader_engine_interpreter(&good);
    int rc = good.run(&good, sh, b, err);
    b->out[7][1] += 1.0f;
    return rc;
}

static int refusing_run(struct shader_engine *e, const struct shader *sh, struct shader_batch *b,
                        struct err *err)
{
    (void)e, (void)sh, (void)b;
    return err_set(err, -ENOTSUP, "not today");
}

static void test_a_wrong_engine_fails_and_reports_say_where(void **state)
{
    (void)state;
    struct shader_engine broken = {.name = "broken <1>", .run = broken_run};
    struct shader_engine refusing = {.name = "refusing", .run = refusing_run};
    struct shader_engine *engines[] = {&broken, &refusing};
    char junit[] = "/tmp/isa-junit-XXXXXX", html[] = "/tmp/isa-html-XXXXXX";
    close(mkstemp(junit));
    close(mkstemp(html));
    const char *const words[] = {"test", "--filter", "vector.add.plain", "--junit", junit, "--html",
                                 html,   NULL};
    struct output o = tool_with(engines, 2, words);
    expect(o, 1, "FAIL vector.add.plain on broken <1>");
    char text[8192];
    FILE *f = fopen(junit, "r");
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    assert_non_null(
        strstr(text, "<testsuite name=\"isa.broken &lt;1&gt;\" tests=\"1\" failures=\"1\""));
    assert_non_null(strstr(text, "<skipped/>"));
    assert_non_null(strstr(text, "lane 7: y is"));
    f = fopen(html, "r");
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    assert_non_null(strstr(text, "<th class=\"row\">vector add</th><td class=\"bad\""));
    unlink(junit);
    unlink(html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assembler_text_becomes_words),
        cmocka_unit_test(test_words_disassemble),
        cmocka_unit_test(test_program_runs),
        cmocka_unit_test(test_mistakes_have_a_status),
        cmocka_unit_test(test_reference_names_every_opcode),
        cmocka_unit_test(test_suite_covers_every_opcode_and_shards_add_up),
        cmocka_unit_test(test_a_wrong_engine_fails_and_reports_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
