// SPDX-License-Identifier: MIT
//
// System calls on files and descriptors: Linux/ARM's structures and open flags (<asm/stat.h>,
// <asm/fcntl.h>, <asm/statfs.h>) to the host's and back.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "user/sys.h"

// Flags that differ: the program's bit, the host's.
static const uint32_t open_bits[][2] = {
    {040000, O_DIRECTORY}, {0100000, O_NOFOLLOW}, {0200000, 040000}, {0400000, 0}};

static int open_flags(uint32_t f)
{
    uint32_t h = f & ~0740000u;
    for (unsigned k = 0; k < ARRAY_LEN(open_bits); k++) {
        h |= f & open_bits[k][0] ? open_bits[k][1] : 0;
    }
    return (int)h;
}

static uint32_t guest_open_flags(uint32_t h)
{
    uint32_t f = h & ~0740000u;
    for (unsigned k = 0; k < ARRAY_LEN(open_bits); k++) {
        f |= open_bits[k][1] && h & open_bits[k][1] ? open_bits[k][0] : 0;
    }
    return f;
}

static int64_t open_at(struct process *p, int dir, uint32_t path, uint32_t flags, uint32_t mode)
{
    PATHS(s, path);
    if (!strcmp(s, "/proc/self/exe")) {
        s = p->exe;
    }
    return result(openat(dir, s, open_flags(flags), mode));
}
CALL(open) { return open_at(p, AT_FDCWD, a[0], a[1], a[2]); }
CALL(openat) { return open_at(p, (int)a[0], a[1], a[2], a[3]); }
CALL(creat) { return open_at(p, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]); }
CALL(close) { (void)p; return result(close((int)a[0])); }
CALL(read) { WRITES(b, a[1], a[2]) return result(read((int)a[0], b, a[2])); }
CALL(write) { READS(b, a[1], a[2]) return result(write((int)a[0], b, a[2])); }
CALL(pread64) { WRITES(b, a[1], a[2]) return result(pread((int)a[0], b, a[2], pair(a + 4))); }
CALL(pwrite64) { READS(b, a[1], a[2]) return result(pwrite((int)a[0], b, a[2], pair(a + 4))); }

static int64_t vectors(struct process *p, const uint32_t *a, bool into)
{
    struct iovec iov[64];
    if (a[2] > 1024) {
        return -EINVAL;
    }
    uint32_t n = a[2] < ARRAY_LEN(iov) ? a[2] : ARRAY_LEN(iov); // a short transfer is allowed
    READS(v, a[1], n * 8);
    for (uint32_t k = 0; k < n; k++) {
        iov[k].iov_len = get_le32(v + 8 * k + 4);
        iov[k].iov_base = space_ptr(p, get_le32(v + 8 * k), iov[k].iov_len, into);
        if (!iov[k].iov_base && iov[k].iov_len) {
            return -EFAULT;
        }
    }
    return result(into ? readv((int)a[0], iov, (int)n) : writev((int)a[0], iov, (int)n));
}
CALL(readv) { return vectors(p, a, true); }
CALL(writev) { return vectors(p, a, false); }

CALL(lseek) { (void)p; return result(lseek((int)a[0], (int32_t)a[1], (int)a[2])); }
CALL(_llseek)
{
    WRITES(out, a[3], 8)
    int64_t rc = lseek((int)a[0], (int64_t)((uint64_t)a[1] << 32 | a[2]), (int)a[4]);
    if (rc < 0) {
        return -errno;
    }
    put_le64(out, (uint64_t)rc);
    return 0;
}

