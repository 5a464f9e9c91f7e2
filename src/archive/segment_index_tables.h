/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_index_tables - the tables that an index keeps in columns: addresses, identities, sessions,
 * bindings. Internal to this folder. Each is unpacked by whoever asks first; NULL, or false, says that it is
 * damaged.
 */
#pragma once

#include "archive/index_columns.h"
#include "archive/posting_code.h"
#include "archive/segment_index_map.h"

enum index_table_state { INDEX_TABLE_PACKED, INDEX_TABLE_READY, INDEX_TABLE_DAMAGED };

struct index_identity_table {
    enum index_table_state state;
    uint32_t n;
    struct column_numbers schemes;
    uint32_t *starts; /* in text, n + 1 */
    uint8_t *text;
    struct column_reader columns;
};

struct index_session_table {
    enum index_table_state state;
    uint32_t n;
    struct column_numbers identities; /* number plus 1; 0: none */
    struct column_numbers schemes;    /* plus 1; 0: the identity's */
    uint64_t *numbers;
    struct column_numbers shapes, of_shape; /* lengths of keys */
    uint32_t *starts;                       /* in keys */
    struct bytes keys;
    struct column_reader columns;
};

struct index_binding_table {
    enum index_table_state state;
    uint32_t n, unit_ns;
    uint64_t first_ns;
    struct column_numbers why, sessions; /* of each row; how far back from the next new one */
    struct column_numbers flows, from, places, lasted, packets, bytes_each,
        bytes_more; /* of each that is no twin */
    struct bytes own_keys;
    struct column_reader columns;
};

struct index_tables {
    enum index_table_state addresses_state, flows_state, postings_state;
    uint8_t *addresses;
    struct flow_rows *flows;
    struct posting_table *postings;
    struct index_identity_table identities;
    struct index_session_table sessions;
    struct index_binding_table bindings;
};

const struct index_identity_table *index_identity_table(const struct segment_index *index);
const struct index_session_table *index_session_table(const struct segment_index *index);
const struct index_binding_table *index_binding_table(const struct segment_index *index);

struct index_session_lens {
    uint8_t to_server, to_client, token;
};

/* number: below table->n. */
struct index_session_lens index_session_lens(const struct index_session_table *table, uint32_t number);

/* number: below table->n. Borrowed from the index. */
struct bytes index_identity(const struct index_identity_table *table, uint32_t number,
                            enum identity_scheme *scheme);
