shader-isa_TESTS := $(addprefix tests/shader-isa/, test_tables.c test_run.c test_exec_oracle.c test_print.c test_asm.c test_check.c test_hostile.c test_tool.c)
