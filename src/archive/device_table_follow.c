/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device table follows its archive: what was sealed, copied in or mended is taken in, and what retention
 * or a hand deleted goes, with the spans that lay in nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/device_table_parts.h"

enum { SWEEP_SHARE = 64 }; /* a pass over all spans is worth it when so much of the segments is gone */

#define KEY_KEPT_SECONDS (30 * 86400) /* a session's keys outlive the device's last span by so much */

struct known { /* a segment that the table contains */
    char *stem;
    uint64_t bytes;
    bool is_there;
};

struct known_list {
    struct known *items;
    uint32_t n, cap;
};

static void known_clear(struct known_list *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        free(list->items[i].stem);
    free(list->items);
}

static bool known_load(struct device_table *table, struct known_list *list, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_SEGMENTS, error);
    int code;

    if (statement == NULL)
        return false;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *stem = (const char *)sqlite3_column_text(statement, 0);

        if (list->n == list->cap) {
            uint32_t cap = list->cap ? list->cap * 2 : 64;
            struct known *items = realloc(list->items, cap * sizeof *items);

            if (items == NULL)
                break;
            list->items = items;
            list->cap = cap;
        }
        list->items[list->n] = (struct known) { stem ? strdup(stem) : NULL,
                                                (uint64_t)sqlite3_column_int64(statement, 1), false };
        if (list->items[list->n].stem == NULL)
            break;
        list->n++;
    }
    sqlite3_reset(statement);
    if (code == SQLITE_ROW)
        return error_set(error, ERROR_SYSTEM, "device table: no memory for its segments");
    return code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

static int compare_stem(const void *left, const void *right)
{
    const struct bytes *stem = left;
    const struct known *known = right;

    return bytes_compare(*stem, bytes_text(known->stem));
}

static bool drop_segment(struct device_table *table, const char *stem, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_DROP_SEGMENT, error);

    if (statement == NULL)
        return false;
    sqlite3_bind_text(statement, 1, stem, -1, SQLITE_STATIC);
    return device_table_do(table, statement, error);
}

/* A span of which some packet may still be there: one pass, with the times of the segments sorted. */
struct cover {
    int64_t *from_ns, *to_ns; /* melted where they overlap */
    uint32_t n;
};

