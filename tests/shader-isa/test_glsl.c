// SPDX-License-Identifier: MIT
//
// The GLSL translation against the interpreter, on the host's GL (llvmpipe in CI; skipped where no
// GL context can be made). Rules: exact translation, equal but for: 4 units in the last place for
// sums of products and reciprocals (hosts divide and add in their own order), relative 2^-11 for
// exp, log, rsq, sqrt, sin and cos as GLSL leaves them to the host (sin and cos up to 256); NaN
// equals NaN, denormals equal zero, the sign of zero is free.
//
// Control flow is compared on programs whose conditions are the same in all lanes: GLSL has no
// votes.
#include "tests/shader-isa/util.h"
#include "tests/shader-isa/gl_engine.h"

// The host's GL driver leaks a little when it is unloaded; the other tests watch our own memory.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static int open_gl(void **state)
{
    static struct gl_engine engine;
    memset(&engine, 0, sizeof engine);
    *state = engine_open(&engine) ? &engine : NULL;
    return 0;
}

static int close_gl(void **state)
{
    if (*state) {
        engine_close(*state);
    }
    return 0;
}

static bool close_enough(float got, float want, float relative)
{
    uint32_t g = f32_to_bits(got), w = f32_to_bits(want);
    if (ulps_between(g, w) <= 4) {
        return true;
    }
    float scale = want < 0 ? -want : want, diff = got - want;
    return (diff < 0 ? -diff : diff) <= relative * (scale < 1.0f ? 1.0f : scale);
}

static struct engine_data host, reference;

enum numbers { SPECIAL, SMALL };

static float random_number(uint64_t *seed, enum numbers numbers)
{
    return numbers == SPECIAL ? f32_from_bits(flushed(random_float_bits(seed)))
                              : (float)(int32_t)(random32(seed) & 0xfff) / 16.0f - 128.0f;
}

static void random_inputs(uint64_t *seed, enum numbers numbers)
{
    for (int r = 0; r < ENGINE_REGS; r++) {
        for (int i = 0; i < ENGINE_LANES; i++) {
            for (int k = 0; k < 4; k++) {
                host.in[r][i][k] = random_number(seed, numbers);
            }
        }
    }
    for (int i = 0; i < ENGINE_CONSTS; i++) {
        for (int k = 0; k < 4; k++) {
            host.consts[i][k] = random_number(seed, numbers);
        }
    }
    for (int i = 0; i < 8; i++) {
        host.bools[i] = random32(seed);
    }
    for (int i = 0; i < 32; i++) {
        host.loops[i] = (random32(seed) & 0x03030000) | (random32(seed) & 0x0305);
    }
    reference = host;
}

// Compares all lanes; prints the first difference.
static unsigned compare(const char *what, float relative)
{
    unsigned wrong = 0;
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < ENGINE_LANES; i++) {
            for (int k = 0; k < 4; k++) {
                float g = host.out[t][i][k], w = reference.out[t][i][k];
                if (!close_enough(g, w, relative) && !wrong++) {
                    printf("%s: lane %d output %d.%c is %g (%08x), interpreter has %g (%08x)\n",
                           what, i, t, "xyzw"[k], (double)g, f32_to_bits(g), (double)w,
                           f32_to_bits(w));
                }
            }
        }
    }
    return wrong;
}

static float tolerance(unsigned scalar_op)
{
    bool loose = (scalar_op >= 14 && scalar_op <= 16) || (scalar_op >= 20 && scalar_op <= 22) ||
                 scalar_op == 40 || scalar_op == 48 || scalar_op == 49;
    return loose ? 1.0f / 2048 : 0;
}

static bool run_both(struct gl_engine *gl, const uint32_t *dw, size_t n, enum shader_stage stage,
                     bool exact, const char *what, float relative)
{
    struct shader *sh = shader_decode(dw, n, stage, SHADER_A20X, NULL);
    assert_non_null(sh);
    bool ran = engine_run(gl, sh, exact, &host);
    engine_interpret(sh, &reference);
    unsigned wrong = ran ? compare(what, relative) : 1;
    if (wrong) {
        struct shader_glsl_options opt = {exact, true};
        char *text;
        if (!shader_to_glsl(sh, &opt, &text, NULL)) {
            char *body = strstr(text, "void yamato_ps");
            printf("%s\n", body ? body : strstr(text, "void yamato_vs"));
            free(text);
        }
    }
    shader_destroy(sh);
    return !wrong;
}

