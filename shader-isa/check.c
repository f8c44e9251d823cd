// SPDX-License-Identifier: MIT
//
// The validator: the rules of check.def over one program. Rules come from what XNA's assembler and
// validator are known to refuse and from what works on Adreno; they look at microcode in program
// order, and at the control flow graph for ends and reachability.
#include "shader-isa/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/program.h"

const struct check_rule check_rules[CHECK_COUNT] = {
#define CHECK(id, name, is_error, doc) [CHECK_##id] = {name, doc, is_error},
#include "shader-isa/check.def"
};

struct checker {
    const struct shader *sh;
    shader_report_fn *report;
    void *ctx;
    unsigned errors;
    // program order
    unsigned alloc;  // type of the last alloc
    bool serialized; // a serialize since the last alloc
    bool has_ea;
    bool seen_full;   // a full vertex fetch
    uint64_t pending; // temporaries that a fetch of this exec still writes
    bool pending_all; // a relative destination: any of them
};

__attribute__((format(printf, 4, 5))) static void finding(struct checker *k, unsigned slot,
                                                          enum check_id id, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    k->errors += check_rules[id].is_error;
    if (k->report) {
        k->report(k->ctx, slot, check_rules[id].is_error, check_rules[id].name, text);
    }
}

static bool on_profile(const struct checker *k, unsigned profiles)
{
    return profiles >> k->sh->profile & 1;
}

// ---- fetch results
// -------------------------------------------------------------------------------

static void check_read(struct checker *k, unsigned slot, unsigned reg, bool rel)
{
    bool hazard = rel ? k->pending || k->pending_all : k->pending_all || (k->pending >> reg & 1);
    if (hazard) {
        finding(k, slot, CHECK_FETCH_HAZARD, "r%u is read before its fetch has finished", reg);
        k->pending = 0; // once is enough
        k->pending_all = false;
    }
}

static void check_operand(struct checker *k, unsigned slot, const struct operand *o)
{
    if (o->need && (o->kind == FROM_TEMP || o->kind == FROM_TEMP_AL)) {
        check_read(k, slot, o->index, o->kind == FROM_TEMP_AL);
    }
}

// ---- ALU
// -----------------------------------------------------------------------------------------

static void check_export(struct checker *k, unsigned slot, const struct alu_op *o, bool rel)
{
    bool vs = k->sh->stage == SHADER_VERTEX;
    unsigned n = o->vdst;
    bool memory = n >= EXPORT_EA && n <= EXPORT_EM4;
    bool position = vs && (n == EXPORT_POSITION || n == EXPORT_MISC);
    bool param = vs ? n < 16 : n < 4 || n == EXPORT_DEPTH;
    if (rel) {
        finding(k, slot, CHECK_EXPORT_REL, "export%u with a relative destination", n);
    }
    if (!memory && !position && !param) {
        finding(k, slot, CHECK_EXPORT_REG, "export%u does not exist in a %s program", n,
                vs ? "vertex" : "pixel");
        return;
    }
    unsigned want = memory ? ALLOC_MEMORY : position ? ALLOC_POSITION : ALLOC_PARAM;
    if (k->alloc != want) {
        finding(k, slot, CHECK_EXPORT_ALLOC, "export%u needs an alloc %s before it", n,
                isa_alloc_adreno[want]);
    }
    if (!vs && n > 0 && n < 4 && k->sh->profile != SHADER_XENOS) {
        finding(k, slot, CHECK_EXPORT_COLOR, "colour %u", n);
    }
    if (n == EXPORT_EA) {
        k->has_ea = true;
    } else if (memory) {
        if (k->serialized) {
            finding(k, slot, CHECK_EM_SERIALIZE, "eM%u after a serialize", n - EXPORT_EM0);
        }
        if (!k->has_ea) {
            finding(k, slot, CHECK_EM_ADDRESS, "eM%u before eA", n - EXPORT_EM0);
        }
    }
}

static bool sets_predicate(const struct alu_op *o)
{
    return (o->vop < VOP_MOV && isa_vector[o->vop].effect == EFFECT_PRED) ||
           (o->sop != SOP_NONE && isa_scalar[o->sop].effect == EFFECT_PRED);
}

