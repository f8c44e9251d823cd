// SPDX-License-Identifier: MIT
//
// ALU slots: fields to the form that the interpreter runs. Here it is decided which operations are
// worth running at all (nothing to write and no effect: not), where operands are found, and which
// slots take the interpreter's short way.
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "shader-isa/decode.h"

static struct operand make_operand(struct alu_source s, bool addr_a0)
{
    struct operand o = {.index = s.index, .sign = (uint8_t)(s.abs | s.neg << 1)};
    o.kind = s.is_temp ? (s.rel ? FROM_TEMP_AL : FROM_TEMP)
             : !s.rel  ? FROM_CONST
             : addr_a0 ? FROM_CONST_A0
                       : FROM_CONST_AL;
    for (unsigned i = 0; i < 4; i++) {
        o.comp[i] = (uint8_t)isa_swizzle(s.swiz, i);
    }
    return o;
}

static int32_t temp_offset(unsigned index, unsigned comp)
{
    return (int32_t)(offsetof(struct shader_lanes, r) + (index * 4 + comp) * 4 * SHADER_LANES);
}

// Fixes where the interpreter finds the lanes, and notes the source for shader_info.
static void finish_operand(struct shader_info *info, struct operand *o)
{
    if (!o->need) {
        o->plain = true; // reads something, never used
        return;
    }
    o->plain = o->kind == FROM_TEMP && !o->sign;
    for (unsigned i = 0; i < 4; i++) {
        o->off[i] =
            o->plain ? temp_offset(o->index, o->comp[i]) : (int32_t)(o->comp[i] * 4 * SHADER_LANES);
        if (o->need >> i & 1) {
            o->comps |= (uint8_t)BIT(o->comp[i]);
        }
    }
    switch ((enum operand_kind)o->kind) {
    case FROM_TEMP:
        info->temps = info->temps > o->index + 1u ? info->temps : o->index + 1u;
        break;
    case FROM_TEMP_AL:
        info->uses_rel_temp = true;
        info->temps = info->temps > o->index + 1u ? info->temps : o->index + 1u;
        break;
    case FROM_CONST:
        info->alu_const_used[o->index / 32] |= BIT(o->index % 32);
        info->alu_const_max =
            info->alu_const_max > o->index + 1u ? info->alu_const_max : o->index + 1u;
        break;
    case FROM_CONST_AL:
    case FROM_CONST_A0:
        info->uses_rel_const = true;
        break;
    }
}

void decode_note_temp(struct shader_info *info, unsigned index, bool rel)
{
    info->temps = info->temps > index + 1 ? info->temps : index + 1;
    info->uses_rel_temp |= rel;
}

static void note_export(struct shader *sh, struct alu_op *o)
{
    struct shader_info *info = &sh->info;
    unsigned n = o->vdst;
    bool vs = sh->stage == SHADER_VERTEX;
    if (n >= EXPORT_EA && n <= EXPORT_EM4) {
        info->memexport = true;
    } else if (vs && n < 16) {
        info->export_mask |= BIT(n);
    } else if (vs && n == EXPORT_POSITION) {
        info->exports_position = true;
    } else if (vs && n == EXPORT_MISC) {
        info->exports_misc = true;
    } else if (!vs && n < 4) {
        info->export_mask |= BIT(n);
    } else if (!vs && n == EXPORT_DEPTH) {
        info->exports_depth = true;
    } else {
        o->illegal = 1;
    }
}

static bool same_operand(const struct operand *a, const struct operand *b, unsigned mask)
{
    if (a->kind != b->kind || a->index != b->index || a->sign != b->sign) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        if ((mask >> i & 1) && a->comp[i] != b->comp[i]) {
            return false;
        }
    }
    return true;
}

