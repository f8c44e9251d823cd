#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mini2440.sh [--out DIR]
#
# Makes the mini2440's Linux guest from Debian 12 packages and nothing else:
#   DIR/zImage, uImage        Linux 6.1 from Debian's linux-source-6.1, untouched
#   DIR/zImage-devices        the same with mini2440/kernel.patch, which mends the board's own drivers
#   DIR/System.map, config    its symbols and its configuration
#   DIR/busybox               static busybox for ARMv4T, on musl, from Debian's sources of both
#   DIR/initramfs.cpio.gz     a root that lives in memory
#   DIR/root.jffs2            the same for the NAND chip (pages of 512 bytes)
#   DIR/card.img              the same as an ext2 SD card
# Each part is made again only when what it is made from changes. Takes about ten minutes on two cores.
set -euo pipefail
case " $* " in *" --out"*) ;; *) set -- --out "${GUEST_MINI2440:-$(dirname "$0")/../../build/guest-mini2440}" "$@" ;; esac
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
: "${GUEST_DEBS:=$REPO/build/guest/debs}"
export GUEST_DEBS
guest_setup "$0" "$@"
CROSS=arm-linux-gnueabi-
MY=$HERE/mini2440
exec 9>"$OUT/.lock"
flock -n 9 || { say "waiting for another run in $OUT"; flock 9; }

kernel() {
    local deb key k
    "$HERE/debs.sh" --out "$REPO/build/guest" kernel source
    deb=$(deb_named source linux-source-6.1)
    key=$(key_of kernel "$(basename "$deb")" "$MY/kernel.config" "$MY/kernel.patch")
    ! fresh mini2440-kernel "$key" "$OUT/zImage" "$OUT/zImage-devices" "$OUT/uImage" "$OUT/System.map" "$OUT/uapi" || return 0
    need ${CROSS}gcc gcc-arm-linux-gnueabi
    need mkimage u-boot-tools
    say "mini2440: building Linux (about ten minutes on two cores)"
    mkdir -p "$T/src" "$T/o"
    dpkg-deb --fsys-tarfile "$deb" | tar -x -O ./usr/src/linux-source-6.1.tar.xz | tar -x -J -C "$T/src" --strip-components=1
    k() { make -C "$T/src" ARCH=arm CROSS_COMPILE=$CROSS O="$T/o" KBUILD_BUILD_TIMESTAMP="@$SOURCE_DATE_EPOCH" \
        KBUILD_BUILD_USER=yamato KBUILD_BUILD_HOST=yamato "$@" >>"$OUT/kernel.log" 2>&1 ||
        die kernel-build "see $OUT/kernel.log"; }
    : >"$OUT/kernel.log"
    image() {
        k mini2440_defconfig
        (cd "$T/src" && scripts/kconfig/merge_config.sh -m -O "$T/o" "$T/o/.config" "$MY/kernel.config" >>"$OUT/kernel.log")
        k olddefconfig
        k -j"$(nproc)" zImage
    }
    image
    k headers
    mkimage -q -A arm -O linux -T kernel -C none -a 30008000 -e 30008000 -n "Linux mini2440" \
        -d "$T/o/arch/arm/boot/zImage" "$T/uImage" >/dev/null
    publish "$T/uImage" "$OUT/uImage"
    publish "$T/o/System.map" "$OUT/System.map"
    publish "$T/o/.config" "$OUT/config"
    publish "$T/o/usr/include" "$OUT/uapi"
    publish "$T/o/arch/arm/boot/zImage" "$OUT/zImage"
    patch -d "$T/src" -p1 -s <"$MY/kernel.patch" || die kernel-patch "mini2440/kernel.patch does not fit $(basename "$deb")"
    image
    publish "$T/o/arch/arm/boot/zImage" "$OUT/zImage-devices"
    rm -rf "$T/src" "$T/o"
    done_with mini2440-kernel "$key"
    say "mini2440: zImage $(wc -c <"$OUT/zImage") bytes"
}

# The sources of musl and busybox, by apt, into a private state as debs.sh does it.
sources() {
    local m a=$OUT/apt
    if [ -s "$OUT/sources.list" ] && (cd "$OUT/sources" && xargs ls <"$OUT/sources.list" >/dev/null 2>&1); then
        return 0
    fi
    mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$OUT/sources"
    : >"$a/status"
    if [ -n "${GUEST_MIRROR:-}" ]; then m=$GUEST_MIRROR; else
        m=$(apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' |
            awk '$1 == "bookworm" && $2 == "main" { print $3 }' | sort -u)
    fi
    for uri in $m; do
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm main"
    done >"$a/sources.list"
    cat >"$a/apt.conf" <<C
Dir::State "$a"; Dir::State::lists "$a/lists"; Dir::State::status "$a/status"; Dir::Cache "$a/cache";
Dir::Etc::sourcelist "$a/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
C
    say "mini2440: reading the mirror's list of sources"
    apt-get -c "$a/apt.conf" -qq update || die mirror "the list of sources could not be read; try again or set GUEST_MIRROR"
    (cd "$OUT/sources" && apt-get -c "$a/apt.conf" -qq source --download-only musl busybox >/dev/null) ||
        die download "the sources of musl and busybox could not be fetched; run again later"
    (cd "$OUT/sources" && ls musl_*.orig.tar.gz busybox_*.orig.tar.bz2) >"$OUT/sources.list"
}

busybox() {
    local key
    sources
    key=$(key_of busybox "$(cat "$OUT/sources.list")" "$MY/busybox.sh")
    ! fresh mini2440-busybox "$key" "$OUT/busybox" || return 0
    need arm-none-eabi-gcc gcc-arm-none-eabi
    say "mini2440: building musl and busybox for ARMv4T"
    "$MY/busybox.sh" "$OUT/sources" "$T/bb" "$OUT/uapi"
    publish "$T/bb/busybox" "$OUT/busybox"
    rm -rf "$T/bb"
    done_with mini2440-busybox "$key"
}

roots() {
    local key a
    key=$(key_of roots "$OUT/busybox" "$MY/init" "$0")
    ! fresh mini2440-roots "$key" "$OUT/initramfs.cpio.gz" "$OUT/root.jffs2" "$OUT/card.img" || return 0
    need qemu-arm-static qemu-user-static
    need mkfs.jffs2 mtd-utils
    mkdir -p "$T/root"/{bin,proc,sys,dev,tmp,mnt,etc}
    cp "$OUT/busybox" "$T/root/bin/busybox"
    for a in $(qemu-arm-static -cpu ti925t "$OUT/busybox" --list); do
        [ "$a" = busybox ] || ln -s busybox "$T/root/bin/$a"
    done
    install -m 755 "$MY/init" "$T/root/init"
    ln -s bin "$T/root/sbin"
    pack_cpio "$T/root" "$T/initramfs.cpio.gz"
    make_fs "$T/card.img" 16 "$T/root" mini2440 1 -t ext2 -b 1024
    mkfs.jffs2 -l -n -e 16KiB -s 512 -f -U -d "$T/root" -o "$T/root.jffs2"
    publish "$T/card.img" "$OUT/card.img"
    publish "$T/root.jffs2" "$OUT/root.jffs2"
    publish "$T/initramfs.cpio.gz" "$OUT/initramfs.cpio.gz"
    done_with mini2440-roots "$key"
}

scratch
kernel
busybox
roots
