// SPDX-License-Identifier: MIT
//
// Command line options from tables; see opts.h.
#include "base/opts.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

bool opts_number(const char *s, uint64_t *v)
{
    uint64_t n = 0;
    unsigned base = 10;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    if (!*s) {
        return false;
    }
    for (; *s; s++) {
        unsigned d;
        if (*s >= '0' && *s <= '9') {
            d = (unsigned)(*s - '0');
        } else if (base == 16 && ((*s | 32) >= 'a' && (*s | 32) <= 'f')) {
            d = (unsigned)((*s | 32) - 'a' + 10);
        } else {
            break;
        }
        if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, d, &n)) {
            return false;
        }
    }
    if (*s && !s[1]) {
        unsigned shift = (*s | 32) == 'k' ? 10 : (*s | 32) == 'm' ? 20 : (*s | 32) == 'g' ? 30 : 0;
        if (!shift || n >> (64 - shift)) {
            return false;
        }
        n <<= shift;
        s++;
    }
    *v = n;
    return !*s;
}

static bool word_in(const char *list, char sep, const char *w, size_t n)
{
    while (list && *list) {
        size_t k = 0;
        while (list[k] && list[k] != sep) {
            k++;
        }
        if (k == n && !memcmp(list, w, n)) {
            return true;
        }
        list += k + (list[k] == sep);
    }
    return false;
}

static const struct opt_row *find(const struct opts_spec *spec, const char *w, size_t n)
{
    for (const struct opt_row *r = spec->rows; r->name; r++) {
        if (r->kind != OPT_HEADING &&
            ((strlen(r->name) == n && !memcmp(r->name, w, n)) || word_in(r->alias, ' ', w, n))) {
            return r;
        }
    }
    return NULL;
}

static int store(const struct opt_row *r, void *opts, const char *val, struct err *err)
{
    void *p = (char *)opts + r->offset;
    switch (r->kind) {
    case OPT_HEADING:
        break;
    case OPT_FLAG:
        *(bool *)p = true;
        break;
    case OPT_STRING:
        if (r->choices && !word_in(r->choices, '|', val, strlen(val))) {
            return err_set(err, -EINVAL, "--%s: '%s' is none of %s", r->name, val, r->choices);
        }
        *(const char **)p = val;
        break;
    case OPT_UINT:
        if (!opts_number(val, p)) {
            return err_set(err, -EINVAL, "--%s: '%s' is not a number (like 512M or 0x70000000)",
                           r->name, val);
        }
        break;
    case OPT_LIST: {
        struct opt_list *l = p;
        if (l->count == ARRAY_LEN(l->items)) {
            return err_set(err, -EINVAL, "--%s: given more than %zu times", r->name,
                           ARRAY_LEN(l->items));
        }
        l->items[l->count++] = val;
        break;
    }
    }
    return 0;
}

int opts_parse(const struct opts_spec *spec, void *opts, int argc, char **argv, const char **args,
               unsigned max_args, unsigned *nargs, struct err *err)
{
    bool only_args = false;
    *nargs = 0;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *val;
        const struct opt_row *r;
        size_t n;
        if (only_args || a[0] != '-' || !a[1]) {
            if (*nargs == max_args) {
                return err_set(err, -EINVAL, "'%s' is one argument too many (see %s --help)", a,
                               spec->command);
            }
            args[(*nargs)++] = a;
            continue;
        }
        if (!strcmp(a, "--")) {
            only_args = true;
            continue;
        }
        a += a[1] == '-' ? 2 : 1;
        if (!strcmp(a, "help") || !strcmp(a, "h")) {
            opts_help(spec, stdout);
            return 1;
        }
        n = strcspn(a, "=");
        r = find(spec, a, n);
        if (!r) {
            return err_set(err, -EINVAL, "unknown option '%s' (see %s --help)", argv[i],
                           spec->command);
        }
        val = a[n] == '=' ? a + n + 1 : NULL;
        if (r->kind == OPT_FLAG) {
            if (val) {
                return err_set(err, -EINVAL, "--%s takes no value", r->name);
            }
        } else if (!val) {
            if (++i == argc) {
                return err_set(err, -EINVAL, "--%s needs %s", r->name,
                               r->value ? r->value : "a value");
            }
            val = argv[i];
        }
        int rc = store(r, opts, val, err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

void opts_help(const struct opts_spec *spec, FILE *out)
{
    fprintf(out, "Usage: %s %s\n%s\n", spec->command, spec->synopsis, spec->summary);
    if (spec->rows[0].name) {
        fprintf(out, "\nOptions:\n");
    }
    for (const struct opt_row *r = spec->rows; r->name; r++) {
        char left[64];
        if (r->kind == OPT_HEADING) {
            fprintf(out, "\n%s:\n", r->name);
            continue;
        }
        snprintf(left, sizeof left, "--%s%s%s", r->name, r->value ? " " : "",
                 r->value ? r->value : "");
        fprintf(out, "  %-26s %s%s%s%s%s%s%s\n", left, r->help, r->choices ? " (" : "",
                r->choices ? r->choices : "", r->choices ? ")" : "", r->alias ? " [-" : "",
                r->alias ? r->alias : "", r->alias ? "]" : "");
    }
    fprintf(out, "  %-26s %s\n", "--help", "this text");
    if (spec->details) {
        fprintf(out, "\n%s\n", spec->details);
    }
}

void opts_words(const struct opts_spec *spec, FILE *out)
{
    for (const struct opt_row *r = spec->rows; r->name; r++) {
        if (r->kind != OPT_HEADING) {
            fprintf(out, "--%s\n", r->name);
        }
    }
    fprintf(out, "--help\n");
}

void opts_man(const struct opts_spec *spec, FILE *out)
{
    fprintf(out, ".SS \"%s %s\"\n%s\n", spec->command, spec->synopsis, spec->summary);
    for (const struct opt_row *r = spec->rows; r->name; r++) {
        if (r->kind == OPT_HEADING) {
            fprintf(out, ".PP\n\\fB%s\\fR\n", r->name);
        } else {
            fprintf(out, ".TP\n\\fB\\-\\-%s\\fR %s\n%s\n", r->name, r->value ? r->value : "",
                    r->help);
        }
    }
    if (spec->details) {
        fprintf(out, ".PP\n.nf\n%s\n.fi\n", spec->details);
    }
}
