// SPDX-License-Identifier: MIT
//
// The profile of command submission: listens at the end of the road (vgpu.h), keeps every submission
// with its stamps, and answers with distributions per vGPU and stage. Output as JSON, CSV and
// Chrome's trace format; the HTML page is the command line's.
//
// Threads: recording happens on the mediator's and the clients' threads; reading wants them idle.
#ifndef MDEV_PROFILE_H
#define MDEV_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mdev/vgpu.h"

struct profile;

// Keeps at most `max_records` submissions (0: 2 million); later ones are counted as dropped.
struct profile *profile_create(uint64_t max_records);
void profile_destroy(struct profile *p);

// Listens to a vGPU until it is destroyed: submissions, what they are made of, and register accesses.
// The vGPU must be idle; the profile must outlive it.
int profile_attach(struct profile *p, struct vgpu *vgpu);
// The other way to fill one: from a file that profile_write_csv wrote. -EINVAL names line and column.
int profile_load_csv(struct profile *p, const char *path, struct err *err);

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
const char *profile_vgpu_name(const struct profile *p, unsigned i);
// Computes the summary of one vGPU. 0, -EINVAL, -ENOMEM.
int profile_summary(struct profile *p, unsigned i, struct profile_vgpu *out);

// Records in order of completion: the i-th, or NULL; *vgpu is its index.
const struct vgpu_submission *profile_record(const struct profile *p, uint64_t i, unsigned *vgpu);
uint64_t profile_dropped(const struct profile *p);

// ---- what submissions are made of ------------------------------------------------------------------

// All works of one kind from one buffer: the leaves of vGPU > context > buffer > work.
struct profile_leaf {
    struct profile_leaf_key {
        uint32_t vgpu, context, ib_va, kind, prim, count;
    } key;
    uint64_t calls, ns;
};
struct profile_ib {
    struct profile_ib_key {
        uint32_t vgpu, context, va;
    } key;
    uint64_t submissions, calls, dwords, packets;
};
struct profile_tile {
    struct profile_tile_key {
        uint32_t vgpu;
        int32_t x, y; // of the tile in its picture
    } key;
    uint64_t draws, resolves, ns, pixels; // pixels: resolved
};
// The i-th, in order of appearance; NULL past the end. Past a bound new ones are counted as lost.
const struct profile_leaf *profile_leaf_at(const struct profile *p, unsigned i);
const struct profile_ib *profile_ib_at(const struct profile *p, unsigned i);
const struct profile_tile *profile_tile_at(const struct profile *p, unsigned i);
uint64_t profile_lost(const struct profile *p);
const char *profile_work_name(unsigned kind);

// The hottest registers of a vGPU, most accesses first; returns how many (at most n).
struct profile_reg {
    uint32_t reg;
    const char *name; // "" when nobody knows it
    struct vgpu_heat_reg heat;
};
enum { PROFILE_SPIN = 64 }; // so many equal reads in a row are a guest that spins
unsigned profile_registers(const struct profile *p, unsigned vgpu, struct profile_reg *out, unsigned n);

// ---- sharing ---------------------------------------------------------------------------------------

enum { PROFILE_SHARES_MAX = 16 };
struct profile_sharing {
    unsigned vgpus;                  // at most PROFILE_SHARES_MAX
    uint64_t span_ns;                // first doorbell to last fence
    uint64_t busy_ns;                // engine time of all
    uint64_t bubble_ns;              // engine idle although something was queued
    uint64_t preemptions;
    double jain_median, jain_worst;  // of engine time in windows of 100 ms in which at least two wanted
    uint64_t waited_for[PROFILE_SHARES_MAX][PROFILE_SHARES_MAX]; // [who][for whom], ns
};
int profile_share(const struct profile *p, struct profile_sharing *out); // -ENOMEM

// ---- two runs --------------------------------------------------------------------------------------

struct profile_delta {
    const char *what;                // a span, or "engine" time, or frames: "period" between fences
    uint64_t na, nb;
    double a_ns, b_ns;               // medians
    double change, low, high;        // b / a - 1 with its 95 % interval (bootstrap)
    bool differs;                    // the interval does not hold 0
};
enum { PROFILE_DELTAS = PROFILE_SPAN_COUNT + 2 };
// All vGPUs together. -ENOMEM.
int profile_compare(const struct profile *a, const struct profile *b,
                    struct profile_delta out[PROFILE_DELTAS]);

int profile_write_json(struct profile *p, const char *path, struct err *err);
int profile_write_csv(struct profile *p, const char *path, struct err *err);
// Chrome/Perfetto trace (JSON array format): a track per vGPU and one for the engine.
int profile_write_trace(struct profile *p, const char *path, struct err *err);
void profile_print(struct profile *p, FILE *out);

#endif
