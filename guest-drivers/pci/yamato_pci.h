/* SPDX-License-Identifier: MIT */
/*
 * What the driver of Yamato's PCI function offers to programs through /dev/yamatoN:
 *   mmap at YAMATO_PCI_REGISTERS   the register window (BAR 0)
 *   mmap at YAMATO_PCI_MEMORY      memory that the device reaches at info.memory_pa
 *   read of 4 bytes                waits for an interrupt; their number since the driver started
 *   poll                           readable when one came since the last read
 */
#ifndef YAMATO_PCI_H
#define YAMATO_PCI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct yamato_pci_info {
	__u64 memory_pa;
	__u32 memory_bytes;
	__u32 register_bytes;
	__u32 device;      /* PCI device number: 0xa200 for the Adreno 200 */
	__u32 interrupts;  /* so far */
};

#define YAMATO_PCI_INFO _IOR('Y', 0, struct yamato_pci_info)
#define YAMATO_PCI_REGISTERS 0u
#define YAMATO_PCI_MEMORY 0x10000000u

#endif
