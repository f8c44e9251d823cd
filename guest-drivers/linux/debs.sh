#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: debs.sh [--out DIR] [--refresh] SET...
#
# Fetches the Debian 12 armhf packages that the guest is made of, with apt, but into a private state:
# the host's own architectures, package lists and installed packages stay as they are, and no
# privilege is needed. Mirrors are those that the host's apt already uses for Debian 12.
#
# Sets: kernel     kernel image, U-Boot, static busybox
#       source     kernel source and headers of exactly that version
#       firmware   the GPU's microcode (non-free-firmware; absent is not an error)
#       rootfs     packages/rootfs.txt and what they depend on
#       installer  Debian's network installer
# Each leaves DIR/debs/*.deb and DIR/debs/SET.list. A set that is there is not looked up again, so a
# second run needs no network; --refresh asks the mirror anew.
#
# Environment: GUEST_OUT   same as --out            GUEST_DEBS    keep packages elsewhere
#              GUEST_MIRROR  base address of a Debian archive, instead of the host's
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/lib.sh"
guest_setup "$0" "$@"

SUITE=bookworm
APT=$DEBS/apt
REFRESH=0
SETS=()
for a in ${REST[@]+"${REST[@]}"}; do
    case $a in
    --refresh) REFRESH=1 ;;
    kernel|source|firmware|rootfs|installer) SETS+=("$a") ;;
    *) die usage "unknown argument '$a'; see $0 --help" ;;
    esac
done
[ ${#SETS[@]} -gt 0 ] || die usage "name at least one set; see $0 --help"

# The host's mirrors for this suite. Only the release itself is used: it changes at point releases
# only, so that everybody who makes the guest in the same months gets the same packages.
mirrors() {
    if [ -n "${GUEST_MIRROR:-}" ]; then printf '%s\n' "$GUEST_MIRROR"; return; fi
    apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' |
        awk -v s="$SUITE" '$1 == s && $2 == "main" { print $3 }' | sort -u
}

private_apt() {
    local m keyring='' uri
    need apt-get apt
    m=$(mirrors)
    [ -n "$m" ] || die no-mirror "the host's apt has no source for Debian 12 ($SUITE main);" \
        "set GUEST_MIRROR to the address of a Debian archive"
    [ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
        keyring='signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
    mkdir -p "$APT/lists/partial" "$APT/cache/archives/partial"
    : >"$APT/status"
    for uri in $m; do
        echo "deb [arch=armhf${keyring:+ $keyring}] $uri $SUITE main non-free-firmware"
    done >"$APT/sources.list.new"
    if ! cmp -s "$APT/sources.list.new" "$APT/sources.list"; then
        rm -f "$APT/updated"
        mv "$APT/sources.list.new" "$APT/sources.list"
    fi
    # Read after the host's configuration, hence wins over it.
    cat >"$APT/apt.conf" <<C
Dir::State "$APT";
Dir::State::lists "$APT/lists";
Dir::State::status "$APT/status";
Dir::Cache "$APT/cache";
Dir::Etc::sourcelist "$APT/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Architectures;
APT::Architecture "armhf";
APT::Architectures { "armhf"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
C
}
apt_() { local c=$1; shift; "apt-$c" -c "$APT/apt.conf" "$@"; }

update() {
    [ ! -f "$APT/updated" ] || return 0
    say "packages: reading the mirror's lists"
    apt_ get -qq update ||
        die mirror "the package lists could not be read (see above); check the network and try again," \
            "or name another mirror in GUEST_MIRROR"
    touch "$APT/updated"
}

version_of() { apt_ cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n1; }

# wanted SET: the packages of a set as name=version, one a line.
wanted() {
    local rel v p
    case $1 in
    kernel)
        rel=$(apt_ cache show --no-all-versions linux-image-armmp |
            sed -n 's/^Depends: linux-image-\([^ ,]*\).*/\1/p' | head -n1)
        [ -n "$rel" ] || die no-kernel "the mirror has no linux-image-armmp for $SUITE armhf"
        v=$(version_of "linux-image-$rel")
        printf '%s\n' "$rel" >"$DEBS/kernel.release"
        printf '%s\n' "$v" >"$DEBS/kernel.version"
        printf '%s\n' "linux-image-$rel=$v" u-boot-imx busybox-static ;;
    source)
        rel=$(kernel_release); v=$(cat "$DEBS/kernel.version")
        printf '%s\n' "linux-source-6.1=$v" "linux-headers-$rel=$v" \
            "linux-headers-${rel%-armmp}-common=$v" ;;
    firmware) [ -z "$(version_of firmware-qcom-soc)" ] || echo firmware-qcom-soc ;;
    installer) echo debian-installer-12-netboot-armhf ;;
    rootfs)
        # Ask apt what an empty system would need, then leave out what is known not to be used.
        # shellcheck disable=SC2046
        p=$(sed 's/#.*//' "$HERE/packages/rootfs.txt" $(with_files packages.txt) | xargs)
        # shellcheck disable=SC2086
        apt_ get -s -qq install $p |
            sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' | sed 's/:armhf=/=/' | sort |
            grep -vxE "($(sed 's/#.*//' "$HERE/packages/rootfs-without.txt" $(with_files without.txt) |
                xargs | tr ' ' '|'))=.*" ;;
    esac
}

