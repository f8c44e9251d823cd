// SPDX-License-Identifier: MIT
//
// What the daemon answers on its control socket: one function a request, in a table.
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/daemon_priv.h"
#include "mdev/profile.h"

static json_t *refuse(const struct err *err)
{
    return json_pack("{s:s, s:i}", "error", err->msg, "errno", -err->code);
}

static json_t *cmd_types(struct daemon *d, json_t *req)
{
    json_t *list = json_array();
    const struct vgpu_type *t;
    (void)req;
    for (unsigned i = 0; (t = vgpu_type_at(i)); i++) {
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "name", t->name, "description",
                            t->description, "device_api", "vfio-pci", "weight", (int)t->weight,
                            "available_instances", (int)mdev_available_instances(d->cfg.mdev, t),
                            "max_instances", (int)t->max_instances));
    }
    return json_pack("{s:o}", "types", list);
}

static json_t *describe(struct daemon_device *dev)
{
    struct vgpu_settings set;
    vgpu_settings(vfu_vgpu(dev->vfu), &set); // from any thread
    return json_pack("{s:s, s:s, s:i, s:i, s:s, s:I, s:s, s:b, s:b}", "name", dev->name, "type",
                     dev->type->name, "weight", (int)set.weight, "cap", (int)set.cap, "priority",
                     set.priority, "quota", (json_int_t)set.quota, "socket", dev->path, "attached",
                     atomic_load(&dev->attached), "capturing", dev->capturing);
}

static json_t *devices(struct daemon *d, bool counters)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (dev && !atomic_load(&dev->stop)) {
            json_t *row = describe(dev);
            struct daemon_counter c[DAEMON_COUNTERS];
            unsigned n = counters ? daemon_counters(dev, c) : 0;
            for (unsigned k = 0; k < n; k++) {
                json_object_set_new(row, c[k].name, json_integer((json_int_t)c[k].value));
            }
            json_array_append_new(list, row);
        }
    }
    return json_pack("{s:o}", "devices", list);
}

static json_t *cmd_list(struct daemon *d, json_t *req)
{
    (void)req;
    return devices(d, false);
}

static json_t *cmd_stats(struct daemon *d, json_t *req)
{
    (void)req;
    return devices(d, true);
}

static json_t *cmd_metrics(struct daemon *d, json_t *req)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    json_t *answer;
    (void)req;
    if (!f) {
        return NULL;
    }
    daemon_metrics(d, f);
    fclose(f);
    answer = json_pack("{s:s}", "text", text);
    free(text);
    return answer;
}

static const char *text(json_t *req, const char *key)
{
    const char *s = json_string_value(json_object_get(req, key));
    return s ? s : "";
}

// A setting that is a number from `min` to `max`; *there tells whether it was given. 0 or -EINVAL.
static int number(json_t *req, const char *key, uint64_t min, uint64_t max, uint64_t *v, bool *there,
                  struct err *err)
{
    json_t *j = json_object_get(req, key);
    *there = j != NULL;
    *v = 0;
    if (!j) {
        return 0;
    }
    if (!json_is_integer(j) || json_integer_value(j) < 0 ||
        (uint64_t)json_integer_value(j) < min || (uint64_t)json_integer_value(j) > max) {
        return err_set(err, -EINVAL, "%s must be a number from %llu to %llu", key,
                       (unsigned long long)min, (unsigned long long)max);
    }
    *v = (uint64_t)json_integer_value(j);
    return 0;
}

struct settings {
    uint64_t weight, cap, quota;
    bool has_weight, has_cap, has_quota;
    const char *priority; // NULL: not given
};

static int read_settings(json_t *req, struct settings *s, struct err *err)
{
    int rc = number(req, "weight", 1, 10000, &s->weight, &s->has_weight, err);
    if (!rc) {
        rc = number(req, "cap", 0, 1000, &s->cap, &s->has_cap, err);
    }
    if (!rc) {
        rc = number(req, "quota", VGPU_QUOTA_MIN, 1ull << 40, &s->quota, &s->has_quota, err);
    }
    s->priority = json_string_value(json_object_get(req, "priority"));
    return rc;
}

