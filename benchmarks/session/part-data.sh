# Throughput of an awake guest: iperf3 to it and from it, and wrk on nginx, contenders in turns, each behind a warm-up of the same
# length. Ours twice: packets moved by the daemon, and by the host's kernel (vhost-net) where that is there; some wakes of each.
seconds=${IGNITION_BENCH_DATA_SECONDS:-6} warm_up=${IGNITION_BENCH_DATA_WARM_UP:-12}
throughput() { # WHO HOST
  local bits
  bits=$(iperf3 -c "$2" -O "$warm_up" -t "$seconds" -J | jq '.end.sum_received.bits_per_second | floor')
  sample data "$1" to_guest_bps "${bits:-0}"
  sleep 1 # the server takes one test after the other
  bits=$(iperf3 -c "$2" -R -O "$warm_up" -t "$seconds" -J | jq '.end.sum_received.bits_per_second | floor')
  sample data "$1" from_guest_bps "${bits:-0}"
}
requests() { # WHO HOST
  local rate
  wrk -t 1 -c 16 -d "${warm_up}s" "http://$2/" >/dev/null
  rate=$(wrk -t 1 -c 16 -d "${seconds}s" "http://$2/" | awk '/^Requests\/sec:/ { printf "%d", $2 }')
  sample data "$1" wrk_rps "${rate:-0}"
}
ours() { # WHO
  local image i
  for image in iperf3 nginx; do
    run_app "data-$image" "$image" "$BENCH_MEMORY_MIB" 2000
    await_state sleeping "data-$image"
  done
  throughput "$1" "$(address_of data-iperf3)"
  requests "$1" "$(address_of data-nginx)"
  for ((i = 0; i < 4; i++)); do
    await_state sleeping data-nginx
    ask_app data "$1" "$(address_of data-nginx):80" wake_first_byte_ns
  done
  remove_app data-iperf3
  remove_app data-nginx
}
# other IMAGE PORT FUNCTION: boots a machine of the image, waits until it listens, measures, ends it.
other() {
  contender "$name" "$1" "$2"
  "$BENCH_ASK" listen --tap "$BENCH_TAP" --timeout 120 "$BENCH_WORK/doorbell" -- "$scripts/boot" >/dev/null ||
    note "$name: no listen"
  "$3" "$name" "$BENCH_GUEST_ADDRESS"
  "$scripts/stop"
}
others() {
  for name in $contenders; do
    if [[ -x benchmarks/contenders/$name/boot ]]; then
      other iperf3 5201 throughput
      other nginx 80 requests
    fi
  done
}
# restart VHOST: the daemon with its packets moved by itself (off) or by the kernel (auto).
restart() {
  stop_daemon
  start_daemon --vhost "$1"
}
turns=${IGNITION_BENCH_DATA_TURNS:-2}
had_vhost=false
[[ ! -e /dev/vhost-net ]] || had_vhost=true
modprobe vhost_net 2>/dev/null
for ((turn = 0; turn < turns; turn++)); do
  restart off
  ours ignition
  others
  if [[ -e /dev/vhost-net ]]; then
    restart auto
    ours ignition-vhost
  fi
  note "$((turn + 1)) of $turns turns"
done
stop_daemon
$had_vhost || rmmod vhost_net # not modprobe -r, which takes tun along
start_daemon # for the parts behind this one, as they find the host
