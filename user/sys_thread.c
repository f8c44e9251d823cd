// SPDX-License-Identifier: MIT
//
// Threads and processes: clone and clone3, exit, wait, futexes, signals as calls. Numbers of threads
// and processes are the host's, and so are futex words, so the kernel's futexes serve as they are.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/sys.h"
#include "user/tools.h"

// ---- life ------------------------------------------------------------------------------------------

#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define KNOWN_FLAGS                                                                                \
    (THREAD_FLAGS | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |                    \
     CLONE_CHILD_SETTID | CLONE_DETACHED | CLONE_IO | CLONE_VFORK | CSIGNAL)

// A child with a copy of everything; the one that vfork promises, too, so what it stores stays its own.
static int64_t do_fork(struct thread *t, uint32_t flags, uint32_t sp, uint32_t parent_tid,
                       uint32_t tls, uint32_t child_tid)
{
    int fd[2] = {-1, -1};
    uint8_t *tid;
    if (flags & CLONE_VFORK && pipe2(fd, O_CLOEXEC) < 0) {
        return -errno;
    }
    signal_all_blocked();
    pthread_mutex_lock(&t->p->lock);
    pid_t pid = fork();
    if (pid) {
        int64_t rc = result(pid);
        pthread_mutex_unlock(&t->p->lock);
        if (pid > 0 && flags & CLONE_PARENT_SETTID && (tid = space_ptr(t, parent_tid, 4, true))) {
            put_le32(tid, (uint32_t)pid);
        }
        if (fd[0] >= 0) {
            // The parent waits until the child has another program or has ended.
            char c;
            close(fd[1]);
            while (pid > 0 && read(fd[0], &c, 1) < 0 && errno == EINTR) {
            }
            close(fd[0]);
        }
        signal_host_mask(t->blocked);
        return rc;
    }
    if (fd[0] >= 0) {
        close(fd[0]); // the other end closes with exec or exit
    }
    if (threads_forked(t)) {
        _exit(127); // no memory for code
    }
    tools_forked(t);
    signal_host_mask(t->blocked);
    if (sp) {
        cpu_set(t->cpu, CPU_SP, sp);
    }
    if (flags & CLONE_SETTLS) {
        t->tls = tls;
        t->stale = true;
    }
    t->clear_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;
    if (flags & CLONE_CHILD_SETTID && (tid = space_ptr(t, child_tid, 4, true))) {
        put_le32(tid, (uint32_t)getpid());
    }
    return 0;
}

