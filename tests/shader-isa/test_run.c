// SPDX-License-Identifier: MIT
//
// The interpreter's behaviour beyond single slots: votes, loops, calls, kills, exports, memory
// export, fetches with their index and registers, addresses out of range, and what shader_info
// says. Programs are assembler text; numbers are worked out by hand.
#include <math.h>

#include "tests/shader-isa/util.h"

struct machine {
    struct shader_env env;
    struct shader_lanes l;
    float alu[256][4];
    uint32_t bools[8], loops[32];
    // what the callbacks saw
    unsigned vfetches, tfetches, exports;
    float index[4][SHADER_LANES];
    float coord[3], lod, gh[3], gv[3];
    uint32_t active[4];
    float ea[8][4], em[8][4];
    unsigned em_n[8], em_lane[8];
};

static void on_vfetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                      uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    struct machine *m = container_of(env, struct machine, env);
    (void)lanes;
    unsigned n = m->vfetches++ & 3;
    memcpy(m->index[n], index, sizeof m->index[n]);
    m->active[n] = active;
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        for (unsigned k = 0; k < 4; k++) {
            out[k][i] = (float)(f->constant * 10 + k);
        }
    }
}

static void on_tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                      uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                      const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                      float out[4][SHADER_LANES])
{
    struct machine *m = container_of(env, struct machine, env);
    (void)lanes;
    m->active[m->tfetches++ & 3] = active;
    m->lod = reg_lod[1];
    for (unsigned k = 0; k < 3; k++) {
        m->coord[k] = coord[k][1];
        m->gh[k] = grad_h[k][1];
        m->gv[k] = grad_v[k][1];
    }
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        for (unsigned k = 0; k < 4; k++) {
            out[k][i] = (float)f->constant + (float)k * 0.25f;
        }
    }
}

static void on_memexport(struct shader_env *env, unsigned lane, const float ea[4], unsigned n,
                         const float data[4])
{
    struct machine *m = container_of(env, struct machine, env);
    unsigned i = m->exports++ & 7;
    memcpy(m->ea[i], ea, sizeof m->ea[i]);
    memcpy(m->em[i], data, sizeof m->em[i]);
    m->em_n[i] = n;
    m->em_lane[i] = lane;
}

static const struct shader_env_ops ops = {on_vfetch, on_tfetch, on_memexport};

static struct shader *program(const char *text, enum shader_stage stage,
                              enum shader_profile profile)
{
    uint32_t *dw;
    size_t n;
    struct err err = {0};
    if (shader_assemble(text, stage, &dw, &n, &err)) {
        fail_msg("%s", err.msg);
    }
    struct shader *sh = shader_decode(dw, n, stage, profile, &err);
    assert_non_null(sh);
    free(dw);
    return sh;
}

// A fresh machine: r[n].k of lane i is n + k/10 + 100 i; c[n] = n; c3 = 1.
static struct machine *machine(void)
{
    struct machine *m = calloc(1, sizeof *m);
    assert_non_null(m);
    for (unsigned r = 0; r < 64; r++) {
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned i = 0; i < SHADER_LANES; i++) {
                m->l.r[r][k][i] = (float)r + 0.125f * (float)k + 100.0f * (float)i;
            }
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 0; k < 4; k++) {
            m->alu[i][k] = i == 3 ? 1.0f : (float)i;
        }
    }
    m->l.count = SHADER_LANES;
    m->l.active = 0xffff;
    m->env = (struct shader_env){.ops = &ops,
                                 .alu = (const float(*)[4])m->alu,
                                 .alu_count = 256,
                                 .bools = m->bools,
                                 .loops = m->loops};
    return m;
}

static struct machine *run(const char *text, enum shader_stage stage, struct machine *m)
{
    struct shader *sh = program(text, stage, SHADER_A20X);
    assert_int_equal(shader_run(sh, &m->env, &m->l), SHADER_OK);
    shader_destroy(sh);
    return m;
}

#define COUNT "EXEC\n ALU: ADDv R1.x___ = R1, C3\n"

