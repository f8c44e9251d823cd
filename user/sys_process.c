// SPDX-License-Identifier: MIT
//
// System calls on memory, time, identity, processes and signals. Left out: threads (clone that
// shares memory and is no vfork answers ENOSYS), ptrace, System V IPC, sockets.
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/sys.h"

// ---- memory --------------------------------------------------------------------------------------

CALL(mmap2)
{
    return space_map(p, a[0], a[1], (int)a[2], (int)a[3], (int)a[4], (uint64_t)a[5] * PAGE);
}
CALL(munmap) { return space_unmap(p, a[0], a[1]); }
CALL(mprotect) { return space_protect(p, a[0], a[1], (int)a[2]); }
CALL(mremap) { return space_remap(p, a[0], a[1], a[2], (int)a[3], a[4]); }
CALL(brk) { return space_brk(p, a[0]); }
CALL(madvise)
{
    // Only the advice that changes contents is passed on.
    if (a[2] != MADV_DONTNEED) {
        return 0;
    }
    void *m = space_ptr(p, a[0], a[1], true);
    return m ? result(madvise(m, a[1], MADV_DONTNEED)) : -ENOMEM;
}
CALL(msync) { READS(m, a[0], a[1]) return result(msync((void *)(uintptr_t)m, a[1], (int)a[2])); }
CALL(ARM_cacheflush)
{
    if (a[1] < a[0] || a[1] > TASK_END) {
        return -EINVAL;
    }
    space_written(p, a[0], a[1] - a[0]);
    return 0;
}
CALL(ARM_set_tls)
{
    p->tls = a[0];
    process_sync(p);
    return 0;
}

// ---- time ----------------------------------------------------------------------------------------

static int64_t put_time(struct process *p, uint32_t to, int64_t rc, int64_t s, int64_t sub, bool wide)
{
    if (rc < 0) {
        return -errno;
    }
    if (!to) {
        return rc;
    }
    WRITES(o, to, wide ? 16 : 8)
    if (wide) {
        put_le64(o, (uint64_t)s);
        put_le64(o + 8, (uint64_t)sub);
    } else {
        put_le32(o, (uint32_t)s);
        put_le32(o + 4, (uint32_t)sub);
    }
    return rc;
}
static int64_t get_time(struct process *p, uint32_t from, bool wide, struct timespec *ts)
{
    READS(t, from, wide ? 16 : 8)
    *ts = wide ? (struct timespec){(int64_t)get_le64(t), (int32_t)get_le32(t + 8)}
               : (struct timespec){(int32_t)get_le32(t), (int32_t)get_le32(t + 4)};
    return 0;
}
static int64_t clock_of(struct process *p, const uint32_t *a, bool wide, bool res)
{
    struct timespec ts = {0, 0};
    int rc = res ? clock_getres((int)a[0], &ts) : clock_gettime((int)a[0], &ts);
    return put_time(p, a[1], rc, ts.tv_sec, ts.tv_nsec, wide);
}
CALL(clock_gettime) { return clock_of(p, a, false, false); }
CALL(clock_gettime64) { return clock_of(p, a, true, false); }
CALL(clock_getres) { return clock_of(p, a, false, true); }
CALL(clock_getres_time64) { return clock_of(p, a, true, true); }

