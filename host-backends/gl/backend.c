// SPDX-License-Identifier: MIT
//
// The GL engine behind the backend ops table (gpu-model/draw.h): one EGL context on the engine's
// thread, guest contexts that share nothing but it.
#include "host-backends/backend.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "gpu-model/draw.h"
#include "host-backends/gl/gl.h"

enum { STREAM_BYTES = 64 << 20, HEAD_BYTES = 1 << 20 };

static struct gl_backend *backend_of(struct gpu_backend *be)
{
    return (struct gl_backend *)(void *)be; // base is first
}

// ---- errors -------------------------------------------------------------------------------------

bool gl_check(struct gl_backend *be, const char *what)
{
    GLenum e = glGetError();
    if (e == GL_NO_ERROR) {
        return true;
    }
    log_warn(be->log, "gl: error 0x%04x at %s", e, what);
    for (unsigned i = 0; i < 16 && glGetError() != GL_NO_ERROR; i++) {
    }
    return false;
}

static void GLAPIENTRY debug_message(GLenum source, GLenum type, GLuint id, GLenum severity,
                                     GLsizei length, const GLchar *message, const void *user)
{
    const struct gl_backend *be = user;
    (void)source;
    (void)id;
    (void)length;
    if (type == GL_DEBUG_TYPE_ERROR) {
        log_warn(be->log, "gl: %s", message);
    } else if (severity != GL_DEBUG_SEVERITY_NOTIFICATION) {
        TRACE(be->log, gl, "%s", message);
    }
}

// ---- life ---------------------------------------------------------------------------------------

static float second_of_range(GLenum name)
{
    GLfloat v[2] = {1, 1};
    glGetFloatv(name, v);
    return v[1];
}

static GLint integer(GLenum name)
{
    GLint v[4] = {0};
    glGetIntegerv(name, v);
    return v[0];
}

static void query_caps(struct gl_caps *c)
{
    const char *renderer = (const char *)glGetString(GL_RENDERER);
    c->version = epoxy_gl_version();
    c->glsl = c->version >= 45 ? 450 : c->version >= 40 ? 400 : 330;
    c->buffer_storage = c->version >= 44 || epoxy_has_gl_extension("GL_ARB_buffer_storage");
    c->copy_image = c->version >= 43 || epoxy_has_gl_extension("GL_ARB_copy_image");
    c->viewport_array = c->version >= 41 || epoxy_has_gl_extension("GL_ARB_viewport_array");
    c->mirror_clamp =
        c->version >= 44 || epoxy_has_gl_extension("GL_ARB_texture_mirror_clamp_to_edge");
    c->software = renderer && (strstr(renderer, "llvmpipe") || strstr(renderer, "softpipe"));
    c->max_texture = integer(GL_MAX_TEXTURE_SIZE);
    c->max_viewport = integer(GL_MAX_VIEWPORT_DIMS);
    c->max_attribs = integer(GL_MAX_VERTEX_ATTRIBS);
    c->max_units = integer(GL_MAX_COMBINED_TEXTURE_IMAGE_UNITS);
    c->max_stage_units = integer(GL_MAX_TEXTURE_IMAGE_UNITS);
    if (integer(GL_MAX_VERTEX_TEXTURE_IMAGE_UNITS) < c->max_stage_units) {
        c->max_stage_units = integer(GL_MAX_VERTEX_TEXTURE_IMAGE_UNITS);
    }
    c->ubo_align = integer(GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT);
    c->ubo_align = c->ubo_align < 16 ? 16 : c->ubo_align;
    c->max_texels = integer(GL_MAX_TEXTURE_BUFFER_SIZE);
    c->max_ubo = integer(GL_MAX_UNIFORM_BLOCK_SIZE);
    c->line_max = second_of_range(GL_ALIASED_LINE_WIDTH_RANGE);
    c->point_max = second_of_range(GL_POINT_SIZE_RANGE);
    c->max_aniso = 1;
    if (epoxy_has_gl_extension("GL_EXT_texture_filter_anisotropic")) {
        glGetFloatv(GL_MAX_TEXTURE_MAX_ANISOTROPY_EXT, &c->max_aniso);
    }
}

// Software renderers allocate whole images for a moment, several times a frame. By default the C
// library gives such memory back at once and the kernel clears it anew, page by page.
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
#endif
}

