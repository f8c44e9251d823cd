// SPDX-License-Identifier: MIT
//
// Host ends of serial lines: the terminal, a file, a pseudo terminal, sockets. Writing never blocks
// for long: what a peer does not take within its socket buffer is dropped, except on the terminal
// and in files.
#include "soc/serial_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"

struct host_line {
    struct serial_backend base;
    int in, out, listener; // -1: none
    int in_slot, listener_slot;
    bool own_in, own_out, restore_tty, drop, socket;
    struct termios saved;
    char *unlink_path;
};

static void line_send(struct serial_backend *b, const void *data, size_t n)
{
    struct host_line *l = container_of(b, struct host_line, base);
    const char *p = data;
    while (n && l->out >= 0) {
        // a peer that went away is an error here, not a signal
        ssize_t put = l->socket ? send(l->out, p, n, MSG_NOSIGNAL) : write(l->out, p, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0 && errno == EAGAIN && !l->drop) {
            struct pollfd wait = {.fd = l->out, .events = POLLOUT};
            poll(&wait, 1, 100);
            continue;
        }
        if (put <= 0) {
            return;
        }
        p += put;
        n -= (size_t)put;
    }
}

static void line_prepare(struct serial_backend *b, struct pollset *set)
{
    struct host_line *l = container_of(b, struct host_line, base);
    l->in_slot = l->in >= 0 && serial_room(b->serial) ? pollset_add(set, l->in, POLLIN) : -1;
    l->listener_slot = l->listener >= 0 && l->in < 0 ? pollset_add(set, l->listener, POLLIN) : -1;
}

static void hang_up(struct host_line *l)
{
    if (l->own_in && l->in >= 0) {
        close(l->in);
    }
    if (l->in == l->out) {
        l->out = -1;
    }
    l->in = -1;
}

static void line_dispatch(struct serial_backend *b, const struct pollset *set)
{
    struct host_line *l = container_of(b, struct host_line, base);
    if (l->listener_slot >= 0 && set->fds[l->listener_slot].revents) {
        int fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            l->in = l->out = fd;
            l->own_in = true;
        }
    }
    if (l->in_slot >= 0 && set->fds[l->in_slot].revents) {
        char buf[512];
        size_t room = serial_room(b->serial);
        ssize_t n = read(l->in, buf, room < sizeof buf ? room : sizeof buf);
        if (n > 0) {
            serial_from_host(b->serial, buf, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR && errno != EIO)) {
            hang_up(l);
        }
    }
}

static void line_destroy(struct serial_backend *b)
{
    struct host_line *l = container_of(b, struct host_line, base);
    if (l->restore_tty) {
        tcsetattr(l->in, TCSANOW, &l->saved);
    }
    if (l->own_in && l->in >= 0) {
        close(l->in);
    }
    if (l->own_out && l->out >= 0 && l->out != l->in) {
        close(l->out);
    }
    if (l->listener >= 0) {
        close(l->listener);
    }
    if (l->unlink_path) {
        unlink(l->unlink_path);
        free(l->unlink_path);
    }
    free(l);
}

static const struct serial_backend_ops line_ops = {line_send, line_prepare, line_dispatch,
                                                   line_destroy};

static void open_stdio(struct host_line *l)
{
    l->in = 0;
    l->out = 1;
    if (isatty(0) && tcgetattr(0, &l->saved) == 0) {
        struct termios raw = l->saved;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST; // the emulator's own messages stay readable
        l->restore_tty = tcsetattr(0, TCSANOW, &raw) == 0;
    }
}

