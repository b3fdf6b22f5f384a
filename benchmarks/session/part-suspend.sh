# Saving a machine of which 5 % of the memory changed, beside saving all of it: node holds a buffer of 160 of 256 MiB, and each request
# writes a byte into each page of 5 % of 256 MiB, always the same ones: what is written is what changed since the base, and requests that
# each write elsewhere add up until the snapshot is made whole again. For that, where it is due, the next request waits.
await_compacted() { # APP
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    [[ $(log_line "$1" '') != *compacted* ]] || return 0
    sleep 1
  done
}
program="const b = Buffer.alloc(160 << 20, 1), part = 13 << 20; let n = 0;
require('http').createServer((q, r) => { n++; for (let i = 0; i < part; i += 4096) b[i] = n; r.end('ok'); })
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
