// SPDX-License-Identifier: MIT
//
// A device of the daemon: a vfio-user server on a thread of its own. One client at a time is served,
// and when it goes the next may come: the device's state waits. The control thread takes a device from
// its thread by its lock, for moments, and never waits for one longer than it says.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "mdev/daemon_priv.h"
#include "mdev/profile.h"

enum { TURN = 64 };        // messages between two looks at the lock
enum { END_MS = 2000, END_STEP_MS = 100 }; // patience with a device that ends

static void ring(int fd)
{
    const uint64_t one = 1;
    if (write(fd, &one, sizeof one) != sizeof one) {
        return; // it is up already
    }
}

// ---- the device's thread -----------------------------------------------------------------------------

static void turn(struct daemon_device *dev)
{
    struct log *log = dev->d->cfg.log;
    if (vfu_attached(dev->vfu)) {
        for (unsigned i = 0; i < TURN && vfu_step(dev->vfu) == 1; i++) {
        }
        if (!vfu_attached(dev->vfu)) {
            log_info(log, "%s: client gone", dev->name);
        }
    } else {
        int sock = accept4(dev->listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock >= 0 && vfu_attach(dev->vfu, sock)) {
            close(sock);
        } else if (sock >= 0) {
            log_info(log, "%s: client attached", dev->name);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            const struct timespec pause = {0, 100000000}; // no descriptor is free: not a busy loop
            nanosleep(&pause, NULL);
        }
    }
    atomic_store(&dev->attached, vfu_attached(dev->vfu));
}

static void *serve(void *arg)
{
    struct daemon_device *dev = arg;
    uint64_t drain;
    while (!atomic_load(&dev->stop)) {
        struct pollfd p[4] = {{dev->wake, POLLIN, 0}, {0}, {vfu_bell_fd(dev->vfu), POLLIN, 0},
                              {vfu_signal_fd(dev->vfu), POLLIN, 0}};
        p[1] = vfu_attached(dev->vfu)
                   ? (struct pollfd){vfu_fd(dev->vfu), vfu_events(dev->vfu), 0}
                   : (struct pollfd){dev->listener, POLLIN, 0};
        int ready = poll(p, 4, vfu_timeout_ms(dev->vfu));
        if (ready < 0 && errno != EINTR) {
            atomic_store(&dev->stop, true); // as if it had been removed
            break;
        }
        if (p[0].revents && read(dev->wake, &drain, sizeof drain) < 0) {
            drain = 0;
        }
        if (p[3].revents) {
            vfu_signal(dev->vfu); // may wait for the client: without the lock
        }
        if (p[2].revents) {
            pthread_mutex_lock(&dev->lock);
            vfu_bell(dev->vfu);
            pthread_mutex_unlock(&dev->lock);
        }
        if (p[1].revents || !ready) {
            pthread_mutex_lock(&dev->lock);
            turn(dev);
            pthread_mutex_unlock(&dev->lock);
        }
    }
    pthread_mutex_lock(&dev->end_lock);
    dev->ending = true;
    pthread_mutex_unlock(&dev->end_lock);
    vfu_destroy(dev->vfu); // may wait for the engine
    atomic_store(&dev->attached, false);
    atomic_store(&dev->done, true);
    ring(dev->d->reap);
    return NULL;
}

// ---- from the control thread -------------------------------------------------------------------------

struct daemon_device *daemon_find(struct daemon *d, const char *name)
{
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (dev && !atomic_load(&dev->stop) && !strcmp(dev->name, name)) {
            return dev;
        }
    }
    return NULL;
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += ms / 1000;
    ts.tv_nsec += (long)(ms % 1000) * 1000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }
    return ts;
}

int daemon_lock(struct daemon_device *dev, unsigned ms, struct err *err)
{
    const struct timespec until = after_ms(ms);
    if (pthread_mutex_clocklock(&dev->lock, CLOCK_MONOTONIC, &until)) {
        return err_set(err, -EBUSY, "%s: busy with its client or waiting for the engine", dev->name);
    }
    return 0;
}

void daemon_unlock(struct daemon_device *dev)
{
    pthread_mutex_unlock(&dev->lock);
}

static void dispose(struct daemon *d, struct daemon_device *dev)
{
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        if (d->devices[i] == dev) {
            d->devices[i] = NULL;
        }
    }
    close(dev->wake);
    pthread_mutex_destroy(&dev->lock);
    pthread_mutex_destroy(&dev->end_lock);
    free(dev);
}

void daemon_reap(struct daemon *d)
{
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (dev && atomic_load(&dev->done)) {
            pthread_join(dev->thread, NULL);
            if (dev->listener >= 0) {
                close(dev->listener);
                unlink(dev->path);
            }
            dispose(d, dev);
        }
    }
}

bool daemon_remove(struct daemon *d, struct daemon_device *dev)
{
    bool ended = false;
    atomic_store(&dev->stop, true);
    ring(dev->wake);
    close(dev->listener); // a new connection is refused from now on
    dev->listener = -1;
    if (dev->path[0]) {
        unlink(dev->path);
    }
    for (unsigned ms = 0; !ended && ms < END_MS; ms += END_STEP_MS) {
        const struct timespec until = after_ms(END_STEP_MS);
        ended = !pthread_clockjoin_np(dev->thread, NULL, CLOCK_MONOTONIC, &until);
        pthread_mutex_lock(&dev->end_lock);
        if (!ended && !dev->ending) {
            vfu_unblock(dev->vfu);
        }
        pthread_mutex_unlock(&dev->end_lock);
    }
    if (ended) {
        dispose(d, dev);
    }
    return ended;
}

