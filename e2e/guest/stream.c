// SPDX-License-Identifier: Apache-2.0
// A long-lived connection: the pattern in both directions at once, in uneven pieces, for ever.
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 32 << 10 };

static unsigned char piece[PIECE];

static _Noreturn void send_pattern(int socket, uint64_t which, _Atomic uint64_t *sent) {
    long pause_us = parameter("stream_pause_us", 40000);
    for (uint64_t position = 0;;) {
        size_t length = 1 + below(PIECE);
        pattern_fill(piece, length, which, position);
        for (size_t done = 0; done < length;) {
            ssize_t count = write(socket, piece + done, length - done);
            if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) _exit(0);  // the client is through
            done += (size_t)must(count, "write to the stream");
            *sent += (uint64_t)count;
        }
        position += length;
        pause_for_us(pause_us);
    }
}

void stream(int socket, uint64_t up, uint64_t down, struct stream_counters *seen) {
    if (must(fork(), "fork") == 0) send_pattern(socket, down, &seen->sent);
    for (uint64_t position = 0;;) {
        ssize_t count = read(socket, piece, PIECE);
        if (count == 0 || (count < 0 && errno == ECONNRESET)) return;
        size_t length = (size_t)must(count, "read from the stream");
        size_t good = pattern_check(piece, length, up, position);
        if (good < length) fault("stream %llx: wrong byte at %llu", (unsigned long long)up, (unsigned long long)(position + good));
        position += length;
        seen->received += length;
    }
}

void stream_connection(int socket) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    must(getpeername(socket, (struct sockaddr *)&peer, &size), "getpeername");
    uint64_t port = ntohs(peer.sin_port);
    stream(socket, salt(SALT_UP, port), salt(SALT_DOWN, port), &counters->tcp);
}
