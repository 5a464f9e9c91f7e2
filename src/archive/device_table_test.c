/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive_fixture.h"
#include "archive/device_query.h"
#include "archive/device_table.h"
#include "archive/segment_file.h"
#include "archive/segment_index_encode.h"
#include "archive/session_keys.h"
#include "base/timestamp.h"

enum { SEGMENT_SECONDS = 100, SPANS_LIMIT = 64 };

/* ---- made-up archives: segment n is of seconds n * 100 to n * 100 + 99 ---- */

struct made { /* a binding, in words */
    enum identity_scheme scheme;
    const char *identity, *client;
    uint16_t port;
    int from_s, to_s;
    uint64_t session;
    enum binding_reason reason;
    bool is_continued;
    const char *cid, *token;
};

static struct bytes text_or_none(const char *text)
{
    return text ? bytes_text(text) : (struct bytes) { 0 };
}

static struct binding binding_of(const struct made *made)
{
    struct ip_address client, server;
    struct binding binding = {
        .scheme = made->scheme,
        .reason = made->reason,
        .confidence = binding_reason_confidence(made->reason),
        .is_continued = made->is_continued,
        .from_ns = made->from_s * NS_PER_SECOND,
        .to_ns = made->to_s * NS_PER_SECOND,
        .n_packets = 10,
        .n_bytes = 1000,
        .session = made->session,
        .identity = bytes_text(made->identity),
        .cid_to_server = text_or_none(made->cid),
        .session_id = text_or_none(made->token),
    };

    assert_true(ip_address_parse(made->client, &client) && ip_address_parse("10.0.0.5", &server));
    binding.is_client_low = flow_key_make(&binding.flow, &client, made->port, &server, 5684, 17);
    return binding;
}

static void segment_make(const char *directory, int number, const struct made *made)
{
    struct segment_index_builder *builder = segment_index_builder_new(1000);
    struct segment_block block = segment_block_begin(0, 0);
    struct segment_description segment = {
        .codec = CODEC_ZSTD, .segment_bytes = 7, .blocks = &block, .n_blocks = 1
    };
    struct segment_name name = { .ts_ns = number * SEGMENT_SECONDS * NS_PER_SECOND,
                                 .node = "gw1",
                                 .serial = (uint32_t)number };
    char text[SEGMENT_NAME_BYTES], path[4096], index_path[SEGMENT_PATH_BYTES];
    struct buffer file;
    struct error error;
    FILE *out;

    block.stored_bytes = 7;
    block.raw_bytes = 1000;
    segment_block_count(&block, number * SEGMENT_SECONDS * NS_PER_SECOND);
    segment_block_count(&block, (number * SEGMENT_SECONDS + SEGMENT_SECONDS - 1) * NS_PER_SECOND);
    for (; made->identity; made++) {
        struct binding binding = binding_of(made);

        segment_index_builder_binding(builder, &binding);
    }
    name.codec = CODEC_ZSTD;
    segment_name_format(&name, text);
    snprintf(path, sizeof path, "%s/%s", directory, text);
    assert_true(segment_path_sibling(path, ".tdx", index_path));
    buffer_init(&file, 1 << 20);
    assert_true(segment_index_encode(&segment, builder, &file, &error));
    assert_true(segment_index_store(index_path, buffer_bytes(&file), &error));
    out = fopen(path, "w");
    assert_non_null(out);
    fputs("segment", out);
    fclose(out);
    buffer_clear(&file);
    segment_index_builder_free(builder);
}

