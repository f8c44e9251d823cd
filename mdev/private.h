// SPDX-License-Identifier: MIT
//
// What the mediator's files share. One submission's road through them: region.c (doorbell) ->
// ring.c (copy) -> audit.c (verdict) -> queue (engine.c) -> sched.c (who is next) -> engine.c (gpu-model
// executes) -> irq.c (line up) -> listener. Guest memory is reached through gmmu.c alone.
//
// Threads: the client thread owns region access, copy and audit; the engine thread owns everything
// that executes. They meet in the queue (mdev.lock) and in the atomics of struct vgpu.
#ifndef MDEV_PRIVATE_H
#define MDEV_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/log.h"
#include "gpu-model/gpu.h"
#include "host-backends/backend.h"
#include "mdev/sched.h"
#include "mdev/vgpu.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096u
#define VA_PAGES (1u << 20)

// ---- guest memory (gmmu.c) ------------------------------------------------------------------------

struct dma_window {
    uint64_t gpa, bytes;
    uint8_t *hva;
    unsigned prot;
    _Atomic uint64_t *dirty; // a bit a page that the device wrote; NULL: not logged
};

// One cached translation. Valid when its epoch is the current one.
struct gmmu_entry {
    uint8_t *page;
    uint32_t epoch;
    uint8_t prot, window; // index of its DMA window
};

// A shadow of the guest's GPU page table, filled on demand, one per thread that uses it: no locks on
// the path that every vertex takes.
struct gmmu {
    struct gpu_mem mem;      // what the engine sees; first
    struct vgpu *vgpu;
    struct gmmu_entry *pages; // VA_PAGES entries, allocated at the first use
    uint32_t fault_va;       // of the first fault since gmmu_clear_fault
    bool faulted, fault_write;
};

// ---- a submission in flight -----------------------------------------------------------------------

struct ib_copy {
    uint32_t va, ndw;
    uint32_t first;          // index of its first word in workload.words
    bool refused;
    uint32_t packets, calls;
};

#define IBS_MAX 64u
#define WORKS_MAX 65536u     // kept of one submission, while somebody listens

struct workload {
    struct workload *next;
    struct vgpu_submission sub;
    uint32_t *words;         // arena: ring slice, then each indirect buffer once
    uint32_t used, room;
    uint32_t ring_ndw;       // words[0 .. ring_ndw) is the ring slice
    uint32_t ring_end;       // read pointer after this submission
    struct ib_copy ibs[IBS_MAX + 16]; // the audit's rule says IBS_MAX; never more than fit
    unsigned nibs;
    bool began, ring_refused;
    uint32_t irq_bits;
    struct vgpu_work *works; // kept from use to use, as words are
    uint32_t nworks, works_room, works_lost;
};

// ---- one vGPU -----------------------------------------------------------------------------------------

#define VGPU_REGS 0x8000u    // 128 KiB window

struct vgpu {
    struct mdev *mdev;
    struct vgpu *next;       // in mdev->vgpus
    char name[64];
    const struct vgpu_type *type;
    const struct gpu_profile *profile;
    struct vgpu_client *client;
    struct log *log;

    // registers that the mediator emulates or keeps; the client thread's
    uint32_t regs[VGPU_REGS];
    uint64_t reg_misses[8];  // unknown registers touched: first few, for the report
    uint32_t reg_miss_id[8];
    uint32_t fetched;        // ring dword index up to which the ring was copied

    // seen by both threads
    _Atomic uint32_t rptr, cp_int_status, mh_int_status, epoch, page_fault;
    _Atomic uint32_t inflight; // submissions between doorbell and completion
    _Atomic bool irq_level, hung;
    _Atomic bool touched;    // something happened to the engine's context since its last reset
    pthread_mutex_t irq_lock;
    struct workload *unacked; // irq_lock: completed, waiting for the guest's acknowledge

    // memory
    pthread_mutex_t dma_lock; // windows change rarely; lookups of the slow path take it
    struct dma_window windows[32];
    unsigned nwindows;
    struct gmmu client_mem, engine_mem;
    _Atomic bool logging;    // pages that the device writes are logged

