// SPDX-License-Identifier: MIT
//
// Address translation: every descriptor format of ARMv4 to ARMv7, permissions, domains, fault status,
// TLB maintenance, ASIDs, FCSE, remapping, address translation operations.
#include "tests/cpu/rig.h"

enum { VA = 0x80000000, PA = 0x200000, CODE = 0x1000, L2 = RIG_L2 };
enum { LDR_R0_R1 = 0xe5910000, STR_R0_R1 = 0xe5810000, LDRT_R0_R1 = 0xe4b10000, SELF = 0xeafffffe };
enum { DFSR = 5, DFAR = 6 };

static uint32_t cp15(struct rig *r, unsigned crn, unsigned opc2)
{
    uint32_t v = 0;
    assert_true(cpu_get_cp15(r->cpu, crn, 0, 0, opc2, &v));
    return v;
}

// Maps the first megabytes flat (sections, domain 0, privileged only is enough) and leaves VA empty.
static void start(struct rig *r, const char *model, bool v6)
{
    rig_init(r, model);
    for (uint32_t mb = 0; mb < 16; mb++) {
        rig_w32(r, RIG_TABLE + 4 * mb, mb << 20 | 0xc0e | (v6 ? 0 : 0x10));
    }
    rig_cp15(r, 2, 0, 0, 0, RIG_TABLE);
    rig_cp15(r, 3, 0, 0, 0, 0x55555555);
    uint32_t sctlr = cp15(r, 1, 0) | 1 | (v6 ? 1 << 23 : 0);
    rig_cp15(r, 1, 0, 0, 0, sctlr);
    for (unsigned k = 0; k < 0x1000; k += 4) {
        rig_w32(r, PA + k, 0xda7a0000 + k);
    }
    cpu_set(r->cpu, CPU_CPSR, 0x1f);
}

static void l1(struct rig *r, uint32_t va, uint32_t d)
{
    rig_w32(r, RIG_TABLE + (va >> 20) * 4, d);
    rig_cp15(r, 8, 0, 7, 0, 0);
}

// Runs one access at va; returns the fault status (0 = none), checks FAR, and puts the value in *val.
static unsigned access_va(struct rig *r, uint32_t insn, uint32_t va, bool user, uint32_t *val)
{
    rig_code(r, CODE, insn);
    rig_cp15(r, 5, 0, 0, 0, 0);
    cpu_set(r->cpu, CPU_CPSR, user ? 0x10 : 0x1f);
    cpu_set(r->cpu, CPU_R0, 0x5a5a1234);
    cpu_set(r->cpu, CPU_R1, va);
    cpu_set(r->cpu, CPU_PC, CODE);
    assert_int_equal(cpu_run(r->cpu, 1), CPU_STOP_BUDGET);
    unsigned mode = cpu_get(r->cpu, CPU_CPSR) & 0x1f;
    uint32_t fsr = cp15(r, DFSR, 0);
    if (mode == 0x17) {
        assert_int_equal(cpu_get(r->cpu, CPU_LR), CODE + 8);
        assert_int_equal(cp15(r, DFAR, 0), va);
        assert_true(fsr & 0xf);
        cpu_set(r->cpu, CPU_CPSR, 0x1f);
        return fsr;
    }
    assert_int_equal(cpu_get(r->cpu, CPU_PC), CODE + 4);
    if (val) {
        *val = cpu_get(r->cpu, CPU_R0);
    }
    return 0;
}

static unsigned read_fault(struct rig *r, uint32_t va, bool user)
{
    return access_va(r, LDR_R0_R1, va, user, NULL) & 0xff;
}

static unsigned write_fault(struct rig *r, uint32_t va, bool user)
{
    return access_va(r, STR_R0_R1, va, user, NULL) & 0xff;
}

