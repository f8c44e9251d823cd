# SPDX-License-Identifier: MIT
# The vexpress-a9 board: stock kernel and device tree with one and four cores, cores against each
# other, cores off and on, network, SD card, display; QEMU's spelling of the options.
vx="--board vexpress-a9 $kernel --dtb $guest/kernel/vexpress-v2p-ca9.dtb"
# The benchmark initramfs and what tests/system/vexpress adds; made once.
vx_initrd() {
    [ -e "$out/vx.cpio.gz" ] && return 0
    rm -rf "$out/vx" && mkdir -p "$out/vx" &&
        arm-linux-gnueabihf-gcc -static -O2 -pthread -o "$out/vx/smp" "$(dirname "$0")/vexpress/smp.c" &&
        cp "$(dirname "$0")/vexpress/bench" "$out/vx/bench" && chmod +x "$out/vx/bench" &&
        find "$guest/kernel/tree" \( -name smsc911x.ko -o -name libphy.ko \) -exec cp {} "$out/vx/" \; &&
        (cd "$out/vx" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/vx.add" &&
        cat "$guest/bench.cpio.gz" "$out/vx.add" >"$out/vx.cpio.gz"
}
# NAME SAYS: how the run ended
vx_ended() { grep -aq "ended: $2" "$out/$1.out" || { echo "  $1: did not end with '$2'"; return 1; }; }

test_vexpress_boots_with_one_core() {
    boot vx1 $vx --initrd "$guest/bench.cpio.gz" --append "console=ttyAMA0" --unclaimed &&
        says vx1 'YAMATO: init .* cpus=1 ' && says vx1 'reboot: Power down' && vx_ended vx1 "power off" &&
        grep -q 'every access was claimed' "$out/vx1.out"
}
test_vexpress_four_cores_count_exactly() {
    vx_initrd && boot vx4 $vx --cpus 4 --initrd "$out/vx.cpio.gz" --append "console=ttyAMA0" --nic user &&
        says vx4 'Brought up 1 node, 4 CPUs' && says vx4 'cpus: 4 nproc 4' && says vx4 'smp: words ok' &&
        says vx4 'smp: doublewords ok' && says vx4 'smp: bytes ok' && says vx4 'smp: futex ok' &&
        says vx4 'smp: ring ok' && says vx4 'smp: code ok' && vx_ended vx4 "power off"
}
test_vexpress_cores_go_off_and_on() {
    says vx4 'off 3: nproc 3' && says vx4 'off 1: nproc 2' && says vx4 'smp: with two cores ok' &&
        says vx4 'on 1: nproc 3' && says vx4 'on 3: nproc 4' && says vx4 'smp: again with four ok'
}
test_vexpress_reaches_the_network() {
    says vx4 'lease: 10.0.2.15 router 10.0.2.2' && says vx4 '3 packets transmitted, 3 packets received'
}
test_vexpress_four_cores_are_one_run_on_both_engines() {
    for e in interpreter translator; do
        boot vxs-$e $vx --cpus 4 --engine $e --deterministic --hash --initrd "$guest/bench.cpio.gz" \
            --append "console=ttyAMA0 quiet" && grep '^vexpress-a9: state' "$out/vxs-$e.out" >"$out/vxs-$e.hash" || return 1
    done
    cmp "$out/vxs-interpreter.hash" "$out/vxs-translator.hash"
}
test_vexpress_root_on_the_card() {
    boot vxsd $vx --cpus 2 --initrd "$guest/initramfs.cpio.gz" $card \
        --append "console=ttyAMA0 root=/dev/mmcblk0p2 yamato.run=uname+-m yamato.end=poweroff" &&
        says vxsd 'YAMATO: root /dev/mmcblk0p2' && says vxsd 'mmc0: new' && vx_ended vxsd "power off"
}
# The stock tree wires the display to a DVI transmitter that this kernel has no driver for (QEMU's
# board stays dark too): one node more puts a panel there.
test_vexpress_display_shows_the_console() {
    vt=$out/vxlcd.dtb clcd=/bus@40000000/motherboard-bus@40000000/iofpga@7,00000000/clcd@1f000
    cp "$guest/kernel/vexpress-v2p-ca9.dtb" "$vt" && chmod u+w "$vt" &&
        fdtput -c -p "$vt" /panel/panel-timing && fdtput -c -p "$vt" /panel/port/endpoint &&
        fdtput -t s "$vt" /panel compatible panel-dpi &&
        fdtput -t u "$vt" /panel/panel-timing clock-frequency 25175000 && fdtput -t u "$vt" /panel/panel-timing hactive 640 &&
        fdtput -t u "$vt" /panel/panel-timing vactive 480 && fdtput -t u "$vt" /panel/panel-timing hfront-porch 24 &&
        fdtput -t u "$vt" /panel/panel-timing hback-porch 40 && fdtput -t u "$vt" /panel/panel-timing hsync-len 96 &&
        fdtput -t u "$vt" /panel/panel-timing vfront-porch 11 && fdtput -t u "$vt" /panel/panel-timing vback-porch 32 &&
        fdtput -t u "$vt" /panel/panel-timing vsync-len 2 &&
        fdtput -t u "$vt" /panel/port/endpoint phandle 200 &&
        fdtput -t u "$vt" /panel/port/endpoint remote-endpoint "$(fdtget -t u "$vt" $clcd/port/endpoint phandle)" &&
        fdtput -t u "$vt" $clcd/port/endpoint remote-endpoint 200 &&
        boot vxlcd --board vexpress-a9 $kernel --dtb "$vt" --initrd "$guest/bench.cpio.gz" \
            --append "console=tty0 console=ttyAMA0" --until "YAMATO: init" --screenshot "$out/vxlcd.png" &&
        says vxlcd 'Console: switching to colour frame buffer device 80x30' && [ -s "$out/vxlcd.png" ] &&
        "$yamato" compare --min-colours 2 "$out/vxlcd.png" "$out/vxlcd.png"
}
test_vexpress_takes_qemus_options() {
    rm -f "$out/vxq.log"
    "$yamato" run $engine -M vexpress-a9 -smp 4 -m 512 -kernel "$guest/kernel/vmlinuz" -dtb "$guest/kernel/vexpress-v2p-ca9.dtb" \
        -initrd "$guest/bench.cpio.gz" -append "console=ttyAMA0 quiet" -no-reboot -nographic -serial "file:$out/vxq.log" \
        -nic user --host-seconds 240 >"$out/vxq.out" 2>&1 && says vxq 'YAMATO: init .* cpus=4 ' && vx_ended vxq "power off"
}

suite="$suite vexpress_boots_with_one_core vexpress_four_cores_count_exactly vexpress_cores_go_off_and_on
vexpress_reaches_the_network vexpress_four_cores_are_one_run_on_both_engines vexpress_root_on_the_card
vexpress_display_shows_the_console vexpress_takes_qemus_options"
