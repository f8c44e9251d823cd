// SPDX-License-Identifier: MIT
//
// Private to gl/: draws whose front and back faces need different GL state are issued twice.
#ifndef HOST_BACKENDS_GL_STATE_H
#define HOST_BACKENDS_GL_STATE_H

#include <stdbool.h>

struct gpu_state;

// True when polygon mode or offset differ between the faces, which GL can not say in one draw.
bool gl_state_faces_differ(const struct gpu_state *st);
// State for one of the two draws: that face's mode and offset, the other face culled.
void gl_state_face(const struct gpu_state *st, bool back);

#endif
