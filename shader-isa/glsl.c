// SPDX-License-Identifier: MIT
//
// Program to GLSL function. Three forms of control flow: straight line (nearly every program),
// structured loops, repeats (backward jumps) and skips where they nest, and for the rest a loop
// around a switch over control flow indices. Repeats of a program share one budget of iterations; so
// does the switch. One GLSL invocation is one lane: votes over the vector become the lane's own
// predicate, which is the same for programs that predicate what they skip.
// Left out: memory export and colours 1..3, refused on Xenos and without effect on Adreno.
#include "shader-isa/glsl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/err.h"

#define MAX_NESTING 16
#define MAX_SLOTS_EMITTED 4096
#define SWITCH_BUDGET 16384

// ---- conditions
// ----------------------------------------------------------------------------------

static void condition_text(const struct cf_op *c, bool negate, char *out, size_t n)
{
    bool value = c->condition != negate;
    if (c->cond == COND_BOOL) {
        snprintf(out, n, "%syamato_bool(%u)", value ? "" : "!", c->index);
    } else if (c->cond == COND_PRED) {
        snprintf(out, n, "%sp0", value ? "" : "!");
    } else {
        snprintf(out, n, negate ? "false" : "true");
    }
}

// A vote is redundant where every slot is predicated the same way; leaving it out keeps texture
// fetches in uniform control flow.
static bool vote_is_redundant(const struct shader *sh, const struct cf_op *c)
{
    for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
        unsigned slot = c->address + k;
        const struct alu_op *a = &sh->alu[slot];
        const struct fetch_op *f = &sh->fetch[slot];
        bool fetch = shader_slot_is_fetch(c->sequence, k);
        if (fetch ? !f->predicated || f->condition != c->condition
                  : !a->predicated || a->condition != c->condition) {
            return false;
        }
    }
    return true;
}

static bool exec_is_conditional(const struct glsl *g, const struct cf_op *c)
{
    return c->cond == COND_BOOL ||
           (c->cond == COND_PRED && (c->ends || !vote_is_redundant(g->sh, c)));
}

static void open_if(struct glsl *g, const struct cf_op *c, bool negate)
{
    char text[40];
    condition_text(c, negate, text, sizeof text);
    glsl_line(g, "if (%s) {", text);
    g->indent++;
}

static void close_brace(struct glsl *g)
{
    g->indent--;
    glsl_line(g, "}");
}

// ---- structured form
// -----------------------------------------------------------------------------

static bool loop_matches(const struct shader *sh, unsigned i, unsigned end, unsigned *last)
{
    *last = sh->cf[i].address - 1u;
    return sh->cf[i].address > i + 1 && *last < end && sh->cf[*last].op == CF_LOOP_END &&
           sh->cf[*last].address == i + 1;
}

// The last jump in [i, end) that goes back to i, or 0.
static unsigned repeat_last(const struct shader *sh, unsigned i, unsigned end)
{
    unsigned last = 0;
    for (unsigned k = i + 1; k < end; k++) {
        last = sh->cf[k].op == CF_JUMP && sh->cf[k].address == i ? k : last;
    }
    return last;
}

// Where a range lies.
struct nest {
    unsigned depth, loops;
    unsigned open;  // index whose repeat has been opened already, NOWHERE: none
    unsigned leave; // a jump there leaves the innermost loop, NOWHERE: none
};
#define NOWHERE UINT_MAX

static struct nest deeper(struct nest n)
{
    n.depth++;
    n.open = NOWHERE;
    return n;
}

static struct nest in_repeat(struct nest n, unsigned first, unsigned last)
{
    return (struct nest){n.depth + 1, n.loops, first, last + 1};
}

static struct nest in_loop(struct nest n)
{
    return (struct nest){n.depth + 1, n.loops + 1, NOWHERE, NOWHERE};
}

