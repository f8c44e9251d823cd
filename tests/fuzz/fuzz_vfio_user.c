// SPDX-License-Identifier: MIT
//
// A hostile client at the vfio-user server. The input is a list of messages {command, flags, number of
// descriptors, payload}; the header is put together here so that most runs get past the framing, and
// some are sent raw. Every command must end in a reply or the end of the connection.
#include <stdio.h>
#include <sys/eventfd.h>

#include "tests/mdev/vfu_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
