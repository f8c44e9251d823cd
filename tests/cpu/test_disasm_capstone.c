// SPDX-License-Identifier: MIT
//
// Disassembly of the whole T16 space against libcapstone, text for text, and the disassembler's own
// promises: every word of every set gives one short line, and long buffers are not needed to know it.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <capstone/capstone.h>
#include <stdio.h>
#include <string.h>

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
        cmocka_unit_test(every_word_gives_one_line),
        cmocka_unit_test(bytes_in_thumb_state_follow_it_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
