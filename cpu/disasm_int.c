// SPDX-License-Identifier: MIT
//
// Template tags of the core instruction sets: registers, constants, shifted operands, addresses,
// lists, branch targets and the system operands. `letter(x)` below is field x of the row.
#include "cpu/disasm_int.h"

#include <string.h>

typedef void tag_fn(struct dis *d);

// ---- constants and shifts ------------------------------------------------------------------------------

// A32 modified immediate. LLVM shows the signed value, unsigned for MSR and MOV to the PC; an
// encoding that is not the shortest rotation is shown as constant and rotation.
static void tag_const(struct dis *d)
{
    uint32_t imm = dis_field(d, 'i') & 0xff, rot = dis_field(d, 'i') >> 8 << 1;
    uint32_t v = ror32(imm, rot);
    unsigned least = 0;
    while (least < 32 && ror32(v, 32 - least) > 0xff) {
        least += 2;
    }
    if (least != rot) {
        dis_unsigned(d, imm);
        dis_put(d, ", ");
        dis_unsigned(d, rot);
        return;
    }
    bool is_unsigned = strcmp(d->row->name, "MSR_imm") == 0 ||
                       (strcmp(d->row->name, "MOV_imm") == 0 && dis_field(d, 'd') == 15);
    dis_number(d, is_unsigned ? (int64_t)v : (int32_t)v);
}

static void tag_tconst(struct dis *d)
{
    uint32_t i = dis_field(d, 'i'), byte = i & 0xff;
    switch (i >> 8) {
    case 0:
        break;
    case 1:
        byte |= byte << 16;
        break;
    case 2:
        byte = byte << 8 | byte << 24;
        break;
    case 3:
        byte *= 0x01010101;
        break;
    default:
        byte = ror32((i & 0x7f) | 0x80, i >> 7);
        break;
    }
    dis_unsigned(d, byte);
}

static const char shift_names[4][4] = {"lsl", "lsr", "asr", "ror"};

// ", lsl #3": nothing for LSL #0; LSR and ASR count 32 as 0; ROR #0 is RRX.
static void put_shift(struct dis *d, unsigned type, unsigned amount)
{
    if (type == 0 && amount == 0) {
        return;
    }
    if (type == 3 && amount == 0) {
        dis_put(d, ", rrx");
        return;
    }
    dis_put(d, ", %s ", shift_names[type]);
    dis_unsigned(d, amount ? amount : 32);
}

static void tag_shift(struct dis *d)
{
    put_shift(d, dis_field(d, 't'), dis_field(d, 'i'));
}

static void tag_tshift(struct dis *d)
{
    put_shift(d, dis_field(d, 't'), dis_field(d, 'j'));
}

static void tag_type(struct dis *d)
{
    dis_put(d, "%s", shift_names[dis_field(d, 't')]);
}

// The count of a shift instruction: 0 means 32 but for LSL and ROR.
static void put_count(struct dis *d, unsigned amount)
{
    bool from32 = strncmp(d->row->name, "LSR", 3) == 0 || strncmp(d->row->name, "ASR", 3) == 0;
    dis_unsigned(d, from32 && amount == 0 ? 32 : amount);
}

static void tag_shift_count(struct dis *d)
{
    put_count(d, dis_field(d, 'i'));
}

static void tag_tshift_count(struct dis *d)
{
    put_count(d, dis_field(d, 'j'));
}

static void tag_rotation(struct dis *d)
{
    if (dis_field(d, 'r')) {
        dis_put(d, ", ror ");
        dis_unsigned(d, dis_field(d, 'r') * 8);
    }
}

// PKHBT shifts left, PKHTB arithmetically right (0 means 32).
static void tag_pkhshift(struct dis *d)
{
    unsigned amount = d->row->set == ISA_A32 ? dis_field(d, 'i') : dis_field(d, 'j');
    put_shift(d, dis_field(d, 'T') ? 2 : 0, amount);
}

