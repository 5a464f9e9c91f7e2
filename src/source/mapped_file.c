/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place with state of the process's own: a signal handler is given an address and nothing to find
 * its map by. So the maps stand in a fixed table of atomics, that the handler may read whatever the threads
 * are doing. The handler calls mmap, which is a bare system call. Faults that are not ours get what they
 * would have got: the handler that was there before, or the default.
 */
#include "source/mapped_file.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapped_file {
    _Atomic uintptr_t start; /* 0: the place is free */
    _Atomic uintptr_t end;
    atomic_bool is_torn; /* pages were missing and zeroes stand for them */
    int fd;
    uint64_t size_bytes;
};

static struct mapped_file maps[MAPPED_FILE_LIMIT];
static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER; /* for who opens; the handler takes none */
static struct sigaction previous;
static uintptr_t page_bytes;

static struct mapped_file *find_map(uintptr_t address)
{
    for (int i = 0; i < MAPPED_FILE_LIMIT; i++) {
        uintptr_t start = atomic_load(&maps[i].start);

        if (start != 0 && address >= start && address < atomic_load(&maps[i].end))
            return &maps[i];
    }
    return NULL;
}

static void put_zeroes(int signal_number, siginfo_t *info, void *context)
{
    struct mapped_file *map = find_map((uintptr_t)info->si_addr);
    void *page = (void *)((uintptr_t)info->si_addr & ~(page_bytes - 1));

    (void)context;
    if (map && mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page) {
        atomic_store(&map->is_torn, true);
        return;
    }
    sigaction(signal_number, &previous, NULL); /* the instruction runs again and meets that one */
}

/* Asked at each open: a library or a test may have put its own handler there since. */
static void install_handler(void)
{
    struct sigaction action = { .sa_sigaction = put_zeroes, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct sigaction current;

    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, NULL, &current) == 0 && current.sa_sigaction != put_zeroes) {
        previous = current;
        sigaction(SIGBUS, &action, NULL);
    }
}

static struct mapped_file *take_place(void)
{
    for (int i = 0; i < MAPPED_FILE_LIMIT; i++) {
        if (atomic_load(&maps[i].start) == 0)
            return &maps[i];
    }
    return NULL;
}

struct mapped_file *mapped_file_open(int fd, uint64_t size_bytes)
{
    struct mapped_file *map;
    void *start;

    if (size_bytes == 0 || size_bytes > SIZE_MAX / 2)
        return NULL;
    start = mmap(NULL, (size_t)size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (start == MAP_FAILED)
        return NULL;
    madvise(start, (size_t)size_bytes, MADV_SEQUENTIAL);
    pthread_mutex_lock(&maps_lock);
    install_handler();
    map = take_place();
    if (map) {
        map->fd = fd;
        map->size_bytes = size_bytes;
        atomic_store(&map->is_torn, false);
        atomic_store(&map->end, (uintptr_t)start + (size_t)size_bytes);
        atomic_store(&map->start, (uintptr_t)start);
    }
    pthread_mutex_unlock(&maps_lock);
    if (map == NULL)
        munmap(start, (size_t)size_bytes);
    return map;
}

void mapped_file_close(struct mapped_file *map)
{
    struct bytes bytes;

    if (map == NULL)
        return;
    bytes = mapped_file_bytes(map);
    atomic_store(&map->start, 0);
    munmap((void *)(uintptr_t)bytes.data, bytes.len);
}

struct bytes mapped_file_bytes(const struct mapped_file *map)
{
    return bytes_of((const void *)atomic_load(&map->start), (size_t)map->size_bytes);
}

bool mapped_file_is_whole(const struct mapped_file *map, struct error *error)
{
    struct stat status;

    if (fstat(map->fd, &status) < 0)
        return error_system(error, "cannot be asked for its size");
    if (atomic_load(&map->is_torn) || (uint64_t)status.st_size < map->size_bytes)
        return error_set(error, ERROR_DAMAGED,
                         "was cut from %llu to %llu bytes by another program while it was read",
                         (unsigned long long)map->size_bytes, (unsigned long long)status.st_size);
    return true;
}
