/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections are appended to one buffer in their order, each noted in the header's table, which is filled in at
 * the end. Addresses are numbered by one sort of all ends, so no end is searched for.
 */
#include "archive/segment_index_encode.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/block_columns.h"
#include "archive/flow_columns.h"
#include "archive/index_columns.h"
#include "archive/posting_code.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_index_parts.h"
#include "archive/store_le.h"
#include "base/timestamp.h"
#include "protocol/dispatch.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct address_end { /* one end of one conversation */
    struct ip_address address;
    uint32_t flow;
    bool is_high;
};

struct flow_place {
    struct flow_row row;
    uint32_t flow; /* in the builder */
};

struct binding_place {      /* one that is no twin of the one before */
    uint32_t binding, flow; /* the builder's; UINT32_MAX: its conversation is not in the table */
    uint32_t place;         /* blocks back to the one it ends in, from 1; 0: none found */
    uint64_t lasted;        /* in units: since that block began; without one since the binding did */
};

struct encoding {
    const struct segment_description *segment;
    const struct segment_index_builder *builder;
    struct buffer *file;
    uint64_t *bits; /* one list */
    struct flow_place *rows;
    uint32_t *flow_numbers;     /* builder's flow -> number in the file */
    uint32_t *identity_numbers; /* likewise */
    uint32_t *identities;       /* the builder's, in the order of the file */
    uint32_t *session_numbers;  /* UINT32_MAX: not met yet */
    uint32_t *bindings;         /* the builder's, in the order of the file */
    uint32_t *sessions;         /* likewise */
    uint32_t n_sessions;
    struct binding_place *apart;
    uint32_t n_apart;
    uint64_t *numbers; /* room for a column */
    struct column_writer columns;
};

/* ---- order ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_ends(const void *left, const void *right)
{
    const struct address_end *a = left, *b = right;
    int order = compare_numbers(a->address.family, b->address.family);

    return order ? order : memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);
}

static int compare_rows(const void *left, const void *right)
{
    const struct flow_row *a = &((const struct flow_place *)left)->row;
    const struct flow_row *b = &((const struct flow_place *)right)->row;
    int order = compare_numbers(a->any_port != 0, b->any_port != 0);

    order = order ? order : compare_numbers(a->low, b->low);
    order = order ? order : compare_numbers(a->high, b->high);
    order = order ? order : compare_numbers(a->protocol, b->protocol);
    order = order ? order : compare_numbers(a->port_low, b->port_low);
    order = order ? order : compare_numbers(a->port_high, b->port_high);
    return order ? order : compare_numbers(a->any_port, b->any_port);
}

static int compare_bindings(const void *left, const void *right, void *context)
{
    const struct builder_binding *bindings = context;
    const struct builder_binding *a = &bindings[*(const uint32_t *)left];
    const struct builder_binding *b = &bindings[*(const uint32_t *)right];
    int order = a->from_ns < b->from_ns ? -1 : a->from_ns > b->from_ns;

    return order ? order : compare_numbers(*(const uint32_t *)left, *(const uint32_t *)right);
}

static int compare_identities(const void *left, const void *right, void *context)
{
    const struct segment_index_builder *builder = context;
    const struct builder_identity *a = &builder->identities[*(const uint32_t *)left];
    const struct builder_identity *b = &builder->identities[*(const uint32_t *)right];
    int order = compare_numbers((uint64_t)a->scheme, (uint64_t)b->scheme);

    return order ? order
                 : bytes_compare(bytes_of(builder->text.data + a->at, a->len),
                                 bytes_of(builder->text.data + b->at, b->len));
}

/* 0 .. n-1, in the order of compare; NULL without memory. */
static uint32_t *sorted_numbers(uint32_t n, int (*compare)(const void *, const void *, void *), void *context)
{
    uint32_t *numbers = calloc((size_t)n + 1, sizeof *numbers);

    if (numbers == NULL)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = i;
    qsort_r(numbers, n, sizeof *numbers, compare, context);
    return numbers;
}

static uint32_t load_u32be(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* ---- sections ---- */

static void put_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_put_varint(buffer, bytes.len);
    buffer_put(buffer, bytes.data, bytes.len);
}

