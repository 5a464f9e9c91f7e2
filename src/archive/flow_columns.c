/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/flow_columns.h"

#include <stdlib.h>

#include "protocol/dispatch.h"

enum {
    SERVICES_LIMIT = 255,
    SERVICE_WORTH_ROWS = 8, /* fewer are written out */
    SERVICE_SIDE_AT = 16,
    SERVICE_PROTOCOL_AT = 17,
    APART_ANY_PORT_AT = 16,
    APART_PROTOCOL_AT = 24,
    PORTS = 1 << 16,
};

struct service { /* of one side of a conversation */
    uint32_t n_rows;
    uint16_t port;
    uint8_t is_tcp, is_high;
};

struct services {
    uint32_t *ports; /* by protocol and port: how many ends have it */
    uint32_t *rows;  /* by side, protocol and port: how many rows are of it; then its number plus 1 */
    struct service table[SERVICES_LIMIT];
    uint32_t n;
};

static bool has_service(const struct flow_row *row)
{
    return row->any_port == 0 && (row->protocol == IP_PROTOCOL_UDP || row->protocol == IP_PROTOCOL_TCP);
}

/* Where rows of its kind are counted: of both ports the one that more ends have. */
static size_t service_place(const struct services *services, const struct flow_row *row, bool *is_high)
{
    size_t protocol = row->protocol == IP_PROTOCOL_TCP ? PORTS : 0;

    *is_high = services->ports[protocol + row->port_high] > services->ports[protocol + row->port_low];
    return (*is_high ? (size_t)2 * PORTS : 0) + protocol + (*is_high ? row->port_high : row->port_low);
}

static int compare_services(const void *left, const void *right)
{
    const struct service *a = left, *b = right;
    int order = (a->n_rows < b->n_rows) - (a->n_rows > b->n_rows);

    order = order ? order : (a->is_high > b->is_high) - (a->is_high < b->is_high);
    order = order ? order : (a->is_tcp > b->is_tcp) - (a->is_tcp < b->is_tcp);
    return order ? order : (a->port > b->port) - (a->port < b->port);
}

/* Takes the services with the most rows. */
static bool choose_services(struct services *services)
{
    uint32_t n = 0, cap = 0;
    struct service *all;

    for (size_t place = 0; place < (size_t)4 * PORTS; place++)
        cap += services->rows[place] >= SERVICE_WORTH_ROWS;
    all = calloc((size_t)cap + 1, sizeof *all);
    if (all == NULL)
        return false;
    for (size_t place = 0; place < (size_t)4 * PORTS; place++) {
        if (services->rows[place] >= SERVICE_WORTH_ROWS)
            all[n++] = (struct service) { services->rows[place], (uint16_t)(place % PORTS), place / PORTS & 1,
                                          place / PORTS >> 1 & 1 };
        services->rows[place] = 0;
    }
    qsort(all, n, sizeof *all, compare_services);
    services->n = n < SERVICES_LIMIT ? n : SERVICES_LIMIT;
    for (uint32_t i = 0; i < services->n; i++) {
        services->table[i] = all[i];
        services->rows[((size_t)all[i].is_high * 2 + all[i].is_tcp) * PORTS + all[i].port] = i + 1;
    }
    free(all);
    return true;
}

static bool find_services(struct services *services, const struct flow_row *rows, uint32_t n)
{
    bool is_high;

    if (n < SERVICE_WORTH_ROWS) /* a small segment does not pay for the counting */
        return true;
    services->ports = calloc((size_t)2 * PORTS, sizeof *services->ports);
    services->rows = calloc((size_t)4 * PORTS, sizeof *services->rows);
    if (services->ports == NULL || services->rows == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        size_t protocol = rows[i].protocol == IP_PROTOCOL_TCP ? PORTS : 0;

        if (!has_service(&rows[i]))
            continue;
        services->ports[protocol + rows[i].port_low]++;
        services->ports[protocol + rows[i].port_high]++;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (has_service(&rows[i]))
            services->rows[service_place(services, &rows[i], &is_high)]++;
    }
    return choose_services(services);
}

/* 0: it has none in the table. */
static uint32_t service_of(const struct services *services, const struct flow_row *row, bool *is_high)
{
    return services->rows && has_service(row) ? services->rows[service_place(services, row, is_high)] : 0;
}

