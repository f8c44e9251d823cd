@ position from vertex buffer 0, nothing else
EXEC
   (S)FETCH: VERTEX R0.xyz1 = R0.x FMT_32_32_32_FLOAT UNSIGNED STRIDE(12) CONST(20, 0)
ALLOC POSITION SIZE(0x0)
EXEC_END
   (S)ALU: MAXv export62 = R0, R0
