// SPDX-License-Identifier: MIT
//
// The PCI function that carries a vGPU into a stranger's VMM: configuration space, BARs and the MSI-X
// structures, from tables; and a doorbell of our own. The register window itself is the vGPU's region 0 and is not kept here.
#ifndef MDEV_PCI_H
#define MDEV_PCI_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum {
    PCI_CONFIG_BYTES = 256,
    PCI_BARS = 6,
    PCI_MSIX_BAR = 1,
    PCI_MSIX_BYTES = 4096,    // BAR 1: table at 0, pending bits at 0x800
    PCI_MSIX_PBA = 0x800,
    PCI_MSIX_CAP = 0x40,
    // In the same BAR, a doorbell whose value does not matter, so that it can be an ioeventfd: any write
    // to BELL makes the device read its ring's write pointer from the guest's memory, at the physical
    // address in BELL_ADDRESS (64 bits, 0: nowhere). CP_RB_WPTR goes on working beside it.
    PCI_BELL = 0xc00,
    PCI_BELL_BYTES = 4,
    PCI_BELL_ADDRESS = 0xc08,
};

struct pci_function {
    uint8_t config[PCI_CONFIG_BYTES], writable[PCI_CONFIG_BYTES];
    uint64_t bar_bytes[PCI_BARS];   // 0: not there
    uint8_t msix[PCI_MSIX_BYTES];
};

// Sets up the function for a chip ("a200" gives device 0xa200). `bar0_bytes` is the register window's
// size; -EINVAL when it is not a power of two, which no VMM could map.
int pci_init(struct pci_function *fn, unsigned device, uint64_t bar0_bytes, struct err *err);
// Back to reset values.
void pci_reset(struct pci_function *fn);
// Configuration space; the caller has checked that [off, off + n) lies inside.
void pci_config_read(const struct pci_function *fn, uint64_t off, void *buf, size_t n);
void pci_config_write(struct pci_function *fn, uint64_t off, const void *buf, size_t n);

#endif
