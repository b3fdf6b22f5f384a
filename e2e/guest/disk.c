// SPDX-License-Identifier: Apache-2.0
// Numbered blocks past the page cache to the writer's half of /dev/vda, round and round; each time another one that was
// written before is read back. The host looks at the file in the end.
#include "traffic.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BLOCK = 16 << 10, BLOCKS = 64, FLUSH_EVERY = 16 };

// Its first word is its number, the others follow from that.
static void make_block(unsigned char *block, int writer, uint64_t number) {
    pattern_fill(block, BLOCK, salt(SALT_DISK, (uint64_t)writer) + number * BLOCK, 0);
    memcpy(block, &number, sizeof number);
}

static off_t place(int writer, uint64_t number) {
    return ((off_t)writer * BLOCKS + (off_t)(number % BLOCKS)) * BLOCK;
}

void disk_writer(int writer) {
    static _Alignas(4096) unsigned char block[BLOCK], wanted[BLOCK];
    long pause_us = parameter("disk_pause_us", 30000);
    int disk = (int)must(open("/dev/vda", O_RDWR | O_DIRECT), "open /dev/vda");
    for (uint64_t number = 1;; number++) {
        make_block(block, writer, number);
        if (must(pwrite(disk, block, BLOCK, place(writer, number)), "write to the disk") != BLOCK) fault("short write to the disk");
        if (number % FLUSH_EVERY == 0) must(fdatasync(disk), "flush the disk");
        uint64_t known = number < BLOCKS ? number : BLOCKS;
        uint64_t other = number - below((unsigned)known);
        if (must(pread(disk, block, BLOCK, place(writer, other)), "read from the disk") != BLOCK) fault("short read from the disk");
        make_block(wanted, writer, other);
        if (memcmp(block, wanted, BLOCK) != 0) fault("disk writer %d: block %llu is wrong", writer, (unsigned long long)other);
        counters->disk[writer] = number;
        pause_for_us(pause_us);
    }
}

static unsigned long long queue_limit(const char *path) {
    unsigned long long limit = 0;
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%llu", &limit) != 1) fault("%s cannot be read", path);
    fclose(file);
    return limit;
}

// Four pieces of the pattern, of which the second is discarded and the third written with zeroes; nobody else may use the
// disk. The host looks at the file.
void disk_unmap(char *text, size_t size) {
    enum { UNMAP_PIECE = 256 << 10, PIECES = 4, UNMAP_NUMBER = 2 };
    static _Alignas(4096) unsigned char bytes[PIECES * UNMAP_PIECE];
    uint64_t discarded[] = {UNMAP_PIECE, UNMAP_PIECE}, zeroed[] = {2 * UNMAP_PIECE, UNMAP_PIECE};
    size_t zeroes = 0;
    int disk = (int)must(open("/dev/vda", O_RDWR | O_DIRECT), "open /dev/vda");
    pattern_fill(bytes, sizeof bytes, salt(SALT_DISK, UNMAP_NUMBER), 0);
    if (must(pwrite(disk, bytes, sizeof bytes, 0), "write to the disk") != sizeof bytes) fault("short write to the disk");
    must(ioctl(disk, BLKDISCARD, discarded), "BLKDISCARD");
    must(ioctl(disk, BLKZEROOUT, zeroed), "BLKZEROOUT");
    if (must(pread(disk, bytes, sizeof bytes, 0), "read from the disk") != sizeof bytes) fault("short read from the disk");
    close(disk);
    for (size_t i = UNMAP_PIECE; i < 3 * UNMAP_PIECE; i++) zeroes += bytes[i] == 0;
    size_t kept = pattern_check(bytes, UNMAP_PIECE, salt(SALT_DISK, UNMAP_NUMBER), 0) +
                  pattern_check(bytes + 3 * UNMAP_PIECE, UNMAP_PIECE, salt(SALT_DISK, UNMAP_NUMBER), 3 * UNMAP_PIECE);
    snprintf(text, size, "kept=%zu zeroes=%zu discard_max=%llu zeroes_max=%llu", kept, zeroes,
             queue_limit("/sys/block/vda/queue/discard_max_bytes"), queue_limit("/sys/block/vda/queue/write_zeroes_max_bytes"));
}
