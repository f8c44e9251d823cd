// SPDX-License-Identifier: MIT
//
// Interrupt controller of the Cortex-A9 MPCore: a generic interrupt controller of architecture
// version 1 (ARM IHI 0048A; ARM DDI 0407, "Interrupt Controller") with 64 shared interrupts, up to
// 8 cores, 16 software and 16 private interrupts each. Five priority bits. Left out: the security
// extensions (one group, IRQ only) and the lockable shared interrupts.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { CORES = 8, SPIS = 64, IDS = 32 + SPIS, WORDS = IDS / 32 };
enum { SPURIOUS = 1023, IDLE_PRIORITY = 0x100, PRIORITY_MASK = 0xf8 };
// CPU interface
enum { C_CTLR = 0x00, C_PMR = 0x04, C_BPR = 0x08, C_IAR = 0x0c, C_EOIR = 0x10, C_RPR = 0x14,
       C_HPPIR = 0x18, C_ABPR = 0x1c, C_IIDR = 0xfc };
// distributor
enum { D_CTLR = 0x000, D_TYPER = 0x004, D_IIDR = 0x008, D_IGROUP = 0x080, D_ISENABLE = 0x100,
       D_ICENABLE = 0x180, D_ISPEND = 0x200, D_ICPEND = 0x280, D_ISACTIVE = 0x300,
       D_ICACTIVE = 0x380, D_IPRIORITY = 0x400, D_ITARGETS = 0x800, D_ICFG = 0xc00,
       D_PPISR = 0xd00, D_SPISR = 0xd04, D_SGIR = 0xf00, D_ID = 0xfd0 };

// Word 0 of each bit array is the core's own; shared words live with core 0.
struct arm_gic {
    struct device dev;
    uint32_t ctlr, cores;
    uint32_t enable[CORES][WORDS], pending[CORES][WORDS], active[CORES][WORDS];
    uint32_t level[CORES][WORDS], edge[CORES][WORDS];
    uint8_t priority[CORES][IDS]; // of shared ones with core 0
    uint8_t target[IDS];
    uint8_t sgi_from[CORES][16]; // cores that sent it
    uint8_t owner[IDS];          // core that took a shared one
    uint32_t cctlr[CORES], pmr[CORES], bpr[CORES];
};

static struct arm_gic *gic_of(struct device *dev)
{
    return container_of(dev, struct arm_gic, dev);
}

static uint32_t *word(uint32_t (*bits_of)[WORDS], unsigned core, unsigned w)
{
    return &bits_of[w ? 0 : core][w];
}

static uint8_t *priority_of(struct arm_gic *g, unsigned core, unsigned id)
{
    return &g->priority[id < 32 ? core : 0][id];
}

// Interrupts that may go to the core: pending and enabled, aimed at it, not being served.
static uint32_t candidates(struct arm_gic *g, unsigned core, unsigned w)
{
    uint32_t level = *word(g->level, core, w) & ~*word(g->edge, core, w);
    uint32_t c = (*word(g->pending, core, w) | level) & *word(g->enable, core, w) &
                 ~*word(g->active, core, w);
    for (uint32_t rest = w ? c : 0; rest; rest &= rest - 1) {
        unsigned n = (unsigned)__builtin_ctz(rest);
        if (g->cores > 1 && !(g->target[w * 32 + n] >> core & 1)) {
            c &= ~BIT(n);
        }
    }
    return c;
}

static unsigned best(struct arm_gic *g, unsigned core, unsigned *priority)
{
    unsigned id = SPURIOUS;
    *priority = IDLE_PRIORITY;
    for (unsigned w = 0; w < WORDS; w++) {
        for (uint32_t c = candidates(g, core, w); c; c &= c - 1) {
            unsigned n = w * 32 + (unsigned)__builtin_ctz(c);
            unsigned p = *priority_of(g, core, n);
            if (p < *priority) {
                *priority = p;
                id = n;
            }
        }
    }
    return id;
}

// Priority of what the core serves now.
static unsigned running(struct arm_gic *g, unsigned core)
{
    unsigned p = IDLE_PRIORITY;
    for (unsigned w = 0; w < WORDS; w++) {
        for (uint32_t a = *word(g->active, core, w); a; a &= a - 1) {
            unsigned n = w * 32 + (unsigned)__builtin_ctz(a);
            if ((!w || g->owner[n] == core) && *priority_of(g, core, n) < p) {
                p = *priority_of(g, core, n);
            }
        }
    }
    return p;
}

// Binary point: the part of a priority that decides about preemption.
static unsigned group_of(const struct arm_gic *g, unsigned core, unsigned priority)
{
    return priority & ~0u << (g->bpr[core] + 1);
}