static void test_loop_runs_count_times_with_al(void **state)
{
    (void)state;
    struct machine *m = machine();
    m->loops[5] = 3 | 10 << 8 | 4 << 16; // aL = 10, 14, 18
    run("LOOP_START ADDR(0x3) LOOP_ID(5)\n" COUNT " ALU: ADDv R2.x___ = R2, C100 {const0_rel=1}\n"
        "LOOP_END ADDR(0x1) LOOP_ID(5)\nEXEC_END\n",
        SHADER_PIXEL, m);
    assert_true(m->l.r[1][0][0] == 1.0f + 3.0f);
    assert_true(m->l.r[2][0][0] == 2.0f + 110 + 114 + 118);
    free(m);
}

static void test_loop_with_negative_step_and_zero_count(void **state)
{
    (void)state;
    struct machine *m = machine();
    m->loops[0] = 2 | 5 << 8 | 0xfeu << 16; // aL = 5, 3
    m->loops[1] = 0 | 9 << 8;
    run("LOOP_START ADDR(0x3) LOOP_ID(0)\nEXEC\n ALU: ADDv R2.x___ = R2, C100 {const0_rel=1}\n"
        "LOOP_END ADDR(0x1) LOOP_ID(0)\nLOOP_START ADDR(0x6) LOOP_ID(1)\n" COUNT
        "LOOP_END ADDR(0x4) LOOP_ID(1)\nEXEC_END\n",
        SHADER_PIXEL, m);
    assert_true(m->l.r[2][0][0] == 2.0f + 105 + 103);
    assert_true(m->l.r[1][0][0] == 1.0f);
    free(m);
}

static void test_calls_nest_four_deep_and_no_further(void **state)
{
    (void)state;
    struct machine *m = machine();
    struct shader *sh =
        program("COND_CALL ADDR(0x2) DIR(1) FORCE_CALL\nEXEC_END\n"
                "COND_CALL ADDR(0x2) DIR(0) FORCE_CALL\n" COUNT "RETURN ADDR(0x0) DIR(0)\n",
                SHADER_PIXEL, SHADER_A20X);
    assert_int_equal(shader_run(sh, &m->env, &m->l), SHADER_ILLEGAL);
    assert_true(m->l.r[1][0][0] == 1.0f + 4.0f); // the fifth call is skipped, four bodies run
    shader_destroy(sh);
    free(m);
}

// p0 is r0.x > 350: lanes 4 and up.
#define SPLIT                                                                                      \
    "EXEC\n ALU: ADDv R9.x___ = R0, -C255\n ALU: ADDv R9.x___ = R9, -C95\n"                        \
    " ALU: MAXv R0.____ = R0, R0\n PRED_SETGTs R8.x___ = R9.xxxx\n"

static void test_predicates_are_per_lane_and_votes_per_vector(void **state)
{
    (void)state;
    struct machine *m = machine();
    run(SPLIT "COND_PRED_EXEC COND(1)\n ALU: ADDvEQ R1.x___ = R1, C3\n"
              "COND_PRED_EXEC COND(0)\n ALU: ADDvNE R2.x___ = R2, C3\n"
              "COND_JMP ADDR(0x5) DIR(1) COND(1)\n" // not all agree: not taken
              "EXEC\n ALU: ADDv R3.x___ = R3, C3\n"
              "EXEC_END\n",
        SHADER_PIXEL, m);
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        float base = 100.0f * (float)i;
        assert_true(m->l.r[1][0][i] == base + 1 + (i >= 4));
        assert_true(m->l.r[2][0][i] == base + 2 + (i < 4));
        assert_true(m->l.r[3][0][i] == base + 3 + 1);
        assert_true(m->l.r[8][0][i] == (i >= 4 ? 0.0f : 1.0f));
    }
    // with only agreeing lanes active the jump is taken and the !p0 exec is not
    memset(&m->l.exported, 0, sizeof m->l.exported);
    struct machine *n = machine();
    n->l.active = 0xfff0;
    run(SPLIT "COND_PRED_EXEC COND(0)\n ALU: ADDv R2.x___ = R2, C3\n"
              "COND_JMP ADDR(0x4) DIR(1) COND(1)\nEXEC\n ALU: ADDv R3.x___ = R3, C3\nEXEC_END\n",
        SHADER_PIXEL, n);
    assert_true(n->l.r[2][0][5] == 502.0f);
    assert_true(n->l.r[3][0][5] == 503.0f);
    free(m);
    free(n);
}