static void expect_reads(struct rig *r, uint32_t va, uint32_t pa)
{
    uint32_t v = 0, got;
    assert_int_equal(access_va(r, LDR_R0_R1, va, false, &v), 0);
    assert_int_equal(v, rig_r32(r, pa));
    assert_true(cpu_translate(r->cpu, va, CPU_READ, &got));
    assert_int_equal(got, pa);
}

// ---- formats ----------------------------------------------------------------------------------------

static void test_v7_formats_translate(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 0xc0e); // section
    expect_reads(&r, VA + 0x123 * 4, PA + 0x123 * 4);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, L2 + 4 * 5, PA | 0x3e); // small page
    expect_reads(&r, VA + 0x5000 + 0x18, PA + 0x18);
    for (unsigned k = 16; k < 32; k++) { // large page
        rig_w32(&r, L2 + 4 * k, PA | 0x3d);
    }
    rig_w32(&r, PA + 0x7004, 0x11223344);
    expect_reads(&r, VA + 0x17004, PA + 0x7004);
    for (unsigned k = 0; k < 16; k++) { // supersection
        rig_w32(&r, RIG_TABLE + ((VA >> 20) + 0x10 + k) * 4, 0x00040c0e);
    }
    rig_cp15(&r, 8, 0, 7, 0, 0);
    expect_reads(&r, VA + 0x1000000 + PA + 8, PA + 8);
    rig_fini(&r);
}

static void test_old_formats_translate(void **state)
{
    (void)state;
    static const char *const models[] = {"arm920t", "arm926", "arm1136", "arm1176"};
    for (size_t m = 0; m < ARRAY_LEN(models); m++) {
        struct rig r;
        start(&r, models[m], false);
        l1(&r, VA, PA | 0xc1e); // section
        expect_reads(&r, VA + 0x444, PA + 0x444);
        l1(&r, VA, L2 | 0x11); // coarse
        rig_w32(&r, L2 + 4 * 3, PA | 0xffe);
        expect_reads(&r, VA + 0x3abc, PA + 0xabc);
        for (unsigned k = 16; k < 32; k++) {
            rig_w32(&r, L2 + 4 * k, PA | 0xffd);
        }
        expect_reads(&r, VA + 0x10000 + 0x34, PA + 0x34);
        if (m < 2) { // fine tables with tiny pages
            l1(&r, VA, L2 | 0x13);
            rig_w32(&r, L2 + 4 * 6, (PA + 0x400) | 0x33);
            rig_w32(&r, L2 + 4 * 7, (PA + 0xc00) | 0x33);
            expect_reads(&r, VA + 6 * 0x400 + 8, PA + 0x408);
            expect_reads(&r, VA + 7 * 0x400 + 12, PA + 0xc0c);
            rig_w32(&r, L2 + 4 * 8, PA | 0xffe); // small page in four entries
            rig_w32(&r, L2 + 4 * 9, PA | 0xffe);
            expect_reads(&r, VA + 9 * 0x400, PA + 0x400);
        }
        rig_fini(&r);
    }
}

static void test_v6_format_of_the_1176(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "arm1176", true);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, L2, PA | 0x3e);
    expect_reads(&r, VA + 0x10, PA + 0x10);
    rig_fini(&r);
}

// ---- permissions -----------------------------------------------------------------------------------

// What each AP allows: privileged read, write, user read, write.
static void check_ap(struct rig *r, unsigned ap, const char *want)
{
    unsigned perm = 0xd; // section
    assert_int_equal(read_fault(r, VA, false) & 0xf, want[0] == 'y' ? 0 : perm);
    assert_int_equal(write_fault(r, VA, false) & 0xf, want[1] == 'y' ? 0 : perm);
    assert_int_equal(read_fault(r, VA, true) & 0xf, want[2] == 'y' ? 0 : perm);
    assert_int_equal(write_fault(r, VA, true) & 0xf, want[3] == 'y' ? 0 : perm);
    (void)ap;
}

