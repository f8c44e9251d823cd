// SPDX-License-Identifier: MIT
//
// Entry, stacks and exception vectors for the Cortex-A8 (ARM Architecture Reference Manual ARMv7-A, B1
// and B3). Runs in secure SVC mode with MMU and data cache off, as a boot ROM or loader leaves the
// processor; the vectors are found through VBAR. Left out: nested interrupts, FIQ, monitor mode.
    .syntax unified
    .arm
    .fpu neon

    .equ MODE_IRQ, 0x12
    .equ MODE_SVC, 0x13
    .equ MODE_ABT, 0x17
    .equ MODE_UND, 0x1b
    .equ MASKED, 0xc0       // IRQ and FIQ

    .section .vectors, "ax"
    .align 5
vectors:
    b       _start
    b       undefined
    b       supervisor_call
    b       prefetch_abort
    b       data_abort
    b       .               // reserved
    b       interrupt
    b       fast_interrupt

    .global _start
_start:
    cpsid   if, #MODE_SVC
    ldr     r0, =vectors
    mcr     p15, 0, r0, c12, c0, 0      // VBAR

    mrc     p15, 0, r0, c1, c0, 0       // SCTLR: MMU, alignment check, data cache, high vectors,
    bic     r0, r0, #0x0007             // Thumb exceptions off; instruction cache and branch
    bic     r0, r0, #0x2000             // prediction on
    bic     r0, r0, #0x40000000
    orr     r0, r0, #0x1800
    mcr     p15, 0, r0, c1, c0, 0
    isb

    cpsid   if, #MODE_UND
    ldr     sp, =__stack_und
    cpsid   if, #MODE_ABT
    ldr     sp, =__stack_abt
    cpsid   if, #MODE_IRQ
    ldr     sp, =__stack_irq
    cpsid   if, #MODE_SVC
    ldr     sp, =__stack_svc

    mrc     p15, 0, r0, c1, c0, 2       // CPACR: coprocessors 10 and 11
    orr     r0, r0, #0x00f00000
    bic     r0, r0, #0xc0000000
    mcr     p15, 0, r0, c1, c0, 2
    isb
    mov     r0, #0x40000000             // FPEXC.EN
    vmsr    fpexc, r0
    mov     r0, #0
    vmsr    fpscr, r0

    ldr     r0, =__bss_start
    ldr     r1, =__bss_end
    mov     r2, #0
1:  cmp     r0, r1
    strlo   r2, [r0], #4
    blo     1b

    bl      main
2:  b       2b

// Interrupts return. The handler is compiled code and may use every floating point register.
interrupt:
    sub     lr, lr, #4
    push    {r0-r3, r12, lr}
    vpush   {d0-d7}
    vpush   {d16-d31}
    vmrs    r0, fpscr
    push    {r0, r1}
    bl      board_irq
    pop     {r0, r1}
    vmsr    fpscr, r0
    vpop    {d16-d31}
    vpop    {d0-d7}
    pop     {r0-r3, r12, lr}
    movs    pc, lr

// Everything else is the end: what happened, and the registers, go to exception_report(kind, regs),
// where regs is r0-r12, then sp, lr of the interrupted mode, pc, psr.
    .macro  fatal name, kind, back
\name:
    sub     lr, lr, #\back
    sub     sp, sp, #16
    push    {r0-r12}
    mov     r4, lr                      // pc
    mrs     r5, spsr
    mrs     r6, cpsr
    mov     r7, r6
    and     r0, r5, #0x1f
    cmp     r0, #0x10                   // from user mode: its registers are the system mode's
    moveq   r0, #0x1f
    orr     r0, r0, #MASKED
    msr     cpsr_c, r0
    mov     r8, sp
    mov     r9, lr
    msr     cpsr_c, r7
    add     r0, sp, #52
    stm     r0, {r8, r9}
    str     r4, [sp, #60]
    str     r5, [sp, #64]
    mov     r0, #\kind
    mov     r1, sp
    b       exception_report
    .endm

    fatal   undefined, 0, 4
    fatal   supervisor_call, 1, 4
    fatal   prefetch_abort, 2, 4
    fatal   data_abort, 3, 8
    fatal   fast_interrupt, 4, 4
    .ltorg
