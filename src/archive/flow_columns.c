/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/flow_columns.h"

#include <stdlib.h>

#include "protocol/dispatch.h"

enum {
    SERVICES_LIMIT = 255,
    SERVICE_WORTH_ROWS = 8, /* fewer are written out */
    SERVICE_SIDE_AT = 16,
    SERVICE_PROTOCOL_AT = 17,
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
    return has_service(row) ? services->rows[service_place(services, row, is_high)] : 0;
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
            room[n_apart++] =
                rows[i].port_high | (uint64_t)rows[i].any_port << 16 | (uint64_t)rows[i].protocol << 24;
    }
    buffer_put_u32le(columns->to, n_apart);
    return column_put_numbers(columns, room, n_apart);
}

bool flow_columns_put(struct column_writer *columns, const struct flow_row *rows, uint32_t n, uint64_t *room)
{
    struct services services = { 0 };
    bool ok = find_services(&services, rows, n) && put_addresses(columns, rows, n, room) &&
              put_services(columns, &services, room) && put_ports(columns, &services, rows, n, room);

    free(services.ports);
    free(services.rows);
    return ok;
}

/* ---- reading ---- */

struct flow_numbers { /* the columns */
    struct column_numbers low, high, services, of, port, apart;
};

static bool take_columns(struct column_reader *columns, uint32_t n, struct flow_numbers *numbers)
{
    uint32_t n_apart;
    uint8_t n_services;

    return column_take_numbers(columns, n, &numbers->low) &&
           column_take_numbers(columns, n, &numbers->high) && reader_u8(&columns->rest, &n_services) &&
           column_take_numbers(columns, n_services, &numbers->services) &&
           column_take_numbers(columns, n, &numbers->of) && column_take_numbers(columns, n, &numbers->port) &&
           reader_u32le(&columns->rest, &n_apart) && n_apart <= n &&
           column_take_numbers(columns, n_apart, &numbers->apart);
}

static bool fill_ports(const struct flow_numbers *numbers, uint32_t i, uint32_t *n_apart,
                       struct flow_row *row)
{
    uint64_t of = column_number(&numbers->of, i), said;
    uint16_t port = (uint16_t)column_number(&numbers->port, i);

    if (of > numbers->services.n)
        return false;
    if (of) {
        said = column_number(&numbers->services, (uint32_t)of - 1);
        row->protocol = (uint8_t)(said >> SERVICE_PROTOCOL_AT);
        row->port_low = said >> SERVICE_SIDE_AT & 1 ? port : (uint16_t)said;
        row->port_high = said >> SERVICE_SIDE_AT & 1 ? (uint16_t)said : port;
        return true;
    }
    if (*n_apart == numbers->apart.n)
        return false;
    said = column_number(&numbers->apart, (*n_apart)++);
    row->port_low = port;
    row->port_high = (uint16_t)said;
    row->any_port = said >> 16 & 3;
    row->protocol = (uint8_t)(said >> 24);
    return true;
}

struct flow_row *flow_columns_take(struct column_reader *columns, uint32_t n)
{
    struct flow_numbers numbers;
    uint32_t low = 0, high = 0, n_apart = 0;
    struct flow_row *rows;

    if (n > FLOW_ROWS_LIMIT || !take_columns(columns, n, &numbers))
        return NULL;
    rows = calloc((size_t)n + 1, sizeof *rows);
    for (uint32_t i = 0; rows && i < n; i++) {
        uint32_t step = (uint32_t)column_number(&numbers.low, i);

        low += step;
        high = (uint32_t)column_number(&numbers.high, i) + (i && step == 0 ? high : 0);
        rows[i].low = low;
        rows[i].high = high;
        if (!fill_ports(&numbers, i, &n_apart, &rows[i])) {
            free(rows);
            return NULL;
        }
    }
    return rows;
}
