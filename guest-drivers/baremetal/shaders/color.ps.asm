@ the first interpolator is the colour
ALLOC PARAM/PIXEL SIZE(0x0)
EXEC_END
   (S)ALU: MAXv export0 = R0, R0
