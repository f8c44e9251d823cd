#!/bin/sh
# SPDX-License-Identifier: MIT
# Every audit rule earns its keep: builds the audit without one rule at a time; at least one test must
# then fail. usage: mutation.sh CC BUILD "CFLAGS" "LIBS"
set -u
cc=$1 build=$2 cflags=$3 libs=$4
dir=$build/mutation
mkdir -p "$dir"
killed=0 alive=0
for rule in $(sed -n 's/^RULE(\([a-z0-9_]*\),.*/\1/p' mdev/audit_rules.def); do
    # shellcheck disable=SC2086
    $cc $cflags -DAUDIT_WITHOUT=RULE_"$rule" tests/mdev/test_vgpu.c mdev/audit.c -o "$dir/$rule" $libs ||
        { echo "mutation: cannot build without $rule"; exit 1; }
    if timeout 60 "$dir/$rule" >"$dir/$rule.log" 2>&1; then
        alive=$((alive + 1)); echo "mutation: no test misses rule $rule"
    else
        killed=$((killed + 1))
    fi
done
echo "mutation: $killed rules killed, $alive alive"
[ $alive = 0 ] && [ $killed -gt 0 ]
