// SPDX-License-Identifier: MIT
//
// Interrupts of the PCI function towards a client: one line, sent as INTx (level, masked by itself
// until the client unmasks) or as MSI-X vector 0 (each rising edge) through eventfds. A client that
// has enabled MSI-X gets no INTx. ERR and REQ exist and are never raised.
//
// The eventfds are the client's, which can make a write to them wait for ever. A device that shares its
// engine with others' (vfu_config.deferred) therefore never writes on the engine's thread, nor under the
// lock that this thread takes, but only notes what is due; vfu_signal, on the client's own thread, writes.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bits.h"
#include "mdev/vfio_user_priv.h"

static const struct {
    uint32_t flags, count;
} irqs[VFU_IRQ_COUNT] = {
    [VFU_IRQ_INTX] = {VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE | VFU_IRQ_AUTOMASKED, 1},
    [VFU_IRQ_MSI] = {0, 0},
    [VFU_IRQ_MSIX] = {VFU_IRQ_EVENTFD | VFU_IRQ_NORESIZE, 1},
    [VFU_IRQ_ERR] = {VFU_IRQ_EVENTFD | VFU_IRQ_NORESIZE, 1},
    [VFU_IRQ_REQ] = {VFU_IRQ_EVENTFD | VFU_IRQ_NORESIZE, 1},
};

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    if (fd >= 0 && write(fd, &one, sizeof one) != sizeof one) {
        return; // the counter is full: the client has been told often enough
    }
}

static void tell(struct vfu *v, unsigned index) // irq_lock held
{
    if (v->kick < 0) {
        signal_fd(v->irq_fd[index]);
    } else {
        atomic_fetch_or(&v->due, 1u << index);
        signal_fd(v->kick);
    }
}

void vfu_raise(struct vfu *v)
{
    if (v->irq_fd[VFU_IRQ_MSIX] >= 0) {
        tell(v, VFU_IRQ_MSIX);
    } else if (v->irq_fd[VFU_IRQ_INTX] >= 0 && !v->intx_masked) {
        v->intx_masked = true;
        tell(v, VFU_IRQ_INTX);
    }
}

void vfu_unblock(struct vfu *v)
{
    uint64_t n;
    struct iovec iov = {&n, sizeof n};
    for (unsigned i = 0; i < VFU_IRQ_COUNT; i++) {
        int fd = v->irq_fd[i];
        if (fd >= 0 && preadv2(fd, &iov, 1, -1, RWF_NOWAIT) < 0) {
            continue; // nothing in it: nobody waits
        }
    }
}

int vfu_signal_fd(const struct vfu *v)
{
    return v->kick;
}

void vfu_signal(struct vfu *v)
{
    uint64_t n;
    uint32_t due;
    if (v->kick < 0) {
        return;
    }
    if (read(v->kick, &n, sizeof n) < 0) {
        n = 0; // noted, and the kick is on its way
    }
    due = atomic_exchange(&v->due, 0);
    for (unsigned i = 0; i < VFU_IRQ_COUNT; i++) {
        if (due >> i & 1) {
            signal_fd(v->irq_fd[i]); // changed by this thread alone
        }
    }
}

static void on_irq(struct vgpu_client *client, unsigned index, bool level)
{
    struct vfu *v = container_of(client, struct vfu, client);
    (void)index;
    pthread_mutex_lock(&v->irq_lock);
    v->level = level;
    if (level && !v->holding) {
        vfu_raise(v);
    }
    pthread_mutex_unlock(&v->irq_lock);
}

const struct vgpu_client_ops vfu_client_ops = {on_irq};

static void assign(struct vfu *v, uint32_t index, int fd) // irq_lock held
{
    if (v->irq_fd[index] >= 0) {
        close(v->irq_fd[index]);
    }
    v->irq_fd[index] = fd;
    if (index == VFU_IRQ_INTX) {
        v->intx_masked = false;
    }
    if (fd >= 0 && v->level && (index == VFU_IRQ_INTX || index == VFU_IRQ_MSIX)) {
        vfu_raise(v);
    }
}