static void tag_satshift(struct dis *d)
{
    put_shift(d, dis_field(d, 't') ? 2 : 0, dis_field(d, 'j'));
}

static void tag_lsl_j(struct dis *d)
{
    put_shift(d, 0, dis_field(d, 'j'));
}

static void tag_bfw(struct dis *d)
{
    dis_number(d, (int64_t)dis_field(d, 'w') + 1 - (int64_t)dis_field(d, 'j'));
}

static void tag_ji(struct dis *d)
{
    unsigned i_bits = 0;
    for (unsigned k = 0; k < d->row->segs; k++) {
        i_bits += d->row->seg[k].letter == 'i' ? d->row->seg[k].width : 0;
    }
    dis_unsigned(d, dis_field(d, 'j') << i_bits | dis_field(d, 'i'));
}

// ---- addresses -----------------------------------------------------------------------------------------

static void put_signed_offset(struct dis *d, bool add, uint32_t offset)
{
    if (!add && offset == 0) {
        dis_put(d, "#-0");
    } else {
        dis_number(d, add ? (int64_t)offset : -(int64_t)offset);
    }
}

// [Rn, #off] or [Rn]; minus zero is shown.
static void put_offset_address(struct dis *d, unsigned rn, bool add, uint32_t offset)
{
    dis_put(d, "[%s", dis_reg(rn));
    if (!add || offset) {
        dis_put(d, ", ");
        put_signed_offset(d, add, offset);
    }
    dis_put(d, "]");
}

static void put_address(struct dis *d, uint32_t scale)
{
    uint32_t rn = dis_field(d, 'n'), offset = dis_field(d, 'i') * scale;
    bool add = dis_field(d, 'U'), pre = dis_field(d, 'P'), back = dis_field(d, 'W');
    if (!pre) {
        dis_put(d, "[%s], ", dis_reg(rn));
        put_signed_offset(d, add, offset);
    } else if (back) {
        // Written back, even a zero is shown.
        dis_put(d, "[%s, ", dis_reg(rn));
        put_signed_offset(d, add, offset);
        dis_put(d, "]!");
    } else {
        put_offset_address(d, rn, add, offset);
    }
}

static void tag_mem_imm(struct dis *d)
{
    put_address(d, 1);
}

static void tag_mem_imm4(struct dis *d)
{
    put_address(d, 4);
}

static void tag_mem_off_imm(struct dis *d)
{
    put_offset_address(d, dis_field(d, 'n'), dis_field(d, 'U'), dis_field(d, 'i'));
}

static void tag_mem_post_imm(struct dis *d)
{
    dis_put(d, "[%s], ", dis_reg(dis_field(d, 'n')));
    put_signed_offset(d, dis_field(d, 'U'), dis_field(d, 'i'));
}

static void put_index(struct dis *d)
{
    dis_put(d, "%s%s", dis_field(d, 'U') ? "" : "-", dis_reg(dis_field(d, 'm')));
    put_shift(d, dis_field(d, 't'), dis_field(d, 'i')); // rows without a shift have neither field
}

static void tag_mem_post_reg(struct dis *d)
{
    dis_put(d, "[%s], ", dis_reg(dis_field(d, 'n')));
    put_index(d);
}

static void tag_mem_off_reg(struct dis *d)
{
    dis_put(d, "[%s, ", dis_reg(dis_field(d, 'n')));
    put_index(d);
    dis_put(d, "]");
}

static void tag_mem_reg(struct dis *d)
{
    if (!dis_field(d, 'P')) {
        tag_mem_post_reg(d);
        return;
    }
    tag_mem_off_reg(d);
    if (dis_field(d, 'W')) {
        dis_put(d, "!");
    }
}

// Coprocessor transfers: P = W = 0 is the unindexed form with an option.
static void tag_mem_cp(struct dis *d)
{
    if (!dis_field(d, 'P') && !dis_field(d, 'W')) {
        if (!dis_field(d, 'U')) {
            d->unknown = true;
        }
        dis_put(d, "[%s], {%u}", dis_reg(dis_field(d, 'n')), dis_field(d, 'i'));
        return;
    }
    put_address(d, 4);
}

