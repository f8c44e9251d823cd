// SPDX-License-Identifier: MIT
//
// System calls on files and descriptors: Linux/ARM's structures and open flags (<asm/stat.h>,
// <asm/fcntl.h>, <asm/statfs.h>) to the host's and back.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "user/sys.h"

// Flags that differ: the program's bit, the host's.
static const uint32_t open_bits[][2] = {
    {040000, O_DIRECTORY}, {0100000, O_NOFOLLOW}, {0200000, 040000}, {0400000, 0}};

int open_flags(uint32_t f)
{
    uint32_t h = f & ~0740000u;
    for (unsigned k = 0; k < ARRAY_LEN(open_bits); k++) {
        h |= f & open_bits[k][0] ? open_bits[k][1] : 0;
    }
    return (int)h;
}

uint32_t guest_open_flags(uint32_t h)
{
    uint32_t f = h & ~0740000u;
    for (unsigned k = 0; k < ARRAY_LEN(open_bits); k++) {
        f |= open_bits[k][1] && h & open_bits[k][1] ? open_bits[k][0] : 0;
    }
    return f;
}

static int64_t open_at(struct thread *t, int dir, uint32_t path, uint32_t flags, uint32_t mode)
{
    PATHS(s, path);
    int fd = proc_open(t, s, open_flags(flags));
    return fd != PROC_NONE ? fd : SAFE(SYS_openat, dir, s, open_flags(flags), mode);
}
CALL(open) { return open_at(t, AT_FDCWD, a[0], a[1], a[2]); }
CALL(openat) { return open_at(t, (int)a[0], a[1], a[2], a[3]); }
CALL(creat) { return open_at(t, AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]); }
CALL(close) { return result(close((int)a[0])); }
CALL(read) { WRITES(b, a[1], a[2]) return SAFE(SYS_read, (int)a[0], b, a[2]); }
CALL(write) { READS(b, a[1], a[2]) return SAFE(SYS_write, (int)a[0], b, a[2]); }
CALL(pread64) { WRITES(b, a[1], a[2]) return SAFE(SYS_pread64, (int)a[0], b, a[2], pair(a + 4)); }
CALL(pwrite64) { READS(b, a[1], a[2]) return SAFE(SYS_pwrite64, (int)a[0], b, a[2], pair(a + 4)); }

// A vector of the program as one of ours; the number of rows, or a negative errno. A short transfer is
// allowed, so a long vector is cut.
enum { ROWS_MAX = 256 };
static int get_vector(struct thread *t, uint32_t va, uint32_t rows, bool into, struct iovec *iov)
{
    if (rows > 1024) {
        return -EINVAL;
    }
    uint32_t n = rows < ROWS_MAX ? rows : ROWS_MAX;
    READS(v, va, n * 8)
    for (uint32_t k = 0; k < n; k++) {
        iov[k].iov_len = get_le32(v + 8 * k + 4);
        iov[k].iov_base = iov[k].iov_len ? space_ptr(t, get_le32(v + 8 * k), iov[k].iov_len, into)
                                         : t->p->base;
        if (!iov[k].iov_base) {
            return -EFAULT;
        }
    }
    return (int)n;
}

static int64_t vectors(struct thread *t, const uint32_t *a, bool into, int nr, int64_t off, int flags)
{
    struct iovec iov[ROWS_MAX];
    int n = get_vector(t, a[1], a[2], into, iov);
    // The kernel wants the offset's halves even where one register holds it.
    return n < 0 ? n : SAFE(nr, (int)a[0], iov, n, off, 0, flags);
}
CALL(readv) { return vectors(t, a, true, SYS_readv, 0, 0); }
CALL(writev) { return vectors(t, a, false, SYS_writev, 0, 0); }
CALL(preadv) { return vectors(t, a, true, SYS_preadv, pair(a + 3), 0); }
CALL(pwritev) { return vectors(t, a, false, SYS_pwritev, pair(a + 3), 0); }
CALL(preadv2) { return vectors(t, a, true, SYS_preadv2, pair(a + 3), (int)a[5]); }
CALL(pwritev2) { return vectors(t, a, false, SYS_pwritev2, pair(a + 3), (int)a[5]); }
CALL(vmsplice)
{
    struct iovec iov[ROWS_MAX];
    int n = get_vector(t, a[1], a[2], false, iov);
    return n < 0 ? n : SAFE(SYS_vmsplice, (int)a[0], iov, n, a[3]);
}

CALL(lseek) { return result(lseek((int)a[0], (int32_t)a[1], (int)a[2])); }
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

