// SPDX-License-Identifier: MIT
//
// Translation banks, the second-level TLB, permission checks and RAM windows; see mmu.h. Entries of
// the second level are removed only by the guest's own maintenance or by changes that alter the
// meaning of descriptors; the banks hold nothing that the second level has not granted in the same
// context, and are cut back together with it.
#include "cpu/mmu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/code.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/mmu_int.h"
#include "cpu/models.h"
#include "cpu/sysreg.h"

enum { BANK_SETS = 8, BANK_WAYS = 4, BANKS = BANK_SETS * BANK_WAYS, LARGE = 4, NOTES = 4096, L2_SETS = 1024, L2_WAYS = 4, WINDOWS = 64 };
#define FLAT_BYTES 0xf0000000u
enum { GROW_AT = 4 * TLB_ENTRIES }; // fills since the bank was cleared
#define KEY_NONE ~0ull

struct bank {
    uint64_t key;
    struct tlb_entry *tlb; // `small`, or a large one while the bank misses much and is not flushed
    unsigned entries, fills;
    struct fetch_entry ftlb[FETCH_ENTRIES];
    struct tlb_entry small[TLB_ENTRIES];
};

// Where a host page was made writable in a bank: one place, or MANY when more than one page or address
// fell on the same note.
struct note {
    const uint8_t *host;
    struct bank *bank;
    uint32_t page;
    enum { NOTE_NONE, NOTE_ONE, NOTE_MANY } state;
};

struct l2_entry {
    uint32_t mva; // page | 1 when valid
    uint32_t pa;
    uint16_t asid; // ASID_GLOBAL matches all
    uint8_t domain, perm;
    bool page, device;
    uint8_t attrs, unused_;
};
enum { ASID_GLOBAL = 0x100 };

struct mmu {
    struct bank banks[BANKS]; // sets of BANK_WAYS
    struct bank none; // never filled: every access takes the slow path
    struct bank *owner[LARGE]; // of the large arrays
    struct tlb_entry large_tlb[LARGE][TLB_LARGE_ENTRIES];
    struct note notes[NOTES];
    uint8_t next_way[BANK_SETS];
    uint8_t l2_next[L2_SETS];
    struct l2_entry l2[L2_SETS][L2_WAYS];
    uint32_t large[4096 / 32]; // megabytes that have been mapped by sections or large pages
    struct ram_window win[WINDOWS];
    unsigned windows;
};

static void bank_clear(struct bank *b)
{
    b->tlb = b->small;
    b->entries = TLB_ENTRIES;
    b->fills = 0;
    for (unsigned k = 0; k < b->entries; k++) {
        b->tlb[k].rtag = b->tlb[k].wtag = TLB_NONE;
    }
    for (unsigned k = 0; k < FETCH_ENTRIES; k++) {
        b->ftlb[k].tag = TLB_NONE;
    }
}

struct mmu *mmu_create(void)
{
    struct mmu *m = calloc(1, sizeof *m);
    if (m) {
        bank_clear(&m->none);
        for (unsigned k = 0; k < BANKS; k++) {
            m->banks[k].key = KEY_NONE;
            bank_clear(&m->banks[k]);
        }
    }
    return m;
}

void mmu_destroy(struct mmu *mmu)
{
    free(mmu);
}

// ---- banks ------------------------------------------------------------------------------------------

static void use_bank(struct cpu *c, struct bank *b)
{
    c->tlb = b->tlb;
    c->tlb_mask = (b->entries - 1) * (uint32_t)sizeof(struct tlb_entry);
    c->ftlb = b->ftlb;
}

// The bank that c->tlb belongs to.
static struct bank *current_bank(struct cpu *c)
{
    struct mmu *m = c->mmu;
    struct bank *b = m->banks;
    while (b->tlb != c->tlb) {
        b++;
    }
    return b;
}

// After a clear, which leaves a large array behind.
static void reuse_bank(struct cpu *c)
{
    struct mmu *m = c->mmu;
    for (struct bank *b = m->banks; b < m->banks + BANKS; b++) {
        if (b->ftlb == c->ftlb) {
            use_bank(c, b);
        }
    }
}

