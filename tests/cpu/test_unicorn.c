// SPDX-License-Identifier: MIT
//
// Differential test against libunicorn: random straight-line code from the instruction tables runs on
// both, and registers, flags and memory must agree after each block. Every row of a32, t16 and t32 takes
// part unless `excluded` below says why not; the test fails when a row that should take part never
// ran. YAMATO_LONG=N multiplies the amount, YAMATO_SEED=N changes the sequence.
#include "tests/cpu/rig.h"

#include <unicorn/unicorn.h>

#include "cpu/isa.h"
#include "cpu/interp.h"
#include "cpu/code.h"
#include "cpu/models.h"

enum { CODE = 0x10000, DATA = 0x20000, DATA_BYTES = 0x2000, MIDDLE = DATA + DATA_BYTES / 2 };
enum { BLOCK_INSNS = 24, BLOCK_BYTES = 4 * BLOCK_INSNS * 4 };

// Rows that do not run here, with the reason.
static const struct {
    const char *name, *why;
} excluded[] = {
    // changes of privilege, mode or state that unicorn has no kernel for; tests of their own
    {"SVC", "exception"}, {"SMC", "exception"}, {"HVC", "exception"}, {"BKPT", "exception"},
    {"UDF", "exception"}, {"ERET", "exception return"}, {"SUBS_PC_LR", "exception return"},
    {"RFE", "exception return"}, {"RFE_db", "exception return"}, {"RFE_ia", "exception return"},
    {"SRS", "banked stack"}, {"SRS_db", "banked stack"}, {"SRS_ia", "banked stack"},
    {"LDM_exc", "exception return"}, {"LDM_user", "banked registers"},
    {"STM_user", "banked registers"}, {"MRS", "system"}, {"MRS_banked", "system"},
    {"MSR_banked", "system"}, {"MSR_reg", "system"}, {"MSR_imm", "system"}, {"CPS", "system"},
    {"SETEND", "endianness of unicorn's memory interface"}, {"WFI", "waits"}, {"WFE", "waits"},
    {"MCR", "system"}, {"MRC", "system"}, {"MCRR", "system"}, {"MRRC", "system"},
    {"CDP", "undefined"}, {"LDC", "undefined"}, {"STC", "undefined"}, {"CDP2", "undefined"},
    {"MCR2", "undefined"}, {"MRC2", "undefined"}, {"MCRR2", "undefined"}, {"MRRC2", "undefined"},
    {"LDC2", "undefined"}, {"STC2", "undefined"}, {"ENTERX", "undefined"},
    {"YIELD", "unicorn stops with an exception of its own"},  {"BLX_suffix", "before Thumb-2"}, {"BL_prefix", "before Thumb-2"},
    {"BL_suffix", "before Thumb-2"},
    // control flow that leaves the block; test_branch.c
    {"BX", "register branch"}, {"BXJ", "register branch"}, {"BLX_reg", "register branch"},
    {"BLX_imm", "changes instruction set"}, {"TBB", "table branch"}, {"TBH", "table branch"},
};

static const char *why_excluded(const struct isa_row *row, uint64_t features)
{
    if (!strncmp(row->name, "SWP", 3) && ISA_HAS(features, V7)) {
        return "UNDEFINED on ARMv7 unless enabled";
    }
    for (size_t k = 0; k < ARRAY_LEN(excluded); k++) {
        if (!strcmp(excluded[k].name, row->name)) {
            return excluded[k].why;
        }
    }
    return NULL;
}

// ---- random numbers ----------------------------------------------------------------------------------

struct rng {
    uint64_t s;
};

static uint32_t rnd(struct rng *g)
{
    g->s ^= g->s << 13;
    g->s ^= g->s >> 7;
    g->s ^= g->s << 17;
    return (uint32_t)(g->s >> 16);
}

// Values that matter: corners as often as anything.
static uint32_t rnd_value(struct rng *g)
{
    static const uint32_t corners[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fff, 0x8000,
                                       0xffff, 0x10000, 0xff, 0x80, 0x7f, 32, 31, 33, 0x00ff00ff};
    uint32_t v = rnd(g);
    return rnd(g) % 3 ? v : corners[v % ARRAY_LEN(corners)];
}

