/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two steps: one pass gathers the devices that fit, with what they are ordered by, into a temporary table;
 * then each is looked up by its names. What fits is decided by SQLite, but for the look of a name.
 */
#include "archive/device_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "archive/device_table_parts.h"
#include "base/utf8.h"

struct device_query {
    struct device_table *table;
    struct device_question question;
    uint8_t least[DEVICE_CLIENT_BYTES], most[DEVICE_CLIENT_BYTES]; /* ends at the address */
    size_t end_len;                                                /* 0: any */
    sqlite3_stmt *devices, *spans;
    uint64_t n;
};

bool device_name_put(struct buffer *text, struct bytes identity)
{
    if (utf8_is_printable(identity))
        return buffer_put(text, identity.data, identity.len);
    for (size_t i = 0; i < identity.len; i++)
        buffer_printf(text, "%02x", identity.data[i]);
    return !text->is_full;
}

static void is_like(sqlite3_context *context, int n_values, sqlite3_value **values)
{
    const char *like = sqlite3_user_data(context);
    const void *data = sqlite3_value_blob(values[0]);
    struct bytes identity = bytes_of(data, (size_t)sqlite3_value_bytes(values[0]));
    char shown[2 * IDENTITY_LIMIT_BYTES + 1];

    (void)n_values;
    if (identity.len > IDENTITY_LIMIT_BYTES)
        identity.len = IDENTITY_LIMIT_BYTES;
    if (utf8_is_printable(identity)) {
        memcpy(shown, identity.data, identity.len);
        shown[identity.len] = '\0';
    } else {
        shown[0] = '\0';
        for (size_t i = 0; i < identity.len; i++)
            snprintf(shown + 2 * i, 3, "%02x", identity.data[i]);
    }
    sqlite3_result_int(context, strcasestr(shown, like) != NULL);
}

static void ends_of(struct device_query *query)
{
    const struct device_question *question = &query->question;
    size_t len = ip_address_bits(&question->address) / 8;
    uint16_t least = question->port < 0 ? 0 : (uint16_t)question->port;
    uint16_t most = question->port < 0 ? UINT16_MAX : (uint16_t)question->port;

    if (len == 0)
        return;
    query->end_len = len + 2;
    memcpy(query->least, question->address.bytes, len);
    memcpy(query->most, question->address.bytes, len);
    query->least[len] = (uint8_t)(least >> 8);
    query->least[len + 1] = (uint8_t)least;
    query->most[len] = (uint8_t)(most >> 8);
    query->most[len + 1] = (uint8_t)most;
}

/* What holds for each span: parameters 1 to 5. */
static void put_span_test(const struct device_query *query, struct buffer *sql)
{
    const struct device_question *question = &query->question;

    buffer_put_text(sql, "1");
    if (question->from_ns != INT64_MIN)
        buffer_put_text(sql, " AND s.from_ns + s.lasted_ns >= ?1");
    if (question->to_ns != INT64_MAX)
        buffer_put_text(sql, " AND s.from_ns <= ?2");
    if (query->end_len)
        buffer_put_text(sql, " AND s.client BETWEEN ?3 AND ?4 AND length(s.client) = ?5");
}

static void bind_span_test(const struct device_query *query, sqlite3_stmt *statement)
{
    const struct device_question *question = &query->question;

    if (question->from_ns != INT64_MIN)
        sqlite3_bind_int64(statement, 1, question->from_ns);
    if (question->to_ns != INT64_MAX)
        sqlite3_bind_int64(statement, 2, question->to_ns);
    if (query->end_len == 0)
        return;
    sqlite3_bind_blob(statement, 3, query->least, (int)query->end_len, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, query->most, (int)query->end_len, SQLITE_STATIC);
    sqlite3_bind_int(statement, 5, (int)query->end_len);
}

static void put_name_test(const struct device_query *query, struct buffer *sql)
{
    const struct device_question *question = &query->question;

    if (question->like)
        buffer_put_text(sql, " AND is_like(i.bytes)");
    if (question->kind != IDENTITY_NONE) {
        buffer_printf(sql, " AND i.scheme = %d", (int)question->kind);
        return;
    }
    if (question->like) /* whoever asks for a name gets it, whatever it is the name of */
        return;
    for (int scheme = 1; identity_scheme_name((enum identity_scheme)scheme); scheme++) {
        if (identity_scheme_class((enum identity_scheme)scheme) != IDENTITY_OF_DEVICE)
            buffer_printf(sql, " AND i.scheme <> %d", scheme);
    }
}

static const char *const keys[] = {
    [DEVICE_BY_LAST_SEEN] = "-max(s.from_ns + s.lasted_ns)",
    [DEVICE_BY_FIRST_SEEN] = "min(s.from_ns)",
    [DEVICE_BY_PACKETS] = "-sum(s.packets)",
    [DEVICE_BY_NAME] = "min(i.bytes)",
};

static sqlite3_stmt *prepare(struct device_query *query, struct buffer *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;

    if (!buffer_put_u8(sql, 0))
        error_set(error, ERROR_SYSTEM, "device table: no memory for a question");
    else
        statement = device_table_prepare(query->table, (const char *)sql->data, error);
    buffer_clear(sql);
    return statement;
}

