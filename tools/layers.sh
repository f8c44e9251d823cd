#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that includes between rooms run one way only (docs/architecture.md).
set -eu
rc=0
allow() {
    room=$1; shift
    for inc in $(grep -rhoE '#include "[a-z0-9-]+/' --include='*.c' --include='*.h' "$room" 2>/dev/null |
                 sed 's/.*"//; s,/,,' | sort -u); do
        case " $room $* " in
        *" $inc "*) ;;
        *) echo "layers: $room may not include $inc/:"; grep -rnE "#include \"$inc/" "$room"; rc=1 ;;
        esac
    done
}
allow base
allow cpu base
allow user base cpu
allow shader-isa base
allow gpu-model base shader-isa
allow host-backends base shader-isa gpu-model
allow mdev base gpu-model host-backends
allow soc base cpu mdev
[ $rc = 0 ] && echo "layers: arrows run one way"
exit $rc
