// SPDX-License-Identifier: MIT
//
// Microcode to program. The control flow part ends where the lowest exec begins, as every public
// disassembler has it; a slot is decoded as ALU, fetch or both, as the execs that name it say.
// Nothing is rejected here but sizes: strange programs decode, and shader_check explains them.
#include "shader-isa/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/hash.h"

// ---- control flow
// --------------------------------------------------------------------------------

static unsigned count_cf(const uint32_t *dw, unsigned slots)
{
    unsigned n = 2 * slots;
    for (unsigned i = 0; i < n; i++) {
        struct cf_fields f;
        isa_unpack_cf(isa_cf_bits(dw, i), &f);
        if (isa_cf_is_exec(f.op) && 2 * f.exec.address > i && 2 * f.exec.address < n) {
            n = 2 * f.exec.address;
        }
    }
    return n;
}

static void decode_cf(struct shader *sh, unsigned i)
{
    struct cf_op *o = &sh->cf[i];
    struct cf_fields f;
    isa_unpack_cf(isa_cf_bits(sh->dw, i), &f);
    const struct cf_info *info = &isa_cf[f.op];
    o->op = f.op;
    o->cond = info->condition;
    o->ends = info->ends;
    switch ((enum cf_form)info->form) {
    case FORM_NOP:
        break;
    case FORM_EXEC:
        o->address = (uint16_t)f.exec.address;
        o->count = (uint8_t)f.exec.count;
        o->sequence = (uint16_t)f.exec.sequence;
        o->index = (uint8_t)f.exec.bool_address;
        o->condition = f.exec.condition;
        break;
    case FORM_LOOP:
        sh->info.uses_loops = true;
        o->address = (uint16_t)f.loop.address;
        o->index = (uint8_t)f.loop.loop_id;
        o->repeat = f.loop.repeat;
        o->pred_break = f.loop.pred_break;
        o->condition = f.loop.condition;
        break;
    case FORM_JUMP:
        o->address = (uint16_t)f.jump.address;
        o->index = (uint8_t)f.jump.bool_address;
        o->condition = f.jump.condition;
        o->backward = o->address <= i;
        sh->info.uses_calls |= f.op == CF_CALL;
        if (info->condition == COND_JUMP) {
            o->cond = f.jump.uncond ? COND_NONE : f.jump.predicated ? COND_PRED : COND_BOOL;
        }
        break;
    case FORM_ALLOC:
        o->alloc_type = (uint8_t)f.alloc.type;
        break;
    }
}

// ---- ALU slots
// -----------------------------------------------------------------------------------

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

