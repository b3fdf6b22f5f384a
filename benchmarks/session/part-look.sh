mount -t debugfs none /sys/kernel/debug 2>/dev/null
pull nginx
kvm_stats() { for f in exits io_exits mmio_exits halt_exits irq_exits signal_exits pf_fixed pf_taken pf_mmio_spte_created insn_emulation request_irq_exits hypercalls nmi_window_exits irq_injections invlpg remote_tlb_flush pages_4k pages_2m; do printf '%s=%s ' $f "$(cat /sys/kernel/debug/kvm/*/$f 2>/dev/null | paste -sd+ | bc 2>/dev/null || cat /sys/kernel/debug/kvm/*/$f 2>/dev/null | head -1)"; done; echo; }
cat /sys/kernel/mm/transparent_hugepage/enabled >&2
for i in 1 2; do
"$BENCH_ASK" api "$IGNITION_SOCKET" POST /v1/apps "{\"name\":\"look\",\"image\":\"$registry/nginx:latest\",\"vcpus\":1,\"memoryBytes\":$((256 << 20)),\"idleMillis\":0,\"snapshot\":\"manual\",\"entrypoint\":\"dmesg\",\"command\":[]}" >/dev/null &
sleep 12
api GET "/v1/apps/look/logs?tail=200" | jq -r 'select(.line) | .time + " " + .stream + " " + .line' > $results/look.ours.$i
remove_app look
"$BENCH_ASK" api "$IGNITION_SOCKET" POST /v1/apps "{\"name\":\"look\",\"image\":\"$registry/nginx:latest\",\"vcpus\":1,\"memoryBytes\":$((256 << 20)),\"idleMillis\":0,\"snapshot\":\"manual\"}" >/dev/null &
sleep 12
kvm_stats >$results/look.ours.stats.$i
remove_app look
contender qemu-microvm nginx 80
"$BENCH_ASK" tap "$BENCH_TAP" "$scripts/boot" & sleep 10
kvm_stats >$results/look.qemu.stats.$i
$scripts/stop
mapfile -t records < <(records_of nginx | grep -v '^arg')
make_initramfs "$BENCH_WORK/dmesg.cpio" arg=dmesg "${records[@]}"
BENCH_INITRAMFS=$BENCH_WORK/dmesg.cpio "$BENCH_ASK" tap "$BENCH_TAP" "$scripts/boot" & sleep 10
cp $BENCH_WORK/console $results/look.qemu.$i
$scripts/stop
done
