#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: run.sh --yamato PROGRAM --out DIR [--fast|--slice] [--jobs N] [--only REGEX] ARCH...
#
# Runs the commands of commands.txt, made of programs from Debian's armhf or armel packages, under
# `yamato user` and under qemu-arm-static, and compares standard output, standard error and exit status
# byte by byte. known.txt lists differences whose cause is known. Fails when any other is found, or when
# nothing ran. --fast leaves out what takes long; --slice takes one in four of those, of fewer packages.
set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
YAMATO= OUT= KIND='fast|slow' EVERY=1 PACKAGES=packages.txt JOBS=1 ONLY=. ARCHS=()
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) YAMATO=$2; shift 2 ;;
    --out) OUT=$2; shift 2 ;;
    --fast) KIND=fast; shift ;;
    --slice) KIND=fast EVERY=4 PACKAGES=packages-slice.txt; shift ;;
    --jobs) JOBS=$2; shift 2 ;;
    --only) ONLY=$2; shift 2 ;;
    *) ARCHS+=("$1"); shift ;;
    esac
done
[ -x "$YAMATO" ] && [ -n "$OUT" ] || { sed -n '3p' "$0" >&2; exit 2; }
YAMATO=$(realpath "$YAMATO")
if ! command -v qemu-arm-static >/dev/null; then
    [ -z "${CI:-}" ] || { echo "debian: qemu-arm-static is not installed" >&2; exit 1; }
    echo "SKIP debian: no qemu-arm-static"
    exit 0
fi
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd)
sh "$HERE/inputs.sh" "$OUT/in" || exit 1
export IN=$OUT/in LC_ALL=C TZ=UTC HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 TERM=dumb
unset DISPLAY LANG

# qemu's -L misses what perl and ruby look for: tell both where the root is.
libs() {
    local r=$OUT/$1/root
    PERL5LIB=$(echo "$r"/usr/lib/arm-linux-*/perl/5.* "$r"/usr/lib/arm-linux-*/perl-base "$r"/usr/share/perl/5.* | tr ' ' :)
    export PERL5LIB
}

# one ARCH NUMBER COMMAND: prints "ok", or what differs.
one() {
    local arch=$1 n=$2 cmd=$3 root=$OUT/$1/root dir=$OUT/$1/run/$2 who emu line name at cpu=
    [ "$arch" = armel ] && cpu='--cpu arm926'
    libs "$arch"
    rm -rf "$dir" && mkdir -p "$dir"
    for who in yamato qemu; do
        [ $who = yamato ] && emu="$YAMATO user $cpu" || emu=qemu-arm-static
        line=$cmd
        while [[ $line =~ (^|[^A-Za-z0-9_])@([A-Za-z0-9._-]*[A-Za-z][A-Za-z0-9._-]*) ]]; do
            name=${BASH_REMATCH[2]}
            at=
            for d in usr/bin bin usr/sbin sbin; do [ -e "$root/$d/$name" ] && at=$root/$d/$name && break; done
            [ -n "$at" ] || { line=${line/@$name/"AT:$name"}; continue; }
            line=${line/@$name/"$emu -L $root $at"}
        done
        line=${line//AT:/@}
        mkdir -p "$dir/work"
        (cd "$dir/work" && timeout -k 5 "${LIMIT:-240}" sh -c "$line" >"$dir/$who.out" 2>"$dir/$who.err" </dev/null
         echo $? >"$dir/$who.status")
        rm -rf "$dir/work"
    done
    local diff=
    for f in out err status; do cmp -s "$dir/yamato.$f" "$dir/qemu.$f" || diff+=" $f"; done
    if [ -z "$diff" ]; then echo "ok $arch $n"; rm -rf "$dir"; else echo "differs $arch $n$diff"; fi
}
export -f one libs
export OUT YAMATO LIMIT

total=0 bad=0 known=0
for arch in "${ARCHS[@]}"; do
    bash "$HERE/fetch.sh" "$arch" "$OUT/$arch" $(cat "$HERE/$PACKAGES") || {
        [ -z "${CI:-}" ] || exit 1
        echo "SKIP debian $arch: packages cannot be fetched"
        continue
    }
    mapfile -t list < <(grep -E "^($KIND)\|" "$HERE/commands.txt" | cut -d'|' -f2- | grep -E -- "$ONLY" |
        awk -v n="$EVERY" 'NR % n == 0')
    for n in "${!list[@]}"; do
        for name in $(grep -oE '(^|[^A-Za-z0-9_])@[A-Za-z][A-Za-z0-9._-]*' <<<"${list[$n]}" | sed 's/.*@//'); do
            [ -n "$(ls -d "$OUT/$arch/root"/{usr/,}{bin,sbin}/"$name" 2>/dev/null)" ] && continue
            # A program that the packages lack: part of the bargain with few packages, an error with all.
            [ $EVERY -gt 1 ] || { echo "debian: no program $name for: ${list[$n]}" >&2; bad=$((bad + 1)); }
            unset "list[$n]"
            break
        done
    done
    results=$(for n in "${!list[@]}"; do printf '%s\0%s\0%s\0' "$arch" "$n" "${list[$n]}"; done |
        xargs -0 -n 3 -P "$JOBS" bash -c 'one "$@"' one | sort)
    while read -r verdict a n what; do
        [ -n "$verdict" ] || continue
        total=$((total + 1))
        [ "$verdict" = ok ] && continue
        cmd=${list[$n]} cause=
        while IFS='|' read -r ka kcmd kcause; do
            [[ $ka == "$a" || $ka == any ]] && [[ $cmd == *"$kcmd"* ]] && cause=$kcause
        done < <(grep -v '^#' "$HERE/known.txt")
        if [ -n "$cause" ]; then
            known=$((known + 1))
            echo "known: $a: $cmd:$cause"
        else
            bad=$((bad + 1))
            echo "DIFFERS ($what): $a: $cmd"
            for f in $what; do
                diff -a "$OUT/$a/run/$n/qemu.$f" "$OUT/$a/run/$n/yamato.$f" | head -${SHOW:-6} | cut -c1-200
            done
        fi
    done <<<"$results"
done
echo "debian: $total commands, $bad differ, $known differ for a known cause"
[ $bad -eq 0 ] && [ $total -gt 0 ]
