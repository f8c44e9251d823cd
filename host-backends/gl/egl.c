// SPDX-License-Identifier: MIT
//
// EGL device selection. Devices come from EGL_EXT_device_enumeration; the Mesa surfaceless platform
// is the fallback for an EGL without it. A device counts as software when it says
// EGL_MESA_device_software, or when its renderer turns out to be one of Mesa's rasterisers.
#include "host-backends/gl/egl.h"

#include <epoxy/gl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { MAX_DEVICES = 16 };

// What this thread has current. EGL knows, too, but asking it costs a system call, and every op
// asks.
static _Thread_local EGLContext current_context;

enum wanted { WANT_ANY, WANT_HARDWARE, WANT_SOFTWARE, WANT_PATH };

static bool has_ext(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p && (p = strstr(p, name)); p += n) {
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) {
            return true;
        }
    }
    return false;
}

static bool is_software_renderer(void)
{
    const char *name = (const char *)glGetString(GL_RENDERER);
    return name && (strstr(name, "llvmpipe") || strstr(name, "softpipe") || strstr(name, "swrast"));
}

static const char *egl_error_text(void)
{
    switch (eglGetError()) {
    case EGL_SUCCESS:
        return "no error";
    case EGL_NOT_INITIALIZED:
        return "EGL_NOT_INITIALIZED";
    case EGL_BAD_ACCESS:
        return "EGL_BAD_ACCESS";
    case EGL_BAD_ALLOC:
        return "EGL_BAD_ALLOC";
    case EGL_BAD_MATCH:
        return "EGL_BAD_MATCH";
    case EGL_CONTEXT_LOST:
        return "EGL_CONTEXT_LOST";
    default:
        return "EGL error";
    }
}

// Makes a context on a display and tells whether it is what was asked for.
static int try_display(struct gl_egl *egl, EGLDisplay dpy, enum wanted want, bool debug,
                       struct err *err)
{
    EGLint major, minor;

    if (dpy == EGL_NO_DISPLAY || !eglInitialize(dpy, &major, &minor)) {
        return err_set(err, -ENODEV, "EGL on %s does not initialise (%s)", egl->where,
                       egl_error_text());
    }
    if (!epoxy_has_egl_extension(dpy, "EGL_KHR_surfaceless_context") ||
        (!epoxy_has_egl_extension(dpy, "EGL_KHR_no_config_context") &&
         !epoxy_has_egl_extension(dpy, "EGL_MESA_configless_context"))) {
        return err_set(err, -ENODEV, "EGL on %s has no contexts without a surface", egl->where);
    }
    if (!eglBindAPI(EGL_OPENGL_API)) {
        return err_set(err, -ENODEV, "EGL on %s has no desktop OpenGL", egl->where);
    }
    const EGLint attribs[] = {EGL_CONTEXT_MAJOR_VERSION,
                              3,
                              EGL_CONTEXT_MINOR_VERSION,
                              3,
                              EGL_CONTEXT_OPENGL_PROFILE_MASK,
                              EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
                              EGL_CONTEXT_OPENGL_DEBUG,
                              debug ? EGL_TRUE : EGL_FALSE,
                              EGL_NONE};
    EGLContext ctx = eglCreateContext(dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attribs);
    if (ctx == EGL_NO_CONTEXT) {
        return err_set(err, -ENODEV, "%s gives no OpenGL 3.3 core context (%s)", egl->where,
                       egl_error_text());
    }
    current_context = EGL_NO_CONTEXT;
    if (!eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, ctx)) {
        eglDestroyContext(dpy, ctx);
        return err_set(err, -ENODEV, "the context on %s can not be made current", egl->where);
    }
    if ((want == WANT_HARDWARE && is_software_renderer()) ||
        (want == WANT_SOFTWARE && !is_software_renderer())) {
        int rc =
            err_set(err, -ENODEV, "%s is %s", egl->where, (const char *)glGetString(GL_RENDERER));
        eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        eglDestroyContext(dpy, ctx);
        return rc;
    }
    egl->display = dpy;
    egl->context = ctx;
    current_context = ctx;
    return 0;
}

