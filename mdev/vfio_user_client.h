// SPDX-License-Identifier: MIT
//
// The other end of the vfio-user socket: a vGPU of a daemon, used with the same verbs as vgpu.h gives
// a vGPU in process, so that a board's GPU window can have either behind it. Memory is handed over by
// file descriptor, as another process cannot use our pointers.
//
// A daemon that dies is looked for again at every access, ten times a second at most. What it knew is
// lost then, as after a power cut: its memory windows and interrupt are set up anew, registers are at
// their reset values, and the guest's own driver finds its work missing and recovers. Meanwhile reads
// give 0 and writes do nothing.
//
// Threads: calls for one client come from one thread at a time; the interrupt callback comes from a
// thread of the client's own.
#ifndef MDEV_VFIO_USER_CLIENT_H
#define MDEV_VFIO_USER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct vfuc;
struct vgpu_client;

// Connects to the device's socket, negotiates, resets the device and asks for its interrupt.
// `client` (borrowed) is told of interrupts: the line counts as high from a message of the device
// until vfuc_region_write acknowledged it and the device stays quiet. NULL with err set.
struct vfuc *vfuc_open(const char *path, struct vgpu_client *client, struct err *err);
void vfuc_close(struct vfuc *c); // NULL is allowed
// As vgpu_region_read and vgpu_region_write on region 0; -ENOTCONN while the daemon is gone. A write
// returns before the device has taken it, unless it may lower the interrupt.
int vfuc_region_read(struct vfuc *c, uint64_t off, void *buf, size_t n);
int vfuc_region_write(struct vfuc *c, uint64_t off, const void *buf, size_t n);
// As vgpu_dma_map: whole pages of the file `fd` from `offset`. `fd` is borrowed until unmapped.
int vfuc_dma_map(struct vfuc *c, uint64_t gpa, uint64_t bytes, int fd, uint64_t offset,
                 unsigned prot, struct err *err);
int vfuc_dma_unmap(struct vfuc *c, uint64_t gpa, uint64_t bytes);
int vfuc_reset(struct vfuc *c);
// True while the device works on what it was given: asks it. A device that makes no progress for two
// seconds does not count as busy.
bool vfuc_busy(struct vfuc *c);
// Waits until the device is not busy and its interrupt, if any, has been told to the client.
void vfuc_settle(struct vfuc *c);
bool vfuc_connected(const struct vfuc *c);
unsigned vfuc_reconnects(const struct vfuc *c); // since vfuc_open

#endif