// ---- generator -----------------------------------------------------------------------------------------

struct gen {
    struct rng rng;
    struct rig *rig;
    uint8_t code[BLOCK_BYTES];
    unsigned bytes;
    bool thumb;
    const struct isa_row *rows[3][512]; // candidates by set
    unsigned count[3];
    unsigned long *ran; // per row
    unsigned long insns;
    bool thumb2;
    bool aligned; // old cores: unicorn does not rotate unaligned words
};

// What runs here, and what unicorn calls it.
static const struct model {
    const char *name;
    int uc;
    uint32_t psr; // flag bits that it has
} models[] = {
    {"cortex-a15", UC_CPU_ARM_CORTEX_A15, 0xf80f0000}, {"cortex-a8", UC_CPU_ARM_CORTEX_A8, 0xf80f0000},
    {"arm1176", UC_CPU_ARM_1176, 0xf80f0000},          {"arm1136", UC_CPU_ARM_1136, 0xf80f0000},
    {"arm926", UC_CPU_ARM_926, 0xf8000000},            {"arm920t", UC_CPU_ARM_TI925T, 0xf0000000},
};

static void emit16(struct gen *g, uint32_t v)
{
    put_le16(g->code + g->bytes, (uint16_t)v);
    g->bytes += 2;
}

static void emit(struct gen *g, uint32_t raw, bool wide)
{
    if (!g->thumb) {
        put_le32(g->code + g->bytes, raw);
        g->bytes += 4;
    } else if (wide) {
        emit16(g, raw >> 16);
        emit16(g, raw & 0xffff);
    } else {
        emit16(g, raw);
    }
}

static bool has(const struct isa_row *row, char letter)
{
    return strchr(row->picture, letter) != NULL;
}

static uint32_t put(const struct isa_row *row, uint32_t raw, char letter, uint32_t v)
{
    for (unsigned k = row->segs; k--;) {
        const struct isa_seg *s = &row->seg[k];
        if (s->letter == (uint8_t)letter) {
            raw = bits_put(raw, s->lo + s->width - 1u, s->lo, v);
            v >>= s->width;
        }
    }
    return raw;
}

static bool is_name(const struct isa_row *row, const char *prefix)
{
    return !strncmp(row->name, prefix, strlen(prefix));
}

static bool is_branch(const struct isa_row *row)
{
    return !strcmp(row->name, "B") || !strcmp(row->name, "BL") || !strcmp(row->name, "B_cond") ||
           !strcmp(row->name, "CBZ");
}

static bool is_memory(const struct isa_row *row)
{
    return is_name(row, "LDR") || is_name(row, "STR") || is_name(row, "LDM") || is_name(row, "STM") ||
           is_name(row, "SWP") || !strcmp(row->name, "PUSH") || !strcmp(row->name, "POP");
}

// MOV of a 32-bit constant. Before Thumb-2 in pieces; there it may change flags, for both alike.
static void load_constant(struct gen *g, unsigned reg, uint32_t v)
{
    if (!g->thumb2 && g->thumb) {
        unsigned low = reg < 8 ? reg : 7;
        emit16(g, 0x2000 | low << 8 | v >> 24);
        for (unsigned k = 16; k < 32; k -= 8) {
            emit16(g, 0x0200 | low << 3 | low);                  // lsls #8
            emit16(g, 0x3000 | low << 8 | (v >> k & 0xff));      // adds
            g->insns += 2;
        }
        if (reg >= 8) {
            emit16(g, 0x4600 | (reg & 8) << 4 | low << 3 | (reg & 7));
        }
        return;
    }
    if (!g->thumb2) {
        for (unsigned k = 0; k < 4; k++) { // mov, orr, orr, orr
            emit(g, (k ? 0xe3800000 | reg << 16 : 0xe3a00000) | reg << 12 | ((16 - 4 * k) & 15) << 8 |
                        (v >> (8 * k) & 0xff), false);
        }
        g->insns += 4;
        return;
    }
    if (g->thumb) {
        emit(g, 0xf2400000 | (v << 4 & 0xf0000) | (v << 15 & 0x04000000) | (v << 4 & 0x7000) |
                    reg << 8 | (v & 0xff), true);
        v >>= 16;
        emit(g, 0xf2c00000 | (v << 4 & 0xf0000) | (v << 15 & 0x04000000) | (v << 4 & 0x7000) |
                    reg << 8 | (v & 0xff), true);
    } else {
        emit(g, 0xe3000000 | (v << 4 & 0xf0000) | reg << 12 | (v & 0xfff), false);
        v >>= 16;
        emit(g, 0xe3400000 | (v << 4 & 0xf0000) | reg << 12 | (v & 0xfff), false);
    }
    g->insns += 2;
}

