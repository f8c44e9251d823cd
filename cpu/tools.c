// SPDX-License-Identifier: MIT
//
// See tools.h.
#include "cpu/tools.h"

#include <stdio.h>

#include "cpu/code.h"
#include "cpu/debug.h"
#include "cpu/exc.h"
#include "cpu/jit/jit.h"
#include "cpu/models.h"

int cpu_unshare(struct cpu *cpu)
{
    if (!cpu->jit) {
        return 0;
    }
    code_flush(cpu);
    return jit_unshare(cpu->jit);
}

int cpu_set_trace(struct cpu *cpu, struct cpu_trace *trace)
{
    return debug_trace(cpu, trace);
}

void cpu_catch(struct cpu *cpu, bool on)
{
    cpu->catching = on;
}

bool cpu_caught(struct cpu *cpu, struct cpu_caught *what)
{
    if (!cpu->caught) {
        return false;
    }
    enum exc_kind kind = (enum exc_kind)(cpu->caught - 1);
    cpu->caught = 0;
    *what = (struct cpu_caught){.kind = CPU_CAUGHT_UNDEFINED, .address = cpu->r[15]};
    if (kind == EXC_SVC) {
        what->kind = CPU_CAUGHT_SVC;
    } else if (kind == EXC_PREFETCH_ABORT) {
        what->kind = CPU_CAUGHT_FETCH;
        what->breakpoint = (cpu->cp15[CP15_IFSR] & 0x40f) == 2;
    } else if (kind == EXC_DATA_ABORT) {
        what->kind = CPU_CAUGHT_DATA;
        what->address = cpu->cp15[CP15_DFAR];
        what->write = cpu->cp15[CP15_DFSR] >> 11 & 1; // from ARMv6 on
    }
    return true;
}

unsigned cpu_encodings(void)
{
    return isa_row_count;
}

const char *cpu_encoding_name(unsigned row, char *buf, size_t n)
{
    static const char *const sets[ISA_SET_COUNT] = {"a32", "t16", "t32", "vfp", "neon"};
    if (row < isa_row_count) {
        snprintf(buf, n, "%s.%s", sets[isa_rows[row].set], isa_rows[row].name);
    } else {
        snprintf(buf, n, "none");
    }
    return buf;
}

void cpu_set_coverage(struct cpu *cpu, uint8_t *rows)
{
    cpu->coverage = rows;
    code_flush_later(cpu);
}

void cpu_set_perf_map(struct cpu *cpu, FILE *out)
{
    if (cpu->jit) {
        jit_perf_map(cpu->jit, out);
    }
}