static json_t *cmd_create(struct daemon *d, json_t *req)
{
    struct err err = {0};
    struct settings s;
    const char *name = json_string_value(json_object_get(req, "name"));
    struct daemon_device_config cfg = {.type = text(req, "type"), .name = name};
    if (read_settings(req, &s, &err)) {
        return refuse(&err);
    }
    cfg.weight = (unsigned)s.weight;
    cfg.cap = (unsigned)s.cap;
    cfg.quota = s.quota;
    cfg.priority = s.priority;
    if (daemon_add(d, &cfg, &err)) {
        return refuse(&err);
    }
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        if (d->devices[i] && d->devices[i]->serial == d->serials) {
            return describe(d->devices[i]);
        }
    }
    return NULL;
}

static struct daemon_device *named(struct daemon *d, json_t *req, struct err *err)
{
    struct daemon_device *dev = daemon_find(d, text(req, "name"));
    if (!dev) {
        err_set(err, -ENOENT, "no device '%s'", text(req, "name"));
    }
    return dev;
}

static json_t *cmd_remove(struct daemon *d, json_t *req)
{
    struct err err = {0};
    struct daemon_device *dev = named(d, req, &err);
    bool ended;
    if (!dev) {
        return refuse(&err);
    }
    ended = daemon_remove(d, dev);
    return json_pack("{s:s, s:b}", "removed", text(req, "name"), "pending", !ended);
}

static json_t *cmd_set(struct daemon *d, json_t *req)
{
    struct err err = {0};
    struct daemon_device *dev = named(d, req, &err);
    struct settings s;
    struct vgpu *g;
    if (!dev || read_settings(req, &s, &err)) {
        return refuse(&err);
    }
    g = vfu_vgpu(dev->vfu);
    if (!s.has_weight && !s.has_cap && !s.has_quota && !s.priority) {
        err_set(&err, -EINVAL, "set what? weight, cap, priority or quota");
        return refuse(&err);
    }
    if (s.priority && vgpu_set_priority(g, s.priority)) { // first: the others cannot fail any more
        err_set(&err, -EINVAL, "priority '%.32s': low, normal or high", s.priority);
        return refuse(&err);
    }
    if ((s.has_weight && vgpu_set_weight(g, (unsigned)s.weight)) ||
        (s.has_cap && vgpu_set_cap(g, (unsigned)s.cap)) ||
        (s.has_quota && vgpu_set_quota(g, s.quota))) {
        err_set(&err, -EINVAL, "a setting is out of range");
        return refuse(&err);
    }
    return describe(dev);
}

// ---- files -----------------------------------------------------------------------------------------

enum { FILE_LOCK_MS = 2000 };

static int on_snapshot(struct daemon_device *dev, const char *file, struct err *err)
{
    return vfu_save(dev->vfu, file, err);
}

static int on_restore(struct daemon_device *dev, const char *file, struct err *err)
{
    return vfu_load(dev->vfu, file, err);
}

static int on_capture(struct daemon_device *dev, const char *file, struct err *err)
{
    int rc = vgpu_capture(vfu_vgpu(dev->vfu), file[0] ? file : NULL, err);
    if (!rc) {
        dev->capturing = file[0] != 0;
    }
    return rc;
}

static json_t *with_file(struct daemon *d, json_t *req, bool needed,
                         int (*fn)(struct daemon_device *dev, const char *file, struct err *err))
{
    struct err err = {0};
    struct daemon_device *dev = named(d, req, &err);
    const char *file = text(req, "file");
    int rc;
    if (!dev) {
        return refuse(&err);
    }
    if (file[0] ? file[0] != '/' : needed) {
        err_set(&err, -EINVAL, "which file? Its whole path");
        return refuse(&err);
    }
    rc = daemon_lock(dev, FILE_LOCK_MS, &err);
    if (!rc) {
        rc = fn(dev, file, &err);
        daemon_unlock(dev);
    }
    return rc ? refuse(&err) : describe(dev);
}

