// SPDX-License-Identifier: MIT
//
// A serial line between a UART and the world: a receive buffer, what the guest has said so far,
// listeners, the Ctrl-a keys, and expect/send scripts.
#include "soc/serial_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"

struct script_step {
    char *expect, *send;
    size_t send_bytes;
    size_t from; // text before this was said before the step's turn came
    struct script_step *next;
};

struct serial {
    char *name;
    struct serial_client *client;
    struct serial_backend *backend;
    struct io_source io;
    uint8_t rx[SERIAL_RX_ROOM];
    size_t rx_head, rx_count;
    char *text; // what the guest said, the last SERIAL_TEXT_MAX of it
    size_t text_len;
    struct {
        serial_listener_fn *fn;
        void *ctx;
    } listeners[SERIAL_LISTENERS];
    unsigned listener_count;
    FILE *log;
    struct serial_keys keys;
    bool has_keys, escape, monitor;
    struct script_step *script;
};

static void io_prepare(struct io_source *src, struct pollset *set)
{
    struct serial *s = container_of(src, struct serial, io);
    s->backend->ops->prepare(s->backend, set);
}

static void io_dispatch(struct io_source *src, const struct pollset *set)
{
    struct serial *s = container_of(src, struct serial, io);
    s->backend->ops->dispatch(s->backend, set);
}

static const struct io_source_ops io_ops = {io_prepare, io_dispatch};

struct serial *serial_create(const char *spec, const char *name, struct err *err)
{
    struct serial *s = calloc(1, sizeof *s);
    if (s) {
        s->name = strdup(name);
        s->text = malloc(SERIAL_TEXT_MAX + 1);
        s->io.ops = &io_ops;
    }
    if (!s || !s->name || !s->text) {
        err_set(err, -ENOMEM, "serial %s: no memory", name);
        serial_destroy(s);
        return NULL;
    }
    s->text[0] = 0;
    if (serial_backend_open(spec, s, &s->backend, &s->has_keys, err)) {
        serial_destroy(s);
        return NULL;
    }
    return s;
}

void serial_destroy(struct serial *s)
{
    if (!s) {
        return;
    }
    while (s->script) {
        struct script_step *step = s->script;
        s->script = step->next;
        free(step->expect);
        free(step->send);
        free(step);
    }
    if (s->backend) {
        s->backend->ops->destroy(s->backend);
    }
    if (s->log) {
        fclose(s->log);
    }
    free(s->text);
    free(s->name);
    free(s);
}

const char *serial_name(const struct serial *s)
{
    return s->name;
}

struct io_source *serial_io(struct serial *s)
{
    return s->backend && s->backend->ops->prepare ? &s->io : NULL;
}

void serial_connect(struct serial *s, struct serial_client *client)
{
    s->client = client;
}

// ---- towards the guest
// ---------------------------------------------------------------------------

size_t serial_room(const struct serial *s)
{
    return SERIAL_RX_ROOM - s->rx_count;
}

size_t serial_waiting(const struct serial *s)
{
    return s->rx_count;
}

size_t serial_take(struct serial *s, void *buf, size_t n)
{
    uint8_t *out = buf;
    size_t took = 0;
    while (took < n && s->rx_count) {
        out[took++] = s->rx[s->rx_head];
        s->rx_head = (s->rx_head + 1) % SERIAL_RX_ROOM;
        s->rx_count--;
    }
    return took;
}

size_t serial_type(struct serial *s, const void *data, size_t n)
{
    const uint8_t *in = data;
    size_t put = 0;
    while (put < n && s->rx_count < SERIAL_RX_ROOM) {
        s->rx[(s->rx_head + s->rx_count++) % SERIAL_RX_ROOM] = in[put++];
    }
    if (put && s->client) {
        s->client->received(s->client);
    }
    return put;
}

static const char keys_help[] = "\r\n"
                                "Ctrl-a h  this help\r\n"
                                "Ctrl-a x  quit\r\n"
                                "Ctrl-a c  between monitor and guest\r\n"
                                "Ctrl-a b  break (not passed on)\r\n"
                                "Ctrl-a a  sends Ctrl-a\r\n";

static void key(struct serial *s, char c)
{
    switch (c) {
    case 'x':
        if (s->keys.quit) {
            s->keys.quit(s->keys.owner);
        }
        break;
    case 'c':
        if (s->keys.input) {
            s->monitor = !s->monitor;
            if (s->monitor && s->keys.enter) {
                s->keys.enter(s->keys.owner);
            }
        }
        break;
    case 'h':
    case '?':
        serial_print(s, keys_help, sizeof keys_help - 1);
        break;
    case 1:
    case 'a':
        serial_type(s, "\001", 1);
        break;
    default:
        break;
    }
}

