#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tools/encodings.sh BUILD > docs/encodings.md
#
# The instruction tables as a page, and for each row which checks ran it. The tests of cpu/ are run with
# YAMATO_COVERAGE and say themselves which rows they executed; a row that nothing but random bytes runs, or
# nothing at all, is listed at the end and makes this fail.
set -euo pipefail
BUILD=$1
T=$BUILD/tests/cpu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
declare -A mark=([test_unicorn]=U [test_neon_unicorn]=U [test_avec]=H [test_risu]=R [test_primer]=P [test_jit]=J)
plain=(test_api test_avec test_branch test_exceptions test_gdb test_jit test_memory test_mmu test_neon_unicorn
    test_old_cores test_primer test_risu test_rows test_unicorn test_vfp_system)
for t in "${plain[@]}"; do
    YAMATO_COVERAGE=$dir timeout 900 "$T/$t" >"$dir/log" 2>&1 || { tail -5 "$dir/log" >&2; echo "$t failed" >&2; exit 1; }
done
for t in "${plain[@]}"; do
    [ -f "$dir/$t" ] && sed "s/\$/ ${mark[$t]:-T}/" "$dir/$t"
done | sort -u >"$dir/all"
cat <<'T'
# Encodings

<!-- made by tools/encodings.sh; do not edit -->

One row of `cpu/isa/*.def` a line: the bit picture, the architecture that brought it, the text, and which checks
executed it in the run that made this page:

| letter | check |
| --- | --- |
| U | random instances with random state beside libunicorn, registers, flags and memory compared |
| J | random instances, interpreter beside translator, the whole state compared |
| H | vectors recorded on hardware and by other simulators (`test_avec`) |
| R | RISU images |
| P | closed functions of the Windows-on-ARM primer's listings |
| T | a test of its own behaviour (exceptions, banked registers, memory, MMU, branches, old cores, VFP system registers) |

Every row's text is compared with capstone and with LLVM's assembler tests too (`test_disasm_capstone`,
`test_disasm_oracle`).
T
"$BUILD/tools/isagen" --doc | awk -v all="$dir/all" -v lack="$dir/lack" '
    BEGIN { while ((getline line <all) > 0) { split(line, w, " "); seen[w[1]] = seen[w[1]] w[2] } }
    /^## / { set = tolower($2); print; next }
    /^\| name/ { print "| name | encoding | since | syntax | checks | note |"; next }
    /^\|---/ { print "|---|---|---|---|---|---|"; next }
    /^\| / { split($0, f, "|"); name = f[2]; gsub(/ /, "", name); key = set "." name; rows++
        n = index($0, "`"); m = length($0); marks = seen[key]; if (marks == "") { print key >lack; none++ }
        # The note is what follows the last bar but one.
        line = $0; sub(/ \|$/, "", line); k = match(line, /\|[^|]*$/)
        print substr(line, 1, k) " " marks " " substr(line, k) " |"; next }
    { print }
    END { printf "\n%d rows, %d of them executed by these checks.\n", rows, rows - none }'
if [ -s "$dir/lack" ]; then
    printf '\nNot executed:\n\n'
    sed 's/^/- /' "$dir/lack"
    exit 1
fi
