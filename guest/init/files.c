// SPDX-License-Identifier: Apache-2.0
// Small files and small numbers.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t written = write(fd, text, strlen(text));
    close(fd);
    return written == (ssize_t)strlen(text);
}

// By rename, so that a symbolic link that the image has there is replaced, not followed.
void replace_file(const char *path, const char *text) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.ignition", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (!written || rename(temporary, path) < 0) console_line("! cannot write %s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
}

void make_directories(const char *path, mode_t mode) {
    char *copy = strdup(path);
    if (!copy) return;
    for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(copy, mode);  // what cannot be made is noticed when it is used
        *slash = '/';
    }
    mkdir(copy, mode);
    free(copy);
}

// Decimal digits only. Returns whether `text` is a number from 0 to `maximum`.
bool parse_number(const char *text, long maximum, long *value) {
    long number = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        number = number * 10 + (*text - '0');
        if (number > maximum) return false;
    }
    *value = number;
    return true;
}
