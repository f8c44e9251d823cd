#!/bin/sh
# SPDX-License-Identifier: MIT
# A long job on four cores in the deterministic mode, twice: processes, pipes, files, threads, timer and
# inter-processor interrupts without end, at 100 instructions a guest microsecond. Both runs must end in
# the same state after the same guest time.
# usage: soak.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--minutes N] [--cpus N]   (guest minutes)
set -eu
yamato=build/yamato guest=build/guest out=build/soak minutes=30 cpus=4
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --minutes) minutes=$2; shift 2 ;;
    --cpus) cpus=$2; shift 2 ;;
    *) sed -n "3,6s/^# //p" "$0" >&2; exit 2 ;;
    esac
done
here=$(dirname "$0")
rm -rf "$out/root" && mkdir -p "$out/root"
arm-linux-gnueabihf-gcc -static -O2 -pthread -o "$out/root/smp" "$here/vexpress/smp.c"
cp "$here/vexpress/soak" "$out/root/bench" && chmod +x "$out/root/bench"
(cd "$out/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/add"
cat "$guest/bench.cpio.gz" "$out/add" >"$out/initrd"
for n in 1 2; do
    "$yamato" run --board vexpress-a9 --cpus "$cpus" --mips 100 --deterministic --hash --stats --guest-seconds $((minutes * 60)) \
        --kernel "$guest/kernel/vmlinuz" --dtb "$guest/kernel/vexpress-v2p-ca9.dtb" --initrd "$out/initrd" \
        --append "console=ttyAMA0 quiet" --serial null --serial-log "$out/run$n.log" >"$out/run$n.out" 2>&1
    grep '^vexpress-a9: state' "$out/run$n.out" >"$out/run$n.hash"
    grep -q 'job 1 round' "$out/run$n.log" || { echo "soak: no round was finished: $out/run$n.log" >&2; exit 1; }
    if grep -E 'is [0-9a-f]+, not|Oops|BUG:|stall|Unable to handle' "$out/run$n.log"; then exit 1; fi
done
cat "$out/run1.hash"
cmp "$out/run1.hash" "$out/run2.hash" && cmp "$out/run1.log" "$out/run2.log" &&
    echo "soak: $minutes guest minutes on $cpus cores, twice the same: $(grep -c round "$out/run1.log") rounds told," \
        "$(sed -n 's/.*, \([0-9]*\) instructions.*/\1/p' "$out/run1.out") instructions"
