#!/bin/sh
# SPDX-License-Identifier: MIT
# CPU seconds of small programs in user mode: native, qemu-arm, and ours with both engines, interleaved;
# the best of REPEAT rounds, a table in OUT/cpu.md. Checksums must agree. Never a pass or fail on a time.
set -eu
yamato=build/yamato out=build/bench repeat=3
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --repeat) repeat=$2; shift 2 ;;
    *) echo "usage: cpu.sh [--yamato FILE] [--out DIR] [--repeat N]" >&2; exit 2 ;;
    esac
done
here=$(dirname "$0")/cpu
cross=arm-linux-gnueabihf-gcc
for tool in $cross qemu-arm-static; do
    command -v $tool >/dev/null || { echo "cpu.sh: no $tool (make deps)" >&2; exit 2; }
done
mkdir -p "$out/cpu"
raw=$out/cpu/raw.txt
: > "$raw"
# kernel and its rounds
set -- integer:20 hash:10 sort:20 bytecode:20 matrix:40 simd:40 fib:400 strings:400
for k in "$@"; do
    name=${k%:*}
    cc -O2 -funsafe-math-optimizations -w -o "$out/cpu/$name.host" "$here/$name.c"
    $cross -static -O2 -mfpu=neon -funsafe-math-optimizations -w -o "$out/cpu/$name.arm" \
        "$here/$name.c"
done
r=0
while [ $r -lt "$repeat" ]; do
    for k in "$@"; do
        name=${k%:*} n=${k#*:} arm=$out/cpu/${k%:*}.arm
        echo "$name native $("$out/cpu/$name.host" "$n")"
        echo "$name qemu $(qemu-arm-static "$arm" "$n")"
        echo "$name interpreter $($yamato user --engine interpreter "$arm" "$n")"
        echo "$name translator $($yamato user --engine translator "$arm" "$n" || echo failed 0)"
    done >> "$raw"
    r=$((r + 1))
done
awk -v version="$(qemu-arm-static --version | head -n 1)" '
$3 == "failed" { bad[$1 " " $2] = 1; next }
{
    if (!($1 in sum)) { sum[$1] = $3; order[++n] = $1 }
    if (sum[$1] != $3) { print "cpu.sh: " $1 ": " $2 " has checksum " $3 ", not " sum[$1] > "/dev/stderr"; wrong = 1 }
    key = $1 " " $2
    if (!(key in best) || $4 < best[key]) best[key] = $4
}
function slow(k, e) { return best[k " " e] / best[k " native"] }
END {
    print "# CPU in user mode\n\nSlowdown against native, best of the rounds; " version ".\n"
    print "| kernel | native s | qemu | interpreter | translator |\n| --- | --- | --- | --- | --- |"
    split("qemu interpreter translator", e, " ")
    for (i = 1; i <= n; i++) {
        k = order[i]
        line = sprintf("| %s | %.4f", k, best[k " native"])
        for (j = 1; j <= 3; j++) {
            if (((k " " e[j]) in bad) || !((k " " e[j]) in best)) { line = line " | -"; part[j] = 1; continue }
            line = line sprintf(" | %.2f", slow(k, e[j]))
            g[j] += log(slow(k, e[j])); c[j]++
        }
        print line " |"
    }
    line = "| geometric mean | "
    for (j = 1; j <= 3; j++) line = line sprintf(" | %s%.2f", part[j] ? "(part) " : "", c[j] ? exp(g[j] / c[j]) : 0)
    print line " |"
    exit wrong
}' "$raw" > "$out/cpu.md"
cat "$out/cpu.md"
