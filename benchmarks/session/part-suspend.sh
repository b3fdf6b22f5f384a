# Saving a machine of which about 5 % of the memory changed since the last save, beside saving all of it: node holds a buffer of
# 160 of 256 MiB, and each request writes a byte into each page of another 5 % of 256 MiB. With that many changes the snapshot is made
# whole again while the app sleeps; the next request waits for that, or it would be a save of 10 %, 15 % and so on.
await_compacted() { # APP
  local tries
  for ((tries = 0; tries < 30; tries++)); do
    [[ $(log_line "$1" 's') != *compacted* ]] || return 0
    sleep 1
  done
  note "$1 was not compacted"
}
program="const b = Buffer.alloc(160 << 20, 1), part = 13 << 20; let n = 0;
require('http').createServer((q, r) => { const from = (n++ % 12) * part; for (let i = 0; i < part; i += 4096) b[from + i] = n; r.end('ok'); })
  .listen(3000, '0.0.0.0')"
body=,\"command\":$(jq -n --arg program "$program" '["-e", $program]')
for ((i = 0; i < 3; i++)); do
  run_app suspend node 256 300 "$body"
  await_state sleeping suspend
  sample suspend ignition full_save_ns "$(nanos_behind "$(log_line suspend sleeping)" 'saved in')"
  ((i == 2)) || remove_app suspend
done
target=$(address_of suspend):3000
for ((i = 0; i < ${IGNITION_BENCH_SUSPENDS:-6}; i++)); do
  ask_app suspend ignition "$target"
  await_state sleeping suspend
  sample suspend ignition changed_save_ns "$(nanos_behind "$(log_line suspend sleeping)" 'saved in')"
  sleep_times suspend suspend
  await_compacted suspend
done
remove_app suspend
