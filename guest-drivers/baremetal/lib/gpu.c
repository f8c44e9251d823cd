// SPDX-License-Identifier: MIT
//
// Start-up, interrupts and recovery of the GPU: the register sequence of the open kernel driver
// (Linux, drivers/gpu/drm/msm/adreno/a2xx_gpu.c, facts only). Left out: clock and power gating,
// performance counters, chips other than the a200.
#include "a2xx_regs.gen.h"
#include "gpu.h"
#include "libc.h"

enum { GMEM_A200_BYTES = 256 * 1024, RESET_US = 30000 };

static void delay(struct a2_gpu *gpu, uint32_t us)
{
    uint64_t end = gpu->plat->ops->now_us(gpu->plat) + us;
    while (gpu->plat->ops->now_us(gpu->plat) < end) {
    }
}

static void start_mmu(struct a2_gpu *gpu)
{
    // addresses outside physical memory are not reachable: the whole bus is
    a2_write(gpu, A2_MH_MMU_MPU_BASE, 0);
    a2_write(gpu, A2_MH_MMU_MPU_END, 0xfffff000);
    // every client translates inside the range, nothing is reachable outside
    a2_write(gpu, A2_MH_MMU_CONFIG,
             A2_MH_MMU_CONFIG_MMU_ENABLE | A2_MH_MMU_CONFIG_RB_W_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_W_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_R0_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_R1_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_R2_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_R3_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_CP_R4_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_VGT_R0_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_VGT_R1_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_TC_R_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG) |
                 A2_MH_MMU_CONFIG_PA_W_CLNT_BEHAVIOR(A2_BEH_TRAN_RNG));
    a2_write(gpu, A2_MH_MMU_VA_RANGE, 0x01000000 | A2_MH_MMU_VA_RANGE_NUM_64KB_REGIONS(0xfff));
    a2_write(gpu, A2_MH_MMU_PT_BASE, a2_mmu_table_pa(gpu));
    a2_write(gpu, A2_MH_MMU_TRAN_ERROR, a2_mmu_scratch_pa(gpu));
    a2_write(gpu, A2_MH_MMU_INVALIDATE,
             A2_MH_MMU_INVALIDATE_INVALIDATE_ALL | A2_MH_MMU_INVALIDATE_INVALIDATE_TC);
    a2_write(gpu, A2_MH_ARBITER_CONFIG,
             A2_MH_ARBITER_CONFIG_SAME_PAGE_LIMIT(16) | A2_MH_ARBITER_CONFIG_L1_ARB_ENABLE |
                 A2_MH_ARBITER_CONFIG_L1_ARB_HOLD_ENABLE | A2_MH_ARBITER_CONFIG_PAGE_SIZE(1) |
                 A2_MH_ARBITER_CONFIG_TC_REORDER_ENABLE | A2_MH_ARBITER_CONFIG_TC_ARB_HOLD_ENABLE |
                 A2_MH_ARBITER_CONFIG_IN_FLIGHT_LIMIT_ENABLE |
                 A2_MH_ARBITER_CONFIG_IN_FLIGHT_LIMIT(8) | A2_MH_ARBITER_CONFIG_CP_CLNT_ENABLE |
                 A2_MH_ARBITER_CONFIG_VGT_CLNT_ENABLE | A2_MH_ARBITER_CONFIG_TC_CLNT_ENABLE |
                 A2_MH_ARBITER_CONFIG_RB_CLNT_ENABLE | A2_MH_ARBITER_CONFIG_PA_CLNT_ENABLE);
}

static void enable_interrupts(struct a2_gpu *gpu)
{
    a2_write(gpu, A2_RBBM_INT_CNTL, A2_RBBM_INT_CNTL_RDERR_INT_MASK);
    a2_write(gpu, A2_CP_INT_CNTL,
             A2_CP_INT_CNTL_T0_PACKET_IN_IB_MASK | A2_CP_INT_CNTL_OPCODE_ERROR_MASK |
                 A2_CP_INT_CNTL_PROTECTED_MODE_ERROR_MASK | A2_CP_INT_CNTL_RESERVED_BIT_ERROR_MASK |
                 A2_CP_INT_CNTL_IB_ERROR_MASK | A2_CP_INT_CNTL_IB1_INT_MASK |
                 A2_CP_INT_CNTL_RB_INT_MASK);
    a2_write(gpu, A2_SQ_INT_CNTL, 0);
    a2_write(gpu, A2_MH_INTERRUPT_MASK,
             A2_MH_INTERRUPT_MASK_AXI_READ_ERROR | A2_MH_INTERRUPT_MASK_AXI_WRITE_ERROR |
                 A2_MH_INTERRUPT_MASK_MMU_PAGE_FAULT);
}

static void load_microcode(struct a2_gpu *gpu)
{
    const struct a2_firmware *fw = gpu->fw;
    if (!fw) {
        return;
    }
    a2_write(gpu, A2_CP_DEBUG, A2_CP_DEBUG_MIU_128BIT_WRITE_ENABLE);
    a2_write(gpu, A2_CP_ME_RAM_WADDR, 0);
    for (uint32_t i = 1; i < fw->pm4_dwords; i++) {
        a2_write(gpu, A2_CP_ME_RAM_DATA, fw->pm4[i]);
    }
    a2_write(gpu, A2_CP_PFP_UCODE_ADDR, 0);
    for (uint32_t i = 1; i < fw->pfp_dwords; i++) {
        a2_write(gpu, A2_CP_PFP_UCODE_DATA, fw->pfp[i]);
    }
}

