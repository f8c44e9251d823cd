// SPDX-License-Identifier: MIT
//
// What mediation costs: a trapped register access in process; a register read over vfio-user beside a
// bare ping-pong of the same bytes over the same kind of socket, in alternating rounds of one run; and
// the time from the doorbell to the engine's start. Prints medians; judges nothing.
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/mdev/guest.h"
#include "tests/mdev/vfu_client.h"

enum { ROUNDS = 31, CALLS = 2000, BATCHES = 2001, BATCH = 200, SUBMITS = 3000 };

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static struct mdev *open_mdev(void)
{
    const struct mdev_config cfg = {.backend = "null"};
    struct err err = {0};
    struct mdev *m = mdev_create(&cfg, &err);
    if (!m) {
        fprintf(stderr, "%s\n", err.msg);
        exit(2);
    }
    return m;
}

// ---- in process ------------------------------------------------------------------------------------

// What a driver touches between submissions: status, ring pointers, interrupt causes, plain registers.
static void bench_trap(struct mdev *m)
{
    static const uint32_t mix[] = {0x5d0, 0x1c4, 0x3b7, 0x1f3, 0x1c0, 0x41, 0x2000, 0x578};
    static double ns[BATCHES];
    struct guest g;
    guest_open(&g, m, "trap");
    for (unsigned b = 0; b < BATCHES; b++) {
        uint64_t t = now_ns();
        for (unsigned i = 0; i < BATCH; i++) {
            uint32_t v = 0;
            if (i % 4 == 3) {
                vgpu_region_write(g.vgpu, 0, 0x2000 * 4, &v, 4);
            } else {
                vgpu_region_read(g.vgpu, 0, mix[i % ARRAY_LEN(mix)] * 4ull, &v, 4);
            }
        }
        ns[b] = (double)(now_ns() - t) / BATCH;
    }
    printf("trapped access, in process        %8.1f ns median\n", median(ns, BATCHES));
    guest_close(&g);
}

// ---- over a socket ---------------------------------------------------------------------------------

struct peer {
    int sock;
    struct vfu *v;
};

static void *echo_thread(void *arg)
{
    struct peer *p = arg;
    uint8_t in[32], out[36] = {0};
    while (recv(p->sock, in, sizeof in, MSG_WAITALL) == (ssize_t)sizeof in) {
        if (send(p->sock, out, sizeof out, MSG_NOSIGNAL) != (ssize_t)sizeof out) {
            break;
        }
    }
    return NULL;
}

static void *vfu_thread(void *arg)
{
    struct peer *p = arg;
    while (vfu_attached(p->v)) {
        struct pollfd fd = {vfu_fd(p->v), vfu_events(p->v), 0};
        poll(&fd, 1, -1);
        while (vfu_step(p->v) == 1) {
        }
    }
    return NULL;
}

static double round_trip(int sock)
{
    struct {
        struct vfu_header h;
        struct vfu_region_access a;
    } m = {{1, VFU_REGION_READ, sizeof m, 0, 0}, {0x5d0 * 4, VFU_REGION_BAR0, 4}};
    uint8_t reply[36];
    static double us[CALLS];
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t t = now_ns();
        if (send(sock, &m, sizeof m, MSG_NOSIGNAL) != (ssize_t)sizeof m ||
            recv(sock, reply, sizeof reply, MSG_WAITALL) != (ssize_t)sizeof reply) {
            fprintf(stderr, "the peer hung up\n");
            exit(2);
        }
        us[i] = (double)(now_ns() - t) / 1e3;
    }
    return median(us, CALLS);
}

static void bench_socket(struct mdev *m)
{
    static double raw[ROUNDS], vfu[ROUNDS], ratio[ROUNDS];
    struct vc *c = malloc(sizeof *c);
    struct peer echo, dev;
    pthread_t threads[2];
    int pair[2];

    vc_open(c, m);
    if (vc_version(c, 0, 0, VC_PROPOSAL) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        exit(2);
    }
    echo = (struct peer){pair[0], NULL};
    dev = (struct peer){-1, c->v};
    pthread_create(&threads[0], NULL, echo_thread, &echo);
    pthread_create(&threads[1], NULL, vfu_thread, &dev);
    for (unsigned i = 0; i < ROUNDS; i++) {
        raw[i] = round_trip(pair[1]);
        vfu[i] = round_trip(c->sock);
        ratio[i] = vfu[i] / raw[i];
    }
    printf("socket ping-pong, 32/36 bytes     %8.2f us median\n", median(raw, ROUNDS));
    printf("vfio-user register read           %8.2f us median\n", median(vfu, ROUNDS));
    printf("  ratio of the two                %8.2f median of %d rounds\n", median(ratio, ROUNDS),
           ROUNDS);
    close(pair[1]);
    shutdown(c->sock, SHUT_RDWR);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    close(pair[0]);
    vc_close(c);
    free(c);
}

// ---- submissions -----------------------------------------------------------------------------------

struct waits {
    double queue[SUBMITS], start[SUBMITS];
    unsigned n;
};

static void on_submission(void *ctx, struct vgpu *vgpu, const struct vgpu_submission *sub)
{
    struct waits *w = ctx;
    const uint64_t *t = sub->stamp_ns;
    (void)vgpu;
    if (w->n < SUBMITS) {
        w->queue[w->n] = (double)(t[VGPU_STAGE_started] - t[VGPU_STAGE_queued]) / 1e3;
        w->start[w->n++] = (double)(t[VGPU_STAGE_started] - t[VGPU_STAGE_doorbell]) / 1e3;
    }
}

static void bench_submit(struct mdev *m)
{
    static struct waits w;
    uint32_t nops[1024]; // a buffer of 4 KiB
    struct guest g;
    for (unsigned i = 0; i < ARRAY_LEN(nops); i++) {
        nops[i] = 0x80000000u;
    }
    guest_open(&g, m, "submit");
    vgpu_listen(g.vgpu, on_submission, &w);
    for (unsigned i = 0; i < SUBMITS; i++) {
        if (!guest_run(&g, nops, ARRAY_LEN(nops))) {
            fprintf(stderr, "a submission was lost\n");
            exit(2);
        }
        guest_write(&g, 0x1f4, ~0u);
    }
    printf("doorbell to execution, 4 KiB      %8.2f us median (of it in the queue %.2f us), %u of %u\n",
           median(w.start, w.n), median(w.queue, w.n), w.n, (unsigned)SUBMITS);
    guest_close(&g);
}

int main(void)
{
    struct mdev *m = open_mdev();
    bench_trap(m);
    bench_socket(m);
    bench_submit(m);
    mdev_destroy(m);
    return 0;
}