static void put_text(struct buffer *buffer, const char text[static INTERFACE_TEXT_BYTES])
{
    put_bytes(buffer, bytes_of(text, strnlen(text, INTERFACE_TEXT_BYTES)));
}

static void begin_section(struct encoding *e, enum index_section kind)
{
    static const uint8_t zeroes[8];
    uint8_t *row;

    buffer_put(e->file, zeroes, -e->file->len & 7);
    if (e->file->is_full)
        return;
    row = e->file->data + INDEX_HEAD_BYTES + (size_t)(kind - 1) * INDEX_SECTION_ROW_BYTES;
    store_u32le(row, kind);
    store_u32le(row + 4, 0);
    store_u64le(row + 8, e->file->len);
}

static void end_section(struct encoding *e, enum index_section kind)
{
    uint8_t *row = e->file->data + INDEX_HEAD_BYTES + (size_t)(kind - 1) * INDEX_SECTION_ROW_BYTES;
    uint64_t start;

    if (e->file->is_full)
        return;
    memcpy(&start, row + 8, sizeof start);
    store_u64le(row + 16, e->file->len - le64toh(start));
}

static void put_summary(struct encoding *e)
{
    const struct segment_description *segment = e->segment;
    struct segment_block all = segment_block_begin(0, 0);
    uint64_t n_packets = 0, raw_bytes = 0;

    for (uint32_t i = 0; i < segment->n_blocks; i++) {
        const struct segment_block *row = &segment->blocks[i];

        raw_bytes += row->raw_bytes;
        n_packets += row->n_packets;
        if (row->n_packets) {
            segment_block_count(&all, row->min_ts_ns);
            segment_block_count(&all, row->max_ts_ns);
        }
    }
    begin_section(e, INDEX_SUMMARY);
    buffer_put_u64le(e->file, segment->segment_bytes);
    buffer_put_u64le(e->file, raw_bytes);
    buffer_put_u64le(e->file, n_packets);
    buffer_put_u64le(e->file, (uint64_t)all.min_ts_ns);
    buffer_put_u64le(e->file, (uint64_t)all.max_ts_ns);
    buffer_put_u32le(e->file, segment->n_blocks);
    buffer_put_u32le(e->file, segment->codec);
    buffer_put_u64le(e->file, segment_index_builder_folds(e->builder));
    buffer_put_u64le(e->file, e->builder->n_bindings_cut);
    end_section(e, INDEX_SUMMARY);
}

static void put_recording(struct encoding *e)
{
    const uint8_t *row =
        e->file->data + INDEX_HEAD_BYTES + (INDEX_SUMMARY - 1) * (size_t)INDEX_SECTION_ROW_BYTES;
    uint64_t summary;

    begin_section(e, INDEX_RECORDING);
    if (e->file->is_full)
        return;
    memcpy(&summary, row + 8, sizeof summary);
    recording_put(e->file, &e->segment->recording,
                  bytes_of(e->file->data + le64toh(summary), INDEX_SUMMARY_BYTES));
    end_section(e, INDEX_RECORDING);
}

static void put_interfaces(struct encoding *e)
{
    begin_section(e, INDEX_INTERFACES);
    buffer_put_u32le(e->file, e->segment->n_interfaces);
    for (uint32_t i = 0; i < e->segment->n_interfaces; i++) {
        const struct interface *interface = &e->segment->interfaces[i];

        buffer_put_u16le(e->file, interface->linktype);
        buffer_put_u32le(e->file, interface->snaplen);
        put_text(e->file, interface->name);
        put_text(e->file, interface->description);
        put_text(e->file, interface->filter);
        put_text(e->file, interface->os);
    }
    end_section(e, INDEX_INTERFACES);
}

static bool put_blocks(struct encoding *e)
{
    bool ok;

    begin_section(e, INDEX_BLOCKS);
    ok = block_columns_put(&e->columns, e->segment->blocks, e->segment->n_blocks, e->builder->protocols,
                           e->builder->n_protocols, e->numbers);
    end_section(e, INDEX_BLOCKS);
    return ok;
}