static void test_v7_permissions(void **state)
{
    (void)state;
    static const char *const want[8] = {"nnnn", "yynn", "yyyn", "yyyy",
                                        "nnnn", "ynnn", "ynyn", "ynyn"};
    struct rig r;
    start(&r, "cortex-a8", true);
    for (unsigned ap = 0; ap < 8; ap++) {
        l1(&r, VA, PA | 2 | (ap & 3) << 10 | (ap >> 2) << 15);
        check_ap(&r, ap, want[ap]);
    }
    rig_fini(&r);
}

static void test_old_permissions_with_s_and_r(void **state)
{
    (void)state;
    static const char *const want[4][4] = {
        {"nnnn", "yynn", "yyyn", "yyyy"}, // S = R = 0
        {"ynnn", "yynn", "yyyn", "yyyy"}, // S
        {"ynyn", "yynn", "yyyn", "yyyy"}, // R
        {"ynyn", "yynn", "yyyn", "yyyy"}, // both
    };
    struct rig r;
    start(&r, "arm920t", false);
    uint32_t sctlr = cp15(&r, 1, 0) & ~0x300u;
    for (unsigned sr = 0; sr < 4; sr++) {
        rig_cp15(&r, 1, 0, 0, 0, sctlr | sr << 8);
        for (unsigned ap = 0; ap < 4; ap++) {
            l1(&r, VA, PA | 0x12 | ap << 10);
            check_ap(&r, ap, want[sr][ap]);
        }
    }
    rig_fini(&r);
}

static void test_subpages_have_their_own_permissions(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "arm920t", false);
    l1(&r, VA, L2 | 0x11);
    // AP3 = 3, AP2 = 2, AP1 = 1, AP0 = 0
    rig_w32(&r, L2, PA | 0xe40 >> 0 | 2);
    rig_w32(&r, L2, PA | 3 << 10 | 2 << 8 | 1 << 6 | 0 << 4 | 2);
    assert_int_equal(read_fault(&r, VA + 0x010, false), 0x0f);
    assert_int_equal(read_fault(&r, VA + 0x410, false), 0);
    assert_int_equal(read_fault(&r, VA + 0x410, true), 0x0f);
    assert_int_equal(read_fault(&r, VA + 0x810, true), 0);
    assert_int_equal(write_fault(&r, VA + 0x810, true), 0x0f);
    assert_int_equal(write_fault(&r, VA + 0xc10, true), 0);
    expect_reads(&r, VA + 0xe70, PA + 0xe70);
    // Large pages: one permission each 16 KiB.
    for (unsigned k = 16; k < 32; k++) {
        rig_w32(&r, L2 + 4 * k, PA | 3 << 10 | 2 << 8 | 1 << 6 | 0 << 4 | 1);
    }
    rig_cp15(&r, 8, 0, 7, 0, 0);
    assert_int_equal(read_fault(&r, VA + 0x10000, false), 0x0f);
    assert_int_equal(read_fault(&r, VA + 0x14000, false), 0);
    assert_int_equal(read_fault(&r, VA + 0x14000, true), 0x0f);
    assert_int_equal(write_fault(&r, VA + 0x1c000, true), 0);
    rig_fini(&r);
}

static void test_unprivileged_loads_use_user_permissions(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 0x402); // privileged only
    assert_int_equal(read_fault(&r, VA, false), 0);
    assert_int_equal(access_va(&r, LDRT_R0_R1, VA, false, NULL) & 0xf, 0xd);
    l1(&r, VA, PA | 0xc02);
    assert_int_equal(access_va(&r, LDRT_R0_R1, VA, false, NULL), 0);
    rig_fini(&r);
}

static void test_access_flag(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    // With AFE, AP[0] = 0 faults; the flat sections have it set.
    rig_cp15(&r, 1, 0, 0, 0, cp15(&r, 1, 0) | 1 << 29);
    l1(&r, VA, PA | 0x802);
    assert_int_equal(read_fault(&r, VA, false), 0x03);
    l1(&r, VA, PA | 0xc02);
    assert_int_equal(read_fault(&r, VA, true), 0);
    l1(&r, VA, PA | 0x402);
    assert_int_equal(read_fault(&r, VA, true), 0x0d);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, L2, PA | 0x22);
    assert_int_equal(read_fault(&r, VA, false), 0x06);
    rig_fini(&r);
}