void vfu_close_irqs(struct vfu *v)
{
    pthread_mutex_lock(&v->irq_lock);
    for (uint32_t i = 0; i < VFU_IRQ_COUNT; i++) {
        assign(v, i, -1);
    }
    pthread_mutex_unlock(&v->irq_lock);
}

int vfu_cmd_irq_info(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_irq_info info;
    void *out;
    memcpy(&info, m->data, sizeof info);
    if (info.argsz < sizeof info || info.index >= VFU_IRQ_COUNT) {
        return -EINVAL;
    }
    info.argsz = sizeof info;
    info.flags = irqs[info.index].flags;
    info.count = irqs[info.index].count;
    out = vfu_reply(v, sizeof info);
    if (out) {
        memcpy(out, &info, sizeof info);
    }
    return 0;
}

// The engine's thread writes to it, so it must be what cannot block.
static int check_eventfd(int fd)
{
    char link[48], target[64];
    ssize_t n;
    int flags;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, target, sizeof target - 1);
    if (n < 0) {
        return -EINVAL;
    }
    target[n] = 0;
    flags = fcntl(fd, F_GETFL);
    if (strcmp(target, "anon_inode:[eventfd]") || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -EINVAL;
    }
    return 0;
}

static int trigger(struct vfu *v, const struct vfu_irq_set *set, const struct vfu_msg *m)
{
    int rc;
    switch (set->flags & VFU_SET_DATA) {
    case VFU_SET_EVENTFD:
        if (m->nfds == 0) {
            assign(v, set->index, -1);
            return 0;
        }
        rc = check_eventfd(m->fds[0]);
        if (!rc) {
            assign(v, set->index, m->fds[0]);
            m->fds[0] = -1;
        }
        return rc;
    case VFU_SET_BOOL:
        if (!m->data[sizeof *set]) {
            return 0;
        }
        break;
    default:
        break;
    }
    tell(v, set->index); // a test of the way to the guest
    return 0;
}

static int mask(struct vfu *v, const struct vfu_irq_set *set, const struct vfu_msg *m)
{
    bool on = (set->flags & VFU_SET_ACTION) == VFU_SET_MASK;
    if (!(irqs[set->index].flags & VFU_IRQ_MASKABLE) ||
        (set->flags & VFU_SET_DATA) == VFU_SET_EVENTFD) {
        return -EINVAL;
    }
    if ((set->flags & VFU_SET_DATA) == VFU_SET_BOOL && !m->data[sizeof *set]) {
        return 0;
    }
    v->intx_masked = on;
    if (!on && v->level) {
        vfu_raise(v);
    }
    return 0;
}

int vfu_cmd_set_irqs(struct vfu *v, const struct vfu_msg *m)
{
    struct vfu_irq_set set;
    uint32_t data, action, count;
    size_t extra;
    int rc;

    memcpy(&set, m->data, sizeof set);
    data = set.flags & VFU_SET_DATA;
    action = set.flags & VFU_SET_ACTION;
    if (set.argsz < sizeof set || (set.flags & ~(uint32_t)(VFU_SET_DATA | VFU_SET_ACTION)) ||
        !data || (data & (data - 1)) || !action || (action & (action - 1)) ||
        set.index >= VFU_IRQ_COUNT) {
        return -EINVAL;
    }
    count = irqs[set.index].count;
    if (set.start > count || set.count > count - set.start) {
        return -EINVAL;
    }
    extra = data == VFU_SET_BOOL ? set.count : 0;
    if (m->n != sizeof set + extra ||
        (m->nfds && (data != VFU_SET_EVENTFD || m->nfds != set.count))) {
        return -EINVAL;
    }
    if (set.count == 0 && (data != VFU_SET_NONE || action != VFU_SET_TRIGGER || set.start)) {
        return -EINVAL;
    }
    pthread_mutex_lock(&v->irq_lock);
    if (set.count == 0) {
        assign(v, set.index, -1);
        rc = 0;
    } else {
        rc = action == VFU_SET_TRIGGER ? trigger(v, &set, m) : mask(v, &set, m);
    }
    pthread_mutex_unlock(&v->irq_lock);
    return rc;
}
