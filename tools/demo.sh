#!/bin/sh
# SPDX-License-Identifier: MIT
# Two i.MX53 guests share one GPU engine: kmscube in one, glmark2 in the other. Writes pictures, serial
# logs and one HTML page with the submission profile. Called by `make demo`, which makes everything first.
set -eu
usage() {
    echo "usage: tools/demo.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--backend soft|gl] [--timeout SECONDS]"
}
yamato=build/yamato guest=build/guest out=build/demo backend=gl timeout=600
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --backend) backend=$2; shift 2 ;;
    --timeout) timeout=$2; shift 2 ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
for f in "$yamato" "$guest/kernel/vmlinuz" "$guest/sd.img"; do
    [ -e "$f" ] || { echo "demo: $f is missing; run 'make demo'" >&2; exit 2; }
done
mkdir -p "$out"
rm -f "$out"/*.png "$out"/*.serial.log "$out"/index.html

# What each console last said, every few seconds, so that nobody looks at a silent terminal.
progress() {
    start=$(date +%s)
    while sleep 5; do
        line="[$(($(date +%s) - start)) s]"
        for vm in cube glmark2; do
            last=$(tr -d '\r' <"$out/$vm.serial.log" 2>/dev/null | grep -a . | tail -n 1 | cut -c1-60)
            line="$line  $vm: ${last:-kernel unpacks itself}"
        done
        echo "$line"
    done
}
progress &
ticker=$!
trap 'kill $ticker 2>/dev/null || :' EXIT INT TERM

common="console=ttymxc0,115200 root=/dev/mmcblk0p2 quiet yamato.end=poweroff"
rc=0
"$yamato" run --backend "$backend" --report "$out/index.html" --profile-json "$out/profile.json" \
    --profile-trace "$out/trace.json" --kernel "$guest/kernel/vmlinuz" \
    --dtb "$guest/kernel/imx53-qsb-lcd.dtb" --initrd "$guest/initramfs.cpio.gz" --sd "$guest/sd.img" \
    --snapshot --no-reboot --host-seconds "$timeout" \
    --vm cube --serial null --serial-log "$out/cube.serial.log" \
        --append "$common yamato.job=dmesg,eglinfo,kmscube yamato.frames=300" \
        --reference docs/pictures/kmscube-llvmpipe.png \
        --screenshot-at "job-start kmscube+4=>$out/cube.png" \
    --vm glmark2 --serial null --serial-log "$out/glmark2.serial.log" \
        --append "$common yamato.job=glmark2 yamato.frames=400 yamato.scenes=build:use-vbo=true+texture:texture-filter=linear+shading:shading=phong+jellyfish" \
        --reference docs/pictures/glmark2-llvmpipe.png \
        --screenshot-at "[shading]+1=>$out/glmark2.png" || rc=$?
kill $ticker 2>/dev/null || :
for f in cube.png glmark2.png index.html; do
    [ -s "$out/$f" ] || { echo "demo: $out/$f was not made; look at $out/*.serial.log" >&2; exit 1; }
done
echo "demo: look at $out/index.html"
exit $rc