// The decoder's word on it: UNDEFINED and most UNPREDICTABLE encodings never get out of here.
static bool decodes(struct gen *g, const struct isa_row *row, uint32_t raw, uint8_t it)
{
    struct insn i;
    memset(&i, 0, sizeof i);
    i.wide = row->set == ISA_T32;
    i.it = it;
    decode_insn(g->rig->cpu, &i, raw, g->thumb, true);
    return i.row == (uint32_t)(row - isa_rows) && (i.it || i.fn != op_undefined) &&
           i.body.op != op_undefined;
}

static bool register_ok(struct gen *g, const struct isa_row *row, char letter, unsigned r)
{
    if (r == 15) {
        // A32 data processing may read the PC.
        return row->set == ISA_A32 && (letter == 'n' || letter == 'm') &&
               strstr(row->picture, "t") && !has(row, 's') && !is_memory(row) && has(row, 'S') &&
               !is_name(row, "SSAT") && !is_name(row, "USAT");
    }
    return !(r == 13 && g->thumb && row->set == ISA_T32);
}

static bool registers_ok(struct gen *g, const struct isa_row *row, uint32_t raw)
{
    static const char letters[] = "dnmsae";
    for (const char *l = letters; *l; l++) {
        if (!has(row, *l) || (*l == 'd' && row->set == ISA_T16 && is_name(row, "ADD_sp"))) {
            continue;
        }
        if ((*l == 's' || *l == 'a' || *l == 'e') && row->set == ISA_T16) {
            continue;
        }
        if (!register_ok(g, row, *l, isa_field(row, raw, *l))) {
            return false;
        }
    }
    return true;
}

