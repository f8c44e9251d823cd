// SPDX-License-Identifier: MIT
//
// The daemon as a service: settings while it runs, files, metrics, configuration, what it gives up, and
// that a device which waits for the engine or for its client holds up nobody else.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "mdev/daemon.h"
#include "mdev/daemon_conf.h"
#include "mdev/daemon_jail.h"
#include "mdev/daemon_priv.h"
#include "mdev/profile.h"
#include "mdev/vfio_user_client.h"
#include "tests/mdev/guest.h"
#include "tests/mdev/vfu_client.h"

struct fixture {
    char dir[64], control[96], metrics[96];
    struct mdev *mdev;
    struct profile *profile;
    struct daemon *d;
    pthread_t thread;
    int stop, ctl;
};

static void *loop(void *arg)
{
    struct fixture *f = arg;
    struct err err = {0};
    assert(daemon_run(f->d, f->stop, &err) == 0);
    return NULL;
}

static int dial(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err err = {0};
    const struct mdev_config mc = {.backend = "null"};
    struct daemon_config dc;
    snprintf(f->dir, sizeof f->dir, "/tmp/yamato-service-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->control, sizeof f->control, "%s/control.sock", f->dir);
    snprintf(f->metrics, sizeof f->metrics, "unix:%s/metrics.sock", f->dir);
    f->mdev = mdev_create(&mc, &err);
    f->profile = profile_create(1000);
    dc = (struct daemon_config){.mdev = f->mdev, .dir = f->dir, .control = f->control,
                                .metrics = f->metrics, .profile = f->profile};
    f->d = daemon_create(&dc, &err);
    assert_non_null(f->d);
    f->stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&f->thread, NULL, loop, f), 0);
    f->ctl = dial(f->control);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    const uint64_t one = 1;
    char command[128];
    assert_int_equal(write(f->stop, &one, 8), 8);
    pthread_join(f->thread, NULL);
    daemon_destroy(f->d);
    mdev_destroy(f->mdev);
    profile_destroy(f->profile);
    close(f->stop);
    close(f->ctl);
    for (const char *const *name = (const char *const[]){"a.snap", "a.rd", "p.csv", NULL}; *name; name++) {
        snprintf(command, sizeof command, "%s/%s", f->dir, *name);
        unlink(command);
    }
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

__attribute__((format(printf, 2, 3))) static json_t *ask(struct fixture *f, const char *fmt, ...)
{
    char line[65536];
    size_t n = 0;
    va_list ap;
    json_t *answer;
    va_start(ap, fmt);
    n = (size_t)vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    line[n++] = '\n';
    assert_int_equal(send(f->ctl, line, n, 0), (ssize_t)n);
    n = 0;
    do {
        assert_int_equal(recv(f->ctl, line + n, 1, 0), 1);
    } while (line[n++] != '\n' && n < sizeof line);
    answer = json_loadb(line, n, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static const char *string(json_t *a, const char *key)
{
    const char *s = json_string_value(json_object_get(a, key));
    return s ? s : "";
}

static long long number(json_t *a, const char *key)
{
    return (long long)json_integer_value(json_object_get(a, key));
}

static void refused(json_t *answer, const char *part)
{
    if (!strstr(string(answer, "error"), part)) {
        fail_msg("'%s' says nothing of '%s'", string(answer, "error"), part);
    }
    json_decref(answer);
}

static void make(struct fixture *f, const char *name)
{
    json_t *a = ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"%s\"}", name);
    assert_string_equal(string(a, "name"), name);
    json_decref(a);
}

static void test_settings_change_while_it_runs(void **state)
{
    struct fixture *f = *state;
    json_t *a = ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a220\",\"name\":\"a\",\"weight\":7,"
                       "\"cap\":300,\"priority\":\"high\",\"quota\":1048576}");
    assert_int_equal(number(a, "weight"), 7);
    assert_int_equal(number(a, "cap"), 300);
    assert_int_equal(number(a, "quota"), 1 << 20);
    assert_string_equal(string(a, "priority"), "high");
    json_decref(a);
    a = ask(f, "{\"cmd\":\"set\",\"name\":\"a\",\"cap\":0,\"priority\":\"low\",\"weight\":9}");
    assert_int_equal(number(a, "weight"), 9);
    assert_int_equal(number(a, "cap"), 0);
    assert_string_equal(string(a, "priority"), "low");
    json_decref(a);
    refused(ask(f, "{\"cmd\":\"set\",\"name\":\"a\"}"), "set what");
    refused(ask(f, "{\"cmd\":\"set\",\"name\":\"a\",\"cap\":1001}"), "cap");
    refused(ask(f, "{\"cmd\":\"set\",\"name\":\"a\",\"priority\":\"royal\"}"), "royal");
    refused(ask(f, "{\"cmd\":\"set\",\"name\":\"a\",\"quota\":1}"), "quota");
    refused(ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"b\",\"priority\":\"x\"}"),
            "priority");
    a = ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\"}"); // no name: a UUID
    assert_int_equal(strlen(string(a, "name")), 36);
    json_decref(a);
    a = ask(f, "{\"cmd\":\"list\"}");
    assert_int_equal(json_array_size(json_object_get(a, "devices")), 2);
    json_decref(a);
}

