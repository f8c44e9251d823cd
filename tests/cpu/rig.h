// SPDX-License-Identifier: MIT
//
// A bare CPU with 16 MiB of RAM at 0 and a recording bus, for the tests of this room: assembling
// words into memory, page tables, running, and the shared oracle folder.
#ifndef TESTS_CPU_RIG_H
#define TESTS_CPU_RIG_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "cpu/cpu.h"
#include "cpu/tools.h"

// Which engine runs the CPU of a rig; test_jit_*.c run the same tests over the other one.
#ifndef RIG_ENGINE
#define RIG_ENGINE CPU_ENGINE_INTERPRETER
#endif

enum { RIG_RAM = 16 << 20, RIG_TABLE = 0xf00000, RIG_L2 = 0xf10000 };

struct rig {
    struct cpu_bus bus; // first
    struct cpu *cpu;
    uint8_t *ram;
    // What the bus saw last, and what it answers.
    uint32_t bus_pa, bus_size, bus_reads, bus_writes;
    uint64_t bus_val;
    uint64_t bus_insns; // cpu_insns in the callback
    void (*on_write)(struct rig *r, uint32_t pa, uint64_t val);
};

// Everything above 0xa0000000 aborts; the rest outside RAM answers.
static inline enum cpu_bus_result rig_read(struct cpu_bus *bus, uint32_t pa, unsigned size,
                                           uint64_t *val)
{
    struct rig *r = container_of(bus, struct rig, bus);
    r->bus_pa = pa;
    r->bus_size = size;
    r->bus_reads++;
    r->bus_insns = cpu_insns(r->cpu);
    *val = r->bus_val;
    return pa >= 0xa0000000 ? CPU_BUS_ABORT : CPU_BUS_OK;
}

static inline enum cpu_bus_result rig_write(struct cpu_bus *bus, uint32_t pa, unsigned size,
                                            uint64_t val)
{
    struct rig *r = container_of(bus, struct rig, bus);
    r->bus_pa = pa;
    r->bus_size = size;
    r->bus_writes++;
    r->bus_val = val;
    r->bus_insns = cpu_insns(r->cpu);
    if (r->on_write) {
        r->on_write(r, pa, val);
    }
    return pa >= 0xa0000000 ? CPU_BUS_ABORT : CPU_BUS_OK;
}

// For docs/encodings.md: with YAMATO_COVERAGE=DIR, DIR/TEST gets the names of the table rows that ran.
static uint8_t rig_rows[4096];

static inline void rig_coverage_write(void)
{
    char path[512], name[64];
    snprintf(path, sizeof path, "%s/%s", getenv("YAMATO_COVERAGE"), program_invocation_short_name);
    FILE *f = fopen(path, "w");
    for (unsigned k = 0; f && k < cpu_encodings() && k < sizeof rig_rows; k++) {
        if (rig_rows[k]) {
            fprintf(f, "%s\n", cpu_encoding_name(k, name, sizeof name));
        }
    }
    if (f) {
        fclose(f);
    }
}

static inline void rig_coverage(struct cpu *cpu)
{
    static bool asked;
    if (getenv("YAMATO_COVERAGE") && cpu_encodings() <= sizeof rig_rows) {
        cpu_set_coverage(cpu, rig_rows);
        if (!asked) {
            asked = true;
            atexit(rig_coverage_write);
        }
    }
}

static inline void rig_init(struct rig *r, const char *model)
{
    struct err err = {0};
    memset(r, 0, sizeof *r);
    r->bus = (struct cpu_bus){rig_read, rig_write};
    r->ram = aligned_alloc(4096, RIG_RAM);
    assert_non_null(r->ram);
    memset(r->ram, 0, RIG_RAM);
    struct cpu_config cfg = {.model = model, .engine = RIG_ENGINE, .bus = &r->bus};
    r->cpu = cpu_create(&cfg, &err);
    if (!r->cpu) {
        fail_msg("%s", err.msg);
    }
    rig_coverage(r->cpu);
    assert_int_equal(cpu_map_ram(r->cpu, 0, RIG_RAM, r->ram, 0, &err), 0);
}

static inline void rig_fini(struct rig *r)
{
    cpu_destroy(r->cpu);
    free(r->ram);
}

static inline void rig_w32(struct rig *r, uint32_t pa, uint32_t v)
{
    put_le32(r->ram + pa, v);
    cpu_ram_written(r->cpu, pa, 4);
}

static inline void rig_w16(struct rig *r, uint32_t pa, uint16_t v)
{
    put_le16(r->ram + pa, v);
    cpu_ram_written(r->cpu, pa, 2);
}

static inline uint32_t rig_r32(struct rig *r, uint32_t pa)
{
    return get_le32(r->ram + pa);
}

