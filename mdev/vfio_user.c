// SPDX-License-Identifier: MIT
//
// The vfio-user server's connection: framing, file descriptors, replies, one message at a time, as the
// protocol's specification (QEMU, docs/interop) says. Whatever a client sends ends in a reply or in the
// loss of its connection, and every descriptor it sent is either kept by a handler or closed. Leaves
// out the second socket (twin_socket).
#include "mdev/vfio_user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/vfio_user_priv.h"

// A message is read in one call when the one before was a region access: the next is likely another. No
// message that may carry descriptors is shorter than GUESS_MAX, so that what is read too much never
// takes another message's.
enum { IN_ROOM = 4096, GUESS_MAX = VFU_HEADER_BYTES + (int)sizeof(struct vfu_irq_set) };

static const struct vgpu_type *type_of(const char *name)
{
    const struct vgpu_type *t;
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        if (!strcmp(t->name, name)) {
            break;
        }
    }
    return t;
}

struct vfu *vfu_create(const struct vfu_config *cfg, struct err *err)
{
    const struct vgpu_type *type = type_of(cfg->type);
    struct vgpu_config gc = {
        .type = cfg->type, .name = cfg->name, .weight = cfg->weight, .log = cfg->log};
    struct vgpu_region_info window = {0};
    struct vfu *v = calloc(1, sizeof *v);