static void test_state_goes_to_a_file_and_back(void **state)
{
    struct fixture *f = *state;
    struct vgpu_client client = {&guest_ops};
    struct err err = {0};
    struct vfuc *c;
    char path[128];
    uint32_t v = 0x1234;
    make(f, "a");
    snprintf(path, sizeof path, "%s/a.sock", f->dir);
    c = vfuc_open(path, &client, &err);
    assert_non_null(c);
    assert_int_equal(vfuc_region_write(c, 0x2200 * 4, &v, 4), 0);
    assert_int_equal(vfuc_region_read(c, 0x2200 * 4, &v, 4), 0); // it has arrived
    refused(ask(f, "{\"cmd\":\"snapshot\",\"name\":\"a\"}"), "which file");
    refused(ask(f, "{\"cmd\":\"snapshot\",\"name\":\"a\",\"file\":\"a.snap\"}"), "which file");
    refused(ask(f, "{\"cmd\":\"snapshot\",\"name\":\"a\",\"file\":\"/nowhere/a\"}"), "/nowhere/a");
    json_decref(ask(f, "{\"cmd\":\"snapshot\",\"name\":\"a\",\"file\":\"%s/a.snap\"}", f->dir));
    v = 0;
    assert_int_equal(vfuc_region_write(c, 0x2200 * 4, &v, 4), 0);
    assert_int_equal(vfuc_region_read(c, 0x2200 * 4, &v, 4), 0);
    assert_int_equal(v, 0);
    refused(ask(f, "{\"cmd\":\"restore\",\"name\":\"a\",\"file\":\"%s/b.snap\"}", f->dir), "b.snap");
    refused(ask(f, "{\"cmd\":\"restore\",\"name\":\"a\",\"file\":\"/dev/null\"}"), "");
    json_decref(ask(f, "{\"cmd\":\"restore\",\"name\":\"a\",\"file\":\"%s/a.snap\"}", f->dir));
    assert_int_equal(vfuc_region_read(c, 0x2200 * 4, &v, 4), 0);
    assert_int_equal(v, 0x1234);
    json_t *a = ask(f, "{\"cmd\":\"capture\",\"name\":\"a\",\"file\":\"%s/a.rd\"}", f->dir);
    assert_true(json_is_true(json_object_get(a, "capturing")));
    json_decref(a);
    a = ask(f, "{\"cmd\":\"capture\",\"name\":\"a\"}");
    assert_false(json_is_true(json_object_get(a, "capturing")));
    json_decref(a);
    json_decref(ask(f, "{\"cmd\":\"profile\",\"file\":\"%s/p.csv\"}", f->dir));
    snprintf(path, sizeof path, "%s/p.csv", f->dir);
    assert_int_equal(access(path, R_OK), 0);
    vfuc_close(c);
}

