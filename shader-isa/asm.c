// SPDX-License-Identifier: MIT
//
// Assembler for the freedreno dialect: what freedreno's own assembler reads, and what the
// disassembler prints. A program is a list of control flow lines, each exec followed by its slots:
//
//     EXEC
//        (S)FETCH: SAMPLE R0.xyzw = R0.xyx CONST(0)
//     ALLOC PARAM/PIXEL SIZE(0x0)
//     EXEC_END
//           ALU: MULv export0 = R1, R0
//                RECIP_IEEE R2.x___ = R3
//
// Execs get their addresses in order, unless ADDR says otherwise. Lines may begin with raw words as
// disassemblies do ("02: 140f8000 ..."); these supply the bits that the dialect has no words for,
// and must agree with the text. Without raw words, "{field=value}" at the end of a line sets such
// bits by the names of a2xx.def, cf.def and fetch.def. Lines that start with '@' describe, and are
// skipped.
#include "shader-isa/asm.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

#define MAX_CF (2 * SHADER_MAX_SLOTS)

struct asm_cf {
    struct cf_fields f;
    uint64_t raw;
    bool has_raw, has_address, has_count;
    unsigned first, count; // slots that follow
    unsigned line;
    uint32_t extra[2]; // bits that an annotation set, and where
    uint32_t extra_mask[2];
};

struct assembler {
    struct asm_cf *cf;
    struct asm_slot *slot;
    unsigned cfs, slots;
    struct err *err;
    bool open_alu; // the last line was an ALU operation: a scalar one may follow
};

// ---- raw words
// -----------------------------------------------------------------------------------

static bool hex_word(const char **p, const char *end, unsigned digits, uint32_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < digits; i++, (*p)++) {
        if (*p >= end || !isxdigit((unsigned char)**p)) {
            return false;
        }
        unsigned char c = (unsigned char)**p;
        *v = *v << 4 | (uint32_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    return *p >= end || !isalnum((unsigned char)**p);
}

static void blanks(const char **p, const char *end)
{
    while (*p < end && (**p == ' ' || **p == '\t')) {
        (*p)++;
    }
}

// "1003 0002 1000" at the start of a line.
static bool raw_cf(struct asm_line *l, uint64_t *raw)
{
    const char *p = l->p;
    *raw = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t v;
        blanks(&p, l->end);
        if (!hex_word(&p, l->end, 4, &v)) {
            return false;
        }
        *raw |= (uint64_t)v << (16 * i);
    }
    l->p = p;
    return true;
}

// "0a: 140f8000 00000000 e2000000" at the start of a line; the number is not used.
static bool raw_slot(struct asm_line *l, uint32_t raw[3])
{
    const char *p = l->p;
    blanks(&p, l->end);
    while (p < l->end && isxdigit((unsigned char)*p)) {
        p++;
    }
    if (p >= l->end || *p++ != ':') {
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        blanks(&p, l->end);
        if (!hex_word(&p, l->end, 8, &raw[i])) {
            return false;
        }
    }
    l->p = p;
    return true;
}

// ---- control flow lines
// --------------------------------------------------------------------------

static bool option(struct asm_line *l, const char *name, uint32_t limit, uint32_t *field)
{
    return !asm_accept(l, name) || asm_parenthesised(l, limit, field);
}

static bool exec_line(struct asm_line *l, struct asm_cf *c)
{
    struct cf_exec_fields *f = &c->f.exec;
    f->sequence = 0; // from the slots
    if (asm_accept(l, "ADDR")) {
        c->has_address = true;
        if (!asm_parenthesised(l, 0xfff, &f->address)) {
            return false;
        }
    }
    if (asm_accept(l, "CNT")) {
        c->has_count = true;
        if (!asm_parenthesised(l, 7, &f->count)) {
            return false;
        }
    }
    f->yield = asm_accept(l, "YIELD");
    f->vc = f->bool_address = 0;
    if (!option(l, "VC", 63, &f->vc) || !option(l, "BOOL_ADDR", 255, &f->bool_address)) {
        return false;
    }
    f->address_mode = asm_accept(l, "ABSOLUTE_ADDR");
    return option(l, "COND", 1, &f->condition);
}

