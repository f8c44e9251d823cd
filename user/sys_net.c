// SPDX-License-Identifier: MIT
//
// Sockets. Addresses look the same on both sides; messages do not: pointers and lengths shrink, and
// control messages are aligned to words of 4 or 8 bytes.
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "user/sys.h"

enum { ROWS_MAX = 128, CONTROL_MAX = 4096, GUEST_HDR = 28, GUEST_CMSG = 12 };

#define GUEST_ALIGN(n) (((n) + 3) & ~3u)

// ---- addresses -------------------------------------------------------------------------------------

// The length in and out at `len_va`, the address at `va`; both may be 0.
struct address {
    uint8_t *to, *len;
    struct sockaddr_storage host;
    socklen_t room;
};

static int64_t address_in(struct thread *t, struct address *s, uint32_t va, uint32_t len_va)
{
    *s = (struct address){.room = sizeof s->host};
    if (va) {
        WRITES(len, len_va, 4)
        uint32_t n = get_le32(len);
        if ((int32_t)n < 0) {
            return -EINVAL;
        }
        s->room = n < sizeof s->host ? n : sizeof s->host;
        s->len = len;
        s->to = space_ptr(t, va, s->room, true);
        return s->to ? 0 : -EFAULT;
    }
    return 0;
}

static void address_out(struct address *s, socklen_t got)
{
    if (s->to) {
        memcpy(s->to, &s->host, got < s->room ? got : s->room);
        put_le32(s->len, got);
    }
}

static int64_t accept_at(struct thread *t, const uint32_t *a, int flags)
{
    struct address s;
    int64_t rc = address_in(t, &s, a[1], a[2]);
    socklen_t n = s.room;
    if (rc) {
        return rc;
    }
    rc = SAFE(SYS_accept4, (int)a[0], s.to ? &s.host : NULL, s.to ? &n : NULL, flags);
    if (rc >= 0) {
        address_out(&s, n);
    }
    return rc;
}
CALL(accept) { return accept_at(t, a, 0); }
CALL(accept4) { return accept_at(t, a, open_flags(a[3])); }

static int64_t name_of(struct thread *t, const uint32_t *a, int nr)
{
    struct address s;
    if (!a[1] || !a[2]) {
        return -EFAULT;
    }
    int64_t rc = address_in(t, &s, a[1], a[2]);
    socklen_t n = s.room;
    if (rc) {
        return rc;
    }
    rc = result(syscall(nr, (int)a[0], &s.host, &n));
    if (rc >= 0) {
        address_out(&s, n);
    }
    return rc;
}
CALL(getsockname) { return name_of(t, a, SYS_getsockname); }
CALL(getpeername) { return name_of(t, a, SYS_getpeername); }

CALL(socketpair)
{
    int fd[2];
    WRITES(o, a[3], 8)
    if (socketpair((int)a[0], (int)a[1], (int)a[2], fd) < 0) {
        return -errno;
    }
    put_le32(o, (uint32_t)fd[0]);
    put_le32(o + 4, (uint32_t)fd[1]);
    return 0;
}

// ---- data ------------------------------------------------------------------------------------------

CALL(sendto)
{
    READS(b, a[1], a[2])
    READS0(to, a[4], a[5])
    return SAFE(SYS_sendto, (int)a[0], b, a[2], (int)a[3], to, to ? a[5] : 0);
}
CALL(send)
{
    const uint32_t b[6] = {a[0], a[1], a[2], a[3], 0, 0};
    return sys_sendto(t, b);
}
CALL(recvfrom)
{
    struct address s;
    WRITES(b, a[1], a[2])
    int64_t rc = address_in(t, &s, a[4], a[5]);
    socklen_t n = s.room;
    if (rc) {
        return rc;
    }
    rc = SAFE(SYS_recvfrom, (int)a[0], b, a[2], (int)a[3], s.to ? &s.host : NULL, s.to ? &n : NULL);
    if (rc >= 0) {
        address_out(&s, n);
    }
    return rc;
}
CALL(recv)
{
    const uint32_t b[6] = {a[0], a[1], a[2], a[3], 0, 0};
    return sys_recvfrom(t, b);
}

// ---- messages --------------------------------------------------------------------------------------

struct message {
    struct msghdr h;
    struct iovec iov[ROWS_MAX];
    _Alignas(8) uint8_t control[CONTROL_MAX];
    struct sockaddr_storage name;
    uint8_t *g; // the program's struct msghdr
};