// Base and index registers of a memory instruction get useful values first; false to give it up.
static bool prepare_memory(struct gen *g, const struct isa_row *row, uint32_t *raw)
{
    bool multiple = is_name(row, "LDM") || is_name(row, "STM") || !strcmp(row->name, "PUSH") ||
                    !strcmp(row->name, "POP");
    bool dual = is_name(row, "LDRD") || is_name(row, "STRD");
    bool exclusive = is_name(row, "LDREX") || is_name(row, "STREX");
    bool sp = !has(row, 'n') && !strstr(row->name, "lit");
    unsigned base = sp ? 13 : isa_field(row, *raw, 'n'), rd = isa_field(row, *raw, 'd');
    uint32_t at = MIDDLE + (rnd(&g->rng) & 0xff);
    if (g->aligned) {
        at &= ~7u;
        *raw = has(row, 'i') && row->set == ISA_A32 && !has(row, 'm')
                   ? put(row, *raw, 'i', isa_field(row, *raw, 'i') & (dual ? ~7u : ~3u)) : *raw;
    }
    if (is_name(row, "SWP") && (rd == base || isa_field(row, *raw, 'm') == base)) {
        return false; // UNPREDICTABLE
    }
    if (strstr(row->name, "lit")) {
        return true; // reads code, which is the same on both sides
    }
    if (base == 15) {
        return false;
    }
    if (multiple) {
        uint32_t list = row->set == ISA_T16 ? (*raw & 0xff) : (*raw & 0xffff);
        if (row->set == ISA_A32) {
            *raw &= 0xffff7fff; // PC: a branch
            list &= 0x7fff;
        }
        if (row->set == ISA_T32) {
            *raw &= 0xffff5fff;
            list &= 0x5fff;
        }
        if (row->set == ISA_T16 && !strcmp(row->name, "POP")) {
            *raw &= ~0x100u;
        }
        if (!list) {
            return false;
        }
        bool wb = sp || (row->set == ISA_A32 ? *raw >> 21 & 1 : row->set == ISA_T32 ? *raw >> 21 & 1 : 1);
        if (wb && list >> base & 1) {
            return false; // UNPREDICTABLE, or the lowest-register rule that a unit test has
        }
    }
    if (multiple || dual || exclusive || sp) {
        at &= ~7u;
    }
    if (dual && row->set == ISA_A32 && has(row, 'i')) {
        *raw = put(row, *raw, 'i', isa_field(row, *raw, 'i') & (g->aligned ? ~7u : ~3u));
    }
    bool writes_back = has(row, 'W') ? isa_field(row, *raw, 'W') || !isa_field(row, *raw, 'P')
                                     : strchr(row->name, 'T') && strchr(row->name, '_') &&
                                           row->set == ISA_A32 && !has(row, 'P');
    unsigned second = has(row, 'e') ? isa_field(row, *raw, 'e') : dual ? rd + 1 : rd;
    if (!multiple && writes_back && (base == rd || base == second)) {
        return false; // UNPREDICTABLE
    }
    if (row->set == ISA_A32 && has(row, 'P') && !isa_field(row, *raw, 'P') && isa_field(row, *raw, 'W')) {
        return false; // that is LDRT and so on
    }
    if (has(row, 'm') && !exclusive && !is_name(row, "SWP")) {
        unsigned index = isa_field(row, *raw, 'm');
        if (index == base || (dual && (index == rd || index == rd + 1)) || index == 15 ||
            (writes_back && index == rd)) {
            return false;
        }
        uint32_t v = rnd(&g->rng) & (dual ? 0x38 : g->aligned ? 0x3c : 0x3f);
        unsigned type = isa_field(row, *raw, 't'), n = isa_field(row, *raw, 'i');
        if (has(row, 't')) { // shifted offset: keep it small
            v = type == 0 ? v >> (n & 3) : type == 1 ? v << (n < 24 ? n : 0) : v;
            if (type == 0 && n > 4) {
                *raw = put(row, *raw, 'i', n & 3);
            }
            if (type == 3 || (type == 2 && g->aligned)) {
                v = 0;
                if (!n) {
                    return false; // RRX of the carry reaches far
                }
            }
        }
        load_constant(g, index, v);
    }
    load_constant(g, base, at);
    if (is_name(row, "STREX")) {
        // A load of another size in front is UNPREDICTABLE: pair it, or clear the monitor.
        char twin[16] = "LDREX";
        strncat(twin, row->name + 5, sizeof twin - 6);
        bool pair = !strcmp(row->name, "STREXD");
        unsigned into = isa_field(row, *raw, 'm');
        unsigned next = !pair ? 16 : row->set == ISA_A32 ? into + 1 : isa_field(row, *raw, 'e');
        const struct isa_row *load = NULL;
        for (unsigned k = 0; k < g->count[row->set]; k++) {
            if (!strcmp(g->rows[row->set][k]->name, twin)) {
                load = g->rows[row->set][k];
            }
        }
        if (!g->thumb2 && (!load || into == base || next == base || into == next)) {
            return false;
        }
        if (g->thumb2 &&
            (!load || into == base || next == base || into == next || rnd(&g->rng) % 2)) {
            emit(g, g->thumb ? 0xf3bf8f2f : 0xf57ff01f, true);
        } else {
            uint32_t word = load->value | load->sb_value;
            word = put(load, word, 'c', 14);
            word = put(load, word, 'n', base);
            word = put(load, word, 'd', into);
            word = put(load, word, 'e', next);
            word = put(load, word, 'i', isa_field(row, *raw, 'i'));
            emit(g, word, true);
        }
        g->insns++;
    }
    return true;
}

