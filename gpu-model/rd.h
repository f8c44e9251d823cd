// SPDX-License-Identifier: MIT
//
// freedreno's capture format (.rd, optionally gzipped): reading, writing, and replaying one through
// the engine on any backend. Sections are {u32 type, u32 bytes, payload}.
#ifndef GPU_MODEL_RD_H
#define GPU_MODEL_RD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/png.h"
#include "gpu-model/gpu.h"

enum rd_section {
    RD_NONE, RD_TEST, RD_CMD, RD_GPUADDR, RD_CONTEXT, RD_CMDSTREAM, RD_CMDSTREAM_ADDR, RD_PARAM,
    RD_FLUSH, RD_PROGRAM, RD_VERT_SHADER, RD_FRAG_SHADER, RD_BUFFER_CONTENTS, RD_GPU_ID, RD_CHIP_ID,
};

// A file opened for reading; every length is checked, truncation is -EINVAL naming the offset.
struct rd_reader;
struct rd_reader *rd_open(const char *path, struct err *err);
void rd_close(struct rd_reader *rd);
// Next section: 1 and fills type/data (borrowed until the next call), 0 at the end, -EINVAL.
int rd_next(struct rd_reader *rd, uint32_t *type, const uint8_t **data, uint32_t *bytes,
            struct err *err);

// Writer, gzipped when the path ends in .gz. Errors (full disk) are reported by rd_write_close.
struct rd_writer;
struct rd_writer *rd_create(const char *path, struct err *err);
void rd_put(struct rd_writer *w, enum rd_section type, const void *data, uint32_t bytes);
int rd_write_close(struct rd_writer *w, struct err *err);

struct rd_replay_config {
    const struct gpu_profile *profile; // NULL: from the capture's RD_GPU_ID
    struct gpu_backend *backend;       // borrowed; NULL only decodes
    bool scissor_br_inclusive;
    FILE *dump;                        // non-NULL: print decoded
    bool dump_as_cffdump;              // repeat cffdump's misreadings, for comparison line by line
    struct log *log;
    struct gpu_env *listener;          // optional: gets packet/work callbacks
    unsigned stop_submit;              // 0: all; else stop after this many submits
};
struct rd_replay_result {
    unsigned submits, draws, resolves;
    struct gpu_counters counters;
    uint32_t gpu_id;
    uint64_t engine_ns;                // host time spent inside the engine and backend
    char error[256];                   // first refused submission, "" when none
    struct picture pic;                // the last resolved surface as a picture; rgba NULL when none
    char surface[96];                  // what the picture is: address, format, size
};
// Runs a capture. 0, or -errno with the reason (unreadable file). Refused submissions do not stop it.
int rd_replay(const char *path, const struct rd_replay_config *cfg, struct rd_replay_result *res,
              struct err *err);

#endif
