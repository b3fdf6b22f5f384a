// SPDX-License-Identifier: Apache-2.0
// What the tests ask a guest about its clocks, its randomness, and what it can send: `probe serve` answers one request line per TCP
// connection with lines "NAME VALUE…"; `probe ask REQUEST` asks it from within; `probe end KIND` ends the guest.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <x86intrin.h>

enum { PORT = 7000, LOOPBACK_PORT = 7001, BYTES = 16, SAMPLES = 65536, BEFORE = 200, AFTER = 400, REQUEST_MAX = 16384 };

static void die(const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void say_hex(FILE *out, const char *name, const unsigned char *bytes, size_t count) {
    fprintf(out, "%s ", name);
    for (size_t i = 0; i < count; i++) fprintf(out, "%02x", bytes[i]);
    fputc('\n', out);
}

static void say_file(FILE *out, const char *name, const char *path) {
    char line[256] = "?";
    FILE *file = fopen(path, "r");
    if (file) {
        if (!fgets(line, sizeof line, file)) strcpy(line, "?");
        fclose(file);
    }
    line[strcspn(line, "\n")] = 0;
    fprintf(out, "%s %s\n", name, line);
}

static void write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) fprintf(stderr, "probe: %s: %s\n", path, strerror(errno));
    if (fd >= 0) close(fd);
}

// ---- every sample of a thread that draws random numbers without a pause, on another CPU if there is one
static struct { uint64_t tsc, value; } samples[SAMPLES];
static atomic_int sample_count, sample_end = SAMPLES;
static int before_listen, listened_at;

static void *draw(void *unused) {
    cpu_set_t second;
    CPU_ZERO(&second);
    CPU_SET(1, &second);
    sched_setaffinity(0, sizeof second, &second);
    for (int i; (i = sample_count) < sample_end; sample_count = i + 1) {
        // The counter first: whoever was stopped between the two has an old time and a new number, never the reverse.
        samples[i].tsc = __rdtsc();
        if (getrandom(&samples[i].value, sizeof samples[i].value, 0) != sizeof samples[i].value) die("getrandom");
    }
    return unused;
}

// ---- a clock that went backwards
static atomic_int backwards;

static void *watch_clock(void *unused) {
    for (uint64_t last = 0;; usleep(50000)) {
        uint64_t time = now(CLOCK_MONOTONIC);
        if (time < last) backwards++;
        last = time;
    }
    return unused;
}

// ---- OpenSSL's generator: one that a hook reseeds, one that nobody does, and one in a process that runs since before
static int (*rand_bytes)(unsigned char *, int), (*rand_poll)(void);
static int (*rand_bytes_of)(void *, unsigned char *, size_t, unsigned);
static void *untouched;
static int reseeds, stream = -1;
static pid_t stream_pid;

static void start_stream(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) die("pipe");
    stream_pid = fork();
    if (stream_pid == 0) {
        dup2(ends[1], 1);
        execlp("openssl", "openssl", "rand", "2147483647", NULL);
        die("openssl");
    }
    close(ends[1]);
    stream = ends[0];
}

static void read_stream(unsigned char *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t got = read(stream, bytes + done, count - done);
        if (got <= 0) die("openssl rand");
        done += (size_t)got;
    }
}

static void start_generators(void) {
    unsigned char bytes[BYTES];
    void *crypto = dlopen("libcrypto.so.3", RTLD_NOW);
    if (!crypto) die(dlerror());
    *(void **)&rand_bytes = dlsym(crypto, "RAND_bytes");
    *(void **)&rand_poll = dlsym(crypto, "RAND_poll");
    *(void **)&rand_bytes_of = dlsym(crypto, "RAND_bytes_ex");
    void *(*new_library)(void);
    *(void **)&new_library = dlsym(crypto, "OSSL_LIB_CTX_new");
    untouched = new_library();
    if (!rand_bytes(bytes, sizeof bytes) || !rand_bytes_of(untouched, bytes, sizeof bytes, 128)) die("RAND_bytes");
    start_stream();
    read_stream(bytes, sizeof bytes);
}

static void reseed(FILE *out) {
    if (!rand_poll()) die("RAND_poll");
    close(stream);
    kill(stream_pid, SIGKILL);
    waitpid(stream_pid, NULL, 0);
    start_stream();
    fprintf(out, "reseeds %d\n", ++reseeds);
}