// A branch over 0 to 2 instructions of 4 bytes: emitted together with them.
static bool emit_branch(struct gen *g, const struct isa_row *row, uint32_t raw)
{
    unsigned skip = g->thumb && !g->thumb2 ? 0 : rnd(&g->rng) % 3;
    uint32_t bytes = (row->set == ISA_T16 ? 2 : 4) + 4 * skip;
    uint32_t from_pc = bytes - (g->thumb ? 4 : 8);
    if (row->set == ISA_T16 && !strcmp(row->name, "CBZ")) {
        if ((int32_t)from_pc < 0) {
            return false;
        }
        raw = put(row, raw, 'i', from_pc >> 1);
    } else if (row->set == ISA_T16) {
        raw = put(row, raw, 'i', from_pc >> 1);
    } else if (row->set == ISA_A32) {
        raw = put(row, raw, 'i', from_pc >> 2);
    } else {
        uint32_t s = from_pc >> 31, v = from_pc >> 1;
        raw = put(row, raw, 'S', s);
        raw = put(row, raw, 'j', v);
        raw = put(row, raw, 'i', v >> 11);
        // J1, J2: not (I eor S), all equal for short distances; B<c> has them plain.
        bool cond = !strcmp(row->name, "B_cond");
        raw = put(row, raw, 'J', cond ? s : 1);
        raw = put(row, raw, 'K', cond ? s : 1);
    }
    if (!decodes(g, row, raw, 0)) {
        return false;
    }
    emit(g, raw, row->set == ISA_T32);
    for (unsigned k = 0; k < skip; k++) { // adds r0, r0, #k+1
        if (g->thumb) {
            emit(g, 0xf1100001 + k, true);
        } else {
            emit(g, 0xe2900001 + k, false);
        }
    }
    g->insns += 1 + skip;
    return true;
}

static void emit_random(struct gen *g, uint8_t it);

static void emit_it_block(struct gen *g)
{
    uint32_t it = 0xbf00 | (rnd(&g->rng) % 15) << 4 | (1 + rnd(&g->rng) % 15);
    uint32_t cond = it >> 4 & 15;
    if (cond == 14 && (it & (it - 1) & 15)) {
        return; // AL with an else: UNPREDICTABLE
    }
    emit16(g, it);
    g->insns++;
    for (uint8_t state = (uint8_t)it; state; state = it_advance(state)) {
        emit_random(g, state);
    }
}

// One instruction of a random row, with what it needs in front. Within an IT block exactly one.
static void emit_random(struct gen *g, uint8_t it)
{
    for (;;) {
        unsigned set = !g->thumb ? 0 : 1 + (g->thumb2 ? rnd(&g->rng) % 2 : 0);
        const struct isa_row *row = g->rows[set][rnd(&g->rng) % g->count[set]];
        uint32_t free_bits = ~(row->mask | row->sb_mask) & (row->set == ISA_T16 ? 0xffff : ~0u);
        uint32_t raw = row->value | row->sb_value | (rnd(&g->rng) & free_bits);
        for (unsigned k = 0; k < 32; k++) { // "x" bits carry nothing: zero
            if (row->picture[0] && k < strlen(row->picture) && row->picture[k] == 'x') {
                raw &= ~(1u << (strlen(row->picture) - 1 - k));
            }
        }
        if (row->set == ISA_A32 && has(row, 'c')) {
            raw = put(row, raw, 'c', rnd(&g->rng) % 3 ? 14 : rnd(&g->rng) % 15);
        }
        bool is_it = !strcmp(row->name, "IT"), literal = strstr(row->name, "lit");
        if (it && (is_it || is_branch(row) || (is_memory(row) && !literal))) {
            continue; // memory needs its pointer set up, branches may only be last
        }
        if (it && !strcmp(row->name, "ISB")) {
            // Unicorn forgets ITSTATE behind an ISB. DDI 0406C A2.5.2: ITSTATE advances normally
            // with every instruction but IT itself and branches.
            continue;
        }
        if (is_it) {
            emit_it_block(g);
            g->ran[row - isa_rows]++;
            return;
        }
        if (!registers_ok(g, row, raw)) {
            continue;
        }
        if (is_branch(row)) {
            if (!emit_branch(g, row, raw)) {
                continue;
            }
            g->ran[row - isa_rows]++;
            return;
        }
        if (!decodes(g, row, raw, it)) {
            continue;
        }
        unsigned before = g->bytes;
        if (is_memory(row) && (!prepare_memory(g, row, &raw) || !decodes(g, row, raw, it))) {
            g->bytes = before;
            continue;
        }
        if (is_name(row, "BFI") || is_name(row, "BFC")) {
            if (isa_field(row, raw, 'w') < isa_field(row, raw, 'j')) {
                continue; // UNPREDICTABLE
            }
        }
        if ((is_name(row, "UBFX") || is_name(row, "SBFX")) &&
            isa_field(row, raw, 'w') + isa_field(row, raw, 'j') > 31) {
            continue; // UNPREDICTABLE
        }
        emit(g, raw, row->set == ISA_T32);
        g->insns++;
        g->ran[row - isa_rows]++;
        return;
    }
}

