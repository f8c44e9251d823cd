// SPDX-License-Identifier: MIT
//
// Disassembly in the freedreno dialect, character for character as Mesa's cffdump prints it, raw
// words first. That means its limits too: constant numbers show their low six bits only, and bits
// it does not know are not shown; the assembler takes those from the raw words.
#include "shader-isa/print.h"

static const char channel[] = "xyzw01?_";

static void source(FILE *out, unsigned reg, bool temp, unsigned swiz, bool neg)
{
    bool abs = reg >> 7 & 1;
    fprintf(out, "%s%s%c%u", neg ? "-" : "", abs ? "|" : "", temp ? 'R' : 'C', reg & 63);
    if (swiz) {
        fputc('.', out);
        for (unsigned i = 0; i < 4; i++) {
            fputc(channel[isa_swizzle(swiz, i)], out);
        }
    }
    fputs(abs ? "|" : "", out);
}

static void destination(FILE *out, unsigned reg, unsigned mask, bool export)
{
    fprintf(out, "%s%u", export ? "export" : "R", reg);
    if (mask != 15) {
        fputc('.', out);
        for (unsigned i = 0; i < 4; i++) {
            fputc(mask >> i & 1 ? channel[i] : '_', out);
        }
    }
}

static void export_comment(FILE *out, unsigned reg, enum shader_stage stage)
{
    bool vs = stage == SHADER_VERTEX;
    const char *name = vs && reg == EXPORT_POSITION ? "gl_Position"
                       : vs && reg == EXPORT_MISC   ? "gl_PointSize"
                       : !vs && reg == 0            ? "gl_FragColor"
                                                    : NULL;
    if (name) {
        fprintf(out, "\t; %s", name);
    }
}

static void raw(FILE *out, unsigned slot, const uint32_t dw[3], bool sync, const char *kind)
{
    fprintf(out, "%02x: %08x %08x %08x\t   %s%s:\t", slot, dw[0], dw[1], dw[2],
            sync ? "(S)" : "   ", kind);
}

static void alu(const struct shader *sh, unsigned slot, bool sync, FILE *out)
{
    const uint32_t *dw = sh->dw + 3 * slot;
    struct alu_fields f;
    isa_unpack_alu(dw, &f);
    const struct vector_info *v = &isa_vector[f.vector_op];
    raw(out, slot, dw, sync, "ALU");
    if (v->adreno) {
        fputs(v->adreno, out);
    } else {
        fprintf(out, "OP(%u)", f.vector_op);
    }
    fprintf(out, "%s\t", !f.predicated ? "" : f.pred_condition ? "EQ" : "NE");
    destination(out, f.vector_dest, f.vector_mask, f.export_data);
    fputs(" = ", out);
    if (v->operands == 3) {
        source(out, f.src3, f.src3_is_temp, f.swiz3, f.neg3);
        fputs(", ", out);
    }
    source(out, f.src1, f.src1_is_temp, f.swiz1, f.neg1);
    if (v->operands > 1 && v->effect != EFFECT_ADDR) { // MOVAv shows one source
        fputs(", ", out);
        source(out, f.src2, f.src2_is_temp, f.swiz2, f.neg2);
    }
    fputs(f.vector_clamp ? " CLAMP" : "", out);
    if (f.export_data) {
        export_comment(out, f.vector_dest, sh->stage);
    }
    fputc('\n', out);
    if (!f.scalar_mask && f.vector_mask) {
        return;
    }
    fprintf(out, "%26s\t\t    \t", "");
    if (isa_scalar[f.scalar_op].adreno) {
        fprintf(out, "%s\t", isa_scalar[f.scalar_op].adreno);
    } else {
        fprintf(out, "OP(%u)\t", f.scalar_op);
    }
    destination(out, f.scalar_dest, f.scalar_mask, f.export_data);
    fputs(" = ", out);
    source(out, f.src3, f.src3_is_temp, f.swiz3, f.neg3);
    fputs(f.scalar_clamp ? " CLAMP" : "", out);
    if (f.export_data) {
        export_comment(out, f.scalar_dest, sh->stage);
    }
    fputc('\n', out);
}

static void fetch_destination(FILE *out, unsigned reg, unsigned swiz)
{
    fprintf(out, "\tR%u.", reg);
    for (unsigned i = 0; i < 4; i++) {
        fputc(channel[swiz >> (3 * i) & 7], out);
    }
}

static void vertex_fetch(const uint32_t dw[3], FILE *out)
{
    struct vfetch_fields f;
    isa_unpack_vfetch(dw, &f);
    fputs(!f.predicated ? "" : f.pred_condition ? "EQ" : "NE", out);
    fetch_destination(out, f.dst, f.dst_swiz);
    fprintf(out, " = R%u.%c", f.src, channel[f.src_swiz]);
    if (isa_format[f.format].adreno) {
        fprintf(out, " %s", isa_format[f.format].name);
    } else {
        fprintf(out, " TYPE(0x%x)", f.format);
    }
    fprintf(out, " %s%s STRIDE(%u)", f.is_signed ? "SIGNED" : "UNSIGNED",
            f.is_integer ? "" : " NORMALIZED", f.stride);
    if (f.offset) {
        fprintf(out, " OFFSET(%u)", f.offset);
    }
    fprintf(out, " CONST(%u, %u)", f.const_index, f.const_sel);
}

static void filter(FILE *out, const char *name, unsigned value, unsigned from_constant,
                   const char *const *names, unsigned count)
{
    if (value != from_constant) {
        fprintf(out, " %s(%s)", name, value < count ? names[value] : "?");
    }
}

