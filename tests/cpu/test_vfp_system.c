// SPDX-License-Identifier: MIT
//
// VFP and Advanced SIMD as part of the core: who may use them and when, the system registers, what
// aborts leave behind, alignment checks and big-endian data.
#include "tests/cpu/rig.h"

enum { CODE = 0x10000, DATA = 0x20000, DFSR_ALIGN = 1, DFSR_EXTERNAL = 8 };
enum { VADD_F32 = 0xee300a80,   // vadd.f32 s0, s1, s0
       VADD_I8 = 0xf2000800,    // vadd.i8 d0, d0, d0
       VMOV_TO_8 = 0xee400b10,  // vmov.8 d0[0], r0
       VMOV_TO_32 = 0xee000b10, // vmov.32 d0[0], r0
       VMRS_FPSCR = 0xeef11a10, VMSR_FPSCR = 0xeee11a10, VMRS_FPEXC = 0xeef81a10,
       VMSR_FPEXC = 0xeee81a10, VMRS_FPSID = 0xeef01a10, VMRS_MVFR0 = 0xeef71a10,
       VMRS_MVFR1 = 0xeef61a10 };
enum { USR = 0x10, SYS = 0x1f, FPEXC_EN = 1 << 30 };

// Runs one A32 instruction in a mode; true when it was not UNDEFINED.
static bool runs(struct rig *r, uint32_t word, uint32_t mode)
{
    cpu_set(r->cpu, CPU_CPSR, 0x1c0 | mode);
    cpu_set(r->cpu, CPU_PC, CODE);
    rig_w32(r, CODE, word);
    cpu_run(r->cpu, 1);
    uint32_t pc = cpu_get(r->cpu, CPU_PC);
    assert_true(pc == CODE + 4 || pc == 4);
    return pc == CODE + 4;
}

static void set_cpacr(struct rig *r, uint32_t v)
{
    cpu_set(r->cpu, CPU_CPSR, 0x1c0 | SYS);
    rig_cp15(r, 1, 0, 0, 2, v);
}

static void nothing_runs_while_fpexc_en_is_clear(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    set_cpacr(&r, 0xf << 20);
    assert_false(runs(&r, VADD_F32, SYS));
    assert_false(runs(&r, VADD_I8, SYS));
    assert_false(runs(&r, VMRS_FPSCR, SYS));
    assert_true(runs(&r, VMRS_FPEXC, SYS)); // these answer
    assert_true(runs(&r, VMRS_FPSID, SYS));
    assert_true(runs(&r, VMRS_MVFR0, SYS));
    assert_false(runs(&r, VMRS_FPEXC, USR));
    assert_false(runs(&r, VMRS_FPSID, USR));
    cpu_set(r.cpu, CPU_CPSR, 0x1c0 | SYS);
    cpu_set(r.cpu, CPU_R1, 0xffffffff);
    assert_true(runs(&r, VMSR_FPEXC, SYS));
    assert_int_equal(cpu_get(r.cpu, CPU_FPEXC), FPEXC_EN);
    assert_true(runs(&r, VADD_F32, USR));
    assert_true(runs(&r, VADD_I8, USR));
    assert_true(runs(&r, VMRS_FPSCR, USR));
    assert_false(runs(&r, VMRS_FPEXC, USR));
    rig_fini(&r);
}

static void cpacr_closes_the_coprocessors(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    set_cpacr(&r, 0);
    assert_false(runs(&r, VADD_F32, SYS));
    assert_false(runs(&r, VMRS_FPEXC, SYS));
    set_cpacr(&r, 5 << 20); // privileged only
    assert_true(runs(&r, VADD_F32, SYS));
    assert_false(runs(&r, VADD_F32, USR));
    set_cpacr(&r, 0xf << 20);
    assert_true(runs(&r, VADD_F32, USR));
    rig_fini(&r);
}

static void asedis_takes_advanced_simd_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a9");
    rig_fp_on(&r);
    set_cpacr(&r, 0x80f00000);
    uint32_t cpacr;
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 2, &cpacr));
    if (cpacr >> 31) { // where the model has the bit
        assert_false(runs(&r, VADD_I8, SYS));
        assert_false(runs(&r, VMOV_TO_8, SYS));
        assert_false(runs(&r, 0xf4200a0f, SYS)); // vld1.8 {d0, d1}, [r0]
    }
    assert_true(runs(&r, VADD_F32, SYS));
    assert_true(runs(&r, VMOV_TO_32, SYS));
    rig_fini(&r);
}

