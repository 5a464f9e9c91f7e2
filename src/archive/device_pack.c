/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each item against the one before it, in varints; signed differences in zigzag. Times are in the coarsest
 * unit that loses nothing: most captures have microseconds.
 */
#include "archive/device_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

enum { /* the first byte of a span */
       SPAN_CLIENT = 3,
       SPAN_CLIENT_NONE = 0,
       SPAN_CLIENT_4 = 1,
       SPAN_CLIENT_6 = 2,
       SPAN_CLIENT_SAME = 3,
       SPAN_SAME_SERVER = 4,
       SPAN_SAME_SESSION = 8,
       SPAN_REASON_AT = 4,
       SPAN_REASON_APART = 15, /* with its confidence, in two bytes */
};

static const int64_t units[] = { 1, 1000, 1000000, 1000000000 };

enum { N_UNITS = sizeof units / sizeof *units };

static const uint8_t client_lens[] = { [SPAN_CLIENT_NONE] = 2, [SPAN_CLIENT_4] = 6, [SPAN_CLIENT_6] = 18 };

/* ---- lists ---- */

static void *grow(void *items, uint32_t n, uint32_t *cap, size_t item_bytes)
{
    uint32_t more = *cap ? *cap * 2 : 64;
    void *larger;

    if (n < *cap)
        return items;
    larger = realloc(items, more * item_bytes);
    if (larger)
        *cap = more;
    return larger;
}

struct device_span *device_spans_add(struct device_spans *spans)
{
    struct device_span *items = grow(spans->items, spans->n, &spans->cap, sizeof *items);

    if (items == NULL)
        return NULL;
    spans->items = items;
    memset(&items[spans->n], 0, sizeof *items);
    return &items[spans->n++];
}

struct device_key *device_keys_add(struct device_keys *keys)
{
    struct device_key *items = grow(keys->items, keys->n, &keys->cap, sizeof *items);

    if (items == NULL)
        return NULL;
    keys->items = items;
    return &items[keys->n++];
}

/* ---- numbers ---- */

/* The way from one number to another, modulo 2^64: small either way when they are near. */
static bool put_step(struct buffer *blob, uint64_t from, uint64_t to)
{
    uint64_t step = to - from;

    return buffer_put_varint(blob, step << 1 ^ (step >> 63 ? UINT64_MAX : 0));
}

static bool take_step(struct reader *r, uint64_t from, uint64_t *to)
{
    uint64_t step;

    if (!reader_varint(r, &step))
        return false;
    *to = from + (step >> 1 ^ (step & 1 ? UINT64_MAX : 0));
    return true;
}

/* ---- spans ---- */

static unsigned unit_of(const struct device_spans *spans)
{
    unsigned unit = N_UNITS - 1;

    for (uint32_t i = 0; i < spans->n; i++) {
        while (spans->items[i].from_ns % units[unit] || spans->items[i].lasted_ns % units[unit])
            unit--;
    }
    return unit;
}

static unsigned client_class(const struct device_span *span)
{
    return span->client_len == 18 ? SPAN_CLIENT_6 : span->client_len == 6 ? SPAN_CLIENT_4 : SPAN_CLIENT_NONE;
}

static bool is_same_client(const struct device_span *a, const struct device_span *b)
{
    return a->client_len == b->client_len && memcmp(a->client, b->client, a->client_len) == 0;
}

bool device_spans_encode(const struct device_spans *spans, struct buffer *blob)
{
    unsigned unit = unit_of(spans);
    struct device_span before = { 0 };
    uint64_t end = 0;

    buffer_put_u8(blob, (uint8_t)unit);
    for (uint32_t i = 0; i < spans->n; i++) {
        const struct device_span *span = &spans->items[i];
        bool is_usual =
            span->reason < SPAN_REASON_APART &&
            span->confidence == (uint8_t)binding_reason_confidence((enum binding_reason)span->reason);
        bool is_there = is_same_client(&before, span);
        unsigned head = (is_usual ? span->reason : (unsigned)SPAN_REASON_APART) << SPAN_REASON_AT;
        uint64_t from = (uint64_t)(span->from_ns / units[unit]),
                 lasted = (uint64_t)(span->lasted_ns / units[unit]);

        head |= is_there ? SPAN_CLIENT_SAME : client_class(span);
        head |= span->server == before.server ? SPAN_SAME_SERVER : 0;
        head |= span->session == before.session ? SPAN_SAME_SESSION : 0;
        buffer_put_u8(blob, (uint8_t)head);
        if (!is_usual) {
            buffer_put_u8(blob, span->reason);
            buffer_put_u8(blob, span->confidence);
        }
        if (!is_there)
            buffer_put(blob, span->client, client_lens[client_class(span)]);
        if (!(head & SPAN_SAME_SERVER))
            buffer_put_varint(blob, (uint64_t)span->server);
        if (!(head & SPAN_SAME_SESSION))
            put_step(blob, before.session, span->session);
        put_step(blob, end, from);
        buffer_put_varint(blob, lasted);
        buffer_put_varint(blob, span->n_packets);
        buffer_put_varint(blob, span->n_bytes);
        end = from + lasted;
        before = *span;
    }
    return !blob->is_full;
}

