// SPDX-License-Identifier: MIT
//
// Clocks and sleeping, with the program's 32-bit and 64-bit times, and the times of files.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "user/sys.h"

int64_t put_time(struct thread *t, uint32_t to, int64_t s, int64_t sub, bool wide)
{
    if (!to) {
        return 0;
    }
    WRITES(o, to, wide ? 16 : 8)
    if (wide) {
        put_le64(o, (uint64_t)s);
        put_le64(o + 8, (uint64_t)sub);
    } else {
        put_le32(o, (uint32_t)s);
        put_le32(o + 4, (uint32_t)sub);
    }
    return 0;
}

int64_t get_time(struct thread *t, uint32_t from, bool wide, struct timespec *ts)
{
    READS(v, from, wide ? 16 : 8)
    *ts = wide ? (struct timespec){(int64_t)get_le64(v), (int32_t)get_le32(v + 8)}
               : (struct timespec){(int32_t)get_le32(v), (int32_t)get_le32(v + 4)};
    return 0;
}

int64_t get_time0(struct thread *t, uint32_t from, bool wide, struct timespec *room,
                  struct timespec **ts)
{
    *ts = from ? room : NULL;
    return from ? get_time(t, from, wide, room) : 0;
}

static int64_t clock_of(struct thread *t, const uint32_t *a, bool wide, bool res)
{
    struct timespec ts = {0, 0};
    int rc = res ? clock_getres((int)a[0], &ts) : clock_gettime((int)a[0], &ts);
    return rc < 0 ? -errno : put_time(t, a[1], ts.tv_sec, ts.tv_nsec, wide);
}
CALL(clock_gettime) { return clock_of(t, a, false, false); }
CALL(clock_gettime64) { return clock_of(t, a, true, false); }
CALL(clock_getres) { return clock_of(t, a, false, true); }
CALL(clock_getres_time64) { return clock_of(t, a, true, true); }

static int64_t clock_to(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec ts;
    int64_t rc = get_time(t, a[1], wide, &ts);
    return rc ? rc : result(clock_settime((int)a[0], &ts));
}
CALL(clock_settime) { return clock_to(t, a, false); }
CALL(clock_settime64) { return clock_to(t, a, true); }

static int64_t sleep_on(struct thread *t, int clock, int flags, uint32_t in, uint32_t out, bool wide)
{
    struct timespec ts, rem = {0, 0};
    int64_t rc = get_time(t, in, wide, &ts);
    if (rc) {
        return rc;
    }
    rc = SAFE(SYS_clock_nanosleep, clock, flags, &ts, &rem);
    if (rc == -EINTR && !(flags & TIMER_ABSTIME)) {
        int64_t bad = put_time(t, out, rem.tv_sec, rem.tv_nsec, wide);
        return bad ? bad : -EINTR;
    }
    return rc;
}
CALL(nanosleep) { return sleep_on(t, CLOCK_MONOTONIC, 0, a[0], a[1], false); }
CALL(clock_nanosleep) { return sleep_on(t, (int)a[0], (int)a[1], a[2], a[3], false); }
CALL(clock_nanosleep_time64) { return sleep_on(t, (int)a[0], (int)a[1], a[2], a[3], true); }

CALL(gettimeofday)
{
    struct timeval tv;
    struct timezone tz;
    gettimeofday(&tv, &tz);
    int64_t rc = put_time(t, a[0], tv.tv_sec, tv.tv_usec, false);
    return rc ? rc : put_time(t, a[1], tz.tz_minuteswest, tz.tz_dsttime, false);
}
CALL(times)
{
    struct tms v;
    clock_t rc = times(&v);
    WRITES0(o, a[0], 16)
    if (o) {
        put_le32(o, (uint32_t)v.tms_utime);
        put_le32(o + 4, (uint32_t)v.tms_stime);
        put_le32(o + 8, (uint32_t)v.tms_cutime);
        put_le32(o + 12, (uint32_t)v.tms_cstime);
    }
    return (int64_t)(rc & 0x7fffffff);
}

static int64_t put_itimerval(struct thread *t, uint32_t to, const struct itimerval *v)
{
    int64_t rc = put_time(t, to, v->it_interval.tv_sec, v->it_interval.tv_usec, false);
    return rc || !to ? rc : put_time(t, to + 8, v->it_value.tv_sec, v->it_value.tv_usec, false);
}
CALL(setitimer)
{
    struct itimerval v = {{0, 0}, {0, 0}}, old;
    READS0(i, a[1], 16)
    if (i) {
        v = (struct itimerval){{(int32_t)get_le32(i), (int32_t)get_le32(i + 4)},
                               {(int32_t)get_le32(i + 8), (int32_t)get_le32(i + 12)}};
    }
    if (syscall(SYS_setitimer, (int)a[0], &v, &old) < 0) {
        return -errno;
    }
    return put_itimerval(t, a[2], &old);
}
CALL(getitimer)
{
    struct itimerval v;
    return syscall(SYS_getitimer, (int)a[0], &v) < 0 ? -errno : put_itimerval(t, a[1], &v);
}

static int64_t rr_interval(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec ts;
    int64_t rc = result(syscall(SYS_sched_rr_get_interval, (int)a[0], &ts));
    return rc ? rc : put_time(t, a[1], ts.tv_sec, ts.tv_nsec, wide);
}
CALL(sched_rr_get_interval) { return rr_interval(t, a, false); }
CALL(sched_rr_get_interval_time64) { return rr_interval(t, a, true); }

// ---- times of files ----------------------------------------------------------------------------------

// Two times at `va`, `sub` nanoseconds each unit of the second word.
static int64_t set_times(struct thread *t, int dir, uint32_t path, uint32_t va, bool wide, int unit,
                         int flags)
{
    struct timespec ts[2];
    if (va) {
        for (unsigned k = 0; k < 2; k++) {
            int64_t rc = get_time(t, va + k * (wide ? 16 : 8), wide, &ts[k]);
            if (rc) {
                return rc;
            }
            ts[k].tv_nsec *= unit;
        }
    }
    if (!path) {
        return result(syscall(SYS_utimensat, dir, NULL, va ? ts : NULL, flags));
    }
    PATHS(s, path);
    return result(syscall(SYS_utimensat, dir, s, va ? ts : NULL, flags));
}
CALL(utimensat) { return set_times(t, (int)a[0], a[1], a[2], false, 1, (int)a[3]); }
CALL(utimensat_time64) { return set_times(t, (int)a[0], a[1], a[2], true, 1, (int)a[3]); }
CALL(utimes) { return set_times(t, AT_FDCWD, a[0], a[1], false, 1000, 0); }
CALL(futimesat) { return set_times(t, (int)a[0], a[1], a[2], false, 1000, 0); }