static void cores_without_advanced_simd_do_not_decode_it(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm1176");
    rig_fp_on(&r);
    assert_true(runs(&r, VADD_F32, SYS));
    assert_false(runs(&r, VADD_I8, SYS));
    assert_false(runs(&r, VMOV_TO_8, SYS));
    assert_false(runs(&r, 0xee700ba0, SYS)); // vadd.f64 d16, d16, d16: sixteen registers only
    assert_false(runs(&r, 0xeeb70a00, SYS)); // vmov.f32 s0, #1.0 is VFPv3
    rig_fini(&r);
}

static uint32_t vmrs(struct rig *r, uint32_t word)
{
    assert_true(runs(r, word, SYS));
    return cpu_get(r->cpu, CPU_R1);
}

static void identification_is_the_models(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    assert_int_equal(vmrs(&r, VMRS_FPSID), 0x410330c3);
    assert_int_equal(vmrs(&r, VMRS_MVFR0), 0x11110222);
    assert_int_equal(vmrs(&r, VMRS_MVFR1), 0x00011111);
    rig_fini(&r);
}

static void fpscr_keeps_what_the_model_has(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t kept;
    } rows[] = {
        {"cortex-a8", 0xfbf7009f},  // no half precision, no trapped exceptions
        {"cortex-a9", 0xfff7009f},
        {"arm1176", 0xf3f79f9f},    // no QC; trap enables are stored
    };
    for (unsigned k = 0; k < ARRAY_LEN(rows); k++) {
        struct rig r;
        rig_init(&r, rows[k].model);
        rig_fp_on(&r);
        cpu_set(r.cpu, CPU_R1, 0xffffffff);
        assert_true(runs(&r, VMSR_FPSCR, SYS));
        cpu_set(r.cpu, CPU_R1, 0);
        assert_int_equal(vmrs(&r, VMRS_FPSCR), rows[k].kept);
        assert_int_equal(cpu_get(r.cpu, CPU_FPSCR), rows[k].kept);
        rig_fini(&r);
    }
}

static void comparison_reaches_the_flags(void **state)
{
    (void)state;
    static const struct {
        uint32_t a, b, nzcv;
    } rows[] = {
        {0x3f800000, 0x40000000, 8}, {0x40000000, 0x40000000, 6}, {0x40000000, 0x3f800000, 2},
        {0x7fc00000, 0x3f800000, 3}, {0x80000000, 0x00000000, 6},
    };
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    for (unsigned k = 0; k < ARRAY_LEN(rows); k++) {
        cpu_set_d(r.cpu, 0, rows[k].a | (uint64_t)rows[k].b << 32);
        cpu_set(r.cpu, CPU_CPSR, 0x1c0 | SYS);
        cpu_set(r.cpu, CPU_PC, CODE);
        rig_code(&r, CODE, 0xeeb40a60, 0xeef1fa10); // vcmp.f32 s0, s1; vmrs APSR_nzcv, fpscr
        cpu_run(r.cpu, 2);
        assert_int_equal(cpu_get(r.cpu, CPU_CPSR) >> 28, rows[k].nzcv);
    }
    rig_fini(&r);
}

// A load of several registers that aborts in the middle changes none and does not write back.
static void an_abort_leaves_registers_alone(void **state)
{
    (void)state;
    static const uint32_t words[] = {
        0xecb00b08, // vldmia r0!, {d0-d3}
        0xecb00a08, // vldmia r0!, {s0-s7}
        0xf420028d, // vld1.32 {d0-d3}, [r0]!
        0xf420008d, // vld4.32 {d0-d3}, [r0]!
        0xf4a00b8d, // vld4.32 {d0[1], d1[1], d2[1], d3[1]}, [r0]!
    };
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    for (unsigned k = 0; k < ARRAY_LEN(words); k++) {
        for (unsigned d = 0; d < 4; d++) {
            cpu_set_d(r.cpu, d, 0x1111111111111111ull * (d + 1));
        }
        cpu_set(r.cpu, CPU_CPSR, 0x1c0 | SYS);
        cpu_set(r.cpu, CPU_R0, 0x9ffffff8); // the bus answers for two words, then aborts
        cpu_set(r.cpu, CPU_PC, CODE);
        rig_w32(&r, CODE, words[k]);
        cpu_run(r.cpu, 1);
        assert_int_equal(cpu_get(r.cpu, CPU_PC), 0x10);
        assert_int_equal(cpu_get(r.cpu, CPU_R0), 0x9ffffff8);
        for (unsigned d = 0; d < 4; d++) {
            assert_true(cpu_get_d(r.cpu, d) == 0x1111111111111111ull * (d + 1));
        }
    }
    rig_fini(&r);
}

