// SPDX-License-Identifier: Apache-2.0
// Turns a byte stream into lines "o TEXT" and "e TEXT", with a label "h LABEL: TEXT". A line that is longer than its limit is split, a last line without
// an end is given one when the application ends.
#include "init.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// What one round writes goes to the host at once: a line costs the guest a world switch otherwise.
static char batch[2 * LINE_PAYLOAD_MAX];
static size_t batched;

static void flush(void) {
    console_write(batch, batched);
    batched = 0;
}

static void emit(struct lines *lines, const char *text, size_t length) {
    size_t label = lines->label ? strlen(lines->label) + 2 : 0;
    if (batched + label + length + 3 > sizeof batch) flush();
    batch[batched++] = lines->tag;
    batch[batched++] = ' ';
    if (label) {
        memcpy(batch + batched, lines->label, label - 2);
        memcpy(batch + batched + label - 2, ": ", 2);
        batched += label;
    }
    memcpy(batch + batched, text, length);
    batched += length;
    batch[batched++] = '\n';
}

// Emits the complete lines of the payload and keeps the rest; a full payload without a line's end is emitted as it is.
static void emit_complete(struct lines *lines) {
    char *start = lines->payload, *end = lines->payload + lines->length;
    for (char *newline; (newline = memchr(start, '\n', (size_t)(end - start))); start = newline + 1)
        emit(lines, start, (size_t)(newline - start));
    if (start == lines->payload && lines->length == sizeof lines->payload) {
        emit(lines, start, lines->length);
        start = end;
    }
    lines->length = (size_t)(end - start);
    memmove(lines->payload, start, lines->length);
}

// Reads once and forwards. Returns whether there may be more to read right now.
bool lines_forward(struct lines *lines) {
    if (lines->fd < 0) return false;
    ssize_t count = read(lines->fd, lines->payload + lines->length, sizeof lines->payload - lines->length);
    if (count < 0) return errno == EINTR;
    if (count == 0) {  // every process closed it; it cannot be opened again
        close(lines->fd);
        lines->fd = -1;
        lines_finish(lines);
        return false;
    }
    lines->length += (size_t)count;
    emit_complete(lines);
    flush();
    return true;
}

void lines_finish(struct lines *lines) {
    if (lines->length) emit(lines, lines->payload, lines->length);
    lines->length = 0;
    flush();
}