static void put_plain_offset(struct dis *d, uint32_t scale)
{
    if (dis_field(d, 'i')) {
        dis_put(d, ", ");
        dis_unsigned(d, dis_field(d, 'i') * scale);
    }
}

static void tag_off1(struct dis *d)
{
    put_plain_offset(d, 1);
}

static void tag_off2(struct dis *d)
{
    put_plain_offset(d, 2);
}

static void tag_off4(struct dis *d)
{
    put_plain_offset(d, 4);
}

static void tag_off_minus(struct dis *d)
{
    dis_put(d, ", ");
    put_signed_offset(d, false, dis_field(d, 'i'));
}

// ---- PC-relative ----------------------------------------------------------------------------------------

// Loads from literals.
static void tag_litU(struct dis *d)
{
    dis_put(d, "[pc, ");
    put_signed_offset(d, dis_field(d, 'U'), dis_field(d, 'i'));
    dis_put(d, "]");
}

static void tag_lit4(struct dis *d)
{
    uint32_t offset = dis_field(d, 'i') * 4;
    if (strcmp(d->row->name, "ADR") == 0) {
        dis_unsigned(d, offset);
    } else {
        dis_put(d, "[pc, ");
        dis_unsigned(d, offset);
        dis_put(d, "]");
    }
}

static void tag_lit(struct dis *d)
{
    dis_unsigned(d, dis_field(d, 'i'));
}

static void tag_lit_minus(struct dis *d)
{
    put_signed_offset(d, false, dis_field(d, 'i'));
}

// Branch targets: the displacement by row, added to the PC as the instruction reads it.
static int32_t displacement(const struct dis *d)
{
    uint32_t i = dis_field(d, 'i');
    const char *name = d->row->name;
    if (d->row->set == ISA_A32) {
        uint32_t h = dis_field(d, 'H');
        return sign_extend(i << 2 | h << 1, 26);
    }
    if (d->row->set == ISA_T16) {
        if (strcmp(name, "CBZ") == 0) {
            return (int32_t)(i << 1);
        }
        return sign_extend(i << 1, strcmp(name, "B") == 0 ? 12 : 9);
    }
    uint32_t s = dis_field(d, 'S'), j1 = dis_field(d, 'J'), j2 = dis_field(d, 'K');
    uint32_t low = dis_field(d, 'j');
    if (strcmp(name, "B_cond") == 0) {
        return sign_extend(s << 20 | j2 << 19 | j1 << 18 | i << 12 | low << 1, 21);
    }
    uint32_t i1 = j1 == s, i2 = j2 == s; // NOT(J EOR S)
    if (strcmp(name, "BLX_imm") == 0) {
        low <<= 1; // the row leaves out the lowest bit
    }
    return sign_extend(s << 24 | i1 << 23 | i2 << 22 | i << 12 | low << 1, 25);
}

static void tag_label(struct dis *d)
{
    int32_t offset = displacement(d);
    if (d->flags & DISASM_OFFSETS) {
        dis_number(d, offset);
        return;
    }
    uint32_t pc = d->va + (d->set == ISA_A32 ? 8 : 4);
    if (strcmp(d->row->name, "BLX_imm") == 0) {
        pc &= ~3u;
    }
    dis_unsigned(d, pc + (uint32_t)offset);
}

// Halves of the old Thumb BL: the field itself.
static void tag_half(struct dis *d)
{
    dis_unsigned(d, dis_field(d, 'i'));
}

// ---- lists ----------------------------------------------------------------------------------------------