static void test_backward_jump_repeats_while_any_lane_wants(void **state)
{
    (void)state;
    struct machine *m = machine();
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        m->l.r[4][0][i] = (float)i; // iterations of each lane
    }
    run("EXEC\n ALU: MAXv R0.____ = R0, R0\n PRED_SETGTs R8.x___ = R4.xxxx\n"
        " ALU: ADDvEQ R1.x___ = R1, C3\n ALU: ADDv R4.x___ = R4, -C3\n"
        "COND_JMP ADDR(0x0) DIR(0) COND(1)\nEXEC_END\n",
        SHADER_PIXEL, m);
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        assert_true(m->l.r[1][0][i] == 1.0f + 100.0f * (float)i + (float)i);
    }
    free(m);
}

static void test_kills_and_depth_reach_the_caller(void **state)
{
    (void)state;
    struct machine *m = machine();
    run(SPLIT " ALU: KILLGTv R7 = R9.xxxx, C0\n"
              "ALLOC PARAM/PIXEL SIZE(0x0)\n"
              "EXEC_END\n ALU: MAXv export61.x___ = R1, R1\n ALU: MAXv export0.x__w = R2, R2\n",
        SHADER_PIXEL, m);
    assert_int_equal(m->l.killed, 0xfff0);
    assert_int_equal(m->l.exported, 1u << 29 | 1);
    assert_true(m->l.depth[2] == 201.0f && m->l.out[0][0][2] == 202.0f);
    assert_true(m->l.out[0][1][2] == 0.0f && m->l.out[0][3][2] == 202.375f);
    assert_true(m->l.r[7][0][0] == 0.0f && m->l.r[7][0][9] == 1.0f);
    free(m);
    m = machine(); // a vertex program keeps its lanes
    run(SPLIT " ALU: KILLGTv R7 = R9.xxxx, C0\nEXEC_END\n", SHADER_VERTEX, m);
    assert_int_equal(m->l.killed, 0);
    free(m);
}

static void test_memory_export_bursts(void **state)
{
    (void)state;
    struct machine *m = machine();
    m->l.active = 2;
    run("ALLOC MEMORY SIZE(0x1)\nEXEC\n ALU: MAXv export32 = R5, R5\n"
        " ALU: MAXv export33.xy__ = R6, R6\n ALU: MAXv export33.__zw = R7, R7\n"
        " ALU: MAXv export35 = R8, R8\n"
        "ALLOC MEMORY SIZE(0x1)\nEXEC_END\n ALU: MAXv export33 = R9, R9\n", // no address: dropped
        SHADER_VERTEX, m);
    assert_int_equal(m->exports, 2);
    assert_int_equal(m->em_n[0], 0);
    assert_int_equal(m->em_n[1], 2);
    assert_int_equal(m->em_lane[0], 1);
    assert_true(m->ea[0][0] == 105.0f && m->em[0][1] == 106.125f && m->em[0][2] == 107.25f);
    assert_true(m->em[1][3] == 108.375f);
    free(m);
}

#define VF(dst, src, more)                                                                         \
    " FETCH: VERTEX " dst " = " src " FMT_32_32_32_32_FLOAT SIGNED STRIDE(4) " more

static void test_vertex_fetch_index_swizzle_and_mini(void **state)
{
    (void)state;
    static const char text[] = "EXEC_END\n" VF("R1.wx1_", "R0.y", "CONST(2, 1) {mini=0}\n")
        VF("R2.xyzw", "R5.x", "CONST(4, 0) {mini=1}\n");
    struct machine *m = machine();
    m->l.r[0][1][0] = 2.75f;
    m->l.r[0][1][1] = -0.25f;
    run(text, SHADER_VERTEX, m);
    assert_int_equal(m->vfetches, 2);
    assert_true(m->index[0][0] == 2.0f && m->index[0][1] == -1.0f);
    assert_true(m->l.r[1][0][0] == 73.0f && m->l.r[1][1][0] == 70.0f && m->l.r[1][2][0] == 1.0f);
    assert_true(m->l.r[1][3][0] == 1.375f); // kept
    assert_true(m->index[1][0] == 5.0f);    // Adreno: its own index and constant
    assert_true(m->l.r[2][0][0] == 120.0f);
    free(m);
    m = machine();
    m->l.r[0][1][0] = 2.75f;
    struct shader *sh = program(text, SHADER_VERTEX, SHADER_XENOS);
    assert_int_equal(shader_run(sh, &m->env, &m->l), SHADER_OK);
    assert_true(m->index[1][0] == 2.0f); // Xenos: those of the full fetch
    assert_true(m->l.r[2][0][0] == 70.0f);
    const struct shader_info *info = shader_info(sh);
    assert_true(info->vfetch[1].mini && info->vfetch[1].constant == 7 && info->vfetch[1].src == 0);
    shader_destroy(sh);
    free(m);
}

