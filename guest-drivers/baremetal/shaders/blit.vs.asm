@ position from vertex buffer 0, texture coordinates from vertex buffer 1
EXEC
   (S)FETCH: VERTEX R1.xyz1 = R0.x FMT_32_32_32_FLOAT UNSIGNED STRIDE(12) CONST(20, 0)
      FETCH: VERTEX R0.xy01 = R0.x FMT_32_32_FLOAT UNSIGNED STRIDE(8) CONST(20, 1)
ALLOC POSITION SIZE(0x0)
EXEC
   (S)ALU: MAXv export62 = R1, R1
ALLOC PARAM/PIXEL SIZE(0x0)
EXEC_END
      ALU: MAXv export0 = R0, R0