static void tag_list(struct dis *d)
{
    uint32_t list = dis_field(d, 'l');
    if (d->row->set == ISA_T32) { // P M (0) l..l, fields in their own bits
        list = d->raw & 0xffff;
    } else if (d->row->set == ISA_T16) {
        list |= dis_field(d, 'M') << 14 | dis_field(d, 'P') << 15;
    } else {
        list = d->raw & 0xffff;
    }
    d->unknown |= list == 0; // UNPREDICTABLE
    dis_put(d, "{");
    const char *comma = "";
    for (unsigned r = 0; r < 16; r++) {
        if (list >> r & 1) {
            dis_put(d, "%s%s", comma, dis_reg(r));
            comma = ", ";
        }
    }
    dis_put(d, "}");
}

// IA is the default of LDM and STM, and spelt for SRS and RFE.
static void tag_amode(struct dis *d)
{
    static const char modes[4][3] = {"da", "ia", "db", "ib"};
    unsigned mode = dis_field(d, 'P') << 1 | dis_field(d, 'U');
    bool implied = d->row->name[1] == 'D' || d->row->name[1] == 'T'; // LDM, STM
    if (!implied || mode != 1) {
        dis_put(d, "%s", modes[mode]);
    }
}

// ---- conditions -------------------------------------------------------------------------------------------

static void tag_c(struct dis *d)
{
    if (d->set == ISA_A32) {
        uint32_t cond = d->raw >> 28;
        dis_put(d, "%s", cond < 14 && d->row->picture[0] == 'c' ? dis_cond(cond) : "");
    } else if (d->itstate) {
        dis_put(d, "%s", dis_cond(d->itstate >> 4));
    }
}

static void tag_k(struct dis *d)
{
    unsigned k = dis_field(d, 'k');
    if (d->itstate && strncmp(d->row->name, "B_cond", 6) == 0) {
        k = d->itstate >> 4; // UNPREDICTABLE; the block's condition is shown
    }
    if (k == 15 || (k == 14 && strcmp(d->row->name, "IT") != 0)) {
        d->unknown = true;
    }
    dis_put(d, "%s", k == 14 ? "al" : dis_cond(k));
}

// The t and e letters of IT.
static void tag_xyz(struct dis *d)
{
    uint32_t first = dis_field(d, 'k') & 1, mask = dis_field(d, 'm');
    if (mask == 0) {
        d->unknown = true;
        return;
    }
    for (unsigned bit_ = 3; bit_ > (unsigned)__builtin_ctz(mask); bit_--) {
        dis_put(d, "%c", (mask >> bit_ & 1) == first ? 't' : 'e');
    }
}

// ---- system -----------------------------------------------------------------------------------------------

static void tag_psr(struct dis *d)
{
    dis_put(d, "%s", dis_field(d, 'R') ? "spsr" : "apsr");
}

static void tag_psrmask(struct dis *d)
{
    uint32_t mask = dis_field(d, 'k');
    if (!dis_field(d, 'R') && (mask & 3) == 0 && mask != 0) {
        dis_put(d, "apsr_%s%s", mask & 8 ? "nzcvq" : "", mask & 4 ? "g" : "");
        return;
    }
    dis_put(d, "%s", dis_field(d, 'R') ? "spsr" : "cpsr");
    dis_put(d, "%s%s%s%s%s", mask ? "_" : "", mask & 8 ? "f" : "", mask & 4 ? "s" : "",
            mask & 2 ? "x" : "", mask & 1 ? "c" : "");
}

