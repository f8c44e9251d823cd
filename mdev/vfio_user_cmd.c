// SPDX-License-Identifier: MIT
//
// The table of vfio-user commands with their payload limits, and the commands about the device itself:
// information, access to its regions, reset. Sizes are checked by the table before a handler runs.
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "base/bits.h"
#include "base/checked.h"
#include "mdev/vfio_user_priv.h"

static uint64_t region_bytes(const struct vfu *v, uint32_t index)
{
    return index < PCI_BARS              ? v->pci.bar_bytes[index]
           : index == VFU_REGION_CONFIG ? PCI_CONFIG_BYTES
                                         : 0;
}

static int device_info(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_device_info info;
    void *out;
    memcpy(&info, m->data, sizeof info);
    if (info.argsz < sizeof info) {
        return -EINVAL;
    }
    info = (struct vfu_device_info){sizeof info, VFU_DEVICE_RESETS | VFU_DEVICE_PCI,
                                    VFU_REGION_COUNT, VFU_IRQ_COUNT};
    out = vfu_reply(v, sizeof info);
    if (out) {
        memcpy(out, &info, sizeof info);
    }
    return 0;
}

static int region_info(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_region_info info;
    void *out;
    memcpy(&info, m->data, sizeof info);
    if (info.argsz < sizeof info || info.index >= VFU_REGION_COUNT) {
        return -EINVAL;
    }
    info.argsz = sizeof info;
    info.cap_offset = 0;
    info.offset = 0;
    info.size = region_bytes(v, info.index);
    info.flags = info.size ? VFU_REGION_R | VFU_REGION_W : 0;
    out = vfu_reply(v, sizeof info);
    if (out) {
        memcpy(out, &info, sizeof info);
    }
    return 0;
}

// One region offers one: the bell's eventfd. A client without room for it is told how much it needs.
static int region_io_fds(struct vfu *v, const struct vfu_msg *m)
{
    const struct vfu_io_fd bell = {PCI_BELL, PCI_BELL_BYTES, 0, VFU_IO_FD_IOEVENTFD, 0, 0, 0};
    struct vfu_region_io_fds io;
    uint8_t *out;
    bool room;
    memcpy(&io, m->data, sizeof io);
    if (io.argsz < sizeof io || io.flags || io.index >= VFU_REGION_COUNT || io.count) {
        return -EINVAL;
    }
    room = io.argsz >= sizeof io + sizeof bell;
    io.argsz = sizeof io;
    if (io.index == PCI_MSIX_BAR) {
        io.argsz += (uint32_t)sizeof bell;
        io.count = 1;
        if (room && v->bell < 0) {
            v->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
            if (v->bell < 0) {
                return -errno;
            }
        }
    }
    out = vfu_reply(v, sizeof io + (io.count && room ? sizeof bell : 0));
    if (!out) {
        return -ENOMEM;
    }
    memcpy(out, &io, sizeof io);
    if (io.count && room) {
        memcpy(out + sizeof io, &bell, sizeof bell);
        v->out_fd = v->bell;
    }
    return 0;
}

// Reads the write pointer from where the guest said that it is. Guests may say anything.
static void ring_bell(struct vfu *v)
{
    uint64_t at = get_le64(v->pci.msix + PCI_BELL_ADDRESS);
    uint8_t word[4];
    if (!at || at & 3 || (v->state != VFU_STATE_RUNNING && v->state != VFU_STATE_PRE_COPY)) {
        return;
    }
    for (unsigned i = 0; i < v->nmaps; i++) {
        const struct vfu_map *w = &v->maps[i];
        // not where memory is only reached by messages: the bell would wait for the client
        if (w->hva && !w->base && at >= w->gpa && range_ok(at - w->gpa, 4, w->bytes)) {
            memcpy(word, (const uint8_t *)w->hva + (at - w->gpa), sizeof word);
            if (!v->remote.windows || !vfu_remote_write(v, 0x01c5 * 4, get_le32(word))) {
                vgpu_region_write(v->vgpu, VGPU_REGION_MMIO, 0x01c5 * 4, word, sizeof word);
            }
            return;
        }
    }
}

