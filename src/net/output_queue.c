/* SPDX-License-Identifier: Apache-2.0 */
#include "net/output_queue.h"

#include <assert.h>
#include <stdlib.h>

enum { ENTRIES_AT_FIRST = 8 };

struct output_entry {
    struct shared_bytes *bytes;
    enum output_kind kind;
};

void output_queue_init(struct output_queue *queue, size_t limit_bytes)
{
    *queue = (struct output_queue) { .limit_bytes = limit_bytes };
}

static struct output_entry *entry_at(const struct output_queue *queue, uint32_t i)
{
    return &queue->entries[(queue->first + i) & (queue->cap - 1)];
}

void output_queue_clear(struct output_queue *queue)
{
    for (uint32_t i = 0; i < queue->n_entries; i++)
        shared_bytes_release(entry_at(queue, i)->bytes);
    free(queue->entries);
    output_queue_init(queue, queue->limit_bytes);
}

size_t output_queue_charge(const struct output_queue *queue)
{
    return queue->n_bytes + (size_t)queue->n_entries * OUTPUT_QUEUE_ENTRY_BYTES;
}

static bool grow(struct output_queue *queue)
{
    uint32_t cap = queue->cap ? queue->cap * 2 : ENTRIES_AT_FIRST;
    struct output_entry *entries;

    if (cap < queue->cap)
        return false;
    entries = calloc(cap, sizeof *entries);
    if (entries == NULL)
        return false;
    for (uint32_t i = 0; i < queue->n_entries; i++)
        entries[i] = *entry_at(queue, i);
    free(queue->entries);
    queue->entries = entries;
    queue->first = 0;
    queue->cap = cap;
    return true;
}

bool output_queue_put(struct output_queue *queue, struct shared_bytes *bytes, enum output_kind kind)
{
    size_t charge = output_queue_charge(queue);

    if (bytes->len == 0)
        return true;
    if (charge > queue->limit_bytes || bytes->len > queue->limit_bytes - charge ||
        OUTPUT_QUEUE_ENTRY_BYTES > queue->limit_bytes - charge - bytes->len)
        return false;
    if (queue->n_entries == queue->cap && !grow(queue))
        return false;
    *entry_at(queue, queue->n_entries++) = (struct output_entry) { shared_bytes_take(bytes), kind };
    queue->n_bytes += bytes->len;
    return true;
}

int output_queue_pieces(const struct output_queue *queue, struct iovec *pieces, int cap)
{
    int n = 0;

    for (uint32_t i = 0; i < queue->n_entries && n < cap; i++, n++) {
        const struct shared_bytes *bytes = entry_at(queue, i)->bytes;
        size_t sent = i == 0 ? queue->sent_bytes : 0;

        pieces[n] = (struct iovec) { (void *)(uintptr_t)(bytes->data + sent), bytes->len - sent };
    }
    return n;
}

void output_queue_sent(struct output_queue *queue, size_t len)
{
    assert(len <= queue->n_bytes);
    queue->n_bytes -= len;
    len += queue->sent_bytes;
    while (queue->n_entries > 0 && len >= entry_at(queue, 0)->bytes->len) {
        struct shared_bytes *bytes = entry_at(queue, 0)->bytes;

        len -= bytes->len;
        shared_bytes_release(bytes);
        queue->first = (queue->first + 1) & (queue->cap - 1);
        queue->n_entries--;
    }
    queue->sent_bytes = len;
    if (queue->n_entries == 0 && queue->cap > ENTRIES_AT_FIRST)
        output_queue_clear(queue); /* a burst's ring is not kept through idle hours */
}

size_t output_queue_drop(struct output_queue *queue, size_t n_begun_bytes, size_t *n_bytes)
{
    size_t begins_at = 0, n_dropped = 0;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < queue->n_entries; i++) {
        struct output_entry entry = *entry_at(queue, i);
        size_t left = entry.bytes->len - (i == 0 ? queue->sent_bytes : 0);
        bool is_begun = begins_at < n_begun_bytes || (i == 0 && queue->sent_bytes > 0);

        begins_at += left;
        if (entry.kind == OUTPUT_DROPPABLE && !is_begun) {
            queue->n_bytes -= left;
            *n_bytes += left;
            n_dropped++;
            shared_bytes_release(entry.bytes);
        } else {
            *entry_at(queue, kept++) = entry;
        }
    }
    queue->n_entries = kept;
    return n_dropped;
}
