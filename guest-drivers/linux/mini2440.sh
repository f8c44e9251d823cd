#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mini2440.sh KERNEL-DEB SOURCES OUT
#
# Makes OUT/zImage and OUT/initramfs.cpio.gz for the mini2440: Linux 6.1 from Debian's
# linux-source-6.1 package KERNEL-DEB, and a static ARMv4T busybox from the musl and busybox sources
# in SOURCES (apt-get source --download-only musl busybox). Takes about 20 minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)/mini2440
deb=$(realpath "$1")
src=$(realpath "$2")
mkdir -p "$3/src" "$3/kbuild" "$3/root"
out=$(cd "$3" && pwd)
tree=$out/src/linux-source-6.1
if [ ! -d "$tree" ]; then
    dpkg-deb --fsys-tarfile "$deb" | tar -x -O ./usr/src/linux-source-6.1.tar.xz | tar -x -J -C "$out/src"
fi
# Names that this board file has wrong in 6.1: without them the SD slot and the LEDs have no pins.
sed -i 's/\.dev_id = "s3c2410-sdi"/.dev_id = "s3c2440-sdi"/; s/GPIO_LOOKUP("GP\([BG]\)"/GPIO_LOOKUP("GPIO\1"/' \
    "$tree/arch/arm/mach-s3c/mach-mini2440.c"
k() { make -C "$tree" ARCH=arm CROSS_COMPILE=arm-linux-gnueabi- O="$out/kbuild" KBUILD_BUILD_TIMESTAMP=@0 "$@"; }
k mini2440_defconfig
(cd "$tree" && scripts/kconfig/merge_config.sh -m -O "$out/kbuild" "$out/kbuild/.config" "$here/kernel.config")
k olddefconfig
k -j2 zImage
cp "$out/kbuild/arch/arm/boot/zImage" "$out/zImage"
"$here/busybox.sh" "$src" "$out/busybox" "$tree"
mkdir -p "$out/root"/{bin,proc,sys,dev,tmp}
cp "$out/busybox/busybox" "$out/root/bin/busybox"
for a in sh mount echo ls cat uname ip ping setsid dmesg ps poweroff reboot hwclock; do
    ln -sf busybox "$out/root/bin/$a"
done
install -m 755 "$here/init" "$out/root/init"
(cd "$out/root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$out/initramfs.cpio.gz"
