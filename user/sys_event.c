// SPDX-License-Identifier: MIT
//
// Waiting for descriptors: poll, select, epoll, and the descriptors that stand for events (signalfd,
// timerfd). struct epoll_event is packed on x86 and not on ARM.
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "user/sys.h"

// The mask of a waiting call, if it has one. 0, or a negative errno.
static int64_t use_mask(struct thread *t, uint32_t va, uint32_t bytes)
{
    if (va) {
        READS(m, va, 8)
        if (bytes != 8) {
            return -EINVAL;
        }
        signal_mask_for_call(t, get_le64(m));
    }
    return 0;
}

static struct timespec now_and(const struct timespec *ts)
{
    struct timespec n;
    clock_gettime(CLOCK_MONOTONIC, &n);
    n.tv_sec += ts->tv_sec;
    n.tv_nsec += ts->tv_nsec;
    if (n.tv_nsec >= 1000000000) {
        n.tv_nsec -= 1000000000;
        n.tv_sec++;
    }
    return n;
}

// ---- poll ------------------------------------------------------------------------------------------

static int64_t do_poll(struct thread *t, const uint32_t *a, struct timespec *ts)
{
    if (a[1] > 65536) {
        return -EINVAL;
    }
    WRITES(f, a[0], (uint64_t)a[1] * sizeof(struct pollfd))
    return SAFE(SYS_ppoll, f, a[1], ts, NULL, 8);
}
CALL(poll)
{
    struct timespec ts = {(int32_t)a[2] / 1000, (int32_t)a[2] % 1000 * 1000000};
    return do_poll(t, a, (int32_t)a[2] < 0 ? NULL : &ts);
}
static int64_t mask_poll(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec room, *ts, end = {0, 0};
    int64_t rc = get_time0(t, a[2], wide, &room, &ts);
    if (!rc) {
        rc = use_mask(t, a[3], a[4]);
    }
    if (rc) {
        return rc;
    }
    if (ts) {
        end = now_and(ts);
    }
    rc = do_poll(t, a, ts);
    if (ts) { // what is left of the time is told
        struct timespec n;
        clock_gettime(CLOCK_MONOTONIC, &n);
        int64_t left = (end.tv_sec - n.tv_sec) * 1000000000ll + end.tv_nsec - n.tv_nsec;
        left = left < 0 ? 0 : left;
        put_time(t, a[2], left / 1000000000, left % 1000000000, wide);
    }
    return rc;
}
CALL(ppoll) { return mask_poll(t, a, false); }
CALL(ppoll_time64) { return mask_poll(t, a, true); }

// ---- select ----------------------------------------------------------------------------------------

static int64_t do_select(struct thread *t, const uint32_t *a, struct timespec *ts)
{
    fd_set sets[3];
    uint8_t *mem[3] = {0};
    if (a[0] > FD_SETSIZE) {
        return -EINVAL;
    }
    size_t n = (a[0] + 31) / 32 * 4;
    for (unsigned k = 0; k < 3; k++) {
        FD_ZERO(&sets[k]);
        mem[k] = a[1 + k] ? space_ptr(t, a[1 + k], n, true) : NULL;
        if (a[1 + k] && !mem[k]) {
            return -EFAULT;
        }
        if (mem[k]) {
            memcpy(&sets[k], mem[k], n);
        }
    }
    int64_t rc = SAFE(SYS_pselect6, (int)a[0], mem[0] ? &sets[0] : NULL, mem[1] ? &sets[1] : NULL,
                      mem[2] ? &sets[2] : NULL, ts, NULL);
    for (unsigned k = 0; k < 3 && rc >= 0; k++) {
        if (mem[k]) {
            memcpy(mem[k], &sets[k], n);
        }
    }
    return rc;
}
CALL(_newselect)
{
    if (!a[4]) {
        return do_select(t, a, NULL);
    }
    WRITES(v, a[4], 8)
    struct timespec ts = {(int32_t)get_le32(v), (int32_t)get_le32(v + 4) * 1000};
    int64_t rc = do_select(t, a, &ts); // the kernel leaves what is left of the time
    put_le32(v, (uint32_t)ts.tv_sec);
    put_le32(v + 4, (uint32_t)(ts.tv_nsec / 1000));
    return rc;
}
static int64_t mask_select(struct thread *t, const uint32_t *a, bool wide)
{
    struct timespec room, *ts;
    int64_t rc = get_time0(t, a[4], wide, &room, &ts);
    if (!rc && a[5]) {
        READS(m, a[5], 8)
        rc = use_mask(t, get_le32(m), get_le32(m + 4));
    }
    if (rc) {
        return rc;
    }
    rc = do_select(t, a, ts);
    if (ts) {
        put_time(t, a[4], ts->tv_sec, ts->tv_nsec, wide);
    }
    return rc;
}
CALL(pselect6) { return mask_select(t, a, false); }
CALL(pselect6_time64) { return mask_select(t, a, true); }

// ---- epoll -----------------------------------------------------------------------------------------

enum { EVENT_BYTES = 16, EVENTS_MAX = 256 };

