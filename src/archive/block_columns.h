/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_columns - the block table of an index, a column at a time. docs/segment-format.md, section "blocks".
 * Internal to this folder. Knows nothing of what makes a table sound: segment_index looks at that.
 */
#pragma once

#include "archive/index_columns.h"
#include "archive/segment_index.h"

/* masks: the protocols of the first n_masks rows; the others have none. room: for n numbers. False without
 * memory.
 */
bool block_columns_put(struct column_writer *columns, const struct segment_block *rows, uint32_t n,
                       const uint64_t *masks, uint32_t n_masks, uint64_t *room);

/* n rows, freed by the caller; NULL when the section makes no sense, or without memory. */
struct segment_block *block_columns_take(struct bytes section, uint32_t n);
