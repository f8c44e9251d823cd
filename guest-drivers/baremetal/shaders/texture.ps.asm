@ texture 0 at the first interpolator
EXEC
   (S)FETCH: SAMPLE R0.xyzw = R0.xyx CONST(0) LOCATION(CENTER)
ALLOC PARAM/PIXEL SIZE(0x0)
EXEC_END
   (S)ALU: MAXv export0 = R0, R0
