// SPDX-License-Identifier: MIT
//
// The profile of command submission: listens at the end of the road (vgpu.h), keeps every submission
// with its stamps, and answers with distributions per vGPU and stage. Output as JSON, CSV and
// Chrome's trace format; the HTML page is the command line's.
//
// Threads: recording happens on the mediator's and the clients' threads; reading wants them idle.
#ifndef MDEV_PROFILE_H
#define MDEV_PROFILE_H

#include <stdint.h>
#include <stdio.h>

#include "mdev/vgpu.h"

struct profile;

// Keeps at most `max_records` submissions (0: 2 million); later ones are counted as dropped.
struct profile *profile_create(uint64_t max_records);
void profile_destroy(struct profile *p);

// Listens to a vGPU until it is destroyed. The profile must outlive the vGPU.
int profile_attach(struct profile *p, struct vgpu *vgpu);

// Intervals between stages, as people ask for them.
#define PROFILE_SPANS(X)                                                                           \
    X(copy, doorbell, copied, "ring copied")                                                       \
    X(audit, copied, audited, "buffers copied and audited")                                        \
    X(enqueue, audited, queued, "put into the queue")                                              \
    X(wait, queued, started, "waited for the engine")                                              \
    X(run, started, executed, "on the engine (with preemption)")                                   \
    X(fence, executed, fenced, "fence written after the last packet")                              \
    X(irq, fenced, interrupted, "interrupt after the fence")                                       \
    X(ack, interrupted, acknowledged, "guest took the interrupt")                                  \
    X(total, doorbell, fenced, "doorbell to fence")
enum profile_span {
#define X(name, from, to, help) PROFILE_##name,
    PROFILE_SPANS(X)
#undef X
        PROFILE_SPAN_COUNT
};
const char *profile_span_name(enum profile_span span);
const char *profile_span_help(enum profile_span span);

struct profile_dist {
    uint64_t count;
    uint64_t min_ns, p50_ns, p90_ns, p99_ns, max_ns, sum_ns;
    uint64_t log2_hist[48]; // bucket n: 2^n <= ns < 2^(n+1)
};

struct profile_vgpu {
    char name[64];
    uint64_t submissions, refused, draws, resolves, packets, dwords, engine_ns;
    double engine_share;    // of the engine time of all
    struct profile_dist span[PROFILE_SPAN_COUNT];
};

unsigned profile_vgpu_count(const struct profile *p);
// Computes the summary of one vGPU. 0, -EINVAL, -ENOMEM.
int profile_summary(struct profile *p, unsigned i, struct profile_vgpu *out);

// Records in order of completion: the i-th, or NULL; *vgpu is its index.
const struct vgpu_submission *profile_record(const struct profile *p, uint64_t i, unsigned *vgpu);
uint64_t profile_dropped(const struct profile *p);

int profile_write_json(struct profile *p, const char *path, struct err *err);
int profile_write_csv(struct profile *p, const char *path, struct err *err);
// Chrome/Perfetto trace (JSON array format): a track per vGPU and one for the engine.
int profile_write_trace(struct profile *p, const char *path, struct err *err);
void profile_print(struct profile *p, FILE *out);

#endif
