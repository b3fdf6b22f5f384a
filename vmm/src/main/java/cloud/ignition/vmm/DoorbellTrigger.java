package cloud.ignition.vmm;

import java.util.List;

/** Which guest event rings the doorbell; becomes the guest kernel's {@code ignition.*} parameters (docs/doorbell.md). */
public sealed interface DoorbellTrigger {
    /** The parameters that make the guest kernel's driver wait for this event. */
    List<String> kernelParameters();

    /** The first successful TCP {@code listen(2)}. */
    record FirstListen() implements DoorbellTrigger {
        @Override
        public List<String> kernelParameters() {
            return List.of("ignition.on=listen", "ignition.nth=1");
        }
    }

    /** The n-th successful TCP {@code listen(2)}, counted from 1. */
    record NthListen(int n) implements DoorbellTrigger {
        /**
         * @throws IllegalArgumentException when n is below 1
         */
        public NthListen {
            if (n < 1) {
                throw new IllegalArgumentException("the number of the listen, " + n + ", is not at least 1");
            }
        }

        @Override
        public List<String> kernelParameters() {
            return List.of("ignition.on=listen", "ignition.nth=" + n);
        }
    }

    /** The first successful TCP {@code listen(2)} on one port. */
    record ListenOnPort(int port) implements DoorbellTrigger {
        /**
         * @throws IllegalArgumentException when the port is not in 1..65535
         */
        public ListenOnPort {
            if (port < 1 || port > 0xffff) {
                throw new IllegalArgumentException("port " + port + " is not in 1..65535");
            }
        }

        @Override
        public List<String> kernelParameters() {
            return List.of("ignition.on=listen", "ignition.port=" + port);
        }
    }

    /** The first child of PID 1 got its program by {@code execve(2)}. */
    record UserSpaceReady() implements DoorbellTrigger {
        @Override
        public List<String> kernelParameters() {
            return List.of("ignition.on=exec");
        }
    }

    /** A process writes to {@code /dev/ignition}. */
    record Manual() implements DoorbellTrigger {
        @Override
        public List<String> kernelParameters() {
            return List.of("ignition.on=manual");
        }
    }
}