static void note_temp(struct shader_info *info, unsigned index, bool rel)
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
    if (o->is_export || o->vdst_rel || o->vclamp) {
        return false; // these pass through a copy anyway
    }
    if (isa_vector[o->vop == VOP_MOV ? OP_MAX : o->vop].shape != SHAPE_MAP) {
        return true; // all sources are read before the first store
    }
    for (unsigned k = 0; k < operands; k++) {
        const struct operand *s = &o->src[k];
        if (s->kind == FROM_TEMP_AL) {
            return false;
        }
        if (s->kind != FROM_TEMP || s->index != o->vdst) {
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

static void decode_vector(const struct alu_fields *f, struct alu_op *o)
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
    o->direct = stores_are_safe(o, v->operands);
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

static void decode_alu(struct shader *sh, unsigned slot)
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
    decode_vector(&f, o);
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
    for (unsigned k = 0; k < 4; k++) {
        o->dst_off[k] = temp_offset(o->vdst, k);
    }
    struct alu_writes w = o->writes;
    if (o->is_export) {
        if (w.vector | w.scalar | w.one | w.zero) {
            note_export(sh, o);
        }
    } else {
        if (w.vector) {
            note_temp(info, o->vdst, o->vdst_rel);
        }
        if (w.scalar) {
            note_temp(info, o->sdst, o->sdst_rel);
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
                    (o->vop == VOP_MOV || isa_vector[o->vop].effect == EFFECT_NONE);
    }
}

// ---- fetches
// -------------------------------------------------------------------------------------

struct fetch_walk {
    const struct shader_vfetch *full; // last full vertex fetch, for minis
};

static void unpack_dst_swiz(uint32_t swiz, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = swiz >> (3 * i) & 7;
    }
}

static bool writes_temp(const uint8_t dst_swiz[4])
{
    return dst_swiz[0] != 7 || dst_swiz[1] != 7 || dst_swiz[2] != 7 || dst_swiz[3] != 7;
}

static void decode_vfetch(struct shader *sh, unsigned slot, struct fetch_walk *walk)
{
    struct fetch_op *o = &sh->fetch[slot];
    struct shader_info *info = &sh->info;
    struct shader_vfetch *v = &sh->vfetch[info->vfetch_count];
    struct vfetch_fields f;
    isa_unpack_vfetch(sh->dw + 3 * slot, &f);
    o->n = (uint16_t)info->vfetch_count++;
    *v = (struct shader_vfetch){
        .slot = (uint16_t)slot,
        .constant = (uint8_t)(f.const_index * 3 + (f.const_sel < 3 ? f.const_sel : 2)),
        .format = (uint8_t)f.format,
        .is_signed = f.is_signed,
        .is_integer = f.is_integer,
        .signed_rf = f.signed_rf,
        .exp_adjust = (int8_t)sign_extend(f.exp_adjust, 6),
        .stride = (uint8_t)f.stride,
        .offset = sign_extend(f.offset, 23),
        .dst = (uint8_t)f.dst,
        .src = (uint8_t)f.src,
        .src_comp = (uint8_t)f.src_swiz,
        .predicated = f.predicated,
        .pred_condition = f.pred_condition,
        .dst_rel = f.dst_rel,
        .src_rel = f.src_rel,
        .index_round = f.index_round,
        .mini = f.mini && sh->profile == SHADER_XENOS && walk->full,
    };
    unpack_dst_swiz(f.dst_swiz, v->dst_swiz);
    if (v->mini) {
        v->constant = walk->full->constant;
        v->stride = walk->full->stride;
        v->src = walk->full->src;
        v->src_comp = walk->full->src_comp;
        v->src_rel = walk->full->src_rel;
        v->index_round = walk->full->index_round;
    } else {
        walk->full = v;
    }
    o->kind = DO_VFETCH;
    o->predicated = v->predicated;
    o->condition = v->pred_condition;
    o->src_rel = v->src_rel;
    o->src = v->src;
    o->src_comp[0] = v->src_comp;
    o->dst_rel = v->dst_rel;
    o->dst = v->dst;
    memcpy(o->dst_swiz, v->dst_swiz, 4);
    note_temp(info, o->src, o->src_rel);
    if (writes_temp(o->dst_swiz)) {
        note_temp(info, o->dst, o->dst_rel);
    }
    info->illegal |= !isa_format[v->format].name || f.const_sel > 2;
}

static void decode_tfetch(struct shader *sh, unsigned slot, unsigned opcode)
{
    struct fetch_op *o = &sh->fetch[slot];
    struct shader_info *info = &sh->info;
    struct tfetch_fields f;
    isa_unpack_tfetch(sh->dw + 3 * slot, &f);
    o->predicated = f.predicated;
    o->condition = f.pred_condition;
    o->src_rel = f.src_rel;
    o->dst_rel = f.dst_rel;
    o->src = (uint8_t)f.src;
    o->dst = (uint8_t)f.dst;
    unpack_dst_swiz(f.dst_swiz, o->dst_swiz);
    for (unsigned i = 0; i < 3; i++) {
        o->src_comp[i] = f.src_swiz >> (2 * i) & 3;
    }
    note_temp(info, o->src, o->src_rel);
    switch (opcode) {
    case FETCH_SET_LOD:
        o->kind = DO_SET_LOD;
        return;
    case FETCH_SET_GRAD_H:
        o->kind = DO_SET_GRAD_H;
        return;
    case FETCH_SET_GRAD_V:
        o->kind = DO_SET_GRAD_V;
        return;
    case FETCH_GRADIENTS:
        o->kind = DO_GRADIENTS;
        break;
    default:
        o->kind = DO_TFETCH;
        break;
    }
    if (writes_temp(o->dst_swiz)) {
        note_temp(info, o->dst, o->dst_rel);
    }
    if (o->kind == DO_GRADIENTS) {
        return; // needs no texture
    }
    struct shader_tfetch *t = &sh->tfetch[info->tfetch_count];
    o->n = (uint16_t)info->tfetch_count++;
    *t = (struct shader_tfetch){
        .slot = (uint16_t)slot,
        .opcode = (uint8_t)opcode,
        .constant = (uint8_t)f.const_index,
        .dimension = (uint8_t)f.dimension,
        .dst = o->dst,
        .denorm_coords = f.denorm_coords,
        .use_comp_lod = f.use_comp_lod,
        .use_reg_lod = f.use_reg_lod,
        .use_reg_gradients = f.use_reg_gradients,
        .mag = (uint8_t)f.mag,
        .min = (uint8_t)f.min,
        .mip = (uint8_t)f.mip,
        .aniso = (uint8_t)f.aniso,
        .lod_bias = (float)sign_extend(f.lod_bias, 7) / 16.0f,
        .offset = {(float)sign_extend(f.offset_x, 5) / 2.0f,
                   (float)sign_extend(f.offset_y, 5) / 2.0f,
                   (float)sign_extend(f.offset_z, 5) / 2.0f},
    };
    memcpy(t->src_swiz, o->src_comp, 3);
    memcpy(t->dst_swiz, o->dst_swiz, 4);
}

static void decode_fetch(struct shader *sh, unsigned slot, struct fetch_walk *walk)
{
    unsigned opcode = sh->dw[3 * slot] & 31;
    sh->info.fetch_count++;
    if (opcode == FETCH_VERTEX) {
        decode_vfetch(sh, slot, walk);
    } else if (isa_fetch[opcode].xna) {
        decode_tfetch(sh, slot, opcode);
    } else {
        sh->fetch[slot].kind = DO_ILLEGAL;
        sh->info.illegal = true;
    }
}

// ---- the vertex index
// ----------------------------------------------------------------------------

static bool slot_writes_r0x(const struct shader *sh, unsigned slot, bool fetch)
{
    if (fetch) {
        const struct fetch_op *o = &sh->fetch[slot];
        bool has_dst = o->kind == DO_VFETCH || o->kind == DO_TFETCH || o->kind == DO_GRADIENTS;
        return has_dst && (o->dst_rel || (o->dst == 0 && o->dst_swiz[0] != 7));
    }
    const struct alu_op *o = &sh->alu[slot];
    if (o->is_export) {
        return false;
    }
    return ((o->writes.vector & 1 || o->vdst_rel) && (o->vdst_rel || o->vdst == 0)) ||
           ((o->writes.scalar & 1 || o->sdst_rel) && (o->sdst_rel || o->sdst == 0));
}

// Marks the vertex fetches whose index is still the r0.x that the program was started with: in
// program order up to the first write, or everywhere when nothing writes it. Programs that can go
// back are only trusted in the latter case.
static void find_vertex_indices(struct shader *sh)
{
    bool goes_back = false, written = false;
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        goes_back |= c->op == CF_LOOP_END || c->op == CF_CALL || (c->op == CF_JUMP && c->backward);
    }
    for (unsigned pass = goes_back ? 0 : 1; pass < 2; pass++) {
        for (unsigned i = 0; i < sh->cf_count; i++) {
            const struct cf_op *c = &sh->cf[i];
            if (!isa_cf_is_exec(c->op)) {
                continue;
            }
            for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
                unsigned slot = c->address + k;
                bool fetch = shader_slot_is_fetch(c->sequence, k);
                if (pass == 1 && fetch && sh->fetch[slot].kind == DO_VFETCH) {
                    struct shader_vfetch *v = &sh->vfetch[sh->fetch[slot].n];
                    bool clean = !written && v->src == 0 && v->src_comp == 0 && !v->src_rel;
                    v->index_is_vertex = clean && sh->stage == SHADER_VERTEX;
                }
                written |= slot_writes_r0x(sh, slot, fetch);
            }
        }
    }
}

