# SPDX-License-Identifier: MIT
# The mini2440: Linux 6.1 from NAND through the boot memory, from an SD card, from NOR, and its devices.
# The guest is made by `make guest-mini2440`; without it these tests say so and pass, except under CI.
mini=${GUEST_MINI2440:-build/guest-mini2440}
loader=$(dirname "$yamato")/baremetal/s3c/loader.bin
mini_args="console=ttySAC0,115200 mini2440=0tb quiet"
mini_missing() {
    [ -e "$mini/initramfs.cpio.gz" ] && [ -e "$loader" ] && return 1
    echo "  SKIP mini2440: no guest or loader (make guest-mini2440 baremetal-s3c)"
    [ -z "${CI:-}" ]
}
# compat NAME OPTIONS...: one boot, its report in $out/NAME
compat() {
    name=$1; shift
    rm -rf "$out/$name"
    timeout 300 "$yamato" compat --board mini2440 --out "$out/$name" --budget 60 "$@" >"$out/$name.out" 2>&1 ||
        { sed 's/^/  /' "$out/$name.out"; return 1; }
}
# Linux 6.1's board file has names wrong and its drivers lost some platform data: for the card and the
# devices there is a kernel with that mended; everything else runs the untouched one.
mini_straight() { n=$1; shift; compat "$n" --image "$mini/${linux:-zImage}" --initrd "$mini/initramfs.cpio.gz" --append "$mini_args" "$@"; }

