// SPDX-License-Identifier: MIT
//
// User-mode network through libslirp: the guest gets 10.0.2.15 by DHCP, the host is 10.0.2.2, DNS
// is 10.0.2.3. IPv4 only. While the stack has open connections virtual time keeps to real time,
// because the far side does.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "soc/net_priv.h"

struct slirp_timer {
    SlirpTimerCb fn;
    void *ctx;
    int64_t when_ms;
    struct slirp_timer *next;
};

struct net_slirp {
    struct netdev base;
    struct io_source io;
    struct netdev_config cfg;
    Slirp *slirp;
    struct slirp_timer *timers;
    struct pollset *filling;
    const struct pollset *filled;
};

static struct net_slirp *slirp_of(struct netdev *net)
{
    return container_of(net, struct net_slirp, base);
}

static int64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static ssize_t cb_send(const void *buf, size_t n, void *opaque)
{
    struct net_slirp *s = opaque;
    netdev_deliver(&s->base, buf, n);
    return (ssize_t)n;
}

static void cb_guest_error(const char *msg, void *opaque)
{
    struct net_slirp *s = opaque;
    TRACE(s->base.log, net, "slirp: %s", msg);
}

static int64_t cb_clock(void *opaque)
{
    (void)opaque;
    return host_ns();
}

static void *cb_timer_new(SlirpTimerCb fn, void *ctx, void *opaque)
{
    struct net_slirp *s = opaque;
    struct slirp_timer *t = calloc(1, sizeof *t);
    if (t) {
        *t = (struct slirp_timer){fn, ctx, INT64_MAX, s->timers};
        s->timers = t;
    }
    return t;
}

static void cb_timer_free(void *timer, void *opaque)
{
    struct net_slirp *s = opaque;
    for (struct slirp_timer **p = &s->timers; *p; p = &(*p)->next) {
        if (*p == timer) {
            *p = (*p)->next;
            free(timer);
            return;
        }
    }
}

static void cb_timer_mod(void *timer, int64_t when_ms, void *opaque)
{
    (void)opaque;
    if (timer) {
        ((struct slirp_timer *)timer)->when_ms = when_ms;
    }
}

static void cb_poll_fd(int fd, void *opaque)
{
    (void)fd, (void)opaque;
}

static void cb_notify(void *opaque)
{
    (void)opaque;
}

static const SlirpCb callbacks = {
    .send_packet = cb_send,
    .guest_error = cb_guest_error,
    .clock_get_ns = cb_clock,
    .timer_new = cb_timer_new,
    .timer_free = cb_timer_free,
    .timer_mod = cb_timer_mod,
    .register_poll_fd = cb_poll_fd,
    .unregister_poll_fd = cb_poll_fd,
    .notify = cb_notify,
};

// ---- waiting
// -------------------------------------------------------------------------------------

