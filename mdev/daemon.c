// SPDX-License-Identifier: MIT
//
// The daemon's sockets and event loop. Every device has a listening socket; one client at a time is
// served on it, and when it goes the next may come: the device's state waits. A client gets a bounded
// number of messages a turn, so that none starves the others.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "mdev/daemon_priv.h"

enum { TURN = 64 }; // messages of one client before the others' turn

static int listen_at(const char *path, struct err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd, probe, rc;

    if (strlen(path) >= sizeof sa.sun_path) {
        return err_set(err, -ENAMETOOLONG, "%s: too long for a socket's path", path);
    }
    memcpy(sa.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    rc = bind(fd, (struct sockaddr *)&sa, sizeof sa);
    if (rc < 0 && errno == EADDRINUSE) { // left by a daemon that died? Then nobody answers
        probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (probe >= 0 && connect(probe, (struct sockaddr *)&sa, sizeof sa) < 0 &&
            errno == ECONNREFUSED) {
            unlink(path);
            rc = bind(fd, (struct sockaddr *)&sa, sizeof sa);
        } else {
            errno = EADDRINUSE;
        }
        if (probe >= 0) {
            int keep = errno;
            close(probe);
            errno = keep;
        }
    }
    if (rc < 0 || listen(fd, 8) < 0) {
        rc = err_set(err, -errno, "%s: cannot listen: %s", path, strerror(errno));
        close(fd);
        return rc;
    }
    return fd;
}

struct daemon *daemon_create(const struct daemon_config *cfg, struct err *err)
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) {
        err_set(err, -ENOMEM, "no memory for the daemon");
        return NULL;
    }
    d->cfg = *cfg;
    d->control = -1;
    for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
        d->controls[i].sock = -1;
    }
    if (cfg->control) {
        d->control = listen_at(cfg->control, err);
        if (d->control < 0) {
            free(d);
            return NULL;
        }
        snprintf(d->control_path, sizeof d->control_path, "%s", cfg->control);
    }
    return d;
}

void daemon_remove(struct daemon_device *dev)
{
    if (dev->vfu) {
        close(dev->listener);
        unlink(dev->path);
        vfu_destroy(dev->vfu);
        memset(dev, 0, sizeof *dev);
    }
}

void daemon_destroy(struct daemon *d)
{
    if (!d) {
        return;
    }
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        daemon_remove(&d->devices[i]);
    }
    for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
        if (d->controls[i].sock >= 0) {
            close(d->controls[i].sock);
        }
    }
    if (d->control >= 0) {
        close(d->control);
        unlink(d->control_path);
    }
    free(d);
}

struct daemon_device *daemon_find(struct daemon *d, const char *name)
{
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        if (d->devices[i].vfu && !strcmp(d->devices[i].name, name)) {
            return &d->devices[i];
        }
    }
    return NULL;
}

// Names become file names.
static bool name_ok(const char *name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strlen(name);
    return n && n < 64 && name[0] != '.' && strspn(name, set) == n && strcmp(name, "control") != 0;
}

int daemon_add(struct daemon *d, const char *type, const char *name, unsigned weight,
               const char *path, struct err *err)
{
    const struct vfu_config vc = {
        .mdev = d->cfg.mdev, .type = type, .name = name, .weight = weight, .log = d->cfg.log};
    struct daemon_device *dev = NULL;
    char made[sizeof dev->path + 72];
    int rc;

    if (!name_ok(name)) {
        return err_set(err, -EINVAL, "'%s' is no device name: 1 to 63 letters, digits, '._-'", name);
    }
    if (weight > 10000) {
        return err_set(err, -EINVAL, "weight %u: at most 10000", weight);
    }
    if (daemon_find(d, name)) {
        return err_set(err, -EEXIST, "there is a device '%s' already", name);
    }
    for (unsigned i = 0; !dev && i < DAEMON_DEVICES; i++) {
        dev = d->devices[i].vfu ? NULL : &d->devices[i];
    }
    if (!dev || (!path && !d->cfg.dir)) {
        return err_set(err, -ENOSPC, dev ? "no directory for sockets was given" : "too many devices");
    }
    if (!path) {
        snprintf(made, sizeof made, "%.*s/%s.sock", (int)sizeof dev->path, d->cfg.dir, name);
        path = made;
    }
    dev->vfu = vfu_create(&vc, err);
    if (!dev->vfu) {
        return err && err->code ? err->code : -EINVAL;
    }
    dev->listener = listen_at(path, err);
    if (dev->listener < 0) {
        rc = dev->listener;
        vfu_destroy(dev->vfu);
        dev->vfu = NULL;
        return rc;
    }
    memcpy(dev->path, path, strlen(path) + 1); // listen_at refused longer ones
    snprintf(dev->name, sizeof dev->name, "%s", name);
    for (unsigned i = 0; (dev->type = vgpu_type_at(i)) && strcmp(dev->type->name, type); i++) {
    }
    dev->weight = weight ? weight : dev->type->weight;
    return 0;
}

