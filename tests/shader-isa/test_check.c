// SPDX-License-Identifier: MIT
//
// The validator: one small program for each rule of check.def, and no errors in programs that are
// known to work (the corpus and the freedreno shaders).
#include "tests/shader-isa/corpus.h"
#include "shader-isa/check.h"

struct findings {
    unsigned of[CHECK_COUNT];
    unsigned errors;
    bool print;
};

static void on_finding(void *ctx, unsigned slot, bool is_error, const char *rule, const char *text)
{
    struct findings *f = ctx;
    f->errors += is_error;
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        if (!strcmp(check_rules[i].name, rule)) {
            f->of[i]++;
            assert_int_equal(check_rules[i].is_error, is_error);
        }
    }
    if (f->print) {
        printf("slot %u: %s: %s\n", slot, rule, text);
    }
}

static struct findings check_words(const uint32_t *dw, size_t n, enum shader_stage stage,
                                   enum shader_profile profile)
{
    struct findings f = {0};
    struct shader *sh = shader_decode(dw, n, stage, profile, NULL);
    assert_non_null(sh);
    unsigned errors = shader_check(sh, on_finding, &f);
    assert_int_equal(errors, f.errors);
    assert_int_equal(shader_check(sh, NULL, NULL), errors);
    shader_destroy(sh);
    return f;
}

struct bad_program {
    enum check_id rule;
    enum shader_stage stage;
    enum shader_profile profile;
    const char *text;
};

#define OK_END "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n ALU: MAXv export0 = R0, R0\n"