static unsigned ready(struct arm_gic *g, unsigned core)
{
    unsigned p, id, now;
    if (!(g->ctlr & 1) || !(g->cctlr[core] & 1)) {
        return SPURIOUS;
    }
    id = best(g, core, &p);
    if (id == SPURIOUS || p >= g->pmr[core]) {
        return SPURIOUS;
    }
    now = running(g, core);
    return now == IDLE_PRIORITY || group_of(g, core, p) < group_of(g, core, now) ? id : SPURIOUS;
}

static void update_core(struct arm_gic *g, unsigned core)
{
    device_output(&g->dev, core, ready(g, core) != SPURIOUS);
}

static void update(struct arm_gic *g)
{
    for (unsigned k = 0; k < g->cores; k++) {
        update_core(g, k);
    }
}

// ---- lines
// ---------------------------------------------------------------------------------------

// 0..63: shared; then 16 for each core: its private interrupts 16..31.
static void input(struct device *dev, unsigned line, bool level)
{
    struct arm_gic *g = gic_of(dev);
    unsigned core = line < SPIS ? 0 : (line - SPIS) / 16;
    unsigned id = line < SPIS ? 32 + line : 16 + (line - SPIS) % 16;
    uint32_t *now = word(g->level, core, id / 32), mask = BIT(id % 32);
    TRACE(device_log(dev), irq, "gic %u core %u %s", id, core, level ? "high" : "low");
    if (level && !(*now & mask) && *word(g->edge, core, id / 32) & mask) {
        *word(g->pending, core, id / 32) |= mask;
    }
    *now = level ? *now | mask : *now & ~mask;
    if (id < 32) {
        update_core(g, core);
    } else {
        update(g);
    }
}

static void send_sgi(struct arm_gic *g, unsigned from, uint32_t val)
{
    unsigned id = val & 15, all = (1u << g->cores) - 1, to = bits(val, 23, 16);
    switch (bits(val, 25, 24)) {
    case 0:
        break;
    case 1:
        to = all & ~(1u << from);
        break;
    case 2:
        to = 1u << from;
        break;
    default:
        to = 0;
        break;
    }
    for (unsigned k = 0; k < g->cores; k++) {
        if (to >> k & 1) {
            g->sgi_from[k][id] |= (uint8_t)(1u << from);
            g->pending[k][0] |= BIT(id);
            update_core(g, k);
        }
    }
}

// ---- CPU interface
// -------------------------------------------------------------------------------

static uint32_t acknowledge(struct arm_gic *g, unsigned core)
{
    unsigned id = ready(g, core), from = 0;
    uint32_t mask = BIT(id % 32);
    if (id == SPURIOUS) {
        return SPURIOUS;
    }
    *word(g->active, core, id / 32) |= mask;
    g->owner[id] = (uint8_t)core;
    if (id < 16) {
        from = (unsigned)__builtin_ctz(g->sgi_from[core][id] | 0x100u) & 7;
        g->sgi_from[core][id] &= (uint8_t)~(1u << from);
    }
    if (id >= 16 || !g->sgi_from[core][id]) {
        *word(g->pending, core, id / 32) &= ~mask;
    }
    if (id < 32) {
        update_core(g, core);
    } else {
        update(g);
    }
    return id | from << 10;
}

static void end(struct arm_gic *g, unsigned core, uint32_t val)
{
    unsigned id = val & 0x3ff;
    if (id < IDS) {
        *word(g->active, core, id / 32) &= ~BIT(id % 32);
        if (id < 32) {
            update_core(g, core);
        } else {
            update(g);
        }
    }
}

static bool cpu_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct arm_gic *g = gic_of(dev);
    unsigned core = device_core(dev), p, id;
    (void)size;
    switch (off) {
    case C_CTLR:
        *val = g->cctlr[core];
        return true;
    case C_PMR:
        *val = g->pmr[core];
        return true;
    case C_BPR:
        *val = g->bpr[core];
        return true;
    case C_IAR:
        *val = acknowledge(g, core);
        return true;
    case C_RPR:
        p = running(g, core);
        *val = p == IDLE_PRIORITY ? 0xff : p;
        return true;
    case C_HPPIR:
        id = best(g, core, &p);
        *val = id < 16 ? id | (uint32_t)__builtin_ctz(g->sgi_from[core][id] | 0x100u) % 8 << 10 : id;
        return true;
    case C_ABPR:
        *val = 3;
        return true;
    case C_IIDR:
        *val = 0x3901243b;
        return true;
    default:
        return off == C_EOIR;
    }
}