// ---- domains, fault codes --------------------------------------------------------------------------

static void test_domains_come_before_permissions(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 2 | 3 << 5); // no access, domain 3
    for (unsigned d = 0; d < 4; d++) {
        rig_cp15(&r, 3, 0, 0, 0, 1 | d << 6);
        unsigned want = d == 3 ? 0 : d == 1 ? 0x3d : 0x39;
        assert_int_equal(read_fault(&r, VA, false), want);
        assert_int_equal(write_fault(&r, VA, true), want);
    }
    rig_fini(&r);
}

static void test_fault_status_names_level_domain_and_direction(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, 0);
    assert_int_equal(access_va(&r, LDR_R0_R1, VA, false, NULL), 0x005);
    assert_int_equal(access_va(&r, STR_R0_R1, VA, false, NULL), 0x805);
    l1(&r, VA, L2 | 1 | 7 << 5);
    rig_w32(&r, L2, 0);
    assert_int_equal(access_va(&r, STR_R0_R1, VA, false, NULL), 0x877);
    rig_w32(&r, L2, PA | 0x12); // privileged only
    assert_int_equal(access_va(&r, LDR_R0_R1, VA, true, NULL), 0x07f);
    rig_cp15(&r, 3, 0, 0, 0, 1);
    assert_int_equal(access_va(&r, LDR_R0_R1, VA, true, NULL), 0x07b);
    l1(&r, VA, 0xc0000002 | 0xc00); // nothing answers there
    rig_cp15(&r, 3, 0, 0, 0, 1);
    assert_int_equal(access_va(&r, LDR_R0_R1, VA, false, NULL), 0x008);
    l1(&r, VA, 0xc0000001); // second level table on a bus that aborts
    assert_int_equal(access_va(&r, LDR_R0_R1, VA, false, NULL) & 0xf, 0x00e);
    rig_cp15(&r, 2, 0, 0, 0, RIG_TABLE);
    rig_fini(&r);
}

static void test_alignment_faults_come_first(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, 0);
    rig_cp15(&r, 1, 0, 0, 0, cp15(&r, 1, 0) | 2);
    assert_int_equal(read_fault(&r, VA + 1, false), 0x01);
    assert_int_equal(read_fault(&r, VA, false), 0x05);
    rig_fini(&r);
}

static void test_execute_never(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    rig_w32(&r, PA, SELF);
    l1(&r, VA, PA | 0xc12);
    cpu_set(r.cpu, CPU_CPSR, 0x1f);
    cpu_set(r.cpu, CPU_PC, VA);
    cpu_run(r.cpu, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x1f, 0x17);
    assert_int_equal(cpu_get(r.cpu, CPU_LR), VA + 4);
    assert_int_equal(cp15(&r, 5, 1), 0x0d);
    assert_int_equal(cp15(&r, 6, 2), VA);
    // A manager domain ignores it.
    rig_cp15(&r, 3, 0, 0, 0, 3);
    cpu_set(r.cpu, CPU_CPSR, 0x1f);
    cpu_set(r.cpu, CPU_PC, VA);
    cpu_run(r.cpu, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_PC), VA);
    rig_fini(&r);
}

static void test_manager_domain_checks_nothing(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "arm926", false);
    l1(&r, VA, PA | 0x12 | 2 << 5);
    rig_cp15(&r, 3, 0, 0, 0, 0x55555555 | 0x30);
    assert_int_equal(write_fault(&r, VA, true), 0);
    rig_fini(&r);
}

// ---- the TLB ----------------------------------------------------------------------------------------

