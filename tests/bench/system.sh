#!/bin/sh
# SPDX-License-Identifier: MIT
# Whole systems beside qemu-system-arm, on the same board: boot of Debian's kernel to power off, kernel
# loads, and CPU programs inside the guest. CPU seconds of the emulator's process, interleaved, the
# median of the rounds; ratios below 1 are ours. Checksums must agree. Writes OUT/system.md; never a
# pass or fail on a time.  usage: system.sh [--yamato PROGRAM] [--guest DIR] [--out DIR] [--runs N]
set -eu
yamato=build/yamato guest=build/guest out=build/bench runs=3 only=
while [ $# -gt 0 ]; do
    case $1 in
    --yamato) yamato=$2; shift 2 ;;
    --guest) guest=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    *) sed -n '3,6s/^# //p' "$0" >&2; exit 2 ;;
    esac
done
here=$(dirname "$0") shared=${YAMATO_SHARED:-../shared}/bench work=$out/system
for tool in qemu-system-arm arm-linux-gnueabihf-gcc cpio; do
    command -v $tool >/dev/null || { echo "system.sh: no $tool (make deps)" >&2; exit 2; }
done
rm -rf "$work" && mkdir -p "$work/root/p"
LC_ALL=C
cc -O2 -w -o "$work/stamp" "$here/stamp.c"

# name:rounds; names with a dot are sysb's loads
loads="sysb.sysnull:50000 sysb.sched:30000 sysb.sigself:3000 sysb.mprot:2500 sysb.pipe:2500 sysb.ring:500
sysb.fault:40 sysb.fork:400 sysb.cow:200 sysb.forkexec:100 sysb.vforkexec:120 sysb.file:800"
programs="chase:8 fib:12 matmulf:12 memops:150 qsortb:40 sha:800 simd:300 smc:8000 strproc:300 sysc:15000 vm:60"
items= skipped=0
for i in $loads $programs; do
    [ -z "$only" ] || case " $only " in *" ${i%:*} "*) ;; *) continue ;; esac
    source=${i%%[.:]*}
    file=$shared/cpu/$source.c
    [ "$source" = sysb ] && file=$shared/system/sysb.c
    if [ ! -e "$file" ]; then skipped=$((skipped + 1)); continue; fi
    [ -e "$work/root/p/$source" ] ||
        arm-linux-gnueabihf-gcc -static -O2 -mfpu=neon -w -o "$work/root/p/$source" "$file" -lm
    items="$items $i"
done
[ $skipped = 0 ] || echo "SKIP bench-system: no shared data ($skipped rows)"
echo "$items" >"$work/root/items"
cat >"$work/root/bench" <<'E'
#!/bin/sh
mount -t tmpfs tmp /tmp 2>/dev/null || { mkdir -p /tmp && mount -t tmpfs tmp /tmp; }
for i in $(cat /items); do
    name=${i%:*} prog=${i%%[.:]*}
    load=; [ "$prog" = "$name" ] || load=${name#*.}
    echo "@ begin $name"
    /p/$prog $load ${i#*:}
    echo "@ end $name"
done
E
chmod +x "$work/root/bench"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/add"
cat "$guest/bench.cpio.gz" "$work/add" >"$work/initrd"

ours() { # INITRD
    "$work/stamp" 900 "$yamato" run --board vexpress-a9 --memory 512 --kernel "$guest/kernel/vmlinuz" \
        --dtb "$guest/kernel/vexpress-v2p-ca9.dtb" --initrd "$1" --append "console=ttyAMA0 quiet" --no-reboot --serial stdio
}
theirs() {
    "$work/stamp" 900 qemu-system-arm -M vexpress-a9 -m 512 -kernel "$guest/kernel/vmlinuz" \
        -dtb "$guest/kernel/vexpress-v2p-ca9.dtb" -initrd "$1" -append "console=ttyAMA0 quiet" -no-reboot -display none \
        -monitor none -audiodev none,id=n -nic none -serial stdio
}
# Lines "WHO NAME SECONDS" and "WHO NAME check HEX"
rows() { # WHO LOG
    awk -F '\t' -v who="$1" '
        $2 ~ /^@ begin / { at = $1 }
        $2 ~ /^@ end / { split($2, w, " "); print who, w[3], $1 - at }
        match($2, /check=[0-9a-f]+/) { split($2, w, " "); print who, w[1], "check", substr($2, RSTART + 6, RLENGTH - 6) }
        $2 ~ /^exit / && !bench { print who, "whole", $1 }' "$2"
}
raw=$work/raw.txt; : >"$raw"
r=0
while [ $r -lt "$runs" ]; do
    for who in yamato qemu; do
        run=ours; [ $who = qemu ] && run=theirs
        if [ -z "$only" ]; then
            $run "$guest/bench.cpio.gz" >"$work/$who-boot.log" 2>&1
            rows $who "$work/$who-boot.log" | sed 's/ whole / boot /' >>"$raw"
        fi
        [ -z "$items" ] && continue
        $run "$work/initrd" >"$work/$who-$r.log" 2>&1
        grep -q 'YAMATO: end' "$work/$who-$r.log" || echo "system.sh: $who did not finish: $work/$who-$r.log" >&2
        rows $who "$work/$who-$r.log" >>"$raw"
    done
    r=$((r + 1))
done
awk -v order="boot $items" -v version="$(qemu-system-arm --version | head -n 1)" -v runs="$runs" -v skipped=$skipped '
$3 == "check" { if ($2 in sum && sum[$2] != $4) { print "system.sh: " $2 ": checksums differ" > "/dev/stderr"; wrong = 1 } sum[$2] = $4; next }
{ k = $1 " " $2; v[k, ++n[k]] = $3 }
function median(k,   i, j, t, m) {
    m = n[k]
    for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (v[k, j] < v[k, i]) { t = v[k, i]; v[k, i] = v[k, j]; v[k, j] = t }
    return m ? v[k, int((m + 1) / 2)] : 0
}
function group(name) { return name == "boot" ? "boot" : name ~ /^sysb[.]/ ? "kernel loads" : "CPU set in the guest" }
END {
    print "Debian 6.1 armmp on vexpress-a9, one core, 512 MiB; CPU seconds of the process, median of " runs ", interleaved; " version "."
    print "\n| row | Yamato | QEMU | ratio |\n| --- | --- | --- | --- |"
    m = split(order, o, " ")
    for (i = 1; i <= m; i++) {
        sub(/:.*/, "", o[i]); a = median("yamato " o[i]); b = median("qemu " o[i])
        if (!a || !b) continue
        printf "| %s | %.3f | %.3f | %.2f |\n", o[i], a, b, a / b
        g = group(o[i]); lg[g] += log(a / b); c[g]++
        if (a / b > worst[g]) { worst[g] = a / b; which[g] = o[i] }
    }
    print "\n| group | rows | geometric mean | worst | goal |\n| --- | --- | --- | --- | --- |"
    goal["boot"] = 0.70; goal["kernel loads"] = 0.35; goal["CPU set in the guest"] = 0.70
    split("boot,kernel loads,CPU set in the guest", gs, ",")
    for (i = 1; i <= 3; i++) if (c[gs[i]]) printf "| %s | %d | %.3f | %.2f (%s) | %.2f |\n", gs[i], c[gs[i]], exp(lg[gs[i]] / c[gs[i]]), worst[gs[i]], which[gs[i]], goal[gs[i]]
    if (skipped) print "\nRows without their source: " skipped
    exit wrong
}' "$raw" >"$out/system.md" || wrong=1
cat "$out/system.md"
exit ${wrong:-0}