static int64_t message_in(struct thread *t, struct message *m, uint32_t va, bool into)
{
    m->g = space_ptr(t, va, GUEST_HDR, true);
    if (!m->g) {
        return -EFAULT;
    }
    uint32_t name = get_le32(m->g), name_len = get_le32(m->g + 4), iov = get_le32(m->g + 8);
    uint32_t rows = get_le32(m->g + 12);
    memset(&m->h, 0, sizeof m->h);
    if (rows > ROWS_MAX) {
        return -EMSGSIZE;
    }
    if (name) {
        m->h.msg_namelen = name_len < sizeof m->name ? name_len : sizeof m->name;
        READS(n, name, m->h.msg_namelen)
        memcpy(&m->name, n, m->h.msg_namelen);
        m->h.msg_name = &m->name;
    }
    READS(v, iov, rows * 8)
    for (uint32_t k = 0; k < rows; k++) {
        uint32_t n = get_le32(v + 8 * k + 4);
        m->iov[k].iov_len = n;
        m->iov[k].iov_base = n ? space_ptr(t, get_le32(v + 8 * k), n, into) : t->p->base;
        if (!m->iov[k].iov_base) {
            return -EFAULT;
        }
    }
    m->h.msg_iov = m->iov;
    m->h.msg_iovlen = rows;
    return 0;
}

// The program's control messages in our form.
static int64_t control_in(struct thread *t, struct message *m)
{
    uint32_t va = get_le32(m->g + 16), n = get_le32(m->g + 20);
    size_t used = 0;
    if (!va || n < GUEST_CMSG) {
        return 0;
    }
    READS(g, va, n)
    for (uint32_t at = 0; at + GUEST_CMSG <= n;) {
        uint32_t len = get_le32(g + at);
        if (len < GUEST_CMSG || len > n - at) {
            return -EINVAL;
        }
        size_t data = len - GUEST_CMSG;
        if (used + CMSG_SPACE(data) > sizeof m->control) {
            return -EMSGSIZE;
        }
        struct cmsghdr *c = (struct cmsghdr *)(void *)(m->control + used);
        memset(c, 0, CMSG_SPACE(data));
        c->cmsg_len = CMSG_LEN(data);
        c->cmsg_level = (int)get_le32(g + at + 4);
        c->cmsg_type = (int)get_le32(g + at + 8);
        memcpy(CMSG_DATA(c), g + at + GUEST_CMSG, data);
        used += CMSG_SPACE(data);
        at += GUEST_ALIGN(len);
    }
    m->h.msg_control = m->control;
    m->h.msg_controllen = used;
    return 0;
}

// One received control message; times shrink. Bytes of data written to `to` (room bytes), or as many
// as there would be.
static size_t control_data(const struct cmsghdr *c, uint8_t *to, size_t room)
{
    size_t n = c->cmsg_len - CMSG_LEN(0);
    const uint8_t *d = CMSG_DATA(c);
    bool time = c->cmsg_level == SOL_SOCKET && n == 16 &&
                (c->cmsg_type == SO_TIMESTAMP || c->cmsg_type == SO_TIMESTAMPNS);
    if (time) {
        if (room >= 8) {
            put_le32(to, (uint32_t)get_le64(d));
            put_le32(to + 4, (uint32_t)get_le64(d + 8));
        }
        return 8;
    }
    memcpy(to, d, n < room ? n : room);
    return n;
}

static int64_t control_out(struct thread *t, struct message *m, uint32_t room)
{
    uint32_t va = get_le32(m->g + 16), at = 0;
    if (!va) {
        return 0;
    }
    WRITES(g, va, room)
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->h); c; c = CMSG_NXTHDR(&m->h, c)) {
        if (room - at < GUEST_CMSG) {
            m->h.msg_flags |= MSG_CTRUNC;
            break;
        }
        size_t left = room - at - GUEST_CMSG, n = control_data(c, g + at + GUEST_CMSG, left);
        if (n > left) {
            m->h.msg_flags |= MSG_CTRUNC;
            n = left;
        }
        put_le32(g + at, (uint32_t)(GUEST_CMSG + n));
        put_le32(g + at + 4, (uint32_t)c->cmsg_level);
        put_le32(g + at + 8, (uint32_t)c->cmsg_type);
        at += GUEST_ALIGN(GUEST_CMSG + (uint32_t)n);
        at = at < room ? at : room;
    }
    put_le32(m->g + 20, at);
    return 0;
}

static int64_t send_message(struct thread *t, int fd, uint32_t va, int flags)
{
    struct message m;
    int64_t rc = message_in(t, &m, va, false);
    rc = rc ? rc : control_in(t, &m);
    return rc ? rc : SAFE(SYS_sendmsg, fd, &m.h, flags);
}

