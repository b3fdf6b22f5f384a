// SPDX-License-Identifier: Apache-2.0
// Enough of HTTP/1.1 for one request a connection: /state, /memory, and /bytes/N, a body of N bytes of the pattern.
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
        if (strncmp(request, "GET /memory ", 12) == 0) memory_report(body, sizeof body);
        else state_report(body, sizeof body);
        reply(socket, body, strlen(body));
    }
    counters->requests++;
}
