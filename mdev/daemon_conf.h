// SPDX-License-Identifier: MIT
//
// The daemon's configuration file: lines "key = value" below "[daemon]" and "[device NAME]"; '#' starts
// a comment. Every key is in a table in daemon_conf.c; docs/daemon.md has an example.
#ifndef MDEV_DAEMON_CONF_H
#define MDEV_DAEMON_CONF_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { CONF_DEVICES = 64, CONF_TEXT = 128 };

struct conf_device {
    char name[64], type[32], priority[16], socket[CONF_TEXT];
    uint64_t weight, cap, quota;
};

struct daemon_conf {
    char socket_dir[CONF_TEXT], control[CONF_TEXT], metrics[CONF_TEXT], tree[CONF_TEXT];
    char backend[16], gl_device[64], user[64], trace[64];
    uint64_t raster_threads, profile; // profile: records to keep, 0: none
    bool seccomp; // on unless the file says no
    struct conf_device devices[CONF_DEVICES];
    unsigned ndevices;
};

// The defaults: nothing but seccomp.
void conf_init(struct daemon_conf *conf);
// Adds what the file says. -EINVAL names file, line and key.
int conf_read(struct daemon_conf *conf, const char *path, struct err *err);

#endif
