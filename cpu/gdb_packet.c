// SPDX-License-Identifier: MIT
//
// The stub's packets (GDB manual, appendix E): stop and resume, registers, memory, breakpoints,
// threads, the target description and monitor commands. A packet that we do not know gets the empty
// answer, one that makes no sense E01, memory that cannot be reached E14.
#include "cpu/gdb_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- words of the protocol -----------------------------------------------------------------------------

static void answer(struct gdb *g, const char *text)
{
    gdb_send(g, text, strlen(text));
}

static void answer_errno(struct gdb *g, int code)
{
    char text[8];
    snprintf(text, sizeof text, "E%02x", (unsigned)(code < 0 ? -code : code) & 0xff);
    answer(g, text);
}

static int digit_of(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : -1;
}

// Reads a hexadecimal number; false when there is none or it does not fit 32 bits.
static bool number(const char **p, uint32_t *v)
{
    uint64_t n = 0;
    const char *s = *p;
    for (; digit_of(*s) >= 0; s++) {
        n = n << 4 | (unsigned)digit_of(*s);
        if (n > UINT32_MAX) {
            return false;
        }
    }
    if (s == *p) {
        return false;
    }
    *p = s;
    *v = (uint32_t)n;
    return true;
}

static bool literal(const char **p, char ch)
{
    if (**p != ch) {
        return false;
    }
    (*p)++;
    return true;
}

static size_t put_hex(char *out, const uint8_t *bytes, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t k = 0; k < n; k++) {
        out[2 * k] = hex[bytes[k] >> 4];
        out[2 * k + 1] = hex[bytes[k] & 15];
    }
    return 2 * n;
}

// Exactly n bytes of hexadecimal at p.
static bool get_hex(const char *p, uint8_t *bytes, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        int hi = digit_of(p[2 * k]), lo = hi < 0 ? -1 : digit_of(p[2 * k + 1]);
        if (lo < 0) {
            return false;
        }
        bytes[k] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

static struct cpu *current_cpu(const struct gdb *g)
{
    return g->cfg.cpus[g->current];
}

// ---- stopping and resuming -------------------------------------------------------------------------------

static void stopped(struct gdb *g, unsigned index, unsigned signal, const char *reason)
{
    g->action = GDB_HALT;
    g->current = index;
    g->stepping_over = g->step_after = false;
    snprintf(g->stop_reply, sizeof g->stop_reply, "T%02x%sthread:%x;", signal, reason, index + 1);
    if (g->waiting_stop) {
        g->waiting_stop = false;
        answer(g, g->stop_reply);
    }
}

static const char *watch_reason(const struct gdb *g, uint32_t va, char *buf, size_t n)
{
    for (unsigned k = 0; k < GDB_WATCHES; k++) {
        const struct gdb_watch *w = &g->watches[k];
        // The access may begin below the watched bytes.
        if (w->used && va + 8 > w->va && va < w->va + w->bytes) {
            snprintf(buf, n, "%s:%x;", w->type == '2' ? "watch" : w->type == '3' ? "rwatch" : "awatch",
                     va < w->va ? w->va : va);
            return buf;
        }
    }
    return "";
}

void gdb_report(struct gdb *g, unsigned index, enum cpu_stop why)
{
    char reason[40] = "";
    if (index >= g->cfg.cpu_count || g->fd < 0 || g->action == GDB_HALT || g->action == GDB_KILL) {
        return;
    }
    bool stepped = g->action == GDB_STEP;
    if (g->stepping_over) {
        for (unsigned k = 0; k < GDB_BREAKS; k++) { // put back what was lifted
            if (g->break_used[k]) {
                for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
                    cpu_break_add(g->cfg.cpus[c], g->breaks[k]); // -EEXIST for the others
                }
            }
        }
        bool quiet = why == CPU_STOP_BUDGET || why == CPU_STOP_WFI || why == CPU_STOP_REQUEST;
        g->stepping_over = false;
        if (quiet && !g->step_after) {
            g->action = GDB_RUN;
            return;
        }
    }
    switch (why) {
    case CPU_STOP_BREAKPOINT:
        stopped(g, index, 5, g->swbreak ? "swbreak:;" : "");
        return;
    case CPU_STOP_WATCHPOINT:
        stopped(g, index, 5,
                watch_reason(g, cpu_stop_address(g->cfg.cpus[index]), reason, sizeof reason));
        return;
    case CPU_STOP_BUDGET:
    case CPU_STOP_WFI:
    case CPU_STOP_REQUEST:
        if (stepped) {
            stopped(g, index, 5, "");
        }
        return;
    }
}

