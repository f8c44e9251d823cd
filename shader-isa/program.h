// SPDX-License-Identifier: MIT
//
// A decoded program: microcode words, control flow and slots in the form the interpreter runs.
// Private to this room; immutable after shader_decode.
#ifndef SHADER_ISA_PROGRAM_H
#define SHADER_ISA_PROGRAM_H

#include "shader-isa/isa.h"
#include "shader-isa/shader.h"

#define SHADER_MAX_SLOTS 4096 // exec addresses have 12 bits
#define SHADER_DEPTH 4        // nested loops, nested calls

enum operand_kind { FROM_TEMP, FROM_TEMP_AL, FROM_CONST, FROM_CONST_AL, FROM_CONST_A0 };

struct operand {
    uint8_t kind, index;
    uint8_t sign;    // 1: absolute value, 2: negate (after)
    uint8_t need;    // positions that the operation reads
    uint8_t comps;   // components that those positions read
    uint8_t comp[4]; // component that each position reads
    bool plain;      // an unmodified temporary: off is from the start of struct shader_lanes
    int32_t off[4];  // bytes to the lanes of each position; else from a block of four components
};

// Vector operations are the 30 opcodes and two made by the decoder.
enum { VOP_MOV = 30, VOP_NONE = 31, RUN_MOV_FLUSH = 32, SOP_NONE = 63 };

struct alu_op {
    uint8_t vop, sop;
    uint8_t run_vop; // what the interpreter runs: vop, or RUN_MOV_FLUSH for a direct export
    bool predicated, condition, illegal;
    bool direct;       // the vector result may be stored while it is computed
    bool simple;       // and nothing but that happens
    bool flush;        // a direct export may have moved a denormal
    uint32_t exported; // bits of shader_lanes.exported that a direct result sets
    bool vclamp, sclamp, vdst_rel, sdst_rel, is_export;
    uint8_t vdst, sdst; // temporaries; vdst is the register of an export
    struct alu_writes writes;
    int32_t dst_off[4]; // bytes from the start of struct shader_lanes to a direct result
    struct operand src[3], sa, sb;
};

enum fetch_kind {
    DO_ILLEGAL,
    DO_VFETCH,
    DO_TFETCH,
    DO_GRADIENTS,
    DO_SET_LOD,
    DO_SET_GRAD_H,
    DO_SET_GRAD_V
};

struct fetch_op {
    uint8_t kind;
    bool predicated, condition, src_rel, dst_rel;
    uint8_t src, src_comp[3], dst, dst_swiz[4];
    uint16_t n; // entry of info.vfetch or info.tfetch
};

struct cf_op {
    uint8_t op;   // opcode number
    uint8_t cond; // enum cf_condition, with COND_JUMP resolved
    bool ends, condition, backward, repeat, pred_break;
    uint8_t index;    // boolean or loop constant
    uint8_t count;    // slots of an exec
    uint16_t address; // first slot, or control flow target
    uint16_t sequence;
    uint8_t alloc_type;
};

struct shader {
    enum shader_stage stage;
    enum shader_profile profile;
    uint64_t hash;
    uint32_t *dw;
    unsigned slots, cf_count;
    struct cf_op *cf;
    struct alu_op *alu;     // by slot; meaningful where `used` has 1
    struct fetch_op *fetch; // by slot; meaningful where `used` has 2
    uint8_t *used;
    bool reads_ps;
    struct shader_info info;
    struct shader_vfetch *vfetch;
    struct shader_tfetch *tfetch;
};

static inline bool shader_slot_is_fetch(unsigned sequence, unsigned i)
{
    return sequence >> (2 * i) & 1;
}

#endif