// ---- the loop --------------------------------------------------------------------------------------

static void serve_device(struct daemon *d, struct daemon_device *dev)
{
    if (vfu_attached(dev->vfu)) {
        for (unsigned i = 0; i < TURN && vfu_step(dev->vfu) == 1; i++) {
        }
        if (!vfu_attached(dev->vfu)) {
            log_info(d->cfg.log, "%s: client gone", dev->name);
        }
    } else {
        int sock = accept4(dev->listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock >= 0 && vfu_attach(dev->vfu, sock)) {
            close(sock);
        } else if (sock >= 0) {
            log_info(d->cfg.log, "%s: client attached", dev->name);
        }
    }
}

static void hang_up(struct daemon_control *c)
{
    close(c->sock);
    c->sock = -1;
}

static void serve_control(struct daemon *d, struct daemon_control *c)
{
    ssize_t got = recv(c->sock, c->line + c->n, sizeof c->line - c->n, MSG_DONTWAIT);
    char *end;

    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            hang_up(c);
        }
        return;
    }
    c->n += (size_t)got;
    while ((end = memchr(c->line, '\n', c->n))) {
        char *answer;
        size_t used = (size_t)(end - c->line) + 1;
        bool sent;
        *end = 0;
        answer = daemon_answer(d, c->line);
        sent = answer && send(c->sock, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                             (ssize_t)strlen(answer);
        free(answer);
        if (!sent) {
            hang_up(c);
            return;
        }
        c->n -= used;
        memmove(c->line, c->line + used, c->n);
    }
    if (c->n == sizeof c->line) {
        hang_up(c); // no request is that long
    }
}

static void accept_control(struct daemon *d)
{
    int sock = accept4(d->control, NULL, NULL, SOCK_CLOEXEC);
    for (unsigned i = 0; sock >= 0 && i < DAEMON_CONTROLS; i++) {
        if (d->controls[i].sock < 0) {
            d->controls[i].sock = sock;
            d->controls[i].n = 0;
            return;
        }
    }
    if (sock >= 0) {
        close(sock);
    }
}

int daemon_run(struct daemon *d, int stop_fd, struct err *err)
{
    enum { STOP, CONTROL, CLIENTS, DEVICES = CLIENTS + DAEMON_CONTROLS };
    struct pollfd fds[DEVICES + DAEMON_DEVICES];

    for (;;) {
        fds[STOP] = (struct pollfd){stop_fd, POLLIN, 0};
        fds[CONTROL] = (struct pollfd){d->control, POLLIN, 0};
        for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
            fds[CLIENTS + i] = (struct pollfd){d->controls[i].sock, POLLIN, 0};
        }
        for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
            const struct daemon_device *dev = &d->devices[i];
            fds[DEVICES + i] = (struct pollfd){-1, 0, 0};
            if (dev->vfu) {
                fds[DEVICES + i] = vfu_attached(dev->vfu)
                                       ? (struct pollfd){vfu_fd(dev->vfu), vfu_events(dev->vfu), 0}
                                       : (struct pollfd){dev->listener, POLLIN, 0};
            }
        }
        if (poll(fds, DEVICES + DAEMON_DEVICES, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return err_set(err, -errno, "poll: %s", strerror(errno));
        }
        if (fds[STOP].revents) {
            return 0;
        }
        for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
            if (fds[DEVICES + i].revents && d->devices[i].vfu) {
                serve_device(d, &d->devices[i]);
            }
        }
        for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
            if (fds[CLIENTS + i].revents) {
                serve_control(d, &d->controls[i]);
            }
        }
        if (fds[CONTROL].revents) {
            accept_control(d);
        }
    }
}