// ---- TCP: sequence numbers without their time's part, and source ports
static int connected(uint16_t source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(source), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, to = from;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct linger abort = {.l_onoff = 1};
    to.sin_port = htons(LOOPBACK_PORT);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    if (source && bind(fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
    return fd;
}

static void drop_accepted(int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd >= 0) close(fd);
}

static void say_tcp(FILE *out, int listener) {
    fprintf(out, "isn");
    for (int i = 0; i < 4; i++) {
        int repair = 1, queue = 2 /* TCP_SEND_QUEUE */;
        uint32_t sequence = 0, ticks = (uint32_t)(now(CLOCK_REALTIME) >> 6);
        socklen_t length = sizeof sequence;
        int fd = connected((uint16_t)(20000 + i));
        if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &repair, sizeof repair) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) < 0 ||
            getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &sequence, &length) < 0) die("TCP_REPAIR");
        repair = -1;  // off, without a window probe
        setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &repair, sizeof repair);
        fprintf(out, " %u", sequence - ticks);
        close(fd);
        drop_accepted(listener);
    }
    fprintf(out, "\nports");
    for (int i = 0; i < 4; i++) {
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        int fd = connected(0);
        getsockname(fd, (struct sockaddr *)&name, &length);
        fprintf(out, " %d", ntohs(name.sin_port));
        close(fd);
        drop_accepted(listener);
    }
    fputc('\n', out);
}

// ---- requests
static unsigned char first[BYTES];

static void say_random(FILE *out, int listener) {
    unsigned char bytes[BYTES];
    static unsigned char skipped[128 * 1024];  // more than the pipe held of what was made before the snapshot
    say_hex(out, "first", first, sizeof first);
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) die("getrandom");
    say_hex(out, "getrandom", bytes, sizeof bytes);
    int urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (read(urandom, bytes, sizeof bytes) != sizeof bytes) die("/dev/urandom");
    close(urandom);
    say_hex(out, "urandom", bytes, sizeof bytes);
    say_file(out, "uuid", "/proc/sys/kernel/random/uuid");
    say_file(out, "boot-id", "/proc/sys/kernel/random/boot_id");
    say_file(out, "generation", "/sys/module/ignition/parameters/generation");
    fprintf(out, "reseeds %d\n", reseeds);
    rand_bytes(bytes, sizeof bytes);
    say_hex(out, "openssl", bytes, sizeof bytes);
    rand_bytes_of(untouched, bytes, sizeof bytes, 128);
    say_hex(out, "openssl-untouched", bytes, sizeof bytes);
    read_stream(skipped, sizeof skipped);
    read_stream(bytes, sizeof bytes);
    say_hex(out, "openssl-running", bytes, sizeof bytes);
    say_tcp(out, listener);
}

static void say_samples(FILE *out) {
    int end = listened_at + AFTER < sample_count ? listened_at + AFTER : sample_count;
    for (int i = before_listen - BEFORE / 2; i < end; i++) fprintf(out, "%llu %016llx\n", (unsigned long long)samples[i].tsc, (unsigned long long)samples[i].value);
}

static void say_time(FILE *out) {
    fprintf(out, "%llu\n", (unsigned long long)now(CLOCK_REALTIME));
    fprintf(out, "monotonic %llu\n", (unsigned long long)now(CLOCK_MONOTONIC));
    fprintf(out, "boottime %llu\n", (unsigned long long)now(CLOCK_BOOTTIME));
    fprintf(out, "backwards %d\n", backwards);
}

static struct timer {
    const char *name;
    clockid_t clock;
    int flags;
    bool repeats;
    int fd;
    uint64_t expirations;
    int reads, cancellations;
} timers[] = {
    {.name = "wall", .clock = CLOCK_REALTIME, .flags = TFD_TIMER_ABSTIME},
    {.name = "boot", .clock = CLOCK_BOOTTIME, .flags = TFD_TIMER_ABSTIME},
    {.name = "relative", .clock = CLOCK_MONOTONIC},
    {.name = "tick", .clock = CLOCK_MONOTONIC, .repeats = true},
    {.name = "cancelled", .clock = CLOCK_REALTIME, .flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET},
};
enum { TIMERS = sizeof timers / sizeof *timers };

