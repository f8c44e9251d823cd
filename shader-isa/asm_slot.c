// SPDX-License-Identifier: MIT
//
// ALU and fetch lines of the freedreno dialect. A line sets the fields that it shows over a base:
// the raw words when the line starts with them (as disassemblies do), otherwise what freedreno's
// assembler fills in: MAXs and register sources for what is absent; vertex fetches integer, the
// first slot with a prefetch hint and later ones marked mini; texture filters from the constant.
#include "shader-isa/asm.h"

#include <string.h>

#include "base/bits.h"

// ---- names
// ---------------------------------------------------------------------------------------

enum name_class { VECTOR_NAME, SCALAR_NAME, FETCH_NAME };

static const char *name_of(enum name_class class, unsigned i)
{
    switch (class) {
    case VECTOR_NAME:
        return i < 32 ? isa_vector[i].adreno : NULL;
    case SCALAR_NAME:
        return i < 64 ? isa_scalar[i].adreno : NULL;
    case FETCH_NAME:
        return i < 32 ? isa_fetch[i].adreno : NULL;
    }
    return NULL;
}

static bool find_name(enum name_class class, const char *word, uint32_t *number)
{
    for (unsigned i = 0; i < 64; i++) {
        const char *name = name_of(class, i);
        if (name && !strcmp(name, word)) {
            *number = i;
            return true;
        }
    }
    return false;
}

// An opcode with an optional EQ or NE for the predicate: *condition is 0, 1, or -1 for none.
static bool opcode(struct asm_line *l, enum name_class class, uint32_t *number, int *condition)
{
    char word[40];
    *condition = -1;
    if (!asm_word(l, word, sizeof word)) {
        return asm_fail(l, "expected an opcode");
    }
    size_t n = strlen(word);
    if (!strncmp(word, "OP", 2) && (n == 2)) {
        if (!asm_parenthesised(l, class == SCALAR_NAME ? 63 : 31, number)) {
            return false;
        }
        if (asm_accept(l, "EQ")) {
            *condition = 1;
        } else if (asm_accept(l, "NE")) {
            *condition = 0;
        }
        return true;
    }
    if (find_name(class, word, number)) {
        return true;
    }
    if (n > 2 && (!strcmp(word + n - 2, "EQ") || !strcmp(word + n - 2, "NE"))) {
        *condition = word[n - 2] == 'E';
        word[n - 2] = 0;
        if (find_name(class, word, number)) {
            return true;
        }
    }
    l->p -= n;
    return asm_fail(l, "no opcode '%s' here", word);
}

// ---- operands
// ------------------------------------------------------------------------------------

// ".xyzw" after a register: up to `max` characters of `letters` into buf; "" where none follows.
static bool components(struct asm_line *l, const char *letters, unsigned max, char buf[5])
{
    unsigned n = 0;
    if (l->p < l->end && *l->p == '.') {
        l->p++;
        while (n < max && l->p < l->end && *l->p && strchr(letters, *l->p)) {
            buf[n++] = *l->p++;
        }
        if (n != max) {
            return asm_fail(l, "expected %u components of '%s'", max, letters);
        }
    }
    buf[n] = 0;
    return true;
}

static unsigned component(char c)
{
    return c == 'x' ? 0 : c == 'y' ? 1 : c == 'z' ? 2 : 3;
}

struct source {
    uint32_t reg, swiz;
    bool temp, neg, abs_constant;
};

static bool register_file(struct asm_line *l, const char *files, char *file)
{
    asm_skip_blanks(l);
    if (l->failed || l->p >= l->end || !*l->p || !strchr(files, *l->p)) {
        return asm_fail(l, "expected %s and a number", files[1] ? "R or C" : files);
    }
    *file = *l->p++;
    return true;
}

