// SPDX-License-Identifier: MIT
//
// yamato mdev: the mediator as a daemon ("serve") and the verbs that talk to it over its control
// socket. The daemon stays in the foreground and ends on SIGTERM or SIGINT.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/log.h"
#include "cli/cli.h"
#include "mdev/daemon.h"
#include "mdev/vgpu.h"

struct mdev_opts {
    const char *dir, *socket, *type, *name, *backend, *gl_device, *control, *trace;
    uint64_t weight, interval, count, raster_threads;
    bool json;
};
#define AT(m) offsetof(struct mdev_opts, m)

static const struct opt_row rows[] = {
    {"Serving", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"socket-dir", NULL, OPT_STRING, AT(dir), "DIR", "sockets: DIR/NAME.sock, DIR/control.sock", NULL},
    {"socket", "socket-path", OPT_STRING, AT(socket), "PATH", "one device on this socket", NULL},
    {"backend", NULL, OPT_STRING, AT(backend), "NAME", "where draws run (soft)", "soft|gl|null"},
    {"gl-device", NULL, OPT_STRING, AT(gl_device), "DEV", "which GL device", NULL},
    {"raster-threads", NULL, OPT_UINT, AT(raster_threads), "N", "threads of the soft backend", NULL},
    {"trace", NULL, OPT_STRING, AT(trace), "LIST", "trace channels", NULL},
    {"Devices", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"control", NULL, OPT_STRING, AT(control), "PATH", "control socket of the daemon", NULL},
    {"type", NULL, OPT_STRING, AT(type), "TYPE", "type of the device (yamato-a200)", NULL},
    {"name", NULL, OPT_STRING, AT(name), "NAME", "name of the device", NULL},
    {"weight", NULL, OPT_UINT, AT(weight), "N", "share of the engine, 1 to 10000", NULL},
    {"Output", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"json", NULL, OPT_FLAG, AT(json), NULL, "the daemon's answer as it is", NULL},
    {"interval", NULL, OPT_UINT, AT(interval), "MS", "top: milliseconds between lines (1000)", NULL},
    {"count", NULL, OPT_UINT, AT(count), "N", "top: lines before the end (0: none)", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato mdev", "serve|types|list|stats|top|create|remove|set [OPTION]... [NAME]",
    "Shares one GPU between the virtual machines of any VMM that speaks vfio-user.",
    "serve runs in the foreground until SIGTERM. With --socket-dir devices are made by 'create';\n"
    "with --type or --socket one exists from the start. The other verbs need the daemon's control\n"
    "socket: --control, or --socket-dir for DIR/control.sock.\n\n"
    "  yamato mdev serve --socket-dir /run/yamato &\n"
    "  yamato mdev create --socket-dir /run/yamato --type yamato-a200 vm0\n"
    "  qemu-system-x86_64 ... -device '{\"driver\":\"vfio-user-pci\",\n"
    "      \"socket\":{\"type\":\"unix\",\"path\":\"/run/yamato/vm0.sock\"}}'",
    rows};

static int control_path(const struct mdev_opts *o, char *path, size_t n, struct err *err)
{
    int len = o->control ? snprintf(path, n, "%s", o->control)
              : o->dir   ? snprintf(path, n, "%s/control.sock", o->dir)
                         : 0;
    if (!len) {
        return err_set(err, -EINVAL, "which daemon? Give --control PATH or --socket-dir DIR");
    }
    return (size_t)len < n ? 0 : err_set(err, -ENAMETOOLONG, "the control socket's path is too long");
}

// ---- the daemon ------------------------------------------------------------------------------------

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

static int serve_devices(const struct mdev_opts *o, struct mdev *mdev, struct log *log, int stop,
                         struct err *err)
{
    char control[256] = "";
    struct daemon_config dc = {.mdev = mdev, .dir = o->dir, .log = log};
    struct daemon *d;
    int rc = 0;

    if (o->control || o->dir) {
        rc = control_path(o, control, sizeof control, err);
        dc.control = control;
    }
    d = rc ? NULL : daemon_create(&dc, err);
    if (!d) {
        return -1;
    }
    if (o->type || o->socket) {
        rc = daemon_add(d, o->type ? o->type : "yamato-a200", o->name ? o->name : "vgpu0",
                        (unsigned)o->weight, o->socket, err);
    }
    if (!rc) {
        log_info(log, "serving %s", o->socket ? o->socket : o->dir);
        rc = daemon_run(d, stop, err);
    }
    daemon_destroy(d);
    return rc;
}

static int serve(const struct mdev_opts *o)
{
    struct err err = {0};
    struct log log;
    struct mdev_config mc = {.backend = o->backend, .gl_device = o->gl_device, .log = &log,
                             .raster_threads = (unsigned)o->raster_threads};
    struct mdev *mdev;
    int stop, rc;

    log_init(&log, stderr, "mdev");
    if (!o->dir && !o->socket) {
        err_set(&err, -EINVAL, "where? Give --socket-dir DIR or --socket PATH");
        return cli_fail("mdev", &err);
    }
    if (o->weight > 10000 || (o->trace && log_enable(&log, o->trace, &err))) {
        if (!err.code) {
            err_set(&err, -EINVAL, "the weight must be a number from 1 to 10000");
        }
        return cli_fail("mdev", &err);
    }
    if (o->dir && mkdir(o->dir, 0700) < 0 && errno != EEXIST) {
        err_set(&err, -errno, "%s: %s", o->dir, strerror(errno));
        return cli_fail("mdev", &err);
    }
    stop = block_signals(); // before the engine's thread, which inherits it
    umask(0077);            // sockets are their owner's
    mdev = stop >= 0 ? mdev_create(&mc, &err) : NULL;
    if (!mdev) {
        return cli_fail("mdev", &err);
    }
    rc = serve_devices(o, mdev, &log, stop, &err);
    mdev_destroy(mdev);
    close(stop);
    return rc ? cli_fail("mdev", &err) : EXIT_OK;
}

// ---- its clients -----------------------------------------------------------------------------------

static json_t *ask(const struct mdev_opts *o, json_t *req, struct err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char *text = json_dumps(req, JSON_COMPACT);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    json_t *answer = NULL;
    FILE *f = NULL;

    if (text && fd >= 0 && !control_path(o, sa.sun_path, sizeof sa.sun_path, err)) {
        if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || !(f = fdopen(fd, "r+"))) {
            err_set(err, -errno, "%s: %s (is the daemon running?)", sa.sun_path, strerror(errno));
        } else {
            fprintf(f, "%s\n", text);
            fflush(f);
            answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
            if (!answer) {
                err_set(err, -EIO, "%s: no answer", sa.sun_path);
            }
        }
    }
    free(text);
    if (f) {
        fclose(f);
    } else if (fd >= 0) {
        close(fd);
    }
    return answer;
}

