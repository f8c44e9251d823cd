// SPDX-License-Identifier: MIT
//
// Disassembly in the XNA dialect, as Xenia prints it: XNA's assembler accepts it but for comments.
// Vertex fetch constants count backwards (vf0 is constant 95), scalar operands show the one or two
// components that they read, and an export's masks show as 0, 1 and component names.
#include "shader-isa/print.h"

#include "base/bits.h"

static const char xyzw[] = "xyzw";

// ---- operands
// ------------------------------------------------------------------------------------

// "r5", "r[5+aL]", "c_abs[5]", "c_abs[5+a0]".
static void register_name(FILE *out, char file, unsigned index, bool abs, const char *relative)
{
    fprintf(out, "%c%s", file, abs ? "_abs" : "");
    if (relative) {
        fprintf(out, "[%u+%s]", index, relative);
    } else {
        fprintf(out, abs ? "[%u]" : "%u", index);
    }
}

static void source(FILE *out, const struct alu_fields *f, struct alu_source s, const char *swizzle)
{
    const char *relative = !s.rel ? NULL : s.is_temp || !f->const_addr_a0 ? "aL" : "a0";
    fputs(s.neg ? "-" : "", out);
    register_name(out, s.is_temp ? 'r' : 'c', s.index, s.abs, relative);
    fprintf(out, "%s%s", *swizzle ? "." : "", swizzle);
}

static void vector_source(FILE *out, const struct alu_fields *f, unsigned i)
{
    struct alu_source s = isa_alu_source(f, i);
    char swizzle[5] = "";
    for (unsigned k = 0; k < 4; k++) {
        swizzle[k] = xyzw[isa_swizzle(s.swiz, k)];
    }
    source(out, f, s, s.swiz ? swizzle : "");
}

static void scalar_sources(FILE *out, const struct alu_fields *f)
{
    unsigned operands = isa_scalar[f->scalar_op].operands;
    struct alu_source s = isa_alu_source(f, 2);
    const char a = xyzw[isa_swizzle(f->swiz3, 3)], b = xyzw[isa_swizzle(f->swiz3, 0)];
    if (operands == OPERANDS_W || operands == OPERANDS_WX) {
        char swizzle[3] = {a, operands == OPERANDS_WX ? b : 0};
        fputs(", ", out);
        source(out, f, s, swizzle);
    } else if (operands == OPERANDS_CR) {
        bool first = f->src1_is_temp && f->src2_is_temp;
        struct alu_source c = {.abs = f->abs_constants,
                               .neg = f->neg3,
                               .rel = first ? f->const0_rel : f->const1_rel,
                               .index = (uint8_t)f->src3};
        struct alu_source r = c;
        r.is_temp = true;
        r.rel = false;
        r.index = (uint8_t)isa_scalar_temp(f);
        fputs(", ", out);
        source(out, f, c, (char[]){a, 0});
        fputs(", ", out);
        source(out, f, r, (char[]){b, 0});
    }
}

// ---- destinations
// --------------------------------------------------------------------------------

static void export_name(FILE *out, unsigned n, enum shader_stage stage)
{
    bool vs = stage == SHADER_VERTEX;
    if (n == EXPORT_EA) {
        fputs("eA", out);
    } else if (n >= EXPORT_EM0 && n <= EXPORT_EM4) {
        fprintf(out, "eM%u", n - EXPORT_EM0);
    } else if (vs && n < 16) {
        fprintf(out, "o%u", n);
    } else if (vs && n == EXPORT_POSITION) {
        fputs("oPos", out);
    } else if (vs && n == EXPORT_MISC) {
        fputs("oPts", out);
    } else if (!vs && n < 4) {
        fprintf(out, "oC%u", n);
    } else if (!vs && n == EXPORT_DEPTH) {
        fputs("oDepth", out);
    } else {
        fprintf(out, "o?%u", n); // no such register
    }
}

static void write_mask(FILE *out, const char components[4], unsigned mask)
{
    if (!mask) {
        fputs("._", out);
    } else if (mask != 15 || components[0] != 'x' || components[1] != 'y' || components[2] != 'z' ||
               components[3] != 'w') {
        fputc('.', out);
        for (unsigned i = 0; i < 4; i++) {
            fputc(mask >> i & 1 ? components[i] : '_', out);
        }
    }
}

