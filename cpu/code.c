// SPDX-License-Identifier: MIT
//
// The cache of decoded instructions; see code.h. Self-modifying code is exact: a store that touches
// decoded bytes resets their slots before the next instruction is dispatched. When the cache has
// grown to its limit, all of it is dropped at the next entry; nothing executes then.
#include "cpu/code.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/cluster.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/jit/jit.h"
#include "cpu/mmu.h"
#include "cpu/models.h"
#include "cpu/ops.h"
#include "cpu/sysreg.h"

enum { BUCKETS = 4096, CACHE_LIMIT_BYTES = 160 << 20 };

struct code_cache {
    struct code_page *bucket[BUCKETS];
    size_t bytes;
    bool plain_slots;                  // see code_plain_slots
    struct insn blank[2][T_SLOTS + 1]; // fresh arrays
    struct insn alone[3];              // an instruction outside any page, and what follows it
    struct code_page loose;            // stands for "no page" while `alone` runs
};

static void blank_array(struct insn *a, bool thumb)
{
    unsigned slots = thumb ? T_SLOTS : A32_SLOTS;
    for (unsigned k = 0; k <= slots; k++) {
        memset(&a[k], 0, sizeof a[k]);
        a[k].fn = k < slots ? op_decode : op_page_end;
        a[k].off2 = (thumb ? k : 2 * k) & 0xfff;
    }
}

struct code_cache *code_create(void)
{
    struct code_cache *code = calloc(1, sizeof *code);
    if (code) {
        blank_array(code->blank[0], false);
        blank_array(code->blank[1], true);
    }
    return code;
}

static void drop_all(struct code_cache *code)
{
    for (unsigned b = 0; b < BUCKETS; b++) {
        struct code_page *next;
        for (struct code_page *p = code->bucket[b]; p; p = next) {
            next = p->next;
            free(p->slots[0]);
            free(p->slots[1]);
            jit_page_free(p);
            free(p);
        }
        code->bucket[b] = NULL;
    }
    code->bytes = 0;
}

void code_destroy(struct code_cache *code)
{
    if (code) {
        drop_all(code);
        free(code);
    }
}

void code_flush(struct cpu *c)
{
    drop_all(c->code);
    if (c->jit) {
        jit_forget(c->jit);
    }
    EACH_CORE(c, p)
    {
        mmu_forget_code(p);
        p->page = NULL;
        p->cur = NULL;
    }
}

void code_flush_later(struct cpu *c)
{
    c->code->bytes = SIZE_MAX / 2;
    EACH_CORE(c, p)
    {
        mmu_forget_code(p);
        atomic_fetch_or(&p->attention, ATTN_REFETCH);
    }
}

static unsigned bucket_of(const uint8_t *host)
{
    uintptr_t v = (uintptr_t)host >> 12;
    return (unsigned)((v ^ v >> 12) & (BUCKETS - 1));
}

static struct code_page *find(const struct code_cache *code, const uint8_t *host)
{
    struct code_page *p = code->bucket[bucket_of(host)];
    while (p && p->host != host) {
        p = p->next;
    }
    return p;
}

bool code_watched(const struct cpu *c, const uint8_t *host_page)
{
    const struct code_page *p = find(c->code, host_page);
    return p && p->granules;
}

// The page of `host` with an array for this instruction set; NULL when the host is out of memory.
static struct code_page *page_for(struct cpu *c, uint8_t *host, bool thumb)
{
    struct code_cache *code = c->code;
    struct code_page *p = find(code, host);
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p) {
            return NULL;
        }
        p->host = host;
        p->next = code->bucket[bucket_of(host)];
        code->bucket[bucket_of(host)] = p;
        code->bytes += sizeof *p;
    }
    if (!p->slots[thumb]) {
        size_t bytes = ((thumb ? T_SLOTS : A32_SLOTS) + 1) * sizeof(struct insn);
        p->slots[thumb] = aligned_alloc(64, align_up(bytes, 64));
        if (!p->slots[thumb]) {
            return NULL;
        }
        memcpy(p->slots[thumb], code->blank[thumb], bytes);
        code->bytes += bytes;
    }
    if (c->jit && !jit_page_ready(p, thumb)) {
        return NULL;
    }
    return p;
}

// ---- decoding a slot -----------------------------------------------------------------------------