static const struct bad_program bad[] = {
    {CHECK_EXEC_SEQUENCE, SHADER_PIXEL, SHADER_A20X,
     "EXEC {sequence=4}\n ALU: MAXv R0 = R0, R0\n" OK_END},
    {CHECK_EXEC_ADDRESS, SHADER_PIXEL, SHADER_A20X,
     "EXEC {address=9}\n ALU: MAXv R0 = R0, R0\n" OK_END},
    {CHECK_JUMP_TARGET, SHADER_PIXEL, SHADER_A20X, "COND_JMP ADDR(0x50) DIR(1) COND(1)\n" OK_END},
    {CHECK_NO_END, SHADER_PIXEL, SHADER_A20X, "EXEC\n ALU: MAXv R0 = R0, R0\n"},
    {CHECK_NO_END, SHADER_PIXEL, SHADER_A20X,
     "COND_EXEC_END BOOL_ADDR(0x1) COND(1)\n ALU: MAXv R0 = R0, R0\n"},
    {CHECK_UNREACHABLE, SHADER_PIXEL, SHADER_A20X, OK_END "EXEC\n ALU: MAXv R0 = R0, R0\n"},
    {CHECK_LOOP_NESTING, SHADER_PIXEL, SHADER_A20X, "LOOP_END ADDR(0x0) LOOP_ID(0)\n" OK_END},
    {CHECK_LOOP_NESTING, SHADER_PIXEL, SHADER_A20X, "LOOP_START ADDR(0x2) LOOP_ID(0)\n" OK_END},
    {CHECK_CALL_DEPTH, SHADER_PIXEL, SHADER_A20X, "COND_CALL ADDR(0x0) DIR(0) FORCE_CALL\n" OK_END},
    {CHECK_JUMP_INTO_LOOP, SHADER_PIXEL, SHADER_A20X,
     "COND_JMP ADDR(0x2) DIR(1) COND(1)\nLOOP_START ADDR(0x4) LOOP_ID(0)\n"
     "NOP\nLOOP_END ADDR(0x2) LOOP_ID(0)\n" OK_END},
    {CHECK_RESERVED_OP, SHADER_PIXEL, SHADER_A20X, "EXEC\n ALU: OP(30) R0 = R0\n" OK_END},
    {CHECK_RESERVED_OP, SHADER_PIXEL, SHADER_A20X,
     "EXEC\n ALU: MAXv R0 = R0, R0 {scalar_op=41}\n" OK_END},
    {CHECK_PROFILE, SHADER_VERTEX, SHADER_XENOS,
     "EXEC\n FETCH: VERTEX R1.xyz1 = R0.x FMT_8 SIGNED STRIDE(4) CONST(0, 0)\n" OK_END},
    {CHECK_PROFILE, SHADER_VERTEX, SHADER_A22X,
     "EXEC\n FETCH: VERTEX R1.xyz1 = R0.x TYPE(0x11) SIGNED STRIDE(4) CONST(0, 0)\n" OK_END},
    {CHECK_EXPORT_REG, SHADER_PIXEL, SHADER_A20X,
     "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n ALU: MAXv export20 = R0, R0\n"},
    {CHECK_EXPORT_COLOR, SHADER_PIXEL, SHADER_A20X,
     "ALLOC PARAM/PIXEL SIZE(0x1)\nEXEC_END\n ALU: MAXv export1 = R0, R0\n"},
    {CHECK_EXPORT_ALLOC, SHADER_VERTEX, SHADER_A20X,
     "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n ALU: MAXv export62 = R0, R0\n"},
    {CHECK_EXPORT_REL, SHADER_PIXEL, SHADER_A20X,
     "ALLOC PARAM/PIXEL SIZE(0x0)\nEXEC_END\n ALU: MAXv export0 = R0, R0 {vector_dest_rel=1}\n"},
    {CHECK_EM_SERIALIZE, SHADER_VERTEX, SHADER_XENOS,
     "ALLOC MEMORY SIZE(0x1)\nEXEC_END\n ALU: MAXv export32 = R0, R0\n"
     " (S)ALU: MAXv export33 = R0, R0\n"},
    {CHECK_EM_ADDRESS, SHADER_VERTEX, SHADER_XENOS,
     "ALLOC MEMORY SIZE(0x1)\nEXEC_END\n ALU: MAXv export33 = R0, R0\n"},
    {CHECK_EXEC_PREDICATE, SHADER_PIXEL, SHADER_A20X,
     "COND_PRED_EXEC COND(1)\n ALU: MAXv R1 = R0, R0\n" OK_END},
    {CHECK_EXEC_PREDICATE, SHADER_PIXEL, SHADER_A20X,
     "COND_PRED_EXEC COND(1)\n ALU: MAXvNE R1 = R0, R0\n" OK_END},
    {CHECK_PRED_CLEAN, SHADER_PIXEL, SHADER_A20X,
     "EXEC BOOL_ADDR(0x80)\n ALU: MAXv R0.____ = R0, R0\n PRED_SETNEs R0.x___ = R0\n"
     " ALU: MAXvEQ R1 = R0, R0\n" OK_END},
    {CHECK_FETCH_HAZARD, SHADER_PIXEL, SHADER_A20X,
     "EXEC\n FETCH: SAMPLE R1.xyzw = R0.xyx CONST(0)\n ALU: ADDv R2 = R1, R0\n" OK_END},
    {CHECK_KILL_VS, SHADER_VERTEX, SHADER_A20X, "EXEC\n ALU: KILLEv R1 = R0, R0\n" OK_END},
    {CHECK_FETCH_FIELD, SHADER_PIXEL, SHADER_A20X,
     "EXEC\n FETCH: SAMPLE R1.xyz? = R0.xyx CONST(0)\n" OK_END},
    {CHECK_VS_COMP_LOD, SHADER_VERTEX, SHADER_A20X,
     "EXEC\n FETCH: SAMPLE R1.xyzw = R0.xyx CONST(0)\n" OK_END},
    {CHECK_MINI_FIRST, SHADER_VERTEX, SHADER_XENOS,
     "EXEC\n FETCH: VERTEX R1.xyz1 = R0.x FMT_32 SIGNED STRIDE(4) CONST(0, 0) {mini=1}\n" OK_END},
};

