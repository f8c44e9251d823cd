// SPDX-License-Identifier: MIT
//
// See guest_symbols.h.
#include "cli/guest_symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { NEAR = 1 << 20 };

struct symbol {
    uint32_t at;
    char *name;
};
struct guest_symbols {
    struct symbol *list;
    unsigned count, room;
};

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct symbol *)a)->at, y = ((const struct symbol *)b)->at;
    return x < y ? -1 : x > y;
}

static bool add(struct guest_symbols *s, uint32_t at, const char *name)
{
    if (s->count == s->room) {
        unsigned room = s->room ? s->room * 2 : 4096;
        struct symbol *more = realloc(s->list, room * sizeof *more);
        if (!more) {
            return false;
        }
        s->list = more;
        s->room = room;
    }
    s->list[s->count] = (struct symbol){at, strdup(name)};
    return s->list[s->count++].name != NULL;
}

struct guest_symbols *guest_symbols_load(const char *path, struct err *err)
{
    struct guest_symbols *s = calloc(1, sizeof *s);
    char line[512], name[400], type;
    unsigned at, n = 0;
    FILE *f;
    if (!s || !path) {
        return s;
    }
    f = fopen(path, "r");
    if (!f) {
        err_set(err, -errno, "%s: %s", path, strerror(errno));
        free(s);
        return NULL;
    }
    while (fgets(line, sizeof line, f)) {
        n++;
        if (sscanf(line, "%8x %c %399s", &at, &type, name) != 3) {
            err_set(err, -EINVAL, "%s: line %u is no symbol", path, n);
            fclose(f);
            guest_symbols_free(s);
            return NULL;
        }
        if (name[0] != '$' && strchr("tTwW", type) && !add(s, at, name)) {
            break;
        }
    }
    fclose(f);
    if (s->count) {
        qsort(s->list, s->count, sizeof *s->list, by_address);
    }
    return s;
}

void guest_symbols_free(struct guest_symbols *s)
{
    for (unsigned i = 0; s && i < s->count; i++) {
        free(s->list[i].name);
    }
    if (s) {
        free(s->list);
    }
    free(s);
}

const char *guest_symbol(const struct guest_symbols *s, uint32_t pc, char *buf, unsigned n)
{
    unsigned lo = 0, hi = s ? s->count : 0;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (s->list[mid].at <= pc) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (lo && pc - s->list[lo - 1].at < NEAR) {
        snprintf(buf, n, "%s+0x%x", s->list[lo - 1].name, pc - s->list[lo - 1].at);
    } else {
        snprintf(buf, n, "0x%08x", pc);
    }
    return buf;
}
