// SPDX-License-Identifier: MIT
//
// What the bare-metal demos must look like, drawn in double precision from their scene descriptions
// alone: no driver, no command stream, no rasteriser of ours is involved.
#ifndef TESTS_GUEST_DRIVERS_REFERENCE_H
#define TESTS_GUEST_DRIVERS_REFERENCE_H

#include <stdbool.h>

#include "base/png.h"

// Draws the last picture of that demo. The caller frees it with picture_fini.
bool reference_draw(const char *name, struct picture *pic);

// The rule of all picture tests: every channel within 2 of 255, apart from edge pixels, which are
// at most half a percent. Prints what differs.
bool reference_matches(const char *name, const struct picture *pic);

// Sanitized builds: the host's GL driver keeps what it allocated; that is not a leak of ours. Put
// once into a test program.
#define IGNORE_LEAKS_OF_THE_GL_DRIVER                                                              \
    const char *__lsan_default_suppressions(void);                                                 \
    const char *__lsan_default_suppressions(void)                                                  \
    {                                                                                              \
        return "leak:_dri.so\nleak:libLLVM\nleak:libEGL\nleak:libgallium";                         \
    }

#endif
