// SPDX-License-Identifier: MIT
//
// The tables themselves: order, uniqueness, parsable layouts, and anchors to the public database's
// numbers that were typed in here by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bits.h"
#include "gpu-model/a2xx_regs.h"
#include "gpu-model/fields.h"
#include "gpu-model/gpu.h"

static void test_registers_are_sorted_and_unique(void **state)
{
    (void)state;
    unsigned n = 0;
    uint32_t last = 0;
    for (const struct gpu_reg_info *r; (r = gpu_reg_at(n)); n++) {
        if (n && r->reg <= last) {
            fail_msg("%s (0x%04x) is out of order", r->name, r->reg);
        }
        last = r->reg;
        assert_ptr_equal(gpu_reg_info(r->reg), r);
        for (unsigned k = 0; k < n; k++) {
            if (!strcmp(gpu_reg_at(k)->name, r->name)) {
                fail_msg("%s appears twice", r->name);
            }
        }
    }
    assert_true(n >= 380);
}

static void test_registers_have_the_database_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t reg;
        const char *name;
        enum gpu_reg_class cls;
    } anchor[] = {
        {0x0040, "MH_MMU_CONFIG", GPU_REG_PRIV},
        {0x01c0, "CP_RB_BASE", GPU_REG_PRIV},
        {0x01c4, "CP_RB_RPTR", GPU_REG_READONLY},
        {0x01f4, "CP_INT_ACK", GPU_REG_PRIV},
        {0x039c, "RBBM_PM_OVERRIDE1", GPU_REG_NOP},
        {0x0444, "CP_PERFMON_CNTL", GPU_REG_NOP},
        {0x057a, "CP_SCRATCH_REG2", GPU_REG_PRIV},
        {0x057f, "CP_SCRATCH_REG7", GPU_REG_STATE},
        {0x05d0, "RBBM_STATUS", GPU_REG_READONLY},
        {0x0d02, "SQ_INST_STORE_MANAGMENT", GPU_REG_NOP},
        {0x0e1e, "TP0_CHICKEN", GPU_REG_NOP},
        {0x0f01, "RB_BC_CONTROL", GPU_REG_NOP},
        {0x2000, "RB_SURFACE_INFO", GPU_REG_STATE},
        {0x2180, "SQ_PROGRAM_CNTL", GPU_REG_STATE},
        {0x231b, "RB_COPY_DEST_INFO", GPU_REG_STATE},
        {0x4000, "SQ_CONSTANT_0", GPU_REG_STATE},
        {0x4927, "SQ_CF_LOOP", GPU_REG_STATE},
    };
    for (unsigned i = 0; i < ARRAY_LEN(anchor); i++) {
        const struct gpu_reg_info *r = gpu_reg_info(anchor[i].reg);
        assert_non_null(r);
        assert_string_equal(r->name, anchor[i].name);
        assert_int_equal(r->cls, anchor[i].cls);
    }
    assert_null(gpu_reg_info(0x0000));
    assert_null(gpu_reg_info(0x2004));
    assert_null(gpu_reg_info(0x4928));
    assert_null(gpu_reg_info(~0u));
}

static void test_names_in_code_are_those_of_the_table(void **state)
{
    (void)state;
    static const struct {
        uint32_t reg;
        const char *name;
    } used[] = {
#define X(name, number) {number, #name},
        A2XX_REGS(X)
#undef X
    };
    for (unsigned i = 0; i < ARRAY_LEN(used); i++) {
        const struct gpu_reg_info *r = gpu_reg_info(used[i].reg);
        assert_non_null(r);
        assert_int_equal(r->reg, used[i].reg);
        assert_string_equal(r->name, used[i].name);
        if (!r->modelled) {
            fail_msg("%s is used by the engine but not marked modelled", r->name);
        }
    }
}

// Text of a value by a layout.
static const char *text_of(const char *layout, const char *end, uint32_t value, char *buf, size_t n)
{
    FILE *f = fmemopen(buf, n, "w");
    fields_print(layout, end, value, f);
    fclose(f);
    return buf;
}