static void check_alu(struct checker *k, unsigned slot)
{
    const struct alu_op *o = &k->sh->alu[slot];
    struct alu_fields f;
    isa_unpack_alu(k->sh->dw + 3 * slot, &f);
    const struct vector_info *v = &isa_vector[f.vector_op];
    const struct scalar_info *s = &isa_scalar[f.scalar_op];
    if (!v->xna) {
        finding(k, slot, CHECK_RESERVED_OP, "vector opcode %u", f.vector_op);
    } else if (!on_profile(k, v->profiles)) {
        finding(k, slot, CHECK_PROFILE, "%s", v->xna);
    }
    if (!s->xna) {
        finding(k, slot, CHECK_RESERVED_OP, "scalar opcode %u", f.scalar_op);
    } else if (!on_profile(k, s->profiles)) {
        finding(k, slot, CHECK_PROFILE, "%s", s->xna);
    }
    bool kills = (v->xna && v->effect == EFFECT_KILL) || (s->xna && s->effect == EFFECT_KILL);
    if (kills && k->sh->stage == SHADER_VERTEX) {
        finding(k, slot, CHECK_KILL_VS, "%s", v->effect == EFFECT_KILL ? v->xna : s->xna);
    }
    struct alu_writes w = o->writes;
    if (f.export_data && (w.vector | w.scalar | w.one | w.zero)) {
        check_export(k, slot, o, f.vector_dest_rel);
    }
    for (unsigned i = 0; i < 3; i++) {
        check_operand(k, slot, &o->src[i]);
    }
    if (o->sop != SOP_NONE) { // fillers were dropped by the decoder and read nothing
        check_operand(k, slot, &o->sa);
        check_operand(k, slot, &o->sb);
    }
}

// ---- fetches
// -------------------------------------------------------------------------------------

static void check_dst_swiz(struct checker *k, unsigned slot, const uint8_t swiz[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (swiz[i] == 6) {
            finding(k, slot, CHECK_FETCH_FIELD, "destination component %c selects 6", "xyzw"[i]);
        }
    }
}

static void check_vfetch(struct checker *k, unsigned slot)
{
    struct vfetch_fields f;
    isa_unpack_vfetch(k->sh->dw + 3 * slot, &f);
    const struct format_info *format = &isa_format[f.format];
    if (!format->name) {
        finding(k, slot, CHECK_PROFILE, "vertex format %u", f.format);
    } else if (!on_profile(k, format->profiles)) {
        finding(k, slot, CHECK_PROFILE, "vertex format %s", format->name);
    }
    if (f.const_sel > 2) {
        finding(k, slot, CHECK_FETCH_FIELD, "a fetch constant has 3 vertex constants");
    }
    if (k->sh->profile == SHADER_XENOS) {
        if (f.mini && !k->seen_full) {
            finding(k, slot, CHECK_MINI_FIRST, "mini fetch without a full one before it");
        }
        k->seen_full |= !f.mini;
    }
}

static void check_tfetch(struct checker *k, unsigned slot)
{
    struct tfetch_fields f;
    isa_unpack_tfetch(k->sh->dw + 3 * slot, &f);
    const struct fetch_info *info = &isa_fetch[f.op];
    if (!on_profile(k, info->profiles)) {
        finding(k, slot, CHECK_PROFILE, "%s", info->xna);
    }
    if (!info->has_const) {
        return;
    }
    if (f.mag == 2 || f.min == 2 || f.vol_mag == 2 || f.vol_min == 2 || f.aniso == 6 ||
        f.arbitrary == 6) {
        finding(k, slot, CHECK_FETCH_FIELD, "a filter has a value without meaning");
    }
    bool lod = f.op == FETCH_LOD || (f.op == FETCH_TEX && f.use_comp_lod && !f.use_reg_gradients);
    if (lod && k->sh->stage == SHADER_VERTEX) {
        finding(k, slot, CHECK_VS_COMP_LOD, "%s", info->xna);
    }
}

static void check_fetch(struct checker *k, unsigned slot)
{
    const struct fetch_op *o = &k->sh->fetch[slot];
    unsigned op = k->sh->dw[3 * slot] & 31;
    if (o->kind == DO_ILLEGAL) {
        finding(k, slot, CHECK_RESERVED_OP, "fetch opcode %u", op);
        return;
    }
    if (op == FETCH_VERTEX) {
        check_vfetch(k, slot);
    } else {
        check_tfetch(k, slot);
    }
    check_read(k, slot, o->src, o->src_rel);
    if (isa_fetch[op].has_dest) {
        check_dst_swiz(k, slot, o->dst_swiz);
        k->pending |= 1ull << o->dst;
        k->pending_all |= o->dst_rel;
    }
}

// ---- execs, in program order
// ---------------------------------------------------------------------

