// SPDX-License-Identifier: MIT
//
// VFP loads and stores (ARM DDI 0406C A8.8.332-333, 367-368, 407-408, 412-413): single registers and
// runs of them, the old FLDMX and FSTMX forms included. All need word alignment. Loads read
// everything before a register changes; multiple stores are probed first.
#include <string.h>

#include "cpu/isa_protos.h"
#include "cpu/mem.h"
#include "cpu/vfp.h"

// ---- one register ----------------------------------------------------------------------------------

static enum prep single_offset(struct decode *d)
{
    uint32_t offset = fld(d, 'i') << 2;
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->imm = fld(d, 'U') ? offset : 0 - offset;
    return PREP_OK;
}

enum prep prep_vfp_mem_s(struct decode *d)
{
    d->i->rd = vfp_single(d, 'd', 'D');
    return single_offset(d);
}

enum prep prep_vfp_mem_d(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    return vfp_has_double(d, d->i->rd) ? single_offset(d) : PREP_UNDEF;
}

static inline uint32_t vfp_base(const struct cpu *c, const struct insn *i)
{
    return unlikely(i->rn == 15) ? insn_pc(c, i) & ~3u : c->r[i->rn];
}

void exec_vldr_s(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    vfp_s(c)[i->rd] = mem_ld32ALIGNED(c, vfp_base(c, i) + i->imm);
}

void exec_vldr_d(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    c->d[i->rd] = mem_ld64ALIGNED(c, vfp_base(c, i) + i->imm);
}

void exec_vstr_s(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    mem_st32ALIGNED(c, vfp_base(c, i) + i->imm, vfp_s(c)[i->rd]);
}

void exec_vstr_d(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    mem_st64ALIGNED(c, vfp_base(c, i) + i->imm, c->d[i->rd]);
}

// ---- runs of registers -------------------------------------------------------------------------------
// rd = first register as a single, rm = words moved, imm = bytes added to or taken from the base,
// rs = flags.

enum { MULTI_WRITEBACK = 1, MULTI_DOWN = 2, MULTI_DOUBLE = 4 };

static enum prep multi(struct decode *d, unsigned first, unsigned words, unsigned limit)
{
    d->i->rd = (uint8_t)first;
    d->i->rm = (uint8_t)words;
    d->i->rn = (uint8_t)bits(d->raw, 19, 16);
    d->i->imm = fld(d, 'i') << 2;
    bool writeback = bit(d->raw, 21);
    d->i->rs = (uint8_t)((writeback ? MULTI_WRITEBACK : 0) | (bit(d->raw, 24) ? MULTI_DOWN : 0));
    if (words == 0 || words > 32 || first + words > limit || (writeback && d->i->rn == 15)) {
        return PREP_UNDEF;
    }
    return PREP_OK;
}

enum prep prep_vfp_multi_s(struct decode *d)
{
    return multi(d, vfp_single(d, 'd', 'D'), fld(d, 'i'), 32);
}

static enum prep multi_double(struct decode *d, unsigned imm8)
{
    unsigned limit = ISA_HAS(d->features, D32) ? 64 : 32;
    enum prep result = multi(d, 2u * vfp_double(d, 'd', 'D'), imm8 & ~1u, limit);
    d->i->imm = imm8 << 2;
    d->i->rs |= MULTI_DOUBLE;
    return result;
}

enum prep prep_vfp_multi_d(struct decode *d)
{
    return multi_double(d, fld(d, 'i') << 1);
}

enum prep prep_vfp_multi_x(struct decode *d)
{
    return multi_double(d, fld(d, 'i') << 1 | 1);
}

// The host address of [va, va + bytes) when it is word aligned inside one page of the fast bank.
static inline void *fast_run(const struct cpu *c, uint32_t va, unsigned bytes, bool write)
{
    const struct tlb_entry *e = tlb_at(c, va);
    uint32_t tag = write ? e->wtag : e->rtag;
    bool inside = (va & ((1u << TLB_PAGE) - 1)) + bytes <= 1u << TLB_PAGE;
    if ((va & TLB_MASK(4)) != tag || !inside) {
        return NULL;
    }
    return (void *)(e->addend + va);
}

static inline void copy_words(void *to, const void *from, unsigned words)
{
    char *t = to;
    const char *f = from;
    for (; words >= 2; words -= 2, t += 8, f += 8) {
        memcpy(t, f, 8);
    }
    if (words) {
        memcpy(t, f, 4);
    }
}

static inline void multi_write_back(struct cpu *c, const struct insn *i, uint32_t base)
{
    if (i->rs & MULTI_WRITEBACK) {
        c->r[i->rn] = i->rs & MULTI_DOWN ? base - i->imm : base + i->imm;
    }
}

static NOINLINE void load_slow(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    uint32_t base = vfp_base(c, i);
    uint32_t va = i->rs & MULTI_DOWN ? base - i->imm : base;
    uint32_t words[32];
    for (unsigned k = 0; k < i->rm;) {
        if (i->rs & MULTI_DOUBLE) {
            uint64_t v = mem_ld64ALIGNED(c, va + k * 4);
            words[k++] = (uint32_t)v;
            words[k++] = (uint32_t)(v >> 32);
        } else {
            words[k] = mem_ld32ALIGNED(c, va + k * 4);
            k++;
        }
    }
    memcpy(vfp_s(c) + i->rd, words, i->rm * 4u);
    multi_write_back(c, i, base);
}

static NOINLINE void store_slow(struct cpu *c, const struct insn *i)
{
    fp_require(c);
    uint32_t base = vfp_base(c, i);
    uint32_t va = i->rs & MULTI_DOWN ? base - i->imm : base;
    const uint32_t *s = vfp_s(c) + i->rd;
    mem_probe_write(c, va, i->rm * 4u);
    for (unsigned k = 0; k < i->rm;) {
        if (i->rs & MULTI_DOUBLE) {
            mem_st64ALIGNED(c, va + k * 4, s[k] | (uint64_t)s[k + 1] << 32);
            k += 2;
        } else {
            mem_st32ALIGNED(c, va + k * 4, s[k]);
            k++;
        }
    }
    multi_write_back(c, i, base);
}

void exec_vldm(struct cpu *c, const struct insn *i)
{
    uint32_t base = vfp_base(c, i);
    uint32_t va = i->rs & MULTI_DOWN ? base - i->imm : base;
    const void *host = fast_run(c, va, i->rm * 4u, false);
    if (unlikely(!host || !c->fp_on)) {
        load_slow(c, i);
        return;
    }
    copy_words(vfp_s(c) + i->rd, host, i->rm);
    multi_write_back(c, i, base);
}

void exec_vstm(struct cpu *c, const struct insn *i)
{
    uint32_t base = vfp_base(c, i);
    uint32_t va = i->rs & MULTI_DOWN ? base - i->imm : base;
    void *host = fast_run(c, va, i->rm * 4u, true);
    if (unlikely(!host || !c->fp_on)) {
        store_slow(c, i);
        return;
    }
    copy_words(host, vfp_s(c) + i->rd, i->rm);
    multi_write_back(c, i, base);
}
