shader-isa_SRCS := $(addprefix shader-isa/, isa.c decode.c decode_alu.c interp.c interp_avx2.c interp_avx512.c print_fd.c print_xna.c check.c suite.c suite_flow.c suite_run.c doc.c tool.c tool_run.c tool_test.c asm.c asm_slot.c asm_text.c glsl.c glsl_lib.c glsl_slot.c)
shader-isa_DEPS := base
# The interpreter's inner loops are vectors of lanes; -fno-math-errno lets sqrt be one instruction, and
# no vector crosses a function that is not inlined, so their ABI does not matter.
shader-isa_CFLAGS := -fno-math-errno -fno-trapping-math -Wno-psabi
shader-isa_OPT := -O3