// Constants keep the number bits that a raw word has and the text cannot show.
static bool source(struct asm_line *l, struct source *s, bool has_raw, uint32_t raw_reg)
{
    char c[5];
    *s = (struct source){0};
    bool abs = false;
    while (!l->failed && (asm_accept(l, "-") || asm_accept(l, "|"))) {
        s->neg |= l->p[-1] == '-';
        abs |= l->p[-1] == '|';
    }
    char file = 0;
    if (!register_file(l, "RC", &file)) {
        return false;
    }
    s->temp = file == 'R';
    if (!asm_number(l, s->temp ? 63 : 255, &s->reg) || !components(l, "xyzw", 4, c)) {
        return false;
    }
    for (unsigned i = 0; c[0] && i < 4; i++) {
        s->swiz |= ((component(c[i]) - i) & 3) << (2 * i);
    }
    if (abs) {
        asm_accept(l, "|");
        s->abs_constant = !s->temp && !has_raw;
        s->reg |= s->abs_constant ? 0 : 0x80;
    }
    if (has_raw) {
        s->reg |= raw_reg & 0x40;
    }
    return true;
}

// "R1.xy__" or "export62": a write mask.
static bool destination(struct asm_line *l, uint32_t *reg, uint32_t *mask, bool *export)
{
    char c[5];
    asm_skip_blanks(l);
    size_t left = (size_t)(l->end - l->p);
    *export = left > 6 && !memcmp(l->p, "export", 6);
    if (!*export && (!left || *l->p != 'R')) {
        return asm_fail(l, "expected R or export and a number");
    }
    l->p += *export ? 6 : 1;
    if (!asm_number(l, 63, reg) || !components(l, "xyzw_", 4, c)) {
        return false;
    }
    *mask = c[0] ? 0 : 15;
    for (unsigned i = 0; c[0] && i < 4; i++) {
        if (c[i] != '_' && component(c[i]) != i) {
            return asm_fail(l, "components of a destination stay in place");
        }
        *mask |= c[i] != '_' ? BIT(i) : 0;
    }
    return true;
}

// ---- ALU
// -----------------------------------------------------------------------------------------

static void set_source(struct alu_fields *f, unsigned i, const struct source *s)
{
    f->abs_constants |= s->abs_constant;
    if (i == 0) {
        f->src1 = (uint16_t)s->reg;
        f->swiz1 = (uint16_t)s->swiz;
        f->neg1 = s->neg;
        f->src1_is_temp = s->temp;
    } else if (i == 1) {
        f->src2 = (uint16_t)s->reg;
        f->swiz2 = (uint16_t)s->swiz;
        f->neg2 = s->neg;
        f->src2_is_temp = s->temp;
    } else {
        f->src3 = (uint16_t)s->reg;
        f->swiz3 = (uint16_t)s->swiz;
        f->neg3 = s->neg;
        f->src3_is_temp = s->temp;
    }
}

static uint32_t raw_source(const struct asm_slot *s, unsigned i)
{
    return s->has_raw ? s->raw[2] >> (8 * (2 - i)) & 0xff : 0;
}

bool asm_alu(struct asm_line *l, struct asm_slot *s)
{
    struct alu_fields f = {.scalar_op = 5, .src1_is_temp = 1, .src2_is_temp = 1, .src3_is_temp = 1};
    uint32_t op, reg, mask;
    int condition;
    bool export;
    if (s->has_raw) {
        isa_unpack_alu(s->raw, &f);
    }
    if (!opcode(l, VECTOR_NAME, &op, &condition) || !destination(l, &reg, &mask, &export) ||
        !asm_expect(l, "=")) {
        return false;
    }
    f.vector_op = (uint16_t)op;
    f.predicated = condition >= 0;
    f.pred_condition = condition >= 0 ? (uint16_t)condition : s->has_raw ? f.pred_condition : 0;
    f.vector_dest = (uint16_t)reg;
    f.vector_mask = (uint16_t)mask;
    f.export_data = export;
    const struct vector_info *v = &isa_vector[op];
    unsigned shown = v->effect == EFFECT_ADDR || !v->operands ? 1 : v->operands;
    static const uint8_t order[4][3] = {{0}, {0}, {0, 1}, {2, 0, 1}}; // three: source 3 is first
    for (unsigned k = 0; k < shown; k++) {
        struct source src;
        unsigned i = order[shown][k];
        if ((k && !asm_expect(l, ",")) || !source(l, &src, s->has_raw, raw_source(s, i))) {
            return false;
        }
        set_source(&f, i, &src);
    }
    if (v->effect == EFFECT_ADDR && !s->has_raw) { // mova: both sources are the one shown
        f.src2 = f.src1;
        f.swiz2 = f.swiz1;
        f.neg2 = f.neg1;
        f.src2_is_temp = f.src1_is_temp;
    }
    f.vector_clamp = asm_accept(l, "CLAMP");
    isa_pack_alu(&f, s->dw);
    if (!asm_annotation(l, isa_alu_fields, s->dw)) {
        return false;
    }
    return asm_is_scalar(l) ? asm_scalar(l, s) : !l->failed;
}