static bool jump_line(struct asm_line *l, struct asm_cf *c)
{
    struct cf_jump_fields *f = &c->f.jump;
    f->bool_address = 0;
    if (!asm_expect(l, "ADDR") || !asm_parenthesised(l, 0x1fff, &f->address) ||
        !option(l, "DIR", 1, &f->direction)) {
        return false;
    }
    f->uncond = asm_accept(l, "FORCE_CALL");
    f->predicated = asm_accept(l, "COND");
    if ((f->predicated && !asm_parenthesised(l, 1, &f->condition)) ||
        !option(l, "BOOL_ADDR", 255, &f->bool_address)) {
        return false;
    }
    f->address_mode = asm_accept(l, "ABSOLUTE_ADDR");
    return true;
}

static bool loop_line(struct asm_line *l, struct asm_cf *c)
{
    struct cf_loop_fields *f = &c->f.loop;
    if (!asm_expect(l, "ADDR") || !asm_parenthesised(l, 0x1fff, &f->address) ||
        !asm_expect(l, "LOOP_ID") || !asm_parenthesised(l, 31, &f->loop_id)) {
        return false;
    }
    f->address_mode = asm_accept(l, "ABSOLUTE_ADDR");
    return true;
}

static bool alloc_line(struct asm_line *l, struct asm_cf *c)
{
    struct cf_alloc_fields *f = &c->f.alloc;
    unsigned type = 0;
    while (type < 4 && !asm_accept(l, isa_alloc_adreno[type])) {
        type++;
    }
    if (type == 4) {
        return asm_fail(l, "expected POSITION, PARAM/PIXEL, MEMORY or NO ALLOC");
    }
    f->type = type;
    if (!asm_expect(l, "SIZE") || !asm_parenthesised(l, 15, &f->size)) {
        return false;
    }
    f->no_serial = asm_accept(l, "NO_SERIAL");
    f->alloc_mode = asm_accept(l, "ALLOC_MODE");
    return true;
}

static bool cf_opcode(struct asm_line *l, uint8_t *op)
{
    for (unsigned i = 0; i < 16; i++) {
        if (asm_accept(l, isa_cf[i].adreno)) {
            *op = (uint8_t)i;
            return true;
        }
    }
    return false;
}

// The annotation's bits are kept apart: addresses and sequences are not known yet.
static bool cf_annotation(struct asm_line *l, struct asm_cf *c)
{
    const struct field_info *rows = isa_cf_fields[isa_cf[c->f.op].form];
    uint32_t zeros[3] = {0, 0, 0}, ones[3] = {~0u, ~0u, ~0u};
    const char *p = l->p;
    if (!asm_annotation(l, rows, zeros)) {
        return false;
    }
    l->p = p;
    asm_annotation(l, rows, ones);
    for (unsigned i = 0; i < 2; i++) { // bits that came out alike are those that were set
        c->extra[i] = zeros[i];
        c->extra_mask[i] = ~(zeros[i] ^ ones[i]);
    }
    return true;
}

static bool cf_line(struct assembler *a, struct asm_line *l, uint8_t op, bool has_raw, uint64_t raw)
{
    if (a->cfs == MAX_CF) {
        return asm_fail(l, "more than %u control flow instructions", MAX_CF);
    }
    struct asm_cf *c = &a->cf[a->cfs++];
    *c = (struct asm_cf){
        .f = {.op = op}, .raw = raw, .has_raw = has_raw, .first = a->slots, .line = l->number};
    if (has_raw) {
        isa_unpack_cf(raw, &c->f);
        if (c->f.op != op) {
            return asm_fail(l, "the words are %s", isa_cf[c->f.op].adreno);
        }
    }
    bool ok = true;
    switch ((enum cf_form)isa_cf[op].form) {
    case FORM_NOP:
        break;
    case FORM_EXEC:
        ok = exec_line(l, c);
        break;
    case FORM_LOOP:
        ok = loop_line(l, c);
        break;
    case FORM_JUMP:
        ok = jump_line(l, c);
        break;
    case FORM_ALLOC:
        ok = alloc_line(l, c);
        break;
    }
    return ok && cf_annotation(l, c);
}