static void segment_delete(const char *directory, int number)
{
    struct segment_name name = { .ts_ns = number * SEGMENT_SECONDS * NS_PER_SECOND,
                                 .node = "gw1",
                                 .serial = (uint32_t)number,
                                 .codec = CODEC_ZSTD };
    char text[SEGMENT_NAME_BYTES], path[4096], index_path[SEGMENT_PATH_BYTES];

    segment_name_format(&name, text);
    snprintf(path, sizeof path, "%s/%s", directory, text);
    assert_true(segment_path_sibling(path, ".tdx", index_path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(index_path), 0);
}

/* "added/gone" */
static const char *follow(const char *directory, struct device_table *table, char text[static 32])
{
    struct device_table_changes changes;
    struct catalog catalog;
    struct error error = { 0 };

    assert_true(catalog_load(&catalog, directory, &error));
    if (!device_table_follow(table, &catalog, NULL, &changes, &error))
        fail_msg("%s", error.text);
    catalog_clear(&catalog);
    snprintf(text, 32, "%u/%u", changes.n_added, changes.n_gone);
    return text;
}

static struct device_table *open_writer(const char *directory)
{
    struct error error = { 0 };
    struct device_table *table = device_table_open(directory, DEVICE_TABLE_WRITE, &error);

    if (table == NULL)
        fail_msg("%s", error.text);
    return table;
}

/* ---- answers in words ---- */

static bool describe_one(void *context, const struct binding *binding)
{
    struct buffer *text = context;
    const struct ip_address *client = binding->is_client_low ? &binding->flow.low : &binding->flow.high;
    char address[IP_ADDRESS_TEXT_BYTES];

    buffer_printf(text, "%.*s@%s:%u %d-%d %dp; ", (int)binding->identity.len,
                  (const char *)binding->identity.data, ip_address_format(client, address),
                  binding->is_client_low ? binding->flow.port_low : binding->flow.port_high,
                  (int)(binding->from_ns / NS_PER_SECOND), (int)(binding->to_ns / NS_PER_SECOND),
                  (int)binding->n_packets);
    return true;
}

static void expect_spans(struct device_table *table, const char *device, const char *expected)
{
    struct error error = { 0 };
    struct buffer text;

    buffer_init(&text, 1 << 16);
    if (!device_table_bindings(table, device, describe_one, &text, &error))
        fail_msg("%s", error.text);
    buffer_put_u8(&text, 0);
    assert_string_equal((const char *)text.data, expected);
    buffer_clear(&text);
}

/* The devices, each in brackets. */
static void expect_devices(struct device_table *table, const struct device_question *question,
                           const char *expected)
{
    struct error error = { 0 };
    struct device_query *query = device_query_new(table, question, &error);
    struct buffer text;
    uint64_t n = 0;

    if (query == NULL)
        fail_msg("%s", error.text);
    buffer_init(&text, 1 << 16);
    for (;;) {
        size_t before = text.len;

        buffer_put_text(&text, "[");
        if (device_query_next(query, describe_one, &text, &error) != DEVICE_QUERY_DEVICE) {
            text.len = before;
            break;
        }
        buffer_put_text(&text, "]");
        n++;
    }
    buffer_put_u8(&text, 0);
    assert_string_equal((const char *)text.data, expected);
    assert_int_equal(device_query_count(query), n);
    buffer_clear(&text);
    device_query_free(query);
}

static struct device_question any(void)
{
    return (struct device_question) { .from_ns = INT64_MIN,
                                      .to_ns = INT64_MAX,
                                      .seen_since_ns = INT64_MIN,
                                      .port = -1,
                                      .order = DEVICE_BY_NAME };
}

/* ---- tests ---- */

#define PSK IDENTITY_DTLS_PSK
#define EP IDENTITY_LWM2M_ENDPOINT
#define SNI IDENTITY_TLS_SNI

static void a_span_that_goes_on_in_the_next_segment_is_one_row_that_grows(void **state)
{
    static const struct made first[] = {
        { PSK, "a", "192.0.2.1", 7, 10, 99, 1, BINDING_HANDSHAKE },
        { PSK, "b", "192.0.2.2", 7, 10, 99, 2, BINDING_HANDSHAKE },
        { 0 },
    };
    static const struct made second[] = {
        { PSK, "a", "192.0.2.1", 7, 100, 120, 1, BINDING_HANDSHAKE, .is_continued = true },
        { PSK, "a", "192.0.2.1", 7, 150, 199, 1, BINDING_HANDSHAKE }, /* somebody else was on the flow */
        { PSK, "b", "192.0.2.3", 7, 100, 199, 2, BINDING_CID },
        { 0 },
    };
    static const struct made third[] = {
        { PSK, "a", "192.0.2.1", 7, 200, 299, 1, BINDING_HANDSHAKE, .is_continued = true }, { 0 }
    };
    char directory[64], text[32];
    struct device_table *table;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, first);
    segment_make(directory, 1, second);
    table = open_writer(directory);
    assert_string_equal(follow(directory, table, text), "2/0");
    expect_spans(table, "a", "a@192.0.2.1:7 10-120 20p; a@192.0.2.1:7 150-199 10p; ");
    expect_spans(table, "b", "b@192.0.2.2:7 10-99 10p; b@192.0.2.3:7 100-199 10p; ");
    segment_make(directory, 2, third);
    assert_string_equal(follow(directory, table, text), "1/0");
    assert_string_equal(follow(directory, table, text), "0/0");
    expect_spans(table, "a", "a@192.0.2.1:7 10-120 20p; a@192.0.2.1:7 150-299 20p; ");
    expect_spans(table, "c", "");
    device_table_close(table);
    fixture_remove(directory);
}