static bool range_is_structured(const struct shader *sh, unsigned begin, unsigned end,
                                struct nest n)
{
    unsigned last;
    if (n.depth > MAX_NESTING || n.loops > SHADER_DEPTH) {
        return false;
    }
    for (unsigned i = begin; i < end; i++) {
        const struct cf_op *c = &sh->cf[i];
        last = i == n.open ? 0 : repeat_last(sh, i, end);
        if (last) {
            if (!range_is_structured(sh, i, last, in_repeat(n, i, last))) {
                return false;
            }
            i = last;
            continue;
        }
        if (c->ends) {
            if (n.depth && (end != sh->cf_count || n.loops)) {
                return false;
            }
            if (c->cond == COND_NONE) {
                return true;
            }
            return range_is_structured(sh, i + 1, end, deeper(n));
        }
        switch (c->op) {
        case CF_CALL:
        case CF_LOOP_END:
            return false;
        case CF_LOOP_START:
            if (!loop_matches(sh, i, end, &last) ||
                !range_is_structured(sh, i + 1, last, in_loop(n))) {
                return false;
            }
            i = last;
            break;
        case CF_JUMP:
            if (c->address == n.leave) {
                break;
            }
            if (c->address <= i || c->address > end ||
                !range_is_structured(sh, i + 1, c->address, deeper(n))) {
                return false;
            }
            i = c->address - 1u;
            break;
        default:
            break;
        }
    }
    return true;
}

static void emit_range(struct glsl *g, unsigned begin, unsigned end, struct nest n);

static void emit_repeat(struct glsl *g, unsigned first, unsigned last, struct nest n)
{
    char text[40];
    condition_text(&g->sh->cf[last], true, text, sizeof text);
    glsl_line(g, "for (; yamato_n < %d; yamato_n++) {", SWITCH_BUDGET);
    g->indent++;
    emit_range(g, first, last, in_repeat(n, first, last));
    glsl_line(g, "if (%s) {", text);
    glsl_line(g, "    break;");
    glsl_line(g, "}");
    close_brace(g);
}

static void emit_loop(struct glsl *g, unsigned first, unsigned last, struct nest n)
{
    const struct cf_op *c = &g->sh->cf[first], *e = &g->sh->cf[last];
    unsigned loops = n.loops;
    glsl_line(g, "ivec3 k%u = yamato_loop(%u);", loops, c->index);
    if (!c->repeat) {
        glsl_line(g, "al%u = k%u.y;", loops, loops);
    }
    glsl_line(g, "yamato_al = k%u.x > 0 ? clamp(al%u, -256, 256) : yamato_al;", loops, loops);
    glsl_line(g, "for (int i%u = 0; i%u < k%u.x; i%u++) {", loops, loops, loops, loops);
    g->indent++;
    emit_range(g, first + 1, last, in_loop(n));
    glsl_line(g, "al%u += k%u.z;", loops, loops);
    glsl_line(g, "yamato_al = clamp(al%u, -256, 256);", loops);
    if (e->pred_break) {
        glsl_line(g, "if (%sp0) {", e->condition ? "" : "!");
        glsl_line(g, "    break;");
        glsl_line(g, "}");
    }
    close_brace(g);
    if (loops) {
        glsl_line(g, "yamato_al = clamp(al%u, -256, 256);", loops - 1);
    }
}

static void emit_jump(struct glsl *g, unsigned i, struct nest n)
{
    const struct cf_op *c = &g->sh->cf[i];
    if (c->address == n.leave) {
        open_if(g, c, false);
        glsl_line(g, "break;");
        close_brace(g);
    } else if (c->cond != COND_NONE && c->address > i + 1) {
        open_if(g, c, true);
        emit_range(g, i + 1, c->address, deeper(n));
        close_brace(g);
    }
}

