// SPDX-License-Identifier: Apache-2.0
// The root: the image read-only below, a tmpfs above it, and nothing left of the initramfs.
#include "init.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(bool done, const char *what, const char *argument) {
    if (!done) fail(EXIT_CANNOT_RUN, "cannot %s %s: %s", what, argument, strerror(errno));
}

// The upper directory becomes the root directory: it takes over the image's owner and mode.
static void mount_overlay(void) {
    struct stat image;
    need(mount("tmpfs", "/upper", "tmpfs", 0, "mode=0755") == 0, "mount", "/upper");
    need(stat("/lower", &image) == 0, "read", "the root image");
    need(mkdir("/upper/data", 0755) == 0 && mkdir("/upper/work", 0700) == 0, "make directories in", "/upper");
    need(chown("/upper/data", image.st_uid, image.st_gid) == 0, "chown", "/upper/data");
    need(chmod("/upper/data", image.st_mode & 07777) == 0, "chmod", "/upper/data");
    need(mount("overlay", "/root", "overlay", 0, "lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work") == 0, "mount", "the overlay");
}

// The files of the initramfs are memory, and the configuration may hold secrets.
static void empty_initramfs(void) {
    unlink("/ignition/config");
    rmdir("/ignition");
    unlink("/init");
    umount2("/dev", MNT_DETACH);
    unlink("/dev/console");
}

void root_enter(const struct config *config) {
    if (mount(config->root, "/lower", config->rootfs, MS_RDONLY, NULL) < 0)
        fail(EXIT_CANNOT_RUN, "cannot mount the root image %s as %s: %s", config->root, config->rootfs, strerror(errno));
    mount_overlay();
    empty_initramfs();
    need(chdir("/root") == 0, "enter", "/root");
    need(mount(".", "/", NULL, MS_MOVE, NULL) == 0, "move", "the root");
    need(chroot(".") == 0 && chdir("/") == 0, "enter", "the root");
}

static void attach(const char *type, const char *path, unsigned long flags, const char *options) {
    make_directories(path, 0755);
    if (mount(type, path, type, flags, options) < 0) fail(EXIT_CANNOT_RUN, "cannot mount %s on %s: %s", type, path, strerror(errno));
}

void pseudo_file_systems_mount(void) {
    const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    attach("proc", "/proc", plain, NULL);
    attach("sysfs", "/sys", plain, NULL);
    attach("cgroup2", "/sys/fs/cgroup", plain, "nsdelegate");
    attach("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k");
    attach("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
    attach("tmpfs", "/dev/shm", plain, "mode=1777");
    attach("mqueue", "/dev/mqueue", plain, NULL);
    if (mkdir("/tmp", 01777) == 0) chmod("/tmp", 01777);
}
