/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_reader - the packets of one node by their numbers (packet_numbers.h), forwards and backwards, a
 * block at a time: what a page that scrolls needs. Goes from a number to its block by what segments and their
 * block tables say, and reads no other block; a segment without an index, or the open one, is walked once.
 *
 * Knows no filters and no times. Never writes. One thread.
 */
#pragma once

#include "base/error.h"
#include "packet/interface.h"
#include "packet/packet.h"

struct number_reader;

enum number_result {
    NUMBER_PACKETS,
    NUMBER_NONE,    /* nothing is kept there, or not yet: a later call may find more */
    NUMBER_DAMAGED, /* *error says which block, run->first and end what it would have held: go on behind or
                       before */
};

struct number_run {
    const struct packet *packets; /* in order, with packet_id; borrowed until the next call */
    uint32_t n;
    uint64_t first,
        end; /* their numbers, end not included; of a damaged block those that are not to be had */
};

/* interfaces: the stream's table, borrowed. NULL with *error set. */
struct number_reader *number_reader_open(const char *directory, const char *node,
                                         struct interface_table *interfaces, struct error *error);
void number_reader_close(struct number_reader *reader);

/* The packet of that number and those behind it in its block; if it is not kept, the next ones that are. */
enum number_result number_reader_from(struct number_reader *reader, uint64_t number, struct number_run *run,
                                      struct error *error);

/* The packets before that number that lie in one block: the last one kept is the last of them. */
enum number_result number_reader_before(struct number_reader *reader, uint64_t number, struct number_run *run,
                                        struct error *error);

/* The first number kept, and the one behind the last that can be read now. False: there is none. */
bool number_reader_span(struct number_reader *reader, uint64_t *first, uint64_t *end);
