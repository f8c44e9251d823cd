// SPDX-License-Identifier: MIT
//
// The streaming buffer: draws write vertices, indices and constants once around a ring of four
// quarters, one allocation a draw. Entering a quarter waits for the fence left when it was last
// full (all draws from it had been issued by then), so nothing is overwritten that the host may
// still read. With GL_ARB_buffer_storage the ring is mapped for good; without, a shadow copy is
// uploaded piecewise and the buffer is orphaned at the wrap.
#include "host-backends/gl/gl.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/log.h"

enum { MAX_STREAM = 256 << 20 };

bool gl_stream_init(struct gl_backend *be, struct gl_stream *s, size_t size, bool texels)
{
    *s = (struct gl_stream){.size = size, .persistent = be->caps.buffer_storage};
    glGenBuffers(1, &s->buffer);
    glBindBuffer(GL_COPY_WRITE_BUFFER, s->buffer);
    if (s->persistent) {
        // read, too: later draws are compared with what is in it
        GLbitfield bits =
            GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
        glBufferStorage(GL_COPY_WRITE_BUFFER, (GLsizeiptr)size, NULL, bits);
        s->map = glMapBufferRange(GL_COPY_WRITE_BUFFER, 0, (GLsizeiptr)size, bits);
    } else {
        glBufferData(GL_COPY_WRITE_BUFFER, (GLsizeiptr)size, NULL, GL_STREAM_DRAW);
        s->map = calloc(1, size);
    }
    if (texels) {
        glGenTextures(1, &s->texture);
        glBindTexture(GL_TEXTURE_BUFFER, s->texture);
        glTexBuffer(GL_TEXTURE_BUFFER, GL_R32UI, s->buffer);
    }
    if (!gl_check(be, "stream buffer") || !s->map) {
        gl_stream_fini(s);
        return false;
    }
    return true;
}

void gl_stream_fini(struct gl_stream *s)
{
    for (unsigned i = 0; i < ARRAY_LEN(s->fence); i++) {
        if (s->fence[i]) {
            glDeleteSync(s->fence[i]);
        }
    }
    if (s->texture) {
        glDeleteTextures(1, &s->texture);
    }
    if (s->buffer) {
        glDeleteBuffers(1, &s->buffer); // unmaps
    }
    if (!s->persistent) {
        free(s->map);
    }
    *s = (struct gl_stream){0};
}

static void wait_fence(GLsync *fence)
{
    if (*fence) {
        while (glClientWaitSync(*fence, GL_SYNC_FLUSH_COMMANDS_BIT, 1000000000) ==
               GL_TIMEOUT_EXPIRED) {
        }
        glDeleteSync(*fence);
        *fence = NULL;
    }
}

// Leaves the current quarter and enters the one that holds the byte at `head`.
static void enter_quarter(struct gl_stream *s, unsigned q)
{
    if (!s->persistent) {
        s->quarter = q;
        return;
    }
    if (s->fence[s->quarter]) {
        glDeleteSync(s->fence[s->quarter]);
    }
    s->fence[s->quarter] = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    s->quarter = q;
    // draws with data in q may have been issued as late as in the quarter after it
    wait_fence(&s->fence[(q + 1) % ARRAY_LEN(s->fence)]);
}

static bool grow(struct gl_backend *be, struct gl_stream *s, size_t n)
{
    size_t size = s->size;
    bool texels = s->texture != 0;
    while (size / 4 < n && size < MAX_STREAM) {
        size *= 2;
    }
    if (size / 4 < n || (texels && size / 4 > (size_t)be->caps.max_texels)) {
        log_warn(be->log, "gl: a draw wants %zu bytes of vertices and constants, refused", n);
        return false;
    }
    gl_stream_fini(s); // GL keeps the old storage until its draws are done
    return gl_stream_init(be, s, size, texels);
}

// Where an allocation would go; `size` when the ring must wrap.
static size_t place(const struct gl_stream *s, size_t n, size_t align)
{
    size_t quarter = s->size / 4, at = (s->head + align - 1) / align * align;
    if (n && at / quarter != (at + n - 1) / quarter) { // never across quarters
        at = (s->head + quarter - 1) / quarter * quarter;
    }
    return at + n > s->size ? s->size : at;
}

bool gl_stream_would_disturb(const struct gl_stream *s, size_t n, size_t align)
{
    if (!s->held) {
        return false;
    }
    size_t at = place(s, n, align);
    unsigned q = at == s->size ? 0 : (unsigned)(at / (s->size / 4));
    // held data may reach into one more quarter, so that re-entering waits long enough
    return n > s->size / 4 || (q != s->quarter && q == (s->hold + 2) % ARRAY_LEN(s->fence)) ||
           (!s->persistent && at == s->size);
}

void *gl_stream_alloc(struct gl_backend *be, struct gl_stream *s, size_t n, size_t align,
                      size_t *offset)
{
    if (n > s->size / 4 && !grow(be, s, n)) {
        return NULL;
    }
    size_t quarter = s->size / 4, at = place(s, n, align);
    if (at == s->size) {
        gl_stream_flush(s);
        if (!s->persistent) {
            glBindBuffer(GL_COPY_WRITE_BUFFER, s->buffer);
            glBufferData(GL_COPY_WRITE_BUFFER, (GLsizeiptr)s->size, NULL, GL_STREAM_DRAW);
        }
        at = 0;
        s->head = s->flushed = 0;
    }
    if (at / quarter != s->quarter) {
        enter_quarter(s, (unsigned)(at / quarter));
    }
    s->head = at + n;
    *offset = at;
    return s->map + at;
}

void gl_stream_flush(struct gl_stream *s)
{
    if (s->persistent || s->head == s->flushed) {
        return;
    }
    glBindBuffer(GL_COPY_WRITE_BUFFER, s->buffer);
    glBufferSubData(GL_COPY_WRITE_BUFFER, (GLintptr)s->flushed, (GLsizeiptr)(s->head - s->flushed),
                    s->map + s->flushed);
    s->flushed = s->head;
}
