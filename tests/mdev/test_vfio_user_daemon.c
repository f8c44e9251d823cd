// SPDX-License-Identifier: MIT
//
// The daemon as its users meet it: over real sockets, with the loop on a thread of its own.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "mdev/daemon.h"
#include "mdev/vfio_user_client.h"
#include "tests/mdev/guest.h"
#include "tests/mdev/vfu_client.h"

struct fixture {
    char dir[64], control[96];
    struct mdev *mdev;
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
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err err = {0};
    const struct mdev_config mc = {.backend = "null"};
    struct daemon_config dc;
    snprintf(f->dir, sizeof f->dir, "/tmp/yamato-daemon-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->control, sizeof f->control, "%s/control.sock", f->dir);
    f->mdev = mdev_create(&mc, &err);
    dc = (struct daemon_config){.mdev = f->mdev, .dir = f->dir, .control = f->control};
    f->d = daemon_create(&dc, &err);
    assert_non_null(f->d);
    f->stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&f->thread, NULL, loop, f), 0);
    f->ctl = dial(f->control);
    assert_true(f->ctl >= 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    const uint64_t one = 1;
    assert_int_equal(write(f->stop, &one, 8), 8);
    pthread_join(f->thread, NULL);
    daemon_destroy(f->d);
    mdev_destroy(f->mdev);
    close(f->stop);
    close(f->ctl);
    assert_int_equal(rmdir(f->dir), 0); // nothing was left behind
    free(f);
    return 0;
}

static json_t *ask(struct fixture *f, const char *request)
{
    char line[65536];
    size_t n = 0;
    json_t *answer;
    assert_int_equal(send(f->ctl, request, strlen(request), 0), (ssize_t)strlen(request));
    assert_int_equal(send(f->ctl, "\n", 1, 0), 1);
    do {
        assert_int_equal(recv(f->ctl, line + n, 1, 0), 1);
    } while (line[n++] != '\n' && n < sizeof line);
    answer = json_loadb(line, n, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static void expect_error(struct fixture *f, const char *request, const char *part)
{
    json_t *a = ask(f, request);
    const char *text = json_string_value(json_object_get(a, "error"));
    assert_non_null(text);
    assert_non_null(strstr(text, part));
    json_decref(a);
}

static long long available(struct fixture *f)
{
    json_t *a = ask(f, "{\"cmd\":\"types\"}");
    long long n = json_integer_value(json_object_get(
        json_array_get(json_object_get(a, "types"), 0), "available_instances"));
    json_decref(a);
    return n;
}

static size_t devices(struct fixture *f)
{
    json_t *a = ask(f, "{\"cmd\":\"list\"}");
    size_t n = json_array_size(json_object_get(a, "devices"));
    json_decref(a);
    return n;
}

static void test_devices_come_and_go_and_the_pool_counts_them(void **state)
{
    struct fixture *f = *state;
    long long before = available(f);
    char request[128];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            snprintf(request, sizeof request,
                     "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"vm%d\"}", i);
            json_decref(ask(f, request));
            assert_int_equal(available(f), before - i - 1);
        }
        assert_int_equal(devices(f), 5);
        for (int i = 0; i < 5; i++) {
            snprintf(request, sizeof request, "{\"cmd\":\"remove\",\"name\":\"vm%d\"}", i);
            json_decref(ask(f, request));
        }
        assert_int_equal(available(f), before);
    }
}

static void test_wrong_requests_say_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    expect_error(f, "", "no request");
    expect_error(f, "[]", "no request");
    expect_error(f, "{\"cmd\":7}", "no request");
    expect_error(f, "{\"cmd\":\"dance\"}", "dance");
    expect_error(f, "{\"cmd\":\"create\",\"type\":\"x\",\"name\":\"a\"}", "no vGPU type");
    expect_error(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"../a\"}", "no device name");
    expect_error(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"control\"}", "no device name");
    expect_error(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"a\",\"weight\":0}", "weight");
    expect_error(f, "{\"cmd\":\"remove\",\"name\":\"a\"}", "no device 'a'");
    expect_error(f, "{\"cmd\":\"set\",\"name\":\"a\",\"weight\":5}", "no device 'a'");
    json_decref(ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"a\"}"));
    expect_error(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"a\"}", "already");
    expect_error(f, "{\"cmd\":\"set\",\"name\":\"a\",\"weight\":10001}", "weight");
    assert_int_equal(devices(f), 1);
}

// One register read over the device's socket; false when the device hung up.
static bool read_config(int fd)
{
    static const char json[] = "{\"capabilities\":{}}";
    struct {
        struct vfu_header h;
        struct vfu_version v;
        char json[sizeof json];
    } hello = {{1, VFU_VERSION, 20 + sizeof json, 0, 0}, {0, 0}, ""};
    struct {
        struct vfu_header h;
        struct vfu_region_access a;
    } rd = {{2, VFU_REGION_READ, sizeof rd, 0, 0}, {0, VFU_REGION_CONFIG, 4}};
    uint8_t buf[256];
    memcpy(hello.json, json, sizeof json);
    send(fd, &hello, hello.h.size, MSG_NOSIGNAL);
    if (recv(fd, buf, hello.h.size, MSG_WAITALL) != (ssize_t)hello.h.size) {
        return false;
    }
    send(fd, &rd, sizeof rd, MSG_NOSIGNAL);
    return recv(fd, buf, 36, MSG_WAITALL) == 36 && get_le16(buf + 32) == 0x1234;
}

