/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an index keeps in columns, unpacked when it is first asked for: a question about conversations never
 * pays for the bindings. What cannot be unpacked is damaged, and stays so.
 */
#include "archive/segment_index_tables.h"

#include <stdlib.h>

#include "archive/segment_index_parts.h"

struct index_tables *index_tables_new(void)
{
    return calloc(1, sizeof(struct index_tables));
}

void index_tables_free(struct index_tables *tables)
{
    if (tables == NULL)
        return;
    free(tables->addresses);
    flow_rows_free(tables->flows);
    posting_table_free(tables->postings);
    column_reader_clear(&tables->identities.columns);
    free(tables->identities.starts);
    free(tables->identities.text);
    column_reader_clear(&tables->sessions.columns);
    free(tables->sessions.starts);
    free(tables->sessions.numbers);
    column_reader_clear(&tables->bindings.columns);
    free(tables);
}

static bool unpack(const struct segment_index *index, enum index_table_state *state,
                   bool (*function)(const struct segment_index *index))
{
    if (*state == INDEX_TABLE_PACKED)
        *state = function(index) ? INDEX_TABLE_READY : INDEX_TABLE_DAMAGED;
    return *state == INDEX_TABLE_READY;
}

/* ---- texts in order ---- */

struct front_coded {
    struct column_numbers common, more;
    struct bytes rest;
};

static bool take_front_coded(struct column_reader *columns, uint32_t n, struct front_coded *front)
{
    return column_take_numbers(columns, n, &front->common) && column_take_numbers(columns, n, &front->more) &&
           column_take_bytes(columns, &front->rest);
}

/* Bytes of all texts; false when one is longer than allowed, or has more in common than there is. */
static bool measure_front_coded(const struct front_coded *front, uint64_t limit_bytes, uint64_t *all)
{
    uint64_t len = 0, rest = 0;

    *all = 0;
    for (uint32_t i = 0; i < front->common.n; i++) {
        uint64_t common = column_number(&front->common, i), more = column_number(&front->more, i);

        if (common > len || more > limit_bytes || common + more > limit_bytes)
            return false;
        len = common + more;
        rest += more;
        *all += len;
    }
    return rest == front->rest.len;
}

/* Into text, one behind the other; starts, when there are any, gets n + 1 of them. Measured before. */
static void expand_front_coded(const struct front_coded *front, uint8_t *text, uint32_t *starts)
{
    const uint8_t *rest = front->rest.data;
    uint8_t *at = text, *before = text;

    for (uint32_t i = 0; i < front->common.n; i++) {
        size_t common = column_number(&front->common, i), more = column_number(&front->more, i);

        if (starts)
            starts[i] = (uint32_t)(at - text);
        if (common)
            memcpy(at, before, common);
        if (more)
            memcpy(at + common, rest, more);
        rest += more;
        before = at;
        at += common + more;
    }
    if (starts)
        starts[front->common.n] = (uint32_t)(at - text);
}

/* ---- addresses ---- */

static bool unpack_addresses(const struct segment_index *index)
{
    struct index_tables *tables = index->tables;
    size_t n4_bytes = (size_t)index->n4 * 4, n6_bytes = (size_t)index->n6 * 16;
    struct column_reader columns;
    struct column_numbers steps;
    struct front_coded front;
    uint32_t address = 0;
    uint64_t all;
    bool ok;

    column_reader_init(&columns, index->sections[INDEX_ADDRESSES]);
    ok = reader_skip(&columns.rest, 8) && column_take_numbers(&columns, index->n4, &steps) &&
         take_front_coded(&columns, index->n6, &front) && measure_front_coded(&front, 16, &all) &&
         all == n6_bytes && (tables->addresses = malloc(n4_bytes + n6_bytes + 1)) != NULL;
    for (uint32_t i = 0; ok && i < index->n4; i++) {
        uint8_t *at = tables->addresses + (size_t)i * 4;

        address += (uint32_t)column_number(&steps, i);
        at[0] = (uint8_t)(address >> 24);
        at[1] = (uint8_t)(address >> 16);
        at[2] = (uint8_t)(address >> 8);
        at[3] = (uint8_t)address;
    }
    if (ok)
        expand_front_coded(&front, tables->addresses + n4_bytes, NULL);
    column_reader_clear(&columns);
    return ok;
}

