// SPDX-License-Identifier: MIT
//
// Any microcode is harmless: seeded random programs (noise, and noise behind plausible control
// flow) and random text go through the whole library; under the sanitizers this is the proof,
// without them it shows that everything ends.
#include "tests/shader-isa/util.h"
#include "tests/shader-isa/hammer.h"

static void random_program(uint64_t *seed, uint32_t *dw, unsigned slots, bool plausible)
{
    for (unsigned i = 0; i < 3 * slots; i++) {
        dw[i] = random32(seed);
    }
    unsigned cf_slots = 1 + random32(seed) % (slots / 2);
    for (unsigned i = 0; plausible && i < 2 * cf_slots; i++) {
        uint64_t v = isa_cf_bits(dw, i);
        struct cf_fields f;
        isa_unpack_cf(v, &f);
        if (isa_cf[f.op].form == FORM_EXEC) {
            f.exec.address = cf_slots + random32(seed) % (slots - cf_slots + 1);
        } else if (isa_cf[f.op].form == FORM_JUMP) {
            f.jump.address = random32(seed) % (2 * cf_slots + 1);
        } else if (isa_cf[f.op].form == FORM_LOOP) {
            f.loop.address = random32(seed) % (2 * cf_slots + 1);
        }
        v = isa_pack_cf(&f);
        uint32_t *p = dw + 3 * (i / 2);
        if (i & 1) {
            p[1] = (p[1] & 0xffff) | (uint32_t)(v << 16);
            p[2] = (uint32_t)(v >> 16);
        } else {
            p[0] = (uint32_t)v;
            p[1] = (p[1] & 0xffff0000) | (uint32_t)(v >> 32);
        }
    }
}

static void test_random_programs_are_harmless(void **state)
{
    (void)state;
    static const unsigned slots[] = {2, 3, 5, 9, 17, 40, 90};
    uint64_t seed = 1234;
    unsigned results[3] = {0}, programs = 0;
    static uint32_t dw[3 * 90];
    for (; programs < 10000; programs++) {
        unsigned n = slots[programs % ARRAY_LEN(slots)];
        random_program(&seed, dw, n, programs % 4 != 0);
        uint32_t *exact = malloc(12 * n);
        assert_non_null(exact);
        memcpy(exact, dw, 12 * n);
        results[hammer_words(exact, 3 * n, random32(&seed) & 1 ? SHADER_PIXEL : SHADER_VERTEX,
                             (enum shader_profile)(random32(&seed) % 3), random32(&seed))]++;
        free(exact);
    }
    printf("hostile: %u programs: %u fine, %u out of budget, %u with illegal parts\n", programs,
           results[SHADER_OK], results[SHADER_TIMEOUT], results[SHADER_ILLEGAL]);
    assert_true(results[SHADER_TIMEOUT] && results[SHADER_ILLEGAL] && results[SHADER_OK]);
}

static void test_random_text_is_harmless(void **state)
{
    (void)state;
    static const char *const words[] = {
        "EXEC",
        "EXEC_END",
        "ALU:",
        "FETCH:",
        "(S)",
        "MULADDv",
        "MAXv",
        "R1",
        "C200",
        ".xyzw",
        "=",
        ",",
        "export0",
        "VERTEX",
        "SAMPLE",
        "CONST",
        "(",
        ")",
        "3",
        "0x",
        "99999999999",
        "{",
        "}",
        "vector_op",
        "\n",
        "\n",
        "ADDR",
        "CNT",
        "LOOP_START",
        "LOOP_ID",
        "|",
        "-",
        "R64",
        "OP",
        "01: 140f8000 00000000 e2000000",
        "1003 0002 1000",
        "RECIP_IEEE",
        "ALLOC",
        "SIZE",
        "MEMORY",
        "FMT_32_FLOAT",
        "SIGNED",
        "STRIDE",
        ";",
        "@x",
        "\t",
        "R",
        ".x",
        "COND_JMP",
        "DIR",
        "EQ",
    };
    uint64_t seed = 77;
    unsigned assembled = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char text[1024];
        size_t n = 0;
        unsigned count = random32(&seed) % 60;
        text[0] = 0;
        for (unsigned k = 0; k < count && n + 64 < sizeof text; k++) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
                                  words[random32(&seed) % ARRAY_LEN(words)],
                                  random32(&seed) & 3 ? " " : "");
        }
        uint32_t *dw;
        size_t ndw;
        struct err err = {0};
        int rc = shader_assemble(text, SHADER_PIXEL, &dw, &ndw, &err);
        assert_true(rc ? err.msg[0] && !dw : ndw % 3 == 0);
        assembled += !rc;
        free(dw);
    }
    printf("hostile: 20000 texts, %u assembled\n", assembled);
}

static void test_sizes_that_are_no_program_are_named(void **state)
{
    (void)state;
    uint32_t *dw = calloc(3 * 4097, 4);
    assert_non_null(dw);
    static const size_t sizes[] = {0, 1, 2, 4, 3 * 4097};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct err err = {0};
        assert_null(shader_decode(dw, sizes[i], SHADER_PIXEL, SHADER_A20X, &err));
        assert_non_null(strstr(err.msg, "dwords are no program"));
    }
    free(dw);
}

static void test_endless_loop_ends_at_the_budget(void **state)
{
    (void)state;
    uint32_t *dw;
    size_t n;
    struct err err = {0};
    assert_int_equal(shader_assemble("EXEC\n ALU: ADDv R0 = R0, R0\n"
                                     "COND_JMP ADDR(0x0) DIR(0) FORCE_CALL\nEXEC_END\n",
                                     SHADER_PIXEL, &dw, &n, &err),
                     0);
    struct shader *sh = shader_decode(dw, n, SHADER_PIXEL, SHADER_A20X, NULL);
    static struct shader_lanes l;
    l.count = 1;
    l.active = 1;
    struct shader_env env = {.max_steps = 1000};
    assert_int_equal(shader_run(sh, &env, &l), SHADER_TIMEOUT);
    shader_destroy(sh);
    free(dw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs_are_harmless),
        cmocka_unit_test(test_random_text_is_harmless),
        cmocka_unit_test(test_sizes_that_are_no_program_are_named),
        cmocka_unit_test(test_endless_loop_ends_at_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
