// SPDX-License-Identifier: MIT
//
// yamato mdev: the verbs that talk to the daemon over its control socket. "serve", the daemon itself, is
// in mdev_serve.c.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "cli/cli.h"
#include "cli/mdev_opts.h"
#include "mdev/vgpu.h"

#define AT(m) offsetof(struct mdev_opts, m)

static const struct opt_row rows[] = {
    {"Serving", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"config", NULL, OPT_STRING, AT(config), "FILE", "configuration (docs/daemon.md)", NULL},
    {"socket-dir", NULL, OPT_STRING, AT(dir), "DIR", "sockets: DIR/NAME.sock, DIR/control.sock", NULL},
    {"socket", "socket-path", OPT_STRING, AT(socket), "PATH", "one device on this socket", NULL},
    {"backend", NULL, OPT_STRING, AT(backend), "NAME", "where draws run (soft)", "soft|gl|null"},
    {"gl-device", NULL, OPT_STRING, AT(gl_device), "DEV", "which GL device", NULL},
    {"raster-threads", NULL, OPT_UINT, AT(raster_threads), "N", "threads of the soft backend", NULL},
    {"metrics", NULL, OPT_STRING, AT(metrics), "WHERE", "HTTP for Prometheus: unix:PATH or a port", NULL},
    {"mdev-tree", NULL, OPT_STRING, AT(tree), "DIR", "mount a sysfs look-alike for mdevctl", NULL},
    {"user", NULL, OPT_STRING, AT(user), "NAME", "become this user", NULL},
    {"no-seccomp", NULL, OPT_FLAG, AT(no_seccomp), NULL, "keep all system calls", NULL},
    {"profile", NULL, OPT_UINT, AT(profile), "N", "keep N submissions for the verb profile", NULL},
    {"trace", NULL, OPT_STRING, AT(trace), "LIST", "trace channels", NULL},
    {"Devices", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"control", NULL, OPT_STRING, AT(control), "PATH", "control socket of the daemon", NULL},
    {"type", NULL, OPT_STRING, AT(type), "TYPE", "type of the device (yamato-a200)", NULL},
    {"name", NULL, OPT_STRING, AT(name), "NAME", "name of the device", NULL},
    {"weight", NULL, OPT_UINT, AT(weight), "N", "share of the engine, 1 to 10000", NULL},
    {"cap", NULL, OPT_STRING, AT(cap), "N", "at most N thousandths of the engine; 0: no cap", NULL},
    {"priority", NULL, OPT_STRING, AT(priority), "P", "who waits less", "low|normal|high"},
    {"quota", NULL, OPT_UINT, AT(quota), "BYTES", "host memory that submissions may hold", NULL},
    {"Output", NULL, OPT_HEADING, 0, NULL, NULL, NULL},
    {"json", NULL, OPT_FLAG, AT(json), NULL, "the daemon's answer as it is", NULL},
    {"prometheus", NULL, OPT_FLAG, AT(prometheus), NULL, "stats: as Prometheus reads them", NULL},
    {"interval", NULL, OPT_UINT, AT(interval), "MS", "top: milliseconds between looks (1000)", NULL},
    {"count", NULL, OPT_UINT, AT(count), "N", "top: looks before the end (0: none)", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato mdev",
    "serve|types|list|stats|top|create|remove|set|snapshot|restore|capture|profile [OPTION]... [ARGUMENT]...",
    "Shares one GPU between the virtual machines of any VMM that speaks vfio-user.",
    "serve runs in the foreground until SIGTERM. With --socket-dir devices are made by 'create';\n"
    "with --type or --socket one exists from the start, with --config those of the file. The other\n"
    "verbs need the daemon's control socket: --control, or --socket-dir for DIR/control.sock.\n\n"
    "  create [TYPE] [NAME]      without name: a new UUID    remove NAME    set NAME --weight 200\n"
    "  snapshot NAME FILE        restore NAME FILE           capture NAME [FILE.rd]\n"
    "  profile FILE.csv|FILE.trace|FILE.json    of all devices, with serve --profile 2M\n\n"
    "  yamato mdev serve --socket-dir /run/yamato &\n"
    "  yamato mdev create --socket-dir /run/yamato yamato-a200 vm0\n"
    "  qemu-system-x86_64 ... -device '{\"driver\":\"vfio-user-pci\",\n"
    "      \"socket\":{\"type\":\"unix\",\"path\":\"/run/yamato/vm0.sock\"}}'\n"
    "  yamato run --gpu vfio-user:/run/yamato/vm0.sock ...",
    rows};

int mdev_control_path(const struct mdev_opts *o, char *path, size_t n, struct err *err)
{
    int len = o->control ? snprintf(path, n, "%s", o->control)
              : o->dir   ? snprintf(path, n, "%s/control.sock", o->dir)
                         : 0;
    if (!len) {
        return err_set(err, -EINVAL, "which daemon? Give --control PATH or --socket-dir DIR");
    }
    return (size_t)len < n ? 0 : err_set(err, -ENAMETOOLONG, "the control socket's path is too long");
}

static json_t *ask(const struct mdev_opts *o, json_t *req, struct err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char *text = json_dumps(req, JSON_COMPACT);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    json_t *answer = NULL;
    FILE *f = NULL;

    if (text && fd >= 0 && !mdev_control_path(o, sa.sun_path, sizeof sa.sun_path, err)) {
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

// Without a daemon: what one would offer.
static json_t *own_types(void)
{
    const struct vgpu_type *t;
    json_t *list = json_array();
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "name", t->name, "description",
                            t->description, "device_api", "vfio-pci", "weight", (int)t->weight,
                            "available_instances", (int)t->max_instances, "max_instances",
                            (int)t->max_instances));
    }
    return json_pack("{s:o}", "types", list);
}