static long long number(json_t *row, const char *key)
{
    return (long long)json_integer_value(json_object_get(row, key));
}

static const char *string(json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

static void print_types(json_t *answer)
{
    json_t *row;
    size_t i;
    printf("%-14s %9s %6s  %s\n", "TYPE", "AVAILABLE", "WEIGHT", "DESCRIPTION");
    json_array_foreach(json_object_get(answer, "types"), i, row)
    {
        printf("%-14s %4lld/%-4lld %6lld  %s\n", string(row, "name"),
               number(row, "available_instances"), number(row, "max_instances"),
               number(row, "weight"), string(row, "description"));
    }
}

static void print_list(json_t *answer)
{
    json_t *row;
    size_t i;
    printf("%-16s %-12s %6s %-8s %s\n", "NAME", "TYPE", "WEIGHT", "CLIENT", "SOCKET");
    json_array_foreach(json_object_get(answer, "devices"), i, row)
    {
        printf("%-16s %-12s %6lld %-8s %s\n", string(row, "name"), string(row, "type"),
               number(row, "weight"), json_is_true(json_object_get(row, "attached")) ? "yes" : "-",
               string(row, "socket"));
    }
}

static void print_stats(json_t *answer)
{
    json_t *row, *value;
    const char *key;
    size_t i;
    json_array_foreach(json_object_get(answer, "devices"), i, row)
    {
        printf("%s:", string(row, "name"));
        json_object_foreach(row, key, value)
        {
            if (json_is_integer(value)) {
                printf(" %s=%lld", key, (long long)json_integer_value(value));
            }
        }
        printf("\n");
    }
}

static void print_one(json_t *answer)
{
    if (json_object_get(answer, "socket")) {
        printf("%s\n", string(answer, "socket"));
    }
}

static json_t *row_named(json_t *answer, const char *name)
{
    json_t *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "devices"), i, row)
    {
        if (!strcmp(string(row, "name"), name)) {
            return row;
        }
    }
    return NULL;
}

