#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: files.sh ROOT REPOSITORY
#
# Puts piglit's shader tests that tests/conformance/piglit.list names under ROOT/usr/share/piglit, the list beside
# them, and removes the shares that nothing here reads. Prints piglit's programs that are to be kept.
# DEBS in the environment is where the packages lie.
set -euo pipefail
root=$1 list=$2/tests/conformance/piglit.list
lib=usr/lib/arm-linux-gnueabihf/piglit
mkdir -p "$root/usr/share/piglit"
cp "$list" "$root/usr/share/piglit/list"
cd "$root/usr/share"
for d in *; do
    case $d in
    X11|fontconfig|fonts|glmark2|libinput|piglit|weston|drirc.d|glvnd) ;;
    *) rm -rf "$d" ;;
    esac
done
rm -rf X11/locale
tr ' ' '\n' <"$list" | grep -E '^(generated_)?tests/' | sort -u | sed "s|^|./$lib/|" >"$root/../wanted"
dpkg-deb --fsys-tarfile "$DEBS"/piglit_*.deb |
    tar -x -C piglit --strip-components=5 --no-same-owner -T "$root/../wanted"
cut -d' ' -f1 "$list" | sort -u | sed "s|^|$lib/bin/|" >"$root/../bins"
while read -r f; do [ ! -f "$root/$f" ] || echo "$f"; done <"$root/../bins"
