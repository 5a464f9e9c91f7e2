/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   recorder's thread                         the tap's thread ("tap")
 *   tap_packet ─▶ building ─▶ inbox ─────────▶ each reader's queue ─▶ its socket
 *                 (a chunk)   (a list)         (the same chunks)
 *
 * The lock is held for moving pointers, for the few bytes that describe interfaces, and for a glance at
 * counters; never over a send. The wake-up (an eventfd) is written only when the thread said that it waits.
 */
#include "pipeline/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "packet/pcapng_encode.h"
#include "pipeline/tap_encode.h"
#include "pipeline/tap_listener.h"
#include "pipeline/tap_reader.h"

enum { POLL_MS = 500, END_MS = 2000, REST_BYTES = 4096, DESCRIPTIONS_LIMIT_BYTES = 128 << 20 };

#define STATISTICS_EVERY_NS (5 * NS_PER_SECOND)

struct tap {
    struct tap_options options;
    struct tap_listener listeners[TAP_LISTENERS_LIMIT];
    uint32_t n_listeners;
    pthread_t thread;
    bool is_started;
    int64_t began_ns;
    int wake_fd;

    /* The recorder's. */
    struct tap_chunk *building;
    uint32_t n_described; /* interfaces of the table */
    uint32_t n_lost;      /* packets that no chunk could take */

    atomic_uint n_readers;      /* the recorder looks whether there are any */
    atomic_size_t queued_bytes; /* of all chunks handed over and not gone yet */

    /* Under the lock. */
    pthread_mutex_t lock;
    struct tap_chunk *inbox, **inbox_end;
    bool is_waiting, is_ending;
    struct buffer descriptions; /* of the interfaces, one block after the other */
    size_t *description_ends;   /* by interface: where its block ends */
    uint32_t n_descriptions, cap_descriptions;
    struct tap_statistics statistics[TAP_STATISTICS_LIMIT];
    uint32_t n_statistics;
    struct tap_status glance;

    /* The thread's. */
    struct tap_reader readers[TAP_READERS_LIMIT];
    uint64_t n_connected, n_refused, n_stalled, n_dropped_of_gone;
    int64_t statistics_ns;
};

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- the recorder's side ---- */

/* Hands over the chunk under way. */
static void publish(struct tap *tap)
{
    struct tap_chunk *chunk = tap->building;
    const uint64_t one = 1;
    bool must_wake;

    if (chunk == NULL || chunk->n_packets == 0)
        return;
    tap->building = NULL;
    if (atomic_load(&tap->queued_bytes) > TAP_MEMORY_BYTES) { /* the thread is not given the processor */
        tap->n_lost += chunk->n_packets + chunk->n_lost;
        tap_chunk_release(chunk);
        return;
    }
    atomic_fetch_add(&tap->queued_bytes, chunk->blocks.len);
    chunk->n_interfaces = tap->n_described;
    pthread_mutex_lock(&tap->lock);
    *tap->inbox_end = chunk;
    tap->inbox_end = &chunk->next;
    must_wake = tap->is_waiting;
    tap->is_waiting = false;
    pthread_mutex_unlock(&tap->lock);
    /* A full eventfd wakes all the same. */
    if (must_wake && write(tap->wake_fd, &one, sizeof one) < 0)
        return;
}

static bool describe(struct tap *tap, const struct interface *interface)
{
    if (tap->n_descriptions == tap->cap_descriptions) {
        uint32_t cap = tap->cap_descriptions ? tap->cap_descriptions * 2 : 16;
        size_t *ends = realloc(tap->description_ends, cap * sizeof *ends);

        if (ends == NULL)
            return false;
        tap->description_ends = ends;
        tap->cap_descriptions = cap;
    }
    if (!pcapng_put_interface(&tap->descriptions, interface))
        return false;
    tap->description_ends[tap->n_descriptions++] = tap->descriptions.len;
    return true;
}

/* The table only grows, so an interface's number here is its number there. */
static bool describe_all(struct tap *tap, const struct interface_table *table)
{
    bool ok = true;

    if (tap->n_described == table->n)
        return true;
    pthread_mutex_lock(&tap->lock);
    while (ok && tap->n_described < table->n) {
        ok = describe(tap, &table->items[tap->n_described]);
        tap->n_described += ok;
    }
    pthread_mutex_unlock(&tap->lock);
    return ok;
}

