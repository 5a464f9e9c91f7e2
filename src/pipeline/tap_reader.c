/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tap_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PARTS = 16, ROOM_FOR_OWN_CHUNKS = 8 /* descriptions and statistics, which are never left out */ };

struct tap_chunk *tap_chunk_new(size_t cap)
{
    struct tap_chunk *chunk = calloc(1, sizeof *chunk);

    if (chunk == NULL)
        return NULL;
    buffer_init(&chunk->blocks, SIZE_MAX / 2);
    chunk->n_owners = 1;
    if (cap > 0 && buffer_room(&chunk->blocks, cap) == NULL) {
        free(chunk);
        return NULL;
    }
    return chunk;
}

bool tap_chunk_release(struct tap_chunk *chunk)
{
    if (--chunk->n_owners > 0)
        return false;
    buffer_clear(&chunk->blocks);
    free(chunk);
    return true;
}

bool tap_reader_init(struct tap_reader *reader, int fd, const char *name)
{
    *reader = (struct tap_reader) { .fd = fd };
    snprintf(reader->name, sizeof reader->name, "%s", name);
    reader->queue = calloc(TAP_QUEUE_CHUNKS, sizeof(struct tap_chunk *));
    if (reader->queue)
        return true;
    close(fd);
    reader->fd = -1;
    return false;
}

static struct tap_chunk *chunk_at(const struct tap_reader *reader, uint32_t i)
{
    return reader->queue[(reader->first + i) % TAP_QUEUE_CHUNKS];
}

/* Answers the bytes freed, when nobody else had it. */
static size_t drop_first(struct tap_reader *reader)
{
    struct tap_chunk *chunk = chunk_at(reader, 0);
    size_t bytes = chunk->blocks.len;

    reader->first = (reader->first + 1) % TAP_QUEUE_CHUNKS;
    reader->n_queued--;
    reader->queued_bytes -= bytes;
    reader->n_sent = 0;
    return tap_chunk_release(chunk) ? bytes : 0;
}

size_t tap_reader_clear(struct tap_reader *reader)
{
    size_t freed = 0;

    while (reader->n_queued)
        freed += drop_first(reader);
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader->queue);
    *reader = (struct tap_reader) { .fd = -1 };
    return freed;
}

bool tap_reader_admits(struct tap_reader *reader, const struct tap_chunk *chunk, size_t queue_bytes)
{
    size_t limit = reader->is_dropping ? queue_bytes / 2 : queue_bytes;
    uint32_t chunks = reader->is_dropping ? TAP_QUEUE_CHUNKS / 2 : TAP_QUEUE_CHUNKS - ROOM_FOR_OWN_CHUNKS;

    /* A chunk larger than the bound still goes when nothing waits. */
    reader->is_dropping = reader->n_queued > 0 &&
                          (reader->n_queued >= chunks || reader->queued_bytes + chunk->blocks.len > limit);
    if (reader->is_dropping)
        reader->n_dropped += chunk->n_packets;
    return !reader->is_dropping;
}

void tap_reader_queue(struct tap_reader *reader, struct tap_chunk *chunk)
{
    reader->queue[(reader->first + reader->n_queued++) % TAP_QUEUE_CHUNKS] = chunk;
    reader->queued_bytes += chunk->blocks.len;
    reader->n_packets += chunk->n_packets;
    chunk->n_owners++;
}

size_t tap_reader_shed(struct tap_reader *reader)
{
    uint32_t kept = reader->n_sent > 0, n = reader->n_queued;
    size_t freed = 0;

    reader->n_queued = kept;
    for (uint32_t i = kept; i < n; i++) {
        struct tap_chunk *chunk = chunk_at(reader, i);
        size_t bytes = chunk->blocks.len;

        /* What describes interfaces is kept: without it later packets could not be read. */
        if (chunk->n_packets == 0) {
            reader->queue[(reader->first + reader->n_queued++) % TAP_QUEUE_CHUNKS] = chunk;
            continue;
        }
        reader->queued_bytes -= bytes;
        reader->n_packets -= chunk->n_packets;
        reader->n_dropped += chunk->n_packets;
        freed += tap_chunk_release(chunk) ? bytes : 0;
    }
    reader->is_dropping = n > reader->n_queued;
    return freed;
}

static void take_sent(struct tap_reader *reader, size_t n, size_t *freed_bytes)
{
    while (n > 0) {
        size_t left = chunk_at(reader, 0)->blocks.len - reader->n_sent;

        if (n < left) {
            reader->n_sent += n;
            return;
        }
        n -= left;
        *freed_bytes += drop_first(reader);
    }
}

bool tap_reader_send(struct tap_reader *reader, int64_t now_ns, size_t *freed_bytes)
{
    while (reader->n_queued) {
        struct iovec parts[PARTS];
        struct msghdr message = { .msg_iov = parts };
        ssize_t n;

        for (uint32_t i = 0; i < reader->n_queued && i < PARTS; i++) {
            const struct buffer *blocks = &chunk_at(reader, i)->blocks;
            size_t before = i == 0 ? reader->n_sent : 0;

            parts[message.msg_iovlen++] = (struct iovec) { blocks->data + before, blocks->len - before };
        }
        n = sendmsg(reader->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!reader->is_blocked)
                reader->blocked_since_ns = now_ns;
            reader->is_blocked = true;
            return true;
        }
        if (n < 0)
            return false;
        reader->is_blocked = false;
        take_sent(reader, (size_t)n, freed_bytes);
    }
    reader->is_blocked = false;
    return true;
}
