# A machine: a directory with its settings, keys, sockets and logs, QEMU, and one virtiofsd for each
# shared directory. QEMU holds the lock on the directory's file `lock` for as long as it runs, so a
# directory whose lock is free is a leftover of something that was killed.

boot_limit=${IGNITION_LAB_BOOT_LIMIT:-120}

is_alive() {
  local lock
  [[ -e $1/lock ]] || return 1
  exec {lock}<"$1/lock" || return 1
  if flock -n "$lock"; then
    exec {lock}<&-
    return 1
  fi
  exec {lock}<&-
}

discard() {
  kill_remembered "$1/helpers"
  rm -rf "$1"
}

reap_leftovers() {
  local directory
  for directory in "$machines"/*/; do
    directory=${directory%/}
    [[ -d $directory ]] || continue
    is_alive "$directory" || discard "$directory"
  done
}

# claim NAME: sets `machine` to a new directory whose lock this shell holds (fd `machine_lock`).
claim() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$ ]] || die "machine name '$1': use up to 32 letters, digits, '.', '_', '-'"
  [[ $machines =~ ^[^[:space:]]{1,60}$ ]] || die "the directory for machines, $machines, must be short and without blanks: set XDG_RUNTIME_DIR"
  mkdir -p -m 700 "$machines"
  [[ -O $machines ]] || die "$machines belongs to another user: set XDG_RUNTIME_DIR"
  local global
  exec {global}>"$machines/.lock"
  flock "$global"
  reap_leftovers
  machine=$machines/$1
  if [[ -d $machine ]]; then
    exec {global}>&-
    die "machine '$1' is already running: lab/lab stop --name $1"
  fi
  mkdir -m 700 "$machine"
  exec {machine_lock}>"$machine/lock"
  flock -n "$machine_lock"
  exec {global}>&-
}

write_settings() {
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$machine/key"
  dropbearkey -t ed25519 -f "$machine/host_key" 2>/dev/null | sed -n 's/^ssh-ed25519 /lab &/p' >"$machine/known_hosts"
  {
    printf 'lab_modules=%s\n' "$(quote "$parts/lib/modules/$(<"$parts/complete")")"
    printf 'lab_authorized_key=%s\n' "$(quote "$(<"$machine/key.pub")")"
    printf 'lab_root_home=%s\n' "$(getent passwd root | cut -d: -f6)"
    printf 'lab_shares=%s\n' "$(quote "$(lines "${shares[@]}")")"
    printf 'lab_live=%s\n' "$(quote "$(lines "${live[@]}")")"
  } >"$machine/settings"
}

lines() { (($# == 0)) || printf '%s\n' "$@"; }

# share TAG MODE CACHE DIRECTORY: starts virtiofsd and appends QEMU's options for it to `devices`.
share() {
  local pid
  pid=$("$lab_home/lib/share-directory" "$machine/$1.sock" "$2" "$3" "$4" "$machine/virtiofsd.log" "$virtiofsd" {machine_lock}>&-) ||
    die "cannot share $4 with the machine"
  remember_process "$machine/helpers" "$pid"
  devices+=(-chardev "socket,id=$1,path=$machine/$1.sock"
    -device "vhost-user-fs-pci,chardev=$1,tag=$1,queue-size=1024")
}

# boot_machine: boots `machine` with qemu, memory_mib, cpus, shares, live; returns when it is ready.
# With `tied` set to 1, QEMU ends with this shell, however that ends.
boot_machine() {
  local index devices=() tie=() pid said=''
  write_settings
  share lab-root read-only always /
  for index in "${!live[@]}"; do share "lab-live$index" read-only auto "${live[index]}"; done
  for index in "${!shares[@]}"; do share "lab-share$index" read-write auto "${shares[index]}"; done
  ((tied)) && tie=(setpriv --pdeathsig KILL)
  exec {ready}< <(
    exec "${tie[@]}" setsid "${qemu[@]}" -name "ignition-lab-$(basename "$machine")" -nodefaults -no-user-config \
      -M q35,smm=off,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu max,svm=on -smp "$cpus" -m "$memory_mib" \
      -object "memory-backend-memfd,id=mem,size=${memory_mib}M,share=on" -numa node,memdev=mem \
      -display none -no-reboot -rtc base=utc \
      -kernel "$parts/vmlinuz" -initrd "$parts/initramfs" \
      -append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable nokaslr audit=0 apparmor=0 lab.dir=$machine" \
      -serial "file:$machine/console.log" -chardev stdio,id=ready,signal=off -serial chardev:ready \
      -device virtio-net-pci,netdev=net,romfile= \
      -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22" \
      -device virtio-rng-pci -monitor none "${devices[@]}" \
      </dev/null 2>"$machine/qemu.log"
  )
  pid=$!
  remember_process "$machine/helpers" "$pid"
  printf '%s\n' "$pid" >"$machine/pid"
  if ! read -rt "$boot_limit" said <&"$ready" || [[ $said != ready* ]]; then
    if kill -0 "$pid" 2>/dev/null && [[ -z $said ]]; then said="not ready within $boot_limit s (IGNITION_LAB_BOOT_LIMIT)"; fi
    note "the machine did not come up: ${said:-QEMU ended}; its last words:"
    tail -n 20 "$machine/qemu.log" "$machine/virtiofsd.log" "$machine/console.log" >&2
    return 1
  fi
  exec {ready}<&-
  find_port "$pid" >"$machine/port"
}

# QEMU chose a free port of the loopback interface: the one TCP socket it listens on.
find_port() {
  local socket inode
  for socket in /proc/"$1"/fd/*; do
    inode=$(readlink "$socket")
    [[ $inode == socket:* ]] || continue
    inode=${inode//[!0-9]/}
    awk -v inode="$inode" '$4 == "0A" && $10 == inode { split($2, a, ":"); print a[2]; found = 1 } END { exit !found }' /proc/net/tcp |
      { read -r hex && printf '%d\n' "0x$hex"; } && return
  done
  die "QEMU listens on no port"
}

# end_machine: everything of the machine goes away.
end_machine() {
  [[ -d $machine ]] || return 0
  [[ -e $machine/control ]] && ssh -F /dev/null -o ControlPath="$machine/control" -O exit lab >/dev/null 2>&1
  discard "$machine"
}