/* What texts in order have in common with the one before, how much more there is, and that. */
struct front_coding {
    uint64_t *common, *more;
    struct buffer rest;
    struct bytes before;
};

static bool front_begin(struct front_coding *front, uint32_t n)
{
    *front = (struct front_coding) { calloc((size_t)n + 1, sizeof *front->common),
                                     calloc((size_t)n + 1, sizeof *front->more) };
    buffer_init(&front->rest, UINT32_MAX);
    return front->common && front->more;
}

/* The text is borrowed until the next one. */
static void front_add(struct front_coding *front, uint32_t i, struct bytes text)
{
    size_t common = 0, least = text.len < front->before.len ? text.len : front->before.len;

    while (common < least && text.data[common] == front->before.data[common])
        common++;
    front->common[i] = common;
    front->more[i] = text.len - common;
    if (text.len > common)
        buffer_put(&front->rest, text.data + common, text.len - common);
    front->before = text;
}

static bool front_end(struct encoding *e, struct front_coding *front, uint32_t n, bool is_well)
{
    is_well = is_well && column_put_numbers(&e->columns, front->common, n) &&
              column_put_numbers(&e->columns, front->more, n) &&
              column_put_bytes(&e->columns, buffer_bytes(&front->rest)) && !front->rest.is_full;
    free(front->common);
    free(front->more);
    buffer_clear(&front->rest);
    return is_well;
}

/* ends: n4 addresses of IPv4, then n6, each once and in order. */
static bool put_address_columns(struct encoding *e, const struct address_end *ends, uint32_t n4, uint32_t n6)
{
    uint32_t before = 0;
    struct front_coding front;
    bool ok;

    begin_section(e, INDEX_ADDRESSES);
    buffer_put_u32le(e->file, n4);
    buffer_put_u32le(e->file, n6);
    for (uint32_t i = 0; i < n4; i++) {
        uint32_t address = load_u32be(ends[i].address.bytes);

        e->numbers[i] = address - before;
        before = address;
    }
    ok = column_put_numbers(&e->columns, e->numbers, n4);
    ok = front_begin(&front, n6) && ok;
    for (uint32_t i = 0; ok && i < n6; i++)
        front_add(&front, i, bytes_of(ends[n4 + i].address.bytes, 16));
    ok = front_end(e, &front, n6, ok);
    end_section(e, INDEX_ADDRESSES);
    return ok;
}

/* Numbers the addresses into e->rows and writes their section. */
static bool put_addresses(struct encoding *e)
{
    const struct segment_index_builder *builder = e->builder;
    size_t n_ends = 0;
    struct address_end *ends = calloc((size_t)builder->n_flows * 2 + 1, sizeof *ends);
    uint32_t n[2] = { 0 }, number = UINT32_MAX;
    bool ok;

    if (ends == NULL)
        return false;
    for (uint32_t i = 0; i < builder->n_flows; i++) {
        const struct flow_key *key = &builder->flows[i].key;

        e->rows[i] = (struct flow_place) { { INDEX_ADDRESS_ANY, INDEX_ADDRESS_ANY, key->port_low,
                                             key->port_high, key->protocol, key->any_port },
                                           i };
        if (key->low.family)
            ends[n_ends++] = (struct address_end) { key->low, i, false };
        if (key->high.family)
            ends[n_ends++] = (struct address_end) { key->high, i, true };
    }
    qsort(ends, n_ends, sizeof *ends, compare_ends);

    for (size_t i = 0; i < n_ends; i++) {
        struct flow_row *row = &e->rows[ends[i].flow].row;

        if (i == 0 || compare_ends(&ends[i - 1], &ends[i]) != 0) {
            number++;
            n[ends[i].address.family == 6]++;
            ends[number].address = ends[i].address; /* which is at or behind it: each once, at the front */
        }
        *(ends[i].is_high ? &row->high : &row->low) = number;
    }
    ok = put_address_columns(e, ends, n[0], n[1]);
    free(ends);
    return ok;
}

