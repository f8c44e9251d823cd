// SPDX-License-Identifier: MIT
//
// A file system that looks as the kernel's sysfs does for mediated devices (Documentation/driver-api/
// vfio-mediated-device.rst), so that mdevctl manages the daemon's devices. Speaks the kernel's FUSE
// protocol (linux/fuse.h) itself, one request at a time on the daemon's control thread: a write to
// `create` returns when the device is there or with the reason why not. Nothing is cached by the kernel.
//
//   class/mdev_bus/yamato -> ../../devices/yamato
//   bus/mdev/devices/UUID -> ../../../devices/yamato/UUID
//   devices/yamato/mdev_supported_types/TYPE/{create,available_instances,device_api,name,description,
//                                             devices/UUID -> ../../../UUID}
//   devices/yamato/UUID/{remove,mdev_type -> ../mdev_supported_types/TYPE,weight,cap,priority,quota,
//                        socket}
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opts.h"
#include "mdev/daemon_priv.h"

#define PARENT "yamato"
enum { REQUEST_BYTES = 64 << 10, WRITE_MAX = 4096 };

// What a directory is. Node = kind << 56 | device's serial or type's number << 8 | entry + 1.
enum kind {
    ROOT = 1, CLASS, MDEV_BUS, BUS, BUS_MDEV, BUS_DEVICES, DEVICES, PARENT_DIR, TYPES, TYPE, TYPE_DEVICES,
    DEVICE
};
#define NODE(kind, which, entry) ((uint64_t)(kind) << 56 | (uint64_t)(which) << 8 | (entry))
#define NODE_KIND(n) ((enum kind)((n) >> 56))
#define NODE_WHICH(n) ((n) >> 8 & 0xffffffffffffull)
#define NODE_ENTRY(n) ((unsigned)((n)&0xff))

// Entries that are always there. A directory of devices or types gets those besides.
struct entry {
    enum kind in;
    const char *name;
    mode_t mode;    // S_IFDIR, S_IFLNK or a file's
    enum kind dir;  // what a directory is
    const char *link;
};
static const struct entry entries[] = {
    {ROOT, "class", S_IFDIR | 0555, CLASS, NULL},
    {ROOT, "bus", S_IFDIR | 0555, BUS, NULL},
    {ROOT, "devices", S_IFDIR | 0555, DEVICES, NULL},
    {CLASS, "mdev_bus", S_IFDIR | 0555, MDEV_BUS, NULL},
    {MDEV_BUS, PARENT, S_IFLNK | 0777, 0, "../../devices/" PARENT},
    {BUS, "mdev", S_IFDIR | 0555, BUS_MDEV, NULL},
    {BUS_MDEV, "devices", S_IFDIR | 0555, BUS_DEVICES, NULL},
    {DEVICES, PARENT, S_IFDIR | 0555, PARENT_DIR, NULL},
    {PARENT_DIR, "mdev_supported_types", S_IFDIR | 0555, TYPES, NULL},
    {TYPE, "create", S_IFREG | 0200, 0, NULL},
    {TYPE, "available_instances", S_IFREG | 0444, 0, NULL},
    {TYPE, "device_api", S_IFREG | 0444, 0, NULL},
    {TYPE, "name", S_IFREG | 0444, 0, NULL},
    {TYPE, "description", S_IFREG | 0444, 0, NULL},
    {TYPE, "devices", S_IFDIR | 0555, TYPE_DEVICES, NULL},
    {DEVICE, "remove", S_IFREG | 0200, 0, NULL},
    {DEVICE, "mdev_type", S_IFLNK | 0777, 0, NULL},
    {DEVICE, "weight", S_IFREG | 0644, 0, NULL},
    {DEVICE, "cap", S_IFREG | 0644, 0, NULL},
    {DEVICE, "priority", S_IFREG | 0644, 0, NULL},
    {DEVICE, "quota", S_IFREG | 0644, 0, NULL},
    {DEVICE, "socket", S_IFREG | 0444, 0, NULL},
};

