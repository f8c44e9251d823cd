// SPDX-License-Identifier: MIT
//
// Finds a system call by its number, carries it out, prints it for --strace. The table is
// syscalls.def; a row that only hands its arguments on is interpreted here.
#include "user/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <unistd.h>

enum again { ONCE, AGAIN };

struct row {
    uint32_t num;
    const char *name;
    int64_t (*fn)(struct thread *t, const uint32_t *a);
    enum again again;
    int host;         // -1: none
    const char *args; // of a row that passes
};

static const struct row rows[] = {
#define SYS(num, name, again) {num, #name, sys_##name, again, -1, NULL},
#define PASS(num, name, again, host, args) {num, #name, NULL, again, SYS_##host, args},
#define NOSYS(num, name) {num, #name, NULL, ONCE, -1, NULL},
#include "user/syscalls.def"
#undef SYS
#undef PASS
#undef NOSYS
};

static int by_num(const void *key, const void *row)
{
    uint32_t a = *(const uint32_t *)key, b = ((const struct row *)row)->num;
    return a < b ? -1 : a > b;
}

// ---- rows that pass --------------------------------------------------------------------------------

// One memory argument: "r16", "w*" ...; `at` points behind the letter. False: EFAULT.
static bool memory(struct thread *t, char kind, const char **at, const uint32_t *a, unsigned reg,
                   long *out)
{
    uint64_t n = 0;
    bool check = true;
    if (**at == '*') {
        n = reg + 1 < 7 ? a[reg + 1] : 0;
        ++*at;
    } else {
        char *end;
        n = strtoul(*at, &end, 10);
        *at = end;
        check = n != 0;
    }
    uint32_t va = a[reg];
    if (!va) {
        *out = 0;
        return true;
    }
    if (!check) {
        *out = va < TASK_END ? (long)(uintptr_t)(t->p->base + va) : 0;
        return true;
    }
    *out = (long)(uintptr_t)space_ptr(t, va, n, kind != 'r');
    return *out != 0;
}

static int64_t pass(struct thread *t, const struct row *r, const uint32_t *a)
{
    char paths[2][4096];
    long h[8] = {0};
    unsigned n = 0, reg = 0, used = 0;
    for (const char *at = r->args; *at && n < 6 && reg < 7;) {
        char kind = *at++;
        const char *s;
        switch (kind) {
        case 'i':
            h[n++] = (int32_t)a[reg++];
            break;
        case 'u':
            h[n++] = (long)a[reg++];
            break;
        case 'f':
            h[n++] = open_flags(a[reg++]);
            break;
        case 'l':
            reg = (reg + 1) & ~1u;
            h[n++] = reg < 6 ? (long)pair(a + reg) : 0;
            reg += 2;
            break;
        case 'm':
            h[n++] = (long)(uintptr_t)(t->p->base + a[reg++]);
            break;
        case 'p':
        case 's':
            s = a[reg] ? space_str(t, a[reg]) : NULL;
            if (a[reg++] && !s) {
                return -EFAULT;
            }
            if (kind == 'p' && s) {
                s = host_path(t->p, s, paths[used & 1], sizeof paths[0]);
                used++;
            }
            h[n++] = (long)(uintptr_t)s;
            break;
        case 'r':
        case 'w':
        case 'x':
            if (!memory(t, kind, &at, a, reg, &h[n++])) {
                return -EFAULT;
            }
            reg++;
            break;
        default: // '0'
            n++;
            break;
        }
    }
    return safe_call(t, r->host, h[0], h[1], h[2], h[3], h[4], h[5]);
}

// ---- telling ----------------------------------------------------------------------------------------

static void missing(struct thread *t, uint32_t num, const char *name)
{
    struct process *p = t->p;
    atomic_fetch_add(&p->unknown_calls, 1);
    uint8_t bit = (uint8_t)(1u << (num & 7));
    if (num < 8 * sizeof p->told && atomic_fetch_or(&p->told[num / 8], bit) & bit) {
        return;
    }
    if (!p->cfg->quiet && !p->cfg->strace) {
        fprintf(stderr, "yamato user: system call %u (%s) is not there\n", num, name ? name : "no name");
    }
}

// What programs of these days try first, knowing what to do without it.
static bool is_expected(uint32_t num)
{
    return num == 398 || num == 435 || num == 425 || num == 449; // rseq, clone3, io_uring_setup, futex_waitv
}

static void tell(const struct thread *t, const struct row *r, uint32_t num, const uint32_t *a,
                 int64_t rc)
{
    char line[256];
    int n = snprintf(line, sizeof line, "%d %s", (int)t->tid, r ? r->name : "?");
    if (!r) {
        n += snprintf(line + n, sizeof line - (size_t)n, "%u", num);
    }
    n += snprintf(line + n, sizeof line - (size_t)n, "(%#x, %#x, %#x, %#x, %#x, %#x)", a[0], a[1],
                  a[2], a[3], a[4], a[5]);
    n += snprintf(line + n, sizeof line - (size_t)n, rc < 0 ? " = %" PRId64 " (%s)\n" : " = %#" PRIx64 "\n",
                  rc, rc == -SAFE_RESTART ? "again" : rc < 0 ? strerror((int)-rc) : "");
    (void)!write(2, line, (size_t)n);
}

static int64_t carry_out(struct thread *t, const struct row *r, uint32_t num, const uint32_t *a)
{
    if (r && r->fn) {
        return r->fn(t, a);
    }
    if (r && r->args) {
        return pass(t, r, a);
    }
    if (!is_expected(num)) {
        missing(t, num, r ? r->name : NULL);
    }
    return -ENOSYS;
}

// With a way back for a fault of ours on the program's memory: it went away, or ends before its map
// does, while the call used it.
static int64_t guarded(struct thread *t, const struct row *r, uint32_t num, const uint32_t *a)
{
    sigjmp_buf fault;
    t->fault = &fault;
    if (sigsetjmp(fault, 0)) {
        signal_host_mask(t->blocked);
        t->fault = NULL;
        return -EFAULT;
    }
    int64_t rc = carry_out(t, r, num, a);
    t->fault = NULL;
    return rc;
}

void sys_call(struct thread *t)
{
    uint32_t a[7], num = cpu_get(t->cpu, CPU_R7);
    const struct row *r = bsearch(&num, rows, ARRAY_LEN(rows), sizeof rows[0], by_num);
    for (unsigned k = 0; k < 7; k++) {
        a[k] = cpu_get(t->cpu, (enum cpu_reg)(CPU_R0 + k));
    }
    t->orig_r0 = a[0];
    int64_t rc = guarded(t, r, num, a);
    if (t->p->cfg->strace) {
        tell(t, r, num, a, rc);
    }
    if (num == 119 || num == 173) {
        return; // the registers are those of the frame
    }
    if (rc == -SAFE_RESTART && t->mask_saved) {
        rc = -EINTR; // what it waits for, with the mask that it waits with, is here
    } else if (rc == -SAFE_RESTART) {
        // Not begun: after the handler it is done as if for the first time.
        cpu_set(t->cpu, CPU_PC, cpu_get(t->cpu, CPU_PC) - (cpu_get(t->cpu, CPU_CPSR) & 0x20 ? 2 : 4));
        return;
    }
    t->restart = rc == -EINTR && r && r->again == AGAIN && !t->once;
    t->once = false;
    cpu_set(t->cpu, CPU_R0, (uint32_t)rc);
}
