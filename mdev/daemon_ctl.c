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

static json_t *describe(const struct daemon_device *dev)
{
    return json_pack("{s:s, s:s, s:i, s:s, s:b}", "name", dev->name, "type", dev->type->name,
                     "weight", (int)dev->weight, "socket", dev->path, "attached",
                     vfu_attached(dev->vfu));
}

static void add_counters(json_t *row, const struct daemon_device *dev)
{
    struct vgpu_stats g;
    struct vfu_stats s;
    vgpu_stats(vfu_vgpu(dev->vfu), &g);
    vfu_stats(dev->vfu, &s);
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"submissions", g.submissions}, {"refused", g.refused}, {"draws", g.draws},
        {"resolves", g.resolves}, {"faults", g.faults}, {"hangs", g.hangs}, {"resets", g.resets},
        {"irqs", g.irqs}, {"mmio_reads", g.mmio_reads}, {"mmio_writes", g.mmio_writes},
        {"engine_ns", g.engine_ns}, {"messages", s.messages}, {"errors", s.errors},
        {"attaches", s.attaches}, {"dma_maps", s.dma_maps}};
    for (unsigned i = 0; i < ARRAY_LEN(counters); i++) {
        json_object_set_new(row, counters[i].name, json_integer((json_int_t)counters[i].value));
    }
}

static json_t *devices(struct daemon *d, bool counters)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        if (d->devices[i].vfu) {
            json_t *row = describe(&d->devices[i]);
            if (counters) {
                add_counters(row, &d->devices[i]);
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

static const char *text(json_t *req, const char *key)
{
    const char *s = json_string_value(json_object_get(req, key));
    return s ? s : "";
}

// 0 when it is not there, -1 when it is no weight.
static long weight_of(json_t *req)
{
    json_t *w = json_object_get(req, "weight");
    if (!w) {
        return 0;
    }
    return json_is_integer(w) && json_integer_value(w) > 0 && json_integer_value(w) <= 10000
               ? (long)json_integer_value(w)
               : -1;
}

static json_t *bad_weight(void)
{
    struct err err = {0};
    err_set(&err, -EINVAL, "the weight must be a number from 1 to 10000");
    return refuse(&err);
}

static json_t *cmd_create(struct daemon *d, json_t *req)
{
    struct err err = {0};
    long weight = weight_of(req);
    if (weight < 0) {
        return bad_weight();
    }
    if (daemon_add(d, text(req, "type"), text(req, "name"), (unsigned)weight, NULL, &err)) {
        return refuse(&err);
    }
    return describe(daemon_find(d, text(req, "name")));
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
    if (!dev) {
        return refuse(&err);
    }
    daemon_remove(dev);
    return json_pack("{s:s}", "removed", text(req, "name"));
}

static json_t *cmd_set(struct daemon *d, json_t *req)
{
    struct err err = {0};
    struct daemon_device *dev = named(d, req, &err);
    long weight = weight_of(req);
    if (!dev) {
        return refuse(&err);
    }
    if (weight <= 0 || vgpu_set_weight(vfu_vgpu(dev->vfu), (unsigned)weight)) {
        return bad_weight();
    }
    dev->weight = (unsigned)weight;
    return describe(dev);
}

static const struct {
    const char *name;
    json_t *(*fn)(struct daemon *d, json_t *req);
} requests[] = {
    {"types", cmd_types},   {"list", cmd_list},     {"stats", cmd_stats},
    {"create", cmd_create}, {"remove", cmd_remove}, {"set", cmd_set},
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