// Names become file names.
static bool name_ok(const char *name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strlen(name);
    return n && n < 64 && name[0] != '.' && strspn(name, set) == n && strcmp(name, "control") != 0 &&
           strcmp(name, "metrics") != 0;
}

static int new_uuid(char out[37], struct err *err)
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != sizeof b) {
        return err_set(err, -EIO, "no random numbers for a UUID");
    }
    b[6] = (uint8_t)((b[6] & 15) | 0x40);
    b[8] = (uint8_t)((b[8] & 63) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return 0;
}

static int apply(struct daemon_device *dev, const struct daemon_device_config *cfg, struct err *err)
{
    struct vgpu *g = vfu_vgpu(dev->vfu);
    if (cfg->cap && vgpu_set_cap(g, cfg->cap)) {
        return err_set(err, -EINVAL, "a cap of %u: thousandths of the engine, 1 to 1000", cfg->cap);
    }
    if (cfg->priority && vgpu_set_priority(g, cfg->priority)) {
        return err_set(err, -EINVAL, "priority '%s': low, normal or high", cfg->priority);
    }
    if (cfg->quota && vgpu_set_quota(g, cfg->quota)) {
        return err_set(err, -EINVAL, "a quota of %llu bytes is out of range",
                       (unsigned long long)cfg->quota);
    }
    return 0;
}

static int open_listener(struct daemon_device *dev, const struct daemon_device_config *cfg,
                         struct err *err)
{
    char path[sizeof dev->path + 72];
    if (cfg->listener > 0) {
        dev->listener = cfg->listener;
        return 0;
    }
    if (cfg->path) {
        snprintf(path, sizeof path, "%s", cfg->path);
    } else {
        snprintf(path, sizeof path, "%.*s/%s.sock", (int)sizeof dev->path, dev->d->cfg.dir, dev->name);
    }
    dev->listener = daemon_listen(path, err);
    if (dev->listener < 0) {
        return dev->listener;
    }
    memcpy(dev->path, path, strlen(path) + 1); // daemon_listen refused longer ones
    return 0;
}

static int start(struct daemon_device *dev, const struct daemon_device_config *cfg, struct err *err)
{
    const struct vfu_config vc = {.mdev = dev->d->cfg.mdev, .type = cfg->type, .name = dev->name,
                                  .weight = cfg->weight, .log = dev->d->cfg.log,
                                  .deferred = true};
    int rc;
    dev->vfu = vfu_create(&vc, err);
    if (!dev->vfu) {
        return err && err->code ? err->code : -EINVAL;
    }
    for (unsigned i = 0; (dev->type = vgpu_type_at(i)) && strcmp(dev->type->name, cfg->type); i++) {
    }
    if (dev->d->cfg.profile) {
        profile_attach(dev->d->cfg.profile, vfu_vgpu(dev->vfu)); // its failure: one device less there
    }
    rc = apply(dev, cfg, err);
    if (!rc) {
        rc = open_listener(dev, cfg, err);
    }
    if (!rc) {
        dev->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        rc = dev->wake < 0 ? -errno : -pthread_create(&dev->thread, NULL, serve, dev);
        if (rc) {
            err_set(err, rc, "%s: no thread: %s", dev->name, strerror(-rc));
        }
    }
    return rc;
}

int daemon_add(struct daemon *d, const struct daemon_device_config *cfg, struct err *err)
{
    struct daemon_device *dev, **slot = NULL;
    char uuid[37];
    int rc = 0;

    if (!cfg->name && (rc = new_uuid(uuid, err))) {
        return rc;
    }
    const char *name = cfg->name ? cfg->name : uuid;
    if (!name_ok(name)) {
        return err_set(err, -EINVAL, "'%s' is no device name: 1 to 63 letters, digits, '._-'", name);
    }
    if (cfg->weight > 10000) {
        return err_set(err, -EINVAL, "weight %u: at most 10000", cfg->weight);
    }
    if (daemon_find(d, name)) {
        return err_set(err, -EEXIST, "there is a device '%s' already", name);
    }
    for (unsigned i = 0; !slot && i < DAEMON_DEVICES; i++) {
        slot = d->devices[i] ? NULL : &d->devices[i];
    }
    if (!slot || (!cfg->path && cfg->listener <= 0 && !d->cfg.dir)) {
        return err_set(err, -ENOSPC, slot ? "no directory for sockets was given" : "too many devices");
    }
    dev = calloc(1, sizeof *dev);
    if (!dev) {
        return err_set(err, -ENOMEM, "no memory for a device");
    }
    dev->d = d;
    dev->serial = ++d->serials;
    dev->listener = dev->wake = -1;
    snprintf(dev->name, sizeof dev->name, "%s", name);
    pthread_mutex_init(&dev->lock, NULL);
    pthread_mutex_init(&dev->end_lock, NULL);
    rc = start(dev, cfg, err);
    if (rc) {
        vfu_destroy(dev->vfu);
        if (dev->listener >= 0 && cfg->listener <= 0) {
            close(dev->listener);
            unlink(dev->path);
        }
        dispose(d, dev);
        return rc;
    }
    *slot = dev;
    return 0;
}
