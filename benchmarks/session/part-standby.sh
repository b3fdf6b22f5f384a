# SYN to first byte of an app that stands by, paused in memory.
run_app standby nginx "$BENCH_MEMORY_MIB" 300 ,\"standbyMillis\":600000
await_state sleeping standby
target=$(address_of standby):80
"$BENCH_ASK" once "$target" >/dev/null
for ((i = 0; i < wakes; i++)); do
  await_state standby standby
  ((i > 0)) || sample standby ignition resident_bytes "$(api GET /v1/apps/standby | jq .residentBytes)"
  ask_app standby ignition "$target"
done
remove_app standby