static int64_t put_stat(struct thread *t, uint32_t to, int rc, const struct stat *st)
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
    return put_stat(t, a[1], stat(s, &st), &st);
}
CALL(lstat64)
{
    struct stat st;
    PATHS(s, a[0]);
    return put_stat(t, a[1], lstat(s, &st), &st);
}
CALL(fstat64)
{
    struct stat st;
    return put_stat(t, a[1], fstat((int)a[0], &st), &st);
}
CALL(fstatat64)
{
    struct stat st;
    PATHS(s, a[1]);
    return put_stat(t, a[2], fstatat((int)a[0], s, &st, (int)a[3]), &st);
}
static int64_t put_statfs(struct thread *t, uint32_t to, int rc, const struct statfs *st)
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
    return put_statfs(t, a[2], statfs(s, &st), &st);
}
CALL(fstatfs64)
{
    struct statfs st;
    return put_statfs(t, a[2], fstatfs((int)a[0], &st), &st);
}

CALL(arm_fadvise64_64)
{
    return -posix_fadvise((int)a[0], pair(a + 2), pair(a + 4), (int)a[1]);
}
CALL(arm_sync_file_range)
{
    return result(sync_file_range((int)a[0], pair(a + 2), pair(a + 4), a[1]));
}

static int64_t read_link(struct thread *t, int dir, uint32_t path, uint32_t to, uint32_t n)
{
    PATHS(s, path);
    WRITES(o, to, n)
    if (proc_is_exe(s)) {
        size_t len = strlen(t->p->exe);
        len = len < n ? len : n;
        memcpy(o, t->p->exe, len);
        return (int64_t)len;
    }
    return result(readlinkat(dir, s, (char *)o, n));
}
CALL(readlink) { return read_link(t, AT_FDCWD, a[0], a[1], a[2]); }
CALL(readlinkat) { return read_link(t, (int)a[0], a[1], a[2], a[3]); }
CALL(getcwd) { WRITES(o, a[0], a[1]) return result(syscall(SYS_getcwd, o, (size_t)a[1])); }
CALL(dup2) { return result(dup2((int)a[0], (int)a[1])); }

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
    return sys_pipe2(t, b);
}

static int64_t send_file(struct thread *t, const uint32_t *a, bool wide)
{
    if (!a[2]) {
        return SAFE(SYS_sendfile, (int)a[0], (int)a[1], NULL, a[3]);
    }
    WRITES(o, a[2], wide ? 8 : 4)
    off_t off = wide ? (off_t)get_le64(o) : (int32_t)get_le32(o);
    int64_t rc = SAFE(SYS_sendfile, (int)a[0], (int)a[1], &off, a[3]);
    if (wide) {
        put_le64(o, (uint64_t)off);
    } else {
        put_le32(o, (uint32_t)off);
    }
    return rc;
}
CALL(sendfile) { return send_file(t, a, false); }
CALL(sendfile64) { return send_file(t, a, true); }

// ---- descriptors' control --------------------------------------------------------------------------

// struct flock64, or the small one: offsets of start, length and number; the host's command.
static int64_t lock_file(struct thread *t, int fd, int cmd, uint32_t va, bool wide)
{
    WRITES(g, va, wide ? 32 : 16)
    struct flock fl = {.l_type = (short)get_le16(g), .l_whence = (short)get_le16(g + 2)};
    fl.l_start = wide ? (int64_t)get_le64(g + 8) : (int32_t)get_le32(g + 4);
    fl.l_len = wide ? (int64_t)get_le64(g + 16) : (int32_t)get_le32(g + 8);
    fl.l_pid = (pid_t)get_le32(g + (wide ? 24 : 12));
    int64_t rc = SAFE(SYS_fcntl, fd, cmd, &fl);
    if (rc < 0 || (cmd != F_GETLK && cmd != F_OFD_GETLK)) {
        return rc;
    }
    put_le16(g, (uint16_t)fl.l_type);
    put_le16(g + 2, (uint16_t)fl.l_whence);
    if (wide) {
        put_le64(g + 8, (uint64_t)fl.l_start);
        put_le64(g + 16, (uint64_t)fl.l_len);
    } else {
        put_le32(g + 4, (uint32_t)fl.l_start);
        put_le32(g + 8, (uint32_t)fl.l_len);
    }
    put_le32(g + (wide ? 24 : 12), (uint32_t)fl.l_pid);
    return rc;
}

CALL(fcntl64)
{
    int fd = (int)a[0], cmd = (int)a[1];
    switch (cmd) {
    case F_GETFL: {
        int rc = fcntl(fd, F_GETFL);
        return rc < 0 ? -errno : (int64_t)guest_open_flags((uint32_t)rc);
    }
    case F_SETFL:
        return result(fcntl(fd, F_SETFL, open_flags(a[2])));
    case 5: case 6: case 7: // F_GETLK, F_SETLK, F_SETLKW
        return lock_file(t, fd, cmd - 5 + F_GETLK, a[2], false);
    case 12: case 13: case 14: // the same with 64 bits
        return lock_file(t, fd, cmd - 12 + F_GETLK, a[2], true);
    case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
        return lock_file(t, fd, cmd, a[2], true);
    case F_GETOWN_EX: case F_SETOWN_EX: {
        WRITES(o, a[2], 8)
        return result(fcntl(fd, cmd, o));
    }
    case F_GET_RW_HINT: case F_SET_RW_HINT: case F_GET_FILE_RW_HINT: case F_SET_FILE_RW_HINT: {
        WRITES(o, a[2], 8)
        return result(fcntl(fd, cmd, o));
    }
    default: // the rest take a number
        return result(fcntl(fd, cmd, (long)(int32_t)a[2]));
    }
}
CALL(fcntl) { return sys_fcntl64(t, a); }

