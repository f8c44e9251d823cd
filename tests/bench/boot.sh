#!/bin/sh
# SPDX-License-Identifier: MIT
# Boot of the same Debian kernel and initramfs in Yamato and in qemu-system-arm, interleaved, in CPU
# seconds of the emulator's process until the console says a given line. Medians and ratios go to
# build/bench/boot.md.   usage: boot.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--runs N]
set -eu
yamato=build/yamato guest=build/guest out=build/bench runs=3 engine=
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --engine) engine="--engine $2"; shift 2 ;;
    *) sed -n '3,5s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
command -v qemu-system-arm >/dev/null || { echo "bench: qemu-system-arm is missing (apt-get install qemu-system-arm)" >&2; exit 2; }
mkdir -p "$out"
tick=$(getconf CLK_TCK)
LC_ALL=C

# until_text LOG TEXT COMMAND...: prints the CPU seconds that the command used until LOG says TEXT
until_text() {
    log=$1 text=$2; shift 2
    rm -f "$log"
    "$@" >"$log.out" 2>&1 </dev/null &
    pid=$! waited=0
    while ! grep -aqF "$text" "$log" 2>/dev/null; do
        if ! kill -0 $pid 2>/dev/null || [ $waited -gt 12000 ]; then
            echo "bench: '$text' never came: $log" >&2; kill -9 $pid 2>/dev/null || :; return 1
        fi
        sleep 0.02; waited=$((waited + 1))
    done
    used=$(awk -v t="$tick" '{sub(/^.*\) /, ""); printf "%.2f", ($12 + $13) / t}' /proc/$pid/stat 2>/dev/null || echo nan)
    kill -9 $pid 2>/dev/null || :
    wait $pid 2>/dev/null || :
    echo "$used"
}
ours() { # LOG TEXT INITRD APPEND EXTRA...
    log=$1 text=$2 initrd=$3 append=$4; shift 4
    # shellcheck disable=SC2086
    until_text "$log" "$text" "$yamato" run $engine --kernel "$guest/kernel/vmlinuz" --dtb "$guest/kernel/imx53-qsb-lcd.dtb" \
        --initrd "$guest/$initrd" --append "console=ttymxc0,115200 quiet $append" --no-reboot --serial null --serial-log "$log" "$@"
}
theirs() { # LOG TEXT INITRD APPEND EXTRA...
    log=$1 text=$2 initrd=$3 append=$4; shift 4
    until_text "$log" "$text" qemu-system-arm -M virt,highmem=off -cpu cortex-a15 -m 512 -kernel "$guest/kernel/vmlinuz" \
        -initrd "$guest/$initrd" -append "console=ttyAMA0 quiet $append" -no-reboot -display none -monitor none -nic none \
        -serial "file:$log" "$@"
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

: >"$out/boot.tsv"
i=1
while [ $i -le "$runs" ]; do
    for what in init login; do
        case $what in
        init) text="YAMATO: init" initrd=bench.cpio.gz append="" ye="" qe="" ;;
        login) text="YAMATO: login" initrd=initramfs.cpio.gz append="root=LABEL=yamato"
               ye="--sd $guest/sd.img --snapshot"
               qe="-drive file=$guest/sd.img,format=raw,if=none,id=d,snapshot=on -device virtio-blk-device,drive=d" ;;
        esac
        # shellcheck disable=SC2086
        a=$(ours "$out/yamato-$what.log" "$text" "$initrd" "$append" $ye)
        # shellcheck disable=SC2086
        b=$(theirs "$out/qemu-$what.log" "$text" "$initrd" "$append" $qe)
        printf '%s\t%s\t%s\n' "$what" "$a" "$b" | tee -a "$out/boot.tsv"
    done
    a=$(ours "$out/yamato-frame.log" "Rendered" initramfs.cpio.gz "root=LABEL=yamato yamato.job=kmscube yamato.frames=2" \
        --sd "$guest/sd.img" --snapshot)
    printf 'frame\t%s\tnan\n' "$a" | tee -a "$out/boot.tsv"
    i=$((i + 1))
done
{
    echo "Boot of Debian's 6.1 armmp kernel, CPU seconds of the emulator's process (median of $runs, interleaved),"
    echo "$(uname -m), $(nproc) cores, $(qemu-system-arm --version | head -n 1)"
    echo
    echo "| until | Yamato imx53-qsb | QEMU virt | ratio |"
    echo "| --- | --- | --- | --- |"
    for what in init login frame; do
        a=$(awk -v w=$what '$1 == w {print $2}' "$out/boot.tsv" | median)
        b=$(awk -v w=$what '$1 == w {print $3}' "$out/boot.tsv" | median)
        awk -v w=$what -v a="$a" -v b="$b" 'BEGIN {printf "| %s | %s | %s | %s |\n", w, a, b, b == "nan" ? "-" : sprintf("%.2f", a / b)}'
    done
} | tee "$out/boot.md"
