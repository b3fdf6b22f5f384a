// SPDX-License-Identifier: Apache-2.0
// The ways out: every one tells the host how it ended and powers the machine off. PID 1 never returns.
#include "init.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

void power_off(void) {
    console_drain();
    sync();
    reboot(RB_POWER_OFF);
    reboot(RB_AUTOBOOT);  // a kernel that cannot power off can still end the machine
    for (;;) pause();
}

void fail(int exit_code, const char *format, ...) {
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    console_line("! %s", text);
    console_line("x exit %d", exit_code);
    power_off();
}
