#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: run.sh [--yamato PROGRAM] [--backend NAME] [--jobs N] [--out DIR] [--exact-scissor] [MATCH]
#
# Runs the list of piglit programs in the conformance guest (make guest-conformance), N guests at a time, the same
# list on this machine's llvmpipe, and compares: DIR/table.md. MATCH: only commands that contain it. Scissors are
# read as inclusive, which undoes the driver's lost row and column; --exact-scissor leaves them as written.
# Needs Debian's piglit on this machine for the reference (PIGLIT=folder; else /usr/lib/x86_64-linux-gnu/piglit).
set -u
here=$(dirname "$0")
yamato=build/yamato backend=soft jobs=2 out=build/conformance scissor=--scissor-inclusive match=
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --backend) backend=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --exact-scissor) scissor=; shift ;;
    --help) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) match=$1; shift ;;
    esac
done
g=build/guest-conformance piglit=${PIGLIT:-/usr/lib/x86_64-linux-gnu/piglit}
[ -e $g/sd.img ] || { echo "run.sh: no guest; make guest-conformance" >&2; exit 2; }
mkdir -p "$out"
for i in $(seq 0 $((jobs - 1))); do
    # shellcheck disable=SC2086
    "$yamato" run --no-reboot --deterministic --snapshot --serial null --serial-log "$out/guest-$i.log" \
        --backend "$backend" $scissor --kernel $g/kernel/vmlinuz --dtb $g/kernel/imx53-qsb-lcd.dtb \
        --initrd $g/initramfs.cpio.gz --sd $g/sd.img --append "console=ttymxc0,115200 root=/dev/mmcblk0p2 quiet \
yamato.end=poweroff yamato.job=piglit yamato.shard=$i/$jobs ${match:+yamato.match=$match}" >"$out/guest-$i.out" 2>&1 &
done
if [ -x "$piglit/bin/shader_runner" ]; then
    grep -F -e "${match:-auto}" "$here/piglit.list" >"$out/list"
    "$here/run-host.sh" "$piglit" "$out/list" >"$out/host.log" 2>"$out/host.err"
else
    echo "run.sh: no piglit at $piglit; the reference is missing" >&2
fi
wait
touch "$out/host.log"
for i in $(seq 0 $((jobs - 1))); do tr -d '\r' <"$out/guest-$i.log"; done >"$out/guest.txt"
"$here/compare.py" "$here/known.tsv" "$out/host.log" "$out/guest.txt" --list >"$out/table.md"
status=$?
cat "$out/table.md"
grep -q '^PIGLIT' "$out/guest.txt" || { echo "no program ran" >&2; exit 1; }
exit $status
