// SPDX-License-Identifier: Apache-2.0
// The client of the benchmarks: measures from the SYN it sends to the first byte it gets, with a monotonic clock, and starts
// no process in between. Compiled by benchmarks/session/run.
//
//   ask once    [--tap NAME] [--retry-ms N] [--timeout S] HOST:PORT [-- WAKE...]   "connected_ns first_byte_ns start_us"
//   ask burst   [--timeout S] HOST:PORT...                                         "first_byte_ns" for each, in their order
//   ask traffic --seed N --seconds S --mean-ms M [--timeout S] HOST:PORT...        "at_ms target gap_ms first_byte_ns" each
//   ask listen  [--tap NAME] [--timeout S] FILE -- COMMAND...                      "listen_ns start_us"
//   ask tap     NAME COMMAND...                                                    becomes it, with that tap as above
//   ask api     SOCKET METHOD PATH [BODY]                                          the answer's body, from a unix socket
//   ask qmp     SOCKET COMMAND...                                                  QEMU's answer to the last command
//
// once: starts WAKE, if there is one, and sends the SYN at once; the clock runs from before the start. --tap holds that tap
// open from before, so that the SYN waits in its queue as it does in Ignition's, and WAKE inherits it as descriptor
// $BENCH_TAP_FD. --retry-ms makes a new connection when the last one was refused, or is that old and not accepted.
// start_us is the wall clock at the start. listen: starts COMMAND and waits, by inotify, for the first byte in FILE, which is emptied
// before; FILE is - for a COMMAND whose own end is waited for. traffic: arrivals of a Poisson process over all targets; gap_ms is how long nothing was asked of that target (-1: never).
// A request that fails prints first_byte_ns -1 and makes the exit code 1.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS_MAX = 1024, OPEN_MAX_AT_ONCE = 1024, TAP_SETTLES_US = 200000 };

static const char question[] = "GET / HTTP/1.0\r\nHost: bench\r\n\r\n";
static int64_t timeout_ns = 60000000000, retry_ns;

static void die(const char *what, const char *which) {
    fprintf(stderr, "ask: %s %s: %s\n", what, which, strerror(errno));
    exit(2);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct sockaddr_in parse(const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN] = "";
    size_t length = strcspn(text, ":");
    errno = EINVAL;
    if (length >= sizeof host || text[length] != ':') die("not HOST:PORT:", text);
    memcpy(host, text, length);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("not an IPv4 address:", text);
    address.sin_port = htons((uint16_t)atoi(text + length + 1));
    return address;
}

// ---- one request
struct request {
    struct sockaddr_in address;
    int fd;                            // -1: between two attempts
    int64_t start, attempt, retry_at;  // start of all, of this connection, of the next
    int64_t connected, first_byte;     // after `start`; 0: not yet, first_byte -1: failed
    bool is_connected;
};

static void finish(struct request *request, int64_t first_byte) {
    if (request->fd >= 0) close(request->fd);
    request->fd = -1;
    request->first_byte = first_byte;
}

static void connect_now(struct request *request) {
    request->attempt = now();
    request->is_connected = false;
    request->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (request->fd < 0) die("cannot make", "a socket");
    if (connect(request->fd, (struct sockaddr *)&request->address, sizeof request->address) < 0 && errno != EINPROGRESS) {
        close(request->fd);
        request->fd = -1;
        request->retry_at = now() + retry_ns;
    }
}

static void begin(struct request *request, struct sockaddr_in address, int64_t start) {
    *request = (struct request){.address = address, .start = start};
    connect_now(request);
}

static void attempt_failed(struct request *request) {
    if (!retry_ns) {
        finish(request, -1);
        return;
    }
    close(request->fd);
    request->fd = -1;
    request->retry_at = now() + retry_ns;
}

