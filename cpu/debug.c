// SPDX-License-Identifier: MIT
//
// Breakpoints, watchpoints and the execution trace; see debug.h.
#include "cpu/debug.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "cpu/mmu.h"
#include "cpu/psr.h"

static struct debug *get(struct cpu *c)
{
    if (!c->debug) {
        c->debug = calloc(1, sizeof *c->debug);
        mmu_select(c);
    }
    return c->debug;
}

static void drop_if_empty(struct cpu *c)
{
    if (!c->debug->breaks && !c->debug->watches && !c->debug->trace) {
        free(c->debug);
        c->debug = NULL;
        mmu_select(c);
    }
}

int cpu_break_add(struct cpu *cpu, uint32_t va)
{
    struct debug *d = get(cpu);
    if (!d) {
        return -ENOMEM;
    }
    for (unsigned k = 0; k < d->breaks; k++) {
        if (d->brk[k] == va) {
            return -EEXIST;
        }
    }
    if (d->breaks == DEBUG_BREAKS) {
        return -ENOSPC;
    }
    d->brk[d->breaks++] = va;
    return 0;
}

int cpu_break_remove(struct cpu *cpu, uint32_t va)
{
    struct debug *d = cpu->debug;
    for (unsigned k = 0; d && k < d->breaks; k++) {
        if (d->brk[k] == va) {
            d->brk[k] = d->brk[--d->breaks];
            drop_if_empty(cpu);
            return 0;
        }
    }
    return -ENOENT;
}

int cpu_watch_add(struct cpu *cpu, uint32_t va, uint32_t bytes, unsigned flags)
{
    struct debug *d = get(cpu);
    if (!d) {
        return -ENOMEM;
    }
    for (unsigned k = 0; k < d->watches; k++) {
        if (d->watch[k].va == va && d->watch[k].bytes == bytes && d->watch[k].flags == flags) {
            return -EEXIST;
        }
    }
    if (d->watches == DEBUG_WATCHES || !bytes) {
        drop_if_empty(cpu);
        return -ENOSPC;
    }
    d->watch[d->watches].va = va;
    d->watch[d->watches].bytes = bytes;
    d->watch[d->watches++].flags = flags;
    return 0;
}

int cpu_watch_remove(struct cpu *cpu, uint32_t va, uint32_t bytes, unsigned flags)
{
    struct debug *d = cpu->debug;
    for (unsigned k = 0; d && k < d->watches; k++) {
        if (d->watch[k].va == va && d->watch[k].bytes == bytes && d->watch[k].flags == flags) {
            d->watch[k] = d->watch[--d->watches];
            drop_if_empty(cpu);
            return 0;
        }
    }
    return -ENOENT;
}

int debug_trace(struct cpu *c, struct cpu_trace *trace)
{
    struct debug *d = trace ? get(c) : c->debug;
    if (!d) {
        return trace ? -ENOMEM : 0;
    }
    d->trace = trace;
    drop_if_empty(c);
    return 0;
}

bool debug_before(struct cpu *c)
{
    uint32_t pc = c->r[15];
    const struct debug *d = c->debug;
    for (unsigned k = 0; d && k < d->breaks; k++) {
        if ((d->brk[k] & ~1u) == pc && c->brk_skip != pc) {
            c->stop = CPU_STOP_BREAKPOINT;
            c->stop_address = pc;
            c->brk_skip = pc;
            return true;
        }
    }
    c->brk_skip = 1;
    if (d && d->trace && d->trace->insn) {
        d->trace->insn(d->trace, c, pc);
    }
    if (log_on(c->log, LOG_exec)) {
        char text[96];
        cpu_disassemble(c, pc, text, sizeof text);
        log_trace(c->log, LOG_exec,
                  "%08x %-36s %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x %08x sp "
                  "%08x lr %08x psr %08x",
                  pc, text, c->r[0], c->r[1], c->r[2], c->r[3], c->r[4], c->r[5], c->r[6], c->r[7],
                  c->r[8], c->r[9], c->r[10], c->r[11], c->r[12], c->r[13], c->r[14],
                  psr_get(c, c->itstate));
    }
    return false;
}

void debug_access(struct cpu *c, uint32_t va, unsigned size, bool write)
{
    const struct debug *d = c->debug;
    if (d->trace && d->trace->access) {
        d->trace->access(d->trace, c, va, size, write);
    }
    for (unsigned k = 0; k < d->watches; k++) {
        uint64_t begin = d->watch[k].va, end = begin + d->watch[k].bytes;
        if (va < end && begin < (uint64_t)va + size &&
            d->watch[k].flags & (write ? CPU_WATCH_WRITE : CPU_WATCH_READ)) {
            c->stop = CPU_STOP_WATCHPOINT;
            c->stop_address = va;
            c->stop_pending = true;
            return;
        }
    }
}