static bool take_ends(struct reader *r, unsigned head, const struct device_span *before,
                      struct device_span *span)
{
    unsigned client = head & SPAN_CLIENT;
    uint64_t server = (uint64_t)before->server;
    struct bytes bytes;

    if (client == SPAN_CLIENT_SAME) {
        memcpy(span->client, before->client, sizeof span->client);
        span->client_len = before->client_len;
    } else {
        if (!reader_bytes(r, client_lens[client], &bytes))
            return false;
        memcpy(span->client, bytes.data, bytes.len);
        span->client_len = (uint8_t)bytes.len;
    }
    span->session = before->session;
    if ((!(head & SPAN_SAME_SERVER) && !reader_varint(r, &server)) ||
        (!(head & SPAN_SAME_SESSION) && !take_step(r, before->session, &span->session)))
        return false;
    span->server = (int64_t)server;
    return true;
}

static bool take_span(struct reader *r, int64_t unit, const struct device_span *before, uint64_t *end,
                      struct device_span *span)
{
    uint64_t from, lasted;
    int64_t to_ns;
    uint8_t head;

    if (!reader_u8(r, &head))
        return false;
    span->reason = head >> SPAN_REASON_AT;
    if (span->reason == SPAN_REASON_APART) {
        if (!reader_u8(r, &span->reason) || !reader_u8(r, &span->confidence))
            return false;
    } else {
        span->confidence = (uint8_t)binding_reason_confidence((enum binding_reason)span->reason);
    }
    if (!take_ends(r, head, before, span) || !take_step(r, *end, &from) || !reader_varint(r, &lasted) ||
        !reader_varint(r, &span->n_packets) || !reader_varint(r, &span->n_bytes))
        return false;
    *end = from + lasted;
    return !__builtin_mul_overflow((int64_t)from, unit, &span->from_ns) && lasted <= INT64_MAX &&
           !__builtin_mul_overflow((int64_t)lasted, unit, &span->lasted_ns) &&
           !__builtin_add_overflow(span->from_ns, span->lasted_ns, &to_ns);
}

bool device_spans_decode(struct bytes blob, struct device_spans *spans)
{
    struct reader r = reader_over(blob);
    struct device_span before = { 0 };
    uint64_t end = 0;
    uint8_t unit;

    spans->n = 0;
    if (!reader_u8(&r, &unit) || unit >= N_UNITS)
        return false;
    while (reader_left(&r)) {
        struct device_span *span = spans->n < PACK_ITEMS_LIMIT ? device_spans_add(spans) : NULL;

        if (span == NULL || !take_span(&r, units[unit], &before, &end, span))
            return false;
        before = *span;
    }
    return true;
}

/* ---- keys ---- */

bool device_keys_encode(const struct device_key *keys, uint32_t n, int64_t row, struct buffer *blob)
{
    uint64_t hash = (uint64_t)row, seen = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t this_seen = (uint64_t)(keys[i].seen_s / DEVICE_KEY_SEEN_SECONDS);

        buffer_put_varint(blob, (uint64_t)keys[i].hash - hash);
        buffer_put_varint(blob, (uint64_t)keys[i].identity);
        buffer_put_varint(blob, keys[i].session);
        put_step(blob, seen, this_seen);
        buffer_put_u8(blob, (uint8_t)keys[i].cid_to_client.len);
        buffer_put(blob, keys[i].cid_to_client.data, keys[i].cid_to_client.len);
        hash = (uint64_t)keys[i].hash;
        seen = this_seen;
    }
    return !blob->is_full;
}

bool device_keys_decode(struct bytes blob, int64_t row, struct device_keys *keys)
{
    struct reader r = reader_over(blob);
    uint64_t hash = (uint64_t)row, seen = 0;

    keys->n = 0;
    while (reader_left(&r)) {
        struct device_key *key = keys->n < PACK_ITEMS_LIMIT ? device_keys_add(keys) : NULL;
        uint64_t step, identity;
        uint8_t len;

        if (key == NULL || !reader_varint(&r, &step) || !reader_varint(&r, &identity) ||
            !reader_varint(&r, &key->session) || !take_step(&r, seen, &seen) || !reader_u8(&r, &len) ||
            !reader_bytes(&r, len, &key->cid_to_client))
            return false;
        hash += step;
        key->hash = (int64_t)hash;
        key->identity = (int64_t)identity;
        if (__builtin_mul_overflow((int64_t)seen, DEVICE_KEY_SEEN_SECONDS, &key->seen_s))
            return false;
    }
    return true;
}