// Every layout parses: fields cover distinct bits, and printing all ones leaves no bit unexplained
// when the fields cover all 32.
static void check_layout(const char *name, const char *layout, const char *end)
{
    char buf[4096];
    uint32_t covered = 0;
    size_t len = end ? (size_t)(end - layout) : strlen(layout);
    for (const char *p = layout; p < layout + len; p++) {
        char *q;
        if (*p != '[') {
            continue;
        }
        unsigned lo = (unsigned)strtoul(p + 1, &q, 10), hi = lo;
        if (*q == ':') {
            hi = (unsigned)strtoul(q + 1, &q, 10);
        }
        if (*q != ']' || hi > 31 || lo > hi) {
            fail_msg("%s: bad field at %.20s", name, p);
        }
        covered |= bits_put(0, hi, lo, ~0u);
    }
    text_of(layout, end, 0, buf, sizeof(buf));
    assert_true(strlen(buf) > 0);
    text_of(layout, end, ~0u, buf, sizeof(buf));
    if (covered == ~0u && strstr(buf, "| 0x")) {
        fail_msg("%s: %s", name, buf);
    }
}

static void test_every_field_layout_parses(void **state)
{
    (void)state;
    unsigned layouts = 0;
    for (unsigned i = 0; gpu_reg_at(i); i++) {
        if (gpu_reg_at(i)->fields) {
            check_layout(gpu_reg_at(i)->name, gpu_reg_at(i)->fields, NULL);
            layouts++;
        }
    }
    for (unsigned op = 0; op < 256; op++) {
        const struct gpu_packet_info *p = gpu_packet_info((uint8_t)op);
        for (const char *part = p ? p->fields : NULL; part;) {
            const char *end = strchr(part, ';');
            check_layout(p->name, part, end);
            layouts++;
            part = end ? end + 1 : NULL;
        }
    }
    assert_true(layouts > 80);
}

static void test_fields_print_as_the_reference_decoder_does(void **state)
{
    (void)state;
    static const struct {
        uint32_t reg, value;
        const char *text;
    } vector[] = {
        // lines of a decode by Mesa's tool
        {0x0f01, 0x1c004046,
         "{ ACCUM_TIMEOUT_SELECT = 3 | DISABLE_LZ_NULL_ZCMD_DROP | AZ_THROTTLE_COUNT = 0 | "
         "ENABLE_CRC_UPDATE | ACCUM_ALLOC_MASK = 0 | ACCUM_DATA_FIFO_LIMIT = 8 | "
         "MEM_EXPORT_TIMEOUT_SELECT = 3 }"},
        {0x2002, 0x00018001, "{ DEPTH_FORMAT = DEPTHX_24_8 | DEPTH_BASE = 98304 }"},
        {0x210d, 0xffff0000,
         "{ STENCILREF = 0 | STENCILMASK = 0 | STENCILWRITEMASK = 0xff | 0xff000000 }"},
        {0x210f, 0x43000000, "128.000000"},
        {0x2280, 0x00080008, "{ HEIGHT = 0.500000 | WIDTH = 0.500000 }"},
        {0x2080, 0x7fa07ff0, "{ X = -16 | Y = -96 }"},
        {0x2104, 0x0000000f, "{ WRITE_RED | WRITE_GREEN | WRITE_BLUE | WRITE_ALPHA }"},
        {0x2104, 0, "{ 0 }"},
        {0x2105, 0, "0"},
        {0x2108, 0xff, "0xff"},
        {0x2208, 5, "{ EDRAM_MODE = DEPTH_ONLY }"},
        {0x2208, 7, "{ EDRAM_MODE = 0x7 }"}, // no such value
    };
    char buf[1024];
    for (unsigned i = 0; i < ARRAY_LEN(vector); i++) {
        const char *layout = gpu_reg_info(vector[i].reg)->fields;
        assert_string_equal(text_of(layout, NULL, vector[i].value, buf, sizeof(buf)),
                            vector[i].text);
    }
}

