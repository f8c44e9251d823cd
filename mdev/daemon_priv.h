// SPDX-License-Identifier: MIT
//
// What the daemon's files share: daemon.c owns sockets and the loop, daemon_ctl.c answers requests.
#ifndef MDEV_DAEMON_PRIV_H
#define MDEV_DAEMON_PRIV_H

#include <stddef.h>
#include <sys/un.h>

#include "mdev/daemon.h"
#include "mdev/vfio_user.h"
#include "mdev/vgpu.h"

enum { DAEMON_DEVICES = 64, DAEMON_CONTROLS = 8, DAEMON_LINE = 4096 };

struct daemon_device {
    struct vfu *vfu;  // NULL: free slot
    char name[64];
    const struct vgpu_type *type;
    unsigned weight;
    int listener;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct daemon_control {
    int sock; // -1: free slot
    char line[DAEMON_LINE];
    size_t n;
};

struct daemon {
    struct daemon_config cfg;
    int control;
    char control_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct daemon_device devices[DAEMON_DEVICES];
    struct daemon_control controls[DAEMON_CONTROLS];
};

struct daemon_device *daemon_find(struct daemon *d, const char *name);
void daemon_remove(struct daemon_device *dev);
// Answers one request line; the result is malloc'ed JSON ending in a newline, NULL without memory.
char *daemon_answer(struct daemon *d, const char *line);

#endif