// ---- slot lines
// ----------------------------------------------------------------------------------

static bool slot_line(struct assembler *a, struct asm_line *l, bool has_raw, const uint32_t raw[3])
{
    bool sync = asm_accept(l, "(S)");
    bool alu = asm_accept(l, "ALU"), fetch = !alu && asm_accept(l, "FETCH");
    if (!alu && !fetch) {
        return asm_fail(l, "expected an instruction");
    }
    struct asm_cf *c = a->cfs ? &a->cf[a->cfs - 1] : NULL;
    if (!c || !isa_cf_is_exec(c->f.op)) {
        return asm_fail(l, "instructions follow an EXEC");
    }
    if (c->count == 7 || (c->count == 6 && !has_raw)) {
        return asm_fail(l, "an EXEC has 6 instructions at most");
    }
    if (a->slots == SHADER_MAX_SLOTS) {
        return asm_fail(l, "more than %u instructions", SHADER_MAX_SLOTS);
    }
    struct asm_slot *s = &a->slot[a->slots];
    *s = (struct asm_slot){.fetch = fetch, .sync = sync, .has_raw = has_raw, .line = l->number};
    memcpy(s->raw, raw, sizeof s->raw);
    c->f.exec.sequence |= (fetch | (uint32_t)sync << 1) << (2 * c->count);
    c->count++;
    a->open_alu = alu;
    return asm_expect(l, ":") && (alu ? asm_alu(l, s) : asm_fetch(l, s, a->slots)) && ++a->slots;
}

// Closes the slot before: no scalar operation follows any more.
static bool finish_slot(struct assembler *a, struct asm_line *l)
{
    bool check = a->open_alu && a->slots;
    a->open_alu = false;
    return !check || asm_slot_done(l, &a->slot[a->slots - 1]);
}

static bool one_line(struct assembler *a, struct asm_line *l)
{
    uint64_t raw = 0;
    uint32_t words[3] = {0};
    uint8_t op;
    if (asm_at_end(l)) {
        return true;
    }
    if (asm_accept(l, "@")) {
        return true;
    }
    if (a->open_alu && asm_is_scalar(l)) {
        return asm_scalar(l, &a->slot[a->slots - 1]) &&
               (asm_at_end(l) || asm_fail(l, "unexpected text"));
    }
    if (!finish_slot(a, l)) {
        return false;
    }
    bool has_words = raw_slot(l, words), has_raw = !has_words && raw_cf(l, &raw);
    bool ok = !has_words && cf_opcode(l, &op) ? cf_line(a, l, op, has_raw, raw)
                                              : slot_line(a, l, has_words, words);
    if (ok && !a->open_alu && a->slots && !has_raw) {
        const struct asm_slot *s = &a->slot[a->slots - 1];
        ok = !s->fetch || s->line != l->number || asm_slot_done(l, s);
    }
    return ok && (asm_at_end(l) || asm_fail(l, "unexpected text"));
}

static int parse(struct assembler *a, const char *text)
{
    struct asm_line l = {.err = a->err};
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *comment = memchr(text, ';', n);
        l.start = l.p = text;
        l.end = comment ? comment : text + n;
        l.number++;
        if (!one_line(a, &l)) {
            return -EINVAL;
        }
        text += n + (text[n] == '\n');
    }
    return finish_slot(a, &l) ? 0 : -EINVAL;
}

// ---- layout
// --------------------------------------------------------------------------------------

