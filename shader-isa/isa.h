// SPDX-License-Identifier: MIT
//
// The tables of the shader ISA as C data, and the fields of an instruction as a struct; private to
// this room. Everything here is generated from a2xx.def, cf.def and fetch.def.
#ifndef SHADER_ISA_ISA_H
#define SHADER_ISA_ISA_H

#include <stdbool.h>
#include <stdint.h>

// Profile sets of the tables: bit per enum shader_profile.
#define ON_A20X 1u
#define ON_A22X 2u
#define ON_XENOS 4u
#define ON_ADRENO (ON_A20X | ON_A22X)
#define ON_ALL (ON_ADRENO | ON_XENOS)

enum alu_shape { SHAPE_MAP, SHAPE_ALL, SHAPE_QUAD };
enum alu_effect { EFFECT_NONE, EFFECT_PRED, EFFECT_KILL, EFFECT_ADDR };
enum scalar_operands { OPERANDS_NONE, OPERANDS_W, OPERANDS_WX, OPERANDS_CR };
enum cf_form { FORM_NOP, FORM_EXEC, FORM_LOOP, FORM_JUMP, FORM_ALLOC };
enum cf_condition { COND_NONE, COND_BOOL, COND_PRED, COND_JUMP };

// Opcode numbers that code must name.
enum {
    CF_NOP,
    CF_EXEC,
    CF_EXEC_END,
    CF_COND_EXEC,
    CF_COND_EXEC_END,
    CF_PRED_EXEC,
    CF_PRED_EXEC_END,
    CF_LOOP_START,
    CF_LOOP_END,
    CF_CALL,
    CF_RETURN,
    CF_JUMP,
    CF_ALLOC,
    CF_COND_EXEC_CLEAN,
    CF_COND_EXEC_CLEAN_END,
    CF_VFETCH_DONE
};
enum { OP_MAX = 2, OP_RETAIN_PREV = 50 };
enum {
    FETCH_VERTEX = 0,
    FETCH_TEX = 1,
    FETCH_BCF = 16,
    FETCH_LOD = 17,
    FETCH_GRADIENTS = 18,
    FETCH_WEIGHTS = 19,
    FETCH_SET_LOD = 24,
    FETCH_SET_GRAD_H = 25,
    FETCH_SET_GRAD_V = 26
};
enum {
    EXPORT_EA = 32,
    EXPORT_EM0 = 33,
    EXPORT_EM4 = 37,
    EXPORT_DEPTH = 61,
    EXPORT_POSITION = 62,
    EXPORT_MISC = 63
};
enum { ALLOC_NONE, ALLOC_POSITION, ALLOC_PARAM, ALLOC_MEMORY };

struct vector_info {
    const char *xna, *adreno; // NULL: reserved
    uint8_t operands, mask[3], shape, effect, profiles;
    const char *semantics, *glsl, *glsl_effect, *doc;
};
struct scalar_info {
    const char *xna, *adreno;
    uint8_t operands, reads_ps, effect, profiles;
    const char *semantics, *glsl, *glsl_effect, *doc;
};
struct cf_info {
    const char *xna, *adreno;
    uint8_t form, condition, ends, profiles;
    const char *doc;
};
struct fetch_info {
    const char *xna, *adreno; // NULL: reserved
    uint8_t by_dimension, has_dest, has_const, components, profiles;
    const char *glsl, *doc;
};
struct format_info {
    const char *name; // NULL: no vertex format
    uint8_t components, profiles, xna, adreno;
};
struct field_info { // one row of a field list, for documentation and tests
    const char *name;
    uint8_t dword, hi, lo; // control flow: dword 0, bits of the 48
    const char *doc;
};