static bool start(struct a2_gpu *gpu)
{
    a2_write(gpu, A2_CP_ME_CNTL, A2_CP_ME_CNTL_HALT);
    a2_write(gpu, A2_RBBM_PM_OVERRIDE1, 0xfffffffe);
    a2_write(gpu, A2_RBBM_PM_OVERRIDE2, 0xffffffff);
    a2_write(gpu, A2_RBBM_SOFT_RESET, 0xffffffff);
    delay(gpu, RESET_US);
    a2_write(gpu, A2_RBBM_SOFT_RESET, 0);
    a2_write(gpu, A2_RBBM_CNTL, 0x4442);
    start_mmu(gpu);
    a2_write(gpu, A2_SQ_VS_PROGRAM, 0);
    a2_write(gpu, A2_SQ_PS_PROGRAM, 0);
    a2_write(gpu, A2_RBBM_PM_OVERRIDE1, 0);
    a2_write(gpu, A2_RBBM_PM_OVERRIDE2, 0);
    a2_write(gpu, A2_RBBM_DEBUG, 0x80000);
    enable_interrupts(gpu);
    a2_write(gpu, A2_RB_EDRAM_INFO, 4); // 16 KiB << 4
    a2_ring_start(gpu);
    load_microcode(gpu);
    a2_write(gpu, A2_CP_QUEUE_THRESHOLDS,
             A2_CP_QUEUE_THRESHOLDS_CSQ_IB1_START(4) | A2_CP_QUEUE_THRESHOLDS_CSQ_IB2_START(8) |
                 A2_CP_QUEUE_THRESHOLDS_CSQ_ST_START(12));
    a2_write(gpu, A2_CP_ME_CNTL, 0);
    return a2_ring_init(gpu);
}

bool a2_init(struct a2_gpu *gpu, struct platform *plat, const struct a2_memory *mem,
             const struct a2_firmware *fw)
{
    static const uint16_t zero_indices[3] = {0, 0, 0};
    memset(gpu, 0, sizeof *gpu);
    gpu->plat = plat;
    gpu->mem = *mem;
    gpu->fw = fw;
    gpu->gmem_bytes = GMEM_A200_BYTES;
    // first objects as the kernel places them: fence page, then a ring of 32 KiB
    if (!a2_mmu_init(gpu) || !a2_alloc(gpu, A2_PAGE_BYTES, A2_PTE_RW, &gpu->fence) ||
        !a2_alloc(gpu, 32 * 1024, A2_PTE_READ, &gpu->ring) ||
        !a2_alloc(gpu, A2_PAGE_BYTES, A2_PTE_RW, &gpu->solid)) {
        return false;
    }
    memcpy(gpu->solid.cpu, zero_indices, sizeof zero_indices);
    return start(gpu);
}

bool a2_recover(struct a2_gpu *gpu)
{
    volatile uint32_t *fence = (volatile uint32_t *)(void *)gpu->fence.cpu;
    gpu->resets++;
    a2_write(gpu, A2_CP_ME_CNTL, A2_CP_ME_CNTL_HALT);
    gpu->lost_seqno = gpu->seqno;
    *fence = gpu->seqno; // nobody waits for what will not come
    return start(gpu);
}

void a2_irq(struct a2_gpu *gpu)
{
    uint32_t master = a2_read(gpu, A2_MASTER_INT_SIGNAL);
    gpu->irqs++;
    if (master & A2_MASTER_INT_SIGNAL_MH_INT_STAT) {
        gpu->fault_status = a2_read(gpu, A2_MH_INTERRUPT_STATUS);
        gpu->fault_page = a2_read(gpu, A2_MH_MMU_PAGE_FAULT);
        gpu->faults++;
        a2_write(gpu, A2_MH_INTERRUPT_CLEAR, gpu->fault_status);
    }
    if (master & A2_MASTER_INT_SIGNAL_CP_INT_STAT) {
        uint32_t status = a2_read(gpu, A2_CP_INT_STATUS);
        gpu->cp_status |= status;
        if (status & A2_CP_INT_CNTL_RB_INT_MASK) {
            gpu->rb_irqs++;
        }
        if (status & (A2_CP_INT_CNTL_T0_PACKET_IN_IB_MASK | A2_CP_INT_CNTL_OPCODE_ERROR_MASK |
                      A2_CP_INT_CNTL_PROTECTED_MODE_ERROR_MASK |
                      A2_CP_INT_CNTL_RESERVED_BIT_ERROR_MASK | A2_CP_INT_CNTL_IB_ERROR_MASK)) {
            gpu->cp_errors++;
        }
        a2_write(gpu, A2_CP_INT_ACK, status);
    }
    if (master & A2_MASTER_INT_SIGNAL_RBBM_INT_STAT) {
        a2_write(gpu, A2_RBBM_INT_ACK, a2_read(gpu, A2_RBBM_INT_STATUS));
    }
}

const char *a2_fault_name(uint32_t status)
{
#define ROW(name)                                                                                  \
    {                                                                                              \
        A2_MH_INTERRUPT_MASK_##name, #name                                                         \
    }
    static const struct {
        uint32_t bit;
        const char *name;
    } rows[] = {ROW(AXI_READ_ERROR), ROW(AXI_WRITE_ERROR), ROW(MMU_PAGE_FAULT)};
#undef ROW
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (status & rows[i].bit) {
            return rows[i].name;
        }
    }
    return "no fault";
}
