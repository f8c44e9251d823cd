// SPDX-License-Identifier: MIT
//
// Configuration space of the vGPU's PCI function (PCI Local Bus 3.0, chapter 6; MSI-X 6.8.2): a 3D
// controller with the register window in BAR 0 and one MSI-X vector in BAR 1. Vendor 0x1234 is in no
// company's hands and is what virtual devices use. No power management and no PCI Express capability.
#include "mdev/pci.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

struct pci_row {
    uint16_t off;
    uint8_t bytes;
    uint32_t reset, writable;
    const char *name;
};

static const struct pci_row rows[] = {
    {0x00, 2, 0x1234, 0, "vendor"},
    {0x04, 2, 0x0000, 0x0406, "command: memory, bus master, INTx disable"},
    {0x06, 2, 0x0010, 0, "status: capability list"},
    {0x08, 1, 0x01, 0, "revision"},
    {0x09, 1, 0x00, 0, "programming interface"},
    {0x0a, 2, 0x0302, 0, "class: display, 3D controller"},
    {0x0c, 1, 0x00, 0xff, "cache line"},
    {0x2c, 2, 0x1234, 0, "subsystem vendor"},
    {0x34, 1, PCI_MSIX_CAP, 0, "first capability"},
    {0x3c, 1, 0x00, 0xff, "interrupt line"},
    {0x3d, 1, 0x01, 0, "interrupt pin: INTA"},
    {PCI_MSIX_CAP, 1, 0x11, 0, "MSI-X capability"},
    {PCI_MSIX_CAP + 1, 1, 0x00, 0, "next capability"},
    {PCI_MSIX_CAP + 2, 2, 0x0000, 0xc000, "MSI-X control: 1 vector; enable, function mask"},
    {PCI_MSIX_CAP + 4, 4, PCI_MSIX_BAR, 0, "MSI-X table at 0 of its BAR"},
    {PCI_MSIX_CAP + 8, 4, PCI_MSIX_PBA | PCI_MSIX_BAR, 0, "MSI-X pending bits"},
};

static void put(uint8_t *space, unsigned off, unsigned bytes, uint32_t v)
{
    for (unsigned i = 0; i < bytes; i++) {
        space[off + i] = (uint8_t)(v >> 8 * i);
    }
}

void pci_reset(struct pci_function *fn)
{
    uint16_t device = get_le16(fn->config + 2), sub = get_le16(fn->config + 0x2e);
    memset(fn->config, 0, sizeof fn->config);
    memset(fn->msix, 0, sizeof fn->msix);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        put(fn->config, rows[i].off, rows[i].bytes, rows[i].reset);
    }
    put_le16(fn->config + 2, device);
    put_le16(fn->config + 0x2e, sub);
    fn->msix[12] = 1; // vector control: masked
}

int pci_init(struct pci_function *fn, unsigned device, uint64_t bar0_bytes, struct err *err)
{
    memset(fn, 0, sizeof *fn);
    if (bar0_bytes < 16 || bar0_bytes > 1u << 30 || (bar0_bytes & (bar0_bytes - 1))) {
        return err_set(err, -EINVAL, "a BAR of %llu bytes: must be a power of two of at most 1 GiB",
                       (unsigned long long)bar0_bytes);
    }
    fn->bar_bytes[0] = bar0_bytes;
    fn->bar_bytes[PCI_MSIX_BAR] = PCI_MSIX_BYTES;
    put_le16(fn->config + 2, (uint16_t)device);
    put_le16(fn->config + 0x2e, (uint16_t)device);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        put(fn->writable, rows[i].off, rows[i].bytes, rows[i].writable);
    }
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (fn->bar_bytes[i]) {
            put(fn->writable, 0x10 + 4 * i, 4, ~((uint32_t)fn->bar_bytes[i] - 1));
        }
    }
    pci_reset(fn);
    return 0;
}

void pci_config_read(const struct pci_function *fn, uint64_t off, void *buf, size_t n)
{
    memcpy(buf, fn->config + off, n);
}

void pci_config_write(struct pci_function *fn, uint64_t off, const void *buf, size_t n)
{
    const uint8_t *in = buf;
    for (size_t i = 0; i < n; i++) {
        uint8_t mask = fn->writable[off + i];
        fn->config[off + i] = (uint8_t)((fn->config[off + i] & ~mask) | (in[i] & mask));
    }
}
