# What a sleeping app costs: 200 of them, disk only. They are clones of one app's state directory, each with an identity, a tap
# and an address of its own, for booting 200 takes too long here; snapshot files are hard links, so the disk's part is of one app.
sleepers=${IGNITION_BENCH_SLEEPERS:-200}
run_app sleeper nginx 64
await_state sleeping sleeper
sample density ignition snapshot_bytes "$(api GET /v1/apps/sleeper | jq .snapshotBytes)"
id=$(api GET /v1/apps/sleeper | jq -r .id)
measure_daemon() { # WHAT
  local ticks
  drop_caches
  sleep 5
  ticks=$(cpu_ticks "$daemon")
  sleep "${IGNITION_BENCH_REST:-15}"
  ticks=$(($(cpu_ticks "$daemon") - ticks))
  sample density ignition "$1_cpu_ns_each_second_ns" $((ticks * 10000000 / ${IGNITION_BENCH_REST:-15}))
  sample density ignition "$1_rss_bytes" "$(rss_bytes "$daemon")"
}
stop_daemon
start_daemon
measure_daemon one_asleep
before=$(used_bytes)
stop_daemon
for ((i = 1; i < sleepers; i++)); do
  clone=$(printf 'c%011x' "$i")
  cp -al "$disk/state/apps/$id" "$disk/state/apps/$clone"
  rm -rf "$disk/state/apps/$clone/vsock" "$disk/state/apps/$clone/log" "$disk/state/apps/$clone/app.json"
  jq --arg id "$clone" --arg name "sleeper-$i" --argjson index $((1000 + i)) '.id = $id | .spec.name = $name | .addressIndex = $index' \
    "$disk/state/apps/$id/app.json" >"$disk/state/apps/$clone/app.json"
done
start_daemon
sample density ignition ready_with_200_ns "$(ready_nanos)"
measure_daemon all_asleep
sample density ignition per_sleeping_bytes $((($(used_bytes) - before) / (sleepers - 1)))
sample density ignition asleep "$(api GET /v1/apps | jq '[.apps[] | select(.state == "sleeping")] | length')"
for ((i = 1; i < sleepers; i++)); do remove_app "sleeper-$i"; done
remove_app sleeper