static bool put_flows(struct encoding *e)
{
    uint32_t n = e->builder->n_flows, n_folded = 0;
    struct flow_row *rows = calloc((size_t)n + 1, sizeof *rows);
    bool ok;

    qsort(e->rows, n, sizeof *e->rows, compare_rows);
    for (uint32_t i = 0; rows && i < n; i++) {
        rows[i] = e->rows[i].row;
        n_folded += rows[i].any_port != 0;
        e->flow_numbers[e->rows[i].flow] = i;
    }
    begin_section(e, INDEX_FLOWS);
    buffer_put_u32le(e->file, n - n_folded);
    buffer_put_u32le(e->file, n_folded);
    e->columns.level = COLUMN_LEVEL_OF_RUNS;
    ok = rows && flow_columns_put(&e->columns, rows, n, e->numbers);
    e->columns.level = COLUMN_LEVEL;
    end_section(e, INDEX_FLOWS);
    free(rows);
    return ok;
}

static bool put_identities(struct encoding *e)
{
    const struct segment_index_builder *builder = e->builder;
    uint32_t n = builder->n_identities;
    struct front_coding front;
    bool ok = front_begin(&front, n);

    e->identities = sorted_numbers(n, compare_identities, (void *)builder);
    ok = ok && e->identities;
    begin_section(e, INDEX_IDENTITIES);
    buffer_put_u32le(e->file, n);
    for (uint32_t i = 0; ok && i < n; i++) {
        const struct builder_identity *identity = &builder->identities[e->identities[i]];

        e->identity_numbers[e->identities[i]] = i;
        e->numbers[i] = (uint64_t)identity->scheme;
        front_add(&front, i, bytes_of(builder->text.data + identity->at, identity->len));
    }
    ok = ok && column_put_numbers(&e->columns, e->numbers, n);
    ok = front_end(e, &front, n, ok);
    end_section(e, INDEX_IDENTITIES);
    return ok;
}

/* The list into e->bits. */
static void load_posting(struct encoding *e, const struct posting *posting)
{
    memset(e->bits, 0, posting_words(e->segment->n_blocks) * sizeof *e->bits);
    posting_bits(&e->builder->pool, posting, e->bits, e->segment->n_blocks);
}

typedef void posting_function(struct posting_writer *writer, const uint64_t *bits);

/* Those of the conversations, then those of the identities, in the order of the file. */
static void tell_postings(struct encoding *e, struct posting_writer *writer, posting_function *function)
{
    for (uint32_t i = 0; i < e->builder->n_flows; i++) {
        load_posting(e, &e->builder->flows[e->rows[i].flow].posting);
        function(writer, e->bits);
    }
    for (uint32_t i = 0; i < e->builder->n_identities; i++) {
        load_posting(e, &e->builder->identities[e->identities[i]].posting);
        function(writer, e->bits);
    }
}

static bool put_postings(struct encoding *e)
{
    struct posting_writer *writer =
        posting_writer_new(e->builder->n_flows + e->builder->n_identities, e->segment->n_blocks);
    bool ok = writer;

    begin_section(e, INDEX_POSTINGS);
    if (ok) {
        tell_postings(e, writer, posting_writer_count);
        tell_postings(e, writer, posting_writer_put);
        ok = posting_writer_end(writer, &e->columns);
    }
    end_section(e, INDEX_POSTINGS);
    posting_writer_free(writer);
    return ok;
}

/* Bindings by time, sessions as those come to them. */
static bool order_bindings(struct encoding *e)
{
    const struct segment_index_builder *builder = e->builder;

    e->bindings = sorted_numbers(builder->n_bindings, compare_bindings, builder->bindings);
    e->sessions = calloc((size_t)builder->n_sessions + 1, sizeof *e->sessions);
    if (e->bindings == NULL || e->sessions == NULL)
        return false;
    memset(e->session_numbers, 0xff, ((size_t)builder->n_sessions + 1) * sizeof *e->session_numbers);
    for (uint32_t i = 0; i < builder->n_bindings; i++) {
        uint32_t session = builder->bindings[e->bindings[i]].session;

        if (e->session_numbers[session] != UINT32_MAX)
            continue;
        e->session_numbers[session] = e->n_sessions;
        e->sessions[e->n_sessions++] = session;
    }
    return true;
}

typedef uint64_t session_number(const struct encoding *e, const struct builder_session *session);

