/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/reassembly.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    RANGES_LIMIT = 256, /* separate runs in one message; a sender of more holes than that is not heard */
    NONE = UINT32_MAX,
};

static_assert(sizeof(struct reassembly_key) == 44, "hashed and compared whole: no hidden padding");

struct range {
    uint32_t from, to;
};

struct message {
    struct reassembly_key key;
    uint32_t next_in_bucket;
    uint32_t older, newer; /* by last touch */
    int64_t touched_ns;
    uint8_t *data;
    uint32_t cap;
    uint32_t total_len;   /* 0 unknown */
    struct range *ranges; /* sorted, apart */
    uint32_t n_ranges, cap_ranges;
    struct reassembly_piece *pieces;
    uint32_t n_pieces, cap_pieces; /* n_pieces may be higher: more came than are noted */
};

struct reassembly {
    struct reassembly_limits limits;
    uint64_t hash_seed;
    struct message *messages;
    uint32_t *buckets;
    uint32_t n_buckets; /* a power of two */
    uint32_t free;      /* chained by next_in_bucket */
    uint32_t oldest, newest;
    uint32_t completed; /* chained by next_in_bucket */
    uint32_t packet_number;
    uint64_t held_bytes;
    uint64_t n_evicted;
};

struct reassembly *reassembly_new(const struct reassembly_limits *limits, uint64_t hash_seed)
{
    struct reassembly *reassembly = calloc(1, sizeof *reassembly);

    if (reassembly == NULL)
        return NULL;
    reassembly->limits = *limits;
    reassembly->hash_seed = hash_seed;
    reassembly->free = NONE;
    reassembly->oldest = reassembly->newest = reassembly->completed = NONE;
    return reassembly;
}

/* The tables: most captures have nothing in pieces, and do without. */
static bool make_tables(struct reassembly *reassembly)
{
    uint32_t limit = reassembly->limits.messages, n_buckets = 1;

    while (n_buckets < limit)
        n_buckets *= 2;
    reassembly->messages = calloc(limit, sizeof *reassembly->messages);
    reassembly->buckets = malloc(n_buckets * sizeof *reassembly->buckets);
    if (reassembly->messages == NULL || reassembly->buckets == NULL) {
        free(reassembly->messages);
        free(reassembly->buckets);
        reassembly->messages = NULL;
        reassembly->buckets = NULL;
        return false;
    }
    reassembly->n_buckets = n_buckets;
    for (uint32_t i = 0; i < n_buckets; i++)
        reassembly->buckets[i] = NONE;
    for (uint32_t i = 0; i < limit; i++)
        reassembly->messages[i].next_in_bucket = i + 1 < limit ? i + 1 : NONE;
    reassembly->free = 0;
    return true;
}

void reassembly_free(struct reassembly *reassembly)
{
    if (reassembly == NULL)
        return;
    for (uint32_t i = 0; reassembly->messages && i < reassembly->limits.messages; i++) {
        free(reassembly->messages[i].data);
        free(reassembly->messages[i].ranges);
        free(reassembly->messages[i].pieces);
    }
    free(reassembly->messages);
    free(reassembly->buckets);
    free(reassembly);
}

static uint32_t *bucket_of(struct reassembly *reassembly, const struct reassembly_key *key)
{
    uint64_t hash = XXH3_64bits_withSeed(key, sizeof *key, reassembly->hash_seed);

    return &reassembly->buckets[hash & (reassembly->n_buckets - 1)];
}

static void age_unlink(struct reassembly *reassembly, struct message *message)
{
    if (message->older != NONE)
        reassembly->messages[message->older].newer = message->newer;
    else
        reassembly->oldest = message->newer;
    if (message->newer != NONE)
        reassembly->messages[message->newer].older = message->older;
    else
        reassembly->newest = message->older;
}

static void age_append(struct reassembly *reassembly, struct message *message)
{
    uint32_t i = (uint32_t)(message - reassembly->messages);

    message->older = reassembly->newest;
    message->newer = NONE;
    if (reassembly->newest != NONE)
        reassembly->messages[reassembly->newest].newer = i;
    else
        reassembly->oldest = i;
    reassembly->newest = i;
}

/* Out of table and age list; its memory stays. */
static void unlink_message(struct reassembly *reassembly, struct message *message)
{
    uint32_t *link = bucket_of(reassembly, &message->key);
    uint32_t i = (uint32_t)(message - reassembly->messages);

    while (*link != i)
        link = &reassembly->messages[*link].next_in_bucket;
    *link = message->next_in_bucket;
    age_unlink(reassembly, message);
}

static void free_message(struct reassembly *reassembly, struct message *message)
{
    reassembly->held_bytes -= message->cap;
    free(message->data);
    free(message->ranges);
    free(message->pieces);
    *message = (struct message) { .next_in_bucket = reassembly->free };
    reassembly->free = (uint32_t)(message - reassembly->messages);
}

static void evict_oldest(struct reassembly *reassembly)
{
    struct message *oldest = &reassembly->messages[reassembly->oldest];

    unlink_message(reassembly, oldest);
    free_message(reassembly, oldest);
    reassembly->n_evicted++;
}

