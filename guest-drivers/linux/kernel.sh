#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: kernel.sh [--out DIR]
#
# Unpacks Debian's kernel and U-Boot for the boards, as they are:
#   DIR/kernel/vmlinuz, config, release, *.dtb     image, its configuration, its name, device trees
#   DIR/kernel/tree/lib/modules/RELEASE            every module, with depmod's tables
#   DIR/u-boot/u-boot-dtb.imx                      Debian's U-Boot for the i.MX53 Quick Start Board
# Needs set 'kernel' of debs.sh.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"
need depmod kmod
need fdtput device-tree-compiler

DTBS="imx53-qsb imx53-qsrb vexpress-v2p-ca9 vexpress-v2p-ca15-tc1"
rel=$(kernel_release)
image=$(deb_named kernel "linux-image-$rel")
uboot=$(deb_named kernel u-boot-imx)
key=$(key_of "$0" "$HERE/lib.sh" "$(basename "$image")" "$(basename "$uboot")")
! fresh "$STEP" "$key" "$OUT/kernel/vmlinuz" "$OUT/kernel/tree" "$OUT/u-boot/u-boot-dtb.imx" || exit 0

scratch
unpack "$image" "$T/deb" --exclude='./usr/share/*'
mkdir -p "$T/kernel/tree/lib"
mv "$T/deb/boot/vmlinuz-$rel" "$T/kernel/vmlinuz"
mv "$T/deb/boot/config-$rel" "$T/kernel/config"
for d in $DTBS; do
    mv "$T/deb/usr/lib/linux-image-$rel/$d.dtb" "$T/kernel/" ||
        die kernel-layout "$d.dtb is not in $(basename "$image"); the recipe needs an update"
done
mv "$T/deb/lib/modules" "$T/kernel/tree/lib/modules"
depmod -b "$T/kernel/tree" "$rel"
printf '%s\n' "$rel" >"$T/kernel/release"
# For booting without U-Boot: the tree as its script leaves it when the 800x480 panel is chosen.
cp "$T/kernel/imx53-qsb.dtb" "$T/kernel/imx53-qsb-lcd.dtb"
fdtput -t s "$T/kernel/imx53-qsb-lcd.dtb" /soc/bus@60000000/tve@63ff0000 status disabled
fdtput -t s "$T/kernel/imx53-qsb-lcd.dtb" /disp0 status okay
# The same with another GPU: the kernel takes the chip from this name (yamato run --gpu-id).
for id in 200.1:201 205.0:205 220.0:220 225.0:225; do
    cp "$T/kernel/imx53-qsb-lcd.dtb" "$T/kernel/imx53-qsb-lcd-a${id#*:}.dtb"
    fdtput -t s "$T/kernel/imx53-qsb-lcd-a${id#*:}.dtb" /soc/gpu@30000000 compatible \
        "amd,imageon-${id%:*}" "amd,imageon"
done

unpack "$uboot" "$T/uboot" --wildcards './usr/lib/u-boot/mx53loco/*'
mkdir "$T/u-boot"
mv "$T/uboot/usr/lib/u-boot/mx53loco/u-boot-dtb.imx" "$T/u-boot/"

publish "$T/kernel" "$OUT/kernel"
publish "$T/u-boot" "$OUT/u-boot"
done_with "$STEP" "$key"
say "kernel: $rel, $(wc -c <"$OUT/kernel/vmlinuz") bytes; U-Boot, device trees"
