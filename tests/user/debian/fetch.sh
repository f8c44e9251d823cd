#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: fetch.sh ARCH OUT PACKAGE...
#
# Unpacks Debian 12 packages of a foreign architecture (armhf or armel) and what they depend on below
# OUT/root, with apt in a private state and without root. Nothing of the host's apt changes. The same
# list of packages is not fetched twice. DEBIAN_MIRROR names an archive; the default is the host's own.
set -euo pipefail
ARCH=$1 OUT=$2
shift 2
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
key=$(printf '%s\n' "$ARCH" "$@" | sha256sum)
if [ -f "$OUT/key" ] && [ "$(cat "$OUT/key")" = "$key" ]; then exit 0; fi

mirrors=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' | awk '$1 == "bookworm" && $2 == "main" { print $3 }' | sort -u | head -1)}
[ -n "$mirrors" ] || { echo "fetch.sh: no Debian 12 source; set DEBIAN_MIRROR" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f $keyring ] && signed=" signed-by=$keyring" || signed=
apt=$OUT/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
for m in $mirrors; do echo "deb [arch=$ARCH$signed] $m bookworm main"; done >"$apt/sources.list"
cat >"$apt/apt.conf" <<C
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Architectures;
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
C
export APT_CONFIG=$apt/apt.conf
apt-get -qq update
apt-get -qq -y --download-only install "$@" >"$OUT/apt.log" 2>&1 || {
    tail -5 "$OUT/apt.log" >&2
    exit 1
}
rm -rf "$OUT/root"
mkdir -p "$OUT/root"
for d in "$apt"/cache/archives/*.deb; do
    dpkg-deb -x "$d" "$OUT/root" 2>/dev/null || dpkg-deb --fsys-tarfile "$d" |
        tar -x -C "$OUT/root" --no-same-owner --no-same-permissions --exclude='./dev/*'
done
# What post-install scripts would have linked.
cd "$OUT/root"
[ -e usr/bin/awk ] || ln -s gawk usr/bin/awk
[ -e bin/sh ] || ln -s dash bin/sh
[ -e etc/passwd ] || echo 'root:x:0:0:root:/root:/bin/bash' >etc/passwd
rm -rf "$apt/cache/archives"
echo "$key" >"$OUT/key"
echo "fetch.sh: $ARCH root of $(du -sm . | cut -f1) MiB from $(ls usr/share/doc | wc -l) packages"