static int64_t put_stat(struct process *p, uint32_t to, int rc, const struct stat *st)
{
    if (rc < 0) {
        return -errno;
    }
    WRITES(o, to, 104)
    memset(o, 0, 104);
    put_le64(o, st->st_dev);
    put_le32(o + 12, (uint32_t)st->st_ino);
    put_le32(o + 16, st->st_mode);
    put_le32(o + 20, (uint32_t)st->st_nlink);
    put_le32(o + 24, st->st_uid);
    put_le32(o + 28, st->st_gid);
    put_le64(o + 32, st->st_rdev);
    put_le64(o + 48, (uint64_t)st->st_size);
    put_le32(o + 56, (uint32_t)st->st_blksize);
    put_le64(o + 64, (uint64_t)st->st_blocks);
    put_le32(o + 72, (uint32_t)st->st_atim.tv_sec);
    put_le32(o + 76, (uint32_t)st->st_atim.tv_nsec);
    put_le32(o + 80, (uint32_t)st->st_mtim.tv_sec);
    put_le32(o + 84, (uint32_t)st->st_mtim.tv_nsec);
    put_le32(o + 88, (uint32_t)st->st_ctim.tv_sec);
    put_le32(o + 92, (uint32_t)st->st_ctim.tv_nsec);
    put_le64(o + 96, st->st_ino);
    return 0;
}
CALL(stat64)
{
    struct stat st;
    PATHS(s, a[0]);
    return put_stat(p, a[1], stat(s, &st), &st);
}
CALL(lstat64)
{
    struct stat st;
    PATHS(s, a[0]);
    return put_stat(p, a[1], lstat(s, &st), &st);
}
CALL(fstat64)
{
    struct stat st;
    return put_stat(p, a[1], fstat((int)a[0], &st), &st);
}
CALL(fstatat64)
{
    struct stat st;
    PATHS(s, a[1]);
    return put_stat(p, a[2], fstatat((int)a[0], s, &st, (int)a[3]), &st);
}
CALL(statx)
{
    PATHS(s, a[1]);
    WRITES(o, a[4], sizeof(struct statx))
    return result(statx((int)a[0], s, (int)a[2], a[3], (struct statx *)(void *)o));
}

static int64_t put_statfs(struct process *p, uint32_t to, int rc, const struct statfs *st)
{
    if (rc < 0) {
        return -errno;
    }
    WRITES(o, to, 84)
    memset(o, 0, 84);
    put_le32(o, (uint32_t)st->f_type);
    put_le32(o + 4, (uint32_t)st->f_bsize);
    put_le64(o + 8, st->f_blocks);
    put_le64(o + 16, st->f_bfree);
    put_le64(o + 24, st->f_bavail);
    put_le64(o + 32, st->f_files);
    put_le64(o + 40, st->f_ffree);
    put_le32(o + 56, (uint32_t)st->f_namelen);
    put_le32(o + 60, (uint32_t)st->f_frsize);
    return 0;
}
CALL(statfs64)
{
    struct statfs st;
    PATHS(s, a[0]);
    return put_statfs(p, a[2], statfs(s, &st), &st);
}
CALL(fstatfs64)
{
    struct statfs st;
    return put_statfs(p, a[2], fstatfs((int)a[0], &st), &st);
}

CALL(access) { PATHS(s, a[0]); return result(access(s, (int)a[1])); }
CALL(faccessat) { PATHS(s, a[1]); return result(faccessat((int)a[0], s, (int)a[2], 0)); }
CALL(faccessat2) { PATHS(s, a[1]); return result(faccessat((int)a[0], s, (int)a[2], (int)a[3])); }
CALL(chdir) { PATHS(s, a[0]); return result(chdir(s)); }
CALL(fchdir) { (void)p; return result(fchdir((int)a[0])); }
CALL(mkdir) { PATHS(s, a[0]); return result(mkdir(s, a[1])); }
CALL(mkdirat) { PATHS(s, a[1]); return result(mkdirat((int)a[0], s, a[2])); }
CALL(rmdir) { PATHS(s, a[0]); return result(rmdir(s)); }
CALL(unlink) { PATHS(s, a[0]); return result(unlink(s)); }
CALL(unlinkat) { PATHS(s, a[1]); return result(unlinkat((int)a[0], s, (int)a[2])); }
CALL(rename) { PATHS(s, a[0]); PATHS(t, a[1]); return result(rename(s, t)); }
CALL(renameat) { PATHS(s, a[1]); PATHS(t, a[3]); return result(renameat((int)a[0], s, (int)a[2], t)); }
CALL(renameat2)
{
    PATHS(s, a[1]);
    PATHS(t, a[3]);
    return result(renameat2((int)a[0], s, (int)a[2], t, a[4]));
}
CALL(link) { PATHS(s, a[0]); PATHS(t, a[1]); return result(link(s, t)); }
CALL(linkat)
{
    PATHS(s, a[1]);
    PATHS(t, a[3]);
    return result(linkat((int)a[0], s, (int)a[2], t, (int)a[4]));
}
CALL(symlink)
{
    const char *s = space_str(p, a[0]);
    PATHS(t, a[1]);
    return s ? result(symlink(s, t)) : -EFAULT;
}
CALL(symlinkat)
{
    const char *s = space_str(p, a[0]);
    PATHS(t, a[2]);
    return s ? result(symlinkat(s, (int)a[1], t)) : -EFAULT;
}
CALL(chmod) { PATHS(s, a[0]); return result(chmod(s, a[1])); }
CALL(fchmod) { (void)p; return result(fchmod((int)a[0], a[1])); }
CALL(fchmodat) { PATHS(s, a[1]); return result(fchmodat((int)a[0], s, a[2], 0)); }
CALL(fchown32) { (void)p; return result(fchown((int)a[0], a[1], a[2])); }
CALL(fchownat) { PATHS(s, a[1]); return result(fchownat((int)a[0], s, a[2], a[3], (int)a[4])); }
CALL(umask) { (void)p; return umask(a[0]); }
CALL(ftruncate64) { (void)p; return result(ftruncate((int)a[0], pair(a + 2))); }
CALL(truncate64) { PATHS(s, a[0]); return result(truncate(s, pair(a + 2))); }
CALL(fsync) { (void)p; return result(fsync((int)a[0])); }
CALL(arm_fadvise64_64) { (void)p, (void)a; return 0; }