static uint64_t session_identity(const struct encoding *e, const struct builder_session *session)
{
    return session->identity == UINT32_MAX ? 0 : (uint64_t)e->identity_numbers[session->identity] + 1;
}

/* That of its identity, but for one whose name was folded. */
static uint64_t session_scheme(const struct encoding *e, const struct builder_session *session)
{
    return session->identity != UINT32_MAX &&
                   e->builder->identities[session->identity].scheme == session->scheme
               ? 0
               : (uint64_t)session->scheme + 1;
}

static bool put_session_names(struct encoding *e)
{
    static session_number *const columns[] = { session_identity, session_scheme };

    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (uint32_t i = 0; i < e->n_sessions; i++)
            e->numbers[i] = columns[c](e, &e->builder->sessions[e->sessions[i]]);
        if (!column_put_numbers(&e->columns, e->numbers, e->n_sessions))
            return false;
    }
    return true;
}

/* Most are new, one after the other: told by how far they are past the most so far, or behind it. */
static bool put_session_numbers(struct encoding *e)
{
    uint64_t before = 0, most = 0;
    bool are_plain = false;

    for (uint32_t i = 0; i < e->n_sessions; i++)
        are_plain |= e->builder->sessions[e->sessions[i]].session > INT64_MAX / 2;
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        uint64_t number = e->builder->sessions[e->sessions[i]].session;

        e->numbers[i] = are_plain          ? number
                        : number == before ? 0
                        : number > most    ? (number - most) * 2
                                           : (most - number) * 2 + 1;
        before = number;
        most = number > most ? number : most;
    }
    buffer_put_u8(e->file, are_plain);
    return column_put_numbers(&e->columns, e->numbers, e->n_sessions);
}

static uint8_t session_token_len(const struct builder_session *session)
{
    return session->session_id_len < INDEX_TOKEN_BYTES ? session->session_id_len : INDEX_TOKEN_BYTES;
}

/* The lengths of its three keys: few differ in these. */
static uint64_t session_shape(const struct builder_session *session)
{
    return session->to_server_len | (uint64_t)session->to_client_len << INDEX_SHAPE_TO_CLIENT_AT |
           (uint64_t)session_token_len(session) << INDEX_SHAPE_TOKEN_AT;
}

static int compare_shapes(const void *left, const void *right)
{
    return compare_numbers(*(const uint64_t *)left, *(const uint64_t *)right);
}

static bool put_session_shapes(struct encoding *e)
{
    uint64_t *shapes = calloc((size_t)e->n_sessions + 1, sizeof *shapes);
    uint32_t n = 0;
    bool ok;

    if (shapes == NULL)
        return false;
    for (uint32_t i = 0; i < e->n_sessions; i++)
        shapes[i] = session_shape(&e->builder->sessions[e->sessions[i]]);
    qsort(shapes, e->n_sessions, sizeof *shapes, compare_shapes);
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        if (i == 0 || shapes[i] != shapes[n - 1])
            shapes[n++] = shapes[i];
    }
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        uint64_t shape = session_shape(&e->builder->sessions[e->sessions[i]]);

        e->numbers[i] =
            (uint64_t)((uint64_t *)bsearch(&shape, shapes, n, sizeof *shapes, compare_shapes) - shapes);
    }
    buffer_put_u32le(e->file, n);
    ok = column_put_numbers(&e->columns, shapes, n) &&
         column_put_numbers(&e->columns, e->numbers, e->n_sessions);
    free(shapes);
    return ok;
}

static bool put_session_keys(struct encoding *e)
{
    struct buffer keys;
    bool ok;

    buffer_init(&keys, UINT32_MAX);
    for (uint32_t i = 0; i < e->n_sessions; i++) {
        const struct builder_session *session = &e->builder->sessions[e->sessions[i]];

        buffer_put(&keys, e->builder->text.data + session->at,
                   (size_t)session->to_server_len + session->to_client_len + session_token_len(session));
    }
    ok = column_put_bytes(&e->columns, buffer_bytes(&keys)) && !keys.is_full;
    buffer_clear(&keys);
    return ok;
}