// A random slot that both engines must understand alike: temporaries r0..r15, relative constants
// through a0 only.
static struct alu_fields random_slot(uint64_t *seed, unsigned vop, unsigned sop)
{
    uint32_t dw[3] = {random32(seed), random32(seed), random32(seed)};
    struct alu_fields f;
    isa_unpack_alu(dw, &f);
    f.vector_op = vop;
    f.scalar_op = sop;
    f.vector_dest = 1;
    f.scalar_dest = 2;
    f.vector_dest_rel = f.scalar_dest_rel = 0;
    f.export_data = 0;
    f.const_addr_a0 = 1;
    f.predicated = random32(seed) % 4 == 0;
    if (f.src1_is_temp) {
        f.src1 &= 0x8f;
    }
    if (f.src2_is_temp) {
        f.src2 &= 0x8f;
    }
    if (f.src3_is_temp && (sop < 42 || sop > 47)) {
        f.src3 &= 0x8f;
    }
    if (sop >= 42 && sop <= 47) {
        f.swiz3 &= 0xcf; // temporaries r0..r15
    }
    return f;
}

static struct alu_fields export_slot(unsigned reg, bool predicated, unsigned mask)
{
    struct alu_fields f = nop_fields();
    f.export_data = 1;
    f.vector_mask = mask;
    f.src1 = f.src2 = reg;
    f.predicated = predicated;
    f.pred_condition = 1;
    return f;
}

static void test_every_opcode_translates_exactly(void **state)
{
    if (!*state) {
        skip_or_fail("test_every_opcode_translates_exactly");
        return;
    }
    uint64_t seed = 20;
    unsigned programs = 0, wrong = 0;
    for (unsigned pass = 0; pass < 3; pass++) {
        for (unsigned i = 0; i < 96; i++) {
            unsigned vop = i < 32 ? i : 2, sop = i < 32 ? 50 : i - 32;
            if (!isa_vector[vop].xna || !isa_scalar[sop].xna) {
                continue;
            }
            uint32_t slots[6][3];
            struct alu_fields f = random_slot(&seed, vop, sop);
            if (i >= 32) {
                f.vector_mask = 0;
                f.scalar_mask |= 1;
            } else {
                f.vector_mask |= 1;
                f.scalar_mask = 0;
            }
            struct alu_fields setup = nop_fields(); // ps and p0 from r3, a0 from r4
            setup.scalar_op = 30;
            setup.src3 = 3;
            isa_pack_alu(&setup, slots[0]);
            setup.scalar_op = 23;
            setup.src3 = 4;
            isa_pack_alu(&setup, slots[1]);
            isa_pack_alu(&f, slots[2]);
            // colour: x y from r1, z from r2, w = 1 where p0
            setup = export_slot(1, false, 3);
            isa_pack_alu(&setup, slots[3]);
            setup = export_slot(2, false, 4);
            setup.swiz1 = setup.swiz2 = 0x20; // z = x
            isa_pack_alu(&setup, slots[4]);
            setup = export_slot(1, true, 8);
            setup.src1_is_temp = setup.src2_is_temp = 0; // w = a constant at a0
            setup.const0_rel = setup.const1_rel = setup.const_addr_a0 = 1;
            isa_pack_alu(&setup, slots[5]);
            uint32_t dw[21];
            size_t n = one_exec(dw, (const uint32_t(*)[3])slots, 6, 0);
            char name[64];
            snprintf(name, sizeof name, "%s %s pass %u",
                     i < 32 ? isa_vector[vop].xna : isa_scalar[sop].xna,
                     f.vector_clamp || f.scalar_clamp ? "sat" : "", pass);
            random_inputs(&seed, sop == 48 || sop == 49 ? SMALL : SPECIAL);
            programs++;
            wrong +=
                !run_both(*state, dw, n, SHADER_PIXEL, true, name, i < 32 ? 0 : tolerance(sop));
        }
    }
    printf("GLSL: %u programs, %u differ\n", programs, wrong);
    assert_true(programs > 200);
    assert_int_equal(wrong, 0);
}