static void print_rates(json_t *before, json_t *now, double seconds)
{
    json_t *row;
    size_t i;
    printf("%-16s %8s %10s %10s %10s %8s\n", "NAME", "ENGINE%", "SUBMIT/s", "DRAWS/s", "MESSAGE/s",
           "IRQ/s");
    json_array_foreach(json_object_get(now, "devices"), i, row)
    {
        json_t *old = row_named(before, string(row, "name"));
#define RATE(key) ((double)(number(row, key) - (old ? number(old, key) : 0)) / seconds)
        printf("%-16s %8.1f %10.0f %10.0f %10.0f %8.0f\n", string(row, "name"),
               RATE("engine_ns") / 1e7, RATE("submissions"), RATE("draws"), RATE("messages"),
               RATE("irqs"));
#undef RATE
    }
    fflush(stdout);
}

static int top(const struct mdev_opts *o)
{
    uint64_t ms = o->interval ? o->interval : 1000;
    json_t *req = json_pack("{s:s}", "cmd", "stats"), *before, *now;
    struct err err = {0};
    before = ask(o, req, &err);
    for (uint64_t n = 0; before && (!o->count || n < o->count); n++) {
        const struct timespec ts = {(time_t)(ms / 1000), (long)(ms % 1000 * 1000000)};
        nanosleep(&ts, NULL);
        now = ask(o, req, &err);
        if (now) {
            print_rates(before, now, (double)ms / 1e3);
        }
        json_decref(before);
        before = now;
    }
    json_decref(req);
    if (!before) {
        return cli_fail("mdev", &err);
    }
    json_decref(before);
    return EXIT_OK;
}

static const struct {
    const char *verb;
    bool named;
    void (*print)(json_t *answer);
} verbs[] = {
    {"types", false, print_types}, {"list", false, print_list},  {"stats", false, print_stats},
    {"create", true, print_one},   {"remove", true, print_one}, {"set", true, print_one},
};

static int request(const struct mdev_opts *o, unsigned verb, const char *name)
{
    json_t *req = json_pack("{s:s}", "cmd", verbs[verb].verb), *answer;
    struct err err = {0};
    int status = EXIT_OK;

    if (verbs[verb].named) {
        json_object_set_new(req, "name", json_string(name));
        json_object_set_new(req, "type", json_string(o->type ? o->type : "yamato-a200"));
        if (o->weight) {
            json_object_set_new(req, "weight", json_integer((json_int_t)o->weight));
        }
    }
    answer = ask(o, req, &err);
    json_decref(req);
    if (!answer) {
        return cli_fail("mdev", &err);
    }
    if (json_object_get(answer, "error")) {
        fprintf(stderr, "yamato mdev: %s\n", string(answer, "error"));
        status = EXIT_FAILED;
    } else if (o->json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        verbs[verb].print(answer);
    }
    json_decref(answer);
    return status;
}

static int run_mdev(int argc, char **argv)
{
    struct mdev_opts o = {0};
    const char *args[2] = {0};
    struct err err = {0};
    unsigned n = 0;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 2, &n, &status)) {
        return status;
    }
    if (n >= 1 && !strcmp(args[0], "serve")) {
        return serve(&o);
    }
    if (n >= 1 && !strcmp(args[0], "top")) {
        return top(&o);
    }
    for (unsigned i = 0; n >= 1 && i < ARRAY_LEN(verbs); i++) {
        const char *name = n == 2 ? args[1] : o.name;
        if (strcmp(args[0], verbs[i].verb) != 0) {
            continue;
        }
        if (verbs[i].named && !name) {
            err_set(&err, -EINVAL, "%s: which device? Give its name", verbs[i].verb);
            return cli_fail("mdev", &err);
        }
        return request(&o, i, name);
    }
    err_set(&err, -EINVAL, "what? One of serve, types, list, stats, top, create, remove, set");
    return cli_fail("mdev", &err);
}

const struct cli_command cmd_mdev = {"mdev", "share the GPU with other VMMs' machines", &spec,
                                     run_mdev};
