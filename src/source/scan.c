/* SPDX-License-Identifier: Apache-2.0 */
#include "source/scan.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/reader.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older ones refuse it, and pages come one by one */
#endif

enum {
    SLOT_PACKETS = 4096, /* kept of a chunk at once; the caller sifts on when there are more */
    SLOTS_A_THREAD = 3,  /* chunks ahead of the caller */
    GUESS_RECORDS = 12,  /* in a row that make sense */
    GUESS_DAYS = 400,    /* from the stretch's first packet */
    CHUNKS_A_CALL = 8,   /* before the caller hears how far it is */
};

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_READY };

/* One chunk under way. Its thread's own while taken, the caller's once ready. */
struct slot {
    enum slot_state state;
    uint64_t start;             /* of its first record; UINT64_MAX: not known */
    uint64_t at;                /* of the first record not yet taken */
    bool is_stuck;              /* that one is not whole, or not sound */
    struct pcap_sifting sifted; /* counts from 0 */
    struct packet *packets;
    uint32_t n, n_given;
};

struct scan {
    const struct pcap_header *header;
    struct pcap_sifting *sifting;
    uint64_t map_offset; /* of map in the file: what lies where */
    const uint8_t *map;
    size_t map_len;
    uint64_t begin, end; /* of the stretch; records may reach beyond */
    uint64_t file_end;
    uint32_t first_seconds;
    size_t page_bytes;
    atomic_bool is_cut; /* pages were gone */

    uint64_t at;    /* verified: every record before is taken */
    uint64_t chunk; /* the caller's */
    uint64_t n_chunks;
    bool holds_slot;

    pthread_mutex_t mutex;
    pthread_cond_t is_ready, is_free;
    uint64_t next_chunk; /* to be taken by whoever comes */
    bool is_stopping;
    uint32_t n_slots, n_workers;
    struct slot slots[SCAN_THREADS * SLOTS_A_THREAD];
    pthread_t workers[SCAN_THREADS];
    struct sigaction before;
};

/* ---- pages that another program took away ---- */

/* A signal has no context: the scan under way, or none. */
static _Atomic(struct scan *) guarded;