static void emit_range(struct glsl *g, unsigned begin, unsigned end, struct nest n)
{
    const struct shader *sh = g->sh;
    for (unsigned i = begin; i < end; i++) {
        const struct cf_op *c = &sh->cf[i];
        unsigned last = i == n.open ? 0 : repeat_last(sh, i, end);
        if (last) {
            emit_repeat(g, i, last, n);
            i = last;
        } else if (isa_cf_is_exec(c->op)) {
            bool conditional = exec_is_conditional(g, c);
            if (conditional) {
                open_if(g, c, false);
            }
            glsl_exec_slots(g, c);
            if (conditional && c->ends) {
                g->indent--;
                glsl_line(g, "} else {");
                g->indent++;
                emit_range(g, i + 1, end, deeper(n));
            }
            if (conditional) {
                close_brace(g);
            }
            if (c->ends) {
                return;
            }
        } else if (c->op == CF_LOOP_START) {
            loop_matches(sh, i, end, &last);
            glsl_line(g, "{");
            g->indent++;
            emit_loop(g, i, last, n);
            close_brace(g);
            i = last;
        } else if (c->op == CF_JUMP) {
            emit_jump(g, i, n);
            i = c->address == n.leave ? i : c->address - 1u;
        }
    }
}

// ---- switch form
// ---------------------------------------------------------------------------------

static void mark_leader(uint8_t *leader, unsigned count, unsigned i)
{
    if (i < count) {
        leader[i] = 1;
    }
}

static void find_leaders(const struct shader *sh, uint8_t *leader)
{
    leader[0] = 1;
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        if (isa_cf[c->op].form == FORM_LOOP || isa_cf[c->op].form == FORM_JUMP) {
            mark_leader(leader, sh->cf_count, c->address);
            mark_leader(leader, sh->cf_count, i + 1);
        }
    }
}

static void switch_loop_start(struct glsl *g, const struct cf_op *c, unsigned next)
{
    glsl_line(g, "if (ld < %d) {", SHADER_DEPTH);
    glsl_line(g, "    lk[ld] = yamato_loop(%u);", c->index);
    if (!c->repeat) {
        glsl_line(g, "    la[ld] = lk[ld].y;");
    }
    glsl_line(g, "    li[ld] = 0;");
    glsl_line(g, "}");
    glsl_line(g, "if (ld < %d && lk[ld].x > 0) {", SHADER_DEPTH);
    glsl_line(g, "    yamato_al = clamp(la[ld], -256, 256);");
    glsl_line(g, "    ld++;");
    glsl_line(g, "    pc = %u;", next);
    glsl_line(g, "} else {");
    glsl_line(g, "    pc = %u;", c->address);
    glsl_line(g, "}");
}

static void switch_loop_end(struct glsl *g, const struct cf_op *c, unsigned next)
{
    const char *leave = !c->pred_break ? "" : c->condition ? " || p0" : " || !p0";
    glsl_line(g, "pc = %u;", next);
    glsl_line(g, "if (ld > 0) {");
    g->indent++;
    glsl_line(g, "la[ld - 1] += lk[ld - 1].z;");
    glsl_line(g, "li[ld - 1]++;");
    glsl_line(g, "if (li[ld - 1] >= lk[ld - 1].x%s) {", leave);
    glsl_line(g, "    ld--;");
    glsl_line(g, "    yamato_al = clamp(la[max(ld - 1, 0)], -256, 256);");
    glsl_line(g, "} else {");
    glsl_line(g, "    yamato_al = clamp(la[ld - 1], -256, 256);");
    glsl_line(g, "    pc = %u;", c->address);
    glsl_line(g, "}");
    close_brace(g);
}

static void switch_jump(struct glsl *g, const struct cf_op *c, unsigned next)
{
    char text[40];
    condition_text(c, false, text, sizeof text);
    if (c->op == CF_JUMP) {
        glsl_line(g, "pc = %s ? %u : %u;", text, c->address, next);
    } else if (c->op == CF_RETURN) {
        glsl_line(g, "pc = %u;", next);
        glsl_line(g, "if (cd > 0) {");
        glsl_line(g, "    cd--;");
        glsl_line(g, "    pc = ret[cd];");
        glsl_line(g, "}");
    } else {
        glsl_line(g, "pc = %u;", next);
        glsl_line(g, "if (%s && cd < %d) {", text, SHADER_DEPTH);
        glsl_line(g, "    ret[cd] = %u;", next);
        glsl_line(g, "    cd++;");
        glsl_line(g, "    pc = %u;", c->address);
        glsl_line(g, "}");
    }
}

