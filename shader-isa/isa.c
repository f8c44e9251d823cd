// SPDX-License-Identifier: MIT
//
// The tables of a2xx.def, cf.def and fetch.def as data, and packing and unpacking of the fields
// they list. Field layout: public drivers and emulators agree on it but for the points in
// README.md.
#include "shader-isa/isa.h"

#include "base/bits.h"

#define TEXT(x) #x

const struct vector_info isa_vector[32] = {
#define ALU_VECTOR(number, xna, adreno, operands, m1, m2, m3, shape, effect, profiles, result,     \
                   eff, glsl, glsl_eff, doc)                                                       \
    [number] = {#xna,          #adreno,         operands, {m1, m2, m3},                            \
                SHAPE_##shape, EFFECT_##effect, profiles, TEXT(result),                            \
                glsl,          glsl_eff,        doc},
#include "shader-isa/a2xx.def"
};

const struct scalar_info isa_scalar[64] = {
#define ALU_SCALAR(number, xna, adreno, operands, reads_ps, effect, profiles, result, eff, glsl,   \
                   glsl_eff, doc)                                                                  \
    [number] = {#xna,                                                                              \
                #adreno,                                                                           \
                OPERANDS_##operands,                                                               \
                reads_ps,                                                                          \
                EFFECT_##effect,                                                                   \
                profiles,                                                                          \
                TEXT(result),                                                                      \
                glsl,                                                                              \
                glsl_eff,                                                                          \
                doc},
#include "shader-isa/a2xx.def"
};

const struct cf_info isa_cf[16] = {
#define CF_OP(number, xna, adreno, form, condition, ends, profiles, doc)                           \
    [number] = {xna, #adreno, FORM_##form, COND_##condition, ends, profiles, doc},
#include "shader-isa/cf.def"
};

const struct fetch_info isa_fetch[32] = {
#define FETCH_OP(number, xna, by_dimension, adreno, has_dest, has_const, components, profiles,     \
                 glsl, doc)                                                                        \
    [number] = {xna, adreno, by_dimension, has_dest, has_const, components, profiles, glsl, doc},
#include "shader-isa/fetch.def"
};

