#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole guests, unmodified: boots each, waits for what its console must say, looks at what it must draw.
# usage: run.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--engine E] [TEST...]   (no TEST: all)
set -u
yamato=build/yamato guest=build/guest out=build/system engine=
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --engine) engine="--engine $2"; shift 2 ;;
    --help) sed -n '3,4s/^# //p' "$0"; exit 0 ;;
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
    "$yamato" run $engine --no-reboot --host-seconds 240 --serial null --serial-log "$out/$name.log" "$@" \
        >"$out/$name.out" 2>&1
}
says() { tr -d '\r' <"$out/$1.log" | grep -aqE "$2" || { echo "  $1: the console never said: $2"; return 1; }; }
silent() {
    if tr -d '\r' <"$out/$1.log" | grep -aE "$2"; then echo "  $1: the console should not say: $2"; return 1; fi
}

test_uboot_reaches_its_prompt() {
    boot uboot --boot rom $card --type "Hit any key=>x" --until "=> " &&
        says uboot 'U-Boot 20' && says uboot 'Model: Freescale i.MX53 Quick Start Board'
}
test_card_boots_to_a_login_shell() {
    boot card --boot rom $card --type "YAMATO: login=>\n" --type "/root # =>echo uid=\$(id -u)\n" \
        --until "uid=0" && says card 'Starting kernel' && says card 'YAMATO: root /dev/mmcblk0p2'
}
test_straight_boot_reaches_user_space() {
    boot bench $bench --append "console=ttymxc0,115200" --until "YAMATO: end" && says bench 'YAMATO: init'
}
test_same_image_gives_the_same_run() {
    boot same1 $bench --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
        boot same2 $bench --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
        grep '^imx53-qsb: state' "$out/same1.out" >"$out/same1.hash" && grep '^imx53-qsb: state' "$out/same2.out" >"$out/same2.hash" &&
        cmp "$out/same1.hash" "$out/same2.hash"
}
test_both_engines_give_the_same_run() {
    for e in interpreter translator; do
        boot same-$e $bench --engine $e --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
            grep '^imx53-qsb: state' "$out/same-$e.out" >"$out/same-$e.hash" || return 1
    done
    cmp "$out/same-interpreter.hash" "$out/same-translator.hash"
}
test_installer_shows_its_first_screen() {
    [ -e "$guest/installer/initrd.gz" ] || { echo "  no installer: make guest-installer"; return 1; }
    boot installer --kernel "$guest/installer/vmlinuz" --dtb "$guest/installer/imx53-qsb.dtb" \
        --initrd "$guest/installer/initrd.gz" --append "console=ttymxc0,115200 quiet" --nic user \
        --until "Select a language"
}
mesa() { # NAME BACKEND
    boot "$1" --backend "$2" --deterministic $lcd --append "$root yamato.end=poweroff yamato.job=kmscube,dmesg yamato.frames=200" \
        --screenshot-at "job-start kmscube+5=>$out/$1.png" --unclaimed &&
    says "$1" 'renderer: "FD200"' && says "$1" 'job-end kmscube rc=0' && says "$1" 'msm msm: bound' &&
        silent "$1" 'hangcheck|lockup|MMU page fault|msm.*ERROR|adreno.*(failed|ERROR)' && [ -s "$out/$1.png" ]
}
test_stock_mesa_draws_on_soft() { mesa mesa-soft soft; }
test_stock_mesa_draws_on_gl() { mesa mesa-gl gl; }
test_soft_and_gl_draw_the_same_picture() {
    "$yamato" compare --min-colours 500 "$out/mesa-soft.png" "$out/mesa-gl.png"
}
test_two_machines_share_one_engine() {
    rm -f "$out"/two*
    "$yamato" run $engine --backend gl $lcd --no-reboot --host-seconds 240 --profile-json "$out/two.json" \
        --vm cube --serial null --serial-log "$out/two-cube.log" \
            --append "$root yamato.end=poweroff yamato.job=kmscube yamato.frames=60" \
        --vm marks --serial null --serial-log "$out/two-marks.log" \
            --append "$root yamato.end=poweroff yamato.job=glmark2 yamato.scenes=demo" >"$out/two.out" 2>&1
    says two-cube 'job-end kmscube rc=0' && says two-marks 'job-end glmark2 rc=0' &&
        silent two-marks 'hangcheck|Segmentation' && grep -q '"name": "marks"' "$out/two.json"
}

all="uboot_reaches_its_prompt card_boots_to_a_login_shell straight_boot_reaches_user_space
same_image_gives_the_same_run both_engines_give_the_same_run installer_shows_its_first_screen stock_mesa_draws_on_soft
stock_mesa_draws_on_gl soft_and_gl_draw_the_same_picture two_machines_share_one_engine"
for t in ${*:-$all}; do
    start=$(date +%s)
    if "test_$t"; then
        passed=$((passed + 1)); echo "ok      $t ($(($(date +%s) - start)) s)"
    else
        failed=$((failed + 1)); echo "FAILED  $t ($(($(date +%s) - start)) s): $out has the logs"
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
