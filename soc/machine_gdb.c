// SPDX-License-Identifier: MIT
//
// Connects GDB's stub (cpu/gdb.h) to the machine's loop, with the monitor behind "monitor TEXT".
#include "soc/machine_priv.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "cpu/gdb.h"

enum { HALT_POLL_MS = 20 };

struct machine_gdb {
    struct gdb *gdb;
    struct gdb_monitor monitor;
    struct machine *machine;
    int listener;
    char *unlink_path;
};

static bool command(struct gdb_monitor *monitor, const char *text, char *out, size_t n)
{
    struct machine_gdb *g = container_of(monitor, struct machine_gdb, monitor);
    FILE *f = fmemopen(out, n, "w");
    if (!f) {
        return false;
    }
    out[0] = 0;
    machine_monitor(g->machine, text, f);
    fclose(f);
    out[n - 1] = 0;
    return true;
}

static int listen_unix(struct machine_gdb *g, const char *path, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path) {
        return err_set(err, -ENAMETOOLONG, "gdb: path of socket '%s' is too long", path);
    }
    strcpy(a.sun_path, path);
    unlink(path);
    g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(g->listener, (struct sockaddr *)&a, sizeof a) || listen(g->listener, 1)) {
        return err_set(err, -errno, "gdb: %s: %s", path, strerror(errno));
    }
    g->unlink_path = strdup(path);
    return 0;
}

static int listen_tcp(struct machine_gdb *g, const char *where, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    char host[128] = "127.0.0.1";
    const char *port = strrchr(where, ':');
    int on = 1;
    if (port && port != where) {
        snprintf(host, sizeof host, "%.*s", (int)(port - where), where);
    }
    port = port ? port + 1 : where;
    if (getaddrinfo(host, port, &hints, &list)) {
        return err_set(err, -EINVAL, "gdb: '%s' is not [HOST]:PORT", where);
    }
    for (struct addrinfo *a = list; a && g->listener < 0; a = a->ai_next) {
        g->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(g->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(g->listener, a->ai_addr, a->ai_addrlen) || listen(g->listener, 1)) {
            int rc = -errno;
            close(g->listener);
            g->listener = -1;
            err_set(err, rc, "gdb: port %s: %s", port, strerror(-rc));
        }
    }
    freeaddrinfo(list);
    return g->listener < 0 ? -EADDRINUSE : 0;
}

int machine_gdb_open(struct machine *m, struct err *err)
{
    const char *spec = m->cfg.gdb;
    struct machine_gdb *g;
    struct gdb_config cfg;
    uint32_t midr = 0, part;
    int rc;
    if (!spec) {
        return 0;
    }
    g = calloc(1, sizeof *g);
    if (!g) {
        return err_set(err, -ENOMEM, "gdb: no memory");
    }
    m->gdb = g;
    g->machine = m;
    g->listener = -1;
    g->monitor.command = command;
    if (strncmp(spec, "unix:", 5) == 0) {
        rc = listen_unix(g, spec + 5, err);
    } else if (strncmp(spec, "tcp:", 4) == 0) {
        rc = listen_tcp(g, spec + 4, err);
    } else {
        rc = err_set(err, -EINVAL, "gdb: '%s' is not tcp:[HOST]:PORT or unix:PATH", spec);
    }
    if (rc) {
        return rc;
    }
    // Cortex-A cores (part 0xcXX) have all of VFPv3 and NEON, the ARM1136/1176 (0xbXX) VFPv2
    cpu_get_cp15(m->cpu, 0, 0, 0, 0, &midr);
    part = midr >> 12 & 0xf;
    cfg = (struct gdb_config){.listen_fd = g->listener,
                              .connected_fd = -1,
                              .cpus = m->cpus,
                              .cpu_count = m->cpu_count,
                              .vfp = part == 0xc || part == 0xb,
                              .d32 = part == 0xc,
                              .neon = part == 0xc,
                              .wait = m->cfg.paused,
                              .monitor = &g->monitor};
    g->gdb = gdb_create(&cfg, err);
    return g->gdb ? 0 : -EINVAL;
}

void machine_gdb_close(struct machine *m)
{
    struct machine_gdb *g = m->gdb;
    if (!g) {
        return;
    }
    gdb_destroy(g->gdb);
    if (g->listener >= 0) {
        close(g->listener);
    }
    if (g->unlink_path) {
        unlink(g->unlink_path);
        free(g->unlink_path);
    }
    free(g);
    m->gdb = NULL;
}

bool machine_gdb_turn(struct machine *m)
{
    struct gdb *gdb = m->gdb->gdb;
    switch (gdb_poll(gdb, HALT_POLL_MS)) {
    case GDB_RUN:
        return false;
    case GDB_STEP:
        machine_turn(m, gdb_step_cpu(gdb) < m->cpu_count ? gdb_step_cpu(gdb) : 0);
        gdb_report(gdb, m->core, cpu_run(m->cpu, 1));
        return true;
    case GDB_HALT:
        machine_poll(m, 0);
        return true;
    case GDB_KILL:
        machine_stop(m);
        return true;
    }
    return false;
}

bool machine_gdb_stopped(struct machine *m, enum cpu_stop why)
{
    if (!gdb_connected(m->gdb->gdb)) {
        return false;
    }
    gdb_report(m->gdb->gdb, m->core, why);
    return true;
}
