// SPDX-License-Identifier: MIT
//
// The attacks of hostile.h that draw: a valid stream in which one thing leads elsewhere.
#include <string.h>

#include "a2xx_regs.gen.h"
#include "base/bits.h"
#include "shaders.gen.h"
#include "tests/mdev/live/hostile.h"

enum { DRAW_WORDS = 8192 };

// -------------------------------------------------------------------------------------------

// A valid frame's stream in the heap; what is wrong comes by the caller, between state and draw.
static struct pm4 stream(struct attacker *a)
{
    return (struct pm4){
        .dw = (uint32_t *)(void *)a->heap.cpu, .va = a->heap.va, .room = DRAW_WORDS};
}

static void begin(struct attacker *a, struct pm4 *p)
{
    struct a2_state st;
    static const float corners[] = {-1, -1, 0.5f, 0, 3, -1, 0.5f, 0, -1, 3, 0.5f, 0};
    uint32_t at = 256 << 10;
    memcpy(a->heap.cpu + at, corners, sizeof corners);
    *p = stream(a);
    pm4_reg(p, A2_RB_SURFACE_INFO, 64);
    pm4_reg(p, A2_RB_COLOR_INFO, 5);
    a2_state_init(&st, 64, 64);
    a2_emit_state(p, &st);
    a2_emit_programs(p, &color_vs, &color_ps);
    a2_emit_vertices(p, 0, a->heap.va + at, sizeof corners);
}

static void finish(struct attacker *a, struct pm4 *p)
{
    hostile_submit(a, NULL, p->n);
}

static void resolve(struct attacker *a, struct pm4 *p)
{
    pm4_reg(p, A2_RB_COPY_CONTROL, 0);
    pm4_reg(p, A2_RB_MODECONTROL, 6);
    pm4_draw(p, A2_DI_PT_RECTLIST, 3);
    finish(a, p);
}

static void resolve_outside(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    pm4_reg(&p, A2_RB_COPY_DEST_BASE, hostile_target(a) & ~0xfffu);
    pm4_reg(&p, A2_RB_COPY_DEST_PITCH, 1 + hostile_roll(a, 512));
    pm4_reg(&p, A2_RB_COPY_DEST_INFO, hostile_word(a) & 0xfffff);
    pm4_reg(&p, A2_RB_COPY_DEST_OFFSET, hostile_word(a));
    resolve(a, &p);
}

static void resolve_runs_over(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_reg(&p, A2_RB_COPY_DEST_BASE, a->heap.va + a->heap.bytes - 4096 * (1 + hostile_roll(a, 2)));
    pm4_reg(&p, A2_RB_COPY_DEST_PITCH, 2 + hostile_roll(a, 64));
    pm4_reg(&p, A2_RB_COPY_DEST_INFO, 5 << 4 | hostile_roll(a, 2) << 3);
    pm4_reg(&p, A2_RB_COPY_DEST_OFFSET, 0);
    resolve(a, &p);
}

static void target_in_memory(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_reg(&p, A2_RB_COLOR_INFO, (hostile_target(a) & ~0xfffu) | 5 | hostile_roll(a, 2) << 6);
    pm4_reg(&p, A2_RB_SURFACE_INFO, hostile_word(a) & 0x3fff);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    finish(a, &p);
}

static void vertices_outside(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    a2_emit_vertices(&p, 0, hostile_target(a) & ~3u, 1u << hostile_roll(a, 26));
    pm4_draw(&p, A2_DI_PT_TRILIST, 3 * (1 + hostile_roll(a, 20)));
    finish(a, &p);
}

static void indices_outside(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_draw_indexed(&p, A2_DI_PT_TRILIST, 3 + hostile_roll(a, 3000), hostile_target(a),
                     hostile_word(a) & 0xffffff);
    finish(a, &p);
}

static void texture_outside(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    for (unsigned i = 0; i < 8; i++) { // texture constants at random, one to foreign memory each
        uint32_t dw[6] = {hostile_word(a), (hostile_target(a) & ~0xfffu) | hostile_roll(a, 64),
                          hostile_word(a), hostile_word(a),
                          hostile_word(a), hostile_target(a)};
        pm4_fetch(&p, 6 * i, dw, 6);
    }
    a2_emit_programs(&p, &cube_vs, &cube_ps);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    finish(a, &p);
}

static void program_random(struct attacker *a)
{
    struct pm4 p;
    uint32_t dw[96], n = 3 * (1 + hostile_roll(a, 30));
    begin(a, &p);
    for (uint32_t i = 0; i < n; i++) {
        dw[i] = hostile_word(a);
    }
    pm4_program(&p, hostile_roll(a, 2) ? A2_STAGE_VS : A2_STAGE_PS, dw, n);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    finish(a, &p);
}

static void program_mutated(struct attacker *a)
{
    struct pm4 p;
    const struct a2_shader *s = hostile_roll(a, 2) ? &cube_vs : &cube_ps;
    uint32_t dw[96], n = s->dwords < 96 ? s->dwords : 96;
    begin(a, &p);
    a2_emit_programs(&p, &cube_vs, &cube_ps);
    memcpy(dw, s->words, n * 4);
    for (unsigned i = 0; i < 4; i++) {
        dw[hostile_roll(a, n)] ^= 1u << hostile_roll(a, 32);
    }
    pm4_program(&p, s == &cube_vs ? A2_STAGE_VS : A2_STAGE_PS, dw, n);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    finish(a, &p);
}

static void draw_huge(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_draw(&p, hostile_roll(a, 64), 0xffff - hostile_roll(a, 16));
    finish(a, &p);
}

static void state_random(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    for (unsigned i = 0; i < 40; i++) {
        pm4_reg(&p, 0x2000 + hostile_roll(a, 0x320), hostile_word(a));
    }
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    finish(a, &p);
}

static void stream_mutated(struct attacker *a)
{
    struct pm4 p;
    begin(a, &p);
    pm4_draw(&p, A2_DI_PT_TRILIST, 3);
    for (unsigned i = 0; i < 6; i++) {
        p.dw[hostile_roll(a, p.n)] ^= 1u << hostile_roll(a, 32);
    }
    finish(a, &p);
}

// clang-format off
static const struct hostile_class draws[] = {
#define C(name) {#name, name}
    C(resolve_outside), C(resolve_runs_over), C(target_in_memory), C(vertices_outside),
    C(indices_outside), C(texture_outside), C(program_random), C(program_mutated), C(draw_huge),
    C(state_random), C(stream_mutated),
#undef C
};
// clang-format on

const struct hostile_class *hostile_draw_at(unsigned i)
{
    return i < ARRAY_LEN(draws) ? &draws[i] : NULL;
}
