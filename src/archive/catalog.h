/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog - which segments an archive directory holds. Reads names and index headers, not packets.
 */
#pragma once

#include "base/error.h"
#include "archive/segment_writer.h"

struct catalog_entry {
    char *path;       /* of the segment file */
    char *index_path; /* of its index; the file may be missing */
    char node[64];
    uint32_t serial; /* n of its name */
    enum codec codec;
    bool is_open; /* ".open": being written, or left by a killed recorder */
    bool has_index;
    int64_t named_ts_ns;   /* the time in its name */
    uint64_t stored_bytes; /* segment file */
    uint64_t index_bytes;
    int64_t index_changed_ns; /* the index file's time of change */
};

struct catalog {
    struct catalog_entry *entries; /* by named time, node, serial */
    uint32_t n;
};

/* False with *error set when the directory cannot be read; one without segments is an empty catalog. */
bool catalog_load(struct catalog *catalog, const char *directory, struct error *error);
void catalog_clear(struct catalog *catalog);