static bool cpu_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct arm_gic *g = gic_of(dev);
    unsigned core = device_core(dev);
    (void)size;
    switch (off) {
    case C_CTLR:
        g->cctlr[core] = (uint32_t)val & 1;
        break;
    case C_PMR:
        g->pmr[core] = (uint32_t)val & PRIORITY_MASK;
        break;
    case C_BPR:
        g->bpr[core] = (val & 7) < 2 ? 2 : (uint32_t)val & 7;
        break;
    case C_EOIR:
        end(g, core, (uint32_t)val);
        return true;
    default:
        return off == C_ABPR;
    }
    update_core(g, core);
    return true;
}

// ---- distributor
// ---------------------------------------------------------------------------------

// The array behind a register bank of one bit an interrupt; sets `clear` for the clearing view.
static uint32_t (*bit_bank(struct arm_gic *g, uint32_t off, bool *clear))[WORDS]
{
    *clear = off & 0x80;
    switch (off & ~0xffu) {
    case D_ISENABLE:
        return g->enable;
    case D_ISPEND:
        return g->pending;
    case D_ISACTIVE:
        return g->active;
    default:
        return NULL;
    }
}

static uint32_t dist_word(struct arm_gic *g, unsigned core, uint32_t off)
{
    unsigned w = off % 0x80 / 4;
    bool clear;
    uint32_t (*bank)[WORDS] = off >= D_ISENABLE && off < D_IPRIORITY ? bit_bank(g, off, &clear) : NULL;
    if (bank) {
        uint32_t v = w < WORDS ? *word(bank, core, w) : 0;
        if (bank == g->pending && w < WORDS) {
            v |= *word(g->level, core, w) & ~*word(g->edge, core, w);
        }
        return w == 0 && bank == g->enable ? v | 0xffff : v; // software interrupts are always on
    }
    switch (off) {
    case D_CTLR:
        return g->ctlr;
    case D_TYPER:
        return (IDS / 32 - 1) | (g->cores - 1) << 5;
    case D_IIDR:
        return 0x0102043b;
    case D_PPISR:
        return g->level[core][0] & 0xffff0000;
    case D_SPISR:
    case D_SPISR + 4:
        return g->level[0][1 + (off - D_SPISR) / 4];
    default:
        break;
    }
    if (off >= D_ICFG && off < D_ICFG + IDS / 4) { // two bits an interrupt, the upper one says edge
        unsigned id = (off - D_ICFG) * 4;
        uint32_t edge = *word(g->edge, core, id / 32) >> id % 32, v = 0;
        for (unsigned k = 0; k < 16; k++) {
            v |= (id < 16 ? 1u : edge >> k & 1) << (2 * k + 1);
        }
        return v;
    }
    if (off >= D_ID) {
        static const uint8_t id[12] = {0x04, 0, 0, 0, 0x90, 0xb3, 0x1b, 0, 0x0d, 0xf0, 0x05, 0xb1};
        return id[(off - D_ID) / 4];
    }
    return 0;
}

static uint8_t dist_byte(struct arm_gic *g, unsigned core, uint32_t off)
{
    unsigned id = off & 0x3ff;
    if (id >= IDS) {
        return 0;
    }
    if (off < D_ITARGETS) {
        return *priority_of(g, core, id);
    }
    if (g->cores == 1) {
        return 0; // nowhere else to go
    }
    return id < 32 ? (uint8_t)(1u << core) : g->target[id];
}

static bool is_byte_bank(uint32_t off)
{
    return off >= D_IPRIORITY && off < D_ICFG;
}

static bool dist_read(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    struct arm_gic *g = gic_of(dev);
    unsigned core = device_core(dev);
    uint64_t v = 0;
    if (size == 8) {
        return false;
    }
    if (is_byte_bank(off)) {
        for (unsigned k = 0; k < size; k++) {
            v |= (uint64_t)dist_byte(g, core, off + k) << (8 * k);
        }
    } else {
        v = dist_word(g, core, off & ~3u) >> (8 * (off & 3));
        v &= size == 4 ? 0xffffffff : (1u << 8 * size) - 1;
    }
    *val = v;
    return true;
}

static void write_bits(struct arm_gic *g, unsigned core, uint32_t off, uint32_t val)
{
    unsigned w = off % 0x80 / 4;
    bool clear;
    uint32_t (*bank)[WORDS] = bit_bank(g, off, &clear), *at;
    if (w >= WORDS || !bank) {
        return;
    }
    at = word(bank, core, w);
    if (bank != g->active && w == 0) {
        val &= 0xffff0000; // software interrupts are always on, and sent through their own register
    }
    *at = clear ? *at & ~val : *at | val;
}