static int64_t sleep_on(struct process *p, int clock, int flags, uint32_t in, uint32_t out, bool wide)
{
    struct timespec ts, rem = {0, 0};
    int64_t rc = get_time(p, in, wide, &ts);
    if (rc) {
        return rc;
    }
    int e = clock_nanosleep(clock, flags, &ts, &rem);
    if (e == EINTR && !(flags & TIMER_ABSTIME)) {
        rc = put_time(p, out, 0, rem.tv_sec, rem.tv_nsec, wide);
        return rc ? rc : -EINTR;
    }
    return -e;
}
CALL(nanosleep) { return sleep_on(p, CLOCK_REALTIME, 0, a[0], a[1], false); }
CALL(clock_nanosleep) { return sleep_on(p, (int)a[0], (int)a[1], a[2], a[3], false); }
CALL(clock_nanosleep_time64) { return sleep_on(p, (int)a[0], (int)a[1], a[2], a[3], true); }
CALL(gettimeofday)
{
    struct timeval tv;
    gettimeofday(&tv, NULL);
    return put_time(p, a[0], 0, tv.tv_sec, tv.tv_usec, false);
}
CALL(times)
{
    struct tms t;
    clock_t rc = times(&t);
    if (a[0]) {
        WRITES(o, a[0], 16)
        put_le32(o, (uint32_t)t.tms_utime);
        put_le32(o + 4, (uint32_t)t.tms_stime);
        put_le32(o + 8, (uint32_t)t.tms_cutime);
        put_le32(o + 12, (uint32_t)t.tms_cstime);
    }
    return (int64_t)(rc & 0x7fffffff);
}
CALL(setitimer)
{
    READS(t, a[1], 16)
    struct itimerval v = {{(int32_t)get_le32(t), (int32_t)get_le32(t + 4)},
                          {(int32_t)get_le32(t + 8), (int32_t)get_le32(t + 12)}}, old;
    if (setitimer((int)a[0], &v, &old) < 0) {
        return -errno;
    }
    int64_t rc = put_time(p, a[2], 0, old.it_interval.tv_sec, old.it_interval.tv_usec, false);
    return a[2] && !rc ? put_time(p, a[2] + 8, 0, old.it_value.tv_sec, old.it_value.tv_usec, false)
                       : rc;
}
CALL(sched_yield) { (void)p, (void)a; return result(sched_yield()); }
CALL(sched_getaffinity)
{
    WRITES(o, a[2], a[1])
    return result(syscall(SYS_sched_getaffinity, a[0], (size_t)(a[1] & ~7u), o));
}

// ---- identity ------------------------------------------------------------------------------------

CALL(getpid) { (void)p, (void)a; return getpid(); }
CALL(getppid) { (void)p, (void)a; return getppid(); }
CALL(gettid) { (void)p, (void)a; return getpid(); }
CALL(getuid32) { (void)p, (void)a; return getuid(); }
CALL(geteuid32) { (void)p, (void)a; return geteuid(); }
CALL(getgid32) { (void)p, (void)a; return getgid(); }
CALL(getegid32) { (void)p, (void)a; return getegid(); }
CALL(getpgrp) { (void)p, (void)a; return getpgrp(); }
CALL(getpgid) { (void)p; return result(getpgid((int)a[0])); }
CALL(setpgid) { (void)p; return result(setpgid((int)a[0], (int)a[1])); }
CALL(getsid) { (void)p; return result(getsid((int)a[0])); }
CALL(setsid) { (void)p, (void)a; return result(setsid()); }
CALL(getgroups32)
{
    WRITES(o, a[1], a[0] > 65536 ? 0 : a[0] * 4ull)
    return result(getgroups((int)a[0], (gid_t *)(void *)o));
}
CALL(set_tid_address) { (void)p, (void)a; return getpid(); }
CALL(set_robust_list) { (void)p, (void)a; return 0; }
CALL(uname)
{
    struct utsname u;
    WRITES(o, a[0], 6 * 65)
    if (uname(&u) < 0) {
        return -errno;
    }
    snprintf(u.machine, sizeof u.machine, "%s", strstr(p->cfg->model, "arm92") ? "armv4tl"
             : strstr(p->cfg->model, "arm9") ? "armv5tel"
             : strstr(p->cfg->model, "arm1") ? "armv6l" : "armv7l");
    memcpy(o, &u, 6 * 65);
    return 0;
}
CALL(sysinfo)
{
    struct sysinfo s;
    WRITES(o, a[0], 64)
    if (sysinfo(&s) < 0) {
        return -errno;
    }
    const unsigned long v[] = {(unsigned long)s.uptime, s.loads[0], s.loads[1], s.loads[2],
                               s.totalram / PAGE, s.freeram / PAGE, s.sharedram / PAGE,
                               s.bufferram / PAGE, s.totalswap / PAGE, s.freeswap / PAGE, s.procs,
                               0, 0, PAGE};
    memset(o, 0, 64);
    for (unsigned k = 0; k < ARRAY_LEN(v); k++) {
        put_le32(o + 4 * k, (uint32_t)v[k]);
    }
    return 0;
}
CALL(prlimit64)
{
    const uint8_t *in = a[2] ? space_ptr(p, a[2], 16, false) : NULL;
    uint8_t *out = a[3] ? space_ptr(p, a[3], 16, true) : NULL;
    if ((a[2] && !in) || (a[3] && !out)) {
        return -EFAULT;
    }
    // A smaller address space would hit our own reserve.
    if (a[1] == RLIMIT_AS || a[1] == RLIMIT_DATA) {
        in = NULL;
    }
    return result(syscall(SYS_prlimit64, a[0], a[1], in, out));
}
CALL(ugetrlimit)
{
    struct rlimit r;
    WRITES(o, a[1], 8)
    if (getrlimit((int)a[0], &r) < 0) {
        return -errno;
    }
    put_le32(o, r.rlim_cur > 0xffffffff ? 0xffffffff : (uint32_t)r.rlim_cur);
    put_le32(o + 4, r.rlim_max > 0xffffffff ? 0xffffffff : (uint32_t)r.rlim_max);
    return 0;
}
CALL(getrandom) { WRITES(o, a[0], a[1]) return result(getrandom(o, a[1], a[2])); }
CALL(prctl) { (void)p; return a[0] == 15 ? 0 : -EINVAL; } // PR_SET_NAME

