#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: make-guest.sh [--out DIR] [--refresh] [--force] [WHAT...]
#
# Makes the Linux guests from Debian 12 packages. WHAT is any of
#   kernel      kernel, device trees, modules as shipped, U-Boot
#   modules     msm.ko and the two display drivers
#   firmware    the GPU's microcode
#   initramfs   initramfs.cpio.gz and bench.cpio.gz
#   rootfs      rootfs.ext4
#   sd          sd.img
#   installer   Debian's network installer
#   boot        kernel and initramfs: enough for a first boot
#   all         everything (the default)
# and brings with it what that is made from. What is up to date is left alone.
#
# --out DIR   where to put it (default build/guest; also GUEST_OUT)
# --refresh   ask the mirror for newer packages
# --force     make it again even if it is up to date
# Further environment: see debs.sh --help and rootfs.sh --help.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"

refresh=()
what=()
for a in ${REST[@]+"${REST[@]}"}; do
    case $a in
    --refresh) refresh=(--refresh) ;;
    --force) export GUEST_FORCE=1 ;;
    kernel|modules|firmware|initramfs|rootfs|sd|installer|boot|all) what+=("$a") ;;
    *) die usage "unknown argument '$a'; see $0 --help" ;;
    esac
done
[ ${#what[@]} -gt 0 ] || what=(all)

# One at a time in a folder: a second run waits, then finds all done.
need flock util-linux
exec 9>"$OUT/.lock"
flock -n 9 || { say "waiting for another run in $OUT"; flock 9; }

# Leftovers of runs that were killed: scratch folders end in the number of their process.
for d in "$OUT"/tmp/*.*; do
    [ -d "$d" ] && ! kill -0 "${d##*.}" 2>/dev/null && rm -rf "$d"
done

# The steps in order, each with the package sets it needs and the steps before it.
wanted=' '
want() {
    case $wanted in *" $1 "*) return ;; esac
    case $1 in
    all) want sd; want installer; return ;;
    boot) want initramfs; return ;;
    modules|initramfs) want kernel ;;
    rootfs) want modules; want firmware ;;
    sd) want initramfs; want rootfs ;;
    esac
    wanted="$wanted$1 "
}
for a in "${what[@]}"; do want "$a"; done

timed() {
    local name=$1 t0; shift
    t0=$(date +%s%N)
    "$@" || exit
    printf '%-18s %6.1f s\n' "$name" "$((($(date +%s%N) - t0) / 1000000))e-3" >>"$OUT/.times"
}
: >"$OUT/.times"
sets=()
for a in $wanted; do
    case $a in
    kernel) sets+=(kernel) ;;
    modules) sets+=(source) ;;
    firmware|rootfs|installer) sets+=("$a") ;;
    esac
done
timed packages "$HERE/debs.sh" "${refresh[@]}" "${sets[@]}"
for a in $wanted; do
    case $a in
    sd) timed sd "$HERE/sdcard.sh" ;;
    *) timed "$a" "$HERE/$a.sh" ;;
    esac
done
say "done in $OUT"
sed 's/^/guest:   /' "$OUT/.times" >&2
