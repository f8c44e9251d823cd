// SPDX-License-Identifier: MIT
//
// Vectors recorded on ARM hardware (VIXL project): one instruction, an IT with one, or a short
// sequence, with inputs and expected outputs. Format: the oracle's avec.h. All rows must agree.
#include "tests/cpu/rig.h"

enum { CODE = 0x10000, DATA = 0x400000 };
enum { K_NZCV = 16, K_Q = 17, K_GE = 18, K_FPSCR = 19, K_BASE = 20, K_WORD = 21, K_DLO = 32, K_DHI = 64 };

struct vector {
    bool thumb;
    unsigned codelen, fields, namelen;
    uint32_t rows;
    uint8_t base, post, plus, mode, rm, shift, amount;
    uint32_t imm;
    const uint8_t *code, *kind, *row;
    const char *name;
};

// Bytes consumed; 0 at the end or when malformed.
static size_t vector_next(const uint8_t *p, size_t left, struct vector *v)
{
    if (left < 24 || memcmp(p, "AVEC", 4)) {
        return 0;
    }
    *v = (struct vector){.thumb = p[4], .codelen = p[5], .fields = p[6], .namelen = p[7],
                         .rows = get_le32(p + 8), .base = p[12], .post = p[13], .plus = p[14],
                         .mode = p[15], .rm = p[16], .shift = p[17], .amount = p[18],
                         .imm = get_le32(p + 20)};
    v->code = p + 24;
    v->kind = v->code + v->codelen;
    v->name = (const char *)v->kind + v->fields;
    v->row = (const uint8_t *)v->name + v->namelen;
    size_t n = 24 + (size_t)v->codelen + v->fields + v->namelen + (size_t)v->rows * v->fields * 8;
    return n <= left ? n : 0;
}

static uint32_t offset_of(const struct vector *v, const struct cpu *c, uint32_t carry)
{
    if (v->mode == 1) {
        return v->imm;
    }
    uint32_t m = cpu_get(c, (enum cpu_reg)v->rm), off;
    unsigned n = v->amount;
    switch (v->shift) {
    case 0:
        off = n > 31 ? 0 : m << n;
        break;
    case 1:
        off = n > 31 ? 0 : m >> n;
        break;
    case 2:
        off = (uint32_t)((int32_t)m >> (n > 31 ? 31 : n));
        break;
    case 3:
        off = ror32(m, n);
        break;
    default:
        off = m >> 1 | carry << 31;
        break;
    }
    return v->plus ? off : 0u - off;
}

static void put(struct rig *r, unsigned kind, uint32_t val)
{
    uint64_t d = cpu_get_d(r->cpu, kind & 31);
    if (kind >= K_DHI) {
        cpu_set_d(r->cpu, kind & 31, (d & 0xffffffff) | (uint64_t)val << 32);
    } else if (kind >= K_DLO) {
        cpu_set_d(r->cpu, kind & 31, (d & ~0xffffffffull) | val);
    }
}

static void load(struct rig *r, const struct vector *v, const uint8_t *in)
{
    uint32_t cpsr = 0x10 | (v->thumb ? 0x20u : 0), fpscr = 0;
    for (unsigned k = 0; k < 15; k++) {
        cpu_set(r->cpu, (enum cpu_reg)k, 0xdead0000 + k);
    }
    for (unsigned f = 0; f < v->fields; f++) {
        unsigned kind = v->kind[f];
        uint32_t val = get_le32(in + 4 * f);
        if (kind < 16) {
            cpu_set(r->cpu, (enum cpu_reg)kind, val);
        } else if (kind <= K_GE) {
            cpsr |= val;
        } else if (kind == K_FPSCR) {
            fpscr = val;
        } else if (kind == K_WORD) {
            rig_w32(r, DATA, val);
        } else {
            put(r, kind, val);
        }
    }
    if (v->mode) {
        uint32_t off = v->post ? 0 : offset_of(v, r->cpu, cpsr >> 29 & 1);
        cpu_set(r->cpu, (enum cpu_reg)v->base, DATA - off);
    }
    cpu_set(r->cpu, CPU_FPSCR, fpscr);
    cpu_set(r->cpu, CPU_CPSR, cpsr);
    cpu_set(r->cpu, CPU_PC, CODE);
}

static uint32_t observe(struct rig *r, const struct vector *v, unsigned kind)
{
    switch (kind) {
    case K_NZCV:
        return cpu_get(r->cpu, CPU_CPSR) & 0xf0000000;
    case K_Q:
        return cpu_get(r->cpu, CPU_CPSR) & 0x08000000;
    case K_GE:
        return cpu_get(r->cpu, CPU_CPSR) & 0x000f0000;
    case K_FPSCR:
        return cpu_get(r->cpu, CPU_FPSCR);
    case K_WORD:
        return rig_r32(r, DATA);
    case K_BASE:
        return cpu_get(r->cpu, (enum cpu_reg)v->base) - DATA +
               (v->post ? 0 : offset_of(v, r->cpu, 0));
    default:
        if (kind < 16) {
            return cpu_get(r->cpu, (enum cpu_reg)kind);
        }
        return (uint32_t)(cpu_get_d(r->cpu, kind & 31) >> (kind >= K_DHI ? 32 : 0));
    }
}

static unsigned replay(struct rig *r, const struct vector *v)
{
    unsigned bad = 0;
    for (unsigned k = 0; k < v->codelen; k += 2) {
        rig_w16(r, CODE + k, get_le16(v->code + k));
    }
    for (uint32_t row = 0; row < v->rows; row++) {
        const uint8_t *in = v->row + (size_t)row * v->fields * 8, *want = in + 4 * v->fields;
        load(r, v, in);
        unsigned steps = 0;
        while (cpu_get(r->cpu, CPU_PC) != CODE + v->codelen && steps++ < 16) {
            cpu_run(r->cpu, 1);
        }
        bool differs = steps > 16;
        for (unsigned f = 0; f < v->fields; f++) {
            differs |= observe(r, v, v->kind[f]) != get_le32(want + 4 * f);
        }
        if (differs && !bad++) {
            printf("%s %.*s:", v->thumb ? "T32" : "A32", (int)v->namelen, v->name);
            for (unsigned f = 0; f < v->fields; f++) {
                printf(" %u/%08x/%08x/%08x", v->kind[f], get_le32(in + 4 * f),
                       get_le32(want + 4 * f), observe(r, v, v->kind[f]));
            }
            printf(" (kind/in/want/got)\n");
        }
    }
    return bad;
}

static void run_file(const char *name)
{
    size_t len, at = 0, used;
    uint8_t *buf = oracle_read(name, &len);
    if (!buf) {
        return;
    }
    struct rig r;
    struct vector v;
    unsigned long rows = 0, bad = 0;
    rig_init(&r, "max");
    rig_mmu_on(&r);
    rig_fp_on(&r);
    while ((used = vector_next(buf + at, len - at, &v)) != 0) {
        bad += replay(&r, &v);
        rows += v.rows;
        at += used;
    }
    printf("%s: %lu rows, %lu differ\n", name, rows, bad);
    rig_fini(&r);
    free(buf);
    assert_int_equal(at, len);
    assert_int_equal(bad, 0);
    assert_true(rows > 0);
}

static void test_a32_rows_match_hardware(void **state)
{
    (void)state;
    run_file("vixl/smoke-a32.avec.xz");
}

static void test_t32_rows_match_hardware(void **state)
{
    (void)state;
    run_file("vixl/smoke-t32.avec.xz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a32_rows_match_hardware),
        cmocka_unit_test(test_t32_rows_match_hardware),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
