// SPDX-License-Identifier: MIT
//
// VFP and Advanced SIMD: the translator against the interpreter. Blocks of random vector rows run on
// registers full of special values, with every rounding mode, flush-to-zero, default NaNs, cumulative
// flags and short vectors, in A32 and T32; state with the FPSCR, and memory, must be equal bit by bit.
// YAMATO_LONG=N multiplies the amount.
#include "tests/cpu/two.h"

#include "cpu/code.h"
#include "cpu/interp.h"
#include "cpu/isa.h"

enum { CODE = 0x10000, DATA = 0x20000, DATA_BYTES = 0x2000, BLOCK = 14 };

struct rng {
    uint64_t s;
};

static uint32_t rnd(struct rng *r)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return (uint32_t)(r->s * 0x9e3779b97f4a7c15ull >> 32);
}

// Singles near every edge, and small integers, so that exact results occur.
static uint32_t single(struct rng *r)
{
    static const uint32_t special[] = {
        0, 1, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x01000001, 0x3f800000,
        0x3f7fffff, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff, 0x4f000000,
        0x4f7fffff, 0x5f000000, 0x00400000, 0x3effffff, 0x20000000, 0x1fffffff, 0x7e800000,
    };
    uint32_t v = rnd(r), sign = rnd(r) & 0x80000000u;
    switch (v % 16) {
    case 0:
        return sign | special[rnd(r) % ARRAY_LEN(special)];
    case 1:
        return v;
    case 2:
    case 3:
    case 4: {
        float f = (float)(int)(v >> 8 & 0xff);
        uint32_t w;
        memcpy(&w, &f, 4);
        return sign | w;
    }
    case 5: // products at the edge of the range
        return sign | (0x1f800000 + (rnd(r) & 0x01ffffff));
    case 6: // and their bottom
    case 7:
        return sign | (0x1a000000 + (rnd(r) & 0x027fffff));
    default:
        return sign | (0x3e000000 + (rnd(r) & 0x03ffffff));
    }
}

static uint64_t lanes(struct rng *r, unsigned mood)
{
    uint64_t v;
    double d;
    switch (mood) {
    case 0:
        return single(r) | (uint64_t)single(r) << 32;
    case 1: { // a single widened: every kind of double, too
        float f;
        uint32_t w = single(r);
        memcpy(&f, &w, 4);
        d = (double)f * (rnd(r) & 1 ? 1 : 1.000000000000001);
        memcpy(&v, &d, 8);
        return rnd(r) % 8 ? v : v - ((uint64_t)(rnd(r) & 0x3ff) << 52);
    }
    default:
        return rnd(r) | (uint64_t)rnd(r) << 32;
    }
}

static bool is_vector(const struct isa_row *row)
{
    unsigned f = row->feature;
    return row->set > ISA_T32 && (f == ISA_BIT_VFP2 || f == ISA_BIT_VFP3 || f == ISA_BIT_VFP4 ||
                                   f == ISA_BIT_FP16 || f == ISA_BIT_NEON || f == ISA_BIT_NEON_FMA);
}

static bool writes_core(const struct isa_row *row)
{
    return !strncmp(row->name, "VMOV_from", 9) || !strncmp(row->name, "VMRS", 4);
}

struct vec_gen {
    struct rng rng;
    const struct isa_row *rows[512];
    unsigned long ran[512];
    unsigned count;
    struct cpu *cpu;
    uint32_t code[BLOCK];
};

static uint32_t random_row(struct vec_gen *g, bool thumb)
{
    for (;;) {
        unsigned k = rnd(&g->rng) % g->count;
        const struct isa_row *row = g->rows[k];
        uint32_t raw = row->value | row->sb_value |
                       (rnd(&g->rng) & ~(row->mask | row->sb_mask));
        if (row->picture[0] == 'c') {
            raw = (raw & 0x0fffffff) | (thumb || rnd(&g->rng) % 4 ? 0xe0000000 : rnd(&g->rng) % 14 << 28);
        }
        if ((!strncmp(row->name, "VMSR", 4) || writes_core(row)) && rnd(&g->rng) % 8) {
            continue;
        }
        if (rnd(&g->rng) % 2) { // few registers, so that results are operands
            raw &= ~(row->picture[0] == 'c' ? 0x00400000u & ~row->mask : 0) & ~(0x8000u & ~row->mask);
        }
        struct insn i = {0};
        decode_insn(g->cpu, &i, raw, false, false);
        if (i.fn == op_undefined || i.body.op == op_undefined || isa_rows[i.row].feature != row->feature) {
            continue;
        }
        g->ran[k]++;
        return raw;
    }
}

static uint32_t to_t32(uint32_t raw)
{
    if (raw >> 25 == 0x79) {
        raw = 0xef000000 | (raw >> 24 & 1) << 28 | (raw & 0x00ffffff);
    } else if (raw >> 24 == 0xf4) {
        raw = 0xf9000000 | (raw & 0x00ffffff);
    }
    return raw >> 16 | raw << 16;
}

