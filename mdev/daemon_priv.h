// SPDX-License-Identifier: MIT
//
// What the daemon's files share: daemon.c owns sockets and the loop, daemon_device.c the devices and
// their threads, daemon_ctl.c answers requests, daemon_metrics.c has the counters, daemon_tree.c the
// file system for mdevctl.
#ifndef MDEV_DAEMON_PRIV_H
#define MDEV_DAEMON_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "mdev/daemon.h"
#include "mdev/vfio_user.h"
#include "mdev/vgpu.h"

enum { DAEMON_DEVICES = 256, DAEMON_CONTROLS = 16, DAEMON_LINE = 4096 };

struct daemon_device {
    struct daemon *d;
    struct vfu *vfu;  // NULL: free slot
    uint64_t serial;  // never the same for two devices
    char name[64];
    const struct vgpu_type *type;
    int listener, wake;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; // "": not ours to remove
    bool capturing;

    pthread_t thread;
    pthread_mutex_t lock; // held around every use of vfu; by the thread for a few messages at a time
    _Atomic bool stop, done, attached;
    pthread_mutex_t end_lock; // held for moments only
    bool ending;              // end_lock: the thread is about to destroy vfu
    struct vfu_stats stats; // as last seen, for while the device is busy
    struct vgpu_stats gstats;
};

struct daemon_control {
    int sock; // -1: free slot
    bool http;
    char line[DAEMON_LINE];
    size_t n;
};

struct daemon {
    struct daemon_config cfg;
    int control, metrics, reap, tree;
    char control_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char metrics_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    uint64_t serials;
    struct daemon_device *devices[DAEMON_DEVICES];
    struct daemon_control controls[DAEMON_CONTROLS];
};

// daemon.c: a listening socket at `path`, taking over what a dead daemon left. Or -errno.
int daemon_listen(const char *path, struct err *err);

// daemon_device.c
struct daemon_device *daemon_find(struct daemon *d, const char *name);
// Ends the device and its client. False when it is still busy after two seconds: it goes on ending and
// is gone from daemon_find.
bool daemon_remove(struct daemon *d, struct daemon_device *dev);
void daemon_reap(struct daemon *d); // frees devices whose thread has ended
// Takes the device from its thread for a moment; -EBUSY when it does not come free in time.
int daemon_lock(struct daemon_device *dev, unsigned ms, struct err *err);
void daemon_unlock(struct daemon_device *dev);

// daemon_ctl.c: answers one request line; malloc'ed JSON ending in a newline, NULL without memory.
char *daemon_answer(struct daemon *d, const char *line);

// daemon_metrics.c
struct daemon_counter {
    const char *name, *help;
    bool gauge;
    uint64_t value;
};
enum { DAEMON_COUNTERS = 20 };
unsigned daemon_counters(struct daemon_device *dev, struct daemon_counter out[DAEMON_COUNTERS]);
void daemon_metrics(struct daemon *d, FILE *out);

// daemon_tree.c: answers one request of the kernel; false when the file system is gone.
bool daemon_tree_serve(struct daemon *d);

#endif
