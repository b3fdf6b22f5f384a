# Shared by the parts of a session: places, samples, the daemon, contenders. Sourced by session/run.

note() { printf '[%5d s] %s\n' "$SECONDS" "$*" >&2; }
die() { note "$*"; exit 1; }

# sample PART WHO WHAT VALUE: one number; the report groups them.
sample() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$results/samples.tsv"; }
fact() { printf '%s\t%s\n' "$@" >>"$results/facts.tsv"; }

# What the app's log said last, of lines with this text.
log_line() { api GET "/v1/apps/$1/logs?tail=40" | jq -r --arg text "$2" 'select((.line // "") | contains($text)) | .line' | tail -n 1; }
log_time() { # microseconds since 1970
  local time
  time=$(api GET "/v1/apps/$1/logs?tail=200" | jq -r --arg text "$2" 'select((.line // "") | contains($text)) | .time' | tail -n 1)
  [[ -n $time ]] && date -d "$time" +%s%6N
}
# nanos_behind TEXT WORDS: the number of milliseconds behind these words, as nanoseconds.
nanos_behind() { sed -n "s/.*$2 \([0-9]*\)\.\([0-9]\) ms.*/\1\200000/p" <<<"$1"; }

# The stages of an app's last wake, as the daemon tells them: nanoseconds since the packet was seen.
stages() { # PART APP
  local stage nanos
  api GET "/v1/apps/$2" | jq -r '.lastWakes[-1].stages[] | "\(.name) \(.nanos)"' |
    while read -r stage nanos; do sample "$1" ignition "stage:${stage}_ns" "$nanos"; done
}
# How the app's last way to sleep went.
sleep_times() { # PART APP
  local line
  line=$(log_line "$2" "sleeping")
  [[ $line != *'at rest'* ]] || sample "$1" ignition at_rest_ns "$(nanos_behind "$line" 'at rest')"
  [[ $line != *'saved in'* ]] || sample "$1" ignition save_ns "$(nanos_behind "$line" 'saved in')"
  [[ $line != *'gone'* ]] || sample "$1" ignition gone_ns "$(nanos_behind "$line" 'gone')"
}

# ask_app PART WHO TARGET [what]: one request, its time as a sample.
ask_app() {
  local connected first
  read -r connected first _ < <("$BENCH_ASK" once --timeout 120 "$3")
  if ((first > 0)); then sample "$1" "$2" "${4:-first_byte_ns}" "$first"; else sample "$1" "$2" lost 1; note "$2: no answer"; fi
}

# Memory that programs and the kernel hold, without caches and file systems in memory, in bytes.
used_bytes() { awk '/^(MemTotal|MemFree|Buffers|Cached|SReclaimable):/ { v[$1] = $2 } END {
  printf "%d", (v["MemTotal:"] - v["MemFree:"] - v["Buffers:"] - v["Cached:"] - v["SReclaimable:"]) * 1024 }' /proc/meminfo; }