bool asm_is_scalar(struct asm_line *l)
{
    char word[40];
    uint32_t number;
    const char *p = l->p;
    bool is = asm_word(l, word, sizeof word) &&
              (!strcmp(word, "OP") || find_name(SCALAR_NAME, word, &number));
    l->p = p;
    return is && !l->failed;
}

bool asm_scalar(struct asm_line *l, struct asm_slot *s)
{
    struct alu_fields f;
    struct source src;
    uint32_t op, reg, mask;
    int condition;
    bool export;
    isa_unpack_alu(s->dw, &f);
    if (!opcode(l, SCALAR_NAME, &op, &condition) || !destination(l, &reg, &mask, &export) ||
        !asm_expect(l, "=") || !source(l, &src, s->has_raw, raw_source(s, 2))) {
        return false;
    }
    if (export != f.export_data) {
        return asm_fail(l, "both results of a slot go to exports or both to registers");
    }
    bool three = isa_vector[f.vector_op].operands == 3;
    if (three && (f.src3 != src.reg || f.swiz3 != src.swiz || f.neg3 != src.neg ||
                  f.src3_is_temp != src.temp)) {
        return asm_fail(l, "the scalar operation shares source 3 of the vector operation");
    }
    f.scalar_op = (uint16_t)op;
    f.scalar_dest = (uint16_t)reg;
    f.scalar_mask = (uint16_t)mask;
    set_source(&f, 2, &src);
    f.scalar_clamp = asm_accept(l, "CLAMP");
    isa_pack_alu(&f, s->dw);
    return asm_annotation(l, isa_alu_fields, s->dw);
}

// ---- fetches
// -------------------------------------------------------------------------------------

// "R1.xy0_ = R0": the destination with its swizzle, and the source register.
static bool fetch_registers(struct asm_line *l, uint32_t *dst, uint32_t *dst_swiz, uint32_t *src)
{
    static const char letters[] = "xyzw01?_";
    char c[5], file = 0;
    if (!register_file(l, "R", &file) || !asm_number(l, 63, dst) || !components(l, letters, 4, c) ||
        !asm_expect(l, "=") || !register_file(l, "R", &file) || !asm_number(l, 63, src)) {
        return false;
    }
    *dst_swiz = c[0] ? 0 : 0x688;
    for (unsigned i = 0; c[0] && i < 4; i++) {
        *dst_swiz |= (uint32_t)(strchr(letters, c[i]) - letters) << (3 * i);
    }
    return true;
}

static bool vertex_format(struct asm_line *l, uint32_t *format)
{
    char word[40];
    if (asm_accept(l, "TYPE")) {
        return asm_parenthesised(l, 63, format);
    }
    asm_skip_blanks(l);
    const char *p = l->p;
    if (!asm_word(l, word, sizeof word)) {
        return asm_fail(l, "expected a format");
    }
    for (unsigned i = 0; i < 64; i++) {
        if (isa_format[i].name && !strcmp(isa_format[i].name, word)) {
            *format = i;
            return true;
        }
    }
    l->p = p;
    return asm_fail(l, "no vertex format '%s'", word);
}

