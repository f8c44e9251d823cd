// SPDX-License-Identifier: MIT
//
// What the system says about itself and about the process.
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/sys.h"

static int64_t groups(struct thread *t, const uint32_t *a, bool set)
{
    if (a[0] > 65536) {
        return -EINVAL;
    }
    if (set) {
        READS0(i, a[1], a[0] * 4ull)
        return result(syscall(SYS_setgroups, a[0], i));
    }
    WRITES0(o, a[1], a[0] * 4ull)
    return result(syscall(SYS_getgroups, a[0], o));
}
CALL(getgroups32) { return groups(t, a, false); }
CALL(setgroups32) { return groups(t, a, true); }

CALL(uname)
{
    struct utsname u;
    WRITES(o, a[0], 6 * 65)
    if (uname(&u) < 0) {
        return -errno;
    }
    snprintf(u.machine, sizeof u.machine, "%s", user_machine(t->p));
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

// Options with numbers only go to the host, those with an address are named.
CALL(prctl)
{
    switch (a[0]) {
    case PR_SET_NAME: {
        READS(s, a[1], 16)
        char name[17] = {0};
        memcpy(name, s, 16);
        return result(prctl(PR_SET_NAME, name));
    }
    case PR_GET_NAME: {
        WRITES(o, a[1], 16)
        return result(prctl(PR_GET_NAME, o));
    }
    case PR_GET_PDEATHSIG: {
        WRITES(o, a[1], 4)
        return result(prctl(PR_GET_PDEATHSIG, o));
    }
    case PR_GET_CHILD_SUBREAPER: {
        WRITES(o, a[1], 4)
        return result(prctl(PR_GET_CHILD_SUBREAPER, o));
    }
    case PR_SET_PDEATHSIG: case PR_GET_DUMPABLE: case PR_SET_DUMPABLE: case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS: case PR_SET_TIMERSLACK: case PR_GET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER: case PR_SET_NO_NEW_PRIVS: case PR_GET_NO_NEW_PRIVS:
    case PR_CAPBSET_READ: case PR_GET_SECUREBITS: case PR_SET_THP_DISABLE: case PR_GET_THP_DISABLE:
        return result(prctl((int)a[0], (unsigned long)a[1], (unsigned long)a[2], (unsigned long)a[3],
                            (unsigned long)a[4]));
    default:
        return -EINVAL;
    }
}
