# Shared by all parts of lab/lab: messages, places, required tools.

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 125
}

note() { printf 'lab: %s\n' "$*" >&2; }

# need TOOL PACKAGE: one clear line when a tool is missing.
need() {
  PATH=$PATH:/usr/sbin:/sbin type -P "$1" >/dev/null ||
    die "$1 is missing: apt-get install --no-install-recommends $2 (all of them: $lab_home/packages)"
}

# quote STRING…: each as one word for any POSIX shell.
quote() {
  local word words=''
  for word; do words+="'${word//\'/\'\\\'\'}' "; done
  printf '%s' "${words% }"
}

# Field 22 of /proc/PID/stat: tells a process from a later one with the same id.
started_at() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  set -- ${stat##*) }
  printf '%s' "${20}"
}

# remember_process FILE PID, and kill_remembered FILE: ends that very process, nobody else.
remember_process() { printf '%s %s\n' "$2" "$(started_at "$2")" >>"$1"; }

kill_remembered() {
  local pid start
  [[ -r $1 ]] || return 0
  while read -r pid start; do
    [[ -n $start && $(started_at "$pid") == "$start" ]] && kill -KILL "$pid" 2>/dev/null
  done <"$1"
  return 0
}

cache=${IGNITION_CACHE:-${HOME:?}/.cache/ignition}/lab
machines=${XDG_RUNTIME_DIR:-/tmp}/ignition-lab-$UID
