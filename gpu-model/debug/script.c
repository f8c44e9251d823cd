// SPDX-License-Identifier: MIT
//
// The command language: one table, one function a command. A position is the number of the last
// packet and the last work done; looks are taken right after the work at the position.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "gpu-model/debug/priv.h"

#define WORDS 4

typedef int command_fn(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err);

// A look at the work at the position, from inside a replay.
struct look {
    struct debug_visit visit;
    unsigned work;
    unsigned argc;
    char **argv;
    FILE *out;
    struct err *err;
    int rc;
    bool seen;
    int (*fn)(struct look *l, const struct debug_place *p);
};

static void look_after(struct debug_visit *visit, const struct debug_place *p)
{
    struct look *l = container_of(visit, struct look, visit);
    if (p->work == l->work && !l->seen) {
        l->seen = true;
        l->rc = l->fn(l, p);
        visit->done = true;
    }
}

static int look_at(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err,
                   int (*fn)(struct look *l, const struct debug_place *p))
{
    struct look l = {.visit = {.after = look_after}, .work = d->at_work, .argc = argc,
                     .argv = argv, .out = out, .err = err, .fn = fn};
    int rc;
    if (!d->at_work) {
        return err_set(err, -EINVAL, "nothing was drawn yet: 'next' or 'goto draw N' first");
    }
    rc = debug_replay(d, &l.visit, err);
    return rc ? rc : l.rc;
}

static bool number(const char *text, unsigned min, unsigned max, unsigned *n, struct err *err)
{
    char *end;
    unsigned long v = strtoul(text, &end, 0);
    if (*end || end == text || v < min || v > max) {
        err_set(err, -EINVAL, "'%s': expected a number from %u to %u", text, min, max);
        return false;
    }
    *n = (unsigned)v;
    return true;
}

// ---- where ---------------------------------------------------------------------------------------

static int do_info(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    (void)argc, (void)argv, (void)err;
    unsigned kinds[3] = {0};
    for (unsigned i = 0; i < d->work_count; i++) {
        kinds[d->work[i].kind]++;
    }
    fprintf(out, "a%" PRIu32 ": %u submissions, %u packets, %u draws, %u resolves, %u fills, %u programs\n",
            d->result.gpu_id, d->result.submits, d->packet_count, kinds[DEBUG_DRAW],
            kinds[DEBUG_RESOLVE], kinds[DEBUG_FILL], d->program_count);
    if (d->result.surface[0]) {
        fprintf(out, "picture: %s\n", d->result.surface);
    }
    if (d->result.error[0]) {
        fprintf(out, "refused: %s\n", d->result.error);
    }
    return 0;
}

static int do_where(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    (void)argc, (void)argv, (void)err;
    fprintf(out, "packet %u of %u, work %u of %u\n", d->at_packet, d->packet_count, d->at_work,
            d->work_count);
    if (d->at_work) {
        debug_show_work(d, d->at_work, out);
    }
    return 0;
}

static void go_packet(struct gpu_debug *d, unsigned packet)
{
    d->at_packet = packet;
    d->at_work = packet ? d->packets[packet - 1].work : 0;
}

static void go_work(struct gpu_debug *d, unsigned work)
{
    d->at_work = work;
    d->at_packet = work ? d->work[work - 1].packet : 0;
}

static int do_step(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    unsigned n = 1;
    if (argc > 1 && !number(argv[1], 1, d->packet_count, &n, err)) {
        return -EINVAL;
    }
    for (; n && d->at_packet < d->packet_count; n--) {
        unsigned work = d->at_work;
        go_packet(d, d->at_packet + 1);
        debug_show_packet(d, d->at_packet, out);
        while (work < d->at_work) {
            debug_show_work(d, ++work, out);
        }
    }
    return n ? err_set(err, -ERANGE, "the capture ends here") : 0;
}

static int do_next(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    unsigned n = 1;
    if (argc > 1 && !number(argv[1], 1, d->work_count, &n, err)) {
        return -EINVAL;
    }
    for (; n && d->at_work < d->work_count; n--) {
        go_work(d, d->at_work + 1);
        debug_show_work(d, d->at_work, out);
    }
    return n ? err_set(err, -ERANGE, "the capture ends here") : 0;
}

static int do_goto(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    unsigned n;
    bool packet = argc > 2 && !strcmp(argv[1], "packet");
    if (argc < 3 || (!packet && strcmp(argv[1], "draw") != 0)) {
        return err_set(err, -EINVAL, "goto draw N, or goto packet N");
    }
    if (!number(argv[2], 0, packet ? d->packet_count : d->work_count, &n, err)) {
        return -EINVAL;
    }
    (packet ? go_packet : go_work)(d, n);
    return do_where(d, 0, NULL, out, err);
}

static int do_draws(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    (void)argc, (void)argv, (void)err;
    for (unsigned i = 1; i <= d->work_count; i++) {
        debug_show_work(d, i, out);
    }
    return 0;
}

