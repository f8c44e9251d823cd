// SPDX-License-Identifier: MIT
//
// Virtual machines that do nothing but render, for tests and measurements of sharing: each is a
// thread with memory of its own and the bare-metal driver library, which draws frames of turning
// triangles through the command stream, a few frames ahead, on a vGPU of a shared mediator.
#ifndef TESTS_MDEV_LIVE_H
#define TESTS_MDEV_LIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "gpu.h"
#include "mdev/vgpu.h"
#include "platform.h"

enum { LIVE_RAM_PA = 0x71000000, LIVE_RAM_BYTES = 16 << 20, LIVE_AHEAD = 4, LIVE_TIMES = 1 << 20 };
enum { LIVE_GUARD_BYTES = 64 << 10 }; // host memory before and after a machine's, nobody's to touch
#define LIVE_CANARY 0xca7a21e5u       // what it holds

struct live_scene {
    uint32_t width, height;
    unsigned triangles; // a frame, one draw each
    unsigned depth;     // of the triangles' overlap: pixels drawn a frame, in pictures
    uint64_t think_ns;  // pause between frames
};

struct live_vm {
    struct platform plat;
    struct vgpu_client client;
    struct vgpu *vgpu;
    struct a2_gpu gpu;
    uint8_t *ram; // LIVE_GUARD_BYTES of guard on both sides
    struct live_scene scene;
    struct a2_surface target[LIVE_AHEAD];
    struct a2_frame frame[LIVE_AHEAD];
    struct a2_bo vertices;
    uint32_t waits[LIVE_AHEAD]; // numbers of the frames under way

    pthread_t thread;
    pthread_mutex_t lock; // of the interrupt line
    pthread_cond_t rose;
    bool masked;
    _Atomic bool level, stop, hang; // hang: submit something that never ends, once
    uint64_t guest_ns, last_ns;

    _Atomic uint64_t frames;
    _Atomic unsigned hangs; // recoveries
    unsigned turned;        // the frame's number, for the picture
    _Atomic uint64_t hung_ns, recovered_ns, hang_submitted_ns;
    uint64_t *times; // when each frame was done (host ns), the first LIVE_TIMES
};

uint64_t live_ns(void);
// False when the host lacks what it takes; says why.
bool live_open(struct live_vm *vm, struct mdev *mdev, const char *name,
               const struct live_scene *scene);
void live_close(struct live_vm *vm);
// Renders on the caller's thread: one frame, waited for. False when it hung.
bool live_frame(struct live_vm *vm, unsigned number);
// Submits a frame into one of the LIVE_AHEAD targets; the number to wait for.
uint32_t live_submit(struct live_vm *vm, unsigned slot, unsigned number);
uint32_t live_crc(const struct live_vm *vm); // of the frame rendered last by live_frame
// Renders on a thread of its own until live_stop.
void live_start(struct live_vm *vm);
void live_stop(struct live_vm *vm);

#endif
