#!/bin/sh
# SPDX-License-Identifier: MIT
# The 14 glmark2 scenes natively (llvmpipe under Xvfb), in a guest of qemu-system-arm with virgl on the same
# llvmpipe, and in the i.MX53 guest on the gl backend; interleaved, at two sizes, on screen. Frames a second
# and CPU milliseconds a frame as the host sees them; the table goes to OUT/gpu.md. Both guests boot the same
# Debian image. Never a pass or fail on a time.
# usage: gpu.sh [--yamato PROGRAM] [--stamp PROGRAM] [--guest DIR] [--out DIR] [--runs N] [--frames N] [--sizes "WxH..."] [--who "native virgl yamato"]
set -eu
yamato=build/yamato stamp=build/bench/gpu-stamp guest=build/guest out=build/bench/gpu runs=3 frames=
sizes="320x240 800x600" who="native virgl yamato"
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --stamp) stamp=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --frames) frames=$2; shift 2 ;;
    --sizes) sizes=$2; shift 2 ;;
    --who) who=$2; shift 2 ;;
    *) sed -n '3,8s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
here=$(dirname "$0")
scenes=$here/../../guest-drivers/linux/rootfs/scenes/bench # the guest's own list, with frame counts
limit=900                                                  # seconds a run may take
LC_ALL=C
mkdir -p "$out"
for tool in Xvfb glmark2-es2 qemu-system-arm arm-linux-gnueabihf-gcc fdtput; do
    command -v $tool >/dev/null || { echo "gpu.sh: no $tool (make deps)" >&2; exit 2; }
done
case $who in *virgl*) qemu-system-arm -display help 2>/dev/null | grep -q '^sdl' ||
    { echo "gpu.sh: QEMU has no SDL window (Debian: qemu-system-gui)" >&2; exit 2; } ;; esac

# ---- what the guests need, made once -------------------------------------------------------------

