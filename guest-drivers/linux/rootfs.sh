#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: rootfs.sh [--out DIR]
#
# Makes the root file system, DIR/rootfs.ext4 (label "yamato"): Debian's Mesa with kmscube, glmark2,
# eglinfo and the libdrm tests, static busybox as init and shell, this folder's start scripts, the
# GPU's microcode and modules. Packages are only unpacked; none of their scripts runs.
# Needs set 'rootfs' of debs.sh and the results of kernel.sh, modules.sh and firmware.sh.
#
# GUEST_ROOT_FREE_MB: free space to leave in it (default 32).
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"
need readelf binutils
need qemu-arm-static qemu-user-static

debs_of rootfs >/dev/null
for d in kernel/tree modules firmware; do
    [ -d "$OUT/$d" ] || die missing-input "$OUT/$d is not there; run make-guest.sh rootfs"
done
free_mb=${GUEST_ROOT_FREE_MB:-32}
key=$(key_of "$0" "$HERE/lib.sh" "$HERE"/rootfs/*.txt "$HERE"/rootfs/{jobs,scenes}/* "$HERE"/rootfs/[a-z]* \
    "$HERE"/initramfs/{functions,modules.txt} "$DEBS/rootfs.list" "$DEBS/kernel.list" \
    "$OUT/.stamp/modules" "$OUT/.stamp/firmware" "$free_mb" ${WITH:+"$WITH"/*.* "$WITH"/jobs/*})
! fresh "$STEP" "$key" "$OUT/rootfs.ext4" || exit 0

scratch
R=$T/root
L=usr/lib/arm-linux-gnueabihf
names() { sed 's/#.*//' "$@" | xargs; }

say "rootfs: unpacking $(wc -l <"$DEBS/rootfs.list") packages"
mkdir -p "$R"/usr/{bin,sbin,lib} "$R"/{proc,sys,dev,run,tmp,root,mnt,etc,var/log}
for d in bin sbin lib; do ln -s "usr/$d" "$R/$d"; done
share='./usr/share/[abd-fh-zA-Z]*'
[ -z "$WITH" ] || share='./usr/share/doc' # an addition may need more of it; its step "files" cleans up
while read -r deb; do
    unpack "$deb" "$R" --exclude="$share" --exclude='./usr/share/gdb' \
        --exclude='./usr/share/gcc*' --exclude='./usr/share/g[n-z]*' --exclude='./usr/lib/systemd' \
        --exclude='./lib/systemd' --exclude='*/gconv' --exclude='*/audit' --exclude='./usr/share/c*' \
        --exclude='*/piglit/generated_tests' --exclude='*/piglit/tests'
done < <(debs_of rootfs)
# The addition removes what it does not need and prints the further files to keep.
: >"$T/with.txt"
[ -z "$WITH" ] || "$WITH/files.sh" "$R" "$REPO" >"$T/with.txt" || die addition "$WITH/files.sh failed"

# Keep what keep.txt names and, transitively, what that is linked against.
# closure: prints every file reached; a library that nobody provides is an error.
closure() {
    local todo=() f n lib
    declare -A have=()
    # shellcheck disable=SC2046
    for n in $(names "$HERE/rootfs/keep.txt" $(with_files keep.txt) "$T/with.txt"); do
        # a pattern that finds nothing means that Debian has moved a file
        compgen -G "$R/$n" >/dev/null ||
            die missing-file "no package of the set has $n; see rootfs/keep.txt and packages/rootfs.txt"
        for f in "$R"/$n; do todo+=("${f#"$R"/}"); done
    done
    while [ ${#todo[@]} -gt 0 ]; do
        f=${todo[0]}
        todo=("${todo[@]:1}")
        [ -z "${have[$f]:-}" ] || continue
        have[$f]=1
        echo "$f"
        if [ -L "$R/$f" ]; then
            n=$(realpath -m --relative-to="$R" "$R/$f")
            todo+=("$n")
            continue
        fi
        # the drivers are one file under many names: look into it once
        case $f in
        */dri/*) [ -z "${have[dri]:-}" ] || continue; have[dri]=1 ;;
        esac
        for n in $(readelf -d "$R/$f" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
            for lib in "$L/$n" "$L"/{piglit/lib,weston}/"$n" "usr/lib/$n"; do [ ! -e "$R/$lib" ] || break; done
            [ -e "$R/$lib" ] || die missing-library "$f needs $n, which no package of the set has;" \
                "see packages/rootfs.txt and rootfs-without.txt"
            todo+=("$lib")
        done
    done
}
closure >"$T/reached"
sort "$T/reached" >"$T/keep"
(cd "$R" && find usr/bin usr/sbin usr/lib \( -type f -o -type l \)) | sort >"$T/all"
comm -13 "$T/keep" "$T/all" | (cd "$R" && xargs -d '\n' rm -f)
find "$R/usr" -depth -type d -empty -delete
ln -s eglinfo.arm-linux-gnueabihf "$R/usr/bin/eglinfo"

busybox_into "$R"
ln -sf ../bin/busybox "$R/usr/sbin/init"

# Start scripts and configuration
Y=$R/usr/lib/yamato
mkdir -p "$Y"/{jobs,scenes} "$R/etc/modprobe.d"
install -m 755 "$HERE"/rootfs/{setup,run-jobs,login,login-shell,dhcp-bound} "$Y/"
install -m 755 "$HERE"/rootfs/jobs/* ${WITH:+"$WITH"/jobs/*} "$Y/jobs/"
install -m 644 "$HERE"/rootfs/scenes/* "$Y/scenes/"
{ cat "$HERE/rootfs/functions"; echo; sed '1,/^$/d' "$HERE/initramfs/functions"; } >"$Y/functions"
install -m 644 "$HERE/rootfs/inittab" "$R/etc/inittab"
echo 'root::0:0:root:/root:/bin/sh' >"$R/etc/passwd"
printf 'root:x:0:\ntty:x:5:\nvideo:x:44:\nrender:x:106:\n' >"$R/etc/group"
echo yamato >"$R/etc/hostname"
echo 'PRETTY_NAME="Debian 12 packages, assembled for Yamato"' >"$R/etc/os-release"
echo 'blacklist cpufreq_dt' >"$R/etc/modprobe.d/yamato.conf"
echo 'Yamato guest: Debian 12 user space. Jobs: ls /usr/lib/yamato/jobs' >"$R/etc/motd"
printf 'export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root XDG_RUNTIME_DIR=/run/user/0\n' >"$R/etc/profile"
echo /dev/root / ext4 defaults 0 0 >"$R/etc/fstab"
sed 's/_\(armhf\|all\)\.deb$//; s/%3a/:/' "$DEBS/rootfs.list" "$DEBS/kernel.list" | sort >"$Y/packages.txt"

# shellcheck disable=SC2046
copy_modules "$R" $(names "$HERE/initramfs/modules.txt" "$HERE/rootfs/modules.txt")
mkdir -p "$R/lib/firmware"
cp -R "$OUT/firmware/qcom" "$R/lib/firmware/"
qemu-arm-static "$R/usr/sbin/ldconfig" -X -r "$R" 2>/dev/null ||
    die ldconfig "the guest's ldconfig does not run under qemu-arm-static"
rm -rf "$R/var/cache"

# The programs must load here, before anybody waits for a boot to find out.
for p in "glmark2-es2-drm --version" "modetest -h" "eglinfo"; do
    # shellcheck disable=SC2086
    qemu-arm-static -cpu cortex-a8 -L "$R" "$R/usr/bin/"$p >"$T/try.log" 2>&1 || true
    if grep -iE 'error while loading|not found|unhandled' "$T/try.log" >&2; then
        die broken-program "'$p' does not start from the new root file system"
    fi
done

say "rootfs: $(du -sm "$R" | cut -f1) MB in $(find "$R" -type f | wc -l) files"
size=$(($(du -sm --apparent-size "$R" | cut -f1) + free_mb))
# No journal and no checksums: a guest that is switched off loses nothing it must keep, and an
# emulated CPU has better things to do.
make_fs "$T/rootfs.ext4" $size "$R" yamato 1 -t ext4 -b 4096 \
    -O '^has_journal,^metadata_csum,^64bit,^resize_inode'
publish "$T/rootfs.ext4" "$OUT/rootfs.ext4"
done_with "$STEP" "$key"
say "rootfs: rootfs.ext4 ${size} MB"
