@ struct {float position[3], texcoord[2]; uint8_t light[4];}: position times the matrix whose columns
@ are C0 to C3
EXEC
   (S)FETCH: VERTEX R1.xyz1 = R0.x FMT_32_32_32_FLOAT UNSIGNED STRIDE(24) CONST(20, 0)
      FETCH: VERTEX R2.xy01 = R0.x FMT_32_32_FLOAT UNSIGNED STRIDE(24) OFFSET(12) CONST(20, 0)
      FETCH: VERTEX R0.xyzw = R0.x FMT_8_8_8_8 UNSIGNED NORMALIZED STRIDE(24) OFFSET(20) CONST(20, 0)
EXEC
   (S)ALU: MULADDv R3 = C3, C0, R1.xxxx
      ALU: MULADDv R3 = R3, C1, R1.yyyy
ALLOC POSITION SIZE(0x0)
EXEC
      ALU: MULADDv export62 = R3, C2, R1.zzzz
ALLOC PARAM/PIXEL SIZE(0x1)
EXEC_END
      ALU: MAXv export0 = R2, R2
      ALU: MAXv export1 = R0, R0
