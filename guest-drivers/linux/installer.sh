#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: installer.sh [--out DIR]
#
# Unpacks Debian's network installer for armhf as it is:
#   DIR/installer/vmlinuz, initrd.gz, imx53-qsb.dtb
# Boot it with console=ttymxc0,115200; its first screen asks for the language.
# Needs set 'installer' of debs.sh.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"

deb=$(deb_named installer debian-installer-12-netboot-armhf)
key=$(key_of "$0" "$HERE/lib.sh" "$(basename "$deb")")
! fresh "$STEP" "$key" "$OUT/installer/vmlinuz" "$OUT/installer/initrd.gz" || exit 0

scratch
I=usr/lib/debian-installer/images/12/armhf/text/debian-installer/armhf
mkdir -p "$T/installer"
unpack "$deb" "$T/deb" "./$I/vmlinuz" "./$I/initrd.gz" "./$I/dtbs/imx53-qsb.dtb"
mv "$T/deb/$I"/{vmlinuz,initrd.gz,dtbs/imx53-qsb.dtb} "$T/installer/"
publish "$T/installer" "$OUT/installer"
done_with "$STEP" "$key"
say "installer: $(basename "$deb"), initrd $(wc -c <"$OUT/installer/initrd.gz") bytes"