static bool put_sessions(struct encoding *e)
{
    bool ok;

    begin_section(e, INDEX_SESSIONS);
    buffer_put_u32le(e->file, e->n_sessions);
    ok = put_session_names(e) && put_session_numbers(e) && put_session_shapes(e) && put_session_keys(e);
    end_section(e, INDEX_SESSIONS);
    return ok;
}

static void put_own_key(struct buffer *keys, const struct flow_key *key)
{
    buffer_put_u8(keys, key->low.family);
    buffer_put(keys, key->low.bytes, sizeof key->low.bytes);
    buffer_put_u8(keys, key->high.family);
    buffer_put(keys, key->high.bytes, sizeof key->high.bytes);
    buffer_put_u8(keys, key->protocol);
    buffer_put_u8(keys, key->any_port);
    buffer_put_u16le(keys, key->port_low);
    buffer_put_u16le(keys, key->port_high);
}

/* The longest unit that all times are whole in: most captures have microseconds. */
static int64_t time_unit(const struct encoding *e)
{
    int64_t unit = NS_PER_SECOND;

    for (uint32_t i = 0; i < e->builder->n_bindings; i++) {
        const struct builder_binding *binding = &e->builder->bindings[i];

        while (binding->from_ns % unit || binding->to_ns % unit)
            unit /= 1000;
    }
    return unit;
}

enum binding_column { /* of rows that are no twins, in the order of the file */
                      COLUMN_FLOW,
                      COLUMN_FROM,
                      COLUMN_PLACE,
                      COLUMN_LASTED,
                      COLUMN_PACKETS,
                      COLUMN_BYTES_EACH,
                      COLUMN_BYTES_MORE,
                      BINDING_COLUMNS,
};

enum { PLACES_LOOKED_BACK = 255 };

static bool are_twins(const struct builder_binding *a, const struct builder_binding *b)
{
    return a->from_ns == b->from_ns && a->to_ns == b->to_ns && a->n_packets == b->n_packets &&
           a->n_bytes == b->n_bytes && flow_key_equal(&a->flow, &b->flow);
}

static uint64_t why_of(const struct builder_binding *binding)
{
    return (uint64_t)binding->reason << INDEX_BINDING_REASON_AT |
           (binding->is_client_low ? INDEX_BINDING_CLIENT_LOW : 0) |
           (binding->is_continued ? INDEX_BINDING_CONTINUED : 0) |
           (unsigned)binding->confidence << INDEX_BINDING_CONFIDENCE_AT;
}

/* Of those no twins of the one before: where they are, in e->apart. */
static void find_apart(struct encoding *e)
{
    const struct builder_binding *bindings = e->builder->bindings;

    e->n_apart = 0;
    for (uint32_t i = 0; i < e->builder->n_bindings; i++) {
        if (i == 0 || !are_twins(&bindings[e->bindings[i - 1]], &bindings[e->bindings[i]]))
            e->apart[e->n_apart++] = (struct binding_place) { .binding = e->bindings[i], .flow = UINT32_MAX };
    }
}

static bool put_whys(struct encoding *e)
{
    const struct builder_binding *bindings = e->builder->bindings;
    uint32_t n = e->builder->n_bindings;

    for (uint32_t i = 0; i < n; i++) {
        const struct builder_binding *binding = &bindings[e->bindings[i]];
        bool is_twin = i && are_twins(&bindings[e->bindings[i - 1]], binding);

        e->numbers[i] = why_of(binding) | (is_twin ? INDEX_BINDING_TWIN : 0);
    }
    return column_put_numbers(&e->columns, e->numbers, n);
}

static bool put_session_places(struct encoding *e)
{
    uint32_t n = e->builder->n_bindings, n_sessions = 0;

    for (uint32_t i = 0; i < n; i++) { /* how far back from the next new one */
        uint32_t session = e->session_numbers[e->builder->bindings[e->bindings[i]].session];

        e->numbers[i] = n_sessions - session;
        n_sessions += session == n_sessions;
    }
    return column_put_numbers(&e->columns, e->numbers, n);
}