static int cb_add_poll(int fd, int events, void *opaque)
{
    struct net_slirp *s = opaque;
    short e =
        (short)((events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
                (events & SLIRP_POLL_PRI ? POLLPRI : 0));
    s->filling->paced = true;
    return pollset_add(s->filling, fd, e);
}

static int cb_get_revents(int idx, void *opaque)
{
    struct net_slirp *s = opaque;
    short e = idx >= 0 ? s->filled->fds[idx].revents : 0;
    return (e & POLLIN ? SLIRP_POLL_IN : 0) | (e & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (e & POLLPRI ? SLIRP_POLL_PRI : 0) | (e & POLLERR ? SLIRP_POLL_ERR : 0) |
           (e & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static void prepare(struct io_source *src, struct pollset *set)
{
    struct net_slirp *s = container_of(src, struct net_slirp, io);
    uint32_t ms = 1000;
    s->filling = set;
    slirp_pollfds_fill(s->slirp, &ms, cb_add_poll, s);
    if (set->timeout_ms < 0 || (uint32_t)set->timeout_ms > ms) {
        set->timeout_ms = (int)ms;
    }
}

static void dispatch(struct io_source *src, const struct pollset *set)
{
    struct net_slirp *s = container_of(src, struct net_slirp, io);
    int64_t now_ms = host_ns() / 1000000;
    s->filled = set;
    slirp_pollfds_poll(s->slirp, 0, cb_get_revents, s);
    for (struct slirp_timer *t = s->timers; t; t = t->next) {
        if (t->when_ms <= now_ms) {
            t->when_ms = INT64_MAX;
            t->fn(t->ctx);
            break; // the list may have changed
        }
    }
    netdev_ready(&s->base);
}

static const struct io_source_ops io_ops = {prepare, dispatch};

// ---- life
// ----------------------------------------------------------------------------------------

static void slirp_out(struct netdev *net, const uint8_t *frame, size_t n)
{
    slirp_input(slirp_of(net)->slirp, frame, (int)n);
}

static void destroy(struct netdev *net)
{
    struct net_slirp *s = slirp_of(net);
    if (s->slirp) {
        slirp_cleanup(s->slirp);
    }
    while (s->timers) {
        struct slirp_timer *t = s->timers;
        s->timers = t->next;
        free(t);
    }
    free(s);
}

static const struct netdev_ops ops = {"user", slirp_out, destroy};

// "tcp:[ADDR]:PORT-[ADDR]:PORT"
static int forward(struct net_slirp *s, const char *rule, struct err *err)
{
    char from[64] = "", to[64] = "";
    unsigned from_port, to_port;
    bool udp = strncmp(rule, "udp:", 4) == 0;
    struct in_addr a = {.s_addr = INADDR_ANY}, b;
    const char *p = rule + 4, *dash = strchr(rule, '-'), *c;

    inet_aton("10.0.2.15", &b);
    if ((!udp && strncmp(rule, "tcp:", 4) != 0) || !dash || !(c = strchr(p, ':')) || c > dash) {
        goto bad;
    }
    snprintf(from, sizeof from, "%.*s", (int)(c - p), p);
    from_port = (unsigned)strtoul(c + 1, NULL, 10);
    c = strchr(dash, ':');
    if (!c) {
        goto bad;
    }
    snprintf(to, sizeof to, "%.*s", (int)(c - dash - 1), dash + 1);
    to_port = (unsigned)strtoul(c + 1, NULL, 10);
    if ((from[0] && !inet_aton(from, &a)) || (to[0] && !inet_aton(to, &b)) || !from_port ||
        from_port > 65535 || !to_port || to_port > 65535) {
        goto bad;
    }
    if (slirp_add_hostfwd(s->slirp, udp, a, (int)from_port, b, (int)to_port)) {
        return err_set(err, -EADDRINUSE, "network: port %u is taken", from_port);
    }
    return 0;
bad:
    return err_set(err, -EINVAL, "network: hostfwd '%s' is not tcp:[ADDR]:PORT-[ADDR]:PORT", rule);
}

static int parse(struct net_slirp *s, SlirpConfig *c, struct err *err)
{
    char *spec = strdup(s->cfg.spec), *save = NULL;
    int rc = 0;
    if (!spec) {
        return err_set(err, -ENOMEM, "network: no memory");
    }
    for (char *o = strtok_r(spec, ",", &save); o && !rc; o = strtok_r(NULL, ",", &save)) {
        if (strcmp(o, "user") == 0) {
            continue;
        }
        if (strcmp(o, "restrict") == 0) {
            c->restricted = 1;
        } else if (strncmp(o, "hostfwd=", 8) == 0) {
            rc = s->slirp ? forward(s, o + 8, err) : 0;
        } else {
            rc = err_set(err, -EINVAL, "network: unknown option '%s'", o);
        }
    }
    free(spec);
    return rc;
}

struct netdev *net_slirp_create(const struct netdev_config *cfg, struct err *err)
{
    struct net_slirp *s = calloc(1, sizeof *s);
    SlirpConfig c = {.version = 1, .in_enabled = true};
    if (!s) {
        err_set(err, -ENOMEM, "network: no memory");
        return NULL;
    }
    s->base.ops = &ops;
    s->base.log = cfg->log;
    s->base.io = &s->io;
    s->io.ops = &io_ops;
    s->cfg = *cfg;
    inet_aton("10.0.2.0", &c.vnetwork);
    inet_aton("255.255.255.0", &c.vnetmask);
    inet_aton("10.0.2.2", &c.vhost);
    inet_aton("10.0.2.15", &c.vdhcp_start);
    inet_aton("10.0.2.3", &c.vnameserver);
    if (parse(s, &c, err)) {
        destroy(&s->base);
        return NULL;
    }
    s->slirp = slirp_new(&c, &callbacks, s);
    if (!s->slirp) {
        err_set(err, -ENOMEM, "network: user-mode stack could not start");
        destroy(&s->base);
        return NULL;
    }
    if (parse(s, &c, err)) { // now the forwards
        destroy(&s->base);
        return NULL;
    }
    return &s->base;
}
