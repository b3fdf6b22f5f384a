// SPDX-License-Identifier: Apache-2.0
// Build tool: writes the initramfs, a newc cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst), to
// stdout. Needs no root for the device node, and the same init gives the same bytes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER_BYTES = 110, ALIGNMENT = 4, BLOCK = 512 };

static size_t written;

static void put(const void *bytes, size_t length) {
    if (fwrite(bytes, 1, length, stdout) != length) {
        perror("mkinitramfs: cannot write");
        exit(1);
    }
    written += length;
}

static void pad(size_t alignment) {
    while (written % alignment) put("", 1);
}

static void entry(const char *name, unsigned mode, unsigned major, unsigned minor, const void *data, size_t length) {
    static unsigned inode;
    char header[HEADER_BYTES + 1];
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++inode, mode, 0u, 0u, 1u, 0u,
             (unsigned)length, 0u, 0u, major, minor, (unsigned)strlen(name) + 1, 0u);
    put(header, HEADER_BYTES);
    put(name, strlen(name) + 1);
    pad(ALIGNMENT);
    put(data, length);
    pad(ALIGNMENT);
}

int main(int count, char **arguments) {
    static char init[16 << 20];
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    size_t length = file ? fread(init, 1, sizeof init, file) : 0;
    if (length == 0 || length == sizeof init) {
        fprintf(stderr, "usage: mkinitramfs INIT >ARCHIVE (INIT: an executable below 16 MiB)\n");
        return 1;
    }
    entry("dev", S_IFDIR | 0755, 0, 0, NULL, 0);
    entry("dev/console", S_IFCHR | 0600, 5, 1, NULL, 0);
    entry("lower", S_IFDIR | 0755, 0, 0, NULL, 0);
    entry("upper", S_IFDIR | 0755, 0, 0, NULL, 0);
    entry("root", S_IFDIR | 0755, 0, 0, NULL, 0);
    entry("init", S_IFREG | 0755, 0, 0, init, length);
    entry("TRAILER!!!", 0, 0, 0, NULL, 0);
    pad(BLOCK);  // another archive may follow
    return fflush(stdout) ? 1 : 0;
}
