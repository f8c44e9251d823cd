// SPDX-License-Identifier: MIT
//
// Cases of the conformance suite, made from the opcode table. A case's program sets p0, a0 and ps
// from inputs, runs one slot with the opcode and the modifier, and exports what changed. The lanes
// of its batches go over all pairs of special values: zeros, denormal limits, infinities, NaN,
// ties, bounds.
#include "shader-isa/suite.h"

#include <string.h>

#include "base/bits.h"

// Registers of the programs: results r1, operands r2..r4, p0 from r8.w, a0 from r9.w, ps from
// r10.w, r11.w shows p0 and a0. Constants: operand c10, a table from c64. aL is 2 where a loop is
// around.
enum { R_RESULT = 1, R_A = 2, R_P0 = 8, R_A0 = 9, R_PS = 10, R_SHOW = 11, R_AL_RESULT = 15 };
enum { C_OPERAND = 10, C_TABLE = 64, AL = 2 };

static const uint32_t specials[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x40000000,
    0x3fc00000, 0xbfc00000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fffff, 0xff7fffff,
    0x00800000, 0x80800000, 0x4b000000, 0x4b800001, 0xcb000001, 0x3f7fffff, 0x3f800001,
    0x40490fdb, 0x437f8000, 0xc3808000, 0x43800000, 0x41200000, 0xc1200000, 0x00000001,
};
#define SPECIALS ((unsigned)ARRAY_LEN(specials))

static float special(unsigned i)
{
    return f32_from_bits(specials[i % SPECIALS]);
}

const char *suite_column_name(unsigned column)
{
    static const char *const names[] = {
#define X(name, doc) #name,
        SUITE_COLUMNS(X)
#undef X
    };
    return column < SUITE_COLUMN_COUNT ? names[column] : "flow";
}

const char *suite_column_doc(unsigned column)
{
    static const char *const docs[] = {
#define X(name, doc) doc,
        SUITE_COLUMNS(X)
#undef X
    };
    return column < SUITE_COLUMN_COUNT ? docs[column] : "control flow";
}

// ---- the slot under test
// -------------------------------------------------------------------------

static struct alu_fields nop(void)
{
    return (struct alu_fields){.scalar_op = OP_RETAIN_PREV,
                               .vector_op = OP_MAX,
                               .src1_is_temp = 1,
                               .src2_is_temp = 1,
                               .src3_is_temp = 1};
}

// Which operands modifiers can touch: bit i is source i + 1.
static unsigned sources_of(bool scalar, unsigned op)
{
    if (!scalar) {
        return (1u << isa_vector[op].operands) - 1;
    }
    return isa_scalar[op].operands == OPERANDS_NONE ? 0 : 4;
}

static void plain_slot(struct alu_fields *f, bool scalar, unsigned op)
{
    *f = nop();
    if (scalar) {
        f->scalar_op = (uint16_t)op;
        f->scalar_dest = R_RESULT;
        f->scalar_mask = 11;
        f->src3 = R_A;
        if (isa_scalar[op].operands == OPERANDS_CR) {
            f->src3 = C_OPERAND; // b is r2 or r3, by the opcode's low bit
        }
    } else {
        f->vector_op = (uint16_t)op;
        f->vector_dest = R_RESULT;
        f->vector_mask = 15;
        f->src1 = R_A;
        f->src2 = R_A + 1;
        f->src3 = R_A + 2;
    }
}

static void make_constant(struct alu_fields *f, bool scalar, unsigned op, unsigned index)
{
    unsigned sources = sources_of(scalar, op);
    if (scalar && isa_scalar[op].operands == OPERANDS_CR) {
        f->src3 = (uint16_t)index;
    } else if (sources & 4) {
        f->src3 = (uint16_t)index;
        f->src3_is_temp = 0;
    } else if (sources & 2) {
        f->src2 = (uint16_t)index;
        f->src2_is_temp = 0;
    } else {
        f->src1 = (uint16_t)index;
        f->src1_is_temp = 0;
    }
}

