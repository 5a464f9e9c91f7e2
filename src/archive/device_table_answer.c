/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where was the device that the user names? One lookup by its bytes, its other names, and their spans.
 */
#include <stdio.h>
#include <stdlib.h>

#include "archive/device_table_parts.h"

enum { CANDIDATES = 4 };

/* ---- what the user's words may spell ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Any writing of bytes in hex: what it means is left to identity_is_named. Empty: it is none. */
static struct bytes parse_hex(const char *text, uint8_t bytes[static IDENTITY_LIMIT_BYTES])
{
    size_t n = 0;

    while (*text && n < IDENTITY_LIMIT_BYTES) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

        if (high < 0)
            return bytes_of(bytes, 0);
        bytes[n++] = (uint8_t)(low < 0 ? high : high << 4 | low);
        text += low < 0 ? 1 : 2;
        if (*text == ':' || *text == '-' || *text == '.')
            text++;
    }
    return bytes_of(bytes, *text ? 0 : n);
}

/* Identities already told about: those of one device, and of one spelling. */
struct told {
    int64_t *ids;
    uint32_t n, cap;
};

static bool is_told(struct told *told, int64_t id)
{
    for (uint32_t i = 0; i < told->n; i++) {
        if (told->ids[i] == id)
            return true;
    }
    return false;
}

static bool tell(struct told *told, int64_t id, struct error *error)
{
    if (told->n == told->cap) {
        uint32_t cap = told->cap ? told->cap * 2 : 16;
        int64_t *ids = realloc(told->ids, cap * sizeof *ids);

        if (ids == NULL)
            return error_set(error, ERROR_SYSTEM, "device table: no memory for names");
        told->ids = ids;
        told->cap = cap;
    }
    told->ids[told->n++] = id;
    return true;
}

typedef void name_function(void *context, enum identity_scheme scheme, struct bytes identity);

static struct bytes column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    return bytes_of(data, (size_t)sqlite3_column_bytes(statement, column));
}

/* All names of a device. */
static bool names_of(struct device_table *table, int64_t device, struct told *told, name_function *function,
                     void *context, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_NAMES, error);
    bool is_well = statement != NULL;
    int code = SQLITE_DONE;

    if (statement)
        sqlite3_bind_int64(statement, 1, device);
    while (is_well && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);

        if (is_told(told, id))
            continue;
        is_well = tell(told, id, error);
        if (function)
            function(context, (enum identity_scheme)sqlite3_column_int(statement, 1),
                     column_bytes(statement, 2));
    }
    sqlite3_reset(statement);
    return is_well && (code == SQLITE_DONE || device_table_fault(table, "cannot be read", error));
}

/* The devices that a spelling of the words names. */
static bool named(struct device_table *table, struct bytes spelt, const char *words, struct told *devices,
                  struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_NAMED, error);
    bool is_well = statement != NULL;
    int code = SQLITE_DONE;

    if (statement) {
        sqlite3_bind_blob(statement, 1, spelt.data, (int)spelt.len, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, device_name_hash(table->seed, spelt));
    }
    while (is_well && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t device =
            sqlite3_column_int64(statement, sqlite3_column_type(statement, 3) == SQLITE_NULL ? 0 : 3);

        if (identity_is_named((enum identity_scheme)sqlite3_column_int(statement, 1),
                              column_bytes(statement, 2), words) &&
            !is_told(devices, device))
            is_well = tell(devices, device, error);
    }
    sqlite3_reset(statement);
    return is_well && (code == SQLITE_DONE || device_table_fault(table, "cannot be read", error));
}

static bool gather_names(struct device_table *table, const char *words, struct told *told,
                         name_function *function, void *context, struct error *error)
{
    const char *bare = strchr(words, '=') ? strchr(words, '=') + 1 : words;
    uint8_t hex[IDENTITY_LIMIT_BYTES], bare_hex[IDENTITY_LIMIT_BYTES];
    struct bytes spellings[CANDIDATES] = { bytes_text(words), bytes_text(bare), parse_hex(words, hex),
                                           parse_hex(bare, bare_hex) };
    struct told devices = { 0 };
    bool is_done = true;

    for (uint32_t i = 0; is_done && i < CANDIDATES; i++) {
        if (spellings[i].len > 0)
            is_done = named(table, spellings[i], words, &devices, error);
    }
    for (uint32_t i = 0; is_done && i < devices.n; i++)
        is_done = names_of(table, devices.ids[i], told, function, context, error);
    free(devices.ids);
    return is_done;
}