    // the engine's side
    struct gpu_env env;
    struct gpu *gpu;
    struct gpu_context *ctx;
    struct workload *current;

    // queue (mdev->lock)
    struct workload *head, **tail;
    bool cancel;             // engine drops what it runs of this vGPU
    bool paused;             // starts nothing
    struct sched_entity sched;
    uint64_t copied;         // bytes of host memory that its submissions hold
    uint64_t quota;          // how many it may

    unsigned burst;          // draws between two looks at the clock; the engine's

    // reports
    struct vgpu_stats stats;
    char last_refusal[256];
    uint64_t last_warned_ns;
    vgpu_listener_fn *listener;
    void *listener_ctx;
    vgpu_details_fn *details;
    void *details_ctx;
    struct vgpu_heat *heat;
    uint64_t delay_ns[VGPU_STAGE_COUNT];
    uint64_t mark_ns;        // when the work before ended
    unsigned depth;          // of the packet that runs: 0 the ring
    uint32_t ib_at[8];       // its buffers by depth
    struct capture *capture;
};

struct mdev_call {
    struct mdev_call *next;
    int (*fn)(void *arg, struct err *err);
    void *arg;
    struct err *err;
    int rc;
    bool done;
};

struct mdev {
    struct log *log;
    struct gpu_backend *backend;
    bool synchronous, unmediated, scissor_inclusive;
    bool own_thread;         // the backend draws on the engine's thread and nowhere else
    pthread_t worker;
    bool worker_started, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;     // work for the engine thread
    pthread_cond_t done;     // something completed
    struct mdev_call *calls;
    struct vgpu *vgpus;
    struct sched sched;
    struct vgpu *running;    // on the engine
    struct vgpu *left;       // left it in the middle of a submission, last of all
    struct vgpu *urgent;     // its submission ends first: it shall be paused
    _Atomic bool preempt;    // it shall stop at its next draw
    _Atomic unsigned kicks;  // counts what wakes the engine's thread
    uint64_t spin_ns;        // how long it looks for work before it sleeps
    uint64_t next_id;
    struct workload *free_list;
    unsigned instances;
};

uint64_t host_ns(void);
void stage_delay(uint64_t ns);

// The submission has passed a stage. Returns when.
static inline uint64_t stage_stamp(struct vgpu *vgpu, struct workload *w, enum vgpu_stage stage)
{
    if (__builtin_expect(vgpu->delay_ns[stage] != 0, 0)) {
        stage_delay(vgpu->delay_ns[stage]);
    }
    return w->sub.stamp_ns[stage] = host_ns();
}

// gmmu.c
void gmmu_init(struct gmmu *mmu, struct vgpu *vgpu);
void gmmu_fini(struct gmmu *mmu);
bool gmmu_clear_fault(struct gmmu *mmu, uint32_t *va, bool *write); // was there one?
bool gmmu_reachable(struct gmmu *mmu, uint32_t va, uint64_t bytes, unsigned prot);

