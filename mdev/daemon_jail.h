// SPDX-License-Identifier: MIT
//
// What the daemon gives up before it serves: its user's rights, and every system call that it does not
// need. Both hold for all its threads and cannot be undone.
#ifndef MDEV_DAEMON_JAIL_H
#define MDEV_DAEMON_JAIL_H

#include <stdbool.h>

struct err;

// Becomes `user` with its groups, when root; without root it must be the user already. 0 or -errno.
int jail_become(const char *user, struct err *err);
// From now on only the system calls of the table in daemon_jail.c; any other fails with EPERM. Programs
// cannot be started, rights not be regained. `gl`: also what a GL driver needs. 0 or -errno.
int jail_enter(bool gl, struct err *err);

#endif