static void test_dacr_flips_need_no_flush(void **state)
{
    (void)state;
    struct rig r;
    struct cpu_counters before, after;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 0xc02 | 1 << 5);
    cpu_counters(r.cpu, &before);
    for (unsigned k = 0; k < 10; k++) {
        rig_cp15(&r, 3, 0, 0, 0, 0x1);
        assert_int_equal(read_fault(&r, VA, false), 0x19);
        rig_cp15(&r, 3, 0, 0, 0, 0x5);
        assert_int_equal(read_fault(&r, VA, false), 0);
    }
    cpu_counters(r.cpu, &after);
    assert_int_equal(after.tlb_flushes, before.tlb_flushes);
    assert_true(after.tlb_misses - before.tlb_misses < 4);
    rig_fini(&r);
}

static void test_an_entry_lives_until_it_is_invalidated(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, L2, PA | 0x3e);
    rig_w32(&r, L2 + 4, PA | 0x3e);
    expect_reads(&r, VA, PA);
    expect_reads(&r, VA + 0x1000, PA);
    rig_w32(&r, L2, 0);
    rig_w32(&r, L2 + 4, 0);
    assert_int_equal(read_fault(&r, VA, false), 0);
    rig_cp15(&r, 8, 0, 7, 1, VA); // by MVA
    assert_int_equal(read_fault(&r, VA, false), 0x07);
    assert_int_equal(read_fault(&r, VA + 0x1000, false), 0);
    rig_cp15(&r, 8, 0, 7, 0, 0);
    assert_int_equal(read_fault(&r, VA + 0x1000, false), 0x07);
    rig_fini(&r);
}

static void test_invalidating_one_address_of_a_section_drops_all_of_it(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 0xc02);
    expect_reads(&r, VA + 0x34000, PA + 0x34000);
    rig_w32(&r, RIG_TABLE + (VA >> 20) * 4, 0);
    rig_cp15(&r, 8, 0, 7, 1, VA + 0x9000);
    assert_int_equal(read_fault(&r, VA + 0x34000, false), 0x05);
    rig_fini(&r);
}

static void test_asids_keep_apart(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, PA + 0x1000, 0x22222222);
    rig_w32(&r, L2, PA | 0x83e); // not global
    rig_cp15(&r, 13, 0, 0, 1, 1);
    expect_reads(&r, VA, PA);
    rig_w32(&r, L2, (PA + 0x1000) | 0x83e);
    rig_cp15(&r, 13, 0, 0, 1, 2);
    expect_reads(&r, VA, PA + 0x1000);
    rig_cp15(&r, 13, 0, 0, 1, 1);
    expect_reads(&r, VA, PA);
    rig_cp15(&r, 8, 0, 7, 2, 2); // ASID 2 only
    rig_w32(&r, L2, 0);
    expect_reads(&r, VA, PA);
    rig_cp15(&r, 8, 0, 7, 1, VA | 1);
    assert_int_equal(read_fault(&r, VA, false), 0x07);
    // Global entries belong to everybody.
    rig_w32(&r, L2 + 4, PA | 0x3e);
    expect_reads(&r, VA + 0x1000, PA);
    rig_w32(&r, L2 + 4, 0);
    rig_cp15(&r, 13, 0, 0, 1, 3);
    assert_int_equal(read_fault(&r, VA + 0x1000, false), 0);
    rig_fini(&r);
}

static void test_ttbcr_splits_the_address_space(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    // N = 1: the upper 2 GiB walk TTBR1.
    rig_w32(&r, RIG_TABLE + 0x4000 + (VA >> 20) * 4, (PA + 0x100000) | 0xc02);
    l1(&r, VA, PA | 0xc02);
    rig_w32(&r, PA + 0x100000, 0x77777777);
    expect_reads(&r, VA, PA);
    rig_cp15(&r, 2, 0, 0, 1, RIG_TABLE + 0x4000);
    rig_cp15(&r, 2, 0, 0, 2, 1);
    expect_reads(&r, VA, PA + 0x100000);
    rig_cp15(&r, 2, 0, 0, 2, 1 | 1 << 5); // PD1: no walk
    assert_int_equal(read_fault(&r, VA, false), 0x05);
    rig_fini(&r);
}