// ---- control flow
// --------------------------------------------------------------------------------

#define CF_PAIRS 6 // control flow slots of a random program
#define POOL 12    // ALU slots of it

static struct cf_fields random_cf(uint64_t *seed, unsigned i, unsigned *loop_at)
{
    struct cf_fields f = {.op = CF_EXEC};
    unsigned last = 2 * CF_PAIRS - 1;
    unsigned kind = random32(seed) % 16;
    if (*loop_at && kind < 6) { // close the open loop, sometimes as nobody would
        f.op = CF_LOOP_END;
        f.loop.address = kind ? *loop_at + 1 : random32(seed) % last;
        f.loop.loop_id = 1;
        f.loop.pred_break = random32(seed) % 4 == 0;
        f.loop.condition = random32(seed) & 1;
        *loop_at = 0;
        return f;
    }
    switch (kind) {
    case 6:
    case 7:
        f.op = CF_LOOP_START;
        f.loop.address = i + 2 + random32(seed) % 4;
        f.loop.loop_id = random32(seed) % 32;
        f.loop.repeat = random32(seed) % 4 == 0;
        *loop_at = i;
        return f;
    case 8:
    case 9:
        f.op = kind == 8 ? CF_JUMP : CF_CALL;
        f.jump.address = i + 1 + random32(seed) % 4;
        if (random32(seed) % 4 == 0) {
            f.jump.address = random32(seed) % last;
        }
        f.jump.uncond = random32(seed) % 4 == 0;
        f.jump.predicated = random32(seed) & 1;
        f.jump.bool_address = random32(seed) & 255;
        f.jump.condition = random32(seed) & 1;
        return f;
    case 10:
        f.op = CF_RETURN;
        return f;
    default:
        break;
    }
    static const uint8_t execs[] = {CF_EXEC,      CF_EXEC,          CF_COND_EXEC,    CF_PRED_EXEC,
                                    CF_PRED_EXEC, CF_COND_EXEC_END, CF_PRED_EXEC_END};
    f.op = execs[random32(seed) % (i < 4 ? 5 : ARRAY_LEN(execs))];
    f.exec.count = 1 + random32(seed) % 3;
    f.exec.address = CF_PAIRS + random32(seed) % (POOL - 3);
    f.exec.bool_address = random32(seed) & 255;
    f.exec.condition = random32(seed) & 1;
    return f;
}

// Sums and fractions of registers and constants that keep numbers small.
static struct alu_fields random_step(uint64_t *seed)
{
    static const uint8_t vops[] = {0, 2, 3, 6, 8, 10};
    struct alu_fields f = nop_fields();
    f.vector_op = vops[random32(seed) % ARRAY_LEN(vops)];
    f.vector_dest = 1 + random32(seed) % 4;
    f.vector_mask = random32(seed) & 15;
    f.src1 = random32(seed) & 7;
    f.src2 = random32(seed) & 63;
    f.src2_is_temp = 0;
    f.const0_rel = random32(seed) & 1; // + aL
    f.swiz1 = random32(seed) & 255;
    f.swiz2 = random32(seed) & 255;
    f.neg2 = random32(seed) & 1;
    if (random32(seed) % 4 == 0) { // r[n + aL]
        f.vector_dest_rel = random32(seed) & 1;
        f.src1 |= (random32(seed) & 1) << 6;
    }
    f.predicated = random32(seed) % 4 == 0;
    f.pred_condition = random32(seed) & 1;
    if (random32(seed) % 3 == 0) { // p0 from a constant: the same in all lanes
        f.scalar_op = 29 + (random32(seed) & 1);
        f.src3_is_temp = 0;
        f.src3 = random32(seed) & 63;
        f.predicated = 0;
    }
    return f;
}

