@ the colour C0
ALLOC PARAM/PIXEL SIZE(0x0)
EXEC_END
   (S)ALU: MAXv export0 = C0, C0