static bool is_uuid(const char *s)
{
    for (unsigned i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : !strchr("0123456789abcdef", s[i]) || !s[i]) {
            return false;
        }
    }
    return !s[36];
}

static struct daemon_device *device_at(struct daemon *d, unsigned i)
{
    struct daemon_device *dev = i < DAEMON_DEVICES ? d->devices[i] : NULL;
    return dev && !atomic_load(&dev->stop) && is_uuid(dev->name) ? dev : NULL;
}

static struct daemon_device *device_of(struct daemon *d, uint64_t serial)
{
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) {
        struct daemon_device *dev = device_at(d, i);
        if (dev && dev->serial == serial) {
            return dev;
        }
    }
    return NULL;
}

// ---- nodes -----------------------------------------------------------------------------------------

struct node {
    uint64_t id;
    mode_t mode;
    char link[160]; // of a symbolic link
    const struct entry *entry; // NULL: a type's or device's directory, or the root
};

static void device_link(struct node *n, const char *up, const struct daemon_device *dev, uint64_t which,
                        enum kind in)
{
    n->mode = S_IFLNK | 0777;
    n->id = NODE(in, which, 0xff) ^ dev->serial << 16; // never walked through
    snprintf(n->link, sizeof n->link, "%s%s", up, dev->name);
    n->entry = NULL;
}

// The i-th child of a directory and its name; false past the last.
static bool child_at(struct daemon *d, uint64_t dir, unsigned i, struct node *n, const char **name)
{
    enum kind in = NODE_KIND(dir);
    uint64_t which = NODE_WHICH(dir);
    const struct vgpu_type *t;
    for (unsigned k = 0; k < ARRAY_LEN(entries); k++) {
        const struct entry *e = &entries[k];
        if (e->in != in || i--) {
            continue;
        }
        *name = e->name;
        n->entry = e;
        n->mode = e->mode;
        n->id = e->dir ? NODE(e->dir, which, 0) : NODE(in, which, k + 1);
        n->link[0] = 0;
        if (in == DEVICE && S_ISLNK(e->mode)) {
            const struct daemon_device *dev = device_of(d, which);
            snprintf(n->link, sizeof n->link, "../mdev_supported_types/%s", dev ? dev->type->name : "?");
        } else if (e->link) {
            snprintf(n->link, sizeof n->link, "%s", e->link);
        }
        return true;
    }
    n->entry = NULL;
    if (in == TYPES) {
        t = vgpu_type_at(i);
        if (t) {
            *name = t->name;
            *n = (struct node){.id = NODE(TYPE, i, 0), .mode = S_IFDIR | 0555};
        }
        return t != NULL;
    }
    for (unsigned k = 0; k < DAEMON_DEVICES; k++) {
        struct daemon_device *dev = device_at(d, k);
        bool here = dev && (in == PARENT_DIR || in == BUS_DEVICES ||
                            (in == TYPE_DEVICES && dev->type == vgpu_type_at((unsigned)which)));
        if (!here || i--) {
            continue;
        }
        *name = dev->name;
        if (in == PARENT_DIR) {
            *n = (struct node){.id = NODE(DEVICE, dev->serial, 0), .mode = S_IFDIR | 0555};
        } else {
            device_link(n, in == BUS_DEVICES ? "../../../devices/" PARENT "/" : "../../../", dev, which,
                        in);
        }
        return true;
    }
    return false;
}

// The node of a number that was given out before; false when it is gone.
static bool node_of(struct daemon *d, uint64_t id, struct node *n)
{
    enum kind kind = NODE_KIND(id);
    unsigned e = NODE_ENTRY(id);
    *n = (struct node){.id = id, .mode = S_IFDIR | 0555};
    if (id == FUSE_ROOT_ID) {
        n->id = NODE(ROOT, 0, 0);
        return true;
    }
    if (kind == DEVICE && !device_of(d, NODE_WHICH(id))) {
        return false;
    }
    if (!e) {
        return true;
    }
    if (e <= ARRAY_LEN(entries) && entries[e - 1].in == kind) {
        const char *name;
        for (unsigned i = 0; child_at(d, NODE(kind, NODE_WHICH(id), 0), i, n, &name); i++) {
            if (n->id == id) {
                return true;
            }
        }
        return false;
    }
    for (unsigned i = 0; i < DAEMON_DEVICES; i++) { // a link to a device
        struct daemon_device *dev = device_at(d, i);
        for (unsigned which = 0; dev && which < 16; which++) {
            device_link(n, kind == BUS_DEVICES ? "../../../devices/" PARENT "/" : "../../../", dev, which,
                        kind);
            if (n->id == id) {
                return true;
            }
        }
    }
    return false;
}

