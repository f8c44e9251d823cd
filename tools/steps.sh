#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs named steps ("NAME=COMMAND"), each into its own log, with times; shows the end of a log that
# failed, goes on with the others, and closes with "N passed, N failed". Logs: build/check/NAME.log.
set -u
out=${STEPS_OUT:-build/check}
mkdir -p "$out"
passed=0 failed=0 bad=
for step in "$@"; do
    name=${step%%=*} start=$(date +%s)
    echo "== $name"
    if sh -c "${step#*=}" >"$out/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "   ok, $(($(date +%s) - start)) s, $(grep -cE '\[       OK \]|^ok  ' "$out/$name.log") tests; $(tail -n 1 "$out/$name.log" | cut -c1-120)"
        grep -E '^SKIP' "$out/$name.log" || :
    else
        failed=$((failed + 1)) bad="$bad $name"
        echo "   FAILED after $(($(date +%s) - start)) s; the end of $out/$name.log:"
        grep -E 'FAILED|ERROR|error:|runtime error' "$out/$name.log" | head -n 20
        tail -n 40 "$out/$name.log"
    fi
done
[ -z "$bad" ] || echo "failed:$bad"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