// May component i of the result be stored before component i + 1 is computed?
static bool stores_are_safe(const struct alu_op *o, unsigned operands)
{
    if (o->vdst_rel) {
        return false; // goes through a copy
    }
    if (isa_vector[o->vop == VOP_MOV ? OP_MAX : o->vop].shape != SHAPE_MAP) {
        return true; // all sources are read before the first store
    }
    for (unsigned k = 0; k < operands; k++) {
        const struct operand *s = &o->src[k];
        if (s->kind == FROM_TEMP_AL && !o->is_export) {
            return false;
        }
        if (o->is_export || s->kind != FROM_TEMP || s->index != o->vdst) {
            continue;
        }
        for (unsigned i = 0; i < 4; i++) {
            for (unsigned later = i + 1; later < 4; later++) {
                if ((o->writes.vector >> i & 1) && (s->need >> later & 1) && s->comp[later] == i) {
                    return false;
                }
            }
        }
    }
    return true;
}

// Operations whose result is an operand, unchanged: the others cannot produce denormals.
static bool moves_operands(unsigned vop)
{
    static const uint8_t moving[] = {2, 3, 12, 13, 14, 18, 19, 28, 29, VOP_MOV};
    return memchr(moving, (int)vop, sizeof moving) != NULL;
}

// Where a result that needs no copy goes; false where that is not in struct shader_lanes.
static bool direct_target(enum shader_stage stage, struct alu_op *o)
{
    size_t base =
        offsetof(struct shader_lanes, r) + o->vdst * sizeof((struct shader_lanes *)0)->r[0];
    if (o->is_export) {
        if (o->vdst < (stage == SHADER_VERTEX ? 16 : 4)) {
            base = offsetof(struct shader_lanes, out) +
                   o->vdst * sizeof((struct shader_lanes *)0)->out[0];
            o->exported = BIT(o->vdst);
        } else if (stage == SHADER_VERTEX && o->vdst == EXPORT_POSITION) {
            base = offsetof(struct shader_lanes, position);
            o->exported = BIT(30);
        } else if (stage == SHADER_VERTEX && o->vdst == EXPORT_MISC) {
            base = offsetof(struct shader_lanes, misc);
            o->exported = BIT(31);
        } else {
            return false; // depth, memory, or nowhere
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        o->dst_off[k] = (int32_t)(base + k * 4 * SHADER_LANES);
    }
    return true;
}

static void decode_vector(enum shader_stage stage, const struct alu_fields *f, struct alu_op *o)
{
    const struct vector_info *v = &isa_vector[f->vector_op];
    o->vop = (uint8_t)f->vector_op;
    if (!v->xna) {
        o->illegal = 1;
        o->vop = VOP_NONE;
        return;
    }
    if (!o->writes.vector && v->effect == EFFECT_NONE) {
        o->vop = VOP_NONE;
        return;
    }
    for (unsigned k = 0; k < v->operands; k++) {
        o->src[k] = make_operand(isa_alu_source(f, k), f->const_addr_a0);
        o->src[k].need = v->shape == SHAPE_MAP ? o->writes.vector : v->mask[k];
    }
    if (v->effect == EFFECT_ADDR) {
        o->src[0].need |= 8;
    }
    if (o->vop == OP_MAX && same_operand(&o->src[0], &o->src[1], o->writes.vector)) {
        o->vop = VOP_MOV;
        o->src[1].need = 0;
    }
    o->direct = direct_target(stage, o) && stores_are_safe(o, v->operands);
    o->flush = o->is_export && moves_operands(o->vop);
    o->run_vop = o->vop;
    if (o->vop == VOP_MOV && o->flush && o->direct && !o->vclamp) {
        o->run_vop = RUN_MOV_FLUSH;
        o->flush = false;
    }
}

static void decode_scalar(const struct alu_fields *f, struct alu_op *o)
{
    const struct scalar_info *s = &isa_scalar[f->scalar_op];
    o->sop = (uint8_t)f->scalar_op;
    if (!s->xna) {
        o->illegal = 1;
        o->sop = SOP_NONE;
        return;
    }
    struct alu_source src = isa_alu_source(f, 2);
    if (s->operands == OPERANDS_CR) { // source 3 is a constant whatever its type bit says
        bool first = f->src1_is_temp && f->src2_is_temp;
        src = (struct alu_source){.abs = f->abs_constants,
                                  .neg = f->neg3,
                                  .rel = first ? f->const0_rel : f->const1_rel,
                                  .index = (uint8_t)f->src3,
                                  .swiz = (uint8_t)f->swiz3};
    }
    if (s->operands == OPERANDS_NONE) {
        return;
    }
    o->sa = make_operand(src, f->const_addr_a0);
    o->sb = o->sa;
    o->sa.comp[0] = (uint8_t)isa_swizzle(src.swiz, 3);
    o->sa.need = 1;
    if (s->operands == OPERANDS_CR) {
        o->sb.kind = FROM_TEMP;
        o->sb.index = (uint8_t)isa_scalar_temp(f);
    }
    o->sb.need = s->operands != OPERANDS_W;
}

void decode_alu(struct shader *sh, unsigned slot)
{
    struct alu_op *o = &sh->alu[slot];
    struct alu_fields f;
    isa_unpack_alu(sh->dw + 3 * slot, &f);
    o->predicated = f.predicated;
    o->condition = f.pred_condition;
    o->vclamp = f.vector_clamp;
    o->sclamp = f.scalar_clamp;
    o->is_export = (uint8_t)f.export_data;
    o->vdst = (uint8_t)f.vector_dest;
    o->sdst = (uint8_t)f.scalar_dest;
    o->vdst_rel = f.vector_dest_rel && !f.export_data;
    o->sdst_rel = f.scalar_dest_rel && !f.export_data;
    o->writes = isa_alu_writes(&f);
    decode_vector(sh->stage, &f, o);
    decode_scalar(&f, o);
    if (o->sop != SOP_NONE && isa_scalar[o->sop].reads_ps &&
        (o->sop != OP_RETAIN_PREV || o->writes.scalar)) {
        sh->reads_ps = true;
    }

    struct shader_info *info = &sh->info;
    for (unsigned k = 0; k < 3; k++) {
        finish_operand(info, &o->src[k]);
    }
    finish_operand(info, &o->sa);
    finish_operand(info, &o->sb);
    struct alu_writes w = o->writes;
    if (o->is_export) {
        if (w.vector | w.scalar | w.one | w.zero) {
            note_export(sh, o);
        }
    } else {
        if (w.vector) {
            decode_note_temp(info, o->vdst, o->vdst_rel);
        }
        if (w.scalar) {
            decode_note_temp(info, o->sdst, o->sdst_rel);
        }
    }
    bool kill = (o->vop < VOP_MOV && isa_vector[o->vop].effect == EFFECT_KILL) ||
                (o->sop != SOP_NONE && isa_scalar[o->sop].effect == EFFECT_KILL);
    info->kills |= kill && sh->stage == SHADER_PIXEL;
    info->illegal |= o->illegal;
}

// Scalar operations nobody can see: the assembler's filler, when ps is never read.
static void drop_dead_scalars(struct shader *sh)
{
    for (unsigned i = 0; i < sh->slots; i++) {
        struct alu_op *o = &sh->alu[i];
        if (!(sh->used[i] & 1) || o->sop == SOP_NONE || o->writes.scalar ||
            isa_scalar[o->sop].effect != EFFECT_NONE) {
            continue;
        }
        if (!sh->reads_ps || o->sop == OP_RETAIN_PREV) {
            o->sop = SOP_NONE;
        }
    }
}

// Marks the slots that take the interpreter's short way.
static void find_simple_slots(struct shader *sh)
{
    for (unsigned i = 0; i < sh->slots; i++) {
        struct alu_op *o = &sh->alu[i];
        o->simple = (sh->used[i] & 1) && !o->illegal && o->direct && o->sop == SOP_NONE &&
                    !o->writes.one && !o->writes.zero &&
                    (o->vop == VOP_MOV || isa_vector[o->vop].effect == EFFECT_NONE);
    }
}

void decode_finish_alu(struct shader *sh)
{
    drop_dead_scalars(sh);
    find_simple_slots(sh);
}