static bool is_covered(const struct cover *cover, const struct device_span *span)
{
    int64_t to_ns = span->from_ns + span->lasted_ns;
    uint32_t low = 0, high = cover->n;

    while (low < high) { /* the first segment that ends at or after the span's start */
        uint32_t middle = low + (high - low) / 2;

        if (cover->to_ns[middle] < span->from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cover->n && cover->from_ns[low] <= to_ns;
}

static bool cover_load(struct device_table *table, struct cover *cover, struct error *error)
{
    sqlite3_stmt *statement = device_table_prepare(
        table, "SELECT from_ns, to_ns FROM segment WHERE from_ns <= to_ns ORDER BY from_ns", error);
    uint32_t cap = 0;
    int code;

    if (statement == NULL)
        return false;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t from_ns = sqlite3_column_int64(statement, 0), to_ns = sqlite3_column_int64(statement, 1);

        if (cover->n && from_ns <= cover->to_ns[cover->n - 1]) {
            if (to_ns > cover->to_ns[cover->n - 1])
                cover->to_ns[cover->n - 1] = to_ns;
            continue;
        }
        if (cover->n == cap) {
            int64_t *froms, *tos;

            cap = cap ? cap * 2 : 64;
            if ((froms = realloc(cover->from_ns, cap * sizeof *froms)) != NULL)
                cover->from_ns = froms;
            if ((tos = realloc(cover->to_ns, cap * sizeof *tos)) != NULL)
                cover->to_ns = tos;
            if (froms == NULL || tos == NULL)
                break;
        }
        cover->from_ns[cover->n] = from_ns;
        cover->to_ns[cover->n++] = to_ns;
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

/* Rows of a number and a blob, from parameter 1 on, a few at a time: they change while they are read. */
struct pack_walk {
    sqlite3_stmt *next, *put, *drop;
    int64_t at;
    bool is_begun;
};

static void walk_end(struct pack_walk *walk)
{
    sqlite3_finalize(walk->next);
    sqlite3_finalize(walk->put);
    sqlite3_finalize(walk->drop);
}

static bool walk_begin(struct device_table *table, const char *next, const char *put, const char *drop,
                       struct pack_walk *walk, struct error *error)
{
    *walk = (struct pack_walk) { device_table_prepare(table, next, error), NULL, NULL, INT64_MIN, false };
    walk->put = walk->next ? device_table_prepare(table, put, error) : NULL;
    walk->drop = walk->put ? device_table_prepare(table, drop, error) : NULL;
    return walk->drop != NULL;
}

/* The next blob, until walk->next is reset; *is_there false at the end. */
static bool walk_next(struct device_table *table, struct pack_walk *walk, struct bytes *blob, bool *is_there,
                      struct error *error)
{
    int code;

    sqlite3_reset(walk->next);
    sqlite3_bind_int64(walk->next, 1, walk->at);
    code = sqlite3_step(walk->next);
    *is_there = code == SQLITE_ROW;
    if (*is_there) {
        walk->at = sqlite3_column_int64(walk->next, 0);
        blob->data = sqlite3_column_blob(walk->next, 1);
        blob->len = (size_t)sqlite3_column_bytes(walk->next, 1);
    }
    return *is_there || code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

/* Puts what is left, or drops the row when that is nothing. */
static bool walk_put(struct device_table *table, struct pack_walk *walk, struct error *error)
{
    sqlite3_stmt *statement = table->blob.len ? walk->put : walk->drop;

    sqlite3_bind_int64(statement, 1, walk->at);
    if (table->blob.len)
        sqlite3_bind_blob(statement, 2, table->blob.data, (int)table->blob.len, SQLITE_STATIC);
    return device_table_do(table, statement, error);
}

static bool sweep_spans(struct device_table *table, const struct cover *cover, struct error *error)
{
    struct device_spans *spans = &table->spans;
    struct pack_walk walk;
    struct bytes blob = { 0 };
    bool is_there = true;
    bool is_well = walk_begin(table, "SELECT id, spans FROM span_pack WHERE id > ?1 ORDER BY id LIMIT 1",
                              "UPDATE span_pack SET spans = ?2 WHERE id = ?1",
                              "DELETE FROM span_pack WHERE id = ?1", &walk, error);

    while (is_well && (is_well = walk_next(table, &walk, &blob, &is_there, error)) && is_there) {
        uint32_t n, n_kept = 0;

        if (!device_spans_decode(blob, spans)) {
            is_well = error_set(error, ERROR_DAMAGED, "%s: has spans that make no sense", table->path);
            break;
        }
        n = spans->n;
        for (uint32_t i = 0; i < n; i++) {
            if (is_covered(cover, &spans->items[i]))
                spans->items[n_kept++] = spans->items[i];
        }
        if (n_kept == n)
            continue;
        spans->n = n_kept;
        buffer_empty(&table->blob);
        is_well = (n_kept == 0 || device_spans_encode(spans, &table->blob)) && walk_put(table, &walk, error);
    }
    walk_end(&walk);
    return is_well;
}

/* Whether the first column of the statement's one row is not 0, for that identity. */
static bool has_span(sqlite3_stmt *statement, int64_t identity)
{
    bool has;

    sqlite3_bind_int64(statement, 1, identity * DEVICE_PACKS_OF_IDENTITY);
    sqlite3_bind_int64(statement, 2, identity * DEVICE_PACKS_OF_IDENTITY + DEVICE_PACKS_OF_IDENTITY - 1);
    has = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_reset(statement);
    return has;
}

/* Of identities without a span, keys that are older than until_s. */
static bool sweep_keys(struct device_table *table, int64_t until_s, struct error *error)
{
    struct device_keys *keys = &table->keys_there;
    sqlite3_stmt *spans = device_table_statement(table, SQL_LAST_PACK, error);
    struct pack_walk walk = { 0 };
    struct bytes blob = { 0 };
    bool is_there = true;
    bool is_well =
        spans && walk_begin(table, "SELECT first, keys FROM key_pack WHERE first > ?1 ORDER BY first LIMIT 1",
                            "UPDATE key_pack SET keys = ?2 WHERE first = ?1",
                            "DELETE FROM key_pack WHERE first = ?1", &walk, error);

    while (is_well && (is_well = walk_next(table, &walk, &blob, &is_there, error)) && is_there) {
        uint32_t n, n_kept = 0;

        if (!device_keys_decode(blob, walk.at, keys)) {
            is_well = error_set(error, ERROR_DAMAGED, "%s: has keys that make no sense", table->path);
            break;
        }
        n = keys->n;
        for (uint32_t i = 0; i < n; i++) {
            if (keys->items[i].seen_s >= until_s || has_span(spans, keys->items[i].identity))
                keys->items[n_kept++] = keys->items[i];
        }
        if (n_kept == n)
            continue;
        buffer_empty(&table->blob);
        is_well = (n_kept == 0 || device_keys_encode(keys->items, n_kept, walk.at, &table->blob)) &&
                  walk_put(table, &walk, error);
    }
    walk_end(&walk);
    return is_well;
}

/* The newest moment of any key. */
static bool last_seen(struct device_table *table, int64_t *seen_s, struct error *error)
{
    sqlite3_stmt *statement = device_table_prepare(table, "SELECT max(seen_s) FROM main.session_key", error);
    bool is_read = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (is_read)
        *seen_s = sqlite3_column_int64(statement, 0);
    else if (statement)
        device_table_fault(table, "cannot be read", error);
    sqlite3_finalize(statement);
    return is_read;
}

/* What belonged to segments that are gone goes; names of a device stay while one of them has a span. */
static bool sweep(struct device_table *table, struct error *error)
{
    static const char sql[] = "DELETE FROM identity WHERE id NOT IN (SELECT id / 1048576 FROM span_pack) AND "
                              "id NOT IN (SELECT identity "
                              "FROM main.session_key) AND (device IS NULL OR device NOT IN (SELECT device "
                              "FROM identity i WHERE device "
                              "IS NOT NULL AND i.id IN (SELECT id / 1048576 FROM span_pack)));"
                              "DELETE FROM server WHERE id NOT IN (SELECT server FROM main.span);";
    struct cover cover = { 0 };
    int64_t seen_s;
    bool is_done = cover_load(table, &cover, error) && sweep_spans(table, &cover, error) &&
                   last_seen(table, &seen_s, error) && sweep_keys(table, seen_s - KEY_KEPT_SECONDS, error) &&
                   device_table_run_text(table, sql, error);

    free(cover.from_ns);
    free(cover.to_ns);
    return is_done;
}

static bool drop_gone(struct device_table *table, const struct known_list *list,
                      struct device_table_changes *changes, struct error *error)
{
    uint32_t n_gone = 0;
    bool is_done;

    for (uint32_t i = 0; i < list->n; i++)
        n_gone += !list->items[i].is_there;
    if (n_gone == 0 || n_gone < list->n / SWEEP_SHARE)
        return true;
    is_done = device_table_run(table, SQL_BEGIN, error);
    for (uint32_t i = 0; is_done && i < list->n; i++) {
        if (!list->items[i].is_there)
            is_done = drop_segment(table, list->items[i].stem, error);
    }
    if (!device_table_commit(table, is_done && sweep(table, error), error))
        return false;
    changes->n_gone = n_gone;
    return true;
}

bool device_table_follow(struct device_table *table, const struct catalog *catalog, const atomic_bool *stop,
                         struct device_table_changes *changes, struct error *error)
{
    struct known_list list = { 0 };
    struct error fault;
    bool is_done = known_load(table, &list, error);

    *changes = (struct device_table_changes) { 0 };
    for (uint32_t i = 0; is_done && i < catalog->n; i++) {
        const struct catalog_entry *entry = &catalog->entries[i];
        struct bytes stem = device_table_stem(entry);
        struct known *known =
            list.n ? bsearch(&stem, list.items, list.n, sizeof *list.items, compare_stem) : NULL;

        if (known && known->bytes == entry->stored_bytes && !entry->is_open)
            known->is_there = true;
    }
    is_done = is_done && drop_gone(table, &list, changes, error);
    for (uint32_t i = 0; is_done && i < catalog->n; i++) {
        const struct catalog_entry *entry = &catalog->entries[i];

        if (stop && atomic_load_explicit(stop, memory_order_relaxed))
            break;
        if (entry->is_open || device_table_has(table, entry))
            continue;
        if (!entry->has_index) {
            changes->n_unindexed++;
            continue;
        }
        if (device_table_add_segment(table, entry, &fault)) {
            changes->n_added++;
        } else if (fault.kind == ERROR_DAMAGED &&
                   strncmp(fault.text, entry->index_path, strlen(entry->index_path)) == 0) {
            changes->n_unindexed++;
        } else if (access(entry->index_path, F_OK) == 0) { /* else: deleted meanwhile */
            *error = fault;
            is_done = false;
        }
    }
    known_clear(&list);
    return is_done;
}