static void test_fcse_moves_the_lowest_32_megabytes(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "arm926", false);
    rig_w32(&r, RIG_TABLE + ((0x0a000000 + 0x500000) >> 20) * 4, PA | 0xc1e);
    for (uint32_t mb = 0; mb < 5; mb++) { // the code stays where it is
        rig_w32(&r, RIG_TABLE + ((0x0a000000 >> 20) + mb) * 4, mb << 20 | 0xc1e);
    }
    rig_w32(&r, RIG_TABLE + ((0x0a000000 >> 20) + 15) * 4, 15 << 20 | 0xc1e);
    rig_cp15(&r, 8, 0, 7, 0, 0);
    expect_reads(&r, 0x500010, 0x500010);
    rig_cp15(&r, 13, 0, 0, 0, 0x0a000000);
    uint32_t v;
    assert_int_equal(access_va(&r, LDR_R0_R1, 0x500010, false, &v), 0);
    assert_int_equal(v, rig_r32(&r, PA + 0x10));
    rig_cp15(&r, 13, 0, 0, 0, 0);
    expect_reads(&r, 0x500010, 0x500010);
    rig_fini(&r);
}

static void test_tex_remap_decides_what_is_device_memory(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    l1(&r, VA, PA | 0xc02 | 0xc); // C B = 11: normal
    assert_int_equal(read_fault(&r, VA + 1, false), 0);
    // Remap number 3 = device: unaligned is an alignment fault.
    rig_cp15(&r, 10, 0, 2, 0, 0x00098a2a | 1 << 6);
    rig_cp15(&r, 1, 0, 0, 0, cp15(&r, 1, 0) | 1 << 28);
    assert_int_equal(read_fault(&r, VA + 1, false) & 0xf, 0x01);
    assert_int_equal(read_fault(&r, VA, false), 0);
    rig_fini(&r);
}

static void test_address_translation_operations(void **state)
{
    (void)state;
    struct rig r;
    uint32_t par;
    start(&r, "cortex-a8", true);
    l1(&r, VA, L2 | 1);
    rig_w32(&r, L2 + 4, PA | 0x12); // privileged read/write
    rig_cp15(&r, 7, 0, 8, 0, VA + 0x1123);
    assert_true(cpu_get_cp15(r.cpu, 7, 0, 4, 0, &par));
    assert_int_equal(par & 0xfffff001, PA);
    rig_cp15(&r, 7, 0, 8, 3, VA + 0x1123); // user write
    assert_true(cpu_get_cp15(r.cpu, 7, 0, 4, 0, &par));
    assert_int_equal(par & 0x7f, 1 | 0x0f << 1);
    rig_cp15(&r, 7, 0, 8, 1, VA);
    assert_true(cpu_get_cp15(r.cpu, 7, 0, 4, 0, &par));
    assert_int_equal(par & 0x7f, 1 | 0x07 << 1);
    rig_fini(&r);
}

static void test_prefetch_abort_of_old_cores(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "arm920t", false);
    l1(&r, VA, 0);
    rig_cp15(&r, 5, 0, 0, 0, 0);
    cpu_set(r.cpu, CPU_CPSR, 0x1f);
    cpu_set(r.cpu, CPU_PC, VA + 0x40);
    cpu_run(r.cpu, 1);
    assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x1f, 0x17);
    assert_int_equal(cpu_get(r.cpu, CPU_LR), VA + 0x44);
    assert_int_equal(cp15(&r, 5, 0), 0); // the fault registers stay
    rig_fini(&r);
}