static int open_pty(struct host_line *l, const char *name, struct err *err)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char path[64];
    struct termios raw;
    if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, path, sizeof path)) {
        int rc = err_set(err, -errno, "serial %s: no pseudo terminal: %s", name, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    if (tcgetattr(fd, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(fd, TCSANOW, &raw);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fprintf(stderr, "serial %s: %s\n", name, path);
    l->in = l->out = fd;
    l->own_in = l->drop = true;
    return 0;
}

static int open_unix(struct host_line *l, const char *path, bool listen_there, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
    if (strlen(path) >= sizeof a.sun_path) {
        rc = err_set(err, -ENAMETOOLONG, "serial socket %s: path is too long", path);
    } else {
        strcpy(a.sun_path, path);
        if (listen_there) {
            unlink(path);
            rc = bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1) ? -errno : 0;
        } else {
            rc = connect(fd, (struct sockaddr *)&a, sizeof a) ? -errno : 0;
        }
        if (rc) {
            err_set(err, rc, "serial socket %s: %s", path, strerror(-rc));
        }
    }
    if (rc) {
        close(fd);
        return rc;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (listen_there) {
        l->listener = fd;
        l->unlink_path = strdup(path);
    } else {
        l->in = l->out = fd;
        l->own_in = true;
    }
    l->drop = true;
    return 0;
}

static int open_tcp(struct host_line *l, const char *where, bool listen_there, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = listen_there ? AI_PASSIVE : 0};
    struct addrinfo *list = NULL;
    char host[256] = "127.0.0.1";
    const char *port = strrchr(where, ':');
    int fd = -1, on = 1;
    if (port && port != where) {
        snprintf(host, sizeof host, "%.*s", (int)(port - where), where);
    }
    port = port ? port + 1 : where;
    if (getaddrinfo(host, port, &hints, &list)) {
        return err_set(err, -EINVAL, "serial: '%s' is not HOST:PORT", where);
    }
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (listen_there ? bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 1)
                         : connect(fd, a->ai_addr, a->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        return err_set(err, -errno, "serial: %s: %s", where, strerror(errno));
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (listen_there) {
        l->listener = fd;
    } else {
        l->in = l->out = fd;
        l->own_in = true;
    }
    l->drop = true;
    return 0;
}

static const char *after(const char *spec, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(spec, prefix, n) == 0 ? spec + n : NULL;
}

static int open_line(struct host_line *l, const char *full, const char *name, bool *keys,
                     struct err *err)
{
    const char *arg;
    char spec[256];
    size_t n = strcspn(full, ",");
    // QEMU's spelling of a listening socket; other options (nowait, wait=off) are how it always is
    bool server = strstr(full + n, ",server") && !strstr(full + n, ",server=off");
    bool file = strncmp(full, "file:", 5) == 0;
    snprintf(spec, sizeof spec, "%.*s", file ? (int)sizeof spec - 1 : (int)n, full);
    if (strcmp(spec, "stdio") == 0 || strcmp(spec, "mon:stdio") == 0) {
        *keys = spec[0] == 'm';
        open_stdio(l);
        return 0;
    }
    if (strcmp(spec, "pty") == 0) {
        return open_pty(l, name, err);
    }
    if ((arg = after(spec, "file:"))) {
        l->out = open(arg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        l->own_out = true;
        return l->out < 0 ? err_set(err, -errno, "serial file %s: %s", arg, strerror(errno)) : 0;
    }
    if ((arg = after(spec, "unix:"))) {
        l->socket = true;
        return open_unix(l, arg, server, err);
    }
    if ((arg = after(spec, "unix-listen:"))) {
        l->socket = true;
        return open_unix(l, arg, true, err);
    }
    if ((arg = after(spec, "tcp:"))) {
        l->socket = true;
        return open_tcp(l, arg, server, err);
    }
    if ((arg = after(spec, "tcp-listen:"))) {
        l->socket = true;
        return open_tcp(l, arg, true, err);
    }
    return err_set(err, -EINVAL,
                   "serial: unknown backend '%s'; use null, stdio, mon:stdio, file:PATH, pty, "
                   "unix:PATH, unix-listen:PATH, tcp:HOST:PORT, tcp-listen:PORT or mem",
                   full);
}

int serial_backend_open(const char *spec, struct serial *s, struct serial_backend **out, bool *keys,
                        struct err *err)
{
    struct host_line *l;
    int rc;
    *out = NULL;
    if (strcmp(spec, "null") == 0 || strcmp(spec, "mem") == 0 || strcmp(spec, "none") == 0) {
        return 0;
    }
    l = calloc(1, sizeof *l);
    if (!l) {
        return err_set(err, -ENOMEM, "serial: no memory");
    }
    l->base.ops = &line_ops;
    l->base.serial = s;
    l->in = l->out = l->listener = l->in_slot = l->listener_slot = -1;
    rc = open_line(l, spec, serial_name(s), keys, err);
    if (rc) {
        line_destroy(&l->base);
        return rc;
    }
    *out = &l->base;
    return 0;
}