static void make_block(struct gen *g, bool thumb)
{
    g->thumb = thumb;
    g->bytes = 0;
    if (g->thumb2) {
        emit(g, thumb ? 0xf3bf8f2f : 0xf57ff01f, true); // CLREX: what ran before does not matter
    }
    while (g->bytes < BLOCK_INSNS * 4 - 40) {
        emit_random(g, 0);
    }
}

// ---- the two machines ---------------------------------------------------------------------------------

struct pair {
    struct rig rig;
    uc_engine *uc;
    uint8_t *uc_ram;
};

struct regs {
    uint32_t r[16], psr;
};

static const int uc_regs[17] = {
    UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R4, UC_ARM_REG_R5,
    UC_ARM_REG_R6, UC_ARM_REG_R7, UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_CPSR,
};

static void pair_init(struct pair *p, const struct model *model)
{
    rig_init(&p->rig, model->name);
    if (ISA_HAS(p->rig.cpu->features, V7)) {
        rig_mmu_on(&p->rig); // normal memory, for unaligned accesses
    }
    assert_int_equal(uc_open(UC_ARCH_ARM, UC_MODE_ARM, &p->uc), UC_ERR_OK);
    uc_ctl_set_cpu_model(p->uc, model->uc);
    p->uc_ram = aligned_alloc(4096, RIG_RAM);
    assert_non_null(p->uc_ram);
    memcpy(p->uc_ram, p->rig.ram, RIG_RAM);
    assert_int_equal(uc_mem_map_ptr(p->uc, 0, RIG_RAM, UC_PROT_ALL, p->uc_ram), UC_ERR_OK);
}

static void pair_fini(struct pair *p)
{
    uc_close(p->uc);
    free(p->uc_ram);
    rig_fini(&p->rig);
}

static void load(struct pair *p, const struct regs *in)
{
    void *ptr[17];
    struct regs copy = *in;
    cpu_set(p->rig.cpu, CPU_CPSR, in->psr); // first: the mode chooses r13 and r14
    for (unsigned k = 0; k < 16; k++) {
        cpu_set(p->rig.cpu, (enum cpu_reg)k, in->r[k]);
        ptr[k] = &copy.r[k];
    }
    // The PC's bit 0 would be Thumb state to unicorn; the order CPSR, PC matters there.
    copy.r[15] |= in->psr >> 5 & 1;
    uc_reg_write(p->uc, UC_ARM_REG_CPSR, &copy.psr);
    uc_reg_write_batch(p->uc, (int *)(uintptr_t)uc_regs, ptr, 16);
}

static void read_mine(struct pair *p, struct regs *out)
{
    for (unsigned k = 0; k < 16; k++) {
        out->r[k] = cpu_get(p->rig.cpu, (enum cpu_reg)k);
    }
    out->psr = cpu_get(p->rig.cpu, CPU_CPSR) & 0xfe0ffc20;
}