static void tag_banked(struct dis *d)
{
    static const char names[32][9] = {
        "r8_usr", "r9_usr", "r10_usr", "r11_usr", "r12_usr", "sp_usr", "lr_usr", "",
        "r8_fiq", "r9_fiq", "r10_fiq", "r11_fiq", "r12_fiq", "sp_fiq", "lr_fiq", "",
        "lr_irq", "sp_irq", "lr_svc", "sp_svc", "lr_abt", "sp_abt", "lr_und", "sp_und",
        "", "", "", "", "lr_mon", "sp_mon", "elr_hyp", "sp_hyp",
    };
    // The field gathers M1 and M:m in the picture's order; the number is m<4>:m<3:0> of the manual.
    uint32_t raw = d->raw, n;
    if (d->row->set == ISA_A32) {
        n = bits(raw, 19, 16) | bit(raw, 8) << 4;
    } else {
        bool to_psr = strcmp(d->row->name, "MSR_banked") == 0;
        n = (to_psr ? bits(raw, 11, 8) : bits(raw, 19, 16)) | bit(raw, 4) << 4;
    }
    if (dis_field(d, 'R')) {
        const char *spsr = n == 14   ? "spsr_fiq"
                           : n == 16 ? "spsr_irq"
                           : n == 18 ? "spsr_svc"
                           : n == 20 ? "spsr_abt"
                           : n == 22 ? "spsr_und"
                           : n == 28 ? "spsr_mon"
                           : n == 30 ? "spsr_hyp"
                                     : "";
        d->unknown |= !*spsr;
        dis_put(d, "%s", spsr);
        return;
    }
    d->unknown |= !*names[n];
    dis_put(d, "%s", names[n]);
}

static void tag_barrier(struct dis *d)
{
    static const char names[16][6] = {"", "oshld", "oshst", "osh", "", "nshld", "nshst", "nsh",
                                      "", "ishld", "ishst", "ish", "", "ld", "st", "sy"};
    uint32_t o = dis_field(d, 'o');
    bool isb = strcmp(d->row->name, "ISB") == 0;
    bool later = (o & 3) == 1; // load barriers came with ARMv8
    if (isb ? o == 15 : *names[o] && (!later || d->flags & DISASM_LATER)) {
        dis_put(d, "%s", names[o]);
    } else {
        dis_unsigned(d, o);
    }
}

static void tag_endian(struct dis *d)
{
    dis_put(d, "%s", dis_field(d, 'E') ? "be" : "le");
}

// CPS: effect, flags and mode. T16 has only effect and flags.
static void tag_cps(struct dis *d)
{
    bool t16 = d->row->set == ISA_T16;
    uint32_t effect = t16 ? 2 | dis_field(d, 'M') : dis_field(d, 'o');
    bool change_mode = !t16 && dis_field(d, 'M');
    if (!t16 && effect < 2 && !change_mode) {
        d->unknown = true; // A32: UNPREDICTABLE; T32: the hints
        return;
    }
    if (effect >= 2) {
        bool a = dis_field(d, 'A'), i = dis_field(d, 'I'), f = dis_field(d, 'F');
        bool wide = d->row->set == ISA_T32 && !change_mode;
        dis_put(d, "%s%s %s%s%s", effect == 2 ? "ie" : "id", wide ? ".w" : "", a ? "a" : "",
                i ? "i" : "", f ? "f" : "");
        if (!a && !i && !f) {
            dis_put(d, "none");
        }
        if (change_mode) {
            dis_put(d, ", ");
        }
    } else {
        dis_put(d, " ");
    }
    if (change_mode) {
        dis_unsigned(d, dis_field(d, 'm'));
    }
}

static void tag_p(struct dis *d)
{
    dis_put(d, "p%u", dis_field(d, 'p'));
}

static void tag_x(struct dis *d)
{
    dis_put(d, "%c", dis_field(d, 'N') ? 't' : 'b');
}

static void tag_y(struct dis *d)
{
    dis_put(d, "%c", dis_field(d, 'M') ? 't' : 'b');
}

static void tag_tb(struct dis *d)
{
    dis_put(d, "%s", dis_field(d, 'T') ? "tb" : "bt");
}

static void tag_Rd_apsr(struct dis *d)
{
    uint32_t rd = dis_field(d, 'd');
    dis_put(d, "%s", rd == 15 ? "apsr_nzcv" : dis_reg(rd));
}

