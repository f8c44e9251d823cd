// SPDX-License-Identifier: MIT
//
// Executions of single ALU slots recorded from another implementation (the Xenia shader
// interpreter, oracles/shader/xenia/alu-exec.txt.xz). A row's slot is run between slots that set
// and read ps, p0 and a0, so that only the public interface is used. Transcendental operations may
// differ by 2 ulp.
//
// Documented choice: the recorder ignores abs_constants (dword 0 bit 7), which the assembler's
// encoding proves to be an absolute value. Its rows are run with the bit cleared.
#include "tests/shader-isa/util.h"

#define WINDOW 512

struct row {
    uint32_t dw[3], ps, p0, r[16], c[16], out[16], p0_out;
    int a0_out;
    int export_reg; // -1: none
    uint32_t export_mask, export_value[4];
};

static const char *words(const char *p, uint32_t *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char *end;
        v[i] = (uint32_t)strtoul(p, &end, 16);
        if (end == p) {
            return NULL;
        }
        p = end;
    }
    while (*p == ' ' || *p == '|') {
        p++;
    }
    return p;
}

static bool parse_row(const char *line, struct row *row)
{
    const char *p = line;
    if (!(p = words(p, row->dw, 3)) || !(p = words(p, &row->ps, 1)) ||
        !(p = words(p, &row->p0, 1)) || !(p = words(p, row->r, 16)) ||
        !(p = words(p, row->c, 16)) || !(p = words(p, row->out, 16)) ||
        !(p = words(p, &row->p0_out, 1))) {
        return false;
    }
    char *end;
    row->a0_out = (int)strtol(p, &end, 10);
    p = end;
    while (*p == ' ' || *p == '|') {
        p++;
    }
    row->export_reg = -1;
    if (*p != '-') {
        row->export_reg = (int)strtol(p, &end, 10);
        return words(end, &row->export_mask, 1) &&
               words(words(end, &row->export_mask, 1), row->export_value, 4);
    }
    return true;
}

struct memory {
    struct shader_env env;
    float data[4];
    unsigned n;
    bool seen;
};

static void on_memexport(struct shader_env *env, unsigned lane, const float ea[4], unsigned n,
                         const float data[4])
{
    struct memory *m = container_of(env, struct memory, env);
    (void)ea;
    if (lane == 3) {
        m->seen = true;
        m->n = n;
        memcpy(m->data, data, sizeof m->data);
    }
}

static const struct shader_env_ops memory_ops = {.memexport = on_memexport};

static size_t row_program(const struct row *row, uint32_t *dw)
{
    uint32_t slots[5][3];
    struct alu_fields f = nop_fields();
    f.scalar_op = 28; // setp_ne r5.x
    f.src3 = 5;
    f.swiz3 = 0x6c;
    isa_pack_alu(&f, slots[0]);
    f.scalar_op = 5; // maxs r4.xx: ps
    f.src3 = 4;
    f.swiz3 = 1 << 6; // w position reads x, x position reads x
    isa_pack_alu(&f, slots[1]);
    memcpy(slots[2], row->dw, 12);
    f = nop_fields(); // (p0) r6 = r8
    f.vector_dest = 6;
    f.vector_mask = 15;
    f.predicated = f.pred_condition = 1;
    f.src1 = f.src2 = 8;
    isa_pack_alu(&f, slots[3]);
    f = nop_fields(); // r7 = c[255 + a0]
    f.vector_dest = 7;
    f.vector_mask = 15;
    f.src1 = f.src2 = 255;
    f.src1_is_temp = f.src2_is_temp = 0;
    f.const0_rel = f.const1_rel = f.const_addr_a0 = 1;
    isa_pack_alu(&f, slots[4]);
    return one_exec(dw, (const uint32_t(*)[3])slots, 5, 0);
}

static unsigned allowed_ulps(const struct row *row)
{
    struct alu_fields f;
    isa_unpack_alu(row->dw, &f);
    unsigned s = f.scalar_op;
    return (s >= 14 && s <= 22) || s == 40 || s == 48 || s == 49 ? 2 : 0;
}

static bool differs(const char *what, unsigned line, uint32_t got, uint32_t want, unsigned ulps)
{
    if (ulps_between(got, want) <= ulps) {
        return false;
    }
    printf("row %u: %s is %08x, should be %08x\n", line, what, got, want);
    return true;
}

