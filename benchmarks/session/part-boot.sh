# Boot to the first listen, and cold boot to the first byte, contenders in turns. Both clocks start right before a process is made by
# `ask`: the one that asks the daemon, or the one that becomes the other VMM. The first listen is the doorbell's ring: of ours the line
# in the app's log, which comes behind it, of others the first byte in a file (inotify).

# What the last machine left to do in the background (its memory is freed, the daemon makes its next shell) is nobody's boot.
settle() { sleep 2; }

listen_of_ours() { # IMAGE
  local start to
  api POST "/v1/apps/boot-$1/stop" '{"graceMillis":0}' >/dev/null
  settle
  read -r _ start < <("$BENCH_ASK" listen - -- "$BENCH_ASK" api "$IGNITION_SOCKET" POST "/v1/apps/boot-$1/start")
  to=$(log_time "boot-$1" 'ready (first-listen')
  sample boot ignition "$1_listen_ns" $(((to - start) * 1000))
  sample boot ignition "$1_machine_listen_ns" $(((to - $(log_time "boot-$1" 'booting, waiting')) * 1000))
}

listen_of_other() { # IMAGE
  local listen
  settle
  read -r listen _ < <("$BENCH_ASK" listen --tap "$BENCH_TAP" --timeout 120 "$BENCH_WORK/doorbell" -- "$scripts/boot")
  if ((listen > 0)); then sample boot "$name" "$1_listen_ns" "$listen"; else note "$name: no listen"; fi
  "$scripts/stop"
}

byte_of_ours() { # IMAGE PORT
  local connected first
  api POST "/v1/apps/cold-$1/stop" '{"graceMillis":0}' >/dev/null
  settle
  read -r connected first _ < <("$BENCH_ASK" once --retry-ms 20 --timeout 120 "$(address_of "cold-$1"):$2" -- "$BENCH_ASK" api "$IGNITION_SOCKET" POST "/v1/apps/cold-$1/start")
  sample boot ignition first_byte_ns "$first"
}

byte_of_other() { # PORT
  local connected first
  settle
  read -r connected first _ < <("$BENCH_ASK" once --tap "$BENCH_TAP" --retry-ms 20 --timeout 120 "$BENCH_GUEST_ADDRESS:$1" -- "$scripts/boot")
  sample boot "$name" first_byte_ns "$first"
  "$scripts/stop"
}

boots=${IGNITION_BENCH_BOOTS:-5}
for image in nginx node; do run_app "boot-$image" "$image" "$BENCH_MEMORY_MIB"; done
# Never saved: it is not asked to be, and never idle.
"$BENCH_ASK" api "$IGNITION_SOCKET" POST /v1/apps "{\"name\":\"cold-nginx\",\"image\":\"$registry/nginx:latest\",\"vcpus\":$BENCH_VCPUS,\"memoryBytes\":$((BENCH_MEMORY_MIB << 20)),\"idleMillis\":0,\"snapshot\":\"manual\"}" >/dev/null &
await_state booting cold-nginx
for ((i = 0; i < boots; i++)); do
  for image in nginx node; do
    for name in $contenders; do
      contender "$name" "$image" 80
      if [[ $name == ignition ]]; then listen_of_ours "$image"; elif [[ -x $scripts/boot ]]; then listen_of_other "$image"; fi
    done
  done
  for name in $contenders; do
    contender "$name" nginx 80
    if [[ $name == ignition ]]; then byte_of_ours nginx 80; elif [[ -x $scripts/boot ]]; then byte_of_other 80; fi
  done
  note "$((i + 1)) of $boots"
done
for app in boot-nginx boot-node cold-nginx; do remove_app "$app"; done