static bool add_packet(struct tap *tap, const struct packet *packet, const struct interface_table *table)
{
    size_t bytes = tap_packet_bytes(packet);

    if (!describe_all(tap, table))
        return false;
    if (tap->building && tap->building->blocks.len + bytes > TAP_CHUNK_BYTES)
        publish(tap);
    if (tap->building == NULL) {
        tap->building = tap_chunk_new(bytes > TAP_CHUNK_BYTES ? bytes : TAP_CHUNK_BYTES);
        if (tap->building == NULL)
            return false;
        tap->building->n_lost = tap->n_lost;
        tap->n_lost = 0;
    }
    return tap_put_packet(&tap->building->blocks, packet);
}

void tap_packet(struct tap *tap, const struct packet *packet, const struct interface_table *table)
{
    if (atomic_load_explicit(&tap->n_readers, memory_order_relaxed) == 0)
        return;
    if (add_packet(tap, packet, table))
        tap->building->n_packets++;
    else
        tap->n_lost++;
}

void tap_flush(struct tap *tap, const struct interface_table *table)
{
    describe_all(tap, table); /* tried again with the next packet */
    publish(tap);
}

void tap_statistics(struct tap *tap, const struct tap_statistics *rows, uint32_t n)
{
    pthread_mutex_lock(&tap->lock);
    tap->n_statistics = n < TAP_STATISTICS_LIMIT ? n : TAP_STATISTICS_LIMIT;
    if (n)
        memcpy(tap->statistics, rows, tap->n_statistics * sizeof *rows);
    pthread_mutex_unlock(&tap->lock);
}

void tap_glance(struct tap *tap, struct tap_status *status)
{
    pthread_mutex_lock(&tap->lock);
    *status = tap->glance;
    pthread_mutex_unlock(&tap->lock);
}

/* ---- the thread: readers ---- */

static void forget_bytes(struct tap *tap, size_t bytes)
{
    atomic_fetch_sub(&tap->queued_bytes, bytes);
}

static void let_go(struct tap *tap, struct tap_reader *reader)
{
    tap->n_dropped_of_gone += reader->n_dropped;
    forget_bytes(tap, tap_reader_clear(reader));
    atomic_fetch_sub(&tap->n_readers, 1);
}

/* A chunk of this reader's own: what it must know between the shared ones. */
static void queue_own(struct tap *tap, struct tap_reader *reader, struct tap_chunk *chunk)
{
    if (chunk->blocks.len && !chunk->blocks.is_full && reader->n_queued < TAP_QUEUE_CHUNKS) {
        atomic_fetch_add(&tap->queued_bytes, chunk->blocks.len);
        tap_reader_queue(reader, chunk);
    }
    tap_chunk_release(chunk);
}

/* False without memory or room: then what needs the descriptions must not be queued. */
static bool queue_descriptions(struct tap *tap, struct tap_reader *reader, uint32_t n_interfaces)
{
    struct tap_chunk *chunk;
    size_t from, end;

    if (n_interfaces <= reader->n_interfaces)
        return true;
    chunk = reader->n_queued < TAP_QUEUE_CHUNKS ? tap_chunk_new(0) : NULL;
    if (chunk == NULL)
        return false;
    pthread_mutex_lock(&tap->lock);
    from = reader->n_interfaces ? tap->description_ends[reader->n_interfaces - 1] : 0;
    end = tap->description_ends[n_interfaces - 1];
    buffer_put(&chunk->blocks, tap->descriptions.data + from, end - from);
    pthread_mutex_unlock(&tap->lock);
    if (!chunk->blocks.is_full)
        reader->n_interfaces = n_interfaces;
    queue_own(tap, reader, chunk);
    return reader->n_interfaces == n_interfaces;
}

static void queue_statistics(struct tap *tap, struct tap_reader *reader)
{
    struct tap_chunk *chunk = reader->n_interfaces ? tap_chunk_new(0) : NULL;
    struct tap_statistics rows[TAP_STATISTICS_LIMIT];
    uint32_t n;

    if (chunk == NULL)
        return;
    pthread_mutex_lock(&tap->lock);
    n = tap->n_statistics;
    memcpy(rows, tap->statistics, n * sizeof *rows);
    pthread_mutex_unlock(&tap->lock);
    tap_put_statistics(&chunk->blocks, rows, n, reader->n_interfaces, reader->n_dropped, tap->began_ns,
                       timestamp_now());
    reader->n_dropped_told = reader->n_dropped;
    queue_own(tap, reader, chunk);
}

