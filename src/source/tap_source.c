/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap_source - reads a tap (pipeline/tap.h) or any other program that sends pcapng on a socket. Packets keep
 * the number that their recorder gave them (packet_id); what the stream says was dropped on the way counts as
 * dropped by the kernel, for to who reads here it is all one. When the other end goes, the stream ends:
 * connecting again is the caller's to decide, who knows the last number it had.
 *
 * Not live in the sense of source_ops: who reads slowly loses packets at the tap, which counts them, and
 * needs no second queue here.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reader.h"
#include "packet/pcapng_option.h"
#include "packet/pcapng_read.h"
#include "source/openers.h"
#include "source/tap_address.h"

enum {
    FIRST_BYTES = 1 << 20,
    EPB_PACKETID = 5,
    CONNECT_MS = 10000,
    STOP_LOOK_MS = 50,
};

struct tap_source {
    struct source source;
    int fd;
    struct pcapng_reader *pcapng;
    uint8_t *bytes; /* what came and was not handed over: [first, end) */
    size_t first, end, cap;
    uint64_t offset; /* of first in the stream */
    bool needs_more; /* what is there holds no whole block */
    bool has_ended;
};

static struct tap_source *tap_source_of(struct source *source)
{
    return (struct tap_source *)source;
}

/* Room behind what is there: moved to the front, or, when a block is larger, made. */
static bool make_room(struct tap_source *tap, struct error *error)
{
    if (tap->first > 0) {
        memmove(tap->bytes, tap->bytes + tap->first, tap->end - tap->first);
        tap->end -= tap->first;
        tap->first = 0;
    }
    if (tap->end == tap->cap) {
        size_t cap = tap->cap * 2;
        uint8_t *bytes = cap <= 2 * (size_t)PCAPNG_BLOCK_LIMIT_BYTES ? realloc(tap->bytes, cap) : NULL;

        if (bytes == NULL)
            return error_set(error, ERROR_LIMIT, "%s: a block is too large, or there is no memory",
                             tap->source.name);
        tap->bytes = bytes;
        tap->cap = cap;
    }
    return true;
}

enum received { RECEIVED, RECEIVED_NOTHING, RECEIVED_END, RECEIVED_FAULT };

static enum received receive(struct tap_source *tap, int timeout_ms, struct error *error)
{
    struct pollfd poll_fd = { .fd = tap->fd, .events = POLLIN };
    ssize_t n;

    if (!make_room(tap, error))
        return RECEIVED_FAULT;
    if (poll(&poll_fd, 1, timeout_ms) <= 0)
        return RECEIVED_NOTHING;
    n = recv(tap->fd, tap->bytes + tap->end, tap->cap - tap->end, MSG_DONTWAIT);
    if (n > 0) {
        tap->end += (size_t)n;
        tap->needs_more = false;
        return RECEIVED;
    }
    if (n == 0 || errno == ECONNRESET)
        return RECEIVED_END;
    if (errno == EAGAIN || errno == EINTR)
        return RECEIVED_NOTHING;
    error_system(error, "%s", tap->source.name);
    return RECEIVED_FAULT;
}

static uint64_t packet_id_of(const struct packet *packet)
{
    struct reader r = reader_over(bytes_of(packet->options, packet->options_len));
    struct option_view option;

    while (next_option(&r, false, &option) == OPTION_NEXT) {
        struct reader value = reader_over(option.value);
        uint64_t number;

        if (option.code == EPB_PACKETID && option.value.len == 8 && reader_u64le(&value, &number))
            return number;
    }
    return 0;
}

/* Packets out of what is there. */
static bool take(struct tap_source *tap, struct batch *batch, struct error *error)
{
    struct bytes bytes = bytes_of(tap->bytes + tap->first, tap->end - tap->first);
    size_t used = 0, needed = 0;
    enum pcap_result result;
    uint32_t n = 0;

    if (bytes.len == 0 || tap->needs_more)
        return true;
    if (tap->offset == 0 && bytes.len >= 4 && !pcapng_is_magic(bytes))
        return error_set(error, ERROR_DAMAGED, "%s: what is sent there is not pcapng", tap->source.name);
    /* Here, since a capture thread gives the source a table of its own before the first call. */
    if (tap->pcapng == NULL && (tap->pcapng = pcapng_reader_new(tap->source.interfaces)) == NULL)
        return error_set(error, ERROR_SYSTEM, "%s: no memory", tap->source.name);
    result = pcapng_read_packets(tap->pcapng, bytes, tap->offset, batch->packets, BATCH_PACKETS, &n, &used,
                                 &needed, error);
    tap->first += used;
    tap->offset += used;
    tap->needs_more = result == PCAP_SHORT;
    for (uint32_t i = 0; i < n; i++) {
        struct packet *packet = &batch->packets[i];

        packet->packet_id = packet->options_len ? packet_id_of(packet) : 0;
        packet->number = ++tap->source.stats.n_packets;
        tap->source.stats.n_bytes += packet->caplen;
    }
    batch->n = n;
    tap->source.stats.n_dropped_kernel = pcapng_reader_counts(tap->pcapng)->n_dropped;
    if (result == PCAP_DAMAGED && n == 0) {
        error_context(error, "%s", tap->source.name);
        return false;
    }
    return true;
}

