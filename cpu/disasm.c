// SPDX-License-Identifier: MIT
//
// The disassembler's frame: finds the row, walks its template, and knows the few whole-line aliases
// that LLVM prefers. Tags are in disasm_int.c (core instructions) and disasm_simd.c (VFP, NEON).
#include "cpu/disasm_int.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cpu/models.h"

// ---- the line ----------------------------------------------------------------------------------------

void dis_put(struct dis *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t room = d->len < d->cap ? d->cap - d->len : 0;
    int w = vsnprintf(room ? d->buf + d->len : NULL, room, fmt, ap);
    va_end(ap);
    d->len += w > 0 ? (size_t)w : 0;
}

void dis_unsigned(struct dis *d, uint64_t v)
{
    if (v > 9 && !(d->flags & DISASM_DECIMAL)) {
        dis_put(d, "#0x%llx", (unsigned long long)v);
    } else {
        dis_put(d, "#%llu", (unsigned long long)v);
    }
}

void dis_number(struct dis *d, int64_t v)
{
    if (v >= 0) {
        dis_unsigned(d, (uint64_t)v);
    } else if (v < -9 && !(d->flags & DISASM_DECIMAL)) {
        dis_put(d, "#-0x%llx", (unsigned long long)-v);
    } else {
        dis_put(d, "#%lld", (long long)v);
    }
}

const char *dis_reg(unsigned n)
{
    static const char names[16][4] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9",
                                      "r10", "r11", "r12", "sp", "lr", "pc"};
    return names[n & 15];
}

const char *dis_cond(unsigned cond)
{
    static const char names[16][3] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls",
                                      "ge", "lt", "gt", "le", "", ""};
    return names[cond & 15];
}

// ---- templates -----------------------------------------------------------------------------------------

// {X}: the letter when the field is 1; {s}, {!} and {N} are special.
static void optional_letter(struct dis *d, char letter)
{
    bool on;
    switch (letter) {
    case 's':
        on = d->itstate == 0;
        break;
    case '!':
        on = d->set == ISA_T16 ? !(d->raw >> (d->raw >> 8 & 7) & 1) // LDM: Rn not in the list
                               : dis_field(d, 'W');
        break;
    case 'N':
        on = dis_field(d, 'o');
        break;
    case 'L':
        on = dis_field(d, 'N');
        break;
    default:
        on = dis_field(d, letter);
        break;
    }
    if (on) {
        dis_put(d, "%c", tolower((unsigned char)letter));
    }
}

static void render(struct dis *d, const char *syntax)
{
    for (const char *p = syntax; *p; p++) {
        const char *end;
        if (*p == '<' && (end = strchr(p, '>'))) {
            size_t n = (size_t)(end - p - 1);
            if (!dis_integer_tag(d, p + 1, n) && !dis_simd_tag(d, p + 1, n) &&
                !dis_later_tag(d, p + 1, n)) {
                dis_put(d, "<%.*s>", (int)n, p + 1); // a table that names no tag: visible at once
            }
            p = end;
        } else if (*p == '{' && p[1] && p[2] == '}') {
            optional_letter(d, p[1]);
            p += 2;
        } else {
            dis_put(d, "%c", tolower((unsigned char)*p));
        }
    }
}

// ---- whole-line aliases --------------------------------------------------------------------------------

static bool is_row(const struct dis *d, enum isa_set set, const char *name)
{
    return d->row->set == set && strcmp(d->row->name, name) == 0;
}

// LLVM prints some encodings under another name. Returns the template to use.
static const char *alias(const struct dis *d)
{
    uint32_t raw = d->raw;
    if (is_row(d, ISA_A32, "LDR_imm") && (raw & 0x0fff0fff) == 0x049d0004) {
        return "POP<c> {<Rd>}";
    }
    if (is_row(d, ISA_T16, "ADD_hi") && dis_field(d, 'm') == 13) {
        return "ADD<c> <Rd>, SP, <Rd>";
    }
    // One register in a list is printed as a load or store multiple.
    if (d->row->set == ISA_A32 && __builtin_popcount(raw & 0xffff) < 2) {
        if (is_row(d, ISA_A32, "PUSH")) {
            return "STMDB<c> SP!, <list>";
        }
        if (is_row(d, ISA_A32, "POP")) {
            return "LDM<c> SP!, <list>";
        }
    }
    if (is_row(d, ISA_T16, "UDF") && (raw & 0xff) == 0xfe) {
        return "TRAP";
    }
    if (is_row(d, ISA_T16, "UDF") && (raw & 0xff) == 0xf9) {
        return "__BRKDIV0";
    }
    if (is_row(d, ISA_A32, "UDF") && raw == 0xe7ffdefe) {
        return "TRAP";
    }
    if (strcmp(d->row->name, "DSB") == 0) {
        return (raw & 15) == 0 ? "SSBB" : (raw & 15) == 4 ? "PSSBB" : d->row->syntax;
    }
    return d->row->syntax;
}

