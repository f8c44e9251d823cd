# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every step of the Linux guest recipe shares: where things go, how a step says that it is up
# to date, how results become visible at once or not at all, and how an error is told. Sourced, not run.
#
# A step is a script that turns inputs (packages, files of this folder) into named products under
# $OUT. It computes a key over everything that decides the result, returns early when the stamp of
# that key stands, works in a scratch folder, and moves the finished product into place.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)
# GUEST_WITH=NAME adds what with/NAME describes to the root file system; give it an --out of its own.
WITH=${GUEST_WITH:+$HERE/with/$GUEST_WITH}
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C TZ=UTC
umask 022

# One fixed time for everything that records one (cpio, ext4, scripts): same packages, same bytes.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1672531200}

say() { printf 'guest: %s\n' "$*" >&2; }
# die NAME TEXT...: a named error; the text says what to do about it.
die() { local n=$1; shift; printf 'guest: error %s: %s\n' "$n" "$*" >&2; exit 1; }

# usage_of FILE: print the first comment block below the licence line as the help text.
usage_of() { sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$1"; }

# guest_setup SCRIPT ARGS...: handles --out DIR and --help, leaves the rest in REST[].
guest_setup() {
    local self=$1; shift
    OUT=${GUEST_OUT:-$REPO/build/guest}
    REST=()
    while [ $# -gt 0 ]; do
        case $1 in
        --help|-h) usage_of "$self"; exit 0 ;;
        --out) [ $# -ge 2 ] || die usage "--out needs a folder; see $self --help"; OUT=$2; shift 2 ;;
        --out=*) OUT=${1#--out=}; shift ;;
        *) REST+=("$1"); shift ;;
        esac
    done
    mkdir -p "$OUT" || die out-folder "cannot make $OUT; choose another with --out DIR or GUEST_OUT"
    OUT=$(cd "$OUT" && pwd)
    export GUEST_OUT=$OUT
    export DEBS=${GUEST_DEBS:-$OUT/debs}
    mkdir -p "$DEBS" "$OUT/.stamp" "$OUT/tmp"
    STEP=$(basename "$self" .sh)
}

# with_files NAME: the file of that name of the addition, if there is one.
with_files() { [ -z "$WITH" ] || [ ! -f "$WITH/$1" ] || printf '%s\n' "$WITH/$1"; }

# need TOOL PACKAGE: stop with the package's name when the host lacks a tool.
need() {
    command -v "$1" >/dev/null 2>&1 ||
        die missing-tool "'$1' is not installed; run 'make deps' (or: apt-get install $2)"
}

# key_of THING...: a key over the contents of the files and the text of everything else named.
key_of() {
    local x
    for x; do
        if [ -f "$x" ]; then printf 'file '; sha256sum <"$x"; else printf 'text %s\n' "$x"; fi
    done | sha256sum | cut -c1-32
}

# fresh NAME KEY PRODUCT...: true when NAME was finished with this key and its products are there.
fresh() {
    local name=$1 key=$2 p; shift 2
    [ "${GUEST_FORCE:-0}" = 0 ] || return 1
    [ "$(cat "$OUT/.stamp/$name" 2>/dev/null)" = "$key" ] || return 1
    for p; do [ -e "$p" ] || return 1; done
    say "$name: up to date"
}
done_with() { printf '%s\n' "$2" >"$OUT/.stamp/$1.new"; mv "$OUT/.stamp/$1.new" "$OUT/.stamp/$1"; }

# scratch: a private work folder $T, removed when the script ends, however it ends.
scratch() {
    T=$OUT/tmp/$STEP.$$
    rm -rf "$T"
    mkdir -p "$T"
    trap 'rm -rf "$T"' EXIT
    trap 'exit 130' INT TERM
}

# publish FROM TO: replace TO (file or folder) by FROM in one rename each.
publish() {
    mkdir -p "$(dirname "$2")"
    if [ -e "$2" ] && [ -d "$2" ]; then mv "$2" "$T/old.$(basename "$2")"; fi
    mv -T "$1" "$2"
}

# debs_of SET: the package files of a set that debs.sh fetched, one a line, full paths.
debs_of() {
    [ -f "$DEBS/$1.list" ] ||
        die no-packages "set '$1' has not been fetched; run $HERE/debs.sh $1 (or make-guest.sh)"
    sed "s|^|$DEBS/|" "$DEBS/$1.list"
}
# deb_named SET PACKAGE: the one file of SET that holds PACKAGE.
deb_named() {
    local f
    f=$(debs_of "$1" | grep "/$2_" | head -n1) || true
    [ -n "$f" ] || die no-package "set '$1' holds no package $2; run $HERE/debs.sh --refresh $1"
    printf '%s\n' "$f"
}
# unpack DEB DIR [tar options...]: the files of a package; none of its scripts ever runs.
unpack() {
    local deb=$1 dir=$2; shift 2
    mkdir -p "$dir"
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$dir" --no-same-owner --keep-directory-symlink "$@" ||
        die bad-package "cannot unpack $deb; delete it and run again"
}