static void a_device_is_found_by_text_by_hex_and_by_scheme(void **state)
{
    static const struct made made[] = {
        { PSK, "D:79", "192.0.2.1", 7, 10, 99, 1, BINDING_HANDSHAKE },
        { EP, "D:79", "2001:db8::7", 9, 10, 99, 2, BINDING_REGISTRATION },
        { 0 },
    };
    const char *both = "D:79@192.0.2.1:7 10-99 10p; D:79@2001:db8::7:9 10-99 10p; ";
    char directory[64], text[32];
    struct device_table *table;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    table = open_writer(directory);
    follow(directory, table, text);
    expect_spans(table, "D:79", both);
    expect_spans(table, "44:3a:37:39", both);
    expect_spans(table, "dtls.psk=D:79", "D:79@192.0.2.1:7 10-99 10p; ");
    expect_spans(table, "lwm2m.ep=44:3a:37:39", "D:79@2001:db8::7:9 10-99 10p; ");
    expect_spans(table, "d:79", "");
    device_table_close(table);
    fixture_remove(directory);
}

static void names_that_one_session_bore_are_one_device_but_services_join_nobody(void **state)
{
    static const struct made made[] = {
        { PSK, "key-a", "192.0.2.1", 7, 10, 99, 1, BINDING_HANDSHAKE },
        { EP, "ep-a", "192.0.2.1", 7, 20, 99, 1, BINDING_REGISTRATION },
        { SNI, "cloud", "192.0.2.1", 7, 10, 99, 1, BINDING_HANDSHAKE },
        { PSK, "key-b", "192.0.2.2", 7, 10, 99, 2, BINDING_HANDSHAKE },
        { SNI, "cloud", "192.0.2.2", 7, 10, 99, 2, BINDING_HANDSHAKE },
        { 0 },
    };
    /* The same session number in another segment is another session. */
    static const struct made later[] = { { EP, "ep-c", "192.0.2.9", 7, 150, 160, 2, BINDING_REGISTRATION },
                                         { 0 } };
    const char *a = "key-a@192.0.2.1:7 10-99 10p; ep-a@192.0.2.1:7 20-99 10p; ";
    char directory[64], text[32];
    struct device_table *table;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    segment_make(directory, 1, later);
    table = open_writer(directory);
    follow(directory, table, text);
    expect_spans(table, "key-a", a);
    expect_spans(table, "ep-a", a);
    expect_spans(table, "key-b", "key-b@192.0.2.2:7 10-99 10p; ");
    expect_spans(table, "ep-c", "ep-c@192.0.2.9:7 150-160 10p; ");
    expect_spans(table, "cloud", "cloud@192.0.2.1:7 10-99 10p; cloud@192.0.2.2:7 10-99 10p; ");
    device_table_close(table);
    fixture_remove(directory);
}