static void test_fetches_already_made_survive_the_switch(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "arm920t");
    // Flat code at 0x8000 has no mapping; the target has one.
    rig_w32(&r, RIG_TABLE + (VA >> 20) * 4, PA | 0xc1e);
    rig_code(&r, PA + 0x100, 0xe3a03007, SELF);              // mov r3, #7
    rig_code(&r, 0x8000, 0xee011f10, 0xe1a0f000, 0xe3a03001); // mcr SCTLR; mov pc, r0
    rig_cp15(&r, 2, 0, 0, 0, RIG_TABLE);
    rig_cp15(&r, 3, 0, 0, 0, 1);
    cpu_set(r.cpu, CPU_CPSR, 0xd3);
    cpu_set(r.cpu, CPU_R0, VA + 0x100);
    cpu_set(r.cpu, CPU_R1, 0x79);
    cpu_set(r.cpu, CPU_PC, 0x8000);
    cpu_run(r.cpu, 3);
    assert_int_equal(cpu_get(r.cpu, CPU_R3), 7);
    assert_int_equal(cpu_get(r.cpu, CPU_PC), VA + 0x104);
    // And off again from the virtual address: MCR, NOP, MOV PC.
    rig_code(&r, PA + 0x200, 0xee011f10, 0xe1a00000, 0xe1a0f002);
    rig_code(&r, 0x9000, 0xe3a03009, SELF);
    cpu_set(r.cpu, CPU_R1, 0x78);
    cpu_set(r.cpu, CPU_R2, 0x9000);
    cpu_set(r.cpu, CPU_PC, VA + 0x200);
    cpu_run(r.cpu, 4);
    assert_int_equal(cpu_get(r.cpu, CPU_R3), 9);
    rig_fini(&r);
}

static void test_walks_obey_ee(void **state)
{
    (void)state;
    struct rig r;
    start(&r, "cortex-a8", true);
    uint32_t sctlr = cp15(&r, 1, 0);
    rig_cp15(&r, 1, 0, 0, 0, sctlr & ~1u);
    for (uint32_t mb = 0; mb < 4096; mb++) {
        rig_w32(&r, RIG_TABLE + 4 * mb, __builtin_bswap32(rig_r32(&r, RIG_TABLE + 4 * mb)));
    }
    rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 << 25);
    rig_w32(&r, RIG_TABLE + (VA >> 20) * 4, __builtin_bswap32(PA | 0xc02));
    rig_cp15(&r, 8, 0, 7, 0, 0);
    uint32_t pa;
    assert_true(cpu_translate(r.cpu, VA + 4, CPU_READ, &pa));
    assert_int_equal(pa, PA + 4);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v7_formats_translate),
        cmocka_unit_test(test_old_formats_translate),
        cmocka_unit_test(test_v6_format_of_the_1176),
        cmocka_unit_test(test_v7_permissions),
        cmocka_unit_test(test_old_permissions_with_s_and_r),
        cmocka_unit_test(test_subpages_have_their_own_permissions),
        cmocka_unit_test(test_unprivileged_loads_use_user_permissions),
        cmocka_unit_test(test_access_flag),
        cmocka_unit_test(test_domains_come_before_permissions),
        cmocka_unit_test(test_fault_status_names_level_domain_and_direction),
        cmocka_unit_test(test_alignment_faults_come_first),
        cmocka_unit_test(test_execute_never),
        cmocka_unit_test(test_manager_domain_checks_nothing),
        cmocka_unit_test(test_dacr_flips_need_no_flush),
        cmocka_unit_test(test_an_entry_lives_until_it_is_invalidated),
        cmocka_unit_test(test_invalidating_one_address_of_a_section_drops_all_of_it),
        cmocka_unit_test(test_asids_keep_apart),
        cmocka_unit_test(test_ttbcr_splits_the_address_space),
        cmocka_unit_test(test_fcse_moves_the_lowest_32_megabytes),
        cmocka_unit_test(test_tex_remap_decides_what_is_device_memory),
        cmocka_unit_test(test_address_translation_operations),
        cmocka_unit_test(test_prefetch_abort_of_old_cores),
        cmocka_unit_test(test_fetches_already_made_survive_the_switch),
        cmocka_unit_test(test_walks_obey_ee),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
