// SPDX-License-Identifier: Apache-2.0
// Numbered lines on the serial port and on the virtio console: "NAME NUMBER PADDING". The host counts along.
#include "traffic.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PADDING = 64 };

static _Noreturn void write_lines(const char *device, const char *name, _Atomic uint64_t *counter, long pause_us) {
    struct termios raw;
    int fd = (int)must(open(device, O_RDWR | O_NOCTTY), device);
    must(tcgetattr(fd, &raw), device);
    cfmakeraw(&raw);
    must(tcsetattr(fd, TCSANOW, &raw), device);
    for (uint64_t number = 1;; number++) {
        char line[128];
        int length = snprintf(line, sizeof line, "%s %llu ", name, (unsigned long long)number);
        memset(line + length, 'a' + (int)(number % 26), number % PADDING);
        length += (int)(number % PADDING);
        line[length++] = '\n';
        for (int done = 0; done < length;) done += (int)must(write(fd, line + done, (size_t)(length - done)), device);
        *counter = number;
        pause_for_us(pause_us);
    }
}

void serial_writer(int number) {
    (void)number;
    write_lines("/dev/ttyS0", "serial", &counters->serial, parameter("serial_pause_us", 100000));
}

void console_writer(int number) {
    (void)number;
    write_lines("/dev/hvc0", "console", &counters->console, parameter("console_pause_us", 60000));
}