static void set_registers(struct two *t, struct vec_gen *g)
{
    unsigned mood = rnd(&g->rng) % 4 ? rnd(&g->rng) & 1 : 2;
    for (unsigned k = 0; k < 32; k++) {
        uint64_t v = lanes(&g->rng, mood);
        cpu_set_d(t->a.cpu, k, v);
        cpu_set_d(t->b.cpu, k, v);
    }
    uint32_t fpscr = rnd(&g->rng) & 0xf800009f;
    switch (rnd(&g->rng) % 8) {
    case 0:
        fpscr |= rnd(&g->rng) & 0x03c00000; // RMode, FZ, DN
        break;
    case 1:
        fpscr |= 1u << 24;
        break;
    case 2:
        fpscr |= rnd(&g->rng) & 0x07f70000; // short vectors, AHP
        break;
    case 3:
        fpscr &= ~0x10u;
        break;
    default:
        fpscr |= 0x10;
        break;
    }
    two_set(t, CPU_FPSCR, fpscr);
    for (unsigned r = 0; r < 15; r++) {
        uint32_t va = DATA + 0x400 + (rnd(&g->rng) & 0xbff);
        va &= rnd(&g->rng) % 8 ? ~31u : rnd(&g->rng) % 4 ? ~3u : ~0u;
        two_set(t, (enum cpu_reg)r, rnd(&g->rng) % 16 ? va : rnd(&g->rng) & 0x3f);
    }
}

static void run_model(const char *model, bool thumb, unsigned long wanted)
{
    static const uint32_t stay = 0xeafffffe, stay_thumb = 0xe7fee7fe;
    struct two t;
    struct vec_gen *g = calloc(1, sizeof *g);
    assert_non_null(g);
    two_init(&t, model);
    rig_fp_on(&t.a);
    rig_fp_on(&t.b);
    rig_mmu_on(&t.a);
    rig_mmu_on(&t.b);
    g->cpu = t.a.cpu;
    const char *times = getenv("YAMATO_LONG"), *seed = getenv("YAMATO_SEED");
    g->rng.s = 0xfeedfacecafebeefull ^ (seed ? strtoull(seed, NULL, 0) << 20 : 0);
    wanted *= times ? strtoul(times, NULL, 0) : 1;
    for (unsigned k = 0; k < isa_row_count; k++) {
        if (is_vector(&isa_rows[k]) && t.a.cpu->features >> isa_rows[k].feature & 1) {
            assert_true(g->count < ARRAY_LEN(g->rows));
            g->rows[g->count++] = &isa_rows[k];
        }
    }
    for (uint32_t v = 4; v < 0x20; v += 4) {
        two_put(&t, v, &stay, 4);
    }
    uint8_t data[DATA_BYTES];
    for (unsigned k = 0; k < DATA_BYTES; k += 4) {
        uint32_t v = single(&g->rng);
        memcpy(data + k, &v, 4);
    }
    two_put(&t, DATA, data, sizeof data);
    unsigned long insns = 0;
    while (insns < wanted) {
        uint32_t code[BLOCK + 1];
        for (unsigned k = 0; k < BLOCK; k++) {
            g->code[k] = random_row(g, thumb);
            code[k] = thumb ? to_t32(g->code[k]) : g->code[k];
        }
        code[BLOCK] = thumb ? stay_thumb : stay;
        two_put(&t, CODE, code, sizeof code);
        for (unsigned again = 0; again < 3; again++) {
            two_set(&t, CPU_CPSR, (rnd(&g->rng) & 0xf8000000) | 0x1f | (thumb ? 0x20u : 0));
            set_registers(&t, g);
            two_set(&t, CPU_PC, CODE);
            uint32_t in[17];
            for (unsigned k = 0; k < 17; k++) {
                in[k] = cpu_get(t.a.cpu, (enum cpu_reg)k);
            }
            cpu_run(t.a.cpu, 64);
            cpu_run(t.b.cpu, 64);
            bool same = two_equal(&t) && !memcmp(t.a.ram, t.b.ram, DATA + DATA_BYTES);
            if (!same) {
                printf("%s seed state, FPSCR %08x and %08x:\n", model, cpu_get(t.a.cpu, CPU_FPSCR),
                       cpu_get(t.b.cpu, CPU_FPSCR));
                for (unsigned k = 0; k < BLOCK; k++) {
                    printf("  %08x %s\n", g->code[k],
                           isa_find(ISA_A32, g->code[k], t.a.cpu->features, NULL, NULL)->name);
                }
                for (unsigned k = 0; k < 17; k++) {
                    printf("r%u %08x -> %08x\n", k, in[k], cpu_get(t.a.cpu, (enum cpu_reg)k));
                }
                for (unsigned k = 0; k < 32; k++) {
                    uint64_t x = cpu_get_d(t.a.cpu, k), y = cpu_get_d(t.b.cpu, k);
                    if (x != y) {
                        printf("d%u: interpreter %016" PRIx64 " translator %016" PRIx64 "\n", k, x, y);
                    }
                }
            }
            assert_true(same);
        }
        insns += BLOCK * 3;
    }
    two_translated(&t);
    for (unsigned k = 0; k < g->count; k++) {
        if (!g->ran[k]) {
            printf("%s: %s never ran\n", model, g->rows[k]->name);
        }
    }
    printf("%s %s: %lu vector instructions of %u rows\n", model, thumb ? "T32" : "A32", insns, g->count);
    free(g);
    two_fini(&t);
}

static void test_a32_vector_rows_are_equal(void **state)
{
    (void)state;
    run_model("cortex-a15", false, 400000);
    run_model("cortex-a8", false, 100000);
    run_model("arm1176", false, 100000);
}

static void test_t32_vector_rows_are_equal(void **state)
{
    (void)state;
    run_model("cortex-a15", true, 100000);
    run_model("cortex-a8", true, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a32_vector_rows_are_equal),
        cmocka_unit_test(test_t32_vector_rows_are_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