static void a_name_that_too_many_share_joins_no_more_of_them(void **state)
{
    struct made made[2 * DEVICE_NAMES_LIMIT + 3] = { 0 };
    char names[DEVICE_NAMES_LIMIT + 1][16], directory[64], text[32];
    struct device_table *table;
    struct error error = { 0 };
    struct device_query *query;
    struct device_question question = any();

    (void)state;
    fixture_directory(directory);
    for (uint64_t i = 0; i <= DEVICE_NAMES_LIMIT; i++) {
        snprintf(names[i], sizeof names[i], "ep-%02d", (int)i);
        made[2 * i] = (struct made) { PSK,   "Client_identity", "192.0.2.1", (uint16_t)(i + 1), 1, 2,
                                      i + 1, BINDING_HANDSHAKE };
        made[2 * i + 1] =
            (struct made) { EP, names[i], "192.0.2.1", (uint16_t)(i + 1), 1, 2, i + 1, BINDING_REGISTRATION };
    }
    segment_make(directory, 0, made);
    table = open_writer(directory);
    follow(directory, table, text);
    query = device_query_new(table, &question, &error);
    assert_non_null(query);
    assert_int_equal(device_query_count(query), 3); /* 64 names, and two endpoints of their own */
    device_query_free(query);
    device_table_close(table);
    fixture_remove(directory);
}

static void what_came_and_went_behind_its_back_is_noticed(void **state)
{
    static const struct made old[] = { { PSK, "gone", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE },
                                       { PSK, "stays", "192.0.2.2", 7, 10, 99, 2, BINDING_HANDSHAKE },
                                       { 0 } };
    static const struct made new[] = {
        { PSK, "stays", "192.0.2.2", 7, 100, 150, 2, BINDING_HANDSHAKE, .is_continued = true }, { 0 }
    };
    static const struct made copied[] = { { EP, "copied", "192.0.2.3", 7, 210, 220, 1, BINDING_REGISTRATION },
                                          { 0 } };
    char directory[64], text[32];
    struct device_table *table;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, old);
    segment_make(directory, 1, new);
    table = open_writer(directory);
    assert_string_equal(follow(directory, table, text), "2/0");
    device_table_close(table);
    segment_delete(directory, 0);
    segment_make(directory, 2, copied); /* as by a recorder that was killed before it told */
    table = open_writer(directory);
    assert_string_equal(follow(directory, table, text), "1/1");
    expect_spans(table, "gone", "");
    expect_spans(table, "stays", "stays@192.0.2.2:7 10-150 20p; "); /* some of it is still there */
    expect_spans(table, "copied", "copied@192.0.2.3:7 210-220 10p; ");
    segment_delete(directory, 2);
    segment_make(directory, 2, old); /* of the same name and size: it is not looked into */
    assert_string_equal(follow(directory, table, text), "0/0");
    device_table_close(table);
    fixture_remove(directory);
}

static void a_table_made_anew_answers_as_the_one_that_grew(void **state)
{
    enum { DEVICES = 20, SEGMENTS = 8 };
    char names[DEVICES][8], directory[64], text[32];
    uint64_t random = 77;
    struct device_table *grown, *fresh;
    struct catalog catalog;
    struct device_table_changes changes;
    struct error error = { 0 };
    bool was_there[DEVICES] = { 0 };

    (void)state;
    fixture_directory(directory);
    for (int d = 0; d < DEVICES; d++)
        snprintf(names[d], sizeof names[d], "d%d", d);
    grown = open_writer(directory);
    for (int s = 0; s < SEGMENTS; s++) {
        struct made made[DEVICES + 1] = { 0 };
        uint32_t n = 0;

        for (int d = 0; d < DEVICES; d++) {
            if (fixture_random(&random) % 3 == 0)
                continue;
            made[n++] = (struct made) { PSK,
                                        names[d],
                                        "192.0.2.1",
                                        (uint16_t)(d + 1),
                                        s * 100 + d,
                                        s * 100 + 50 + d,
                                        (uint64_t)d + 1,
                                        BINDING_HANDSHAKE,
                                        .is_continued = was_there[d] && fixture_random(&random) % 4 };
            was_there[d] = true;
        }
        segment_make(directory, s, made);
        follow(directory, grown, text);
    }
    fresh = device_table_open(NULL, DEVICE_TABLE_WRITE, &error);
    assert_non_null(fresh);
    assert_true(catalog_load(&catalog, directory, &error));
    assert_true(device_table_follow(fresh, &catalog, NULL, &changes, &error));
    assert_int_equal(changes.n_added, SEGMENTS);
    catalog_clear(&catalog);
    for (int d = 0; d < DEVICES; d++) {
        struct buffer wanted;

        buffer_init(&wanted, 1 << 16);
        assert_true(device_table_bindings(fresh, names[d], describe_one, &wanted, &error));
        buffer_put_u8(&wanted, 0);
        expect_spans(grown, names[d], (const char *)wanted.data);
        buffer_clear(&wanted);
    }
    assert_true(device_table_clear(grown, &error));
    expect_spans(grown, names[0], "");
    device_table_close(fresh);
    device_table_close(grown);
    fixture_remove(directory);
}