void vfu_bell(struct vfu *v)
{
    uint64_t n;
    struct iovec iov = {&n, sizeof n};
    // the client has this descriptor, too, and may have made it one that waits
    if (v->bell >= 0 && preadv2(v->bell, &iov, 1, -1, RWF_NOWAIT) == sizeof n) {
        ring_bell(v);
    }
}

static void write_bar1(struct vfu *v, const struct vfu_region_access *a, const uint8_t *data)
{
    bool bell = false;
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t at = a->offset + i;
        if (at < 16 || (at >= PCI_BELL_ADDRESS && at < PCI_BELL_ADDRESS + 8)) {
            v->pci.msix[at] = data[i]; // pending bits are read only
        }
        bell = bell || (at >= PCI_BELL && at < PCI_BELL + PCI_BELL_BYTES);
    }
    if (bell) {
        ring_bell(v);
    }
}

static int check_access(const struct vfu *v, const struct vfu_region_access *a)
{
    return a->count && a->count <= v->xfer_max &&
                   range_ok(a->offset, a->count, region_bytes(v, a->region))
               ? 0
               : -EINVAL;
}

// Registers are words: a smaller read takes its bytes out of the word.
static int read_window(struct vfu *v, uint64_t off, uint8_t *out, uint32_t n)
{
    while (n) {
        uint8_t word[4];
        uint32_t in = off & 3, take = 4 - in < n ? 4 - in : n;
        int rc = vgpu_region_read(v->vgpu, VGPU_REGION_MMIO, off - in, word, sizeof word);
        if (rc) {
            return rc;
        }
        if (v->holding) {
            put_le32(word, vfu_remote_read(v, off - in, get_le32(word)));
        }
        memcpy(out, word + in, take);
        out += take;
        off += take;
        n -= take;
    }
    return 0;
}

static int write_region(struct vfu *v, const struct vfu_region_access *a, const uint8_t *data)
{
    int rc = 0;
    if (a->region == VFU_REGION_CONFIG) {
        pci_config_write(&v->pci, a->offset, data, a->count);
        return 0;
    }
    if (a->region == VFU_REGION_BAR1) {
        write_bar1(v, a, data);
        return 0;
    }
    if ((a->offset | a->count) & 3) {
        return -EINVAL;
    }
    if (v->state != VFU_STATE_RUNNING && v->state != VFU_STATE_PRE_COPY) {
        return -EBUSY;
    }
    for (uint32_t i = 0; !rc && i < a->count; i += 4) {
        if (v->remote.windows && vfu_remote_write(v, a->offset + i, get_le32(data + i))) {
            continue;
        }
        rc = vgpu_region_write(v->vgpu, VGPU_REGION_MMIO, a->offset + i, data + i, 4);
    }
    return rc;
}

static int region_read(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_region_access a;
    uint8_t *out;
    int rc;
    memcpy(&a, m->data, sizeof a);
    rc = check_access(v, &a);
    if (rc) {
        return rc;
    }
    out = vfu_reply(v, sizeof a + a.count);
    if (!out) {
        return -ENOMEM;
    }
    memcpy(out, &a, sizeof a);
    out += sizeof a;
    if (a.region == VFU_REGION_CONFIG) {
        pci_config_read(&v->pci, a.offset, out, a.count);
        return 0;
    }
    if (a.region == VFU_REGION_BAR1) {
        memcpy(out, v->pci.msix + a.offset, a.count);
        return 0;
    }
    return read_window(v, a.offset, out, a.count);
}

static int region_write(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_region_access a;
    void *out;
    int rc;
    memcpy(&a, m->data, sizeof a);
    rc = m->n - sizeof a == a.count ? check_access(v, &a) : -EINVAL;
    if (!rc) {
        rc = write_region(v, &a, m->data + sizeof a);
    }
    out = rc ? NULL : vfu_reply(v, sizeof a);
    if (out) {
        memcpy(out, &a, sizeof a);
    }
    return rc;
}