static void test_each_rule_finds_its_program(void **state)
{
    (void)state;
    bool covered[CHECK_COUNT] = {[CHECK_EXEC_COUNT] = true, [CHECK_PROGRAM_SIZE] = true};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t *dw;
        size_t n;
        struct err err = {0};
        if (shader_assemble(bad[i].text, bad[i].stage, &dw, &n, &err)) {
            fail_msg("program %zu: %s", i, err.msg);
        }
        struct findings f = check_words(dw, n, bad[i].stage, bad[i].profile);
        if (!f.of[bad[i].rule]) {
            fail_msg("program %zu does not break %s", i, check_rules[bad[i].rule].name);
        }
        for (unsigned r = 0; r < CHECK_COUNT; r++) {
            if (f.of[r] && r != bad[i].rule) {
                fail_msg("program %zu breaks %s too", i, check_rules[r].name);
            }
        }
        covered[bad[i].rule] = true;
        free(dw);
    }
    for (unsigned r = 0; r < CHECK_COUNT; r++) {
        if (!covered[r]) {
            fail_msg("no program for %s", check_rules[r].name);
        }
    }
}

static void test_seven_slots_and_long_programs_are_found(void **state)
{
    (void)state;
    static uint32_t dw[3 * 400];
    struct alu_fields nop = nop_fields();
    struct cf_fields cf = {.op = CF_EXEC_END, .exec = {.address = 1, .count = 7}};
    uint64_t v = isa_pack_cf(&cf);
    dw[0] = (uint32_t)v;
    dw[1] = (uint32_t)(v >> 32);
    for (unsigned i = 1; i < 400; i++) {
        isa_pack_alu(&nop, dw + 3 * i);
    }
    struct findings f = check_words(dw, 3 * 400, SHADER_PIXEL, SHADER_A20X);
    assert_int_equal(f.of[CHECK_EXEC_COUNT], 1);
    assert_int_equal(f.of[CHECK_PROGRAM_SIZE], 1);
    assert_int_equal(f.errors, 1);
    f = check_words(dw, 3 * 400, SHADER_PIXEL, SHADER_XENOS);
    assert_int_equal(f.of[CHECK_PROGRAM_SIZE], 0);
}

static void test_nested_loops_and_calls_are_fine(void **state)
{
    (void)state;
    static const char text[] =
        "LOOP_START ADDR(0x4) LOOP_ID(0)\n"
        "LOOP_START ADDR(0x3) LOOP_ID(1)\n"
        "LOOP_END ADDR(0x2) LOOP_ID(1)\n"
        "LOOP_END ADDR(0x1) LOOP_ID(0)\n"
        "COND_CALL ADDR(0x8) DIR(1) FORCE_CALL\n"
        "COND_JMP ADDR(0xa) DIR(1) BOOL_ADDR(0x3)\n" OK_END "EXEC\n ALU: MAXv R1 = R0, R0\n"
        "RETURN ADDR(0x0) DIR(0)\n"
        "EXEC_END\n";
    uint32_t *dw;
    size_t n;
    struct err err = {0};
    assert_int_equal(shader_assemble(text, SHADER_PIXEL, &dw, &n, &err), 0);
    struct findings f = check_words(dw, n, SHADER_PIXEL, SHADER_A20X);
    free(dw);
    assert_int_equal(f.errors, 0);
}

static void check_listing(const struct listing *l, enum shader_stage stage, const char *path,
                          void *ctx)
{
    unsigned *wrong = ctx;
    struct findings f = check_words(l->dw, listing_dwords(l), stage, SHADER_A20X);
    if (f.errors && !*wrong) {
        struct shader *sh = shader_decode(l->dw, listing_dwords(l), stage, SHADER_A20X, NULL);
        f.print = true;
        printf("%s:\n%s", path, l->text);
        shader_check(sh, on_finding, &f);
        shader_destroy(sh);
    }
    *wrong += f.errors != 0;
}

static void test_corpus_has_no_errors(void **state)
{
    (void)state;
    unsigned wrong = 0;
    int shaders = corpus_shaders(check_listing, &wrong);
    if (shaders < 0) {
        skip_or_fail("test_corpus_has_no_errors");
        return;
    }
    printf("corpus: %d shaders checked, %u with errors\n", shaders, wrong);
    assert_true(shaders > 0);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule_finds_its_program),
        cmocka_unit_test(test_seven_slots_and_long_programs_are_found),
        cmocka_unit_test(test_nested_loops_and_calls_are_fine),
        cmocka_unit_test(test_corpus_has_no_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
