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

static void is_covered(sqlite3_context *context, int n_values, sqlite3_value **values)
{
    const struct cover *cover = sqlite3_user_data(context);
    int64_t from_ns = sqlite3_value_int64(values[0]), to_ns = from_ns + sqlite3_value_int64(values[1]);
    uint32_t low = 0, high = cover->n;

    (void)n_values;
    while (low < high) { /* the first segment that ends at or after the span's start */
        uint32_t middle = low + (high - low) / 2;

        if (cover->to_ns[middle] < from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    sqlite3_result_int(context, low < cover->n && cover->from_ns[low] <= to_ns);
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

/* What belonged to segments that are gone goes; names of a device stay while one of them has a span. */
static bool sweep(struct device_table *table, struct error *error)
{
    static const char sql[] = "DELETE FROM span WHERE NOT is_covered(from_ns, lasted_ns);"
                              "DELETE FROM session_key WHERE seen_s < (SELECT max(seen_s) FROM session_key) "
                              "- %d AND identity NOT IN "
                              "(SELECT identity FROM span);"
                              "DELETE FROM identity WHERE id NOT IN (SELECT identity FROM span) AND id NOT "
                              "IN (SELECT identity FROM "
                              "session_key) AND (device IS NULL OR device NOT IN (SELECT device FROM "
                              "identity i WHERE device IS NOT "
                              "NULL AND EXISTS (SELECT 1 FROM span s WHERE s.identity = i.id)));"
                              "DELETE FROM server WHERE id NOT IN (SELECT server FROM span);";
    struct cover cover = { 0 };
    char text[sizeof sql + 16];
    bool is_done;

    snprintf(text, sizeof text, sql, KEY_KEPT_SECONDS);
    is_done = cover_load(table, &cover, error) &&
              (sqlite3_create_function(table->handle, "is_covered", 2,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, &cover,
                                       is_covered, NULL, NULL) == SQLITE_OK ||
               device_table_fault(table, "cannot be swept", error)) &&
              device_table_run_text(table, text, error);
    sqlite3_create_function(table->handle, "is_covered", 2, SQLITE_UTF8, NULL, NULL, NULL, NULL);
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