static struct message *find_message(struct reassembly *reassembly, const struct reassembly_key *key)
{
    if (reassembly->buckets == NULL)
        return NULL;
    for (uint32_t i = *bucket_of(reassembly, key); i != NONE; i = reassembly->messages[i].next_in_bucket) {
        if (memcmp(&reassembly->messages[i].key, key, sizeof *key) == 0)
            return &reassembly->messages[i];
    }
    return NULL;
}

static struct message *new_message(struct reassembly *reassembly, const struct reassembly_key *key)
{
    struct message *message;
    uint32_t *bucket;

    if (reassembly->buckets == NULL && !make_tables(reassembly))
        return NULL;
    if (reassembly->free == NONE) {
        if (reassembly->oldest == NONE)
            return NULL; /* all of them completed by this very packet */
        evict_oldest(reassembly);
    }
    message = &reassembly->messages[reassembly->free];
    reassembly->free = message->next_in_bucket;
    bucket = bucket_of(reassembly, key);
    *message = (struct message) { .key = *key, .next_in_bucket = *bucket };
    *bucket = (uint32_t)(message - reassembly->messages);
    age_append(reassembly, message);
    return message;
}

/* Room for `end` bytes in the message, evicting others while the total is too high. */
static bool reserve(struct reassembly *reassembly, struct message *message, uint32_t end)
{
    uint32_t cap = message->cap ? message->cap : 2048;
    uint8_t *data;

    if (end <= message->cap)
        return true;
    while (cap < end)
        cap *= 2;
    while (reassembly->held_bytes - message->cap + cap > reassembly->limits.total_bytes) {
        if (reassembly->oldest == NONE || &reassembly->messages[reassembly->oldest] == message)
            return false;
        evict_oldest(reassembly);
    }
    data = realloc(message->data, cap);
    if (data == NULL)
        return false;
    reassembly->held_bytes += cap - message->cap;
    message->data = data;
    message->cap = cap;
    return true;
}

/* Notes that from..to is there, melting it with what it touches. */
static bool cover(struct message *message, uint32_t from, uint32_t to)
{
    uint32_t first = 0, last;

    while (first < message->n_ranges && message->ranges[first].to < from)
        first++;
    for (last = first; last < message->n_ranges && message->ranges[last].from <= to; last++) {
        if (message->ranges[last].from < from)
            from = message->ranges[last].from;
        if (message->ranges[last].to > to)
            to = message->ranges[last].to;
    }
    if (last == first) { /* touches nothing */
        if (message->n_ranges == message->cap_ranges) {
            uint32_t cap = message->cap_ranges ? message->cap_ranges * 2 : 4;
            struct range *ranges;

            if (cap > RANGES_LIMIT)
                return false;
            ranges = realloc(message->ranges, cap * sizeof *ranges);
            if (ranges == NULL)
                return false;
            message->ranges = ranges;
            message->cap_ranges = cap;
        }
        memmove(message->ranges + first + 1, message->ranges + first,
                (message->n_ranges - first) * sizeof *message->ranges);
        message->n_ranges++;
    } else {
        memmove(message->ranges + first + 1, message->ranges + last,
                (message->n_ranges - last) * sizeof *message->ranges);
        message->n_ranges -= last - first - 1;
    }
    message->ranges[first] = (struct range) { from, to };
    return true;
}

/* Up to where bytes are there that win over a piece at offset: those of pieces that begin no later. */
static uint32_t won_until(const struct message *message, uint32_t offset)
{
    uint32_t n = message->n_pieces < message->cap_pieces ? message->n_pieces : message->cap_pieces;
    uint32_t until = offset;

    for (uint32_t i = 0; i < n; i++)
        if (message->pieces[i].offset <= offset && message->pieces[i].end > until)
            until = message->pieces[i].end;
    return until;
}

/* Marks pieces that begin behind offset, and have other bytes than the piece that wins over them now. */
static void mark_beaten(struct message *message, uint32_t offset, struct bytes piece)
{
    uint32_t n = message->n_pieces < message->cap_pieces ? message->n_pieces : message->cap_pieces;
    const uint32_t end = offset + (uint32_t)piece.len;

    for (uint32_t i = 0; i < n; i++) {
        struct reassembly_piece *beaten = &message->pieces[i];
        uint32_t to = beaten->end < end ? beaten->end : end;

        if (beaten->offset > offset && beaten->offset < to &&
            memcmp(message->data + beaten->offset, piece.data + (beaten->offset - offset),
                   to - beaten->offset) != 0)
            beaten->is_different = true;
    }
}

/* Puts the bytes of a piece where no other has won. True: what it had to yield to is not the same. */
static bool put_bytes(struct message *message, uint32_t offset, struct bytes piece)
{
    uint32_t n_lost = won_until(message, offset) - offset;
    bool is_different;

    if (n_lost > piece.len)
        n_lost = (uint32_t)piece.len;
    is_different = n_lost > 0 && memcmp(message->data + offset, piece.data, n_lost) != 0;
    mark_beaten(message, offset, piece);
    if (n_lost < piece.len)
        memcpy(message->data + offset + n_lost, piece.data + n_lost, piece.len - n_lost);
    return is_different;
}