static void put_page(int number, siginfo_t *info, void *context)
{
    struct scan *scan = atomic_load(&guarded);
    uintptr_t at = (uintptr_t)info->si_addr, map = scan ? (uintptr_t)scan->map : 0;
    int saved = errno;

    (void)context;
    /* The system call itself: what a signal may interrupt is not the library's to hear of. */
    if (scan == NULL || at < map || at - map >= scan->map_len ||
        syscall(SYS_mmap, at & ~(uintptr_t)(scan->page_bytes - 1), scan->page_bytes, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == -1)
        signal(number, SIG_DFL); /* not ours: the access is tried again, and ends the program */
    else
        atomic_store(&scan->is_cut, true);
    errno = saved;
}

static bool guard(struct scan *scan)
{
    struct sigaction action = { .sa_sigaction = put_page, .sa_flags = SA_SIGINFO };
    struct scan *none = NULL;

    sigemptyset(&action.sa_mask);
    if (!atomic_compare_exchange_strong(&guarded, &none, scan))
        return false;
    if (sigaction(SIGBUS, &action, &scan->before) == 0)
        return true;
    atomic_store(&guarded, NULL);
    return false;
}

static void unguard(struct scan *scan)
{
    if (atomic_load(&guarded) != scan)
        return;
    sigaction(SIGBUS, &scan->before, NULL);
    atomic_store(&guarded, NULL);
}

/* ---- a chunk ---- */

static uint64_t chunk_begin(const struct scan *scan, uint64_t chunk)
{
    return scan->begin + chunk * SCAN_CHUNK_BYTES;
}

static uint64_t chunk_end(const struct scan *scan, uint64_t chunk)
{
    uint64_t end = chunk_begin(scan, chunk + 1);

    return end < scan->end ? end : scan->end;
}

static struct bytes bytes_between(const struct scan *scan, uint64_t from, uint64_t to)
{
    return bytes_of(scan->map + (from - scan->map_offset), to - from);
}

/* Whole pages of a chunk; the last one belongs to the next chunk. */
static struct bytes pages_of(const struct scan *scan, uint64_t chunk)
{
    uint64_t mask = ~(uint64_t)(scan->page_bytes - 1);

    return bytes_between(scan, chunk_begin(scan, chunk) & mask, chunk_end(scan, chunk) & mask);
}

static void advise(struct bytes pages, int advice)
{
    if (pages.len)
        (void)madvise((void *)(uintptr_t)pages.data, pages.len, advice);
}

struct record {
    uint32_t seconds, fraction, caplen, len;
};

static bool read_record(struct reader *r, struct record *record)
{
    return reader_u32le(r, &record->seconds) && reader_u32le(r, &record->fraction) &&
           reader_u32le(r, &record->caplen) && reader_u32le(r, &record->len);
}

/* Do records begin here, as far as one can see? */
static bool makes_sense(const struct scan *scan, struct reader r)
{
    const uint32_t fraction_limit = scan->header->fraction_ns == 1 ? 1000000000 : 1000000;

    for (unsigned n = 0; n < GUESS_RECORDS && reader_left(&r) > 0; n++) {
        struct record record;
        int64_t apart;

        if (!read_record(&r, &record))
            return n > 0;
        apart = (int64_t)record.seconds - scan->first_seconds;
        if (apart > INT64_C(86400) * GUESS_DAYS || apart < -INT64_C(86400) * GUESS_DAYS ||
            record.fraction >= fraction_limit || record.caplen > scan->header->packet_limit_bytes ||
            record.caplen > record.len || record.len > SNAPLEN_MAX || record.len == 0)
            return false;
        if (!reader_skip(&r, record.caplen))
            return n > 0;
    }
    return true;
}

static uint64_t guess_start(const struct scan *scan, uint64_t chunk)
{
    struct reader r = reader_over(bytes_between(scan, chunk_begin(scan, chunk), chunk_end(scan, chunk)));
    const uint8_t *first = r.at;

    for (; reader_left(&r) > 0 && r.at - first <= SNAPLEN_MAX; r.at++)
        if (makes_sense(scan, r))
            return chunk_begin(scan, chunk) + (uint64_t)(r.at - first);
    return UINT64_MAX;
}

/* Goes on to the chunk's end, to a record that cannot be taken, or until there is no room for packets. */
static void sift(const struct scan *scan, struct slot *slot, uint64_t chunk)
{
    const uint64_t end = chunk_end(scan, chunk);
    uint64_t limit = end;

    slot->n = slot->n_given = 0;
    while (slot->at < end && !slot->is_stuck && SLOT_PACKETS - slot->n >= GLANCES) {
        struct error ignored;
        size_t used, needed;
        uint32_t n;
        enum pcap_result result =
            pcap_sift_packets(scan->header, &slot->sifted, bytes_between(scan, slot->at, limit), slot->at,
                              slot->packets + slot->n, SLOT_PACKETS - slot->n, &n, &used, &needed, &ignored);

        slot->n += n;
        slot->at += used;
        if (result == PCAP_READ)
            continue;
        /* The last record reaches into the next chunk: that one alone. */
        limit = slot->at + needed;
        slot->is_stuck = result == PCAP_DAMAGED || limit > scan->file_end;
    }
}

static void begin_slot(const struct scan *scan, struct slot *slot, uint64_t start)
{
    slot->start = slot->at = start;
    slot->is_stuck = false;
    slot->n = slot->n_given = 0;
    slot->sifted = (struct pcap_sifting) { .sieve = scan->sifting->sieve };
}

static struct slot *slot_of(struct scan *scan, uint64_t chunk)
{
    return &scan->slots[chunk % scan->n_slots];
}

/* ---- threads ---- */

/* Takes the next chunk, if its slot is free; the mutex is held. */
static bool take_chunk(struct scan *scan, uint64_t *chunk)
{
    if (scan->next_chunk == scan->n_chunks || slot_of(scan, scan->next_chunk)->state != SLOT_FREE)
        return false;
    *chunk = scan->next_chunk++;
    slot_of(scan, *chunk)->state = SLOT_TAKEN;
    return true;
}

/* Sifts a taken chunk; start: of its first record, if known. */
static void do_chunk(struct scan *scan, uint64_t chunk, uint64_t start)
{
    struct slot *slot = slot_of(scan, chunk);

    advise(pages_of(scan, chunk), MADV_POPULATE_READ);
    begin_slot(scan, slot, start == UINT64_MAX ? guess_start(scan, chunk) : start);
    if (slot->start != UINT64_MAX)
        sift(scan, slot, chunk);
    pthread_mutex_lock(&scan->mutex);
    slot->state = SLOT_READY;
    pthread_cond_signal(&scan->is_ready);
    pthread_mutex_unlock(&scan->mutex);
}

static void *work(void *context)
{
    struct scan *scan = context;
    uint64_t chunk;

    pthread_mutex_lock(&scan->mutex);
    while (!scan->is_stopping) {
        if (!take_chunk(scan, &chunk)) {
            if (scan->next_chunk == scan->n_chunks)
                break;
            pthread_cond_wait(&scan->is_free, &scan->mutex);
            continue;
        }
        pthread_mutex_unlock(&scan->mutex);
        do_chunk(scan, chunk, UINT64_MAX);
        pthread_mutex_lock(&scan->mutex);
    }
    pthread_mutex_unlock(&scan->mutex);
    return NULL;
}

/* Waits for the caller's chunk; meanwhile does what nobody else does. */
static struct slot *wait_for_chunk(struct scan *scan)
{
    struct slot *slot = slot_of(scan, scan->chunk);
    uint64_t chunk;

    pthread_mutex_lock(&scan->mutex);
    while (slot->state != SLOT_READY) {
        if (!take_chunk(scan, &chunk)) {
            pthread_cond_wait(&scan->is_ready, &scan->mutex);
            continue;
        }
        pthread_mutex_unlock(&scan->mutex);
        do_chunk(scan, chunk, chunk == scan->chunk ? scan->at : UINT64_MAX);
        pthread_mutex_lock(&scan->mutex);
    }
    pthread_mutex_unlock(&scan->mutex);
    return slot;
}

static unsigned count_processors(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Workers that cannot be had are done without. */
static void start_workers(struct scan *scan, unsigned n_threads)
{
    sigset_t all, before;

    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (scan->n_workers + 1 < n_threads &&
           pthread_create(&scan->workers[scan->n_workers], NULL, work, scan) == 0)
        scan->n_workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_workers(struct scan *scan)
{
    pthread_mutex_lock(&scan->mutex);
    scan->is_stopping = true;
    pthread_cond_broadcast(&scan->is_free);
    pthread_mutex_unlock(&scan->mutex);
    for (uint32_t i = 0; i < scan->n_workers; i++)
        pthread_join(scan->workers[i], NULL);
    scan->n_workers = 0;
}

/* ---- the caller ---- */

static bool map(struct scan *scan, int fd, uint64_t size_bytes, uint64_t offset)
{
    const uint64_t reach = (uint64_t)scan->header->packet_limit_bytes + scan->header->record_header_bytes;
    void *at;

    scan->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    scan->map_offset = offset & ~(uint64_t)(scan->page_bytes - 1);
    scan->begin = scan->at = offset;
    scan->end = size_bytes - offset < SCAN_STRETCH_BYTES ? size_bytes : offset + SCAN_STRETCH_BYTES;
    scan->file_end = size_bytes - scan->end < reach ? size_bytes : scan->end + reach;
    scan->n_chunks = (scan->end - scan->begin + SCAN_CHUNK_BYTES - 1) / SCAN_CHUNK_BYTES;
    scan->map_len = (size_t)(scan->file_end - scan->map_offset);
    at = mmap(NULL, scan->map_len, PROT_READ, MAP_SHARED, fd, (off_t)scan->map_offset);
    if (at == MAP_FAILED)
        return false;
    scan->map = at;
    return true;
}

static bool read_first(struct scan *scan)
{
    struct reader r = reader_over(bytes_between(scan, scan->begin, scan->file_end));
    struct record record;

    if (!read_record(&r, &record))
        return false;
    scan->first_seconds = record.seconds;
    return true;
}

struct scan *scan_new(int fd, uint64_t size_bytes, uint64_t offset, const struct pcap_header *header,
                      struct pcap_sifting *sifting, unsigned n_threads)
{
    struct scan *scan;

    if (!pcap_is_plain(header) || header->packet_limit_bytes > PCAP_PACKET_LIMIT_BYTES ||
        offset >= size_bytes)
        return NULL;
    scan = calloc(1, sizeof *scan);
    if (scan == NULL)
        return NULL;
    if (n_threads == 0)
        n_threads = count_processors();
    if (n_threads > SCAN_THREADS)
        n_threads = SCAN_THREADS;
    scan->header = header;
    scan->sifting = sifting;
    scan->n_slots = n_threads * SLOTS_A_THREAD;
    pthread_mutex_init(&scan->mutex, NULL);
    pthread_cond_init(&scan->is_ready, NULL);
    pthread_cond_init(&scan->is_free, NULL);
    for (uint32_t i = 0; i < scan->n_slots; i++) {
        scan->slots[i].packets = malloc(SLOT_PACKETS * sizeof(struct packet));
        if (scan->slots[i].packets == NULL) {
            scan_free(scan);
            return NULL;
        }
    }
    if (!map(scan, fd, size_bytes, offset) || !guard(scan) || !read_first(scan)) {
        scan_free(scan);
        return NULL;
    }
    start_workers(scan, n_threads);
    return scan;
}

void scan_free(struct scan *scan)
{
    if (scan == NULL)
        return;
    stop_workers(scan);
    unguard(scan);
    if (scan->map)
        munmap((void *)(uintptr_t)scan->map, scan->map_len);
    for (uint32_t i = 0; i < scan->n_slots; i++)
        free(scan->slots[i].packets);
    pthread_cond_destroy(&scan->is_free);
    pthread_cond_destroy(&scan->is_ready);
    pthread_mutex_destroy(&scan->mutex);
    free(scan);
}

/* Adds what a slot has counted; it counts from 0 again. */
static void settle(struct scan *scan, struct slot *slot)
{
    scan->sifting->n_packets += slot->sifted.n_packets;
    scan->sifting->n_bytes += slot->sifted.n_bytes;
    scan->sifting->n_cut += slot->sifted.n_cut;
    slot->sifted = (struct pcap_sifting) { .sieve = scan->sifting->sieve };
    scan->at = slot->at;
}

static void release(struct scan *scan, struct slot *slot)
{
    advise(pages_of(scan, scan->chunk), MADV_DONTNEED);
    pthread_mutex_lock(&scan->mutex);
    slot->state = SLOT_FREE;
    pthread_cond_signal(&scan->is_free);
    pthread_mutex_unlock(&scan->mutex);
    scan->chunk++;
    scan->holds_slot = false;
}

/* The caller's chunk is ready: was it begun where the one before ended? */
static struct slot *receive(struct scan *scan)
{
    struct slot *slot = wait_for_chunk(scan);

    scan->holds_slot = true;
    if (slot->start != scan->at) {
        begin_slot(scan, slot, scan->at); /* maybe behind its end: a record reached over it */
        sift(scan, slot, scan->chunk);
    }
    return slot;
}

static void give(struct scan *scan, struct slot *slot, struct batch *batch)
{
    uint32_t n = slot->n - slot->n_given;

    if (n > BATCH_PACKETS)
        n = BATCH_PACKETS;
    memcpy(batch->packets, slot->packets + slot->n_given, n * sizeof *batch->packets);
    for (uint32_t i = 0; i < n; i++)
        batch->packets[i].number += scan->sifting->n_packets;
    slot->n_given += n;
    batch->n = n;
}

bool scan_next(struct scan *scan, struct batch *batch, uint64_t *offset, bool *is_stuck)
{
    *is_stuck = false;
    for (unsigned n = 0; n < CHUNKS_A_CALL && scan->chunk < scan->n_chunks; n++) {
        struct slot *slot = scan->holds_slot ? slot_of(scan, scan->chunk) : receive(scan);

        if (atomic_load(&scan->is_cut)) {
            *is_stuck = true; /* what was seen of this chunk is not to be believed */
            break;
        }
        if (slot->n_given < slot->n) {
            give(scan, slot, batch);
            return true;
        }
        settle(scan, slot);
        *is_stuck = slot->is_stuck;
        if (*is_stuck)
            break;
        if (slot->at < chunk_end(scan, scan->chunk))
            sift(scan, slot, scan->chunk); /* there was no room for all */
        else
            release(scan, slot);
    }
    *offset = scan->at;
    return !*is_stuck && scan->chunk < scan->n_chunks;
}
