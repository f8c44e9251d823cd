// SPDX-License-Identifier: MIT
//
// Two rigs with the same memory, one for each engine: what runs on both must leave equal state, the
// instruction count included, and equal memory.
#ifndef TESTS_CPU_TWO_H
#define TESTS_CPU_TWO_H

#include "cpu/jit/jit_int.h"
#include "tests/cpu/rig.h"

struct two {
    struct rig a, b; // interpreter, translator
};

static inline void two_init(struct two *t, const char *model)
{
    struct err err = {0};
    rig_init(&t->a, model);
    rig_init(&t->b, model);
    cpu_destroy(t->b.cpu);
    struct cpu_config cfg = {.model = model, .engine = CPU_ENGINE_TRANSLATOR, .bus = &t->b.bus};
    t->b.cpu = cpu_create(&cfg, &err);
    assert_non_null(t->b.cpu);
    assert_int_equal(cpu_map_ram(t->b.cpu, 0, RIG_RAM, t->b.ram, 0, &err), 0);
}

static inline void two_fini(struct two *t)
{
    rig_fini(&t->a);
    rig_fini(&t->b);
}

static inline void two_put(struct two *t, uint32_t pa, const void *data, size_t n)
{
    memcpy(t->a.ram + pa, data, n);
    memcpy(t->b.ram + pa, data, n);
    cpu_ram_written(t->a.cpu, pa, n);
    cpu_ram_written(t->b.cpu, pa, n);
}

static inline void two_set(struct two *t, enum cpu_reg r, uint32_t v)
{
    cpu_set(t->a.cpu, r, v);
    cpu_set(t->b.cpu, r, v);
}

static inline bool two_equal(struct two *t)
{
    if (cpu_state_hash(t->a.cpu) == cpu_state_hash(t->b.cpu)) {
        return true;
    }
    for (unsigned r = 0; r <= CPU_SPSR; r++) {
        uint32_t x = cpu_get(t->a.cpu, (enum cpu_reg)r), y = cpu_get(t->b.cpu, (enum cpu_reg)r);
        if (x != y) {
            printf("register %u: interpreter %08x translator %08x\n", r, x, y);
        }
    }
    printf("instructions: %" PRIu64 " and %" PRIu64 "\n", cpu_insns(t->a.cpu),
           cpu_insns(t->b.cpu));
    return false;
}

static inline void two_run(struct two *t, uint64_t n)
{
    enum cpu_stop x = cpu_run(t->a.cpu, n), y = cpu_run(t->b.cpu, n);
    assert_int_equal(x, y);
    assert_true(two_equal(t));
}

// The translator did translate: a test that compares the interpreter with itself proves nothing.
static inline void two_translated(struct two *t)
{
    assert_true(t->b.cpu->jit->blocks > 0);
}

#endif
