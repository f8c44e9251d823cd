// SPDX-License-Identifier: MIT
//
// libyamato-cpu through its public header alone: memory, hooks, stops, registers, text, and that wrong
// arguments are errors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu/lib/yamato-cpu.h"

enum { CODE = 0x8000, DATA = 0x20000 };

static struct ycpu *make(const char *model, enum ycpu_engine engine)
{
    struct ycpu *c;
    assert_int_equal(ycpu_create(model, engine, &c), 0);
    assert_int_equal(ycpu_map(c, CODE, 0x10000, NULL, 0), 0);
    assert_int_equal(ycpu_map(c, DATA, 0x2000, NULL, 0), 0);
    ycpu_set(c, YCPU_PC, CODE);
    return c;
}

#define PUT(c, ...)                                                                                \
    do {                                                                                           \
        const uint32_t put_[] = {__VA_ARGS__};                                                     \
        assert_int_equal(ycpu_write(c, CODE, put_, sizeof put_), sizeof put_);                     \
    } while (0)

#define EACH_ENGINE(e) for (enum ycpu_engine e = YCPU_ANY; e <= YCPU_TRANSLATOR; e++)

static void every_model_runs_and_counts(void **state)
{
    (void)state;
    for (const char *const *m = ycpu_models(); *m; m++) {
        EACH_ENGINE(e) {
            struct ycpu *c = make(*m, e);
            PUT(c, 0xe2800001, 0xe2811002, 0xeafffffc); // add r0, #1; add r1, #2; b -16
            assert_int_equal(ycpu_run(c, 3000), YCPU_BUDGET);
            assert_int_equal(ycpu_get(c, YCPU_R0), 1000);
            assert_int_equal(ycpu_get(c, YCPU_R1), 2000);
            assert_int_equal(ycpu_get(c, YCPU_PC), CODE);
            assert_int_equal(ycpu_count(c), 3000);
            ycpu_destroy(c);
        }
    }
}

static void arm_and_thumb_floats_and_unaligned_words(void **state)
{
    (void)state;
    EACH_ENGINE(e) {
        struct ycpu *c = make("cortex-a9", e);
        const double two = 2.0;
        uint64_t bits;
        // vsqrt.f64 d0, d1; ldr r2, [r3, #1]; svc #7
        PUT(c, 0xeeb10bc1, 0xe5932001, 0xef000007);
        memcpy(&bits, &two, sizeof bits);
        ycpu_set_d(c, 1, bits);
        ycpu_set(c, YCPU_R3, DATA);
        ycpu_write(c, DATA, "\1\2\3\4\5", 5);
        assert_int_equal(ycpu_run(c, 100), YCPU_SVC);
        assert_int_equal(ycpu_stop_address(c), 7);
        assert_int_equal(ycpu_get_d(c, 0), 0x3ff6a09e667f3bcd);
        assert_int_equal(ycpu_get(c, YCPU_R2), 0x05040302);
        assert_int_equal(ycpu_get(c, YCPU_PC), CODE + 12);
        const uint16_t t[] = {0x2007, 0x3005, 0xdf2a}; // movs r0, #7; adds r0, #5; svc #42
        ycpu_write(c, CODE, t, sizeof t);
        ycpu_set(c, YCPU_PC, CODE | 1);
        assert_int_equal(ycpu_run(c, 100), YCPU_SVC);
        assert_int_equal(ycpu_stop_address(c), 42);
        assert_int_equal(ycpu_get(c, YCPU_R0), 12);
        assert_int_equal(ycpu_get(c, YCPU_PC), CODE + 6);
        ycpu_destroy(c);
    }
}

struct seen {
    unsigned loads, stores, svcs, undefs, aborts;
    uint32_t addr, val;
    int write, fetch;
};

static int on_load(void *user, struct ycpu *cpu, uint32_t addr, unsigned size, uint32_t *val)
{
    struct seen *s = user;
    (void)cpu;
    s->loads++;
    *val = 0x100 * size + 5;
    return addr < 0x50000000;
}

static int on_store(void *user, struct ycpu *cpu, uint32_t addr, unsigned size, uint32_t val)
{
    struct seen *s = user;
    (void)cpu, (void)size;
    s->stores++;
    s->addr = addr;
    s->val = val;
    return addr < 0x50000000;
}

static int on_svc(void *user, struct ycpu *cpu, uint32_t number)
{
    struct seen *s = user;
    s->svcs++;
    ycpu_set(cpu, YCPU_R7, number * 2);
    return number == 99;
}

static int step_over(void *user, struct ycpu *cpu, uint32_t pc)
{
    struct seen *s = user;
    s->undefs++;
    ycpu_set(cpu, YCPU_PC, pc + 4);
    return 0;
}

