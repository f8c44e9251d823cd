#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: fetch.sh [--out DIR] SET...
#
# Fetches Debian packages with apt into a private state (the host's packages, lists and sources stay
# as they are; no privilege is needed) and unpacks them; nothing is installed.
#
# Sets: qemu      QEMU >= 10.1 for x86-64 and ARM with its own C library (trixie-backports) -> DIR/qemu
#       amd64     kernel, headers and busybox of Debian 12                                  -> DIR/amd64
#       arm64     the same for 64-bit ARM                                                   -> DIR/arm64
#       mdevctl   mdevctl of Debian 13 with what it needs                                   -> DIR/mdevctl
# A set that is there is not looked up again; delete its folder to fetch it anew.
#
# Environment: PCI_GUEST_OUT  same as --out (build/pci)
#              GUEST_MIRROR   base address of a Debian archive, instead of the host's
set -euo pipefail
# shellcheck source=guest-drivers/linux/lib.sh
. "$(dirname "$0")/../linux/lib.sh"
GUEST_OUT=${PCI_GUEST_OUT:-$REPO/build/pci}
guest_setup "$0" "$@"
[ ${#REST[@]} -gt 0 ] || die usage "name at least one set; see $0 --help"

# set: architecture, suites, packages; "apt" resolves dependencies, "only" takes just what is named
plan() {
    case $1 in
    qemu) echo "amd64 apt trixie,trixie-backports qemu-system-x86 qemu-system-arm libc6" ;;
    mdevctl) echo "amd64 apt trixie mdevctl libc6" ;;
    amd64) echo "amd64 only bookworm linux-image-cloud-amd64 linux-kbuild-6.1 busybox-static" ;;
    arm64) echo "arm64 only bookworm linux-image-cloud-arm64 busybox-static" ;;
    *) die usage "unknown set '$1'; see $0 --help" ;;
    esac
}

mirror() {
    if [ -n "${GUEST_MIRROR:-}" ]; then printf '%s\n' "$GUEST_MIRROR"; return; fi
    apt-get indextargets --format "\$(RELEASE) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' |
        awk '$1 ~ /^(bookworm|trixie)$/ && $2 == "main" { print $3; exit }'
}

private_apt() { # ARCH SUITES
    local m keyring='' suite A=$T/apt
    m=$(mirror)
    [ -n "$m" ] || die no-mirror "the host's apt has no Debian source; set GUEST_MIRROR"
    [ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
        keyring='signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
    rm -rf "$A"; mkdir -p "$A/lists/partial" "$A/cache/archives/partial"
    : >"$A/status"
    for suite in ${2//,/ }; do
        echo "deb [arch=$1${keyring:+ $keyring}] $m $suite main"
    done >"$A/sources.list"
    cat >"$A/apt.conf" <<C
Dir::State "$A";
Dir::State::lists "$A/lists";
Dir::State::status "$A/status";
Dir::Cache "$A/cache";
Dir::Etc::sourcelist "$A/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Architectures;
APT::Architecture "$1";
APT::Architectures { "$1"; };
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
    apt-get -c "$A/apt.conf" -qq update ||
        die mirror "the package lists of $2 could not be read; check the network, or set GUEST_MIRROR"
}
apt_() { local c=$1; shift; "apt-$c" -c "$T/apt/apt.conf" "$@"; }

# The packages by name: the kernel's meta package stands for image, headers and build helpers.
names() {
    local p rel
    for p; do
        case $p in
        linux-image-*)
            rel=$(apt_ cache show --no-all-versions "$p" |
                sed -n 's/^Depends: linux-image-\([^ ,]*\).*/\1/p' | head -n1)
            [ -n "$rel" ] || die no-kernel "the mirror has no $p"
            echo "$rel" >"$T/release"
            echo "linux-image-$rel linux-headers-$rel linux-headers-${rel%-cloud-*}-common" ;;
        *) echo "$p" ;;
        esac
    done
}

fetch() { # SET
    local set=$1 arch how suites list p
    read -r arch how suites list <<<"$(plan "$set")"
    say "pci: fetching $set ($suites, $arch)"
    private_apt "$arch" "$suites"
    mkdir -p "$T/debs" "$T/tree"
    if [ "$how" = apt ]; then
        # shellcheck disable=SC2086
        apt_ get -qq -y --download-only -t "${suites##*,}" -o Dir::Cache::archives="$T/debs" install $list ||
            die download "the packages of set '$set' could not be fetched"
    else
        # shellcheck disable=SC2086
        (cd "$T/debs" && apt_ get -qq download $(names $list)) ||
            die download "the packages of set '$set' could not be fetched"
    fi
    for p in "$T"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$p" | tar -x -C "$T/tree" --no-same-owner --keep-directory-symlink \
            --exclude=./usr/share/doc --exclude=./usr/share/man
    done
    [ ! -f "$T/release" ] || cp "$T/release" "$T/tree/release"
    (cd "$T/debs" && ls ./*.deb) >"$T/tree/packages"
    publish "$T/tree" "$OUT/$set"
    say "pci: $set, $(wc -l <"$OUT/$set/packages") packages"
}

for s in "${REST[@]}"; do
    [ -f "$OUT/$s/packages" ] && { say "pci: $s: up to date"; continue; }
    scratch
    fetch "$s"
    rm -rf "$T"
done