static int start(struct gl_backend *be, struct err *err)
{
    query_caps(&be->caps);
    if (be->caps.version < 33) {
        return err_set(err, -ENODEV, "%s has OpenGL %d.%d, needed is 3.3", be->egl.where,
                       be->caps.version / 10, be->caps.version % 10);
    }
    if (be->caps.version < 41 && !epoxy_has_gl_extension("GL_ARB_ES2_compatibility")) {
        return err_set(err, -ENODEV, "%s lacks GL_ARB_ES2_compatibility (565 targets)",
                       be->egl.where);
    }
    if (log_on(be->log, LOG_gl) &&
        (be->caps.version >= 43 || epoxy_has_gl_extension("GL_KHR_debug"))) {
        glEnable(GL_DEBUG_OUTPUT);
        glEnable(GL_DEBUG_OUTPUT_SYNCHRONOUS);
        glDebugMessageCallback(debug_message, be);
    }
    if (be->caps.software) {
        keep_freed_memory();
    }
    // constants of the whole engine
    glEnable(GL_PROGRAM_POINT_SIZE);
    glPointParameteri(GL_POINT_SPRITE_COORD_ORIGIN, GL_LOWER_LEFT); // rows go down
    glDisable(GL_DITHER);
    glDisable(GL_MULTISAMPLE);
    if (!gl_stream_init(be, &be->stream, STREAM_BYTES, true) ||
        !gl_stream_init(be, &be->heads, HEAD_BYTES, false)) {
        return err_set(err, -ENODEV, "%s gives no streaming buffer", be->egl.where);
    }
    TRACE(be->log, gl, "%s, OpenGL %s, on %s", (const char *)glGetString(GL_RENDERER),
          (const char *)glGetString(GL_VERSION), be->egl.where);
    return 0;
}

static void gl_destroy(struct gpu_backend *base)
{
    struct gl_backend *be = backend_of(base);
    if (!gl_egl_bind(&be->egl, NULL)) {
        gl_stream_fini(&be->stream);
        gl_stream_fini(&be->heads);
    }
    gl_egl_close(&be->egl);
    free(be);
}

static int gl_bind_thread(struct gpu_backend *base, struct err *err)
{
    if (gettid() != getpid()) { // a program's own name stays
        prctl(PR_SET_NAME, "gl");
    }
    return gl_egl_bind(&backend_of(base)->egl, err);
}

// ---- contexts -----------------------------------------------------------------------------------

void *gl_scratch(struct gl_context *ctx, enum gl_scratch_use use, size_t n)
{
    uint8_t **p = &ctx->scratch[use].p;
    size_t *have = &ctx->scratch[use].bytes;
    if (n > *have) {
        size_t size = n + n / 4 + 4096;
        free(*p);
        *p = malloc(size);
        *have = *p ? size : 0;
    }
    return *p;
}

void gl_mem_read(struct gl_context *ctx, uint32_t va, void *dst, size_t n)
{
    uint8_t *p = dst;
    if (ctx->surfaces_ahead) {
        gl_surfaces_sync(ctx, va, n);
    }
    if (!n || ctx->mem->ops->read(ctx->mem, va, p, n)) {
        return;
    }
    while (n) {
        size_t part = 4096 - va % 4096;
        part = part < n ? part : n;
        if (!ctx->mem->ops->read(ctx->mem, va, p, part)) {
            memset(p, 0, part);
        }
        va += (uint32_t)part;
        p += part;
        n -= part;
    }
}

static void gl_context_destroy(struct gpu_context *base)
{
    struct gl_context *ctx = gl_context_of(base);
    if (!ctx) {
        return;
    }
    if (!gl_egl_bind(&ctx->be->egl, NULL)) {
        if (ctx->sysmem.active) {
            gl_image_destroy(ctx->be, &ctx->sysmem.img);
        }
        ctx->be->stream.held &= ctx->rec.count == 0;
        gl_merge_destroy(ctx);
        gl_surfaces_destroy(ctx);
        gl_gmem_destroy(ctx);
        gl_programs_destroy(ctx);
        gl_textures_destroy(ctx);
    }
    if (ctx->be->last == ctx) {
        ctx->be->last = NULL;
    }
    gl_record_fini(ctx);
    free(ctx->gmem);
    free(ctx->probe);
    for (unsigned i = 0; i < SCRATCH_COUNT; i++) {
        free(ctx->scratch[i].p);
    }
    free(ctx);
}

static struct gpu_context *gl_context_create(struct gpu_backend *base,
                                             const struct gpu_context_config *cfg, struct err *err)
{
    struct gl_backend *be = backend_of(base);
    if (gl_egl_bind(&be->egl, err)) {
        return NULL;
    }
    struct gl_context *ctx = calloc(1, sizeof *ctx);
    if (!ctx) {
        err_set(err, -ENOMEM, "no memory for a GL context");
        return NULL;
    }
    ctx->base.backend = base;
    ctx->be = be;
    ctx->mem = cfg->mem;
    ctx->epoch = 1;
    ctx->log = cfg->log;
    ctx->gmem_bytes = cfg->gmem_bytes & ~3u;
    ctx->scissor_br_inclusive = cfg->scissor_br_inclusive;
    ctx->gmem = calloc(1, ctx->gmem_bytes ? ctx->gmem_bytes : 4);
    ctx->textures = gl_textures_create();
    ctx->merging = !getenv("YAMATO_GL_TILES"); // a debugging aid: run tiles one by one
    if (!ctx->gmem || !ctx->textures || gl_record_init(ctx)) {
        gl_context_destroy(&ctx->base);
        err_set(err, -ENOMEM, "no memory for a GL context");
        return NULL;
    }
    return &ctx->base;
}

