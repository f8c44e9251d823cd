// SPDX-License-Identifier: MIT
//
// One slot as GLSL statements. The expression comes from a2xx.def's glsl column: the names a, b, c
// and ps in it are replaced by the operands' text. Both operations of a slot read before either
// writes, so a slot with two results goes through temporaries vt and st.
#include "shader-isa/glsl.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

void glsl_line(struct glsl *g, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(g->out, "%*s", (int)(4 * g->indent), "");
    vfprintf(g->out, fmt, ap);
    fputc('\n', g->out);
    va_end(ap);
}

// ---- operands
// ------------------------------------------------------------------------------------

#define TEXT 160

static const char xyzw[] = "xyzw";

static void mask_name(unsigned mask, char out[5])
{
    unsigned n = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (mask >> i & 1) {
            out[n++] = xyzw[i];
        }
    }
    out[n] = 0;
}

static void temp_name(const struct glsl *g, unsigned index, bool rel, bool write, char *out)
{
    if (rel && write) {
        snprintf(out, TEXT, "r[%u + yamato_al]", index);
    } else if (rel) {
        snprintf(out, TEXT, "yamato_temp(r, %u + yamato_al)", index);
    } else {
        snprintf(out, TEXT, g->temp_array ? "r[%u]" : "r%u", index);
    }
}

// The operand with its swizzle reduced to `count` positions, absolute value and sign.
static void operand_text(const struct glsl *g, const struct operand *o, unsigned count, bool flush,
                         char *out)
{
    char base[TEXT], swiz[6] = ".";
    switch ((enum operand_kind)o->kind) {
    case FROM_TEMP:
    case FROM_TEMP_AL:
        temp_name(g, o->index, o->kind == FROM_TEMP_AL, false, base);
        break;
    case FROM_CONST:
        snprintf(base, sizeof base, "yamato_const(%u)", o->index);
        break;
    case FROM_CONST_AL:
        snprintf(base, sizeof base, "yamato_const(%u + yamato_al)", o->index);
        break;
    case FROM_CONST_A0:
        snprintf(base, sizeof base, "yamato_const(%u + a0)", o->index);
        break;
    }
    for (unsigned i = 0; i < count; i++) {
        swiz[1 + i] = xyzw[o->comp[i] & 3];
        swiz[2 + i] = 0;
    }
    if (!strcmp(swiz, ".xyzw")) {
        swiz[0] = 0;
    }
    const char *open = flush ? "yamato_flush(" : "", *close = flush ? ")" : "";
    const char *minus = o->sign & 2 ? "-" : "";
    if (o->sign & 1) {
        snprintf(out, 2 * TEXT, "(%sabs(%s%s%s%s))", minus, open, base, swiz, close);
    } else if (o->sign & 2) {
        snprintf(out, 2 * TEXT, "(-%s%s%s%s)", open, base, swiz, close);
    } else {
        snprintf(out, 2 * TEXT, "%s%s%s%s", open, base, swiz, close);
    }
}

// Writes `expr` with the identifiers a, b, c (not after a dot) replaced.
static void put_expression(FILE *out, const char *expr, const char *a, const char *b, const char *c)
{
    for (const char *p = expr; *p;) {
        if (isalpha((unsigned char)*p) || *p == '_') {
            size_t n = 1;
            while (isalnum((unsigned char)p[n]) || p[n] == '_') {
                n++;
            }
            bool field = p > expr && p[-1] == '.';
            const char *with = n == 1 && !field ? (*p == 'a'   ? a
                                                   : *p == 'b' ? b
                                                   : *p == 'c' ? c
                                                               : 0)
                                                : 0;
            if (with) {
                fputs(with, out);
            } else {
                fwrite(p, 1, n, out);
            }
            p += n;
        } else {
            fputc(*p++, out);
        }
    }
}

static bool plain_move(const struct alu_op *o)
{
    return o->vop == VOP_MOV;
}

// The vector expression as a vec4 (or a float for one-value operations).
static void put_vector(struct glsl *g, const struct alu_op *o, const char *expr)
{
    const struct vector_info *v = &isa_vector[plain_move(o) ? OP_MAX : o->vop];
    char text[3][2 * TEXT] = {"0.0", "0.0", "0.0"};
    for (unsigned k = 0; k < v->operands; k++) {
        operand_text(g, &o->src[k], 4, g->opt.exact && !plain_move(o), text[k]);
    }
    put_expression(g->out, plain_move(o) ? "a" : expr, text[0], text[1], text[2]);
}