void serial_from_host(struct serial *s, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = data[i];
        if (s->has_keys && s->escape) {
            s->escape = false;
            key(s, c);
        } else if (s->has_keys && c == 1) {
            s->escape = true;
        } else if (s->monitor) {
            s->keys.input(s->keys.owner, c);
        } else {
            serial_type(s, &c, 1);
        }
    }
}

void serial_set_keys(struct serial *s, const struct serial_keys *keys)
{
    s->keys = *keys;
}

// ---- from the guest
// ------------------------------------------------------------------------------

static void script_run(struct serial *s)
{
    while (s->script) {
        struct script_step *step = s->script;
        if (step->expect[0] && !strstr(s->text + step->from, step->expect)) {
            return;
        }
        s->script = step->next;
        if (s->script) {
            s->script->from = s->text_len;
        }
        serial_type(s, step->send, step->send_bytes);
        free(step->expect);
        free(step->send);
        free(step);
    }
}

static void remember(struct serial *s, char c)
{
    if (s->text_len == SERIAL_TEXT_MAX) { // keep the newer half
        size_t drop = SERIAL_TEXT_MAX / 2;
        memmove(s->text, s->text + drop, SERIAL_TEXT_MAX - drop);
        s->text_len -= drop;
        if (s->script) {
            s->script->from = s->script->from > drop ? s->script->from - drop : 0;
        }
    }
    s->text[s->text_len++] = c;
    s->text[s->text_len] = 0;
}

void serial_send(struct serial *s, uint8_t c)
{
    remember(s, c ? (char)c : ' ');
    if (s->backend && s->backend->ops->send) {
        s->backend->ops->send(s->backend, &c, 1);
    }
    if (s->log) {
        fputc(c, s->log);
        if (c == '\n') {
            fflush(s->log);
        }
    }
    for (unsigned i = 0; i < s->listener_count; i++) {
        s->listeners[i].fn(s->listeners[i].ctx, c);
    }
    if (s->script) {
        script_run(s);
    }
}

void serial_print(struct serial *s, const char *text, size_t n)
{
    if (s->backend && s->backend->ops->send) {
        s->backend->ops->send(s->backend, text, n);
    }
}

const char *serial_text(const struct serial *s, size_t *n)
{
    if (n) {
        *n = s->text_len;
    }
    return s->text;
}

int serial_listen(struct serial *s, serial_listener_fn *fn, void *ctx)
{
    if (s->listener_count == SERIAL_LISTENERS) {
        return -ENOSPC;
    }
    s->listeners[s->listener_count].fn = fn;
    s->listeners[s->listener_count++].ctx = ctx;
    return 0;
}

int serial_log_to(struct serial *s, const char *path, struct err *err)
{
    FILE *f = fopen(path, "we");
    if (!f) {
        return err_set(err, -errno, "serial log %s: %s", path, strerror(errno));
    }
    if (s->log) {
        fclose(s->log);
    }
    s->log = f;
    return 0;
}

// ---- scripts
// -------------------------------------------------------------------------------------

static int hex(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

static size_t unescape(char *to, const char *from)
{
    size_t n = 0;
    for (; *from; from++) {
        char c = *from;
        if (c == '\\' && from[1]) {
            c = *++from;
            switch (c) {
            case 'n':
                c = '\n';
                break;
            case 'r':
                c = '\r';
                break;
            case 't':
                c = '\t';
                break;
            case 'x':
                if (hex(from[1]) >= 0 && hex(from[2]) >= 0) {
                    c = (char)(hex(from[1]) * 16 + hex(from[2]));
                    from += 2;
                }
                break;
            default:
                break;
            }
        }
        to[n++] = c;
    }
    return n;
}

int serial_script_add(struct serial *s, const char *expect, const char *send, struct err *err)
{
    struct script_step *step = calloc(1, sizeof *step), **end = &s->script;
    if (step) {
        step->expect = strdup(expect ? expect : "");
        step->send = malloc(strlen(send) + 1);
    }
    if (!step || !step->expect || !step->send) {
        if (step) {
            free(step->expect);
            free(step->send);
            free(step);
        }
        return err_set(err, -ENOMEM, "serial script: no memory");
    }
    step->send_bytes = unescape(step->send, send);
    while (*end) {
        end = &(*end)->next;
    }
    *end = step;
    script_run(s);
    return 0;
}

unsigned serial_script_left(const struct serial *s)
{
    unsigned n = 0;
    for (const struct script_step *step = s->script; step; step = step->next) {
        n++;
    }
    return n;
}
