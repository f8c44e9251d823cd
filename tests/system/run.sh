#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests, unmodified: boots each, waits for what its console must say, looks at what it must draw.
# The tests are functions test_NAME in suites/*.sh, which name them in $suite in their order.
# usage: run.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--engine E] [TEST...]   (no TEST: all)
set -u
yamato=build/yamato guest=build/guest out=build/system engine=
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --engine) engine="--engine $2"; shift 2 ;;
    --help) sed -n '3,5s/^# //p' "$0"; exit 0 ;;
    *) break ;;
    esac
done
[ -x "$yamato" ] || { echo "run.sh: no program at $yamato (make)" >&2; exit 2; }
mkdir -p "$out"
passed=0 failed=0
kernel="--kernel $guest/kernel/vmlinuz"
bench="$kernel --dtb $guest/kernel/imx53-qsb.dtb --initrd $guest/bench.cpio.gz"
card="--sd $guest/sd.img --snapshot"
lcd="$kernel --dtb $guest/kernel/imx53-qsb-lcd.dtb --initrd $guest/initramfs.cpio.gz $card"
root="console=ttymxc0,115200 root=/dev/mmcblk0p2 quiet"

# boot NAME OPTIONS...: one machine, console into $out/NAME.log
boot() {
    name=$1; shift
    rm -f "$out/$name.log" "$out/$name.out" "$out/$name.png"
    "$yamato" run $engine --no-reboot --host-seconds 900 --serial null --serial-log "$out/$name.log" "$@" \
        >"$out/$name.out" 2>&1
}
says() { tr -d '\r' <"$out/$1.log" | grep -aqE "$2" || { echo "  $1: the console never said: $2"; return 1; }; }
silent() {
    if tr -d '\r' <"$out/$1.log" | grep -aE "$2"; then echo "  $1: the console should not say: $2"; return 1; fi
}

suite=
for s in "$(dirname "$0")"/suites/*.sh; do . "$s"; done
for t in ${*:-$suite}; do
    start=$(date +%s)
    if "test_$t"; then
        passed=$((passed + 1)); echo "ok      $t ($(($(date +%s) - start)) s)"
    else
        failed=$((failed + 1)); echo "FAILED  $t ($(($(date +%s) - start)) s): $out has the logs"
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
