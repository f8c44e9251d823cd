// SPDX-License-Identifier: MIT
//
// From an encoding to a slot: finds the row, gathers its fields by letter, lets the row's prep
// function choose operands and body, and binds the condition.
#include <string.h>

#include "cpu/code.h"
#include "cpu/interp.h"
#include "cpu/isa_protos.h"

// Fields of letters; two segments of one letter are one number.
static void gather(struct decode *d)
{
    const struct isa_row *row = d->row;
    memset(d->f, 0, sizeof d->f);
    for (unsigned k = 0; k < row->segs; k++) {
        const struct isa_seg *s = &row->seg[k];
        uint32_t *f = &d->f[s->letter & 63];
        *f = *f << s->width | (d->raw >> s->lo & ((1u << s->width) - 1));
    }
}

void decode_insn(struct cpu *c, struct insn *i, uint32_t raw, bool thumb, bool alone)
{
    struct decode d = {.i = i, .features = c->features, .cpu = c, .alone = alone, .cond = 14};
    enum isa_set set = !thumb ? ISA_A32 : i->wide ? ISA_T32 : ISA_T16;
    if (thumb) {
        d.in_it = i->it != 0;
        d.last_in_it = (i->it & 0xf) == 8;
        d.cond = d.in_it ? (uint8_t)(i->it >> 4) : 14;
    } else if (raw >> 28 != 15) {
        d.cond = (uint8_t)(raw >> 28);
    } else if (!ISA_HAS(c->features, V5T)) {
        // Condition NV of ARMv4: never executed.
        insn_bind(i, OP_NOP(&d), 14);
        return;
    }
    const struct isa_row *row = NULL;
    for (;;) {
        row = isa_find(set, raw, c->features, row, &d.raw);
        if (!row) {
            break;
        }
        d.row = row;
        d.set = row->set;
        gather(&d);
        i->raw = d.raw;
        i->row = (uint32_t)(row - isa_rows) & 0x7ff;
        i->imm = 0;
        i->rd = i->rn = i->rm = i->rs = 0;
        i->body.exec = row->exec;
        d.op = NULL;
        enum prep verdict = row->prep(&d);
        if (unlikely(c->coverage) && verdict != PREP_NEXT) {
            c->coverage[row - isa_rows] = 1;
        }
        if (verdict == PREP_OK && (d.op || i->body.exec)) {
            insn_bind(i, d.op, d.cond);
            return;
        }
        if (verdict != PREP_NEXT) {
            break;
        }
    }
    i->raw = raw;
    // An undefined instruction whose condition fails is a NOP on all cores modelled here.
    insn_bind(i, op_undefined, d.cond);
}

// ---- prep functions that only name registers ---------------------------------------------------

enum prep prep_none(struct decode *d)
{
    (void)d;
    return PREP_OK;
}

enum prep prep_undef(struct decode *d)
{
    (void)d;
    return PREP_UNDEF;
}

enum prep prep_hint(struct decode *d)
{
    d->op = OP_NOP(d);
    return PREP_OK;
}

// Unconditional even in an IT block.
enum prep prep_bkpt(struct decode *d)
{
    d->cond = 14;
    return PREP_OK;
}

enum prep prep_dm(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rm = (uint8_t)fld(d, 'm');
    return d->i->rd == 15 || d->i->rm == 15 ? PREP_UNDEF : PREP_OK;
}

enum prep prep_dnm(struct decode *d)
{
    d->i->rd = (uint8_t)fld(d, 'd');
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    d->i->imm = fld(d, 'i');
    // Registers named 15 are UNPREDICTABLE in all rows that come here: taken as UNDEFINED.
    return d->i->rd == 15 || d->i->rn == 15 || d->i->rm == 15 ? PREP_UNDEF : PREP_OK;
}

enum prep prep_tbb(struct decode *d)
{
    d->i->rn = (uint8_t)fld(d, 'n');
    d->i->rm = (uint8_t)fld(d, 'm');
    return d->i->rm == 15 ? PREP_UNDEF : PREP_OK;
}

// The IT instruction itself does nothing: code_decode gives the slots that follow their ITSTATE.
enum prep prep_t_IT(struct decode *d)
{
    d->op = op_nop_1;
    return d->in_it || fld(d, 'k') == 15 || !fld(d, 'm') ? PREP_UNDEF : PREP_OK; // UNPREDICTABLE
}