bool index_addresses(const struct segment_index *index, struct bytes *v4, struct bytes *v6)
{
    size_t n4_bytes = (size_t)index->n4 * 4;

    if (!unpack(index, &index->tables->addresses_state, unpack_addresses))
        return false;
    *v4 = bytes_of(index->tables->addresses, n4_bytes);
    *v6 = bytes_of(index->tables->addresses + n4_bytes, (size_t)index->n6 * 16);
    return true;
}

/* ---- conversations, and blocks of all ---- */

static bool unpack_flows(const struct segment_index *index)
{
    struct reader r = reader_over(index->sections[INDEX_FLOWS]);

    if (reader_skip(&r, 8))
        index->tables->flows = flow_rows_new(reader_rest(&r), index_flows_count(index));
    return index->tables->flows;
}

const struct flow_row *index_flow_addresses(const struct segment_index *index)
{
    return unpack(index, &index->tables->flows_state, unpack_flows)
               ? flow_rows_addresses(index->tables->flows)
               : NULL;
}

const struct flow_row *index_flows_between(const struct segment_index *index, uint32_t first, uint32_t end)
{
    return unpack(index, &index->tables->flows_state, unpack_flows)
               ? flow_rows_between(index->tables->flows, first, end)
               : NULL;
}

const struct flow_row *index_flows(const struct segment_index *index)
{
    return index_flows_between(index, 0, index_flows_count(index));
}

static bool unpack_postings(const struct segment_index *index)
{
    index->tables->postings = posting_table_new(index->sections[INDEX_POSTINGS], index->n_blocks);
    return index->tables->postings;
}

bool index_add_posting(const struct segment_index *index, uint64_t list, uint64_t *bits)
{
    return list <= UINT32_MAX && unpack(index, &index->tables->postings_state, unpack_postings) &&
           posting_table_add(index->tables->postings, (uint32_t)list, bits);
}

void index_locate_postings(const struct segment_index *index)
{
    if (unpack(index, &index->tables->postings_state, unpack_postings))
        posting_table_locate(index->tables->postings);
}

/* ---- identities ---- */

static bool unpack_identities(const struct segment_index *index)
{
    struct index_identity_table *table = &index->tables->identities;
    struct column_reader *columns = &table->columns;
    struct front_coded front;
    uint64_t all;

    column_reader_init(columns, index->sections[INDEX_IDENTITIES]);
    if (!reader_u32le(&columns->rest, &table->n) || table->n > BUILDER_IDENTITIES_LIMIT + 1 ||
        !column_take_numbers(columns, table->n, &table->schemes) ||
        !take_front_coded(columns, table->n, &front) ||
        !measure_front_coded(&front, IDENTITY_LIMIT_BYTES, &all) || all > BUILDER_TEXT_LIMIT_BYTES)
        return false;
    table->starts = calloc((size_t)table->n + 1, sizeof *table->starts);
    table->text = malloc(all + 1);
    if (table->starts == NULL || table->text == NULL)
        return false;
    expand_front_coded(&front, table->text, table->starts);
    return true;
}

const struct index_identity_table *index_identity_table(const struct segment_index *index)
{
    struct index_identity_table *table = &index->tables->identities;

    return unpack(index, &table->state, unpack_identities) ? table : NULL;
}

struct bytes index_identity(const struct index_identity_table *table, uint32_t number,
                            enum identity_scheme *scheme)
{
    *scheme = (enum identity_scheme)(uint8_t)column_number(&table->schemes, number);
    return bytes_of(table->text + table->starts[number], table->starts[number + 1] - table->starts[number]);
}

bool index_identities(const struct segment_index *index, identity_function *function, void *context)
{
    const struct index_identity_table *table = index_identity_table(index);

    if (table == NULL)
        return false;
    for (uint32_t i = 0; i < table->n; i++) {
        enum identity_scheme scheme;
        struct bytes identity = index_identity(table, i, &scheme);

        if (!function(context, scheme, identity, (uint64_t)index_flows_count(index) + i))
            return false;
    }
    return true;
}

/* ---- sessions ---- */