static void alu_destination(FILE *out, const struct alu_fields *f, enum shader_stage stage,
                            bool scalar)
{
    struct alu_writes w = isa_alu_writes(f);
    char components[] = "xyzw";
    unsigned mask = scalar ? w.scalar : w.vector | w.one | w.zero;
    if (f->export_data) {
        export_name(out, f->vector_dest, stage);
    } else {
        bool rel = scalar ? f->scalar_dest_rel : f->vector_dest_rel;
        register_name(out, 'r', scalar ? f->scalar_dest : f->vector_dest, false, rel ? "aL" : NULL);
    }
    for (unsigned i = 0; i < 4 && !scalar; i++) {
        components[i] = w.one >> i & 1 ? '1' : w.zero >> i & 1 ? '0' : components[i];
    }
    write_mask(out, components, mask);
}

static void fetch_destination(FILE *out, unsigned dst, bool rel, unsigned swiz)
{
    static const char names[] = "xyzw0101"; // 6 has no meaning, read as 0
    char components[4];
    unsigned mask = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned s = swiz >> (3 * i) & 7;
        components[i] = names[s];
        mask |= s != 7 ? 1u << i : 0;
    }
    register_name(out, 'r', dst, false, rel ? "aL" : NULL);
    write_mask(out, components, mask);
}

// ---- ALU
// -----------------------------------------------------------------------------------------

static const char *predicate(bool predicated, bool condition)
{
    return !predicated ? "      " : condition ? " (p0) " : "(!p0) ";
}

static bool plain_r0(const struct alu_fields *f, unsigned i)
{
    struct alu_source s = isa_alu_source(f, i);
    return s.is_temp && s.index == 0 && !s.rel && !s.abs && !s.neg && s.swiz == 0;
}

static bool scalar_is_nop(const struct alu_fields *f)
{
    bool r0 = f->export_data || (f->scalar_dest == 0 && !f->scalar_dest_rel);
    return f->scalar_op == OP_RETAIN_PREV && !isa_alu_writes(f).scalar && !f->scalar_clamp && r0;
}

static bool vector_is_nop(const struct alu_fields *f)
{
    struct alu_writes w = isa_alu_writes(f);
    if (f->vector_op != OP_MAX || (w.vector | w.one | w.zero) || f->vector_clamp ||
        !plain_r0(f, 0) || !plain_r0(f, 1)) {
        return false;
    }
    return f->export_data ? !scalar_is_nop(f) : f->vector_dest == 0 && !f->vector_dest_rel;
}

static void alu(FILE *out, const uint32_t dw[3], enum shader_stage stage)
{
    struct alu_fields f;
    isa_unpack_alu(dw, &f);
    const char *p = predicate(f.predicated, f.pred_condition);
    const struct vector_info *v = &isa_vector[f.vector_op];
    const struct scalar_info *s = &isa_scalar[f.scalar_op];
    bool no_vector = vector_is_nop(&f), no_scalar = scalar_is_nop(&f);
    if (no_vector && no_scalar) {
        fprintf(out, "   %snop\n", p);
        return;
    }
    if (!no_vector) {
        fprintf(out, "   %s%s%s ", p, v->xna ? v->xna : "reserved", f.vector_clamp ? "_sat" : "");
        alu_destination(out, &f, stage, false);
        for (unsigned i = 0; i < v->operands; i++) {
            fputs(", ", out);
            vector_source(out, &f, i);
        }
        fputc('\n', out);
    }
    if (!no_scalar) {
        fprintf(out, "%s%s%s%s ", no_vector ? "   " : "              + ", p,
                s->xna ? s->xna : "reserved", f.scalar_clamp ? "_sat" : "");
        alu_destination(out, &f, stage, true);
        scalar_sources(out, &f);
        fputc('\n', out);
    }
}

// ---- fetches
// -------------------------------------------------------------------------------------

