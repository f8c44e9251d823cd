// SPDX-License-Identifier: MIT
//
// A vfio-user client for our own devices: one request at a time over a blocking socket, writes without
// reply where nothing depends on it. The interrupt is INTx: it says that the line went up; after a
// register write that could have acknowledged it, the line goes down here and the device is asked to
// say again if it is still up (unmask). A connection that breaks is made again (see the header).
#include "mdev/vfio_user_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "mdev/vfio_user_wire.h"
#include "mdev/vgpu.h"

// The registers whose write may lower the line (dword offsets): acknowledge, clear, masks, reset.
static const uint16_t lowering[] = {0x01f2, 0x01f4, 0x0a42, 0x0a44, 0x003c};

enum {
    WINDOWS_MAX = 32,
    REG_SOFT_RESET = 0x003c,
    REG_RPTR = 0x01c4,
    REG_WPTR = 0x01c5,
    REG_STATUS = 0x05d0,
    STATUS_IDLE = 0x10,
};
#define RETRY_NS 100000000ull
#define PATIENCE_S 5           // a daemon that answers nothing for so long counts as dead
#define PROGRESS_NS 2000000000ull

struct window {
    struct vfu_dma_map map;
    int fd; // borrowed
};

struct vfuc {
    struct sockaddr_un addr;
    int sock, irq, stop; // sock -1: the daemon is gone
    uint16_t id;
    unsigned reconnects;
    uint64_t tried_ns;         // last attempt to connect
    struct window windows[WINDOWS_MAX];
    unsigned nwindows;
    bool worked;               // a doorbell was rung and idleness not seen since
    uint32_t seen_rptr, wptr;
    bool lost;                 // the daemon went, and the guest has not reset the GPU since
    uint64_t progress_ns;
    struct vgpu_client *client;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock; // level, and the order of its reports
    bool level;
};