static void give(struct tap *tap, struct tap_reader *reader, struct tap_chunk *chunk)
{
    reader->n_dropped += chunk->n_lost;
    if (!tap_reader_admits(reader, chunk, tap->options.queue_bytes))
        return;
    if (!queue_descriptions(tap, reader, chunk->n_interfaces)) {
        reader->n_dropped += chunk->n_packets;
        return;
    }
    if (reader->n_dropped > reader->n_dropped_told)
        queue_statistics(tap, reader);
    tap_reader_queue(reader, chunk);
}

/* Memory for all is short: whoever has most waiting pays. */
static void shed(struct tap *tap)
{
    while (atomic_load(&tap->queued_bytes) > TAP_MEMORY_BYTES / 4 * 3) {
        struct tap_reader *worst = &tap->readers[0];
        size_t freed;

        for (uint32_t i = 1; i < TAP_READERS_LIMIT; i++) {
            if (tap->readers[i].queued_bytes > worst->queued_bytes)
                worst = &tap->readers[i];
        }
        if (worst->n_queued <= 1)
            return;
        freed = tap_reader_shed(worst);
        forget_bytes(tap, freed);
        if (worst->queued_bytes > TAP_MEMORY_BYTES / 4 || freed == 0)
            return; /* what is left is not to be shed */
    }
}

static void take_inbox(struct tap *tap, struct tap_chunk *chunk)
{
    while (chunk) {
        struct tap_chunk *next = chunk->next;
        size_t bytes = chunk->blocks.len;

        for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
            if (tap->readers[i].fd >= 0)
                give(tap, &tap->readers[i], chunk);
        }
        if (tap_chunk_release(chunk))
            forget_bytes(tap, bytes);
        chunk = next;
    }
    shed(tap);
}

static void name_peer(const struct tap_listener *listener, int fd, const struct sockaddr_storage *peer,
                      char *name, size_t room)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct ucred who = { 0 };
    socklen_t len = sizeof who;

    if (listener->address.path[0]) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
            who.pid = 0;
        snprintf(name, room, "%s, process %d", listener->address.text, (int)who.pid);
    } else if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)peer;

        inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
        snprintf(name, room, "%s, %s:%u", listener->address.text, host, ntohs(ipv4->sin_port));
    } else {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)peer;

        inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
        snprintf(name, room, "%s, [%s]:%u", listener->address.text, host, ntohs(ipv6->sin6_port));
    }
}

static struct tap_reader *free_place(struct tap *tap)
{
    if (atomic_load(&tap->n_readers) >= tap->options.n_readers)
        return NULL;
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd < 0)
            return &tap->readers[i];
    }
    return NULL;
}

static void greet(struct tap *tap, struct tap_reader *reader)
{
    struct tap_chunk *chunk = tap_chunk_new(0);
    char comment[160];
    uint32_t n_interfaces;

    if (chunk == NULL)
        return;
    snprintf(comment, sizeof comment, "live packets of recorder %s", tap->options.node);
    pcapng_put_section(&chunk->blocks, "tapdeck " TAPDECK_VERSION, comment);
    queue_own(tap, reader, chunk);
    pthread_mutex_lock(&tap->lock);
    n_interfaces = tap->n_descriptions;
    pthread_mutex_unlock(&tap->lock);
    queue_descriptions(tap, reader, n_interfaces); /* tried again with its first packet */
}

static void accept_from(struct tap *tap, const struct tap_listener *listener)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t len = sizeof peer;
    struct tap_reader *reader;
    char name[sizeof reader->name];
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return; /* it went away before, or there are no descriptors: poll asks again */
    reader = free_place(tap);
    if (reader == NULL) {
        tap->n_refused++;
        close(fd);
        return;
    }
    name_peer(listener, fd, &peer, name, sizeof name);
    if (!tap_reader_init(reader, fd, name)) {
        tap->n_refused++;
        return;
    }
    tap->n_connected++;
    atomic_fetch_add(&tap->n_readers, 1);
    greet(tap, reader);
}