static size_t random_program(uint64_t *seed, uint32_t *dw)
{
    struct cf_fields cf[2 * CF_PAIRS];
    unsigned loop_at = 0, last = 2 * CF_PAIRS - 1;
    bool tidy = random32(seed) % 3 != 0; // loops that nest and no calls
    for (unsigned i = 0; i <= last; i++) {
        unsigned open = loop_at;
        cf[i] = random_cf(seed, i, &loop_at);
        if (i == 0 || i == last) { // starts plain, ends with the export
            cf[i] = (struct cf_fields){.op = i ? CF_EXEC_END : CF_EXEC, .exec = {.count = 1}};
            cf[i].exec.address = CF_PAIRS + (i ? POOL : 0);
            loop_at = i ? loop_at : 0;
        } else if (tidy && (cf[i].op == CF_CALL || cf[i].op == CF_JUMP ||
                            (open && (isa_cf[cf[i].op].ends || cf[i].op == CF_LOOP_START)))) {
            cf[i] = (struct cf_fields){.op = CF_EXEC, .exec = {.count = 2, .address = CF_PAIRS}};
            loop_at = open;
        } else if (tidy && cf[i].op == CF_LOOP_END) {
            cf[i].loop.address = open + 1;
            cf[open].loop.address = i + 1;
        }
    }
    if (tidy && loop_at) {
        cf[loop_at] = (struct cf_fields){.op = CF_NOP};
    }
    for (unsigned i = 0; i <= last; i += 2) {
        uint64_t v[2] = {isa_pack_cf(&cf[i]), isa_pack_cf(&cf[i + 1])};
        uint32_t *p = dw + 3 * (i / 2);
        p[0] = (uint32_t)v[0];
        p[1] = (uint32_t)(v[0] >> 32) | (uint32_t)(v[1] << 16);
        p[2] = (uint32_t)(v[1] >> 16);
    }
    for (unsigned i = 0; i < POOL; i++) {
        struct alu_fields f = random_step(seed);
        isa_pack_alu(&f, dw + 3 * (CF_PAIRS + i));
    }
    struct alu_fields f = nop_fields(); // colour = r1 + r2 * r3
    f.export_data = 1;
    f.vector_mask = 15;
    f.vector_op = 11;
    f.src1 = 2;
    f.src2 = 3;
    f.src3 = 1;
    isa_pack_alu(&f, dw + 3 * (CF_PAIRS + POOL));
    return 3 * (CF_PAIRS + POOL + 1);
}

static void test_control_flow_translates(void **state)
{
    if (!*state) {
        skip_or_fail("test_control_flow_translates");
        return;
    }
    uint64_t seed = 99;
    unsigned ran = 0, wrong = 0, endless = 0, switches = 0;
    for (unsigned i = 0; i < 60; i++) {
        uint32_t dw[3 * (CF_PAIRS + POOL + 1)];
        size_t n = random_program(&seed, dw);
        random_inputs(&seed, SMALL);
        struct shader *sh = shader_decode(dw, n, SHADER_PIXEL, SHADER_A20X, NULL);
        enum shader_result res = engine_interpret(sh, &reference);
        shader_destroy(sh);
        if (res != SHADER_OK) {
            endless++; // endless loop, or deeper than the stack: results are not defined
            continue;
        }
        char name[32];
        snprintf(name, sizeof name, "program %u", i);
        struct shader_glsl_options opt = {true, true};
        char *text = NULL;
        sh = shader_decode(dw, n, SHADER_PIXEL, SHADER_A20X, NULL);
        assert_int_equal(shader_to_glsl(sh, &opt, &text, NULL), 0);
        switches += strstr(text, "switch (pc)") != NULL;
        free(text);
        shader_destroy(sh);
        ran++;
        wrong += !run_both(*state, dw, n, SHADER_PIXEL, true, name, 1.0f / 65536);
    }
    printf("GLSL control flow: %u programs (%u by switch, %u without an end left out), %u differ\n",
           ran, switches, endless, wrong);
    assert_true(ran > 30 && switches > 10 && switches < ran);
    assert_int_equal(wrong, 0);
}

// ---- fetches, exports, kills
// ---------------------------------------------------------------------