// All are due in the same number of seconds; "tick" comes every second.
static void arm(long seconds) {
    for (struct timer *timer = timers; timer < timers + TIMERS; timer++) {
        uint64_t due = (timer->flags & TFD_TIMER_ABSTIME ? now(timer->clock) / 1000000000 : 0) + (uint64_t)seconds;
        struct itimerspec value = {.it_value.tv_sec = (time_t)(timer->repeats ? 1 : due), .it_interval.tv_sec = timer->repeats};
        if (timer->fd) close(timer->fd);
        timer->fd = timerfd_create(timer->clock, TFD_NONBLOCK | TFD_CLOEXEC);
        timer->expirations = 0;
        timer->reads = timer->cancellations = 0;
        if (timer->fd < 0 || timerfd_settime(timer->fd, timer->flags, &value, NULL) < 0) die("timerfd");
    }
}

static void say_timers(FILE *out) {
    for (struct timer *timer = timers; timer < timers + TIMERS; timer++) {
        uint64_t count;
        for (;;) {
            if (read(timer->fd, &count, sizeof count) == sizeof count) {
                timer->expirations += count;
                timer->reads++;
            } else if (errno == ECANCELED) {
                timer->cancellations++;
            } else {
                break;
            }
        }
        fprintf(out, "%s %llu reads %d cancellations %d\n", timer->name, (unsigned long long)timer->expirations, timer->reads, timer->cancellations);
    }
}

// The kernel's complaints; "end" says that there are no more.
static void say_complaints(FILE *out) {
    static char log[1 << 20];
    int length = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof log - 1);
    if (length <= 0) die("the kernel's log");
    log[length] = 0;
    say_file(out, "watchdog", "/proc/sys/kernel/watchdog");
    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
        if (strcasestr(line, "lockup") || strcasestr(line, "stall") || strcasestr(line, "hung") || strcasestr(line, "unstable") || strcasestr(line, "BUG:"))
            fprintf(out, "complaint %s\n", line);
    fprintf(out, "end\n");
}

// "tls HOST:PORT NAME" and a certificate that is to be trusted.
static void say_tls(FILE *out, const char *request) {
    char host[64], name[64], command[512];
    const char *certificate = strchr(request, '\n');
    FILE *file = fopen("/tmp/trusted.pem", "w");
    if (!file || !certificate || sscanf(request, "tls %63[0-9.:] %63[a-z.]", host, name) != 2) die("tls");
    fputs(certificate, file);
    fclose(file);
    snprintf(command, sizeof command, "openssl s_client -connect %s -CAfile /tmp/trusted.pem -verify_hostname %s -verify_return_error 2>&1 </dev/null", host, name);
    FILE *client = popen(command, "r");
    for (char line[1024]; client && fgets(line, sizeof line, client);)
        if (strstr(line, "erify") || strstr(line, "error") || strstr(line, "New,")) fputs(line, out);
    fprintf(out, "status %d\n", client ? WEXITSTATUS(pclose(client)) : -1);
}

// ---- frames past the IP stack: with another MAC address, another IP address, an ARP request of another, and an honest one
static void say_spoof(FILE *out) {
    struct ifreq interface = {.ifr_name = "eth0"};
    int packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), ip = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), sent = 0;
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6, .sll_addr = {255, 255, 255, 255, 255, 255}};
    if (ioctl(ip, SIOCGIFINDEX, &interface) == 0) to.sll_ifindex = interface.ifr_ifindex;
    unsigned char mac[6], own[4];
    if (ioctl(ip, SIOCGIFHWADDR, &interface) == 0) memcpy(mac, interface.ifr_hwaddr.sa_data, 6);
    if (ioctl(ip, SIOCGIFADDR, &interface) == 0) memcpy(own, &((struct sockaddr_in *)&interface.ifr_addr)->sin_addr, 4);
    for (int kind = 0; kind < 4; kind++) {
        unsigned char frame[60] = {255, 255, 255, 255, 255, 255}, other[4] = {own[0], own[1], own[2] ^ 1, own[3]};
        memcpy(frame + 6, mac, 6);
        if (kind == 0) frame[11] ^= 0x55;
        frame[12] = 8;
        if (kind == 2) {
            static const unsigned char request[] = {0, 1, 8, 0, 6, 4, 0, 1};
            frame[13] = 6;
            memcpy(frame + 14, request, sizeof request);
            memcpy(frame + 22, mac, 6);
            memcpy(frame + 28, other, 4);
        } else {
            // UDP to port 9 of everybody, without a checksum; that of the header nobody needs who only looks at the source
            static const unsigned char header[] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17};
            memcpy(frame + 14, header, sizeof header);
            memcpy(frame + 26, kind == 1 ? other : own, 4);
            memset(frame + 30, 255, 4);
            frame[35] = frame[37] = 9;
            frame[39] = 8;
        }
        if (sendto(packets, frame, sizeof frame, 0, (struct sockaddr *)&to, sizeof to) == sizeof frame) sent++;
    }
    close(packets);
    close(ip);
    fprintf(out, "sent %d\n", sent);
}

