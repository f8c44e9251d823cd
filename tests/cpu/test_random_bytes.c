// SPDX-License-Identifier: MIT
//
// Random bytes as code, in every model, instruction set and privilege, with random registers, page
// tables and system register writes, never hurt the host: this is for the sanitizers. The same seed
// gives the same end, and save and restore in the middle change nothing. YAMATO_LONG=N for more.
#include "tests/cpu/rig.h"

#include "base/snapshot.h"

static uint64_t next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void fill(struct rig *r, uint64_t *seed, bool tables)
{
    for (uint32_t a = 0; a < 0x20000; a += 8) {
        put_le64(r->ram + a, next(seed));
    }
    // Half of the code is likely to be something: plausible conditions and Thumb loads.
    for (uint32_t a = 0; a < 0x10000; a += 4) {
        if (next(seed) & 1) {
            r->ram[a + 3] = (uint8_t)(0xe0 | (r->ram[a + 3] & 15));
        }
    }
    if (tables) {
        for (uint32_t mb = 0; mb < 4096; mb++) {
            uint32_t d = (uint32_t)next(seed);
            put_le32(r->ram + RIG_TABLE + 4 * mb,
                     mb < 16 || d & 1 ? (mb % 16) << 20 | 0xc02 | (d & 0x000281fc & ~0x10u)
                                      : (d & 2 ? RIG_L2 | (d & 0x1e0) | 1 : d));
        }
        for (uint32_t k = 0; k < 1024; k++) {
            uint32_t d = (uint32_t)next(seed);
            put_le32(r->ram + RIG_L2 + 4 * k, (d & 0x00ff0fff) | 2);
        }
    }
    cpu_ram_written(r->cpu, 0, RIG_RAM);
}

static void random_state(struct rig *r, uint64_t *seed)
{
    static const uint32_t modes[] = {0x10, 0x10, 0x11, 0x12, 0x13, 0x13, 0x17, 0x1b, 0x1f, 0x1f};
    cpu_set(r->cpu, CPU_CPSR, ((uint32_t)next(seed) & 0xf80f03e0) | modes[next(seed) % 10]);
    for (unsigned k = 0; k < 15; k++) {
        uint32_t v = (uint32_t)next(seed);
        cpu_set(r->cpu, (enum cpu_reg)k, v & 0x80000000 ? v : v & 0xffff);
    }
    cpu_set(r->cpu, CPU_FPEXC, 1u << 30);
    cpu_set(r->cpu, CPU_PC, (uint32_t)next(seed) & 0xfffe);
}

static uint64_t run_once(const char *model, uint64_t seed, uint64_t insns, bool tables, bool cut)
{
    struct rig r;
    uint64_t s = seed * 0x9e3779b97f4a7c15ull + 1;
    rig_init(&r, model);
    fill(&r, &s, tables);
    if (tables) {
        rig_cp15(&r, 2, 0, 0, 0, RIG_TABLE);
        rig_cp15(&r, 3, 0, 0, 0, (uint32_t)next(&s) | 1);
        uint32_t sctlr;
        assert_true(cpu_get_cp15(r.cpu, 1, 0, 0, 0, &sctlr));
        rig_cp15(&r, 1, 0, 0, 0, sctlr | 1 | ((uint32_t)next(&s) & 0x32800300));
    }
    for (uint64_t done = 0; done < insns; done += 1000) {
        random_state(&r, &s);
        cpu_set_line(r.cpu, CPU_LINE_IRQ, next(&s) % 4 == 0);
        cpu_set_line(r.cpu, CPU_LINE_FIQ, next(&s) % 8 == 0);
        cpu_run(r.cpu, 500);
        if (cut) {
            struct snap_writer *w = snap_writer_create();
            struct err err;
            size_t n;
            cpu_save(r.cpu, w);
            const void *bytes = snap_bytes(w, &n);
            struct snap_reader *rd = snap_reader_create(bytes, n, &err);
            assert_int_equal(cpu_restore(r.cpu, rd, &err), 0);
            snap_reader_destroy(rd);
            snap_writer_destroy(w);
        }
        cpu_run(r.cpu, 500);
    }
    uint64_t h = cpu_state_hash(r.cpu);
    rig_fini(&r);
    return h;
}

static void test_random_code_is_harmless_and_repeatable(void **state)
{
    (void)state;
    const char *times = getenv("YAMATO_LONG");
    uint64_t rounds = 2 * (times ? strtoull(times, NULL, 0) : 1), total = 0;
    for (const char *const *m = cpu_models(); *m; m++) {
        for (uint64_t seed = 1; seed <= rounds; seed++) {
            for (unsigned tables = 0; tables < 2; tables++) {
                uint64_t a = run_once(*m, seed, 50000, tables, false);
                uint64_t b = run_once(*m, seed, 50000, tables, false);
                if (a != b) {
                    fail_msg("%s seed %u tables %u: two runs differ", *m, (unsigned)seed, tables);
                }
                total += 100000;
            }
        }
    }
    printf("random code: %llu instructions\n", (unsigned long long)total);
    assert_true(total > 0);
}

static void test_save_and_restore_in_the_middle_change_nothing(void **state)
{
    (void)state;
    for (const char *const *m = cpu_models(); *m; m++) {
        for (uint64_t seed = 10; seed < 14; seed++) {
            uint64_t a = run_once(*m, seed, 20000, false, false);
            uint64_t b = run_once(*m, seed, 20000, false, true);
            if (a != b) {
                fail_msg("%s seed %u: restored run differs", *m, (unsigned)seed);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_code_is_harmless_and_repeatable),
        cmocka_unit_test(test_save_and_restore_in_the_middle_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
