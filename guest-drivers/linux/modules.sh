#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: modules.sh [--out DIR]
#
# Builds the three drivers that Debian's armmp kernel does not ship, from Debian's own kernel source
# of the same version, against Debian's own headers; the kernel stays untouched:
#   DIR/modules/msm.ko                   the Adreno driver, GPU part only
#   DIR/modules/imx-tve.ko               the VGA output that the stock device tree enables
#   DIR/modules/panel-seiko-43wvf1g.ko   the 800x480 panel
# Needs sets 'kernel' and 'source' of debs.sh and the results of kernel.sh.
#
# Of the 1.3 GB source only the drivers and the build scripts are unpacked. The build's helper
# programs are compiled from them for this host; modpost gets the device-table layouts of ARM
# (Debian's ready-made helpers have those of the host, which do not fit a 32-bit target).
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"
need make make
need gcc gcc
need xz xz-utils
need modinfo kmod
need arm-linux-gnueabihf-gcc-12 gcc-12-arm-linux-gnueabihf

[ -d "$OUT/kernel/tree" ] || die missing-input "$OUT/kernel is not there; run make-guest.sh modules"
rel=$(kernel_release)
source_deb=$(deb_named source linux-source-6.1)
arch_deb=$(deb_named source "linux-headers-$rel")
common_deb=$(deb_named source "linux-headers-${rel%-armmp}-common")
MODULES="msm imx-tve panel-seiko-43wvf1g"
key=$(key_of "$0" "$HERE/lib.sh" "$HERE"/modules/* "$(basename "$source_deb")" "$(basename "$arch_deb")" \
    $(with_files msm.sh))
! fresh "$STEP" "$key" "$OUT/modules/msm.ko" || exit 0

scratch
mkdir "$T/src"
say "modules: unpacking the drivers' source"
dpkg-deb --fsys-tarfile "$source_deb" | tar -xO ./usr/src/linux-source-6.1.tar.xz | xz -T0 -dc |
    tar -x -C "$T/src" --strip-components=1 --no-same-owner \
        linux-source-6.1/scripts linux-source-6.1/drivers/gpu/drm/msm \
        linux-source-6.1/drivers/gpu/drm/drm_crtc_internal.h \
        linux-source-6.1/drivers/gpu/drm/imx/imx-drm.h \
        linux-source-6.1/drivers/gpu/drm/imx/imx-tve.c \
        linux-source-6.1/drivers/gpu/drm/panel/panel-seiko-43wvf1g.c ||
    die source-layout "$(basename "$source_deb") is not laid out as expected; the recipe needs an update"
unpack "$arch_deb" "$T/hdr"
unpack "$common_deb" "$T/hdr"
C=$T/hdr/usr/src/linux-headers-${rel%-armmp}-common
A=$T/hdr/usr/src/linux-headers-$rel
mkdir -p "$T/hdr/usr/lib/linux-kbuild-6.1/tools" "$C/drivers"
mv "$T/src/scripts" "$T/hdr/usr/lib/linux-kbuild-6.1/scripts"
mv "$T/src/drivers/gpu" "$C/drivers/gpu"
# The package's only absolute path.
printf 'include %s/Makefile\n' "$C" >"$A/Makefile"

# helper programs: fixdep, recordmcount, modpost
S=$T/hdr/usr/lib/linux-kbuild-6.1/scripts
helpers() {
    local mod=$S/mod cross=arm-linux-gnueabihf-gcc-12
    gcc -O2 -o "$S/basic/fixdep" "$S/basic/fixdep.c"
    gcc -O2 -I"$C/tools/include" -I"$S/../tools/include" -o "$S/recordmcount" "$S/recordmcount.c"
    $cross -c -o "$mod/empty.o" "$mod/empty.c"
    gcc -O2 -o "$mod/mk_elfconfig" "$mod/mk_elfconfig.c"
    "$mod/mk_elfconfig" <"$mod/empty.o" >"$mod/elfconfig.h"
    $cross -S -O1 -nostdinc -D__KERNEL__ -marm -mfloat-abi=soft -include "$C/include/linux/kconfig.h" \
        -I"$C/arch/arm/include" -I"$A/arch/arm/include/generated" -I"$C/include" -I"$A/include" \
        -I"$C/arch/arm/include/uapi" -I"$A/arch/arm/include/generated/uapi" -I"$C/include/uapi" \
        -I"$A/include/generated/uapi" -o "$mod/offsets.s" "$mod/devicetable-offsets.c"
    awk '/\.ascii[ \t]*"->/ { split($0, q, "\""); sub(/^->/, "", q[2]); split(q[2], w, " ")
                              sub(/^#/, "", w[2]); print "#define " w[1] " " w[2] }' \
        "$mod/offsets.s" >"$mod/devicetable-offsets.h"
    grep -q SIZE_of_device_id "$mod/devicetable-offsets.h" || return 1
    mkdir -p "$S/../include"
    ln -sfn "$C/include/linux" "$S/../include/linux"
    gcc -O2 -o "$mod/modpost" "$mod/modpost.c" "$mod/file2alias.c" "$mod/sumversion.c"
}
helpers >"$T/helpers.log" 2>&1 || { cat "$T/helpers.log" >&2; die helpers "the build's helper programs did not compile"; }

# build FOLDER VARS...: the modules of a folder of drivers/gpu/drm
build() {
    local dir=$C/drivers/gpu/drm/$1; shift
    make -C "$A" M="$dir" DEB_BUILD_ARCH=host DEB_HOST_ARCH=armhf \
        DEB_HOST_GNU_TYPE=arm-linux-gnueabihf KCFLAGS=-g0 KBUILD_BUILD_TIMESTAMP=@0 \
        -j"$(nproc)" "$@" modules >>"$T/build.log" 2>&1 ||
        { tail -n 30 "$T/build.log" >&2; die module-build "the drivers in $dir did not build; log above"; }
}
say "modules: building $MODULES for $rel"
D=$C/drivers/gpu/drm
cp "$HERE/modules/Kbuild.msm" "$D/msm/Kbuild"
cp "$HERE/modules/qcom_scm_absent.c" "$D/msm/"
[ -z "$(with_files msm.sh)" ] || "$WITH/msm.sh" "$D/msm" || die addition "$WITH/msm.sh failed"
build msm CONFIG_DRM_MSM=m CONFIG_DRM_MSM_GPU_STATE=y
mv "$D/panel/panel-seiko-43wvf1g.c" "$D/imx/"
cp "$HERE/modules/Kbuild.display" "$D/imx/Kbuild"
build imx

# Each must carry exactly the version string of the shipped modules, or the kernel refuses it.
want=$(modinfo -F vermagic "$(find "$OUT/kernel/tree" -name drm.ko)")
mkdir "$T/out"
for m in $MODULES; do
    ko=$(find "$D/msm" "$D/imx" -name "$m.ko")
    got=$(modinfo -F vermagic "$ko")
    [ "$got" = "$want" ] || die vermagic "$m.ko is for '$got', the kernel for '$want'"
    arm-linux-gnueabihf-strip -g -o "$T/out/$m.ko" "$ko"
done
publish "$T/out" "$OUT/modules"
done_with "$STEP" "$key"
say "modules: $(cd "$OUT/modules" && wc -c ./*.ko | awk '{ printf "%s %s  ", $2, $1 }')"
