/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_keys - a session_store (device/session_store.h) over the device table: sleeping sessions lie on
 * disk, and a filter in memory says "surely not there" before anybody looks.
 *
 * Two threads: the one that writes the table notes each key in the filter (atomic words, nothing is ever
 * taken out), the other asks. The filter is a split block Bloom filter of fixed size: at SESSION_KEYS_COMFORT
 * keys some 1 in 1 000 strangers' keys is looked up in vain; with more keys, more. Rejected: a fuse filter,
 * half the size, but built anew for each key that comes.
 *
 * What is looked up is bounded by a rate, in the packets' own time, so that an import and a live recorder
 * answer alike.
 */
#pragma once

#include "base/error.h"
#include "device/session_store.h"

enum {
    SESSION_KEYS_FILTER_BYTES = 8 << 20,
    SESSION_KEYS_COMFORT = 4 << 20, /* keys, at 16 bits each */
    SESSION_KEYS_LOOKUPS = 20000,   /* each second of packets; past it sessions stay unknown, counted */
};

struct session_keys;

/* has_filter false: for who only reads, and has no writer to note keys. NULL without memory. */
struct session_keys *session_keys_new(const char *directory, bool has_filter);
void session_keys_free(struct session_keys *keys);

/* The asking thread's. */
struct session_store session_keys_store(struct session_keys *keys);

struct session_keys_counters {
    uint64_t n_ruled_out; /* by the filter */
    uint64_t n_lookups, n_found;
    uint64_t n_refused; /* for the rate */
};

const struct session_keys_counters *session_keys_counters(const struct session_keys *keys);

/* The writing thread's. A table begins: nothing is in the filter until session_keys_ready. */
void session_keys_begin(struct session_keys *keys, uint64_t seed);
void session_keys_note(struct session_keys *keys, int64_t hash);
bool session_keys_may_have(const struct session_keys *keys, int64_t hash); /* false: surely not */
void session_keys_note_length(struct session_keys *keys, size_t cid_len);
void session_keys_ready(struct session_keys *keys);