CALL(epoll_ctl)
{
    struct epoll_event ev = {0};
    if ((int)a[1] != EPOLL_CTL_DEL) {
        READS(g, a[3], EVENT_BYTES)
        ev.events = get_le32(g);
        ev.data.u64 = get_le64(g + 8);
    }
    return result(epoll_ctl((int)a[0], (int)a[1], (int)a[2], &ev));
}

static int64_t wait_events(struct thread *t, const uint32_t *a, int ms, struct timespec *ts,
                           bool second)
{
    struct epoll_event ev[EVENTS_MAX];
    int max = (int)a[2];
    if (max <= 0 || max > 1 << 26) {
        return -EINVAL;
    }
    max = max < EVENTS_MAX ? max : EVENTS_MAX;
    WRITES(g, a[1], (uint64_t)max * EVENT_BYTES)
    int64_t n = second ? SAFE(SYS_epoll_pwait2, (int)a[0], ev, max, ts, NULL, 8)
                       : SAFE(SYS_epoll_pwait, (int)a[0], ev, max, ms, NULL, 8);
    for (int64_t k = 0; k < n; k++) {
        put_le32(g + k * EVENT_BYTES, ev[k].events);
        put_le64(g + k * EVENT_BYTES + 8, ev[k].data.u64);
    }
    return n;
}
CALL(epoll_wait) { return wait_events(t, a, (int)a[3], NULL, false); }
CALL(epoll_pwait)
{
    int64_t rc = use_mask(t, a[4], a[5]);
    return rc ? rc : wait_events(t, a, (int)a[3], NULL, false);
}
CALL(epoll_pwait2)
{
    struct timespec room, *ts;
    int64_t rc = get_time0(t, a[3], true, &room, &ts);
    rc = rc ? rc : use_mask(t, a[4], a[5]);
    return rc ? rc : wait_events(t, a, 0, ts, true);
}

// ---- descriptors for signals and timers --------------------------------------------------------------

CALL(signalfd4)
{
    READS(m, a[1], 8)
    uint64_t mask = get_le64(m);
    return a[2] != 8 ? -EINVAL : result(syscall(SYS_signalfd4, (int)a[0], &mask, 8, open_flags(a[3])));
}
CALL(signalfd)
{
    const uint32_t b[4] = {a[0], a[1], a[2], 0};
    return sys_signalfd4(t, b);
}

static int64_t get_itimer(struct thread *t, uint32_t va, bool wide, struct itimerspec *it)
{
    int64_t rc = get_time(t, va, wide, &it->it_interval);
    return rc ? rc : get_time(t, va + (wide ? 16 : 8), wide, &it->it_value);
}
static int64_t put_itimer(struct thread *t, uint32_t va, bool wide, const struct itimerspec *it)
{
    int64_t rc = put_time(t, va, it->it_interval.tv_sec, it->it_interval.tv_nsec, wide);
    return rc ? rc : put_time(t, va + (wide ? 16 : 8), it->it_value.tv_sec, it->it_value.tv_nsec, wide);
}

// timerfd_* and timer_* differ in the first argument only.
static int64_t set_timer(struct thread *t, int nr, const uint32_t *a, bool wide)
{
    struct itimerspec it, old;
    int64_t rc = get_itimer(t, a[2], wide, &it);
    if (!rc) {
        rc = result(syscall(nr, (int)a[0], (int)a[1], &it, &old));
    }
    return rc || !a[3] ? rc : put_itimer(t, a[3], wide, &old);
}
static int64_t read_timer(struct thread *t, int nr, const uint32_t *a, bool wide)
{
    struct itimerspec it;
    int64_t rc = result(syscall(nr, (int)a[0], &it));
    return rc ? rc : put_itimer(t, a[1], wide, &it);
}
CALL(timerfd_settime) { return set_timer(t, SYS_timerfd_settime, a, false); }
CALL(timerfd_settime64) { return set_timer(t, SYS_timerfd_settime, a, true); }
CALL(timerfd_gettime) { return read_timer(t, SYS_timerfd_gettime, a, false); }
CALL(timerfd_gettime64) { return read_timer(t, SYS_timerfd_gettime, a, true); }
CALL(timer_settime) { return set_timer(t, SYS_timer_settime, a, false); }
CALL(timer_settime64) { return set_timer(t, SYS_timer_settime, a, true); }
CALL(timer_gettime) { return read_timer(t, SYS_timer_gettime, a, false); }
CALL(timer_gettime64) { return read_timer(t, SYS_timer_gettime, a, true); }
CALL(timer_getoverrun) { return result(syscall(SYS_timer_getoverrun, (int)a[0])); }
CALL(timer_delete) { return result(syscall(SYS_timer_delete, (int)a[0])); }
CALL(timer_create)
{
    struct sigevent se = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    int id = 0;
    WRITES(o, a[2], 4)
    READS0(g, a[1], 20)
    if (g) {
        se.sigev_value.sival_int = (int)get_le32(g);
        se.sigev_signo = (int)get_le32(g + 4);
        se.sigev_notify = (int)get_le32(g + 8);
        int tid = (int)get_le32(g + 12);
        memcpy((uint8_t *)&se + 16, &tid, sizeof tid); // behind value, signal, kind
    }
    int64_t rc = result(syscall(SYS_timer_create, (int)a[0], g ? &se : NULL, &id));
    put_le32(o, (uint32_t)id);
    return rc;
}
