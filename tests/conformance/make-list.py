#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Chooses piglit programs for the guest: those for what Mesa's a2xx driver claims (OpenGL ES 2.0, OpenGL
2.0 with GLSL 1.20 and its extensions). Reads the profiles of Debian's piglit, prints one command a line.

usage: make-list.py PIGLIT/tests > piglit.list
"""
import ast
import gzip
import sys
import xml.etree.ElementTree as ET

GL = """!opengl 1.0,!opengl 1.1,!opengl 1.2,!opengl 1.3,!opengl 1.4,!opengl 1.5,!opengl 2.0,!opengl 2.1,!opengl es 2.0,
arb_depth_texture,arb_draw_elements_base_vertex,arb_es2_compatibility,arb_fragment_program,arb_framebuffer_object,
arb_map_buffer_range,arb_multisample,arb_multitexture,arb_pixel_buffer_object,arb_point_sprite,arb_provoking_vertex,
arb_shader_objects,arb_sampler_objects,arb_texture_border_clamp,arb_texture_compression,arb_texture_cube_map,
arb_texture_env_crossbar,arb_texture_rectangle,arb_texture_rg,arb_texture_storage,arb_vertex_array_bgra,
arb_vertex_buffer_object,arb_vertex_program,ext_blend_color,ext_blend_equation_separate,ext_blend_func_separate,
ext_fog_coord,ext_framebuffer_blit,ext_framebuffer_object,ext_packed_depth_stencil,ext_provoking_vertex,
ext_secondary_color,ext_stencil_two_side,ext_stencil_wrap,ext_texture_compression_s3tc,ext_texture_env_combine,
ext_texture_format_bgra8888,ext_texture_lod_bias,ext_texture_swizzle,ext_vertex_array_bgra,glsl-1.10,glsl-1.20,
glsl-es-1.00,mesa_pack_invert,nv_texture_env_combine4,oes_compressed_etc1_rgb8_texture,oes_compressed_paletted_texture,
oes_draw_texture,oes_fbo_render_mipmap,oes_packed_depth_stencil,oes_texture_npot,sgis_generate_mipmap,
oes_standard_derivatives,oes_point_sprite,ext_read_format_bgra,ext_unpack_subimage""".replace('\n', '').split(',')
SHADER = "glsl-1.10,glsl-1.20,glsl-es-1.00,!opengl 1.1,!opengl 2.0,arb_fragment_program,arb_vertex_program,"\
    "arb_texture_rectangle".split(',')
GENERATED_EVERY = 8        # of the generated built-in function tests, which are much alike
# measured elsewhere or without end on an emulated board
SLOW = ('max-texture-size', 'streaming-texture-leak', 'max-samplers', 'longprim', 'mipmap-limits', 'read-front',
        'glsl-max-varyings', 'ext_texture_array', 'maxlayers', 'roundmode', 'pixelbuf', 'fbo-maxsize')


def field(test, name):
    for o in test:
        if o.get('name') == name:
            return ast.literal_eval(o.get('value')) if name != 'extensions' else ast.literal_eval(o.get('value'))
    return None


def tests(folder):
    for profile in ('quick_gl', 'quick_shader'):
        for t in ET.parse(gzip.open(f'{folder}/{profile}.xml.gz')).getroot():
            yield t


def main():
    seen, generated = set(), 0
    for t in tests(sys.argv[1]):
        parts, kind = t.get('name').split('@'), t.get('type')
        cmd = field(t, 'command') if kind in ('gl', 'shader') else None
        if not cmd:
            continue
        group = parts[1] if parts[0] == 'spec' else parts[0]
        if kind == 'gl' and not (group in GL or group == 'shaders'):
            continue
        if kind == 'shader':
            if not (group in SHADER or group == 'shaders') or (field(t, 'extensions') or set()):
                continue
            if 'generated_tests' in cmd[1]:
                generated += 1
                if generated % GENERATED_EVERY:
                    continue
        if any(s in ' '.join(cmd) for s in SLOW):
            continue
        if field(t, 'run_concurrent'):
            cmd = cmd + ['-fbo']
        line = ' '.join(cmd + ['-auto'])
        if line not in seen and ' ' not in ''.join(cmd):
            seen.add(line)
    print('\n'.join(sorted(seen)))


main()