static int on_abort(void *user, struct ycpu *cpu, uint32_t addr, int write, int fetch)
{
    struct seen *s = user;
    s->aborts++;
    s->addr = addr;
    s->write = write;
    s->fetch = fetch;
    ycpu_set(cpu, YCPU_PC, fetch ? CODE + 0x14 : ycpu_get(cpu, YCPU_PC) + 4);
    return 0;
}

static void hooks_see_devices_calls_and_faults(void **state)
{
    (void)state;
    EACH_ENGINE(e) {
        struct seen s = {0};
        const struct ycpu_hooks hooks = {&s, on_load, on_store, on_svc, step_over, on_abort};
        struct ycpu *c = make("cortex-a8", e);
        ycpu_set_hooks(c, &hooks);
        // ldr r0, [r1]; strh r0, [r1, #2]; svc 21; udf; str r0, [r2]; svc 99
        PUT(c, 0xe5910000, 0xe1c100b2, 0xef000015, 0xe7f000f0, 0xe5820000, 0xef000063);
        ycpu_set(c, YCPU_R1, 0x50000000);
        ycpu_set(c, YCPU_R2, 0x40000000);
        assert_int_equal(ycpu_run(c, 1000), YCPU_SVC);
        assert_int_equal(ycpu_get(c, YCPU_R0), 0x405);
        assert_int_equal(s.loads, 1);
        assert_int_equal(s.stores, 2);
        assert_int_equal(s.svcs, 2);
        assert_int_equal(s.undefs, 1);
        assert_int_equal(s.aborts, 1);
        assert_int_equal(s.addr, 0x40000000);
        assert_int_equal(s.write, 1);
        assert_int_equal(ycpu_get(c, YCPU_R7), 198);
        // A jump into nothing.
        PUT(c, 0xe1a0f002); // mov pc, r2
        ycpu_set(c, YCPU_PC, CODE);
        assert_int_equal(ycpu_run(c, 1000), YCPU_SVC);
        assert_int_equal(s.aborts, 2);
        assert_int_equal(s.fetch, 1);
        assert_int_equal(s.addr, 0x40000000);
        ycpu_destroy(c);
    }
}

static void without_hooks_the_run_ends_at_the_instruction(void **state)
{
    (void)state;
    EACH_ENGINE(e) {
        struct ycpu *c = make("arm926", e);
        PUT(c, 0xe3a00001, 0xe7f000f0);
        assert_int_equal(ycpu_run(c, 100), YCPU_UNDEFINED);
        assert_int_equal(ycpu_get(c, YCPU_PC), CODE + 4);
        assert_int_equal(ycpu_run(c, 100), YCPU_UNDEFINED);
        PUT(c, 0xe5901000); // ldr r1, [r0]
        ycpu_set(c, YCPU_R0, 0x12345678);
        ycpu_set(c, YCPU_PC, CODE);
        assert_int_equal(ycpu_run(c, 100), YCPU_ABORT);
        assert_int_equal(ycpu_stop_address(c), 0x12345678);
        assert_int_equal(ycpu_get(c, YCPU_PC), CODE);
        ycpu_destroy(c);
        c = make("cortex-a9", e);
        PUT(c, 0xe1200070, 0xe320f003); // bkpt; wfi
        assert_int_equal(ycpu_run(c, 100), YCPU_UNDEFINED);
        ycpu_set(c, YCPU_PC, CODE + 4);
        assert_int_equal(ycpu_run(c, 100), YCPU_WAIT);
        ycpu_destroy(c);
    }
}

static void memory_is_the_callers_or_the_librarys(void **state)
{
    (void)state;
    EACH_ENGINE(e) {
        struct ycpu *c = make("cortex-a9", e);
        uint32_t *mine = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct seen s = {0};
        const struct ycpu_hooks hooks = {.user = &s, .store = on_store};
        assert_int_equal(ycpu_map(c, 0x60000000, 4096, mine, 0), 0);
        assert_int_equal(ycpu_map(c, 0x60010000, 4096, mine, YCPU_READONLY), 0);
        ycpu_set_hooks(c, &hooks);
        PUT(c, 0xe5810000, 0xe5820004, 0xef000000); // str r0, [r1]; str r0, [r2, #4]; svc
        ycpu_set(c, YCPU_R0, 77);
        ycpu_set(c, YCPU_R1, 0x60000000);
        ycpu_set(c, YCPU_R2, 0x60010000);
        assert_int_equal(ycpu_run(c, 10), YCPU_SVC);
        assert_int_equal(mine[0], 77);
        assert_int_equal(mine[1], 0);
        assert_int_equal(s.addr, 0x60010004);
        // Code that the caller changes itself.
        mine[0] = 0xe3a00001; // mov r0, #1; svc
        mine[1] = 0xef000000;
        ycpu_changed(c, 0x60000000, 8);
        ycpu_set(c, YCPU_PC, 0x60000000);
        ycpu_run(c, 10);
        mine[0] = 0xe3a00002;
        ycpu_changed(c, 0x60000000, 4);
        ycpu_set(c, YCPU_PC, 0x60000000);
        ycpu_run(c, 10);
        assert_int_equal(ycpu_get(c, YCPU_R0), 2);
        assert_int_equal(ycpu_unmap(c, 0x60000000, 4096), 0);
        assert_int_equal(ycpu_unmap(c, 0x60000000, 4096), -ENOENT);
        ycpu_set(c, YCPU_PC, 0x60000000);
        assert_int_equal(ycpu_run(c, 10), YCPU_ABORT);
        ycpu_destroy(c);
        munmap(mine, 8192);
    }
}

