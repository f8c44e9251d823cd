// SPDX-License-Identifier: MIT
//
// GL textures as pixel stores: creation, exact transfers, clears, copies, and the framebuffer
// objects over them (a small cache by texture names). Depth and stencil live in one packed texture.
#include "host-backends/gl/gl.h"

#include "base/log.h"
#include "gpu-model/formats.h"

static bool is_depth(unsigned px)
{
    return px >= PX_D16;
}

bool gl_image_create(struct gl_backend *be, struct gl_image *img, unsigned px, uint32_t width,
                     uint32_t height)
{
    const struct gl_pixel *p = gl_pixel(px);

    *img = (struct gl_image){.px = (uint8_t)px, .width = width, .height = height};
    if (!p || !width || !height || width > (uint32_t)be->caps.max_texture ||
        height > (uint32_t)be->caps.max_texture) {
        log_warn(be->log, "gl: no image of %ux%u pixels of kind %u", width, height, px);
        return false;
    }
    glGenTextures(1, &img->tex);
    glBindTexture(GL_TEXTURE_2D, img->tex);
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)p->internal, (GLsizei)width, (GLsizei)height, 0,
                 p->format, p->type, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    if (!gl_check(be, "image")) {
        gl_image_destroy(be, img);
        return false;
    }
    return true;
}

void gl_image_destroy(struct gl_backend *be, struct gl_image *img)
{
    if (!img->tex) {
        return;
    }
    for (unsigned i = 0; i < FBO_SLOTS; i++) {
        struct gl_fbo *f = &be->fbos[i];
        if (f->fbo && (f->color == img->tex || f->depth == img->tex)) {
            if (be->bound_fbo == f->fbo) {
                glBindFramebuffer(GL_FRAMEBUFFER, 0);
                be->bound_fbo = 0;
            }
            glDeleteFramebuffers(1, &f->fbo);
            *f = (struct gl_fbo){0};
        }
    }
    glDeleteTextures(1, &img->tex);
    img->tex = 0;
}

static struct gl_fbo *fbo_slot(struct gl_backend *be, GLuint color, GLuint depth)
{
    struct gl_fbo *oldest = &be->fbos[0];
    for (unsigned i = 0; i < FBO_SLOTS; i++) {
        struct gl_fbo *f = &be->fbos[i];
        if (f->fbo && f->color == color && f->depth == depth) {
            return f;
        }
        if (f->used < oldest->used) {
            oldest = f;
        }
    }
    if (oldest->fbo) {
        if (be->bound_fbo == oldest->fbo) {
            be->bound_fbo = 0;
        }
        glDeleteFramebuffers(1, &oldest->fbo);
        *oldest = (struct gl_fbo){0};
    }
    return oldest;
}

bool gl_image_bind(struct gl_backend *be, const struct gl_image *color,
                   const struct gl_image *depth)
{
    GLuint c = color ? color->tex : 0, d = depth ? depth->tex : 0;
    struct gl_fbo *f = fbo_slot(be, c, d);

    f->used = ++be->fbo_clock;
    if (f->fbo) {
        if (be->bound_fbo != f->fbo) {
            glBindFramebuffer(GL_FRAMEBUFFER, f->fbo);
            be->bound_fbo = f->fbo;
        }
        return true;
    }
    glGenFramebuffers(1, &f->fbo);
    glBindFramebuffer(GL_FRAMEBUFFER, f->fbo);
    be->bound_fbo = f->fbo;
    f->color = c;
    f->depth = d;
    if (c) {
        glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, c, 0);
    } else {
        glDrawBuffer(GL_NONE);
        glReadBuffer(GL_NONE);
    }
    if (d) {
        glFramebufferTexture2D(GL_FRAMEBUFFER,
                               depth->px == PX_D24S8 ? GL_DEPTH_STENCIL_ATTACHMENT
                                                     : GL_DEPTH_ATTACHMENT,
                               GL_TEXTURE_2D, d, 0);
    }
    GLenum status = glCheckFramebufferStatus(GL_FRAMEBUFFER);
    if (status != GL_FRAMEBUFFER_COMPLETE) {
        log_warn(be->log, "gl: no framebuffer for colour kind %d, depth kind %d (status 0x%x)",
                 color ? color->px : -1, depth ? depth->px : -1, status);
        glBindFramebuffer(GL_FRAMEBUFFER, 0);
        glDeleteFramebuffers(1, &f->fbo);
        *f = (struct gl_fbo){0};
        be->bound_fbo = 0;
        return false;
    }
    return true;
}

void gl_image_upload(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                     const void *data, uint32_t stride_px)
{
    const struct gl_pixel *p = gl_pixel(img->px);

    glBindTexture(GL_TEXTURE_2D, img->tex);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)stride_px);
    glTexSubImage2D(GL_TEXTURE_2D, 0, r->x0, r->y0, r->x1 - r->x0, r->y1 - r->y0, p->format,
                    p->type, data);
    be->count.uploads++;
    be->count.upload_bytes += (uint64_t)(r->x1 - r->x0) * (uint64_t)(r->y1 - r->y0) * p->bytes;
}