static bool put_services(struct column_writer *columns, const struct services *services, uint64_t *room)
{
    for (uint32_t i = 0; i < services->n; i++) {
        const struct service *service = &services->table[i];

        room[i] = service->port | (uint64_t)service->is_high << SERVICE_SIDE_AT |
                  (uint64_t)(service->is_tcp ? IP_PROTOCOL_TCP : IP_PROTOCOL_UDP) << SERVICE_PROTOCOL_AT;
    }
    buffer_put_u8(columns->to, (uint8_t)services->n);
    return column_put_numbers(columns, room, services->n);
}

static bool put_addresses(struct column_writer *columns, const struct flow_row *rows, uint32_t n,
                          uint64_t *room)
{
    for (uint32_t i = 0; i < n; i++)
        room[i] = rows[i].low - (i ? rows[i - 1].low : 0);
    if (!column_put_numbers(columns, room, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        room[i] = rows[i].high - (i && rows[i].low == rows[i - 1].low ? rows[i - 1].high : 0);
    return column_put_numbers(columns, room, n);
}

static bool put_ports(struct column_writer *columns, const struct services *services,
                      const struct flow_row *rows, uint32_t n, uint64_t *room)
{
    uint32_t n_apart = 0;
    bool is_high = false;

    for (uint32_t i = 0; i < n; i++)
        room[i] = service_of(services, &rows[i], &is_high);
    if (!column_put_numbers(columns, room, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        room[i] = service_of(services, &rows[i], &is_high) && !is_high ? rows[i].port_high : rows[i].port_low;
    if (!column_put_numbers(columns, room, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (service_of(services, &rows[i], &is_high) == 0)
            room[n_apart++] = rows[i].port_high | (uint64_t)rows[i].any_port << APART_ANY_PORT_AT |
                              (uint64_t)rows[i].protocol << APART_PROTOCOL_AT;
    }
    buffer_put_u32le(columns->to, n_apart);
    return column_put_numbers(columns, room, n_apart);
}

/* In pieces, each behind its length, so that a few rows' ports are found without unpacking all. */
static bool put_pieces(struct column_writer *columns, const struct services *services,
                       const struct flow_row *rows, uint32_t n, uint64_t *room)
{
    struct buffer *file = columns->to, piece;
    bool ok = true;

    buffer_init(&piece, UINT32_MAX);
    columns->to = &piece;
    for (uint32_t first = 0; ok && first < n; first += FLOW_PIECE_ROWS) {
        buffer_empty(&piece);
        ok = put_ports(columns, services, rows + first,
                       n - first < FLOW_PIECE_ROWS ? n - first : FLOW_PIECE_ROWS, room) &&
             !piece.is_full && buffer_put_varint(file, piece.len) && buffer_put(file, piece.data, piece.len);
    }
    columns->to = file;
    buffer_clear(&piece);
    return ok;
}

bool flow_columns_put(struct column_writer *columns, const struct flow_row *rows, uint32_t n, uint64_t *room)
{
    struct services services = { 0 };
    bool ok = find_services(&services, rows, n) && put_addresses(columns, rows, n, room) &&
              put_services(columns, &services, room) && put_pieces(columns, &services, rows, n, room);

    free(services.ports);
    free(services.rows);
    return ok;
}

/* ---- reading ---- */

struct flow_rows {
    uint32_t n;
    struct flow_row *rows;
    uint32_t *room; /* a column */
    uint32_t n_services, services[SERVICES_LIMIT];
    struct bytes *pieces; /* what is left to unpack; NULL: done */
};

static uint32_t pieces_of(uint32_t n)
{
    return (n + FLOW_PIECE_ROWS - 1) / FLOW_PIECE_ROWS;
}

/* What a row adds to the one before it. */
static bool take_addresses(struct column_reader *columns, struct flow_rows *table)
{
    struct column_numbers lows, highs;
    struct flow_row *rows = table->rows;
    uint32_t before = 0;

    if (!column_take_numbers(columns, table->n, &lows) || !column_take_numbers(columns, table->n, &highs))
        return false;
    column_spread(&lows, table->room);
    for (uint32_t i = 0; i < table->n; i++)
        rows[i].low = before += table->room[i];
    column_spread(&highs, table->room);
    before = 0;
    for (uint32_t i = 0; i < table->n; i++)
        rows[i].high = before = table->room[i] + (i && rows[i].low == rows[i - 1].low ? before : 0);
    return true;
}

static bool take_services(struct column_reader *columns, struct flow_rows *table)
{
    struct column_numbers services;
    uint8_t n;

    if (!reader_u8(&columns->rest, &n) || !column_take_numbers(columns, n, &services))
        return false;
    column_spread(&services, table->services);
    table->n_services = n;
    return true;
}

static bool take_pieces(struct column_reader *columns, struct flow_rows *table)
{
    for (uint32_t i = 0; i < pieces_of(table->n); i++) {
        uint64_t len;

        if (!reader_varint(&columns->rest, &len) || !reader_bytes(&columns->rest, len, &table->pieces[i]))
            return false;
    }
    return true;
}

struct flow_rows *flow_rows_new(struct bytes section, uint32_t n)
{
    struct flow_rows *table = n <= FLOW_ROWS_LIMIT ? calloc(1, sizeof *table) : NULL;
    struct column_reader columns;
    bool ok;

    if (table == NULL)
        return NULL;
    table->n = n;
    table->rows = calloc((size_t)n + 1, sizeof *table->rows);
    table->room = calloc((size_t)n + 1, sizeof *table->room);
    table->pieces = calloc((size_t)pieces_of(n) + 1, sizeof *table->pieces);
    column_reader_init(&columns, section);
    ok = table->rows && table->room && table->pieces && take_addresses(&columns, table) &&
         take_services(&columns, table) && take_pieces(&columns, table);
    column_reader_clear(&columns);
    if (ok)
        return table;
    flow_rows_free(table);
    return NULL;
}

void flow_rows_free(struct flow_rows *table)
{
    if (table == NULL)
        return;
    free(table->rows);
    free(table->room);
    free(table->pieces);
    free(table);
}

static void fill_service(struct flow_row *row, uint32_t said)
{
    bool is_high = said >> SERVICE_SIDE_AT & 1;
    uint16_t port = row->port_low;

    row->protocol = (uint8_t)(said >> SERVICE_PROTOCOL_AT);
    row->port_low = is_high ? port : (uint16_t)said;
    row->port_high = is_high ? (uint16_t)said : port;
}

/* A row is of a service, or said apart. False when there is not what it refers to. */
static bool fill_ports(struct flow_rows *table, const struct column_numbers *of,
                       const struct column_numbers *apart, struct flow_row *rows)
{
    uint32_t n_apart = 0;

    column_spread(of, table->room);
    for (uint32_t i = 0; i < of->n; i++) {
        uint64_t said;

        if (table->room[i] > table->n_services)
            return false;
        if (table->room[i]) {
            fill_service(&rows[i], table->services[table->room[i] - 1]);
            continue;
        }
        if (n_apart == apart->n)
            return false;
        said = column_number(apart, n_apart++);
        rows[i].port_high = (uint16_t)said;
        rows[i].any_port = said >> APART_ANY_PORT_AT & 3;
        rows[i].protocol = (uint8_t)(said >> APART_PROTOCOL_AT);
    }
    return true;
}

static bool unpack_piece(struct flow_rows *table, uint32_t piece)
{
    uint32_t first = piece * FLOW_PIECE_ROWS, n_apart;
    uint32_t n = table->n - first < FLOW_PIECE_ROWS ? table->n - first : FLOW_PIECE_ROWS;
    struct column_numbers of, ports, apart;
    struct column_reader columns;
    bool ok;

    column_reader_init(&columns, table->pieces[piece]);
    ok = column_take_numbers(&columns, n, &of) && column_take_numbers(&columns, n, &ports) &&
         reader_u32le(&columns.rest, &n_apart) && n_apart <= n &&
         column_take_numbers(&columns, n_apart, &apart);
    if (ok) {
        column_spread(&ports, table->room);
        for (uint32_t i = 0; i < n; i++)
            table->rows[first + i].port_low = (uint16_t)table->room[i];
        ok = fill_ports(table, &of, &apart, table->rows + first);
    }
    column_reader_clear(&columns);
    if (ok)
        table->pieces[piece].data = NULL;
    return ok;
}

const struct flow_row *flow_rows_addresses(const struct flow_rows *table)
{
    return table->rows;
}

const struct flow_row *flow_rows_between(struct flow_rows *table, uint32_t first, uint32_t end)
{
    for (uint32_t piece = first / FLOW_PIECE_ROWS; piece < pieces_of(end); piece++) {
        if (table->pieces[piece].data && !unpack_piece(table, piece))
            return NULL;
    }
    return table->rows;
}
