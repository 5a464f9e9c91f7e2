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

enum { FLOW_ROWS_LIMIT = 1 << 23 };

struct flow_row {       /* its addresses are numbers of the index */
    uint32_t low, high; /* INDEX_ADDRESS_ANY: any */
    uint16_t port_low, port_high;
    uint8_t protocol, any_port;
};

/* room: for n + 1 numbers. Rows in order; each is told from the one before it. False without memory. */
bool flow_columns_put(struct column_writer *columns, const struct flow_row *rows, uint32_t n, uint64_t *room);

/* The rows, freed by the caller; NULL when they make no sense, or without memory. */
struct flow_row *flow_columns_take(struct column_reader *columns, uint32_t n);
