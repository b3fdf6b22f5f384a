# The first wake behind the daemon's start, page cache warm: what a daemon that has not woken anything yet costs.
[[ -n $(api GET /v1/apps/first 2>/dev/null | grep '"name"') ]] || run_app first nginx "$BENCH_MEMORY_MIB"
await_state sleeping first
target=$(address_of first):80
for ((i = 0; i < ${IGNITION_BENCH_STARTS:-3}; i++)); do
  stop_daemon
  start_daemon
  sample first ignition ready_ns "$(ready_nanos)"
  cat "$disk"/state/apps/*/snapshots/*/* >/dev/null 2>&1
  ask_app first ignition "$target"
  stages first first
  await_state sleeping first
done
remove_app first