static void grow(struct cpu *c, struct bank *b)
{
    struct mmu *m = c->mmu;
    for (unsigned k = 0; k < LARGE; k++) {
        if (!m->owner[k] || m->owner[k]->tlb != m->large_tlb[k]) {
            m->owner[k] = b;
            b->tlb = m->large_tlb[k];
            b->entries = TLB_LARGE_ENTRIES;
            for (unsigned e = 0; e < TLB_LARGE_ENTRIES; e++) {
                b->tlb[e].rtag = b->tlb[e].wtag = TLB_NONE;
            }
            use_bank(c, b);
            return;
        }
    }
}

void mmu_select(struct cpu *c)
{
    struct mmu *m = c->mmu;
    if (unlikely(c->debug || c->psr_e || (c->cp15[CP15_SCTLR] & SCTLR_B && c->model->arch < 7))) {
        use_bank(c, &m->none);
        return;
    }
    uint64_t key = c->cp15[CP15_FCSEIDR] & 0xfe000000;
    if (c->cp15[CP15_SCTLR] & SCTLR_M) {
        key |= (uint64_t)c->cp15[CP15_DACR] << 32 | (c->cp15[CP15_CONTEXTIDR] & 0xff) << 8 | (unsigned)c->secure << 2 | 2 |
              cpu_privileged(c);
    }
    unsigned set = (unsigned)((key * 0x9e3779b97f4a7c15ull) >> 61);
    struct bank *b = &m->banks[set * BANK_WAYS];
    for (unsigned w = 0; w < BANK_WAYS; w++) {
        if (b[w].key == key) {
            use_bank(c, &b[w]);
            return;
        }
    }
    unsigned way = m->next_way[set]++ % BANK_WAYS;
    b[way].key = key;
    bank_clear(&b[way]);
    use_bank(c, &b[way]);
}

#define EACH_BANK(m, b)                                                                            \
    for (struct bank *b = (m)->banks; b < (m)->banks + BANKS; b++)                                 \
        if (b->key != KEY_NONE)

void mmu_flush_all(struct cpu *c)
{
    struct mmu *m = c->mmu;
    c->counters.tlb_flushes++;
    EACH_BANK(m, b)
    {
        bank_clear(b);
        if (b->ftlb != c->ftlb) {
            b->key = KEY_NONE;
        }
    }
    reuse_bank(c);
    memset(m->l2, 0, sizeof m->l2);
    memset(m->large, 0, sizeof m->large);
    atomic_fetch_or(&c->attention, ATTN_REFETCH);
}

void mmu_flush_asid(struct cpu *c, unsigned asid)
{
    struct mmu *m = c->mmu;
    c->counters.tlb_flushes++;
    EACH_BANK(m, b)
    {
        if ((b->key >> 8 & 0xff) == asid) {
            bank_clear(b);
        }
    }
    reuse_bank(c);
    for (unsigned s = 0; s < L2_SETS; s++) {
        for (unsigned w = 0; w < L2_WAYS; w++) {
            if (m->l2[s][w].asid == asid) {
                m->l2[s][w].mva = 0;
            }
        }
    }
    atomic_fetch_or(&c->attention, ATTN_REFETCH);
}

static void flush_page(struct mmu *m, uint32_t mva, int asid)
{
    uint32_t page = mva & 0xfffff000;
    struct l2_entry *e = m->l2[page >> 12 & (L2_SETS - 1)];
    for (unsigned w = 0; w < L2_WAYS; w++) {
        if (e[w].mva == (page | 1) && (asid < 0 || e[w].asid == ASID_GLOBAL || e[w].asid == asid)) {
            e[w].mva = 0;
        }
    }
    EACH_BANK(m, b)
    {
        if ((uint32_t)b->key & 0xfe000000 && b->key & 2) {
            bank_clear(b); // FCSE: addresses in the bank are not MVAs
            continue;
        }
        struct tlb_entry *t = &b->tlb[page >> 12 & (b->entries - 1)];
        if (t->rtag == page) {
            t->rtag = TLB_NONE;
        }
        if (t->wtag == page) {
            t->wtag = TLB_NONE;
        }
        for (unsigned thumb = 0; thumb < 2; thumb++) {
            struct fetch_entry *f = &b->ftlb[fetch_index(page, thumb)];
            if (f->tag == (page | thumb)) {
                f->tag = TLB_NONE;
            }
        }
    }
}

