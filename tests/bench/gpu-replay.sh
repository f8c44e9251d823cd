#!/bin/sh
# SPDX-License-Identifier: MIT
# Captured frames on the gl backend, without a guest's processor, beside the same scenes drawn natively by
# glmark2 on the same llvmpipe: CPU milliseconds and host milliseconds a frame, best of N, interleaved.
# Needs the shared corpus (YAMATO_SHARED, default ../shared). The table goes to OUT/gpu-replay.md.
# usage: gpu-replay.sh [--frames-program PROGRAM] [--stamp PROGRAM] [--out DIR] [--runs N]
set -eu
frames=build/tests/host-backends/test_gl_frames stamp=build/bench/gpu-stamp out=build/bench/gpu runs=3
while [ $# -gt 0 ]; do
    case $1 in
    --frames-program) frames=$2; shift 2 ;;
    --stamp) stamp=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    *) sed -n '3,6s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
apps=${YAMATO_SHARED:-../shared}/a2xx-corpus/apps
[ -d "$apps" ] || { echo "SKIP gpu-replay: no shared data (9 rows)"; exit 0; }
LC_ALL=C
mkdir -p "$out"
mkfifo "$out/replay-display" 2>/dev/null || :
Xvfb -displayfd 3 -screen 0 1280x1024x24 -nolisten tcp 3>"$out/replay-display" >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb 2>/dev/null || :; rm -f "$out/replay-display"' EXIT
read -r display <"$out/replay-display"
export DISPLAY=":$display"

# capture, submissions a frame, scene
set -- build-vbo:1:build:use-vbo=true texture-linear:1:texture:texture-filter=linear shading-phong:1:shading:shading=phong \
    bump-normals:1:bump:bump-render=normals pulsar:1:pulsar ideas:1:ideas:speed=duration jellyfish:1:jellyfish \
    "desktop-blur:10:desktop:blur-radius=5:effect=blur:passes=1:separable=true:windows=4" \
    "effect2d-blur:1:effect2d:kernel=1,1,1,1,1;1,1,1,1,1;1,1,1,1,1;"
: >"$out/replay.tsv"
i=0
while [ $i -lt "$runs" ]; do
    for s in "$@"; do
        name=${s%%:*} rest=${s#*:}
        "$frames" --backend gl --submits "${rest%%:*}" --frames 100 "$apps/glmark2-$name.a200.800x600.rd.gz" |
            awk -v n="$name" '{for (k = 1; k < NF; k++) { if ($(k + 1) == "ms" && $(k + 2) == "a") w = $k; if ($(k + 1) == "ms" && $(k + 2) == "CPU") c = $k }} END {print n "\treplay\t" w "\t" c}' >>"$out/replay.tsv"
        "$stamp" "$out/replay-native.tsv" "$out/replay-native.log" 120 glmark2-es2 -s 800x600 -b "${rest#*:}:nframes=100" \
            -b clear:nframes=9 2>/dev/null || :
        awk -F'\t' -v n="$name" '!/^clear\t/ {print n "\tnative\t" $4 / $2 "\t" $5 / $2}' "$out/replay-native.tsv" >>"$out/replay.tsv"
    done
    i=$((i + 1))
done
awk -F'\t' '
{ k = $1 " " $2; if (!($1 in seen)) { seen[$1] = 1; name[++m] = $1 }
  if (!(k in w) || $3 < w[k]) w[k] = $3
  if (!(k in c) || $4 < c[k]) c[k] = $4 }
END {
    print "| capture, 800x600 | native ms CPU a frame | replay ms CPU | native/replay | by host time |\n| --- | ---: | ---: | ---: | ---: |"
    for (i = 1; i <= m; i++) {
        a = name[i] " native"; b = name[i] " replay"
        printf "| %s | %.2f | %.2f | %.2f | %.2f |\n", name[i], c[a], c[b], c[a] / c[b], w[a] / w[b]
        g += log(c[a] / c[b]); h += log(w[a] / w[b])
    }
    printf "| **geometric mean** | | | **%.2f** | **%.2f** |\n", exp(g / m), exp(h / m)
}' "$out/replay.tsv" | tee "$out/gpu-replay.md"
