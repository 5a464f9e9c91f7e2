/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seek_table - the last frame of a sealed zstd segment: how long each block is. Internal to this folder.
 * docs/segment-format.md, "Seek table".
 */
#pragma once

#include "archive/segment_index.h"
#include "base/buffer.h"

bool seek_table_put(struct buffer *buffer, const struct segment_block *blocks, uint32_t n_blocks);

/*
 * Reads the table at the end of a file of file_bytes into *blocks (offset, stored_bytes, raw_bytes are set;
 * free it). False without *error touched when there is none that makes sense.
 */
bool seek_table_read(int fd, const char *path, uint64_t file_bytes, struct segment_block **blocks,
                     uint32_t *n_blocks);