void gdb_interrupted(struct gdb *g)
{
    if (g->action == GDB_RUN || g->action == GDB_STEP) {
        stopped(g, g->current, 2, "");
    }
}

void gdb_attached(struct gdb *g)
{
    g->waiting_stop = false;
    g->swbreak = g->hwbreak = false;
    g->current = 0;
    g->action = GDB_RUN;
    stopped(g, 0, 5, "");
}

static void remove_all(struct gdb *g)
{
    for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
        struct cpu *cpu = g->cfg.cpus[c];
        for (unsigned k = 0; k < GDB_BREAKS; k++) {
            if (g->break_used[k]) {
                cpu_break_remove(cpu, g->breaks[k]);
            }
        }
        for (unsigned k = 0; k < GDB_WATCHES; k++) {
            struct gdb_watch *w = &g->watches[k];
            if (w->used) {
                unsigned flags = w->type == '2' ? CPU_WATCH_WRITE
                                 : w->type == '3' ? CPU_WATCH_READ
                                                  : CPU_WATCH_READ | CPU_WATCH_WRITE;
                cpu_watch_remove(cpu, w->va, w->bytes, flags);
            }
        }
    }
    memset(g->break_used, 0, sizeof g->break_used);
    memset(g->watches, 0, sizeof g->watches);
}

void gdb_release(struct gdb *g)
{
    remove_all(g);
    g->waiting_stop = false;
    g->stepping_over = g->step_after = false;
    if (g->action != GDB_KILL) {
        g->action = GDB_RUN;
    }
}

static int break_slot(const struct gdb *g, uint32_t va)
{
    for (int k = 0; k < GDB_BREAKS; k++) {
        if (g->break_used[k] && g->breaks[k] == va) {
            return k;
        }
    }
    return -1;
}

// Resumes, stepping `step_cpu` or running everything. A breakpoint at the PC would stop the CPU
// before it has done anything: it is lifted for one instruction.
static void resume(struct gdb *g, bool step, unsigned step_cpu)
{
    g->waiting_stop = true;
    g->step_cpu = step_cpu;
    g->action = step ? GDB_STEP : GDB_RUN;
    uint32_t pc = cpu_get(g->cfg.cpus[step_cpu], CPU_PC);
    if (break_slot(g, pc) >= 0) {
        cpu_break_remove(g->cfg.cpus[step_cpu], pc);
        g->stepping_over = true;
        g->step_after = step;
        g->action = GDB_STEP;
    }
}

static bool resume_address(struct gdb *g, const char *p)
{
    uint32_t va;
    if (!*p) {
        return true;
    }
    if (!number(&p, &va) || *p) {
        return false;
    }
    cpu_set(current_cpu(g), CPU_PC, va);
    return true;
}

// "1", "-1" (all), "0" (any): the cpu, or `any`.
static bool thread(const struct gdb *g, const char **p, unsigned any, unsigned *cpu)
{
    uint32_t id;
    if ((*p)[0] == '-' && (*p)[1] == '1') {
        *p += 2;
        *cpu = any;
        return true;
    }
    if (!number(p, &id) || id > g->cfg.cpu_count) {
        return false;
    }
    *cpu = id ? id - 1 : any;
    return true;
}