// Looks whether the answer begins as it must; the rest is read off the clock.
static void take_answer(struct request *request) {
    char answer[4096];
    ssize_t count = read(request->fd, answer, sizeof answer);
    int64_t at = now();
    if (count < 0 && errno == EAGAIN) return;
    if (count < 12) {
        attempt_failed(request);
        return;
    }
    bool good = memcmp(answer, "HTTP/1.", 7) == 0 && memcmp(answer + 8, " 200", 4) == 0;
    finish(request, good ? at - request->start : -1);
}

static void heard(struct request *request) {
    int error = 0;
    socklen_t length = sizeof error;
    if (request->is_connected) {
        take_answer(request);
        return;
    }
    getsockopt(request->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        attempt_failed(request);
        return;
    }
    request->is_connected = true;
    request->connected = now() - request->start;
    if (write(request->fd, question, sizeof question - 1) != sizeof question - 1) attempt_failed(request);
}

static void tick(struct request *request, int64_t time) {
    if (request->first_byte) return;
    if (time - request->start > timeout_ns) finish(request, -1);
    else if (request->fd < 0 && !retry_ns) finish(request, -1);
    else if (request->fd < 0 && time >= request->retry_at) connect_now(request);
    else if (request->fd >= 0 && retry_ns && !request->is_connected && time - request->attempt > retry_ns) {
        close(request->fd);
        connect_now(request);
    }
}

// Waits for one of them, or until `until`.
static void wait_for(struct request *requests, size_t count, int64_t until) {
    static struct pollfd polled[OPEN_MAX_AT_ONCE];
    static size_t whose[OPEN_MAX_AT_ONCE];
    size_t open = 0;
    int64_t time = now();
    for (size_t i = 0; i < count; i++) {
        struct request *request = &requests[i];
        if (request->first_byte) continue;
        int64_t due = request->fd < 0 ? request->retry_at : request->start + timeout_ns;
        if (request->fd >= 0 && retry_ns && !request->is_connected && request->attempt + retry_ns < due) due = request->attempt + retry_ns;
        if (due < until) until = due;
        if (request->fd < 0) continue;
        polled[open] = (struct pollfd){.fd = request->fd, .events = request->is_connected ? POLLIN : POLLOUT};
        whose[open++] = i;
    }
    int64_t left = until > time ? until - time + 1000 : 0;
    struct timespec limit = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    if (ppoll(polled, open, &limit, NULL) < 0 && errno != EINTR) die("cannot", "poll");
    for (size_t i = 0; i < open; i++)
        if (polled[i].revents) heard(&requests[whose[i]]);
    time = now();
    for (size_t i = 0; i < count; i++) tick(&requests[i], time);
}

// ---- once
static int open_tap(const char *name) {
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    char text[16];
    int fd = open("/dev/net/tun", O_RDWR);  // inherited by the command
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) die("cannot open tap", name);
    snprintf(text, sizeof text, "%d", fd);
    setenv("BENCH_TAP_FD", text, 1);
    usleep(TAP_SETTLES_US);  // the link comes up behind the call
    return fd;
}

// The clocks, read right before the command is started.
struct start {
    int64_t monotonic;
    long long wall_us;
    pid_t pid;
};

static struct start start_command(char **command) {
    struct start start = {.pid = -1};
    struct timespec wall;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);  // for the command's output: ours is the figures
    clock_gettime(CLOCK_REALTIME, &wall);
    start.wall_us = wall.tv_sec * 1000000LL + wall.tv_nsec / 1000;
    start.monotonic = now();
    if (command) {
        start.pid = vfork();
        if (start.pid < 0) die("cannot", "fork");
        if (start.pid == 0) {
            dup2(nowhere, STDOUT_FILENO);
            execvp(command[0], command);
            _exit(127);
        }
    }
    return start;
}

static int once(const char *tap, const char *target, char **command) {
    static struct request request;
    struct sockaddr_in address = parse(target);
    if (tap) open_tap(tap);
    struct start start = start_command(command);
    begin(&request, address, start.monotonic);
    while (!request.first_byte) wait_for(&request, 1, INT64_MAX);
    printf("%lld %lld %lld\n", (long long)request.connected, (long long)request.first_byte, start.wall_us);
    return request.first_byte < 0;
}

