// SPDX-License-Identifier: MIT
//
// An Ethernet link: a device on one side, a backend on the other. Backends: user-mode network
// (libslirp: DHCP, DNS, NAT, no privileges), null, and a recorder for tests.
//
// Threads: the machine's thread only.
#ifndef SOC_NET_H
#define SOC_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soc/hostio.h"

struct err;
struct eventq;
struct log;
struct netdev;

enum { NET_FRAME_MAX = 1536 };

// The device's side: embed it. `received` gets a frame without FCS; false means no room now, the
// link keeps the frame and offers it again after netdev_ready.
struct netdev_client {
    bool (*received)(struct netdev_client *client, const uint8_t *frame, size_t n);
};
void netdev_connect(struct netdev *net, struct netdev_client *client);
void netdev_send(struct netdev *net, const uint8_t *frame, size_t n);
// The device has room again.
void netdev_ready(struct netdev *net);

// What a backend is.
struct netdev_ops {
    const char *name;
    void (*send)(struct netdev *net, const uint8_t *frame, size_t n); // from the guest
    void (*destroy)(struct netdev *net);
};

// Embed it first in the backend.
struct netdev {
    const struct netdev_ops *ops;
    struct netdev_client *client;
    struct io_source *io; // NULL when there is nothing to wait for
    struct log *log;
    // frames on the way to the guest
    struct net_queue {
        uint8_t data[64][NET_FRAME_MAX];
        uint16_t bytes[64];
        unsigned head, count;
    } queue;
    uint64_t sent, received, dropped;
};

// For backends: queues a frame for the guest and offers it. Drops it when the queue is full.
void netdev_deliver(struct netdev *net, const uint8_t *frame, size_t n);

// `spec`: "user" with options ",hostfwd=tcp:[ADDR]:PORT-[ADDR]:PORT" (several) and ",restrict", or
// "null". `now` gives virtual time for the user-mode stack's timers. -EINVAL names the forms,
// -ENOTSUP when built without libslirp.
struct netdev_config {
    const char *spec;
    struct log *log;
    uint64_t (*now)(void *owner);
    void *owner;
};
struct netdev *netdev_create(const struct netdev_config *cfg, struct err *err);
void netdev_destroy(struct netdev *net);

#endif
