# The first wake behind the daemon's start, page cache warm: what a daemon that has not woken anything yet costs. Once right behind READY, while
# the daemon goes on warming itself, and once when it has done that.
[[ -n $(api GET /v1/apps/first 2>/dev/null | grep '"name"') ]] || run_app first nginx "$BENCH_MEMORY_MIB"
await_state sleeping first
target=$(address_of first):80
for ((i = 0; i < ${IGNITION_BENCH_STARTS:-3}; i++)); do
  for rest in 0 "${IGNITION_BENCH_WARM_SECONDS:-45}"; do
    stop_daemon
    start_daemon
    sample first ignition ready_ns "$(ready_nanos)"
    cat "$disk"/state/apps/*/snapshots/*/* >/dev/null 2>&1
    sleep "$rest"
    if ((rest == 0)); then
      ask_app first ignition "$target"
      stages first first
    else
      ask_app first ignition "$target" rested_first_byte_ns
      stages first-rested first
    fi
    await_state sleeping first
  done
done
remove_app first