static void write_config(struct arm_gic *g, unsigned core, uint32_t off, uint32_t val)
{
    unsigned id = (off - D_ICFG) * 4;
    uint32_t *edge = word(g->edge, core, id / 32);
    if (id < 32) {
        return; // software and private ones are fixed
    }
    for (unsigned k = 0; k < 16; k++) {
        unsigned n = id % 32 + k;
        *edge = bits_put(*edge, n, n, val >> (2 * k + 1) & 1);
    }
}

static void write_byte(struct arm_gic *g, unsigned core, uint32_t off, uint8_t val)
{
    unsigned id = off & 0x3ff;
    if (id >= IDS) {
        return;
    }
    if (off < D_ITARGETS) {
        *priority_of(g, core, id) = val & PRIORITY_MASK;
    } else if (id >= 32) {
        g->target[id] = val & (uint8_t)((1u << g->cores) - 1);
    }
}

static bool dist_write(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    struct arm_gic *g = gic_of(dev);
    unsigned core = device_core(dev);
    if (is_byte_bank(off) && size <= 4) {
        for (unsigned k = 0; k < size; k++) {
            write_byte(g, core, off + k, (uint8_t)(val >> (8 * k)));
        }
    } else if (size != 4) {
        return false;
    } else if (off == D_SGIR) {
        send_sgi(g, core, (uint32_t)val);
        return true;
    } else if (off == D_CTLR) {
        g->ctlr = (uint32_t)val & 1;
    } else if (off >= D_ICFG && off < D_ICFG + IDS / 4) {
        write_config(g, core, off, (uint32_t)val);
    } else if (off >= D_ISENABLE && off < D_IPRIORITY) {
        write_bits(g, core, off, (uint32_t)val);
    } else {
        return off < D_ICFG + 0x100; // unused parts of the banks
    }
    update(g);
    return true;
}

static const struct device_window windows[] = {
    {.name = "cpu", .offset = 0x100, .bytes = 0x100, .read = cpu_read, .write = cpu_write},
    {.name = "dist", .offset = 0x1000, .bytes = 0x1000, .read = dist_read, .write = dist_write},
};

static void reset(struct device *dev)
{
    struct arm_gic *g = gic_of(dev);
    size_t from = offsetof(struct arm_gic, ctlr);
    uint32_t level[CORES][WORDS];
    memcpy(level, g->level, sizeof level); // lines are where their drivers hold them
    memset((uint8_t *)g + from, 0, sizeof *g - from);
    memcpy(g->level, level, sizeof level);
    g->cores = device_cores(dev) < CORES ? device_cores(dev) : CORES;
    for (unsigned k = 0; k < CORES; k++) {
        g->enable[k][0] = 0xffff;
        g->edge[k][0] = 0xffff;
        g->bpr[k] = 2;
    }
    for (unsigned k = 0; k < CORES; k++) {
        device_output(dev, k, false);
    }
}

static void report(struct device *dev, FILE *out)
{
    struct arm_gic *g = gic_of(dev);
    for (unsigned k = 0; k < g->cores; k++) {
        unsigned p, id = best(g, k, &p);
        fprintf(out, "core %u: on %u, mask 0x%02x, running 0x%03x, next %u\n", k, g->cctlr[k],
                g->pmr[k], running(g, k), id);
    }
}

static int realize(struct device *dev, struct err *err)
{
    (void)err;
    gic_of(dev)->cores = device_cores(dev) < CORES ? device_cores(dev) : CORES;
    return 0;
}

#define FIELD2(m) {#m, offsetof(struct arm_gic, m), sizeof(uint32_t), CORES * WORDS}
#define BYTES(m) {#m, offsetof(struct arm_gic, m), 1, sizeof(((struct arm_gic *)0)->m)}
static const struct snap_field state[] = {
    SNAP_FIELD(struct arm_gic, ctlr), FIELD2(enable), FIELD2(pending), FIELD2(active), FIELD2(level),
    FIELD2(edge), BYTES(priority), BYTES(target), BYTES(sgi_from), BYTES(owner),
    SNAP_ARRAY(struct arm_gic, cctlr), SNAP_ARRAY(struct arm_gic, pmr),
    SNAP_ARRAY(struct arm_gic, bpr), SNAP_END};

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct arm_gic *g = gic_of(dev);
    for (unsigned k = 0; k < CORES; k++) {
        g->bpr[k] &= 7;
    }
    return snap_failed(r, err);
}

const struct device_class arm_gic_class = {
    .name = "arm-gic",
    .doc = "generic interrupt controller",
    .bytes = sizeof(struct arm_gic),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"core0", "core1", "core2", "core3", "core4", "core5", "core6",
                                     "core7", NULL},
    .input_count = SPIS + CORES * 16,
    .input = input,
    .realize = realize,
    .reset = reset,
    .state = state,
    .restore = restore,
    .report = report,
};
