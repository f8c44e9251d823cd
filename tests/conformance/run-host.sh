#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: run-host.sh PIGLIT LIST > host.log
#
# Runs the commands of LIST with this machine's own piglit (PIGLIT: its folder, with bin/ and tests/) and Mesa's
# llvmpipe, without a window system, and prints the lines that the guest's job prints:
#   PIGLIT NUMBER RESULT CENTISECONDS COMMAND
set -u
export PIGLIT_SOURCE_DIR="$1" PIGLIT_PLATFORM=surfaceless_egl LIBGL_ALWAYS_SOFTWARE=1
export LD_LIBRARY_PATH="$1/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
n=0
while read -r line <&3; do
    n=$((n + 1))
    # shellcheck disable=SC2086
    (cd "$1" && ulimit -c 0 && exec timeout -s KILL 60 bin/$line) >"$out" 2>&1 </dev/null
    rc=$?
    r=$(sed -n 's/^PIGLIT: {"result": "\([a-z]*\)".*/\1/p' "$out" | tail -n 1)
    case $rc in
    137) r=timeout ;;
    13[0-9]) r=crash$((rc - 128)) ;;
    *) [ -n "$r" ] || r=none$rc ;;
    esac
    echo "PIGLIT $n $r 0 $line"
done 3<"$2"
