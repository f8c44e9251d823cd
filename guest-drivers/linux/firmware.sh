#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: firmware.sh [--out DIR] [--synthetic]
#
# The microcode files that the msm driver asks for on an Adreno 200:
#   DIR/firmware/qcom/yamato_pm4.fw, yamato_pfp.fw     and DIR/firmware/origin, which says what they are
# From Debian's firmware-qcom-soc (set 'firmware' of debs.sh) where the mirror carries non-free
# firmware; otherwise, or with --synthetic, zeroed files of the same size: the driver looks at no
# byte of them and the emulated command processor needs none.
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"

synthetic=0
for a in ${REST[@]+"${REST[@]}"}; do
    case $a in
    --synthetic) synthetic=1 ;;
    *) die usage "unknown argument '$a'; see $0 --help" ;;
    esac
done
deb=
if [ $synthetic = 0 ] && [ -s "$DEBS/firmware.list" ]; then deb=$(deb_named firmware firmware-qcom-soc); fi
key=$(key_of "$0" "$HERE/lib.sh" "$(basename "$deb")")
! fresh "$STEP" "$key" "$OUT/firmware/qcom/yamato_pm4.fw" "$OUT/firmware/qcom/yamato_pfp.fw" || exit 0

scratch
mkdir -p "$T/firmware/qcom"
if [ -n "$deb" ]; then
    unpack "$deb" "$T/deb" --wildcards './lib/firmware/qcom/yamato_*' './lib/firmware/qcom/leia_*_470.fw'
    mv "$T"/deb/lib/firmware/qcom/*.fw "$T/firmware/qcom/"
    basename "$deb" >"$T/firmware/origin"
else
    truncate -s 9220 "$T/firmware/qcom/yamato_pm4.fw" "$T/firmware/qcom/leia_pm4_470.fw"
    truncate -s 1156 "$T/firmware/qcom/yamato_pfp.fw" "$T/firmware/qcom/leia_pfp_470.fw"
    echo "synthetic (zeroes)" >"$T/firmware/origin"
fi
publish "$T/firmware" "$OUT/firmware"
done_with "$STEP" "$key"
say "firmware: $(cat "$OUT/firmware/origin")"