bool device_table_names(struct device_table *table, const char *device, name_function *function,
                        void *context, struct error *error)
{
    struct told told = { 0 };
    bool is_done = gather_names(table, device, &told, function, context, error);

    free(told.ids);
    return is_done;
}

/* ---- spans ---- */

static bool span_read(sqlite3_stmt *statement, struct binding *binding)
{
    *binding = (struct binding) {
        .scheme = (enum identity_scheme)sqlite3_column_int(statement, 0),
        .identity = column_bytes(statement, 1),
        .from_ns = sqlite3_column_int64(statement, 4),
        .n_packets = (uint64_t)sqlite3_column_int64(statement, 6),
        .n_bytes = (uint64_t)sqlite3_column_int64(statement, 7),
        .session = (uint64_t)sqlite3_column_int64(statement, 8),
        .reason = (enum binding_reason)sqlite3_column_int(statement, 9),
        .confidence = (enum binding_confidence)sqlite3_column_int(statement, 10),
    };
    return !__builtin_add_overflow(binding->from_ns, sqlite3_column_int64(statement, 5), &binding->to_ns) &&
           binding->to_ns >= binding->from_ns &&
           device_flow_decode(column_bytes(statement, 2), column_bytes(statement, 3), binding);
}

bool device_table_tell_spans(struct device_table *table, sqlite3_stmt *statement, binding_function *function,
                             void *context, struct error *error)
{
    bool goes_on = true, makes_sense = true;
    struct binding binding;
    int code = SQLITE_DONE;

    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        makes_sense = span_read(statement, &binding);
        goes_on = makes_sense && function(context, &binding);
    }
    sqlite3_reset(statement);
    if (!makes_sense)
        return error_set(error, ERROR_DAMAGED, "%s: has a span that makes no sense", table->path);
    return code == SQLITE_ROW || code == SQLITE_DONE || device_table_fault(table, "cannot be read", error);
}

static bool spans_of(struct device_table *table, const struct told *told, binding_function *function,
                     void *context, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, SQL_SPANS, error);
    struct buffer list;
    bool is_done;

    if (statement == NULL)
        return false;
    buffer_init(&list, SIZE_MAX / 2);
    for (uint32_t i = 0; i < told->n; i++)
        buffer_printf(&list, "%c%lld", i ? ',' : '[', (long long)told->ids[i]);
    buffer_put_u8(&list, ']');
    sqlite3_bind_text64(statement, 1, (const char *)list.data, list.len, SQLITE_STATIC, SQLITE_UTF8);
    is_done = device_table_tell_spans(table, statement, function, context, error);
    sqlite3_clear_bindings(statement);
    buffer_clear(&list);
    return is_done;
}

bool device_table_bindings(struct device_table *table, const char *device, binding_function *function,
                           void *context, struct error *error)
{
    struct told told = { 0 };
    bool is_done = gather_names(table, device, &told, NULL, NULL, error) &&
                   (told.n == 0 || spans_of(table, &told, function, context, error));

    free(told.ids);
    return is_done;
}

/* Spans lie by device in the file: who asks by address has them put in that order once. */
static bool index_clients(struct device_table *table, struct error *error)
{
    table->has_clients =
        table->has_clients ||
        device_table_run_text(table,
                              "CREATE TEMP TABLE client_span AS SELECT * FROM main.span;"
                              "CREATE INDEX temp.client_span_of_client ON client_span(client)",
                              error);
    return table->has_clients;
}

static bool tell_at(struct device_table *table, enum device_sql which, struct bytes client, uint32_t limit,
                    binding_function *function, void *context, struct error *error)
{
    sqlite3_stmt *statement = device_table_statement(table, which, error);
    bool is_done;

    if (statement == NULL)
        return false;
    sqlite3_bind_blob(statement, 1, client.data, (int)client.len, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, limit);
    is_done = device_table_tell_spans(table, statement, function, context, error);
    sqlite3_clear_bindings(statement);
    return is_done;
}

bool device_table_at(struct device_table *table, const struct ip_address *address, uint16_t port,
                     uint32_t limit, binding_function *function, void *context, struct error *error)
{
    struct binding end = { .is_client_low = true };
    uint8_t bytes[DEVICE_CLIENT_BYTES];
    struct bytes client;

    end.flow.low = *address;
    end.flow.port_low = port;
    client = device_client_encode(&end, bytes);
    return index_clients(table, error) &&
           tell_at(table, SQL_SPANS_AT, client, limit, function, context, error) &&
           (!table->has_overlay ||
            tell_at(table, SQL_SPANS_AT_OVERLAY, client, limit, function, context, error));
}