static void texture_fetch(const uint32_t dw[3], FILE *out)
{
    static const char *const filters[] = {"POINT", "LINEAR", "BASEMAP"};
    static const char *const aniso[] = {"DISABLED", "MAX_1_1", "MAX_2_1",
                                        "MAX_4_1",  "MAX_8_1", "MAX_16_1"};
    static const char *const arbitrary[] = {"2x4_SYM",  "2x4_ASYM", "4x2_SYM",
                                            "4x2_ASYM", "4x4_SYM",  "4x4_ASYM"};
    struct tfetch_fields f;
    isa_unpack_tfetch(dw, &f);
    fputs(!f.predicated ? "" : f.pred_condition ? "EQ" : "NE", out);
    fetch_destination(out, f.dst, f.dst_swiz);
    fprintf(out, " = R%u.%c%c%c CONST(%u)", f.src, channel[f.src_swiz & 3],
            channel[f.src_swiz >> 2 & 3], channel[f.src_swiz >> 4 & 3], f.const_index);
    fputs(f.fetch_valid_only ? " VALID_ONLY" : "", out);
    fputs(f.denorm_coords ? " DENORM" : "", out);
    filter(out, "MAG", f.mag, 3, filters, 3);
    filter(out, "MIN", f.min, 3, filters, 3);
    filter(out, "MIP", f.mip, 3, filters, 3);
    filter(out, "ANISO", f.aniso, 7, aniso, 6);
    filter(out, "ARBITRARY", f.arbitrary, 7, arbitrary, 6);
    filter(out, "VOL_MAG", f.vol_mag, 3, filters, 3);
    filter(out, "VOL_MIN", f.vol_min, 3, filters, 3);
    if (!f.use_comp_lod) {
        fprintf(out, " LOD(0) LOD_BIAS(%u)", f.lod_bias);
    }
    if (f.use_reg_lod || f.reserved0) {
        fprintf(out, " REG_LOD(%u)", f.use_reg_lod | f.reserved0 << 1);
    }
    fputs(f.use_reg_gradients ? " USE_REG_GRADIENTS" : "", out);
    fprintf(out, " LOCATION(%s)", f.sample_location ? "CENTER" : "CENTROID");
    if (f.offset_x || f.offset_y || f.offset_z) {
        fprintf(out, " OFFSET(%u,%u,%u)", f.offset_x, f.offset_y, f.offset_z);
    }
}

static void fetch(const struct shader *sh, unsigned slot, bool sync, FILE *out)
{
    const uint32_t *dw = sh->dw + 3 * slot;
    unsigned op = dw[0] & 31;
    raw(out, slot, dw, sync, "FETCH");
    if (isa_fetch[op].adreno) {
        fputs(isa_fetch[op].adreno, out);
    } else {
        fprintf(out, "OP(%u)", op);
    }
    if (op == FETCH_VERTEX) {
        vertex_fetch(dw, out);
    } else {
        texture_fetch(dw, out);
    }
    fputc('\n', out);
}

static void control_flow(const struct shader *sh, unsigned i, FILE *out)
{
    uint64_t v = isa_cf_bits(sh->dw, i);
    struct cf_fields f;
    isa_unpack_cf(v, &f);
    fprintf(out, "    %04x %04x %04x            \t%s", (unsigned)(v & 0xffff),
            (unsigned)(v >> 16 & 0xffff), (unsigned)(v >> 32), isa_cf[f.op].adreno);
    switch ((enum cf_form)isa_cf[f.op].form) {
    case FORM_NOP:
        break;
    case FORM_EXEC:
        fprintf(out, " ADDR(0x%x) CNT(0x%x)", f.exec.address, f.exec.count);
        fputs(f.exec.yield ? " YIELD" : "", out);
        if (f.exec.vc) {
            fprintf(out, " VC(0x%x)", f.exec.vc);
        }
        if (f.exec.bool_address) {
            fprintf(out, " BOOL_ADDR(0x%x)", f.exec.bool_address);
        }
        fputs(f.exec.address_mode ? " ABSOLUTE_ADDR" : "", out);
        if (isa_cf[f.op].condition != COND_NONE) {
            fprintf(out, " COND(%u)", f.exec.condition);
        }
        break;
    case FORM_LOOP:
        fprintf(out, " ADDR(0x%x) LOOP_ID(%u)", f.loop.address, f.loop.loop_id);
        fputs(f.loop.address_mode ? " ABSOLUTE_ADDR" : "", out);
        break;
    case FORM_JUMP:
        fprintf(out, " ADDR(0x%x) DIR(%u)", f.jump.address, f.jump.direction);
        fputs(f.jump.uncond ? " FORCE_CALL" : "", out);
        if (f.jump.predicated) {
            fprintf(out, " COND(%u)", f.jump.condition);
        }
        if (f.jump.bool_address) {
            fprintf(out, " BOOL_ADDR(0x%x)", f.jump.bool_address);
        }
        fputs(f.jump.address_mode ? " ABSOLUTE_ADDR" : "", out);
        break;
    case FORM_ALLOC:
        fprintf(out, " %s SIZE(0x%x)", isa_alloc_adreno[f.alloc.type], f.alloc.size);
        fputs(f.alloc.no_serial ? " NO_SERIAL" : "", out);
        fputs(f.alloc.alloc_mode ? " ALLOC_MODE" : "", out);
        break;
    }
    fputc('\n', out);
}

void print_freedreno(const struct shader *sh, FILE *out)
{
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        control_flow(sh, i, out);
        for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
            bool sync = c->sequence >> (2 * k + 1) & 1;
            if (shader_slot_is_fetch(c->sequence, k)) {
                fetch(sh, c->address + k, sync, out);
            } else {
                alu(sh, c->address + k, sync, out);
            }
        }
    }
}