static void end(const char *kind) {
    if (!strcmp(kind, "power-off")) reboot(RB_POWER_OFF);
    if (!strcmp(kind, "panic")) write_text("/proc/sysrq-trigger", "c");
    if (!strcmp(kind, "triple-fault")) write_text("/sys/kernel/reboot/type", "triple");
    reboot(RB_AUTOBOOT);
}

static void answer(FILE *out, char *request, int listener) {
    if (!strncmp(request, "tls ", 4)) {
        say_tls(out, request);
        return;
    }
    request[strcspn(request, "\r\n")] = 0;
    if (!strcmp(request, "time")) say_time(out);
    else if (!strncmp(request, "arm ", 4)) arm(atol(request + 4));
    else if (!strcmp(request, "timers")) say_timers(out);
    else if (!strcmp(request, "complaints")) say_complaints(out);
    else if (!strcmp(request, "random")) say_random(out, listener);
    else if (!strcmp(request, "samples")) say_samples(out);
    else if (!strcmp(request, "reseed")) reseed(out);
    else if (!strcmp(request, "spoof")) say_spoof(out);
    else if (!strncmp(request, "end ", 4)) end(request + 4);
    else fprintf(out, "unknown request\n");
}

static int listener_on(uint32_t address, uint16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) < 0) die("bind");
    return fd;
}

// A request is one line, or with a certificate all up to its end.
static void serve_one(int fd, int loopback) {
    static char request[REQUEST_MAX];
    size_t length = 0;
    while (length < sizeof request - 1) {
        ssize_t count = read(fd, request + length, sizeof request - 1 - length);
        if (count <= 0) break;
        length += (size_t)count;
        request[length] = 0;
        if (strncmp(request, "tls ", 4) ? strchr(request, '\n') != NULL : strstr(request, "-----END") != NULL) break;
    }
    request[length] = 0;
    FILE *out = fdopen(fd, "w");
    answer(out, request, loopback);
    fclose(out);
}

static void serve(void) {
    pthread_t thread;
    write_text("/proc/sys/kernel/watchdog", "1");
    start_generators();
    int loopback = listener_on(INADDR_LOOPBACK, LOOPBACK_PORT), listener = listener_on(INADDR_ANY, PORT);
    if (listen(loopback, 16) < 0) die("listen");
    pthread_create(&thread, NULL, watch_clock, NULL);
    pthread_create(&thread, NULL, draw, NULL);
    while (sample_count < 2 * BEFORE) sched_yield();

    before_listen = sample_count;
    if (listen(listener, 16) < 0) die("listen");  // <- the machine is saved in here
    if (getrandom(first, sizeof first, 0) != sizeof first) die("getrandom");

    listened_at = sample_count;
    sample_end = listened_at + 4 * AFTER < SAMPLES ? listened_at + 4 * AFTER : SAMPLES;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) serve_one(fd, loopback);
    }
}

static void ask(const char *request) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char bytes[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
    if (dprintf(fd, "%s\n", request) < 0) die("send");
    for (ssize_t count; (count = read(fd, bytes, sizeof bytes)) > 0;)
        if (write(1, bytes, (size_t)count) < 0) die("write");
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    if (count == 2 && !strcmp(arguments[1], "serve")) serve();
    else if (count == 3 && !strcmp(arguments[1], "ask")) ask(arguments[2]);
    else if (count == 3 && !strcmp(arguments[1], "end")) end(arguments[2]);
    else fprintf(stderr, "usage: probe serve | ask REQUEST | end power-off|reboot|triple-fault|panic\n");
    return 0;
}
