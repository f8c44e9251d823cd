// SPDX-License-Identifier: MIT
//
// Finds a system call by its number, carries it out, prints it for --strace. The table is
// syscalls.def.
#include "user/sys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    uint32_t num;
    const char *name;
    int64_t (*fn)(struct process *p, const uint32_t *a);
};

static const struct row rows[] = {
#define SYS(num, name) {num, #name, sys_##name},
#define NOSYS(num, name) {num, #name, NULL},
#include "user/syscalls.def"
#undef SYS
#undef NOSYS
};

// Calls that a signal with SA_RESTART starts again.
static const char *const restartable[] = {"read", "write", "readv", "writev", "wait4", "open",
                                          "openat", "futex", "futex_time64", "fcntl64", "ioctl"};

static int by_num(const void *key, const void *row)
{
    uint32_t a = *(const uint32_t *)key, b = ((const struct row *)row)->num;
    return a < b ? -1 : a > b;
}

void sys_call(struct process *p)
{
    uint32_t a[7], num = cpu_get(p->cpu, CPU_R0 + 7);
    const struct row *r = bsearch(&num, rows, ARRAY_LEN(rows), sizeof rows[0], by_num);
    int64_t rc = -ENOSYS;
    for (unsigned k = 0; k < 7; k++) {
        a[k] = cpu_get(p->cpu, (enum cpu_reg)(CPU_R0 + k));
    }
    p->orig_r0 = a[0];
    if (p->cfg->strace) {
        fprintf(stderr, "%s(%#x, %#x, %#x, %#x, %#x, %#x)", r ? r->name : "?", a[0], a[1], a[2],
                a[3], a[4], a[5]);
    }
    if (r && r->fn) {
        rc = r->fn(p, a);
    } else if (!p->cfg->strace && !(r && !strcmp(r->name, "rseq"))) {
        fprintf(stderr, "yamato user: system call %u (%s) is not there\n", num,
                r ? r->name : "no name");
    }
    if (p->cfg->strace) {
        fprintf(stderr, rc < 0 ? " = %" PRId64 " (%s)\n" : " = %#" PRIx64 "\n", rc,
                rc < 0 ? strerror((int)-rc) : "");
    }
    if (p->done || (r && (r->num == 119 || r->num == 173))) {
        return; // no caller, or the registers are those of the frame
    }
    if (rc == -EINTR && r) {
        for (unsigned k = 0; k < ARRAY_LEN(restartable); k++) {
            p->restart |= !strcmp(r->name, restartable[k]);
        }
    }
    cpu_set(p->cpu, CPU_R0, (uint32_t)rc);
}