static json_t *cmd_snapshot(struct daemon *d, json_t *req)
{
    return with_file(d, req, true, on_snapshot);
}

static json_t *cmd_restore(struct daemon *d, json_t *req)
{
    return with_file(d, req, true, on_restore);
}

static json_t *cmd_capture(struct daemon *d, json_t *req)
{
    return with_file(d, req, false, on_capture);
}

// ---- the profile -----------------------------------------------------------------------------------

enum { PROFILE_LOCK_MS = 200 };
#define PROFILE_PAUSE_NS 1000000000ull

static bool ends_in(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);
    return n >= t && !strcmp(s + n - t, tail);
}

static int write_profile(struct profile *p, const char *file, struct err *err)
{
    return ends_in(file, ".csv")     ? profile_write_csv(p, file, err)
           : ends_in(file, ".trace") ? profile_write_trace(p, file, err)
                                     : profile_write_json(p, file, err);
}

// Takes every device from its client and from the engine for as long as the file is written.
static json_t *cmd_profile(struct daemon *d, json_t *req)
{
    struct err err = {0};
    const char *file = text(req, "file");
    struct daemon_device *held[DAEMON_DEVICES];
    unsigned n = 0;
    int rc = 0;
    if (!d->cfg.profile) {
        rc = err_set(&err, -ENOTSUP, "the daemon was started without a profile");
    } else if (file[0] != '/') {
        rc = err_set(&err, -EINVAL, "which file? Its whole path");
    }
    for (unsigned i = 0; !rc && i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = d->devices[i];
        if (!dev || atomic_load(&dev->stop)) {
            continue;
        }
        rc = daemon_lock(dev, PROFILE_LOCK_MS, &err);
        if (!rc) {
            held[n++] = dev;
            if (!vgpu_pause(vfu_vgpu(dev->vfu), PROFILE_PAUSE_NS)) {
                rc = err_set(&err, -EBUSY, "%s: its work does not end", dev->name);
            }
        }
    }
    if (!rc) {
        rc = write_profile(d->cfg.profile, file, &err);
    }
    while (n) {
        n--;
        vgpu_resume(vfu_vgpu(held[n]->vfu));
        daemon_unlock(held[n]);
    }
    return rc ? refuse(&err) : json_pack("{s:s}", "file", file);
}

static const struct {
    const char *name;
    json_t *(*fn)(struct daemon *d, json_t *req);
} requests[] = {
    {"types", cmd_types},   {"list", cmd_list},     {"stats", cmd_stats},
    {"create", cmd_create}, {"remove", cmd_remove}, {"set", cmd_set},
    {"metrics", cmd_metrics}, {"snapshot", cmd_snapshot}, {"restore", cmd_restore},
    {"capture", cmd_capture}, {"profile", cmd_profile},
};

char *daemon_answer(struct daemon *d, const char *line)
{
    json_t *req = json_loads(line, 0, NULL), *answer = NULL;
    struct err err = {0};
    char *out, *with_newline = NULL;

    for (unsigned i = 0; !answer && i < ARRAY_LEN(requests); i++) {
        if (!strcmp(text(req, "cmd"), requests[i].name)) {
            answer = requests[i].fn(d, req);
        }
    }
    if (!answer) {
        err_set(&err, -EINVAL, "no request '%.64s'", text(req, "cmd"));
        answer = refuse(&err);
    }
    out = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    json_decref(req);
    if (out) {
        with_newline = malloc(strlen(out) + 2);
        if (with_newline) {
            memcpy(with_newline, out, strlen(out));
            memcpy(with_newline + strlen(out), "\n", 2);
        }
    }
    free(out);
    return with_newline;
}