void reassembly_at(struct reassembly *reassembly, uint64_t packet_number)
{
    reassembly->packet_number = (uint32_t)packet_number;
}

/* Without memory, or beyond the limit, a piece is only counted. */
static void note_piece(struct message *message, const struct reassembly_piece *piece)
{
    uint32_t n = message->n_pieces++;

    if (n == message->cap_pieces) {
        uint32_t cap = n ? n * 2 : 4;
        struct reassembly_piece *pieces;

        if (cap > REASSEMBLY_PIECES)
            return;
        pieces = realloc(message->pieces, cap * sizeof *pieces);
        if (pieces == NULL)
            return;
        message->pieces = pieces;
        message->cap_pieces = cap;
    }
    if (n < message->cap_pieces)
        message->pieces[n] = *piece;
}

uint32_t reassembly_pieces(const struct reassembly *reassembly, const struct reassembly_piece **pieces)
{
    const struct message *message;

    *pieces = NULL;
    if (reassembly->completed == NONE)
        return 0;
    message = &reassembly->messages[reassembly->completed];
    *pieces = message->pieces;
    return message->n_pieces;
}

/* Is all there, up to the length that stands? */
static bool is_whole(const struct message *message)
{
    return message->total_len && message->n_ranges && message->ranges[0].from == 0 &&
           message->ranges[0].to >= message->total_len;
}

static void mark_too_long(struct message *message)
{
    uint32_t n = message->n_pieces < message->cap_pieces ? message->n_pieces : message->cap_pieces;

    for (uint32_t i = 0; i < n; i++)
        message->pieces[i].is_too_long = message->pieces[i].end > message->total_len;
}

enum reassembly_result reassembly_add(struct reassembly *reassembly, const struct reassembly_key *key,
                                      int64_t ts_ns, uint32_t offset, struct bytes piece, uint32_t total_len,
                                      struct bytes *message_out)
{
    struct message *message;
    struct reassembly_piece noted;
    uint32_t end;

    if (piece.len > reassembly->limits.message_bytes ||
        offset > reassembly->limits.message_bytes - piece.len ||
        total_len > reassembly->limits.message_bytes) {
        reassembly->n_evicted++;
        return REASSEMBLY_REFUSED;
    }
    end = offset + (uint32_t)piece.len;
    while (reassembly->oldest != NONE &&
           ts_ns - reassembly->messages[reassembly->oldest].touched_ns > reassembly->limits.age_ns)
        evict_oldest(reassembly);

    message = find_message(reassembly, key);
    if (message && !reassembly->limits.keeps_length &&
        ((total_len && message->total_len && total_len != message->total_len) ||
         (message->total_len && end > message->total_len) ||
         (total_len && message->n_ranges && message->ranges[message->n_ranges - 1].to > total_len))) {
        unlink_message(reassembly, message);
        free_message(reassembly, message);
        reassembly->n_evicted++;
        message = NULL;
    }
    if (message == NULL) {
        message = new_message(reassembly, key);
        if (message == NULL)
            return REASSEMBLY_REFUSED;
    } else {
        age_unlink(reassembly, message);
        age_append(reassembly, message);
    }
    message->touched_ns = ts_ns;
    if (message->total_len == 0)
        message->total_len = total_len;
    if (!reserve(reassembly, message, end) || (piece.len && !cover(message, offset, end))) {
        unlink_message(reassembly, message);
        free_message(reassembly, message);
        reassembly->n_evicted++;
        return REASSEMBLY_REFUSED;
    }
    noted = (struct reassembly_piece) { .offset = offset,
                                        .end = end,
                                        .number = reassembly->packet_number,
                                        .is_other_end = total_len && total_len != message->total_len };
    if (piece.len)
        noted.is_different = put_bytes(message, offset, piece);
    note_piece(message, &noted);
    if (!is_whole(message))
        return REASSEMBLY_WAITS;

    mark_too_long(message);
    unlink_message(reassembly, message);
    message->next_in_bucket = reassembly->completed;
    reassembly->completed = (uint32_t)(message - reassembly->messages);
    *message_out = bytes_of(message->data, message->total_len);
    return REASSEMBLY_COMPLETE;
}

void reassembly_drop(struct reassembly *reassembly, const struct reassembly_key *key)
{
    struct message *message;

    if (reassembly->oldest == NONE)
        return;
    message = find_message(reassembly, key);
    if (message) {
        unlink_message(reassembly, message);
        free_message(reassembly, message);
        reassembly->n_evicted++;
    }
}

void reassembly_release(struct reassembly *reassembly)
{
    while (__builtin_expect(reassembly->completed != NONE, 0)) {
        struct message *message = &reassembly->messages[reassembly->completed];

        reassembly->completed = message->next_in_bucket;
        free_message(reassembly, message);
    }
}

uint64_t reassembly_evicted(const struct reassembly *reassembly)
{
    return reassembly->n_evicted;
}
