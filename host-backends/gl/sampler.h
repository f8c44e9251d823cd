// SPDX-License-Identifier: MIT
//
// Private to gl/: the sampler objects of a guest's context.
#ifndef HOST_BACKENDS_GL_SAMPLER_H
#define HOST_BACKENDS_GL_SAMPLER_H

#include "host-backends/gl/program.h"

struct texture;
struct gl_samplers;

struct gl_samplers *gl_samplers_create(void); // NULL when out of memory
void gl_samplers_destroy(struct gl_samplers *ts);
// True when a draw might not find room for its samplers; then everything that uses them must have
// been issued, and they are emptied.
bool gl_samplers_full(const struct gl_samplers *ts);
void gl_samplers_empty(struct gl_samplers *ts);
// The object for a sampler of a program with a fetch constant. There must be room.
GLuint gl_sampler_for(const struct gl_backend *be, struct gl_samplers *ts,
                      const struct gl_sampler_plan *plan, const struct texture *lay);

#endif