// What the decoder would say: "SEE" another row, UNDEFINED, or fine.
static enum prep row_verdict(const struct dis *d, uint64_t features)
{
    for (unsigned k = 0; k < d->row->segs; k++) {
        if (d->row->seg[k].letter == 'p') {
            // Which registers exist is the CPU's business; 10 and 11 are VFP, never generic.
            bool vfp = dis_field(d, 'p') >> 1 == 5 && d->raw >> 28 != 15;
            return vfp ? PREP_NEXT : PREP_OK;
        }
    }
    // Preloads relative to the PC are the literal forms, whatever the offset bits look like.
    if (d->row->set == ISA_T32 && strncmp(d->row->name, "PL", 2) == 0 && dis_field(d, 'n') == 15) {
        return PREP_NEXT;
    }
    struct insn insn = {.raw = d->raw, .wide = d->set == ISA_T32, .it = d->itstate};
    struct decode decode = {.i = &insn, .features = features, .raw = d->raw, .row = d->row,
                            .set = d->row->set, .cond = 14, .in_it = d->itstate != 0, .alone = true};
    for (unsigned k = 0; k < d->row->segs; k++) {
        char letter = (char)d->row->seg[k].letter;
        decode.f[letter & 63] = dis_field(d, letter);
    }
    return d->row->prep(&decode);
}

// Writes the line; false when a tag found an operand that is none.
static bool try_row(struct dis *d)
{
    d->len = 0;
    d->unknown = false;
    render(d, alias(d));
    return !d->unknown;
}

// ---- entry ---------------------------------------------------------------------------------------------

unsigned arm_disassemble_as(enum isa_set set, uint64_t features, uint8_t itstate, uint32_t va,
                            uint32_t raw, unsigned flags, char *buf, size_t n)
{
    struct dis d = {.buf = buf, .cap = n, .flags = flags, .set = set, .va = va, .itstate = itstate};
    unsigned bytes = set == ISA_T16 ? 2 : 4;
    if (n) {
        buf[0] = 0;
    }
    const struct isa_row *row = NULL;
    struct later_row later;
    if ((flags & DISASM_LATER) && dis_later(set, raw, &later, &d.raw)) {
        d.row = &later.row;
        render(&d, later.row.syntax);
        if (!d.unknown) {
            return bytes;
        }
        d.len = 0;
    }
    // Core rows that only raise UNDEFINED (coprocessors, UDF) have a text all the same, and so have VFP
    // system registers that this model lacks; but a row that executes comes first.
    const struct isa_row *undefined = NULL;
    uint32_t undefined_raw = 0;
    while ((row = isa_find(set, raw, features, row, &d.raw)) != NULL) {
        d.row = row;
        enum prep verdict = row_verdict(&d, features);
        if (verdict == PREP_OK && try_row(&d)) {
            return bytes;
        }
        bool simd = row->set == ISA_NEON || (row->set == ISA_VFP && row->exec);
        if (verdict == PREP_UNDEF && simd) {
            break;
        }
        if (verdict == PREP_UNDEF && !undefined) {
            undefined = row;
            undefined_raw = d.raw;
        }
    }
    if (undefined) {
        d.row = undefined;
        d.raw = undefined_raw;
        if (try_row(&d)) {
            return bytes;
        }
    }
    d.len = 0;
    dis_put(&d, "<unknown>");
    return bytes;
}

unsigned arm_disassemble(enum isa_set set, uint64_t features, uint8_t itstate, uint32_t va,
                         uint32_t raw, char *buf, size_t n)
{
    return arm_disassemble_as(set, features, itstate, va, raw, 0, buf, n);
}

unsigned arm_disassemble_bytes(bool thumb, uint64_t features, uint8_t *itstate, uint32_t va,
                               const uint8_t *bytes, size_t left, unsigned flags, char *buf,
                               size_t n)
{
    if (!thumb) {
        return left < 4 ? 0
                        : arm_disassemble_as(ISA_A32, features, 0, va, get_le32(bytes), flags, buf, n);
    }
    if (left < 2) {
        return 0;
    }
    uint16_t first = get_le16(bytes);
    bool wide = isa_t32_first(first, features);
    if (wide && left < 4) {
        return 0;
    }
    uint8_t it = itstate ? *itstate : 0;
    uint32_t raw = wide ? (uint32_t)first << 16 | get_le16(bytes + 2) : first;
    unsigned used = arm_disassemble_as(wide ? ISA_T32 : ISA_T16, features, it, va, raw, flags, buf, n);
    if (itstate) {
        if (!wide && first >> 8 == 0xbf && (first & 15) && ISA_HAS(features, V6T2)) {
            *itstate = (uint8_t)first;
        } else {
            *itstate = (it & 7) ? (uint8_t)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
        }
    }
    return used;
}

uint64_t arm_model_features(const char *model)
{
    if (!model) {
        return ~0ull & ~ISA_F(V4_ONLY);
    }
    const struct cpu_model *m = model_find(model);
    return m ? m->features : 0;
}