// Runs one word with R0 = va; the fault status, or 0.
static uint32_t fault_of(struct rig *r, uint32_t word, uint32_t va)
{
    cpu_set(r->cpu, CPU_CPSR, 0x1c0 | SYS);
    cpu_set(r->cpu, CPU_R0, va);
    cpu_set(r->cpu, CPU_PC, CODE);
    rig_w32(r, CODE, word);
    cpu_run(r->cpu, 1);
    if (cpu_get(r->cpu, CPU_PC) == CODE + 4) {
        return 0;
    }
    assert_int_equal(cpu_get(r->cpu, CPU_PC), 0x10);
    uint32_t dfsr, dfar;
    assert_true(cpu_get_cp15(r->cpu, 5, 0, 0, 0, &dfsr));
    assert_true(cpu_get_cp15(r->cpu, 6, 0, 0, 0, &dfar));
    assert_int_equal(dfar, va);
    return dfsr & 0xf;
}

static void alignment_is_checked_where_asked_for(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    rig_mmu_on(&r);
    static const struct {
        uint32_t word, bytes; // bytes: required alignment
    } rows[] = {
        {0xed900b00, 4},  // vldr d0, [r0]
        {0xed900a00, 4},  // vldr s0, [r0]
        {0xed800b00, 4},  // vstr d0, [r0]
        {0xec900b04, 4},  // vldmia r0, {d0, d1}
        {0xec800b04, 4},  // vstmia r0, {d0, d1}
        {0xf420070f, 1},  // vld1.8 {d0}, [r0]
        {0xf420078f, 1},  // vld1.32 {d0}, [r0]
        {0xf420079f, 8},  // vld1.32 {d0}, [r0:64]
        {0xf4200aaf, 16}, // vld1.32 {d0, d1}, [r0:128]
        {0xf42002bf, 32}, // vld1.32 {d0-d3}, [r0:256]
        {0xf40002bf, 32}, // vst1.32 {d0-d3}, [r0:256]
        {0xf420008f, 1},  // vld4.32 {d0-d3}, [r0]
        {0xf4a008bf, 4},  // vld1.32 {d0[1]}, [r0:32]
        {0xf4a00c9f, 4},  // vld1.32 {d0[]}, [r0:32]
        {0xf4a00baf, 16}, // vld4.32 {d0[1], ...}, [r0:128]
    };
    for (unsigned k = 0; k < ARRAY_LEN(rows); k++) {
        for (uint32_t off = 0; off < 64; off++) {
            uint32_t want = off % rows[k].bytes ? DFSR_ALIGN : 0;
            assert_int_equal(fault_of(&r, rows[k].word, DATA + off), want);
        }
    }
    // SCTLR.A asks for element alignment of everything.
    uint32_t sctlr;
    assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 2);
    assert_int_equal(fault_of(&r, 0xf420070f, DATA + 1), 0); // bytes
    assert_int_equal(fault_of(&r, 0xf420074f, DATA + 1), DFSR_ALIGN); // halfwords
    assert_int_equal(fault_of(&r, 0xf420074f, DATA + 2), 0);
    assert_int_equal(fault_of(&r, 0xf420078f, DATA + 2), DFSR_ALIGN);
    rig_fini(&r);
}

