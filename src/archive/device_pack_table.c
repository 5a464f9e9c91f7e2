/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eponymous virtual tables (sqlite.org/vtab.html): nothing of them is in the file. A cursor holds one blob
 * unpacked at a time.
 */
#include "archive/device_pack_table.h"

#include <stdlib.h>

#include "archive/device_pack.h"
#include "archive/device_table_parts.h"

struct pack_kind { /* what is in the blobs */
    const char *declaration;
    const char *all, *some; /* rows of number and blob; parameter 1 is what is asked for */
    bool is_of_keys;
};

static const struct pack_kind kinds[] = {
    { "CREATE TABLE x(identity INTEGER, client BLOB, server INTEGER, from_ns INTEGER, lasted_ns INTEGER, "
      "packets INTEGER, bytes INTEGER, session INTEGER, reason INTEGER, confidence INTEGER)",
      "SELECT id, spans FROM main.span_pack",
      "SELECT id, spans FROM main.span_pack WHERE id BETWEEN ?1 << 20 AND (?1 << 20) + 1048575", false },
    { "CREATE TABLE x(identity INTEGER, client BLOB, server INTEGER, from_ns INTEGER, lasted_ns INTEGER, "
      "packets INTEGER, bytes INTEGER, session INTEGER, reason INTEGER, confidence INTEGER)",
      "SELECT id, spans FROM temp.span_pack",
      "SELECT id, spans FROM temp.span_pack WHERE id BETWEEN ?1 << 20 AND (?1 << 20) + 1048575", false },
    { "CREATE TABLE x(hash INTEGER, identity INTEGER, session INTEGER, seen_s INTEGER, cid_to_client BLOB)",
      "SELECT first, keys FROM main.key_pack",
      "SELECT first, keys FROM main.key_pack WHERE first = (SELECT max(first) FROM main.key_pack WHERE first "
      "<= ?1)",
      true },
};

static_assert(DEVICE_PACKS_OF_IDENTITY == 1 << 20, "as the questions above have it");

static const char *const names[] = { "span", "span_overlay", "session_key" };

struct pack_table {
    sqlite3_vtab base;
    sqlite3 *handle;
    const struct pack_kind *kind;
};

struct pack_cursor {
    sqlite3_vtab_cursor base;
    sqlite3_stmt *all, *some; /* made when first asked for */
    sqlite3_stmt *rows;       /* the one at work */
    bool is_at_end;
    bool has_wanted;
    int64_t wanted;
    int64_t row; /* the blob's number */
    struct device_spans spans;
    struct device_keys keys;
    uint32_t at;
};

static int table_connect(sqlite3 *handle, void *context, int n_words, const char *const *words,
                         sqlite3_vtab **table, char **trouble)
{
    struct pack_table *made = calloc(1, sizeof *made);

    (void)n_words;
    (void)words;
    (void)trouble;
    if (made == NULL)
        return SQLITE_NOMEM;
    made->handle = handle;
    made->kind = context;
    *table = &made->base;
    return sqlite3_declare_vtab(handle, made->kind->declaration);
}

static int table_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000000;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].usable && info->aConstraint[i].iColumn == 0 &&
            info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->idxNum = 1;
            info->estimatedCost = 20;
            info->estimatedRows = 10;
            break;
        }
    }
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
    struct pack_cursor *made = calloc(1, sizeof *made);

    (void)table;
    if (made == NULL)
        return SQLITE_NOMEM;
    *cursor = &made->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct pack_cursor *cursor = (struct pack_cursor *)base;

    sqlite3_finalize(cursor->all);
    sqlite3_finalize(cursor->some);
    free(cursor->spans.items);
    free(cursor->keys.items);
    free(cursor);
    return SQLITE_OK;
}

static bool is_of_keys(const struct pack_cursor *cursor)
{
    return ((const struct pack_table *)cursor->base.pVtab)->kind->is_of_keys;
}

