// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct counters *counters;

// The kernel prints it on the serial console, where the host waits for this word.
void fault(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = snprintf(text, sizeof text, "<0>FAULT ");
    vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    int kmsg = open("/dev/kmsg", O_WRONLY);
    if (kmsg >= 0) dprintf(kmsg, "%s", text);
    reboot(RB_POWER_OFF);
    for (;;) pause();
}

long must(long result, const char *what) {
    if (result < 0) fault("%s: %s", what, strerror(errno));
    return result;
}

// The kernel puts parameters that it does not know into PID 1's environment.
long parameter(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

void pause_for_us(long microseconds) {
    struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
    while (nanosleep(&time, &time) < 0 && errno == EINTR) continue;
}

// Not for anybody's secrets: it only makes sizes and choices uneven.
unsigned below(unsigned limit) {
    static uint64_t state;
    state = state * 6364136223846793005u + 1442695040888963407u + (uint64_t)getpid();
    return (unsigned)(state >> 33) % limit;
}

static void start(void (*work)(int), int argument) {
    if (must(fork(), "fork") == 0) {
        work(argument);
        fault("a worker ended");
    }
}

static void serve_http(int listener) { serve(listener, http_connection); }
static void serve_streams(int listener) { serve(listener, stream_connection); }
static void serve_vsock(int listener) { serve(listener, vsock_connection); }

int main(void) {
    must(mount("devtmpfs", "/dev", "devtmpfs", 0, ""), "mount /dev");
    must(mkdir("/proc", 0755), "mkdir /proc");
    must(mount("proc", "/proc", "proc", 0, ""), "mount /proc");
    signal(SIGPIPE, SIG_IGN);
    counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counters == MAP_FAILED) fault("mmap: %s", strerror(errno));
    memory_fill();
    network_up();
    long writers = parameter("writers", 1);
    int vsock = writers ? vsock_listen() : -1;
    int http = listen_on(HTTP_PORT);
    int streams = listen_on(STREAM_PORT);  // <- the doorbell rings: the first snapshot is of here

    start(serve_http, http);
    start(serve_streams, streams);
    if (writers) {
        start(serve_vsock, vsock);
        start(vsock_connector, 0);
        start(serial_writer, 0);
        start(console_writer, 0);
        for (int number = 0; number < DISK_WRITERS; number++) start(disk_writer, number);
    }
    int status;
    pid_t child = wait(&status);
    fault("process %d ended with status %d", (int)child, status);
}
