// SPDX-License-Identifier: MIT
//
// Microcode to program. The control flow part ends where the lowest exec begins, as every public
// disassembler has it; a slot is decoded as ALU, fetch or both, as the execs that name it say.
// Nothing is rejected here but sizes: strange programs decode, and shader_check explains them.
#include "shader-isa/decode.h"

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
    decode_note_temp(info, o->src, o->src_rel);
    if (writes_temp(o->dst_swiz)) {
        decode_note_temp(info, o->dst, o->dst_rel);
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
    decode_note_temp(info, o->src, o->src_rel);
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
        decode_note_temp(info, o->dst, o->dst_rel);
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
    decode_finish_alu(sh);
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
