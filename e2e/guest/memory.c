// SPDX-License-Identifier: Apache-2.0
// Memory filled before the first snapshot and compared when asked; and where in guest physical space it lies.
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };
static const uint64_t frame_mask = (1ull << 55) - 1, first_high_frame = (4ull << 30) / PAGE;

static unsigned char *memory;
static size_t size;

void memory_fill(void) {
    size = (size_t)parameter("memory_mib", 0) << 20;
    if (size == 0) return;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fault("mmap %zu: %s", size, strerror(errno));
    pattern_fill(memory, size, salt(SALT_MEMORY, 0), 0);
}

static size_t high_pages(void) {
    size_t high = 0;
    int pagemap = (int)must(open("/proc/self/pagemap", O_RDONLY), "open pagemap");
    for (size_t at = 0; at < size; at += PAGE) {
        uint64_t entry;
        must(pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)(memory + at) / PAGE * sizeof entry)), "read pagemap");
        high += (entry & frame_mask) >= first_high_frame;
    }
    close(pagemap);
    return high;
}

static unsigned long long total_kib(void) {
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file || fscanf(file, "MemTotal: %llu", &kib) != 1) fault("no MemTotal");
    fclose(file);
    return kib;
}

void memory_report(char *text, size_t room) {
    size_t good = pattern_check(memory, size, salt(SALT_MEMORY, 0), 0);
    if (good < size) fault("memory: wrong byte at %zu", good);
    snprintf(text, room, "cpus=%ld total_kib=%llu checked=%zu high_pages=%zu", sysconf(_SC_NPROCESSORS_ONLN), total_kib(), good,
             size ? high_pages() : 0);
}
