# SPDX-License-Identifier: MIT
# The i.MX53 board: its boot roads, the same run from the same image, the installer.
test_uboot_reaches_its_prompt() {
    boot uboot --boot rom $card --type "Hit any key=>x" --until "=> " &&
        says uboot 'U-Boot 20' && says uboot 'Model: Freescale i.MX53 Quick Start Board'
}
test_card_boots_to_a_login_shell() {
    boot card --boot rom $card --type "YAMATO: login=>\n" --type "/root # =>echo uid=\$(id -u)\n" \
        --until "uid=0" && says card 'Starting kernel' && says card 'YAMATO: root /dev/mmcblk0p2'
}
test_straight_boot_reaches_user_space() {
    boot bench $bench --append "console=ttymxc0,115200" --until "YAMATO: end" && says bench 'YAMATO: init'
}
test_same_image_gives_the_same_run() {
    boot same1 $bench --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
        boot same2 $bench --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
        grep '^imx53-qsb: state' "$out/same1.out" >"$out/same1.hash" && grep '^imx53-qsb: state' "$out/same2.out" >"$out/same2.hash" &&
        cmp "$out/same1.hash" "$out/same2.hash"
}
test_both_engines_give_the_same_run() {
    for e in interpreter translator; do
        boot same-$e $bench --engine $e --deterministic --hash --append "console=ttymxc0,115200 quiet" --until "YAMATO: end" &&
            grep '^imx53-qsb: state' "$out/same-$e.out" >"$out/same-$e.hash" || return 1
    done
    cmp "$out/same-interpreter.hash" "$out/same-translator.hash"
}
test_installer_shows_its_first_screen() {
    [ -e "$guest/installer/initrd.gz" ] || { echo "  no installer: make guest-installer"; return 1; }
    boot installer --kernel "$guest/installer/vmlinuz" --dtb "$guest/installer/imx53-qsb.dtb" \
        --initrd "$guest/installer/initrd.gz" --append "console=ttymxc0,115200 quiet" --nic user \
        --until "Select a language"
}

suite="$suite uboot_reaches_its_prompt card_boots_to_a_login_shell straight_boot_reaches_user_space
same_image_gives_the_same_run both_engines_give_the_same_run installer_shows_its_first_screen"
