# The machine's kernel, modules and initramfs: made once, kept in the cache under a hash of all that
# decides what is in them.

find_virtiofsd() {
  for virtiofsd in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do
    [[ -x $virtiofsd ]] && return
  done
  die "virtiofsd is missing: apt-get install --no-install-recommends qemu-system-common (Debian 12) or virtiofsd (later)"
}

need_all() {
  need qemu-system-x86_64 qemu-system-x86
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
  local hash
  hash=$(
    {
      cat "$lab_home"/lib/{init,stage2,parts.sh}
      sha256sum <"$(type -P busybox)"
    } | sha256sum
  )
  parts=$cache/${hash:0:16}
  [[ -e $parts/complete ]] && return
  mkdir -p "$cache"
  local lock
  exec {lock}>"$cache/lock"
  flock "$lock"
  if [[ ! -e $parts/complete ]]; then
    rm -rf "$cache"/making.*
    make_parts "$(mktemp -d "$cache/making.XXXXXX")"
  fi
  exec {lock}>&-
}

make_parts() {
  local work=$1 package version
  trap 'rm -rf "$work"' EXIT
  package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
  [[ -n $package ]] || die "no package linux-image-cloud-amd64 in apt's lists: run apt-get update"
  note "fetching the kernel package $package"
  chmod 755 "$work"
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package" >&2) ||
    die "cannot download $package: run apt-get update, check the network"
  dpkg-deb -x "$work/$package"_*.deb "$work/tree"
  version=$(basename "$work"/tree/lib/modules/*)
  note "unpacking kernel $version"
  mv "$work/tree/boot/vmlinuz-$version" "$work/vmlinuz"
  mv "$work/tree/lib" "$work/lib"
  rm -rf "$work/tree" "$work/$package"_*.deb
  PATH=$PATH:/usr/sbin:/sbin depmod -b "$work" "$version"
  make_initramfs "$work" "$version"
  printf '%s\n' "$version" >"$work/complete"
  chmod -R a+rX "$work"
  rm -rf "$parts"
  mv -T "$work" "$parts"
  trap - EXIT
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