// Applies the modifier. False: it has no meaning for this opcode.
static bool modify(struct alu_fields *f, bool scalar, unsigned op, unsigned column)
{
    unsigned sources = sources_of(scalar, op);
    bool cr = scalar && isa_scalar[op].operands == OPERANDS_CR;
    bool needs_source = column != SUITE_plain && column != SUITE_sat && column != SUITE_mask &&
                        column < SUITE_dst_al;
    if (needs_source && !sources) {
        return false;
    }
    switch ((enum suite_column)column) {
    case SUITE_neg_abs:
    case SUITE_neg:
        f->neg1 = sources & 1;
        f->neg2 = sources >> 1 & 1;
        f->neg3 = sources >> 2 & 1;
        if (column == SUITE_neg) {
            break;
        }
        // fallthrough
    case SUITE_abs:
        if (cr) {
            f->abs_constants = 1; // for both operands of these
            break;
        }
        f->src1 |= sources & 1 ? 0x80 : 0;
        f->src2 |= sources & 2 ? 0x80 : 0;
        f->src3 |= sources & 4 ? 0x80 : 0;
        break;
    case SUITE_sat:
        f->vector_clamp = !scalar;
        f->scalar_clamp = scalar;
        break;
    case SUITE_swizzle:
        f->swiz1 = sources & 1 ? 0x1b | 0x44 : 0;
        f->swiz2 = sources & 2 ? 0x55 : 0;
        f->swiz3 = cr ? 0x41 : sources & 4 ? 0x93 : 0;
        break;
    case SUITE_mask:
        f->vector_mask = scalar ? 0 : 5;
        f->scalar_mask = scalar ? 4 : 0;
        break;
    case SUITE_constant:
    case SUITE_const_abs:
        make_constant(f, scalar, op, C_OPERAND);
        f->abs_constants = column == SUITE_const_abs;
        break;
    case SUITE_const_a0:
    case SUITE_const_al:
        make_constant(f, scalar, op, C_OPERAND - (column == SUITE_const_al ? AL : 0));
        f->const0_rel = 1;
        f->const_addr_a0 = column == SUITE_const_a0;
        break;
    case SUITE_temp_al:
        if (cr) {
            return false;
        }
        f->src1 = sources & 1 ? (uint16_t)((f->src1 - AL) | 0x40) : f->src1;
        f->src3 = sources == 4 ? (uint16_t)((f->src3 - AL) | 0x40) : f->src3;
        break;
    case SUITE_dst_al:
        f->vector_dest = scalar ? 0 : R_AL_RESULT - AL;
        f->scalar_dest = scalar ? R_AL_RESULT - AL : 0;
        f->vector_dest_rel = !scalar;
        f->scalar_dest_rel = scalar;
        break;
    case SUITE_p0:
    case SUITE_not_p0:
        f->predicated = 1;
        f->pred_condition = column == SUITE_p0;
        break;
    case SUITE_export:
        f->export_data = 1;
        f->vector_dest = 0;
        f->vector_mask = scalar ? 0 : 15;
        f->scalar_mask = scalar ? 15 : 0;
        break;
    case SUITE_export_01: // x the result, y 1.0, z and w 0.0
        f->export_data = 1;
        f->vector_dest = 0;
        f->vector_mask = scalar ? 2 : 3;
        f->scalar_mask = scalar ? 3 : 2;
        f->scalar_dest_rel = 1;
        break;
    case SUITE_plain:
    case SUITE_COLUMN_COUNT:
    case SUITE_FLOW:
        break;
    }
    return true;
}

// ---- programs
// ------------------------------------------------------------------------------------

struct builder {
    uint32_t slot[16][3];
    uint64_t cf[8];
    unsigned slots, cfs;
};

static void put_slot(struct builder *b, const struct alu_fields *f)
{
    isa_pack_alu(f, b->slot[b->slots++]);
}

static void put_cf(struct builder *b, struct cf_fields f)
{
    b->cf[b->cfs++] = isa_pack_cf(&f);
}

// The slots since `first` as one exec; addresses are fixed at the end.
static void put_exec(struct builder *b, unsigned op, unsigned first)
{
    put_cf(b, (struct cf_fields){.op = (uint8_t)op,
                                 .exec = {.address = first, .count = b->slots - first}});
}

static void put_move(struct builder *b, unsigned dst, unsigned src, unsigned mask, bool export)
{
    struct alu_fields f = nop();
    f.vector_dest = (uint16_t)dst;
    f.vector_mask = (uint16_t)mask;
    f.export_data = export;
    f.src1 = f.src2 = (uint16_t)src;
    put_slot(b, &f);
}

