// SPDX-License-Identifier: MIT
//
// Disassembly against libcapstone: the whole T16 space text for text, and every A32, T32, VFP and NEON
// row with random fields (constants as numbers: capstone 4 writes them in two bases). And the
// disassembler's own promises: every word of every set gives one short line, in any buffer.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <capstone/capstone.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/disasm.h"

// Where the two differ on purpose.
static bool left_out(uint32_t raw)
{
    const struct isa_row *row = isa_find(ISA_T16, raw, arm_model_features("cortex-a9"), NULL, NULL);
    if (!row) {
        return false;
    }
    // UNPREDICTABLE "should be" bits: capstone refuses some, shows others.
    if ((raw & row->sb_mask) != row->sb_value) {
        return true;
    }
    // IT with condition 1111 is UNPREDICTABLE; UDF #0xf9 has a name of its own in LLVM 14.
    return (raw & 0xfff0) == 0xbff0 || raw == 0xdef9;
}

static void every_t16_halfword_reads_as_in_capstone(void **state)
{
    (void)state;
    csh handle;
    assert_int_equal(cs_open(CS_ARCH_ARM, CS_MODE_THUMB, &handle), CS_ERR_OK);
    cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_NOREGNAME);
    unsigned rows = 0, bad = 0;
    for (uint32_t raw = 0; raw < 0xe800; raw++) { // above: 32-bit instructions
        if (left_out(raw)) {
            continue;
        }
        uint8_t bytes[2] = {(uint8_t)raw, (uint8_t)(raw >> 8)};
        char ours[128], theirs[256] = "<unknown>";
        cs_insn *insn;
        if (cs_disasm(handle, bytes, 2, 0x1000, 1, &insn)) {
            snprintf(theirs, sizeof theirs, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
                     insn->op_str);
            cs_free(insn, 1);
        }
        arm_disassemble(ISA_T16, arm_model_features("cortex-a9"), 0, 0x1000, raw, ours, sizeof ours);
        rows++;
        if (strcmp(ours, theirs) != 0 && bad++ < 20) {
            print_error("%04x: '%s', capstone '%s'\n", raw, ours, theirs);
        }
    }
    cs_close(&handle);
    print_message("capstone: %u halfwords, %u differ\n", rows, bad);
    assert_true(rows > 55000);
    assert_int_equal(bad, 0);
}

// ---- every row of the wide sets ------------------------------------------------------------------------------

struct rng {
    uint64_t s;
};

static uint32_t rnd(struct rng *r)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return (uint32_t)(r->s >> 16);
}

// Constants after '#', '{' and ':' as decimal numbers modulo 2^32; "} ^" closed up.
static void normalize(const char *in, char *out, size_t n)
{
    size_t k = 0;
    while (*in && k + 24 < n) {
        bool constant = (*in == '#' && (isdigit((unsigned char)in[1]) || in[1] == '-')) ||
                        ((*in == '{' || *in == ':') && isdigit((unsigned char)in[1]));
        if (constant) {
            bool minus_zero = in[1] == '-' && strtoll(in + 1, NULL, 0) == 0;
            char *end;
            long long v = strtoll(in + 1, &end, 0);
            if (*end != '.') {
                v = v < 0 && v >= -0x80000000ll ? v & 0xffffffffll : v;
                k += (size_t)snprintf(out + k, n - k, "%c%s%lld", *in, minus_zero ? "-" : "", v);
                in = end;
                continue;
            }
        }
        if (strncmp(in, "} ^", 3) == 0) {
            out[k++] = '}';
            out[k++] = '^';
            in += 3;
            continue;
        }
        out[k++] = (char)tolower((unsigned char)*in++);
    }
    out[k] = 0;
}

static bool named(const struct isa_row *row, const char *name)
{
    return strncmp(row->name, name, strlen(name)) == 0;
}

// Where capstone 4 and LLVM (which we follow) part, or the encoding is UNPREDICTABLE.
static bool row_left_out(const struct isa_row *row, uint32_t raw)
{
    // SSBB, PSSBB and ADR are later spellings.
    if (named(row, "DSB") || (row->set == ISA_T32 && (named(row, "ADR") || named(row, "ADDW") || named(row, "SUBW")))) {
        return true;
    }
    // A field that ends before it begins.
    if (named(row, "BFI") || named(row, "BFC")) {
        uint32_t lsb = isa_field(row, raw, 'j'), msb = isa_field(row, raw, 'w');
        return msb < lsb;
    }
    // Odd pairs.
    if (row->set == ISA_A32 && (named(row, "LDREXD") || named(row, "STREXD"))) {
        return true;
    }
    // Two copies of one register that disagree: LLVM shows one, we the one that is executed.
    if (row->set == ISA_T32 && (named(row, "CLZ") || named(row, "REV") || named(row, "RBIT"))) {
        return bits(raw, 19, 16) != bits(raw, 3, 0);
    }
    // Generic coprocessor instructions of the VFP coprocessors; ARMv8 put VSEL and others there.
    uint32_t p = isa_field(row, raw, 'p');
    if ((p == 10 || p == 11) && raw >> 28 == 15) {
        return true;
    }
    // Unprivileged loads and stores of the PC (UNPREDICTABLE) share their space with the plain ones.
    if ((named(row, "LDR") || named(row, "STR")) && bits(raw, 15, 12) == 15) {
        return true;
    }
    return false;
}

