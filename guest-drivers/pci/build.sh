#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: build.sh [--out DIR] ARCH...          ARCH: amd64, arm64
#
# Makes the guests that drive the Adreno in a PCI function, from Debian's kernel as it is:
#   DIR/ARCH-guest/vmlinuz         the kernel
#   DIR/ARCH-guest/initrd.gz       busybox, the driver (built against Debian's headers), the program
# Needs sets amd64 (for the helpers of the kernel's build) and ARCH of fetch.sh.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/../linux/lib.sh"
GUEST_OUT=${PCI_GUEST_OUT:-$REPO/build/pci}
guest_setup "$0" "$@"
PCI=$REPO/guest-drivers/pci
BM=$REPO/guest-drivers/baremetal
GEN=${BM_GEN:-$REPO/build/gen/guest-drivers} # generated headers and shaders of the library
need gcc gcc
need make make
need cpio cpio
[ ${#REST[@]} -gt 0 ] || die usage "name at least one architecture; see $0 --help"

build() { # ARCH
    local arch=$1 cross karch A C K s
    case $arch in
    amd64) cross='' karch=x86 ;;
    arm64) cross=aarch64-linux-gnu- karch=arm64; need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu ;;
    *) die usage "unknown architecture '$arch'" ;;
    esac
    [ -f "$OUT/$arch/release" ] && [ -d "$OUT/amd64/usr/lib" ] ||
        die missing-input "run $PCI/fetch.sh amd64 $arch"
    rel=$(cat "$OUT/$arch/release")
    A=$OUT/$arch/usr/src/linux-headers-$rel
    C=$OUT/$arch/usr/src/linux-headers-${rel%-cloud-*}-common
    K=$(echo "$OUT"/amd64/usr/lib/linux-kbuild-*)
    # the packages' only absolute paths
    printf 'include %s/Makefile\n' "$C" >"$A/Makefile"
    for s in scripts tools; do ln -sfn "$K/$s" "$C/$s"; ln -sfn "$K/$s" "$A/$s"; done
    cp -r "$PCI/module" "$T/module"
    cp "$PCI/yamato_pci.h" "$T/module/"
    sed -i 's|\$(src)/\.\.|$(src)|' "$T/module/Kbuild"
    say "pci: building yamato_pci.ko for $rel"
    make -C "$A" M="$T/module" ARCH=$karch CROSS_COMPILE=$cross CC=${cross}gcc-12 KCFLAGS=-g0 \
        KBUILD_BUILD_TIMESTAMP=@0 modules >"$T/build.log" 2>&1 ||
        { tail -n 30 "$T/build.log" >&2; die module-build "the driver did not build; log above"; }
    # shellcheck disable=SC2086
    ${cross}gcc-12 -std=c11 -O2 -Wall -Wextra -ffp-contract=off -static -I"$REPO" -I"$BM/lib" -I"$BM/demos" \
        -I"$GEN" -D_GNU_SOURCE "$PCI/triangle.c" "$BM"/lib/{gpu,mmu,ring,pm4,shader,state,frame,mat,libc,print}.c \
        "$BM"/demos/{demo,triangle}.c "$GEN/shaders.gen.c" -lm -o "$T/yamato-triangle" ||
        die program-build "the test program did not build"
    mkdir -p "$T/root"/{bin,proc,sys,dev} "$T/guest"
    cp "$OUT/$arch/bin/busybox" "$T/root/bin/"
    for s in sh mount insmod grep cat sleep poweroff echo ls; do ln -s busybox "$T/root/bin/$s"; done
    cp "$PCI/init" "$T/root/init"
    cp "$T/module/yamato_pci.ko" "$T/yamato-triangle" "$T/root/"
    pack_cpio "$T/root" "$T/guest/initrd.gz"
    cp "$OUT/$arch/boot/vmlinuz-$rel" "$T/guest/vmlinuz"
    publish "$T/guest" "$OUT/$arch-guest"
    say "pci: $arch-guest: $(wc -c <"$OUT/$arch-guest/initrd.gz") bytes of initrd, kernel $rel"
}

for a in "${REST[@]}"; do
    key=$(key_of "$PCI"/module/* "$PCI/init" "$PCI/triangle.c" "$PCI/yamato_pci.h" "$0" \
        "$(cat "$OUT/$a/packages" 2>/dev/null)" "$BM"/lib/*.[ch] "$BM"/demos/triangle.[ch])
    ! fresh "$a-guest" "$key" "$OUT/$a-guest/initrd.gz" || continue
    scratch
    build "$a"
    done_with "$a-guest" "$key"
    rm -rf "$T"
done
