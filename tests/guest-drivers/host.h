// SPDX-License-Identifier: MIT
//
// A machine for the bare-metal driver library on the host: its register accesses go to a mediated
// device in this process, its memory is a piece of ours, its interrupt is looked at when it sleeps.
#ifndef TESTS_GUEST_DRIVERS_HOST_H
#define TESTS_GUEST_DRIVERS_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/png.h"
#include "gpu.h"
#include "mdev/vgpu.h"
#include "platform.h"

enum { HOST_TEXT_BYTES = 4096 };

struct host {
    struct platform plat;
    struct vgpu_client client;
    struct mdev *mdev;
    struct vgpu *vgpu;
    struct a2_gpu gpu;
    uint8_t *ram;
    atomic_bool level;
    bool masked;
    uint64_t guest_ns, last_ns; // guest time, and host time when it was last asked for
    char text[HOST_TEXT_BYTES]; // what the demo printed
    size_t text_used;
    unsigned shown; // pictures shown, the last one's place
    uint32_t shown_pa, shown_width, shown_height, shown_pitch;
};

// Makes the machine with that backend and starts the GPU. -ENODEV when the host lacks the backend.
int host_open(struct host *h, const char *backend, struct err *err);
void host_close(struct host *h);
// The picture that was shown last.
bool host_picture(const struct host *h, struct picture *pic);

#endif
