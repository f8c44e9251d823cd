@ SPDX-License-Identifier: MIT
@
@ A ROM image in the manner of Windows CE boot loaders and kernels, of our own making: ECEC and ROM header,
@ started flat; maps itself away from under its feet; high stack page with four permissions; FCSE slots;
@ fine tables with tiny pages; base-restored aborts; unaligned loads; OAL-like polls; and MMU off with a
@ stack that is nowhere. Each step prints its letter on UART1, 'F' and a letter is a failure. Facts:
@ ARM920T Technical Reference Manual and the public behaviour of CE on the SMDK2410.
    .syntax unified
    .arm
    .equ VA, 0x80030000
    .equ PHYS, 0x30030000
    .equ L1, 0x30040000
    .equ HIGH_L2, 0x30044000
    .equ FINE_L2, 0x30045000
    .equ HIGH_PAGE, 0x30050000
    .equ TINY, 0x30051000
    .equ VECTORS, 0x30052000
    .equ SLOT, 0x30100000

    .section .start, "ax"
    .global _start
_start:
    b       start
    .org    0x40
    .word   0x43454345                  @ "ECEC"
    .word   VA + (romhdr - _start)
    .word   romhdr - _start
    .org    0x50
va_unexpected:
    .word   VA + (unexpected - _start)
va_data_abort:
    .word   VA + (data_abort - _start)
va_mapped:
    .word   VA + (mapped - _start)
pa_flat:
    .word   PHYS + (flat - _start)
    .org    0x80

