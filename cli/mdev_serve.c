// SPDX-License-Identifier: MIT
//
// yamato mdev serve: reads the configuration, takes systemd's sockets (sd_listen_fds(3)), starts the
// engine, gives up rights and system calls, and serves in the foreground until SIGTERM or SIGINT. Tells
// systemd when it is ready (sd_notify(3)); both protocols are a few lines and need no library.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opts.h"
#include "cli/cli.h"
#include "cli/mdev_opts.h"
#include "mdev/daemon.h"
#include "mdev/daemon_conf.h"
#include "mdev/daemon_jail.h"
#include "mdev/profile.h"
#include "mdev/vgpu.h"

enum { LISTEN_FIRST = 3, LISTEN_MAX = 64 };

struct serve {
    struct daemon_conf conf;
    struct log log;
    struct mdev *mdev;
    struct profile *profile;
    int stop, tree;
    char names[LISTEN_MAX][64]; // of systemd's sockets; "": used
    unsigned nsockets;
};

// A client may cut its memory short while the engine uses it. The lost page reads as zero from then
// on: the guest's loss, not the daemon's end. Any other bus error is ours and ends the program.
static void on_bus_error(int sig, siginfo_t *info, void *context)
{
    uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;
    (void)context;
    if (info->si_code != BUS_ADRERR ||
        mmap((void *)page, 4096, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
        signal(sig, SIG_DFL);
    }
}

static int block_signals(void)
{
    struct sigaction bus = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigset_t set;
    sigaction(SIGBUS, &bus, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

// ---- systemd -----------------------------------------------------------------------------------------

static void take_sockets(struct serve *s)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    unsigned long n = count ? strtoul(count, NULL, 10) : 0;
    if (!pid || strtoul(pid, NULL, 10) != (unsigned long)getpid()) {
        return;
    }
    s->nsockets = n < LISTEN_MAX ? (unsigned)n : LISTEN_MAX;
    for (unsigned i = 0; i < s->nsockets; i++) {
        size_t len = names ? strcspn(names, ":") : 0;
        int fd = LISTEN_FIRST + (int)i;
        snprintf(s->names[i], sizeof s->names[i], "%.*s", len < 63 ? (int)len : 63, names ? names : "");
        names = names && names[len] ? names + len + 1 : NULL;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

// The socket of that name, or 0.
static int socket_named(struct serve *s, const char *name)
{
    for (unsigned i = 0; i < s->nsockets; i++) {
        if (!strcmp(s->names[i], name)) {
            s->names[i][0] = 0;
            return LISTEN_FIRST + (int)i;
        }
    }
    return 0;
}

static void tell_systemd(const char *what)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd;
    if (!path || strlen(path) >= sizeof sa.sun_path) {
        return;
    }
    memcpy(sa.sun_path, path, strlen(path));
    sa.sun_path[0] = path[0] == '@' ? 0 : path[0];
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        sendto(fd, what, strlen(what), MSG_NOSIGNAL, (struct sockaddr *)&sa,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
        close(fd);
    }
}

// ---- configuration -----------------------------------------------------------------------------------

static int copy(char *to, size_t room, const char *from, struct err *err)
{
    if (!from) {
        return 0;
    }
    if (strlen(from) >= room) {
        return err_set(err, -EINVAL, "'%s' is too long", from);
    }
    memcpy(to, from, strlen(from) + 1);
    return 0;
}

// The command line wins over the file.
static int configure(struct serve *s, const struct mdev_opts *o, struct err *err)
{
    struct daemon_conf *c = &s->conf;
    int rc = 0;
    conf_init(c);
    if (o->config) {
        rc = conf_read(c, o->config, err);
    }
    const struct {
        char *to;
        size_t room;
        const char *from;
    } texts[] = {
        {c->socket_dir, sizeof c->socket_dir, o->dir}, {c->control, sizeof c->control, o->control},
        {c->metrics, sizeof c->metrics, o->metrics},   {c->tree, sizeof c->tree, o->tree},
        {c->backend, sizeof c->backend, o->backend},   {c->gl_device, sizeof c->gl_device, o->gl_device},
        {c->user, sizeof c->user, o->user},            {c->trace, sizeof c->trace, o->trace},
    };
    for (unsigned i = 0; !rc && i < ARRAY_LEN(texts); i++) {
        rc = copy(texts[i].to, texts[i].room, texts[i].from, err);
    }
    if (rc) {
        return rc;
    }
    c->profile = o->profile ? o->profile : c->profile;
    c->raster_threads = o->raster_threads ? o->raster_threads : c->raster_threads;
    c->seccomp = c->seccomp && !o->no_seccomp;
    if (!c->control[0] && c->socket_dir[0] &&
        snprintf(c->control, sizeof c->control, "%.110s/control.sock", c->socket_dir) < 0) {
        return -EINVAL;
    }
    if ((o->type || o->socket) && c->ndevices < CONF_DEVICES) {
        struct conf_device *d = &c->devices[c->ndevices++];
        uint64_t cap = 0;
        memset(d, 0, sizeof *d);
        rc = copy(d->type, sizeof d->type, o->type ? o->type : "yamato-a200", err);
        rc = rc ? rc : copy(d->name, sizeof d->name, o->name ? o->name : "vgpu0", err);
        rc = rc ? rc : copy(d->socket, sizeof d->socket, o->socket, err);
        rc = rc ? rc : copy(d->priority, sizeof d->priority, o->priority, err);
        if (o->cap && !opts_number(o->cap, &cap)) {
            rc = err_set(err, -EINVAL, "--cap: '%s' is not a number", o->cap);
        }
        d->weight = o->weight;
        d->cap = cap;
        d->quota = o->quota;
    }
    if (!rc && !c->socket_dir[0] && !c->ndevices && !s->nsockets) {
        rc = err_set(err, -EINVAL, "where? Give --socket-dir DIR, --socket PATH or --config FILE");
    }
    return rc;
}

// ---- serving -----------------------------------------------------------------------------------------

// What root does for the user that the daemon becomes.
static int prepare(struct serve *s, struct err *err)
{
    const struct daemon_conf *c = &s->conf;
    const struct passwd *pw = c->user[0] ? getpwnam(c->user) : NULL;
    if (c->socket_dir[0] && mkdir(c->socket_dir, 0700) < 0 && errno != EEXIST) {
        return err_set(err, -errno, "%s: %s", c->socket_dir, strerror(errno));
    }
    if (pw && c->socket_dir[0] && geteuid() == 0 && chown(c->socket_dir, pw->pw_uid, pw->pw_gid) < 0) {
        return err_set(err, -errno, "%s: %s", c->socket_dir, strerror(errno));
    }
    if (c->tree[0]) {
        s->tree = daemon_tree_mount(c->tree, err);
        if (s->tree < 0) {
            return s->tree;
        }
    }
    return 0;
}

static int give_up_rights(struct serve *s, struct err *err)
{
    int rc = s->conf.user[0] ? jail_become(s->conf.user, err) : 0;
    if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        rc = err_set(err, -errno, "no new privileges: %s", strerror(errno));
    }
    return rc;
}

static int add_devices(struct serve *s, struct daemon *d, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; !rc && i < s->conf.ndevices; i++) {
        const struct conf_device *c = &s->conf.devices[i];
        if (c->weight > 10000 || c->cap > 1000) {
            return err_set(err, -EINVAL, "device %s: weight up to 10000, cap up to 1000", c->name);
        }
        rc = daemon_add(d,
                        &(struct daemon_device_config){
                            .type = c->type, .name = c->name, .path = c->socket[0] ? c->socket : NULL,
                            .listener = socket_named(s, c->name), .weight = (unsigned)c->weight,
                            .cap = (unsigned)c->cap, .priority = c->priority[0] ? c->priority : NULL,
                            .quota = c->quota},
                        err);
    }
    for (unsigned i = 0; !rc && i < s->nsockets; i++) { // a socket alone makes a device too
        char name[64];
        memcpy(name, s->names[i], sizeof name);
        if (name[0]) {
            rc = daemon_add(d,
                            &(struct daemon_device_config){.type = "yamato-a200", .name = name,
                                                           .listener = socket_named(s, name)},
                            err);
        }
    }
    return rc;
}

static int serve_devices(struct serve *s, struct err *err)
{
    const struct daemon_conf *c = &s->conf;
    const struct daemon_config dc = {.mdev = s->mdev, .dir = c->socket_dir[0] ? c->socket_dir : NULL,
                                     .control = c->control[0] ? c->control : NULL,
                                     .control_fd = socket_named(s, "control"),
                                     .metrics = c->metrics[0] ? c->metrics : NULL, .tree_fd = s->tree,
                                     .profile = s->profile, .log = &s->log};
    struct daemon *d = daemon_create(&dc, err);
    int rc;
    if (!d) {
        return -1;
    }
    rc = add_devices(s, d, err);
    if (!rc && c->seccomp) {
        rc = jail_enter(!strcmp(c->backend, "gl"), err);
    }
    if (!rc) {
        log_info(&s->log, "serving %s",
                 c->socket_dir[0] ? c->socket_dir : c->ndevices ? c->devices[0].socket : "systemd's sockets");
        tell_systemd("READY=1");
        rc = daemon_run(d, s->stop, err);
        tell_systemd("STOPPING=1");
    }
    daemon_destroy(d);
    return rc;
}

int mdev_serve(const struct mdev_opts *o)
{
    struct serve *s = calloc(1, sizeof *s);
    struct err err = {0};
    struct mdev_config mc;
    int rc;

    if (!s) {
        err_set(&err, -ENOMEM, "no memory");
        return cli_fail("mdev", &err);
    }
    log_init(&s->log, stderr, "mdev");
    take_sockets(s);
    rc = configure(s, o, &err);
    if (!rc && s->conf.trace[0]) {
        rc = log_enable(&s->log, s->conf.trace, &err);
    }
    if (!rc) {
        s->stop = block_signals(); // before the engine's thread, which inherits it
        umask(0077);               // sockets are their owner's
        rc = prepare(s, &err);
    }
    rc = rc ? rc : give_up_rights(s, &err);
    if (!rc) {
        mc = (struct mdev_config){.backend = s->conf.backend[0] ? s->conf.backend : NULL,
                                  .gl_device = s->conf.gl_device[0] ? s->conf.gl_device : NULL,
                                  .log = &s->log, .raster_threads = (unsigned)s->conf.raster_threads};
        s->mdev = mdev_create(&mc, &err);
        s->profile = s->conf.profile ? profile_create(s->conf.profile) : NULL;
        rc = s->mdev ? serve_devices(s, &err) : -1;
        if (s->mdev) {
            mdev_destroy(s->mdev);
        }
        if (s->profile) {
            profile_destroy(s->profile);
        }
    }
    free(s);
    return rc ? cli_fail("mdev", &err) : EXIT_OK;
}
