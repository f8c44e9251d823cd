// SPDX-License-Identifier: MIT
//
// The stub's transport: one connection, packets in and out ($payload#checksum, escapes, +/-), never
// blocking on a slow debugger. Anything malformed is answered '-' or dropped; what a packet means is
// in gdb_packet.c.
#include "cpu/gdb_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

static void disconnect(struct gdb *g)
{
    if (g->fd >= 0) {
        close(g->fd);
        g->fd = -1;
        gdb_release(g);
    }
}

static void connected(struct gdb *g, int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    g->fd = fd;
    g->frame = FRAME_IDLE;
    g->no_ack = false;
    g->out_len = g->last_len = 0;
    gdb_attached(g);
}

struct gdb *gdb_create(const struct gdb_config *cfg, struct err *err)
{
    if (cfg->cpu_count < 1 || cfg->cpu_count > 16 || !cfg->cpus) {
        err_set(err, -EINVAL, "the debugger stub takes 1 to 16 CPUs, not %u", cfg->cpu_count);
        return NULL;
    }
    struct gdb *g = calloc(1, sizeof *g);
    if (!g) {
        err_set(err, -ENOMEM, "no memory for the debugger stub");
        return NULL;
    }
    g->cfg = *cfg;
    g->fd = -1;
    g->action = cfg->wait ? GDB_HALT : GDB_RUN;
    if (cfg->connected_fd >= 0) {
        connected(g, cfg->connected_fd);
    }
    return g;
}

void gdb_destroy(struct gdb *g)
{
    if (g) {
        disconnect(g);
        free(g);
    }
}

bool gdb_connected(const struct gdb *g)
{
    return g->fd >= 0;
}

unsigned gdb_step_cpu(const struct gdb *g)
{
    return g->step_cpu;
}

// ---- output ------------------------------------------------------------------------------------------

static void flush(struct gdb *g)
{
    while (g->fd >= 0 && g->out_len) {
        ssize_t w = send(g->fd, g->out, g->out_len, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR) {
            continue;
        }
        if (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (w <= 0) {
            disconnect(g);
            return;
        }
        memmove(g->out, g->out + w, g->out_len - (size_t)w);
        g->out_len -= (size_t)w;
    }
}

static void queue(struct gdb *g, const char *bytes, size_t n)
{
    if (n > sizeof g->out - g->out_len) {
        flush(g);
    }
    if (g->fd < 0) {
        return;
    }
    if (n > sizeof g->out - g->out_len) {
        disconnect(g); // does not read its answers
        return;
    }
    memcpy(g->out + g->out_len, bytes, n);
    g->out_len += n;
}

void gdb_send(struct gdb *g, const char *payload, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    if (n > GDB_PACKET_MAX) {
        n = GDB_PACKET_MAX;
    }
    size_t k = 0;
    uint8_t sum = 0;
    g->last[k++] = '$';
    for (size_t j = 0; j < n; j++) {
        char ch = payload[j];
        if (ch == '$' || ch == '#' || ch == '}' || ch == '*') {
            g->last[k++] = '}';
            sum = (uint8_t)(sum + '}');
            ch = (char)(ch ^ 0x20);
        }
        g->last[k++] = ch;
        sum = (uint8_t)(sum + (uint8_t)ch);
    }
    g->last[k++] = '#';
    g->last[k++] = hex[sum >> 4];
    g->last[k++] = hex[sum & 15];
    g->last_len = k;
    queue(g, g->last, k);
}

// ---- input -------------------------------------------------------------------------------------------

static int hex_digit(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : -1;
}

static void packet_complete(struct gdb *g)
{
    bool good = g->in_given == g->in_sum && !g->in_overflow && !g->in_escape;
    if (!g->no_ack) {
        queue(g, good ? "+" : "-", 1);
    }
    if (good && g->fd >= 0) {
        g->in[g->in_len] = 0;
        gdb_packet(g);
    }
}

static void input_byte(struct gdb *g, char ch)
{
    int digit;
    switch (g->frame) {
    case FRAME_IDLE:
        if (ch == '$') {
            g->frame = FRAME_DATA;
            g->in_len = 0;
            g->in_sum = 0;
            g->in_escape = g->in_overflow = false;
        } else if (ch == 3) {
            gdb_interrupted(g);
        } else if (ch == '-' && g->last_len) {
            queue(g, g->last, g->last_len);
        }
        return;
    case FRAME_DATA:
        if (ch == '#') {
            g->frame = FRAME_SUM1;
            return;
        }
        if (ch == '$') { // a new start: the old packet was cut short
            g->in_len = 0;
            g->in_sum = 0;
            g->in_escape = g->in_overflow = false;
            return;
        }
        g->in_sum = (uint8_t)(g->in_sum + (uint8_t)ch);
        if (ch == '}' && !g->in_escape) {
            g->in_escape = true;
            return;
        }
        if (g->in_len == GDB_PACKET_MAX) {
            g->in_overflow = true;
        } else {
            g->in[g->in_len++] = g->in_escape ? (char)(ch ^ 0x20) : ch;
        }
        g->in_escape = false;
        return;
    case FRAME_SUM1:
    case FRAME_SUM2:
        digit = hex_digit(ch);
        if (digit < 0) {
            g->frame = FRAME_IDLE;
            if (!g->no_ack) {
                queue(g, "-", 1);
            }
            return;
        }
        if (g->frame == FRAME_SUM1) {
            g->in_given = (unsigned)digit;
            g->frame = FRAME_SUM2;
            return;
        }
        g->in_given = g->in_given << 4 | (unsigned)digit;
        g->frame = FRAME_IDLE;
        packet_complete(g);
        return;
    }
}

static void receive(struct gdb *g)
{
    char bytes[4096];
    // Bounded, so that a chatty debugger cannot keep the machine from running.
    for (unsigned round = 0; round < 16 && g->fd >= 0; round++) {
        ssize_t n = recv(g->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (n <= 0) {
            disconnect(g);
            return;
        }
        for (ssize_t k = 0; k < n && g->fd >= 0; k++) {
            input_byte(g, bytes[k]);
        }
    }
}

enum gdb_action gdb_poll(struct gdb *g, int timeout_ms)
{
    struct pollfd p[2] = {{.fd = -1}, {.fd = -1}};
    p[0].fd = g->fd;
    p[0].events = (short)(POLLIN | (g->out_len ? POLLOUT : 0));
    p[1].fd = g->fd < 0 ? g->cfg.listen_fd : -1; // one debugger at a time
    p[1].events = POLLIN;
    bool idle = g->action == GDB_HALT;
    if ((p[0].fd >= 0 || p[1].fd >= 0) && poll(p, 2, idle ? timeout_ms : 0) > 0) {
        if (p[1].revents & POLLIN) {
            int fd = accept(g->cfg.listen_fd, NULL, NULL);
            if (fd >= 0) {
                connected(g, fd);
            }
        }
        if (p[0].revents) {
            receive(g);
        }
    }
    flush(g);
    return g->action;
}
