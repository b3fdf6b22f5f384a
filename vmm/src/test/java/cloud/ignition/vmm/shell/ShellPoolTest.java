package cloud.ignition.vmm.shell;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real shells on /dev/kvm. */
@Timeout(60)
class ShellPoolTest {
    private static final ShellPlan PLAN = plan(0);

    private final KvmHost host = KvmHost.open();
    private final List<VmShell> taken = new ArrayList<>();
    private final ShellPool pool = new ShellPool();

    private static ShellPlan plan(int number) {
        return new ShellPlan(new MachineShape(1, Limits.MIN_MEMORY_BYTES + ((long) number << 21)), List.of(1, 3));
    }

    @AfterEach
    void close() {
        pool.close();
        taken.forEach(VmShell::close);
    }

    private VmShell take(ShellPlan plan) {
        VmShell shell = pool.take(host, plan);
        taken.add(shell);
        return shell;
    }

    @Test
    void givesWhatWasMadeBeforehandAndMakesMore() throws Exception {
        VmShell made = take(PLAN); // there is none yet
        pool.awaitSettled();
        assertThat(pool.ready()).isEqualTo(2);
        VmShell ready = take(PLAN);
        pool.awaitSettled();
        assertThat(ready).isNotSameAs(made);
        assertThat(pool.ready()).isGreaterThanOrEqualTo(2);
        assertThat(ready.plan()).isEqualTo(PLAN);
        assertThat(ready.runners())
                .hasSize(1)
                .allSatisfy(runner -> assertThat(runner.tid()).isPositive());
        assertThat(ready.slots()).hasSize(2);
        ready.backing().placeZeroes();
        ready.memory().setLong(0x1000, 5);
        try (Arena arena = Arena.ofConfined()) {
            var regs = arena.allocate(KvmVcpuState.REGS.minSize(), 8);
            ready.vcpus().getFirst().get(KvmVcpuState.REGS, regs);
            assertThat(regs.toArray(ValueLayout.JAVA_BYTE)).isNotEmpty();
        }
    }

    @Test
    void keepsOnlyTheKindsUsedLast() throws Exception {
        for (int i = 0; i <= Limits.MAX_POOLED_PLANS; i++) {
            pool.expect(plan(i));
            pool.awaitSettled();
        }
        assertThat(pool.ready()).isEqualTo(2 * Limits.MAX_POOLED_PLANS);
        int before = pool.ready();
        take(plan(0)); // the first one is forgotten by now
        assertThat(pool.ready()).isLessThanOrEqualTo(before);
        pool.awaitSettled();
        assertThat(pool.ready()).isEqualTo(2 * Limits.MAX_POOLED_PLANS);
    }

    @Test
    void aClosedPoolGivesNewOnes() throws Exception {
        pool.expect(PLAN);
        pool.awaitSettled();
        pool.close();
        assertThat(pool.ready()).isZero();
        assertThat(take(PLAN).plan()).isEqualTo(PLAN);
        assertThat(pool.ready()).isZero();
    }
}