static bool vertex_fetch(struct asm_line *l, struct asm_slot *s, unsigned index, int condition)
{
    struct vfetch_fields f = {.must_be_one = 1, .prefetch = index == 0, .mini = index != 0};
    char c[5];
    if (s->has_raw) {
        isa_unpack_vfetch(s->raw, &f);
    }
    f.op = FETCH_VERTEX;
    if (!fetch_registers(l, &f.dst, &f.dst_swiz, &f.src) || !components(l, "xyzw", 1, c) ||
        !vertex_format(l, &f.format)) {
        return false;
    }
    f.src_swiz = c[0] ? component(c[0]) : 0;
    f.is_signed = asm_accept(l, "SIGNED");
    if (!f.is_signed && !asm_expect(l, "UNSIGNED")) {
        return false;
    }
    f.is_integer = !asm_accept(l, "NORMALIZED");
    if (!asm_expect(l, "STRIDE") || !asm_parenthesised(l, 255, &f.stride)) {
        return false;
    }
    f.offset = 0;
    if (asm_accept(l, "OFFSET") && !asm_parenthesised(l, 0x7fffff, &f.offset)) {
        return false;
    }
    if (!asm_expect(l, "CONST") || !asm_expect(l, "(") || !asm_number(l, 31, &f.const_index) ||
        !asm_expect(l, ",") || !asm_number(l, 3, &f.const_sel) || !asm_expect(l, ")")) {
        return false;
    }
    f.predicated = condition >= 0;
    f.pred_condition = condition >= 0 ? (uint32_t)condition : s->has_raw ? f.pred_condition : 0;
    isa_pack_vfetch(&f, s->dw);
    return asm_annotation(l, isa_vfetch_fields, s->dw);
}

struct option_value {
    const char *name;
    unsigned value;
};

static const struct option_value filters[] = {{"POINT", 0}, {"LINEAR", 1}, {"BASEMAP", 2}, {0}};
static const struct option_value anisos[] = {{"DISABLED", 0},
                                             {"MAX_1_1", 1},
                                             {"MAX_2_1", 2},
                                             {"MAX_4_1", 3},
                                             {"MAX_8_1", 4},
                                             {"MAX_16_1", 5},
                                             {0}};
static const struct option_value kernels[] = {{"2x4_SYM", 0},
                                              {"2x4_ASYM", 1},
                                              {"4x2_SYM", 2},
                                              {"4x2_ASYM", 3},
                                              {"4x4_SYM", 4},
                                              {"4x4_ASYM", 5},
                                              {0}};
static const struct option_value locations[] = {{"CENTROID", 0}, {"CENTER", 1}, {0}};

// "NAME(VALUE)": `absent` where NAME is not there; "?" keeps what the raw word has.
static bool named_option(struct asm_line *l, const char *name, const struct option_value *values,
                         unsigned absent, uint16_t *field)
{
    if (!asm_accept(l, name)) {
        *field = (uint16_t)absent;
        return !l->failed;
    }
    if (!asm_expect(l, "(")) {
        return false;
    }
    if (asm_accept(l, "?")) {
        return asm_expect(l, ")");
    }
    for (; values->name; values++) {
        if (asm_accept(l, values->name)) {
            *field = (uint16_t)values->value;
            return asm_expect(l, ")");
        }
    }
    return asm_fail(l, "no value of %s has this name", name);
}

