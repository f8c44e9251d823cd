// SPDX-License-Identifier: MIT
//
// Prints register and packet fields from their one line descriptions.
#include "gpu-model/fields.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "gpu-model/formats.h"

struct field {
    const char *name, *type;
    size_t name_len, type_len; // type_len 0: boolean, or plain when there is no name
    unsigned lo, hi, shr;
};

static const struct {
    const char *enumeration;
    uint32_t value;
    const char *name;
} enums[] = {
#define VALUE(enumeration, value, name) {#enumeration, value, #name},
#include "gpu-model/a2xx_enums.def"
#undef VALUE
};

static bool is(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(s, word, len);
}

const char *enum_name(const char *enumeration, size_t len, uint32_t value)
{
    if (is(enumeration, len, "a2xx_colorformatx")) {
        const struct format_info *f = color_format_info(value);
        return f ? f->name : NULL;
    }
    if (is(enumeration, len, "a2xx_sq_surfaceformat")) {
        const struct format_info *f = format_info(value);
        return f ? f->name : NULL;
    }
    for (unsigned i = 0; i < ARRAY_LEN(enums); i++) {
        if (enums[i].value == value && is(enumeration, len, enums[i].enumeration)) {
            return enums[i].name;
        }
    }
    return NULL;
}

// Parses the field at *p and moves behind it. False at the end.
static bool field_next(const char **p, const char *end, struct field *f)
{
    const char *s = *p;
    while (s < end && *s == ' ') {
        s++;
    }
    if (s == end) {
        return false;
    }
    memset(f, 0, sizeof(*f));
    f->name = s;
    f->hi = 31;
    while (s < end && *s != '[' && *s != '<' && *s != ' ') {
        s++;
    }
    f->name_len = (size_t)(s - f->name);
    if (s < end && *s == '[') {
        char *q;
        f->lo = f->hi = (unsigned)strtoul(s + 1, &q, 10);
        if (*q == ':') {
            f->hi = (unsigned)strtoul(q + 1, &q, 10);
        }
        s = q + 1;
    }
    if (s < end && *s == '<') {
        f->type = s + 1;
        s = memchr(s, '>', (size_t)(end - s));
        f->type_len = (size_t)(s - f->type);
        s++;
    }
    if (s + 1 < end && s[0] == '>' && s[1] == '>') {
        char *q;
        f->shr = (unsigned)strtoul(s + 2, &q, 10);
        s = q;
    }
    *p = s;
    return true;
}

static uint32_t field_mask(const struct field *f)
{
    return bits_put(0, f->hi, f->lo, ~0u);
}

static void number_print(const struct field *f, uint32_t word, FILE *out)
{
    unsigned width = f->hi - f->lo + 1;
    uint64_t v = (uint64_t)bits(word, f->hi, f->lo) << f->shr;
    const char *name;

    if (!f->type_len || is(f->type, f->type_len, "hex")) {
        fprintf(out, "%#" PRIx64, v);
    } else if (is(f->type, f->type_len, "uint")) {
        fprintf(out, "%" PRIu64, v);
    } else if (is(f->type, f->type_len, "int")) {
        fprintf(out, "%" PRId32, sign_extend((uint32_t)v, width));
    } else if (is(f->type, f->type_len, "float")) {
        fprintf(out, "%f", (double)f32_from_bits((uint32_t)v));
    } else if (!strncmp(f->type, "ufixed", 6)) {
        fprintf(out, "%f", (double)v / (1u << (f->type[6] - '0')));
    } else if (!strncmp(f->type, "fixed", 5)) {
        fprintf(out, "%f", (double)sign_extend((uint32_t)v, width) / (1u << (f->type[5] - '0')));
    } else if ((name = enum_name(f->type, f->type_len, (uint32_t)v))) {
        fputs(name, out);
    } else {
        fprintf(out, "%#" PRIx64, v);
    }
}

void fields_print(const char *layout, const char *end, uint32_t value, FILE *out)
{
    struct field f = {.hi = 31};
    uint32_t known = 0;
    const char *separator = "";

    end = end ? end : layout ? layout + strlen(layout) : NULL;
    if (!layout || layout == end) {
        number_print(&f, value, out);
        return;
    }
    if (*layout == '<') {
        field_next(&layout, end, &f);
        number_print(&f, value, out);
        return;
    }
    fputs("{ ", out);
    while (field_next(&layout, end, &f)) {
        known |= field_mask(&f);
        if (!f.type_len && !(value & field_mask(&f))) {
            continue; // a flag that is not set
        }
        fprintf(out, "%s%.*s", separator, (int)f.name_len, f.name);
        if (f.type_len) {
            fputs(" = ", out);
            number_print(&f, value, out);
        }
        separator = " | ";
    }
    if (value & ~known) {
        fprintf(out, "%s%#x", separator, value & ~known);
    } else if (!*separator) {
        fputs("0", out);
    }
    fputs(" }", out);
}