# panel WxH: the board's device tree with a panel of that size
panel() {
    t=$out/panel-$1.dtb w=${1%x*} h=${1#*x}
    cp "$guest/kernel/imx53-qsb-lcd.dtb" "$t"
    fdtput -t s "$t" /panel compatible panel-dpi
    fdtput -p -c "$t" /panel/panel-timing
    for p in clock-frequency:$(((w + 80) * (h + 20) * 60)) hactive:"$w" hfront-porch:32 hback-porch:32 hsync-len:16 \
        vactive:"$h" vfront-porch:6 vback-porch:10 vsync-len:4 hsync-active:0 vsync-active:0 de-active:1 pixelclk-active:1; do
        fdtput -t u "$t" /panel/panel-timing "${p%:*}" "${p#*:}"
    done
}
# glmark2 on KMS takes the display's largest mode, and fails when -s is that mode (800x600 is the default)
job=/usr/lib/yamato/jobs/glmark2
run_ours="yamato.run=sed+'s/set+--+--winsys/set+--+-s+64x64+--winsys/'+$job>/run/j;sh+/run/j"
# virtio-gpu offers many modes and no alpha
run_virgl="yamato.run=for+d+in+/dev/vd?;do+tar+xf+\$d+-C+/run+2>/dev/null;done;sed+'s/set+--+--winsys/set+--+-s+64x64+--visual-config+alpha=0+--winsys/;s/^exec/LD_PRELOAD=\/run\/onemode.so+ONEMODE=SIZE+exec/'+$job>/run/j;sh+/run/j"
append="quiet yamato.end=poweroff yamato.scenes=bench ${frames:+yamato.frames=$frames}"
for s in $sizes; do
    panel "$s"
done
arm-linux-gnueabihf-gcc -O2 -shared -fPIC -o "$out/onemode.so" "$here/gpu_onemode.c" -ldl
tar -cf "$out/onemode.tar" -C "$out" onemode.so

# ---- one run of each ---------------------------------------------------------------------------------

run_native() { # SIZE NAME
    set -- "$@" glmark2-es2 -s "$1"
    while read -r scene n; do
        set -- "$@" -b "$scene:nframes=${frames:-$n}"
    done <"$scenes"
    name=$2; shift 2
    # one more scene, so that the threads of the last one that counts can still be asked
    "$stamp" "$name.tsv" "$name.log" $limit "$@" -b clear:nframes=9 2>"$name.err"
    sed -i '/^clear	/d' "$name.tsv"
}
run_virgl() {
    "$stamp" "$2.tsv" "$2.log" $limit qemu-system-arm -M virt,highmem=off -cpu cortex-a15 -m 1024 \
        -kernel "$guest/kernel/vmlinuz" -initrd "$guest/initramfs.cpio.gz" -nic none -monitor none -no-reboot \
        -drive "file=$guest/sd.img,format=raw,if=none,id=d,snapshot=on" -device virtio-blk-device,drive=d \
        -drive "file=$out/onemode.tar,format=raw,if=none,id=e,readonly=on" -device virtio-blk-device,drive=e \
        -device "virtio-gpu-gl-pci,xres=${1%x*},yres=${1#*x}" -display sdl,gl=on -serial stdio \
        -append "console=ttyAMA0 root=LABEL=yamato $append $(echo "$run_virgl" | sed "s/SIZE/$1/")" 2>"$2.err"
}
run_yamato() {
    "$stamp" "$2.tsv" "$2.log" $limit "$yamato" run --backend gl --no-reboot --serial stdio --sd "$guest/sd.img" --snapshot \
        --kernel "$guest/kernel/vmlinuz" --initrd "$guest/initramfs.cpio.gz" --dtb "$out/panel-$1.dtb" \
        --append "console=ttymxc0,115200 root=/dev/mmcblk0p2 $append $run_ours" 2>"$2.err"
}

rm -f "$out"/run-*
mkfifo "$out/run-display"
Xvfb -displayfd 3 -screen 0 1280x1024x24 -nolisten tcp 3>"$out/run-display" >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb 2>/dev/null || :' EXIT
read -r display <"$out/run-display"
export DISPLAY=":$display" SDL_VIDEODRIVER=x11

: >"$out/gpu.tsv"
i=1
while [ $i -le "$runs" ]; do
    for s in $sizes; do
        for w in $who; do
            "run_$w" "$s" "$out/run-$w-$s-$i" || { echo "gpu.sh: $w at $s failed: $out/run-$w-$s-$i.log" >&2; exit 1; }
            sed "s/^/$w	$s	/" "$out/run-$w-$s-$i.tsv" >>"$out/gpu.tsv"
            awk -F'\t' -v n="$w $s run $i" '{f += log($2 / $4 * 1000); k++} END {printf "%s: %.0f frames a second (geometric mean of %d scenes)\n", n, exp(f / k), k}' \
                "$out/run-$w-$s-$i.tsv"
        done
    done
    i=$((i + 1))
done

# ---- the table: medians of the runs ----------------------------------------------------------------

awk -F'\t' -v who="$who" -v sizes="$sizes" -v runs="$runs" '
function median(list, v, n, i, j, t) {
    n = split(list, v, " ")
    for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    return v[int((n + 1) / 2)]
}
{
    k = $1 " " $2 " " $3
    if (!(($3) in seen)) { seen[$3] = 1; scene[++m] = $3 }
    fps[k] = fps[k] " " $4 / $6 * 1000; cpu[k] = cpu[k] " " $7 / $4; rest[k] = rest[k] " " ($7 - $8) / $4
}
END {
    nw = split(who, w, " "); ns = split(sizes, s, " ")
    for (q = 1; q <= ns; q++) {
        print "\n### " s[q] "\n\nFrames a second (CPU ms a frame, of which not rasterising), median of " runs ".\n"
        line = "| scene |"; rule = "| --- |"
        for (j = 1; j <= nw; j++) { line = line " " w[j] " |"; rule = rule " ---: |"; g[j] = c[j] = r[j] = 0 }
        print line " yamato/virgl |\n" rule " ---: |"
        low = 1e9; used = 0
        for (i = 1; i <= m; i++) {
            line = "| " scene[i] " |"
            for (j = 1; j <= nw && ((w[j] " " s[q] " " scene[i]) in fps); j++);
            if (j <= nw) { print line " left out: " w[j] " was too slow to finish |"; continue }
            used++
            for (j = 1; j <= nw; j++) {
                k = w[j] " " s[q] " " scene[i]
                f[j] = median(fps[k]); a = median(cpu[k]); b = median(rest[k])
                g[j] += log(f[j] ? f[j] : 1e-9); c[j] += log(a ? a : 1e-9); r[j] += log(b > 0 ? b : 1e-9); by[w[j]] = f[j]
                line = line sprintf(" %.0f (%.2f, %.2f) |", f[j], a, b)
            }
            ratio = by["virgl"] ? by["yamato"] / by["virgl"] : 0
            low = ratio < low ? ratio : low
            print line sprintf(" %.2f |", ratio)
        }
        line = "| **geometric mean** |"
        for (j = 1; j <= nw; j++) {
            by[w[j]] = exp(g[j] / used)
            line = line sprintf(" **%.0f** (%.2f, %.2f) |", exp(g[j] / used), exp(c[j] / used), exp(r[j] / used))
        }
        print line sprintf(" **%.2f**, lowest %.2f |", by["virgl"] ? by["yamato"] / by["virgl"] : 0, low)
    }
}' "$out/gpu.tsv" >"$out/gpu.md"
cat "$out/gpu.md"
