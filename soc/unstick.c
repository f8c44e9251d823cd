// SPDX-License-Identifier: MIT
//
// See unstick.h. Answers are tried in the order of their simplicity: each bit set, cleared and
// toggling; pairs of neighbouring bits; constants that the code near the loop or its registers hold
// (that is how a magic value is found); random values. What counts as going on: the guest leaves the
// loop's code for good, and does something new with devices or speaks.
#include "soc/unstick.h"

#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "soc/bus.h"
#include "soc/machine.h"
#include "soc/serial.h"

enum { LOOK = 4000, TRIAL_INSNS = 400000, PROBES = 40, CANDIDATES = 512, RANDOM = 32, NEW_MAX = 256 };
#define SLICE_NS 20000000u

struct candidate {
    struct quirk rule;
    char why[64];
};

struct trial {
    struct bus_tap tap;
    uint32_t places[NEW_MAX]; // hashes of (address, direction) seen
    unsigned count;
};

static uint32_t next_random(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

static void noted(struct bus_tap *tap, uint32_t pa, unsigned size, bool write, uint64_t *val)
{
    struct trial *t = container_of(tap, struct trial, tap);
    uint32_t h = pa * 2 + write;
    (void)size, (void)val;
    for (unsigned i = 0; i < t->count; i++) {
        if (t->places[i] == h) {
            return;
        }
    }
    if (t->count < NEW_MAX) {
        t->places[t->count++] = h;
    }
}

static bool in_loop(const struct stuck_report *s, uint32_t pc)
{
    return pc >= s->pc_low && pc <= s->pc_high;
}

// 0: still there. Else how much new it did; more is better.
static unsigned go_on(struct machine *m, const struct stuck_report *s)
{
    struct trial t = {.tap.access = noted};
    struct bus *bus = soc_bus(machine_soc(m));
    struct stuck_report after;
    unsigned inside = 0;
    size_t before, now;
    serial_text(machine_serial(m, 0), &before);
    bus_tap_add(bus, &t.tap);
    for (unsigned i = 0; i < PROBES; i++) {
        cpu_run(machine_cpu(m), TRIAL_INSNS / PROBES);
        soc_advance(machine_soc(m), machine_now(m));
        inside += i >= PROBES / 2 && in_loop(s, cpu_get(machine_cpu(m), CPU_PC));
    }
    bus_tap_remove(bus, &t.tap);
    serial_text(machine_serial(m, 0), &now);
    if (inside) {
        return 0;
    }
    // walking into the next wall is progress too, as long as it is another one
    if (stuck_look(m, LOOK, &after) && after.reads[0].pa == s->reads[0].pa) {
        return 0;
    }
    return 1 + t.count + (unsigned)(now > before ? now - before : 0);
}

// ---- what to try
// -----------------------------------------------------------------------------------

static void propose(struct candidate *list, unsigned *n, uint32_t pa, uint32_t and, uint32_t or,
                    uint32_t xor, const char *why, uint32_t v)
{
    if (*n < CANDIDATES) {
        struct candidate *c = &list[(*n)++];
        c->rule = (struct quirk){.pa = pa, .and = and, .or = or, .xor = xor, .pc_last = ~0u};
        snprintf(c->why, sizeof c->why, why, v);
    }
}

static bool proposed(const struct candidate *list, unsigned n, uint32_t v)
{
    for (unsigned i = 0; i < n; i++) {
        if (list[i].rule.and == 0 && list[i].rule.or == v) {
            return true;
        }
    }
    return false;
}

// Constants that the code may compare with: registers, words around the loop (literal pools),
// and immediate operands.
static void propose_constants(struct machine *m, const struct stuck_report *s, struct candidate *list,
                              unsigned *n, uint32_t pa)
{
    for (unsigned r = CPU_R0; r <= CPU_R12; r++) {
        uint32_t v = cpu_get(machine_cpu(m), (enum cpu_reg)r);
        if (!proposed(list, *n, v)) {
            propose(list, n, pa, 0, v, 0, "value 0x%08x, held in a register", v);
        }
    }
    for (uint32_t at = (s->pc_low & ~3u) - 32; at < s->pc_high + 512 && at + 4 > at; at += 4) {
        uint8_t b[4];
        uint32_t w, imm;
        if (cpu_read_virtual(machine_cpu(m), at, b, 4) != 4) {
            continue;
        }
        w = get_le32(b);
        if (at <= s->pc_high + 64 && (w & 0x0e000000) == 0x02000000) { // data processing, immediate
            unsigned turn = (w >> 8 & 15) * 2;
            imm = w & 0xff;
            imm = turn ? imm >> turn | imm << (32 - turn) : imm;
            if (!proposed(list, *n, imm)) {
                propose(list, n, pa, 0, imm, 0, "value 0x%08x, an operand of the code", imm);
            }
        }
        if (at > s->pc_high && !proposed(list, *n, w)) {
            propose(list, n, pa, 0, w, 0, "value 0x%08x, a constant of the code", w);
        }
    }
}

static unsigned candidates(struct machine *m, const struct stuck_report *s, const struct stuck_read *r,
                           struct candidate *list, uint32_t *seed)
{
    unsigned n = 0, width = r->size >= 4 ? 32 : r->size * 8;
    for (unsigned i = 0; i < width; i++) {
        if (bit(r->value, i)) {
            propose(list, &n, r->pa, ~BIT(i), 0, 0, "bit %u clear", i);
        } else {
            propose(list, &n, r->pa, ~0u, BIT(i), 0, "bit %u set", i);
        }
    }
    for (unsigned i = 0; i < width; i++) {
        propose(list, &n, r->pa, ~0u, 0, BIT(i), "bit %u toggles", i);
    }
    for (unsigned i = 0; i + 1 < width; i++) {
        for (uint32_t v = 0; v < 4; v++) {
            if (v != bits(r->value, i + 1, i)) {

                propose(list, &n, r->pa, ~(3u << i), v << i, 0, "%u in two bits", v);
                snprintf(list[n - 1].why, sizeof list[0].why, "bits %u:%u = %u", i + 1, i, v);
            }
        }
    }
    propose_constants(m, s, list, &n, r->pa);
    for (unsigned i = 0; i < RANDOM; i++) {
        uint32_t v = next_random(seed);
        propose(list, &n, r->pa, 0, v, 0, "random value 0x%08x", v);
    }
    return n;
}

// ---- one wall
// --------------------------------------------------------------------------------------

// Simplest group whose best candidate goes on: within the single bits the one that does most wins, so
// that a bit that leads into an error path loses against the right one.
static int try_register(struct machine *m, struct quirks *q, const struct unstick_config *cfg,
                        struct unstick_wall *w, const struct stuck_read *r, struct candidate *list,
                        uint32_t *seed, struct err *err)
{
    unsigned n = candidates(m, &w->stuck, r, list, seed), best = 0;
    struct quirk saved[UNSTICK_WALLS];
    unsigned kept = 0;
    while (quirks_at(q, kept) && kept < UNSTICK_WALLS) {
        saved[kept] = *quirks_at(q, kept);
        kept++;
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned score;
        int rc = quirks_set(q, &list[i].rule);
        rc = rc ? err_set(err, rc, "unstick: too many rules") : machine_restore(m, cfg->snapshot, err);
        if (rc) {
            return rc;
        }
        w->trials++;
        score = go_on(m, &w->stuck);
        if (cfg->log && score) {
            fprintf(cfg->log, "  %s: %s goes on (%u)\n", r->name, list[i].why, score);
        }
        if (score > best) {
            best = score;
            w->rule = list[i].rule;
            w->solved = true;
            memcpy(w->why, list[i].why, sizeof w->why);
        }
        // a group ends where the kind of answer changes
        if (w->solved && (i + 1 == n || (list[i + 1].rule.and == 0) != (list[i].rule.and == 0) ||
                          (list[i + 1].rule.xor != 0) != (list[i].rule.xor != 0) ||
                          __builtin_popcount(~list[i + 1].rule.and | list[i + 1].rule.or) >
                              __builtin_popcount(~list[i].rule.and | list[i].rule.or))) {
            break;
        }
    }
    quirks_set(q, NULL);
    for (unsigned i = 0; i < kept; i++) {
        quirks_set(q, &saved[i]);
    }
    return 0;
}

static int pass_wall(struct machine *m, struct quirks *q, const struct unstick_config *cfg,
                     struct unstick_wall *w, uint32_t *seed, struct err *err)
{
    static const unsigned most = 3; // registers of the loop
    struct candidate list[CANDIDATES];
    int rc = machine_save(m, cfg->snapshot, err);
    if (cfg->log) {
        fprintf(cfg->log, "spins at 0x%08x..0x%08x on %s (0x%x)\n", w->stuck.pc_low, w->stuck.pc_high,
                w->stuck.reads[0].name, w->stuck.reads[0].value);
    }
    for (unsigned i = 0; i < w->stuck.count && i < most && !rc && !w->solved; i++) {
        rc = try_register(m, q, cfg, w, &w->stuck.reads[i], list, seed, err);
    }
    rc = rc ? rc : machine_restore(m, cfg->snapshot, err);
    if (!rc && w->solved) {
        rc = quirks_set(q, &w->rule) ? err_set(err, -1, "unstick: too many rules") : 0;
    }
    return rc;
}

int unstick(struct machine *m, struct quirks *q, const struct unstick_config *cfg,
            struct unstick_result *out, struct err *err)
{
    uint64_t end = machine_now(m) + cfg->guest_ns;
    uint32_t seed = cfg->seed ? cfg->seed : 0x2545f491u;
    unsigned rounds = cfg->rounds && cfg->rounds < UNSTICK_WALLS ? cfg->rounds : UNSTICK_WALLS;
    memset(out, 0, sizeof *out);
    while (machine_now(m) < end) {
        struct machine_limits lim = {.guest_ns = machine_now(m) + SLICE_NS, .stop_text = cfg->stop_text};
        enum machine_exit why = machine_run(m, &lim, err);
        struct unstick_wall *w;
        int rc;
        if (why == MACHINE_EXIT_MATCH) {
            out->finished = true;
            return 0;
        }
        if (why != MACHINE_EXIT_GUEST_LIMIT) {
            return why == MACHINE_EXIT_ERROR ? -1 : 0;
        }
        if (out->count == rounds) {
            continue;
        }
        w = &out->walls[out->count];
        if (!stuck_look(m, LOOK, &w->stuck)) {
            continue;
        }
        out->count++;
        rc = pass_wall(m, q, cfg, w, &seed, err);
        if (rc || !w->solved) {
            return rc;
        }
    }
    return 0;
}