// ring.c
struct workload *workload_new(struct mdev *mdev);
void workload_free(struct mdev *mdev, struct workload *w);
static inline uint64_t workload_bytes(const struct workload *w)
{
    return (uint64_t)w->room * 4 + sizeof *w;
}
// Copies what the guest put into the ring up to its write pointer. NULL when nothing is complete.
struct workload *ring_fetch(struct vgpu *vgpu, uint32_t wptr);
void ring_refuse(struct vgpu *vgpu, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// audit.c: copies and checks indirect buffers; refused ones become NOPs in the copy. 0, or -EPERM
// when the ring itself is refused.
int audit_workload(struct vgpu *vgpu, struct workload *w);
// One buffer of commands: the verdict's text, or NULL when every packet is allowed. Pure but for
// memory lookups; `depth` 0 is the ring.
const char *audit_buffer(struct vgpu *vgpu, struct workload *w, uint32_t first, uint32_t ndw,
                         unsigned depth, char *why, size_t why_n);

// queue.c; with the lock held: something for the engine to look at; nothing of it can run, perhaps;
// all of it goes
void queue_kick(struct mdev *mdev);
void queue_settle(struct vgpu *vgpu);
void queue_drop(struct vgpu *vgpu);

// engine.c and queue.c
int engine_start(struct mdev *mdev, struct err *err);
void engine_stop(struct mdev *mdev);
int engine_call(struct mdev *mdev, int (*fn)(void *arg, struct err *err), void *arg,
                struct err *err);
void engine_submit(struct vgpu *vgpu, struct workload *w);
// Waits, as for room in a ring, while the vGPU's submissions hold more host memory than its quota.
void engine_wait_room(struct vgpu *vgpu);
// Lets the running submission end, gives those behind it back to the ring. False after timeout_ns.
bool engine_pause(struct vgpu *vgpu, uint64_t timeout_ns);
void engine_resume(struct vgpu *vgpu);
void engine_cancel(struct vgpu *vgpu); // drops all queued and running work; returns when it is gone
extern const struct gpu_env_ops engine_env_ops, engine_env_ops_detailed;

// irq.c
void irq_raise(struct vgpu *vgpu, uint32_t cp_bits);
void irq_fault(struct vgpu *vgpu, uint32_t va);
void irq_update(struct vgpu *vgpu);
uint32_t irq_master(const struct vgpu *vgpu);
void irq_completed(struct vgpu *vgpu, struct workload *w); // waits for the acknowledge
void irq_acknowledged(struct vgpu *vgpu);

// details.c
void details_begin(struct vgpu *vgpu); // a submission goes onto the engine, or comes back to it
void details_ib(struct vgpu *vgpu, struct ib_copy *ib);
void details_work(struct vgpu *vgpu, enum vgpu_work_kind kind, const struct gpu_draw *draw, const struct gpu_resolve *res,
                  const struct gpu_fill *fill);
void details_end(struct vgpu *vgpu, struct workload *w);
void heat_read(struct vgpu *vgpu, uint32_t reg, uint32_t value, uint64_t start_ns);
void heat_write(struct vgpu *vgpu, uint32_t reg, bool same, uint64_t start_ns);
static inline uint64_t heat_start(const struct vgpu *vgpu)
{
    return vgpu->heat && vgpu->heat->accesses % 16 == 0 ? host_ns() : 0;
}

// capture.c
void capture_submission(struct vgpu *vgpu, const struct workload *w);

// registers the mediator itself gives meaning to (dword offsets)
enum {
    REG_RBBM_SOFT_RESET = 0x003c,
    REG_MH_MMU_CONFIG = 0x0040,
    REG_MH_MMU_VA_RANGE = 0x0041,
    REG_MH_MMU_PT_BASE = 0x0042,
    REG_MH_MMU_PAGE_FAULT = 0x0043,
    REG_MH_MMU_INVALIDATE = 0x0045,
    REG_CP_RB_BASE = 0x01c0,
    REG_CP_RB_CNTL = 0x01c1,
    REG_CP_RB_RPTR = 0x01c4,
    REG_CP_RB_WPTR = 0x01c5,
    REG_CP_INT_CNTL = 0x01f2,
    REG_CP_INT_STATUS = 0x01f3,
    REG_CP_INT_ACK = 0x01f4,
    REG_CP_ME_CNTL = 0x01f6,
    REG_CP_ME_RAM_DATA = 0x01fa,
    REG_CP_PFP_UCODE_DATA = 0x00c1,
    REG_RBBM_INT_STATUS = 0x03b5,
    REG_MASTER_INT_SIGNAL = 0x03b7,
    REG_RBBM_STATUS = 0x05d0,
    REG_MH_INTERRUPT_MASK = 0x0a42,
    REG_MH_INTERRUPT_STATUS = 0x0a43,
    REG_MH_INTERRUPT_CLEAR = 0x0a44,
    CP_INT_OPCODE_ERROR = 1 << 24,
    MH_INT_PAGE_FAULT = 1 << 2,
    CP_ME_HALT = 1 << 28,
    MMU_ENABLE = 1,
};

#endif
