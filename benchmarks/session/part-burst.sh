# Sixteen sleeping apps woken at once: every answer, the last of each burst; one of them alone for comparison; and what they
# hold of the host's memory while they run.
apps=()
for ((i = 0; i < 16; i++)); do
  run_app "burst-$i" nginx 64 10000
  apps+=("burst-$i")
  ((i % 4 != 3)) || note "$((i + 1)) of 16 apps"
done
burst_targets=()
for app in "${apps[@]}"; do burst_targets+=("$(address_of "$app"):80"); done
await_state sleeping "${apps[@]}"
for ((i = 0; i < ${IGNITION_BENCH_ALONE:-8}; i++)); do
  await_state sleeping "burst-$i"
  ask_app burst-alone ignition "${burst_targets[i]}"
done
for ((i = 0; i < ${IGNITION_BENCH_BURSTS:-4}; i++)); do
  await_state sleeping "${apps[@]}"
  drop_caches
  cat "$disk"/state/apps/*/snapshots/*/* >/dev/null 2>&1
  asleep=$(used_bytes)
  last=0 lost=0
  while read -r first; do
    if ((first > 0)); then
      sample burst ignition first_byte_ns "$first"
      ((first <= last)) || last=$first
    else
      lost=$((lost + 1))
    fi
  done < <("$BENCH_ASK" burst --timeout 120 "${burst_targets[@]}")
  sample burst ignition last_ns "$last"
  sample burst ignition lost "$lost"
  sample burst ignition per_running_bytes $((($(used_bytes) - asleep) / 16))
  note "burst $((i + 1)): last answer after $((last / 1000000)) ms, $lost lost"
done
for app in "${apps[@]}"; do remove_app "$app"; done