static const struct {
    const char *name;
    tag_fn *fn;
} tags[] = {
    {"c", tag_c},                       // condition
    {"k", tag_k},                       // condition field
    {"xyz", tag_xyz},                   // IT's letters
    {"const", tag_const},               // A32 modified immediate
    {"tconst", tag_tconst},             // T32 modified immediate
    {"shift", tag_shift},               // ", lsr #3" from t, i
    {"tshift", tag_tshift},             // the same from t, j
    {"type", tag_type},                 // shift name
    {"#shift", tag_shift_count},        // count of a shift instruction (i)
    {"#tshift", tag_tshift_count},      // (j)
    {"rotation", tag_rotation},         // ", ror #8"
    {"pkhshift", tag_pkhshift},         // PKHBT, PKHTB
    {"satshift", tag_satshift},         // SSAT, USAT
    {"lsl_j", tag_lsl_j},               // ", lsl #j"
    {"#bfw", tag_bfw},                  // width of BFI
    {"#ji", tag_ji},                    // MOVW in T32
    {"mem_imm", tag_mem_imm},           // P U W addressing with i
    {"mem_imm*4", tag_mem_imm4},        // words
    {"mem_reg", tag_mem_reg},           // P U W addressing with a register
    {"mem_off_imm", tag_mem_off_imm},   // [Rn, #i] by U
    {"mem_off_reg", tag_mem_off_reg},
    {"mem_post_imm", tag_mem_post_imm}, // [Rn], #i by U
    {"mem_post_reg", tag_mem_post_reg},
    {"mem_cp", tag_mem_cp},             // LDC, STC
    {"off*1", tag_off1},                // ", #i" unless 0
    {"off*2", tag_off2},
    {"off*4", tag_off4},
    {"off-*1", tag_off_minus},          // ", #-i"
    {"lit", tag_lit},                   // PC-relative distance
    {"lit-", tag_lit_minus},
    {"lit*4", tag_lit4},                // [pc, #i*4], or the distance for ADR
    {"litU", tag_litU},                 // [pc, #i] by U
    {"label", tag_label},               // branch target
    {"half", tag_half},
    {"list", tag_list},                 // core register list
    {"amode", tag_amode},               // ia ib da db
    {"psr", tag_psr},
    {"psrmask", tag_psrmask},
    {"banked", tag_banked},
    {"barrier", tag_barrier},
    {"endian", tag_endian},
    {"cps", tag_cps},
    {"p", tag_p},                       // coprocessor number
    {"x", tag_x},                       // half of the first factor
    {"y", tag_y},                       // half of the second
    {"tb", tag_tb},                     // PKH form
    {"Rd_apsr", tag_Rd_apsr},           // MRC to r15
};

static bool is(const char *tag, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(tag, what, n) == 0;
}

// <#i>, <#i+1>, <#i*4>, <Rd>, <Rd+1>, <CRn>.
static bool pattern_tag(struct dis *d, const char *tag, size_t n)
{
    if (tag[0] == '#' && (n == 2 || (n == 4 && (tag[2] == '+' || tag[2] == '*')))) {
        uint32_t v = dis_field(d, tag[1]);
        if (n == 4) {
            uint32_t k = (uint32_t)(tag[3] - '0');
            v = tag[2] == '+' ? v + k : v * k;
        }
        dis_unsigned(d, v);
        return true;
    }
    if (tag[0] == 'R' && (n == 2 || (n == 4 && tag[2] == '+'))) {
        dis_put(d, "%s", dis_reg(dis_field(d, tag[1]) + (n == 4 ? (unsigned)(tag[3] - '0') : 0)));
        return true;
    }
    if (n == 3 && tag[0] == 'C' && tag[1] == 'R') {
        dis_put(d, "c%u", dis_field(d, tag[2]));
        return true;
    }
    return false;
}

bool dis_integer_tag(struct dis *d, const char *tag, size_t n)
{
    for (unsigned k = 0; k < ARRAY_LEN(tags); k++) {
        if (is(tag, n, tags[k].name)) {
            tags[k].fn(d);
            return true;
        }
    }
    return pattern_tag(d, tag, n);
}
