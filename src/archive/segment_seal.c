/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/segment_seal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/digest.h"
#include "archive/seek_table.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_index_map.h"

static void add_to_digest(const char *index_path, uint64_t segment_bytes, struct bytes file)
{
    struct error error;
    struct segment_index *index = segment_index_over(file, index_path, &error);

    digest_add(index_path, segment_bytes, index);
    segment_index_close(index);
}

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
    if (!ok) {
        buffer_clear(&index);
        return false;
    }
    snprintf(sealed_path, sizeof sealed_path, "%.*s", (int)(strlen(open_path) - strlen(".open")), open_path);
    if (rename(open_path, sealed_path) < 0)
        ok = error_system(error, "%s: cannot be renamed to %s", open_path, sealed_path);
    else if (index.len)
        add_to_digest(index_path, segment->segment_bytes, buffer_bytes(&index));
    buffer_clear(&index);
    return ok && segment_directory_sync_of(sealed_path, error);
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
