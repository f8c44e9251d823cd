@ SPDX-License-Identifier: MIT
@
@ Entry of the loader at address 0 (ARM920T after reset: MMU off, SVC mode): masks interrupts, stops the
@ watchdog, brings up clocks and SDRAM, and goes on in C with its stack in SDRAM. Linked at 0; the
@ same bytes run from the boot memory (NAND) and from NOR flash.
    .syntax unified
    .arm
    .section .start, "ax"
    .global _start
_start:
    b       reset
    b       .
    b       .
    b       .
    b       .
    b       .
    b       .
    b       .
reset:
    msr     cpsr_c, #0xd3
    ldr     r0, =0x53000000     @ watchdog off
    mov     r1, #0
    str     r1, [r0]
    ldr     r0, =0x4a000008     @ all interrupts masked
    mvn     r1, #0
    str     r1, [r0]
    mcr     p15, 0, r1, c7, c7, 0
    mcr     p15, 0, r1, c8, c7, 0

    ldr     r0, =0x4c000000
    ldr     r1, =0x00ffffff     @ lock time
    str     r1, [r0]
    mov     r1, #5              @ 1:4:8
    str     r1, [r0, #0x14]
    mrc     p15, 0, r1, c1, c0, 0
    orr     r1, r1, #0xc0000000 @ asynchronous bus
    orr     r1, r1, #0x1000     @ instruction cache
    mcr     p15, 0, r1, c1, c0, 0
    ldr     r1, =0x00038022     @ UPLL 48 MHz, then MPLL 405 MHz
    str     r1, [r0, #8]
    ldr     r1, =0x0007f021
    str     r1, [r0, #4]

    ldr     r0, =0x48000000     @ memory controller
    adr     r1, memory
    add     r2, r1, #13 * 4
1:  ldr     r3, [r1], #4
    str     r3, [r0], #4
    cmp     r1, r2
    bne     1b

    ldr     sp, =0x33000000
    b       loader

memory: @ BWSCON, BANKCON0-7, REFRESH, BANKSIZE, MRSRB6, MRSRB7
    .word   0x221dd120, 0x0700, 0x0700, 0x0700, 0x0700, 0x1f70, 0x0700, 0x18001, 0x18001
    .word   0x009c03f4, 0xb2, 0x30, 0x30
    .ltorg
