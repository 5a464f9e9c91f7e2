/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_pack - spans, and keys of sleeping sessions, many to a blob: what a row of the device table is made
 * of (docs/device-table.md). A row of SQLite for each would be twice as long, and put in twice as slowly.
 *
 * The blobs are read as any bytes from outside: their file may be damaged.
 */
#pragma once

#include "base/buffer.h"
#include "device/binding.h"

enum {
    DEVICE_CLIENT_BYTES = 18, /* address bytes, u16 port in network order */
    DEVICE_SERVER_BYTES = 20, /* the same, IP protocol, which ports say nothing */
    SPANS_IN_PACK = 48,
    KEYS_IN_PACK = 32,         /* when a pack is divided, and twice as many at most */
    PACK_ITEMS_LIMIT = 1 << 12 /* more are damage */
};

struct device_span {
    uint8_t client[DEVICE_CLIENT_BYTES];
    uint8_t client_len; /* 2, 6 or 18 */
    uint8_t reason, confidence;
    int64_t server; /* its number */
    int64_t from_ns, lasted_ns;
    uint64_t n_packets, n_bytes, session;
};

struct device_key {
    int64_t hash, identity;
    uint64_t session;
    int64_t seen_s; /* of one DEVICE_KEY_SEEN_SECONDS, rounded down */
    struct bytes cid_to_client;
};

enum { DEVICE_KEY_SEEN_SECONDS = 64 };

struct device_spans { /* those of one blob */
    struct device_span *items;
    uint32_t n, cap;
};

struct device_keys {
    struct device_key *items;
    uint32_t n, cap;
};

/* Room for one more at the end; NULL without memory. */
struct device_span *device_spans_add(struct device_spans *spans);
struct device_key *device_keys_add(struct device_keys *keys);

bool device_spans_encode(const struct device_spans *spans, struct buffer *blob);

/* False when the blob makes no sense, or without memory. */
bool device_spans_decode(struct bytes blob, struct device_spans *spans);

/* n keys sorted by hash, the first not below the number of the row. */
bool device_keys_encode(const struct device_key *keys, uint32_t n, int64_t row, struct buffer *blob);

/* Connection ids are borrowed from the blob. */
bool device_keys_decode(struct bytes blob, int64_t row, struct device_keys *keys);