/* On to the next item that is asked for, into the next blob if need be. */
static int settle(struct pack_cursor *cursor)
{
    for (;;) {
        struct bytes blob;
        int code;

        if (is_of_keys(cursor)) {
            while (cursor->has_wanted && cursor->at < cursor->keys.n &&
                   cursor->keys.items[cursor->at].hash != cursor->wanted)
                cursor->at++;
        }
        if (cursor->at < (is_of_keys(cursor) ? cursor->keys.n : cursor->spans.n))
            return SQLITE_OK;
        code = sqlite3_step(cursor->rows);
        if (code != SQLITE_ROW) {
            cursor->is_at_end = true;
            sqlite3_reset(cursor->rows);
            return code == SQLITE_DONE ? SQLITE_OK : code;
        }
        cursor->at = 0;
        cursor->row = sqlite3_column_int64(cursor->rows, 0);
        blob.data = sqlite3_column_blob(cursor->rows, 1);
        blob.len = (size_t)sqlite3_column_bytes(cursor->rows, 1);
        if (!(is_of_keys(cursor) ? device_keys_decode(blob, cursor->row, &cursor->keys)
                                 : device_spans_decode(blob, &cursor->spans)))
            return SQLITE_CORRUPT_VTAB;
    }
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *words, int n_values,
                         sqlite3_value **values)
{
    struct pack_cursor *cursor = (struct pack_cursor *)base;
    const struct pack_table *table = (const struct pack_table *)base->pVtab;
    sqlite3_stmt **rows = plan ? &cursor->some : &cursor->all;

    (void)words;
    if (*rows) {
        sqlite3_reset(*rows);
    } else {
        int code =
            sqlite3_prepare_v2(table->handle, plan ? table->kind->some : table->kind->all, -1, rows, NULL);

        if (code != SQLITE_OK)
            return code;
    }
    cursor->rows = *rows;
    cursor->has_wanted = plan && n_values == 1;
    cursor->is_at_end = false;
    cursor->at = cursor->spans.n = cursor->keys.n = 0;
    if (cursor->has_wanted) {
        cursor->wanted = sqlite3_value_int64(values[0]);
        if (!table->kind->is_of_keys &&
            (cursor->wanted < 0 || cursor->wanted > INT64_MAX / DEVICE_PACKS_OF_IDENTITY - 1)) {
            cursor->is_at_end = true; /* nobody's number */
            return SQLITE_OK;
        }
        sqlite3_bind_int64(cursor->rows, 1, cursor->wanted);
    }
    return settle(cursor);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct pack_cursor *cursor = (struct pack_cursor *)base;

    cursor->at++;
    return settle(cursor);
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return ((const struct pack_cursor *)base)->is_at_end;
}

static void answer_span(sqlite3_context *context, const struct pack_cursor *cursor, int column)
{
    const struct device_span *span = &cursor->spans.items[cursor->at];
    const int64_t numbers[] = { [0] = cursor->row / DEVICE_PACKS_OF_IDENTITY,
                                [2] = span->server,
                                [3] = span->from_ns,
                                [4] = span->lasted_ns,
                                [5] = (int64_t)span->n_packets,
                                [6] = (int64_t)span->n_bytes,
                                [7] = (int64_t)span->session,
                                [8] = span->reason,
                                [9] = span->confidence };

    if (column == 1)
        sqlite3_result_blob(context, span->client, span->client_len, SQLITE_TRANSIENT);
    else if (column >= 0 && (size_t)column < sizeof numbers / sizeof *numbers)
        sqlite3_result_int64(context, numbers[column]);
}

static void answer_key(sqlite3_context *context, const struct pack_cursor *cursor, int column)
{
    const struct device_key *key = &cursor->keys.items[cursor->at];
    const int64_t numbers[] = { key->hash, key->identity, (int64_t)key->session, key->seen_s };

    if (column == 4)
        sqlite3_result_blob(context, key->cid_to_client.data, (int)key->cid_to_client.len, SQLITE_TRANSIENT);
    else if (column >= 0 && (size_t)column < sizeof numbers / sizeof *numbers)
        sqlite3_result_int64(context, numbers[column]);
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct pack_cursor *cursor = (const struct pack_cursor *)base;

    if (is_of_keys(cursor))
        answer_key(context, cursor, column);
    else
        answer_span(context, cursor, column);
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    *rowid = ((const struct pack_cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = table_connect, /* xCreate NULL: there is only the one of that name */
    .xBestIndex = best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

bool device_pack_table_register(sqlite3 *handle)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (sqlite3_create_module(handle, names[i], &module, (void *)(uintptr_t)&kinds[i]) != SQLITE_OK)
            return false;
    }
    return true;
}