static void test_clients_reconnect_and_removal_hangs_up(void **state)
{
    struct fixture *f = *state;
    char path[128];
    json_decref(ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"a\"}"));
    snprintf(path, sizeof path, "%s/a.sock", f->dir);
    for (int i = 0; i < 200; i++) {
        int fd = dial(path);
        assert_true(fd >= 0);
        assert_true(read_config(fd));
        close(fd);
    }
    int fd = dial(path);
    uint8_t b;
    assert_true(read_config(fd));
    json_decref(ask(f, "{\"cmd\":\"remove\",\"name\":\"a\"}"));
    assert_int_equal(recv(fd, &b, 1, 0), 0);
    close(fd);
    assert_int_equal(dial(path), -1);
}

struct board {
    struct vgpu_client client;
    _Atomic bool level;
};

static void board_irq(struct vgpu_client *client, unsigned index, bool level)
{
    (void)index;
    atomic_store(&container_of(client, struct board, client)->level, level);
}

static bool eventually(struct board *b, bool level)
{
    for (int i = 0; i < 5000 && atomic_load(&b->level) != level; i++) {
        usleep(1000);
    }
    return atomic_load(&b->level) == level;
}

// A driver's road through our own client: memory, ring, fence, interrupt, acknowledge.
static void test_own_client_drives_a_device(void **state)
{
    static const uint32_t regs[][2] = {
        {0x1f6, 1u << 28}, {0x3c, ~0u}, {0x3c, 0}, {0x41, 0x01000fff}, {0x42, RAM_GPA + PT_OFF},
        {0x40, 0x01555551}, {0x45, 3}, {0x1f2, 0xcf800000}, {0xa42, 7}, {0x1c1, 0x0800020c},
        {0x1c0, RING_VA}, {0x1f6, 0}};
    static const struct vgpu_client_ops ops = {board_irq};
    struct fixture *f = *state;
    struct board b = {{&ops}, false};
    struct err err = {0};
    struct vfuc *c;
    char path[128];
    int fd = vc_memfd(RAM_BYTES);
    uint8_t *ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t v;

    json_decref(ask(f, "{\"cmd\":\"create\",\"type\":\"yamato-a200\",\"name\":\"a\"}"));
    snprintf(path, sizeof path, "%s/none.sock", f->dir);
    assert_null(vfuc_open(path, &b.client, &err));
    assert_non_null(strstr(err.msg, "none.sock"));
    snprintf(path, sizeof path, "%s/a.sock", f->dir);
    c = vfuc_open(path, &b.client, &err);
    assert_non_null(c);
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    assert_int_equal(vfuc_dma_map(c, RAM_GPA, RAM_BYTES, fd, 0, 3, &err), 0);
    assert_int_equal(vfuc_dma_map(c, RAM_GPA, RAM_BYTES, fd, 0, 3, &err), -EEXIST);
    for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
        assert_int_equal(vfuc_region_write(c, regs[i][0] * 4, &regs[i][1], 4), 0);
    }
    for (uint32_t n = 1; n <= 20; n++) {
        const uint32_t dw[] = {0x057a, n, pm4_type3(0x46, 3), 4, FENCE_VA, n, pm4_type3(0x40, 1),
                               0x80000000u};
        const uint32_t ack = ~0u, end = n * (uint32_t)ARRAY_LEN(dw);
        for (uint32_t i = 0; i < ARRAY_LEN(dw); i++) {
            put_le32(ram + POOL_OFF + (end - ARRAY_LEN(dw) + i) * 4, dw[i]);
        }
        assert_int_equal(vfuc_region_write(c, 0x1c5 * 4, &end, 4), 0);
        assert_true(eventually(&b, true));
        assert_int_equal(get_le32(ram + POOL_OFF + 0x8000), n);
        assert_int_equal(vfuc_region_write(c, 0x1f4 * 4, &ack, 4), 0);
        assert_true(eventually(&b, false));
    }
    assert_int_equal(vfuc_region_read(c, 0x57a * 4, &v, 4), 0);
    assert_int_equal(v, 20);
    assert_int_equal(vfuc_region_read(c, 2, &v, 4), -EINVAL);
    assert_int_equal(vfuc_region_read(c, 128 << 10, &v, 4), -EINVAL);
    assert_int_equal(vfuc_dma_unmap(c, RAM_GPA, RAM_BYTES), 0);
    json_decref(ask(f, "{\"cmd\":\"remove\",\"name\":\"a\"}"));
    assert_int_equal(vfuc_region_read(c, 0, &v, 4), -ENOTCONN);
    vfuc_close(c);
    munmap(ram, RAM_BYTES);
    close(fd);
}

static void test_endless_request_line_is_cut(void **state)
{
    struct fixture *f = *state;
    char junk[8192];
    memset(junk, 'x', sizeof junk);
    int fd = dial(f->control);
    uint8_t b;
    send(fd, junk, sizeof junk, MSG_NOSIGNAL);
    assert_true(recv(fd, &b, 1, 0) <= 0);
    close(fd);
    assert_int_equal(devices(f), 0); // others are still served
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_devices_come_and_go_and_the_pool_counts_them),
        T(test_wrong_requests_say_what_is_wrong),
        T(test_clients_reconnect_and_removal_hangs_up),
        T(test_own_client_drives_a_device),
        T(test_endless_request_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
