#!/bin/sh
# SPDX-License-Identifier: MIT
# Two i.MX53 guests are clients of one `yamato mdev serve`: kmscube in one, glmark2 in the other. Writes
# pictures, serial logs, and one page of both machines and of what they submitted, as the daemon
# recorded it. Called by `make demo`, which makes everything first.
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
rm -f "$out"/*.png "$out"/*.serial.log "$out"/*.html "$out"/profile.*

D=$(mktemp -d) ticker=
"$yamato" mdev serve --socket-dir "$D" --backend "$backend" --profile 2M >"$out/daemon.log" 2>&1 &
daemon=$!
trap 'kill $ticker $daemon 2>/dev/null; wait $daemon 2>/dev/null; rm -rf "$D"' EXIT
trap 'exit 130' INT TERM
tries=0
until [ -S "$D/control.sock" ]; do
    kill -0 $daemon 2>/dev/null && [ $((tries += 1)) -le 100 ] || { cat "$out/daemon.log" >&2; echo "demo: the daemon did not start" >&2; exit 1; }
    sleep 0.2
done
for vm in cube glmark2; do "$yamato" mdev create --socket-dir "$D" yamato-a200 $vm; done

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

common="console=ttymxc0,115200 root=/dev/mmcblk0p2 quiet yamato.end=poweroff"
rc=0
"$yamato" run --kernel "$guest/kernel/vmlinuz" \
    --dtb "$guest/kernel/imx53-qsb-lcd.dtb" --initrd "$guest/initramfs.cpio.gz" --sd "$guest/sd.img" \
    --snapshot --no-reboot --host-seconds "$timeout" \
    --vm cube --gpu "vfio-user:$D/cube.sock" --serial null --serial-log "$out/cube.serial.log" \
        --append "$common yamato.job=dmesg,eglinfo,kmscube yamato.frames=300" \
        --screenshot-at "job-start kmscube+4=>$out/cube.png" \
    --vm glmark2 --gpu "vfio-user:$D/glmark2.sock" --serial null --serial-log "$out/glmark2.serial.log" \
        --append "$common yamato.job=glmark2 yamato.frames=400 yamato.scenes=build:use-vbo=true+texture:texture-filter=linear+shading:shading=phong+jellyfish" \
        --screenshot-at "[shading]+1=>$out/glmark2.png" || rc=$?
kill $ticker 2>/dev/null || :
"$yamato" mdev stats --socket-dir "$D"
for kind in csv json trace; do "$yamato" mdev profile --socket-dir "$D" "$out/profile.$kind" || rc=1; done
"$yamato" profile report "$out/profile.csv" -o "$out/index.html" --title "Two guests, one Adreno" \
    --machine "cube,$out/cube.png,docs/pictures/kmscube-llvmpipe.png,$out/cube.serial.log" \
    --machine "glmark2,$out/glmark2.png,docs/pictures/glmark2-llvmpipe.png,$out/glmark2.serial.log" || rc=1
for f in cube.png glmark2.png index.html; do
    [ -s "$out/$f" ] || { echo "demo: $out/$f was not made; look at $out/*.serial.log" >&2; exit 1; }
done
echo "demo: look at $out/index.html"
exit $rc
