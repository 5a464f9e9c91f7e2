/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng_extra - what a capture holds beside its packets and must not lose on the way through: decryption
 * secrets (DSB) and name resolution (NRB), kept as little-endian blocks whatever order they came in. For
 * pcapng_read.c; tested and fuzzed with it.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/reader.h"

/*
 * Adds a block of type BLOCK_SECRETS or BLOCK_NAMES to extra. One for which extra has no room is left out
 * whole and counted. False with *error set when the block is shorter than what it holds.
 */
bool pcapng_extra_keep(struct buffer *extra, uint32_t type, struct reader body, bool is_big,
                       uint64_t *n_dropped, struct error *error);