static void put_setup(struct builder *b)
{
    struct alu_fields f = nop();
    f.scalar_op = 29; // setp_gt r8.w
    f.src3 = R_P0;
    put_slot(b, &f);
    f.scalar_op = 23; // maxas r9.w: a0
    f.src3 = R_A0;
    put_slot(b, &f);
    f.scalar_op = 5; // maxs r10.ww: ps
    f.src3 = R_PS;
    f.swiz3 = 3;
    put_slot(b, &f);
}

static size_t finish(const struct builder *b, uint32_t *dw)
{
    unsigned cf_slots = (b->cfs + 1) / 2;
    memset(dw, 0, 12 * (size_t)cf_slots);
    for (unsigned i = 0; i < b->cfs; i++) {
        struct cf_fields f;
        isa_unpack_cf(b->cf[i], &f);
        if (isa_cf_is_exec(f.op)) {
            f.exec.address += cf_slots;
        }
        uint64_t v = isa_pack_cf(&f);
        uint32_t *p = dw + 3 * (i / 2);
        if (i & 1) {
            p[1] |= (uint32_t)(v << 16);
            p[2] = (uint32_t)(v >> 16);
        } else {
            p[0] = (uint32_t)v;
            p[1] = (uint32_t)(v >> 32);
        }
    }
    memcpy(dw + 3 * cf_slots, b->slot, 12 * (size_t)b->slots);
    return 3 * (size_t)(cf_slots + b->slots);
}

static void build_program(struct suite_case *c, const struct alu_fields *f, unsigned effect)
{
    struct builder b = {.slots = 0};
    unsigned column = c->column;
    bool loop = column == SUITE_const_al || column == SUITE_temp_al || column == SUITE_dst_al;
    bool exports = column == SUITE_export || column == SUITE_export_01;
    unsigned result = column == SUITE_dst_al ? R_AL_RESULT : R_RESULT;
    bool shows = (effect == EFFECT_PRED || effect == EFFECT_ADDR) && !exports;
    put_setup(&b);
    put_exec(&b, CF_EXEC, 0);
    put_cf(&b, (struct cf_fields){.op = CF_ALLOC, .alloc = {.type = ALLOC_PARAM}});
    if (loop) {
        put_cf(&b, (struct cf_fields){.op = CF_LOOP_START, .loop = {.address = 5}});
    }
    put_slot(&b, f);
    put_exec(&b, exports ? CF_EXEC_END : CF_EXEC, b.slots - 1);
    if (loop) {
        put_cf(&b, (struct cf_fields){.op = CF_LOOP_END, .loop = {.address = 3}});
    }
    if (!exports) {
        unsigned first = b.slots;
        if (shows) { // (p0) r11.w = c[64 + a0]
            struct alu_fields s = nop();
            s.vector_dest = R_SHOW;
            s.vector_mask = 8;
            s.src1 = s.src2 = C_TABLE;
            s.src1_is_temp = s.src2_is_temp = 0;
            s.const0_rel = s.const1_rel = s.const_addr_a0 = 1;
            s.predicated = s.pred_condition = 1;
            put_slot(&b, &s);
            put_move(&b, 0, R_SHOW, 8, true);
        }
        put_move(&b, 0, result, shows ? 7 : 15, true);
        put_exec(&b, CF_EXEC_END, first);
    }
    c->ndw = finish(&b, c->dw);
}

// ---- numbering
// -----------------------------------------------------------------------------------