static int64_t read_link(struct process *p, int dir, uint32_t path, uint32_t to, uint32_t n)
{
    PATHS(s, path);
    WRITES(o, to, n)
    if (!strcmp(s, "/proc/self/exe")) {
        size_t len = strlen(p->exe);
        len = len < n ? len : n;
        memcpy(o, p->exe, len);
        return (int64_t)len;
    }
    return result(readlinkat(dir, s, (char *)o, n));
}
CALL(readlink) { return read_link(p, AT_FDCWD, a[0], a[1], a[2]); }
CALL(readlinkat) { return read_link(p, (int)a[0], a[1], a[2], a[3]); }
CALL(getcwd) { WRITES(o, a[0], a[1]) return result(syscall(SYS_getcwd, o, (size_t)a[1])); }
CALL(getdents64) { WRITES(o, a[1], a[2]) return result(syscall(SYS_getdents64, a[0], o, a[2])); }
CALL(dup) { (void)p; return result(dup((int)a[0])); }
CALL(dup2) { (void)p; return result(dup2((int)a[0], (int)a[1])); }
CALL(dup3) { (void)p; return result(dup3((int)a[0], (int)a[1], open_flags(a[2]))); }

CALL(pipe2)
{
    int fd[2];
    WRITES(o, a[0], 8)
    if (pipe2(fd, open_flags(a[1])) < 0) {
        return -errno;
    }
    put_le32(o, (uint32_t)fd[0]);
    put_le32(o + 4, (uint32_t)fd[1]);
    return 0;
}
CALL(pipe)
{
    const uint32_t b[2] = {a[0], 0};
    return sys_pipe2(p, b);
}

CALL(sendfile64)
{
    if (!a[2]) {
        return result(sendfile((int)a[0], (int)a[1], NULL, a[3]));
    }
    WRITES(o, a[2], 8)
    off_t off = (off_t)get_le64(o);
    int64_t rc = result(sendfile((int)a[0], (int)a[1], &off, a[3]));
    put_le64(o, (uint64_t)off);
    return rc;
}

CALL(fcntl64)
{
    int fd = (int)a[0], cmd = (int)a[1];
    switch (cmd) {
    case F_DUPFD: case F_DUPFD_CLOEXEC: case F_GETFD: case F_SETFD: case F_GETOWN: case F_SETOWN:
    case F_GETPIPE_SZ: case F_SETPIPE_SZ:
        return result(fcntl(fd, cmd, (int)a[2]));
    case F_GETFL: {
        int rc = fcntl(fd, F_GETFL);
        return rc < 0 ? -errno : (int64_t)guest_open_flags((uint32_t)rc);
    }
    case F_SETFL:
        return result(fcntl(fd, F_SETFL, open_flags(a[2])));
    case 12: case 13: case 14: { // F_GETLK64, F_SETLK64, F_SETLKW64
        static const int host_cmd[] = {F_GETLK, F_SETLK, F_SETLKW};
        WRITES(g, a[2], 32)
        struct flock fl = {.l_type = (short)get_le16(g), .l_whence = (short)get_le16(g + 2),
                           .l_start = (int64_t)get_le64(g + 8), .l_len = (int64_t)get_le64(g + 16)};
        if (fcntl(fd, host_cmd[cmd - 12], &fl) < 0) {
            return -errno;
        }
        put_le16(g, (uint16_t)fl.l_type);
        put_le64(g + 8, (uint64_t)fl.l_start);
        put_le64(g + 16, (uint64_t)fl.l_len);
        put_le32(g + 24, (uint32_t)fl.l_pid);
        return 0;
    }
    default:
        return -EINVAL;
    }
}