/* 0: as the session before; then, even, how far past the most so far, or, odd, how far from there back. */
static uint64_t session_number(uint64_t step, uint64_t before, uint64_t *most)
{
    if (step == 0)
        return before;
    if (step & 1)
        return *most - step / 2;
    return *most += step / 2;
}

struct index_session_lens index_session_lens(const struct index_session_table *table, uint32_t number)
{
    uint64_t shape = column_number(&table->shapes, (uint32_t)column_number(&table->of_shape, number));

    return (struct index_session_lens) { (uint8_t)shape, (uint8_t)(shape >> INDEX_SHAPE_TO_CLIENT_AT),
                                         (uint8_t)(shape >> INDEX_SHAPE_TOKEN_AT) };
}

static bool unpack_sessions(const struct segment_index *index)
{
    struct index_session_table *table = &index->tables->sessions;
    struct column_reader *columns = &table->columns;
    struct column_numbers steps;
    uint64_t at = 0, number = 0, most = 0;
    uint32_t n_shapes;
    uint8_t are_plain;

    column_reader_init(columns, index->sections[INDEX_SESSIONS]);
    if (!reader_u32le(&columns->rest, &table->n) || table->n > BUILDER_BINDINGS_LIMIT ||
        !column_take_numbers(columns, table->n, &table->identities) ||
        !column_take_numbers(columns, table->n, &table->schemes) || !reader_u8(&columns->rest, &are_plain) ||
        !column_take_numbers(columns, table->n, &steps) || !reader_u32le(&columns->rest, &n_shapes) ||
        n_shapes > table->n || !column_take_numbers(columns, n_shapes, &table->shapes) ||
        !column_take_numbers(columns, table->n, &table->of_shape) ||
        !column_take_bytes(columns, &table->keys))
        return false;
    table->starts = calloc((size_t)table->n + 1, sizeof *table->starts);
    table->numbers = calloc((size_t)table->n + 1, sizeof *table->numbers);
    if (table->starts == NULL || table->numbers == NULL)
        return false;
    for (uint32_t i = 0; i < table->n; i++) {
        struct index_session_lens lens;

        if (column_number(&table->of_shape, i) >= table->shapes.n)
            return false;
        lens = index_session_lens(table, i);
        number =
            are_plain ? column_number(&steps, i) : session_number(column_number(&steps, i), number, &most);
        table->numbers[i] = number;
        table->starts[i] = (uint32_t)at;
        at += (uint64_t)lens.to_server + lens.to_client + lens.token;
    }
    return at == table->keys.len;
}

const struct index_session_table *index_session_table(const struct segment_index *index)
{
    struct index_session_table *table = &index->tables->sessions;

    return unpack(index, &table->state, unpack_sessions) ? table : NULL;
}

/* ---- bindings ---- */

static bool unpack_bindings(const struct segment_index *index)
{
    struct index_binding_table *table = &index->tables->bindings;
    struct column_reader *columns = &table->columns;
    uint64_t first;
    uint32_t n_apart;

    column_reader_init(columns, index->sections[INDEX_BINDINGS]);
    if (!reader_u32le(&columns->rest, &table->n) || !reader_u32le(&columns->rest, &n_apart) ||
        !reader_u32le(&columns->rest, &table->unit_ns) || !reader_u64le(&columns->rest, &first) ||
        table->n > BUILDER_BINDINGS_LIMIT || n_apart > table->n)
        return false;
    table->first_ns = first;
    return column_take_numbers(columns, table->n, &table->why) &&
           column_take_numbers(columns, table->n, &table->sessions) &&
           column_take_numbers(columns, n_apart, &table->flows) &&
           column_take_numbers(columns, n_apart, &table->from) &&
           column_take_numbers(columns, n_apart, &table->places) &&
           column_take_numbers(columns, n_apart, &table->lasted) &&
           column_take_numbers(columns, n_apart, &table->packets) &&
           column_take_numbers(columns, n_apart, &table->bytes_each) &&
           column_take_numbers(columns, n_apart, &table->bytes_more) &&
           column_take_bytes(columns, &table->own_keys);
}

const struct index_binding_table *index_binding_table(const struct segment_index *index)
{
    struct index_binding_table *table = &index->tables->bindings;

    return unpack(index, &table->state, unpack_bindings) ? table : NULL;
}
