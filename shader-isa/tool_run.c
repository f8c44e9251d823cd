// SPDX-License-Identifier: MIT
//
// `yamato isa run`: feeds registers and constants to a program in the interpreter and prints what
// it exports. Fetches return what --fetch says, or zeros.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/program.h"
#include "shader-isa/tool_cmd.h"

struct run_opts {
    struct input_opts in;
    struct opt_list input, constant, fetch, boolean, loop;
    uint64_t steps;
    bool registers;
};

static const struct opt_row run_rows[] = {
    {"input", "i", OPT_LIST, offsetof(struct run_opts, input), "rN=X,Y,Z,W",
     "a register before the program; fewer numbers leave the rest 0; a number may be 0x bits",
     NULL},
    {"const", "c", OPT_LIST, offsetof(struct run_opts, constant), "N=X,Y,Z,W",
     "a constant of the window", NULL},
    {"fetch", NULL, OPT_LIST, offsetof(struct run_opts, fetch), "N=X,Y,Z,W",
     "what fetches from fetch constant N return", NULL},
    {"bool", "b", OPT_LIST, offsetof(struct run_opts, boolean), "N", "a boolean that is true",
     NULL},
    {"loop", "l", OPT_LIST, offsetof(struct run_opts, loop), "N=COUNT,START,STEP",
     "a loop constant", NULL},
    {"steps", NULL, OPT_UINT, offsetof(struct run_opts, steps), "N",
     "instructions before it is stopped (default 65536)", NULL},
    {"registers", "r", OPT_FLAG, offsetof(struct run_opts, registers), NULL,
     "print the registers at the end too", NULL},
    INPUT_ROWS(run_opts),
    OPTS_END};
static const struct opts_spec run_spec = {
    "yamato isa run", "[OPTION]... FILE",
    "Runs a program in the interpreter and prints its exports.",
    "Example:\n  yamato isa run --input r0=1,0.5,0,1 --const 0=2,2,2,2 shader.fs.asm", run_rows};

struct tool_env {
    struct shader_env env;
    float fetch[96][4];
    float alu[256][4];
    uint32_t bools[8], loops[32];
};

static void fetch_lane0(struct shader_env *env, unsigned constant, float out[4][SHADER_LANES])
{
    struct tool_env *t = container_of(env, struct tool_env, env);
    for (unsigned k = 0; k < 4; k++) {
        out[k][0] = t->fetch[constant < 96 ? constant : 0][k];
    }
}

static void vfetch(struct shader_env *env, const struct shader_vfetch *f, unsigned lanes,
                   uint32_t active, const float *index, float out[4][SHADER_LANES])
{
    (void)lanes, (void)active, (void)index;
    fetch_lane0(env, f->constant, out);
}

static void tfetch(struct shader_env *env, const struct shader_tfetch *f, unsigned lanes,
                   uint32_t active, const float coord[3][SHADER_LANES], const float *reg_lod,
                   const float grad_h[3][SHADER_LANES], const float grad_v[3][SHADER_LANES],
                   float out[4][SHADER_LANES])
{
    (void)lanes, (void)active, (void)coord, (void)reg_lod, (void)grad_h, (void)grad_v;
    fetch_lane0(env, f->constant, out);
}

static const struct shader_env_ops env_ops = {.vfetch = vfetch, .tfetch = tfetch};

// "N=a,b,c,d" with N under `limit`: up to 4 numbers, 0x gives the bits.
static int assignment(const char *text, unsigned limit, unsigned *n, float v[4], struct err *err)
{
    char *end;
    const char *p = text + (*text == 'r' || *text == 'c');
    unsigned long number = strtoul(p, &end, 10);
    if (end == p || *end != '=' || number >= limit) {
        return err_set(err, -EINVAL, "'%s': expected a number under %u, '=' and values", text,
                       limit);
    }
    *n = (unsigned)number;
    p = end + 1;
    for (unsigned k = 0; k < 4; k++) {
        bool bits = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
        v[k] = bits ? f32_from_bits((uint32_t)strtoul(p, &end, 16)) : strtof(p, &end);
        if (end == p) {
            return err_set(err, -EINVAL, "'%s': no number at '%s'", text, p);
        }
        if (!*end) {
            return 0;
        }
        if (*end != ',') {
            break;
        }
        p = end + 1;
    }
    return err_set(err, -EINVAL, "'%s': up to 4 numbers separated by commas", text);
}

static int assignments(const struct opt_list *list, unsigned limit, float (*to)[4], struct err *err)
{
    for (unsigned i = 0; i < list->count; i++) {
        unsigned n = 0;
        float v[4] = {0};
        int rc = assignment(list->items[i], limit, &n, v, err);
        if (rc) {
            return rc;
        }
        memcpy(to[n], v, sizeof v);
    }
    return 0;
}

