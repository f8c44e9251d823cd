#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: msm.sh FOLDER
#
# The driver's table of chips (gpulist of adreno_device.c) has rows for 200, 201 and 220. Adds 205 and 225 with
# the microcode and memory of their sisters, so that a guest can be tried with them; the rest stays as it is.
set -eu
f=$1/adreno/adreno_device.c
row() { # MAJOR NUMBER MICROCODE MEMORY [SUFFIX]
    printf '\t{\n\t\t.rev = ADRENO_REV(2, %s, 5, 0), .revn = %s, .name = "A%s",\n' "$1" "$2" "$2"
    printf '\t\t.fw = { [ADRENO_FW_PM4] = "%s_pm4%s.fw", [ADRENO_FW_PFP] = "%s_pfp%s.fw", },\n' "$3" "${5:-}" "$3" "${5:-}"
    printf '\t\t.gmem = %s, .inactive_period = DRM_MSM_INACTIVE_PERIOD, .init = a2xx_gpu_init,\n\t},\n' "$4"
}
grep -q '^static const struct adreno_info gpulist\[\] = {$' "$f" || { echo "no table of chips in $f" >&2; exit 1; }
{
    row 0 205 yamato SZ_256K
    row 2 225 leia SZ_512K _470
} >"$1/rows"
sed -i "/^static const struct adreno_info gpulist\[\] = {\$/r $1/rows" "$f"
rm "$1/rows"
