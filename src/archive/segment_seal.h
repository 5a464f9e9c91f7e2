/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_seal - the last steps of a segment, for its writer and for recovery. Internal to this folder.
 * docs/segment-format.md, "Sealing".
 */
#pragma once

#include "archive/segment_index_encode.h"

/*
 * Puts the seek table behind the blocks of segment->segment_bytes, syncs, stores the index if there is a
 * sound builder, and renames. The caller holds the lock on fd.
 */
bool segment_seal(int fd, const char *open_path, const struct segment_description *segment,
                  const struct segment_index_builder *builder, struct error *error);
