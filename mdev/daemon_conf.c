// SPDX-License-Identifier: MIT
//
// Reads the daemon's configuration file, line by line against tables of keys.
#include "mdev/daemon_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/opts.h"

struct key {
    const char *name;
    enum { TEXT, NUMBER, SWITCH } kind;
    size_t offset, bytes;
};
#define TEXT_KEY(name, type, m)                                                                    \
    {                                                                                              \
        name, TEXT, offsetof(type, m), sizeof(((type *)0)->m)                                      \
    }
#define OTHER_KEY(name, kind, type, m)                                                             \
    {                                                                                              \
        name, kind, offsetof(type, m), 0                                                           \
    }

static const struct key daemon_keys[] = {
    TEXT_KEY("socket-dir", struct daemon_conf, socket_dir),
    TEXT_KEY("control", struct daemon_conf, control),
    TEXT_KEY("metrics", struct daemon_conf, metrics),
    TEXT_KEY("mdev-tree", struct daemon_conf, tree),
    TEXT_KEY("backend", struct daemon_conf, backend),
    TEXT_KEY("gl-device", struct daemon_conf, gl_device),
    TEXT_KEY("user", struct daemon_conf, user),
    TEXT_KEY("trace", struct daemon_conf, trace),
    OTHER_KEY("raster-threads", NUMBER, struct daemon_conf, raster_threads),
    OTHER_KEY("profile", NUMBER, struct daemon_conf, profile),
    OTHER_KEY("seccomp", SWITCH, struct daemon_conf, seccomp),
};
static const struct key device_keys[] = {
    TEXT_KEY("type", struct conf_device, type),
    TEXT_KEY("priority", struct conf_device, priority),
    TEXT_KEY("socket", struct conf_device, socket),
    OTHER_KEY("weight", NUMBER, struct conf_device, weight),
    OTHER_KEY("cap", NUMBER, struct conf_device, cap),
    OTHER_KEY("quota", NUMBER, struct conf_device, quota),
};

void conf_init(struct daemon_conf *conf)
{
    memset(conf, 0, sizeof *conf);
    conf->seccomp = true;
}

static char *trim(char *s)
{
    char *end;
    while (isspace((unsigned char)*s)) {
        s++;
    }
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1])) {
        *--end = 0;
    }
    return s;
}

// NULL, or what is wrong.
static const char *set_key(void *into, const struct key *keys, unsigned n, const char *name,
                           const char *value)
{
    for (unsigned i = 0; i < n; i++) {
        char *at = (char *)into + keys[i].offset;
        if (strcmp(keys[i].name, name) != 0) {
            continue;
        }
        switch (keys[i].kind) {
        case TEXT:
            if (strlen(value) >= keys[i].bytes) {
                return "too long";
            }
            memcpy(at, value, strlen(value) + 1);
            return NULL;
        case NUMBER: {
            uint64_t v;
            if (!opts_number(value, &v)) {
                return "not a number";
            }
            memcpy(at, &v, sizeof v);
            return NULL;
        }
        case SWITCH: {
            bool on = !strcmp(value, "yes");
            if (!on && strcmp(value, "no") != 0) {
                return "yes or no";
            }
            memcpy(at, &on, sizeof on);
            return NULL;
        }
        }
    }
    return "no such key";
}

// "[daemon]" gives NULL in *dev, "[device NAME]" a new one.
static const char *section(struct daemon_conf *conf, char *line, struct conf_device **dev)
{
    char *close = strchr(line, ']'), *name;
    if (!close || close[1]) {
        return "a section is [daemon] or [device NAME]";
    }
    *close = 0;
    name = trim(line + 1);
    *dev = NULL;
    if (!strcmp(name, "daemon")) {
        return NULL;
    }
    if (strncmp(name, "device ", 7) != 0) {
        return "a section is [daemon] or [device NAME]";
    }
    name = trim(name + 7);
    if (conf->ndevices == CONF_DEVICES || !name[0] || strlen(name) >= sizeof(*dev)->name) {
        return conf->ndevices == CONF_DEVICES ? "too many devices" : "a name of 1 to 63 letters";
    }
    for (unsigned i = 0; i < conf->ndevices; i++) {
        if (!strcmp(conf->devices[i].name, name)) {
            return "this device is there already";
        }
    }
    *dev = &conf->devices[conf->ndevices++];
    snprintf((*dev)->name, sizeof(*dev)->name, "%s", name);
    snprintf((*dev)->type, sizeof(*dev)->type, "yamato-a200");
    return NULL;
}

int conf_read(struct daemon_conf *conf, const char *path, struct err *err)
{
    struct conf_device *dev = NULL;
    char text[512];
    unsigned n = 0;
    bool inside = false;
    FILE *f = fopen(path, "re");
    int rc = 0;

    if (!f) {
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    }
    while (!rc && fgets(text, sizeof text, f)) {
        char *hash = strchr(text, '#'), *line, *equals;
        const char *bad = NULL;
        n++;
        if (!strchr(text, '\n') && !feof(f)) {
            bad = "the line is too long";
        }
        if (hash) {
            *hash = 0;
        }
        line = trim(text);
        equals = strchr(line, '=');
        if (bad || !line[0]) {
        } else if (line[0] == '[') {
            bad = section(conf, line, &dev);
            inside = true;
        } else if (!inside || !equals) {
            bad = inside ? "expected key = value" : "expected [daemon] or [device NAME] first";
        } else {
            *equals = 0;
            bad = dev ? set_key(dev, device_keys, ARRAY_LEN(device_keys), trim(line), trim(equals + 1))
                      : set_key(conf, daemon_keys, ARRAY_LEN(daemon_keys), trim(line), trim(equals + 1));
        }
        if (bad) {
            rc = err_set(err, -EINVAL, "%s:%u: %s: %s", path, n, line, bad);
        }
    }
    fclose(f);
    return rc;
}
