// SPDX-License-Identifier: MIT
//
// The daemon's sockets and its loop: requests on the control socket, the metrics endpoint, the file
// system for mdevctl, and devices that have ended. Devices themselves run on threads of their own
// (daemon_device.c); nothing here waits for one of them longer than it must.
#include "mdev/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "mdev/daemon_priv.h"

int daemon_listen(const char *path, struct err *err)
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

static int listen_tcp(const char *port, struct err *err)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int on = 1;
    char *end;
    unsigned long n = strtoul(port, &end, 10);
    int fd;
    if (*end || !n || n > 65535) {
        return err_set(err, -EINVAL, "metrics at '%s'? unix:PATH, or a port", port);
    }
    sa.sin_port = htons((uint16_t)n);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 8) < 0) {
        int rc = err_set(err, -errno, "metrics at port %lu: %s", n, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    return fd;
}

static int open_sockets(struct daemon *d, struct err *err)
{
    static const char scheme[] = "unix:";
    const char *m = d->cfg.metrics;
    if (d->cfg.control_fd > 0) {
        d->control = d->cfg.control_fd;
    } else if (d->cfg.control) {
        d->control = daemon_listen(d->cfg.control, err);
        if (d->control < 0) {
            return d->control;
        }
        snprintf(d->control_path, sizeof d->control_path, "%s", d->cfg.control);
    }
    if (m && !strncmp(m, scheme, strlen(scheme))) {
        d->metrics = daemon_listen(m + strlen(scheme), err);
        if (d->metrics >= 0) {
            snprintf(d->metrics_path, sizeof d->metrics_path, "%s", m + strlen(scheme));
        }
    } else if (m) {
        d->metrics = listen_tcp(m, err);
    }
    return m && d->metrics < 0 ? d->metrics : 0;
}

struct daemon *daemon_create(const struct daemon_config *cfg, struct err *err)
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) {
        err_set(err, -ENOMEM, "no memory for the daemon");
        return NULL;
    }
    d->cfg = *cfg;
    d->control = d->metrics = -1;
    d->tree = cfg->tree_fd > 0 ? cfg->tree_fd : -1;
    d->reap = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
        d->controls[i].sock = -1;
    }
    if (d->reap < 0 || open_sockets(d, err)) {
        if (d->reap < 0) {
            err_set(err, -errno, "eventfd: %s", strerror(errno));
        }
        d->tree = -1; // stays the caller's
        daemon_destroy(d);
        return NULL;
    }
    return d;
}

void daemon_destroy(struct daemon *d)
{
    if (!d) {
        return;
    }
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (dev && !atomic_load(&dev->stop)) {
            daemon_remove(d, dev);
        }
    }
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        while (d->devices[i]) { // the engine still works for it
            poll(&(struct pollfd){d->reap, POLLIN, 0}, 1, 100);
            daemon_reap(d);
        }
    }
    for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
        if (d->controls[i].sock >= 0) {
            close(d->controls[i].sock);
        }
    }
    const int fds[] = {d->control, d->metrics, d->reap, d->tree};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (d->control_path[0]) {
        unlink(d->control_path);
    }
    if (d->metrics_path[0]) {
        unlink(d->metrics_path);
    }
    free(d);
}

// ---- the loop --------------------------------------------------------------------------------------

static void hang_up(struct daemon_control *c)
{
    close(c->sock);
    c->sock = -1;
}

static bool send_text(struct daemon_control *c, const char *text)
{
    return text && send(c->sock, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                       (ssize_t)strlen(text);
}

// Any request gets the metrics; the connection ends with the answer.
static void serve_http(struct daemon *d, struct daemon_control *c)
{
    char *body = NULL, *text = NULL;
    size_t n = 0, total = 0;
    FILE *f;
    if (!memmem(c->line, c->n, "\r\n\r\n", 4) && !memmem(c->line, c->n, "\n\n", 2)) {
        if (c->n == sizeof c->line) {
            hang_up(c);
        }
        return;
    }
    f = open_memstream(&body, &n);
    if (f) {
        daemon_metrics(d, f);
        fclose(f);
    }
    f = open_memstream(&text, &total);
    if (f) {
        fprintf(f,
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\n"
                "Connection: close\r\n\r\n%s",
                n, body ? body : "");
        fclose(f);
    }
    send_text(c, text);
    free(body);
    free(text);
    hang_up(c);
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
    if (c->http) {
        serve_http(d, c);
        return;
    }
    while ((end = memchr(c->line, '\n', c->n))) {
        char *answer;
        size_t used = (size_t)(end - c->line) + 1;
        bool sent;
        *end = 0;
        answer = daemon_answer(d, c->line);
        sent = send_text(c, answer);
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

static void accept_control(struct daemon *d, int listener, bool http)
{
    int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (unsigned i = 0; sock >= 0 && i < DAEMON_CONTROLS; i++) {
        if (d->controls[i].sock < 0) {
            d->controls[i].sock = sock;
            d->controls[i].http = http;
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
    enum { STOP, REAP, TREE, CONTROL, METRICS, CLIENTS, COUNT = CLIENTS + DAEMON_CONTROLS };
    struct pollfd fds[COUNT];

    for (;;) {
        const int fixed[] = {stop_fd, d->reap, d->tree, d->control, d->metrics};
        for (unsigned i = 0; i < COUNT; i++) {
            fds[i] = (struct pollfd){i < CLIENTS ? fixed[i] : d->controls[i - CLIENTS].sock, POLLIN, 0};
        }
        if (poll(fds, COUNT, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return err_set(err, -errno, "poll: %s", strerror(errno));
        }
        if (fds[STOP].revents) {
            return 0;
        }
        if (fds[REAP].revents) {
            uint64_t n;
            if (read(d->reap, &n, sizeof n) == sizeof n) {
                daemon_reap(d);
            }
        }
        if (fds[TREE].revents && !daemon_tree_serve(d)) {
            log_warn(d->cfg.log, "the tree for mdevctl was unmounted");
            close(d->tree);
            d->tree = -1;
        }
        for (unsigned i = 0; i < DAEMON_CONTROLS; i++) {
            if (fds[CLIENTS + i].revents && d->controls[i].sock >= 0) {
                serve_control(d, &d->controls[i]);
            }
        }
        if (fds[CONTROL].revents) {
            accept_control(d, d->control, false);
        }
        if (fds[METRICS].revents) {
            accept_control(d, d->metrics, true);
        }
    }
}
