// SPDX-License-Identifier: MIT
//
// Translation table walks: ARMv4/v5 (coarse, fine and tiny pages, subpage permissions, S and R bits;
// also ARMv6 with SCTLR.XP = 0) and the ARMv6/ARMv7 short descriptors (TEX remap, access flag,
// supersections, execute never, nG). ARM DDI 0406C B3, DDI 0100I B4. Long descriptors are not
// modelled.
#include "cpu/mmu_int.h"

#include "cpu/models.h"
#include "cpu/sysreg.h"

static bool table_read(struct cpu *c, uint32_t pa, bool bus, uint32_t *val)
{
    const uint8_t *host = mmu_ram(c, pa, NULL);
    if (host) {
        *val = get_le32(host);
    } else {
        uint64_t v = 0;
        if (!bus || c->bus->read(c->bus, pa, 4, &v) != CPU_BUS_OK) {
            return false;
        }
        *val = (uint32_t)v;
    }
    if (c->cp15[CP15_SCTLR] & SCTLR_EE && c->model->arch >= 6) {
        *val = __builtin_bswap32(*val);
    }
    return true;
}

// AP without AP[2], with the S and R bits of old cores.
static uint8_t perm_old(const struct cpu *c, unsigned ap)
{
    switch (ap) {
    case 1:
        return PERM_PR | PERM_PW;
    case 2:
        return PERM_PR | PERM_PW | PERM_UR;
    case 3:
        return PERM_PR | PERM_PW | PERM_UR | PERM_UW;
    default:
        if (c->cp15[CP15_SCTLR] & SCTLR_R) {
            return PERM_PR | PERM_UR; // S = R = 1 is UNPREDICTABLE: as S = 0
        }
        return c->cp15[CP15_SCTLR] & SCTLR_S ? PERM_PR : 0;
    }
}

static uint8_t perm_v6(const struct cpu *c, unsigned ap) // AP[2:0]
{
    if (c->cp15[CP15_SCTLR] & SCTLR_AFE) {
        ap |= 1; // AP[0] is the access flag; AP[2:1] is the simplified model
    }
    if (ap & 4) {
        static const uint8_t ro[4] = {0, PERM_PR, PERM_PR | PERM_UR, PERM_PR | PERM_UR};
        return ro[ap & 3];
    }
    static const uint8_t rw[4] = {0, PERM_PR | PERM_PW, PERM_PR | PERM_PW | PERM_UR,
                                  PERM_PR | PERM_PW | PERM_UR | PERM_UW};
    // AP = 000 with S or R set was still defined in ARMv6.
    return ap == 0 && c->model->arch == 6 ? perm_old(c, 0) : rw[ap & 3];
}

// Strongly ordered or device, from TEX, C, B.
static bool is_device(const struct cpu *c, unsigned tex, bool cb, bool bb)
{
    if (c->cp15[CP15_SCTLR] & SCTLR_TRE) {
        unsigned n = (tex & 1) << 2 | (unsigned)cb << 1 | bb;
        return (c->cp15[CP15_PRRR] >> (2 * n) & 3) != 2;
    }
    return (tex == 0 && !cb) || (tex == 2 && !cb && !bb);
}

static void set_attrs(const struct cpu *c, struct walk *w, unsigned tex, uint32_t d, bool s)
{
    bool cb = d >> 3 & 1, bb = d >> 2 & 1;
    w->device = is_device(c, tex, cb, bb);
    w->attrs = (uint8_t)((unsigned)s << 5 | tex << 2 | (unsigned)cb << 1 | bb);
}

// ---- ARMv4/v5 and ARMv6 with XP = 0 ---------------------------------------------------------------

static void second_level_old(struct cpu *c, uint32_t mva, uint32_t l1, bool bus, struct walk *w)
{
    bool fine = (l1 & 3) == 3;
    uint32_t at = fine ? (l1 & 0xfffff000) | (mva >> 8 & 0xffc) : (l1 & 0xfffffc00) | (mva >> 10 & 0x3fc);
    uint32_t d;
    w->page = true;
    if (!table_read(c, at, bus, &d)) {
        w->fs = FS_WALK_EXTERNAL_2;
        return;
    }
    set_attrs(c, w, 0, d, false);
    switch (d & 3) {
    case 0:
        w->fs = FS_TRANS_PAGE;
        return;
    case 1: { // large: a permission each 16 KiB
        w->large = true;
        w->pa = (d & 0xffff0000) | (mva & 0xf000);
        w->perm = perm_old(c, d >> (4 + 2 * (mva >> 14 & 3)) & 3);
        return;
    }
    case 2: { // small: a permission each 1 KiB
        unsigned aps = d >> 4 & 0xff;
        w->pa = d & 0xfffff000;
        w->perm = perm_old(c, aps >> (2 * (mva >> 10 & 3)) & 3);
        if (aps != (aps & 3) * 0x55u) {
            w->fine = true;
            w->pa |= mva & 0xc00;
        }
        return;
    }
    default:
        if (fine) { // tiny
            w->fine = true;
            w->pa = d & 0xfffffc00;
            w->perm = perm_old(c, d >> 4 & 3);
        } else if (c->model->arch >= 6 || c->model->quirks & MODEL_EXT_SMALL) { // extended small
            w->pa = d & 0xfffff000;
            w->perm = perm_old(c, d >> 4 & 3);
            set_attrs(c, w, d >> 6 & 7, d, false);
        } else {
            w->fs = FS_TRANS_PAGE;
        }
        return;
    }
}