/* The block of the conversation in which the binding ends, from the last one, which it nearly always is. */
static void find_place(struct encoding *e, int64_t unit, struct binding_place *place)
{
    const struct builder_binding *binding = &e->builder->bindings[place->binding];
    uint32_t n = 0;

    place->lasted = ((uint64_t)binding->to_ns - (uint64_t)binding->from_ns) / (uint64_t)unit;
    if (place->flow == UINT32_MAX)
        return;
    load_posting(e, &e->builder->flows[place->flow].posting);
    for (size_t word = posting_words(e->segment->n_blocks); word-- > 0;) {
        for (uint64_t bits = e->bits[word]; bits && n < PLACES_LOOKED_BACK;) {
            unsigned last = 63 - (unsigned)__builtin_clzll(bits);
            const struct segment_block *block = &e->segment->blocks[word * 64 + last];

            bits &= ~(UINT64_C(1) << last);
            n++;
            if (block->n_packets == 0 || block->min_ts_ns > binding->to_ns ||
                block->max_ts_ns < binding->to_ns || (binding->to_ns - block->min_ts_ns) % unit)
                continue;
            place->place = n;
            place->lasted = (uint64_t)(binding->to_ns - block->min_ts_ns) / (uint64_t)unit;
            return;
        }
    }
}

static void find_places(struct encoding *e, int64_t unit, struct buffer *keys)
{
    for (uint32_t i = 0; i < e->n_apart; i++) {
        const struct flow_key *key = &e->builder->bindings[e->apart[i].binding].flow;

        e->apart[i].flow = segment_index_builder_find_flow(e->builder, key);
        if (e->apart[i].flow == UINT32_MAX)
            put_own_key(keys, key);
        find_place(e, unit, &e->apart[i]);
    }
}

static bool put_apart_column(struct encoding *e, enum binding_column column, int64_t unit)
{
    int64_t before_ns = e->n_apart ? e->builder->bindings[e->apart[0].binding].from_ns : 0;

    for (uint32_t i = 0; i < e->n_apart; i++) {
        const struct binding_place *place = &e->apart[i];
        const struct builder_binding *binding = &e->builder->bindings[place->binding];

        switch (column) {
        case COLUMN_FLOW:
            e->numbers[i] = place->flow == UINT32_MAX ? 0 : (uint64_t)e->flow_numbers[place->flow] + 1;
            break;
        case COLUMN_FROM:
            e->numbers[i] = ((uint64_t)binding->from_ns - (uint64_t)before_ns) / (uint64_t)unit;
            before_ns = binding->from_ns;
            break;
        case COLUMN_PLACE:
            e->numbers[i] = place->place;
            break;
        case COLUMN_LASTED:
            e->numbers[i] = place->lasted;
            break;
        case COLUMN_PACKETS:
            e->numbers[i] = binding->n_packets;
            break;
        case COLUMN_BYTES_EACH: /* a packet */
            e->numbers[i] = binding->n_bytes / (binding->n_packets ? binding->n_packets : 1);
            break;
        default:
            e->numbers[i] = binding->n_bytes % (binding->n_packets ? binding->n_packets : 1);
            break;
        }
    }
    return column_put_numbers(&e->columns, e->numbers, e->n_apart);
}

static bool put_bindings(struct encoding *e)
{
    const struct segment_index_builder *builder = e->builder;
    uint32_t n = builder->n_bindings;
    int64_t unit = time_unit(e);
    struct buffer keys;
    bool ok;

    buffer_init(&keys, UINT32_MAX);
    e->apart = calloc((size_t)n + 1, sizeof *e->apart);
    ok = e->apart;
    if (ok) {
        find_apart(e);
        find_places(e, unit, &keys);
    }
    begin_section(e, INDEX_BINDINGS);
    buffer_put_u32le(e->file, n);
    buffer_put_u32le(e->file, e->n_apart);
    buffer_put_u32le(e->file, (uint32_t)unit);
    buffer_put_u64le(e->file, n ? (uint64_t)builder->bindings[e->bindings[0]].from_ns : 0);
    ok = ok && put_whys(e) && put_session_places(e);
    for (int column = 0; ok && column < BINDING_COLUMNS; column++)
        ok = put_apart_column(e, (enum binding_column)column, unit);
    ok = ok && column_put_bytes(&e->columns, buffer_bytes(&keys)) && !keys.is_full;
    free(e->apart);
    e->apart = NULL;
    buffer_clear(&keys);
    end_section(e, INDEX_BINDINGS);
    return ok;
}