static int send_all(struct vfuc *c, const void *data, size_t n, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    const uint8_t *at = data;
    while (n) {
        struct iovec iov = {(void *)(uintptr_t)at, n};
        struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t sent;
        if (fd >= 0) {
            struct cmsghdr *cm;
            memset(&control, 0, sizeof control);
            mh.msg_control = &control;
            mh.msg_controllen = sizeof control;
            cm = CMSG_FIRSTHDR(&mh);
            cm->cmsg_level = SOL_SOCKET;
            cm->cmsg_type = SCM_RIGHTS;
            cm->cmsg_len = CMSG_LEN(sizeof fd);
            memcpy(CMSG_DATA(cm), &fd, sizeof fd);
        }
        sent = sendmsg(c->sock, &mh, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return -ENOTCONN;
        }
        fd = -1; // went with the first bytes
        at += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int recv_all(struct vfuc *c, void *data, size_t n)
{
    uint8_t *at = data;
    while (n) {
        ssize_t got = recv(c->sock, at, n, MSG_WAITALL);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return -ENOTCONN;
        }
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int gone(struct vfuc *c, int rc)
{
    if (c->sock >= 0) {
        close(c->sock);
        c->sock = -1;
        c->tried_ns = now_ns();
    }
    c->worked = false;
    c->lost = true;
    return rc;
}

// A request that gets no reply.
static int post(struct vfuc *c, uint16_t command, const void *req, size_t n)
{
    uint8_t msg[64];
    const struct vfu_header h = {++c->id, command, (uint32_t)(sizeof h + n),
                                 VFU_TYPE_COMMAND | VFU_NO_REPLY, 0};
    memcpy(msg, &h, sizeof h);
    memcpy(msg + sizeof h, req, n);
    return send_all(c, msg, h.size, -1) ? gone(c, -ENOTCONN) : 0;
}

// One request and its reply of at most `room` bytes. 0, the device's error as -errno, -ENOTCONN, or
// -EPROTO for a reply that does not fit the request.
static int call(struct vfuc *c, uint16_t command, const void *req, size_t n, int fd, void *reply,
                size_t room, size_t *got)
{
    uint8_t msg[256];
    struct vfu_header h = {++c->id, command, (uint32_t)(sizeof h + n), VFU_TYPE_COMMAND, 0};
    int rc;

    if (n > sizeof msg - sizeof h) {
        return -EMSGSIZE;
    }
    memcpy(msg, &h, sizeof h);
    if (n) {
        memcpy(msg + sizeof h, req, n);
    }
    rc = send_all(c, msg, h.size, fd);
    if (!rc) {
        rc = recv_all(c, &h, sizeof h);
    }
    if (rc) {
        return gone(c, rc);
    }
    if (h.id != c->id || h.command != command || (h.flags & VFU_TYPE_MASK) != VFU_TYPE_REPLY ||
        h.size < sizeof h || h.size - sizeof h > room) {
        return gone(c, -EPROTO); // nothing after it can be trusted
    }
    *got = h.size - sizeof h;
    if (*got && recv_all(c, reply, *got)) {
        return gone(c, -ENOTCONN);
    }
    if (h.flags & VFU_ERROR) {
        return h.error && h.error < 4096 ? -(int)h.error : -EPROTO;
    }
    return 0;
}

// Takes what the device has sent and sets the line: up if it sent something and `level` is asked for.
// Both under the lock, so that a message from before an acknowledge never raises the line after it.
static void update(struct vfuc *c, bool level)
{
    uint64_t n;
    pthread_mutex_lock(&c->lock);
    if (read(c->irq, &n, sizeof n) != sizeof n && level) {
        level = c->level; // nothing there: already taken
    }
    if (c->level != level) {
        c->level = level;
        c->client->ops->irq(c->client, 0, level);
    }
    pthread_mutex_unlock(&c->lock);
}

static void *irq_thread(void *arg)
{
    struct vfuc *c = arg;
    for (;;) {
        struct pollfd fds[2] = {{c->irq, POLLIN, 0}, {c->stop, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (fds[1].revents) {
            return NULL;
        }
        if (fds[0].revents) {
            update(c, true);
        }
    }
}

static int negotiate(struct vfuc *c)
{
    static const char json[] = "{\"capabilities\":{\"max_msg_fds\":1}}";
    uint8_t req[sizeof(struct vfu_version) + sizeof json] = {0}, reply[256];
    const struct vfu_irq_set set = {sizeof set, VFU_SET_EVENTFD | VFU_SET_TRIGGER, VFU_IRQ_INTX, 0,
                                    1};
    size_t got;
    int rc;
    memcpy(req + sizeof(struct vfu_version), json, sizeof json);
    rc = call(c, VFU_VERSION, req, sizeof req, -1, reply, sizeof reply, &got);
    if (!rc) {
        rc = call(c, VFU_DEVICE_RESET, NULL, 0, -1, NULL, 0, &got);
    }
    for (unsigned i = 0; !rc && i < c->nwindows; i++) {
        const struct window *w = &c->windows[i];
        rc = call(c, VFU_DMA_MAP, &w->map, sizeof w->map, w->fd, NULL, 0, &got);
    }
    return rc ? rc : call(c, VFU_SET_IRQS, &set, sizeof set, c->irq, NULL, 0, &got);
}

static int dial(struct vfuc *c)
{
    const struct timeval patience = {PATIENCE_S, 0};
    int rc;
    c->tried_ns = now_ns();
    c->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->sock < 0 ||
        setsockopt(c->sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(c->sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        connect(c->sock, (struct sockaddr *)&c->addr, sizeof c->addr) < 0) {
        return gone(c, -errno);
    }
    rc = negotiate(c);
    return rc ? gone(c, rc) : 0;
}

// True when there is a daemon to talk to, perhaps a new one.
static bool connected(struct vfuc *c)
{
    if (c->sock >= 0) {
        return true;
    }
    if (now_ns() - c->tried_ns < RETRY_NS) {
        return false;
    }
    update(c, false);
    if (dial(c)) {
        return false;
    }
    c->reconnects++;
    return true;
}

struct vfuc *vfuc_open(const char *path, struct vgpu_client *client, struct err *err)
{
    struct vfuc *c = calloc(1, sizeof *c);
    int rc;

    if (!c || strlen(path) >= sizeof c->addr.sun_path) {
        err_set(err, c ? -ENAMETOOLONG : -ENOMEM, "%s: cannot use this socket", path);
        free(c);
        return NULL;
    }
    c->addr.sun_family = AF_UNIX;
    memcpy(c->addr.sun_path, path, strlen(path) + 1);
    c->client = client;
    pthread_mutex_init(&c->lock, NULL);
    c->sock = -1;
    c->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->stop = eventfd(0, EFD_CLOEXEC);
    rc = c->irq < 0 || c->stop < 0 ? -errno : dial(c);
    c->lost = false;
    if (!rc) {
        rc = -pthread_create(&c->thread, NULL, irq_thread, c);
        c->threaded = !rc;
    }
    if (rc) {
        err_set(err, rc, "%s: no vfio-user device: %s", path, strerror(-rc));
        vfuc_close(c);
        return NULL;
    }
    return c;
}

void vfuc_close(struct vfuc *c)
{
    const uint64_t one = 1;
    if (!c) {
        return;
    }
    if (c->threaded && write(c->stop, &one, sizeof one) == sizeof one) {
        pthread_join(c->thread, NULL);
    }
    const int fds[] = {c->sock, c->irq, c->stop};
    for (unsigned i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int vfuc_region_read(struct vfuc *c, uint64_t off, void *buf, size_t n)
{
    const struct vfu_region_access a = {off, VFU_REGION_BAR0, (uint32_t)n};
    uint8_t reply[sizeof a + 8];
    size_t got = 0;
    int rc;
    if ((n != 4 && n != 8) || (off & 3)) {
        return -EINVAL;
    }
    if (c->lost && n == 4 && (off == REG_RPTR * 4 || off == REG_STATUS * 4)) {
        const uint32_t v = off == REG_RPTR * 4 ? c->wptr : STATUS_IDLE;
        memcpy(buf, &v, sizeof v); // nothing to wait for: only the fences will be missed
        return 0;
    }
    if (!connected(c)) {
        return -ENOTCONN;
    }
    rc = call(c, VFU_REGION_READ, &a, sizeof a, -1, reply, sizeof reply, &got);
    if (!rc && got != sizeof a + n) {
        rc = -EPROTO;
    }
    if (!rc) {
        memcpy(buf, reply + sizeof a, n);
    }
    return rc;
}

static bool may_lower(uint64_t off, size_t n)
{
    for (unsigned i = 0; i < sizeof lowering / sizeof *lowering; i++) {
        if (lowering[i] * 4ull >= off && lowering[i] * 4ull < off + n) {
            return true;
        }
    }
    return false;
}

int vfuc_region_write(struct vfuc *c, uint64_t off, const void *buf, size_t n)
{
    const struct vfu_region_access a = {off, VFU_REGION_BAR0, (uint32_t)n};
    const struct vfu_irq_set unmask = {sizeof unmask, VFU_SET_NONE | VFU_SET_UNMASK, VFU_IRQ_INTX,
                                       0, 1};
    uint8_t req[sizeof a + 8], reply[sizeof a];
    size_t got;
    int rc;
    if ((n != 4 && n != 8) || (off & 3)) {
        return -EINVAL;
    }
    if (off == REG_WPTR * 4) {
        memcpy(&c->wptr, buf, sizeof c->wptr);
        if (c->lost) {
            return 0; // a ring of which the device knows nothing
        }
    }
    if (!connected(c)) {
        return -ENOTCONN;
    }
    if (off == REG_SOFT_RESET * 4) {
        c->lost = false;
    }
    memcpy(req, &a, sizeof a);
    memcpy(req + sizeof a, buf, n);
    if (off == REG_WPTR * 4) {
        c->worked = true;
        c->progress_ns = now_ns();
    }
    if (!may_lower(off, n)) {
        return post(c, VFU_REGION_WRITE, req, sizeof a + n);
    }
    rc = call(c, VFU_REGION_WRITE, req, sizeof a + n, -1, reply, sizeof reply, &got);
    if (!rc) {
        update(c, false);
        rc = call(c, VFU_SET_IRQS, &unmask, sizeof unmask, -1, NULL, 0, &got);
    }
    return rc;
}

int vfuc_dma_map(struct vfuc *c, uint64_t gpa, uint64_t bytes, int fd, uint64_t offset,
                 unsigned prot, struct err *err)
{
    const struct vfu_dma_map m = {sizeof m,
                                  (prot & VGPU_DMA_READ ? VFU_DMA_R : 0u) |
                                      (prot & VGPU_DMA_WRITE ? VFU_DMA_W : 0u),
                                  offset, gpa, bytes};
    size_t got;
    int rc;
    if (c->nwindows == WINDOWS_MAX) {
        return err_set(err, -ENOSPC, "more than %d DMA windows", WINDOWS_MAX);
    }
    rc = call(c, VFU_DMA_MAP, &m, sizeof m, fd, NULL, 0, &got);
    if (rc) {
        return err_set(err, rc, "DMA window 0x%llx+0x%llx: %s", (unsigned long long)gpa,
                       (unsigned long long)bytes, strerror(-rc));
    }
    c->windows[c->nwindows++] = (struct window){m, fd};
    return 0;
}

int vfuc_dma_unmap(struct vfuc *c, uint64_t gpa, uint64_t bytes)
{
    const struct vfu_dma_unmap u = {sizeof u, 0, gpa, bytes};
    uint8_t reply[sizeof u];
    size_t got;
    for (unsigned i = 0; i < c->nwindows; i++) {
        if (c->windows[i].map.addr == gpa && c->windows[i].map.size == bytes) {
            c->windows[i] = c->windows[--c->nwindows];
            break;
        }
    }
    return connected(c) ? call(c, VFU_DMA_UNMAP, &u, sizeof u, -1, reply, sizeof reply, &got)
                        : -ENOTCONN;
}

int vfuc_reset(struct vfuc *c)
{
    size_t got;
    c->worked = false;
    return connected(c) ? call(c, VFU_DEVICE_RESET, NULL, 0, -1, NULL, 0, &got) : -ENOTCONN;
}

bool vfuc_busy(struct vfuc *c)
{
    uint32_t status, rptr;
    if (!c->worked) {
        return false;
    }
    if (vfuc_region_read(c, REG_STATUS * 4, &status, 4) ||
        vfuc_region_read(c, REG_RPTR * 4, &rptr, 4)) {
        return false;
    }
    if (rptr != c->seen_rptr) {
        c->seen_rptr = rptr;
        c->progress_ns = now_ns();
    }
    c->worked = status >> 31 && now_ns() - c->progress_ns < PROGRESS_NS;
    if (!c->worked) {
        update(c, true); // idle means that its interrupt is up: the caller may let time jump
    }
    return c->worked;
}

void vfuc_settle(struct vfuc *c)
{
    const struct timespec pause = {0, 20000};
    while (vfuc_busy(c)) {
        nanosleep(&pause, NULL);
    }
}

bool vfuc_connected(const struct vfuc *c)
{
    return c->sock >= 0;
}

unsigned vfuc_reconnects(const struct vfuc *c)
{
    return c->reconnects;
}
