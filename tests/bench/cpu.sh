#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: cpu.sh [--yamato FILE] [--out DIR] [--repeat N] [--root DIR] [--shared DIR] [--only REGEX]
#
# CPU seconds of programs in user mode: native, under qemu-arm and under `yamato user`, interleaved; the
# best of the rounds. Three groups: kernels of this folder, kernels of ../shared/bench/cpu when it is
# there, and programs from Debian's armhf packages when --root (as tests/user/debian/run.sh makes it) is
# there and the host has the same program. Outputs must agree. OUT/cpu.md is the table. Never a pass or
# fail on a time.
set -uo pipefail
yamato=build/yamato out=build/bench repeat=3 root= only=.
shared=${YAMATO_SHARED:-../shared}
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --repeat) repeat=$2; shift 2 ;;
    --root) root=$2; shift 2 ;;
    --shared) shared=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    *) sed -n '3p' "$0" >&2; exit 2 ;;
    esac
done
here=$(cd "$(dirname "$0")/cpu" && pwd)
cross=arm-linux-gnueabihf-gcc
for tool in $cross qemu-arm-static; do
    command -v $tool >/dev/null || { echo "cpu.sh: no $tool (make deps)" >&2; exit 2; }
done
mkdir -p "$out/cpu"
out=$(cd "$out" && pwd) yamato=$(realpath "$yamato")
raw=$out/cpu/raw.txt bad=0
: > "$raw"
arm_flags="-static -O2 -march=armv7-a -mfpu=neon -mfloat-abi=hard -mthumb -w"

# Own kernels print "CHECKSUM SECONDS", the shared ones "... check=X t=WALL c=SECONDS".
own="integer:80 hash:40 sort:80 bytecode:80 matrix:80 simd:120 fib:2000 strings:800"
theirs="chase:6 fib:30 matmulf:100 memops:1600 qsortb:40 sha:2000 simd:800 smc:100000 strproc:300 sysc:100000 vm:150"
kernel() { # group name engine program rounds
    local r sum s
    r=$(timeout 120 "${@:4}" 2>/dev/null | tail -n 1)
    case $r in
    *check=*) sum=${r#*check=} sum=${sum%% *} s=${r##*c=} ;;
    *) sum=${r%% *} s=${r##* } ;;
    esac
    echo "$1 $2 $3 ${sum:-failed} ${s:-0}" >> "$raw"
}

# Programs: NAME COMMAND..., read from standard input so that the same file is used by all.
in=$out/cpu/in
[ -s "$in" ] || awk 'BEGIN { s = 1; for (i = 0; i < 60000; i++) { s = (s * 1103515245 + 12345) % 2147483648
    printf "%d line %s of %x, %d\n", s % 9973, substr("the quick brown fox jumps over it", s % 20, 9), i, int(s / 77) } }' > "$in"
sql="create table t(a integer, b text); with recursive c(x) as (select 1 union all select x+1 from c where x < 60000)
insert into t select x * 7919 % 60013, 'row ' || x from c; select count(*), sum(a) from t where b like '%9%'; select a, b from t order by a desc limit 5;"
programs="gzip:gzip -9c|xz:xz -4cT1|zstd:zstd -7c --single-thread|sha256:sha256sum|sort:sort|awk:mawk {n[\$1]++}END{for(k_in_n)s+=n[k_in_n];print_s}
perl:perl -ne \$n++while/o/g;END{print\$n}|bc:bc -lq|sqlite:sqlite3 :memory:"
input() { # name
    case $1 in
    bc) echo 'scale=900; 4*a(1)' ;;
    sqlite) echo "$sql" ;;
    sha256) for _ in 1 2 3 4 5 6; do cat "$in"; done ;;
    *) cat "$in" ;;
    esac
}
program() { # name engine launcher... -- command...
    local name=$1 engine=$2 t sum
    shift 2
    t=$( { TIMEFORMAT='%U %S'; time timeout 120 "$@" < "$out/cpu/in.$name" > "$out/cpu/output" 2>/dev/null; } 2>&1 )
    sum=$(cksum < "$out/cpu/output" | tr ' ' -)
    echo "debian $name $engine $sum $(echo "$t" | awk '{ print $1 + $2 }')" >> "$raw"
}
find_program() { # name: in the root
    local d
    for d in bin usr/bin; do
        [ -x "$root/$d/$1" ] && { echo "$root/$d/$1"; return; }
    done
}