test_mini2440_starts_from_nand() {
    mini_missing && return 0
    for chip in K9F1208 K9F2G08; do
        "$yamato" image nand --chip $chip --out "$out/nand.img" --loader "$loader" --kernel "$mini/zImage" \
            --initrd "$mini/initramfs.cpio.gz" --append "$mini_args" &&
            "$yamato" image inspect "$out/nand.img" | grep -q 'bad pages: 0' &&
            compat nand-$chip --disk nand="$out/nand.img" --type '/ # =>echo uid-$(id -u)-$((1+1))\n' --until 'uid-0-2' \
                --expect-serial '^loader: starting the kernel' --expect-serial 'user space is up' || return 1
    done
    rm -f "$out/nand.img"
}
# One wrong bit in a code's piece is repaired by the loader; two stop it by name.
test_mini2440_loader_repairs_nand() {
    mini_missing && return 0
    "$yamato" image nand --out "$out/nand.img" --loader "$loader" --kernel "$mini/zImage" \
        --initrd "$mini/initramfs.cpio.gz" --append "$mini_args" || return 1
    page=$((0x60000 / 512 * 528 + 528 * 3))
    flip() { printf "\\$(printf %o $(($(od -An -tu1 -j $1 -N1 "$out/nand.img") ^ $2)))" | dd of="$out/nand.img" bs=1 seek=$1 conv=notrunc 2>/dev/null; }
    flip $((page + 100)) 16
    "$yamato" image inspect "$out/nand.img" | grep -q 'correctable pages: 1' &&
        compat nand-fixed --disk nand="$out/nand.img" --until 'user space is up' || return 1
    flip $((page + 200)) 2
    compat nand-bad --disk nand="$out/nand.img" --budget 5 --until 'beyond repair'
    rc=$?; rm -f "$out/nand.img"; return $rc
}
# The switch at NOR: the same loader runs in place there and finds its table in NAND; Linux sees the flash.
test_mini2440_starts_from_nor() {
    mini_missing && return 0
    "$yamato" image nor --out "$out/nor.img" --loader "$loader" &&
        "$yamato" image nand --out "$out/nand.img" --kernel "$mini/zImage" --initrd "$mini/initramfs.cpio.gz" --append "$mini_args" &&
        compat nor --board mini2440-nor --disk nor="$out/nor.img" --disk nand="$out/nand.img" --until 'user space is up' \
            --expect-serial '^loader: NAND, 512'
    rc=$?; rm -f "$out/nand.img" "$out/nor.img"; return $rc
}
test_mini2440_root_on_nand() {
    mini_missing && return 0
    "$yamato" image nand --out "$out/nand.img" --loader "$loader" --kernel "$mini/zImage" --put 0x560000="$mini/root.jffs2" \
        --append "$mini_args rw root=mtd:root rootfstype=jffs2 init=/init" &&
        compat nand-root --disk nand="$out/nand.img" --until 'root jffs2'
    rc=$?; rm -f "$out/nand.img"; return $rc
}
test_mini2440_root_on_a_card() {
    mini_missing && return 0
    compat card --image "$mini/zImage-devices" --disk sdi="$mini/card.img" --append "$mini_args rw root=/dev/mmcblk0 rootwait init=/init" \
        --type '/ # =>cp /bin/busybox /tmp/y; sync; echo 3 >/proc/sys/vm/drop_caches; cmp /bin/busybox /tmp/y; echo same-$?-$((1+1))\n' \
        --until 'same-0-2' --expect-serial 'root ext4'
}
test_mini2440_devices() {
    mini_missing && return 0
    linux=zImage-devices mini_straight mini-devices --sound "$out/mini-devices.wav" --budget 30 \
        --type '/ # =>mount -t jffs2 /dev/mtdblock3 /mnt && cp /bin/busybox /mnt/x && umount /mnt && mount -t jffs2 /dev/mtdblock3 /mnt && cmp /bin/busybox /mnt/x; echo jffs-$?-\n' \
        --type 'jffs-0-=>dd if=/sys/bus/i2c/devices/0-0050/eeprom bs=16 count=1 | hexdump -C; echo rom-$?-\n' \
        --type 'rom-0-=>head -c 65536 /bin/busybox >/tmp/x; exec 3>/dev/dsp; cat /tmp/x >&3; echo snd-$?-\n' \
        --type 'snd-0-=>(cat /dev/input/event0 >/tmp/t & cat /dev/input/event1 >/tmp/k & sleep 4; kill %1 %2); wc -c /tmp/t /tmp/k; echo end-$((1+1))\n' \
        --do 'sleep 4+1=>touch 100 100' --do 'sleep 4+1.5=>touch 200 300' --do 'sleep 4+1.8=>touch up' \
        --do 'sleep 4+2=>key K1 down' --do 'sleep 4+2.3=>key K1 up' --until 'end-2' \
        --expect-serial '64 /tmp/k' --expect-serial '1[0-9][0-9] /tmp/t' || return 1
    [ "$(wc -c <"$out/mini-devices.wav")" -gt 50000 ] && [ -s "$out/mini-devices/screen-00.png" ]
}
test_mini2440_ping_and_watchdog() {
    mini_missing && return 0
    mini_straight mini-net --nic user \
        --type '/ # =>ip link set eth0 address 02:00:32:44:00:01; ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ping -c 2 -w 20 10.0.2.2; echo ping-$?-\n' \
        --type 'ping-0-=>reboot -f\n' --expect-serial '2 packets received' &&
        grep -q '^reset after' "$out/mini-net.out"
}
# The same boot twice: the same events, the same pages of facts.
test_mini2440_boots_the_same_twice() {
    mini_missing && return 0
    mini_straight mini-same1 --until 'user space is up' --symbols "$mini/System.map" &&
        mini_straight mini-same2 --until 'user space is up' --symbols "$mini/System.map" &&
        cmp "$out/mini-same1/facts.json" "$out/mini-same2/facts.json" &&
        "$yamato" compat --out "$out/mini-same2" --compare "$out/mini-same1" | grep -q 'runs are the same' &&
        [ -s "$out/mini-same2/compare.html" ]
}
# Saved and restored at random points, the boot goes on as if nothing had been.
test_mini2440_snapshots_change_nothing() {
    mini_missing && return 0
    mini_straight mini-plain --until 'user space is up' &&
        mini_straight mini-snap --until 'user space is up' --snapshots "${SNAPSHOTS:-10}" &&
        [ "$(grep -o 'events.*' "$out/mini-plain.out")" = "$(grep -o 'events.*' "$out/mini-snap.out")" ] ||
        { tail -1 "$out/mini-plain.out" "$out/mini-snap.out"; return 1; }
}
# A ROM of our own that does what CE's boot loaders do, on both engines.
test_ce_rom_runs_to_its_end() {
    rom=$(dirname "$yamato")/baremetal/s3c/cerom.nb0
    [ -e "$rom" ] || { echo "  SKIP: no ROM (make baremetal-s3c)"; [ -z "${CI:-}" ]; return; }
    for e in interpreter translator; do
        "$yamato" compat --board ce-emulator --image "$rom" --engine $e --budget 1 --until . --out "$out/ce-$e" \
            --expect-serial '^CE:abcdefgh\.' >"$out/ce-$e.out" 2>&1 || { cat "$out/ce-$e.out" "$out/ce-$e/serial.log"; return 1; }
    done
    "$yamato" image inspect "$rom" | grep -q 'nk.exe'
}
suite="$suite mini2440_starts_from_nand mini2440_loader_repairs_nand mini2440_starts_from_nor mini2440_root_on_nand mini2440_root_on_a_card mini2440_devices mini2440_ping_and_watchdog
mini2440_boots_the_same_twice mini2440_snapshots_change_nothing ce_rom_runs_to_its_end"