static void walk_old(struct cpu *c, uint32_t mva, bool bus, struct walk *w)
{
    uint32_t d;
    w->global = true;
    if (!table_read(c, (c->cp15[CP15_TTBR0] & 0xffffc000) | (mva >> 18 & 0x3ffc), bus, &d)) {
        w->fs = FS_WALK_EXTERNAL_1;
        return;
    }
    if ((d & 3) == 0 || ((d & 3) == 3 && c->model->arch >= 6)) {
        w->fs = FS_TRANS_SECTION;
        return;
    }
    w->domain = d >> 5 & 15;
    if ((d & 3) != 2) {
        second_level_old(c, mva, d, bus, w);
        return;
    }
    w->large = true;
    w->pa = (d & 0xfff00000) | (mva & 0xff000);
    w->perm = perm_old(c, d >> 10 & 3);
    set_attrs(c, w, c->model->arch >= 6 ? d >> 12 & 7 : 0, d, false);
}

// ---- ARMv6/v7 ---------------------------------------------------------------------------------------

static bool access_flag_fault(const struct cpu *c, unsigned ap)
{
    return (c->cp15[CP15_SCTLR] & SCTLR_AFE) && !(ap & 1);
}

static void section_v6(struct cpu *c, uint32_t mva, uint32_t d, struct walk *w)
{
    bool super = d >> 18 & 1;
    unsigned ap = (d >> 10 & 3) | (d >> 13 & 4);
    w->large = true;
    w->global = !(d >> 17 & 1);
    w->domain = super ? 0 : d >> 5 & 15;
    w->pa = super ? (d & 0xff000000) | (mva & 0x00fff000) : (d & 0xfff00000) | (mva & 0x000ff000);
    w->perm = perm_v6(c, ap) | (d >> 4 & 1 ? PERM_XN : 0);
    set_attrs(c, w, d >> 12 & 7, d, d >> 16 & 1);
    if (access_flag_fault(c, ap)) {
        w->fs = FS_ACCESS_SECTION;
    }
}

static void second_level_v6(struct cpu *c, uint32_t mva, uint32_t l1, bool bus, struct walk *w)
{
    uint32_t d;
    w->page = true;
    w->domain = l1 >> 5 & 15;
    if (!table_read(c, (l1 & 0xfffffc00) | (mva >> 10 & 0x3fc), bus, &d)) {
        w->fs = FS_WALK_EXTERNAL_2;
        return;
    }
    if (!(d & 3)) {
        w->fs = FS_TRANS_PAGE;
        return;
    }
    unsigned ap = (d >> 4 & 3) | (d >> 7 & 4), tex;
    bool xn;
    if (d & 2) {
        w->pa = d & 0xfffff000;
        tex = d >> 6 & 7;
        xn = d & 1;
    } else {
        w->large = true;
        w->pa = (d & 0xffff0000) | (mva & 0xf000);
        tex = d >> 12 & 7;
        xn = d >> 15 & 1;
    }
    w->global = !(d >> 11 & 1);
    w->perm = perm_v6(c, ap) | (xn ? PERM_XN : 0);
    set_attrs(c, w, tex, d, d >> 10 & 1);
    if (access_flag_fault(c, ap)) {
        w->fs = FS_ACCESS_PAGE;
    }
}

static void walk_v6(struct cpu *c, uint32_t mva, bool bus, struct walk *w)
{
    uint32_t ttbcr = c->cp15[CP15_TTBCR], base;
    unsigned split = ttbcr & 7;
    bool first = !split || !(mva >> (32 - split));
    if (ttbcr >> (first ? 4 : 5) & 1 && ISA_HAS(c->features, SEC)) {
        w->fs = FS_TRANS_SECTION; // PD0, PD1: no walk
        return;
    }
    if (first) {
        base = (c->cp15[CP15_TTBR0] & ~0u << (14 - split)) | (mva << split >> split >> 18 & ~3u);
    } else {
        base = (c->cp15[CP15_TTBR1] & 0xffffc000) | (mva >> 18 & 0x3ffc);
    }
    uint32_t d;
    if (!table_read(c, base, bus, &d)) {
        w->fs = FS_WALK_EXTERNAL_1;
        return;
    }
    switch (d & 3) {
    case 1:
        second_level_v6(c, mva, d, bus, w);
        return;
    case 2:
        section_v6(c, mva, d, w);
        return;
    default:
        w->fs = FS_TRANS_SECTION;
        return;
    }
}

void mmu_walk(struct cpu *c, uint32_t mva, bool bus, struct walk *w)
{
    *w = (struct walk){0};
    if (c->model->arch >= 7 || (c->model->arch == 6 && c->cp15[CP15_SCTLR] & SCTLR_XP)) {
        walk_v6(c, mva, bus, w);
    } else {
        walk_old(c, mva, bus, w);
    }
}