static void print_list(json_t *answer)
{
    json_t *row;
    size_t i;
    printf("%-36s %-12s %6s %5s %-8s %-6s %s\n", "NAME", "TYPE", "WEIGHT", "CAP", "PRIORITY", "CLIENT",
           "SOCKET");
    json_array_foreach(json_object_get(answer, "devices"), i, row)
    {
        printf("%-36s %-12s %6lld %5lld %-8s %-6s %s\n", string(row, "name"), string(row, "type"),
               number(row, "weight"), number(row, "cap"), string(row, "priority"),
               json_is_true(json_object_get(row, "attached")) ? "yes" : "-", string(row, "socket"));
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

static void print_metrics(json_t *answer)
{
    printf("%s", string(answer, "text"));
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

// A line a device: how busy it keeps the engine, as a bar too, and how long its work waits.
static void print_rates(json_t *before, json_t *now, double seconds)
{
    static const char bar[] = "####################";
    json_t *row;
    size_t i;
    double total = 0;
    if (isatty(1)) {
        printf("\033[H\033[J");
    }
    printf("%-20s %7s %-20s %9s %9s %9s %9s %7s %7s\n", "NAME", "ENGINE%", "", "SUBMIT/s", "DRAWS/s",
           "WAIT us", "MSG/s", "IRQ/s", "REFUSED");
    json_array_foreach(json_object_get(now, "devices"), i, row)
    {
        json_t *old = row_named(before, string(row, "name"));
#define DELTA(key) ((double)(number(row, key) - (old ? number(old, key) : 0)))
        double share = DELTA("engine_ns") / seconds / 1e7, submits = DELTA("submissions");
        int len = share >= 100 ? 20 : (int)(share / 5);
        total += share;
        printf("%-20.20s %7.1f %-20.*s %9.0f %9.0f %9.1f %9.0f %7.0f %7lld\n", string(row, "name"), share,
               len, bar, submits / seconds, DELTA("draws") / seconds,
               submits > 0 ? DELTA("wait_ns") / submits / 1e3 : 0, DELTA("messages") / seconds,
               DELTA("irqs") / seconds, number(row, "refused"));
#undef DELTA
    }
    printf("%-20s %7.1f\n", "all", total);
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
    bool named;    // needs a device's name
    unsigned file; // 1: may name a file, 2: must
    void (*print)(json_t *answer);
} verbs[] = {
    {"types", false, 0, print_types},  {"list", false, 0, print_list},
    {"stats", false, 0, print_stats},  {"create", false, 0, print_one},
    {"remove", true, 0, print_one},    {"set", true, 0, print_one},
    {"snapshot", true, 2, print_one},  {"restore", true, 2, print_one},
    {"capture", true, 1, print_one},   {"profile", false, 2, print_one},
    {"metrics", false, 0, print_metrics},
};

static int add_settings(const struct mdev_opts *o, json_t *req, struct err *err)
{
    uint64_t cap;
    if (o->weight) {
        json_object_set_new(req, "weight", json_integer((json_int_t)o->weight));
    }
    if (o->cap) {
        if (!opts_number(o->cap, &cap)) {
            return err_set(err, -EINVAL, "--cap: '%s' is not a number", o->cap);
        }
        json_object_set_new(req, "cap", json_integer((json_int_t)cap));
    }
    if (o->priority) {
        json_object_set_new(req, "priority", json_string(o->priority));
    }
    if (o->quota) {
        json_object_set_new(req, "quota", json_integer((json_int_t)o->quota));
    }
    return 0;
}

static bool is_type(const char *s)
{
    const struct vgpu_type *t;
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        if (!strcmp(t->name, s)) {
            return true;
        }
    }
    return false;
}

// The request of a verb from what followed it: [TYPE] [NAME] or NAME [FILE].
static int fill(const struct mdev_opts *o, unsigned verb, const char *const *args, json_t *req,
                struct err *err)
{
    const char *type = o->type ? o->type : "yamato-a200", *name = o->name;
    char path[4096];
    unsigned at = 0;
    if (!strcmp(verbs[verb].verb, "create") && args[at] && is_type(args[at])) {
        type = args[at++];
    }
    if (args[at] && strcmp(verbs[verb].verb, "profile") != 0) {
        name = args[at++];
    }
    if (verbs[verb].named && !name) {
        return err_set(err, -EINVAL, "%s: which device? Give its name", verbs[verb].verb);
    }
    if (name) {
        json_object_set_new(req, "name", json_string(name));
    }
    json_object_set_new(req, "type", json_string(type));
    if (verbs[verb].file == 2 && !args[at]) {
        return err_set(err, -EINVAL, "%s: which file?", verbs[verb].verb);
    }
    if (verbs[verb].file && args[at]) { // the daemon has another working directory
        char *cwd = args[at][0] == '/' ? NULL : getcwd(NULL, 0);
        snprintf(path, sizeof path, "%s%s%s", cwd ? cwd : "", cwd ? "/" : "", args[at]);
        free(cwd);
        json_object_set_new(req, "file", json_string(path));
    }
    return add_settings(o, req, err);
}

static int request(const struct mdev_opts *o, unsigned verb, const char *const *args)
{
    json_t *req = json_pack("{s:s}", "cmd", verbs[verb].verb), *answer = NULL;
    struct err err = {0};
    int status = EXIT_OK;

    if (!strcmp(verbs[verb].verb, "types") && !o->control && !o->dir) {
        answer = own_types();
    } else if (!fill(o, verb, args, req, &err)) {
        answer = ask(o, req, &err);
    }
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
    const char *args[5] = {0};
    const char *verb;
    struct err err = {0};
    unsigned n = 0;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 4, &n, &status)) {
        return status;
    }
    verb = n ? args[0] : "";
    if (!strcmp(verb, "serve")) {
        return mdev_serve(&o);
    }
    if (!strcmp(verb, "top")) {
        return top(&o);
    }
    if (!strcmp(verb, "stats") && o.prometheus) {
        verb = "metrics";
    }
    for (unsigned i = 0; n >= 1 && i < ARRAY_LEN(verbs); i++) {
        if (!strcmp(verb, verbs[i].verb)) {
            return request(&o, i, args + 1);
        }
    }
    err_set(&err, -EINVAL, "what? One of serve, types, list, stats, top, create, remove, set, snapshot, "
                           "restore, capture, profile");
    return cli_fail("mdev", &err);
}

const struct cli_command cmd_mdev = {"mdev", "share the GPU with other VMMs' machines", &spec,
                                     run_mdev};