static int64_t receive_message(struct thread *t, int fd, uint32_t va, int flags)
{
    struct message m;
    int64_t rc = message_in(t, &m, va, true);
    if (rc) {
        return rc;
    }
    uint32_t room = get_le32(m.g + 20), name_room = m.h.msg_namelen;
    if (get_le32(m.g + 16)) {
        // Ours need more space for the same: what does not fit into the program's is cut there.
        m.h.msg_control = m.control;
        m.h.msg_controllen = room > sizeof m.control / 2 ? sizeof m.control : room * 2;
    }
    rc = SAFE(SYS_recvmsg, fd, &m.h, flags);
    if (rc < 0) {
        return rc;
    }
    if (get_le32(m.g)) {
        WRITES(name, get_le32(m.g), name_room)
        memcpy(name, &m.name, m.h.msg_namelen < name_room ? m.h.msg_namelen : name_room);
        put_le32(m.g + 4, m.h.msg_namelen);
    }
    if (!m.h.msg_controllen) {
        put_le32(m.g + 20, 0);
    }
    int64_t bad = m.h.msg_controllen ? control_out(t, &m, room) : 0;
    put_le32(m.g + 24, (uint32_t)(m.h.msg_flags & ~MSG_CMSG_CLOEXEC));
    return bad ? bad : rc;
}
CALL(sendmsg) { return send_message(t, (int)a[0], a[1], (int)a[2]); }
CALL(recvmsg) { return receive_message(t, (int)a[0], a[1], (int)a[2]); }

// struct mmsghdr: the message, then how many bytes went.
CALL(sendmmsg)
{
    uint32_t n = 0;
    int64_t rc = 0;
    for (; n < a[2] && n < 1024; n++) {
        uint32_t va = a[1] + n * (GUEST_HDR + 4);
        rc = send_message(t, (int)a[0], va, (int)a[3]);
        if (rc < 0) {
            break;
        }
        WRITES(o, va + GUEST_HDR, 4)
        put_le32(o, (uint32_t)rc);
    }
    return n ? (int64_t)n : rc;
}
static int64_t receive_many(struct thread *t, const uint32_t *a)
{
    uint32_t n = 0, flags = a[3];
    int64_t rc = 0;
    for (; n < a[2] && n < 1024; n++) {
        uint32_t va = a[1] + n * (GUEST_HDR + 4);
        rc = receive_message(t, (int)a[0], va, (int)(flags & ~(uint32_t)MSG_WAITFORONE));
        if (rc < 0) {
            break;
        }
        if (flags & MSG_WAITFORONE) {
            flags |= MSG_DONTWAIT;
        }
        WRITES(o, va + GUEST_HDR, 4)
        put_le32(o, (uint32_t)rc);
    }
    return n ? (int64_t)n : rc;
}
CALL(recvmmsg) { return receive_many(t, a); }
CALL(recvmmsg_time64) { return receive_many(t, a); }

// ---- options -----------------------------------------------------------------------------------------

static bool is_old_timeval(uint32_t level, uint32_t option)
{
    return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

CALL(setsockopt)
{
    READS(v, a[3], a[4])
    if (is_old_timeval(a[1], a[2])) {
        if (a[4] < 8) {
            return -EINVAL;
        }
        struct timeval tv = {(int32_t)get_le32(v), (int32_t)get_le32(v + 4)};
        return result(setsockopt((int)a[0], (int)a[1], (int)a[2], &tv, sizeof tv));
    }
    if (a[1] == SOL_SOCKET && (a[2] == SO_ATTACH_FILTER || a[2] == SO_ATTACH_REUSEPORT_CBPF)) {
        return -ENOPROTOOPT; // holds a pointer
    }
    return result(setsockopt((int)a[0], (int)a[1], (int)a[2], v, a[4]));
}
CALL(getsockopt)
{
    WRITES(len, a[4], 4)
    socklen_t n = get_le32(len);
    WRITES(v, a[3], n)
    int64_t rc;
    if (is_old_timeval(a[1], a[2])) {
        struct timeval tv;
        socklen_t k = sizeof tv;
        if (n < 8) {
            return -EINVAL;
        }
        rc = result(getsockopt((int)a[0], (int)a[1], (int)a[2], &tv, &k));
        put_le32(v, (uint32_t)tv.tv_sec);
        put_le32(v + 4, (uint32_t)tv.tv_usec);
        n = 8;
    } else {
        rc = result(getsockopt((int)a[0], (int)a[1], (int)a[2], v, &n));
    }
    if (!rc) {
        put_le32(len, n);
    }
    return rc;
}