# as_root COMMAND...: run so that files appear to belong to root in what the command writes.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else need fakeroot fakeroot; fakeroot -- "$@"; fi
}

# kernel_release: e.g. 6.1.0-50-armmp, known once debs.sh has resolved the kernel.
kernel_release() {
    cat "$DEBS/kernel.release" 2>/dev/null ||
        die no-kernel "the kernel's release is not known yet; run $HERE/debs.sh kernel"
}

# pack_cpio DIR FILE: a reproducible gzip-compressed newc archive owned by root.
pack_cpio() {
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    (cd "$1" && find . | sort | cpio --quiet -o -H newc -R 0:0 --reproducible) | gzip -9n >"$2"
}

# copy_modules ROOT NAME...: put modules and all that they need into ROOT/lib/modules/RELEASE, from
# Debian's tree or from $OUT/modules (the ones built here), and make depmod's tables. Names that the
# kernel has built in are skipped; a name nobody knows is an error.
copy_modules() {
    local root=$1 rel tree m; shift
    rel=$(kernel_release)
    tree=$OUT/kernel/tree/lib/modules/$rel
    mkdir -p "$root/lib/modules/$rel"
    for m; do
        if [ -f "$OUT/modules/$m.ko" ]; then
            mkdir -p "$root/lib/modules/$rel/extra"
            cp "$OUT/modules/$m.ko" "$root/lib/modules/$rel/extra/"
            modinfo -F depends "$OUT/modules/$m.ko" | tr ',' '\n'
        else
            echo "$m"
        fi
    done | sed '/^$/d' | module_closure "$tree" >"$T/modules.wanted"
    tar -C "$tree" -c -T "$T/modules.wanted" | tar -C "$root/lib/modules/$rel" -x
    cp "$tree/modules.order" "$tree/modules.builtin" "$tree/modules.builtin.modinfo" \
        "$root/lib/modules/$rel/"
    depmod -b "$root" "$rel"
}
# module_closure TREE <NAMES >FILES: each named module's file and its dependencies, by modules.dep.
module_closure() {
    awk -v tree="$1" '
        function stem(p) { sub(/.*\//, "", p); sub(/\.ko$/, "", p); gsub(/-/, "_", p); return p }
        BEGIN {
            while ((getline line < (tree "/modules.builtin")) > 0) builtin[stem(line)] = 1
            while ((getline line < (tree "/modules.dep")) > 0) {
                split(line, half, ":"); file[stem(half[1])] = half[1]; deps[half[1]] = half[2]
            }
        }
        { n = stem($1)
          if (n in builtin) next
          if (!(n in file)) { print "guest: error unknown-module: " $1 > "/dev/stderr"; bad = 1; next }
          print file[n]; k = split(deps[file[n]], d, " "); for (i = 1; i <= k; i++) print d[i] }
        END { exit bad }' | sort -u
}

# busybox_into ROOT: Debian's static busybox as bin/busybox with a link for every applet that ROOT
# does not have already.
busybox_into() {
    local root=$1 a
    need qemu-arm-static qemu-user-static
    mkdir -p "$T/bb" "$root/bin"
    unpack "$(deb_named kernel busybox-static)" "$T/bb" ./bin
    mv "$T/bb/bin/busybox" "$root/bin/busybox"
    rm -rf "$T/bb"
    for a in $(qemu-arm-static "$root/bin/busybox" --list); do
        [ -e "$root/bin/$a" ] || [ -e "$root/usr/bin/$a" ] || [ -e "$root/sbin/$a" ] ||
            ln -s busybox "$root/bin/$a"
    done
}

# make_fs FILE SIZE_MB DIR LABEL ID MKE2FS-OPTIONS...: a file system holding DIR, owned by root, whose
# bytes depend on nothing but DIR's contents. mke2fs copies the host's change times; they are set after.
make_fs() {
    local file=$1 mb=$2 dir=$3 label=$4 id=79616d61-746f-4d00-8000-00000000000$5 last; shift 5
    need mke2fs e2fsprogs
    find "$dir" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
    rm -f "$file"
    as_root mke2fs -q -m 0 -L "$label" -U "$id" -E "root_owner=0:0,hash_seed=$id,lazy_itable_init=0" \
        "$@" -d "$dir" "$file" "${mb}M" >/dev/null ||
        die mke2fs "could not make the file system $label; is the disk full?"
    last=$(dumpe2fs -h "$file" 2>/dev/null |
        awk '/^Inode count:/ { n = $3 } /^Free inodes:/ { f = $3 } END { print n - f }')
    seq -f "sif <%.0f> ctime @$(printf '0x%x' "$SOURCE_DATE_EPOCH")" 11 "$last" |
        debugfs -w -f - "$file" >"$T/debugfs.log" 2>&1 || die debugfs "could not set times in $label"
}
