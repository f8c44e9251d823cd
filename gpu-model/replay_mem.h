// SPDX-License-Identifier: MIT
//
// Private to the room: the memory behind a replay.
#ifndef GPU_MODEL_REPLAY_MEM_H
#define GPU_MODEL_REPLAY_MEM_H

#include "gpu-model/draw.h"

struct replay_bo;
struct replay_mem {
    struct gpu_mem mem;
    struct replay_bo **bos; // sorted by address; pointers, so that contents stay where they are
    unsigned count, room;
    struct replay_bo *last; // found last
    uint64_t bytes, generation;
};

void replay_mem_init(struct replay_mem *rm);
void replay_mem_fini(struct replay_mem *rm);
// A buffer of `bytes` at va with its first n bytes. Known buffers take the contents only if
// `changed`. -ENOMEM when the capture asks for more than the GPU can address.
int replay_mem_load(struct replay_mem *rm, uint32_t va, uint32_t bytes, const uint8_t *data,
                    uint32_t n, bool changed, struct err *err);
// Command words, or NULL when they are not all in one buffer.
const uint32_t *replay_mem_words(struct replay_mem *rm, uint32_t va, uint32_t ndw);

#endif
