// SPDX-License-Identifier: MIT
//
// Tools of a running program; see tools.h. The trace interprets; coverage interprets too, because the
// translator decodes ahead of what runs. The profile samples every so many instructions instead of by a
// clock: it costs little, works with either engine, and the same program gives the same profile.
#include "user/tools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/tools.h"
#include "user/symbols.h"

enum { SAMPLE_EVERY = 9973, SAMPLES = 1 << 16 };

// What a thread has.
struct tools {
    struct cpu_trace trace;
    struct thread *t;
    uint32_t regs[16], next; // at the last instruction
    bool any;
};

struct sample {
    uint32_t pc, caller;
    uint64_t count;
};

// What the process has.
struct tools_shared {
    FILE *trace, *perf;
    bool regs, branches, mem, stopped;
    pthread_mutex_t lock;
    uint8_t *rows;
    struct sample *sample; // open addressing
    uint64_t samples, lost;
};

// A name of the user's, %p is the process number. "-" is stderr.
static FILE *open_out(const char *name, const char *behind, const char *mode, struct err *err)
{
    char path[4096];
    size_t n = 0;
    if (!strcmp(name, "-")) {
        return stderr;
    }
    for (const char *c = name; *c && n + 24 < sizeof path; c++) {
        if (c[0] == '%' && c[1] == 'p') {
            n += (size_t)snprintf(path + n, sizeof path - n, "%d", (int)getpid());
            c++;
        } else {
            path[n++] = *c;
        }
    }
    snprintf(path + n, sizeof path - n, "%s", behind);
    FILE *f = fopen(path, mode);
    if (!f) {
        err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
    }
    return f;
}

// ---- trace -----------------------------------------------------------------------------------------

static void trace_insn(struct cpu_trace *trace, struct cpu *cpu, uint32_t pc)
{
    struct tools *s = container_of(trace, struct tools, trace);
    struct tools_shared *all = s->t->p->tools;
    char text[128], line[640];
    int bytes = cpu_disassemble(cpu, pc, text, sizeof text);
    bool jumped = s->any && pc != s->next;
    uint32_t from = s->next;
    s->next = pc + (uint32_t)bytes;
    s->any = true;
    if (pc >= VECTORS && pc < VECTORS + 0x200) {
        return; // ours
    }
    if (all->branches && !all->regs) {
        if (jumped) {
            fprintf(all->trace, "%d %08" PRIx32 " -> %08" PRIx32 "\n", (int)s->t->tid, from, pc);
        }
        return;
    }
    int n = 0;
    if (all->regs) {
        // What the last instruction changed, then this one.
        for (unsigned k = 0; k < 15; k++) {
            uint32_t v = cpu_get(cpu, (enum cpu_reg)k);
            if (v != s->regs[k]) {
                n += snprintf(line + n, sizeof line - (size_t)n, " r%u=%08" PRIx32, k, v);
                s->regs[k] = v;
            }
        }
        uint32_t psr = cpu_get(cpu, CPU_CPSR);
        if (psr != s->regs[15]) {
            n += snprintf(line + n, sizeof line - (size_t)n, " psr=%08" PRIx32, psr);
            s->regs[15] = psr;
        }
    }
    fprintf(all->trace, "%s%s%.*s%s%d %08" PRIx32 " %s\n", n ? "   " : "", "", n, line, n ? "\n" : "",
            (int)s->t->tid, pc, text);
}

static void trace_access(struct cpu_trace *trace, struct cpu *cpu, uint32_t va, unsigned size,
                         bool write)
{
    struct tools *s = container_of(trace, struct tools, trace);
    (void)cpu;
    if (va < TASK_END) {
        fprintf(s->t->p->tools->trace, "    %s %u at %08" PRIx32 "\n", write ? "store" : "load", size, va);
    }
}

static int start_trace(struct tools_shared *all, const struct user_config *c, struct err *err)
{
    const char *what = c->trace_what ? c->trace_what : "regs";
    while (*what) {
        size_t n = strcspn(what, ",");
        if (n == 4 && !strncmp(what, "regs", n)) {
            all->regs = true;
        } else if (n == 8 && !strncmp(what, "branches", n)) {
            all->branches = true;
        } else if (n == 3 && !strncmp(what, "mem", n)) {
            all->mem = true;
        } else {
            return err_set(err, -EINVAL, "--trace-what knows regs, branches and mem, not '%.*s'", (int)n,
                           what);
        }
        what += n + (what[n] == ',');
    }
    all->trace = open_out(c->trace, "", "we", err);
    return all->trace ? 0 : err->code;
}