static void vertex_slots(uint32_t slots[6][3])
{
    struct vfetch_fields v = {.dst = 1,
                              .must_be_one = 1,
                              .const_index = 20,
                              .index_round = 1,
                              .format = 57,
                              .dst_swiz = 0 | 1 << 3 | 2 << 6 | 5 << 9};
    isa_pack_vfetch(&v, slots[0]);
    v.const_sel = 1;
    v.dst = 2;
    v.dst_swiz = 7 | 3 << 3 | 4 << 6 | 0 << 9;
    isa_pack_vfetch(&v, slots[1]);
    struct alu_fields f = export_slot(1, false, 15); // position = r1
    f.vector_dest = 62;
    isa_pack_alu(&f, slots[2]);
    f = export_slot(2, false, 7); // o0 = (r2.xyz, 1.0): both masks make the constant
    f.vector_mask = 15;
    f.scalar_mask = 8;
    isa_pack_alu(&f, slots[3]);
    f = export_slot(1, false, 1); // point size = saturated r1.x, the rest 0.0
    f.vector_dest = 63;
    f.vector_clamp = 1;
    f.scalar_dest_rel = 1;
    isa_pack_alu(&f, slots[4]);
    f = nop_fields();
    isa_pack_alu(&f, slots[5]);
}

static void test_vertex_program_translates(void **state)
{
    if (!*state) {
        skip_or_fail("test_vertex_program_translates");
        return;
    }
    uint64_t seed = 7;
    uint32_t slots[6][3], dw[21];
    vertex_slots(slots);
    size_t n = one_exec(dw, (const uint32_t(*)[3])slots, 6, 3);
    random_inputs(&seed, SMALL);
    assert_true(run_both(*state, dw, n, SHADER_VERTEX, true, "vertex exact", 0));
    assert_true(run_both(*state, dw, n, SHADER_VERTEX, false, "vertex fast", 0));
    struct shader *sh = shader_decode(dw, n, SHADER_VERTEX, SHADER_A20X, NULL);
    const struct shader_info *info = shader_info(sh);
    assert_int_equal(info->vfetch_count, 2);
    assert_true(info->vfetch[0].index_is_vertex && info->vfetch[1].index_is_vertex);
    assert_true(info->exports_position && info->exports_misc && info->export_mask == 1);
    assert_int_equal(info->temps, 3);
    shader_destroy(sh);
}

static void test_texture_and_kill_translate(void **state)
{
    if (!*state) {
        skip_or_fail("test_texture_and_kill_translate");
        return;
    }
    uint64_t seed = 8;
    uint32_t slots[6][3], dw[21];
    struct tfetch_fields t = {.op = FETCH_SET_LOD, .src = 1, .src_swiz = 2, .dst_swiz = 0xfff};
    isa_pack_tfetch(&t, slots[0]);
    t.op = FETCH_SET_GRAD_H;
    t.src_swiz = 0x1b;
    isa_pack_tfetch(&t, slots[1]);
    struct alu_fields f = nop_fields(); // setp_gt r2.w
    f.scalar_op = 29;
    f.src3 = 2;
    isa_pack_alu(&f, slots[2]);
    t = (struct tfetch_fields){.op = FETCH_TEX, .const_index = 3, .src = 3, .src_swiz = 0x24};
    t.dst = 3;
    t.dst_swiz = 3 | 0 << 3 | 7 << 6 | 1 << 9;
    t.predicated = 1;
    isa_pack_tfetch(&t, slots[3]);
    f = nop_fields(); // kill_gt r4, c5
    f.vector_op = 25;
    f.src1 = 4;
    f.src2 = 5;
    f.src2_is_temp = 0;
    isa_pack_alu(&f, slots[4]);
    f = export_slot(3, false, 15);
    isa_pack_alu(&f, slots[5]);
    size_t n = one_exec(dw, (const uint32_t(*)[3])slots, 6, 0xb);
    random_inputs(&seed, SMALL);
    for (unsigned k = 0; k < 4; k++) {
        host.consts[5][k] = reference.consts[5][k] = 90.0f; // kill some, not all
    }
    assert_true(run_both(*state, dw, n, SHADER_PIXEL, true, "texture exact", 0));
    assert_true(run_both(*state, dw, n, SHADER_PIXEL, false, "texture fast", 0));
    unsigned alive = 0;
    for (unsigned i = 0; i < ENGINE_LANES; i++) {
        alive += reference.out[1][i][1] != 0;
    }
    assert_true(alive > 20 && alive < ENGINE_LANES - 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_opcode_translates_exactly),
        cmocka_unit_test(test_control_flow_translates),
        cmocka_unit_test(test_vertex_program_translates),
        cmocka_unit_test(test_texture_and_kill_translate),
    };
    return cmocka_run_group_tests(tests, open_gl, close_gl);
}
