#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: busybox.sh SOURCES WORK HEADERS
#
# Makes WORK/busybox: a static busybox that runs on ARMv4T. Debian's own libraries for ARM begin at
# ARMv5TE, so musl is built here from Debian's source, with the compiler support library of
# gcc-arm-none-eabi, whose default is ARMv4T. SOURCES holds musl_*.orig.tar.gz, busybox_*.orig.tar.bz2;
# HEADERS is the kernel's include folder for user space.
set -euo pipefail
src=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
headers=$(cd "$3" && pwd)
cross=arm-linux-gnueabi-
flags="-march=armv4t -marm -mfloat-abi=soft -Os -fno-stack-protector"
libgcc=$(arm-none-eabi-gcc -print-libgcc-file-name)
root=$work/root

rm -rf "$work/musl" "$work/bb" "$root"
mkdir -p "$work/musl" "$work/bb"
tar -x -f "$src"/musl_*.orig.tar.gz -C "$work/musl" --strip-components=1
tar -x -f "$src"/busybox_*.orig.tar.bz2 -C "$work/bb" --strip-components=1

cd "$work/musl"
CROSS_COMPILE=$cross CC=${cross}gcc CFLAGS=$flags LIBCC=$libgcc \
    ./configure --target=arm-linux-musleabi --prefix="$root" --disable-shared >"$work/musl.log"
make -j2 >>"$work/musl.log"
make install >>"$work/musl.log"
for d in linux asm asm-generic mtd; do
    cp -r "$headers/$d" "$root/include/"
done

# A compiler that knows only this library.
cat >"$work/cc" <<EOF
#!/bin/bash
base="$flags -nostdinc -isystem $root/include -isystem $(${cross}gcc -print-file-name=include)"
args=()
link=1
for a; do
    case \$a in
    -c|-S|-E|-r) link=0 ;;
    -lm|-lc|-lrt|-lresolv|-lcrypt|-static) continue ;;
    esac
    args+=("\$a")
done
[ \$link = 1 ] || exec ${cross}gcc \$base "\${args[@]}"
exec ${cross}gcc \$base -nostdlib -static -no-pie -L$root/lib $root/lib/crt1.o $root/lib/crti.o \\
    "\${args[@]}" -Wl,--start-group -lc $libgcc -Wl,--end-group $root/lib/crtn.o
EOF
chmod +x "$work/cc"

cd "$work/bb"
bb() { make ARCH=arm CC="$work/cc" CROSS_COMPILE=$cross SKIP_STRIP=y "$@"; }
bb defconfig >"$work/bb.log"
for o in TC FEATURE_INETD_RPC SELINUX PAM EXTRA_COMPAT HUSH UBIRENAME; do
    sed -i "s/^CONFIG_$o=y/# CONFIG_$o is not set/" .config
done
sed -i 's/^# CONFIG_STATIC is not set/CONFIG_STATIC=y/' .config
yes '' 2>/dev/null | bb oldconfig >>"$work/bb.log" 2>&1 || true
bb -j2 busybox >>"$work/bb.log" 2>&1
${cross}strip -o "$work/busybox" busybox
