#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: sdcard.sh [--out DIR] [--display vga|lcd] [--append "KERNEL ARGUMENTS"] [IMAGE]
#
# Makes an SD card image for the i.MX53 Quick Start Board, DIR/sd.img or IMAGE:
#   0x400     Debian's U-Boot, where the boot ROM looks for it
#   1 MiB     partition 1, ext2: zImage, device trees, initrd.gz, boot.scr, yamato.env
#   17 MiB    partition 2: rootfs.ext4
# The size is a power of two, as cards (and other emulators) want it; unused space takes no room.
# Boots by itself through U-Boot; or straight: kernel/vmlinuz, kernel/imx53-qsb.dtb and
# initramfs.cpio.gz with this card in the slot and root=/dev/mmcblk0p2.
#
# --display lcd uses the 800x480 panel instead of the VGA output; --append goes to the kernel,
# e.g. --append "yamato.job=kmscube". Both end up in yamato.env, which a later run may replace.
# Needs the results of kernel.sh, initramfs.sh and rootfs.sh. Neither root nor loop mounts.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"
need mkimage u-boot-tools

display=vga append='' image=''
set -- ${REST[@]+"${REST[@]}"}
while [ $# -gt 0 ]; do
    case $1 in
    --display) display=${2:-}; shift 2 || die usage "--display needs vga or lcd" ;;
    --append) [ $# -ge 2 ] || die usage "--append needs a text"; append=$2; shift 2 ;;
    -*) die usage "unknown option '$1'; see $0 --help" ;;
    *) [ -z "$image" ] || die usage "one image at a time; see $0 --help"; image=$1; shift ;;
    esac
done
case $display in
vga|lcd) ;;
*) die usage "--display is vga or lcd, not '$display'" ;;
esac
image=${image:-$OUT/sd.img}
for f in kernel/vmlinuz u-boot/u-boot-dtb.imx initramfs.cpio.gz rootfs.ext4; do
    [ -f "$OUT/$f" ] || die missing-input "$OUT/$f is not there; run make-guest.sh first"
done

name=$STEP
[ "$image" = "$OUT/sd.img" ] || name=$STEP.$(key_of "$image")
key=$(key_of "$0" "$HERE/lib.sh" "$HERE/sdcard/boot.cmd" "$display" "$append" "$OUT/.stamp/kernel" \
    "$OUT/.stamp/initramfs" "$OUT/.stamp/rootfs")
! fresh "$name" "$key" "$image" || exit 0

scratch
mkdir "$T/boot"
cp "$OUT/kernel/vmlinuz" "$T/boot/zImage"
cp "$OUT/kernel/imx53-qsb.dtb" "$OUT/kernel/imx53-qsrb.dtb" "$T/boot/"
cp "$OUT/initramfs.cpio.gz" "$T/boot/initrd.gz"
printf 'display=%s\nappend=%s\n' "$display" "$append" >"$T/boot/yamato.env"
mkimage -A arm -T script -C none -n yamato -d "$HERE/sdcard/boot.cmd" "$T/boot/boot.scr" >/dev/null
p1_mb=16
make_fs "$T/p1" $p1_mb "$T/boot" boot 2 -t ext2 -I 128

root_mb=$((($(stat -c %s "$OUT/rootfs.ext4") + 1048575) / 1048576))
size_mb=64
while [ $size_mb -lt $((1 + p1_mb + root_mb)) ]; do size_mb=$((size_mb * 2)); done
truncate -s "${size_mb}M" "$T/sd.img"

# The partition table: two Linux partitions, no CHS addresses, a fixed disk signature.
le32() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)); }
entry() { printf '\\x00\\xfe\\xff\\xff\\x83\\xfe\\xff\\xff%s%s' "$(le32 "$1")" "$(le32 "$2")"; }
{
    # shellcheck disable=SC2059
    printf "$(le32 0x79616d61)\\x00\\x00$(entry 2048 $((p1_mb * 2048)))$(entry $(((1 + p1_mb) * 2048)) $((root_mb * 2048)))"
    head -c 32 /dev/zero
    printf '\x55\xaa'
} | dd of="$T/sd.img" bs=1 seek=440 conv=notrunc status=none
put() { dd if="$1" of="$T/sd.img" bs="$2" seek="$3" conv=notrunc,sparse status=none; }
put "$OUT/u-boot/u-boot-dtb.imx" 512 2
put "$T/p1" 1M 1
put "$OUT/rootfs.ext4" 1M $((1 + p1_mb))
publish "$T/sd.img" "$image"
done_with "$name" "$key"
say "sdcard: $image ${size_mb} MB ($(du -m "$image" | cut -f1) MB on disk), display $display"