static void big_endian_data_turns_elements(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    for (unsigned k = 0; k < 8; k++) {
        r.ram[DATA + k] = (uint8_t)(k + 1);
    }
    static const struct {
        uint32_t word;
        uint64_t little, big;
    } rows[] = {
        {0xed900b00, 0x0807060504030201, 0x0102030405060708}, // vldr d0
        {0xec900b02, 0x0807060504030201, 0x0102030405060708}, // vldmia r0, {d0}
        {0xec900a02, 0x0807060504030201, 0x0506070801020304}, // vldmia r0, {s0, s1}
        {0xf420070f, 0x0807060504030201, 0x0807060504030201}, // vld1.8
        {0xf420074f, 0x0807060504030201, 0x0708050603040102}, // vld1.16
        {0xf420078f, 0x0807060504030201, 0x0506070801020304}, // vld1.32
        {0xf42007cf, 0x0807060504030201, 0x0102030405060708}, // vld1.64
    };
    for (unsigned big = 0; big < 2; big++) {
        for (unsigned k = 0; k < ARRAY_LEN(rows); k++) {
            cpu_set(r.cpu, CPU_CPSR, 0x1c0 | SYS | big << 9);
            cpu_set(r.cpu, CPU_R0, DATA);
            cpu_set(r.cpu, CPU_R1, DATA + 64);
            cpu_set(r.cpu, CPU_PC, CODE);
            rig_code(&r, CODE, rows[k].word, (rows[k].word & ~(1u << (rows[k].word >> 28 == 15 ? 21 : 20))) | 1 << 16);
            cpu_run(r.cpu, 2);
            assert_true(cpu_get_d(r.cpu, 0) == (big ? rows[k].big : rows[k].little));
            assert_memory_equal(r.ram + DATA, r.ram + DATA + 64, 8); // stored as it was loaded
        }
    }
    rig_fini(&r);
}

static void the_extra_word_of_fldmx_is_skipped(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    put_le64(r.ram + DATA, 0x1122334455667788ull);
    cpu_set(r.cpu, CPU_R0, DATA);
    assert_true(runs(&r, 0xecb01b03, SYS)); // fldmiax r0!, {d1}
    assert_true(cpu_get_d(r.cpu, 1) == 0x1122334455667788ull);
    assert_int_equal(cpu_get(r.cpu, CPU_R0), DATA + 12);
    rig_fini(&r);
}

// A32 conditions, and Advanced SIMD (unconditional in A32) under IT in Thumb.
static void conditions_hold_for_extension_instructions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a8");
    rig_fp_on(&r);
    for (unsigned z = 0; z < 2; z++) {
        cpu_set_d(r.cpu, 0, 0x4000000040000000ull); // 2.0f, 2.0f
        cpu_set(r.cpu, CPU_CPSR, 0x1c0 | SYS | z << 30);
        cpu_set(r.cpu, CPU_PC, CODE);
        rig_w32(&r, CODE, 0x0e300a80); // vaddeq.f32 s0, s1, s0
        cpu_run(r.cpu, 1);
        assert_int_equal((uint32_t)cpu_get_d(r.cpu, 0), z ? 0x40800000 : 0x40000000);
        cpu_set_d(r.cpu, 1, 0x0101010101010101ull);
        cpu_set(r.cpu, CPU_CPSR, 0x1e0 | SYS | z << 30);
        cpu_set(r.cpu, CPU_PC, CODE);
        rig_thumb(&r, CODE, 0xbf0c, 0xef01, 0x1801, 0xff01, 0x1801); // ite eq; vadd.i8; vsub.i8 d1, d1, d1
        cpu_run(r.cpu, 3);
        assert_int_equal(cpu_get(r.cpu, CPU_PC), CODE + 10);
        assert_true(cpu_get_d(r.cpu, 1) == (z ? 0x0202020202020202ull : 0));
    }
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_runs_while_fpexc_en_is_clear),
        cmocka_unit_test(cpacr_closes_the_coprocessors),
        cmocka_unit_test(asedis_takes_advanced_simd_alone),
        cmocka_unit_test(cores_without_advanced_simd_do_not_decode_it),
        cmocka_unit_test(identification_is_the_models),
        cmocka_unit_test(fpscr_keeps_what_the_model_has),
        cmocka_unit_test(comparison_reaches_the_flags),
        cmocka_unit_test(an_abort_leaves_registers_alone),
        cmocka_unit_test(alignment_is_checked_where_asked_for),
        cmocka_unit_test(big_endian_data_turns_elements),
        cmocka_unit_test(the_extra_word_of_fldmx_is_skipped),
        cmocka_unit_test(conditions_hold_for_extension_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