static void a_damaged_file_is_set_aside_and_made_anew(void **state)
{
    static const struct made made[] = { { PSK, "a", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE }, { 0 } };
    char directory[64], path[4096], text[32];
    struct device_table *table;
    struct error error = { 0 };
    FILE *file;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    table = open_writer(directory);
    follow(directory, table, text);
    assert_true(device_table_verify(table, &error));
    device_table_close(table);
    snprintf(path, sizeof path, "%s/devices.db", directory);
    file = fopen(path, "r+");
    assert_non_null(file);
    fwrite("no database at all", 1, 18, file);
    fclose(file);
    assert_null(device_table_open(directory, DEVICE_TABLE_READ, &error));
    assert_int_equal(error.kind, ERROR_DAMAGED);
    assert_non_null(strstr(error.text, path));
    table = open_writer(directory);
    assert_non_null(device_table_set_aside(table));
    assert_int_equal(access(device_table_set_aside(table), F_OK), 0);
    assert_string_equal(follow(directory, table, text), "1/0");
    expect_spans(table, "a", "a@192.0.2.1:7 10-20 10p; ");
    device_table_close(table);
    fixture_remove(directory);
}

static void a_reader_adds_what_the_file_lacks_for_itself_only(void **state)
{
    static const struct made made[] = { { PSK, "a", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE },
                                        { PSK, "b", "192.0.2.2", 7, 10, 20, 2, BINDING_HANDSHAKE },
                                        { 0 } };
    static const struct made live[] = { { PSK, "a", "192.0.2.9", 7, 110, 120, 5, BINDING_HANDSHAKE },
                                        { EP, "ep-a", "192.0.2.9", 7, 111, 120, 5, BINDING_REGISTRATION },
                                        { 0 } };
    char directory[64], text[32];
    struct device_table *table, *reader;
    struct device_question question = any();
    struct error error = { 0 };

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    table = open_writer(directory);
    follow(directory, table, text);
    reader = device_table_open(directory, DEVICE_TABLE_READ, &error);
    assert_non_null(reader);
    assert_true(device_table_overlay(reader, &error));
    for (int i = 0; live[i].identity; i++) {
        struct binding binding = binding_of(&live[i]);

        assert_true(device_table_overlay_add(reader, &binding, &error));
    }
    expect_spans(reader, "ep-a",
                 "a@192.0.2.1:7 10-20 10p; a@192.0.2.9:7 110-120 10p; ep-a@192.0.2.9:7 111-120 10p; ");
    expect_devices(reader, &question,
                   "[a@192.0.2.1:7 10-20 10p; a@192.0.2.9:7 110-120 10p; ep-a@192.0.2.9:7 111-120 10p; ]"
                   "[b@192.0.2.2:7 10-20 10p; ]");
    expect_spans(table, "a", "a@192.0.2.1:7 10-20 10p; ");
    expect_spans(table, "ep-a", "");
    device_table_close(reader);
    device_table_close(table);
    fixture_remove(directory);
}

