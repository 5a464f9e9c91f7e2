/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_table_parts - what the files of the device table share. Internal to this folder.
 */
#pragma once

#include <sqlite3.h>

#include "archive/database.h"
#include "archive/device_pack.h"
#include "archive/device_table.h"
#include "archive/session_keys.h"
#include "base/buffer.h"
#include "base/lru_table.h"

/* Statements are made when first asked for, and kept. */
enum device_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_HAS_SEGMENT,
    SQL_ADD_SEGMENT,
    SQL_DROP_SEGMENT,
    SQL_SEGMENTS,
    SQL_FIND_IDENTITY,
    SQL_ADD_IDENTITY,
    SQL_FIND_SERVER,
    SQL_ADD_SERVER,
    SQL_LAST_PACK,
    SQL_PUT_PACK,
    SQL_DEVICE_OF,
    SQL_COUNT_NAMES,
    SQL_JOIN,
    SQL_KEY_PACK,
    SQL_NEXT_KEY_PACK,
    SQL_PUT_KEY_PACK,
    SQL_FIND_KEY,
    SQL_PUT_LENGTH,
    SQL_NAMED,
    SQL_NAMES,
    SQL_SPANS,
    SQL_SPANS_AT,
    SQL_SPANS_AT_OVERLAY,
    SQL_COUNT,
};

struct device_table {
    struct database *database; /* NULL: a table in a temporary file */
    sqlite3 *handle;
    bool has_overlay;
    bool has_clients;          /* temp.client_span: the file's spans by their client's end */
    int64_t next_id;           /* of what the overlay adds */
    uint64_t seed;             /* of session keys */
    struct session_keys *keys; /* borrowed: told of each that is put; may be NULL */
    uint64_t cid_lengths[4];   /* that the table knows already */
    char directory[4096];
    char path[4096 + 16];
    char set_aside[4096 + 32];
    sqlite3_stmt *statements[SQL_COUNT];

    struct lru_table *bearers; /* within one segment: session number, the first name of a device it bore */
    struct lru_table *servers; /* likewise: numbers known already */
    struct device_spans spans; /* room to unpack in */
    struct device_keys pending, keys_there; /* keys that are to be put; those of the blob they go to */
    struct buffer blob;
};

/* A statement, reset and ready to be bound; NULL with *error. */
sqlite3_stmt *device_table_statement(struct device_table *table, enum device_sql which, struct error *error);

/* One of its own, which the caller finalizes; {to} and {all} stand for schemas. NULL with *error. */
sqlite3_stmt *device_table_prepare(struct device_table *table, const char *template, struct error *error);

/* Steps a statement that answers nothing, and resets it. */
bool device_table_do(struct device_table *table, sqlite3_stmt *statement, struct error *error);

bool device_table_run(struct device_table *table, enum device_sql which, struct error *error);
bool device_table_run_text(struct device_table *table, const char *sql, struct error *error);

/* Ends a transaction: well or rolled back, and then false. */
bool device_table_commit(struct device_table *table, bool is_well, struct error *error);

/* The name that a segment's files share; borrowed from the entry. */
struct bytes device_table_stem(const struct catalog_entry *entry);

bool device_table_fault(const struct device_table *table, const char *doing, struct error *error);

/* What device_table_tell_spans reads, of span s, identity i and server v. */
#define DEVICE_SPAN_COLUMNS                                                                        \
    "SELECT i.scheme, i.bytes, s.client, v.endpoint, s.from_ns, s.lasted_ns, s.packets, s.bytes, " \
    "s.session, "                                                                                  \
    "s.reason, s.confidence"

/* Runs a statement of those columns, and resets it. The function's false ends it early. */
bool device_table_tell_spans(struct device_table *table, sqlite3_stmt *statement, binding_function *function,
                             void *context, struct error *error);

enum {
    DEVICE_PACKS_OF_IDENTITY =
        1 << 20,                  /* of spans: a pack's number is the identity's times this, and its own */
    DEVICE_PUT_AT_ONCE = 1 << 15, /* bindings: what an identity has among them is one write */
};

/* Bindings, into the file or the overlay, in any order: sorted here. Their bytes are borrowed. */
bool device_table_put(struct device_table *table, struct binding *bindings, uint32_t n, struct error *error);

/* What is remembered while one segment is taken in. */
bool device_table_begin_segment(struct device_table *table, struct error *error);
void device_table_end_segment(struct device_table *table);

/* The number a name is found by. */
int64_t device_name_hash(uint64_t seed, struct bytes identity);

/* The two ends as the table keeps them. */
struct bytes device_client_encode(const struct binding *binding, uint8_t bytes[static DEVICE_CLIENT_BYTES]);
struct bytes device_server_encode(const struct binding *binding, uint8_t bytes[static DEVICE_SERVER_BYTES]);
bool device_flow_decode(struct bytes client, struct bytes server, struct binding *binding);

/* The number under which a session is found by what a packet shows; server: of connection ids too short to be
 * one server's alone, else NULL. */
enum device_key_kind { DEVICE_KEY_CID = 1, DEVICE_KEY_RESUMPTION = 2 };
int64_t device_key_hash(uint64_t seed, enum device_key_kind kind, struct bytes key,
                        const struct ip_address *server);

enum { DEVICE_CID_GLOBAL_BYTES = 6 }; /* as device/session_table has it */
