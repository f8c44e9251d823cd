// SPDX-License-Identifier: MIT
//
// A vfio-user client in a few functions, for the server's tests: raw messages over a socket pair with
// the server stepped by the same thread, so that a test sees every byte and every error number.
#ifndef TESTS_MDEV_VFU_CLIENT_H
#define TESTS_MDEV_VFU_CLIENT_H

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/vfio_user.h"
#include "mdev/vfio_user_wire.h"
#include "mdev/vgpu.h"

struct vc {
    struct mdev *mdev;
    struct vfu *v;
    int sock;
    uint16_t id;
    struct vfu_header reply;
    uint8_t data[VFU_MSG_MAX]; // the reply's payload
    size_t n;
};

static inline void vc_connect(struct vc *c)
{
    int pair[2];
    assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    assert(vfu_attach(c->v, pair[0]) == 0);
    c->sock = pair[1];
}

static inline void vc_send_raw(struct vc *c, const void *bytes, size_t n, const int *fds,
                               unsigned nfds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * 64)];
    } control;
    struct iovec iov = {(void *)(uintptr_t)bytes, n};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    if (nfds) {
        struct cmsghdr *cm;
        memset(&control, 0, sizeof control);
        mh.msg_control = &control;
        mh.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
        cm = CMSG_FIRSTHDR(&mh);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
        memcpy(CMSG_DATA(cm), fds, sizeof(int) * nfds);
    }
    assert(sendmsg(c->sock, &mh, MSG_NOSIGNAL) == (ssize_t)n);
}

// Sends a command of a head and a tail (either may be empty).
static inline void vc_send(struct vc *c, uint16_t command, uint32_t flags, const void *head,
                           size_t head_n, const void *tail, size_t tail_n, const int *fds,
                           unsigned nfds)
{
    struct vfu_header h = {++c->id, command, (uint32_t)(sizeof h + head_n + tail_n), flags, 0};
    uint8_t *msg = malloc(h.size);
    memcpy(msg, &h, sizeof h);
    if (head_n) {
        memcpy(msg + sizeof h, head, head_n);
    }
    if (tail_n) {
        memcpy(msg + sizeof h + head_n, tail, tail_n);
    }
    vc_send_raw(c, msg, h.size, fds, nfds);
    free(msg);
}

// Steps the server until it has nothing to do. The last step's result.
static inline int vc_pump(struct vc *c)
{
    int rc;
    while ((rc = vfu_step(c->v)) == 1) {
    }
    return rc;
}

// Takes one reply; false when there is none.
static inline bool vc_take(struct vc *c)
{
    size_t got = 0;
    if (recv(c->sock, &c->reply, sizeof c->reply, MSG_DONTWAIT) != (ssize_t)sizeof c->reply) {
        return false;
    }
    c->n = c->reply.size - sizeof c->reply;
    assert(c->n <= sizeof c->data);
    while (got < c->n) {
        ssize_t r = recv(c->sock, c->data + got, c->n - got, MSG_DONTWAIT);
        if (r < 0 && errno == EAGAIN) {
            vfu_step(c->v); // the rest waits in the server
            continue;
        }
        assert(r > 0);
        got += (size_t)r;
    }
    return true;
}

// Sends, steps, takes the reply. 0, or the errno of an error reply; -1 without reply.
static inline int vc_call2(struct vc *c, uint16_t command, const void *head, size_t head_n,
                           const void *tail, size_t tail_n, const int *fds, unsigned nfds)
{
    vc_send(c, command, VFU_TYPE_COMMAND, head, head_n, tail, tail_n, fds, nfds);
    vc_pump(c);
    if (!vc_take(c)) {
        return -1;
    }
    assert(c->reply.id == c->id && c->reply.command == command);
    assert((c->reply.flags & VFU_TYPE_MASK) == VFU_TYPE_REPLY);
    if (c->reply.flags & VFU_ERROR) {
        assert(c->n == 0 && c->reply.error != 0);
        return (int)c->reply.error;
    }
    return 0;
}

static inline int vc_call(struct vc *c, uint16_t command, const void *req, size_t n)
{
    return vc_call2(c, command, req, n, NULL, 0, NULL, 0);
}

#define VC_PROPOSAL                                                                                \
    "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"max_dma_maps\":65535,"    \
    "\"pgsizes\":4096,\"write_multiple\":true}}"

static inline int vc_version(struct vc *c, uint16_t major, uint16_t minor, const char *json)
{
    const struct vfu_version v = {major, minor};
    return vc_call2(c, VFU_VERSION, &v, sizeof v, json, json ? strlen(json) + 1 : 0, NULL, 0);
}

static inline void vc_open(struct vc *c, struct mdev *mdev)
{
    struct err err = {0};
    const struct vfu_config cfg = {.mdev = mdev, .type = "yamato-a200", .name = "vfu"};
    memset(c, 0, sizeof *c);
    c->mdev = mdev;
    c->v = vfu_create(&cfg, &err);
    assert(c->v);
    vc_connect(c);
}

static inline void vc_close(struct vc *c)
{
    close(c->sock);
    vfu_destroy(c->v);
}

static inline int vc_memfd(size_t bytes)
{
    int fd = memfd_create("guest", MFD_CLOEXEC);
    assert(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
    return fd;
}

static inline int vc_map(struct vc *c, uint64_t addr, uint64_t size, int fd)
{
    const struct vfu_dma_map m = {sizeof m, VFU_DMA_R | VFU_DMA_W, 0, addr, size};
    return vc_call2(c, VFU_DMA_MAP, &m, sizeof m, NULL, 0, &fd, fd >= 0);
}

static inline int vc_write(struct vc *c, uint32_t region, uint64_t off, const void *data, uint32_t n)
{
    const struct vfu_region_access a = {off, region, n};
    return vc_call2(c, VFU_REGION_WRITE, &a, sizeof a, data, n, NULL, 0);
}

static inline int vc_write_reg(struct vc *c, uint32_t reg, uint32_t v)
{
    return vc_write(c, VFU_REGION_BAR0, reg * 4ull, &v, 4);
}

static inline int vc_read(struct vc *c, uint32_t region, uint64_t off, uint32_t n)
{
    const struct vfu_region_access a = {off, region, n};
    return vc_call(c, VFU_REGION_READ, &a, sizeof a);
}

static inline int vc_irqs(struct vc *c, uint32_t index, uint32_t flags, uint32_t start,
                          uint32_t count, int fd)
{
    const struct vfu_irq_set s = {sizeof s, flags, index, start, count};
    return vc_call2(c, VFU_SET_IRQS, &s, sizeof s, NULL, 0, &fd, fd >= 0);
}

static inline int vc_feature(struct vc *c, uint32_t flags, uint32_t argsz, const void *data, size_t n)
{
    const struct vfu_feature f = {argsz, flags};
    return vc_call2(c, VFU_DEVICE_FEATURE, &f, sizeof f, data, n, NULL, 0);
}

#endif