/* Readers have nothing to say; what they send is thrown away. False: the other end is gone. */
static bool listen_to(const struct tap_reader *reader)
{
    uint8_t rest[REST_BYTES];
    ssize_t n = recv(reader->fd, rest, sizeof rest, MSG_DONTWAIT);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void serve(struct tap *tap, struct tap_reader *reader, int64_t now_ns)
{
    size_t freed = 0;
    bool is_there = tap_reader_send(reader, now_ns, &freed);

    forget_bytes(tap, freed);
    if (is_there && reader->is_blocked && now_ns - reader->blocked_since_ns > tap->options.stall_ns) {
        log_write(LEVEL_WARNING, "tap %s: takes nothing for %lld s and is closed; it lost %llu packets",
                  reader->name, (long long)((now_ns - reader->blocked_since_ns) / NS_PER_SECOND),
                  (unsigned long long)reader->n_dropped);
        tap->n_stalled++;
        is_there = false;
    }
    if (!is_there)
        let_go(tap, reader);
}

/* ---- the thread: its loop ---- */

static struct tap_chunk *fetch(struct tap *tap, bool *is_ending)
{
    struct tap_chunk *chunks;

    pthread_mutex_lock(&tap->lock);
    chunks = tap->inbox;
    tap->inbox = NULL;
    tap->inbox_end = &tap->inbox;
    tap->is_waiting = chunks == NULL;
    *is_ending = tap->is_ending;
    pthread_mutex_unlock(&tap->lock);
    return chunks;
}

static void tell(struct tap *tap)
{
    struct tap_status status = { .n_connected = tap->n_connected,
                                 .n_refused = tap->n_refused,
                                 .n_stalled = tap->n_stalled,
                                 .n_dropped = tap->n_dropped_of_gone };

    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        const struct tap_reader *reader = &tap->readers[i];
        struct tap_reader_status *row = &status.readers[status.n_readers];

        if (reader->fd < 0)
            continue;
        snprintf(row->name, sizeof row->name, "%s", reader->name);
        row->n_packets = reader->n_packets;
        row->n_dropped = reader->n_dropped;
        row->n_queued_bytes = reader->queued_bytes;
        status.n_dropped += reader->n_dropped;
        status.n_readers++;
    }
    pthread_mutex_lock(&tap->lock);
    tap->glance = status;
    pthread_mutex_unlock(&tap->lock);
}

static void wait_for_something(struct tap *tap, int timeout_ms)
{
    struct pollfd polls[1 + TAP_LISTENERS_LIMIT + TAP_READERS_LIMIT];
    struct tap_reader *polled[TAP_READERS_LIMIT];
    uint32_t n = 0, n_polled = 0, first;
    uint64_t ignored;

    polls[n++] = (struct pollfd) { .fd = tap->wake_fd, .events = POLLIN };
    for (uint32_t i = 0; i < tap->n_listeners; i++)
        polls[n++] = (struct pollfd) { .fd = tap->listeners[i].fd, .events = POLLIN };
    first = n;
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd < 0)
            continue;
        polled[n_polled++] = &tap->readers[i];
        polls[n++] =
            (struct pollfd) { .fd = tap->readers[i].fd,
                              .events = (short)(tap->readers[i].is_blocked ? POLLIN | POLLOUT : POLLIN) };
    }
    if (poll(polls, n, timeout_ms) <= 0)
        return;
    if (polls[0].revents && read(tap->wake_fd, &ignored, sizeof ignored) < 0)
        return; /* nobody wrote: the next look at the inbox says so too */
    for (uint32_t i = 0; i < tap->n_listeners; i++) {
        if (polls[1 + i].revents)
            accept_from(tap, &tap->listeners[i]);
    }
    for (uint32_t i = 0; i < n_polled; i++) {
        if ((polls[first + i].revents & (POLLIN | POLLHUP | POLLERR)) && !listen_to(polled[i]))
            let_go(tap, polled[i]);
    }
}

static void look_at_clock(struct tap *tap, int64_t now_ns)
{
    if (now_ns - tap->statistics_ns < STATISTICS_EVERY_NS)
        return;
    tap->statistics_ns = now_ns;
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd >= 0 && !tap->readers[i].is_dropping)
            queue_statistics(tap, &tap->readers[i]);
    }
}

static bool has_queued(const struct tap *tap)
{
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd >= 0 && tap->readers[i].n_queued)
            return true;
    }
    return false;
}

static void serve_all(struct tap *tap, int64_t now_ns)
{
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd >= 0)
            serve(tap, &tap->readers[i], now_ns);
    }
    tell(tap);
}

