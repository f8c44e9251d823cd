// SPDX-License-Identifier: MIT
//
// Private to the room: the decoder behind gpu_dump, which keeps register values between streams.
#ifndef GPU_MODEL_DUMP_H
#define GPU_MODEL_DUMP_H

#include "gpu-model/gpu.h"

struct gpu_dumper;

// `mem` gives the contents of vertex buffers and may be NULL. `as_cffdump`: misread what cffdump
// misreads (dump.c). NULL when memory ran out.
struct gpu_dumper *gpu_dumper_create(const struct gpu_profile *profile, struct gpu_env *env,
                                     struct gpu_mem *mem, FILE *out, bool as_cffdump);
void gpu_dumper_destroy(struct gpu_dumper *d);
// Prints one command stream, following indirect buffers.
void gpu_dumper_stream(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t ndw);
// Vertices drawn so far.
unsigned gpu_dumper_vertices(const struct gpu_dumper *d);

#endif