// One block, from a leader to the next branch or leader. Returns the first index not emitted.
static unsigned switch_block(struct glsl *g, const uint8_t *leader, unsigned i)
{
    const struct shader *sh = g->sh;
    glsl_line(g, "case %u:", i);
    g->indent++;
    for (unsigned n = 0;; n++, i++) {
        const struct cf_op *c = &sh->cf[i];
        if (i >= sh->cf_count || (n && leader[i])) {
            glsl_line(g, "pc = %d;", i >= sh->cf_count ? -1 : (int)i);
            break;
        }
        if (isa_cf[c->op].form == FORM_LOOP || isa_cf[c->op].form == FORM_JUMP) {
            if (c->op == CF_LOOP_START) {
                switch_loop_start(g, c, i + 1);
            } else if (c->op == CF_LOOP_END) {
                switch_loop_end(g, c, i + 1);
            } else {
                switch_jump(g, c, i + 1);
            }
            i++;
            break;
        }
        if (!isa_cf_is_exec(c->op)) {
            continue;
        }
        bool conditional = exec_is_conditional(g, c);
        if (conditional) {
            open_if(g, c, false);
        }
        glsl_exec_slots(g, c);
        if (c->ends) {
            glsl_line(g, "pc = -1;");
        }
        if (c->ends && conditional) {
            glsl_line(g, "break;");
        }
        if (conditional) {
            close_brace(g);
        }
        if (c->ends && !conditional) {
            i++;
            break;
        }
    }
    glsl_line(g, "break;");
    g->indent--;
    return i;
}

static int emit_switch(struct glsl *g, struct err *err)
{
    uint8_t *leader = calloc(g->sh->cf_count + 1, 1);
    if (!leader) {
        return err_set(err, -ENOMEM, "shader: out of memory");
    }
    find_leaders(g->sh, leader);
    glsl_line(g, "int pc = 0, ld = 0, cd = 0;");
    glsl_line(g, "int la[%d], li[%d], ret[%d];", SHADER_DEPTH, SHADER_DEPTH, SHADER_DEPTH);
    glsl_line(g, "ivec3 lk[%d];", SHADER_DEPTH);
    glsl_line(g, "la[0] = la[1] = la[2] = la[3] = 0;");
    glsl_line(g, "for (int n = 0; n < %d && pc >= 0; n++) {", SWITCH_BUDGET);
    g->indent++;
    glsl_line(g, "switch (pc) {");
    for (unsigned i = 0; i < g->sh->cf_count;) {
        if (leader[i]) {
            i = switch_block(g, leader, i);
        } else {
            i++; // nothing gets here
        }
    }
    glsl_line(g, "default:");
    glsl_line(g, "    pc = -1;");
    glsl_line(g, "    break;");
    glsl_line(g, "}");
    close_brace(g);
    free(leader);
    return 0;
}

// ---- the function
// --------------------------------------------------------------------------------

static void declare_state(struct glsl *g)
{
    const struct shader_info *info = &g->sh->info;
    bool ps = g->sh->stage == SHADER_PIXEL;
    unsigned inputs = ps ? 16 : 1;
    if (g->temp_array) {
        glsl_line(g, "vec4 r[%d];", SHADER_TEMPS);
        glsl_line(g, "for (int i = 0; i < %d; i++) {", SHADER_TEMPS);
        glsl_line(g, ps ? "    r[i] = i < 16 ? r_in[min(i, 15)] : vec4(0.0);"
                        : "    r[i] = vec4(i == 0 ? index : 0.0, 0.0, 0.0, 0.0);");
        glsl_line(g, "}");
    }
    for (unsigned i = 0; i < info->temps && !g->temp_array; i++) {
        if (i >= inputs) {
            glsl_line(g, "vec4 r%u = vec4(0.0);", i);
        } else if (ps) {
            glsl_line(g, "vec4 r%u = r_in[%u];", i, i);
        } else {
            glsl_line(g, "vec4 r0 = vec4(index, 0.0, 0.0, 0.0);");
        }
    }
    glsl_line(g, "vec4 vt = vec4(0.0);");
    glsl_line(g, "vec4 ft = vec4(0.0);");
    glsl_line(g, "float st = 0.0, ps = 0.0;");
    glsl_line(g, "bool p0 = false, pt = false;");
    glsl_line(g, "int a0 = 0, at = 0, yamato_al = 0;");
    if (info->uses_loops) {
        glsl_line(g, "int al0 = 0, al1 = 0, al2 = 0, al3 = 0;");
    }
    if (info->fetch_count) {
        glsl_line(g, "float vi = 0.0, lod = 0.0;");
        glsl_line(g, "vec3 gh = vec3(0.0), gv = vec3(0.0);");
    }
    if (ps) {
        glsl_line(g, "bool killed = false;");
        glsl_line(g, "vec4 depth4 = vec4(0.0);");
        glsl_line(g, "color0 = vec4(0.0);");
        return;
    }
    glsl_line(g, "position = vec4(0.0);");
    glsl_line(g, "misc = vec4(0.0);");
    for (unsigned i = 0; i < 16; i++) {
        if (info->export_mask >> i & 1) {
            glsl_line(g, "o[%u] = vec4(0.0);", i);
        }
    }
}