// ---- the program
// ---------------------------------------------------------------------------------

static void decode_slots(struct shader *sh)
{
    struct fetch_walk walk = {0};
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        if (!isa_cf_is_exec(c->op)) {
            continue;
        }
        if (c->address + c->count > sh->slots) {
            sh->info.illegal = true;
        }
        for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
            unsigned slot = c->address + k;
            bool fetch = shader_slot_is_fetch(c->sequence, k);
            if (sh->used[slot] & (fetch ? 2 : 1)) {
                continue;
            }
            sh->used[slot] |= fetch ? 2 : 1;
            if (fetch) {
                decode_fetch(sh, slot, &walk);
            } else {
                sh->info.alu_count++;
                decode_alu(sh, slot);
            }
        }
    }
}

struct shader *shader_decode(const uint32_t *dw, size_t ndw, enum shader_stage stage,
                             enum shader_profile profile, struct err *err)
{
    if (ndw == 0 || ndw % 3 || ndw > 3 * SHADER_MAX_SLOTS) {
        err_set(err, -EINVAL,
                "shader: %zu dwords are no program (need a multiple of 3, at most %u)", ndw,
                3 * SHADER_MAX_SLOTS);
        return NULL;
    }
    struct shader *sh = calloc(1, sizeof *sh);
    if (!sh) {
        err_set(err, -ENOMEM, "shader: out of memory");
        return NULL;
    }
    unsigned slots = (unsigned)(ndw / 3);
    sh->stage = stage;
    sh->profile = profile;
    sh->slots = slots;
    sh->cf_count = count_cf(dw, slots);
    sh->dw = malloc(ndw * sizeof *dw);
    sh->cf = calloc(sh->cf_count, sizeof *sh->cf);
    sh->alu = calloc(slots, sizeof *sh->alu);
    sh->fetch = calloc(slots, sizeof *sh->fetch);
    sh->used = calloc(slots, 1);
    sh->vfetch = calloc(slots, sizeof *sh->vfetch);
    sh->tfetch = calloc(slots, sizeof *sh->tfetch);
    if (!sh->dw || !sh->cf || !sh->alu || !sh->fetch || !sh->used || !sh->vfetch || !sh->tfetch) {
        err_set(err, -ENOMEM, "shader: out of memory");
        shader_destroy(sh);
        return NULL;
    }
    memcpy(sh->dw, dw, ndw * sizeof *dw);
    sh->hash = hash_bytes(HASH_INIT ^ (uint64_t)stage, dw, ndw * sizeof *dw);
    for (unsigned i = 0; i < sh->cf_count; i++) {
        decode_cf(sh, i);
    }
    decode_slots(sh);
    drop_dead_scalars(sh);
    find_simple_slots(sh);
    find_vertex_indices(sh);
    sh->info.slots = slots;
    sh->info.cf_count = sh->cf_count;
    sh->info.vfetch = sh->vfetch;
    sh->info.tfetch = sh->tfetch;
    return sh;
}

void shader_destroy(struct shader *sh)
{
    if (sh) {
        free(sh->dw);
        free(sh->cf);
        free(sh->alu);
        free(sh->fetch);
        free(sh->used);
        free(sh->vfetch);
        free(sh->tfetch);
        free(sh);
    }
}

uint64_t shader_hash(const struct shader *sh)
{
    return sh->hash;
}

enum shader_stage shader_stage(const struct shader *sh)
{
    return sh->stage;
}

const struct shader_info *shader_info(const struct shader *sh)
{
    return &sh->info;
}
