shader-isa_TESTS := $(addprefix tests/shader-isa/, test_exec_oracle.c)
