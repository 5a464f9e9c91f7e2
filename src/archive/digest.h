/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest - what each sealed segment of an archive holds at most, in one file: times, counts, protocols, ports
 * and a filter over addresses and identities. docs/segment-format.md, "The digest".
 *
 * It is derived from the segments' indexes and only ever spares opening them: what it does not know, or knows
 * of another file, is for the index to say. Reading: any number of threads. Writing never fails a caller, and
 * never waits: a record that could not be added is added by who misses it.
 */
#pragma once

#include <sys/stat.h>

#include "archive/catalog.h"
#include "archive/segment_account.h"
#include "archive/segment_index.h"
#include "filter/hint.h"

struct digest;

struct digest_segment {
    uint64_t n_packets;
    uint32_t n_blocks;
    int64_t min_ts_ns, max_ts_ns; /* min > max: no packet */
};

/* That of the catalog's directory, or one that knows nothing; NULL without memory. catalog is borrowed. */
struct digest *digest_open(const struct catalog *catalog);
void digest_close(struct digest *digest);

/* False when it knows nothing of the catalog's nth entry. */
bool digest_knows(const struct digest *digest, uint32_t entry, struct digest_segment *segment);

/* The segment's account (segment_account_read), without opening its index. False when it does not know it. */
bool digest_account(const struct digest *digest, uint32_t entry, struct segment_account *account);

/* False when no packet of the entry's segment can answer. True when it knows nothing of it. */
bool digest_may_match(const struct digest *digest, uint32_t entry, const struct hint *hint);

/*
 * What the index just stored at the path says of a segment of that size, for the digest of its directory.
 * NULL, or the index of another size: nothing is added.
 */
void digest_add(const char *index_path, uint64_t segment_bytes, const struct segment_index *index);

/* The same for several, written at once; meanwhile nobody else adds. */
struct digest_additions;
struct digest_additions *
digest_additions_new(const struct catalog *catalog); /* NULL: not ours to write now */
void digest_additions_put(struct digest_additions *additions, const struct catalog_entry *entry,
                          const struct segment_index *index);
void digest_additions_write(struct digest_additions *additions); /* frees */

struct digest_verdict {
    bool is_there;        /* the file, with its head */
    uint32_t n_known;     /* segments it knows */
    uint32_t n_unknown;   /* sealed ones with an index that it does not */
    uint32_t n_wrong;     /* whose record is not what the index says */
    uint64_t stale_bytes; /* that count for nothing */
};

/* Holds each record against its index; of segments without an index nothing is said. */
bool digest_check(const struct catalog *catalog, struct digest_verdict *verdict, struct error *error);

/* Writes it anew, from all indexes. */
bool digest_rebuild(const struct catalog *catalog, struct error *error);

static inline int64_t file_changed_ns(const struct stat *status)
{
    return (int64_t)((uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec);
}