// ---- packets and registers -----------------------------------------------------------------------

struct packet_look {
    struct debug_visit visit;
    unsigned from, to;
    const struct gpu_debug *session;
    FILE *out;
};

static void on_packet(struct debug_visit *visit, unsigned n, const uint32_t *dw, uint32_t dwords)
{
    struct packet_look *l = container_of(visit, struct packet_look, visit);
    if (n >= l->from && n <= l->to) {
        debug_show_packet(l->session, n, l->out);
        debug_show_payload(dw, dwords, l->out);
    }
    visit->done = n >= l->to;
}

static int do_packets(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    struct packet_look l = {.visit = {.packet = on_packet}, .session = d, .out = out};
    unsigned count = 1;
    l.from = d->at_packet ? d->at_packet : 1;
    if ((argc > 1 && !number(argv[1], 1, d->packet_count, &l.from, err)) ||
        (argc > 2 && !number(argv[2], 1, d->packet_count, &count, err))) {
        return -EINVAL;
    }
    l.to = l.from + count - 1;
    return debug_replay(d, &l.visit, err);
}

static int registers_look(struct look *l, const struct debug_place *p)
{
    if (!p->draw) {
        return err_set(l->err, -EINVAL, "registers are known at draws only");
    }
    debug_show_registers(p->draw->state->regs, l->argc > 1 ? l->argv[1] : NULL, l->out);
    return 0;
}

static int do_registers(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    return look_at(d, argc, argv, out, err, registers_look);
}

// ---- a draw --------------------------------------------------------------------------------------

static int state_look(struct look *l, const struct debug_place *p)
{
    if (p->draw) {
        debug_show_draw(p, l->out);
    }
    return 0;
}

static int do_state(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    if (d->at_work) {
        debug_show_work(d, d->at_work, out);
    }
    return look_at(d, argc, argv, out, err, state_look);
}

static int constants_look(struct look *l, const struct debug_place *p)
{
    bool vs = l->argc > 1 && !strcmp(l->argv[1], "vs");
    const struct gpu_draw *g = p->draw;
    const struct shader *sh = g ? vs ? g->vs : g->ps : NULL;
    if (!sh) {
        return err_set(l->err, -EINVAL, "no such program here");
    }
    const struct shader_info *info = shader_info(sh);
    unsigned count = vs ? g->vs_alu_count : g->ps_alu_count;
    for (unsigned i = 0; i < info->alu_const_max && i < count; i++) {
        const float *c = vs ? g->vs_alu[i] : g->ps_alu[i];
        if (info->alu_const_used[i / 32] >> (i & 31) & 1) {
            fprintf(l->out, "  C%u = %g %g %g %g\n", i, (double)c[0], (double)c[1], (double)c[2],
                    (double)c[3]);
        }
    }
    return 0;
}

static int do_constants(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    return look_at(d, argc, argv, out, err, constants_look);
}

static int do_shader(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    bool vs = argc > 1 && !strcmp(argv[1], "vs"), glsl = argc > 2 && !strcmp(argv[2], "glsl");
    const struct debug_work *w = d->at_work ? &d->work[d->at_work - 1] : NULL;
    if (argc < 2 || (!vs && strcmp(argv[1], "ps") != 0)) {
        return err_set(err, -EINVAL, "shader vs|ps [glsl]");
    }
    for (unsigned i = 0; w && w->kind == DEBUG_DRAW && i < d->program_count; i++) {
        const struct debug_program *p = &d->programs[i];
        if (p->hash == (vs ? w->vs : w->ps) && p->stage == (vs ? SHADER_VERTEX : SHADER_PIXEL)) {
            fputs(glsl ? p->glsl ? p->glsl : "not translatable\n" : p->text, out);
            return 0;
        }
    }
    return err_set(err, -EINVAL, "no such program here");
}

// ---- pictures ------------------------------------------------------------------------------------

static int save(struct picture *pic, const char *path, FILE *out, struct err *err)
{
    int rc = picture_save_png(pic, path, err);
    if (!rc) {
        fprintf(out, "%s: %" PRIu32 "x%" PRIu32 "\n", path, pic->width, pic->height);
    }
    picture_fini(pic);
    return rc;
}

static int gmem_look(struct look *l, const struct debug_place *p)
{
    bool depth = !strcmp(l->argv[0], "depth");
    struct picture pic;
    int rc = debug_picture_target(p, depth, &pic, l->err);
    return rc ? rc : save(&pic, l->argc > 1 ? l->argv[1] : depth ? "depth.png" : "gmem.png", l->out, l->err);
}

static int do_gmem(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    return look_at(d, argc, argv, out, err, gmem_look);
}