static int region_write_multi(struct vfu *v, const struct vfu_msg *m)
{
    uint64_t n;
    void *out;
    memcpy(&n, m->data, sizeof n);
    if ((m->n - sizeof n) % sizeof(struct vfu_write_multi) ||
        n != (m->n - sizeof n) / sizeof(struct vfu_write_multi)) {
        return -EINVAL;
    }
    for (uint64_t i = 0; i < n; i++) {
        struct vfu_write_multi w;
        struct vfu_region_access a;
        int rc;
        memcpy(&w, m->data + sizeof n + i * sizeof w, sizeof w);
        a = (struct vfu_region_access){w.offset, w.region, w.count};
        rc = w.count <= sizeof w.data ? check_access(v, &a) : -EINVAL;
        if (!rc) {
            rc = write_region(v, &a, w.data);
        }
        if (rc) {
            return rc;
        }
    }
    out = vfu_reply(v, sizeof n);
    if (out) {
        memcpy(out, &n, sizeof n);
    }
    return 0;
}

static int device_reset(struct vfu *v, const struct vfu_msg *m)
{
    (void)m;
    vfu_remote_abort(v);
    vgpu_reset(v->vgpu);
    pci_reset(&v->pci);
    vfu_mig_reset(v);
    return 0;
}

static const struct {
    uint32_t min, max; // payload bytes
    unsigned fds;      // most descriptors that make sense
    vfu_handler *fn;
} commands[VFU_COMMAND_LIMIT] = {
    [VFU_VERSION] = {sizeof(struct vfu_version), 4096, 0, vfu_cmd_version},
    [VFU_DMA_MAP] = {sizeof(struct vfu_dma_map), sizeof(struct vfu_dma_map), 1, vfu_cmd_dma_map},
    [VFU_DMA_UNMAP] = {sizeof(struct vfu_dma_unmap), sizeof(struct vfu_dma_unmap), 0,
                       vfu_cmd_dma_unmap},
    [VFU_DEVICE_GET_INFO] = {sizeof(struct vfu_device_info), sizeof(struct vfu_device_info), 0,
                             device_info},
    [VFU_GET_REGION_INFO] = {sizeof(struct vfu_region_info), sizeof(struct vfu_region_info), 0,
                             region_info},
    [VFU_GET_REGION_IO_FDS] = {sizeof(struct vfu_region_io_fds), sizeof(struct vfu_region_io_fds),
                               0, region_io_fds},
    [VFU_GET_IRQ_INFO] = {sizeof(struct vfu_irq_info), sizeof(struct vfu_irq_info), 0,
                          vfu_cmd_irq_info},
    [VFU_SET_IRQS] = {sizeof(struct vfu_irq_set), sizeof(struct vfu_irq_set) + 1, VFU_FDS_MAX,
                      vfu_cmd_set_irqs},
    [VFU_REGION_READ] = {sizeof(struct vfu_region_access), sizeof(struct vfu_region_access), 0,
                         region_read},
    [VFU_REGION_WRITE] = {sizeof(struct vfu_region_access), VFU_MSG_MAX, 0, region_write},
    [VFU_DEVICE_RESET] = {0, 0, 0, device_reset},
    [VFU_REGION_WRITE_MULTI] = {sizeof(uint64_t), VFU_MSG_MAX, 0, region_write_multi},
    [VFU_DEVICE_FEATURE] = {sizeof(struct vfu_feature), VFU_MSG_MAX, 0, vfu_cmd_feature},
    [VFU_MIG_DATA_READ] = {sizeof(struct vfu_mig_data), sizeof(struct vfu_mig_data), 0,
                           vfu_cmd_mig_read},
    [VFU_MIG_DATA_WRITE] = {sizeof(struct vfu_mig_data), VFU_MSG_MAX, 0, vfu_cmd_mig_write},
};

int vfu_dispatch(struct vfu *v, const struct vfu_msg *m)
{
    uint16_t c = m->h.command;
    if (c >= ARRAY_LEN(commands) || !commands[c].fn) {
        return -ENOTSUP;
    }
    if (m->n < commands[c].min || m->n > commands[c].max || m->nfds > commands[c].fds ||
        (c != VFU_VERSION && !v->negotiated)) {
        return -EINVAL;
    }
    return commands[c].fn(v, m);
}