@ r7: UART1 as seen now. say CHAR
    .macro  say c
    mov     r0, #\c
    str     r0, [r7, #0x20]
    .endm
    .macro  want reg, value, letter
    ldr     r1, =\value
    cmp     \reg, r1
    movne   r8, #\letter
    bne     failed
    .endm

start:
    msr     cpsr_c, #0xd3
    ldr     r7, =0x50004000
    mov     r9, #0                      @ aborts taken
    say     'C'
    say     'E'
    say     ':'
    cmp     sp, #0                      @ a loader gave a stack
    moveq   r8, #'s'
    beq     failed

    @ ---- tables: clear, then what CE's OEMAddressTable would say
    ldr     r0, =L1
    mov     r1, #0
    mov     r2, #0x6000
1:  str     r1, [r0], #4
    subs    r2, r2, #4
    bne     1b
    ldr     r0, =L1
    ldr     r1, =0x30000c1e             @ 0x80000000 and 0xa0000000 -> SDRAM, sections
    mov     r2, #64
    add     r3, r0, #0x800 * 4
    add     r4, r0, #0xa00 * 4
2:  str     r1, [r3], #4
    bic     r5, r1, #0xc
    str     r5, [r4], #4
    add     r1, r1, #0x100000
    subs    r2, r2, #1
    bne     2b
    ldr     r1, =0x50000c12             @ 0xb1000000 -> serial ports
    ldr     r3, =0xb10 * 4
    str     r1, [r0, r3]
    ldr     r1, =0x51000c12             @ 0xb1100000 -> timers
    add     r3, r3, #4
    str     r1, [r0, r3]
    ldr     r1, =(SLOT | 0xc1e)         @ slot 2 of 32 MiB
    str     r1, [r0, #0x40 * 4]
    ldr     r1, =(HIGH_L2 | 0x11)
    ldr     r3, =0xfff * 4
    str     r1, [r0, r3]
    ldr     r1, =(FINE_L2 | 0x13)
    ldr     r3, =0x700 * 4
    str     r1, [r0, r3]

    ldr     r0, =HIGH_L2
    @ 0xffffc000: AP0 privileged, AP1 nobody (read only with R), AP2 user may read, AP3 privileged
    ldr     r1, =(HIGH_PAGE | 1 << 10 | 2 << 8 | 0 << 6 | 1 << 4 | 0xe)
    str     r1, [r0, #0xfc * 4]
    ldr     r1, =(VECTORS | 0x55e)      @ 0xffff0000
    str     r1, [r0, #0xf0 * 4]
    ldr     r0, =FINE_L2
    ldr     r1, =(TINY | 0x3f)          @ tiny page, everybody
    str     r1, [r0]
    ldr     r1, =(TINY | 0xc00 | 0x1f)  @ tiny page, privileged
    str     r1, [r0, #4]
    ldr     r1, =(HIGH_PAGE | 0xffe)    @ a small page in a fine table: four entries
    str     r1, [r0, #16]
    str     r1, [r0, #20]
    str     r1, [r0, #24]
    str     r1, [r0, #28]

    @ vectors: every word a load of the handler's address, data aborts are counted
    ldr     r0, =VECTORS
    ldr     r1, =0xe59ff018             @ ldr pc, [pc, #24]
    mov     r2, #8
3:  str     r1, [r0], #4
    subs    r2, r2, #1
    bne     3b
    ldr     r1, va_unexpected
    mov     r2, #8
4:  str     r1, [r0], #4
    subs    r2, r2, #1
    bne     4b
    ldr     r1, va_data_abort
    ldr     r0, =VECTORS
    str     r1, [r0, #0x30]

    @ ---- on: the next instruction has no mapping any more
    ldr     r0, =L1
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #1
    mcr     p15, 0, r0, c3, c0, 0
    mov     r0, #0
    mcr     p15, 0, r0, c8, c7, 0
    mcr     p15, 0, r0, c7, c7, 0
    ldr     r7, =0xb1004000
    ldr     r2, va_mapped
    mrc     p15, 0, r1, c1, c0, 0
    bic     r1, r1, #0x100              @ S clear
    orr     r1, r1, #0x2200             @ R set, vectors high
    orr     r1, r1, #0x1000             @ caches
    orr     r1, r1, #5                  @ MMU
    mcr     p15, 0, r1, c1, c0, 0
    mov     pc, r2
    nop
    nop

mapped:
    say     'a'
    @ ---- the stack page: 0xffffce70 is in the fourth kilobyte
    ldr     sp, =0xffffce70
    ldr     r2, =0x11223344
    ldr     r3, =0x55667788
    stmfd   sp!, {r2, r3}
    ldmfd   sp!, {r4, r5}
    want    r4, 0x11223344, 'b'
    want    r5, 0x55667788, 'b'
    want    sp, 0xffffce70, 'b'
    want    r9, 0, 'b'
    ldr     r2, =0xffffc800             @ user may read the third
    ldrt    r3, [r2]
    want    r9, 0, 'c'
    ldr     r2, =0xffffc800
    strt    r3, [r2]                    @ not write it
    want    r9, 1, 'c'
    want    r11, 0xffffc800, 'c'
    and     r10, r10, #15
    want    r10, 15, 'c'                @ permission, page
    ldr     r2, =0xffffce70
    ldrt    r3, [r2]                    @ nor see the fourth
    want    r9, 2, 'd'
    ldr     r2, =0xffffc400             @ the second: R makes it readable for all
    ldr     r3, [r2]
    ldrt    r3, [r2]
    want    r9, 2, 'e'
    str     r3, [r2]
    want    r9, 3, 'e'
    say     'b'

    @ ---- base restored: a load multiple that runs off a mapped kilobyte
    ldr     r2, =0x700007f8             @ last two words of the second tiny page
    mov     r3, r2
    ldmia   r3!, {r4-r6}
    want    r9, 4, 'g'
    want    r3, 0x700007f8, 'g'
    want    r11, 0x70000800, 'g'
    and     r10, r10, #15
    want    r10, 7, 'g'                 @ translation, page
    mov     r3, r2
    stmia   r3!, {r4-r6}
    want    r9, 5, 'g'
    want    r3, 0x700007f8, 'g'
    say     'c'

    @ ---- tiny pages: place and permission
    ldr     r2, =0x70000010
    ldr     r3, =0xcafe0001
    str     r3, [r2]
    ldr     r2, =0x80000000 + (TINY - 0x30000000) + 0x10
    ldr     r4, [r2]
    want    r4, 0xcafe0001, 'h'
    ldr     r2, =0x70000410
    str     r3, [r2]
    ldr     r4, =0x80000000 + (TINY - 0x30000000) + 0xc10
    ldr     r4, [r4]
    want    r4, 0xcafe0001, 'h'
    ldrt    r4, [r2]                    @ privileged only
    want    r9, 6, 'h'
    ldr     r2, =0x70001e70             @ the small page behind them
    ldr     r4, [r2]
    ldr     r2, =0x80000000 + (HIGH_PAGE - 0x30000000) + 0xe70
    ldr     r3, [r2]
    cmp     r3, r4
    movne   r8, #'h'
    bne     failed
    say     'd'

    @ ---- FCSE: the process sees its slot at 0
    ldr     r2, =0xa0000000 + (SLOT - 0x30000000) + 0x100
    ldr     r3, =0x0badf00d
    str     r3, [r2]
    mov     r0, #2 << 25
    mcr     p15, 0, r0, c13, c0, 0
    mov     r2, #0x100
    ldr     r4, [r2]
    want    r4, 0x0badf00d, 'i'
    mov     r0, #0
    mcr     p15, 0, r0, c13, c0, 0
    mov     r2, #0x100
    ldr     r4, [r2]                    @ slot 0 is empty
    want    r9, 7, 'i'
    want    r11, 0x100, 'i'
    say     'e'

    @ ---- unaligned words rotate
    ldr     r2, =0xa0000000 + (SLOT - 0x30000000) + 0x200
    ldr     r3, =0x44332211
    str     r3, [r2]
    ldr     r4, [r2, #1]
    want    r4, 0x11443322, 'j'
    ldr     r4, [r2, #2]
    want    r4, 0x22114433, 'j'
    say     'f'

    @ ---- OAL: the timer moves
    ldr     r2, =0xb1100000
    mov     r3, #0xff00
    str     r3, [r2]
    mov     r3, #0xff
    orr     r3, r3, #0xff00
    str     r3, [r2, #0x3c]
    mov     r3, #0x200000
    str     r3, [r2, #8]
    mov     r3, #0x500000
    str     r3, [r2, #8]
    ldr     r4, [r2, #0x40]
    mov     r6, #0x100000
5:  ldr     r5, [r2, #0x40]
    cmp     r5, r4
    bne     6f
    subs    r6, r6, #1
    bne     5b
    mov     r8, #'k'
    b       failed
6:  say     'g'

    @ ---- off again: the stack is now nowhere, the program counter too
    ldr     sp, =0xffffc78c
    ldr     r2, pa_flat
    ldr     r7, =0x50004000
    mrc     p15, 0, r1, c1, c0, 0
    bic     r1, r1, #5
    bic     r1, r1, #0x1000
    mcr     p15, 0, r1, c1, c0, 0
    stmfd   sp!, {r2}                   @ goes to nothing at 0xffffc788
    mov     pc, r2
    nop
flat:
    ldmfd   sp!, {r3}
    want    r9, 7, 'l'
    say     'h'
    say     '.'
    say     '\n'
7:  b       7b

failed:
    say     'F'
    str     r8, [r7, #0x20]
    say     '\n'
8:  b       8b
    .ltorg

unexpected:
    mov     r8, #'u'
    b       failed
data_abort:
    mrc     p15, 0, r10, c5, c0, 0
    mrc     p15, 0, r11, c6, c0, 0
    add     r9, r9, #1
    subs    pc, lr, #4                  @ past the instruction

    .align  2
romhdr:
    .word   0, 0, VA, VA + (end - _start), 1, 0x80080000, 0x80080000, 0x80100000, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .short  0x1c0, 0
    .word   0, 0, 0
    .word   7, 0, 0, end - _start, VA + (name - _start), VA + (e32 - _start), VA + (e32 - _start), VA
e32:
    .short  0, 0
    .word   start - _start, VA
name:
    .asciz  "nk.exe"
    .align  2
end:
