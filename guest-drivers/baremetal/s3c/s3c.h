/* SPDX-License-Identifier: MIT
 *
 * Registers of the S3C2410/2440 that the bare-metal programs use (User's Manuals), and the table that
 * tells the loader what to start ("yamato image nand" and "yamato image nor" write it).
 */
#ifndef S3C_H
#define S3C_H

#include <stdint.h>

#define REG32(a) (*(volatile uint32_t *)(a))
#define REG8(a)  (*(volatile uint8_t *)(a))

#define BWSCON    0x48000000
#define INTMSK    0x4a000008
#define LOCKTIME  0x4c000000
#define MPLLCON   0x4c000004
#define UPLLCON   0x4c000008
#define CLKCON    0x4c00000c
#define CLKDIVN   0x4c000014
#define NFCONF    0x4e000000
#define NFCONT    0x4e000004
#define NFCMD     0x4e000008
#define NFADDR    0x4e00000c
#define NFDATA    0x4e000010
#define NFSTAT    0x4e000020
#define NFMECC0   0x4e00002c
#define UART0     0x50000000
#define WTCON     0x53000000
#define GPIO      0x56000000

enum { BOOT_MAGIC = 0x31544259, BOOT_TABLE = 4096, BOOT_TEXT = 384 }; /* "YBT1" */
struct boot_table {
    uint32_t magic, machine;
    uint32_t kernel, kernel_bytes; /* offsets in the flash */
    uint32_t initrd, initrd_bytes; /* 0 bytes: none */
    uint32_t reserved[2];
    char text[BOOT_TEXT]; /* the kernel's command line */
};

#endif