static void read_theirs(struct pair *p, struct regs *out)
{
    void *ptr[17];
    for (unsigned k = 0; k < 16; k++) {
        ptr[k] = &out->r[k];
    }
    ptr[16] = &out->psr;
    uc_reg_read_batch(p->uc, (int *)(uintptr_t)uc_regs, ptr, 17);
    out->psr &= 0xfe0ffc20;
}

static bool same(const struct regs *a, const struct regs *b)
{
    return !memcmp(a, b, sizeof *a);
}

static void put_code(struct pair *p, const uint8_t *code, unsigned bytes, bool thumb)
{
    static const uint8_t loop_a32[4] = {0xfe, 0xff, 0xff, 0xea}, loop_t16[4] = {0xfe, 0xe7, 0xfe, 0xe7};
    memcpy(p->rig.ram + CODE, code, bytes);
    memcpy(p->rig.ram + CODE + bytes, thumb ? loop_t16 : loop_a32, 4);
    cpu_ram_written(p->rig.cpu, CODE, bytes + 4);
    memcpy(p->uc_ram + CODE, p->rig.ram + CODE, bytes + 4);
    uc_ctl_remove_cache(p->uc, CODE, CODE + BLOCK_BYTES + 64);
}

// Runs growing prefixes of the block to name the first instruction after which the two differ.
static void explain(struct pair *p, const struct gen *g, const struct regs *in, const uint8_t *data)
{
    struct regs mine, theirs, from = *in;
    uint32_t last = 0, last_raw = 0;
    uint8_t it = 0;
    printf("block of %u bytes, %s\n", g->bytes, g->thumb ? "Thumb" : "ARM");
    for (unsigned at = 0; at < g->bytes;) {
        uint32_t raw = get_le32(g->code + at);
        unsigned size = 4;
        if (g->thumb && !isa_t32_first((uint16_t)raw, p->rig.cpu->features)) {
            size = 2;
            raw &= 0xffff;
        } else if (g->thumb) {
            raw = raw << 16 | raw >> 16;
        }
        it = it ? it_advance(it) : size == 2 && (raw & 0xff00) == 0xbf00 && raw & 15 ? (uint8_t)raw : 0;
        at += size;
        last = at - size;
        last_raw = raw;
        if (it) {
            continue;
        }
        memcpy(p->rig.ram + DATA, data, DATA_BYTES);
        memcpy(p->uc_ram + DATA, data, DATA_BYTES);
        put_code(p, g->code, at, g->thumb);
        load(p, in);
        cpu_run(p->rig.cpu, BLOCK_BYTES / 2 + 8);
        uc_err e = uc_emu_start(p->uc, CODE | g->thumb, CODE + at, 0, BLOCK_BYTES / 2);
        read_mine(p, &mine);
        read_theirs(p, &theirs);
        bool memory = memcmp(p->rig.ram + DATA, p->uc_ram + DATA, DATA_BYTES);
        if (e || !same(&mine, &theirs) || memory) {
            enum isa_set set = !g->thumb ? ISA_A32 : size == 4 ? ISA_T32 : ISA_T16;
            const struct isa_row *row = isa_find(set, last_raw, p->rig.cpu->features, NULL, NULL);
            printf("  +%x: %08x %s unicorn error %d%s\n", last, last_raw, row ? row->name : "?", e,
                   memory ? ", memory" : "");
            for (unsigned r = 0; r < 17; r++) {
                uint32_t a = r < 16 ? mine.r[r] : mine.psr, b = r < 16 ? theirs.r[r] : theirs.psr;
                if (a != b) {
                    printf("    r%u before %08x mine %08x unicorn %08x\n", r,
                           r < 16 ? from.r[r] : from.psr, a, b);
                }
            }
            return;
        }
        from = mine;
    }
    printf("  no difference in prefixes\n");
}

