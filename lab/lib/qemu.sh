# The QEMU that emulates the machine's processor. Before 9.1 its VMRUN forgot the interrupt shadow of STI: an interrupt
# could be delivered to a guest between STI and HLT, which then slept over the wake-up that it brought. A guest with
# several vCPUs on a busy host stood still for good. Debian 12 has 7.2; its backports have a newer one, which is
# unpacked in the cache and not installed.

qemu_wanted='9.1'

# Sets the array `qemu` to the command.
find_qemu() {
  local installed lock
  need qemu-system-x86_64 qemu-system-x86
  qemu=(qemu-system-x86_64)
  installed=$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
  ! dpkg --compare-versions "$installed" ge "$qemu_wanted" || return 0
  exec {lock}>"$cache/qemu.lock"
  flock "$lock"
  if [[ -e $cache/qemu/complete ]] || { [[ -z $(find "$cache/qemu.missing" -mmin -1440 2>/dev/null) ]] && make_qemu "$installed"; }; then
    qemu=("$cache/qemu/usr/bin/qemu-system-x86_64" -L "$cache/qemu/usr/share/qemu" -L /usr/share/seabios -L /usr/share/qemu)
  fi
  exec {lock}>&-
}

# Where this host gets Debian's packages from is where it gets the backports from.
make_qemu() {
  local work apt origin codename package name
  rm -rf "$cache"/making-qemu.*
  work=$(mktemp -d "$cache/making-qemu.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  origin=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
    awk -v codename="$codename" '$2 == codename { print $1; exit }')
  [[ -n $origin ]] || { old_qemu "$1" "apt has no source of $codename"; return 1; }
  note "fetching a newer QEMU than $1 from $codename-backports, once"
  mkdir -p "$work"/{parts,lists/partial,archives/partial,deb}
  printf 'deb %s %s-backports main\n' "$origin" "$codename" >"$work/parts/backports.list"
  apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache=$work" -o APT::Sandbox::User=root)
  "${apt[@]}" update >&2 || { old_qemu "$1" "cannot read $codename-backports"; return 1; }
  for name in qemu-system-x86 qemu-system-data; do
    (cd "$work/deb" && "${apt[@]}" download "$name/$codename-backports" >&2) || { old_qemu "$1" "$codename-backports has no $name"; return 1; }
  done
  mkdir "$work/qemu"
  for package in "$work"/deb/*.deb; do dpkg-deb -x "$package" "$work/qemu"; done
  "$work/qemu/usr/bin/qemu-system-x86_64" --version >/dev/null 2>&1 || { old_qemu "$1" "the newer one does not run here"; return 1; }
  touch "$work/qemu/complete"
  chmod -R a+rX "$work/qemu"
  rm -rf "$cache/qemu"
  mv -T "$work/qemu" "$cache/qemu"
  rm -rf "$work"
  trap - EXIT
}

# It does for a guest with one vCPU, and for most others. The next try is a day later.
old_qemu() {
  touch "$cache/qemu.missing"
  rm -rf "$work"
  trap - EXIT
  note "uses QEMU $1, in which guests with several vCPUs may stand still ($2); install QEMU $qemu_wanted or newer"
}