// vCont;action[:thread]...: the first step wins, otherwise everything runs.
static void packet_vcont(struct gdb *g, const char *p)
{
    bool any = false, step = false;
    unsigned step_cpu = g->current;
    while (literal(&p, ';')) {
        char action = *p;
        if (!action) {
            break;
        }
        p++;
        uint32_t signal;
        if ((action == 'C' || action == 'S') && !number(&p, &signal)) {
            answer(g, "E01");
            return;
        }
        unsigned cpu = g->current;
        if (literal(&p, ':') && !thread(g, &p, g->current, &cpu)) {
            answer(g, "E01");
            return;
        }
        if ((action == 's' || action == 'S') && !step) {
            step = true;
            step_cpu = cpu;
        }
        any |= action == 's' || action == 'S' || action == 'c' || action == 'C';
    }
    if (!any || *p) {
        answer(g, "E01");
        return;
    }
    resume(g, step, step_cpu);
}

// ---- registers and memory --------------------------------------------------------------------------------

static void packet_read_registers(struct gdb *g)
{
    char out[GDB_PACKET_MAX];
    uint8_t raw[16];
    size_t n = 0;
    for (unsigned k = 0; k < gdb_reg_count(g); k++) {
        unsigned reg = gdb_reg_number(g, k);
        gdb_reg_read(g, current_cpu(g), reg, raw);
        n += put_hex(out + n, raw, gdb_reg_bytes(g, reg));
    }
    gdb_send(g, out, n);
}

static void packet_write_registers(struct gdb *g, const char *p)
{
    uint8_t raw[GDB_PACKET_MAX / 2];
    size_t need = 0;
    for (unsigned k = 0; k < gdb_reg_count(g); k++) {
        need += gdb_reg_bytes(g, gdb_reg_number(g, k));
    }
    if (strlen(p) != 2 * need || !get_hex(p, raw, need)) {
        answer(g, "E01");
        return;
    }
    // Backwards: CPSR comes before what its mode banks, and D registers after their Q views.
    for (unsigned k = gdb_reg_count(g); k-- > 0;) {
        unsigned reg = gdb_reg_number(g, k);
        need -= gdb_reg_bytes(g, reg);
        gdb_reg_write(g, current_cpu(g), reg, raw + need);
    }
    answer(g, "OK");
}

static void packet_one_register(struct gdb *g, const char *p, bool write)
{
    uint32_t n;
    uint8_t raw[16];
    if (!number(&p, &n) || (write ? !literal(&p, '=') : *p != 0)) {
        answer(g, "E01");
        return;
    }
    unsigned bytes = gdb_reg_bytes(g, n);
    if (!bytes) {
        answer(g, "E01");
        return;
    }
    if (!write) {
        char out[32];
        gdb_reg_read(g, current_cpu(g), n, raw);
        gdb_send(g, out, put_hex(out, raw, bytes));
        return;
    }
    if (strlen(p) != 2 * bytes || !get_hex(p, raw, bytes)) {
        answer(g, "E01");
        return;
    }
    gdb_reg_write(g, current_cpu(g), n, raw);
    answer(g, "OK");
}

static void packet_read_memory(struct gdb *g, const char *p)
{
    uint32_t va, n;
    if (!number(&p, &va) || !literal(&p, ',') || !number(&p, &n) || *p) {
        answer(g, "E01");
        return;
    }
    uint8_t data[GDB_PACKET_MAX / 2];
    char out[GDB_PACKET_MAX];
    if (n > sizeof data) {
        n = sizeof data; // a shorter answer is allowed
    }
    size_t got = n ? cpu_read_virtual(current_cpu(g), va, data, n) : 0;
    if (n && !got) {
        answer_errno(g, EFAULT);
        return;
    }
    gdb_send(g, out, put_hex(out, data, got));
}

