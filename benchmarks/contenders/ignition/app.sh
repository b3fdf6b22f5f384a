# The contender's one app.
app=bench

await_sleep() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    [[ $("$BENCH_ASK" api "$IGNITION_SOCKET" GET "/v1/apps/$app") != *'"state":"sleeping"'* ]] || return 0
    sleep 0.1
  done
  echo "app $app did not fall asleep within two minutes" >&2
  return 1
}
