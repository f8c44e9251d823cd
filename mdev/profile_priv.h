// SPDX-License-Identifier: MIT
//
// Shared by the profile's files: records as they come, and tables of what submissions are made of.
#ifndef MDEV_PROFILE_PRIV_H
#define MDEV_PROFILE_PRIV_H

#include <pthread.h>

#include "mdev/profile.h"

struct record {
    unsigned vgpu;
    struct vgpu_submission sub;
};

// Rows with their key in front, found by hash.
struct table {
    uint8_t *rows;
    uint32_t *slots; // index + 1
    uint32_t used, room;
};

// Works kept one by one, for the trace.
struct kept_work {
    uint32_t vgpu;
    uint64_t sub_id;
    struct vgpu_work work;
};

#define PROFILE_VGPUS_MAX 256u

struct profile {
    pthread_mutex_t lock;
    struct record *records;
    uint64_t used, room, max, dropped;
    struct {
        struct vgpu *vgpu; // NULL: from a file
        struct vgpu_heat *heat;
        char name[64];
    } vgpus[PROFILE_VGPUS_MAX];
    unsigned nvgpus;
    struct table leaves, ibs, tiles;
    struct kept_work *works;
    uint32_t nworks, works_room;
    uint64_t lost;
};

unsigned profile_index(const struct profile *p, const struct vgpu *vgpu);
int profile_vgpu(struct profile *p, const char *name); // a new one; its index or -ENOSPC
void profile_add(struct profile *p, unsigned who, const struct vgpu_submission *sub);
bool profile_span_ns(const struct vgpu_submission *sub, unsigned span, uint64_t *ns);
vgpu_details_fn profile_details;
void profile_tables_free(struct profile *p);
// Where a submission was: [from, to) of its stages; false when it was not.
bool profile_interval(const struct vgpu_submission *sub, enum vgpu_stage from, enum vgpu_stage to,
                      uint64_t *a, uint64_t *b);

#endif
