// SPDX-License-Identifier: Apache-2.0
// The guest of the cycle tests: PID 1 of a machine that keeps every device busy with bytes whose value follows from their
// position, so that one that is lost, doubled or out of place is seen where it happens. A fault ends the machine.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { HTTP_PORT = 80, STREAM_PORT = 7000, DISK_WRITERS = 2 };
enum { VSOCK_PORT = 7000, VSOCK_HOST_PORT = 7001 };  // where the guest listens, and what it connects to

// One 64-bit word of the pattern. A salt says which sequence it belongs to; the same is computed by the host (Pattern.java).
static inline uint64_t pattern_word(uint64_t salt, uint64_t index) {
    uint64_t x = (salt + index) * 0x9e3779b97f4a7c15u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 29;
}

enum { SALT_SHIFT = 44 };
static inline uint64_t salt(uint64_t kind, uint64_t number) {
    return kind << 60 | number << SALT_SHIFT;
}
enum { SALT_UP = 1, SALT_DOWN = 2, SALT_HTTP = 3, SALT_DISK = 4, SALT_MEMORY = 5, SALT_VSOCK_UP = 6, SALT_VSOCK_DOWN = 7 };

void pattern_fill(unsigned char *bytes, size_t length, uint64_t salt, uint64_t position);
// Index of the first wrong byte, or `length`.
size_t pattern_check(const unsigned char *bytes, size_t length, uint64_t salt, uint64_t position);

// What each part has done, shared by all processes and told to the host by HTTP.
struct stream_counters {
    _Atomic uint64_t received, sent;
};
struct counters {
    struct stream_counters tcp, vsock_accepted, vsock_connected;
    _Atomic uint64_t serial, console, disk[DISK_WRITERS], requests;
};
extern struct counters *counters;

_Noreturn void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Names a system call that failed; its result otherwise.
long must(long result, const char *what);
long parameter(const char *name, long otherwise);
void pause_for_us(long microseconds);
unsigned below(unsigned limit);

void network_up(void);
int listen_on(int port);
void serve(int listener, void (*connection)(int socket));

// The pattern in both directions at once, until the other side ends it.
void stream(int socket, uint64_t up, uint64_t down, struct stream_counters *seen);
void stream_connection(int socket);
int vsock_listen(void);
void vsock_connection(int socket);
void vsock_connector(int number);
void http_connection(int socket);
void serial_writer(int number);
void console_writer(int number);
void disk_writer(int number);
void memory_fill(void);
void memory_report(char *text, size_t size);