static int emit_function(struct glsl *g, struct err *err)
{
    bool ps = g->sh->stage == SHADER_PIXEL;
    if (g->temp_array) {
        glsl_line(g, "vec4 yamato_temp(vec4 r[%d], int i)", SHADER_TEMPS);
        glsl_line(g, "{");
        glsl_line(g, "    return i >= 0 && i < %d ? r[i] : vec4(0.0);", SHADER_TEMPS);
        glsl_line(g, "}");
    }
    glsl_line(g, ps ? "void yamato_ps(inout vec4 r_in[16], out vec4 color0, out float depth)"
                    : "void yamato_vs(in float index, out vec4 position, out vec4 misc, "
                      "out vec4 o[16])");
    glsl_line(g, "{");
    g->indent++;
    declare_state(g);
    const struct nest top = {0, 0, NOWHERE, NOWHERE};
    if (range_is_structured(g->sh, 0, g->sh->cf_count, top)) {
        glsl_line(g, "int yamato_n = 0;");
        emit_range(g, 0, g->sh->cf_count, top);
    } else {
        int rc = emit_switch(g, err);
        if (rc) {
            return rc;
        }
    }
    if (ps) {
        glsl_line(g, "depth = depth4.x;");
        if (g->opt.kill_discard && g->sh->info.kills) {
            glsl_line(g, "if (killed) {");
            glsl_line(g, "    discard;");
            glsl_line(g, "}");
        }
    }
    close_brace(g);
    return 0;
}

static int refuse(const struct shader *sh, struct err *err)
{
    unsigned slots = 0;
    for (unsigned i = 0; i < sh->cf_count; i++) {
        slots += sh->cf[i].count;
    }
    if (slots > MAX_SLOTS_EMITTED) {
        return err_set(err, -ENOTSUP, "shader: %u executed slots are too many for GLSL", slots);
    }
    if (sh->profile != SHADER_XENOS) {
        return 0;
    }
    if (sh->info.memexport) {
        return err_set(err, -ENOTSUP, "shader: memory export has no GLSL translation");
    }
    if (sh->stage == SHADER_PIXEL && sh->info.export_mask & ~1u) {
        return err_set(err, -ENOTSUP, "shader: colours 1 to 3 have no GLSL translation");
    }
    return 0;
}

int shader_to_glsl(const struct shader *sh, const struct shader_glsl_options *opt, char **text,
                   struct err *err)
{
    *text = NULL;
    int rc = refuse(sh, err);
    if (rc) {
        return rc;
    }
    size_t n;
    struct glsl g = {.sh = sh, .opt = *opt, .temp_array = sh->info.uses_rel_temp};
    g.out = open_memstream(text, &n);
    if (!g.out) {
        return err_set(err, -ENOMEM, "shader: out of memory");
    }
    glsl_helpers(&g);
    rc = emit_function(&g, err);
    if (fclose(g.out) && !rc) {
        rc = err_set(err, -ENOMEM, "shader: out of memory");
    }
    if (rc) {
        free(*text);
        *text = NULL;
    }
    return rc;
}