static enum source_result tap_source_next(struct source *source, struct batch *batch, int timeout_ms,
                                          struct error *error)
{
    struct tap_source *tap = tap_source_of(source);

    batch_empty(batch);
    for (;;) {
        size_t before = tap->first;

        if (!take(tap, batch, error))
            return SOURCE_FAULT;
        if (batch->n)
            return SOURCE_PACKETS;
        if (!tap->needs_more && tap->first > before && tap->first < tap->end)
            continue; /* blocks without packets were taken */
        if (tap->has_ended && tap->first < tap->end) {
            error_set(error, ERROR_DAMAGED, "%s: was cut off within a block", source->name);
            return SOURCE_FAULT;
        }
        if (tap->has_ended)
            return SOURCE_END;
        switch (receive(tap, timeout_ms, error)) {
        case RECEIVED:
            break;
        case RECEIVED_NOTHING:
            return SOURCE_IDLE;
        case RECEIVED_END:
            tap->has_ended = true;
            break;
        case RECEIVED_FAULT:
            return SOURCE_FAULT;
        }
    }
}

static void tap_source_close(struct source *source)
{
    struct tap_source *tap = tap_source_of(source);

    if (tap->fd >= 0)
        close(tap->fd);
    pcapng_reader_free(tap->pcapng);
    free(tap->bytes);
    free(tap);
}

static const struct source_ops tap_source_ops = { .next = tap_source_next, .close = tap_source_close };

/* Waits for an answer, as long as nobody stops it. Else errno says what came of it. */
static bool connect_until(int fd, const struct tap_address *address, const atomic_bool *stop)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
    bool is_begun = false; /* a unix socket with a full queue has to be asked again */
    int result = 0, failure = 0;
    socklen_t len = sizeof failure;

    for (int waited_ms = 0; result == 0 && waited_ms < CONNECT_MS; waited_ms += STOP_LOOK_MS) {
        if (stop && atomic_load_explicit(stop, memory_order_relaxed)) {
            errno = ECANCELED;
            return false;
        }
        if (!is_begun && connect(fd, &address->socket.any, address->len) == 0)
            return true;
        is_begun |= errno == EINPROGRESS;
        if (!is_begun && errno != EAGAIN)
            return false;
        result = poll(&poll_fd, is_begun, STOP_LOOK_MS);
        if (result < 0 && errno == EINTR)
            result = 0;
    }
    if (result > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0)
        errno = failure;
    else if (result == 0)
        errno = ETIMEDOUT;
    return result > 0 && errno == 0;
}

static bool tap_source_connect(struct tap_source *tap, const struct tap_address *address,
                               const atomic_bool *stop, struct error *error)
{
    int flags;

    tap->fd = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (tap->fd < 0)
        return error_system(error, "%s", tap->source.name);
    if (connect_until(tap->fd, address, stop) && (flags = fcntl(tap->fd, F_GETFL)) >= 0 &&
        fcntl(tap->fd, F_SETFL, flags & ~O_NONBLOCK) == 0)
        return true;
    if (errno == ECONNREFUSED || errno == ENOENT)
        return error_set(error, ERROR_SYSTEM,
                         "%s: nobody listens there; is the recorder running with --tap %s?", tap->source.name,
                         address->text);
    return error_system(error, "%s", tap->source.name);
}

bool tap_source_is_named(const char *path)
{
    return strncmp(path, "tap:", 4) == 0;
}

struct source *tap_source_open_until(const char *path, struct interface_table *interfaces,
                                     const atomic_bool *stop, struct error *error)
{
    struct tap_source *tap = calloc(1, sizeof *tap);
    struct tap_address address;

    assert(tap_source_is_named(path));
    if (tap == NULL) {
        error_set(error, ERROR_SYSTEM, "%s: no memory", path);
        return NULL;
    }
    tap->fd = -1;
    tap->source.ops = &tap_source_ops;
    tap->source.interfaces = interfaces;
    snprintf(tap->source.name, sizeof tap->source.name, "%s", path);
    tap->bytes = malloc(FIRST_BYTES);
    tap->cap = FIRST_BYTES;
    if (tap->bytes == NULL)
        error_set(error, ERROR_SYSTEM, "%s: no memory", path);
    else if (tap_address_parse(path + 4, &address, error) && tap_source_connect(tap, &address, stop, error))
        return &tap->source;
    tap_source_close(&tap->source);
    return NULL;
}

struct source *tap_source_open(const char *path, struct interface_table *interfaces, struct error *error)
{
    return tap_source_open_until(path, interfaces, NULL, error);
}
