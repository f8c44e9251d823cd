// SPDX-License-Identifier: MIT
//
// Host file descriptors that a machine waits for: consoles, sockets, the user-mode network. A
// source tells before each wait which descriptors it wants, and is told after it what came.
//
// Threads: the machine's thread only.
#ifndef SOC_HOSTIO_H
#define SOC_HOSTIO_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct pollset {
    struct pollfd fds[256];
    unsigned count;
    int timeout_ms; // how long the sources allow to wait; -1: for ever
    bool paced;     // something outside answers in real time: do not skip virtual time
};

// Adds a descriptor; returns its index, or -1 when the set is full.
int pollset_add(struct pollset *set, int fd, short events);

struct io_source;
struct io_source_ops {
    void (*prepare)(struct io_source *src, struct pollset *set);
    void (*dispatch)(struct io_source *src, const struct pollset *set);
};
// Embed it and use container_of.
struct io_source {
    const struct io_source_ops *ops;
    struct io_source *next;
};

#endif