static void write_memory(struct gdb *g, uint32_t va, const uint8_t *data, size_t n)
{
    struct cpu *cpu = current_cpu(g);
    size_t done = n ? cpu_write_virtual(cpu, va, data, n) : 0;
    // Every core forgets code decoded from these bytes.
    for (size_t at = 0; at < done;) {
        size_t chunk = 0x400 - ((va + at) & 0x3ff);
        chunk = chunk < done - at ? chunk : done - at;
        uint32_t pa;
        if (cpu_translate(cpu, (uint32_t)(va + at), CPU_READ, &pa)) {
            for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
                cpu_ram_written(g->cfg.cpus[c], pa, chunk);
            }
        }
        at += chunk;
    }
    if (done != n) {
        answer_errno(g, EFAULT);
    } else {
        answer(g, "OK");
    }
}

static void packet_write_memory(struct gdb *g, const char *p, bool binary)
{
    uint32_t va, n;
    const char *end = g->in + g->in_len;
    if (!number(&p, &va) || !literal(&p, ',') || !number(&p, &n) || !literal(&p, ':') ||
        (size_t)(end - p) != (binary ? (size_t)n : 2 * (size_t)n)) {
        answer(g, "E01");
        return;
    }
    if (binary) {
        write_memory(g, va, (const uint8_t *)p, n);
        return;
    }
    uint8_t data[GDB_PACKET_MAX / 2];
    if (n > sizeof data || !get_hex(p, data, n)) {
        answer(g, "E01");
        return;
    }
    write_memory(g, va, data, n);
}

// ---- breakpoints -------------------------------------------------------------------------------------------

static int set_break(struct gdb *g, uint32_t va, bool insert)
{
    int slot = break_slot(g, va);
    if (!insert) {
        if (slot < 0) {
            return -ENOENT;
        }
        for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
            cpu_break_remove(g->cfg.cpus[c], va);
        }
        g->break_used[slot] = false;
        return 0;
    }
    if (slot >= 0) {
        return 0; // asked twice: idempotent by the protocol
    }
    for (slot = 0; slot < GDB_BREAKS && g->break_used[slot]; slot++) {
    }
    if (slot == GDB_BREAKS) {
        return -ENOSPC;
    }
    for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
        int e = cpu_break_add(g->cfg.cpus[c], va);
        if (e && e != -EEXIST) {
            while (c-- > 0) {
                cpu_break_remove(g->cfg.cpus[c], va);
            }
            return e;
        }
    }
    g->breaks[slot] = va;
    g->break_used[slot] = true;
    return 0;
}

static int set_watch(struct gdb *g, char type, uint32_t va, uint32_t bytes, bool insert)
{
    unsigned flags = type == '2' ? CPU_WATCH_WRITE
                     : type == '3' ? CPU_WATCH_READ
                                   : CPU_WATCH_READ | CPU_WATCH_WRITE;
    int slot = -1, spare = -1;
    for (int k = 0; k < GDB_WATCHES; k++) {
        struct gdb_watch *w = &g->watches[k];
        if (!w->used) {
            spare = spare < 0 ? k : spare;
        } else if (w->va == va && w->bytes == bytes && w->type == type) {
            slot = k;
        }
    }
    if (!insert) {
        if (slot < 0) {
            return -ENOENT;
        }
        for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
            cpu_watch_remove(g->cfg.cpus[c], va, bytes, flags);
        }
        g->watches[slot].used = false;
        return 0;
    }
    if (slot >= 0) {
        return 0;
    }
    if (spare < 0) {
        return -ENOSPC;
    }
    if (bytes == 0 || va + (bytes - 1) < va) {
        return -EINVAL;
    }
    for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
        int e = cpu_watch_add(g->cfg.cpus[c], va, bytes, flags);
        if (e && e != -EEXIST) {
            while (c-- > 0) {
                cpu_watch_remove(g->cfg.cpus[c], va, bytes, flags);
            }
            return e;
        }
    }
    g->watches[spare] = (struct gdb_watch){va, bytes, type, true};
    return 0;
}

