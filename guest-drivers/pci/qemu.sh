#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: qemu.sh MACHINE SOCKET [QEMU-OPTION...]       MACHINE: pc, q35, virt
#
# Boots the test guest of build.sh in the QEMU that fetch.sh unpacked, with the vfio-user device at
# SOCKET. Console on standard output. Environment: PCI_GUEST_OUT  where both put things (build/pci)
#   APPEND  further words for the kernel      MEMORY=private  memory that the device cannot map
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${PCI_GUEST_OUT:-$here/../../build/pci}
machine=$1 socket=$2
shift 2
case $machine in
virt) arch=arm64 program=qemu-system-aarch64 con=ttyAMA0 options="-M virt,memory-backend=mem -cpu cortex-a57" ;;
pc | q35) arch=amd64 program=qemu-system-x86_64 con=ttyS0 options="-M $machine,memory-backend=mem -cpu qemu64" ;;
*) echo "qemu.sh: machine '$machine'? pc, q35 or virt" >&2; exit 2 ;;
esac
case ${MEMORY:-shared} in
shared) memory=memory-backend-memfd,id=mem,size=192M,share=on ;;
*) memory=memory-backend-ram,id=mem,size=192M ;;
esac
Q=$out/qemu
# shellcheck disable=SC2086
exec "$Q/usr/lib64/ld-linux-x86-64.so.2" --library-path "$Q/usr/lib/x86_64-linux-gnu" "$Q/usr/bin/$program" \
    -L "$Q/usr/share/qemu" -L "$Q/usr/share/seabios" -L "$Q/usr/lib/ipxe/qemu" $options -accel tcg -m 192 -nodefaults -no-user-config \
    -display none -serial stdio \
    -object "$memory" \
    -kernel "$out/$arch-guest/vmlinuz" -initrd "$out/$arch-guest/initrd.gz" \
    -append "console=$con quiet panic=-1 ${APPEND:-}" \
    -device "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"$socket\"}}" "$@"
