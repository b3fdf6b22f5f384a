/*
 * What bringing in a working set beforehand costs and saves: maps a file privately, as a restore does, and touches some pages of
 * it, as a guest does, in turns without a hint and with each way to use one; the page cache warm, then dropped for the file.
 *
 *   cc -O2 -o populate populate.c && ./populate FILE [TURNS]
 *
 * FILE is made (256 MiB) and removed. 96 runs of 16 pages are touched, in any order. Prints medians in µs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum { PAGE = 4096, RUNS = 96, RUN_PAGES = 16, WAYS = 4, MAX_TURNS = 1000 };
static const size_t SIZE = 256u << 20;
static const char *const WAY[WAYS] = {"no hint", "WILLNEED", "POPULATE_READ", "WILLNEED, POPULATE_READ"};

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t runs[RUNS];
static size_t touched[RUNS * RUN_PAGES];

static void choose(void) {
    size_t chunk = SIZE / RUNS;
    for (int i = 0; i < RUNS; i++)
        runs[i] = (i * chunk + (size_t)(rand() % (int)(chunk / PAGE - RUN_PAGES)) * PAGE) & ~(size_t)(RUN_PAGES * PAGE - 1);
    for (int i = 0; i < RUNS * RUN_PAGES; i++) touched[i] = runs[i / RUN_PAGES] + (size_t)(i % RUN_PAGES) * PAGE;
    for (int i = RUNS * RUN_PAGES - 1; i > 0; i--) {
        int j = rand() % (i + 1);
        size_t t = touched[i];
        touched[i] = touched[j];
        touched[j] = t;
    }
}

static void advise(char *memory, int advice) {
    for (int i = 0; i < RUNS; i++)
        if (madvise(memory + runs[i], RUN_PAGES * PAGE, advice)) fail("madvise");
}

/* Nanoseconds of the hint, and of all. */
static void turn(int fd, int way, uint64_t *hint, uint64_t *all) {
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (memory == MAP_FAILED) fail("mmap");
    uint64_t start = now();
    if (way & 1) advise(memory, MADV_WILLNEED);
    if (way & 2) advise(memory, MADV_POPULATE_READ);
    *hint = now() - start;
    unsigned sum = 0;
    for (int i = 0; i < RUNS * RUN_PAGES; i++) sum += *(volatile unsigned char *)(memory + touched[i]);
    *all = now() - start;
    if (sum == 0) fail("nothing read");
    munmap(memory, SIZE);
}

int main(int argc, char **argv) {
    static uint64_t hint[WAYS][MAX_TURNS], all[WAYS][MAX_TURNS];
    if (argc < 2) return fprintf(stderr, "usage: populate FILE [TURNS]\n"), 2;
    int turns = argc > 2 ? atoi(argv[2]) : 100;
    if (turns < 1 || turns > MAX_TURNS) return 2;
    int fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) fail(argv[1]);
    unlink(argv[1]);
    char *block = malloc(1 << 20);
    for (size_t at = 0; at < SIZE; at += 1 << 20) {
        for (int i = 0; i < 1 << 20; i++) block[i] = (char)rand();
        if (pwrite(fd, block, 1 << 20, (off_t)at) != 1 << 20) fail("pwrite");
    }
    fsync(fd);
    for (int dropped = 0; dropped < 2; dropped++) {
        for (int i = 0; i < turns; i++) {
            choose();
            for (int way = 0; way < WAYS; way++) {
                if (dropped) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
                turn(fd, way, &hint[way][i], &all[way][i]);
            }
        }
        for (int way = 0; way < WAYS; way++) {
            qsort(hint[way], (size_t)turns, sizeof hint[way][0], order);
            qsort(all[way], (size_t)turns, sizeof all[way][0], order);
            printf("| %s | %s | %.0f | %.0f |\n", dropped ? "dropped" : "warm", WAY[way], hint[way][turns / 2] / 1e3,
                   all[way][turns / 2] / 1e3);
        }
    }
    return 0;
}