# files_of "NAME=VERSION...": the files that apt makes of these (a colon in a version becomes %3a)
files_of() {
    local n v
    for n in $1; do
        v=${n#*=}
        [ "$v" != "$n" ] || v=$(version_of "$n")
        (cd "$DEBS" && ls "${n%%=*}_${v//:/%3a}"_*.deb) ||
            die download "package $n was not left in $DEBS; run again"
    done
}

fetch() {
    local set=$1 names list=$DEBS/$1.list
    update
    names=$(wanted "$set") || exit 1
    if [ -z "$names" ] && [ "$set" = firmware ]; then
        say "packages: no firmware package on this mirror; a synthetic one will be made"
        : >"$list"
        return
    fi
    [ -n "$names" ] || die resolve "apt could not work out the set '$set'; see its message above"
    say "packages: $set, $(wc -w <<<"$names") packages"
    # shellcheck disable=SC2086
    (cd "$DEBS" && apt_ get -qq download $names) || return 1
    files_of "$names" | sort >"$list.new"
    mv "$list.new" "$list"
}

# set_key SET: what a fetched set depends on, besides the mirror's own contents
set_key() {
    case $1 in
    source) key_of "$1" "${GUEST_MIRROR:-}" "$(cat "$DEBS/kernel.version" 2>/dev/null)" ;;
    rootfs) key_of "$1" "${GUEST_MIRROR:-}" "$HERE/packages/rootfs.txt" "$HERE/packages/rootfs-without.txt" \
        $(with_files packages.txt) $(with_files without.txt) ;;
    *) key_of "$1" "${GUEST_MIRROR:-}" ;;
    esac
}
complete() { (cd "$DEBS" && xargs -r ls <"$1.list" >/dev/null 2>&1); }

private_ready=0
for s in "${SETS[@]}"; do
    if [ $REFRESH = 0 ] && [ -f "$DEBS/$s.list" ] &&
        [ "$(cat "$DEBS/$s.key" 2>/dev/null)" = "$(set_key "$s")" ] && complete "$s"; then
        continue
    fi
    if [ $private_ready = 0 ]; then
        private_apt
        [ $REFRESH = 0 ] || rm -f "$APT/updated"
        private_ready=1
    fi
    if ! fetch "$s"; then
        # Lists older than the mirror name files that are gone: read them again, once.
        rm -f "$APT/updated"
        fetch "$s" || die download "the packages of set '$s' could not be fetched; run again later"
    fi
    set_key "$s" >"$DEBS/$s.key"
done