static int textures_look(struct look *l, const struct debug_place *p)
{
    uint32_t used = p->draw ? debug_textures_used(p->draw) : 0;
    for (unsigned i = 0; i < 32; i++) {
        struct picture pic;
        char path[512];
        int rc;
        if (!(used >> i & 1)) {
            continue;
        }
        snprintf(path, sizeof path, "%s%u.png", l->argc > 1 ? l->argv[1] : "texture", i);
        rc = debug_picture_texture(p, i, &pic, l->err);
        rc = rc ? rc : save(&pic, path, l->out, l->err);
        if (rc) {
            return rc;
        }
    }
    if (p->draw) {
        debug_show_textures(p, l->out);
    }
    return 0;
}

static int do_textures(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    return look_at(d, argc, argv, out, err, textures_look);
}

static int do_picture(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    const char *path = argc > 1 ? argv[1] : "frame.png";
    if (!d->result.pic.rgba) {
        return err_set(err, -EINVAL, "the capture resolves no picture");
    }
    if (picture_save_png(&d->result.pic, path, err)) {
        return -EIO;
    }
    fprintf(out, "%s: %s\n", path, d->result.surface);
    return 0;
}

static int do_pixel(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    int x, y, n;
    char rest;
    if (argc < 2 || sscanf(argv[1], "%d,%d%c", &x, &y, &rest) != 2) {
        return err_set(err, -EINVAL, "pixel X,Y");
    }
    n = debug_pixel(d, x, y, out, err);
    if (!n) {
        fputs("nothing touched it\n", out);
    }
    return n < 0 ? n : 0;
}

static int do_html(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    const char *path = argc > 1 ? argv[1] : "frame.html";
    int rc = gpu_debug_html(d, path, 200, err);
    if (!rc) {
        fprintf(out, "%s\n", path);
    }
    return rc;
}

// ---- the table -----------------------------------------------------------------------------------

static command_fn do_help;
static const struct {
    const char *name, *args, *doc;
    command_fn *fn;
} commands[] = {
    {"help", "", "this list", do_help},
    {"info", "", "what the capture holds", do_info},
    {"where", "", "the position", do_where},
    {"draws", "", "every draw, resolve and fill", do_draws},
    {"step", "[N]", "one packet on", do_step},
    {"next", "[N]", "on to the next draw, resolve or fill", do_next},
    {"goto", "draw|packet N", "to that place; 0 is the start", do_goto},
    {"packets", "[FROM [COUNT]]", "packets decoded, from the position on", do_packets},
    {"state", "", "the draw at the position: target, tests, buffers, textures", do_state},
    {"registers", "[TEXT]", "context registers there whose name contains TEXT", do_registers},
    {"constants", "vs|ps", "constants that the program uses", do_constants},
    {"shader", "vs|ps [glsl]", "the program there, disassembled or as GLSL", do_shader},
    {"gmem", "[X.png]", "the colour target after it", do_gmem},
    {"depth", "[X.png]", "the depth buffer after it", do_gmem},
    {"textures", "[PREFIX]", "its textures, as PREFIXn.png", do_textures},
    {"picture", "[X.png]", "the last resolved surface", do_picture},
    {"pixel", "X,Y", "which draws touched a pixel, and what each did to it", do_pixel},
    {"html", "[X.html]", "everything on one page", do_html},
};

static int do_help(struct gpu_debug *d, unsigned argc, char **argv, FILE *out, struct err *err)
{
    (void)d, (void)argc, (void)argv, (void)err;
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(out, "  %-10s %-16s %s\n", commands[i].name, commands[i].args, commands[i].doc);
    }
    fputs("  quit\n", out);
    return 0;
}

enum gpu_debug_status gpu_debug_command(struct gpu_debug *d, const char *line, FILE *out)
{
    char text[512], *argv[WORDS], *save_ptr = NULL;
    unsigned argc = 0;
    struct err err = {0};

    if (strlen(line) >= sizeof text) {
        fputs("error: the line is too long\n", out);
        return GPU_DEBUG_BAD;
    }
    memcpy(text, line, strlen(line) + 1);
    text[strcspn(text, "#\r\n")] = 0;
    for (char *w = strtok_r(text, " \t", &save_ptr); w && argc < WORDS;
         w = strtok_r(NULL, " \t", &save_ptr)) {
        argv[argc++] = w;
    }
    if (!argc) {
        return GPU_DEBUG_OK;
    }
    if (!strcmp(argv[0], "quit") || !strcmp(argv[0], "q")) {
        return GPU_DEBUG_QUIT;
    }
    for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
        if (!strcmp(argv[0], commands[i].name)) {
            if (commands[i].fn(d, argc, argv, out, &err)) {
                fprintf(out, "error: %s\n", err.msg);
                return GPU_DEBUG_BAD;
            }
            return GPU_DEBUG_OK;
        }
    }
    fprintf(out, "error: no command '%s'; 'help' lists them\n", argv[0]);
    return GPU_DEBUG_BAD;
}
