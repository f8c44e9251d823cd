#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo through the daemon: two i.MX53 guests are clients of yamato mdev serve, kmscube in one, glmark2 in
# the other. Writes pictures, serial logs, a page of the machines (index.html) and the page of what they
# submitted (profile.html), which the daemon recorded.
# usage: tools/demo-daemon.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--backend soft|gl] [--timeout SECONDS]
set -eu
yamato=build/yamato guest=build/guest out=build/demo backend=gl timeout=600
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --backend) backend=$2; shift 2 ;;
    --timeout) timeout=$2; shift 2 ;;
    *) sed -n '3,6s/^# //p' "$0"; [ "$1" = --help ] && exit 0 || exit 2 ;;
    esac
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -f "$out"/*.png "$out"/*.serial.log "$out"/*.html "$out"/profile.*
D=$(mktemp -d)
"$yamato" mdev serve --socket-dir "$D" --backend "$backend" --profile 2M >"$out/daemon.log" 2>&1 &
daemon=$!
trap 'kill $daemon 2>/dev/null && wait $daemon; rm -rf "$D"' EXIT INT TERM
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -S "$D/control.sock" ] && break; sleep 0.5; done
for vm in cube glmark2; do "$yamato" mdev create --socket-dir "$D" yamato-a200 $vm; done

common="console=ttymxc0,115200 root=/dev/mmcblk0p2 quiet yamato.end=poweroff"
rc=0
"$yamato" run --report "$out/index.html" --kernel "$guest/kernel/vmlinuz" \
    --dtb "$guest/kernel/imx53-qsb-lcd.dtb" --initrd "$guest/initramfs.cpio.gz" --sd "$guest/sd.img" \
    --snapshot --no-reboot --host-seconds "$timeout" \
    --vm cube --gpu "vfio-user:$D/cube.sock" --serial null --serial-log "$out/cube.serial.log" \
        --append "$common yamato.job=dmesg,eglinfo,kmscube yamato.frames=300" \
        --reference docs/pictures/kmscube-llvmpipe.png \
        --screenshot-at "job-start kmscube+4=>$out/cube.png" \
    --vm glmark2 --gpu "vfio-user:$D/glmark2.sock" --serial null --serial-log "$out/glmark2.serial.log" \
        --append "$common yamato.job=glmark2 yamato.frames=400 yamato.scenes=build:use-vbo=true+texture:texture-filter=linear+shading:shading=phong+jellyfish" \
        --reference docs/pictures/glmark2-llvmpipe.png \
        --screenshot-at "[shading]+1=>$out/glmark2.png" || rc=$?
"$yamato" mdev stats --socket-dir "$D"
for kind in csv json trace; do "$yamato" mdev profile --socket-dir "$D" "$out/profile.$kind" || rc=1; done
"$yamato" profile report "$out/profile.csv" -o "$out/profile.html" || rc=1
echo "demo: look at $out/index.html and $out/profile.html"
exit $rc