static void text_is_ual(void **state)
{
    (void)state;
    char text[64];
    struct ycpu *c = make("cortex-a9", YCPU_INTERPRETER);
    PUT(c, 0xe0810002);
    assert_int_equal(ycpu_disassemble(c, CODE, text, sizeof text), 4);
    assert_string_equal(text, "add r0, r1, r2");
    assert_int_equal(ycpu_disassemble(c, CODE, text, 5), 4);
    assert_string_equal(text, "add ");
    assert_int_equal(ycpu_disassemble(c, 0x70000000, text, sizeof text), 0);
    ycpu_destroy(c);
}

static void wrong_arguments_are_errors(void **state)
{
    (void)state;
    struct ycpu *c = (struct ycpu *)-1;
    char text[8];
    uint32_t v = 1;
    assert_int_equal(ycpu_version(), YCPU_VERSION);
    assert_int_equal(ycpu_create("z80", YCPU_ANY, &c), -EINVAL);
    assert_null(c);
    assert_int_equal(ycpu_create(NULL, YCPU_ANY, &c), -EINVAL);
    assert_int_equal(ycpu_create("cortex-a9", YCPU_ANY, NULL), -EINVAL);
    c = make("cortex-a9", YCPU_ANY);
    assert_int_equal(ycpu_map(c, 0x100, 4096, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_map(c, 0x1000, 100, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_map(c, 0x1000, 0, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_map(c, CODE, 4096, NULL, 0), -EINVAL); // overlaps
    assert_string_not_equal(ycpu_error(c), "");
    assert_int_equal(ycpu_map(c, 0xfff00000, 4096, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_map(c, 0xffe00000, 0x200000, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_map(c, 0x1000, 4096, NULL, 128), -EINVAL);
    assert_int_equal(ycpu_map(c, 0x1000, UINT64_MAX & ~0xfffull, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_set(c, YCPU_REGS, 1), -EINVAL);
    assert_int_equal(ycpu_get(c, YCPU_REGS), 0);
    assert_int_equal(ycpu_get(c, (enum ycpu_reg)-1), 0);
    assert_int_equal(ycpu_set_d(c, 32, 1), -EINVAL);
    assert_int_equal(ycpu_get_d(c, 99), 0);
    assert_int_equal(ycpu_write(c, 0xfff00000, &v, 4), 0);
    assert_int_equal(ycpu_read(c, 0x70000000, &v, 4), 0);
    assert_int_equal(ycpu_write(c, CODE + 0xfffe, &v, 4), 2);
    assert_int_equal(ycpu_disassemble(c, CODE, NULL, 5), 0);
    assert_int_equal(ycpu_disassemble(c, CODE, text, 0), 0);
    ycpu_set(c, YCPU_CPSR, 0xffffffff); // no mode of that number, and not ours to leave
    assert_int_equal(ycpu_get(c, YCPU_CPSR) & 0x1f, 0x1f);
    assert_int_equal(ycpu_run(c, 0), YCPU_BUDGET);
    ycpu_stop(c);
    ycpu_set(c, YCPU_CPSR, 0x1f);
    assert_int_equal(ycpu_run(c, 1000), YCPU_STOPPED);
    ycpu_destroy(c);
    ycpu_destroy(NULL);
    ycpu_stop(NULL);
    ycpu_changed(NULL, 0, 4);
    ycpu_set_hooks(NULL, NULL);
    assert_int_equal(ycpu_run(NULL, 1), YCPU_BAD);
    assert_int_equal(ycpu_map(NULL, 0, 4096, NULL, 0), -EINVAL);
    assert_int_equal(ycpu_unmap(NULL, 0, 4096), -EINVAL);
    assert_int_equal(ycpu_set(NULL, YCPU_R0, 0), -EINVAL);
    assert_int_equal(ycpu_get(NULL, YCPU_R0), 0);
    assert_int_equal(ycpu_count(NULL), 0);
    assert_string_equal(ycpu_error(NULL), "no CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_runs_and_counts),
        cmocka_unit_test(arm_and_thumb_floats_and_unaligned_words),
        cmocka_unit_test(hooks_see_devices_calls_and_faults),
        cmocka_unit_test(without_hooks_the_run_ends_at_the_instruction),
        cmocka_unit_test(memory_is_the_callers_or_the_librarys),
        cmocka_unit_test(text_is_ual),
        cmocka_unit_test(wrong_arguments_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
