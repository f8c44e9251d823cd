#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: initramfs.sh [--out DIR]
#
# Makes two initramfs archives from Debian's static busybox and this folder's init programs:
#   DIR/initramfs.cpio.gz   storage modules; mounts root= and hands over to its init
#   DIR/bench.cpio.gz       says that user space was reached, then switches the machine off
# Needs the results of kernel.sh.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"
need cpio cpio
need depmod kmod
[ -d "$OUT/kernel/tree" ] || die missing-input "$OUT/kernel is not there; run make-guest.sh initramfs"

key=$(key_of "$0" "$HERE/lib.sh" "$HERE"/initramfs/* "$OUT/.stamp/kernel" \
    "$(basename "$(deb_named kernel busybox-static)")")
! fresh "$STEP" "$key" "$OUT/initramfs.cpio.gz" "$OUT/bench.cpio.gz" || exit 0

names() { sed 's/#.*//' "$1" | xargs; }
# skeleton DIR INIT: folders, busybox and the init program
skeleton() {
    mkdir -p "$1"/{proc,sys,dev,run,tmp,root,etc}
    busybox_into "$1"
    install -m 755 "$HERE/initramfs/$2" "$1/init"
    install -m 644 "$HERE/initramfs/functions" "$1/functions"
}

scratch
skeleton "$T/bench" init-bench
copy_modules "$T/bench" imx2_wdt
pack_cpio "$T/bench" "$T/bench.cpio.gz"

skeleton "$T/boot" init
# shellcheck disable=SC2046
copy_modules "$T/boot" $(names "$HERE/initramfs/modules.txt")
pack_cpio "$T/boot" "$T/initramfs.cpio.gz"

publish "$T/bench.cpio.gz" "$OUT/bench.cpio.gz"
publish "$T/initramfs.cpio.gz" "$OUT/initramfs.cpio.gz"
done_with "$STEP" "$key"
say "initramfs: $(wc -c <"$OUT/initramfs.cpio.gz") bytes, bench $(wc -c <"$OUT/bench.cpio.gz") bytes"
