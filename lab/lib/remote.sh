# Commands in a running machine, over ssh on the loopback interface.

passed_variables='HOME PATH JAVA_HOME LANG LC_ALL TERM MAVEN_OPTS MAVEN_ARGS JAVA_TOOL_OPTIONS SOURCE_DATE_EPOCH'

# A word every second, to which the machine's network card raises an interrupt: a machine whose one processor is busy in a
# guest has been seen to miss its own timer, and stood still until something else interrupted it.
ssh_to_machine() {
  ssh -F /dev/null -p "$(<"$machine/port")" -i "$machine/key" -o IdentitiesOnly=yes -o BatchMode=yes \
    -o UserKnownHostsFile="$machine/known_hosts" -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=lab \
    -o StrictHostKeyChecking=yes -o LogLevel=ERROR -o ControlPath="$machine/control" \
    -o ServerAliveInterval=1 -o ServerAliveCountMax=86400 \
    -o KexAlgorithms=curve25519-sha256 -o Ciphers=chacha20-poly1305@openssh.com "$@"
}

# One connection, kept open, that later commands share.
open_connection() {
  ssh_to_machine -o ControlMaster=yes -o ControlPersist=yes -f -N root@127.0.0.1 </dev/null >/dev/null 2>&1 ||
    die "cannot reach the machine's ssh server"
}

# write_job WORD…: a script that runs the command as here: directory, environment, its own cgroup (so
# that all of it can be ended). Sets `job`.
write_job() {
  local name file
  file=$(mktemp "$machine/job.XXXXXXXX")
  job=${file##*/}
  {
    printf 'group=/sys/fs/cgroup/lab/%s\nmkdir "$group" && echo $$ >"$group/cgroup.procs"\n' "$job"
    printf '[[ ! -e /run/lab/ended/%s ]] || exit\n' "$job"
    cat "$lab_home/lib/refresh"
    for name in $passed_variables ${!IGNITION_@}; do
      [[ ${!name+set} ]] && printf 'export %s=%s\n' "$name" "$(quote "${!name}")"
    done
    printf 'export IGNITION_LAB=1 USER=root LOGNAME=root\n'
    printf 'cd -- %s || exit 125\n' "$(quote "$PWD")"
    printf 'unset group SSH_CLIENT SSH_CONNECTION SSH_TTY MAIL\n'
    printf '%s\n' "$(quote "$@")"
    printf 'exit\n'
  } >"$file"
}

# The mark comes first: a job that has not come to its cgroup yet sees it there and ends.
end_job() {
  ssh_to_machine root@127.0.0.1 "mkdir -p /run/lab/ended/$job; cd /sys/fs/cgroup/lab/$job && { kill -TERM \$(cat cgroup.procs); sleep 1; echo 1 >cgroup.kill; }" \
    </dev/null >/dev/null 2>&1
}

# run_job LIMIT WORD…: streams and exit code of the command; 124 after LIMIT seconds (0: no limit).
run_job() {
  local limit=$1 client timer='' first code
  shift
  write_job "$@"
  ssh_to_machine root@127.0.0.1 "exec /bin/bash /run/lab/host$machine/$job" <&0 &
  client=$!
  if ((limit > 0)); then
    sleep "$limit" &
    timer=$!
  fi
  trap 'interrupt_job 130' INT
  trap 'interrupt_job 143' TERM HUP
  wait -n -p first $client $timer
  code=$?
  if [[ $first == "$timer" ]]; then
    note "time limit of $limit s reached: ending the command"
    ((tied)) || end_job
    kill "$client" 2>/dev/null
    code=124
  elif [[ -n $timer ]]; then
    kill "$timer"
  fi
  wait $client $timer 2>/dev/null
  trap - INT TERM HUP
  rm -f "$machine/$job"
  if ((code == 255)) && ! kill -0 "$(<"$machine/pid")" 2>/dev/null; then
    note "the machine went away; its last words:"
    tail -n 20 "$machine/qemu.log" "$machine/console.log" >&2
  fi
  return "$code"
}

interrupt_job() {
  trap '' INT TERM HUP
  ((tied)) || end_job
  kill $client $timer 2>/dev/null
  rm -f "$machine/$job"
  exit "$1"
}