// ---- profile ---------------------------------------------------------------------------------------

static void sample(struct tools_shared *all, struct cpu *cpu)
{
    uint32_t pc = cpu_get(cpu, CPU_PC), lr = cpu_get(cpu, CPU_LR);
    pthread_mutex_lock(&all->lock);
    uint32_t k = (pc * 0x9e3779b1u ^ lr * 0x85ebca6bu) >> 16;
    unsigned tries = 0;
    for (; tries < 64; tries++, k = (k + 1) & (SAMPLES - 1)) {
        struct sample *s = &all->sample[k];
        if (!s->count || (s->pc == pc && s->caller == lr)) {
            s->pc = pc;
            s->caller = lr;
            s->count++;
            break;
        }
    }
    all->samples++;
    all->lost += tries == 64;
    pthread_mutex_unlock(&all->lock);
}

struct line {
    const char *name, *caller;
    uint64_t count;
};

static int by_names(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int d = strcmp(x->name, y->name);
    return d ? d : strcmp(x->caller, y->caller);
}

static int by_count(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : by_names(a, b);
}

// Adds up equal neighbours; with `whole`, functions whatever called them. How many are left.
static size_t merge(struct line *l, size_t n, bool whole)
{
    size_t out = 0;
    for (size_t k = 0; k < n; k++) {
        if (out && !strcmp(l[out - 1].name, l[k].name) &&
            (whole || !strcmp(l[out - 1].caller, l[k].caller))) {
            l[out - 1].count += l[k].count;
        } else {
            l[out++] = l[k];
        }
    }
    return out;
}

static void write_profile(struct process *p)
{
    struct tools_shared *all = p->tools;
    struct err err = {0};
    struct symbols *names = symbols_create(p);
    struct line *l = calloc(SAMPLES, sizeof *l);
    FILE *text = open_out(p->cfg->profile, "", "we", &err);
    FILE *stacks = open_out(p->cfg->profile, text == stderr ? "" : ".stacks", "we", &err);
    const char *prog = strrchr(p->exe, '/') ? strrchr(p->exe, '/') + 1 : p->exe;
    size_t n = 0;
    char buf[512];
    if (!names || !l || !text || !stacks) {
        fprintf(stderr, "yamato user: %s\n", err.msg[0] ? err.msg : "out of memory");
        return;
    }
    for (unsigned k = 0; k < SAMPLES; k++) {
        if (all->sample[k].count) {
            l[n].name = strdup(symbols_name(names, all->sample[k].pc, buf, sizeof buf));
            l[n].caller = strdup(symbols_name(names, all->sample[k].caller & ~1u, buf, sizeof buf));
            l[n].count = all->sample[k].count;
            n += l[n].name && l[n].caller;
        }
    }
    qsort(l, n, sizeof *l, by_names);
    n = merge(l, n, false);
    for (size_t k = 0; text != stderr && k < n; k++) {
        bool leaf = !strcmp(l[k].caller, l[k].name) || !strcmp(l[k].caller, "?");
        fprintf(stacks, "%s;%s%s%s %" PRIu64 "\n", prog, leaf ? "" : l[k].caller, leaf ? "" : ";",
                l[k].name, l[k].count);
    }
    n = merge(l, n, true);
    qsort(l, n, sizeof *l, by_count);
    fprintf(text, "# %s: one sample every %d instructions, %" PRIu64 " samples\n", prog, SAMPLE_EVERY,
            all->samples);
    for (size_t k = 0; k < n; k++) {
        fprintf(text, "%6.2f%% %10" PRIu64 "  %s\n",
                100.0 * (double)l[k].count / (double)(all->samples ? all->samples : 1), l[k].count,
                l[k].name);
    }
    if (text != stderr) {
        fclose(text);
        fclose(stacks);
    }
    symbols_destroy(names); // the names of `l` end with the process
    free(l);
}

// ---- coverage --------------------------------------------------------------------------------------

static void write_coverage(struct process *p)
{
    struct err err = {0};
    FILE *f = open_out(p->cfg->coverage, "", "we", &err);
    unsigned ran = 0, n = cpu_encodings();
    char name[64];
    if (!f) {
        fprintf(stderr, "yamato user: %s\n", err.msg);
        return;
    }
    for (unsigned k = 0; k < n; k++) {
        ran += p->tools->rows[k];
    }
    fprintf(f, "# %u of %u encodings ran\n", ran, n);
    for (unsigned k = 0; k < n; k++) {
        if (p->tools->rows[k]) {
            fprintf(f, "%s\n", cpu_encoding_name(k, name, sizeof name));
        }
    }
    if (f != stderr) {
        fclose(f);
    }
}

