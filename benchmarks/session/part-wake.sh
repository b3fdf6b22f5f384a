# SYN to first byte of a sleeping app, contenders in turns; the page cache warm, then dropped before each.

prepare_all() {
  local name
  declare -gA targets=()
  for name in $contenders; do
    note "preparing $name"
    contender "$name" nginx 80
    targets[$name]=$(prepare_contender 2>"$results/$name.prepare.log") ||
      { tail -n 20 "$results/$name.prepare.log" >&2; die "$name cannot be prepared"; }
  done
}

# turn PART: every contender once.
turn() {
  local name connected first
  for name in $contenders; do
    contender "$name" nginx 80
    target=${targets[$name]}
    if [[ $1 == dropped ]]; then
      drop_caches
      [[ ! -x $scripts/warm ]] || "$scripts/warm"
    fi
    read -r connected first _ < <(wake_contender)
    if ((first > 0)); then
      sample "$1" "$name" connected_ns "$connected"
      sample "$1" "$name" first_byte_ns "$first"
      [[ $name != ignition ]] || stages "$1" bench
    else
      sample "$1" "$name" lost 1
      note "$name: no answer"
    fi
    "$scripts/stop"
    [[ $name != ignition ]] || sleep_times "$1" bench
  done
}

prepare_all
note "warm-up"
for ((i = 0; i < ${IGNITION_BENCH_WARM_UP:-5}; i++)); do turn warm-up; done
for state in warm dropped; do
  note "$wakes turns with the page cache $state"
  for ((i = 0; i < wakes; i++)); do
    turn "$state"
    ((i % 10 != 9)) || note "$((i + 1)) of $wakes"
  done
done
