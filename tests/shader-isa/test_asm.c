// SPDX-License-Identifier: MIT
//
// The assembler: freedreno's sources assemble to freedreno's words, disassemblies assemble to the
// words they came from, and mistakes are named with line and column.
#include <glob.h>

#include "tests/shader-isa/util.h"

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

static bool assembles_to(const char *what, const char *text, const uint32_t *want, size_t n_want)
{
    uint32_t *dw;
    size_t n;
    struct err err = {0};
    int rc = shader_assemble(text, SHADER_PIXEL, &dw, &n, &err);
    if (rc) {
        printf("%s: %s\n", what, err.msg);
        return false;
    }
    bool same = n == n_want && !memcmp(dw, want, n * 4);
    for (size_t i = 0; !same && i < n && i < n_want; i++) {
        if (dw[i] != want[i]) {
            printf("%s: dword %zu is %08x, should be %08x\n", what, i, dw[i], want[i]);
            break;
        }
    }
    if (n != n_want) {
        printf("%s: %zu dwords, should be %zu\n", what, n, n_want);
    }
    free(dw);
    return same;
}

static void test_freedreno_sources_assemble(void **state)
{
    (void)state;
    const char *dir = getenv("YAMATO_SHARED");
    char pattern[512];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/oracles/shader/adreno/*.hex", dir ? dir : "../shared");
    if (glob(pattern, 0, NULL, &g)) {
        skip_or_fail("test_freedreno_sources_assemble");
        return;
    }
    unsigned wrong = 0;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        uint32_t dw[1024];
        size_t n = read_hex(g.gl_pathv[i], dw, 1024);
        static const char *const kinds[] = {"asm", "dis"};
        for (int k = 0; k < 2; k++) {
            char path[600];
            snprintf(path, sizeof path, "%.*s%s", (int)strlen(g.gl_pathv[i]) - 3, g.gl_pathv[i],
                     kinds[k]);
            char *text = read_file(path);
            assert_non_null(text);
            wrong += !assembles_to(path, text, dw, n);
            free(text);
        }
    }
    printf("asm: %zu shaders from source and from disassembly, %u differ\n", g.gl_pathc, wrong);
    assert_true(g.gl_pathc > 0);
    globfree(&g);
    assert_int_equal(wrong, 0);
}

// Whatever decodes prints text that assembles to the same words, where the slots do not overlap the
// control flow and nothing follows the last slot.
static void test_disassembly_of_random_slots_assembles(void **state)
{
    (void)state;
    uint64_t seed = 31;
    unsigned wrong = 0, programs = 2000;
    for (unsigned i = 0; i < programs; i++) {
        uint32_t slots[6][3], dw[21];
        unsigned kinds = random32(&seed) & 63, count = 1 + random32(&seed) % 6;
        for (unsigned k = 0; k < 6; k++) {
            for (unsigned w = 0; w < 3; w++) {
                slots[k][w] = random32(&seed);
            }
            if (kinds >> k & 1) { // fetch opcodes that exist
                static const uint8_t ops[] = {0, 1, 16, 17, 18, 19, 24, 25, 26};
                slots[k][0] = (slots[k][0] & ~31u) | ops[random32(&seed) % ARRAY_LEN(ops)];
            } else {
                slots[k][2] &= ~(2u << 24); // vector opcodes 30 and 31 print as OP(n) and are fine,
                slots[k][2] |= 1u << 24;    // these print like others
            }
        }
        size_t n = one_exec(dw, (const uint32_t(*)[3])slots, count, kinds);
        struct shader *sh = shader_decode(dw, n, SHADER_VERTEX, SHADER_A20X, NULL);
        char *text;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        shader_print(sh, SHADER_DIALECT_FREEDRENO, out);
        fclose(out);
        wrong += !assembles_to("random program", text, dw, n);
        shader_destroy(sh);
        free(text);
    }
    printf("asm: %u random programs, %u differ\n", programs, wrong);
    assert_int_equal(wrong, 0);
}

static void test_everything_can_be_said_without_raw_words(void **state)
{
    (void)state;
    static const char text[] =
        "LOOP_START ADDR(0x3) LOOP_ID(2) {repeat=1}\n"
        "EXEC VC(0x1)\n"
        "      FETCH: VERTEX R1.xyz1 = R0.x FMT_16_FLOAT UNSIGNED NORMALIZED "
        "STRIDE(8) CONST(3, 1) {mini=0, exp_adjust=63}\n"
        "   (S)ALU: MULADDvEQ export1.xy__ = |R3|, -C200.wzyx, R2 CLAMP\n"
        "           SUBs export1.__z_ = |R3|\n"
        "      ALU: ADDv R2 = |C5|, R9 {const0_rel=1, const_addr_a0=1}\n"
        "LOOP_END ADDR(0x1) LOOP_ID(2) {pred_break=1, condition=1}\n"
        "COND_JMP ADDR(0x0) DIR(0) BOOL_ADDR(0x81) {condition=1}\n"
        "EXEC_END\n";
    uint32_t *dw;
    size_t n;
    struct err err = {0};
    int rc = shader_assemble(text, SHADER_VERTEX, &dw, &n, &err);
    if (rc) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(n, 3 * (3 + 3));
    struct cf_fields cf;
    isa_unpack_cf(isa_cf_bits(dw, 0), &cf);
    assert_int_equal(cf.loop.repeat, 1);
    isa_unpack_cf(isa_cf_bits(dw, 1), &cf);
    assert_int_equal(cf.exec.address, 3);
    assert_int_equal(cf.exec.count, 3);
    assert_int_equal(cf.exec.sequence, 0x9);
    isa_unpack_cf(isa_cf_bits(dw, 2), &cf);
    assert_int_equal(cf.loop.pred_break, 1);
    assert_int_equal(cf.loop.condition, 1);
    isa_unpack_cf(isa_cf_bits(dw, 3), &cf);
    assert_int_equal(cf.jump.condition, 1);
    assert_int_equal(cf.jump.bool_address, 0x81);
    struct vfetch_fields v;
    isa_unpack_vfetch(dw + 9, &v);
    assert_int_equal(v.mini, 0);
    assert_int_equal(v.exp_adjust, 63);
    assert_int_equal(v.format, 30);
    struct alu_fields f;
    isa_unpack_alu(dw + 12, &f);
    assert_int_equal(f.src1, 200);
    assert_int_equal(f.src1_is_temp, 0);
    assert_int_equal(f.swiz1, (3 | 1 << 2 | 3 << 4 | 1 << 6));
    assert_int_equal(f.src3, 0x83);
    assert_int_equal(f.predicated && f.pred_condition && f.vector_clamp && f.neg1, 1);
    assert_int_equal(f.scalar_op, 25);
    isa_unpack_alu(dw + 15, &f);
    assert_int_equal(f.abs_constants && f.const0_rel && f.const_addr_a0, 1);
    assert_int_equal(f.src1, 5);
    free(dw);
}

static void test_mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"EXEC_END\n ALU: FROBv R0 = R1, R2\n", "line 2 column 7: no opcode 'FROBv' here"},
        {"EXEC_END\n ALU: ADDv R64 = R1, R2\n", "line 2 column 13: number is over 63"},
        {"EXEC_END\n ALU: ADDv R1 = R1\n", "line 2 column 19: expected ','"},
        {"ALU: ADDv R1 = R1, R1\n", "line 1 column 4: instructions follow an EXEC"},
        {"ALLOC NOWHERE SIZE(0x0)\n",
         "line 1 column 7: expected POSITION, PARAM/PIXEL, MEMORY or NO ALLOC"},
        {"EXEC_END ADDR(0x1) CNT(0x2)\n ALU: ADDv R1 = R1, R1\n",
         "line 1: CNT is not the number of instructions that follow"},
        {"EXEC_END ADDR(0x0)\n ALU: ADDv R1 = R1, R1\n",
         "line 1: ADDR lies in the control flow part"},
        {"EXEC_END\n ALU: ADDv R1 = R1, R1 {colour=1}\n",
         "line 2 column 31: no field 'colour' here"},
        {"EXEC_END\n01: 140f8000 00000000 e2000000 ALU: ADDv export0 = R0, R0\n",
         "line 2 column 58: the words 140f8000 00000000 e2000000 do not say what the text says"},
        {"EXEC_END\n ALU: ADDv R1 = R1, R1 extra\n", "line 2 column 24: unexpected text"},
        {"", "no instructions"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t *dw;
        size_t n;
        struct err err = {0};
        assert_int_not_equal(shader_assemble(cases[i].text, SHADER_PIXEL, &dw, &n, &err), 0);
        assert_null(dw);
        if (strncmp(err.msg, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("case %zu: %s", i, err.msg);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freedreno_sources_assemble),
        cmocka_unit_test(test_disassembly_of_random_slots_assembles),
        cmocka_unit_test(test_everything_can_be_said_without_raw_words),
        cmocka_unit_test(test_mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