static void packet_breakpoint(struct gdb *g, const char *p, bool insert)
{
    char type = *p;
    uint32_t va, kind;
    if (type < '0' || type > '4') {
        answer(g, "");
        return;
    }
    p++;
    if (!literal(&p, ',') || !number(&p, &va) || !literal(&p, ',') || !number(&p, &kind) ||
        (*p && *p != ';')) {
        answer(g, "E01");
        return;
    }
    int e = type <= '1' ? set_break(g, va, insert) : set_watch(g, type, va, kind, insert);
    if (e) {
        answer_errno(g, e);
    } else {
        answer(g, "OK");
    }
}

// ---- queries -----------------------------------------------------------------------------------------------

static bool begins(const char *p, const char *with, const char **rest)
{
    size_t n = strlen(with);
    if (strncmp(p, with, n) != 0) {
        return false;
    }
    *rest = p + n;
    return true;
}

static void query_supported(struct gdb *g, const char *p)
{
    g->swbreak = strstr(p, "swbreak+") != NULL;
    g->hwbreak = strstr(p, "hwbreak+") != NULL;
    char text[160];
    snprintf(text, sizeof text,
             "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+",
             GDB_PACKET_MAX);
    answer(g, text);
}

// target.xml:offset,length
static void query_features(struct gdb *g, const char *p)
{
    const char *rest;
    uint32_t offset, n;
    if (!begins(p, "target.xml:", &rest)) {
        answer(g, "E00");
        return;
    }
    if (!number(&rest, &offset) || !literal(&rest, ',') || !number(&rest, &n) || *rest) {
        answer(g, "E01");
        return;
    }
    char xml[8192], out[8193];
    size_t total = gdb_target_xml(g, xml, sizeof xml);
    if (total >= sizeof xml) {
        answer(g, "E01");
        return;
    }
    if (offset > total) {
        answer(g, "E01");
        return;
    }
    size_t left = total - offset, chunk = n < left ? n : left;
    chunk = chunk < GDB_PACKET_MAX / 2 ? chunk : GDB_PACKET_MAX / 2;
    out[0] = chunk == left ? 'l' : 'm';
    memcpy(out + 1, xml + offset, chunk);
    gdb_send(g, out, chunk + 1);
}

static void query_monitor(struct gdb *g, const char *p)
{
    uint8_t text[1024];
    size_t n = strlen(p) / 2;
    if (strlen(p) % 2 || n >= sizeof text || !get_hex(p, text, n)) {
        answer(g, "E01");
        return;
    }
    text[n] = 0;
    char result[GDB_PACKET_MAX / 2] = "";
    bool known = g->cfg.monitor && g->cfg.monitor->command(g->cfg.monitor, (const char *)text, result,
                                                           sizeof result);
    if (!known) {
        snprintf(result, sizeof result, "unknown monitor command\n");
    }
    if (!*result) {
        answer(g, "OK");
        return;
    }
    char out[GDB_PACKET_MAX];
    gdb_send(g, out, put_hex(out, (const uint8_t *)result, strlen(result)));
}

static void query_threads(struct gdb *g)
{
    char text[64] = "m";
    size_t n = 1;
    for (unsigned c = 0; c < g->cfg.cpu_count; c++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%x", c ? "," : "", c + 1);
    }
    answer(g, text);
}

static void query_thread_info(struct gdb *g, const char *p)
{
    unsigned cpu;
    if (!thread(g, &p, 0, &cpu) || *p) {
        answer(g, "E01");
        return;
    }
    char name[16], out[32];
    int n = snprintf(name, sizeof name, "cpu%u", cpu);
    gdb_send(g, out, put_hex(out, (const uint8_t *)name, (size_t)n));
}

