package cloud.ignition.vmm.vcpu;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Where the vCPUs of one machine stand while it is paused: they check in, the owner waits for all, and lets them go. */
public final class VcpuGate {
    /** What the owner wants of the vCPUs. */
    public enum Wish {
        /** In the guest. */
        RUN,
        /** At the gate. */
        PAUSE,
        /** Out of their threads. */
        END
    }

    private final int vcpus;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Wish wish = Wish.PAUSE;
    private int waiting;
    private int ended;

    /** A closed gate for a number of vCPUs. */
    public VcpuGate(int vcpus) {
        this.vcpus = vcpus;
    }

    /** The wish, without a lock: read before each entry into the guest. */
    public Wish wish() {
        return wish;
    }

    /** Sets the wish; END is for good. The caller kicks the vCPUs out of the guest. */
    public void set(Wish next) {
        lock.lock();
        try {
            if (wish != Wish.END) {
                wish = next;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Called by a vCPU's thread: waits while the gate is closed and returns whether to run or to end. */
    public Wish passOrEnd() {
        lock.lock();
        try {
            waiting++;
            changed.signalAll();
            while (wish == Wish.PAUSE) {
                changed.awaitUninterruptibly();
            }
            waiting--;
            return wish;
        } finally {
            lock.unlock();
        }
    }

    /** Called by a vCPU's thread that will not come back. */
    public void left() {
        lock.lock();
        try {
            ended++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until every vCPU is at the gate or gone. */
    public void awaitAll() {
        lock.lock();
        try {
            while (waiting + ended < vcpus) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