static int prepare(const struct run_opts *o, struct tool_env *t, float regs[SHADER_TEMPS][4],
                   struct err *err)
{
    int rc = assignments(&o->input, SHADER_TEMPS, regs, err);
    rc = rc ? rc : assignments(&o->constant, 256, t->alu, err);
    rc = rc ? rc : assignments(&o->fetch, 96, t->fetch, err);
    for (unsigned i = 0; !rc && i < o->boolean.count; i++) {
        uint64_t n;
        if (!opts_number(o->boolean.items[i], &n) || n > 255) {
            return err_set(err, -EINVAL, "'%s' is no boolean constant (0 to 255)",
                           o->boolean.items[i]);
        }
        t->bools[n / 32] |= BIT(n % 32);
    }
    for (unsigned i = 0; !rc && i < o->loop.count; i++) {
        unsigned n = 0;
        float v[4] = {0};
        rc = assignment(o->loop.items[i], 32, &n, v, err);
        bool fits =
            v[0] >= 0 && v[0] <= 255 && v[1] >= 0 && v[1] <= 255 && v[2] >= -128 && v[2] <= 127;
        if (!rc && !fits) {
            return err_set(err, -EINVAL, "'%s': count and start 0 to 255, step -128 to 127",
                           o->loop.items[i]);
        }
        if (!rc) {
            t->loops[n] = (uint32_t)v[0] | (uint32_t)v[1] << 8 | ((uint32_t)(int)v[2] & 0xff) << 16;
        }
    }
    return rc;
}

static void print_vec(FILE *out, const char *name, float (*v)[SHADER_LANES])
{
    fprintf(out, "%-10s", name);
    for (unsigned k = 0; k < 4; k++) {
        fprintf(out, " %12.9g", (double)v[k][0]);
    }
    fprintf(out, "   (");
    for (unsigned k = 0; k < 4; k++) {
        fprintf(out, "%s%08x", k ? " " : "", f32_to_bits(v[k][0]));
    }
    fprintf(out, ")\n");
}

static void print_results(FILE *out, const struct shader *sh, struct shader_lanes *l,
                          const struct run_opts *o)
{
    bool vs = shader_stage(sh) == SHADER_VERTEX;
    for (unsigned i = 0; i < 16; i++) {
        char name[16];
        snprintf(name, sizeof name, vs ? "o%u" : "color%u", i);
        if (l->exported >> i & 1) {
            print_vec(out, name, l->out[i]);
        }
    }
    if (l->exported >> 30 & 1) {
        print_vec(out, "position", l->position);
    }
    if (l->exported >> 31) {
        print_vec(out, "misc", l->misc);
    }
    if (l->exported >> 29 & 1) {
        fprintf(out, "%-10s %12.9g\n", "depth", (double)l->depth[0]);
    }
    if (l->killed & 1) {
        fprintf(out, "killed\n");
    }
    for (unsigned i = 0; o->registers && i < shader_info(sh)->temps; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%u", i);
        print_vec(out, name, l->r[i]);
    }
}

static int run_run(int argc, char **argv, const struct shader_tool *tool)
{
    struct run_opts o = {0};
    const char *file;
    unsigned files;
    int status;
    struct err err = {0};
    if (!tool_parse(&run_spec, &o, argc, argv, &file, 1, &files, &status)) {
        return status;
    }
    struct tool_env *t = calloc(1, sizeof *t);
    struct shader_lanes *l = calloc(1, sizeof *l);
    float regs[SHADER_TEMPS][4] = {{0}};
    struct shader *sh = t && l ? tool_load(files ? file : "-", &o.in, &err) : NULL;
    status = TOOL_OK;
    if (!sh || prepare(&o, t, regs, &err)) {
        status = tool_fail(&run_spec, &err);
    } else {
        t->env = (struct shader_env){.ops = &env_ops,
                                     .alu = (const float(*)[4])t->alu,
                                     .alu_count = 256,
                                     .bools = t->bools,
                                     .loops = t->loops,
                                     .max_steps = (unsigned)(o.steps < UINT32_MAX ? o.steps : 0)};
        l->count = 1;
        l->active = 1;
        for (unsigned i = 0; i < SHADER_TEMPS; i++) {
            for (unsigned k = 0; k < 4; k++) {
                l->r[i][k][0] = regs[i][k];
            }
        }
        enum shader_result res = shader_run(sh, &t->env, l);
        print_results(tool->out, sh, l, &o);
        if (res != SHADER_OK) {
            fprintf(tool->out, res == SHADER_TIMEOUT ? "stopped: the budget is used up\n"
                                                     : "met something that means nothing\n");
            status = TOOL_NO;
        }
    }
    shader_destroy(sh);
    free(t);
    free(l);
    return status;
}

const struct tool_command tool_run = {"run", &run_spec, run_run};
