package cloud.ignition.vmm;

import java.nio.file.Path;
import java.util.List;

/**
 * What a machine boots from.
 *
 * @param kernel an uncompressed x86-64 vmlinux with a PVH entry note
 * @param initramfs a cpio archive (newc)
 * @param initramfsOverlay a second uncompressed newc archive that the kernel unpacks over the first; may be empty
 * @param trigger which guest event rings the doorbell
 * @param kernelParameters added to the command line, one parameter each, without white space
 */
public record BootSource(
        Path kernel, Path initramfs, byte[] initramfsOverlay, DoorbellTrigger trigger, List<String> kernelParameters) {

    /**
     * @throws IllegalArgumentException when a kernel parameter holds white space, a quote or a control character
     */
    public BootSource {
        initramfsOverlay = initramfsOverlay.clone();
        kernelParameters = List.copyOf(kernelParameters);
        for (String parameter : kernelParameters) {
            if (parameter.isEmpty() || parameter.chars().anyMatch(c -> c <= ' ' || c > '~' || c == '"')) {
                throw new IllegalArgumentException("kernel parameter \"" + parameter + "\" is not one plain word");
            }
        }
    }

    @Override
    public byte[] initramfsOverlay() {
        return initramfsOverlay.clone();
    }
}
