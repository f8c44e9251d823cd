// SPDX-License-Identifier: MIT
//
// Random bytes as a program's code, on every model and engine, with random registers that often point
// into memory, never hurt the host: this is for the sanitizers. System calls are not carried out. Files
// that were ELF programs before bytes of them changed are loaded or refused. YAMATO_LONG=N for more.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/tools.h"
#include "tests/user/inside.h"

enum { CODE = 0x10000, BYTES = 0x10000, DATA = 0x40000 };

static uint64_t next(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint64_t times(void)
{
    const char *n = getenv("YAMATO_LONG");
    return n ? strtoull(n, NULL, 0) : 1;
}

static void random_state(struct cpu *c, uint64_t *s)
{
    cpu_set(c, CPU_CPSR, ((uint32_t)next(s) & 0xf80f0220) | 0x10);
    for (unsigned k = 0; k < 15; k++) {
        uint32_t v = (uint32_t)next(s);
        cpu_set(c, (enum cpu_reg)k, v & 0x80000000 ? DATA + (v & 0x1ffff) : v);
    }
    cpu_set(c, CPU_PC, CODE + ((uint32_t)next(s) & (BYTES - 4)));
}

static uint64_t run_random(const char *model, enum cpu_engine engine, uint64_t seed, uint64_t insns)
{
    struct inside *r = inside_make(model, engine, true);
    struct cpu *c = r->t->cpu;
    uint64_t s = seed * 0x9e3779b97f4a7c15ull + 1;
    assert_true(space_map(&r->p, NULL, CODE, BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == CODE);
    assert_true(space_map(&r->p, NULL, DATA, BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == DATA);
    for (uint32_t a = 0; a < BYTES; a += 8) {
        put_le64(r->p.base + CODE + a, next(&s));
        if (next(&s) & 1) { // a condition that is likely to hold
            r->p.base[CODE + a + 3] = (uint8_t)(0xe0 | (r->p.base[CODE + a + 3] & 15));
        }
    }
    space_written(r->t, CODE, BYTES);
    uint64_t from = cpu_insns(c);
    while (cpu_insns(c) - from < insns) {
        struct cpu_caught what;
        random_state(c, &s);
        for (unsigned k = 0; k < 20; k++) {
            cpu_run(c, 200);
            if (cpu_caught(c, &what) && what.kind != CPU_CAUGHT_SVC) {
                break;
            }
            assert_int_equal(cpu_get(c, CPU_CPSR) & 0x1f, 0x10); // there is no way out of user mode
        }
    }
    uint64_t n = cpu_insns(c) - from;
    inside_drop(r);
    return n;
}

static void random_code_stays_in_its_process(void **state)
{
    (void)state;
    uint64_t total = 0;
    for (const char *const *m = cpu_models(); *m; m++) {
        for (uint64_t k = 0; k < times(); k++) {
            total += run_random(*m, CPU_ENGINE_INTERPRETER, k + 1, 30000);
            total += run_random(*m, CPU_ENGINE_TRANSLATOR, k + 1, 30000);
        }
    }
    printf("random user code: %llu instructions\n", (unsigned long long)total);
    assert_true(total > 0);
}

// A small program: header, two segments, an interpreter that is not there.
static size_t make_elf(uint8_t *f)
{
    const Elf32_Ehdr eh = {.e_ident = {127, 'E', 'L', 'F', 1, 1, 1}, .e_type = ET_DYN, .e_machine = EM_ARM,
                           .e_version = 1, .e_entry = 0x100, .e_phoff = 52, .e_flags = 0x05000000,
                           .e_ehsize = 52, .e_phentsize = 32, .e_phnum = 3};
    const Elf32_Phdr ph[3] = {
        {PT_LOAD, 0, 0, 0, 0x200, 0x200, PF_R | PF_X, 0x1000},
        {PT_LOAD, 0x200, 0x2200, 0, 0x40, 0x3000, PF_R | PF_W, 0x1000},
        {PT_INTERP, 0x180, 0x180, 0, 12, 12, PF_R, 1},
    };
    memset(f, 0, 0x240);
    memcpy(f, &eh, sizeof eh);
    memcpy(f + 52, ph, sizeof ph);
    memcpy(f + 0x180, "/nothing/ld", 12);
    return 0x240;
}

static void damaged_programs_are_loaded_or_refused(void **state)
{
    char name[] = "/tmp/yamato-elf-XXXXXX";
    uint64_t s = 12345, loaded = 0, refused = 0;
    int fd = mkstemp(name);
    (void)state;
    assert_true(fd >= 0);
    for (unsigned k = 0; k < 300 * times(); k++) {
        uint8_t f[0x240];
        size_t n = make_elf(f);
        struct inside *r = inside_make("cortex-a9", CPU_ENGINE_INTERPRETER, false);
        char *argv[] = {name, NULL}, *envp[] = {NULL};
        struct err err = {0};
        if (k & 1) { // half of them without an interpreter
            f[52 + 64] = 4;
        }
        for (unsigned hits = (unsigned)(next(&s) % 5); hits; hits--) {
            size_t at = next(&s) % 4 ? next(&s) % 148 : next(&s) % n;
            f[at] = next(&s) & 1 ? (uint8_t)next(&s) : (uint8_t)(f[at] ^ 1u << next(&s) % 8);
        }
        assert_int_equal(ftruncate(fd, 0), 0);
        n = next(&s) % 8 ? n : next(&s) % n;
        assert_int_equal(pwrite(fd, f, n, 0), n);
        if (load_program(&r->p, argv, envp, &err)) {
            assert_string_not_equal(err.msg, "");
            refused++;
        } else {
            loaded++;
        }
        inside_drop(r);
    }
    printf("damaged programs: %llu loaded, %llu refused\n", (unsigned long long)loaded,
           (unsigned long long)refused);
    assert_true(loaded && refused);
    close(fd);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_code_stays_in_its_process),
        cmocka_unit_test(damaged_programs_are_loaded_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
