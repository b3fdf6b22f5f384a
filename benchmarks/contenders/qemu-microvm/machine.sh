# QEMU's options, for any POSIX shell: Ignition's devices on machine type microvm, no firmware table, no legacy device that the
# guest does not need.

# become_qemu MEMORY [OPTION...]: MEMORY shared: the file `memory`, written; private: that file, writes stay in this process;
# none: no file.
become_qemu() {
  case $1 in
    shared) memory="memory-backend-file,mem-path=$BENCH_WORK/memory,share=on" ;;
    private) memory="memory-backend-file,mem-path=$BENCH_WORK/memory,share=off" ;;
    none) memory=memory-backend-ram ;;
  esac
  shift
  exec qemu-system-x86_64 -M microvm,accel=kvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=off,memory-backend=ram \
    -cpu host -smp "$BENCH_VCPUS" -m "$BENCH_MEMORY_MIB" -nodefaults -no-user-config -display none -no-reboot \
    -object "$memory,id=ram,size=${BENCH_MEMORY_MIB}M" \
    -global virtio-mmio.force-legacy=false \
    -drive "file=$BENCH_ROOT,format=raw,if=none,id=root,readonly=on" -device virtio-blk-device,drive=root \
    -netdev "tap,id=net,fd=$BENCH_TAP_FD" -device "virtio-net-device,netdev=net,mac=$BENCH_GUEST_MAC" \
    -device virtio-rng-device \
    -device virtio-serial-device,max_ports=1 -chardev "file,id=lines,path=$BENCH_WORK/console" -device virtconsole,chardev=lines \
    -device virtio-balloon-device \
    -chardev "file,id=doorbell,path=$BENCH_WORK/doorbell" -device isa-debugcon,iobase=0x5a0,chardev=doorbell \
    -pidfile "$BENCH_WORK/pid" "$@" 2>"$BENCH_WORK/log"
}

# The memory's file is left out of the migration stream, and not read from it (QMP).
ignore_shared='{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"x-ignore-shared","state":true}]}}'
