// SPDX-License-Identifier: MIT
//
// Machines and the daemon die at random moments (SIGKILL), as real processes: this program starts itself
// as daemon and as machines that submit work through the vfio-user socket. After each death nothing may
// be left behind in the daemon: descriptors, memory, instances; and a machine that outlives the daemon
// must find the next one. 20 deaths of machines; YAMATO_LONG=1: 200.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mdev/daemon.h"
#include "mdev/vfio_user_client.h"
#include "tests/mdev/guest.h"

enum { DEVICES = 3, WATCHER = 2, PER_DAEMON = 5, PATIENCE_MS = 20000 };

// ---- a machine behind a socket -------------------------------------------------------------------------

struct machine {
    struct guest g; // memory and ring; its vgpu is not used
    struct vfuc *c;
    int fd;
};

static void reg(struct machine *m, uint32_t r, uint32_t v)
{
    vfuc_region_write(m->c, r * 4ull, &v, 4); // -ENOTCONN while there is no daemon
}

static void start_gpu(struct machine *m)
{
    static const uint32_t rows[][2] = {
        {0x1f6, 1u << 28}, {0x3c, ~0u}, {0x3c, 0}, {0x41, 0x01000fff}, {0x42, RAM_GPA + PT_OFF},
        {0x40, 0x01555551}, {0x45, 3}, {0x1f2, 0xcf800000}, {0xa42, 7}, {0x1c1, 0x0800020c},
        {0x1c0, RING_VA}, {0x1f6, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        reg(m, rows[i][0], rows[i][1]);
    }
    m->g.wptr = 0;
}

static bool machine_open(struct machine *m, const char *path)
{
    struct err err = {0};
    memset(m, 0, sizeof *m);
    m->g.client.ops = &guest_ops;
    m->fd = memfd_create("ram", MFD_CLOEXEC);
    if (m->fd < 0 || ftruncate(m->fd, RAM_BYTES)) {
        return false;
    }
    m->g.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(m->g.ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    m->c = vfuc_open(path, &m->g.client, &err);
    if (!m->c || vfuc_dma_map(m->c, RAM_GPA, RAM_BYTES, m->fd, 0, 3, &err)) {
        fprintf(stderr, "machine: %s\n", err.msg);
        return false;
    }
    start_gpu(m);
    return true;
}

static void machine_close(struct machine *m)
{
    vfuc_close(m->c);
    munmap(m->g.ram, RAM_BYTES);
    close(m->fd);
}

static void nap(unsigned us)
{
    const struct timespec ts = {0, (long)us * 1000};
    nanosleep(&ts, NULL);
}

// One submission with its fence; false when the fence does not come.
static bool machine_submit(struct machine *m, unsigned patience_ms)
{
    guest_put_fence(&m->g);
    reg(m, 0x1c5, m->g.wptr);
    for (unsigned i = 0; i < patience_ms * 10 && !guest_fenced(&m->g); i++) {
        nap(100);
    }
    reg(m, 0x1f4, ~0u);
    return guest_fenced(&m->g);
}

static int be_machine(const char *path)
{
    static struct machine m;
    if (!machine_open(&m, path)) {
        return 1;
    }
    for (unsigned n = 0;; n++) {
        if (!machine_submit(&m, PATIENCE_MS)) {
            return 2;
        }
        if (n == 2) {
            printf("running\n");
            fflush(stdout);
        }
    }
}

// ---- the daemon ----------------------------------------------------------------------------------------

static int be_daemon(const char *dir)
{
    struct err err = {0};
    const struct mdev_config mc = {.backend = "soft", .raster_threads = 1};
    char control[128];
    struct daemon_config dc = {.dir = dir, .control = control};
    struct daemon *d;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    snprintf(control, sizeof control, "%s/control.sock", dir);
    dc.mdev = mdev_create(&mc, &err);
    d = dc.mdev ? daemon_create(&dc, &err) : NULL;
    for (unsigned i = 0; d && i < DEVICES; i++) {
        char name[8];
        snprintf(name, sizeof name, "vm%u", i);
        if (daemon_add(d, &(struct daemon_device_config){.type = "yamato-a200", .name = name}, &err)) {
            fprintf(stderr, "daemon: %s\n", err.msg);
            return 1;
        }
    }
    if (!d) {
        fprintf(stderr, "daemon: %s\n", err.msg);
        return 1;
    }
    printf("serving\n");
    fflush(stdout);
    daemon_run(d, signalfd(-1, &set, SFD_CLOEXEC), &err);
    daemon_destroy(d);
    mdev_destroy(dc.mdev);
    return 0;
}

// ---- processes -----------------------------------------------------------------------------------------

// Starts this program in a role; returns when it has said its first word.
static pid_t spawn(const char *role, const char *arg)
{
    int out[2];
    pid_t pid;
    char word[16];
    struct pollfd p;
    assert_int_equal(pipe(out), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execl("/proc/self/exe", "test_vfio_user_kill", role, arg, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(out[1]);
    p = (struct pollfd){out[0], POLLIN, 0};
    assert_int_equal(poll(&p, 1, PATIENCE_MS * 3), 1);
    assert_true(read(out[0], word, sizeof word) > 0);
    close(out[0]);
    return pid;
}

static void slay(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static unsigned descriptors(pid_t pid)
{
    char path[64];
    unsigned n = 0;
    DIR *dir;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static unsigned long resident_kib(pid_t pid)
{
    char path[64];
    unsigned long size = 0, resident = 0, shared = 0;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu %lu", &size, &resident, &shared), 3);
    fclose(f);
    return (resident - shared) * 4;
}

static json_t *ask(const char *dir, const char *request)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    json_t *answer;
    FILE *f;
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", dir);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    f = fdopen(fd, "r+");
    fprintf(f, "%s\n", request);
    fflush(f);
    answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL);
    fclose(f);
    assert_non_null(answer);
    return answer;
}

static long long number(json_t *row, const char *key)
{
    return (long long)json_integer_value(json_object_get(row, key));
}

static bool nobody_attached(const char *dir)
{
    json_t *answer = ask(dir, "{\"cmd\":\"list\"}"), *list = json_object_get(answer, "devices");
    bool none = json_array_size(list) == DEVICES;
    for (size_t i = 0; i < DEVICES; i++) {
        json_t *row = json_array_get(list, i);
        none = none && (i == WATCHER || !json_is_true(json_object_get(row, "attached")));
    }
    json_decref(answer);
    return none;
}

static void check_daemon(const char *dir, pid_t daemon, unsigned fds, unsigned long kib)
{
    json_t *answer, *type;
    unsigned tries = 0;
    while (!nobody_attached(dir)) { // it has yet to notice
        assert_true(tries++ < PATIENCE_MS / 10);
        nap(10000);
    }
    answer = ask(dir, "{\"cmd\":\"types\"}");
    type = json_array_get(json_object_get(answer, "types"), 0);
    assert_int_equal(number(type, "available_instances"), number(type, "max_instances") - DEVICES);
    json_decref(answer);
    while (descriptors(daemon) > fds) { // our own control connection may be on its way out
        assert_true(tries++ < PATIENCE_MS / 10);
        nap(10000);
    }
    assert_true(resident_kib(daemon) <= kib + 16384);
}

// ---- the test ------------------------------------------------------------------------------------------

static unsigned deaths(void)
{
    return getenv("YAMATO_LONG") ? 200 : 20;
}

static void watcher_recovers(struct machine *watcher)
{
    uint64_t tries = 0;
    bool ok = false;
    while (!ok) { // what a guest's driver does when a fence does not come: reset, start, again
        start_gpu(watcher);
        ok = machine_submit(watcher, 200);
        assert_true(tries++ < 100);
    }
}

static void test_deaths_leave_nothing_behind(void **state)
{
    char dir[] = "/tmp/yamato-kill-XXXXXX", path[128], control[128];
    static struct machine watcher;
    unsigned lives = 0, fds = 0;
    unsigned long kib = 0;
    pid_t daemon;
    (void)state;

    srand(1);
    assert_non_null(mkdtemp(dir));
    daemon = spawn("--daemon", dir);
    snprintf(path, sizeof path, "%s/vm%d.sock", dir, WATCHER);
    assert_true(machine_open(&watcher, path));
    for (unsigned i = 0; i < deaths(); i++) {
        pid_t vm[WATCHER];
        if (i && i % PER_DAEMON == 0) { // with machines attached, and a survivor
            for (unsigned k = 0; k < WATCHER; k++) {
                snprintf(path, sizeof path, "%s/vm%u.sock", dir, k);
                vm[k] = spawn("--machine", path);
            }
            slay(daemon);
            for (unsigned k = 0; k < WATCHER; k++) {
                slay(vm[k]);
            }
            daemon = spawn("--daemon", dir);
            lives++;
            fds = 0;
        }
        watcher_recovers(&watcher);
        for (unsigned k = 0; k < WATCHER; k++) {
            snprintf(path, sizeof path, "%s/vm%u.sock", dir, k);
            vm[k] = spawn("--machine", path);
        }
        nap((unsigned)rand() % 5000);
        for (unsigned k = 0; k < WATCHER; k++) {
            slay(vm[k]);
        }
        if (!fds) { // the first deaths pay for caches
            unsigned tries = 0;
            while (!nobody_attached(dir)) {
                assert_true(tries++ < PATIENCE_MS / 10);
                nap(10000);
            }
            nap(100000);
            fds = descriptors(daemon);
            kib = resident_kib(daemon);
        }
        check_daemon(dir, daemon, fds, kib);
    }
    assert_true(vfuc_reconnects(watcher.c) >= lives);
    printf("[ NUMBERS  ] %u machines and %u daemons killed, %u reconnections, %u descriptors, %lu KiB\n",
           deaths() * WATCHER, lives, vfuc_reconnects(watcher.c), fds, resident_kib(daemon));
    machine_close(&watcher);
    assert_int_equal(kill(daemon, SIGTERM), 0);
    assert_int_equal(waitpid(daemon, NULL, 0), daemon);
    snprintf(control, sizeof control, "%s/control.sock", dir);
    assert_int_equal(access(control, F_OK), -1);
    assert_int_equal(rmdir(dir), 0); // sockets' files went with the daemon
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_deaths_leave_nothing_behind)};
    if (argc == 3 && !strcmp(argv[1], "--daemon")) {
        return be_daemon(argv[2]);
    }
    if (argc == 3 && !strcmp(argv[1], "--machine")) {
        return be_machine(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
