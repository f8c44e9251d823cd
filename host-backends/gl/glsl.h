// SPDX-License-Identifier: MIT
//
// Private to gl/: the two files that write GLSL.
#ifndef HOST_BACKENDS_GL_GLSL_H
#define HOST_BACKENDS_GL_GLSL_H

#include <stdio.h>

#include "host-backends/gl/program.h"

// Declarations and yamato_vfetch<N> functions of a vertex program.
void gl_glsl_vertex_fetches(FILE *f, const struct gl_program *prog, const struct shader_info *info);
// Samplers and yamato_tfetch<N> functions of a stage.
void gl_glsl_texture_fetches(const struct gl_backend *be, FILE *f, const struct gl_program *prog,
                             const struct shader_info *info, bool pixel);

#endif
