# SPDX-License-Identifier: MIT
# The other chips: kernel and Mesa accept and draw with them.
chip() { # NUMBER RENDERER
    boot "chip-$1" --backend soft --deterministic --gpu-id "$1" $kernel --dtb "$guest/kernel/imx53-qsb-lcd-a$1.dtb" \
        --initrd "$guest/initramfs.cpio.gz" $card --append "$root yamato.end=poweroff yamato.job=kmscube,dmesg yamato.frames=6" &&
    says "chip-$1" "renderer: \"$2\"" && says "chip-$1" 'job-end kmscube rc=0' &&
        silent "chip-$1" 'hangcheck|lockup|MMU page fault|msm.*ERROR'
}
test_a201_draws_in_the_guest() { chip 201 FD201; }
test_a220_draws_in_the_guest() { chip 220 FD220; }

suite="$suite a201_draws_in_the_guest a220_draws_in_the_guest"
