# The machine's kernel, modules and initramfs: made once, kept in the cache under a hash of all that
# decides what is in them.

find_virtiofsd() {
  for virtiofsd in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do
    [[ -x $virtiofsd ]] || continue
    # The one in C drops its supplementary groups, which nobody but root may.
    [[ $virtiofsd != /usr/lib/qemu/* || $UID == 0 ]] || die "on this Debian release the lab needs root: run it with sudo"
    return
  done
  die "virtiofsd is missing: apt-get install --no-install-recommends qemu-system-common (Debian 12) or virtiofsd (later)"
}

need_all() {
  need busybox busybox-static
  need dropbear dropbear-bin
  need dropbearkey dropbear-bin
  need ssh openssh-client
  need ssh-keygen openssh-client
  need modprobe kmod
  need cpio cpio
  need ip iproute2
  need setpriv util-linux
  need unshare util-linux
  need perl perl-base
  find_virtiofsd
}

# Sets `parts` to the directory with vmlinuz, initramfs and lib/modules.
prepare_parts() {
  need_all
  local hash lock
  hash=$(
    {
      cat "$lab_home"/lib/{init,stage2,parts.sh}
      sha256sum <"$(type -P busybox)"
    } | sha256sum
  )
  parts=$cache/${hash:0:16}
  [[ ! -e $parts/complete ]] || { touch "$parts/complete"; return 0; }
  mkdir -p "$cache"
  exec {lock}>"$cache/lock"
  flock "$lock"
  if [[ ! -e $parts/complete ]]; then
    rm -rf "$cache"/making.*
    making=$(mktemp -d "$cache/making.XXXXXX")
    trap 'rm -rf "$making"' EXIT
    make_parts "$making"
    trap - EXIT
    # What no machine was started from for two weeks.
    find "$cache" -mindepth 2 -maxdepth 2 -name complete -mtime +14 -printf '%h\0' | xargs -0r rm -rf
  fi
  exec {lock}>&-
}

# The kernel package, kept for other initramfs versions. Sets `package` to its file.
fetch_kernel() {
  local name
  package=$(find "$cache" -maxdepth 1 -name 'linux-image-*.deb' -mtime -30 | head -n 1)
  [[ -z $package ]] || return 0
  name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
  [[ -n $name ]] || die "no package linux-image-cloud-amd64 in apt's lists: run apt-get update"
  note "fetching the kernel package $name"
  (cd "$1" && apt-get download -qq -o APT::Sandbox::User=root "$name" >&2) ||
    die "cannot download $name: run apt-get update, check the network"
  rm -f "$cache"/linux-image-*.deb
  mv "$1/$name"_*.deb "$cache/"
  package=$(find "$cache" -maxdepth 1 -name 'linux-image-*.deb' | head -n 1)
}

make_parts() {
  local work=$1 package version
  fetch_kernel "$work"
  dpkg-deb -x "$package" "$work/tree"
  version=$(find "$work/tree/boot" -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//')
  note "unpacking kernel $version"
  mv "$work/tree/boot/vmlinuz-$version" "$work/vmlinuz"
  mkdir -p "$work/lib"
  mv "$(dirname "$(find "$work/tree" -type d -path "*/modules/$version" | head -n 1)")" "$work/lib/"
  rm -rf "$work/tree"
  PATH=$PATH:/usr/sbin:/sbin depmod -b "$work" "$version"
  make_initramfs "$work" "$version"
  printf '%s\n' "$version" >"$work/complete"
  chmod -R a+rX "$work"
  rm -rf "$parts"
  mv -T "$work" "$parts"
}

# In the initramfs, so that loading them does not wait for virtio-fs; every other module is found in
# the machine's /lib/modules.
early_modules='virtio_pci virtiofs overlay'
late_modules='kvm-amd tun virtio_net virtio-rng veth bridge br_netfilter dummy loop squashfs vhost_vsock
  nf_tables nf_conntrack nft_chain_nat nft_nat nft_masq nft_redir nft_ct nft_fib_ipv4 nft_fib_inet
  nft_reject_inet nft_limit nft_log'

make_initramfs() {
  local work=$1 version=$2 path name tree=$1/initramfs.tree modules
  modules=$tree/lib/modules/$version
  mkdir -p "$tree/bin" "$modules"
  cp "$(type -P busybox)" "$tree/bin/busybox"
  install -m 755 "$lab_home/lib/init" "$tree/init"
  install -m 644 "$lab_home/lib/stage2" "$tree/stage2"
  printf '%s\n' $early_modules >"$tree/modules.early"
  printf '%s\n' $late_modules >"$tree/modules.late"
  PATH=$PATH:/usr/sbin:/sbin modprobe -d "$work" -S "$version" --show-depends -a $early_modules $late_modules |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r path; do
      name=$(basename "$path")
      case $name in
        *.xz) xz -dc "$path" >"$modules/${name%.xz}" ;;
        *.zst) zstd -dqc "$path" >"$modules/${name%.zst}" ;;
        *) cp "$path" "$modules/$name" ;;
      esac
    done
  cp "$work/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$modules/"
  PATH=$PATH:/usr/sbin:/sbin depmod -b "$tree" "$version"
  rm -f "$modules"/modules.*.bin
  (cd "$tree" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$work/initramfs"
  rm -rf "$tree"
}