// ---- files -----------------------------------------------------------------------------------------

static void read_type(struct daemon *d, const struct vgpu_type *t, const char *what, char *out, size_t n)
{
    if (!strcmp(what, "available_instances")) {
        snprintf(out, n, "%u\n", mdev_available_instances(d->cfg.mdev, t));
    } else if (!strcmp(what, "device_api")) {
        snprintf(out, n, "vfio-pci\n");
    } else if (!strcmp(what, "name")) {
        snprintf(out, n, "%s\n", t->name);
    } else if (!strcmp(what, "description")) {
        snprintf(out, n, "%s, weight %u\n", t->description, t->weight);
    }
}

static void read_device(struct daemon_device *dev, const char *what, char *out, size_t n)
{
    struct vgpu_settings s;
    vgpu_settings(vfu_vgpu(dev->vfu), &s);
    if (!strcmp(what, "weight")) {
        snprintf(out, n, "%u\n", s.weight);
    } else if (!strcmp(what, "cap")) {
        snprintf(out, n, "%u\n", s.cap);
    } else if (!strcmp(what, "priority")) {
        snprintf(out, n, "%s\n", s.priority);
    } else if (!strcmp(what, "quota")) {
        snprintf(out, n, "%" PRIu64 "\n", s.quota);
    } else if (!strcmp(what, "socket")) {
        snprintf(out, n, "%s\n", dev->path);
    }
}

static int write_device(struct daemon *d, struct daemon_device *dev, const char *what, const char *text)
{
    struct vgpu *g = vfu_vgpu(dev->vfu);
    uint64_t v = 0;
    bool is_number = opts_number(text, &v);
    if (!strcmp(what, "priority")) {
        return vgpu_set_priority(g, text);
    }
    if (!is_number) {
        return -EINVAL;
    }
    if (!strcmp(what, "remove")) {
        if (v != 1) {
            return -EINVAL;
        }
        daemon_remove(d, dev);
        return 0;
    }
    return !strcmp(what, "weight") ? (v <= 10000 ? vgpu_set_weight(g, (unsigned)v) : -EINVAL)
           : !strcmp(what, "cap")  ? (v <= 1000 ? vgpu_set_cap(g, (unsigned)v) : -EINVAL)
                                   : vgpu_set_quota(g, v);
}

static int write_file(struct daemon *d, const struct node *n, const char *text)
{
    const struct vgpu_type *t = vgpu_type_at((unsigned)NODE_WHICH(n->id));
    struct daemon_device *dev;
    struct err err = {0};
    int rc;
    if (n->entry->in == DEVICE) {
        dev = device_of(d, NODE_WHICH(n->id));
        return dev ? write_device(d, dev, n->entry->name, text) : -ENODEV;
    }
    if (n->entry->in != TYPE || strcmp(n->entry->name, "create") != 0 || !t) {
        return -EACCES;
    }
    if (!is_uuid(text)) {
        return -EINVAL;
    }
    rc = daemon_add(d, &(struct daemon_device_config){.type = t->name, .name = text}, &err);
    if (rc) {
        log_warn(d->cfg.log, "create %s: %s", text, err.msg);
    }
    return rc;
}

// ---- the protocol ----------------------------------------------------------------------------------

struct request {
    const struct fuse_in_header *h;
    const void *arg;
    size_t n; // bytes of arg
};

