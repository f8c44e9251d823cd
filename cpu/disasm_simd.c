// SPDX-License-Identifier: MIT
//
// Template tags of VFP and Advanced SIMD: extension registers and lists, element sizes, shift counts,
// constants, element addresses.
#include "cpu/disasm_int.h"

#include <ctype.h>
#include <string.h>

#include "cpu/neon.h"

typedef void tag_fn(struct dis *d);

static unsigned single(const struct dis *d, char v)
{
    return dis_field(d, v) << 1 | dis_field(d, (char)toupper((unsigned char)v));
}

static unsigned double_(const struct dis *d, char v)
{
    return dis_field(d, (char)toupper((unsigned char)v)) << 4 | dis_field(d, v);
}

static unsigned size_field(const struct dis *d)
{
    return 8u << dis_field(d, 's');
}

// ---- element sizes --------------------------------------------------------------------------------------

static void tag_sz(struct dis *d)
{
    dis_put(d, "%u", size_field(d));
}

static void tag_sz2(struct dis *d)
{
    dis_put(d, "%u", 2 * size_field(d));
}

static void tag_su(struct dis *d)
{
    dis_put(d, "%c", dis_field(d, 'U') ? 'u' : 's');
}

// Shifts by immediate: L:imm6, the leading one gives the size.
static unsigned shift_size(const struct dis *d)
{
    unsigned v = dis_field(d, 'L') << 6 | dis_field(d, 'i');
    return v >= 64 ? 64 : v >= 32 ? 32 : v >= 16 ? 16 : 8;
}

static void tag_shsz(struct dis *d)
{
    dis_put(d, "%u", shift_size(d));
}

static void tag_shsz2(struct dis *d)
{
    dis_put(d, "%u", 2 * shift_size(d));
}

static void tag_shr(struct dis *d)
{
    unsigned v = dis_field(d, 'L') << 6 | dis_field(d, 'i');
    dis_unsigned(d, 2 * shift_size(d) - v);
}

static void tag_shl(struct dis *d)
{
    unsigned v = dis_field(d, 'L') << 6 | dis_field(d, 'i');
    dis_unsigned(d, v - shift_size(d));
}

// VEXT counts bytes; the text takes the largest element that divides the count.
static unsigned ext_size(const struct dis *d)
{
    unsigned i = dis_field(d, 'i');
    if (i & 1) {
        return 8;
    }
    if (i & 2) {
        return 16;
    }
    return i & 4 || !dis_field(d, 'Q') ? 32 : 64;
}

static void tag_extsz(struct dis *d)
{
    dis_put(d, "%u", ext_size(d));
}

static void tag_exti(struct dis *d)
{
    dis_unsigned(d, dis_field(d, 'i') * 8 / ext_size(d));
}

static void tag_dupsz(struct dis *d)
{
    unsigned i = dis_field(d, 'i');
    dis_put(d, "%u", i & 1 ? 8 : i & 2 ? 16 : 32);
}

static void tag_dupi(struct dis *d)
{
    unsigned i = dis_field(d, 'i');
    dis_put(d, "%u", i & 1 ? i >> 1 : i & 2 ? i >> 2 : i >> 3);
}

// A lane number, without the number sign.
static void tag_i(struct dis *d)
{
    dis_put(d, "%u", dis_field(d, 'i'));
}

// ---- constants --------------------------------------------------------------------------------------------

static void tag_fpimm(struct dis *d)
{
    uint32_t v = vfp_expand_imm32(dis_field(d, 'i'));
    dis_put(d, "#%e", (double)f32_from_bits(v));
}

static void tag_modimm(struct dis *d)
{
    uint32_t raw = d->raw, cmode = bits(raw, 11, 8), op = bit(raw, 5), imm8 = dis_field(d, 'i');
    uint64_t v = neon_expand_imm(op, cmode, imm8);
    if (cmode == 15) {
        dis_put(d, "#%e", (double)f32_from_bits((uint32_t)v));
        return;
    }
    if (cmode == 14) {
        v = op ? v : v & 0xff;
    } else {
        v &= (cmode & 12) == 8 ? 0xffff : 0xffffffff;
    }
    dis_put(d, d->flags & DISASM_DECIMAL && v <= 9 ? "#%llu" : "#0x%llx", (unsigned long long)v);
}

static void tag_fxsize(struct dis *d)
{
    dis_put(d, "%u", dis_field(d, 's') ? 32 : 16);
}