static uint64_t granule_bits(unsigned off, unsigned bytes)
{
    unsigned first = off / GRANULE, last = (off + bytes - 1) / GRANULE;
    if (last > 63) {
        last = 63;
    }
    return (last == 63 ? ~0ull : (1ull << (last + 1)) - 1) & (~0ull << first);
}

static void watch(struct cpu *c, struct code_page *p, unsigned off, unsigned bytes)
{
    uint64_t bits = granule_bits(off, bytes);
    if (!p->granules) {
        EACH_CORE(c, other)
        {
            mmu_protect(other, p->host);
        }
    }
    p->granules |= bits;
}

// A 32-bit Thumb instruction in the last halfword of a page: its second half may be mapped anywhere
// and change unseen, so it is fetched anew each time.
static const struct insn *straddle(struct cpu *c, struct insn *slot, uint16_t first)
{
    struct code_page *p = c->page;
    uint32_t va = insn_va(c, slot);
    c->itstate = (uint8_t)slot->it;
    uint32_t raw = (uint32_t)first << 16 | code_fetch_half(c, va + 2, va);
    struct insn *s = p->straddle;
    if (s->fn && s[1].raw == raw && s->it == slot->it && s->off2 == slot->off2) {
        return s;
    }
    memset(s, 0, sizeof p->straddle);
    s->off2 = slot->off2;
    s->it = slot->it;
    s->wide = 1;
    decode_insn(c, s, raw, true, true);
    s[1].raw = raw; // s->raw may be the A32 form
    s[2].fn = op_page_end;
    s[2].off2 = (slot->off2 + 2) & 0xfff;
    s[2].it = it_advance(slot->it);
    return s;
}

// An IT instruction that decoded as one.
static bool is_it(const struct insn *i, uint32_t raw)
{
    return !i->wide && (raw & 0xff00) == 0xbf00 && (raw & 0xf) && i->fn == op_nop_1;
}

// ---- bodies of the interpreter alone --------------------------------------------------------------

void code_plain_slots(struct code_cache *code)
{
    code->plain_slots = true;
}

static void specialise(struct cpu *c, struct insn *slot)
{
    unsigned cond;
    if (!c->code->plain_slots && insn_is_plain(slot, &cond) && cond >= 14) {
        op_fn *op = ops_mem_special(c, slot);
        op = op ? op : ops_sys_special(slot);
        slot->fn = op ? op : slot->fn;
    }
}

const struct insn *code_decode(struct cpu *c, struct insn *slot)
{
    struct code_page *p = c->page;
    unsigned off = slot->off2 * 2u;
    const uint8_t *at = p->host + off;
    if (!c->thumb) {
        slot->wide = 0;
        watch(c, p, off, 4);
        decode_insn(c, slot, get_le32(at), false, false);
        specialise(c, slot);
        return slot;
    }
    uint32_t raw = get_le16(at);
    slot->wide = isa_t32_first((uint16_t)raw, c->features);
    if (slot->wide) {
        if (off == 0xffe) {
            slot->wide = 0;
            watch(c, p, off, 2);
            return straddle(c, slot, (uint16_t)raw);
        }
        raw = raw << 16 | get_le16(at + 2);
    }
    watch(c, p, off, slot->wide ? 4 : 2);
    decode_insn(c, slot, raw, true, false);
    if (is_it(slot, raw)) {
        code_mark_it(c, p, off / 2 + 1, (uint8_t)raw);
    }
    specialise(c, slot);
    return slot;
}

static void reset_slot(struct insn *slot, uint8_t it)
{
    slot->fn = op_decode;
    slot->it = it;
}

void code_mark_it(struct cpu *c, struct code_page *p, unsigned at, uint8_t it)
{
    struct insn *slots = p->slots[1];
    while (it && at < T_SLOTS) {
        if (slots[at].it != it) {
            if (slots[at].fn != op_decode) {
                jit_page_drop(p);
            }
            reset_slot(&slots[at], it);
        }
        bool wide = isa_t32_first(get_le16(p->host + 2 * at), c->features);
        // A changed halfword here must undo the marks.
        watch(c, p, 2 * at, 2);
        if (wide && at == T_SLOTS - 1) {
            return; // the straddling instruction carries ITSTATE on
        }
        at += wide ? 2 : 1;
        it = it_advance(it);
    }
    if (at >= T_SLOTS && slots[T_SLOTS].it != it) {
        slots[T_SLOTS].it = it;
        jit_page_drop(p);
    }
}

// ---- writes ------------------------------------------------------------------------------------------

