// SPDX-License-Identifier: MIT
//
// See stuck.h. The look is taken at instruction grain: a tap on the bus notes each access with the
// program counter that made it. A register whose answer changes by itself (a counter) is progress, not
// a wall; so is any store to a device that was not made before in the look.
#include "soc/stuck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "soc/bus.h"
#include "soc/machine.h"

enum { SEEN = 64, PCS = 128, RULES = 64 };

struct watch {
    struct bus_tap tap;
    struct machine *m;
    struct stuck_read seen[SEEN];
    bool varies[SEEN];
    unsigned count, reads, writes;
    bool overflow;
};

static void watched(struct bus_tap *tap, uint32_t pa, unsigned size, bool write, uint64_t *val)
{
    struct watch *w = container_of(tap, struct watch, tap);
    uint32_t pc = cpu_get(machine_cpu(w->m), CPU_PC);
    if (write) {
        w->writes++;
        return;
    }
    w->reads++;
    for (unsigned i = 0; i < w->count; i++) {
        struct stuck_read *r = &w->seen[i];
        if (r->pa == pa && r->pc == pc) {
            w->varies[i] |= r->value != (uint32_t)*val;
            r->count++;
            return;
        }
    }
    if (w->count == SEEN) {
        w->overflow = true;
        return;
    }
    w->seen[w->count++] = (struct stuck_read){.pa = pa, .pc = pc, .value = (uint32_t)*val, .size = size, .count = 1};
}

static int by_count(const void *a, const void *b)
{
    const struct stuck_read *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : x->pa < y->pa ? -1 : x->pa > y->pa;
}

static bool note_pc(uint32_t *list, unsigned *n, uint32_t pc)
{
    for (unsigned i = 0; i < *n; i++) {
        if (list[i] == pc) {
            return true;
        }
    }
    if (*n == PCS) {
        return false;
    }
    list[(*n)++] = pc;
    return true;
}

bool stuck_look(struct machine *m, unsigned insns, struct stuck_report *out)
{
    struct watch w = {.tap.access = watched, .m = m};
    struct bus *bus = soc_bus(machine_soc(m));
    uint32_t pcs[PCS];
    unsigned n = 0;
    bool small = true;
    memset(out, 0, sizeof *out);
    out->pc_low = ~0u;
    bus_tap_add(bus, &w.tap);
    for (unsigned i = 0; i < insns && small; i++) {
        uint32_t pc = cpu_get(machine_cpu(m), CPU_PC);
        if (cpu_run(machine_cpu(m), 1) == CPU_STOP_WFI) {
            small = false; // it sleeps
        }
        soc_advance(machine_soc(m), machine_now(m));
        small = small && note_pc(pcs, &n, pc);
        out->pc_low = pc < out->pc_low ? pc : out->pc_low;
        out->pc_high = pc > out->pc_high ? pc : out->pc_high;
    }
    bus_tap_remove(bus, &w.tap);
    out->loops = n;
    for (unsigned i = 0; i < w.count; i++) {
        if (w.varies[i]) {
            small = false; // something moves
        }
    }
    qsort(w.seen, w.count, sizeof w.seen[0], by_count);
    for (unsigned i = 0; i < w.count && out->count < STUCK_READS; i++) {
        out->reads[out->count] = w.seen[i];
        bus_name(bus, w.seen[i].pa, out->reads[out->count].name, sizeof out->reads[0].name);
        out->count++;
    }
    return small && !w.overflow && w.count && w.reads >= insns / 64 && !w.writes &&
           out->reads[0].count >= 16;
}

// ---- rules
// ------------------------------------------------------------------------------------------

struct quirks {
    struct bus_tap tap;
    struct machine *m;
    struct quirk list[RULES];
    uint64_t reads[RULES];
    unsigned count;
};

static void answered(struct bus_tap *tap, uint32_t pa, unsigned size, bool write, uint64_t *val)
{
    struct quirks *q = container_of(tap, struct quirks, tap);
    (void)size;
    for (unsigned i = 0; !write && i < q->count; i++) {
        struct quirk *k = &q->list[i];
        uint32_t pc;
        if ((k->pa ^ pa) & ~3u) {
            continue;
        }
        pc = cpu_get(machine_cpu(q->m), CPU_PC);
        if (pc < k->pc_first || pc > k->pc_last || q->reads[i]++ < k->after) {
            continue;
        }
        k->hits++;
        *val = (((uint32_t)*val & k->and) | k->or) ^ (k->hits & 1 ? 0 : k->xor);
    }
}