// Requests whose argument looks the same on both sides: number, bytes, whether the host writes.
// 0 bytes: the argument is a number. The names are those of <asm-generic/ioctls.h>, <linux/fs.h>.
static const struct { uint32_t request, bytes; bool out; } requests[] = {
    {0x5401, 36, true}, {0x5402, 36, false}, {0x5403, 36, false}, {0x5404, 36, false}, // TCGETS...
    {0x5409, 0, false}, {0x540a, 0, false}, {0x540b, 0, false}, {0x540c, 0, false},    // TCSBRK...
    {0x540d, 0, false}, {0x540e, 0, false}, {0x540f, 4, true}, {0x5410, 4, false},     // TIOCGPGRP...
    {0x5411, 4, true}, {0x5412, 1, false}, {0x5413, 8, true}, {0x5414, 8, false},      // TIOCGWINSZ
    {0x5415, 4, true}, {0x5416, 4, false}, {0x5417, 4, false}, {0x5418, 4, false},
    {0x541b, 4, true}, {0x5420, 4, false}, {0x5421, 4, false}, {0x5422, 0, false},     // FIONREAD...
    {0x5423, 4, false}, {0x5424, 4, true}, {0x5425, 0, false}, {0x5427, 0, false},
    {0x5428, 0, false}, {0x5429, 4, true}, {0x5441, 0, false}, {0x5450, 0, false},
    {0x5451, 0, false}, {0x5452, 4, false}, {0x80045430, 4, true}, {0x40045431, 4, false},
    {0x802c542a, 44, true}, {0x402c542b, 44, false}, {0x402c542c, 44, false},          // TCGETS2
    {0x40049409, 0, false}, {0x4020940d, 32, false},                                   // FICLONE
    {0x1260, 4, true}, {0x1268, 4, true}, {0x80081272, 8, true}, {0x125e, 4, true},    // BLK...
    {0x00008901, 4, false}, {0x8902, 4, false}, {0x8903, 4, true}, {0x8904, 4, true},
    {0x8905, 4, true}, {0x80045200, 4, true}};

// Requests whose argument is a struct that is longer on the host: the names of network devices.
static bool is_ifreq(uint32_t r)
{
    return r == 0x8910 || (r >= 0x8913 && r <= 0x8922 && r != 0x8912) || r == 0x8927 || r == 0x8933 ||
           r == 0x8942;
}

CALL(ioctl)
{
    uint32_t r = a[1];
    for (unsigned k = 0; k < ARRAY_LEN(requests); k++) {
        if (requests[k].request == r) {
            long arg = (long)a[2];
            if (requests[k].bytes) {
                arg = (long)(uintptr_t)space_ptr(t, a[2], requests[k].bytes, requests[k].out);
                if (!arg) {
                    return -EFAULT;
                }
            }
            return SAFE(SYS_ioctl, (int)a[0], r, arg);
        }
    }
    if (is_ifreq(r)) {
        uint8_t req[40] = {0};
        WRITES(g, a[2], 32)
        memcpy(req, g, 32);
        int64_t rc = result(ioctl((int)a[0], r, req));
        memcpy(g, req, 32);
        return rc;
    }
    if (r == 0x80046601 || r == 0x40046602) { // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS: long on the host
        long v = 0;
        WRITES(g, a[2], 4)
        v = (long)get_le32(g);
        int64_t rc = result(ioctl((int)a[0], r == 0x80046601 ? 0x80086601ul : 0x40086602ul, &v));
        put_le32(g, (uint32_t)v);
        return rc;
    }
    return -ENOTTY;
}

CALL(prlimit64)
{
    READS0(in, a[2], 16)
    WRITES0(out, a[3], 16)
    // A smaller address space would hit our own reserve.
    if (a[1] == RLIMIT_AS || a[1] == RLIMIT_DATA || a[1] == RLIMIT_STACK) {
        in = NULL;
    }
    return result(syscall(SYS_prlimit64, (int)a[0], a[1], in, out));
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
CALL(setrlimit)
{
    READS(i, a[1], 8)
    struct rlimit r = {get_le32(i), get_le32(i + 4)};
    r.rlim_cur = r.rlim_cur == 0xffffffff ? RLIM_INFINITY : r.rlim_cur;
    r.rlim_max = r.rlim_max == 0xffffffff ? RLIM_INFINITY : r.rlim_max;
    return a[0] == RLIMIT_AS || a[0] == RLIMIT_DATA || a[0] == RLIMIT_STACK
               ? 0 : result(setrlimit((int)a[0], &r));
}