// ---- all of them -----------------------------------------------------------------------------------

int tools_start(struct process *p, struct err *err)
{
    const struct user_config *c = p->cfg;
    if (!c->trace && !c->profile && !c->coverage && !c->perf) {
        return 0;
    }
    struct tools_shared *all = p->tools = calloc(1, sizeof *all);
    if (!all) {
        return err_set(err, -ENOMEM, "out of memory");
    }
    pthread_mutex_init(&all->lock, NULL);
    int rc = c->trace ? start_trace(all, c, err) : 0;
    if (!rc && c->profile && !(all->sample = calloc(SAMPLES, sizeof *all->sample))) {
        rc = err_set(err, -ENOMEM, "out of memory");
    }
    if (!rc && c->coverage && !(all->rows = calloc(cpu_encodings(), 1))) {
        rc = err_set(err, -ENOMEM, "out of memory");
    }
    if (!rc && c->perf) {
        // Children have code and a file of their own; threads share both.
        all->perf = open_out("/tmp/perf-%p.map", "", "ae", err);
        rc = all->perf ? 0 : err->code;
    }
    return rc;
}

void tools_free(struct process *p)
{
    struct tools_shared *all = p->tools;
    if (all) {
        if (all->trace && all->trace != stderr) {
            fclose(all->trace);
        }
        if (all->perf) {
            fclose(all->perf);
        }
        free(all->sample);
        free(all->rows);
        free(all);
        p->tools = NULL;
    }
}

void tools_thread(struct thread *t)
{
    struct tools_shared *all = t->p->tools;
    if (!all) {
        return;
    }
    t->tools = calloc(1, sizeof *t->tools);
    if (!t->tools) {
        return;
    }
    t->tools->t = t;
    if (all->trace) {
        t->tools->trace.insn = all->regs || all->branches || !all->mem ? trace_insn : NULL;
        t->tools->trace.access = all->mem ? trace_access : NULL;
        cpu_set_trace(t->cpu, &t->tools->trace);
    }
    if (all->rows) {
        cpu_set_coverage(t->cpu, all->rows);
    }
    cpu_set_perf_map(t->cpu, all->perf);
}

void tools_thread_end(struct thread *t)
{
    if (t->tools) {
        cpu_set_trace(t->cpu, NULL);
        free(t->tools);
        t->tools = NULL;
    }
}

void tools_run(struct thread *t)
{
    struct tools_shared *all = t->p->tools;
    if (!all->sample) {
        cpu_run(t->cpu, 1ull << 40);
    } else if (cpu_run(t->cpu, SAMPLE_EVERY) == CPU_STOP_BUDGET) {
        sample(all, t->cpu);
    }
}

void tools_forked(struct thread *t)
{
    struct tools_shared *all = t->p->tools;
    struct err err;
    if (!all) {
        return;
    }
    pthread_mutex_init(&all->lock, NULL);
    all->stopped = true; // the parent's files are the parent's
    if (all->perf) {
        all->perf = open_out("/tmp/perf-%p.map", "", "ae", &err);
        cpu_set_perf_map(t->cpu, all->perf);
    }
    if (all->sample) {
        memset(all->sample, 0, SAMPLES * sizeof *all->sample);
        all->samples = all->lost = 0;
    }
    // A child has results of its own when their names say whose they are.
    const struct user_config *c = t->p->cfg;
    const char *name = c->profile ? c->profile : c->coverage;
    all->stopped = name && !strstr(name, "%p");
}

void tools_fault(struct thread *t, int sig, uint32_t addr)
{
    struct tools_shared *all = t->p->tools;
    if (all && all->trace) {
        fprintf(all->trace, "%d signal %d at %08" PRIx32 ", address %08" PRIx32 "\n", (int)t->tid, sig,
                cpu_get(t->cpu, CPU_PC), addr);
    }
}

void tools_finish(struct process *p)
{
    struct tools_shared *all = p->tools;
    if (!all) {
        return;
    }
    if (all->trace) {
        fflush(all->trace);
    }
    if (all->perf) {
        fflush(all->perf);
    }
    if (all->sample && !all->stopped) {
        write_profile(p);
    }
    if (all->rows && !all->stopped) {
        write_coverage(p);
    }
}
