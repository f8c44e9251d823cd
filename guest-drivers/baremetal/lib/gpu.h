// SPDX-License-Identifier: MIT
//
// The Adreno 200 as a kernel driver sees it: memory behind the GPU's page table, the ring, fences,
// the interrupt, start-up and recovery. Commands are written with pm4.h; frame.h does tiled
// rendering.
//
// One struct a2_gpu is one GPU. a2_irq may interrupt every other function; apart from that, calls
// come from one place at a time.
#ifndef BM_GPU_H
#define BM_GPU_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

enum { A2_PAGE_BYTES = 4096 };
enum { A2_PTE_WRITE = 1, A2_PTE_READ = 2, A2_PTE_RW = 3 };

#define A2_HANG_US 500000u // no progress for so long: the GPU hangs

// Memory that the library manages: contiguous, not used by anything else.
struct a2_memory {
    uint8_t *cpu; // where the processor sees it
    uint32_t pa;  // where the bus sees it, whole pages
    uint32_t bytes;
};

// A piece of it that the GPU sees at va.
struct a2_bo {
    uint8_t *cpu;
    uint32_t pa, va, bytes;
};

enum a2_status {
    A2_OK,
    A2_HUNG, // no fence came for A2_HANG_US: call a2_recover
    A2_LOST, // the work was dropped by a recovery
};

// Microcode of the command processor as in the vendor's files (word 0 is a version). Needed by real
// silicon; Yamato executes PM4 itself and ignores it.
struct a2_firmware {
    const uint32_t *pm4, *pfp;
    uint32_t pm4_dwords, pfp_dwords;
};

struct a2_gpu {
    struct platform *plat;
    struct a2_memory mem;
    const struct a2_firmware *fw;
    uint32_t mem_used;   // bytes of mem handed out
    uint32_t pages_used; // pages of the GPU's address space handed out
    uint32_t gmem_bytes; // on-chip memory for tiles

    struct a2_bo ring, fence, solid; // solid: see frame.c
    uint32_t wptr;                   // ring index of the next word
    uint32_t seqno;                  // of the last submission
    uint32_t lost_seqno;             // submissions up to this one were dropped

    // the interrupt handler's
    volatile uint32_t irqs, rb_irqs, cp_errors, faults;
    volatile uint32_t cp_status;    // CP_INT_STATUS bits seen, all together
    volatile uint32_t fault_status; // MH_INTERRUPT_STATUS bits of the last fault
    volatile uint32_t fault_page;   // GPU address of the page

    uint32_t resets;
};

// Sets up page table and ring in `mem` (borrowed for the GPU's life) and starts the GPU. `fw` may
// be NULL. False when memory is too small or the GPU does not become idle.
bool a2_init(struct a2_gpu *gpu, struct platform *plat, const struct a2_memory *mem,
             const struct a2_firmware *fw);

// ---- memory (mmu.c)
// --------------------------------------------------------------------------------

// Whole pages, zeroed, mapped with A2_PTE_* permissions. False when there is no more. Never freed.
bool a2_alloc(struct a2_gpu *gpu, uint32_t bytes, uint32_t pte, struct a2_bo *bo);
// Changes permissions of a buffer's pages; 0 unmaps them.
void a2_protect(struct a2_gpu *gpu, const struct a2_bo *bo, uint32_t pte);
// A GPU address at which nothing is mapped, of so many bytes.
uint32_t a2_unmapped_va(struct a2_gpu *gpu, uint32_t bytes);

// ---- the ring (ring.c)
// -----------------------------------------------------------------------------

struct pm4;
enum { A2_SUBMIT_QUIET = 1 }; // no interrupt at the end: the caller polls

// Queues a command buffer for execution; returns its number, to wait for. The buffer must stay as
// it is until then. Waits when the ring is full; a hang shows in a2_wait.
uint32_t a2_submit(struct a2_gpu *gpu, const struct pm4 *cmd, unsigned flags);
// True when submission `seqno` and all before it are done (or lost).
bool a2_passed(const struct a2_gpu *gpu, uint32_t seqno);
enum a2_wait_how { A2_WAIT_IRQ, A2_WAIT_POLL };
enum a2_status a2_wait(struct a2_gpu *gpu, uint32_t seqno, enum a2_wait_how how);
// Waits until nothing is queued and the registers say idle.
enum a2_status a2_idle(struct a2_gpu *gpu);

// ---- interrupts and trouble (gpu.c)
// ------------------------------------------------------------------

// To be called when the GPU's interrupt line is up.
void a2_irq(struct a2_gpu *gpu);
// Resets the core and starts it again with an empty ring. Everything submitted and not done is
// lost; memory and mappings stay. False when the GPU does not start.
bool a2_recover(struct a2_gpu *gpu);
// Name of the lowest bit of an MH_INTERRUPT_STATUS value.
const char *a2_fault_name(uint32_t status);

// Between the files of the library.
bool a2_mmu_init(struct a2_gpu *gpu);
uint32_t a2_mmu_table_pa(const struct a2_gpu *gpu);
uint32_t a2_mmu_scratch_pa(const struct a2_gpu *gpu);
bool a2_ring_init(struct a2_gpu *gpu);
void a2_ring_start(struct a2_gpu *gpu);

static inline uint32_t a2_read(struct a2_gpu *gpu, uint32_t reg)
{
    return gpu->plat->ops->gpu_read(gpu->plat, reg);
}

static inline void a2_write(struct a2_gpu *gpu, uint32_t reg, uint32_t value)
{
    gpu->plat->ops->gpu_write(gpu->plat, reg, value);
}

#endif