static int64_t do_clone(struct thread *t, uint32_t flags, uint32_t sp, uint32_t parent_tid,
                        uint32_t tls, uint32_t child_tid)
{
    if (flags & ~(uint32_t)KNOWN_FLAGS) {
        return -EINVAL; // name spaces, ptrace
    }
    if (flags & CLONE_VM && !(flags & CLONE_VFORK)) {
        return (flags & THREAD_FLAGS) == THREAD_FLAGS
                   ? thread_spawn(t, flags, sp, parent_tid, tls, child_tid) : -EINVAL;
    }
    return do_fork(t, flags, sp, parent_tid, tls, child_tid);
}
CALL(clone) { return do_clone(t, a[0], a[1], a[2], a[3], a[4]); }
CALL(fork) { return do_clone(t, SIGCHLD, 0, 0, 0, 0); }
CALL(vfork) { return do_clone(t, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0); }
CALL(clone3)
{
    // flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, ..., cgroup
    READS(g, a[0], a[1] < 64 ? 64 : a[1])
    if (a[1] < 64) {
        return -EINVAL;
    }
    uint64_t flags = get_le64(g), sp = get_le64(g + 40);
    if (flags & ~(uint64_t)KNOWN_FLAGS || (a[1] > 64 && get_le64(g + 64))) {
        return -EINVAL;
    }
    sp = sp ? sp + get_le64(g + 48) : 0;
    return do_clone(t, (uint32_t)flags | (uint32_t)get_le64(g + 32), (uint32_t)sp,
                    (uint32_t)get_le64(g + 24), (uint32_t)get_le64(g + 56), (uint32_t)get_le64(g + 16));
}
CALL(exit) { thread_exit(t, (int)(a[0] & 0xff)); }
CALL(exit_group) { process_exit(t->p, (int)(a[0] & 0xff)); }
CALL(getpid) { return getpid(); }
CALL(gettid) { return t->tid; }
CALL(set_tid_address)
{
    t->clear_tid = a[0];
    return t->tid;
}
CALL(set_robust_list)
{
    t->robust = a[1] == 12 ? a[0] : t->robust;
    return a[1] == 12 ? 0 : -EINVAL;
}
CALL(get_robust_list)
{
    WRITES(head, a[1], 4)
    WRITES(len, a[2], 4)
    if (a[0] && a[0] != (uint32_t)t->tid) {
        return -EPERM;
    }
    put_le32(head, t->robust);
    put_le32(len, 12);
    return 0;
}
CALL(ARM_set_tls)
{
    t->tls = a[0];
    t->stale = true;
    return 0;
}
CALL(execve)
{
    PATHS(path, a[0]);
    return exec_program(t, path, a[1], a[2]);
}
CALL(execveat)
{
    char fd_path[64];
    PATHS(path, a[1]);
    if (a[4] & AT_EMPTY_PATH && !path[0]) {
        snprintf(fd_path, sizeof fd_path, "/proc/self/fd/%d", (int)a[0]);
        return exec_program(t, fd_path, a[2], a[3]);
    }
    if (path[0] != '/' && (int)a[0] != AT_FDCWD) {
        return -ENOSYS;
    }
    return exec_program(t, path, a[2], a[3]);
}

// ---- waiting for children ------------------------------------------------------------------------------

static void put_rusage(uint8_t *o, const struct rusage *ru)
{
    memset(o, 0, 72);
    put_le32(o, (uint32_t)ru->ru_utime.tv_sec);
    put_le32(o + 4, (uint32_t)ru->ru_utime.tv_usec);
    put_le32(o + 8, (uint32_t)ru->ru_stime.tv_sec);
    put_le32(o + 12, (uint32_t)ru->ru_stime.tv_usec);
    const long *v = &ru->ru_maxrss;
    for (unsigned k = 0; k < 14; k++) {
        put_le32(o + 16 + 4 * k, (uint32_t)v[k]);
    }
}
CALL(wait4)
{
    struct rusage ru;
    int st = 0;
    WRITES0(so, a[1], 4)
    WRITES0(ro, a[3], 72)
    int64_t pid = SAFE(SYS_wait4, (int)a[0], &st, (int)a[2], &ru);
    if (pid > 0 && so) {
        put_le32(so, (uint32_t)st);
    }
    if (pid > 0 && ro) {
        put_rusage(ro, &ru);
    }
    return pid;
}
CALL(waitid)
{
    siginfo_t si;
    struct rusage ru;
    memset(&si, 0, sizeof si);
    WRITES0(o, a[2], 128)
    WRITES0(ro, a[4], 72)
    int64_t rc = SAFE(SYS_waitid, (int)a[0], (int)a[1], &si, (int)a[3], &ru);
    if (rc >= 0 && o) {
        signal_info_out(o, &si);
    }
    if (rc >= 0 && ro) {
        put_rusage(ro, &ru);
    }
    return rc;
}
CALL(getrusage)
{
    struct rusage ru;
    WRITES(o, a[1], 72)
    if (getrusage((int)a[0], &ru) < 0) {
        return -errno;
    }
    put_rusage(o, &ru);
    return 0;
}
CALL(sched_getaffinity)
{
    WRITES(o, a[2], a[1])
    return result(syscall(SYS_sched_getaffinity, (int)a[0], (size_t)(a[1] & ~7u), o));
}

// ---- futexes ---------------------------------------------------------------------------------------------

