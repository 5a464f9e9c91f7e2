/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_file - names of segments, and the few careful ways to write to their files. Internal to this
 * folder. docs/segment-format.md, "Names".
 */
#pragma once

#include "archive/segment_writer.h"
#include "base/bytes.h"

enum { SEGMENT_NODE_BYTES = 64, SEGMENT_NAME_BYTES = 160, SEGMENT_PATH_BYTES = 4096 };

struct segment_name {
    int64_t ts_ns;
    char node[SEGMENT_NODE_BYTES];
    uint32_t serial;
    enum codec codec;
    bool is_open;
    size_t stem_len; /* of the name; before ".pcapng" */
};

/* False when the name (without a directory) is no segment's. */
bool segment_name_parse(const char *name, struct segment_name *parsed);
void segment_name_format(const struct segment_name *name, char text[static SEGMENT_NAME_BYTES]);
bool segment_node_is_valid(const char *node);

/* The path with everything from ".pcapng" on replaced by suffix (".tdx"). False when it does not fit. */
bool segment_path_sibling(const char *segment_path, const char *suffix, char path[static SEGMENT_PATH_BYTES]);

/* Creates or replaces a file, synced. On a fault nothing of it stays. */
bool segment_file_store(const char *path, struct bytes content, struct error *error);

/* Writes all at the offset; on a fault the file ends at the offset again. */
bool segment_file_append(int fd, const char *path, uint64_t offset, struct bytes content,
                         struct error *error);

/* All that is there of [offset, offset + len): how much, or -1 with *error. */
ptrdiff_t segment_file_read(int fd, const char *path, uint64_t offset, void *data, size_t len,
                            struct error *error);

/* So that renames and new names in it survive a power cut. */
bool segment_directory_sync(const char *directory, struct error *error);
bool segment_directory_sync_of(const char *path, struct error *error); /* the directory of that file */