static bool opcode_case(unsigned op, unsigned column, struct suite_case *c)
{
    bool scalar = op >= 32;
    unsigned n = scalar ? op - 32 : op;
    const char *name = scalar ? isa_scalar[n].xna : isa_vector[n].xna;
    struct alu_fields f;
    if (!name) {
        return false;
    }
    plain_slot(&f, scalar, n);
    if (!modify(&f, scalar, n, column)) {
        return false;
    }
    if (!c) {
        return true;
    }
    bool odd = scalar && isa_scalar[n].operands == OPERANDS_CR && (n & 1);
    snprintf(c->name, sizeof c->name, "%s.%s%s.%s", scalar ? "scalar" : "vector", name,
             odd ? "_1" : "", suite_column_name(column));
    snprintf(c->row, sizeof c->row, "%s %s%s", scalar ? "scalar" : "vector", name, odd ? "_1" : "");
    c->column = column;
    c->angle = scalar && (n == 48 || n == 49);
    c->transcendental =
        c->angle || (scalar && ((n >= 14 && n <= 16) || (n >= 20 && n <= 22) || n == 40));
    bool constants = column == SUITE_constant || column == SUITE_const_abs ||
                     column == SUITE_const_a0 || column == SUITE_const_al ||
                     (scalar && isa_scalar[n].operands == OPERANDS_CR);
    c->kind = constants ? FILL_CONSTANTS : FILL_PAIRS;
    c->batches = constants ? SPECIALS : (SPECIALS * SPECIALS + SHADER_BATCH - 1) / SHADER_BATCH;
    build_program(c, &f, scalar ? isa_scalar[n].effect : isa_vector[n].effect);
    return true;
}

bool suite_case(unsigned number, struct suite_case *c)
{
    memset(c, 0, sizeof *c);
    for (unsigned op = 0; op < 96; op++) {
        for (unsigned column = 0; column < SUITE_COLUMN_COUNT; column++) {
            if (opcode_case(op, column, NULL) && !number--) {
                return opcode_case(op, column, c);
            }
        }
    }
    return suite_flow_case(number, c);
}

// ---- inputs
// --------------------------------------------------------------------------------------

static void fill_lane(struct shader_batch *b, unsigned lane, unsigned i, unsigned j, bool small)
{
    for (unsigned r = 0; r < 16; r++) {
        for (unsigned k = 0; k < 4; k++) {
            b->in[r][lane][k] = (float)((r * 4 + k + lane) % 17) - 8.0f;
        }
    }
    if (small) {
        b->in[5][lane][0] = 0.0f;
    } else {
        const unsigned pick[3][4] = {
            {j, i + 7, j + 3, i}, {i, j + 5, i + 2, j}, {i + j, i + 2 * j, 2 * i + j, i * j}};
        for (unsigned r = 0; r < 3; r++) {
            for (unsigned k = 0; k < 4; k++) {
                b->in[R_A + r][lane][k] = special(pick[r][k]);
            }
        }
    }
    b->in[R_P0][lane][3] = (lane * 7 + 3) & 4 ? 1.0f : -1.0f;
    b->in[R_A0][lane][3] = (float)(lane % 5) - 2.0f;
    b->in[R_PS][lane][3] = special(3 * i + j);
    b->in[R_SHOW][lane][3] = 0.0f;
}

void suite_batch(const struct suite_case *c, unsigned batch, struct shader_batch *b)
{
    memset(b, 0, sizeof *b);
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 0; k < 4; k++) {
            b->consts[i][k] = i >= C_TABLE ? (float)(i - C_TABLE) + 0.25f * (float)k : (float)i;
        }
    }
    for (unsigned k = 0; k < 4; k++) {
        b->consts[3][k] = 1.0f;
    }
    for (int i = -AL; i <= AL && c->kind == FILL_CONSTANTS; i++) { // around c10, for a0
        for (unsigned k = 0; k < 4; k++) {
            b->consts[C_OPERAND + i][k] = special(batch + 5 * k + (unsigned)(i + AL));
        }
    }
    b->bools[0] = 2;
    b->loops[0] = 1 | AL << 8;
    b->loops[1] = 3 | 0 << 8 | 1 << 16;
    b->loops[2] = 0 | 5 << 8 | 1 << 16;
    b->loops[3] = 4 | 10 << 8 | 0xfdu << 16;
    unsigned first = c->kind == FILL_PAIRS ? batch * SHADER_BATCH : 0;
    unsigned total = c->kind == FILL_PAIRS ? SPECIALS * SPECIALS : SPECIALS;
    b->count = total - first < SHADER_BATCH ? total - first : SHADER_BATCH;
    for (unsigned lane = 0; lane < b->count; lane++) {
        unsigned n = first + lane;
        fill_lane(b, lane, n % SPECIALS, c->kind == FILL_PAIRS ? n / SPECIALS : n + batch,
                  c->kind == FILL_SMALL);
    }
}