// Consecutive A32 words.
#define rig_code(r, pa, ...)                                                                       \
    do {                                                                                           \
        const uint32_t words_[] = {__VA_ARGS__};                                                   \
        for (size_t k_ = 0; k_ < ARRAY_LEN(words_); k_++) {                                        \
            rig_w32((r), (pa) + 4 * (uint32_t)k_, words_[k_]);                                     \
        }                                                                                          \
    } while (0)
// Consecutive Thumb halfwords.
#define rig_thumb(r, pa, ...)                                                                      \
    do {                                                                                           \
        const uint16_t halves_[] = {__VA_ARGS__};                                                  \
        for (size_t k_ = 0; k_ < ARRAY_LEN(halves_); k_++) {                                       \
            rig_w16((r), (pa) + 2 * (uint32_t)k_, halves_[k_]);                                    \
        }                                                                                          \
    } while (0)

static inline void rig_cp15(struct rig *r, unsigned crn, unsigned opc1, unsigned crm, unsigned opc2,
                            uint32_t val)
{
    // Through an instruction at the end of RAM, with registers and PC put back.
    uint32_t pc = cpu_get(r->cpu, CPU_PC), r0 = cpu_get(r->cpu, CPU_R0);
    uint32_t psr = cpu_get(r->cpu, CPU_CPSR), at = RIG_RAM - 64;
    rig_w32(r, at, 0xee000f10 | opc1 << 21 | crn << 16 | opc2 << 5 | crm);
    cpu_set(r->cpu, CPU_CPSR, (psr & ~0x3fu) | 0x1f);
    cpu_set(r->cpu, CPU_R0, val);
    cpu_set(r->cpu, CPU_PC, at);
    assert_int_equal(cpu_run(r->cpu, 1), CPU_STOP_BUDGET);
    assert_int_equal(cpu_get(r->cpu, CPU_PC), at + 4);
    cpu_set(r->cpu, CPU_R0, r0);
    cpu_set(r->cpu, CPU_CPSR, psr);
    cpu_set(r->cpu, CPU_PC, pc);
}

// Identity sections: RAM normal memory with full access, all else device; domain 0 client. MMU on.
static inline void rig_mmu_on(struct rig *r)
{
    for (uint32_t mb = 0; mb < 4096; mb++) {
        rig_w32(r, RIG_TABLE + 4 * mb,
                mb << 20 | 0xc02 | 0x10 * (mb >= RIG_RAM >> 20) | (mb < RIG_RAM >> 20 ? 0xc : 4));
    }
    rig_cp15(r, 2, 0, 0, 0, RIG_TABLE);
    rig_cp15(r, 3, 0, 0, 0, 1);
    uint32_t sctlr;
    assert_true(cpu_get_cp15(r->cpu, 1, 0, 0, 0, &sctlr));
    rig_cp15(r, 1, 0, 0, 0, sctlr | 1);
}

// User or system mode with VFP and NEON open.
static inline void rig_fp_on(struct rig *r)
{
    rig_cp15(r, 1, 0, 0, 2, 0xf << 20);
    cpu_set(r->cpu, CPU_FPEXC, 1u << 30);
}

// ---- shared data ---------------------------------------------------------------------------------

static inline const char *shared_dir(void)
{
    const char *dir = getenv("YAMATO_SHARED");
    return dir ? dir : "../shared";
}

// Opens ../shared/oracles/arm/NAME, unpacking .xz; NULL when the shared data is absent: the caller
// prints SKIP and succeeds, unless CI is set.
static inline FILE *oracle_open(const char *name)
{
    char path[512], cmd[600];
    snprintf(path, sizeof path, "%s/oracles/arm/%s", shared_dir(), name);
    if (access(path, R_OK)) {
        printf("SKIP %s: no shared data (0 rows)\n", name);
        if (getenv("CI")) {
            fail_msg("CI needs %s", path);
        }
        return NULL;
    }
    size_t n = strlen(name);
    snprintf(cmd, sizeof cmd, "%s '%s'", n > 3 && !strcmp(name + n - 3, ".xz") ? "xz -dc" : "cat",
             path);
    FILE *f = popen(cmd, "r");
    assert_non_null(f);
    return f;
}

// The whole stream; the caller frees.
static inline uint8_t *oracle_read(const char *name, size_t *len)
{
    FILE *f = oracle_open(name);
    if (!f) {
        return NULL;
    }
    size_t cap = 1 << 20, n = 0, got;
    uint8_t *buf = malloc(cap);
    assert_non_null(buf);
    while ((got = fread(buf + n, 1, cap - n, f)) > 0) {
        n += got;
        if (n == cap) {
            buf = realloc(buf, cap *= 2);
            assert_non_null(buf);
        }
    }
    assert_int_equal(pclose(f), 0);
    *len = n;
    return buf;
}

#endif
