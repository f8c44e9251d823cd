#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's real mdevctl against the daemon's tree: types, define with attributes, start, list, stop, and
# what it must refuse. usage: mdevctl.sh YAMATO MDEVCTL-TREE DIR   (needs the right to mount)
set -eu
yamato=$1 tree=$2
rm -rf "$3"; mkdir -p "$3"
D=$(cd "$3" && pwd)
R=$D/root
mkdir -p "$R/sys" "$R/etc/mdevctl.d" "$R/usr/lib/mdevctl/scripts.d/callouts" "$R/usr/lib/mdevctl/scripts.d/notifiers"
U=8ba5aa4d-6ab8-4a9e-8f2e-2d3c4b5a6978
ctl() { MDEVCTL_ENV_ROOT=$R "$tree/usr/lib64/ld-linux-x86-64.so.2" --library-path "$tree/usr/lib/x86_64-linux-gnu" "$tree/usr/bin/mdevctl" "$@"; }
die() { echo "mdevctl: $*"; exit 1; }
left() { cat "$R/sys/class/mdev_bus/yamato/mdev_supported_types/yamato-a225/available_instances"; }

"$yamato" mdev serve --socket-dir "$D/run" --mdev-tree "$R/sys" &
daemon=$!
trap 'kill $daemon; wait $daemon || true; umount "$R/sys" 2>/dev/null || true' EXIT
for i in 1 2 3 4 5 6 7 8 9 10; do [ -S "$D/run/control.sock" ] && break; sleep 0.5; done

ctl types | grep -q 'yamato-a225' || die "no types"
all=$(left)
ctl define -u $U -p yamato -t yamato-a225
ctl modify -u $U --addattr=weight --value=77
ctl modify -u $U --addattr=priority --value=low
ctl list -d | grep -q $U || die "not defined"
ctl start -u $U
ctl list | grep -q "$U yamato yamato-a225" || die "not active"
[ "$(cat "$R/sys/bus/mdev/devices/$U/weight")" = 77 ] || die "the attribute did not arrive"
[ "$(left)" = $((all - 1)) ] || die "available_instances is wrong"
"$yamato" mdev list --socket-dir "$D/run" | grep -q "$U" || die "the daemon does not list it"
[ -S "$D/run/$U.sock" ] || die "no socket"
if ctl start -u $U 2>/dev/null; then die "started twice"; fi
if echo $U >"$R/sys/class/mdev_bus/yamato/mdev_supported_types/yamato-a200/create"; then die "a UUID twice"; fi
if echo nonsense >"$R/sys/class/mdev_bus/yamato/mdev_supported_types/yamato-a200/create"; then die "no UUID"; fi
if echo 99999 >"$R/sys/bus/mdev/devices/$U/weight"; then die "a weight out of range"; fi
ctl stop -u $U
if ctl list | grep -q "$U"; then die "still active"; fi
[ "$(left)" = "$all" ] || die "an instance was lost"
echo "mdevctl: ok"