void mmu_flush_mva(struct cpu *c, uint32_t mva, int asid)
{
    struct mmu *m = c->mmu;
    c->counters.tlb_flushes++;
    unsigned mb = mva >> 20;
    // A section or large page may stand behind many pieces: drop everything of its 16 MiB.
    if (m->large[mb >> 5] >> (mb & 31) & 1) {
        uint32_t base = mva & 0xff000000;
        for (unsigned s = 0; s < L2_SETS; s++) {
            for (unsigned w = 0; w < L2_WAYS; w++) {
                if (m->l2[s][w].mva >> 24 == base >> 24) {
                    m->l2[s][w].mva = 0;
                }
            }
        }
        EACH_BANK(m, b)
        {
            bank_clear(b);
        }
        // Nothing of it is left, so the next page of a range need not repeat this.
        for (unsigned k = 0; k < 16; k++) {
            unsigned n = (base >> 20) + k;
            m->large[n >> 5] &= ~(1u << (n & 31));
        }
    } else {
        flush_page(m, mva, asid);
    }
    reuse_bank(c);
    atomic_fetch_or(&c->attention, ATTN_REFETCH);
}

static struct note *note_of(struct mmu *m, const uint8_t *host)
{
    uintptr_t v = (uintptr_t)host >> 12;
    return &m->notes[(v ^ v >> 12) & (NOTES - 1)];
}

// A note must cover everything that has a write tag: mmu_protect trusts it.
static void note_write(struct cpu *c, const uint8_t *host, uint32_t page)
{
    struct mmu *m = c->mmu;
    struct note *n = note_of(m, host);
    struct bank *bank = current_bank(c);
    if (n->state == NOTE_NONE) {
        *n = (struct note){host, bank, page, NOTE_ONE};
    } else if (n->state == NOTE_ONE && (n->host != host || n->bank != bank || n->page != page)) {
        n->state = NOTE_MANY;
    }
}

void mmu_protect(struct cpu *c, const uint8_t *host_page)
{
    struct mmu *m = c->mmu;
    struct note *note = note_of(m, host_page);
    if (note->state != NOTE_MANY) {
        if (note->state == NOTE_ONE && note->host == host_page) {
            struct tlb_entry *t = &note->bank->tlb[note->page >> 12 & (note->bank->entries - 1)];
            if (t->wtag == note->page) {
                t->wtag = TLB_NONE;
            }
            note->state = NOTE_NONE;
        }
        return;
    }
    EACH_BANK(m, b)
    {
        for (unsigned k = 0; k < b->entries; k++) {
            struct tlb_entry *t = &b->tlb[k];
            if (t->addend + (t->wtag & ~0xfffu) == (uintptr_t)host_page) {
                t->wtag = TLB_NONE;
            }
        }
    }
}

void mmu_forget_code(struct cpu *c)
{
    struct mmu *m = c->mmu;
    EACH_BANK(m, b)
    {
        for (unsigned k = 0; k < FETCH_ENTRIES; k++) {
            b->ftlb[k].tag = TLB_NONE;
        }
    }
}

