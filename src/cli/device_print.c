/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/device_print.h"

#include <stdio.h>

#include "archive/device_query.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "protocol/value_format.h"

enum {
    NAME_COLUMNS = 40, /* a longer name pushes its own row only */
    KIND_COLUMNS = 15,
    SURE_COLUMNS = 8,
};

const char *endpoint_format(const struct ip_address *address, uint16_t port, char text[static ENDPOINT_BYTES])
{
    char digits[IP_ADDRESS_TEXT_BYTES];

    snprintf(text, ENDPOINT_BYTES, address->family == 6 ? "[%s]:%u" : "%s:%u",
             ip_address_format(address, digits), port);
    return text;
}

static const char *kind_name(enum identity_scheme scheme)
{
    const char *name = identity_scheme_name(scheme);

    return name ? name : "unknown"; /* of a newer tapdeck */
}

/* ---- as text ---- */

/* Milliseconds are enough for people. */
static const char *moment_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    timestamp_format(ts_ns, is_local, text);
    memmove(text + 23, text + 29, strlen(text + 29) + 1);
    return text;
}

static void put_cell(struct buffer *out, size_t start, size_t columns)
{
    size_t taken = utf8_columns(bytes_of(out->data + start, out->len - start));

    for (; taken < columns; taken++)
        buffer_put_u8(out, ' ');
}

static void put_row_end(struct buffer *out, bool is_local, uint64_t n_packets, uint64_t n_bytes,
                        int64_t from_ns, int64_t to_ns)
{
    char packets[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES], from[TIMESTAMP_TEXT_BYTES],
        to[TIMESTAMP_TEXT_BYTES];

    buffer_printf(out, "  %12s  %8s  %s  %s", count_format(n_packets, packets), size_format(n_bytes, size),
                  moment_format(from_ns, is_local, from), moment_format(to_ns, is_local, to));
}

void device_print_head(struct buffer *out, bool is_local)
{
    buffer_printf(out, "%-*s  %-*s  %-*s  %12s  %8s  %-*s  %-*s  %s\n", NAME_COLUMNS,
                  "IDENTITY, addresses below", KIND_COLUMNS, "KIND", SURE_COLUMNS, "SURE", "PACKETS", "BYTES",
                  is_local ? 29 : 24, "FIRST SEEN", is_local ? 29 : 24, "LAST SEEN", "SESSIONS");
}

static void put_name(struct buffer *out, const char *before, const struct device_name *name)
{
    size_t start = out->len;

    buffer_put_text(out, before);
    device_name_put(out, name->identity);
    put_cell(out, start, NAME_COLUMNS);
    buffer_printf(out, "  %-*s", KIND_COLUMNS, kind_name(name->scheme));
}

/* "3, 2 handshakes, 1 failed" */
static void put_sessions(struct buffer *out, const struct device_account *account)
{
    buffer_printf(out, "  %llu", (unsigned long long)account->n_sessions);
    if (account->n_handshakes)
        buffer_printf(out, ", %llu handshake%s", (unsigned long long)account->n_handshakes,
                      account->n_handshakes == 1 ? "" : "s");
    if (account->n_failed)
        buffer_printf(out, ", %llu failed", (unsigned long long)account->n_failed);
    if (account->n_left_out)
        buffer_printf(out, "; %llu spans more, not shown", (unsigned long long)account->n_left_out);
}

void device_print_text(struct buffer *out, const struct device_account *account, bool is_local)
{
    for (uint32_t i = 0; i < account->n_names; i++) {
        put_name(out, i ? "= " : "", &account->names[i]);
        if (i == 0) {
            buffer_printf(out, "  %-*s", SURE_COLUMNS, "");
            put_row_end(out, is_local, account->n_packets, account->n_bytes, account->first_ns,
                        account->last_ns);
            put_sessions(out, account);
        }
        buffer_put_u8(out, '\n');
    }
    for (uint32_t i = 0; i < account->n_stays; i++) {
        const struct device_stay *stay = &account->stays[i];
        char endpoint[ENDPOINT_BYTES];

        buffer_printf(out, "  %-*s  %-*s  %-*s", NAME_COLUMNS - 2,
                      endpoint_format(&stay->address, stay->port, endpoint), KIND_COLUMNS,
                      binding_reason_name(stay->reason), SURE_COLUMNS,
                      stay->confidence ? binding_confidence_name(stay->confidence) : "-");
        put_row_end(out, is_local, stay->n_packets, stay->n_bytes, stay->from_ns, stay->to_ns);
        buffer_put_u8(out, '\n');
    }
}

/* ---- as JSON ---- */

static void json_count(struct json_writer *json, const char *name, uint64_t number)
{
    json_writer_name(json, name);
    json_writer_number(json, number);
}

static void json_time(struct json_writer *json, const char *name, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    json_writer_string(json, timestamp_format(ts_ns, is_local, text));
}

static void json_name(struct json_writer *json, const struct device_name *name)
{
    struct buffer hex;

    buffer_init(&hex, 2 * IDENTITY_LIMIT_BYTES);
    hex_format(&hex, name->identity);
    json_writer_name(json, "scheme");
    json_writer_string(json, kind_name(name->scheme));
    json_writer_name(json, "identity"); /* null where it is no text */
    if (utf8_is_printable(name->identity))
        json_writer_text(json, name->identity);
    else
        json_writer_null(json);
    json_writer_name(json, "identity_hex");
    json_writer_text(json, buffer_bytes(&hex));
    buffer_clear(&hex);
}

static void json_stay(struct json_writer *json, const struct device_stay *stay, bool is_local)
{
    char address[IP_ADDRESS_TEXT_BYTES];

    json_writer_object(json);
    json_writer_name(json, "address");
    json_writer_string(json, ip_address_format(&stay->address, address));
    json_count(json, "port", stay->port);
    json_time(json, "from", stay->from_ns, is_local);
    json_time(json, "to", stay->to_ns, is_local);
    json_writer_name(json, "reason");
    json_writer_string(json, binding_reason_name(stay->reason));
    json_writer_name(json, "confidence");
    json_writer_string(json, stay->confidence ? binding_confidence_name(stay->confidence) : NULL);
    json_count(json, "packets", stay->n_packets);
    json_count(json, "bytes", stay->n_bytes);
    json_writer_end(json);
}

void device_print_json(struct json_writer *json, const struct device_account *account, bool is_local)
{
    json_writer_object(json);
    if (account->n_names)
        json_name(json, &account->names[0]);
    json_writer_name(json, "other_names");
    json_writer_array(json);
    for (uint32_t i = 1; i < account->n_names; i++) {
        json_writer_object(json);
        json_name(json, &account->names[i]);
        json_writer_end(json);
    }
    json_writer_end(json);
    json_time(json, "first_seen", account->first_ns, is_local);
    json_time(json, "last_seen", account->last_ns, is_local);
    json_count(json, "packets", account->n_packets);
    json_count(json, "bytes", account->n_bytes);
    json_count(json, "sessions", account->n_sessions);
    json_count(json, "handshakes", account->n_handshakes);
    json_count(json, "failed_handshakes", account->n_failed);
    if (account->n_left_out)
        json_count(json, "spans_left_out", account->n_left_out);
    json_writer_name(json, "addresses");
    json_writer_array(json);
    for (uint32_t i = 0; i < account->n_stays; i++)
        json_stay(json, &account->stays[i], is_local);
    json_writer_end(json);
    json_writer_end(json);
}
