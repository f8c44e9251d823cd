// SPDX-License-Identifier: MIT
//
// What the vfio-user server's files share. vfio_user.c moves messages and owns the connection;
// vfio_user_cmd.c has the table of commands and those about the device; _version.c, _dma.c, _irq.c and
// _migrate.c have the rest.
#ifndef MDEV_VFIO_USER_PRIV_H
#define MDEV_VFIO_USER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/log.h"
#include "mdev/pci.h"
#include "mdev/vfio_user.h"
#include "mdev/vfio_user_wire.h"
#include "mdev/vgpu.h"

enum { VFU_MAPS_MAX = 32 };

struct vfu_map {
    uint64_t gpa, bytes;
    void *hva;  // NULL: read-only and without descriptor; the device cannot reach it
    void *base; // without descriptor: the client's bytes as last exchanged; hva is a shadow of them
    bool writable;
};

// One message on its way through a handler. A handler that keeps a descriptor sets it to -1.
struct vfu_msg {
    struct vfu_header h;
    const uint8_t *data; // payload
    size_t n;
    int *fds;
    unsigned nfds;
};

// Memory by messages; see vfio_user_remote.c.
enum vfu_remote_phase {
    VFU_REMOTE_IDLE,
    VFU_REMOTE_TABLE, // the GPU's page table is being fetched
    VFU_REMOTE_PAGES, // what it maps
    VFU_REMOTE_RUN,   // the engine works
    VFU_REMOTE_BACK,  // what it wrote is being written back
};
struct vfu_run {
    uint64_t gpa;
    uint32_t bytes;
    bool writable;
};
struct vfu_remote {
    unsigned windows;
    enum vfu_remote_phase phase;
    uint32_t wptr, rptr; // of the doorbell; before it
    bool again;          // another came meanwhile
    uint32_t again_wptr;
    struct vfu_run *runs;
    unsigned nruns, room, at;
    uint32_t back;       // bytes of the run looked at for changes
    uint64_t total;
    bool waiting;        // for the reply to a request of ours
    uint16_t id, command;
    uint64_t gpa, asked_ns;
    uint32_t bytes;
};

struct vfu {
    struct vgpu_client client;
    struct vgpu *vgpu;
    struct log *log;
    struct pci_function pci;

    // connection
    int sock;
    bool negotiated;
    uint32_t xfer_max;
    uint8_t *in;
    size_t in_have, in_room;
    uint32_t skip;             // bytes of an oversized message still to drop
    uint32_t guess;            // bytes that the next message is likely to have, or 0
    int fds[VFU_FDS_MAX];
    unsigned nfds;
    bool fds_lost;             // more came than a message may carry
    uint8_t *out;              // reply: header, then out_n bytes
    size_t out_n, out_room, out_left, out_at;
    bool out_failed;           // no memory for the reply
    int out_fd;                // goes with the reply's first bytes, or -1
    int bell;                  // eventfd of the doorbell that a client asked for, or -1
    struct vfu_stats stats;

    struct vfu_map maps[VFU_MAPS_MAX];
    unsigned nmaps;

    // interrupts; irq_lock: the vGPU raises them from the engine's thread
    pthread_mutex_t irq_lock;
    int irq_fd[VFU_IRQ_COUNT];
    bool intx_masked, level;
    int kick;                  // ours, with deferred interrupts; else -1
    _Atomic uint32_t due;      // a bit an index that vfu_signal is to tell
    bool holding;              // interrupts wait until memory is written back

    struct vfu_remote remote;

    // migration
    uint32_t state;
    struct snap_writer *saved; // in STOP_COPY
    size_t saved_at;
    uint8_t *incoming;         // in RESUMING
    size_t incoming_n, incoming_room;
    bool logging;
};

// Room for n more payload bytes of the reply, zeroed; NULL (and the command fails) without memory.
void *vfu_reply(struct vfu *v, size_t n);

typedef int vfu_handler(struct vfu *v, const struct vfu_msg *m);
// Runs the command; 0 or a negative errno that becomes the error reply. vfio_user_cmd.c.
int vfu_dispatch(struct vfu *v, const struct vfu_msg *m);
vfu_handler vfu_cmd_version;                                  // vfio_user_version.c
vfu_handler vfu_cmd_dma_map, vfu_cmd_dma_unmap;               // vfio_user_dma.c
void vfu_unmap_all(struct vfu *v);
// vfio_user_remote.c. A window without descriptor gets its shadow, or loses it.
int vfu_remote_map(struct vfu *v, struct vfu_map *m);
void vfu_remote_unmap(struct vfu *v, struct vfu_map *m);
void vfu_remote_abort(struct vfu *v); // the doorbell under way never rings
int vfu_remote_next(struct vfu *v);   // goes on as far as it can; -ENOTCONN: the client hangs
void vfu_remote_reply(struct vfu *v, const struct vfu_header *h, const uint8_t *data, size_t n);
// A register write while there are such windows: true when it is taken care of.
bool vfu_remote_write(struct vfu *v, uint64_t off, uint32_t value);
// What a register read shows while memory is not written back yet.
uint32_t vfu_remote_read(struct vfu *v, uint64_t off, uint32_t value);
vfu_handler vfu_cmd_irq_info, vfu_cmd_set_irqs;               // vfio_user_irq.c
extern const struct vgpu_client_ops vfu_client_ops;
void vfu_close_irqs(struct vfu *v);
void vfu_raise(struct vfu *v); // irq_lock held: tells the client that the line is up
vfu_handler vfu_cmd_feature, vfu_cmd_mig_read, vfu_cmd_mig_write; // vfio_user_migrate.c
void vfu_mig_reset(struct vfu *v); // to RUNNING, dropping what was saved or received
void vfu_log_end(struct vfu *v);   // of pages that the device wrote, if it goes on

#endif