static void test_texture_fetch_gets_lod_gradients_and_predicate(void **state)
{
    (void)state;
    struct machine *m = machine();
    run(SPLIT "EXEC_END\n FETCH: SET_TEX_LOD R0.____ = R3.yyy CONST(0)\n"
              " FETCH: SET_GRADIENTS_H R0.____ = R4.zyx CONST(0)\n"
              " FETCH: SET_GRADIENTS_V R0.____ = R5.xxx CONST(0)\n"
              " FETCH: SAMPLEEQ R1.zy0_ = R6.wzx CONST(7)\n",
        SHADER_PIXEL, m);
    assert_int_equal(m->tfetches, 1);
    assert_int_equal(m->active[0], 0xfff0);
    assert_true(m->lod == 103.125f && m->gh[0] == 104.25f && m->gv[2] == 105.0f);
    assert_true(m->coord[0] == 106.375f && m->coord[1] == 106.25f && m->coord[2] == 106.0f);
    assert_true(m->l.r[1][0][4] == 7.5f && m->l.r[1][1][4] == 7.25f && m->l.r[1][2][4] == 0.0f);
    assert_true(m->l.r[1][3][4] == 401.375f && m->l.r[1][0][3] == 301.0f);
    free(m);
}

static void test_gradients_are_the_quads_differences(void **state)
{
    (void)state;
    struct machine *m = machine();
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        m->l.r[1][0][i] = (float)((i & 1) * 3 + (i >> 1 & 1) * 7);
        m->l.r[1][1][i] = (float)((i & 1) * 5 + (i >> 1 & 1) * 11);
    }
    run("EXEC_END\n FETCH: GET_GRADIENTS R2.xyzw = R1.xyz CONST(0)\n", SHADER_PIXEL, m);
    for (unsigned i = 0; i < SHADER_LANES; i++) {
        assert_true(m->l.r[2][0][i] == 3 && m->l.r[2][1][i] == 7 && m->l.r[2][2][i] == 5 &&
                    m->l.r[2][3][i] == 11);
    }
    free(m);
}

static void test_addresses_out_of_range_read_zero_and_write_nothing(void **state)
{
    (void)state;
    struct machine *m = machine();
    m->env.alu_count = 200;
    m->loops[0] = 1 | 100 << 8;
    run("LOOP_START ADDR(0x3) LOOP_ID(0)\nEXEC\n"
        " ALU: MAXv R1 = C150, C150 {const0_rel=1, const1_rel=1}\n"
        " ALU: ADDv R2 = R0, R0 {src1=112, vector_dest_rel=1}\n"
        "LOOP_END ADDR(0x1) LOOP_ID(0)\nEXEC_END\n ALU: MAXv R3 = C201, C201\n",
        SHADER_PIXEL, m);
    assert_true(m->l.r[1][0][0] == 0.0f && m->l.r[3][2][5] == 0.0f);
    assert_true(m->l.r[2][0][0] == 2.0f);
    free(m);
}

static void test_inactive_lanes_do_not_vote(void **state)
{
    (void)state;
    struct machine *m = machine();
    m->l.active = 1; // lane 0: p0 false
    m->l.count = 1;
    run(SPLIT "COND_PRED_EXEC COND(1)\n ALU: ADDv R1.x___ = R1, C3\nEXEC_END\n", SHADER_PIXEL, m);
    assert_true(m->l.r[1][0][0] == 1.0f);
    free(m);
}