for k in $own; do
    name=${k%:*}
    [[ own/$name =~ $only ]] || continue
    cc -O2 -w -o "$out/cpu/own-$name.host" "$here/$name.c" &&
        $cross $arm_flags -o "$out/cpu/own-$name.arm" "$here/$name.c" || exit 1
done
[ -d "$shared/bench/cpu" ] || { echo "SKIP shared kernels: no shared data"; theirs=; }
for k in $theirs; do
    name=${k%:*}
    [[ shared/$name =~ $only ]] || continue
    cc -O2 -w -o "$out/cpu/shared-$name.host" "$shared/bench/cpu/$name.c" &&
        $cross $arm_flags -o "$out/cpu/shared-$name.arm" "$shared/bench/cpu/$name.c" || exit 1
done
[ -n "$root" ] && [ -d "$root" ] || { echo "SKIP Debian programs: no root (make check-user-debian)"; programs=; }

for ((r = 0; r < repeat; r++)); do
    for group in own shared; do
        list=$own
        [ $group = own ] || list=$theirs
        for k in $list; do
            name=${k%:*} n=${k#*:} arm=$out/cpu/$group-${k%:*}.arm
            [[ $group/$name =~ $only ]] || continue
            kernel $group "$name" native "$out/cpu/$group-$name.host" "$n"
            kernel $group "$name" qemu qemu-arm-static "$arm" "$n"
            kernel $group "$name" yamato "$yamato" user --engine translator "$arm" "$n"
        done
    done
    while IFS= read -r p; do
        [ -n "$p" ] || continue
        name=${p%%:*}
        [[ debian/$name =~ $only ]] || continue
        read -ra words <<< "${p#*:}"
        words=("${words[@]//_/ }")
        host=$(command -v "${words[0]}") arm=$(find_program "${words[0]}")
        [ -n "$host" ] && [ -n "$arm" ] || continue
        [ -s "$out/cpu/in.$name" ] || input "$name" > "$out/cpu/in.$name"
        program "$name" native "$host" "${words[@]:1}"
        program "$name" qemu qemu-arm-static -L "$root" "$arm" "${words[@]:1}"
        program "$name" yamato "$yamato" user --engine translator -L "$root" "$arm" "${words[@]:1}"
    done <<< "$(tr '|' '\n' <<< "$programs")"
done

awk -v version="$(qemu-arm-static --version | head -n 1)" '
{
    k = $1 "/" $2
    if (!(k in sum)) { sum[k] = $4; order[++n] = k }
    if (sum[k] != $4) { wrong[k] = 1; bad = 1 }
    if (!((k, $3) in best) || $5 < best[k, $3]) best[k, $3] = $5
}
function slow(k, e) { return best[k, "native"] > 0 ? best[k, e] / best[k, "native"] : 0 }
END {
    print "Slowdown against native, best of the rounds, CPU seconds; " version ".\n"
    print "| program | native s | qemu-arm | yamato | yamato / qemu |\n| --- | --- | --- | --- | --- |"
    for (i = 1; i <= n; i++) {
        k = order[i]
        q = slow(k, "qemu"); y = slow(k, "yamato")
        if (k in wrong || q <= 0 || y <= 0) { printf "| %s | %.4f | %.2f | failed | - |\n", k, best[k, "native"], q; continue }
        printf "| %s | %.4f | %.2f | %.2f | %.2f |\n", k, best[k, "native"], q, y, y / q
        gq += log(q); gy += log(y); c++
        if (y > q) slower++
    }
    if (c) printf "| **geometric mean of %d** | | %.2f | %.2f | %.2f |\n", c, exp(gq / c), exp(gy / c), exp((gy - gq) / c)
    printf "\nSlower than qemu-arm: %d of %d.\n", slower, c
    exit bad
}' "$raw" > "$out/cpu.md" || { bad=1; echo "cpu.sh: outputs differ, see $raw" >&2; }
cat "$out/cpu.md"
exit $bad