static void check_exec(struct checker *k, unsigned i)
{
    const struct shader *sh = k->sh;
    const struct cf_op *c = &sh->cf[i];
    struct cf_fields f;
    isa_unpack_cf(isa_cf_bits(sh->dw, i), &f);
    bool conditional = isa_cf[c->op].condition == COND_PRED, set = false;
    bool clean = isa_cf[c->op].condition == COND_BOOL
                     ? c->op == CF_COND_EXEC_CLEAN || c->op == CF_COND_EXEC_CLEAN_END
                     : f.exec.bool_address >> 7 & 1;
    if (c->count > 6) {
        finding(k, i / 2, CHECK_EXEC_COUNT, "cf %u runs %u slots", i, c->count);
    }
    if (c->count < 6 && c->sequence >> (2 * c->count)) {
        finding(k, i / 2, CHECK_EXEC_SEQUENCE, "cf %u: sequence 0x%x for %u slots", i, c->sequence,
                c->count);
    }
    if (c->count && (c->address + c->count > sh->slots || 2u * c->address < sh->cf_count)) {
        finding(k, i / 2, CHECK_EXEC_ADDRESS, "cf %u: slots %u to %u of %u", i, c->address,
                c->address + c->count - 1, sh->slots);
    }
    k->pending = 0; // an exec waits for the fetches of the one before
    k->pending_all = false;
    for (unsigned n = 0; n < c->count && c->address + n < sh->slots; n++) {
        unsigned slot = c->address + n;
        bool fetch = shader_slot_is_fetch(c->sequence, n);
        if (c->sequence >> (2 * n + 1) & 1) {
            k->serialized = true;
            k->pending = 0;
            k->pending_all = false;
        }
        bool predicated = fetch ? sh->fetch[slot].predicated : sh->alu[slot].predicated;
        bool condition = fetch ? sh->fetch[slot].condition : sh->alu[slot].condition;
        if (conditional && (!predicated || condition != c->condition)) {
            finding(k, slot, CHECK_EXEC_PREDICATE, "cf %u is %sp0, the slot is %s", i,
                    c->condition ? "" : "!", !predicated ? "not predicated" : "the opposite");
        }
        if (clean && set && predicated) {
            finding(k, slot, CHECK_PRED_CLEAN, "cf %u", i);
        }
        if (fetch) {
            check_fetch(k, slot);
        } else {
            check_alu(k, slot);
            set |= sets_predicate(&sh->alu[slot]);
        }
    }
}

// ---- control flow
// --------------------------------------------------------------------------------

#define IN_CALL 1 // visited bits: outside calls, inside
struct graph {
    uint8_t *seen;   // bit 0: reached outside calls, bit 1: inside
    uint32_t *stack; // pending (index << 1 | in_call)
    unsigned depth;
    bool runs_off;
};

static void visit(const struct shader *sh, struct graph *g, unsigned i, unsigned in_call)
{
    if (i >= sh->cf_count) {
        g->runs_off |= i == sh->cf_count; // wrong targets are reported elsewhere
        return;
    }
    if (!(g->seen[i] >> in_call & 1)) {
        g->seen[i] |= (uint8_t)BIT(in_call);
        g->stack[g->depth++] = i << 1 | in_call;
    }
}

static void walk(const struct shader *sh, struct graph *g)
{
    visit(sh, g, 0, 0);
    while (g->depth) {
        uint32_t top = g->stack[--g->depth];
        unsigned i = top >> 1, in_call = top & 1;
        const struct cf_op *c = &sh->cf[i];
        bool always = c->cond == COND_NONE;
        bool jump = c->op == CF_JUMP || c->op == CF_LOOP_START || c->op == CF_LOOP_END;
        if (jump || c->op == CF_CALL) {
            visit(sh, g, c->address, c->op == CF_CALL ? IN_CALL : in_call);
        }
        if ((c->ends && always) || (c->op == CF_JUMP && always) ||
            (c->op == CF_RETURN && in_call)) {
            continue;
        }
        visit(sh, g, i + 1, in_call);
    }
}

static void check_paths(struct checker *k)
{
    const struct shader *sh = k->sh;
    struct graph g = {.seen = calloc(sh->cf_count, 1),
                      .stack = calloc(2 * (size_t)sh->cf_count, sizeof *g.stack)};
    if (g.seen && g.stack) {
        walk(sh, &g);
        if (g.runs_off) {
            finding(k, (sh->cf_count - 1) / 2, CHECK_NO_END, "a path runs off the control flow");
        }
        for (unsigned i = 0; i < sh->cf_count; i++) {
            if (!g.seen[i] && isa_cf_is_exec(sh->cf[i].op) && sh->cf[i].count) {
                finding(k, i / 2, CHECK_UNREACHABLE, "cf %u", i);
            }
        }
    }
    free(g.seen);
    free(g.stack);
}

