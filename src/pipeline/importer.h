/* SPDX-License-Identifier: Apache-2.0 */
/*
 * importer - the files of a plan, through the recorder into an archive, in time order, each packet once; and
 * the journal told, at every segment's end, how far each file is in it (archive/import_journal says why so).
 *
 * Files are opened when their turn comes. More than IMPORT_OPEN_LIMIT that overlap at one moment are taken in
 * further rounds, into segments that overlap in time, which searches merge.
 */
#pragma once

#include <stdatomic.h>

#include "base/progress.h"
#include "pipeline/import_plan.h"
#include "pipeline/recorder.h"

enum { IMPORT_OPEN_LIMIT = 256 };

struct importer_options {
    struct import_plan *plan;
    struct interface_table *interfaces;
    struct recorder *recorder;      /* NULL: only look (--dry-run) */
    struct import_journal *journal; /* NULL: nothing is remembered */
    uint64_t seed;                  /* of digests: the journal's */
    bool keeps_twins;               /* packets that are in several files are taken from each */
    const atomic_bool *stop;        /* true: end in good order */
    struct progress *progress;      /* NULL: none */
};

struct importer_result {
    uint64_t n_packets;          /* read, without those known before */
    uint64_t n_twins;            /* of those, left out since another file had them */
    uint64_t n_twins_overlooked; /* not looked at: too many of one time */
    uint32_t n_rounds;
    uint32_t n_deferred; /* files that waited for a further round */
    bool is_stopped;     /* by *stop */
};

/*
 * Ends with the recorder finished. What is wrong with a file is noted in the plan, and no fault here; false
 * with *error: the archive or the journal cannot go on. What is in the journal is true in either case.
 */
bool importer_run(const struct importer_options *options, struct importer_result *result,
                  struct error *error);