// ---- processes and signals -----------------------------------------------------------------------

CALL(exit)
{
    p->done = true;
    p->status = (int)(a[0] & 0xff);
    return 0;
}
CALL(exit_group) { return sys_exit(p, a); }

CALL(clone)
{
    enum { VM = 0x100, VFORK = 0x4000, SETTLS = 0x80000, PARENT_TID = 0x100000,
           CHILD_TID = 0x1000000 };
    if (a[0] & VM && !(a[0] & VFORK)) {
        return -ENOSYS;
    }
    // A vfork child runs on a copy, so what it stores stays its own.
    pid_t pid = fork();
    if (pid < 0) {
        return -errno;
    }
    uint8_t *tid;
    if (!pid) {
        if (a[1]) {
            cpu_set(p->cpu, CPU_SP, a[1]);
        }
        if (a[0] & SETTLS) {
            p->tls = a[3];
            process_sync(p);
        }
        if (a[0] & CHILD_TID && (tid = space_ptr(p, a[4], 4, true))) {
            put_le32(tid, (uint32_t)getpid());
        }
    } else if (a[0] & PARENT_TID && (tid = space_ptr(p, a[2], 4, true))) {
        put_le32(tid, (uint32_t)pid);
    }
    return pid;
}
CALL(fork)
{
    const uint32_t b[5] = {SIGCHLD};
    (void)a;
    return sys_clone(p, b);
}
CALL(vfork) { return sys_fork(p, a); }

CALL(wait4)
{
    struct rusage ru;
    int st = 0;
    pid_t pid = wait4((int)a[0], &st, (int)a[2], &ru);
    if (pid < 0) {
        return -errno;
    }
    if (a[1]) {
        WRITES(o, a[1], 4)
        put_le32(o, (uint32_t)st);
    }
    if (a[3]) {
        WRITES(o, a[3], 72)
        memset(o, 0, 72);
        put_le32(o, (uint32_t)ru.ru_utime.tv_sec);
        put_le32(o + 4, (uint32_t)ru.ru_utime.tv_usec);
        put_le32(o + 8, (uint32_t)ru.ru_stime.tv_sec);
        put_le32(o + 12, (uint32_t)ru.ru_stime.tv_usec);
        put_le32(o + 16, (uint32_t)ru.ru_maxrss);
    }
    return pid;
}
CALL(getrusage)
{
    struct rusage ru;
    WRITES(o, a[1], 72)
    if (getrusage((int)a[0], &ru) < 0) {
        return -errno;
    }
    memset(o, 0, 72);
    put_le32(o, (uint32_t)ru.ru_utime.tv_sec);
    put_le32(o + 4, (uint32_t)ru.ru_utime.tv_usec);
    put_le32(o + 8, (uint32_t)ru.ru_stime.tv_sec);
    put_le32(o + 12, (uint32_t)ru.ru_stime.tv_usec);
    put_le32(o + 16, (uint32_t)ru.ru_maxrss);
    return 0;
}

static int64_t strings(struct process *p, uint32_t va, char **out, unsigned max)
{
    unsigned n = 0;
    for (; va; va += 4) {
        READS(w, va, 4)
        if (!get_le32(w)) {
            break;
        }
        const char *s = space_str(p, get_le32(w));
        if (!s || n + 1 >= max) {
            return s ? -E2BIG : -EFAULT;
        }
        out[n++] = (char *)(uintptr_t)s;
    }
    out[n] = NULL;
    return n;
}

