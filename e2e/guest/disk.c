// SPDX-License-Identifier: Apache-2.0
// Numbered blocks past the page cache to the writer's half of /dev/vda, round and round; each time another one that was
// written before is read back. The host looks at the file in the end.
#include "traffic.h"

#include <fcntl.h>
#include <string.h>
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
