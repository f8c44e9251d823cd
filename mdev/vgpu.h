// SPDX-License-Identifier: MIT
//
// The mediator's contract, in VFIO's own vocabulary (linux/vfio.h): device types and instances,
// regions, interrupts, DMA mappings, reset, migration state. A board's GPU window, the vfio-user
// server and the tests are all clients of this one header; none of them can tell how the work is
// executed.
//
// Threads: calls for one vGPU come from one client thread at a time. The client's callbacks may be
// called from the mediator's worker thread.
#ifndef MDEV_VGPU_H
#define MDEV_VGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct log;
struct mdev; // a mediator: one host engine, its worker, its vGPUs
struct vgpu;

// ---- the mediator ------------------------------------------------------------------------------------

struct mdev_config {
    const char *backend;     // host-backends name: "soft", "gl", "null"
    const char *gl_device;   // see backend.h
    bool synchronous;        // no worker: submissions run inside the doorbell write (deterministic)
    bool unmediated;         // measure only: skip audit and copy
    bool scissor_inclusive;  // compare aid: scissor_br_inclusive of gpu.h
    unsigned raster_threads;
    struct log *log;         // borrowed
};
struct mdev *mdev_create(const struct mdev_config *cfg, struct err *err);
// All vGPUs must be destroyed before.
void mdev_destroy(struct mdev *mdev);

// Types: fractions of a shared pool (memory, engine share). One row each.
struct vgpu_type {
    const char *name;          // "yamato-a200"
    const char *description;
    const char *profile;       // gpu_profile name
    unsigned weight;           // default scheduling weight
    uint32_t max_instances;
};
const struct vgpu_type *vgpu_type_at(unsigned i);
unsigned mdev_available_instances(struct mdev *mdev, const struct vgpu_type *type);

// ---- one vGPU ------------------------------------------------------------------------------------------

struct vgpu_client {
    const struct vgpu_client_ops *ops;
};
struct vgpu_client_ops {
    // Interrupt line of the device changed (level). From any thread.
    void (*irq)(struct vgpu_client *client, unsigned index, bool level);
};

struct vgpu_config {
    const char *type;        // vgpu_type name
    const char *name;        // instance name for people, e.g. the machine's
    struct vgpu_client *client;
    unsigned weight;         // 0: the type's
    struct log *log;         // borrowed; NULL: the mediator's
};
struct vgpu *vgpu_create(struct mdev *mdev, const struct vgpu_config *cfg, struct err *err);
void vgpu_destroy(struct vgpu *vgpu);

// Regions: 0 is the register window (byte offset = register * 4).
enum { VGPU_REGION_MMIO, VGPU_REGION_COUNT };
struct vgpu_region_info {
    uint64_t size;
    uint32_t flags; // VFIO_REGION_INFO_FLAG_READ 1, WRITE 2
};
int vgpu_region_info(struct vgpu *vgpu, unsigned index, struct vgpu_region_info *info);
// 4-byte aligned accesses of 4 or 8 bytes. -EINVAL outside the region. Reads fill `buf`.
int vgpu_region_read(struct vgpu *vgpu, unsigned index, uint64_t off, void *buf, size_t n);
int vgpu_region_write(struct vgpu *vgpu, unsigned index, uint64_t off, const void *buf, size_t n);

// Interrupts: one line (index 0); current level, e.g. after a restore.
bool vgpu_irq_level(struct vgpu *vgpu, unsigned index);

// DMA: the guest-physical memory this device may reach. `hva` is borrowed until unmapped. -EEXIST on
// overlap, -ENOENT when unmapping what is not mapped.
enum { VGPU_DMA_READ = 1, VGPU_DMA_WRITE = 2 };
int vgpu_dma_map(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes, void *hva, unsigned prot,
                 struct err *err);
int vgpu_dma_unmap(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes);

// Function level reset: all queued work of this vGPU is dropped, registers return to reset values.
void vgpu_reset(struct vgpu *vgpu);

// True while submissions of this vGPU are queued or running. The machine's idle loop uses it to wait
// instead of skipping virtual time.
bool vgpu_busy(struct vgpu *vgpu);
// Waits until idle or until timeout_ns passed (host time). True when idle.
bool vgpu_wait_idle(struct vgpu *vgpu, uint64_t timeout_ns);

// Runtime settings, from any thread; -EINVAL for a value outside its range. They count within 100 ms.
int vgpu_set_weight(struct vgpu *vgpu, unsigned weight);        // 1..10000: the share beside others
int vgpu_set_cap(struct vgpu *vgpu, unsigned thousandths);      // of the engine; 0 or 1000: none
int vgpu_set_priority(struct vgpu *vgpu, const char *name);     // "low", "normal", "high": who waits less
enum { VGPU_QUOTA_MIN = 64 << 10, VGPU_QUOTA_DEFAULT = 64 << 20 };
int vgpu_set_quota(struct vgpu *vgpu, uint64_t bytes);          // host memory its submissions may hold
struct vgpu_settings {
    unsigned weight, cap; // as set
    const char *priority;
    uint64_t quota;
};
void vgpu_settings(struct vgpu *vgpu, struct vgpu_settings *out);

// Captures all following submissions into an .rd file; NULL stops and closes.
int vgpu_capture(struct vgpu *vgpu, const char *path, struct err *err);

// ---- the road, stage by stage ------------------------------------------------------------------------

