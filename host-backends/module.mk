# SPDX-License-Identifier: MIT
# Rendering backends. gl is compiled where pkg-config knows epoxy and egl, and its sources are there.
host-backends_GL_SRCS := $(wildcard host-backends/gl/*.c)
host-backends_HAS_GL := $(if $(host-backends_GL_SRCS),$(shell $(PKG_CONFIG) --exists epoxy egl && echo 1))

host-backends_SRCS := host-backends/backend.c host-backends/null.c host-backends/isa/glsl_engine.c \
                      $(addprefix host-backends/soft/, soft.c draw.c vertex.c assemble.c clip.c \
                        setup.c raster.c pixel.c depth.c blend.c texture.c texcache.c resolve.c \
                        memexport.c pool.c)
host-backends_DEPS := gpu-model shader-isa base
host-backends_OPT := -O3
ifeq ($(host-backends_HAS_GL),1)
host-backends_SRCS += $(host-backends_GL_SRCS)
host-backends_PKGS := epoxy egl
host-backends_CFLAGS := -DBACKEND_HAS_GL=1
endif