static bool texture_options(struct asm_line *l, struct tfetch_fields *f)
{
    uint32_t v = 0, w = 0, z = 0;
    f->fetch_valid_only = asm_accept(l, "VALID_ONLY");
    f->denorm_coords = asm_accept(l, "DENORM");
    if (!named_option(l, "MAG", filters, 3, &f->mag) ||
        !named_option(l, "MIN", filters, 3, &f->min) ||
        !named_option(l, "MIP", filters, 3, &f->mip) ||
        !named_option(l, "ANISO", anisos, 7, &f->aniso) ||
        !named_option(l, "ARBITRARY", kernels, 7, &f->arbitrary) ||
        !named_option(l, "VOL_MAG", filters, 3, &f->vol_mag) ||
        !named_option(l, "VOL_MIN", filters, 3, &f->vol_min)) {
        return false;
    }
    f->use_comp_lod = 1;
    if (asm_accept(l, "LOD")) {
        if (!asm_parenthesised(l, 0, &v)) {
            return false;
        }
        f->use_comp_lod = 0;
    }
    if (asm_accept(l, "LOD_BIAS")) {
        if (!asm_parenthesised(l, 127, &v)) {
            return false;
        }
        f->lod_bias = (uint16_t)v;
    }
    f->use_reg_lod = f->reserved0 = 0;
    if (asm_accept(l, "REG_LOD")) {
        if (!asm_parenthesised(l, 3, &v)) {
            return false;
        }
        f->use_reg_lod = v & 1;
        f->reserved0 = (uint16_t)(v >> 1);
    }
    f->use_reg_gradients = asm_accept(l, "USE_REG_GRADIENTS");
    if (!named_option(l, "LOCATION", locations, 0, &f->sample_location)) {
        return false;
    }
    f->offset_x = f->offset_y = f->offset_z = 0;
    if (asm_accept(l, "OFFSET")) {
        if (!asm_expect(l, "(") || !asm_number(l, 31, &v) || !asm_expect(l, ",") ||
            !asm_number(l, 31, &w) || !asm_expect(l, ",") || !asm_number(l, 31, &z) ||
            !asm_expect(l, ")")) {
            return false;
        }
        f->offset_x = (uint16_t)v;
        f->offset_y = (uint16_t)w;
        f->offset_z = (uint16_t)z;
    }
    return !l->failed;
}

static bool texture_fetch(struct asm_line *l, struct asm_slot *s, unsigned op, int condition)
{
    struct tfetch_fields f = {.aniso = 7, .arbitrary = 7};
    uint32_t dst, dst_swiz, src, constant;
    char c[5];
    if (s->has_raw) {
        isa_unpack_tfetch(s->raw, &f);
    }
    f.op = (uint16_t)op;
    if (!fetch_registers(l, &dst, &dst_swiz, &src) || !components(l, "xyzw", 3, c) ||
        !asm_expect(l, "CONST") || !asm_parenthesised(l, 31, &constant) ||
        !texture_options(l, &f)) {
        return false;
    }
    f.dst = (uint16_t)dst;
    f.dst_swiz = (uint16_t)dst_swiz;
    f.src = (uint16_t)src;
    f.const_index = (uint16_t)constant;
    f.src_swiz = 0x24; // xyz
    for (unsigned i = 0; c[0] && i < 3; i++) {
        f.src_swiz = (uint16_t)bits_put(f.src_swiz, 2 * i + 1, 2 * i, component(c[i]));
    }
    f.predicated = condition >= 0;
    f.pred_condition = condition >= 0 ? (uint16_t)condition : s->has_raw ? f.pred_condition : 0;
    isa_pack_tfetch(&f, s->dw);
    return asm_annotation(l, isa_tfetch_fields, s->dw);
}

bool asm_fetch(struct asm_line *l, struct asm_slot *s, unsigned index)
{
    uint32_t op;
    int condition;
    if (!opcode(l, FETCH_NAME, &op, &condition)) {
        return false;
    }
    return op == FETCH_VERTEX ? vertex_fetch(l, s, index, condition)
                              : texture_fetch(l, s, op, condition);
}

bool asm_slot_done(struct asm_line *l, const struct asm_slot *s)
{
    if (s->has_raw && memcmp(s->raw, s->dw, sizeof s->raw) != 0) {
        return asm_fail(l,
                        "the words %08x %08x %08x do not say what the text says "
                        "(%08x %08x %08x)",
                        s->raw[0], s->raw[1], s->raw[2], s->dw[0], s->dw[1], s->dw[2]);
    }
    return true;
}
