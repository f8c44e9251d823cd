// SPDX-License-Identifier: MIT
//
// The opcode tables against an outside list (oracles/shader/a2xx-opcodes.tsv), and the field tables
// against themselves: every bit belongs to one field, packing undoes unpacking.
#include "tests/shader-isa/util.h"
#include "shader-isa/isa.h"

static unsigned mask_of(const char *bits) // "1001": w first
{
    unsigned m = 0;
    for (; *bits == '0' || *bits == '1'; bits++) {
        m = m << 1 | (*bits == '1');
    }
    return m;
}

static unsigned effect_of(const char *name)
{
    return !strcmp(name, "Predicate")         ? EFFECT_PRED
           : !strcmp(name, "PixelKill")       ? EFFECT_KILL
           : !strcmp(name, "AddressRegister") ? EFFECT_ADDR
                                              : EFFECT_NONE;
}

static void check_vector_row(unsigned n, char **f)
{
    const struct vector_info *v = &isa_vector[n];
    if (f[2][0] == '-') {
        assert_null(v->xna);
        return;
    }
    assert_string_equal(v->xna, f[2]);
    assert_string_equal(v->adreno, f[3]);
    assert_int_equal(v->operands, atoi(f[4]));
    assert_int_equal(v->effect, effect_of(f[6]));
    const char *p = f[5];
    for (unsigned i = 0; i < 3; i++) {
        unsigned want = i < v->operands ? mask_of(p) : 0;
        assert_int_equal(v->mask[i], want);
        p += strcspn(p, " ");
        p += *p == ' ';
    }
}

static void check_scalar_row(unsigned n, char **f)
{
    const struct scalar_info *s = &isa_scalar[n];
    if (f[2][0] == '-') {
        assert_null(s->xna);
        return;
    }
    assert_string_equal(s->xna, f[2]);
    assert_string_equal(s->adreno, f[3]);
    assert_int_equal(s->effect, effect_of(f[6]));
    unsigned operands = f[4][0] == 'c'        ? OPERANDS_CR
                        : f[4][0] == '0'      ? OPERANDS_NONE
                        : !strcmp(f[5], "wx") ? OPERANDS_WX
                                              : OPERANDS_W;
    assert_int_equal(s->operands, operands);
    bool prev = strstr(f[7], "ps") != NULL || !strcmp(f[7], "lit");
    assert_int_equal(s->reads_ps, prev);
}

static void test_opcodes_are_those_of_the_sources(void **state)
{
    (void)state;
    int pipe;
    FILE *f = oracle_open("oracles/shader/a2xx-opcodes.tsv", &pipe);
    if (!f) {
        skip_or_fail("test_opcodes_are_those_of_the_sources");
        return;
    }
    char line[512];
    unsigned rows = 0;
    while (fgets(line, sizeof line, f)) {
        char *field[8];
        char *p = line;
        line[strcspn(line, "\n")] = 0;
        for (unsigned i = 0; i < 8; i++) {
            field[i] = p;
            p += strcspn(p, "\t");
            if (*p) {
                *p++ = 0;
            }
        }
        unsigned n = (unsigned)atoi(field[1]);
        if (!strcmp(field[0], "vector") && n < 32) {
            check_vector_row(n, field);
        } else if (!strcmp(field[0], "scalar") && n < 64) {
            check_scalar_row(n, field);
        } else {
            continue; // the heading
        }
        rows++;
    }
    oracle_close(f, pipe);
    printf("opcodes: %u rows\n", rows);
    assert_int_equal(rows, 96);
}

static void check_cover(const struct field_info *row, unsigned dwords, unsigned bits)
{
    uint64_t seen[3] = {0};
    for (; row->name; row++) {
        assert_true(row->dword < dwords && row->hi < bits && row->lo <= row->hi);
        for (unsigned b = row->lo; b <= row->hi; b++) {
            if (seen[row->dword] >> b & 1) {
                fail_msg("%s: bit %u of dword %u is in two fields", row->name, b, row->dword);
            }
            seen[row->dword] |= 1ull << b;
        }
    }
    for (unsigned i = 0; i < dwords; i++) {
        uint64_t all = (1ull << bits) - 1;
        assert_true(seen[i] == all);
    }
}

static void test_every_bit_is_in_one_field(void **state)
{
    (void)state;
    check_cover(isa_alu_fields, 3, 32);
    check_cover(isa_vfetch_fields, 3, 32);
    check_cover(isa_tfetch_fields, 3, 32);
    for (unsigned i = 0; i < 5; i++) {
        check_cover(isa_cf_fields[i], 1, 44);
    }
}

static void test_packing_undoes_unpacking(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t dw[3] = {random32(&seed), random32(&seed), random32(&seed)}, out[3];
        struct alu_fields a;
        isa_unpack_alu(dw, &a);
        isa_pack_alu(&a, out);
        assert_memory_equal(dw, out, 12);
        struct vfetch_fields v;
        isa_unpack_vfetch(dw, &v);
        isa_pack_vfetch(&v, out);
        assert_memory_equal(dw, out, 12);
        struct tfetch_fields t;
        isa_unpack_tfetch(dw, &t);
        isa_pack_tfetch(&t, out);
        assert_memory_equal(dw, out, 12);
        struct cf_fields c;
        uint64_t v48 = (dw[0] | (uint64_t)dw[1] << 32) & 0xffffffffffffull;
        isa_unpack_cf(v48, &c);
        assert_true(isa_pack_cf(&c) == v48);
        assert_true(isa_cf_bits(dw, 0) == v48);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opcodes_are_those_of_the_sources),
        cmocka_unit_test(test_every_bit_is_in_one_field),
        cmocka_unit_test(test_packing_undoes_unpacking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
