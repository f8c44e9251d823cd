// SPDX-License-Identifier: MIT
//
// Words and numbers of assembler lines, with error positions.
#include "shader-isa/asm.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

bool asm_fail(struct asm_line *l, const char *fmt, ...)
{
    if (!l->failed) {
        char text[160];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        err_set(l->err, -EINVAL, "line %u column %u: %s", l->number,
                (unsigned)(l->p - l->start) + 1, text);
    }
    l->failed = true;
    return false;
}

void asm_skip_blanks(struct asm_line *l)
{
    while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\r')) {
        l->p++;
    }
}

bool asm_at_end(struct asm_line *l)
{
    asm_skip_blanks(l);
    return l->p >= l->end;
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool asm_accept(struct asm_line *l, const char *text)
{
    size_t n = strlen(text);
    asm_skip_blanks(l);
    if (l->failed || (size_t)(l->end - l->p) < n || memcmp(l->p, text, n) != 0) {
        return false;
    }
    if (word_char(text[n - 1]) && l->p + n < l->end && word_char(l->p[n])) {
        return false;
    }
    l->p += n;
    return true;
}

bool asm_expect(struct asm_line *l, const char *text)
{
    return asm_accept(l, text) || asm_fail(l, "expected '%s'", text);
}

bool asm_word(struct asm_line *l, char *buf, size_t size)
{
    size_t n = 0;
    asm_skip_blanks(l);
    while (l->p + n < l->end && word_char(l->p[n]) && n + 1 < size) {
        buf[n] = l->p[n];
        n++;
    }
    buf[n] = 0;
    l->p += n;
    return n != 0;
}

bool asm_number(struct asm_line *l, uint32_t limit, uint32_t *value)
{
    asm_skip_blanks(l);
    const char *p = l->p;
    uint64_t v = 0;
    unsigned base = 10;
    if (l->end - p > 2 && p[0] == '0' && p[1] == 'x') {
        base = 16;
        p += 2;
    }
    const char *digits = p;
    while (p < l->end && isxdigit((unsigned char)*p) && v <= UINT32_MAX) {
        unsigned d = (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10);
        if (d >= base) {
            break;
        }
        v = v * base + d;
        p++;
    }
    if (p == digits) {
        return asm_fail(l, "expected a number");
    }
    if (v > limit) {
        return asm_fail(l, "number is over %u", limit);
    }
    l->p = p;
    *value = (uint32_t)v;
    return true;
}

bool asm_parenthesised(struct asm_line *l, uint32_t limit, uint32_t *value)
{
    return asm_expect(l, "(") && asm_number(l, limit, value) && asm_expect(l, ")");
}

bool asm_annotation(struct asm_line *l, const struct field_info *rows, uint32_t dw[3])
{
    if (!asm_accept(l, "{")) {
        return !l->failed;
    }
    do {
        char name[32];
        const struct field_info *row = rows;
        if (!asm_word(l, name, sizeof name)) {
            return asm_fail(l, "expected a field name");
        }
        while (row->name && strcmp(row->name, name) != 0) {
            row++;
        }
        if (!row->name) {
            return asm_fail(l, "no field '%s' here", name);
        }
        uint32_t value, width = row->hi - row->lo + 1u;
        uint32_t limit = width >= 32 ? UINT32_MAX : BIT(width) - 1;
        if (!asm_expect(l, "=") || !asm_number(l, limit, &value)) {
            return false;
        }
        for (unsigned i = 0; i < width; i++) { // control flow fields cross dwords
            unsigned at = 32u * row->dword + row->lo + i;
            dw[at / 32] = bits_put(dw[at / 32], at % 32, at % 32, value >> i & 1);
        }
    } while (asm_accept(l, ","));
    return asm_expect(l, "}");
}