static void devices_are_asked_for_by_text_kind_address_and_time(void **state)
{
    static const struct made made[] = {
        { PSK, "Alpha", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE },
        { PSK, "beta", "192.0.2.1", 7, 30, 40, 2, BINDING_HANDSHAKE }, /* the address was given away */
        { EP, "gamma", "192.0.2.1", 8, 50, 60, 3, BINDING_REGISTRATION },
        { SNI, "alphabet", "2001:db8::1", 9, 70, 80, 4, BINDING_HANDSHAKE },
        { 0 },
    };
    const char *alpha = "[Alpha@192.0.2.1:7 10-20 10p; ]", *beta = "[beta@192.0.2.1:7 30-40 10p; ]";
    const char *gamma = "[gamma@192.0.2.1:8 50-60 10p; ]", *sni = "[alphabet@2001:db8::1:9 70-80 10p; ]";
    char directory[64], text[256];
    struct device_question question;
    struct device_table *table;
    struct error error = { 0 };
    struct buffer before;
    bool is_there;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    table = open_writer(directory);
    follow(directory, table, text);
    question = any();
    snprintf(text, sizeof text, "%s%s%s", alpha, beta, gamma);
    expect_devices(table, &question, text); /* names of services are no devices */
    question.order = DEVICE_BY_LAST_SEEN;
    snprintf(text, sizeof text, "%s%s%s", gamma, beta, alpha);
    expect_devices(table, &question, text);
    question = any();
    question.like = "ALPHA"; /* of every kind, for it is a name that is asked for */
    snprintf(text, sizeof text, "%s%s", alpha, sni);
    expect_devices(table, &question, text);
    question.kind = IDENTITY_TLS_SNI;
    expect_devices(table, &question, sni);
    question = any();
    question.seen_since_ns = 45 * NS_PER_SECOND;
    expect_devices(table, &question, gamma);
    question = any();
    assert_true(ip_address_parse("192.0.2.1", &question.address));
    question.from_ns = question.to_ns = 35 * NS_PER_SECOND;
    expect_devices(table, &question, beta);
    question.port = 8;
    expect_devices(table, &question, "");
    question.port = 7;
    question.from_ns = question.to_ns = 25 * NS_PER_SECOND;
    expect_devices(table, &question, "");
    buffer_init(&before, 4096);
    assert_true(device_query_before(table, &question, describe_one, &before, &is_there, &error));
    assert_true(is_there);
    buffer_put_u8(&before, 0);
    assert_string_equal((const char *)before.data, "Alpha@192.0.2.1:7 10-20 10p; ");
    buffer_clear(&before);
    device_table_close(table);
    fixture_remove(directory);
}

/* ---- sleeping sessions ---- */

static void describe_session(void *context, const struct binding *session)
{
    buffer_printf(context, "%.*s #%d cid %d; ", (int)session->identity.len,
                  (const char *)session->identity.data, (int)session->session,
                  (int)session->cid_to_server.len);
}

static void expect_woken(const struct session_store *store, bool is_cid, const char *shown,
                         const char *server, const char *expected)
{
    struct ip_address address;
    struct buffer text;
    bool is_found;

    assert_true(ip_address_parse(server, &address));
    buffer_init(&text, 4096);
    is_found = is_cid
                   ? store->find_cid(store->context, bytes_text(shown), &address, 0, describe_session, &text)
                   : store->find_resumption(store->context, bytes_text(shown), 0, describe_session, &text);
    buffer_put_u8(&text, 0);
    assert_string_equal((const char *)text.data, expected);
    assert_int_equal(is_found, expected[0] != '\0');
    buffer_clear(&text);
}

