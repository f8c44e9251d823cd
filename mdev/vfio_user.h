// SPDX-License-Identifier: MIT
//
// A vGPU as a PCI function behind a vfio-user socket: the server side of the protocol as a library.
// One struct vfu is one device; it lives on while clients come and go (registers keep their values,
// DMA windows and interrupts go with the client). The caller owns the event loop: it polls vfu_fd for
// vfu_events and vfu_timeout_ms and calls vfu_step. Nothing here blocks but a reset and the stop of a migration, which
// wait for the engine.
//
// Threads: all calls for one vfu come from one thread.
#ifndef MDEV_VFIO_USER_H
#define MDEV_VFIO_USER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct log;
struct mdev;
struct vfu;
struct vgpu;

struct vfu_config {
    struct mdev *mdev; // borrowed; outlives the device
    const char *type;  // vgpu_type name
    const char *name;  // instance name for people
    unsigned weight;   // 0: the type's
    struct log *log;   // borrowed; NULL: the mediator's
    bool deferred;     // interrupts are told by vfu_signal instead of on the engine's thread
};
// Creates the device with its vGPU; no client yet. NULL with err set.
struct vfu *vfu_create(const struct vfu_config *cfg, struct err *err);
// Detaches and destroys the vGPU. NULL is allowed.
void vfu_destroy(struct vfu *v);

// Gives the device a connected stream socket; it becomes the device's and is made non-blocking.
// -EBUSY while another client is attached (the socket stays the caller's).
int vfu_attach(struct vfu *v, int sock);
// Lets the client go: closes its socket, unmaps its memory, closes its descriptors. Device state stays.
void vfu_detach(struct vfu *v);

// Handles at most one message. 1: one was handled; 0: nothing complete there (or the client does not
// take its replies); -ENOTCONN: no client, or it has just gone and was detached.
int vfu_step(struct vfu *v);

int vfu_fd(const struct vfu *v);        // the client's socket, -1 without client
short vfu_events(const struct vfu *v);  // POLLIN, or POLLOUT while a reply is stuck
int vfu_timeout_ms(const struct vfu *v); // vfu_step is due then even without an event; -1: never
// With deferred interrupts, an eventfd to poll beside the socket; when it is readable, vfu_signal is due.
int vfu_signal_fd(const struct vfu *v);
void vfu_signal(struct vfu *v);
// Ends a vfu_signal that waits for its client; from any thread.
void vfu_unblock(struct vfu *v);
// An eventfd to poll beside the socket, -1: none; when it is readable, vfu_bell is due.
int vfu_bell_fd(const struct vfu *v);
void vfu_bell(struct vfu *v);
bool vfu_attached(const struct vfu *v);
struct vgpu *vfu_vgpu(struct vfu *v);   // borrowed

// The device's state to a file and back, as migration would carry it; memory is the client's. Waits for
// the engine, three seconds at most. -EBUSY while a migration is going on or work does not end.
int vfu_save(struct vfu *v, const char *path, struct err *err);
int vfu_load(struct vfu *v, const char *path, struct err *err);

struct vfu_stats {
    uint64_t messages, errors, attaches, bytes_in, bytes_out;
    unsigned dma_maps; // now
};
void vfu_stats(const struct vfu *v, struct vfu_stats *out);

#endif