static void test_packets_have_the_database_numbers(void **state)
{
    (void)state;
    static const struct {
        uint8_t op;
        const char *name;
        bool ring_only, implemented, has_address;
    } anchor[] = {
        {0x10, "CP_NOP", false, true, false},
        {0x22, "CP_DRAW_INDX", false, true, true},
        {0x26, "CP_WAIT_FOR_IDLE", false, true, false},
        {0x2b, "CP_IM_LOAD_IMMEDIATE", false, true, false},
        {0x2d, "CP_SET_CONSTANT", false, true, false},
        {0x2e, "CP_LOAD_CONSTANT_CONTEXT", false, true, true},
        {0x34, "CP_DRAW_INDX_BIN", false, true, true},
        {0x37, "CP_INDIRECT_BUFFER_PFD", false, true, true},
        {0x3b, "CP_INVALIDATE_STATE", false, true, false},
        {0x3d, "CP_MEM_WRITE", false, true, true},
        {0x3e, "CP_REG_TO_MEM", false, true, true},
        {0x40, "CP_INTERRUPT", true, true, false},
        {0x46, "CP_EVENT_WRITE", false, true, true},
        {0x48, "CP_ME_INIT", true, true, false},
        {0x4a, "CP_SET_SHADER_BASES", false, true, false},
        {0x4b, "CP_SET_DRAW_INIT_FLAGS", false, true, true},
        {0x52, "CP_WAIT_REG_EQ", false, true, false},
        {0x5f, "CP_SET_PROTECTED_MODE", true, true, false},
        {0x36, "CP_DRAW_INDX_2", false, true, false},
        {0x25, "CP_SET_STATE", false, false, true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(anchor); i++) {
        const struct gpu_packet_info *p = gpu_packet_info(anchor[i].op);
        assert_non_null(p);
        assert_string_equal(p->name, anchor[i].name);
        assert_int_equal(p->opcode, anchor[i].op);
        assert_int_equal(p->ring_only, anchor[i].ring_only);
        assert_int_equal(p->implemented, anchor[i].implemented);
        assert_int_equal(p->has_address, anchor[i].has_address);
    }
    unsigned rows = 0;
    for (unsigned op = 0; op < 256; op++) {
        const struct gpu_packet_info *p = gpu_packet_info((uint8_t)op);
        if (p) {
            rows++;
            assert_true(p->min_dwords >= 1 && p->min_dwords <= p->max_dwords);
            assert_true(p->max_dwords <= 0x4000);
        }
    }
    assert_true(rows >= 60);
    assert_null(gpu_packet_info(0x7f));
}

static void test_profiles_are_found_by_name_and_number(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t id, gmem;
        bool a20x;
    } chip[] = {
        {"a200", 200, 256 << 10, true},  {"a201", 201, 128 << 10, true},
        {"a205", 205, 256 << 10, true},  {"a220", 220, 512 << 10, false},
        {"a225", 225, 512 << 10, false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(chip); i++) {
        const struct gpu_profile *p = gpu_profile_find(chip[i].name);
        assert_non_null(p);
        assert_ptr_equal(p, gpu_profile_find(chip[i].name + 1));
        assert_ptr_equal(p, gpu_profile_at(i));
        assert_int_equal(p->gpu_id, chip[i].id);
        assert_int_equal(p->gmem_bytes, chip[i].gmem);
        assert_int_equal(p->a20x, chip[i].a20x);
    }
    assert_null(gpu_profile_at(ARRAY_LEN(chip)));
    assert_null(gpu_profile_find("a300"));
    assert_null(gpu_profile_find(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_are_sorted_and_unique),
        cmocka_unit_test(test_registers_have_the_database_numbers),
        cmocka_unit_test(test_names_in_code_are_those_of_the_table),
        cmocka_unit_test(test_every_field_layout_parses),
        cmocka_unit_test(test_fields_print_as_the_reference_decoder_does),
        cmocka_unit_test(test_packets_have_the_database_numbers),
        cmocka_unit_test(test_profiles_are_found_by_name_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
