// SPDX-License-Identifier: MIT
//
// RISU images: thousands of random instructions whose registers and memory a reference recorded after
// each. The image's own undefined instructions are the protocol (op 0 compare, 1 end, 2 memory block
// at r0, 3 add the block's base to r0, 4 compare the block); any other one is a comparison too.
#include "tests/cpu/rig.h"

enum { IMAGE = 0x100000, BLOCK = 8192, REGINFO = 336 };
enum { OP_OTHER = -1, OP_COMPARE = 0, OP_END = 1, OP_SETMEM = 2, OP_GETMEM = 3, OP_COMPAREMEM = 4 };

struct trace {
    const uint8_t *p;
    size_t left;
};

// What the instruction at pc asks for; false for an ordinary one.
static bool protocol(struct rig *r, uint32_t pc, bool thumb, int *op)
{
    uint32_t raw = thumb ? get_le16(r->ram + pc) : rig_r32(r, pc);
    if (thumb ? (raw & 0xfff0) == 0xdee0 : (raw & 0xfffffff0) == 0xe7fe5af0) {
        *op = (int)(raw & 15);
        return true;
    }
    return false;
}

static unsigned compare_registers(struct rig *r, const uint8_t *want, uint32_t pc)
{
    unsigned bad = 0;
    for (unsigned k = 0; k < 15; k++) {
        uint32_t v = k == 13 ? 0xdeadbeef : cpu_get(r->cpu, (enum cpu_reg)k);
        bad += v != get_le32(want + 264 + 4 * k);
    }
    bad += pc - IMAGE != get_le32(want + 264 + 60);
    bad += (cpu_get(r->cpu, CPU_CPSR) ^ get_le32(want + 328)) & 0xf80f0000 ? 1 : 0;
    if (bad) {
        printf("at %#x:", pc - IMAGE);
        for (unsigned k = 0; k < 15; k++) {
            uint32_t v = cpu_get(r->cpu, (enum cpu_reg)k), w = get_le32(want + 264 + 4 * k);
            if (k != 13 && v != w) {
                printf(" r%u %08x want %08x", k, v, w);
            }
        }
        printf(" psr %08x want %08x\n", cpu_get(r->cpu, CPU_CPSR), get_le32(want + 328));
    }
    return bad;
}

// Checks one record; returns false at the end of the image.
static bool record(struct rig *r, struct trace *t, int op, uint32_t pc, uint32_t *block,
                   unsigned long *rows, unsigned long *bad)
{
    assert_true(t->left >= 16);
    uint32_t size = get_le32(t->p + 4);
    assert_int_equal(get_le32(t->p), 0x52495355);
    if ((int32_t)get_le32(t->p + 8) != op || get_le32(t->p + 12) != pc - IMAGE) {
        fail_msg("op %d at %#x, recorded op %d at %#x", op, pc - IMAGE, (int)get_le32(t->p + 8),
                 get_le32(t->p + 12));
    }
    assert_true(t->left - 16 >= size);
    const uint8_t *payload = t->p + 16;
    t->p += 16 + size;
    t->left -= 16 + size;
    ++*rows;
    switch (op) {
    case OP_SETMEM:
        *block = cpu_get(r->cpu, CPU_R0);
        break;
    case OP_GETMEM:
        cpu_set(r->cpu, CPU_R0, cpu_get(r->cpu, CPU_R0) + *block);
        break;
    case OP_COMPAREMEM:
        if (size) {
            assert_int_equal(size, BLOCK);
            *bad += memcmp(payload, r->ram + *block, BLOCK) != 0;
        }
        break;
    default:
        assert_int_equal(size, REGINFO);
        *bad += compare_registers(r, payload, pc) != 0;
        break;
    }
    return op != OP_END && *bad < 20;
}

static void run_image(const char *image, const char *trace_name)
{
    size_t len;
    struct trace t = {NULL, 0};
    uint8_t *code = oracle_read(image, &len);
    if (!code) {
        return;
    }
    uint8_t *all = oracle_read(trace_name, &t.left);
    assert_non_null(all);
    t.p = all;
    struct rig r;
    unsigned long rows = 0, bad = 0;
    uint32_t block = 0;
    rig_init(&r, "cortex-a15");
    rig_mmu_on(&r);
    rig_fp_on(&r);
    memcpy(r.ram + IMAGE, code, len);
    cpu_ram_written(r.cpu, IMAGE, len);
    for (unsigned k = 0; k < 15; k++) {
        cpu_set(r.cpu, (enum cpu_reg)k, 0);
    }
    cpu_set(r.cpu, CPU_CPSR, 0x10);
    cpu_set(r.cpu, CPU_PC, IMAGE);
    for (bool more = true; more;) {
        uint32_t pc = cpu_get(r.cpu, CPU_PC), psr = cpu_get(r.cpu, CPU_CPSR);
        bool thumb = psr >> 5 & 1;
        int op;
        if (!protocol(&r, pc, thumb, &op)) {
            cpu_run(r.cpu, 1);
            if ((cpu_get(r.cpu, CPU_CPSR) & 0x1f) == 0x10) {
                continue;
            }
            assert_int_equal(cpu_get(r.cpu, CPU_CPSR) & 0x1f, 0x1b);
            cpu_set(r.cpu, CPU_CPSR, psr);
            cpu_set(r.cpu, CPU_PC, pc);
            op = OP_OTHER;
        }
        more = record(&r, &t, op, pc, &block, &rows, &bad);
        uint16_t hw = get_le16(r.ram + pc);
        cpu_set(r.cpu, CPU_PC, pc + (thumb && hw < 0xe800 ? 2 : 4));
    }
    printf("%s: %lu records, %lu differ\n", image, rows, bad);
    assert_int_equal(bad, 0);
    assert_true(rows > 100);
    rig_fini(&r);
    free(code);
    free(all);
}

static void test_a32_integer_image(void **state)
{
    (void)state;
    run_image("risu/a32-int.bin", "risu/a32-int.trace.xz");
}

static void test_t32_integer_image(void **state)
{
    (void)state;
    run_image("risu/t32-int.bin", "risu/t32-int.trace.xz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a32_integer_image),
        cmocka_unit_test(test_t32_integer_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
