/**
 * Linux system calls as small objects: file descriptors, event descriptors, mappings, tap devices, clocks.
 *
 * <p>Every call goes through {@link cloud.ignition.linux.Downcall}, which captures errno in the call itself. Methods on hot
 * paths return a count or {@code -errno}; all others throw {@link cloud.ignition.linux.LinuxException}. Nothing here decides
 * policy.
 */
package cloud.ignition.linux;
