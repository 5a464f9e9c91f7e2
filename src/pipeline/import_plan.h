/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_plan - what is to be done with each file of an import: taken, from which packet on, or left alone,
 * and why; in the order of their first packets. Reads only the heads of files, and whole those that begin
 * like something that was imported already.
 */
#pragma once

#include "archive/import_journal.h"
#include "packet/packet.h"
#include "source/capture_list.h"

enum import_state {
    IMPORT_TAKE,       /* from packet n_known on */
    IMPORT_KNOWN,      /* all of it is in the archive */
    IMPORT_TWICE,      /* another name of a file that is listed before (a link, or given twice) */
    IMPORT_EMPTY,      /* not one packet */
    IMPORT_FOREIGN,    /* no capture */
    IMPORT_UNREADABLE, /* trouble says why */
    IMPORT_COPY,       /* begins and ends with packets that are in the archive, but is shorter: a cut copy */
    IMPORT_UNKNOWN,    /* its first packet is in a segment that the journal does not know */
};

enum { IMPORT_NO_FILE = UINT32_MAX };

struct import_file {
    const char *path; /* as listed; borrowed from the list */
    char *full_path;  /* absolute; NULL for a stream */
    enum import_state state;
    bool is_named, is_stream;
    bool is_new_name; /* of content that is known under another */
    uint64_t size_bytes;
    int64_t mtime_ns;
    int64_t first_ns; /* of its first packet; INT64_MIN for a stream */
    uint64_t first_digest;

    /* In the archive already: the first n_known, of which the last n_last have equal times. */
    uint64_t n_known, n_last, chain;

    /* As it is read. */
    uint64_t n_packets; /* with the known ones */
    uint64_t n_twins;   /* of those read, in another file too */
    uint32_t twin_of;   /* one such file; IMPORT_NO_FILE */
    int64_t last_ns;    /* newest packet read; INT64_MIN: none */
    bool is_done;       /* read to its end, or as far as it goes */
    uint32_t n_damages; /* places passed over, and their bytes */
    uint64_t n_damaged_bytes;
    char *trouble; /* what ended it too early, or the first damage; NULL none. With the path */
};

struct import_plan {
    struct import_file *files; /* those to be taken first, by first_ns and then as listed */
    uint32_t n;
    uint32_t n_take;
    uint64_t n_known_packets; /* of files that are left alone, and those taken in part */
    uint64_t take_bytes;      /* file sizes of those to be taken */
    bool has_stream;
};

/* What the plan needs to know of an archive; all NULL or 0 for a plan without one. */
struct import_archive {
    struct import_journal *journal;

    /*
     * Is the packet in the archive? only_unknown: look only in segments the journal does not know. 1 yes,
     * with the segment's name; 0 no; -1 with *error.
     */
    int (*holds)(void *context, const struct packet *packet, bool only_unknown, char segment[static 256],
                 struct error *error);
    void *context;
};

/* Borrows the list. takes_known: what the journal and the archive say is passed over (--again). */
bool import_plan_make(struct import_plan *plan, const struct capture_list *list,
                      const struct import_archive *archive, uint64_t seed, bool takes_known,
                      struct error *error);
void import_plan_clear(struct import_plan *plan);

/* Sorts, and counts what is to be taken; also after a change of states. */
void import_plan_order(struct import_plan *plan);

/*
 * How a file's period lies to those before it in the plan, of which the newest packet's time was latest_ns:
 * nanoseconds between, negative where they overlap. 0 for the first (latest_ns INT64_MIN).
 */
int64_t import_plan_gap(const struct import_file *file, int64_t latest_ns);