static void sleeping_sessions_are_found_by_connection_id_and_token(void **state)
{
    static const struct made made[] = {
        { PSK, "a", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE, .cid = "longcid1", .token = "ticket-a" },
        { EP, "ep-a", "192.0.2.1", 7, 12, 20, 1, BINDING_REGISTRATION, .cid = "longcid1" },
        { PSK, "b", "192.0.2.2", 7, 10, 20, 2, BINDING_HANDSHAKE, .cid = "xyz" },
        { PSK, "old", "192.0.2.3", 7, 10, 20, 3, BINDING_HANDSHAKE, .cid = "givenagain" },
        { PSK, "new", "192.0.2.4", 7, 30, 40, 4, BINDING_HANDSHAKE, .cid = "givenagain" },
        { PSK, "never", "192.0.2.5", 7, 30, 40, 0, BINDING_ATTEMPT, .token = "attempt" },
        { 0 },
    };
    char directory[64], text[32];

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    for (int has_filter = 0; has_filter < 2; has_filter++) {
        struct session_keys *keys = session_keys_new(directory, has_filter);
        struct session_store store = session_keys_store(keys);
        struct device_table *table = open_writer(directory);
        struct error error = { 0 };

        assert_non_null(keys);
        if (has_filter)
            assert_true(device_table_feed_keys(table, keys, &error));
        follow(directory, table, text);
        expect_woken(&store, true, "longcid1 and more", "10.0.0.5", "a #1 cid 8; ep-a #1 cid 8; ");
        expect_woken(&store, true, "longcid1", "10.9.9.9",
                     "a #1 cid 8; ep-a #1 cid 8; "); /* of its cluster */
        expect_woken(&store, true, "xyz...", "10.0.0.5", "b #2 cid 3; ");
        expect_woken(&store, true, "xyz...", "10.9.9.9", ""); /* three bytes are no one server's alone */
        expect_woken(&store, true, "givenagain", "10.0.0.5", "new #4 cid 10; ");
        expect_woken(&store, true, "stranger", "10.0.0.5", "");
        expect_woken(&store, false, "ticket-a", "10.0.0.5", "a #1 cid 0; ");
        expect_woken(&store, false, "attempt", "10.0.0.5", "");
        device_table_close(table);
        session_keys_free(keys);
    }
    fixture_remove(directory);
}

static void strangers_are_ruled_out_without_a_look_and_looks_are_bounded(void **state)
{
    static const struct made made[] = {
        { PSK, "a", "192.0.2.1", 7, 10, 20, 1, BINDING_HANDSHAKE, .cid = "longcid1" },
        { 0 },
    };
    char directory[64], text[32], stranger[16];
    struct session_keys *keys;
    struct session_store store;
    struct device_table *table;
    struct error error = { 0 };
    struct ip_address server;
    struct buffer sink;

    (void)state;
    fixture_directory(directory);
    segment_make(directory, 0, made);
    table = open_writer(directory);
    keys = session_keys_new(directory, true);
    store = session_keys_store(keys);
    follow(directory, table, text);
    assert_true(device_table_feed_keys(table, keys, &error));
    assert_true(ip_address_parse("10.0.0.5", &server));
    buffer_init(&sink, 1 << 24);
    for (int i = 0; i < 10000; i++) {
        snprintf(stranger, sizeof stranger, "%08d", i);
        assert_false(
            store.find_cid(store.context, bytes_text(stranger), &server, 0, describe_session, &sink));
    }
    assert_int_equal(session_keys_counters(keys)->n_lookups, 0);
    assert_int_equal(session_keys_counters(keys)->n_ruled_out, 10000);
    for (int i = 0; i < SESSION_KEYS_LOOKUPS + 5; i++)
        store.find_cid(store.context, bytes_text("longcid1"), &server, 5, describe_session, &sink);
    assert_int_equal(session_keys_counters(keys)->n_found, SESSION_KEYS_LOOKUPS);
    assert_int_equal(session_keys_counters(keys)->n_refused, 5);
    assert_true(store.find_cid(store.context, bytes_text("longcid1"), &server, NS_PER_SECOND,
                               describe_session, &sink));
    buffer_clear(&sink);
    session_keys_free(keys);
    device_table_close(table);
    fixture_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_that_goes_on_in_the_next_segment_is_one_row_that_grows),
        cmocka_unit_test(a_device_is_found_by_text_by_hex_and_by_scheme),
        cmocka_unit_test(names_that_one_session_bore_are_one_device_but_services_join_nobody),
        cmocka_unit_test(a_name_that_too_many_share_joins_no_more_of_them),
        cmocka_unit_test(what_came_and_went_behind_its_back_is_noticed),
        cmocka_unit_test(a_table_made_anew_answers_as_the_one_that_grew),
        cmocka_unit_test(a_damaged_file_is_set_aside_and_made_anew),
        cmocka_unit_test(a_reader_adds_what_the_file_lacks_for_itself_only),
        cmocka_unit_test(devices_are_asked_for_by_text_kind_address_and_time),
        cmocka_unit_test(sleeping_sessions_are_found_by_connection_id_and_token),
        cmocka_unit_test(strangers_are_ruled_out_without_a_look_and_looks_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
