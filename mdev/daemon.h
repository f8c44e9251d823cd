// SPDX-License-Identifier: MIT
//
// The mediator as a daemon: vGPUs behind vfio-user sockets, one event loop, and a control socket where
// each line of JSON is a request {"cmd":"list"} and gets one line of JSON as its answer:
//
//   types                                 every type with its available instances
//   list, stats                           every device; stats adds counters
//   create {"type", "name", "weight"}     a device, listening on DIR/NAME.sock
//   remove {"name"}                       ends it, its client too
//   set {"name", "weight"}                at run time
//
// An answer that starts {"error": ...} says what was wrong.
#ifndef MDEV_DAEMON_H
#define MDEV_DAEMON_H

struct daemon;
struct err;
struct log;
struct mdev;

struct daemon_config {
    struct mdev *mdev;   // borrowed
    const char *dir;     // where `create` puts sockets; NULL: nothing can be created by clients
    const char *control; // path of the control socket, or NULL
    struct log *log;     // borrowed
};
// Binds the control socket. NULL with err set.
struct daemon *daemon_create(const struct daemon_config *cfg, struct err *err);
void daemon_destroy(struct daemon *d); // removes the sockets' files
// Creates a device; `path` NULL: DIR/NAME.sock. -EEXIST for a name or socket in use.
int daemon_add(struct daemon *d, const char *type, const char *name, unsigned weight,
               const char *path, struct err *err);
// Serves until `stop_fd` is readable (a signalfd). 0 or -errno.
int daemon_run(struct daemon *d, int stop_fd, struct err *err);

#endif
