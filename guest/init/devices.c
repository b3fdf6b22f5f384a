// SPDX-License-Identifier: Apache-2.0
// The application's /dev: the nodes every container has, and the doorbell. No disks, no consoles.
#include "init.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void node(const char *path, dev_t device) {
    if (mknod(path, S_IFCHR | 0666, device) < 0 || chmod(path, 0666) < 0) fail(EXIT_CANNOT_RUN, "cannot make %s: %s", path, strerror(errno));
}

static void link_to(const char *target, const char *path) {
    if (symlink(target, path) < 0) fail(EXIT_CANNOT_RUN, "cannot make %s: %s", path, strerror(errno));
}

// Its minor number is dynamic. 0: this kernel, or this machine, has no doorbell.
dev_t devices_doorbell(void) {
    struct stat status;
    return stat("/dev/ignition", &status) == 0 ? status.st_rdev : 0;
}

void devices_populate(dev_t doorbell) {
    node("/dev/null", makedev(1, 3));
    node("/dev/zero", makedev(1, 5));
    node("/dev/full", makedev(1, 7));
    node("/dev/random", makedev(1, 8));
    node("/dev/urandom", makedev(1, 9));
    node("/dev/tty", makedev(5, 0));
    if (doorbell) node("/dev/ignition", doorbell);
    link_to("pts/ptmx", "/dev/ptmx");
    link_to("/proc/self/fd", "/dev/fd");
    link_to("/proc/self/fd/0", "/dev/stdin");
    link_to("/proc/self/fd/1", "/dev/stdout");
    link_to("/proc/self/fd/2", "/dev/stderr");
}