static int cf_error(const struct assembler *a, const struct asm_cf *c, const char *what)
{
    return err_set(a->err, -EINVAL, "line %u: %s", c->line, what);
}

// Gives execs their addresses. Returns the size of the program in slots, or negative.
static int place(struct assembler *a)
{
    unsigned next = (a->cfs + 1) / 2, size = next;
    for (unsigned i = 0; i < a->cfs; i++) {
        struct asm_cf *c = &a->cf[i];
        if (!isa_cf_is_exec(c->f.op)) {
            continue;
        }
        if (!c->has_address) {
            c->f.exec.address = next;
        }
        if (c->has_count && c->f.exec.count != c->count) {
            return cf_error(a, c, "CNT is not the number of instructions that follow");
        }
        if (c->f.exec.address < (a->cfs + 1) / 2 && c->count) {
            return cf_error(a, c, "ADDR lies in the control flow part");
        }
        c->f.exec.count = c->count;
        next = c->f.exec.address + c->count;
        size = next > size ? next : size;
        if (size > SHADER_MAX_SLOTS) {
            return cf_error(a, c, "the program is too long");
        }
    }
    return (int)size;
}

static int emit(const struct assembler *a, uint32_t *dw, uint8_t *taken)
{
    for (unsigned i = 0; i < a->cfs; i++) {
        const struct asm_cf *c = &a->cf[i];
        uint64_t v = isa_pack_cf(&c->f);
        for (unsigned k = 0; k < 2; k++) {
            uint64_t mask = (uint64_t)c->extra_mask[k] << (32 * k);
            v = (v & ~mask) | ((uint64_t)c->extra[k] << (32 * k) & mask);
        }
        if (c->has_raw && v != c->raw) {
            return cf_error(a, c, "the words do not say what the text says");
        }
        uint32_t *p = dw + 3 * (i / 2);
        if (i & 1) {
            p[1] |= (uint32_t)(v << 16);
            p[2] = (uint32_t)(v >> 16);
        } else {
            p[0] = (uint32_t)v;
            p[1] = (uint32_t)(v >> 32) & 0xffff;
        }
        for (unsigned k = 0; k < c->count; k++) {
            unsigned at = c->f.exec.address + k;
            const struct asm_slot *s = &a->slot[c->first + k];
            if (taken[at] && memcmp(dw + 3 * at, s->dw, 12) != 0) {
                return err_set(a->err, -EINVAL, "line %u: slot %u already holds something else",
                               s->line, at);
            }
            memcpy(dw + 3 * at, s->dw, 12);
            taken[at] = 1;
        }
    }
    return 0;
}

static int assemble(struct assembler *a, const char *text, uint32_t **dw, size_t *ndw)
{
    int rc = parse(a, text);
    if (rc) {
        return rc;
    }
    int size = place(a);
    if (size <= 0) {
        return size ? size : err_set(a->err, -EINVAL, "no instructions");
    }
    uint8_t *taken = calloc((size_t)size, 1);
    *dw = calloc((size_t)size * 3, sizeof **dw);
    *ndw = (size_t)size * 3;
    rc = *dw && taken ? emit(a, *dw, taken) : err_set(a->err, -ENOMEM, "out of memory");
    free(taken);
    if (rc) {
        free(*dw);
        *dw = NULL;
    }
    return rc;
}

int shader_assemble(const char *text, enum shader_stage stage, uint32_t **dw, size_t *ndw,
                    struct err *err)
{
    (void)stage; // both stages are written alike
    struct assembler a = {.err = err};
    *dw = NULL;
    *ndw = 0;
    a.cf = calloc(MAX_CF, sizeof *a.cf);
    a.slot = calloc(SHADER_MAX_SLOTS, sizeof *a.slot);
    int rc = a.cf && a.slot ? assemble(&a, text, dw, ndw) : err_set(err, -ENOMEM, "out of memory");
    free(a.cf);
    free(a.slot);
    return rc;
}
