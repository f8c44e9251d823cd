# SPDX-License-Identifier: MIT
# Stock msm and stock Mesa in the i.MX53 guest, on both host backends, alone and two guests on one engine.
mesa() { # NAME BACKEND
    boot "$1" --backend "$2" --deterministic $lcd --append "$root yamato.end=poweroff yamato.job=kmscube,dmesg yamato.frames=200" \
        --screenshot-at "job-start kmscube+5=>$out/$1.png" --unclaimed &&
    says "$1" 'renderer: "FD200"' && says "$1" 'job-end kmscube rc=0' && says "$1" 'msm msm: bound' &&
        silent "$1" 'hangcheck|lockup|MMU page fault|msm.*ERROR|adreno.*(failed|ERROR)' && [ -s "$out/$1.png" ]
}
test_stock_mesa_draws_on_soft() { mesa mesa-soft soft; }
test_stock_mesa_draws_on_gl() { mesa mesa-gl gl; }
test_soft_and_gl_draw_the_same_picture() {
    "$yamato" compare --min-colours 500 "$out/mesa-soft.png" "$out/mesa-gl.png"
}
test_two_machines_share_one_engine() {
    rm -f "$out"/two*
    "$yamato" run $engine --backend gl $lcd --no-reboot --host-seconds 600 --profile-json "$out/two.json" \
        --vm cube --serial null --serial-log "$out/two-cube.log" \
            --append "$root yamato.end=poweroff yamato.job=kmscube yamato.frames=60" \
        --vm marks --serial null --serial-log "$out/two-marks.log" \
            --append "$root yamato.end=poweroff yamato.job=glmark2 yamato.scenes=demo" >"$out/two.out" 2>&1
    says two-cube 'job-end kmscube rc=0' && says two-marks 'job-end glmark2 rc=0' &&
        silent two-marks 'hangcheck|Segmentation' && grep -q '"name": "marks"' "$out/two.json"
}


suite="$suite stock_mesa_draws_on_soft stock_mesa_draws_on_gl soft_and_gl_draw_the_same_picture
two_machines_share_one_engine"