static int64_t do_futex(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec ts, *timeout = NULL;
    unsigned op = a[1] & FUTEX_CMD_MASK;
    long fourth = 0;
    if (a[0] >= TASK_END || a[0] & 3 || a[4] >= TASK_END) {
        return a[0] & 3 ? -EINVAL : -EFAULT;
    }
    switch (op) {
    case FUTEX_WAIT: case FUTEX_WAIT_BITSET: case FUTEX_LOCK_PI: case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI2: {
        int64_t rc = get_time0(t, a[3], wide, &ts, &timeout);
        if (rc) {
            return rc;
        }
        fourth = (long)(uintptr_t)timeout;
        t->once = timeout; // then a handler always ends the call
        break;
    }
    case FUTEX_REQUEUE: case FUTEX_CMP_REQUEUE: case FUTEX_CMP_REQUEUE_PI: case FUTEX_WAKE_OP:
        fourth = (long)a[3];
        break;
    default:
        break;
    }
    return SAFE(SYS_futex, t->p->base + a[0], (int)a[1], a[2], fourth, t->p->base + a[4], a[5]);
}
CALL(futex) { return do_futex(t, a, false); }
CALL(futex_time64) { return do_futex(t, a, true); }

// ---- signals -----------------------------------------------------------------------------------------------

CALL(rt_sigaction) { return signal_action(t, (int)a[0], a[1], a[2], a[3]); }
CALL(rt_sigprocmask) { return signal_mask(t, (int)a[0], a[1], a[2], a[3]); }
CALL(sigaltstack) { return signal_altstack(t, a[0], a[1]); }
CALL(rt_sigpending)
{
    uint64_t set = 0;
    WRITES(o, a[0], 8)
    if (a[1] > 8) {
        return -EINVAL;
    }
    int64_t rc = result(syscall(SYS_rt_sigpending, &set, 8));
    put_le64(o, set | (t->noted & t->blocked));
    return rc;
}
CALL(rt_sigsuspend)
{
    READS(m, a[0], 8)
    if (a[1] != 8) {
        return -EINVAL;
    }
    signal_mask_for_call(t, get_le64(m));
    return SAFE(SYS_pause, 0);
}
CALL(pause)
{
    int64_t rc = SAFE(SYS_pause, 0);
    return rc == -SAFE_RESTART ? -EINTR : rc;
}
CALL(sigreturn)
{
    signal_return(t, false);
    return 0;
}
CALL(rt_sigreturn)
{
    signal_return(t, true);
    return 0;
}

static int64_t wait_signal(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec room, *ts;
    siginfo_t si;
    READS(m, a[0], 8)
    WRITES0(o, a[1], 128)
    uint64_t set = get_le64(m);
    int64_t rc = get_time0(t, a[2], wide, &room, &ts);
    if (rc || a[3] != 8) {
        return rc ? rc : -EINVAL;
    }
    rc = signal_take(t, set, &si);
    if (!rc) {
        memset(&si, 0, sizeof si);
        rc = SAFE(SYS_rt_sigtimedwait, &set, &si, ts, 8);
    }
    if (rc > 0 && o) {
        signal_info_out(o, &si);
    }
    return rc;
}
CALL(rt_sigtimedwait) { return wait_signal(t, a, false); }
CALL(rt_sigtimedwait_time64) { return wait_signal(t, a, true); }

CALL(rt_sigqueueinfo)
{
    siginfo_t si;
    READS(i, a[2], 128)
    signal_info_in(&si, i);
    return result(syscall(SYS_rt_sigqueueinfo, (int)a[0], (int)a[1], &si));
}
CALL(rt_tgsigqueueinfo)
{
    siginfo_t si;
    READS(i, a[3], 128)
    signal_info_in(&si, i);
    return result(syscall(SYS_rt_tgsigqueueinfo, (int)a[0], (int)a[1], (int)a[2], &si));
}
CALL(restart_syscall) { return -EINTR; }