static void put_head(struct encoding *e)
{
    static const uint8_t table[INDEX_SECTIONS * INDEX_SECTION_ROW_BYTES];

    buffer_put(e->file, INDEX_MAGIC, sizeof INDEX_MAGIC - 1);
    buffer_put_u32le(e->file, INDEX_VERSION);
    buffer_put_u32le(e->file, INDEX_SECTIONS);
    buffer_put_u64le(e->file, 0);
    buffer_put_u64le(e->file, 0);
    buffer_put(e->file, table, sizeof table);
}

uint64_t segment_index_checksum(struct bytes file)
{
    XXH3_state_t state;

    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, file.data, INDEX_CHECKSUM_AT);
    XXH3_64bits_update(&state, file.data + INDEX_HEAD_BYTES, file.len - INDEX_HEAD_BYTES);
    return XXH3_64bits_digest(&state);
}

/* Numbers of the longest column: addresses are at most two a conversation. */
static size_t column_room(const struct segment_description *segment,
                          const struct segment_index_builder *builder)
{
    size_t most = (size_t)builder->n_flows * 2;

    most = segment->n_blocks > most ? segment->n_blocks : most;

    most = builder->n_identities > most ? builder->n_identities : most;
    most = builder->n_sessions > most ? builder->n_sessions : most;
    return (builder->n_bindings > most ? builder->n_bindings : most) + 1;
}

bool segment_index_encode(const struct segment_description *segment,
                          const struct segment_index_builder *builder, struct buffer *file,
                          struct error *error)
{
    struct encoding e = { .segment = segment, .builder = builder, .file = file };
    bool ok;

    assert(segment_index_builder_is_sound(builder));
    buffer_empty(file);
    e.bits = calloc(posting_words(segment->n_blocks) + 1, sizeof *e.bits);
    e.rows = calloc((size_t)builder->n_flows + 1, sizeof *e.rows);
    e.flow_numbers = calloc((size_t)builder->n_flows + 1, sizeof *e.flow_numbers);
    e.identity_numbers = calloc((size_t)builder->n_identities + 1, sizeof *e.identity_numbers);
    e.session_numbers = calloc((size_t)builder->n_sessions + 1, sizeof *e.session_numbers);
    e.numbers = calloc(column_room(segment, builder), sizeof *e.numbers);

    ok = column_writer_init(&e.columns, file) && e.bits && e.rows && e.flow_numbers && e.identity_numbers &&
         e.session_numbers && e.numbers && order_bindings(&e);
    if (ok) {
        put_head(&e);
        put_summary(&e);
        put_recording(&e);
        put_interfaces(&e);
        ok = put_blocks(&e) && put_addresses(&e);
    }
    ok = ok && put_flows(&e) && put_identities(&e) && put_postings(&e) && put_sessions(&e) &&
         put_bindings(&e) && !file->is_full;
    if (ok) {
        store_u64le(file->data + 16, file->len);
        store_u64le(file->data + INDEX_CHECKSUM_AT, segment_index_checksum(buffer_bytes(file)));
    }
    free(e.bits);
    free(e.rows);
    free(e.flow_numbers);
    free(e.identity_numbers);
    free(e.identities);
    free(e.session_numbers);
    free(e.bindings);
    free(e.sessions);
    free(e.numbers);
    column_writer_clear(&e.columns);
    return ok || error_set(error, ERROR_SYSTEM, "no memory to write an index of %u conversations",
                           builder->n_flows);
}

bool segment_index_store(const char *path, struct bytes file, struct error *error)
{
    char temporary[4096];

    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
        return error_set(error, ERROR_USAGE, "%s: the path is too long", path);
    if (!segment_file_store(temporary, file, error))
        return false;
    if (rename(temporary, path) < 0) {
        error_system(error, "%s: cannot be renamed to %s", temporary, path);
        return false;
    }
    return true;
}