static void vertex_fetch(FILE *out, const uint32_t dw[3])
{
    struct vfetch_fields f;
    isa_unpack_vfetch(dw, &f);
    int exp = sign_extend(f.exp_adjust, 6), offset = sign_extend(f.offset, 23);
    fprintf(out, "   %s%s ", predicate(f.predicated, f.pred_condition),
            f.mini ? "vfetch_mini" : isa_fetch[FETCH_VERTEX].xna);
    fetch_destination(out, f.dst, f.dst_rel, f.dst_swiz);
    if (!f.mini) {
        fputs(", ", out);
        register_name(out, 'r', f.src, false, f.src_rel ? "aL" : NULL);
        fprintf(out, ".%c, vf%d", xyzw[f.src_swiz], 95 - (int)(f.const_index * 3 + f.const_sel));
        fputs(f.index_round ? ", RoundIndex=true" : "", out);
    }
    if (exp) {
        fprintf(out, ", ExpAdjust=%d", exp);
    }
    if (offset) {
        fprintf(out, ", Offset=%d", offset);
    }
    if (isa_format[f.format].xna) {
        fprintf(out, ", DataFormat=%s", isa_format[f.format].name);
    } else if (f.format) {
        fprintf(out, ", DataFormat=%u", f.format);
    }
    if (!f.mini && f.stride) {
        fprintf(out, ", Stride=%u", f.stride);
    }
    fputs(f.is_signed ? ", Signed=true" : "", out);
    fputs(f.is_integer ? ", NumFormat=integer" : "", out);
    if (f.prefetch) {
        fprintf(out, ", PrefetchCount=%u", f.prefetch + 1);
    }
    fputc('\n', out);
}

static void filter(FILE *out, const char *name, unsigned value, unsigned from_constant,
                   const char *const *names, unsigned count)
{
    if (value != from_constant) {
        fprintf(out, ", %s=%s", name, value < count ? names[value] : "?");
    }
}

static void texture_options(FILE *out, const struct tfetch_fields *f, unsigned components)
{
    static const char *const filters[] = {"point", "linear", "basemap"};
    static const char *const aniso[] = {"disabled", "max1to1", "max2to1",
                                        "max4to1",  "max8to1", "max16to1"};
    fputs(f->fetch_valid_only ? "" : ", FetchValidOnly=false", out);
    fputs(f->denorm_coords ? ", UnnormalizedTextureCoords=true" : "", out);
    filter(out, "MagFilter", f->mag, 3, filters, 3);
    filter(out, "MinFilter", f->min, 3, filters, 3);
    filter(out, "MipFilter", f->mip, 3, filters, 3);
    filter(out, "AnisoFilter", f->aniso, 7, aniso, 6);
    filter(out, "VolMagFilter", f->vol_mag, 3, filters, 3);
    filter(out, "VolMinFilter", f->vol_min, 3, filters, 3);
    fputs(f->use_comp_lod ? "" : ", UseComputedLOD=false", out);
    fputs(f->use_reg_lod ? ", UseRegisterLOD=true" : "", out);
    fputs(f->use_reg_gradients ? ", UseRegisterGradients=true" : "", out);
    if (f->lod_bias) {
        fprintf(out, ", LODBias=%g", sign_extend(f->lod_bias, 7) / 16.0);
    }
    const uint16_t offset[3] = {f->offset_x, f->offset_y, f->offset_z};
    for (unsigned i = 0; i < components; i++) {
        if (offset[i]) {
            fprintf(out, ", Offset%c=%g", "XYZ"[i], sign_extend(offset[i], 5) / 2.0);
        }
    }
}

static void texture_fetch(FILE *out, const uint32_t dw[3])
{
    static const char *const dimensions[] = {"1D", "2D", "3D", "Cube"};
    static const uint8_t dimension_components[] = {1, 2, 3, 3};
    struct tfetch_fields f;
    isa_unpack_tfetch(dw, &f);
    const struct fetch_info *info = &isa_fetch[f.op];
    unsigned all = dimension_components[f.dimension];
    unsigned components = info->components ? info->components : all;
    fprintf(out, "   %s", predicate(f.predicated, f.pred_condition));
    if (!info->xna) {
        fprintf(out, "op%u\n", f.op);
        return;
    }
    fprintf(out, "%s%s ", info->xna, info->by_dimension ? dimensions[f.dimension] : "");
    if (info->has_dest) {
        fetch_destination(out, f.dst, f.dst_rel, f.dst_swiz);
        fputs(", ", out);
    }
    register_name(out, 'r', f.src, false, f.src_rel ? "aL" : NULL);
    fputc('.', out);
    for (unsigned i = 0; i < components; i++) {
        fputc(xyzw[f.src_swiz >> (2 * i) & 3], out);
    }
    if (info->has_const) {
        fprintf(out, ", tf%u", f.const_index);
        texture_options(out, &f, all);
    }
    fputc('\n', out);
}

void print_xna_slot(const uint32_t dw[3], bool fetch, enum shader_stage stage, FILE *out)
{
    if (!fetch) {
        alu(out, dw, stage);
    } else if ((dw[0] & 31) == FETCH_VERTEX) {
        vertex_fetch(out, dw);
    } else {
        texture_fetch(out, dw);
    }
}

