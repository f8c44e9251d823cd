// SPDX-License-Identifier: MIT
//
// A hostile client at the vfio-user server. The input is a list of messages {command, flags, number of
// descriptors, payload}; the header is put together here so that most runs get past the framing, some are
// sent raw, and some are replies to what the server asked (memory by messages). Every command must end in
// a reply or the end of the connection.
#include <stdio.h>
#include <sys/eventfd.h>

#include "tests/mdev/vfu_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The server asks for memory: answered as it should be, or refused, cut short, or not at all.
static void answer(struct vc *c, uint8_t how)
{
    struct vfu_header h = c->reply;
    uint64_t n = get_le64(c->data + 8);
    uint8_t *msg;
    if (how & 0x80 || n > VFU_XFER_MAX) {
        return;
    }
    msg = calloc(1, 32 + n);
    memcpy(msg + 16, c->data, 16);
    h.flags = VFU_TYPE_REPLY | (how & 0x40 ? VFU_ERROR : 0);
    h.error = how & 0x40 ? EFAULT : 0;
    h.size = how & 0x40 ? 16 : (uint32_t)(32 + (h.command == VFU_DMA_READ ? n : 0));
    h.size -= how & 0x20 ? h.size / 2 & ~15u : 0;
    h.size = h.size < 16 ? 16 : h.size;
    memset(msg + 32, how, n); // page tables full of the same entry, too
    memcpy(msg, &h, sizeof h);
    vc_send_raw(c, msg, h.size, NULL, 0);
    free(msg);
    vc_pump(c);
}

static void one_message(struct vc *c, const uint8_t *d, size_t n, int memfd)
{
    int fds[3] = {memfd, -1, memfd};
    unsigned nfds = d[1] & 3;
    fds[1] = d[1] & 8 ? eventfd(0, EFD_CLOEXEC) : dup(memfd);
    if (nfds == 1 && (d[1] & 8)) {
        fds[0] = fds[1];
    }
    if (d[0] == 0xff && n > 2) {
        vc_send_raw(c, d + 2, n - 2, fds, nfds);
    } else {
        vc_send(c, d[0] % (VFU_COMMAND_LIMIT + 1), d[1] & VFU_NO_REPLY, d + 2, n - 2, NULL, 0, fds,
                nfds);
    }
    close(fds[1]);
    vc_pump(c);
    while (vfu_attached(c->v) && vc_take(c)) {
        if ((c->reply.flags & VFU_TYPE_MASK) == VFU_TYPE_COMMAND) {
            answer(c, d[1]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mdev *mdev; // one engine thread for the process
    struct vc *c = malloc(sizeof *c);
    int memfd = vc_memfd(1 << 20);
    size_t at = 0;

    if (!mdev) {
        const struct mdev_config cfg = {.backend = "null", .synchronous = true};
        struct err err = {0};
        mdev = mdev_create(&cfg, &err);
        if (!mdev) {
            fprintf(stderr, "%s\n", err.msg);
            abort();
        }
    }
    vc_open(c, mdev);
    vc_version(c, 0, 0, VC_PROPOSAL);
    while (at < size) {
        size_t n = data[at++];
        n = n < size - at ? n : size - at;
        if (n < 2) {
            continue;
        }
        if (!vfu_attached(c->v)) {
            close(c->sock);
            vc_connect(c);
            vc_version(c, 0, 0, VC_PROPOSAL);
        }
        one_message(c, data + at, n, memfd);
        at += n;
    }
    vc_close(c);
    close(memfd);
    free(c);
    return 0;
}
