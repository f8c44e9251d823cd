// SPDX-License-Identifier: MIT
//
// The jail of the daemon: an allow list of system calls (libseccomp), for all threads, and no new
// privileges. A call that is not in the list fails with EPERM instead of ending the daemon: its
// devices are other people's machines.
#include "mdev/daemon_jail.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"

// One row a reason.
static const char *const allowed[] = {
    // messages
    "read", "write", "readv", "writev", "preadv2", "recvfrom", "recvmsg", "sendto", "sendmsg", "poll", "ppoll",
    "accept4", "bind", "listen", "connect", "shutdown", "getsockopt", "setsockopt", "getsockname",
    "socketpair", "eventfd2", "close", "fcntl", "dup", "dup3", "pipe2",
    // snapshots, captures, sockets' files
    "openat", "fstat", "newfstatat", "stat", "lstat", "statx", "lseek", "pread64", "pwrite64", "readlink",
    "readlinkat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "fsync", "fdatasync",
    "ftruncate", "umask", "fadvise64", "access", "faccessat", "faccessat2", "getdents64", "getcwd",
    // memory
    "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "memfd_create", "membarrier",
    // threads and time
    "futex", "clone", "clone3", "exit", "exit_group", "set_robust_list", "rseq", "sched_yield",
    "sched_getaffinity", "getcpu", "gettid", "getpid", "clock_gettime", "clock_getres",
    "clock_nanosleep", "nanosleep", "gettimeofday", "restart_syscall",
    // signals
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill",
    // facts
    "getrandom", "getuid", "geteuid", "getgid", "getegid", "prlimit64", "getrusage", "sysinfo", "uname",
    "times",
};
static const char *const gl_also[] = {"ioctl", "sched_setaffinity", "setpriority", "getpriority",
                                      "prctl", "readahead", "statfs", "fstatfs", "kcmp", "flock"};

int jail_become(const char *user, struct err *err)
{
    const struct passwd *pw;
    errno = 0;
    pw = getpwnam(user);
    if (!pw) {
        return err_set(err, errno ? -errno : -ENOENT, "no user '%s'", user);
    }
    if (geteuid() != 0) {
        return geteuid() == pw->pw_uid
                   ? 0
                   : err_set(err, -EPERM, "only root can become '%s'", user);
    }
    if (initgroups(user, pw->pw_gid) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
        return err_set(err, -errno, "cannot become '%s': %s", user, strerror(errno));
    }
    if (pw->pw_uid && !setuid(0)) {
        return err_set(err, -EPERM, "became '%s' but can become root again", user);
    }
    return 0;
}

static int allow(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        // a name that this kernel or machine does not have is no loss
        if (nr >= 0 && seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0)) {
            return -EINVAL;
        }
    }
    return 0;
}

int jail_enter(bool gl, struct err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc;
    if (!ctx) {
        return err_set(err, -ENOMEM, "no memory for the system call filter");
    }
    rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1); // no new privileges is its default
    if (!rc) {
        rc = allow(ctx, allowed, ARRAY_LEN(allowed));
    }
    if (!rc && gl) {
        rc = allow(ctx, gl_also, ARRAY_LEN(gl_also));
    }
    if (!rc) { // only sockets of this machine
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
    }
    if (!rc) {
        rc = seccomp_load(ctx);
    }
    seccomp_release(ctx);
    return rc ? err_set(err, rc, "system call filter: %s", strerror(-rc)) : 0;
}