// Stages a submission passes; host monotonic nanoseconds are stamped at each.
#define VGPU_STAGES(X)                                                                             \
    X(doorbell, "guest wrote the ring's write pointer")                                            \
    X(copied, "ring and indirect buffers copied")                                                  \
    X(audited, "every packet audited")                                                             \
    X(queued, "in the vGPU's queue")                                                               \
    X(started, "picked by the scheduler, on the engine")                                           \
    X(executed, "last packet executed")                                                            \
    X(fenced, "results and fence in guest memory")                                                 \
    X(interrupted, "interrupt raised")                                                             \
    X(acknowledged, "guest acknowledged the interrupt")
enum vgpu_stage {
#define X(name, help) VGPU_STAGE_##name,
    VGPU_STAGES(X)
#undef X
        VGPU_STAGE_COUNT
};

struct vgpu_submission {
    uint64_t id;                         // unique in the mediator
    uint64_t stamp_ns[VGPU_STAGE_COUNT]; // 0: not reached
    uint32_t ibs, dwords, draws, resolves, packets;
    uint32_t slices;                     // times it was on the engine: 1 + preemptions
    uint32_t context;                    // the guest's GPU page table at the doorbell
    uint64_t engine_ns;                  // time on the engine (excluding preempted time)
    int verdict;                         // 0, or -errno of the audit/execution
    uint32_t seqno;                      // last fence value written
};

struct vgpu_stats {
    uint64_t submissions, refused, hangs, resets, irqs, mmio_reads, mmio_writes, engine_ns,
        wait_ns, draws, resolves, faults;
};
void vgpu_stats(struct vgpu *vgpu, struct vgpu_stats *out);
const char *vgpu_name(const struct vgpu *vgpu);
// Called once for every submission when it leaves the road (worker thread). NULL stops.
typedef void vgpu_listener_fn(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub);
void vgpu_listen(struct vgpu *vgpu, vgpu_listener_fn *fn, void *ctx);

// What one submission did on the engine, in order. Only recorded while somebody listens.
#define VGPU_WORKS(X) X(draw) X(resolve) X(fill) X(fence)
enum vgpu_work_kind {
#define X(name) VGPU_WORK_##name,
    VGPU_WORKS(X)
#undef X
    VGPU_WORK_COUNT
};
struct vgpu_work {
    uint64_t start_ns;      // host
    uint32_t ns;            // with the packets before it
    uint32_t ib_va;         // the buffer whose packet it was; 0: the ring
    uint32_t count;         // vertices of a draw, pixels of a resolve, bytes of a fill
    int16_t tile_x, tile_y; // window offset: which tile of the picture
    uint8_t kind, prim;     // enum vgpu_work_kind, enum gpu_prim
};
struct vgpu_ib {
    uint32_t va, dwords, packets, calls; // packets: with those of buffers that it calls
};
struct vgpu_details {
    const struct vgpu_work *works;
    const struct vgpu_ib *ibs;
    uint32_t nworks, nibs, lost; // lost: works beyond what is kept
};
// Called before the listener, for every submission that executed (engine's thread). NULL stops.
typedef void vgpu_details_fn(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub,
                             const struct vgpu_details *details);
void vgpu_listen_details(struct vgpu *vgpu, vgpu_details_fn *fn, void *ctx);

// Register accesses, counted for every register; ns is measured on every 16th access.
struct vgpu_heat {
    struct vgpu_heat_reg {
        uint64_t reads, writes, same, ns; // same: writes of the value that was there
        uint64_t polls, longest;          // reads that found what the read before found, with no
                                          // other access between; the longest run of them
    } regs[0x8000];
    uint32_t last_reg, last_value;
    uint64_t run, accesses;
};
// Counts into `heat` (borrowed, zeroed by the caller; it must outlive the vGPU); NULL stops.
void vgpu_heat(struct vgpu *vgpu, struct vgpu_heat *heat);

// For tests of the profile: every passage of that stage takes so much longer. 0 ends it.
void vgpu_delay(struct vgpu *vgpu, enum vgpu_stage stage, uint64_t ns);

// Named report for people: unmodelled registers, refused packets with reasons, faults.
void vgpu_report(struct vgpu *vgpu, FILE *out);

// ---- migration ------------------------------------------------------------------------------------------

struct snap_writer;
struct snap_reader;
// A vGPU moves to another mediator while its guest renders like this: vgpu_dirty_start; copy all memory;
// again and again vgpu_dirty_read and copy those pages (and those that the guest's processor wrote:
// the client's to know); stop the processor; vgpu_pause; the last vgpu_dirty_read and copy; vgpu_save;
// there vgpu_restore and vgpu_resume. Work that had not begun when it was paused is found again in the
// guest's ring, so the pause is as long as what is left of one submission.

// Logs every 4 KiB page that the device writes from now on, exactly. -EBUSY, -ENOMEM.
int vgpu_dirty_start(struct vgpu *vgpu);
void vgpu_dirty_stop(struct vgpu *vgpu);
// Reads and clears the log of [gpa, gpa + bytes), whole pages: bit n % 8 of byte n / 8 is page n. Pages
// of no window read 0. Memory that several windows repeat is logged where the device wrote it.
// -EINVAL, -ENOENT when nothing is logged.
int vgpu_dirty_read(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes, uint8_t *bitmap);
// Lets the running submission end (it goes before all others) and starts no more; true when it is still
// within timeout_ns. The client must not touch the registers until vgpu_resume, here or elsewhere.
bool vgpu_pause(struct vgpu *vgpu, uint64_t timeout_ns);
void vgpu_resume(struct vgpu *vgpu);

// The vGPU must be paused or idle (vgpu_wait_idle). Guest memory is the client's to save.
int vgpu_save(struct vgpu *vgpu, struct snap_writer *w, struct err *err);
int vgpu_restore(struct vgpu *vgpu, struct snap_reader *r, struct err *err);

#endif