extern const struct vector_info isa_vector[32];
extern const struct scalar_info isa_scalar[64];
extern const struct cf_info isa_cf[16];
extern const struct fetch_info isa_fetch[32];
extern const struct format_info isa_format[64];
extern const char *const isa_alloc_adreno[4], *const isa_alloc_xna[4][2]; // [type][pixel]
extern const struct field_info isa_alu_fields[], isa_vfetch_fields[], isa_tfetch_fields[];
extern const struct field_info isa_cf_fields[5][10]; // by form, ends with name NULL

// Fields as unsigned numbers, exactly as encoded.
struct alu_fields {
#define ALU_FIELD(name, dword, hi, lo, doc) uint16_t name;
#include "shader-isa/a2xx.def"
};
struct vfetch_fields {
#define VFETCH_FIELD(name, dword, hi, lo, doc) uint32_t name;
#include "shader-isa/fetch.def"
};
struct tfetch_fields {
#define TFETCH_FIELD(name, dword, hi, lo, doc) uint16_t name;
#include "shader-isa/fetch.def"
};
#define CF_FIELD_NOP(name, hi, lo, doc) uint32_t name;
struct cf_nop_fields {
#include "shader-isa/cf.def"
};
#define CF_FIELD_EXEC(name, hi, lo, doc) uint32_t name;
struct cf_exec_fields {
#include "shader-isa/cf.def"
};
#define CF_FIELD_LOOP(name, hi, lo, doc) uint32_t name;
struct cf_loop_fields {
#include "shader-isa/cf.def"
};
#define CF_FIELD_JUMP(name, hi, lo, doc) uint32_t name;
struct cf_jump_fields {
#include "shader-isa/cf.def"
};
#define CF_FIELD_ALLOC(name, hi, lo, doc) uint32_t name;
struct cf_alloc_fields {
#include "shader-isa/cf.def"
};
struct cf_fields {
    uint8_t op;
    union {
        struct cf_nop_fields nop;
        struct cf_exec_fields exec;
        struct cf_loop_fields loop;
        struct cf_jump_fields jump;
        struct cf_alloc_fields alloc;
    };
};

void isa_unpack_alu(const uint32_t dw[3], struct alu_fields *f);
void isa_pack_alu(const struct alu_fields *f, uint32_t dw[3]);
void isa_unpack_vfetch(const uint32_t dw[3], struct vfetch_fields *f);
void isa_pack_vfetch(const struct vfetch_fields *f, uint32_t dw[3]);
void isa_unpack_tfetch(const uint32_t dw[3], struct tfetch_fields *f);
void isa_pack_tfetch(const struct tfetch_fields *f, uint32_t dw[3]);
void isa_unpack_cf(uint64_t bits48, struct cf_fields *f);
uint64_t isa_pack_cf(const struct cf_fields *f);

// The 48 bits of control flow instruction `i` (two in three dwords).
uint64_t isa_cf_bits(const uint32_t *dw, unsigned i);

// Component that position `i` reads under a component-relative swizzle byte.
static inline unsigned isa_swizzle(unsigned swiz, unsigned i)
{
    return ((swiz >> (2 * i)) + i) & 3;
}

// Which components each result of an ALU slot writes.
struct alu_writes {
    uint8_t vector, scalar, one, zero;
};
struct alu_writes isa_alu_writes(const struct alu_fields *f);

// One source operand as the slot addresses it; i is 0..2 for sources 1..3.
struct alu_source {
    bool is_temp, abs, neg;
    bool rel; // temporaries: + aL; constants: + a0 or aL as const_addr_a0 says
    uint8_t index, swiz;
};
// The first constant of a slot is relative by const0_rel, every later one by const1_rel.
struct alu_source isa_alu_source(const struct alu_fields *f, unsigned i);

// Temporary that a constant-and-register scalar operation (42..47) reads as b.
static inline unsigned isa_scalar_temp(const struct alu_fields *f)
{
    return (f->scalar_op & 1) | f->src3_is_temp << 1 | (f->swiz3 & 0x3c);
}

static inline bool isa_cf_is_exec(unsigned op)
{
    return isa_cf[op].form == FORM_EXEC;
}

#endif