    if (!v) {
        err_set(err, -ENOMEM, "no memory for a vfio-user device");
        return NULL;
    }
    v->sock = v->bell = v->out_fd = v->kick = -1;
    v->state = VFU_STATE_RUNNING;
    v->log = cfg->log;
    v->client.ops = &vfu_client_ops;
    pthread_mutex_init(&v->irq_lock, NULL);
    for (unsigned i = 0; i < VFU_IRQ_COUNT; i++) {
        v->irq_fd[i] = -1;
    }
    v->in_room = IN_ROOM;
    v->out_room = IN_ROOM;
    v->in = malloc(v->in_room);
    v->out = malloc(v->out_room);
    if (cfg->deferred) {
        v->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (!v->in || !v->out || (cfg->deferred && v->kick < 0)) {
        err_set(err, -ENOMEM, "no memory for a vfio-user device");
        vfu_destroy(v);
        return NULL;
    }
    gc.client = &v->client;
    v->vgpu = vgpu_create(cfg->mdev, &gc, err);
    // "a200" read as hexadecimal is the PCI device number
    if (!v->vgpu || vgpu_region_info(v->vgpu, VGPU_REGION_MMIO, &window) ||
        pci_init(&v->pci, (unsigned)strtoul(type->profile, NULL, 16), window.size, err)) {
        vfu_destroy(v);
        return NULL;
    }
    return v;
}

void vfu_destroy(struct vfu *v)
{
    if (!v) {
        return;
    }
    vfu_detach(v);
    vfu_mig_reset(v);
    if (v->vgpu) {
        vgpu_destroy(v->vgpu);
    }
    if (v->kick >= 0) {
        close(v->kick);
    }
    pthread_mutex_destroy(&v->irq_lock);
    free(v->in);
    free(v->out);
    free(v);
}

int vfu_attach(struct vfu *v, int sock)
{
    int flags = fcntl(sock, F_GETFL);
    if (v->sock >= 0) {
        return -EBUSY;
    }
    if (flags < 0 || fcntl(sock, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -errno;
    }
    v->sock = sock;
    v->negotiated = false;
    v->xfer_max = VFU_XFER_MAX;
    v->in_have = v->out_left = v->nfds = v->skip = v->guess = 0;
    v->fds_lost = false;
    v->out_fd = -1;
    v->stats.attaches++;
    return 0;
}

static void close_fds(struct vfu *v)
{
    for (unsigned i = 0; i < v->nfds; i++) {
        if (v->fds[i] >= 0) {
            close(v->fds[i]);
        }
    }
    v->nfds = 0;
    v->fds_lost = false;
}

void vfu_detach(struct vfu *v)
{
    if (v->sock < 0) {
        return;
    }
    close(v->sock);
    v->sock = -1;
    if (v->bell >= 0) {
        close(v->bell);
        v->bell = -1;
    }
    close_fds(v);
    vfu_close_irqs(v);
    vfu_remote_abort(v);
    vfu_unmap_all(v);
    vfu_log_end(v);
}

int vfu_fd(const struct vfu *v)
{
    return v->sock;
}

short vfu_events(const struct vfu *v)
{
    return v->out_left ? POLLOUT : POLLIN;
}

int vfu_bell_fd(const struct vfu *v)
{
    return v->bell;
}

int vfu_timeout_ms(const struct vfu *v)
{
    return v->remote.phase == VFU_REMOTE_IDLE ? -1 : v->remote.waiting ? 1000 : 1;
}

bool vfu_attached(const struct vfu *v)
{
    return v->sock >= 0;
}

struct vgpu *vfu_vgpu(struct vfu *v)
{
    return v->vgpu;
}

void vfu_stats(const struct vfu *v, struct vfu_stats *out)
{
    *out = v->stats;
    out->dma_maps = v->nmaps;
}

void *vfu_reply(struct vfu *v, size_t n)
{
    size_t need = VFU_HEADER_BYTES + v->out_n + n;
    void *at;
    if (need > v->out_room) {
        size_t room = align_up(need, 4096);
        uint8_t *p = realloc(v->out, room);
        if (!p) {
            v->out_failed = true;
            return NULL;
        }
        v->out = p;
        v->out_room = room;
    }
    at = v->out + VFU_HEADER_BYTES + v->out_n;
    memset(at, 0, n);
    v->out_n += n;
    return at;
}

static ssize_t send_some(struct vfu *v)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {v->out + v->out_at, v->out_left};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                        .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
    ssize_t n;
    if (v->out_fd < 0) {
        return send(v->sock, v->out + v->out_at, v->out_left, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof v->out_fd);
    memcpy(CMSG_DATA(c), &v->out_fd, sizeof v->out_fd);
    n = sendmsg(v->sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        v->out_fd = -1;
    }
    return n;
}

// 0: all sent; 1: the socket is full; -ENOTCONN.
static int flush(struct vfu *v)
{
    while (v->out_left) {
        ssize_t n = send_some(v);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN ? 1 : -ENOTCONN;
        }
        v->out_at += (size_t)n;
        v->out_left -= (size_t)n;
        v->stats.bytes_out += (uint64_t)n;
    }
    return 0;
}

static void finish_reply(struct vfu *v, const struct vfu_header *h, int rc)
{
    struct vfu_header r = {h->id, h->command, 0, VFU_TYPE_REPLY, 0};
    if (v->out_failed) {
        rc = -ENOMEM;
    }
    if (rc) {
        v->stats.errors++;
        v->out_n = 0;
        v->out_fd = -1;
        r.flags |= VFU_ERROR;
        r.error = (uint32_t)-rc;
        TRACE(v->log, vgpu, "vfio-user: command %u refused: %s", h->command, strerror(-rc));
    }
    r.size = (uint32_t)(VFU_HEADER_BYTES + v->out_n);
    memcpy(v->out, &r, sizeof r);
    v->out_at = 0;
    v->out_left = h->flags & VFU_NO_REPLY ? 0 : r.size;
    v->out_fd = v->out_left ? v->out_fd : -1;
}

static void take_fds(struct vfu *v, struct msghdr *mh)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
        unsigned n;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (v->nfds < VFU_FDS_MAX) {
                v->fds[v->nfds++] = fd;
            } else {
                close(fd);
                v->fds_lost = true;
            }
        }
    }
    if (mh->msg_flags & MSG_CTRUNC) {
        v->fds_lost = true;
    }
}

// Bytes read, 0 when none is there, -ENOTCONN.
static ssize_t fill(struct vfu *v, void *buf, size_t n)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * VFU_FDS_MAX)];
    } control;
    struct iovec iov = {buf, n};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                        .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(v->sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno == EAGAIN ? 0 : -ENOTCONN;
    }
    take_fds(v, &mh);
    v->stats.bytes_in += (uint64_t)got;
    return got ? got : -ENOTCONN;
}