static bool answer(struct daemon *d, const struct request *r, int error, const void *data, size_t n)
{
    struct fuse_out_header out = {(uint32_t)(sizeof out + (error ? 0 : n)), error, r->h->unique};
    uint8_t buf[sizeof out + REQUEST_BYTES];
    memcpy(buf, &out, sizeof out);
    if (!error && n) {
        memcpy(buf + sizeof out, data, n);
    }
    // ENOENT: the asker has gone meanwhile
    return write(d->tree, buf, out.len) == (ssize_t)out.len || errno == ENOENT || errno == EINTR;
}

static struct fuse_attr attr_of(const struct node *n)
{
    const bool dir = S_ISDIR(n->mode);
    return (struct fuse_attr){.ino = n->id, .mode = n->mode, .nlink = dir ? 2 : 1,
                              .size = S_ISLNK(n->mode) ? strlen(n->link) : dir ? 0 : 4096,
                              .blksize = 4096};
}

static bool do_init(struct daemon *d, const struct request *r)
{
    const struct fuse_init_in *in = r->arg;
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
                                .max_readahead = 0, .max_background = 4, .congestion_threshold = 3,
                                .max_write = WRITE_MAX, .time_gran = 1};
    if (r->n < 16 || in->major != FUSE_KERNEL_VERSION) {
        return answer(d, r, -EPROTO, NULL, 0);
    }
    return answer(d, r, 0, &out, sizeof out);
}

static bool do_lookup(struct daemon *d, const struct request *r)
{
    const char *want = r->arg, *name;
    struct fuse_entry_out out = {0};
    struct node dir, n;
    if (!memchr(want, 0, r->n) || !node_of(d, r->h->nodeid, &dir)) {
        return answer(d, r, -ENOENT, NULL, 0);
    }
    for (unsigned i = 0; child_at(d, dir.id, i, &n, &name); i++) {
        if (!strcmp(name, want)) {
            out.nodeid = n.id;
            out.attr = attr_of(&n);
            return answer(d, r, 0, &out, sizeof out);
        }
    }
    return answer(d, r, -ENOENT, NULL, 0);
}

static bool do_getattr(struct daemon *d, const struct request *r, const struct node *n)
{
    struct fuse_attr_out out = {.attr = attr_of(n)};
    return answer(d, r, 0, &out, sizeof out);
}

static bool do_readdir(struct daemon *d, const struct request *r, const struct node *dir)
{
    const struct fuse_read_in *in = r->arg;
    uint8_t buf[8192];
    size_t n = 0, room = in->size < sizeof buf ? in->size : sizeof buf;
    const char *name;
    struct node child;
    for (unsigned i = (unsigned)in->offset; child_at(d, dir->id, i, &child, &name); i++) {
        struct fuse_dirent e = {child.id, i + 1, (uint32_t)strlen(name), child.mode >> 12};
        size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + e.namelen);
        if (n + bytes > room) {
            break;
        }
        memset(buf + n, 0, bytes);
        memcpy(buf + n, &e, FUSE_NAME_OFFSET);
        memcpy(buf + n + FUSE_NAME_OFFSET, name, e.namelen);
        n += bytes;
    }
    return answer(d, r, 0, buf, n);
}

static bool do_read(struct daemon *d, const struct request *r, const struct node *n)
{
    const struct fuse_read_in *in = r->arg;
    char text[512] = "";
    size_t len;
    if (n->entry->in == TYPE) {
        read_type(d, vgpu_type_at((unsigned)NODE_WHICH(n->id)), n->entry->name, text, sizeof text);
    } else {
        read_device(device_of(d, NODE_WHICH(n->id)), n->entry->name, text, sizeof text);
    }
    len = strlen(text);
    if (in->offset >= len) {
        return answer(d, r, 0, NULL, 0);
    }
    len -= in->offset;
    return answer(d, r, 0, text + in->offset, len < in->size ? len : in->size);
}

static bool do_write(struct daemon *d, const struct request *r, const struct node *n)
{
    const struct fuse_write_in *in = r->arg;
    struct fuse_write_out out = {.size = in->size};
    char text[128];
    size_t len;
    int rc;
    if (r->n - sizeof *in < in->size || in->size >= sizeof text || in->offset) {
        return answer(d, r, -EINVAL, NULL, 0);
    }
    memcpy(text, in + 1, in->size);
    text[in->size] = 0;
    len = strcspn(text, "\n");
    text[len] = 0;
    rc = write_file(d, n, text);
    return answer(d, r, rc, &out, sizeof out);
}

