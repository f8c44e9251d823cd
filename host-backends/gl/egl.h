// SPDX-License-Identifier: MIT
//
// The host's EGL: finding a device and making a desktop GL core context on it, with no window
// system.
#ifndef HOST_BACKENDS_GL_EGL_H
#define HOST_BACKENDS_GL_EGL_H

#include <epoxy/egl.h>
#include <stdbool.h>

struct err;

struct gl_egl {
    EGLDisplay display;
    EGLContext context;
    char where[96]; // which device it is, for messages
};

// Opens a context on `device`: "" the best there is (a GPU before software), "gpu" hardware only,
// "llvmpipe" software only, or the path of a DRM node. `debug` asks for a debug context. The
// context is current on the calling thread on return. -ENODEV says what the host lacks.
int gl_egl_open(struct gl_egl *egl, const char *device, bool debug, struct err *err);

// Makes the context current on the calling thread (cheap when it is already). 0 or -EBUSY when
// another thread still holds it.
int gl_egl_bind(struct gl_egl *egl, struct err *err);

// Releases the context from the calling thread, so that another may bind it.
void gl_egl_unbind(struct gl_egl *egl);

// Destroys the context. The display stays initialised: EGL shares it with other users in the
// process.
void gl_egl_close(struct gl_egl *egl);

#endif