// Depth of calls from control flow i on, by following call targets up to their return.
static unsigned call_depth(const struct shader *sh, unsigned i, unsigned depth, unsigned *budget)
{
    unsigned worst = depth;
    for (; i < sh->cf_count && *budget && depth <= SHADER_DEPTH; i++) {
        const struct cf_op *c = &sh->cf[i];
        (*budget)--;
        if (c->op == CF_CALL) {
            unsigned d = call_depth(sh, c->address, depth + 1, budget);
            worst = d > worst ? d : worst;
        }
        if ((c->op == CF_RETURN && depth) || (c->ends && c->cond == COND_NONE)) {
            break;
        }
    }
    return worst;
}

static void check_loops(struct checker *k)
{
    const struct shader *sh = k->sh;
    unsigned open[SHADER_DEPTH + 1], depth = 0;
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        if (c->op == CF_LOOP_START) {
            if (depth >= SHADER_DEPTH) {
                finding(k, i / 2, CHECK_LOOP_NESTING, "cf %u is the fifth loop inside another", i);
            } else {
                open[depth] = i;
            }
            depth++;
        } else if (c->op == CF_LOOP_END && !depth) {
            finding(k, i / 2, CHECK_LOOP_NESTING, "cf %u ends no loop", i);
        } else if (c->op == CF_LOOP_END) {
            depth--;
            if (depth < SHADER_DEPTH &&
                (c->address != open[depth] + 1 || sh->cf[open[depth]].address != i + 1)) {
                finding(k, i / 2, CHECK_LOOP_NESTING, "cf %u does not match the loop at cf %u", i,
                        open[depth]);
            }
        }
    }
    if (depth) {
        finding(k, (sh->cf_count - 1) / 2, CHECK_LOOP_NESTING, "%u loops are not closed", depth);
    }
}

// A jump may leave loops, never enter one: the loop around its target is around the jump as well.
static void check_jumps(struct checker *k)
{
    const struct shader *sh = k->sh;
    // innermost loop around each instruction (its start + 1, 0 for none), and around each loop
    uint32_t *inside = calloc((size_t)sh->cf_count + 1, sizeof *inside);
    uint32_t *parent = calloc((size_t)sh->cf_count + 1, sizeof *parent);
    uint32_t loop = 0;
    for (unsigned i = 0; inside && parent && i < sh->cf_count; i++) {
        inside[i] = loop;
        if (sh->cf[i].op == CF_LOOP_START) {
            parent[i + 1] = loop;
            loop = i + 1;
        } else if (sh->cf[i].op == CF_LOOP_END) {
            loop = parent[loop];
        }
    }
    for (unsigned i = 0; inside && parent && i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        bool is_loop = c->op == CF_LOOP_START || c->op == CF_LOOP_END;
        bool jump = c->op == CF_JUMP || c->op == CF_CALL;
        if ((is_loop || jump) && c->address > sh->cf_count) {
            finding(k, i / 2, CHECK_JUMP_TARGET, "cf %u goes to %u of %u", i, c->address,
                    sh->cf_count);
            continue;
        }
        uint32_t target = jump ? inside[c->address] : 0, from = inside[i];
        while (from && from != target) {
            from = parent[from];
        }
        if (from != target) {
            finding(k, i / 2, CHECK_JUMP_INTO_LOOP, "cf %u goes into the loop at cf %u", i,
                    target - 1);
        }
    }
    free(inside);
    free(parent);
}

unsigned shader_check(const struct shader *sh, shader_report_fn *report, void *ctx)
{
    struct checker k = {.sh = sh, .report = report, .ctx = ctx};
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        if (c->op == CF_ALLOC) {
            k.alloc = c->alloc_type;
            k.serialized = k.has_ea = false;
        } else if (isa_cf_is_exec(c->op)) {
            check_exec(&k, i);
        }
    }
    check_loops(&k);
    check_jumps(&k);
    check_paths(&k);
    unsigned budget = 65536;
    if (call_depth(sh, 0, 0, &budget) > SHADER_DEPTH) {
        finding(&k, 0, CHECK_CALL_DEPTH, "calls nest deeper than %d", SHADER_DEPTH);
    }
    if (sh->profile != SHADER_XENOS && sh->slots > 384) {
        finding(&k, 384, CHECK_PROGRAM_SIZE, "%u slots", sh->slots);
    }
    return k.errors;
}