// The recorder saw a0 within some -127..127 only and wrote 0 for the rest: true when c[255+a0] says
// that a0 was outside.
static bool beyond_recorder(uint32_t seen, const struct row *row)
{
    float f = f32_from_bits(seen);
    bool low = seen == 0; // c[-1], or c0..c3 of the row
    for (unsigned i = 0; i < 4; i++) {
        low |= ulps_between(seen, row->c[4 * i]) == 0;
    }
    return low || (f >= 1000.0f && (f < 1128.0f || f > 1382.0f));
}

static bool check_row(const struct row *row, unsigned line)
{
    uint32_t dw[32];
    size_t n = row_program(row, dw);
    struct err err;
    struct shader *sh = shader_decode(dw, n, SHADER_VERTEX, SHADER_XENOS, &err);
    assert_non_null(sh);
    static float window[WINDOW][4];
    for (unsigned i = 0; i < WINDOW; i++) {
        for (unsigned k = 0; k < 4; k++) {
            window[i][k] = i < 4 ? f32_from_bits(row->c[4 * i + k]) : (float)(1000 + i);
        }
    }
    static struct shader_lanes lanes;
    memset(&lanes, 0, sizeof lanes);
    lanes.count = SHADER_LANES;
    lanes.active = 0xffff;
    for (unsigned l = 0; l < SHADER_LANES; l++) {
        for (unsigned i = 0; i < 16; i++) {
            lanes.r[i / 4][i % 4][l] = f32_from_bits(row->r[i]);
        }
        lanes.r[4][0][l] = f32_from_bits(row->ps);
        lanes.r[5][0][l] = row->p0 ? 1.0f : 0.0f;
        lanes.r[8][0][l] = 1.0f;
    }
    struct memory m = {
        .env = {.ops = &memory_ops, .alu = (const float(*)[4])window, .alu_count = WINDOW}};
    assert_int_equal(shader_run(sh, &m.env, &lanes), SHADER_OK);

    bool bad = false;
    unsigned ulps = allowed_ulps(row);
    for (unsigned i = 0; i < 16; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%u.%c", i / 4, "xyzw"[i % 4]);
        bad |= differs(name, line, f32_to_bits(lanes.r[i / 4][i % 4][3]), row->out[i], ulps);
    }
    bad |= differs("p0", line, lanes.r[6][0][3] != 0, row->p0_out, 0);
    if (row->a0_out || !beyond_recorder(f32_to_bits(lanes.r[7][0][3]), row)) {
        bad |= differs("c[255+a0]", line, f32_to_bits(lanes.r[7][0][3]),
                       f32_to_bits(window[255 + row->a0_out][0]), 0);
    }
    if (row->export_reg >= 0) {
        const float(*out)[SHADER_LANES] = row->export_reg == 62   ? lanes.position
                                          : row->export_reg == 63 ? lanes.misc
                                          : row->export_reg < 16  ? lanes.out[row->export_reg]
                                                                  : NULL;
        for (unsigned k = 0; k < 4 && out; k++) {
            if (row->export_mask >> k & 1) {
                bad |= differs("export", line, f32_to_bits(out[k][3]), row->export_value[k], ulps);
            }
        }
    } else {
        bad |= differs("exported", line, lanes.exported, 0, 0);
    }
    shader_destroy(sh);
    return !bad;
}

static void test_slots_execute_as_recorded(void **state)
{
    (void)state;
    int pipe;
    FILE *f = oracle_open("oracles/shader/xenia/alu-exec.txt.xz", &pipe);
    if (!f) {
        skip_or_fail("test_slots_execute_as_recorded");
        return;
    }
    static char line[4096];
    unsigned rows = 0, wrong = 0, number = 0, abs_rows = 0;
    while (fgets(line, sizeof line, f)) {
        struct row row;
        number++;
        if (line[0] == '#') {
            continue;
        }
        assert_true(parse_row(line, &row));
        rows++;
        abs_rows += row.dw[0] >> 7 & 1;
        row.dw[0] &= ~0x80u;
        wrong += !check_row(&row, number);
    }
    oracle_close(f, pipe);
    printf("alu-exec: %u rows (%u with abs_constants cleared), %u differ\n", rows, abs_rows, wrong);
    assert_true(rows > 0);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_slots_execute_as_recorded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