static void tag_fxbits(struct dis *d)
{
    unsigned low = dis_field(d, 'i'), given = (low & 15) << 1 | low >> 4;
    dis_number(d, (dis_field(d, 's') ? 32 : 16) - (int64_t)given);
}

static void tag_fpreg(struct dis *d)
{
    static const char names[16][8] = {"fpsid", "fpscr", "", "", "", "mvfr2", "mvfr1", "mvfr0",
                                      "fpexc", "fpinst", "fpinst2", "", "", "", "", ""};
    const char *name = names[dis_field(d, 'r')];
    d->unknown |= !*name;
    dis_put(d, "%s", name);
}

// ---- lists and addresses ------------------------------------------------------------------------------------

static void put_list(struct dis *d, char kind, unsigned first, unsigned count, unsigned step,
                     const char *lane)
{
    dis_put(d, "{");
    for (unsigned k = 0; k < count; k++) {
        dis_put(d, "%s%c%u%s", k ? ", " : "", kind, first + k * step, lane);
    }
    dis_put(d, "}");
}

static void tag_slist(struct dis *d)
{
    put_list(d, 's', single(d, 'd'), dis_field(d, 'i'), 1, "");
}

static void tag_dlist(struct dis *d)
{
    put_list(d, 'd', double_(d, 'd'), dis_field(d, 'i'), 1, "");
}

static void tag_write_back(struct dis *d)
{
    if (dis_field(d, 'W')) {
        dis_put(d, "!");
    }
}

static void tag_vaddr(struct dis *d)
{
    uint32_t offset = dis_field(d, 'i') * 4;
    bool add = dis_field(d, 'U');
    dis_put(d, "[%s", dis_reg(dis_field(d, 'n')));
    if (!add && offset == 0) {
        dis_put(d, ", #-0");
    } else if (offset) {
        dis_put(d, ", ");
        dis_number(d, add ? (int64_t)offset : -(int64_t)offset);
    }
    dis_put(d, "]");
}

#define LIST(name, count, step)                                                                    \
    static void tag_##name(struct dis *d)                                                          \
    {                                                                                              \
        put_list(d, 'd', double_(d, 'd'), count, step, "");                                        \
    }
LIST(list1, 1, 1)
LIST(list2, 2, 1)
LIST(list3, 3, 1)
LIST(list4, 4, 1)
LIST(list2s, 2, 2)
LIST(list3s, 3, 2)
LIST(list4s, 4, 2)

static void tag_tlist(struct dis *d)
{
    put_list(d, 'd', double_(d, 'n'), dis_field(d, 'l') + 1, 1, "");
}

// [rn:bits]! or , rm.
static void put_element_address(struct dis *d, unsigned align_bits)
{
    uint32_t rm = dis_field(d, 'm');
    dis_put(d, "[%s", dis_reg(dis_field(d, 'n')));
    if (align_bits) {
        dis_put(d, ":%u", align_bits);
    }
    dis_put(d, "]");
    if (rm == 13) {
        dis_put(d, "!");
    } else if (rm != 15) {
        dis_put(d, ", %s", dis_reg(rm));
    }
}

static void tag_naddr(struct dis *d)
{
    uint32_t a = dis_field(d, 'a');
    put_element_address(d, a ? 32u << a : 0);
}

static void tag_en(struct dis *d)
{
    dis_put(d, "%u", dis_field(d, 'e') + 1);
}

// index_align of the one-lane forms: lane, step and alignment (as in neon_mem.c).
static void lane_operand(const struct dis *d, unsigned *lane, unsigned *step, unsigned *align_bits)
{
    unsigned size = dis_field(d, 's'), structure = dis_field(d, 'e') + 1, ia = dis_field(d, 'i');
    unsigned low = ia & ((2u << size) - 1);
    *lane = ia >> (size + 1);
    *step = 1;
    *align_bits = 0;
    if (structure == 1) {
        *align_bits = low ? 8u << size : 0;
        return;
    }
    if (size && low >> size & 1) {
        *step = 2;
    }
    unsigned align = low & (size == 2 ? 3 : 1);
    if (align) {
        *align_bits = size == 2 && structure == 4 ? 32u << align : structure * (8u << size);
    }
}

static void tag_lanes(struct dis *d)
{
    unsigned lane, step, align;
    lane_operand(d, &lane, &step, &align);
    char text[6] = {'[', (char)('0' + lane), ']', 0};
    put_list(d, 'd', double_(d, 'd'), dis_field(d, 'e') + 1, step, text);
}

