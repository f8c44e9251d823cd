# SPDX-License-Identifier: MIT
# U-Boot script on the card: Linux from the card's first partition.
# yamato.env on the same partition may set: display=vga|lcd, append=more kernel arguments.
setenv display vga
setenv append
if load mmc 0:1 ${loadaddr} yamato.env; then env import -t ${loadaddr} ${filesize}; fi
setenv bootargs console=ttymxc0,115200 root=/dev/mmcblk0p2 ${append}
load mmc 0:1 ${loadaddr} zImage
load mmc 0:1 0x71000000 ${fdt_file}
fdt addr 0x71000000
if test ${display} = lcd; then fdt resize 4096; fdt set /soc/bus@60000000/tve@63ff0000 status disabled; fdt set /disp0 status okay; fi
load mmc 0:1 0x73000000 initrd.gz
bootz ${loadaddr} 0x73000000:${filesize} 0x71000000