static bool gather(struct device_query *query, struct error *error)
{
    const struct device_question *question = &query->question;
    struct buffer sql;
    sqlite3_stmt *statement;
    bool is_done;

    if (sqlite3_exec(
            query->table->handle,
            "DROP TABLE IF EXISTS temp.answer; CREATE TEMP TABLE answer(device INTEGER PRIMARY KEY, key)",
            NULL, NULL, NULL) != SQLITE_OK)
        return device_table_fault(query->table, "cannot be asked", error);
    if (question->like &&
        sqlite3_create_function(query->table->handle, "is_like", 1,
                                SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                (void *)(uintptr_t)question->like, is_like, NULL, NULL) != SQLITE_OK)
        return device_table_fault(query->table, "cannot be asked", error);
    buffer_init(&sql, 1 << 16);
    buffer_printf(&sql, "INSERT INTO temp.answer SELECT coalesce(i.device, i.id), %s FROM ",
                  keys[question->order]);
    /* The order of the loops is ours to choose: few spans are at an address, few names are like a text. */
    buffer_put_text(&sql, query->end_len
                              ? "{all}span s CROSS JOIN {all}identity i ON i.id = s.identity WHERE "
                              : "{all}identity i CROSS JOIN {all}span s ON s.identity = i.id WHERE ");
    put_span_test(query, &sql);
    put_name_test(query, &sql);
    buffer_put_text(&sql, " GROUP BY 1");
    if (question->seen_since_ns != INT64_MIN)
        buffer_put_text(&sql, " HAVING max(s.from_ns + s.lasted_ns) >= ?6");
    statement = prepare(query, &sql, error);
    if (statement == NULL)
        return false;
    bind_span_test(query, statement);
    if (question->seen_since_ns != INT64_MIN)
        sqlite3_bind_int64(statement, 6, question->seen_since_ns);
    is_done =
        sqlite3_step(statement) == SQLITE_DONE || device_table_fault(query->table, "cannot be asked", error);
    query->n = (uint64_t)sqlite3_changes64(query->table->handle);
    sqlite3_finalize(statement);
    return is_done;
}

static bool prepare_answers(struct device_query *query, struct error *error)
{
    struct buffer sql;

    buffer_init(&sql, 1 << 16);
    buffer_put_text(&sql, "SELECT device FROM temp.answer ORDER BY key, device");
    query->devices = prepare(query, &sql, error);
    if (query->devices == NULL)
        return false;
    buffer_init(&sql, 1 << 16);
    buffer_put_text(
        &sql, DEVICE_SPAN_COLUMNS
        " FROM {all}identity i CROSS JOIN {all}span s ON s.identity = i.id JOIN {all}server v ON v.id = "
        "s.server WHERE i.id IN (SELECT id FROM {all}identity WHERE id = ?6 UNION SELECT id FROM "
        "{all}identity WHERE device = ?6) AND ");
    put_span_test(query, &sql);
    buffer_put_text(&sql, " ORDER BY s.from_ns");
    query->spans = prepare(query, &sql, error);
    return query->spans != NULL;
}

struct device_query *device_query_new(struct device_table *table, const struct device_question *question,
                                      struct error *error)
{
    struct device_query *query = calloc(1, sizeof *query);

    if (query == NULL) {
        error_system(error, "device table");
        return NULL;
    }
    query->table = table;
    query->question = *question;
    ends_of(query);
    if (gather(query, error) && prepare_answers(query, error))
        return query;
    device_query_free(query);
    return NULL;
}

void device_query_free(struct device_query *query)
{
    if (query == NULL)
        return;
    sqlite3_finalize(query->devices);
    sqlite3_finalize(query->spans);
    free(query);
}

uint64_t device_query_count(const struct device_query *query)
{
    return query->n;
}

enum device_query_result device_query_next(struct device_query *query, binding_function *function,
                                           void *context, struct error *error)
{
    int code = sqlite3_step(query->devices);

    if (code == SQLITE_DONE)
        return DEVICE_QUERY_END;
    if (code != SQLITE_ROW) {
        device_table_fault(query->table, "cannot be read", error);
        return DEVICE_QUERY_FAULT;
    }
    bind_span_test(query, query->spans);
    sqlite3_bind_int64(query->spans, 6, sqlite3_column_int64(query->devices, 0));
    return device_table_tell_spans(query->table, query->spans, function, context, error) ? DEVICE_QUERY_DEVICE
                                                                                         : DEVICE_QUERY_FAULT;
}

bool device_query_before(struct device_table *table, const struct device_question *question,
                         binding_function *function, void *context, bool *is_there, struct error *error)
{
    struct device_query query = { .table = table, .question = *question };
    sqlite3_stmt *statement;
    struct buffer sql;
    bool is_done;

    query.question.from_ns = INT64_MIN;
    ends_of(&query);
    buffer_init(&sql, 1 << 16);
    buffer_put_text(
        &sql, DEVICE_SPAN_COLUMNS
        " FROM {all}span s JOIN {all}identity i ON i.id = s.identity JOIN {all}server v ON v.id = s.server "
        "WHERE ");
    put_span_test(&query, &sql);
    put_name_test(&query, &sql);
    buffer_put_text(&sql, " ORDER BY s.from_ns + s.lasted_ns DESC LIMIT 1");
    statement = prepare(&query, &sql, error);
    if (statement == NULL)
        return false;
    bind_span_test(&query, statement);
    *is_there = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_reset(statement);
    is_done = device_table_tell_spans(table, statement, function, context, error);
    sqlite3_finalize(statement);
    return is_done;
}
