// SPDX-License-Identifier: Apache-2.0
// Enough of HTTP/1.1 for one request a connection: /bytes/N, a body of N bytes of the pattern, and reports. Some of them
// are of something that is done for the request.
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BODY = 64 << 10 };

static void state_report(char *text, size_t size) {
    char *end = text + size;
    text += snprintf(text, size, "requests=%llu serial=%llu console=%llu", (unsigned long long)counters->requests,
                     (unsigned long long)counters->serial, (unsigned long long)counters->console);
    const struct { const char *name; struct stream_counters *seen; } streams[] = {
        {"", &counters->tcp}, {"vsock_accepted_", &counters->vsock_accepted}, {"vsock_connected_", &counters->vsock_connected}};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        text += snprintf(text, (size_t)(end - text), " %sreceived=%llu %ssent=%llu", streams[i].name,
                         (unsigned long long)streams[i].seen->received, streams[i].name, (unsigned long long)streams[i].seen->sent);
    for (int i = 0; i < DISK_WRITERS; i++)
        text += snprintf(text, (size_t)(end - text), " disk%d=%llu", i, (unsigned long long)counters->disk[i]);
}

// From now on somebody has work.
static void spin(char *text, size_t size) {
    if (must(fork(), "fork") == 0) {
        for (int fd = 0; fd < 64; fd++) close(fd);  // the connection among them
        for (;;) continue;
    }
    snprintf(text, size, "spinning=1");
}

static const struct {
    const char *path;
    void (*write)(char *text, size_t size);
} reports[] = {{"state", state_report}, {"memory", memory_report}, {"unmap", disk_unmap}, {"spoof", network_spoof}, {"spin", spin}};

static void reply(int socket, const char *body, size_t length) {
    static char answer[128 + MAX_BODY];
    size_t total = (size_t)snprintf(answer, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", length);
    memcpy(answer + total, body, length);
    total += length;
    for (size_t done = 0; done < total;) {
        ssize_t count = write(socket, answer + done, total - done);
        if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
        done += (size_t)must(count, "write the answer");
    }
}

void http_connection(int socket) {
    static char request[2048], body[MAX_BODY];
    size_t length = 0;
    while (!strstr(request, "\r\n\r\n")) {
        if (length == sizeof request - 1) return;
        ssize_t count = read(socket, request + length, sizeof request - 1 - length);
        if (count <= 0) return;
        length += (size_t)count;
    }
    unsigned size;
    if (sscanf(request, "GET /bytes/%u ", &size) == 1 && size <= MAX_BODY) {
        pattern_fill((unsigned char *)body, size, salt(SALT_HTTP, 0), 0);
        reply(socket, body, size);
    } else {
        for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
            size_t end = strlen(reports[i].path);
            if (strncmp(request + 5, reports[i].path, end) == 0 && request[5 + end] == ' ') reports[i].write(body, sizeof body);
        }
        reply(socket, body, strlen(body));
    }
    counters->requests++;
}