static bool device_has_path(EGLDeviceEXT dev, const char *ext, const char *path)
{
    static const EGLint names[] = {EGL_DRM_DEVICE_FILE_EXT, 0x3377 /* EGL_DRM_RENDER_NODE_FILE */};
    static const char *const exts[] = {"EGL_EXT_device_drm", "EGL_EXT_device_drm_render_node"};
    for (unsigned i = 0; i < 2; i++) {
        if (has_ext(ext, exts[i])) {
            const char *s = eglQueryDeviceStringEXT(dev, names[i]);
            if (s && !strcmp(s, path)) {
                return true;
            }
        }
    }
    return false;
}

// One pass over the devices, software ones or the others.
static int try_devices(struct gl_egl *egl, const EGLDeviceEXT *devs, int count, bool software,
                       enum wanted want, const char *path, bool debug, struct err *err)
{
    for (int i = 0; i < count; i++) {
        const char *ext = eglQueryDeviceStringEXT(devs[i], EGL_EXTENSIONS);
        if (has_ext(ext, "EGL_MESA_device_software") != software ||
            (want == WANT_PATH && !device_has_path(devs[i], ext, path))) {
            continue;
        }
        snprintf(egl->where, sizeof egl->where, "EGL device %d%s", i,
                 software ? " (software)" : "");
        EGLDisplay dpy = eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, devs[i], NULL);
        if (!try_display(egl, dpy, want, debug, err)) {
            return 0;
        }
    }
    return -ENODEV;
}

int gl_egl_open(struct gl_egl *egl, const char *device, bool debug, struct err *err)
{
    EGLDeviceEXT devs[MAX_DEVICES];
    EGLint count = 0;
    enum wanted want = WANT_ANY;

    memset(egl, 0, sizeof *egl);
    if (!device || !*device) {
        device = "";
    } else if (!strcmp(device, "gpu")) {
        want = WANT_HARDWARE;
    } else if (!strcmp(device, "llvmpipe")) {
        want = WANT_SOFTWARE;
    } else if (*device == '/') {
        want = WANT_PATH;
    } else {
        return err_set(err, -EINVAL,
                       "GL device '%s': use \"\", \"gpu\", \"llvmpipe\" or a path in /dev/dri",
                       device);
    }
    if (!epoxy_has_egl()) {
        return err_set(err, -ENODEV, "no EGL library on this host (Debian: libegl1, libegl-mesa0)");
    }
    err_set(err, -ENODEV, "no EGL device fits '%s'", device);
    if (epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_EXT_platform_device") &&
        eglQueryDevicesEXT(MAX_DEVICES, devs, &count)) {
        if (want != WANT_SOFTWARE &&
            !try_devices(egl, devs, count, false, want, device, debug, err)) {
            return 0;
        }
        if (want != WANT_HARDWARE &&
            !try_devices(egl, devs, count, true, want, device, debug, err)) {
            return 0;
        }
    }
    if (want != WANT_PATH &&
        epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_MESA_platform_surfaceless")) {
        snprintf(egl->where, sizeof egl->where, "the surfaceless platform");
        EGLDisplay dpy =
            eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
        if (!try_display(egl, dpy, want, debug, err)) {
            return 0;
        }
    }
    return -ENODEV;
}

int gl_egl_bind(struct gl_egl *egl, struct err *err)
{
    if (current_context == egl->context) {
        return 0;
    }
    eglBindAPI(EGL_OPENGL_API);
    if (!eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, egl->context)) {
        return err_set(err, -EBUSY, "the GL context is held by another thread (%s)",
                       egl_error_text());
    }
    current_context = egl->context;
    return 0;
}

void gl_egl_unbind(struct gl_egl *egl)
{
    if (eglGetCurrentContext() == egl->context) {
        eglMakeCurrent(egl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        current_context = EGL_NO_CONTEXT;
    }
}

void gl_egl_close(struct gl_egl *egl)
{
    if (egl->context != EGL_NO_CONTEXT) {
        gl_egl_unbind(egl);
        eglDestroyContext(egl->display, egl->context);
        egl->context = EGL_NO_CONTEXT;
    }
}