static int make_room(struct vfu *v, size_t size)
{
    if (size > v->in_room) {
        uint8_t *p = realloc(v->in, size);
        if (!p) {
            return -ENOMEM;
        }
        v->in = p;
        v->in_room = size;
    }
    return 0;
}

static int drop(struct vfu *v)
{
    while (v->skip) {
        uint32_t n = v->skip < v->in_room ? v->skip : (uint32_t)v->in_room;
        ssize_t got = fill(v, v->in, n);
        if (got <= 0) {
            return (int)got;
        }
        v->skip -= (uint32_t)got;
        close_fds(v);
    }
    return 1;
}

// The next whole message into v->in. 1, 0 when it is not there yet, -ENOTCONN. A message that is too
// large is answered, and its rest dropped as it comes. More than the message may be there.
static int receive(struct vfu *v, struct vfu_header *h)
{
    for (;;) {
        size_t want = v->guess;
        ssize_t got;
        if (v->in_have >= VFU_HEADER_BYTES) {
            memcpy(h, v->in, sizeof *h);
            if (h->size < VFU_HEADER_BYTES) {
                return -ENOTCONN; // where the next message starts cannot be known
            }
            if (h->size > VFU_MSG_MAX || make_room(v, h->size)) {
                v->skip = h->size - (uint32_t)v->in_have;
                v->in_have = 0;
                close_fds(v);
                v->out_n = 0;
                v->out_failed = false;
                finish_reply(v, h, -EINVAL);
                return 0;
            }
            want = h->size;
        } else if (want < VFU_HEADER_BYTES || v->in_have) {
            want = VFU_HEADER_BYTES;
        }
        if (v->in_have >= VFU_HEADER_BYTES && v->in_have >= want) {
            return 1;
        }
        got = fill(v, v->in + v->in_have, want - v->in_have);
        if (got <= 0) {
            return (int)got;
        }
        v->in_have += (size_t)got;
    }
}

// Descriptors that came with bytes of the next message are the next message's.
static void next_message(struct vfu *v, const struct vfu_header *h)
{
    size_t more = v->in_have - h->size;
    bool access = h->command == VFU_REGION_READ || h->command == VFU_REGION_WRITE;
    v->guess = !access ? 0 : h->size < GUESS_MAX ? h->size : GUESS_MAX;
    if (more) {
        memmove(v->in, v->in + h->size, more);
    } else {
        close_fds(v);
    }
    v->in_have = more;
}

static void handle(struct vfu *v, const struct vfu_header *h)
{
    const bool more = v->in_have > h->size; // then the descriptors are not this message's
    struct vfu_msg m = {*h, v->in + VFU_HEADER_BYTES, h->size - VFU_HEADER_BYTES, v->fds,
                        more ? 0 : v->nfds};
    int rc = -EINVAL;

    v->stats.messages++;
    v->out_n = 0;
    v->out_failed = false;
    if ((h->flags & VFU_TYPE_MASK) == VFU_TYPE_REPLY) {
        vfu_remote_reply(v, h, m.data, m.n);
        return;
    }
    if ((h->flags & VFU_TYPE_MASK) == VFU_TYPE_COMMAND && (more || !v->fds_lost)) {
        rc = vfu_dispatch(v, &m);
    }
    finish_reply(v, h, rc);
}

int vfu_step(struct vfu *v)
{
    struct vfu_header h;
    int rc;
    if (v->sock < 0) {
        return -ENOTCONN;
    }
    rc = flush(v);
    if (rc > 0) {
        return 0;
    }
    if (!rc) {
        rc = drop(v);
    }
    if (rc == 1) {
        rc = receive(v, &h);
        if (rc == 1) {
            handle(v, &h);
            next_message(v, &h);
        }
        if (rc >= 0 && v->remote.phase != VFU_REMOTE_IDLE && vfu_remote_next(v) < 0) {
            rc = -ENOTCONN;
        }
        if (atomic_load(&v->due)) {
            vfu_signal(v); // a reply that shows work done comes after its interrupt
        }
        if (rc >= 0 && flush(v) < 0) {
            rc = -ENOTCONN;
        }
    }
    if (rc < 0) {
        vfu_detach(v);
    }
    return rc;
}