static void test_info_tells_what_a_program_uses(void **state)
{
    (void)state;
    struct shader *sh = program(
        "LOOP_START ADDR(0x2) LOOP_ID(0)\nLOOP_END ADDR(0x1) LOOP_ID(0)\n"
        "EXEC\n" VF("R7.xyzw", "R0.x", "CONST(2, 1)\n") VF("R0.x___", "R0.x", "CONST(0, 0)\n")
            VF("R3.xyzw", "R0.x",
               "CONST(0, 1)\n") " ALU: ADDv R1 = C200, C17 {const1_rel=1}\n"
                                "ALLOC POSITION SIZE(0x0)\nEXEC_END\n"
                                " ALU: MAXv export62 = R1, R1\n ALU: MAXv export3 = C40, R1\n",
        SHADER_VERTEX, SHADER_A20X);
    const struct shader_info *i = shader_info(sh);
    assert_int_equal(i->temps, 8);
    assert_int_equal(i->alu_const_max, 201);
    assert_int_equal(i->alu_const_used[200 / 32] >> (200 % 32) & 1, 1);
    assert_int_equal(i->alu_const_used[40 / 32] >> (40 % 32) & 1, 1);
    assert_int_equal(i->alu_const_used[0], 0);
    assert_true(i->uses_rel_const && i->uses_loops && !i->uses_calls && !i->uses_rel_temp);
    assert_true(i->exports_position && !i->exports_misc && i->export_mask == 8);
    assert_int_equal(i->vfetch_count, 3);
    // r0.x is written inside the loop's reach: no index can be trusted when the program goes back
    assert_false(i->vfetch[0].index_is_vertex);
    shader_destroy(sh);
    sh = program("EXEC_END\n" VF("R0.xyzw", "R0.x", "CONST(2, 1)\n")
                     VF("R3.xyzw", "R0.x", "CONST(0, 1)\n"),
                 SHADER_VERTEX, SHADER_A20X);
    assert_true(shader_info(sh)->vfetch[0].index_is_vertex);
    assert_false(shader_info(sh)->vfetch[1].index_is_vertex);
    shader_destroy(sh);
}

static void test_builds_of_transcendentals_are_accurate(void **state)
{
    (void)state;
    static const struct {
        unsigned op;
        double (*f)(double);
    } cases[] = {{14, exp2}, {16, log2}, {48, sin}, {49, cos}, {40, sqrt}};
    uint64_t seed = 3;
    struct machine *m = machine();
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        char text[128];
        snprintf(text, sizeof text,
                 "EXEC_END\n ALU: MAXv R0.____ = R0, R0\n %s R1.x___ = R0.xxxx\n",
                 isa_scalar[cases[c].op].adreno);
        struct shader *sh = program(text, SHADER_PIXEL, SHADER_A20X);
        uint32_t worst = 0;
        for (unsigned i = 0; i < 20000; i++) {
            for (unsigned k = 0; k < SHADER_LANES; k++) {
                float x = (float)(int32_t)random32(&seed) / 16777216.0f;
                if (cases[c].op == 16 || cases[c].op == 40) {
                    x = f32_from_bits(random32(&seed) & 0x7fffffff);
                    x = x >= 1.2e-38f && x < 3e38f ? x : 1.5f;
                }
                m->l.r[0][0][k] = i & 1 ? x : x / 64.0f;
                if (!(f32_to_bits(m->l.r[0][0][k]) & 0x7f800000)) {
                    m->l.r[0][0][k] = 1.0f;
                }
            }
            shader_run(sh, &m->env, &m->l);
            for (unsigned k = 0; k < SHADER_LANES; k++) {
                float want = (float)cases[c].f((double)m->l.r[0][0][k]);
                uint32_t d = ulps_between(f32_to_bits(m->l.r[1][0][k]), f32_to_bits(want));
                worst = d > worst ? d : worst;
            }
        }
        printf("%s: at most %u ulp from the rounded exact result\n", isa_scalar[cases[c].op].xna,
               worst);
        assert_true(worst <= 1);
        shader_destroy(sh);
    }
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop_runs_count_times_with_al),
        cmocka_unit_test(test_loop_with_negative_step_and_zero_count),
        cmocka_unit_test(test_calls_nest_four_deep_and_no_further),
        cmocka_unit_test(test_predicates_are_per_lane_and_votes_per_vector),
        cmocka_unit_test(test_backward_jump_repeats_while_any_lane_wants),
        cmocka_unit_test(test_kills_and_depth_reach_the_caller),
        cmocka_unit_test(test_memory_export_bursts),
        cmocka_unit_test(test_vertex_fetch_index_swizzle_and_mini),
        cmocka_unit_test(test_texture_fetch_gets_lod_gradients_and_predicate),
        cmocka_unit_test(test_gradients_are_the_quads_differences),
        cmocka_unit_test(test_addresses_out_of_range_read_zero_and_write_nothing),
        cmocka_unit_test(test_inactive_lanes_do_not_vote),
        cmocka_unit_test(test_info_tells_what_a_program_uses),
        cmocka_unit_test(test_builds_of_transcendentals_are_accurate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
