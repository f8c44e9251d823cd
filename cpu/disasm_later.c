// SPDX-License-Identifier: MIT
//
// Text of what ARMv8-A and later added to A32 and T32 (isa/later.def), for listings only. Pictures
// are read at run time, so that the decoder's compiled tables know nothing of them.
#include "cpu/disasm_int.h"

#include <string.h>

enum later_set { LATER_A32, LATER_T16, LATER_T32, LATER_BOTH };

static const struct {
    uint8_t set;
    const char *picture, *syntax;
} later_rows[] = {
#define LATER(set, picture, syntax) {LATER_##set, picture, syntax},
#include "cpu/isa/later.def"
#undef LATER
};

// Turns a picture into masks and fields. Spaces are dropped on the way.
static void compile(struct later_row *out, const char *picture, const char *syntax)
{
    *out = (struct later_row){{0}, {0}};
    unsigned width = 0;
    for (const char *p = picture; *p; p++) {
        if (*p != ' ' && width < 32) {
            out->picture[width++] = *p;
        }
    }
    struct isa_row *row = &out->row;
    row->picture = out->picture;
    row->syntax = syntax;
    row->name = "";
    for (unsigned k = 0; k < width; k++) {
        char ch = out->picture[k];
        uint8_t at = (uint8_t)(width - 1 - k);
        if (ch == '0' || ch == '1') {
            row->mask |= 1u << at;
            row->value |= ch == '1' ? 1u << at : 0;
        } else if (ch != '_' && ch != '^' && ch != 'x') {
            struct isa_seg *last = row->segs ? &row->seg[row->segs - 1] : NULL;
            if (last && k && out->picture[k - 1] == ch) {
                last->lo--;
                last->width++;
            } else if (row->segs < ARRAY_LEN(row->seg)) {
                row->seg[row->segs++] = (struct isa_seg){(uint8_t)ch, at, 1, 0};
            }
        }
    }
}

bool dis_later(enum isa_set set, uint32_t raw, struct later_row *out, uint32_t *form)
{
    static const uint8_t own[ISA_SET_COUNT] = {LATER_A32, LATER_T16, LATER_T32, LATER_A32, LATER_A32};
    uint32_t simd = raw; // the A32 form of Advanced SIMD; coprocessor words are the same in both
    if (set == ISA_T32 && (raw >> 24 & 0xef) == 0xef) {
        simd = 0xf2000000 | (raw >> 4 & 0x01000000) | (raw & 0x00ffffff);
    }
    for (unsigned k = 0; k < ARRAY_LEN(later_rows); k++) {
        bool both = later_rows[k].set == LATER_BOTH && set != ISA_T16;
        if (later_rows[k].set != own[set] && !both) {
            continue;
        }
        uint32_t word = both ? simd : raw;
        compile(out, later_rows[k].picture, later_rows[k].syntax);
        bool conditional = out->picture[0] == 'c';
        if ((word & out->row.mask) == out->row.value && !(conditional && word >> 28 == 15)) {
            out->row.set = (uint8_t)(set == ISA_T16 ? ISA_T16 : both || set == ISA_A32 ? ISA_A32 : ISA_T32);
            *form = word;
            return true;
        }
    }
    return false;
}

// ---- tags of these rows alone ----------------------------------------------------------------------------

// r15 reads as zero in the selections.
static const char *zero_reg(unsigned n)
{
    return n == 15 ? "zr" : dis_reg(n);
}

static void select_alias(struct dis *d, const char *general, const char *same)
{
    unsigned n = dis_field(d, 'n'), m = dis_field(d, 'm'), k = dis_field(d, 'k');
    if (n == m) {
        dis_put(d, "%s %s, %s, %s", same, dis_reg(dis_field(d, 'd')), zero_reg(n), dis_cond(k ^ 1));
    } else {
        dis_put(d, "%s %s, %s, %s, %s", general, dis_reg(dis_field(d, 'd')), zero_reg(n), zero_reg(m),
                dis_cond(k));
    }
}

static uint32_t loop_distance(const struct dis *d)
{
    return dis_field(d, 'j') << 2 | dis_field(d, 'K') << 1;
}

static void put_target(struct dis *d, int32_t offset)
{
    if (d->flags & DISASM_OFFSETS) {
        dis_number(d, offset);
    } else {
        dis_unsigned(d, d->va + 4 + (uint32_t)offset);
    }
}

static void put_clear_list(struct dis *d)
{
    uint32_t list = dis_field(d, 'l');
    d->unknown |= list == 0 || (list >> 13 & 1);
    const char *comma = "";
    dis_put(d, "{");
    for (unsigned r = 0; r < 16; r++) {
        if (list >> r & 1) {
            dis_put(d, "%s%s", comma, r == 15 ? "apsr" : dis_reg(r));
            comma = ", ";
        }
    }
    dis_put(d, "}");
}

static void put_vpr_list(struct dis *d)
{
    bool is_double = bit(d->raw, 8);
    unsigned v = dis_field(d, 'd'), x = dis_field(d, 'D');
    unsigned first = is_double ? x << 4 | v : v << 1 | x;
    dis_put(d, "{");
    for (unsigned k = 0; k < dis_field(d, 'i') && first + k < 64; k++) {
        dis_put(d, "%c%u, ", is_double ? 'd' : 's', first + k);
    }
    dis_put(d, "vpr}");
}

static bool is(const char *tag, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(tag, what, n) == 0;
}

bool dis_later_tag(struct dis *d, const char *tag, size_t n)
{
    static const char rounds[4][2] = {"a", "n", "p", "m"};
    static const char sizes[4][2] = {"b", "h", "w", "?"};
    if (is(tag, n, "anpm")) {
        dis_put(d, "%s", rounds[dis_field(d, 'r')]);
    } else if (is(tag, n, "crcsz")) {
        d->unknown |= dis_field(d, 's') == 3;
        dis_put(d, "%s", sizes[dis_field(d, 's')]);
    } else if (is(tag, n, "crcsize")) { // the rows of the CRC extension proper
        d->unknown |= dis_field(d, 'z') == 3;
        dis_put(d, "%s", sizes[dis_field(d, 'z')]);
    } else if (is(tag, n, "m")) {
        dis_put(d, "%u", dis_field(d, 'm'));
    } else if (is(tag, n, "loop")) {
        put_target(d, (int32_t)loop_distance(d));
    } else if (is(tag, n, "loop-")) {
        put_target(d, -(int32_t)loop_distance(d));
    } else if (is(tag, n, "notk")) {
        dis_put(d, "%s", dis_cond(dis_field(d, 'k') ^ 1));
    } else if (is(tag, n, "Zn")) {
        dis_put(d, "%s", zero_reg(dis_field(d, 'n')));
    } else if (is(tag, n, "Zm")) {
        dis_put(d, "%s", zero_reg(dis_field(d, 'm')));
    } else if (is(tag, n, "csinc")) {
        select_alias(d, "csinc", "cinc");
    } else if (is(tag, n, "csinv")) {
        select_alias(d, "csinv", "cinv");
    } else if (is(tag, n, "csneg")) {
        select_alias(d, "csneg", "cneg");
    } else if (is(tag, n, "clrlist")) {
        put_clear_list(d);
    } else if (is(tag, n, "vprlist")) {
        put_vpr_list(d);
    } else {
        return false;
    }
    return true;
}
