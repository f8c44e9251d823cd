// SPDX-License-Identifier: MIT
//
// The mediator as a daemon: vGPUs behind vfio-user sockets, each served by a thread of its own, so that
// a device that waits (for the engine, for a slow client) holds up nobody else; and a control socket
// where each line of JSON is a request {"cmd":"list"} and gets one line of JSON as its answer:
//
//   types                                 every type with its available instances
//   list, stats                           every device with its settings; stats adds counters
//   metrics                               {"text": ...} in the form that Prometheus reads
//   create {"type", "name", SETTINGS}     a device, listening on DIR/NAME.sock; no name: a new UUID
//   remove {"name"}                       ends it, its client too
//   set {"name", SETTINGS}                at run time
//   snapshot, restore {"name", "file"}    the device's state to a file and back, between submissions
//   capture {"name", "file"}              submissions from now on into an .rd file; no file: ends it
//   profile {"file"}                      what all devices submitted so far: .csv, .trace or else JSON
//
// SETTINGS: "weight" 1..10000, "cap" thousandths of the engine (0: none), "priority" low, normal or
// high, "quota" bytes of host memory that its submissions may hold. An answer that starts
// {"error": ...} says what was wrong.
//
// Threads: all functions are called by one thread, the one that runs daemon_run.
#ifndef MDEV_DAEMON_H
#define MDEV_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct err;
struct log;
struct mdev;
struct profile;

struct daemon_config {
    struct mdev *mdev;   // borrowed
    const char *dir;     // where `create` puts sockets; NULL: nothing can be created by clients
    const char *control; // path of the control socket, or NULL
    int control_fd;      // a listening socket instead of `control`, when greater than 0; becomes ours
    const char *metrics; // HTTP endpoint, "unix:PATH" or "PORT" on the loopback interface, or NULL
    int tree_fd;         // of daemon_tree_mount, when greater than 0; becomes ours
    struct profile *profile; // borrowed: devices are attached to it; NULL: none
    struct log *log;     // borrowed
};
// Binds the control socket. NULL with err set.
struct daemon *daemon_create(const struct daemon_config *cfg, struct err *err);
void daemon_destroy(struct daemon *d); // removes the sockets' files

struct daemon_device_config {
    const char *type, *name; // name NULL: a new UUID
    const char *path;        // NULL: DIR/NAME.sock
    int listener;            // a listening socket instead, when greater than 0; becomes ours
    unsigned weight, cap;    // 0: the type's, none
    const char *priority;    // NULL: normal
    uint64_t quota;          // 0: the default
};
// Creates a device. -EEXIST for a name or socket in use.
int daemon_add(struct daemon *d, const struct daemon_device_config *cfg, struct err *err);
// Serves until `stop_fd` is readable (a signalfd). 0 or -errno.
int daemon_run(struct daemon *d, int stop_fd, struct err *err);

// Mounts a file system at `dir` that looks as the kernel's sysfs does for mediated devices, for
// mdevctl: DIR is to be the "sys" of MDEVCTL_ENV_ROOT. Needs the right to mount, and /dev/fuse. Gives
// the descriptor for daemon_config, or -errno with err set. It is unmounted with the daemon's end.
int daemon_tree_mount(const char *dir, struct err *err);

#endif
