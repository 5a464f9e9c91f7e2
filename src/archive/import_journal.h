/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_journal - what was imported into an archive: import.db, beside the segments (docs/archive-files.md).
 *
 * For each file: how many of its packets are in sealed segments, and a digest of those, so that the same
 * content is known under another name, packed or unpacked, grown or cut. And which segments an import wrote.
 *
 * An import that is killed leaves a segment of which nobody can say which files' packets it has up to where.
 * So a segment is entered *before* packets get into it, unsettled, and settled in one transaction with the
 * files' numbers once it is sealed; what is found unsettled later is deleted, and its packets are taken again
 * from the files. Between two settlings at most one segment is written; a kill at any moment costs the time
 * to write that again, and neither loses nor doubles a packet. The rejected way, to count the packets in the
 * leftover and skip as many, holds only while the very same files are given again in the same order.
 *
 * One import at a time: import.lock. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct import_journal;

struct import_record {
    const char *path; /* absolute */
    uint64_t size_bytes;
    int64_t mtime_ns;
    uint64_t first_digest; /* packet_digest of its first packet */
    uint64_t n_packets;    /* taken, whether or not they were in another file too */
    uint64_t chain;        /* packet_digest_chain over those, from 0 */
    uint64_t n_last;       /* of those, the last ones with equal times */
    bool is_whole;         /* read to its end, as it was then */
};

enum import_journal_mode { IMPORT_JOURNAL_READ, IMPORT_JOURNAL_WRITE };

/*
 * WRITE takes the lock, and makes the file when there is none. NULL with *error; with kind ERROR_NONE there
 * is none to read.
 */
struct import_journal *import_journal_open(const char *directory, enum import_journal_mode mode,
                                           struct error *error);
void import_journal_close(struct import_journal *journal);

uint64_t import_journal_seed(const struct import_journal *journal); /* of the digests in it */

/*
 * A file that was read to its end, and has not changed since as far as size and time tell: n_packets of it.
 * False when there is none, or with *error of another kind than ERROR_NONE.
 */
bool import_journal_knows_file(struct import_journal *journal, const char *path, uint64_t size_bytes,
                               int64_t mtime_ns, uint64_t *n_packets, struct error *error);

/* What began with the same packet, shortest first: at most max, *n of them. Their paths are not given. */
bool import_journal_find(struct import_journal *journal, uint64_t first_digest, struct import_record *records,
                         uint32_t max, uint32_t *n, struct error *error);

/* stem: a segment's file name up to ".pcapng". */
bool import_journal_knows_segment(struct import_journal *journal, const char *stem);

/* Calls for each segment that was settled; false stops. */
bool import_journal_segments(struct import_journal *journal, bool (*take)(void *context, const char *stem),
                             void *context, struct error *error);

/*
 * What a killed import left. n_segments of them are in the directory; first_missing: a file that was being
 * read, and is no longer there to be read again ("" none): then they must stay.
 */
struct import_leftover {
    uint32_t n_segments;
    uint64_t n_bytes;
    uint32_t n_missing;
    char segment[256];
    char first_missing[1024];
};

bool import_journal_leftover(struct import_journal *journal, struct import_leftover *leftover,
                             struct error *error);

/* Deletes those segments. One that another program is just mending is waited for, some seconds. */
bool import_journal_discard(struct import_journal *journal, struct error *error);

/* A transaction: begin, then any of put, settle and enter, then commit (which a fault takes back). */
bool import_journal_begin(struct import_journal *journal, struct error *error);
bool import_journal_put(struct import_journal *journal, const struct import_record *record,
                        struct error *error);
bool import_journal_settle(struct import_journal *journal, struct error *error); /* all that were entered */
bool import_journal_enter(struct import_journal *journal, const char *segment, struct error *error);
bool import_journal_commit(struct import_journal *journal, struct error *error);
