/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_row - a packet of the archive as a row: its summary, and whose it was by the flow and the time.
 * Spans of an end are looked up once and kept for as long as the maker lives, which is one answer. One
 * thread.
 */
#pragma once

#include "live/archive_devices.h"
#include "live/row.h"
#include "protocol/dissection.h"

enum {
    ARCHIVE_ROW_ENDS_LIMIT = 4096
}; /* whose spans are kept; the one untouched for longest is looked up anew */

struct archive_row_maker;

/* devices: borrowed; NULL: nobody is known. NULL without memory. */
struct archive_row_maker *archive_row_maker_new(struct archive_devices *devices);
void archive_row_maker_free(struct archive_row_maker *maker);

/* What a dissection must be asked for. */
const struct demand *archive_row_demand(const struct archive_row_maker *maker);

/* The packet's number is its packet_id. Texts live until the next call. */
void archive_row_make(struct archive_row_maker *maker, const struct dissection *d, struct row *row);

/* The name of the device whose packet it is, until the next call; empty: nobody known. *marks: from or to. */
struct bytes archive_row_device(struct archive_row_maker *maker, const struct dissection *d, uint8_t *marks);

/* What tells the protocol alone, at less cost; *demand is made. */
void archive_row_protocol_demand(const struct archive_row_maker *maker, struct demand *demand);

/* The innermost known protocol, as the row says it; a constant. */
const char *archive_row_protocol(struct archive_row_maker *maker, const struct dissection *d);
