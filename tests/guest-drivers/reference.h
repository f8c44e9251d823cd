// SPDX-License-Identifier: MIT
//
// What the bare-metal demos must look like, drawn in double precision from their scene descriptions
// alone: no driver, no command stream, no rasteriser of ours is involved.
#ifndef TESTS_GUEST_DRIVERS_REFERENCE_H
#define TESTS_GUEST_DRIVERS_REFERENCE_H

#include <stdbool.h>

#include "base/png.h"

// Names of the demos in order, NULL at the end.
extern const char *const reference_names[];

// Draws the last picture of that demo. The caller frees it with picture_fini.
bool reference_draw(const char *name, struct picture *pic);

// The rule of all picture tests: every channel within 2 of 255, apart from edge pixels, which are
// at most half a percent. Prints what differs.
bool reference_matches(const char *name, const struct picture *pic);

#endif
