/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_columns - the conversations of an index, a column at a time. docs/segment-format.md, section "flows".
 * Internal to this folder.
 *
 * The end that offers the service is named by a small table (port, protocol, side): the other end's port is
 * all that most rows have of their own.
 */
#pragma once

#include "archive/index_columns.h"

enum { FLOW_ROWS_LIMIT = 1 << 23, FLOW_PIECE_ROWS = 1 << 13 };

struct flow_row {       /* its addresses are numbers of the index */
    uint32_t low, high; /* INDEX_ADDRESS_ANY: any */
    uint16_t port_low, port_high;
    uint8_t protocol, any_port;
};

/* room: for n + 1 numbers. Rows in order; each is told from the one before it. False without memory. */
bool flow_columns_put(struct column_writer *columns, const struct flow_row *rows, uint32_t n, uint64_t *room);

/* ---- reading ---- */

struct flow_rows;

/* Of columns in borrowed bytes; NULL when they make no sense, or without memory. */
struct flow_rows *flow_rows_new(struct bytes columns, uint32_t n);
void flow_rows_free(struct flow_rows *table);

/* n rows, of which only the addresses may be looked at. */
const struct flow_row *flow_rows_addresses(const struct flow_rows *table);

/* The same, those of first up to but not end whole; NULL when these make no sense. end: at most n. */
const struct flow_row *flow_rows_between(struct flow_rows *table, uint32_t first, uint32_t end);
