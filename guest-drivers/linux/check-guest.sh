#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: check-guest.sh [--out DIR] [CHECK...]
#
# Boots what make-guest.sh made in Debian's QEMU, on boards that it has, and looks for the markers:
# that the archives, the root file system, the card image and the modules are sound, without Yamato.
# Without arguments, all of: bench-virt bench-vexpress root-virt sd-vexpress break-virt noroot-virt
# login-virt card-layout, and installer-virt when the
# installer is there. Serial logs stay in DIR/check/. Skips when qemu-system-arm is missing.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"

if ! command -v qemu-system-arm >/dev/null; then
    [ -z "${CI:-}" ] || die missing-tool "qemu-system-arm is not installed; run 'make deps'"
    say "SKIP check-guest: no qemu-system-arm"
    exit 0
fi
mkdir -p "$OUT/check"
K=$OUT/kernel
passed=0 failed=0

# boot NAME INPUT MACHINE APPEND [OPTIONS...]: the serial log goes to DIR/check/NAME.log
boot() {
    local name=$1 input=$2 machine=$3 append=$4; shift 4
    case $machine in
    virt) set -- -cpu cortex-a15 -m 512 "$@" ;;
    vexpress-a9) set -- -dtb "$K/vexpress-v2p-ca9.dtb" -m 512 -audiodev none,id=n "$@" ;;
    esac
    { eval "$input"; } | timeout "${CHECK_SECONDS:-60}" qemu-system-arm -M "$machine" -nic none \
        -display none -serial stdio -monitor none -no-reboot -kernel "$K/vmlinuz" \
        -append "console=ttyAMA0 $append" "$@" >"$OUT/check/$name.log" 2>&1 || true
}
# expect NAME PATTERN...: every pattern must be in the log
expect() {
    local name=$1 p; shift
    for p; do
        if ! grep -aqE -- "$p" "$OUT/check/$name.log"; then
            say "FAIL $name: no '$p' in $OUT/check/$name.log"
            failed=$((failed + 1))
            return
        fi
    done
    say "ok   $name"
    passed=$((passed + 1))
}
disk() { printf -- '-drive if=none,id=d,file=%s,format=raw,snapshot=on -device virtio-blk-device,drive=d' "$1"; }

check_bench-virt() {
    boot "$1" : virt '' -initrd "$OUT/bench.cpio.gz"
    expect "$1" '^YAMATO: init 6\.1' '^YAMATO: end poweroff' 'reboot: Power down'
}
check_bench-vexpress() {
    boot "$1" : vexpress-a9 '' -initrd "$OUT/bench.cpio.gz"
    expect "$1" '^YAMATO: init 6\.1' '^YAMATO: end poweroff' 'reboot: Power down'
}
check_root-virt() {
    # shellcheck disable=SC2046
    boot "$1" : virt 'root=LABEL=yamato yamato.job=load-msm,absent,eglinfo yamato.run=exit+3 yamato.end=poweroff' \
        -initrd "$OUT/initramfs.cpio.gz" $(disk "$OUT/rootfs.ext4")
    expect "$1" '^YAMATO: root /dev/vda' '^YAMATO: init ' '^YAMATO: job-end load-msm rc=0' \
        '^YAMATO: job-end absent rc=127' '^YAMATO: job-end eglinfo rc=0' '^YAMATO: job-end run rc=3' \
        'reboot: Power down'
}
check_sd-vexpress() {
    boot "$1" : vexpress-a9 'root=/dev/mmcblk0p2 yamato.run=uname+-m yamato.end=poweroff' \
        -initrd "$OUT/initramfs.cpio.gz" -drive "if=sd,file=$OUT/sd.img,format=raw,snapshot=on"
    expect "$1" '^YAMATO: root /dev/mmcblk0p2' '^armv7l' '^YAMATO: job-end run rc=0' 'reboot: Power down'
}
check_break-virt() {
    # shellcheck disable=SC2016
    boot "$1" 'sleep 8; echo "echo in-shell-\$((6*7)); poweroff -f"; sleep 4' virt yamato.break \
        -initrd "$OUT/initramfs.cpio.gz"
    expect "$1" '^YAMATO: initramfs-shell asked' '^in-shell-42' 'reboot: Power down'
}
check_noroot-virt() {
    boot "$1" 'sleep 10; echo "poweroff -f"; sleep 4' virt 'root=/dev/absent yamato.rootwait=1' \
        -initrd "$OUT/initramfs.cpio.gz"
    expect "$1" '^YAMATO: initramfs-shell no-root /dev/absent' 'reboot: Power down'
}
check_login-virt() {
    # shellcheck disable=SC2016,SC2046
    boot "$1" 'sleep 12; echo "echo logged-in-\$((6*7)) on \$(tty)"; sleep 2; echo poweroff; sleep 6' virt \
        'root=/dev/vda' -initrd "$OUT/initramfs.cpio.gz" $(disk "$OUT/rootfs.ext4")
    expect "$1" '^YAMATO: login' '^logged-in-42 on /dev/ttyAMA0' 'reboot: Power down'
}
# The card as the boot ROM and U-Boot see it: header at 0x400, two partitions, files on the first.
check_card-layout() {
    local log=$OUT/check/$1.log part=$OUT/check/p1
    od -An -tx1 -j 1024 -N 4 "$OUT/sd.img" >"$log"
    od -An -tx1 -j 510 -N 2 "$OUT/sd.img" >>"$log"
    dd if="$OUT/sd.img" of="$part" bs=1M skip=1 count=16 status=none
    { e2fsck -fn "$part"; debugfs -R 'ls -p /' "$part"; debugfs -R 'cat /boot.scr' "$part" | strings; } >>"$log" 2>&1
    e2fsck -fn "$OUT/sd.img?offset=$((17 * 1048576))" >>"$log" 2>&1
    rm -f "$part"
    expect "$1" '^ d1 00 20 40' '^ 55 aa' '/zImage/' '/imx53-qsb.dtb/' '/initrd.gz/' '/boot.scr/' \
        'bootz ' '^yamato: [0-9]+/'
}

check_installer-virt() {
    K=$OUT/installer boot "$1" 'sleep 30' virt 'TERM=vt102' -initrd "$OUT/installer/initrd.gz"
    expect "$1" 'Select a language'
}

checks=("${REST[@]+"${REST[@]}"}")
if [ -z "${checks[*]}" ]; then
    checks=(bench-virt bench-vexpress root-virt sd-vexpress break-virt noroot-virt login-virt card-layout)
    [ ! -f "$OUT/installer/vmlinuz" ] || checks+=(installer-virt)
fi
for c in "${checks[@]}"; do
    declare -F "check_$c" >/dev/null || die usage "no check '$c'; see $0 --help"
    "check_$c" "$c"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
