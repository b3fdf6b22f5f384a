// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

static unsigned char at(uint64_t salt, uint64_t position) {
    return (unsigned char)(pattern_word(salt, position >> 3) >> (position & 7) * 8);
}

void pattern_fill(unsigned char *bytes, size_t length, uint64_t salt, uint64_t position) {
    for (size_t i = 0; i < length;) {
        if ((position + i) % 8 == 0 && length - i >= 8) {
            uint64_t word = pattern_word(salt, (position + i) >> 3);
            __builtin_memcpy(bytes + i, &word, 8);
            i += 8;
        } else {
            bytes[i] = at(salt, position + i);
            i++;
        }
    }
}

size_t pattern_check(const unsigned char *bytes, size_t length, uint64_t salt, uint64_t position) {
    for (size_t i = 0; i < length;) {
        uint64_t word;
        if ((position + i) % 8 == 0 && length - i >= 8) {
            __builtin_memcpy(&word, bytes + i, 8);
            if (word == pattern_word(salt, (position + i) >> 3)) {
                i += 8;
                continue;
            }
        }
        if (bytes[i] != at(salt, position + i)) return i;
        i++;
    }
    return length;
}
