# SPDX-License-Identifier: MIT
# A stranger's VMM: real QEMU (vfio-user-pci, 10.1 or later, from Debian's packages) attaches to the daemon
# and its Linux guest draws through the PCI function; boards share the daemon; everything restarts.
pci=${PCI_GUEST_OUT:-build/pci}
ok='YAMATO-PCI: triangle ok crc=2cc46a5e irqs=[1-9]' # the same checksum as on the bare-metal board

# pci_ready SET...: packages and guests, or a loud skip where the archive cannot be reached
pci_ready() {
    gen=$(dirname "$yamato")/gen/guest-drivers
    make -s BUILD="$(dirname "$yamato")" "$gen/shaders.gen.c" "$gen/a2xx_regs.gen.h" >/dev/null || return 1
    if ! guest-drivers/pci/fetch.sh --out "$pci" amd64 "$@" 2>"$out/pci.log"; then
        echo "SKIP: packages of $* could not be fetched (see $out/pci.log)"
        return 2
    fi
    case " $* " in *" qemu "*) BM_GEN=$PWD/$gen guest-drivers/pci/build.sh --out "$pci" amd64 arm64 2>>"$out/pci.log" ;; esac ||
        { tail -30 "$out/pci.log"; return 1; }
}
skippable() { [ "$1" = 2 ] && return 0; return 1; }

serve() { # NAME DEVICE...: a daemon in $out/NAME.d
    D=$out/$1.d; n=$1; shift
    rm -rf "$D"; mkdir -p "$D"
    "$yamato" mdev serve --socket-dir "$D" >>"$out/$n-daemon.log" 2>&1 &
    daemon=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -S "$D/control.sock" ] && break; sleep 0.5; done
    for dev; do "$yamato" mdev create --socket-dir "$D" "$dev" >/dev/null || return 1; done
}
stop() { kill "$daemon" && wait "$daemon"; }
qemu() { # NAME MACHINE DEVICE [OPTION...]
    q=$1 m=$2 d=$3; shift 3
    PCI_GUEST_OUT=$pci timeout 300 guest-drivers/pci/qemu.sh "$m" "$D/$d.sock" "$@" >"$out/$q.log" 2>&1 </dev/null
}
await() { # LOG TEXT COUNT: until the text was said so often
    i=0; touch "$out/$1.log"
    until [ "$(tr -d '\r' 2>/dev/null <"$out/$1.log" | grep -acE "$2")" -ge "$3" ]; do
        i=$((i + 1)); [ $i -lt 600 ] || { echo "  $1: never said $3 times: $2"; return 1; }
        sleep 0.5
    done
}

test_qemu_draws_on_pc_q35_and_virt() {
    pci_ready qemu arm64; r=$?; [ $r = 0 ] || { skippable $r; return; }
    serve qemu vm0 && for m in pc q35 virt; do # each is a new QEMU on the same device
        qemu "qemu-$m" $m vm0 && says "qemu-$m" "$ok" && says "qemu-$m" 'MSI.*yamato_pci' || return 1
    done && stop
}
test_qemu_memory_that_cannot_be_shared() {
    pci_ready qemu arm64; r=$?; [ $r = 0 ] || { skippable $r; return; }
    serve qemu-private vm0 && MEMORY=private qemu qemu-private pc vm0 && says qemu-private "$ok" && stop
}
test_qemu_guest_and_daemon_restart() {
    pci_ready qemu arm64; r=$?; [ $r = 0 ] || { skippable $r; return; }
    serve qemu-reset vm0 && rm -f "$out"/mon.* && mkfifo "$out/mon.in" "$out/mon.out" || return 1
    cat "$out/mon.out" >/dev/null &
    APPEND=yamato.then=wait qemu qemu-reset q35 vm0 -monitor "pipe:$out/mon" &
    vmm=$!
    exec 9>"$out/mon.in"
    await qemu-reset "$ok" 1 && echo system_reset >&9 && await qemu-reset "$ok" 2
    r=$?
    if [ $r = 0 ]; then # the daemon dies under its idle client: the VMM survives
        kill -9 "$daemon"; wait "$daemon" 2>/dev/null
        sleep 2; kill -0 $vmm || { echo "  QEMU went with the daemon"; r=1; }
    fi
    echo quit >&9; exec 9>&-; wait $vmm
    [ $r = 0 ] && serve qemu-reset vm0 && qemu qemu-again pc vm0 && says qemu-again "$ok" && stop
}
test_qemus_and_a_board_share_a_daemon() {
    pci_ready qemu arm64; r=$?; [ $r = 0 ] || { skippable $r; return; }
    serve shared vm0 vm1 board || return 1
    APPEND=yamato.times=5 qemu shared-pc pc vm0 & a=$!
    APPEND=yamato.times=5 qemu shared-virt virt vm1 & b=$!
    boot shared-board --gpu "vfio-user:$D/board.sock" $lcd \
        --append "$root yamato.end=poweroff yamato.job=kmscube yamato.frames=100"
    wait $a $b
    says shared-pc "$ok" && says shared-virt "$ok" && says shared-board 'job-end kmscube rc=0' &&
        silent shared-board 'hangcheck|lockup' && stop
}
test_board_draws_the_same_through_the_daemon() {
    shot="job-start kmscube+5=>"
    for where in yamato-a200 daemon; do
        gpu=$where
        [ $where != daemon ] || { serve door vm0 && gpu=vfio-user:$D/vm0.sock,sync; } || return 1
        boot "door-$where" --gpu "$gpu" --deterministic $lcd \
            --append "$root yamato.end=poweroff yamato.job=kmscube yamato.frames=200" \
            --screenshot-at "$shot$out/door-$where.png" && says "door-$where" 'job-end kmscube rc=0' || return 1
    done
    "$yamato" compare --tolerance 0 --edge-per-mille 0 --min-colours 500 "$out/door-yamato-a200.png" "$out/door-daemon.png" && stop
}
test_board_survives_the_daemon() {
    serve lost vm0 || return 1
    boot lost --gpu "vfio-user:$D/vm0.sock" $lcd \
        --append "$root yamato.end=poweroff yamato.job=kmscube yamato.frames=800" & vm=$!
    await lost 'job-start kmscube' 1 && sleep 1 && kill -9 "$daemon"
    wait "$daemon" 2>/dev/null
    serve lost vm0 && wait $vm && says lost 'job-end kmscube rc=0' && stop
}
test_mdevctl_manages_devices() {
    unshare -rm true 2>/dev/null && [ -e /dev/fuse ] || { echo "SKIP: mdevctl: no FUSE in a name space here"; return 0; }
    pci_ready mdevctl; r=$?; [ $r = 0 ] || { skippable $r; return; }
    unshare -rm sh tests/system/mdevctl.sh "$yamato" "$pci/mdevctl" "$out/mdevctl.d" >"$out/mdevctl.log" 2>&1 ||
        { tail -20 "$out/mdevctl.log"; return 1; }
}

suite="$suite qemu_draws_on_pc_q35_and_virt qemu_memory_that_cannot_be_shared qemu_guest_and_daemon_restart
qemus_and_a_board_share_a_daemon board_draws_the_same_through_the_daemon board_survives_the_daemon
mdevctl_manages_devices"