static void tag_laddr(struct dis *d)
{
    unsigned lane, step, align;
    lane_operand(d, &lane, &step, &align);
    put_element_address(d, align);
}

static void tag_allsz(struct dis *d)
{
    unsigned size = dis_field(d, 's');
    dis_put(d, "%u", size == 3 ? 32 : 8u << size);
}

static void tag_alllanes(struct dis *d)
{
    unsigned structure = dis_field(d, 'e') + 1, t = dis_field(d, 'T');
    if (structure == 1) {
        put_list(d, 'd', double_(d, 'd'), t + 1, 1, "[]");
    } else {
        put_list(d, 'd', double_(d, 'd'), structure, t + 1, "[]");
    }
}

static void tag_aaddr(struct dis *d)
{
    unsigned size = dis_field(d, 's'), structure = dis_field(d, 'e') + 1, align = 0;
    if (dis_field(d, 'a')) {
        align = structure * (8u << size);
        if (structure == 4 && size >= 2) {
            align = size == 3 ? 128 : 64;
        }
    }
    put_element_address(d, align);
}

// The scalar of a by-lane row.
static void tag_scalar(struct dis *d)
{
    uint32_t m = dis_field(d, 'm'), high = dis_field(d, 'M');
    if (dis_field(d, 's') == 1) {
        dis_put(d, "d%u[%u]", m & 7, high << 1 | m >> 3);
    } else {
        dis_put(d, "d%u[%u]", m, high);
    }
}

static const struct {
    const char *name;
    tag_fn *fn;
} tags[] = {
    {"sz", tag_sz},         // 8 << s
    {"sz2", tag_sz2},       // twice that
    {"su", tag_su},         // s or u by U
    {"shsz", tag_shsz},     // size from L:imm6
    {"shsz2", tag_shsz2},
    {"shr", tag_shr},       // right shift count
    {"shl", tag_shl},       // left shift count
    {"extsz", tag_extsz},   // VEXT
    {"exti", tag_exti},
    {"dupsz", tag_dupsz},   // VDUP (scalar)
    {"dupi", tag_dupi},
    {"i", tag_i},           // lane number
    {"fpimm", tag_fpimm},   // VMOV (immediate)
    {"modimm", tag_modimm}, // Advanced SIMD modified immediate
    {"fxsize", tag_fxsize}, // fixed point
    {"fxbits", tag_fxbits},
    {"fpreg", tag_fpreg},   // VMRS, VMSR
    {"slist", tag_slist},   // VLDM and the like
    {"dlist", tag_dlist},
    {"W!", tag_write_back},
    {"vaddr", tag_vaddr},
    {"list1", tag_list1},   // structures; s: every other register
    {"list2", tag_list2},
    {"list3", tag_list3},
    {"list4", tag_list4},
    {"list2s", tag_list2s},
    {"list3s", tag_list3s},
    {"list4s", tag_list4s},
    {"tlist", tag_tlist},   // VTBL
    {"naddr", tag_naddr},   // element addresses: whole registers, one lane, all lanes
    {"laddr", tag_laddr},
    {"aaddr", tag_aaddr},
    {"en", tag_en},         // elements a structure
    {"lanes", tag_lanes},
    {"alllanes", tag_alllanes},
    {"allsz", tag_allsz},
    {"Dm[x]", tag_scalar},
};

bool dis_simd_tag(struct dis *d, const char *tag, size_t n)
{
    for (unsigned k = 0; k < ARRAY_LEN(tags); k++) {
        if (strlen(tags[k].name) == n && memcmp(tag, tags[k].name, n) == 0) {
            tags[k].fn(d);
            return true;
        }
    }
    if (n != 2 && !(n == 3 && tag[2] == '1')) {
        return false;
    }
    char v = tag[1];
    switch (tag[0]) {
    case 'S':
        dis_put(d, "s%u", single(d, v) + (n == 3));
        return true;
    case 'D':
        dis_put(d, "d%u", double_(d, v));
        return true;
    case 'Q':
        dis_put(d, "q%u", double_(d, v) >> 1);
        return true;
    case 'V':
        if (dis_field(d, 'Q')) {
            dis_put(d, "q%u", double_(d, v) >> 1);
        } else {
            dis_put(d, "d%u", double_(d, v));
        }
        return true;
    default:
        return false;
    }
}