static void *tap_main(void *context)
{
    struct tap *tap = context;
    bool is_ending = false;
    int64_t end_ns;

    tap->statistics_ns = monotonic_ns();
    while (!is_ending) {
        struct tap_chunk *chunks = fetch(tap, &is_ending);
        int64_t now_ns = monotonic_ns();

        take_inbox(tap, chunks);
        look_at_clock(tap, now_ns);
        serve_all(tap, now_ns);
        if (!is_ending)
            wait_for_something(tap, chunks ? 0 : POLL_MS);
    }
    take_inbox(tap, fetch(tap, &is_ending));
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++) {
        if (tap->readers[i].fd >= 0)
            queue_statistics(tap, &tap->readers[i]);
    }
    end_ns = monotonic_ns() + END_MS * (NS_PER_SECOND / 1000);
    for (int64_t now_ns; (now_ns = monotonic_ns()) < end_ns && has_queued(tap);) {
        serve_all(tap, now_ns);
        if (has_queued(tap))
            wait_for_something(tap, POLL_MS / 10);
    }
    return NULL;
}

/* ---- life ---- */

struct tap *tap_new(const struct tap_options *options, struct error *error)
{
    struct tap *tap = calloc(1, sizeof *tap);

    if (tap == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a tap");
        return NULL;
    }
    tap->options = *options;
    tap->began_ns = timestamp_now();
    if (tap->options.queue_bytes == 0)
        tap->options.queue_bytes = TAP_QUEUE_BYTES;
    if (tap->options.stall_ns == 0)
        tap->options.stall_ns = TAP_STALL_NS;
    if (tap->options.n_readers == 0 || tap->options.n_readers > TAP_READERS_LIMIT)
        tap->options.n_readers = TAP_READERS_LIMIT;
    pthread_mutex_init(&tap->lock, NULL);
    tap->inbox_end = &tap->inbox;
    buffer_init(&tap->descriptions, DESCRIPTIONS_LIMIT_BYTES);
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++)
        tap->readers[i].fd = -1;
    tap->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (tap->wake_fd >= 0)
        return tap;
    error_system(error, "tap");
    tap_close(tap);
    return NULL;
}

bool tap_listen(struct tap *tap, const char *where, bool is_insecure, struct error *error)
{
    if (tap->n_listeners == TAP_LISTENERS_LIMIT)
        return error_set(error, ERROR_LIMIT, "--tap can be given %d times", TAP_LISTENERS_LIMIT);
    if (!tap_listener_open(&tap->listeners[tap->n_listeners], where, is_insecure, error))
        return false;
    tap->n_listeners++;
    return true;
}

bool tap_give(struct tap *tap, uid_t user, gid_t group, struct error *error)
{
    for (uint32_t i = 0; i < tap->n_listeners; i++) {
        if (!tap_listener_give(&tap->listeners[i], user, group, error))
            return false;
    }
    return true;
}

bool tap_start(struct tap *tap, struct error *error)
{
    sigset_t all, before;
    int failure;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&tap->thread, NULL, tap_main, tap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0)
        return error_set(error, ERROR_SYSTEM, "tap: no thread: %s", strerror(failure));
    tap->is_started = true;
    (void)pthread_setname_np(tap->thread, "tap");
    return true;
}

void tap_close(struct tap *tap)
{
    const uint64_t one = 1;

    if (tap == NULL)
        return;
    publish(tap);
    if (tap->is_started) {
        pthread_mutex_lock(&tap->lock);
        tap->is_ending = true;
        pthread_mutex_unlock(&tap->lock);
        while (write(tap->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
            continue;
        pthread_join(tap->thread, NULL);
    }
    for (struct tap_chunk *chunk = tap->inbox, *next; chunk; chunk = next) {
        next = chunk->next;
        tap_chunk_release(chunk);
    }
    if (tap->building)
        tap_chunk_release(tap->building);
    for (uint32_t i = 0; i < TAP_READERS_LIMIT; i++)
        tap_reader_clear(&tap->readers[i]);
    for (uint32_t i = 0; i < tap->n_listeners; i++)
        tap_listener_close(&tap->listeners[i]);
    if (tap->wake_fd >= 0)
        close(tap->wake_fd);
    buffer_clear(&tap->descriptions);
    free(tap->description_ends);
    pthread_mutex_destroy(&tap->lock);
    free(tap);
}
