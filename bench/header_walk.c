/* SPDX-License-Identifier: Apache-2.0 */
/*
 * header_walk - the floor under bench/run's scans: maps a plain pcap file and touches each packet's headers,
 * nothing else. With "2" the halves are walked by two threads side by side: what a second core can gain on
 * this machine when memory is all that is in the way.
 *
 *   cc -O2 -pthread -o header_walk header_walk.c && ./header_walk FILE [1|2]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { CHUNK_BYTES = 2 << 20, AHEAD_BYTES = 2048, RECORD_BYTES = 16, TOUCHED = 80 };

struct stretch {
    const uint8_t *map;
    size_t from, to; /* of records */
    uint64_t n, sum;
};

static uint32_t length_at(const uint8_t *record)
{
    uint32_t caplen;

    memcpy(&caplen, record + 8, 4);
    return caplen;
}

static void *walk(void *context)
{
    struct stretch *stretch = context;
    size_t at = stretch->from, populated = at & ~(size_t)4095;

    while (at + RECORD_BYTES <= stretch->to) {
        const uint8_t *record = stretch->map + at;

        if (at >= populated) {
            madvise((void *)(uintptr_t)(stretch->map + populated), CHUNK_BYTES, MADV_POPULATE_READ);
            populated += CHUNK_BYTES;
        }
        for (int i = 0; i < 256; i += 64)
            __builtin_prefetch(record + AHEAD_BYTES + i);
        if (length_at(record) > TOUCHED)
            stretch->sum += record[RECORD_BYTES + 26] + record[RECORD_BYTES + TOUCHED];
        stretch->n++;
        at += RECORD_BYTES + length_at(record);
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, is_double = argc > 2 && argv[2][0] == '2';
    struct stretch halves[2];
    struct stat status;
    pthread_t second;
    const uint8_t *map;
    size_t size, middle = 24;
    double began;

    if (fd < 0 || fstat(fd, &status) < 0) {
        fprintf(stderr, "usage: header_walk FILE [1|2]\n");
        return 2;
    }
    size = (size_t)status.st_size;
    map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    while (middle + RECORD_BYTES < size / 2) /* where a record begins: not measured */
        middle += RECORD_BYTES + length_at(map + middle);
    munmap((void *)(uintptr_t)map, size);
    map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    halves[0] = (struct stretch) { map, 24, middle, 0, 0 };
    halves[1] = (struct stretch) { map, middle, size, 0, 0 };
    began = now();
    if (is_double && pthread_create(&second, NULL, walk, &halves[1]) != 0)
        return 2;
    walk(&halves[0]);
    if (is_double)
        pthread_join(second, NULL);
    else
        walk(&halves[1]);
    printf("%.3f s, %" PRIu64 " packets (%" PRIu64 ")\n", now() - began, halves[0].n + halves[1].n,
           halves[0].sum + halves[1].sum);
    return 0;
}