static bool run_block(struct pair *p, struct gen *g, bool thumb, uint32_t psr)
{
    uint8_t data[DATA_BYTES];
    struct regs in, mine, theirs;
    make_block(g, thumb);
    for (unsigned k = 0; k < 15; k++) {
        in.r[k] = rnd_value(&g->rng);
    }
    in.r[15] = CODE;
    in.psr = (rnd(&g->rng) & psr) | 0x10 | (thumb ? 0x20u : 0);
    memcpy(data, p->rig.ram + DATA, DATA_BYTES);
    put_code(p, g->code, g->bytes, thumb);
    load(p, &in);
    cpu_run(p->rig.cpu, BLOCK_BYTES / 2 + 8);
    uc_err e = uc_emu_start(p->uc, CODE | thumb, CODE + g->bytes, 0, 0);
    read_mine(p, &mine);
    read_theirs(p, &theirs);
    if (e == UC_ERR_OK && same(&mine, &theirs) &&
        !memcmp(p->rig.ram + DATA, p->uc_ram + DATA, DATA_BYTES)) {
        return true;
    }
    explain(p, g, &in, data);
    memcpy(p->uc_ram + DATA, p->rig.ram + DATA, DATA_BYTES);
    cpu_set(p->rig.cpu, CPU_CPSR, 0x10);
    return false;
}

static void run_set(const struct model *model, bool thumb, unsigned long wanted)
{
    struct pair p;
    struct gen *g = calloc(1, sizeof *g);
    unsigned long bad = 0, rows = 0, missed = 0;
    assert_non_null(g);
    g->ran = calloc(isa_row_count, sizeof *g->ran);
    assert_non_null(g->ran);
    pair_init(&p, model);
    g->rig = &p.rig;
    g->thumb2 = ISA_HAS(p.rig.cpu->features, V6T2);
    g->aligned = !g->thumb2;
    const char *seed = getenv("YAMATO_SEED"), *times = getenv("YAMATO_LONG");
    g->rng.s = 0x9e3779b97f4a7c15ull ^ (seed ? strtoull(seed, NULL, 0) << 20 : 0);
    wanted *= times ? strtoul(times, NULL, 0) : 1;
    for (unsigned k = 0; k < isa_row_count; k++) {
        const struct isa_row *row = &isa_rows[k];
        if (row->set <= ISA_T32 && (row->set != ISA_A32) == thumb &&
            p.rig.cpu->features >> row->feature & 1 &&
            !why_excluded(row, p.rig.cpu->features)) {
            g->rows[row->set][g->count[row->set]++] = row;
        }
    }
    for (uint32_t a = 0; a < DATA_BYTES; a += 4) {
        rig_w32(&p.rig, DATA + a, rnd(&g->rng));
    }
    memcpy(p.uc_ram + DATA, p.rig.ram + DATA, DATA_BYTES);
    while (g->insns < wanted && bad < 10) {
        bad += !run_block(&p, g, thumb, model->psr);
    }
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned k = 0; k < g->count[s]; k++) {
            rows++;
            if (!g->ran[g->rows[s][k] - isa_rows]) {
                missed++;
                printf("never ran: %s\n", g->rows[s][k]->name);
            }
        }
    }
    printf("%s %s: %lu instructions of %lu rows, %lu blocks differ\n", model->name,
           thumb ? "Thumb" : "A32", g->insns, rows, bad);
    free(g->ran);
    free(g);
    pair_fini(&p);
    assert_int_equal(bad, 0);
    assert_int_equal(missed, 0);
}

static void test_a32_agrees_with_unicorn(void **state)
{
    (void)state;
    for (size_t m = 0; m < ARRAY_LEN(models); m++) {
        run_set(&models[m], false, m ? 60000 : 400000);
    }
}

static void test_thumb_agrees_with_unicorn(void **state)
{
    (void)state;
    for (size_t m = 0; m < ARRAY_LEN(models); m++) {
        run_set(&models[m], true, m ? 60000 : 400000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a32_agrees_with_unicorn),
        cmocka_unit_test(test_thumb_agrees_with_unicorn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
