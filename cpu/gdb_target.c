// SPDX-License-Identifier: MIT
//
// What GDB is told about the target: registers by GDB's numbers (org.gnu.gdb.arm.core and
// org.gnu.gdb.arm.vfp) and the description in XML. Q registers are described too, as views of the D
// registers: GDB 13 makes none of its own from an empty org.gnu.gdb.arm.neon.
#include "cpu/gdb_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bits.h"

enum { REG_CORE = 16, REG_CPSR = 25, REG_D0 = 26 };

static unsigned doubles(const struct gdb *g)
{
    return !g->cfg.vfp ? 0 : g->cfg.d32 ? 32 : 16;
}

static unsigned fpscr_number(const struct gdb *g)
{
    return REG_D0 + doubles(g);
}

static unsigned quads(const struct gdb *g)
{
    return g->cfg.vfp && g->cfg.d32 && g->cfg.neon ? 16 : 0;
}

unsigned gdb_reg_count(const struct gdb *g)
{
    return REG_CORE + 1 + (g->cfg.vfp ? doubles(g) + 1 + quads(g) : 0);
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
    if (number <= fpscr_number(g)) {
        return number < fpscr_number(g) ? 8 : 4;
    }
    return number - fpscr_number(g) <= quads(g) ? 16 : 0;
}

void gdb_reg_read(const struct gdb *g, const struct cpu *cpu, unsigned number, uint8_t raw[16])
{
    unsigned fpscr = fpscr_number(g);
    if (number < REG_CORE) {
        put_le32(raw, cpu_get(cpu, (enum cpu_reg)(CPU_R0 + number)));
    } else if (number == REG_CPSR) {
        put_le32(raw, cpu_get(cpu, CPU_CPSR));
    } else if (number < fpscr) {
        put_le64(raw, cpu_get_d(cpu, number - REG_D0));
    } else if (number == fpscr) {
        put_le32(raw, cpu_get(cpu, CPU_FPSCR));
    } else {
        unsigned q = number - fpscr - 1;
        put_le64(raw, cpu_get_d(cpu, 2 * q));
        put_le64(raw + 8, cpu_get_d(cpu, 2 * q + 1));
    }
}

void gdb_reg_write(const struct gdb *g, struct cpu *cpu, unsigned number, const uint8_t raw[16])
{
    unsigned fpscr = fpscr_number(g);
    if (number < REG_CORE) {
        cpu_set(cpu, (enum cpu_reg)(CPU_R0 + number), get_le32(raw));
    } else if (number == REG_CPSR) {
        cpu_set(cpu, CPU_CPSR, get_le32(raw));
    } else if (number < fpscr) {
        cpu_set_d(cpu, number - REG_D0, get_le64(raw));
    } else if (number == fpscr) {
        cpu_set(cpu, CPU_FPSCR, get_le32(raw));
    } else {
        unsigned q = number - fpscr - 1;
        cpu_set_d(cpu, 2 * q, get_le64(raw));
        cpu_set_d(cpu, 2 * q + 1, get_le64(raw + 8));
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

// The element types that a vector register can be looked at with.
static void put_views(struct text *t)
{
    static const struct {
        const char *name, *type;
        unsigned bytes;
    } views[] = {
        {"u8", "uint8", 1}, {"u16", "uint16", 2}, {"u32", "uint32", 4}, {"f32", "ieee_single", 4},
        {"u64", "uint64", 8}, {"f64", "ieee_double", 8},
    };
    for (unsigned size = 8; size <= 16; size *= 2) {
        for (unsigned k = 0; k < ARRAY_LEN(views); k++) {
            put(t, "<vector id=\"v%u%s\" type=\"%s\" count=\"%u\"/>", size, views[k].name,
                views[k].type, size / views[k].bytes);
        }
        put(t, "<union id=\"neon_%c\">", size == 8 ? 'd' : 'q');
        for (unsigned k = 0; k < ARRAY_LEN(views); k++) {
            if (views[k].bytes == size) { // a D register is one double
                put(t, "<field name=\"%s\" type=\"%s\"/>", views[k].name, views[k].type);
            } else {
                put(t, "<field name=\"%s\" type=\"v%u%s\"/>", views[k].name, size, views[k].name);
            }
        }
        put(t, "</union>");
    }
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
        if (quads(g)) {
            put_views(&t);
        }
        for (unsigned r = 0; r < doubles(g); r++) {
            put(&t, "<reg name=\"d%u\" bitsize=\"64\" type=\"%s\" regnum=\"%u\"/>", r,
                quads(g) ? "neon_d" : "ieee_double", REG_D0 + r);
        }
        put(&t, "<reg name=\"fpscr\" bitsize=\"32\" type=\"int\" group=\"float\" regnum=\"%u\"/>",
            fpscr_number(g));
        for (unsigned r = 0; r < quads(g); r++) {
            put(&t, "<reg name=\"q%u\" bitsize=\"128\" type=\"neon_q\" regnum=\"%u\"/>", r,
                fpscr_number(g) + 1 + r);
        }
        put(&t, "</feature>");
    }
    put(&t, "</target>");
    return t.len;
}