static void test_metrics_over_http(void **state)
{
    struct fixture *f = *state;
    static const char get[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    char text[65536];
    size_t n = 0;
    ssize_t got;
    make(f, "a");
    for (unsigned i = 0; i < 40; i++) { // more than there are slots: each ends with its answer
        int fd = dial(f->metrics + 5);
        assert_int_equal(send(fd, get, sizeof get - 1, MSG_NOSIGNAL), sizeof get - 1);
        for (n = 0; (got = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0; n += (size_t)got) {
        }
        close(fd);
    }
    text[n] = 0;
    assert_non_null(strstr(text, "HTTP/1.0 200"));
    assert_non_null(strstr(text, "yamato_available_instances{type=\"yamato-a200\"}"));
    assert_non_null(strstr(text, "# TYPE yamato_vgpu_submissions_total counter\n"));
    assert_non_null(strstr(text, "yamato_vgpu_attached{vgpu=\"a\",type=\"yamato-a200\"} 0\n"));
    json_t *a = ask(f, "{\"cmd\":\"metrics\"}");
    assert_non_null(strstr(text, string(a, "text")));
    json_decref(a);
}

static double since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

// A client that pushes and never reads, and one whose reset waits for an engine that is stuck.
static void test_nobody_waits_for_a_slow_device(void **state)
{
    struct fixture *f = *state;
    struct vgpu_client client = {&guest_ops};
    const struct vfu_header reset = {1, VFU_DEVICE_RESET, 16, 0, 0};
    struct err err = {0};
    struct timespec start;
    struct machine {
        struct guest g;
        struct vfuc *c;
    } m = {0};
    char path[128];
    int fd = vc_memfd(RAM_BYTES), flood;
    uint32_t v;

    make(f, "stuck");
    make(f, "flood");
    make(f, "fine");
    snprintf(path, sizeof path, "%s/fine.sock", f->dir);
    struct vfuc *fine = vfuc_open(path, &client, &err);
    assert_non_null(fine);
    // flood: replies pile up until nothing more goes in
    snprintf(path, sizeof path, "%s/flood.sock", f->dir);
    flood = dial(path);
    while (send(flood, &reset, sizeof reset, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    // stuck: the engine sleeps in the middle of its submission, and its thread waits in an unmap
    snprintf(path, sizeof path, "%s/stuck.sock", f->dir);
    m.g.client.ops = &guest_ops;
    m.g.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(m.g.ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    m.c = vfuc_open(path, &m.g.client, &err);
    assert_non_null(m.c);
    assert_int_equal(vfuc_dma_map(m.c, RAM_GPA, RAM_BYTES, fd, 0, 3, &err), 0);
    static const uint32_t regs[][2] = {{0x41, 0x01000fff}, {0x42, RAM_GPA + PT_OFF}, {0x40, 0x01555551},
                                       {0x45, 3}, {0x1c1, 0x0800020c}, {0x1c0, RING_VA}, {0x1f6, 0}};
    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        vfuc_region_write(m.c, regs[i][0] * 4ull, &regs[i][1], 4);
    }
    assert_int_equal(vfuc_region_read(m.c, 0, &v, 4), 0);
    vgpu_delay(vfu_vgpu(daemon_find(f->d, "stuck")->vfu), VGPU_STAGE_executed, 2500000000ull);
    guest_put_fence(&m.g);
    vfuc_region_write(m.c, 0x1c5 * 4, &m.g.wptr, 4);
    usleep(200000);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(vfuc_region_read(fine, 0x1c0 * 4, &v, 4), 0);
        json_decref(ask(f, "{\"cmd\":\"stats\"}"));
        json_decref(ask(f, "{\"cmd\":\"set\",\"name\":\"stuck\",\"weight\":%u}", i + 1));
    }
    assert_true(since(&start) < 1.8);
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (!guest_fenced(&m.g)) {
        usleep(1000);
        assert_true(since(&start) < 30);
    }
    vgpu_delay(vfu_vgpu(daemon_find(f->d, "stuck")->vfu), VGPU_STAGE_executed, 0);
    vfuc_close(m.c);
    vfuc_close(fine);
    munmap(m.g.ram, RAM_BYTES);
    close(flood);
    close(fd);
}

// An interrupt's eventfd is the client's: full, and made to wait, it holds up its own device alone.
static void test_blocking_eventfd_holds_up_its_device_alone(void **state)
{
    struct fixture *f = *state;
    static struct vc c;
    struct vgpu_client client = {&guest_ops};
    struct err err = {0};
    const uint64_t full = UINT64_MAX - 1;
    struct vfuc *fine;
    char path[128];
    int irq = eventfd(0, EFD_CLOEXEC);
    uint64_t n;
    uint32_t v;
    struct {
        struct vfu_header h;
        struct vfu_version v;
        char json[24];
    } hello = {{1, VFU_VERSION, 20 + 20, 0, 0}, {0, 0}, "{\"capabilities\":{}}"};
    struct {
        struct vfu_header h;
        struct vfu_irq_set s;
    } set = {{2, VFU_SET_IRQS, sizeof set, 0, 0},
             {sizeof set.s, VFU_SET_EVENTFD | VFU_SET_TRIGGER, VFU_IRQ_MSIX, 0, 1}},
      trigger = {{3, VFU_SET_IRQS, sizeof trigger, 0, 0},
                 {sizeof trigger.s, VFU_SET_NONE | VFU_SET_TRIGGER, VFU_IRQ_MSIX, 0, 1}};
    uint8_t reply[64];

    make(f, "a");
    make(f, "fine");
    snprintf(path, sizeof path, "%s/a.sock", f->dir);
    c.sock = dial(path);
    hello.h.size = 20 + (uint32_t)strlen(hello.json) + 1;
    vc_send_raw(&c, &hello, hello.h.size, NULL, 0);
    assert_int_equal(recv(c.sock, reply, hello.h.size, MSG_WAITALL), hello.h.size);
    vc_send_raw(&c, &set, sizeof set, &irq, 1);
    assert_int_equal(recv(c.sock, reply, 16, MSG_WAITALL), 16);
    assert_int_equal(get_le32(reply + 12), 0);
    assert_int_equal(fcntl(irq, F_SETFL, fcntl(irq, F_GETFL) & ~O_NONBLOCK), 0);
    assert_int_equal(write(irq, &full, 8), 8);
    vc_send_raw(&c, &trigger, sizeof trigger, NULL, 0);
    usleep(100000);
    snprintf(path, sizeof path, "%s/fine.sock", f->dir);
    fine = vfuc_open(path, &client, &err); // with a reset: the engine is free
    assert_non_null(fine);
    assert_int_equal(vfuc_region_read(fine, 0, &v, 4), 0);
    json_decref(ask(f, "{\"cmd\":\"stats\"}"));
    json_t *a = ask(f, "{\"cmd\":\"remove\",\"name\":\"a\"}"); // even now
    assert_false(json_is_true(json_object_get(a, "pending")));
    json_decref(a);
    assert_int_equal(read(irq, &n, 8), 8);
    assert_int_equal(n, 1);
    vfuc_close(fine);
    close(c.sock);
    close(irq);
}

// ---- configuration ---------------------------------------------------------------------------------

static int conf(const char *text, struct daemon_conf *c, struct err *err)
{
    char path[] = "/tmp/yamato-conf-XXXXXX";
    int fd = mkstemp(path), rc;
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    conf_init(c);
    rc = conf_read(c, path, err);
    unlink(path);
    return rc;
}

static void test_configuration_is_read(void **state)
{
    static struct daemon_conf c;
    struct err err = {0};
    (void)state;
    assert_int_equal(conf("# all\n[daemon]\n socket-dir = /run/x # here\nseccomp=no\nraster-threads = 2\n\n"
                          "[device vm0]\ntype = yamato-a220\nquota = 16M\npriority=high\n[device vm1]\n",
                          &c, &err),
                     0);
    assert_string_equal(c.socket_dir, "/run/x");
    assert_false(c.seccomp);
    assert_int_equal(c.raster_threads, 2);
    assert_int_equal(c.ndevices, 2);
    assert_string_equal(c.devices[0].type, "yamato-a220");
    assert_int_equal(c.devices[0].quota, 16 << 20);
    assert_string_equal(c.devices[1].type, "yamato-a200");
    static const struct {
        const char *text, *says;
    } wrong[] = {{"a = b\n", "first"}, {"[daemon]\nx\n", "key = value"}, {"[daemon]\nx = 1\n", ":2: x: no such key"},
                 {"[daemon]\nseccomp = maybe\n", "yes or no"}, {"[device]\n", "section"},
                 {"[device a]\nweight = heavy\n", "not a number"}, {"[device a]\n[device a]\n", "already"},
                 {"[daemon\n", "section"}};
    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(conf(wrong[i].text, &c, &err), -EINVAL);
        if (!strstr(err.msg, wrong[i].says)) {
            fail_msg("'%s' says nothing of '%s'", err.msg, wrong[i].says);
        }
    }
    assert_int_equal(conf_read(&c, "/nowhere/mdev.conf", &err), -ENOENT);
}

// The example that is shipped must be one.
static void test_shipped_configuration_is_valid(void **state)
{
    static struct daemon_conf c;
    struct err err = {0};
    (void)state;
    conf_init(&c);
    assert_int_equal(conf_read(&c, "packaging/mdev.conf", &err), 0);
    assert_string_equal(c.socket_dir, "/run/yamato");
}

static void test_jail_holds(void **state)
{
    pid_t pid = fork();
    int status;
    (void)state;
    if (pid == 0) {
        struct err err = {0};
        char *argv[] = {"true", NULL};
        if (jail_enter(false, &err)) {
            _exit(1);
        }
        if (execv("/bin/true", argv) == 0 || errno != EPERM) {
            _exit(2);
        }
        if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) {
            _exit(3);
        }
        if (socket(AF_UNIX, SOCK_STREAM, 0) < 0) {
            _exit(4);
        }
        if (setuid(12345) == 0 || errno != EPERM) {
            _exit(5);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_settings_change_while_it_runs),
        T(test_state_goes_to_a_file_and_back),
        T(test_metrics_over_http),
        T(test_nobody_waits_for_a_slow_device),
        T(test_blocking_eventfd_holds_up_its_device_alone),
        cmocka_unit_test(test_configuration_is_read),
        cmocka_unit_test(test_shipped_configuration_is_valid),
        cmocka_unit_test(test_jail_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