const struct format_info isa_format[64] = {
#define VFETCH_FORMAT(number, name, components, profiles, xna, adreno)                             \
    [number] = {#name, components, profiles, xna, adreno},
#include "shader-isa/fetch.def"
};

const char *const isa_alloc_adreno[4] = {
#define CF_ALLOC(number, adreno, xna_vs, xna_ps, doc) [number] = adreno,
#include "shader-isa/cf.def"
};
const char *const isa_alloc_xna[4][2] = {
#define CF_ALLOC(number, adreno, xna_vs, xna_ps, doc) [number] = {xna_vs, xna_ps},
#include "shader-isa/cf.def"
};

#define ROW(name, dword, hi, lo, doc) {#name, dword, hi, lo, doc},
#define CF_ROW(name, hi, lo, doc) {#name, 0, hi, lo, doc},
const struct field_info isa_alu_fields[] = {
#define ALU_FIELD ROW
#include "shader-isa/a2xx.def"
    {0}};
const struct field_info isa_vfetch_fields[] = {
#define VFETCH_FIELD ROW
#include "shader-isa/fetch.def"
    {0}};
const struct field_info isa_tfetch_fields[] = {
#define TFETCH_FIELD ROW
#include "shader-isa/fetch.def"
    {0}};
const struct field_info isa_cf_fields[5][10] = {
    [FORM_NOP] =
        {
#define CF_FIELD_NOP CF_ROW
#include "shader-isa/cf.def"
        },
    [FORM_EXEC] =
        {
#define CF_FIELD_EXEC CF_ROW
#include "shader-isa/cf.def"
        },
    [FORM_LOOP] =
        {
#define CF_FIELD_LOOP CF_ROW
#include "shader-isa/cf.def"
        },
    [FORM_JUMP] =
        {
#define CF_FIELD_JUMP CF_ROW
#include "shader-isa/cf.def"
        },
    [FORM_ALLOC] =
        {
#define CF_FIELD_ALLOC CF_ROW
#include "shader-isa/cf.def"
        },
};

// ---- slots
// ---------------------------------------------------------------------------------------

#define UNPACK(name, dword, hi, lo, doc) f->name = (__typeof__(f->name))bits(dw[dword], hi, lo);
#define PACK(name, dword, hi, lo, doc) dw[dword] = bits_put(dw[dword], hi, lo, f->name);

void isa_unpack_alu(const uint32_t dw[3], struct alu_fields *f)
{
#define ALU_FIELD UNPACK
#include "shader-isa/a2xx.def"
}

void isa_pack_alu(const struct alu_fields *f, uint32_t dw[3])
{
    dw[0] = dw[1] = dw[2] = 0;
#define ALU_FIELD PACK
#include "shader-isa/a2xx.def"
}

void isa_unpack_vfetch(const uint32_t dw[3], struct vfetch_fields *f)
{
#define VFETCH_FIELD UNPACK
#include "shader-isa/fetch.def"
}

void isa_pack_vfetch(const struct vfetch_fields *f, uint32_t dw[3])
{
    dw[0] = dw[1] = dw[2] = 0;
#define VFETCH_FIELD PACK
#include "shader-isa/fetch.def"
}

void isa_unpack_tfetch(const uint32_t dw[3], struct tfetch_fields *f)
{
#define TFETCH_FIELD UNPACK
#include "shader-isa/fetch.def"
}

void isa_pack_tfetch(const struct tfetch_fields *f, uint32_t dw[3])
{
    dw[0] = dw[1] = dw[2] = 0;
#define TFETCH_FIELD PACK
#include "shader-isa/fetch.def"
}

// ---- control flow
// --------------------------------------------------------------------------------

#define CF_UNPACK(form, name, hi, lo)                                                              \
    f->form.name = (uint32_t)(v >> (lo)) & (uint32_t)((1ull << ((hi) - (lo) + 1)) - 1);
#define CF_PACK(form, name, hi, lo)                                                                \
    v |= ((uint64_t)f->form.name & ((1ull << ((hi) - (lo) + 1)) - 1)) << (lo);

void isa_unpack_cf(uint64_t v, struct cf_fields *f)
{
    f->op = v >> 44 & 15;
    switch ((enum cf_form)isa_cf[f->op].form) {
    case FORM_NOP:
#define CF_FIELD_NOP(name, hi, lo, doc) CF_UNPACK(nop, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_EXEC:
#define CF_FIELD_EXEC(name, hi, lo, doc) CF_UNPACK(exec, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_LOOP:
#define CF_FIELD_LOOP(name, hi, lo, doc) CF_UNPACK(loop, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_JUMP:
#define CF_FIELD_JUMP(name, hi, lo, doc) CF_UNPACK(jump, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_ALLOC:
#define CF_FIELD_ALLOC(name, hi, lo, doc) CF_UNPACK(alloc, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    }
}

uint64_t isa_pack_cf(const struct cf_fields *f)
{
    uint64_t v = (uint64_t)(f->op & 15) << 44;
    switch ((enum cf_form)isa_cf[f->op & 15].form) {
    case FORM_NOP:
#define CF_FIELD_NOP(name, hi, lo, doc) CF_PACK(nop, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_EXEC:
#define CF_FIELD_EXEC(name, hi, lo, doc) CF_PACK(exec, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_LOOP:
#define CF_FIELD_LOOP(name, hi, lo, doc) CF_PACK(loop, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_JUMP:
#define CF_FIELD_JUMP(name, hi, lo, doc) CF_PACK(jump, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    case FORM_ALLOC:
#define CF_FIELD_ALLOC(name, hi, lo, doc) CF_PACK(alloc, name, hi, lo)
#include "shader-isa/cf.def"
        break;
    }
    return v;
}

uint64_t isa_cf_bits(const uint32_t *dw, unsigned i)
{
    const uint32_t *p = dw + 3 * (i / 2);
    return i & 1 ? p[1] >> 16 | (uint64_t)p[2] << 16 : p[0] | (uint64_t)(p[1] & 0xffff) << 32;
}

// ---- what a slot reads and writes
// ----------------------------------------------------------------

struct alu_writes isa_alu_writes(const struct alu_fields *f)
{
    uint8_t v = (uint8_t)f->vector_mask, s = (uint8_t)f->scalar_mask;
    if (!f->export_data) {
        return (struct alu_writes){.vector = v, .scalar = s};
    }
    return (struct alu_writes){.vector = v & ~s,
                               .scalar = s & ~v,
                               .one = v & s,
                               .zero = f->scalar_dest_rel ? ~(v | s) & 15 : 0};
}

struct alu_source isa_alu_source(const struct alu_fields *f, unsigned i)
{
    const uint16_t reg[3] = {f->src1, f->src2, f->src3};
    const uint16_t swiz[3] = {f->swiz1, f->swiz2, f->swiz3};
    const uint16_t neg[3] = {f->neg1, f->neg2, f->neg3};
    const bool temp[3] = {f->src1_is_temp, f->src2_is_temp, f->src3_is_temp};
    struct alu_source s = {.is_temp = temp[i], .neg = neg[i], .swiz = (uint8_t)swiz[i]};
    if (s.is_temp) {
        s.index = reg[i] & 63;
        s.rel = reg[i] >> 6 & 1;
        s.abs = reg[i] >> 7 & 1;
        return s;
    }
    bool first = true; // first constant among the slot's sources?
    for (unsigned k = 0; k < i; k++) {
        first = first && temp[k];
    }
    s.index = (uint8_t)reg[i];
    s.abs = f->abs_constants;
    s.rel = first ? f->const0_rel : f->const1_rel;
    return s;
}