// An ARM program runs under us again, anything else natively.
CALL(execve)
{
    enum { ARGS = 4096, HEAD = 12 };
    PATHS(path, a[0]);
    char full[4096];
    uint8_t eh[20] = {0};
    if (!strcmp(path, "/proc/self/exe")) {
        path = p->exe;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    bool arm = read(fd, eh, sizeof eh) == sizeof eh && !memcmp(eh, "\177ELF\1\1", 6) && eh[18] == 40;
    close(fd);
    if (access(path, X_OK) || !realpath(path, full)) {
        return -errno;
    }
    char **argv = calloc(2 * (ARGS + HEAD), sizeof *argv), **envp = argv + ARGS + HEAD;
    if (!argv) {
        return -ENOMEM;
    }
    int64_t n = strings(p, a[1], argv + HEAD, ARGS), e = strings(p, a[2], envp, ARGS);
    int64_t rc = n < 0 ? n : e < 0 ? e : 0;
    if (!rc && !arm) {
        execve(path, argv + HEAD, envp);
        rc = -errno;
    } else if (!rc) {
        const char *head[HEAD + 1];
        unsigned k = 0;
        head[k++] = "yamato";
        head[k++] = "user";
        head[k++] = "--cpu";
        head[k++] = p->cfg->model;
        head[k++] = "--engine";
        head[k++] = p->cfg->engine == CPU_ENGINE_TRANSLATOR ? "translator" : "interpreter";
        if (p->cfg->root) {
            head[k++] = "--root";
            head[k++] = p->cfg->root;
        }
        if (n > 0) {
            head[k++] = "--argv0";
            head[k++] = argv[HEAD];
        }
        head[k++] = full;
        // The program's own argv[0] gives way to our words.
        char **at = argv + HEAD + (n > 0) - k;
        memcpy(at, head, k * sizeof *at);
        execve("/proc/self/exe", at, envp);
        rc = -errno;
    }
    free(argv);
    return rc;
}

CALL(kill) { (void)p; return result(kill((int)a[0], (int)a[1])); }
CALL(tkill) { (void)p; return result(syscall(SYS_tkill, a[0], a[1])); }
CALL(tgkill) { (void)p; return result(syscall(SYS_tgkill, a[0], a[1], a[2])); }
CALL(rt_sigaction) { return signal_action(p, (int)a[0], a[1], a[2], a[3]); }
CALL(rt_sigprocmask) { return signal_mask(p, (int)a[0], a[1], a[2], a[3]); }
CALL(rt_sigsuspend)
{
    READS(m, a[0], 8)
    uint64_t mask = get_le64(m);
    return result(syscall(SYS_rt_sigsuspend, &mask, 8));
}
CALL(pause) { (void)p, (void)a; return result(pause()); }
CALL(sigaltstack)
{
    uint32_t old_sp = p->alt_sp, old_size = p->alt_size;
    if (a[0]) {
        READS(s, a[0], 12)
        bool off = get_le32(s + 4) & SS_DISABLE;
        p->alt_sp = off ? 0 : get_le32(s);
        p->alt_size = off ? 0 : get_le32(s + 8);
    }
    if (a[1]) {
        WRITES(o, a[1], 12)
        put_le32(o, old_sp);
        put_le32(o + 4, old_size ? 0 : SS_DISABLE);
        put_le32(o + 8, old_size);
    }
    return 0;
}
CALL(sigreturn)
{
    (void)a;
    signal_return(p, false);
    return 0;
}
CALL(rt_sigreturn)
{
    (void)a;
    signal_return(p, true);
    return 0;
}

static int64_t do_futex(struct process *p, const uint32_t *a, bool wide)
{
    struct timespec ts, *t = NULL;
    unsigned op = a[1] & 127;
    READS(w, a[0], 4)
    if (a[0] & 3) {
        return -EINVAL;
    }
    if (op != FUTEX_WAIT && op != FUTEX_WAKE && op != FUTEX_WAIT_BITSET && op != FUTEX_WAKE_BITSET) {
        return -ENOSYS;
    }
    if (a[3] && (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET)) {
        int64_t rc = get_time(p, a[3], wide, &ts);
        if (rc) {
            return rc;
        }
        t = &ts;
    }
    return result(syscall(SYS_futex, w, a[1], a[2], t, NULL, a[5]));
}
CALL(futex) { return do_futex(p, a, false); }
CALL(futex_time64) { return do_futex(p, a, true); }
