# Random traffic over 40 apps for some minutes: what a request waits, errors, and in which state the apps end.
traffic_apps=${IGNITION_BENCH_APPS:-40}
apps=() traffic_targets=()
for ((i = 0; i < traffic_apps; i++)); do
  run_app "traffic-$i" nginx 64 3000
  apps+=("traffic-$i")
  traffic_targets+=("$(address_of "traffic-$i"):80")
  ((i % 10 != 9)) || note "$((i + 1)) of $traffic_apps apps"
done
await_state sleeping "${apps[@]}"
note "$minutes minutes of traffic, seed $seed"
(
  for ((i = 1; i < minutes; i++)); do
    sleep 60
    note "$i of $minutes minutes, $(wc -l <"$results/traffic.txt") requests"
  done
) &
ticker=$!
"$BENCH_ASK" traffic --seed "$seed" --seconds $((minutes * 60)) --mean-ms "${IGNITION_BENCH_MEAN_MS:-2000}" --timeout 120 \
  "${traffic_targets[@]}" >"$results/traffic.txt"
kill "$ticker" 2>/dev/null
# An app that nobody asked for eight seconds slept: three of idle time, and time to be saved.
while read -r at which gap first; do
  if ((first < 0)); then
    sample traffic ignition lost 1
  elif ((gap < 0 || gap > 8000)); then
    sample traffic ignition asleep_first_byte_ns "$first"
  else
    sample traffic ignition recent_first_byte_ns "$first"
  fi
done <"$results/traffic.txt"
sample traffic ignition requests "$(wc -l <"$results/traffic.txt")"
await_state sleeping "${apps[@]}"
api GET /v1/apps | jq -r '.apps[] | select(.name | startswith("traffic-")) | "\(.state) \(.coldBoots) \(.wakes)"' >"$results/traffic-end.txt"
sample traffic ignition asleep_at_the_end "$(grep -c '^sleeping' "$results/traffic-end.txt")"
sample traffic ignition cold_boots "$(awk '{ sum += $2 } END { print sum - NR }' "$results/traffic-end.txt")"
sample traffic ignition wakes "$(awk '{ sum += $3 } END { print sum }' "$results/traffic-end.txt")"
for app in "${apps[@]}"; do remove_app "$app"; done