// Requests whose argument looks the same on both sides: number, bytes, whether the host writes.
static const struct { uint32_t request, bytes; bool out; } requests[] = {
    {0x5401, 36, true}, {0x5402, 36, false}, {0x5403, 36, false}, {0x5404, 36, false},
    {0x540f, 4, true}, {0x5410, 4, false}, {0x5413, 8, true}, {0x5414, 8, false},
    {0x541b, 4, true}, {0x5421, 4, false}, {0x5450, 0, false}, {0x5451, 0, false}};

CALL(ioctl)
{
    for (unsigned k = 0; k < ARRAY_LEN(requests); k++) {
        if (requests[k].request == a[1]) {
            void *arg = space_ptr(p, a[2], requests[k].bytes, requests[k].out);
            return arg ? result(ioctl((int)a[0], a[1], arg)) : -EFAULT;
        }
    }
    return -ENOTTY;
}

static int64_t do_poll(struct process *p, const uint32_t *a, const struct timespec *ts)
{
    if (a[1] > 65536) {
        return -EINVAL;
    }
    WRITES(f, a[0], (uint64_t)a[1] * sizeof(struct pollfd))
    return result(ppoll((struct pollfd *)(void *)f, a[1], ts, NULL));
}
CALL(poll)
{
    struct timespec ts = {(int32_t)a[2] / 1000, (int32_t)a[2] % 1000 * 1000000};
    return do_poll(p, a, (int32_t)a[2] < 0 ? NULL : &ts);
}
CALL(ppoll)
{
    struct timespec ts;
    if (!a[2]) {
        return do_poll(p, a, NULL);
    }
    READS(t, a[2], 8)
    ts = (struct timespec){(int32_t)get_le32(t), (int32_t)get_le32(t + 4)};
    return do_poll(p, a, &ts);
}
CALL(ppoll_time64)
{
    if (!a[2]) {
        return do_poll(p, a, NULL);
    }
    READS(t, a[2], 16)
    struct timespec ts = {(int64_t)get_le64(t), (int32_t)get_le32(t + 8)};
    return do_poll(p, a, &ts);
}

static int64_t do_select(struct process *p, const uint32_t *a, const struct timespec *ts)
{
    fd_set sets[3];
    uint8_t *mem[3] = {0};
    if (a[0] > FD_SETSIZE) {
        return -EINVAL;
    }
    size_t n = (a[0] + 31) / 32 * 4;
    for (unsigned k = 0; k < 3; k++) {
        FD_ZERO(&sets[k]);
        mem[k] = a[1 + k] ? space_ptr(p, a[1 + k], n, true) : NULL;
        if (a[1 + k] && !mem[k]) {
            return -EFAULT;
        }
        if (mem[k]) {
            memcpy(&sets[k], mem[k], n);
        }
    }
    int rc = pselect((int)a[0], mem[0] ? &sets[0] : NULL, mem[1] ? &sets[1] : NULL,
                     mem[2] ? &sets[2] : NULL, ts, NULL);
    for (unsigned k = 0; k < 3 && rc >= 0; k++) {
        if (mem[k]) {
            memcpy(mem[k], &sets[k], n);
        }
    }
    return result(rc);
}
CALL(_newselect)
{
    if (!a[4]) {
        return do_select(p, a, NULL);
    }
    READS(t, a[4], 8)
    struct timespec ts = {(int32_t)get_le32(t), (int32_t)get_le32(t + 4) * 1000};
    return do_select(p, a, &ts);
}
CALL(pselect6)
{
    if (!a[4]) {
        return do_select(p, a, NULL);
    }
    READS(t, a[4], 8)
    struct timespec ts = {(int32_t)get_le32(t), (int32_t)get_le32(t + 4)};
    return do_select(p, a, &ts);
}
CALL(pselect6_time64)
{
    if (!a[4]) {
        return do_select(p, a, NULL);
    }
    READS(t, a[4], 16)
    struct timespec ts = {(int64_t)get_le64(t), (int32_t)get_le32(t + 8)};
    return do_select(p, a, &ts);
}