static void put_scalar(struct glsl *g, const struct alu_op *o, const char *expr)
{
    char a[2 * TEXT] = "0.0", b[2 * TEXT] = "0.0";
    unsigned operands = isa_scalar[o->sop].operands;
    if (operands != OPERANDS_NONE) {
        operand_text(g, &o->sa, 1, g->opt.exact, a);
    }
    if (operands == OPERANDS_WX || operands == OPERANDS_CR) {
        operand_text(g, &o->sb, 1, g->opt.exact, b);
    }
    put_expression(g->out, expr, a, b, "0.0");
}

// ---- where results go
// ----------------------------------------------------------------------------

// Name of an export register, "" when its value goes nowhere.
static void export_name(const struct glsl *g, const struct alu_op *o, char *out)
{
    bool vs = g->sh->stage == SHADER_VERTEX;
    out[0] = 0;
    if (vs && o->vdst < 16) {
        snprintf(out, TEXT, "o[%u]", o->vdst);
    } else if (vs && o->vdst == EXPORT_POSITION) {
        snprintf(out, TEXT, "position");
    } else if (vs && o->vdst == EXPORT_MISC) {
        snprintf(out, TEXT, "misc");
    } else if (!vs && o->vdst == 0) {
        snprintf(out, TEXT, "color0");
    } else if (!vs && o->vdst == EXPORT_DEPTH) {
        snprintf(out, TEXT, "depth4");
    }
}

static void begin_line(struct glsl *g)
{
    fprintf(g->out, "%*s", (int)(4 * g->indent), "");
}

// target.mask = value, for a float or vec4 value named or written by the caller.
static void put_target(struct glsl *g, const char *target, unsigned index, bool rel, unsigned mask)
{
    char m[5];
    begin_line(g);
    if (rel) {
        fprintf(g->out, "if (%u + yamato_al >= 0 && %u + yamato_al < %u) ", index, index,
                SHADER_TEMPS);
    }
    mask_name(mask, m);
    fprintf(g->out, mask == 15 ? "%s = " : "%s.%s = ", target, m);
}

static void put_result(struct glsl *g, const struct alu_op *o, bool scalar, const char *value)
{
    char target[TEXT], m[5];
    unsigned mask = scalar ? o->writes.scalar : o->writes.vector;
    unsigned index = scalar ? o->sdst : o->vdst;
    bool rel = scalar ? o->sdst_rel : o->vdst_rel;
    bool clamp = scalar ? o->sclamp : o->vclamp;
    bool flush = o->is_export && g->opt.exact;
    bool wide = !scalar && (plain_move(o) || isa_vector[o->vop].shape != SHAPE_ALL);
    if (o->is_export) {
        export_name(g, o, target);
        rel = false;
    } else {
        temp_name(g, index, rel, true, target);
    }
    if (!mask || !target[0]) {
        return;
    }
    put_target(g, target, index, rel, mask);
    unsigned count = (unsigned)__builtin_popcount(mask);
    if (!wide && count > 1) {
        fprintf(g->out, "vec%u(", count);
    }
    fputs(flush ? "yamato_flush(" : "", g->out);
    fputs(clamp ? "yamato_saturate(" : wide && mask != 15 && !value ? "(" : "", g->out);
    if (value) {
        fputs(value, g->out);
    } else if (scalar) {
        put_scalar(g, o, isa_scalar[o->sop].glsl);
    } else {
        put_vector(g, o, isa_vector[plain_move(o) ? OP_MAX : o->vop].glsl);
    }
    fputs(clamp ? ")" : wide && mask != 15 && !value ? ")" : "", g->out);
    fputs(flush ? ")" : "", g->out);
    if (!wide && count > 1) {
        fputs(")", g->out);
    }
    if (wide && mask != 15) {
        mask_name(mask, m);
        fprintf(g->out, ".%s", m);
    }
    fputs(";\n", g->out);
}

static void put_constants(struct glsl *g, const struct alu_op *o)
{
    char target[TEXT];
    export_name(g, o, target);
    for (unsigned k = 0; k < 4 && target[0]; k++) {
        if ((o->writes.one | o->writes.zero) >> k & 1) {
            glsl_line(g, "%s.%c = %s;", target, xyzw[k], o->writes.one >> k & 1 ? "1.0" : "0.0");
        }
    }
}