static void every_row_reads_as_in_capstone(void **state)
{
    (void)state;
    uint64_t features = arm_model_features("cortex-a15");
    csh arm, thumb;
    assert_int_equal(cs_open(CS_ARCH_ARM, CS_MODE_ARM, &arm), CS_ERR_OK);
    assert_int_equal(cs_open(CS_ARCH_ARM, CS_MODE_THUMB, &thumb), CS_ERR_OK);
    cs_option(arm, CS_OPT_SYNTAX, CS_OPT_SYNTAX_NOREGNAME);
    cs_option(thumb, CS_OPT_SYNTAX, CS_OPT_SYNTAX_NOREGNAME);
    struct rng rng = {0x123456789abcdefull};
    unsigned rows = 0, compared_rows = 0, cases = 0, bad = 0;
    for (unsigned k = 0; k < isa_row_count; k++) {
        const struct isa_row *row = &isa_rows[k];
        if (row->set == ISA_T16 || !(features >> row->feature & 1)) {
            continue;
        }
        rows++;
        unsigned compared = 0;
        for (unsigned n = 0; n < 100; n++) {
            uint32_t raw = (rnd(&rng) & ~row->mask) | row->value;
            raw = (raw & ~row->sb_mask) | row->sb_value;
            if (row->set != ISA_T32 && row->picture[0] == 'c') {
                raw = (raw & 0x0fffffffu) | 0xe0000000u;
                if (rnd(&rng) % 4 == 0) {
                    raw = (raw & 0x0fffffffu) | (rnd(&rng) % 14) << 28;
                }
            }
            bool t32 = row->set == ISA_T32;
            const struct isa_row *first = isa_find(t32 ? ISA_T32 : ISA_A32, raw, features, NULL, NULL);
            if (row_left_out(row, raw) || (first != row && row_left_out(first, raw))) {
                continue;
            }
            uint8_t bytes[4];
            put_le32(bytes, t32 ? raw >> 16 | raw << 16 : raw);
            char ours[256], theirs[256], a[300], b[300];
            arm_disassemble(t32 ? ISA_T32 : ISA_A32, features, 0, 0x1000, raw, ours, sizeof ours);
            cs_insn *insn;
            if (!cs_disasm(t32 ? thumb : arm, bytes, 4, 0x1000, 1, &insn)) {
                continue; // capstone refuses most of what is UNPREDICTABLE
            }
            snprintf(theirs, sizeof theirs, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "",
                     insn->op_str);
            bool whole = insn->size == 4;
            cs_free(insn, 1);
            if (!whole || strcmp(ours, "<unknown>") == 0) {
                continue; // what we take as UNDEFINED (the tables' notes say where)
            }
            normalize(ours, a, sizeof a);
            normalize(theirs, b, sizeof b);
            compared++;
            if (strcmp(a, b) != 0 && bad++ < 20) {
                print_error("%s %08x %s: '%s', capstone '%s'\n", t32 ? "T32" : "A32", raw, row->name,
                            ours, theirs);
            }
        }
        cases += compared;
        compared_rows += compared > 0;
    }
    cs_close(&arm);
    cs_close(&thumb);
    print_message("capstone: %u of %u rows compared, %u cases, %u differ\n", compared_rows, rows, cases,
                  bad);
    assert_true(compared_rows > rows * 9 / 10);
    assert_int_equal(bad, 0);
}

static void every_word_gives_one_line(void **state)
{
    (void)state;
    static const enum isa_set sets[] = {ISA_A32, ISA_T32};
    uint64_t s = 88172645463325252ull;
    for (unsigned n = 0; n < 400000; n++) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        uint32_t raw = (uint32_t)(s >> 16);
        enum isa_set set = sets[n & 1];
        if (set == ISA_T32) {
            raw |= 0xe8000000u;
        }
        char text[512], short_text[8];
        memset(text, 'x', sizeof text);
        unsigned flags = (unsigned)(s >> 60) & 7;
        assert_int_equal(arm_disassemble_as(set, arm_model_features(NULL), (uint8_t)(n % 3 ? 0 : 0x18),
                                            0x8000, raw, flags, text, sizeof text),
                         4);
        assert_non_null(memchr(text, 0, 400));
        assert_true(text[0] != 0 && !strchr(text, '\n'));
        if (strchr(text, '<')) { // no tag of a template may be left over
            assert_string_equal(text, "<unknown>");
        }
        arm_disassemble_as(set, arm_model_features(NULL), 0, 0x8000, raw, flags, short_text,
                           sizeof short_text);
        assert_non_null(memchr(short_text, 0, sizeof short_text));
    }
}

static void bytes_in_thumb_state_follow_it_blocks(void **state)
{
    (void)state;
    static const uint8_t code[] = {0x0a, 0xbf, 0x01, 0x20, 0x02, 0x30, 0x02, 0x20, 0x00, 0xf0, 0x02, 0xf8};
    static const char *const want[] = {"itet eq", "moveq r0, #1", "addne r0, #2", "moveq r0, #2",
                                       "bl #0x8010"};
    uint8_t it = 0;
    size_t at = 0;
    for (unsigned k = 0; k < sizeof want / sizeof want[0]; k++) {
        char text[64];
        unsigned used = arm_disassemble_bytes(true, arm_model_features("cortex-a8"), &it,
                                              0x8000 + (uint32_t)at, code + at, sizeof code - at, 0, text,
                                              sizeof text);
        assert_string_equal(text, want[k]);
        at += used;
    }
    assert_int_equal(at, sizeof code);
    char text[64];
    assert_int_equal(arm_disassemble_bytes(true, arm_model_features("cortex-a8"), &it, 0, code + 8, 2, 0,
                                           text, sizeof text),
                     0); // half of a wide instruction
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_t16_halfword_reads_as_in_capstone),
        cmocka_unit_test(every_row_reads_as_in_capstone),
        cmocka_unit_test(every_word_gives_one_line),
        cmocka_unit_test(bytes_in_thumb_state_follow_it_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