// ---- listen
static int64_t first_byte_in(const char *path, int file, int notifier, int64_t until) {
    char events[4096], byte;
    for (;;) {
        int64_t time = now();
        struct pollfd polled = {.fd = notifier, .events = POLLIN};
        if (pread(file, &byte, 1, 0) == 1) return time;
        if (time >= until) return -1;
        struct timespec limit = {.tv_sec = (until - time) / 1000000000, .tv_nsec = (until - time) % 1000000000};
        if (ppoll(&polled, 1, &limit, NULL) < 0 && errno != EINTR) die("cannot", "poll");
        if (polled.revents && read(notifier, events, sizeof events) < 0 && errno != EAGAIN) die("cannot watch", path);
    }
}

static int listened(const char *tap, const char *path, char **command) {
    int file = -1, notifier = -1, status = 0;
    int64_t end;
    if (strcmp(path, "-") != 0) {
        file = open(path, O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        notifier = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (file < 0 || notifier < 0 || inotify_add_watch(notifier, path, IN_MODIFY) < 0) die("cannot watch", path);
    }
    if (tap) open_tap(tap);
    struct start start = start_command(command);
    if (file >= 0) {
        end = first_byte_in(path, file, notifier, start.monotonic + timeout_ns);
    } else {
        waitpid(start.pid, &status, 0);
        end = now();
    }
    printf("%lld %lld\n", end < 0 ? -1LL : (long long)(end - start.monotonic), start.wall_us);
    return end < 0 || status != 0;
}

// ---- burst
static int burst(char **targets, size_t count) {
    static struct request requests[TARGETS_MAX];
    struct sockaddr_in addresses[TARGETS_MAX];
    for (size_t i = 0; i < count; i++) addresses[i] = parse(targets[i]);
    int64_t start = now();
    for (size_t i = 0; i < count; i++) begin(&requests[i], addresses[i], start);
    bool failed = false;
    for (size_t open = count; open > 0;) {
        wait_for(requests, count, INT64_MAX);
        open = 0;
        for (size_t i = 0; i < count; i++) open += requests[i].first_byte == 0;
    }
    for (size_t i = 0; i < count; i++) {
        printf("%lld\n", (long long)requests[i].first_byte);
        failed |= requests[i].first_byte < 0;
    }
    return failed;
}

// ---- traffic: one request of a target at a time, later ones of it wait their turn
static uint64_t random_state;

static double random_unit(void) {  // splitmix64; in (0, 1]
    uint64_t z = (random_state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (double)(((z ^ (z >> 31)) >> 11) + 1) / 9007199254740992.0;
}

static int traffic(char **targets, size_t count, int64_t seconds, double mean_ms) {
    static struct request requests[TARGETS_MAX];
    static int64_t asked[TARGETS_MAX], gap[TARGETS_MAX];
    static bool open[TARGETS_MAX];
    struct sockaddr_in addresses[TARGETS_MAX];
    int64_t start = now(), next = start, end = start + seconds * 1000000000;
    size_t running = 0;
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        addresses[i] = parse(targets[i]);
        requests[i] = (struct request){.fd = -1, .first_byte = -1};
    }
    while (running > 0 || next < end) {
        for (int64_t time = now(); next < end && next <= time;) {
            size_t which = (size_t)(random_unit() * (double)count) % count;
            next += (int64_t)(-log(random_unit()) * mean_ms * 1e6);
            if (open[which]) continue;
            open[which] = true;
            running++;
            gap[which] = asked[which] ? (time - asked[which]) / 1000000 : -1;
            begin(&requests[which], addresses[which], now());
        }
        wait_for(requests, count, next < end ? next : INT64_MAX);
        for (size_t i = 0; i < count; i++) {
            if (!open[i] || !requests[i].first_byte) continue;
            open[i] = false;
            running--;
            asked[i] = now();
            failed |= requests[i].first_byte < 0;
            printf("%lld %zu %lld %lld\n", (long long)((requests[i].start - start) / 1000000), i, (long long)gap[i],
                   (long long)requests[i].first_byte);
            fflush(stdout);
        }
    }
    return failed;
}

// ---- api
static int api(const char *path, const char *method, const char *resource, const char *body) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char buffer[65536];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("cannot connect to", path);
    dprintf(fd, "%s %s HTTP/1.0\r\nHost: ignition\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", method, resource,
            strlen(body), body);
    FILE *answer = fdopen(fd, "r");
    if (!answer || !fgets(buffer, sizeof buffer, answer) || sscanf(buffer, "HTTP/%*s %d", &status) != 1) die("no answer from", path);
    while (fgets(buffer, sizeof buffer, answer) && strcmp(buffer, "\r\n") != 0) {}
    for (size_t count; (count = fread(buffer, 1, sizeof buffer, answer)) > 0;) fwrite(buffer, 1, count, stdout);
    return status >= 300;
}

