/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_ahead - unpacks in a thread of its own, a little ahead of who reads: gzip takes as long to unpack as
 * its packets take to index and store, so on two cores an import of packed files takes little more than half.
 *
 * At most UNPACK_AHEAD_CHUNKS chunks wait, and the thread with them. What it costs is a copy of each byte.
 */
#pragma once

#include "source/unpack.h"

enum { UNPACK_AHEAD_CHUNKS = 4, UNPACK_AHEAD_CHUNK_BYTES = 256 << 10 };

struct unpack_ahead;

/*
 * From now on until the close only the thread calls unpack, and what unpack reads from. NULL when there is no
 * thread or no memory to be had: then it goes without.
 */
struct unpack_ahead *unpack_ahead_open(struct unpack *unpack);
void unpack_ahead_close(struct unpack_ahead *ahead);

/* As unpack_read, waiting as long as it takes: never UNPACK_IDLE. */
enum unpack_result unpack_ahead_read(struct unpack_ahead *ahead, uint8_t *data, size_t cap, size_t *len,
                                     struct error *error);