static void packet_query(struct gdb *g, const char *p)
{
    const char *rest;
    char text[24];
    if (begins(p, "qSupported", &rest)) {
        query_supported(g, rest);
    } else if (begins(p, "qXfer:features:read:", &rest)) {
        query_features(g, rest);
    } else if (begins(p, "qRcmd,", &rest)) {
        query_monitor(g, rest);
    } else if (begins(p, "qThreadExtraInfo,", &rest)) {
        query_thread_info(g, rest);
    } else if (strcmp(p, "qC") == 0) {
        snprintf(text, sizeof text, "QC%x", g->current + 1);
        answer(g, text);
    } else if (strcmp(p, "qfThreadInfo") == 0) {
        query_threads(g);
    } else if (strcmp(p, "qsThreadInfo") == 0) {
        answer(g, "l");
    } else if (begins(p, "qAttached", &rest)) {
        answer(g, "1");
    } else if (begins(p, "qSymbol", &rest)) {
        answer(g, "OK");
    } else if (strcmp(p, "QStartNoAckMode") == 0) {
        answer(g, "OK");
        g->no_ack = true;
    } else {
        answer(g, "");
    }
}

// ---- dispatch ------------------------------------------------------------------------------------------------

static void packet_thread(struct gdb *g, const char *p)
{
    char what = *p ? *p++ : 0;
    unsigned cpu;
    if ((what != 'g' && what != 'c') || !thread(g, &p, g->current, &cpu) || *p) {
        answer(g, "E01");
        return;
    }
    if (what == 'g') {
        g->current = cpu;
    }
    answer(g, "OK");
}

static void packet_resume(struct gdb *g, const char *p, bool step, bool with_signal)
{
    uint32_t signal;
    if (with_signal && (!number(&p, &signal) || (*p && !literal(&p, ';')))) {
        answer(g, "E01");
        return;
    }
    if (!resume_address(g, p)) {
        answer(g, "E01");
        return;
    }
    resume(g, step, g->current);
}

static void packet_verbose(struct gdb *g, const char *p)
{
    const char *rest;
    if (strcmp(p, "vCont?") == 0) {
        answer(g, "vCont;c;C;s;S");
    } else if (begins(p, "vCont", &rest) && *rest == ';') {
        packet_vcont(g, rest);
    } else if (begins(p, "vKill", &rest)) {
        g->action = GDB_KILL;
        answer(g, "OK");
    } else {
        answer(g, "");
    }
}

void gdb_packet(struct gdb *g)
{
    const char *p = g->in + 1;
    // Zero bytes inside are legal in 'X' only; elsewhere strings end at them and fail to parse.
    if (g->waiting_stop && g->in[0] != 'k') {
        // The target runs: by the protocol only Ctrl-C may come. Stop first, then answer.
        gdb_interrupted(g);
    }
    switch (g->in[0]) {
    case '?':
        answer(g, g->stop_reply);
        break;
    case 'g':
        packet_read_registers(g);
        break;
    case 'G':
        packet_write_registers(g, p);
        break;
    case 'p':
        packet_one_register(g, p, false);
        break;
    case 'P':
        packet_one_register(g, p, true);
        break;
    case 'm':
        packet_read_memory(g, p);
        break;
    case 'M':
        packet_write_memory(g, p, false);
        break;
    case 'X':
        packet_write_memory(g, p, true);
        break;
    case 'c':
    case 's':
    case 'C':
    case 'S':
        packet_resume(g, p, g->in[0] == 's' || g->in[0] == 'S', g->in[0] == 'C' || g->in[0] == 'S');
        break;
    case 'v':
        packet_verbose(g, g->in);
        break;
    case 'Z':
        packet_breakpoint(g, p, true);
        break;
    case 'z':
        packet_breakpoint(g, p, false);
        break;
    case 'H':
        packet_thread(g, p);
        break;
    case 'T': {
        unsigned cpu;
        answer(g, thread(g, &p, 0, &cpu) && !*p ? "OK" : "E01");
        break;
    }
    case 'q':
    case 'Q':
        packet_query(g, g->in);
        break;
    case 'D':
        answer(g, "OK");
        gdb_release(g);
        break;
    case 'k':
        g->action = GDB_KILL;
        break;
    default:
        answer(g, "");
        break;
    }
}