// Slots of [first, end) bytes start anew. Thumb: a T32 instruction may begin 2 bytes before, and an
// IT block reaches 18 bytes on from its IT, in both directions of doubt.
static void reset_range(struct code_page *p, unsigned first, unsigned end)
{
    if (p->slots[0]) {
        for (unsigned k = first / 4; k < (end + 3) / 4 && k < A32_SLOTS; k++) {
            p->slots[0][k].fn = op_decode;
        }
    }
    if (p->slots[1]) {
        unsigned from = first >= 20 ? (first - 20) / 2 : 0, to = (end + 20) / 2;
        for (unsigned k = from; k < to && k < T_SLOTS; k++) {
            reset_slot(&p->slots[1][k], 0);
        }
        if (to >= T_SLOTS) {
            p->slots[1][T_SLOTS].it = 0;
        }
    }
}

bool code_written(struct cpu *c, uint8_t *host_page, unsigned off, unsigned bytes)
{
    struct code_page *p = find(c->code, host_page);
    if (!p || !bytes) {
        return false;
    }
    uint64_t hit = granule_bits(off, bytes) & p->granules;
    if (!hit) {
        return false;
    }
    c->counters.code_invalidations++;
    for (unsigned g = 0; g < 64; g++) {
        if (hit >> g & 1) {
            reset_range(p, g * GRANULE, (g + 1) * GRANULE);
        }
    }
    p->granules &= ~hit;
    jit_page_drop(p);
    return true;
}

// ---- entry --------------------------------------------------------------------------------------------

// One instruction outside the cache: from a device, or from a page with finer translation than 4 KiB.
static const struct insn *enter_alone(struct cpu *c, uint32_t va)
{
    struct insn *s = c->code->alone;
    uint32_t raw;
    memset(s, 0, sizeof c->code->alone);
    c->page = &c->code->loose;
    c->page_va = va & ~0xfffu;
    s->off2 = (va & 0xfff) >> 1;
    if (c->thumb) {
        raw = code_fetch_half(c, va, va);
        if (isa_t32_first((uint16_t)raw, c->features)) {
            s->wide = 1;
            raw = raw << 16 | code_fetch_half(c, va + 2, va);
        }
    } else {
        raw = code_fetch_word(c, va);
    }
    s->it = c->itstate;
    decode_insn(c, s, raw, c->thumb, true);
    struct insn *after = s + (s->wide ? 2 : 1);
    after->fn = op_page_end;
    after->off2 = (s->off2 + (c->thumb && !s->wide ? 1u : 2u)) & 0xfff;
    after->it = it_advance(c->itstate);
    if (c->thumb && is_it(s, raw)) {
        after->it = (uint8_t)raw;
    }
    return s;
}

const struct insn *code_enter(struct cpu *c)
{
    uint32_t va = c->r[15];
    c->cur = NULL;
    if (!c->thumb && va & 3) {
        // Only a debugger or an old core's MOV PC can do this; bits 1:0 do not reach the bus.
        va &= ~3u;
        c->r[15] = va;
    }
    if (c->code->bytes > CACHE_LIMIT_BYTES) {
        code_flush(c);
    }
    bool whole;
    uint8_t *host = mmu_fetch_page(c, va, &whole);
    // BE-32 swaps the halfwords of each word: Thumb code is not in memory order.
    bool swapped = c->thumb && c->cp15[CP15_SCTLR] & SCTLR_B && c->model->arch < 7;
    struct code_page *p = host && whole && !swapped ? page_for(c, host, c->thumb) : NULL;
    if (!p) {
        return enter_alone(c, va);
    }
    struct insn *slots = p->slots[c->thumb];
    struct fetch_entry *f = &c->ftlb[fetch_index(va, c->thumb)];
    f->tag = (va & ~0xfffu) | c->thumb;
    f->slots = slots;
    f->page = p;
    f->entry = p->entry[c->thumb];
    c->page = p;
    c->page_va = va & ~0xfffu;
    struct insn *slot = &slots[(va & 0xfff) >> (2 - c->thumb)];
    if (c->thumb && (c->itstate || slot->it)) {
        // A return into an IT block; or marks left by code that is no longer there.
        unsigned at = (va & 0xfff) >> 1;
        if (c->itstate) {
            code_mark_it(c, p, at, c->itstate);
        } else {
            reset_slot(slot, 0);
            jit_page_drop(p);
        }
    }
    return slot;
}