// ---- control flow
// --------------------------------------------------------------------------------

static void exec(FILE *out, const struct cf_fields *f)
{
    const struct cf_info *info = &isa_cf[f->op];
    bool clean = f->exec.bool_address >> 7 & 1;
    if (info->condition == COND_BOOL) {
        clean = f->op == CF_COND_EXEC_CLEAN || f->op == CF_COND_EXEC_CLEAN_END;
        fprintf(out, "      %s %sb%u", info->xna, f->exec.condition ? "" : "!",
                f->exec.bool_address);
        fputs(f->exec.yield ? "," : "", out);
    } else {
        fprintf(out, "%s%s", predicate(info->condition == COND_PRED, f->exec.condition), info->xna);
    }
    fputs(f->exec.yield ? " Yield=true" : "", out);
    fputs(clean ? "" : "    // PredicateClean=false", out);
}

static void jump(FILE *out, const struct cf_fields *f)
{
    const char *name = isa_cf[f->op].xna;
    if (f->jump.uncond) {
        fprintf(out, "      %s L%u", name, f->jump.address);
    } else if (f->jump.predicated) {
        fprintf(out, "%s%s L%u", predicate(true, f->jump.condition), name, f->jump.address);
    } else {
        fprintf(out, "      c%s %sb%u, L%u", name, f->jump.condition ? "" : "!",
                f->jump.bool_address, f->jump.address);
    }
}

static void control_flow(const struct shader *sh, unsigned i, FILE *out)
{
    struct cf_fields f;
    isa_unpack_cf(isa_cf_bits(sh->dw, i), &f);
    const char *name = isa_cf[f.op].xna;
    switch ((enum cf_form)isa_cf[f.op].form) {
    case FORM_NOP:
        fprintf(out, "      %s", name);
        break;
    case FORM_EXEC:
        exec(out, &f);
        break;
    case FORM_LOOP:
        fprintf(out, "%s%s i%u, L%u",
                predicate(f.op == CF_LOOP_END && f.loop.pred_break, f.loop.condition), name,
                f.loop.loop_id, f.loop.address);
        fputs(f.op == CF_LOOP_START && f.loop.repeat ? ", Repeat=true" : "", out);
        break;
    case FORM_JUMP:
        if (f.op == CF_RETURN) {
            fprintf(out, "      %s", name);
        } else {
            jump(out, &f);
        }
        break;
    case FORM_ALLOC:
        fprintf(out, "      %s %s", name, isa_alloc_xna[f.alloc.type][sh->stage == SHADER_PIXEL]);
        if (f.alloc.type == ALLOC_MEMORY) {
            fprintf(out, "%u", f.alloc.size & 7);
        }
        break;
    }
    fputc('\n', out);
}

static void find_labels(const struct shader *sh, uint8_t labels[2 * SHADER_MAX_SLOTS / 8])
{
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        unsigned form = isa_cf[c->op].form;
        if (form == FORM_LOOP || (form == FORM_JUMP && c->op != CF_RETURN)) {
            labels[c->address / 8 % (2 * SHADER_MAX_SLOTS / 8)] |= (uint8_t)BIT(c->address % 8);
        }
    }
}

void print_xna(const struct shader *sh, FILE *out)
{
    uint8_t labels[2 * SHADER_MAX_SLOTS / 8] = {0};
    find_labels(sh, labels);
    for (unsigned i = 0; i < sh->cf_count; i++) {
        const struct cf_op *c = &sh->cf[i];
        if (labels[i / 8] >> i % 8 & 1) {
            fprintf(out, "                label L%u\n", i);
        }
        fprintf(out, "/* %4u.%u */ ", i / 2, i & 1);
        control_flow(sh, i, out);
        for (unsigned k = 0; k < c->count && c->address + k < sh->slots; k++) {
            unsigned slot = c->address + k;
            fprintf(out, "/* %4u   */ ", slot);
            if (c->sequence >> (2 * k + 1) & 1) {
                fprintf(out, "         serialize\n%13s", "");
            }
            print_xna_slot(sh->dw + 3 * slot, shader_slot_is_fetch(c->sequence, k), sh->stage, out);
        }
    }
}

void shader_print(const struct shader *sh, enum shader_dialect dialect, FILE *out)
{
    if (dialect == SHADER_DIALECT_XNA) {
        print_xna(sh, out);
    } else {
        print_freedreno(sh, out);
    }
}