// Bytes of argument that an operation has at least.
static const struct {
    uint32_t op;
    size_t bytes;
} least[] = {{FUSE_LOOKUP, 1}, {FUSE_READ, sizeof(struct fuse_read_in)},
             {FUSE_READDIR, sizeof(struct fuse_read_in)}, {FUSE_WRITE, sizeof(struct fuse_write_in)}};

static bool dispatch(struct daemon *d, const struct request *r)
{
    const struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
    const struct fuse_statfs_out fs = {.st = {.bsize = 4096, .namelen = 255}};
    struct node n;
    for (unsigned i = 0; i < ARRAY_LEN(least); i++) {
        if (least[i].op == r->h->opcode && r->n < least[i].bytes) {
            return answer(d, r, -EINVAL, NULL, 0);
        }
    }
    switch (r->h->opcode) { // those without a node, or that need no answer
    case FUSE_INIT:
        return do_init(d, r);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return true;
    case FUSE_DESTROY:
        return answer(d, r, 0, NULL, 0) && false;
    case FUSE_STATFS:
        return answer(d, r, 0, &fs, sizeof fs);
    case FUSE_LOOKUP:
        return do_lookup(d, r);
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
        return answer(d, r, 0, NULL, 0); // also of what is gone
    default:
        break;
    }
    if (!node_of(d, r->h->nodeid, &n)) {
        return answer(d, r, -ENOENT, NULL, 0);
    }
    switch (r->h->opcode) {
    case FUSE_GETATTR:
    case FUSE_SETATTR: // truncated before it is written: nothing to do
        return do_getattr(d, r, &n);
    case FUSE_READLINK:
        return S_ISLNK(n.mode) ? answer(d, r, 0, n.link, strlen(n.link))
                               : answer(d, r, -EINVAL, NULL, 0);
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        return answer(d, r, 0, &opened, sizeof opened);
    case FUSE_READDIR:
        return S_ISDIR(n.mode) ? do_readdir(d, r, &n) : answer(d, r, -ENOTDIR, NULL, 0);
    case FUSE_READ:
        return n.entry && S_ISREG(n.mode) ? do_read(d, r, &n) : answer(d, r, -EISDIR, NULL, 0);
    case FUSE_WRITE:
        return n.entry && S_ISREG(n.mode) ? do_write(d, r, &n) : answer(d, r, -EISDIR, NULL, 0);
    default:
        return answer(d, r, -ENOSYS, NULL, 0);
    }
}

bool daemon_tree_serve(struct daemon *d)
{
    static const size_t room = REQUEST_BYTES;
    _Alignas(8) uint8_t buf[REQUEST_BYTES];
    ssize_t got = read(d->tree, buf, room);
    struct request r = {(const void *)buf, buf + sizeof(struct fuse_in_header), 0};
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN || errno == ENOENT;
    }
    if ((size_t)got < sizeof *r.h || r.h->len != (size_t)got) {
        return false;
    }
    r.n = (size_t)got - sizeof *r.h;
    return dispatch(d, &r);
}

int daemon_tree_mount(const char *dir, struct err *err)
{
    char options[128];
    struct stat st;
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return err_set(err, -errno, "/dev/fuse: %s", strerror(errno));
    }
    if (stat(dir, &st) < 0 && errno == ENOTCONN) {
        umount2(dir, MNT_DETACH); // left by a daemon that died
    }
    snprintf(options, sizeof options, "fd=%d,rootmode=40555,user_id=%u,group_id=%u,default_permissions%s",
             fd, (unsigned)getuid(), (unsigned)getgid(), ",allow_other");
    if (mount(PARENT, dir, "fuse.yamato-mdev", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0) {
        int rc = err_set(err, -errno, "%s: cannot mount: %s", dir, strerror(errno));
        close(fd);
        return rc;
    }
    return fd;
}
