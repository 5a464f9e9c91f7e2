/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_view - how it stands with one node of an archive: whether it is recorded now, which numbers and
 * times there are, what is wrong. From its recorder's status file and its segments.
 */
#pragma once

#include "live/archive_scan.h"
#include "pipeline/status_file.h"

enum source_state {
    SOURCE_STATE_LIVE,
    SOURCE_STATE_ARCHIVE,
    SOURCE_STATE_LOST,
    SOURCE_STATE_ENDED,
    SOURCE_STATE_DISK_FULL
};

struct source_view {
    enum source_state state;
    int64_t since_ns;       /* of the state; 0: not known */
    uint64_t first, end;    /* numbers; 0: none */
    int64_t from_ns, to_ns; /* of its packets; from > to: not known */
    bool has_recorder;      /* its status file could be read */
    struct recorder_status recorder;
    char words[STATUS_TROUBLE_BYTES + 64];
};

/* Within the scope's time. False with *error. */
bool source_view_find(struct archive_reader *reader, const struct scope *scope, int64_t now_ns,
                      struct source_view *view, struct error *error);

const char *source_state_name(enum source_state state); /* "disk_full" */