void mmu_fill(struct cpu *c, uint32_t va, const struct xlat *x, enum cpu_access access)
{
    const struct ram_window *win;
    if (x->fine || c->tlb == c->mmu->none.tlb) {
        return;
    }
    uint8_t *host = mmu_ram(c, x->pa & 0xfffff000, &win);
    if (!host) {
        return;
    }
    if (unlikely(x->device && c->jit_unaligned)) {
        return; // unaligned accesses must fault
    }
    if (c->flat && c->flat != (uintptr_t)host - (va & 0xfffff000)) {
        return;
    }
    struct bank *bank = current_bank(c);
    if (unlikely(++bank->fills == GROW_AT)) {
        grow(c, bank);
    }
    struct tlb_entry *t = (struct tlb_entry *)(uintptr_t)tlb_at(c, va);
    uint32_t page = va & 0xfffff000;
    uintptr_t addend = (uintptr_t)host - page;
    if (t->addend != addend || (t->rtag != page && t->wtag != page)) {
        t->rtag = t->wtag = TLB_NONE;
        t->addend = addend;
    }
    if (access == CPU_WRITE) {
        if (!(win->flags & CPU_RAM_READONLY) && !code_watched(c, host)) {
            t->wtag = page;
            note_write(c, host, page);
        }
    } else {
        t->rtag = page;
    }
}

// ---- translation --------------------------------------------------------------------------------------

static uint32_t to_mva(const struct cpu *c, uint32_t va)
{
    return va & 0xfe000000 ? va : va | (c->cp15[CP15_FCSEIDR] & 0xfe000000);
}

static struct l2_entry *l2_find(struct mmu *m, uint32_t page, unsigned asid)
{
    struct l2_entry *e = m->l2[page >> 12 & (L2_SETS - 1)];
    for (unsigned w = 0; w < L2_WAYS; w++) {
        if (e[w].mva == (page | 1) && (e[w].asid == ASID_GLOBAL || e[w].asid == asid)) {
            return &e[w];
        }
    }
    return NULL;
}

static void l2_insert(struct mmu *m, uint32_t mva, unsigned asid, const struct walk *w)
{
    unsigned set = mva >> 12 & (L2_SETS - 1);
    struct l2_entry *e = m->l2[set];
    unsigned way = 0;
    while (way < L2_WAYS && e[way].mva) {
        way++;
    }
    if (way == L2_WAYS) {
        way = m->l2_next[set]++ % L2_WAYS;
    }
    e[way] = (struct l2_entry){
        .mva = (mva & 0xfffff000) | 1,
        .pa = w->pa,
        .asid = w->global ? ASID_GLOBAL : (uint16_t)asid,
        .domain = w->domain,
        .perm = w->perm,
        .page = w->page,
        .device = w->device,
        .attrs = w->attrs,
    };
    if (w->large) {
        m->large[mva >> 25] |= 1u << (mva >> 20 & 31);
    }
}

// Domain, then permission.
static uint8_t check(const struct cpu *c, const struct walk *w, enum cpu_access access, bool priv)
{
    switch (c->cp15[CP15_DACR] >> (2 * w->domain) & 3) {
    case 1:
        break;
    case 3:
        return 0;
    default:
        return w->page ? FS_DOMAIN_PAGE : FS_DOMAIN_SECTION;
    }
    unsigned need = access == CPU_WRITE ? PERM_PW : PERM_PR;
    bool ok = w->perm & (priv ? need : need << 2);
    if (access == CPU_FETCH && w->perm & PERM_XN) {
        ok = false;
    }
    return ok ? 0 : w->page ? FS_PERM_PAGE : FS_PERM_SECTION;
}

static void translate(struct cpu *c, uint32_t va, enum cpu_access access, bool priv, bool probing,
                      struct xlat *x)
{
    *x = (struct xlat){0};
    if (!(c->cp15[CP15_SCTLR] & SCTLR_M)) {
        // Flat; data is strongly ordered. FCSE still modifies the address.
        x->pa = to_mva(c, va);
        x->device = true;
        return;
    }
    uint32_t mva = to_mva(c, va);
    unsigned asid = c->cp15[CP15_CONTEXTIDR] & 0xff;
    struct walk w;
    const struct l2_entry *e = l2_find(c->mmu, mva & 0xfffff000, asid);
    if (e) {
        w = (struct walk){.pa = e->pa, .domain = e->domain, .perm = e->perm, .page = e->page,
                          .device = e->device, .attrs = e->attrs};
    } else {
        mmu_walk(c, mva, !probing, &w);
        if (!probing) {
            c->counters.tlb_misses++;
            TRACE(c->log, mmu, "walk %08x -> %08x fs %x domain %u perm %x", mva, w.pa, w.fs,
                  w.domain, w.perm);
            if (!w.fs && !w.fine) {
                l2_insert(c->mmu, mva, asid, &w);
            }
        }
    }
    x->domain = w.domain;
    x->fs = w.fs ? w.fs : check(c, &w, access, priv);
    x->pa = w.pa | (va & (w.fine ? 0x3ff : 0xfff));
    x->device = w.device;
    x->fine = w.fine;
    x->attrs = w.attrs;
}

