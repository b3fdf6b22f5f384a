# Boot to the first listen, and cold boot to the first byte, contenders in turns. Of ours the clock runs from the request to the
# daemon, of others from the start of their process. The first listen is the doorbell's ring: of ours the line in the app's log, of
# others the time at which the letter came into a file (4 ms coarse).

listen_of_ours() { # IMAGE
  local from to
  api POST "/v1/apps/boot-$1/stop" '{"graceMillis":0}' >/dev/null
  from=${EPOCHREALTIME/./}
  api POST "/v1/apps/boot-$1/start" >/dev/null
  to=$(log_time "boot-$1" 'ready (first-listen')
  sample boot ignition "$1_listen_ns" $(((to - from) * 1000))
  from=$(log_time "boot-$1" 'booting, waiting')
  sample boot ignition "$1_machine_listen_ns" $(((to - from) * 1000))
}

listen_of_other() { # IMAGE
  local from tries
  rm -f "$BENCH_WORK/doorbell"
  from=${EPOCHREALTIME/./}
  "$BENCH_ASK" tap "$BENCH_TAP" "$scripts/boot" &
  disown
  for ((tries = 0; tries < 1200; tries++)); do
    [[ ! -s $BENCH_WORK/doorbell ]] || break
    sleep 0.05
  done
  # The tap settles for 200 ms before the process starts.
  sample boot "$name" "$1_listen_ns" $((($(stat -c %.6Y "$BENCH_WORK/doorbell" | tr -d .) - from - 200000) * 1000))
  "$scripts/stop"
}

byte_of_ours() { # IMAGE PORT
  local connected first
  api POST "/v1/apps/cold-$1/stop" '{"graceMillis":0}' >/dev/null
  read -r connected first _ < <("$BENCH_ASK" once --retry-ms 20 --timeout 120 "$(address_of "cold-$1"):$2" -- "$BENCH_ASK" api "$IGNITION_SOCKET" POST "/v1/apps/cold-$1/start" 2>/dev/null)
  sample boot ignition first_byte_ns "$first"
}

byte_of_other() { # PORT
  local connected first
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
