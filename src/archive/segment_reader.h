/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_reader - unpacks blocks of one segment, sealed or still open, and reads the packets in them.
 *
 * Knows docs/segment-format.md and nothing of protocols, filters or other segments. Never writes. One thread.
 */
#pragma once

#include "archive/segment_index.h"
#include "packet/batch.h"
#include "packet/interface.h"

struct segment_reader;

enum segment_result { SEGMENT_BLOCK, SEGMENT_END, SEGMENT_DAMAGED };

/*
 * path: the segment file, ".open" or sealed. index: of a sealed one, borrowed; NULL to read from the start
 * (open segments, or when the index is lost). interfaces: the stream's table, to which the segment's
 * interfaces are mapped.
 */
struct segment_reader *segment_reader_open(const char *path, const struct segment_index *index,
                                           struct interface_table *interfaces, struct error *error);
void segment_reader_close(struct segment_reader *reader);

/*
 * Unpacks block number `block` (with an index), and lists all its packets in *packets / *n: borrowed until
 * the next call. Their `number` counts within the segment from 1; packet_id is what the node calls
 * them (0 where the segment does not say, and behind damage that may have held any number of them). Damage is
 * an answer: other blocks may still be read.
 */
enum segment_result segment_reader_block(struct segment_reader *reader, uint32_t block,
                                         const struct packet **packets, uint32_t *n, struct error *error);

/*
 * The next block in file order, without an index. In an open segment, what was flushed so far; SEGMENT_END
 * when there is no more now, and a later call may find more. Damage is told once, behind the packets before
 * it; call again: a sealed segment goes on behind the damaged block if its own seek table is left, else comes
 * SEGMENT_END.
 */
enum segment_result segment_reader_next(struct segment_reader *reader, const struct packet **packets,
                                        uint32_t *n, struct error *error);
