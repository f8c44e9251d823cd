#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a fuzz target in rounds until it has counted so many messages.
# usage: fuzz-messages.sh TARGET MESSAGES CORPUS CRASHES
set -eu
target=$1 want=$2 corpus=$3 crash=$4
total=0 round=0
while [ "$total" -lt "$want" ]; do
    rm -f "$crash/count"
    YAMATO_FUZZ_COUNT=$crash/count "$target" -seed=$((round + 1)) -max_total_time=120 -timeout=60 -rss_limit_mb=4096 \
        -max_len=65536 -len_control=0 -artifact_prefix="$crash/vfio_user-" "$corpus" >"$crash/vfio_user.log" 2>&1 ||
        { tail -40 "$crash/vfio_user.log"; echo "fuzz: vfio_user FAILED after $total messages"; exit 1; }
    n=$(cat "$crash/count" 2>/dev/null || echo 0)
    [ "$n" -gt 0 ] || { echo "fuzz: vfio_user sent no messages"; exit 1; }
    total=$((total + n)) round=$((round + 1))
    echo "fuzz: vfio_user, $total messages, no finding"
done