// ---- effects
// -------------------------------------------------------------------------------------

// Effects are computed before any register is written, into pt, kt or at, and applied at the end.
static void put_effect(struct glsl *g, const struct alu_op *o, bool scalar)
{
    unsigned effect = scalar ? isa_scalar[o->sop].effect : isa_vector[o->vop].effect;
    const char *expr = scalar ? isa_scalar[o->sop].glsl_effect : isa_vector[o->vop].glsl_effect;
    if (effect == EFFECT_NONE || (effect == EFFECT_KILL && g->sh->stage != SHADER_PIXEL)) {
        return;
    }
    begin_line(g);
    fputs(effect == EFFECT_PRED   ? "pt = "
          : effect == EFFECT_KILL ? "killed = killed || ("
                                  : "at = yamato_address(",
          g->out);
    if (scalar) {
        put_scalar(g, o, expr);
    } else {
        put_vector(g, o, expr);
    }
    fputs(effect == EFFECT_PRED ? ";\n" : ");\n", g->out);
}

static unsigned effect_of(const struct alu_op *o, bool scalar)
{
    if (scalar) {
        return o->sop == SOP_NONE ? EFFECT_NONE : isa_scalar[o->sop].effect;
    }
    return o->vop >= VOP_MOV ? EFFECT_NONE : isa_vector[o->vop].effect;
}

// ---- slots
// ---------------------------------------------------------------------------------------

static void alu_slot(struct glsl *g, const struct alu_op *o)
{
    bool has_v = o->vop != VOP_NONE, has_s = o->sop != SOP_NONE;
    unsigned ve = effect_of(o, false), se = effect_of(o, true);
    bool keep_ps = has_s && g->sh->reads_ps && o->sop != OP_RETAIN_PREV;
    bool v_writes = has_v && o->writes.vector, s_writes = has_s && o->writes.scalar;
    bool both = (v_writes && (s_writes || keep_ps)) || (v_writes && se) || (s_writes && ve) ||
                (s_writes && (keep_ps || se)) || (v_writes && ve);
    if (v_writes && both) {
        begin_line(g);
        bool wide = plain_move(o) || isa_vector[o->vop].shape != SHAPE_ALL;
        fputs(wide ? "vt = " : "vt = vec4(", g->out);
        put_vector(g, o, isa_vector[plain_move(o) ? OP_MAX : o->vop].glsl);
        fputs(wide ? ";\n" : ");\n", g->out);
    }
    if (has_s && (both || keep_ps)) {
        begin_line(g);
        fputs("st = ", g->out);
        put_scalar(g, o, isa_scalar[o->sop].glsl);
        fputs(";\n", g->out);
    }
    if (ve) {
        put_effect(g, o, false);
    }
    if (se) {
        put_effect(g, o, true);
    }
    if (v_writes) {
        bool all = !plain_move(o) && isa_vector[o->vop].shape == SHAPE_ALL;
        put_result(g, o, false, both ? (all ? "vt.x" : "vt") : NULL);
    }
    if (s_writes) {
        put_result(g, o, true, both || keep_ps ? "st" : NULL);
    }
    if (o->is_export && (o->writes.one | o->writes.zero)) {
        put_constants(g, o);
    }
    if (keep_ps) {
        glsl_line(g, "ps = st;");
    }
    if (ve == EFFECT_PRED || se == EFFECT_PRED) {
        glsl_line(g, "p0 = pt;");
    }
    if (ve == EFFECT_ADDR || se == EFFECT_ADDR) {
        glsl_line(g, "a0 = at;");
    }
}

