# Throughput of an awake guest: iperf3 to it and from it, and wrk on nginx, contenders in turns.
seconds=${IGNITION_BENCH_DATA_SECONDS:-5}
declare -A data_targets
throughput() { # WHO HOST
  local bits
  bits=$(iperf3 -c "$2" -t "$seconds" -J | jq '.end.sum_received.bits_per_second | floor')
  sample data "$1" to_guest_bps "${bits:-0}"
  bits=$(iperf3 -c "$2" -t "$seconds" -R -J | jq '.end.sum_received.bits_per_second | floor')
  sample data "$1" from_guest_bps "${bits:-0}"
}
requests() { # WHO HOST
  local rate
  rate=$(wrk -t 1 -c 16 -d "${seconds}s" "http://$2/" | awk '/^Requests\/sec:/ { printf "%d", $2 }')
  sample data "$1" wrk_rps "${rate:-0}"
}
# other IMAGE PORT FUNCTION: boots a machine of the image, waits until it listens, measures, ends it.
other() {
  contender "$name" "$1" "$2"
  rm -f "$BENCH_WORK/doorbell"
  "$BENCH_ASK" tap "$BENCH_TAP" "$scripts/boot" &
  disown
  for ((tries = 0; tries < 600; tries++)); do
    [[ ! -s $BENCH_WORK/doorbell ]] || break # it listens
    sleep 0.2
  done
  "$3" "$name" "$BENCH_GUEST_ADDRESS"
  "$scripts/stop"
}
for ((turn = 0; turn < ${IGNITION_BENCH_DATA_TURNS:-2}; turn++)); do
  for name in $contenders; do
    if [[ $name == ignition ]]; then
      run_app data-iperf3 iperf3 "$BENCH_MEMORY_MIB" 2000
      await_state sleeping data-iperf3
      throughput ignition "$(address_of data-iperf3)"
      remove_app data-iperf3
      run_app data-nginx nginx "$BENCH_MEMORY_MIB" 2000
      await_state sleeping data-nginx
      requests ignition "$(address_of data-nginx)"
      remove_app data-nginx
    elif [[ -x benchmarks/contenders/$name/boot ]]; then
      other iperf3 5201 throughput
      other nginx 80 requests
    fi
  done
  note "$((turn + 1)) turns"
done
