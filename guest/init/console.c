// SPDX-License-Identifier: Apache-2.0
// The line channel to the host, /dev/hvc0. Only init has it open: the application's /dev does not show it.
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

static int fd = STDERR_FILENO;  // before it is open, and without one: the kernel's console

int console_fd(void) {
    return fd;
}

void console_open(void) {
    struct termios raw;
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755") < 0) fail(EXIT_CANNOT_RUN, "cannot mount /dev: %s", strerror(errno));
    int opened = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (opened < 0 || tcgetattr(opened, &raw) < 0) fail(EXIT_CANNOT_RUN, "cannot open /dev/hvc0: %s", strerror(errno));
    cfmakeraw(&raw);
    tcsetattr(opened, TCSANOW, &raw);
    ioctl(opened, TIOCEXCL);
    fd = opened;
}

void console_write(const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;  // nobody is left who could be told
        bytes += count;
        length -= (size_t)count;
    }
}

// One line; what the caller formatted into it cannot start a second one.
void console_line(const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (length > (int)sizeof line - 2) length = sizeof line - 2;
    for (int i = 0; i < length; i++)
        if (line[i] == '\n') line[i] = ' ';
    line[length] = '\n';
    console_write(line, (size_t)length + 1);
}

void console_drain(void) {
    tcdrain(fd);
}
