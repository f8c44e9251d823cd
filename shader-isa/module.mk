shader-isa_SRCS := $(addprefix shader-isa/, isa.c decode.c interp.c interp_avx2.c)
shader-isa_DEPS := base
# The interpreter's inner loops are vectors of lanes; -fno-math-errno lets sqrt be one instruction.
shader-isa_CFLAGS := -fno-math-errno -fno-trapping-math