void gl_image_download(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                       void *data, uint32_t stride_px)
{
    const struct gl_pixel *p = gl_pixel(img->px);

    if (!gl_image_bind(be, is_depth(img->px) ? NULL : img, is_depth(img->px) ? img : NULL)) {
        return;
    }
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glPixelStorei(GL_PACK_ROW_LENGTH, (GLint)stride_px);
    glReadPixels(r->x0, r->y0, r->x1 - r->x0, r->y1 - r->y0, p->format, p->type, data);
    be->count.downloads++;
    be->count.download_bytes += (uint64_t)(r->x1 - r->x0) * (uint64_t)(r->y1 - r->y0) * p->bytes;
}

// Binds for clearing and sets the scissor.
static bool clear_begin(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r)
{
    bool depth = is_depth(img->px);
    if (gl_rect_empty(r) || !gl_image_bind(be, depth ? NULL : img, depth ? img : NULL)) {
        return false;
    }
    if (r->x0 == 0 && r->y0 == 0 && (uint32_t)r->x1 == img->width &&
        (uint32_t)r->y1 == img->height) {
        glDisable(GL_SCISSOR_TEST);
    } else {
        glEnable(GL_SCISSOR_TEST);
        glScissor(r->x0, r->y0, r->x1 - r->x0, r->y1 - r->y0);
    }
    return true;
}

void gl_image_clear_depth(struct gl_backend *be, const struct gl_image *img,
                          const struct gpu_rect *r, uint32_t value, bool depth, bool stencil)
{
    bool wide = img->px == PX_D24S8;
    if (!clear_begin(be, img, r)) {
        return;
    }
    glDepthMask(GL_TRUE);
    glStencilMask(0xff);
    // the double keeps all 24 bits through the conversion
    glClearDepth(wide ? (value >> 8) / 16777215.0 : (value & 0xffff) / 65535.0);
    glClearStencil((GLint)(value & 0xff));
    glClear((depth ? GL_DEPTH_BUFFER_BIT : 0u) | (stencil && wide ? GL_STENCIL_BUFFER_BIT : 0u));
}

void gl_image_clear(struct gl_backend *be, const struct gl_image *img, const struct gpu_rect *r,
                    uint32_t value)
{
    if (is_depth(img->px)) {
        gl_image_clear_depth(be, img, r, value, true, true);
        return;
    }
    if (!clear_begin(be, img, r)) {
        return;
    }
    uint8_t px[16] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                      (uint8_t)(value >> 24)};
    float c[4];
    color_unpack(img->px, 0, px, c);
    glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
    glClearBufferfv(GL_COLOR, 0, c);
}

void gl_image_copy(struct gl_backend *be, const struct gl_image *src, int32_t sx, int32_t sy,
                   const struct gl_image *dst, int32_t dx, int32_t dy, uint32_t w, uint32_t h)
{
    if (be->caps.copy_image) {
        glCopyImageSubData(src->tex, GL_TEXTURE_2D, 0, sx, sy, 0, dst->tex, GL_TEXTURE_2D, 0, dx,
                           dy, 0, (GLsizei)w, (GLsizei)h, 1);
        return;
    }
    // 3.3: through a second framebuffer
    GLenum point = !is_depth(src->px)    ? GL_COLOR_ATTACHMENT0
                   : src->px == PX_D24S8 ? GL_DEPTH_STENCIL_ATTACHMENT
                                         : GL_DEPTH_ATTACHMENT;
    GLbitfield bits = !is_depth(src->px)    ? GL_COLOR_BUFFER_BIT
                      : src->px == PX_D24S8 ? GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT
                                            : GL_DEPTH_BUFFER_BIT;
    if (!gl_image_bind(be, is_depth(dst->px) ? NULL : dst, is_depth(dst->px) ? dst : NULL)) {
        return;
    }
    if (!be->scratch_fbo) {
        glGenFramebuffers(1, &be->scratch_fbo);
    }
    glBindFramebuffer(GL_READ_FRAMEBUFFER, be->scratch_fbo);
    glFramebufferTexture2D(GL_READ_FRAMEBUFFER, point, GL_TEXTURE_2D, src->tex, 0);
    glReadBuffer(is_depth(src->px) ? GL_NONE : GL_COLOR_ATTACHMENT0);
    glDisable(GL_SCISSOR_TEST);
    glBlitFramebuffer(sx, sy, sx + (GLint)w, sy + (GLint)h, dx, dy, dx + (GLint)w, dy + (GLint)h,
                      bits, GL_NEAREST);
    glFramebufferTexture2D(GL_READ_FRAMEBUFFER, point, GL_TEXTURE_2D, 0, 0);
    glBindFramebuffer(GL_READ_FRAMEBUFFER, be->bound_fbo);
}