void mmu_translate(struct cpu *c, uint32_t va, enum cpu_access access, bool priv, struct xlat *x)
{
    translate(c, va, access, priv, false, x);
}

void mmu_probe(struct cpu *c, uint32_t va, enum cpu_access access, bool priv, struct xlat *x)
{
    translate(c, va, access, priv, true, x);
}

uint8_t *mmu_fetch_page(struct cpu *c, uint32_t va, bool *whole)
{
    struct xlat x;
    mmu_translate(c, va, CPU_FETCH, cpu_privileged(c), &x);
    if (x.fs) {
        exc_prefetch_abort(c, va, va, x.fs, x.domain);
    }
    *whole = !x.fine;
    return mmu_ram(c, x.pa & 0xfffff000, NULL);
}

// ---- RAM windows -----------------------------------------------------------------------------------------

uint8_t *mmu_ram(const struct cpu *c, uint32_t pa, const struct ram_window **win)
{
    const struct mmu *m = c->mmu;
    for (unsigned k = 0; k < m->windows; k++) {
        const struct ram_window *w = &m->win[k];
        if (pa - w->pa < w->bytes) {
            if (win) {
                *win = w;
            }
            return w->host + (pa - w->pa);
        }
    }
    return NULL;
}

int mmu_map(struct cpu *c, uint32_t pa, uint64_t bytes, void *host, unsigned flags, struct err *err)
{
    struct mmu *m = c->mmu;
    if (pa & 0xfff || bytes & 0xfff || !bytes || bytes > 0x100000000ull - pa || !host) {
        return err_set(err, -EINVAL, "RAM window %#x+%#llx is not made of 4 KiB pages", pa,
                       (unsigned long long)bytes);
    }
    for (unsigned k = 0; k < m->windows; k++) {
        const struct ram_window *w = &m->win[k];
        if (pa < w->pa + w->bytes && w->pa < pa + bytes) {
            return err_set(err, -EINVAL, "RAM window %#x+%#llx overlaps the one at %#x", pa,
                           (unsigned long long)bytes, w->pa);
        }
    }
    if (m->windows == WINDOWS) {
        return err_set(err, -EINVAL, "more than %d RAM windows", WINDOWS);
    }
    if (!pa && bytes >= FLAT_BYTES && !c->flat) {
        c->flat = (uintptr_t)host;
    }
    m->win[m->windows++] = (struct ram_window){pa, bytes, host, flags};
    mmu_flush_all(c);
    return 0;
}

void mmu_unmap(struct cpu *c, uint32_t pa, uint64_t bytes)
{
    struct mmu *m = c->mmu;
    for (unsigned k = 0; k < m->windows;) {
        struct ram_window *w = &m->win[k];
        uint64_t end = (uint64_t)pa + bytes, w_end = w->pa + w->bytes;
        if (end <= w->pa || pa >= w_end) {
            k++;
            continue;
        }
        struct ram_window old = *w;
        *w = m->win[--m->windows];
        // What sticks out on either side stays mapped; there is room because one slot became free
        // and callers unmap what they mapped.
        if (old.pa < pa && m->windows < WINDOWS) {
            m->win[m->windows++] = (struct ram_window){old.pa, pa - old.pa, old.host, old.flags};
        }
        if (end < w_end && m->windows < WINDOWS) {
            m->win[m->windows++] = (struct ram_window){(uint32_t)end, w_end - end,
                                                       old.host + (end - old.pa), old.flags};
        }
        k = 0;
    }
    mmu_flush_all(c);
}
