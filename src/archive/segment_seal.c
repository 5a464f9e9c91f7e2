/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/segment_seal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/seek_table.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"

static bool seal_with(const char *open_path, const struct segment_description *segment,
                      const struct segment_index_builder *builder, struct error *error)
{
    struct buffer index;
    char index_path[SEGMENT_PATH_BYTES], sealed_path[SEGMENT_PATH_BYTES];
    bool ok = true;

    buffer_init(&index, UINT32_MAX);
    if (!segment_path_sibling(open_path, ".tdx", index_path))
        return error_set(error, ERROR_USAGE, "%s: the path is too long", open_path);
    if (builder && segment_index_builder_is_sound(builder))
        ok = segment_index_encode(segment, builder, &index, error) &&
             segment_index_store(index_path, buffer_bytes(&index), error);
    buffer_clear(&index);
    if (!ok)
        return false;
    snprintf(sealed_path, sizeof sealed_path, "%.*s", (int)(strlen(open_path) - strlen(".open")), open_path);
    if (rename(open_path, sealed_path) < 0)
        return error_system(error, "%s: cannot be renamed to %s", open_path, sealed_path);
    return segment_directory_sync_of(sealed_path, error);
}

bool segment_seal(int fd, const char *open_path, const struct segment_description *segment,
                  const struct segment_index_builder *builder, struct error *error)
{
    struct segment_description whole = *segment;
    struct buffer table;
    bool ok = true;

    buffer_init(&table, SEGMENT_RAW_LIMIT_BYTES * (size_t)8);
    if (segment->codec == CODEC_ZSTD)
        ok = (seek_table_put(&table, segment->blocks, segment->n_blocks) ||
              error_set(error, ERROR_SYSTEM, "%s: no memory for its seek table", open_path)) &&
             segment_file_append(fd, open_path, segment->segment_bytes, buffer_bytes(&table), error);
    whole.segment_bytes += table.len;
    buffer_clear(&table);
    if (ok && fdatasync(fd) < 0)
        ok = error_system(error, "%s: cannot be synced", open_path);
    return ok && seal_with(open_path, &whole, builder, error);
}