// dst components from the fetched vec4 `value`.
static void fetch_result(struct glsl *g, const struct fetch_op *o, const char *value)
{
    char target[TEXT];
    unsigned mask = 0;
    temp_name(g, o->dst, o->dst_rel, true, target);
    for (unsigned k = 0; k < 4; k++) {
        mask |= o->dst_swiz[k] != 7 ? 1u << k : 0;
    }
    if (!mask) {
        return;
    }
    put_target(g, target, o->dst, o->dst_rel, mask);
    unsigned count = (unsigned)__builtin_popcount(mask);
    bool identity = mask == 15;
    for (unsigned k = 0; k < 4; k++) {
        identity &= o->dst_swiz[k] == k;
    }
    if (identity) {
        fprintf(g->out, "%s;\n", value);
        return;
    }
    if (count > 1) {
        fprintf(g->out, "vec%u(", count);
    }
    const char *comma = "";
    for (unsigned k = 0; k < 4; k++) {
        unsigned s = o->dst_swiz[k];
        if (s == 7) {
            continue;
        }
        if (s < 4) {
            fprintf(g->out, "%s%s.%c", comma, value, xyzw[s]);
        } else {
            fprintf(g->out, "%s%s", comma, s == 5 ? "1.0" : "0.0");
        }
        comma = ", ";
    }
    fputs(count > 1 ? ");\n" : ";\n", g->out);
}

static const char *predicate(bool condition)
{
    return condition ? "p0" : "!p0";
}

// A fetch runs in all lanes, so that the host's derivatives stay defined; its result is predicated.
static void fetch_slot(struct glsl *g, const struct fetch_op *o)
{
    char src[TEXT], coord[TEXT + 8];
    temp_name(g, o->src, o->src_rel, false, src);
    snprintf(coord, sizeof coord, "%s.%c%c%c", src, xyzw[o->src_comp[0]], xyzw[o->src_comp[1]],
             xyzw[o->src_comp[2]]);
    bool sets = false;
    const char *name = "";
    switch ((enum fetch_kind)o->kind) {
    case DO_ILLEGAL:
        return;
    case DO_VFETCH: {
        const struct shader_vfetch *v = &g->sh->vfetch[o->n];
        if (!v->mini) {
            glsl_line(g, "vi = floor(%s.%c%s);", src, xyzw[o->src_comp[0]],
                      v->index_round ? " + 0.5" : "");
        }
        glsl_line(g, "ft = yamato_vfetch%u(vi);", o->n);
        break;
    }
    case DO_TFETCH:
        glsl_line(g, "ft = yamato_tfetch%u(%s, lod, gh, gv);", o->n, coord);
        break;
    case DO_GRADIENTS:
        if (g->sh->stage == SHADER_PIXEL) {
            glsl_line(g, "ft = vec4(dFdx(%s.x), dFdy(%s.x), dFdx(%s.y), dFdy(%s.y));", coord, coord,
                      coord, coord);
        } else {
            glsl_line(g, "ft = vec4(0.0);");
        }
        break;
    case DO_SET_LOD:
        sets = true;
        name = "lod";
        snprintf(coord, sizeof coord, "%s.%c", src, xyzw[o->src_comp[0]]);
        break;
    case DO_SET_GRAD_H:
        sets = true;
        name = "gh";
        break;
    case DO_SET_GRAD_V:
        sets = true;
        name = "gv";
        break;
    }
    if (o->predicated) {
        glsl_line(g, "if (%s) {", predicate(o->condition));
        g->indent++;
    }
    if (sets) {
        glsl_line(g, "%s = %s;", name, coord);
    } else {
        fetch_result(g, o, "ft");
    }
    if (o->predicated) {
        g->indent--;
        glsl_line(g, "}");
    }
}

void glsl_exec_slots(struct glsl *g, const struct cf_op *c)
{
    const struct shader *sh = g->sh;
    bool open = false, open_condition = false;
    for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
        unsigned slot = c->address + k;
        bool fetch = shader_slot_is_fetch(c->sequence, k);
        const struct alu_op *o = &sh->alu[slot];
        bool same = !fetch && o->predicated && open && open_condition == o->condition;
        if (open && !same) {
            g->indent--;
            glsl_line(g, "}");
            open = false;
        }
        if (fetch) {
            fetch_slot(g, &sh->fetch[slot]);
            continue;
        }
        if (o->predicated && !open) {
            glsl_line(g, "if (%s) {", predicate(o->condition));
            g->indent++;
            open = true;
            open_condition = o->condition;
        }
        alu_slot(g, o);
        if (open && (effect_of(o, false) == EFFECT_PRED || effect_of(o, true) == EFFECT_PRED)) {
            g->indent--;
            glsl_line(g, "}");
            open = false;
        }
    }
    if (open) {
        g->indent--;
        glsl_line(g, "}");
    }
}