// ---- work ---------------------------------------------------------------------------------------

// Makes the context current and this guest the one at work: what another has recorded is run first,
// because its data wait in the shared stream buffer.
static bool enter(struct gpu_context *base)
{
    struct err err = {0};
    struct gl_context *ctx = gl_context_of(base);
    if (gl_egl_bind(&ctx->be->egl, &err)) {
        log_warn(ctx->log, "gl: %s", err.msg);
        return false;
    }
    if (ctx->be->last && ctx->be->last != ctx) {
        gl_record_finish(ctx->be->last);
    }
    ctx->be->last = ctx;
    return true;
}

static enum gpu_result gl_draw(struct gpu_context *base, const struct gpu_draw *draw)
{
    return enter(base) ? gl_record_draw(gl_context_of(base), draw) : GPU_HOST_ERROR;
}

static enum gpu_result gl_resolve(struct gpu_context *base, const struct gpu_resolve *res)
{
    return enter(base) ? gl_record_resolve(gl_context_of(base), res) : GPU_HOST_ERROR;
}

static enum gpu_result gl_fill(struct gpu_context *base, const struct gpu_fill *fill)
{
    return enter(base) ? gl_record_fill(gl_context_of(base), fill) : GPU_HOST_ERROR;
}

static enum gpu_result gl_flush(struct gpu_context *base)
{
    struct gl_context *ctx = gl_context_of(base);
    if (!enter(base)) {
        return GPU_HOST_ERROR;
    }
    gl_record_finish(ctx);
    enum gpu_result r = gl_sysmem_flush(ctx);
    gl_surfaces_flush(ctx);
    r = ctx->late != GPU_OK ? ctx->late : r;
    ctx->late = GPU_OK;
    return gl_check(ctx->be, "flush") ? r : GPU_HOST_ERROR;
}

static void gl_invalidate(struct gpu_context *base)
{
    struct gl_context *ctx = gl_context_of(base);
    if (enter(base)) {
        gl_sysmem_flush(ctx);
    }
    gl_textures_distrust(ctx);
}

static void gl_wrote(struct gpu_context *base, uint32_t va, uint64_t bytes)
{
    struct gl_context *ctx = gl_context_of(base);
    if (enter(base)) {
        gl_sysmem_flush(ctx);
    }
    ctx->stores++;
    gl_textures_distrust_range(ctx, va, bytes);
    gl_surfaces_distrust_range(ctx, va, bytes);
}

static enum gpu_result gl_gmem_get(struct gpu_context *base, uint32_t at, void *dst, size_t n)
{
    struct gl_context *ctx = gl_context_of(base);
    if (!range_ok(at, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    if (!enter(base)) {
        return GPU_HOST_ERROR;
    }
    gl_record_finish(ctx);
    gl_gmem_sync(ctx, at, (uint32_t)n);
    memcpy(dst, ctx->gmem + at, n);
    return GPU_OK;
}

static enum gpu_result gl_gmem_put(struct gpu_context *base, uint32_t at, const void *src, size_t n)
{
    struct gl_context *ctx = gl_context_of(base);
    if (!range_ok(at, n, ctx->gmem_bytes)) {
        return GPU_BAD_STATE;
    }
    if (!enter(base)) {
        return GPU_HOST_ERROR;
    }
    gl_record_finish(ctx);
    gl_gmem_sync(ctx, at, (uint32_t)n);
    memcpy(ctx->gmem + at, src, n);
    gl_gmem_wrote(ctx, at, (uint32_t)n);
    return GPU_OK;
}

static const struct gpu_backend_ops ops = {
    .name = "gl",
    .destroy = gl_destroy,
    .bind_thread = gl_bind_thread,
    .context_create = gl_context_create,
    .context_destroy = gl_context_destroy,
    .draw = gl_draw,
    .resolve = gl_resolve,
    .fill = gl_fill,
    .flush = gl_flush,
    .invalidate = gl_invalidate,
    .wrote = gl_wrote,
    .gmem_read = gl_gmem_get,
    .gmem_write = gl_gmem_put,
};

struct gpu_backend *backend_gl_create(const struct backend_config *cfg, struct err *err)
{
    struct gl_backend *be = calloc(1, sizeof *be);
    if (!be) {
        err_set(err, -ENOMEM, "no memory for the GL backend");
        return NULL;
    }
    be->base.ops = &ops;
    be->log = cfg->log;
    be->exact = cfg->exact;
    if (gl_egl_open(&be->egl, cfg->device, log_on(cfg->log, LOG_gl), err) || start(be, err)) {
        gl_egl_close(&be->egl);
        free(be);
        return NULL;
    }
    gl_egl_unbind(&be->egl); // the engine's thread takes it
    return &be->base;
}
