// SPDX-License-Identifier: MIT
//
// Files of /proc that would show us instead of the program: its maps (the host's, those within the
// program's space only, at its addresses and with its permissions), its arguments, auxiliary vector,
// executable, and the processor.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/process.h"

// The part behind /proc/self/ or the like, or NULL.
static const char *own_part(const char *path)
{
    if (strncmp(path, "/proc/", 6)) {
        return NULL;
    }
    path += 6;
    if (!strncmp(path, "self/", 5)) {
        return path + 5;
    }
    if (!strncmp(path, "thread-self/", 12)) {
        return path + 12;
    }
    char *end;
    long pid = strtol(path, &end, 10);
    return end != path && *end == '/' && pid == getpid() ? end + 1 : NULL;
}

bool proc_is_exe(const char *path)
{
    const char *part = own_part(path);
    return part && !strcmp(part, "exe");
}

static unsigned look(const struct process *p, uint32_t va)
{
    return page_flags(p, va) & (PG_R | PG_W | PG_X | PG_SHARED);
}

static void put_map(FILE *out, const struct process *p, uint32_t a, uint32_t end, unsigned f,
                    uint64_t off, const char *rest)
{
    fprintf(out, "%08x-%08x %c%c%c%c %08" PRIx64 "%s", a, end, f & PG_R ? 'r' : '-',
            f & PG_W ? 'w' : '-', f & PG_X ? 'x' : '-', f & PG_SHARED ? 's' : 'p', off, rest);
    if (!strchr(rest, '/')) {
        const char *name = a >= STACK_TOP - STACK_BYTES && end <= STACK_TOP ? "[stack]"
                           : a == ((p->brk_start + 0xfff) & ~0xfffu) && p->brk > a ? "[heap]" : "";
        fprintf(out, "%*s%s", *name ? 25 : 0, "", name);
    }
    fputc('\n', out);
}

static void put_maps(FILE *out, struct process *p)
{
    FILE *in = fopen("/proc/self/maps", "re");
    char line[4600];
    while (in && fgets(line, sizeof line, in)) {
        uint64_t from, to, off;
        int rest = 0;
        uintptr_t base = (uintptr_t)p->base;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 "%n", &from, &to, &off, &rest) < 3 ||
            from >= base + TASK_END || to <= base) {
            continue;
        }
        off += from < base ? base - from : 0;
        from = from < base ? 0 : from - base;
        to = to > base + TASK_END ? TASK_END : to - base;
        bool file = strchr(line + rest, '/');
        for (uint64_t a = from, end; a < to; a = end) {
            unsigned f = look(p, (uint32_t)a);
            bool used = page_ok(p, (uint32_t)a);
            for (end = a + PAGE; end < to && look(p, (uint32_t)end) == f &&
                                 page_ok(p, (uint32_t)end) == used;) {
                end += PAGE;
            }
            if (used) {
                put_map(out, p, (uint32_t)a, (uint32_t)end, f, file ? off + (a - from) : 0, line + rest);
            }
        }
    }
    if (in) {
        fclose(in);
    }
    fprintf(out, "ffff0000-ffff1000 r-xp 00000000 00:00 0          [vectors]\n");
}

static void put_cmdline(FILE *out, struct process *p)
{
    fwrite(p->cmdline, 1, p->cmdline_bytes, out);
}

static void put_auxv(FILE *out, struct process *p)
{
    fwrite(p->base + p->auxv, 1, p->auxv_bytes, out);
}

static void put_cpuinfo(FILE *out, struct process *p)
{
    static const char *const names[] = {"swp", "half", "thumb", "26bit", "fastmult", "fpa", "vfp",
                                        "edsp", "java", "iwmmxt", "crunch", "thumbee", "neon",
                                        "vfpv3", "vfpv3d16", "tls", "vfpv4", "idiva", "idivt",
                                        "vfpd32", "lpae", "evtstrm"};
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    for (long k = 0; k < n; k++) {
        fprintf(out, "processor\t: %ld\nmodel name\t: %s (%s)\nBogoMIPS\t: 100.00\nFeatures\t:", k,
                p->cfg->model, user_platform(p));
        for (unsigned b = 0; b < ARRAY_LEN(names); b++) {
            if (hwcaps(p) >> b & 1) {
                fprintf(out, " %s", names[b]);
            }
        }
        fprintf(out, "\nCPU implementer\t: 0x41\nCPU architecture: %c\n\n", user_platform(p)[1]);
    }
    fprintf(out, "Hardware\t: Yamato\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n");
}

static const struct {
    const char *name;
    void (*put)(FILE *out, struct process *p);
} views[] = {{"maps", put_maps}, {"cmdline", put_cmdline}, {"auxv", put_auxv}};

int proc_open(struct thread *t, const char *path, int flags)
{
    struct process *p = t->p;
    void (*put)(FILE *, struct process *) = NULL;
    const char *part = own_part(path);
    if (part && !strcmp(part, "exe")) {
        int fd = open(p->exe, flags);
        return fd < 0 ? -errno : fd;
    }
    for (unsigned k = 0; part && k < ARRAY_LEN(views); k++) {
        put = strcmp(part, views[k].name) ? put : views[k].put;
    }
    if (!strcmp(path, "/proc/cpuinfo")) {
        put = put_cpuinfo;
    }
    if (!put || (flags & O_ACCMODE) != O_RDONLY) {
        return PROC_NONE;
    }
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    int fd = memfd_create(part ? part : "cpuinfo", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (!out || fd < 0) {
        return -ENOMEM;
    }
    put(out, p);
    fclose(out);
    bool all = write(fd, text, n) == (ssize_t)n;
    free(text);
    lseek(fd, 0, SEEK_SET);
    if (!all) {
        close(fd);
        return -ENOMEM;
    }
    return fd;
}
