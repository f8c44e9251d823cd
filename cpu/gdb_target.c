// SPDX-License-Identifier: MIT
//
// What GDB is told about the target: registers by GDB's numbers (org.gnu.gdb.arm.core and
// org.gnu.gdb.arm.vfp) and the description in XML. Q registers are pseudo registers that GDB makes
// itself where org.gnu.gdb.arm.neon is present.
#include "cpu/gdb_int.h"

#include <stdarg.h>
#include <stdio.h>

enum { REG_CORE = 16, REG_CPSR = 25, REG_D0 = 26 };

static unsigned doubles(const struct gdb *g)
{
    return !g->cfg.vfp ? 0 : g->cfg.d32 ? 32 : 16;
}

static unsigned fpscr_number(const struct gdb *g)
{
    return REG_D0 + doubles(g);
}

unsigned gdb_reg_count(const struct gdb *g)
{
    return REG_CORE + 1 + (g->cfg.vfp ? doubles(g) + 1 : 0);
}

unsigned gdb_reg_number(const struct gdb *g, unsigned nth)
{
    (void)g;
    return nth < REG_CORE ? nth : REG_CPSR + (nth - REG_CORE);
}

unsigned gdb_reg_bytes(const struct gdb *g, unsigned number)
{
    if (number < REG_CORE || number == REG_CPSR) {
        return 4;
    }
    if (!g->cfg.vfp || number < REG_D0) {
        return 0;
    }
    return number < fpscr_number(g) ? 8 : number == fpscr_number(g) ? 4 : 0;
}

uint64_t gdb_reg_read(const struct gdb *g, const struct cpu *cpu, unsigned number)
{
    if (number < REG_CORE) {
        return cpu_get(cpu, (enum cpu_reg)(CPU_R0 + number));
    }
    if (number == REG_CPSR) {
        return cpu_get(cpu, CPU_CPSR);
    }
    return number == fpscr_number(g) ? cpu_get(cpu, CPU_FPSCR) : cpu_get_d(cpu, number - REG_D0);
}

void gdb_reg_write(const struct gdb *g, struct cpu *cpu, unsigned number, uint64_t val)
{
    if (number < REG_CORE) {
        cpu_set(cpu, (enum cpu_reg)(CPU_R0 + number), (uint32_t)val);
    } else if (number == REG_CPSR) {
        cpu_set(cpu, CPU_CPSR, (uint32_t)val);
    } else if (number == fpscr_number(g)) {
        cpu_set(cpu, CPU_FPSCR, (uint32_t)val);
    } else {
        cpu_set_d(cpu, number - REG_D0, val);
    }
}

struct text {
    char *buf;
    size_t cap, len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t room = t->len < t->cap ? t->cap - t->len : 0;
    int w = vsnprintf(room ? t->buf + t->len : NULL, room, fmt, ap);
    va_end(ap);
    t->len += w > 0 ? (size_t)w : 0;
}

size_t gdb_target_xml(const struct gdb *g, char *buf, size_t n)
{
    struct text t = {buf, n, 0};
    put(&t, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
            "<target><architecture>arm</architecture><feature name=\"org.gnu.gdb.arm.core\">");
    for (unsigned r = 0; r < 13; r++) {
        put(&t, "<reg name=\"r%u\" bitsize=\"32\"/>", r);
    }
    put(&t, "<reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\"/><reg name=\"lr\" bitsize=\"32\"/>"
            "<reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\"/>"
            "<reg name=\"cpsr\" bitsize=\"32\" regnum=\"%u\"/></feature>",
        REG_CPSR);
    if (g->cfg.vfp) {
        put(&t, "<feature name=\"org.gnu.gdb.arm.vfp\">");
        for (unsigned r = 0; r < doubles(g); r++) {
            put(&t, "<reg name=\"d%u\" bitsize=\"64\" type=\"ieee_double\" regnum=\"%u\"/>", r,
                REG_D0 + r);
        }
        put(&t, "<reg name=\"fpscr\" bitsize=\"32\" type=\"int\" group=\"float\" regnum=\"%u\"/>"
                "</feature>",
            fpscr_number(g));
        if (g->cfg.neon) {
            put(&t, "<feature name=\"org.gnu.gdb.arm.neon\"/>");
        }
    }
    put(&t, "</target>");
    return t.len;
}
