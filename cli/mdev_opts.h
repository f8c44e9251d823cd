// SPDX-License-Identifier: MIT
//
// The options of yamato mdev, for its verbs (cmd_mdev.c) and for the daemon (mdev_serve.c).
#ifndef CLI_MDEV_OPTS_H
#define CLI_MDEV_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct mdev_opts {
    const char *config, *dir, *socket, *type, *name, *backend, *gl_device, *control, *trace, *metrics,
        *tree, *user, *cap, *priority;
    uint64_t weight, quota, interval, count, raster_threads, profile;
    bool json, prometheus, no_seccomp;
};

// The control socket that the options name. -EINVAL when they name none.
int mdev_control_path(const struct mdev_opts *o, char *path, size_t n, struct err *err);
// The daemon: serves until SIGTERM or SIGINT. The exit status.
int mdev_serve(const struct mdev_opts *o);

#endif