rss_bytes() { awk '/^VmRSS:/ { printf "%d", $2 * 1024 }' "/proc/$1/status"; }
cpu_ticks() { local stat; read -r stat <"/proc/$1/stat"; set -- ${stat##*) }; echo $((${12} + ${13})); }

# Nanoseconds since boot, without a process.
now_ns() { local up; read -r up _ </proc/uptime; printf '%s' "${up/./}0000000"; }

# ---- the disk: ext4 on a block device, so that a dropped page cache must be read again
make_disk() {
  modprobe ext4
  truncate -s "${disk_gib}G" "$work/disk"
  mkfs.ext4 -q -F -E lazy_itable_init=0 -O ^has_journal "$work/disk"
  mkdir -p "$disk"
  mount -o loop,noatime "$work/disk" "$disk"
}

drop_caches() { sync; echo 3 >/proc/sys/vm/drop_caches; }

# ---- the product
api() { "$BENCH_ASK" api "$IGNITION_SOCKET" "$@"; }

start_daemon() { # [OPTION...]
  local tries
  bin/ignition daemon --state "$disk/state" --socket "$IGNITION_SOCKET" "$@" >>"$results/daemon.log" 2>&1 &
  daemon=$!
  for ((tries = 0; tries < 600; tries++)); do
    ! api GET /v1/version >/dev/null 2>&1 || return 0
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$results/daemon.log" >&2
  die "the daemon did not start"
}

stop_daemon() {
  [[ -n ${daemon:-} ]] || return 0
  kill "$daemon" 2>/dev/null
  wait "$daemon" 2>/dev/null
  daemon=
}

# run_app NAME IMAGE MEMORY_MIB [IDLE_MILLIS [,MORE_JSON]]: an app that sleeps as soon as it is ready.
run_app() {
  local answer
  pull "$2"
  answer=$(api POST /v1/apps "{\"name\":\"$1\",\"image\":\"$registry/$2:latest\",\"vcpus\":$BENCH_VCPUS,\"memoryBytes\":$(($3 << 20)),\"idleMillis\":${4:-300}${5:-}}") ||
    die "app $1 cannot be run: $answer"
  [[ $answer == *'"event":"done"'* ]] || die "app $1 did not become ready: $answer"
}
remove_app() { api DELETE "/v1/apps/$1?force=true" >/dev/null; }

# await_state STATE APP...: until all are.
await_state() {
  local state=$1 tries app
  shift
  for app; do
    for ((tries = 0; tries < 1200; tries++)); do
      [[ $(api GET "/v1/apps/$app") != *"\"state\":\"$state\""* ]] || continue 2
      sleep 0.1
    done
    die "app $app did not become $state: $(api GET "/v1/apps/$app")"
  done
}
address_of() { api GET "/v1/apps/$1" | jq -r .address; }

# pull IMAGE: has the daemon pull it; its root image becomes $disk/IMAGE.squashfs too.
pull() {
  local before after
  [[ ! -e $disk/$1.squashfs ]] || return 0
  before=$(ls "$disk/state/images/roots")
  api POST /v1/images/pull "{\"reference\":\"$registry/$1:latest\"}" >/dev/null || die "image $1 cannot be pulled"
  after=$(ls "$disk/state/images/roots")
  ln "$disk/state/images/roots/$(comm -13 <(echo "$before") <(echo "$after") | head -n 1)" "$disk/$1.squashfs" ||
    die "image $1 has no root image"
}

# ---- the network of other contenders: a tap with the addresses and neighbours that Ignition gives its own
bench_tap=bench0 bench_host=10.99.0.1 bench_guest=10.99.0.2
bench_host_mac=02:49:0a:63:00:01 bench_guest_mac=02:49:0a:63:00:02

make_tap() {
  ip tuntap add dev "$bench_tap" mode tap vnet_hdr
  echo 1 >"/proc/sys/net/ipv6/conf/$bench_tap/disable_ipv6"
  ip -batch - <<TEXT
link set dev $bench_tap address $bench_host_mac txqueuelen 1000 multicast off
address replace $bench_host/30 dev $bench_tap
link set dev $bench_tap up
neighbour replace $bench_guest lladdr $bench_guest_mac dev $bench_tap nud permanent
TEXT
}

# What the guest's init is told, in an archive behind the initramfs, as Ignition's daemon does it.
make_initramfs() { # FILE, then the image's arguments and environment as records
  local file=$1 directory
  shift
  directory=$(mktemp -d "$work/initramfs.XXXXXX")
  mkdir -m 700 "$directory/ignition"
  printf '%s\0' hostname=bench "address=$bench_guest/30" "gateway=$bench_host" "gateway-mac=$bench_host_mac" \
    root=/dev/vda rootfs=squashfs "$@" >"$directory/ignition/config"
  { cat "$IGNITION_INITRAMFS"; (cd "$directory" && printf '%s\n' ignition ignition/config | cpio -o -H newc --quiet); } >"$file"
  rm -rf "$directory"
}

# records_of IMAGE: how its application is started, from the image's own configuration, as records for the guest's init.
records_of() {
  skopeo inspect --config --tls-verify=false --override-arch amd64 "docker://$registry/$1:latest" |
    jq -r '.config | ((.Entrypoint // []) + (.Cmd // []) | map("arg=" + .))[], (.Env // [] | map("env=" + .))[],
      "cwd=" + ((.WorkingDir // "") | if . == "" then "/" else . end), "user=" + (.User // "")'
}

# contender NAME IMAGE PORT: sets the environment that its scripts find (benchmarks/contenders/README.md).
contender() {
  local records
  name=$1
  scripts=benchmarks/contenders/$name
  export BENCH_IMAGE=$registry/$2:latest BENCH_PORT=$3 BENCH_WORK=$disk/$name-$2
  export BENCH_KERNEL=$IGNITION_KERNEL BENCH_INITRAMFS=$BENCH_WORK/initramfs.cpio BENCH_ROOT=$disk/$2.squashfs
  export BENCH_TAP=$bench_tap BENCH_GUEST_ADDRESS=$bench_guest BENCH_GUEST_MAC=$bench_guest_mac
  mkdir -p "$BENCH_WORK"
  pull "$2"
  if [[ ! -e $BENCH_INITRAMFS ]]; then
    mapfile -t records < <(records_of "$2")
    make_initramfs "$BENCH_INITRAMFS" "${records[@]}"
  fi
}

# wake_contender: wakes what `contender` has set; prints what `ask once` does. The tap is held for others only.
wake_contender() {
  if [[ -x $scripts/wake ]]; then
    "$BENCH_ASK" once --tap "$BENCH_TAP" --timeout 60 "$target" -- "$scripts/wake"
  else
    "$BENCH_ASK" once --timeout 60 "$target"
  fi
}
prepare_contender() {
  if [[ -x $scripts/wake ]]; then "$BENCH_ASK" tap "$BENCH_TAP" "$scripts/prepare"; else "$scripts/prepare"; fi
}

# How long the daemon says that its last start took.
ready_nanos() { sed -n 's/.*READY on .* \([0-9]*\) ms after the start.*/\1000000/p' "$results/daemon.log" | tail -n 1; }