struct quirks *quirks_create(struct machine *m)
{
    struct quirks *q = calloc(1, sizeof *q);
    if (q) {
        q->m = m;
        q->tap.access = answered;
        bus_tap_add(soc_bus(machine_soc(m)), &q->tap);
    }
    return q;
}

void quirks_destroy(struct quirks *q)
{
    if (q) {
        bus_tap_remove(soc_bus(machine_soc(q->m)), &q->tap);
    }
    free(q);
}

int quirks_set(struct quirks *q, const struct quirk *k)
{
    unsigned i = 0;
    if (!k) {
        q->count = 0;
        return 0;
    }
    while (i < q->count && q->list[i].pa != k->pa) {
        i++;
    }
    if (i == RULES) {
        return -ENOSPC;
    }
    q->list[i] = *k;
    q->list[i].hits = 0;
    q->reads[i] = 0;
    q->count = i == q->count ? q->count + 1 : q->count;
    return 0;
}

const struct quirk *quirks_at(const struct quirks *q, unsigned i)
{
    return i < q->count ? &q->list[i] : NULL;
}

static bool word(const char *text, const char *key, uint32_t *v)
{
    size_t n = strlen(key);
    char *end;
    unsigned long x;
    if (strncmp(text, key, n) != 0) {
        return false;
    }
    x = strtoul(text + n, &end, 0);
    if (end == text + n || *end || x > 0xffffffffu) {
        return false;
    }
    *v = (uint32_t)x;
    return true;
}

int quirks_parse(const char *line, struct quirk *out)
{
    char copy[256], *save = NULL, *t, *dash;
    *out = (struct quirk){.and = ~0u, .pc_last = ~0u};
    snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "#\r\n"), line);
    t = strtok_r(copy, " \t", &save);
    if (!t) {
        return 0;
    }
    if (!word(t, "", &out->pa)) {
        return -EINVAL;
    }
    while ((t = strtok_r(NULL, " \t", &save))) {
        if (word(t, "and=", &out->and) || word(t, "or=", &out->or) || word(t, "xor=", &out->xor) ||
            word(t, "after=", &out->after)) {
            continue;
        }
        dash = strchr(t, '-');
        if (strncmp(t, "pc=", 3) != 0 || !dash) {
            return -EINVAL;
        }
        *dash = 0;
        if (!word(t, "pc=", &out->pc_first) || !word(dash + 1, "", &out->pc_last)) {
            return -EINVAL;
        }
    }
    return 1;
}

void quirks_print(const struct quirk *k, char *buf, unsigned n)
{
    int at = snprintf(buf, n, "0x%08x and=0x%08x or=0x%08x", k->pa, k->and, k->or);
    if (k->xor && at > 0 && (unsigned)at < n) {
        at += snprintf(buf + at, n - (unsigned)at, " xor=0x%08x", k->xor);
    }
    if (k->after && at > 0 && (unsigned)at < n) {
        at += snprintf(buf + at, n - (unsigned)at, " after=%u", k->after);
    }
    if ((k->pc_first || k->pc_last != ~0u) && at > 0 && (unsigned)at < n) {
        snprintf(buf + at, n - (unsigned)at, " pc=0x%08x-0x%08x", k->pc_first, k->pc_last);
    }
}

int quirks_load(struct quirks *q, const char *path, struct err *err)
{
    FILE *f = fopen(path, "r");
    char line[256];
    unsigned n = 0;
    int rc = 0;
    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    while (!rc && fgets(line, sizeof line, f)) {
        struct quirk k;
        int got = quirks_parse(line, &k);
        n++;
        if (got < 0) {
            rc = err_set(err, -EINVAL, "%s: line %u is no rule: ADDRESS and=M or=M [xor=M] [pc=A-B] [after=N]",
                         path, n);
        } else if (got && quirks_set(q, &k)) {
            rc = err_set(err, -ENOSPC, "%s: more than %d rules", path, RULES);
        }
    }
    fclose(f);
    return rc;
}