// ---- qmp: an answer is a line with "return" or "error"; events between them are passed over
static int qmp(const char *path, char **commands, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static char line[65536];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("cannot connect to", path);
    FILE *answers = fdopen(fd, "r");
    if (!answers || !fgets(line, sizeof line, answers)) die("no greeting from", path);
    for (size_t i = 0; i <= count; i++) {
        dprintf(fd, "%s\n", i == 0 ? "{\"execute\":\"qmp_capabilities\"}" : commands[i - 1]);
        do {
            if (!fgets(line, sizeof line, answers)) die("no answer from", path);
        } while (strncmp(line, "{\"return\"", 9) != 0 && strncmp(line, "{\"error\"", 8) != 0);
    }
    fputs(line, stdout);
    return strncmp(line, "{\"error\"", 8) == 0;
}

int main(int count, char **words) {
    const char *tap = NULL, *verb = count > 1 ? words[1] : "";
    char **command = NULL;
    int64_t seconds = 0;
    double mean_ms = 0;
    int i = 2;
    if (!strcmp(verb, "api") && count >= 5) return api(words[2], words[3], words[4], count > 5 ? words[5] : "");
    if (!strcmp(verb, "tap") && count >= 4) {
        open_tap(words[2]);
        execvp(words[3], words + 3);
        die("cannot run", words[3]);
    }
    if (!strcmp(verb, "qmp") && count >= 4) return qmp(words[2], words + 3, (size_t)count - 3);
    for (; i + 1 < count && !strncmp(words[i], "--", 2); i += 2) {
        if (!strcmp(words[i], "--tap")) tap = words[i + 1];
        else if (!strcmp(words[i], "--retry-ms")) retry_ns = atoll(words[i + 1]) * 1000000;
        else if (!strcmp(words[i], "--timeout")) timeout_ns = atoll(words[i + 1]) * 1000000000;
        else if (!strcmp(words[i], "--seed")) random_state = (uint64_t)atoll(words[i + 1]);
        else if (!strcmp(words[i], "--seconds")) seconds = atoll(words[i + 1]);
        else if (!strcmp(words[i], "--mean-ms")) mean_ms = atof(words[i + 1]);
        else break;
    }
    size_t targets = 0;
    while (i + (int)targets < count && strcmp(words[i + (int)targets], "--") != 0) targets++;
    if (i + (int)targets + 1 < count) command = words + i + targets + 1;
    if (targets > 0 && targets <= TARGETS_MAX) {
        if (!strcmp(verb, "once") && targets == 1) return once(tap, words[i], command);
        if (!strcmp(verb, "listen") && targets == 1 && command) return listened(tap, words[i], command);
        if (!strcmp(verb, "burst")) return burst(words + i, targets);
        if (!strcmp(verb, "traffic") && seconds > 0 && mean_ms > 0) return traffic(words + i, targets, seconds, mean_ms);
    }
    fprintf(stderr, "ask: see the top of benchmarks/client/ask.c\n");
    return 2;
}
