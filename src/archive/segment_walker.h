/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_walker - a segment without an index, or one that is still written, read by block number: walks it
 * once, and from then on only what is new, noting where blocks lie, so that going back costs one block.
 * Internal to this folder.
 */
#pragma once

#include "archive/segment_reader.h"

struct segment_walker;

/* interfaces: the stream's table, borrowed. NULL with *error set. */
struct segment_walker *segment_walker_new(const char *path, struct interface_table *interfaces,
                                          struct error *error);
void segment_walker_free(struct segment_walker *walker);

/* How many packets can be read now: walks on as far as there is something, never past damage. */
uint64_t segment_walker_packets(struct segment_walker *walker);

/* The block with the packet that has so many before it, among those walked. */
bool segment_walker_find(const struct segment_walker *walker, uint64_t n_before, uint32_t *block,
                         struct segment_block *row);

/* As segment_reader_block. */
enum segment_result segment_walker_block(struct segment_walker *walker, uint32_t block,
                                         const struct packet **packets, uint32_t *n, struct error *error);

/* What its section header says of its first packet's number; 0: nothing. */
uint64_t segment_walker_first_number(const char *path);
